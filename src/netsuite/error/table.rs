//! What NetSuite's error codes and texts mean. Over REST nearly everything is a `USER_ERROR` with a text, so both are
//! data: codes are looked up first, texts only where the code says nothing.

use crate::domain::verdict::Reason;

/// What an error answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The record is not there.
    NotFound,
    /// The credentials are refused.
    Login,
    /// Too many requests, at once or in all: nothing was done.
    Throttled,
    /// NetSuite failed, or a script of the account did: what was done is not known.
    Broken,
    /// What was asked for is there already.
    Duplicate,
    /// The record changed under us.
    Conflict,
    /// A person has to change something.
    Refused(Reason),
}

/// One row: any of the codes, or all of the phrases in one text.
pub(super) struct Rule {
    codes: &'static [&'static str],
    phrases: &'static [&'static str],
    meaning: Meaning,
}

const fn code(codes: &'static [&'static str], meaning: Meaning) -> Rule {
    Rule { codes, phrases: &[], meaning }
}

const fn text(phrases: &'static [&'static str], meaning: Meaning) -> Rule {
    Rule { codes: &[], phrases, meaning }
}

use Meaning::{Broken, Conflict, Duplicate, Login, NotFound, Refused, Throttled};

/// The codes of REST (`o:errorCode`) and of SuiteScript.
const CODES: &[Rule] = &[
    code(&["NONEXISTENT_ID", "RCRD_DSNT_EXIST"], NotFound),
    code(&["INVALID_LOGIN", "INVALID_LOGIN_ATTEMPT", "INVALID_LOGIN_CREDENTIALS", "SESSION_TIMED_OUT"], Login),
    code(
        &[
            "CONCURRENCY_LIMIT_EXCEEDED",
            "SSS_REQUEST_LIMIT_EXCEEDED",
            "EXCEEDED_MAX_CONCUR_RQST",
            "EXCEEDED_CONCURRENT_REQUEST_LIMIT_BY_INTEGRATION",
            "WS_CONCUR_SESSION_DISALLWD",
            "WS_REQUEST_BLOCKED",
            "EXCEEDED_REQUEST_LIMIT",
        ],
        Throttled,
    ),
    code(&["INSUFFICIENT_PERMISSION", "PERMISSION_VIOLATION"], Refused(Reason::Permission)),
    code(&["RCRD_HAS_BEEN_CHANGED", "CANT_UPDATE_RECRD_HAS_CHANGED", "CANT_MODIFY_STALE_RCRD"], Conflict),
    code(&["RCRD_LOCKED_BY_WF"], Refused(Reason::RecordLocked)),
    code(
        &[
            "CLOSED_TRAN_PRD",
            "INVALID_TRAN_PRD",
            "LOCKED_TRAN_PRD",
            "INVALID_ACCT_PRD",
            "MISSING_ACCT_PRD",
            "MISSNG_ACCT_PRD",
            "DATE_PRD_MISMATCH",
        ],
        Refused(Reason::PeriodClosed),
    ),
    code(
        &[
            "VALID_LINE_ITEM_REQD",
            "INVALID_INITIALIZE_REF",
            "INVALID_REF_CANT_INITIALIZE",
            "INVALID_RCRD_TRANSFRM",
            "CANT_FULFILL_ITEM",
            "CANT_RCEIV_ITEM",
            "CANT_RCEIV_BEFORE_FULFILL",
            "OVER_FULFILL_DISALLWD",
            "OVER_FULFILL_RECEIV_DISALLWD",
        ],
        Refused(Reason::CannotTransform),
    ),
    code(&["DUP_RCRD", "UNIQUE_RCRD_ID_REQD", "DUP_ENTITY", "DUP_ENTITY_NAME", "DUP_ENTITY_EMAIL", "IDEMPOTENCY_ERROR"], Duplicate),
    code(&["LOCATION_REQD"], Refused(Reason::LocationMissing)),
    code(
        &[
            "MATCHING_SERIAL_NUM_REQD",
            "INVALID_SERIAL_NUM",
            "INVALID_SERIAL_OR_LOT_NUMBER",
            "INVALID_INVENTORY_NUM",
            "NUM_ITEMS_NOT_EQUAL_TO_QTY",
        ],
        Refused(Reason::InventoryDetailMissing),
    ),
    code(&["OVERAGE_DISALLWD", "INVALID_REFUND_AMT"], Refused(Reason::TotalsDiffer)),
    code(&["NOT_IN_INVT", "NUM_ITEMS_GRTR_THAN_QTY", "INSUFFICIENT_QTY"], Refused(Reason::NotInStock)),
    code(&["UNEXPECTED_ERROR", "SSS_TIME_LIMIT_EXCEEDED", "SSS_USAGE_LIMIT_EXCEEDED", "SERVER_UNAVAILABLE"], Broken),
    code(&["INVALID_CONTENT", "INVALID_KEY_OR_REF", "INVALID_VALUE"], Refused(Reason::Refused)),
];

