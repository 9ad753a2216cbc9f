//! Transactions as SuiteQL sees them: one table of all types, and one of their lines.

use rust_decimal::Decimal;

use super::Val;
use super::tables::{day, optional, time, word};
use crate::sandbox::netsuite::account::Account;
use crate::sandbox::netsuite::kinds::Kind;
use crate::sandbox::netsuite::model::BillKind;
use crate::sandbox::netsuite::transaction::Transaction;

/// What a line with an item has in every type.
struct ItemLine {
    item: u64,
    /// As the type keeps it: what is sold is negative.
    quantity: Decimal,
    rate: Decimal,
    amount: Decimal,
    location: Option<u64>,
    department: Option<u64>,
    class: Option<u64>,
}

/// The keys of the lines with an item.
pub(super) fn line_keys(of: Transaction<'_>) -> Vec<i64> {
    let numbered = |count: usize| (1..).take(count).collect();
    match of {
        Transaction::Order(order) => order.lines.iter().map(|line| line.line).collect(),
        Transaction::Bill(bill) => bill.lines.iter().map(|line| line.line).collect(),
        Transaction::Return(of) => of.lines.iter().map(|line| line.goods.line).collect(),
        Transaction::Fulfilment(fulfilment) => numbered(fulfilment.lines.len()),
        Transaction::Receipt(receipt) => numbered(receipt.lines.len()),
        Transaction::Payment(_) | Transaction::Deposit(_) | Transaction::Application(_) | Transaction::Refund(_) => Vec::new(),
    }
}

/// Types whose tax is on a line of its own.
pub(super) fn has_tax_line(of: Transaction<'_>) -> bool {
    matches!(of, Transaction::Order(_) | Transaction::Bill(_) | Transaction::Return(_))
}

