//! Takes the body out of RTF: the HTML that Outlook wrapped into it (MS-OXRTFEX), or its text.

use std::collections::BTreeMap;

use super::raw::charset_of;
use crate::charset;

/// Maximum nesting depth of groups that have a state of their own.
const DEPTH_MAX: usize = 100;
/// Maximum number of fonts whose code pages are known.
const FONTS_MAX: usize = 1_000;
/// The code page of a text that names none.
const DEFAULT_CODE_PAGE: u32 = 1252;

/// A body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Body {
    Html(String),
    Text(String),
}

/// Takes the body out of RTF; formatting is dropped from a body that is not HTML. The result may
/// exceed `max_bytes` by one run of characters.
pub(super) fn body(rtf: &[u8], max_bytes: usize) -> Option<Body> {
    if !rtf.starts_with(b"{\\rtf") {
        return None;
    }
    let mut reader = BodyReader::default();
    let mut tokens = Tokens { rest: rtf };
    while let Some(token) = tokens.next() {
        if let Token::Word(b"bin", len) = token {
            tokens.advance(
                len.and_then(|len| usize::try_from(len).ok())
                    .unwrap_or_default(),
            );
        }
        reader.read(&token);
        if reader.out.len() + reader.pending.len() >= max_bytes {
            break;
        }
    }
    reader.flush();
    Some(if reader.is_html {
        Body::Html(reader.out)
    } else {
        Body::Text(reader.out)
    })
}

/// What the characters of a group are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Destination {
    Body,
    /// HTML that is written as it is.
    HtmlTag,
    FontTable,
    /// Anything else: styles, pictures, fields.
    Other,
}

/// The state that a group restores at its end.
#[derive(Debug, Clone, Copy)]
struct Group {
    destination: Destination,
    /// Whether the next word names a destination that old readers skip.
    is_optional: bool,
    /// Whether characters are for readers of RTF only.
    is_rtf_only: bool,
    /// Number of characters after a Unicode character that stand for it in old readers.
    fallback_len: i32,
    code_page: u32,
}

struct BodyReader {
    groups: Vec<Group>,
    current: Group,
    /// Number of open groups below the depth limit.
    too_deep: usize,
    /// Number of characters to skip.
    fallback: i32,
    fonts: BTreeMap<i32, u32>,
    /// The font that the font table describes.
    font: i32,
    default_code_page: u32,
    is_html: bool,
    out: String,
    /// Octets in the code page `pending_code_page`, which a character may share.
    pending: Vec<u8>,
    pending_code_page: u32,
    high_surrogate: Option<u16>,
}

impl Default for BodyReader {
    fn default() -> Self {
        Self {
            groups: Vec::new(),
            current: Group {
                destination: Destination::Body,
                is_optional: false,
                is_rtf_only: false,
                fallback_len: 1,
                code_page: DEFAULT_CODE_PAGE,
            },
            too_deep: 0,
            fallback: 0,
            fonts: BTreeMap::new(),
            font: 0,
            default_code_page: DEFAULT_CODE_PAGE,
            is_html: false,
            out: String::new(),
            pending: Vec::new(),
            pending_code_page: DEFAULT_CODE_PAGE,
            high_surrogate: None,
        }
    }
}

impl BodyReader {
    fn read(&mut self, token: &Token<'_>) {
        match token {
            Token::Open => {
                self.fallback = 0;
                if self.groups.len() < DEPTH_MAX {
                    self.groups.push(self.current);
                } else {
                    self.too_deep += 1;
                }
            }
            Token::Close => {
                self.fallback = 0;
                if self.too_deep > 0 {
                    self.too_deep -= 1;
                } else if let Some(outer) = self.groups.pop() {
                    self.current = outer;
                }
            }
            _ if self.fallback > 0 => self.fallback -= 1,
            Token::Octet(octet) => self.octet(*octet),
            Token::Symbol(symbol) => match symbol {
                b'*' => self.current.is_optional = true,
                b'{' | b'}' | b'\\' => self.octet(*symbol),
                b'\r' | b'\n' => self.character('\n'),
                b'~' => self.character('\u{a0}'),
                b'_' => self.character('\u{2011}'),
                b'-' => self.character('\u{ad}'),
                _ => {}
            },
            Token::Word(word, value) => self.word(word, *value),
        }
    }

    fn word(&mut self, word: &[u8], value: Option<i32>) {
        let is_optional = std::mem::take(&mut self.current.is_optional);
        if self.current.destination == Destination::Other {
            return;
        }
        let number = value.unwrap_or_default();
        match word {
            b"htmltag" if is_optional => self.current.destination = Destination::HtmlTag,
            _ if is_optional => self.current.destination = Destination::Other,
            b"fonttbl" => self.current.destination = Destination::FontTable,
            b"colortbl" | b"stylesheet" | b"info" | b"pict" | b"object" | b"header"
            | b"headerl" | b"headerr" | b"headerf" | b"footer" | b"footerl" | b"footerr"
            | b"footerf" | b"footnote" | b"annotation" | b"listtext" => {
                self.current.destination = Destination::Other;
            }
            b"fromhtml" => self.is_html = number != 0,
            b"ansicpg" => {
                if let Ok(code_page @ 1..) = u32::try_from(number) {
                    self.default_code_page = code_page;
                    self.current.code_page = code_page;
                }
            }
            b"f" if self.current.destination == Destination::FontTable => self.font = number,
            b"fcharset" => {
                if let Some(code_page) = code_page_of(number)
                    && self.fonts.len() < FONTS_MAX
                {
                    self.fonts.insert(self.font, code_page);
                }
            }
            b"f" => {
                let known = self.fonts.get(&number).copied();
                self.current.code_page = known.unwrap_or(self.default_code_page);
            }
            b"plain" => self.current.code_page = self.default_code_page,
            b"htmlrtf" => self.current.is_rtf_only = value != Some(0),
            b"uc" => self.current.fallback_len = number.clamp(0, 16),
            b"u" if value.is_some() => {
                self.fallback = self.current.fallback_len;
                // Characters from 0x8000 on are written as negative numbers.
                let unit = number.rem_euclid(0x1_0000);
                self.utf_16(u16::try_from(unit).unwrap_or_default());
            }
            b"par" | b"line" | b"row" => self.character('\n'),
            b"tab" | b"cell" => self.character('\t'),
            b"lquote" => self.character('\u{2018}'),
            b"rquote" => self.character('\u{2019}'),
            b"ldblquote" => self.character('\u{201c}'),
            b"rdblquote" => self.character('\u{201d}'),
            b"bullet" => self.character('\u{2022}'),
            b"endash" => self.character('\u{2013}'),
            b"emdash" => self.character('\u{2014}'),
            _ => {}
        }
    }

