//! Counting, and forgetting what is old.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::driver::query;
use super::rows::Cells;
use super::{Db, dialect, during};
use crate::domain::verdict::VerdictKind;
use crate::store::error::DriverError;
use crate::store::{CallState, Counts, OrderState, StoreError};

/// How many rows one transaction of a purge looks at: a batch holds arrivals up for a few milliseconds.
const PURGE: i64 = 500;
/// How long a delivery id is known, whatever the retention: senders repeat a delivery for up to three days.
const KEYS_KEPT_MS: i64 = 72 * 60 * 60 * 1000;

/// How long the readiness probe waits for its write.
const PING: Duration = Duration::from_secs(2);

impl Db {
    /// Writes one row, within two seconds.
    pub(in crate::store) async fn ping(&self) -> Result<(), StoreError> {
        const OPERATION: &str = "write the readiness probe";
        let probe = self.write(OPERATION, |tx| {
            Box::pin(async move {
                query("INSERT INTO probe (id, at) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET at = excluded.at")
                    .bind(tx.now)
                    .execute(tx.conn())
                    .await
                    .map(drop)
                    .map_err(during(OPERATION))
            })
        });
        match tokio::time::timeout(PING, probe).await {
            Ok(written) => written,
            Err(late) => Err(StoreError::Unavailable {
                operation: OPERATION,
                source: Arc::new(DriverError::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, late))),
            }),
        }
    }

    /// The counts, from the counters that triggers keep: a few dozen rows, however large the store.
    pub(in crate::store) async fn counts(&self) -> Result<Counts, StoreError> {
        const OPERATION: &str = "read the counts";
        let rows = query(dialect::COUNTS).fetch_all(&self.readers).await.map_err(during(OPERATION))?;
        let mut counts = Counts {
            verdicts: VerdictKind::ALL.map(|verdict| (verdict, 0)).to_vec(),
            orders: OrderState::ALL.map(|state| (state, 0)).to_vec(),
            calls: CallState::ALL.map(|state| (state, 0)).to_vec(),
            ..Counts::default()
        };
        for row in &rows {
            let cells = Cells::of("counters", row);
            let (word, n): (&str, i64) = (cells.get("word")?, cells.get("n")?);
            match cells.get::<&str>("kind")? {
                "event" => {
                    counts.received += n;
                    if !word.is_empty() {
                        let verdict = cells.word("word", VerdictKind::parse)?;
                        set(&mut counts.verdicts, &verdict, n);
                    }
                }
                "order" => set(&mut counts.orders, &cells.word("word", OrderState::parse)?, n),
                "call" => set(&mut counts.calls, &cells.word("word", CallState::parse)?, n),
                "held" if n != 0 => counts.held.push((word.to_owned(), n)),
                _ => {}
            }
            if let Some(due) = cells.get::<Option<i64>>("due")? {
                counts.oldest_due_ms = (self.now() - due).max(0);
            }
        }
        Ok(counts)
    }

    /// Deletes what is older, in batches with room for others between them.
    pub(in crate::store) async fn purge(&self, events: Timestamp, passes: Timestamp) -> Result<(u64, u64), StoreError> {
        Ok((self.purge_events(events.as_millisecond()).await?, self.purge_passes(passes.as_millisecond()).await?))
    }

    /// The reader looks for old rows and the writer deletes those of them that are handled, so that the writer never walks past a
    /// pile that has to stay.
    async fn purge_events(&self, before: i64) -> Result<u64, StoreError> {
        const OPERATION: &str = "purge events";
        let keys_before = self.now() - KEYS_KEPT_MS;
        let (mut at, mut id, mut purged) = (i64::MIN, String::new(), 0);
        loop {
            let rows = query(
                "SELECT received_at, id FROM events WHERE (received_at, id) > ($1, $2) AND received_at < $3 \
                 ORDER BY received_at, id LIMIT $4",
            )
            .bind(at)
            .bind(&id)
            .bind(before)
            .bind(PURGE)
            .fetch_all(self.aside())
            .await
            .map_err(during(OPERATION))?;
            let old: Vec<&str> = rows.iter().map(|row| Cells::of("events", row).get("id")).collect::<Result<_, _>>()?;
            let ids = dialect::texts(OPERATION, old.iter().copied())?;
            let Some(last) = rows.last() else { return Ok(purged) };
            let last = Cells::of("events", last);
            (at, id) = (last.get("received_at")?, last.get("id")?);
            purged += self
                .write(OPERATION, move |tx| {
                    Box::pin(async move {
                        let deleted =
                            query(dialect::PURGE_EVENTS).bind(ids).bind(keys_before).execute(tx.conn()).await.map_err(during(OPERATION))?;
                        Ok(deleted.rows_affected())
                    })
                })
                .await?;
        }
    }

    /// The newest pass of an order stays, however old: it is why the order stands where it does.
    async fn purge_passes(&self, before: i64) -> Result<u64, StoreError> {
        const OPERATION: &str = "purge passes";
        let (mut at, mut id, mut purged) = (i64::MIN, i64::MIN, 0);
        loop {
            let rows =
                query("SELECT ended_at, id FROM passes WHERE (ended_at, id) > ($1, $2) AND ended_at < $3 ORDER BY ended_at, id LIMIT $4")
                    .bind(at)
                    .bind(id)
                    .bind(before)
                    .bind(PURGE)
                    .fetch_all(self.aside())
                    .await
                    .map_err(during(OPERATION))?;
            let old: Vec<i64> = rows.iter().map(|row| Cells::of("passes", row).get("id")).collect::<Result<_, _>>()?;
            let ids = dialect::numbers(OPERATION, old.iter().copied())?;
            let Some(last) = rows.last() else { return Ok(purged) };
            let last = Cells::of("passes", last);
            (at, id) = (last.get("ended_at")?, last.get("id")?);
            purged += self
                .write(OPERATION, move |tx| {
                    Box::pin(async move {
                        let deleted = query(dialect::PURGE_PASSES).bind(ids).execute(tx.conn()).await.map_err(during(OPERATION))?;
                        Ok(deleted.rows_affected())
                    })
                })
                .await?;
        }
    }
}

fn set<T: PartialEq>(counts: &mut [(T, i64)], of: &T, n: i64) {
    if let Some(count) = counts.iter_mut().find(|(word, _)| word == of) {
        count.1 = n;
    }
}
