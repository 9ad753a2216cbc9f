//! X-Series: client, authentication, wire forms, error classes, and its webhooks.

/// A decimal, written as it is read.
#[cfg(test)]
macro_rules! dec {
    ($($number:tt)+) => {
        stringify!($($number)+).replace(' ', "").parse::<rust_decimal::Decimal>().unwrap()
    };
}

/// Who signs the requests.
pub mod auth;
/// Signs, sends and reads.
pub mod client;
/// How it fails.
pub mod error;
/// Outlets, registers, payment types, taxes, users, webhook subscriptions.
mod lists;
/// Products and customers.
mod lookups;
/// The rotating tokens.
mod oauth;
/// Hand-over and subscriptions.
pub mod reference;
/// A server that answers by script, for the tests.
#[cfg(test)]
mod rehearsal;
/// Sales, serial numbers, fulfilments.
mod sales;
/// Its webhooks: genuine or not, and about what.
pub mod webhook;
/// Its JSON.
pub mod wire;
/// Its words in an error.
mod words;

pub use auth::{TokenStore, Tokens};
pub use client::Client;
pub use error::XSeriesError;
pub use reference::{Fulfillment, FulfillmentLine, SerialNumber, Webhook};
pub use wire::{SaleHead, SalesPage, WireError, parse_sale, sale_head};
