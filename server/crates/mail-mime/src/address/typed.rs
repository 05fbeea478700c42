//! Recipients as the user types them: parsed without guessing, and formatted so that they parse
//! again.

use std::borrow::Cow;

use super::{EmailAddress, InvalidAddress, is_wide_at};
use crate::display;

/// Maximum number of entries read from one field.
pub const RECIPIENTS_MAX: usize = 1000;
/// Maximum length of a display name, in octets. Encoded, it stays far below the header size that
/// servers accept.
const NAME_BYTES: usize = 500;
/// Maximum length of the text of a refused entry in an error, in octets.
const SHOWN_BYTES: usize = 120;

/// A typed recipient that is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("recipient {}, {text:?}: {why}", index + 1)]
pub struct AddressError {
    /// The index of the entry in the field, from 0.
    pub index: usize,
    /// The typed text, on one line, cut after 120 octets.
    pub text: String,
    /// The reason.
    pub why: InvalidAddress,
}

/// One entry of an address field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'t> {
    /// The typed text, without the separators and the white space around it.
    pub text: &'t str,
    /// The recipient; its address is valid.
    pub mailbox: Result<EmailAddress, InvalidAddress>,
}

/// Parses recipients as the user types them. An empty field gives an empty list.
///
/// ```text
/// field   = *( [ entry ] separator ) [ entry ]
/// entry   = [ "mailto:" ] address / [ name ] "<" [ "mailto:" ] address ">"
/// name    = quoted-string / 1*(any but <">, "@", ":", "<", ">" and the separators)
/// separator = "," / ";" / U+FF0C / U+FF1B / U+3001 / CR / LF
/// ```
///
/// `address` is what [`Address::parse_utf8`](super::Address::parse_utf8) accepts, `quoted-string` that of RFC
/// 5322 §3.2.4 on one line. Nothing is repaired: an entry that does not match exactly is an error,
/// so that mail never goes to an address that was not typed.
///
/// # Errors
/// The first entry that is not a recipient, or the entry after the 1000th.
pub fn parse_typed(field: &str) -> Result<Vec<EmailAddress>, AddressError> {
    let mut mailboxes = Vec::new();
    for (index, entry) in entries(field).enumerate() {
        let is_over = index >= RECIPIENTS_MAX;
        match entry.mailbox {
            Ok(mailbox) if !is_over => mailboxes.push(mailbox),
            other => {
                let why = other.err().filter(|_| !is_over);
                return Err(AddressError {
                    index,
                    text: display_text(entry.text),
                    why: why.unwrap_or(InvalidAddress::TooMany),
                });
            }
        }
    }
    Ok(mailboxes)
}

/// Returns the entries of a field, each with its recipient or the reason why it is none. The time
/// is linear in the length of the consumed text.
pub fn entries(field: &str) -> impl Iterator<Item = Entry<'_>> {
    let mut rest = field;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let (entry, after) = split(rest);
            rest = after;
            let text = entry.trim();
            if !text.is_empty() {
                return Some(Entry {
                    text,
                    mailbox: parse(text),
                });
            }
        }
        None
    })
}

/// Formats recipients so that [`parse_typed`] returns the same ones. Names that it would refuse are
/// omitted; so are mailboxes without a valid address.
pub fn format_typed<'m>(mailboxes: impl IntoIterator<Item = &'m EmailAddress>) -> String {
    let mut out = String::new();
    for mailbox in mailboxes {
        if mailbox.envelope().is_err() {
            continue;
        }
        if !out.is_empty() {
            out.push_str(", ");
        }
        if mailbox.name.is_empty() || check_name(&mailbox.name).is_err() {
            out.push_str(&mailbox.address);
            continue;
        }
        out.push('"');
        for c in mailbox.name.chars() {
            if matches!(c, '"' | '\\') {
                out.push('\\');
            }
            out.push(c);
        }
        out.push_str("\" <");
        out.push_str(&mailbox.address);
        out.push('>');
    }
    out
}

fn display_text(text: &str) -> String {
    let text = display::line(text);
    match display::prefix(&text, SHOWN_BYTES) {
        cut if cut.len() < text.len() => format!("{cut}…"),
        _ => text,
    }
}

fn is_separator(c: char) -> bool {
    matches!(c, ',' | ';' | '\r' | '\n' | '，' | '；' | '、')
}

/// Splits at the first separator outside quotes. Quotes count where a quoted string may begin: at
/// the beginning of the entry and after a `<`. An unclosed quote takes the rest of its line.
fn split(text: &str) -> (&str, &str) {
    let mut may_quote = true;
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let next = at + c.len_utf8();
        if is_separator(c) {
            break;
        }
        at = match c {
            '"' if may_quote => {
                let rest = text.get(next..).unwrap_or_default();
                next + quoted_length(rest).unwrap_or_else(|line| line)
            }
            _ => next,
        };
        may_quote = c == '<' || may_quote && c.is_whitespace();
    }
    let (entry, rest) = text.split_at_checked(at).unwrap_or((text, ""));
    let mut after = rest.chars();
    after.next();
    (entry, after.as_str())
}

