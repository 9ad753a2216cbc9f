//! What of a sale follows its sales order: lines, customer, note. Used to make the sale and to see later changes.

use rust_decimal::Decimal;

use super::send::{Buyer, Missing};
use super::{Case, Next, Step};
use crate::domain::expression::Facts as Condition;
use crate::domain::facts::{Question, Reference};
use crate::domain::ids::SaleId;
use crate::domain::keys;
use crate::domain::mapping::{Mapping, NoMatch};
use crate::domain::money;
use crate::domain::reference::Product;
use crate::domain::requests::SaleLineRequest;
use crate::domain::sales_order::{ItemKind, OrderLine, SalesOrder};

/// X-Series keeps unit amounts to five places.
const UNIT_PLACES: u32 = 5;

/// What follows the sales order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Content {
    pub(super) customer_id: Option<String>,
    pub(super) note: Option<String>,
    pub(super) lines: Vec<SaleLineRequest>,
}

impl Content {
    /// What the lines come to with tax, at the currency's precision.
    pub(super) fn total(&self, places: u32) -> Decimal {
        money::round(self.lines.iter().map(|line| line.quantity * (line.price + line.tax)).sum(), places)
    }
}

impl Case<'_> {
    /// Resolves lines, customer and note; what cannot be resolved is added to `missing`.
    pub(super) fn content(
        &mut self,
        id: &SaleId,
        order: &SalesOrder,
        mapping: Option<&Mapping>,
        condition: &Condition<'_>,
        missing: &mut Missing,
    ) -> Step<Content> {
        let reference = self.reference()?;
        let lines = self.lines(id, order, reference, missing)?;
        let customer_id = match self.buyer(order, missing)? {
            Buyer::Known(id) => Some(id),
            Buyer::WalkIn => None,
        };
        let note =
            mapping.and_then(|mapping| mapping.note.as_ref()).map(|note| note.render(condition)).filter(|note| !note.trim().is_empty());
        Ok(Content { customer_id, note, lines })
    }

    fn lines(&mut self, id: &SaleId, order: &SalesOrder, reference: &Reference, missing: &mut Missing) -> Step<Vec<SaleLineRequest>> {
        self.ask_products(order)?;
        let mut lines = Vec::new();
        for line in order.lines.iter().filter(|line| !line.kind.is_text() && line.kind != ItemKind::Payment) {
            let quantity = if line.closed { line.fulfilled.max(line.billed) } else { line.quantity };
            let built = if matches!(line.kind, ItemKind::Discount | ItemKind::Markup) {
                adjustment_line(id, line, reference, missing)
            } else if quantity.is_zero() {
                None
            } else {
                self.item_line(id, order, line, quantity, reference, missing)?
            };
            lines.extend(built);
        }
        if lines.is_empty() {
            missing.note("it has no line that a sale could hold");
        }
        lines.extend(header_discount(id, order, &lines, reference, missing));
        lines.extend(self.charge_line(id, "shipping", order.shipping_cost, order, reference, missing)?);
        lines.extend(self.charge_line(id, "handling", order.handling_cost, order, reference, missing)?);
        for (sequence, line) in (0_i64..).zip(&mut lines) {
            line.sequence = sequence;
        }
        Ok(lines)
    }

    fn item_line(
        &mut self,
        id: &SaleId,
        order: &SalesOrder,
        line: &OrderLine,
        quantity: Decimal,
        reference: &Reference,
        missing: &mut Missing,
    ) -> Step<Option<SaleLineRequest>> {
        let skus = self.skus(line)?;
        let product = self.product(&skus, line, missing);
        let Some(price) = unit_price(line) else {
            missing.note(format!("item {} on line {} has no price", line.item.label(), line.line));
            return Ok(None);
        };
        let tax = self.line_tax(order, line, price, reference, missing);
        Ok(product.zip(tax).map(|(product_id, (tax_id, tax))| SaleLineRequest {
            id: keys::line_id(id, &line.line.to_string()),
            order_line: Some(line.line),
            product_id,
            quantity: quantity.normalize(),
            price: price.normalize(),
            discount: Decimal::ZERO,
            tax_id,
            tax: tax.normalize(),
            note: None,
            sequence: 0,
        }))
    }

    /// Asks for the products of all lines at once.
    fn ask_products(&self, order: &SalesOrder) -> Step<()> {
        let mut wanted = Vec::new();
        for line in order.lines.iter().filter(|line| sells_product(line)) {
            let skus = self.skus(line)?;
            // The next is asked for only where the one before finds nothing.
            let next = skus.iter().find(|sku| self.facts.answers.products.get(*sku).is_none_or(|found| !found.is_empty()));
            wanted.extend(next.cloned());
        }
        if has_amount(order.shipping_cost) || has_amount(order.handling_cost) {
            wanted.extend(order.ship_method.as_ref().map(|method| method.label().to_owned()));
        }
        wanted.retain(|sku| !self.facts.answers.products.contains_key(sku));
        wanted.sort();
        wanted.dedup();
        if wanted.is_empty() { Ok(()) } else { Err(Next::Ask(vec![Question::Products(wanted)])) }
    }

    /// The SKUs that a line's product may have, the likeliest first.
    ///
    /// `NetSuite` names an item by its `itemId`, a child item as `Parent : Child`; any other SKU field is read from the item.
    pub(super) fn skus(&self, line: &OrderLine) -> Step<Vec<String>> {
        let field = &self.mappings.settings.sku_field;
        if let Some(name) = line.item.name.as_deref().filter(|_| field.eq_ignore_ascii_case("itemId")) {
            return Ok(whole_and_child(name));
        }
        let Some(items) = &self.facts.answers.items else {
            let Some(order) = self.facts.order.record() else { return Ok(Vec::new()) };
            return Err(Next::Ask(vec![self.items_question(order)]));
        };
        Ok(items.get(&line.item.id).and_then(|item| item.sku.as_deref()).map(whole_and_child).unwrap_or_default())
    }

    pub(super) fn items_question(&self, order: &SalesOrder) -> Question {
        let mut ids = order.lines.iter().filter(|line| sells_product(line)).map(|line| line.item.id.clone()).collect::<Vec<_>>();
        ids.sort();
        ids.dedup();
        Question::Items { ids, sku_field: self.mappings.settings.sku_field.clone() }
    }

    /// The products of a line: found by the first SKU that finds any.
    pub(super) fn products(&self, skus: &[String]) -> &[Product] {
        let found = skus.iter().filter_map(|sku| self.facts.answers.products.get(sku)).find(|products| !products.is_empty());
        found.map_or(&[], Vec::as_slice)
    }

    fn product(&self, skus: &[String], line: &OrderLine, missing: &mut Missing) -> Option<String> {
        let name = line.description.as_deref().unwrap_or_default();
        let item = if name.is_empty() || name == line.item.label() {
            line.item.label().to_owned()
        } else {
            format!("{} '{name}'", line.item.label())
        };
        match self.products(skus) {
            [product] => Some(product.id.clone()),
            [] if skus.is_empty() => {
                missing.note(format!("item {item} has no value in the SKU field {}", self.mappings.settings.sku_field));
                None
            }
            [] => {
                missing.note(format!("item {item} has no X-Series product"));
                None
            }
            several => {
                missing.note(format!("item {item} has {} X-Series products with the same SKU", several.len()));
                None
            }
        }
    }

    /// The tax group of a line and the tax of one unit.
    fn line_tax(
        &self,
        order: &SalesOrder,
        line: &OrderLine,
        price: Decimal,
        reference: &Reference,
        missing: &mut Missing,
    ) -> Option<(String, Decimal)> {
        // NetSuite's tax is for all that was ordered, also where somebody closed the line half-way.
        let told = line.tax.filter(|_| !line.quantity.is_zero()).map(|tax| (tax / line.quantity).round_dp(UNIT_PLACES));
        let by_rate = |rate: Decimal| (price * rate).round_dp(UNIT_PLACES);
        if let Some(code) = &line.tax_code {
            let rule = self.mappings.tax_for_code(code);
            let named =
                rule.and_then(|rule| reference.tax(&rule.x_series)).or_else(|| code.name.as_deref().and_then(|name| reference.tax(name)));
            let group = named.or_else(|| match &self.mappings.settings.no_match.tax {
                NoMatch::Hold => None,
                NoMatch::Default => reference.taxes.iter().find(|group| group.is_default),
                NoMatch::Use(name) => reference.tax(name),
            });
            let Some(group) = group else {
                missing.note(format!("the tax code '{}' has no [[tax]] that names an X-Series tax", code.label()));
                return None;
            };
            let rate = line.tax_rate.map_or(group.rate, |percent| percent / Decimal::ONE_HUNDRED);
            return Some((group.id.clone(), told.unwrap_or_else(|| by_rate(rate))));
        }
        let untaxed = told.map_or(line.taxable == Some(false) || order.tax_total.is_some_and(|tax| tax.is_zero()), |tax| tax.is_zero());
        let group = if untaxed {
            reference.no_tax()
        } else if let Some(rate) =
            line.tax_rate.map(|percent| percent / Decimal::ONE_HUNDRED).or_else(|| told.filter(|_| !price.is_zero()).map(|tax| tax / price))
        {
            closest_group(reference, rate)
        } else {
            reference.taxes.iter().find(|group| group.is_default)
        };
        let Some(group) = group else {
            missing.note(format!("no X-Series tax fits line {} ({}): add a [[tax]]", line.line, line.item.label()));
            return None;
        };
        Some((group.id.clone(), told.unwrap_or_else(|| if untaxed { Decimal::ZERO } else { by_rate(group.rate) })))
    }

    /// Shipping or handling: the product whose SKU is the shipping method's name.
    fn charge_line(
        &self,
        id: &SaleId,
        what: &str,
        amount: Option<Decimal>,
        order: &SalesOrder,
        reference: &Reference,
        missing: &mut Missing,
    ) -> Step<Option<SaleLineRequest>> {
        let Some(amount) = amount.filter(|amount| !amount.is_zero()) else { return Ok(None) };
        let sku = order.ship_method.as_ref().map_or(what, |method| method.label()).to_owned();
        let Some(products) = self.facts.answers.products.get(&sku) else {
            return Err(Next::Ask(vec![Question::Products(vec![sku])]));
        };
        let [product] = products.as_slice() else {
            missing.note(format!("its {what} of {amount} needs an X-Series product with the SKU '{sku}'"));
            return Ok(None);
        };
        let taxed = !order.tax_total.is_some_and(|tax| tax.is_zero());
        let group = if taxed { reference.taxes.iter().find(|group| group.is_default) } else { reference.no_tax() };
        let Some(group) = group else {
            missing.note(format!("no X-Series tax fits its {what}"));
            return Ok(None);
        };
        Ok(Some(SaleLineRequest {
            id: keys::line_id(id, what),
            order_line: None,
            product_id: product.id.clone(),
            quantity: Decimal::ONE,
            price: amount.normalize(),
            discount: Decimal::ZERO,
            tax_id: group.id.clone(),
            tax: (amount * group.rate).round_dp(UNIT_PLACES).normalize(),
            note: None,
            sequence: 0,
        }))
    }
}

