//! Every thing of either system that a mappings document names, and where.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Settings;
use super::issue::line_and_column;
use super::settings::PaymentKind;

/// A kind of thing that a document names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    /// X-Series: an outlet.
    Outlet,
    /// X-Series: a register.
    Register,
    /// X-Series: a payment type.
    PaymentType,
    /// X-Series: a tax.
    Tax,
    /// X-Series: a user.
    User,
    /// NetSuite: a location.
    Location,
    /// NetSuite: a subsidiary.
    Subsidiary,
    /// NetSuite: a department.
    Department,
    /// NetSuite: a class.
    Class,
    /// NetSuite: a payment method.
    PaymentMethod,
    /// NetSuite: an account.
    Account,
    /// NetSuite: a tax code.
    TaxCode,
    /// NetSuite: a customer.
    Customer,
    /// NetSuite: an item.
    Item,
}

impl Thing {
    /// The words for one and for several.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Outlet => ("outlet", "outlets"),
            Self::Register => ("register", "registers"),
            Self::PaymentType => ("payment type", "payment types"),
            Self::Tax => ("tax", "taxes"),
            Self::User => ("user", "users"),
            Self::Location => ("location", "locations"),
            Self::Subsidiary => ("subsidiary", "subsidiaries"),
            Self::Department => ("department", "departments"),
            Self::Class => ("class", "classes"),
            Self::PaymentMethod => ("payment method", "payment methods"),
            Self::Account => ("account", "accounts"),
            Self::TaxCode => ("tax code", "tax codes"),
            Self::Customer => ("customer", "customers"),
            Self::Item => ("item", "items"),
        }
    }

    /// Whether X-Series has it, and not NetSuite.
    pub fn is_of_x_series(self) -> bool {
        matches!(self, Self::Outlet | Self::Register | Self::PaymentType | Self::Tax | Self::User)
    }
}

/// A name in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// What it names: the first, or where the name may stand for either, one of them.
    pub things: Vec<Thing>,
    /// The name or id.
    pub name: String,
    /// The table, or the document's own key, for people: `[[outlet]]`, `author`.
    pub of: &'static str,
    /// The line, from 1.
    pub line: usize,
    /// The letter in the line, from 1.
    pub column: usize,
}

/// Keys that name something: the table, or none for the document itself, the key, and what it may name.
const KEYS: &[(Option<&str>, &str, &str, &[Thing])] = &[
    (None, "variance_item", "variance_item", &[Thing::Item]),
    (None, "discount_item", "discount_item", &[Thing::Item]),
    (Some("mapping"), "register", "[[mapping]]", &[Thing::Register]),
    (Some("mapping"), "author", "[[mapping]]", &[Thing::User]),
    (Some("mapping"), "fulfil_from", "[[mapping]]", &[Thing::Outlet]),
    (Some("outlet"), "x_series", "[[outlet]]", &[Thing::Outlet]),
    (Some("outlet"), "register", "[[outlet]]", &[Thing::Register]),
    (Some("outlet"), "location", "[[outlet]]", &[Thing::Location]),
    (Some("outlet"), "default_customer", "[[outlet]]", &[Thing::Customer]),
    (Some("outlet"), "department", "[[outlet]]", &[Thing::Department]),
    (Some("outlet"), "class", "[[outlet]]", &[Thing::Class]),
    (Some("outlet"), "subsidiary", "[[outlet]]", &[Thing::Subsidiary]),
    (Some("register"), "x_series", "[[register]]", &[Thing::Register]),
    (Some("register"), "location", "[[register]]", &[Thing::Location]),
    (Some("register"), "department", "[[register]]", &[Thing::Department]),
    (Some("register"), "class", "[[register]]", &[Thing::Class]),
    (Some("register"), "subsidiary", "[[register]]", &[Thing::Subsidiary]),
    (Some("payment_type"), "x_series", "[[payment_type]]", &[Thing::PaymentType]),
    (Some("tax"), "x_series", "[[tax]]", &[Thing::Tax]),
    (Some("tax"), "netsuite", "[[tax]]", &[Thing::TaxCode]),
    (Some("charge"), "netsuite", "[[charge]]", &[Thing::Item]),
];

