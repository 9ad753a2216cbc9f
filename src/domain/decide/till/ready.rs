//! Everything that a record of a sale needs, resolved before anything is written; all that is missing is told at once.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::amounts::{Detail, Part};
use super::customer::Debtor;
use crate::domain::bookings::{Place, RecordLine, RecordRequest};
use crate::domain::decide::send::Missing;
use crate::domain::decide::ship::memo;
use crate::domain::decide::{Case, Next, Step, held};
use crate::domain::mapping::TaxMode;
use crate::domain::record::RecordKind;
use crate::domain::sale::Sale;
use crate::domain::verdict::Reason;

/// What the records of a sale have in common.
#[derive(Debug, Clone)]
pub(super) struct Ready {
    pub(super) customer: String,
    pub(super) place: Place,
    pub(super) date: Option<Date>,
}

impl<'a> Case<'a> {
    /// Resolves the sale for records with these parts; a customer who is new is made first.
    pub(super) fn ready(&mut self, sale: &'a Sale, parts: &[(Part, Detail)]) -> Step<(Ready, Vec<Vec<RecordLine>>)> {
        let number = sale.number().unwrap_or(sale.id.as_str());
        let mut missing = Missing::default();
        let place = self.place(sale, &mut missing)?;
        let mut lines = Vec::new();
        for (part, detail) in parts {
            lines.push(self.record_lines(sale, *part, *detail, &place, &mut missing)?);
        }
        self.unknown_tenders(sale, &mut missing)?;
        let unexplained = sale.unexplained(self.places()?);
        if !unexplained.is_zero() {
            missing.note(format!("{} of its total stands in no line and no charge", self.shown(unexplained)));
        }
        let debtor = self.debtor(sale, &place, &mut missing)?;
        missing.into_step_for(&format!("Sale {number} cannot be booked"))?;
        let date = self.sold_day(sale)?;
        let customer = match debtor {
            Some(Debtor::Known(id)) => id,
            Some(Debtor::New(call)) => return Err(Next::Call(call)),
            None => return Err(held(Reason::Unresolved, format!("Sale {number} cannot be booked: it has no customer."))),
        };
        if lines.iter().any(Vec::is_empty) {
            return Err(held(Reason::Unsupported, format!("Sale {number} has no line that a record could hold.")));
        }
        for (part, _) in parts {
            let gross = self.gross_of(sale, *part)?;
            if gross < Decimal::ZERO {
                let what = if *part == Part::Sold { "what it sells" } else { "what it takes back" };
                let detail = format!(
                    "Sale {number} cannot be booked: {what} comes to {} after its deductions, and no record in NetSuite can be below zero. Correct the sale, or book it by hand and skip it here.",
                    self.shown(gross)
                );
                return Err(held(Reason::Unsupported, detail));
            }
        }
        Ok((Ready { customer, place, date }, lines))
    }

    /// A record of the sale with lines of its own.
    pub(super) fn record(&self, kind: RecordKind, sale: &Sale, ready: &Ready, lines: Vec<RecordLine>) -> RecordRequest {
        let settings = &self.mappings.settings;
        // The field is for what sells; on what takes back it may be unknown.
        let sells = matches!(kind, RecordKind::SalesOrder | RecordKind::CashSale | RecordKind::Invoice);
        let field = settings.sale_id_field.iter().filter(|_| sells);
        let custom = field.map(|field| (field.clone(), sale.id.to_string())).collect::<BTreeMap<_, _>>();
        RecordRequest {
            record: kind,
            external_id: self.key(kind, sale),
            customer: ready.customer.clone(),
            date: ready.date,
            reference: sale.number().map(str::to_owned),
            memo: Some(memo(sale)),
            place: ready.place.clone(),
            payment_method: None,
            account: None,
            custom,
            lines,
            tax_override: settings.tax == TaxMode::Override,
            apply: Vec::new(),
            witness: Some(self.witness(sale)),
        }
    }
}
