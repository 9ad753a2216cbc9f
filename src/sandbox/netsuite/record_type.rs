//! The record types of the record service: how each is found, shown, made and turned into another.

use serde_json::Value;

use super::account::{Account, Context};
use super::errors::{ApiError, ApiResult};
use super::kinds::Kind;
use super::model::{Bill, BillKind, DepositApplication, Fulfilment, ItemKind, ItemReceipt, Payment, ReturnAuthorization};
use super::refunds::RefundDraft;
use super::render::Renderer;
use super::transaction::Transaction;

const ITEM_KINDS: [ItemKind; 8] = [
    ItemKind::Inventory,
    ItemKind::Serialized,
    ItemKind::LotNumbered,
    ItemKind::Kit,
    ItemKind::NonInventory,
    ItemKind::Service,
    ItemKind::Discount,
    ItemKind::OtherCharge,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RecordType {
    Transaction(Kind),
    Customer,
    Location,
    Item(ItemKind),
}

/// A record that was worked out and not saved yet, so that it can be shown as a preview.
#[derive(Debug)]
pub(super) enum Draft {
    Fulfilment(Box<Fulfilment>),
    Bill(Box<Bill>),
    Payment(Box<Payment>),
    Application(Box<DepositApplication>),
    Return(Box<ReturnAuthorization>),
    Receipt(Box<ItemReceipt>),
    Refund(Box<RefundDraft>),
}

impl RecordType {
    pub(super) fn named(name: &str) -> ApiResult<Self> {
        let lists = [Self::Customer, Self::Location];
        let mut all = Kind::ALL.map(Self::Transaction).into_iter().chain(lists).chain(ITEM_KINDS.map(Self::Item));
        all.find(|known| known.name().eq_ignore_ascii_case(name)).ok_or_else(|| ApiError::no_such_record_type(name))
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Transaction(kind) => kind.record_type(),
            Self::Customer => "customer",
            Self::Location => "location",
            Self::Item(kind) => kind.record_type(),
        }
    }

    pub(super) fn ids(self, account: &Account) -> Vec<u64> {
        match self {
            Self::Transaction(kind) => account.of_kind(kind).map(|of| of.head(account).id).collect(),
            Self::Customer => account.customers.keys().copied().collect(),
            Self::Location => account.locations.keys().copied().collect(),
            Self::Item(kind) => account.items.values().filter(|item| item.kind == kind).map(|item| item.id).collect(),
        }
    }

    fn of_external_id(self, account: &Account, external: &str) -> Option<u64> {
        match self {
            Self::Transaction(kind) => {
                account.of_kind(kind).map(|of| of.head(account)).find(|head| head.external_id == Some(external)).map(|head| head.id)
            }
            Self::Customer => {
                let mut customers = account.customers.values();
                customers.find(|customer| customer.external_id.as_deref() == Some(external)).map(|customer| customer.id)
            }
            Self::Location | Self::Item(_) => None,
        }
    }

    fn has(self, account: &Account, id: u64) -> bool {
        match self {
            Self::Transaction(kind) => account.transaction(id).is_some_and(|of| of.kind() == kind),
            Self::Customer => account.customers.contains_key(&id),
            Self::Location => account.locations.contains_key(&id),
            Self::Item(kind) => account.items.get(&id).is_some_and(|item| item.kind == kind),
        }
    }

    /// The record with an internal id or `eid:` and an external one.
    pub(super) fn find(self, account: &Account, text: &str) -> ApiResult<u64> {
        if let Some(external) = text.strip_prefix("eid:") {
            return self.of_external_id(account, external).ok_or_else(ApiError::nonexistent);
        }
        let id = text.parse().map_err(|_not_an_id| ApiError::nonexistent())?;
        match self {
            _ if self.has(account, id) => Ok(id),
            Self::Transaction(_) => Err(ApiError::wrong_transaction_type()),
            _ => Err(ApiError::nonexistent()),
        }
    }

    pub(super) fn show(self, renderer: &Renderer<'_>, id: u64) -> Option<Value> {
        match self {
            Self::Transaction(_) => renderer.account.transaction(id).map(|of| show(renderer, of)),
            Self::Customer => renderer.customer_record(id),
            Self::Location => renderer.location_record(id),
            Self::Item(kind) => renderer.item_record(id, kind.record_type()),
        }
    }

    pub(super) fn lines(self, renderer: &Renderer<'_>, id: u64) -> Option<Vec<Value>> {
        match renderer.account.transaction(id).filter(|of| Self::Transaction(of.kind()) == self)? {
            Transaction::Order(order) => Some(renderer.order_lines(order)),
            Transaction::Fulfilment(fulfilment) => Some(renderer.fulfilment_lines(fulfilment)),
            Transaction::Bill(bill) => Some(renderer.bill_lines(bill)),
            Transaction::Return(of) => Some(renderer.return_lines(of)),
            Transaction::Receipt(receipt) => Some(renderer.receipt_lines(receipt)),
            Transaction::Payment(_) | Transaction::Deposit(_) | Transaction::Application(_) | Transaction::Refund(_) => None,
        }
    }

    /// Makes a record from a body alone.
    pub(super) fn create(self, account: &mut Account, fields: &Value) -> ApiResult<u64> {
        let draft = match self {
            Self::Customer => return account.create_customer(fields),
            Self::Transaction(Kind::SalesOrder) => return account.create_order(fields, Context::RestWebServices),
            Self::Transaction(Kind::CustomerDeposit) => return account.create_deposit(fields),
            Self::Transaction(Kind::CustomerPayment) => Draft::Payment(Box::new(account.draft_payment(fields)?)),
            Self::Transaction(Kind::CustomerRefund) => Draft::Refund(Box::new(account.draft_refund(fields)?)),
            Self::Transaction(Kind::ReturnAuthorization) => Draft::Return(Box::new(account.draft_standalone_return(fields)?)),
            Self::Transaction(kind) => {
                // What is left is made by a transform only.
                let kind = bill_kind(kind).ok_or_else(ApiError::method_not_allowed)?;
                Draft::Bill(Box::new(account.draft_standalone(kind, fields)?))
            }
            Self::Location | Self::Item(_) => return Err(ApiError::insufficient_permission()),
        };
        draft.save(account)
    }

    /// Changes a record.
    pub(super) fn edit(self, account: &mut Account, id: u64, fields: &Value, replace_lines: bool) -> ApiResult<()> {
        let context = Context::RestWebServices;
        match self {
            Self::Customer => account.edit_customer(id, fields),
            Self::Transaction(Kind::SalesOrder) => account.edit_order(id, fields, replace_lines, context),
            Self::Transaction(Kind::ItemFulfillment) => account.edit_fulfilment(id, fields, context),
            Self::Transaction(Kind::CustomerDeposit) => account.edit_deposit(id, fields),
            Self::Transaction(Kind::ReturnAuthorization) => account.edit_return(id, fields),
            Self::Transaction(kind) if bill_kind(kind).is_some() => account.edit_bill(id, fields, context),
            _ => Err(ApiError::insufficient_permission()),
        }
    }

    /// Works out what a record would be turned into. `id` is the source's, which may not exist.
    pub(super) fn transform(self, account: &Account, id: u64, target: Self, fields: &Value, replace_lines: bool) -> ApiResult<Draft> {
        let refused = || ApiError::initialize_ref(target.name(), &id.to_string());
        let (Self::Transaction(source), Self::Transaction(target_kind)) = (self, target) else { return Err(refused()) };
        if account.transaction(id).is_none_or(|of| of.kind() != source) {
            return Err(refused());
        }
        Ok(match (source, target_kind) {
            (Kind::SalesOrder, Kind::ItemFulfillment) => {
                Draft::Fulfilment(Box::new(account.draft_fulfilment(id, fields, replace_lines)?))
            }
            (Kind::SalesOrder, Kind::Invoice) => Draft::Bill(Box::new(account.draft_bill(id, BillKind::Invoice, fields)?)),
            (Kind::SalesOrder, Kind::CashSale) => Draft::Bill(Box::new(account.draft_bill(id, BillKind::CashSale, fields)?)),
            (Kind::SalesOrder | Kind::Invoice | Kind::CashSale, Kind::ReturnAuthorization) => {
                Draft::Return(Box::new(account.draft_return(id, fields)?))
            }
            (Kind::Invoice | Kind::ReturnAuthorization, Kind::CreditMemo) => {
                Draft::Bill(Box::new(account.draft_refund_of(id, BillKind::CreditMemo, fields)?))
            }
            (Kind::CashSale | Kind::ReturnAuthorization, Kind::CashRefund) => {
                Draft::Bill(Box::new(account.draft_refund_of(id, BillKind::CashRefund, fields)?))
            }
            (Kind::Invoice, Kind::CustomerPayment) => Draft::Payment(Box::new(account.draft_payment_of(id, fields)?)),
            (Kind::ReturnAuthorization, Kind::ItemReceipt) => Draft::Receipt(Box::new(account.draft_receipt(id, fields)?)),
            (Kind::CustomerDeposit, Kind::DepositApplication) => Draft::Application(Box::new(account.draft_application(id, fields)?)),
            _ => return Err(refused()),
        })
    }
}

