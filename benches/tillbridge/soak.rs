//! Memory over a long time: a thousand callbacks a second on top of a hundred thousand orders that wait, for as long as is asked.

use std::time::{Duration, Instant};

use tillbridge::clock::Clock;

use super::callback::Callbacks;
use super::child::{CONNECTION, Process, Settings, Site};
use super::report::{Figure, Limit, Report, say};
use super::start::{LATER_MS, RATE, WAITING};
use super::stats::median;
use super::{Fallible, LONGEST, Options, growth, load, world};

/// How often memory is read.
const EACH: Duration = Duration::from_secs(5);
/// The part of the time that counts as its beginning, and as its end.
const PART: usize = 12;
/// Flat: no more at the end than this, beside the beginning.
const FLAT: f64 = 1.05;

/// Measures it; on SQLite only.
pub async fn measure(options: &Options, report: &mut Report) -> Fallible<()> {
    let time = Duration::from_secs(60 * options.minutes);
    let site = Site::new(&Settings { mappings: world::rules(1), debounce: "24h", ..Settings::default() }).await?;
    growth::fill(&site, WAITING, 1, Clock::System.now().as_millisecond() + LATER_MS)?;
    let process = site.open().await?;
    let (rate, samples) = tokio::join!(send(&site.address, time), watch(&process, time));
    let (rate, samples) = (rate?, samples?);
    process.kill().await?;
    let part = (samples.len() / PART).max(1);
    let (first, last) = (median(samples.get(..part).unwrap_or_default()), median(samples.get(samples.len() - part..).unwrap_or_default()));
    let minutes = options.minutes;
    report.add(Figure::plain("callbacks a second, all along", rate, "req/s", Some(Limit::AtLeast(RATE * 0.95))));
    report.add(Figure::against(
        format!("memory at the end of {minutes} min"),
        last,
        "MB",
        ("at the beginning", first),
        Some(Limit::AtMost(FLAT)),
    ));
    report.add(Figure::plain("the most", samples.iter().copied().fold(0.0, f64::max), "MB", Some(Limit::AtMost(40.0))));
    Ok(())
}

/// One load after another, each signed at its own time; how many callbacks a second were accepted.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
async fn send(address: &str, time: Duration) -> Fallible<f64> {
    let begun = Instant::now();
    let (mut accepted, mut runs) = (0, 0);
    while begun.elapsed() < time {
        runs += 1;
        let callbacks = Callbacks::new(&format!("/webhooks/netsuite/{CONNECTION}"), runs, Clock::System.now())?;
        let outcome = load::open(address, &callbacks, RATE, Duration::from_secs(LONGEST)).await?;
        if outcome.refused > 0 {
            return Err(format!("{} callbacks were refused", outcome.refused).into());
        }
        accepted += outcome.accepted;
    }
    Ok(accepted as f64 / begun.elapsed().as_secs_f64())
}

/// Memory in MB, again and again; said once a minute.
async fn watch(process: &Process, time: Duration) -> Fallible<Vec<f64>> {
    let begun = Instant::now();
    let mut samples = Vec::new();
    let mut minute = 0;
    while begun.elapsed() < time {
        tokio::time::sleep(EACH).await;
        let memory = process.memory()?;
        samples.push(memory);
        if begun.elapsed().as_secs() / 60 > minute {
            minute += 1;
            say(&format!("after {minute} min: {memory:.1} MB"));
        }
    }
    Ok(samples)
}
