//! An error answer of NetSuite: what it said, and what it means.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::table::{self, Meaning};
use crate::domain::verdict::Reason;
use crate::netsuite::wire::read::Fields;

/// The longest part of a text that is kept: people read it in a table.
const LONGEST_TEXT: usize = 600;

/// What NetSuite refused, in its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// `o:errorCode` of the detail that decided, or of the first.
    pub code: Option<String>,
    /// The text of the detail that decided, or of the first.
    pub detail: Option<String>,
    /// Where in the request: `item.items[0].item`.
    pub path: Option<String>,
    /// The other details' texts.
    pub more: Vec<String>,
    /// What NetSuite's support asks for.
    pub error_id: Option<String>,
    /// `x-n-operationid`, which finds the request in the account's logs.
    pub operation: Option<String>,
    /// What it means.
    pub meaning: Meaning,
    /// What it asked us to wait.
    pub retry_after: Option<Duration>,
    /// When there is budget again, where it was about that.
    pub until: Option<Timestamp>,
}

struct Detail {
    code: Option<String>,
    text: Option<String>,
    path: Option<String>,
}

impl Refusal {
    /// Reads an answer that is no success. The body may be anything: HTML of a proxy, a part of JSON, nothing.
    pub(in crate::netsuite) fn read(status: u16, body: &[u8]) -> Self {
        let json = serde_json::from_slice::<Value>(body).ok();
        let bare = json.is_none() && !body.iter().all(u8::is_ascii_whitespace);
        let details = json.as_ref().map(details).unwrap_or_default();
        let found = details.iter().enumerate().find_map(|(nth, detail)| Some((nth, detail.meaning(status)?)));
        let (chosen, meaning) = found.unwrap_or_else(|| (0, by_status(status, !details.is_empty(), bare)));
        let mut refusal = Self {
            status,
            code: None,
            detail: None,
            path: None,
            more: Vec::new(),
            error_id: details.iter().find_map(|detail| error_id(detail.text.as_deref()?)),
            operation: None,
            meaning,
            retry_after: None,
            until: None,
        };
        for (nth, detail) in details.into_iter().enumerate() {
            if nth == chosen {
                (refusal.code, refusal.detail, refusal.path) = (detail.code, detail.text, detail.path);
            } else {
                refusal.more.extend(detail.text);
            }
        }
        refusal
    }

    /// Whether a text or a path of the answer names this field.
    pub(in crate::netsuite) fn names(&self, field: &str) -> bool {
        let field = field.to_lowercase();
        let texts = self.detail.iter().chain(&self.path).chain(&self.more);
        texts.into_iter().any(|text| table::has_phrase(&text.to_lowercase(), &field))
    }

    /// Whether it is about a field's value, not about the field.
    pub(in crate::netsuite) fn is_about_a_value(&self) -> bool {
        let texts = self.detail.iter().chain(&self.more);
        texts.into_iter().any(|text| text.to_lowercase().contains("invalid field value") || text.to_lowercase().contains("invalid value"))
    }
}

impl Refusal {
    /// `Record 'accountingperiod' was not found`, or the search is said to be no valid one.
    pub(in crate::netsuite) fn is_about_an_unknown_list(&self) -> bool {
        let texts = self.detail.iter().chain(&self.more).map(|text| text.to_lowercase());
        self.status == 400
            && texts
                .into_iter()
                .any(|text| (text.contains("record '") && text.contains("was not found")) || text.contains("unsupported search"))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NetSuite answered {}", self.status)?;
        if let Some(code) = &self.code {
            write!(f, " {code}")?;
        }
        if let Some(detail) = &self.detail {
            write!(f, ": {detail}")?;
        }
        if let Some(path) = &self.path {
            write!(f, " (at {path})")?;
        }
        for text in &self.more {
            write!(f, "; {text}")?;
        }
        match &self.error_id {
            Some(id) if !self.detail.as_ref().is_some_and(|detail| detail.contains(id.as_str())) => write!(f, " [Error ID {id}]"),
            _ => Ok(()),
        }
    }
}

impl Detail {
    fn meaning(&self, status: u16) -> Option<Meaning> {
        let text = self.text.as_deref().unwrap_or_default();
        match self.code.as_deref() {
            Some(code) if code != "USER_ERROR" => table::by_code(code, text),
            // A fault of the server is not explained away by a text.
            _ if status >= 500 => None,
            _ => table::by_text(text),
        }
    }
}

/// REST's `o:errorDetails`; that of a script, `{"error":{"code","message"}}`; a code at the top; or a title alone.
fn details(body: &Value) -> Vec<Detail> {
    let top = Fields::of(body);
    let listed = top.lines("o:errorDetails").unwrap_or_default().iter().map(Fields::of).map(|detail| Detail {
        code: detail.text("o:errorCode"),
        text: detail.text("detail").map(short),
        path: detail.text("o:errorPath").or_else(|| detail.text("o:errorQueryParam")),
    });
    let listed: Vec<Detail> = listed.filter(|detail| detail.code.is_some() || detail.text.is_some()).collect();
    if !listed.is_empty() {
        return listed;
    }
    let script = top.object("error").unwrap_or_default();
    let code = top.text("o:errorCode").or_else(|| script.text("code")).or_else(|| top.text("code"));
    let text = script.text("message").or_else(|| top.text("message")).or_else(|| top.text("detail")).or_else(|| top.text("title"));
    if code.is_none() && text.is_none() { Vec::new() } else { vec![Detail { code, text: text.map(short), path: None }] }
}

/// What a status means where neither code nor text told it. `bare`: the body is something else than JSON.
fn by_status(status: u16, told: bool, bare: bool) -> Meaning {
    match status {
        401 => Meaning::Login,
        429 => Meaning::Throttled,
        408 | 500.. => Meaning::Broken,
        // A proxy's page says nothing about the record.
        404 if !bare => Meaning::NotFound,
        403 if told => Meaning::Refused(Reason::Permission),
        409 | 412 if told => Meaning::Conflict,
        400..=499 if told => Meaning::Refused(Reason::Refused),
        _ => Meaning::Refused(Reason::UnknownAnswer),
    }
}

/// `Error ID: jrgbpyylphhishmmlxyt`
fn error_id(text: &str) -> Option<String> {
    let at = text.to_ascii_lowercase().find("error id")?;
    let rest = text.get(at + "error id".len()..)?;
    let id: String = rest.trim_start_matches([':', ' ']).chars().take_while(char::is_ascii_alphanumeric).collect();
    if id.is_empty() { None } else { Some(id) }
}

fn short(text: String) -> String {
    match text.char_indices().nth(LONGEST_TEXT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
