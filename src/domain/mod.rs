//! What the sync decides, without I/O: ids, money, statuses, the two records, mappings, the decision and its explanation.

pub mod backoff;
pub mod bookings;
pub mod call;
pub mod decide;
pub mod expression;
pub mod facts;
pub mod failure;
pub mod ids;
pub mod keys;
pub mod link;
pub mod mapping;
pub mod money;
pub mod record;
pub mod record_plan;
pub mod reference;
pub mod requests;
pub mod sale;
pub mod sales_order;
pub mod status;
pub mod verdict;
