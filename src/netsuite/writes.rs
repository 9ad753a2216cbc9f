//! Making and changing records. Each record that is made carries our key, so that a request whose fate is unknown can be
//! looked up before it is sent again.

use http::Method;
use serde_json::Value;

use super::client::Client;
use super::error::{NetSuiteError, Refusal};
use super::transport::{Answer, Call};
use super::wire::body::{self, Body, Unsendable};
use crate::domain::ids::RecordId;
use crate::domain::requests::{BillRequest, FulfilmentRequest, PaymentRequest, SaleIdRequest, VarianceRequest};

/// A field that not every account has. Where NetSuite's refusal names it, the request is sent once more without it, or
/// with its other name: a refused request had no effect.
pub(super) struct Adaptation {
    field: &'static str,
    other: Option<&'static str>,
    /// Only where the field is not known at all; a wrong value is the mapping's fault and is shown.
    unknown_only: bool,
}

/// With Pick, Pack and Ship off there is no such field.
const SHIP_STATUS: Adaptation = Adaptation { field: "shipStatus", other: None, unknown_only: false };
/// With Payment Instruments on the same choice is called otherwise.
pub(super) const PAYMENT_METHOD: Adaptation = Adaptation { field: "paymentMethod", other: Some("paymentOption"), unknown_only: true };
/// A customer is worth more than a telephone number that NetSuite finds too short.
pub(super) const PHONE: Adaptation = Adaptation { field: "phone", other: None, unknown_only: false };
/// Where the form hides it, the payment method says where the money goes.
pub(super) const UNDEPOSITED: Adaptation = Adaptation { field: "undepFunds", other: None, unknown_only: false };

impl Client {
    /// Makes an item fulfilment from a sales order, posted as shipped.
    pub async fn fulfil(&self, request: &FulfilmentRequest) -> Result<RecordId, NetSuiteError> {
        let body = body::fulfilment(request).map_err(NetSuiteError::Unsendable)?;
        let path = transform(&request.order, "itemFulfillment")?;
        self.write("fulfil", Method::POST, path, body, &[SHIP_STATUS]).await?.made()
    }

    /// Makes an invoice from a sales order.
    pub async fn invoice(&self, request: &BillRequest) -> Result<RecordId, NetSuiteError> {
        let body = body::bill(request, false).map_err(NetSuiteError::Unsendable)?;
        self.write("invoice", Method::POST, transform(&request.order, "invoice")?, body, &[]).await?.made()
    }

    /// Makes a cash sale from a sales order.
    pub async fn cash_sale(&self, request: &BillRequest) -> Result<RecordId, NetSuiteError> {
        let body = body::bill(request, true).map_err(NetSuiteError::Unsendable)?;
        let path = transform(&request.order, "cashSale")?;
        self.write("cash_sale", Method::POST, path, body, &[PAYMENT_METHOD, UNDEPOSITED]).await?.made()
    }

    /// Makes a customer's payment and applies it to its invoice.
    pub async fn pay(&self, request: &PaymentRequest) -> Result<RecordId, NetSuiteError> {
        let body = body::payment(request).map_err(NetSuiteError::Unsendable)?;
        let path = "/record/v1/customerPayment".to_owned();
        self.write("pay", Method::POST, path, body, &[PAYMENT_METHOD, UNDEPOSITED]).await?.made()
    }

    /// Adds a line that takes up a difference to a bill. It has no key: read the bill back before sending it again.
    pub async fn add_variance(&self, request: &VarianceRequest) -> Result<(), NetSuiteError> {
        let body = body::variance(request).map_err(NetSuiteError::Unsendable)?;
        let path = record(request.record.word(), &request.bill)?;
        self.write("add_variance", Method::PATCH, path, body, &[]).await.map(drop)
    }

    /// Writes the sale's id to the sales order's field.
    pub async fn write_field(&self, request: &SaleIdRequest) -> Result<(), NetSuiteError> {
        let field = body::field(&request.field).map_err(NetSuiteError::Unsendable)?;
        if !field.starts_with("custbody") {
            return Err(NetSuiteError::Unsendable(Unsendable::Field(request.field.clone())));
        }
        let body = [(field, request.sale.as_str().into())].into_iter().collect();
        self.write("write_field", Method::PATCH, record("salesOrder", &request.order)?, body, &[]).await.map(drop)
    }

    pub(super) async fn write(
        &self,
        operation: &'static str,
        method: Method,
        path: String,
        body: Body,
        adaptations: &[Adaptation],
    ) -> Result<Answer, NetSuiteError> {
        let mut body = Value::Object(body);
        let mut adaptations: Vec<&Adaptation> = adaptations.iter().collect();
        loop {
            let call = Call::write(operation, method.clone(), path.clone(), &body);
            let error = match self.transport().send(&call).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let fits = |refusal: &Refusal| adaptations.iter().position(|adaptation| adaptation.fits(refusal));
            let Some(found) = error.refusal().and_then(fits) else { return Err(error) };
            let adaptation = adaptations.swap_remove(found);
            tracing::info!(netsuite.operation = operation, netsuite.field = adaptation.field, "the account lacks a field: sending without");
            if !adaptation.apply(&mut body) {
                return Err(error);
            }
        }
    }
}

impl Adaptation {
    fn fits(&self, refusal: &Refusal) -> bool {
        refusal.status == 400 && refusal.names(self.field) && !(self.unknown_only && refusal.is_about_a_value())
    }

    /// Changes the body; false where it did not have the field.
    fn apply(&self, body: &mut Value) -> bool {
        let Some(fields) = body.as_object_mut() else { return false };
        let Some(value) = fields.remove(self.field) else { return false };
        if let Some(other) = self.other {
            fields.insert(other.to_owned(), value);
        }
        true
    }
}

fn transform(order: &RecordId, target: &str) -> Result<String, NetSuiteError> {
    transform_of("salesOrder", order, target)
}

pub(super) fn transform_of(word: &str, source: &RecordId, target: &str) -> Result<String, NetSuiteError> {
    // The exclamation mark is sent as it is; OAuth 1.0a encodes it in the signature only.
    Ok(format!("{}/!transform/{target}", record(word, source)?))
}

pub(super) fn record(word: &str, id: &RecordId) -> Result<String, NetSuiteError> {
    let id = body::internal_id(id.as_str()).map_err(NetSuiteError::Unsendable)?;
    Ok(format!("/record/v1/{word}/{id}"))
}
