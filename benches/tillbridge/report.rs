//! What was measured: a table for people, JSON for programs.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;

use serde_json::{Value, json};

/// What a figure has to reach.
#[derive(Debug, Clone, Copy)]
pub enum Limit {
    /// This much or more.
    AtLeast(f64),
    /// This much or less.
    AtMost(f64),
}

impl Limit {
    fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
        }
    }

    fn text(self) -> String {
        match self {
            Self::AtLeast(least) => format!("≥ {}", number(least)),
            Self::AtMost(most) => format!("≤ {}", number(most)),
        }
    }
}

/// One figure.
#[derive(Debug, Clone)]
pub struct Figure {
    name: String,
    measured: f64,
    unit: &'static str,
    /// What it was measured against in the same run, and that one's figure.
    reference: Option<(&'static str, f64)>,
    limit: Option<Limit>,
}

impl Figure {
    /// A figure by itself; the limit is on its value.
    pub fn plain(name: impl Into<String>, measured: f64, unit: &'static str, limit: Option<Limit>) -> Self {
        Self { name: name.into(), measured, unit, reference: None, limit }
    }

    /// A figure beside that of a reference; the limit is on the ratio of the two.
    pub fn against(
        name: impl Into<String>,
        measured: f64,
        unit: &'static str,
        reference: (&'static str, f64),
        limit: Option<Limit>,
    ) -> Self {
        Self { name: name.into(), measured, unit, reference: Some(reference), limit }
    }

    /// A figure beside that of a reference where there is one, without a limit.
    pub fn maybe(name: impl Into<String>, measured: f64, unit: &'static str, reference: Option<(&'static str, f64)>) -> Self {
        Self { name: name.into(), measured, unit, reference, limit: None }
    }

    fn ratio(&self) -> Option<f64> {
        self.reference.map(|(_, reference)| self.measured / reference)
    }

    fn is_met(&self) -> Option<bool> {
        self.limit.map(|limit| limit.is_met(self.ratio().unwrap_or(self.measured)))
    }

    fn json(&self) -> Value {
        json!({
            "name": self.name,
            "measured": self.measured,
            "unit": self.unit,
            "reference": self.reference.map(|(name, value)| json!({ "name": name, "measured": value })),
            "ratio": self.ratio(),
            "limit": self.limit.map(Limit::text),
            "met": self.is_met(),
        })
    }

    fn row(&self) -> [String; 5] {
        let reference = self.reference.map_or_else(String::new, |(name, value)| format!("{} {} ({name})", number(value), self.unit));
        [
            self.name.clone(),
            format!("{} {}", number(self.measured), self.unit),
            reference,
            self.ratio().map_or_else(String::new, |ratio| format!("{ratio:.2}")),
            match (self.limit, self.is_met()) {
                (Some(limit), Some(met)) => format!("{} {}", limit.text(), if met { "met" } else { "MISSED" }),
                _ => String::new(),
            },
        ]
    }
}

/// All figures of a run.
#[derive(Debug, Default)]
pub struct Report {
    figures: Vec<Figure>,
}

impl Report {
    /// Adds a figure.
    pub fn add(&mut self, figure: Figure) {
        self.figures.push(figure);
    }

    /// True when no figure misses its limit.
    pub fn is_met(&self) -> bool {
        self.figures.iter().all(|figure| figure.is_met() != Some(false))
    }

    /// The table.
    pub fn table(&self) -> String {
        let head = ["figure", "measured", "reference", "ratio", "limit"].map(str::to_owned);
        let rows = std::iter::once(head).chain(self.figures.iter().map(Figure::row)).collect::<Vec<_>>();
        let widths = [0, 1, 2, 3, 4].map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default());
        let mut text = String::new();
        for row in &rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(widths) {
                // Writing to a String cannot fail.
                let _ = write!(line, "{cell:width$}  ");
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    /// Writes the figures as JSON.
    pub fn write_json(&self, path: &Path) -> io::Result<()> {
        let figures = self.figures.iter().map(Figure::json).collect::<Vec<_>>();
        std::fs::write(path, format!("{:#}\n", json!({ "figures": figures })))
    }
}

/// Says something while the measurements go on.
pub fn say(text: &str) {
    // Nobody may be reading; the results are in the file all the same.
    let _ = writeln!(io::stderr(), "{text}");
}

fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 || size.fract() == 0.0 => format!("{value:.0}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}
