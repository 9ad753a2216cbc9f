//! A sales order of NetSuite, as the engine sees it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::Value;

use super::ids::RecordId;
use super::status::OrderStatus;

/// A reference to another NetSuite record: its internal id and the name that NetSuite shows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ref {
    /// The internal id, or the letter of an enumeration.
    pub id: String,
    /// `refName`.
    pub name: Option<String>,
}

impl Ref {
    /// The name where there is one, else the id.
    pub fn label(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }
}

/// A sales order as NetSuite holds it now.
#[derive(Debug, Clone, PartialEq)]
pub struct SalesOrder {
    /// The internal id.
    pub id: RecordId,
    /// The number people use (`tranId`).
    pub number: String,
    /// Our or another system's key.
    pub external_id: Option<String>,
    /// The status, or the text that is not known.
    pub status: Result<OrderStatus, String>,
    /// The customer (`entity`).
    pub customer: Option<Ref>,
    /// The customer's e-mail on this order.
    pub email: Option<String>,
    /// The subsidiary, on OneWorld accounts.
    pub subsidiary: Option<Ref>,
    /// The header's location.
    pub location: Option<Ref>,
    /// The header's department.
    pub department: Option<Ref>,
    /// The header's class.
    pub class: Option<Ref>,
    /// The currency.
    pub currency: Option<Ref>,
    /// The payment terms.
    pub terms: Option<Ref>,
    /// How it is paid, where that is set on the order (`paymentMethod` or `paymentOption`).
    pub payment_method: Option<Ref>,
    /// The shipping method.
    pub ship_method: Option<Ref>,
    /// The form that it was entered on; it says whether an invoice or a cash sale follows.
    pub form: Option<Ref>,
    /// The order date.
    pub date: Option<Date>,
    /// The date it is to ship on.
    pub ship_date: Option<Date>,
    /// The customer's purchase-order number.
    pub po_number: Option<String>,
    /// The memo.
    pub memo: Option<String>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub modified_at: Option<Timestamp>,
    /// Without tax and shipping.
    pub subtotal: Option<Decimal>,
    /// The header discount: zero or negative.
    pub discount_total: Option<Decimal>,
    /// The tax.
    pub tax_total: Option<Decimal>,
    /// What shipping costs the customer, without tax.
    pub shipping_cost: Option<Decimal>,
    /// What handling costs the customer, without tax.
    pub handling_cost: Option<Decimal>,
    /// With tax and shipping.
    pub total: Option<Decimal>,
    /// The lines, by their `line` key.
    pub lines: Vec<OrderLine>,
    /// Where it ships to, as one text of lines.
    pub ship_to: Option<String>,
    /// Every `custbody_*`, as it came.
    pub custom: BTreeMap<String, Value>,
}

/// A line of a sales order.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderLine {
    /// The key of the line; not its position, and with gaps.
    pub line: i64,
    /// The item.
    pub item: Ref,
    /// What kind of item it is.
    pub kind: ItemKind,
    /// The text on the line.
    pub description: Option<String>,
    /// The quantity ordered.
    pub quantity: Decimal,
    /// The unit price, without tax.
    pub rate: Option<Decimal>,
    /// Rate × quantity, without tax.
    pub amount: Option<Decimal>,
    /// With tax, where NetSuite tells it.
    pub gross: Option<Decimal>,
    /// The tax of the line, where NetSuite tells it.
    pub tax: Option<Decimal>,
    /// The tax code, where NetSuite tells it.
    pub tax_code: Option<Ref>,
    /// The tax rate in per cent, where NetSuite tells it.
    pub tax_rate: Option<Decimal>,
    /// The line is taxed; `None` where NetSuite does not say.
    pub taxable: Option<bool>,
    /// The line's location.
    pub location: Option<Ref>,
    /// Somebody closed the line: nothing more comes of it.
    pub closed: bool,
    /// Shipped so far.
    pub fulfilled: Decimal,
    /// Billed so far.
    pub billed: Decimal,
    /// Reserved in stock.
    pub committed: Option<Decimal>,
    /// A purchase order brings it to the customer (drop shipment, special order).
    pub from_purchase: bool,
    /// The serial numbers, lots and bins set on the order's line.
    pub inventory: Vec<Assignment>,
    /// Every `custcol_*`, as it came.
    pub custom: BTreeMap<String, Value>,
}

/// Which serial number, lot or bin a quantity is taken from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The serial or lot number's internal id.
    pub number: Option<Ref>,
    /// The bin's internal id.
    pub bin: Option<Ref>,
    /// The inventory status' internal id.
    pub status: Option<Ref>,
    /// How many.
    pub quantity: Decimal,
}

/// The kind of item on a line (`itemType`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemKind {
    /// `InvtPart`
    Inventory,
    /// `NonInvtPart`
    NonInventory,
    /// `Service`
    Service,
    /// `Kit`
    Kit,
    /// `Assembly`
    Assembly,
    /// `Group`: stands over its members, up to `EndGroup`.
    Group,
    /// `EndGroup`
    EndGroup,
    /// `Description`
    Description,
    /// `Subtotal`
    Subtotal,
    /// `Discount`
    Discount,
    /// `Markup`
    Markup,
    /// `OthCharge`
    OtherCharge,
    /// `GiftCert`
    GiftCertificate,
    /// `DwnLdItem`
    Download,
    /// `Payment`
    Payment,
    /// A word that is not known.
    Other(String),
}

impl ItemKind {
    /// Reads NetSuite's word.
    pub fn parse(word: &str) -> Self {
        match word {
            "InvtPart" => Self::Inventory,
            "NonInvtPart" => Self::NonInventory,
            "Service" => Self::Service,
            "Kit" => Self::Kit,
            "Assembly" => Self::Assembly,
            "Group" => Self::Group,
            "EndGroup" => Self::EndGroup,
            "Description" => Self::Description,
            "Subtotal" => Self::Subtotal,
            "Discount" => Self::Discount,
            "Markup" => Self::Markup,
            "OthCharge" => Self::OtherCharge,
            "GiftCert" => Self::GiftCertificate,
            "DwnLdItem" => Self::Download,
            "Payment" => Self::Payment,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The line says something but sells nothing.
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Group | Self::EndGroup | Self::Description | Self::Subtotal)
    }

    /// Goods that leave with an item fulfilment.
    pub fn is_shipped(&self) -> bool {
        matches!(self, Self::Inventory | Self::NonInventory | Self::Kit | Self::Assembly)
    }
}
