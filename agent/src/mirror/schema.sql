-- The mirror of one account. Version 1; later versions are steps of their own, forward only.
-- `there` and the `server_` columns are what the server had when it was last asked; `placed`, `bits` and `keywords` are
-- that and what the user has done since. Times are milliseconds since 1970.
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE folder (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL DEFAULT 'none',
    remote TEXT UNIQUE,
    selectable INTEGER NOT NULL DEFAULT 1,
    subscribed INTEGER NOT NULL DEFAULT 1,
    state TEXT NOT NULL DEFAULT '',
    total INTEGER NOT NULL DEFAULT 0,
    unread INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    remote TEXT UNIQUE,
    thread INTEGER NOT NULL,
    message_id TEXT NOT NULL DEFAULT '',
    received INTEGER NOT NULL,
    sent INTEGER NOT NULL,
    size INTEGER NOT NULL,
    bits INTEGER NOT NULL DEFAULT 0,
    keywords TEXT NOT NULL DEFAULT '',
    server_bits INTEGER NOT NULL DEFAULT 0,
    server_keywords TEXT NOT NULL DEFAULT '',
    sender TEXT NOT NULL DEFAULT '',
    address TEXT NOT NULL DEFAULT '',
    recipients TEXT NOT NULL DEFAULT '',
    subject TEXT NOT NULL DEFAULT '',
    base_subject TEXT NOT NULL DEFAULT '',
    preview TEXT NOT NULL DEFAULT '',
    attachments INTEGER NOT NULL DEFAULT 0,
    held INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX message_by_name ON message (message_id);
CREATE INDEX message_by_thread ON message (thread);
CREATE INDEX message_by_time ON message (received, id);
CREATE INDEX message_to_fetch ON message (received, id) WHERE held = 0;

CREATE TABLE header (message INTEGER PRIMARY KEY, octets BLOB NOT NULL);
CREATE TABLE content (message INTEGER NOT NULL, piece INTEGER NOT NULL, octets BLOB NOT NULL, PRIMARY KEY (message, piece))
    WITHOUT ROWID;

CREATE TABLE there (folder INTEGER NOT NULL, message INTEGER NOT NULL, uid INTEGER NOT NULL, PRIMARY KEY (folder, message))
    WITHOUT ROWID;
CREATE INDEX there_by_uid ON there (folder, uid);
CREATE INDEX there_by_message ON there (message);

CREATE TABLE placed (
    folder INTEGER NOT NULL,
    message INTEGER NOT NULL,
    received INTEGER NOT NULL,
    thread INTEGER NOT NULL,
    unread INTEGER NOT NULL,
    PRIMARY KEY (folder, message)
) WITHOUT ROWID;
CREATE INDEX placed_by_time ON placed (folder, received, message);
CREATE INDEX placed_by_message ON placed (message);
CREATE INDEX placed_by_thread ON placed (folder, thread, received, message, unread);
CREATE TRIGGER placed_in AFTER INSERT ON placed BEGIN
    UPDATE folder SET total = total + 1, unread = unread + new.unread WHERE id = new.folder;
END;
CREATE TRIGGER placed_out AFTER DELETE ON placed BEGIN
    UPDATE folder SET total = total - 1, unread = unread - old.unread WHERE id = old.folder;
END;
CREATE TRIGGER placed_changed AFTER UPDATE OF unread ON placed WHEN new.unread <> old.unread BEGIN
    UPDATE folder SET unread = unread + new.unread - old.unread WHERE id = new.folder;
END;

CREATE TABLE action (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    action TEXT NOT NULL,
    begun INTEGER NOT NULL DEFAULT 0,
    tries INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '',
    not_before INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE concerns (message INTEGER NOT NULL, action INTEGER NOT NULL, PRIMARY KEY (message, action)) WITHOUT ROWID;
CREATE INDEX concerns_by_action ON concerns (action);

CREATE TABLE named (message_id TEXT PRIMARY KEY, thread INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX named_by_thread ON named (thread);

CREATE TABLE outgoing (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message INTEGER NOT NULL,
    letter TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting',
    not_before INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT ''
);

CREATE TABLE popped (uidl TEXT PRIMARY KEY, at INTEGER NOT NULL, message INTEGER) WITHOUT ROWID;

-- Two, for a message's header comes before the rest, and replacing a row of such a table is dear.
CREATE VIRTUAL TABLE head_words USING fts5 (
    sender, recipients, copies, subject,
    content = '', contentless_delete = 1, prefix = '3', tokenize = "unicode61 remove_diacritics 2"
);
CREATE VIRTUAL TABLE body_words USING fts5 (
    body, files, kinds, list, delivered,
    content = '', contentless_delete = 1, prefix = '3', tokenize = "unicode61 remove_diacritics 2"
);

CREATE TABLE imported (key BLOB PRIMARY KEY) WITHOUT ROWID;
