//! What became of an event, and why: a verdict, a stable reason word, and a sentence for people.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The five ends an event can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VerdictKind {
    /// Both sides hold what they should, and it was read back.
    Synced,
    /// Both sides are in step until something changes.
    Waiting,
    /// Nothing was to be done.
    Ignored,
    /// Stopped until a person or a changed fact releases it.
    Held,
    /// Nothing can ever be done with it.
    Failed,
}

impl VerdictKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Synced, Self::Waiting, Self::Ignored, Self::Held, Self::Failed];

    /// The word on the wire and in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Synced => "synced",
            Self::Waiting => "waiting",
            Self::Ignored => "ignored",
            Self::Held => "held",
            Self::Failed => "failed",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

macro_rules! reasons {
    ($($(#[doc = $doc:expr])+ $name:ident = $word:literal,)+) => {
        /// The stable word for why a verdict was given. The operations guide explains each.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The word on the wire and in the database.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }
        }
    };
}

reasons! {
    /// Fulfilled, billed and read back by us.
    FulfilledAndBilled = "fulfilled_and_billed",
    /// Nothing was left to ship or bill.
    AlreadyComplete = "already_complete",
    /// The sale was voided because its sales order was cancelled.
    VoidedWithOrder = "voided_with_order",
    /// Parked at the till, to be completed and paid there.
    AwaitingTill = "awaiting_till",
    /// Waiting to be picked up.
    AwaitingPickup = "awaiting_pickup",
    /// Waiting to be delivered.
    AwaitingDispatch = "awaiting_dispatch",
    /// Part of it was handed over and fulfilled; the rest follows.
    PartlyHandedOver = "partly_handed_over",
    /// Paid in instalments that are not complete.
    AwaitingLayby = "awaiting_layby",
    /// On account, not paid yet.
    AwaitingAccount = "awaiting_account",
    /// No mapping's condition holds for the sales order.
    NoMapping = "no_mapping_matched",
    /// The sale is as we wrote it.
    Echo = "echo",
    /// The sales order was cancelled or closed, and was never sent.
    OrderCancelled = "order_cancelled",
    /// NetSuite has no such sales order.
    OrderNotFound = "order_not_found",
    /// X-Series has no such sale.
    SaleNotFound = "sale_not_found",
    /// The till has the sale open this moment.
    SaleTransient = "sale_open",
    /// Sales of this status do not reconcile, by setting.
    StatusNotReconciled = "status_not_reconciled",
    /// The sale was made at the till and has no sales order.
    NoSalesOrder = "no_sales_order",
    /// The webhook speaks of something else than a sale or a sales order.
    NotAnOrder = "not_an_order",
    /// An operator let it go.
    Skipped = "skipped",
    /// The body is signed but cannot be understood.
    Malformed = "malformed",
    /// A sale of the till, booked as one record and read back.
    Booked = "booked",
    /// A return or exchange, booked and read back.
    ReturnBooked = "return_booked",
    /// A parked sale of the till, which becomes nothing until it is completed.
    Parked = "parked",
    /// A sale of the till that was voided before anything was booked.
    VoidedUnbooked = "voided_unbooked",
    /// The sale that is taken back is not booked yet.
    OriginalFirst = "original_first",
    /// A payment changed after it was booked.
    PaymentChanged = "payment_changed",
    /// A record that was booked is gone from NetSuite.
    RecordGone = "record_gone",
    /// What NetSuite holds of the sale differs from what the till says now.
    ChangedAfterBooking = "changed_after_booking",
    /// The account does not take the till's tax.
    TaxOverride = "tax_override",
    /// Something the sale needs is not there: products, customer, register, outlet, author, taxes, payment type.
    Unresolved = "unresolved",
    /// The sales order waits for approval in NetSuite.
    PendingApproval = "pending_approval",
    /// The sales order was cancelled or closed while its sale is under way.
    CancelledAfterSend = "cancelled_after_send",
    /// The sales order is gone while its sale is under way.
    OrderDeleted = "order_deleted",
    /// The sale was voided.
    SaleVoided = "sale_voided",
    /// The sale that we wrote is gone.
    SaleDeleted = "sale_deleted",
    /// The sales order changed after its sale was completed.
    ChangedAfterClose = "changed_after_close",
    /// The lines or the totals of both sides differ.
    TotalsDiffer = "totals_differ",
    /// The sale status is not one we know.
    UnknownSaleStatus = "unknown_sale_status",
    /// The sales order's status is not one we know.
    UnknownOrderStatus = "unknown_order_status",
    /// Service sales are held by setting.
    ServiceSale = "service_sale",
    /// A line to ship has no location.
    LocationMissing = "location_missing",
    /// A serial number, lot or bin is needed and not known.
    InventoryDetailMissing = "inventory_detail_missing",
    /// The accounting period is closed.
    PeriodClosed = "period_closed",
    /// There is not enough stock, or it is not committed.
    NotInStock = "not_in_stock",
    /// A NetSuite workflow locks the record.
    RecordLocked = "record_locked",
    /// NetSuite does not let us ship or bill this sales order as it stands.
    CannotTransform = "cannot_transform",
    /// The role or the token lacks a permission.
    Permission = "permission",
    /// The credentials are refused.
    Credentials = "credentials_refused",
    /// The other system refused the request's content.
    Refused = "refused",
    /// The other system answered something that we do not know.
    UnknownAnswer = "unknown_answer",
    /// Two orders claim the same record.
    LinkConflict = "link_conflict",
    /// The sale is written in a way that this connection cannot follow.
    Unsupported = "unsupported",
    /// It was tried as often as the settings allow.
    AttemptsExhausted = "attempts_exhausted",
    /// The program failed on this order.
    InternalError = "internal_error",
    /// No mappings are published for the connection.
    NoMappings = "no_mappings_published",
}

/// Why an order is held decides what lets it go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HoldKind {
    /// A changed fact is enough: the next event, or the next look, decides afresh.
    Facts,
    /// Only an operator: attempts ran out, or the program failed.
    Operator,
}

impl HoldKind {
    /// The word in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Facts => "facts",
            Self::Operator => "operator",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Facts, Self::Operator].into_iter().find(|kind| kind.word() == word)
    }
}

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Which of the five ends.
    pub kind: VerdictKind,
    /// Why, as a stable word.
    pub reason: Reason,
    /// Why, as a sentence for people: what happened, to which order, and what to do next.
    pub detail: String,
}

impl Verdict {
    /// A verdict of the given kind.
    pub fn new(kind: VerdictKind, reason: Reason, detail: impl Into<String>) -> Self {
        Self { kind, reason, detail: detail.into() }
    }

    /// `synced(reason)`
    pub fn synced(reason: Reason, detail: impl Into<String>) -> Self {
        Self::new(VerdictKind::Synced, reason, detail)
    }

    /// `waiting(reason)`
    pub fn waiting(reason: Reason, detail: impl Into<String>) -> Self {
        Self::new(VerdictKind::Waiting, reason, detail)
    }

    /// `ignored(reason)`
    pub fn ignored(reason: Reason, detail: impl Into<String>) -> Self {
        Self::new(VerdictKind::Ignored, reason, detail)
    }

    /// `held(reason)`
    pub fn held(reason: Reason, detail: impl Into<String>) -> Self {
        Self::new(VerdictKind::Held, reason, detail)
    }

    /// `failed(reason)`
    pub fn failed(reason: Reason, detail: impl Into<String>) -> Self {
        Self::new(VerdictKind::Failed, reason, detail)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.kind.word(), self.reason.word())
    }
}
