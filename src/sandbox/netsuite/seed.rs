//! The account as it is found at the start: a small New Zealand retailer.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use super::account::Account;
use super::model::{Bin, Customer, InventoryNumber, Item, ItemKind, LedgerAccount, Location, Named, Period, PeriodLength};
use crate::clock::Clock;
use crate::sandbox::catalogue;
use crate::sandbox::config::{Catalogue, NetSuiteConfig};

/// Serial numbers of an item at each location.
const SERIALS: Decimal = Decimal::from_parts(20, 0, 0, false, 0);
/// The subsidiary of the shops, and the one overseas.
const HOME: u64 = 1;
const OVERSEAS: u64 = 2;

pub(super) fn account(config: &NetSuiteConfig, options: &Catalogue, zone: TimeZone, clock: Clock) -> Account {
    let today = clock.now().to_zoned(zone.clone()).date();
    let named = |list: &[(u64, &str)]| list.iter().map(|(id, name)| Named::new(*id, name)).collect::<Vec<_>>();
    let mut account = Account {
        clock,
        zone,
        preferences: config.preferences.clone(),
        custom_fields: config.custom_fields.clone(),
        unsearchable: BTreeSet::new(),
        items: BTreeMap::new(),
        customers: BTreeMap::new(),
        locations: BTreeMap::new(),
        terms: vec![(Named::new(1, "Net 20"), 20), (Named::new(2, "Net 30"), 30), (Named::new(4, "Due on receipt"), 0)],
        payment_methods: named(&[(1, "Cash"), (2, "Card"), (3, "EFTPOS"), (4, "Gift Card"), (5, "Store Credit")]),
        ship_methods: named(&[(21, "Courier"), (22, "Pickup in store")]),
        accounts: ledger(),
        subsidiaries: named(&[(HOME, "Parent Company : New Zealand"), (OVERSEAS, "Parent Company : Australia")]),
        departments: Vec::new(),
        classes: Vec::new(),
        currency: Named::new(1, "NZD"),
        tax_type: Named::new(5, "GST_NZ"),
        tax_code: Named::new(8, "GST:S-NZ"),
        no_tax_code: Named::new(9, "GST:Z-NZ"),
        stock: BTreeMap::new(),
        numbers: BTreeMap::new(),
        bins: BTreeMap::new(),
        periods: periods(today),
        orders: BTreeMap::new(),
        fulfilments: BTreeMap::new(),
        bills: BTreeMap::new(),
        payments: BTreeMap::new(),
        deposits: BTreeMap::new(),
        applications: BTreeMap::new(),
        returns: BTreeMap::new(),
        receipts: BTreeMap::new(),
        refunds: BTreeMap::new(),
        events: Vec::new(),
        next_transaction: 5000,
        next_entity: 1000,
        next_line_key: 90_000,
        next_number: BTreeMap::new(),
    };
    if options.seeded {
        fill(&mut account, Decimal::from(options.stock));
    }
    account
}

