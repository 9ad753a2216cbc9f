//! What the clients of both systems share: the one way out, which is the HTTP client, the gate that keeps each system's budgets, and `Retry-After`;
//! and how the fields of a webhook are read.

pub mod gate;
pub mod http;
pub mod pick;
pub mod retry_after;
