//! Both records are there: what follows from the sale's status.

use rust_decimal::Decimal;

use super::matching::Matched;
use super::{Case, Next, Rest, Step, held, ignored, synced, waiting};
use crate::domain::call::{Call, CallKind, Request};
use crate::domain::facts::Question;
use crate::domain::mapping::{OnCancelled, PaymentKind, Service};
use crate::domain::record::RecordKind;
use crate::domain::requests::{SaleIdRequest, SaleRequest};
use crate::domain::sale::Sale;
use crate::domain::sales_order::{OrderLine, SalesOrder};
use crate::domain::status::{Account, HandOver, OrderStatus, SaleState, SaleStatus};
use crate::domain::verdict::Reason;

impl<'a> Case<'a> {
    /// The sale's id goes into the sales order's field, once, where the settings name one.
    pub(super) fn write_back(&mut self, order: &SalesOrder, sale: &Sale) -> Option<Next> {
        let field = self.mappings.settings.sale_id_field.as_ref()?;
        if self.facts.done(CallKind::WriteSaleId) > 0 || !self.is_ours(sale) {
            return None;
        }
        let there = order.custom.get(field).and_then(serde_json::Value::as_str).unwrap_or_default();
        if there.eq_ignore_ascii_case(sale.id.as_str()) {
            return None;
        }
        let request = SaleIdRequest { order: order.id.clone(), field: field.clone(), sale: sale.id.clone() };
        Some(call(format!("sale-id/{}/{}", order.id, sale.id), Request::WriteSaleId(request)))
    }

    /// We made the sale.
    fn is_ours(&self, sale: &Sale) -> bool {
        self.facts.was_written() || self.facts.link.sent_digest.is_some() || sale.source_type.as_deref() == Some("NETSUITE")
    }

    /// The order was cancelled or closed before its sale was completed.
    pub(super) fn cancelled(&mut self, order: &SalesOrder, sale: &Sale) -> Next {
        let number = sale.number().unwrap_or(sale.id.as_str());
        if self.mappings.settings.on_cancelled == OnCancelled::Hold {
            let detail = format!(
                "{} was cancelled or closed in NetSuite while its sale {number} is under way. Void the sale at the till.",
                order.number
            );
            return held(Reason::CancelledAfterSend, detail);
        }
        let taken: Decimal = sale.payments.iter().filter(|payment| !self.is_netsuites(payment)).map(|payment| payment.amount).sum();
        if !taken.is_zero() {
            let taken = self.shown(taken);
            let detail = format!(
                "{} was cancelled or closed in NetSuite, and the till took {taken} for its sale {number}. Refund it and void the sale there.",
                order.number
            );
            return held(Reason::CancelledAfterSend, detail);
        }
        if self.facts.done(CallKind::VoidSale) > 0 {
            let detail = format!("The sale {number} was voided because {} was cancelled, and X-Series still shows it open.", order.number);
            return held(Reason::CancelledAfterSend, detail);
        }
        let request = SaleRequest { state: SaleState::Voided, attributes: Vec::new(), ..self.as_it_stands(sale) };
        call(format!("void/{}", sale.id), Request::VoidSale(request))
    }

    /// The sale is parked or pending.
    pub(super) fn open_sale(&mut self, order: &SalesOrder, sale: &'a Sale, status: SaleStatus) -> Step<Next> {
        if status.account == Some(Account::Service) && self.mappings.settings.service == Service::Hold {
            return Ok(held(Reason::ServiceSale, "The sale is a service job, which is held by setting (service = \"hold\")."));
        }
        if let Some(update) = self.follow(order, sale)? {
            return Ok(update);
        }
        let number = sale.number().unwrap_or(sale.id.as_str());
        if status.account == Some(Account::OnAccount) && self.mappings.settings.reconciles(status) {
            // The goods have left: the order is fulfilled and billed now, and its invoice stays open until the sale is paid.
            return Ok(match self.reconcile(order, sale, number)? {
                Next::End(verdict, Rest::Settled) => {
                    waiting(Reason::AwaitingAccount, format!("{} The sale is on account and not paid.", verdict.detail))
                }
                other => other,
            });
        }
        let number = number.to_owned();
        self.rest_of_open(order, sale, status, &number)
    }

