//! Customer deposits: money before there is an invoice, and how it comes to pay one.

use rust_decimal::Decimal;
use serde_json::Value;

use super::account::Account;
use super::body;
use super::errors::{ApiError, ApiResult};
use super::kinds::Kind;
use super::model::{BillKind, Deposit, DepositApplication};

impl Deposit {
    /// What of it is neither applied nor paid back.
    pub(super) fn unapplied(&self) -> Decimal {
        self.amount - self.used
    }

    /// `A` not deposited, `B` deposited, `C` used up.
    pub(super) fn status(&self) -> char {
        match self.account {
            _ if self.unapplied() <= Decimal::ZERO => 'C',
            Some(_) => 'B',
            None => 'A',
        }
    }
}

impl Account {
    /// Enters a customer deposit.
    pub(super) fn create_deposit(&mut self, fields: &Value) -> ApiResult<u64> {
        let header = self.header(Kind::CustomerDeposit, fields, "customer")?;
        let sales_order = body::id(fields, "salesOrder", "salesOrder")?;
        if let Some(order) = sales_order {
            let open =
                self.orders.get(&order).filter(|order| order.customer == header.customer && !matches!(self.status(order), 'C' | 'H'));
            if open.is_none() {
                return Err(ApiError::field_value(&order.to_string(), "salesOrder", "salesOrder"));
            }
        }
        let amount = body::decimal(fields, "payment", "payment")?;
        let amount = amount.ok_or_else(|| ApiError::user("Please enter value(s) for: Payment Amount"))?;
        if amount <= Decimal::ZERO {
            return Err(ApiError::field_value(&amount.to_string(), "payment", "payment"));
        }
        let money = self.money(fields)?;
        let (tran_date, _) = self.posting(fields)?;
        let (id, now) = (self.transaction_id(), self.clock.now());
        let deposit = Deposit {
            id,
            external_id: header.external_id,
            tran_id: self.number(Kind::CustomerDeposit),
            tran_date,
            customer: header.customer,
            sales_order,
            amount,
            used: Decimal::ZERO,
            payment_method: money.method,
            account: money.account,
            memo: header.memo,
            custom: header.custom,
            created: now,
            modified: now,
        };
        self.deposits.insert(id, deposit);
        Ok(id)
    }

    /// Changes a deposit's memo and fields.
    pub(super) fn edit_deposit(&mut self, id: u64, fields: &Value) -> ApiResult<()> {
        let now = self.clock.now();
        let deposit = self.deposits.get_mut(&id).ok_or_else(ApiError::nonexistent)?;
        deposit.memo = body::text(fields, "memo")?.or(deposit.memo.take());
        deposit.custom.extend(body::custom(fields, "custbody_"));
        deposit.modified = now;
        Ok(())
    }

    /// Deletes a deposit that nothing was done with.
    pub(super) fn delete_deposit(&mut self, id: u64) -> ApiResult<()> {
        let deposit = self.deposits.get(&id).ok_or_else(ApiError::nonexistent)?;
        if self.applications.values().any(|application| application.deposit == id) {
            return Err(ApiError::user("This record cannot be deleted because it has dependent records."));
        }
        self.check_period(deposit.tran_date)?;
        self.deposits.remove(&id);
        Ok(())
    }

    /// `!transform/depositApplication`; nothing is saved. A deposit for a sales order pays that order's invoices only.
    pub(super) fn draft_application(&self, deposit: u64, fields: &Value) -> ApiResult<DepositApplication> {
        let refused = || ApiError::initialize_ref("depositapplication", &deposit.to_string());
        let source = self.deposits.get(&deposit).filter(|deposit| deposit.unapplied() > Decimal::ZERO).ok_or_else(refused)?;
        let external_id = self.new_external_id(Kind::DepositApplication, fields)?;
        let (tran_date, _) = self.posting(fields)?;
        let rows = self.applications(fields, source.customer, source.unapplied())?;
        if rows.is_empty() {
            return Err(ApiError::user("You must apply this deposit to at least one transaction."));
        }
        if let Some(order) = source.sales_order {
            let foreign = rows.iter().find(|(invoice, _)| self.bills.get(invoice).is_none_or(|bill| bill.created_from != Some(order)));
            if let Some((invoice, _)) = foreign {
                return Err(ApiError::field_value(&invoice.to_string(), "doc", "apply"));
            }
        }
        let now = self.clock.now();
        Ok(DepositApplication {
            id: 0,
            external_id,
            tran_id: String::new(),
            tran_date,
            customer: source.customer,
            deposit,
            memo: body::text(fields, "memo")?,
            applied: rows,
            created: now,
            modified: now,
        })
    }

    /// Saves a drafted application.
    pub(super) fn save_application(&mut self, draft: DepositApplication) -> u64 {
        let id = self.transaction_id();
        self.pay_invoices(&draft.applied);
        let sum: Decimal = draft.applied.iter().map(|(_, amount)| *amount).sum();
        if let Some(deposit) = self.deposits.get_mut(&draft.deposit) {
            deposit.used += sum;
            deposit.modified = draft.created;
        }
        let tran_id = self.number(Kind::DepositApplication);
        self.applications.insert(id, DepositApplication { id, tran_id, ..draft });
        id
    }

    /// What was deposited for a sales order.
    pub(super) fn deposited(&self, order: u64) -> Decimal {
        self.deposits.values().filter(|deposit| deposit.sales_order == Some(order)).map(|deposit| deposit.amount).sum()
    }

    /// A sales order's own deposits pay its invoice by themselves, the oldest first, where the preference says so.
    pub(super) fn apply_own_deposits(&mut self, order: u64, invoice: u64) {
        if !self.preferences.apply_deposits {
            return;
        }
        let own = self.deposits.values().filter(|deposit| deposit.sales_order == Some(order) && deposit.unapplied() > Decimal::ZERO);
        let own: Vec<(u64, Decimal)> = own.map(|deposit| (deposit.id, deposit.unapplied())).collect();
        for (deposit, unapplied) in own {
            let Some(bill) = self.bills.get(&invoice).filter(|bill| bill.kind == BillKind::Invoice) else { return };
            let amount = unapplied.min(bill.remaining());
            if amount <= Decimal::ZERO {
                return;
            }
            let now = self.clock.now();
            self.save_application(DepositApplication {
                id: 0,
                external_id: None,
                tran_id: String::new(),
                tran_date: bill.tran_date,
                customer: bill.customer,
                deposit,
                memo: None,
                applied: vec![(invoice, amount)],
                created: now,
                modified: now,
            });
        }
    }
}
