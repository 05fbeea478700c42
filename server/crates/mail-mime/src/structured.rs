//! Comments and quoted strings of structured header fields (RFC 5322 §3.2).

/// Replaces comments by a space each, nested ones included. Quoted strings stay as they are. A
/// comment that is not closed goes to the end.
pub(crate) fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut state = State::default();
    for c in text.chars() {
        let was_inside = state.depth > 0;
        state.read(c);
        match (was_inside, state.depth > 0) {
            (false, false) => out.push(c),
            (true, false) => out.push(' '),
            (_, true) => {}
        }
    }
    out
}

/// Splits a text at a separator outside quoted strings and comments. A quoted string that is not
/// closed goes to the end.
pub(crate) fn split(text: &str, separator: impl Fn(char) -> bool) -> impl Iterator<Item = &str> {
    let mut state = State::default();
    text.split(move |c: char| {
        state.read(c);
        state.is_plain() && separator(c)
    })
}

/// Removes the quotes around a text, and the backslashes in it (RFC 5322 §3.2.4). A text without
/// quotes stays as it is.
pub(crate) fn unquoted(text: &str) -> String {
    let Some(inner) = text.strip_prefix('"') else {
        return text.to_owned();
    };
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => out.extend(chars.next()),
            _ => out.push(c),
        }
    }
    out
}

/// Whether the next character is in a comment or in a quoted string.
#[derive(Default)]
struct State {
    /// The number of open comments.
    depth: usize,
    is_quoted: bool,
    is_escaped: bool,
}

impl State {
    fn is_plain(&self) -> bool {
        self.depth == 0 && !self.is_quoted
    }

    fn read(&mut self, c: char) {
        if self.is_escaped {
            self.is_escaped = false;
            return;
        }
        match c {
            '\\' => self.is_escaped = !self.is_plain(),
            '"' if self.depth == 0 => self.is_quoted = !self.is_quoted,
            '(' if !self.is_quoted => self.depth += 1,
            ')' if !self.is_quoted => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn comments_are_removed_outside_quotes() {
        for (text, expected) in [
            ("a (b (c) d) e", "a   e"),
            ("a(b)c", "a c"),
            ("\"a (b)\" (c \" d) e", "\"a (b)\"   e"),
            ("a (b \\) c) d", "a   d"),
            ("a (b", "a "),
            ("a ) b", "a ) b"),
            ("\"a\\\" (b)\" c", "\"a\\\" (b)\" c"),
        ] {
            assert_eq!(without_comments(text), expected, "{text}");
        }
    }

    #[test]
    fn a_separator_in_quotes_does_not_separate() {
        let split = |text| split(text, |c| c == ';').collect::<Vec<_>>();
        assert_eq!(split("a;b;"), ["a", "b", ""]);
        assert_eq!(split("\"a;b\";(c;d)e"), ["\"a;b\"", "(c;d)e"]);
        assert_eq!(split("\"a\\\";b;c"), ["\"a\\\";b;c"]);
    }

    #[test]
    fn quotes_and_escapes_are_removed() {
        assert_eq!(unquoted("\"a \\\"b\\\\\" c"), "a \"b\\");
        assert_eq!(unquoted("a\"b\""), "a\"b\"");
        assert_eq!(unquoted("\"a\\"), "a");
    }

    proptest! {
        #[test]
        fn pieces_join_to_the_text(text in "[;\"()\\\\a ]{0,40}") {
            prop_assert_eq!(split(&text, |c| c == ';').collect::<Vec<_>>().join(";"), text);
        }
    }
}
