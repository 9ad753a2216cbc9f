//! What is asked by SuiteQL.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::client::Client;
use super::error::NetSuiteError;
use super::suiteql::{self, TIME_FORMAT};
use super::wire::body::{self, Unsendable};
use super::wire::read::Fields;
use crate::domain::ids::RecordId;
use crate::domain::record::{Child, Money, RecordKind};
use crate::domain::reference::InventoryNumber;

/// Literals in one list of a query.
pub(super) const AT_ONCE: usize = 200;

/// Records by the time of their last change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModifiedPage {
    /// In the order of their change.
    pub records: Vec<ModifiedRecord>,
    /// There is a next page, at this page's offset plus its length.
    pub more: bool,
}

/// A record that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModifiedRecord {
    /// The internal id.
    pub id: RecordId,
    /// The number people use.
    pub number: Option<String>,
    /// Its key, where keys were asked for.
    pub external_id: Option<String>,
    /// When it last changed, to the second.
    pub modified: Timestamp,
}

impl Client {
    /// What was made from a record: fulfilments, bills, return authorisations, and what follows from those; each once.
    pub async fn children(&self, order: &RecordId) -> Result<Vec<Child>, NetSuiteError> {
        let id = body::internal_id(order.as_str()).map_err(NetSuiteError::Unsendable)?;
        let query = format!(
            "SELECT DISTINCT n.nextdoc, t.type, t.tranid, t.status, t.externalid FROM NextTransactionLink n \
             JOIN transaction t ON t.id = n.nextdoc WHERE n.previousdoc = {id} ORDER BY n.nextdoc"
        );
        let mut children = Vec::new();
        each_once(&self.rows("children", &query).await?, &mut children)?;
        Ok(children)
    }

    /// The records that carry these keys of ours; each once.
    pub async fn booked(&self, keys: &[String]) -> Result<Vec<Child>, NetSuiteError> {
        let keys =
            keys.iter().map(|key| body::external_id(key)).collect::<Result<Vec<_>, Unsendable>>().map_err(NetSuiteError::Unsendable)?;
        let mut records = Vec::new();
        for some in keys.chunks(AT_ONCE) {
            let list = some.iter().map(|key| suiteql::text(key)).collect::<Vec<_>>().join(", ");
            let query = format!(
                "SELECT t.id, t.type, t.tranid, t.status, t.externalid FROM transaction t WHERE t.externalid IN ({list}) ORDER BY t.id"
            );
            each_once(&self.rows("booked", &query).await?, &mut records)?;
        }
        Ok(records)
    }

    /// Payments, deposits and customer refunds as they stand now; those that no search shows are left out.
    pub async fn money_of(&self, ids: &[RecordId]) -> Result<Vec<Money>, NetSuiteError> {
        let ids = ids.iter().map(|id| body::internal_id(id.as_str())).collect::<Result<Vec<_>, Unsendable>>();
        let ids = ids.map_err(NetSuiteError::Unsendable)?;
        let mut money = Vec::new();
        for some in ids.chunks(AT_ONCE) {
            let list = some.join(", ");
            // What an account does not have is not known of any of them.
            let query = |optional: &[&str]| {
                let columns = [&["id"], optional].concat().join(", t.");
                format!("SELECT t.{columns} FROM transaction t WHERE t.id IN ({list}) ORDER BY t.id")
            };
            for row in self.known_rows("money_of", vec!["foreigntotal", "foreignpaymentamountunused", "paymentmethod"], query).await? {
                let row = Fields::of(&row);
                money.push(Money {
                    id: row.id("id").ok_or(lacks("transaction", "id"))?,
                    // Money that leaves has a sign of its own.
                    amount: row.decimal("foreigntotal").map(|amount| amount.abs()),
                    unused: row.decimal("foreignpaymentamountunused").map(|amount| amount.abs()),
                    payment_method: row.text("paymentmethod"),
                });
            }
        }
        Ok(money)
    }

    /// The sales orders whose field holds the value.
    pub async fn sales_orders_by_field(&self, field: &str, value: &str) -> Result<Vec<RecordId>, NetSuiteError> {
        let field = body::field(field).map_err(NetSuiteError::Unsendable)?;
        let value = suiteql::text(value);
        let query = format!("SELECT t.id FROM transaction t WHERE t.type = 'SalesOrd' AND t.{field} = {value} ORDER BY t.id");
        let rows = self.rows("sales_orders_by_field", &query).await?;
        rows.iter().map(|row| Fields::of(row).id("id").ok_or(lacks("transaction", "id"))).collect()
    }

    /// The sales orders that changed between two times (both included, to the second), a page at a time.
    pub async fn modified_orders(
        &self,
        since: Timestamp,
        until: Timestamp,
        offset: u32,
        limit: u32,
    ) -> Result<ModifiedPage, NetSuiteError> {
        self.modified("modified_orders", ("", "t.type = 'SalesOrd'"), (since, until), (offset, limit)).await
    }

    /// The same of the cash sales, invoices, cash refunds and credit memos that carry a key of ours, with that key.
    pub async fn modified_bookings(
        &self,
        since: Timestamp,
        until: Timestamp,
        offset: u32,
        limit: u32,
    ) -> Result<ModifiedPage, NetSuiteError> {
        let ours = "t.type IN ('CashSale', 'CustInvc', 'CashRfnd', 'CustCred') AND t.externalid LIKE 'tb-%'";
        self.modified("modified_bookings", (", t.externalid", ours), (since, until), (offset, limit)).await
    }

