-- Made anew when it changes: everything here follows from the messages.
CREATE TABLE format (n INTEGER NOT NULL) STRICT;
-- What the index has seen of an account, and when the account was made: an account that lies behind is another.
CREATE TABLE known (
    account INTEGER PRIMARY KEY,
    created INTEGER NOT NULL,
    modseq  INTEGER NOT NULL,
    upto    INTEGER NOT NULL                 -- e-mails up to here are in blocks
) STRICT;
CREATE TABLE block (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    account INTEGER NOT NULL,
    first   INTEGER NOT NULL,
    last    INTEGER NOT NULL,
    count   INTEGER NOT NULL,
    emails  BLOB NOT NULL,
    open    BLOB NOT NULL,
    sum     INTEGER NOT NULL
) STRICT;
CREATE INDEX block_account ON block (account, first);
-- The id holds the block above 24 bits of the first gram.
CREATE TABLE gram_page (id INTEGER PRIMARY KEY, octets BLOB NOT NULL, sum INTEGER NOT NULL) STRICT;
-- The id holds the block above 8 bits of the column.
CREATE TABLE text_column (id INTEGER PRIMARY KEY, octets BLOB NOT NULL, sum INTEGER NOT NULL) STRICT;
