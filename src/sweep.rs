//! The upkeep: old rows are deleted, the webhook subscription stands, the register count is known.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::clock::{self, Clock};
use crate::config;
use crate::engine::Side;
use crate::owner::Ownership;
use crate::store::Store;
use crate::xseries::XSeriesError;

/// How often old rows are looked for.
const PURGE_EVERY: Duration = Duration::from_mins(10);
/// How often the subscription and the register count are looked at.
const LOOK_EVERY: Duration = Duration::from_hours(1);
/// How soon after a failed look.
const LOOK_AGAIN: Duration = Duration::from_mins(1);

/// The subscription could not be brought in order.
#[derive(Debug, Error)]
#[error("the X-Series webhook subscription could not be brought in order")]
pub struct SubscribeError(#[from] XSeriesError);

/// What was done about the subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subscription {
    /// It stood.
    Stands,
    /// It was made.
    Made,
    /// It was there and turned off.
    TurnedOn,
}

/// Deletes what is older than the settings keep, until `stop`.
pub async fn purge(store: Store, keep: config::Keep, clock: Clock, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let now = clock.now();
        let (events, passes) = (now.checked_sub(keep.events).unwrap_or(now), now.checked_sub(keep.passes).unwrap_or(now));
        match store.purge(events, passes).await {
            Ok((0, 0)) => {}
            Ok((events, passes)) => tracing::info!(events, passes, "old rows deleted"),
            Err(error) => tracing::error!(error = %error, "old rows could not be deleted; tried again in ten minutes"),
        }
        clock::pause(PURGE_EVERY, &stop).await;
    }
}

/// Keeps the webhook subscription and the register count in order, until `stop`, while the connection is ours.
pub async fn subscription(
    side: Arc<Side>,
    settings: config::XSeries,
    public_url: Option<String>,
    ownership: Ownership,
    stop: CancellationToken,
) {
    let url = public_url.filter(|_| settings.webhook.subscribe).map(|public_url| webhook_url(&public_url, &side, &settings));
    while !stop.is_cancelled() {
        let look = Box::pin(look_after(&side, &settings, url.as_deref()));
        let Some(wait) = ownership.while_had(&side.id, &stop, look).await else { continue };
        clock::pause(wait, &stop).await;
    }
}

/// Looks once; returns when to look again.
async fn look_after(side: &Side, settings: &config::XSeries, url: Option<&str>) -> Duration {
    let mut wait = LOOK_EVERY;
    if settings.registers == 0
        && let Err(error) = side.x_series.read_budget().await
    {
        tracing::warn!(connection = %side.id, "the number of registers could not be read: {error}");
        wait = LOOK_AGAIN;
    }
    if let Some(url) = url {
        match subscribe(side, url).await {
            Ok(Subscription::Stands) => {}
            Ok(what) => tracing::info!(connection = %side.id, ?what, "webhook subscription to sale.update"),
            Err(SubscribeError(error)) => {
                tracing::warn!(connection = %side.id, "the webhook subscription could not be brought in order: {error}");
                wait = LOOK_AGAIN;
            }
        }
    }
    wait
}

/// The address that X-Series posts to.
pub fn webhook_url(public_url: &str, side: &Side, settings: &config::XSeries) -> String {
    let base = format!("{}/webhooks/x-series/{}", public_url.trim_end_matches('/'), side.id);
    match &settings.webhook.verify {
        config::XSeriesVerify::Signature { .. } => base,
        config::XSeriesVerify::PathToken { token } => format!("{base}/{}", token.expose()),
    }
}

/// Makes the subscription where it lacks, and turns it on where it is off.
pub async fn subscribe(side: &Side, url: &str) -> Result<Subscription, SubscribeError> {
    let hooks = side.x_series.webhooks().await?;
    match hooks.iter().find(|hook| hook.kind == "sale.update" && hook.url == url) {
        Some(hook) if hook.active => Ok(Subscription::Stands),
        Some(hook) => {
            side.x_series.update_webhook(&hook.id, "sale.update", url, true).await?;
            Ok(Subscription::TurnedOn)
        }
        None => {
            side.x_series.create_webhook("sale.update", url).await?;
            Ok(Subscription::Made)
        }
    }
}
