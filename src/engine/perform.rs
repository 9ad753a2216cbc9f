//! Sends one call: the intent is durable before it leaves, and its answer is settled in one exhaustive match.

use super::lookup::{Found, look_up};
use super::patience::{Classified, write};
use super::{Engine, PassError, Side};
use crate::causes::in_one_line;
use crate::domain::bookings::ErpCustomerRequest;
use crate::domain::call::{Call, Request};
use crate::domain::failure::FailureClass;
use crate::domain::verdict::Reason;
use crate::store::{Begun, CallOutcome, CallRow, CallState, Claimed, NewCall, StoreError, Written};

/// What came of a call.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Performed {
    /// It is done.
    Done,
    /// It had no effect, or its fate is unknown; what that means for the order.
    Failed { class: FailureClass, detail: String },
    /// Another order has a call with this key under way.
    Elsewhere,
}

impl Engine {
    /// Begins, sends and settles a call.
    pub(super) async fn perform(&self, side: &Side, claimed: &Claimed, call: &Call) -> Result<Performed, PassError> {
        let request = serde_json::to_value(&call.request).map_err(PassError::Request)?;
        let new = NewCall { kind: call.request.kind(), key: call.key.clone(), request };
        let row = match self.store.begin_call(claimed, new).await {
            Ok(Begun::Now(row)) => row,
            Ok(Begun::Before(row)) if row.state == CallState::Done => return Ok(Performed::Done),
            // It may be under way: the next pass looks it up first.
            Ok(Begun::Before(_)) => {
                let detail = format!("{} was begun before, and what became of it is not known yet.", call.key);
                return Ok(Performed::Failed { class: FailureClass::InDoubt, detail });
            }
            Ok(Begun::LeaseLost) => return Err(PassError::LeaseLost),
            Err(StoreError::KeyTaken { .. }) => return Ok(Performed::Elsewhere),
            Err(error) => return Err(error.into()),
        };
        match write(&self.clock, || send(side, &call.request)).await {
            Ok(remote_id) => {
                self.done(side, claimed, &row, &call.request, remote_id, None).await?;
                Ok(Performed::Done)
            }
            Err(error) => self.refused(side, claimed, &row, call, error).await,
        }
    }

    /// What an unanswered or refused call leaves behind.
    async fn refused(&self, side: &Side, claimed: &Claimed, row: &CallRow, call: &Call, error: SendError) -> Result<Performed, PassError> {
        let (http_status, detail) = (error.status(), in_one_line(&error));
        let class = match (error.class(true), &call.request) {
            // The sale moved on while it was being written: read again and decide again.
            (FailureClass::Duplicate, Request::UpdateSale(_) | Request::VoidSale(_)) => FailureClass::Conflict,
            (class, _) => class,
        };
        tracing::info!(order.id = %claimed.lease.order_id, call.kind = call.request.kind().word(), call.key, ?class, "a call did not succeed: {detail}");
        let state = match class {
            FailureClass::InDoubt => CallState::InDoubt,
            FailureClass::Transient { .. }
            | FailureClass::Throttled { .. }
            | FailureClass::Duplicate
            | FailureClass::Conflict
            | FailureClass::Refused(_) => CallState::Failed,
        };
        if class == FailureClass::Duplicate
            && let Found::Yes(remote_id) = look_up(side, &self.clock, &call.key, &call.request).await?
        {
            self.done(side, claimed, row, &call.request, remote_id, http_status).await?;
            return Ok(Performed::Done);
        }
        let outcome = CallOutcome { state, http_status, answer: Some(detail.clone()), remote_id: None };
        kept(self.store.settle_call(&claimed.lease, &row.id, outcome).await?)?;
        Ok(match (class, &call.request) {
            // Somebody else has the customer's name: a person says who the customer is.
            (FailureClass::Duplicate, Request::ErpCustomer(customer)) => {
                Performed::Failed { class: FailureClass::Refused(Reason::Unresolved), detail: name_taken(customer, &detail) }
            }
            // A duplicate that cannot be found is somebody else's record under our key, or a rule that we do not know.
            (FailureClass::Duplicate, _) => Performed::Failed { class: FailureClass::Refused(Reason::LinkConflict), detail },
            (class, _) => Performed::Failed { class, detail },
        })
    }

    /// Settles a call as done.
    pub(super) async fn done(
        &self,
        side: &Side,
        claimed: &Claimed,
        row: &CallRow,
        request: &Request,
        remote_id: Option<String>,
        http_status: Option<u16>,
    ) -> Result<(), PassError> {
        match (request, &remote_id) {
            (Request::CreateCustomer { netsuite_id, .. }, Some(id)) => self.store.set_pair(&side.id, "customer", netsuite_id, id).await?,
            (Request::ErpCustomer(customer), Some(id)) => self.pair_customer(side, id, &customer.x_series_id).await?,
            _ => {}
        }
        let outcome = CallOutcome { state: CallState::Done, http_status, answer: None, remote_id };
        kept(self.store.settle_call(&claimed.lease, &row.id, outcome).await?)
    }
}

