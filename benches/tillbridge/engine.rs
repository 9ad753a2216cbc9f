//! The work itself: the decision alone, whole passes with everything that the store keeps of them, and how soon work is picked up.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tillbridge::clock::Clock;
use tillbridge::domain::call::Call;
use tillbridge::domain::decide::{Next, decide};
use tillbridge::domain::facts::Facts;
use tillbridge::domain::ids::SaleId;
use tillbridge::domain::mapping::Mappings;
use tillbridge::domain::verdict::{Reason, Verdict};
use tillbridge::store::{
    Begun, CallOutcome, CallState, ClaimRequest, Claimed, Dedupe, End, EventSource, LinkResult, NewCall, NewEvent, OrderRef, OrderState,
    PassResult, Store, Written,
};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::child::{CONNECTION, Settings, Site};
use super::report::{Figure, Limit, Report, say};
use super::stats::median;
use super::{Fallible, Options, processor, world};

/// Mappings of the decision.
const MAPPINGS: usize = 50;
/// Mappings of the passes: what a shop has.
const MAPPINGS_OF_A_SHOP: usize = 5;
/// Decisions of one batch, and batches.
const DECISIONS: u32 = 2000;
const BATCHES: usize = 25;
/// Orders of one run of passes, and how many are in hand at once: the default of the configuration.
const ORDERS: usize = 6000;
const IN_HAND: usize = 16;

/// Measures it all.
pub async fn measure(options: &Options, report: &mut Report) -> Fallible<()> {
    let sandbox = world::start(Duration::ZERO, 5, None).await?;
    let settings =
        Settings { netsuite: sandbox.netsuite_url(), x_series: sandbox.x_series_url(), mappings: world::rules(1), ..Settings::default() };
    let site = Site::new(&settings).await?;
    let store = Store::open(&site.url, 1, Clock::System).await?;
    let clients = world::side(&site, &store)?;
    let mappings = Mappings::parse(&world::rules(MAPPINGS)).map_err(|issues| format!("{issues:?}"))?.mappings;
    let (facts, decision) = world::facts(&sandbox, &clients, &mappings).await?;
    let Next::Call(call) = decision.next else { return Err(format!("no call: {:?}", decision.next).into()) };
    decisions(&facts, &mappings, report)?;
    let mappings = Mappings::parse(&world::rules(MAPPINGS_OF_A_SHOP)).map_err(|issues| format!("{issues:?}"))?.mappings;
    sandbox.stop().await;
    store.close().await;
    passes(options, report, Work { facts, mappings, call: *call }).await
}

fn decisions(facts: &Facts, mappings: &Mappings, report: &mut Report) -> Fallible<()> {
    let mut times = Vec::new();
    for _ in 0..BATCHES {
        let begun = processor::of_this_thread()?;
        for _ in 0..DECISIONS {
            black_box(decide(black_box(facts), black_box(mappings)));
        }
        times.push(processor::of_this_thread()?.saturating_sub(begun).as_secs_f64() * 1e6 / f64::from(DECISIONS));
    }
    report.add(Figure::plain("decide, 50 mappings, the last holds", median(&times), "µs", Some(Limit::AtMost(20.0))));
    Ok(())
}

/// What every pass of a run goes by.
#[derive(Debug)]
struct Work {
    facts: Facts,
    mappings: Mappings,
    call: Call,
}

async fn passes(options: &Options, report: &mut Report, work: Work) -> Fallible<()> {
    let work = Arc::new(work);
    let (mut rates, mut processor) = (Vec::new(), Vec::new());
    for round in 1..=options.rounds {
        let (rate, used) = run(options, &work).await?;
        say(&format!("passes {round}/{}: {rate:.0}/s, {used:.0} µs of processor time each", options.rounds));
        rates.push(rate);
        processor.push(used);
    }
    let (name, least) = if options.postgres() { ("whole passes on Postgres", 1000.0) } else { ("whole passes on SQLite", 2000.0) };
    report.add(Figure::plain(name, median(&rates), "orders/s", Some(Limit::AtLeast(least))));
    report.add(Figure::plain("processor time of a whole pass", median(&processor), "µs", None));
    Ok(())
}

