//! Both simulated systems and the service in one process, with one line for each thing that people do.

use std::time::{Duration, Instant};

use rust_decimal::Decimal;
use serde_json::Value;
use tempfile::TempDir;
use tillbridge::app::{self, Options, Running};
use tillbridge::clock::Clock;
use tillbridge::config::{Config, Environment};
use tillbridge::http::{Listeners, bind, hash};
use tillbridge::net::http::Http;
use tillbridge::sandbox::config::DEFAULT_PRIVATE_KEY_PEM;
use tillbridge::sandbox::{
    Bill, Form, Fulfilment, NetSuiteHandle, NewSalesOrder, Sale, SaleState, Sandbox, SandboxConfig, WebhookTarget, XSeriesHandle,
};
use tillbridge::store::{CallState, OAuthTokens, OrderRow, OrderState, Role, Store, TokenRow};
use uuid::Uuid;

use crate::postgres::Schema;

/// The connection.
pub const CONNECTION: &str = "acme-nz";
/// What its callbacks are signed with.
pub const SECRET: &str = "whsec_ZmxvdyB0ZXN0cyBzaWduIHdpdGggdGhpcyBrZXk=";
/// The rules most tests send by.
pub const MAPPINGS: &str = include_str!("mappings.toml");

/// How long anything may take: generous, as a slow machine is no failure.
const PATIENCE: Duration = Duration::from_mins(1);
/// What a pass ends with that sees a sale just as we wrote it.
const ECHO: &str = "ignored(echo)";
const LOOK: Duration = Duration::from_millis(25);

/// How the world differs from the usual one.
pub struct Plan {
    pub mappings: String,
    pub sandbox: SandboxConfig,
    /// Keys of `[connections.netsuite]`, where `auth` is not the usual one.
    pub netsuite_auth: String,
    /// As above.
    pub x_series_auth: String,
    /// The key that the service signs its assertions with, as `netsuite.pem`.
    pub private_key: &'static str,
    /// The first X-Series refresh token, as `tillbridge connect` stores it.
    pub refresh_token: Option<&'static str>,
    /// Neither side posts anything when this is off.
    pub webhooks: bool,
    pub retry: &'static str,
    pub poll_interval: &'static str,
    pub debounce: &'static str,
    /// The rows are in a Postgres schema of their own, and not in a file.
    pub postgres: bool,
}

impl Default for Plan {
    fn default() -> Self {
        let mut sandbox = SandboxConfig::default();
        // As many requests as any test needs: the budget has tests of its own.
        sandbox.x_series.registers = 100;
        Self {
            mappings: MAPPINGS.to_owned(),
            sandbox,
            netsuite_auth: r#"{ type = "oauth2_m2m", client_id = "sandbox-client", certificate_id = "sandbox-certificate", private_key = "file:netsuite.pem", algorithm = "ES256" }"#.to_owned(),
            x_series_auth: r#"{ type = "personal_token", token = "sandbox-personal-token" }"#.to_owned(),
            private_key: DEFAULT_PRIVATE_KEY_PEM,
            refresh_token: None,
            webhooks: true,
            retry: r#"first = "50ms", max = "400ms", attempts = 40, recheck = "10m""#,
            poll_interval: "1s",
            debounce: "50ms",
            postgres: false,
        }
    }
}

impl Plan {
    /// With other rules.
    pub fn mappings(mut self, change: impl FnOnce(&str) -> String) -> Self {
        self.mappings = change(MAPPINGS);
        self
    }

    /// With a setting above the rules.
    pub fn setting(self, line: &str) -> Self {
        let line = line.to_owned();
        self.mappings(|usual| format!("{line}\n{usual}"))
    }

    /// With other simulated systems.
    pub fn sandbox(mut self, change: impl FnOnce(&mut SandboxConfig)) -> Self {
        change(&mut self.sandbox);
        self
    }

    pub async fn start(self) -> World {
        World::of(self).await
    }
}

/// Both systems and the service. [`World::end`] has to be called: it is what checks that everything adds up.
pub struct World {
    pub sandbox: Sandbox,
    pub client: Http,
    /// The service, unless it is stopped.
    running: Option<Running>,
    /// Its configuration.
    text: String,
    folder: TempDir,
    _rows: Rows,
    ended: bool,
}

/// Where a service keeps its rows.
pub struct Rows {
    pub url: String,
    _schema: Option<Schema>,
}

impl Rows {
    /// An empty place.
    pub async fn of(plan: &Plan, folder: &std::path::Path) -> Self {
        if plan.postgres {
            let schema = Schema::new().await;
            Self { url: schema.url.clone(), _schema: Some(schema) }
        } else {
            Self { url: format!("sqlite://{}", folder.join("tillbridge.db").display()), _schema: None }
        }
    }
}

