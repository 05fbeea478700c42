-- The address book of an account: its contacts and groups, each sealed on its own.
CREATE TABLE contact (
    account_key TEXT    NOT NULL,
    contact_id  TEXT    NOT NULL,
    is_group    INTEGER NOT NULL,
    sealed      BLOB    NOT NULL,
    PRIMARY KEY (account_key, contact_id)
) STRICT;
