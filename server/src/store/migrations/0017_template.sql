-- The texts that an account writes again and again: one sealed list. The version is that of the row,
-- by which a change of a list that was changed meanwhile is noticed.
CREATE TABLE templates (
    account_key TEXT    PRIMARY KEY,
    version     INTEGER NOT NULL,
    sealed      BLOB    NOT NULL
) STRICT;
