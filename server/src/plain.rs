//! A writer for logs and for JSON on a terminal that escapes characters which terminals obey or
//! reorder.
//!
//! Both contain text from mail servers. JSON escapes control characters below U+0020 only, and the
//! log's text form does not escape direction marks.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

/// Passes text through and escapes C1 control characters (two bytes in UTF-8, RFC 3629, which some
/// terminals obey), line separators and direction marks as `\u` and four hexadecimal digits. In a
/// JSON string the escape is the same character.
///
/// Each `write` must get whole characters, as formatters write them.
#[derive(Debug)]
pub(crate) struct Plain<W>(pub(crate) W);

impl<W: Write> Write for Plain<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        self.0.write_all(escape_controls(&text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn escape_controls(text: &str) -> Cow<'_, str> {
    if !text.contains(needs_escape) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if needs_escape(c) {
            // Writing to a `String` does not fail.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

fn needs_escape(c: char) -> bool {
    matches!(c,
        '\u{7f}'..='\u{9f}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_controls_are_escaped_and_the_json_value_is_unchanged() {
        let value = "NO \u{9b}31m\u{85}\u{202e}gpj\u{2028}\u{7f} 报价";
        let mut out = Plain(Vec::new());
        serde_json::to_writer(&mut out, value).unwrap();
        let text = String::from_utf8(out.0).unwrap();
        assert_eq!(
            text,
            "\"NO \\u009b31m\\u0085\\u202egpj\\u2028\\u007f 报价\""
        );
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), value);
    }

    #[test]
    fn colours_of_the_log_are_not_escaped() {
        assert_eq!(
            escape_controls("\u{1b}[32mINFO\u{1b}[0m\n"),
            "\u{1b}[32mINFO\u{1b}[0m\n"
        );
    }
}
