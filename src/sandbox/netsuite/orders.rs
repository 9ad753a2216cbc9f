//! Sales orders: how they are entered and edited, and how NetSuite derives their status from their lines.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::Value;

use super::account::{Account, Context, Event};
use super::body;
use super::errors::{ApiError, ApiResult};
use super::heading::{Places, listed};
use super::inventory::{Detail, Goods};
use super::kinds::Kind;
use super::lines::{Above, is_custom_price};
use super::model::{Form, ItemKind, Lock, Named, OrderLine, SalesOrder, StatusLetter};
use super::tax::{Told, untaxed};
use crate::sandbox::number;

/// The standard tax rate in per cent.
pub(super) const TAX_RATE: Decimal = Decimal::from_parts(15, 0, 0, false, 0);

impl SalesOrder {
    pub(super) fn line(&self, line: i64) -> Option<&OrderLine> {
        self.lines.iter().find(|candidate| candidate.line == line)
    }

    pub(super) fn subtotal(&self) -> Decimal {
        self.lines.iter().map(|line| line.amount).sum()
    }

    pub(super) fn tax_total(&self) -> Decimal {
        self.lines.iter().map(OrderLine::tax).sum::<Decimal>() + shipping_tax(self.shipping_cost, self.shipping_tax)
    }

    pub(super) fn total(&self) -> Decimal {
        self.subtotal() + self.shipping_cost + self.tax_total()
    }
}

impl OrderLine {
    /// Not yet on a fulfilment.
    pub(super) fn to_fulfil(&self) -> Decimal {
        if self.closed { Decimal::ZERO } else { self.quantity - self.picked }
    }

    /// The tax of the line, to the cent.
    pub(super) fn tax(&self) -> Decimal {
        match &self.tax_details {
            Some(details) => details.iter().map(|detail| detail.amount).sum(),
            None => number::round(self.amount * self.tax_rate / Decimal::ONE_HUNDRED, 2),
        }
    }
}

/// The tax on shipping, as it was told or at the standard rate.
pub(super) fn shipping_tax(cost: Decimal, told: Option<Decimal>) -> Decimal {
    told.unwrap_or_else(|| number::round(cost * TAX_RATE / Decimal::ONE_HUNDRED, 2))
}

impl Account {
    /// The letter that NetSuite shows, worked out from approval and lines.
    pub(super) fn status(&self, order: &SalesOrder) -> StatusLetter {
        if order.cancelled {
            return 'C';
        }
        if !order.lines.is_empty() && order.lines.iter().all(|line| line.closed) {
            return 'H';
        }
        if !order.approved {
            return 'A';
        }
        let shipped = || order.lines.iter().filter(|line| self.ships(line));
        let all_shipped = shipped().all(|line| line.closed || line.fulfilled >= line.quantity);
        let any_shipped = shipped().any(|line| line.fulfilled > Decimal::ZERO);
        let all_billed = order.lines.iter().all(|line| {
            let due = if line.closed { line.fulfilled } else { line.quantity };
            if due < Decimal::ZERO { line.billed <= due } else { line.billed >= due }
        });
        if all_shipped {
            return if all_billed { 'G' } else { 'F' };
        }
        if !any_shipped {
            return 'B';
        }
        if shipped().any(|line| line.fulfilled > line.billed) { 'E' } else { 'D' }
    }

    /// A line that leaves with a fulfilment. What is taken off with a quantity below nothing does not.
    pub(super) fn ships(&self, line: &OrderLine) -> bool {
        self.kind(line.item).is_fulfilled() && line.quantity > Decimal::ZERO
    }

