//! Addresses: mailboxes as written in messages or typed by a person, and the checked form that
//! alone may enter an SMTP envelope.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};

use crate::{display, encoded_word};

/// The longest local part (RFC 5321 §4.5.3.1.1), in octets.
const LOCAL_BYTES: usize = 64;
/// The longest address: a path of 256 octets without its brackets (RFC 5321 §4.5.3.1.3).
const ADDRESS_BYTES: usize = 254;

/// An address that may stand in an SMTP envelope and between the brackets of a header field.
///
/// ASCII only, its domain in A-label form; no CR, LF, space, control character or bracket can be
/// in it, so it cannot break out of a command or a field.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address(String);

impl Address {
    /// Checks an address. The domain may be written in any script (RFC 5891); the local part must
    /// be ASCII, because SMTPUTF8 is not spoken yet.
    pub fn parse(text: &str) -> Result<Self, InvalidAddress> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidAddress::Empty);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(InvalidAddress::NoAt)?;
        check_local(local)?;
        let domain = ascii_domain(domain).ok_or(InvalidAddress::Domain)?;
        if local.len() + 1 + domain.len() > ADDRESS_BYTES {
            return Err(InvalidAddress::TooLong);
        }
        Ok(Self(format!("{local}@{domain}")))
    }

    /// The address, ASCII.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the last `@`.
    pub fn local(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }

    /// The domain in A-label form, or an address literal in square brackets.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// Whether both reach the same mailbox for all practical purposes: local parts are compared
    /// without case, though RFC 5321 §2.4 lets a host tell them apart.
    pub fn is_same_mailbox(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is not an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidAddress {
    /// There is nothing.
    #[error("the address is empty")]
    Empty,
    /// There is no `@`.
    #[error("the address has no @")]
    NoAt,
    /// What stands before the `@` is no local part.
    #[error("the part before the @ is not valid")]
    LocalPart,
    /// The part before the `@` is not ASCII.
    #[error("the part before the @ has characters other than ASCII")]
    LocalPartNotAscii,
    /// What follows the `@` is no domain.
    #[error("the part after the @ is not a domain")]
    Domain,
    /// It is longer than mail allows.
    #[error("the address is too long")]
    TooLong,
}

fn check_local(local: &str) -> Result<(), InvalidAddress> {
    if !local.is_ascii() {
        return Err(InvalidAddress::LocalPartNotAscii);
    }
    if local.len() > LOCAL_BYTES {
        return Err(InvalidAddress::TooLong);
    }
    let is_valid = match local.strip_prefix('"') {
        // A quoted string (RFC 5321 §4.1.2), but without what could break out of a line.
        Some(rest) => rest.strip_suffix('"').is_some_and(is_quoted_content),
        // Dots at the edge or side by side are wrong, yet such mailboxes exist.
        None => !local.is_empty() && local.bytes().all(|b| is_atext(b) || b == b'.'),
    };
    if is_valid {
        Ok(())
    } else {
        Err(InvalidAddress::LocalPart)
    }
}

fn is_quoted_content(content: &str) -> bool {
    let mut is_escaped = false;
    let is_valid = content.bytes().all(|b| {
        let is_plain = b.is_ascii_graphic() && !matches!(b, b'<' | b'>');
        let ends_quotes = b == b'"' && !is_escaped;
        is_escaped = b == b'\\' && !is_escaped;
        is_plain && !ends_quotes
    });
    is_valid && !is_escaped && !content.is_empty()
}

/// RFC 5322 §3.2.3.
pub(crate) fn is_atext(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b)
}

fn ascii_domain(domain: &str) -> Option<String> {
    if let Some(literal) = domain
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        // RFC 5321 §4.1.3; other tags are not in use.
        let is_valid = match literal.get(..5) {
            Some(tag) if tag.eq_ignore_ascii_case("IPv6:") => {
                literal.get(5..)?.parse::<Ipv6Addr>().is_ok()
            }
            _ => literal.parse::<Ipv4Addr>().is_ok(),
        };
        return is_valid.then(|| domain.to_owned());
    }
    Uts46::new()
        .to_ascii(
            domain.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::Allow,
            DnsLength::Verify,
        )
        .ok()
        .map(std::borrow::Cow::into_owned)
}

/// A mailbox as written in a message or typed: a display name and an address.
///
/// From a message neither is to be trusted, and the address may be empty or nonsense; it is
/// checked by [`Mailbox::envelope`] where it is used.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub struct Mailbox {
    /// The display name, decoded and cleaned; may be empty.
    pub name: String,
    /// The address as written, never decoded, without spaces or hidden characters.
    pub address: String,
    /// Whether the name poses as another address ("boss@bank.example" over a stranger's).
    pub name_is_suspicious: bool,
}

