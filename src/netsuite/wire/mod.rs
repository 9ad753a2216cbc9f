//! NetSuite's JSON: read leniently, written strictly.

pub(super) mod bill;
pub(super) mod body;
pub(super) mod bookings;
pub(super) mod read;
pub(super) mod sales_order;
