//! Folding what transactions added to the counts into the counters.

use std::sync::Arc;
use std::time::Duration;

use super::Shared;
use crate::clock::pause;

/// How often.
const EVERY: Duration = Duration::from_secs(1);

/// Two processes never wait for each other's rows to go, and add to the counters in one order.
const FOLD: &str = "WITH gone AS ( \
         DELETE FROM counter_changes WHERE id = ANY (ARRAY (SELECT id FROM counter_changes ORDER BY id LIMIT 10000 FOR UPDATE SKIP LOCKED)) \
         RETURNING kind, word, n) \
     INSERT INTO counters (kind, word, n) SELECT kind, word, sum(n) FROM gone GROUP BY kind, word ORDER BY kind, word \
     ON CONFLICT (kind, word) DO UPDATE SET n = counters.n + excluded.n";

/// Folds until the store closes.
pub(super) async fn fold(shared: Arc<Shared>) {
    while !shared.closing.is_cancelled() {
        pause(EVERY.mul_f64(0.75 + fastrand::f64() / 2.0), &shared.closing).await;
        if let Some(Err(error)) = shared.closing.run_until_cancelled(sqlx::query(FOLD).execute(&shared.writers)).await {
            // The counts are right without it; they are only read a little slower.
            tracing::debug!(error = &error as &dyn std::error::Error, "the counts could not be folded");
        }
    }
}
