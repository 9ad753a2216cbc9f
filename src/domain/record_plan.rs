//! The record plan: which NetSuite record a sale of the till becomes, and why. Pure.

use serde::{Deserialize, Serialize};

use super::mapping::DirectRecord;
use super::status::{Account, HandOver, SaleState, SaleStatus};

/// The record that a sale becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlannedRecord {
    /// A sales order, fulfilled and billed as the sale goes on.
    SalesOrder,
    /// A cash sale.
    CashSale,
    /// An invoice, with payments as they come.
    Invoice,
    /// A refund of goods that came back.
    Return,
    /// Goods came back and others left: credit for the ones, an invoice for the others.
    Exchange,
    /// Nothing.
    None,
}

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident = $word:literal,)+) => {
        /// Why a sale becomes what it becomes. All that hold are kept.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum PlanReason {
            $($(#[doc = $doc])+ $name,)+
        }

        impl PlanReason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The stable word.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }
        }
    };
}

reasons! {
    /// Sales orders are not skipped, by setting.
    SoNotSkipped = "SO_NOT_SKIPPED",
    /// A kit has members with serial numbers, lots or bins, which NetSuite takes on a sales order only.
    KitTrackedComponents = "KIT_TRACKED_COMPONENTS",
    /// The sale waits to be delivered.
    DeliveryUnfulfilled = "DELIVERY_UNFULFILLED",
    /// The sale waits to be picked up.
    PickupUnfulfilled = "PICKUP_UNFULFILLED",
    /// The sale is paid in instalments.
    Layby = "LAYBY",
    /// The sale is on account.
    OnAccount = "ON_ACCOUNT",
    /// The sale is parked.
    Parked = "PARKED",
    /// An item is tracked, and its serial number or lot is not known.
    TrackedItemWithoutDetail = "TRACKED_ITEM_WITHOUT_DETAIL",
    /// It was paid in ways that are booked differently, and a cash sale holds one payment method.
    SplitTender = "SPLIT_TENDER",
    /// Nothing asks for a sales order.
    SkippedDirect = "SKIPPED_DIRECT",
    /// The sale came from NetSuite.
    Echo = "ECHO",
    /// The sale got a sales order before, and stays with it.
    HasSalesOrder = "HAS_SALES_ORDER",
    /// The sale takes goods back.
    Return = "RETURN",
    /// The sale takes goods back and hands others over.
    Exchange = "EXCHANGE",
    /// The sale was voided.
    Voided = "VOIDED",
}

/// What of a sale decides its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a condition of the plan's table")]
pub struct SaleShape {
    /// Its status.
    pub status: SaleStatus,
    /// It came from NetSuite.
    pub echo: bool,
    /// It got a sales order before.
    pub has_sales_order: bool,
    /// It hands goods over.
    pub sells: bool,
    /// It takes goods back.
    pub takes_back: bool,
    /// It has a kit with tracked members.
    pub kit_tracked: bool,
    /// It has a tracked item that is no kit, whose serial number or lot is not known.
    pub tracked_without_detail: bool,
    /// It was paid in ways that are booked differently.
    pub split_tender: bool,
}

/// The settings that decide a sale's record, as they are at its outlet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanSettings {
    /// `skip_sales_orders`
    pub skip_sales_orders: bool,
    /// `import_parked`
    pub import_parked: bool,
    /// `direct_record`
    pub direct_record: DirectRecord,
}

/// Which record, and all the reasons that hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordPlan {
    /// The record.
    pub record: PlannedRecord,
    /// Why, in the order of the table.
    pub reasons: Vec<PlanReason>,
}

/// Plans the record of a sale.
///
/// A sales order is made if sales orders are not skipped, or if the sale meets one of four conditions: a kit with tracked members,
/// delivery unfulfilled, pickup unfulfilled, layby. A tracked item whose detail is not known needs one too.
pub fn record_plan(sale: &SaleShape, settings: &PlanSettings) -> RecordPlan {
    let plan = |record, reasons: Vec<PlanReason>| RecordPlan { record, reasons };
    if sale.echo {
        return plan(PlannedRecord::None, vec![PlanReason::Echo]);
    }
    let state = sale.status.state;
    if state == SaleState::Voided && !sale.has_sales_order {
        return plan(PlannedRecord::None, vec![PlanReason::Voided]);
    }
    if sale.takes_back && !sale.has_sales_order {
        let (record, reason) =
            if sale.sells { (PlannedRecord::Exchange, PlanReason::Exchange) } else { (PlannedRecord::Return, PlanReason::Return) };
        // Parked or under way it may be abandoned: nothing came back yet. On account the goods have changed hands.
        let on_account = sale.status.account == Some(Account::OnAccount);
        return match state {
            SaleState::Pending if on_account => plan(record, vec![reason, PlanReason::OnAccount]),
            SaleState::Closed => plan(record, vec![reason]),
            SaleState::Parked => plan(PlannedRecord::None, vec![reason, PlanReason::Parked]),
            SaleState::Pending | SaleState::Voided => plan(PlannedRecord::None, vec![reason]),
        };
    }
    let conditions = [
        (PlanReason::KitTrackedComponents, sale.kit_tracked),
        (PlanReason::DeliveryUnfulfilled, state == SaleState::Pending && sale.status.hand_over == Some(HandOver::Delivery)),
        (PlanReason::PickupUnfulfilled, state == SaleState::Pending && sale.status.hand_over == Some(HandOver::Pickup)),
        (PlanReason::Layby, sale.status.account == Some(Account::Layby)),
        (PlanReason::TrackedItemWithoutDetail, sale.tracked_without_detail),
    ];
    let mut reasons = Vec::new();
    if sale.has_sales_order {
        reasons.push(PlanReason::HasSalesOrder);
    }
    if !settings.skip_sales_orders {
        reasons.push(PlanReason::SoNotSkipped);
    }
    reasons.extend(conditions.into_iter().filter(|(_, holds)| *holds).map(|(reason, _)| reason));
    let needs_order = !reasons.is_empty();
    let on_account = sale.status.account == Some(Account::OnAccount);
    if on_account {
        reasons.push(PlanReason::OnAccount);
    }
    let parked = state == SaleState::Parked;
    if parked {
        reasons.push(PlanReason::Parked);
    }
    let record = match () {
        () if sale.has_sales_order => PlannedRecord::SalesOrder,
        // Never a cash sale: it is not paid.
        () if parked && settings.import_parked => PlannedRecord::SalesOrder,
        () if parked => PlannedRecord::None,
        () if needs_order => PlannedRecord::SalesOrder,
        () => {
            reasons.push(PlanReason::SkippedDirect);
            let invoice = on_account || settings.direct_record == DirectRecord::Invoice;
            if sale.split_tender && !invoice {
                reasons.push(PlanReason::SplitTender);
            }
            if invoice || sale.split_tender { PlannedRecord::Invoice } else { PlannedRecord::CashSale }
        }
    };
    plan(record, reasons)
}

#[cfg(test)]
mod tests;
