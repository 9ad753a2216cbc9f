//! Random histories under fixed seeds: after every step the books balance, and in the end nothing is lost.

use std::collections::HashMap;

use tillbridge::clock::after;
use tillbridge::domain::ids::OrderId;
use tillbridge::domain::verdict::HoldKind;
use tillbridge::store::{Claimed, End, EventFilter, OperatorAction, OrderFilter, OrderRow, OrderState, Received, Written};

use super::{World, connection, held, of_the_till, result, retry, settled, waiting};

super::cases! {
    the_books_balance_after_every_step
}

const SEEDS: u64 = 6;
const STEPS: usize = 120;

struct History {
    world: World,
    random: fastrand::Rng,
    /// What workers have in hand; some of it lost without their knowing.
    hands: Vec<Claimed>,
    /// How many events went in.
    stored: i64,
}

async fn the_books_balance_after_every_step(world: World) {
    for seed in 1..=SEEDS {
        let world = world.another().await;
        let mut history = History { world, random: fastrand::Rng::with_seed(seed), hands: Vec::new(), stored: 0 };
        for step in 0..STEPS {
            let did = history.step().await;
            history.check(&format!("seed {seed}, step {step}, {did}")).await;
        }
        history.drain(seed).await;
        history.world.store.close().await;
    }
}

