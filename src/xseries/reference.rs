//! What X-Series tells of how a sale was handed over, and its webhook subscriptions.

use rust_decimal::Decimal;

use crate::domain::ids::SaleId;
use crate::domain::reference::Product;

/// A serial number that went out with a sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SerialNumber {
    /// The number.
    pub code: String,
    /// The product.
    pub product_id: Option<String>,
    /// The sale's line.
    pub line_item_id: Option<String>,
}

/// What one outlet hands over of a sale, in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fulfillment {
    /// Its id.
    pub id: String,
    /// `PICKUP`, `DISPATCH` or `SERVICE`.
    pub kind: String,
    /// `OPEN`, `STARTED`, `PICKED`, `PACKED` or `FULFILLED`.
    pub state: String,
    /// The sale's lines that it is about.
    pub lines: Vec<FulfillmentLine>,
}

/// A line of a sale, as far as it is handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FulfillmentLine {
    /// The sale's line.
    pub sale_line_item_id: String,
    /// How many are to be handed over.
    pub quantity: Decimal,
    /// How many were.
    pub fulfilled: Decimal,
}

/// A webhook subscription: one type of event, one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its id.
    pub id: String,
    /// `sale.update`, …
    pub kind: String,
    /// Where it posts to.
    pub url: String,
    /// It posts at all.
    pub active: bool,
}

/// A row of a list that belongs to a sale, so that rows of other sales can be told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OfSale<T> {
    /// The sale, where the row names it.
    pub sale_id: Option<SaleId>,
    /// The row.
    pub row: T,
}

/// A product, with what decides whether it is the one that is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// The product.
    pub product: Product,
    /// It can be sold.
    pub active: bool,
    /// Further codes it is found by.
    pub codes: Vec<String>,
}