    /// A sale that waits: what was handed over of it is fulfilled, and the rest is waited for.
    pub(super) fn rest_of_open(&mut self, order: &SalesOrder, sale: &'a Sale, status: SaleStatus, number: &str) -> Step<Next> {
        if status.state == SaleState::Pending && status.hand_over.is_some() && self.mappings.settings.fulfil_partially {
            let Some(handed) = &self.facts.answers.handed_over else {
                return Err(Next::Ask(vec![Question::HandedOver(sale.id.clone())]));
            };
            if handed.iter().any(|(_, quantity)| quantity > &Decimal::ZERO) {
                if order.status == Ok(OrderStatus::PendingApproval) {
                    let detail = format!("Part of sale {number} was handed over, and {} waits for approval in NetSuite.", order.number);
                    return Ok(held(Reason::PendingApproval, detail));
                }
                let handed = handed.clone();
                let matched = self.match_lines(order, sale)?.with_quantities(&handed);
                self.ship(order, sale, &matched)?;
                return Ok(waiting(
                    Reason::PartlyHandedOver,
                    format!("Part of sale {number} was handed over and is fulfilled; the rest follows."),
                ));
            }
        }
        Ok(match (status.state, status.account, status.hand_over) {
            (_, Some(Account::Layby), _) => waiting(Reason::AwaitingLayby, format!("Sale {number} is a layby that is not complete.")),
            (_, Some(Account::OnAccount), _) => waiting(Reason::AwaitingAccount, format!("Sale {number} is on account and not paid.")),
            (SaleState::Pending, _, Some(HandOver::Pickup)) => {
                waiting(Reason::AwaitingPickup, format!("Sale {number} waits to be picked up."))
            }
            (SaleState::Pending, _, Some(HandOver::Delivery)) => {
                waiting(Reason::AwaitingDispatch, format!("Sale {number} waits to be delivered."))
            }
            _ => waiting(Reason::AwaitingTill, format!("Sale {number} is to be completed at the till.")),
        })
    }

    /// The sale is complete: fulfil what was handed over, bill it, book its payments, and compare.
    pub(super) fn closed_sale(&mut self, order: &SalesOrder, sale: &'a Sale, status: SaleStatus) -> Step<Next> {
        let settings = &self.mappings.settings;
        let number = sale.number().unwrap_or(sale.id.as_str()).to_owned();
        let service = status.account == Some(Account::Service);
        if service && settings.service == Service::Hold {
            return Ok(held(Reason::ServiceSale, "The sale is a service job, which is held by setting (service = \"hold\")."));
        }
        let counts_as = if service { SaleStatus { account: None, ..status } } else { status };
        if !settings.reconciles(counts_as) {
            return Ok(ignored(Reason::StatusNotReconciled, format!("Sale {number} is {counts_as}, which is not in reconcile_on.")));
        }
        if sale.return_for.is_some()
            || sale
                .lines
                .iter()
                .any(|line| line.is_return || line.quantity < Decimal::ZERO && line.price > Decimal::ZERO && self.is_goods(line))
        {
            return Ok(held(
                Reason::Unsupported,
                format!("Sale {number} takes goods back. Book the return in NetSuite by hand, then skip it here."),
            ));
        }
        self.reconcile(order, sale, &number)
    }

    /// The line is a product, not the retailer's discount, which is written as minus one.
    fn is_goods(&self, line: &crate::domain::sale::SaleLine) -> bool {
        let discount = self.facts.answers.reference.as_ref().and_then(|reference| reference.retailer.discount_product_id.as_ref());
        let written = self.facts.last_written().and_then(|sale| sale.lines.iter().find(|sent| Some(&sent.id) == line.id.as_ref()));
        discount != Some(&line.product_id) && written.is_none_or(|sent| sent.quantity >= Decimal::ZERO)
    }

    pub(super) fn reconcile(&mut self, order: &SalesOrder, sale: &'a Sale, number: &str) -> Step<Next> {
        match super::known_status(order)? {
            OrderStatus::PendingApproval => {
                return Ok(held(
                    Reason::PendingApproval,
                    format!("Sale {number} is complete, and {} waits for approval in NetSuite.", order.number),
                ));
            }
            OrderStatus::Cancelled | OrderStatus::Closed => {
                let detail = format!(
                    "Sale {number} is complete, and {} is cancelled or closed in NetSuite. Void the sale or reopen the order.",
                    order.number
                );
                return Ok(held(Reason::CancelledAfterSend, detail));
            }
            _ => {}
        }
        let Some(children) = &self.facts.answers.children else {
            return Err(Next::Ask(vec![Question::Children(order.id.clone())]));
        };
        let bills = children.iter().filter(|child| child.kind.is_bill()).count();
        let fulfilments = children.iter().filter(|child| child.kind == RecordKind::ItemFulfillment).count();
        self.notes.push(format!("Made from {} so far: {fulfilments} fulfilments, {bills} bills.", order.number));

        let matched =
            if order.status == Ok(OrderStatus::Billed) && !self.booked_by_us() { None } else { Some(self.match_lines(order, sale)?) };
        if let Some(matched) = &matched {
            self.check_lines(order, sale, matched)?;
            self.ship(order, sale, matched)?;
            self.bill(order, sale, matched)?;
        }
        if self.booked_by_us() {
            self.vary(order, sale)?;
        }
        let customer = order.customer.as_ref().map(|customer| customer.id.as_str());
        if customer.is_some() && !self.tenders(&order.number, sale)?.is_empty() {
            self.pay(&order.number, customer, sale, self.bills()?)?;
            self.apply_deposits(order, sale)?;
        }
        self.check_payments(sale, &order.number)?;
        if let Some(line) = matched.as_ref().and_then(|matched| coming_by_purchase(order, matched)) {
            let detail = format!(
                "Sale {number}: line {} ({}) comes by a purchase order and is billed when that is fulfilled.",
                line.line,
                line.item.label()
            );
            return Ok(waiting(Reason::PartlyHandedOver, detail));
        }
        if self.booked_by_us() {
            self.compare(order, sale, matched.as_ref())?;
        }
        if order.status != Ok(OrderStatus::Billed) {
            return Ok(left_open(order, matched.as_ref(), number));
        }
        if self.booked_by_us() {
            return Ok(synced(
                Reason::FulfilledAndBilled,
                format!("{} is fulfilled and billed for sale {number}, and was read back.", order.number),
            ));
        }
        let totals = order.total.filter(|total| *total != sale.totals.price_incl_tax);
        let totals = totals.map(|total| {
            let (sold, ordered) = (self.shown(sale.totals.price_incl_tax), self.shown(total));
            format!(" The sale comes to {sold} and the sales order to {ordered}.")
        });
        Ok(synced(Reason::AlreadyComplete, format!("{} has nothing left to ship or bill.{}", order.number, totals.unwrap_or_default())))
    }