    /// The records that meet a condition, with further columns.
    async fn modified(
        &self,
        operation: &'static str,
        (columns, which): (&str, &str),
        (since, until): (Timestamp, Timestamp),
        (offset, limit): (u32, u32),
    ) -> Result<ModifiedPage, NetSuiteError> {
        let (from, to) = self.local_window(since, until);
        let query = format!(
            "SELECT t.id, t.tranid{columns}, TO_CHAR(t.lastmodifieddate,'{TIME_FORMAT}') AS lastmodifieddate FROM transaction t \
             WHERE {which} AND t.lastmodifieddate >= {} AND t.lastmodifieddate <= {} ORDER BY t.lastmodifieddate, t.id",
            suiteql::time(from),
            suiteql::time(to)
        );
        let page = self.page(operation, &query, offset, limit).await?;
        let read = |row: &Value| {
            let row = Fields::of(row);
            Ok(ModifiedRecord {
                id: row.id("id").ok_or(lacks("transaction", "id"))?,
                number: row.text("tranid"),
                external_id: row.text("externalid"),
                modified: suiteql::read_time(&row, "lastmodifieddate", self.timezone())
                    .ok_or(lacks("transaction", "a readable lastmodifieddate"))?,
            })
        };
        Ok(ModifiedPage { records: page.rows.iter().map(read).collect::<Result<_, NetSuiteError>>()?, more: page.more })
    }

    /// The window on the account's clock on the wall. When that clock was set back in between, an hour happens twice:
    /// the window is widened by it, so that nothing is left out.
    fn local_window(&self, since: Timestamp, until: Timestamp) -> (jiff::civil::DateTime, jiff::civil::DateTime) {
        let zone = self.timezone();
        let (from, to) = (zone.to_datetime(since), zone.to_datetime(until));
        let shift = zone.to_offset(since).seconds().abs_diff(zone.to_offset(until).seconds());
        let shift = SignedDuration::from_secs(i64::from(shift));
        (from.min(to).saturating_sub(shift), from.max(to).saturating_add(shift))
    }

    /// The serial and lot numbers of an item that are available, those that expire first at the front.
    pub async fn inventory_numbers(&self, item: &str, location: Option<&str>) -> Result<Vec<InventoryNumber>, NetSuiteError> {
        let item = body::internal_id(item).map_err(NetSuiteError::Unsendable)?;
        let location = location.map(body::internal_id).transpose().map_err(NetSuiteError::Unsendable)?;
        let at = location.map_or(String::new(), |location| format!(" AND l.location = {location}"));
        let query = |expiry: &str| {
            format!(
                "SELECT n.id, n.inventorynumber, l.location, l.quantityavailable{expiry} FROM inventorynumber n \
                 JOIN inventorynumberlocation l ON l.inventorynumber = n.id \
                 WHERE n.item = {item}{at} AND l.quantityavailable > 0 ORDER BY n.id, l.location"
            )
        };
        let expiry = query(", TO_CHAR(n.expirationdate,'YYYY-MM-DD') AS expirationdate");
        let rows = match self.rows("inventory_numbers", &expiry).await {
            // Accounts without lots have no such column.
            Err(error) if error.refusal().is_some_and(|refusal| refusal.status == 400 && refusal.names("expirationdate")) => {
                self.rows("inventory_numbers", &query("")).await?
            }
            rows => rows?,
        };
        let read = |row: &Value| {
            let row = Fields::of(row);
            Ok(InventoryNumber {
                id: row.text("id").ok_or(lacks("inventory number", "id"))?,
                number: row.text("inventorynumber").ok_or(lacks("inventory number", "inventorynumber"))?,
                available: row.decimal("quantityavailable").unwrap_or_default(),
                expires: row.date("expirationdate"),
                location: row.text("location"),
            })
        };
        let mut numbers: Vec<InventoryNumber> = rows.iter().map(read).collect::<Result<_, NetSuiteError>>()?;
        // What never expires goes last. The order of the rows, by id, stays within a day.
        numbers.sort_by_key(|number| (number.expires.is_none(), number.expires));
        Ok(numbers)
    }

    /// One row, to see whether queries are answered; gives the time of the answer.
    pub(super) async fn probe(&self) -> Result<Option<Timestamp>, NetSuiteError> {
        let query = "SELECT t.id FROM transaction t WHERE t.type = 'SalesOrd' ORDER BY t.id FETCH FIRST 1 ROWS ONLY";
        Ok(self.page("probe", query, 0, 1).await?.date)
    }
}

/// Rows of records of the kinds that are known here.
fn each_once(rows: &[Value], records: &mut Vec<Child>) -> Result<(), NetSuiteError> {
    for row in rows {
        let row = Fields::of(row);
        let Some(kind) = row.text("type").as_deref().and_then(RecordKind::from_code) else { continue };
        let id = row.id("nextdoc").or_else(|| row.id("id")).ok_or(lacks("transaction", "id"))?;
        if records.iter().all(|record| record.id != id) {
            let status = row.text("status").map(|status| letter(&status).to_owned());
            records.push(Child { kind, id, number: row.text("tranid"), status, external_id: row.text("externalid") });
        }
    }
    Ok(())
}

/// `ItemShip:C` or `C`
fn letter(status: &str) -> &str {
    status.rsplit(':').next().unwrap_or(status).trim()
}

pub(super) fn lacks(record: &'static str, field: &'static str) -> NetSuiteError {
    NetSuiteError::Lacks { record, field }
}
