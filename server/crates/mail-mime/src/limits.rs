//! Limits on how much of a message is parsed; beyond them only its raw source is offered.

/// The limits of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Maximum nesting depth of parts.
    pub depth: usize,
    /// Maximum number of parts of a message, multiparts counted.
    pub parts: usize,
    /// Maximum number of lines of all headers of a message together.
    pub header_lines: usize,
    /// Maximum size of one header, in bytes.
    pub header_bytes: usize,
    /// Maximum size of one field, folded lines included, in bytes.
    pub field_bytes: usize,
}

impl Limits {
    /// The default limits of the product.
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

/// Maximum number of bytes of an HTML or text part that are shown; the rest is available as a
/// download.
pub const SHOWN_BYTES: usize = 2 << 20;

/// The limit that a message exceeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} is over the limit of {max}")]
pub struct OverLimit {
    /// The name of the limit ("nesting", "parts", "header lines", "header", "field").
    pub what: &'static str,
    /// The largest value that is accepted.
    pub max: usize,
}
