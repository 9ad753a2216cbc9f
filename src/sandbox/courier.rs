//! Posts webhooks to the service under test: signed anew for each attempt, retried until they are taken or given up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::faults::FaultHandle;
use crate::clock::Clock;

/// How long a post may take: X-Series waits 5 s, and NetSuite's script is no more patient with its user.
const PATIENCE: Duration = Duration::from_secs(5);
/// The first pause before another try; each pause doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Tries before a post is given up, as X-Series has them.
const ATTEMPTS: u32 = 20;

/// How the bytes of an X-Series signature are written. The vendor does not say; all that are plausible are here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignatureEncoding {
    /// Lower-case hexadecimal.
    #[default]
    Hex,
    /// Standard base64 with padding.
    Base64,
}

/// How a post is signed.
#[derive(Debug, Clone)]
pub(super) enum Signing {
    /// The Standard Webhooks headers, with a secret of the form `whsec_` + base64.
    StandardWebhooks { id: String, secret: String },
    /// `X-Signature` over the raw body.
    XSignature { secret: String, encoding: SignatureEncoding },
    /// Not at all.
    Unsigned,
}

/// One thing to post.
#[derive(Debug, Clone)]
pub(super) struct Parcel {
    pub url: String,
    pub content_type: &'static str,
    pub body: Bytes,
    pub signing: Signing,
}

/// How posting went so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Deliveries {
    /// Copies that were to be sent.
    pub started: u64,
    /// Answered 2xx.
    pub taken: u64,
    /// Tries that failed.
    pub failed_attempts: u64,
    /// Given up after all tries.
    pub given_up: u64,
}

#[derive(Debug, Default)]
struct Counts {
    started: AtomicU64,
    taken: AtomicU64,
    failed_attempts: AtomicU64,
    given_up: AtomicU64,
}

/// Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Courier {
    client: reqwest::Client,
    clock: Clock,
    faults: FaultHandle,
    stop: CancellationToken,
    tasks: TaskTracker,
    runtime: Handle,
    counts: Arc<Counts>,
}

impl Courier {
    pub(super) fn new(clock: Clock, faults: FaultHandle, stop: CancellationToken, tasks: TaskTracker) -> Result<Self, reqwest::Error> {
        #[expect(clippy::disallowed_methods, reason = "the sandbox shares nothing with the clients, their HTTP client included")]
        let builder = reqwest::Client::builder();
        let client = builder.timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).no_proxy().build()?;
        Ok(Self { client, clock, faults, stop, tasks, runtime: Handle::current(), counts: Arc::default() })
    }

    /// Sends a parcel in the background, as the faults will have it.
    pub(super) fn send(&self, parcel: &Parcel) {
        for delay in self.faults.posting().copies {
            let (courier, parcel) = (self.clone(), parcel.clone());
            self.counts.started.fetch_add(1, Ordering::Relaxed);
            self.tasks.spawn_on(
                async move {
                    tokio::select! {
                        () = courier.stop.cancelled() => {}
                        () = courier.deliver(delay, &parcel) => {}
                    }
                },
                &self.runtime,
            );
        }
    }

    pub(super) fn deliveries(&self) -> Deliveries {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Deliveries {
            started: read(&self.counts.started),
            taken: read(&self.counts.taken),
            failed_attempts: read(&self.counts.failed_attempts),
            given_up: read(&self.counts.given_up),
        }
    }

    async fn deliver(&self, delay: Duration, parcel: &Parcel) {
        tokio::time::sleep(delay).await;
        let mut pause = FIRST_PAUSE;
        for _ in 0..ATTEMPTS {
            if self.post(parcel).await {
                self.counts.taken.fetch_add(1, Ordering::Relaxed);
                return;
            }
            self.counts.failed_attempts.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        self.counts.given_up.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(url = %parcel.url, "the sandbox gave up posting a webhook");
    }

    async fn post(&self, parcel: &Parcel) -> bool {
        let mut request =
            self.client.post(&parcel.url).header("content-type", parcel.content_type).header("user-agent", "tillbridge-sandbox");
        for (name, value) in self.signature(parcel) {
            request = request.header(name, value);
        }
        match request.body(parcel.body.clone()).send().await {
            Ok(answer) => answer.status().is_success(),
            Err(error) => {
                tracing::debug!(error = %error, "a webhook of the sandbox was not taken");
                false
            }
        }
    }

    fn signature(&self, parcel: &Parcel) -> Vec<(&'static str, String)> {
        match &parcel.signing {
            Signing::Unsigned => Vec::new(),
            Signing::XSignature { secret, encoding } => {
                let mac = hmac_sha256(secret.as_bytes(), &[&parcel.body]);
                let text = match encoding {
                    SignatureEncoding::Hex => hex(&mac),
                    SignatureEncoding::Base64 => STANDARD.encode(mac),
                };
                vec![("x-signature", format!("signature={text},algorithm=HMAC-SHA256"))]
            }
            Signing::StandardWebhooks { id, secret } => {
                let timestamp = self.clock.now().as_second().to_string();
                let key = webhook_key(secret);
                let mac = hmac_sha256(&key, &[id.as_bytes(), b".", timestamp.as_bytes(), b".", &parcel.body]);
                vec![
                    ("webhook-id", id.clone()),
                    ("webhook-timestamp", timestamp),
                    ("webhook-signature", format!("v1,{}", STANDARD.encode(mac))),
                ]
            }
        }
    }
}

/// The key in a `whsec_…` secret; a secret of another form is its own key.
fn webhook_key(secret: &str) -> Vec<u8> {
    secret.strip_prefix("whsec_").and_then(|text| STANDARD.decode(text).ok()).unwrap_or_else(|| secret.as_bytes().to_vec())
}

pub(super) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    // A key of any length is taken, so there is no error to meet.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        text.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
        text.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
        text
    })
}
