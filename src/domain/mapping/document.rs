//! Reads a mappings document into its typed form. All that is wrong is reported, by line and column.

use std::borrow::Cow;
use std::ops::Range;

use toml::de::DeTable;

use super::note::Note;
use super::reader::{Located, Reader, Section, word_meant};
use super::rules::Mapping;
use super::settings::{BillAs, DirectRecord, NoMatch, NoMatches, OnCancelled, RefundAs, Service, Settings, TaxMode};
use super::{Checked, Issue, Mappings};
use super::{mentions, tables, warnings};
use crate::domain::expression::{Expression, closest, same_text};
use crate::domain::status::{SaleState, SaleStatus, SendAs};

/// The keys at the top of the document, and its tables.
pub const DOCUMENT: &[&str] = &[
    "skip_sales_orders",
    "reconcile_on",
    "send_field",
    "sale_id_field",
    "sku_field",
    "author",
    "on_cancelled",
    "service",
    "import_parked",
    "create_customers",
    "direct_record",
    "refund_as",
    "bill_as",
    "fulfil_partially",
    "tax",
    "tolerance",
    "variance_item",
    "discount_item",
    "post_to_open_period",
    "no_match",
    "mapping",
    "outlet",
    "payment_type",
    "register",
    "charge",
];
/// The keys of `[[mapping]]`.
pub const MAPPING: &[&str] = &["name", "when", "send_as", "note", "register", "author", "fulfil_from", "send_payment"];
/// The keys of `[[outlet]]`.
pub const OUTLET: &[&str] =
    &["x_series", "location", "register", "default_customer", "department", "class", "subsidiary", "skip_sales_orders", "return_bin"];
/// The keys of `[[payment_type]]`.
pub const PAYMENT_TYPE: &[&str] = &["x_series", "netsuite", "account", "kind"];
/// The keys of `[[tax]]`.
pub const TAX: &[&str] = &["x_series", "netsuite"];
/// The keys of `[[register]]`.
pub const REGISTER: &[&str] = &["x_series", "location", "department", "class", "subsidiary"];
/// The keys of `[[charge]]`.
pub const CHARGE: &[&str] = &["x_series", "netsuite"];
/// The keys of `no_match`.
pub const NO_MATCH: &[&str] = &["item", "customer", "payment_type", "tax", "outlet"];

/// What `[[tax]]` is called while the document is read. TOML allows a name once, and ours has `tax = "compare"` beside the
/// `[[tax]]` tables; the stand-in is as long as the name, so that every place in the document stays where it is.
const TAX_TABLES: &str = "TAX";

/// Reads a document.
pub fn read(document: &str) -> Result<Checked, Vec<Issue>> {
    let (readable, renamed) = with_tax_tables_renamed(document);
    let (mut root, syntax) = DeTable::parse_recoverable(&readable);
    let mut reader = Reader::new(document);
    if !syntax.is_empty() {
        for error in syntax {
            reader.error(error.span().map_or(0, |span| span.start), error.message(), None);
        }
        return Err(reader.into_errors());
    }
    let tax_tables = if renamed { root.get_mut().remove(TAX_TABLES) } else { None };
    let root = Section { name: "the document", keys: DOCUMENT, start: 0, table: root.get_ref() };
    root.check_keys(&mut reader, &[]);

    // Without `tax = "compare"` beside them, the tables stand under their own name.
    let tax_alone = root.get("tax").filter(|tax| tax.get_ref().is_array());
    let settings = settings(&mut reader, &root, tax_alone.is_none());
    let rules = mappings(&mut reader, &root);
    let outlets = tables::outlets(&mut reader, &root);
    let payment_types = tables::payment_types(&mut reader, &root);
    let taxes = tables::taxes(&mut reader, tax_tables.as_ref().or(tax_alone));
    let registers = tables::registers(&mut reader, &root);
    let charges = tables::charges(&mut reader, &root);
    if !reader.errors.is_empty() {
        return Err(reader.into_errors());
    }
    let mentions = mentions::gather(document, root.table, tax_tables.as_ref().or(tax_alone), &settings);
    let mut mappings = Mappings { settings, mappings: Vec::new(), outlets, registers, payment_types, taxes, charges };
    warnings::look(&mut reader, &root, &mappings, &rules);
    mappings.mappings = rules.into_iter().map(|rule| rule.mapping).collect();
    let (warnings, notes) = reader.into_findings();
    Ok(Checked { mappings, warnings, notes, mentions })
}

