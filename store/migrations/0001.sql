-- Integers and octets only, so that every table has the same shape on another engine. Texts are UTF-8 octets.
-- Times are milliseconds since 1970 unless a name says otherwise.

CREATE TABLE domain (
    name    BLOB NOT NULL PRIMARY KEY,
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The counters of an account; everything below it is led by its id. Ids are never reused.
CREATE TABLE account (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    local          BLOB NOT NULL,            -- as it was given
    local_key      BLOB NOT NULL,            -- lower case
    host           BLOB NOT NULL,
    credentials    BLOB NOT NULL,            -- JSON
    quota          INTEGER,
    used           INTEGER NOT NULL DEFAULT 0,
    messages       INTEGER NOT NULL DEFAULT 0,
    pop_delete     INTEGER NOT NULL DEFAULT 0,
    created        INTEGER NOT NULL,
    modseq         INTEGER NOT NULL DEFAULT 1,
    modseq_floor   INTEGER NOT NULL DEFAULT 0, -- changes up to here were forgotten
    last_email     INTEGER NOT NULL DEFAULT 0,
    last_mailbox   INTEGER NOT NULL DEFAULT 0,
    last_validity  INTEGER NOT NULL DEFAULT 0,
    UNIQUE (host, local_key)
) STRICT;

CREATE TABLE alias (
    host      BLOB NOT NULL,
    local_key BLOB NOT NULL,
    local     BLOB NOT NULL,
    moved     INTEGER NOT NULL,              -- 1: the one member is the new address
    PRIMARY KEY (host, local_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE alias_member (
    host         BLOB NOT NULL,
    local_key    BLOB NOT NULL,
    n            INTEGER NOT NULL,
    member_local BLOB NOT NULL,
    member_key   BLOB NOT NULL,
    member_host  BLOB NOT NULL,
    PRIMARY KEY (host, local_key, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX alias_member_target ON alias_member (member_host, member_key);

CREATE TABLE mailbox (
    account      INTEGER NOT NULL,
    id           INTEGER NOT NULL,
    parent       INTEGER NOT NULL,           -- 0: none
    name         BLOB NOT NULL,
    role         INTEGER NOT NULL,           -- 0: none
    uid_validity INTEGER NOT NULL,
    uid_next     INTEGER NOT NULL DEFAULT 1,
    modseq       INTEGER NOT NULL,           -- of it or of a message in it
    added        INTEGER NOT NULL,           -- modseq at which it was made
    changed      INTEGER NOT NULL,           -- modseq at which name, parent or subscription changed
    total        INTEGER NOT NULL DEFAULT 0,
    unseen       INTEGER NOT NULL DEFAULT 0,
    octets       INTEGER NOT NULL DEFAULT 0,
    subscribed   INTEGER NOT NULL,
    PRIMARY KEY (account, id),
    UNIQUE (account, parent, name)
) STRICT, WITHOUT ROWID;

-- Wide and seldom read, so it is kept in order of arrival.
CREATE TABLE email (
    row       INTEGER PRIMARY KEY,
    account   INTEGER NOT NULL,
    id        INTEGER NOT NULL,
    blob      INTEGER NOT NULL,
    copies    INTEGER NOT NULL,              -- rows of msg that show it
    thread    INTEGER NOT NULL,
    size      INTEGER NOT NULL,
    received  INTEGER NOT NULL,
    queue_id  INTEGER,
    prefix    BLOB NOT NULL,
    summary   BLOB NOT NULL,
    refs      BLOB NOT NULL,                 -- 8 octets a message id it names: keys of thread_ref
    UNIQUE (account, id)
) STRICT;

-- Narrow: this is what a listing reads.
CREATE TABLE msg (
    account  INTEGER NOT NULL,
    mailbox  INTEGER NOT NULL,
    uid      INTEGER NOT NULL,
    email    INTEGER NOT NULL,
    modseq   INTEGER NOT NULL,
    added    INTEGER NOT NULL,               -- modseq at which it came
    flags    INTEGER NOT NULL,               -- system flags, then one bit a keyword slot
    size     INTEGER NOT NULL,
    received INTEGER NOT NULL,
    PRIMARY KEY (account, mailbox, uid)
) STRICT, WITHOUT ROWID;
CREATE INDEX msg_modseq ON msg (account, modseq);

CREATE TABLE keyword (
    account INTEGER NOT NULL,
    slot    INTEGER NOT NULL,
    name    BLOB NOT NULL,
    PRIMARY KEY (account, slot)
) STRICT, WITHOUT ROWID;

CREATE TABLE blob (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    octets INTEGER NOT NULL,
    hash   BLOB NOT NULL,                    -- BLAKE3 of the content as it came
    refs   INTEGER NOT NULL,                 -- rows of email and outbox that lead here
    codec  INTEGER NOT NULL,                 -- of blob_inline
    frames BLOB                              -- NULL: the content is in blob_inline
) STRICT;

CREATE TABLE blob_inline (
    blob  INTEGER PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE segment (
    number INTEGER PRIMARY KEY,
    live   INTEGER NOT NULL                  -- octets of frames some blob leads to, headers included
) STRICT;

-- What is no more: 0 a uid of a mailbox, 1 an e-mail, 2 a mailbox.
CREATE TABLE gone (
    account INTEGER NOT NULL,
    modseq  INTEGER NOT NULL,
    kind    INTEGER NOT NULL,
    mailbox INTEGER NOT NULL,
    id      INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (account, modseq, kind, mailbox, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX gone_at ON gone (at);

CREATE TABLE thread_ref (
    account INTEGER NOT NULL,
    hash    INTEGER NOT NULL,                -- of a message id
    thread  INTEGER NOT NULL,
    email   INTEGER NOT NULL,                -- the latest to name it; goes with it
    PRIMARY KEY (account, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    queue_id     INTEGER NOT NULL,
    blob         INTEGER NOT NULL,
    prefix       BLOB NOT NULL,
    reverse_path BLOB NOT NULL,
    body         BLOB NOT NULL,
    smtputf8     INTEGER NOT NULL,
    ret          BLOB,
    envid        BLOB,
    size         INTEGER NOT NULL,
    created      INTEGER NOT NULL
) STRICT;

CREATE TABLE outbox_rcpt (
    outbox      INTEGER NOT NULL,
    n           INTEGER NOT NULL,
    local       BLOB NOT NULL,
    host        BLOB NOT NULL,
    notify      INTEGER,
    orcpt       BLOB,
    held        INTEGER NOT NULL,
    due         INTEGER NOT NULL,
    attempts    INTEGER NOT NULL DEFAULT 0,
    lease_until INTEGER NOT NULL DEFAULT 0,
    lease_token INTEGER NOT NULL DEFAULT 0,
    said        BLOB,
    PRIMARY KEY (outbox, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_due ON outbox_rcpt (due) WHERE held = 0;

CREATE TABLE trace (
    queue_id INTEGER NOT NULL,
    n        INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    event    BLOB NOT NULL,
    address  BLOB,
    detail   BLOB NOT NULL,
    PRIMARY KEY (queue_id, n)
) STRICT, WITHOUT ROWID;

-- Lower-case addresses, from and to, and the messages they had to do with.
CREATE TABLE trace_address (
    address  BLOB NOT NULL,
    queue_id INTEGER NOT NULL,
    PRIMARY KEY (address, queue_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX trace_address_queue_id ON trace_address (queue_id);
