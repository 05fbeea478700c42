//! Writes `format=flowed` (RFC 3676).

use super::{Format, has_no_spaces, quotation};
use crate::display;

/// Maximum number of characters of a line that is broken, with its quotation marks and the space at
/// its end (RFC 3676 §4.2 recommends at most 78).
const COLUMNS: usize = 74;

/// Wraps a text as `format=flowed` without `DelSp`. Lines end with LF.
///
/// Every line of the text is a paragraph: a long one is broken at spaces so that a reader can join
/// it again, within the same quotation marks. Spaces at a line end are removed, but for the
/// signature separator `-- `. Text without spaces, such as Chinese, is not broken.
pub fn flow(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut out = String::with_capacity(text.len() + text.len() / 32);
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            out.push('\n');
        }
        let (depth, content) = quotation(line, Format::Fixed);
        let marks = ">".repeat(usize::try_from(depth).unwrap_or_default());
        let mut rest = without_end_spaces(content);
        loop {
            let length = broken_length(rest, COLUMNS.saturating_sub(marks.len() + 1));
            let (piece, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
            out.push_str(&marks);
            if !piece.is_empty() && (depth > 0 || is_stuffed(piece)) {
                out.push(' ');
            }
            out.push_str(piece);
            if after.is_empty() {
                break;
            }
            out.push('\n');
            rest = after;
        }
    }
    out
}

/// Removes the spaces at the end of a paragraph (RFC 3676 §4.2), which would join it with the next
/// one. Invisible characters after them are removed as well: a reader may remove them.
fn without_end_spaces(content: &str) -> &str {
    if content == "-- " {
        return content;
    }
    let trimmed = content.trim_end_matches(is_blank);
    match content.get(trimmed.len()..) {
        Some(end) if end.contains(is_space) => trimmed,
        _ => content,
    }
}

/// Whether a line without quotation marks needs a space before it (RFC 3676 §4.4), so that it is
/// not read as a quote or as stuffed, and no program changes a line that begins with `From `.
fn is_stuffed(piece: &str) -> bool {
    piece.starts_with(|c| c == '>' || is_blank(c)) || piece.starts_with("From ")
}

/// Returns the length in bytes of the first line of a paragraph, with the space at its end: the
/// longest one within a number of columns, else the shortest one.
fn broken_length(rest: &str, columns: usize) -> usize {
    let mut found = None;
    let mut previous = None;
    let mut characters = rest.char_indices().enumerate().peekable();
    while let Some((column, (start, c))) = characters.next() {
        if column >= columns && found.is_some() {
            break;
        }
        if c == ' '
            && let Some((_, (end, next))) = characters.peek()
            && is_break(rest, start, *end, previous, *next)
        {
            found = Some(*end);
        }
        if !display::is_hidden(c) {
            previous = Some(c);
        }
    }
    // The rest needs no break if it fits into the columns as a whole.
    match found {
        Some(end) if rest.chars().nth(columns).is_some() => end,
        _ => rest.len(),
    }
}

/// Whether a paragraph may be broken after the space between two characters.
fn is_break(rest: &str, start: usize, end: usize, previous: Option<char>, next: char) -> bool {
    let (before, after) = (rest.get(..end), rest.get(end..));
    // A reader removes the space between Chinese characters.
    let is_kept = !(previous.is_some_and(has_no_spaces) && has_no_spaces(next));
    // Neither line may look like the signature separator, which is never joined.
    is_kept
        && !is_blank(next)
        && start > 0
        && before != Some("-- ")
        && !after.is_some_and(|after| after.starts_with("-- "))
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_blank(c: char) -> bool {
    is_space(c) || display::is_hidden(c)
}
