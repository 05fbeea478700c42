//! A message that is redirected: the fields that are put before it (RFC 5322 §3.6.6), and its own
//! octets.

use super::fields::{self, Fields};
use super::folding::raw;
use super::mailbox::{Lists, Strictness};
use super::{ComposeError, OutgoingMessage, Wire, recipients};
use crate::address::Address;

/// The envelope and the fields of a message that is redirected.
#[derive(Debug, Clone)]
pub struct Redirect {
    sender: Address,
    recipients: Vec<Address>,
    fields: Vec<u8>,
    own_fields: String,
}

impl Redirect {
    /// Builds the `Resent-` fields from the sender, the recipients, the id and the date of
    /// `outgoing`; the rest of it is not used.
    ///
    /// # Errors
    /// A mailbox or the id is invalid, or there is no recipient.
    pub fn new(outgoing: &OutgoingMessage) -> Result<Self, ComposeError> {
        let lists = Lists::of(outgoing, Strictness::RefuseInvalid)?;
        let recipients = recipients(&lists);
        if recipients.is_empty() {
            return Err(ComposeError::NoRecipient);
        }
        let wire = Wire::SevenBit;
        let mut out: Fields = vec![("Resent-Date", raw(outgoing.date.to_string()))];
        fields::mailboxes(
            &mut out,
            "Resent-From",
            std::slice::from_ref(&lists.from),
            wire,
        );
        fields::mailboxes(&mut out, "Resent-To", &lists.to, wire);
        fields::mailboxes(&mut out, "Resent-Cc", &lists.cc, wire);
        out.push(("Resent-Message-ID", fields::own_id(&outgoing.message_id)?));
        let mut own = Fields::new();
        fields::mailboxes(&mut own, "Resent-Bcc", &lists.bcc, wire);
        Ok(Self {
            sender: lists.from.address,
            recipients,
            fields: fields::block(out),
            own_fields: String::from_utf8(fields::block(own)).unwrap_or_default(),
        })
    }

    /// The envelope's sender.
    pub fn sender(&self) -> &Address {
        &self.sender
    }

    /// The envelope's recipients, each once.
    pub fn recipients(&self) -> &[Address] {
        &self.recipients
    }

    /// The fields that precede the header of the message, in ASCII.
    pub fn fields(&self) -> &[u8] {
        &self.fields
    }

    /// The field that only the Sent copy has, before the others: `Resent-Bcc`. Empty if there are no
    /// such recipients.
    pub fn own_fields(&self) -> &str {
        &self.own_fields
    }
}

/// Fields of a stored message that are not passed on: they are about its last delivery
/// (RFC 5321 §4.4), or name recipients that others must not see.
const DROPPED: [&str; 3] = ["return-path", "bcc", "resent-bcc"];
/// How much of a line is looked at for the name of its field, in octets.
const NAME_MAX_OCTETS: usize = 64;

/// Passes a stored message on as it is, apart from what cannot be sent: the fields of its last
/// delivery, those of blind copies, the line that begins a message of an mbox file, and line ends
/// other than CRLF.
#[derive(Debug, Default)]
pub struct RedirectedMessage {
    /// A further field that is not passed on.
    private_field: Option<&'static str>,
    place: Place,
    /// The beginning of a header line whose field is not known yet.
    held: Vec<u8>,
    is_after_cr: bool,
    /// Whether the line of the next octet has other octets.
    is_line_begun: bool,
    facts: RedirectedFacts,
}

/// What a redirected message needs of the server that takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RedirectedFacts {
    /// It has octets above 127: the server has to offer 8BITMIME (RFC 6152).
    pub has_8bit: bool,
    /// It has a NUL, which no server takes (RFC 5321 §4.5.2).
    pub has_nul: bool,
}

/// Where in a message the next octet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    /// At the beginning of the first line.
    #[default]
    Start,
    /// At the beginning of another line of the header; the field of the line before is passed on
    /// or not.
    LineStart { is_kept: bool },
    /// In a line of the header.
    Line { is_kept: bool },
    /// After the header.
    Body,
}

impl RedirectedMessage {
    /// Also leaves out a field that a program writes for itself.
    pub fn without(private_field: &'static str) -> Self {
        Self {
            private_field: Some(private_field),
            ..Self::default()
        }
    }

    /// Reads the next octets, and appends what is passed on to `out`.
    pub fn push(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        for octet in octets {
            let was_after_cr = std::mem::replace(&mut self.is_after_cr, *octet == b'\r');
            match *octet {
                b'\r' => self.end_line(out),
                b'\n' if was_after_cr => {}
                b'\n' => self.end_line(out),
                other => self.pass(other, out),
            }
        }
    }

    /// Ends the message, with the end of its last line, and returns what it needs.
    pub fn finish(mut self, out: &mut Vec<u8>) -> RedirectedFacts {
        if self.is_line_begun {
            self.end_line(out);
        }
        self.facts
    }

    fn pass(&mut self, octet: u8, out: &mut Vec<u8>) {
        self.facts.has_nul |= octet == 0;
        self.is_line_begun = true;
        match self.place {
            Place::Body => {}
            // A folded line belongs to the field before it.
            Place::LineStart { is_kept }
                if matches!(octet, b' ' | b'\t') && self.held.is_empty() =>
            {
                self.place = Place::Line { is_kept };
            }
            Place::Start | Place::LineStart { .. } => {
                self.held.push(octet);
                if octet == b':' || self.held.len() >= NAME_MAX_OCTETS {
                    self.release(out);
                }
                return;
            }
            Place::Line { .. } => {}
        }
        if self.place != (Place::Line { is_kept: false }) {
            self.facts.has_8bit |= !octet.is_ascii();
            out.push(octet);
        }
    }

    fn end_line(&mut self, out: &mut Vec<u8>) {
        self.is_line_begun = false;
        match self.place {
            Place::Body => out.extend_from_slice(b"\r\n"),
            Place::Start | Place::LineStart { .. } if self.held.is_empty() => {
                self.place = Place::Body;
                out.extend_from_slice(b"\r\n");
            }
            Place::Start | Place::LineStart { .. } => {
                self.release(out);
                self.end_line(out);
            }
            Place::Line { is_kept } => {
                if is_kept {
                    out.extend_from_slice(b"\r\n");
                }
                self.place = Place::LineStart { is_kept };
            }
        }
    }

    /// Decides about the line whose beginning is held.
    fn release(&mut self, out: &mut Vec<u8>) {
        let name = self.held.strip_suffix(b":").unwrap_or(&self.held);
        let name = name.trim_ascii_end();
        let is_mbox_line = self.place == Place::Start
            && (name.starts_with(b"From ") || name.starts_with(b">From "));
        let mut dropped = DROPPED.iter().copied().chain(self.private_field);
        let is_dropped = dropped.any(|field| name.eq_ignore_ascii_case(field.as_bytes()));
        let is_kept = !is_mbox_line && !is_dropped;
        if is_kept {
            self.facts.has_8bit |= !self.held.is_ascii();
            out.append(&mut self.held);
        }
        self.held.clear();
        self.place = Place::Line { is_kept };
    }
}
