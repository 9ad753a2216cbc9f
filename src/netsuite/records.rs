//! Reading records.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::client::Client;
use super::error::NetSuiteError;
use super::transport::{Answer, Call};
use super::wire::read::{self, Fields};
use super::wire::{bill, body, sales_order};
use crate::domain::facts::FormLine;
use crate::domain::ids::RecordId;
use crate::domain::record::{Bill, Child, RecordKind};
use crate::domain::sales_order::{ItemKind, SalesOrder};

/// Lines of a page of a sublist.
const PAGE: usize = 1000;
/// No record has more pages of lines.
const MOST_PAGES: usize = 50;

/// What NetSuite's clock says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerTime {
    /// The time of the answer; to the second where it is only in the `Date` header.
    pub at: Option<Timestamp>,
}

impl Client {
    /// A sales order with its lines; `None` where there is none by this id.
    pub async fn sales_order(&self, id: &RecordId) -> Result<Option<SalesOrder>, NetSuiteError> {
        self.order("sales_order", RecordKind::SalesOrder, id).await
    }

    /// A return authorisation with its lines, read as a sales order is: its status is one of its own, so it is not known here.
    pub async fn return_authorization(&self, id: &RecordId) -> Result<SalesOrder, NetSuiteError> {
        let kind = RecordKind::ReturnAuthorization;
        let found = self.order("return_authorization", kind, id).await?;
        found.ok_or_else(|| NetSuiteError::Gone { record: kind.name(), id: id.to_string() })
    }

    async fn order(&self, operation: &'static str, kind: RecordKind, id: &RecordId) -> Result<Option<SalesOrder>, NetSuiteError> {
        let Some((record, lines)) = self.whole(operation, kind.word(), id).await? else { return Ok(None) };
        let order = sales_order::read(id, &record, &lines);
        let mut order = order.map_err(|field| NetSuiteError::Lacks { record: kind.name(), field })?;
        self.fill_in_kinds(&mut order).await?;
        Ok(Some(order))
    }

    /// A record with totals and lines; `None` where there is none by this id.
    pub async fn bill(&self, kind: RecordKind, id: &RecordId) -> Result<Option<Bill>, NetSuiteError> {
        let whole = self.whole("bill", kind.word(), id).await?;
        Ok(whole.map(|(record, lines)| bill::read(kind, id, &record, &lines)))
    }

    /// The lines that a fulfilment of a sales order would have, members of kits among them, by NetSuite's draft of it (since 2026.1).
    /// Every line is named as not shipped, so that an account which takes the draft for the record itself has nothing to make.
    pub async fn fulfilment_form(&self, order: &RecordId, lines: &[i64]) -> Result<Vec<FormLine>, NetSuiteError> {
        let key = body::internal_id(order.as_str()).map_err(NetSuiteError::Unsendable)?;
        let nothing = lines.iter().map(|line| json!({ "orderLine": line, "itemReceive": false })).collect::<Vec<_>>();
        let nothing = json!({ "item": { "items": nothing } });
        let path = format!("/record/v1/salesOrder/{key}/!transform/itemFulfillment");
        let mut call = Call::write("fulfilment_form", http::Method::POST, path, &nothing);
        call.draft = true;
        call.query = vec![("fields", "item".to_owned()), ("expandSubResources", "true".to_owned())];
        let draft = self.transport().send(&call).await?.json()?;
        let lines = Fields::of(&draft).lines("item").unwrap_or_default();
        let line = |line: &Value| {
            let line = Fields::of(line);
            Some(FormLine {
                order_line: line.integer("orderLine")?,
                item: line.reference("item")?.id,
                kit_member_of: line.integer("kitMemberOf"),
            })
        };
        Ok(lines.iter().filter_map(line).collect())
    }

    /// The record that carries our key.
    pub async fn find(&self, kind: RecordKind, external_id: &str) -> Result<Option<RecordId>, NetSuiteError> {
        let key = body::external_id(external_id).map_err(NetSuiteError::Unsendable)?;
        let call = Call::get("find", format!("/record/v1/{}/eid:{key}", kind.word()));
        let Some(answer) = there(self.transport().send(&call).await)? else { return Ok(None) };
        let record = answer.json()?;
        let fields = Fields::of(&record);
        let linked = || fields.link_id().filter(|id| read::is_internal_id(id)).map(RecordId::from);
        let id = fields.id("id").or_else(linked).ok_or(NetSuiteError::Lacks { record: "record", field: "id" })?;
        Ok(Some(id))
    }

    /// A record by its internal id, without its lines; `None` where there is none.
    pub async fn head(&self, kind: RecordKind, id: &RecordId) -> Result<Option<Child>, NetSuiteError> {
        let key = body::internal_id(id.as_str()).map_err(NetSuiteError::Unsendable)?;
        let call = Call::get("head", format!("/record/v1/{}/{key}", kind.word()));
        let Some(answer) = there(self.transport().send(&call).await)? else { return Ok(None) };
        let record = answer.json()?;
        if !record.is_object() {
            return Err(NetSuiteError::Lacks { record: "answer", field: "a record" });
        }
        let fields = Fields::of(&record);
        Ok(Some(Child { kind, id: id.clone(), number: fields.text("tranId"), status: None, external_id: fields.text("externalId") }))
    }

