//! Credit memos and cash refunds that are made from what was sold or authorised to come back; and customer refunds, which
//! pay credit memos and deposits back.

use rust_decimal::Decimal;
use serde_json::Value;

use super::account::Account;
use super::billing::Named;
use super::body;
use super::errors::{ApiError, ApiResult};
use super::heading::Places;
use super::inventory::Detail;
use super::kinds::Kind;
use super::model::{Bill, BillKind, CustomerRefund, DepositApplication, ReturnAuthorization};
use super::payments::{applied, check_amount};
use super::returns::Returnable;

/// A customer refund before it is saved.
#[derive(Debug)]
pub(super) struct RefundDraft {
    refund: CustomerRefund,
    credits: Vec<(u64, Decimal)>,
    deposits: Vec<(u64, Decimal)>,
}

impl RefundDraft {
    pub(super) fn refund(&self) -> &CustomerRefund {
        &self.refund
    }
}

impl Account {
    /// `!transform/creditMemo` of an invoice or a return authorisation, `!transform/cashRefund` of a cash sale or a return
    /// authorisation; nothing is saved.
    pub(super) fn draft_refund_of(&self, source: u64, kind: BillKind, fields: &Value) -> ApiResult<Bill> {
        let refused = || ApiError::initialize_ref(kind.record_type(), &source.to_string());
        let sold_by = if kind == BillKind::CreditMemo { BillKind::Invoice } else { BillKind::CashSale };
        let sold = self.sold_by(source, sold_by);
        let returned = self.returns.get(&source).filter(|of| matches!(self.return_status(of), 'E' | 'F'));
        let (customer, own, tax_override, left) = match (sold, returned) {
            (Some(bill), _) => (bill.customer, bill.places(), bill.tax_override, self.returnable_of_bill(bill)),
            (_, Some(of)) => {
                let own = Places { subsidiary: of.subsidiary, location: of.location, department: of.department, class: of.class };
                (of.customer, own, of.tax_override, self.refundable(of))
            }
            _ => return Err(refused()),
        };
        if left.iter().all(|(_, _, left)| left.is_zero()) {
            return Err(refused());
        }
        let told = self.places(fields, own.subsidiary)?;
        let places = Places { location: told.location.or(own.location), ..told };
        let mut bill = self.blank_bill(kind, customer, fields, places)?;
        self.set_money(&mut bill, fields)?;
        bill.created_from = Some(source);
        bill.tax_override = tax_override;
        if let Some(sold) = sold {
            bill.payment_method = bill.payment_method.or(sold.payment_method);
            let first = self.made_from(source).next().is_none();
            bill.shipping_cost = if first { sold.shipping_cost } else { Decimal::ZERO };
            bill.shipping_tax = sold.shipping_tax.filter(|_| first);
        }
        bill.shipping_cost = body::decimal(fields, "shippingCost", "shippingCost")?.unwrap_or(bill.shipping_cost);
        self.refund_lines(&mut bill, left, fields, sold.is_some())?;
        self.finish_lines(&mut bill, fields)?;
        if kind == BillKind::CreditMemo {
            bill.applied = self.credit_applications(&bill, sold, fields)?;
        }
        Ok(bill)
    }

    /// What of a return authorisation may still be refunded: what was received of goods, all of the rest.
    fn refundable(&self, of: &ReturnAuthorization) -> Vec<Returnable> {
        let due = |line: &super::model::ReturnLine| if self.comes_back(&line.goods) { line.received } else { line.goods.quantity };
        of.lines.iter().map(|line| (line.goods.line, line.goods.clone(), due(line) - line.refunded)).collect()
    }

    /// Without a receipt the refund takes the goods back itself, so its lines say which.
    fn refund_lines(&self, bill: &mut Bill, left: Vec<Returnable>, fields: &Value, takes_goods: bool) -> ApiResult<()> {
        let named = Named::of(fields, |key| left.iter().any(|(known, _, _)| *known == key))?;
        let mut lines = self.parts(left.into_iter(), &named, "that can be refunded")?;
        for (position, line) in (1..).zip(&mut lines) {
            line.assignments.clear();
            line.bins.clear();
            let row = line.order_line.and_then(|key| named.lines.get(&key));
            if !takes_goods {
                continue;
            }
            let detail = match row {
                Some((place, row)) => {
                    let path = |field: &str| format!("item.items[{place}].{field}");
                    line.location = self.location_of(row, bill.subsidiary, &path("location"))?.or(line.location);
                    Detail::of(row, Some(line.quantity.abs()), &path)?.unwrap_or_default()
                }
                None => Detail::default(),
            };
            line.location = line.location.or(bill.location);
            self.plan_move(bill.kind, line, &detail, position)?;
        }
        bill.lines = lines;
        for (place, row) in named.added {
            let line = self.posted_line(bill, row, place, bill.lines.len() + 1)?;
            bill.lines.push(line);
        }
        Ok(())
    }

