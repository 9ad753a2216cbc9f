//! What X-Series says in an answer, whichever shape the answer has.

use serde_json::Value;

/// The longest that is kept of it.
const LONGEST: usize = 300;

/// The vendor's words in an answer's body, in one line; empty where there are none.
pub(super) fn of_body(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    match serde_json::from_str::<Value>(text) {
        Ok(value) => of_json(&value),
        Err(_) if text.starts_with('<') => "(an HTML page)".to_owned(),
        Err(_) => one_line(text),
    }
}

/// The vendor's words in a JSON body: `error`, `message`, `details`, `error_description` and everything under `errors`.
pub(super) fn of_json(body: &Value) -> String {
    let mut words = Vec::new();
    if let Value::String(text) = body {
        words.push(text.clone());
    }
    for name in ["error", "message", "error_description", "details", "detail", "errors"] {
        collect(body.get(name).unwrap_or(&Value::Null), &mut words);
    }
    words.dedup();
    one_line(&words.join(": "))
}

/// The words of a successful answer that says it failed, as older endpoints do with HTTP 200. None where it does not.
pub(super) fn of_hidden_error(body: &Value) -> Option<String> {
    let says = |value: &Value| match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    };
    let failed = ["error", "errors"].iter().any(|name| body.get(name).is_some_and(says));
    failed.then(|| of_json(body))
}

/// Every text below, with the field's name where the vendor groups them by field; `global` is no field.
fn collect(value: &Value, words: &mut Vec<String>) {
    match value {
        Value::String(text) if !text.trim().is_empty() => words.push(text.trim().to_owned()),
        Value::Number(number) => words.push(number.to_string()),
        Value::Array(list) => list.iter().for_each(|item| collect(item, words)),
        Value::Object(fields) => {
            for (name, item) in fields {
                let mut inner = Vec::new();
                collect(item, &mut inner);
                let plain = matches!(name.as_str(), "global" | "message" | "error" | "detail" | "details");
                words.extend(inner.into_iter().map(|text| if plain { text } else { format!("{name}: {text}") }));
            }
        }
        _ => {}
    }
}

fn one_line(text: &str) -> String {
    let mut line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(LONGEST) {
        line.truncate(end);
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_shape_of_error_gives_its_words() {
        for (body, words) in [
            (r#"{"error":"Access token is not valid"}"#, "Access token is not valid"),
            (r#"{"error":"Too Many Requests","message":"Rate limiting enforced"}"#, "Too Many Requests: Rate limiting enforced"),
            (r#"{"status":"error","error":"Invalid sale","details":"No register"}"#, "Invalid sale: No register"),
            (r#"{"errors":{"global":["Not allowed"]},"reference":"x"}"#, "Not allowed"),
            (r#"{"errors":{"line_items":["is empty","is short"]}}"#, "line_items: is empty: line_items: is short"),
            (r#"{"error":{"message":"deep"}}"#, "deep"),
            ("{}", ""),
            ("", ""),
            ("<html><body>Bad gateway</body></html>", "(an HTML page)"),
            ("upstream\r\n timed out", "upstream timed out"),
        ] {
            assert_eq!(of_body(body.as_bytes()), words, "{body}");
        }
    }

    #[test]
    fn a_success_that_says_error_is_found() {
        assert_eq!(of_hidden_error(&json!({"status": "error", "error": "no", "details": "why"})).as_deref(), Some("no: why"));
        assert_eq!(of_hidden_error(&json!({"errors": {"global": ["no"]}})).as_deref(), Some("no"));
        for fine in [json!({"data": {}}), json!({"error": null}), json!({"error": "", "errors": []}), json!("id"), json!(null)] {
            assert_eq!(of_hidden_error(&fine), None, "{fine}");
        }
    }

    #[test]
    fn long_words_are_cut_between_characters() {
        let cut = of_body("ü".repeat(1000).as_bytes());
        assert_eq!(cut.chars().count(), LONGEST + 1);
    }
}
