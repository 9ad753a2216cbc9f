//! How a pass ends: the verdict, the next attempt, or the hold, and what it leaves behind.

use std::time::Duration;

use jiff::Timestamp;

use super::PassError;
use super::explain::Explanation;
use super::pass::Pass;
use crate::clock;
use crate::domain::backoff;
use crate::domain::decide::Rest;
use crate::domain::failure::FailureClass;
use crate::domain::keys;
use crate::domain::verdict::{HoldKind, Reason, Verdict, VerdictKind};
use crate::net::gate::Gate;
use crate::store::{End, OrderState, PassResult};

/// Over how long the orders that waited for the same budget are spread.
const SPREAD: Duration = Duration::from_millis(250);

/// So often an order is tried soon again that another one has to precede.
const SOON: u32 = 5;

impl Pass<'_> {
    /// The end that a verdict makes. A sale read back exactly as we wrote it, with nothing to do, is an echo.
    pub(super) fn verdict(&mut self, verdict: Verdict, rest: Rest) -> End {
        let digest = self.sale.record().map(Explanation::sale_digest);
        let asked_by_till_only = !self.events.is_empty() && self.events.iter().all(|event| event.kind.starts_with("sale."));
        let in_step = matches!(verdict.kind, VerdictKind::Waiting | VerdictKind::Synced);
        let echo = in_step && asked_by_till_only && !self.explanation.sent_any() && digest.is_some() && digest == self.link.echo_digest;
        let verdict = if echo {
            Verdict::ignored(Reason::Echo, format!("The sale is as it was written from NetSuite. {}", verdict.detail))
        } else {
            verdict
        };
        match rest {
            Rest::Held => self.held(verdict.reason, &verdict.detail, HoldKind::Facts),
            Rest::Waiting => End::Verdict { verdict, state: OrderState::Waiting, hold: None, recheck_at: None },
            Rest::Settled => End::Verdict { verdict, state: OrderState::Settled, hold: None, recheck_at: None },
        }
    }

    /// The end that a failed call or read makes.
    pub(super) fn failed(&self, class: &FailureClass, detail: String) -> End {
        let retry = &self.engine.retry;
        let now = self.engine.clock.now();
        let (reason, at_least) = match class {
            FailureClass::Refused(reason) => return self.held(*reason, &detail, HoldKind::Facts),
            FailureClass::Throttled { until } => {
                // Not all at the same instant, or the budget is gone again at once.
                let due_at = clock::after(*until, SPREAD.mul_f64(fastrand::f64()));
                return match self.refused_by() {
                    Some(system) => End::Verdict {
                        verdict: Verdict::held(
                            Reason::Credentials,
                            format!("{system} refuses the credentials: run `tillbridge check`. {detail}."),
                        ),
                        state: OrderState::Held,
                        hold: Some(HoldKind::Facts),
                        recheck_at: Some(due_at),
                    },
                    None => End::Defer { due_at, detail },
                };
            }
            FailureClass::Transient { retry_after } => ("transient", retry_after.unwrap_or_default()),
            FailureClass::InDoubt => ("in_doubt", Duration::ZERO),
            FailureClass::Duplicate => ("duplicate", Duration::ZERO),
            FailureClass::Conflict => ("conflict", Duration::ZERO),
        };
        if self.claimed.attempt >= retry.attempts {
            return self.exhausted(&format!("It was tried {} times; the last time: {detail}", self.claimed.attempt));
        }
        let due_at = clock::after(now, self.back_off().max(at_least));
        End::Retry { due_at, reason: reason.to_owned(), detail }
    }

    /// How long the next attempt waits.
    fn back_off(&self) -> Duration {
        let retry = &self.engine.retry;
        backoff::wait(retry.first, retry.max, self.claimed.attempt, fastrand::f64())
    }

    /// The end of an order that another one has to precede: soon again at first, then at each look.
    ///
    /// It has a name by then that the other one wakes it by. The first look may have been before that name was stored, so there is a
    /// second one in any case.
    pub(super) fn later(&mut self, detail: &str) -> End {
        let original = self.sale.record().and_then(|sale| sale.return_for.as_ref());
        self.aliases.extend(original.map(keys::waits_for));
        let waited = self.claimed.order.reason.as_deref() == Some(Reason::OriginalFirst.word());
        if (self.claimed.attempt < SOON || !waited) && self.claimed.attempt < self.engine.retry.attempts {
            let due_at = clock::after(self.engine.clock.now(), self.back_off());
            return End::Retry { due_at, reason: Reason::OriginalFirst.word().to_owned(), detail: detail.to_owned() };
        }
        let detail = format!("It waits: {detail}. It goes on by itself once that is done.");
        self.held(Reason::OriginalFirst, &detail, HoldKind::Facts)
    }

    /// The system that is not asked for a while because it refused the credentials.
    fn refused_by(&self) -> Option<&'static str> {
        let refuses = |gate: &Gate| gate.snapshot().blocked_because == Some("credentials");
        if refuses(self.side.netsuite.gate()) {
            return Some("NetSuite");
        }
        refuses(self.side.x_series.gate()).then_some("X-Series")
    }

    /// The end that an error makes.
    pub(super) fn end_of(&self, error: &PassError) -> End {
        match (error.class(), error) {
            (Some(class), _) => self.failed(&class, error.detail()),
            (None, PassError::Mappings(super::MappingsError::Store(_))) => {
                self.failed(&FailureClass::Transient { retry_after: None }, error.detail())
            }
            (None, PassError::Mappings(_)) => self.held(Reason::NoMappings, &error.detail(), HoldKind::Facts),
            (None, _) => self.held(Reason::InternalError, &error.detail(), HoldKind::Operator),
        }
    }

    pub(super) fn held(&self, reason: Reason, detail: &str, hold: HoldKind) -> End {
        self.side.forget_what_holds(reason);
        let recheck_at = (hold == HoldKind::Facts).then(|| {
            let spread = self.engine.retry.recheck.mul_f64(0.9 + fastrand::f64() / 5.0);
            clock::after(self.engine.clock.now(), spread)
        });
        End::Verdict { verdict: Verdict::held(reason, detail), state: OrderState::Held, hold: Some(hold), recheck_at }
    }

    pub(super) fn exhausted(&self, detail: &str) -> End {
        self.held(Reason::AttemptsExhausted, detail, HoldKind::Operator)
    }

    /// What the pass leaves behind.
    pub(super) fn result(self, end: End) -> PassResult {
        let mut link = self.link;
        let mut aliases = self.aliases;
        // Only what was dealt with is behind us: a change that is held or tried again has still to be followed, and is still the change
        // that it was held for at the next look.
        let dealt_with = matches!(&end, End::Verdict { state: OrderState::Waiting | OrderState::Settled, .. });
        if let Some(order) = self.order.record() {
            link.netsuite_number = Some(order.number.clone());
            link.netsuite_status = Some(order.status.as_ref().map_or_else(Clone::clone, |status| status.name().to_owned()));
            if dealt_with {
                link.netsuite_modified = order.modified_at.map(|modified| settled_second(modified, self.order_read_at));
            }
        }
        // A sale that was booked without a sales order: the poll tells when one of its records is edited. The second of our own last write
        // is behind us, or every booking would be looked at twice.
        if dealt_with && self.order.record().is_none() {
            let read_back = self.answers.read_back.iter().flatten();
            link.netsuite_modified = read_back.filter_map(|record| record.modified_at).max().max(link.netsuite_modified);
        }
        if let Some(sale) = self.sale.record() {
            if self.wrote_sale {
                link.echo_digest = Some(Explanation::sale_digest(sale));
            }
            link.x_series_number = sale.number().map(str::to_owned);
            if dealt_with {
                link.x_series_version = sale.version;
            }
            if let Ok(status) = &sale.status {
                link.x_series_status = Some(status.word().to_owned());
                link.x_series_state = Some(status.state.word().to_owned());
                link.x_series_attributes = status.attributes();
            }
            aliases.extend([&sale.invoice_number, &sale.receipt_number, &sale.short_code].into_iter().flatten().cloned());
        }
        for child in self.answers.children.iter().chain(&self.answers.booked).flatten() {
            aliases.push(child.id.to_string());
            aliases.extend(child.number.clone());
        }
        aliases.extend(self.calls.iter().filter(|row| row.kind.system() == "netsuite").filter_map(|row| row.remote_id.clone()));
        aliases.sort();
        aliases.dedup();
        PassResult { end, link, revision: self.revision, aliases, explanation: self.explanation.into_json() }
    }
}

/// NetSuite tells changes by the second. One that was read within its own second may be followed by another of the same second, so only
/// the seconds before it are behind us.
fn settled_second(modified: Timestamp, read_at: Timestamp) -> Timestamp {
    const SECOND: Duration = Duration::from_secs(1);
    if clock::after(modified, SECOND * 2) <= read_at { modified } else { modified.checked_sub(SECOND).unwrap_or(modified) }
}
