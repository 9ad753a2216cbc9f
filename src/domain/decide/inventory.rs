//! Which serial numbers, lots and bins leave with a line: those set on the sales order, else the numbers sold, else the lots that
//! expire first.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::matching::Matched;
use super::{Case, Next, Step, held};
use crate::domain::facts::Question;
use crate::domain::reference::InventoryNumber;
use crate::domain::requests::{FulfilmentLine, InventoryAssignment};
use crate::domain::sale::Sale;
use crate::domain::sales_order::{Assignment, ItemKind, OrderLine, Ref, SalesOrder};
use crate::domain::verdict::Reason;

/// What earlier lines of the same fulfilment have taken of each lot, by its internal id.
#[derive(Debug, Default)]
pub(super) struct Taken(BTreeMap<String, Decimal>);

impl Case<'_> {
    /// The detail of a line; none for an item that is not tracked.
    pub(super) fn inventory(
        &mut self,
        order: &SalesOrder,
        line: &OrderLine,
        quantity: Decimal,
        location: Option<&str>,
        (sale, matched): (&Sale, &Matched),
        taken: &mut Taken,
    ) -> Step<Vec<InventoryAssignment>> {
        if !matches!(line.kind, ItemKind::Inventory | ItemKind::Assembly) {
            return Ok(Vec::new());
        }
        if let Some(set) = set_on_order(line, quantity) {
            return Ok(set);
        }
        let Some(items) = &self.facts.answers.items else { return Err(Next::Ask(vec![self.items_question(order)])) };
        let Some(item) = items.get(&line.item.id).filter(|item| item.serial || item.lot) else { return Ok(Vec::new()) };
        let lines = matched.sale_lines.get(&line.line).cloned().unwrap_or_default();
        self.numbers((&line.item.id, item.serial), quantity, location, (sale, &lines), taken)?
            .map_err(|what| not_known(order, line, line.item.label(), &what))
    }

    /// The members of a kit that leave with serial numbers or lots. NetSuite takes their detail on lines of their own, which only its
    /// own draft of the fulfilment names.
    pub(super) fn members(
        &mut self,
        order: &SalesOrder,
        line: &OrderLine,
        quantity: Decimal,
        location: Option<&str>,
        (sale, matched): (&Sale, &Matched),
        taken: &mut Taken,
    ) -> Step<Vec<FulfilmentLine>> {
        let Some(kits) = &self.facts.answers.kit_members else {
            let kits = order.lines.iter().filter(|line| line.kind == ItemKind::Kit).map(|line| line.item.id.clone());
            let kits = kits.collect::<BTreeSet<_>>();
            return Err(Next::Ask(vec![Question::KitMembers(kits.into_iter().collect())]));
        };
        let made_of = kits.get(&line.item.id).map(Vec::as_slice).unwrap_or_default();
        if !made_of.iter().any(|member| member.serial || member.lot) {
            return Ok(Vec::new());
        }
        let Some(form) = &self.facts.answers.fulfilment_form else {
            let open = order.lines.iter().filter(|line| line.kind.is_shipped() && !line.closed && line.quantity > line.fulfilled);
            let lines = open.map(|line| line.line).collect();
            return Err(Next::Ask(vec![Question::FulfilmentForm { order: order.id.clone(), lines }]));
        };
        let sold = matched.sale_lines.get(&line.line).cloned().unwrap_or_default();
        let mut members = Vec::new();
        for member in form.iter().filter(|member| member.kit_member_of == Some(line.line)) {
            let Some(item) = made_of.iter().find(|known| known.item == member.item && (known.serial || known.lot)) else { continue };
            let quantity = (item.quantity * quantity).normalize();
            let inventory = self
                .numbers((&member.item, item.serial), quantity, location, (sale, &sold), taken)?
                .map_err(|what| not_known(order, line, &format!("{}, member {}", line.item.label(), member.item), &what))?;
            let location = location.map(str::to_owned);
            members.push(FulfilmentLine { order_line: member.order_line, quantity: Some(quantity), location, inventory });
        }
        Ok(members)
    }

    /// The serial numbers that were sold, or the lots that expire first; what is wanting where they are not known.
    fn numbers(
        &self,
        (id, serial): (&str, bool),
        quantity: Decimal,
        location: Option<&str>,
        (sale, lines): (&Sale, &[String]),
        taken: &mut Taken,
    ) -> Step<Result<Vec<InventoryAssignment>, String>> {
        let place = (id.to_owned(), location.map(str::to_owned));
        let Some(stock) = self.facts.answers.inventory_numbers.get(&place) else {
            return Err(Next::Ask(vec![Question::InventoryNumbers { item: place.0, location: place.1 }]));
        };
        if !serial {
            return Ok(lots(quantity, stock, taken));
        }
        let Some(sold) = &self.facts.answers.serial_numbers else {
            return Err(Next::Ask(vec![Question::SerialNumbers(sale.id.clone())]));
        };
        let sold = sold.iter().filter(|(id, _)| lines.contains(id)).map(|(_, number)| number.as_str()).collect::<Vec<_>>();
        Ok(serials(&sold, quantity, stock))
    }
}

