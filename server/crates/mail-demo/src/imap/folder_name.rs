//! Folder names on the wire: modified UTF-7 (RFC 3501 §5.1.3).

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// The modified base64 alphabet: `,` instead of `/`, without padding.
const MODIFIED: GeneralPurpose = GeneralPurpose::new(
    &alphabet::IMAP_MUTF7,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// Encodes a name in modified UTF-7.
pub(crate) fn encode(name: &str) -> String {
    let mut wire = String::new();
    let mut shifted: Vec<u8> = Vec::new();
    for character in name.chars() {
        if matches!(character, ' '..='~') {
            unshift(&mut wire, &mut shifted);
            wire.push(character);
            if character == '&' {
                wire.push('-');
            }
        } else {
            let mut units = [0; 2];
            shifted.extend(
                character
                    .encode_utf16(&mut units)
                    .iter()
                    .flat_map(|unit| unit.to_be_bytes()),
            );
        }
    }
    unshift(&mut wire, &mut shifted);
    wire
}

fn unshift(wire: &mut String, shifted: &mut Vec<u8>) {
    if !shifted.is_empty() {
        wire.push('&');
        MODIFIED.encode_string(&*shifted, wire);
        wire.push('-');
        shifted.clear();
    }
}

/// Decodes a name in modified UTF-7; `None` if it differs from what [`encode`] writes.
pub(crate) fn decode(wire: &[u8]) -> Option<String> {
    let wire = std::str::from_utf8(wire).ok()?;
    let mut name = String::new();
    let mut rest = wire;
    while let Some((before, shift)) = rest.split_once('&') {
        name.push_str(before);
        let (shifted, after) = shift.split_once('-')?;
        rest = after;
        if shifted.is_empty() {
            name.push('&');
            continue;
        }
        let octets = MODIFIED.decode(shifted).ok()?;
        let (pairs, odd) = octets.as_chunks::<2>();
        if !odd.is_empty() {
            return None;
        }
        let units = pairs.iter().map(|pair| u16::from_be_bytes(*pair));
        for character in char::decode_utf16(units) {
            name.push(character.ok()?);
        }
    }
    name.push_str(rest);
    (encode(&name) == wire).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rfc3501_5_1_3_example() {
        assert_eq!(
            decode(b"~peter/mail/&U,BTFw-/&ZeVnLIqe-").unwrap(),
            "~peter/mail/台北/日本語"
        );
        assert_eq!(
            encode("~peter/mail/台北/日本語"),
            "~peter/mail/&U,BTFw-/&ZeVnLIqe-"
        );
        assert_eq!(encode("a & b"), "a &- b");
    }

    #[test]
    fn a_name_that_could_be_written_otherwise_is_refused() {
        for wire in [
            "&AGE-",
            "&U,BTFw-&ZeVnLIqe-",
            "&U,BTFw",
            "&2AA-",
            "台",
            "&!-",
        ] {
            assert_eq!(decode(wire.as_bytes()), None, "{wire:?}");
        }
    }

    proptest! {
        #[test]
        fn every_name_survives_the_wire(name in any::<String>()) {
            prop_assert_eq!(decode(encode(&name).as_bytes()), Some(name));
        }
    }
}
