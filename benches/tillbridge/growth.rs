//! How the costs grow with what the database holds: the same operations on a database that holds nothing else, and on one with a
//! million orders waiting and their history behind them, turn by turn.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tillbridge::clock::Clock;
use tillbridge::domain::verdict::{Reason, Verdict};
use tillbridge::store::{ClaimRequest, Claimed, Dedupe, End, EventSource, NewEvent, OrderRef, OrderState, PassResult, Store};

use super::child::{CONNECTION, Settings, Site};
use super::report::{Figure, Limit, Report, say};
use super::stats::Durations;
use super::{Fallible, Options, reference, world};

/// Orders that wait.
const WAITING: i64 = 1_000_000;
/// Orders of the database that holds nothing else: as many as are claimed.
const FEW: i64 = 4000;
/// Handled events of each order: two by default, fifty for `--full`.
const EVENTS: i64 = 2;
const EVENTS_FULL: i64 = 50;
/// Events that are filled in by one transaction.
const AT_ONCE: i64 = 500_000;
/// Turns, and orders claimed in each.
const TURNS: i64 = 150;
const CLAIMED: usize = 16;

/// Measures it.
pub async fn measure(options: &Options, report: &mut Report) -> Fallible<()> {
    if options.postgres() {
        say("growth is measured on SQLite only");
        return Ok(());
    }
    let events = if options.full { EVENTS_FULL } else { EVENTS };
    let small = Filled::new(FEW, 0).await?;
    let begun = Instant::now();
    let large = Filled::new(WAITING, events).await?;
    say(&format!("filled {WAITING} orders with {} events in {:.0?}", WAITING * events, begun.elapsed()));
    let (mut of_small, mut of_large) = (Times::default(), Times::default());
    for turn in 0..TURNS {
        small.turn(turn, &mut of_small).await?;
        large.turn(turn, &mut of_large).await?;
    }
    let most = Some(Limit::AtMost(2.0));
    let history = format!("{WAITING} orders wait, {} events", WAITING * events);
    for (what, large, small) in [
        ("claim of 16", &mut of_large.claim, &mut of_small.claim),
        ("finish", &mut of_large.finish, &mut of_small.finish),
        ("receive", &mut of_large.receive, &mut of_small.receive),
        ("counts", &mut of_large.counts, &mut of_small.counts),
    ] {
        let reference = ("empty", small.p50() / 1e3);
        report.add(Figure::against(format!("{what}, {history}"), large.p50() / 1e3, "ms", reference, most));
    }
    small.store.close().await;
    large.store.close().await;
    Ok(())
}

#[derive(Debug, Default)]
struct Times {
    claim: Durations,
    finish: Durations,
    receive: Durations,
    counts: Durations,
}

/// A database with orders that wait.
struct Filled {
    store: Store,
    orders: i64,
    /// Holds the file.
    _site: Site,
}

impl Filled {
    async fn new(orders: i64, events: i64) -> Fallible<Self> {
        let site = Site::new(&Settings { mappings: world::rules(1), ..Settings::default() }).await?;
        // Due since long, the first ones longest.
        fill(&site, orders, events, 1_700_000_000_000)?;
        let store = Store::open(&site.url, 4, Clock::System).await?;
        Ok(Self { store, orders, _site: site })
    }

    async fn turn(&self, turn: i64, times: &mut Times) -> Fallible<()> {
        let request =
            ClaimRequest { owner: "bench".to_owned(), limit: CLAIMED, lease: Duration::from_mins(5), connections: vec![CONNECTION.into()] };
        let begun = Instant::now();
        let claimed = self.store.claim(&request).await?;
        times.claim.add(begun.elapsed());
        if claimed.len() != CLAIMED {
            return Err(format!("{} orders were claimed, not {CLAIMED}", claimed.len()).into());
        }
        for claimed in claimed.iter().take(2) {
            let begun = Instant::now();
            self.store.finish(claimed, result(claimed)).await?;
            times.finish.add(begun.elapsed());
        }
        let event = self.event(turn);
        let begun = Instant::now();
        self.store.receive(event).await?;
        times.receive.add(begun.elapsed());
        let begun = Instant::now();
        self.store.counts().await?;
        times.counts.add(begun.elapsed());
        Ok(())
    }

