//! Text of a peer that is not UTF-8, carried in a `String` until somebody knows its charset.
//!
//! Servers write replies in the charset of their country without saying which. There are no charset
//! tables here, so an octet that is no part of UTF-8 stands as a character of a private area,
//! U+F780 to U+F7FF for 0x80 to 0xFF. The driver has it read before anybody sees it.

use alloc::string::String;
use alloc::vec::Vec;

/// The character of octet 0x00, were it ever carried.
const FIRST: u32 = 0xf700;
/// The first octet in UTF-8 of every character that carries one.
const UTF8_LEAD: u8 = 0xef;

/// Puts text into a `String`: UTF-8 as it is, other octets as characters that carry them.
pub fn carry(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len());
    for chunk in octets.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().copied().map(carrier));
    }
    text
}

/// Returns the octets of a text that carries some, or nothing where it is UTF-8 and was read.
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

    proptest! {
        #[test]
        fn nothing_is_lost(text: Vec<u8>) {
            let carried = carry(&text);
            let back = octets(&carried).unwrap_or_else(|| carried.into_bytes());
            let is_ambiguous = core::str::from_utf8(&text)
                .is_ok_and(|text| text.chars().any(|c| super::carried(c).is_some()));
            prop_assert!(is_ambiguous || back == text);
        }
    }
}
