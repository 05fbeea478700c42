//! The entries of a recipient field: split exactly as the server splits them, and checked as far as
//! the page can.
//!
//! The server's check decides. An entry that the page refuses, the server refuses too; the reverse
//! does not hold for characters outside ASCII.

use crate::api::types::Person;

/// Maximum length of a display name, in octets.
const NAME_BYTES: usize = 500;
/// Maximum length of a local part (RFC 5321 §4.5.3.1.1), in octets.
const LOCAL_BYTES: usize = 64;
/// Maximum length of an address, in octets.
const ADDRESS_BYTES: usize = 254;
/// Maximum length of a label (RFC 1035 §2.3.4), in octets.
const LABEL_BYTES: usize = 63;

/// What stands between two entries where the page writes them.
pub const SEPARATOR: &str = ", ";

/// One entry of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'t> {
    /// Its text, without the separators and the white space around it.
    pub text: &'t str,
    /// Its text with everything after it.
    pub tail: &'t str,
    /// Whether a separator follows.
    pub is_ended: bool,
    /// Whether the text after it may belong to it: a quote is not closed, or a group (RFC 5322 §3.4)
    /// begins.
    pub is_open: bool,
}

/// Returns the entries of a field.
pub fn entries(field: &str) -> impl Iterator<Item = Entry<'_>> {
    let mut rest = field;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let tail = rest;
            let (entry, after, has_open_quote) = split(rest);
            let is_ended = entry.len() < rest.len();
            rest = after;
            let text = entry.trim();
            if !text.is_empty() {
                return Some(Entry {
                    text,
                    tail: tail.trim_start(),
                    is_ended,
                    is_open: has_open_quote || begins_group(text),
                });
            }
        }
        None
    })
}

/// Takes the entries off a typed text that are complete: all that a separator ends, and the last one
/// too if `is_final`. Returns them and the rest of the text. An open entry stays in the rest, with
/// everything after it.
pub fn take(typed: &str, is_final: bool) -> (Vec<&str>, &str) {
    let mut taken = Vec::new();
    for entry in entries(typed) {
        if entry.is_open || !(is_final || entry.is_ended) {
            return (taken, entry.tail);
        }
        taken.push(entry.text);
    }
    (taken, "")
}

/// Writes a person as an entry: `"Name" <address>`, or the address alone.
pub fn entry_of(person: &Person) -> String {
    let name = person.name.trim();
    if name.is_empty() || name.len() > NAME_BYTES || name.chars().any(is_hidden) {
        return person.address.clone();
    }
    let name = name.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{name}\" <{}>", person.address)
}

/// Returns a pasted text as a list of entries on one line. Cells of a table, separated by tabs, are
/// entries; a name beside an address is its name.
pub fn of_clipboard(pasted: &str) -> String {
    let lines = pasted.split(['\r', '\n']).map(str::trim);
    let lines = lines.filter(|line| !line.is_empty()).map(of_line);
    lines.collect::<Vec<_>>().join(SEPARATOR)
}

fn of_line(line: &str) -> String {
    if !line.contains('\t') || recipient(line).is_some() {
        return line.to_owned();
    }
    let cells: Vec<&str> = line
        .split('\t')
        .map(str::trim)
        .filter(|cell| !cell.is_empty())
        .collect();
    if let &[one, other] = cells.as_slice() {
        for (name, address) in [(one, other), (other, one)] {
            let is_name = !name.contains(['@', '"', '<', '>']);
            if let Some(person) = recipient(address).filter(|p| is_name && p.name.is_empty()) {
                return entry_of(&Person {
                    name: name.to_owned(),
                    ..person
                });
            }
        }
    }
    cells.join(SEPARATOR)
}

/// Returns the recipient of an entry; `None` if it is none.
pub fn recipient(entry: &str) -> Option<Person> {
    if entry.chars().any(is_hidden) {
        return None;
    }
    if let Some(quoted) = entry.strip_prefix('"') {
        let length = quoted_length(quoted).ok()?;
        let (content, after) = quoted.split_at_checked(length)?;
        return match after.trim_start().strip_prefix('<') {
            Some(rest) => named(&unescaped(content.strip_suffix('"')?), rest),
            // A quoted local part.
            None => alone(entry),
        };
    }
    match entry.split_once('<') {
        Some((name, rest)) => {
            let is_plain = !name.contains(['"', '@', '\u{ff20}', '\u{fe6b}', ':', '>']);
            is_plain.then(|| named(name.trim_end(), rest)).flatten()
        }
        None => alone(entry),
    }
}

/// Reads an entry with brackets; `rest` is the text after the `<`.
fn named(name: &str, rest: &str) -> Option<Person> {
    let inner = rest.trim_start();
    let from = match inner.strip_prefix('"') {
        Some(quoted) => quoted_length(quoted).ok()? + 1,
        None => 0,
    };
    let end = inner.get(from..)?.find('>')? + from;
    let (address, after) = inner.split_at_checked(end)?;
    (after == ">" && name.len() <= NAME_BYTES).then(|| mailbox(name, address.trim_end()))?
}

