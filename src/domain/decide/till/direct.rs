//! A sale that needs no sales order: a cash sale, or an invoice with its payments.

use rust_decimal::Decimal;

use super::amounts::{Detail, Part};
use crate::domain::call::{CallKind, Request};
use crate::domain::decide::reconcile::call;
use crate::domain::decide::{Case, Next, Step, held, synced};
use crate::domain::money;
use crate::domain::record::{Bill, Child, RecordKind};
use crate::domain::requests::VarianceRequest;
use crate::domain::sale::Sale;
use crate::domain::status::SaleState;
use crate::domain::verdict::Reason;

impl<'a> Case<'a> {
    /// Books the sale as one record, then its payments, and compares.
    pub(super) fn direct(&mut self, sale: &'a Sale, number: &str, kind: RecordKind, booked: &[Child]) -> Step<Next> {
        let Some(bill) = self.record_of(kind, sale, number, booked)? else {
            return self.book_direct(sale, number, kind);
        };
        self.check_changed(sale, number, bill, Part::Sold)?;
        let gross = self.target(sale, number)?;
        self.vary_record(bill, gross)?;
        if kind == RecordKind::Invoice {
            self.pay(number, bill.customer.as_deref(), sale, std::slice::from_ref(bill))?;
        }
        self.check_payments(sale, number)?;
        self.compare_record(sale, number, bill, gross, self.tax_of(sale, Part::Sold)?)?;
        let label = bill.number.as_deref().unwrap_or(bill.id.as_str());
        if kind == RecordKind::CashSale {
            self.compare_tender(sale, number, bill)?;
            return Ok(synced(Reason::Booked, format!("Sale {number} is booked as the cash sale {label}, and was read back.")));
        }
        let open = bill.remaining.unwrap_or_default();
        let closed = sale.status.as_ref().is_ok_and(|status| status.state == SaleState::Closed);
        if !closed {
            let open = self.shown(open);
            let detail =
                format!("Sale {number} is booked as the invoice {label}, of which {open} is open. The sale is on account and not paid.");
            return Ok(super::booked_and_open(Reason::AwaitingAccount, detail));
        }
        if open > self.mappings.settings.tolerance && !super::is_promised(sale) {
            let open = self.shown(open);
            let detail =
                format!("Sale {number} is complete, and its invoice {label} has {open} open. Settle it in NetSuite, then release it here.");
            return Ok(held(Reason::TotalsDiffer, detail));
        }
        let open = if open.is_zero() { String::new() } else { format!(" {} of it is open.", self.shown(open)) };
        Ok(synced(Reason::Booked, format!("Sale {number} is booked as the invoice {label}, and was read back.{open}")))
    }

    fn book_direct(&mut self, sale: &'a Sale, number: &str, kind: RecordKind) -> Step<Next> {
        let (ready, mut lines) = self.ready(sale, &[(Part::Sold, Detail::Moved)])?;
        self.target(sale, number)?;
        let mut request = self.record(kind, sale, &ready, lines.pop().unwrap_or_default());
        if kind == RecordKind::CashSale {
            (request.payment_method, request.account) = self.cash_sale_tender(number, sale)?;
        }
        Ok(call(request.external_id.clone(), Request::Book(request)))
    }

    /// What the record has to come to: the sale's total, or what was paid where the till rounds cash and an item takes that up.
    pub(in crate::domain::decide) fn target(&mut self, sale: &Sale, number: &str) -> Step<Decimal> {
        let gross = money::round(sale.totals.price_incl_tax, self.places()?);
        let status = sale.status.as_ref().ok();
        // On account and layby are paid as they are paid.
        if status.is_none_or(|status| status.state != SaleState::Closed || status.account.is_some()) {
            return Ok(gross);
        }
        let paid = sale.paid();
        let difference = paid - gross;
        if difference.abs() > self.mappings.settings.tolerance {
            let (gross, paid, difference) = (self.shown(gross), self.shown(paid), self.shown(difference));
            let detail = format!(
                "Sale {number} comes to {gross} and {paid} is paid, a difference of {difference}. Correct it at the till, or raise the tolerance if the till rounds cash, then release it here."
            );
            return Err(held(Reason::TotalsDiffer, detail));
        }
        Ok(if self.mappings.settings.variance_item.is_some() { paid } else { gross })
    }