    /// Works out again what of the order's lines was fulfilled and billed, and reserves stock for what is left.
    pub(super) fn recount(&mut self, order: u64) {
        let mut picked: BTreeMap<i64, Decimal> = BTreeMap::new();
        let mut fulfilled: BTreeMap<i64, Decimal> = BTreeMap::new();
        for fulfilment in self.fulfilments.values().filter(|fulfilment| fulfilment.created_from == order) {
            for line in fulfilment.lines.iter().filter(|line| line.kit_member_of.is_none()) {
                *picked.entry(line.order_line).or_default() += line.quantity;
                if fulfilment.ship_status == 'C' {
                    *fulfilled.entry(line.order_line).or_default() += line.quantity;
                }
            }
        }
        let mut billed: BTreeMap<i64, Decimal> = BTreeMap::new();
        for bill in self.bills.values().filter(|bill| bill.created_from == Some(order)) {
            for line in &bill.lines {
                if let Some(order_line) = line.order_line {
                    *billed.entry(order_line).or_default() += line.quantity;
                }
            }
        }
        let available: BTreeMap<(u64, u64), Decimal> = self.stock.clone();
        let kinds: BTreeMap<u64, bool> = self.items.values().map(|item| (item.id, item.kind.is_stocked())).collect();
        let Some(order) = self.orders.get_mut(&order) else { return };
        let approved = order.approved && !order.cancelled;
        for line in &mut order.lines {
            let of = |counts: &BTreeMap<i64, Decimal>| counts.get(&line.line).copied().unwrap_or_default();
            (line.picked, line.fulfilled, line.billed) = (of(&picked), of(&fulfilled), of(&billed));
            let left = if line.closed || !approved { Decimal::ZERO } else { line.quantity - line.fulfilled };
            let stocked = kinds.get(&line.item).copied().unwrap_or(false);
            let at_hand = line.location.and_then(|location| available.get(&(line.item, location)).copied()).unwrap_or_default();
            line.committed = if stocked { left.min(at_hand).max(Decimal::ZERO) } else { left };
        }
    }

    /// Marks the order as saved now and tells the scripts.
    pub(super) fn saved(&mut self, order: u64, event: &'static str, context: Context) {
        self.recount(order);
        let now = self.clock.now();
        let Some(record) = self.orders.get_mut(&order) else { return };
        record.modified = now;
        let event = Event {
            record: "salesorder",
            id: order,
            tran_id: record.tran_id.clone(),
            name: event,
            context,
            created_from: None,
            modified: now,
        };
        self.emit(event);
    }

    /// Refuses a save of a locked order. A change in between is met once: the next save finds the fresh record.
    pub(super) fn check_lock(&mut self, order: u64) -> ApiResult<()> {
        let order = self.order_mut(order)?;
        match order.lock {
            None => Ok(()),
            Some(Lock::Workflow) => Err(ApiError::user("This record has been locked by a user defined workflow.")),
            Some(Lock::Changed) => {
                order.lock = None;
                Err(ApiError::user("RCRD_HAS_BEEN_CHANGED: Record has been changed."))
            }
        }
    }

    /// Enters a sales order from a body as REST takes it.
    pub(super) fn create_order(&mut self, fields: &Value, context: Context) -> ApiResult<u64> {
        let header = self.header(Kind::SalesOrder, fields, "entity")?;
        let lines = body::lines(fields, "item")?.filter(|lines| !lines.is_empty()).ok_or_else(ApiError::no_valid_line)?;
        let now = self.clock.now();
        let id = self.transaction_id();
        let order = SalesOrder {
            id,
            external_id: header.external_id,
            tran_id: self.number(Kind::SalesOrder),
            tran_date: header.tran_date.unwrap_or(self.today()),
            customer: header.customer,
            form: Form::default(),
            approved: false,
            cancelled: false,
            other_ref_num: None,
            memo: None,
            location: None,
            subsidiary: header.places.subsidiary,
            department: None,
            class: None,
            terms: None,
            payment_method: None,
            ship_method: None,
            ship_date: None,
            shipping_cost: Decimal::ZERO,
            tax_override: false,
            shipping_tax: None,
            custom: BTreeMap::new(),
            lines: Vec::new(),
            created: now,
            modified: now,
            lock: None,
        };
        self.orders.insert(id, order);
        let filled = self.set_header(id, fields).and_then(|()| self.set_lines(id, lines, false)).and_then(|()| self.set_tax(id, fields));
        if let Err(error) = filled {
            self.orders.remove(&id);
            return Err(error);
        }
        self.saved(id, "create", context);
        Ok(id)
    }

    /// Edits a sales order with a body as `PATCH` takes it. Either all of it is done or nothing.
    pub(super) fn edit_order(&mut self, id: u64, fields: &Value, replace_lines: bool, context: Context) -> ApiResult<()> {
        self.check_lock(id)?;
        let before = self.order(id)?.clone();
        let was = self.status(&before);
        let edited = self.set_header(id, fields).and_then(|()| match body::lines(fields, "item")? {
            Some(lines) => self.set_lines(id, lines, replace_lines),
            None => Ok(()),
        });
        let edited = edited.and_then(|()| self.set_tax(id, fields));
        if let Err(error) = edited {
            self.orders.insert(id, before);
            return Err(error);
        }
        let reapprove = self.preferences.reapprove_on_edit && was == 'B' && fields.get("orderStatus").is_none();
        if reapprove {
            self.order_mut(id)?.approved = false;
        }
        let approved_now = !before.approved && self.order(id)?.approved;
        self.saved(id, if approved_now { "approve" } else { "edit" }, context);
        Ok(())
    }

