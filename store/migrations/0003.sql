-- What the post office knows of a recipient's earlier tries (opaque here), and where an administrator sends it instead.
ALTER TABLE outbox_rcpt ADD COLUMN history BLOB;
ALTER TABLE outbox_rcpt ADD COLUMN route BLOB;
