-- Every message that was sent from here, and what became of it. Rows belong to an account key and
-- outlive the session. `sealed` holds the record (recipients, subject, draft, results).
CREATE TABLE outbox (
    id TEXT PRIMARY KEY,
    account_key TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sending', 'committing', 'result')),
    needs_sign_in INTEGER NOT NULL,
    owner TEXT,
    tries INTEGER NOT NULL,
    due_unix_ms INTEGER NOT NULL,
    created_unix_ms INTEGER NOT NULL,
    changed_unix_ms INTEGER NOT NULL,
    spool TEXT,
    size_bytes INTEGER NOT NULL,
    sealed BLOB NOT NULL
) STRICT;

CREATE INDEX outbox_due ON outbox (account_key, state, due_unix_ms);

-- Read marks and stars of POP3 messages: POP3 has none of its own. `uidl_hash` is the message id.
CREATE TABLE pop3_mark (
    account_key TEXT NOT NULL,
    uidl_hash TEXT NOT NULL,
    is_seen INTEGER NOT NULL,
    is_starred INTEGER NOT NULL,
    is_answered INTEGER NOT NULL,
    is_forwarded INTEGER NOT NULL,
    changed_unix_ms INTEGER NOT NULL,
    PRIMARY KEY (account_key, uidl_hash)
) STRICT;

-- POP3 messages that are deleted once the time for undoing is over.
CREATE TABLE pop3_delete (
    account_key TEXT NOT NULL,
    uidl_hash TEXT NOT NULL,
    undo TEXT NOT NULL,
    due_unix_ms INTEGER NOT NULL,
    PRIMARY KEY (account_key, uidl_hash)
) STRICT;
