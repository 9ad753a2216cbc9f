//! The records of NetSuite that follow from an order or a sale, as the engine sees them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::bookings::Place;
use super::ids::RecordId;

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $name:ident = $word:literal, $code:literal, $people:literal;)+) => {
        /// What kind of record it is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum RecordKind {
            $($(#[doc = $doc])+ $name,)+
        }

        impl RecordKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The word in addresses of the record service.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }

            /// The type's code in `SuiteQL`.
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)+
                }
            }

            /// What people call it.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $people,)+
                }
            }
        }
    };
}

kinds! {
    /// An order for goods.
    SalesOrder = "salesOrder", "SalesOrd", "sales order";
    /// Goods that left.
    ItemFulfillment = "itemFulfillment", "ItemShip", "item fulfilment";
    /// A bill to be paid.
    Invoice = "invoice", "CustInvc", "invoice";
    /// A bill that is paid.
    CashSale = "cashSale", "CashSale", "cash sale";
    /// Money for invoices.
    CustomerPayment = "customerPayment", "CustPymt", "customer payment";
    /// Money for a sales order that is not billed yet.
    CustomerDeposit = "customerDeposit", "CustDep", "customer deposit";
    /// A deposit that pays for an invoice.
    DepositApplication = "depositApplication", "DepAppl", "deposit application";
    /// That goods may come back.
    ReturnAuthorization = "returnAuthorization", "RtnAuth", "return authorisation";
    /// Goods that came back.
    ItemReceipt = "itemReceipt", "ItemRcpt", "item receipt";
    /// Money given back for goods.
    CashRefund = "cashRefund", "CashRfnd", "cash refund";
    /// Credit for goods that came back.
    CreditMemo = "creditMemo", "CustCred", "credit memo";
    /// Money given back for credit.
    CustomerRefund = "customerRefund", "CustRfnd", "customer refund";
}

impl RecordKind {
    /// Reads the code that `SuiteQL` gives.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.code() == code)
    }

    /// It says what a sales order's customer owes or paid.
    pub fn is_bill(self) -> bool {
        matches!(self, Self::Invoice | Self::CashSale)
    }

    /// It has totals and tax to compare with a sale's.
    pub fn has_totals(self) -> bool {
        matches!(self, Self::Invoice | Self::CashSale | Self::CashRefund | Self::CreditMemo | Self::SalesOrder)
    }
}

/// A record made from a sales order, or under one of our keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Child {
    /// What it is.
    pub kind: RecordKind,
    /// Its internal id.
    pub id: RecordId,
    /// Its number.
    pub number: Option<String>,
    /// Its status letter.
    pub status: Option<String>,
    /// Its key.
    pub external_id: Option<String>,
}

/// A payment, deposit or customer refund, read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Money {
    /// Its internal id.
    pub id: RecordId,
    /// How much it is, above zero.
    pub amount: Option<Decimal>,
    /// What of it is not applied and not given back.
    pub unused: Option<Decimal>,
    /// The payment method's internal id.
    pub payment_method: Option<String>,
}

impl Money {
    /// One that is there, and of which nothing more is known.
    pub fn untold(id: RecordId) -> Self {
        Self { id, amount: None, unused: None, payment_method: None }
    }
}

/// What a record holds of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Goods {
    /// How many.
    pub quantity: Decimal,
    /// What they come to without tax.
    pub amount: Decimal,
}

/// A record with totals, read back.
#[derive(Debug, Clone, PartialEq)]
pub struct Bill {
    /// What it is.
    pub kind: RecordKind,
    /// Its internal id.
    pub id: RecordId,
    /// Its number.
    pub number: Option<String>,
    /// With tax.
    pub total: Option<Decimal>,
    /// The tax.
    pub tax_total: Option<Decimal>,
    /// What is still open: to be paid of an invoice, to be used of a credit memo.
    pub remaining: Option<Decimal>,
    /// How it was paid, by the payment method's internal id; a cash sale or cash refund only.
    pub payment_method: Option<String>,
    /// The account that the money went to or came from; a cash sale or cash refund only.
    pub account: Option<String>,
    /// The customer's internal id.
    pub customer: Option<String>,
    /// When it last changed, to the second.
    pub modified_at: Option<Timestamp>,
    /// The posting date.
    pub date: Option<Date>,
    /// Where it is booked.
    pub place: Place,
    /// What it holds of each item, by internal id; empty where NetSuite does not tell it.
    pub goods: BTreeMap<String, Goods>,
    /// Line key on the sales order, and the quantity.
    pub lines: Vec<(i64, Decimal)>,
}
