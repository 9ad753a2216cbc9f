//! What was asked of NetSuite for a record, as the stored call has it: the best witness of what the till said then. A mapping that
//! changed since does not change it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::domain::bookings::{Place, RecordLine, Witness};
use crate::domain::call::Request;
use crate::domain::decide::Case;
use crate::domain::ids::RecordId;
use crate::domain::record::RecordKind;
use crate::domain::sale::Sale;

/// What was asked for a record.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::domain::decide) struct Asked<'a> {
    /// What the till said.
    pub(in crate::domain::decide) witness: Option<&'a Witness>,
    /// The customer's internal id; none where the record was made from another.
    pub(in crate::domain::decide) customer: Option<&'a str>,
    /// Where; none where the record was made from another.
    pub(in crate::domain::decide) place: Option<&'a Place>,
    /// The posting date.
    pub(in crate::domain::decide) date: Option<Date>,
    /// The payment method's internal id.
    pub(in crate::domain::decide) payment_method: Option<&'a str>,
    /// The account's internal id.
    pub(in crate::domain::decide) account: Option<&'a str>,
    /// Its own lines; empty where the record was made from another.
    pub(in crate::domain::decide) lines: &'a [RecordLine],
}

impl<'a> Case<'a> {
    /// What was asked for a record; none where this database does not know of it.
    pub(in crate::domain::decide) fn asked(&self, record: &RecordId) -> Option<Asked<'a>> {
        let made = self.facts.calls.iter().filter(|call| call.done && call.record.as_ref() == Some(record));
        made.filter_map(|call| asked(call.request.as_ref()?)).next_back()
    }

    /// What the till says of the sale now, to be kept with what is asked.
    pub(in crate::domain::decide) fn witness(&self, sale: &Sale) -> Witness {
        let mut tenders = BTreeMap::<String, Decimal>::new();
        for payment in sale.payments.iter().filter(|payment| !payment.amount.is_zero()) {
            *tenders.entry(payment.type_id.clone()).or_default() += payment.amount;
        }
        Witness {
            state: sale.status.as_ref().ok().map(|status| status.state),
            customer: sale.customer_id.clone(),
            outlet: sale.outlet_id.clone(),
            register: sale.register_id.clone(),
            sold_at: sale.date.or(sale.created_at),
            total: sale.totals.price_incl_tax,
            tenders,
            variance_item: self.mappings.settings.variance_item.clone(),
        }
    }

    /// The variance item, where a record was asked for under the same one: one that was set since is no reason to touch old books.
    pub(in crate::domain::decide) fn variance_item_of(&self, record: &RecordId) -> Option<&'a str> {
        let item = self.mappings.settings.variance_item.as_deref()?;
        let then = self.asked(record)?.witness?.variance_item.as_deref()?;
        (then == item).then_some(item)
    }

    /// The item that a line of the sale, or what stands outside its lines, has on its sales order; what was asked decides, not how
    /// products and items belong together today.
    pub(super) fn item_on_order(&self, key: &str, product: &str) -> Option<&'a str> {
        let lines = self.facts.calls.iter().filter(|call| call.done).filter_map(|call| match call.request.as_ref()? {
            Request::Book(request) if request.record == RecordKind::SalesOrder => Some(&request.lines),
            Request::ChangeOrder(change) => Some(&change.added),
            _ => None,
        });
        let same = |line: &&RecordLine| line.key == key && line.product.as_deref().is_none_or(|then| then == product);
        lines.flatten().rfind(same).map(|line| line.item.as_str())
    }
}

fn asked(request: &Request) -> Option<Asked<'_>> {
    Some(match request {
        Request::Book(request) => Asked {
            witness: request.witness.as_ref(),
            customer: Some(&request.customer),
            place: Some(&request.place),
            date: request.date,
            payment_method: request.payment_method.as_deref(),
            account: request.account.as_deref(),
            lines: &request.lines,
        },
        Request::Transform(request) => Asked {
            witness: request.witness.as_ref(),
            date: request.date,
            payment_method: request.payment_method.as_deref(),
            account: request.account.as_deref(),
            ..Asked::default()
        },
        Request::Invoice(request) | Request::CashSale(request) => Asked {
            witness: request.witness.as_ref(),
            date: request.date,
            payment_method: request.payment_method.as_deref(),
            account: request.account.as_deref(),
            ..Asked::default()
        },
        _ => return None,
    })
}
