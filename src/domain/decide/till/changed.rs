//! What changed at the till after a record was booked: whom it is for, where and when it was sold, how it was paid, what was sold.
//!
//! Each is found by what the till said when the record was asked for against what it says now, so that neither a mapping that changed
//! nor what NetSuite fills in by itself is taken for a change. Where the books say already what would be booked today, somebody has
//! put them right, and nothing is told.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::amounts::Part;
use super::asked::Asked;
use super::customer::Debtor;
use super::goods::lines_of;
use crate::domain::bookings::{Place, RecordLine, Witness};
use crate::domain::decide::send::Missing;
use crate::domain::decide::{Case, Next, Step, held};
use crate::domain::money;
use crate::domain::record::{Bill, Goods, RecordKind};
use crate::domain::sale::{Sale, SaleLine};
use crate::domain::sales_order::{Ref, SalesOrder};
use crate::domain::verdict::Reason;

/// What NetSuite shows of a record.
struct Stands<'b> {
    /// `cash sale N7`
    name: String,
    customer: Option<&'b str>,
    date: Option<Date>,
    place: Place,
}

impl<'a> Case<'a> {
    /// The sale changed at the till after this record was booked of it.
    pub(super) fn check_changed(&mut self, sale: &'a Sale, number: &str, bill: &Bill, part: Part) -> Step<()> {
        let Some(asked) = self.asked(&bill.id) else { return Ok(()) };
        let Some(witness) = asked.witness else { return Ok(()) };
        let stands = Stands {
            name: format!("{} {}", bill.kind.name(), bill.number.as_deref().unwrap_or(bill.id.as_str())),
            customer: bill.customer.as_deref(),
            date: bill.date,
            place: bill.place.clone(),
        };
        let mut differences = self.changed_heading(sale, asked, witness, &stands)?;
        if !asked.lines.is_empty() {
            differences.extend(self.changed_goods(sale, asked.lines, part, &bill.goods)?);
        }
        if matches!(bill.kind, RecordKind::CashSale | RecordKind::CashRefund) {
            differences.extend(self.changed_tender(sale, number, asked, witness, bill)?);
        }
        self.hold_changed(sale, number, &stands.name, witness, differences)
    }

    /// The sale changed at the till, other than in its lines, after its sales order was made: those follow, this does not.
    pub(super) fn check_changed_order(&mut self, sale: &'a Sale, number: &str, order: &SalesOrder) -> Step<()> {
        let Some(asked) = self.asked(&order.id) else { return Ok(()) };
        let Some(witness) = asked.witness else { return Ok(()) };
        let id = |reference: &Option<Ref>| reference.as_ref().map(|reference| reference.id.clone());
        let stands = Stands {
            name: format!("sales order {}", order.number),
            customer: order.customer.as_ref().map(|customer| customer.id.as_str()),
            date: order.date,
            place: Place {
                subsidiary: id(&order.subsidiary),
                location: id(&order.location),
                department: id(&order.department),
                class: id(&order.class),
            },
        };
        let differences = self.changed_heading(sale, asked, witness, &stands)?;
        self.hold_changed(sale, number, &stands.name, witness, differences)
    }

    /// A cash sale that was made from a sales order is paid as the till says.
    pub(in crate::domain::decide) fn check_changed_tender(&mut self, sale: &Sale, number: &str, bill: &Bill) -> Step<()> {
        let Some(asked) = self.asked(&bill.id).filter(|_| bill.kind == RecordKind::CashSale) else { return Ok(()) };
        let Some(witness) = asked.witness else { return Ok(()) };
        let difference = self.changed_tender(sale, number, asked, witness, bill)?;
        let name = format!("{} {}", bill.kind.name(), bill.number.as_deref().unwrap_or(bill.id.as_str()));
        self.hold_changed(sale, number, &name, witness, difference.into_iter().collect())
    }

    fn hold_changed(&self, sale: &Sale, number: &str, name: &str, witness: &Witness, mut differences: Vec<String>) -> Step<()> {
        if differences.is_empty() {
            return Ok(());
        }
        if sale.totals.price_incl_tax != witness.total {
            let (then, now) = (self.shown(witness.total), self.shown(sale.totals.price_incl_tax));
            differences.push(format!("it came to {then} then and comes to {now} now"));
        }
        let detail = format!(
            "Sale {number} changed at the till after its {name} was booked: {}. Correct the {name} in NetSuite, or change the sale back, then release it here.",
            differences.join("; ")
        );
        Err(held(Reason::ChangedAfterBooking, detail))
    }

    fn changed_heading(&mut self, sale: &'a Sale, asked: Asked<'a>, witness: &Witness, stands: &Stands<'_>) -> Step<Vec<String>> {
        let mut differences = Vec::new();
        differences.extend(self.changed_customer(sale, asked, witness, stands)?);
        differences.extend(self.changed_place(sale, asked, witness, stands)?);
        differences.extend(self.changed_day(sale, asked, witness, stands)?);
        Ok(differences)
    }