    /// A credit memo of an invoice is applied to that invoice and no other; as far as it is open where the body says nothing.
    fn credit_applications(&self, memo: &Bill, invoice: Option<&Bill>, fields: &Value) -> ApiResult<Vec<(u64, Decimal)>> {
        let Some(invoice) = invoice else { return self.applications(fields, memo.customer, memo.total()) };
        if body::lines(fields, "apply")?.is_none() {
            let amount = invoice.remaining().min(memo.total());
            return Ok(if amount > Decimal::ZERO { vec![(invoice.id, amount)] } else { Vec::new() });
        }
        if let Some(row) = applied(fields, "apply")?.into_iter().find(|row| row.doc != invoice.id) {
            return Err(ApiError::field_value(&row.doc.to_string(), "doc", format!("apply.items[{}].doc", row.place)));
        }
        self.applications(fields, memo.customer, memo.total())
    }

    /// The customer refund that `fields` would make; nothing is saved. Credit memos are named in `apply`, deposits in
    /// `deposit`.
    pub(super) fn draft_refund(&self, fields: &Value) -> ApiResult<RefundDraft> {
        let header = self.header(Kind::CustomerRefund, fields, "customer")?;
        let money = self.money(fields)?;
        let account = money.account.ok_or_else(|| ApiError::user("Please enter value(s) for: Account"))?;
        let (tran_date, _) = self.posting(fields)?;
        let mut credits = Vec::new();
        for row in applied(fields, "apply")? {
            let memo = self.sold_by(row.doc, BillKind::CreditMemo).filter(|memo| memo.customer == header.customer);
            let memo = memo.filter(|memo| memo.remaining() > Decimal::ZERO);
            let memo = memo.ok_or_else(|| ApiError::field_value(&row.doc.to_string(), "doc", format!("apply.items[{}].doc", row.place)))?;
            credits.push((row.doc, check_amount(row.amount.unwrap_or(memo.remaining()), memo.remaining(), &memo.tran_id)?));
        }
        let mut deposits = Vec::new();
        for row in applied(fields, "deposit")? {
            let deposit = self.deposits.get(&row.doc).filter(|deposit| deposit.customer == header.customer);
            let deposit = deposit.filter(|deposit| deposit.unapplied() > Decimal::ZERO);
            let wrong = || ApiError::field_value(&row.doc.to_string(), "doc", format!("deposit.items[{}].doc", row.place));
            let deposit = deposit.ok_or_else(wrong)?;
            deposits.push((row.doc, check_amount(row.amount.unwrap_or(deposit.unapplied()), deposit.unapplied(), &deposit.tran_id)?));
        }
        if credits.is_empty() && deposits.is_empty() {
            return Err(ApiError::user("You must apply this refund to at least one credit or deposit."));
        }
        let now = self.clock.now();
        let refund = CustomerRefund {
            id: 0,
            external_id: header.external_id,
            tran_id: String::new(),
            tran_date,
            customer: header.customer,
            payment_method: money.method,
            account,
            memo: header.memo,
            applied: credits.clone(),
            custom: header.custom,
            created: now,
            modified: now,
        };
        Ok(RefundDraft { refund, credits, deposits })
    }

    /// Saves a drafted customer refund. Each deposit gets an application, which is what the refund shows afterwards.
    pub(super) fn save_refund(&mut self, draft: RefundDraft) -> u64 {
        let id = self.transaction_id();
        let mut refund = CustomerRefund { id, tran_id: self.number(Kind::CustomerRefund), ..draft.refund };
        for (memo, amount) in draft.credits {
            if let Some(memo) = self.bills.get_mut(&memo) {
                memo.paid += amount;
                memo.modified = refund.created;
            }
        }
        for (deposit, amount) in draft.deposits {
            let application = self.save_application(DepositApplication {
                id: 0,
                external_id: None,
                tran_id: String::new(),
                tran_date: refund.tran_date,
                customer: refund.customer,
                deposit,
                memo: None,
                applied: vec![(id, amount)],
                created: refund.created,
                modified: refund.created,
            });
            refund.applied.push((application, amount));
        }
        self.refunds.insert(id, refund);
        id
    }
}
