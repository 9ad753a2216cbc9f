//! Tests of the whole house, from the outside: one binary, so that it is linked once.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world fails")]

mod arrows;
mod bench;
mod docs;
mod flow;
mod http;
mod postgres;
mod sandbox;
mod store;
mod till_records;
