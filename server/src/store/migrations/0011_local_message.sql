-- Messages that were written here and that no mail server keeps: the drafts and the sent messages of
-- POP3 accounts. `sealed` holds what a list shows and the name of the file; the message itself is
-- that file of the spool, owned by 'local'. The hash of its Message-ID, made with the server key,
-- finds the copies of a draft. A removed message is listed no more, and deleted once the time for
-- undoing is over.
CREATE TABLE local_message (
    id              TEXT    PRIMARY KEY,
    account_key     TEXT    NOT NULL,
    folder          TEXT    NOT NULL CHECK (folder IN ('drafts', 'sent')),
    message_hash    TEXT    NOT NULL,
    revision        INTEGER NOT NULL,
    spool           TEXT    NOT NULL,
    size_bytes      INTEGER NOT NULL,
    written_unix_ms INTEGER NOT NULL,
    is_seen         INTEGER NOT NULL,
    is_starred      INTEGER NOT NULL,
    is_answered     INTEGER NOT NULL,
    is_forwarded    INTEGER NOT NULL,
    removed_unix_ms INTEGER,
    undo            TEXT,
    sealed          BLOB    NOT NULL,
    CHECK ((removed_unix_ms IS NULL) = (undo IS NULL))
) STRICT;

CREATE INDEX local_message_list ON local_message (account_key, folder, written_unix_ms, revision);
CREATE INDEX local_message_hash ON local_message (account_key, message_hash);
CREATE INDEX local_message_spool ON local_message (spool);
CREATE INDEX local_message_removed ON local_message (removed_unix_ms)
    WHERE removed_unix_ms IS NOT NULL;

-- The owner of their files: no sweep, of any version of this program, takes it for a process that
-- ended.
INSERT INTO process (owner, lease_until_unix_ms) VALUES ('local', 9223372036854775807);

-- Local files have quotas of their own: sums over the others do not read them.
CREATE INDEX spool_file_passing ON spool_file (account_key, reserved_bytes)
    WHERE COALESCE(owner, '') <> 'local';
CREATE INDEX spool_file_local ON spool_file (reserved_bytes) WHERE owner = 'local';
CREATE INDEX spool_file_owner ON spool_file (owner);
