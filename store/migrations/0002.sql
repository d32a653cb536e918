-- Checksums of what lies beside the content, which has its own: the first 8 octets of BLAKE3. Nothing in rows of an
-- earlier release.
ALTER TABLE email ADD COLUMN prefix_sum INTEGER;
ALTER TABLE email ADD COLUMN summary_sum INTEGER;
