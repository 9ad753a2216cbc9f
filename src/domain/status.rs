//! Sale status and order status: the words of both systems and what the sync does at each.
//!
//! X-Series tells a sale's place in life by `state` and `attributes`; the older one-word `status` cannot say "layby and
//! pickup" and is only read where the two are absent. A word that is not known is an error, never a guess.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// `state` of a sale in X-Series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SaleState {
    /// Saved for later.
    Parked,
    /// Under way: laid by, on account, to be picked up or delivered.
    Pending,
    /// Complete.
    Closed,
    /// Taken back; never changes again.
    Voided,
}

/// How the customer pays over time, or that the sale is a service job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Account {
    /// Paid in instalments, handed over when paid.
    Layby,
    /// Handed over before it is paid.
    OnAccount,
    /// A service or work order.
    Service,
}

/// How the goods reach the customer, where that is not over the counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HandOver {
    /// Fetched at an outlet.
    Pickup,
    /// Sent to the customer.
    Delivery,
}

/// A sale's status: its state with what its attributes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SaleStatus {
    /// Where the sale stands.
    pub state: SaleState,
    /// `layby`, `onaccount` or `service`.
    pub account: Option<Account>,
    /// `pickup` or `delivery`.
    pub hand_over: Option<HandOver>,
}

/// A status that this service does not know, with the words that were seen.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("state {}, attributes [{}], status {}", word(.state.as_ref()), .attributes.join(", "), word(.status.as_ref()))]
pub struct UnknownStatus {
    /// `state` as it came.
    pub state: Option<String>,
    /// `attributes` as they came.
    pub attributes: Vec<String>,
    /// The older one-word `status` as it came.
    pub status: Option<String>,
}

fn word(word: Option<&String>) -> &str {
    word.map_or("none", String::as_str)
}

impl SaleStatus {
    /// Reads a status from the wire's words.
    pub fn classify(state: Option<&str>, attributes: &[String], status: Option<&str>) -> Result<Self, UnknownStatus> {
        let unknown =
            || UnknownStatus { state: state.map(str::to_owned), attributes: attributes.to_vec(), status: status.map(str::to_owned) };
        let from_word = status.filter(|word| !word.is_empty()).and_then(Self::from_word);
        let state = match state.filter(|word| !word.is_empty()) {
            Some("parked") => SaleState::Parked,
            Some("pending") => SaleState::Pending,
            Some("closed") => SaleState::Closed,
            Some("voided") => SaleState::Voided,
            Some(_) => return Err(unknown()),
            // No state: the one word has to say it all, and any attributes refine it.
            None => from_word.ok_or_else(unknown)?.state,
        };
        let mut seen = Self { state, account: None, hand_over: None };
        for attribute in attributes {
            match attribute.as_str() {
                "layby" if matches!(seen.account, None | Some(Account::Layby)) => seen.account = Some(Account::Layby),
                "onaccount" if matches!(seen.account, None | Some(Account::OnAccount)) => seen.account = Some(Account::OnAccount),
                "service" if matches!(seen.account, None | Some(Account::Service)) => seen.account = Some(Account::Service),
                "pickup" if matches!(seen.hand_over, None | Some(HandOver::Pickup)) => seen.hand_over = Some(HandOver::Pickup),
                "delivery" if matches!(seen.hand_over, None | Some(HandOver::Delivery)) => {
                    seen.hand_over = Some(HandOver::Delivery);
                }
                _ => return Err(unknown()),
            }
        }
        if attributes.is_empty()
            && let Some(word) = from_word.filter(|word| word.state == state)
        {
            return Ok(word);
        }
        Ok(seen)
    }

    /// Reads the older one-word status.
    pub fn from_word(word: &str) -> Option<Self> {
        use {Account as A, HandOver as H, SaleState as S};
        let (state, account, hand_over) = match word {
            "SAVED" => (S::Parked, None, None),
            "OPEN" => (S::Pending, None, None),
            "CLOSED" => (S::Closed, None, None),
            "AWAITING_PICKUP" => (S::Pending, None, Some(H::Pickup)),
            "PICKED_UP_CLOSED" => (S::Closed, None, Some(H::Pickup)),
            "AWAITING_DISPATCH" => (S::Pending, None, Some(H::Delivery)),
            "DISPATCHED_CLOSED" => (S::Closed, None, Some(H::Delivery)),
            "LAYBY" => (S::Pending, Some(A::Layby), None),
            "LAYBY_CLOSED" => (S::Closed, Some(A::Layby), None),
            "ONACCOUNT" => (S::Pending, Some(A::OnAccount), None),
            "ONACCOUNT_CLOSED" => (S::Closed, Some(A::OnAccount), None),
            "SERVICE" => (S::Pending, Some(A::Service), None),
            "SERVICE_CLOSED" => (S::Closed, Some(A::Service), None),
            "VOIDED" => (S::Voided, None, None),
            _ => return None,
        };
        Some(Self { state, account, hand_over })
    }

