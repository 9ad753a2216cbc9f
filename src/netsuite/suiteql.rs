//! SuiteQL: literals, pages, rows. Bound parameters need release 2026.2, so values are written into the query, each by a
//! function that cannot be talked out of its quotes.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::client::Client;
use super::error::NetSuiteError;
use super::transport::Call;
use super::wire::read::{self, Fields};

/// Rows of a page, at most.
pub(super) const PAGE: u32 = 1000;
/// NetSuite gives no more rows than these pages hold.
const MOST_PAGES: u32 = 100;
/// How times are written and asked for, in SuiteQL's words and in ours.
pub(super) const TIME_FORMAT: &str = "YYYY-MM-DD HH24:MI:SS";
const OUR_TIME_FORMAT: &str = "%Y-%m-%d %H:%M:%S";

/// A page of rows; keys are in lower case, and all values are text.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) rows: Vec<Value>,
    pub(super) more: bool,
    /// When NetSuite answered, by its own clock.
    pub(super) date: Option<Timestamp>,
}

impl Client {
    /// One page of a query; it needs an order by a unique key to be stable.
    pub(super) async fn page(&self, operation: &'static str, query: &str, offset: u32, limit: u32) -> Result<Page, NetSuiteError> {
        let body = json!({ "q": query });
        let mut call = Call::write(operation, http::Method::POST, "/query/v1/suiteql".to_owned(), &body);
        call.prefer = Some("transient");
        call.query = vec![("limit", limit.clamp(1, PAGE).to_string()), ("offset", offset.to_string())];
        let answer = self.transport().send(&call).await?;
        let page = answer.json()?;
        let rows = read::lines(&page).ok_or(NetSuiteError::Lacks { record: "query's answer", field: "items" })?;
        Ok(Page { rows: rows.to_vec(), more: read::has_more(&page) && !rows.is_empty(), date: answer.date })
    }

    /// All rows of a query.
    pub(super) async fn rows(&self, operation: &'static str, query: &str) -> Result<Vec<Value>, NetSuiteError> {
        let mut rows = Vec::new();
        for _ in 0..MOST_PAGES {
            let offset = u32::try_from(rows.len()).unwrap_or(u32::MAX);
            let page = self.page(operation, query, offset, PAGE).await?;
            rows.extend(page.rows);
            if !page.more {
                return Ok(rows);
            }
        }
        Err(NetSuiteError::Lacks { record: "query's answer", field: "an end" })
    }
}

/// A text literal.
pub(super) fn text(value: &str) -> String {
    // Control characters have no place in a name or a key, and some would end a literal in tools on the way.
    let clean: String = value.chars().filter(|character| !character.is_control()).collect();
    format!("'{}'", clean.replace('\'', "''"))
}

/// A time literal, in the account's zone.
pub(super) fn time(value: DateTime) -> String {
    format!("TO_DATE('{}','{TIME_FORMAT}')", value.strftime(OUR_TIME_FORMAT))
}

/// Reads a time that was written in [`TIME_FORMAT`] in the account's zone.
pub(super) fn read_time(row: &Fields<'_>, column: &str, zone: &TimeZone) -> Option<Timestamp> {
    let text = row.text(column)?;
    let local = DateTime::strptime(OUR_TIME_FORMAT, &text).ok().and_then(|time| zone.to_timestamp(time).ok());
    local.or_else(|| text.parse().ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quotes_are_doubled_and_nothing_ends_a_literal() {
        assert_eq!(text("O'Brien"), "'O''Brien'");
        assert_eq!(text("'; DROP--"), "'''; DROP--'");
        assert_eq!(text("a\n\0b"), "'ab'");
        assert_eq!(text("\\'"), "'\\'''");
    }

    #[test]
    fn times_go_both_ways_in_the_accounts_zone() {
        let zone = TimeZone::get("Pacific/Auckland").unwrap();
        let at: Timestamp = "2026-11-23T01:02:03Z".parse().unwrap();
        let literal = time(zone.to_datetime(at));
        assert_eq!(literal, "TO_DATE('2026-11-23 14:02:03','YYYY-MM-DD HH24:MI:SS')");
        let row = json!({"lastmodifieddate": "2026-11-23 14:02:03"});
        assert_eq!(read_time(&Fields::of(&row), "lastmodifieddate", &zone), Some(at));
        let iso = json!({"lastmodifieddate": "2026-11-23T01:02:03Z"});
        assert_eq!(read_time(&Fields::of(&iso), "lastmodifieddate", &zone), Some(at));
    }

    proptest! {
        #[test]
        fn a_literal_is_one_literal(value in "\\PC{0,40}|[' ;\\\\-]{0,20}") {
            let literal = text(&value);
            let inside = &literal[1..literal.len() - 1];
            prop_assert!(literal.starts_with('\'') && literal.ends_with('\''));
            prop_assert!(!inside.replace("''", "").contains('\''));
        }
    }
}
