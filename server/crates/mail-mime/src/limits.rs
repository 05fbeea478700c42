//! How much of a message is believed before its raw source is offered instead.

/// The limits of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// How deep parts may nest.
    pub depth: usize,
    /// How many parts a message may have, multiparts counted.
    pub parts: usize,
    /// How many lines all headers of a message may have together.
    pub header_lines: usize,
    /// How large one header may be, in bytes.
    pub header_bytes: usize,
    /// How large one field may be, folded lines included, in bytes.
    pub field_bytes: usize,
}

impl Limits {
    /// The product's limits.
    pub const DEFAULT: Self = Self {
        depth: 50,
        parts: 1_000,
        header_lines: 10_000,
        header_bytes: 1 << 20,
        field_bytes: 256 << 10,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The most of an HTML or text part that is shown, in bytes; the rest is for download.
pub const SHOWN_BYTES: usize = 2 << 20;

/// Which limit a message went over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} is over the limit of {max}")]
pub struct OverLimit {
    /// What was too large ("nesting", "parts", "header lines", "header", "field").
    pub what: &'static str,
    /// The largest that is accepted.
    pub max: usize,
}
