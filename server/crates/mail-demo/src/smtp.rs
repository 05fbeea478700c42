//! The SMTP submission server (RFC 5321, RFC 6409): mail for [`DOMAIN`](crate::DOMAIN) goes to
//! INBOX, all other mail is refused.
//!
//! Three recipients answer as a mail server may: `busy@` 450, `nobody@` 550, `full@` 552. The
//! message comes by `DATA` or `BDAT` (RFC 3030); addresses may be international (RFC 6531); who asks
//! for a notice of delivery gets one (RFC 3461).
//!
//! Limits: a command line 16 KiB, a line of text 998 octets and [`MAX_MESSAGE_BYTES`] a message,
//! 100 recipients, 5 minutes of silence (RFC 5321 §4.5.3.2.7), five refused sign-ins. Strict where
//! leniency would hide a client's mistake: a line that ends with a lone LF ends the session, a
//! lone CR or NUL in a message refuses it.
//!
//! [`MAX_MESSAGE_BYTES`]: crate::MAX_MESSAGE_BYTES

mod notice;
mod parameters;
mod path;
mod session;
mod transaction;

pub(crate) use session::serve;
