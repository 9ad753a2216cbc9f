//! The kinds of transactions, and what each is called where.

use serde::Serialize;

use super::model::BillKind;

/// A kind of transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// A sales order.
    SalesOrder,
    /// What shipped from a sales order.
    ItemFulfillment,
    /// To be paid.
    Invoice,
    /// Paid at once.
    CashSale,
    /// Money for an invoice.
    CustomerPayment,
    /// Money before there is an invoice.
    CustomerDeposit,
    /// What of a deposit pays an invoice.
    DepositApplication,
    /// What a customer may bring back.
    ReturnAuthorization,
    /// What a customer brought back.
    ItemReceipt,
    /// Owed to the customer.
    CreditMemo,
    /// Paid back at once.
    CashRefund,
    /// Money back for a credit memo or a deposit.
    CustomerRefund,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::SalesOrder,
        Self::ItemFulfillment,
        Self::Invoice,
        Self::CashSale,
        Self::CustomerPayment,
        Self::CustomerDeposit,
        Self::DepositApplication,
        Self::ReturnAuthorization,
        Self::ItemReceipt,
        Self::CreditMemo,
        Self::CashRefund,
        Self::CustomerRefund,
    ];

    /// In an address of the record service.
    pub fn record_type(self) -> &'static str {
        match self {
            Self::SalesOrder => "salesOrder",
            Self::ItemFulfillment => "itemFulfillment",
            Self::Invoice => "invoice",
            Self::CashSale => "cashSale",
            Self::CustomerPayment => "customerPayment",
            Self::CustomerDeposit => "customerDeposit",
            Self::DepositApplication => "depositApplication",
            Self::ReturnAuthorization => "returnAuthorization",
            Self::ItemReceipt => "itemReceipt",
            Self::CreditMemo => "creditMemo",
            Self::CashRefund => "cashRefund",
            Self::CustomerRefund => "customerRefund",
        }
    }

    /// `type` in SuiteQL.
    pub fn code(self) -> &'static str {
        match self {
            Self::SalesOrder => "SalesOrd",
            Self::ItemFulfillment => "ItemShip",
            Self::Invoice => "CustInvc",
            Self::CashSale => "CashSale",
            Self::CustomerPayment => "CustPymt",
            Self::CustomerDeposit => "CustDep",
            Self::DepositApplication => "DepAppl",
            Self::ReturnAuthorization => "RtnAuth",
            Self::ItemReceipt => "ItemRcpt",
            Self::CreditMemo => "CustCred",
            Self::CashRefund => "CashRfnd",
            Self::CustomerRefund => "CustRfnd",
        }
    }

    /// As people read it.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::SalesOrder => "Sales Order",
            Self::ItemFulfillment => "Item Fulfillment",
            Self::Invoice => "Invoice",
            Self::CashSale => "Cash Sale",
            Self::CustomerPayment => "Payment",
            Self::CustomerDeposit => "Customer Deposit",
            Self::DepositApplication => "Deposit Application",
            Self::ReturnAuthorization => "Return Authorization",
            Self::ItemReceipt => "Item Receipt",
            Self::CreditMemo => "Credit Memo",
            Self::CashRefund => "Cash Refund",
            Self::CustomerRefund => "Customer Refund",
        }
    }

    /// `abbrevtype` in SuiteQL.
    pub(super) fn abbreviation(self) -> &'static str {
        match self {
            Self::SalesOrder => "SALESORD",
            Self::ItemFulfillment => "ITEMSHIP",
            Self::Invoice => "INV",
            Self::CashSale => "CASHSALE",
            Self::CustomerPayment => "PMT",
            Self::CustomerDeposit => "CUSTDEP",
            Self::DepositApplication => "DEPAPPL",
            Self::ReturnAuthorization => "RTNAUTH",
            Self::ItemReceipt => "RCPT",
            Self::CreditMemo => "CREDMEM",
            Self::CashRefund => "CASHRFND",
            Self::CustomerRefund => "CUSTRFND",
        }
    }

    /// How its document numbers begin.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::SalesOrder => "SO",
            Self::ItemFulfillment => "IF",
            Self::Invoice => "INV",
            Self::CashSale => "CS",
            Self::CustomerPayment => "PYMT",
            Self::CustomerDeposit => "CD",
            Self::DepositApplication => "DA",
            Self::ReturnAuthorization => "RMA",
            Self::ItemReceipt => "IR",
            Self::CreditMemo => "CM",
            Self::CashRefund => "CRF",
            Self::CustomerRefund => "RF",
        }
    }

    /// It moves amounts in the general ledger.
    pub(super) fn posts(self) -> bool {
        !matches!(self, Self::SalesOrder | Self::ReturnAuthorization)
    }

    /// Its quantities and amounts go the other way than those of a sale.
    pub(super) fn takes_back(self) -> bool {
        matches!(self, Self::ReturnAuthorization | Self::ItemReceipt | Self::CreditMemo | Self::CashRefund | Self::CustomerRefund)
    }
}

impl From<BillKind> for Kind {
    fn from(kind: BillKind) -> Self {
        match kind {
            BillKind::Invoice => Self::Invoice,
            BillKind::CashSale => Self::CashSale,
            BillKind::CreditMemo => Self::CreditMemo,
            BillKind::CashRefund => Self::CashRefund,
        }
    }
}