impl Transaction<'_> {
    pub(super) fn link_type(self) -> &'static str {
        match self.kind() {
            Kind::SalesOrder | Kind::Invoice | Kind::CashSale => "OrdBill",
            Kind::ItemFulfillment | Kind::ItemReceipt => "ShipRcpt",
            Kind::CustomerDeposit => "OrdDep",
            Kind::DepositApplication => "DepAppl",
            Kind::ReturnAuthorization | Kind::CreditMemo | Kind::CashRefund => "SaleRet",
            Kind::CustomerPayment | Kind::CustomerRefund => "Payment",
        }
    }

    pub(super) fn status_text(self, account: &Account) -> String {
        format!("{} : {}", self.kind().title(), self.status_name(account))
    }

    fn subsidiary(self, account: &Account) -> Option<u64> {
        let customer = self.head(account).customer?;
        account.customers.get(&customer).map(|customer| customer.subsidiary)
    }

    /// Negative where money or goods come back, as searches have it.
    fn signed_total(self) -> Option<Decimal> {
        self.total().map(|total| if self.kind().takes_back() { -total } else { total })
    }

    pub(super) fn column(self, account: &Account, column: &str) -> Val {
        let head = self.head(account);
        match column {
            "id" => Val::id(head.id),
            "tranid" | "transactionnumber" => word(head.tran_id),
            "trandisplayname" => word(&self.title(account)),
            "externalid" => Val::text_or_null(head.external_id),
            "type" => word(self.kind().code()),
            "abbrevtype" => word(self.kind().abbreviation()),
            "recordtype" => word(&self.kind().record_type().to_lowercase()),
            "status" => word(&self.status(account).to_string()),
            "entity" => optional(head.customer),
            "trandate" => day(head.date),
            "createddate" => time(account, head.created),
            "lastmodifieddate" => time(account, head.modified),
            "memo" => Val::text_or_null(head.memo),
            "currency" => Val::id(account.currency.id),
            "exchangerate" => Val::Number(Decimal::ONE),
            "foreigntotal" => self.signed_total().map_or(Val::Null, Val::Number),
            "posting" => Val::flag(self.kind().posts()),
            "voided" | "void" => Val::flag(false),
            "postingperiod" => match self {
                Self::Bill(bill) => Val::id(bill.period),
                _ => optional(account.month(head.date).filter(|_| self.kind().posts()).map(|period| period.id)),
            },
            "email" => {
                let customer = head.customer.and_then(|id| account.customers.get(&id));
                Val::text_or_null(customer.map(|customer| customer.email.as_str()))
            }
            _ if column.starts_with("custbody_") => head.custom.and_then(|fields| fields.get(column)).map_or(Val::Null, json_column),
            _ => self.own_column(account, column),
        }
    }

    /// Columns that only some types fill.
    fn own_column(self, account: &Account, column: &str) -> Val {
        let unused = |amount: Decimal, used: Decimal| match column {
            "foreignpaymentamountunused" => Val::Number(amount - used),
            "foreignpaymentamountused" => Val::Number(used),
            _ => Val::Null,
        };
        match (self, column) {
            (Self::Order(order), "otherrefnum") => Val::text_or_null(order.other_ref_num.as_deref()),
            (Self::Order(order), "terms") => optional(order.terms),
            (Self::Order(order), "shipdate") => order.ship_date.map_or(Val::Null, day),
            (Self::Order(order), "shipmethod") => optional(order.ship_method),
            (Self::Order(order), "customform") => Val::id(order.form.named().id),
            (Self::Order(order), "paymentmethod") => optional(order.payment_method),
            (Self::Bill(bill), "otherrefnum") => Val::text_or_null(bill.other_ref_num.as_deref()),
            (Self::Bill(bill), "terms") => optional(bill.terms),
            (Self::Bill(bill), "duedate") if bill.kind == BillKind::Invoice => day(account.due_date(bill)),
            (Self::Bill(bill), "foreignamountunpaid") if bill.kind == BillKind::Invoice => Val::Number(bill.remaining()),
            (Self::Bill(bill), "foreignamountpaid") if bill.kind == BillKind::Invoice => Val::Number(bill.paid),
            (Self::Bill(bill), "paymentmethod") => optional(bill.payment_method),
            (Self::Bill(bill), _) if bill.kind == BillKind::CreditMemo => unused(bill.total(), bill.paid),
            (Self::Return(of), "otherrefnum") => Val::text_or_null(of.other_ref_num.as_deref()),
            (Self::Payment(payment), "paymentmethod") => optional(payment.payment_method),
            (Self::Payment(payment), _) => unused(payment.amount, payment.applied.iter().map(|(_, amount)| *amount).sum()),
            (Self::Deposit(deposit), "paymentmethod") => optional(deposit.payment_method),
            (Self::Deposit(deposit), _) => unused(deposit.amount, deposit.used),
            (Self::Refund(refund), "paymentmethod") => optional(refund.payment_method),
            _ => Val::Null,
        }
    }

    pub(super) fn line_column(self, account: &Account, line: i64, column: &str) -> Val {
        let head = self.head(account);
        match column {
            "id" | "linesequencenumber" if line >= 0 => Val::Number(line.into()),
            "id" | "linesequencenumber" => Val::Number(Decimal::from(9000 - line)),
            "transaction" => Val::id(head.id),
            "mainline" => Val::flag(line == 0),
            "taxline" => Val::flag(line < 0),
            "iscogs" => Val::flag(false),
            "createdfrom" => optional(head.created_from),
            "entity" => optional(head.customer),
            "subsidiary" => optional(self.subsidiary(account)),
            "foreignamount" | "netamount" if line == 0 => self.signed_total().map_or(Val::Null, Val::Number),
            "location" | "department" | "class" if line == 0 => {
                let (location, department, class) = match self {
                    Self::Order(of) => (of.location, of.department, of.class),
                    Self::Bill(of) => (of.location, of.department, of.class),
                    Self::Return(of) => (of.location, of.department, of.class),
                    _ => (None, None, None),
                };
                optional(match column {
                    "location" => location,
                    "department" => department,
                    _ => class,
                })
            }
            _ if line <= 0 => Val::Null,
            _ => self.item_column(account, line, column),
        }
    }

    fn item_line(self, line: i64) -> Option<ItemLine> {
        let place = usize::try_from(line - 1).unwrap_or(usize::MAX);
        let moved = |item, quantity, location| ItemLine {
            item,
            quantity,
            rate: Decimal::ZERO,
            amount: Decimal::ZERO,
            location,
            department: None,
            class: None,
        };
        let sign = if self.kind().takes_back() { Decimal::ONE } else { Decimal::NEGATIVE_ONE };
        match self {
            Self::Order(order) => order.line(line).map(|of| ItemLine {
                item: of.item,
                quantity: -of.quantity,
                rate: of.rate,
                amount: -of.amount,
                location: of.location,
                department: of.department,
                class: of.class,
            }),
            Self::Bill(_) | Self::Return(_) => {
                let of = match self {
                    Self::Bill(bill) => bill.lines.iter().find(|candidate| candidate.line == line)?,
                    Self::Return(of) => &of.line(line)?.goods,
                    _ => return None,
                };
                let (department, class) = (of.department, of.class);
                let (quantity, amount) = (sign * of.quantity, sign * of.amount);
                Some(ItemLine { item: of.item, quantity, rate: of.rate, amount, location: of.location, department, class })
            }
            Self::Fulfilment(of) => of.lines.get(place).map(|of| moved(of.item, -of.quantity, of.location)),
            Self::Receipt(of) => of.lines.get(place).map(|of| moved(of.item, of.quantity, of.location)),
            Self::Payment(_) | Self::Deposit(_) | Self::Application(_) | Self::Refund(_) => None,
        }
    }

    /// A line with an item; quantities of sales are negative.
    fn item_column(self, account: &Account, line: i64, column: &str) -> Val {
        let Some(found) = self.item_line(line) else { return Val::Null };
        match column {
            "item" => return Val::id(found.item),
            "itemtype" => return word(account.kind(found.item).item_type()),
            "location" => return optional(found.location),
            "department" => return optional(found.department),
            "class" => return optional(found.class),
            "quantity" => return Val::Number(found.quantity),
            "rate" => return Val::Number(found.rate),
            "netamount" | "foreignamount" => return Val::Number(found.amount),
            "isinventoryaffecting" => {
                let moves = matches!(self, Self::Fulfilment(_) | Self::Receipt(_) | Self::Bill(_));
                return Val::flag(account.kind(found.item).is_stocked() && moves);
            }
            _ => {}
        }
        match self {
            Self::Order(order) => order.line(line).map_or(Val::Null, |of| order_column(of, column)),
            Self::Return(of) => of.line(line).map_or(Val::Null, |of| match column {
                "quantityshiprecv" => Val::Number(of.received),
                "quantitybilled" => Val::Number(of.refunded),
                "isclosed" => Val::flag(of.closed),
                "memo" => Val::text_or_null(of.goods.description.as_deref()),
                _ => of.goods.custom.get(column).map_or(Val::Null, json_column),
            }),
            Self::Bill(bill) => {
                let of = bill.lines.iter().find(|candidate| candidate.line == line);
                of.map_or(Val::Null, |of| match column {
                    "memo" => Val::text_or_null(of.description.as_deref()),
                    _ => of.custom.get(column).map_or(Val::Null, json_column),
                })
            }
            _ => Val::Null,
        }
    }
}