/// Reads an address without brackets.
fn alone(entry: &str) -> Option<Person> {
    let address = without_scheme(entry)?;
    let is_quoted = address.starts_with('"');
    if !is_quoted && (address.contains('(') || begins_group(entry)) {
        return None;
    }
    mailbox("", address)
}

fn mailbox(name: &str, address: &str) -> Option<Person> {
    let address = without_scheme(address)?;
    is_address(address).then(|| Person {
        name: name.trim().to_owned(),
        address: address.to_owned(),
    })
}

/// Removes `mailto:`; `None` for such a link with more than an address (RFC 6068).
fn without_scheme(address: &str) -> Option<&str> {
    const SCHEME: &str = "mailto:";
    match address.split_at_checked(SCHEME.len()) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case(SCHEME) => {
            (!rest.contains(['%', '?'])).then_some(rest)
        }
        _ => Some(address),
    }
}

fn is_address(address: &str) -> bool {
    let Some((local, domain)) = address.rsplit_once('@') else {
        return false;
    };
    let is_short = !address.is_ascii() || address.len() <= ADDRESS_BYTES;
    is_short && local.len() <= LOCAL_BYTES && is_local(local) && is_domain(domain)
}

fn is_local(local: &str) -> bool {
    match local.strip_prefix('"') {
        Some(rest) => {
            let is_plain =
                |b: u8| (b.is_ascii_graphic() || !b.is_ascii()) && !matches!(b, b'<' | b'>');
            rest.len() > 1 && quoted_length(rest) == Ok(rest.len()) && rest.bytes().all(is_plain)
        }
        None => {
            // Beyond ASCII by RFC 6531 §3.3.
            let is_atext = |c: char| match c.is_ascii() {
                true => c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c),
                false => !c.is_whitespace() && !matches!(c, '\u{ff20}' | '\u{fe6b}'),
            };
            !local.is_empty() && local.chars().all(is_atext)
        }
    }
}

/// Whether a text can be a domain. The rules of IDNA are the server's.
fn is_domain(domain: &str) -> bool {
    if let Some(literal) = domain.strip_prefix('[') {
        let literal = literal.strip_suffix(']').unwrap_or_default();
        let is_part = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b':');
        return !literal.is_empty() && literal.bytes().all(is_part);
    }
    let is_letter = |c: char| match c {
        '-' => true,
        // Full-width letters and ideographic full stops only look like a domain's.
        '\u{3002}' | '\u{ff00}'..='\u{ffef}' => false,
        c => c.is_ascii_alphanumeric() || !c.is_ascii() && !c.is_whitespace(),
    };
    let is_label = |label: &str| {
        let is_short = !label.is_ascii() || label.len() <= LABEL_BYTES;
        is_short && !label.is_empty() && label.chars().all(is_letter)
    };
    let top = domain.rsplit('.').next().unwrap_or_default();
    domain.split('.').all(is_label) && !top.bytes().all(|b| b.is_ascii_digit())
}

/// Whether an entry begins a group: a colon before the address, other than that of `mailto:`.
fn begins_group(text: &str) -> bool {
    let text = without_scheme(text).unwrap_or_default();
    let head = text.split(['@', '<']).next().unwrap_or_default();
    !text.starts_with('"') && head.contains(':')
}

fn is_separator(c: char) -> bool {
    matches!(c, ',' | ';' | '\r' | '\n' | '，' | '；' | '、')
}

/// Splits at the first separator outside quotes: the entry, the text after the separator, and whether
/// a quote is not closed. Quotes count at the beginning of the entry and after a `<`. An unclosed
/// quote takes the rest of its line.
fn split(text: &str) -> (&str, &str, bool) {
    let mut may_quote = true;
    let mut has_open_quote = false;
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let next = at + c.len_utf8();
        if is_separator(c) {
            break;
        }
        at = match c {
            '"' if may_quote => {
                let length = quoted_length(text.get(next..).unwrap_or_default());
                has_open_quote |= length.is_err();
                next + length.unwrap_or_else(|line| line)
            }
            _ => next,
        };
        may_quote = c == '<' || may_quote && c.is_whitespace();
    }
    let (entry, rest) = text.split_at_checked(at).unwrap_or((text, ""));
    let mut after = rest.chars();
    after.next();
    (entry, after.as_str(), has_open_quote)
}

/// Returns the length of the quoted string (RFC 5322 §3.2.4) after its opening quote, in octets,
/// including the closing quote. The error is the length of the line if the quote is not closed.
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

/// Removes the escapes of a quoted string.
fn unescaped(content: &str) -> String {
    let mut is_escaped = false;
    let mut is_kept = |c: &char| {
        is_escaped = *c == '\\' && !is_escaped;
        !is_escaped
    };
    content.chars().filter(|c| is_kept(c)).collect()
}

/// Characters that hide or reorder others. Joiners are part of the spelling of many scripts.
fn is_hidden(c: char) -> bool {
    c.is_control() && c != '\t'
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests;
