//! What both engines do alike. These files are compiled once for each engine, as a part of it: what they take from `super` is the
//! engine's own. It has `Db` (itself, with `readers`, its ways to write and `looks_for_work`), `driver` (how a statement is said) and `Row`,
//! `writer::Tx` (a write under way), `dialect` (the statements that it says in its own way), `during` (which failures are the store's) and the
//! locks that it needs.

mod act;
mod calls;
pub(super) mod finish;
mod link;
mod lists;
mod memory;
mod owners;
pub(super) mod queue;
pub(super) mod records;
pub(super) mod rows;
mod settings;
mod tables;
mod upkeep;
mod waiting;

use super::{Db, Row, dialect, driver, during, lock_orders, lock_table, tell_owners, writer};

/// Tables that one write at a time decides on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Locked {
    Revisions,
    ConnectionLeases,
}
