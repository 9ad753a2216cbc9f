//! What the service is before it does anything: the size of the binary, the time until it is ready, and its memory at rest and at work.

use std::time::{Duration, Instant};

use tillbridge::clock::Clock;
use tokio::time::timeout;

use super::callback::Callbacks;
use super::child::{CONNECTION, Process, Settings, Site};
use super::report::{Figure, Limit, Report};
use super::stats::median;
use super::{Fallible, Options, growth, load, world};

/// Orders that wait while the memory is looked at and after the kill.
pub const WAITING: i64 = 100_000;
/// Callbacks in a second meanwhile.
pub const RATE: f64 = 1000.0;
/// How long it is left alone before its memory at rest is read.
const REST: Duration = Duration::from_secs(3);
/// They are due long after the measurement.
pub const LATER_MS: i64 = 24 * 60 * 60 * 1000;

/// Measures it.
pub async fn measure(options: &Options, report: &mut Report) -> Fallible<()> {
    #[expect(clippy::cast_precision_loss, reason = "a few dozen million")]
    let bytes = std::fs::metadata(env!("CARGO_BIN_EXE_tillbridge"))?.len() as f64 / 1e6;
    report.add(Figure::plain("binary", bytes, "MB", Some(Limit::AtMost(30.0))));
    if options.postgres() {
        return Ok(());
    }
    let (mut first, mut again, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..options.rounds.max(5) {
        let site = Site::new(&Settings::default()).await?;
        first.push(ready(&site).await?);
        again.push(ready(&site).await?);
    }
    for _ in 0..options.rounds {
        let site = Site::new(&Settings { mappings: world::rules(1), ..Settings::default() }).await?;
        let process = site.open().await?;
        tokio::time::sleep(REST).await;
        rest.push(process.memory()?);
        process.kill().await?;
    }
    report.add(Figure::plain("ready after start, new database", median(&first), "ms", None));
    report.add(Figure::plain("ready after start", median(&again), "ms", Some(Limit::AtMost(50.0))));
    report.add(Figure::plain("memory at rest", median(&rest), "MB", Some(Limit::AtMost(20.0))));
    under_load(options, report).await
}

/// Milliseconds from the start of the process to the first answer that it is ready.
async fn ready(site: &Site) -> Fallible<f64> {
    let begun = Instant::now();
    let mut process = site.start()?;
    process.until_ready().await?;
    let took = begun.elapsed();
    process.kill().await?;
    Ok(took.as_secs_f64() * 1e3)
}

/// A thousand callbacks a second on top of a hundred thousand orders that wait; then a kill in the middle of it, and a new start.
async fn under_load(options: &Options, report: &mut Report) -> Fallible<()> {
    let site = Site::new(&Settings { mappings: world::rules(1), ..Settings::default() }).await?;
    growth::fill(&site, WAITING, 1, Clock::System.now().as_millisecond() + LATER_MS)?;
    let mut process = site.open().await?;
    let callbacks = Callbacks::new(&format!("/webhooks/netsuite/{CONNECTION}"), 1, Clock::System.now())?;
    let (outcome, memory) = tokio::join!(load::open(&site.address, &callbacks, RATE, options.time()), most(&process, options.time()));
    let outcome = outcome?;
    if outcome.refused > 0 {
        return Err("callbacks were refused".into());
    }
    report.add(Figure::plain("callbacks a second meanwhile", outcome.rate(), "req/s", Some(Limit::AtLeast(RATE * 0.95))));
    report.add(Figure::plain("memory at 1,000 callbacks a second, 100,000 orders wait", memory?, "MB", Some(Limit::AtMost(40.0))));

    let mut after_kill = Vec::new();
    for round in 0..options.rounds.min(7) {
        let callbacks = Callbacks::new(&format!("/webhooks/netsuite/{CONNECTION}"), 2 + round as u64, Clock::System.now())?;
        // Cut off by the kill: what the senders then see is not of interest.
        let cut = timeout(Duration::from_millis(800), load::open(&site.address, &callbacks, RATE, Duration::from_secs(5))).await;
        drop(cut);
        process.kill().await?;
        let begun = Instant::now();
        process = site.start()?;
        process.until_ready().await?;
        after_kill.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    process.kill().await?;
    report.add(Figure::plain("ready after a kill, 100,000 orders wait", median(&after_kill), "ms", Some(Limit::AtMost(1000.0))));
    Ok(())
}

/// The most memory that was seen in a time.
async fn most(process: &Process, time: Duration) -> Fallible<f64> {
    let begun = Instant::now();
    let mut most: f64 = 0.0;
    while begun.elapsed() < time {
        most = most.max(process.memory()?);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(most)
}
