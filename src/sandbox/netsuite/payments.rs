//! Customer payments, and what money, deposits and credits are applied to.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::account::Account;
use super::body;
use super::errors::{ApiError, ApiResult};
use super::kinds::Kind;
use super::model::{BillKind, Payment};

/// A row of an `apply` sublist that is ticked.
#[derive(Debug)]
pub(super) struct Applied {
    pub place: usize,
    pub doc: u64,
    /// None is all that is open.
    pub amount: Option<Decimal>,
}

/// The ticked rows of a sublist.
pub(super) fn applied(fields: &Value, sublist: &str) -> ApiResult<Vec<Applied>> {
    let mut rows: Vec<Applied> = Vec::new();
    for (place, row) in body::lines(fields, sublist)?.into_iter().flatten().enumerate() {
        let path = |field: &str| format!("{sublist}.items[{place}].{field}");
        let doc = body::id(row, "doc", &path("doc"))?.ok_or_else(|| ApiError::user("Please enter value(s) for: Doc"))?;
        if body::boolean(row, "apply", &path("apply"))? == Some(false) {
            continue;
        }
        if rows.iter().any(|other| other.doc == doc) {
            return Err(ApiError::field_value(&doc.to_string(), "doc", path("doc")));
        }
        rows.push(Applied { place, doc, amount: body::decimal(row, "amount", &path("amount"))? });
    }
    Ok(rows)
}

/// Refuses an amount that is nothing, or more than a document has left.
pub(super) fn check_amount(amount: Decimal, remaining: Decimal, document: &str) -> ApiResult<Decimal> {
    if amount > Decimal::ZERO && amount <= remaining {
        return Ok(amount);
    }
    Err(ApiError::user(format!("The amount {amount} applied to {document} is more than the amount remaining, {remaining}.")))
}

impl Account {
    /// The payment that `fields` would make; nothing is saved.
    pub(super) fn draft_payment(&self, fields: &Value) -> ApiResult<Payment> {
        let header = self.header(Kind::CustomerPayment, fields, "customer")?;
        let money = self.money(fields)?;
        let (tran_date, _) = self.posting(fields)?;
        let rows = self.open_invoices(fields, header.customer)?;
        let sum: Decimal = rows.iter().map(|(_, amount)| *amount).sum();
        let amount = body::decimal(fields, "payment", "payment")?.unwrap_or(sum);
        if amount <= Decimal::ZERO || sum > amount {
            return Err(ApiError::field_value(&amount.to_string(), "payment", "payment"));
        }
        let now = self.clock.now();
        Ok(Payment {
            id: 0,
            external_id: header.external_id,
            tran_id: String::new(),
            tran_date,
            customer: header.customer,
            amount,
            payment_method: money.method,
            account: money.account,
            memo: header.memo,
            applied: rows,
            custom: header.custom,
            created: now,
            modified: now,
        })
    }

    /// `!transform/customerPayment` of an invoice: its customer, and what is open of it, unless the body says otherwise.
    pub(super) fn draft_payment_of(&self, invoice: u64, fields: &Value) -> ApiResult<Payment> {
        let refused = || ApiError::initialize_ref("customerpayment", &invoice.to_string());
        let open = |kind, remaining| kind == BillKind::Invoice && remaining > Decimal::ZERO;
        let source = self.bills.get(&invoice).filter(|bill| open(bill.kind, bill.remaining())).ok_or_else(refused)?;
        let mut fields = fields.clone();
        fields["customer"] = json!({ "id": source.customer });
        if body::lines(&fields, "apply")?.is_none() {
            let paid = body::decimal(&fields, "payment", "payment")?.map_or(source.remaining(), |paid| paid.min(source.remaining()));
            fields["apply"] = json!({ "items": [{ "doc": { "id": invoice }, "apply": true, "amount": paid.to_string() }] });
        }
        self.draft_payment(&fields)
    }

    /// Saves a drafted payment.
    pub(super) fn save_payment(&mut self, draft: Payment) -> u64 {
        let id = self.transaction_id();
        self.pay_invoices(&draft.applied);
        let tran_id = self.number(Kind::CustomerPayment);
        self.payments.insert(id, Payment { id, tran_id, ..draft });
        id
    }

    /// Open invoices of the customer that an `apply` sublist names, and how much of each; no more than `limit` in all.
    pub(super) fn applications(&self, fields: &Value, customer: u64, limit: Decimal) -> ApiResult<Vec<(u64, Decimal)>> {
        let rows = self.open_invoices(fields, customer)?;
        let sum: Decimal = rows.iter().map(|(_, amount)| *amount).sum();
        if sum > limit {
            return Err(ApiError::user(format!("The amount applied, {sum}, is more than the amount that is not applied yet, {limit}.")));
        }
        Ok(rows)
    }

    fn open_invoices(&self, fields: &Value, customer: u64) -> ApiResult<Vec<(u64, Decimal)>> {
        let mut result = Vec::new();
        for row in applied(fields, "apply")? {
            let open = self
                .bills
                .get(&row.doc)
                .filter(|bill| bill.kind == BillKind::Invoice && bill.customer == customer && bill.remaining() > Decimal::ZERO);
            let wrong = || ApiError::field_value(&row.doc.to_string(), "doc", format!("apply.items[{}].doc", row.place));
            let bill = open.ok_or_else(wrong)?;
            let amount = row.amount.unwrap_or(bill.remaining());
            result.push((row.doc, check_amount(amount, bill.remaining(), &bill.tran_id)?));
        }
        Ok(result)
    }

    /// Books what is applied on the invoices.
    pub(super) fn pay_invoices(&mut self, applied: &[(u64, Decimal)]) {
        let now = self.clock.now();
        for (invoice, amount) in applied {
            if let Some(bill) = self.bills.get_mut(invoice) {
                bill.paid += *amount;
                bill.modified = now;
            }
        }
    }
}