impl Mailbox {
    /// A mailbox of a decoded name and an address.
    pub fn new(name: &str, address: &str) -> Self {
        let name = display::line(name).trim().to_owned();
        let address: String = display::line(address)
            .chars()
            .filter(|c| !c.is_whitespace())
            .collect();
        Self {
            name_is_suspicious: poses(&name, &address),
            name,
            address,
        }
    }

    /// A mailbox of the three strings of an IMAP ENVELOPE address (RFC 9051 §7.5.2).
    pub fn from_envelope(name: &[u8], mailbox: &[u8], host: &[u8]) -> Self {
        let mailbox = String::from_utf8_lossy(mailbox);
        let host = String::from_utf8_lossy(host);
        let address = if host.is_empty() {
            mailbox.into_owned()
        } else {
            format!("{mailbox}@{host}")
        };
        Self::new(&crate::header::decode_phrase(name), &address)
    }

    /// The address in the form that SMTP takes.
    pub fn envelope(&self) -> Result<Address, InvalidAddress> {
        Address::parse(&self.address)
    }
}

/// Writes `Name <address>` for people; not for a header field.
impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.name.is_empty(), self.address.is_empty()) {
            (true, _) => f.write_str(&self.address),
            (false, true) => f.write_str(&self.name),
            (false, false) => write!(f, "{} <{}>", self.name, self.address),
        }
    }
}

/// Whether a name holds an address that is not the mailbox's own.
fn poses(name: &str, address: &str) -> bool {
    let is_at = |c: char| matches!(c, '@' | '\u{ff20}' | '\u{fe6b}');
    name.split(|c: char| c.is_whitespace() || "<>()[]\"',;:".contains(c))
        .filter(|word| word.contains(is_at))
        .map(|word| {
            word.replace(is_at, "@")
                .trim_end_matches('.')
                .to_lowercase()
        })
        .any(|word| word != "@" && word != address.to_lowercase())
}

/// A recipient that was typed and is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("recipient {}: {why}", index + 1)]
pub struct AddressError {
    /// Which recipient of the field it is, from 0.
    pub index: usize,
    /// What was typed.
    pub text: String,
    /// What is wrong with it.
    pub why: InvalidAddress,
}

/// Parses recipients as a person types them, each with or without a name, quoted or not.
///
/// Commas, semicolons (also the full-width ones) and line ends separate. Every mailbox returned
/// has a valid [`Mailbox::envelope`]; the first that has none is the error. An empty field is an
/// empty list.
pub fn parse_list(typed: &str) -> Result<Vec<Mailbox>, AddressError> {
    let items = Scanner::new(Style::Typed).scan(typed);
    let mut out = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        let text = display::line(item.source.trim());
        let mailbox = item.into_mailbox(|name| name.to_owned());
        let checked = match mailbox.address.as_str() {
            "" => Err(InvalidAddress::NoAt),
            address => Address::parse(address),
        };
        match checked {
            Ok(_) => out.push(mailbox),
            Err(why) => return Err(AddressError { index, text, why }),
        }
    }
    Ok(out)
}

/// Parses an address field's text (RFC 5322 §3.4), decoded from its octets but not from RFC 2047.
/// Groups are flattened. Never fails: what is no mailbox is left out or has an empty address.
pub(crate) fn parse_field(text: &str) -> Vec<Mailbox> {
    Scanner::new(Style::Field)
        .scan(text)
        .into_iter()
        .map(|item| item.into_mailbox(encoded_word::decode))
        .filter(|mailbox| !mailbox.name.is_empty() || !mailbox.address.is_empty())
        .collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Field,
    Typed,
}

/// One mailbox as found between two separators.
#[derive(Default)]
struct Item {
    /// Everything, as written.
    source: String,
    /// What stands outside brackets and comments, quotes kept.
    bare: String,
    /// The same with quotes taken off.
    phrase: String,
    angle: Option<String>,
    comment: String,
}