    fn changed_customer(&mut self, sale: &Sale, asked: Asked<'a>, witness: &Witness, stands: &Stands<'_>) -> Step<Option<String>> {
        let Some(booked) = stands.customer.or(asked.customer) else { return Ok(None) };
        if witness.customer == sale.customer_id {
            return Ok(None);
        }
        let place = asked.place.cloned().unwrap_or_default();
        let now = match self.debtor(sale, &place, &mut Missing::default())? {
            Some(Debtor::Known(id)) if id == booked => return Ok(None),
            Some(Debtor::Known(id)) => format!("NetSuite's customer {id}"),
            Some(Debtor::New(_)) | None => "whom NetSuite does not have".to_owned(),
        };
        let known = self.facts.answers.till_customer.as_ref().and_then(|customer| customer.till.as_ref()?.name.as_deref());
        let name = match (known, &sale.customer_id) {
            (Some(name), _) => format!("'{name}'"),
            (None, Some(id)) => format!("X-Series customer {id}"),
            (None, None) => "nobody by name".to_owned(),
        };
        Ok(Some(format!("it is booked for NetSuite's customer {booked}, and at the till it is for {name} now, {now}")))
    }

    fn changed_place(&mut self, sale: &Sale, asked: Asked<'a>, witness: &Witness, stands: &Stands<'_>) -> Step<Option<String>> {
        if (&witness.outlet, &witness.register) == (&sale.outlet_id, &sale.register_id) {
            return Ok(None);
        }
        let mut missing = Missing::default();
        let now = self.place(sale, &mut missing)?;
        let was = stands.place.parts().into_iter().zip(asked.place.map(Place::parts).unwrap_or_default());
        let other = now.parts().into_iter().zip(was).filter_map(|((name, is), ((_, stands), (_, asked)))| {
            let (was, is) = (stands.or(asked), is?);
            (was != Some(is)).then(|| format!("{name} {} in NetSuite, {is} by the mappings", was.unwrap_or("none")))
        });
        let mut other = other.collect::<Vec<_>>();
        if !missing.is_empty() {
            other.push("no row of the mappings says where that is".to_owned());
        }
        if other.is_empty() {
            return Ok(None);
        }
        let was = self.spot(witness.outlet.as_deref(), witness.register.as_deref());
        let is = self.spot(sale.outlet_id.as_deref(), sale.register_id.as_deref());
        Ok(Some(format!("it was sold at {was}, and at the till it is of {is} now ({})", other.join(", "))))
    }

    /// An outlet and its register, by name.
    fn spot(&self, outlet: Option<&str>, register: Option<&str>) -> String {
        let reference = self.facts.answers.reference.as_ref();
        let outlet_name = reference.zip(outlet).and_then(|(reference, id)| reference.outlets.iter().find(|outlet| outlet.id == id));
        let register_name = reference.zip(register).and_then(|(reference, id)| reference.registers.iter().find(|one| one.id == id));
        let outlet = outlet_name.map(|found| found.name.as_str()).or(outlet).unwrap_or("no outlet");
        let register = register_name.map(|found| found.name.as_str()).or(register).unwrap_or("no register");
        format!("{outlet}, {register}")
    }

    fn changed_day(&mut self, sale: &Sale, asked: Asked<'a>, witness: &Witness, stands: &Stands<'_>) -> Step<Option<String>> {
        let (Some(then), Some(now)) = (witness.sold_at, sale.date.or(sale.created_at)) else { return Ok(None) };
        // A sale that is completed later may be dated anew by that.
        let state = sale.status.as_ref().ok().map(|status| status.state);
        if then == now || witness.state != state {
            return Ok(None);
        }
        let (Some(then), Some(now)) = (self.calendar_day(sale, then)?, self.calendar_day(sale, now)?) else { return Ok(None) };
        let Some(booked) = stands.date.or(asked.date).filter(|booked| then != now && *booked != now) else { return Ok(None) };
        // A day in a closed period is posted to the next open one.
        match self.open_day(now) {
            Ok(open) if open == booked => return Ok(None),
            Err(ask @ Next::Ask(_)) => return Err(ask),
            _ => {}
        }
        Ok(Some(format!("it is booked on {booked}, and at the till it is of {now} now, no longer of {then}")))
    }

