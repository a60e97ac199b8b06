-- The smallest milestone whose alert was sent for a license, and who is
-- sending one until when at most, by the server's clock.
CREATE TABLE alert (
    token_digest  BYTEA PRIMARY KEY CHECK (length(token_digest) = 32),
    sent          BIGINT,
    holder        BIGINT,
    claimed_until TIMESTAMPTZ
);
