//! Which room may use which: every path that leaves a room of `src/` is held against the table below.
//!
//! The sources are read as text: comments and strings are taken out, modules are followed by their braces, and `crate::…`,
//! `tillbridge::…` and `super::…` paths are resolved to the room they lead to. Unit tests may use any room.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms, whom each may use beside itself, and why.
const ROOMS: &[(&str, &[&str], &str)] = &[
    ("domain", &[], "decisions are pure: no I/O, no clock, nothing of ours"),
    ("clock", &[], "the one source of time"),
    ("metrics", &[], "names of metrics; any room may count"),
    ("causes", &[], "an error with its causes in one line; any room may tell"),
    ("config", &["domain"], "typed sections; ids are the domain's"),
    ("store", &["domain", "clock"], "every SQL statement"),
    ("net", &["clock"], "knows neither of the two systems"),
    ("netsuite", &["domain", "net", "clock", "config"], "a client is made from its section of the configuration"),
    ("xseries", &["domain", "net", "clock", "config"], "a client is made from its section of the configuration"),
    ("engine", &["domain", "store", "net", "netsuite", "xseries", "clock", "config"], "moves one order forward"),
    ("owner", &["domain", "store"], "which connections this replica works for"),
    ("worker", &["domain", "store", "engine", "owner", "clock", "config"], "the loop around the engine"),
    (
        "poll",
        &["domain", "store", "net", "netsuite", "xseries", "engine", "owner", "clock", "config"],
        "asks both systems and only wakes orders",
    ),
    (
        "sweep",
        &["domain", "store", "net", "netsuite", "xseries", "engine", "owner", "clock", "config"],
        "keeps the house and only wakes orders",
    ),
    (
        "http",
        &["domain", "store", "netsuite", "xseries", "clock", "config", "console"],
        "verifies and stores, never the engine; serves the console's files",
    ),
    ("console", &["domain", "store", "clock"], "shows rows"),
    ("sandbox", &["clock"], "shares nothing with the clients, so that a wrong client cannot agree with itself"),
    ("app", &["*"], "the wiring"),
    ("cli", &["*", "sandbox"], "how people start it; the demo is made of the sandbox and the app"),
    ("main", &["cli"], "hands over to the commands"),
];

/// Rooms that any room may use.
const OPEN_TO_ALL: &[&str] = &["metrics", "causes"];

/// A file longer than this has more than one reason to be.
const LONGEST_FILE: usize = 600;

#[test]
fn every_arrow_between_rooms_is_in_the_table() {
    let mut forbidden = Vec::new();
    for file in sources() {
        let Some(room) = room_of(&file) else { continue };
        forbidden
            .extend(arrows_of(&file).into_iter().filter(|to| !allowed(&room, to)).map(|to| format!("{}: {room} -> {to}", file.display())));
    }
    assert!(forbidden.is_empty(), "arrows that are not in the table of tests/it/arrows.rs:\n{}", forbidden.join("\n"));
}

#[test]
fn every_room_is_known() {
    let rooms: BTreeSet<_> = sources().iter().filter_map(|file| room_of(file)).collect();
    let unknown: Vec<_> = rooms.iter().filter(|room| row(room).is_none()).collect();
    assert!(unknown.is_empty(), "rooms that are not in the table of tests/it/arrows.rs: {unknown:?}");
}

#[test]
fn the_sandbox_shares_nothing_with_the_clients() {
    let sandbox = sources().into_iter().filter(|file| room_of(file).as_deref() == Some("sandbox"));
    let used: BTreeSet<_> = sandbox.flat_map(|file| arrows_of(&file)).filter(|to| to != "sandbox").collect();
    assert!(used.iter().all(|to| to == "clock"), "the sandbox uses {used:?}");
}

#[test]
fn no_file_has_grown_too_long() {
    let long: Vec<_> = sources()
        .into_iter()
        .filter_map(|file| Some((fs::read_to_string(&file).ok()?.lines().count(), file)).filter(|(lines, _)| *lines > LONGEST_FILE))
        .collect();
    assert!(long.is_empty(), "files over {LONGEST_FILE} lines: {long:?}");
}

#[test]
fn arrows_are_seen_in_every_form_of_path() {
    let arrows = |text: &str| arrows(&tokens(text), vec!["store".to_owned(), "sqlite".to_owned()]).into_iter().collect::<Vec<_>>();
    assert_eq!(arrows("use crate::net::gate;"), ["net"]);
    assert_eq!(arrows("use crate::{domain::{ids, money}, clock::Clock as Time};"), ["clock", "domain"]);
    assert_eq!(arrows("fn f() -> crate::engine::Plan { ::tillbridge::http::route() }"), ["engine", "http"]);
    assert_eq!(arrows("use super::types; use super::super::poll;"), ["poll", "store"]);
    assert_eq!(arrows("mod inner { use super::super::super::worker; use super::super::types; }"), ["store", "worker"]);
    assert_eq!(arrows("use super::super::{app, cli};"), ["app", "cli"]);
    assert_eq!(
        arrows("pub(crate) fn f() {} // crate::engine\n/* crate::http /* crate::app */ */ const A: &str = \"crate::cli\";"),
        [""; 0]
    );
    assert_eq!(arrows("const A: &str = r#\"\"crate::cli\"#; const B: char = '\"'; fn f<'a>() { crate::net::g() }"), ["net"]);
    assert_eq!(
        arrows("use crate::net; #[cfg(test)] mod tests { use crate::engine; mod more { use crate::cli; } } use crate::clock;"),
        ["clock", "net"]
    );
    assert_eq!(arrows("use crate::*;"), ["*"]);
}

fn row(room: &str) -> Option<&'static [&'static str]> {
    ROOMS.iter().find(|(name, ..)| *name == room).map(|(_, uses, _)| *uses)
}

