-- The sign-in of an account, sealed with a key that needs no cookie: its messages leave after the
-- session ended, or after a restart. It is written with a message, and goes with the last one that
-- needs it.
CREATE TABLE delegated_sign_in (
    account_key TEXT PRIMARY KEY,
    sealed BLOB NOT NULL,
    changed_unix_ms INTEGER NOT NULL
) STRICT;

-- What a user chose for an account. Null: the default of the configuration.
CREATE TABLE account_setting (
    account_key TEXT PRIMARY KEY,
    undo_send_secs INTEGER
) STRICT;
