//! Tillbridge keeps NetSuite sales orders and Lightspeed Retail X-Series sales in step, driven by webhooks.
//!
//! # Layout
//!
//! In the order in which data walks through the house:
//!
//! - [`http`] takes a webhook's raw bytes; [`netsuite`] or [`xseries`] verifies them;
//! - [`store`] commits the event, and the order row becomes due;
//! - [`worker`] claims due orders; [`engine`] loads the facts, asks [`domain`] to decide, performs the calls through
//!   [`net`] and settles their answers; the verdict goes back into the [`store`];
//! - [`owner`] says which connections this replica works for, where several share a database;
//! - [`poll`] finds what no webhook told, and [`sweep`] keeps the house: both only wake orders;
//! - [`console`] shows it all to operators, on a page that [`http`] serves;
//! - [`app`] wires it all, [`cli`] is how people start it, and [`sandbox`] is a pair of systems to try it against.

pub mod app;
pub mod causes;
pub mod cli;
pub mod clock;
pub mod config;
pub mod console;
pub mod domain;
pub mod engine;
pub mod http;
pub mod metrics;
pub mod net;
pub mod netsuite;
pub mod owner;
pub mod poll;
pub mod sandbox;
pub mod store;
pub mod sweep;
pub mod worker;
pub mod xseries;
