//! One pass over an order: settle what is in doubt, read both records, decide, perform, until there is a verdict.

use jiff::Timestamp;
use tokio::time::Instant;

use super::explain::Explanation;
use super::lookup::{Found, look_up};
use super::patience::read;
use super::perform::{Performed, kept};
use super::{Engine, PassError, Side};
use crate::causes::in_one_line;
use crate::clock;
use crate::domain::call::{Call, Request};
use crate::domain::decide::{Next, decide};
use crate::domain::facts::{Answers, Facts, PastCall, Seen};
use crate::domain::failure::FailureClass;
use crate::domain::ids::{OrderId, RecordId, SaleId};
use crate::domain::keys;
use crate::domain::link::Link;
use crate::domain::record::Child;
use crate::domain::sale::Sale;
use crate::domain::sales_order::SalesOrder;
use crate::domain::verdict::{HoldKind, Reason, Verdict};
use crate::metrics as names;
use crate::store::{CallOutcome, CallRow, CallState, Claimed, End, EventRow, LinkResult, OrderState, PassResult, StoreError, Written};

/// More steps than any order needs; an order that takes them is held, not spun.
const STEPS_AT_MOST: usize = 400;

/// The state of a pass.
pub(super) struct Pass<'a> {
    pub(super) engine: &'a Engine,
    pub(super) side: &'a Side,
    pub(super) claimed: &'a Claimed,
    pub(super) events: Vec<EventRow>,
    pub(super) calls: Vec<CallRow>,
    pub(super) link: Link,
    pub(super) order: Seen<SalesOrder>,
    pub(super) sale: Seen<Sale>,
    pub(super) answers: Answers,
    /// When the sales order was read.
    pub(super) order_read_at: Timestamp,
    /// The sale was written in this pass, so what is read back now is the echo to know later.
    pub(super) wrote_sale: bool,
    pub(super) revision: Option<i64>,
    pub(super) aliases: Vec<String>,
    pub(super) explanation: Explanation,
}

/// Why a pass stops before its verdict.
pub(super) enum Stop {
    /// With this end.
    End(End),
    /// Something failed.
    Error(PassError),
    /// Its events belong to another order now.
    Merged,
}

impl<E: Into<PassError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

impl Engine {
    /// Works on a claimed order and stores how it ended. Every failure ends in the store or in the end of the lease.
    pub async fn run(&self, claimed: &Claimed) {
        let order = &claimed.lease.order_id;
        let Some(side) = self.sides.get(&claimed.order.connection) else {
            tracing::error!(order.id = %order, connection = %claimed.order.connection, "an order of a connection that is not configured was claimed");
            return;
        };
        let started = Instant::now();
        let outcome = Box::pin(self.pass(side, claimed)).await;
        let result = match outcome {
            Ok(result) => result,
            Err(PassError::LeaseLost) => {
                tracing::warn!(order.id = %order, "the lease was lost; another worker owns the order");
                return;
            }
            Err(error) => {
                tracing::error!(order.id = %order, error = %in_one_line(&error), "a pass failed; it is tried again when its lease ends");
                return;
            }
        };
        let Some(result) = result else { return };
        let word = describe(&result.end);
        let at_rest = at_rest(&result);
        let kind = match &result.end {
            End::Verdict { verdict, .. } => verdict.kind.word(),
            End::Retry { .. } => "retry",
            End::Defer { .. } => "defer",
        };
        let finished = match self.store.finish(claimed, result).await {
            // Another order took one of the ids while this pass went on: a person has to say whose it is.
            Err(StoreError::LinkTaken { other, .. }) => self.store.finish(claimed, self.link_taken(claimed, &other)).await,
            finished => finished,
        };
        match finished {
            Ok(Written::Yes) => {
                let took = started.elapsed();
                metrics::counter!(names::PASSES, "connection" => side.id.to_string(), "end" => kind).increment(1);
                metrics::histogram!(names::PASS_DURATION, "connection" => side.id.to_string()).record(took);
                tracing::info!(order.id = %order, connection = %side.id, verdict = word, duration_ms = took.as_millis(), "pass ended");
                self.wake_waiting(side, at_rest).await;
            }
            Ok(Written::LeaseLost) => {
                tracing::warn!(order.id = %order, "the lease was lost before the pass was stored; its result is dropped");
            }
            Err(error) => {
                tracing::error!(order.id = %order, error = %in_one_line(&error), "a pass could not be stored; it is done again when its lease ends");
            }
        }
    }

