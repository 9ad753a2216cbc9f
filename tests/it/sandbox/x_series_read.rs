//! What the client reads of the sales that a till made: nothing of their money is lost, in any of the three shapes.

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use rust_decimal::Decimal;
use serde_json::Value;
use tillbridge::config::{Net, Secret, XSeries, XSeriesAuth, XSeriesVerify, XSeriesWebhook};
use tillbridge::domain::sale::Sale;
use tillbridge::net::http::Http;
use tillbridge::sandbox::config::Chaos;
use tillbridge::sandbox::{
    AdjustmentKind, BroughtBack, NewAdjustment, NewCharge, NewSurcharge, SaleState, Tender, Ticket, TicketLine, WebhookTarget,
};
use tillbridge::xseries::{Client, parse_sale};
use uuid::Uuid;

use super::calls::{World, dec};
use super::x_series_desk::{pending, ticket};
use super::x_series_later::{Posted, receiver};

impl World {
    /// The client under test.
    fn reader(&self) -> Client {
        let second = Duration::from_secs(10);
        let net = Net { x_series_timeout: second, netsuite_timeout: second, debounce: second, permit_wait: second, reference_age: second };
        let webhook = XSeriesWebhook {
            verify: XSeriesVerify::Signature { secrets: vec![Secret::new("s")] },
            allow_payload_signature: false,
            subscribe: false,
        };
        let settings = XSeries {
            domain_prefix: "sandbox".to_owned(),
            base_url: Some(self.sandbox.x_series_url()),
            api_version: "2026-07".to_owned(),
            registers: 4,
            auth: XSeriesAuth::PersonalToken { token: Secret::new("sandbox-personal-token") },
            webhook,
        };
        Client::new(&"sandbox".into(), &settings, &net, None, &Http::new(net.x_series_timeout).unwrap(), self.clock.clone()).unwrap()
    }

    async fn read(&self, client: &Client, id: Uuid) -> Sale {
        client.sale(&id.to_string().into()).await.unwrap().unwrap()
    }
}

#[tokio::test]
async fn everything_of_a_sale_comes_through_the_client() {
    let world = World::new().await;
    let (shop, client) = (world.sandbox.x_series(), world.reader());
    let mut new = Ticket { discount: Some(dec("5")), ..ticket(&[]) };
    new.customer = Some("CLUB-205".to_owned());
    new.author = Some("hana".to_owned());
    new.note = "for the hut".to_owned();
    new.date = Some("2026-11-20T01:00:00Z".parse().unwrap());
    new.lines = vec![
        TicketLine {
            note: Some("gift".to_owned()),
            serial_numbers: vec!["A-1".to_owned(), "A-2".to_owned()],
            ..TicketLine::of("GPS-WATCH", dec("2"))
        },
        TicketLine { price: Some(dec("25")), gift_card: Some("GC-9".to_owned()), ..TicketLine::of("BOOK-TRAILS", dec("1")) },
    ];
    let surcharge = Some(NewSurcharge { percent: dec("2"), rule: "2%".to_owned() });
    new.payments = vec![Tender::of("Gift Card", dec("100")), Tender { surcharge, ..Tender::rest("Card") }];
    let id = shop.sell(&new).unwrap();
    let sale = world.read(&client, id).await;
    let made = shop.sale(id).unwrap();
    assert_eq!(sale.outlet_id, Some(made.outlet.to_string()));
    assert_eq!(sale.register_id, Some(made.register.to_string()));
    assert_eq!(sale.author_id, Some(shop.users()[1].id.to_string()));
    assert_eq!((sale.date, sale.created_at), (Some(made.date), Some(made.created)));
    assert_eq!((sale.note.as_deref(), sale.source_type.as_deref()), (Some("for the hut"), Some("USER")));
    assert_eq!((sale.lines[0].note.as_deref(), sale.lines[1].gift_card_number.as_deref()), (Some("gift"), Some("GC-9")));
    assert_eq!(sale.lines[0].tax_components[0].rate_id, shop.taxes()[1].rate_id.to_string());
    assert_eq!(sale.payments.iter().map(|payment| payment.kind.as_deref()).collect::<Vec<_>>(), [Some("118"), Some("3")]);
    let gross = sale.gross_total();
    assert_eq!((sale.paid(), sale.owing(), sale.unexplained(2)), (gross, dec("0"), dec("0")));
    // 1043.48 + 25 - 5 with GST on all but the book, and 2 % on what the gift card does not pay.
    assert_eq!((sale.outside_total(), gross), (dec("22.39"), dec("1241.64")));
    assert_eq!((sale.sold_lines().count(), sale.is_return(), sale.is_exchange()), (3, false, false));
    assert_eq!(shop.product("vend-discount").map(|product| product.id.to_string()), client.retailer().await.unwrap().discount_product_id);

    let numbers: Vec<String> = client.serial_numbers(&sale.id).await.unwrap().into_iter().map(|number| number.code).collect();
    assert_eq!(numbers, ["A-1", "A-2"]);
    let customer = client.customer(sale.customer_id.as_deref().unwrap()).await.unwrap().unwrap();
    assert_eq!((customer.company_name.as_deref(), customer.is_walk_in()), (Some("Tramping Club"), false));
    let nobody = world.read(&client, shop.sell(&ticket(&[("MUG-ENAMEL", "1")])).unwrap()).await;
    assert!(client.customer(nobody.customer_id.as_deref().unwrap()).await.unwrap().unwrap().is_walk_in());
}

