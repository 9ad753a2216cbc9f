//! A document against what both systems have: names that are not there, and things that no row names. Pure; the lists are read
//! elsewhere.

use std::collections::BTreeMap;

use super::mentions::{Mention, Thing};
use super::rules::names;
use super::settings::{NoMatch, TaxMode};
use super::{Checked, Issue, Mappings};
use crate::domain::expression::closest;
use crate::domain::facts::Reference;
use crate::domain::reference::{Outlet, TaxCode};
use crate::domain::sales_order::Ref;

/// As many names as a suggestion lists where none is close.
const LISTED_AT_MOST: usize = 8;

/// What both systems have; none of a system that was not read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Lists {
    /// X-Series. What was deleted is not in it.
    pub x_series: Option<Reference>,
    /// NetSuite, as far as the document names it.
    pub netsuite: Option<ErpLists>,
}

/// What NetSuite has of the things that a document names.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ErpLists {
    /// The entries of each list. An empty one, and one that is not here, is not shown to the role: nothing is said of its names.
    pub entries: BTreeMap<Thing, Vec<Ref>>,
    /// The tax codes; none are shown where it is empty.
    pub tax_codes: Vec<TaxCode>,
    /// The internal ids of customers and items that were looked up, by their name or id.
    pub looked_up: BTreeMap<(Thing, String), Vec<String>>,
}

/// What was found, each in the order of the document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// Names that do not exist, or that several things have.
    pub errors: Vec<Issue>,
    /// What no row names, with what happens to it; and names that could not be looked at.
    pub warnings: Vec<Issue>,
    /// What no row names, where that may well be meant.
    pub notes: Vec<Issue>,
}

/// What became of looking for a name.
enum Seen<'l> {
    There,
    Several(&'l [String]),
    Gone(Vec<&'l str>),
    NotShown,
}

impl Lists {
    /// Holds a document against the lists.
    pub fn compare(&self, checked: &Checked) -> Found {
        let mut found = Found::default();
        let mut hidden = Vec::new();
        for mention in &checked.mentions {
            self.look_at(mention, &mut found, &mut hidden);
        }
        if let Some(reference) = &self.x_series {
            let rows = Rows { checked, reference };
            rows.outlets(&mut found);
            rows.payment_types(&mut found);
            rows.taxes(&mut found);
            rows.registers(&mut found);
            rows.time_zones(&mut found);
        }
        for list in [&mut found.errors, &mut found.warnings, &mut found.notes] {
            list.sort();
        }
        found
    }

    fn look_at(&self, mention: &Mention, found: &mut Found, hidden: &mut Vec<Thing>) {
        let seen = mention.things.iter().filter_map(|thing| Some((*thing, self.seen(*thing, &mention.name)?))).collect::<Vec<_>>();
        if seen.iter().any(|(_, seen)| matches!(seen, Seen::There)) {
            return;
        }
        // Where one of two could not be looked at, it may be there.
        if seen.len() < mention.things.len() {
            return;
        }
        if let Some((thing, _)) = seen.iter().find(|(_, seen)| matches!(seen, Seen::NotShown)) {
            if !hidden.contains(thing) {
                hidden.push(*thing);
                let message = format!("NetSuite shows no {} to this role, so their names were not looked at", thing.words().1);
                found.warnings.push(at(mention, message, Some("docs/NETSUITE.md lists the permissions".to_owned())));
            }
            return;
        }
        let name = &mention.name;
        if let Some((thing, Seen::Several(ids))) = seen.iter().find(|(_, seen)| matches!(seen, Seen::Several(_))) {
            let message = format!("NetSuite has {} {} named '{name}' ({}): {}", ids.len(), thing.words().1, mention.of, ids.join(", "));
            found.errors.push(at(mention, message, Some("write the internal id of the one that is meant".to_owned())));
            return;
        }
        let lacks = |(thing, _): &(Thing, Seen<'_>)| {
            let system = if thing.is_of_x_series() { "X-Series" } else { "NetSuite" };
            format!("{system} has no {} '{name}'", thing.words().0)
        };
        let message = format!("{} ({})", seen.iter().map(lacks).collect::<Vec<_>>().join(" and "), mention.of);
        let known = seen.iter().flat_map(|(_, seen)| if let Seen::Gone(known) = seen { known.clone() } else { Vec::new() });
        found.errors.push(at(mention, message, meant(name, &known.collect::<Vec<_>>(), &mention.things)));
    }

    /// Looks for a name; none where its system was not read.
    fn seen<'l>(&'l self, thing: Thing, name: &str) -> Option<Seen<'l>> {
        if thing.is_of_x_series() {
            return Some(in_x_series(self.x_series.as_ref()?, thing, name));
        }
        let netsuite = self.netsuite.as_ref()?;
        Some(match thing {
            Thing::Customer | Thing::Item => match netsuite.looked_up.get(&(thing, name.to_owned())).map(Vec::as_slice) {
                None => Seen::NotShown,
                Some([]) => Seen::Gone(Vec::new()),
                Some([_]) => Seen::There,
                Some(several) => Seen::Several(several),
            },
            Thing::TaxCode if netsuite.tax_codes.is_empty() => Seen::NotShown,
            Thing::TaxCode if TaxCode::named(&netsuite.tax_codes, name).is_some() => Seen::There,
            Thing::TaxCode => Seen::Gone(netsuite.tax_codes.iter().map(|code| code.name.as_str()).collect()),
            _ => match netsuite.entries.get(&thing).filter(|entries| !entries.is_empty()) {
                None => Seen::NotShown,
                Some(entries) if entries.iter().any(|entry| names(name, &entry.id, entry.name.as_deref())) => Seen::There,
                Some(entries) => Seen::Gone(entries.iter().filter_map(|entry| entry.name.as_deref()).collect()),
            },
        })
    }
}

