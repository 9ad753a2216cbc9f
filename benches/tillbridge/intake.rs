//! Intake: how many callbacks are taken in a second, each committed before its answer, beside a bare program that does as little as can
//! be done; how long an answer takes at half of that load; and a single callback beside a single commit.

use std::time::{Duration, Instant};

use rusqlite::Connection as Sqlite;
use tillbridge::clock::Clock;

use super::callback::Callbacks;
use super::child::{CONNECTION, Process, Settings, Site};
use super::load::{self, CONNECTIONS, Connection, Outcome};
use super::report::{Figure, Limit, Report, say};
use super::stats::{Durations, median};
use super::{Fallible, Options, postgres, reference};

/// The part of its highest rate at which the time of an answer is taken.
const HALF: f64 = 0.5;
/// How long a load runs before it is measured.
const WARM_UP: Duration = Duration::from_millis(500);
/// Single callbacks, each in its own quiet.
const ALONE: usize = 200;
const QUIET: Duration = Duration::from_millis(5);

/// Measures it all.
pub async fn measure(options: &Options, report: &mut Report) -> Fallible<()> {
    throughput(options, report).await?;
    alone(options, report).await
}

#[derive(Debug, Default)]
struct Series {
    rates: Vec<f64>,
    /// p50 and p99 at the highest rate.
    p50: Vec<f64>,
    p99: Vec<f64>,
    /// Processor time of a request at the highest rate, in microseconds.
    processor: Vec<f64>,
    /// p50 and p99 at half of it.
    half_p50: Vec<f64>,
    half_p99: Vec<f64>,
}

async fn throughput(options: &Options, report: &mut Report) -> Fallible<()> {
    let (mut service, mut bare) = (Series::default(), Series::default());
    let mut ratios = Vec::new();
    for round in 1..=options.rounds {
        let against = if options.postgres() { postgres::pgbench(options).await? } else { round_of_bare(options, &mut bare).await? };
        let rate = round_of_service(options, &mut service).await?;
        ratios.push(rate / against);
        if options.postgres() {
            bare.rates.push(against);
        }
        say(&format!("intake {round}/{}: {rate:.0}/s, the reference {against:.0}/s: {:.2}", options.rounds, rate / against));
    }
    let (name, least) = if options.postgres() { ("pgbench", 0.8) } else { ("bare program", 0.75) };
    let reference = median(&bare.rates);
    let rate = median(&ratios) * reference;
    report.add(Figure::against("intake, 64 senders", rate, "req/s", (name, reference), Some(Limit::AtLeast(least))));
    let processor = if options.postgres() { None } else { Some(("bare program", median(&bare.processor))) };
    report.add(Figure::maybe("intake, processor time of a request", median(&service.processor), "µs", processor));
    report.add(Figure::plain("intake, 64 senders, p50", median(&service.p50) / 1e3, "ms", None));
    report.add(Figure::plain("intake, 64 senders, p99", median(&service.p99) / 1e3, "ms", None));
    let (p50, p99) = (median(&service.half_p50) / 1e3, median(&service.half_p99) / 1e3);
    report.add(Figure::against("intake at half load, p99", p99, "ms", ("its p50", p50), Some(Limit::AtMost(3.0))));
    if !options.postgres() {
        let (p50, p99) = (median(&bare.half_p50) / 1e3, median(&bare.half_p99) / 1e3);
        report.add(Figure::against("bare program at half load, p99", p99, "ms", ("its p50", p50), None));
    }
    Ok(())
}

/// A fresh service under a closed loop, then an open one at half of what it took; what was stored is counted against what was answered.
async fn round_of_service(options: &Options, series: &mut Series) -> Fallible<f64> {
    let site = Site::new(&Settings { database: options.fresh_database().await?, ..Settings::default() }).await?;
    let process = site.open().await?;
    let path = format!("/webhooks/netsuite/{CONNECTION}");
    let (rate, accepted) = run(options, &process, &path, series).await?;
    process.kill().await?;
    same(accepted, site.stored().await?)?;
    Ok(rate)
}

