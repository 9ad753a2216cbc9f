//! What is asked by SuiteQL.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::client::Client;
use super::error::NetSuiteError;
use super::suiteql::{self, TIME_FORMAT};
use super::wire::body::{self, Unsendable};
use super::wire::read::{Fields, is_internal_id};
use crate::domain::ids::RecordId;
use crate::domain::reference::InventoryNumber;
use crate::domain::record::{Child, RecordKind};
use crate::domain::sales_order::{ItemKind, Ref};

/// Ids in one list of a query.
const IDS_AT_ONCE: usize = 200;

/// Sales orders by the time of their last change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModifiedPage {
    /// In the order of their change.
    pub orders: Vec<ModifiedOrder>,
    /// There is a next page, at this page's offset plus its length.
    pub more: bool,
}

/// A sales order that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModifiedOrder {
    /// The internal id.
    pub id: RecordId,
    /// The number people use.
    pub number: Option<String>,
    /// When it last changed, to the second.
    pub modified: Timestamp,
}

/// An item, as far as fulfilment needs to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The internal id.
    pub id: String,
    /// The name or number people use (`itemid`).
    pub item_id: Option<String>,
    /// The name on documents.
    pub display_name: Option<String>,
    /// What kind of item it is.
    pub kind: ItemKind,
    /// Each unit has a serial number.
    pub serial: bool,
    /// It is kept in lots.
    pub lot: bool,
    /// It is kept in bins.
    pub bins: bool,
    /// It leaves with a fulfilment; `None` where NetSuite does not say.
    pub fulfillable: Option<bool>,
    /// The bar code.
    pub upc: Option<String>,
    /// The value of the field that the SKU is read from.
    pub sku: Option<String>,
}

impl Client {
    /// The internal ids of the items with this name or number.
    pub async fn items_named(&self, name: &str) -> Result<Vec<String>, NetSuiteError> {
        let query = format!("SELECT i.id FROM item i WHERE i.itemid = '{}' ORDER BY i.id", name.replace('\'', "''"));
        let rows = self.rows("items_named", &query).await?;
        rows.iter().map(|row| Fields::of(row).text("id").ok_or(lacks("item", "id"))).collect()
    }

