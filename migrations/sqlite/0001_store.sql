-- The whole store: orders are the queue, events are what asked for work, calls are what was sent.
--
-- Times are milliseconds since 1970-01-01T00:00:00Z. Words are those of the crate's types (`word()` and `parse()`).
-- Ids are UUIDv7 in lower-case text, unless said otherwise.

-- One row per pair of a sales order and a sale: the unit of work, of ordering and of explanation.
CREATE TABLE orders (
    id                  TEXT    NOT NULL PRIMARY KEY,         -- our id
    connection          TEXT    NOT NULL,                     -- the connection's id, as the configuration names it
    direction           TEXT    NOT NULL,                     -- which side it comes from
    state               TEXT    NOT NULL,                     -- due, working, waiting, held or settled
    verdict             TEXT,                                 -- of the last pass; null after a retry, or before the first pass
    reason              TEXT,                                 -- the stable word of the last pass
    detail              TEXT,                                 -- the sentence of the last pass
    hold                TEXT,                                 -- what lets it go on: facts or operator; set if and only if the state is held
    due_at              INTEGER,                              -- when it is next worked on; the lease's end while a worker has it; null: not by itself
    attempt             INTEGER NOT NULL DEFAULT 0,           -- claims since the last success
    enqueued_seq        INTEGER NOT NULL DEFAULT 0,           -- the number of its newest event
    handled_seq         INTEGER NOT NULL DEFAULT 0,           -- the number of the last event with a final verdict
    lease_token         INTEGER NOT NULL DEFAULT 0,           -- the fencing token: counts claims
    lease_owner         TEXT,                                 -- the worker that has it; null: nobody
    revision            INTEGER,                              -- the configuration revision of the last decision
    netsuite_id         TEXT,                                 -- the sales order's internal id
    netsuite_number     TEXT COLLATE NOCASE,                  -- its number, such as SO1043
    netsuite_status     TEXT,                                 -- its status, as NetSuite shows it
    netsuite_modified   INTEGER,                              -- its last-modified time when it was last handled
    x_series_id         TEXT,                                 -- the sale's id, in lower case
    x_series_number     TEXT COLLATE NOCASE,                  -- its receipt or invoice number
    x_series_status     TEXT,                                 -- its status, in people's word
    x_series_state      TEXT,                                 -- its state on the wire
    x_series_attributes TEXT    NOT NULL DEFAULT '[]',        -- its attributes, a JSON array of strings
    x_series_version    INTEGER,                              -- its version when it was last handled
    sent_digest         TEXT,                                 -- digest of what we last wrote to the sale
    echo_digest         TEXT,                                 -- digest of the sale as read back after our last write
    mapping             TEXT,                                 -- the mapping that the sale was sent by
    created_at          INTEGER NOT NULL,                     -- when it was first seen
    updated_at          INTEGER NOT NULL                      -- when it last changed; leases do not count
) STRICT;

