//! Modified UTF-7, the wire encoding of mailbox names (RFC 3501 §5.1.3).

use alloc::string::String;
use alloc::vec::Vec;

use base64::Engine as _;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &IMAP_MUTF7,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Encodes a name to its wire form.
pub fn encode(name: &str) -> String {
    let mut wire = String::with_capacity(name.len());
    let mut shifted: Vec<u8> = Vec::new();
    for c in name.chars() {
        if matches!(c, ' '..='~') {
            flush(&mut shifted, &mut wire);
            wire.push(c);
            if c == '&' {
                wire.push('-');
            }
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                shifted.extend_from_slice(&unit.to_be_bytes());
            }
        }
    }
    flush(&mut shifted, &mut wire);
    wire
}

fn flush(shifted: &mut Vec<u8>, wire: &mut String) {
    if !shifted.is_empty() {
        wire.push('&');
        ENGINE.encode_string(&*shifted, wire);
        wire.push('-');
        shifted.clear();
    }
}

/// Decodes a name from its wire form.
///
/// Accepts unambiguous errors of servers: shifted ASCII, leftover bits, two shifts in a row, raw
/// UTF-8. Returns `None` if the text cannot be decoded; the mailbox is then shown in its wire form.
/// Different wire forms can decode to the same name, so use the LIST response, not [`encode`], to
/// map a name back to its wire form.
pub fn decode(wire: &[u8]) -> Option<String> {
    let mut name = String::with_capacity(wire.len());
    let mut rest = core::str::from_utf8(wire).ok()?;
    while let Some((plain, shifted)) = rest.split_once('&') {
        name.push_str(plain);
        let (code, after) = shifted.split_once('-')?;
        rest = after;
        if code.is_empty() {
            name.push('&');
            continue;
        }
        let bytes = ENGINE.decode(code).ok()?;
        let (pairs, leftover) = bytes.as_chunks::<2>();
        if !leftover.is_empty() {
            return None;
        }
        for c in char::decode_utf16(pairs.iter().map(|pair| u16::from_be_bytes(*pair))) {
            name.push(c.ok()?);
        }
    }
    name.push_str(rest);
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // docs/protocols.md, IMAP: UTF-7 names
    #[test]
    fn the_examples_of_rfc_3501_are_read_and_written() {
        let name = "~peter/mail/台北/日本語";
        assert_eq!(encode(name), "~peter/mail/&U,BTFw-/&ZeVnLIqe-");
        assert_eq!(
            decode(b"~peter/mail/&U,BTFw-/&ZeVnLIqe-").as_deref(),
            Some(name)
        );
        assert_eq!(encode("&"), "&-");
        assert_eq!(decode(b"&-").as_deref(), Some("&"));
        assert_eq!(
            decode(b"Projects/&bXeeJZh5du4-").as_deref(),
            Some("Projects/海鸥项目")
        );
    }

    #[test]
    fn forms_that_rfc_3501_forbids_but_that_are_plain_are_read() {
        // Two shifts in a row, shifted ASCII, raw UTF-8.
        assert_eq!(decode(b"&Jjo-&Jjo-!").as_deref(), Some("☺☺!"));
        assert_eq!(decode(b"&AGE-").as_deref(), Some("a"));
        assert_eq!(decode("Müll".as_bytes()).as_deref(), Some("Müll"));
    }

    #[test]
    fn undecodable_names_are_none() {
        // No end, half a character, a lone surrogate, a foreign digit, not UTF-8.
        for bad in [&b"&Jjo"[..], b"&Jg-", b"&2AA-", b"&Jj/-", b"caf\xe9"] {
            assert_eq!(decode(bad), None, "{bad:?}");
        }
    }

    proptest! {
        // docs/protocols.md, IMAP: UTF-7 names
        #[test]
        fn any_name_survives_the_wire(name in any::<String>()) {
            let wire = encode(&name);
            prop_assert!(wire.bytes().all(|byte| matches!(byte, b' '..=b'~')));
            prop_assert_eq!(decode(wire.as_bytes()), Some(name));
        }

        #[test]
        fn any_bytes_are_read_without_panic(wire in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = decode(&wire);
        }
    }
}