#[tokio::test]
async fn the_lists_that_a_booking_needs_come_through_the_client() {
    let world = World::new().await;
    let (shop, client) = (world.sandbox.x_series(), world.reader());
    shop.add_outlet("Bondi", "Australia/Sydney");
    let zones: Vec<_> = client.outlets().await.unwrap().into_iter().map(|outlet| outlet.time_zone.unwrap()).collect();
    assert_eq!(zones, ["Pacific/Auckland", "Pacific/Auckland", "Australia/Sydney"]);
    let kinds: Vec<_> = client.payment_types().await.unwrap().into_iter().map(|kind| kind.type_id.unwrap()).collect();
    assert_eq!(kinds, ["1", "3", "118", "123", "106", "4", "5"]);
    let gst = client.taxes().await.unwrap().into_iter().find(|tax| tax.name == "GST").unwrap();
    assert_eq!((gst.rate, gst.rates[0].rate, gst.rates[0].id.clone()), (dec("0.15"), dec("0.15"), shop.taxes()[1].rate_id.to_string()));
    assert!(client.registers().await.unwrap().iter().all(|register| register.is_open && register.outlet_id.is_some()));
    let retailer = client.retailer().await.unwrap();
    assert_eq!((retailer.currency.as_deref(), retailer.time_zone.as_deref()), (Some("NZD"), Some("Pacific/Auckland")));
    let kit = client.products_by_sku("KIT-WEEKEND").await.unwrap();
    assert!(kit[0].is_composite);
}

#[tokio::test]
async fn returns_and_exchanges_are_told_apart_line_by_line() {
    let world = World::new().await;
    let (shop, client) = (world.sandbox.x_series(), world.reader());
    let sold = world.rung_up(&Ticket { discount: Some(dec("4")), ..ticket(&[("SCARF-MERINO", "2")]) });
    let back = shop.bring_back(sold.id, &[]).unwrap();
    let parked = world.read(&client, back).await;
    assert!(parked.is_return() && parked.payments.is_empty());
    assert_eq!((parked.return_for.as_ref().map(ToString::to_string), parked.returned_lines().count()), (Some(sold.id.to_string()), 2));
    assert_eq!(parked.gross_total(), dec("-94.39"));
    assert_eq!(world.read(&client, sold.id).await.returned_by, std::slice::from_ref(&parked.id));
    shop.add_line(back, "PACK-20L", dec("1")).unwrap();
    shop.close(back, &[Tender::rest("Card")]).unwrap();
    let exchange = world.read(&client, back).await;
    assert!(exchange.is_exchange() && !exchange.is_return());
    assert_eq!((exchange.sold_lines().count(), exchange.gross_total(), exchange.paid()), (1, dec("45.61"), dec("45.61")));
    let line = TicketLine { is_return: true, return_reason: Some("Gift".to_owned()), ..TicketLine::of("MUG-ENAMEL", dec("-1")) };
    let loose = world.rung_up(&Ticket { lines: vec![line], ..ticket(&[]) });
    let loose = world.read(&client, loose.id).await;
    assert!(loose.is_return() && loose.return_for.is_none());
    assert_eq!(loose.lines[0].return_reason.as_deref(), Some("Gift"));
}

