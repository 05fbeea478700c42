-- Processes that serve over this database. What a process owns is its own until its lease is over.
CREATE TABLE process (
    owner TEXT PRIMARY KEY,
    lease_until_unix_ms INTEGER NOT NULL
) STRICT;

-- Every file of the spool, from before it is made until it is removed, with the bytes that it may
-- take: the sum per account and over all is held against the quota. It belongs either to a process
-- (being written, or an upload that waits for its message) or to a row of the outbox.
CREATE TABLE spool_file (
    name TEXT PRIMARY KEY,
    account_key TEXT NOT NULL,
    reserved_bytes INTEGER NOT NULL,
    owner TEXT,
    outbox_id TEXT,
    CHECK ((owner IS NULL) <> (outbox_id IS NULL))
) STRICT;

CREATE INDEX spool_file_account ON spool_file (account_key, reserved_bytes);
CREATE INDEX spool_file_outbox ON spool_file (outbox_id) WHERE outbox_id IS NOT NULL;

-- What was typed, sealed apart from the record: lists and counts do not open it, and it goes once
-- the message is handed over. Format 1 has it in `sealed`; the first start brings rows to format 2.
ALTER TABLE outbox ADD COLUMN sealed_draft BLOB;
ALTER TABLE outbox ADD COLUMN format INTEGER NOT NULL DEFAULT 1;
-- Not yet handed over to every recipient.
ALTER TABLE outbox ADD COLUMN is_open INTEGER NOT NULL DEFAULT 1;
-- Set aside: its key is gone, or its bytes are damaged.
ALTER TABLE outbox ADD COLUMN is_damaged INTEGER NOT NULL DEFAULT 0;

CREATE INDEX outbox_open ON outbox (account_key) WHERE is_open = 1;
CREATE INDEX outbox_newest ON outbox (account_key, created_unix_ms);
CREATE INDEX outbox_changed ON outbox (changed_unix_ms);

-- The process that the session is alive in.
ALTER TABLE session ADD COLUMN owner TEXT;
