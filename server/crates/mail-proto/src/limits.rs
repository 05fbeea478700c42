//! How much of a peer's words is believed before the connection is dropped.

/// The limits of one connection, in bytes unless the name says otherwise.
///
/// Nothing is ever allocated by an announced size; these bound what is *received*.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The longest IMAP response, without the literals that are streamed.
    pub imap_line_bytes: usize,
    /// IMAP literals up to this size are kept as values; larger ones are streamed.
    pub imap_inline_literal_bytes: usize,
    /// How deep an IMAP list may nest. In the data of a message what is deeper is left out, and the
    /// item is told as too large; elsewhere it is an error.
    pub imap_nesting: usize,
    /// How much of the data of one message is read past, without being kept, once it is longer than
    /// a response may be.
    pub imap_skipped_bytes: u64,
    /// The longest POP3 status line or line of a listing.
    pub pop3_line_bytes: usize,
    /// The longest line of an SMTP reply.
    pub smtp_line_bytes: usize,
    /// The most lines of one SMTP reply.
    pub smtp_reply_lines: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            imap_line_bytes: 1 << 20,
            imap_inline_literal_bytes: 64 << 10,
            imap_nesting: 100,
            imap_skipped_bytes: 16 << 20,
            pop3_line_bytes: 64 << 10,
            smtp_line_bytes: 64 << 10,
            smtp_reply_lines: 100,
        }
    }
}

/// Which limit a peer went over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} is over the limit of {max}")]
pub struct OverLimit {
    /// What was too large, as the protocols call it ("response line", "literal", "nesting").
    pub what: &'static str,
    /// The largest that is accepted.
    pub max: u64,
}
