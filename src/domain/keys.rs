//! The deterministic keys of everything we make, and digests of what we wrote and saw.
//!
//! The same effect always has the same key, so a second attempt meets the first instead of repeating it.

use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::ids::{ConnectionId, RecordId, SaleId};
use super::record::RecordKind;

/// The namespace of our UUIDv5 ids; fixed for ever.
const NAMESPACE: Uuid = Uuid::from_u128(0x7d1f_5c0e_2b52_4d5a_9a5e_6f1b_0c37_41e9);

/// The id of the sale that a sales order is sent as.
pub fn sale_id(connection: &ConnectionId, order: &RecordId) -> SaleId {
    SaleId::new(Uuid::new_v5(&NAMESPACE, format!("sale/{connection}/{order}").as_bytes()).to_string())
}

/// The id of a sale's line that stands for a sales order's line.
pub fn line_id(sale: &SaleId, line: &str) -> String {
    Uuid::new_v5(&NAMESPACE, format!("line/{sale}/{line}").as_bytes()).to_string()
}

/// The id of the payment that a sale sent from NetSuite carries.
pub fn payment_id(sale: &SaleId) -> String {
    Uuid::new_v5(&NAMESPACE, format!("payment/{sale}").as_bytes()).to_string()
}

/// An `externalId`: `tb-<kind>-<record>-<number>-<connection>`; letters, digits and `-` only, as NetSuite allows no more.
pub fn external_id(kind: &str, connection: &ConnectionId, record: &str, number: usize) -> String {
    let record: String = record.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    format!("tb-{kind}-{record}-{number}-{}", &digest(connection.as_str().as_bytes())[..8])
}

/// The `externalId` of the NetSuite customer that a customer of the till becomes; the second one where the first is gone.
pub fn customer_key(connection: &ConnectionId, customer: &str, number: usize) -> String {
    external_id("cust", connection, customer, number)
}

/// The `externalId` of the record that a sale of the till becomes.
pub fn booking_key(kind: RecordKind, connection: &ConnectionId, sale: &SaleId) -> String {
    external_id(word(kind), connection, sale.as_str(), 1)
}

fn word(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::SalesOrder => "so",
        RecordKind::ItemFulfillment => "tif",
        RecordKind::Invoice => "tinv",
        RecordKind::CashSale => "tcs",
        RecordKind::CustomerPayment => "pay",
        RecordKind::CustomerDeposit => "dep",
        RecordKind::DepositApplication => "da",
        RecordKind::ReturnAuthorization => "ra",
        RecordKind::ItemReceipt => "rcpt",
        RecordKind::CashRefund => "cr",
        RecordKind::CreditMemo => "cm",
        RecordKind::CustomerRefund => "ref",
    }
}

/// The keys of every record that is made of a sale itself; payments and deposits have keys of their own.
pub fn booking_keys(connection: &ConnectionId, sale: &SaleId) -> Vec<String> {
    BOOKED.into_iter().map(|kind| booking_key(kind, connection, sale)).collect()
}

/// The kinds of record that carry a key of the sale itself.
const BOOKED: [RecordKind; 7] = [
    RecordKind::SalesOrder,
    RecordKind::CashSale,
    RecordKind::Invoice,
    RecordKind::ReturnAuthorization,
    RecordKind::ItemReceipt,
    RecordKind::CashRefund,
    RecordKind::CreditMemo,
];

/// The sale whose sales order carries this key; none where the key is not of ours and this connection.
pub fn sale_of_order_key(connection: &ConnectionId, key: &str) -> Option<SaleId> {
    sale_of(RecordKind::SalesOrder, connection, key)
}

/// The sale of which a record with this key was made; none where the key is not of ours and this connection.
pub fn sale_of_key(connection: &ConnectionId, key: &str) -> Option<SaleId> {
    BOOKED.into_iter().find_map(|kind| sale_of(kind, connection, key))
}

fn sale_of(kind: RecordKind, connection: &ConnectionId, key: &str) -> Option<SaleId> {
    let rest = key.strip_prefix("tb-")?.strip_prefix(word(kind))?.strip_prefix('-')?;
    let middle = rest.strip_suffix(&format!("-1-{}", &digest(connection.as_str().as_bytes())[..8]))?;
    Some(SaleId::new(middle.to_owned())).filter(|sale| booking_key(kind, connection, sale) == key)
}

/// The name of an order that waits for this sale to be booked: by it the sale's order finds who waits.
pub fn waits_for(sale: &SaleId) -> String {
    format!("waits-for-{sale}").to_ascii_lowercase()
}

/// SHA-256 in lower-case hex.
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        text.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
        text.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
        text
    })
}

/// The digest of a value's JSON; struct fields keep their order, so the same value always gives the same digest.
pub fn digest_of(value: &impl Serialize) -> Result<String, serde_json::Error> {
    serde_json::to_vec(value).map(|bytes| digest(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_sales_order_always_gives_the_same_sale() {
        let (shop, other) = (ConnectionId::from("shop"), ConnectionId::from("other"));
        let order = RecordId::from("766");
        assert_eq!(sale_id(&shop, &order), sale_id(&shop, &order));
        assert_ne!(sale_id(&shop, &order), sale_id(&other, &order));
        assert_ne!(sale_id(&shop, &order), sale_id(&shop, &RecordId::from("767")));
    }

    #[test]
    fn an_external_id_holds_only_what_netsuite_allows() {
        let id = external_id("pay", &ConnectionId::from("a|b"), "b8ca3a65-0183/11:e4|x", 1);
        assert!(id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{id}");
    }

    #[test]
    fn each_record_of_a_sale_has_a_key_of_its_own() {
        let (shop, sale) = (ConnectionId::from("shop"), SaleId::from("b8ca3a65-0183-11e4-fbb5-2816f1b0f5a5"));
        let keys = booking_keys(&shop, &sale);
        assert_eq!(keys.iter().collect::<std::collections::BTreeSet<_>>().len(), 7);
        assert_eq!(sale_of_order_key(&shop, &keys[0]), Some(sale.clone()));
        assert_eq!(sale_of_order_key(&ConnectionId::from("other"), &keys[0]), None);
        assert!(keys[1..].iter().all(|key| sale_of_order_key(&shop, key).is_none()));
        assert!(keys.iter().all(|key| sale_of_key(&shop, key).as_ref() == Some(&sale)));
        assert_eq!(sale_of_key(&shop, &external_id("inv", &shop, "766", 1)), None, "of a sales order");
    }
}
