//! Links.

use std::collections::HashMap;

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::super::driver::Query;
use super::super::shared::rows::Cells;
use super::super::writer::Tx;
use super::super::{Postgres, during};
use super::{Write, bind_leases};
use crate::domain::ids::{RecordId, SaleId};
use crate::store::values::json;
use crate::store::{Lease, Link, LinkResult, StoreError};

/// The columns of [`bind_links`].
macro_rules! links {
    () => {
        "new_netsuite_id, new_netsuite_number, new_netsuite_status, new_netsuite_modified, new_x_series_id, new_x_series_number, \
         new_x_series_status, new_x_series_state, new_x_series_attributes, new_x_series_version, new_sent_digest, new_echo_digest, new_mapping"
    };
}
pub(super) use links;

/// What becomes of an order's link: an id that is known is never forgotten.
macro_rules! set_links {
    () => {
        "netsuite_id = coalesce(new_netsuite_id, netsuite_id), netsuite_number = new_netsuite_number, \
         netsuite_status = new_netsuite_status, netsuite_modified = new_netsuite_modified, \
         x_series_id = coalesce(new_x_series_id, x_series_id), x_series_number = new_x_series_number, \
         x_series_status = new_x_series_status, x_series_state = new_x_series_state, x_series_attributes = new_x_series_attributes, \
         x_series_version = new_x_series_version, sent_digest = new_sent_digest, echo_digest = new_echo_digest, mapping = new_mapping"
    };
}
pub(super) use set_links;

/// True where no other order has one of the link's ids. Those that are taken at the same time meet in an index.
macro_rules! free {
    () => {
        "(netsuite_id = new_netsuite_id OR NOT EXISTS (SELECT 1 FROM orders AS other \
             WHERE other.netsuite_id = new_netsuite_id AND other.connection = orders.connection AND other.id <> orders.id)) \
         AND (x_series_id = new_x_series_id OR NOT EXISTS (SELECT 1 FROM orders AS other \
             WHERE other.x_series_id = new_x_series_id AND other.connection = orders.connection AND other.id <> orders.id))"
    };
}
pub(super) use free;

/// Orders `$1` with their tokens `$2` and links `$3` to `$15`.
const LINK: &str = concat!(
    "WITH mine AS MATERIALIZED (SELECT asked.* FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) \
             AS asked (of, token, ",
    links!(),
    ") JOIN orders ON orders.id = of WHERE lease_token = token AND lease_owner IS NOT NULL AND ",
    free!(),
    " FOR UPDATE OF orders SKIP LOCKED) UPDATE orders SET ",
    set_links!(),
    " FROM mine WHERE id = of RETURNING id"
);

/// About how long a link is, in bytes.
pub(super) const LENGTH: usize = 400;

/// The link of an order in hand.
#[derive(Debug)]
pub(super) struct NewLink {
    lease: Lease,
    link: Link,
}

impl Postgres {
    /// Stores the link, unless another order has one of its ids.
    pub(in crate::store) async fn link(&self, lease: &Lease, link: &Link) -> Result<LinkResult, StoreError> {
        let write = NewLink { lease: lease.clone(), link: link.clone() };
        match self.together(&self.sets.links, write).await? {
            Some(()) => Ok(LinkResult::Linked),
            None => self.link_one(lease, link).await,
        }
    }
}

impl Write for NewLink {
    type Done = ();
    const OPERATION: &'static str = "store orders' links";

    fn lease(&self) -> &Lease {
        &self.lease
    }

    fn keys(&self) -> [Option<&str>; 2] {
        keys_of(&self.link)
    }

    fn bytes(&self) -> usize {
        LENGTH
    }

    fn write<'a>(tx: &'a mut Tx, writes: &'a [Self]) -> BoxFuture<'a, Result<HashMap<String, ()>, StoreError>> {
        Box::pin(async move {
            let statement = bind_leases(sqlx::query(LINK), writes);
            let statement = bind_links(statement, Self::OPERATION, writes.iter().map(|write| &write.link))?;
            let rows = statement.fetch_all(tx.conn()).await.map_err(during(Self::OPERATION))?;
            rows.iter().map(|row| Ok((Cells::of("orders", row).get("id")?, ()))).collect()
        })
    }
}

/// The ids of a link.
pub(super) fn keys_of(link: &Link) -> [Option<&str>; 2] {
    [link.netsuite_id.as_ref().map(RecordId::as_str), link.x_series_id.as_ref().map(SaleId::as_str)]
}

/// Binds a column for each part of the links.
pub(super) fn bind_links<'q>(
    statement: Query<'q>,
    operation: &'static str,
    links: impl Iterator<Item = &'q Link> + Clone,
) -> Result<Query<'q>, StoreError> {
    let attributes: Vec<String> = links.clone().map(|link| json(operation, &link.x_series_attributes)).collect::<Result<_, _>>()?;
    Ok(statement
        .bind(links.clone().map(|link| link.netsuite_id.as_ref().map(RecordId::as_str)).collect::<Vec<_>>())
        .bind(links.clone().map(|link| link.netsuite_number.as_deref()).collect::<Vec<_>>())
        .bind(links.clone().map(|link| link.netsuite_status.as_deref()).collect::<Vec<_>>())
        .bind(links.clone().map(|link| link.netsuite_modified.map(Timestamp::as_millisecond)).collect::<Vec<_>>())
        .bind(links.clone().map(|link| link.x_series_id.as_ref().map(SaleId::as_str)).collect::<Vec<_>>())
        .bind(links.clone().map(|link| link.x_series_number.as_deref()).collect::<Vec<_>>())
        .bind(links.clone().map(|link| link.x_series_status.as_deref()).collect::<Vec<_>>())
        .bind(links.clone().map(|link| link.x_series_state.as_deref()).collect::<Vec<_>>())
        .bind(attributes)
        .bind(links.clone().map(|link| link.x_series_version).collect::<Vec<_>>())
        .bind(links.clone().map(|link| link.sent_digest.as_deref()).collect::<Vec<_>>())
        .bind(links.clone().map(|link| link.echo_digest.as_deref()).collect::<Vec<_>>())
        .bind(links.map(|link| link.mapping.as_deref()).collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::super::super::shared::records::link_set;

    /// The columns that a list of assignments writes.
    fn columns(assignments: &str) -> Vec<&str> {
        assignments.split(", ").filter_map(|part| part.split_once(" = ")).map(|(column, _)| column.trim()).collect()
    }

    #[test]
    fn a_set_writes_the_columns_that_an_order_by_itself_writes() {
        assert_eq!(columns(set_links!()), columns(link_set!()));
        assert_eq!(columns(set_links!()).len(), links!().split(", ").count());
    }
}
