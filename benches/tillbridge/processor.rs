//! Processor time: what a program costs, however busy the machine is with others.

use std::time::Duration;

use super::Fallible;

/// What a process has used, user and system: `self`, or its number.
pub fn of(process: &str) -> Fallible<Duration> {
    /// Linux tells it in hundredths of a second.
    const TICK_MS: u64 = 10;
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name, in parentheses, may hold anything; the fields behind it are numbers: the 12th and 13th are the times.
    let (_, fields) = stat.rsplit_once(')').ok_or("no process name")?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>).sum::<Result<u64, _>>()?;
    Ok(Duration::from_millis(ticks * TICK_MS))
}

/// What this thread has used, to the nanosecond.
pub fn of_this_thread() -> Fallible<Duration> {
    let schedstat = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanos = schedstat.split_whitespace().next().ok_or("no processor time")?;
    Ok(Duration::from_nanos(nanos.parse()?))
}
