//! Makes untrusted strings safe to display: removes control, direction and invisible characters.

/// Makes one line of an untrusted text: line ends and tabs become spaces; control characters,
/// direction overrides, invisible characters and tags are removed.
pub fn line(text: &str) -> String {
    clean(text, false)
}

/// The same for a text of several lines: LF and tabs stay, CRLF and CR become LF.
pub fn lines(text: &str) -> String {
    clean(&text.replace("\r\n", "\n").replace('\r', "\n"), true)
}

fn clean(text: &str, is_multiline: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut previous = ' ';
    let mut rest = text;
    loop {
        // Runs of printable ASCII are by far the most common.
        let length = rest
            .bytes()
            .take_while(|octet| matches!(octet, b' '..=b'~'))
            .count();
        let (run, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        out.push_str(run);
        previous = run.chars().next_back().unwrap_or(previous);
        let mut characters = after.chars();
        let Some(c) = characters.next() else {
            return out;
        };
        rest = characters.as_str();
        let replacement = match c {
            '\n' | '\t' if is_multiline => Some(c),
            '\r' | '\n' | '\t' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some(' '),
            // Joiners are part of the spelling in many scripts, and of emoji. After other
            // characters they only make two names differ that look equal.
            '\u{200c}' | '\u{200d}' => joins(previous).then_some(c),
            _ if is_hidden(c) => None,
            _ => Some(c),
        };
        if let Some(c) = replacement {
            out.push(c);
            previous = c;
        }
    }
}

/// Whether a character is invisible but changes how others are displayed.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

fn joins(previous: char) -> bool {
    matches!(previous,
        '\u{600}'..='\u{109f}' | '\u{1780}'..='\u{18af}' | '\u{2190}'..='\u{2bff}'
        | '\u{fe0f}' | '\u{1f000}'..='\u{1faff}')
}

/// Maximum length of a file name, in bytes: common file systems accept it.
const FILE_NAME_BYTES: usize = 200;

/// Returns a file name without its path, hidden characters and characters that file systems refuse;
/// `None` if nothing is left.
///
/// The result is never used as a path: it is shown, and offered to the browser that saves the file.
pub fn file_name(written: &str) -> Option<String> {
    let shown = line(written);
    let last = shown.rsplit(['/', '\\']).next().unwrap_or_default();
    let safe: String = last
        .chars()
        .map(|c| {
            if matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*') {
                '_'
            } else {
                c
            }
        })
        .collect();
    // Windows removes dots and spaces at the end.
    let is_edge = |c: char| c.is_whitespace() || c == '.';
    let name = shortened(safe.trim_end_matches(is_edge).trim_start());
    let name = name.trim_end_matches(is_edge).to_owned();
    (!name.is_empty()).then_some(name)
}

/// Shortens a long name before its extension.
fn shortened(name: &str) -> String {
    if name.len() <= FILE_NAME_BYTES {
        return name.to_owned();
    }
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if extension.len() <= 16 => (stem, extension),
        _ => (name, ""),
    };
    let mut out = String::from(prefix(stem, FILE_NAME_BYTES - 17));
    if !extension.is_empty() {
        out.push('.');
        out.push_str(extension);
    }
    out
}

/// Returns the longest prefix of at most `max_bytes` that ends between two characters.
pub fn prefix(text: &str, max_bytes: usize) -> &str {
    let end = text.floor_char_boundary(max_bytes);
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn direction_and_invisible_characters_are_removed_but_joiners_remain() {
        assert_eq!(line("a\u{202e}fdp.exe\u{2066}\u{200b}\u{feff}"), "afdp.exe");
        assert_eq!(line("one\r\ntwo\u{0}\u{1b}[31m"), "one  two[31m");
        assert_eq!(line("pay\u{200d}pal"), "paypal");
        let family = "👩\u{200d}👧";
        assert_eq!(line(family), family);
        let persian = "می\u{200c}خواهم";
        assert_eq!(line(persian), persian);
        assert_eq!(lines("a\r\nb\rc\td"), "a\nb\nc\td");
    }

    #[test]
    fn file_names_lose_path_and_tricks() {
        for (written, name) in [
            ("../../etc/passwd", Some("passwd")),
            ("C:\\Users\\x\\报价.xlsx", Some("报价.xlsx")),
            ("invoice\u{202e}fdp.exe", Some("invoicefdp.exe")),
            ("a\r\nSet-Cookie: x", Some("a  Set-Cookie_ x")),
            ("con<>|?.txt. . ", Some("con____.txt")),
            ("..", None),
            ("  ", None),
            ("dir/", None),
        ] {
            assert_eq!(file_name(written).as_deref(), name, "{written:?}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_extension() {
        let name = file_name(&format!("{}.pdf", "报".repeat(300))).unwrap();
        assert!(name.len() <= 200 && name.ends_with(".pdf"), "{name}");
    }

    proptest! {
        #[test]
        fn a_display_line_has_no_hidden_characters(text in "\\PC*|[\u{0}-\u{20}\u{2000}-\u{2070}a/\\\\.]*") {
            let shown = line(&text);
            let is_joiner = |c| c == '\u{200c}' || c == '\u{200d}';
            let has_hidden = shown.chars().any(|c| is_hidden(c) && !is_joiner(c));
            prop_assert!(!has_hidden, "{:?}", shown);
            prop_assert_eq!(line(&shown), shown);
            if let Some(name) = file_name(&text) {
                prop_assert!(!name.contains(['/', '\\']) && !name.is_empty());
                prop_assert_eq!(file_name(&name), Some(name));
            }
        }
    }
}
