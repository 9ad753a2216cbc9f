//! Invoices, cash sales, credit memos and cash refunds that are made from nothing else. They move the stock themselves.

use serde_json::Value;

use super::account::Account;
use super::body;
use super::errors::{ApiError, ApiResult};
use super::heading::listed;
use super::model::{Bill, BillKind, Named};

impl Account {
    /// The bill that `fields` would make; nothing is saved.
    pub(super) fn draft_standalone(&self, kind: BillKind, fields: &Value) -> ApiResult<Bill> {
        let header = self.header(kind.into(), fields, "entity")?;
        let rows = body::lines(fields, "item")?.filter(|rows| !rows.is_empty()).ok_or_else(ApiError::no_valid_line)?;
        let mut bill = self.blank_bill(kind, header.customer, fields, header.places)?;
        self.set_money(&mut bill, fields)?;
        bill.shipping_cost = body::decimal(fields, "shippingCost", "shippingCost")?.unwrap_or_default();
        for (place, row) in rows.iter().enumerate() {
            let line = self.posted_line(&bill, row, place, place + 1)?;
            bill.lines.push(line);
        }
        self.finish_lines(&mut bill, fields)?;
        if bill.total() < rust_decimal::Decimal::ZERO {
            return Err(ApiError::user("The total of this transaction cannot be negative."));
        }
        if kind == BillKind::CreditMemo {
            bill.applied = self.applications(fields, bill.customer, bill.total())?;
        }
        Ok(bill)
    }

    /// How it is paid: an account that holds money, or one of receivables and terms.
    pub(super) fn set_money(&self, bill: &mut Bill, fields: &Value) -> ApiResult<()> {
        if bill.kind.is_on_account() {
            self.account_of(fields, false)?;
            let terms: Vec<Named> = self.terms.iter().map(|(terms, _)| terms.clone()).collect();
            bill.terms = listed(&terms, fields, "terms", "terms")?;
        } else {
            let money = self.money(fields)?;
            (bill.payment_method, bill.account) = (money.method, money.account);
        }
        Ok(())
    }
}