fn allowed(from: &str, to: &str) -> bool {
    let uses = row(from).unwrap_or_default();
    let wired = uses.contains(&"*") && to != "sandbox" && row(to).is_some();
    from == to || OPEN_TO_ALL.contains(&to) || uses.contains(&to) && to != "*" || wired
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every source file, in a fixed order. Fails where there is none, as then nothing would be tested.
fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    assert!(found.len() > 10, "the sources were not found");
    found.sort();
    found
}

/// The modules that a file is: `src/store/types.rs` is `["store", "types"]`, `lib.rs` is none.
fn modules_of(file: &Path) -> Vec<String> {
    let inside = file.strip_prefix(root()).unwrap().with_extension("");
    let steps = inside.iter().map(|step| step.to_string_lossy().into_owned());
    steps.filter(|step| step != "mod" && step != "lib").collect()
}

fn room_of(file: &Path) -> Option<String> {
    modules_of(file).into_iter().next()
}

/// Rooms that a file leads to. A file of unit tests (`tests.rs`, or anything in a folder `tests`) leads nowhere.
fn arrows_of(file: &Path) -> BTreeSet<String> {
    let modules = modules_of(file);
    if modules.iter().any(|module| module == "tests") {
        return BTreeSet::new();
    }
    // What `main.rs` calls `crate` is itself; it reaches the house as `tillbridge::…`.
    let modules = if modules == ["main"] { Vec::new() } else { modules };
    arrows(&tokens(&fs::read_to_string(file).unwrap()), modules)
}

/// Words and signs of Rust text, without comments, strings, characters and lifetimes.
fn tokens(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if first == '"' {
            string(rest)
        } else if let Some(length) = raw_string(rest) {
            length
        } else if first == '\'' {
            character(rest)
        } else if first.is_alphanumeric() || first == '_' {
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            found.push(rest[..length].to_owned());
            length
        } else {
            let length = if rest.starts_with("::") { 2 } else { first.len_utf8() };
            if !first.is_whitespace() {
                found.push(rest[..length].to_owned());
            }
            length
        };
        rest = &rest[length..];
    }
    found
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        let rest = &text[at..];
        let step = if rest.starts_with("/*") {
            depth += 1;
            2
        } else if rest.starts_with("*/") {
            depth -= 1;
            2
        } else {
            rest.chars().next().map_or(1, char::len_utf8)
        };
        at += step;
        if depth == 0 {
            break;
        }
    }
    at
}

fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

/// `r"…"`, `r#"…"#`, and the same after `b` or `c`.
fn raw_string(text: &str) -> Option<usize> {
    let hashes_on = text.strip_prefix("br").or_else(|| text.strip_prefix("cr")).or_else(|| text.strip_prefix('r'))?;
    let body = hashes_on.trim_start_matches('#');
    let hashes = hashes_on.len() - body.len();
    let body = body.strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let end = body.find(&close).map_or(body.len(), |at| at + close.len());
    Some(text.len() - body.len() + end)
}

/// A character with its quotes; for a lifetime, its quote alone.
fn character(text: &str) -> usize {
    let mut inside = text.char_indices().skip(1);
    match (inside.next(), inside.next()) {
        (Some((_, '\\')), Some((escaped, c))) => {
            let after = escaped + c.len_utf8();
            text[after..].find('\'').map_or(1, |at| after + at + 1)
        }
        (Some((_, c)), Some((close, '\''))) if c != '\'' => close + 1,
        _ => 1,
    }
}

/// The rooms that the paths of these tokens lead to, `modules` being where they stand.
fn arrows(tokens: &[String], mut modules: Vec<String>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    // For each open brace, how many modules there were before it.
    let mut braces = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let ahead = |by: usize| tokens.get(at + by).map_or("", String::as_str);
        if let Some(length) = unit_tests(&tokens[at..]) {
            at += length;
            continue;
        }
        match ahead(0) {
            "mod" if ahead(2) == "{" => {
                braces.push(modules.len());
                modules.push(ahead(1).to_owned());
                at += 2;
            }
            "{" => braces.push(modules.len()),
            "}" => modules.truncate(braces.pop().unwrap_or(0)),
            "crate" | "tillbridge" if ahead(1) == "::" => found.extend(first_steps(&tokens[at + 2..])),
            "super" if ahead(1) == "::" => {
                let supers = (0..tokens.len()).take_while(|step| ahead(2 * step) == "super" && ahead(2 * step + 1) == "::").count();
                let left = modules.len().saturating_sub(supers);
                match modules.first() {
                    Some(room) if left > 0 => _ = found.insert(room.clone()),
                    _ => found.extend(first_steps(&tokens[at + 2 * supers..])),
                }
                at += 2 * supers - 1;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// How many tokens a module of unit tests takes that begins here.
fn unit_tests(tokens: &[String]) -> Option<usize> {
    let begin = ["#", "[", "cfg", "(", "test", ")", "]", "mod"];
    if tokens.len() < begin.len() || tokens.iter().zip(begin).any(|(token, expected)| token != expected) {
        return None;
    }
    let open = tokens.iter().position(|token| token == "{" || token == ";")?;
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}

/// The first step of a path, or of each path of a group.
fn first_steps(tokens: &[String]) -> Vec<String> {
    if tokens.first().map(String::as_str) != Some("{") {
        return tokens.first().cloned().into_iter().collect();
    }
    let mut steps = Vec::new();
    let (mut depth, mut fresh) = (0_usize, false);
    for token in tokens {
        match token.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            "," => {}
            step if depth == 1 && fresh => steps.push(step.to_owned()),
            _ => {}
        }
        if depth == 0 {
            break;
        }
        fresh = depth == 1 && (token == "{" || token == ",");
    }
    steps
}
