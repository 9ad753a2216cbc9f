//! What became of the demo's orders: read from both simulated systems, not from our own log.

use std::time::Duration;

use serde::Serialize;
use serde_json::json;

use super::shop::{Kind, Shop, row};
use crate::app::Running;
use crate::cli::CliError;
use crate::cli::output::table;
use crate::sandbox::Sandbox;

/// One order on both sides.
#[derive(Debug, Clone, Serialize)]
struct Line {
    sales_order: String,
    sale: String,
    mapping: String,
    sale_status: String,
    fulfilment: String,
    bill: String,
    verdict: String,
    /// What is not as it must be; empty when all is well.
    problems: Vec<String>,
}

/// All of them.
#[derive(Debug, Clone)]
pub(super) struct Report {
    lines: Vec<Line>,
    problems: Vec<String>,
    took: Duration,
}

impl Report {
    /// Reads both sides.
    pub(super) async fn of(shop: &Shop, sandbox: &Sandbox, running: &Running, took: Duration) -> Result<Self, CliError> {
        let (netsuite, x_series) = (sandbox.netsuite(), sandbox.x_series());
        let mut lines = Vec::new();
        for order in &shop.entered {
            let row = row(running, order).await?;
            let sales = x_series.sales_from(&order.number);
            let (fulfilments, bills) = (netsuite.fulfilments_of(order.id), netsuite.bills_of(order.id));
            let mut problems = Vec::new();
            for (what, count) in [("sales", sales.len()), ("fulfilments", fulfilments.len()), ("bills", bills.len())] {
                if count != 1 {
                    problems.push(format!("{count} {what}"));
                }
            }
            if netsuite.status(order.id) != Some('G') {
                problems.push("not billed in NetSuite".to_owned());
            }
            let total = netsuite.total(order.id).unwrap_or_default();
            if let Some(sale) = sales.first().filter(|sale| sale.totals().2 != total) {
                problems.push(format!("the sale comes to {} and the sales order to {total}", sale.totals().2));
            }
            if let Some((_, remaining)) = bills
                .first()
                .and_then(|bill| netsuite.bill_total(bill.id))
                .filter(|(_, remaining)| order.kind == Kind::Parked && !remaining.is_zero())
            {
                problems.push(format!("{remaining} paid at the till is not booked"));
            }
            let verdict = row.as_ref().map_or_else(
                || "never seen".to_owned(),
                |row| format!("{} ({})", row.verdict.map_or("undecided", |kind| kind.word()), row.reason.as_deref().unwrap_or("-")),
            );
            let first = |texts: Vec<String>| if texts.is_empty() { "-".to_owned() } else { texts.join(" ") };
            if let Some(detail) = row.as_ref().and_then(|row| row.detail.clone()).filter(|_| !problems.is_empty()) {
                problems.push(detail);
            }
            lines.push(Line {
                sales_order: order.number.clone(),
                sale: first(sales.iter().map(|sale| sale.invoice_number.clone()).collect()),
                mapping: row.and_then(|row| row.link.mapping).unwrap_or_else(|| "-".to_owned()),
                sale_status: first(sales.iter().map(|sale| sale.status().to_owned()).collect()),
                fulfilment: first(fulfilments.into_iter().map(|fulfilment| fulfilment.tran_id).collect()),
                bill: first(bills.into_iter().map(|bill| bill.tran_id).collect()),
                verdict,
                problems,
            });
        }
        let mut problems = Vec::new();
        let sales = x_series.sales().len();
        if sales != shop.entered.len() {
            problems.push(format!("X-Series holds {sales} sales for {} sales orders", shop.entered.len()));
        }
        let (payments, parked) = (netsuite.payments().len(), shop.entered.iter().filter(|order| order.kind == Kind::Parked).count());
        if payments != parked {
            problems.push(format!("NetSuite holds {payments} payments for {parked} sales paid at the till"));
        }
        let counts = running.store.counts().await?;
        let decided: i64 = counts.verdicts.iter().map(|(_, count)| count).sum();
        if decided != counts.received {
            problems.push(format!("{} events have no verdict", counts.received - decided));
        }
        Ok(Self { lines, problems, took })
    }

    /// Every order ended as it must, once.
    pub(super) fn is_whole(&self) -> bool {
        self.problems.is_empty() && self.lines.iter().all(|line| line.problems.is_empty())
    }

    pub(super) fn json(&self) -> String {
        json!({ "ok": self.is_whole(), "took_ms": u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX), "orders": self.lines, "problems": self.problems }).to_string()
    }

    pub(super) fn table(&self) -> String {
        let rows = self.lines.iter().map(|line| {
            let ended =
                if line.problems.is_empty() { line.verdict.clone() } else { format!("{}: {}", line.verdict, line.problems.join(", ")) };
            let cells = [&line.sales_order, &line.sale, &line.mapping, &line.sale_status, &line.fulfilment, &line.bill, &ended];
            cells.map(Clone::clone).to_vec()
        });
        let head = ["SALES ORDER", "SALE", "MAPPING", "SALE STATUS", "FULFILMENT", "BILL", "ENDED"];
        let mut lines = vec![table(&head, &rows.collect::<Vec<_>>())];
        lines.extend(self.problems.iter().cloned());
        let well = self.lines.iter().filter(|line| line.problems.is_empty()).count();
        lines.push(format!("\n{well} of {} orders ended as they must, in {:.1} s", self.lines.len(), self.took.as_secs_f64()));
        lines.join("\n")
    }
}
