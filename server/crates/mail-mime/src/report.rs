//! Reports about sent messages: delivery status (RFC 3464), disposition (RFC 8098), and the text
//! bounces of servers that write no report.
//!
//! Whoever can send mail can send a report. It tells something about a sent message only if
//! [`returned_message_id`] names that message.

mod delivery;
mod disposition;
mod status;
mod text_bounce;

pub use delivery::{Action, DeliveryReport, Diagnostic, Recipient, parse_delivery_status};
pub use disposition::{Disposition, DispositionKind, DispositionReport, parse_disposition};
pub use status::StatusCode;
pub use text_bounce::{BounceProgram, TextBounce, parse_text_bounce};

use crate::address::EmailAddress;
use crate::display;
use crate::header::Headers;
use crate::params::Params;

/// Maximum number of recipients that are read from a report.
pub const RECIPIENTS_MAX: usize = 100;
/// Maximum size of a report part that is read, in bytes; the rest is ignored.
const REPORT_BYTES: usize = 256 << 10;
/// Maximum length of an address, in bytes. A longer one is ignored: cut, it would be another one.
const ADDRESS_BYTES: usize = 1_000;
/// Maximum length of a host name or of another short value, in bytes.
const NAME_BYTES: usize = 255;
/// Maximum length of a diagnostic text, in bytes.
const TEXT_BYTES: usize = 2_000;

/// The kind of a multipart/report (RFC 6522 §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReportKind {
    /// Delivery status (RFC 3464): [`parse_delivery_status`].
    DeliveryStatus,
    /// Disposition notification, such as a read receipt (RFC 8098): [`parse_disposition`].
    DispositionNotification,
    /// Feedback of a mailbox provider about abuse (RFC 5965). It is not parsed.
    Feedback,
}

impl ReportKind {
    /// Returns the kind by the parameters of a Content-Type multipart/report; `None` for others.
    pub fn of(params: &Params) -> Option<Self> {
        let kind = params.value("report-type")?.trim().to_ascii_lowercase();
        match kind.as_str() {
            "delivery-status" => Some(Self::DeliveryStatus),
            "disposition-notification" => Some(Self::DispositionNotification),
            "feedback-report" => Some(Self::Feedback),
            _ => None,
        }
    }
}

/// Returns the id of the message that a report is about, without brackets, from the decoded octets
/// of its part message/rfc822, message/global, text/rfc822-headers or message/global-headers.
pub fn returned_message_id(part: &[u8]) -> Option<String> {
    let start = part.iter().position(|b| !b.is_ascii_whitespace())?;
    let headers = Headers::parse(part.get(start..)?).ok()?;
    // Of a message that was passed on, its delivery was reported, not that of its author.
    headers.resent_message_id().or_else(|| headers.message_id())
}

/// Splits `type; value` (RFC 3464 §2.1.2), the type in lower case. A value without a type has an
/// empty one.
fn typed(text: &str) -> (String, &str) {
    let is_type = |kind: &str| {
        (1..=32).contains(&kind.len())
            && kind
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    match text.split_once(';') {
        Some((kind, value)) if is_type(kind.trim()) => {
            (kind.trim().to_ascii_lowercase(), value.trim())
        }
        _ => (String::new(), text.trim()),
    }
}

/// Parses the address of a recipient field: `rfc822; ann@a.example`.
///
/// Encoded words are not decoded. The types `utf-8` (RFC 6533 §3) and, if the encoding is certain,
/// xtext (RFC 3461 §4) are.
fn typed_address(value: &[u8]) -> Option<EmailAddress> {
    let text = String::from_utf8_lossy(value);
    let (kind, address) = typed(&text);
    let address = address
        .strip_prefix('<')
        .and_then(|rest| rest.strip_suffix('>'))
        .unwrap_or(address);
    if address.is_empty() || address.len() > ADDRESS_BYTES {
        return None;
    }
    let address = match kind.as_str() {
        "utf-8" => without_unicode_escapes(address),
        _ => xtext_decoded(address).unwrap_or_else(|| address.to_owned()),
    };
    Some(EmailAddress::new("", &address))
}

/// Decodes xtext (RFC 3461 §4); `None` if the text does not look encoded.
///
/// The `+2024` of an address that is not encoded must stay. Encoders write a plus, an equals sign,
/// and octets that are no ASCII graphics as `+` and two upper-case digits; of these only the first
/// two make an address.
fn xtext_decoded(text: &str) -> Option<String> {
    let mut pieces = text.split('+');
    let mut out = pieces.next()?.to_owned();
    for piece in pieces {
        let (code, rest) = piece.split_at_checked(2)?;
        out.push(match code {
            "2B" => '+',
            "3D" => '=',
            _ => return None,
        });
        out.push_str(rest);
    }
    Some(out)
}

/// Decodes `\x{5F20}` (RFC 6533 §3). Other backslashes stay.
fn without_unicode_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\\x{") {
        out.push_str(before);
        let decoded = after.split_once('}').and_then(|(code, after)| {
            let is_code = code.len() <= 6 && code.bytes().all(|b| b.is_ascii_hexdigit());
            let code = u32::from_str_radix(code, 16).ok().filter(|_| is_code)?;
            Some((char::from_u32(code)?, after))
        });
        match decoded {
            Some((c, after)) => {
                out.push(c);
                rest = after;
            }
            None => {
                out.push_str("\\x{");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Makes one line of at most `max_bytes`, with single spaces where lines were folded.
fn shortened(text: &str, max_bytes: usize) -> String {
    let line = display::line(display::prefix(text, 4 * max_bytes));
    let words: Vec<_> = line.split_whitespace().collect();
    display::prefix(&words.join(" "), max_bytes).to_owned()
}

#[cfg(test)]
mod tests;
