//! Selects the content lines that are parsed.
//!
//! A parsed line takes many times the memory of its text, and enclosed files and HTML descriptions
//! are most of a large part, so that they are not given to the parser.

use super::INPUT_BYTES;
use crate::display;

/// Maximum length of the text that is parsed, in bytes.
const SELECTED_BYTES: usize = 256 << 10;
/// Maximum length of a content line with its continuations, in bytes.
const LINE_BYTES: usize = 32 << 10;
/// Maximum number of content lines that are parsed.
const LINES_MAX: usize = 5_000;

/// Names of the properties that are parsed.
const NAMES: [&str; 25] = [
    "ATTENDEE",
    "BEGIN",
    "COMMENT",
    "DESCRIPTION",
    "DTEND",
    "DTSTART",
    "DURATION",
    "END",
    "EXDATE",
    "LOCATION",
    "METHOD",
    "ORGANIZER",
    "RDATE",
    "RECURRENCE-ID",
    "RRULE",
    "SEQUENCE",
    "STATUS",
    "SUMMARY",
    "TZID",
    "TZOFFSETFROM",
    "TZOFFSETTO",
    "UID",
    "URL",
    "X-LIC-LOCATION",
    "X-MICROSOFT-CDO-TZID",
];

/// Content lines for the parser.
pub(super) struct Selected {
    /// The lines, each with LF at its end.
    pub(super) text: String,
    /// Whether a line of a known property was left out or cut because of the limits.
    pub(super) is_cut: bool,
}

/// Selects the content lines of a part, up to the limits.
pub(super) fn select(text: &str) -> Selected {
    let read = display::prefix(text, INPUT_BYTES);
    let mut selected = Selected {
        text: String::new(),
        is_cut: read.len() < text.len(),
    };
    let mut count = 0_usize;
    // Number of bytes of the content line that can still be selected; `None` if its property is not
    // parsed.
    let mut remaining: Option<usize> = None;
    for line in read.split('\n') {
        let line = line.trim_end_matches('\r');
        // RFC 5545 §3.1: a line that begins with white space continues the one before.
        if !line.starts_with([' ', '\t']) {
            remaining = None;
            if is_parsed(line) {
                if count == LINES_MAX {
                    selected.is_cut = true;
                    break;
                }
                count += 1;
                remaining = Some(LINE_BYTES);
            }
        }
        let Some(left) = &mut remaining else {
            continue;
        };
        let whole = line.len() + 1;
        let part = display::prefix(line, *left);
        *left = left.saturating_sub(whole);
        if selected.text.len() + part.len() >= SELECTED_BYTES {
            selected.is_cut = true;
            break;
        }
        selected.is_cut |= part.len() < line.len();
        if !part.is_empty() {
            selected.text.push_str(part);
            selected.text.push('\n');
        }
    }
    selected
}

fn is_parsed(line: &str) -> bool {
    let name = line.split([':', ';']).next().unwrap_or_default();
    let name = name.trim_start_matches('\u{feff}').trim();
    NAMES.iter().any(|known| known.eq_ignore_ascii_case(name))
}
