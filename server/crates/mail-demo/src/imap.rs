//! The IMAP server: `IMAP4rev1` (RFC 3501) with IDLE, UIDPLUS, MOVE, SPECIAL-USE, LIST-EXTENDED,
//! LIST-STATUS, CHILDREN, NAMESPACE, UNSELECT, ID, LITERAL+, SASL-IR, ENABLE, ESEARCH, CONDSTORE and
//! OBJECTID.
//!
//! Limits: a line 64 KiB; all literals of a command together 64 KiB, of an `APPEND`
//! [`MAX_MESSAGE_BYTES`](crate::MAX_MESSAGE_BYTES). Before login a client may be silent for a
//! minute and be refused five times, after it for the 30 minutes of RFC 3501 §5.4.
//!
//! One file per noun: `reader` → `command` (over `syntax`) → `session` and `messages`; `selected`
//! holds what a client knows of its folder and decides which untagged responses it is due.

mod body_structure;
mod command;
mod condstore;
mod envelope;
mod fetch;
mod folder_name;
mod list;
mod messages;
mod reader;
mod response;
mod search;
mod search_return;
mod selected;
mod sequence_set;
mod session;
mod store_flags;
mod syntax;

pub(crate) use session::serve;

/// What is offered once the client has signed in.
const CAPABILITIES: &str = "IMAP4rev1 LITERAL+ ID IDLE NAMESPACE CHILDREN UIDPLUS MOVE UNSELECT \
    SPECIAL-USE LIST-EXTENDED LIST-STATUS ENABLE ESEARCH CONDSTORE OBJECTID";
/// What is offered before, over TLS.
const CAPABILITIES_BEFORE_LOGIN: &str = "IMAP4rev1 LITERAL+ ID SASL-IR AUTH=PLAIN";
/// What is offered before TLS: nothing that would carry a password.
const CAPABILITIES_BEFORE_TLS: &str = "IMAP4rev1 LITERAL+ ID SASL-IR STARTTLS LOGINDISABLED";
