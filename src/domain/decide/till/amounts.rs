//! The lines of a record, so that they come to exactly what the till took.

use rust_decimal::Decimal;

use super::back::Back;
use super::goods::lines_of;
use crate::domain::bookings::{LineTax, Place, RecordLine};
use crate::domain::decide::bill::is_internal_id;
use crate::domain::decide::inventory::Taken;
use crate::domain::decide::send::Missing;
use crate::domain::decide::{Case, Next, Step};
use crate::domain::facts::Question;
use crate::domain::mapping::{NoMatch, TaxMode};
use crate::domain::money;
use crate::domain::reference::{ErpItem, TaxCode};
use crate::domain::sale::{Charge, Sale, SaleLine};

/// Which of a sale's lines a record holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::domain::decide) enum Part {
    /// What was handed over, with everything that stands outside the goods.
    Sold,
    /// What came back.
    Returned,
}

/// What a line says of goods that leave or come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// A stand-alone record moves the stock itself.
    Moved,
    /// An order moves nothing: its fulfilment does.
    Later,
}

impl<'a> Case<'a> {
    /// The digits of the retailer's currency.
    pub(super) fn places(&self) -> Step<u32> {
        Ok(money::places(self.reference()?.retailer.currency.as_deref()))
    }

    /// An amount as people read it.
    pub(in crate::domain::decide) fn shown(&self, amount: Decimal) -> String {
        let reference = self.facts.answers.reference.as_ref();
        money::text(amount, money::places(reference.and_then(|reference| reference.retailer.currency.as_deref())))
    }

    /// What a part of the sale comes to with tax, as its record has it: above zero where more is sold, or taken back, than is deducted.
    pub(in crate::domain::decide) fn gross_of(&self, sale: &Sale, part: Part) -> Step<Decimal> {
        let places = self.places()?;
        if !(self.sells(sale) && self.takes_back(sale)) {
            return Ok(as_of(part, money::round(sale.totals.price_incl_tax, places)));
        }
        let back: Decimal =
            lines_of(sale).into_iter().filter(|line| self.is_of_return(line)).map(|line| line.price_total + line.tax_total).sum();
        let back = money::round(-back, places);
        Ok(match part {
            Part::Returned => back,
            // So that the two differ by exactly what the sale comes to.
            Part::Sold => money::round(sale.totals.price_incl_tax, places) + back,
        })
    }

    /// The tax of a part of the sale, as its record has it.
    pub(super) fn tax_of(&self, sale: &Sale, part: Part) -> Step<Decimal> {
        let places = self.places()?;
        if !(self.sells(sale) && self.takes_back(sale)) {
            return Ok(as_of(part, money::round(sale.totals.tax, places)));
        }
        let back: Decimal = lines_of(sale).into_iter().filter(|line| self.is_of_return(line)).map(|line| line.tax_total).sum();
        let back = money::round(-back, places);
        Ok(match part {
            Part::Returned => back,
            Part::Sold => money::round(sale.totals.tax, places) + back,
        })
    }

