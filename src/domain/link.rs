//! The link: the stored pair of ids, and what each side looked like when it was last handled.

use jiff::Timestamp;

use super::ids::{RecordId, SaleId};

/// The stored pair of ids, and what each side looked like when it was last handled.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Link {
    /// The sales order.
    pub netsuite_id: Option<RecordId>,
    /// Its number.
    pub netsuite_number: Option<String>,
    /// Its status, as `NetSuite` shows it.
    pub netsuite_status: Option<String>,
    /// Its last-modified time when it was last handled.
    pub netsuite_modified: Option<Timestamp>,
    /// The sale.
    pub x_series_id: Option<SaleId>,
    /// Its receipt or invoice number.
    pub x_series_number: Option<String>,
    /// Its status, in people's word.
    pub x_series_status: Option<String>,
    /// Its `state`.
    pub x_series_state: Option<String>,
    /// Its `attributes`.
    pub x_series_attributes: Vec<String>,
    /// Its version when it was last handled.
    pub x_series_version: Option<i64>,
    /// Digest of what we last wrote to the sale, so that a later change of the sales order is told from one at the till.
    pub sent_digest: Option<String>,
    /// Digest of the sale as it was read back after our own last write: the same again is an echo.
    pub echo_digest: Option<String>,
    /// The mapping that the sale was sent by.
    pub mapping: Option<String>,
}
