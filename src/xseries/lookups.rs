//! Products and customers, found one at a time.

use http::Method;
use serde_json::Value;

use super::client::{Call, Client};
use super::error::XSeriesError;
use super::reference::Candidate;
use super::wire::value::{id, is_deleted, record, rows};
use super::wire::{WireError, customer_request, reference};
use crate::domain::reference::{Product, TillCustomer};
use crate::domain::requests::CustomerRequest;

impl Client {
    /// The active products of a SKU, in any case; by their further codes where no SKU is equal. X-Series does not promise
    /// that there is only one.
    pub async fn products_by_sku(&self, sku: &str) -> Result<Vec<Product>, XSeriesError> {
        let operation = "find the product";
        let wire = |source| XSeriesError::Wire { operation, source };
        let sku = sku.trim();
        if sku.is_empty() {
            return Ok(Vec::new());
        }
        let query = [("sku", sku.to_owned())];
        if let Some(body) = self.find(Call::get(operation, &["products"], &query)).await? {
            let found = with_sku(live(&body, "products", reference::candidate).map_err(wire)?, sku);
            if !found.is_empty() {
                return Ok(found);
            }
        }
        // The list may know no such filter, or heed the case. The search index does not, and wants lower case.
        let query = [("type", "products".to_owned()), ("sku", sku.to_lowercase())];
        match self.find(Call::get(operation, &["search"], &query)).await? {
            Some(body) => Ok(with_sku(live(&body, "products", reference::candidate).map_err(wire)?, sku)),
            None => Ok(Vec::new()),
        }
    }

    /// A product; none where it is not there. Inactive and deleted ones are given, as sales may name them.
    pub async fn product(&self, id: &str) -> Result<Option<Product>, XSeriesError> {
        self.one("read the product", &["products", id], reference::product).await
    }

    /// The customers of an e-mail address, in any case.
    pub async fn customers_by_email(&self, email: &str) -> Result<Vec<TillCustomer>, XSeriesError> {
        self.customers("email", email, |customer| customer.email.as_deref()).await
    }

    /// The customers of a customer code, in any case.
    pub async fn customers_by_code(&self, code: &str) -> Result<Vec<TillCustomer>, XSeriesError> {
        self.customers("customer_code", code, |customer| customer.code.as_deref()).await
    }

    /// A customer; none where they are not there.
    pub async fn customer(&self, id: &str) -> Result<Option<TillCustomer>, XSeriesError> {
        self.one("read the customer", &["customers", id], reference::customer).await
    }

    /// Makes a customer; returns their id.
    pub async fn create_customer(&self, request: &CustomerRequest) -> Result<String, XSeriesError> {
        let operation = "create the customer";
        let body = customer_request::body(request);
        let answer = self.call(Call::write(operation, Method::POST, &["customers"], &body)).await?;
        // The customer, or only their id.
        let made = id(&answer, &["/data/id", "/data", "/customer/id", "/id", ""]);
        made.ok_or_else(|| XSeriesError::Wire { operation, source: WireError::missing("/data/id") })
    }

    /// The search index lags behind what was just written, so that it never proves that something is not there.
    async fn customers(
        &self,
        field: &str,
        wanted: &str,
        of: impl for<'c> Fn(&'c TillCustomer) -> Option<&'c str>,
    ) -> Result<Vec<TillCustomer>, XSeriesError> {
        let operation = "find the customer";
        let wanted = wanted.trim();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let query = [("type", "customers".to_owned()), (field, wanted.to_owned())];
        let found = match self.find(Call::get(operation, &["search"], &query)).await? {
            Some(body) => live(&body, "customers", reference::customer).map_err(|source| XSeriesError::Wire { operation, source })?,
            None => self.all(operation, "customers", &[], reference::customer).await?,
        };
        Ok(found.into_iter().filter(|customer| of(customer).is_some_and(|value| same(value, wanted))).collect())
    }

    async fn one<T>(
        &self,
        operation: &'static str,
        path: &[&str],
        read: impl Fn(&Value) -> Result<T, WireError>,
    ) -> Result<Option<T>, XSeriesError> {
        let Some(body) = self.find(Call::get(operation, path, &[])).await? else { return Ok(None) };
        record(&body).map(read).transpose().map_err(|source| XSeriesError::Wire { operation, source })
    }
}

fn same(left: &str, right: &str) -> bool {
    left.trim().to_lowercase() == right.trim().to_lowercase()
}

/// The rows that are not deleted.
fn live<T>(body: &Value, name: &str, read: impl Fn(&Value) -> Result<T, WireError>) -> Result<Vec<T>, WireError> {
    rows(body, name)?.iter().filter(|row| !is_deleted(row)).map(read).collect()
}

fn with_sku(found: Vec<Candidate>, sku: &str) -> Vec<Product> {
    let active = found.into_iter().filter(|found| found.active);
    let (by_sku, others): (Vec<_>, Vec<_>) = active.partition(|found| found.product.sku.as_deref().is_some_and(|own| same(own, sku)));
    let by_code = others.into_iter().filter(|found| found.codes.iter().any(|code| same(code, sku)));
    let right = if by_sku.is_empty() { by_code.collect() } else { by_sku };
    right.into_iter().map(|found| found.product).collect()
}
