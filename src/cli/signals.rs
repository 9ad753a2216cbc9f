//! The first signal asks the service to finish; the second ends it at once.

use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

use super::output::complain;

/// Resolves at the first SIGTERM or Ctrl-C.
pub(super) async fn first() -> std::io::Result<&'static str> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "Ctrl-C",
    })
}

/// Carries on with `work` unless another signal comes, which ends the process' work at once.
pub(super) async fn or_second<T>(work: impl Future<Output = T>) -> Result<T, ExitCode> {
    tokio::select! {
        done = work => Ok(done),
        _ = first() => {
            complain("ended at the second signal; what was in hand is taken up at the next start");
            Err(ExitCode::FAILURE)
        }
    }
}
