//! An error with everything that caused it, for a log line or a person.

use std::error::Error;

/// The error and its sources in one line, outermost first; a source that repeats what was said is left out.
pub fn in_one_line(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let next = cause.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        source = cause.source();
    }
    text
}
