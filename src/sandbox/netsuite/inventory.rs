//! Inventory detail: which serial numbers, lots and bins a line speaks of; and what moving them does to the stock.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::Value;

use super::account::Account;
use super::body;
use super::errors::{ApiError, ApiResult};
use super::model::{InventoryNumber, ItemKind};
use crate::sandbox::number;

/// The inventory detail of a line. One whose quantity is missing or differs is dropped without a word, so it is empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Detail {
    rows: Vec<Row>,
}

#[derive(Debug, Clone, PartialEq)]
struct Row {
    issue: Option<u64>,
    receipt: Option<String>,
    bin: Option<u64>,
    quantity: Decimal,
}

/// What is to move of an item, checked.
#[derive(Debug, Clone, Default)]
pub(super) struct Moved {
    /// Inventory number id and quantity that leave.
    pub numbers: Vec<(u64, Decimal)>,
    /// Serial or lot number and quantity that come in.
    pub receipts: Vec<(String, Decimal)>,
    /// Bin id and quantity.
    pub bins: Vec<(u64, Decimal)>,
}

/// A quantity of an item at a place, on a line of a transaction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Goods {
    pub item: u64,
    pub quantity: Decimal,
    pub location: Option<u64>,
    /// The line's place in the list, from 1, as the refusal tells it.
    pub position: usize,
}

impl Detail {
    pub(super) fn of(line: &Value, quantity: Option<Decimal>, path: &impl Fn(&str) -> String) -> ApiResult<Option<Self>> {
        let Some(detail) = line.get("inventoryDetail").filter(|detail| !detail.is_null()) else { return Ok(None) };
        let mut rows = Vec::new();
        for (place, row) in detail["inventoryAssignment"]["items"].as_array().into_iter().flatten().enumerate() {
            let at = path(&format!("inventoryDetail.inventoryAssignment.items[{place}]"));
            let by_id = |field: &str| match row.get(field) {
                None | Some(Value::Null) => Ok(None),
                Some(named) => match named.get("id").and_then(body::reference).and_then(|id| id.parse().ok()) {
                    Some(id) => Ok(Some(id)),
                    None => Err(ApiError::content("The sublist inventoryAssignment is static: name its records by their ids.", &at)),
                },
            };
            rows.push(Row {
                issue: by_id("issueInventoryNumber")?,
                receipt: body::text(row, "receiptInventoryNumber")?,
                bin: by_id("binNumber")?,
                quantity: number::read(&row["quantity"]).unwrap_or_default(),
            });
        }
        let total: Decimal = rows.iter().map(|row| row.quantity).sum();
        let fits = number::read(&detail["quantity"]) == Some(total) && quantity.is_none_or(|quantity| quantity == total);
        Ok(Some(Self { rows: if fits { rows } else { Vec::new() } }))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// What was set aside on an order's line.
    pub(super) fn set_aside(numbers: &[(u64, Decimal)], bins: &[(u64, Decimal)]) -> Self {
        let row = |issue: Option<u64>, bin: Option<u64>, quantity: Decimal| Row { issue, receipt: None, bin, quantity };
        let rows = match (numbers, bins) {
            ([], bins) => bins.iter().map(|(bin, quantity)| row(None, Some(*bin), *quantity)).collect(),
            (numbers, []) => numbers.iter().map(|(number, quantity)| row(Some(*number), None, *quantity)).collect(),
            (numbers, bins) => {
                let pairs = numbers.iter().zip(bins);
                pairs.map(|((number, quantity), (bin, _))| row(Some(*number), Some(*bin), *quantity)).collect()
            }
        };
        Self { rows }
    }
}

impl Account {
    fn uses_bins(&self, item: u64) -> bool {
        self.items.get(&item).is_some_and(|item| item.bins)
    }

    /// An item whose pieces have to be named one way or another.
    pub(super) fn needs_detail(&self, item: u64) -> bool {
        self.kind(item).is_tracked() || self.uses_bins(item)
    }

