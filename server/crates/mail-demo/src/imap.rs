//! The IMAP server: `IMAP4rev1` (RFC 3501) with IDLE, UIDPLUS, MOVE, SPECIAL-USE, LIST-EXTENDED,
//! LIST-STATUS, CHILDREN, NAMESPACE, UNSELECT, ID, LITERAL+, SASL-IR, ENABLE, ESEARCH, CONDSTORE
//! and OBJECTID.
//!
//! Limits: 64 KiB per line; 64 KiB for all literals of a command together,
//! [`MAX_MESSAGE_BYTES`](crate::MAX_MESSAGE_BYTES) for those of an `APPEND`. Before login, 1 minute
//! of silence and 5 refused sign-ins; after it, 30 minutes of silence (RFC 3501 §5.4).
//!
//! Modules: `reader` → `command` (over `syntax`) → `session` and `messages`; `selected` holds the
//! client's view of its folder and decides which untagged responses to send.

mod body_structure;
mod command;
mod envelope;
mod fetch;
mod folder_name;
mod list;
mod reader;
mod response;
mod search;
mod search_return;
mod selected;
mod sequence_set;
mod session;
mod syntax;

pub(crate) use session::serve;

/// The capabilities after login.
const CAPABILITIES: &str = "IMAP4rev1 LITERAL+ ID IDLE NAMESPACE CHILDREN UIDPLUS MOVE UNSELECT \
    SPECIAL-USE LIST-EXTENDED LIST-STATUS ENABLE ESEARCH CONDSTORE OBJECTID";
/// The capabilities before login, over TLS.
const CAPABILITIES_BEFORE_LOGIN: &str = "IMAP4rev1 LITERAL+ ID SASL-IR AUTH=PLAIN";
/// The capabilities before TLS: no mechanism that would send a password.
const CAPABILITIES_BEFORE_TLS: &str = "IMAP4rev1 LITERAL+ ID SASL-IR STARTTLS LOGINDISABLED";
