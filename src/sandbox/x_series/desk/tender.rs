//! Taking payments, with what they cost and what coins cannot pay.

use jiff::Timestamp;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::ticket::Tender;
use crate::sandbox::number;
use crate::sandbox::x_series::errors::{Outcome, Refusal};
use crate::sandbox::x_series::handle::find;
use crate::sandbox::x_series::retailer::Retailer;
use crate::sandbox::x_series::sale::{LineSurcharge, Sale, SaleLine, SalePayment, Surcharge, TaxPart};

impl Retailer {
    /// Takes a payment for a sale, or gives money back.
    pub(super) fn take(&mut self, sale: &mut Sale, tender: &Tender, date: Timestamp) -> Outcome<Uuid> {
        let payment_type = find(&self.payment_types, |kind| kind.name == tender.payment_type, "Payment type")?.id;
        let register = match &tender.register {
            Some(name) => find(&self.registers, |register| register.name == *name, "Register")?,
            None => self.register(sale.register).ok_or(Refusal::NotFound("Register"))?,
        };
        if !register.open {
            return Err(Refusal::unprocessable(format!("the register {} is closed and takes no payments", register.name)));
        }
        let register = register.id;
        let due = tender.amount.unwrap_or_else(|| sale.due());
        let paid = tender.round_to.map_or(due, |coin| rounded(due, coin));
        let mut surcharge = None;
        if let Some(new) = &tender.surcharge {
            let amount = number::round(due * new.percent / Decimal::ONE_HUNDRED, 2);
            self.spread(sale, amount)?;
            surcharge = Some(Surcharge { amount, rule: new.rule.clone() });
        }
        let amount = paid + surcharge.as_ref().map_or(Decimal::ZERO, |surcharge| surcharge.amount);
        let (id, date) = (self.new_id(), tender.date.unwrap_or(date));
        sale.payments.push(SalePayment { id, payment_type, register, amount, date, surcharge, rounding: due - paid });
        Ok(id)
    }

    /// Puts a surcharge, tax included, on the lines that are sold, each by its share of the price.
    fn spread(&self, sale: &mut Sale, amount: Decimal) -> Outcome<()> {
        let gross = |line: &SaleLine| line.price_total() + line.tax_total();
        let bears = |line: &SaleLine| !line.voided && !line.is_return && gross(line) > Decimal::ZERO;
        let whole: Decimal = sale.lines.iter().filter(|line| bears(line)).map(gross).sum();
        let Some(last) = sale.lines.iter().rposition(bears) else {
            return Err(Refusal::unprocessable("there is no line to put a surcharge on"));
        };
        let mut left = amount;
        for (place, line) in sale.lines.iter_mut().enumerate() {
            if !bears(line) {
                continue;
            }
            let share = if place == last { left } else { number::round(amount * gross(line) / whole, 5) };
            left -= share;
            let (rate_id, rate) = self.tax(line.tax).map_or((line.tax, Decimal::ZERO), |tax| (tax.rate_id, tax.rate));
            let value = number::round(share / (Decimal::ONE + rate), 5);
            line.surcharges.push(LineSurcharge { value, tax: TaxPart { rate: rate_id, tax: share - value } });
        }
        Ok(())
    }
}

/// An amount in whole coins.
fn rounded(amount: Decimal, coin: Decimal) -> Decimal {
    amount.checked_div(coin).map_or(amount, |coins| number::round(coins, 0) * coin)
}
