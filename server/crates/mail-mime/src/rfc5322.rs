//! Structured header fields (RFC 5322 §3.6, RFC 2045 §5.1), read by the crate mail-parser, which no
//! other module names.
//!
//! The crate is given text: it replaces octets that are not UTF-8, so [`crate::charset`] decodes
//! them first. It also decodes as it reads, where RFC 2231 and RFC 2047 need to see several pieces
//! together; what it must not decode is written with [`STAND_INS`] before and restored after. A
//! panic of the crate makes a field empty.

use std::panic::{AssertUnwindSafe, catch_unwind};

use jiff::civil;
use mail_parser::parsers::MessageStream;
use mail_parser::{Addr, DateTime, HeaderValue};

/// Characters that have a meaning for the crate. Where they must not have it, a control character
/// stands for each while the crate reads: the one at the same place in [`STAND_INS`].
const SPECIALS: [char; 13] = [
    '*', '?', '"', '\\', ' ', ':', ',', ';', '<', '>', '(', ')', '@',
];
const STAND_INS: [char; 13] = [
    '\u{1}', '\u{2}', '\u{3}', '\u{4}', '\u{5}', '\u{6}', '\u{7}', '\u{8}', '\u{e}', '\u{f}',
    '\u{10}', '\u{11}', '\u{12}',
];

/// Returns the character that stands for one which the crate must not interpret.
pub(crate) fn stand_in(c: char) -> char {
    swapped(c, SPECIALS, STAND_INS)
}

/// A date with its time and zone, not checked against the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ZonedTime {
    /// The date and time of day in the zone.
    pub(crate) local: civil::DateTime,
    /// The zone, in minutes east of UTC.
    pub(crate) offset_minutes: i16,
}

/// Reads `21 Nov 2026 09:07:45 +0800` (RFC 5322 §3.3), also with the zone names of §4.3. `None` for
/// what is no date of the calendar after 1899.
pub(crate) fn date_time(text: &str) -> Option<ZonedTime> {
    let value = read(text, |field| field.parse_date())?;
    let HeaderValue::DateTime(read) = value else {
        return None;
    };
    let year = match read.year {
        // RFC 5322 §4.3.
        short @ 100..=999 => short + 1900,
        year => year,
    };
    let year = i16::try_from(year).ok().filter(|year| *year >= 1900)?;
    let [month, day, hour, minute] = [read.month, read.day, read.hour, read.minute]
        .map(|number| i8::try_from(number).unwrap_or(i8::MAX));
    // A leap second becomes the second before it.
    let second = i8::try_from(read.second).ok().filter(|n| *n <= 60)?.min(59);
    let local = civil::DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    Some(ZonedTime {
        local,
        offset_minutes: offset_minutes(&read),
    })
}

fn offset_minutes(read: &DateTime) -> i16 {
    let minutes = i16::from(read.tz_hour) * 60 + i16::from(read.tz_minute);
    if read.tz_before_gmt {
        -minutes
    } else {
        minutes
    }
}

/// Reads message ids (RFC 5322 §3.6.4), without brackets. Without any brackets the words of the
/// field are returned.
pub(crate) fn message_ids(text: &str) -> Vec<String> {
    // Some programs fold inside an id.
    let mut is_open = false;
    let mended: String = text
        .chars()
        .filter(|c| {
            is_open = *c == '<' || is_open && *c != '>';
            !(is_open && c.is_whitespace())
        })
        .collect();
    match read(&mended, |field| field.parse_id()) {
        Some(HeaderValue::TextList(ids)) => ids.into_iter().map(|id| id.into_owned()).collect(),
        Some(HeaderValue::Text(id)) => id.split_whitespace().map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// One mailbox of an address list.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Mailbox {
    /// The display name or, without one, the comment; not decoded.
    pub(crate) name: String,
    /// The address, with the white space in it; empty if there is none.
    pub(crate) address: String,
    /// Whether a space of the address was replaced by [`stand_in`].
    pub(crate) has_hidden_space: bool,
}

/// Reads an address list (RFC 5322 §3.4); groups are flattened. Characters that [`stand_in`]
/// replaced are plain text to the list, and restored in the result.
pub(crate) fn address_list(mended: &str) -> Vec<Mailbox> {
    let Some(HeaderValue::Address(list)) = read(mended, |field| field.parse_address()) else {
        return Vec::new();
    };
    let mailbox = |mailbox: &Addr<'_>| {
        let address = mailbox.address().unwrap_or_default();
        Mailbox {
            name: restored(mailbox.name().unwrap_or_default()),
            has_hidden_space: address.contains(stand_in(' ')),
            address: restored(address),
        }
    };
    list.iter().map(mailbox).collect()
}

