//! Where a sale of the till is booked: by its register's row, then its outlet's.

use crate::domain::bookings::Place;
use crate::domain::decide::bill::{is_internal_id, named};
use crate::domain::decide::send::Missing;
use crate::domain::decide::{Case, Next, Step};
use crate::domain::facts::{List, Question};
use crate::domain::mapping::{NoMatch, OutletRule, RegisterRule};
use crate::domain::reference::{Outlet, Register};
use crate::domain::sale::Sale;

impl<'a> Case<'a> {
    fn till_register(&self, sale: &Sale) -> Option<&'a Register> {
        let id = sale.register_id.as_deref()?;
        self.facts.answers.reference.as_ref()?.registers.iter().find(|register| register.id == id)
    }

    /// The outlet that the sale was made at: its own, else its register's.
    pub(in crate::domain::decide) fn till_outlet(&self, sale: &Sale) -> Option<&'a Outlet> {
        let id = sale.outlet_id.as_deref().or_else(|| self.till_register(sale)?.outlet_id.as_deref())?;
        self.facts.answers.reference.as_ref()?.outlets.iter().find(|outlet| outlet.id == id)
    }

    /// The row of the sale's outlet.
    pub(super) fn till_outlet_rule(&self, sale: &Sale) -> Option<&'a OutletRule> {
        match self.till_outlet(sale) {
            Some(outlet) => self.mappings.outlet(&outlet.id, Some(&outlet.name)),
            None => self.mappings.outlet(sale.outlet_id.as_deref()?, None),
        }
    }

    fn register_rule(&self, sale: &Sale) -> Option<&'a RegisterRule> {
        let id = sale.register_id.as_deref()?;
        self.mappings.register(id, self.till_register(sale).map(|register| register.name.as_str()))
    }

    /// Location, department, class and subsidiary; what is not found is added to what is missing.
    pub(super) fn place(&self, sale: &Sale, missing: &mut Missing) -> Step<Place> {
        let (outlet, register) = (self.till_outlet_rule(sale), self.register_rule(sale));
        let name = self.till_outlet(sale).map(|outlet| outlet.name.as_str()).or(sale.outlet_id.as_deref()).unwrap_or("none");
        let location = match (register.and_then(|row| row.location.as_ref()).or(outlet.and_then(|row| row.location.as_ref())), outlet) {
            (Some(location), _) => Some(location.as_str()),
            (None, Some(_)) => None,
            (None, None) => match &self.mappings.settings.no_match.outlet {
                NoMatch::Use(location) => Some(location.as_str()),
                NoMatch::Default => None,
                NoMatch::Hold => {
                    missing.note(format!("no [[outlet]] stands for the outlet '{name}'"));
                    None
                }
            },
        };
        let of = |pick: fn(&RegisterRule) -> &Option<String>, or: fn(&OutletRule) -> &Option<String>| {
            register.and_then(|row| pick(row).as_deref()).or_else(|| outlet.and_then(|row| or(row).as_deref()))
        };
        Ok(Place {
            location: location.map(|location| self.location(location, missing)).transpose()?.flatten(),
            department: self.entry(List::Department, of(|row| &row.department, |row| &row.department), missing)?,
            class: self.entry(List::Class, of(|row| &row.class, |row| &row.class), missing)?,
            subsidiary: self.entry(List::Subsidiary, of(|row| &row.subsidiary, |row| &row.subsidiary), missing)?,
        })
    }

    fn location(&self, name: &str, missing: &mut Missing) -> Step<Option<String>> {
        if is_internal_id(name) {
            return Ok(Some(name.to_owned()));
        }
        let Some(locations) = &self.facts.answers.locations else { return Err(Next::Ask(vec![Question::Locations])) };
        let found = named(locations, name);
        if found.is_none() {
            missing.note(format!("NetSuite has no location '{name}'"));
        }
        Ok(found)
    }

    /// An entry of a list, by id or name.
    fn entry(&self, list: List, name: Option<&str>, missing: &mut Missing) -> Step<Option<String>> {
        let Some(name) = name else { return Ok(None) };
        if is_internal_id(name) {
            return Ok(Some(name.to_owned()));
        }
        let Some(entries) = self.facts.answers.names.get(&list) else { return Err(Next::Ask(vec![Question::Names(list)])) };
        let found = named(entries, name);
        if found.is_none() {
            missing.note(format!("NetSuite has no {} '{name}'", list.word()));
        }
        Ok(found)
    }
}
