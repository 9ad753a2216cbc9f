//! Which field names the records have: those of the REST API Browser's subset beside this crate, and for the records
//! that it leaves out, those that the vendor's help pages name.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::Value;

use super::errors::{ApiError, ApiResult};

static SUBSET: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../contracts/netsuite-rest-2026.1-subset.json")).unwrap_or(Value::Null));

/// Body fields of an invoice.
const INVOICE: &str = "id externalId tranId tranDate entity createdFrom dueDate terms postingPeriod account otherRefNum memo \
    approvalStatus amountRemaining amountPaid location department class currency exchangeRate customForm \
    shippingCost shipMethod shipDate email item subsidiary discountItem discountRate";
/// Body fields of a cash sale.
const CASH_SALE: &str = "id externalId tranId tranDate entity createdFrom paymentMethod paymentOption account undepFunds checkNumber \
    authCode postingPeriod location department class currency exchangeRate customForm otherRefNum memo \
    shippingCost shipMethod shipDate email item subsidiary discountItem discountRate";
/// Line fields of both.
const BILL_LINE: &str = "orderLine orderDoc line item quantity rate amount grossAmt price description location department class \
    isTaxable inventoryDetail";
/// Body fields of a customer payment.
const PAYMENT: &str = "id externalId tranId tranDate customer payment account undepFunds arAcct autoApply apply memo currency \
    exchangeRate paymentMethod paymentOption postingPeriod subsidiary location department class";
/// Line fields of its `apply` sublist.
const APPLY: &str = "doc apply amount line disc";
/// Body fields of an item fulfilment that the subset leaves out; the help pages send the first one.
const FULFILMENT_MORE: &str = "inventoryLocation inventorySubsidiary";
/// Body fields of a sales order that the subset leaves out.
const ORDER_MORE: &str = "email paymentMethod toBeEmailed";

fn of_subset(key: &str) -> BTreeSet<&'static str> {
    SUBSET.get(key).and_then(Value::as_object).map(|fields| fields.keys().map(String::as_str).collect()).unwrap_or_default()
}

/// The names that may stand at a place: a record type, or a record type's sublist.
fn names(place: &str) -> BTreeSet<&'static str> {
    let list = |fields: &'static str| fields.split_whitespace().collect::<BTreeSet<_>>();
    let with = |fields: BTreeSet<&'static str>, more: &'static str| fields.into_iter().chain(more.split_whitespace()).collect();
    match place {
        "salesOrder" => with(of_subset("salesOrder"), ORDER_MORE),
        "itemFulfillment" => with(of_subset("itemFulfillment"), FULFILMENT_MORE),
        "salesOrder.item" | "itemFulfillment.item" | "itemFulfillment.package" => of_subset(&format!("{place}.items[]")),
        "invoice" => list(INVOICE),
        "cashSale" => list(CASH_SALE),
        "invoice.item" | "cashSale.item" => list(BILL_LINE),
        "customerPayment" => list(PAYMENT),
        "customerPayment.apply" => list(APPLY),
        "inventoryDetail" => list("quantity location unit inventoryAssignment"),
        "inventoryAssignment" => SUBSET["inventoryDetail"]["inventoryAssignment"]["items[]"]
            .as_object()
            .map(|fields| fields.keys().map(String::as_str).collect())
            .unwrap_or_default(),
        _ => BTreeSet::new(),
    }
}

/// Refuses the first name in a body that its record does not have, as `X-NetSuite-PropertyNameValidation: Error` does.
pub(super) fn check(record: &str, body: &Value, custom: &[String]) -> ApiResult<()> {
    let known = names(record);
    for (name, value) in body.as_object().into_iter().flatten() {
        if is_custom(name, "custbody_", custom) || (known.contains(name.as_str()) && name != "links" && name != "refName") {
            check_sublist(record, name, value, custom)?;
        } else {
            return Err(ApiError::unknown_property(name, name));
        }
    }
    Ok(())
}

fn check_sublist(record: &str, name: &str, value: &Value, custom: &[String]) -> ApiResult<()> {
    if !matches!(name, "item" | "package" | "apply") {
        return Ok(());
    }
    if let Some(other) = value.as_object().and_then(|list| list.keys().find(|key| *key != "items" && *key != "links")) {
        return Err(ApiError::unknown_property(other, format!("{name}.{other}")));
    }
    let known = names(&format!("{record}.{name}"));
    for (place, line) in value["items"].as_array().into_iter().flatten().enumerate() {
        for (field, value) in line.as_object().into_iter().flatten() {
            let path = format!("{name}.items[{place}].{field}");
            if !is_custom(field, "custcol_", custom) && !known.contains(field.as_str()) {
                return Err(ApiError::unknown_property(field, path));
            }
            if field == "inventoryDetail" {
                check_detail(value, &path)?;
            }
        }
    }
    Ok(())
}

fn check_detail(detail: &Value, path: &str) -> ApiResult<()> {
    let unknown = |known: &BTreeSet<&str>, value: &Value| {
        value.as_object().and_then(|fields| fields.keys().find(|name| !known.contains(name.as_str())).cloned())
    };
    if let Some(name) = unknown(&names("inventoryDetail"), detail) {
        return Err(ApiError::unknown_property(&name, format!("{path}.{name}")));
    }
    let known = names("inventoryAssignment");
    for (place, assignment) in detail["inventoryAssignment"]["items"].as_array().into_iter().flatten().enumerate() {
        if let Some(name) = unknown(&known, assignment) {
            return Err(ApiError::unknown_property(&name, format!("{path}.inventoryAssignment.items[{place}].{name}")));
        }
    }
    Ok(())
}

fn is_custom(name: &str, prefix: &str, custom: &[String]) -> bool {
    name.starts_with(prefix) && custom.iter().any(|field| field == name)
}