/// A discount or markup line: the retailer's discount product, once, at the amount.
fn adjustment_line(id: &SaleId, line: &OrderLine, reference: &Reference, missing: &mut Missing) -> Option<SaleLineRequest> {
    let amount = line.amount.or(line.rate)?;
    let tax = line.tax.unwrap_or_default();
    discount_line(keys::line_id(id, &line.line.to_string()), Some(line.line), amount, tax, reference, missing)
}

/// The header's discount, with what it takes off the tax where `NetSuite` tells the tax.
fn header_discount(
    id: &SaleId,
    order: &SalesOrder,
    lines: &[SaleLineRequest],
    reference: &Reference,
    missing: &mut Missing,
) -> Option<SaleLineRequest> {
    let amount = order.discount_total.filter(|amount| !amount.is_zero())?;
    let amount = -amount.abs();
    let tax_of_lines: Decimal = lines.iter().map(|line| line.tax * line.quantity).sum();
    let shipped = has_amount(order.shipping_cost) || has_amount(order.handling_cost);
    let tax = order.tax_total.filter(|_| !shipped).map_or(Decimal::ZERO, |total| total - tax_of_lines);
    discount_line(keys::line_id(id, "discount"), None, amount, tax, reference, missing)
}

fn discount_line(
    id: String,
    order_line: Option<i64>,
    amount: Decimal,
    tax: Decimal,
    reference: &Reference,
    missing: &mut Missing,
) -> Option<SaleLineRequest> {
    let Some(product) = reference.retailer.discount_product_id.clone() else {
        missing.note(format!("its discount of {amount} needs the retailer's discount product, which X-Series does not name"));
        return None;
    };
    let group = if tax.is_zero() { reference.no_tax() } else { reference.taxes.iter().find(|group| group.is_default) };
    let Some(group) = group else {
        missing.note(format!("no X-Series tax fits its discount of {amount}"));
        return None;
    };
    // X-Series writes a discount as minus one of its product.
    Some(SaleLineRequest {
        id,
        order_line,
        product_id: product,
        quantity: Decimal::NEGATIVE_ONE,
        price: (-amount).normalize(),
        discount: Decimal::ZERO,
        tax_id: group.id.clone(),
        tax: (-tax).round_dp(UNIT_PLACES).normalize(),
        note: None,
        sequence: 0,
    })
}

