//! What the parts beside the text of a message say: an invitation, a report about a sent message, a
//! body and files packed into winmail.dat or S/MIME.
//!
//! [`wanted`] names the parts of a tree to read; each is given, decoded, to [`Supplements::add`].

use std::collections::HashMap;
use std::sync::Arc;

use crate::address::EmailAddress;
use crate::body::Body;
use crate::calendar::{self, Invitation};
use crate::charset;
use crate::header::{Field, Headers};
use crate::packed::{self, Container, Content, Entity, Packed};
use crate::parse::Message;
use crate::report::{self, DeliveryReport, DispositionReport};
use crate::transfer;
use crate::tree::{Part, Readable, Sealed, SignatureKind};

/// Maximum encoded size of a winmail.dat or S/MIME part that is opened, in bytes. A larger one stays
/// a file.
const PACKED_BYTES: u64 = 12 << 20;
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
    /// S/MIME in place of the text, signed or compressed.
    Smime,
}

impl Purpose {
    /// The number of decoded octets that are needed at most; what follows need not be read.
    pub fn max_bytes(self) -> usize {
        match self {
            Self::Tnef | Self::Smime => usize::try_from(PACKED_BYTES).unwrap_or(usize::MAX),
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
        .filter(|purpose| *purpose != Self::Tnef || part.size_bytes <= PACKED_BYTES)
    }
}

/// Returns the parts to read, the first of each purpose.
pub fn wanted(root: &Part) -> Vec<(Purpose, &Part)> {
    let mut found: Vec<(Purpose, &Part)> = Vec::new();
    collect(root, false, 0, &mut found);
    let smime = root.smime_text();
    let smime = smime.filter(|part| part.size_bytes <= PACKED_BYTES);
    found.extend(smime.map(|part| (Purpose::Smime, part)));
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
    /// The content of winmail.dat or S/MIME.
    pub packed: Option<Packed>,
    /// What an S/MIME part is that was read but cannot be shown, if that is known.
    sealed: Option<Sealed>,
}

/// What the HTML of a message refers to by `cid:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Referenced<'a> {
    /// A part of the message.
    Part(&'a Part),
    /// A file in a part that packs several.
    Packed {
        /// The section of the part.
        section: &'a str,
        /// The index of the file in [`Content::files`].
        index: usize,
    },
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
                let content = packed::tnef_content(octets);
                self.packed = content.map(|content| packed_in(part, content));
            }
            Purpose::Smime => match Entity::unwrap(octets) {
                Ok(entity) => {
                    if let Ok(message) = entity.message()
                        && let Some(content) = entity.content(&message)
                    {
                        self.packed = Some(packed_in(part, content));
                        self.add_inner(&message);
                    }
                }
                Err(sealed) => self.sealed = sealed,
            },
        }
    }

    /// Reads what the parts of a message inside S/MIME say.
    fn add_inner(&mut self, message: &Message<'_>) {
        for (purpose, part) in wanted(message.root()) {
            if !matches!(purpose, Purpose::Tnef | Purpose::Smime) {
                let octets = message.part_bytes(&part.section).unwrap_or_default();
                let mut octets = transfer::decode(octets, part.encoding);
                octets.truncate(purpose.max_bytes());
                self.add(purpose, part, &octets);
            }
        }
    }

    /// Returns the body of the message, given the one of its own texts. S/MIME holds what its author
    /// wrote, and mailing lists add texts below it; winmail.dat repeats a text that is there.
    #[must_use]
    pub fn body(&self, texts: Body) -> Body {
        match &self.packed {
            _ if texts == Body::OverLimits => texts,
            Some(packed) if packed.content.container == Container::Smime => {
                packed.content.body.clone().followed_by(texts)
            }
            Some(packed) if texts == Body::Empty => packed.content.body.clone(),
            _ => texts,
        }
    }

    /// Ends the reading: returns the [`body`](Self::body), and reads it as a bounce if it is one.
    #[must_use]
    pub fn complete(&mut self, headers: &Headers, texts: Body) -> Body {
        let body = self.body(texts);
        if let Body::Text { text, .. } = &body {
            self.add_text_bounce(headers, text);
        }
        body
    }

    /// Returns what HTML may refer to, by content id: files that are packed with the HTML before
    /// parts of the message.
    pub fn by_content_id<'a>(&'a self, own: &Readable<'a>) -> HashMap<&'a str, Referenced<'a>> {
        let own = own.by_content_id().into_iter();
        let mut found: HashMap<_, _> = own.map(|(id, part)| (id, Referenced::Part(part))).collect();
        if let Some(packed) = &self.packed {
            let section = packed.section.as_str();
            let is_first = packed.content.container == Container::Smime;
            for (id, index) in packed.content.by_content_id() {
                if is_first || !found.contains_key(id) {
                    found.insert(id, Referenced::Packed { section, index });
                }
            }
        }
        found
    }

    /// Returns how the content of the message is encrypted or signed, if the message has no other
    /// content and it was not opened. What was read is more exact than what [`Part::sealed`]
    /// declares.
    pub fn sealed(&self, root: &Part) -> Option<Sealed> {
        match &self.packed {
            Some(packed) if packed.content.container == Container::Smime => None,
            _ => self.sealed.or_else(|| root.sealed()),
        }
    }

    /// Returns the protocol by which the message is signed. The signature is not verified.
    pub fn signature(&self, root: &Part) -> Option<SignatureKind> {
        let packed = self.packed.as_ref();
        let signature = packed.and_then(|packed| packed.content.signature);
        signature.or_else(|| root.signature())
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

fn packed_in(part: &Part, content: Content) -> Packed {
    Packed {
        section: part.section.clone(),
        content: Arc::new(content),
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
