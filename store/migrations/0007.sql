-- Names somebody subscribed to that are no mailbox of the account: removed ones, and those of others.
CREATE TABLE subscription (
    account INTEGER NOT NULL,
    name    BLOB NOT NULL,                   -- the whole path
    PRIMARY KEY (account, name)
) STRICT, WITHOUT ROWID;