    /// The lines of a part of the sale as a record holds them; what cannot be resolved is added to what is missing.
    pub(super) fn record_lines(
        &mut self,
        sale: &'a Sale,
        part: Part,
        detail: Detail,
        place: &Place,
        missing: &mut Missing,
    ) -> Step<Vec<RecordLine>> {
        let places = self.places()?;
        let sells = self.sells(sale);
        let sign = if part == Part::Returned { Decimal::NEGATIVE_ONE } else { Decimal::ONE };
        // Discounts and charges are of what is sold, where anything is.
        let outside = part == Part::Sold || !sells;
        let mut lines = Vec::new();
        let mut exact = Decimal::ZERO;
        let mut taxes = Decimal::ZERO;
        let mut taken = Taken::default();
        for (place_in_sale, line) in lines_of(sale).into_iter().enumerate() {
            let key = line.id.clone().unwrap_or_else(|| format!("line-{place_in_sale}"));
            let amount = sign * line.price_total;
            let built = if self.is_discount(line) {
                if sells && (part == Part::Returned) != line.is_return {
                    continue;
                }
                let item = match self.item_before(detail, &key, &line.product_id) {
                    Some(item) => Some(item),
                    None => self.discount_item(missing)?,
                };
                item.map(|item| outside_line(key, item, money::round(amount, places), (line.product_id.clone(), line.note.clone())))
            } else {
                if (part == Part::Returned) != self.comes_back(line) {
                    continue;
                }
                let item = match self.item_before(detail, &key, &line.product_id) {
                    Some(id) => Some(ErpItem::plain(id, &line.product_id)),
                    None => self.item_of(sale, line, missing)?,
                };
                match item {
                    Some(item) => self.goods_line(sale, line, &item, (part, detail), key, place, &mut taken, missing)?.map(|mut built| {
                        built.amount = money::round(amount, places);
                        built
                    }),
                    None => None,
                }
            };
            let Some(mut built) = built else { continue };
            if self.mappings.settings.tax == TaxMode::Override {
                built.tax = self.line_tax_override(line, sign, places, built.amount, missing)?;
            }
            exact += amount;
            taxes += sign * line.tax_total;
            lines.push(built);
        }
        for (place_in_sale, charge) in sale.charges.iter().enumerate().filter(|_| outside) {
            if charge.total.is_zero() && charge.tax.is_zero() {
                continue;
            }
            let name = charge.name.clone().unwrap_or_else(|| charge.kind.clone());
            let (key, what) = (format!("charge-{place_in_sale}"), format!("{}/{name}", charge.kind));
            let item = match self.item_before(detail, &key, &what) {
                Some(item) => Some(item),
                None => self.charge_item(charge, missing)?,
            };
            let Some(item) = item else { continue };
            let amount = sign * charge.total;
            lines.push(outside_line(key, item, money::round(amount, places), (what, Some(name))));
            exact += amount;
            taxes += sign * charge.tax;
        }
        level(&mut lines, money::round(exact, places));
        level_taxes(&mut lines, money::round(taxes, places));
        Ok(lines)
    }

    #[expect(clippy::too_many_arguments, reason = "one line of a record is made of all of them")]
    fn goods_line(
        &mut self,
        sale: &Sale,
        line: &SaleLine,
        item: &ErpItem,
        (part, detail): (Part, Detail),
        key: String,
        place: &Place,
        taken: &mut Taken,
        missing: &mut Missing,
    ) -> Step<Option<RecordLine>> {
        let location = place.location.as_deref();
        let (mut inventory, mut back) = (Vec::new(), Back::default());
        if detail == Detail::Moved {
            let wanting = if part == Part::Sold {
                self.leaving(sale, line, item, location, taken)?.map(|found| inventory = found)
            } else {
                self.returning(sale, line, item, location)?.map(|found| back = found)
            };
            if let Err(what) = wanting {
                missing.note(format!("'{}' {}", item.name, what.trim_end_matches('.')));
                return Ok(None);
            }
        }
        Ok(Some(RecordLine {
            key,
            item: item.id.clone(),
            quantity: Some(line.quantity.abs().normalize()),
            rate: line.price.normalize(),
            amount: Decimal::ZERO,
            description: line.note.clone(),
            inventory,
            received: back.numbers,
            bin: back.bin,
            tax: None,
            product: Some(line.product_id.clone()),
        }))
    }

    /// The item that a line has on the sales order that was made of the sale; a record that moves stock itself is looked up afresh.
    fn item_before(&self, detail: Detail, key: &str, product: &str) -> Option<String> {
        if detail == Detail::Later { self.item_on_order(key, product).map(str::to_owned) } else { None }
    }

    /// The item that discounts on the whole sale become.
    fn discount_item(&self, missing: &mut Missing) -> Step<Option<String>> {
        let Some(name) = self.mappings.settings.discount_item.as_deref() else {
            missing.note("the sale has a discount, and discount_item is not set");
            return Ok(None);
        };
        self.found_item(name, "discount_item", missing)
    }