    /// What becomes of this sale is known now: a return of it goes on. Where that cannot be stored, its own next look finds out.
    async fn wake_waiting(&self, side: &Side, sale: Option<SaleId>) {
        let Some(sale) = sale else { return };
        if let Err(error) = self.store.wake_waiting(&side.id, &sale).await {
            tracing::warn!(connection = %side.id, sale = %sale, error = %in_one_line(&error), "orders that wait for a sale could not be woken; they look again by themselves");
        }
    }

    fn link_taken(&self, claimed: &Claimed, other: &OrderId) -> PassResult {
        let detail = format!("Its sales order or its sale belongs to order {other}. Find out which of the two is right.");
        let recheck_at = Some(clock::after(self.clock.now(), self.retry.recheck));
        let verdict = Verdict::held(Reason::LinkConflict, detail);
        stopped(claimed, End::Verdict { verdict, state: OrderState::Held, hold: Some(HoldKind::Facts), recheck_at })
    }

    /// Holds an order on which the program failed.
    pub async fn hold_after_panic(&self, claimed: &Claimed) {
        let detail = "The program failed on this order. The log has the place; release it once that is mended.";
        let verdict = Verdict::held(Reason::InternalError, detail);
        let result = stopped(claimed, End::Verdict { verdict, state: OrderState::Held, hold: Some(HoldKind::Operator), recheck_at: None });
        if let Err(error) = self.store.finish(claimed, result).await {
            tracing::error!(order.id = %claimed.lease.order_id, error = %in_one_line(&error), "an order could not be held after the program failed on it");
        }
    }

    async fn pass(&self, side: &Side, claimed: &Claimed) -> Result<Option<PassResult>, PassError> {
        let order = &claimed.lease.order_id;
        let events = self.store.pending_events(order, claimed.upto).await?;
        let calls = self.store.calls_of(order).await?;
        let mut pass = Pass {
            engine: self,
            side,
            claimed,
            events,
            calls,
            link: claimed.order.link.clone(),
            order: Seen::NotLinked,
            sale: Seen::NotLinked,
            answers: Answers::default(),
            order_read_at: self.clock.now(),
            wrote_sale: false,
            revision: None,
            aliases: Vec::new(),
            explanation: Explanation::default(),
        };
        let end = match Box::pin(pass.steps()).await {
            Ok(end) | Err(Stop::End(end)) => end,
            Err(Stop::Merged) => return Ok(None),
            Err(Stop::Error(error @ (PassError::LeaseLost | PassError::Store(_)))) => return Err(error),
            Err(Stop::Error(error)) => pass.end_of(&error),
        };
        Ok(Some(pass.result(end)))
    }
}

