//! The columns of items, customers, inventory numbers and accounting periods.

use super::Val;
use super::tables::{day, time, word};
use crate::sandbox::netsuite::account::Account;
use crate::sandbox::netsuite::model::{Customer, InventoryNumber, Item, ItemKind, Period, PeriodLength};

pub(super) fn item_column(item: &Item, column: &str) -> Val {
    match column {
        "id" => Val::id(item.id),
        "itemid" | "fullname" => word(&item.sku),
        "displayname" | "description" => word(&item.name),
        "itemtype" => word(item.kind.item_type()),
        "subtype" if matches!(item.kind, ItemKind::NonInventory | ItemKind::Service | ItemKind::OtherCharge) => word("Sale"),
        "isinactive" => Val::flag(item.inactive),
        "isserialitem" => Val::flag(item.kind == ItemKind::Serialized),
        "islotitem" => Val::flag(item.kind == ItemKind::LotNumbered),
        "isfulfillable" => Val::flag(item.kind.is_fulfilled()),
        "usebins" => Val::flag(item.bins),
        _ => Val::Null,
    }
}

pub(super) fn customer_column(account: &Account, customer: &Customer, column: &str) -> Val {
    match column {
        "id" => Val::id(customer.id),
        "externalid" => Val::text_or_null(customer.external_id.as_deref()),
        "subsidiary" => Val::id(customer.subsidiary),
        "entityid" => word(&customer.entity_id),
        "companyname" => Val::text_or_null(Some(&customer.company_name)),
        "altname" => word(&customer.title()),
        "isperson" => Val::flag(customer.is_person()),
        "firstname" => Val::text_or_null(Some(&customer.first_name)),
        "lastname" => Val::text_or_null(Some(&customer.last_name)),
        "email" => Val::text_or_null(Some(&customer.email)),
        "phone" => Val::text_or_null(Some(&customer.phone)),
        "isinactive" => Val::flag(customer.inactive),
        "lastmodifieddate" | "datecreated" => time(account, customer.modified),
        _ => Val::Null,
    }
}

pub(super) fn number_column(number: &InventoryNumber, column: &str) -> Val {
    match column {
        "id" => Val::id(number.id),
        "inventorynumber" => word(&number.number),
        "item" => Val::id(number.item),
        "expirationdate" => number.expires.map_or(Val::Null, day),
        _ => Val::Null,
    }
}

pub(super) fn period_column(period: &Period, column: &str) -> Val {
    match column {
        "id" => Val::id(period.id),
        "periodname" => word(&period.name),
        "startdate" => day(period.start),
        "enddate" => day(period.end),
        "closed" => Val::flag(period.closed),
        "arlocked" | "aplocked" | "alllocked" => Val::flag(period.closed || period.locked),
        "isquarter" => Val::flag(period.length == PeriodLength::Quarter),
        "isyear" => Val::flag(period.length == PeriodLength::Year),
        "isposting" => Val::flag(period.length == PeriodLength::Month),
        _ => Val::flag(false),
    }
}
