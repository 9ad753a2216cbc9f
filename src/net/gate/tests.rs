use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;

fn start() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().unwrap()
}

fn gate(concurrency: usize, window: Option<(u32, Duration)>) -> (Gate, Clock) {
    let clock = Clock::manual(start());
    (Gate::new(Limits { concurrency, window, permit_wait: Duration::from_millis(50) }, clock.clone()), clock)
}

const ANSWERED: Signal = Signal::Answered { limit: None, remaining: None };

fn told(limit: u32, remaining: u32) -> Signal {
    Signal::Answered { limit: Some(limit), remaining: Some(remaining) }
}

#[tokio::test(start_paused = true)]
async fn no_more_requests_at_once_than_allowed() {
    let (gate, clock) = gate(2, None);
    let first = gate.enter().await.unwrap();
    let _second = gate.enter().await.unwrap();
    let refused = gate.enter().await.unwrap_err();
    assert!(refused.until > clock.now() && refused.until <= clock::after(clock.now(), Duration::from_secs(1)));
    assert_eq!(gate.snapshot().in_flight, 2);
    drop(first);
    assert!(gate.enter().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_place_that_becomes_free_in_time_is_waited_for() {
    let (gate, _clock) = gate(1, None);
    let held = gate.enter().await.unwrap();
    let (entered, ()) = tokio::join!(gate.enter(), async move {
        tokio::time::sleep(Duration::from_millis(20)).await;
        drop(held);
    });
    assert!(entered.is_ok());
}

#[tokio::test]
async fn the_window_is_never_overdrawn_and_opens_with_the_oldest_request() {
    let (gate, clock) = gate(10, Some((3, Duration::from_mins(5))));
    for _ in 0..3 {
        gate.enter().await.unwrap();
        clock.advance(Duration::from_secs(10));
    }
    let refused = gate.enter().await.unwrap_err();
    assert_eq!(refused.until, clock::after(start(), Duration::from_secs(301)));
    assert_eq!(gate.snapshot().remaining, Some(0));
    clock.advance(Duration::from_secs(271));
    gate.enter().await.unwrap();
    assert!(gate.enter().await.is_err());
}

#[tokio::test]
async fn what_others_use_of_the_budget_is_taken_off_and_given_back() {
    let (gate, clock) = gate(10, Some((100, Duration::from_mins(5))));
    gate.enter().await.unwrap();
    gate.report(told(100, 10));
    assert_eq!(gate.snapshot().remaining, Some(10));
    gate.report(told(100, 90));
    assert_eq!(gate.snapshot().remaining, Some(90));
    gate.report(told(100, 0));
    let refused = gate.enter().await.unwrap_err();
    // A tenth of the window is waited out, not all of it, and not for one request at a time.
    assert_eq!(refused.until, clock::after(clock.now(), Duration::from_secs(301) / 10));
    clock.advance(Duration::from_secs(31));
    for _ in 0..9 {
        gate.enter().await.unwrap();
    }
    clock.advance(Duration::from_secs(302));
    assert_eq!(gate.snapshot().remaining, Some(100));
}

#[tokio::test]
async fn the_answers_limit_and_a_resize_replace_ours() {
    let (gate, _clock) = gate(10, Some((100, Duration::from_mins(5))));
    gate.report(told(50, 50));
    assert_eq!(gate.snapshot().limit, Some(50));
    gate.resize(1);
    gate.enter().await.unwrap();
    assert!(gate.enter().await.is_err());
}

#[tokio::test]
async fn retry_after_closes_the_gate_for_everyone() {
    let (gate, clock) = gate(5, None);
    gate.report(Signal::TooMany { retry_after: Some(Duration::from_secs(7)) });
    assert_eq!(gate.clone().enter().await.unwrap_err().until, clock::after(start(), Duration::from_secs(7)));
    assert_eq!(gate.snapshot().blocked_because, Some("retry_after"));
    clock.advance(Duration::from_secs(7));
    assert!(gate.enter().await.is_ok());
    gate.report(Signal::TooMany { retry_after: None });
    assert_eq!(gate.enter().await.unwrap_err().until, clock::after(clock.now(), DEFAULT_RETRY_AFTER));
}

#[tokio::test(start_paused = true)]
async fn too_many_at_once_takes_a_place_away_and_success_brings_it_back() {
    let (gate, clock) = gate(4, None);
    let passes = [gate.enter().await.unwrap(), gate.enter().await.unwrap(), gate.enter().await.unwrap(), gate.enter().await.unwrap()];
    gate.report(Signal::TooManyAtOnce);
    gate.report(Signal::TooManyAtOnce);
    assert_eq!(gate.snapshot().concurrency, 3, "two refused together are one complaint");
    let paused = gate.enter().await.unwrap_err().until;
    assert!(paused > clock.now() && paused <= clock::after(clock.now(), FIRST_PAUSE));
    drop(passes);
    clock.advance(Duration::from_secs(1));
    let _one = gate.enter().await.unwrap();
    let two = [gate.enter().await.unwrap(), gate.enter().await.unwrap()];
    assert!(gate.enter().await.is_err(), "the places of the requests under way were taken back");
    drop(two);
    for _ in 0..20 {
        gate.report(ANSWERED);
    }
    assert_eq!(gate.snapshot().concurrency, 4);
    let _rest = [gate.enter().await.unwrap(), gate.enter().await.unwrap(), gate.enter().await.unwrap()];
    assert!(gate.enter().await.is_err());
}

#[tokio::test]
async fn at_least_one_request_at_once_stays_allowed() {
    let (gate, clock) = gate(2, None);
    for _ in 0..5 {
        gate.report(Signal::TooManyAtOnce);
        clock.advance(Duration::from_secs(20));
    }
    assert_eq!(gate.snapshot().concurrency, 1);
    assert!(gate.enter().await.is_ok());
}

#[tokio::test]
async fn the_breaker_opens_lets_one_try_and_closes_again() {
    let (gate, clock) = gate(5, None);
    for _ in 0..8 {
        assert_eq!(gate.snapshot().breaker, "closed");
        gate.report(Signal::Broken);
    }
    assert_eq!(gate.snapshot().breaker, "open");
    assert_eq!(gate.enter().await.unwrap_err().until, clock::after(clock.now(), Duration::from_secs(1)));
    clock.advance(Duration::from_secs(1));
    assert_eq!(gate.snapshot().breaker, "half_open");
    let trial = gate.enter().await.unwrap();
    assert!(gate.enter().await.is_err(), "one tries, the others wait");
    gate.report(Signal::Broken);
    drop(trial);
    assert_eq!(gate.enter().await.unwrap_err().until, clock::after(clock.now(), Duration::from_secs(2)));
    clock.advance(Duration::from_secs(2));
    let abandoned = gate.enter().await.unwrap();
    drop(abandoned);
    let _trial = gate.enter().await.unwrap();
    gate.report(ANSWERED);
    assert_eq!(gate.snapshot().breaker, "closed");
    assert!(gate.enter().await.is_ok());
}

#[tokio::test]
async fn an_answer_between_failures_keeps_the_breaker_closed() {
    let (gate, _clock) = gate(5, None);
    for _ in 0..4 {
        gate.report(Signal::Broken);
    }
    gate.report(ANSWERED);
    gate.report(Signal::Broken);
    assert_eq!(gate.snapshot().breaker, "closed");
}

#[tokio::test]
async fn refused_credentials_stop_the_traffic_and_are_seen() {
    let (gate, clock) = gate(5, None);
    gate.report(Signal::Unauthorised);
    gate.report(Signal::TooMany { retry_after: Some(Duration::from_secs(1)) });
    assert_eq!(gate.enter().await.unwrap_err().until, clock::after(start(), REFUSED_LOGIN_BLOCK));
    assert_eq!(gate.snapshot().blocked_because, Some("credentials"));
    clock.advance(REFUSED_LOGIN_BLOCK);
    assert!(gate.enter().await.is_ok());
    assert_eq!(gate.snapshot().blocked_because, None);
}

proptest! {
    #[test]
    fn no_sliding_window_ever_holds_more_than_allowed(limit in 1_u32..20, steps in prop::collection::vec(0_u64..4000, 1..200)) {
        let window = Duration::from_secs(10);
        let mut budget = budget::Budget::new(limit, window);
        let mut now = start();
        let mut sent = Vec::new();
        for step in steps {
            now = clock::after(now, Duration::from_millis(step));
            match budget.full_until(now) {
                None => {
                    budget.take(now);
                    sent.push(now.as_millisecond());
                }
                Some(until) => prop_assert!(until > now),
            }
        }
        for (nth, first) in sent.iter().enumerate() {
            let within = sent[nth..].iter().take_while(|time| **time - first < 10_000).count();
            prop_assert!(within <= limit as usize);
        }
    }
}
