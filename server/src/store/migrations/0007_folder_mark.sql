-- What is kept here of an account's folders, which no mail server keeps. A folder is named by the
-- hash of its id.
CREATE TABLE folder_mark (
    account_key     TEXT    NOT NULL,
    folder_hash     TEXT    NOT NULL,
    is_pinned       INTEGER NOT NULL,
    changed_unix_ms INTEGER NOT NULL,
    PRIMARY KEY (account_key, folder_hash)
) STRICT;
