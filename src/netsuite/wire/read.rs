//! Reading fields out of NetSuite's JSON, in every form they have been seen in: names in camel case or lower case,
//! numbers as text, booleans as `T` and `F`, references and enumerations as objects or bare. A field that is absent,
//! null, empty or of another kind is `None`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use crate::domain::ids::RecordId;
use crate::domain::money;
use crate::domain::sales_order::Ref;

/// The fields of one object, found by their names in any case of letters.
#[derive(Debug, Default)]
pub(in crate::netsuite) struct Fields<'a>(Option<&'a Map<String, Value>>);

impl<'a> Fields<'a> {
    /// The fields of an object; none where the value is no object.
    pub(in crate::netsuite) fn of(value: &'a Value) -> Self {
        Self(value.as_object())
    }

    fn value(&self, name: &str) -> Option<&'a Value> {
        let fields = self.0?;
        // As it is documented, or else spelled otherwise: then the last in the order of names, as there is no better one.
        let otherwise = || fields.iter().rev().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        fields.get(name).or_else(otherwise).filter(|value| !value.is_null())
    }

    /// Something is there.
    pub(in crate::netsuite) fn has(&self, name: &str) -> bool {
        self.value(name).is_some_and(|value| value != "")
    }

    /// An object's fields.
    pub(in crate::netsuite) fn object(&self, name: &str) -> Option<Self> {
        self.value(name).filter(|value| value.is_object()).map(Self::of)
    }

    /// Text; a number or a boolean as it is written.
    pub(in crate::netsuite) fn text(&self, name: &str) -> Option<String> {
        text(self.value(name)?)
    }

    /// The word of an enumeration: `{"id":"B"}` or `"B"`.
    pub(in crate::netsuite) fn word(&self, name: &str) -> Option<String> {
        let value = self.value(name)?;
        text(value).or_else(|| Self::of(value).text("id")).or_else(|| Self::of(value).text("refName"))
    }

    /// A reference: `{"id":"1","refName":"…"}`, `"1"` or `1`.
    pub(in crate::netsuite) fn reference(&self, name: &str) -> Option<Ref> {
        let value = self.value(name)?;
        if let Some(id) = text(value) {
            return Some(Ref { id, name: None });
        }
        let fields = Self::of(value);
        let name = fields.text("refName").or_else(|| fields.text("name"));
        let id = fields.text("id").or_else(|| fields.link_id())?;
        Some(Ref { id, name })
    }

    /// An internal id: digits, which may be negative.
    pub(in crate::netsuite) fn id(&self, name: &str) -> Option<RecordId> {
        self.reference(name).map(|reference| reference.id).filter(|id| is_internal_id(id)).map(RecordId::from)
    }

    /// A number, exactly as it is written.
    pub(in crate::netsuite) fn decimal(&self, name: &str) -> Option<Decimal> {
        match self.value(name)? {
            Value::Number(number) => money::parse(&number.to_string()),
            Value::String(text) => money::parse(text.trim().trim_end_matches('%')),
            _ => None,
        }
    }

    /// A whole number.
    pub(in crate::netsuite) fn integer(&self, name: &str) -> Option<i64> {
        let number = self.decimal(name)?.normalize();
        if number.scale() == 0 { i64::try_from(number).ok() } else { None }
    }

    /// A boolean.
    pub(in crate::netsuite) fn flag(&self, name: &str) -> Option<bool> {
        match self.word(name)?.to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "1" => Some(true),
            "false" | "f" | "no" | "0" => Some(false),
            _ => None,
        }
    }

    /// A calendar day: `2026-11-23`, with or without a time behind it.
    pub(in crate::netsuite) fn date(&self, name: &str) -> Option<Date> {
        self.text(name)?.get(..10)?.parse().ok()
    }

    /// A moment with its zone.
    pub(in crate::netsuite) fn timestamp(&self, name: &str) -> Option<Timestamp> {
        self.text(name)?.parse().ok()
    }

    /// A sublist's lines: `{"items":[…]}`, or the bare array.
    pub(in crate::netsuite) fn lines(&self, name: &str) -> Option<&'a [Value]> {
        lines(self.value(name)?)
    }

    /// The fields whose name begins so, by their names in lower case.
    pub(in crate::netsuite) fn beginning(&self, prefix: &str) -> BTreeMap<String, Value> {
        let fields = self.0.into_iter().flatten().map(|(name, value)| (name.to_ascii_lowercase(), value));
        fields.filter(|(name, _)| name.starts_with(prefix)).map(|(name, value)| (name, value.clone())).collect()
    }

    /// The last part of the address that the object links to itself by.
    pub(in crate::netsuite) fn link_id(&self) -> Option<String> {
        let links = self.value("links")?.as_array()?;
        let own = links.iter().map(Self::of).find(|link| link.text("rel").as_deref() == Some("self"))?;
        last_segment(&own.text("href")?)
    }
}