/// The texts, in lower case. The codes of SuiteScript are among them, as scripts put them into the text.
const TEXTS: &[Rule] = &[
    text(&["transaction type specified is incorrect"], NotFound),
    text(&["record instance does not exist"], NotFound),
    text(&["that record does not exist"], NotFound),
    text(&["rcrd_dsnt_exist"], NotFound),
    text(&["invalid login"], Login),
    text(&["concurrent request limit exceeded"], Throttled),
    text(&["concurrency_limit_exceeded"], Throttled),
    text(&["sss_request_limit_exceeded"], Throttled),
    text(&["exceeded_max_concur_rqst"], Throttled),
    text(&["does not have permission"], Refused(Reason::Permission)),
    text(&["do not have permission"], Refused(Reason::Permission)),
    text(&["permission violation"], Refused(Reason::Permission)),
    text(&["insufficient_permission"], Refused(Reason::Permission)),
    text(&["record has been changed"], Conflict),
    text(&["rcrd_has_been_changed"], Conflict),
    text(&["locked by a user defined workflow"], Refused(Reason::RecordLocked)),
    text(&["locked by a workflow"], Refused(Reason::RecordLocked)),
    text(&["rcrd_locked_by_wf"], Refused(Reason::RecordLocked)),
    text(&["closed_tran_prd"], Refused(Reason::PeriodClosed)),
    text(&["period", "closed"], Refused(Reason::PeriodClosed)),
    text(&["period", "locked"], Refused(Reason::PeriodClosed)),
    text(&["transaction date", "posting period"], Refused(Reason::PeriodClosed)),
    text(&["date", "range", "accounting period"], Refused(Reason::PeriodClosed)),
    text(&["configure the inventory detail"], Refused(Reason::InventoryDetailMissing)),
    text(&["inventory detail", "required"], Refused(Reason::InventoryDetailMissing)),
    // A kit whose members are tracked is taken on a sales order only.
    text(&["kit", "serialized"], Refused(Reason::InventoryDetailMissing)),
    text(&["kit", "serial"], Refused(Reason::InventoryDetailMissing)),
    text(&["kit", "lot"], Refused(Reason::InventoryDetailMissing)),
    text(&["kit", "lot numbered"], Refused(Reason::InventoryDetailMissing)),
    text(&["kit", "bins"], Refused(Reason::InventoryDetailMissing)),
    // More is applied than is open.
    text(&["apply", "more than"], Refused(Reason::TotalsDiffer)),
    text(&["amount", "exceeds", "remaining"], Refused(Reason::TotalsDiffer)),
    text(&["amount", "greater than", "remaining"], Refused(Reason::TotalsDiffer)),
    text(&["amount", "more than", "remaining"], Refused(Reason::TotalsDiffer)),
    text(&["amount", "exceeds", "due"], Refused(Reason::TotalsDiffer)),
    text(&["overage_disallwd"], Refused(Reason::TotalsDiffer)),
    text(&["please enter value", "location"], Refused(Reason::LocationMissing)),
    text(&["items list", "location"], Refused(Reason::LocationMissing)),
    text(&["please enter", "location"], Refused(Reason::LocationMissing)),
    text(&["not_in_invt"], Refused(Reason::NotInStock)),
    text(&["num_items_grtr_than_qty"], Refused(Reason::NotInStock)),
    text(&["not in inventory"], Refused(Reason::NotInStock)),
    text(&["insufficient quantity"], Refused(Reason::NotInStock)),
    text(&["insufficient inventory"], Refused(Reason::NotInStock)),
    text(&["quantity", "greater than", "available"], Refused(Reason::NotInStock)),
    text(&["quantity", "greater than", "on hand"], Refused(Reason::NotInStock)),
    text(&["valid_line_item_reqd"], Refused(Reason::CannotTransform)),
    text(&["at least one valid line item"], Refused(Reason::CannotTransform)),
    text(&["invalid_initialize_ref"], Refused(Reason::CannotTransform)),
    text(&["can not initialize"], Refused(Reason::CannotTransform)),
    text(&["cannot initialize"], Refused(Reason::CannotTransform)),
    text(&["dup_rcrd"], Duplicate),
    text(&["unique_rcrd_id_reqd"], Duplicate),
    text(&["already exists"], Duplicate),
    text(&["already been used"], Duplicate),
    text(&["already in use"], Duplicate),
    text(&["duplicate", "external id"], Duplicate),
    text(&["duplicate", "externalid"], Duplicate),
    text(&["unexpected error occurred"], Broken),
];

/// A record *type* that does not exist is a feature that is off or a role that may not see it: not an absent record.
const NO_SUCH_TYPE: &[&str] = &["record type", "does not exist"];

/// What a code means; a code that says nothing by itself is `None`.
pub(super) fn by_code(code: &str, detail: &str) -> Option<Meaning> {
    let rule = CODES.iter().find(|rule| rule.codes.contains(&code))?;
    if rule.meaning == NotFound && says(&detail.to_lowercase(), NO_SUCH_TYPE) {
        return Some(Refused(Reason::Refused));
    }
    Some(rule.meaning)
}

/// What a text means.
pub(super) fn by_text(detail: &str) -> Option<Meaning> {
    let detail = detail.to_lowercase();
    TEXTS.iter().find(|rule| says(&detail, rule.phrases)).map(|rule| rule.meaning)
}

fn says(text: &str, phrases: &[&str]) -> bool {
    phrases.iter().all(|phrase| has_phrase(text, phrase))
}

/// Whole words only: "allocation" holds no location.
pub(super) fn has_phrase(text: &str, phrase: &str) -> bool {
    let inside = |edge: Option<char>| edge.is_some_and(|edge| edge.is_alphanumeric() || edge == '_');
    text.match_indices(phrase).any(|(at, _)| {
        let (before, rest) = text.split_at(at);
        !inside(before.chars().next_back()) && !inside(rest.get(phrase.len()..).and_then(|after| after.chars().next()))
    })
}
