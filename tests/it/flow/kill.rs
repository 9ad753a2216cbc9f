//! The real binary is killed again and again while orders flow: nothing is lost, nothing is doubled.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use tillbridge::clock::Clock;
use tillbridge::sandbox::faults::{CallFaults, Faults, SystemFaults};
use tillbridge::sandbox::{Entry, SaleState, Sandbox, Tender, Ticket, TicketLine, TransactionKind, WebhookTarget};
use tillbridge::store::{CallState, OrderState, Store};
use uuid::Uuid;

use super::process::Shop;
use super::world::{CONNECTION, MAPPINGS, Plan, SECRET, dec, delivery, pickup, till};

const SEED: u64 = 20_261_123;
const LONGEST: Duration = Duration::from_secs(170);

/// What a sale that begins at the till is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sold {
    OverTheCounter,
    Layby,
    Return,
}

impl Sold {
    /// The records that it becomes, each once; a layby has a deposit for each of its two payments.
    fn records(self) -> &'static [TransactionKind] {
        use TransactionKind as Kind;
        match self {
            Self::OverTheCounter => &[Kind::CashSale],
            Self::Layby => &[Kind::SalesOrder, Kind::ItemFulfillment, Kind::Invoice, Kind::CustomerDeposit, Kind::CustomerDeposit],
            Self::Return => &[Kind::CashRefund],
        }
    }
}

/// What the people have done so far.
struct People {
    random: fastrand::Rng,
    orders: Vec<u64>,
    completed: BTreeSet<u64>,
    sold: Vec<(Uuid, Sold)>,
}

impl People {
    fn enter(&mut self, sandbox: &Sandbox) {
        let new = [till, pickup, delivery][self.orders.len() % 3]();
        self.orders.push(sandbox.netsuite().create_sales_order(&new).unwrap());
    }

    /// A cashier sells something, puts it aside, or takes it back.
    fn sell(&mut self, sandbox: &Sandbox) {
        let x_series = sandbox.x_series();
        let mug = Ticket {
            register: "Ponsonby 1".to_owned(),
            lines: vec![TicketLine::of("MUG-ENAMEL", dec("2"))],
            payments: vec![Tender::rest("Card")],
            state: SaleState::Closed,
            ..Ticket::default()
        };
        match self.sold.len() % 4 {
            1 => {
                let payments = vec![Tender::of("Cash", dec("5"))];
                let layby = Ticket { state: SaleState::Pending, attributes: vec!["layby".to_owned()], payments, ..mug };
                self.sold.push((x_series.sell(&layby).unwrap(), Sold::Layby));
            }
            3 => {
                let back = x_series.bring_back(self.sold[self.sold.len() - 1].0, &[]).unwrap();
                x_series.close(back, &[Tender::rest("Card")]).unwrap();
                self.sold.push((back, Sold::Return));
            }
            _ => self.sold.push((x_series.sell(&mug).unwrap(), Sold::OverTheCounter)),
        }
    }

    /// Cashiers complete some of the sales that wait for them.
    fn complete(&mut self, sandbox: &Sandbox) {
        for (sale, _) in self.sold.iter().filter(|(_, sold)| *sold == Sold::Layby) {
            let open = sandbox.x_series().sale(*sale).unwrap().state == SaleState::Pending;
            if open && self.random.u8(0..8) == 0 {
                sandbox.x_series().close(*sale, &[Tender::rest("Card")]).unwrap();
            }
        }
        for order in &self.orders {
            let number = sandbox.netsuite().sales_order(*order).unwrap().tran_id;
            let sales = sandbox.x_series().sales_from(&number);
            let Some(sale) = sales.first().filter(|sale| matches!(sale.state, SaleState::Parked | SaleState::Pending)) else { continue };
            if self.random.u8(0..4) == 0 && self.completed.insert(*order) {
                sandbox.x_series().complete(sale.id, if self.random.bool() { "Card" } else { "Cash" }).unwrap();
            }
        }
    }