/// A running service's configuration as text.
pub fn configuration(plan: &Plan, address: &str, database: &str, netsuite: &str, x_series: &str) -> String {
    let public_url = if plan.webhooks { format!("http://{address}") } else { String::new() };
    format!(
        r#"
[server]
listen = "{address}"
public_url = "{public_url}"

[database]
url = "{database}"

[worker]
poll = "200ms"

[retry]
{retry}

[poll]
x_series_interval = "{interval}"
netsuite_interval = "{interval}"
overlap = "20s"
netsuite_lag = "1s"

[net]
debounce = "{debounce}"
x_series_timeout = "5s"
netsuite_timeout = "5s"

[[connections]]
id = "{CONNECTION}"

[connections.netsuite]
account_id = "{account}"
base_url = "{netsuite}"
webhook_secrets = ["{SECRET}"]
concurrency = 4
timezone = "Pacific/Auckland"
auth = {netsuite_auth}

[connections.x_series]
domain_prefix = "sandbox"
base_url = "{x_series}"
registers = 100
auth = {x_series_auth}
webhook = {{ verify = "signature", secrets = ["sandbox-app-secret"] }}
"#,
        retry = plan.retry.replace(", ", "\n"),
        interval = plan.poll_interval,
        debounce = plan.debounce,
        account = plan.sandbox.netsuite.account_id,
        netsuite_auth = plan.netsuite_auth,
        x_series_auth = plan.x_series_auth,
    )
}

/// Makes one token for each role: its word.
pub async fn tokens(store: &Store) {
    for role in [Role::Viewer, Role::Operator, Role::Admin] {
        let row = TokenRow { id: role.word().to_owned(), name: format!("{} Ann", role.word()), role, created_at: Clock::System.now() };
        store.create_token(&row, &hash(role.word())).await.unwrap();
    }
}

impl World {
    /// The usual world.
    pub async fn start() -> Self {
        Self::of(Plan::default()).await
    }

