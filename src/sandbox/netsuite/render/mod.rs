//! Records as the record service shows them: references with names and links, sublists as links unless expanded.

mod bills;
mod lists;
mod money;
mod orders;
mod returns;

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::account::Account;
use super::model::{Named, TaxDetail};
use super::transaction::Transaction;
use crate::sandbox::number;

/// Shows records of one account.
#[derive(Debug)]
pub(super) struct Renderer<'a> {
    pub account: &'a Account,
    /// `https://….suitetalk.api.netsuite.com/services/rest/record/v1`
    pub base: &'a str,
    pub expand: bool,
}

/// The words for a sales order's status letter.
pub(super) fn status_name(letter: char) -> &'static str {
    match letter {
        'A' => "Pending Approval",
        'B' => "Pending Fulfillment",
        'C' => "Cancelled",
        'D' => "Partially Fulfilled",
        'E' => "Pending Billing/Partially Fulfilled",
        'F' => "Pending Billing",
        'G' => "Billed",
        _ => "Closed",
    }
}

pub(super) fn ship_status_name(letter: char) -> &'static str {
    match letter {
        'A' => "Picked",
        'B' => "Packed",
        _ => "Shipped",
    }
}

/// The words for a return authorisation's status letter.
pub(super) fn return_status_name(letter: char) -> &'static str {
    match letter {
        'A' => "Pending Approval",
        'B' => "Pending Receipt",
        'C' => "Cancelled",
        'D' => "Partially Received",
        'E' => "Pending Refund/Partially Received",
        'F' => "Pending Refund",
        'G' => "Refunded",
        _ => "Closed",
    }
}

fn enumeration(letter: char, name: &str) -> Value {
    json!({ "id": letter.to_string(), "refName": name })
}

fn price_level(custom: bool) -> Value {
    if custom { json!({ "id": "-1", "refName": "Custom" }) } else { json!({ "id": "1", "refName": "Base Price" }) }
}

