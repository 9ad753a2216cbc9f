//! Nothing is called synced without comparing: lines before anything is booked, totals, tax and payment after.

use rust_decimal::Decimal;

use super::matching::Matched;
use super::reconcile::call;
use super::{Case, Next, Step, held};
use crate::domain::call::{CallKind, Request};
use crate::domain::facts::Question;
use crate::domain::money;
use crate::domain::requests::VarianceRequest;
use crate::domain::sale::Sale;
use crate::domain::sales_order::SalesOrder;
use crate::domain::status::OrderStatus;
use crate::domain::verdict::Reason;

impl Case<'_> {
    /// Before anything is booked: the sale may not hold more than its order, and a whole hand-over comes to the order's total.
    pub(super) fn check_lines(&mut self, order: &SalesOrder, sale: &Sale, matched: &Matched) -> Step<()> {
        let mut differences =
            matched.extra.iter().map(|extra| format!("the sale has {extra}, which is not on the sales order")).collect::<Vec<_>>();
        for line in order.lines.iter().filter(|line| matched.quantity(line.line) > line.quantity) {
            let sold = matched.quantity(line.line).normalize();
            differences.push(format!("the sale has {sold} of {} and the sales order {}", line.item.label(), line.quantity.normalize()));
        }
        let whole = order
            .lines
            .iter()
            .filter(|line| !line.kind.is_text() && !line.closed && matched.sale_lines.contains_key(&line.line))
            .all(|line| matched.quantity(line.line) == line.quantity)
            && order
                .lines
                .iter()
                .filter(|line| line.kind.is_shipped() && !line.closed)
                .all(|line| matched.quantity(line.line) == line.quantity);
        if let Some((total, with_tax)) = open_total(order).filter(|_| whole && differences.is_empty()) {
            let sold = if with_tax { sale.totals.price_incl_tax } else { sale.totals.price };
            let difference = sold - total;
            if difference.abs() > self.mappings.settings.tolerance {
                let (sold, total, difference) = (self.shown(sold), self.shown(total), self.shown(difference));
                let tax = if with_tax { "" } else { ", both without tax" };
                differences.push(format!("the sale comes to {sold} and the sales order to {total}{tax}, a difference of {difference}"));
            }
        }
        if differences.is_empty() {
            return Ok(());
        }
        // What was written came to the order's total then; another total now is NetSuite's change.
        let places = money::places(self.reference()?.retailer.currency.as_deref());
        let written = self.facts.last_written().map(|sale| sale.total(places));
        let moved = written.zip(order.total).is_some_and(|(written, total)| (written - total).abs() > self.mappings.settings.tolerance);
        let reason = if moved { Reason::ChangedAfterClose } else { Reason::TotalsDiffer };
        let detail = format!(
            "{} and its sale differ, so nothing more is booked: {}. Make both sides agree, then release it here.",
            order.number,
            differences.join("; ")
        );
        Err(held(reason, detail))
    }

    /// After everything is booked: what NetSuite holds now against the sale.
    pub(super) fn compare(&mut self, order: &SalesOrder, sale: &Sale, matched: Option<&Matched>) -> Step<()> {
        // Billed says that nothing is left, also where the lines do not tell how much.
        let complete = order.status == Ok(OrderStatus::Billed);
        let unbilled = order.lines.iter().filter(|line| !complete && !line.kind.is_text() && !line.closed).filter_map(|line| {
            let sold = matched.map_or(Decimal::ZERO, |matched| matched.quantity(line.line)).min(line.quantity);
            (sold > line.billed && !line.from_purchase).then(|| {
                format!("line {} ({}): {} sold, {} billed", line.line, line.item.label(), sold.normalize(), line.billed.normalize())
            })
        });
        let unbilled = unbilled.collect::<Vec<_>>();
        if !unbilled.is_empty() {
            let detail = format!("{} is not billed as it was sold: {}.", order.number, unbilled.join("; "));
            return Err(held(Reason::TotalsDiffer, detail));
        }
        let places = money::places(self.reference()?.retailer.currency.as_deref());
        let bills = self.bills()?;
        if bills.is_empty() {
            return Err(held(Reason::TotalsDiffer, format!("No bill of {} can be read back.", order.number)));
        }
        let Some(billed) = bills.iter().map(|bill| bill.total).sum::<Option<Decimal>>() else {
            self.notes.push("NetSuite does not tell the bill's total, so only quantities were compared.".to_owned());
            return Ok(());
        };
        let (billed, sold) = (money::round(billed, places), self.comes_to(order, sale)?);
        let difference = sold - billed;
        let (sold, billed) = (self.shown(sold), self.shown(billed));
        self.notes.push(format!("Read back: sold {sold}, billed {billed}."));
        if difference.abs() > self.mappings.settings.tolerance {
            let difference = self.shown(difference);
            let detail = format!(
                "{} is billed at {billed} and its sale comes to {sold}, a difference of {difference}. Correct the bill in NetSuite, then release it here.",
                order.number
            );
            return Err(held(Reason::TotalsDiffer, detail));
        }
        if let Some(tax) = bills.iter().map(|bill| bill.tax_total).sum::<Option<Decimal>>() {
            let difference = sale.totals.tax - tax;
            if difference.abs() > self.mappings.settings.tolerance {
                let (tax, sold, difference) = (self.shown(tax), self.shown(sale.totals.tax), self.shown(difference));
                let detail = format!("{} is billed with {tax} of tax and its sale has {sold}, a difference of {difference}.", order.number);
                return Err(held(Reason::TotalsDiffer, detail));
            }
        }
        Ok(())
    }

    /// A difference within the tolerance goes to the variance item, before the payments are booked: they pay for it.
    pub(super) fn vary(&mut self, order: &SalesOrder, sale: &Sale) -> Step<()> {
        if self.mappings.settings.variance_item.is_none()
            || order.status != Ok(OrderStatus::Billed)
            || self.facts.done(CallKind::Variance) > 0
        {
            return Ok(());
        }
        let places = money::places(self.reference()?.retailer.currency.as_deref());
        let bills = self.bills()?;
        let Some((billed, bill)) = bills.iter().map(|bill| bill.total).sum::<Option<Decimal>>().zip(bills.last()) else { return Ok(()) };
        let difference = self.comes_to(order, sale)? - money::round(billed, places);
        // Where Advanced Shipping is off the fulfilment makes the bill, and no call of ours has it.
        let item = match self.asked(&bill.id) {
            Some(_) => self.variance_item_of(&bill.id),
            None => self.mappings.settings.variance_item.as_deref(),
        };
        let Some(item) = item.filter(|_| !difference.is_zero() && difference.abs() <= self.mappings.settings.tolerance) else {
            return Ok(());
        };
        let request = VarianceRequest { record: bill.kind, bill: bill.id.clone(), item: self.named_item(item)?, amount: difference };
        Err(call(format!("variance/{}", bill.id), Request::Variance(request)))
    }

    /// What the bills have to come to: the sale's total; of a sale that began at the till, what was paid where the till rounds cash.
    fn comes_to(&mut self, order: &SalesOrder, sale: &Sale) -> Step<Decimal> {
        if self.is_of_the_till(order, sale) {
            return self.target(sale, sale.number().unwrap_or(sale.id.as_str()));
        }
        Ok(money::round(sale.totals.price_incl_tax, money::places(self.reference()?.retailer.currency.as_deref())))
    }

    /// An item's internal id, from its id or name.
    pub(super) fn named_item(&self, name: &str) -> Step<String> {
        if name.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(name.to_owned());
        }
        match self.facts.answers.named_items.get(name).map(Vec::as_slice) {
            None => Err(Next::Ask(vec![Question::NamedItem(name.to_owned())])),
            Some([id]) => Ok(id.clone()),
            Some(found) => Err(held(Reason::Unresolved, format!("NetSuite has {} items named '{name}'.", found.len()))),
        }
    }
}

/// What is still to come of the order, and whether that is with tax. Lines that were closed may count in the order's own total or not:
/// where there are any, the others are added up. None where that cannot be told.
fn open_total(order: &SalesOrder) -> Option<(Decimal, bool)> {
    if order.lines.iter().all(|line| !line.closed) {
        return order.total.map(|total| (total, true));
    }
    let partly = order.lines.iter().any(|line| line.closed && !(line.fulfilled.is_zero() && line.billed.is_zero()));
    let outside = [order.shipping_cost, order.handling_cost, order.discount_total];
    if partly || outside.into_iter().flatten().any(|amount| !amount.is_zero()) {
        return None;
    }
    let lines = || order.lines.iter().filter(|line| !line.closed && !line.kind.is_text());
    let net = lines().map(|line| line.amount).sum::<Option<Decimal>>()?;
    let gross = lines().map(|line| line.gross.or_else(|| Some(line.amount? + line.tax?))).sum::<Option<Decimal>>();
    Some(gross.map_or((net, false), |gross| (gross, true)))
}
