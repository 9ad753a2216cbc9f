//! Several processes over one database: one works for each connection, any of them receives, and none is missed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tillbridge::clock::Clock;
use tillbridge::sandbox::faults::{CallFaults, Faults, SystemFaults};
use tillbridge::sandbox::{SaleState, Sandbox, WebhookTarget};
use tillbridge::store::{CallState, OrderState, Store};

use super::process::{Service, Shop};
use super::world::{CONNECTION, Plan, SECRET, delivery, pickup, till};

const REPLICAS: usize = 3;
/// How long a connection stays with a replica that was killed.
const LEASE: Duration = Duration::from_secs(2);
/// A machine that does much else at once is no failure.
const SLACK: Duration = Duration::from_secs(8);
const LONGEST: Duration = Duration::from_secs(150);

/// Pairs of systems, one for each connection, and replicas that work for all of them.
struct House {
    sandboxes: Vec<Sandbox>,
    shops: Vec<Shop>,
    store: Store,
}

fn connection(n: usize) -> String {
    if n == 0 { CONNECTION.to_owned() } else { format!("acme-{n}") }
}

impl House {
    /// Every connection has systems of its own, whose answers take `slow_ms`.
    async fn of(connections: usize, replicas: usize, slow_ms: (u64, u64)) -> Self {
        let retry = r#"first = "50ms", max = "500ms", attempts = 200, recheck = "2s""#;
        let mut plan = Plan { retry, postgres: true, webhooks: false, ..Plan::default() };
        let slow = CallFaults { slow: 1.0, slow_ms, ..CallFaults::default() };
        let system = SystemFaults { read: slow.clone(), write: slow.clone(), transform: slow, ..SystemFaults::default() };
        plan.sandbox.faults = Faults { netsuite: system.clone(), x_series: system };
        let mut sandboxes = Vec::new();
        for n in 0..connections {
            let mut config = plan.sandbox.clone();
            config.seed += n as u64;
            sandboxes.push(Sandbox::start(config, Clock::System).await.unwrap());
        }
        let mut shops: Vec<Shop> = Vec::new();
        for _ in 0..replicas {
            let shop = Shop::new(&sandboxes[0], &plan).await;
            if let Some(first) = shops.first() {
                let (own, url) = (shop.rows.url.clone(), first.rows.url.clone());
                shop.configure(|text| text.replace(&own, &url));
            }
            shop.configure(|text| {
                let lease = format!("[worker]\nlease = \"1m\"\nconnection_lease = \"{}ms\"\n", LEASE.as_millis());
                let (common, first) = text.split_once("[[connections]]").unwrap();
                let others = sandboxes.iter().enumerate().skip(1).map(|(n, sandbox)| {
                    let own = first.replace(CONNECTION, &connection(n));
                    let own = own.replace(&sandboxes[0].netsuite_url(), &sandbox.netsuite_url());
                    format!("[[connections]]{}\n", own.replace(&sandboxes[0].x_series_url(), &sandbox.x_series_url()))
                });
                let all = format!("{common}[[connections]]{first}\n{}[log]\nfilter = \"info\"\n", others.collect::<String>());
                all.replace("[worker]\n", &lease)
            });
            shops.push(shop);
        }
        shops[0].run(&["migrate"]).await.done();
        for n in 0..connections {
            let publish = ["mapping", "publish", "mappings.toml", "--message", "the test's rules", "--connection", &connection(n)];
            shops[0].run(&publish).await.done();
        }
        let store = Store::open(&shops[0].rows.url, 2, Clock::System).await.unwrap();
        Self { sandboxes, shops, store }
    }

    /// Callbacks go to a replica.
    fn call_back_to(&self, replica: usize) {
        for (n, sandbox) in self.sandboxes.iter().enumerate() {
            let url = format!("{}/webhooks/netsuite/{}", self.shops[replica].url(), connection(n));
            sandbox.netsuite().set_webhook(Some(WebhookTarget { url, secret: SECRET.to_owned() }));
        }
    }

    /// Who has which connection now.
    async fn owners(&self) -> BTreeMap<String, String> {
        let leases = self.store.connection_leases().await.unwrap().into_iter();
        let held = leases.filter(|lease| !lease.owner.is_empty() && lease.expires_at > Clock::System.now());
        held.map(|lease| (lease.connection.to_string(), lease.owner)).collect()
    }

