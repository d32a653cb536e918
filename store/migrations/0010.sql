-- Where an e-mail came in first, which costs a delivery no index: only rows that came by a copy or a move are looked up
-- by e-mail. Rows of an earlier release count as such.
ALTER TABLE email ADD COLUMN born INTEGER NOT NULL DEFAULT 0;          -- modseq at which it came into the account
ALTER TABLE email ADD COLUMN first_mailbox INTEGER NOT NULL DEFAULT 0;
ALTER TABLE email ADD COLUMN first_uid INTEGER NOT NULL DEFAULT 0;
ALTER TABLE msg ADD COLUMN elsewhere INTEGER;                          -- 1: not where its e-mail came in first
UPDATE msg SET elsewhere = 1;
CREATE INDEX msg_elsewhere ON msg (account, email) WHERE elsewhere = 1;
-- Conversations: an e-mail that begins one is found by its id.
CREATE INDEX email_thread ON email (account, thread, id) WHERE thread <> id;
-- What is to be known of things that went together: of each its id, when it came, its conversation. One row for many.
ALTER TABLE gone ADD COLUMN detail BLOB;
-- What went before this, or changed hands, was not written down for JMAP; when a mailbox was last removed.
ALTER TABLE account ADD COLUMN told_from INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN mailbox_gone INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN last_object INTEGER NOT NULL DEFAULT 0;
UPDATE account SET told_from = modseq, mailbox_gone = modseq;
-- Small things of an account: identities, contacts, sessions and so on. What the value says is not the store's business.
CREATE TABLE object (
    account INTEGER NOT NULL,
    kind    INTEGER NOT NULL,
    id      INTEGER NOT NULL,
    key     BLOB,                            -- no two of a kind have the same, in all accounts
    value   BLOB NOT NULL,
    sum     INTEGER NOT NULL,                -- first 8 octets of BLAKE3 of the value
    due     INTEGER,                         -- when somebody has to look at it
    modseq  INTEGER NOT NULL,
    added   INTEGER NOT NULL,                -- modseq at which it came
    PRIMARY KEY (account, kind, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX object_key ON object (kind, key) WHERE key IS NOT NULL;
CREATE INDEX object_due ON object (kind, due) WHERE due IS NOT NULL;
CREATE INDEX object_modseq ON object (account, kind, modseq);
-- How many objects of a kind an account has, and when one last came, changed or went.
CREATE TABLE object_count (
    account INTEGER NOT NULL,
    kind    INTEGER NOT NULL,
    objects INTEGER NOT NULL,
    octets  INTEGER NOT NULL,
    modseq  INTEGER NOT NULL,
    PRIMARY KEY (account, kind)
) STRICT, WITHOUT ROWID;
-- Content a client sent ahead of what will refer to it.
CREATE TABLE upload (
    account INTEGER NOT NULL,
    id      INTEGER NOT NULL,
    blob    INTEGER NOT NULL,
    octets  INTEGER NOT NULL,
    kind    BLOB NOT NULL,                   -- media type as the client gave it
    added   INTEGER NOT NULL,                -- time
    PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX upload_added ON upload (added);
