-- The whole store: orders are the queue, events are what asked for work, calls are what was sent.
--
-- The same rows as on SQLite. Times are milliseconds since 1970-01-01T00:00:00Z. Words are those of the crate's types (`word()` and
-- `parse()`). Ids are UUIDv7 in lower-case text, unless said otherwise. Numbers and names of either side are found in any case of letters.

CREATE TABLE orders (
    id                  TEXT PRIMARY KEY,
    connection          TEXT NOT NULL,
    direction           TEXT NOT NULL,
    state               TEXT NOT NULL,
    verdict             TEXT,
    reason              TEXT,
    detail              TEXT,
    hold                TEXT,
    due_at              BIGINT,
    attempt             BIGINT NOT NULL DEFAULT 0,
    enqueued_seq        BIGINT NOT NULL DEFAULT 0,
    handled_seq         BIGINT NOT NULL DEFAULT 0,
    lease_token         BIGINT NOT NULL DEFAULT 0,
    lease_owner         TEXT,
    revision            BIGINT,
    netsuite_id         TEXT,
    netsuite_number     TEXT,
    netsuite_status     TEXT,
    netsuite_modified   BIGINT,
    x_series_id         TEXT,
    x_series_number     TEXT,
    x_series_status     TEXT,
    x_series_state      TEXT,
    x_series_attributes TEXT NOT NULL DEFAULT '[]',
    x_series_version    BIGINT,
    sent_digest         TEXT,
    echo_digest         TEXT,
    mapping             TEXT,
    created_at          BIGINT NOT NULL,
    updated_at          BIGINT NOT NULL
) WITH (
    -- Every event and every claim rewrites the row: room for new versions beside the old ones, and a vacuum that comes early and works fast.
    fillfactor = 80,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 500,
    autovacuum_analyze_scale_factor = 0.05,
    autovacuum_vacuum_cost_delay = 0
);
COMMENT ON TABLE orders IS 'One row per pair of a sales order and a sale: the unit of work, of ordering and of explanation.';
COMMENT ON COLUMN orders.id IS 'our id';
COMMENT ON COLUMN orders.connection IS 'the connection''s id, as the configuration names it';
COMMENT ON COLUMN orders.direction IS 'which side it comes from';
COMMENT ON COLUMN orders.state IS 'due, working, waiting, held or settled';
COMMENT ON COLUMN orders.verdict IS 'of the last pass; null after a retry, or before the first pass';
COMMENT ON COLUMN orders.reason IS 'the stable word of the last pass';
COMMENT ON COLUMN orders.detail IS 'the sentence of the last pass';
COMMENT ON COLUMN orders.hold IS 'what lets it go on: facts or operator; set if and only if the state is held';
COMMENT ON COLUMN orders.due_at IS 'when it is next worked on; the lease''s end while a worker has it; null: not by itself';
COMMENT ON COLUMN orders.attempt IS 'claims since the last success';
COMMENT ON COLUMN orders.enqueued_seq IS 'the number of its newest event';
COMMENT ON COLUMN orders.handled_seq IS 'the number of the last event with a final verdict';
COMMENT ON COLUMN orders.lease_token IS 'the fencing token: counts claims';
COMMENT ON COLUMN orders.lease_owner IS 'the worker that has it; null: nobody';
COMMENT ON COLUMN orders.revision IS 'the configuration revision of the last decision';
COMMENT ON COLUMN orders.netsuite_id IS 'the sales order''s internal id';
COMMENT ON COLUMN orders.netsuite_number IS 'its number, such as SO1043';
COMMENT ON COLUMN orders.netsuite_status IS 'its status, as NetSuite shows it';
COMMENT ON COLUMN orders.netsuite_modified IS 'its last-modified time when it was last handled';
COMMENT ON COLUMN orders.x_series_id IS 'the sale''s id, in lower case';
COMMENT ON COLUMN orders.x_series_number IS 'its receipt or invoice number';
COMMENT ON COLUMN orders.x_series_status IS 'its status, in people''s word';
COMMENT ON COLUMN orders.x_series_state IS 'its state on the wire';
COMMENT ON COLUMN orders.x_series_attributes IS 'its attributes, a JSON array of strings';
COMMENT ON COLUMN orders.x_series_version IS 'its version when it was last handled';
COMMENT ON COLUMN orders.sent_digest IS 'digest of what we last wrote to the sale';
COMMENT ON COLUMN orders.echo_digest IS 'digest of the sale as read back after our last write';
COMMENT ON COLUMN orders.mapping IS 'the mapping that the sale was sent by';
COMMENT ON COLUMN orders.created_at IS 'when it was first seen';
COMMENT ON COLUMN orders.updated_at IS 'when it last changed; leases do not count';