    /// News of an order from anywhere in the database.
    fn event(&self, turn: i64) -> NewEvent {
        let order = netsuite_id(turn.wrapping_mul(7919).rem_euclid(self.orders) + 1);
        NewEvent {
            connection: CONNECTION.into(),
            source: EventSource::Netsuite,
            kind: "salesorder.edit".to_owned(),
            order: Some(OrderRef::NetSuite(order.to_string().into())),
            dedupe: Dedupe::Key(format!("turn-{turn}")),
            body: vec![b'x'; 400],
            due_at: Clock::System.now(),
            verdict: None,
        }
    }
}

fn result(claimed: &Claimed) -> PassResult {
    PassResult {
        end: End::Verdict {
            verdict: Verdict::synced(Reason::AlreadyComplete, "Everything is fulfilled and billed."),
            state: OrderState::Settled,
            hold: None,
            recheck_at: None,
        },
        link: claimed.order.link.clone(),
        revision: Some(1),
        aliases: Vec::new(),
        explanation: serde_json::json!({ "steps": [] }),
    }
}

fn netsuite_id(number: i64) -> i64 {
    5_000_000 + number
}

/// Writes orders that are due from `due_at` on, a millisecond after each other, each with a number of events that are handled and one
/// that is not.
pub fn fill(site: &Site, orders: i64, events: i64, due_at: i64) -> Fallible<()> {
    let path = site.url.strip_prefix("sqlite://").ok_or("only files are filled")?;
    let connection = reference::open(Path::new(path))?;
    connection.execute_batch("PRAGMA synchronous = OFF")?;
    run(
        &connection,
        "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ?1) \
         INSERT INTO orders (id, connection, direction, state, due_at, enqueued_seq, handled_seq, netsuite_id, created_at, updated_at) \
         SELECT printf('01900000-0000-7000-8000-%012x', i), 'acme-nz', 'netsuite_to_x_series', 'due', ?2 + i, ?3 + 1, ?3, \
             cast(5000000 + i AS TEXT), ?2 + i, ?2 + i FROM n",
        &[orders, due_at, events],
    )?;
    // The last of each order's events is the one that waits. An order's come together, as their keys do: fifty million that are strewn over their
    // indexes would take hours.
    let at_once = (AT_ONCE / (events + 1)).max(1);
    let mut first = 1;
    while first <= orders {
        run(
            &connection,
            "WITH RECURSIVE seqs (seq) AS (VALUES (1) UNION ALL SELECT seq + 1 FROM seqs WHERE seq <= ?1) \
             INSERT INTO events (id, connection, order_id, seq, source, kind, received_at, verdict, reason, detail, decided_at, dedupe_key, body) \
             SELECT substr(id, 29) || printf('-%04x-7000-9000-000000000000', seq), connection, id, seq, 'netsuite', 'salesorder.edit', \
                 created_at + seq, iif(seq > ?1, NULL, 'synced'), iif(seq > ?1, NULL, 'already_complete'), \
                 iif(seq > ?1, NULL, 'Everything is fulfilled and billed.'), iif(seq > ?1, NULL, created_at + seq), \
                 printf('ns_salesorder_%s_edit_%04d', netsuite_id, seq), cast('{\"type\":\"salesorder.edit\"}' AS BLOB) \
             FROM orders CROSS JOIN seqs \
             WHERE id BETWEEN printf('01900000-0000-7000-8000-%012x', ?2) AND printf('01900000-0000-7000-8000-%012x', ?2 + ?3 - 1)",
            &[events, first, at_once],
        )?;
        first += at_once;
    }
    Ok(connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?)
}

fn run(connection: &Connection, sql: &str, values: &[i64]) -> Fallible<()> {
    connection.execute(sql, rusqlite::params_from_iter(values))?;
    Ok(())
}
