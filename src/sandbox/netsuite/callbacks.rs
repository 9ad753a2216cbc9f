//! What the account's user event scripts post when a record is saved.

use bytes::Bytes;
use serde_json::json;

use super::account::{Context, Event};
use crate::sandbox::config::WebhookTarget;
use crate::sandbox::courier::{Parcel, Signing};

/// The callback for an event. `number` makes its id one of a kind; a retry keeps it.
pub(super) fn parcel(event: &Event, account_id: &str, number: u64, target: &WebhookTarget) -> Parcel {
    let modified = event.modified.to_string();
    let context = match event.context {
        Context::UserInterface => "USERINTERFACE",
        Context::RestWebServices => "RESTWEBSERVICES",
    };
    let body = json!({
        "type": format!("{}.{}", event.record, event.name),
        "timestamp": modified,
        "data": {
            "account_id": account_id,
            "record_type": event.record,
            "record_id": event.id.to_string(),
            "tran_id": event.tran_id,
            "event": event.name,
            "execution_context": context,
            "user_id": "12",
            "created_from": event.created_from.map(|id| id.to_string()),
            "last_modified": modified,
        },
    });
    Parcel {
        url: target.url.clone(),
        content_type: "application/json",
        body: Bytes::from(body.to_string()),
        signing: Signing::StandardWebhooks {
            id: format!("{}-{}-{}-{number}", event.record, event.id, event.name),
            secret: target.secret.clone(),
        },
    }
}
