-- The people an account wrote to. Name and address are sealed; the hash of the address, made with
-- the server key, finds the row.
CREATE TABLE person (
    account_key     TEXT    NOT NULL,
    person_hash     TEXT    NOT NULL,
    sealed          BLOB    NOT NULL,
    written_count   INTEGER NOT NULL,
    written_unix_ms INTEGER NOT NULL,
    PRIMARY KEY (account_key, person_hash)
) STRICT;
CREATE INDEX person_by_time ON person (account_key, written_unix_ms);
