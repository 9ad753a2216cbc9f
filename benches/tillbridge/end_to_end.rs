//! The whole way, with both simulated systems answering as slowly as real ones: from a sale that is closed at the till to its billed
//! sales order, and how much of the remote budget the drain of a backlog makes use of.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tillbridge::clock::Clock;
use tillbridge::sandbox::{Sandbox, WebhookTarget};
use tillbridge::store::{Dedupe, EventSource, NewEvent, OrderRef, Store};
use tokio::task::JoinSet;

use super::callback::KEY;
use super::child::{CONNECTION, Settings, Site};
use super::report::{Figure, Limit, Report, say};
use super::stats::Durations;
use super::{Fallible, Options, world};

/// What every answer takes.
const DELAY: Duration = Duration::from_millis(150);
/// Sales that are completed, one after the other.
const SALES: usize = 20;
const BETWEEN: Duration = Duration::from_millis(400);
/// Requests to NetSuite at once while single sales are followed, and while a backlog is drained: the latter is the default.
const CONCURRENCY: usize = 4;
const DRAIN_CONCURRENCY: usize = 2;
const BACKLOG: usize = 10_000;
/// So many sales are made before the drain is measured: tokens, reference data and products are read first.
const WARM_UP: usize = 32;
/// How long it is measured at the least: requests end in steps of two.
const DRAIN: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_mins(1);

/// Measures it.
pub async fn measure(options: &Options, report: &mut Report) -> Fallible<()> {
    follow(options, report).await?;
    drain(options, report).await
}

/// Follows single sales from the till to the bill.
async fn follow(options: &Options, report: &mut Report) -> Fallible<()> {
    let mut settings = Settings {
        database: options.fresh_database().await?,
        debounce: "50ms",
        concurrency: CONCURRENCY,
        subscribe: true,
        mappings: world::rules(1),
        ..Settings::default()
    };
    let sandbox = world::start(DELAY, CONCURRENCY + 1, None).await?;
    (settings.netsuite, settings.x_series) = (sandbox.netsuite_url(), sandbox.x_series_url());
    let site = Site::new(&settings).await?;
    sandbox.netsuite().set_webhook(Some(WebhookTarget {
        url: format!("http://{}/webhooks/netsuite/{CONNECTION}", site.address),
        secret: format!("whsec_{}", STANDARD.encode(KEY)),
    }));
    let process = site.open().await?;
    until("the webhook subscription is made", || !sandbox.x_series().subscriptions().is_empty()).await?;
    let mut orders = Vec::new();
    for _ in 0..SALES {
        orders.push(sandbox.netsuite().create_sales_order(&world::order())?);
    }
    until("every sales order is at the till", || orders.iter().all(|order| sale(&sandbox, *order).is_some())).await?;
    // What was just written comes back as webhooks; these are handled first.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let mut took = Durations::default();
    for order in orders {
        let sale = sale(&sandbox, order).ok_or("the sale is gone")?;
        let begun = Instant::now();
        sandbox.x_series().complete(sale, "Card")?;
        until("the sales order is billed", || sandbox.netsuite().status(order) == Some('G')).await?;
        took.add(begun.elapsed());
        tokio::time::sleep(BETWEEN).await;
    }
    process.kill().await?;
    sandbox.stop().await;
    report.add(Figure::plain("closed sale to billed order, answers in 150 ms, p50", took.p50() / 1e6, "s", Some(Limit::AtMost(1.5))));
    report.add(Figure::plain("closed sale to billed order, slowest", took.percentile(1.0) / 1e6, "s", None));
    Ok(())
}

/// Drains a backlog, and counts what NetSuite was asked against what it could have been asked.
async fn drain(options: &Options, report: &mut Report) -> Fallible<()> {
    let sandbox = world::start(DELAY, DRAIN_CONCURRENCY + 1, None).await?;
    let settings = Settings {
        database: options.fresh_database().await?,
        concurrency: DRAIN_CONCURRENCY,
        netsuite: sandbox.netsuite_url(),
        x_series: sandbox.x_series_url(),
        mappings: world::rules(1),
        ..Settings::default()
    };
    let site = Site::new(&settings).await?;
    let store = Store::open(&site.url, 1, Clock::System).await?;
    let mut receives = JoinSet::new();
    for _ in 0..BACKLOG {
        let (store, order) = (store.clone(), sandbox.netsuite().create_sales_order(&world::order())?);
        receives.spawn(async move {
            let event = NewEvent {
                connection: CONNECTION.into(),
                source: EventSource::Netsuite,
                kind: "salesorder.create".to_owned(),
                order: Some(OrderRef::NetSuite(order.to_string().into())),
                dedupe: Dedupe::Key(format!("order-{order}")),
                body: vec![b'x'; 400],
                due_at: Clock::System.now(),
                verdict: None,
            };
            store.receive(event).await
        });
    }
    while let Some(received) = receives.join_next().await {
        received??;
    }
    store.close().await;
    let process = site.open().await?;
    until("the drain is under way", || sandbox.x_series().counts().values().sum::<usize>() >= WARM_UP).await?;
    let time = options.time().max(DRAIN);
    let (before, begun) = (asked(&sandbox), Instant::now());
    tokio::time::sleep(time).await;
    let (requests, elapsed) = (asked(&sandbox) - before, begun.elapsed());
    let sent = sandbox.x_series().counts();
    process.kill().await?;
    say(&format!("the drain: {requests} requests to NetSuite in {elapsed:.1?}; X-Series holds {sent:?}"));
    sandbox.stop().await;
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let rate = requests as f64 / elapsed.as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a handful")]
    let budget = DRAIN_CONCURRENCY as f64 / DELAY.as_secs_f64();
    let limit = Some(Limit::AtLeast(0.95));
    report.add(Figure::against("drain of 10,000 orders, requests to NetSuite", rate, "req/s", ("its budget", budget), limit));
    Ok(())
}

/// How many requests NetSuite has been asked: each is a slow one.
fn asked(sandbox: &Sandbox) -> u64 {
    sandbox.netsuite().faults().counts().get("slow").copied().unwrap_or_default()
}

/// The sale that was made from a sales order.
fn sale(sandbox: &Sandbox, order: u64) -> Option<uuid::Uuid> {
    let number = sandbox.netsuite().sales_order(order)?.tran_id;
    sandbox.x_series().sales_from(&number).first().map(|sale| sale.id)
}

async fn until(what: &str, is: impl Fn() -> bool) -> Fallible<()> {
    let begun = Instant::now();
    while !is() {
        if begun.elapsed() > PATIENCE {
            return Err(format!("it never came about that {what}").into());
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}
