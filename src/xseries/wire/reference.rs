//! Reads the rows of everything beside sales.

use rust_decimal::Decimal;
use serde_json::Value;

use super::value::{WireError, amount, flag, id, items, record, required_id, rows, text};
use crate::domain::ids::SaleId;
use crate::domain::reference::{Outlet, PaymentType, Product, Register, Retailer, TaxGroup, TaxRate, TillCustomer, User};
use crate::xseries::reference::{Candidate, Fulfillment, FulfillmentLine, OfSale, SerialNumber, Webhook};

fn name(row: &Value, pointers: &[&str]) -> String {
    text(row, pointers).unwrap_or_default()
}

pub(crate) fn outlet(row: &Value) -> Result<Outlet, WireError> {
    Ok(Outlet {
        id: required_id(row, &["/id"])?,
        name: name(row, &["/name"]),
        time_zone: text(row, &["/time_zone", "/timezone"]),
        default_tax_id: id(row, &["/default_tax_id"]),
    })
}

pub(crate) fn register(row: &Value) -> Result<Register, WireError> {
    Ok(Register {
        id: required_id(row, &["/id"])?,
        name: name(row, &["/name"]),
        outlet_id: id(row, &["/outlet_id"]),
        is_open: flag(row, &["/is_open"]).unwrap_or(false),
    })
}

pub(crate) fn payment_type(row: &Value) -> Result<PaymentType, WireError> {
    let id = required_id(row, &["/id"])?;
    Ok(PaymentType { id, name: name(row, &["/name"]), type_id: text(row, &["/type_id", "/payment_type_id"]) })
}

pub(crate) fn tax_group(row: &Value) -> Result<TaxGroup, WireError> {
    let mut rate = Decimal::ZERO;
    let mut rates = Vec::new();
    for part in items(row, &["/rates"]) {
        let own = amount(part, &["/rate"])?.ok_or_else(|| WireError::missing("/rates/rate"))?;
        rate += own;
        rates.extend(id(part, &["/id"]).map(|id| TaxRate { id, rate: own }));
    }
    if items(row, &["/rates"]).is_empty() {
        rate = amount(row, &["/rate"])?.unwrap_or_default();
    }
    let id = required_id(row, &["/id"])?;
    let is_default = flag(row, &["/is_default", "/default"]).unwrap_or(false);
    Ok(TaxGroup { id, name: name(row, &["/name", "/display_name"]), rate, is_default, rates })
}

pub(crate) fn user(row: &Value) -> Result<User, WireError> {
    Ok(User {
        id: required_id(row, &["/id"])?,
        username: name(row, &["/username"]),
        display_name: text(row, &["/display_name", "/name"]),
        email: text(row, &["/email"]),
    })
}

pub(crate) fn product(row: &Value) -> Result<Product, WireError> {
    Ok(Product {
        id: required_id(row, &["/id"])?,
        sku: text(row, &["/sku"]),
        name: text(row, &["/variant_name", "/name"]),
        is_composite: flag(row, &["/is_composite"]).unwrap_or(false),
    })
}

pub(crate) fn candidate(row: &Value) -> Result<Candidate, WireError> {
    Ok(Candidate {
        product: product(row)?,
        active: flag(row, &["/active", "/is_active"]).unwrap_or(true),
        codes: items(row, &["/product_codes"]).iter().filter_map(|code| text(code, &["/code"])).collect(),
    })
}

pub(crate) fn customer(row: &Value) -> Result<TillCustomer, WireError> {
    let person = [text(row, &["/first_name"]), text(row, &["/last_name"])].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let name = if person.is_empty() { text(row, &["/name", "/company_name"]) } else { Some(person) };
    Ok(TillCustomer {
        id: required_id(row, &["/id"])?,
        code: text(row, &["/customer_code"]),
        email: text(row, &["/email"]),
        name,
        first_name: text(row, &["/first_name"]),
        last_name: text(row, &["/last_name"]),
        company_name: text(row, &["/company_name"]),
        phone: text(row, &["/phone", "/mobile"]),
    })
}