fn not_known(order: &SalesOrder, line: &OrderLine, item: &str, what: &str) -> Next {
    held(Reason::InventoryDetailMissing, format!("{} cannot be fulfilled: line {} ({item}) {what}", order.number, line.line))
}

/// What is set on the sales order's line, in its order: what left before is passed over, and what follows is taken.
fn set_on_order(line: &OrderLine, quantity: Decimal) -> Option<Vec<InventoryAssignment>> {
    let id = |reference: &Option<Ref>| reference.as_ref().map(|reference| reference.id.clone());
    let (mut gone, mut open) = (line.fulfilled, quantity);
    let mut detail = Vec::new();
    for Assignment { number, bin, status, quantity } in &line.inventory {
        let passed = gone.min(*quantity);
        gone -= passed;
        let now = open.min(*quantity - passed);
        open -= now;
        if now > Decimal::ZERO {
            detail.push(InventoryAssignment {
                number: id(number),
                text: number.as_ref().and_then(|number| number.name.clone()),
                bin: id(bin),
                status: id(status),
                quantity: now,
            });
        }
    }
    open.is_zero().then_some(detail).filter(|detail| !detail.is_empty())
}

/// The numbers that were sold and are still in stock; those that left before are not.
pub(super) fn serials(sold: &[&str], quantity: Decimal, stock: &[InventoryNumber]) -> Result<Vec<InventoryAssignment>, String> {
    let find = |number: &&&str| stock.iter().find(|known| known.number.eq_ignore_ascii_case(number));
    let there = sold.iter().filter_map(|number| find(&number)).collect::<Vec<_>>();
    if Decimal::from(there.len()) == quantity {
        let one = |known: &InventoryNumber| InventoryAssignment {
            number: Some(known.id.clone()),
            text: Some(known.number.clone()),
            bin: None,
            status: None,
            quantity: Decimal::ONE,
        };
        return Ok(there.into_iter().map(one).collect());
    }
    let absent = sold.iter().filter(|number| find(number).is_none()).copied().collect::<Vec<_>>();
    let needs = quantity.normalize();
    Err(match (sold.len(), absent.as_slice()) {
        (count, []) => format!("needs {needs} serial numbers and X-Series has {count}. Set them on the sales order."),
        (_, absent) => format!("needs {needs} serial numbers, and {} is not in stock in NetSuite.", absent.join(", ")),
    })
}

/// The lot that expires first leaves first; one without a date comes last.
pub(super) fn lots(quantity: Decimal, stock: &[InventoryNumber], taken: &mut Taken) -> Result<Vec<InventoryAssignment>, String> {
    let mut lots = stock.iter().collect::<Vec<_>>();
    lots.sort_by_key(|lot| (lot.expires.is_none(), lot.expires, lot.number.as_str()));
    let mut open = quantity;
    let mut detail = Vec::new();
    for lot in lots {
        let used = taken.0.entry(lot.id.clone()).or_default();
        let now = open.min(lot.available - *used);
        if now <= Decimal::ZERO {
            continue;
        }
        *used += now;
        open -= now;
        detail.push(InventoryAssignment {
            number: Some(lot.id.clone()),
            text: Some(lot.number.clone()),
            bin: None,
            status: None,
            quantity: now,
        });
    }
    if open > Decimal::ZERO { Err(format!("needs {} more in lots at its location.", open.normalize())) } else { Ok(detail) }
}
