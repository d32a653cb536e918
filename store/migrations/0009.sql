-- What clients note of a mailbox or the server.
CREATE TABLE annotation (
    account INTEGER NOT NULL,                -- 0: the server
    mailbox INTEGER NOT NULL,                -- 0: none
    reader  INTEGER NOT NULL,                -- whose private one; 0: shared
    entry   BLOB NOT NULL,
    value   BLOB NOT NULL,
    PRIMARY KEY (account, mailbox, reader, entry)
) STRICT, WITHOUT ROWID;
