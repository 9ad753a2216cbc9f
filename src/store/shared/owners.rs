//! Who works for which connection.

use super::driver::{query, query_scalar};
use super::rows::Cells;
use super::writer::Tx;
use super::{Db, Locked, Row, dialect, during, lock_table, tell_owners};
use crate::domain::ids::ConnectionId;
use crate::store::spread::spread;
use crate::store::values::millis;
use crate::store::{ConnectionLease, OwnRequest, StoreError};

const OPERATION: &str = "take and keep connections";
const LEASES: &str = "SELECT connection, owner, token, expires_at, leaving FROM connection_leases ORDER BY connection";

impl Db {
    /// Says that the owner is there, keeps what it has, and takes what it may have; returns what it has then.
    pub(in crate::store) async fn own_connections(&self, request: &OwnRequest) -> Result<Vec<ConnectionLease>, StoreError> {
        let (request, lease) = (request.clone(), millis(request.lease));
        self.write(OPERATION, move |tx| {
            Box::pin(async move {
                // One after the other: each decides on what the one before left.
                lock_table(tx, OPERATION, Locked::ConnectionLeases).await?;
                let others = present(tx, &request, lease).await?;
                let rows = query(LEASES).fetch_all(tx.conn()).await.map_err(during(OPERATION))?;
                let leases = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
                let spread = spread(&request, lease, tx.now, &others, &leases);
                for row in &spread.rows {
                    write(tx, row).await?;
                }
                free_orders(tx, &request.owner, &spread.taken).await?;
                Ok(spread.rows.into_iter().filter(|row| row.owner == request.owner).collect())
            })
        })
        .await
    }

    /// Gives connections up, as far as the owner has them.
    pub(in crate::store) async fn release_connections(&self, owner: &str, connections: &[ConnectionId]) -> Result<(), StoreError> {
        const OPERATION: &str = "release connections";
        let owner = owner.to_owned();
        let connections = dialect::texts(OPERATION, connections.iter().map(ConnectionId::as_str))?;
        self.write(OPERATION, move |tx| {
            Box::pin(async move {
                let released = query(dialect::RELEASE).bind(owner).bind(connections).bind(tx.now).execute(tx.conn()).await;
                if released.map_err(during(OPERATION))?.rows_affected() > 0 {
                    tell_owners(tx, OPERATION).await?;
                }
                Ok(())
            })
        })
        .await
    }

    /// The owner is gone, and has nothing any more.
    pub(in crate::store) async fn leave(&self, owner: &str) -> Result<(), StoreError> {
        const OPERATION: &str = "leave the replicas";
        let owner = owner.to_owned();
        self.write(OPERATION, move |tx| {
            Box::pin(async move {
                for sql in [
                    "DELETE FROM replicas WHERE owner = $1 AND $2 IS NOT NULL",
                    "UPDATE connection_leases SET owner = '', expires_at = $2, leaving = 0 WHERE owner = $1",
                ] {
                    query(sql).bind(&owner).bind(tx.now).execute(tx.conn()).await.map_err(during(OPERATION))?;
                }
                tell_owners(tx, OPERATION).await
            })
        })
        .await
    }

    /// Every connection that anybody has had.
    pub(in crate::store) async fn connection_leases(&self) -> Result<Vec<ConnectionLease>, StoreError> {
        let rows = query(LEASES).fetch_all(&self.readers).await.map_err(during("read who has which connection"))?;
        rows.iter().map(read).collect()
    }
}

/// Notes that the owner is there, or is not any more; returns who else is.
async fn present(tx: &mut Tx, request: &OwnRequest, lease: i64) -> Result<Vec<String>, StoreError> {
    for (sql, at) in [
        ("DELETE FROM replicas WHERE expires_at <= $2 OR owner = $1", tx.now),
        ("INSERT INTO replicas (owner, expires_at) VALUES ($1, $2)", tx.now.saturating_add(lease)),
    ] {
        query(sql).bind(&request.owner).bind(at).execute(tx.conn()).await.map_err(during(OPERATION))?;
        if request.going {
            break;
        }
    }
    query_scalar("SELECT owner FROM replicas WHERE owner <> $1 ORDER BY owner")
        .bind(&request.owner)
        .fetch_all(tx.conn())
        .await
        .map_err(during(OPERATION))
}

async fn write(tx: &mut Tx, row: &ConnectionLease) -> Result<(), StoreError> {
    query(
        "INSERT INTO connection_leases (connection, owner, token, expires_at, leaving) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (connection) DO UPDATE SET owner = excluded.owner, token = excluded.token, expires_at = excluded.expires_at, \
             leaving = excluded.leaving",
    )
    .bind(row.connection.as_str())
    .bind(&row.owner)
    .bind(row.token)
    .bind(row.expires_at.as_millisecond())
    .bind(i64::from(row.leaving))
    .execute(tx.conn())
    .await
    .map(drop)
    .map_err(during(OPERATION))
}

/// What the former owner had in hand is due now: nobody else works for the connection, and its worker's tokens end with the next claim.
async fn free_orders(tx: &mut Tx, owner: &str, connections: &[ConnectionId]) -> Result<(), StoreError> {
    if connections.is_empty() {
        return Ok(());
    }
    let freed = query(dialect::FREE_ORDERS)
        .bind(dialect::texts(OPERATION, connections.iter().map(ConnectionId::as_str))?)
        .bind(owner)
        .bind(tx.now)
        .execute(tx.conn())
        .await
        .map_err(during(OPERATION))?;
    if freed.rows_affected() > 0 {
        tx.due = tx.due.min(tx.now);
    }
    Ok(())
}

fn read(row: &Row) -> Result<ConnectionLease, StoreError> {
    let cells = Cells::of("connection_leases", row);
    Ok(ConnectionLease {
        connection: ConnectionId::new(cells.get::<String>("connection")?),
        owner: cells.get("owner")?,
        token: cells.get("token")?,
        expires_at: cells.time("expires_at")?,
        leaving: cells.get::<i64>("leaving")? != 0,
    })
}
