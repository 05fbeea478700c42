//! Mailbox names.

use core::fmt;

use bytes::Bytes;

use super::text::{ForbiddenByte, check};
use super::utf7;

/// The name of a mailbox in its wire form. INBOX is case-insensitive and normalized to upper case.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mailbox(Bytes);

impl Mailbox {
    /// Creates a mailbox from a name that a server sent. If a hostile server put CR, LF or NUL into
    /// it, commands send it as one literal.
    ///
    /// ```abnf
    /// mailbox = "INBOX" / astring ; INBOX is case insensitive
    /// ```
    /// RFC 9051 §9.
    pub fn from_wire(name: impl Into<Bytes>) -> Self {
        let name = name.into();
        if name.eq_ignore_ascii_case(b"INBOX") {
            Self::inbox()
        } else {
            Self(name)
        }
    }

    /// Encodes a name to its wire form: modified UTF-7, or UTF-8 if `utf8`, for servers with UTF-8
    /// names ([`Capabilities::utf8_names`](super::Capabilities::utf8_names)).
    ///
    /// # Errors
    /// [`ForbiddenByte`] when it holds CR, LF or NUL.
    pub fn encode(name: &str, utf8: bool) -> Result<Self, ForbiddenByte> {
        check(name.as_bytes())?;
        if utf8 {
            return Ok(Self::from_wire(Bytes::copy_from_slice(name.as_bytes())));
        }
        Ok(Self::from_wire(utf7::encode(name).into_bytes()))
    }

    /// Returns INBOX.
    pub const fn inbox() -> Self {
        Self(Bytes::from_static(b"INBOX"))
    }

    /// Returns whether this is INBOX.
    pub fn is_inbox(&self) -> bool {
        self.0 == b"INBOX"[..]
    }

    /// Returns the name in its wire form.
    pub fn as_wire(&self) -> &[u8] {
        &self.0
    }

    /// Returns the decoded name; `None` if it cannot be decoded. `utf8` as in
    /// [`encode`](Self::encode).
    pub fn decode(&self, utf8: bool) -> Option<alloc::string::String> {
        if utf8 {
            return core::str::from_utf8(&self.0).ok().map(Into::into);
        }
        utf7::decode(&self.0)
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mailbox(\"{}\")", self.0.escape_ascii())
    }
}
