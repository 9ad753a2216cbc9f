//! What the simulated NetSuite holds, sorted by the orders of the demo that it belongs to.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use uuid::Uuid;

use crate::sandbox::{Entry, NetSuiteHandle, TransactionKind as Record};

/// Every transaction, found by what it was made from and by the ids in its key.
#[derive(Debug)]
pub(super) struct Books {
    entries: BTreeMap<u64, Entry>,
    by_key: HashMap<Uuid, Vec<u64>>,
    made_from: HashMap<u64, Vec<u64>>,
    known: BTreeSet<u64>,
}

impl Books {
    /// As the account stands.
    pub(super) fn of(netsuite: &NetSuiteHandle) -> Self {
        let (mut by_key, mut made_from) = (HashMap::<_, Vec<_>>::new(), HashMap::<_, Vec<_>>::new());
        let entries = netsuite.entries(None).into_iter().map(|entry| (entry.id, entry)).collect::<BTreeMap<_, _>>();
        for entry in entries.values() {
            for id in entry.external_id.iter().flat_map(|key| ids_in(key)) {
                by_key.entry(id).or_default().push(entry.id);
            }
            if let Some(source) = entry.created_from {
                made_from.entry(source).or_default().push(entry.id);
            }
        }
        Self { entries, by_key, made_from, known: BTreeSet::new() }
    }

    /// What belongs to an order: its sales order, what carries one of these ids in its key, and all that was made from those. The
    /// order of time.
    pub(super) fn take(&mut self, order: Option<u64>, keys: &[Uuid]) -> Vec<Entry> {
        let mut found = BTreeSet::new();
        let mut open = keys.iter().filter_map(|key| self.by_key.get(key)).flatten().copied().chain(order).collect::<Vec<_>>();
        while let Some(id) = open.pop() {
            if found.insert(id) {
                open.extend(self.made_from.get(&id).into_iter().flatten());
            }
        }
        self.known.extend(&found);
        found.iter().filter_map(|id| self.entries.get(id)).cloned().collect()
    }

    /// What belongs to no order.
    pub(super) fn left(&self) -> Vec<&Entry> {
        self.entries.values().filter(|entry| !self.known.contains(&entry.id)).collect()
    }
}

/// The ids that a key is made of.
fn ids_in(key: &str) -> impl Iterator<Item = Uuid> {
    const LENGTH: usize = 36;
    (0..=key.len().saturating_sub(LENGTH)).filter_map(move |start| Uuid::try_parse(key.get(start..start + LENGTH)?).ok())
}

/// How often each kind of record is there, where it is not as often as it should be.
pub(super) fn differences(wanted: &[Record], found: &[Entry]) -> Vec<String> {
    let mut counts = BTreeMap::<Record, (usize, usize)>::new();
    for record in wanted {
        counts.entry(*record).or_default().0 += 1;
    }
    for entry in found {
        counts.entry(entry.kind).or_default().1 += 1;
    }
    let other = counts.into_iter().filter(|(_, (wanted, found))| wanted != found);
    other.map(|(record, (wanted, found))| format!("{found} of {}, not {wanted}", record.record_type())).collect()
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;
    use crate::clock::Clock;
    use crate::sandbox::{Form, NewSalesOrder, Sandbox, SandboxConfig};

    #[tokio::test]
    async fn what_was_made_from_an_order_is_its_own_and_all_else_is_left() {
        let sandbox = Sandbox::start(SandboxConfig::default(), Clock::System).await.unwrap();
        let netsuite = sandbox.netsuite();
        let sale = Uuid::from_u128(7);
        let order = || NewSalesOrder::of("Aroha Ngata", "Ponsonby", [("MUG-ENAMEL", Decimal::TWO, Decimal::TEN)]);
        let keyed = NewSalesOrder { external_id: Some(format!("tb-so-{sale}-1-0a1b2c3d")), form: Form::CashSale, ..order() };
        let first = netsuite.create_sales_order(&keyed).unwrap();
        netsuite.bill_fully(first).unwrap();
        let second = netsuite.create_sales_order(&order()).unwrap();

        let mut books = Books::of(netsuite);
        let wanted = [Record::SalesOrder, Record::ItemFulfillment, Record::CashSale];
        let found = books.take(None, &[sale]);
        assert_eq!(found.iter().map(|entry| entry.kind).collect::<Vec<_>>(), wanted);
        assert_eq!(books.left().iter().map(|entry| entry.id).collect::<Vec<_>>(), [second]);
        assert_eq!(books.take(Some(second), &[]).len(), 1);
        assert!(books.left().is_empty());

        assert!(differences(&wanted, &found).is_empty());
        let twice = [found.clone(), vec![found[2].clone()]].concat();
        assert_eq!(differences(&wanted, &twice), ["2 of cashSale, not 1"]);
        assert_eq!(differences(&wanted, &found[..2]), ["0 of cashSale, not 1"]);
        sandbox.stop().await;
    }
}