impl Renderer<'_> {
    fn link(&self, path: &str) -> Value {
        json!([{ "rel": "self", "href": format!("{}/{path}", self.base) }])
    }

    fn reference(&self, record: &str, named: &Named) -> Value {
        json!({ "links": self.link(&format!("{record}/{}", named.id)), "id": named.id.to_string(), "refName": named.name })
    }

    fn found(&self, record: &str, list: &[Named], id: Option<u64>) -> Option<Value> {
        let named = list.iter().find(|named| Some(named.id) == id)?;
        Some(self.reference(record, named))
    }

    fn location(&self, id: Option<u64>) -> Option<Value> {
        self.account.locations.get(&id?).map(|found| self.reference("location", &Named::new(found.id, &found.name)))
    }

    fn subsidiary(&self, id: u64) -> Option<Value> {
        self.found("subsidiary", &self.account.subsidiaries, Some(id))
    }

    fn department(&self, id: Option<u64>) -> Option<Value> {
        self.found("department", &self.account.departments, id)
    }

    fn class(&self, id: Option<u64>) -> Option<Value> {
        self.found("classification", &self.account.classes, id)
    }

    fn ledger_account(&self, id: Option<u64>) -> Option<Value> {
        let account = self.account.accounts.iter().find(|known| Some(known.id) == id)?;
        Some(self.reference("account", &Named::new(account.id, &account.name)))
    }

    fn method(&self, id: Option<u64>) -> Option<Value> {
        self.found("paymentMethod", &self.account.payment_methods, id)
    }

    fn customer(&self, id: u64) -> Value {
        let name = self.account.customers.get(&id).map(|customer| customer.entity_id.clone()).unwrap_or_default();
        self.reference("customer", &Named { id, name })
    }

    fn item(&self, id: u64) -> Value {
        let Some(item) = self.account.items.get(&id) else { return Value::Null };
        self.reference(item.kind.record_type(), &Named { id, name: item.sku.clone() })
    }

    fn terms(&self, id: Option<u64>) -> Option<Value> {
        let (named, _) = self.account.terms.iter().find(|(named, _)| Some(named.id) == id)?;
        Some(self.reference("term", named))
    }

    fn period(&self, date: jiff::civil::Date) -> Option<Value> {
        let period = self.account.month(date)?;
        Some(self.reference("accountingPeriod", &Named::new(period.id, &period.name)))
    }

    fn sublist(&self, path: &str, name: &str, items: &[Value]) -> Value {
        let own_link = self.link(&format!("{path}/{name}"));
        if !self.expand {
            return json!({ "links": own_link });
        }
        let count = items.len();
        json!({ "links": own_link, "items": items, "count": count, "offset": 0, "hasMore": false, "totalResults": count })
    }

    /// The fields that every record has.
    fn record(&self, path: &str, id: u64, fields: Vec<(&str, Option<Value>)>) -> Map<String, Value> {
        let mut record = Map::new();
        record.insert("links".to_owned(), self.link(path));
        if id > 0 {
            record.insert("id".to_owned(), id.to_string().into());
        }
        for (name, value) in fields {
            if let Some(value) = value {
                record.insert(name.to_owned(), value);
            }
        }
        record
    }

    /// The transaction that another one was made from.
    fn source(&self, id: Option<u64>) -> Option<Value> {
        let source = self.account.transaction(id?)?;
        let named = Named { id: id?, name: source.title(self.account) };
        Some(self.reference(source.kind().record_type(), &named))
    }

    /// What every transaction shows: ids, dates, memo, where it came from, its status in words.
    fn transaction(&self, of: Transaction<'_>, more: Vec<(&str, Option<Value>)>) -> Value {
        let head = of.head(self.account);
        let status = of.status_name(self.account);
        let mut record = self.record(
            &format!("{}/{}", of.kind().record_type(), head.id),
            head.id,
            vec![
                ("externalId", head.external_id.map(Value::from)),
                ("tranId", Some(head.tran_id.into())),
                ("tranDate", Some(head.date.to_string().into())),
                ("memo", head.memo.map(Value::from)),
                ("createdFrom", self.source(head.created_from)),
                ("currency", Some(self.reference("currency", &self.account.currency))),
                ("exchangeRate", Some(json!(1.0))),
                ("postingPeriod", of.kind().posts().then(|| self.period(head.date)).flatten()),
                ("status", Some(json!({ "id": status, "refName": status }))),
                ("createdDate", Some(head.created.to_string().into())),
                ("lastModifiedDate", Some(head.modified.to_string().into())),
            ],
        );
        record.extend(more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        record.extend(head.custom.cloned().unwrap_or_default());
        Value::Object(record)
    }

    /// `inventoryDetail` of a line that names numbers or bins.
    fn detail(&self, quantity: Decimal, numbers: &[(u64, Decimal)], bins: &[(u64, Decimal)]) -> Option<Value> {
        let count = numbers.len().max(bins.len());
        let row = |place: usize| {
            let (number, bin) = (numbers.get(place), bins.get(place));
            let quantity = number.or(bin).map_or(Decimal::ZERO, |(_, quantity)| *quantity);
            let name = |id: u64| self.account.numbers.get(&id).map(|number| number.number.clone()).unwrap_or_default();
            let bin_name = |id: u64| self.account.bins.get(&id).map(|bin| bin.number.clone()).unwrap_or_default();
            let mut row = json!({ "quantity": number::write(quantity) });
            if let Some((id, _)) = number {
                row["issueInventoryNumber"] = self.reference("inventoryNumber", &Named { id: *id, name: name(*id) });
            }
            if let Some((id, _)) = bin {
                row["binNumber"] = self.reference("bin", &Named { id: *id, name: bin_name(*id) });
            }
            row
        };
        let rows: Vec<Value> = (0..count).map(row).collect();
        (count > 0).then(|| json!({ "quantity": number::write(quantity), "inventoryAssignment": { "items": rows } }))
    }

    /// The rows of `taxDetails` for a line: as they were told, or as they are computed.
    fn tax_rows(&self, reference: &str, told: Option<&[TaxDetail]>, rate: Decimal, amount: Decimal, tax: Decimal) -> Vec<Value> {
        if !self.account.preferences.suite_tax {
            return Vec::new();
        }
        let codes = [&self.account.tax_code, &self.account.no_tax_code];
        let row = |code: u64, basis: Decimal, rate: Decimal, tax: Decimal| {
            json!({
                "taxDetailsReference": reference,
                "taxType": self.reference("taxType", &self.account.tax_type),
                "taxCode": codes.iter().find(|known| known.id == code).map(|known| self.reference("salesTaxItem", known)),
                "taxRate": number::write(rate),
                "taxBasis": number::write(basis),
                "taxAmount": number::write(tax),
            })
        };
        if let Some(told) = told {
            return told.iter().map(|detail| row(detail.tax_code, detail.basis, detail.rate, detail.amount)).collect();
        }
        let code = if rate > Decimal::ZERO { &self.account.tax_code } else { &self.account.no_tax_code };
        vec![row(code.id, amount, rate, tax)]
    }
}