/// Orders that wait are claimed, decided, called for and finished, until none is left: orders in a second, and microseconds of processor
/// time for each.
async fn run(options: &Options, work: &Arc<Work>) -> Fallible<(f64, f64)> {
    let settings = Settings { database: options.fresh_database().await?, mappings: world::rules(1), ..Settings::default() };
    let site = Site::new(&settings).await?;
    let store = Store::open(&site.url, 4, Clock::System).await?;
    fill(&store, ORDERS).await?;
    let ended = Arc::new(AtomicU64::new(0));
    let (begun, before) = (Instant::now(), processor::of("self")?);
    let mut in_hand = JoinSet::new();
    loop {
        let request = ClaimRequest {
            owner: "bench".to_owned(),
            limit: IN_HAND - in_hand.len(),
            lease: Duration::from_mins(5),
            connections: vec![CONNECTION.into()],
        };
        let claimed = store.claim(&request).await?;
        if claimed.is_empty() && in_hand.is_empty() {
            break;
        }
        for claimed in claimed {
            let (store, work, ended) = (store.clone(), Arc::clone(work), Arc::clone(&ended));
            in_hand.spawn(async move {
                pass(&store, &work, claimed).await?;
                ended.fetch_add(1, Ordering::Relaxed);
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
            });
        }
        // As the worker does: whatever has ended meanwhile is made good for by the next claim.
        if let Some(ended) = in_hand.join_next().await {
            ended??;
        }
        while let Some(ended) = in_hand.try_join_next() {
            ended??;
        }
    }
    let (took, used) = (begun.elapsed(), processor::of("self")?.saturating_sub(before));
    let counts = store.counts().await?;
    let settled = counts.orders.iter().find(|(state, _)| *state == OrderState::Settled).map_or(0, |(_, count)| *count);
    let (ended, done) = (ended.load(Ordering::Relaxed), usize::try_from(settled)?);
    if ended != ORDERS as u64 || done != ORDERS {
        return Err(format!("{ended} passes of {ORDERS} ended, and {done} orders are settled").into());
    }
    store.close().await;
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let orders = ORDERS as f64;
    Ok((orders / took.as_secs_f64(), used.as_secs_f64() * 1e6 / orders))
}

/// Orders that are due now, each with one event.
pub async fn fill(store: &Store, orders: usize) -> Fallible<()> {
    let mut receives = JoinSet::new();
    for number in 0..orders {
        let store = store.clone();
        let event = NewEvent {
            connection: CONNECTION.into(),
            source: EventSource::Netsuite,
            kind: "salesorder.edit".to_owned(),
            order: Some(OrderRef::NetSuite((5_000_000 + number).to_string().into())),
            dedupe: Dedupe::Key(format!("message-{number}")),
            body: vec![b'x'; 400],
            due_at: Clock::System.now(),
            verdict: None,
        };
        receives.spawn(async move { store.receive(event).await });
        if receives.len() >= 256
            && let Some(received) = receives.join_next().await
        {
            received??;
        }
    }
    while let Some(received) = receives.join_next().await {
        received??;
    }
    Ok(())
}

/// What the engine does for an order that is sent, with every write it makes; the remote systems answer at once, from memory.
async fn pass(store: &Store, work: &Work, claimed: Claimed) -> Fallible<()> {
    let order = &claimed.lease.order_id;
    black_box(store.pending_events(order, claimed.upto).await?);
    black_box(store.calls_of(order).await?);
    let decision = decide(&work.facts, &work.mappings);
    let sale = SaleId::from(Uuid::new_v5(&Uuid::NAMESPACE_OID, order.as_str().as_bytes()).to_string());
    let mut link = claimed.order.link.clone();
    link.x_series_id = Some(sale.clone());
    link.mapping.clone_from(&decision.mapping);
    if store.link(&claimed.lease, &link).await? != LinkResult::Linked {
        return Err("the link was not stored".into());
    }
    let call = NewCall { kind: work.call.request.kind(), key: sale.to_string(), request: serde_json::to_value(&work.call.request)? };
    let Begun::Now(row) = store.begin_call(&claimed, call).await? else { return Err("the call was not begun".into()) };
    let outcome = CallOutcome { state: CallState::Done, http_status: Some(201), answer: None, remote_id: Some(sale.to_string()) };
    kept(store.settle_call(&claimed.lease, &row.id, outcome).await?)?;
    black_box(decide(&work.facts, &work.mappings));
    let result = PassResult {
        end: End::Verdict {
            verdict: Verdict::synced(Reason::AlreadyComplete, "Everything is fulfilled and billed."),
            state: OrderState::Settled,
            hold: None,
            recheck_at: None,
        },
        link,
        revision: Some(1),
        aliases: vec![format!("R-{order}")],
        explanation: explanation(&json!(decision.tried)),
    };
    kept(store.finish(&claimed, result).await?)
}

fn kept(written: Written) -> Fallible<()> {
    match written {
        Written::Yes => Ok(()),
        Written::LeaseLost => Err("the lease is lost".into()),
    }
}

/// As large as those that the engine writes.
fn explanation(tried: &Value) -> Value {
    json!({ "seen": { "order": { "number": "SO1043", "lines": ["one", "two"] }, "sale": null }, "mappings": tried, "steps": ["created the sale"] })
}