impl Item {
    fn into_mailbox(self, decode: impl Fn(&str) -> String) -> Mailbox {
        let comment = self.comment.trim();
        let phrase = self.phrase.trim();
        if let Some(angle) = &self.angle {
            let name = if phrase.is_empty() { comment } else { phrase };
            return Mailbox::new(&decode(name), without_route(angle));
        }
        let bare = self.bare.trim();
        let is_quoted_local = bare.starts_with('"') && bare.contains("\"@");
        match bare.rsplit_once(char::is_whitespace) {
            // `Name address` without brackets.
            Some((_, address)) if address.contains('@') && !is_quoted_local => {
                let name = phrase.strip_suffix(address).unwrap_or(phrase);
                Mailbox::new(&decode(name), address)
            }
            _ if bare.contains('@') && (is_quoted_local || !bare.contains(char::is_whitespace)) => {
                Mailbox::new(&decode(comment), bare)
            }
            _ => Mailbox::new(&decode(phrase), ""),
        }
    }
}

/// The obsolete source route (RFC 5322 §4.4) is dropped.
fn without_route(angle: &str) -> &str {
    let angle = angle.trim();
    match angle.rsplit_once(':') {
        Some((route, address)) if route.starts_with('@') => address,
        _ => angle,
    }
}

/// Takes a list apart in one pass.
struct Scanner {
    style: Style,
    items: Vec<Item>,
    item: Item,
}

impl Scanner {
    fn new(style: Style) -> Self {
        Self {
            style,
            items: Vec::new(),
            item: Item::default(),
        }
    }

    fn scan(mut self, text: &str) -> Vec<Item> {
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            let is_typed = self.style == Style::Typed;
            match c {
                ',' | ';' => self.end_item(),
                '\n' | '\r' | '，' | '；' | '、' if is_typed => self.end_item(),
                '＠' if is_typed => self.bare('@'),
                // The name of a group ends here; `mailto:` is pasted often.
                ':' if !is_typed || self.item.bare.trim().eq_ignore_ascii_case("mailto") => {
                    self.item = Item::default();
                }
                '"' => self.quoted(&mut rest),
                '(' => self.comment(&mut rest),
                '<' => self.angle(&mut rest),
                other => self.bare(other),
            }
        }
        self.end_item();
        self.items
    }

    fn end_item(&mut self) {
        let item = std::mem::take(&mut self.item);
        if !item.source.trim().is_empty() {
            self.items.push(item);
        }
    }

    fn bare(&mut self, c: char) {
        self.item.source.push(c);
        self.item.bare.push(c);
        self.item.phrase.push(c);
    }

    fn quoted(&mut self, rest: &mut std::str::Chars<'_>) {
        // A quote that never ends would swallow the other recipients: it is a plain character.
        if !closes(rest.as_str(), '"') {
            self.bare('"');
            return;
        }
        self.item.source.push('"');
        self.item.bare.push('"');
        while let Some(c) = rest.next() {
            self.item.source.push(c);
            self.item.bare.push(c);
            match c {
                '"' => break,
                '\\' => {
                    if let Some(escaped) = rest.next() {
                        self.item.source.push(escaped);
                        self.item.bare.push(escaped);
                        self.item.phrase.push(escaped);
                    }
                }
                other => self.item.phrase.push(other),
            }
        }
    }

    /// A comment (RFC 5322 §3.2.2), nested ones included.
    fn comment(&mut self, rest: &mut std::str::Chars<'_>) {
        let mut depth = 1_u32;
        self.item.source.push('(');
        if !self.item.comment.is_empty() {
            self.item.comment.push(' ');
        }
        while let Some(c) = rest.next() {
            self.item.source.push(c);
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                '\\' => {
                    if let Some(escaped) = rest.next() {
                        self.item.source.push(escaped);
                        self.item.comment.push(escaped);
                    }
                    continue;
                }
                _ => {}
            }
            if depth == 0 {
                break;
            }
            self.item.comment.push(c);
        }
    }

    fn angle(&mut self, rest: &mut std::str::Chars<'_>) {
        let mut address = String::new();
        let mut is_quoted = false;
        self.item.source.push('<');
        for c in rest.by_ref() {
            self.item.source.push(c);
            match c {
                '>' if !is_quoted => break,
                '"' => is_quoted = !is_quoted,
                _ => {}
            }
            address.push(if c == '＠' && self.style == Style::Typed {
                '@'
            } else {
                c
            });
        }
        // The first of two is the one that other programs answer to.
        self.item.angle.get_or_insert(address);
    }
}

/// Whether an unescaped `end` follows within a bounded stretch.
fn closes(text: &str, end: char) -> bool {
    let mut is_escaped = false;
    text.chars().take(4096).any(|c| {
        let ends = c == end && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        ends
    })
}

#[cfg(test)]
mod tests;
