//! The tables of a mappings document beside `[[mapping]]`: what both systems call the same things.

use toml::Spanned;
use toml::de::DeValue;

use super::document::{CHARGE, DOCUMENT, OUTLET, PAYMENT_TYPE, REGISTER, TAX, unique};
use super::reader::{Reader, Section};
use super::rules::{ChargeRule, OutletRule, PaymentTypeRule, RegisterRule, TaxRule};
use super::settings::PaymentKind;
use crate::domain::expression::same_text;

pub(super) fn outlets(reader: &mut Reader<'_>, root: &Section<'_>) -> Vec<OutletRule> {
    let mut names = Vec::new();
    let mut outlets = Vec::new();
    for section in Section::each(reader, root.get("outlet"), "outlet", "[[outlet]]", OUTLET) {
        section.check_keys(reader, DOCUMENT);
        let x_series = section.required(reader, "x_series", "\"Ponsonby\"");
        names.extend(x_series.clone());
        let rule = OutletRule {
            x_series: x_series.map(|found| found.value).unwrap_or_default(),
            location: section.optional(reader, "location", None),
            register: section.optional(reader, "register", None),
            default_customer: section.optional(reader, "default_customer", None),
            department: section.optional(reader, "department", None),
            class: section.optional(reader, "class", None),
            subsidiary: section.optional(reader, "subsidiary", None),
            skip_sales_orders: section.flag(reader, "skip_sales_orders"),
            return_bin: section.optional(reader, "return_bin", None),
        };
        if rule.return_bin.as_deref().is_some_and(|bin| !bin.bytes().all(|byte| byte.is_ascii_digit())) {
            let at = section.get("return_bin").map_or(section.start, |found| found.span().start);
            reader.error(
                at,
                "return_bin is a bin's internal id, which is a number in text".to_owned(),
                Some("return_bin = \"12\"".to_owned()),
            );
        }
        if let Some(location) = &rule.location
            && outlets.iter().any(|other: &OutletRule| other.location.as_deref().is_some_and(|other| same_text(other, location)))
        {
            let at = section.get("location").map_or(section.start, |found| found.span().start);
            let message = format!("another outlet stands for the location \"{location}\" already, and gets its sales orders");
            reader.warning(at, message, None);
        }
        outlets.push(rule);
    }
    unique(reader, "an outlet", &names);
    outlets
}

pub(super) fn payment_types(reader: &mut Reader<'_>, root: &Section<'_>) -> Vec<PaymentTypeRule> {
    let mut names = Vec::new();
    let mut payment_types = Vec::new();
    for section in Section::each(reader, root.get("payment_type"), "payment_type", "[[payment_type]]", PAYMENT_TYPE) {
        section.check_keys(reader, DOCUMENT);
        let x_series = section.required(reader, "x_series", "\"Card\"");
        names.extend(x_series.clone());
        payment_types.push(PaymentTypeRule {
            x_series: x_series.map(|found| found.value).unwrap_or_default(),
            netsuite: section.optional(reader, "netsuite", None),
            account: section.optional(reader, "account", None),
            kind: section.word(reader, "kind", PaymentKind::WORDS).map_or(PaymentKind::Money, |found| found.value),
        });
    }
    unique(reader, "a payment type", &names);
    payment_types
}

pub(super) fn taxes(reader: &mut Reader<'_>, tables: Option<&Spanned<DeValue<'_>>>) -> Vec<TaxRule> {
    let mut names = Vec::new();
    let mut taxes = Vec::new();
    for section in Section::each(reader, tables, "tax", "[[tax]]", TAX) {
        section.check_keys(reader, DOCUMENT);
        let x_series = section.required(reader, "x_series", "\"GST\"");
        let netsuite = section.required(reader, "netsuite", "\"GST:S-NZ\"");
        names.extend(x_series.clone());
        if let (Some(x_series), Some(netsuite)) = (x_series, netsuite) {
            taxes.push(TaxRule { x_series: x_series.value, netsuite: netsuite.value });
        }
    }
    unique(reader, "a tax", &names);
    taxes
}

pub(super) fn registers(reader: &mut Reader<'_>, root: &Section<'_>) -> Vec<RegisterRule> {
    let mut names = Vec::new();
    let mut registers = Vec::new();
    for section in Section::each(reader, root.get("register"), "register", "[[register]]", REGISTER) {
        section.check_keys(reader, DOCUMENT);
        let x_series = section.required(reader, "x_series", "\"Ponsonby 2\"");
        names.extend(x_series.clone());
        registers.push(RegisterRule {
            x_series: x_series.map(|found| found.value).unwrap_or_default(),
            location: section.optional(reader, "location", None),
            department: section.optional(reader, "department", None),
            class: section.optional(reader, "class", None),
            subsidiary: section.optional(reader, "subsidiary", None),
        });
    }
    unique(reader, "a register", &names);
    registers
}

pub(super) fn charges(reader: &mut Reader<'_>, root: &Section<'_>) -> Vec<ChargeRule> {
    let mut names = Vec::new();
    let mut charges = Vec::new();
    for section in Section::each(reader, root.get("charge"), "charge", "[[charge]]", CHARGE) {
        section.check_keys(reader, DOCUMENT);
        let x_series = section.required(reader, "x_series", "\"SURCHARGE\"");
        let netsuite = section.required(reader, "netsuite", "\"Card surcharge\"");
        names.extend(x_series.clone());
        if let (Some(x_series), Some(netsuite)) = (x_series, netsuite) {
            charges.push(ChargeRule { x_series: x_series.value, netsuite: netsuite.value });
        }
    }
    unique(reader, "a charge", &names);
    charges
}
