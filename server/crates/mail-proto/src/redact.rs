//! Masks passwords in texts from a server before they reach the page or a log.
//!
//! A server received the password, so its replies may contain it: a reply that quotes the command,
//! or an error that prints the credentials. [`KnownSecrets`] holds the forms in which the password
//! may appear, and [`Redactor`] replaces them by [`MASK`], text by text, also if a form is split
//! over two consecutive texts:
//!
//! - the password unchanged, in any case of ASCII letters;
//! - with `\` before `"` and `\` (IMAP and JSON), percent-encoded (also with `+` for a space), with
//!   HTML entities, in the UTF-7 of mailbox names, and in hexadecimal digits;
//! - in base64 alone, in SASL PLAIN, LOGIN, XOAUTH2 and OAUTHBEARER, and anywhere within other
//!   base64, plain and URL-safe; the whole run of base64 is masked.
//!
//! Of a password of fewer than 4 bytes only the SASL messages are masked: it occurs in ordinary
//! words by chance, and a mask in their place would reveal it. Other transformations of a password,
//! such as its letters backwards, cannot be recognised.
//!
//! Mail data, such as a subject, is not a server's reply and is never changed.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::Secret;
use crate::imap::utf7;
use crate::transcript::MASK;

/// Minimum length of a password, or of a part of one, that is searched for in plain text.
const PLAIN_MIN_BYTES: usize = 4;
/// Minimum length of a base64 form; shorter ones match other text by chance.
const BASE64_MIN_BYTES: usize = 6;

/// The forms in which a server may repeat one account's password.
pub struct KnownSecrets {
    /// Sorted by length, longest first.
    forms: Vec<Form>,
    /// Bit set of the hashed byte pairs with which a form begins.
    prefixes: [u64; 16],
}

struct Form {
    /// The form, with ASCII letters in lower case.
    bytes: Zeroizing<Vec<u8>>,
    is_base64: bool,
}

impl KnownSecrets {
    /// Builds the forms from an account's login name and its password or token.
    pub fn new(login: &str, secret: &Secret) -> Self {
        let mut this = Self {
            forms: Vec::new(),
            prefixes: [0; 16],
        };
        let plain = secret.expose();
        if plain.len() >= PLAIN_MIN_BYTES {
            for text in plain_forms(plain) {
                this.insert(text.as_bytes(), false);
            }
            this.insert_base64(plain.as_bytes());
            for skipped in 0..3 {
                this.insert(&within_base64(plain.as_bytes(), skipped), true);
            }
        }
        if !plain.is_empty() {
            for message in [
                format!("\0{login}\0{plain}"),
                format!("{login}\0{login}\0{plain}"),
                format!("user={login}\x01auth=Bearer {plain}\x01\x01"),
                format!("n,a={login},\x01auth=Bearer {plain}\x01\x01"),
            ] {
                this.insert_base64(Zeroizing::new(message).as_bytes());
            }
        }
        this.forms
            .sort_by_key(|form| core::cmp::Reverse(form.bytes.len()));
        this
    }

    fn insert_base64(&mut self, message: &[u8]) {
        let text = Zeroizing::new(STANDARD.encode(message));
        self.insert(text.trim_end_matches('=').as_bytes(), true);
    }

    fn insert(&mut self, text: &[u8], is_base64: bool) {
        let min = if is_base64 {
            BASE64_MIN_BYTES
        } else {
            PLAIN_MIN_BYTES
        };
        if text.len() < min {
            return;
        }
        self.insert_form(text, is_base64);
        if is_base64 && text.iter().any(|byte| matches!(byte, b'+' | b'/')) {
            let url_safe = |byte: &u8| match byte {
                b'+' => b'-',
                b'/' => b'_',
                other => *other,
            };
            let text: Zeroizing<Vec<u8>> = Zeroizing::new(text.iter().map(url_safe).collect());
            self.insert_form(&text, true);
        }
    }

