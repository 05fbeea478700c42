//! Decodes character references (HTML standard §13.2.5.72) before any parser reads them.
//!
//! The policy then checks the values that a browser would see, and text and values can be written
//! in canonical form.

use std::borrow::Cow;

use html5ever::data::{C1_REPLACEMENTS, NAMED_ENTITIES};

/// Maximum length of a name, in bytes. The longest is `CounterClockwiseContourIntegral`.
const NAME_BYTES: usize = 32;

/// Decodes the references of a text, or of the value of an attribute.
pub(super) fn decode(text: &str, in_attribute: bool) -> Cow<'_, str> {
    let Some((before, mut rest)) = text.split_once('&') else {
        return Cow::Borrowed(text);
    };
    let mut out = String::with_capacity(text.len());
    out.push_str(before);
    loop {
        match reference(rest, in_attribute) {
            Some((first, second, length)) => {
                out.extend([Some(first), second].into_iter().flatten());
                rest = rest.get(length..).unwrap_or_default();
            }
            None => out.push('&'),
        }
        match rest.split_once('&') {
            Some((before, after)) => {
                out.push_str(before);
                rest = after;
            }
            None => {
                out.push_str(rest);
                return Cow::Owned(out);
            }
        }
    }
}

/// Returns the characters of the reference that begins after an ampersand, and its length.
fn reference(rest: &str, in_attribute: bool) -> Option<(char, Option<char>, usize)> {
    match rest.strip_prefix('#') {
        Some(number) => numeric(number).map(|(c, length)| (c, None, length + 1)),
        None => named(rest, in_attribute),
    }
}

fn numeric(rest: &str) -> Option<(char, usize)> {
    let (digits, radix, prefix) = match rest.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16, 1),
        None => (rest, 10, 0),
    };
    let count = digits
        .bytes()
        .take_while(|b| char::from(*b).is_digit(radix))
        .count();
    let number = digits.get(..count).filter(|number| !number.is_empty())?;
    // A number that overflows is beyond Unicode as well.
    let code = u32::from_str_radix(number, radix).unwrap_or(u32::MAX);
    let replaced = match code {
        0x80..=0x9f => usize::try_from(code - 0x80)
            .ok()
            .and_then(|index| C1_REPLACEMENTS.get(index).copied().flatten()),
        0 => None,
        _ => char::from_u32(code),
    };
    let semicolon = usize::from(
        digits
            .get(count..)
            .is_some_and(|rest| rest.starts_with(';')),
    );
    Some((replaced.unwrap_or('\u{fffd}'), prefix + count + semicolon))
}

fn named(rest: &str, in_attribute: bool) -> Option<(char, Option<char>, usize)> {
    let letters = rest
        .bytes()
        .take(NAME_BYTES)
        .take_while(u8::is_ascii_alphanumeric)
        .count();
    let semicolon = usize::from(rest.as_bytes().get(letters) == Some(&b';'));
    (1..=letters + semicolon).rev().find_map(|length| {
        let name = rest.get(..length)?;
        let (first, second) = NAMED_ENTITIES.get(name).copied()?;
        // The table also holds prefixes of names.
        let first = char::from_u32(first).filter(|c| *c != '\0')?;
        let next = rest.as_bytes().get(length);
        let is_query = next.is_some_and(|b| *b == b'=' || b.is_ascii_alphanumeric());
        if in_attribute && !name.ends_with(';') && is_query {
            return None;
        }
        Some((first, char::from_u32(second).filter(|c| *c != '\0'), length))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn references_as_the_standard_reads_them() {
        for (text, decoded) in [
            ("a &amp; b &lt;c&gt; &quot;", "a & b <c> \""),
            ("&nbsp;&copy;&zwnj;&hellip;", "\u{a0}©\u{200c}…"),
            ("&amp &ltx &notit; &notin;", "& <x ¬it; ∉"),
            ("&NotEqualTilde;", "\u{2242}\u{338}"),
            (
                "&#65;&#x42;&#X43 &#0;&#xD800;&#x110000;&#99999999999;",
                "ABC \u{fffd}\u{fffd}\u{fffd}\u{fffd}",
            ),
            ("&#150;&#x80;", "–€"),
            ("& &; &# &#x; &nosuch; &", "& &; &# &#x; &nosuch; &"),
            ("&amp;lt;", "&lt;"),
        ] {
            assert_eq!(decode(text, false), decoded, "{text}");
        }
        assert_eq!(
            decode("?a=1&copy=2&lt&amp;x&copy;", true),
            "?a=1&copy=2<&x©"
        );
    }

    proptest! {
        #[test]
        fn anything_decodes(text in "\\PC*|(&|#|x|amp|lt|;|not|in|[0-9]|é){0,60}", in_attribute: bool) {
            prop_assert!(decode(&text, in_attribute).len() <= 2 * text.len());
        }
    }
}
