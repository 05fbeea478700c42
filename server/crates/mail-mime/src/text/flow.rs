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

/// Whether a reader shows a character as a space, or may not show it at all.
fn is_blank(c: char) -> bool {
    is_space(c) || (c != '\t' && display::is_hidden(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::unwrapped;
    use proptest::prelude::*;

    const FLOWED: Format = Format::Flowed { del_sp: false };

    /// The text as a reader should see it: quotation marks side by side, no spaces at line ends.
    fn tidy(text: &str) -> String {
        let lines = display::lines(text);
        let lines = lines.split('\n').map(|line| {
            let (depth, content) = quotation(line, Format::Fixed);
            let content = match content {
                "-- " => content,
                _ => content.trim_end_matches(' '),
            };
            let marks = ">".repeat(depth as usize);
            match depth > 0 && !content.is_empty() {
                true => format!("{marks} {content}"),
                false => format!("{marks}{content}"),
            }
        });
        // The reader does not tell whether the last line has an end.
        lines.collect::<Vec<_>>().join("\n")
    }

    fn read(text: &str) -> String {
        unwrapped(&flow(text), FLOWED)
    }

    #[test]
    fn long_lines_are_broken_at_spaces_and_read_as_one() {
        let text = "word ".repeat(40);
        let flowed = flow(&text);
        assert!(flowed.lines().all(|line| line.len() <= 75), "{flowed}");
        assert_eq!(flowed.lines().count(), 3);
        assert!(flowed.lines().take(2).all(|line| line.ends_with("word ")));
        assert_eq!(unwrapped(&flowed, FLOWED), text.trim_end());
    }

    #[test]
    fn quotes_are_wrapped_within_their_depth() {
        let text = format!("> > {}\n> short\nmine", "quoted ".repeat(15));
        let flowed = flow(&text);
        let lines: Vec<_> = flowed.lines().collect();
        assert_eq!(lines.len(), 4);
        assert!(lines[0].starts_with(">> quoted") && lines[0].ends_with(' '));
        assert!(lines[1].starts_with(">> quoted") && !lines[1].ends_with(' '));
        assert_eq!(lines[2..], ["> short", "mine"]);
        assert_eq!(read(&text), tidy(&text));
    }

    #[test]
    fn lines_that_would_be_misread_are_stuffed() {
        for (text, flowed) in [
            (" indented", "  indented"),
            ("From here on", " From here on"),
            ("a \nb  \nc", "a\nb\nc"),
            ("bye\n-- \nAnn", "bye\n-- \nAnn"),
            ("> -- \n>", "> -- \n>"),
            ("--  ", "--"),
            ("\u{200f}>x", " \u{200f}>x"),
            ("a \u{200f}", "a"),
            ("a\u{200f}", "a\u{200f}"),
            ("a\r\nb\rc\n", "a\nb\nc\n"),
            ("", ""),
        ] {
            assert_eq!(flow(text), flowed, "{text:?}");
        }
    }

    #[test]
    fn chinese_text_is_never_broken_inside() {
        let text = "这是一个没有空格的长句子，".repeat(20);
        assert_eq!(flow(&text), text);
        let spaced = "中文 有空格 的句子 ".repeat(30);
        assert_eq!(flow(&spaced), spaced.trim_end());
        let mixed = "中文 word 的句子 ".repeat(30);
        assert!(flow(&mixed).lines().count() > 1);
        assert_eq!(read(&mixed), mixed.trim_end());
    }

    #[test]
    fn a_separator_inside_a_paragraph_stays_inside() {
        let long = "x".repeat(80);
        for text in [
            format!("-- {long}"),
            format!("{long} -- {long} -- y"),
            format!("{} -- {long}", "word ".repeat(14)),
        ] {
            assert_eq!(read(&text), text);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_back(
            text in "([a-zA-Z>.-]{1,9}|From|-- |中文|好|שלום|  | |\n|\n> |\n>> |\n> > |\t|👩){0,120}",
        ) {
            let flowed = flow(&text);
            let (read, tidy) = (unwrapped(&flowed, FLOWED), tidy(&text));
            // The reader leaves out empty lines at the beginning.
            prop_assert_eq!(read.trim_matches('\n'), tidy.trim_matches('\n'));
            for line in flowed.lines() {
                let characters: Vec<char> = line.trim_end().chars().skip(2).collect();
                let can_break = characters.windows(3).any(|three| {
                    let is_letter = |c: char| c.is_ascii_alphabetic();
                    three[1] == ' ' && is_letter(three[0]) && is_letter(three[2])
                });
                prop_assert!(!can_break || line.chars().count() <= 76, "{:?}", line);
            }
            // Writing it once more changes nothing.
            let again = flow(&read);
            prop_assert_eq!(again.trim_matches('\n'), flowed.trim_matches('\n'));
        }

        #[test]
        fn any_characters_are_written(text: String) {
            flow(&text);
        }
    }
}
