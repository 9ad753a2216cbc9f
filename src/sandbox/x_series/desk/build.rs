//! Makes a sale of what a cashier typed.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::ticket::{NewSale, Ticket, TicketLine};
use crate::sandbox::number;
use crate::sandbox::x_series::errors::{Outcome, Refusal};
use crate::sandbox::x_series::handle::find;
use crate::sandbox::x_series::retailer::Retailer;
use crate::sandbox::x_series::sale::{Adjustment, EcomCharge, Sale, SaleLine, TaxPart};
use crate::sandbox::x_series::sales::{adjusted, check_attributes, redacted, refuse_if};
use crate::sandbox::x_series::seed;

impl From<&NewSale> for Ticket {
    fn from(new: &NewSale) -> Self {
        Self {
            register: new.register.clone(),
            customer: new.customer.clone(),
            lines: new.lines.iter().map(|(sku, quantity)| TicketLine::of(sku, *quantity)).collect(),
            payments: new.payment_type.iter().map(|name| super::Tender::rest(name)).collect(),
            state: new.state,
            attributes: new.attributes.clone(),
            ..Self::default()
        }
    }
}

impl Retailer {
    /// Rings up a sale. `walk_in` names the walk-in customer on a sale of nobody in particular.
    pub(super) fn sell(&mut self, ticket: &Ticket, walk_in: bool) -> Outcome<Uuid> {
        let mut wrong = Vec::new();
        check_attributes(&ticket.attributes, &mut wrong);
        refuse_if(wrong)?;
        let id = self.new_id();
        let register = find(&self.registers, |register| register.name == ticket.register, "Register")?.clone();
        let author = match &ticket.author {
            Some(name) => find(&self.users, |user| user.username == *name, "User")?.id,
            None => self.users.last().map(|user| user.id).ok_or(Refusal::NotFound("User"))?,
        };
        let customer = self.customer_of(ticket, walk_in)?;
        let fulfilment_outlet = match &ticket.fulfilment_outlet {
            Some(name) => Some(find(&self.outlets, |outlet| outlet.name == *name, "Outlet")?.id),
            None => None,
        };
        let mut lines = Vec::new();
        for line in &ticket.lines {
            let sequence = lines.len();
            lines.push(self.line(line, sequence)?);
        }
        if let Some(discount) = ticket.discount {
            let (sku, sequence) = (seed::DISCOUNT.to_owned(), lines.len());
            let line = TicketLine { sku, quantity: Decimal::NEGATIVE_ONE, price: Some(discount), ..TicketLine::default() };
            lines.push(self.line(&line, sequence)?);
        }
        let now = self.clock.now();
        let mut sale = Sale {
            id,
            state: ticket.state,
            attributes: ticket.attributes.clone(),
            outlet: register.outlet,
            register: register.id,
            author,
            source_id: ticket.source_id.clone(),
            source_type: ticket.source_type.clone(),
            customer,
            date: ticket.date.unwrap_or(now),
            created: now,
            updated: now,
            note: redacted(&ticket.note),
            invoice_number: String::new(),
            short_code: String::new(),
            adjustments: self.adjustments_of(ticket, &lines)?,
            charges: self.charges_of(ticket)?,
            lines,
            payments: Vec::new(),
            version: 0,
            return_for: None,
            fulfilment_outlet,
        };
        for tender in &ticket.payments {
            self.take(&mut sale, tender, ticket.date.unwrap_or(now))?;
        }
        self.check_paid(&sale)?;
        sale.invoice_number = self.invoice_number(register.id);
        sale.short_code = self.short_code();
        self.store(sale);
        Ok(id)
    }

    fn customer_of(&self, ticket: &Ticket, walk_in: bool) -> Outcome<Option<Uuid>> {
        let Some(code) = &ticket.customer else {
            // A retailer that was started empty has not even that one.
            return Ok(Some(seed::id("customer", seed::WALK_IN)).filter(|id| walk_in && self.customers.contains_key(id)));
        };
        let found = self.customers.values().find(|customer| customer.code == *code).ok_or(Refusal::NotFound("Customer"))?;
        Ok(Some(found.id))
    }

    /// A line as it is typed, at the given place.
    pub(super) fn line(&mut self, new: &TicketLine, sequence: usize) -> Outcome<SaleLine> {
        let product = self.products.values().find(|product| product.sku == new.sku && product.deleted.is_none());
        let product = product.cloned().ok_or(Refusal::NotFound("Product"))?;
        let tax = match &new.tax {
            Some(name) => find(&self.taxes, |tax| tax.name == *name, "Tax")?.clone(),
            None => self.tax(product.tax).cloned().ok_or(Refusal::NotFound("Tax"))?,
        };
        if new.is_return && new.quantity > Decimal::ZERO {
            return Err(Refusal::unprocessable(format!("{}: what is taken back has a quantity below zero", new.sku)));
        }
        let price = new.price.unwrap_or(product.price - new.discount);
        Ok(SaleLine {
            id: self.new_id(),
            product: product.id,
            quantity: new.quantity,
            price,
            cost: Decimal::ZERO,
            discount: new.discount,
            loyalty: Decimal::ZERO,
            tax: tax.id,
            tax_amount: number::round(price * tax.rate, 5),
            price_override: new.price.is_some(),
            sequence: i64::try_from(sequence).unwrap_or(0),
            note: new.note.clone(),
            fulfilled: Decimal::ZERO,
            serial_numbers: new.serial_numbers.clone(),
            is_return: new.is_return,
            return_reason: new.return_reason.clone(),
            takes_back: None,
            gift_card: new.gift_card.clone(),
            surcharges: Vec::new(),
            voided: false,
        })
    }

    fn adjustments_of(&self, ticket: &Ticket, lines: &[SaleLine]) -> Outcome<Vec<Adjustment>> {
        let adjustment = |new: &super::NewAdjustment| {
            let total = adjusted(new.kind.word(), new.value, new.percent, lines);
            let tax = self.tax_on(total, new.tax.as_deref())?;
            Ok(Adjustment { kind: new.kind.word().to_owned(), name: new.name.clone(), total, tax })
        };
        ticket.adjustments.iter().map(adjustment).collect()
    }

    fn charges_of(&self, ticket: &Ticket) -> Outcome<Vec<EcomCharge>> {
        let charge = |(place, new): (usize, &super::NewCharge)| {
            let tax = self.tax_on(new.total, new.tax.as_deref())?;
            Ok(EcomCharge { name: new.name.clone(), source_id: format!("charge-{}", place + 1), total: new.total, tax })
        };
        ticket.charges.iter().enumerate().map(charge).collect()
    }

    /// The tax of a net amount by the rate of a group; none where no group is named.
    fn tax_on(&self, net: Decimal, group: Option<&str>) -> Outcome<Vec<TaxPart>> {
        let Some(name) = group else { return Ok(Vec::new()) };
        let tax = find(&self.taxes, |tax| tax.name == name, "Tax")?;
        Ok(vec![TaxPart { rate: tax.rate_id, tax: number::round(net * tax.rate, 5) }])
    }
}