    /// Whether characters belong to the body.
    fn is_shown(&self) -> bool {
        match self.current.destination {
            Destination::Body => !(self.is_html && self.current.is_rtf_only),
            Destination::HtmlTag => self.is_html && !self.current.is_rtf_only,
            Destination::FontTable | Destination::Other => false,
        }
    }

    fn octet(&mut self, octet: u8) {
        if !self.is_shown() {
            return;
        }
        if self.pending_code_page != self.current.code_page || self.high_surrogate.is_some() {
            self.flush();
            self.pending_code_page = self.current.code_page;
        }
        self.pending.push(octet);
    }

    fn character(&mut self, character: char) {
        if self.is_shown() {
            self.flush();
            self.out.push(character);
        }
    }

    /// Adds a UTF-16 code unit.
    fn utf_16(&mut self, unit: u16) {
        if !self.is_shown() {
            return;
        }
        let high = self.high_surrogate.take();
        if (0xd800..0xdc00).contains(&unit) && high.is_none() {
            self.flush();
            self.high_surrogate = Some(unit);
            return;
        }
        let units = high.into_iter().chain([unit]);
        for decoded in char::decode_utf16(units) {
            self.character(decoded.unwrap_or(char::REPLACEMENT_CHARACTER));
        }
    }

    /// Decodes the pending octets.
    fn flush(&mut self) {
        if self.high_surrogate.take().is_some() {
            self.out.push(char::REPLACEMENT_CHARACTER);
        }
        if !self.pending.is_empty() {
            let label = charset_of(self.pending_code_page);
            let label = label.as_deref().unwrap_or("windows-1252");
            self.out
                .push_str(&charset::decode(&self.pending, Some(label)));
            self.pending.clear();
        }
    }
}

/// Returns the code page of a font's character set; `None` if it is the one of the document.
fn code_page_of(character_set: i32) -> Option<u32> {
    Some(match character_set {
        0 => 1252,
        77 => 10_000,
        128 => 932,
        129 => 949,
        134 => 936,
        136 => 950,
        161 => 1253,
        162 => 1254,
        163 => 1258,
        177 => 1255,
        178 => 1256,
        186 => 1257,
        204 => 1251,
        222 => 874,
        238 => 1250,
        _ => return None,
    })
}

/// A token of RTF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    Open,
    Close,
    /// A control word and its number.
    Word(&'a [u8], Option<i32>),
    /// A backslash and this character.
    Symbol(u8),
    /// An octet of text, written as it is or as `\'` and two digits.
    Octet(u8),
}

struct Tokens<'a> {
    rest: &'a [u8],
}

impl<'a> Tokens<'a> {
    /// Skips octets that are not tokens.
    fn advance(&mut self, len: usize) {
        self.rest = self.rest.get(len..).unwrap_or_default();
    }

    /// Returns the octets at the beginning that fulfil a condition, at most `max`.
    fn take_while(&mut self, max: usize, is_part: impl Fn(u8) -> bool) -> &'a [u8] {
        let octets = self.rest.iter().take(max);
        let len = octets.take_while(|octet| is_part(**octet)).count();
        let (taken, rest) = self.rest.split_at_checked(len).unwrap_or_default();
        self.rest = rest;
        taken
    }

    fn control(&mut self) -> Option<Token<'a>> {
        let word = self.take_while(32, |octet| octet.is_ascii_alphabetic());
        if !word.is_empty() {
            let is_negative = self.rest.starts_with(b"-");
            self.advance(usize::from(is_negative));
            let digits = self.take_while(32, |octet| octet.is_ascii_digit());
            let value = std::str::from_utf8(digits)
                .ok()
                .and_then(|digits| digits.parse().ok())
                .map(|value: i32| if is_negative { -value } else { value });
            self.advance(usize::from(self.rest.starts_with(b" ")));
            return Some(Token::Word(word, value));
        }
        let (&symbol, rest) = self.rest.split_first()?;
        self.rest = rest;
        if symbol != b'\'' {
            return Some(Token::Symbol(symbol));
        }
        let digits = self.take_while(2, |octet| octet.is_ascii_hexdigit());
        let digits = std::str::from_utf8(digits).unwrap_or_default();
        Some(Token::Octet(u8::from_str_radix(digits, 16).unwrap_or(b'?')))
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let (&octet, rest) = self.rest.split_first()?;
            self.rest = rest;
            return match octet {
                b'{' => Some(Token::Open),
                b'}' => Some(Token::Close),
                b'\\' => self.control(),
                b'\r' | b'\n' | 0 => continue,
                _ => Some(Token::Octet(octet)),
            };
        }
    }
}
