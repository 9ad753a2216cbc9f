//! Every way a sales order is sent, and how it comes back.

use tillbridge::sandbox::{BillKind, Form, NewSalesOrder};

use super::world::{Plan, World, delivery, goods, pickup, till};

#[tokio::test]
async fn a_parked_sale_that_is_paid_at_the_till_is_invoiced_and_its_payment_booked_once() {
    let world = World::start().await;
    let order = world.through(till(), "waiting(awaiting_till)", "Cash").await;
    let (sale, fulfilment, bill) = world.is_billed_once(order);
    assert_eq!(bill.kind, BillKind::Invoice);
    assert_eq!(fulfilment.ship_status, 'C');
    let payments = world.netsuite().payments();
    assert_eq!(payments.len(), 1);
    assert_eq!(payments[0].amount, sale.totals().2);
    assert_eq!(payments[0].applied, [(bill.id, sale.totals().2)]);
    assert_eq!(payments[0].payment_method, Some(1), "Cash");
    assert!(world.netsuite().bill_total(bill.id).unwrap().1.is_zero(), "the invoice is paid");
    // Whatever wakes it later finds nothing left to do.
    let (holdings, seen) = (world.holdings(), world.row(order).await.unwrap().enqueued_seq);
    world.x_series().repost(sale.id);
    let seen = world.handled(order, seen).await.enqueued_seq;
    world.netsuite().set_memo(order, "Looked at again").unwrap();
    world.handled(order, seen).await;
    assert_eq!(world.holdings(), holdings);
    world.end().await;
}

#[tokio::test]
async fn a_pickup_becomes_a_cash_sale_by_its_form_and_netsuites_own_tender_is_never_booked() {
    let world = World::start().await;
    let order = world.through(pickup(), "waiting(awaiting_pickup)", "Card").await;
    let (sale, _, bill) = world.is_billed_once(order);
    assert_eq!(sale.status(), "PICKED_UP_CLOSED");
    assert_eq!(bill.kind, BillKind::CashSale);
    assert_eq!(sale.payments.len(), 1, "sent paid, and nothing was taken at the till");
    assert!(world.netsuite().payments().is_empty());
    world.end().await;
}

#[tokio::test]
async fn a_delivery_on_terms_becomes_an_open_invoice_without_a_payment() {
    let world = World::start().await;
    let order = world.through(delivery(), "waiting(awaiting_dispatch)", "Card").await;
    let (sale, _, bill) = world.is_billed_once(order);
    assert_eq!(sale.status(), "DISPATCHED_CLOSED");
    assert_eq!(bill.kind, BillKind::Invoice);
    assert!(world.netsuite().payments().is_empty());
    let (total, remaining) = world.netsuite().bill_total(bill.id).unwrap();
    assert_eq!(total, remaining, "the customer pays NetSuite later");
    world.end().await;
}

#[tokio::test]
async fn an_order_that_was_billed_already_goes_over_as_a_record_and_is_already_complete() {
    let world = World::start().await;
    // Billed before anybody hears of it, as old orders are.
    let order = world.enter(NewSalesOrder { pending_approval: true, form: Form::CashSale, ..goods() });
    world.netsuite().approve(order).unwrap();
    world.netsuite().bill_fully(order).unwrap();
    world.rests(order, "synced(already_complete)").await;
    let (sale, fulfilment, bill) = world.is_billed_once(order);
    assert_eq!(sale.status(), "CLOSED");
    assert_eq!(fulfilment.external_id, None, "a person made it");
    assert_eq!(bill.external_id, None, "a person made it");
    assert!(world.netsuite().payments().is_empty());
    world.end().await;
}

#[tokio::test]
async fn without_advanced_shipping_an_order_is_billed_once_by_its_fulfilment() {
    let world = Plan::default().sandbox(|sandbox| sandbox.netsuite.preferences.advanced_shipping = false).start().await;
    let (to_pick_up, to_pay) =
        tokio::join!(world.through(pickup(), "waiting(awaiting_pickup)", "Card"), world.through(till(), "waiting(awaiting_till)", "Card"));
    world.is_billed_once(to_pick_up);
    let (_, _, bill) = world.is_billed_once(to_pay);
    assert_eq!(bill.kind, BillKind::Invoice);
    assert_eq!(world.netsuite().payments().len(), 1);
    assert!(world.netsuite().bill_total(bill.id).unwrap().1.is_zero());
    world.end().await;
}

#[tokio::test]
async fn an_account_without_pick_pack_and_ship_is_fulfilled_and_billed() {
    let world = Plan::default().sandbox(|sandbox| sandbox.netsuite.preferences.pick_pack_ship = false).start().await;
    let order = world.through(pickup(), "waiting(awaiting_pickup)", "Card").await;
    world.is_billed_once(order);
    world.end().await;
}

#[tokio::test]
async fn without_any_webhook_every_order_ends_right_by_polling() {
    let world = Plan { webhooks: false, poll_interval: "300ms", ..Plan::default() }.start().await;
    let billed = world.enter(NewSalesOrder { pending_approval: true, form: Form::CashSale, ..goods() });
    world.netsuite().approve(billed).unwrap();
    world.netsuite().bill_fully(billed).unwrap();
    let (to_pick_up, to_deliver, to_pay, ()) = tokio::join!(
        world.through(pickup(), "waiting(awaiting_pickup)", "Card"),
        world.through(delivery(), "waiting(awaiting_dispatch)", "Card"),
        world.through(till(), "waiting(awaiting_till)", "Cash"),
        async {
            world.rests(billed, "synced(already_complete)").await;
        }
    );
    for order in [billed, to_pick_up, to_deliver, to_pay] {
        world.is_billed_once(order);
    }
    assert_eq!(world.netsuite().payments().len(), 1);
    assert_eq!(world.netsuite().deliveries().started + world.x_series().deliveries().started, 0, "nobody posted anything");
    world.end().await;
}
