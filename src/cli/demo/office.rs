//! The people of the demo who enter sales orders in NetSuite, and the cashiers who complete the sales that come of them.

use rust_decimal::Decimal;

use super::shop::refused;
use crate::cli::CliError;
use crate::sandbox::{Form, NetSuiteHandle, NewSalesOrder, Sale, SaleState, TransactionKind as Record, XSeriesHandle};

/// What kind of sales order it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Fulfilled and billed before it is sent.
    Billed,
    /// Paid, picked up.
    Pickup,
    /// Paid, delivered.
    Delivery,
    /// Paid at the till.
    Parked,
}

impl Kind {
    /// The kinds, in the order in which they are entered.
    pub(super) const CYCLE: [Self; 4] = [Self::Pickup, Self::Billed, Self::Parked, Self::Delivery];

    /// What NetSuite holds of it in the end.
    pub(super) fn records(self) -> &'static [Record] {
        match self {
            Self::Billed | Self::Pickup => &[Record::SalesOrder, Record::ItemFulfillment, Record::CashSale],
            Self::Delivery => &[Record::SalesOrder, Record::ItemFulfillment, Record::Invoice],
            Self::Parked => &[Record::SalesOrder, Record::ItemFulfillment, Record::Invoice, Record::CustomerPayment],
        }
    }
}

/// A sales order of the demo.
#[derive(Debug, Clone)]
pub(super) struct Entered {
    /// Its internal id.
    pub(super) id: u64,
    /// Its number.
    pub(super) number: String,
    /// What kind it is.
    pub(super) kind: Kind,
    /// What is paid with at the till, where it is paid there.
    payment: &'static str,
    completed: bool,
}

impl Entered {
    /// Somebody enters a sales order.
    pub(super) fn enter(netsuite: &NetSuiteHandle, kind: Kind, random: &mut fastrand::Rng) -> Result<Self, CliError> {
        const GOODS: [(&str, i64); 8] = [
            ("SCARF-MERINO", 4304),
            ("BEANIE-MERINO", 3043),
            ("SOCKS-HIKER", 2174),
            ("TEE-ORGANIC", 3913),
            ("MUG-ENAMEL", 1304),
            ("BOOK-TRAILS", 3999),
            ("MEAL-LAMB", 1304),
            ("KIT-WEEKEND", 19_130),
        ];
        const PEOPLE: [&str; 4] = ["Aroha Ngata", "Tom Whitfield", "Tramping Club", "Mei Chen"];
        let mut goods = GOODS.to_vec();
        random.shuffle(&mut goods);
        let count = random.usize(1..4);
        let lines = goods.iter().take(count).map(|(sku, cents)| (*sku, Decimal::from(random.u32(1..5)), Decimal::new(*cents, 2)));
        let lines = lines.collect::<Vec<_>>();
        let person = PEOPLE[random.usize(..PEOPLE.len())];
        let location = ["Ponsonby", "Newmarket"][random.usize(..2)];
        let mut order = NewSalesOrder::of(person, location, lines).with("custbody_tillbridge_send", true);
        match kind {
            Kind::Billed => order.form = Form::CashSale,
            Kind::Pickup => {
                order.form = Form::CashSale;
                order.payment_method = Some("Card".to_owned());
                order.ship_method = Some("Pickup in store".to_owned());
            }
            Kind::Delivery => {
                order.terms = Some("Net 30".to_owned());
                order.ship_method = Some("Courier".to_owned());
            }
            Kind::Parked => order.terms = Some("Due on receipt".to_owned()),
        }
        // Billed before anybody hears of it, as old orders are.
        order.pending_approval = kind == Kind::Billed;
        let id = netsuite.create_sales_order(&order).map_err(refused)?;
        if kind == Kind::Billed {
            netsuite.approve(id).map_err(refused)?;
            netsuite.bill_fully(id).map_err(refused)?;
        }
        let order = netsuite
            .sales_order(id)
            .ok_or_else(|| CliError::Say(format!("the demo cannot go on: the sales order {id} cannot be read back")))?;
        let number = order.tran_id;
        Ok(Self { id, number, kind, payment: if random.bool() { "Card" } else { "Cash" }, completed: kind == Kind::Billed })
    }

    /// A cashier completes the sale that waits for it.
    pub(super) fn complete(&mut self, x_series: &XSeriesHandle, sales: &[Sale]) -> Result<(), CliError> {
        if self.completed {
            return Ok(());
        }
        let waits = |sale: &&Sale| matches!(sale.state, SaleState::Parked | SaleState::Pending);
        let Some(sale) = sales.iter().filter(|sale| sale.source_id.as_ref() == Some(&self.number)).find(waits) else { return Ok(()) };
        x_series.complete(sale.id, self.payment).map_err(refused)?;
        self.completed = true;
        Ok(())
    }
}