-- A record belongs to one order. The id comes first, so that a look-up across all connections uses the same index.
CREATE UNIQUE INDEX orders_netsuite_id ON orders (netsuite_id, connection) WHERE netsuite_id IS NOT NULL;
CREATE UNIQUE INDEX orders_x_series_id ON orders (x_series_id, connection) WHERE x_series_id IS NOT NULL;
CREATE INDEX orders_netsuite_number ON orders (lower(netsuite_number)) WHERE netsuite_number IS NOT NULL;
CREATE INDEX orders_x_series_number ON orders (lower(x_series_number)) WHERE x_series_number IS NOT NULL;
-- What the claim reads: it holds only orders that wait or are worked on, so it stays small however many are settled.
CREATE INDEX orders_due ON orders (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX orders_updated ON orders (updated_at, id);
CREATE INDEX orders_state ON orders (state, updated_at, id);

CREATE TABLE events (
    id          TEXT PRIMARY KEY,
    connection  TEXT NOT NULL,
    order_id    TEXT REFERENCES orders (id),
    seq         BIGINT,
    source      TEXT NOT NULL,
    kind        TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    verdict     TEXT,
    reason      TEXT,
    detail      TEXT,
    decided_at  BIGINT,
    dedupe_key  TEXT,
    marker      TEXT,
    body        BYTEA NOT NULL
);
COMMENT ON TABLE events IS 'One row per thing that asked for work, and what became of it.';
COMMENT ON COLUMN events.id IS 'our id';
COMMENT ON COLUMN events.connection IS 'the connection';
COMMENT ON COLUMN events.order_id IS 'the order it speaks of; null: none';
COMMENT ON COLUMN events.seq IS 'its number within the order; null: it was decided at the door, or before its order was merged into another';
COMMENT ON COLUMN events.source IS 'who asked';
COMMENT ON COLUMN events.kind IS 'its type, such as salesorder.edit';
COMMENT ON COLUMN events.received_at IS 'when it came';
COMMENT ON COLUMN events.verdict IS 'what became of it; null until the pass that handles it ends';
COMMENT ON COLUMN events.reason IS 'why, as a stable word';
COMMENT ON COLUMN events.detail IS 'why, as a sentence';
COMMENT ON COLUMN events.decided_at IS 'when it was decided';
COMMENT ON COLUMN events.dedupe_key IS 'the sender''s delivery id; the row is how a repeat is known';
COMMENT ON COLUMN events.marker IS 'what a repeat without a delivery id has in common: body:SHA-256, sale:VERSION or order:MILLISECONDS';
COMMENT ON COLUMN events.body IS 'the raw body, byte for byte';

CREATE UNIQUE INDEX events_dedupe_key ON events (dedupe_key, connection, source) WHERE dedupe_key IS NOT NULL;
CREATE UNIQUE INDEX events_order ON events (order_id, seq);
CREATE INDEX events_received ON events (received_at, id);

CREATE TABLE calls (
    id              TEXT PRIMARY KEY,
    connection      TEXT NOT NULL,
    order_id        TEXT NOT NULL REFERENCES orders (id),
    kind            TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    state           TEXT NOT NULL,
    request         TEXT NOT NULL,
    attempts        BIGINT NOT NULL DEFAULT 0,
    http_status     BIGINT,
    answer          TEXT,
    remote_id       TEXT,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    in_doubt        BIGINT NOT NULL GENERATED ALWAYS AS (CASE WHEN state = 'in_doubt' THEN 1 ELSE 0 END) STORED,
    UNIQUE (connection, idempotency_key)
) WITH (fillfactor = 80);
COMMENT ON TABLE calls IS 'One row per outbound request, committed before it leaves.';
COMMENT ON COLUMN calls.id IS 'our id';
COMMENT ON COLUMN calls.connection IS 'the connection';
COMMENT ON COLUMN calls.order_id IS 'the order';
COMMENT ON COLUMN calls.kind IS 'what it does';
COMMENT ON COLUMN calls.idempotency_key IS 'its deterministic key';
COMMENT ON COLUMN calls.state IS 'planned, sent, done, in_doubt or failed';
COMMENT ON COLUMN calls.request IS 'what it sends, JSON';
COMMENT ON COLUMN calls.attempts IS 'how often it was sent';
COMMENT ON COLUMN calls.http_status IS 'the last answer''s status';
COMMENT ON COLUMN calls.answer IS 'the last answer, as a sentence';
COMMENT ON COLUMN calls.remote_id IS 'the record that it made';
COMMENT ON COLUMN calls.created_at IS 'when it was planned';
COMMENT ON COLUMN calls.updated_at IS 'when it last changed';
COMMENT ON COLUMN calls.in_doubt IS '1: listed first';

CREATE INDEX calls_order ON calls (order_id);
CREATE INDEX calls_list ON calls (in_doubt, created_at, id);

CREATE TABLE passes (
    id          BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    order_id    TEXT NOT NULL REFERENCES orders (id),
    ended_at    BIGINT NOT NULL,
    verdict     TEXT,
    reason      TEXT,
    detail      TEXT,
    revision    BIGINT,
    first_seq   BIGINT NOT NULL,
    last_seq    BIGINT NOT NULL,
    explanation TEXT NOT NULL
);
COMMENT ON TABLE passes IS 'One row per pass over an order: what was seen, what was decided. The history of its verdicts.';
COMMENT ON COLUMN passes.id IS 'counts up';
COMMENT ON COLUMN passes.order_id IS 'the order';
COMMENT ON COLUMN passes.ended_at IS 'when it ended';
COMMENT ON COLUMN passes.verdict IS 'what it ended with; null: it was retried';
COMMENT ON COLUMN passes.reason IS 'the stable word';
COMMENT ON COLUMN passes.detail IS 'the sentence';
COMMENT ON COLUMN passes.revision IS 'the configuration revision that decided';
COMMENT ON COLUMN passes.first_seq IS 'the first event that it handled';
COMMENT ON COLUMN passes.last_seq IS 'the last; less than the first: it handled none';
COMMENT ON COLUMN passes.explanation IS 'what was seen and decided, JSON';

CREATE INDEX passes_order ON passes (order_id, id);
CREATE INDEX passes_ended ON passes (ended_at, id);

CREATE TABLE aliases (
    alias    TEXT NOT NULL,
    order_id TEXT NOT NULL REFERENCES orders (id)
);
COMMENT ON TABLE aliases IS 'Further ids and numbers that find an order: fulfilments, invoices, cash sales, receipts, orders that were merged into it.';
COMMENT ON COLUMN aliases.alias IS 'the id or number';
COMMENT ON COLUMN aliases.order_id IS 'the order';

CREATE UNIQUE INDEX aliases_alias ON aliases (lower(alias), order_id);
CREATE INDEX aliases_order ON aliases (order_id);

CREATE TABLE revisions (
    connection   TEXT NOT NULL,
    number       BIGINT NOT NULL,
    document     TEXT NOT NULL,
    message      TEXT NOT NULL,
    author       TEXT NOT NULL,
    published_at BIGINT NOT NULL,
    PRIMARY KEY (connection, number)
);
COMMENT ON TABLE revisions IS 'The mappings of a connection, as they were published.';
COMMENT ON COLUMN revisions.connection IS 'the connection';
COMMENT ON COLUMN revisions.number IS '1, 2, 3, … within the connection';
COMMENT ON COLUMN revisions.document IS 'mappings.toml';
COMMENT ON COLUMN revisions.message IS 'why';
COMMENT ON COLUMN revisions.author IS 'who';
COMMENT ON COLUMN revisions.published_at IS 'when';

CREATE TABLE tokens (
    id         TEXT PRIMARY KEY,
    hash       TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    role       TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
COMMENT ON TABLE tokens IS 'Bearer tokens of the HTTP API.';
COMMENT ON COLUMN tokens.id IS 'the public id';
COMMENT ON COLUMN tokens.hash IS 'SHA-256 of the token, in hex';
COMMENT ON COLUMN tokens.name IS 'whose it is';
COMMENT ON COLUMN tokens.role IS 'viewer, operator or admin';
COMMENT ON COLUMN tokens.created_at IS 'when it was made';

CREATE TABLE cursors (
    connection TEXT NOT NULL,
    name       TEXT NOT NULL,
    value      TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (connection, name)
);
COMMENT ON TABLE cursors IS 'How far each poll has come.';
COMMENT ON COLUMN cursors.connection IS 'the connection';
COMMENT ON COLUMN cursors.name IS 'which poll';
COMMENT ON COLUMN cursors.value IS 'where it stands, JSON';
COMMENT ON COLUMN cursors.updated_at IS 'when it last moved';

CREATE TABLE pairs (
    connection  TEXT NOT NULL,
    kind        TEXT NOT NULL,
    netsuite_id TEXT NOT NULL,
    x_series_id TEXT NOT NULL,
    PRIMARY KEY (connection, kind, netsuite_id),
    UNIQUE (connection, kind, x_series_id)
);
COMMENT ON TABLE pairs IS 'Pairs of ids that are no orders: customers, items.';
COMMENT ON COLUMN pairs.connection IS 'the connection';
COMMENT ON COLUMN pairs.kind IS 'customer, item';
COMMENT ON COLUMN pairs.netsuite_id IS 'the record in NetSuite';
COMMENT ON COLUMN pairs.x_series_id IS 'the record in X-Series';

CREATE TABLE oauth_tokens (
    connection    TEXT PRIMARY KEY,
    generation    BIGINT NOT NULL,
    access_token  TEXT NOT NULL,
    expires_at    BIGINT NOT NULL,
    refresh_token TEXT NOT NULL
);
COMMENT ON TABLE oauth_tokens IS 'The rotating OAuth tokens of X-Series connections.';
COMMENT ON COLUMN oauth_tokens.connection IS 'the connection';
COMMENT ON COLUMN oauth_tokens.generation IS 'counts refreshes';
COMMENT ON COLUMN oauth_tokens.access_token IS 'the access token; empty before the first refresh';
COMMENT ON COLUMN oauth_tokens.expires_at IS 'when it ends';
COMMENT ON COLUMN oauth_tokens.refresh_token IS 'good for one more refresh';

CREATE TABLE locks (
    name       TEXT PRIMARY KEY,
    owner      TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
COMMENT ON TABLE locks IS 'Named leases.';
COMMENT ON COLUMN locks.name IS 'what is locked';
COMMENT ON COLUMN locks.owner IS 'who has it';
COMMENT ON COLUMN locks.expires_at IS 'until when';

CREATE TABLE replays (
    id         TEXT PRIMARY KEY,
    state      TEXT NOT NULL,
    total      BIGINT NOT NULL,
    done       BIGINT NOT NULL,
    changes    TEXT NOT NULL,
    dry_run    BIGINT NOT NULL,
    author     TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
COMMENT ON TABLE replays IS 'Replays, as operators see them.';
COMMENT ON COLUMN replays.id IS 'its id';
COMMENT ON COLUMN replays.state IS 'running or done';
COMMENT ON COLUMN replays.total IS 'how many orders it is about';
COMMENT ON COLUMN replays.done IS 'how many of them were made due';
COMMENT ON COLUMN replays.changes IS 'each order with what was or would be done, JSON';
COMMENT ON COLUMN replays.dry_run IS '1: nothing was changed';
COMMENT ON COLUMN replays.author IS 'who asked';
COMMENT ON COLUMN replays.created_at IS 'when';

CREATE TABLE probe (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    at BIGINT NOT NULL
);
COMMENT ON TABLE probe IS 'The readiness probe writes here: a store that can be read but not written is not ready.';
COMMENT ON COLUMN probe.id IS 'there is one row';
COMMENT ON COLUMN probe.at IS 'when it was last written';

CREATE TABLE counters (
    kind TEXT NOT NULL,
    word TEXT NOT NULL,
    n    BIGINT NOT NULL,
    PRIMARY KEY (kind, word)
) WITH (fillfactor = 50);
COMMENT ON TABLE counters IS 'Counts: reading them costs the same however many rows there are. Changes come through counter_changes.';
COMMENT ON COLUMN counters.kind IS 'event (by verdict), order (by state), held (by reason) or call (by state)';
COMMENT ON COLUMN counters.word IS 'the verdict, state or reason; empty: none';
COMMENT ON COLUMN counters.n IS 'how many';

-- What the counters are yet to be changed by. A counter that every transaction updates would make them wait for each other, so each adds
-- a row here instead; the service folds them into the counters every second. The truth is the sum of both tables.
CREATE TABLE counter_changes (
    id   BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    kind TEXT   NOT NULL,
    word TEXT   NOT NULL,
    n    BIGINT NOT NULL
) WITH (
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 2000,
    autovacuum_vacuum_cost_delay = 0
);
COMMENT ON TABLE counter_changes IS 'What the counters are yet to be changed by.';
COMMENT ON COLUMN counter_changes.id IS 'counts up';
COMMENT ON COLUMN counter_changes.kind IS 'as in counters';
COMMENT ON COLUMN counter_changes.word IS 'as in counters';
COMMENT ON COLUMN counter_changes.n IS 'how many more; negative: fewer';

-- The counts are kept in the transactions that change them, one statement at a time.
CREATE FUNCTION count_new_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO counter_changes (kind, word, n) SELECT 'event', coalesce(verdict, ''), count(*) FROM new_rows GROUP BY 2;
    RETURN NULL;
END $$;

-- Events are counted for life: a purge takes the row and leaves the count, so no trigger looks at DELETE.
CREATE FUNCTION count_decided_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO counter_changes (kind, word, n)
        SELECT 'event', word, sum(n)
        FROM (SELECT coalesce(verdict, '') AS word, 1 AS n FROM new_rows UNION ALL SELECT coalesce(verdict, ''), -1 FROM old_rows) AS changes
        GROUP BY word HAVING sum(n) <> 0;
    RETURN NULL;
END $$;

CREATE FUNCTION count_new_orders() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO counter_changes (kind, word, n)
        SELECT 'order', state, count(*) FROM new_rows GROUP BY state
        UNION ALL SELECT 'held', coalesce(reason, ''), count(*) FROM new_rows WHERE state = 'held' GROUP BY 2;
    RETURN NULL;
END $$;

CREATE FUNCTION count_changed_orders() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO counter_changes (kind, word, n)
        SELECT kind, word, sum(n)
        FROM (
            SELECT 'order' AS kind, state AS word, 1 AS n FROM new_rows
            UNION ALL SELECT 'order', state, -1 FROM old_rows
            UNION ALL SELECT 'held', coalesce(reason, ''), 1 FROM new_rows WHERE state = 'held'
            UNION ALL SELECT 'held', coalesce(reason, ''), -1 FROM old_rows WHERE state = 'held'
        ) AS changes
        GROUP BY kind, word HAVING sum(n) <> 0;
    RETURN NULL;
END $$;

CREATE FUNCTION count_gone_orders() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO counter_changes (kind, word, n)
        SELECT 'order', state, -count(*) FROM old_rows GROUP BY state
        UNION ALL SELECT 'held', coalesce(reason, ''), -count(*) FROM old_rows WHERE state = 'held' GROUP BY 2;
    RETURN NULL;
END $$;

CREATE FUNCTION count_new_calls() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO counter_changes (kind, word, n) SELECT 'call', state, count(*) FROM new_rows GROUP BY state;
    RETURN NULL;
END $$;

CREATE FUNCTION count_changed_calls() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO counter_changes (kind, word, n)
        SELECT 'call', state, sum(n) FROM (SELECT state, 1 AS n FROM new_rows UNION ALL SELECT state, -1 FROM old_rows) AS changes
        GROUP BY state HAVING sum(n) <> 0;
    RETURN NULL;
END $$;

CREATE TRIGGER events_counted AFTER INSERT ON events REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_new_events();
CREATE TRIGGER events_recounted AFTER UPDATE ON events REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_decided_events();
CREATE TRIGGER orders_counted AFTER INSERT ON orders REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_new_orders();
CREATE TRIGGER orders_recounted AFTER UPDATE ON orders REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_changed_orders();
CREATE TRIGGER orders_uncounted AFTER DELETE ON orders REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_gone_orders();
CREATE TRIGGER calls_counted AFTER INSERT ON calls REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_new_calls();
CREATE TRIGGER calls_recounted AFTER UPDATE ON calls REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_changed_calls();
