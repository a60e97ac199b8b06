-- The smallest milestone whose alert was sent for a license, and who is
-- sending one until when at most (milliseconds since the Unix epoch).
CREATE TABLE license_alert (
    token_digest  BLOB PRIMARY KEY CHECK (length(token_digest) = 32),
    sent          INTEGER,
    holder        INTEGER,
    claimed_until INTEGER
) STRICT;
