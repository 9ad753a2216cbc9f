//! Making and changing sales: what is refused, and what a change does.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::Value;
use uuid::Uuid;

use super::errors::{Outcome, Refusal};
use super::retailer::Retailer;
use super::sale::{Adjustment, Sale, SaleLine, SalePayment, State};
use super::schema;
use crate::sandbox::number;

const ATTRIBUTES: [&str; 5] = ["layby", "onaccount", "pickup", "delivery", "service"];
const EXCLUSIVE: [(&str, &str); 2] = [("onaccount", "layby"), ("pickup", "delivery")];

impl Retailer {
    /// `POST /sales`
    pub(super) fn create_sale(&mut self, body: &Value) -> Outcome<Uuid> {
        refuse_if(schema::check("SaleRequest", body))?;
        let id = uuid(&body["id"]).unwrap_or_else(|| self.new_id());
        if self.sales.contains_key(&id) {
            return Err(Refusal::conflict("A sale with this id already exists"));
        }
        let sale = self.build(id, body, None)?;
        self.store(sale);
        Ok(id)
    }

    /// `PUT /sales/{id}`: the whole of the sale as it is to be; lines and payments that are left out are gone.
    pub(super) fn update_sale(&mut self, id: Uuid, body: &Value) -> Outcome<()> {
        let Some(old) = self.sales.get(&id).cloned() else { return Err(Refusal::NotFound("Sale")) };
        refuse_if(schema::check("SaleUpdateRequest", body))?;
        let next = state(&body["state"]);
        if !old.state.may_become(next) {
            return Err(Refusal::conflict(format!("A {} sale cannot become {}", old.state.word(), next.word())));
        }
        if old.state == State::Closed {
            // A closed sale is only ever voided; whatever else the body says of it is not looked at.
            return self.void_sale(id);
        }
        let sale = self.build(id, body, Some(&old))?;
        for line in old.lines.iter().filter(|line| line.fulfilled > Decimal::ZERO) {
            if sale.lines.iter().all(|new| new.id != line.id || new.quantity < line.fulfilled) {
                return Err(Refusal::conflict("A line that was handed over cannot be taken back"));
            }
        }
        self.store(sale);
        Ok(())
    }

    pub(super) fn void_sale(&mut self, id: Uuid) -> Outcome<()> {
        let sale = self.sales.get_mut(&id).ok_or(Refusal::NotFound("Sale"))?;
        if !sale.state.may_become(State::Voided) {
            return Err(Refusal::conflict("A voided sale never changes again"));
        }
        sale.state = State::Voided;
        self.hand_overs.retain(|hand_over| hand_over.sale != id);
        self.touch(id);
        Ok(())
    }

    /// Keeps a sale, with its place in the fulfilments, its version and its webhook.
    pub(super) fn store(&mut self, sale: Sale) {
        let id = sale.id;
        self.sales.insert(id, sale);
        self.plan_hand_over(id);
        self.touch(id);
    }

