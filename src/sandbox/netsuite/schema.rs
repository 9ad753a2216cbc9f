//! Which field names the records have: those of the REST API Browser's subset beside this crate, and for the records
//! that it leaves out, those that the vendor's help pages name.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::Value;

use super::errors::{ApiError, ApiResult};

static SUBSET: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../contracts/netsuite-rest-2026.1-subset.json")).unwrap_or(Value::Null));

/// Fields that every transaction takes.
const TRANSACTION: &str = "id externalId tranId tranDate memo currency exchangeRate customForm subsidiary location department class";
/// Body fields of a transaction that posts.
const POSTING: &str = "postingPeriod createdFrom";
/// Body fields of a transaction with items.
const WITH_ITEMS: &str = "entity otherRefNum shippingCost shipMethod shipDate email item discountItem discountRate";
/// Body fields of an invoice and of a credit memo.
const INVOICE: &str = "dueDate terms account approvalStatus amountRemaining amountPaid";
const CREDIT_MEMO: &str = "account apply autoApply amountRemaining applied unapplied";
/// Body fields of what moves money.
const MONEY: &str = "paymentMethod paymentOption account undepFunds checkNumber authCode";
/// Line fields of bills and returns.
const BILL_LINE: &str = "orderLine orderDoc line item quantity rate amount grossAmt price description location department class \
    isTaxable inventoryDetail";
/// Line fields of an item receipt.
const RECEIPT_LINE: &str = "orderLine orderDoc line item itemReceive quantity quantityRemaining location restock inventoryDetail";
/// Body fields of payments, deposits and customer refunds.
const PAYMENT: &str = "customer payment arAcct autoApply apply";
const DEPOSIT: &str = "customer salesOrder payment";
const CUSTOMER_REFUND: &str = "customer apply deposit arAcct";
/// Line fields of `apply` and `deposit` sublists.
const APPLY: &str = "doc apply amount line disc";
/// Body fields of an item fulfilment that the subset leaves out; the help pages send the first one.
const FULFILMENT_MORE: &str = "inventoryLocation inventorySubsidiary";
/// Body and line fields of a sales order that the subset leaves out.
const ORDER_MORE: &str = "email paymentMethod toBeEmailed";
const ORDER_LINE_MORE: &str = "department class";
/// Body fields of a customer.
const CUSTOMER: &str = "id externalId entityId isPerson companyName firstName middleName lastName salutation email phone altPhone \
    mobilePhone subsidiary entityStatus isInactive terms currency comments category customForm taxable receivablesAccount priceLevel url";
/// Fields of the `SuiteTax` feature.
const SUITE_TAX: &str = "taxDetailsOverride taxDetails taxDetailsReference";
const TAX_DETAIL: &str = "taxDetailsReference taxType taxCode taxBasis taxRate taxAmount";

fn of_subset(key: &str) -> BTreeSet<&'static str> {
    SUBSET.get(key).and_then(Value::as_object).map(|fields| fields.keys().map(String::as_str).collect()).unwrap_or_default()
}

