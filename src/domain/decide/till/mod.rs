//! A sale that was made at the till: which NetSuite record it becomes, and everything that is booked of it.
//!
//! The record plan says which; [`ready`](Case::ready) resolves all that a record needs before anything is written, and tells all that
//! is missing at once. `direct` books a cash sale or an invoice, `order` goes the way of the sales order, `returns` takes goods back.

mod amounts;
mod asked;
mod back;
mod changed;
mod customer;
mod deposits;
mod direct;
mod goods;
mod order;
mod place;
mod ready;
mod returns;

pub(super) use self::amounts::Part;
use super::{Case, LinkTo, Next, Step, end, held, ignored, waiting};
use crate::domain::call::CallKind;
use crate::domain::decide::Rest;
use crate::domain::facts::Question;
use crate::domain::ids::RecordId;
use crate::domain::keys;
use crate::domain::mapping::Service;
use crate::domain::record::{Bill, Child, RecordKind};
use crate::domain::record_plan::{PlanSettings, PlannedRecord, RecordPlan, SaleShape, record_plan};
use crate::domain::sale::Sale;
use crate::domain::status::{Account, SaleState, SaleStatus};
use crate::domain::verdict::{Reason, VerdictKind};

impl<'a> Case<'a> {
    /// A sale without a sales order that is not transient.
    pub(super) fn till_sale(&mut self, sale: &'a Sale) -> Step<Next> {
        let status = match &sale.status {
            Ok(status) => *status,
            Err(unknown) => {
                let detail = format!("The sale has a status that this service does not know ({unknown}), so nothing was done with it.");
                return Ok(held(Reason::UnknownSaleStatus, detail));
            }
        };
        let number = sale.number().unwrap_or(sale.id.as_str()).to_owned();
        let ours = sale.source_type.as_deref().is_some_and(|source| source.eq_ignore_ascii_case("NETSUITE"));
        // A return of our own sale is the till's, even if it names the same source.
        if ours && sale.return_for.is_none() {
            let shape = SaleShape { echo: true, ..bare(status) };
            self.plan = Some(record_plan(&shape, &self.plan_settings(sale)));
            let of = sale.source_id.as_deref().unwrap_or("a sales order");
            return Ok(ignored(Reason::Echo, format!("Sale {number} came from NetSuite ({of}); it never becomes a new record.")));
        }
        self.reference()?;
        let booked = self.booked(sale)?;
        if let Some(order) = booked.iter().find(|record| record.kind == RecordKind::SalesOrder) {
            return Ok(Next::Link(LinkTo::Order(order.id.clone())));
        }
        if self.was_made(RecordKind::SalesOrder, sale) {
            return Ok(gone(RecordKind::SalesOrder, &number));
        }
        if sale.deleted_at.is_some() || status.state == SaleState::Voided {
            return Ok(undone(sale, &number, booked));
        }
        let counts_as = match status.account {
            Some(Account::Service) if self.mappings.settings.service == Service::Hold => {
                return Ok(held(Reason::ServiceSale, "The sale is a service job, which is held by setting (service = \"hold\")."));
            }
            Some(Account::Service) => SaleStatus { account: None, ..status },
            _ => status,
        };
        if counts_as.is_transient() {
            let detail = format!("Sale {number} is a service job that is under way.");
            return Ok(waiting(Reason::AwaitingTill, detail));
        }
        if counts_as.state == SaleState::Closed && !self.mappings.settings.reconciles(counts_as) {
            return Ok(ignored(Reason::StatusNotReconciled, format!("Sale {number} is {counts_as}, which is not in reconcile_on.")));
        }
        let plan = self.planned(sale, counts_as, booked)?;
        match plan.record {
            PlannedRecord::SalesOrder => self.make_order(sale, &number),
            PlannedRecord::CashSale => self.direct(sale, &number, RecordKind::CashSale, booked),
            PlannedRecord::Invoice => self.direct(sale, &number, RecordKind::Invoice, booked),
            PlannedRecord::Return => self.take_back(sale, &number, booked),
            PlannedRecord::Exchange => self.exchange(sale, &number, booked),
            PlannedRecord::None => {
                let what = if self.takes_back(sale) {
                    "It takes goods back, and nothing came back yet."
                } else {
                    "Parked sales are not imported, by setting."
                };
                Ok(waiting(Reason::Parked, format!("Sale {number} is {}. {what}", counts_as.word())))
            }
        }
    }

    /// The plan of a sale: what is booked already decides, since a setting that flips must not book it again.
    fn planned(&mut self, sale: &'a Sale, status: SaleStatus, booked: &[Child]) -> Step<RecordPlan> {
        let shape = SaleShape { sells: self.sells(sale), takes_back: self.takes_back(sale), ..bare(status) };
        let shape = SaleShape { split_tender: self.is_split(sale), ..shape };
        let has = |kind| booked.iter().any(|record| record.kind == kind) || self.was_made(kind, sale);
        let settled = match () {
            () if shape.takes_back => None,
            () if has(RecordKind::CashSale) => Some(PlannedRecord::CashSale),
            () if has(RecordKind::Invoice) => Some(PlannedRecord::Invoice),
            () => None,
        };
        let settings = self.plan_settings(sale);
        let mut plan = match settled {
            // Its items were looked at when it was booked.
            Some(_) => record_plan(&shape, &settings),
            None if status.state == SaleState::Parked && !settings.import_parked || shape.takes_back => record_plan(&shape, &settings),
            None => {
                let (kit_tracked, tracked_without_detail) = self.tracking(sale)?;
                record_plan(&SaleShape { kit_tracked, tracked_without_detail, ..shape }, &settings)
            }
        };
        if let Some(record) = settled {
            plan.record = record;
        }
        self.plan = Some(plan.clone());
        Ok(plan)
    }

