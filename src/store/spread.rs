//! Who works for which connection: how replicas share them, as a pure decision.
//!
//! A replica takes what nobody has up to its share, and beyond that only while nobody else has less. One that has two more than another
//! gives one up; it keeps it until nothing of it is in hand. So every connection finds an owner, and the counts end up at most one apart.

use super::ownership::{ConnectionLease, OwnRequest};
use crate::domain::ids::ConnectionId;

/// What becomes of the leases.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Spread {
    /// Rows to write: kept, taken, given up, or noted as nobody's.
    pub(super) rows: Vec<ConnectionLease>,
    /// Connections that were somebody else's, or nobody's, a moment ago.
    pub(super) taken: Vec<ConnectionId>,
}

/// Decides for one replica. `others`: the other replicas that are there. `leases`: every row. Times are epoch milliseconds.
pub(super) fn spread(request: &OwnRequest, lease: i64, now: i64, others: &[String], leases: &[ConnectionLease]) -> Spread {
    let me = request.owner.as_str();
    let alive = |row: &ConnectionLease| row.expires_at.as_millisecond() > now;
    let counts: Vec<usize> =
        others.iter().map(|other| leases.iter().filter(|row| row.owner == *other && !row.leaving && alive(row)).count()).collect();
    let until = crate::clock::from_millis(now.saturating_add(lease));
    let mut spread = Spread { rows: Vec::new(), taken: Vec::new() };
    let mut free = Vec::new();
    for connection in &request.connections {
        match leases.iter().find(|row| row.connection == *connection) {
            Some(row) if row.owner == me => spread.rows.push(ConnectionLease { expires_at: until, ..row.clone() }),
            _ if request.going => {}
            Some(row) if alive(row) && !request.alone => {}
            Some(row) => free.push(row.clone()),
            None => free.push(ConnectionLease::nobodys(connection, now)),
        }
    }
    let mut mine = spread.rows.iter().filter(|row| !row.leaving).count();
    let share = request.connections.len() / (others.len() + 1);
    let somebody_leaves = leases.iter().any(|row| row.leaving && (alive(row) || row.owner == me));
    let nothing_free = free.is_empty();
    for row in free {
        // Nobody wanted it for a whole lease: whoever would be its turn does not know it.
        let left_over = row.expires_at.as_millisecond().saturating_add(lease) <= now;
        if request.alone || mine < share || counts.iter().all(|count| mine <= *count) || left_over {
            mine += 1;
            spread.taken.push(row.connection.clone());
            spread.rows.push(ConnectionLease { owner: me.to_owned(), token: row.token + 1, expires_at: until, leaving: false, ..row });
        } else if row.token == 0 {
            spread.rows.push(row);
        }
    }
    if nothing_free
        && !request.going
        && !somebody_leaves
        && counts.iter().any(|count| count + 2 <= mine)
        && let Some(last) = spread.rows.iter_mut().rev().find(|row| row.owner == me)
    {
        last.leaving = true;
    }
    spread
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const LEASE: i64 = 1000;

    /// Replicas that come and go over one table, one decision at a time.
    struct Table {
        leases: Vec<ConnectionLease>,
        now: i64,
    }

    impl Table {
        fn turn(&mut self, connections: usize, me: usize, alive: &[usize]) -> usize {
            let connections = (0..connections).map(|n| ConnectionId::from(format!("c{n:02}").as_str())).collect();
            let request = OwnRequest { owner: me.to_string(), lease: Duration::from_secs(1), connections, alone: false, going: false };
            let others: Vec<String> = alive.iter().filter(|other| **other != me).map(ToString::to_string).collect();
            let spread = spread(&request, LEASE, self.now, &others, &self.leases);
            for mut row in spread.rows {
                if row.leaving {
                    row = ConnectionLease { token: row.token, ..ConnectionLease::nobodys(&row.connection, self.now) };
                }
                self.leases.retain(|old| old.connection != row.connection);
                self.leases.push(row);
            }
            spread.taken.len()
        }

        fn counts(&self, alive: &[usize]) -> Vec<usize> {
            let leases: Vec<_> = self.leases.iter().filter(|row| row.expires_at.as_millisecond() > self.now).collect();
            alive.iter().map(|me| leases.iter().filter(|row| row.owner == me.to_string()).count()).collect()
        }
    }

    #[test]
    fn every_connection_finds_an_owner_and_the_counts_are_at_most_one_apart() {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..200 {
            let (connections, mut alive) = (random.usize(1..12), vec![0]);
            let mut table = Table { leases: Vec::new(), now: 0 };
            for round in 1..12 {
                // Some come, some die, all take a few turns in any order.
                if random.bool() {
                    alive.push(round);
                }
                if alive.len() > 1 && random.bool() {
                    alive.swap_remove(random.usize(0..alive.len()));
                }
                table.now += LEASE + 1;
                for _ in 0..2 * connections + 4 {
                    let mut turns = alive.clone();
                    random.shuffle(&mut turns);
                    for me in turns {
                        table.turn(connections, me, &alive);
                    }
                }
                let counts = table.counts(&alive);
                let spread = counts.iter().max().unwrap() - counts.iter().min().unwrap();
                assert_eq!((counts.iter().sum::<usize>(), spread <= 1), (connections, true), "{counts:?}");
                let tokens: Vec<i64> = table.leases.iter().map(|row| row.token).collect();
                for me in &alive {
                    assert_eq!(table.turn(connections, *me, &alive), 0, "it has come to rest");
                }
                assert_eq!(table.leases.iter().map(|row| row.token).max(), tokens.into_iter().max());
            }
        }
    }

    #[test]
    fn a_connection_that_only_one_replica_knows_is_taken_over_its_share() {
        let mut table = Table { leases: Vec::new(), now: 0 };
        table.turn(3, 0, &[0, 1]);
        assert_eq!(table.counts(&[0]), [1]);
        table.now += LEASE / 2;
        assert_eq!(table.turn(3, 0, &[0, 1]), 0);
        table.now += LEASE / 2;
        assert_eq!(table.turn(3, 0, &[0, 1]), 2, "the other never took them");
    }
}