    /// Other goods, or other amounts, even where the total is the same.
    fn changed_goods(&mut self, sale: &'a Sale, asked: &[RecordLine], part: Part, books: &BTreeMap<String, Goods>) -> Step<Vec<String>> {
        let places = self.places()?;
        // Cents are moved between the lines of a record, so that they come to the sale's total.
        let slack = money::unit(places) * Decimal::from(asked.len().max(1));
        let lines = lines_of(sale).into_iter().filter(|line| !self.is_discount(line) && (part == Part::Returned) == self.comes_back(line));
        let lines = lines.collect::<Vec<_>>();
        let of = |key: &str| lines.iter().find(|line| line.id.as_deref() == Some(key));
        let goods = asked.iter().filter(|line| line.quantity.is_some());
        // Lines without an id cannot be told from one another.
        if lines.iter().any(|line| line.id.is_none()) {
            return Ok(Vec::new());
        }
        let mut changes = Vec::new();
        let mut wanted = BTreeMap::<String, Goods>::new();
        for line in goods.clone() {
            let (quantity, amount) = (line.quantity.unwrap_or_default(), line.amount);
            let then = format!("{} × item {} for {}", quantity.normalize(), line.item, self.shown(amount));
            match of(&line.key).filter(|now| line.product.as_ref().is_none_or(|product| *product == now.product_id)) {
                None => changes.push(format!("{then} is gone from the till")),
                Some(now) => {
                    let unchanged = now.quantity.abs() == quantity && (now.price_total.abs() - amount.abs()).abs() <= slack;
                    if !unchanged {
                        let (count, price) = (now.quantity.abs().normalize(), self.shown(money::round(now.price_total.abs(), places)));
                        changes.push(format!("{then} is {count} for {price} at the till now"));
                    }
                    add(&mut wanted, &line.item, now);
                }
            }
        }
        let stands_for = |then: &RecordLine, now: &SaleLine| {
            now.id.as_deref() == Some(then.key.as_str()) && then.product.as_ref().is_none_or(|product| *product == now.product_id)
        };
        let kept = |line: &&&SaleLine| goods.clone().any(|then| stands_for(then, line));
        for line in lines.iter().filter(|line| !kept(line)) {
            let item = self.item_of(sale, line, &mut Missing::default())?;
            let name = item.as_ref().map_or(line.product_id.as_str(), |item| item.name.as_str());
            let price = self.shown(money::round(line.price_total.abs(), places));
            changes.push(format!("{} × {name} for {price} is new at the till", line.quantity.abs().normalize()));
            add(&mut wanted, item.as_ref().map_or(name, |item| item.id.as_str()), line);
        }
        let right = |item: &str| {
            let (then, now) = (books.get(item).copied().unwrap_or_default(), wanted.get(item).copied().unwrap_or_default());
            then.quantity == now.quantity && (then.amount.abs() - now.amount.abs()).abs() <= slack
        };
        let corrected = !books.is_empty() && wanted.keys().chain(goods.map(|line| &line.item)).all(|item| right(item));
        Ok(if corrected { Vec::new() } else { changes })
    }

    /// Paid in another way than the one payment method says that the record holds.
    fn changed_tender(&mut self, sale: &Sale, number: &str, asked: Asked<'a>, witness: &Witness, bill: &Bill) -> Step<Option<String>> {
        let now = self.witness(sale).tenders;
        if now == witness.tenders {
            return Ok(None);
        }
        // Another amount of the same is told by the totals.
        let kinds = |tenders: &BTreeMap<String, Decimal>| {
            tenders.keys().map(|kind| self.rule_of(kind).map(|rule| rule.booked_as())).collect::<Vec<_>>()
        };
        let (rules_then, rules_now) = (kinds(&witness.tenders), kinds(&now));
        let one = |rules: &[_]| rules.windows(2).all(|two| two[0] == two[1]);
        let first_kept = rules_then.first() == rules_now.first();
        if one(&rules_then) && one(&rules_now) && first_kept {
            return Ok(None);
        }
        let (method, account) = self.cash_sale_tender(number, sale)?;
        let split = one(&rules_then) && !one(&rules_now);
        let booked_method = bill.payment_method.as_deref().or(asked.payment_method);
        let booked_account = bill.account.as_deref().or(asked.account);
        let right = |wanted: &Option<String>, booked: Option<&str>| wanted.as_deref().is_none_or(|wanted| Some(wanted) == booked);
        if !split && right(&method, booked_method) && right(&account, booked_account) {
            return Ok(None);
        }
        let (then, now) = (self.tenders_shown(&witness.tenders), self.tenders_shown(&now));
        Ok(Some(format!("it was paid by {then}, and at the till it is paid by {now} now")))
    }

    fn tenders_shown(&self, tenders: &BTreeMap<String, Decimal>) -> String {
        let each = tenders.iter().map(|(id, amount)| format!("{} ({})", self.type_name(id).unwrap_or(id), self.shown(*amount)));
        if tenders.is_empty() { "nothing".to_owned() } else { each.collect::<Vec<_>>().join(" and ") }
    }
}

fn add(wanted: &mut BTreeMap<String, Goods>, item: &str, line: &SaleLine) {
    let goods = wanted.entry(item.to_owned()).or_default();
    goods.quantity += line.quantity.abs();
    goods.amount += line.price_total.abs();
}
