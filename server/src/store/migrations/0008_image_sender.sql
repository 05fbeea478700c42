-- The senders whose remote images an account always shows. The address is sealed; the hash of it,
-- made with the key of the account, finds the row.
CREATE TABLE image_sender (
    account_key     TEXT    NOT NULL,
    sender_hash     TEXT    NOT NULL,
    sealed          BLOB    NOT NULL,
    changed_unix_ms INTEGER NOT NULL,
    PRIMARY KEY (account_key, sender_hash)
) STRICT;
