use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const CATALOGUE: &str = include_str!("../../../tests/fixtures/netsuite/error-catalogue.json");

fn refused(status: u16, body: &Value) -> NetSuiteError {
    NetSuiteError::Refused(Box::new(Refusal::read(status, body.to_string().as_bytes())))
}

fn user_error(detail: &str) -> NetSuiteError {
    refused(400, &json!({"o:errorDetails": [{"detail": detail, "o:errorCode": "USER_ERROR"}]}))
}

fn coded(status: u16, code: &str) -> NetSuiteError {
    refused(status, &json!({"o:errorDetails": [{"detail": "…", "o:errorCode": code}]}))
}

fn held(reason: Reason) -> FailureClass {
    FailureClass::Refused(reason)
}

const TRANSIENT: FailureClass = FailureClass::Transient { retry_after: None };

#[test]
fn every_entry_of_the_catalogue_is_classified() {
    let expected: &[(Meaning, FailureClass)] = &[
        (Meaning::Login, held(Reason::Credentials)),
        (Meaning::Refused(Reason::Refused), held(Reason::Refused)),
        (Meaning::NotFound, held(Reason::Refused)),
        (Meaning::NotFound, held(Reason::Refused)),
        (Meaning::NotFound, held(Reason::Refused)),
        (Meaning::Refused(Reason::Refused), held(Reason::Refused)),
        (Meaning::Throttled, TRANSIENT),
        (Meaning::Throttled, TRANSIENT),
        (Meaning::Broken, FailureClass::InDoubt),
        (Meaning::Duplicate, FailureClass::Duplicate),
        (Meaning::Duplicate, FailureClass::Duplicate),
        (Meaning::Refused(Reason::RecordLocked), held(Reason::RecordLocked)),
        (Meaning::Refused(Reason::Permission), held(Reason::Permission)),
        (Meaning::Refused(Reason::Refused), held(Reason::Refused)),
        (Meaning::Refused(Reason::Refused), held(Reason::Refused)),
        (Meaning::Refused(Reason::Refused), held(Reason::Refused)),
        (Meaning::Refused(Reason::Refused), held(Reason::Refused)),
    ];
    let catalogue: Vec<Value> = serde_json::from_str(CATALOGUE).unwrap();
    assert_eq!(catalogue.len(), expected.len());
    for (entry, (meaning, class)) in catalogue.iter().zip(expected) {
        let status = u16::try_from(entry["http"].as_u64().unwrap()).unwrap();
        let error = refused(status, &entry["body"]);
        assert_eq!(error.refusal().unwrap().meaning, *meaning, "{entry}");
        assert_eq!(error.class(true), *class, "{entry}");
        let words = entry["body"]["o:errorDetails"][0]["detail"].as_str().unwrap();
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(error.status(), Some(status));
    }
}

#[test]
fn codes_decide_whatever_the_status() {
    for (status, code, class) in [
        (400, "CONCURRENCY_LIMIT_EXCEEDED", TRANSIENT),
        (429, "CONCURRENCY_LIMIT_EXCEEDED", TRANSIENT),
        (400, "SSS_REQUEST_LIMIT_EXCEEDED", TRANSIENT),
        (429, "EXCEEDED_MAX_CONCUR_RQST", TRANSIENT),
        (400, "RCRD_HAS_BEEN_CHANGED", FailureClass::Conflict),
        (500, "RCRD_HAS_BEEN_CHANGED", FailureClass::Conflict),
        (400, "CLOSED_TRAN_PRD", held(Reason::PeriodClosed)),
        (400, "VALID_LINE_ITEM_REQD", held(Reason::CannotTransform)),
        (400, "INVALID_INITIALIZE_REF", held(Reason::CannotTransform)),
        (400, "DATE_PRD_MISMATCH", held(Reason::PeriodClosed)),
        (400, "OVER_FULFILL_RECEIV_DISALLWD", held(Reason::CannotTransform)),
        (400, "CANT_UPDATE_RECRD_HAS_CHANGED", FailureClass::Conflict),
        (400, "OVERAGE_DISALLWD", held(Reason::TotalsDiffer)),
        (400, "LOCATION_REQD", held(Reason::LocationMissing)),
        (400, "MATCHING_SERIAL_NUM_REQD", held(Reason::InventoryDetailMissing)),
        (400, "DUP_ENTITY_NAME", FailureClass::Duplicate),
        (400, "DUP_RCRD", FailureClass::Duplicate),
        (400, "UNIQUE_RCRD_ID_REQD", FailureClass::Duplicate),
        (400, "NOT_IN_INVT", held(Reason::NotInStock)),
        (400, "NUM_ITEMS_GRTR_THAN_QTY", held(Reason::NotInStock)),
        (403, "INSUFFICIENT_PERMISSION", held(Reason::Permission)),
        (400, "INSUFFICIENT_PERMISSION", held(Reason::Permission)),
        (500, "UNEXPECTED_ERROR", FailureClass::InDoubt),
        (400, "SSS_TIME_LIMIT_EXCEEDED", FailureClass::InDoubt),
        (400, "SOMETHING_NEW", held(Reason::Refused)),
        (418, "SOMETHING_NEW", held(Reason::Refused)),
    ] {
        assert_eq!(coded(status, code).class(true), class, "{status} {code}");
        assert_eq!(coded(status, code).code(), Some(code));
    }
    assert_eq!(coded(500, "UNEXPECTED_ERROR").class(false), TRANSIENT);
}

