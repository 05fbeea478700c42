//! Decodes octets of a declared, wrongly declared or undeclared charset to text.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{
    Encoding, GB18030, GBK, ISO_2022_JP, ISO_8859_2, ISO_8859_4, REPLACEMENT, UTF_8, UTF_16BE,
    UTF_16LE, WINDOWS_1250, WINDOWS_1252, WINDOWS_1254, WINDOWS_1257, WINDOWS_1258,
};

/// Number of bytes examined to guess a charset.
const SAMPLE_BYTES: usize = 64 << 10;

/// Decodes text of a declared charset, or of none.
///
/// Labels are those of the WHATWG standard and some that mail programs invented. If the label is
/// unknown, or the octets contradict it, the text is read as UTF-8 if it is valid UTF-8, else as a
/// guessed charset. UTF-8 under the label of an older charset is read as UTF-8. UTF-7 is never decoded: it would turn plain ASCII into hidden markup.
/// Undecodable octets become U+FFFD. A byte order mark is removed.
pub fn decode(bytes: &[u8], label: Option<&str>) -> String {
    if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf")
        && let Ok(text) = std::str::from_utf8(rest)
    {
        return text.to_owned();
    }
    match label
        .and_then(known)
        .map(|found| actual_encoding(found, bytes))
    {
        Some(encoding) => {
            let joined;
            let bytes = if encoding == ISO_2022_JP {
                joined = without_empty_shifts(bytes);
                &joined
            } else {
                bytes
            };
            if let Some(utf_8) = evident_utf_8(bytes, encoding) {
                return utf_8.to_owned();
            }
            let (text, _, had_errors) = encoding.decode(bytes);
            let text = without_line_end_of_octets(text, encoding);
            if !had_errors {
                return text.into_owned();
            }
            if encoding == UTF_8 {
                // A cut inside a character, or one bad octet, does not disprove the label.
                let invalid = text.matches('\u{fffd}').count();
                let valid = text.chars().filter(|c| !c.is_ascii()).count() - invalid;
                if invalid <= 1 + valid / 16 && valid > 0 {
                    return text.into_owned();
                }
                return guessed(bytes, None);
            }
            match std::str::from_utf8(bytes) {
                Ok(utf_8) if !utf_8.is_ascii() => utf_8.to_owned(),
                _ => text.into_owned(),
            }
        }
        None => undeclared(bytes, None),
    }
}

/// The encoding of octets that are labelled as UTF-16. By RFC 2781 §4.3 text without a byte order
/// mark is big endian, but programs write little endian; some write UTF-8 under that label.
fn actual_encoding(labelled: &'static Encoding, bytes: &[u8]) -> &'static Encoding {
    if (labelled != UTF_16LE && labelled != UTF_16BE) || Encoding::for_bom(bytes).is_some() {
        return labelled;
    }
    let sample = bytes.get(..SAMPLE_BYTES).unwrap_or(bytes);
    // Spaces, digits and line ends have a zero octet in every script.
    let zeros = |first: usize| {
        sample
            .iter()
            .skip(first)
            .step_by(2)
            .filter(|b| **b == 0)
            .count()
    };
    match (zeros(0), zeros(1)) {
        (0, 0) if std::str::from_utf8(bytes).is_ok() => UTF_8,
        (high, low) if high > low => UTF_16BE,
        (high, low) if high < low => UTF_16LE,
        _ => labelled,
    }
}

/// Removes the character that a line end of two octets is in UTF-16. POP3 ends every message with one.
fn without_line_end_of_octets<'t>(text: Cow<'t, str>, encoding: &'static Encoding) -> Cow<'t, str> {
    let rest = if encoding == UTF_16LE {
        // Not assigned.
        text.strip_suffix('\u{a0d}')
    } else if encoding == UTF_16BE {
        // A letter of Malayalam, which does not stand alone.
        let rest = text.strip_suffix('\u{d0a}');
        rest.filter(|rest| !rest.contains(|c| ('\u{d00}'..='\u{d7f}').contains(&c)))
    } else {
        None
    };
    match rest {
        Some(rest) => Cow::Owned(rest.to_owned()),
        None => text,
    }
}

/// Returns octets as UTF-8 if text of the labelled encoding would not be valid UTF-8 by chance. Many
/// programs write UTF-8 under the label that they always wrote, and most of those octets are also
/// valid under it.
fn evident_utf_8<'b>(bytes: &'b [u8], labelled: &'static Encoding) -> Option<&'b str> {
    // Text in ISO-2022-JP is ASCII, and UTF-16 has zero octets.
    if bytes.is_ascii() || [UTF_8, UTF_16LE, UTF_16BE, ISO_2022_JP].contains(&labelled) {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let mut others = text.chars().filter(|c| !c.is_ascii());
    let is_evident = if labelled == WINDOWS_1252 {
        // A single sequence may be a letter and a sign, such as `É®`, but not of `Â` or `Ã`.
        let first = others.next();
        first.is_some_and(|first| first <= '\u{ff}') || others.next().is_some()
    } else if labelled.is_single_byte() {
        others.nth(2).is_some()
    } else {
        // Double-byte characters form sequences of 2 octets rather than of 3.
        others.next().is_some_and(|c| c >= '\u{800}')
            && others.next().is_some_and(|c| c >= '\u{800}')
            && others.all(|c| c >= '\u{800}')
    };
    is_evident.then_some(text)
}

/// Whether [`decode`] knows a label.
pub fn is_known(label: &str) -> bool {
    known(label).is_some()
}

/// Removes shifts to ASCII that another shift follows immediately. They occur where two encoded
/// words were joined, and the decoder of the WHATWG standard treats them as damage.
fn without_empty_shifts(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, tail)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(b"\x1b(B")
            && after.starts_with(b"\x1b")
        {
            rest = after;
        } else {
            out.push(*first);
            rest = tail;
        }
    }
    out
}