    fn insert_form(&mut self, text: &[u8], is_base64: bool) {
        let bytes = Zeroizing::new(text.to_ascii_lowercase());
        if self.forms.iter().any(|form| form.bytes == bytes) {
            return;
        }
        if let [first, second, ..] = bytes.as_slice() {
            let (word, bit) = pair(*first, *second);
            if let Some(word) = self.prefixes.get_mut(word) {
                *word |= bit;
            }
        }
        self.forms.push(Form { bytes, is_base64 });
    }

    /// Masks a single text. Returns whether it contained a secret.
    pub fn redact(&self, text: &mut String) -> bool {
        let found = self.find(text.as_bytes());
        mask(text, found)
    }

    /// Returns the ranges of complete forms.
    fn find(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(rest) = text.get(at..)
            && let [first, second, ..] = rest
        {
            let (word, bit) = pair(first.to_ascii_lowercase(), second.to_ascii_lowercase());
            let may_begin = self.prefixes.get(word).is_some_and(|w| w & bit != 0);
            let form = may_begin
                .then(|| {
                    self.forms
                        .iter()
                        .find(|form| begins_with(rest, &form.bytes))
                })
                .flatten();
            let Some(form) = form else {
                at = at.saturating_add(1);
                continue;
            };
            let end = at.saturating_add(form.bytes.len());
            let range = if form.is_base64 {
                base64_run(text, at..end)
            } else {
                at..end
            };
            at = range.end;
            found.push(range);
        }
        found
    }
}

impl fmt::Debug for KnownSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// Masks consecutive texts, such as the lines of a reply.
#[derive(Debug, Clone)]
pub struct Redactor {
    secrets: Arc<KnownSecrets>,
    /// Indexes of forms with which the last text may end, and the length of the matched part.
    begun: Vec<(usize, usize)>,
}

impl Redactor {
    /// Creates a redactor without an earlier text.
    pub const fn new(secrets: Arc<KnownSecrets>) -> Self {
        Self {
            secrets,
            begun: Vec::new(),
        }
    }

    /// The secrets that are masked.
    pub const fn secrets(&self) -> &Arc<KnownSecrets> {
        &self.secrets
    }

    /// Masks the next text: complete forms, the rest of a form that began in the last text, and at
    /// the end of the text 4 bytes or more that may be the beginning of a form.
    pub fn redact(&mut self, text: &mut String) {
        let bytes = text.as_bytes();
        let mut found = self.secrets.find(bytes);
        let begun = core::mem::take(&mut self.begun);
        let end = text
            .trim_end_matches(|c: char| c.is_whitespace() || c == '…')
            .len();
        let visible = bytes.get(..end).unwrap_or(bytes);
        for (index, form) in self.secrets.forms.iter().enumerate() {
            let earlier = begun.iter().filter(|(begun, _)| *begun == index);
            for (_, offset) in earlier.copied().chain([(index, 0)]) {
                let rest = form.bytes.get(offset..).unwrap_or_default();
                if offset > 0
                    && rest.len() >= PLAIN_MIN_BYTES
                    && let Some(at) = position(bytes, rest)
                {
                    found.push(at..at.saturating_add(rest.len()));
                    continue;
                }
                let Some(length) = longest_prefix_at_end(visible, rest) else {
                    continue;
                };
                let known = offset.saturating_add(length);
                self.begun.push((index, known));
                if length >= PLAIN_MIN_BYTES {
                    found.push(end.saturating_sub(length)..end);
                }
            }
        }
        mask(text, found);
    }
}