/// The unit price: the rate, unless the line's amount says otherwise.
fn unit_price(line: &OrderLine) -> Option<Decimal> {
    match (line.rate, line.amount) {
        (Some(rate), Some(amount)) if (rate * line.quantity - amount).abs() < Decimal::new(1, 2) => Some(rate),
        (_, Some(amount)) if !line.quantity.is_zero() => Some((amount / line.quantity).round_dp(UNIT_PLACES)),
        (rate, _) => rate,
    }
}

/// The tax group whose rate is nearest, if it is near: amounts are rounded to cents, so the rate they show is not exact.
fn closest_group(reference: &Reference, rate: Decimal) -> Option<&crate::domain::reference::TaxGroup> {
    let distance = |group: &&crate::domain::reference::TaxGroup| (group.rate - rate).abs();
    reference.taxes.iter().min_by_key(distance).filter(|group| distance(group) <= Decimal::new(5, 3))
}

fn sells_product(line: &OrderLine) -> bool {
    !line.kind.is_text() && !matches!(line.kind, ItemKind::Discount | ItemKind::Markup | ItemKind::Payment)
}

fn has_amount(amount: Option<Decimal>) -> bool {
    amount.is_some_and(|amount| !amount.is_zero())
}

/// A child item is named `Parent : Child`; its SKU may be either.
fn whole_and_child(name: &str) -> Vec<String> {
    let name = name.trim();
    let child = name.rsplit_once(" : ").map(|(_, child)| child.trim().to_owned());
    child.into_iter().chain(std::iter::once(name.to_owned())).collect()
}