    /// What was made from a sales order: fulfilments, invoices, cash sales; each once.
    pub async fn children(&self, order: &RecordId) -> Result<Vec<Child>, NetSuiteError> {
        let id = body::internal_id(order.as_str()).map_err(NetSuiteError::Unsendable)?;
        let query = format!(
            "SELECT DISTINCT n.nextdoc, t.type, t.tranid, t.status, t.externalid FROM NextTransactionLink n \
             JOIN transaction t ON t.id = n.nextdoc WHERE n.previousdoc = {id} ORDER BY n.nextdoc"
        );
        let mut children: Vec<Child> = Vec::new();
        for row in self.rows("children", &query).await? {
            let row = Fields::of(&row);
            let Some(kind) = row.text("type").as_deref().and_then(RecordKind::from_code) else { continue };
            let id = row.id("nextdoc").or_else(|| row.id("id")).ok_or(lacks("transaction link", "nextdoc"))?;
            if children.iter().all(|child| child.id != id) {
                let status = row.text("status").map(|status| letter(&status).to_owned());
                children.push(Child { kind, id, number: row.text("tranid"), status, external_id: row.text("externalid") });
            }
        }
        Ok(children)
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
        let (from, to) = self.local_window(since, until);
        let query = format!(
            "SELECT t.id, t.tranid, TO_CHAR(t.lastmodifieddate,'{TIME_FORMAT}') AS lastmodifieddate FROM transaction t \
             WHERE t.type = 'SalesOrd' AND t.lastmodifieddate >= {} AND t.lastmodifieddate <= {} ORDER BY t.lastmodifieddate, t.id",
            suiteql::time(from),
            suiteql::time(to)
        );
        let page = self.page("modified_orders", &query, offset, limit).await?;
        let read = |row: &Value| {
            let row = Fields::of(row);
            Ok(ModifiedOrder {
                id: row.id("id").ok_or(lacks("transaction", "id"))?,
                number: row.text("tranid"),
                modified: suiteql::read_time(&row, "lastmodifieddate", self.timezone())
                    .ok_or(lacks("transaction", "a readable lastmodifieddate"))?,
            })
        };
        Ok(ModifiedPage { orders: page.rows.iter().map(read).collect::<Result<_, NetSuiteError>>()?, more: page.more })
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

    /// Items by their internal ids. `sku_field` is the item field that the SKU is read from.
    pub async fn items(&self, ids: &[String], sku_field: &str) -> Result<Vec<Item>, NetSuiteError> {
        let sku = body::field(sku_field).map_err(NetSuiteError::Unsendable)?;
        let ids: Vec<&str> =
            ids.iter().map(|id| body::internal_id(id)).collect::<Result<_, Unsendable>>().map_err(NetSuiteError::Unsendable)?;
        let mut items = Vec::with_capacity(ids.len());
        // Columns of features that are off are not there to be asked for.
        let mut optional = vec!["displayname", "isserialitem", "islotitem", "usebins", "isfulfillable", "upccode"];
        for some in ids.chunks(IDS_AT_ONCE) {
            let rows = loop {
                let mut columns = vec!["id", "itemid", "itemtype"];
                columns.extend(&optional);
                if !columns.contains(&sku.as_str()) {
                    columns.push(&sku);
                }
                let columns = columns.iter().map(|column| format!("i.{column}")).collect::<Vec<_>>().join(", ");
                let query = format!("SELECT {columns} FROM item i WHERE i.id IN ({}) ORDER BY i.id", some.join(", "));
                match self.rows("items", &query).await {
                    Ok(rows) => break rows,
                    Err(error) => {
                        let refusal = error.refusal().filter(|refusal| refusal.status == 400);
                        let absent = refusal.and_then(|refusal| optional.iter().position(|column| refusal.names(column)));
                        match absent.filter(|absent| optional.get(*absent) != Some(&sku.as_str())) {
                            Some(absent) => drop(optional.remove(absent)),
                            None => return Err(error),
                        }
                    }
                }
            };
            for row in &rows {
                items.push(item(row, &sku)?);
            }
        }
        Ok(items)
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

    /// The names of a list: `location`, `subsidiary`, `department`, `class`, `paymentmethod`, `term`, `currency`, `account`,
    /// `shipitem`, `taxitem`. What the role may not see is not in it.
    pub async fn names_of(&self, list: &str) -> Result<Vec<Ref>, NetSuiteError> {
        let list = list.to_ascii_lowercase();
        let (table, name) = match list.as_str() {
            "location" | "subsidiary" | "department" | "paymentmethod" | "term" | "currency" => (list.as_str(), "name"),
            "class" | "classification" => ("classification", "name"),
            "account" => ("account", "accountsearchdisplayname"),
            "shipitem" => ("shipitem", "itemid"),
            "taxitem" => ("salestaxitem", "itemid"),
            _ => return Err(NetSuiteError::UnknownList(list)),
        };
        let rows = self.rows("names_of", &format!("SELECT x.id, x.{name} FROM {table} x ORDER BY x.id")).await?;
        let read = |row: &Value| {
            let row = Fields::of(row);
            Ok(Ref { id: row.text("id").ok_or(lacks("list", "id"))?, name: row.text(name).or_else(|| row.text("name")) })
        };
        rows.iter().map(read).collect()
    }

    /// One row, to see whether queries are answered; gives the time of the answer.
    pub(super) async fn probe(&self) -> Result<Option<Timestamp>, NetSuiteError> {
        let query = "SELECT t.id FROM transaction t WHERE t.type = 'SalesOrd' ORDER BY t.id FETCH FIRST 1 ROWS ONLY";
        Ok(self.page("probe", query, 0, 1).await?.date)
    }
}

fn item(row: &Value, sku: &str) -> Result<Item, NetSuiteError> {
    let row = Fields::of(row);
    let is = |column| row.flag(column).unwrap_or(false);
    Ok(Item {
        id: row.text("id").filter(|id| is_internal_id(id)).ok_or(lacks("item", "id"))?,
        item_id: row.text("itemid"),
        display_name: row.text("displayname"),
        kind: ItemKind::parse(&row.text("itemtype").unwrap_or_default()),
        serial: is("isserialitem"),
        lot: is("islotitem"),
        bins: is("usebins"),
        fulfillable: row.flag("isfulfillable"),
        upc: row.text("upccode"),
        sku: row.text(sku),
    })
}

/// `ItemShip:C` or `C`
fn letter(status: &str) -> &str {
    status.rsplit(':').next().unwrap_or(status).trim()
}

fn lacks(record: &'static str, field: &'static str) -> NetSuiteError {
    NetSuiteError::Lacks { record, field }
}