    fn build(&mut self, id: Uuid, body: &Value, old: Option<&Sale>) -> Outcome<Sale> {
        let mut wrong = Vec::new();
        let source = &body["source"];
        let author = uuid(&source["author_id"]).unwrap_or_default();
        if !self.users.iter().any(|user| user.id == author) {
            wrong.push(format!("source.author_id: there is no user {author}"));
        }
        let register = match uuid(&source["register_id"]) {
            Some(register) => register,
            None => old.map(|old| old.register).or_else(|| self.registers.first().map(|first| first.id)).unwrap_or_default(),
        };
        let outlet = self.register(register).map(|register| register.outlet);
        if outlet.is_none() {
            wrong.push(format!("source.register_id: there is no register {register}"));
        }
        let customer = uuid(&body["customer_id"]);
        if customer.is_some_and(|customer| !self.customers.contains_key(&customer)) {
            wrong.push("customer_id: there is no such customer".to_owned());
        }
        let attributes: Vec<String> = texts(&body["attributes"]);
        check_attributes(&attributes, &mut wrong);
        let fulfilment_outlet = uuid(&body["fulfillment_outlet_id"]);
        if fulfilment_outlet.is_some_and(|outlet| !self.outlets.iter().any(|known| known.id == outlet)) {
            wrong.push("fulfillment_outlet_id: there is no such outlet".to_owned());
        }
        check_fulfilment_details(&body["fulfillment_details"], &mut wrong);
        let lines = self.lines(&body["line_items"], old, &mut wrong);
        let payments = self.payments(&body["payments"], register, old, &mut wrong);
        refuse_if(wrong)?;
        let now = self.clock.now();
        let invoice_number = match (body["invoice_number"].as_str(), old) {
            (Some(given), _) => given.to_owned(),
            (None, Some(old)) => old.invoice_number.clone(),
            (None, None) => self.invoice_number(register),
        };
        let short_code = body["short_code"].as_str().map(str::to_owned).or_else(|| old.map(|old| old.short_code.clone()));
        let short_code = short_code.unwrap_or_else(|| self.short_code());
        let sale = Sale {
            id,
            state: state(&body["state"]),
            attributes,
            outlet: outlet.unwrap_or_default(),
            register,
            author,
            source_id: source["id"].as_str().map(str::to_owned).or_else(|| old.and_then(|old| old.source_id.clone())),
            source_type: source["type"].as_str().map(str::to_owned).or_else(|| old.and_then(|old| old.source_type.clone())),
            customer,
            date: time(&body["date"]).or(old.map(|old| old.date)).unwrap_or(now),
            created: old.map_or(now, |old| old.created),
            updated: now,
            note: redacted(body["note"].as_str().unwrap_or_default()),
            invoice_number,
            short_code,
            adjustments: adjustments(&body["pricing"]["adjustments"], &lines),
            charges: old.map(|old| old.charges.clone()).unwrap_or_default(),
            lines,
            payments,
            version: 0,
            return_for: old.and_then(|old| old.return_for),
            fulfilment_outlet,
        };
        self.check_paid(&sale)?;
        Ok(sale)
    }

    pub(super) fn check_paid(&self, sale: &Sale) -> Outcome<()> {
        let account = sale.has("layby") || sale.has("onaccount") || sale.has("service");
        let hand_over = sale.has("pickup") || sale.has("delivery");
        let must_be_paid = match sale.state {
            State::Closed => true,
            State::Pending => hand_over && !account && !(self.unpaid_hand_over && sale.payments.is_empty()),
            State::Parked | State::Voided => false,
        };
        if must_be_paid && !sale.is_paid() {
            let (_, _, total) = sale.totals();
            return Err(Refusal::unprocessable(format!("The payments come to {} and the sale to {total}", sale.paid())));
        }
        Ok(())
    }

