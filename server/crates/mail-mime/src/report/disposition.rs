//! Parser of message/disposition-notification (RFC 8098 §3.1).

use super::{NAME_BYTES, REPORT_BYTES, shortened, typed_address};
use crate::address::EmailAddress;
use crate::header::{Headers, message_ids};

/// Maximum number of modifiers that are read.
const MODIFIERS_MAX: usize = 10;

/// A report of a recipient's mail program, such as a read receipt.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct DispositionReport {
    /// The id of the message reported on, without brackets.
    pub original_message_id: Option<String>,
    /// The address of the recipient who reports.
    pub final_recipient: Option<EmailAddress>,
    /// The address that the message was sent to, if it was forwarded.
    pub original_recipient: Option<EmailAddress>,
    /// What was done with the message.
    pub disposition: Option<Disposition>,
}

/// What was done with a message (RFC 8098 §3.2.6).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Disposition {
    /// Whether a program did it without the recipient (`automatic-action`).
    pub is_automatic_action: bool,
    /// Whether the report was sent without asking the recipient (`MDN-sent-automatically`).
    pub is_sent_automatically: bool,
    /// The disposition itself.
    pub kind: DispositionKind,
    /// Modifiers, lower case, such as `error`; at most 10.
    pub modifiers: Vec<String>,
}

/// The type of a disposition (RFC 8098 §3.2.6.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DispositionKind {
    /// The message was shown. Whether it was read is not known.
    Displayed,
    /// It was deleted; whether it was shown before is not known.
    Deleted,
    /// It was forwarded or printed.
    Dispatched,
    /// A program processed it, and nobody saw it.
    Processed,
    /// Another type, lower case, such as `denied` and `failed` of RFC 2298.
    Other(String),
}

impl Disposition {
    /// Parses the value of a Disposition field. The modes may be missing.
    ///
    /// ```abnf
    /// disposition-field = "Disposition:" action-mode "/" sending-mode ";"
    ///                     disposition-type [ "/" modifier *( "," modifier ) ]
    /// ```
    fn parse(value: &str) -> Option<Self> {
        let lower = value.to_ascii_lowercase();
        let (modes, outcome) = lower.rsplit_once(';').unwrap_or(("", &lower));
        let (action_mode, sending_mode) = modes.split_once('/').unwrap_or((modes, ""));
        let (kind, modifiers) = outcome.split_once('/').unwrap_or((outcome, ""));
        let kind = match kind.trim() {
            "" => return None,
            "displayed" => DispositionKind::Displayed,
            "deleted" => DispositionKind::Deleted,
            "dispatched" => DispositionKind::Dispatched,
            "processed" => DispositionKind::Processed,
            other => DispositionKind::Other(shortened(other, NAME_BYTES)),
        };
        let modifiers = modifiers
            .split(',')
            .map(|modifier| shortened(modifier, NAME_BYTES))
            .filter(|modifier| !modifier.is_empty())
            .take(MODIFIERS_MAX);
        Some(Self {
            is_automatic_action: action_mode.trim() == "automatic-action",
            is_sent_automatically: sending_mode.trim() == "mdn-sent-automatically",
            kind,
            modifiers: modifiers.collect(),
        })
    }
}

/// Parses the decoded octets of a part message/disposition-notification.
///
/// Reads at most 256 KiB. Never fails: what is not understood is left out.
pub fn parse_disposition(octets: &[u8]) -> DispositionReport {
    let octets = octets.get(..REPORT_BYTES).unwrap_or(octets);
    let octets = octets.trim_ascii_start();
    let Ok(headers) = Headers::parse(octets) else {
        return DispositionReport::default();
    };
    let address = |name: &str| headers.first(name).and_then(|f| typed_address(f.raw()));
    let message_id = headers.first("Original-Message-ID");
    DispositionReport {
        original_message_id: message_id
            .and_then(|field| message_ids(field.raw()).into_iter().next()),
        final_recipient: address("Final-Recipient"),
        original_recipient: address("Original-Recipient"),
        disposition: headers
            .first("Disposition")
            .and_then(|field| Disposition::parse(&field.text())),
    }
}
