//! Decoded text for `SEARCH`: transfer encodings, charsets, encoded words.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use encoding_rs::{Encoding, UTF_8};

use super::field::find_field;
use super::tree::{Children, Part};

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Decodes the encoded words of a header value (RFC 2047 §2); other text is unchanged.
pub(crate) fn decoded_header(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    let mut decoded = String::new();
    let mut rest = text.as_ref();
    let mut after_word = false;
    while let Some((before, word)) = rest.split_once("=?") {
        let parsed = encoded_word(word);
        // Whitespace between two encoded words is ignored (§6.2).
        if !(after_word && parsed.is_some() && before.trim().is_empty()) {
            decoded.push_str(before);
        }
        match parsed {
            Some((plain, after)) => {
                decoded.push_str(&plain);
                rest = after;
                after_word = true;
            }
            None => {
                decoded.push_str("=?");
                rest = word;
                after_word = false;
            }
        }
    }
    decoded.push_str(rest);
    decoded
}

/// Decodes and concatenates the texts of a part and its descendants.
pub(crate) fn decoded_text(message: &[u8], part: &Part) -> String {
    let mut text = String::new();
    collect(message, part, &mut text);
    text
}

fn collect(message: &[u8], part: &Part, text: &mut String) {
    match &part.children {
        Children::Multipart(parts) => parts.iter().for_each(|part| collect(message, part, text)),
        Children::Message(inner) => collect(message, inner, text),
        Children::None if part.media_type.0 == "text" => {
            let encoding = find_field(part.header_of(message), "Content-Transfer-Encoding");
            let encoding = encoding.unwrap_or_default().to_ascii_lowercase();
            let octets = match encoding.as_slice() {
                b"base64" => from_base64(part.body_of(message)),
                b"quoted-printable" => from_quoted_printable(part.body_of(message)),
                _ => part.body_of(message).to_vec(),
            };
            let charset = part
                .content_type
                .find("charset")
                .and_then(Encoding::for_label);
            text.push_str(&charset.unwrap_or(UTF_8).decode(&octets).0);
            text.push('\n');
        }
        Children::None => {}
    }
}

/// Parses the text after `=?`: `charset?B?text?=`.
fn encoded_word(word: &str) -> Option<(String, &str)> {
    let (charset, rest) = word.split_once('?')?;
    let (encoding, rest) = rest.split_once('?')?;
    let (text, after) = rest.split_once("?=")?;
    let octets = match encoding {
        "B" | "b" => from_base64(text.as_bytes()),
        "Q" | "q" => from_quoted_printable(text.replace('_', " ").as_bytes()),
        _ => return None,
    };
    let charset = charset.split('*').next().unwrap_or(charset);
    let charset = Encoding::for_label(charset.as_bytes())?;
    Some((charset.decode(&octets).0.into_owned(), after))
}

fn from_base64(text: &[u8]) -> Vec<u8> {
    let is_digit = |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/');
    let mut digits: Vec<u8> = text.iter().copied().filter(is_digit).collect();
    if digits.len() % 4 == 1 {
        // A single trailing digit encodes no octet.
        digits.pop();
    }
    LENIENT.decode(digits).unwrap_or_default()
}

fn from_quoted_printable(text: &[u8]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&octet, after)) = rest.split_first() {
        rest = after;
        if octet != b'=' {
            octets.push(octet);
        } else if let Some(line) = after.strip_prefix(b"\r\n") {
            rest = line;
        } else if let Some((value, tail)) = hex_octet(after) {
            octets.push(value);
            rest = tail;
        } else {
            octets.push(octet);
        }
    }
    octets
}

fn hex_octet(text: &[u8]) -> Option<(u8, &[u8])> {
    let (digits, rest) = text.split_at_checked(2)?;
    let digits = std::str::from_utf8(digits)
        .ok()
        .filter(|text| !text.starts_with('+'))?;
    Some((u8::from_str_radix(digits, 16).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn encoded_words_are_joined_and_decoded() {
        assert_eq!(
            decoded_header(b"=?gb18030?B?uqPFuA==?= =?utf-8?q?=E9=A1=B9_x?= end"),
            "海鸥项 x end"
        );
        assert_eq!(
            decoded_header(b"=?broken?= and =?no-such?Q?x?="),
            "=?broken?= and =?no-such?Q?x?="
        );
    }

    #[test]
    fn a_body_is_decoded_by_its_encoding_and_charset() {
        let message = b"Content-Type: text/plain; charset=big5\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=A4=A4=A4=\r\n=E5 a=3Db";
        assert_eq!(decoded_text(message, &Part::parse(message)), "中文 a=b\n");
    }

    proptest! {
        #[test]
        fn any_header_value_decodes(value in "(=\\?|\\?=|\\?|utf-8|B|Q|=4|[ -~])*") {
            decoded_header(value.as_bytes());
        }

        #[test]
        fn base64_reads_back_what_was_encoded(octets in proptest::collection::vec(any::<u8>(), 0..100)) {
            prop_assert_eq!(from_base64(LENIENT.encode(&octets).as_bytes()), octets);
        }
    }
}
