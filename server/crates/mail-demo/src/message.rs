//! A message parser: part tree, header fields, addresses and charsets.
//!
//! It is small and separate from the product's parser, so that the tests compare two independent
//! implementations.

mod address;
mod field;
mod text;
mod tree;

use bytes::{Bytes, BytesMut};

pub(crate) use address::{Address, addresses};
pub(crate) use field::{Parameters, fields, find_field, unfolded};
pub(crate) use text::{decoded_header, decoded_text};
pub(crate) use tree::{Children, Part};

/// Returns whether every CR and every LF is part of a CRLF (RFC 5321 §2.3.8).
pub(crate) fn has_only_crlf(message: &[u8]) -> bool {
    let is_crlf = |at: usize| match message.get(at) {
        Some(b'\r') => message.get(at + 1) == Some(&b'\n'),
        _ => at.checked_sub(1).and_then(|before| message.get(before)) == Some(&b'\r'),
    };
    memchr::memchr2_iter(b'\r', b'\n', message).all(is_crlf)
}

/// Replaces lone CR and lone LF by CRLF; a message without them is returned unchanged.
pub(crate) fn with_crlf(message: Bytes) -> Bytes {
    if has_only_crlf(&message) {
        return message;
    }
    let mut converted = BytesMut::with_capacity(message.len() + message.len() / 32);
    let mut rest = &message[..];
    while let Some(at) = memchr::memchr2(b'\r', b'\n', rest) {
        let (line, end) = rest.split_at(at);
        converted.extend_from_slice(line);
        converted.extend_from_slice(b"\r\n");
        let end = end.strip_prefix(b"\r\n").or_else(|| end.get(1..));
        rest = end.unwrap_or_default();
    }
    converted.extend_from_slice(rest);
    converted.freeze()
}

/// Prepends header lines to a message.
pub(crate) fn with_header(header: &str, message: &[u8]) -> Bytes {
    let mut traced = BytesMut::with_capacity(header.len() + message.len());
    traced.extend_from_slice(header.as_bytes());
    traced.extend_from_slice(message);
    traced.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lone_line_ends_become_crlf() {
        let fixed = with_crlf(Bytes::from_static(b"a\nb\r\nc\rd\r\r\n\n"));
        assert_eq!(fixed, "a\r\nb\r\nc\r\nd\r\n\r\n\r\n");
    }

    proptest! {
        #[test]
        fn after_conversion_every_cr_and_lf_is_half_of_a_crlf(text in "[a\r\n]{0,40}") {
            let fixed = with_crlf(Bytes::from(text));
            let rest = String::from_utf8(fixed.to_vec()).unwrap().replace("\r\n", "");
            prop_assert!(!rest.contains(['\r', '\n']));
            prop_assert_eq!(with_crlf(fixed.clone()), fixed);
        }
    }
}