/// The value of Content-Type or Content-Disposition.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Typed {
    /// "text/plain" or "attachment", in lower case; empty if it is missing.
    pub(crate) token: String,
    /// Names in lower case and values, as written: pieces of RFC 2231 and encoded words are not
    /// decoded.
    pub(crate) params: Vec<(String, String)>,
}

/// Reads a media type or a disposition with its parameters.
pub(crate) fn typed(text: &str) -> Typed {
    let mended = hidden(&with_escapes(text));
    let Some(HeaderValue::ContentType(value)) = read(&mended, |field| field.parse_content_type())
    else {
        return Typed::default();
    };
    let token = match &value.c_subtype {
        Some(subtype) => format!("{}/{subtype}", value.c_type),
        None => value.c_type.clone().into_owned(),
    };
    let params = value.attributes.unwrap_or_default().into_iter();
    Typed {
        token: restored(&token),
        params: params
            .map(|param| (restored(&param.name), restored(&param.value)))
            .collect(),
    }
}

/// Decodes the text of an encoded word of the `Q` encoding (RFC 2047 §4.2). An `=` without two
/// digits stands for itself.
pub(crate) fn q_octets(text: &str) -> Vec<u8> {
    let mut pieces = text.split('=');
    let mut mended = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let mut digits = piece.bytes().take(2);
        let is_escape = digits.len() == 2 && digits.all(|b| b.is_ascii_hexdigit());
        mended.push_str(if is_escape { "=" } else { "=3D" });
        mended.push_str(piece);
    }
    word(&mended, |word| word.decode_quoted_printable_word())
}

/// Decodes the text of an encoded word of the `B` encoding (RFC 2047 §4.1). Other characters than
/// those of base64 are skipped.
pub(crate) fn b_octets(text: &str) -> Vec<u8> {
    let is_base64 = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    let mut mended: String = text.chars().filter(is_base64).collect();
    // The crate drops the octets of a quantum whose padding is missing.
    mended.push('=');
    word(&mended, |word| word.decode_base64_word())
}

fn word(
    text: &str,
    decoder: impl for<'x> FnOnce(&mut MessageStream<'x>) -> Option<Vec<u8>>,
) -> Vec<u8> {
    let text = format!("{text}?=");
    let octets = catch_unwind(AssertUnwindSafe(|| {
        decoder(&mut MessageStream::new(text.as_bytes()))
    }));
    octets.ok().flatten().unwrap_or_default()
}

/// Runs a parser of the crate on the value of a field.
fn read(
    text: &str,
    parser: impl for<'x> FnOnce(&mut MessageStream<'x>) -> HeaderValue<'x>,
) -> Option<HeaderValue<'static>> {
    let mut line: String = text
        .chars()
        .map(|c| if matches!(c, '\r' | '\n') { ' ' } else { c })
        .collect();
    line.push('\n');
    catch_unwind(AssertUnwindSafe(|| {
        parser(&mut MessageStream::new(line.as_bytes())).into_owned()
    }))
    .ok()
}

/// Writes a backslash that escapes nothing twice: some programs write Windows paths unescaped.
fn with_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        out.push(c);
        if c == '\\' {
            match characters.next_if(|next| matches!(next, '"' | '\\')) {
                Some(escaped) => out.push(escaped),
                None => out.push('\\'),
            }
        }
    }
    out
}

fn hidden(text: &str) -> String {
    without_controls(text)
        .map(|c| {
            if matches!(c, '*' | '?') {
                stand_in(c)
            } else {
                c
            }
        })
        .collect()
}

/// Returns the characters of a text without those that may stand for others.
pub(crate) fn without_controls(text: &str) -> impl Iterator<Item = char> {
    text.chars()
        .map(|c| {
            if matches!(c, '\t' | '\r' | '\n') {
                ' '
            } else {
                c
            }
        })
        .filter(|c| !c.is_control())
}

fn restored(text: &str) -> String {
    text.chars()
        .map(|c| swapped(c, STAND_INS, SPECIALS))
        .collect()
}

fn swapped(c: char, from: [char; 13], to: [char; 13]) -> char {
    let pairs = from.into_iter().zip(to);
    pairs
        .into_iter()
        .find(|(other, _)| *other == c)
        .map_or(c, |(_, to)| to)
}
