//! How fast the service is, measured from outside on the real binary: `make bench`, or `cargo bench -- intake`.
//!
//! Every figure stands beside a reference that was measured in the same run, turn by turn with it: absolute numbers say more about the
//! machine than about the program.
//!
//! Everything stays on loopback, with at most 64 connections, and no single load runs longer than half a minute.

mod callback;
mod child;
mod end_to_end;
mod engine;
mod growth;
mod intake;
mod load;
mod pickup;
mod postgres;
mod processor;
mod reference;
mod report;
mod soak;
mod start;
mod stats;
mod world;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use mimalloc::MiMalloc;

use self::report::{Report, say};

/// The service's: decisions and passes are measured in this process, and the bare program is to have the same.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// What can go wrong in a measurement ends it, with a sentence.
pub type Fallible<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The longest load.
const LONGEST: u64 = 30;

/// Measures the service.
#[derive(Debug, Parser)]
#[command(name = "tillbridge bench")]
pub struct Options {
    /// What to measure; all but `soak` when nothing is named.
    modes: Vec<Mode>,
    /// How often each load is repeated; the median counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How long each load runs, in seconds; 30 at the most.
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// How long `soak` runs.
    #[arg(long, default_value_t = 60)]
    minutes: u64,
    /// A Postgres server to measure on, `postgres://user:password@host/database`; new databases are made beside that one. Without it
    /// everything is measured on SQLite.
    #[arg(long)]
    database: Option<String>,
    /// Fills the database of `growth` with 50 million handled events instead of 2 million. Takes some 25 GB and five minutes.
    #[arg(long)]
    full: bool,
    /// Where the figures go, as JSON.
    #[arg(long, default_value = concat!(env!("CARGO_TARGET_TMPDIR"), "/bench.json"))]
    json: PathBuf,
    /// Exit code 1 when a figure misses its limit. Without it a busy machine is no failure.
    #[arg(long)]
    strict: bool,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
    #[arg(long, hide = true, requires = "reference_database")]
    serve_reference: Option<String>,
    #[arg(long, hide = true)]
    reference_database: Option<PathBuf>,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// Callbacks taken in, each durable before its answer.
    Intake,
    /// The decision, whole passes, and how soon work is picked up.
    Engine,
    /// The costs with a million orders and their history.
    Growth,
    /// Size, start and memory.
    Start,
    /// The whole way, with remote systems that answer in 150 ms.
    EndToEnd,
    /// Memory over an hour: only when it is named.
    Soak,
}

const ALL: [Mode; 5] = [Mode::Start, Mode::Engine, Mode::Intake, Mode::EndToEnd, Mode::Growth];

impl Options {
    /// How long each load runs.
    pub fn time(&self) -> Duration {
        Duration::from_secs(self.seconds.clamp(1, LONGEST))
    }

    /// Whether the measurements are on Postgres.
    pub fn postgres(&self) -> bool {
        self.database.is_some()
    }

    /// A new, empty Postgres database; none for SQLite, where each site has a file of its own.
    pub async fn fresh_database(&self) -> Fallible<Option<String>> {
        match &self.database {
            Some(url) => Ok(Some(postgres::fresh(url).await?)),
            None => Ok(None),
        }
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = match (&options.serve_reference, &options.reference_database) {
        (Some(address), Some(database)) => serve_reference(address, database),
        _ => measure(&options),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            say(&format!("the measurement failed: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn serve_reference(address: &str, database: &Path) -> Fallible<ExitCode> {
    workers()?.block_on(reference::serve(address, database))?;
    Ok(ExitCode::SUCCESS)
}

fn measure(options: &Options) -> Fallible<ExitCode> {
    let mut report = Report::default();
    let modes = if options.modes.is_empty() { ALL.to_vec() } else { options.modes.clone() };
    for mode in modes {
        match mode {
            Mode::Intake => sender()?.block_on(intake::measure(options, &mut report))?,
            Mode::Engine => {
                workers()?.block_on(Box::pin(engine::measure(options, &mut report)))?;
                sender()?.block_on(pickup::measure(options, &mut report))?;
            }
            Mode::Soak => sender()?.block_on(soak::measure(options, &mut report))?,
            Mode::Growth => workers()?.block_on(growth::measure(options, &mut report))?,
            Mode::Start => sender()?.block_on(start::measure(options, &mut report))?,
            Mode::EndToEnd => workers()?.block_on(Box::pin(end_to_end::measure(options, &mut report)))?,
        }
    }
    if let Some(url) = &options.database {
        sender()?.block_on(postgres::tidy(url))?;
    }
    report.write_json(&options.json)?;
    say(&format!("\n{}\nas JSON: {}", report.table(), options.json.display()));
    Ok(if report.is_met() || !options.strict { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One thread: the sender takes as little of the machine as it can.
fn sender() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// The runtime of the service: a thread for each core.
fn workers() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}