impl Draft {
    pub(super) fn save(self, account: &mut Account) -> ApiResult<u64> {
        let context = Context::RestWebServices;
        match self {
            Self::Fulfilment(draft) => account.save_fulfilment(*draft, context),
            Self::Bill(draft) => account.save_bill(*draft, context),
            Self::Payment(draft) => Ok(account.save_payment(*draft)),
            Self::Application(draft) => Ok(account.save_application(*draft)),
            Self::Return(draft) => Ok(account.save_return(*draft)),
            Self::Receipt(draft) => Ok(account.save_receipt(*draft)),
            Self::Refund(draft) => Ok(account.save_refund(*draft)),
        }
    }

    pub(super) fn show(&self, renderer: &Renderer<'_>) -> Value {
        show(
            renderer,
            match self {
                Self::Fulfilment(draft) => Transaction::Fulfilment(draft),
                Self::Bill(draft) => Transaction::Bill(draft),
                Self::Payment(draft) => Transaction::Payment(draft),
                Self::Application(draft) => Transaction::Application(draft),
                Self::Return(draft) => Transaction::Return(draft),
                Self::Receipt(draft) => Transaction::Receipt(draft),
                Self::Refund(draft) => Transaction::Refund(draft.refund()),
            },
        )
    }
}

fn show(renderer: &Renderer<'_>, of: Transaction<'_>) -> Value {
    match of {
        Transaction::Order(order) => renderer.sales_order(order),
        Transaction::Fulfilment(fulfilment) => renderer.fulfilment(fulfilment),
        Transaction::Bill(bill) => renderer.bill(bill),
        Transaction::Payment(payment) => renderer.payment(payment),
        Transaction::Deposit(deposit) => renderer.deposit(deposit),
        Transaction::Application(application) => renderer.application(application),
        Transaction::Return(of) => renderer.return_authorization(of),
        Transaction::Receipt(receipt) => renderer.receipt(receipt),
        Transaction::Refund(refund) => renderer.refund(refund),
    }
}

fn bill_kind(kind: Kind) -> Option<BillKind> {
    match kind {
        Kind::Invoice => Some(BillKind::Invoice),
        Kind::CashSale => Some(BillKind::CashSale),
        Kind::CreditMemo => Some(BillKind::CreditMemo),
        Kind::CashRefund => Some(BillKind::CashRefund),
        _ => None,
    }
}