fn with_tax_tables_renamed(document: &str) -> (Cow<'_, str>, bool) {
    let (_, errors) = DeTable::parse_recoverable(document);
    let is_table_name = |span: &Range<usize>| {
        document.get(span.clone()) == Some("tax")
            && document.get(..span.start).is_some_and(|before| before.trim_end_matches([' ', '\t']).ends_with("[["))
            && document.get(span.end..).is_some_and(|after| after.trim_start_matches([' ', '\t']).starts_with("]]"))
    };
    let twice: Vec<Range<usize>> = errors.iter().filter_map(toml::de::Error::span).filter(is_table_name).collect();
    if twice.is_empty() {
        return (Cow::Borrowed(document), false);
    }
    let mut renamed = document.to_owned();
    for span in twice {
        renamed.replace_range(span, TAX_TABLES);
    }
    (Cow::Owned(renamed), true)
}

fn settings(reader: &mut Reader<'_>, root: &Section<'_>, with_tax: bool) -> Settings {
    let default = Settings::default();
    let tax = if with_tax { root.word(reader, "tax", TaxMode::WORDS) } else { None };
    Settings {
        skip_sales_orders: root.flag(reader, "skip_sales_orders").unwrap_or(default.skip_sales_orders),
        reconcile_on: reconcile_on(reader, root).unwrap_or(default.reconcile_on),
        send_field: send_field(reader, root, default.send_field),
        sale_id_field: root.optional(reader, "sale_id_field", default.sale_id_field).map(|field| field.to_ascii_lowercase()),
        sku_field: root.name(reader, "sku_field").map_or(default.sku_field, |found| found.value),
        author: root.name(reader, "author").map_or(default.author, |found| found.value),
        on_cancelled: root.word(reader, "on_cancelled", OnCancelled::WORDS).map_or(default.on_cancelled, |found| found.value),
        service: root.word(reader, "service", Service::WORDS).map_or(default.service, |found| found.value),
        import_parked: root.flag(reader, "import_parked").unwrap_or(default.import_parked),
        create_customers: root.flag(reader, "create_customers").unwrap_or(default.create_customers),
        direct_record: root.word(reader, "direct_record", DirectRecord::WORDS).map_or(default.direct_record, |found| found.value),
        refund_as: root.word(reader, "refund_as", RefundAs::WORDS).map_or(default.refund_as, |found| found.value),
        bill_as: root.word(reader, "bill_as", BillAs::WORDS).map_or(default.bill_as, |found| found.value),
        fulfil_partially: root.flag(reader, "fulfil_partially").unwrap_or(default.fulfil_partially),
        tax: tax.map_or(default.tax, |found| found.value),
        tolerance: root.amount(reader, "tolerance").unwrap_or(default.tolerance),
        variance_item: root.optional(reader, "variance_item", default.variance_item),
        discount_item: root.optional(reader, "discount_item", default.discount_item),
        post_to_open_period: root.flag(reader, "post_to_open_period").unwrap_or(default.post_to_open_period),
        no_match: no_matches(reader, root),
    }
}

/// Every sale status, so that a mistyped one finds its neighbour.
const SALE_STATUSES: [&str; 13] = [
    "CLOSED",
    "DISPATCHED_CLOSED",
    "PICKED_UP_CLOSED",
    "LAYBY_CLOSED",
    "ONACCOUNT_CLOSED",
    "SERVICE_CLOSED",
    "ONACCOUNT",
    "SAVED",
    "AWAITING_PICKUP",
    "AWAITING_DISPATCH",
    "LAYBY",
    "SERVICE",
    "VOIDED",
];

fn reconcile_on(reader: &mut Reader<'_>, root: &Section<'_>) -> Option<Vec<SaleStatus>> {
    let mut statuses = Vec::new();
    for Located { value, span } in root.texts(reader, "reconcile_on")? {
        let Some(status) = SaleStatus::from_word(value.trim()) else {
            let meant = word_meant(&value, SALE_STATUSES.into_iter());
            reader.error(span.start, format!("there is no sale status \"{value}\""), Some(meant));
            continue;
        };
        if status.state != SaleState::Closed && status.word() != "ONACCOUNT" {
            reader.warning(
                span.start,
                format!("the goods of a sale that is {status} have not been handed over, and its sales order would be fulfilled"),
                Some("list the statuses of closed sales".to_owned()),
            );
        }
        statuses.push(status);
    }
    Some(statuses)
}

fn send_field(reader: &mut Reader<'_>, root: &Section<'_>, default: Option<String>) -> Option<String> {
    let field = root.optional(reader, "send_field", default)?.to_ascii_lowercase();
    if !field.starts_with("custbody") {
        let at = root.get("send_field").map_or(0, |found| found.span().start);
        reader.error(
            at,
            format!("`send_field` is a custom body field, and `{field}` is none"),
            Some("its id begins with `custbody`".to_owned()),
        );
    }
    Some(field)
}

