//! Items: how they are tracked, which one a SKU names, and what a kit is made of.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::Value;

use super::client::Client;
use super::error::NetSuiteError;
use super::queries::{AT_ONCE, lacks};
use super::suiteql;
use super::wire::body::{self, Unsendable};
use super::wire::read::{Fields, is_internal_id};
use crate::domain::reference::{ErpItem, KitMember};
use crate::domain::sales_order::ItemKind;

/// Columns of features that may be off: then they are not there to be asked for.
const OPTIONAL: [&str; 6] = ["displayname", "isserialitem", "islotitem", "usebins", "isfulfillable", "upccode"];

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
        let query = format!("SELECT i.id FROM item i WHERE i.itemid = {} ORDER BY i.id", suiteql::text(name));
        let rows = self.rows("items_named", &query).await?;
        rows.iter().map(|row| Fields::of(row).text("id").ok_or(lacks("item", "id"))).collect()
    }

    /// Items by their internal ids. `sku_field` is the item field that the SKU is read from.
    pub async fn items(&self, ids: &[String], sku_field: &str) -> Result<Vec<Item>, NetSuiteError> {
        let ids: Vec<&str> =
            ids.iter().map(|id| body::internal_id(id)).collect::<Result<_, Unsendable>>().map_err(NetSuiteError::Unsendable)?;
        self.items_where("items", sku_field, ids.chunks(AT_ONCE).map(|some| format!("i.id IN ({})", some.join(", ")))).await
    }

    /// The active items with these internal ids.
    pub async fn active_items(&self, ids: &[String], sku_field: &str) -> Result<Vec<Item>, NetSuiteError> {
        let ids: Vec<&str> =
            ids.iter().map(|id| body::internal_id(id)).collect::<Result<_, Unsendable>>().map_err(NetSuiteError::Unsendable)?;
        let conditions = ids.chunks(AT_ONCE).map(|some| format!("i.id IN ({}) AND i.isinactive = 'F'", some.join(", ")));
        self.items_where("active_items", sku_field, conditions).await
    }

    /// The active items whose SKU field holds one of these, in any case of letters.
    pub async fn items_by_sku(&self, skus: &[String], sku_field: &str) -> Result<Vec<Item>, NetSuiteError> {
        let column = body::field(sku_field).map_err(NetSuiteError::Unsendable)?;
        let skus = skus.iter().map(|sku| suiteql::text(&sku.trim().to_uppercase())).collect::<Vec<_>>();
        let conditions = skus.chunks(AT_ONCE).map(|some| format!("UPPER(i.{column}) IN ({}) AND i.isinactive = 'F'", some.join(", ")));
        self.items_where("items_by_sku", sku_field, conditions).await
    }

    async fn items_where(
        &self,
        operation: &'static str,
        sku_field: &str,
        conditions: impl Iterator<Item = String>,
    ) -> Result<Vec<Item>, NetSuiteError> {
        let sku = body::field(sku_field).map_err(NetSuiteError::Unsendable)?;
        let mut items = Vec::new();
        let mut optional = OPTIONAL.to_vec();
        for condition in conditions {
            let rows = loop {
                let mut columns = vec!["id", "itemid", "itemtype"];
                columns.extend(&optional);
                if !columns.contains(&sku.as_str()) {
                    columns.push(&sku);
                }
                let columns = columns.iter().map(|column| format!("i.{column}")).collect::<Vec<_>>().join(", ");
                let query = format!("SELECT {columns} FROM item i WHERE {condition} ORDER BY i.id");
                match self.rows(operation, &query).await {
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

    /// What the items are to a booking: the same, with the members of those that are kits.
    pub async fn with_members(&self, items: Vec<Item>) -> Result<Vec<ErpItem>, NetSuiteError> {
        let kits = items.iter().filter(|item| item.kind == ItemKind::Kit).map(|item| item.id.clone()).collect::<Vec<_>>();
        let mut members = self.kit_members(&kits).await?;
        Ok(items
            .into_iter()
            .map(|item| ErpItem {
                name: item.item_id.or(item.display_name).unwrap_or_else(|| item.id.clone()),
                kind: item.kind,
                serial: item.serial,
                lot: item.lot,
                bins: item.bins,
                members: members.remove(&item.id).unwrap_or_default(),
                id: item.id,
            })
            .collect())
    }

    /// The members of kits, by the kit's internal id. Where the account or the role does not show them there are none, and NetSuite itself
    /// says so where a kit cannot be sold as it is.
    pub async fn kit_members(&self, kits: &[String]) -> Result<BTreeMap<String, Vec<KitMember>>, NetSuiteError> {
        let mut found = Vec::new();
        for some in kits.chunks(AT_ONCE) {
            match self.member_rows(&some.join(", ")).await? {
                Some(rows) => found.extend(rows),
                None => return Ok(BTreeMap::new()),
            }
        }
        let read = |row: &Value| {
            let row = Fields::of(row);
            let kit = row.text("parentitem").ok_or(lacks("kit member", "parentitem"))?;
            let item = row.text("item").ok_or(lacks("kit member", "item"))?;
            Ok((kit, item, row.decimal("quantity").unwrap_or(Decimal::ONE)))
        };
        let found = found.iter().map(read).collect::<Result<Vec<_>, NetSuiteError>>()?;
        let mut ids = found.iter().map(|(_, item, _)| item.clone()).collect::<Vec<_>>();
        ids.sort_unstable();
        ids.dedup();
        let items = self.items(&ids, "itemid").await?;
        let mut members = BTreeMap::<String, Vec<KitMember>>::new();
        for (kit, id, quantity) in found {
            let of = items.iter().find(|item| item.id == id);
            let is = |of: Option<&Item>, tracked: fn(&Item) -> bool| of.is_some_and(tracked);
            members.entry(kit).or_default().push(KitMember {
                serial: is(of, |item| item.serial),
                lot: is(of, |item| item.lot),
                bins: is(of, |item| item.bins),
                item: id,
                quantity,
            });
        }
        Ok(members)
    }

    /// Accounts show the members of kits under one name or the other.
    async fn member_rows(&self, kits: &str) -> Result<Option<Vec<Value>>, NetSuiteError> {
        for table in ["itemmember", "kititemmember"] {
            let query = format!(
                "SELECT m.parentitem, m.item, m.quantity FROM {table} m WHERE m.parentitem IN ({kits}) ORDER BY m.parentitem, m.item"
            );
            match self.rows("kit_members", &query).await {
                Ok(rows) => return Ok(Some(rows)),
                Err(error) if error.hides_a_list() => self.warn_once_of_members(&error),
                Err(error) => return Err(error),
            }
        }
        Ok(None)
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
