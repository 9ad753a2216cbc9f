//! `!transform/itemFulfillment`: ships what is open on a sales order, by NetSuite's rules and with its refusals.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::Value;

use super::account::{Account, Context, Event};
use super::body;
use super::errors::{ApiError, ApiResult};
use super::inventory::{Detail, Goods, Moved};
use super::kinds::Kind;
use super::model::{BillKind, Form, Fulfilment, FulfilmentLine, SalesOrder};

/// What a body says of one line of the order.
#[derive(Debug, Default)]
struct Wanted {
    place: usize,
    receive: Option<bool>,
    quantity: Option<Decimal>,
    location: Option<u64>,
    detail: Option<Detail>,
}

impl Account {
    /// The fulfilment that `fields` would make of the order; nothing is saved.
    pub(super) fn draft_fulfilment(&self, order: u64, fields: &Value, replace: bool) -> ApiResult<Fulfilment> {
        let refused = || ApiError::initialize_ref("itemfulfillment", &order.to_string());
        let source = self.orders.get(&order).ok_or_else(refused)?;
        if !matches!(self.status(source), 'B' | 'D' | 'E') {
            return Err(refused());
        }
        let external_id = self.new_external_id(Kind::ItemFulfillment, fields)?;
        let lines = self.fulfilment_lines(source, fields, replace)?;
        let (tran_date, _) = self.posting(fields)?;
        let now = self.clock.now();
        Ok(Fulfilment {
            id: 0,
            external_id,
            tran_id: String::new(),
            tran_date,
            created_from: order,
            ship_status: self.ship_status(fields)?,
            memo: body::text(fields, "memo")?,
            custom: body::custom(fields, "custbody_").into_iter().collect(),
            lines,
            created: now,
            modified: now,
        })
    }

    /// The form that a person would be shown before anything is entered: every open line, members of kits among them.
    pub(super) fn fulfilment_form(&self, order: u64, fields: &Value) -> ApiResult<Fulfilment> {
        let refused = || ApiError::initialize_ref("itemfulfillment", &order.to_string());
        let source = self.orders.get(&order).ok_or_else(refused)?;
        if !matches!(self.status(source), 'B' | 'D' | 'E') {
            return Err(refused());
        }
        self.wanted_lines(source, fields)?;
        let mut lines = Vec::new();
        let blank = |order_line, item, quantity, location, kit_member_of| FulfilmentLine {
            order_line,
            item,
            quantity,
            location,
            assignments: Vec::new(),
            bins: Vec::new(),
            kit_member_of,
        };
        for line in &source.lines {
            let item = self.item(line.item)?;
            let open = self.open_quantity(source, line.line);
            if !item.kind.is_fulfilled() || open <= Decimal::ZERO {
                continue;
            }
            lines.push(blank(line.line, item.id, open, line.location, None));
            for ((member, per_kit), key) in item.members.iter().zip(line.line + 1..) {
                lines.push(blank(key, *member, open * per_kit, line.location, Some(line.line)));
            }
        }
        let now = self.clock.now();
        Ok(Fulfilment {
            id: 0,
            external_id: None,
            tran_id: String::new(),
            tran_date: self.today(),
            created_from: order,
            ship_status: 'C',
            memo: None,
            custom: BTreeMap::new(),
            lines,
            created: now,
            modified: now,
        })
    }

    fn ship_status(&self, fields: &Value) -> ApiResult<char> {
        let named = fields.get("shipStatus").and_then(body::reference);
        if !self.preferences.pick_pack_ship {
            return match named {
                Some(_) => Err(ApiError::unknown_property("shipStatus", "shipStatus")),
                None => Ok('C'),
            };
        }
        match named.as_deref() {
            None | Some("A") => Ok('A'),
            Some("B") => Ok('B'),
            Some("C") => Ok('C'),
            Some(other) => Err(ApiError::field_value(other, "shipStatus", "shipStatus")),
        }
    }

