//! Return authorisations: what a customer may bring back, from a sales order, an invoice, a cash sale or from nothing.

use rust_decimal::Decimal;
use serde_json::Value;

use super::account::Account;
use super::billing::Named;
use super::body;
use super::errors::{ApiError, ApiResult};
use super::heading::Places;
use super::kinds::Kind;
use super::lines::Above;
use super::model::{Bill, BillKind, BillLine, ReturnAuthorization, ReturnLine, SalesOrder};
use super::tax::Told;

/// A line of a source: its key, the whole of it, and how much of it may still come back.
pub(super) type Returnable = (i64, BillLine, Decimal);

impl ReturnLine {
    fn due(&self) -> Decimal {
        if self.closed { self.received } else { self.goods.quantity }
    }
}

impl ReturnAuthorization {
    pub(super) fn line(&self, key: i64) -> Option<&ReturnLine> {
        self.lines.iter().find(|line| line.goods.line == key)
    }

    pub(super) fn subtotal(&self) -> Decimal {
        self.lines.iter().map(|line| line.goods.amount).sum()
    }

    pub(super) fn tax_total(&self) -> Decimal {
        self.lines.iter().map(|line| line.goods.tax()).sum()
    }

    pub(super) fn total(&self) -> Decimal {
        self.subtotal() + self.tax_total()
    }
}

impl Account {
    /// The letter that NetSuite shows, worked out from approval, receipts and refunds.
    pub(super) fn return_status(&self, of: &ReturnAuthorization) -> char {
        if of.cancelled {
            return 'C';
        }
        if of.lines.iter().all(|line| line.closed && line.received.is_zero()) {
            return 'H';
        }
        if !of.approved {
            return 'A';
        }
        let comes = || of.lines.iter().filter(|line| self.comes_back(&line.goods));
        let refunded = |line: &ReturnLine| {
            let due = line.due();
            if due < Decimal::ZERO { line.refunded <= due } else { line.refunded >= due }
        };
        if comes().all(|line| line.received >= line.due()) {
            return if of.lines.iter().all(refunded) { 'G' } else { 'F' };
        }
        if comes().any(|line| line.received > line.refunded) {
            'E'
        } else if comes().any(|line| line.received > Decimal::ZERO) {
            'D'
        } else {
            'B'
        }
    }

    /// A line that is received. What is deducted, or no thing, is not.
    pub(super) fn comes_back(&self, line: &BillLine) -> bool {
        self.kind(line.item).is_fulfilled() && line.quantity > Decimal::ZERO
    }

    /// How much of a source's line has come back already, by return authorisations and by what was refunded directly.
    fn returned(&self, source: u64, key: i64) -> Decimal {
        let authorized = self.returns.values().filter(|of| of.created_from == Some(source) && !of.cancelled);
        let lines = authorized.flat_map(|of| &of.lines).filter(|line| line.goods.order_line == Some(key));
        let refunds = self.made_from(source).filter(|bill| !bill.kind.sells()).flat_map(|bill| &bill.lines);
        let refunded = refunds.filter(|line| line.order_line == Some(key)).map(|line| line.quantity);
        lines.map(ReturnLine::due).chain(refunded).sum()
    }

    fn returnable_of_order(&self, order: &SalesOrder) -> Vec<Returnable> {
        let gone = |line: &super::model::OrderLine| if self.ships(line) { line.fulfilled } else { line.billed };
        order.lines.iter().map(|line| (line.line, line.as_billed(), gone(line) - self.returned(order.id, line.line))).collect()
    }

    pub(super) fn returnable_of_bill(&self, bill: &Bill) -> Vec<Returnable> {
        bill.lines.iter().map(|line| (line.line, line.clone(), line.quantity - self.returned(bill.id, line.line))).collect()
    }

