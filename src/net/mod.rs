//! The one way out: the HTTP client, the gate that keeps each system's budgets, `Retry-After`, and what of a webhook is read.

pub mod gate;
pub mod http;
pub mod pick;
pub mod retry_after;