    fn fulfilment_lines(&self, source: &SalesOrder, fields: &Value, replace: bool) -> ApiResult<Vec<FulfilmentLine>> {
        let (mut wanted, members) = self.wanted_lines(source, fields)?;
        let unnamed_ship = !self.preferences.default_unfulfilled && !replace;
        let mut lines = Vec::new();
        for line in &source.lines {
            let item = self.item(line.item)?;
            let open = self.open_quantity(source, line.line);
            let named = wanted.remove(&line.line);
            if let Some(named) = &named
                && open <= Decimal::ZERO
                && named.receive != Some(false)
                && named.quantity != Some(Decimal::ZERO)
            {
                let path = format!("item.items[{}].orderLine", named.place);
                return Err(ApiError::field_value(&line.line.to_string(), "orderLine", path));
            }
            if !item.kind.is_fulfilled() || open <= Decimal::ZERO || (named.is_none() && !unnamed_ship) {
                continue;
            }
            let was_named = named.is_some();
            let named = named.unwrap_or_default();
            let quantity = if named.receive == Some(false) { Decimal::ZERO } else { named.quantity.unwrap_or(open) };
            if quantity <= Decimal::ZERO {
                continue;
            }
            if quantity > open {
                let text = format!("The quantity {quantity} of line {} is more than the quantity remaining, {open}.", line.line);
                return Err(ApiError::content(text, format!("item.items[{}].quantity", named.place)));
            }
            let location = match named.location {
                Some(location) => Some(location),
                None if was_named && self.preferences.multi_location => None,
                None => line.location,
            };
            if location.is_none() && self.preferences.multi_location {
                return Err(ApiError::user("Please enter value(s) for: Items list: Location"));
            }
            let own = named.detail.unwrap_or_else(|| Detail::set_aside(&line.assignments, &line.bins));
            lines.push(self.shipped(line.line, (item.id, quantity, location), &own, None, lines.len() + 1)?);
            for ((member, per_kit), key) in item.members.iter().zip(line.line + 1..) {
                let given = members.get(&key).cloned().unwrap_or_default();
                lines.push(self.shipped(key, (*member, quantity * per_kit, location), &given, Some(line.line), lines.len() + 1)?);
            }
        }
        if lines.is_empty() {
            return Err(ApiError::no_valid_line());
        }
        self.check_together(lines.iter().map(|line| (line.location, line.assignments.as_slice())))?;
        Ok(lines)
    }

    /// A line of a fulfilment: item, quantity and location, with what its detail names.
    fn shipped(
        &self,
        order_line: i64,
        (item, quantity, location): (u64, Decimal, Option<u64>),
        detail: &Detail,
        kit_member_of: Option<i64>,
        position: usize,
    ) -> ApiResult<FulfilmentLine> {
        let Moved { numbers, bins, .. } = self.issue(Goods { item, quantity, location, position }, detail)?;
        Ok(FulfilmentLine { order_line, item, quantity, location, assignments: numbers, bins, kit_member_of })
    }

    /// What of a line may still be fulfilled.
    pub(super) fn open_quantity(&self, source: &SalesOrder, line: i64) -> Decimal {
        let Some(line) = source.line(line) else { return Decimal::ZERO };
        if !self.kind(line.item).is_fulfilled() {
            return Decimal::ZERO;
        }
        let open = line.to_fulfil();
        if self.preferences.limit_to_committed { open.min(line.committed) } else { open }
    }

    /// What the body says of the order's lines, and the inventory detail it gives to members of kits.
    fn wanted_lines(&self, source: &SalesOrder, fields: &Value) -> ApiResult<(BTreeMap<i64, Wanted>, BTreeMap<i64, Detail>)> {
        let (mut wanted, mut members) = (BTreeMap::new(), BTreeMap::new());
        for (place, line) in body::lines(fields, "item")?.into_iter().flatten().enumerate() {
            let path = |field: &str| format!("item.items[{place}].{field}");
            let key = line.get("orderLine").and_then(Value::as_i64);
            let Some(key) = key else {
                let seen = line.get("orderLine").map_or_else(|| "null".to_owned(), Value::to_string);
                return Err(ApiError::field_value(&seen, "orderLine", path("orderLine")));
            };
            let location = self.location_of(line, source.subsidiary, &path("location"))?;
            let quantity = body::decimal(line, "quantity", &path("quantity"))?;
            let receive = body::boolean(line, "itemReceive", &path("itemReceive"))?;
            let is_member = source.line(key).is_none() && self.is_kit_member(source, key);
            if !is_member && source.line(key).is_none() {
                return Err(ApiError::field_value(&key.to_string(), "orderLine", path("orderLine")));
            }
            let detail = Detail::of(line, quantity, &path)?;
            if is_member {
                members.insert(key, detail.unwrap_or_default());
            } else {
                wanted.insert(key, Wanted { place, receive, quantity, location, detail });
            }
        }
        Ok((wanted, members))
    }

