//! Selects the content lines that are parsed.
//!
//! A parsed line takes many times the memory of its text, and enclosed files and HTML descriptions
//! are most of a large part, so that they are not given to the parser.

use super::INPUT_BYTES;
use crate::display;

/// Maximum length of the text that is parsed, in bytes.
const KEPT_BYTES: usize = 256 << 10;
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
pub(super) struct Kept {
    /// The lines, each with LF at its end.
    pub(super) text: String,
    /// Whether a line that is parsed otherwise was left out or cut.
    pub(super) is_cut: bool,
}

/// Selects the content lines of a part, up to the limits.
pub(super) fn kept(text: &str) -> Kept {
    let read = display::prefix(text, INPUT_BYTES);
    let mut kept = Kept {
        text: String::new(),
        is_cut: read.len() < text.len(),
    };
    let mut count = 0_usize;
    // Octets of the line that can still be kept; `None` if the line is not wanted.
    let mut room: Option<usize> = None;
    for line in read.split('\n') {
        let line = line.trim_end_matches('\r');
        // RFC 5545 §3.1: a line that begins with white space continues the one before.
        if !line.starts_with([' ', '\t']) {
            room = None;
            if is_wanted(line) {
                if count == LINES_MAX {
                    kept.is_cut = true;
                    break;
                }
                count += 1;
                room = Some(LINE_BYTES);
            }
        }
        let Some(left) = &mut room else {
            continue;
        };
        let whole = line.len() + 1;
        let part = display::prefix(line, *left);
        *left = left.saturating_sub(whole);
        if kept.text.len() + part.len() >= KEPT_BYTES {
            kept.is_cut = true;
            break;
        }
        kept.is_cut |= part.len() < line.len();
        if !part.is_empty() {
            kept.text.push_str(part);
            kept.text.push('\n');
        }
    }
    kept
}

fn is_wanted(line: &str) -> bool {
    let name = line.split([':', ';']).next().unwrap_or_default();
    let name = name.trim_start_matches('\u{feff}').trim();
    NAMES.iter().any(|known| known.eq_ignore_ascii_case(name))
}
