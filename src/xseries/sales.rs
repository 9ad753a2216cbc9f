//! Sales, and what is known of how they were handed over.

use std::time::Duration;

use http::Method;
use jiff::Timestamp;

use super::client::{Call, Client};
use super::error::XSeriesError;
use super::reference::{Fulfillment, OfSale, SerialNumber};
use super::wire::sale::{parse_page, unwrap_sale};
use super::wire::value::rows;
use super::wire::{SalesPage, WireError, parse_sale, reference, sale_request};
use crate::domain::ids::SaleId;
use crate::domain::requests::SaleRequest;
use crate::domain::sale::Sale;

/// Rows on a page of fulfilments: the most that X-Series gives.
const FULFILLMENTS: usize = 100;
/// How late sales of an offline register are looked for.
const LATE: Duration = Duration::from_hours(7 * 24);
/// How many sales tell where the feed begins.
const FIRST_SALES: usize = 100;
/// Pages of fulfilments of one sale.
const PAGES: usize = 20;

impl Client {
    /// A sale as it is now. None where X-Series has no such sale: 404, or a success with nothing in it.
    pub async fn sale(&self, id: &SaleId) -> Result<Option<Sale>, XSeriesError> {
        let operation = "read the sale";
        let Some(body) = self.find(Call::get(operation, &["sales", id.as_str()], &[])).await? else { return Ok(None) };
        if unwrap_sale(&body).is_none() {
            return Ok(None);
        }
        let sale = parse_sale(&body).and_then(|sale| {
            let same = sale.id.as_str().eq_ignore_ascii_case(id.as_str());
            if same { Ok(sale) } else { Err(WireError::unexpected("/id", &sale.id.as_str().into(), "the id that was asked for")) }
        });
        sale.map(Some).map_err(|source| XSeriesError::Wire { operation, source })
    }

    /// Makes a sale under its own id. What the answer holds differs between versions and is not needed: the sale is read back.
    pub async fn create_sale(&self, request: &SaleRequest) -> Result<(), XSeriesError> {
        let body = sale_request::create_body(request);
        self.call(Call::write("create the sale", Method::POST, &["sales"], &body)).await.map(drop)
    }

    /// Replaces a sale with what the request holds: lines and payments that it leaves out are deleted.
    pub async fn update_sale(&self, request: &SaleRequest) -> Result<(), XSeriesError> {
        let body = sale_request::update_body(request);
        self.call(Call::write("change the sale", Method::PUT, &["sales", request.id.as_str()], &body)).await.map(drop)
    }

    /// A page of the sales that changed after a version, by rising version. Short pages are normal: only an empty one is the
    /// last.
    pub async fn sales_after(&self, version: i64, page_size: u32) -> Result<SalesPage, XSeriesError> {
        let operation = "list changed sales";
        let query = [("after", version.to_string()), ("page_size", page_size.to_string())];
        let body = self.call(Call::get(operation, &["sales"], &query)).await?;
        parse_page(&body).map_err(|source| XSeriesError::Wire { operation, source })
    }

    /// The lowest version among the first sales since a time; none where there are none. The feed begins with the retailer's
    /// first sale ever, and this is how to begin later.
    ///
    /// A register that was offline posts days late, so that the look reaches some days further back. A sale that changed
    /// since has a high version, so that one alone does not tell.
    pub async fn version_since(&self, from: Timestamp) -> Result<Option<i64>, XSeriesError> {
        let operation = "find where the feed begins";
        let from = from.checked_sub(LATE).unwrap_or(from).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let query = [
            ("type", "sales".to_owned()),
            ("date_from", from),
            ("order_direction", "asc".to_owned()),
            ("page_size", FIRST_SALES.to_string()),
        ];
        let Some(body) = self.find(Call::get(operation, &["search"], &query)).await? else { return Ok(None) };
        let page = parse_page(&body).map_err(|source| XSeriesError::Wire { operation, source })?;
        Ok(page.sales.iter().filter_map(|sale| sale.version).min())
    }

    /// The serial numbers that went out with a sale: they are not on its lines.
    pub async fn serial_numbers(&self, sale_id: &SaleId) -> Result<Vec<SerialNumber>, XSeriesError> {
        let filter = [("sale_id", sale_id.to_string())];
        let found = self.all("list serial numbers", "serialnumbers", &filter, reference::serial_number).await;
        // Rows of other sales, and numbers that are still on the shelf, mean that the filter was not understood.
        let of_sale = |found: &OfSale<SerialNumber>| match &found.sale_id {
            Some(of) => of == sale_id,
            None => found.row.line_item_id.is_some(),
        };
        Ok(absent_is_empty(found)?.into_iter().filter(of_sale).map(|found| found.row).collect())
    }

    /// What was handed over of a sale, by outlet and by way. No webhook tells of it.
    pub async fn fulfillments(&self, sale_id: &SaleId) -> Result<Vec<Fulfillment>, XSeriesError> {
        let operation = "list fulfilments";
        let wire = |source| XSeriesError::Wire { operation, source };
        let mut found: Vec<Fulfillment> = Vec::new();
        for page in 1..=PAGES {
            let query = [("sale_id", sale_id.to_string()), ("page_number", page.to_string()), ("page_size", FULFILLMENTS.to_string())];
            let Some(body) = self.find(Call::get(operation, &["fulfillments"], &query)).await? else { return Ok(found) };
            let page = rows(&body, "fulfillments").map_err(wire)?;
            let mut fresh = false;
            for row in page {
                let read = reference::fulfillment(row).map_err(wire)?;
                // A row of another sale means that the filter was not understood.
                if read.sale_id.as_ref().is_none_or(|of| of == sale_id) && found.iter().all(|known| known.id != read.row.id) {
                    found.push(read.row);
                    fresh = true;
                }
            }
            // A sale has a handful of them, so that a page without a new one ends the list.
            if !fresh {
                return Ok(found);
            }
        }
        Err(XSeriesError::Endless { operation })
    }
}

/// A list that the retailer's plan does not have is empty.
fn absent_is_empty<T>(found: Result<Vec<T>, XSeriesError>) -> Result<Vec<T>, XSeriesError> {
    match found {
        Err(XSeriesError::Status { status: 404, .. }) => Ok(Vec::new()),
        found => found,
    }
}