    /// The payment is NetSuite's own money, not the till's.
    fn is_netsuites(&self, payment: &crate::domain::sale::SalePayment) -> bool {
        let written = self.facts.last_written().is_some_and(|sale| sale.payments.iter().any(|sent| sent.type_id == payment.type_id));
        let rule = self.mappings.payment_type(&payment.type_id, self.tender_name(payment));
        written || rule.is_some_and(|rule| rule.kind == PaymentKind::NetSuite)
    }

    /// Something of this order was fulfilled or billed by us.
    fn booked_by_us(&self) -> bool {
        [CallKind::Fulfil, CallKind::Invoice, CallKind::CashSale].into_iter().any(|kind| self.facts.done(kind) > 0)
    }
}

pub(super) fn call(key: String, request: Request) -> Next {
    Next::Call(Box::new(Call { key, request }))
}

/// The sale is voided: fine if its order is dead too, else a person has to undo what is booked.
pub(super) fn voided(order: &SalesOrder, status: OrderStatus) -> Next {
    if status.is_dead() {
        return synced(Reason::VoidedWithOrder, format!("{} is {} and its sale is voided.", order.number, status.name().to_lowercase()));
    }
    let shipped: Decimal = order.lines.iter().map(|line| line.fulfilled).sum();
    let billed: Decimal = order.lines.iter().map(|line| line.billed).sum();
    let booked = match (shipped.is_zero(), billed.is_zero()) {
        (true, true) => "Nothing is booked in NetSuite: cancel the sales order there, or skip it here.".to_owned(),
        (_, true) => {
            format!("{} pieces are fulfilled in NetSuite: delete the fulfilment or make a return authorisation.", shipped.normalize())
        }
        _ => "It is billed in NetSuite: make a return authorisation with a credit memo or a cash refund.".to_owned(),
    };
    held(Reason::SaleVoided, format!("The sale of {} was voided. {booked}", order.number))
}

/// All that could be booked is booked, and the sales order is not complete: a person has to say what becomes of the rest.
fn left_open(order: &SalesOrder, matched: Option<&Matched>, number: &str) -> Next {
    let open = order.lines.iter().filter(|line| !line.kind.is_text() && !line.closed && line.quantity > line.billed).map(|line| {
        let sold = matched.map_or(Decimal::ZERO, |matched| matched.quantity(line.line)).normalize();
        format!(
            "line {} ({}): {} ordered, {sold} sold, {} billed",
            line.line,
            line.item.label(),
            line.quantity.normalize(),
            line.billed.normalize()
        )
    });
    let open = open.collect::<Vec<_>>().join("; ");
    let status = order.status.as_ref().map_or("in an unknown status", |status| status.name());
    let open = if open.is_empty() { "no line says why".to_owned() } else { open };
    let detail = format!(
        "Sale {number} is complete and {} is still {status}: {open}. Close what will not follow, or finish it in NetSuite.",
        order.number
    );
    held(Reason::TotalsDiffer, detail)
}

/// A line that was sold and that its vendor has not brought yet.
fn coming_by_purchase<'o>(order: &'o SalesOrder, matched: &Matched) -> Option<&'o OrderLine> {
    order.lines.iter().find(|line| line.from_purchase && !line.closed && matched.quantity(line.line) > line.fulfilled.max(line.billed))
}
