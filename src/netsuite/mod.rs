//! NetSuite: client, authentication, wire forms, error classes, and the callback of its scripts.
//!
//! [`Client`] has one method for each remote operation, named after it. Each returns a domain type or a
//! [`NetSuiteError`], whose `class` says what the failure means for the order. What is sent is written strictly, field
//! by field; what is read is read leniently, as accounts differ in features, forms and releases.

pub mod account;
mod auth;
mod bookings;
pub mod callback;
mod client;
pub mod error;
mod items;
mod lists;
mod people;
mod queries;
mod records;
mod suiteql;
mod transport;
mod wire;
mod writes;

#[cfg(test)]
mod tests;

pub use account::Account;
pub use callback::{Callback, check_secret};
pub use client::Client;
pub use error::NetSuiteError;
pub use items::Item;
pub use queries::{ModifiedPage, ModifiedRecord};
pub use records::ServerTime;
