-- The protocol transcript of the last attempt to send a message. Null: that attempt reached no
-- server, or is not over.
ALTER TABLE outbox ADD COLUMN sealed_transcript BLOB;