fn no_matches(reader: &mut Reader<'_>, root: &Section<'_>) -> NoMatches {
    let default = NoMatches::default();
    let Some(section) = root.table(reader, "no_match", NO_MATCH) else { return default };
    section.check_keys(reader, DOCUMENT);
    NoMatches {
        item: no_match(reader, &section, "item", false).unwrap_or(default.item),
        customer: no_match(reader, &section, "customer", true).unwrap_or(default.customer),
        payment_type: no_match(reader, &section, "payment_type", false).unwrap_or(default.payment_type),
        tax: no_match(reader, &section, "tax", true).unwrap_or(default.tax),
        outlet: no_match(reader, &section, "outlet", false).unwrap_or(default.outlet),
    }
}

fn no_match(reader: &mut Reader<'_>, section: &Section<'_>, key: &str, has_default: bool) -> Option<NoMatch> {
    let Located { value, span } = section.name(reader, key)?;
    match value.as_str() {
        "hold" => Some(NoMatch::Hold),
        "default" if has_default => Some(NoMatch::Default),
        "default" => {
            let message = format!("an outlet has no default for `{key}`");
            reader.error(span.start, message, Some("write \"hold\", or the name or id of the one to use".to_owned()));
            None
        }
        name => {
            let words: &[&str] = if has_default { &["hold", "default"] } else { &["hold"] };
            if let Some(word) = closest(name, words.iter().copied()) {
                reader.error(span.start, format!("`{key}` cannot be \"{name}\""), Some(format!("did you mean \"{word}\"?")));
                return None;
            }
            Some(NoMatch::Use(name.to_owned()))
        }
    }
}

/// A mapping, and where the parts stand that warnings point at.
#[derive(Debug)]
pub struct WrittenMapping {
    /// The mapping.
    pub mapping: Mapping,
    /// Where its condition stands.
    pub when_at: usize,
    /// Where its status stands.
    pub send_as_at: usize,
}

fn mappings(reader: &mut Reader<'_>, root: &Section<'_>) -> Vec<WrittenMapping> {
    let sections = Section::each(reader, root.get("mapping"), "mapping", "[[mapping]]", MAPPING);
    let mut names = Vec::new();
    let mut written = Vec::new();
    for section in &sections {
        section.check_keys(reader, DOCUMENT);
        written.extend(mapping(reader, section, &mut names));
    }
    unique(reader, "a mapping", &names);
    written
}

/// The words of the four statuses that a sales order can be sent as.
pub const SEND_AS: &[(&str, SendAs)] = &[
    ("SAVED", SendAs::Saved),
    ("CLOSED", SendAs::Closed),
    ("AWAITING_PICKUP", SendAs::AwaitingPickup),
    ("AWAITING_DISPATCH", SendAs::AwaitingDispatch),
];

fn mapping(reader: &mut Reader<'_>, section: &Section<'_>, names: &mut Vec<Located<String>>) -> Option<WrittenMapping> {
    let name = section.required(reader, "name", "\"Pickup on billed orders\"");
    names.extend(name.clone());
    let when = section.required(reader, "when", "'order.status == \"Billed\"'").and_then(|found| {
        // Not the trimmed text: places within it have to be those of the document.
        let source = section.text(reader, "when")?.value;
        match Expression::compile(&source) {
            Ok(expression) => Some((expression, found.span.start)),
            Err(problems) => {
                reader.within(&found.span, problems);
                None
            }
        }
    });
    let send_as = match section.required(reader, "send_as", "\"SAVED\"") {
        Some(_) => section.word(reader, "send_as", SEND_AS),
        None => None,
    };
    let note = section.text(reader, "note").filter(|note| !note.value.is_empty()).and_then(|found| match Note::compile(&found.value) {
        Ok(note) => Some(note),
        Err(problems) => {
            reader.within(&found.span, problems);
            None
        }
    });
    let register = section.optional(reader, "register", None);
    let author = section.optional(reader, "author", None);
    let fulfil_from = section.optional(reader, "fulfil_from", None);
    let send_payment = section.flag(reader, "send_payment");
    let (name, (when, when_at), send_as) = (name?, when?, send_as?);
    let send_payment = send_payment.unwrap_or(send_as.value.is_paid());
    Some(WrittenMapping {
        mapping: Mapping { name: name.value, when, send_as: send_as.value, note, register, author, fulfil_from, send_payment },
        when_at,
        send_as_at: send_as.span.start,
    })
}

/// Two rows of one name would make it chance which of them counts.
pub(super) fn unique(reader: &mut Reader<'_>, what: &str, names: &[Located<String>]) {
    for (place, name) in names.iter().enumerate() {
        let earlier = names.iter().take(place).find(|earlier| same_text(&earlier.value, &name.value));
        if let Some(earlier) = earlier {
            let line = reader.line(earlier.span.start);
            reader.error(name.span.start, format!("there is {what} \"{}\" already, on line {line}", earlier.value), None);
        }
    }
}
