//! What people enter, by the names they know, and how it becomes what the record service takes.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::account::Account;
use super::errors::{ApiError, ApiResult};
use super::model::{Customer, Form, ItemKind, Named, SalesOrder};
use crate::sandbox::number;

/// A sales order to be entered. Customers, locations, terms and methods go by name or id, items by SKU.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewSalesOrder {
    /// Number, name or e-mail.
    pub customer: String,
    /// The header's location, which its lines take over.
    pub location: Option<String>,
    /// The lines.
    pub lines: Vec<NewLine>,
    /// `custbody_*`.
    pub custom: BTreeMap<String, Value>,
    /// Stays at Pending Approval.
    pub pending_approval: bool,
    /// `Net 20`, `Net 30`, `Due on receipt`.
    pub terms: Option<String>,
    /// Invoice or cash sale.
    pub form: Form,
    /// The memo.
    pub memo: Option<String>,
    /// The customer's number.
    pub other_ref_num: Option<String>,
    /// `Courier`, `Pickup in store`.
    pub ship_method: Option<String>,
    /// How it is paid.
    pub payment_method: Option<String>,
    /// What shipping costs, without tax.
    pub shipping_cost: Option<Decimal>,
    /// Another system's key.
    pub external_id: Option<String>,
}

impl NewSalesOrder {
    /// An approved order with lines of SKU, quantity and rate.
    pub fn of(customer: &str, location: &str, lines: impl IntoIterator<Item = (&'static str, Decimal, Decimal)>) -> Self {
        let line = |(sku, quantity, rate): (&str, Decimal, Decimal)| NewLine {
            sku: sku.to_owned(),
            quantity,
            rate: Some(rate),
            location: None,
            custom: BTreeMap::new(),
        };
        Self {
            customer: customer.to_owned(),
            location: Some(location.to_owned()),
            lines: lines.into_iter().map(line).collect(),
            ..Self::default()
        }
    }

    /// With a custom body field.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.custom.insert(field.to_owned(), value.into());
        self
    }
}

/// A line of a sales order to be entered.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewLine {
    /// The item.
    pub sku: String,
    /// How many.
    pub quantity: Decimal,
    /// The unit price, without tax; none takes the item's.
    #[serde(default)]
    pub rate: Option<Decimal>,
    /// Its own location.
    #[serde(default)]
    pub location: Option<String>,
    /// `custcol_*`.
    #[serde(default)]
    pub custom: BTreeMap<String, Value>,
}

/// An item to be added.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewItem {
    /// The SKU.
    pub sku: String,
    /// The name.
    pub name: String,
    /// What it is.
    pub kind: ItemKind,
    /// Without tax.
    pub price: Decimal,
    /// Taxed at the standard rate.
    pub taxable: bool,
    /// A kit's members by SKU.
    #[serde(default)]
    pub members: Vec<(String, Decimal)>,
    /// How many are at each location; numbers are made up.
    #[serde(default)]
    pub stock: Decimal,
}

/// A customer to be added.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewCustomer {
    /// The company, empty for a person.
    pub company_name: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// E-mail.
    pub email: String,
}

pub(super) fn item_by_sku(account: &Account, sku: &str) -> ApiResult<u64> {
    let found = account.items.values().find(|item| item.sku == sku);
    found.map(|item| item.id).ok_or_else(|| ApiError::field_value(sku, "item", "item"))
}

pub(super) fn location_by_text(account: &Account, text: &str) -> ApiResult<u64> {
    let found = account.locations.values().find(|location| location.name == text || location.id.to_string() == text);
    found.map(|location| location.id).ok_or_else(|| ApiError::field_value(text, "location", "location"))
}

pub(super) fn customer_by_text(account: &Account, text: &str) -> ApiResult<u64> {
    let matches = |customer: &&Customer| {
        customer.id.to_string() == text || customer.email == text || customer.entity_id == text || customer.title() == text
    };
    account.customers.values().find(matches).map(|customer| customer.id).ok_or_else(|| ApiError::field_value(text, "entity", "entity"))
}

fn named(list: &[Named], text: &str, field: &str) -> ApiResult<u64> {
    let found = list.iter().find(|named| named.name == text || named.id.to_string() == text);
    found.map(|named| named.id).ok_or_else(|| ApiError::field_value(text, field, field))
}

