//! What the account's scripts post to us: who sent it (Standard Webhooks), and which order it speaks of.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;
use thiserror::Error;

use super::account::Account;
use super::wire::read::Fields;
use crate::config::Secret;
use crate::domain::ids::RecordId;
use crate::net::pick::Pick;

/// How far the sender's clock may be from ours, in seconds; older messages may be replayed ones.
const TOLERANCE: i64 = 300;

/// The fields that are read. Scripts send more beside them, up to the whole record.
static READ: Pick = Pick { values: &["type"], marks: &[], within: &[("data", &READ_OF_DATA)] };
static READ_OF_DATA: Pick = Pick { values: &["account_id", "record_type", "record_id", "event", "created_from"], marks: &[], within: &[] };

/// Base64 with or without its padding.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

/// The message is not shown to be genuine. Its body is neither stored nor read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// A header is missing or unreadable.
    #[error("the header {0} is missing")]
    MissingHeader(&'static str),
    /// `webhook-timestamp` is no number of seconds.
    #[error("webhook-timestamp is not a time in seconds")]
    BadTimestamp,
    /// Signed more than five minutes ago.
    #[error("the message is too old")]
    TooOld,
    /// Signed more than five minutes from now: the sender's clock is wrong, or ours.
    #[error("the message comes from the future")]
    TooNew,
    /// None of the signatures was made with one of the secrets.
    #[error("the signature does not match")]
    BadSignature,
}

/// A webhook secret cannot be used.
#[derive(Debug, Error)]
pub enum BadSecret {
    /// It is not base64.
    #[error("the webhook secret is not whsec_ followed by base64")]
    NotBase64(#[source] base64::DecodeError),
    /// It holds nothing.
    #[error("the webhook secret is empty")]
    Empty,
}

/// The body is signed, but it cannot be understood.
#[derive(Debug, Error)]
pub enum Malformed {
    /// It is not JSON.
    #[error("the body is not JSON")]
    NotJson(#[source] serde_json::Error),
    /// A field is missing or has no use.
    #[error("the body has no usable {0}")]
    Field(&'static str),
}

/// What of a script's message is acted on. The rest of it is stored as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    /// `salesorder.edit`
    pub kind: String,
    /// The account it happened in, as the account spells it.
    pub account_id: String,
    /// `salesorder`, `itemfulfillment`, `invoice`, `cashsale`; in lower case.
    pub record_type: String,
    /// The record's internal id; of something else whatever it goes by, or nothing.
    pub record_id: RecordId,
    /// The record that this one was made from.
    pub created_from: Option<RecordId>,
}

impl Callback {
    /// The sales order it speaks of, where it speaks of one.
    pub fn order(&self) -> Option<RecordId> {
        match self.record_type.as_str() {
            "salesorder" => Some(self.record_id.clone()),
            "itemfulfillment" | "invoice" | "cashsale" => self.created_from.clone(),
            _ => None,
        }
    }

    /// It speaks of a bill that was made from no sales order: one that was booked of a sale, or somebody else's.
    pub fn is_of_a_bill_alone(&self) -> bool {
        self.created_from.is_none() && matches!(self.record_type.as_str(), "invoice" | "cashsale")
    }

