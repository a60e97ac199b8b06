-- A check over all other columns of the one row: what the disk has changed by
-- itself is found. NULL until the store is opened for the first time.
ALTER TABLE license_state ADD COLUMN seal BLOB CHECK (length(seal) = 32);
