//! The browser's way to the first X-Series tokens, over the connections' clients.

use std::pin::Pin;
use std::sync::Arc;

use crate::domain::ids::ConnectionId;
use crate::engine::Side;
use crate::http::Onboarding;

/// The connections that may be connected.
#[derive(Debug)]
pub struct Browser(pub Vec<Arc<Side>>);

impl Browser {
    fn side(&self, connection: &ConnectionId) -> Result<&Side, String> {
        let found = self.0.iter().find(|side| side.id == *connection);
        found.map(AsRef::as_ref).ok_or_else(|| format!("there is no connection {connection}"))
    }
}

impl Onboarding for Browser {
    fn authorize_url(&self, connection: &ConnectionId, state: &str, redirect_uri: &str) -> Result<String, String> {
        self.side(connection)?.x_series.authorize_url(state, redirect_uri).map_err(|error| error.to_string())
    }

    fn exchange<'a>(
        &'a self,
        connection: &'a ConnectionId,
        code: &'a str,
        redirect_uri: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        Box::pin(async move { self.side(connection)?.x_series.exchange_code(code, redirect_uri).await.map_err(|error| error.to_string()) })
    }
}