/// What a property is tried on: a ticket, and how much of its first line comes back.
#[derive(Debug, Clone)]
struct Case {
    ticket: Ticket,
    back: bool,
    chaos: Chaos,
}

fn cents(range: std::ops::Range<i64>) -> impl Strategy<Value = Decimal> {
    range.prop_map(|cents| Decimal::new(cents, 2))
}

fn any_line() -> impl Strategy<Value = TicketLine> {
    let sku = prop::sample::select(vec!["SCARF-MERINO", "MUG-ENAMEL", "BOOK-TRAILS", "KIT-WEEKEND", "GIFT-WRAP", "GPS-WATCH"]);
    let price = prop::option::of((1_i64..4_000_000).prop_map(|price| Decimal::new(price, 5)));
    (sku, 1_i64..2000, price, prop::option::of(Just("No Tax".to_owned()))).prop_map(|(sku, quantity, price, tax)| TicketLine {
        price,
        tax,
        ..TicketLine::of(sku, if quantity % 7 == 0 { Decimal::new(quantity, 3) } else { Decimal::from(1 + quantity % 5) })
    })
}

fn any_adjustment() -> impl Strategy<Value = NewAdjustment> {
    let kind = prop::sample::select(vec![AdjustmentKind::Discount, AdjustmentKind::Tip, AdjustmentKind::NonCashFee]);
    (kind, 1_i64..900, any::<bool>(), prop::option::of(Just("GST".to_owned()))).prop_map(|(kind, value, percent, tax)| NewAdjustment {
        kind,
        name: "Adjusted".to_owned(),
        value: Decimal::new(value, 2),
        percent,
        tax,
    })
}

fn any_case() -> impl Strategy<Value = Case> {
    let surcharge =
        prop::option::of((1_i64..400).prop_map(|percent| NewSurcharge { percent: Decimal::new(percent, 2), rule: "x".to_owned() }));
    let charge = (cents(1..3000), prop::option::of(Just("GST".to_owned()))).prop_map(|(total, tax)| NewCharge {
        name: "Courier".to_owned(),
        total,
        tax,
    });
    let outside =
        (prop::option::of(cents(1..500)), prop::collection::vec(any_adjustment(), 0..3), prop::collection::vec(charge, 0..3), surcharge);
    let chaos =
        any::<[bool; 3]>().prop_map(|[numbers_as_strings, flat_sales, mixed_dates]| Chaos { numbers_as_strings, flat_sales, mixed_dates });
    (prop::collection::vec(any_line(), 1..6), outside, any::<bool>(), chaos).prop_map(|(lines, outside, back, chaos)| {
        let (discount, adjustments, charges, surcharge) = outside;
        let payments = vec![Tender { surcharge, ..Tender::rest("Card") }];
        Case { ticket: Ticket { lines, discount, adjustments, charges, payments, ..ticket(&[]) }, back, chaos }
    })
}

