//! What a sale hands over and takes back, and which NetSuite items that is.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::domain::decide::inventory::{Taken, lots, serials};
use crate::domain::decide::send::Missing;
use crate::domain::decide::{Case, Next, Step};
use crate::domain::facts::Question;
use crate::domain::mapping::NoMatch;
use crate::domain::reference::{ErpItem, TillItem};
use crate::domain::requests::InventoryAssignment;
use crate::domain::sale::{Sale, SaleLine};

impl<'a> Case<'a> {
    /// The line is a discount on the whole sale, not goods.
    pub(super) fn is_discount(&self, line: &SaleLine) -> bool {
        let reference = self.facts.answers.reference.as_ref();
        reference.and_then(|reference| reference.retailer.discount_product_id.as_ref()) == Some(&line.product_id)
    }

    /// The line takes goods back.
    pub(super) fn comes_back(&self, line: &SaleLine) -> bool {
        !self.is_discount(line) && (line.is_return || line.quantity < Decimal::ZERO)
    }

    /// The line is of the part that comes back: goods, or a discount that was given on them.
    pub(super) fn is_of_return(&self, line: &SaleLine) -> bool {
        self.comes_back(line) || self.is_discount(line) && line.is_return
    }

    /// The sale hands something over.
    pub(super) fn sells(&self, sale: &Sale) -> bool {
        lines_of(sale).into_iter().any(|line| !self.is_discount(line) && !self.comes_back(line))
    }

    /// The sale takes something back.
    pub(super) fn takes_back(&self, sale: &Sale) -> bool {
        lines_of(sale).into_iter().any(|line| self.comes_back(line))
    }

    /// The items of the sale's goods, asked for all at once.
    pub(super) fn till_items(&self, sale: &Sale) -> Step<&'a BTreeMap<String, TillItem>> {
        if let Some(items) = &self.facts.answers.till_items {
            return Ok(items);
        }
        let mut products =
            lines_of(sale).into_iter().filter(|line| !self.is_discount(line)).map(|line| line.product_id.clone()).collect::<Vec<_>>();
        products.sort();
        products.dedup();
        Err(Next::Ask(vec![Question::TillItems { products, sku_field: self.mappings.settings.sku_field.clone() }]))
    }

    /// The item of a line; none is added to what is missing.
    pub(super) fn item_of(&self, sale: &Sale, line: &SaleLine, missing: &mut Missing) -> Step<Option<ErpItem>> {
        let found = self.till_items(sale)?.get(&line.product_id);
        let product = found.and_then(|found| found.product.as_ref());
        let name = product.and_then(|product| product.name.as_deref()).unwrap_or("a product");
        let sku = product.and_then(|product| product.sku.as_deref());
        match found.map(|found| found.items.as_slice()).unwrap_or_default() {
            [item] => return Ok(Some(item.clone())),
            [] => {}
            several => {
                let ids = several.iter().map(|item| item.id.as_str()).collect::<Vec<_>>().join(", ");
                missing.note(format!("'{name}' (SKU {}) could be the NetSuite items {ids}", sku.unwrap_or("none")));
                return Ok(None);
            }
        }
        if let NoMatch::Use(default) = &self.mappings.settings.no_match.item {
            return Ok(Some(ErpItem::plain(self.named_item(default)?, default)));
        }
        missing.note(match (product, sku) {
            (None, _) => format!("product {} is gone from X-Series, and no NetSuite item is linked to it", line.product_id),
            (Some(_), None) => format!("'{name}' has no SKU, and no NetSuite item is linked to it"),
            (Some(_), Some(sku)) => {
                format!("no NetSuite item has the SKU '{sku}' ('{name}') in {}", self.mappings.settings.sku_field)
            }
        });
        Ok(None)
    }

    /// Whether the sale has a kit with tracked members.
    pub(super) fn has_tracked_kit(&self, sale: &Sale) -> Step<bool> {
        let items = self.till_items(sale)?;
        let found = lines_of(sale).into_iter().filter_map(|line| items.get(&line.product_id));
        Ok(found.filter_map(|found| <&[_; 1]>::try_from(found.items.as_slice()).ok()).any(|[item]| item.has_tracked_members()))
    }

    /// Whether the sale has a kit with tracked members, and whether a tracked item's detail is not known.
    pub(super) fn tracking(&mut self, sale: &'a Sale) -> Step<(bool, bool)> {
        let items = self.till_items(sale)?;
        let of = |line: &SaleLine| match items.get(&line.product_id).map(|found| found.items.as_slice()) {
            Some([item]) => Some(item),
            _ => None,
        };
        let lines = lines_of(sale).into_iter().filter(|line| !self.is_discount(line)).collect::<Vec<_>>();
        let kit = self.has_tracked_kit(sale)?;
        let (mut taken, mut unknown) = (Taken::default(), false);
        for line in lines {
            let Some(item) = of(line).filter(|item| item.is_tracked()) else { continue };
            let location = self.place(sale, &mut Missing::default())?.location;
            if let Err(what) = self.leaving(sale, line, item, location.as_deref(), &mut taken)? {
                self.notes.push(format!("{} {what}", item.name));
                unknown = true;
            }
        }
        Ok((kit, unknown))
    }

    /// The serial numbers or lots that leave with a line; what is wanting where they are not known.
    pub(super) fn leaving(
        &self,
        sale: &Sale,
        line: &SaleLine,
        item: &ErpItem,
        location: Option<&str>,
        taken: &mut Taken,
    ) -> Step<Result<Vec<InventoryAssignment>, String>> {
        if !item.serial && !item.lot {
            let bins = "is kept in bins, and a sale does not say from which it was taken.";
            return Ok(if item.bins { Err(bins.to_owned()) } else { Ok(Vec::new()) });
        }
        let place = (item.id.clone(), location.map(str::to_owned));
        let Some(stock) = self.facts.answers.inventory_numbers.get(&place) else {
            return Err(Next::Ask(vec![Question::InventoryNumbers { item: place.0, location: place.1 }]));
        };
        if !item.serial {
            return Ok(lots(line.quantity, stock, taken));
        }
        let sold = self.numbers_sold(sale, line)?;
        Ok(serials(&sold, line.quantity, stock))
    }

    /// The serial numbers that X-Series has for a line.
    pub(super) fn numbers_sold(&self, sale: &Sale, line: &SaleLine) -> Step<Vec<&'a str>> {
        let Some(sold) = &self.facts.answers.serial_numbers else {
            return Err(Next::Ask(vec![Question::SerialNumbers(sale.id.clone())]));
        };
        Ok(sold.iter().filter(|(id, _)| Some(id) == line.id.as_ref()).map(|(_, number)| number.as_str()).collect())
    }
}

/// The lines that stand, by their sequence.
pub(super) fn lines_of(sale: &Sale) -> Vec<&SaleLine> {
    let mut lines = sale.lines.iter().filter(|line| !line.is_voided() && !line.quantity.is_zero()).collect::<Vec<_>>();
    lines.sort_by_key(|line| line.sequence);
    lines
}
