//! Customers, items and locations.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::Renderer;
use crate::sandbox::number;

impl Renderer<'_> {
    pub(in crate::sandbox::netsuite) fn customer_record(&self, id: u64) -> Option<Value> {
        let customer = self.account.customers.get(&id)?;
        let text = |value: &str| (!value.is_empty()).then(|| Value::from(value));
        Some(Value::Object(self.record(
            &format!("customer/{id}"),
            id,
            vec![
                ("externalId", customer.external_id.clone().map(Value::from)),
                ("entityId", Some(customer.entity_id.clone().into())),
                ("isPerson", Some(customer.is_person().into())),
                ("companyName", text(&customer.company_name)),
                ("firstName", text(&customer.first_name)),
                ("lastName", text(&customer.last_name)),
                ("email", text(&customer.email)),
                ("phone", text(&customer.phone)),
                ("isInactive", Some(customer.inactive.into())),
                ("subsidiary", self.subsidiary(customer.subsidiary)),
                ("lastModifiedDate", Some(customer.modified.to_string().into())),
            ],
        )))
    }

    pub(in crate::sandbox::netsuite) fn item_record(&self, id: u64, record_type: &str) -> Option<Value> {
        let item = self.account.items.get(&id).filter(|item| item.kind.record_type() == record_type)?;
        let member = |(member, quantity): &(u64, Decimal)| json!({ "item": self.item(*member), "quantity": number::write(*quantity) });
        let members = (!item.members.is_empty())
            .then(|| self.sublist(&format!("{record_type}/{id}"), "member", &item.members.iter().map(member).collect::<Vec<_>>()));
        Some(Value::Object(self.record(
            &format!("{record_type}/{id}"),
            id,
            vec![
                ("itemId", Some(item.sku.clone().into())),
                ("displayName", Some(item.name.clone().into())),
                ("isInactive", Some(item.inactive.into())),
                ("useBins", item.kind.is_stocked().then(|| item.bins.into())),
                ("member", members),
            ],
        )))
    }

    pub(in crate::sandbox::netsuite) fn location_record(&self, id: u64) -> Option<Value> {
        let location = self.account.locations.get(&id)?;
        Some(Value::Object(self.record(
            &format!("location/{id}"),
            id,
            vec![
                ("name", Some(location.name.clone().into())),
                ("subsidiary", self.subsidiary(location.subsidiary)),
                ("isInactive", Some(false.into())),
            ],
        )))
    }
}
