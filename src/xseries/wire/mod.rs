//! X-Series' JSON, read leniently and written strictly.

pub mod customer_request;
pub mod reference;
pub mod sale;
mod sale_parts;
pub mod sale_request;
pub mod value;

pub use sale::{SaleHead, SalesPage, parse_sale, sale_head};
pub use value::WireError;
