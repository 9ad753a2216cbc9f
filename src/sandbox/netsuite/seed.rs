//! The account as it is found at the start: a small New Zealand retailer.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use super::account::Account;
use super::model::{Customer, InventoryNumber, Item, ItemKind, Named, Period};
use crate::clock::Clock;
use crate::sandbox::catalogue;
use crate::sandbox::config::{Catalogue, NetSuiteConfig};

/// Serial numbers of an item at each location.
const SERIALS: Decimal = Decimal::from_parts(20, 0, 0, false, 0);

pub(super) fn account(config: &NetSuiteConfig, options: &Catalogue, zone: TimeZone, clock: Clock) -> Account {
    let today = clock.now().to_zoned(zone.clone()).date();
    let named = |list: &[(u64, &str)]| list.iter().map(|(id, name)| Named::new(*id, name)).collect::<Vec<_>>();
    let mut account = Account {
        clock,
        zone,
        preferences: config.preferences.clone(),
        custom_fields: config.custom_fields.clone(),
        items: BTreeMap::new(),
        customers: BTreeMap::new(),
        locations: BTreeMap::new(),
        terms: vec![(Named::new(1, "Net 20"), 20), (Named::new(2, "Net 30"), 30), (Named::new(4, "Due on receipt"), 0)],
        payment_methods: named(&[(1, "Cash"), (2, "Card"), (3, "EFTPOS"), (4, "Gift Card"), (5, "Store Credit")]),
        ship_methods: named(&[(21, "Courier"), (22, "Pickup in store")]),
        accounts: named(&[(1, "1000 Cheque Account"), (2, "1100 Undeposited Funds"), (3, "1200 Till Clearing")]),
        subsidiary: Named::new(1, "Parent Company : New Zealand"),
        currency: Named::new(1, "NZD"),
        tax_code: Named::new(8, "GST:S-NZ"),
        no_tax_code: Named::new(9, "GST:Z-NZ"),
        stock: BTreeMap::new(),
        numbers: BTreeMap::new(),
        periods: periods(today),
        orders: BTreeMap::new(),
        fulfilments: BTreeMap::new(),
        bills: BTreeMap::new(),
        payments: BTreeMap::new(),
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

/// Months from two years ago to one year ahead.
fn periods(today: Date) -> BTreeMap<u64, Period> {
    let first = today.first_of_month().checked_sub(24.months()).unwrap_or(today);
    (0..36_i64)
        .filter_map(|month| {
            let start = first.checked_add(month.months()).ok()?;
            let id = 100 + u64::try_from(month).ok()?;
            let name = start.strftime("%b %Y").to_string();
            Some((id, Period { id, name, start, end: start.last_of_month(), closed: false }))
        })
        .collect()
}

fn fill(account: &mut Account, stock: Decimal) {
    for (id, name) in (1..).zip(catalogue::OUTLETS) {
        account.locations.insert(id, Named::new(id, name));
    }
    let locations: Vec<u64> = account.locations.keys().copied().collect();
    let mut by_sku = BTreeMap::new();
    for (id, goods) in (101..).zip(catalogue::GOODS) {
        let members = goods.members.iter().filter_map(|(sku, count)| Some((*by_sku.get(sku)?, Decimal::from(*count)))).collect();
        let item = Item {
            id,
            sku: goods.sku.to_owned(),
            name: goods.name.to_owned(),
            kind: kind(goods.sort),
            price: goods.price(),
            taxable: goods.taxable,
            inactive: false,
            members,
        };
        by_sku.insert(goods.sku, id);
        stock_up(account, &item, &locations, stock);
        account.items.insert(id, item);
    }
    let modified = account.clock.now();
    for (id, person) in (201..).zip(catalogue::PEOPLE) {
        let entity_id = format!("{} {}", id, person.title());
        let customer = Customer {
            id,
            entity_id,
            company_name: person.company.to_owned(),
            first_name: person.first.to_owned(),
            last_name: person.last.to_owned(),
            email: person.email.to_owned(),
            phone: String::new(),
            inactive: false,
            modified,
        };
        account.customers.insert(id, customer);
    }
}

fn kind(sort: catalogue::Sort) -> ItemKind {
    match sort {
        catalogue::Sort::Plain => ItemKind::Inventory,
        catalogue::Sort::Serial => ItemKind::Serialized,
        catalogue::Sort::Lot => ItemKind::LotNumbered,
        catalogue::Sort::Kit => ItemKind::Kit,
        catalogue::Sort::NotStocked => ItemKind::NonInventory,
        catalogue::Sort::Service => ItemKind::Service,
    }
}

/// Puts `stock` of an item at each location: serial numbers one by one, lots in two halves.
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
        for (number, quantity) in parts {
            let id = account.entity_id();
            account.numbers.insert(id, InventoryNumber { id, number, item: item.id, at: BTreeMap::from([(*location, quantity)]) });
        }
    }
}
