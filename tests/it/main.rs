//! Tests of the whole house, from the outside.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world fails")]

mod arrows;
mod http;
mod store;
