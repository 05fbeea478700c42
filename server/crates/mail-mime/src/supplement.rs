//! What the parts beside the text of a message say: an invitation, a report about a sent message,
//! files packed into winmail.dat.
//!
//! [`wanted`] names the parts of a tree to read; each is given, decoded, to [`Supplements::add`].

use std::sync::Arc;

use crate::address::EmailAddress;
use crate::calendar::{self, Invitation};
use crate::charset;
use crate::header::{Field, Headers};
use crate::report::{self, DeliveryReport, DispositionReport};
use crate::tnef::{self, Tnef, TnefLimits};
use crate::tree::Part;

/// Maximum encoded size of a winmail.dat that is opened, in bytes. A larger one stays a file.
const TNEF_BYTES: u64 = 12 << 20;
/// Maximum number of octets that are read of any other part.
const PART_BYTES: usize = 256 << 10;
/// Maximum depth to which multiparts are searched.
const DEPTH_MAX: usize = 10;

/// What a part is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// An iCalendar object.
    Calendar,
    /// message/delivery-status.
    DeliveryStatus,
    /// message/disposition-notification.
    Disposition,
    /// The message that a report is about, or its header.
    Returned,
    /// winmail.dat.
    Tnef,
}

impl Purpose {
    /// The number of decoded octets that are needed at most; what follows need not be read.
    pub fn max_bytes(self) -> usize {
        match self {
            Self::Tnef => usize::try_from(TNEF_BYTES).unwrap_or(usize::MAX),
            _ => PART_BYTES,
        }
    }

    fn of(part: &Part, is_in_report: bool) -> Option<Self> {
        let name = || part.name.as_deref().unwrap_or_default();
        match part.media_type.as_str() {
            "text/calendar" | "application/ics" => Some(Self::Calendar),
            "message/delivery-status" | "message/global-delivery-status" => {
                Some(Self::DeliveryStatus)
            }
            "message/disposition-notification" | "message/global-disposition-notification" => {
                Some(Self::Disposition)
            }
            "message/rfc822"
            | "message/global"
            | "text/rfc822-headers"
            | "message/global-headers"
                if is_in_report =>
            {
                Some(Self::Returned)
            }
            "application/ms-tnef" | "application/vnd.ms-tnef" => Some(Self::Tnef),
            "application/octet-stream" if name().eq_ignore_ascii_case("winmail.dat") => {
                Some(Self::Tnef)
            }
            _ => None,
        }
        .filter(|purpose| *purpose != Self::Tnef || part.size_bytes <= TNEF_BYTES)
    }
}

/// Returns the parts to read, the first of each purpose.
pub fn wanted(root: &Part) -> Vec<(Purpose, &Part)> {
    let mut found: Vec<(Purpose, &Part)> = Vec::new();
    collect(root, false, 0, &mut found);
    found
}

fn collect<'p>(
    part: &'p Part,
    is_in_report: bool,
    depth: usize,
    found: &mut Vec<(Purpose, &'p Part)>,
) {
    let is_in_report = is_in_report || part.media_type == "multipart/report";
    if part.is_multipart() && depth < DEPTH_MAX {
        for child in &part.children {
            collect(child, is_in_report, depth + 1, found);
        }
    } else if let Some(purpose) = Purpose::of(part, is_in_report)
        && !found.iter().any(|(known, _)| *known == purpose)
    {
        found.push((purpose, part));
    }
}

/// What was read.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Supplements {
    /// The invitation.
    pub invitation: Option<Invitation>,
    /// The report about the delivery of a sent message.
    pub delivery: Option<DeliveryReport>,
    /// The report about what became of a sent message at its recipient.
    pub disposition: Option<DispositionReport>,
    /// The id of the message that a report is about, without brackets.
    pub returned_message_id: Option<String>,
    /// The content of winmail.dat.
    pub packed: Option<Packed>,
}

/// The content of a winmail.dat.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Packed {
    /// The section of its part.
    pub section: String,
    /// Its content.
    pub tnef: Arc<Tnef>,
}

impl Supplements {
    /// Reads a part that [`wanted`] named, from its decoded octets. What cannot be read adds
    /// nothing.
    pub fn add(&mut self, purpose: Purpose, part: &Part, octets: &[u8]) {
        match purpose {
            Purpose::Calendar => {
                let text = charset::decode(octets, part.charset().or(Some("utf-8")));
                self.invitation = calendar::parse(&text, part.params.value("method"));
            }
            Purpose::DeliveryStatus => {
                self.delivery = Some(report::parse_delivery_status(octets));
            }
            Purpose::Disposition => {
                let disposition = report::parse_disposition(octets);
                self.returned_message_id = self
                    .returned_message_id
                    .take()
                    .or_else(|| disposition.original_message_id.clone());
                self.disposition = Some(disposition);
            }
            Purpose::Returned => {
                let returned = report::returned_message_id(octets);
                self.returned_message_id = returned.or(self.returned_message_id.take());
            }
            Purpose::Tnef => {
                self.packed = tnef::parse(octets, &TnefLimits::DEFAULT).map(|tnef| Packed {
                    section: part.section.clone(),
                    tnef: Arc::new(tnef),
                });
            }
        }
    }

    /// Reads the bounce of a program that writes no report from the text of a message, if its
    /// header says that a mail server wrote it.
    pub fn add_text_bounce(&mut self, headers: &Headers, text: &str) {
        if self.delivery.is_none()
            && is_from_mail_server(headers)
            && let Some(bounce) = report::parse_text_bounce(text)
        {
            self.delivery = Some(bounce.report);
            self.returned_message_id = bounce.returned_message_id;
        }
    }
}

/// Whether the envelope sender is empty (RFC 5321 §4.5.5) or the author is a mail server.
fn is_from_mail_server(headers: &Headers) -> bool {
    let is_empty = |field: &Field| field.raw().trim_ascii() == b"<>";
    let is_server = |author: &EmailAddress| {
        let local = author.address.split('@').next().unwrap_or_default();
        let names = ["mailer-daemon", "postmaster"];
        names.iter().any(|name| local.eq_ignore_ascii_case(name))
    };
    headers.first("Return-Path").is_some_and(is_empty) || headers.from().iter().any(is_server)
}
