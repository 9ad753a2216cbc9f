//! The sandbox is strict where the real systems are: each refusal and each rule, over real HTTP, with signatures that are
//! made here and nowhere else.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot set up its world fails")]

mod callbacks;
mod calls;
mod faults;
mod netsuite_auth;
mod netsuite_bills;
mod netsuite_books;
mod netsuite_deposits;
mod netsuite_fulfilments;
mod netsuite_orders;
mod netsuite_returns;
mod netsuite_standalone;
mod suiteql;
mod x_series_access;
mod x_series_desk;
mod x_series_later;
mod x_series_read;
mod x_series_reference;
mod x_series_sales;
