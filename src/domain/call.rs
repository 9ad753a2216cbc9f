//! The outbound requests, by kind, each with the key that makes it happen once.

use serde::{Deserialize, Serialize};

use super::requests::{BillRequest, CustomerRequest, FulfilmentRequest, PaymentRequest, SaleIdRequest, SaleRequest, VarianceRequest};

/// What a call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallKind {
    /// Makes the sale in X-Series.
    CreateSale,
    /// Changes a parked or pending sale.
    UpdateSale,
    /// Voids a sale.
    VoidSale,
    /// Makes the customer in X-Series.
    CreateCustomer,
    /// Writes the sale's id to the sales order.
    WriteSaleId,
    /// Makes an item fulfilment.
    Fulfil,
    /// Makes an invoice.
    Invoice,
    /// Makes a cash sale.
    CashSale,
    /// Makes a customer payment.
    Payment,
    /// Adds the variance line to a bill.
    Variance,
}

impl CallKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::CreateSale,
        Self::UpdateSale,
        Self::VoidSale,
        Self::CreateCustomer,
        Self::WriteSaleId,
        Self::Fulfil,
        Self::Invoice,
        Self::CashSale,
        Self::Payment,
        Self::Variance,
    ];

    /// The word on the wire and in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::CreateSale => "create_sale",
            Self::UpdateSale => "update_sale",
            Self::VoidSale => "void_sale",
            Self::CreateCustomer => "create_customer",
            Self::WriteSaleId => "write_sale_id",
            Self::Fulfil => "fulfil",
            Self::Invoice => "invoice",
            Self::CashSale => "cash_sale",
            Self::Payment => "payment",
            Self::Variance => "variance",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// The system it goes to.
    pub fn system(self) -> &'static str {
        match self {
            Self::CreateSale | Self::UpdateSale | Self::VoidSale | Self::CreateCustomer => "x_series",
            Self::WriteSaleId | Self::Fulfil | Self::Invoice | Self::CashSale | Self::Payment | Self::Variance => "netsuite",
        }
    }
}

/// What a call sends, in our own words: kept as it stands from the intent to the last attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Make a sale.
    CreateSale(SaleRequest),
    /// Write the whole of a sale.
    UpdateSale(SaleRequest),
    /// Void a sale.
    VoidSale(SaleRequest),
    /// Make a customer, and pair it with the `NetSuite` customer of this internal id.
    CreateCustomer { netsuite_id: String, customer: CustomerRequest },
    /// Write the sale's id to the sales order.
    WriteSaleId(SaleIdRequest),
    /// Make an item fulfilment.
    Fulfil(FulfilmentRequest),
    /// Make an invoice.
    Invoice(BillRequest),
    /// Make a cash sale.
    CashSale(BillRequest),
    /// Make a customer payment.
    Payment(PaymentRequest),
    /// Add the variance line to a bill.
    Variance(VarianceRequest),
}

impl Request {
    /// The kind of call.
    pub fn kind(&self) -> CallKind {
        match self {
            Self::CreateSale(_) => CallKind::CreateSale,
            Self::UpdateSale(_) => CallKind::UpdateSale,
            Self::VoidSale(_) => CallKind::VoidSale,
            Self::CreateCustomer { .. } => CallKind::CreateCustomer,
            Self::WriteSaleId(_) => CallKind::WriteSaleId,
            Self::Fulfil(_) => CallKind::Fulfil,
            Self::Invoice(_) => CallKind::Invoice,
            Self::CashSale(_) => CallKind::CashSale,
            Self::Payment(_) => CallKind::Payment,
            Self::Variance(_) => CallKind::Variance,
        }
    }

    /// The sale that it writes.
    pub fn sale(&self) -> Option<&SaleRequest> {
        match self {
            Self::CreateSale(sale) | Self::UpdateSale(sale) | Self::VoidSale(sale) => Some(sale),
            _ => None,
        }
    }
}

/// A request with its key.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The sale's id in X-Series, the `externalId` in `NetSuite`, or a name of our own where the remote side has no key.
    pub key: String,
    /// What it sends.
    pub request: Request,
}
