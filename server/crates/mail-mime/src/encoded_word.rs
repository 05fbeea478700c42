//! Decoder and encoder of encoded words (RFC 2047).

use crate::{charset, rfc5322, transfer};

/// The parts of one encoded word.
struct Word<'a> {
    charset: &'a str,
    is_base64: bool,
    text: &'a str,
}

/// Adjacent words of one charset. Their octets are decoded together, because many programs cut
/// inside a character (RFC 2047 §5 forbids it).
struct Run<'a> {
    charset: &'a str,
    octets: Vec<u8>,
    open_base64: String,
}

impl<'a> Run<'a> {
    fn new(word: &Word<'a>) -> Self {
        let mut run = Self {
            charset: word.charset,
            octets: Vec::new(),
            open_base64: String::new(),
        };
        run.add(word);
        run
    }

    fn has_charset_of(&self, word: &Word<'_>) -> bool {
        self.charset.eq_ignore_ascii_case(word.charset)
    }

    fn add(&mut self, word: &Word<'_>) {
        if word.is_base64 {
            self.open_base64.push_str(word.text);
            // The end of a word may also cut a base64 quantum.
            if self.open_base64.ends_with('=') || self.open_base64.len().is_multiple_of(4) {
                self.close_base64();
            }
        } else {
            self.close_base64();
            self.octets.extend(rfc5322::q_octets(word.text));
        }
    }

    fn close_base64(&mut self) {
        let text = std::mem::take(&mut self.open_base64);
        self.octets.extend(rfc5322::b_octets(&text));
    }

    fn into_text(mut self) -> String {
        self.close_base64();
        charset::decode(&self.octets, Some(self.charset))
    }
}

/// Decodes the encoded words of a text; other text stays as it is.
///
/// White space between two words is removed (RFC 2047 §6.2). Words need not be separated by spaces
/// and may be longer than 75 characters or hold spaces, because many programs write such words.
pub(crate) fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open: Option<Run<'_>> = None;
    let mut rest = text;
    while let Some((before, word, after)) = next_word(rest) {
        let is_adjacent = open.is_some() && before.trim().is_empty();
        match open.as_mut() {
            Some(run) if is_adjacent && run.has_charset_of(&word) => run.add(&word),
            _ => {
                if let Some(run) = open.take() {
                    out.push_str(&run.into_text());
                }
                if !is_adjacent {
                    out.push_str(before);
                }
                open = Some(Run::new(&word));
            }
        }
        rest = after;
    }
    if let Some(run) = open {
        out.push_str(&run.into_text());
    }
    out.push_str(rest);
    out
}

/// Returns the next encoded word, with the text before and after it.
fn next_word(text: &str) -> Option<(&str, Word<'_>, &str)> {
    let mut from = 0;
    while let Some(at) = text.get(from..)?.find("=?") {
        let start = from + at;
        if let Some((word, after)) = text.get(start + 2..).and_then(word_after_marker) {
            return Some((text.get(..start)?, word, after));
        }
        from = start + 2;
    }
    None
}

/// Parses `charset ? encoding ? text ?=`, the charset at most 64 characters long.
fn word_after_marker(text: &str) -> Option<(Word<'_>, &str)> {
    let (charset, rest) = split_within(text, '?', 64)?;
    let is_charset = !charset.is_empty()
        && charset
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"=()<>@,;:\\\"/[]".contains(&b));
    if !is_charset {
        return None;
    }
    let (encoding, rest) = split_within(rest, '?', 1)?;
    let is_base64 = match encoding {
        "B" | "b" => true,
        "Q" | "q" => false,
        _ => return None,
    };
    // A `?` is not allowed in the text, so the next one either ends the word or makes it invalid:
    // the search for the end never covers the same text twice.
    let (text, rest) = rest.split_once('?')?;
    let after = rest.strip_prefix('=')?;
    Some((
        Word {
            charset,
            is_base64,
            text,
        },
        after,
    ))
}

