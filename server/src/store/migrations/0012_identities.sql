-- The names and addresses that an account sends as: one sealed list. The version is that of the
-- row, by which a change of a list that was changed meanwhile is noticed.
CREATE TABLE identities (
    account_key TEXT    PRIMARY KEY,
    version     INTEGER NOT NULL,
    sealed      BLOB    NOT NULL
) STRICT;