/// A sublist's lines.
pub(in crate::netsuite) fn lines(value: &Value) -> Option<&[Value]> {
    let array = value.as_array().or_else(|| value.get("items")?.as_array())?;
    Some(array.as_slice())
}

/// Whether a collection says that it goes on behind this page.
pub(in crate::netsuite) fn has_more(collection: &Value) -> bool {
    let fields = Fields::of(collection);
    let here = i64::try_from(lines(collection).map_or(0, <[Value]>::len)).unwrap_or(i64::MAX);
    let behind = || Some(fields.integer("totalResults")? > fields.integer("offset").unwrap_or(0) + here);
    fields.flag("hasMore").or_else(behind).unwrap_or(false)
}

/// The last part of an address' path: the id of the record it leads to.
pub(in crate::netsuite) fn last_segment(address: &str) -> Option<String> {
    let path = address.split(['?', '#']).next()?.trim_end_matches('/');
    let segment = path.rsplit('/').next()?;
    if segment.is_empty() { None } else { Some(segment.to_owned()) }
}

/// Digits, which may be negative.
pub(in crate::netsuite) fn is_internal_id(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    (1..=18).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_form_of_a_field_is_read() {
        let value = json!({
            "tranId": " SO1 ", "number": 12, "LOCATION": {"id": 6, "refName": "Ponsonby"}, "bare": "7", "enum": {"id": "B"},
            "rate": "12.50", "percent": "15.0%", "amount": 19.99, "sci": 1e2, "yes": "T", "no": {"id": "F"}, "flag": true,
            "day": "2026-11-23T00:00:00Z", "at": "2026-11-23T01:02:03+13:00", "empty": "", "nothing": null,
            "linked": {"links": [{"rel": "self", "href": "https://x/services/rest/record/v1/location/9?a=b"}]},
            "custbody_a": 1, "CUSTBODY_B": {"id": "2"},
        });
        let fields = Fields::of(&value);
        assert_eq!(fields.text("tranid").as_deref(), Some("SO1"));
        assert_eq!(fields.integer("number"), Some(12));
        assert_eq!(fields.reference("location"), Some(Ref { id: "6".to_owned(), name: Some("Ponsonby".to_owned()) }));
        assert_eq!(fields.reference("bare").unwrap().id, "7");
        assert_eq!(fields.reference("linked").unwrap().id, "9");
        assert_eq!(fields.word("enum").as_deref(), Some("B"));
        assert_eq!(fields.decimal("rate").unwrap().to_string(), "12.50");
        assert_eq!(fields.decimal("percent").unwrap().to_string(), "15.0");
        assert_eq!(fields.decimal("amount").unwrap().to_string(), "19.99");
        assert_eq!(fields.integer("sci"), Some(100));
        assert_eq!((fields.flag("yes"), fields.flag("no"), fields.flag("flag")), (Some(true), Some(false), Some(true)));
        assert_eq!(fields.date("day").unwrap().to_string(), "2026-11-23");
        assert_eq!(fields.timestamp("at").unwrap().to_string(), "2026-11-22T12:02:03Z");
        assert_eq!((fields.text("empty"), fields.text("nothing"), fields.text("absent")), (None, None, None));
        assert_eq!(fields.beginning("custbody").len(), 2);
    }

    #[test]
    fn only_digits_are_an_internal_id() {
        for (text, is) in [("766", true), ("-3", true), ("", false), ("-", false), ("7a", false), ("1 OR 1=1", false), ("٣", false)] {
            assert_eq!(is_internal_id(text), is, "{text}");
        }
    }
}
