//! The cashier's desk: sales made at the till, and everything that happens to them later.
//!
//! A sale is rung up from a [`Ticket`] in any state, paid by [`Tender`]s, changed while it is open, handed over, completed or
//! voided, and taken back. Every change takes a new version and posts the webhook.

mod build;
/// The desk over HTTP.
pub(in crate::sandbox) mod http;
mod returns;
mod tender;
mod ticket;

use rust_decimal::Decimal;
use serde_json::json;
use uuid::Uuid;

pub use ticket::{AdjustmentKind, BroughtBack, NewAdjustment, NewCharge, NewCustomer, NewSale, NewSurcharge, Tender, Ticket, TicketLine};

use super::errors::{Outcome, Refusal};
use super::hand_over::Step;
use super::handle::{XSeriesHandle, XSeriesRefused};
use super::retailer::{Customer, Retailer};
use super::sale::{Sale, State};
use super::seed;
use crate::sandbox::number;

/// `type_id` of the payment type that puts a sale on a customer's account.
const ON_ACCOUNT: u32 = 4;

impl XSeriesHandle {
    /// A cashier rings up a sale.
    pub fn ring_up(&self, new: &NewSale) -> Result<Uuid, XSeriesRefused> {
        self.act(|retailer| retailer.sell(&Ticket::from(new), false))
    }

    /// A cashier rings up a sale with everything on it.
    pub fn sell(&self, ticket: &Ticket) -> Result<Uuid, XSeriesRefused> {
        let source_type = ticket.source_type.clone().or_else(|| Some("USER".to_owned()));
        self.act(|retailer| retailer.sell(&Ticket { source_type, ..ticket.clone() }, true))
    }

    /// A cashier completes a sale: what is still to be paid is paid with `payment_type`, and what is to be handed over is.
    pub fn complete(&self, sale: Uuid, payment_type: &str) -> Result<(), XSeriesRefused> {
        self.change(sale, |retailer, sale| {
            if !sale.is_paid() {
                let now = retailer.clock.now();
                retailer.take(sale, &Tender::rest(payment_type), now)?;
            }
            sale.state = State::Closed;
            Ok(())
        })
    }

    /// A cashier closes a sale with these payments, which have to come to what is due: the refund of a return, the difference
    /// of an exchange, the last instalments of a layby.
    pub fn close(&self, sale: Uuid, tenders: &[Tender]) -> Result<(), XSeriesRefused> {
        self.change(sale, |retailer, sale| {
            let now = retailer.clock.now();
            for tender in tenders {
                retailer.take(sale, tender, now)?;
            }
            sale.state = State::Closed;
            retailer.check_paid(sale)
        })
    }

    /// A customer pays what is on their account: the payment takes the place of those that only put it there.
    pub fn settle_account(&self, sale: Uuid, payment_type: &str) -> Result<(), XSeriesRefused> {
        self.change(sale, |retailer, sale| {
            let accounts: Vec<Uuid> = retailer.payment_types.iter().filter(|kind| kind.type_id == ON_ACCOUNT).map(|kind| kind.id).collect();
            sale.payments.retain(|payment| !accounts.contains(&payment.payment_type));
            let now = retailer.clock.now();
            retailer.take(sale, &Tender::rest(payment_type), now)?;
            sale.state = State::Closed;
            Ok(())
        })
    }

    /// A customer pays part of a sale.
    pub fn pay(&self, sale: Uuid, payment_type: &str, amount: Decimal) -> Result<(), XSeriesRefused> {
        self.take_payment(sale, &Tender::of(payment_type, amount)).map(drop)
    }

    /// A customer pays part of a sale, now or, as it turns out now, earlier. Returns the payment's id.
    pub fn take_payment(&self, sale: Uuid, tender: &Tender) -> Result<Uuid, XSeriesRefused> {
        self.change(sale, |retailer, sale| {
            let now = retailer.clock.now();
            retailer.take(sale, tender, now)
        })
    }

    /// A manager corrects what a payment came to.
    pub fn edit_payment(&self, sale: Uuid, payment: Uuid, amount: Decimal) -> Result<(), XSeriesRefused> {
        self.change(sale, |_, sale| {
            sale.payments.iter_mut().find(|known| known.id == payment).ok_or(Refusal::NotFound("Payment"))?.amount = amount;
            Ok(())
        })
    }

    /// A manager takes a payment off a sale.
    pub fn remove_payment(&self, sale: Uuid, payment: Uuid) -> Result<(), XSeriesRefused> {
        self.change(sale, |_, sale| {
            let before = sale.payments.len();
            sale.payments.retain(|known| known.id != payment);
            if sale.payments.len() < before { Ok(()) } else { Err(Refusal::NotFound("Payment")) }
        })
    }

    /// A manager voids a sale.
    pub fn void(&self, sale: Uuid) -> Result<(), XSeriesRefused> {
        self.act(|retailer| retailer.void_sale(sale))
    }

    /// A cashier changes how many there are of a line.
    pub fn edit_line_quantity(&self, sale: Uuid, line: Uuid, quantity: Decimal) -> Result<(), XSeriesRefused> {
        self.change(sale, |_, sale| {
            sale.lines.iter_mut().find(|known| known.id == line).ok_or(Refusal::NotFound("Line"))?.quantity = quantity;
            Ok(())
        })
    }

