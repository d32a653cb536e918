-- Who else may do what with a mailbox.
CREATE TABLE acl (
    account    INTEGER NOT NULL,
    mailbox    INTEGER NOT NULL,
    identifier BLOB NOT NULL,
    rights     INTEGER NOT NULL,             -- one bit a letter, a is the lowest
    PRIMARY KEY (account, mailbox, identifier)
) STRICT, WITHOUT ROWID;
CREATE INDEX acl_identifier ON acl (identifier);