fn in_x_series<'l>(reference: &'l Reference, thing: Thing, name: &str) -> Seen<'l> {
    let of = |there: bool, known: Vec<&'l str>| if there { Seen::There } else { Seen::Gone(known) };
    let is = |id: &str, known: &str| names(name, id, Some(known));
    match thing {
        Thing::Outlet => of(
            reference.outlets.iter().any(|outlet| is(&outlet.id, &outlet.name)),
            reference.outlets.iter().map(|outlet| outlet.name.as_str()).collect(),
        ),
        Thing::Register => of(
            reference.registers.iter().any(|register| is(&register.id, &register.name)),
            reference.registers.iter().map(|register| register.name.as_str()).collect(),
        ),
        Thing::PaymentType => of(
            reference.payment_types.iter().any(|kind| is(&kind.id, &kind.name)),
            reference.payment_types.iter().map(|kind| kind.name.as_str()).collect(),
        ),
        Thing::Tax => {
            of(reference.taxes.iter().any(|tax| is(&tax.id, &tax.name)), reference.taxes.iter().map(|tax| tax.name.as_str()).collect())
        }
        _ => of(reference.user(name).is_some(), reference.users.iter().map(|user| user.username.as_str()).collect()),
    }
}

/// What to write instead of a name that is not there.
fn meant(name: &str, known: &[&str], things: &[Thing]) -> Option<String> {
    if let Some(close) = closest(name, known.iter().copied()) {
        return Some(format!("did you mean \"{close}\"?"));
    }
    if things.iter().any(|thing| matches!(thing, Thing::Customer | Thing::Item)) {
        return Some("write its number as NetSuite shows it, or its internal id".to_owned());
    }
    if known.is_empty() || known.len() > LISTED_AT_MOST {
        return None;
    }
    Some(format!("there is {}", known.iter().map(|known| format!("\"{known}\"")).collect::<Vec<_>>().join(", ")))
}

fn at(mention: &Mention, message: String, suggestion: Option<String>) -> Issue {
    Issue { line: mention.line, column: mention.column, message, suggestion }
}

/// The rows of a document and what X-Series has for them.
struct Rows<'a> {
    checked: &'a Checked,
    reference: &'a Reference,
}