impl History {
    async fn step(&mut self) -> &'static str {
        match self.random.u32(0..100) {
            0..35 => self.receive().await,
            35..55 => {
                let claimed = self.world.claim(self.random.usize(1..4)).await;
                for new in &claimed {
                    let alive = self.hands.iter().any(|old| {
                        old.order.id == new.order.id && old.order.due_at > Some(self.world.now()) && old.lease.token == new.lease.token - 1
                    });
                    assert!(!alive, "{} is claimed while it is worked on", new.order.id);
                }
                self.hands.extend(claimed);
                "claim"
            }
            55..80 => self.finish().await,
            80..88 => self.act().await,
            88..94 => {
                self.world.pass_time(self.random.u64(0..400));
                "time"
            }
            _ => self.merge().await,
        }
    }

    async fn receive(&mut self) -> &'static str {
        let id = self.random.u32(0..5).to_string();
        let event = if self.random.bool() { self.world.callback(&id) } else { self.world.webhook(&id, &self.random.u32(0..4).to_string()) };
        if matches!(self.world.store.receive(event).await.unwrap(), Received::New { .. }) {
            self.stored += 1;
        }
        "receive"
    }

    async fn finish(&mut self) -> &'static str {
        if self.hands.is_empty() {
            return "nothing to finish";
        }
        let claimed = self.hands.swap_remove(self.random.usize(0..self.hands.len()));
        let later = self.world.later(self.random.u64(0..200));
        let end = match self.random.u32(0..7) {
            0 => retry(later),
            1 => End::Defer { due_at: later, detail: "no budget".to_owned() },
            2 => held(HoldKind::Facts),
            3 => held(HoldKind::Operator),
            4 => waiting(Some(later)),
            5 => waiting(None),
            _ => settled(),
        };
        self.world.store.finish(&claimed, result(&claimed, end)).await.unwrap();
        "finish"
    }

    async fn act(&mut self) -> &'static str {
        let orders = self.orders().await;
        let Some(order) = self.random.choice(&orders) else { return "nobody to act on" };
        let actions = [OperatorAction::Retry, OperatorAction::Release, OperatorAction::Skip, OperatorAction::Send, OperatorAction::Replay];
        let action = actions[self.random.usize(0..actions.len())];
        self.world.store.act(&order.id, action, "kim").await.unwrap().unwrap();
        self.stored += 1;
        action.word()
    }

    /// Merges an order of a sale into one of a sales order that has no sale.
    async fn merge(&mut self) -> &'static str {
        let orders = self.orders().await;
        let Some(into) = orders.iter().find(|order| order.link.x_series_id.is_none()) else { return "nowhere to merge" };
        let sale = self.hands.iter().position(|claimed| claimed.order.link.netsuite_id.is_none());
        let Some(at) = sale else { return "nothing to merge" };
        let claimed = self.hands.swap_remove(at);
        let nothing_waits = claimed.order.enqueued_seq;
        let row = self.world.store.order(&claimed.order.id).await.unwrap();
        if self.world.store.merge(&claimed.lease, &into.id, of_the_till()).await.unwrap() == Written::Yes {
            let row = row.unwrap();
            assert!(row.enqueued_seq >= nothing_waits);
            self.stored += i64::from(row.enqueued_seq == row.handled_seq);
        }
        "merge"
    }

    async fn orders(&self) -> Vec<OrderRow> {
        self.world.store.orders(&OrderFilter::default(), None, 1000).await.unwrap().items
    }

    async fn check(&self, at: &str) {
        let store = &self.world.store;
        let events = store.events(&EventFilter::default(), None, 10_000).await.unwrap().items;
        let orders = self.orders().await;
        let counts = store.counts().await.unwrap();
        assert_eq!(counts.received, self.stored, "{at}: what went in is there");
        assert_eq!(events.len(), usize::try_from(self.stored).unwrap(), "{at}");
        let undecided = events.iter().filter(|event| event.verdict.is_none()).count();
        let decided: i64 = counts.verdicts.iter().map(|(_, n)| n).sum();
        assert_eq!(decided + i64::try_from(undecided).unwrap(), counts.received, "{at}: the verdicts add up");
        for (verdict, n) in &counts.verdicts {
            assert_eq!(events.iter().filter(|event| event.verdict == Some(*verdict)).count(), usize::try_from(*n).unwrap(), "{at}");
        }
        for (state, n) in &counts.orders {
            assert_eq!(orders.iter().filter(|order| order.state == *state).count(), usize::try_from(*n).unwrap(), "{at}: {state:?}");
        }
        let in_holds: i64 = counts.held.iter().map(|(_, n)| n).sum();
        assert!(counts.orders.contains(&(OrderState::Held, in_holds)), "{at}: every hold has its reason");
        let mut of: HashMap<&OrderId, Vec<_>> = HashMap::new();
        for event in &events {
            of.entry(event.order_id.as_ref().unwrap()).or_default().push(event);
        }
        for order in &orders {
            let mut pending: Vec<_> = of.get(&order.id).into_iter().flatten().filter(|event| event.seq > Some(order.handled_seq)).collect();
            pending.sort_by_key(|event| event.seq);
            let seqs: Vec<i64> = pending.iter().filter_map(|event| event.seq).collect();
            assert_eq!(seqs, (order.handled_seq + 1..=order.enqueued_seq).collect::<Vec<_>>(), "{at}: no gap, nothing twice");
            let open = pending.iter().any(|event| event.verdict.is_none());
            let stuck = order.state == OrderState::Held && order.hold == Some(HoldKind::Operator);
            assert_eq!(order.hold.is_some(), order.state == OrderState::Held, "{at}: a hold is of a held order");
            assert!(!open || stuck || matches!(order.state, OrderState::Due | OrderState::Working), "{at}: {order:?} is forgotten");
            assert!(!stuck || order.due_at.is_none(), "{at}: {order:?} would go on by itself");
            if matches!(order.state, OrderState::Due | OrderState::Working) {
                assert!(order.due_at.is_some(), "{at}: {order:?} is never worked on");
            }
        }
    }

    /// Releases what is held and works off what is due: every event ends with a verdict.
    async fn drain(&mut self, seed: u64) {
        for order in self.orders().await {
            if order.state == OrderState::Held {
                self.world.store.act(&order.id, OperatorAction::Release, "kim").await.unwrap();
                self.stored += 1;
            }
        }
        while let Some(due) = self.world.store.next_due(jiff::Timestamp::UNIX_EPOCH).await.unwrap() {
            if due > self.world.now() {
                self.world.clock.advance(due.duration_since(self.world.now()).unsigned_abs());
            }
            assert!(after(self.world.now(), std::time::Duration::ZERO) >= due);
            for claimed in self.world.claim(10).await {
                assert_eq!(claimed.order.connection, connection());
                self.world.finish(&claimed, settled()).await;
            }
        }
        self.check(&format!("seed {seed}, drained")).await;
        let events = self.world.store.events(&EventFilter::default(), None, 10_000).await.unwrap().items;
        assert!(events.iter().all(|event| event.verdict.is_some()), "seed {seed}: an event has no verdict");
    }
}
