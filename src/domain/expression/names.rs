//! Finds the facts and functions that a condition names, and what was meant where there is none.

use super::check::{Checker, Typed};
use super::custom::CustomField;
use super::facts::{LINE_FACTS, ORDER_FACTS};
use super::functions::{self, FUNCTIONS, OverLines};
use super::parser::{Kind, Node};
use super::problem::{closest, did_you_mean};
use super::term::{Term, TermKind};
use super::token::Span;
use super::types::Type;

/// What NetSuite calls a field, and what we call it.
const NETSUITE_NAMES: &[(&str, &str)] = &[
    ("tranid", "number"),
    ("internalid", "id"),
    ("externalid", "external_id"),
    ("orderstatus", "status"),
    ("entity", "customer"),
    ("trandate", "date"),
    ("otherrefnum", "po_number"),
    ("customform", "form"),
    ("createddate", "created_at"),
    ("lastmodifieddate", "modified_at"),
    ("paymentoption", "payment_method"),
    ("shippingmethod", "ship_method"),
    ("shipaddress", "ship_to"),
    ("shippingaddress", "ship_to"),
    ("amount", "total"),
    ("itemtype", "kind_id"),
    ("qty", "quantity"),
    ("quantityfulfilled", "fulfilled"),
    ("quantitybilled", "billed"),
    ("isclosed", "closed"),
];

/// A fact by its name.
pub fn fact(checker: &mut Checker<'_>, span: Span, name: &str) -> Typed {
    let known = if let Some(rest) = name.strip_prefix("order.") {
        order_fact(name, rest)
    } else if let Some(rest) = name.strip_prefix("line.") {
        if !checker.in_line {
            return checker.refuse(
                span,
                format!("`{name}` is known only while the lines are looked at"),
                Some("write `any(order.lines, …)` around it".to_owned()),
            );
        }
        line_fact(name, rest)
    } else {
        None
    };
    if let Some((kind, of_type)) = known {
        checker.uses.insert(name.to_ascii_lowercase());
        return Some((Term { span, kind }, of_type));
    }
    if name == "order.lines" {
        let suggestion = "ask something of it: `any(order.lines, line.quantity > 1)`, `count(order.lines) > 3`";
        return checker.refuse(span, "`order.lines` is a list, not a value", Some(suggestion.to_owned()));
    }
    let suggestion = meant_fact(name, checker.in_line);
    checker.refuse(span, format!("there is no `{name}`"), suggestion)
}

fn is_custom(rest: &str, prefix: &str) -> bool {
    rest.len() > prefix.len() && rest.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)) && !rest.contains('.')
}

fn order_fact(name: &str, rest: &str) -> Option<(TermKind, Type)> {
    if is_custom(rest, "custbody") {
        return Some((TermKind::OrderCustom(CustomField::new(rest)), Type::Any));
    }
    ORDER_FACTS.iter().find(|fact| fact.name == name).map(|fact| (TermKind::Order(fact), fact.kind))
}

fn line_fact(name: &str, rest: &str) -> Option<(TermKind, Type)> {
    if is_custom(rest, "custcol") {
        return Some((TermKind::LineCustom(CustomField::new(rest)), Type::Any));
    }
    LINE_FACTS.iter().find(|fact| fact.name == name).map(|fact| (TermKind::Line(fact), fact.kind))
}

/// What somebody means who writes a name that there is not.
fn meant_fact(name: &str, in_line: bool) -> Option<String> {
    let mean = |name: String| Some(format!("did you mean `{name}`?"));
    let (of_line, rest) = match name.split_once('.') {
        Some(("line", rest)) => (true, rest),
        Some((_, rest)) => (false, rest),
        None => (in_line, name),
    };
    let prefix = if of_line { "line." } else { "order." };
    let facts = || -> Vec<&'static str> {
        if of_line {
            LINE_FACTS.iter().filter_map(|fact| fact.name.strip_prefix(prefix)).collect()
        } else {
            ORDER_FACTS.iter().filter_map(|fact| fact.name.strip_prefix(prefix)).chain(["lines"]).collect()
        }
    };
    let lower = rest.to_ascii_lowercase();
    match lower.as_str() {
        "true" | "false" | "null" => return mean(lower),
        _ if is_custom(&lower, "custcol") && !of_line => return Some(format!("columns are on lines: `any(order.lines, line.{lower})`")),
        _ if is_custom(&lower, "custcol") => return mean(format!("line.{lower}")),
        _ if is_custom(&lower, "custbody") => return mean(format!("order.{lower}")),
        _ if of_line && lower.starts_with("cust") => return Some("custom columns begin with `line.custcol`".to_owned()),
        _ if lower.starts_with("custb") || lower.starts_with("custf") => {
            return Some("custom fields begin with `order.custbody`".to_owned());
        }
        _ => {}
    }
    // `order.location.name` and `order.location.id`, as the record itself is written.
    if let Some((field, part)) = lower.split_once('.')
        && facts().contains(&field)
    {
        let twin = if part == "id" && facts().contains(&format!("{field}_id").as_str()) { "_id" } else { "" };
        return mean(format!("{prefix}{field}{twin}"));
    }
    if let Some((_, ours)) = NETSUITE_NAMES.iter().find(|(theirs, ours)| *theirs == lower.replace('_', "") && facts().contains(ours)) {
        return mean(format!("{prefix}{ours}"));
    }
    if let Some(close) = closest(rest, facts()) {
        return mean(format!("{prefix}{close}"));
    }
    (!name.contains('.')).then(|| format!("text stands in quotes: \"{name}\""))
}