-- A record belongs to one order. The id comes first, so that a look-up across all connections uses the same index.
CREATE UNIQUE INDEX orders_netsuite_id ON orders (netsuite_id, connection) WHERE netsuite_id IS NOT NULL;
CREATE UNIQUE INDEX orders_x_series_id ON orders (x_series_id, connection) WHERE x_series_id IS NOT NULL;
CREATE INDEX orders_netsuite_number ON orders (netsuite_number) WHERE netsuite_number IS NOT NULL;
CREATE INDEX orders_x_series_number ON orders (x_series_number) WHERE x_series_number IS NOT NULL;
-- What the claim reads: it holds only orders that wait or are worked on, so it stays small however many are settled.
CREATE INDEX orders_due ON orders (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX orders_updated ON orders (updated_at, id);
CREATE INDEX orders_state ON orders (state, updated_at, id);

-- One row per thing that asked for work, and what became of it.
CREATE TABLE events (
    id          TEXT    NOT NULL PRIMARY KEY,                 -- our id
    connection  TEXT    NOT NULL,                             -- the connection
    order_id    TEXT    REFERENCES orders (id),               -- the order it speaks of; null: none
    seq         INTEGER,                                      -- its number within the order; null: it was decided at the door, or before its order was merged into another
    source      TEXT    NOT NULL,                             -- who asked
    kind        TEXT    NOT NULL,                             -- its type, such as salesorder.edit
    received_at INTEGER NOT NULL,                             -- when it came
    verdict     TEXT,                                         -- what became of it; null until the pass that handles it ends
    reason      TEXT,                                         -- why, as a stable word
    detail      TEXT,                                         -- why, as a sentence
    decided_at  INTEGER,                                      -- when it was decided
    dedupe_key  TEXT,                                         -- the sender's delivery id; the row is how a repeat is known
    marker      TEXT,                                         -- what a repeat without a delivery id has in common: body:SHA-256, sale:VERSION or order:MILLISECONDS
    body        BLOB    NOT NULL                              -- the raw body, byte for byte
) STRICT;

CREATE UNIQUE INDEX events_dedupe_key ON events (dedupe_key, connection, source) WHERE dedupe_key IS NOT NULL;
CREATE UNIQUE INDEX events_order ON events (order_id, seq);
CREATE INDEX events_received ON events (received_at, id);

-- One row per outbound request, committed before it leaves.
CREATE TABLE calls (
    id              TEXT    NOT NULL PRIMARY KEY,             -- our id
    connection      TEXT    NOT NULL,                         -- the connection
    order_id        TEXT    NOT NULL REFERENCES orders (id),  -- the order
    kind            TEXT    NOT NULL,                         -- what it does
    idempotency_key TEXT    NOT NULL,                         -- its deterministic key
    state           TEXT    NOT NULL,                         -- planned, sent, done, in_doubt or failed
    request         TEXT    NOT NULL,                         -- what it sends, JSON
    attempts        INTEGER NOT NULL DEFAULT 0,               -- how often it was sent
    http_status     INTEGER,                                  -- the last answer's status
    answer          TEXT,                                     -- the last answer, as a sentence
    remote_id       TEXT,                                     -- the record that it made
    created_at      INTEGER NOT NULL,                         -- when it was planned
    updated_at      INTEGER NOT NULL,                         -- when it last changed
    in_doubt        INTEGER NOT NULL GENERATED ALWAYS AS (state = 'in_doubt') VIRTUAL, -- 1: listed first
    UNIQUE (connection, idempotency_key)
) STRICT;

CREATE INDEX calls_order ON calls (order_id);
CREATE INDEX calls_list ON calls (in_doubt, created_at, id);

-- One row per pass over an order: what was seen, what was decided. The history of its verdicts.
CREATE TABLE passes (
    id          INTEGER NOT NULL PRIMARY KEY,                 -- counts up
    order_id    TEXT    NOT NULL REFERENCES orders (id),      -- the order
    ended_at    INTEGER NOT NULL,                             -- when it ended
    verdict     TEXT,                                         -- what it ended with; null: it was retried
    reason      TEXT,                                         -- the stable word
    detail      TEXT,                                         -- the sentence
    revision    INTEGER,                                      -- the configuration revision that decided
    first_seq   INTEGER NOT NULL,                             -- the first event that it handled
    last_seq    INTEGER NOT NULL,                             -- the last; less than the first: it handled none
    explanation TEXT    NOT NULL                              -- what was seen and decided, JSON
) STRICT;

CREATE INDEX passes_order ON passes (order_id, id);
CREATE INDEX passes_ended ON passes (ended_at, id);

-- Further ids and numbers that find an order: fulfilments, invoices, cash sales, receipts, orders that were merged into it.
CREATE TABLE aliases (
    alias    TEXT NOT NULL COLLATE NOCASE,                    -- the id or number
    order_id TEXT NOT NULL REFERENCES orders (id),            -- the order
    PRIMARY KEY (alias, order_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX aliases_order ON aliases (order_id);

-- The mappings of a connection, as they were published.
CREATE TABLE revisions (
    connection   TEXT    NOT NULL,                            -- the connection
    number       INTEGER NOT NULL,                            -- 1, 2, 3, … within the connection
    document     TEXT    NOT NULL,                            -- mappings.toml
    message      TEXT    NOT NULL,                            -- why
    author       TEXT    NOT NULL,                            -- who
    published_at INTEGER NOT NULL,                            -- when
    PRIMARY KEY (connection, number)
) STRICT;

-- Bearer tokens of the HTTP API.
CREATE TABLE tokens (
    id         TEXT    NOT NULL PRIMARY KEY,                  -- the public id
    hash       TEXT    NOT NULL UNIQUE,                       -- SHA-256 of the token, in hex
    name       TEXT    NOT NULL,                              -- whose it is
    role       TEXT    NOT NULL,                              -- viewer, operator or admin
    created_at INTEGER NOT NULL                               -- when it was made
) STRICT;

-- How far each poll has come.
CREATE TABLE cursors (
    connection TEXT    NOT NULL,                              -- the connection
    name       TEXT    NOT NULL,                              -- which poll
    value      TEXT    NOT NULL,                              -- where it stands, JSON
    updated_at INTEGER NOT NULL,                              -- when it last moved
    PRIMARY KEY (connection, name)
) STRICT, WITHOUT ROWID;

-- Pairs of ids that are no orders: customers, items.
CREATE TABLE pairs (
    connection  TEXT NOT NULL,                                -- the connection
    kind        TEXT NOT NULL,                                -- customer, item
    netsuite_id TEXT NOT NULL,                                -- the record in NetSuite
    x_series_id TEXT NOT NULL,                                -- the record in X-Series
    PRIMARY KEY (connection, kind, netsuite_id),
    UNIQUE (connection, kind, x_series_id)
) STRICT, WITHOUT ROWID;

-- The rotating OAuth tokens of X-Series connections.
CREATE TABLE oauth_tokens (
    connection    TEXT    NOT NULL PRIMARY KEY,               -- the connection
    generation    INTEGER NOT NULL,                           -- counts refreshes
    access_token  TEXT    NOT NULL,                           -- the access token; empty before the first refresh
    expires_at    INTEGER NOT NULL,                           -- when it ends
    refresh_token TEXT    NOT NULL                            -- good for one more refresh
) STRICT;

-- Named leases.
CREATE TABLE locks (
    name       TEXT    NOT NULL PRIMARY KEY,                  -- what is locked
    owner      TEXT    NOT NULL,                              -- who has it
    expires_at INTEGER NOT NULL                               -- until when
) STRICT, WITHOUT ROWID;

-- Replays, as operators see them.
CREATE TABLE replays (
    id         TEXT    NOT NULL PRIMARY KEY,                  -- its id
    state      TEXT    NOT NULL,                              -- running or done
    total      INTEGER NOT NULL,                              -- how many orders it is about
    done       INTEGER NOT NULL,                              -- how many of them were made due
    changes    TEXT    NOT NULL,                              -- each order with what was or would be done, JSON
    dry_run    INTEGER NOT NULL,                              -- 1: nothing was changed
    author     TEXT    NOT NULL,                              -- who asked
    created_at INTEGER NOT NULL                               -- when
) STRICT;

-- The readiness probe writes here: a store that can be read but not written is not ready.
CREATE TABLE probe (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),           -- there is one row
    at INTEGER NOT NULL                                       -- when it was last written
) STRICT;

-- Counts, kept in the transactions that change them: reading them costs the same however many rows there are. What is new is counted by
-- the batch that writes it, as a trigger for each row costs as much as one of its indexes; what changes, by the triggers below.
CREATE TABLE counters (
    kind TEXT    NOT NULL,                                    -- event (by verdict), order (by state), held (by reason) or call (by state)
    word TEXT    NOT NULL,                                    -- the verdict, state or reason; empty: none
    n    INTEGER NOT NULL,                                    -- how many
    PRIMARY KEY (kind, word)
) STRICT, WITHOUT ROWID;

-- Events are counted for life: a purge takes the row and leaves the count, so no trigger looks at DELETE.
CREATE TRIGGER events_recounted AFTER UPDATE OF verdict ON events WHEN NEW.verdict IS NOT OLD.verdict BEGIN
    UPDATE counters SET n = n - 1 WHERE kind = 'event' AND word = coalesce(OLD.verdict, '');
    INSERT INTO counters (kind, word, n) VALUES ('event', coalesce(NEW.verdict, ''), 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER orders_recounted AFTER UPDATE OF state, reason ON orders
    WHEN NEW.state IS NOT OLD.state OR (NEW.state = 'held' AND NEW.reason IS NOT OLD.reason) BEGIN
    UPDATE counters SET n = n - 1 WHERE kind = 'order' AND word = OLD.state;
    UPDATE counters SET n = n - 1 WHERE kind = 'held' AND OLD.state = 'held' AND word = coalesce(OLD.reason, '');
    INSERT INTO counters (kind, word, n) VALUES ('order', NEW.state, 1) ON CONFLICT DO UPDATE SET n = n + 1;
    INSERT INTO counters (kind, word, n) SELECT 'held', coalesce(NEW.reason, ''), 1 WHERE NEW.state = 'held'
        ON CONFLICT DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER orders_uncounted AFTER DELETE ON orders BEGIN
    UPDATE counters SET n = n - 1 WHERE kind = 'order' AND word = OLD.state;
    UPDATE counters SET n = n - 1 WHERE kind = 'held' AND OLD.state = 'held' AND word = coalesce(OLD.reason, '');
END;

CREATE TRIGGER calls_counted AFTER INSERT ON calls BEGIN
    INSERT INTO counters (kind, word, n) VALUES ('call', NEW.state, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER calls_recounted AFTER UPDATE OF state ON calls WHEN NEW.state IS NOT OLD.state BEGIN
    UPDATE counters SET n = n - 1 WHERE kind = 'call' AND word = OLD.state;
    INSERT INTO counters (kind, word, n) VALUES ('call', NEW.state, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;
