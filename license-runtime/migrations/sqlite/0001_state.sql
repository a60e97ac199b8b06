-- One row: the license state of this service. Times are milliseconds since
-- the Unix epoch.
CREATE TABLE license_state (
    id               INTEGER PRIMARY KEY CHECK (id = 1),
    revision         INTEGER NOT NULL,
    current_token    TEXT,
    next_token       TEXT,
    newest_issued_at INTEGER,
    clock_mark       INTEGER,
    clock_latched    INTEGER NOT NULL CHECK (clock_latched IN (0, 1)),
    -- An unreadable file was kept aside, and nothing was installed since.
    corrupt          INTEGER NOT NULL CHECK (corrupt IN (0, 1)),
    -- Where the chain of audit rows ends.
    audit_rows       INTEGER NOT NULL,
    audit_head       BLOB NOT NULL CHECK (length(audit_head) = 32)
) STRICT;

INSERT INTO license_state (id, revision, clock_latched, corrupt, audit_rows, audit_head)
VALUES (1, 0, 0, 0, 0, zeroblob(32));

-- Who installed what, and what was refused. Rows are only ever added; each
-- carries the hash of the one before it.
CREATE TABLE license_audit (
    seq          INTEGER PRIMARY KEY,
    at           INTEGER NOT NULL,
    actor        TEXT NOT NULL,
    address      TEXT,
    license_id   TEXT,
    token_digest BLOB CHECK (length(token_digest) = 32),
    outcome      TEXT NOT NULL,
    previous     BLOB NOT NULL CHECK (length(previous) = 32),
    hash         BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
