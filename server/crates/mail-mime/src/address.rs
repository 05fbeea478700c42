//! Addresses: [`Address`], the only form that may enter an SMTP envelope, and [`EmailAddress`], a
//! display name with an address, as written in a message or typed.
//!
//! There are two parsers. [`parse_typed`] and [`entries`] read what the user typed: an ambiguous
//! entry is refused with a reason, because mail is sent there. The parser of received header fields
//! accepts any text; the mailboxes that it returns may have no valid address.

mod received;
mod typed;

pub use received::parse_received;
pub use typed::{AddressError, Entry, RECIPIENTS_MAX, entries, format_typed, parse_typed};

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};

use crate::display;

/// Maximum length of a local part (RFC 5321 §4.5.3.1.1), in octets.
const LOCAL_BYTES: usize = 64;
/// Maximum length of an address, in octets: a path of 256 octets without its brackets (RFC 5321
/// §4.5.3.1.3).
const ADDRESS_BYTES: usize = 254;

/// An address that may stand in an SMTP envelope and between the brackets of a header field.
///
/// ASCII only, with its domain in A-label form; the local part may be UTF-8 if
/// [`Address::parse_utf8`] made it. It holds no CR, LF, space, control character or bracket, so it
/// cannot end a command or a header field early.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address(String);

impl Address {
    /// Checks an address. The only change made to it: a domain in another script becomes its
    /// A-labels (RFC 5891).
    ///
    /// Accepted are the dot-string and the quoted string of RFC 5321 §4.1.2, the latter without
    /// spaces and angle brackets; dots side by side or at the edge of a dot-string, which some
    /// providers gave out; domains and address literals (§4.1.3).
    ///
    /// # Errors
    /// The text is none of these, is too long, or holds an invisible character. The local part must
    /// be ASCII: without SMTPUTF8 (RFC 6531) no server takes another.
    pub fn parse(text: &str) -> Result<Self, InvalidAddress> {
        Self::checked(text, false)
    }

    /// Checks an address for a server with SMTPUTF8: as [`Address::parse`], and the local part may
    /// have characters beyond ASCII (RFC 6531 §3.3), which are left as they are.
    ///
    /// # Errors
    /// As for [`Address::parse`].
    pub fn parse_utf8(text: &str) -> Result<Self, InvalidAddress> {
        Self::checked(text, true)
    }

