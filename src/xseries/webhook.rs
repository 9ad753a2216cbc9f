//! X-Series' webhooks: whether one is genuine, and which sale it speaks of.

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::percent_decode;
use serde_json::Value;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use thiserror::Error;

use super::wire::sale::unwrap_sale;
use super::wire::value::id;
use crate::config::{Secret, XSeriesVerify};
use crate::domain::ids::SaleId;
use crate::net::pick::Pick;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// How a webhook was told to be genuine; for the log, as the vendor does not document what exactly is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// Signed over the raw body.
    Body,
    /// Signed over the decoded `payload` field.
    Payload,
    /// By the token in its address.
    PathToken,
}

/// A genuine webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// How that was told.
    pub variant: Variant,
}

/// Why a webhook is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// No `X-Signature`.
    #[error("the webhook is not signed")]
    Unsigned,
    /// `X-Signature` cannot be read.
    #[error("the X-Signature header cannot be read")]
    Unreadable,
    /// Another algorithm than HMAC-SHA256.
    #[error("the X-Signature algorithm is not HMAC-SHA256")]
    Algorithm,
    /// The signature is not that of any secret.
    #[error("the webhook's signature is wrong")]
    Signature,
    /// A token in the address of a connection whose webhooks are signed.
    #[error("webhooks of this connection are signed and have no token in their address")]
    UnexpectedToken,
    /// No token in the address, or another.
    #[error("the token in the webhook's address is wrong")]
    Token,
}

/// What a webhook speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The type of event: as the webhook names it, or as the payload's shape tells.
    pub kind: String,
    /// The sale, if it speaks of one.
    pub sale_id: Option<SaleId>,
}

/// A genuine webhook that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Malformed {
    /// No `payload` field.
    #[error("the webhook has no payload")]
    NoPayload,
    /// The payload is no JSON object.
    #[error("the webhook's payload is no JSON object")]
    NotAnObject,
    /// A sale without an id.
    #[error("the webhook's sale has no id")]
    NoSaleId,
}

/// Tells whether a webhook is genuine, in constant time. `allow_payload` accepts a signature over the decoded `payload` field
/// beside one over the raw body.
pub fn verify(
    verify: &XSeriesVerify,
    allow_payload: bool,
    signature_header: Option<&[u8]>,
    path_token: Option<&str>,
    body: &[u8],
) -> Result<Verified, Refusal> {
    match (verify, path_token) {
        (XSeriesVerify::PathToken { token }, Some(given)) if same(token, given) => Ok(Verified { variant: Variant::PathToken }),
        (XSeriesVerify::PathToken { .. }, _) => Err(Refusal::Token),
        (XSeriesVerify::Signature { .. }, Some(_)) => Err(Refusal::UnexpectedToken),
        (XSeriesVerify::Signature { secrets }, None) => {
            let signature = read_header(signature_header.ok_or(Refusal::Unsigned)?)?;
            if signed(secrets, body, &signature) {
                return Ok(Verified { variant: Variant::Body });
            }
            match form_field(body, b"payload").filter(|_| allow_payload) {
                Some(payload) if signed(secrets, &payload, &signature) => Ok(Verified { variant: Variant::Payload }),
                _ => Err(Refusal::Signature),
            }
        }
    }
}

/// Reads what a webhook speaks of, from a form with a `payload` field or from a bare JSON body.
pub fn parse(body: &[u8]) -> Result<Notice, Malformed> {
    // No form starts with a brace: it would be encoded.
    let bare = body.trim_ascii_start().starts_with(b"{");
    let json = if bare { Cow::Borrowed(body) } else { Cow::Owned(form_field(body, b"payload").ok_or(Malformed::NoPayload)?) };
    // What exactly is wrong with the JSON is of no use: it cannot be asked for again.
    let payload = READ.read(&json).ok().filter(Value::is_object).ok_or(Malformed::NotAnObject)?;
    let named = if bare { None } else { form_field(body, b"type") };
    let named = named.and_then(|name| String::from_utf8(name).ok()).map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    let is_sale = match &named {
        Some(name) => name.starts_with("sale.") || has_any(&payload, &["register_sale_products", "register_sale", "register_sales"]),
        // A payload that tells nothing of itself wakes the sale of its id: that is read afresh anyway.
        None => matches!(shape(&payload), "sale.update" | UNKNOWN),
    };
    let sale_id = if is_sale {
        let sale = unwrap_sale(&payload).ok_or(Malformed::NoSaleId)?;
        let known = named.is_some() || shape(&payload) != UNKNOWN;
        let sale_id = id(sale, &["/id"]).filter(|id| known || uuid::Uuid::parse_str(id).is_ok()).ok_or(Malformed::NoSaleId)?;
        Some(SaleId::from(sale_id))
    } else {
        None
    };
    let kind = if sale_id.is_some() { "sale.update" } else { shape(&payload) };
    Ok(Notice { kind: named.unwrap_or_else(|| kind.to_owned()), sale_id })
}

