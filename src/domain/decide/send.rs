//! A sales order goes to X-Series: which mapping, what it needs, and the sale that comes of it. Everything the sale needs is
//! resolved before anything is written, and everything that is missing is told at once.

use rust_decimal::Decimal;

use super::{Case, Next, Step, held, ignored};
use crate::domain::call::{Call, Request};
use crate::domain::expression::Facts as Condition;
use crate::domain::facts::{Question, Reference};
use crate::domain::keys;
use crate::domain::mapping::{Mapping, NoMatch, OutletRule};
use crate::domain::money;
use crate::domain::reference::{ErpCustomer, Outlet, Register};
use crate::domain::requests::{CustomerRequest, SalePaymentRequest, SaleRequest};
use crate::domain::sales_order::SalesOrder;
use crate::domain::status::{HandOver, OrderStatus, SendAs};
use crate::domain::verdict::Reason;

/// What a sale cannot be made without, by name.
#[derive(Debug, Default)]
pub(super) struct Missing(Vec<String>);

impl Missing {
    pub(super) fn note(&mut self, what: impl Into<String>) {
        self.0.push(what.into());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn into_step(self, order: &SalesOrder) -> Step<()> {
        self.into_step_for(&format!("{} cannot be sent", order.number))
    }

    /// Holds what the sentence begins with, and tells everything that is missing.
    pub(super) fn into_step_for(self, what: &str) -> Step<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(held(Reason::Unresolved, format!("{what}: {}.", self.0.join("; "))))
    }
}

/// Who the sale is for.
pub(super) enum Buyer {
    /// This X-Series customer.
    Known(String),
    /// Nobody by name.
    WalkIn,
}

impl<'a> Case<'a> {
    /// Runs the mappings and makes the sale.
    pub(super) fn send(&mut self, order: &SalesOrder) -> Step<Next> {
        let mappings = self.mappings;
        let condition = mappings.facts(order);
        let choice = mappings.choose(&condition);
        self.tried = choice.trail;
        let Some(mapping) = choice.matched else {
            self.mapping = None;
            let status = order.status.as_ref().map_or("an unknown status", |status| status.name());
            let detail = format!("No mapping's condition holds for {} ({status}), so it was not sent.", order.number);
            return Ok(ignored(Reason::NoMapping, detail));
        };
        self.mapping = Some(mapping.name.clone());
        if order.status == Ok(OrderStatus::Closed) && mapping.send_as != SendAs::Closed {
            return Ok(ignored(Reason::OrderCancelled, format!("{} was closed in NetSuite before it was sent.", order.number)));
        }
        let request = self.new_sale(order, mapping, &condition)?;
        Ok(Next::Call(Box::new(Call { key: request.id.to_string(), request: Request::CreateSale(request) })))
    }

    /// The sale that the order is sent as.
    fn new_sale(&mut self, order: &SalesOrder, mapping: &Mapping, condition: &Condition<'_>) -> Step<SaleRequest> {
        let reference = self.reference()?;
        let id = self.facts.link.x_series_id.clone().unwrap_or_else(|| keys::sale_id(&self.facts.connection, &order.id));
        let mut missing = Missing::default();
        let settings = &self.mappings.settings;

        let author_name = mapping.author.as_ref().unwrap_or(&settings.author);
        let author = reference.user(author_name);
        if author.is_none() {
            missing.note(format!("there is no X-Series user '{author_name}' to make the sale (author)"));
        }
        let register = self.register_for(order, mapping, reference, &mut missing)?;
        let outlet = self.fulfilment_outlet(order, mapping, register, reference, &mut missing)?;
        let content = self.content(&id, order, Some(mapping), condition, &mut missing)?;
        let payments = self.tender(order, mapping, &id, &content, reference, &mut missing);
        missing.into_step(order)?;

        let hand_over = mapping.send_as.status().hand_over;
        Ok(SaleRequest {
            id,
            state: mapping.send_as.status().state,
            attributes: mapping.send_as.status().attributes(),
            author_id: author.map(|user| user.id.clone()).unwrap_or_default(),
            register_id: register.map(|register| register.id.clone()),
            source_type: Some("NETSUITE".to_owned()),
            source_id: Some(order.number.clone()),
            date: None,
            customer_id: content.customer_id,
            note: content.note,
            invoice_number: None,
            fulfilment_outlet_id: hand_over.and(outlet).map(|outlet| outlet.id.clone()),
            hand_over,
            delivery_note: order.ship_to.clone().filter(|_| hand_over == Some(HandOver::Delivery)),
            lines: content.lines,
            payments,
        })
    }

