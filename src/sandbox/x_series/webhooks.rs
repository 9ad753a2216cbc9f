//! Subscriptions, and the form posts that they bring.

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::errors::{Outcome, Refusal};
use super::retailer::{Retailer, Subscription};
use super::sale::Sale;
use crate::sandbox::courier::{Parcel, SignatureEncoding, Signing};

const TYPES: [&str; 7] = [
    "sale.update",
    "product.update",
    "customer.update",
    "inventory.update",
    "register_closure.create",
    "consignment.send",
    "consignment.receive",
];
/// What `application/x-www-form-urlencoded` leaves as it is.
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_');

impl Subscription {
    fn show(&self, retailer: Uuid) -> Value {
        json!({ "id": self.id, "retailer_id": retailer, "type": self.kind, "url": self.url, "active": self.active })
    }
}

/// A subscription as it is asked for: all three fields, and no others.
fn wanted(body: &Value) -> Outcome<(String, String, bool)> {
    let fields = body.as_object().ok_or_else(|| Refusal::Malformed("a webhook is a JSON object".to_owned()))?;
    if let Some(name) = fields.keys().find(|name| !["active", "type", "url"].contains(&name.as_str())) {
        return Err(Refusal::unprocessable(format!("{name}: there is no such field")));
    }
    let (Some(kind), Some(url), Some(active)) = (body["type"].as_str(), body["url"].as_str(), body["active"].as_bool()) else {
        return Err(Refusal::unprocessable("active, type and url are required"));
    };
    if !TYPES.contains(&kind) || url.len() < 3 {
        return Err(Refusal::unprocessable("type or url is not valid"));
    }
    Ok((kind.to_owned(), url.to_owned(), active))
}

impl Retailer {
    pub(super) fn list_webhooks(&self) -> Vec<Value> {
        self.subscriptions.iter().map(|subscription| subscription.show(self.id)).collect()
    }

    pub(super) fn create_webhook(&mut self, body: &Value) -> Outcome<Value> {
        let (kind, url, active) = wanted(body)?;
        if self.subscriptions.iter().any(|known| known.kind == kind && known.url == url) {
            return Err(Refusal::conflict("A webhook of this type with this url already exists"));
        }
        let subscription = Subscription { id: self.new_id(), kind, url, active };
        let shown = subscription.show(self.id);
        self.subscriptions.push(subscription);
        Ok(shown)
    }

    pub(super) fn update_webhook(&mut self, id: Uuid, body: &Value) -> Outcome<Value> {
        let (kind, url, active) = wanted(body)?;
        let retailer = self.id;
        let known = self.subscriptions.iter_mut().find(|known| known.id == id).ok_or(Refusal::NotFound("Webhook"))?;
        *known = Subscription { id, kind, url, active };
        Ok(known.show(retailer))
    }

    pub(super) fn show_webhook(&self, id: Uuid) -> Outcome<Value> {
        let known = self.subscriptions.iter().find(|known| known.id == id).ok_or(Refusal::NotFound("Webhook"))?;
        Ok(known.show(self.id))
    }

    pub(super) fn delete_webhook(&mut self, id: Uuid) -> Outcome<()> {
        let before = self.subscriptions.len();
        self.subscriptions.retain(|known| known.id != id);
        if self.subscriptions.len() < before { Ok(()) } else { Err(Refusal::NotFound("Webhook")) }
    }

    /// The form for a changed sale.
    pub(super) fn sale_form(&self, sale: &Sale) -> Bytes {
        let encode = |text: &str| utf8_percent_encode(text, FORM).to_string().replace("%20", "+");
        let payload = self.payload(sale).to_string();
        Bytes::from(format!("payload={}&type=sale.update&domain_prefix={}&environment=prod", encode(&payload), encode(&self.domain_prefix)))
    }

    /// Where changed sales are posted.
    pub(super) fn sale_targets(&self) -> Vec<String> {
        self.subscriptions.iter().filter(|known| known.active && known.kind == "sale.update").map(|known| known.url.clone()).collect()
    }
}

pub(super) fn parcel(url: String, body: Bytes, secret: &str, encoding: SignatureEncoding) -> Parcel {
    let signing = if secret.is_empty() { Signing::Unsigned } else { Signing::XSignature { secret: secret.to_owned(), encoding } };
    Parcel { url, content_type: "application/x-www-form-urlencoded", body, signing }
}
