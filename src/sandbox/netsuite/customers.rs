//! Customers, as the record service enters and changes them.

use serde_json::Value;

use super::account::Account;
use super::body;
use super::errors::{ApiError, ApiResult};
use super::model::Customer;

impl Account {
    /// Enters a customer. Its name is its id, so that a second one of that name is refused.
    pub(super) fn create_customer(&mut self, fields: &Value) -> ApiResult<u64> {
        let external_id = body::external_id(fields)?;
        if let Some(external_id) = &external_id
            && self.customers.values().any(|other| other.external_id.as_ref() == Some(external_id))
        {
            return Err(ApiError::already_exists(external_id));
        }
        let text = |field: &str| body::text(fields, field).map(|text| text.unwrap_or_default().trim().to_owned());
        let is_person = body::boolean(fields, "isPerson", "isPerson")?.unwrap_or(false);
        let (company_name, first_name, last_name) = (text("companyName")?, text("firstName")?, text("lastName")?);
        let mut missing = Vec::new();
        if is_person {
            missing.extend(first_name.is_empty().then_some("First Name"));
            missing.extend(last_name.is_empty().then_some("Last Name"));
        } else {
            missing.extend(company_name.is_empty().then_some("Company Name"));
        }
        let subsidiary = body::id(fields, "subsidiary", "subsidiary")?;
        missing.extend(subsidiary.is_none().then_some("Primary Subsidiary"));
        if !missing.is_empty() {
            return Err(ApiError::user(format!("Please enter value(s) for: {}", missing.join(", "))));
        }
        let subsidiary = subsidiary.unwrap_or_default();
        if !self.subsidiaries.iter().any(|known| known.id == subsidiary) {
            return Err(ApiError::field_value(&subsidiary.to_string(), "subsidiary", "subsidiary"));
        }
        let name = if is_person { format!("{first_name} {last_name}") } else { company_name.clone() };
        let entity_id = Some(text("entityId")?).filter(|given| !given.is_empty()).unwrap_or(name);
        let taken = |other: &Customer| other.entity_id.to_lowercase() == entity_id.to_lowercase();
        if self.customers.values().any(taken) {
            return Err(ApiError::user("This entity already exists."));
        }
        let customer = Customer {
            id: self.entity_id(),
            external_id,
            subsidiary,
            entity_id,
            company_name: if is_person { String::new() } else { company_name },
            first_name,
            last_name,
            email: email(fields)?.unwrap_or_default(),
            phone: text("phone")?,
            inactive: body::boolean(fields, "isInactive", "isInactive")?.unwrap_or(false),
            modified: self.clock.now(),
        };
        let id = customer.id;
        self.customers.insert(id, customer);
        Ok(id)
    }

    /// Changes a customer's name, addresses and whether it is in use.
    pub(super) fn edit_customer(&mut self, id: u64, fields: &Value) -> ApiResult<()> {
        let mut customer = self.customers.get(&id).cloned().ok_or_else(ApiError::nonexistent)?;
        let set = |field: &str, old: String| body::text(fields, field).map(|text| text.unwrap_or(old));
        customer.company_name = set("companyName", customer.company_name)?;
        customer.first_name = set("firstName", customer.first_name)?;
        customer.last_name = set("lastName", customer.last_name)?;
        customer.phone = set("phone", customer.phone)?;
        customer.email = email(fields)?.unwrap_or(customer.email);
        customer.inactive = body::boolean(fields, "isInactive", "isInactive")?.unwrap_or(customer.inactive);
        customer.modified = self.clock.now();
        self.customers.insert(id, customer);
        Ok(())
    }

    /// The duplicate is gone, with its key; its transactions are the other's.
    pub(super) fn merge_customers(&mut self, duplicate: u64, into: u64) -> ApiResult<()> {
        if duplicate == into || !self.customers.contains_key(&into) || self.customers.remove(&duplicate).is_none() {
            return Err(ApiError::nonexistent());
        }
        let orders = self.orders.values_mut().map(|of| &mut of.customer);
        let bills = self.bills.values_mut().map(|of| &mut of.customer);
        let payments = self.payments.values_mut().map(|of| &mut of.customer);
        let deposits = self.deposits.values_mut().map(|of| &mut of.customer);
        let applications = self.applications.values_mut().map(|of| &mut of.customer);
        let returns = self.returns.values_mut().map(|of| &mut of.customer);
        let receipts = self.receipts.values_mut().map(|of| &mut of.customer);
        let refunds = self.refunds.values_mut().map(|of| &mut of.customer);
        let sold = orders.chain(bills).chain(payments).chain(deposits).chain(applications);
        for customer in sold.chain(returns).chain(receipts).chain(refunds).filter(|customer| **customer == duplicate) {
            *customer = into;
        }
        Ok(())
    }
}

fn email(fields: &Value) -> ApiResult<Option<String>> {
    let Some(text) = body::text(fields, "email")? else { return Ok(None) };
    let good = text.is_empty() || text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    if good && !text.contains(' ') { Ok(Some(text)) } else { Err(ApiError::field_value(&text, "email", "email")) }
}
