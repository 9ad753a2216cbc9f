//! What comes back of the sale that is taken back: not more than was sold, counting what came back before; from the lots and bins that it
//! left; and for what the customer still owes, before any money is given.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::amounts::Part;
use super::goods::lines_of;
use crate::domain::bookings::{Application, TransformLine};
use crate::domain::call::Request;
use crate::domain::decide::send::Missing;
use crate::domain::decide::{Case, Next, Step, held};
use crate::domain::facts::{Original, Question};
use crate::domain::reference::ErpItem;
use crate::domain::requests::InventoryAssignment;
use crate::domain::sale::{Sale, SaleLine};
use crate::domain::sales_order::{ItemKind, Ref, SalesOrder};
use crate::domain::status::{Account, SaleState};
use crate::domain::verdict::Reason;

/// Where and as what goods come back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Back {
    /// Serial or lot numbers, with how many of each.
    pub(super) numbers: Vec<(String, Decimal)>,
    /// The bin's internal id.
    pub(super) bin: Option<String>,
}

impl<'a> Case<'a> {
    /// The sales that took something of the same sale back before this one.
    fn earlier(&self, sale: &Sale) -> Vec<&'a Sale> {
        let returns = self.facts.answers.original.as_ref().map(|original| original.returns.as_slice()).unwrap_or_default();
        let complete = |other: &&Sale| {
            let on_account = |account| account == Some(Account::OnAccount);
            let done = other
                .status
                .as_ref()
                .is_ok_and(|status| status.state == SaleState::Closed || status.state == SaleState::Pending && on_account(status.account));
            done && other.deleted_at.is_none()
        };
        let at = |sale: &Sale| (sale.date.or(sale.created_at), sale.id.as_str().to_owned());
        returns.iter().filter(|other| other.id != sale.id).filter(complete).filter(|other| at(other) < at(sale)).collect()
    }

    /// No more comes back than was sold, with what came back before.
    pub(super) fn check_taken_back(&self, sale: &Sale, number: &str, original: &Original) -> Step<()> {
        let Some(sold) = &original.sale else { return Ok(()) };
        let earlier = self.earlier(sale);
        let taken = |sale: &Sale, product: &str| -> Decimal {
            let lines = lines_of(sale).into_iter().filter(|line| self.comes_back(line) && line.product_id == product);
            lines.map(|line| line.quantity.abs()).sum()
        };
        let mut products = lines_of(sale).into_iter().filter(|line| self.comes_back(line)).map(|line| &line.product_id).collect::<Vec<_>>();
        products.sort();
        products.dedup();
        let mut differences = Vec::new();
        for product in products {
            let lines = lines_of(sold).into_iter().filter(|line| !self.comes_back(line) && line.product_id == *product);
            let was: Decimal = lines.map(|line| line.quantity).sum();
            let (now, before) = (taken(sale, product), earlier.iter().map(|other| taken(other, product)).sum::<Decimal>());
            // What the original does not have at all is of another sale.
            if was.is_zero() || now + before <= was {
                continue;
            }
            let with = earlier.iter().filter(|other| !taken(other, product).is_zero());
            let with = with.map(|other| other.number().unwrap_or(other.id.as_str())).collect::<Vec<_>>().join(", ");
            let name = self.product_name(sale, product)?;
            let before = if before.is_zero() { String::new() } else { format!(" after {} with {with}", before.normalize()) };
            differences.push(format!("{} × {name} come back{before}, and {} were sold", now.normalize(), was.normalize()));
        }
        if differences.is_empty() {
            return Ok(());
        }
        let of = sold.number().unwrap_or(sold.id.as_str());
        let detail = format!(
            "Sale {number} takes back more of sale {of} than was sold: {}. Correct the return at the till, then release it here; or book it by hand and skip it.",
            differences.join("; ")
        );
        Err(held(Reason::TotalsDiffer, detail))
    }

    fn product_name(&self, sale: &Sale, product: &str) -> Step<String> {
        let known = self.till_items(sale)?.get(product).and_then(|found| found.product.as_ref()?.name.clone());
        Ok(known.unwrap_or_else(|| format!("product {product}")))
    }

    /// A kit whose members are tracked stands on a sales order only, and neither a return alone nor an exchange has one.
    pub(super) fn check_kits(&self, sale: &Sale, number: &str) -> Step<()> {
        let items = self.till_items(sale)?;
        let kits = lines_of(sale).into_iter().filter_map(|line| match items.get(&line.product_id)?.items.as_slice() {
            [item] if item.has_tracked_members() => Some((item, self.comes_back(line))),
            _ => None,
        });
        let kits =
            kits.map(|(item, back)| format!("'{}', which {}", item.name, if back { "comes back" } else { "is sold" })).collect::<Vec<_>>();
        if kits.is_empty() {
            return Ok(());
        }
        let (what, how) = if self.sells(sale) {
            ("an exchange", "Book what is sold as a sales order, and what comes back as a return authorisation or a credit memo, by hand")
        } else {
            ("a return that is booked alone", "Book it by hand: a return authorisation, its receipt and its refund")
        };
        let detail = format!(
            "Sale {number} is {what} with the kit {}. Its members have serial numbers, lots or bins, and NetSuite takes such a kit on a sales order only. {how}; then skip it here.",
            kits.join(", ")
        );
        Err(held(Reason::Unsupported, detail))
    }

    /// What a credit memo pays for: what is still open of the sale that is taken back, save what the till gave back in money.
    pub(super) fn credit_of(&mut self, sale: &Sale, number: &str, customer: Option<&str>) -> Step<Vec<Application>> {
        let Some(original) = &self.facts.answers.original else { return Ok(Vec::new()) };
        let given: Decimal = self.tenders(number, sale)?.iter().map(|(payment, _)| -payment.amount).sum();
        let mut left = self.gross_of(sale, Part::Returned)? - given;
        let mut apply = Vec::new();
        for invoice in &original.invoices {
            let part = invoice.remaining.unwrap_or_default().min(left);
            let theirs = customer.is_none_or(|customer| invoice.customer.as_deref() == Some(customer));
            if part > Decimal::ZERO && theirs {
                left -= part;
                apply.push(Application { record: invoice.id.clone(), amount: part });
            }
        }
        if !apply.is_empty() {
            self.notes.push("The credit pays for what is open of the sale that is taken back.".to_owned());
        }
        Ok(apply)
    }

    /// The lines of the sales order that come back: every one is named, since NetSuite takes back what is not. What came back before is
    /// of the first lines.
    pub(super) fn lines_taken_back(&mut self, sale: &'a Sale, number: &str, order: &SalesOrder) -> Step<Vec<TransformLine>> {
        let mut before = BTreeMap::<i64, Decimal>::new();
        for earlier in self.earlier(sale) {
            let products = self.till_items(sale)?;
            for line in lines_of(earlier).into_iter().filter(|line| self.comes_back(line)) {
                if let Some([item]) = products.get(&line.product_id).map(|found| found.items.as_slice()) {
                    allot(order, &item.id, line.quantity.abs(), &mut before);
                }
            }
        }
        let mut missing = Missing::default();
        let mut back = before.clone();
        for line in lines_of(sale).into_iter().filter(|line| self.comes_back(line)) {
            let Some(item) = self.item_of(sale, line, &mut missing)? else { continue };
            let open = allot(order, &item.id, line.quantity.abs(), &mut back);
            if open > Decimal::ZERO {
                missing.note(format!("{} × {} come back that {} does not have any more", open.normalize(), item.name, order.number));
            }
        }
        missing.into_step_for(&format!("Sale {number} cannot be booked as a return"))?;
        let of = |taken: &BTreeMap<i64, Decimal>, line: i64| taken.get(&line).copied().unwrap_or_default();
        let lines = order.lines.iter().filter(|line| !line.kind.is_text() && line.kind != ItemKind::Discount);
        Ok(lines
            .map(|line| TransformLine {
                order_line: line.line,
                quantity: (of(&back, line.line) - of(&before, line.line)).normalize(),
                location: None,
                received: Vec::new(),
                bin: None,
            })
            .collect())
    }

    /// The serial numbers, lots and bins that come back with each line of the authorisation.
    pub(super) fn receive_numbers(
        &mut self,
        sale: &'a Sale,
        number: &str,
        authorized: &SalesOrder,
        lines: &mut [TransformLine],
    ) -> Step<()> {
        let mut missing = Missing::default();
        for line in lines_of(sale).into_iter().filter(|line| self.comes_back(line)) {
            let Some(item) = self.item_of(sale, line, &mut missing)?.filter(ErpItem::is_tracked) else { continue };
            let of_item = |key: i64| authorized.lines.iter().any(|line| line.line == key && line.item.id == item.id);
            let free = |target: &&mut TransformLine| of_item(target.order_line) && target.received.is_empty() && target.bin.is_none();
            let Some(target) = lines.iter_mut().find(free) else { continue };
            if target.quantity < line.quantity.abs() {
                missing.note(format!(
                    "part of '{}' is received by hand, and nobody knows with which numbers: receive the rest in NetSuite too",
                    item.name
                ));
                continue;
            }
            match self.returning(sale, line, &item, target.location.as_deref())? {
                Ok(back) => (target.received, target.bin) = (back.numbers, back.bin),
                Err(what) => missing.note(format!("'{}' {}", item.name, what.trim_end_matches('.'))),
            }
        }
        missing.into_step_for(&format!("Sale {number} cannot be received back"))
    }

    /// What comes back with a line: its serial numbers, its lots, its bin; what is wanting where they are not known.
    pub(super) fn returning(&self, sale: &Sale, line: &SaleLine, item: &ErpItem, location: Option<&str>) -> Step<Result<Back, String>> {
        let quantity = line.quantity.abs();
        let mut back = Back::default();
        if item.serial {
            match self.serials_back(sale, line, quantity)? {
                Ok(numbers) => back.numbers = numbers,
                Err(what) => return Ok(Err(what)),
            }
        } else if item.lot {
            match self.lots_back(sale, line, item, location)? {
                Ok(numbers) => back.numbers = numbers,
                Err(what) => return Ok(Err(what)),
            }
        }
        if item.bins {
            let left = self.left_with(&item.id).into_iter().find_map(|left| left.bin);
            back.bin = left.or_else(|| self.till_outlet_rule(sale)?.return_bin.clone());
            if back.bin.is_none() {
                let what = "is kept in bins, and it is not known from which it was taken: set return_bin in the [[outlet]], or book the return by hand and skip it here.";
                return Ok(Err(what.to_owned()));
            }
        }
        Ok(Ok(back))
    }

    fn serials_back(&self, sale: &Sale, line: &SaleLine, quantity: Decimal) -> Step<Result<Vec<(String, Decimal)>, String>> {
        let mut numbers = self.numbers_sold(sale, line)?;
        if numbers.is_empty()
            && let Some(original) = &sale.return_for
        {
            let Some(sold) = &self.facts.answers.original_serials else {
                return Err(Next::Ask(vec![Question::OriginalSerials(original.clone())]));
            };
            let lines = self.facts.answers.original.as_ref().and_then(|original| original.sale.as_ref()).map(|sale| &sale.lines);
            let of_product = |id: &str| {
                lines.is_some_and(|lines| lines.iter().any(|sold| sold.id.as_deref() == Some(id) && sold.product_id == line.product_id))
            };
            numbers = sold.iter().filter(|(id, _)| of_product(id)).map(|(_, number)| number.as_str()).collect();
        }
        // More were sold than come back: nobody knows which.
        let count = Decimal::from(numbers.len());
        Ok(if count == quantity {
            Ok(numbers.into_iter().map(|number| (number.to_owned(), Decimal::ONE)).collect())
        } else {
            Err(format!("needs {} serial numbers, and X-Series has {count} for what comes back.", quantity.normalize()))
        })
    }

    /// The lots that it left with, the first ones first, save what came back before. Where that is not known, the lot that leaves next.
    fn lots_back(
        &self,
        sale: &Sale,
        line: &SaleLine,
        item: &ErpItem,
        location: Option<&str>,
    ) -> Step<Result<Vec<(String, Decimal)>, String>> {
        let left = self.left_with(&item.id).into_iter().filter(|left| left.number.is_some()).collect::<Vec<_>>();
        let place = (item.id.clone(), location.map(str::to_owned));
        let stock = || {
            let known = self.facts.answers.inventory_numbers.get(&place);
            known.ok_or_else(|| Next::Ask(vec![Question::InventoryNumbers { item: place.0.clone(), location: place.1.clone() }]))
        };
        let mut open = line.quantity.abs();
        if left.is_empty() {
            let next = stock()?.iter().min_by_key(|lot| (lot.expires.is_none(), lot.expires, lot.number.as_str()));
            return Ok(next.map_or_else(
                || Err("needs a lot to come back to, and none is in stock at its location.".to_owned()),
                |lot| Ok(vec![(lot.number.clone(), open)]),
            ));
        }
        let alike = |other: &&SaleLine| self.comes_back(other) && other.product_id == line.product_id;
        let mut before: Decimal = self.earlier(sale).into_iter().flat_map(lines_of).filter(alike).map(|line| line.quantity.abs()).sum();
        // Other lines of the same sale take theirs before this one.
        let ahead = lines_of(sale).into_iter().take_while(|other| !std::ptr::eq(*other, line)).filter(alike);
        before += ahead.map(|line| line.quantity.abs()).sum::<Decimal>();
        let mut lots = Vec::<(String, Decimal)>::new();
        for lot in left {
            let passed = before.min(lot.quantity);
            before -= passed;
            let now = open.min(lot.quantity - passed);
            if now <= Decimal::ZERO {
                continue;
            }
            let text = match lot.text {
                Some(text) => text,
                None => match stock()?.iter().find(|known| Some(&known.id) == lot.number.as_ref()) {
                    Some(known) => known.number.clone(),
                    None => continue,
                },
            };
            open -= now;
            lots.push((text, now));
        }
        Ok(if open.is_zero() {
            Ok(lots)
        } else {
            Err(format!(
                "left with lots that account for {} less than come back: book the return by hand, then skip it here.",
                open.normalize()
            ))
        })
    }

    /// What of an item left with the sale that is taken back, piece by piece: as it was sent, else as its sales order has it.
    fn left_with(&self, item: &str) -> Vec<InventoryAssignment> {
        let Some(original) = &self.facts.answers.original else { return Vec::new() };
        let of_line =
            |key: i64| original.order.as_ref().is_some_and(|order| order.lines.iter().any(|line| line.line == key && line.item.id == item));
        let sent =
            original.calls.iter().filter(|call| call.done).filter_map(|call| call.request.as_ref()).flat_map(|request| match request {
                Request::Book(request) => {
                    let lines = request.lines.iter().filter(|line| line.item == item);
                    lines.flat_map(|line| line.inventory.clone()).collect::<Vec<_>>()
                }
                Request::Fulfil(request) => {
                    let lines = request.lines.iter().filter(|line| of_line(line.order_line));
                    lines.flat_map(|line| line.inventory.clone()).collect()
                }
                _ => Vec::new(),
            });
        let sent = sent.collect::<Vec<_>>();
        if !sent.is_empty() {
            return sent;
        }
        let id = |reference: &Option<Ref>| reference.as_ref().map(|reference| reference.id.clone());
        let lines = original.order.iter().flat_map(|order| &order.lines).filter(|line| line.item.id == item);
        let on_order = lines.flat_map(|line| &line.inventory).map(|set| InventoryAssignment {
            number: id(&set.number),
            text: set.number.as_ref().and_then(|number| number.name.clone()),
            bin: id(&set.bin),
            status: id(&set.status),
            quantity: set.quantity,
        });
        on_order.collect()
    }
}

/// Takes a quantity of an item off the order's lines, the first ones first; gives what no line has.
fn allot(order: &SalesOrder, item: &str, quantity: Decimal, taken: &mut BTreeMap<i64, Decimal>) -> Decimal {
    let mut open = quantity;
    for sold in order.lines.iter().filter(|sold| sold.item.id == item) {
        let of_line = taken.entry(sold.line).or_default();
        let now = open.min(sold.quantity - *of_line).max(Decimal::ZERO);
        *of_line += now;
        open -= now;
    }
    open
}