/// What a person chose, as the body of the record service.
pub(super) fn order_fields(account: &Account, new: &NewSalesOrder) -> ApiResult<Value> {
    let mut lines = Vec::new();
    for line in &new.lines {
        let mut fields: Map<String, Value> = line.custom.clone().into_iter().collect();
        fields.insert("item".to_owned(), json!({ "id": item_by_sku(account, &line.sku)?.to_string() }));
        fields.insert("quantity".to_owned(), number::write(line.quantity));
        if let Some(rate) = line.rate {
            fields.insert("price".to_owned(), json!({ "id": "-1" }));
            fields.insert("rate".to_owned(), number::write(rate));
        }
        if let Some(location) = &line.location {
            fields.insert("location".to_owned(), location_by_text(account, location)?.into());
        }
        lines.push(Value::Object(fields));
    }
    let terms: Vec<Named> = account.terms.iter().map(|(named, _)| named.clone()).collect();
    let optional = |text: &Option<String>, list: &[Named], field: &str| text.as_ref().map(|text| named(list, text, field)).transpose();
    let mut fields: Map<String, Value> = new.custom.clone().into_iter().collect();
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    };
    set("entity", Some(customer_by_text(account, &new.customer)?.into()));
    set("location", new.location.as_ref().map(|text| location_by_text(account, text)).transpose()?.map(Value::from));
    set("terms", optional(&new.terms, &terms, "terms")?.map(Value::from));
    set("shipMethod", optional(&new.ship_method, &account.ship_methods, "shipMethod")?.map(Value::from));
    set("paymentMethod", optional(&new.payment_method, &account.payment_methods, "paymentMethod")?.map(Value::from));
    set("customForm", Some(new.form.named().id.into()));
    set("orderStatus", Some(json!({ "id": if new.pending_approval { "A" } else { "B" } })));
    set("memo", new.memo.clone().map(Value::from));
    set("otherRefNum", new.other_ref_num.clone().map(Value::from));
    set("externalId", new.external_id.clone().map(Value::from));
    set("shippingCost", new.shipping_cost.map(number::write));
    set("item", Some(json!({ "items": lines })));
    Ok(Value::Object(fields))
}

/// A fulfilment body that ships all that is open from where it is, with the first numbers that are at hand.
pub(super) fn everything(account: &Account, order: &SalesOrder) -> Value {
    let mut lines = Vec::new();
    for line in &order.lines {
        let open = account.open_quantity(order, line.line);
        if open <= Decimal::ZERO {
            continue;
        }
        let location = line.location.or(order.location).or_else(|| account.locations.keys().next().copied());
        let mut fields = json!({ "orderLine": line.line, "quantity": number::write(open) });
        if let Some(location) = location {
            fields["location"] = location.into();
        }
        if let Some(detail) = detail(account, line.item, open, location) {
            fields["inventoryDetail"] = detail;
        }
        lines.push(fields);
        let members = account.items.get(&line.item).map(|item| item.members.as_slice()).unwrap_or_default();
        for ((member, per_kit), key) in members.iter().zip(line.line + 1..) {
            if let Some(detail) = detail(account, *member, open * per_kit, location) {
                lines.push(json!({ "orderLine": key, "inventoryDetail": detail }));
            }
        }
    }
    let mut fields = json!({ "item": { "items": lines } });
    if account.preferences.pick_pack_ship {
        fields["shipStatus"] = json!({ "id": "C" });
    }
    fields
}

fn detail(account: &Account, item: u64, quantity: Decimal, location: Option<u64>) -> Option<Value> {
    if !account.needs_detail(item) {
        return None;
    }
    let location = location?;
    let numbers = account.numbers.values().filter(|number| number.item == item);
    let numbers = numbers.map(|number| ("issueInventoryNumber", number.id, number.at.get(&location).copied().unwrap_or_default()));
    let bins = account.bins.values().filter(|bin| bin.location == location);
    let bins = bins.map(|bin| ("binNumber", bin.id, bin.holds.get(&item).copied().unwrap_or_default()));
    let (mut left, mut rows) = (quantity, Vec::new());
    for (field, id, at_hand) in numbers.chain(bins) {
        let take = at_hand.min(left);
        if take > Decimal::ZERO {
            rows.push(json!({ field: { "id": id.to_string() }, "quantity": number::write(take) }));
            left -= take;
        }
    }
    Some(json!({ "quantity": number::write(quantity), "inventoryAssignment": { "items": rows } }))
}
