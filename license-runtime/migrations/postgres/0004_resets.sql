-- What this installation is called in machine info; a license that resets the
-- clock has to name it.
ALTER TABLE state ADD COLUMN installation TEXT;
-- When the last license was issued that reset the clock.
ALTER TABLE state ADD COLUMN last_reset_at BIGINT;
