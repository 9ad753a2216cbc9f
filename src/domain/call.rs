//! The outbound requests, by kind, each with the key that makes it happen once.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::bookings::{
    DepositApplicationRequest, DepositRequest, ErpCustomerRequest, OrderChange, RecordRequest, RefundRequest, TransformRequest,
};
use super::record::RecordKind;
use super::requests::{BillRequest, CustomerRequest, FulfilmentRequest, PaymentRequest, SaleIdRequest, SaleRequest, VarianceRequest};

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $name:ident = $word:literal to $system:literal;)+) => {
        /// What a call does.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum CallKind {
            $($(#[doc = $doc])+ $name,)+
        }

        impl CallKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The word on the wire and in the database.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }

            /// The system it goes to.
            pub fn system(self) -> &'static str {
                match self {
                    $(Self::$name => $system,)+
                }
            }
        }
    };
}

kinds! {
    /// Makes the sale in X-Series.
    CreateSale = "create_sale" to "x_series";
    /// Changes a parked or pending sale.
    UpdateSale = "update_sale" to "x_series";
    /// Voids a sale.
    VoidSale = "void_sale" to "x_series";
    /// Makes the customer in X-Series.
    CreateCustomer = "create_customer" to "x_series";
    /// Writes the sale's id to the sales order.
    WriteSaleId = "write_sale_id" to "netsuite";
    /// Makes an item fulfilment.
    Fulfil = "fulfil" to "netsuite";
    /// Makes an invoice.
    Invoice = "invoice" to "netsuite";
    /// Makes a cash sale.
    CashSale = "cash_sale" to "netsuite";
    /// Makes a customer payment.
    Payment = "payment" to "netsuite";
    /// Adds the variance line to a record.
    Variance = "variance" to "netsuite";
    /// Makes a sales order for a sale of the till.
    SalesOrder = "sales_order" to "netsuite";
    /// Changes that sales order after its sale.
    ChangeOrder = "change_order" to "netsuite";
    /// Makes the customer in NetSuite.
    ErpCustomer = "netsuite_customer" to "netsuite";
    /// Makes a customer deposit.
    Deposit = "deposit" to "netsuite";
    /// Applies a deposit to an invoice.
    ApplyDeposit = "apply_deposit" to "netsuite";
    /// Makes a return authorisation.
    ReturnAuthorization = "return_authorization" to "netsuite";
    /// Receives what comes back.
    Receive = "receive" to "netsuite";
    /// Makes a cash refund.
    CashRefund = "cash_refund" to "netsuite";
    /// Makes a credit memo.
    CreditMemo = "credit_memo" to "netsuite";
    /// Makes a customer refund.
    CustomerRefund = "customer_refund" to "netsuite";
}

impl CallKind {
    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.word() == word)
    }

    /// The kind of record that a call of this kind makes.
    pub fn makes(self) -> Option<RecordKind> {
        RecordKind::ALL.iter().copied().find(|record| Self::making(*record) == self)
    }

    /// The kind of call that makes a record of this kind.
    pub fn making(record: RecordKind) -> Self {
        match record {
            RecordKind::SalesOrder => Self::SalesOrder,
            RecordKind::ItemFulfillment => Self::Fulfil,
            RecordKind::Invoice => Self::Invoice,
            RecordKind::CashSale => Self::CashSale,
            RecordKind::CustomerPayment => Self::Payment,
            RecordKind::CustomerDeposit => Self::Deposit,
            RecordKind::DepositApplication => Self::ApplyDeposit,
            RecordKind::ReturnAuthorization => Self::ReturnAuthorization,
            RecordKind::ItemReceipt => Self::Receive,
            RecordKind::CashRefund => Self::CashRefund,
            RecordKind::CreditMemo => Self::CreditMemo,
            RecordKind::CustomerRefund => Self::CustomerRefund,
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
    /// Make an invoice of a sales order.
    Invoice(BillRequest),
    /// Make a cash sale of a sales order.
    CashSale(BillRequest),
    /// Make a customer payment.
    Payment(PaymentRequest),
    /// Add the variance line to a record.
    Variance(VarianceRequest),
    /// Make a record with lines of its own.
    Book(RecordRequest),
    /// Make a record of another one.
    Transform(TransformRequest),
    /// Change a sales order.
    ChangeOrder(OrderChange),
    /// Make a customer in NetSuite, and pair it with the X-Series customer.
    ErpCustomer(ErpCustomerRequest),
    /// Make a customer deposit.
    Deposit(DepositRequest),
    /// Apply a deposit to an invoice.
    ApplyDeposit(DepositApplicationRequest),
    /// Give money back for a credit memo or for customer deposits.
    Refund(RefundRequest),
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
            Self::Book(request) => CallKind::making(request.record),
            Self::Transform(request) => CallKind::making(request.record),
            Self::ChangeOrder(_) => CallKind::ChangeOrder,
            Self::ErpCustomer(_) => CallKind::ErpCustomer,
            Self::Deposit(_) => CallKind::Deposit,
            Self::ApplyDeposit(_) => CallKind::ApplyDeposit,
            Self::Refund(_) => CallKind::CustomerRefund,
        }
    }

    /// The sale that it writes.
    pub fn sale(&self) -> Option<&SaleRequest> {
        match self {
            Self::CreateSale(sale) | Self::UpdateSale(sale) | Self::VoidSale(sale) => Some(sale),
            _ => None,
        }
    }

    /// The money that it books, where it books a payment of the sale.
    pub fn amount(&self) -> Option<Decimal> {
        match self {
            Self::Payment(payment) => Some(payment.amount),
            Self::Deposit(deposit) => Some(deposit.amount),
            Self::Refund(refund) => Some(refund.amount()),
            _ => None,
        }
    }

    /// The X-Series payment type, where it books a payment of the sale.
    pub fn tender(&self) -> Option<&str> {
        match self {
            Self::Payment(payment) => payment.tender.as_deref(),
            Self::Deposit(deposit) => deposit.tender.as_deref(),
            Self::Refund(refund) => refund.tender.as_deref(),
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
