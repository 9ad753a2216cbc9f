//! What is sold: parts of it, pieces with numbers, lots and kits.

use tillbridge::sandbox::{NewSalesOrder, SaleState};

use super::world::{Plan, World, as_pickup, dec, of, pickup};

#[tokio::test]
async fn a_line_that_is_handed_over_is_fulfilled_at_once_and_the_rest_follows() {
    let world = World::start().await;
    let order = world.enter(pickup());
    world.rests(order, "waiting(awaiting_pickup)").await;
    let sale = world.sale(order);
    world.x_series().hand_over(sale.id, sale.lines[0].id, dec("2")).unwrap();
    world.rests(order, "waiting(partly_handed_over)").await;
    let lines = world.netsuite().sales_order(order).unwrap().lines;
    assert_eq!((lines[0].fulfilled, lines[1].fulfilled), (dec("2"), dec("0")));
    assert_eq!(world.netsuite().fulfilments_of(order).len(), 1);
    assert!(world.netsuite().bills_of(order).is_empty(), "billed once, when all of it is gone");
    assert_eq!(world.sale(order).state, SaleState::Pending);

    world.x_series().hand_over(sale.id, sale.lines[1].id, dec("1")).unwrap();
    assert_eq!(world.sale(order).state, SaleState::Closed, "the last of it closes the sale");
    world.rests(order, "synced(fulfilled_and_billed)").await;
    assert_eq!(world.netsuite().status(order), Some('G'));
    assert_eq!(world.netsuite().fulfilments_of(order).len(), 2);
    assert_eq!(world.netsuite().bills_of(order).len(), 1);
    world.end().await;
}

#[tokio::test]
async fn serial_numbers_scanned_at_the_till_are_those_that_leave_netsuite() {
    let world = World::start().await;
    let order = world.enter(as_pickup(of(&[("GPS-WATCH", "2", "521.74")])));
    world.rests(order, "waiting(awaiting_pickup)").await;
    let sale = world.sale(order);
    let here = world.netsuite().location_id("Ponsonby").unwrap();
    let stock = world.netsuite().inventory_numbers("GPS-WATCH");
    let scanned = stock.iter().filter(|number| number.at.contains_key(&here)).skip(3).take(2).collect::<Vec<_>>();

    // Completed without a scan: held, as nobody knows which pieces are gone.
    world.complete(order, "Card");
    let detail = world.rests(order, "held(inventory_detail_missing)").await.detail.unwrap();
    assert!(detail.contains("GPS-WATCH"), "{detail}");
    assert!(world.netsuite().fulfilments_of(order).is_empty());

    let numbers = scanned.iter().map(|number| number.number.as_str()).collect::<Vec<_>>();
    world.x_series().set_serial_numbers(sale.id, sale.lines[0].id, &numbers).unwrap();
    world.x_series().repost(sale.id);
    world.rests(order, "synced(fulfilled_and_billed)").await;
    let (_, fulfilment, _) = world.is_billed_once(order);
    let mut left = fulfilment.lines[0].assignments.iter().map(|(number, _)| *number).collect::<Vec<_>>();
    left.sort_unstable();
    assert_eq!(left, scanned.iter().map(|number| number.id).collect::<Vec<_>>());
    world.end().await;
}

#[tokio::test]
async fn lots_are_taken_in_turn_until_the_line_is_full() {
    // Two lots of three at each location.
    let world = Plan::default().sandbox(|sandbox| sandbox.catalogue.stock = 6).start().await;
    let order = world.through(as_pickup(of(&[("MEAL-LAMB", "4", "13.04")])), "waiting(awaiting_pickup)", "Card").await;
    let (_, fulfilment, _) = world.is_billed_once(order);
    let lots = world.netsuite().inventory_numbers("MEAL-LAMB");
    let name = |id: &u64| lots.iter().find(|lot| lot.id == *id).unwrap().number.clone();
    let taken = fulfilment.lines[0].assignments.iter().map(|(lot, quantity)| (name(lot), *quantity)).collect::<Vec<_>>();
    assert_eq!(taken, [("L1-A".to_owned(), dec("3")), ("L1-B".to_owned(), dec("1"))]);
    world.end().await;
}

#[tokio::test]
async fn a_kit_is_sold_as_one_and_its_members_leave_the_stock() {
    let world = World::start().await;
    let before = world.netsuite().stock("BOTTLE-1L", "Ponsonby").unwrap();
    let new = NewSalesOrder { memo: Some("kit".to_owned()), ..of(&[("KIT-WEEKEND", "2", "191.30"), ("GIFT-WRAP", "1", "4.35")]) };
    let order = world.through(as_pickup(new), "waiting(awaiting_pickup)", "Card").await;
    let (sale, fulfilment, _) = world.is_billed_once(order);
    assert_eq!(sale.lines.len(), 2);
    let kit = world.netsuite().sales_order(order).unwrap().lines[0].line;
    assert_eq!(fulfilment.lines.iter().filter(|line| line.kit_member_of == Some(kit)).count(), 3, "{fulfilment:?}");
    assert_eq!(before - world.netsuite().stock("BOTTLE-1L", "Ponsonby").unwrap(), dec("4"), "two bottles in each kit");
    world.end().await;
}

#[tokio::test]
async fn services_and_untaxed_goods_are_billed_and_only_goods_are_shipped() {
    let world = World::start().await;
    let lines = [("BOOT-FIT", "1", "26.09"), ("BOOK-TRAILS", "3", "39.99"), ("SOCKS-HIKER", "2.5", "21.74")];
    let order = world.through(as_pickup(of(&lines)), "waiting(awaiting_pickup)", "Card").await;
    let (_, fulfilment, bill) = world.is_billed_once(order);
    assert_eq!((fulfilment.lines.len(), bill.lines.len()), (2, 3));
    world.end().await;
}
