//! Received text that is not UTF-8, carried in a `String` until its charset is known.
//!
//! Servers write replies in a local charset without naming it. This crate has no charset tables, so
//! an octet that is not part of valid UTF-8 is stored as a private-use character, U+F780 to U+F7FF
//! for 0x80 to 0xFF. The driver decodes the text before it is shown.

use alloc::string::String;
use alloc::vec::Vec;

/// The offset of the carrier characters; octets below 0x80 are never carried.
const FIRST: u32 = 0xf700;
/// The first UTF-8 octet of every carrier character.
const UTF8_LEAD: u8 = 0xef;

/// Converts octets to a `String`: UTF-8 unchanged, each other octet as a carrier character.
pub fn carry(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len());
    for chunk in octets.utf8_chunks() {
        carry_valid(chunk.valid(), &mut text);
        text.extend(chunk.invalid().iter().copied().map(carrier));
    }
    text
}

/// Appends valid UTF-8. A carrier character that is part of the text is itself carried as its
/// octets, so that it is not read as a carried octet.
fn carry_valid(valid: &str, text: &mut String) {
    if memchr::memchr(UTF8_LEAD, valid.as_bytes()).is_none() {
        text.push_str(valid);
        return;
    }
    let mut utf8 = [0; 4];
    for c in valid.chars() {
        match carried(c) {
            Some(_) => text.extend(c.encode_utf8(&mut utf8).bytes().map(carrier)),
            None => text.push(c),
        }
    }
}

/// Returns the original octets of a text with carrier characters; `None` if it has none.
pub fn octets(text: &str) -> Option<Vec<u8>> {
    let may_carry = memchr::memchr(UTF8_LEAD, text.as_bytes()).is_some();
    if !may_carry || !text.chars().any(|c| carried(c).is_some()) {
        return None;
    }
    let mut octets = Vec::with_capacity(text.len());
    let mut utf8 = [0; 4];
    for c in text.chars() {
        match carried(c) {
            Some(octet) => octets.push(octet),
            None => octets.extend_from_slice(c.encode_utf8(&mut utf8).as_bytes()),
        }
    }
    Some(octets)
}

fn carrier(octet: u8) -> char {
    char::from_u32(FIRST.saturating_add(u32::from(octet))).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn carried(c: char) -> Option<u8> {
    let octet = u32::from(c).checked_sub(FIRST)?;
    u8::try_from(octet).ok().filter(|octet| *octet >= 0x80)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn utf8_is_itself_and_carries_nothing() {
        assert_eq!(carry("550 无此用户".as_bytes()), "550 无此用户");
        assert_eq!(octets("550 无此用户"), None);
        assert_eq!(octets("plain"), None);
    }

    #[test]
    fn other_octets_come_back_as_they_were() {
        let gbk = b"535 \xc7\xeb\xd3\xc3\xca\xda\xc8\xa8\xc2\xeb";
        assert_eq!(octets(&carry(gbk)).as_deref(), Some(&gbk[..]));
    }

    #[test]
    fn a_character_that_looks_like_a_carrier_is_itself() {
        for text in [&b"\xef\x9e\x80\x80"[..], b"\xef\x9e\x80"] {
            assert_eq!(octets(&carry(text)).as_deref(), Some(text));
        }
    }

    proptest! {
        #[test]
        fn every_octet_round_trips(text: Vec<u8>) {
            let carried = carry(&text);
            let back = octets(&carried).unwrap_or_else(|| carried.into_bytes());
            prop_assert_eq!(back, text);
        }
    }
}
