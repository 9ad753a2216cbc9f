-- Which process sends the requests of a connection. Several receive; one speaks to the two systems.

-- The processes that are there.
CREATE TABLE replicas (
    owner      TEXT    NOT NULL PRIMARY KEY,                  -- its name
    expires_at INTEGER NOT NULL                               -- until when it is believed to be there
) STRICT, WITHOUT ROWID;

-- One row per connection.
CREATE TABLE connection_leases (
    connection TEXT    NOT NULL PRIMARY KEY,                  -- the connection
    owner      TEXT    NOT NULL,                              -- who has it; empty: nobody
    token      INTEGER NOT NULL,                              -- the fencing token: counts owners
    expires_at INTEGER NOT NULL,                              -- until when, or since when nobody has it
    leaving    INTEGER NOT NULL DEFAULT 0                     -- 1: its owner gives it up as soon as nothing of it is in hand
) STRICT, WITHOUT ROWID;
