-- The id by which this installation is known as a machine, where the product
-- knows machines so. It leaves the store only as a fingerprint.
ALTER TABLE license_state ADD COLUMN installation_id TEXT;
-- The fingerprint by which a license was last found to be for this machine.
ALTER TABLE license_state ADD COLUMN machine TEXT;
-- Since when a license goes on although the fingerprint is another now, and the
-- newest issue time that had been accepted then.
ALTER TABLE license_state ADD COLUMN rebind_since INTEGER;
ALTER TABLE license_state ADD COLUMN rebind_newest_issued_at INTEGER;
