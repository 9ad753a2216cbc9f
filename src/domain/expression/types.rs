//! The types of facts and of the parts of a condition, and which of them can be compared.

use std::fmt;

/// What kind of value a part has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Yes or no.
    YesNo,
    /// A quantity or an amount.
    Number,
    /// Text, the name of a record, or an id.
    Text,
    /// One of a fixed set of words.
    Word(&'static Words),
    /// A calendar day.
    Date,
    /// A moment.
    Moment,
    /// A custom field: what it holds is only known when an order is looked at.
    Any,
    /// `null`
    Nothing,
    /// `order.lines`
    Lines,
}

/// A fixed set of words, in which a typing mistake is found when the condition is loaded.
#[derive(Debug, PartialEq, Eq)]
pub struct Words {
    /// What each word is: "a sales order status".
    pub what: &'static str,
    /// The words, each with its id where the twin fact gives that.
    pub pairs: &'static [(&'static str, &'static str)],
    /// The words are the ids of a twin fact, not its names.
    pub are_ids: bool,
}

impl Words {
    /// The words that may be written.
    pub fn allowed(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.pairs.iter().map(|(name, id)| if self.are_ids { *id } else { *name })
    }

    /// The allowed word for what the other twin would call it: `Billed` for `G`, or `G` for `Billed`.
    pub fn of_twin(&self, word: &str) -> Option<&'static str> {
        self.pairs.iter().find_map(|(name, id)| {
            let (mine, twin) = if self.are_ids { (*id, *name) } else { (*name, *id) };
            twin.eq_ignore_ascii_case(word.trim()).then_some(mine)
        })
    }
}

impl Type {
    /// Text of either sort.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::Word(_))
    }

    /// A date or a moment.
    pub fn is_day(self) -> bool {
        matches!(self, Self::Date | Self::Moment)
    }

    /// Which comes first can be told.
    pub fn has_order(self) -> bool {
        matches!(self, Self::Number | Self::Date | Self::Moment | Self::Any)
    }

    /// Whether values of both types can be compared at all.
    pub fn compares_with(self, other: Self) -> bool {
        match (self, other) {
            (Self::Lines, _) | (_, Self::Lines) => false,
            (Self::Any | Self::Nothing, _) | (_, Self::Any | Self::Nothing) => true,
            _ => self == other || (self.is_text() && other.is_text()) || (self.is_day() && other.is_day()),
        }
    }

    /// The type without an article, as tables show it.
    pub fn name(self) -> &'static str {
        match self {
            Self::YesNo => "yes/no",
            Self::Number => "number",
            Self::Text => "text",
            Self::Word(_) => "one of a few words",
            Self::Date => "date",
            Self::Moment => "time",
            Self::Any => "any",
            Self::Nothing => "null",
            Self::Lines => "list of lines",
        }
    }
}

/// The type within a sentence: "a number".
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::YesNo => "yes or no",
            Self::Number => "a number",
            Self::Text => "text",
            Self::Word(words) => words.what,
            Self::Date => "a date",
            Self::Moment => "a time",
            Self::Any => "a custom field",
            Self::Nothing => "null",
            Self::Lines => "the list of lines",
        })
    }
}