    /// Waits until every connection is had by somebody that `is` accepts, and none has two more than another.
    async fn settle(&self, alive: usize, not: Option<&BTreeSet<String>>) -> Duration {
        let begun = Instant::now();
        loop {
            let owners = self.owners().await;
            let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
            for owner in owners.values() {
                *counts.entry(owner).or_default() += 1;
            }
            let gone = not.is_some_and(|not| owners.values().any(|owner| not.contains(owner)));
            let (most, least) = (counts.values().max().copied(), counts.values().min().copied());
            let even = counts.len() == alive.min(self.sandboxes.len()) && most <= least.map(|least| least + 1);
            if owners.len() == self.sandboxes.len() && !gone && even {
                return begun.elapsed();
            }
            assert!(begun.elapsed() < 2 * (LEASE + SLACK), "it does not come to rest: {owners:?}\n{}", self.logs());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn logs(&self) -> String {
        self.shops.iter().map(Shop::log).collect::<Vec<_>>().join("\n---\n")
    }
}

/// The setting that turns a short test into a long one.
fn rounds(usual: usize) -> usize {
    #[expect(clippy::disallowed_methods, reason = "whoever runs the test says how long")]
    std::env::var("TILLBRIDGE_TEST_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_killed_at_random_lose_nothing_double_nothing_and_hand_their_connections_over() {
    let kills = rounds(5);
    let (connections, per_kill) = (3, 4);
    let house = House::of(connections, REPLICAS, (0, 80)).await;
    let begun = Instant::now();
    let mut random = fastrand::Rng::with_seed(20_261_123);
    let mut services: Vec<Option<Service>> = Vec::new();
    for shop in &house.shops {
        services.push(Some(shop.open().await));
    }
    house.settle(REPLICAS, None).await;
    let mut orders: Vec<(usize, u64)> = Vec::new();
    let mut completed = BTreeSet::new();
    let mut complete = |orders: &[(usize, u64)], random: &mut fastrand::Rng| {
        for (n, order) in orders {
            let sandbox = &house.sandboxes[*n];
            let number = sandbox.netsuite().sales_order(*order).unwrap().tran_id;
            let sales = sandbox.x_series().sales_from(&number);
            let Some(sale) = sales.first().filter(|sale| matches!(sale.state, SaleState::Parked | SaleState::Pending)) else { continue };
            if random.u8(0..3) == 0 && completed.insert((*n, *order)) {
                sandbox.x_series().complete(sale.id, "Card").unwrap();
            }
        }
    };
    let mut cut_off = 0;
    for kill in 0..kills {
        house.call_back_to(random.usize(0..REPLICAS));
        for _ in 0..per_kill {
            let n = orders.len() % connections;
            let new = [till, pickup, delivery][orders.len() % 3]();
            orders.push((n, house.sandboxes[n].netsuite().create_sales_order(&new).unwrap()));
        }
        let until = Instant::now() + Duration::from_millis(random.u64(300..1500));
        while Instant::now() < until {
            complete(&orders, &mut random);
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
        // One that has something, so that something has to move.
        let dies = random.usize(0..REPLICAS);
        services[dies].take().unwrap().kill().await;
        let killed_at = Instant::now();
        let log = house.shops[dies].log();
        let name = log.rsplit_once("replica=").map(|(_, rest)| rest.split_whitespace().next().unwrap().to_owned()).unwrap();
        let counts = house.store.counts().await.unwrap();
        cut_off += counts.orders.iter().filter(|(state, _)| *state == OrderState::Working).map(|(_, count)| *count).sum::<i64>();
        let dead = BTreeSet::from([name.clone()]);
        house.settle(REPLICAS - 1, Some(&dead)).await;
        assert!(killed_at.elapsed() < LEASE + SLACK, "kill {kill}: {:?}", killed_at.elapsed());
        services[dies] = Some(house.shops[dies].open().await);
    }
    assert!(cut_off > 0, "nothing was in hand when replicas were killed: this proves little");
    loop {
        complete(&orders, &mut random);
        let billed = orders.iter().filter(|(n, order)| house.sandboxes[*n].netsuite().status(*order) == Some('G')).count();
        let counts = house.store.counts().await.unwrap();
        let settled = counts.orders.iter().filter(|(state, _)| *state == OrderState::Settled).map(|(_, count)| *count).sum::<i64>();
        let decided = counts.verdicts.iter().map(|(_, count)| count).sum::<i64>();
        if billed == orders.len() && usize::try_from(settled).unwrap() == orders.len() && decided == counts.received {
            break;
        }
        assert!(begun.elapsed() < LONGEST, "{billed} of {} billed, {counts:?}\n{}", orders.len(), house.logs());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for (n, order) in &orders {
        let sandbox = &house.sandboxes[*n];
        let number = sandbox.netsuite().sales_order(*order).unwrap().tran_id;
        let (sales, fulfilments) = (sandbox.x_series().sales_from(&number), sandbox.netsuite().fulfilments_of(*order));
        let bills = sandbox.netsuite().bills_of(*order);
        assert_eq!((sales.len(), fulfilments.len(), bills.len()), (1, 1, 1), "{number} of {n}");
        assert_eq!(sandbox.netsuite().bill_total(bills[0].id).unwrap().0, sales[0].totals().2, "{number} of {n}");
    }
    let sales: usize = house.sandboxes.iter().map(|sandbox| sandbox.x_series().sales().len()).sum();
    assert_eq!(sales, orders.len(), "no sale that nobody asked for");
    let open =
        house.store.counts().await.unwrap().calls.into_iter().filter(|(state, _)| !matches!(state, CallState::Done | CallState::Failed));
    assert_eq!(open.map(|(_, count)| count).sum::<i64>(), 0);
    house.settle(REPLICAS, None).await;
    for service in services.into_iter().flatten() {
        let (status, _) = service.terminate().await;
        assert_eq!(status.code(), Some(0));
    }
    assert!(house.owners().await.is_empty(), "who leaves gives up what it had");
    assert!(!house.logs().contains("panicked"), "{}", house.logs());
    house.store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_refuses_no_request_and_moves_the_connections_at_once() {
    let house = House::of(3, 2, (0, 20)).await;
    let mut services = vec![house.shops[0].open().await, house.shops[1].open().await];
    house.settle(2, None).await;
    // A balancer in front: each request goes over a connection of its own to one replica, and to the other when no connection is made.
    let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let urls: Vec<String> = house.shops.iter().map(Shop::url).collect();
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..4 {
        let (stop, sent, urls) = (Arc::clone(&stop), Arc::clone(&sent), urls.clone());
        clients.spawn(async move {
            let http = tillbridge::net::http::Http::new(Duration::from_secs(10)).unwrap();
            let mut n = client;
            while !stop.load(Ordering::SeqCst) {
                n += 1;
                let mut answered = false;
                for url in [&urls[n % 2], &urls[(n + 1) % 2]] {
                    match http.get(format!("{url}/healthz")).header("connection", "close").send().await {
                        Ok(answer) => {
                            assert_eq!(answer.status().as_u16(), 200, "{url}");
                            answered = true;
                            break;
                        }
                        // A door that is closed is another's to answer. So is a connection that was made in the instant it closed, which
                        // the machine cuts: a balancer asks the next one, as long as no answer has begun.
                        Err(error) => assert!(error.is_connect() || error.is_request(), "{url} broke off its answer: {error:?}"),
                    }
                }
                assert!(answered, "both were closed");
                sent.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
    }
    for round in 0..rounds(2) {
        let at = round % 2;
        let before = house.owners().await;
        let leaving = services.remove(at);
        let terminated = Instant::now();
        let (status, _) = leaving.terminate().await;
        assert_eq!(status.code(), Some(0));
        house.settle(1, None).await;
        assert!(terminated.elapsed() < LEASE + SLACK);
        assert_ne!(house.owners().await, before, "what it had moved");
        services.insert(at, house.shops[at].open().await);
        house.settle(2, None).await;
    }
    stop.store(true, Ordering::SeqCst);
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
    assert!(sent.load(Ordering::SeqCst) > 100, "too few requests to prove anything");
    for service in services {
        service.terminate().await;
    }
    house.store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_that_start_at_once_on_an_empty_database_all_serve() {
    let house = House::of(1, REPLICAS, (0, 0)).await;
    let fresh = crate::postgres::Schema::new().await;
    for shop in &house.shops {
        shop.configure(|text| text.replace(&house.shops[0].rows.url, &fresh.url));
    }
    let services = futures_util::future::join_all(house.shops.iter().map(Shop::open)).await;
    for service in services {
        let (status, _) = service.terminate().await;
        assert_eq!(status.code(), Some(0));
    }
    house.store.close().await;
}
