//! Writers of single tokens. What they write needs no escapes, and holds no `<`, `&`, `"` or `\`.

use std::fmt::Write as _;

/// Maximum length of a name or a keyword, in bytes.
const NAME_BYTES: usize = 64;

/// Appends an integer.
pub(super) fn integer(out: &mut String, value: i32) {
    // Writing to a string cannot fail.
    let _ = write!(out, "{value}");
}

/// Appends a finite number with at most 3 decimals.
pub(super) fn number(out: &mut String, value: f32) {
    let start = out.len();
    let _ = write!(out, "{value:.3}");
    let written = out.get(start..).unwrap_or_default();
    let kept = written.trim_end_matches('0').trim_end_matches('.').len();
    out.truncate(start + kept);
    if out.get(start..) == Some("-0") {
        out.truncate(start);
        out.push('0');
    }
}

/// Whether a name can be written as an identifier without escapes.
pub(super) fn is_plain_name(name: &str) -> bool {
    let first = name.trim_start_matches('-').chars().next();
    name.len() <= NAME_BYTES
        && first.is_some_and(|c| c == '_' || c.is_alphabetic())
        && name.chars().all(is_name_char)
}

/// Whether a character may follow in a name.
pub(super) fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_')
}

/// Appends a keyword in lower case; returns false if it is none.
pub(super) fn word(out: &mut String, word: &str) -> bool {
    let is_word = word.len() <= NAME_BYTES
        && word.starts_with(|c: char| c == '-' || c.is_ascii_alphabetic())
        && word.bytes().all(|b| b == b'-' || b.is_ascii_alphanumeric());
    if is_word {
        out.extend(word.chars().map(|c| c.to_ascii_lowercase()));
    }
    is_word
}

/// Appends the name of a font as a string; returns false if it has other characters than names of
/// fonts have.
pub(super) fn font(out: &mut String, name: &str) -> bool {
    let is_font = name.len() <= 2 * NAME_BYTES
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | '+'));
    if is_font {
        out.push('\'');
        out.push_str(name);
        out.push('\'');
    }
    is_font
}

/// Appends `url()` of an address that the policy has accepted.
pub(super) fn url(out: &mut String, address: &str) {
    out.push_str("url('");
    for c in address.chars() {
        match c {
            '\'' => out.push_str("%27"),
            '"' => out.push_str("%22"),
            '(' => out.push_str("%28"),
            ')' => out.push_str("%29"),
            '<' => out.push_str("%3C"),
            '>' => out.push_str("%3E"),
            '\\' => out.push_str("%5C"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out.push_str("')");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_their_shortest_form() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.5, "1.5"),
            (-0.0001, "0"),
            (100.0, "100"),
            (4999.999, "4999.999"),
            (0.3333, "0.333"),
        ] {
            let mut out = String::from("x");
            number(&mut out, value);
            assert_eq!(out, format!("x{expected}"));
        }
    }

    #[test]
    fn an_address_cannot_end_its_url() {
        let mut out = String::new();
        url(&mut out, "https://x.example/'\\\")<\n&é");
        assert_eq!(out, "url('https://x.example/%27%5C%22%29%3C&é')");
    }
}
