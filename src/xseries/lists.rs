//! The lists that change seldom, and the webhook subscriptions.

use std::collections::HashSet;

use http::Method;
use serde_json::{Value, json};

use super::client::{Call, Client};
use super::error::XSeriesError;
use super::reference::Webhook;
use super::wire::value::{int, is_deleted, rows, text};
use super::wire::{WireError, reference};
use crate::domain::reference::{Outlet, PaymentType, Register, Retailer, TaxGroup, User};

/// Pages of one list; a list that goes on beyond them does not end.
const PAGES: usize = 200;
/// Rows asked for on a page.
const PAGE_SIZE: u32 = 500;

impl Client {
    /// Every outlet.
    pub async fn outlets(&self) -> Result<Vec<Outlet>, XSeriesError> {
        self.all("list outlets", "outlets", &[], reference::outlet).await
    }

    /// Every register.
    pub async fn registers(&self) -> Result<Vec<Register>, XSeriesError> {
        self.all("list registers", "registers", &[], reference::register).await
    }

    /// Every payment type, X-Series' internal ones left out by itself.
    pub async fn payment_types(&self) -> Result<Vec<PaymentType>, XSeriesError> {
        self.all("list payment types", "payment_types", &[], reference::payment_type).await
    }

    /// Every tax group.
    pub async fn taxes(&self) -> Result<Vec<TaxGroup>, XSeriesError> {
        self.all("list taxes", "taxes", &[], reference::tax_group).await
    }

    /// Every user.
    pub async fn users(&self) -> Result<Vec<User>, XSeriesError> {
        self.all("list users", "users", &[], reference::user).await
    }

    /// The retailer. Nothing is known of one that the API version does not show; what needs more of it says so.
    pub async fn retailer(&self) -> Result<Retailer, XSeriesError> {
        let operation = "read the retailer";
        let Some(body) = self.find(Call::get(operation, &["retailer"], &[])).await? else { return Ok(Retailer::default()) };
        reference::retailer(&body).map_err(|source| XSeriesError::Wire { operation, source })
    }

    /// The subscriptions that this application made.
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, XSeriesError> {
        let operation = "list webhooks";
        let body = self.call(Call::get(operation, &["webhooks"], &[])).await?;
        reference::webhooks(&body).map_err(|source| XSeriesError::Wire { operation, source })
    }

    /// Subscribes an address to a type of event. One that is there already is as good.
    pub async fn create_webhook(&self, kind: &str, url: &str) -> Result<(), XSeriesError> {
        let body = json!({"active": true, "type": kind, "url": url});
        match self.call(Call::write("create the webhook", Method::POST, &["webhooks"], &body)).await {
            Err(XSeriesError::Status { status: 409, .. }) => Ok(()),
            answer => answer.map(drop),
        }
    }

    /// Changes a subscription: switches it on again, or points it elsewhere.
    pub async fn update_webhook(&self, id: &str, kind: &str, url: &str, active: bool) -> Result<(), XSeriesError> {
        let body = json!({"active": active, "type": kind, "url": url});
        self.call(Call::write("change the webhook", Method::PUT, &["webhooks", id], &body)).await.map(drop)
    }

    /// Every row of a list that is paged by version, deleted ones left out. It ends on an empty page, or on one that brings
    /// nothing new, as a server that does not page does.
    pub(super) async fn all<T>(
        &self,
        operation: &'static str,
        name: &str,
        filter: &[(&str, String)],
        read: impl Fn(&Value) -> Result<T, WireError>,
    ) -> Result<Vec<T>, XSeriesError> {
        let wire = |source| XSeriesError::Wire { operation, source };
        let (mut found, mut seen, mut after) = (Vec::new(), HashSet::new(), None);
        for _ in 0..PAGES {
            let mut query = filter.to_vec();
            query.push(("page_size", PAGE_SIZE.to_string()));
            query.extend(after.map(|version: i64| ("after", version.to_string())));
            let body = self.call(Call::get(operation, &[name], &query)).await?;
            let page = rows(&body, name).map_err(wire)?;
            let mut fresh = false;
            for (place, row) in page.iter().enumerate() {
                let new = text(row, &["/id"]).is_none_or(|id| seen.insert(id));
                fresh |= new;
                if new && !is_deleted(row) {
                    found.push(read(row).map_err(|error| wire(error.within(&format!("/data/{place}"))))?);
                }
            }
            let last = int(&body, &["/version/max"]).or_else(|| page.iter().filter_map(|row| int(row, &["/version"])).max());
            match last.filter(|last| fresh && after.is_none_or(|after| *last > after)) {
                Some(last) => after = Some(last),
                None => return Ok(found),
            }
        }
        Err(XSeriesError::Endless { operation })
    }
}