/// Returns the length of the quoted string after its opening quote, in octets, including the
/// closing quote. The error is the length of the line if the quote is not closed.
fn quoted_length(text: &str) -> Result<usize, usize> {
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '\r' | '\n' => return Err(at),
            '"' if !is_escaped => return Ok(at + 1),
            _ => is_escaped = c == '\\' && !is_escaped,
        }
    }
    Err(text.len())
}

/// Parses one entry. It is not empty and has no white space around it.
fn parse(text: &str) -> Result<EmailAddress, InvalidAddress> {
    if let Some(hidden) = first_hidden(text) {
        return Err(InvalidAddress::HiddenCharacter(hidden));
    }
    if let Some(quoted) = text.strip_prefix('"') {
        let length = quoted_length(quoted).map_err(|_| InvalidAddress::UnclosedQuote)?;
        let (content, after) = quoted.split_at_checked(length).unwrap_or((quoted, ""));
        return match after.trim_start().strip_prefix('<') {
            Some(rest) => {
                let content = content.strip_suffix('"').unwrap_or(content);
                named(&unescaped(content), rest)
            }
            // A quoted local part.
            None => alone(text),
        };
    }
    match text.split_once('<') {
        Some((name, rest)) => {
            let name = name.trim_end();
            if name.contains('"') {
                return Err(InvalidAddress::QuoteInName);
            }
            if name.contains('@') || name.contains(is_wide_at) {
                return Err(InvalidAddress::AtInName);
            }
            if name.contains(':') {
                return Err(InvalidAddress::Group);
            }
            if name.contains('>') {
                return Err(InvalidAddress::UnclosedBracket);
            }
            named(name, rest)
        }
        None => alone(text),
    }
}

/// Parses an entry with brackets; `rest` is the text after the `<`.
fn named(name: &str, rest: &str) -> Result<EmailAddress, InvalidAddress> {
    check_name(name)?;
    let inner = rest.trim_start();
    let quoted = inner.strip_prefix('"').map(quoted_length);
    let from = match quoted {
        Some(Ok(length)) => length + 1,
        Some(Err(_)) => return Err(InvalidAddress::UnclosedQuote),
        None => 0,
    };
    let end = inner.get(from..).and_then(|rest| rest.find('>'));
    let end = end.ok_or(InvalidAddress::UnclosedBracket)? + from;
    let (address, after) = inner.split_at_checked(end).unwrap_or((inner, ""));
    if after != ">" {
        return Err(InvalidAddress::TextAfterBracket);
    }
    mailbox(name, address.trim_end())
}

/// Parses an address without brackets.
fn alone(text: &str) -> Result<EmailAddress, InvalidAddress> {
    let address = without_scheme(text)?;
    if !address.starts_with('"') {
        let before_at = address.split('@').next().unwrap_or_default();
        if address.contains('(') {
            return Err(InvalidAddress::Comment);
        }
        if before_at.contains(':') {
            return Err(InvalidAddress::Group);
        }
    }
    if !address.contains('@') && !address.contains(is_wide_at) {
        return Err(InvalidAddress::NoAt);
    }
    if address.contains(char::is_whitespace) {
        return Err(InvalidAddress::Space);
    }
    mailbox("", address)
}

fn mailbox(name: &str, address: &str) -> Result<EmailAddress, InvalidAddress> {
    let address = without_scheme(address)?;
    super::Address::parse_utf8(address)?;
    Ok(EmailAddress::new(name, address))
}

/// Removes `mailto:`. The other parts of such a link (RFC 6068) are not supported, and in such a
/// link `%` does not stand for itself.
fn without_scheme(address: &str) -> Result<&str, InvalidAddress> {
    const SCHEME: &str = "mailto:";
    match address.split_at_checked(SCHEME.len()) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case(SCHEME) => {
            if rest.contains(['%', '?']) {
                return Err(InvalidAddress::MailtoLink);
            }
            Ok(rest)
        }
        _ => Ok(address),
    }
}

fn check_name(name: &str) -> Result<(), InvalidAddress> {
    if name.len() > NAME_BYTES {
        return Err(InvalidAddress::NameTooLong);
    }
    match first_hidden(name) {
        Some(hidden) => Err(InvalidAddress::HiddenCharacter(hidden)),
        None => Ok(()),
    }
}

/// Returns the first character that would not be displayed as it is. Tabs are white space; joiners
/// are part of the spelling of many scripts.
fn first_hidden(text: &str) -> Option<char> {
    let displayed = display::line(text);
    let mut displayed = displayed.chars();
    text.chars()
        .find(|c| displayed.next() != Some(*c) && *c != '\t')
}

/// Returns the content of a quoted string (RFC 5322 §3.2.4) with its escapes removed.
fn unescaped(content: &str) -> Cow<'_, str> {
    if !content.contains('\\') {
        return Cow::Borrowed(content);
    }
    let mut out = String::with_capacity(content.len());
    let mut is_escaped = false;
    for c in content.chars() {
        is_escaped = c == '\\' && !is_escaped;
        if !is_escaped {
            out.push(c);
        }
    }
    Cow::Owned(out)
}