    /// The outlets, registers and so on of the retailer.
    pub(super) fn reference(&self) -> Step<&'a Reference> {
        self.facts.answers.reference.as_deref().ok_or_else(|| Next::Ask(vec![Question::Reference]))
    }

    /// The mapping's register, or the one of the outlet that stands for the order's location.
    fn register_for<'r>(
        &self,
        order: &SalesOrder,
        mapping: &Mapping,
        reference: &'r Reference,
        missing: &mut Missing,
    ) -> Step<Option<&'r Register>> {
        let rule = self.outlet_rule(order)?;
        let outlet = rule.and_then(|rule| reference.outlet(&rule.x_series));
        let Some(name) = mapping.register.as_deref().or_else(|| rule.and_then(|rule| rule.register.as_deref())) else {
            let place = order.location.as_ref().map_or("an order without a location", |location| location.label());
            missing.note(format!(
                "no register is set for {place}: give the mapping '{}' or the location's [[outlet]] a register",
                mapping.name
            ));
            return Ok(None);
        };
        let register = reference.register(name, outlet);
        match register {
            None => missing.note(format!("X-Series has no register '{name}'")),
            Some(register) if !register.is_open && mapping.send_as.is_paid() => {
                missing.note(format!("the register '{name}' is closed, and a paid sale needs an open one"));
            }
            Some(_) => {}
        }
        Ok(register)
    }

    /// The `[[outlet]]` that stands for the order's location: the header's, else the first line's.
    fn outlet_rule(&self, order: &SalesOrder) -> Step<Option<&'a OutletRule>> {
        let Some(location) = order.location.as_ref().or_else(|| order.lines.iter().find_map(|line| line.location.as_ref())) else {
            return Ok(None);
        };
        let rule = self.mappings.outlet_for_location(location);
        if rule.is_some() || location.name.is_some() || self.mappings.outlets.is_empty() {
            return Ok(rule);
        }
        // NetSuite left the name out, and the rows may go by names.
        let Some(locations) = &self.facts.answers.locations else { return Err(Next::Ask(vec![Question::Locations])) };
        Ok(locations.iter().find(|known| known.id == location.id).and_then(|known| self.mappings.outlet_for_location(known)))
    }

    /// Where the goods are handed over: the mapping's outlet, else the order's, else the register's.
    fn fulfilment_outlet<'r>(
        &self,
        order: &SalesOrder,
        mapping: &Mapping,
        register: Option<&Register>,
        reference: &'r Reference,
        missing: &mut Missing,
    ) -> Step<Option<&'r Outlet>> {
        if let Some(name) = mapping.fulfil_from.as_deref() {
            let outlet = reference.outlet(name);
            if outlet.is_none() {
                missing.note(format!("X-Series has no outlet '{name}' (fulfil_from of the mapping '{}')", mapping.name));
            }
            return Ok(outlet);
        }
        let own = self.outlet_rule(order)?.and_then(|rule| reference.outlet(&rule.x_series));
        Ok(own.or_else(|| register.and_then(|register| register.outlet_id.as_deref()).and_then(|id| reference.outlet(id))))
    }

    /// The payment of a paid sale: the money is in NetSuite already, so it carries the tender that says so.
    fn tender(
        &mut self,
        order: &SalesOrder,
        mapping: &Mapping,
        id: &crate::domain::ids::SaleId,
        content: &super::sale::Content,
        reference: &Reference,
        missing: &mut Missing,
    ) -> Vec<SalePaymentRequest> {
        let places = money::places(reference.retailer.currency.as_deref());
        let amount = content.total(places);
        if let Some(total) = order.total.filter(|_| missing.is_empty()) {
            let difference = amount - total;
            if difference.abs() > self.mappings.settings.tolerance {
                missing.note(format!("the sale would come to {amount} and the sales order says {total}, a difference of {difference}"));
            } else if !difference.is_zero() {
                self.notes.push(format!("The sale comes to {amount}, the sales order to {total}: within the tolerance."));
            }
        }
        if !mapping.send_payment {
            return Vec::new();
        }
        let Some(rule) = self.mappings.netsuite_tender() else {
            missing.note("no [[payment_type]] of kind \"netsuite\" says which tender a paid sale carries");
            return Vec::new();
        };
        let Some(kind) = reference.payment_type(&rule.x_series) else {
            missing.note(format!("X-Series has no payment type '{}'", rule.x_series));
            return Vec::new();
        };
        if amount == Decimal::ZERO {
            return Vec::new();
        }
        vec![SalePaymentRequest { id: Some(keys::payment_id(id)), type_id: kind.id.clone(), amount, date: None }]
    }

    /// Who the sale is for. Makes the customer in X-Series where the settings say so.
    pub(super) fn buyer(&mut self, order: &SalesOrder, missing: &mut Missing) -> Step<Buyer> {
        let Some(customer) = &order.customer else { return Ok(Buyer::WalkIn) };
        let Some(facts) = &self.facts.answers.customer else {
            return Err(Next::Ask(vec![Question::Customer(customer.id.clone())]));
        };
        if let Some(id) = &facts.linked {
            return Ok(Buyer::Known(id.clone()));
        }
        let netsuite = facts.netsuite.as_ref();
        let code = netsuite.and_then(|netsuite| netsuite.number.as_deref());
        let exact = facts.matches.iter().filter(|found| found.code.is_some() && found.code.as_deref() == code).collect::<Vec<_>>();
        match (exact.as_slice(), facts.matches.as_slice()) {
            ([found], _) => return Ok(Buyer::Known(found.id.clone())),
            ([], [found]) => return Ok(Buyer::Known(found.id.clone())),
            ([], []) => {}
            _ => {
                missing.note(format!("several X-Series customers could be '{}': link one by its customer code", customer.label()));
                return Ok(Buyer::WalkIn);
            }
        }
        let settings = &self.mappings.settings;
        match netsuite {
            // Nothing is written while anything else is missing.
            Some(_) if settings.create_customers && !missing.is_empty() => Ok(Buyer::WalkIn),
            Some(netsuite) if settings.create_customers => Err(Next::Call(Box::new(make_customer(&customer.id, netsuite)))),
            _ if settings.no_match.customer == NoMatch::Hold => {
                missing.note(format!("the customer '{}' is not in X-Series", customer.label()));
                Ok(Buyer::WalkIn)
            }
            _ => {
                self.notes.push(format!("The customer '{}' is not in X-Series: the sale is for the walk-in customer.", customer.label()));
                Ok(Buyer::WalkIn)
            }
        }
    }
}

