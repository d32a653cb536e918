-- Many messages that go together are few rows: each names a range. Nothing in rows of an earlier release: one.
ALTER TABLE gone ADD COLUMN last INTEGER;
-- How many rows of msg show an e-mail, where it is more than one; email.copies, which stood in the wide row, counts no
-- longer.
CREATE TABLE shown (
    account INTEGER NOT NULL,
    email   INTEGER NOT NULL,
    copies  INTEGER NOT NULL,
    PRIMARY KEY (account, email)
) STRICT, WITHOUT ROWID;
INSERT INTO shown (account, email, copies) SELECT account, id, copies FROM email WHERE copies > 1;