/// Decodes text of a server that declares no charset: UTF-8, else a guess by the octets and the
/// country in the server's host name. Undecodable octets are treated as in [`decode`].
pub fn decode_from_host(bytes: &[u8], host: &str) -> String {
    let country = host.trim_end_matches('.').rsplit('.').next();
    let country = country.map(str::to_ascii_lowercase).filter(|country| {
        country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_lowercase())
    });
    undeclared(bytes, country.as_deref())
}

/// Returns raw 8-bit octets of a header field as UTF-8, read in the charset that the text of the
/// message declares ([`crate::Part::text_charset`]); a field declares none of its own.
///
/// ASCII and UTF-8 are returned as they are, and so are octets that are not valid in that charset:
/// their charset is guessed when they are decoded. Any octets are valid in ISO 8859-1 and
/// windows-1252, which many programs declare for whatever they write. Those two decide only between
/// charsets of the Latin script: octets that look like another script are returned as they are.
pub fn field_as_utf_8<'o>(octets: &'o [u8], text_charset: &str) -> Cow<'o, [u8]> {
    if octets.is_ascii() || std::str::from_utf8(octets).is_ok() {
        return Cow::Borrowed(octets);
    }
    let text = known(text_charset).and_then(|encoding| valid_field(octets, encoding));
    text.map_or(Cow::Borrowed(octets), |text| Cow::Owned(text.into_bytes()))
}

/// Decodes octets that are not UTF-8 if they are valid in an encoding, and plausible in it.
fn valid_field(octets: &[u8], encoding: &'static Encoding) -> Option<String> {
    // The others have no octets above 127, or NUL octets.
    if [UTF_8, UTF_16LE, UTF_16BE, ISO_2022_JP].contains(&encoding) {
        // A field may be cut inside a character.
        return (encoding == UTF_8).then(|| decode(octets, Some("utf-8")));
    }
    let text = encoding.decode_without_bom_handling_and_without_replacement(octets)?;
    let is_control = |c: char| ('\u{80}'..='\u{9f}').contains(&c);
    let is_plausible = !text.contains(is_control)
        && (encoding != WINDOWS_1252 || LATIN.contains(&guess(octets, None)));
    is_plausible.then(|| text.into_owned())
}

/// The encodings of the Latin script that are guessed.
const LATIN: [&Encoding; 7] = [
    WINDOWS_1252,
    WINDOWS_1250,
    WINDOWS_1254,
    WINDOWS_1257,
    WINDOWS_1258,
    ISO_8859_2,
    ISO_8859_4,
];

