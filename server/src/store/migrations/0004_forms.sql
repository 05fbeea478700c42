-- Compose forms by which a message left. A form that is posted again leads to that message. The key
-- of the form is hashed, and the digest of what was sent is made with the key: these rows alone say
-- nothing of it.
CREATE TABLE sent_form (
    account_key TEXT NOT NULL,
    form_hash TEXT NOT NULL,
    digest TEXT NOT NULL,
    outbox_id TEXT NOT NULL,
    sent_unix_ms INTEGER NOT NULL,
    PRIMARY KEY (account_key, form_hash)
) STRICT;

CREATE INDEX sent_form_outbox ON sent_form (outbox_id);
CREATE INDEX sent_form_sent ON sent_form (sent_unix_ms);

-- Compose forms that were posted after their session had ended, sealed with a key that needs a
-- cookie of the browser that posted them.
CREATE TABLE posted_form (
    form_hash TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    sealed BLOB NOT NULL,
    posted_unix_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX posted_form_account ON posted_form (account, posted_unix_ms);