    /// A cashier adds a product to a sale.
    pub fn add_line(&self, sale: Uuid, sku: &str, quantity: Decimal) -> Result<Uuid, XSeriesRefused> {
        self.add_ticket_line(sale, &TicketLine::of(sku, quantity))
    }

    /// A cashier adds a line to a sale. On a return it is what the customer takes instead.
    pub fn add_ticket_line(&self, sale: Uuid, new: &TicketLine) -> Result<Uuid, XSeriesRefused> {
        self.change(sale, |retailer, sale| {
            if new.is_return && sale.return_for.is_some() {
                return Err(Refusal::unprocessable("lines with and without the sale they were sold in are not taken back in one"));
            }
            let line = retailer.line(new, sale.lines.len())?;
            let id = line.id;
            sale.lines.push(line);
            Ok(id)
        })
    }

    /// A cashier takes a line off a sale and its trace is left.
    pub fn void_line(&self, sale: Uuid, line: Uuid) -> Result<(), XSeriesRefused> {
        self.change(sale, |_, sale| {
            sale.lines.iter_mut().find(|known| known.id == line).ok_or(Refusal::NotFound("Line"))?.voided = true;
            Ok(())
        })
    }

    /// A cashier changes the note.
    pub fn set_note(&self, sale: Uuid, note: &str) -> Result<(), XSeriesRefused> {
        self.change(sale, |_, sale| {
            note.clone_into(&mut sale.note);
            Ok(())
        })
    }

    /// A cashier names the customer of a sale, by code.
    pub fn set_customer(&self, sale: Uuid, code: &str) -> Result<(), XSeriesRefused> {
        self.change(sale, |retailer, sale| {
            let found = retailer.customers.values().find(|customer| customer.code == code).ok_or(Refusal::NotFound("Customer"))?;
            sale.customer = Some(found.id);
            Ok(())
        })
    }

    /// Staff hand over some of a line of a pickup or a delivery. The last of it closes the sale.
    pub fn hand_over(&self, sale: Uuid, line: Uuid, quantity: Decimal) -> Result<(), XSeriesRefused> {
        self.act(|retailer| {
            let hand_over = retailer.hand_overs.iter().find(|hand_over| hand_over.sale == sale).ok_or(Refusal::NotFound("Fulfillment"))?;
            let (id, version) = (hand_over.id.clone(), hand_over.version);
            let body = json!({ "version": version, "line_items": [{ "sale_line_item_id": line, "quantity": number::write(quantity) }] });
            retailer.step_hand_over(&id, Step::Fulfil, &body).map(drop)
        })
    }

    /// Staff hand over all that is left of a pickup or a delivery, which closes the sale.
    pub fn hand_over_all(&self, sale: Uuid) -> Result<(), XSeriesRefused> {
        self.act(|retailer| retailer.fulfil_sale(sale).map(drop))
    }

    /// The serial numbers that were scanned for a line.
    pub fn set_serial_numbers(&self, sale: Uuid, line: Uuid, numbers: &[&str]) -> Result<(), XSeriesRefused> {
        self.act(|retailer| {
            let known = retailer.sales.get_mut(&sale).ok_or(Refusal::NotFound("Sale"))?;
            let line = known.lines.iter_mut().find(|known| known.id == line).ok_or(Refusal::NotFound("Line"))?;
            line.serial_numbers = numbers.iter().map(|number| (*number).to_owned()).collect();
            Ok(())
        })
    }

    /// A customer brings these lines of a sale back, or with none named all that is left of it. The return is parked until it
    /// is closed with its refund, or with what is taken instead. Returns its id.
    pub fn bring_back(&self, sale: Uuid, lines: &[BroughtBack]) -> Result<Uuid, XSeriesRefused> {
        self.act(|retailer| retailer.start_return(sale, lines))
    }

    /// A cashier makes a customer.
    pub fn make_customer(&self, new: &NewCustomer) -> Result<Uuid, XSeriesRefused> {
        self.act(|retailer| {
            if new.code.is_empty() || retailer.customers.values().any(|known| known.code == new.code) {
                return Err(Refusal::unprocessable(format!("customer_code: {:?} is in use or empty", new.code)));
            }
            let (id, version) = (seed::id("customer", &new.code), retailer.next_version());
            let new = new.clone();
            let customer = Customer {
                id,
                code: new.code,
                first_name: new.first_name,
                last_name: new.last_name,
                company_name: new.company_name,
                email: new.email,
                phone: new.phone,
                version,
            };
            retailer.customers.insert(id, customer);
            Ok(id)
        })
    }

    /// Changes a sale that is still open.
    fn change<T>(&self, sale: Uuid, work: impl FnOnce(&mut Retailer, &mut Sale) -> Outcome<T>) -> Result<T, XSeriesRefused> {
        self.act(|retailer| {
            let mut sale = retailer.sales.get(&sale).cloned().ok_or(Refusal::NotFound("Sale"))?;
            if !matches!(sale.state, State::Parked | State::Pending) {
                return Err(Refusal::conflict(format!("The sale is {}", sale.state.word())));
            }
            let done = work(retailer, &mut sale)?;
            retailer.store(sale);
            Ok(done)
        })
    }
}