fn undeclared(bytes: &[u8], country: Option<&str>) -> String {
    // ESC introduces ISO-2022-JP, which is also valid ASCII.
    match std::str::from_utf8(bytes) {
        Ok(text) if !bytes.contains(&0x1b) => text.to_owned(),
        _ => guessed(bytes, country),
    }
}

fn guessed(bytes: &[u8], country: Option<&str>) -> String {
    let encoding = guess(bytes, country);
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

fn guess(bytes: &[u8], country: Option<&str>) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    let sample = bytes.get(..SAMPLE_BYTES).unwrap_or(bytes);
    detector.feed(sample, sample.len() == bytes.len());
    detector.guess(country.map(str::as_bytes), Utf8Detection::Allow)
}

fn known(label: &str) -> Option<&'static Encoding> {
    let label = label.trim().trim_matches(['"', '\'']).to_ascii_lowercase();
    // RFC 2231 §5: a language tag may follow.
    let label = label.split('*').next().unwrap_or_default();
    let known = match label {
        // Octets above 127 contradict these labels, so the charset is guessed.
        "us-ascii" | "ascii" | "ansi_x3.4-1968" | "iso646-us" | "us" => return None,
        "cp936" | "ms936" | "gb_2312-80" | "gb18030-2000" | "euc-cn" => Some(GB18030),
        "cp950" | "x-big5" | "cn-big5" => Encoding::for_label(b"big5"),
        "cp932" | "x-ms-cp932" => Encoding::for_label(b"shift_jis"),
        "cp949" | "ms949" | "uhc" => Encoding::for_label(b"euc-kr"),
        "iso-2022-jp-1" | "iso-2022-jp-2" | "iso-2022-jp-3" | "iso-2022-jp-ms" | "cp50220"
        | "cp50221" => Encoding::for_label(b"iso-2022-jp"),
        "utf8mb4" | "utf_8" => Some(UTF_8),
        "cp850" | "latin-1" | "iso_8859-1:1987" => Some(WINDOWS_1252),
        other => Encoding::for_label(other.as_bytes()),
    };
    match known {
        // GB 18030 is a superset of GBK, and mail labelled gb2312 uses all of it.
        Some(encoding) if encoding == GBK => Some(GB18030),
        // ISO-2022-KR, HZ: the WHATWG standard refuses to decode them.
        Some(encoding) if encoding == REPLACEMENT => None,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoded(text: &str, label: &str) -> Vec<u8> {
        Encoding::for_label(label.as_bytes())
            .unwrap()
            .encode(text)
            .0
            .into_owned()
    }

    #[test]
    fn utf_16_is_read_in_either_byte_order_and_with_a_wrong_label() {
        let text = "Grüße, 你好\r\n";
        let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for label in ["utf-16", "UTF-16LE", "utf-16be", "unicode"] {
            assert_eq!(decode(&le, Some(label)), text, "{label}");
            assert_eq!(decode(&be, Some(label)), text, "{label}");
            assert_eq!(decode(text.as_bytes(), Some(label)), text, "{label}");
            for marked in [[b"\xff\xfe", le.as_slice()], [b"\xfe\xff", be.as_slice()]] {
                assert_eq!(decode(&marked.concat(), Some(label)), text, "{label}");
            }
        }
    }

    #[test]
    fn a_line_end_of_two_octets_is_no_character_of_utf_16() {
        let le: Vec<u8> = "Hi 你".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = "Hi 你".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for octets in [le, be] {
            let ended = [&octets[..], b"\r\n"].concat();
            assert_eq!(decode(&ended, Some("utf-16")), "Hi 你");
        }
        let malayalam: Vec<u8> = "ഈ ഊ".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(decode(&malayalam, Some("utf-16be")), "ഈ ഊ");
    }

    #[test]
    fn declared_charsets_of_the_world() {
        for (text, label, declared) in [
            ("会议纪要：请查收", "gb18030", "gb2312"),
            ("镕鎔喆㐂", "gb18030", "GBK"),
            ("會議紀錄：請查收", "big5", "Big5"),
            ("会議のお知らせ", "shift_jis", "cp932"),
            ("会議のお知らせ", "iso-2022-jp", "ISO-2022-JP"),
            ("회의 일정 안내", "euc-kr", "ks_c_5601-1987"),
            ("Протокол встречи", "koi8-r", "KOI8-R"),
            ("naïve café – 10 €", "windows-1252", "iso-8859-1"),
            ("שלום", "windows-1255", "windows-1255"),
        ] {
            assert_eq!(
                decode(&encoded(text, label), Some(declared)),
                text,
                "{declared}"
            );
        }
    }

    #[test]
    fn undeclared_charsets_are_guessed() {
        for (text, label) in [
            ("你好，附件是本周的会议纪要，请查收。谢谢！", "gb18030"),
            ("您好，附件是本週的會議紀錄，請查收。謝謝！", "big5"),
            (
                "お世話になっております。会議の資料をお送りします。",
                "shift_jis",
            ),
            (
                "お世話になっております。会議の資料をお送りします。",
                "iso-2022-jp",
            ),
            ("안녕하세요. 회의 자료를 보내드립니다.", "euc-kr"),
            ("Здравствуйте, высылаю протокол встречи.", "koi8-r"),
            ("Être prêt à l'été, déjà vu", "windows-1252"),
            ("already UTF-8: 你好", "utf-8"),
        ] {
            assert_eq!(decode(&encoded(text, label), None), text, "{label}");
            assert_eq!(
                decode(&encoded(text, label), Some("x-unknown")),
                text,
                "{label}"
            );
            assert_eq!(
                decode(&encoded(text, label), Some("us-ascii")),
                text,
                "{label}"
            );
        }
    }

    #[test]
    fn short_server_texts_are_decoded() {
        for (text, label, host) in [
            ("请用授权码登录", "gb18030", "127.0.0.1"),
            (
                "5.1.1 Boîte refusée à la frontière",
                "windows-1252",
                "127.0.0.1",
            ),
            ("请用授权码登录", "gb18030", "smtp.mail.test"),
            ("535 用户名或密码错误", "gb18030", "smtp.example.com"),
            ("信箱不存在", "gb18030", "smtp.example.CN."),
            ("使用者不存在", "big5", "smtp.example.tw"),
            (
                "550 5.1.1 收件者信箱不存在，請確認後再試",
                "big5",
                "smtp.example.com",
            ),
            ("認証に失敗しました", "shift_jis", "smtp.example.jp"),
            ("認証に失敗しました", "euc-jp", "smtp.example.jp"),
            ("메일함이 없습니다", "euc-kr", "smtp.example.kr"),
            ("Доступ запрещён", "koi8-r", "smtp.example.ru"),
            ("Доступ запрещён", "windows-1251", "smtp.example.com"),
            ("Empfänger unbekannt", "windows-1252", "smtp.example.de"),
        ] {
            let bytes = encoded(text, label);
            assert_eq!(decode_from_host(&bytes, host), text, "{label} {host}");
        }
    }

    #[test]
    fn a_label_that_contradicts_the_octets_is_ignored() {
        assert_eq!(decode("会议".as_bytes(), Some("us-ascii")), "会议");
        assert_eq!(decode("会议纪要".as_bytes(), Some("big5")), "会议纪要");
        let gb = encoded("你好，附件是本周的会议纪要，请查收。", "gb18030");
        assert_eq!(
            decode(&gb, Some("utf-8")),
            "你好，附件是本周的会议纪要，请查收。"
        );
    }

    #[test]
    fn utf_8_under_an_older_label_is_utf_8() {
        for (text, label) in [
            ("café", "iso-8859-1"),
            ("10 €, déjà", "windows-1252"),
            ("会议纪要", "iso-8859-1"),
            ("会议纪要", "gb18030"),
            ("会议", "gb2312"),
            ("Протокол", "windows-1251"),
            ("Протокол", "koi8-r"),
            ("회의 자료", "euc-kr"),
        ] {
            assert_eq!(decode(text.as_bytes(), Some(label)), text, "{label}");
        }
    }

    #[test]
    fn text_of_an_older_charset_that_is_valid_utf_8_by_chance_keeps_its_label() {
        for (text, label) in [
            ("CAFÉ®", "iso-8859-1"),
            ("CAFÉ…", "windows-1252"),
            ("Её", "windows-1251"),
            ("模", "gbk"),
            ("平指", "gbk"),
        ] {
            let bytes = encoded(text, label);
            assert!(std::str::from_utf8(&bytes).is_ok(), "{text}");
            assert_eq!(decode(&bytes, Some(label)), text, "{label}");
        }
    }

    fn field(octets: &[u8], text_charset: &str) -> String {
        decode(&field_as_utf_8(octets, text_charset), None)
    }

    #[test]
    fn a_field_is_read_in_the_charset_of_the_text() {
        for (text, label) in [
            ("會議", "big5"),
            ("表", "shift_jis"),
            ("会議", "euc-jp"),
            ("发票", "gb2312"),
            ("订单确认", "gb18030"),
            ("Иван", "windows-1251"),
            ("Gyöngyös ősz", "windows-1250"),
            ("สวัสดี", "windows-874"),
            ("£5 off", "iso-8859-1"),
        ] {
            let octets = encoded(text, label);
            assert_ne!(decode(&octets, None), text, "{text} is guessed as well");
            assert_eq!(field(&octets, label), text, "{label}");
        }
    }

    #[test]
    fn a_charset_that_the_octets_of_a_field_contradict_is_not_used() {
        for (text, written, declared) in [
            ("会议纪要", "utf-8", "big5"),
            ("会议纪要", "utf-8", "iso-8859-1"),
            ("Grüße aus Köln", "windows-1252", "utf-8"),
            ("Grüße aus Köln", "windows-1252", "us-ascii"),
            ("Grüße aus Köln", "windows-1252", "x-unknown"),
            ("Grüße aus Köln", "windows-1252", "utf-16"),
            ("déjà vu", "windows-1252", "shift_jis"),
            ("会議のお知らせ", "shift_jis", "iso-2022-jp"),
            ("会議のお知らせ", "iso-2022-jp", "shift_jis"),
            // Programs that declare ISO 8859-1 for whatever they write.
            ("关于本周会议的通知", "gb18030", "iso-8859-1"),
            ("會議紀錄，請查收", "big5", "windows-1252"),
            ("会議のお知らせ", "shift_jis", "iso-8859-1"),
            ("Счёт на оплату", "windows-1251", "iso-8859-1"),
            ("Счёт на оплату", "koi8-r", "windows-1252"),
        ] {
            let octets = encoded(text, written);
            assert_eq!(field(&octets, declared), text, "{written} as {declared}");
        }
    }

    #[test]
    fn a_field_that_is_cut_inside_a_character_is_utf_8_if_the_text_is() {
        let text = "附件是本周的会议纪要";
        let cut = &text.as_bytes()[..text.len() - 1];
        assert_eq!(field(cut, "utf-8"), "附件是本周的会议纪\u{fffd}");
    }

    #[test]
    fn utf_8_that_was_cut_stays_utf_8() {
        let text = "附件是本周的会议纪要";
        let cut = &text.as_bytes()[..text.len() - 1];
        assert!(decode(cut, Some("utf-8")).starts_with("附件是本周的会议纪"));
    }

    #[test]
    fn utf_7_is_not_decoded() {
        let text = "+ADw-script+AD4-alert(1)";
        assert_eq!(decode(text.as_bytes(), Some("utf-7")), text);
    }

    #[test]
    fn byte_order_mark_is_removed() {
        assert_eq!(decode(b"\xef\xbb\xbfhi", Some("iso-8859-1")), "hi");
    }

    proptest! {
        #[test]
        fn fields_become_utf_8_or_stay_as_they_are(
            octets: Vec<u8>,
            label in "utf-8|big5|gb18030|shift_jis|euc-kr|iso-8859-1|koi8-r|utf-16|iso-2022-jp|x",
        ) {
            let read = field_as_utf_8(&octets, &label);
            prop_assert!(*read == octets || std::str::from_utf8(&read).is_ok());
        }

        #[test]
        fn anything_decodes(bytes: Vec<u8>, label in proptest::option::of("[a-z0-9-]{0,12}|iso-2022-jp|hz-gb-2312|utf-16")) {
            decode(&bytes, label.as_deref());
        }
    }
}
