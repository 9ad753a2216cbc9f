//! Both simulated systems in the process of the bench: what they are asked for, and what people do in them.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rust_decimal::Decimal;
use tillbridge::app;
use tillbridge::clock::Clock;
use tillbridge::config::{Config, Environment};
use tillbridge::domain::decide::{Decision, Next, decide};
use tillbridge::domain::facts::{Answers, CustomerFacts, Facts, Question, Reference, Seen};
use tillbridge::domain::link::Link;
use tillbridge::domain::mapping::Mappings;
use tillbridge::engine::Side;
use tillbridge::sandbox::faults::{CallFaults, SystemFaults, WebhookFaults};
use tillbridge::sandbox::{Faults, Form, NewSalesOrder, Sandbox, SandboxConfig, WebhookTarget};
use tillbridge::store::Store;

use super::Fallible;
use super::child::{REGISTERS, Site};

/// Sales orders that wait for pickup, as most measurements send them.
const PICKUP: &str = r#"
[[mapping]]
name = "Pickup"
when = 'order.status == "Pending Fulfillment" and order.ship_method == "Pickup in store" and order.send_to_x_series'
send_as = "AWAITING_PICKUP"
note = "NetSuite {order.number}, for {order.customer}"
"#;

/// The rules: `many` mappings in all, of which the last holds.
pub fn rules(many: usize) -> String {
    let mut text = include_str!("mappings.toml").to_owned();
    for number in 1..many {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "\n[[mapping]]\nname = \"Rule {number}\"\nwhen = 'order.status == \"Pending Fulfillment\" and order.location in [\"Store {number}\", \
             \"Depot {number}\"] and order.total > {number} and order.send_to_x_series'\nsend_as = \"SAVED\"\n"
        );
    }
    text + PICKUP
}

/// Both systems, with all the budget there is, each answer `delay` late. Callbacks go to `callbacks`, where that is given.
pub async fn start(delay: Duration, concurrency: usize, callbacks: Option<WebhookTarget>) -> Fallible<Sandbox> {
    let millis = u64::try_from(delay.as_millis())?;
    let slow = CallFaults { slow: if millis == 0 { 0.0 } else { 1.0 }, slow_ms: (millis, millis), ..CallFaults::default() };
    let system = SystemFaults {
        token: slow.clone(),
        read: slow.clone(),
        query: slow.clone(),
        write: slow.clone(),
        transform: slow,
        webhooks: WebhookFaults::default(),
    };
    let mut settings = SandboxConfig { faults: Faults { netsuite: system.clone(), x_series: system }, ..SandboxConfig::default() };
    settings.catalogue.stock = 1_000_000;
    settings.netsuite.concurrency = concurrency;
    settings.netsuite.webhook = callbacks;
    settings.x_series.registers = REGISTERS;
    Ok(Box::pin(Sandbox::start(settings, Clock::System)).await?)
}

/// An order for pickup.
pub fn order() -> NewSalesOrder {
    let lines = [("SCARF-MERINO", Decimal::TWO, Decimal::new(4304, 2)), ("MUG-ENAMEL", Decimal::ONE, Decimal::new(1304, 2))];
    NewSalesOrder {
        form: Form::CashSale,
        payment_method: Some("Card".to_owned()),
        ship_method: Some("Pickup in store".to_owned()),
        ..NewSalesOrder::of("Aroha Ngata", "Ponsonby", lines).with("custbody_tillbridge_send", true)
    }
}

/// The clients of a site's connection, as the service itself makes them.
pub fn side(site: &Site, store: &Store) -> Fallible<Arc<Side>> {
    let file = site.path().join("tillbridge.toml");
    let config = Config::parse(&std::fs::read_to_string(&file)?, Path::new(&file), &Environment::new())?;
    let connection = config.connections.first().ok_or("no connection")?;
    Ok(app::side(&config, connection, store, &Clock::System)?)
}

/// The facts of one sales order as both systems tell them, before it is sent, with every question of the decision answered.
pub async fn facts(sandbox: &Sandbox, side: &Side, mappings: &Mappings) -> Fallible<(Facts, Decision)> {
    let id = sandbox.netsuite().create_sales_order(&order())?.to_string().into();
    let order = side.netsuite.sales_order(&id).await?.ok_or("the sales order is not there")?;
    let mut facts = Facts {
        connection: side.id.clone(),
        link: Link { netsuite_id: Some(id), ..Link::default() },
        order: Seen::Is(Box::new(order)),
        sale: Seen::NotLinked,
        calls: Vec::new(),
        answers: Answers::default(),
    };
    loop {
        let decision = decide(&facts, mappings);
        let Next::Ask(questions) = decision.next else { return Ok((facts, decision)) };
        for question in questions {
            answer(side, question, &mut facts.answers).await?;
        }
    }
}

async fn answer(side: &Side, question: Question, answers: &mut Answers) -> Fallible<()> {
    let till = &side.x_series;
    match question {
        Question::Reference => {
            answers.reference = Some(Arc::new(Reference {
                outlets: till.outlets().await?,
                registers: till.registers().await?,
                payment_types: till.payment_types().await?,
                taxes: till.taxes().await?,
                users: till.users().await?,
                retailer: till.retailer().await?,
            }));
        }
        Question::Products(skus) => {
            for sku in skus {
                let products = till.products_by_sku(&sku).await?;
                answers.products.insert(sku, products);
            }
        }
        Question::Customer(_) => {
            answers.customer = Some(CustomerFacts { linked: Some("customer".to_owned()), ..CustomerFacts::default() });
        }
        Question::LinkedOrders { .. } => answers.linked_orders = Some(Vec::new()),
        Question::Children(order) => answers.children = Some(side.netsuite.children(&order).await?),
        other => return Err(format!("the decision asks what the bench cannot answer: {other:?}").into()),
    }
    Ok(())
}
