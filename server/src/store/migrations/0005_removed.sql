-- An entry that was removed from the list: it can be put back until it is pruned.
ALTER TABLE outbox ADD COLUMN removed_unix_ms INTEGER;
CREATE INDEX outbox_removed ON outbox (removed_unix_ms) WHERE removed_unix_ms IS NOT NULL;