    /// A difference within the tolerance goes to the variance item, once.
    pub(super) fn vary_record(&mut self, bill: &Bill, wanted: Decimal) -> Step<()> {
        let (Some(item), Some(total)) = (self.variance_item_of(&bill.id), bill.total) else { return Ok(()) };
        let difference = wanted - money::round(total, self.places()?);
        let tolerance = self.mappings.settings.tolerance;
        if difference.is_zero() || difference.abs() > tolerance || self.facts.done(CallKind::Variance) > 0 {
            return Ok(());
        }
        let request = VarianceRequest { record: bill.kind, bill: bill.id.clone(), item: self.named_item(item)?, amount: difference };
        Err(call(format!("variance/{}", bill.id), Request::Variance(request)))
    }

    /// What NetSuite holds against what the till says: total and tax.
    pub(super) fn compare_record(&mut self, sale: &Sale, number: &str, bill: &Bill, wanted: Decimal, tax: Decimal) -> Step<()> {
        let places = self.places()?;
        let (name, label) = (bill.kind.name(), bill.number.as_deref().unwrap_or(bill.id.as_str()));
        let Some(total) = bill.total.map(|total| money::round(total, places)) else {
            return Err(held(
                Reason::TotalsDiffer,
                format!("NetSuite does not tell the total of the {name} {label}, so it cannot be compared."),
            ));
        };
        let difference = wanted - total;
        let (wanted, total) = (self.shown(wanted), self.shown(total));
        self.notes.push(format!("Read back: the till says {wanted}, the {name} {label} {total}."));
        if difference.abs() > self.mappings.settings.tolerance {
            let changed = sale.version.is_some() && self.facts.link.x_series_version.is_some_and(|seen| Some(seen) != sale.version);
            let reason = if changed { Reason::ChangedAfterBooking } else { Reason::TotalsDiffer };
            let difference = self.shown(difference);
            let detail = format!(
                "Sale {number} comes to {wanted} and its {name} {label} to {total}, a difference of {difference}. Correct the {name} in NetSuite, or delete what is wrong and book it by hand, then release it here."
            );
            return Err(held(reason, detail));
        }
        if let Some(booked) = bill.tax_total {
            let difference = tax - money::round(booked, places);
            if difference.abs() > self.mappings.settings.tolerance {
                let (tax, booked, difference) = (self.shown(tax), self.shown(booked), self.shown(difference));
                let detail = format!(
                    "Sale {number} has {tax} of tax and its {name} {label} {booked}, a difference of {difference}. Correct the tax in NetSuite, or set tax = \"override\", then release it here."
                );
                return Err(held(Reason::TotalsDiffer, detail));
            }
        }
        Ok(())
    }

    /// The cash sale or refund is paid as it was asked to be. Where this database does not know what was asked, as the till was.
    pub(super) fn compare_tender(&mut self, sale: &Sale, number: &str, bill: &Bill) -> Step<()> {
        let Some(booked) = bill.payment_method.as_ref() else { return Ok(()) };
        let asked = self.asked(&bill.id).map(|asked| asked.payment_method.map(str::to_owned));
        if asked.as_ref().is_some_and(|asked| asked.as_ref().is_none_or(|asked| asked == booked)) {
            return Ok(());
        }
        // Or as the till says now, where somebody has followed a change of it.
        let (wanted, _) = self.cash_sale_tender(number, sale)?;
        let Some(wanted) = wanted.filter(|wanted| wanted != booked) else { return Ok(()) };
        let wanted = asked.flatten().unwrap_or(wanted);
        let name = bill.kind.name();
        let detail = format!(
            "The {name} {} of sale {number} has the payment method {booked}, and the till's tender is booked as {wanted}. Correct it in NetSuite, then release it here.",
            bill.number.as_deref().unwrap_or(bill.id.as_str())
        );
        Err(held(Reason::TotalsDiffer, detail))
    }
}