    fn is_kit_member(&self, source: &SalesOrder, key: i64) -> bool {
        source.lines.iter().any(|line| {
            let members = self.items.get(&line.item).map_or(0, |item| item.members.len());
            key > line.line && key <= line.line + i64::try_from(members).unwrap_or(0)
        })
    }

    /// Saves a drafted fulfilment.
    pub(super) fn save_fulfilment(&mut self, draft: Fulfilment, context: Context) -> ApiResult<u64> {
        let order = draft.created_from;
        self.check_lock(order)?;
        let id = self.transaction_id();
        let fulfilment = Fulfilment { id, tran_id: self.number(Kind::ItemFulfillment), ..draft };
        let shipped = fulfilment.ship_status == 'C';
        if shipped {
            self.relieve_stock(&fulfilment);
        }
        self.tell_fulfilment(&fulfilment, "create", context);
        let date = fulfilment.tran_date;
        self.fulfilments.insert(id, fulfilment);
        self.touch_order(order);
        if shipped && !self.preferences.advanced_shipping {
            let kind = match self.order(order)?.form {
                Form::Invoice => BillKind::Invoice,
                Form::CashSale => BillKind::CashSale,
            };
            let bill = self.draft_bill(order, kind, &serde_json::json!({ "tranDate": date.to_string() }))?;
            self.save_bill(bill, context)?;
        }
        Ok(id)
    }

    /// Changes a fulfilment: its memo, its fields, and its way from picked to shipped.
    pub(super) fn edit_fulfilment(&mut self, id: u64, fields: &Value, context: Context) -> ApiResult<()> {
        let before = self.fulfilments.get(&id).cloned().ok_or_else(ApiError::nonexistent)?;
        self.check_lock(before.created_from)?;
        let mut after = before.clone();
        if fields.get("shipStatus").is_some() {
            after.ship_status = self.ship_status(fields)?;
            if before.ship_status == 'C' && after.ship_status != 'C' {
                return Err(ApiError::field_value(&after.ship_status.to_string(), "shipStatus", "shipStatus"));
            }
        }
        after.memo = body::text(fields, "memo")?.or(after.memo);
        after.custom.extend(body::custom(fields, "custbody_"));
        after.modified = self.clock.now();
        let ships = before.ship_status != 'C' && after.ship_status == 'C';
        if ships {
            self.relieve_stock(&after);
        }
        self.tell_fulfilment(&after, if ships { "ship" } else { "edit" }, context);
        let order = after.created_from;
        self.fulfilments.insert(id, after);
        self.touch_order(order);
        Ok(())
    }

    fn tell_fulfilment(&mut self, fulfilment: &Fulfilment, event: &'static str, context: Context) {
        self.emit(Event {
            record: "itemfulfillment",
            id: fulfilment.id,
            tran_id: fulfilment.tran_id.clone(),
            name: event,
            context,
            created_from: Some(fulfilment.created_from),
            modified: fulfilment.modified,
        });
    }

    fn relieve_stock(&mut self, fulfilment: &Fulfilment) {
        for line in &fulfilment.lines {
            let moved = Moved { numbers: line.assignments.clone(), bins: line.bins.clone(), ..Moved::default() };
            self.take_out(line.item, line.location, line.quantity, &moved);
        }
    }

    /// A record made from the order changes it, but its own scripts are not told.
    pub(super) fn touch_order(&mut self, order: u64) {
        self.recount(order);
        let now = self.clock.now();
        if let Some(order) = self.orders.get_mut(&order) {
            order.modified = now;
        }
    }
}
