//! Lists that people name entries of, tax codes, and accounting periods.

use rust_decimal::Decimal;
use serde_json::Value;

use super::client::Client;
use super::error::{NetSuiteError, Refusal};
use super::queries::lacks;
use super::wire::body;
use super::wire::read::{Fields, is_internal_id};
use crate::domain::money;
use crate::domain::reference::{Period, TaxCode};
use crate::domain::sales_order::Ref;

impl Client {
    /// The names of a list: `location`, `subsidiary`, `department`, `class`, `paymentmethod`, `term`, `currency`, `account`,
    /// `shipitem`, `taxitem`. What the role may not see is not in it.
    pub async fn names_of(&self, list: &str) -> Result<Vec<Ref>, NetSuiteError> {
        let list = list.to_ascii_lowercase();
        let (table, name) = match list.as_str() {
            "location" | "subsidiary" | "department" | "paymentmethod" | "term" | "currency" => (list.as_str(), "name"),
            "class" | "classification" => ("classification", "name"),
            "account" => ("account", "accountsearchdisplayname"),
            "shipitem" => ("shipitem", "itemid"),
            "taxitem" => ("salestaxitem", "itemid"),
            _ => return Err(NetSuiteError::UnknownList(list)),
        };
        let rows = self.rows("names_of", &format!("SELECT x.id, x.{name} FROM {table} x ORDER BY x.id")).await?;
        let read = |row: &Value| {
            let row = Fields::of(row);
            Ok(Ref { id: row.text("id").ok_or(lacks("list", "id"))?, name: row.text(name).or_else(|| row.text("name")) })
        };
        rows.iter().map(read).collect()
    }

    /// The internal id of the subsidiary that a location belongs to; none on an account without subsidiaries, and where the role does not
    /// see the location.
    pub async fn subsidiary_of(&self, location: &str) -> Result<Option<String>, NetSuiteError> {
        let id = body::internal_id(location).map_err(NetSuiteError::Unsendable)?;
        let query = |optional: &[&str]| {
            let columns = [&["id"], optional].concat().join(", l.");
            format!("SELECT l.{columns} FROM location l WHERE l.id = {id} ORDER BY l.id")
        };
        let rows = self.shown_rows("subsidiary_of", vec!["subsidiary"], query).await?;
        let subsidiary = rows.first().and_then(|row| Fields::of(row).text("subsidiary"));
        Ok(subsidiary.filter(|id| is_internal_id(id)))
    }

    /// The tax codes that are in use, each with its type and rate where the account tells them. An account or role that does not show
    /// them gives none.
    pub async fn tax_codes(&self) -> Result<Vec<TaxCode>, NetSuiteError> {
        let query = |optional: &[&str]| {
            let columns = [&["id"], optional].concat().join(", x.");
            format!("SELECT x.{columns} FROM salestaxitem x WHERE x.isinactive = 'F' ORDER BY x.id")
        };
        // With SuiteTax a tax code has a `name`, without it an `itemid`.
        let rows = self.shown_rows("tax_codes", vec!["itemid", "name", "taxtype", "rate"], query).await?;
        let read = |row: &Value| {
            let row = Fields::of(row);
            Ok(TaxCode {
                id: row.text("id").ok_or(lacks("tax code", "id"))?,
                name: row.text("name").or_else(|| row.text("itemid")).ok_or(lacks("tax code", "a name"))?,
                tax_type: row.text("taxtype"),
                rate: row.text("rate").and_then(|text| percentage(&text)),
            })
        };
        rows.iter().map(read).collect()
    }

    /// The accounting periods of a month, in their order. A period whose receivables are locked takes no sale, so it is closed too. An
    /// account or role that does not show them gives none.
    pub async fn periods(&self) -> Result<Vec<Period>, NetSuiteError> {
        let query = |optional: &[&str]| {
            let columns = [&["closed"], optional].concat().join(", p.");
            format!(
                "SELECT p.id, p.periodname, TO_CHAR(p.startdate,'YYYY-MM-DD') AS startdate, TO_CHAR(p.enddate,'YYYY-MM-DD') AS enddate, \
                 p.{columns} FROM accountingperiod p WHERE p.isquarter = 'F' AND p.isyear = 'F' AND p.isadjust = 'F' \
                 ORDER BY p.startdate, p.id"
            )
        };
        let rows = self.shown_rows("periods", vec!["arlocked", "alllocked"], query).await?;
        let read = |row: &Value| {
            let row = Fields::of(row);
            let is = |column| row.flag(column).unwrap_or(false);
            Ok(Period {
                name: row.text("periodname").ok_or(lacks("accounting period", "periodname"))?,
                start: row.date("startdate").ok_or(lacks("accounting period", "a readable startdate"))?,
                end: row.date("enddate").ok_or(lacks("accounting period", "a readable enddate"))?,
                closed: is("closed") || is("arlocked") || is("alllocked"),
            })
        };
        rows.iter().map(read).collect()
    }

    /// The rows of a list that not every account and role shows: without the columns that are not there, and none where the list itself
    /// is not.
    async fn shown_rows(
        &self,
        operation: &'static str,
        optional: Vec<&str>,
        query: impl Fn(&[&str]) -> String,
    ) -> Result<Vec<Value>, NetSuiteError> {
        match self.known_rows(operation, optional, query).await {
            Err(error) if error.refusal().is_some_and(may_hide) && error.hides_a_list() => {
                tracing::warn!(netsuite.operation = operation, "NetSuite does not show the list to this role: {error}");
                Ok(Vec::new())
            }
            rows => rows,
        }
    }

    /// The rows of a query, without the optional columns that the account does not have.
    pub(super) async fn known_rows(
        &self,
        operation: &'static str,
        mut optional: Vec<&str>,
        query: impl Fn(&[&str]) -> String,
    ) -> Result<Vec<Value>, NetSuiteError> {
        loop {
            let error = match self.rows(operation, &query(&optional)).await {
                Ok(rows) => return Ok(rows),
                Err(error) => error,
            };
            let refusal = error.refusal().filter(|refusal| may_hide(refusal));
            match refusal.and_then(|refusal| optional.iter().position(|column| refusal.names(column))) {
                Some(absent) => drop(optional.remove(absent)),
                None => return Err(error),
            }
        }
    }
}

/// The answer may be about a column or a list that is not shown.
fn may_hide(refusal: &Refusal) -> bool {
    matches!(refusal.status, 400 | 403)
}

/// A rate in per cent. A bare number below one may as well be a fraction: then NetSuite does not tell it.
fn percentage(text: &str) -> Option<Decimal> {
    let written = text.trim();
    let rate = money::parse(written.trim_end_matches('%'))?;
    let fraction = !written.ends_with('%') && !rate.is_zero() && rate < Decimal::ONE;
    Some(rate).filter(|_| !fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_read_only_where_it_is_certain() {
        let read = |text: &str| percentage(text).map(|rate| rate.normalize().to_string());
        assert_eq!([read("15.0%"), read("0.5 %"), read("15"), read("0")].map(Option::unwrap), ["15", "0.5", "15", "0"]);
        assert_eq!((read("0.15"), read("standard")), (None, None));
    }
}