/// Returns the password in the escapings that programs apply to text.
fn plain_forms(plain: &str) -> Vec<Zeroizing<String>> {
    let write = |escape: &dyn Fn(char, &mut String)| {
        let mut text = Zeroizing::new(String::with_capacity(plain.len().saturating_mul(6)));
        for c in plain.chars() {
            escape(c, &mut text);
        }
        text
    };
    let percent = |c: char, is_form: bool, text: &mut String| {
        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
            match byte {
                b' ' if is_form => text.push('+'),
                _ if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
                    text.push(char::from(byte));
                }
                _ => text.push_str(&format!("%{byte:02x}")),
            }
        }
    };
    let entity = |c: char, apostrophe: &str, text: &mut String| match c {
        '&' => text.push_str("&amp;"),
        '<' => text.push_str("&lt;"),
        '>' => text.push_str("&gt;"),
        '"' => text.push_str("&quot;"),
        '\'' => text.push_str(apostrophe),
        other => text.push(other),
    };
    let utf7_name = Zeroizing::new(utf7::encode(plain));
    let quoted_utf7_name = Zeroizing::new(utf7_name.replace('\\', "\\\\").replace('"', "\\\""));
    alloc::vec![
        write(&|c, text| text.push(c)),
        write(&|c, text| {
            if matches!(c, '"' | '\\') {
                text.push('\\');
            }
            text.push(c);
        }),
        write(&|c, text| percent(c, false, text)),
        write(&|c, text| percent(c, true, text)),
        write(&|c, text| entity(c, "&#39;", text)),
        write(&|c, text| entity(c, "&#x27;", text)),
        write(&|c, text| {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                text.push_str(&format!("{byte:02x}"));
            }
        }),
        write(&|c, text| {
            // The escaping of the transcript.
            if c.is_control() {
                text.extend(c.escape_unicode());
            } else {
                text.push(c);
            }
        }),
        utf7_name,
        quoted_utf7_name,
    ]
}

/// Returns the base64 digits that do not depend on the bytes around the text, if `before` bytes
/// (0 to 2) of a group of 3 precede it.
fn within_base64(text: &[u8], before: usize) -> Zeroizing<Vec<u8>> {
    let mut message = Zeroizing::new(alloc::vec![0; before]);
    message.extend_from_slice(text);
    let digits = Zeroizing::new(STANDARD.encode(message.as_slice()));
    let bits = |bytes: usize| bytes.saturating_mul(8);
    let range = bits(before).div_ceil(6)..bits(message.len()) / 6;
    Zeroizing::new(digits.as_bytes().get(range).unwrap_or_default().to_vec())
}

/// Returns the index and the bit of a byte pair in the table of beginnings.
const fn pair(first: u8, second: u8) -> (usize, u64) {
    let hash = (first as usize).wrapping_mul(37) ^ (second as usize).wrapping_mul(5);
    (hash / 64 % 16, 1 << (hash % 64))
}

fn begins_with(text: &[u8], form: &[u8]) -> bool {
    let prefix = text.get(..form.len());
    prefix.is_some_and(|prefix| prefix.eq_ignore_ascii_case(form))
}

fn position(text: &[u8], form: &[u8]) -> Option<usize> {
    let mut windows = text.windows(form.len().max(1));
    windows.position(|window| window.eq_ignore_ascii_case(form))
}

/// Returns the length of the longest proper prefix of a form with which the text ends.
fn longest_prefix_at_end(text: &[u8], form: &[u8]) -> Option<usize> {
    let longest = form.len().saturating_sub(1).min(text.len());
    (1..=longest).rev().find(|length| {
        let end = text.len().saturating_sub(*length)..;
        let prefix = form.get(..*length).unwrap_or_default();
        text.get(end)
            .is_some_and(|end| end.eq_ignore_ascii_case(prefix))
    })
}

/// Extends a range over the base64 digits around it.
fn base64_run(text: &[u8], range: Range<usize>) -> Range<usize> {
    let is_digit = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+/-_=".contains(byte);
    let before = text.get(..range.start).unwrap_or_default();
    let behind = text.get(range.end..).unwrap_or_default();
    let before = before.iter().rev().take_while(is_digit).count();
    let behind = behind.iter().take_while(is_digit).count();
    range.start.saturating_sub(before)..range.end.saturating_add(behind)
}

/// Replaces each range, or adjacent ranges, by one mask. Returns whether there was any range.
fn mask(text: &mut String, mut ranges: Vec<Range<usize>>) -> bool {
    if ranges.is_empty() {
        return false;
    }
    ranges.sort_by_key(|range| range.start);
    let mut masked = String::with_capacity(text.len());
    let mut at = 0;
    for range in ranges {
        if range.start > at || at == 0 {
            masked.push_str(text.get(at..range.start).unwrap_or_default());
            masked.push_str(MASK);
        }
        at = at.max(range.end);
    }
    masked.push_str(text.get(at..).unwrap_or_default());
    *text = masked;
    true
}

#[cfg(test)]
mod tests;