impl Pass<'_> {
    /// Step by step to the verdict.
    async fn steps(&mut self) -> Result<End, Stop> {
        if self.claimed.attempt > self.engine.retry.attempts {
            let last = self.claimed.order.detail.as_deref().unwrap_or("its worker ended without a word each time");
            let detail = format!("It was tried {} times; the last time: {last}", self.engine.retry.attempts);
            return Ok(self.exhausted(&detail));
        }
        let current = self.engine.mappings(self.side).await.map_err(PassError::from)?;
        self.revision = Some(current.number);
        // Another order may have asked since this one was held, before the period was opened.
        if self.claimed.order.reason.as_deref() == Some(Reason::PeriodClosed.word()) {
            self.side.periods.ask_afresh().await;
        }
        self.settle_doubt().await?;
        self.read().await?;
        for _ in 0..STEPS_AT_MOST {
            let facts = self.facts()?;
            let decision = decide(&facts, &current.mappings);
            self.explanation.decided(&facts, &decision);
            match decision.next {
                Next::Ask(questions) => {
                    for question in questions {
                        self.explanation.step(format!("asked: {}", super::explain::question(&question)));
                        self.engine.answer(self.side, question, &mut self.answers).await?;
                    }
                    self.look_for_booked().await?;
                }
                Next::Link(to) => self.link_to(to).await?,
                Next::Call(call) => {
                    self.link.mapping = decision.mapping;
                    self.call(&call).await?;
                }
                Next::Later(detail) => return Ok(self.later(&detail)),
                Next::End(verdict, rest) => return Ok(self.verdict(verdict, rest)),
            }
        }
        let detail = "It took more steps than any order needs. The explanation shows them; tell the maintainers.";
        Ok(self.held(Reason::InternalError, detail, HoldKind::Operator))
    }

    /// A search lags behind, and shows no more than the role may search: a record that we made is gone only where it cannot be read by
    /// its id either.
    async fn look_for_booked(&mut self) -> Result<(), Stop> {
        let (Some(booked), Some(sale)) = (&mut self.answers.booked, self.sale.record()) else { return Ok(()) };
        let keys = keys::booking_keys(&self.side.id, &sale.id);
        for row in self.calls.iter().filter(|row| row.state == CallState::Done && keys.contains(&row.key)) {
            let (Some(kind), Some(id)) = (row.kind.makes(), row.remote_id.as_deref().map(RecordId::from)) else { continue };
            if booked.iter().any(|record| record.id == id || record.external_id.as_deref() == Some(&row.key)) {
                continue;
            }
            let found = read(&self.engine.clock, || self.side.netsuite.head(kind, &id)).await?;
            let seen = if found.is_some() { "there, though no search shows it" } else { "gone" };
            let step = format!("read the {} {id} by its id: {seen}", kind.name());
            if !self.explanation.has_step(&step) {
                self.explanation.step(step);
            }
            booked.extend(found.map(|record| Child { external_id: Some(row.key.clone()), ..record }));
        }
        Ok(())
    }

    /// Calls of an earlier pass whose fate is unknown are looked up; those that never left are let go.
    async fn settle_doubt(&mut self) -> Result<(), Stop> {
        if self.calls.iter().all(is_settled) {
            return Ok(());
        }
        for row in self.calls.iter().filter(|row| !is_settled(row)) {
            let request = request(row)?;
            let found = match row.state {
                CallState::Planned => Found::No,
                _ => look_up(self.side, &self.engine.clock, &row.key, &request).await?,
            };
            self.explanation.step(format!(
                "looked up {} {}: {}",
                row.kind.word(),
                row.key,
                if found == Found::No { "it had no effect" } else { "it is done" }
            ));
            match found {
                Found::Yes(remote_id) => {
                    self.engine.done(self.side, self.claimed, row, &request, remote_id, row.http_status).await?;
                    after_write(&request, &mut self.link, &mut self.wrote_sale);
                }
                Found::No => {
                    let answer = row.answer.clone().or_else(|| Some("looked up: it had no effect".to_owned()));
                    let outcome = CallOutcome { state: CallState::Failed, http_status: row.http_status, answer, remote_id: None };
                    kept(self.engine.store.settle_call(&self.claimed.lease, &row.id, outcome).await?)?;
                }
            }
        }
        self.calls = self.engine.store.calls_of(&self.claimed.lease.order_id).await?;
        Ok(())
    }

    /// Reads both records afresh.
    pub(super) async fn read(&mut self) -> Result<(), Stop> {
        let (order, sale) = tokio::try_join!(self.read_order(), self.read_sale())?;
        (self.order, self.order_read_at) = order;
        self.sale = sale;
        Ok(())
    }

    /// The sales order, and when it was asked for.
    async fn read_order(&self) -> Result<(Seen<SalesOrder>, Timestamp), PassError> {
        let at = self.engine.clock.now();
        Ok((self.order_now().await?, at))
    }

    async fn order_now(&self) -> Result<Seen<SalesOrder>, PassError> {
        Ok(match &self.link.netsuite_id {
            None => Seen::NotLinked,
            Some(id) => read(&self.engine.clock, || self.side.netsuite.sales_order(id))
                .await?
                .map_or(Seen::Missing, |order| Seen::Is(Box::new(order))),
        })
    }

    async fn read_sale(&self) -> Result<Seen<Sale>, PassError> {
        Ok(match &self.link.x_series_id {
            None => Seen::NotLinked,
            Some(id) => {
                read(&self.engine.clock, || self.side.x_series.sale(id)).await?.map_or(Seen::Missing, |sale| Seen::Is(Box::new(sale)))
            }
        })
    }

    fn facts(&self) -> Result<Facts, Stop> {
        let calls = self.calls.iter().map(past_call);
        Ok(Facts {
            connection: self.side.id.clone(),
            link: self.link.clone(),
            order: self.order.clone(),
            sale: self.sale.clone(),
            calls: calls.collect::<Result<_, PassError>>()?,
            answers: self.answers.clone(),
        })
    }

    /// Sends one call, then reads again what it changed.
    async fn call(&mut self, call: &Call) -> Result<(), Stop> {
        if let Request::CreateSale(sale) = &call.request
            && self.link.x_series_id.as_ref() != Some(&sale.id)
        {
            let link = Link { x_series_id: Some(sale.id.clone()), ..self.link.clone() };
            match self.engine.store.link(&self.claimed.lease, &link).await? {
                LinkResult::Linked => {
                    self.link = link;
                    // The id follows from the sales order, so the sale may be there from before this database was.
                    self.sale = self.read_sale().await?;
                    if self.sale.record().is_some() {
                        self.explanation.step(format!("the sale {} is there already", sale.id));
                        return Ok(());
                    }
                }
                LinkResult::LeaseLost => return Err(Stop::Error(PassError::LeaseLost)),
                LinkResult::Taken(other) => {
                    let detail = format!("Its sale {} belongs to order {other}. Find out which of the two is right.", sale.id);
                    return Err(Stop::End(self.held(Reason::LinkConflict, &detail, HoldKind::Facts)));
                }
            }
        }
        if matches!(call.request, Request::UpdateSale(_) | Request::VoidSale(_)) && self.changed_at_the_till().await? {
            return Ok(());
        }
        self.explanation.step(format!("sent: {} {}", call.request.kind().word(), call.key));
        match self.engine.perform(self.side, self.claimed, call).await? {
            Performed::Done => self.after(call).await,
            // It counts as an attempt, so that an order is held in the end whose call is stuck with another one.
            Performed::Elsewhere => Err(Stop::End(self.failed(&FailureClass::Conflict, format!("Another order is making {}.", call.key)))),
            Performed::Failed { class: FailureClass::Refused(_), detail } if self.customer_is_gone(call).await? => {
                self.explanation.step(format!("refused: {detail}. The customer is not in use any more: looked for anew"));
                self.answers.till_customer = None;
                Ok(())
            }
            Performed::Failed { class, detail } => Err(Stop::End(self.failed(&class, detail))),
        }
    }

    /// The record that was refused is for a customer that its sale was known by, and that is gone or not in use any more.
    async fn customer_is_gone(&self, call: &Call) -> Result<bool, Stop> {
        let Request::Book(record) = &call.request else { return Ok(false) };
        let Some(id) = self.sale.record().and_then(|sale| sale.customer_id.as_ref()) else { return Ok(false) };
        let linked = self.engine.store.pair_by_x_series(&self.side.id, "customer", id).await?;
        Ok(linked.as_ref() == Some(&record.customer) && self.engine.customer_is_unusable(self.side, &record.customer).await?)
    }

    /// A PUT replaces the whole sale, so the sale is looked at once more right before it: a cashier's change must not be lost.
    async fn changed_at_the_till(&mut self) -> Result<bool, Stop> {
        let before = self.sale.record().map(|sale| sale.version);
        self.sale = self.read_sale().await?;
        let changed = self.sale.record().map(|sale| sale.version) != before;
        if changed {
            self.explanation.step("the sale changed at the till in the meantime: decided again".to_owned());
        }
        Ok(changed)
    }

    /// Reads again what a call changed.
    async fn after(&mut self, call: &Call) -> Result<(), Stop> {
        after_write(&call.request, &mut self.link, &mut self.wrote_sale);
        self.calls = self.engine.store.calls_of(&self.claimed.lease.order_id).await?;
        match call.request {
            Request::CreateSale(_) | Request::UpdateSale(_) | Request::VoidSale(_) => {
                self.sale = self.read_sale().await?;
                self.answers.handed_over = None;
            }
            Request::CreateCustomer { .. } => self.answers.customer = None,
            Request::ErpCustomer(_) => self.answers.till_customer = None,
            Request::WriteSaleId(_) => (self.order, self.order_read_at) = self.read_order().await?,
            Request::Fulfil(_)
            | Request::Invoice(_)
            | Request::CashSale(_)
            | Request::Payment(_)
            | Request::Variance(_)
            | Request::Book(_)
            | Request::Transform(_)
            | Request::ChangeOrder(_)
            | Request::Deposit(_)
            | Request::ApplyDeposit(_)
            | Request::Refund(_) => {
                (self.answers.bills, self.answers.booked, self.answers.read_back) = (None, None, None);
                self.answers.fulfilment_form = None;
                self.answers.payments.clear();
                self.answers.authorized = None;
                let children = async {
                    match &self.link.netsuite_id {
                        Some(id) => Ok(Some(read(&self.engine.clock, || self.side.netsuite.children(id)).await?)),
                        None => Ok::<_, PassError>(None),
                    }
                };
                let (order, children) = tokio::try_join!(self.read_order(), children)?;
                (self.order, self.order_read_at) = order;
                self.answers.children = children;
            }
        }
        Ok(())
    }
}

