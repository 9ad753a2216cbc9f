//! The HTTP side from the outside: the real server on a port of its own, a real database in a temporary folder, and every answer
//! held against `openapi.yaml`.

#![expect(clippy::panic, reason = "an answer that is not as the contract says fails the test")]

mod console;
mod contract;
mod limits;
mod oauth;
mod operators;
mod probes;
mod storm;
mod webhooks;
mod world;
