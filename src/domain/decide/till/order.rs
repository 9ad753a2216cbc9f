//! A sale of the till that goes the way of the sales order: the order is made, follows the sale while it is open, takes its instalments
//! as deposits, and is fulfilled and billed as any other once the sale is complete.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::amounts::{Detail, Part};
use crate::domain::bookings::{ChangedLine, OrderChange, RecordLine};
use crate::domain::call::Request;
use crate::domain::decide::matching::Matched;
use crate::domain::decide::reconcile::call;
use crate::domain::decide::send::Missing;
use crate::domain::decide::{Case, Next, Rest, Step, end, held, known_status, waiting};
use crate::domain::facts::Facts;
use crate::domain::mapping::TaxMode;
use crate::domain::money;
use crate::domain::record::RecordKind;
use crate::domain::record_plan::{SaleShape, record_plan};
use crate::domain::sale::Sale;
use crate::domain::sales_order::{ItemKind, OrderLine, SalesOrder};
use crate::domain::status::{Account, OrderStatus, SaleState, SaleStatus};
use crate::domain::verdict::{Reason, VerdictKind};

impl<'a> Case<'a> {
    /// Makes the sales order of a sale.
    pub(super) fn make_order(&mut self, sale: &'a Sale, _number: &str) -> Step<Next> {
        let (ready, mut lines) = self.ready(sale, &[(Part::Sold, Detail::Later)])?;
        let request = self.record(RecordKind::SalesOrder, sale, &ready, lines.pop().unwrap_or_default());
        Ok(call(request.external_id.clone(), Request::Book(request)))
    }

    /// The sales order was made of this sale.
    pub(in crate::domain::decide) fn is_of_the_till(&self, order: &SalesOrder, sale: &Sale) -> bool {
        order.external_id.as_deref() == Some(self.key(RecordKind::SalesOrder, sale).as_str())
    }

    /// Both are there, and the sale was first.
    pub(in crate::domain::decide) fn till_order(&mut self, order: &'a SalesOrder, sale: &'a Sale, status: SaleStatus) -> Step<Next> {
        let number = sale.number().unwrap_or(sale.id.as_str()).to_owned();
        self.reference()?;
        let shape = SaleShape { has_sales_order: true, ..super::bare(status) };
        self.plan = Some(record_plan(&shape, &self.plan_settings(sale)));
        let order_status = known_status(order)?;
        let booked = self.booked(sale)?;
        if status.state == SaleState::Voided {
            return Ok(self.voided_order(order, sale, booked, order_status));
        }
        if status.is_transient() {
            let detail = "The till has the sale open; it is looked at when it changes.";
            return Ok(end(VerdictKind::Ignored, Reason::SaleTransient, detail, Rest::Waiting));
        }
        if order_status.is_dead() {
            let detail = format!(
                "{} was cancelled or closed in NetSuite while its sale {number} stands at the till. Void the sale, or reopen the order.",
                order.number
            );
            return Ok(held(Reason::CancelledAfterSend, detail));
        }
        // The order's lines are held against the sale's items anyway: then they tell this reason too.
        let shape = SaleShape { kit_tracked: self.has_tracked_kit(sale)?, ..shape };
        self.plan = Some(record_plan(&shape, &self.plan_settings(sale)));
        self.check_changed_order(sale, &number, order)?;
        self.follow_sale(order, sale, &number)?;
        self.deposit(order, sale)?;
        match status.state {
            SaleState::Closed => {
                // What was paid has to be what it comes to, before anything is billed.
                self.target(sale, &number)?;
                let next = self.closed_sale(order, sale, status)?;
                self.check_open(order, sale, next)
            }
            SaleState::Parked => Ok(waiting(Reason::AwaitingTill, format!("Sale {number} is parked, and {} follows it.", order.number))),
            SaleState::Pending | SaleState::Voided => {
                self.check_payments(sale, &order.number)?;
                if status.account == Some(Account::OnAccount) && status.hand_over.is_none() {
                    // The goods have left: fulfilled and billed now, and open until the sale is paid.
                    return Ok(match self.reconcile(order, sale, &number)? {
                        Next::End(verdict, Rest::Settled) => {
                            waiting(Reason::AwaitingAccount, format!("{} The sale is on account and not paid.", verdict.detail))
                        }
                        other => other,
                    });
                }
                self.rest_of_open(order, sale, status, &number)
            }
        }
    }