    /// `!transform/returnAuthorization`; nothing is saved.
    pub(super) fn draft_return(&self, source: u64, fields: &Value) -> ApiResult<ReturnAuthorization> {
        let refused = || ApiError::initialize_ref("returnauthorization", &source.to_string());
        let order = self.orders.get(&source).filter(|order| !matches!(self.status(order), 'A' | 'C'));
        let bill = self.bills.get(&source).filter(|bill| bill.kind.sells());
        let (customer, own, tax_override, returnable) = match (order, bill) {
            (Some(order), _) => {
                let own =
                    Places { subsidiary: order.subsidiary, location: order.location, department: order.department, class: order.class };
                (order.customer, own, order.tax_override, self.returnable_of_order(order))
            }
            (_, Some(bill)) => (bill.customer, bill.places(), bill.tax_override, self.returnable_of_bill(bill)),
            _ => return Err(refused()),
        };
        if returnable.iter().all(|(_, _, left)| left.is_zero()) {
            return Err(refused());
        }
        let told = self.places(fields, own.subsidiary)?;
        let places = Places {
            location: told.location.or(own.location),
            department: told.department.or(own.department),
            class: told.class.or(own.class),
            ..told
        };
        let mut draft = self.blank_return(customer, places, fields)?;
        draft.created_from = Some(source);
        draft.tax_override = tax_override;
        let named = Named::of(fields, |key| returnable.iter().any(|(known, _, _)| *known == key))?;
        let lines = self.parts(returnable.into_iter(), &named, "that can be returned")?;
        draft.lines = lines.into_iter().map(|line| open(without_detail(line))).collect();
        for (place, row) in named.added {
            let line = self.return_line(&draft, row, place)?;
            draft.lines.push(line);
        }
        self.finish_return(draft, fields)
    }

    /// The return authorisation that `fields` would make of nothing; nothing is saved.
    pub(super) fn draft_standalone_return(&self, fields: &Value) -> ApiResult<ReturnAuthorization> {
        let header = self.header(Kind::ReturnAuthorization, fields, "entity")?;
        let mut draft = self.blank_return(header.customer, header.places, fields)?;
        for (place, row) in body::lines(fields, "item")?.into_iter().flatten().enumerate() {
            let line = self.return_line(&draft, row, place)?;
            draft.lines.push(line);
        }
        self.finish_return(draft, fields)
    }

    fn blank_return(&self, customer: u64, places: Places, fields: &Value) -> ApiResult<ReturnAuthorization> {
        let now = self.clock.now();
        Ok(ReturnAuthorization {
            id: 0,
            external_id: self.new_external_id(Kind::ReturnAuthorization, fields)?,
            tran_id: String::new(),
            tran_date: body::date(fields, "tranDate")?.unwrap_or(self.today()),
            created_from: None,
            customer,
            approved: approval(fields)?.unwrap_or(false),
            cancelled: false,
            memo: body::text(fields, "memo")?,
            other_ref_num: body::text(fields, "otherRefNum")?,
            location: places.location,
            subsidiary: places.subsidiary,
            department: places.department,
            class: places.class,
            tax_override: false,
            custom: body::custom(fields, "custbody_").into_iter().collect(),
            lines: Vec::new(),
            created: now,
            modified: now,
        })
    }

    fn return_line(&self, draft: &ReturnAuthorization, row: &Value, place: usize) -> ApiResult<ReturnLine> {
        let path = |field: &str| format!("item.items[{place}].{field}");
        let places = Places { subsidiary: draft.subsidiary, location: draft.location, department: draft.department, class: draft.class };
        let above = Above { places, amount: draft.lines.last().map(|line| line.goods.amount) };
        self.entered_line(row, &path, above).map(open)
    }

    /// Numbers the lines, kits with a number for each member, and takes the tax as the body tells it.
    fn finish_return(&self, mut draft: ReturnAuthorization, fields: &Value) -> ApiResult<ReturnAuthorization> {
        if draft.lines.is_empty() {
            return Err(ApiError::no_valid_line());
        }
        let mut key = 1;
        for line in &mut draft.lines {
            line.goods.line = key;
            let members = self.items.get(&line.goods.item).map_or(0, |item| item.members.len());
            key += 1 + i64::try_from(members).unwrap_or(0);
        }
        let references: Vec<Option<String>> = draft.lines.iter().map(|line| line.goods.tax_reference.clone()).collect();
        match self.tax_override(fields, &references)? {
            Told::As(told) => {
                draft.tax_override = true;
                told.tell(draft.lines.iter_mut().map(|line| &mut line.goods));
            }
            Told::Computed => {
                draft.tax_override = false;
                draft.lines.iter_mut().for_each(|line| line.goods.tax_details = None);
            }
            Told::Nothing => {}
        }
        Ok(draft)
    }