/// The type of event that a payload's fields tell. Payloads do not name it themselves.
fn shape(payload: &Value) -> &'static str {
    let record = unwrap_sale(payload).unwrap_or(payload);
    if has_any(payload, &["register_sale", "register_sales"]) || has_any(record, SALE) {
        "sale.update"
    } else if has_any(record, CUSTOMER) {
        "customer.update"
    } else if has_any(record, INVENTORY) {
        "inventory.update"
    } else if has_any(record, PRODUCT) {
        "product.update"
    } else {
        UNKNOWN
    }
}

/// A shape that none of the payloads we know has.
const UNKNOWN: &str = "unknown";

/// Fields that only a sale, a customer, a stock level or a product has.
const SALE: &[&str] =
    &["register_sale_products", "register_sale_payments", "line_items", "sale_date", "return_for", "total_price", "totals"];
const CUSTOMER: &[&str] = &["customer_code", "customer_group_id"];
const INVENTORY: &[&str] = &["inventory_level", "current_inventory_level", "current_amount"];
const PRODUCT: &[&str] = &["handle", "sku", "variant_parent_id", "supply_price"];

/// What of a payload is read: in whatever a sale may come wrapped in, its id, and what tells its shape.
static READ: Pick = Pick {
    values: &["id"],
    marks: &[SALE, CUSTOMER, INVENTORY, PRODUCT],
    within: &[("data", &READ), ("register_sale", &READ), ("register_sales", &READ)],
};

fn has_any(value: &Value, names: &[&str]) -> bool {
    names.iter().any(|name| value.get(name).is_some())
}

/// Reads `signature=…,algorithm=HMAC-SHA256`: members in any order, split at their first `=`, as base64 ends in one.
fn read_header(header: &[u8]) -> Result<[u8; 32], Refusal> {
    let header = std::str::from_utf8(header).ok().ok_or(Refusal::Unreadable)?;
    let (mut signature, mut algorithm) = (None, None);
    for member in header.split(',') {
        let (name, value) = member.split_once('=').unwrap_or((member, ""));
        let value = value.trim().trim_matches('"');
        let place = match name.trim().to_ascii_lowercase().as_str() {
            "signature" => &mut signature,
            "algorithm" => &mut algorithm,
            _ => continue,
        };
        // Said twice, it is not said at all.
        if place.replace(value).is_some() {
            return Err(Refusal::Unreadable);
        }
    }
    if algorithm.is_some_and(|algorithm| !algorithm.eq_ignore_ascii_case("HMAC-SHA256")) {
        return Err(Refusal::Algorithm);
    }
    signature.and_then(decode).ok_or(Refusal::Unreadable)
}

/// Hex, base64 or base64url of 32 bytes; the vendor does not document which.
fn decode(text: &str) -> Option<[u8; 32]> {
    if text.len() == 64 {
        let nibble = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = nibble(*pair.first()?)? << 4 | nibble(*pair.get(1)?)?;
        }
        return Some(bytes);
    }
    let bytes = BASE64.decode(text).or_else(|_| BASE64_URL.decode(text)).ok()?;
    bytes.try_into().ok()
}

/// Whether any of the secrets made the signature; every one is tried, whatever the first says.
fn signed(secrets: &[Secret], message: &[u8], signature: &[u8; 32]) -> bool {
    let mut found = false;
    // An empty secret is no secret.
    for secret in secrets.iter().filter(|secret| !secret.expose().is_empty()) {
        // A key of any length is taken.
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) {
            mac.update(message);
            found |= mac.verify_slice(signature).is_ok();
        }
    }
    found
}

/// Compares in constant time; over digests, so that not even the length shows.
fn same(secret: &Secret, given: &str) -> bool {
    let digests_match = Sha256::digest(secret.expose()).ct_eq(&Sha256::digest(given));
    !secret.expose().is_empty() && bool::from(digests_match)
}

/// The first field of that name in a form, decoded.
fn form_field(body: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let decode = |text: &[u8]| -> Vec<u8> {
        let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
        percent_decode(&spaced).collect()
    };
    body.split(|byte| *byte == b'&').find_map(|pair| {
        let end = pair.iter().position(|byte| *byte == b'=')?;
        let (key, value) = pair.split_at(end);
        (decode(key) == name).then(|| decode(value.get(1..).unwrap_or_default()))
    })
}

#[cfg(test)]
#[path = "webhook_tests.rs"]
mod tests;