    fn set_header(&mut self, id: u64, fields: &Value) -> ApiResult<()> {
        let Places { location, department, class, .. } = self.places(fields, self.order(id)?.subsidiary)?;
        let terms: Vec<Named> = self.terms.iter().map(|(terms, _)| terms.clone()).collect();
        let terms = listed(&terms, fields, "terms", "terms")?;
        let payment_method = self.money(fields)?.method;
        let ship_method = listed(&self.ship_methods, fields, "shipMethod", "shipMethod")?;
        let form = match body::id(fields, "customForm", "customForm")? {
            None => None,
            Some(68) => Some(Form::Invoice),
            Some(69) => Some(Form::CashSale),
            Some(other) => return Err(ApiError::field_value(&other.to_string(), "customForm", "customForm")),
        };
        let status = match fields.get("orderStatus").and_then(body::reference).as_deref() {
            None => None,
            Some("A") => Some(false),
            Some("B") => Some(true),
            Some(other) => return Err(ApiError::field_value(other, "orderStatus", "orderStatus")),
        };
        let (memo, other_ref_num) = (body::text(fields, "memo")?, body::text(fields, "otherRefNum")?);
        let (tran_date, ship_date) = (body::date(fields, "tranDate")?, body::date(fields, "shipDate")?);
        let shipping_cost = body::decimal(fields, "shippingCost", "shippingCost")?;
        let current = self.status(self.order(id)?);
        let order = self.order_mut(id)?;
        if let Some(approved) = status {
            let shipped = order.lines.iter().any(|line| line.picked > Decimal::ZERO);
            if order.cancelled || (!approved && (shipped || current != 'B' && current != 'A')) {
                return Err(ApiError::field_value(if approved { "B" } else { "A" }, "orderStatus", "orderStatus"));
            }
            order.approved = approved;
        }
        order.location = location.or(order.location);
        order.department = department.or(order.department);
        order.class = class.or(order.class);
        order.terms = terms.or(order.terms);
        order.payment_method = payment_method.or(order.payment_method);
        order.ship_method = ship_method.or(order.ship_method);
        order.form = form.unwrap_or(order.form);
        order.memo = memo.or(order.memo.take());
        order.other_ref_num = other_ref_num.or(order.other_ref_num.take());
        order.tran_date = tran_date.unwrap_or(order.tran_date);
        order.ship_date = ship_date.or(order.ship_date);
        order.shipping_cost = shipping_cost.unwrap_or(order.shipping_cost);
        order.custom.extend(body::custom(fields, "custbody_"));
        Ok(())
    }

    fn set_lines(&mut self, id: u64, lines: &[Value], replace: bool) -> ApiResult<()> {
        let mut kept = Vec::new();
        for (place, fields) in lines.iter().enumerate() {
            let path = |field: &str| format!("item.items[{place}].{field}");
            let key = body::decimal(fields, "line", &path("line"))?.map(|line| line.normalize());
            let existing = key.map(|key| self.order_line_by_key(id, key, &path("line"))).transpose()?;
            let line = match existing {
                Some(line) => self.edited_line(id, line, fields, &path)?,
                None => self.new_line(id, fields, &path)?,
            };
            kept.push(line.line);
            let order = self.order_mut(id)?;
            match order.lines.iter_mut().find(|old| old.line == line.line) {
                Some(old) => *old = line,
                None => order.lines.push(line),
            }
        }
        if replace {
            let order = self.order_mut(id)?;
            if order.lines.iter().any(|line| !kept.contains(&line.line) && (line.picked > Decimal::ZERO || line.billed > Decimal::ZERO)) {
                return Err(ApiError::user("You cannot remove a line that was fulfilled or billed."));
            }
            order.lines.retain(|line| kept.contains(&line.line));
        }
        Ok(())
    }

    fn order_line_by_key(&self, id: u64, key: Decimal, path: &str) -> ApiResult<OrderLine> {
        let found = self.order(id)?.lines.iter().find(|line| Decimal::from(line.line) == key).cloned();
        found.ok_or_else(|| ApiError::field_value(&key.to_string(), "line", path))
    }