/// The call that makes a NetSuite customer known to X-Series, which wants a first and a last name.
fn make_customer(netsuite_id: &str, customer: &ErpCustomer) -> Call {
    let code = customer.number.clone().unwrap_or_else(|| netsuite_id.to_owned());
    let company = customer.company_name.clone().filter(|name| !name.is_empty());
    let whole = company.clone().unwrap_or_else(|| code.clone());
    let mut words = whole.splitn(2, ' ');
    let (first, last) = (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or("-").to_owned());
    let named = |name: &Option<String>| name.clone().filter(|name| !name.trim().is_empty());
    let (first_name, last_name) = match (named(&customer.first_name), named(&customer.last_name)) {
        (Some(first), Some(last)) => (first, last),
        (Some(first), None) => (first, "-".to_owned()),
        (None, Some(last)) => ("-".to_owned(), last),
        (None, None) => (first, last),
    };
    let request = CustomerRequest {
        first_name,
        last_name,
        company_name: company,
        email: customer.email.clone().filter(|email| !email.is_empty()),
        phone: customer.phone.clone().filter(|phone| !phone.is_empty()),
        customer_code: code,
    };
    Call {
        key: format!("customer/{netsuite_id}"),
        request: Request::CreateCustomer { netsuite_id: netsuite_id.to_owned(), customer: request },
    }
}