    async fn of(mut plan: Plan) -> Self {
        let main = bind("127.0.0.1:0").await.unwrap();
        let address = main.local_addr().unwrap().to_string();
        if plan.webhooks {
            let url = format!("http://{address}/webhooks/netsuite/{CONNECTION}");
            plan.sandbox.netsuite.webhook = Some(WebhookTarget { url, secret: SECRET.to_owned() });
        }
        let sandbox = Sandbox::start(plan.sandbox.clone(), Clock::System).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("netsuite.pem"), plan.private_key).unwrap();
        let rows = Rows::of(&plan, folder.path()).await;
        let text = configuration(&plan, &address, &rows.url, &sandbox.netsuite_url(), &sandbox.x_series_url());
        let config = Config::parse(&text, &folder.path().join("tillbridge.toml"), &Environment::new()).unwrap();
        let store = app::open_store(&config, Clock::System, true).await.unwrap();
        tokens(&store).await;
        store.publish(&CONNECTION.into(), &plan.mappings, "the test's rules", "tests").await.unwrap();
        if let Some(refresh_token) = plan.refresh_token {
            let (access_token, expires_at) = (String::new(), Clock::System.now());
            let tokens = OAuthTokens { generation: 1, access_token, expires_at, refresh_token: refresh_token.to_owned() };
            assert!(store.save_oauth_tokens(&CONNECTION.into(), None, &tokens).await.unwrap());
        }
        store.close().await;
        let listeners = Listeners { main, metrics: None };
        let running = app::start(config, Options { migrate: true }, Some(listeners), Clock::System).await.unwrap();
        let client = tillbridge::net::http::Http::new(Duration::from_secs(30)).unwrap();
        let world = Self { sandbox, client, running: Some(running), text, folder, _rows: rows, ended: false };
        if plan.webhooks {
            // Without its subscription X-Series would not tell of the first sales.
            world.wait("the webhook subscription is made", || !world.x_series().subscriptions().is_empty()).await;
        }
        world
    }

    /// Stops the service and starts it again over the same database, at the same address.
    pub async fn restart(&mut self) {
        let running = self.running.take().unwrap();
        let address = running.address.to_string();
        running.stop().await.unwrap();
        let config = Config::parse(&self.text, &self.folder.path().join("tillbridge.toml"), &Environment::new()).unwrap();
        let listeners = Listeners { main: bind(&address).await.unwrap(), metrics: None };
        self.running = Some(app::start(config, Options { migrate: false }, Some(listeners), Clock::System).await.unwrap());
    }

    pub fn netsuite(&self) -> &NetSuiteHandle {
        self.sandbox.netsuite()
    }

    pub fn x_series(&self) -> &XSeriesHandle {
        self.sandbox.x_series()
    }

    pub fn store(&self) -> &Store {
        &self.running.as_ref().unwrap().store
    }

    /// Waits until something on either side is so.
    pub async fn wait(&self, what: &str, is: impl Fn() -> bool) {
        let until = Instant::now() + PATIENCE;
        while !is() {
            assert!(Instant::now() < until, "never came about: {what}\n{}", self.rows().await);
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Enters a sales order.
    #[expect(clippy::needless_pass_by_value, reason = "an order is written where it is entered")]
    pub fn enter(&self, order: NewSalesOrder) -> u64 {
        self.netsuite().create_sales_order(&order).unwrap()
    }

    /// The row of a sales order.
    pub async fn row(&self, order: u64) -> Option<OrderRow> {
        let rows = self.store().find_orders(&order.to_string()).await.unwrap();
        rows.into_iter().find(|row| row.link.netsuite_id.as_ref().is_some_and(|id| id.as_str() == order.to_string()))
    }

    /// Waits until the row of a sales order rests as `verdict(reason)`; what X-Series tells of our own writes changes nothing of it.
    pub async fn rests(&self, order: u64, ended: &str) -> OrderRow {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(row) = self.row(order).await.filter(at_rest)
                && (verdict(&row) == ended || verdict(&row) == ECHO && self.before_echoes(&row).await.as_deref() == Some(ended))
            {
                return row;
            }
            assert!(Instant::now() < until, "sales order {order} never rested as {ended}\n{}", self.rows().await);
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until the row of a sale of the till rests as `verdict(reason)`.
    pub async fn sale_rests(&self, sale: Uuid, ended: &str) -> OrderRow {
        let until = Instant::now() + PATIENCE;
        loop {
            let rows = self.store().find_orders(&sale.to_string()).await.unwrap();
            let row = rows.into_iter().find(|row| row.link.x_series_id.as_ref().is_some_and(|id| id.as_str() == sale.to_string()));
            if let Some(row) = row.filter(|row| at_rest(row) && verdict(row) == ended) {
                return row;
            }
            assert!(Instant::now() < until, "sale {sale} never rested as {ended}\n{}", self.rows().await);
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The verdict of the newest pass that was no echo.
    async fn before_echoes(&self, row: &OrderRow) -> Option<String> {
        let passes = self.store().passes(&row.id, 50).await.unwrap();
        let verdicts = passes.iter().filter_map(|pass| Some(format!("{}({})", pass.verdict?.word(), pass.reason.as_deref()?)));
        verdicts.into_iter().find(|verdict| verdict != ECHO)
    }

    /// Waits until the row of a sales order is so.
    pub async fn until(&self, order: u64, what: &str, is: impl Fn(&OrderRow) -> bool) -> OrderRow {
        let until = Instant::now() + PATIENCE;
        loop {
            let row = self.row(order).await;
            if let Some(row) = row.filter(|row| is(row)) {
                return row;
            }
            assert!(Instant::now() < until, "sales order {order} never was {what}\n{}", self.rows().await);
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The one sale of a sales order.
    pub fn sale(&self, order: u64) -> Sale {
        let number = self.netsuite().sales_order(order).unwrap().tran_id;
        let mut sales = self.x_series().sales_from(&number);
        assert_eq!(sales.len(), 1, "{number} has {} sales", sales.len());
        sales.remove(0)
    }

    /// The cashier completes the sale of a sales order.
    pub fn complete(&self, order: u64, tender: &str) {
        self.x_series().complete(self.sale(order).id, tender).unwrap();
    }

    /// Waits until everything that was told of a sales order so far is handled, whatever came of it.
    pub async fn handled(&self, order: u64, beyond: i64) -> OrderRow {
        self.until(order, "handled", |row| row.handled_seq > beyond && row.handled_seq == row.enqueued_seq && at_rest(row)).await
    }

    /// A sales order goes to the till, is completed there, and comes back.
    pub async fn through(&self, new: NewSalesOrder, waits: &str, tender: &str) -> u64 {
        let order = self.enter(new);
        self.rests(order, waits).await;
        self.complete(order, tender);
        self.rests(order, "synced(fulfilled_and_billed)").await;
        order
    }

    /// A sales order has one closed sale, one fulfilment and one bill of its total, and is billed.
    pub fn is_billed_once(&self, order: u64) -> (Sale, Fulfilment, Bill) {
        let sale = self.sale(order);
        let (mut fulfilments, mut bills) = (self.netsuite().fulfilments_of(order), self.netsuite().bills_of(order));
        assert_eq!((sale.state, fulfilments.len(), bills.len()), (SaleState::Closed, 1, 1), "sales order {order}");
        assert_eq!(self.netsuite().status(order), Some('G'), "sales order {order}");
        let total = self.netsuite().total(order).unwrap();
        assert_eq!(self.netsuite().bill_total(bills[0].id).unwrap().0, total);
        assert_eq!(sale.totals().2, total);
        (sale, fulfilments.remove(0), bills.remove(0))
    }

    pub async fn get(&self, path: &str, token: &str) -> (u16, Value) {
        answer(self.client.get(self.url(path)).bearer_auth(token)).await
    }

    pub async fn post(&self, path: &str, body: &Value, token: &str) -> (u16, Value) {
        answer(self.client.post(self.url(path)).bearer_auth(token).json(body)).await
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.as_ref().unwrap().address)
    }

    /// What both systems hold, to be compared with later.
    pub fn holdings(&self) -> String {
        let sales = self.x_series().sales().into_iter().map(|sale| (sale.id, sale.version)).collect::<Vec<_>>();
        format!("{:?} {sales:?}", self.netsuite().counts())
    }

    /// Every order and why it is as it is, for a failed assertion.
    async fn rows(&self) -> String {
        let rows = self.store().orders(&tillbridge::store::OrderFilter::default(), None, 50).await.unwrap().items;
        let rows = rows.iter().map(|row| {
            let id = row.link.netsuite_id.as_ref().map_or("-", |id| id.as_str());
            let detail = row.detail.as_deref().unwrap_or("-");
            format!("{id} {} {} attempt {} {}/{}: {detail}", row.state.word(), verdict(row), row.attempt, row.handled_seq, row.enqueued_seq)
        });
        rows.collect::<Vec<_>>().join("\n")
    }

    /// Everything comes to rest, the verdict counts add up, no order is left due or in hand, no call is left open.
    pub async fn end(mut self) {
        self.ended = true;
        let until = Instant::now() + PATIENCE;
        loop {
            let counts = self.store().counts().await.unwrap();
            let undecided = counts.received - counts.verdicts.iter().map(|(_, count)| count).sum::<i64>();
            let busy = |state: OrderState| matches!(state, OrderState::Due | OrderState::Working);
            let in_hand = counts.orders.iter().filter(|(state, _)| busy(*state)).map(|(_, count)| count).sum::<i64>();
            let settled = |state: CallState| matches!(state, CallState::Done | CallState::Failed);
            let open_calls = counts.calls.iter().filter(|(state, _)| !settled(*state)).map(|(_, count)| count).sum::<i64>();
            if (undecided, in_hand, open_calls) == (0, 0, 0) {
                break;
            }
            let left = format!("{undecided} events without a verdict, {in_hand} orders in hand, {open_calls} calls open");
            assert!(Instant::now() < until, "{left}\n{}", self.rows().await);
            tokio::time::sleep(LOOK).await;
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        assert!(self.ended || std::thread::panicking(), "a test did not end its world, so nothing checked that it adds up");
    }
}

async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().await.unwrap()).unwrap_or_default())
}

/// `verdict(reason)` of a row's last pass.
pub fn verdict(row: &OrderRow) -> String {
    format!("{}({})", row.verdict.map_or("undecided", |kind| kind.word()), row.reason.as_deref().unwrap_or("-"))
}

pub fn at_rest(row: &OrderRow) -> bool {
    let held_up = row.state == OrderState::Held;
    !matches!(row.state, OrderState::Due | OrderState::Working) && (held_up || row.handled_seq == row.enqueued_seq)
}

/// Decimal from text.
pub fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// An approved order of two scarves and a mug, to be sent.
pub fn goods() -> NewSalesOrder {
    of(&[("SCARF-MERINO", "2", "43.04"), ("MUG-ENAMEL", "1", "13.04")])
}

/// An approved order of SKU, quantity and price, to be sent.
pub fn of(lines: &[(&'static str, &str, &str)]) -> NewSalesOrder {
    let lines = lines.iter().map(|(sku, quantity, price)| (*sku, dec(quantity), dec(price))).collect::<Vec<_>>();
    NewSalesOrder::of("Aroha Ngata", "Ponsonby", lines).with("custbody_tillbridge_send", true)
}

/// To be paid at the till; billed by an invoice.
pub fn till() -> NewSalesOrder {
    NewSalesOrder { terms: Some("Due on receipt".to_owned()), ..goods() }
}

/// Paid, to be picked up; billed by a cash sale.
pub fn pickup() -> NewSalesOrder {
    as_pickup(goods())
}

/// As a pickup that is paid.
pub fn as_pickup(order: NewSalesOrder) -> NewSalesOrder {
    let (payment_method, ship_method) = (Some("Card".to_owned()), Some("Pickup in store".to_owned()));
    NewSalesOrder { form: Form::CashSale, payment_method, ship_method, ..order }
}

/// On terms, to be delivered; billed by an invoice.
pub fn delivery() -> NewSalesOrder {
    NewSalesOrder { terms: Some("Net 30".to_owned()), ship_method: Some("Courier".to_owned()), ..goods() }
}