    /// Takes the tax as it is told, or takes what was told away.
    fn set_tax(&mut self, id: u64, fields: &Value) -> ApiResult<()> {
        let references: Vec<Option<String>> = self.order(id)?.lines.iter().map(|line| line.tax_reference.clone()).collect();
        let told = self.tax_override(fields, &references)?;
        let order = self.order_mut(id)?;
        match told {
            Told::As(told) => {
                order.tax_override = true;
                order.shipping_tax = Some(told.shipping());
                for line in &mut order.lines {
                    line.tax_details = Some(told.of(line.tax_reference.as_deref()));
                }
            }
            Told::Computed => {
                order.tax_override = false;
                order.shipping_tax = None;
                order.lines.iter_mut().for_each(|line| line.tax_details = None);
            }
            // Nothing is computed on a line that joins an order whose tax was told.
            Told::Nothing if order.tax_override => untaxed(order.lines.iter_mut().map(|line| &mut line.tax_details)),
            Told::Nothing => {}
        }
        Ok(())
    }

    fn edited_line(&self, order: u64, mut line: OrderLine, fields: &Value, path: &impl Fn(&str) -> String) -> ApiResult<OrderLine> {
        if let Some(quantity) = body::decimal(fields, "quantity", &path("quantity"))? {
            if quantity < line.picked.max(line.billed) {
                return Err(ApiError::field_value(&quantity.to_string(), "quantity", path("quantity")));
            }
            line.quantity = quantity;
        }
        line.custom_price = is_custom_price(fields, path)?.unwrap_or(line.custom_price);
        let rate = body::decimal(fields, "rate", &path("rate"))?;
        let repriced = ["quantity", "rate", "price"].iter().any(|field| fields.get(field).is_some());
        let base = self.item(line.item)?.price;
        line.rate = if line.custom_price || self.kind(line.item) == ItemKind::Discount { rate.unwrap_or(line.rate) } else { base };
        let amount = body::decimal(fields, "amount", &path("amount"))?;
        line.amount = match amount {
            Some(amount) => number::round(amount, 2),
            None if repriced => number::round(line.rate * line.quantity, 2),
            None => line.amount,
        };
        line.closed = body::boolean(fields, "isClosed", &path("isClosed"))?.unwrap_or(line.closed);
        line.description = body::text(fields, "description")?.or(line.description.take());
        let subsidiary = self.order(order)?.subsidiary;
        line.location = self.location_of(fields, subsidiary, &path("location"))?.or(line.location);
        line.department = listed(&self.departments, fields, "department", &path("department"))?.or(line.department);
        line.class = listed(&self.classes, fields, "class", &path("class"))?.or(line.class);
        line.tax_reference = self.tax_reference(fields)?.or(line.tax_reference.take());
        if let Some(detail) = Detail::of(fields, Some(line.quantity), path)?.filter(|detail| !detail.is_empty()) {
            let goods = Goods { item: line.item, quantity: line.quantity, location: line.location, position: 1 };
            let moved = self.issue(goods, &detail)?;
            (line.assignments, line.bins) = (moved.numbers, moved.bins);
        }
        line.custom.extend(body::custom(fields, "custcol_"));
        Ok(line)
    }

    fn new_line(&mut self, id: u64, fields: &Value, path: &impl Fn(&str) -> String) -> ApiResult<OrderLine> {
        let order = self.order(id)?;
        let places = Places { subsidiary: order.subsidiary, location: order.location, department: order.department, class: order.class };
        let above = Above { places, amount: order.lines.last().map(|line| line.amount) };
        let mut entered = self.entered_line(fields, path, above)?;
        if let Some(detail) = Detail::of(fields, Some(entered.quantity), path)?.filter(|detail| !detail.is_empty()) {
            let position = order.lines.len() + 1;
            let moved =
                self.issue(Goods { item: entered.item, quantity: entered.quantity, location: entered.location, position }, &detail)?;
            (entered.assignments, entered.bins) = (moved.numbers, moved.bins);
        }
        // A kit takes a number for each of its members, and an order that was edited starts behind its first lines.
        let after = order.lines.iter().max_by_key(|line| line.line).map(|last| {
            let members = self.items.get(&last.item).map_or(0, |item| item.members.len());
            last.line + 1 + i64::try_from(members).unwrap_or(0)
        });
        let first = if self.preferences.line_gaps && id.is_multiple_of(3) { 2 } else { 1 };
        let closed = body::boolean(fields, "isClosed", &path("isClosed"))?.unwrap_or(false);
        self.next_line_key += 1;
        Ok(OrderLine::entered(entered, after.unwrap_or(first), self.next_line_key, closed))
    }
}