    fn plan_settings(&self, sale: &Sale) -> PlanSettings {
        let settings = &self.mappings.settings;
        PlanSettings {
            skip_sales_orders: self.mappings.skips_sales_orders(self.till_outlet_rule(sale)),
            import_parked: settings.import_parked,
            direct_record: settings.direct_record,
        }
    }

    /// The records that carry our keys of this sale.
    fn booked(&self, sale: &Sale) -> Step<&'a [Child]> {
        if let Some(booked) = &self.facts.answers.booked {
            return Ok(booked);
        }
        let mut wanted = keys::booking_keys(&self.facts.connection, &sale.id);
        wanted.extend(self.payment_keys(sale));
        Err(Next::Ask(vec![Question::Booked(wanted)]))
    }

    /// The key of the sale's record of a kind.
    pub(super) fn key(&self, kind: RecordKind, sale: &Sale) -> String {
        keys::booking_key(kind, &self.facts.connection, &sale.id)
    }

    /// We made such a record of this sale, for certain.
    fn was_made(&self, kind: RecordKind, sale: &Sale) -> bool {
        let key = self.key(kind, sale);
        self.facts.calls.iter().any(|call| call.done && call.kind == CallKind::making(kind) && call.key == key)
    }

    /// The records that were booked, read back.
    fn read_back(&self) -> Step<&'a [Bill]> {
        self.facts.answers.read_back.as_deref().ok_or_else(|| Next::Ask(vec![Question::ReadBack]))
    }

    /// The record of a kind, read back, where it is booked; one that we made and that is gone is held.
    fn record_of(&self, kind: RecordKind, sale: &Sale, number: &str, booked: &[Child]) -> Step<Option<&'a Bill>> {
        match booked.iter().find(|record| record.kind == kind) {
            None if self.was_made(kind, sale) => Err(gone(kind, number)),
            None => Ok(None),
            Some(record) => match self.read_back()?.iter().find(|read| read.id == record.id) {
                Some(read) => Ok(Some(read)),
                None => Err(gone(kind, number)),
            },
        }
    }
}

/// A shape of which only the status is known.
fn bare(status: SaleStatus) -> SaleShape {
    SaleShape {
        status,
        echo: false,
        has_sales_order: false,
        sells: true,
        takes_back: false,
        kit_tracked: false,
        tracked_without_detail: false,
        split_tender: false,
    }
}

/// The number people use, else the id.
fn label(record: &Child) -> &str {
    record.number.as_deref().unwrap_or(record.id.as_str())
}

fn undo(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::CashSale => "make a cash refund of the cash sale, or delete it",
        RecordKind::Invoice => "make a credit memo of the invoice, or void it, and return what was paid",
        RecordKind::CashRefund => "delete the cash refund",
        RecordKind::CreditMemo => "delete the credit memo and its refunds",
        RecordKind::ReturnAuthorization => "close the return authorisation and delete what was made from it",
        _ => "close the sales order, and return its deposits",
    }
}

/// A record that was booked is gone: a person deleted it, and only a person can say why.
fn gone(kind: RecordKind, number: &str) -> Next {
    held(
        Reason::RecordGone,
        format!(
            "The {} of sale {number} was booked and is gone from NetSuite. It is not booked a second time: skip it here, or book it by hand.",
            kind.name()
        ),
    )
}

/// A verdict that leaves the order open for what is still to come.
fn booked_and_open(reason: Reason, detail: impl Into<String>) -> Next {
    end(VerdictKind::Waiting, reason, detail, Rest::Waiting)
}

/// The internal id of a record that was found.
fn id_of(booked: &[Child], kind: RecordKind) -> Option<&RecordId> {
    booked.iter().find(|record| record.kind == kind).map(|record| &record.id)
}

/// The sale was voided or deleted at the till: fine where nothing is booked, else a person undoes it.
fn undone(sale: &Sale, number: &str, booked: &[Child]) -> Next {
    let what = if sale.deleted_at.is_some() { "deleted" } else { "voided" };
    if booked.is_empty() {
        return ignored(Reason::VoidedUnbooked, format!("Sale {number} was {what}, and nothing is booked of it."));
    }
    let records = booked.iter().map(|record| format!("{} {}", record.kind.name(), label(record))).collect::<Vec<_>>().join(", ");
    let undo = booked.iter().map(|record| undo(record.kind)).collect::<std::collections::BTreeSet<_>>();
    let undo = undo.into_iter().collect::<Vec<_>>().join("; ");
    held(Reason::SaleVoided, format!("Sale {number} was {what}, and NetSuite holds its {records}. To undo it: {undo}. Then skip it here."))
}

/// Something was sold on account and is not paid yet: its record stays open.
fn is_promised(sale: &Sale) -> bool {
    sale.status.as_ref().is_ok_and(|status| status.account == Some(Account::OnAccount) && status.state != SaleState::Closed)
}