    /// A sale that is complete and not on account leaves nothing open.
    fn check_open(&mut self, order: &SalesOrder, sale: &Sale, next: Next) -> Step<Next> {
        let on_account = sale.status.as_ref().is_ok_and(|status| status.account == Some(Account::OnAccount));
        let Next::End(verdict, Rest::Settled) = &next else { return Ok(next) };
        if verdict.kind != VerdictKind::Synced || on_account {
            return Ok(next);
        }
        let number = sale.number().unwrap_or(sale.id.as_str());
        for bill in self.bills()? {
            self.check_changed_tender(sale, number, bill)?;
        }
        let open: Decimal = self.bills()?.iter().filter_map(|bill| bill.remaining).sum();
        if open <= self.mappings.settings.tolerance {
            return Ok(next);
        }
        let open = self.shown(open);
        let detail = format!(
            "The sale of {} is complete, and {open} of its invoice is open. Settle it in NetSuite, then release it here.",
            order.number
        );
        Ok(held(Reason::TotalsDiffer, detail))
    }

    /// The sale changed at the till since its sales order was made: as long as nothing left, the order follows.
    fn follow_sale(&mut self, order: &SalesOrder, sale: &'a Sale, number: &str) -> Step<()> {
        let places = self.places()?;
        let mut wanted = self.wanted_lines(sale, number)?;
        let with_tax = self.tax_of_change(order, number)?;
        if !with_tax {
            for line in &mut wanted {
                line.tax = None;
            }
        }
        let pairs = pair(order, &wanted, places);
        let mut change = OrderChange {
            order: order.id.clone(),
            added: Vec::new(),
            location: order.location.as_ref().map(|location| location.id.clone()),
            changed: Vec::new(),
            closed: Vec::new(),
            taxes: Vec::new(),
        };
        let mut differences = Vec::new();
        let mut left = false;
        for (line, found) in wanted.iter().zip(&pairs) {
            match found {
                None => {
                    differences.push(format!("{} × item {} is new", shown(line.quantity), line.item));
                    change.added.push(line.clone());
                }
                Some(found) if differs(found, line, places) => {
                    let quantity = line.quantity.unwrap_or(found.quantity);
                    differences.push(format!(
                        "line {} ({}): {} at {} in NetSuite, {} at {} at the till",
                        found.line,
                        found.item.label(),
                        found.quantity.normalize(),
                        self.shown(found.amount.unwrap_or_default()),
                        quantity.normalize(),
                        self.shown(line.amount)
                    ));
                    left |= quantity < found.fulfilled.max(found.billed) || !found.billed.is_zero();
                    change.changed.push(changed(found, line));
                }
                // The till's tax is written as a whole: each line is told its own reference again.
                Some(found) if with_tax => change.changed.push(changed(found, line)),
                Some(_) => {}
            }
        }
        let kept = pairs.iter().flatten().map(|line| line.line).collect::<BTreeSet<_>>();
        for line in order.lines.iter().filter(|line| stands(line) && !kept.contains(&line.line)) {
            differences.push(format!("line {} ({}) is gone from the till", line.line, line.item.label()));
            left |= !line.fulfilled.is_zero() || !line.billed.is_zero();
            change.closed.push(line.line);
        }
        if differences.is_empty() {
            return Ok(());
        }
        // The sale is as it was: somebody changed the order, and that is not undone behind their back.
        let link = &self.facts.link;
        let by_hand = link.x_series_version.is_some()
            && link.x_series_version == sale.version
            && link.netsuite_modified.is_some()
            && link.netsuite_modified != order.modified_at;
        let version = sale.version.unwrap_or_default();
        let key = format!("change-order/{}/{version}", order.id);
        let tried = self.facts.calls.iter().any(|call| call.done && call.key == key);
        let closed_books = !order.status.as_ref().is_ok_and(|status| status.can_fulfil() || *status == OrderStatus::PendingApproval);
        // What left or is billed has its tax already.
        let late = with_tax && order.lines.iter().any(|line| !line.fulfilled.is_zero() || !line.billed.is_zero());
        if left || tried || closed_books || late || by_hand {
            let why = match () {
                () if by_hand => "The order was changed in NetSuite, and that is not undone. ",
                () if tried => "The order was changed after the sale, and did not come to the same. ",
                () if left || closed_books => "What of it is fulfilled or billed cannot follow. ",
                () => "The till's tax is written as a whole, and part of the order is fulfilled or billed. ",
            };
            let detail = format!(
                "Sale {number} and {} differ: {}. {why}Make both sides agree, then release it here.",
                order.number,
                differences.join("; ")
            );
            return Err(held(Reason::ChangedAfterBooking, detail));
        }
        if with_tax {
            change.taxes = wanted.iter().filter_map(|line| Some((line.key.clone(), line.tax.clone()?))).collect();
        }
        self.notes.push(format!("The sale changed at the till, and {} follows: {}.", order.number, differences.join("; ")));
        Err(call(key, Request::ChangeOrder(change)))
    }

