//! Limits on the data that a peer sends. The connection is dropped when one is exceeded.

/// The limits of one connection, in bytes unless the name says otherwise.
///
/// No buffer is allocated by an announced size; these limits bound the bytes *received*.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Maximum length of an IMAP response, without the literals that are streamed.
    pub imap_line_bytes: usize,
    /// Maximum size of an IMAP literal that is stored as a value; larger ones are streamed.
    pub imap_inline_literal_bytes: usize,
    /// Maximum nesting depth of an IMAP list. In the data of a message, deeper lists are omitted
    /// and the item is reported as too large; elsewhere a deeper list is an error.
    pub imap_nesting: usize,
    /// Maximum amount of the data of one message that is read and discarded once it exceeds the
    /// maximum length of a response.
    pub imap_skipped_bytes: u64,
    /// Maximum length of a POP3 status line or line of a listing.
    pub pop3_line_bytes: usize,
    /// Maximum length of a line of an SMTP reply.
    pub smtp_line_bytes: usize,
    /// Maximum number of lines of one SMTP reply.
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

/// The limit that a peer exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} is over the limit of {max}")]
pub struct OverLimit {
    /// The protocol's name of what was too large ("response line", "literal", "nesting").
    pub what: &'static str,
    /// The maximum that is accepted.
    pub max: u64,
}
