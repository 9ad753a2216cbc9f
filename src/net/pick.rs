//! What of a webhook's JSON has to be known before it is stored: a few fields, read without those around them. Whole records come in, and to
//! read one as a `Value` was more than a third of all that was done to it.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Error, Map, Value};

/// The fields of an object that are read, by their names in any case of letters.
#[derive(Debug)]
pub struct Pick {
    /// Those whose value is read.
    pub values: &'static [&'static str],
    /// Those of which it is only read that they are there: their value is null.
    pub marks: &'static [&'static [&'static str]],
    /// Those that hold an object, or an array whose first element is one, and what is read of that.
    pub within: &'static [(&'static str, &'static Self)],
}

impl Pick {
    /// The object with these fields alone, as they are spelled there; of a name that occurs twice the later one, as in a `Value`. Anything but an
    /// object is null.
    pub fn read(&'static self, json: &[u8]) -> Result<Value, Error> {
        // What is passed over would not be found out otherwise. The error of a `Value` says where it is.
        let Ok(json) = std::str::from_utf8(json) else { return serde_json::from_slice(json) };
        let mut reader = serde_json::Deserializer::from_str(json);
        let fields = self.deserialize(&mut reader)?;
        reader.end()?;
        Ok(fields)
    }
}

impl<'de> DeserializeSeed<'de> for &'static Pick {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &'static Pick {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let is = |other: &&str| name.eq_ignore_ascii_case(other);
            let value = if let Some((_, pick)) = self.within.iter().find(|(within, _)| is(within)) {
                map.next_value_seed(*pick)?
            } else if self.values.iter().any(is) {
                map.next_value()?
            } else {
                map.next_value::<IgnoredAny>()?;
                if !self.marks.iter().copied().flatten().any(is) {
                    continue;
                }
                Value::Null
            };
            fields.insert(name, value);
        }
        Ok(Value::Object(fields))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let first = elements.next_element_seed(self)?;
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Array(first.into_iter().collect()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_str<E>(self, _: &str) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    static PICK: Pick = Pick { values: &["id"], marks: &[&["lines"]], within: &[("data", &PICK)] };

    fn read(json: &Value) -> Value {
        PICK.read(json.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn only_what_was_asked_for_is_read() {
        assert_eq!(
            read(&json!({"id": {"a": [1]}, "lines": [{"id": 1}], "memo": "x", "rest": {"id": 2}})),
            json!({"id": {"a": [1]}, "lines": null})
        );
        assert_eq!(read(&json!({"data": {"data": {"id": 1, "x": 2}}})), json!({"data": {"data": {"id": 1}}}));
        assert_eq!(read(&json!({"data": [{"id": 1, "x": 2}, {"id": 3}], "x": 1})), json!({"data": [{"id": 1}]}));
        assert_eq!(read(&json!({"ID": 1, "Lines": 2, "DATA": {}})), json!({"ID": 1, "Lines": null, "DATA": {}}));
        for plain in [json!(null), json!(true), json!(-1), json!(1), json!(1.5), json!("text")] {
            assert_eq!(read(&plain), Value::Null);
            assert_eq!(read(&json!({ "data": plain })), json!({"data": null}));
        }
    }

    #[test]
    fn also_what_is_passed_over_has_to_be_json() {
        for memo in [&b"\"\xff\""[..], b"\"\n\"", b"[,]", b"{\"a\"}", b""] {
            let text = [&b"{\"memo\":"[..], memo, b"}"].concat();
            assert!(PICK.read(&text).is_err(), "{}", String::from_utf8_lossy(&text));
        }
        assert!(PICK.read(b"{} x").is_err());
    }
}