    /// The item of what stands outside the lines.
    fn charge_item(&self, charge: &Charge, missing: &mut Missing) -> Step<Option<String>> {
        if let Some(rule) = self.mappings.charge(&charge.kind, charge.name.as_deref()) {
            return self.found_item(&rule.netsuite, "[[charge]]", missing);
        }
        if charge.kind == "DISCOUNT" && self.mappings.settings.discount_item.is_some() {
            return self.discount_item(missing);
        }
        if let NoMatch::Use(item) = &self.mappings.settings.no_match.item {
            return self.found_item(item, "no_match.item", missing);
        }
        let name = charge.name.as_deref().map(|name| format!(" '{name}'")).unwrap_or_default();
        missing.note(format!("{}{name} of {} stands outside the lines, and no [[charge]] names it", charge.kind, self.shown(charge.total)));
        Ok(None)
    }

    /// An item by id or name.
    fn found_item(&self, name: &str, setting: &str, missing: &mut Missing) -> Step<Option<String>> {
        if is_internal_id(name) {
            return Ok(Some(name.to_owned()));
        }
        match self.facts.answers.named_items.get(name).map(Vec::as_slice) {
            None => Err(Next::Ask(vec![Question::NamedItem(name.to_owned())])),
            Some([id]) => Ok(Some(id.clone())),
            Some(found) => {
                missing.note(format!("NetSuite has {} items named '{name}' ({setting})", found.len()));
                Ok(None)
            }
        }
    }

    /// The sale's tax on a line, to be written instead of NetSuite's.
    fn line_tax_override(
        &self,
        line: &SaleLine,
        sign: Decimal,
        places: u32,
        basis: Decimal,
        missing: &mut Missing,
    ) -> Step<Option<LineTax>> {
        let Some(id) = line.tax_id.as_deref() else { return Ok(None) };
        let group = self.reference()?.tax(id);
        let name = group.map_or(id, |group| group.name.as_str());
        let wanted = match (self.mappings.tax(id, Some(name)), &self.mappings.settings.no_match.tax) {
            (Some(rule), _) => rule.netsuite.as_str(),
            (None, NoMatch::Use(code)) => code.as_str(),
            // Nothing is taxed: there is nothing to write.
            (None, _) if line.tax_total.is_zero() => return Ok(None),
            (None, _) => {
                missing.note(format!("no [[tax]] stands for the tax '{name}'"));
                return Ok(None);
            }
        };
        let Some(codes) = &self.facts.answers.tax_codes else { return Err(Next::Ask(vec![Question::TaxCodes])) };
        let Some(code) = TaxCode::named(codes, wanted) else {
            missing.note(format!("NetSuite has no tax code '{wanted}' ([[tax]] '{name}')"));
            return Ok(None);
        };
        let rate = code.rate.or_else(|| group.map(|group| group.rate * Decimal::ONE_HUNDRED)).unwrap_or_default();
        Ok(Some(LineTax {
            code: code.id.clone(),
            tax_type: code.tax_type.clone(),
            rate,
            basis,
            amount: money::round(sign * line.tax_total, places),
        }))
    }
}

/// A record of what comes back has the amounts of its sale the other way round.
fn as_of(part: Part, amount: Decimal) -> Decimal {
    if part == Part::Returned { -amount } else { amount }
}

/// A line that has only an amount.
fn outside_line(key: String, item: String, amount: Decimal, (product, description): (String, Option<String>)) -> RecordLine {
    RecordLine {
        key,
        item,
        quantity: None,
        rate: amount,
        amount,
        description,
        inventory: Vec::new(),
        received: Vec::new(),
        bin: None,
        tax: None,
        product: Some(product),
    }
}

/// Each line is rounded by itself; the cents by which their sum misses the sale's go to the largest line, where they show least.
fn level(lines: &mut [RecordLine], total: Decimal) {
    let rest = total - lines.iter().map(|line| line.amount).sum::<Decimal>();
    if let Some(line) = lines.iter_mut().filter(|line| line.quantity.is_some()).max_by_key(|line| line.amount.abs()) {
        line.amount += rest;
    }
}

/// The same for the taxes that are written.
fn level_taxes(lines: &mut [RecordLine], total: Decimal) {
    let rest = total - lines.iter().filter_map(|line| line.tax.as_ref()).map(|tax| tax.amount).sum::<Decimal>();
    if let Some(tax) = lines.iter_mut().filter_map(|line| line.tax.as_mut()).max_by_key(|tax| tax.amount.abs()) {
        tax.amount += rest;
    }
}
