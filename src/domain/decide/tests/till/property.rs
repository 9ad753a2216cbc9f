//! Whatever is sold: what is booked equals the sale, or the order is held and says by how much it does not.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
struct Drawn {
    lines: Vec<(usize, i64, i64)>,
    discount: Option<i64>,
    surcharge: Option<i64>,
    tenders: Vec<usize>,
    word: usize,
    back: bool,
    override_tax: bool,
    keep_orders: bool,
    rounding: i64,
}

const PRODUCTS: [&str; 6] = ["p1", "p2", "p4", "free1", "free2", "lot"];
const TENDERS: [&str; 3] = ["card", "cash", "gift"];
const WORDS: [&str; 4] = ["CLOSED", "PICKED_UP_CLOSED", "ONACCOUNT_CLOSED", "LAYBY_CLOSED"];

fn drawn() -> impl Strategy<Value = Drawn> {
    let lines = prop::collection::vec((0..PRODUCTS.len(), 1_i64..5, 1_i64..20_000_000), 1..6);
    let money = (prop::option::of(1_i64..200), prop::option::of(1_i64..300), prop::collection::vec(0..TENDERS.len(), 1..4));
    let how = (0..WORDS.len(), any::<bool>(), any::<bool>(), any::<bool>(), -3_i64..4);
    (lines, money, how).prop_map(|(lines, (discount, surcharge, tenders), (word, back, override_tax, keep_orders, rounding))| Drawn {
        lines,
        discount,
        surcharge,
        tenders,
        word,
        back,
        override_tax,
        keep_orders,
        rounding,
    })
}

fn sale_of(drawn: &Drawn) -> Sale {
    let sign = if drawn.back { -1 } else { 1 };
    let mut lines = (0..).zip(&drawn.lines).map(|(place, (product, quantity, price))| {
        let line = sold(PRODUCTS[*product], &(sign * quantity).to_string(), &Decimal::new(*price, 5).to_string());
        SaleLine { id: Some(format!("line-{place}")), ..line }
    });
    let mut lines = lines.by_ref().collect::<Vec<_>>();
    if let Some(discount) = drawn.discount {
        lines.push(sold("discount", &(-sign).to_string(), &Decimal::new(discount, 2).to_string()));
    }
    let mut sale = sale_with(WORDS[drawn.word], lines);
    if let Some(surcharge) = drawn.surcharge {
        sale.charges = vec![charge("SURCHARGE", &Decimal::new(sign * surcharge, 2).to_string())];
    }
    total(&mut sale, 2);
    // Paid in parts; the last tender is what is left, give or take what the till rounds.
    let whole = sale.totals.price_incl_tax;
    let part = round(whole / Decimal::from(drawn.tenders.len()), 2);
    let mut left = whole + Decimal::new(drawn.rounding, 2);
    sale.payments = (0..)
        .zip(&drawn.tenders)
        .map(|(place, tender)| {
            let last = place + 1 == drawn.tenders.len();
            let amount = if last { left } else { part };
            left -= amount;
            paid(&format!("pay-{place}"), TENDERS[*tender], &amount.to_string())
        })
        .collect();
    sale
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn what_is_booked_equals_the_sale_or_is_held_with_the_difference_named(drawn in drawn()) {
        let sale = sale_of(&drawn);
        let more = format!(
            "skip_sales_orders = {}\ntolerance = \"0.02\"\ntax = \"{}\"",
            !drawn.keep_orders,
            if drawn.override_tax { "override" } else { "compare" }
        );
        let mut world = World::default();
        let rules = rules(&more);
        let (verdict, _) = world.pass(&sale, &rules);
        // Five times over, and one of each.
        for _ in 0..4 {
            let (again, _) = world.pass(&sale, &rules);
            prop_assert_eq!((again.kind, again.reason), (verdict.kind, verdict.reason));
        }
        assert_once(&world);
        let of = |kinds: &[RecordKind]| world.books.iter().filter(|booked| kinds.contains(&booked.kind)).map(|booked| booked.total).sum::<Decimal>();
        let booked = of(&[RecordKind::Invoice, RecordKind::CashSale]) - of(&[RecordKind::CreditMemo, RecordKind::CashRefund]);
        let difference = (sale.totals.price_incl_tax - booked).abs();
        match verdict.kind {
            VerdictKind::Synced => {
                prop_assert!(difference <= Decimal::new(2, 2), "{} booked of {}: {}", booked, sale.totals.price_incl_tax, verdict.detail);
                let (paid, given) = (of(&[RecordKind::CustomerPayment]), of(&[RecordKind::CustomerRefund]));
                let open: Decimal = world.books.iter().map(|booked| booked.open).sum();
                prop_assert!(open.abs() <= Decimal::new(4, 2), "{open} open, {paid} paid, {given} given back");
            }
            VerdictKind::Held => prop_assert!(verdict.detail.contains("difference") || verdict.detail.contains("open") || verdict.detail.contains("comes to"), "{}", verdict.detail),
            other => prop_assert!(false, "{other:?}: {}", verdict.detail),
        }
    }
}
