//! The answers to what a sale of the till asks, against both simulated systems.

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::Decimal;
use tempfile::TempDir;

use super::{Engine, Side};
use crate::app;
use crate::clock::Clock;
use crate::config::{Config, Environment};
use crate::domain::bookings::{Place, RecordLine, RecordRequest};
use crate::domain::facts::{Answers, List, Original, Question, TillCustomerFacts};
use crate::domain::ids::{ConnectionId, OrderId, RecordId, SaleId};
use crate::domain::keys;
use crate::domain::record::{Money, RecordKind};
use crate::domain::reference::TillItem;
use crate::domain::verdict::{Reason, Verdict};
use crate::sandbox::config::DEFAULT_PRIVATE_KEY_PEM;
use crate::sandbox::{ItemKind, NewCustomer, NewItem, NewSale, NewSalesOrder, SaleState, Sandbox, SandboxConfig};
use crate::store::{ClaimRequest, Dedupe, End, EventSource, Link, NewEvent, OrderRef, OrderState, PassResult, Received, Store};

const CONNECTION: &str = "acme-nz";

/// Both systems, a store, and the engine between them; nothing runs by itself.
struct Bench {
    sandbox: Sandbox,
    engine: Engine,
    store: Store,
    side: Arc<Side>,
    _folder: TempDir,
}

