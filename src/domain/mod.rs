//! What the sync decides, without I/O: ids, money, statuses, the two records, mappings, the decision and its explanation.

pub mod expression;
pub mod failure;
pub mod ids;
pub mod mapping;
pub mod money;
pub mod reference;
pub mod requests;
pub mod sale;
pub mod sales_order;
pub mod status;
pub mod verdict;