fn order_column(of: &crate::sandbox::netsuite::model::OrderLine, column: &str) -> Val {
    match column {
        "uniquekey" => Val::id(of.unique_key),
        "quantityshiprecv" => Val::Number(of.fulfilled),
        "quantitybilled" => Val::Number(of.billed),
        "quantitycommitted" => Val::Number(of.committed),
        "quantitybackordered" => Val::Number((of.quantity - of.fulfilled - of.committed).max(Decimal::ZERO)),
        "quantitypicked" => Val::Number(of.picked),
        "isclosed" => Val::flag(of.closed),
        "isfullyshipped" => Val::flag(of.fulfilled >= of.quantity),
        "memo" => Val::text_or_null(of.description.as_deref()),
        "price" => word(if of.custom_price { "-1" } else { "1" }),
        _ => of.custom.get(column).map_or(Val::Null, json_column),
    }
}

/// A custom field as the database keeps it: boxes are `T` and `F`.
fn json_column(value: &serde_json::Value) -> Val {
    match value {
        serde_json::Value::Null => Val::Null,
        serde_json::Value::Bool(flag) => Val::flag(*flag),
        serde_json::Value::String(text) => Val::text_or_null(Some(text)),
        serde_json::Value::Object(fields) => fields.get("id").map_or(Val::Null, json_column),
        other => Val::Text(other.to_string()),
    }
}