/// The keys of `no_match` that name something, where they are neither `hold` nor `default`.
const NO_MATCH: &[(&str, &str, &[Thing])] = &[
    ("item", "no_match.item", &[Thing::Item]),
    ("customer", "no_match.customer", &[Thing::Customer]),
    ("payment_type", "no_match.payment_type", &[Thing::PaymentMethod]),
    // Sent orders take the one, booked sales the other.
    ("tax", "no_match.tax", &[Thing::Tax, Thing::TaxCode]),
    ("outlet", "no_match.outlet", &[Thing::Location]),
];

type Value<'t> = Spanned<DeValue<'t>>;

/// Gathers every mention of a document that is free of errors, in its order.
pub(super) fn gather(document: &str, root: &DeTable<'_>, taxes: Option<&Value<'_>>, settings: &Settings) -> Vec<Mention> {
    let mut mentions = Mentions { document, found: Vec::new() };
    // Its default names a user as well.
    let author_at = root.get("author").map_or(0, |found| found.span().start);
    mentions.note(&[Thing::User], settings.author.clone(), "author", author_at);
    for (table, key, of, things) in KEYS {
        match table {
            None => mentions.key(root, key, things, of),
            Some("tax") => rows(taxes).for_each(|row| mentions.key(row, key, things, of)),
            Some(table) => rows(root.get(*table)).for_each(|row| mentions.key(row, key, things, of)),
        }
    }
    rows(root.get("payment_type")).for_each(|row| mentions.tender(row));
    if let Some(table) = root.get("no_match").and_then(|found| found.get_ref().as_table()) {
        for (key, of, things) in NO_MATCH {
            if text(table, key).is_some_and(|(name, _)| !matches!(name.as_str(), "hold" | "default")) {
                mentions.key(table, key, things, of);
            }
        }
    }
    mentions.found.sort_by_key(|mention| (mention.line, mention.column));
    mentions.found
}

struct Mentions<'d> {
    document: &'d str,
    found: Vec<Mention>,
}

impl Mentions<'_> {
    fn note(&mut self, things: &[Thing], name: String, of: &'static str, at: usize) {
        let (line, column) = line_and_column(self.document, at);
        self.found.push(Mention { things: things.to_vec(), name, of, line, column });
    }

    fn key(&mut self, table: &DeTable<'_>, key: &str, things: &[Thing], of: &'static str) {
        if let Some((name, at)) = text(table, key) {
            self.note(things, name, of, at);
        }
    }

    /// What a payment type is booked with: nothing where it is not booked, and the method of its own name where the row names none.
    fn tender(&mut self, row: &DeTable<'_>) {
        let kind = text(row, "kind").map(|(kind, _)| kind);
        let unbooked = [PaymentKind::NetSuite, PaymentKind::OnAccount];
        if unbooked.iter().any(|unbooked| kind.as_deref() == Some(unbooked.word())) {
            return;
        }
        self.key(row, "account", &[Thing::Account], "[[payment_type]]");
        match (text(row, "netsuite"), text(row, "account")) {
            (Some((name, at)), _) => self.note(&[Thing::PaymentMethod], name, "[[payment_type]]", at),
            (None, Some(_)) => {}
            (None, None) => self.key(row, "x_series", &[Thing::PaymentMethod], "[[payment_type]]"),
        }
    }
}

fn rows<'t>(found: Option<&'t Value<'t>>) -> impl Iterator<Item = &'t DeTable<'t>> {
    found.and_then(|found| found.get_ref().as_array()).into_iter().flatten().filter_map(|row| row.get_ref().as_table())
}

/// A text that is not blank, and where it stands; ids may be written as whole numbers.
fn text(table: &DeTable<'_>, key: &str) -> Option<(String, usize)> {
    let found = table.get(key)?;
    let text = match found.get_ref() {
        DeValue::String(text) => text.trim().to_owned(),
        DeValue::Integer(number) => number.as_str().to_owned(),
        _ => return None,
    };
    Some((text, found.span().start)).filter(|(text, _)| !text.is_empty())
}
