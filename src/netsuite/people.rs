//! Customers: by id, by our key, and by what people know them by.

use serde_json::Value;

use super::client::Client;
use super::error::NetSuiteError;
use super::queries::lacks;
use super::records::there;
use super::suiteql;
use super::transport::Call;
use super::wire::body;
use super::wire::read::{Fields, is_internal_id};
use crate::domain::ids::RecordId;
use crate::domain::reference::ErpCustomer;

/// Columns that not every account has.
const OPTIONAL: [&str; 5] = ["companyname", "isperson", "firstname", "lastname", "phone"];

impl Client {
    /// A customer; `None` where there is none by this id.
    pub async fn customer(&self, id: &RecordId) -> Result<Option<ErpCustomer>, NetSuiteError> {
        let key = body::internal_id(id.as_str()).map_err(NetSuiteError::Unsendable)?;
        self.customer_at("customer", key).await
    }

    /// The customer that carries our key.
    pub async fn customer_by_key(&self, external_id: &str) -> Result<Option<ErpCustomer>, NetSuiteError> {
        let key = body::external_id(external_id).map_err(NetSuiteError::Unsendable)?;
        self.customer_at("customer_by_key", &format!("eid:{key}")).await
    }

    async fn customer_at(&self, operation: &'static str, place: &str) -> Result<Option<ErpCustomer>, NetSuiteError> {
        let call = Call::get(operation, format!("/record/v1/customer/{place}"));
        let Some(answer) = there(self.transport().send(&call).await)? else { return Ok(None) };
        let record = answer.json()?;
        let fields = Fields::of(&record);
        let linked = || fields.link_id().filter(|id| is_internal_id(id));
        let asked = || Some(place.to_owned()).filter(|place| is_internal_id(place));
        let id = fields.id("id").map(|id| id.to_string()).or_else(linked).or_else(asked);
        Ok(Some(customer(&fields, id.ok_or(lacks("customer", "id"))?)))
    }

    /// The active customers with this e-mail address, in any case of letters.
    pub async fn customers_by_email(&self, email: &str) -> Result<Vec<ErpCustomer>, NetSuiteError> {
        self.customers("customers_by_email", &format!("LOWER(c.email) = {}", suiteql::text(&email.trim().to_lowercase()))).await
    }

    /// The active customers with this number (`entityid`), in any case of letters.
    pub async fn customers_by_number(&self, number: &str) -> Result<Vec<ErpCustomer>, NetSuiteError> {
        self.customers("customers_by_number", &format!("UPPER(c.entityid) = {}", suiteql::text(&number.trim().to_uppercase()))).await
    }

    /// The active customers with this number or company name, in any case of letters; where none has it, the one with this internal id.
    pub async fn customers_named(&self, name: &str) -> Result<Vec<ErpCustomer>, NetSuiteError> {
        let name = name.trim();
        let text = suiteql::text(&name.to_uppercase());
        // A person's name is in two fields, and where it is divided nobody says.
        let divided = name.match_indices(' ').map(|(at, _)| {
            let (first, last) = (name.get(..at).unwrap_or_default(), name.get(at..).unwrap_or_default());
            let [first, last] = [first, last].map(|part| suiteql::text(&part.trim().to_uppercase()));
            format!(" OR (UPPER(c.firstname) = {first} AND UPPER(c.lastname) = {last})")
        });
        let divided = divided.collect::<String>();
        let named =
            self.customers("customers_named", &format!("(UPPER(c.entityid) = {text} OR UPPER(c.companyname) = {text}{divided})")).await?;
        if named.is_empty() && is_internal_id(name) {
            return self.customers("customers_named", &format!("c.id = {name}")).await;
        }
        Ok(named)
    }

    async fn customers(&self, operation: &'static str, condition: &str) -> Result<Vec<ErpCustomer>, NetSuiteError> {
        let query = |optional: &[&str]| {
            let columns = [&["id", "entityid", "email"], optional].concat().join(", c.");
            format!("SELECT c.{columns} FROM customer c WHERE {condition} AND c.isinactive = 'F' ORDER BY c.id")
        };
        let rows = self.known_rows(operation, OPTIONAL.to_vec(), query).await?;
        let read = |row: &Value| {
            let row = Fields::of(row);
            let id = row.text("id").ok_or(lacks("customer", "id"))?;
            Ok(customer(&row, id))
        };
        rows.iter().map(read).collect()
    }
}

fn customer(fields: &Fields<'_>, id: String) -> ErpCustomer {
    ErpCustomer {
        id,
        number: fields.text("entityId"),
        company_name: fields.text("companyName"),
        is_person: fields.flag("isPerson"),
        first_name: fields.text("firstName"),
        last_name: fields.text("lastName"),
        email: fields.text("email"),
        phone: fields.text("phone").or_else(|| fields.text("mobilePhone")),
        inactive: fields.flag("isInactive").unwrap_or(false),
    }
}
