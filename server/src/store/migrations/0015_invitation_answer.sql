-- The messages of the outbox that answer an invitation. The hash of the invitation, made with the
-- key of the account, finds them; `sealed` holds the answer and its calendar.
CREATE TABLE invitation_answer (
    outbox_id       TEXT PRIMARY KEY REFERENCES outbox (id) ON DELETE CASCADE,
    invitation_hash TEXT NOT NULL,
    sealed          BLOB NOT NULL
) STRICT;

CREATE INDEX invitation_answer_hash ON invitation_answer (invitation_hash);