/// NetSuite has an entity of the customer's name already: who that is, and what makes the two one or tells them apart.
fn name_taken(customer: &ErpCustomerRequest, detail: &str) -> String {
    let person = [&customer.first_name, &customer.last_name].into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ");
    let name = customer.company_name.as_deref().unwrap_or(&person);
    let same = match customer.email.as_deref() {
        Some(email) => format!("give NetSuite's customer the e-mail {email}"),
        None => "give the till's customer the e-mail of NetSuite's, or its entity id as code".to_owned(),
    };
    format!(
        "NetSuite has an entity '{name}' already, so the till's customer of that name is not made: {detail}. If they are the same, {same}; if not, \
         change the entity id (customer ID) or name of one of them. Then release it here."
    )
}

/// A write that found the lease lost ends the pass.
pub(super) fn kept(written: Written) -> Result<(), PassError> {
    match written {
        Written::Yes => Ok(()),
        Written::LeaseLost => Err(PassError::LeaseLost),
    }
}

/// A call did not succeed.
#[derive(Debug, thiserror::Error)]
enum SendError {
    #[error(transparent)]
    NetSuite(#[from] crate::netsuite::NetSuiteError),
    #[error(transparent)]
    XSeries(#[from] crate::xseries::XSeriesError),
}

impl Classified for SendError {
    fn class(&self, write: bool) -> FailureClass {
        match self {
            Self::NetSuite(error) => error.class(write),
            Self::XSeries(error) => error.class(write),
        }
    }
}

impl SendError {
    fn status(&self) -> Option<u16> {
        match self {
            Self::NetSuite(error) => error.status(),
            Self::XSeries(error) => error.status(),
        }
    }
}

/// Sends it; the id of the record that it made, where it makes one.
async fn send(side: &Side, request: &Request) -> Result<Option<String>, SendError> {
    let (netsuite, x_series) = (&side.netsuite, &side.x_series);
    Ok(match request {
        Request::CreateSale(sale) => {
            x_series.create_sale(sale).await?;
            Some(sale.id.to_string())
        }
        Request::UpdateSale(sale) | Request::VoidSale(sale) => {
            x_series.update_sale(sale).await?;
            Some(sale.id.to_string())
        }
        Request::CreateCustomer { customer, .. } => Some(x_series.create_customer(customer).await?),
        Request::WriteSaleId(write) => {
            netsuite.write_field(write).await?;
            Some(write.order.to_string())
        }
        Request::Fulfil(fulfilment) => Some(netsuite.fulfil(fulfilment).await?.to_string()),
        Request::Invoice(bill) => Some(netsuite.invoice(bill).await?.to_string()),
        Request::CashSale(bill) => Some(netsuite.cash_sale(bill).await?.to_string()),
        Request::Payment(payment) => Some(netsuite.pay(payment).await?.to_string()),
        Request::Variance(variance) => {
            netsuite.add_variance(variance).await?;
            Some(variance.bill.to_string())
        }
        Request::Book(booking) => Some(netsuite.book(booking).await?.to_string()),
        Request::Transform(transform) => Some(netsuite.transform_record(transform).await?.to_string()),
        Request::ChangeOrder(change) => {
            netsuite.change_order(change).await?;
            Some(change.order.to_string())
        }
        Request::ErpCustomer(customer) => Some(netsuite.create_customer(customer).await?.to_string()),
        Request::Deposit(deposit) => Some(netsuite.deposit(deposit).await?.to_string()),
        Request::ApplyDeposit(application) => Some(netsuite.apply_deposit(application).await?.to_string()),
        Request::Refund(refund) => Some(netsuite.refund(refund).await?.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_is_told_with_who_it_is_and_what_to_do() {
        let customer = ErpCustomerRequest {
            external_id: "tb-cust-1-1".to_owned(),
            x_series_id: "1".to_owned(),
            company_name: None,
            first_name: Some("Hemi".to_owned()),
            last_name: Some("Rangi".to_owned()),
            email: Some("hemi@example.com".to_owned()),
            phone: None,
            subsidiary: None,
        };
        let told = name_taken(&customer, "This entity already exists");
        for word in ["'Hemi Rangi'", "This entity already exists", "give NetSuite's customer the e-mail hemi@example.com", "release it"] {
            assert!(told.contains(word), "{told}");
        }
        let told = name_taken(&ErpCustomerRequest { email: None, ..customer }, "");
        assert!(told.contains("entity id as code"), "{told}");
    }
}
