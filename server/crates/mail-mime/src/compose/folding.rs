//! Values of fields that are given to mail-builder in their final form.

use std::borrow::Cow;

use mail_builder::headers::HeaderType;
use mail_builder::headers::raw::Raw;

/// Column at which lines are folded that hold encoded words (RFC 2047 §2).
const COLUMNS: usize = 76;

/// Joins words to the value of a field, folded between them at [`COLUMNS`]. The words hold no line
/// end. mail-builder keeps these folds and adds none, since it folds raw values at 78 columns,
/// which is too late for encoded words (RFC 2047 §2).
pub(super) fn folded(name: &str, words: impl IntoIterator<Item = String>) -> String {
    let mut out = String::new();
    let mut column = name.len() + 1;
    for word in words {
        column += 1 + word.len();
        // The first line of a field may not be empty, so the first word is never folded.
        if !out.is_empty() && column > COLUMNS {
            out.push_str("\r\n ");
            column = 1 + word.len();
        } else if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&word);
    }
    out
}

pub(super) fn is_printable(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_graphic() || b == b' ')
}

pub(super) fn raw(value: impl Into<Cow<'static, str>>) -> HeaderType<'static> {
    Raw::new(value).into()
}