impl Bench {
    async fn start() -> Self {
        let sandbox = Sandbox::start(SandboxConfig::default(), Clock::System).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("netsuite.pem"), DEFAULT_PRIVATE_KEY_PEM).unwrap();
        let text = include_str!("../../tests/it/both_systems.toml")
            .replace("{database}", &folder.path().join("tillbridge.db").display().to_string())
            .replace("{account}", &SandboxConfig::default().netsuite.account_id)
            .replace("{netsuite}", &sandbox.netsuite_url())
            .replace("{x_series}", &sandbox.x_series_url());
        let config = Config::parse(&text, &folder.path().join("tillbridge.toml"), &Environment::new()).unwrap();
        let store = app::open_store(&config, Clock::System, true).await.unwrap();
        let side = app::side(&config, &config.connections[0], &store, &Clock::System).unwrap();
        let engine = Engine::new(store.clone(), [Arc::clone(&side)], config.retry.clone(), Clock::System);
        Self { sandbox, engine, store, side, _folder: folder }
    }

    async fn ask(&self, question: Question) -> Answers {
        let mut answers = Answers::default();
        Box::pin(self.engine.answer(&self.side, question, &mut answers)).await.unwrap();
        answers
    }

    fn product(&self, sku: &str) -> String {
        self.sandbox.x_series().product(sku).unwrap().id.to_string()
    }

    fn item(&self, sku: &str) -> String {
        self.sandbox.netsuite().item(sku).unwrap().id.to_string()
    }

    async fn till_item(&self, product: &str) -> TillItem {
        let question = Question::TillItems { products: vec![product.to_owned()], sku_field: "itemId".to_owned() };
        self.ask(question).await.till_items.unwrap().remove(product).unwrap()
    }

    async fn till_customer(&self, id: &str) -> TillCustomerFacts {
        self.ask(Question::TillCustomer(id.to_owned())).await.till_customer.unwrap()
    }

    async fn original(&self, sale: &SaleId) -> Original {
        self.ask(Question::Original(sale.clone())).await.original.unwrap()
    }

    fn ring_up(&self) -> SaleId {
        let new = NewSale {
            register: "Ponsonby 1".to_owned(),
            customer: None,
            lines: vec![("MUG-ENAMEL".to_owned(), Decimal::ONE)],
            state: SaleState::Closed,
            attributes: vec![],
            payment_type: Some("Cash".to_owned()),
        };
        SaleId::new(self.sandbox.x_series().ring_up(&new).unwrap().to_string())
    }

    /// The order of a sale, due now.
    async fn receive(&self, sale: &SaleId) -> OrderId {
        let event = NewEvent {
            connection: ConnectionId::from(CONNECTION),
            source: EventSource::Operator,
            kind: "sale.update".to_owned(),
            order: Some(OrderRef::XSeries(sale.clone())),
            dedupe: Dedupe::Never,
            body: vec![],
            due_at: Clock::System.now(),
            verdict: None,
        };
        match self.store.receive(event).await.unwrap() {
            Received::New { order_id: Some(order), .. } => order,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_product_is_the_item_with_its_sku_until_what_is_kept_is_let_go() {
    let bench = Bench::start().await;
    let (mug, kit) = (bench.product("MUG-ENAMEL"), bench.product("KIT-WEEKEND"));
    let found = bench.till_item(&mug).await;
    assert_eq!(found.product.unwrap().sku.as_deref(), Some("MUG-ENAMEL"));
    assert_eq!(found.items.iter().map(|item| item.id.clone()).collect::<Vec<_>>(), [bench.item("MUG-ENAMEL")]);
    let members = bench.till_item(&kit).await.items[0].members.iter().map(|member| member.quantity).collect::<Vec<_>>();
    assert_eq!(members.iter().sum::<Decimal>(), Decimal::from(4), "a pack, two bottles, a lamp");

    bench.sandbox.netsuite().set_item_inactive("MUG-ENAMEL", true).unwrap();
    assert_eq!(bench.till_item(&mug).await.items.len(), 1, "it is known for a while");
    bench.side.forget_what_holds(Reason::Unresolved);
    assert!(bench.till_item(&mug).await.items.is_empty(), "inactive items are left out");
    bench.sandbox.netsuite().set_item_inactive("MUG-ENAMEL", false).unwrap();
    assert_eq!(bench.till_item(&mug).await.items.len(), 1, "that it is not there is asked again each time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pair_stands_above_the_sku_and_tracked_members_are_seen() {
    let bench = Bench::start().await;
    let set = NewItem {
        sku: "SAFETY-SET".to_owned(),
        name: "Safety set".to_owned(),
        kind: ItemKind::Kit,
        price: Decimal::from(500),
        taxable: true,
        members: vec![("BEACON-PLB".to_owned(), Decimal::ONE), ("MEAL-LAMB".to_owned(), Decimal::TWO)],
        stock: Decimal::ZERO,
    };
    let kit = bench.sandbox.netsuite().add_item(&set).unwrap().to_string();
    let mug = bench.product("MUG-ENAMEL");
    bench.store.set_pair(&CONNECTION.into(), "item", &kit, &mug).await.unwrap();
    let found = bench.till_item(&mug).await;
    assert_eq!((found.items.len(), found.items[0].id.as_str()), (1, kit.as_str()));
    assert!(found.items[0].has_tracked_members());
    assert!(!bench.till_item(&bench.product("KIT-WEEKEND")).await.items[0].has_tracked_members());
    assert!(bench.till_item(&bench.product("GPS-WATCH")).await.items[0].is_tracked());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_product_that_nobody_knows_has_no_item() {
    let bench = Bench::start().await;
    let gone = bench.till_item("0e4a1f3c-0000-4000-8000-000000000000").await;
    assert_eq!(gone, TillItem::default());
    let only_here = bench.sandbox.x_series().add_product("TILL-ONLY", "Card", Decimal::ONE, "GST").unwrap().to_string();
    let found = bench.till_item(&only_here).await;
    assert!(found.product.is_some() && found.items.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_is_known_by_mail_and_from_then_on_by_the_pair() {
    let bench = Bench::start().await;
    let (netsuite, x_series) = (bench.sandbox.netsuite(), bench.sandbox.x_series());
    let aroha = netsuite.customer("aroha.ngata@example.com").unwrap().id.to_string();
    let at_till = x_series.customers().into_iter().find(|customer| customer.code == "AROHA-N201").unwrap().id.to_string();
    let found = bench.till_customer(&at_till).await;
    assert_eq!((found.linked.as_deref(), found.matches.len()), (Some(aroha.as_str()), 1));
    assert_eq!(bench.store.pair_by_x_series(&CONNECTION.into(), "customer", &at_till).await.unwrap().as_deref(), Some(aroha.as_str()));
    let again = bench.till_customer(&at_till).await;
    assert_eq!((again.linked.as_deref(), again.till), (Some(aroha.as_str()), None), "nobody was asked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_who_was_merged_or_taken_out_of_use_is_no_partner_any_more() {
    let bench = Bench::start().await;
    let (netsuite, x_series) = (bench.sandbox.netsuite(), bench.sandbox.x_series());
    let aroha = netsuite.customer("aroha.ngata@example.com").unwrap().id;
    let at_till = x_series.customers().into_iter().find(|customer| customer.code == "AROHA-N201").unwrap().id.to_string();
    bench.till_customer(&at_till).await;
    netsuite.set_customer_inactive(aroha, true).unwrap();
    assert!(bench.till_customer(&at_till).await.linked.is_some(), "it is known for a while");
    bench.side.forget_what_holds(Reason::Refused);
    let found = bench.till_customer(&at_till).await;
    let aroha = aroha.to_string();
    assert_eq!((found.linked, found.let_go.as_ref(), found.inactive.as_ref()), (None, Some(&aroha), Some(&aroha)));
    assert_eq!((found.matches.len(), found.gone), (0, 0));

    let again = NewCustomer { last_name: "Ngata".into(), email: "aroha.ngata@example.com".into(), ..NewCustomer::default() };
    let again = netsuite.add_customer(&again);
    assert_eq!(bench.till_customer(&at_till).await.linked, Some(again.to_string()));
    let last = NewCustomer { last_name: "Ngata".into(), email: "aroha.ngata@example.com".into(), ..NewCustomer::default() };
    let last = netsuite.add_customer(&last);
    netsuite.merge_customers(again, last).unwrap();
    bench.side.forget_what_holds(Reason::Refused);
    let found = bench.till_customer(&at_till).await;
    assert_eq!((found.linked, found.let_go, found.inactive), (Some(last.to_string()), Some(again.to_string()), None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_item_that_is_not_in_use_any_more_is_no_partner_of_its_product() {
    let bench = Bench::start().await;
    let (mug, socks) = (bench.product("MUG-ENAMEL"), bench.item("SOCKS-HIKER"));
    bench.store.set_pair(&CONNECTION.into(), "item", &socks, &mug).await.unwrap();
    assert_eq!(bench.till_item(&mug).await.items[0].id, socks);
    bench.sandbox.netsuite().set_item_inactive("SOCKS-HIKER", true).unwrap();
    bench.side.forget_what_holds(Reason::Unresolved);
    assert_eq!(bench.till_item(&mug).await.items[0].id, bench.item("MUG-ENAMEL"), "it is known by its SKU again");
    assert_eq!(bench.store.pair_by_x_series(&CONNECTION.into(), "item", &mug).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_customers_with_one_mail_are_for_a_person_to_tell_apart() {
    let bench = Bench::start().await;
    let (netsuite, x_series) = (bench.sandbox.netsuite(), bench.sandbox.x_series());
    for first_name in ["Rua", "Rewi"] {
        let twin = NewCustomer {
            first_name: first_name.to_owned(),
            last_name: "Hall".to_owned(),
            email: "hall@example.com".to_owned(),
            ..NewCustomer::default()
        };
        netsuite.add_customer(&twin);
    }
    let hall = x_series.add_customer("HALL-1", "R", "Hall", "Hall@Example.com").to_string();
    let found = bench.till_customer(&hall).await;
    assert_eq!((found.linked, found.matches.len()), (None, 2));
    assert_eq!(bench.store.pair_by_x_series(&CONNECTION.into(), "customer", &hall).await.unwrap(), None);
    let stranger = x_series.add_customer("NEW-1", "Nia", "Moana", "nia@example.com").to_string();
    let found = bench.till_customer(&stranger).await;
    assert_eq!((found.till.unwrap().first_name.as_deref(), found.linked, found.matches.len()), (Some("Nia"), None, 0));
    assert_eq!(bench.till_customer("0e4a1f3c-0000-4000-8000-000000000000").await, TillCustomerFacts::default());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_that_is_a_number_in_netsuite_names_the_customer() {
    let bench = Bench::start().await;
    let known = bench.sandbox.netsuite().customer("club@example.com").unwrap();
    let at_till = bench.sandbox.x_series().add_customer(&known.entity_id, "Kate", "Morrow", "").to_string();
    assert_eq!(bench.till_customer(&at_till).await.linked, Some(known.id.to_string()));
    let named = bench.ask(Question::CustomersNamed("tramping club".to_owned())).await.named_customers;
    assert_eq!(named["tramping club"], [known.id.to_string()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_tax_codes_and_periods_are_read_and_a_closed_period_is_let_go() {
    let bench = Bench::start().await;
    assert!(!bench.ask(Question::Names(List::Subsidiary)).await.names[&List::Subsidiary].is_empty());
    let codes = bench.ask(Question::TaxCodes).await.tax_codes.unwrap();
    assert!(codes.iter().any(|code| code.name == "GST:S-NZ"), "{codes:?}");
    let today = bench.sandbox.netsuite().today();
    let is_open = async || {
        let periods = bench.ask(Question::Periods).await.periods.unwrap();
        periods.iter().any(|period| period.start <= today && today <= period.end && !period.closed)
    };
    assert!(is_open().await);
    bench.sandbox.netsuite().set_period_closed(today, true);
    assert!(is_open().await, "it is known for a while");
    bench.side.forget_what_holds(Reason::PeriodClosed);
    assert!(!is_open().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_taken_back_is_under_way_until_its_order_rests() {
    let bench = Bench::start().await;
    let sale = bench.ring_up();
    let id = ConnectionId::from(CONNECTION);
    let read_up_to = async |version: i64| {
        bench.store.set_cursor(&id, super::SALES, &serde_json::json!({ "version": version, "history": [] })).await.unwrap();
    };
    // The change feed is past it: it is older than the connection.
    read_up_to(i64::MAX).await;
    let unknown = bench.original(&sale).await;
    assert_eq!(unknown.sale.as_ref().map(|sale| sale.id.clone()), Some(sale.clone()));
    assert!(!unknown.under_way && !unknown.known && unknown.order.is_none() && unknown.booked.is_empty());
    assert!(bench.store.find_orders(sale.as_str()).await.unwrap().is_empty());
    // Otherwise it comes first, once.
    read_up_to(0).await;
    for known in [false, true] {
        let begun = bench.original(&sale).await;
        assert_eq!((begun.under_way, begun.known), (true, known));
    }
    let rows = bench.store.find_orders(sale.as_str()).await.unwrap();
    assert_eq!(rows.iter().map(|row| (row.state, row.enqueued_seq)).collect::<Vec<_>>(), [(OrderState::Due, 1)]);

    let order = bench.receive(&sale).await;
    assert!(bench.original(&sale).await.under_way, "due");
    let request = ClaimRequest { owner: "test".to_owned(), limit: 1, lease: std::time::Duration::from_mins(1), connections: vec![] };
    let claimed = bench.store.claim(&request).await.unwrap().remove(0);
    assert_eq!(claimed.lease.order_id, order);
    assert!(bench.original(&sale).await.under_way, "in a worker's hands");

    let new = NewSalesOrder::of("aroha.ngata@example.com", "Ponsonby", [("MUG-ENAMEL", Decimal::ONE, Decimal::TEN)]);
    let sales_order = bench.sandbox.netsuite().create_sales_order(&new).unwrap();
    let link = Link { netsuite_id: Some(sales_order.to_string().into()), x_series_id: Some(sale.clone()), ..Link::default() };
    let verdict = Verdict::synced(Reason::AlreadyComplete, "done");
    let end = End::Verdict { verdict, state: OrderState::Settled, hold: None, recheck_at: None };
    let result = PassResult { end, link, revision: None, aliases: vec![], explanation: serde_json::Value::Null };
    bench.store.finish(&claimed, result).await.unwrap();
    let settled = bench.original(&sale).await;
    assert!(!settled.under_way);
    assert_eq!(settled.order.unwrap().id.as_str(), sales_order.to_string());
    bench.receive(&sale).await;
    assert!(bench.original(&sale).await.under_way, "something of it may be booked, and the rest follows");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_taken_back_is_under_way_while_the_rest_of_it_is_booked_and_what_no_search_shows_is_not_gone() {
    let bench = Bench::start().await;
    let sale = bench.ring_up();
    bench.receive(&sale).await;
    let line = RecordLine {
        key: "l1".to_owned(),
        item: bench.item("MUG-ENAMEL"),
        quantity: Some(Decimal::ONE),
        rate: Decimal::TEN,
        amount: Decimal::TEN,
        description: None,
        inventory: vec![],
        received: vec![],
        bin: None,
        tax: None,
        product: None,
    };
    let request = RecordRequest {
        record: RecordKind::SalesOrder,
        external_id: keys::booking_key(RecordKind::SalesOrder, &CONNECTION.into(), &sale),
        customer: bench.sandbox.netsuite().customer("aroha.ngata@example.com").unwrap().id.to_string(),
        date: None,
        reference: None,
        memo: None,
        place: Place { location: Some("1".to_owned()), ..Place::default() },
        payment_method: None,
        account: None,
        custom: BTreeMap::new(),
        lines: vec![line],
        tax_override: false,
        apply: vec![],
        witness: None,
    };
    let made = bench.side.netsuite.book(&request).await.unwrap();
    let original = bench.original(&sale).await;
    assert!(original.under_way && !original.booked.is_empty());

    // What no search shows is there as long as it can be read by its id.
    bench.sandbox.netsuite().set_unsearchable(made.as_str().parse().unwrap(), true);
    let both = [made.clone(), "999999".into()].map(|id| (RecordKind::SalesOrder, id)).to_vec();
    let payments = bench.ask(Question::Payments(both)).await.payments;
    assert_eq!(payments[&made], Some(Money::untold(made)));
    assert_eq!(payments[&RecordId::from("999999")], None);
}
