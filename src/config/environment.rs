//! The layer of `TILLBRIDGE__SECTION__KEY` variables, which lies over the file.

use std::fmt;

use super::Environment;
use super::problem::{Place, Problem};
use super::tree::{Entry, Node, Table, Value, parse_variable};

const PREFIX: &str = "TILLBRIDGE__";

/// One step on the way to a key. Indices sort as numbers, so that list entries are added in their order.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Index(usize),
    Key(String),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => write!(f, "{index}"),
            Self::Key(key) => f.write_str(key),
        }
    }
}

/// The process's environment. Text that is not UTF-8 is kept with replacement characters, so that it is refused where it is used.
pub fn environment() -> Environment {
    std::env::vars_os().map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())).collect()
}

/// Lays the variables over `root`.
pub(super) fn overlay(root: &mut Node, environment: &Environment, problems: &mut Vec<Problem>) {
    let mut settings: Vec<_> =
        environment.iter().filter_map(|(name, value)| Some((steps(name.strip_prefix(PREFIX)?), name.as_str(), value.as_str()))).collect();
    settings.sort();
    for (steps, name, value) in settings {
        if let Err(what) = set(root, &steps, parse_variable(name, value)) {
            problems.push(Problem { place: Place::Variable(name.to_owned()), key: path(&steps), what });
        }
    }
}

fn steps(name: &str) -> Vec<Step> {
    let step = |text: &str| text.parse().map_or_else(|_not_an_index| Step::Key(text.to_lowercase()), Step::Index);
    name.split("__").map(step).collect()
}

fn path(steps: &[Step]) -> String {
    steps.iter().fold(String::new(), |path, step| match step {
        Step::Index(index) => format!("{path}[{index}]"),
        Step::Key(key) if path.is_empty() => key.clone(),
        Step::Key(key) => format!("{path}.{key}"),
    })
}

/// Walks to the key, making the tables and lists on the way, and lays the value over what is there.
fn set(root: &mut Node, steps: &[Step], value: Node) -> Result<(), String> {
    let mut node = root;
    for (depth, step) in steps.iter().enumerate() {
        let fresh = || Node {
            value: match steps.get(depth + 1) {
                Some(Step::Index(_)) => Value::List(Vec::new()),
                Some(Step::Key(_)) | None => Value::Table(Table::new()),
            },
            place: value.place.clone(),
            raw: None,
        };
        let above = || path(steps.get(..depth).unwrap_or_default());
        node = match (&mut node.value, step) {
            (Value::Table(table), step) => {
                let entry = table.entry(step.to_string());
                &mut entry.or_insert_with(|| Entry { key: value.place.clone(), node: fresh() }).node
            }
            (Value::List(list), Step::Index(index)) => {
                let length = list.len();
                if *index == length {
                    list.push(fresh());
                }
                list.get_mut(*index).ok_or_else(|| format!("leaves a gap; the next index of {} is {length}", above()))?
            }
            (Value::List(_), Step::Key(key)) => return Err(format!("{} is a list; write an index, from 0, in place of {key}", above())),
            _ => return Err(format!("{} is not a table", above())),
        };
    }
    node.overlay(value);
    Ok(())
}
