-- How many units of a quota are taken in a month ('2026-12'). The slot is the
-- place in the file beside the database where it is noted how many are spent.
CREATE TABLE license_quota (
    slot  INTEGER PRIMARY KEY,
    name  TEXT NOT NULL,
    month TEXT NOT NULL,
    taken INTEGER NOT NULL CHECK (taken >= 0),
    UNIQUE (name, month)
) STRICT;

-- One row: who writes that file. Notes with another mark count for nothing,
-- nor does any in another boot of the system.
CREATE TABLE license_quota_session (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    mark BLOB NOT NULL CHECK (length(mark) = 16),
    boot TEXT
) STRICT;
