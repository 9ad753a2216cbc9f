//! What the retailer has on both sides at the start: the same SKUs, places and people.

use rust_decimal::Decimal;

/// Outlets in X-Series, locations in NetSuite.
pub(super) const OUTLETS: [&str; 2] = ["Ponsonby", "Newmarket"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Plain,
    Serial,
    Lot,
    Kit,
    NotStocked,
    Service,
    /// Stocked, each shelf with its number.
    Binned,
    /// An amount that is charged: neither stocked nor shipped.
    Charge,
    /// A gift card, sold for what it is worth.
    GiftCard,
    /// A deduction.
    Discount,
}

impl Sort {
    pub(super) fn is_stocked(self) -> bool {
        matches!(self, Self::Plain | Self::Serial | Self::Lot | Self::Binned)
    }
}

#[derive(Debug)]
pub(super) struct Goods {
    pub sku: &'static str,
    pub name: &'static str,
    /// Without tax, in cents.
    pub cents: i64,
    pub sort: Sort,
    pub taxable: bool,
    /// A kit's members by SKU; they stand before it in the list.
    pub members: &'static [(&'static str, u32)],
}

impl Goods {
    pub(super) fn price(&self) -> Decimal {
        Decimal::new(self.cents, 2)
    }
}

const fn plain(sku: &'static str, name: &'static str, cents: i64) -> Goods {
    Goods { sku, name, cents, sort: Sort::Plain, taxable: true, members: &[] }
}

const fn special(sku: &'static str, name: &'static str, cents: i64, sort: Sort) -> Goods {
    Goods { sku, name, cents, sort, taxable: true, members: &[] }
}

const fn kit(sku: &'static str, name: &'static str, cents: i64, members: &'static [(&'static str, u32)]) -> Goods {
    Goods { sku, name, cents, sort: Sort::Kit, taxable: true, members }
}

/// What both sides have. New goods go to the end, as ids follow from the place.
pub(super) const GOODS: &[Goods] = &[
    plain("SCARF-MERINO", "Merino scarf", 4304),
    plain("BEANIE-MERINO", "Merino beanie", 3043),
    plain("GLOVES-POSSUM", "Possum gloves", 3826),
    plain("SOCKS-HIKER", "Hiking socks", 2174),
    plain("JERSEY-WOOL", "Wool jersey", 15_652),
    plain("TEE-ORGANIC", "Organic T-shirt", 3913),
    plain("JACKET-RAIN", "Rain jacket", 26_087),
    plain("PACK-20L", "Day pack 20 l", 12_174),
    plain("PACK-65L", "Tramping pack 65 l", 34_783),
    plain("BOTTLE-1L", "Steel bottle 1 l", 2609),
    plain("MUG-ENAMEL", "Enamel mug", 1304),
    plain("TOWEL-CAMP", "Camp towel", 1739),
    plain("LAMP-HEAD", "Head lamp", 6087),
    plain("TENT-2P", "Tent for two", 43_391),
    plain("BAG-SLEEP", "Sleeping bag", 30_435),
    Goods { sku: "BOOK-TRAILS", name: "Book of trails", cents: 3999, sort: Sort::Plain, taxable: false, members: &[] },
    special("GPS-WATCH", "GPS watch", 52_174, Sort::Serial),
    special("BEACON-PLB", "Rescue beacon", 43_478, Sort::Serial),
    special("MEAL-LAMB", "Freeze-dried meal, lamb", 1304, Sort::Lot),
    kit("KIT-WEEKEND", "Weekend kit", 19_130, &[("PACK-20L", 1), ("BOTTLE-1L", 2), ("LAMP-HEAD", 1)]),
    special("GIFT-WRAP", "Gift wrapping", 435, Sort::NotStocked),
    special("BOOT-FIT", "Boot fitting", 2609, Sort::Service),
    kit("KIT-SAFETY", "Safety kit", 46_087, &[("BEACON-PLB", 1), ("LAMP-HEAD", 1)]),
    kit("KIT-MEALS", "Meals for two days", 6000, &[("MEAL-LAMB", 4), ("BOTTLE-1L", 1)]),
    special("ROPE-30M", "Climbing rope 30 m", 17_391, Sort::Binned),
    kit("KIT-CLIMB", "Climbing kit", 19_913, &[("ROPE-30M", 1), ("GLOVES-POSSUM", 1)]),
    Goods { sku: "GIFT-CARD", name: "Gift card", cents: 0, sort: Sort::GiftCard, taxable: false, members: &[] },
    special("DELIVERY", "Delivery charge", 870, Sort::Charge),
];

/// What only NetSuite has: what money that is on no line is booked on.
pub(super) const NETSUITE_ONLY: &[Goods] = &[
    Goods { sku: "DISCOUNT", name: "Discount", cents: 0, sort: Sort::Discount, taxable: true, members: &[] },
    Goods { sku: "VARIANCE", name: "Rounding and variance", cents: 0, sort: Sort::Charge, taxable: false, members: &[] },
    special("SURCHARGE", "Card surcharge", 0, Sort::Charge),
    special("FREIGHT", "Freight", 0, Sort::Charge),
    Goods { sku: "TIP", name: "Tip", cents: 0, sort: Sort::Charge, taxable: false, members: &[] },
    plain("SOCKS-SYDNEY", "Hiking socks, Australia", 2450),
];

#[derive(Debug)]
pub(super) struct Person {
    pub first: &'static str,
    pub last: &'static str,
    pub company: &'static str,
    pub email: &'static str,
    pub code: &'static str,
}

impl Person {
    pub(super) fn title(&self) -> String {
        if self.company.is_empty() { format!("{} {}", self.first, self.last) } else { self.company.to_owned() }
    }
}

pub(super) const PEOPLE: [Person; 6] = [
    Person { first: "Aroha", last: "Ngata", company: "", email: "aroha.ngata@example.com", code: "AROHA-N201" },
    Person { first: "Tom", last: "Whitfield", company: "", email: "tom.whitfield@example.com", code: "TOM-W202" },
    Person { first: "Mei", last: "Chen", company: "", email: "mei.chen@example.com", code: "MEI-C203" },
    Person { first: "Sione", last: "Tupou", company: "", email: "sione.tupou@example.com", code: "SIONE-T204" },
    Person { first: "Kate", last: "Morrow", company: "Tramping Club", email: "club@example.com", code: "CLUB-205" },
    Person { first: "Jo", last: "Park", company: "Lakeside School", email: "school@example.com", code: "SCHOOL-206" },
];

/// A customer of the subsidiary overseas, in NetSuite only.
pub(super) const OVERSEAS: Person =
    Person { first: "Ruby", last: "Lang", company: "Bushwalkers Sydney", email: "bushwalkers@example.com", code: "BUSH-251" };
