//! The operators' endpoints. Each takes a bearer token; the route list of [`super`] says which role.

pub mod calls;
pub mod connections;
pub mod events;
pub mod orders;
pub mod replays;

use serde::Serialize;

use crate::store::Page;

/// A page of a list.
#[derive(Debug, Serialize)]
pub struct List<T> {
    /// The rows.
    pub items: Vec<T>,
    /// What to send as `cursor` for the next page; none on the last.
    pub next_cursor: Option<String>,
}

impl<T> List<T> {
    /// A page of the store, in the shape of the contract.
    pub fn of<R>(page: Page<R>, shape: impl FnMut(R) -> T) -> Self {
        Self { items: page.items.into_iter().map(shape).collect(), next_cursor: page.next_cursor }
    }

    /// A list that fits one page.
    pub fn whole(items: Vec<T>) -> Self {
        Self { items, next_cursor: None }
    }
}
