//! The retailer as it is found at the start: the same goods, places and people as in the NetSuite account.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use uuid::Uuid;

use super::retailer::{Customer, Outlet, PaymentType, Product, Register, Retailer, Tax, User};
use crate::clock::Clock;
use crate::sandbox::catalogue::{self, Sort};
use crate::sandbox::config::{Catalogue, XSeriesConfig};

/// Ids of what is there at the start depend on its name only, so that every run has the same.
pub(super) fn id(kind: &str, name: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("sandbox:{kind}:{name}").as_bytes())
}

/// The SKU of the product that stands for a discount on a whole sale.
pub(super) const DISCOUNT: &str = "vend-discount";
/// The customer code of the walk-in customer.
pub(super) const WALK_IN: &str = "WALKIN";

pub(super) fn retailer(config: &XSeriesConfig, options: &Catalogue, clock: Clock, seed: u64) -> Retailer {
    let mut retailer = Retailer {
        clock,
        random: fastrand::Rng::with_seed(seed),
        id: id("retailer", &config.domain_prefix),
        domain_prefix: config.domain_prefix.clone(),
        unpaid_hand_over: config.unpaid_hand_over,
        version: 1000,
        snowflake: 1_950_523_126_384_443_392,
        sales: BTreeMap::new(),
        products: BTreeMap::new(),
        customers: BTreeMap::new(),
        outlets: Vec::new(),
        registers: Vec::new(),
        users: Vec::new(),
        payment_types: Vec::new(),
        taxes: Vec::new(),
        subscriptions: Vec::new(),
        hand_overs: Vec::new(),
        changed: Vec::new(),
    };
    basics(&mut retailer);
    if options.seeded {
        places(&mut retailer, config.registers);
        goods(&mut retailer);
        people(&mut retailer);
    }
    retailer
}

/// Taxes, payment types and users: no retailer is without them.
fn basics(retailer: &mut Retailer) {
    for (name, rate, default) in [("No Tax", Decimal::ZERO, false), ("GST", Decimal::new(15, 2), true)] {
        let version = retailer.next_version();
        let tax = Tax { id: id("tax", name), rate_id: id("tax rate", name), name: name.to_owned(), rate, default, version };
        retailer.taxes.push(tax);
    }
    let types = [("Cash", 1), ("Card", 3), ("Gift Card", 118), ("Store Credit", 123), ("Loyalty", 106), ("On Account", 4), ("NetSuite", 5)];
    for (name, type_id) in types {
        let version = retailer.next_version();
        retailer.payment_types.push(PaymentType { id: id("payment type", name), name: name.to_owned(), type_id, version });
    }
    for (username, display_name, account_type) in
        [("api", "API User", "admin"), ("hana", "Hana Cooper", "manager"), ("liam", "Liam O'Neill", "cashier")]
    {
        let version = retailer.next_version();
        retailer.users.push(User {
            id: id("user", username),
            username: username.to_owned(),
            display_name: display_name.to_owned(),
            account_type: account_type.to_owned(),
            version,
        });
    }
}

fn places(retailer: &mut Retailer, registers: u32) {
    for name in catalogue::OUTLETS {
        let version = retailer.next_version();
        let time_zone = "Pacific/Auckland".to_owned();
        retailer.outlets.push(Outlet { id: id("outlet", name), name: name.to_owned(), time_zone, version });
    }
    for number in 0..registers {
        let place = usize::try_from(number).unwrap_or(0);
        let Some(outlet) = catalogue::OUTLETS.get(place % catalogue::OUTLETS.len()) else { continue };
        let name = format!("{outlet} {}", place / catalogue::OUTLETS.len() + 1);
        let version = retailer.next_version();
        let prefix = format!("{}{}-", outlet.chars().next().unwrap_or('R'), place / catalogue::OUTLETS.len() + 1);
        retailer.registers.push(Register {
            id: id("register", &name),
            outlet: id("outlet", outlet),
            name,
            open: true,
            prefix,
            sequence: 1001,
            version,
        });
    }
}

fn goods(retailer: &mut Retailer) {
    let discount = (DISCOUNT, "Discount", Decimal::ZERO, false, false, true);
    let goods = catalogue::GOODS
        .iter()
        .map(|goods| {
            let has_inventory = goods.sort.is_stocked();
            (goods.sku, goods.name, goods.price(), goods.sort == Sort::Kit, has_inventory, goods.taxable)
        })
        .chain([discount]);
    for (sku, name, price, composite, has_inventory, taxable) in goods {
        let version = retailer.next_version();
        let product = Product {
            id: id("product", sku),
            sku: sku.to_owned(),
            name: name.to_owned(),
            price,
            tax: id("tax", if taxable { "GST" } else { "No Tax" }),
            composite,
            has_inventory,
            active: true,
            deleted: None,
            version,
        };
        retailer.products.insert(product.id, product);
    }
}

fn people(retailer: &mut Retailer) {
    for person in &catalogue::PEOPLE {
        let version = retailer.next_version();
        let customer = Customer {
            id: id("customer", person.code),
            code: person.code.to_owned(),
            first_name: person.first.to_owned(),
            last_name: person.last.to_owned(),
            company_name: person.company.to_owned(),
            email: person.email.to_owned(),
            phone: String::new(),
            version,
        };
        retailer.customers.insert(customer.id, customer);
    }
    let (id, version) = (id("customer", WALK_IN), retailer.next_version());
    let walk_in = Customer { id, code: WALK_IN.to_owned(), version, ..Customer::default() };
    retailer.customers.insert(id, walk_in);
}
