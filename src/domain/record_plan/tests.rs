//! The table of the record plan, every row written out.

use proptest::prelude::*;

use super::*;

/// A row: what the sale is, and what it becomes with sales orders skipped and not.
struct Row {
    sale: &'static str,
    status: &'static str,
    /// The conditions that hold beside the status.
    with: &'static [With],
    skipped: (PlannedRecord, &'static [PlanReason]),
    not_skipped: (PlannedRecord, &'static [PlanReason]),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum With {
    KitTracked,
    NoDetail,
    TakesBack,
    SellsNothing,
    Echo,
    HasOrder,
    Split,
}

use PlanReason as R;
use PlannedRecord as P;
use With as W;

#[rustfmt::skip]
const ROWS: &[Row] = &[
    // Complete over the counter.
    Row { sale: "closed, paid", status: "CLOSED", with: &[], skipped: (P::CashSale, &[R::SkippedDirect]), not_skipped: (P::SalesOrder, &[R::SoNotSkipped]) },
    Row { sale: "closed, tracked kit", status: "CLOSED", with: &[W::KitTracked], skipped: (P::SalesOrder, &[R::KitTrackedComponents]), not_skipped: (P::SalesOrder, &[R::SoNotSkipped, R::KitTrackedComponents]) },
    Row { sale: "closed, tracked item, no detail", status: "CLOSED", with: &[W::NoDetail], skipped: (P::SalesOrder, &[R::TrackedItemWithoutDetail]), not_skipped: (P::SalesOrder, &[R::SoNotSkipped, R::TrackedItemWithoutDetail]) },
    Row { sale: "closed, tracked kit and item", status: "CLOSED", with: &[W::KitTracked, W::NoDetail], skipped: (P::SalesOrder, &[R::KitTrackedComponents, R::TrackedItemWithoutDetail]), not_skipped: (P::SalesOrder, &[R::SoNotSkipped, R::KitTrackedComponents, R::TrackedItemWithoutDetail]) },
    Row { sale: "closed, paid in two ways", status: "CLOSED", with: &[W::Split], skipped: (P::Invoice, &[R::SkippedDirect, R::SplitTender]), not_skipped: (P::SalesOrder, &[R::SoNotSkipped]) },
    // To be handed over.
    Row { sale: "pickup waits", status: "AWAITING_PICKUP", with: &[], skipped: (P::SalesOrder, &[R::PickupUnfulfilled]), not_skipped: (P::SalesOrder, &[R::SoNotSkipped, R::PickupUnfulfilled]) },
    Row { sale: "pickup waits, tracked kit", status: "AWAITING_PICKUP", with: &[W::KitTracked], skipped: (P::SalesOrder, &[R::KitTrackedComponents, R::PickupUnfulfilled]), not_skipped: (P::SalesOrder, &[R::SoNotSkipped, R::KitTrackedComponents, R::PickupUnfulfilled]) },
    Row { sale: "pickup done, seen late", status: "PICKED_UP_CLOSED", with: &[], skipped: (P::CashSale, &[R::SkippedDirect]), not_skipped: (P::SalesOrder, &[R::SoNotSkipped]) },
    Row { sale: "pickup done, has its order", status: "PICKED_UP_CLOSED", with: &[W::HasOrder], skipped: (P::SalesOrder, &[R::HasSalesOrder]), not_skipped: (P::SalesOrder, &[R::HasSalesOrder, R::SoNotSkipped]) },
    Row { sale: "delivery waits", status: "AWAITING_DISPATCH", with: &[], skipped: (P::SalesOrder, &[R::DeliveryUnfulfilled]), not_skipped: (P::SalesOrder, &[R::SoNotSkipped, R::DeliveryUnfulfilled]) },
    Row { sale: "delivery waits, tracked kit", status: "AWAITING_DISPATCH", with: &[W::KitTracked], skipped: (P::SalesOrder, &[R::KitTrackedComponents, R::DeliveryUnfulfilled]), not_skipped: (P::SalesOrder, &[R::SoNotSkipped, R::KitTrackedComponents, R::DeliveryUnfulfilled]) },
    Row { sale: "delivery done, seen late", status: "DISPATCHED_CLOSED", with: &[], skipped: (P::CashSale, &[R::SkippedDirect]), not_skipped: (P::SalesOrder, &[R::SoNotSkipped]) },
    // Over time.
    Row { sale: "layby", status: "LAYBY", with: &[], skipped: (P::SalesOrder, &[R::Layby]), not_skipped: (P::SalesOrder, &[R::SoNotSkipped, R::Layby]) },
    Row { sale: "layby, tracked kit", status: "LAYBY", with: &[W::KitTracked], skipped: (P::SalesOrder, &[R::KitTrackedComponents, R::Layby]), not_skipped: (P::SalesOrder, &[R::SoNotSkipped, R::KitTrackedComponents, R::Layby]) },
    Row { sale: "layby complete", status: "LAYBY_CLOSED", with: &[], skipped: (P::SalesOrder, &[R::Layby]), not_skipped: (P::SalesOrder, &[R::SoNotSkipped, R::Layby]) },
    Row { sale: "on account", status: "ONACCOUNT", with: &[], skipped: (P::Invoice, &[R::OnAccount, R::SkippedDirect]), not_skipped: (P::SalesOrder, &[R::SoNotSkipped, R::OnAccount]) },
    Row { sale: "on account, tracked kit", status: "ONACCOUNT", with: &[W::KitTracked], skipped: (P::SalesOrder, &[R::KitTrackedComponents, R::OnAccount]), not_skipped: (P::SalesOrder, &[R::SoNotSkipped, R::KitTrackedComponents, R::OnAccount]) },
    Row { sale: "on account, tracked item", status: "ONACCOUNT", with: &[W::NoDetail], skipped: (P::SalesOrder, &[R::TrackedItemWithoutDetail, R::OnAccount]), not_skipped: (P::SalesOrder, &[R::SoNotSkipped, R::TrackedItemWithoutDetail, R::OnAccount]) },
    Row { sale: "on account, paid", status: "ONACCOUNT_CLOSED", with: &[], skipped: (P::Invoice, &[R::OnAccount, R::SkippedDirect]), not_skipped: (P::SalesOrder, &[R::SoNotSkipped, R::OnAccount]) },
    // Parked: nothing by default; the setting is tested apart.
    Row { sale: "parked", status: "SAVED", with: &[], skipped: (P::None, &[R::Parked]), not_skipped: (P::None, &[R::SoNotSkipped, R::Parked]) },
    Row { sale: "parked, has its order", status: "SAVED", with: &[W::HasOrder], skipped: (P::SalesOrder, &[R::HasSalesOrder, R::Parked]), not_skipped: (P::SalesOrder, &[R::HasSalesOrder, R::SoNotSkipped, R::Parked]) },
    // Back again.
    Row { sale: "return", status: "CLOSED", with: &[W::TakesBack, W::SellsNothing], skipped: (P::Return, &[R::Return]), not_skipped: (P::Return, &[R::Return]) },
    Row { sale: "return, parked", status: "SAVED", with: &[W::TakesBack, W::SellsNothing], skipped: (P::None, &[R::Return, R::Parked]), not_skipped: (P::None, &[R::Return, R::Parked]) },
    Row { sale: "return, on account", status: "ONACCOUNT_CLOSED", with: &[W::TakesBack, W::SellsNothing], skipped: (P::Return, &[R::Return]), not_skipped: (P::Return, &[R::Return]) },
    Row { sale: "return to account", status: "ONACCOUNT", with: &[W::TakesBack, W::SellsNothing], skipped: (P::Return, &[R::Return, R::OnAccount]), not_skipped: (P::Return, &[R::Return, R::OnAccount]) },
    Row { sale: "exchange on account", status: "ONACCOUNT", with: &[W::TakesBack], skipped: (P::Exchange, &[R::Exchange, R::OnAccount]), not_skipped: (P::Exchange, &[R::Exchange, R::OnAccount]) },
    Row { sale: "exchange", status: "CLOSED", with: &[W::TakesBack], skipped: (P::Exchange, &[R::Exchange]), not_skipped: (P::Exchange, &[R::Exchange]) },
    Row { sale: "exchange, parked", status: "SAVED", with: &[W::TakesBack], skipped: (P::None, &[R::Exchange, R::Parked]), not_skipped: (P::None, &[R::Exchange, R::Parked]) },
    Row { sale: "exchange, pickup waits", status: "AWAITING_PICKUP", with: &[W::TakesBack], skipped: (P::None, &[R::Exchange]), not_skipped: (P::None, &[R::Exchange]) },
    // Ours.
    Row { sale: "echo", status: "CLOSED", with: &[W::Echo], skipped: (P::None, &[R::Echo]), not_skipped: (P::None, &[R::Echo]) },
    Row { sale: "echo, pickup waits", status: "AWAITING_PICKUP", with: &[W::Echo], skipped: (P::None, &[R::Echo]), not_skipped: (P::None, &[R::Echo]) },
    Row { sale: "echo, parked", status: "SAVED", with: &[W::Echo, W::KitTracked], skipped: (P::None, &[R::Echo]), not_skipped: (P::None, &[R::Echo]) },
    // Undone.
    Row { sale: "voided", status: "VOIDED", with: &[], skipped: (P::None, &[R::Voided]), not_skipped: (P::None, &[R::Voided]) },
    Row { sale: "voided, has its order", status: "VOIDED", with: &[W::HasOrder], skipped: (P::SalesOrder, &[R::HasSalesOrder]), not_skipped: (P::SalesOrder, &[R::HasSalesOrder, R::SoNotSkipped]) },
];

fn shape(status: &str, with: &[With]) -> SaleShape {
    let has = |what| with.contains(&what);
    SaleShape {
        status: SaleStatus::from_word(status).unwrap(),
        echo: has(W::Echo),
        has_sales_order: has(W::HasOrder),
        sells: !has(W::SellsNothing),
        takes_back: has(W::TakesBack),
        kit_tracked: has(W::KitTracked),
        tracked_without_detail: has(W::NoDetail),
        split_tender: has(W::Split),
    }
}

fn settings(skip: bool) -> PlanSettings {
    PlanSettings { skip_sales_orders: skip, import_parked: false, direct_record: DirectRecord::CashSale }
}

#[test]
fn every_row_of_the_table_becomes_what_it_says_for_the_reasons_it_says() {
    for row in ROWS {
        let shape = shape(row.status, row.with);
        for (skip, (record, reasons)) in [(true, row.skipped), (false, row.not_skipped)] {
            let plan = record_plan(&shape, &settings(skip));
            assert_eq!((plan.record, plan.reasons.as_slice()), (record, reasons), "{} with sales orders skipped: {skip}", row.sale);
        }
    }
}

#[test]
fn a_direct_sale_becomes_an_invoice_by_setting() {
    let settings = PlanSettings { direct_record: DirectRecord::Invoice, ..settings(true) };
    assert_eq!(record_plan(&shape("CLOSED", &[]), &settings).record, P::Invoice);
}

#[test]
fn a_parked_sale_becomes_a_sales_order_by_setting_and_never_a_cash_sale() {
    for skip in [true, false] {
        let settings = PlanSettings { import_parked: true, ..settings(skip) };
        assert_eq!(record_plan(&shape("SAVED", &[]), &settings).record, P::SalesOrder);
        assert_eq!(record_plan(&shape("SAVED", &[W::TakesBack]), &settings).record, P::None);
    }
}

#[test]
fn a_layby_that_is_also_picked_up_keeps_both_reasons() {
    let status = SaleStatus { hand_over: Some(HandOver::Pickup), ..SaleStatus::from_word("LAYBY").unwrap() };
    let plan = record_plan(&SaleShape { status, ..shape("LAYBY", &[]) }, &settings(true));
    assert_eq!((plan.record, plan.reasons), (P::SalesOrder, vec![R::PickupUnfulfilled, R::Layby]));
}

fn any_shape() -> impl Strategy<Value = SaleShape> {
    let words = ["SAVED", "CLOSED", "AWAITING_PICKUP", "AWAITING_DISPATCH", "PICKED_UP_CLOSED", "DISPATCHED_CLOSED", "LAYBY"];
    let words = words.into_iter().chain(["LAYBY_CLOSED", "ONACCOUNT", "ONACCOUNT_CLOSED", "VOIDED"]).collect::<Vec<_>>();
    let facts = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (prop::sample::select(words), facts).prop_map(
        |(word, (echo, has_sales_order, sells, takes_back, kit_tracked, tracked_without_detail, split_tender))| {
            let status = SaleStatus::from_word(word).unwrap();
            SaleShape { status, echo, has_sales_order, sells, takes_back, kit_tracked, tracked_without_detail, split_tender }
        },
    )
}

proptest! {
    #[test]
    fn a_sale_that_got_a_sales_order_stays_with_it_whatever_the_settings(shape in any_shape(), skip: bool, import_parked: bool) {
        let settings = PlanSettings { import_parked, ..settings(skip) };
        let plan = record_plan(&SaleShape { has_sales_order: true, echo: false, ..shape }, &settings);
        prop_assert_eq!(plan.record, P::SalesOrder);
    }

    #[test]
    fn our_own_sale_never_becomes_a_record(shape in any_shape(), skip: bool) {
        let plan = record_plan(&SaleShape { echo: true, ..shape }, &settings(skip));
        prop_assert_eq!((plan.record, plan.reasons), (P::None, vec![R::Echo]));
    }

    #[test]
    fn every_plan_says_why_and_no_reason_twice(shape in any_shape(), skip: bool) {
        let reasons = record_plan(&shape, &settings(skip)).reasons;
        prop_assert!(!reasons.is_empty());
        prop_assert_eq!(reasons.iter().collect::<std::collections::BTreeSet<_>>().len(), reasons.len());
    }

    #[test]
    fn a_tracked_kit_is_never_booked_as_a_direct_record(shape in any_shape(), skip: bool) {
        let plan = record_plan(&SaleShape { kit_tracked: true, takes_back: false, ..shape }, &settings(skip));
        prop_assert!(!matches!(plan.record, P::CashSale | P::Invoice));
    }
}
