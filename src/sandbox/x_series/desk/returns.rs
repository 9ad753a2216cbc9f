//! Taking a sale back: a new parked sale against it, with its lines below zero.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::ticket::BroughtBack;
use crate::sandbox::number;
use crate::sandbox::x_series::errors::{Outcome, Refusal};
use crate::sandbox::x_series::retailer::Retailer;
use crate::sandbox::x_series::sale::{Adjustment, Sale, SaleLine, State, TaxPart};

impl Retailer {
    /// `POST /sales/{id}/actions/return`: parks a return of these lines, or of all that is left; other parked returns of the
    /// sale are voided.
    pub(in crate::sandbox::x_series) fn start_return(&mut self, original: Uuid, brought: &[BroughtBack]) -> Outcome<Uuid> {
        let original = self.sales.get(&original).cloned().ok_or(Refusal::NotFound("Sale"))?;
        if original.state != State::Closed {
            return Err(Refusal::conflict(format!("A {} sale cannot be returned", original.state.word())));
        }
        let wanted = self.wanted(&original, brought)?;
        let others: Vec<Uuid> = self.returns_of(original.id).filter(|sale| sale.state == State::Parked).map(|sale| sale.id).collect();
        for other in others {
            self.void_sale(other)?;
        }
        let id = self.new_id();
        let mut lines: Vec<SaleLine> = Vec::new();
        for (line, quantity, reason) in wanted {
            lines.push(SaleLine {
                id: self.new_id(),
                quantity: -quantity,
                price_override: true,
                sequence: i64::try_from(lines.len()).unwrap_or(0),
                note: None,
                fulfilled: Decimal::ZERO,
                serial_numbers: Vec::new(),
                is_return: true,
                return_reason: reason,
                takes_back: Some(line.id),
                surcharges: Vec::new(),
                ..line
            });
        }
        let now = self.clock.now();
        let sale = Sale {
            id,
            state: State::Parked,
            attributes: Vec::new(),
            source_id: None,
            source_type: None,
            author: self.users.last().map_or(original.author, |user| user.id),
            date: now,
            created: now,
            updated: now,
            note: String::new(),
            invoice_number: self.invoice_number(original.register),
            short_code: self.short_code(),
            adjustments: discounts_back(&original, &lines),
            charges: Vec::new(),
            lines,
            payments: Vec::new(),
            version: 0,
            return_for: Some(original.id),
            fulfilment_outlet: None,
            ..original
        };
        self.store(sale);
        Ok(id)
    }

    /// Every sale that takes this one back.
    pub(in crate::sandbox::x_series) fn returns_of(&self, original: Uuid) -> impl Iterator<Item = &Sale> {
        self.sales.values().filter(move |sale| sale.return_for == Some(original))
    }

    /// The lines to take back, how many of each with the sign they were sold with, and why.
    fn wanted(&self, original: &Sale, brought: &[BroughtBack]) -> Outcome<Vec<(SaleLine, Decimal, Option<String>)>> {
        let mut wanted = Vec::new();
        for line in original.standing().filter(|line| !line.is_return) {
            let left = self.left_of(original, line);
            let asked = brought.iter().find(|brought| brought.line == line.id);
            let quantity = match asked {
                None if brought.is_empty() => left,
                None => continue,
                Some(asked) if asked.quantity <= Decimal::ZERO || asked.quantity > left.abs() => {
                    return Err(Refusal::unprocessable(format!("{} is more than what is left of the line", asked.quantity)));
                }
                Some(asked) if left.is_sign_negative() => -asked.quantity,
                Some(asked) => asked.quantity,
            };
            if !quantity.is_zero() {
                wanted.push((line.clone(), quantity, asked.and_then(|asked| asked.reason.clone())));
            }
        }
        if wanted.is_empty() || brought.iter().any(|brought| wanted.iter().all(|(line, ..)| line.id != brought.line)) {
            return Err(Refusal::unprocessable("there is nothing of it left to return"));
        }
        Ok(wanted)
    }

    /// How many of a line were not taken back yet.
    fn left_of(&self, original: &Sale, line: &SaleLine) -> Decimal {
        let done = self.returns_of(original.id).filter(|sale| sale.state == State::Closed);
        let back = done.flat_map(Sale::standing).filter(|other| other.takes_back == Some(line.id));
        line.quantity + back.map(|other| other.quantity).sum::<Decimal>()
    }
}

/// The discounts that stand outside the lines, as far as they fall on the lines taken back. Fees and tips are not given back.
fn discounts_back(original: &Sale, lines: &[SaleLine]) -> Vec<Adjustment> {
    let sold: Decimal = original.standing().map(SaleLine::price_total).sum();
    let back: Decimal = lines.iter().map(SaleLine::price_total).sum();
    let Some(share) = back.checked_div(sold) else { return Vec::new() };
    let part = |amount: Decimal| number::round(amount * share, 5);
    let back = |known: &Adjustment| Adjustment {
        total: part(known.total),
        tax: known.tax.iter().map(|known| TaxPart { rate: known.rate, tax: part(known.tax) }).collect(),
        ..known.clone()
    };
    original.adjustments.iter().filter(|known| known.kind == "DISCOUNT").map(back).collect()
}