    /// Whether it comes from this account. After a refresh a sandbox has the scripts and the address of production.
    pub fn is_of(&self, account: &Account) -> bool {
        account.is(&self.account_id)
    }
}

/// Whether a secret can be used: `whsec_` and base64, or base64 alone.
pub fn check_secret(secret: &Secret) -> Result<(), BadSecret> {
    key(secret).map(drop)
}

/// Verifies a message by its headers and its raw body, in constant time. Several secrets may be good while one is
/// replaced, and several signatures may be given.
pub fn verify(secrets: &[Secret], headers: &http::HeaderMap, body: &[u8], now: Timestamp) -> Result<(), Refusal> {
    let header = |name: &'static str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        value.filter(|value| !value.is_empty()).ok_or(Refusal::MissingHeader(name))
    };
    let id = header("webhook-id")?;
    let timestamp = header("webhook-timestamp")?;
    let signatures = header("webhook-signature")?;
    let Ok(signed_at) = timestamp.parse::<i64>() else { return Err(Refusal::BadTimestamp) };
    let age = now.as_second().saturating_sub(signed_at);
    if age > TOLERANCE {
        return Err(Refusal::TooOld);
    }
    if age < -TOLERANCE {
        return Err(Refusal::TooNew);
    }
    let given: Vec<Vec<u8>> = signatures
        .split_whitespace()
        .filter_map(|signature| signature.strip_prefix("v1,"))
        .filter_map(|signature| BASE64.decode(signature).ok())
        .collect();
    for key in secrets.iter().filter_map(|secret| key(secret).ok()) {
        // HMAC takes keys of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else { continue };
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        if given.iter().any(|signature| mac.clone().verify_slice(signature).is_ok()) {
            return Ok(());
        }
    }
    Err(Refusal::BadSignature)
}

/// Reads a body that was verified.
pub fn parse(body: &[u8]) -> Result<Callback, Malformed> {
    let body = READ.read(body).map_err(Malformed::NotJson)?;
    let outer = Fields::of(&body);
    let data = outer.object("data").ok_or(Malformed::Field("data"))?;
    let kind = outer.text("type").ok_or(Malformed::Field("type"))?.to_ascii_lowercase();
    let (record, event) = kind.split_once('.').unwrap_or((kind.as_str(), ""));
    let has_event = !event.is_empty() || data.text("event").is_some();
    let record_type = data.text("record_type").unwrap_or_else(|| record.to_owned()).to_ascii_lowercase();
    // What is not about one of these records, such as a report of the account, needs no internal id: it wakes no order.
    let wakes = ["salesorder", "itemfulfillment", "invoice", "cashsale"].contains(&record_type.as_str());
    let other = || data.text("record_id").filter(|_| !wakes).map(RecordId::from);
    let record_id = data.id("record_id").or_else(other).or_else(|| (!wakes).then(|| RecordId::from("")));
    let account_id = data.text("account_id").ok_or(Malformed::Field("data.account_id"))?;
    let record_id = record_id.ok_or(Malformed::Field("data.record_id"))?;
    if !has_event {
        return Err(Malformed::Field("data.event"));
    }
    Ok(Callback { account_id, record_type, record_id, created_from: data.id("created_from"), kind })
}

fn key(secret: &Secret) -> Result<Vec<u8>, BadSecret> {
    let text = secret.expose().trim();
    let key = BASE64.decode(text.strip_prefix("whsec_").unwrap_or(text)).map_err(BadSecret::NotBase64)?;
    if key.is_empty() { Err(BadSecret::Empty) } else { Ok(key) }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use http::HeaderMap;
    use proptest::prelude::*;

    use super::*;

    // The example of the Standard Webhooks specification's reference libraries.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const BODY: &str = r#"{"test": 2432232314}"#;
    const SIGNED_AT: i64 = 1_614_265_330;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn secret(text: &str) -> Secret {
        Secret::new(text)
    }

    fn headers(signature: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", ID.parse().unwrap());
        headers.insert("webhook-timestamp", SIGNED_AT.to_string().parse().unwrap());
        headers.insert("webhook-signature", signature.parse().unwrap());
        headers
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(SIGNED_AT + seconds).unwrap()
    }

    fn check(secrets: &[&str], signature: &str, body: &str, seconds: i64) -> Result<(), Refusal> {
        let secrets: Vec<Secret> = secrets.iter().map(|text| secret(text)).collect();
        verify(&secrets, &headers(signature), body.as_bytes(), at(seconds))
    }

    #[test]
    fn the_published_example_verifies() {
        assert_eq!(check(&[SECRET], SIGNATURE, BODY, 0), Ok(()));
        assert_eq!(check(&["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], SIGNATURE, BODY, 0), Ok(()), "the prefix may be left out");
    }

    #[test]
    fn any_of_several_secrets_and_signatures_will_do() {
        let old = format!("whsec_{}", STANDARD.encode("the secret before this one"));
        assert_eq!(check(&[&old, SECRET], SIGNATURE, BODY, 0), Ok(()));
        assert_eq!(check(&[SECRET], &format!("v1,AAAA v1a,xyz garbage {SIGNATURE}"), BODY, 0), Ok(()));
        assert_eq!(check(&[&old], SIGNATURE, BODY, 0), Err(Refusal::BadSignature));
        assert_eq!(check(&[], SIGNATURE, BODY, 0), Err(Refusal::BadSignature));
    }

    #[test]
    fn what_was_changed_is_refused() {
        assert_eq!(check(&[SECRET], SIGNATURE, r#"{"test": 2432232315}"#, 0), Err(Refusal::BadSignature));
        assert_eq!(check(&[SECRET], "v1,", BODY, 0), Err(Refusal::BadSignature));
        assert_eq!(check(&[SECRET], &SIGNATURE[..20], BODY, 0), Err(Refusal::BadSignature));
        let mut other = headers(SIGNATURE);
        other.insert("webhook-id", "msg_other".parse().unwrap());
        assert_eq!(verify(&[secret(SECRET)], &other, BODY.as_bytes(), at(0)), Err(Refusal::BadSignature));
    }

    #[test]
    fn five_minutes_either_way_are_tolerated_and_no_more() {
        assert_eq!(check(&[SECRET], SIGNATURE, BODY, 300), Ok(()));
        assert_eq!(check(&[SECRET], SIGNATURE, BODY, -300), Ok(()));
        assert_eq!(check(&[SECRET], SIGNATURE, BODY, 301), Err(Refusal::TooOld));
        assert_eq!(check(&[SECRET], SIGNATURE, BODY, -301), Err(Refusal::TooNew));
        for (time, expected) in
            [("x", Refusal::BadTimestamp), ("9223372036854775807", Refusal::TooNew), ("-9223372036854775808", Refusal::TooOld)]
        {
            let mut odd = headers(SIGNATURE);
            odd.insert("webhook-timestamp", time.parse().unwrap());
            assert_eq!(verify(&[secret(SECRET)], &odd, BODY.as_bytes(), at(0)), Err(expected));
        }
    }

    #[test]
    fn each_header_is_needed() {
        for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
            let mut fewer = headers(SIGNATURE);
            fewer.remove(name);
            assert_eq!(verify(&[secret(SECRET)], &fewer, BODY.as_bytes(), at(0)), Err(Refusal::MissingHeader(name)));
        }
    }

    #[test]
    fn secrets_are_checked_before_they_are_needed() {
        assert!(check_secret(&secret(SECRET)).is_ok());
        assert!(matches!(check_secret(&secret("whsec_not base64!")), Err(BadSecret::NotBase64(_))));
        assert!(matches!(check_secret(&secret("whsec_")), Err(BadSecret::Empty)));
    }

    fn body(kind: &str, record_type: &str, created_from: &str) -> String {
        format!(
            r#"{{"type":"{kind}","timestamp":"2026-11-23T01:02:03Z",
               "data":{{"account_id":"1234567_SB1","record_type":"{record_type}","record_id":"766","tran_id":"SO1043","event":"edit",
               "execution_context":"USERINTERFACE","user_id":"12","created_from":{created_from},"last_modified":"2026-11-23T01:02:02Z"}}}}"#
        )
    }

    #[test]
    fn a_callback_names_its_order() {
        let order = parse(body("salesorder.edit", "salesorder", "null").as_bytes()).unwrap();
        assert_eq!(order.order(), Some(RecordId::from("766")));
        assert_eq!(order.kind, "salesorder.edit");
        let unnamed = parse(body("salesorder", "salesorder", "null").as_bytes()).unwrap();
        assert_eq!((unnamed.kind.as_str(), unnamed.order()), ("salesorder", Some(RecordId::from("766"))), "the event is told beside it");
        for record in ["itemfulfillment", "invoice", "cashsale"] {
            let child = parse(body(&format!("{record}.create"), record, "\"700\"").as_bytes()).unwrap();
            assert_eq!(child.order(), Some(RecordId::from("700")), "{record}");
            let alone = parse(body(&format!("{record}.create"), record, "null").as_bytes()).unwrap();
            assert_eq!(alone.order(), None, "{record} that was made from nothing");
        }
        let other = parse(body("customer.edit", "customer", "\"700\"").as_bytes()).unwrap();
        assert_eq!(other.order(), None);
    }

    #[test]
    fn a_sandboxs_callback_is_not_productions() {
        let callback = parse(body("salesorder.edit", "salesorder", "null").as_bytes()).unwrap();
        assert!(callback.is_of(&Account::parse("1234567-sb1").unwrap()));
        assert!(!callback.is_of(&Account::parse("1234567").unwrap()));
    }

    #[test]
    fn what_cannot_be_understood_says_what_is_missing() {
        assert!(matches!(parse(b"{"), Err(Malformed::NotJson(_))));
        for (text, field) in [
            ("[]", "data"),
            ("7", "data"),
            (r#"{"type":"salesorder.edit","data":null}"#, "data"),
            (r#"{"type":"salesorder.edit","data":["1"]}"#, "data"),
            (r#"{"data":{}}"#, "type"),
            (r#"{"type":"salesorder.edit","data":{"record_id":"1"}}"#, "data.account_id"),
            (r#"{"type":"salesorder.edit","data":{"account_id":"1","record_id":"abc"}}"#, "data.record_id"),
            (r#"{"type":"salesorder","data":{"account_id":"1","record_id":"1"}}"#, "data.event"),
        ] {
            assert!(matches!(parse(text.as_bytes()), Err(Malformed::Field(missing)) if missing == field), "{text}");
        }
    }

    #[test]
    fn what_is_not_read_may_be_anything() {
        let plain = body("salesorder.edit", "salesorder", "null");
        let rest = r#""memo":"a \"Type\"","lines":[{"data":{"record_id":"1"}},[]],"fields":{"event":7,"data":null},"n":1e400,"#;
        let with_rest = plain.replacen(r#""data":{"#, &format!(r#"{rest}"data":{{{rest}"#), 1);
        assert_eq!(parse(with_rest.as_bytes()).unwrap(), parse(plain.as_bytes()).unwrap());
        let spelled = plain.replace("\"data\"", "\"DATA\"").replace("record_id", "Record_Id").replace("\"type\"", "\"t\\u0079pe\"");
        assert_eq!(parse(spelled.as_bytes()).unwrap(), parse(plain.as_bytes()).unwrap());
        let twice = plain.replacen(r#""record_id""#, r#""record_id":"5","record_id""#, 1);
        assert_eq!(parse(twice.as_bytes()).unwrap().record_id, RecordId::from("766"));
    }

    proptest! {
        #[test]
        fn no_message_makes_it_panic(body in prop::collection::vec(any::<u8>(), 0..300), signature in "[ -~]{1,100}") {
            let _ = parse(&body);
            prop_assert!(verify(&[secret(SECRET)], &headers(&signature), &body, at(0)).is_err());
        }
    }
}