pub(crate) fn retailer(body: &Value) -> Result<Retailer, WireError> {
    let row = record(body).ok_or_else(|| WireError::missing("/data"))?;
    Ok(Retailer {
        id: id(row, &["/id"]),
        currency: text(row, &["/currency/code", "/currency"]),
        discount_product_id: id(row, &["/discount_product_id"]),
        no_tax_group_id: id(row, &["/no_tax_group_id"]),
        time_zone: text(row, &["/timezone", "/time_zone", "/timezone/name", "/timezone/id"]),
    })
}

pub(crate) fn serial_number(row: &Value) -> Result<OfSale<SerialNumber>, WireError> {
    let code = text(row, &["/code"]).ok_or_else(|| WireError::missing("/code"))?;
    let row_of = SerialNumber { code, product_id: id(row, &["/product_id"]), line_item_id: id(row, &["/line_item_id"]) };
    Ok(OfSale { sale_id: id(row, &["/sale_id"]).map(SaleId::from), row: row_of })
}

pub(crate) fn fulfillment(row: &Value) -> Result<OfSale<Fulfillment>, WireError> {
    let kind = name(row, &["/type", "/fulfillment_type"]).to_ascii_uppercase();
    let state = name(row, &["/state", "/fulfillment_state"]).to_ascii_uppercase();
    let lines = items(row, &["/line_items"])
        .iter()
        .map(|line| {
            let sale_line_item_id = required_id(line, &["/sale_line_item_id", "/line_item_id"])?;
            let quantity = amount(line, &["/quantity"])?.ok_or_else(|| WireError::missing("/quantity"))?;
            let done = if state == "FULFILLED" { quantity } else { Decimal::ZERO };
            let fulfilled = amount(line, &["/fulfilled_quantity", "/quantity_fulfilled"])?.unwrap_or(done);
            Ok(FulfillmentLine { sale_line_item_id, quantity, fulfilled })
        })
        .collect::<Result<_, WireError>>()?;
    let row_of = Fulfillment { id: required_id(row, &["/id"])?, kind, state, lines };
    Ok(OfSale { sale_id: id(row, &["/sale_id"]).map(SaleId::from), row: row_of })
}

pub(crate) fn webhook(row: &Value) -> Result<Webhook, WireError> {
    // The url and the id are compared as they stand: neither is ours to change the case of.
    Ok(Webhook {
        id: text(row, &["/id"]).ok_or_else(|| WireError::missing("/id"))?,
        kind: name(row, &["/type"]),
        url: name(row, &["/url"]),
        active: flag(row, &["/active"]).unwrap_or(true),
    })
}