    /// Works for a while.
    async fn work(&mut self, sandbox: &Sandbox, until: Instant) {
        loop {
            self.complete(sandbox);
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(Duration::from_millis(60))).await;
        }
    }
}

async fn store(shop: &Shop) -> Store {
    Store::open(&shop.rows.url, 1, Clock::System).await.unwrap()
}

/// What NetSuite holds of a sale, under its key and those of its payments, and what was made from it.
fn booked(sandbox: &Sandbox, sale: Uuid) -> Vec<Entry> {
    let netsuite = sandbox.netsuite();
    let of = sandbox.x_series().sale(sale).unwrap();
    let keys = std::iter::once(sale.to_string()).chain(of.payments.iter().map(|payment| payment.id.to_string()));
    let mut found = keys.flat_map(|key| netsuite.entries_for(&key)).collect::<Vec<_>>();
    let made = found.iter().flat_map(|entry| netsuite.made_from(entry.id)).collect::<Vec<_>>();
    found.extend(made.into_iter().filter(|entry| entry.kind != TransactionKind::DepositApplication));
    found.sort_by_key(|entry| (entry.kind, entry.id));
    found.dedup_by_key(|entry| entry.id);
    found
}

/// How many calls have no known end.
async fn open_calls(shop: &Shop) -> i64 {
    let store = store(shop).await;
    let counts = store.counts().await.unwrap();
    store.close().await;
    let open = counts.calls.iter().filter(|(state, _)| !matches!(state, CallState::Done | CallState::Failed));
    open.map(|(_, count)| count).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_killed_at_any_moment_loses_nothing_and_doubles_nothing() {
    is_killed(Plan::default(), 24, 40).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_on_postgres_killed_at_any_moment_loses_nothing_and_doubles_nothing() {
    is_killed(Plan { postgres: true, ..Plan::default() }, 12, 20).await;
}

async fn is_killed(plan: Plan, kills: usize, orders: usize) {
    let begun = Instant::now();
    let retry = r#"first = "50ms", max = "500ms", attempts = 200, recheck = "2s""#;
    let mut plan = Plan { retry, ..plan };
    plan.sandbox.seed = SEED;
    // Requests take a while, so that kills fall between a request and its answer, before and after its work.
    let slow = CallFaults { slow: 1.0, slow_ms: (0, 120), ..CallFaults::default() };
    let system = SystemFaults { read: slow.clone(), write: slow.clone(), transform: slow, ..SystemFaults::default() };
    plan.sandbox.faults = Faults { netsuite: system.clone(), x_series: system };
    let sandbox = Sandbox::start(plan.sandbox.clone(), Clock::System).await.unwrap();
    let shop = Shop::new(&sandbox, &plan).await;
    shop.configure(|text| text.replace("[worker]\n", "[worker]\nlease = \"2s\"\n") + "\n[log]\nfilter = \"warn\"\n");
    let (outlet, till) = ("register = \"Ponsonby 1\"", "default_customer = \"Sione Tupou\"\nsubsidiary = \"Parent Company : New Zealand\"");
    shop.write("mappings.toml", &MAPPINGS.replace(outlet, &format!("{outlet}\n{till}")));
    shop.run(&["mapping", "publish", "mappings.toml", "--message", "the test's rules"]).await.done();
    let url = format!("{}/webhooks/netsuite/{CONNECTION}", shop.url());
    sandbox.netsuite().set_webhook(Some(WebhookTarget { url, secret: SECRET.to_owned() }));

    let mut people = People { random: fastrand::Rng::with_seed(SEED), orders: Vec::new(), completed: BTreeSet::new(), sold: Vec::new() };
    let mut moments = fastrand::Rng::with_seed(SEED + 1);
    let (mut cut_off, mut kill) = (0, 0);
    let sold = orders / 8 * 4;
    let enough = i64::try_from(kills).unwrap() * 5 / 6;
    // A machine that is busy elsewhere, or a service that is quick, has fewer calls under way: then it is killed more often, with more to do.
    while kill < kills || cut_off < enough && kill < 4 * kills {
        // Some of the moments are within the start, most are within the work.
        let service = if kill % 4 == 0 { shop.serve() } else { shop.open().await };
        // On Postgres a killed one owns its connections until its lease ends.
        let lives = Duration::from_millis(moments.u64(50..if plan.postgres { 3500 } else { 1000 }));
        while people.orders.len() < orders * (kill + 1) / kills {
            people.enter(&sandbox);
        }
        while people.sold.len() < sold * (kill + 1) / kills {
            people.sell(&sandbox);
        }
        people.work(&sandbox, Instant::now() + lives).await;
        service.kill().await;
        cut_off += open_calls(&shop).await;
        kill += 1;
    }
    assert!(cut_off >= enough, "only {cut_off} calls were under way when the service was killed: this proves little");
    while !people.sold.len().is_multiple_of(4) {
        people.sell(&sandbox);
    }
    let (orders, sold) = (people.orders.len(), people.sold.len());
    let mut service = shop.open().await;
    let reader = store(&shop).await;
    loop {
        people.complete(&sandbox);
        let billed = people.orders.iter().filter(|order| sandbox.netsuite().status(**order) == Some('G')).count();
        let counts = reader.counts().await.unwrap();
        let decided = counts.verdicts.iter().map(|(_, count)| count).sum::<i64>();
        let settled = counts.orders.iter().filter(|(state, _)| *state == OrderState::Settled).map(|(_, count)| count).sum::<i64>();
        let all = usize::try_from(settled).unwrap() == orders + sold && counts.orders.iter().filter(|(_, count)| *count > 0).count() == 1;
        if billed == orders && decided == counts.received && all {
            break;
        }
        assert!(service.is_running(), "it ended by itself:\n{}", shop.log());
        assert!(begun.elapsed() < LONGEST, "{billed} of {orders} billed, {counts:?}\n{}", shop.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    let (netsuite, x_series) = (sandbox.netsuite(), sandbox.x_series());
    for order in &people.orders {
        let number = netsuite.sales_order(*order).unwrap().tran_id;
        let (sales, fulfilments, bills) = (x_series.sales_from(&number), netsuite.fulfilments_of(*order), netsuite.bills_of(*order));
        assert_eq!((sales.len(), fulfilments.len(), bills.len()), (1, 1, 1), "{number}");
        assert_eq!(netsuite.bill_total(bills[0].id).unwrap().0, sales[0].totals().2, "{number}");
    }
    assert_eq!(x_series.sales().len(), orders + sold, "no sale that nobody asked for");
    for (sale, kind) in &people.sold {
        let found = booked(&sandbox, *sale);
        let mut wanted = kind.records().to_vec();
        wanted.sort();
        assert_eq!(found.iter().map(|entry| entry.kind).collect::<Vec<_>>(), wanted, "{sale} {kind:?}: {found:?}");
        let total = x_series.sale(*sale).unwrap().totals().2.abs();
        let bill = found.iter().find(|entry| !matches!(entry.kind, TransactionKind::SalesOrder) && entry.total == Some(total));
        assert!(bill.is_some(), "{sale} {kind:?} comes to {total}: {found:?}");
    }
    let paid_at_the_till = people.orders.iter().step_by(3).count();
    assert_eq!(netsuite.payments().len(), paid_at_the_till, "each payment of a till once");
    let counts = reader.counts().await.unwrap();
    reader.close().await;
    assert_eq!(open_calls(&shop).await, 0, "{:?}", counts.calls);

    let (status, _) = service.terminate().await;
    assert_eq!(status.code(), Some(0));
    assert!(!shop.log().contains("panicked"), "{}", shop.log());
}