    fn checked(text: &str, is_utf8: bool) -> Result<Self, InvalidAddress> {
        if text.is_empty() {
            return Err(InvalidAddress::Empty);
        }
        if let Some(hidden) = text.chars().find(|c| display::is_hidden(*c)) {
            return Err(InvalidAddress::HiddenCharacter(hidden));
        }
        if text.contains(is_wide_at) {
            return Err(InvalidAddress::WideAt);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(InvalidAddress::NoAt)?;
        check_local(local, is_utf8)?;
        if domain.contains(char::is_whitespace) {
            return Err(InvalidAddress::Space);
        }
        let domain = ascii_domain(domain)?;
        if local.len() + 1 + domain.len() > ADDRESS_BYTES {
            return Err(InvalidAddress::TooLong);
        }
        Ok(Self(format!("{local}@{domain}")))
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The local part: the text before the last `@`.
    pub fn local(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }

    /// The domain in A-label form, or an address literal in square brackets.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// Whether only a server with SMTPUTF8 (RFC 6531) takes the address: its local part is not
    /// ASCII.
    pub fn needs_smtputf8(&self) -> bool {
        !self.0.is_ascii()
    }

    /// Whether both are the same address by RFC 5321 §2.4: local parts are compared octet for
    /// octet, domains without case.
    pub fn is_same_address(&self, other: &Self) -> bool {
        self.local() == other.local() && self.domain().eq_ignore_ascii_case(other.domain())
    }

    /// Whether both are the same mailbox in practice: local parts are compared without case, though
    /// RFC 5321 §2.4 allows a host to distinguish them.
    pub fn is_same_mailbox(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The reason why a text is not an address, or not an address with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidAddress {
    /// The text is empty.
    #[error("the address is empty")]
    Empty,
    /// There is no `@`.
    #[error("the address has no @")]
    NoAt,
    /// More than one `@` outside quotes.
    #[error("the address has more than one @")]
    SeveralAts,
    /// An at-sign of another width, such as U+FF20.
    #[error("the at-sign is not the @ of addresses")]
    WideAt,
    /// A space in an address: two addresses, or a name without brackets around its address.
    #[error("there is a space in the address")]
    Space,
    /// The part before the `@` is not a local part.
    #[error("the part before the @ has a character that is not allowed there")]
    LocalPart,
    /// The part before the `@` is not ASCII.
    #[error("the part before the @ has characters other than ASCII")]
    LocalPartNotAscii,
    /// The part before the `@` is longer than 64 octets.
    #[error("the part before the @ is longer than 64 octets")]
    LocalPartTooLong,
    /// The part after the `@` is not a domain.
    #[error("the part after the @ is not a domain")]
    Domain,
    /// The domain has a character that UTS 46 maps to an ASCII letter, digit or dot.
    #[error("the part after the @ has a character that only looks like a letter, digit or dot")]
    DomainLookAlike,
    /// The address is longer than 254 octets.
    #[error("the address is longer than 254 octets")]
    TooLong,
    /// An invisible character: a control character, a direction mark or a zero-width character.
    #[error("there is a hidden character, U+{:04X}", u32::from(*.0))]
    HiddenCharacter(char),
    /// A quote that is not closed on its line.
    #[error("a quote is not closed")]
    UnclosedQuote,
    /// A quote inside a name that is not quoted as a whole.
    #[error("a quote stands inside the name")]
    QuoteInName,
    /// An at-sign in a name that is not quoted.
    #[error("an @ stands inside the name")]
    AtInName,
    /// A name longer than 500 octets.
    #[error("the name is longer than 500 octets")]
    NameTooLong,
    /// A `<` without a `>`.
    #[error("a < is not closed")]
    UnclosedBracket,
    /// Something follows the `>`.
    #[error("something follows the address in brackets")]
    TextAfterBracket,
    /// A colon: the name of a group (RFC 5322 §3.4).
    #[error("groups are not allowed")]
    Group,
    /// A comment in parentheses (RFC 5322 §3.2.2) beside an address without brackets.
    #[error("comments in parentheses are not allowed")]
    Comment,
    /// A `mailto:` link that holds more than plain addresses (RFC 6068).
    #[error("the mailto link holds more than an address")]
    MailtoLink,
    /// More entries than a field may have ([`RECIPIENTS_MAX`]).
    #[error("a field has more than {max} recipients", max = RECIPIENTS_MAX)]
    TooMany,
}

/// At-signs that people type in place of `@` and that no mail server accepts.
fn is_wide_at(c: char) -> bool {
    matches!(c, '\u{ff20}' | '\u{fe6b}')
}

fn check_local(local: &str, is_utf8: bool) -> Result<(), InvalidAddress> {
    if !is_utf8 && !local.is_ascii() {
        return Err(InvalidAddress::LocalPartNotAscii);
    }
    if local.contains(char::is_whitespace) {
        return Err(InvalidAddress::Space);
    }
    if local.len() > LOCAL_BYTES {
        return Err(InvalidAddress::LocalPartTooLong);
    }
    let is_valid = match local.strip_prefix('"') {
        // A quoted string (RFC 5321 §4.1.2), without characters that could end a command early.
        Some(rest) => rest.strip_suffix('"').is_some_and(is_quoted_content),
        None if local.contains('@') => return Err(InvalidAddress::SeveralAts),
        // Dots at the edge or side by side are invalid, yet such mailboxes exist.
        None => {
            let is_allowed = |b: u8| is_atext(b) || b == b'.' || !b.is_ascii();
            !local.is_empty() && local.bytes().all(is_allowed)
        }
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
        let is_plain = (b.is_ascii_graphic() || !b.is_ascii()) && !matches!(b, b'<' | b'>');
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

/// Returns a domain in the form that DNS uses. An ASCII domain stays as written, including its
/// case.
fn ascii_domain(domain: &str) -> Result<String, InvalidAddress> {
    if let Some(literal) = domain
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        // RFC 5321 §4.1.3; no other tag is in use.
        let address = match literal.get(..5) {
            Some(tag) if tag.eq_ignore_ascii_case("IPv6:") => literal.get(5..),
            _ => None,
        };
        let is_valid = match address {
            Some(address) => address.parse::<Ipv6Addr>().is_ok(),
            None => literal.parse::<Ipv4Addr>().is_ok(),
        };
        return is_valid
            .then(|| domain.to_owned())
            .ok_or(InvalidAddress::Domain);
    }
    let uts46 = Uts46::new();
    let ascii = uts46
        .to_ascii(
            domain.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::Allow,
            DnsLength::Verify,
        )
        .map_err(|_| InvalidAddress::Domain)?;
    // An IP address without brackets: no top-level domain is a number (RFC 3696 §2).
    let top = ascii.rsplit('.').next().unwrap_or_default();
    if top.bytes().all(|b| b.is_ascii_digit()) {
        return Err(InvalidAddress::Domain);
    }
    if domain.is_ascii() {
        return Ok(domain.to_owned());
    }
    // UTS 46 maps full-width letters, ligatures and ideographic full stops to ASCII; the result is
    // another domain than the one that was written.
    let (shown, _) = uts46.to_unicode(ascii.as_bytes(), AsciiDenyList::STD3, Hyphens::Allow);
    let of_ascii = |text: &str| -> String {
        let ascii = text.chars().filter(char::is_ascii);
        ascii.map(|c| c.to_ascii_lowercase()).collect()
    };
    let is_a_label = |label: &str| {
        let prefix = label.get(..4).filter(|_| label.is_ascii());
        prefix.is_some_and(|prefix| prefix.eq_ignore_ascii_case("xn--"))
    };
    let is_as_written = domain.split('.').count() == shown.split('.').count()
        && domain
            .split('.')
            .zip(shown.split('.'))
            .all(|(written, shown)| is_a_label(written) || of_ascii(written) == of_ascii(shown));
    if is_as_written {
        Ok(ascii.into_owned())
    } else {
        Err(InvalidAddress::DomainLookAlike)
    }
}

/// A display name with an address, as written in a message or typed.
///
/// In a received message both are untrusted, and the address may be empty or invalid;
/// [`EmailAddress::envelope`] checks it where it is used.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub struct EmailAddress {
    /// The display name, decoded and cleaned; may be empty.
    pub name: String,
    /// The address as written, never decoded. A hidden character in it is shown as U+FFFD, so that
    /// it does not look like the address without it.
    pub address: String,
    /// Whether the name imitates another address (name "boss@bank.example" with an unrelated
    /// address).
    pub has_suspicious_name: bool,
    /// Whether characters were removed from the name or replaced in the address that are invisible
    /// or change the direction of others. The marks of right-to-left scripts do not count in a
    /// name: programs write them there.
    pub had_hidden_characters: bool,
}

impl EmailAddress {
    /// Creates a mailbox from a decoded name and an address.
    pub fn new(name: &str, address: &str) -> Self {
        let had_hidden_characters =
            loses_characters(name) || address.contains(|c| sanitized_char(c) == HIDDEN);
        let name = display::line(name).trim().to_owned();
        let address: String = address.trim().chars().map(sanitized_char).collect();
        Self {
            had_hidden_characters,
            has_suspicious_name: names_another_address(&name, &address),
            name,
            address,
        }
    }

    /// Creates a mailbox from the three strings of an IMAP ENVELOPE address (RFC 9051 §7.5.2).
    pub fn from_envelope(name: &[u8], mailbox: &[u8], host: &[u8]) -> Self {
        let mailbox = requoted(String::from_utf8_lossy(mailbox).into_owned());
        let host = String::from_utf8_lossy(host);
        let address = if host.is_empty() {
            mailbox
        } else {
            format!("{mailbox}@{host}")
        };
        Self::new(&crate::unstructured::decode_phrase(name), &address)
    }

    /// Returns the address in the form that SMTP takes. Its local part may be UTF-8, which needs a
    /// server with SMTPUTF8.
    ///
    /// # Errors
    /// As for [`Address::parse_utf8`].
    pub fn envelope(&self) -> Result<Address, InvalidAddress> {
        Address::parse_utf8(&self.address)
    }
}

/// Stands in an address for a hidden character.
const HIDDEN: char = char::REPLACEMENT_CHARACTER;

fn sanitized_char(c: char) -> char {
    match c {
        '\t' | '\r' | '\n' => ' ',
        hidden if display::is_hidden(hidden) => HIDDEN,
        other => other,
    }
}

/// Whether [`display::line`] removes more from a name than the direction marks U+061C, U+200E and
/// U+200F.
fn loses_characters(name: &str) -> bool {
    let is_direction_mark = |c: &char| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}');
    let shown = display::line(name).chars().count();
    let written = name.chars().filter(|c| !is_direction_mark(c)).count();
    shown != written
}

/// Restores the quotes of a local part. ENVELOPE holds it without them, so it may hold an `@` or a
/// space.
fn requoted(mailbox: String) -> String {
    let is_bare = mailbox
        .chars()
        .any(|c| matches!(c, '@' | ' ' | ',' | ';' | '<' | '>'));
    if is_bare && !mailbox.starts_with('"') {
        return format!("\"{}\"", mailbox.replace('\\', "\\\\").replace('"', "\\\""));
    }
    mailbox
}

/// Writes `Name <address>` for display; not for a header field.
impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.name.is_empty(), self.address.is_empty()) {
            (true, _) => f.write_str(&self.address),
            (false, true) => f.write_str(&self.name),
            (false, false) => write!(f, "{} <{}>", self.name, self.address),
        }
    }
}

/// Whether a name holds an address that is not the mailbox's own. Replies leave such a name out, and
/// the module `spoofing` marks it.
fn names_another_address(name: &str, address: &str) -> bool {
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

#[cfg(test)]
mod tests;