    fn lines(&mut self, items: &Value, old: Option<&Sale>, wrong: &mut Vec<String>) -> Vec<SaleLine> {
        let mut lines: Vec<SaleLine> = Vec::new();
        let mut ids = BTreeSet::new();
        for (place, item) in items.as_array().into_iter().flatten().enumerate() {
            let product = uuid(&item["product"]["id"]).unwrap_or_default();
            if self.products.get(&product).is_none_or(|product| product.deleted.is_some()) {
                wrong.push(format!("line_items[{place}].product.id: there is no product {product}"));
            }
            if uuid(&item["fulfilment_outlet_id"]).is_some_and(|outlet| !self.outlets.iter().any(|known| known.id == outlet)) {
                wrong.push(format!("line_items[{place}].fulfilment_outlet_id: there is no such outlet"));
            }
            let price = decimal(&item["pricing"]["price"]);
            let tax = uuid(&item["tax"]["id"]).unwrap_or_default();
            let tax_amount = decimal(&item["tax"]["amount"]);
            match self.tax(tax) {
                None => wrong.push(format!("line_items[{place}].tax.id: there is no tax {tax}")),
                Some(group) if group.rate.is_zero() != tax_amount.is_zero() && !price.is_zero() => {
                    wrong.push(format!("line_items[{place}].tax: {tax_amount} is not a tax of {}", group.name));
                }
                Some(_) => {}
            }
            let id = uuid(&item["id"]).unwrap_or_else(|| self.new_id());
            if !ids.insert(id) {
                wrong.push(format!("line_items[{place}].id: it is there twice"));
            }
            let before = old.and_then(|old| old.lines.iter().find(|line| line.id == id));
            let note = item["attributes"].as_array().into_iter().flatten().find(|attribute| attribute["name"] == "line_note");
            let quantity = decimal(&item["quantity"]);
            // A discount on the whole sale is a line below zero that takes nothing back.
            let takes_back = quantity < Decimal::ZERO && Some(product) != self.discount_product().map(|product| product.id);
            lines.push(SaleLine {
                id,
                product,
                quantity,
                price,
                cost: decimal(&item["pricing"]["cost"]),
                discount: decimal(&item["pricing"]["discount"]),
                loyalty: decimal(&item["pricing"]["loyalty_amount"]),
                tax,
                tax_amount,
                price_override: item["_metadata"]["is_price_override"].as_bool().unwrap_or(false),
                sequence: item["_metadata"]["sequence"].as_i64().unwrap_or_else(|| i64::try_from(place).unwrap_or(0)),
                note: note.and_then(|note| note["value"].as_str()).map(str::to_owned),
                fulfilled: before.map_or(Decimal::ZERO, |line| line.fulfilled),
                serial_numbers: before.map(|line| line.serial_numbers.clone()).unwrap_or_default(),
                is_return: before.map_or(takes_back, |line| line.is_return),
                return_reason: before.and_then(|line| line.return_reason.clone()),
                takes_back: before.and_then(|line| line.takes_back),
                gift_card: before.and_then(|line| line.gift_card.clone()),
                surcharges: before.map(|line| line.surcharges.clone()).unwrap_or_default(),
                voided: before.is_some_and(|line| line.voided),
            });
        }
        lines
    }

    fn payments(&mut self, items: &Value, register: Uuid, old: Option<&Sale>, wrong: &mut Vec<String>) -> Vec<SalePayment> {
        let mut payments = Vec::new();
        for (place, item) in items.as_array().into_iter().flatten().enumerate() {
            let payment_type = uuid(&item["type"]["config_id"]).unwrap_or_default();
            if !self.payment_types.iter().any(|known| known.id == payment_type) {
                wrong.push(format!("payments[{place}].type.config_id: there is no payment type {payment_type}"));
            }
            let given = uuid(&item["id"]);
            let before = given.and_then(|id| old?.payments.iter().find(|payment| payment.id == id));
            let register = uuid(&item["source"]["register_id"]).unwrap_or(register);
            match self.register(register) {
                None => wrong.push(format!("payments[{place}].source.register_id: there is no register {register}")),
                Some(register) if !register.open && before.is_none() => {
                    wrong.push(format!("payments[{place}]: the register {} is closed and takes no payments", register.name));
                }
                Some(_) => {}
            }
            let date = match item["date"].as_str() {
                None => self.clock.now(),
                Some(text) => text.parse().unwrap_or_else(|_not_a_time| {
                    wrong.push(format!("payments[{place}].date: {text} is not an RFC 3339 time"));
                    Timestamp::UNIX_EPOCH
                }),
            };
            let id = given.unwrap_or_else(|| self.new_id());
            let surcharge = before.and_then(|payment| payment.surcharge.clone());
            let rounding = before.map_or(Decimal::ZERO, |payment| payment.rounding);
            payments.push(SalePayment { id, payment_type, register, amount: decimal(&item["amount"]), date, surcharge, rounding });
        }
        payments
    }

