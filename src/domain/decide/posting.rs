//! The posting date: the outlet's business day, or the first open day after it where its period is closed and the settings say so.

use jiff::Timestamp;
use jiff::civil::Date;

use super::{Case, Next, Step, held};
use crate::domain::facts::Question;
use crate::domain::sale::Sale;
use crate::domain::status::Account;
use crate::domain::verdict::Reason;

impl Case<'_> {
    /// The outlet's business day on which the sale was handed over. None leaves it to NetSuite.
    pub(super) fn business_day(&mut self, sale: &Sale) -> Step<Option<Date>> {
        // A sale that came from NetSuite was dated when it was sent; it was handed over when it last changed.
        let ours = sale.source_type.as_deref() == Some("NETSUITE");
        // So was one that waited for its customer or for its last instalment.
        let waited = sale.status.as_ref().is_ok_and(|status| status.hand_over.is_some() || status.account == Some(Account::Layby));
        if ours || waited {
            return sale.updated_at.or(sale.date).map_or(Ok(None), |at| self.day_at(sale, at));
        }
        self.sold_day(sale)
    }

    /// The outlet's business day on which the sale was made; a register that was offline posts it days later.
    pub(super) fn sold_day(&mut self, sale: &Sale) -> Step<Option<Date>> {
        sale.date.or(sale.created_at).or(sale.updated_at).map_or(Ok(None), |at| self.day_at(sale, at))
    }

    /// The day at the sale's outlet, moved out of a closed period where the settings say so.
    pub(super) fn day_at(&mut self, sale: &Sale, at: Timestamp) -> Step<Option<Date>> {
        if let Some(day) = self.calendar_day(sale, at)? {
            return self.open_day(day).map(Some);
        }
        let note = "Neither the outlet nor the retailer has a time zone in X-Series, so its business day is not known: NetSuite dates the record by its own day.";
        if !self.notes.iter().any(|noted| noted == note) {
            self.notes.push(note.to_owned());
        }
        Ok(None)
    }

    /// The day at the sale's outlet, as its calendar has it.
    pub(super) fn calendar_day(&self, sale: &Sale, at: Timestamp) -> Step<Option<Date>> {
        let zone = self.reference()?.zone_of(self.till_outlet(sale));
        Ok(zone.map(|zone| at.to_zoned(zone).date()))
    }

    /// The day itself, or the first open one after it where its period is closed and the settings say so.
    pub(super) fn open_day(&mut self, day: Date) -> Step<Date> {
        let Some(periods) = &self.facts.answers.periods else { return Err(Next::Ask(vec![Question::Periods])) };
        let Some(closed) = periods.iter().find(|period| period.closed && period.start <= day && day <= period.end) else {
            return Ok(day);
        };
        if !self.mappings.settings.post_to_open_period {
            let detail = format!(
                "The business day {day} is in {}, which is closed in NetSuite. Open the period, or set post_to_open_period = true.",
                closed.name
            );
            return Err(held(Reason::PeriodClosed, detail));
        }
        let open = periods.iter().filter(|period| !period.closed && period.start > closed.end).min_by_key(|period| period.start);
        let Some(open) = open else {
            let detail = format!("The business day {day} is in {}, which is closed in NetSuite, and no later period is open.", closed.name);
            return Err(held(Reason::PeriodClosed, detail));
        };
        let note = format!("The business day {day} is in {}, which is closed: posted to {}.", closed.name, open.start);
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
        Ok(open.start)
    }
}