fn ledger() -> Vec<LedgerAccount> {
    let account = |(id, name, sort): (u64, &str, &'static str)| LedgerAccount { id, name: name.to_owned(), sort };
    let list = [
        (1, "1000 Cheque Account", "Bank"),
        (2, "1100 Undeposited Funds", "OthCurrAsset"),
        (3, "1200 Till Clearing", "Bank"),
        (4, "1300 Accounts Receivable", "AcctRec"),
        (5, "2300 Customer Deposits", "OthCurrLiab"),
        (6, "4000 Sales", "Income"),
    ];
    list.map(account).to_vec()
}

/// Months from two years ago to one year ahead, and the quarters and years that begin among them.
fn periods(today: Date) -> BTreeMap<u64, Period> {
    let first = today.first_of_month().checked_sub(24.months()).unwrap_or(today);
    let period = |id: u64, name: String, start: Date, months: i64, length: PeriodLength| {
        let end = start.checked_add((months - 1).months()).ok()?.last_of_month();
        Some((id, Period { id, name, start, end, length, closed: false, locked: false }))
    };
    let of_month = |month: u8| -> Option<Vec<(u64, Period)>> {
        let start = first.checked_add(i64::from(month).months()).ok()?;
        let id = u64::from(month);
        let mut all = vec![period(100 + id, start.strftime("%b %Y").to_string(), start, 1, PeriodLength::Month)?];
        if start.month() % 3 == 1 {
            all.push(period(200 + id, format!("Q{} {}", start.month() / 3 + 1, start.year()), start, 3, PeriodLength::Quarter)?);
        }
        if start.month() == 1 {
            all.push(period(300 + id, format!("FY {}", start.year()), start, 12, PeriodLength::Year)?);
        }
        Some(all)
    };
    (0..36).filter_map(of_month).flatten().collect()
}

fn fill(account: &mut Account, stock: Decimal) {
    for (id, name) in (1..).zip(catalogue::OUTLETS) {
        account.locations.insert(id, Location { id, name: name.to_owned(), subsidiary: HOME });
    }
    let shops: Vec<u64> = account.locations.keys().copied().collect();
    let mut by_sku = BTreeMap::new();
    goods(account, catalogue::GOODS, 101, &mut by_sku, &shops, stock);
    goods(account, catalogue::NETSUITE_ONLY, 151, &mut by_sku, &[], stock);
    for (id, person) in (201..).zip(&catalogue::PEOPLE) {
        add_person(account, id, person, HOME);
    }
    account.departments = vec![Named::new(1, "Retail"), Named::new(2, "Online")];
    account.classes = vec![Named::new(1, "Clothing"), Named::new(2, "Equipment")];
    overseas(account, stock);
}

/// One place, one customer and one item of the other subsidiary, so that mixing the two can be tried.
fn overseas(account: &mut Account, stock: Decimal) {
    let place = Location { id: 3, name: "Sydney".to_owned(), subsidiary: OVERSEAS };
    account.locations.insert(place.id, place);
    add_person(account, 251, &catalogue::OVERSEAS, OVERSEAS);
    if let Some(item) = account.items.values_mut().find(|item| item.sku == "SOCKS-SYDNEY") {
        item.subsidiary = Some(OVERSEAS);
        account.stock.insert((item.id, 3), stock);
    }
}

fn goods(
    account: &mut Account,
    list: &'static [catalogue::Goods],
    first: u64,
    by_sku: &mut BTreeMap<&'static str, u64>,
    locations: &[u64],
    stock: Decimal,
) {
    for (id, goods) in (first..).zip(list) {
        let members = goods.members.iter().filter_map(|(sku, count)| Some((*by_sku.get(sku)?, Decimal::from(*count)))).collect();
        let item = Item {
            id,
            sku: goods.sku.to_owned(),
            name: goods.name.to_owned(),
            kind: kind(goods.sort),
            price: goods.price(),
            taxable: goods.taxable,
            inactive: false,
            bins: goods.sort == catalogue::Sort::Binned,
            subsidiary: None,
            members,
        };
        by_sku.insert(goods.sku, id);
        stock_up(account, &item, locations, stock);
        account.items.insert(id, item);
    }
}

fn add_person(account: &mut Account, id: u64, person: &catalogue::Person, subsidiary: u64) {
    let customer = Customer {
        id,
        external_id: None,
        subsidiary,
        entity_id: format!("{} {}", id, person.title()),
        company_name: person.company.to_owned(),
        first_name: person.first.to_owned(),
        last_name: person.last.to_owned(),
        email: person.email.to_owned(),
        phone: String::new(),
        inactive: false,
        modified: account.clock.now(),
    };
    account.customers.insert(id, customer);
}

fn kind(sort: catalogue::Sort) -> ItemKind {
    match sort {
        catalogue::Sort::Plain | catalogue::Sort::Binned => ItemKind::Inventory,
        catalogue::Sort::Serial => ItemKind::Serialized,
        catalogue::Sort::Lot => ItemKind::LotNumbered,
        catalogue::Sort::Kit => ItemKind::Kit,
        catalogue::Sort::NotStocked => ItemKind::NonInventory,
        catalogue::Sort::Service => ItemKind::Service,
        catalogue::Sort::Charge | catalogue::Sort::GiftCard => ItemKind::OtherCharge,
        catalogue::Sort::Discount => ItemKind::Discount,
    }
}

/// Puts `stock` of an item at each location: serial numbers one by one, lots in two halves of which the first ends first,
/// bins the same way.
pub(super) fn stock_up(account: &mut Account, item: &Item, locations: &[u64], stock: Decimal) {
    if !item.kind.is_stocked() {
        return;
    }
    for location in locations {
        // Every piece has its number, so there are only as many as a test may need.
        let stock = if item.kind == ItemKind::Serialized { SERIALS } else { stock };
        *account.stock.entry((item.id, *location)).or_default() += stock;
        let parts: Vec<(String, Decimal)> = match item.kind {
            ItemKind::Serialized => (1..=20).map(|n| (format!("{}-{location}-{n:04}", item.sku), Decimal::ONE)).collect(),
            ItemKind::LotNumbered => {
                let half = (stock / Decimal::TWO).floor();
                vec![(format!("L{location}-A"), half), (format!("L{location}-B"), stock - half)]
            }
            _ => Vec::new(),
        };
        for ((number, quantity), months) in parts.into_iter().zip((3_i64..).step_by(3)) {
            let id = account.entity_id();
            let last = account.today().checked_add(months.months()).ok();
            let expires = last.filter(|_| item.kind == ItemKind::LotNumbered);
            let at = BTreeMap::from([(*location, quantity)]);
            account.numbers.insert(id, InventoryNumber { id, number, item: item.id, at, expires });
        }
        if item.bins {
            let half = (stock / Decimal::TWO).floor();
            for (letter, quantity) in [("A", half), ("B", stock - half)] {
                let id = 30 + u64::try_from(account.bins.len()).unwrap_or_default() + 1;
                let holds = BTreeMap::from([(item.id, quantity)]);
                account.bins.insert(id, Bin { id, number: format!("{letter}-{location}"), location: *location, holds });
            }
        }
    }
}
