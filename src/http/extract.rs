//! Path and query parameters, read so that every mistake becomes a problem that names the parameter.

use axum::extract::{FromRequestParts, Path as AxumPath};
use axum::http::request::Parts;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// The rows of a page when nothing is said.
pub const LIMIT_DEFAULT: u32 = 50;
/// The rows of a page at the most.
pub const LIMIT_MAX: u32 = 200;

/// The parameters of the path, percent-decoded.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match AxumPath::<T>::from_request_parts(parts, state).await {
            Ok(AxumPath(value)) => Ok(Self(value)),
            Err(rejection) => Err(Problem::parameter(
                "path",
                format!("The address cannot be read: {}.", rejection.body_text()),
                ["percent-encoded UTF-8"],
            )),
        }
    }
}

/// The parameters of the query, as they came.
#[derive(Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&parts.uri) {
            Ok(axum::extract::Query(pairs)) => Ok(Self(pairs)),
            Err(rejection) => {
                Err(Problem::parameter("query", format!("The query cannot be read: {}.", rejection.body_text()), ["name=value&…"]))
            }
        }
    }
}

impl Query {
    /// Fails on a parameter that is not one of `known`, or that is there twice: a filter that is silently dropped gives a wrong
    /// answer that looks right.
    pub fn only(&self, known: &[&str]) -> Result<(), Problem> {
        for (index, (name, _)) in self.0.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                return Err(Problem::parameter(name, format!("There is no parameter {name:?} here."), known.iter().copied()));
            }
            if self.0[..index].iter().any(|(earlier, _)| earlier == name) {
                return Err(Problem::parameter(name, format!("The parameter {name:?} is there twice."), ["one value"]));
            }
        }
        Ok(())
    }

    /// A parameter's text; an empty one counts as absent.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// A parameter that is one of some words.
    pub fn word<T>(&self, name: &str, parse: impl Fn(&str) -> Option<T>, allowed: &[&str]) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match parse(text) {
            Some(value) => Ok(Some(value)),
            None => Err(Problem::parameter(name, format!("{name} cannot be {text:?}."), allowed.iter().copied())),
        }
    }

    /// A parameter that is a time in RFC 3339, or a date, which begins at midnight UTC.
    pub fn time(&self, name: &str) -> Result<Option<Timestamp>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match time(text) {
            Some(at) => Ok(Some(at)),
            None => Err(bad_time(name, text)),
        }
    }

    /// The rows of a page.
    pub fn limit(&self) -> Result<u32, Problem> {
        let Some(text) = self.text("limit") else { return Ok(LIMIT_DEFAULT) };
        match text.parse::<u32>() {
            Ok(limit @ 1..=LIMIT_MAX) => Ok(limit),
            _ => Err(Problem::parameter("limit", format!("limit cannot be {text:?}."), [format!("1 to {LIMIT_MAX}")])),
        }
    }

    /// Where the page starts.
    pub fn cursor(&self) -> Option<&str> {
        self.text("cursor")
    }
}

/// Reads a time as people and programs write it. A `+` that a client forgot to encode arrives as a space.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    if let Ok(at) = text.replace(' ', "+").parse::<Timestamp>() {
        return Some(at);
    }
    let date = text.parse::<Date>().ok().filter(|_| text.len() == 10)?;
    date.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp())
}

/// A time that cannot be read.
pub(super) fn bad_time(name: &str, text: &str) -> Problem {
    Problem::parameter(name, format!("{name} cannot be {text:?}."), ["a time like 2026-11-23T01:02:03Z", "a date like 2026-11-23"])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(pairs: &[(&str, &str)]) -> Query {
        Query(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn a_time_is_read_with_an_offset_whose_plus_was_not_encoded_and_as_a_date() {
        assert_eq!(time("2026-11-23T14:00:00 13:00"), time("2026-11-23T01:00:00Z"));
        assert_eq!(time("2026-11-23"), time("2026-11-23T00:00:00Z"));
        assert_eq!(time("yesterday"), None);
        assert_eq!(time("2026-11-23T01:02:03"), None);
    }

    #[test]
    fn a_misspelt_filter_is_an_error_and_not_ignored() {
        assert!(matches!(query(&[("stat", "held")]).only(&["state"]), Err(Problem::Parameter { name, .. }) if name == "stat"));
        assert!(query(&[("state", "held"), ("state", "due")]).only(&["state"]).is_err());
        assert!(query(&[("state", "held")]).only(&["state"]).is_ok());
    }

    #[test]
    fn a_limit_is_between_one_and_two_hundred() {
        assert_eq!(query(&[]).limit().unwrap(), 50);
        assert_eq!(query(&[("limit", "200")]).limit().unwrap(), 200);
        for bad in ["0", "201", "-1", "many", "1e2"] {
            assert!(query(&[("limit", bad)]).limit().is_err(), "{bad}");
        }
    }
}
