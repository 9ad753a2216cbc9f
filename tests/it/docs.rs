//! The documents keep up with the code.

use tillbridge::domain::record_plan::PlanReason;
use tillbridge::domain::verdict::Reason;

/// Reasons of verdicts other than held: an operator has nothing to do about them.
const NOT_HELD: &[&str] = &[
    "fulfilled_and_billed",
    "already_complete",
    "voided_with_order",
    "awaiting_till",
    "awaiting_pickup",
    "awaiting_dispatch",
    "partly_handed_over",
    "awaiting_layby",
    "awaiting_account",
    "no_mapping_matched",
    "echo",
    "order_cancelled",
    "order_not_found",
    "sale_not_found",
    "sale_open",
    "status_not_reconciled",
    "no_sales_order",
    "not_an_order",
    "skipped",
    "malformed",
    "booked",
    "return_booked",
    "parked",
    "voided_unbooked",
];

#[test]
fn every_held_reason_is_in_the_operations_guide() {
    let guide = include_str!("../../docs/OPERATIONS.md");
    for reason in Reason::ALL.iter().map(|reason| reason.word()).filter(|word| !NOT_HELD.contains(word)) {
        assert!(guide.contains(&format!("| `{reason}` |")), "docs/OPERATIONS.md does not say what to do about {reason}");
    }
}

/// Which of them a sale of the till ends with is told in a table of its own.
#[test]
fn every_end_of_a_sale_of_the_till_is_in_the_operations_guide() {
    let guide = include_str!("../../docs/OPERATIONS.md");
    for end in ["synced(booked)", "synced(return_booked)", "waiting(parked)", "ignored(voided_unbooked)"] {
        assert!(guide.contains(&format!("| `{end}` |")), "docs/OPERATIONS.md does not say what {end} means");
    }
}

/// The table of states names each reason for which a sale becomes what it becomes.
#[test]
fn every_reason_of_the_record_plan_is_in_the_states_guide() {
    let guide = include_str!("../../docs/STATES.md");
    let words = guide.split(|letter: char| !letter.is_ascii_uppercase() && letter != '_').collect::<std::collections::BTreeSet<_>>();
    for reason in PlanReason::ALL {
        assert!(words.contains(reason.word()), "docs/STATES.md does not say when {} holds", reason.word());
    }
}

#[test]
fn every_metric_that_an_alert_names_is_there() {
    let guide = include_str!("../../docs/OPERATIONS.md");
    let named = guide.split('`').filter(|word| word.starts_with("tillbridge_")).map(|word| word.split_whitespace().next().unwrap_or(word));
    for name in named {
        assert!(tillbridge::metrics::ALL.iter().any(|(known, _)| *known == name), "{name} is not a metric");
    }
}
