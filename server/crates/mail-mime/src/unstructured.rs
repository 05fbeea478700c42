//! The text of unstructured header fields and display names.

use crate::{charset, display, encoded_word};

/// Decodes an unstructured field (RFC 5322 §3.2.5), such as the subject of an IMAP ENVELOPE: RFC
/// 2047, raw octets of a declared or guessed charset, on one line, without hidden characters.
pub fn decode_unstructured(value: &[u8]) -> String {
    let text = encoded_word::decode(&charset::decode(value, None));
    display::line(&text).trim().to_owned()
}

/// Decodes a display name, such as one of an IMAP ENVELOPE, and removes the quotes around it.
pub fn decode_phrase(value: &[u8]) -> String {
    let text = decode_unstructured(value);
    let inner = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    match inner {
        Some(inner) => inner.replace("\\\"", "\"").trim().to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::EmailAddress;

    #[test]
    fn a_text_in_another_charset_is_decoded() {
        assert_eq!(decode_unstructured(b"\x1b$B2q5D\x1b(B"), "会議");
    }

    #[test]
    fn phrases_of_an_envelope_lose_their_quotes() {
        assert_eq!(decode_phrase(b"\"Doe, \\\"J\\\"\""), "Doe, \"J\"");
        assert_eq!(decode_phrase(b"=?utf-8?B?5byg5LiJ?="), "张三");
        let mailbox = EmailAddress::from_envelope(b"=?utf-8?B?5byg5LiJ?=", b"zhang", b"x.example");
        assert_eq!(mailbox.to_string(), "张三 <zhang@x.example>");
    }
}