    /// Whether the account answers and takes the credentials, and what its clock says. Needs no permission; accounts
    /// before 2025.2 lack the operation and are asked for a row instead.
    pub async fn ping(&self) -> Result<ServerTime, NetSuiteError> {
        let call = Call::get("server_time", "/system/v1/serverTime".to_owned());
        let answer = match self.transport().send(&call).await {
            Ok(answer) => answer,
            Err(error) if error.refusal().is_some_and(|refusal| matches!(refusal.status, 400 | 404 | 405)) => {
                return Ok(ServerTime { at: self.probe().await? });
            }
            Err(error) => return Err(error),
        };
        let body = answer.json()?;
        Ok(ServerTime { at: Fields::of(&body).timestamp("serverTime").or(answer.date) })
    }

    /// A record, and all the lines of its `item` sublist.
    async fn whole(&self, operation: &'static str, word: &str, id: &RecordId) -> Result<Option<(Value, Vec<Value>)>, NetSuiteError> {
        let key = body::internal_id(id.as_str()).map_err(NetSuiteError::Unsendable)?;
        let path = format!("/record/v1/{word}/{key}");
        let mut call = Call::get(operation, path.clone());
        call.query.push(("expandSubResources", "true".to_owned()));
        let Some(answer) = there(self.transport().send(&call).await)? else { return Ok(None) };
        let record = answer.json()?;
        if !record.is_object() {
            return Err(NetSuiteError::Lacks { record: "answer", field: "a record" });
        }
        let sublist = Fields::of(&record).lines("item").map(<[Value]>::to_vec);
        let whole = record.get("item").is_some_and(|item| !read::has_more(item));
        let lines = match sublist {
            Some(lines) if whole && lines.iter().all(is_full_line) => lines,
            _ => self.lines(operation, &path).await?,
        };
        Ok(Some((record, lines)))
    }

    /// The `item` sublist where the record itself has only a link to it: page by page, and line by line where the pages
    /// hold only links too.
    async fn lines(&self, operation: &'static str, record: &str) -> Result<Vec<Value>, NetSuiteError> {
        let mut lines = Vec::new();
        for _ in 0..MOST_PAGES {
            let mut call = Call::get(operation, format!("{record}/item"));
            let offset = lines.len();
            call.query = vec![("limit", PAGE.to_string()), ("offset", offset.to_string()), ("expandSubResources", "true".to_owned())];
            let page = self.transport().send(&call).await?.json()?;
            let rows = read::lines(&page).ok_or(NetSuiteError::Lacks { record: "sublist", field: "items" })?;
            for row in rows {
                lines.push(if is_full_line(row) { row.clone() } else { self.line(operation, record, row).await? });
            }
            if !read::has_more(&page) || rows.is_empty() {
                return Ok(lines);
            }
        }
        Err(NetSuiteError::Lacks { record: "sublist", field: "an end" })
    }

    async fn line(&self, operation: &'static str, record: &str, row: &Value) -> Result<Value, NetSuiteError> {
        let fields = Fields::of(row);
        let key = fields.text("line").or_else(|| fields.link_id()).filter(|key| read::is_internal_id(key));
        let key = key.ok_or(NetSuiteError::Lacks { record: "sublist", field: "a link to its line" })?;
        let mut call = Call::get(operation, format!("{record}/item/{key}"));
        call.query.push(("expandSubResources", "true".to_owned()));
        let mut line = self.transport().send(&call).await?.json()?;
        if let Some(object) = line.as_object_mut()
            && !object.contains_key("line")
        {
            object.insert("line".to_owned(), key.into());
        }
        Ok(line)
    }

    /// Some forms hide the item type of a line: it is the item's own.
    async fn fill_in_kinds(&self, order: &mut SalesOrder) -> Result<(), NetSuiteError> {
        let untold = ItemKind::Other(String::new());
        let mut ids: Vec<String> = order.lines.iter().filter(|line| line.kind == untold).map(|line| line.item.id.clone()).collect();
        ids.retain(|id| read::is_internal_id(id));
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(());
        }
        let items = self.items(&ids, "itemid").await?;
        for line in order.lines.iter_mut().filter(|line| line.kind == untold) {
            if let Some(item) = items.iter().find(|item| item.id == line.item.id) {
                line.kind = item.kind.clone();
            }
        }
        Ok(())
    }
}

/// More than links to itself.
fn is_full_line(line: &Value) -> bool {
    let fields = Fields::of(line);
    fields.has("line") && (fields.has("item") || fields.has("itemType") || fields.has("quantity") || fields.has("description"))
        || fields.has("orderLine") && fields.has("quantity")
}

/// "Not found" is no error.
pub(super) fn there(answer: Result<Answer, NetSuiteError>) -> Result<Option<Answer>, NetSuiteError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}
