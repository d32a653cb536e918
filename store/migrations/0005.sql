-- What mail readers ask of a mailbox without looking at its messages: how many are marked deleted; which no session was
-- told of as recent, from a UID on; and whether it can be opened, or is only a name above others.
ALTER TABLE mailbox ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailbox ADD COLUMN recent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailbox ADD COLUMN recent_from INTEGER NOT NULL DEFAULT 1;
ALTER TABLE mailbox ADD COLUMN selectable INTEGER NOT NULL DEFAULT 1;
UPDATE mailbox SET recent = total, deleted = (SELECT count(*) FROM msg
    WHERE msg.account = mailbox.account AND msg.mailbox = mailbox.id AND flags & 8 <> 0);
-- When a message came into its mailbox. Nothing in rows of an earlier release: as it came in at all.
ALTER TABLE msg ADD COLUMN saved INTEGER;
