//! What is printed, and how: results to standard output, problems to standard error, one line each.

use std::io::{self, Write};
use std::process::ExitCode;

/// Prints a line to standard output.
pub(super) fn say(line: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{line}")
}

/// Prints a problem to standard error; the exit code of one.
pub(super) fn fail(message: &str) -> ExitCode {
    complain(message);
    ExitCode::FAILURE
}

/// Prints a problem to standard error, every line of it marked.
pub(super) fn complain(message: &str) {
    let mut out = io::stderr().lock();
    for line in message.lines() {
        // Nobody is left to tell when standard error is gone.
        drop(writeln!(out, "tillbridge: {line}"));
    }
}

/// A table with a head, columns as wide as their widest cell.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(head.get(column).map(|head| head.chars().count())).max().unwrap_or(0)
    };
    let widths = (0..head.len()).map(width).collect::<Vec<_>>();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut text = String::new();
        for (cell, width) in cells.zip(&widths) {
            text.push_str(cell);
            text.extend(std::iter::repeat_n(' ', width + 2 - cell.chars().count().min(*width)));
        }
        text.trim_end().to_owned()
    };
    let mut lines = vec![line(&mut head.iter().copied())];
    lines.extend(rows.iter().map(|row| line(&mut row.iter().map(String::as_str))));
    lines.join("\n")
}
