//! `!transform/itemReceipt` of a return authorisation: takes in what the customer brought.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::Value;

use super::account::Account;
use super::body;
use super::errors::{ApiError, ApiResult};
use super::inventory::{Detail, Goods, Moved};
use super::kinds::Kind;
use super::model::{ItemReceipt, ReceiptLine, ReturnAuthorization};

/// What a body says of one line.
#[derive(Debug, Default)]
struct Wanted {
    place: usize,
    receive: Option<bool>,
    quantity: Option<Decimal>,
    location: Option<u64>,
    restock: Option<bool>,
    detail: Detail,
}

impl Account {
    /// The receipt that `fields` would make of the return authorisation; nothing is saved.
    pub(super) fn draft_receipt(&self, source: u64, fields: &Value) -> ApiResult<ItemReceipt> {
        let refused = || ApiError::initialize_ref("itemreceipt", &source.to_string());
        let of = self.returns.get(&source).ok_or_else(refused)?;
        if !matches!(self.return_status(of), 'B' | 'D' | 'E') {
            return Err(refused());
        }
        let external_id = self.new_external_id(Kind::ItemReceipt, fields)?;
        let lines = self.receipt_lines(of, fields)?;
        let (tran_date, _) = self.posting(fields)?;
        let now = self.clock.now();
        Ok(ItemReceipt {
            id: 0,
            external_id,
            tran_id: String::new(),
            tran_date,
            created_from: source,
            customer: of.customer,
            memo: body::text(fields, "memo")?,
            custom: body::custom(fields, "custbody_").into_iter().collect(),
            lines,
            created: now,
            modified: now,
        })
    }

    fn receipt_lines(&self, of: &ReturnAuthorization, fields: &Value) -> ApiResult<Vec<ReceiptLine>> {
        let mut wanted = self.wanted_receipts(of, fields)?;
        let mut lines = Vec::new();
        for line in of.lines.iter().filter(|line| self.comes_back(&line.goods)) {
            let open = if line.closed { Decimal::ZERO } else { line.goods.quantity - line.received };
            let named = wanted.remove(&line.goods.line);
            let unnamed_stay = named.is_none() && self.preferences.default_unfulfilled;
            let named = named.unwrap_or_default();
            let quantity = if named.receive == Some(false) || unnamed_stay { Decimal::ZERO } else { named.quantity.unwrap_or(open) };
            if quantity > open {
                let text = format!("The quantity {quantity} of line {} is more than the quantity remaining, {open}.", line.goods.line);
                return Err(ApiError::content(text, format!("item.items[{}].quantity", named.place)));
            }
            if quantity <= Decimal::ZERO {
                continue;
            }
            let location = named.location.or(line.goods.location).or(of.location);
            if location.is_none() && self.preferences.multi_location {
                return Err(ApiError::user("Please enter value(s) for: Items list: Location"));
            }
            let restock = named.restock.unwrap_or(true);
            let goods = Goods { item: line.goods.item, quantity, location, position: lines.len() + 1 };
            lines.push(self.received(line.goods.line, goods, restock, &named.detail, None)?);
            for ((member, per_kit), key) in self.item(line.goods.item)?.members.iter().zip(line.goods.line + 1..) {
                let detail = wanted.remove(&key).map(|wanted| wanted.detail).unwrap_or_default();
                let goods = Goods { item: *member, quantity: quantity * per_kit, location, position: lines.len() + 1 };
                lines.push(self.received(key, goods, restock, &detail, Some(line.goods.line))?);
            }
        }
        if lines.is_empty() { Err(ApiError::no_valid_line()) } else { Ok(lines) }
    }

    fn received(
        &self,
        order_line: i64,
        goods: Goods,
        restock: bool,
        detail: &Detail,
        kit_member_of: Option<i64>,
    ) -> ApiResult<ReceiptLine> {
        let Moved { receipts, bins, .. } = self.receive(goods, detail)?;
        let Goods { item, quantity, location, .. } = goods;
        Ok(ReceiptLine { order_line, item, quantity, location, restock, numbers: receipts, bins, kit_member_of })
    }

    /// What the body says of the lines, and of the members of kits, which have the keys behind their kit's.
    fn wanted_receipts(&self, of: &ReturnAuthorization, fields: &Value) -> ApiResult<BTreeMap<i64, Wanted>> {
        let is_member = |key: i64| {
            of.lines.iter().any(|line| {
                let members = self.items.get(&line.goods.item).map_or(0, |item| item.members.len());
                key > line.goods.line && key <= line.goods.line + i64::try_from(members).unwrap_or(0)
            })
        };
        let mut wanted = BTreeMap::new();
        for (place, row) in body::lines(fields, "item")?.into_iter().flatten().enumerate() {
            let path = |field: &str| format!("item.items[{place}].{field}");
            let key = row.get("orderLine").and_then(Value::as_i64).filter(|key| of.line(*key).is_some() || is_member(*key));
            let key = key.ok_or_else(|| ApiError::field_value(&row["orderLine"].to_string(), "orderLine", path("orderLine")))?;
            let quantity = body::decimal(row, "quantity", &path("quantity"))?;
            let named = Wanted {
                place,
                receive: body::boolean(row, "itemReceive", &path("itemReceive"))?,
                quantity,
                location: self.location_of(row, of.subsidiary, &path("location"))?,
                restock: body::boolean(row, "restock", &path("restock"))?,
                detail: Detail::of(row, quantity, &path)?.unwrap_or_default(),
            };
            wanted.insert(key, named);
        }
        Ok(wanted)
    }

    /// Saves a drafted receipt and puts what goes back on the shelf into the stock.
    pub(super) fn save_receipt(&mut self, draft: ItemReceipt) -> u64 {
        let id = self.transaction_id();
        let receipt = ItemReceipt { id, tran_id: self.number(Kind::ItemReceipt), ..draft };
        for line in receipt.lines.iter().filter(|line| line.restock) {
            let moved = Moved { receipts: line.numbers.clone(), bins: line.bins.clone(), ..Moved::default() };
            self.put_in(line.item, line.location, line.quantity, &moved);
        }
        let source = receipt.created_from;
        self.receipts.insert(id, receipt);
        self.touch_return(source);
        id
    }
}
