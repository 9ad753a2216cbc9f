//! What people change while an order is under way.

use tillbridge::sandbox::{ItemKind, NewItem, SaleState};
use tillbridge::store::OrderState;

use super::world::{Plan, World, dec, of, till};

#[tokio::test]
async fn an_order_back_in_approval_is_held_and_goes_on_by_itself_when_approved() {
    // Writing the sale's id back un-approves the order, as the account is set up.
    let world = Plan::default().sandbox(|sandbox| sandbox.netsuite.preferences.reapprove_on_edit = true).start().await;
    let order = world.enter(till());
    world.rests(order, "waiting(awaiting_till)").await;
    assert_eq!(world.netsuite().status(order), Some('A'));
    world.complete(order, "Card");
    let row = world.rests(order, "held(pending_approval)").await;
    assert_eq!(row.state, OrderState::Held);
    assert!(world.netsuite().fulfilments_of(order).is_empty());
    world.netsuite().approve(order).unwrap();
    world.rests(order, "synced(fulfilled_and_billed)").await;
    world.is_billed_once(order);
    world.end().await;
}

#[tokio::test]
async fn an_order_that_is_not_approved_is_not_sent_and_goes_over_once_it_is() {
    let world = World::start().await;
    let mut new = till();
    new.pending_approval = true;
    let order = world.enter(new);
    world.rests(order, "ignored(no_mapping_matched)").await;
    assert!(world.x_series().sales().is_empty());
    world.netsuite().approve(order).unwrap();
    world.rests(order, "waiting(awaiting_till)").await;
    world.sale(order);
    world.end().await;
}

#[tokio::test]
async fn an_order_cancelled_while_its_sale_is_under_way_is_held_until_the_till_voids_it() {
    let world = World::start().await;
    let order = world.enter(till());
    world.rests(order, "waiting(awaiting_till)").await;
    world.netsuite().cancel(order).unwrap();
    let row = world.rests(order, "held(cancelled_after_send)").await;
    assert!(row.detail.unwrap().contains(&world.sale(order).invoice_number), "a person is told which sale to void");
    assert_eq!(world.sale(order).state, SaleState::Parked, "nothing is voided by itself");
    world.x_series().void(world.sale(order).id).unwrap();
    world.rests(order, "synced(voided_with_order)").await;
    world.end().await;
}

#[tokio::test]
async fn an_order_cancelled_while_its_sale_is_under_way_voids_it_where_the_setting_says_so() {
    let world = Plan::default().setting(r#"on_cancelled = "void""#).start().await;
    let order = world.enter(till());
    world.rests(order, "waiting(awaiting_till)").await;
    world.netsuite().cancel(order).unwrap();
    world.rests(order, "synced(voided_with_order)").await;
    assert_eq!(world.sale(order).state, SaleState::Voided);
    assert_eq!(world.netsuite().counts()["item_fulfilments"], 0);
    world.end().await;
}

#[tokio::test]
async fn an_order_edited_after_it_was_sent_is_followed_by_its_parked_sale() {
    let world = World::start().await;
    let order = world.enter(till());
    world.rests(order, "waiting(awaiting_till)").await;
    let line = world.netsuite().sales_order(order).unwrap().lines[0].line;
    world.netsuite().set_quantity(order, line, dec("5")).unwrap();
    world.netsuite().set_memo(order, "call before noon").unwrap();
    world.wait("the sale follows the order", || world.sale(order).note.contains("call before noon")).await;
    let sale = world.sale(order);
    assert_eq!(sale.lines[0].quantity, dec("5"));
    assert_eq!((sale.state, sale.lines.len()), (SaleState::Parked, 2));
    assert_eq!(sale.totals().2, world.netsuite().total(order).unwrap());
    world.rests(order, "waiting(awaiting_till)").await;
    world.complete(order, "Card");
    world.rests(order, "synced(fulfilled_and_billed)").await;
    world.is_billed_once(order);
    world.end().await;
}

#[tokio::test]
async fn missing_products_hold_an_order_with_all_of_them_named_until_they_are_there() {
    let world = World::start().await;
    for (sku, name) in [("STOVE-GAS", "Gas stove"), ("POT-2L", "Pot 2 l")] {
        let (sku, name, price) = (sku.to_owned(), name.to_owned(), dec("10"));
        let (kind, members, stock) = (ItemKind::Inventory, Vec::new(), dec("50"));
        world.netsuite().add_item(&NewItem { sku, name, kind, price, taxable: true, members, stock }).unwrap();
    }
    let mut new = of(&[("STOVE-GAS", "1", "10"), ("SCARF-MERINO", "1", "43.04"), ("POT-2L", "2", "10")]);
    new.terms = Some("Due on receipt".to_owned());
    let order = world.enter(new);
    let detail = world.rests(order, "held(unresolved)").await.detail.unwrap();
    assert!(detail.contains("STOVE-GAS") && detail.contains("POT-2L"), "both at once: {detail}");
    assert!(!detail.contains("SCARF-MERINO"), "only what is missing: {detail}");
    assert!(world.x_series().sales().is_empty(), "nothing is written before all of it is there");

    world.x_series().add_product("STOVE-GAS", "Gas stove", dec("10"), "GST").unwrap();
    world.netsuite().set_memo(order, "one of two").unwrap();
    let row = world.until(order, "held for the other", |row| row.detail.as_deref().is_some_and(|text| !text.contains("STOVE-GAS"))).await;
    assert_eq!((row.state, row.reason.as_deref()), (OrderState::Held, Some("unresolved")));

    world.x_series().add_product("POT-2L", "Pot 2 l", dec("10"), "GST").unwrap();
    world.netsuite().set_memo(order, "both").unwrap();
    world.rests(order, "waiting(awaiting_till)").await;
    world.complete(order, "Cash");
    world.rests(order, "synced(fulfilled_and_billed)").await;
    world.is_billed_once(order);
    world.end().await;
}
