//! Both records are there: what follows from the sale's status.

use rust_decimal::Decimal;

use super::matching::Matched;
use super::send::Missing;
use super::{Case, Next, Rest, Step, held, ignored, synced, waiting};
use crate::domain::call::{Call, CallKind, Request};
use crate::domain::facts::Question;
use crate::domain::mapping::{OnCancelled, PaymentKind, Service};
use crate::domain::money;
use crate::domain::requests::{SaleIdRequest, SaleLineRequest, SalePaymentRequest, SaleRequest};
use crate::domain::sale::{Sale, SaleLine};
use crate::domain::sales_order::{ChildKind, OrderLine, SalesOrder};
use crate::domain::status::{Account, HandOver, OrderStatus, SaleState, SaleStatus};
use crate::domain::verdict::Reason;

impl Case<'_> {
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
    pub(super) fn open_sale(&mut self, order: &SalesOrder, sale: &Sale, status: SaleStatus) -> Step<Next> {
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

    /// The sales order changed since its sale was written: the sale follows, as long as it is not complete.
    fn follow(&mut self, order: &SalesOrder, sale: &Sale) -> Step<Option<Next>> {
        let sent = self.facts.last_written().map(SaleRequest::content_digest).or_else(|| self.facts.link.sent_digest.clone());
        let Some(sent) = sent else { return Ok(None) };
        // Unchanged since it was last dealt with: nothing is asked, and a product that went since does not matter.
        if order.modified_at.is_some() && order.modified_at == self.facts.link.netsuite_modified {
            return Ok(None);
        }
        let Some(mut wanted) = self.wanted(order, sale)? else { return Ok(None) };
        if wanted.content_digest() == sent {
            return Ok(None);
        }
        if let Some(written) = self.facts.last_written() {
            let ours = |line: &&SaleLine| written.lines.iter().any(|sent| Some(&sent.id) == line.id.as_ref());
            let touched = sale.lines.iter().filter(ours).find(|line| {
                let sent = written.lines.iter().find(|sent| Some(&sent.id) == line.id.as_ref());
                sent.is_some_and(|sent| sent.quantity != line.quantity || sent.price != line.price)
            });
            if let Some(line) = touched {
                let detail = format!(
                    "{} changed in NetSuite, and its sale was changed at the till: {} × product {}. Make the sale agree with the order at the till, then skip it here.",
                    order.number,
                    line.quantity.normalize(),
                    line.product_id
                );
                return Err(held(Reason::TotalsDiffer, detail));
            }
            // What a cashier added stays; a PUT without it would delete it.
            let stands = self.as_it_stands(sale);
            wanted.lines.extend(stands.lines.into_iter().filter(|line| !written.lines.iter().any(|sent| sent.id == line.id)));
        }
        let places = money::places(self.reference()?.retailer.currency.as_deref());
        let (before, after) = (sale.totals.price_incl_tax, wanted.total(places));
        let paid = sale.paid();
        if !paid.is_zero() && (before - after).abs() > self.mappings.settings.tolerance {
            let detail = format!(
                "{} changed after its sale was paid: the sale comes to {before} with {paid} paid, the sales order now to {after}. Settle the difference at the till, then release it here.",
                order.number
            );
            return Err(held(Reason::TotalsDiffer, detail));
        }
        wanted.state = match &sale.status {
            Ok(status) => status.state,
            Err(_) => return Ok(None),
        };
        self.notes.push("The sales order changed since its sale was written: lines, customer and note follow.".to_owned());
        let number = self.facts.done(CallKind::UpdateSale) + 1;
        Ok(Some(call(format!("update/{}/{number}", sale.id), Request::UpdateSale(wanted))))
    }

    /// The sale as it is to be: what follows the order is the order's, the rest is the till's.
    fn wanted(&mut self, order: &SalesOrder, sale: &Sale) -> Step<Option<SaleRequest>> {
        let condition = self.mappings.facts(order);
        let mapping = self.facts.link.mapping.as_deref().and_then(|name| self.mappings.mapping(name));
        let mut missing = Missing::default();
        let content = self.content(&sale.id, order, mapping, &condition, &mut missing)?;
        missing.into_step(order)?;
        let stands = self.as_it_stands(sale);
        // Without its mapping there is no template for the note, so the note stays.
        let note = if mapping.is_some() { content.note } else { stands.note.clone() };
        let delivery_note = order.ship_to.clone().filter(|_| stands.hand_over == Some(HandOver::Delivery) && mapping.is_some());
        Ok(Some(SaleRequest { lines: content.lines, customer_id: content.customer_id, note, delivery_note, ..stands }))
    }

    /// The whole of the sale as X-Series holds it: a PUT replaces everything, so everything has to be in it.
    fn as_it_stands(&self, sale: &Sale) -> SaleRequest {
        let written = self.facts.last_written();
        let status = sale.status.as_ref().ok();
        let lines = sale.lines.iter().map(|line| SaleLineRequest {
            id: line.id.clone().unwrap_or_default(),
            order_line: written
                .and_then(|sale| sale.lines.iter().find(|sent| Some(&sent.id) == line.id.as_ref()))
                .and_then(|sent| sent.order_line),
            product_id: line.product_id.clone(),
            quantity: line.quantity,
            price: line.price,
            discount: line.discount,
            tax_id: line.tax_id.clone().unwrap_or_default(),
            tax: line.tax,
            note: line.note.clone(),
            sequence: line.sequence,
        });
        let payments = sale.payments.iter().map(|payment| SalePaymentRequest {
            id: payment.id.clone(),
            type_id: payment.type_id.clone(),
            amount: payment.amount,
            date: payment.date,
        });
        SaleRequest {
            id: sale.id.clone(),
            state: status.map_or(SaleState::Parked, |status| status.state),
            attributes: status.map(|status| status.attributes()).unwrap_or_default(),
            author_id: sale.author_id.clone().or_else(|| written.map(|sale| sale.author_id.clone())).unwrap_or_default(),
            register_id: sale.register_id.clone(),
            source_type: sale.source_type.clone(),
            source_id: sale.source_id.clone(),
            date: sale.date,
            customer_id: sale.customer_id.clone(),
            note: sale.note.clone(),
            invoice_number: sale.invoice_number.clone(),
            fulfilment_outlet_id: written.and_then(|sale| sale.fulfilment_outlet_id.clone()),
            hand_over: status.and_then(|status| status.hand_over),
            delivery_note: None,
            lines: lines.collect(),
            payments: payments.collect(),
        }
    }

    /// The sale is complete: fulfil what was handed over, bill it, book its payments, and compare.
    pub(super) fn closed_sale(&mut self, order: &SalesOrder, sale: &Sale, status: SaleStatus) -> Step<Next> {
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

    fn reconcile(&mut self, order: &SalesOrder, sale: &Sale, number: &str) -> Step<Next> {
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
        let bills = children.iter().filter(|child| child.kind != ChildKind::ItemFulfillment).count();
        self.notes.push(format!("Made from {} so far: {} fulfilments, {bills} bills.", order.number, children.len() - bills));

        let matched =
            if order.status == Ok(OrderStatus::Billed) && !self.booked_by_us() { None } else { Some(self.match_lines(order, sale)?) };
        if let Some(matched) = &matched {
            self.check_lines(order, sale, matched)?;
            self.ship(order, sale, matched)?;
            self.bill(order, sale, matched)?;
        }
        self.pay(order, sale)?;
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
        let totals = totals.map(|total| format!(" The sale comes to {} and the sales order to {total}.", sale.totals.price_incl_tax));
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
