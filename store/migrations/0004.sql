-- The file an alias was read from, so that it goes when the file no longer names it. Nothing for one added by hand.
ALTER TABLE alias ADD COLUMN origin BLOB;
CREATE INDEX alias_origin ON alias (origin) WHERE origin IS NOT NULL;