/// The latest that was posted of a sale.
async fn latest(posted: &Posted, id: Uuid, status: &str) -> Value {
    let find = || posted.lock().unwrap().iter().rev().find(|sale| sale["id"] == id.to_string() && sale["status"] == status).cloned();
    for _ in 0..2000 {
        if let Some(found) = find() {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("no webhook of {id} arrived");
}

fn holds(sale: &Sale, shape: &str, gross: Decimal, tax: Decimal) -> Result<(), TestCaseError> {
    prop_assert_eq!(sale.gross_total(), gross, "{}: gross", shape);
    prop_assert_eq!(sale.total_tax(), tax, "{}: tax", shape);
    let sum = sale.lines_total() + sale.outside_total();
    prop_assert!((sum - gross).abs() <= dec("0.01"), "{shape}: lines and outside come to {sum} and the sale to {gross}");
    prop_assert_eq!(sale.unexplained(2), Decimal::ZERO);
    prop_assert_eq!(sale.owing(), Decimal::ZERO, "{}: paid {}", shape, sale.paid());
    let lines: Decimal = sale.lines.iter().map(|line| line.tax_total).sum();
    let outside: Decimal = sale.charges.iter().map(|charge| charge.tax).sum();
    prop_assert_eq!(lines + outside, tax, "{}: the taxes of the parts are the sale's", shape);
    Ok(())
}

#[test]
fn lines_and_what_is_outside_them_come_to_the_total_of_every_sale_in_every_shape() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (world, client, posted, _server) = runtime.block_on(async {
        let world = World::new().await;
        let client = world.reader();
        let (url, posted, server) = receiver().await;
        world.sandbox.x_series().set_webhook(Some(WebhookTarget { url, secret: "s".to_owned() }));
        (world, client, posted, server)
    });
    let shop = world.sandbox.x_series();
    let config = Config { cases: 64, failure_persistence: None, ..Config::default() };
    let tried = TestRunner::new(config).run(&any_case(), |case| {
        world.clock.advance(Duration::from_mins(1));
        shop.set_chaos(case.chaos);
        let mut id = shop.sell(&case.ticket).map_err(|refused| TestCaseError::fail(refused.to_string()))?;
        if case.back {
            let line = shop.sale(id).unwrap().lines[0].clone();
            id = shop.bring_back(id, &[BroughtBack { line: line.id, quantity: line.quantity, reason: None }]).unwrap();
            shop.close(id, &[Tender::rest("Cash")]).unwrap();
        }
        let (_, tax, gross) = shop.sale(id).unwrap().totals();
        runtime.block_on(async {
            holds(&world.read(&client, id).await, "dated", gross, tax)?;
            holds(&parse_sale(&world.flat(id).await).unwrap(), "2.0", gross, tax)?;
            let hook = parse_sale(&latest(&posted, id, "CLOSED").await).unwrap();
            prop_assert_eq!(hook.gross_total(), gross);
            prop_assert_eq!(hook.unexplained(2), Decimal::ZERO);
            prop_assert_eq!(hook.is_return(), case.back, "a return is told by its total where lines do not say so");
            Ok(())
        })
    });
    tried.unwrap();
}

/// Less than a discount takes off: the goods come to less than nothing, and a percentage off them must not add to the sale.
#[tokio::test]
async fn a_percentage_off_goods_that_come_to_less_than_nothing_takes_nothing_off_and_adds_nothing() {
    let world = World::new().await;
    let (shop, client) = (world.sandbox.x_series(), world.reader());
    let part = Ticket {
        discount: Some(dec("0.98")),
        adjustments: vec![NewAdjustment {
            kind: AdjustmentKind::Discount,
            name: "Adjusted".to_owned(),
            value: dec("2.53"),
            percent: true,
            tax: None,
        }],
        charges: vec![NewCharge { name: "Courier".to_owned(), total: dec("1.94"), tax: Some("GST".to_owned()) }],
        payments: vec![Tender::rest("Card")],
        ..ticket(&[("SCARF-MERINO", "0.021")])
    };
    let id = shop.sell(&part).unwrap();
    let (_, tax, gross) = shop.sale(id).unwrap().totals();
    holds(&world.read(&client, id).await, "dated", gross, tax).unwrap();
    holds(&parse_sale(&world.flat(id).await).unwrap(), "2.0", gross, tax).unwrap();
}

#[tokio::test]
async fn an_open_layby_and_a_voided_line_are_read_as_they_stand() {
    let world = World::new().await;
    let (shop, client) = (world.sandbox.x_series(), world.reader());
    let id = shop.sell(&pending(&[("SCARF-MERINO", "1")], &["layby"])).unwrap();
    let mug = shop.add_line(id, "MUG-ENAMEL", dec("1")).unwrap();
    let first = shop.take_payment(id, &Tender::of("Cash", dec("20"))).unwrap();
    shop.void_line(id, mug).unwrap();
    for flat_sales in [false, true] {
        shop.set_chaos(Chaos { flat_sales, ..Chaos::default() });
        let sale = world.read(&client, id).await;
        assert_eq!((sale.gross_total(), sale.owing(), sale.unexplained(2)), (dec("49.50"), dec("29.50"), dec("0")));
        assert_eq!((sale.sold_lines().count(), sale.lines.len()), (1, 2));
        assert_eq!(sale.payments[0].id, Some(first.to_string()));
    }
    assert_eq!(shop.sale(id).unwrap().state, SaleState::Pending);
}