#[test]
fn texts_decide_where_the_code_says_nothing() {
    for (text, class) in [
        ("You must have at least one valid line item for this transaction.", held(Reason::CannotTransform)),
        ("You can not initialize invoice: invalid reference 7281.", held(Reason::CannotTransform)),
        ("Please configure the inventory detail in line 2 of the item list.", held(Reason::InventoryDetailMissing)),
        ("Please enter value(s) for: Location", held(Reason::LocationMissing)),
        ("Please enter value(s) for: Items list: Location", held(Reason::LocationMissing)),
        ("Please enter value(s) for: Allocation Strategy", held(Reason::Refused)),
        ("Record has been changed", FailureClass::Conflict),
        ("RCRD_HAS_BEEN_CHANGED: Record has been changed", FailureClass::Conflict),
        ("The posting period is closed.", held(Reason::PeriodClosed)),
        ("The transaction date is not within the posting period you selected.", held(Reason::PeriodClosed)),
        ("You cannot apply more than the amount of this deposit.", held(Reason::TotalsDiffer)),
        ("The amount 50 applied to INV7 is more than the amount remaining, 20.", held(Reason::TotalsDiffer)),
        ("The amount applied exceeds the amount remaining on the invoice.", held(Reason::TotalsDiffer)),
        ("A kit with serialized members cannot be on a stand-alone cash sale.", held(Reason::InventoryDetailMissing)),
        ("This kit has members that use bins. Enter a sales order first.", held(Reason::InventoryDetailMissing)),
        ("This entity already exists.", FailureClass::Duplicate),
        ("A record with this external ID already exists.", FailureClass::Duplicate),
        ("This external id has already been used.", FailureClass::Duplicate),
        ("Duplicate externalId tb-if-1", FailureClass::Duplicate),
        ("{\"type\":\"error.SuiteScriptError\",\"name\":\"NOT_IN_INVT\"}", held(Reason::NotInStock)),
        ("Your current role does not have permission to perform this action.", held(Reason::Permission)),
        ("The credit limit of this customer is exceeded.", held(Reason::Refused)),
    ] {
        assert_eq!(user_error(text).class(true), class, "{text}");
        assert_eq!(refused(400, &json!({"o:errorDetails": [{"detail": text}]})).class(true), class, "{text}");
    }
    // A known code is not overruled by its text.
    let body = json!({"o:errorDetails": [{"detail": "The item already exists", "o:errorCode": "INVALID_CONTENT"}]});
    assert_eq!(refused(400, &body).class(true), held(Reason::Refused));
}

#[test]
fn the_detail_that_decides_is_shown_first_and_none_is_lost() {
    let body = json!({"o:errorDetails": [
        {"detail": "Something else", "o:errorCode": "USER_ERROR"},
        {"detail": "Closed.", "o:errorCode": "CLOSED_TRAN_PRD", "o:errorPath": "postingPeriod"}]});
    let error = refused(400, &body);
    assert_eq!(error.class(true), held(Reason::PeriodClosed));
    assert_eq!(error.to_string(), "NetSuite answered 400 CLOSED_TRAN_PRD: Closed. (at postingPeriod); Something else");
}

#[test]
fn other_shapes_and_no_shape_are_read() {
    let script = json!({"error": {"code": "SSS_REQUEST_LIMIT_EXCEEDED", "message": "Request limit exceeded."}});
    assert_eq!(refused(400, &script).class(true), TRANSIENT);
    let read = |status: u16, body: &str| NetSuiteError::Refused(Box::new(Refusal::read(status, body.as_bytes())));
    let html = "<html><body>Service Unavailable</body></html>";
    assert_eq!(read(503, html).class(true), FailureClass::InDoubt);
    assert_eq!(read(503, html).class(false), TRANSIENT);
    assert_eq!(read(502, "").class(true), FailureClass::InDoubt);
    assert_eq!(read(401, "").class(true), held(Reason::Credentials));
    assert_eq!(read(403, html).class(true), held(Reason::UnknownAnswer));
    assert!(read(404, "").is_not_found());
    assert!(!read(404, html).is_not_found(), "a proxy's page does not say that the record is gone");
    assert_eq!(read(302, "").class(true), held(Reason::UnknownAnswer));
    assert_eq!(read(400, "{\"o:errorDetails\":").class(true), held(Reason::UnknownAnswer));
    assert_eq!(read(429, "").class(true), TRANSIENT);
}

#[test]
fn a_record_type_that_is_switched_off_is_not_an_absent_record() {
    let body = json!({"o:errorDetails": [{"detail": "Record type 'cashSale' does not exist.", "o:errorCode": "NONEXISTENT_ID"}]});
    assert!(!refused(404, &body).is_not_found());
}

#[test]
fn the_error_id_is_found() {
    let body = json!({"o:errorDetails": [{"detail": "An unexpected error occurred. Error ID: jrgbpyylphhishmmlxyt", "o:errorCode": "UNEXPECTED_ERROR"}]});
    assert_eq!(refused(500, &body).refusal().unwrap().error_id.as_deref(), Some("jrgbpyylphhishmmlxyt"));
}

proptest! {
    #[test]
    fn no_body_makes_it_panic(status in 100_u16..600, body in prop::collection::vec(any::<u8>(), 0..200)) {
        let error = NetSuiteError::Refused(Box::new(Refusal::read(status, &body)));
        let _ = (error.to_string(), error.class(true), error.class(false));
    }

    #[test]
    fn no_text_makes_it_panic(detail in "\\PC{0,900}") {
        let error = user_error(&format!("Error ID: {detail}"));
        let _ = (error.to_string(), error.class(true));
    }
}