    /// Whether a change of the order has to tell the till's tax: it does if the order was made with it, whatever the setting is today.
    fn tax_of_change(&self, order: &SalesOrder, number: &str) -> Step<bool> {
        let today = self.mappings.settings.tax == TaxMode::Override;
        match tax_was_written(self.facts, order) {
            None => Ok(today),
            Some(true) if !today => {
                let detail = format!(
                    "{} was made with the till's tax (tax = \"override\"), which is not set any more, so it cannot be held against sale {number}. Set it again until the sale is complete, or skip it here and finish the order by hand.",
                    order.number
                );
                Err(held(Reason::TaxOverride, detail))
            }
            Some(then) => Ok(then),
        }
    }

    /// The lines that the sales order should have. Where it is was said when it was made.
    fn wanted_lines(&mut self, sale: &'a Sale, number: &str) -> Step<Vec<RecordLine>> {
        let mut missing = Missing::default();
        let place = self.place(sale, &mut Missing::default())?;
        let lines = self.record_lines(sale, Part::Sold, Detail::Later, &place, &mut missing)?;
        missing.into_step_for(&format!("Sale {number} cannot be compared with its sales order"))?;
        Ok(lines)
    }

    /// Which line of the sales order each line of its sale became.
    pub(in crate::domain::decide) fn match_till_lines(&mut self, order: &SalesOrder, sale: &'a Sale) -> Step<Matched> {
        let number = sale.number().unwrap_or(sale.id.as_str()).to_owned();
        let wanted = self.wanted_lines(sale, &number)?;
        let mut matched = Matched::default();
        for (line, found) in wanted.iter().zip(pair(order, &wanted, self.places()?)) {
            match found {
                Some(found) => {
                    *matched.quantities.entry(found.line).or_default() += line.quantity.unwrap_or(found.quantity);
                    matched.sale_lines.entry(found.line).or_default().push(line.key.clone());
                }
                None => matched.extra.push(format!("{} × item {}", shown(line.quantity), line.item)),
            }
        }
        Ok(matched)
    }
}

/// Text, and lines that are closed without anything having left, stand for nothing.
fn stands(line: &OrderLine) -> bool {
    !(line.kind.is_text() || line.closed && line.fulfilled.is_zero() && line.billed.is_zero())
}

/// The order's line of each wanted line: the first of the same item that no other has, the same quantity before any.
fn pair<'o>(order: &'o SalesOrder, wanted: &[RecordLine], places: u32) -> Vec<Option<&'o OrderLine>> {
    let mut pairs: Vec<Option<&OrderLine>> = vec![None; wanted.len()];
    let mut taken = BTreeSet::new();
    for exact in [true, false] {
        for (line, found) in wanted.iter().zip(&mut pairs).filter(|(_, found)| found.is_none()) {
            let free = order.lines.iter().filter(|candidate| stands(candidate) && candidate.item.id == line.item);
            *found = free.into_iter().find(|free| !taken.contains(&free.line) && (!exact || !differs(free, line, places)));
            taken.extend(found.map(|found| found.line));
        }
    }
    pairs
}

/// Another quantity, or another amount by more than a rounding.
fn differs(found: &OrderLine, wanted: &RecordLine, places: u32) -> bool {
    let quantity = wanted.quantity.is_some_and(|quantity| quantity != found.quantity);
    let amount = found.amount.is_some_and(|amount| (amount - wanted.amount).abs() > money::unit(places));
    quantity || amount && found.kind != ItemKind::Discount || found.closed
}

/// The line as it is to be.
fn changed(found: &OrderLine, wanted: &RecordLine) -> ChangedLine {
    let quantity = wanted.quantity.unwrap_or(found.quantity);
    ChangedLine { line: found.line, key: wanted.key.clone(), quantity, rate: wanted.rate, amount: wanted.amount }
}

/// The sales order was made with the till's tax; none where this database does not know.
fn tax_was_written(facts: &Facts, order: &SalesOrder) -> Option<bool> {
    let made = facts.calls.iter().filter(|call| call.done && call.record.as_ref() == Some(&order.id));
    made.filter_map(|call| match call.request.as_ref()? {
        Request::Book(request) => Some(request.tax_override),
        _ => None,
    })
    .next_back()
}

fn shown(quantity: Option<Decimal>) -> String {
    quantity.map_or_else(|| "1".to_owned(), |quantity| quantity.normalize().to_string())
}
