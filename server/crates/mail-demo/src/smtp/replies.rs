//! Replies of several commands.

pub(super) const BAD_SEQUENCE: &str = "503 5.5.1 not at this point";
pub(super) const MALFORMED: &str = "501 5.5.4 the arguments are not understood";
pub(super) const TOO_BIG: &str = "552 5.3.4 the message is too big";
