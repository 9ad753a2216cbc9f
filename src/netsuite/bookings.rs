//! Making the records of a sale that was made at the till. Each carries our key, as those of [`super::writes`] do.

use http::Method;
use serde_json::Value;

use super::client::Client;
use super::error::{NetSuiteError, Refusal};
use super::transport::Call;
use super::wire::body::{Body, Unsendable};
use super::wire::bookings;
use super::writes::{PAYMENT_METHOD, PHONE, UNDEPOSITED, record, transform_of};
use crate::domain::bookings::{
    DepositApplicationRequest, DepositRequest, ErpCustomerRequest, OrderChange, RecordRequest, RefundRequest, TransformRequest,
};
use crate::domain::ids::RecordId;

/// The fields of a tax that is written and not computed.
const TAX_FIELDS: [&str; 3] = ["taxDetailsOverride", "taxDetails", "taxDetailsReference"];

impl Client {
    /// Makes a record with lines of its own.
    pub async fn book(&self, request: &RecordRequest) -> Result<RecordId, NetSuiteError> {
        let body = sendable(bookings::record(request))?;
        let path = format!("/record/v1/{}", request.record.word());
        let made = self.write("book", Method::POST, path, body, &[PAYMENT_METHOD, UNDEPOSITED]).await;
        made.map_err(|error| if request.tax_override { about_tax(error) } else { error })?.made()
    }

    /// Makes a record from another one.
    pub async fn transform_record(&self, request: &TransformRequest) -> Result<RecordId, NetSuiteError> {
        let body = sendable(bookings::transform(request))?;
        let path = transform_of(request.from.word(), &request.source, request.record.word())?;
        self.write("transform_record", Method::POST, path, body, &[PAYMENT_METHOD]).await?.made()
    }

    /// Changes the lines of a sales order. It has no key: read the order again before sending it again.
    pub async fn change_order(&self, change: &OrderChange) -> Result<(), NetSuiteError> {
        let body = sendable(bookings::order_change(change))?;
        let body = Value::Object(body);
        let mut call = Call::write("change_order", Method::PATCH, record("salesOrder", &change.order)?, &body);
        // Tax details have no key, so that those of before would stay beside the new ones.
        if !change.taxes.is_empty() {
            call.query.push(("replace", "taxDetails".to_owned()));
        }
        let changed = self.transport().send(&call).await;
        changed.map(drop).map_err(|error| if change.taxes.is_empty() { error } else { about_tax(error) })
    }

    /// Makes a customer.
    pub async fn create_customer(&self, request: &ErpCustomerRequest) -> Result<RecordId, NetSuiteError> {
        let body = sendable(bookings::customer(request))?;
        self.write("create_customer", Method::POST, "/record/v1/customer".to_owned(), body, &[PHONE]).await?.made()
    }

    /// Makes a customer's deposit on a sales order.
    pub async fn deposit(&self, request: &DepositRequest) -> Result<RecordId, NetSuiteError> {
        let body = sendable(bookings::deposit(request))?;
        let path = "/record/v1/customerDeposit".to_owned();
        self.write("deposit", Method::POST, path, body, &[PAYMENT_METHOD, UNDEPOSITED]).await?.made()
    }

    /// Applies a deposit to an invoice.
    pub async fn apply_deposit(&self, request: &DepositApplicationRequest) -> Result<RecordId, NetSuiteError> {
        let body = sendable(bookings::deposit_application(request))?;
        let path = transform_of("customerDeposit", &request.deposit, "depositApplication")?;
        self.write("apply_deposit", Method::POST, path, body, &[]).await?.made()
    }

    /// Gives money back for a credit memo.
    pub async fn refund(&self, request: &RefundRequest) -> Result<RecordId, NetSuiteError> {
        let body = sendable(bookings::refund(request))?;
        let path = "/record/v1/customerRefund".to_owned();
        self.write("refund", Method::POST, path, body, &[PAYMENT_METHOD]).await?.made()
    }
}

fn sendable(body: Result<Body, Unsendable>) -> Result<Body, NetSuiteError> {
    body.map_err(NetSuiteError::Unsendable)
}

/// A tax field that is not known is an account on legacy tax; one that is not taken as it is stays what it is.
fn about_tax(error: NetSuiteError) -> NetSuiteError {
    let unknown =
        |refusal: &Refusal| refusal.status == 400 && !refusal.is_about_a_value() && TAX_FIELDS.iter().any(|field| refusal.names(field));
    match error {
        NetSuiteError::Refused(refusal) if unknown(&refusal) => NetSuiteError::NoTaxOverride(refusal),
        error => error,
    }
}
