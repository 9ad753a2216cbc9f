//! Bill what is fulfilled, as an invoice or a cash sale, and book what was paid at the till.

use rust_decimal::Decimal;

use super::matching::Matched;
use super::reconcile::call;
use super::send::Missing;
use super::ship::memo;
use super::{Case, Next, Step, held};
use crate::domain::call::{CallKind, Request};
use crate::domain::facts::Question;
use crate::domain::keys;
use crate::domain::mapping::{BillAs, NoMatch, PaymentKind, PaymentTypeRule};
use crate::domain::record::{Bill, RecordKind};
use crate::domain::requests::{BillLine, BillRequest};
use crate::domain::sale::{Sale, SalePayment};
use crate::domain::sales_order::{ItemKind, Ref, SalesOrder};
use crate::domain::status::{Account, OrderStatus};
use crate::domain::verdict::Reason;

impl<'a> Case<'a> {
    /// Sends the bill of what is fulfilled and not billed.
    pub(super) fn bill(&mut self, order: &SalesOrder, sale: &Sale, matched: &Matched) -> Step<()> {
        if !order.status.as_ref().is_ok_and(|status| status.can_bill()) {
            return Ok(());
        }
        // Pending Billing says that everything has left, also where the lines do not tell how much.
        let all_left = order.status == Ok(OrderStatus::PendingBilling);
        let mut lines = Vec::new();
        for line in order.lines.iter().filter(|line| !line.kind.is_text() && !is_carried(&line.kind)) {
            let ready = if line.closed {
                line.fulfilled
            } else if self.leaves_stock(order, line)? || line.from_purchase {
                if all_left { line.quantity } else { line.fulfilled }
            } else {
                matched.quantity(line.line).min(line.quantity)
            };
            let quantity = (ready - line.billed).max(Decimal::ZERO);
            if line.quantity > line.billed && (!line.closed || quantity > Decimal::ZERO) {
                lines.push(BillLine { order_line: line.line, quantity: quantity.normalize() });
            }
        }
        if lines.iter().all(|line| line.quantity.is_zero()) {
            return Ok(());
        }
        let kind = self.bill_kind(order, sale);
        let (word, counted) = if kind == RecordKind::CashSale { ("cs", CallKind::CashSale) } else { ("inv", CallKind::Invoice) };
        let external_id = keys::external_id(word, &self.facts.connection, order.id.as_str(), self.facts.done(counted) + 1);
        let (payment_method, account) =
            if kind == RecordKind::CashSale { self.cash_sale_tender(&order.number, sale)? } else { (None, None) };
        let request = BillRequest {
            order: order.id.clone(),
            external_id: external_id.clone(),
            date: self.business_day(sale)?,
            memo: Some(memo(sale)),
            lines,
            payment_method,
            account,
            witness: Some(self.witness(sale)),
        };
        Err(call(external_id, if kind == RecordKind::CashSale { Request::CashSale(request) } else { Request::Invoice(request) }))
    }

    /// Invoice or cash sale: the setting, else the order's form, else its terms, else how it is paid.
    fn bill_kind(&mut self, order: &SalesOrder, sale: &Sale) -> RecordKind {
        let form = order.form.as_ref().and_then(|form| form.name.as_deref()).unwrap_or_default().to_lowercase();
        let over_time = sale.status.as_ref().is_ok_and(|status| matches!(status.account, Some(Account::Layby | Account::OnAccount)));
        let (kind, why) = match self.mappings.settings.bill_as {
            // A cash sale takes neither deposits nor a promise.
            _ if over_time && self.is_of_the_till(order, sale) => (RecordKind::Invoice, "as it is paid over time"),
            BillAs::Invoice => (RecordKind::Invoice, "by setting"),
            BillAs::CashSale => (RecordKind::CashSale, "by setting"),
            BillAs::Form if form.contains("cash sale") => (RecordKind::CashSale, "by the order's form"),
            BillAs::Form if form.contains("invoice") => (RecordKind::Invoice, "by the order's form"),
            BillAs::Form if order.terms.is_some() => (RecordKind::Invoice, "as the order has terms"),
            BillAs::Form if order.payment_method.is_some() => (RecordKind::CashSale, "as the order has a payment method and no terms"),
            BillAs::Form => (RecordKind::Invoice, "as nothing on the order says otherwise"),
        };
        let name = if kind == RecordKind::CashSale { "a cash sale" } else { "an invoice" };
        self.notes.push(format!("Billed as {name}, {why}."));
        kind
    }

    /// How a cash sale is paid: by the largest tender that is money. A cash sale holds one payment method only.
    pub(super) fn cash_sale_tender(&mut self, what: &str, sale: &Sale) -> Step<(Option<String>, Option<String>)> {
        let mut tenders = self.tenders(what, sale)?;
        tenders.sort_by_key(|(payment, _)| std::cmp::Reverse(payment.amount.abs()));
        let Some((_, rule)) = tenders.first() else { return Ok((None, None)) };
        let rule = rule.clone();
        if tenders.iter().any(|(_, other)| other.booked_as() != rule.booked_as()) {
            self.notes.push(format!(
                "A cash sale or refund holds one payment method: all of it is booked as {}, the largest of {} tenders.",
                rule.x_series,
                tenders.len()
            ));
        }
        Ok((self.payment_method(&rule)?, self.account(&rule)?))
    }

