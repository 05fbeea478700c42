-- Sign-in sessions. row_key is a hash of the cookie's session id; record is sealed with a key
-- made from the server key and that id, so these rows alone open nothing.
CREATE TABLE session (
    row_key    TEXT    PRIMARY KEY,
    record     BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX session_expires_at ON session (expires_at);

-- What the next page of a session has to tell, once.
CREATE TABLE flash (
    row_key    TEXT    PRIMARY KEY REFERENCES session (row_key) ON DELETE CASCADE,
    sealed     BLOB    NOT NULL
) STRICT;
