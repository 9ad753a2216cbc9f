//! Whom a sale of the till is booked to: by link, then e-mail or number, then a new customer, or the outlet's default.

use crate::domain::bookings::{ErpCustomerRequest, Place};
use crate::domain::call::{Call, Request};
use crate::domain::decide::bill::is_internal_id;
use crate::domain::decide::send::Missing;
use crate::domain::decide::{Case, Next, Step};
use crate::domain::facts::Question;
use crate::domain::keys;
use crate::domain::mapping::NoMatch;
use crate::domain::reference::TillCustomer;
use crate::domain::sale::Sale;

/// Whom the records are for.
pub(super) enum Debtor {
    /// This NetSuite customer.
    Known(String),
    /// One who has to be made first.
    New(Box<Call>),
}

impl Case<'_> {
    /// The sale's customer in NetSuite; none is added to what is missing.
    pub(super) fn debtor(&mut self, sale: &Sale, place: &Place, missing: &mut Missing) -> Step<Option<Debtor>> {
        let Some(id) = &sale.customer_id else { return self.default_customer(sale, "the sale has no customer", missing) };
        let Some(customer) = &self.facts.answers.till_customer else {
            return Err(Next::Ask(vec![Question::TillCustomer(id.clone())]));
        };
        if let Some(let_go) = &customer.let_go {
            self.notes.push(format!(
                "The sale's customer was NetSuite's {let_go}, which is gone or not in use any more: it was looked for anew."
            ));
        }
        if let Some(linked) = &customer.linked {
            return Ok(Some(Debtor::Known(linked.clone())));
        }
        let Some(till) = &customer.till else {
            return self.default_customer(sale, "the sale's customer is gone from X-Series", missing);
        };
        if till.is_walk_in() {
            return self.default_customer(sale, "the sale is for the walk-in customer", missing);
        }
        let name = till.name.clone().unwrap_or_else(|| till.id.clone());
        match customer.matches.as_slice() {
            [one] => return Ok(Some(Debtor::Known(one.id.clone()))),
            [] => {}
            several => {
                let ids = several.iter().map(|one| one.id.as_str()).collect::<Vec<_>>().join(", ");
                missing.note(format!(
                    "the customer '{name}' could be the NetSuite customers {ids}: make one of them inactive, or give it another e-mail"
                ));
                return Ok(None);
            }
        }
        let asks = self.mappings.settings.create_customers || self.mappings.settings.no_match.customer == NoMatch::Hold;
        // Somebody took it out of use on purpose; another one of the same name is not made behind their back.
        if let Some(inactive) = customer.inactive.as_ref().filter(|_| asks) {
            missing.note(format!(
                "the customer '{name}' is the NetSuite customer {inactive}, which is inactive: make it active, or give its e-mail to the customer that takes its place"
            ));
            return Ok(None);
        }
        if self.mappings.settings.create_customers {
            let subsidiary = self.subsidiary_at(place)?;
            return Ok(Some(Debtor::New(Box::new(self.make_debtor(till, customer.gone + 1, subsidiary)))));
        }
        match &self.mappings.settings.no_match.customer {
            NoMatch::Hold => {
                missing.note(format!("the customer '{name}' is not in NetSuite"));
                Ok(None)
            }
            NoMatch::Default => self.default_customer(sale, &format!("the customer '{name}' is not in NetSuite"), missing),
            NoMatch::Use(customer) => {
                let customer = customer.clone();
                self.named_customer(&customer, missing)
            }
        }
    }

    fn default_customer(&mut self, sale: &Sale, why: &str, missing: &mut Missing) -> Step<Option<Debtor>> {
        let outlet = self.till_outlet(sale).map_or("its outlet", |outlet| outlet.name.as_str());
        let Some(name) = self.till_outlet_rule(sale).and_then(|row| row.default_customer.clone()) else {
            missing.note(format!("{why}, and [[outlet]] '{outlet}' has no default_customer"));
            return Ok(None);
        };
        self.named_customer(&name, missing)
    }

    fn named_customer(&self, name: &str, missing: &mut Missing) -> Step<Option<Debtor>> {
        if is_internal_id(name) {
            return Ok(Some(Debtor::Known(name.to_owned())));
        }
        match self.facts.answers.named_customers.get(name).map(Vec::as_slice) {
            None => Err(Next::Ask(vec![Question::CustomersNamed(name.to_owned())])),
            Some([id]) => Ok(Some(Debtor::Known(id.clone()))),
            Some(found) => {
                missing.note(format!("NetSuite has {} customers '{name}' (default_customer)", found.len()));
                Ok(None)
            }
        }
    }

    /// Where a new customer belongs: to the subsidiary that the mappings name, else to that of the place where the sale is booked.
    fn subsidiary_at(&self, place: &Place) -> Step<Option<String>> {
        let (None, Some(location)) = (&place.subsidiary, &place.location) else { return Ok(place.subsidiary.clone()) };
        match self.facts.answers.location_subsidiaries.get(location) {
            Some(subsidiary) => Ok(subsidiary.clone()),
            None => Err(Next::Ask(vec![Question::LocationSubsidiary(location.clone())])),
        }
    }

    /// The call that makes a customer of the till known to NetSuite: a company where the till names one, else a person.
    fn make_debtor(&self, till: &TillCustomer, number: usize, subsidiary: Option<String>) -> Call {
        let some = |text: &Option<String>| text.clone().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let company_name = some(&till.company_name);
        let (mut first_name, mut last_name) = (some(&till.first_name), some(&till.last_name));
        if company_name.is_none() && first_name.is_none() && last_name.is_none() {
            last_name = some(&till.name).or_else(|| some(&till.code)).or_else(|| Some(till.id.clone()));
        }
        // NetSuite wants both names of a person.
        if company_name.is_none() {
            first_name = first_name.or_else(|| Some("-".to_owned()));
            last_name = last_name.or_else(|| Some("-".to_owned()));
        }
        let external_id = keys::customer_key(&self.facts.connection, &till.id, number);
        let request = ErpCustomerRequest {
            external_id: external_id.clone(),
            x_series_id: till.id.clone(),
            company_name,
            first_name,
            last_name,
            email: some(&till.email),
            phone: some(&till.phone),
            subsidiary,
        };
        Call { key: external_id, request: Request::ErpCustomer(request) }
    }
}
