//! Return authorisations and item receipts.

use serde_json::{Value, json};

use super::{Renderer, enumeration, return_status_name};
use crate::sandbox::netsuite::model::{ItemReceipt, ReceiptLine, ReturnAuthorization, ReturnLine};
use crate::sandbox::netsuite::transaction::Transaction;
use crate::sandbox::number;

impl Renderer<'_> {
    pub(in crate::sandbox::netsuite) fn return_authorization(&self, of: &ReturnAuthorization) -> Value {
        let path = format!("returnAuthorization/{}", of.id);
        let letter = self.account.return_status(of);
        let suite_tax = self.account.preferences.suite_tax;
        let taxes: Vec<Value> = of.lines.iter().flat_map(|line| self.line_tax(&line.goods)).collect();
        let lines = self.return_lines(of);
        self.transaction(
            Transaction::Return(of),
            vec![
                ("entity", Some(self.customer(of.customer))),
                ("subsidiary", self.subsidiary(of.subsidiary)),
                ("orderStatus", Some(enumeration(letter, return_status_name(letter)))),
                ("otherRefNum", of.other_ref_num.clone().map(Value::from)),
                ("location", self.location(of.location)),
                ("department", self.department(of.department)),
                ("class", self.class(of.class)),
                ("subtotal", Some(number::write(of.subtotal()))),
                ("taxTotal", Some(number::write(of.tax_total()))),
                ("total", Some(number::write(of.total()))),
                ("taxDetailsOverride", suite_tax.then_some(of.tax_override.into())),
                ("taxDetails", suite_tax.then(|| self.sublist(&path, "taxDetails", &taxes))),
                ("item", Some(self.sublist(&path, "item", &lines))),
            ],
        )
    }

    pub(in crate::sandbox::netsuite) fn return_lines(&self, of: &ReturnAuthorization) -> Vec<Value> {
        let path = format!("returnAuthorization/{}", of.id);
        let show = |line: &ReturnLine| {
            let more = vec![
                ("isClosed", Some(line.closed.into())),
                ("quantityReceived", Some(number::write(line.received))),
                ("quantityBilled", Some(number::write(line.refunded))),
            ];
            self.goods_line(&path, of.created_from, &line.goods, more)
        };
        of.lines.iter().map(show).collect()
    }

    pub(in crate::sandbox::netsuite) fn receipt(&self, receipt: &ItemReceipt) -> Value {
        let path = format!("itemReceipt/{}", receipt.id);
        let lines = self.receipt_lines(receipt);
        self.transaction(
            Transaction::Receipt(receipt),
            vec![("entity", Some(self.customer(receipt.customer))), ("item", Some(self.sublist(&path, "item", &lines)))],
        )
    }

    pub(in crate::sandbox::netsuite) fn receipt_lines(&self, receipt: &ItemReceipt) -> Vec<Value> {
        let show = |(place, line): (usize, &ReceiptLine)| {
            let numbers = line.numbers.iter().enumerate().map(|(place, (number, quantity))| {
                let mut row = json!({ "receiptInventoryNumber": number, "quantity": number::write(*quantity) });
                if let Some((bin, _)) = line.bins.get(place) {
                    row["binNumber"] = json!({ "id": bin.to_string() });
                }
                row
            });
            let numbers: Vec<Value> = numbers.collect();
            let named = json!({ "quantity": number::write(line.quantity), "inventoryAssignment": { "items": numbers } });
            let detail = if line.numbers.is_empty() { self.detail(line.quantity, &[], &line.bins) } else { Some(named) };
            Value::Object(self.record(
                &format!("itemReceipt/{}/item/{}", receipt.id, line.order_line),
                0,
                vec![
                    ("line", Some((place + 1).into())),
                    ("orderLine", Some(line.order_line.into())),
                    ("orderDoc", Some(json!({ "id": receipt.created_from.to_string() }))),
                    ("item", Some(self.item(line.item))),
                    ("itemReceive", Some(true.into())),
                    ("quantity", Some(number::write(line.quantity))),
                    ("location", self.location(line.location)),
                    ("restock", Some(line.restock.into())),
                    ("kitMemberOf", line.kit_member_of.map(Value::from)),
                    ("inventoryDetail", detail),
                ],
            ))
        };
        receipt.lines.iter().enumerate().map(show).collect()
    }
}
