//! The settings of a mappings document, each with its default.

use rust_decimal::Decimal;

use crate::domain::status::SaleStatus;

macro_rules! words {
    ($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $each:literal])+ $variant:ident = $word:literal,)+ }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[doc = $each])+ $variant,)+
        }

        impl $name {
            /// Every word, with what it stands for.
            pub const WORDS: &'static [(&'static str, Self)] = &[$(($word, Self::$variant)),+];

            /// The word in the document.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }
    };
}

words! {
    /// `on_cancelled`: the sales order was cancelled or closed before its sale was completed.
    OnCancelled {
        /// A person decides.
        Hold = "hold",
        /// The sale is voided.
        Void = "void",
    }
}

words! {
    /// `service`: what becomes of service sales.
    Service {
        /// A person decides.
        Hold = "hold",
        /// They are handled as completed sales.
        AsClosed = "as_closed",
    }
}

words! {
    /// `direct_record`: what a sale becomes that needs no sales order.
    DirectRecord {
        /// A cash sale.
        CashSale = "cash_sale",
        /// An invoice, with its payments.
        Invoice = "invoice",
    }
}

words! {
    /// `refund_as`: what a return becomes.
    RefundAs {
        /// A cash refund.
        CashRefund = "cash_refund",
        /// A credit memo.
        CreditMemo = "credit_memo",
    }
}

words! {
    /// `bill_as`: what a fulfilled sales order is billed with.
    BillAs {
        /// What the order's form says, then its terms.
        Form = "form",
        /// An invoice.
        Invoice = "invoice",
        /// A cash sale.
        CashSale = "cash_sale",
    }
}

words! {
    /// `tax`: whose tax counts.
    TaxMode {
        /// NetSuite computes, and the result is compared.
        Compare = "compare",
        /// The sale's tax is written to NetSuite.
        Override = "override",
    }
}

words! {
    /// `kind` of a payment type.
    PaymentKind {
        /// Money that was taken.
        Money = "money",
        /// A promise, not money.
        OnAccount = "on_account",
        /// A gift card.
        GiftCard = "gift_card",
        /// Store credit.
        StoreCredit = "store_credit",
        /// Loyalty points.
        Loyalty = "loyalty",
        /// The tender that paid sales sent from NetSuite carry: the money is there already, and is never booked again.
        NetSuite = "netsuite",
    }
}

/// What happens to something that no table row names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoMatch {
    /// The order is held.
    Hold,
    /// The outlet's own default is used: its default customer, its default tax.
    Default,
    /// The thing of this name or id is used.
    Use(String),
}

/// `no_match`: for each kind of thing, what happens where none matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoMatches {
    /// Items and products.
    pub item: NoMatch,
    /// Customers.
    pub customer: NoMatch,
    /// Payment types.
    pub payment_type: NoMatch,
    /// Taxes.
    pub tax: NoMatch,
    /// Outlets and locations.
    pub outlet: NoMatch,
}

impl Default for NoMatches {
    fn default() -> Self {
        Self { item: NoMatch::Hold, customer: NoMatch::Default, payment_type: NoMatch::Hold, tax: NoMatch::Hold, outlet: NoMatch::Hold }
    }
}

/// The keys at the top of the document.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the document that reads true or false")]
pub struct Settings {
    /// A sale that needs no sales order becomes none; an outlet may say otherwise.
    pub skip_sales_orders: bool,
    /// The statuses in which a sale's sales order is fulfilled and billed.
    pub reconcile_on: Vec<SaleStatus>,
    /// The custom field behind `order.send_to_x_series`; none is never ticked.
    pub send_field: Option<String>,
    /// The custom field that the sale's id is written back to; none leaves the order alone.
    pub sale_id_field: Option<String>,
    /// The item field that a product's SKU is looked up in.
    pub sku_field: String,
    /// The X-Series user, by name or id, that sent sales are made by.
    pub author: String,
    /// What happens to the sale of a cancelled order.
    pub on_cancelled: OnCancelled,
    /// What happens to service sales.
    pub service: Service,
    /// Parked sales become sales orders.
    pub import_parked: bool,
    /// Customers that neither side knows are made.
    pub create_customers: bool,
    /// What a sale becomes that needs no sales order.
    pub direct_record: DirectRecord,
    /// What a return becomes.
    pub refund_as: RefundAs,
    /// What a fulfilled sales order is billed with.
    pub bill_as: BillAs,
    /// Lines that were handed over are fulfilled while the rest waits.
    pub fulfil_partially: bool,
    /// Whose tax counts.
    pub tax: TaxMode,
    /// The largest difference of totals that does not hold an order.
    pub tolerance: Decimal,
    /// The item, by name or id, that takes up a difference within the tolerance.
    pub variance_item: Option<String>,
    /// The item, by name or id, that a discount on the whole sale becomes.
    pub discount_item: Option<String>,
    /// What belongs to a closed period is posted to the first open one.
    pub post_to_open_period: bool,
    /// What happens where no table row matches.
    pub no_match: NoMatches,
}

/// The statuses that reconcile unless the document says otherwise.
pub const RECONCILE_ON: [&str; 5] = ["CLOSED", "DISPATCHED_CLOSED", "PICKED_UP_CLOSED", "LAYBY_CLOSED", "ONACCOUNT_CLOSED"];

impl Default for Settings {
    fn default() -> Self {
        Self {
            skip_sales_orders: true,
            reconcile_on: RECONCILE_ON.into_iter().filter_map(SaleStatus::from_word).collect(),
            send_field: Some("custbody_tillbridge_send".to_owned()),
            sale_id_field: Some("custbody_tillbridge_sale_id".to_owned()),
            sku_field: "itemId".to_owned(),
            author: "api".to_owned(),
            on_cancelled: OnCancelled::Hold,
            service: Service::Hold,
            import_parked: false,
            create_customers: true,
            direct_record: DirectRecord::CashSale,
            refund_as: RefundAs::CashRefund,
            bill_as: BillAs::Form,
            fulfil_partially: true,
            tax: TaxMode::Compare,
            tolerance: Decimal::new(1, 2),
            variance_item: None,
            discount_item: None,
            post_to_open_period: false,
            no_match: NoMatches::default(),
        }
    }
}

impl Settings {
    /// A sale that reaches this status brings its sales order to fulfilled and billed.
    pub fn reconciles(&self, status: SaleStatus) -> bool {
        // By word, so that a closed layby that was also picked up counts as the layby that people call it.
        self.reconcile_on.iter().any(|listed| listed.word() == status.word())
    }
}