    fn complete(&self, goods: Goods, detail: &Detail) -> ApiResult<bool> {
        if !self.needs_detail(goods.item) {
            return match detail.rows.iter().find_map(|row| row.bin) {
                Some(bin) => Err(ApiError::field_value(&bin.to_string(), "binNumber", format!("item.items[{}]", goods.position - 1))),
                None => Ok(false),
            };
        }
        let total: Decimal = detail.rows.iter().map(|row| row.quantity).sum();
        let unbinned = self.uses_bins(goods.item) && detail.rows.iter().any(|row| row.bin.is_none());
        if detail.rows.is_empty() || total != goods.quantity || unbinned {
            let text = format!("Please configure the inventory detail in line {} of the item list.", goods.position);
            return Err(ApiError::user(text));
        }
        Ok(true)
    }

    /// Numbers and bins that leave with a line: each there in that quantity, none twice.
    pub(super) fn issue(&self, goods: Goods, detail: &Detail) -> ApiResult<Moved> {
        let mut moved = Moved::default();
        if !self.complete(goods, detail)? {
            return Ok(moved);
        }
        let wrong = |value: &str, field: &str| ApiError::field_value(value, field, format!("item.items[{}]", goods.position - 1));
        let kind = self.kind(goods.item);
        for row in &detail.rows {
            if let Some(bin) = row.bin {
                self.check_bin(goods, bin, &wrong)?;
                let at_hand = self.bins.get(&bin).and_then(|bin| bin.holds.get(&goods.item).copied()).unwrap_or_default();
                let taken: Decimal = moved.bins.iter().filter(|(other, _)| *other == bin).map(|(_, quantity)| *quantity).sum();
                if row.quantity <= Decimal::ZERO || taken + row.quantity > at_hand {
                    return Err(not_available(row.quantity, "bin", &bin.to_string(), at_hand));
                }
                moved.bins.push((bin, row.quantity));
            }
            if !kind.is_tracked() {
                continue;
            }
            let id = row.issue.ok_or_else(|| wrong("null", "issueInventoryNumber"))?;
            let number = self.numbers.get(&id).filter(|number| number.item == goods.item);
            let number = number.ok_or_else(|| wrong(&id.to_string(), "issueInventoryNumber"))?;
            let at_hand = goods.location.and_then(|location| number.at.get(&location).copied()).unwrap_or_default();
            let taken: Decimal = moved.numbers.iter().filter(|(other, _)| *other == id).map(|(_, quantity)| *quantity).sum();
            let one_each = kind != ItemKind::Serialized || row.quantity == Decimal::ONE;
            if row.quantity <= Decimal::ZERO || !one_each || taken + row.quantity > at_hand {
                return Err(not_available(row.quantity, "inventory number", &number.number, at_hand));
            }
            moved.numbers.push((id, row.quantity));
        }
        Ok(moved)
    }

    /// Numbers and bins that come in with a line. A serial number that is on hand cannot come in once more.
    pub(super) fn receive(&self, goods: Goods, detail: &Detail) -> ApiResult<Moved> {
        let mut moved = Moved::default();
        if !self.complete(goods, detail)? {
            return Ok(moved);
        }
        let wrong = |value: &str, field: &str| ApiError::field_value(value, field, format!("item.items[{}]", goods.position - 1));
        let serial = self.kind(goods.item) == ItemKind::Serialized;
        for row in &detail.rows {
            if row.quantity <= Decimal::ZERO || serial && row.quantity != Decimal::ONE {
                return Err(wrong(&row.quantity.to_string(), "quantity"));
            }
            if let Some(bin) = row.bin {
                self.check_bin(goods, bin, &wrong)?;
                moved.bins.push((bin, row.quantity));
            }
            if !self.kind(goods.item).is_tracked() {
                continue;
            }
            let number = row.receipt.as_deref().filter(|number| !number.is_empty());
            let number = number.ok_or_else(|| ApiError::user("Please enter value(s) for: Serial/Lot Number"))?;
            let on_hand = self.number_of(goods.item, number).is_some_and(|known| known.at.values().any(|held| *held > Decimal::ZERO));
            let twice = moved.receipts.iter().any(|(other, _)| other == number);
            if serial && (on_hand || twice) {
                return Err(ApiError::user(format!("The serial number {number} is already in inventory.")));
            }
            moved.receipts.push((number.to_owned(), row.quantity));
        }
        Ok(moved)
    }

