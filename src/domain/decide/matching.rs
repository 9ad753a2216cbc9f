//! Which line of a sales order each line of its sale stands for, and how much of it was handed over.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::{Case, Next, Step};
use crate::domain::facts::Question;
use crate::domain::keys;
use crate::domain::sale::{Sale, SaleLine};
use crate::domain::sales_order::{ItemKind, OrderLine, SalesOrder};

/// The sale's quantities by the sales order's lines.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Matched {
    /// Quantity by the sales order line's key.
    pub(super) quantities: BTreeMap<i64, Decimal>,
    /// The sale's line ids by the sales order line's key.
    pub(super) sale_lines: BTreeMap<i64, Vec<String>>,
    /// Lines of the sale that no line of the sales order stands for.
    pub(super) extra: Vec<String>,
}

impl<'a> Case<'a> {
    /// Matches the lines: by the id we gave them, else by what we wrote, else by product.
    pub(super) fn match_lines(&mut self, order: &SalesOrder, sale: &'a Sale) -> Step<Matched> {
        if self.is_of_the_till(order, sale) {
            return self.match_till_lines(order, sale);
        }
        let mut matched = Matched::default();
        let by_id: BTreeMap<String, i64> =
            order.lines.iter().map(|line| (keys::line_id(&sale.id, &line.line.to_string()), line.line)).collect();
        let mut rest = Vec::new();
        for line in sale.lines.iter().filter(|line| line.status.as_deref() != Some("VOIDED")) {
            match line.id.as_ref().and_then(|id| by_id.get(id)) {
                Some(key) => matched.add(*key, line),
                None => rest.push(line),
            }
        }
        if rest.is_empty() {
            return Ok(matched);
        }
        let known = self.known_products(order, &rest)?;
        for line in rest {
            if known.neutral.contains(&line.product_id) {
                continue;
            }
            let candidates = order.lines.iter().filter(|order_line| known.lines.get(&order_line.line) == Some(&line.product_id));
            let fits = |order_line: &&OrderLine| matched.quantity(order_line.line) + line.quantity <= order_line.quantity;
            match candidates.clone().find(fits).or_else(|| candidates.clone().next()) {
                Some(order_line) => matched.add(order_line.line, line),
                None => matched.extra.push(format!("{} × product {}", line.quantity.normalize(), line.product_id)),
            }
        }
        Ok(matched)
    }

    /// The product of each line, and the products that stand for no line: discounts and shipping.
    fn known_products(&self, order: &SalesOrder, rest: &[&SaleLine]) -> Step<Known> {
        let mut known = Known::default();
        let reference = self.reference()?;
        known.neutral.extend(reference.retailer.discount_product_id.clone());
        if let Some(written) = self.facts.last_written() {
            for line in &written.lines {
                match line.order_line {
                    Some(key) => {
                        known.lines.insert(key, line.product_id.clone());
                    }
                    None => {
                        known.neutral.insert(line.product_id.clone());
                    }
                }
            }
        }
        let unknown = |product: &String| !known.neutral.contains(product) && !known.lines.values().any(|line| line == product);
        if !rest.iter().any(|line| unknown(&line.product_id)) {
            return Ok(known);
        }
        let mut wanted = Vec::new();
        for line in order.lines.iter().filter(|line| !line.kind.is_text() && line.kind != ItemKind::Discount) {
            let skus = self.skus(line)?;
            let next = skus.iter().find(|sku| self.facts.answers.products.get(*sku).is_none_or(|found| !found.is_empty()));
            wanted.extend(next.filter(|sku| !self.facts.answers.products.contains_key(*sku)).cloned());
            if let [product] = self.products(&skus) {
                known.lines.insert(line.line, product.id.clone());
            }
        }
        wanted.sort();
        wanted.dedup();
        if wanted.is_empty() { Ok(known) } else { Err(Next::Ask(vec![Question::Products(wanted)])) }
    }
}

/// The products that the sale's lines may hold.
#[derive(Debug, Default)]
struct Known {
    lines: BTreeMap<i64, String>,
    neutral: BTreeSet<String>,
}

impl Matched {
    fn add(&mut self, key: i64, line: &SaleLine) {
        *self.quantities.entry(key).or_default() += line.quantity;
        self.sale_lines.entry(key).or_default().extend(line.id.clone());
    }

    /// The quantity of one line.
    pub(super) fn quantity(&self, key: i64) -> Decimal {
        self.quantities.get(&key).copied().unwrap_or_default()
    }

    /// The same lines with other quantities: what was handed over of each of the sale's lines.
    pub(super) fn with_quantities(&self, handed: &[(String, Decimal)]) -> Self {
        let quantities = self.sale_lines.iter().map(|(key, ids)| {
            let quantity = handed.iter().filter(|(id, _)| ids.contains(id)).map(|(_, quantity)| *quantity).sum();
            (*key, quantity)
        });
        Self { quantities: quantities.collect(), ..self.clone() }
    }
}
