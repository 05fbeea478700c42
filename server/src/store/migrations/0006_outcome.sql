-- What became of a message, and whether its copy is still to be filed in Sent: nothing has to be
-- opened to know it. The first start writes both for older rows, and seals their records anew, with
-- a version: that is format 3. Null: it waits, or is being sent.
ALTER TABLE outbox ADD COLUMN outcome TEXT;
ALTER TABLE outbox ADD COLUMN is_copy_due INTEGER NOT NULL DEFAULT 0;

CREATE INDEX outbox_format ON outbox (format) WHERE format < 3;