    /// The payments of the sale that are money, each with its row of the payment table.
    pub(super) fn tenders<'s>(&self, what: &str, sale: &'s Sale) -> Step<Vec<(&'s SalePayment, PaymentTypeRule)>> {
        let mut missing = Missing::default();
        let tenders = self.known_tenders(sale, &mut missing)?;
        missing.into_step_for(&format!("{what} cannot be billed"))?;
        Ok(tenders)
    }

    /// The sale was paid, or given back, in ways that are booked differently: one payment method cannot say it.
    pub(super) fn is_split(&self, sale: &Sale) -> bool {
        let tenders = self.known_tenders(sale, &mut Missing::default()).unwrap_or_default();
        tenders.iter().any(|(_, rule)| tenders.first().is_some_and(|(_, first)| first.booked_as() != rule.booked_as()))
    }

    /// Tells every payment type that no row names.
    pub(super) fn unknown_tenders(&self, sale: &Sale, missing: &mut Missing) -> Step<()> {
        self.known_tenders(sale, missing).map(drop)
    }

    fn known_tenders<'s>(&self, sale: &'s Sale, missing: &mut Missing) -> Step<Vec<(&'s SalePayment, PaymentTypeRule)>> {
        let mut tenders = Vec::new();
        for payment in sale.payments.iter().filter(|payment| !payment.amount.is_zero()) {
            let name = self.tender_name(payment);
            match (self.mappings.payment_type(&payment.type_id, name), &self.mappings.settings.no_match.payment_type) {
                // A promise is not money, and NetSuite's own money is there already.
                (Some(rule), _) if matches!(rule.kind, PaymentKind::OnAccount | PaymentKind::NetSuite) => {}
                (Some(rule), _) => tenders.push((payment, rule.clone())),
                (None, _) if self.facts.answers.reference.is_none() => return Err(Next::Ask(vec![Question::Reference])),
                (None, NoMatch::Use(method)) => tenders.push((payment, by_default(name.unwrap_or(&payment.type_id), method))),
                (None, _) => {
                    let (name, amount) = (name.unwrap_or(&payment.type_id), self.shown(payment.amount));
                    missing.note(format!("{amount} is paid with '{name}', which no [[payment_type]] names"));
                }
            }
        }
        Ok(tenders)
    }

    /// How a payment type is booked by the mappings of today; none where no row names it.
    pub(super) fn rule_of(&self, type_id: &str) -> Option<PaymentTypeRule> {
        let name = self.type_name(type_id);
        match (self.mappings.payment_type(type_id, name), &self.mappings.settings.no_match.payment_type) {
            (Some(rule), _) => Some(rule.clone()),
            (None, NoMatch::Use(method)) => Some(by_default(name.unwrap_or(type_id), method)),
            (None, _) => None,
        }
    }

    /// The retailer's name of a payment type.
    pub(super) fn type_name(&self, type_id: &str) -> Option<&'a str> {
        let reference = self.facts.answers.reference.as_ref();
        reference.and_then(|reference| reference.payment_type(type_id)).map(|kind| kind.name.as_str())
    }

    /// The payment's type by name: the retailer's list first, else what the sale itself says.
    pub(super) fn tender_name<'s>(&self, payment: &'s SalePayment) -> Option<&'s str>
    where
        'a: 's,
    {
        self.type_name(&payment.type_id).or(payment.name.as_deref())
    }

    /// The payment method's internal id, from its id or name; none where the row names an account only.
    pub(super) fn payment_method(&self, rule: &PaymentTypeRule) -> Step<Option<String>> {
        let Some(name) = rule.method() else { return Ok(None) };
        if is_internal_id(name) {
            return Ok(Some(name.to_owned()));
        }
        let Some(methods) = &self.facts.answers.payment_methods else { return Err(Next::Ask(vec![Question::PaymentMethods])) };
        named(methods, name).map(Some).ok_or_else(|| {
            held(Reason::Unresolved, format!("NetSuite has no payment method '{name}' ([[payment_type]] '{}').", rule.x_series))
        })
    }

    /// The account's internal id, from its id or name; none is undeposited funds.
    pub(super) fn account(&self, rule: &PaymentTypeRule) -> Step<Option<String>> {
        let Some(name) = rule.account.as_deref() else { return Ok(None) };
        if is_internal_id(name) {
            return Ok(Some(name.to_owned()));
        }
        let Some(accounts) = &self.facts.answers.accounts else { return Err(Next::Ask(vec![Question::Accounts])) };
        named(accounts, name)
            .map(Some)
            .ok_or_else(|| held(Reason::Unresolved, format!("NetSuite has no account '{name}' ([[payment_type]] '{}').", rule.x_series)))
    }

    /// The bills made from the order, read back.
    pub(super) fn bills(&self) -> Step<&'a [Bill]> {
        self.facts.answers.bills.as_deref().ok_or_else(|| Next::Ask(vec![Question::Bills]))
    }
}

/// NetSuite carries these to the bill by itself.
fn is_carried(kind: &ItemKind) -> bool {
    matches!(kind, ItemKind::Discount | ItemKind::Markup | ItemKind::Payment)
}

/// What no row names is booked under the default payment method.
fn by_default(name: &str, method: &str) -> PaymentTypeRule {
    PaymentTypeRule { x_series: name.to_owned(), netsuite: Some(method.to_owned()), account: None, kind: PaymentKind::Money }
}

pub(super) fn is_internal_id(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
}

/// The internal id of the one with this name.
pub(super) fn named(list: &[Ref], name: &str) -> Option<String> {
    list.iter().find(|known| known.name.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(name))).map(|known| known.id.clone())
}
