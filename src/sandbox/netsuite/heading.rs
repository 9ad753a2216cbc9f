//! What the headers of all transactions have: who, for whom, where, when, how it is paid; with their refusals.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde_json::Value;

use super::account::Account;
use super::body;
use super::errors::{ApiError, ApiResult};
use super::kinds::Kind;
use super::model::Named;

/// The header of a transaction that stands alone.
#[derive(Debug)]
pub(super) struct Header {
    pub external_id: Option<String>,
    pub customer: u64,
    pub tran_date: Option<Date>,
    pub memo: Option<String>,
    pub places: Places,
    pub custom: BTreeMap<String, Value>,
}

/// Where in the business it belongs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places {
    pub subsidiary: u64,
    pub location: Option<u64>,
    pub department: Option<u64>,
    pub class: Option<u64>,
}

/// How money comes or goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Money {
    pub method: Option<u64>,
    /// None is undeposited funds.
    pub account: Option<u64>,
}

impl Account {
    /// The header of `fields`; `who` is the field that names the customer.
    pub(super) fn header(&self, kind: Kind, fields: &Value, who: &str) -> ApiResult<Header> {
        let external_id = self.new_external_id(kind, fields)?;
        let customer = self.customer_of(fields, who)?.ok_or_else(|| ApiError::user("Please enter value(s) for: Customer"))?;
        let subsidiary = self.customers.get(&customer).map_or(0, |customer| customer.subsidiary);
        self.check_currency(fields)?;
        Ok(Header {
            external_id,
            customer,
            tran_date: body::date(fields, "tranDate")?,
            memo: body::text(fields, "memo")?,
            places: self.places(fields, subsidiary)?,
            custom: body::custom(fields, "custbody_").into_iter().collect(),
        })
    }

    /// An external id that no other record of its kind has.
    pub(super) fn new_external_id(&self, kind: Kind, fields: &Value) -> ApiResult<Option<String>> {
        let external_id = body::external_id(fields)?;
        if let Some(external_id) = &external_id
            && self.of_kind(kind).any(|other| other.head(self).external_id == Some(external_id))
        {
            return Err(ApiError::already_exists(external_id));
        }
        Ok(external_id)
    }

    /// A customer that is in use.
    pub(super) fn customer_of(&self, fields: &Value, who: &str) -> ApiResult<Option<u64>> {
        let Some(id) = body::id(fields, who, who)? else { return Ok(None) };
        match self.customers.get(&id) {
            Some(customer) if !customer.inactive => Ok(Some(id)),
            _ => Err(ApiError::field_value(&id.to_string(), who, who)),
        }
    }

    fn check_currency(&self, fields: &Value) -> ApiResult<()> {
        match body::id(fields, "currency", "currency")? {
            Some(other) if other != self.currency.id => Err(ApiError::field_value(&other.to_string(), "currency", "currency")),
            _ => Ok(()),
        }
    }

    /// Subsidiary, location, department and class of a body, where they fit the customer's subsidiary.
    pub(super) fn places(&self, fields: &Value, subsidiary: u64) -> ApiResult<Places> {
        match body::id(fields, "subsidiary", "subsidiary")? {
            Some(other) if other != subsidiary => return Err(ApiError::field_value(&other.to_string(), "subsidiary", "subsidiary")),
            _ => {}
        }
        Ok(Places {
            subsidiary,
            location: self.location_of(fields, subsidiary, "location")?,
            department: listed(&self.departments, fields, "department", "department")?,
            class: listed(&self.classes, fields, "class", "class")?,
        })
    }

    /// A location of the subsidiary.
    pub(super) fn location_of(&self, fields: &Value, subsidiary: u64, path: &str) -> ApiResult<Option<u64>> {
        match body::id(fields, "location", path)? {
            Some(id) if self.locations.get(&id).is_none_or(|location| location.subsidiary != subsidiary) => {
                Err(ApiError::field_value(&id.to_string(), "location", path))
            }
            other => Ok(other),
        }
    }

    /// The posting date and the accounting period, which must take postings.
    pub(super) fn posting(&self, fields: &Value) -> ApiResult<(Date, u64)> {
        let date = body::date(fields, "tranDate")?.unwrap_or(self.today());
        let Some(named) = body::id(fields, "postingPeriod", "postingPeriod")? else { return Ok((date, self.check_period(date)?)) };
        let period = self.periods.get(&named).ok_or_else(|| ApiError::field_value(&named.to_string(), "postingPeriod", "postingPeriod"))?;
        if period.takes_postings() {
            return Ok((date, named));
        }
        Err(ApiError::user(format!(
            "CLOSED_TRAN_PRD: You cannot post to a closed period. The posting period {} is closed or is no month.",
            period.name
        )))
    }

    /// The payment method and the account of a body. One that says no to undeposited funds has to name its account.
    pub(super) fn money(&self, fields: &Value) -> ApiResult<Money> {
        let method = listed(&self.payment_methods, fields, "paymentMethod", "paymentMethod")?;
        let option = listed(&self.payment_methods, fields, "paymentOption", "paymentOption")?;
        let account = self.account_of(fields, true)?;
        let undeposited = body::boolean(fields, "undepFunds", "undepFunds")?;
        if undeposited == Some(false) && account.is_none() {
            return Err(ApiError::user("Please enter value(s) for: Account"));
        }
        Ok(Money { method: method.or(option), account: account.filter(|_| undeposited != Some(true)) })
    }

    /// An account that holds money, or one of receivables.
    pub(super) fn account_of(&self, fields: &Value, holds_money: bool) -> ApiResult<Option<u64>> {
        let Some(id) = body::id(fields, "account", "account")? else { return Ok(None) };
        let fits = |sort: &str, money: bool| if holds_money { money } else { sort == "AcctRec" };
        match self.accounts.iter().find(|known| known.id == id) {
            Some(known) if fits(known.sort, known.holds_money()) => Ok(Some(id)),
            _ => Err(ApiError::field_value(&id.to_string(), "account", "account")),
        }
    }
}

/// A reference to an entry of a list.
pub(super) fn listed(list: &[Named], fields: &Value, field: &str, path: &str) -> ApiResult<Option<u64>> {
    match body::id(fields, field, path)? {
        Some(id) if !list.iter().any(|named| named.id == id) => Err(ApiError::field_value(&id.to_string(), field, path)),
        other => Ok(other),
    }
}
