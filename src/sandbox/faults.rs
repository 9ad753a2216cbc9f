//! Faults on demand: what goes wrong, how often, and what has gone wrong so far.
//!
//! Each call draws its fate from a small generator with a seed before it is handled, so that a run can be repeated. A
//! test that wants one certain fault asks for it with [`FaultHandle::once`].

use std::collections::{BTreeMap, VecDeque};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What goes wrong on both sides. Every chance is a number from 0 (never) to 1 (always).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// In NetSuite.
    pub netsuite: SystemFaults,
    /// In X-Series.
    pub x_series: SystemFaults,
}

/// What goes wrong in one system, by the class of the operation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SystemFaults {
    /// The token endpoint.
    pub token: CallFaults,
    /// Every `GET`.
    pub read: CallFaults,
    /// SuiteQL in NetSuite, `/search` in X-Series.
    pub query: CallFaults,
    /// What creates or changes a record.
    pub write: CallFaults,
    /// `!transform` in NetSuite, `/fulfillments/…` and `/actions/…` in X-Series.
    pub transform: CallFaults,
    /// What is posted to the service under test.
    pub webhooks: WebhookFaults,
}

/// What goes wrong with calls of one class.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CallFaults {
    /// Chance of a delay, before or after the work.
    pub slow: f64,
    /// The shortest and the longest delay in milliseconds.
    pub slow_ms: (u64, u64),
    /// Chance of a 500 or 503 with nothing done.
    pub fail_before: f64,
    /// Chance of a 500 with everything done.
    pub fail_after: f64,
    /// Chance of a 429 (in NetSuite also a 400 that means it) with nothing done.
    pub too_many: f64,
    /// Chance that the work is done and the connection is cut before the answer.
    pub cut_after: f64,
    /// Chance that nothing is done and no answer ever comes.
    pub time_out: f64,
}

/// What goes wrong with webhooks and callbacks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookFaults {
    /// Chance that it is never sent.
    pub lose: f64,
    /// Chance that it is sent twice.
    pub double: f64,
    /// Chance that it is held back, and so overtaken by later ones.
    pub delay: f64,
    /// The shortest and the longest hold-back in milliseconds.
    pub delay_ms: (u64, u64),
}

/// A named set of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// None.
    Calm,
    /// A bad day.
    Rough,
    /// Everything at once.
    Storm,
}

/// There is no such preset.
#[derive(Debug, Error)]
#[error("there is no fault preset {0:?}; use calm, rough or storm")]
pub struct UnknownPreset(String);

impl FromStr for Preset {
    type Err = UnknownPreset;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "calm" => Ok(Self::Calm),
            "rough" => Ok(Self::Rough),
            "storm" => Ok(Self::Storm),
            other => Err(UnknownPreset(other.to_owned())),
        }
    }
}

impl From<Preset> for Faults {
    fn from(preset: Preset) -> Self {
        let system = match preset {
            Preset::Calm => SystemFaults::default(),
            Preset::Rough => SystemFaults::even(0.02, 0.03, 0.02, (0.3, 100), WebhookFaults::even(0.05, 0.05, 0.2, 500)),
            Preset::Storm => SystemFaults::even(0.10, 0.10, 0.05, (1.0, 200), WebhookFaults::even(0.20, 0.20, 0.5, 1000)),
        };
        Self { netsuite: system.clone(), x_series: system }
    }
}

impl SystemFaults {
    fn even(cut: f64, fail: f64, too_many: f64, (slow, longest): (f64, u64), webhooks: WebhookFaults) -> Self {
        let read = CallFaults { slow, slow_ms: (0, longest), fail_before: fail, too_many, ..CallFaults::default() };
        let write = CallFaults { cut_after: cut, fail_after: cut / 4.0, ..read.clone() };
        let token = CallFaults { slow, slow_ms: (0, longest), fail_before: fail, ..CallFaults::default() };
        Self { token, query: read.clone(), read, transform: write.clone(), write, webhooks }
    }

    fn of(&self, class: Class) -> &CallFaults {
        match class {
            Class::Token => &self.token,
            Class::Read => &self.read,
            Class::Query => &self.query,
            Class::Write => &self.write,
            Class::Transform => &self.transform,
        }
    }
}

impl WebhookFaults {
    fn even(lose: f64, double: f64, delay: f64, longest: u64) -> Self {
        Self { lose, double, delay, delay_ms: (0, longest) }
    }
}

/// The classes that faults are set for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// The token endpoint.
    Token,
    /// Every `GET`.
    Read,
    /// SuiteQL or `/search`.
    Query,
    /// What creates or changes a record.
    Write,
    /// What makes one record from another.
    Transform,
}