    /// Saves a drafted return authorisation.
    pub(super) fn save_return(&mut self, draft: ReturnAuthorization) -> u64 {
        let id = self.transaction_id();
        let tran_id = self.number(Kind::ReturnAuthorization);
        self.returns.insert(id, ReturnAuthorization { id, tran_id, ..draft });
        id
    }

    /// Changes a return authorisation: its approval, its memo, its fields, and lines that are closed.
    pub(super) fn edit_return(&mut self, id: u64, fields: &Value) -> ApiResult<()> {
        let mut of = self.returns.get(&id).cloned().ok_or_else(ApiError::nonexistent)?;
        if let Some(approved) = approval(fields)? {
            let received = of.lines.iter().any(|line| line.received > Decimal::ZERO);
            if of.cancelled || (!approved && received) {
                return Err(ApiError::field_value(if approved { "B" } else { "A" }, "orderStatus", "orderStatus"));
            }
            of.approved = approved;
        }
        for (place, row) in body::lines(fields, "item")?.into_iter().flatten().enumerate() {
            let path = |field: &str| format!("item.items[{place}].{field}");
            let key = row.get("line").and_then(Value::as_i64);
            let found = of.lines.iter_mut().find(|line| Some(line.goods.line) == key);
            let line = found.ok_or_else(|| ApiError::field_value(&row["line"].to_string(), "line", path("line")))?;
            line.closed = body::boolean(row, "isClosed", &path("isClosed"))?.unwrap_or(line.closed);
        }
        of.memo = body::text(fields, "memo")?.or(of.memo);
        of.custom.extend(body::custom(fields, "custbody_"));
        of.modified = self.clock.now();
        self.returns.insert(id, of);
        Ok(())
    }

    /// Works out again what was received and refunded.
    pub(super) fn touch_return(&mut self, id: u64) {
        let now = self.clock.now();
        let receipts = self.receipts.values().filter(|receipt| receipt.created_from == id).flat_map(|receipt| &receipt.lines);
        let received: Vec<(i64, Decimal)> =
            receipts.filter(|line| line.kit_member_of.is_none()).map(|line| (line.order_line, line.quantity)).collect();
        let refunds = self.made_from(id).flat_map(|bill| &bill.lines);
        let refunded: Vec<(i64, Decimal)> = refunds.filter_map(|line| Some((line.order_line?, line.quantity))).collect();
        let Some(of) = self.returns.get_mut(&id) else { return };
        let sum = |rows: &[(i64, Decimal)], key: i64| rows.iter().filter(|(of, _)| *of == key).map(|(_, quantity)| *quantity).sum();
        for line in &mut of.lines {
            line.received = sum(&received, line.goods.line);
            line.refunded = sum(&refunded, line.goods.line);
        }
        of.modified = now;
    }

    /// A bill of a kind that can be taken back into another kind.
    pub(super) fn sold_by(&self, id: u64, kind: BillKind) -> Option<&Bill> {
        self.bills.get(&id).filter(|bill| bill.kind == kind)
    }
}

fn without_detail(mut line: BillLine) -> BillLine {
    line.assignments.clear();
    line.bins.clear();
    line.returned_numbers.clear();
    line
}

fn open(goods: BillLine) -> ReturnLine {
    ReturnLine { goods, closed: false, received: Decimal::ZERO, refunded: Decimal::ZERO }
}

fn approval(fields: &Value) -> ApiResult<Option<bool>> {
    match fields.get("orderStatus").and_then(body::reference).as_deref() {
        None => Ok(None),
        Some("A") => Ok(Some(false)),
        Some("B") => Ok(Some(true)),
        Some(other) => Err(ApiError::field_value(other, "orderStatus", "orderStatus")),
    }
}
