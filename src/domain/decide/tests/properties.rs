//! What holds for every order and sale, whatever they hold.

use proptest::prelude::*;

use super::*;

fn any_status() -> impl Strategy<Value = OrderStatus> {
    proptest::sample::select(OrderStatus::ALL.to_vec())
}

fn any_sale_word() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "SAVED",
        "OPEN",
        "CLOSED",
        "AWAITING_PICKUP",
        "PICKED_UP_CLOSED",
        "AWAITING_DISPATCH",
        "DISPATCHED_CLOSED",
        "LAYBY",
        "LAYBY_CLOSED",
        "ONACCOUNT",
        "ONACCOUNT_CLOSED",
        "SERVICE",
        "SERVICE_CLOSED",
        "VOIDED",
    ])
}

proptest! {
    #[test]
    fn the_same_facts_always_give_the_same_decision(status in any_status(), word in any_sale_word(), fulfilled in 0_i64..3, billed in 0_i64..3) {
        let mut facts = after_sending(order(status), word);
        let line = &mut order_mut(&mut facts).lines[0];
        (line.fulfilled, line.billed) = (fulfilled.into(), billed.min(fulfilled).into());
        prop_assert_eq!(decide(&facts, &mappings()), decide(&facts, &mappings()));
    }

    #[test]
    fn never_more_is_fulfilled_or_billed_than_was_sold_and_is_open(status in any_status(), word in any_sale_word(), fulfilled in 0_i64..3, billed in 0_i64..3, sold in 0_i64..3) {
        let mut facts = after_sending(order(status), word);
        let line = &mut order_mut(&mut facts).lines[0];
        (line.fulfilled, line.billed) = (fulfilled.into(), billed.min(fulfilled).into());
        // Pending Billing says that everything has left.
        let left = if status == OrderStatus::PendingBilling { line.quantity } else { line.fulfilled };
        let (open, unbilled) = (line.quantity - line.fulfilled, left - line.billed);
        sale_mut(&mut facts).lines[0].quantity = sold.into();
        order_mut(&mut facts).total = None;
        if let Next::Call(call) = decide(&facts, &mappings()).next {
            match call.request {
                Request::Fulfil(request) => for line in request.lines.iter().filter(|line| line.order_line == 1) {
                    prop_assert!(line.quantity.unwrap_or_default() <= open && line.quantity.unwrap_or_default() <= Decimal::from(sold));
                },
                Request::Invoice(request) | Request::CashSale(request) => for line in request.lines.iter().filter(|line| line.order_line == 1) {
                    prop_assert!(line.quantity <= unbilled);
                },
                _ => {}
            }
        }
    }

    #[test]
    fn a_closed_or_voided_sale_is_never_written(status in any_status(), word in proptest::sample::select(vec!["CLOSED", "PICKED_UP_CLOSED", "VOIDED"])) {
        let facts = after_sending(order(status), word);
        if let Next::Call(call) = decide(&facts, &mappings()).next {
            prop_assert!(call.request.sale().is_none(), "{:?}", call);
        }
    }

    #[test]
    fn what_is_sent_comes_to_what_its_payment_says(quantity in 1_i64..40, cents in 1_i64..100_000) {
        let mut order = order(OrderStatus::PendingFulfillment);
        let rate = Decimal::new(cents, 2);
        order.lines = vec![line(1, "SCARF", quantity, &rate.to_string())];
        order.total = None;
        let sale = sent(&facts(order));
        prop_assert_eq!(sale.payments[0].amount, sale.total(2));
        prop_assert_eq!(SendAs::AwaitingPickup.status().state, sale.state);
    }
}
