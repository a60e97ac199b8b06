-- One row: the license state of this service. Times are milliseconds since
-- the Unix epoch.
CREATE TABLE state (
    id               INTEGER PRIMARY KEY CHECK (id = 1),
    revision         BIGINT NOT NULL,
    current_token    TEXT,
    next_token       TEXT,
    newest_issued_at BIGINT,
    clock_mark       BIGINT,
    clock_latched    BOOLEAN NOT NULL,
    -- A state was unreadable, and nothing was installed since.
    corrupt          BOOLEAN NOT NULL,
    -- Where the chain of audit rows ends.
    audit_rows       BIGINT NOT NULL,
    audit_head       BYTEA NOT NULL CHECK (length(audit_head) = 32)
);

INSERT INTO state (id, revision, clock_latched, corrupt, audit_rows, audit_head)
VALUES (1, 0, FALSE, FALSE, 0, decode(repeat('00', 32), 'hex'));

-- Who installed what, and what was refused. Rows are only ever added; each
-- carries the hash of the one before it.
CREATE TABLE audit (
    seq          BIGINT PRIMARY KEY,
    at           BIGINT NOT NULL,
    actor        TEXT NOT NULL,
    address      TEXT,
    license_id   TEXT,
    token_digest BYTEA CHECK (length(token_digest) = 32),
    outcome      TEXT NOT NULL,
    previous     BYTEA NOT NULL CHECK (length(previous) = 32),
    hash         BYTEA NOT NULL CHECK (length(hash) = 32)
);

-- How many units of a quota are taken in a month ('2026-12').
CREATE TABLE quota (
    name  TEXT NOT NULL,
    month TEXT NOT NULL,
    taken BIGINT NOT NULL CHECK (taken >= 0),
    PRIMARY KEY (name, month)
);

-- One row for each limit whose seats were ever reserved; whoever reserves
-- holds its lock.
CREATE TABLE seats (
    name TEXT PRIMARY KEY
);
