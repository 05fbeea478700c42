//! `SASLprep` (RFC 4013): Unicode normalisation of names and passwords.

use alloc::string::String;

use unicode_normalization::UnicodeNormalization as _;

/// Normalises a name or a password.
///
/// Characters that the profile prohibits are left unchanged: a server that accepted such a password
/// stores it as it was typed, and the server decides about the sign-in.
pub(super) fn saslprep(text: &str) -> String {
    if text.is_ascii() {
        return text.into();
    }
    let mapped = text.chars().filter(|c| !is_mapped_to_nothing(*c));
    mapped
        .map(|c| if is_other_space(c) { ' ' } else { c })
        .nfkc()
        .collect()
}

/// Returns whether a character is in RFC 3454 table B.1.
const fn is_mapped_to_nothing(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{1806}' | '\u{180b}'..='\u{180d}' | '\u{200b}'..='\u{200d}'
            | '\u{2060}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
    )
}

/// Returns whether a character is in RFC 3454 table C.1.2, except U+200B: it is mapped to nothing.
const fn is_other_space(c: char) -> bool {
    matches!(
        c,
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // docs/protocols.md, Signing in, TLS and the transcript: SASLprep, OAuth, CRAM-MD5
    #[test]
    fn rfc4013_3_examples() {
        assert_eq!(saslprep("I\u{ad}X"), "IX");
        assert_eq!(saslprep("user"), "user");
        assert_eq!(saslprep("USER"), "USER");
        assert_eq!(saslprep("\u{aa}"), "a");
        assert_eq!(saslprep("\u{2168}"), "IX");
    }

    proptest! {
        #[test]
        fn saslprep_matches_another_implementation_on_allowed_text(text in "\\PC{0,20}") {
            if let Ok(expected) = stringprep::saslprep(&text) {
                prop_assert_eq!(saslprep(&text), expected);
            }
        }
    }
}