/// A function by its name, with what it is given.
pub fn call(checker: &mut Checker<'_>, node: &Node, name: &str, parts: &[Node]) -> Typed {
    let term = |kind| Term { span: node.span.clone(), kind };
    if let Some(function) = OverLines::named(name) {
        return over_lines(checker, node, function, parts);
    }
    if name == functions::MISSING {
        counted(checker, node, name, parts, 1, "missing(value)")?;
        let (value, _) = checker.check(parts.first()?)?;
        return Some((term(TermKind::Missing(Box::new(value))), Type::YesNo));
    }
    if name == functions::DEFAULT {
        counted(checker, node, name, parts, 2, "default(value, other)")?;
        let [value, other] = parts else { return None };
        let (checked_value, checked_other) = (checker.check(value), checker.check(other));
        let ((first, first_type), (second, second_type)) = (checked_value?, checked_other?);
        checker.comparable(node.span.clone(), (value, first_type), (other, second_type))?;
        let of_type = if first_type == Type::Any { second_type } else { first_type };
        return Some((term(TermKind::Default(Box::new(first), Box::new(second))), of_type));
    }
    let Some(function) = FUNCTIONS.iter().find(|function| function.name == name) else {
        return unknown_function(checker, node, name, parts);
    };
    counted(checker, node, name, parts, function.takes.len(), function.form)?;
    let given: Vec<Option<Term>> = parts.iter().zip(function.takes).map(|(part, takes)| checker.argument(part, name, *takes)).collect();
    let given = given.into_iter().collect::<Option<Vec<_>>>()?;
    Some((term(TermKind::Call(function, given)), function.gives))
}

fn counted(checker: &mut Checker<'_>, node: &Node, name: &str, parts: &[Node], wanted: usize, form: &str) -> Option<()> {
    if parts.len() == wanted {
        return Some(());
    }
    let values = if wanted == 1 { "1 value".to_owned() } else { format!("{wanted} values") };
    checker.refuse(node.span.clone(), format!("`{name}` takes {values}, and has {}", parts.len()), Some(format!("write `{form}`")))
}

fn over_lines(checker: &mut Checker<'_>, node: &Node, function: OverLines, parts: &[Node]) -> Typed {
    let name = function.name();
    if checker.in_line {
        return checker.refuse(node.span.clone(), "functions over the lines cannot stand within one another", None);
    }
    if !(function == OverLines::Count && parts.len() == 1) {
        counted(checker, node, name, parts, 2, function.form())?;
    }
    let list = parts.first()?;
    if !matches!(&list.kind, Kind::Name(name) if name == "order.lines") {
        let message = format!("`{name}` looks at the lines, and `{}` is not `order.lines`", checker.text(&list.span));
        return checker.refuse(list.span.clone(), message, Some(format!("write `{}`", function.form())));
    }
    checker.uses.insert("order.lines".to_owned());
    let Some(body) = parts.get(1) else {
        return Some((Term { span: node.span.clone(), kind: TermKind::Lines(function, None) }, Type::Number));
    };
    checker.in_line = true;
    let typed = if function.takes_condition() {
        checker.condition(body).map(|body| (body, if function == OverLines::Count { Type::Number } else { Type::YesNo }))
    } else {
        line_value(checker, function, body)
    };
    checker.in_line = false;
    let (body, of_type) = typed?;
    Some((Term { span: node.span.clone(), kind: TermKind::Lines(function, Some(Box::new(body))) }, of_type))
}

/// What `sum`, `min` and `max` take of each line.
fn line_value(checker: &mut Checker<'_>, function: OverLines, body: &Node) -> Typed {
    let (term, kind) = checker.check(body)?;
    let wanted = if function == OverLines::Sum { "numbers" } else { "numbers or dates" };
    if matches!(kind, Type::Number | Type::Any) || (function != OverLines::Sum && kind.has_order()) {
        return Some((term, if function == OverLines::Sum { Type::Number } else { kind }));
    }
    let message = format!("`{}` takes {wanted}, and `{}` is {kind}", function.name(), checker.text(&body.span));
    checker.refuse(body.span.clone(), message, None)
}

fn unknown_function(checker: &mut Checker<'_>, node: &Node, name: &str, parts: &[Node]) -> Typed {
    // `order.memo.contains("gift")`, as other languages write it.
    let method = name.rsplit_once('.').filter(|(_, method)| functions::names().any(|known| known == *method));
    let suggestion = match method {
        Some((of, method)) => {
            let given: Vec<&str> = std::iter::once(of).chain(parts.iter().map(|part| checker.text(&part.span))).collect();
            Some(format!("write `{method}({})`", given.join(", ")))
        }
        None => did_you_mean(name, functions::names()),
    };
    checker.refuse(node.span.start..node.span.start + name.len(), format!("there is no function `{name}`"), suggestion)
}
