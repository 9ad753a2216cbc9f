use std::fmt::Write as _;

use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use proptest::prelude::*;
use serde_json::json;

use super::*;

const SECRET: &str = "client-secret";

fn signature_of(secret: &str, message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn signed_by(secrets: &[&str]) -> XSeriesVerify {
    XSeriesVerify::Signature { secrets: secrets.iter().map(|secret| Secret::new(*secret)).collect() }
}

fn by_token() -> XSeriesVerify {
    XSeriesVerify::PathToken { token: Secret::new("token-of-the-hook") }
}

fn form(payload: &Value) -> Vec<u8> {
    let text = payload.to_string();
    format!("domain_prefix=acme&payload={}", percent_encode(text.as_bytes(), NON_ALPHANUMERIC)).into_bytes()
}

fn check(header: &str, body: &[u8]) -> Result<Variant, Refusal> {
    verify(&signed_by(&[SECRET]), false, Some(header.as_bytes()), None, body).map(|verified| verified.variant)
}

#[test]
fn a_published_vector_holds() {
    // RFC 4231, test case 2.
    let body = b"what do ya want for nothing?";
    let header = "signature=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843,algorithm=HMAC-SHA256";
    assert!(verify(&signed_by(&["Jefe"]), false, Some(header.as_bytes()), None, body).is_ok());
}

#[test]
fn a_signature_is_read_in_every_encoding_and_order() {
    let body = form(&json!({"id": "s"}));
    let mac = signature_of(SECRET, &body);
    let encoded = [
        hex(&mac),
        hex(&mac).to_uppercase(),
        STANDARD.encode(&mac),
        STANDARD_NO_PAD.encode(&mac),
        URL_SAFE.encode(&mac),
        URL_SAFE_NO_PAD.encode(&mac),
    ];
    for signature in &encoded {
        for header in [
            format!("signature={signature},algorithm=HMAC-SHA256"),
            format!("algorithm=hmac-sha256 , signature={signature}"),
            format!(" Signature = \"{signature}\""),
            format!("signature={signature}, keyid=1"),
        ] {
            assert_eq!(check(&header, &body), Ok(Variant::Body), "{header}");
        }
    }
}

#[test]
fn a_wrong_or_unreadable_signature_is_refused() {
    let body = form(&json!({"id": "s"}));
    let good = hex(&signature_of(SECRET, &body));
    let other = hex(&signature_of("another secret", &body));
    for (header, refusal) in [
        (format!("signature={other}"), Refusal::Signature),
        (format!("signature={good},algorithm=HMAC-SHA1"), Refusal::Algorithm),
        (format!("signature={good},algorithm="), Refusal::Algorithm),
        (format!("signature={good},signature={other}"), Refusal::Unreadable),
        ("signature=897hRT893qkA783M093ha903f,algorithm=HMAC-SHA256".to_owned(), Refusal::Unreadable),
        (format!("signature={}", &good[..62]), Refusal::Unreadable),
        (format!("signature={}zz", &good[..62]), Refusal::Unreadable),
        ("signature=".to_owned(), Refusal::Unreadable),
        ("algorithm=HMAC-SHA256".to_owned(), Refusal::Unreadable),
        (good.clone(), Refusal::Unreadable),
        (String::new(), Refusal::Unreadable),
    ] {
        assert_eq!(check(&header, &body), Err(refusal), "{header}");
    }
    let header = format!("signature={good}");
    assert_eq!(check(&header, b"another body"), Err(Refusal::Signature));
    assert_eq!(verify(&signed_by(&[SECRET]), true, None, None, &body), Err(Refusal::Unsigned));
    assert_eq!(verify(&signed_by(&[SECRET]), true, Some(b"\xff\xfe"), None, &body), Err(Refusal::Unreadable));
}

#[test]
fn every_secret_counts_while_secrets_rotate_and_an_empty_one_never_does() {
    let body = form(&json!({"id": "s"}));
    let header = format!("signature={}", hex(&signature_of(SECRET, &body)));
    for secrets in [["new", SECRET], [SECRET, "new"]] {
        assert!(verify(&signed_by(&secrets), false, Some(header.as_bytes()), None, &body).is_ok());
    }
    let empty = format!("signature={}", hex(&signature_of("", &body)));
    assert_eq!(verify(&signed_by(&[""]), false, Some(empty.as_bytes()), None, &body), Err(Refusal::Signature));
    assert_eq!(verify(&signed_by(&[]), false, Some(header.as_bytes()), None, &body), Err(Refusal::Signature));
}

#[test]
fn a_signature_over_the_payload_counts_only_where_it_is_allowed() {
    let payload = json!({"id": "s", "note": "a+b & ümlaut"});
    let body = form(&payload);
    let header = format!("signature={}", hex(&signature_of(SECRET, payload.to_string().as_bytes())));
    let with = |allow| verify(&signed_by(&[SECRET]), allow, Some(header.as_bytes()), None, &body).map(|verified| verified.variant);
    assert_eq!(with(false), Err(Refusal::Signature));
    assert_eq!(with(true), Ok(Variant::Payload));
}

#[test]
fn a_token_counts_only_where_the_connection_has_one() {
    let body = form(&json!({"id": "s"}));
    let header = format!("signature={}", hex(&signature_of(SECRET, &body)));
    let header = Some(header.as_bytes());
    assert_eq!(verify(&signed_by(&[SECRET]), false, header, Some("token-of-the-hook"), &body), Err(Refusal::UnexpectedToken));
    assert_eq!(verify(&by_token(), false, header, None, &body), Err(Refusal::Token));
    assert_eq!(verify(&by_token(), false, header, Some("another"), &body), Err(Refusal::Token));
    assert_eq!(verify(&by_token(), false, None, Some("token-of-the-hook"), &body), Ok(Verified { variant: Variant::PathToken }));
    let none = XSeriesVerify::PathToken { token: Secret::new("") };
    assert_eq!(verify(&none, false, None, Some(""), &body), Err(Refusal::Token));
}

#[test]
fn a_sale_is_found_in_every_shape() {
    let old: Value = serde_json::from_str(include_str!("../../tests/fixtures/x-series/v0.9_sale_layby_closed.json")).unwrap();
    let flat: Value = serde_json::from_str(include_str!("../../tests/fixtures/x-series/v2.0_sale_get.json")).unwrap();
    let list: Value = serde_json::from_str(include_str!("../../tests/fixtures/x-series/v0.9_register_sales_list.json")).unwrap();
    let nested = json!({"id": "ABC", "state": "closed", "totals": {"price": 1}});
    for (payload, id) in [
        (old, "a2961c07-c48b-93c0-11e4-f4386fa3a759"),
        (flat, "b8ca3a65-0183-11e4-fbb5-39f7fce5e39b"),
        (list, "87d6ec9a-572b-d8c1-5fd6-d0656c032d7c"),
        (nested, "abc"),
    ] {
        for body in [form(&payload), payload.to_string().into_bytes()] {
            let notice = parse(&body).unwrap();
            assert_eq!((notice.kind.as_str(), notice.sale_id), ("sale.update", Some(SaleId::from(id))));
        }
    }
}

#[test]
fn other_records_are_no_sales() {
    let customer: Value = serde_json::from_str(include_str!("../../tests/fixtures/x-series/webhook_payload_customer_update.json")).unwrap();
    let products: Value = serde_json::from_str(include_str!("../../tests/fixtures/x-series/v2.0_products.json")).unwrap();
    for (payload, kind) in [
        (customer, "customer.update"),
        (products["data"][0].clone(), "product.update"),
        (json!({"id": "i", "product_id": "p", "outlet_id": "o", "inventory_level": -2}), "inventory.update"),
    ] {
        let notice = parse(&form(&payload)).unwrap();
        assert_eq!((notice.kind.as_str(), notice.sale_id), (kind, None));
    }
}

#[test]
fn a_payload_that_tells_nothing_but_an_id_wakes_that_sale() {
    let id = "0624dbcd-ef13-11e6-e986-ed86b4f36850";
    let notice = parse(&form(&json!({ "id": id }))).unwrap();
    assert_eq!((notice.kind.as_str(), notice.sale_id), ("sale.update", Some(SaleId::from(id))));
    assert_eq!(parse(&form(&json!({ "id": "x" }))).unwrap_err(), Malformed::NoSaleId);
    assert_eq!(parse(&form(&json!({}))).unwrap_err(), Malformed::NoSaleId);
}

#[test]
fn the_type_that_is_named_counts_before_the_shape() {
    let named = |kind: &str, payload: &str| parse(format!("payload={payload}&type={kind}").as_bytes());
    let notice = named("consignment.send", r#"{"id":"c","line_items":[]}"#).unwrap();
    assert_eq!((notice.kind.as_str(), notice.sale_id), ("consignment.send", None));
    let notice = named("sale.update", r#"{"id":"S"}"#).unwrap();
    assert_eq!((notice.kind.as_str(), notice.sale_id), ("sale.update", Some(SaleId::from("s"))));
    assert_eq!(named("", r#"{"id":"S","sale_date":""}"#).unwrap().kind, "sale.update");
}

#[test]
fn what_cannot_be_understood_is_malformed() {
    for (body, malformed) in [
        (&b""[..], Malformed::NoPayload),
        (b"type=sale.update", Malformed::NoPayload),
        (b"payload=", Malformed::NotAnObject),
        (b"payload=nonsense", Malformed::NotAnObject),
        (b"payload=%ff%fe", Malformed::NotAnObject),
        (b"payload=[]", Malformed::NotAnObject),
        (b"payload=%7B%22id%22:1", Malformed::NotAnObject),
        (b"payload={\"register_sale_products\":[]}", Malformed::NoSaleId),
        (b"payload={}&type=sale.update", Malformed::NoSaleId),
        (b"{\"total_price\":1,\"id\":\"\"}", Malformed::NoSaleId),
    ] {
        assert_eq!(parse(body), Err(malformed), "{}", String::from_utf8_lossy(body));
    }
    let deep = format!("payload={}{}", "%5B".repeat(100_000), "%5D".repeat(100_000));
    assert_eq!(parse(deep.as_bytes()), Err(Malformed::NotAnObject));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..200), header in prop::collection::vec(any::<u8>(), 0..120), token in ".{0,20}") {
        let _ = parse(&body);
        let _ = parse(&[b"payload=".as_slice(), &body].concat());
        prop_assert!(verify(&signed_by(&[SECRET]), true, Some(&header), None, &body).is_err());
        prop_assert!(verify(&by_token(), true, Some(&header), Some(&token), &body).is_err());
    }

    #[test]
    fn no_header_of_the_right_form_makes_it_panic(signature in "[0-9a-zA-Z+/_=-]{0,70}", algorithm in "[A-Z0-9-]{0,12}") {
        let _ = check(&format!("signature={signature},algorithm={algorithm}"), b"body");
    }

    #[test]
    fn a_form_field_is_decoded_to_what_was_encoded(text in ".{0,60}") {
        let body = format!("a=1&payload={}", percent_encode(text.as_bytes(), NON_ALPHANUMERIC));
        prop_assert_eq!(form_field(body.as_bytes(), b"payload"), Some(text.clone().into_bytes()));
    }
}