fn split_within(text: &str, at: char, max_bytes: usize) -> Option<(&str, &str)> {
    let index = text
        .bytes()
        .take(max_bytes + 1)
        .position(|b| b == at as u8)?;
    Some((text.get(..index)?, text.get(index + 1..)?))
}

/// Maximum number of octets of text in one `=?UTF-8?B?…?=`: the word then has at most 60
/// characters, and its line less than 76 with the longest field name before it (RFC 2047 §2).
const WORD_OCTETS: usize = 36;

/// Encodes text as words of UTF-8 and base64, one item per word, each holding whole characters and
/// at most 60 characters long (RFC 2047 §2 and §5).
pub(crate) fn encode(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let head = crate::display::prefix(rest, WORD_OCTETS);
        let mut base64 = Vec::new();
        let mut encoder = transfer::Encoder::new();
        encoder.push(head.as_bytes(), &mut base64);
        encoder.finish(&mut base64);
        let base64 = String::from_utf8_lossy(&base64);
        words.push(format!("=?UTF-8?B?{}?=", base64.trim_end()));
        rest = rest.strip_prefix(head).unwrap_or_default();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rfc2047_section_8_examples() {
        for (written, shown) in [
            ("(=?ISO-8859-1?Q?a?=)", "(a)"),
            ("(=?ISO-8859-1?Q?a?= b)", "(a b)"),
            ("(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)", "(ab)"),
            ("(=?ISO-8859-1?Q?a?=  \r\n   =?ISO-8859-1?Q?b?=)", "(ab)"),
            ("(=?ISO-8859-1?Q?a_b?=)", "(a b)"),
            ("(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)", "(a b)"),
        ] {
            assert_eq!(decode(written), shown, "{written}");
        }
    }

    #[test]
    fn a_character_cut_between_two_words_is_whole() {
        assert_eq!(decode("=?utf-8?B?5L2g5aU=?= =?UTF-8?B?vQ==?="), "你好");
        assert_eq!(decode("=?utf-8?Q?=E4=BD?= =?utf-8?Q?=A0?="), "你");
        assert_eq!(decode("=?utf-8?B?5L2g5a?= =?utf-8?B?W9?="), "你好");
    }

    #[test]
    fn asian_charsets_and_wrong_labels() {
        assert_eq!(decode("=?gb2312?B?u+HS6bzN0qo=?="), "会议纪要");
        assert_eq!(decode("=?iso-2022-jp?B?GyRCMnE1RBsoQg==?="), "会議");
        assert_eq!(decode("=?big5?B?t3zEsw==?="), "會議");
        assert_eq!(decode("=?us-ascii?Q?=E4=BC=9A?="), "会");
        assert_eq!(decode("=?utf-8*zh?Q?=E4=BC=9A?="), "会");
    }

    #[test]
    fn broken_words_stay_readable() {
        for (written, shown) in [
            ("=?utf-8?Q?unfinished", "=?utf-8?Q?unfinished"),
            ("=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
            ("=??Q?abc?=", "=??Q?abc?="),
            ("=?=?utf-8?Q?a?=", "=?a"),
            ("Re:=?utf-8?Q?a?=b", "Re:ab"),
            ("=?utf-8?Q?two words=?=", "two words="),
            ("100 =? 5", "100 =? 5"),
        ] {
            assert_eq!(decode(written), shown, "{written}");
        }
    }

    #[test]
    fn many_openings_take_linear_time() {
        let text = "=?a?q?".repeat(100_000);
        assert_eq!(decode(&text), text);
    }

    proptest! {
        #[test]
        fn encoded_text_round_trips(text in "\\PC{0,200}") {
            let words = encode(&text);
            prop_assert!(words.iter().all(|word| word.len() <= 60 && word.is_ascii()));
            prop_assert_eq!(decode(&words.join("\r\n ")), text);
        }

        #[test]
        fn anything_decodes(text in "\\PC*|(=\\?|\\?=|\\?[bqBQ]\\?|utf-8|=E4|[ a-z=?_]){0,60}") {
            decode(&text);
        }
    }
}
