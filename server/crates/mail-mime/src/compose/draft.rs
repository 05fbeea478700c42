//! The extra fields of a draft: any text, read back octet for octet.
//!
//! The text is written as base64url (RFC 4648 §5) in pieces that fit a line. Encoded words would
//! not do: readers may drop spaces, line ends and control characters of what they decode for
//! display, and base64url has none of them. Nor has it a character that means anything to a reader
//! of header fields, so every reader returns the same pieces.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::ComposeError;
use super::fields::Fields;
use super::folding::{folded, raw};
use crate::header::Headers;

/// Maximum size of the texts of all extra fields of a draft, in bytes. The header stays below
/// [`crate::Limits::DEFAULT`] with it.
pub const EXTRA_FIELDS_BYTES: usize = 256 << 10;

/// Number of octets of text in one field, so that it is shorter than `Limits::field_bytes`: a
/// longer text becomes several fields of the same name.
const FIELD_OCTETS: usize = 96 << 10;
/// Number of octets of text in one line of 72 characters.
const LINE_OCTETS: usize = 54;
/// Maximum length of the name of a field: a line of 76 columns holds no longer one.
const NAME_BYTES: usize = 60;

/// Returns the fields of texts.
pub(super) fn encode(extra: &[(&'static str, String)]) -> Result<Fields, ComposeError> {
    let mut out = Fields::new();
    let mut remaining_bytes = EXTRA_FIELDS_BYTES;
    for (name, text) in extra {
        remaining_bytes = remaining_bytes
            .checked_sub(text.len())
            .filter(|_| is_name(name))
            .ok_or(ComposeError::ExtraField(name))?;
        if text.is_empty() {
            out.push((name, raw("")));
        }
        for octets in text.as_bytes().chunks(FIELD_OCTETS) {
            let lines = octets.chunks(LINE_OCTETS);
            let lines = lines.map(|line| URL_SAFE_NO_PAD.encode(line));
            out.push((name, raw(folded(name, lines))));
        }
    }
    Ok(out)
}

/// Whether a name may be used. `X-` fields are the only ones that no standard defines.
fn is_name(name: &str) -> bool {
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    name.starts_with("X-") && name.len() <= NAME_BYTES && name.bytes().all(is_allowed)
}

/// Reads the text of an extra field of a [draft](super::Composer::draft); `None` if there is no
/// such field or another program wrote it.
pub fn extra_field(headers: &Headers, name: &str) -> Option<String> {
    let fields = headers.fields().iter();
    let named = fields.filter(|field| field.name().eq_ignore_ascii_case(name));
    let mut is_present = false;
    let mut octets = Vec::new();
    for field in named {
        is_present = true;
        let base64: Vec<u8> = field
            .raw()
            .iter()
            .copied()
            .filter(|b| !b.is_ascii_whitespace())
            .collect();
        octets.extend(URL_SAFE_NO_PAD.decode(base64).ok()?);
    }
    String::from_utf8(octets).ok().filter(|_| is_present)
}
