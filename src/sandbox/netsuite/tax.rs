//! Tax details that another system worked out. They are there with the `SuiteTax` feature only, and then they are taken to
//! the cent.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::Value;

use super::account::Account;
use super::body;
use super::errors::{ApiError, ApiResult};
use super::model::{BillLine, TaxDetail};
use crate::sandbox::number;

/// What the tax details of shipping are called.
const SHIPPING: &str = "SHIPPING";

/// What a body says of the tax.
#[derive(Debug)]
pub(super) enum Told {
    /// Nothing: it stays as it was.
    Nothing,
    /// It is to be computed.
    Computed,
    /// It is to be as it is told.
    As(Override),
}

/// The tax details of a body by their references.
#[derive(Debug)]
pub(super) struct Override(BTreeMap<String, Vec<TaxDetail>>);

impl Override {
    /// The details of a line; one that none speak of has no tax.
    pub(super) fn of(&self, reference: Option<&str>) -> Vec<TaxDetail> {
        reference.and_then(|reference| self.0.get(reference)).cloned().unwrap_or_default()
    }

    /// The details of each line of a bill or a return.
    pub(super) fn tell<'l>(&self, lines: impl Iterator<Item = &'l mut BillLine>) {
        for line in lines {
            line.tax_details = Some(self.of(line.tax_reference.as_deref()));
        }
    }

    /// The tax on shipping.
    pub(super) fn shipping(&self) -> Decimal {
        self.0.get(SHIPPING).into_iter().flatten().map(|detail| detail.amount).sum()
    }
}

/// Lines that join a record whose tax was told have none until it is told.
pub(super) fn untaxed<'l>(lines: impl Iterator<Item = &'l mut Option<Vec<TaxDetail>>>) {
    for details in lines {
        details.get_or_insert_default();
    }
}

impl Account {
    /// What a line's tax details call it.
    pub(super) fn tax_reference(&self, fields: &Value) -> ApiResult<Option<String>> {
        if self.preferences.suite_tax { body::text(fields, "taxDetailsReference") } else { Ok(None) }
    }

    /// `taxDetailsOverride` and `taxDetails` of a body. Every detail must speak of one of the `references`.
    pub(super) fn tax_override(&self, fields: &Value, references: &[Option<String>]) -> ApiResult<Told> {
        if !self.preferences.suite_tax {
            return Ok(Told::Nothing);
        }
        let rows = body::lines(fields, "taxDetails")?;
        match body::boolean(fields, "taxDetailsOverride", "taxDetailsOverride")? {
            Some(true) => {}
            Some(false) => return Ok(Told::Computed),
            None if rows.is_some() => return Err(ApiError::content("Tax details can be set only with taxDetailsOverride.", "taxDetails")),
            None => return Ok(Told::Nothing),
        }
        let mut known: Vec<&str> = references.iter().filter_map(Option::as_deref).collect();
        known.sort_unstable();
        if let Some(twice) = known.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(ApiError::field_value(twice[0], "taxDetailsReference", "item"));
        }
        let mut details: BTreeMap<String, Vec<TaxDetail>> = BTreeMap::new();
        for (place, row) in rows.into_iter().flatten().enumerate() {
            let (reference, detail) = self.tax_detail(row, place)?;
            if reference != SHIPPING && !known.contains(&reference.as_str()) {
                let path = format!("taxDetails.items[{place}].taxDetailsReference");
                return Err(ApiError::field_value(&reference, "taxDetailsReference", path));
            }
            details.entry(reference).or_default().push(detail);
        }
        Ok(Told::As(Override(details)))
    }

    fn tax_detail(&self, row: &Value, place: usize) -> ApiResult<(String, TaxDetail)> {
        let path = |field: &str| format!("taxDetails.items[{place}].{field}");
        let missing = |label: &str| ApiError::user(format!("Please enter value(s) for: {label}"));
        let given = |field: &str, label: &str| body::decimal(row, field, &path(field))?.ok_or_else(|| missing(label));
        let reference = body::text(row, "taxDetailsReference")?.ok_or_else(|| missing("Tax Details Reference"))?;
        let tax_type = body::id(row, "taxType", &path("taxType"))?.ok_or_else(|| missing("Tax Type"))?;
        if tax_type != self.tax_type.id {
            return Err(ApiError::field_value(&tax_type.to_string(), "taxType", path("taxType")));
        }
        let tax_code = body::id(row, "taxCode", &path("taxCode"))?.ok_or_else(|| missing("Tax Code"))?;
        if ![&self.tax_code, &self.no_tax_code].iter().any(|code| code.id == tax_code) {
            return Err(ApiError::field_value(&tax_code.to_string(), "taxCode", path("taxCode")));
        }
        let (basis, rate) = (given("taxBasis", "Tax Basis")?, given("taxRate", "Tax Rate")?);
        let amount = number::round(given("taxAmount", "Tax Amount")?, 2);
        Ok((reference, TaxDetail { tax_type, tax_code, basis, rate, amount }))
    }
}