    /// The word people use. How the sale is paid comes before how it is handed over, as in X-Series itself.
    pub fn word(self) -> &'static str {
        use {Account as A, HandOver as H, SaleState as S};
        match (self.state, self.account, self.hand_over) {
            (S::Parked, ..) => "SAVED",
            (S::Voided, ..) => "VOIDED",
            (S::Pending, Some(A::Layby), _) => "LAYBY",
            (S::Closed, Some(A::Layby), _) => "LAYBY_CLOSED",
            (S::Pending, Some(A::OnAccount), _) => "ONACCOUNT",
            (S::Closed, Some(A::OnAccount), _) => "ONACCOUNT_CLOSED",
            (S::Pending, Some(A::Service), _) => "SERVICE",
            (S::Closed, Some(A::Service), _) => "SERVICE_CLOSED",
            (S::Pending, None, Some(H::Pickup)) => "AWAITING_PICKUP",
            (S::Closed, None, Some(H::Pickup)) => "PICKED_UP_CLOSED",
            (S::Pending, None, Some(H::Delivery)) => "AWAITING_DISPATCH",
            (S::Closed, None, Some(H::Delivery)) => "DISPATCHED_CLOSED",
            (S::Pending, None, None) => "OPEN",
            (S::Closed, None, None) => "CLOSED",
        }
    }

    /// The wire's `attributes` for this status.
    pub fn attributes(self) -> Vec<String> {
        let account = self.account.map(|account| match account {
            Account::Layby => "layby",
            Account::OnAccount => "onaccount",
            Account::Service => "service",
        });
        let hand_over = self.hand_over.map(|hand_over| match hand_over {
            HandOver::Pickup => "pickup",
            HandOver::Delivery => "delivery",
        });
        account.into_iter().chain(hand_over).map(str::to_owned).collect()
    }

    /// Pending with nothing said: the till has it open this moment.
    pub fn is_transient(self) -> bool {
        self == Self { state: SaleState::Pending, account: None, hand_over: None }
    }
}

impl fmt::Display for SaleStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl SaleState {
    /// The wire's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Parked => "parked",
            Self::Pending => "pending",
            Self::Closed => "closed",
            Self::Voided => "voided",
        }
    }
}

/// The status that a mapping sends a sales order as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SendAs {
    /// Parked: still to be completed and paid at the till.
    Saved,
    /// Complete: a record only. It takes the goods out of the outlet's stock.
    Closed,
    /// Paid, waiting to be picked up.
    AwaitingPickup,
    /// Paid, waiting to be delivered.
    AwaitingDispatch,
}

impl SendAs {
    /// The sale status that it stands for.
    pub fn status(self) -> SaleStatus {
        let (state, hand_over) = match self {
            Self::Saved => (SaleState::Parked, None),
            Self::Closed => (SaleState::Closed, None),
            Self::AwaitingPickup => (SaleState::Pending, Some(HandOver::Pickup)),
            Self::AwaitingDispatch => (SaleState::Pending, Some(HandOver::Delivery)),
        };
        SaleStatus { state, account: None, hand_over }
    }

    /// A paid status carries the payment, or X-Series does not let staff complete the sale.
    pub fn is_paid(self) -> bool {
        self != Self::Saved
    }
}

/// A sales order's status in NetSuite, by its letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum OrderStatus {
    /// A
    PendingApproval,
    /// B
    PendingFulfillment,
    /// C
    Cancelled,
    /// D: the part that shipped is billed.
    PartiallyFulfilled,
    /// E
    PendingBillingPartiallyFulfilled,
    /// F
    PendingBilling,
    /// G
    Billed,
    /// H
    Closed,
}

impl OrderStatus {
    /// Every status, in the order of their letters.
    pub const ALL: [Self; 8] = [
        Self::PendingApproval,
        Self::PendingFulfillment,
        Self::Cancelled,
        Self::PartiallyFulfilled,
        Self::PendingBillingPartiallyFulfilled,
        Self::PendingBilling,
        Self::Billed,
        Self::Closed,
    ];

    /// Reads a letter (`B`), a filter value (`SalesOrd:B`), or the name that NetSuite shows, with or without `Sales Order :`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix("SalesOrd:").or_else(|| text.strip_prefix("Sales Order :")).unwrap_or(text).trim();
        Self::ALL.into_iter().find(|status| status.letter() == text || status.name().eq_ignore_ascii_case(text))
    }

    /// NetSuite's letter.
    pub fn letter(self) -> &'static str {
        match self {
            Self::PendingApproval => "A",
            Self::PendingFulfillment => "B",
            Self::Cancelled => "C",
            Self::PartiallyFulfilled => "D",
            Self::PendingBillingPartiallyFulfilled => "E",
            Self::PendingBilling => "F",
            Self::Billed => "G",
            Self::Closed => "H",
        }
    }

    /// The name that NetSuite shows.
    pub fn name(self) -> &'static str {
        match self {
            Self::PendingApproval => "Pending Approval",
            Self::PendingFulfillment => "Pending Fulfillment",
            Self::Cancelled => "Cancelled",
            Self::PartiallyFulfilled => "Partially Fulfilled",
            Self::PendingBillingPartiallyFulfilled => "Pending Billing/Partially Fulfilled",
            Self::PendingBilling => "Pending Billing",
            Self::Billed => "Billed",
            Self::Closed => "Closed",
        }
    }

    /// Goods can still leave for an order in this status.
    pub fn can_fulfil(self) -> bool {
        matches!(self, Self::PendingFulfillment | Self::PartiallyFulfilled | Self::PendingBillingPartiallyFulfilled)
    }

    /// Something that left is not billed yet.
    pub fn can_bill(self) -> bool {
        matches!(self, Self::PendingBillingPartiallyFulfilled | Self::PendingBilling)
    }

    /// Nobody is going to deliver this order any more.
    pub fn is_dead(self) -> bool {
        matches!(self, Self::Cancelled | Self::Closed)
    }
}