/// One fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Injection {
    /// 500 or 503, nothing done.
    FailBefore,
    /// 500, everything done.
    FailAfter,
    /// Too many requests, nothing done.
    TooMany,
    /// Everything done, the connection cut.
    CutAfter,
    /// Nothing done, no answer.
    TimeOut,
}

impl Injection {
    fn name(self) -> &'static str {
        match self {
            Self::FailBefore => "fail_before",
            Self::FailAfter => "fail_after",
            Self::TooMany => "too_many",
            Self::CutAfter => "cut_after",
            Self::TimeOut => "time_out",
        }
    }
}

/// What is to become of one call.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fate {
    pub before: Duration,
    pub injection: Option<Injection>,
    pub after: Duration,
}

/// What is to become of one webhook.
#[derive(Debug, Clone, Default)]
pub(super) struct Posting {
    /// One delay for each copy that is sent; empty when it is lost.
    pub copies: Vec<Duration>,
}

#[derive(Debug)]
struct State {
    faults: SystemFaults,
    random: fastrand::Rng,
    once: VecDeque<(Class, Injection)>,
    counts: BTreeMap<&'static str, u64>,
}

/// One system's faults, changed and counted while it runs. Clones share them.
#[derive(Debug, Clone)]
pub struct FaultHandle(Arc<Mutex<State>>);

impl FaultHandle {
    pub(super) fn new(faults: SystemFaults, seed: u64) -> Self {
        let random = fastrand::Rng::with_seed(seed);
        Self(Arc::new(Mutex::new(State { faults, random, once: VecDeque::new(), counts: BTreeMap::new() })))
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sets the faults from now on.
    pub fn set(&self, faults: SystemFaults) {
        self.with(|state| state.faults = faults);
    }

    /// Makes the next call of `class` meet `injection`; several queue up.
    pub fn once(&self, class: Class, injection: Injection) {
        self.with(|state| state.once.push_back((class, injection)));
    }

    /// How often each fault has struck, by its name.
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.with(|state| state.counts.clone())
    }

    pub(super) fn fate(&self, class: Class) -> Fate {
        self.with(|state| {
            let asked = state.once.iter().position(|(of, _)| *of == class).and_then(|place| state.once.remove(place));
            let fate = match asked {
                Some((_, injection)) => Fate { injection: Some(injection), ..Fate::default() },
                None => draw(&mut state.random, state.faults.of(class)),
            };
            if let Some(injection) = fate.injection {
                *state.counts.entry(injection.name()).or_default() += 1;
            }
            if fate.before + fate.after > Duration::ZERO {
                *state.counts.entry("slow").or_default() += 1;
            }
            fate
        })
    }

    pub(super) fn posting(&self) -> Posting {
        self.with(|state| {
            let faults = state.faults.webhooks.clone();
            if chance(&mut state.random, faults.lose) {
                *state.counts.entry("webhook_lost").or_default() += 1;
                return Posting::default();
            }
            let doubled = chance(&mut state.random, faults.double);
            if doubled {
                *state.counts.entry("webhook_doubled").or_default() += 1;
            }
            let mut copies = Vec::new();
            for _ in 0..=usize::from(doubled) {
                let delayed = chance(&mut state.random, faults.delay);
                if delayed {
                    *state.counts.entry("webhook_delayed").or_default() += 1;
                }
                copies.push(if delayed { between(&mut state.random, faults.delay_ms) } else { Duration::ZERO });
            }
            Posting { copies }
        })
    }

    /// A number below `end`, for answers that vary.
    pub(super) fn pick(&self, end: usize) -> usize {
        self.with(|state| state.random.usize(0..end.max(1)))
    }
}

fn draw(random: &mut fastrand::Rng, faults: &CallFaults) -> Fate {
    let mut fate = Fate::default();
    if chance(random, faults.slow) {
        let delay = between(random, faults.slow_ms);
        if random.bool() { fate.before = delay } else { fate.after = delay }
    }
    let mut point = random.f64();
    for (odds, injection) in [
        (faults.fail_before, Injection::FailBefore),
        (faults.fail_after, Injection::FailAfter),
        (faults.too_many, Injection::TooMany),
        (faults.cut_after, Injection::CutAfter),
        (faults.time_out, Injection::TimeOut),
    ] {
        if point < odds {
            fate.injection = Some(injection);
            break;
        }
        point -= odds;
    }
    fate
}

fn chance(random: &mut fastrand::Rng, odds: f64) -> bool {
    odds > 0.0 && random.f64() < odds
}

fn between(random: &mut fastrand::Rng, (shortest, longest): (u64, u64)) -> Duration {
    Duration::from_millis(random.u64(shortest..=longest.max(shortest)))
}
