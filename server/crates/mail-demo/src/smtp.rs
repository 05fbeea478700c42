//! The SMTP submission server (RFC 5321, RFC 6409): delivers messages for [`DOMAIN`](crate::DOMAIN)
//! to INBOX and refuses all others.
//!
//! Three recipients are always refused: `busy@` with 450, `nobody@` with 550, `full@` with 552. A
//! message is sent by `DATA` or `BDAT` (RFC 3030); addresses may be international (RFC 6531); a
//! delivery notification is sent on request (RFC 3461).
//!
//! Limits: 16 KiB per command line, 998 octets per text line, [`MAX_MESSAGE_BYTES`] per message,
//! 100 recipients, 5 minutes of silence (RFC 5321 §4.5.3.2.7), 5 refused sign-ins. The server is
//! strict where leniency would hide a client's mistake: a line that ends with a lone LF ends the
//! session, and a message with a lone CR or NUL is refused.
//!
//! [`MAX_MESSAGE_BYTES`]: crate::MAX_MESSAGE_BYTES

mod notice;
mod parameters;
mod path;
mod replies;
mod session;
mod transaction;

pub(crate) use session::serve;