/// A pass that found nothing out: the order stays as it was claimed.
fn stopped(claimed: &Claimed, end: End) -> PassResult {
    let (link, revision) = (claimed.order.link.clone(), claimed.order.revision);
    PassResult { end, link, revision, aliases: Vec::new(), explanation: Explanation::default().into_json() }
}

/// What a write to the sale changes in the link.
fn after_write(request: &Request, link: &mut Link, wrote_sale: &mut bool) {
    if let Some(sale) = request.sale() {
        *wrote_sale = true;
        link.sent_digest = Some(sale.content_digest());
    }
}

/// A stored call, as a decision sees it.
pub(super) fn past_call(row: &CallRow) -> Result<PastCall, PassError> {
    Ok(PastCall {
        kind: row.kind,
        key: row.key.clone(),
        done: row.state == CallState::Done,
        request: Some(request(row)?),
        record: row.remote_id.as_deref().filter(|_| row.kind.system() == "netsuite").map(RecordId::from),
    })
}

/// The request of a stored call.
fn request(row: &CallRow) -> Result<Request, PassError> {
    serde_json::from_value(row.request.clone()).map_err(PassError::Request)
}

/// What became of a call is known.
fn is_settled(row: &CallRow) -> bool {
    matches!(row.state, CallState::Done | CallState::Failed)
}

/// The sale of an order that is not held or tried again.
fn at_rest(result: &PassResult) -> Option<SaleId> {
    let rests = matches!(&result.end, End::Verdict { state: OrderState::Waiting | OrderState::Settled, .. });
    result.link.x_series_id.clone().filter(|_| rests)
}

fn describe(end: &End) -> String {
    match end {
        End::Verdict { verdict, .. } => verdict.to_string(),
        End::Retry { reason, .. } => format!("retry({reason})"),
        End::Defer { .. } => "deferred".to_owned(),
    }
}
