//! Parser of message/delivery-status (RFC 3464 §2).

use super::status::StatusCode;
use super::{
    NAME_BYTES, RECIPIENTS_MAX, REPORT_BYTES, TEXT_BYTES, shortened, typed, typed_address,
};
use crate::address::EmailAddress;
use crate::date::Date;
use crate::header::{Field, Headers};

/// A report about the delivery of a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct DeliveryReport {
    /// The host that reports.
    pub reporting_mta: Option<String>,
    /// The recipients reported on, at most [`RECIPIENTS_MAX`].
    pub recipients: Vec<Recipient>,
    /// Whether the report was taken from the text of a bounce, not from a part for programs.
    pub is_guessed: bool,
}

/// The fields about one recipient (RFC 3464 §2.3). All of them may be missing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Recipient {
    /// The address that the reporting host delivers to, perhaps after forwarding.
    pub final_recipient: Option<EmailAddress>,
    /// The address that the message was sent to.
    pub original_recipient: Option<EmailAddress>,
    /// What became of the message.
    pub action: Option<Action>,
    /// The enhanced status code.
    pub status: Option<StatusCode>,
    /// The host that refused or accepted the message.
    pub remote_mta: Option<String>,
    /// The reply of that host, or another reason.
    pub diagnostic: Option<Diagnostic>,
    /// When the reporting host gives up a delayed message.
    pub will_retry_until: Option<Date>,
}

impl Recipient {
    /// The address that the message was sent to, as far as the report names it.
    pub fn address(&self) -> Option<&EmailAddress> {
        self.original_recipient
            .as_ref()
            .or(self.final_recipient.as_ref())
    }

    /// Whether another recipient field begins the group of the next recipient, though the empty
    /// line before it is missing.
    fn is_complete(&self) -> bool {
        self.action.is_some() || self.status.is_some()
    }
}

/// What became of a message (RFC 3464 §2.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// It was not delivered and will not be.
    Failed,
    /// It is not delivered yet; the host retries.
    Delayed,
    /// It is in the mailbox.
    Delivered,
    /// It was passed to a host that does not report.
    Relayed,
    /// It was delivered to a list or an alias and passed on to several addresses.
    Expanded,
}

impl Action {
    fn parse(text: &str) -> Option<Self> {
        let end = text.find(|c: char| !c.is_ascii_alphabetic());
        let word = text.get(..end.unwrap_or(text.len()))?;
        match word.to_ascii_lowercase().as_str() {
            "failed" => Some(Self::Failed),
            "delayed" => Some(Self::Delayed),
            "delivered" => Some(Self::Delivered),
            "relayed" => Some(Self::Relayed),
            "expanded" => Some(Self::Expanded),
            _ => None,
        }
    }
}

/// A reason as a host gave it (RFC 3464 §2.3.6).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub struct Diagnostic {
    /// The type, lower case: `smtp` for a reply of SMTP, `x-unix` for a program; may be empty.
    pub kind: String,
    /// The text on one line, at most 2,000 bytes.
    pub text: String,
}

/// Parses the decoded octets of a part message/delivery-status or message/global-delivery-status.
///
/// The empty lines between the groups of fields may be missing, and empty lines inside a group are
/// skipped. Reads at most 256 KiB. Never fails: what is not understood is left out.
pub fn parse_delivery_status(octets: &[u8]) -> DeliveryReport {
    let octets = octets.get(..REPORT_BYTES).unwrap_or(octets);
    let mut report = DeliveryReport::default();
    for group in groups(octets) {
        let Ok(headers) = Headers::parse(group) else {
            continue;
        };
        let mut is_first = true;
        for field in headers.fields() {
            if !add(&mut report, field, &mut is_first) {
                return report;
            }
        }
    }
    report
}

/// Splits octets at empty lines. None of the pieces holds one.
fn groups(octets: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = octets;
    std::iter::from_fn(move || {
        let mut length = 0;
        for line in rest.split_inclusive(|b| *b == b'\n') {
            let is_empty = matches!(line, b"\n" | b"\r\n");
            length += line.len();
            if is_empty {
                break;
            }
        }
        let (group, after) = rest.split_at_checked(length).filter(|_| length > 0)?;
        rest = after;
        Some(group)
    })
}

/// Adds a field to a report. Returns whether another recipient may follow.
///
/// `is_first_of_group` is true until the first field that names a recipient after an empty line.
fn add(report: &mut DeliveryReport, field: &Field, is_first_of_group: &mut bool) -> bool {
    let name = field.name().to_ascii_lowercase();
    if name == "reporting-mta" {
        let host = host(field);
        report.reporting_mta = report.reporting_mta.take().or(host);
        return true;
    }
    if matches!(name.as_str(), "original-recipient" | "final-recipient") {
        let last = report.recipients.last();
        let is_taken = last.is_none_or(|last| {
            last.is_complete()
                || match name.as_str() {
                    "final-recipient" => last.final_recipient.is_some(),
                    _ => last.original_recipient.is_some(),
                }
        });
        if is_taken || *is_first_of_group {
            if report.recipients.len() >= RECIPIENTS_MAX {
                return false;
            }
            report.recipients.push(Recipient::default());
        }
        *is_first_of_group = false;
    }
    let Some(recipient) = report.recipients.last_mut() else {
        return true;
    };
    match name.as_str() {
        "original-recipient" => recipient.original_recipient = typed_address(field.raw()),
        "final-recipient" => recipient.final_recipient = typed_address(field.raw()),
        "action" => {
            let action = Action::parse(field.text().trim());
            recipient.action = recipient.action.or(action);
        }
        "status" => {
            let text = field.text();
            let code = text.split_whitespace().next().and_then(StatusCode::parse);
            recipient.status = recipient.status.or(code);
        }
        "remote-mta" => recipient.remote_mta = recipient.remote_mta.take().or(host(field)),
        "diagnostic-code" if recipient.diagnostic.is_none() => {
            let text = field.text();
            let (kind, text) = typed(&text);
            let text = shortened(text, TEXT_BYTES);
            recipient.diagnostic = (!text.is_empty()).then_some(Diagnostic { kind, text });
        }
        "will-retry-until" => {
            let date = Date::of_message(field.raw());
            recipient.will_retry_until = recipient.will_retry_until.or(date);
        }
        _ => {}
    }
    true
}

/// Returns the host of `dns; host` (RFC 3464 §2.2.2).
fn host(field: &Field) -> Option<String> {
    let text = field.text();
    let host = shortened(typed(&text).1, NAME_BYTES);
    (!host.is_empty()).then_some(host)
}
