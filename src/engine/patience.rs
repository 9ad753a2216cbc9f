//! A pass waits out a short pause instead of being put back for it: putting it back would read everything again, which costs
//! more requests than it saves. Anything longer than a second goes back to the queue.

use std::time::Duration;

use crate::clock::Clock;
use crate::domain::failure::FailureClass;
use crate::netsuite::NetSuiteError;
use crate::xseries::XSeriesError;

/// The longest single pause.
const LONGEST: Duration = Duration::from_secs(1);
/// The first wait after a failure that certainly had no effect.
const FIRST: Duration = Duration::from_millis(100);
/// How often one request is sent.
const TRIES: u32 = 4;

/// An error that says what it means for the order.
pub(super) trait Classified {
    /// What it means; a write's fate may be unknown where a read's does not matter.
    fn class(&self, write: bool) -> FailureClass;
}

impl Classified for NetSuiteError {
    fn class(&self, write: bool) -> FailureClass {
        self.class(write)
    }
}

impl Classified for XSeriesError {
    fn class(&self, write: bool) -> FailureClass {
        self.class(write)
    }
}

/// Reads, and reads again after a short pause.
pub(super) async fn read<T, E: Classified, F: Future<Output = Result<T, E>>>(clock: &Clock, ask: impl FnMut() -> F) -> Result<T, E> {
    patiently(clock, false, ask).await
}

/// Writes, and writes again after a short pause if the request certainly had no effect.
pub(super) async fn write<T, E: Classified, F: Future<Output = Result<T, E>>>(clock: &Clock, send: impl FnMut() -> F) -> Result<T, E> {
    patiently(clock, true, send).await
}

async fn patiently<T, E: Classified, F: Future<Output = Result<T, E>>>(
    clock: &Clock,
    write: bool,
    mut ask: impl FnMut() -> F,
) -> Result<T, E> {
    let mut tries = 1;
    loop {
        let error = match ask().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let wait = match error.class(write) {
            FailureClass::Throttled { until } => Duration::try_from(until.duration_since(clock.now())).unwrap_or_default(),
            FailureClass::Transient { retry_after } => retry_after.unwrap_or(FIRST * tries),
            FailureClass::InDoubt | FailureClass::Duplicate | FailureClass::Conflict | FailureClass::Refused(_) => return Err(error),
        };
        if tries >= TRIES || wait > LONGEST {
            return Err(error);
        }
        tries += 1;
        // A little later than asked, and not all at once.
        tokio::time::sleep(wait + FIRST.mul_f64(fastrand::f64())).await;
    }
}