    fn check_bin(&self, goods: Goods, bin: u64, wrong: &impl Fn(&str, &str) -> ApiError) -> ApiResult<()> {
        let here = self.bins.get(&bin).is_some_and(|known| Some(known.location) == goods.location);
        if here { Ok(()) } else { Err(wrong(&bin.to_string(), "binNumber")) }
    }

    fn number_of(&self, item: u64, number: &str) -> Option<&InventoryNumber> {
        self.numbers.values().find(|known| known.item == item && known.number == number)
    }

    /// Refuses lines that together take more of a number than is there.
    pub(super) fn check_together<'l>(&self, lines: impl Iterator<Item = (Option<u64>, &'l [(u64, Decimal)])>) -> ApiResult<()> {
        let mut taken: BTreeMap<(u64, Option<u64>), Decimal> = BTreeMap::new();
        for (location, numbers) in lines {
            for (number, quantity) in numbers {
                *taken.entry((*number, location)).or_default() += *quantity;
            }
        }
        for ((id, location), quantity) in taken {
            let Some(number) = self.numbers.get(&id) else { continue };
            let at_hand = location.and_then(|location| number.at.get(&location).copied()).unwrap_or_default();
            if quantity > at_hand {
                return Err(not_available(quantity, "inventory number", &number.number, at_hand));
            }
        }
        Ok(())
    }

    /// Takes goods out of the stock.
    pub(super) fn take_out(&mut self, item: u64, location: Option<u64>, quantity: Decimal, moved: &Moved) {
        let Some(location) = location.filter(|_| self.kind(item).is_stocked()) else { return };
        *self.stock.entry((item, location)).or_default() -= quantity;
        for (number, quantity) in &moved.numbers {
            if let Some(number) = self.numbers.get_mut(number) {
                *number.at.entry(location).or_default() -= *quantity;
            }
        }
        for (bin, quantity) in &moved.bins {
            if let Some(bin) = self.bins.get_mut(bin) {
                *bin.holds.entry(item).or_default() -= *quantity;
            }
        }
    }

    /// Puts goods into the stock. A number that is not known yet is made.
    pub(super) fn put_in(&mut self, item: u64, location: Option<u64>, quantity: Decimal, moved: &Moved) {
        let Some(location) = location.filter(|_| self.kind(item).is_stocked()) else { return };
        *self.stock.entry((item, location)).or_default() += quantity;
        for (number, quantity) in &moved.receipts {
            let id = match self.number_of(item, number).map(|known| known.id) {
                Some(id) => id,
                None => self.entity_id(),
            };
            let new = || InventoryNumber { id, number: number.clone(), item, at: BTreeMap::new(), expires: None };
            *self.numbers.entry(id).or_insert_with(new).at.entry(location).or_default() += *quantity;
        }
        for (bin, quantity) in &moved.bins {
            if let Some(bin) = self.bins.get_mut(bin) {
                *bin.holds.entry(item).or_default() += *quantity;
            }
        }
    }
}

fn not_available(quantity: Decimal, what: &str, which: &str, at_hand: Decimal) -> ApiError {
    ApiError::user(format!("NUM_ITEMS_GRTR_THAN_QTY: The quantity {quantity} of {what} {which} is not available: {at_hand} on hand."))
}