impl Rows<'_> {
    fn mappings(&self) -> &Mappings {
        &self.checked.mappings
    }

    /// Something without a row: shown at the last row of its table, where the next one would be written.
    fn issue(&self, of: &str, message: String, suggestion: Option<String>) -> Issue {
        let last = self
            .checked
            .mentions
            .iter()
            .rev()
            .find(|mention| mention.of == of && mention.things.iter().all(|thing| thing.is_of_x_series()));
        let (line, column) = last.map_or((1, 1), |last| (last.line, last.column));
        Issue { line, column, message, suggestion }
    }

    /// An outlet without registers sells nothing.
    fn outlets(&self, found: &mut Found) {
        for outlet in &self.reference.outlets {
            let sells = self.reference.registers.iter().any(|register| register.outlet_id.as_ref() == Some(&outlet.id));
            if !sells || self.mappings().outlet(&outlet.id, Some(&outlet.name)).is_some() {
                continue;
            }
            let then = match &self.mappings().settings.no_match.outlet {
                NoMatch::Use(location) => format!("its sales are booked at the location '{location}' (no_match.outlet)"),
                NoMatch::Hold | NoMatch::Default => "its sales are held (no_match.outlet)".to_owned(),
            };
            let message = format!("no [[outlet]] names the outlet '{}' of X-Series: {then}", outlet.name);
            let add = format!("add an [[outlet]] with x_series = \"{}\"", outlet.name);
            found.warnings.push(self.issue("[[outlet]]", message, Some(add)));
        }
    }

    fn payment_types(&self, found: &mut Found) {
        for kind in &self.reference.payment_types {
            if self.mappings().payment_type(&kind.id, Some(&kind.name)).is_some() {
                continue;
            }
            let then = match &self.mappings().settings.no_match.payment_type {
                NoMatch::Use(method) => format!("it is booked with the payment method '{method}' (no_match.payment_type)"),
                NoMatch::Hold | NoMatch::Default => "sales paid with it are held (no_match.payment_type)".to_owned(),
            };
            let message = format!("no [[payment_type]] names the payment type '{}' of X-Series: {then}", kind.name);
            let add = format!("add a [[payment_type]] with x_series = \"{}\"", kind.name);
            found.warnings.push(self.issue("[[payment_type]]", message, Some(add)));
        }
    }

    /// Without `tax = "override"` a sale's tax is not looked up: only sales orders that are sent need it.
    fn taxes(&self, found: &mut Found) {
        let settings = &self.mappings().settings;
        let unnamed = self.reference.taxes.iter().filter(|tax| self.mappings().tax(&tax.id, Some(&tax.name)).is_none());
        if settings.tax == TaxMode::Compare {
            let unnamed = unnamed.map(|tax| format!("'{}'", tax.name)).collect::<Vec<_>>();
            if !unnamed.is_empty() {
                let message =
                    format!("no [[tax]] names {} of X-Series: no tax code is sent as it, unless it has the same name", unnamed.join(", "));
                found.notes.push(self.issue("[[tax]]", message, None));
            }
            return;
        }
        for tax in unnamed.filter(|tax| !tax.rate.is_zero()) {
            let then = match &settings.no_match.tax {
                NoMatch::Use(code) => format!("it is written as the tax code '{code}' (no_match.tax)"),
                NoMatch::Hold | NoMatch::Default => "sales with it are held (no_match.tax)".to_owned(),
            };
            let message = format!("no [[tax]] names the tax '{}' of X-Series: {then}", tax.name);
            found.warnings.push(self.issue("[[tax]]", message, Some(format!("add a [[tax]] with x_series = \"{}\"", tax.name))));
        }
    }

    /// Without a time zone nobody knows the business day of a sale.
    fn time_zones(&self, found: &mut Found) {
        let sells = |outlet: &&Outlet| self.reference.registers.iter().any(|register| register.outlet_id.as_ref() == Some(&outlet.id));
        let outlets = self.reference.outlets.iter().filter(sells).filter(|outlet| self.reference.zone_of(Some(outlet)).is_none());
        let outlets = outlets.map(|outlet| format!("'{}'", outlet.name)).collect::<Vec<_>>();
        if !outlets.is_empty() {
            let message = format!(
                "X-Series tells no time zone of the outlets {} and of the retailer: what is booked there has the date of the day on which NetSuite gets it",
                outlets.join(", ")
            );
            found.warnings.push(self.issue("[[outlet]]", message, Some("set the time zone in X-Series (Setup > General)".to_owned())));
        }
    }

    /// Registers are booked as their outlets, unless rows say otherwise: worth a word only where some do.
    fn registers(&self, found: &mut Found) {
        if self.mappings().registers.is_empty() {
            return;
        }
        let unnamed =
            self.reference.registers.iter().filter(|register| self.mappings().register(&register.id, Some(&register.name)).is_none());
        let unnamed = unnamed.map(|register| format!("'{}'", register.name)).collect::<Vec<_>>();
        if !unnamed.is_empty() {
            let message = format!("no [[register]] names {} of X-Series: their sales are booked as their outlets'", unnamed.join(", "));
            found.notes.push(self.issue("[[register]]", message, None));
        }
    }
}
