use super::*;

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn status(attributes: &[&str], state: &str) -> Result<SaleStatus, UnknownStatus> {
    let attributes: Vec<String> = attributes.iter().map(|word| (*word).to_owned()).collect();
    SaleStatus::classify(Some(state), &attributes, None)
}

fn line(quantity: &str, price: &str, tax_total: &str, is_return: bool) -> SaleLine {
    let (quantity, price) = (dec(quantity), dec(price));
    let price_total = quantity * price;
    SaleLine { product_id: "p".to_owned(), quantity, price, price_total, tax_total: dec(tax_total), is_return, ..SaleLine::default() }
}

fn sale(lines: Vec<SaleLine>, gross: &str) -> Sale {
    Sale {
        id: "s".into(),
        status: status(&[], "closed"),
        version: Some(1),
        source_type: None,
        source_id: None,
        outlet_id: None,
        register_id: None,
        author_id: None,
        customer_id: None,
        date: None,
        created_at: None,
        updated_at: None,
        deleted_at: None,
        note: None,
        invoice_number: None,
        receipt_number: None,
        short_code: None,
        return_for: None,
        returned_by: Vec::new(),
        lines,
        payments: Vec::new(),
        charges: Vec::new(),
        totals: SaleTotals { price_incl_tax: dec(gross), tax: dec("1.94"), ..SaleTotals::default() },
    }
}

#[test]
fn a_discount_line_sells_nothing_and_takes_nothing_back() {
    let sold = sale(vec![line("2", "10", "3", false), line("-1", "5", "-0.75", false)], "17.25");
    assert!(!sold.is_return() && !sold.is_exchange());
    assert_eq!((sold.sold_lines().count(), sold.returned_lines().count()), (2, 0));
    assert_eq!(sold.lines_total(), dec("17.25"));
}

#[test]
fn a_return_gives_back_and_an_exchange_also_sells() {
    // The second line takes back a discount: it is above zero.
    let back = sale(vec![line("-2", "10", "-3", true), line("1", "5", "0.75", true)], "-17.25");
    assert!(back.is_return() && !back.is_exchange());
    assert_eq!((back.sold_lines().count(), back.returned_lines().count()), (0, 2));
    let even = sale(vec![line("-1", "10", "-1.5", true), line("1", "10", "1.5", false)], "0");
    assert!(even.is_exchange() && !even.is_return());
    assert_eq!((even.lines_total(), even.gross_total(), even.unexplained(2)), (dec("0"), dec("0"), dec("0")));
}

#[test]
fn a_voided_line_counts_for_nothing_unless_the_whole_sale_is_voided() {
    let gone = SaleLine { status: Some("VOIDED".to_owned()), ..line("-1", "10", "-1.5", true) };
    let mut kept = sale(vec![line("1", "4", "0.6", false), gone.clone()], "4.60");
    assert!(!kept.is_exchange());
    assert_eq!((kept.lines_total(), kept.unexplained(2)), (dec("4.6"), dec("0")));
    kept.lines = vec![gone];
    kept.status = status(&[], "voided");
    assert!(kept.is_return());
    assert_eq!(kept.lines_total(), dec("-11.5"));
}

#[test]
fn money_that_neither_lines_nor_charges_hold_is_told_and_rounding_is_not() {
    let mut found = sale(vec![line("1", "10.005", "1.50", false)], "11.51");
    assert_eq!(found.unexplained(2), dec("0"), "half a cent is rounding");
    assert_eq!(found.unexplained(3), dec("0.005"), "of a dinar it is not");
    found.totals.price_incl_tax = dec("12");
    assert_eq!((found.unexplained(0), found.unexplained(2)), (dec("0"), dec("0.495")), "a yen holds no cents");
    found.totals.price_incl_tax = dec("13.81");
    assert_eq!(found.unexplained(2), dec("2.305"));
    found.charges = vec![Charge { kind: "TIP".to_owned(), total: dec("2"), tax: dec("0.3"), ..Charge::default() }];
    assert_eq!((found.outside_total(), found.unexplained(2)), (dec("2.3"), dec("0")));
}

#[test]
fn what_is_owed_is_the_total_less_every_payment() {
    let mut layby = sale(vec![line("1", "10", "1.5", false)], "11.50");
    assert_eq!(layby.owing(), dec("11.50"));
    let paid = |amount: &str| SalePayment { amount: dec(amount), ..SalePayment::default() };
    layby.payments = vec![paid("5"), paid("6.6"), paid("-0.10")];
    assert_eq!((layby.paid(), layby.owing(), layby.total_tax()), (dec("11.50"), dec("0"), dec("1.94")));
}

#[test]
fn payments_without_an_id_have_names_of_their_own_and_the_first_keeps_its_own() {
    let payment = |id: Option<&str>, of: &str| SalePayment { id: id.map(str::to_owned), type_id: of.to_owned(), ..SalePayment::default() };
    let payments = vec![payment(None, "cash"), payment(Some("p-1"), "cash"), payment(None, "card"), payment(None, "cash")];
    let sale = Sale { payments, ..sale(Vec::new(), "0") };
    let names = sale.payments.iter().map(|payment| sale.payment_name(payment)).collect::<Vec<_>>();
    assert_eq!(names, ["s-cash", "p-1", "s-card", "s-cash-2"]);
}