/// The names that may stand at a place: a record type, or a record type's sublist.
fn names(place: &str) -> BTreeSet<&'static str> {
    let lists = |fields: &[&'static str]| fields.iter().flat_map(|list| list.split_whitespace()).collect::<BTreeSet<_>>();
    let with = |fields: BTreeSet<&'static str>, more: &'static str| fields.into_iter().chain(more.split_whitespace()).collect();
    let tax_body = "taxDetailsOverride taxDetails";
    match place {
        "salesOrder" => with(with(of_subset("salesOrder"), ORDER_MORE), tax_body),
        "itemFulfillment" => with(of_subset("itemFulfillment"), FULFILMENT_MORE),
        "salesOrder.item" => with(with(of_subset("salesOrder.item.items[]"), ORDER_LINE_MORE), "taxDetailsReference"),
        "itemFulfillment.item" | "itemFulfillment.package" => of_subset(&format!("{place}.items[]")),
        "invoice" => lists(&[TRANSACTION, POSTING, WITH_ITEMS, INVOICE, tax_body]),
        "cashSale" | "cashRefund" => lists(&[TRANSACTION, POSTING, WITH_ITEMS, MONEY, tax_body]),
        "creditMemo" => lists(&[TRANSACTION, POSTING, WITH_ITEMS, CREDIT_MEMO, tax_body]),
        "returnAuthorization" => lists(&[TRANSACTION, WITH_ITEMS, "orderStatus createdFrom", tax_body]),
        "invoice.item" | "cashSale.item" | "cashRefund.item" | "creditMemo.item" => lists(&[BILL_LINE, "taxDetailsReference"]),
        "returnAuthorization.item" => lists(&[BILL_LINE, "taxDetailsReference isClosed"]),
        "itemReceipt" => lists(&[TRANSACTION, POSTING, "item"]),
        "itemReceipt.item" => lists(&[RECEIPT_LINE]),
        "customerPayment" => lists(&[TRANSACTION, POSTING, MONEY, PAYMENT]),
        "customerDeposit" => lists(&[TRANSACTION, POSTING, MONEY, DEPOSIT]),
        "depositApplication" => lists(&[TRANSACTION, POSTING, "arAcct apply"]),
        "customerRefund" => lists(&[TRANSACTION, POSTING, "paymentMethod paymentOption account checkNumber", CUSTOMER_REFUND]),
        "customer" => lists(&[CUSTOMER]),
        "inventoryDetail" => lists(&["quantity location unit inventoryAssignment"]),
        "inventoryAssignment" => SUBSET["inventoryDetail"]["inventoryAssignment"]["items[]"]
            .as_object()
            .map(|fields| fields.keys().map(String::as_str).collect())
            .unwrap_or_default(),
        _ => match place.split_once('.') {
            Some((_, "apply" | "deposit")) => lists(&[APPLY]),
            Some((_, "taxDetails")) => lists(&[TAX_DETAIL]),
            _ => BTreeSet::new(),
        },
    }
}

/// What the account has, as far as names depend on it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Features<'a> {
    pub custom_fields: &'a [String],
    pub suite_tax: bool,
}

impl Features<'_> {
    fn has(self, known: &BTreeSet<&str>, name: &str, custom_prefix: &str) -> bool {
        let off = !self.suite_tax && SUITE_TAX.split_whitespace().any(|field| field == name);
        let custom = name.starts_with(custom_prefix) && self.custom_fields.iter().any(|field| field == name);
        custom || (known.contains(name) && !off)
    }
}

/// Refuses the first name in a body that its record does not have, as `X-NetSuite-PropertyNameValidation: Error` does.
pub(super) fn check(record: &str, body: &Value, features: Features<'_>) -> ApiResult<()> {
    let known = names(record);
    for (name, value) in body.as_object().into_iter().flatten() {
        if !features.has(&known, name, "custbody_") || name == "links" || name == "refName" {
            return Err(ApiError::unknown_property(name, name));
        }
        check_sublist(record, name, value, features)?;
    }
    Ok(())
}

fn check_sublist(record: &str, name: &str, value: &Value, features: Features<'_>) -> ApiResult<()> {
    if !matches!(name, "item" | "package" | "apply" | "deposit" | "taxDetails") {
        return Ok(());
    }
    if let Some(other) = value.as_object().and_then(|list| list.keys().find(|key| *key != "items" && *key != "links")) {
        return Err(ApiError::unknown_property(other, format!("{name}.{other}")));
    }
    let known = names(&format!("{record}.{name}"));
    for (place, line) in value["items"].as_array().into_iter().flatten().enumerate() {
        for (field, value) in line.as_object().into_iter().flatten() {
            let path = format!("{name}.items[{place}].{field}");
            if !features.has(&known, field, "custcol_") {
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