    /// Six letters.
    pub(super) fn short_code(&mut self) -> String {
        (0..6).map(|_| self.random.lowercase()).collect()
    }

    /// The register's next number, with its prefix.
    pub(super) fn invoice_number(&mut self, register: Uuid) -> String {
        let Some(register) = self.registers.iter_mut().find(|known| known.id == register) else { return String::new() };
        register.sequence += 1;
        format!("{}{}", register.prefix, register.sequence - 1)
    }
}

pub(super) fn refuse_if(wrong: Vec<String>) -> Outcome<()> {
    if wrong.is_empty() { Ok(()) } else { Err(Refusal::Unprocessable(wrong)) }
}

pub(super) fn check_attributes(attributes: &[String], wrong: &mut Vec<String>) {
    for attribute in attributes {
        if !ATTRIBUTES.contains(&attribute.as_str()) {
            wrong.push(format!("attributes: {attribute} is not known"));
        }
    }
    for (one, other) in EXCLUSIVE {
        if attributes.iter().any(|word| word == one) && attributes.iter().any(|word| word == other) {
            wrong.push(format!("attributes: {one} and {other} exclude each other"));
        }
    }
}

fn check_fulfilment_details(details: &Value, wrong: &mut Vec<String>) {
    for (place, detail) in details.as_array().into_iter().flatten().enumerate() {
        let addressed = detail["shipping_address_id"].is_string() || detail["shipping_address_token"].is_string();
        if detail["type"] == "DISPATCH" && !addressed {
            wrong.push(format!("fulfillment_details[{place}]: DISPATCH needs a shipping address"));
        }
    }
}

/// Sale-level adjustments by what they come to.
fn adjustments(list: &Value, lines: &[SaleLine]) -> Vec<Adjustment> {
    let read = |item: &Value| {
        let value = number::read(&item["amount"]["value"]).unwrap_or_default();
        let kind = item["type"].as_str().unwrap_or_default();
        let total = adjusted(kind, value, item["amount"]["type"] == "PERCENT", lines);
        Adjustment { kind: kind.to_owned(), name: item["name"].as_str().unwrap_or(kind).to_owned(), total, tax: Vec::new() }
    };
    list.as_array().into_iter().flatten().map(read).collect()
}

/// What an adjustment of these lines comes to: a discount takes away, a fee or a tip adds. There is nothing to take off goods that come to less than
/// nothing, unless they come back.
pub(super) fn adjusted(kind: &str, value: Decimal, percent: bool, lines: &[SaleLine]) -> Decimal {
    let is_discount = kind == "DISCOUNT";
    let mut net: Decimal = lines.iter().map(SaleLine::price_total).sum();
    if is_discount && !lines.iter().any(|line| line.is_return) {
        net = net.max(Decimal::ZERO);
    }
    let amount = if percent { net * value / Decimal::ONE_HUNDRED } else { value };
    number::round(if is_discount { -amount } else { amount }, 5)
}

/// Text that looks like a card number is struck out without a word.
pub(super) fn redacted(note: &str) -> String {
    let mut text = String::new();
    let mut rest = note;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let length = rest[start..].find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len() - start);
        text.push_str(&rest[..start]);
        let digits = &rest[start..start + length];
        text.push_str(if (13..=19).contains(&length) { "[REDACTED]" } else { digits });
        rest = &rest[start + length..];
    }
    text + rest
}

pub(super) fn uuid(value: &Value) -> Option<Uuid> {
    value.as_str().and_then(|text| Uuid::parse_str(text).ok())
}

fn decimal(value: &Value) -> Decimal {
    number::read(value).unwrap_or_default()
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str().and_then(|text| text.parse().ok())
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn state(value: &Value) -> State {
    match value.as_str() {
        Some("pending") => State::Pending,
        Some("closed") => State::Closed,
        Some("voided") => State::Voided,
        _ => State::Parked,
    }
}
