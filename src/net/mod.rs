//! The one way out: the HTTP client, the gate that keeps each system's budgets, and `Retry-After`.

pub mod gate;
pub mod http;
pub mod retry_after;