pub(crate) fn webhooks(body: &Value) -> Result<Vec<Webhook>, WireError> {
    rows(body, "webhooks")?.iter().map(webhook).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fixture<T>(text: &str, read: impl Fn(&Value) -> Result<T, WireError>) -> Vec<T> {
        let body: Value = serde_json::from_str(text).unwrap();
        rows(&body, "").unwrap().iter().map(|row| read(row).unwrap()).collect()
    }

    #[test]
    fn outlets_are_read() {
        let outlets = fixture(include_str!("../../../tests/fixtures/x-series/v2.0_outlets.json"), outlet);
        assert_eq!(outlets.len(), 3);
        assert_eq!(outlets[2].name, "Sydney");
        assert_eq!(outlets[2].time_zone.as_deref(), Some("Australia/Sydney"));
        assert_eq!(outlets[0].default_tax_id.as_deref(), Some("b1d192bc-f019-11e3-a0f5-b8ca3a64f8f4"));
    }

    #[test]
    fn a_tax_is_the_sum_of_its_rates() {
        let taxes = fixture(include_str!("../../../tests/fixtures/x-series/v2.0_taxes.json"), tax_group);
        let rates: Vec<_> = taxes.iter().map(|tax| (tax.name.as_str(), tax.rate, tax.is_default)).collect();
        assert_eq!(rates, [("No Tax", dec!(0), false), ("GST", dec!(0.15), true), ("VAT", dec!(0.2), false)]);
        let two = json!({"id": "t", "name": "NY", "rates": [{"rate": 0.04}, {"rate": "0.045"}]});
        assert_eq!(tax_group(&two).unwrap().rate, dec!(0.085));
        let gst = &taxes[1];
        assert_eq!((gst.rates.len(), gst.rates[0].rate), (1, dec!(0.15)));
        assert_ne!(gst.rates[0].id, gst.id, "components name the rate, lines the group");
    }

    #[test]
    fn payment_types_users_products_and_customers_are_read() {
        let types = fixture(include_str!("../../../tests/fixtures/x-series/v2.0_payment_types.json"), payment_type);
        assert_eq!(types.iter().filter_map(|row| row.type_id.as_deref()).collect::<Vec<_>>(), ["118", "106", "3"]);
        let users = fixture(include_str!("../../../tests/fixtures/x-series/v2.0_users.json"), user);
        assert_eq!((users[0].username.as_str(), users[0].display_name.as_deref()), ("apiuser", Some("API User")));
        let products = fixture(include_str!("../../../tests/fixtures/x-series/v2.0_products.json"), candidate);
        assert_eq!(products[2].product.sku.as_deref(), Some("0006"));
        assert_eq!(products[2].codes, ["123456"]);
        assert!(products.iter().all(|row| row.active && !row.product.is_composite));
        let customers = fixture(include_str!("../../../tests/fixtures/x-series/v2.0_customers.json"), customer);
        assert_eq!(customers[0].code.as_deref(), Some("Tony-N4ZJ"));
        assert_eq!((customers[0].name.as_deref(), customers[1].name.as_deref()), (Some("Anthony Stark"), None));
        assert_eq!((customers[0].first_name.as_deref(), customers[0].last_name.as_deref()), (Some("Anthony"), Some("Stark")));
        let row = json!({"id": "c", "company_name": "Gull & Co", "phone": "", "mobile": "021 555 0101"});
        let read = customer(&row).unwrap();
        assert_eq!((read.company_name.as_deref(), read.phone.as_deref()), (Some("Gull & Co"), Some("021 555 0101")));
        let walk_in = customer(&json!({"id": "w", "customer_code": "WALKIN"})).unwrap();
        assert!(walk_in.is_walk_in() && !customers[0].is_walk_in());
    }

    #[test]
    fn a_fulfilment_tells_what_was_handed_over() {
        let row = json!({"id": "1947700198720344064", "sale_id": "81B37E5F-aa50-4fe3-95d3-a3cec73a7e2c", "type": "PICKUP", "state": "STARTED",
            "line_items": [{"sale_line_item_id": "460e1119-2f41-42a3-bd61-3f9639e2e265", "quantity": "5.00", "fulfilled_quantity": "2.00"}]});
        let read = fulfillment(&row).unwrap();
        assert_eq!(read.sale_id.unwrap().as_str(), "81b37e5f-aa50-4fe3-95d3-a3cec73a7e2c");
        let line = &read.row.lines[0];
        assert_eq!(line.sale_line_item_id, "460e1119-2f41-42a3-bd61-3f9639e2e265");
        assert_eq!((line.quantity, line.fulfilled), (dec!(5), dec!(2)));
    }

    #[test]
    fn a_retailer_names_its_currency_and_special_ids() {
        let body = json!({"data": {"id": "r", "currency": {"code": "NZD", "symbol": "$"}, "timezone": "Pacific/Auckland",
            "discount_product_id": "D", "no_tax_group_id": "N", "version": "12"}});
        let read = retailer(&body).unwrap();
        assert_eq!(read.currency.as_deref(), Some("NZD"));
        assert_eq!(read.discount_product_id.as_deref(), Some("d"));
        assert_eq!(read.time_zone.as_deref(), Some("Pacific/Auckland"));
    }
}
