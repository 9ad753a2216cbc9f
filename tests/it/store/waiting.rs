//! Orders that wait for another one.

use tillbridge::domain::ids::SaleId;
use tillbridge::domain::keys::waits_for;
use tillbridge::domain::verdict::{HoldKind, Reason, Verdict};
use tillbridge::store::{Claimed, End, OrderState, PassResult};

use super::{World, connection, held, result, retry, settled};

super::cases! {
    who_waits_for_a_sale_is_woken_by_it_and_nobody_else
    one_in_a_workers_hands_looks_again_when_its_pass_ends
    one_that_went_on_meanwhile_is_left_alone
}

/// A return of the sale, claimed.
async fn take_back(world: &World, sale: &str) -> Claimed {
    world.store.receive(world.webhook(sale, "{}")).await.unwrap();
    world.claim_one().await
}

/// It ends: another sale comes first.
async fn waits(world: &World, claimed: &Claimed, original: &SaleId, end: End) {
    let result = PassResult { aliases: vec![waits_for(original)], ..result(claimed, end) };
    world.store.finish(claimed, result).await.unwrap();
}

fn original_first() -> End {
    let verdict = Verdict::held(Reason::OriginalFirst, "the sale that is taken back is not booked yet");
    End::Verdict { verdict, state: OrderState::Held, hold: Some(HoldKind::Facts), recheck_at: None }
}

async fn who_waits_for_a_sale_is_woken_by_it_and_nobody_else(world: World) {
    let (original, other) = (SaleId::from("S-Original"), SaleId::from("s-other"));
    let waiting = take_back(&world, "s-back").await;
    waits(&world, &waiting, &original, original_first()).await;
    let elsewhere = take_back(&world, "s-else").await;
    waits(&world, &elsewhere, &other, original_first()).await;
    let unresolved = take_back(&world, "s-unresolved").await;
    waits(&world, &unresolved, &original, held(HoldKind::Facts)).await;
    assert_eq!(world.store.wake_waiting(&"another".into(), &original).await.unwrap(), 0);
    assert_eq!(world.store.wake_waiting(&connection(), &original).await.unwrap(), 1);
    let row = world.order(&waiting.order.id).await;
    assert_eq!((row.state, row.due_at, row.enqueued_seq), (OrderState::Due, Some(world.now()), 2));
    for left in [&elsewhere, &unresolved] {
        assert_eq!(world.order(&left.order.id).await.state, OrderState::Held);
    }
    let claimed = world.claim_one().await;
    assert_eq!(claimed.order.id, waiting.order.id);
    world.finish(&claimed, settled()).await;
    assert_eq!(world.verdicts(&waiting.order.id).await, ["synced", "synced"], "the wake-up is an event like any other");
    assert_eq!(world.store.wake_waiting(&connection(), &original).await.unwrap(), 0);
}

async fn one_in_a_workers_hands_looks_again_when_its_pass_ends(world: World) {
    let original = SaleId::from("s-original");
    let waiting = take_back(&world, "s-back").await;
    let soon = End::Retry { due_at: world.now(), reason: Reason::OriginalFirst.word().to_owned(), detail: "soon".to_owned() };
    waits(&world, &waiting, &original, soon).await;
    let again = world.claim_one().await;
    assert_eq!(world.store.wake_waiting(&connection(), &original).await.unwrap(), 1);
    assert_eq!(world.order(&again.order.id).await.state, OrderState::Working);
    waits(&world, &again, &original, original_first()).await;
    let row = world.order(&again.order.id).await;
    assert_eq!((row.state, row.due_at), (OrderState::Due, Some(world.now())));
}

async fn one_that_went_on_meanwhile_is_left_alone(world: World) {
    let original = SaleId::from("s-original");
    let waiting = take_back(&world, "s-back").await;
    waits(&world, &waiting, &original, retry(world.now())).await;
    let again = world.claim_one().await;
    world.finish(&again, settled()).await;
    assert_eq!(world.store.wake_waiting(&connection(), &original).await.unwrap(), 0);
    assert_eq!(world.verdicts(&again.order.id).await, ["synced"]);
}
