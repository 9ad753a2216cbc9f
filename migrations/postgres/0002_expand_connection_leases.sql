-- Which process sends the requests of a connection. Several receive; one speaks to the two systems.

CREATE TABLE replicas (
    owner      TEXT PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
COMMENT ON TABLE replicas IS 'The processes that are there.';
COMMENT ON COLUMN replicas.owner IS 'its name';
COMMENT ON COLUMN replicas.expires_at IS 'until when it is believed to be there';

CREATE TABLE connection_leases (
    connection TEXT PRIMARY KEY,
    owner      TEXT NOT NULL,
    token      BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    leaving    BIGINT NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
COMMENT ON TABLE connection_leases IS 'One row per connection: which process sends its requests.';
COMMENT ON COLUMN connection_leases.connection IS 'the connection';
COMMENT ON COLUMN connection_leases.owner IS 'who has it; empty: nobody';
COMMENT ON COLUMN connection_leases.token IS 'the fencing token: counts owners';
COMMENT ON COLUMN connection_leases.expires_at IS 'until when, or since when nobody has it';
COMMENT ON COLUMN connection_leases.leaving IS '1: its owner gives it up as soon as nothing of it is in hand';