async fn round_of_bare(options: &Options, series: &mut Series) -> Fallible<f64> {
    let site = Site::new(&Settings::default()).await?;
    let process = site.open_bare().await?;
    let (rate, accepted) = run(options, &process, reference::PATH, series).await?;
    process.kill().await?;
    same(accepted, site.stored_bare()?)?;
    Ok(rate)
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
async fn run(options: &Options, process: &Process, path: &str, series: &mut Series) -> Fallible<(f64, u64)> {
    let address = process.address();
    let now = Clock::System.now();
    let callbacks = |run: u64| Callbacks::new(path, run, now);
    let warm = load::closed(address, &callbacks(1)?, CONNECTIONS, WARM_UP).await?;
    let before = process.processor()?;
    let mut full = load::closed(address, &callbacks(2)?, CONNECTIONS, options.time()).await?;
    series.processor.push(process.processor()?.saturating_sub(before).as_secs_f64() * 1e6 / full.accepted as f64);
    let mut half = load::open(address, &callbacks(3)?, full.rate() * HALF, options.time()).await?;
    let accepted = [&warm, &full, &half].iter().map(|outcome: &&Outcome| outcome.accepted).sum();
    if warm.refused + full.refused + half.refused > 0 {
        return Err("callbacks were refused".into());
    }
    series.rates.push(full.rate());
    series.p50.push(full.took.p50());
    series.p99.push(full.took.p99());
    series.half_p50.push(half.took.p50());
    series.half_p99.push(half.took.p99());
    Ok((full.rate(), accepted))
}

fn same(accepted: u64, stored: u64) -> Fallible<()> {
    if accepted == stored {
        return Ok(());
    }
    Err(format!("{accepted} callbacks were accepted and {stored} are stored").into())
}

/// One callback after another, each followed by one commit of the same size in a file beside it.
async fn alone(options: &Options, report: &mut Report) -> Fallible<()> {
    let site = Site::new(&Settings { database: options.fresh_database().await?, ..Settings::default() }).await?;
    let process = site.open().await?;
    let callbacks = Callbacks::new(&format!("/webhooks/netsuite/{CONNECTION}"), 4, Clock::System.now())?;
    let mut commits = Commits::open(options, &site).await?;
    let mut connection = Connection::open(&site.address).await?;
    let (mut took, mut commit) = (Durations::default(), Durations::default());
    for number in 0..ALONE {
        let request = callbacks.request(number as u64);
        tokio::time::sleep(QUIET).await;
        let sent = Instant::now();
        let status = connection.ask(&request).await?;
        took.add(sent.elapsed());
        if status != 202 {
            return Err(format!("a callback was answered {status}").into());
        }
        tokio::time::sleep(QUIET).await;
        commit.add(commits.one(number, &request).await?);
    }
    process.kill().await?;
    same(ALONE as u64, site.stored().await?)?;
    let reference = ("one commit", commit.p50() / 1e3);
    report.add(Figure::against("a callback alone, p50", took.p50() / 1e3, "ms", reference, Some(Limit::AtMost(2.0))));
    Ok(())
}

/// Commits of one row each, on the same disk and with the same durability as the service's.
enum Commits {
    Sqlite(Sqlite),
    Postgres(postgres::Commits),
}

impl Commits {
    async fn open(options: &Options, site: &Site) -> Fallible<Self> {
        if options.postgres() {
            return Ok(Self::Postgres(postgres::Commits::open(&site.url).await?));
        }
        let connection = reference::open(&site.path().join("commits.db"))?;
        connection.execute_batch("CREATE TABLE commits (id INTEGER PRIMARY KEY, body BLOB NOT NULL)")?;
        Ok(Self::Sqlite(connection))
    }

    async fn one(&mut self, number: usize, body: &[u8]) -> Fallible<Duration> {
        let begun = Instant::now();
        match self {
            Self::Sqlite(connection) => {
                connection.prepare_cached("INSERT INTO commits (id, body) VALUES (?1, ?2)")?.execute((i64::try_from(number)?, body))?;
            }
            Self::Postgres(commits) => commits.one(i64::try_from(number)?, body).await?,
        }
        Ok(begun.elapsed())
    }
}
