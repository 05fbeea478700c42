//! Builds an outgoing message so that its attachments are streamed.
//!
//! The caller writes [`Composer::head`], then for each of [`Composer::parts`] its head and the
//! octets of its attachment through [`crate::transfer::Encoder`], or as they are if that was said
//! of it, then [`Composer::tail`]. The size
//! of the whole message is known in advance from the sizes of the files.
//!
//! The crate mail-builder writes the fields and the tree of parts. Around it stand guards: text
//! from the user or from another message cannot add a field, because it is flattened, encoded or
//! refused; `Bcc` is in no field, except for a [draft](Composer::draft). The clock, the ids and the
//! boundaries are the caller's, so that equal input makes equal octets. The output has CRLF line
//! ends only and no line over 998 octets; [`Wire`] says whether it is ASCII.

mod body;
mod draft;
mod fields;
mod folding;
mod mailbox;
mod pieces;
mod resent;

pub use draft::{EXTRA_FIELDS_BYTES, extra_field};
pub use resent::{Redirect, RedirectedFacts, RedirectedMessage};

use std::collections::HashSet;

use memchr::memmem;

use crate::address::{Address, EmailAddress, InvalidAddress};
use crate::date::Date;
use crate::transfer;

use fields::{Fields, Purpose};
use mailbox::{Lists, Strictness};

/// The metadata of an attachment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AttachmentMeta {
    /// The file name, in any script; the composer cleans it.
    pub name: String,
    /// The media type; a malformed one becomes `application/octet-stream`.
    pub media_type: String,
    /// The exact size in bytes; [`Composer::size_bytes`] relies on it.
    pub size_bytes: u64,
    /// The content id without brackets (RFC 2392). A part whose id the HTML refers to as `cid:` is
    /// an image in the text; any other part is a file to save. A malformed id is left out.
    pub content_id: Option<String>,
    /// Whether the caller writes its octets as they are, in place of base64:
    /// [`transfer::SevenBitScan`] allows it. Only so can a message be attached as a message
    /// (RFC 2046 §5.2.1); in base64 it is a file of no known type.
    pub is_literal: bool,
}

/// An answer to an invitation (RFC 6047).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarPart {
    /// The method: "REPLY", "REQUEST".
    pub method: String,
    /// The iCalendar object, with any line ends.
    pub text: String,
}

/// The importance of a message that the author declares.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Priority {
    /// No field is written.
    #[default]
    Normal,
    /// `X-Priority: 1` and `Importance: high`.
    High,
    /// `X-Priority: 5` and `Importance: low`.
    Low,
}

/// The kind of a message that no person wrote (RFC 3834 §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AutoSubmitted {
    /// An answer to a message: `auto-replied`.
    Replied,
    /// Any other message: `auto-generated`.
    Generated,
}

/// The octets that may stand in a message, by what the server that takes it can do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Wire {
    /// ASCII: every server takes it.
    #[default]
    SevenBit,
    /// Texts may be 8-bit: needs 8BITMIME (RFC 6152).
    EightBit,
    /// Names, subject and local parts may be UTF-8 as well: needs SMTPUTF8 (RFC 6531). File names
    /// stay in the form of RFC 2231, which more programs read.
    Utf8,
}

/// A message to be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingMessage {
    /// The author, for `From`.
    pub from: EmailAddress,
    /// The mailboxes for answers, if they differ from the author.
    pub reply_to: Vec<EmailAddress>,
    /// The recipients of `To`.
    pub to: Vec<EmailAddress>,
    /// The recipients of `Cc`.
    pub cc: Vec<EmailAddress>,
    /// The recipients of `Bcc`: in the envelope only.
    pub bcc: Vec<EmailAddress>,
    /// The subject; may be empty.
    pub subject: String,
    /// The text, with any line ends.
    pub body: String,
    /// Whether the text is sent as `format=flowed` (RFC 3676), written by [`crate::text::flow`].
    pub is_flowed: bool,
    /// The same text as HTML, if there is one; the recipient's program chooses.
    pub html: Option<String>,
    /// An answer to an invitation, the last form of the text.
    pub calendar: Option<CalendarPart>,
    /// The id of the message that this one replies to, without brackets.
    pub in_reply_to: Option<String>,
    /// The message ids of the conversation, without brackets, oldest first.
    pub references: Vec<String>,
    /// The id of this message without brackets, made by the caller.
    pub message_id: String,
    /// The time of writing.
    pub date: Date,
    /// The declared importance.
    pub priority: Priority,
    /// Whether the author asks for a receipt when the message is read (RFC 8098 §2.1).
    pub wants_receipt: bool,
    /// Set if no person wrote the message.
    pub auto_submitted: Option<AutoSubmitted>,
    /// The attachments and the images of the HTML.
    pub attachments: Vec<AttachmentMeta>,
    /// What the server can take.
    pub wire: Wire,
}

impl OutgoingMessage {
    /// Creates an empty message of an author, without recipients.
    pub fn new(from: EmailAddress, message_id: String, date: Date) -> Self {
        Self {
            from,
            reply_to: Vec::new(),
            to: Vec::new(),
            cc: Vec::new(),
            bcc: Vec::new(),
            subject: String::new(),
            body: String::new(),
            is_flowed: false,
            html: None,
            calendar: None,
            in_reply_to: None,
            references: Vec::new(),
            message_id,
            date,
            priority: Priority::Normal,
            wants_receipt: false,
            auto_submitted: None,
            attachments: Vec::new(),
            wire: Wire::SevenBit,
        }
    }

    /// Returns the first mailbox whose local part is not ASCII, with the name of its field: the
    /// message can then be written as [`Wire::Utf8`] only. `Bcc` and `Reply-To` are included.
    pub fn first_utf8_mailbox(&self) -> Option<(&'static str, &EmailAddress)> {
        let fields = [
            ("From", std::slice::from_ref(&self.from)),
            ("To", &self.to),
            ("Cc", &self.cc),
            ("Bcc", &self.bcc),
            ("Reply-To", &self.reply_to),
        ];
        let mut mailboxes = fields
            .into_iter()
            .flat_map(|(field, list)| list.iter().map(move |mailbox| (field, mailbox)));
        mailboxes.find(|(_, mailbox)| {
            let address = mailbox.envelope();
            address.is_ok_and(|address| address.needs_smtputf8())
        })
    }
}

/// The reason why a message cannot be built. The user or the caller can correct each of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ComposeError {
    /// A mailbox has no address that mail can be sent to or from.
    #[error("{field}: {why}")]
    Address {
        /// The field of the mailbox: "From", "Reply-To", "To", "Cc" or "Bcc".
        field: &'static str,
        /// The address as given.
        text: String,
        /// The reason.
        why: InvalidAddress,
    },
    /// The message has no recipient.
    #[error("no recipient")]
    NoRecipient,
    /// The id of this message is not `left@right` of printable ASCII.
    #[error("the message id is malformed")]
    MessageId,
    /// The method of the calendar part is not a word of letters, digits and hyphens.
    #[error("the method of the calendar is malformed")]
    CalendarMethod,
    /// An extra field has a name that does not begin with `X-`, or its text is too long.
    #[error("the field {0} cannot be written")]
    ExtraField(&'static str),
}

/// A message that is ready to be streamed.
#[derive(Debug, Clone)]
pub struct Composer {
    sender: Address,
    recipients: Vec<Address>,
    own_fields: String,
    head: Vec<u8>,
    /// For each attachment in the order of the message: its index and the octets before it.
    parts: Vec<(usize, Vec<u8>)>,
    tail: Vec<u8>,
    attachments_bytes: u64,
    has_utf8_fields: bool,
}

impl Composer {
    /// Builds everything except the octets of the attachments.
    ///
    /// `boundary_seed` is random text of the caller: its letters and digits make the delimiters
    /// between the parts.
    ///
    /// # Errors
    /// A mailbox, the id or the calendar's method is invalid, or there is no recipient.
    pub fn new(outgoing: &OutgoingMessage, boundary_seed: &str) -> Result<Self, ComposeError> {
        let lists = Lists::of(outgoing, Strictness::RefuseInvalid)?;
        if lists.to.is_empty() && lists.cc.is_empty() && lists.bcc.is_empty() {
            return Err(ComposeError::NoRecipient);
        }
        let fields = fields::of_message(outgoing, &lists, Purpose::Send)?;
        Self::build(outgoing, &lists, fields, boundary_seed)
    }

    /// Builds a message that is stored and edited again.
    ///
    /// It needs no recipient, its header has `Bcc`, and invalid recipients are left out of the
    /// fields: the caller keeps what was typed in an extra field. `extra_fields` are names that
    /// begin with `X-` and any texts, together at most [`EXTRA_FIELDS_BYTES`]; [`extra_field`]
    /// reads a text back.
    ///
    /// # Errors
    /// The author, the id, the calendar's method or an extra field is invalid.
    pub fn draft(
        outgoing: &OutgoingMessage,
        extra_fields: &[(&'static str, String)],
        boundary_seed: &str,
    ) -> Result<Self, ComposeError> {
        let lists = Lists::of(outgoing, Strictness::LeaveOutInvalid)?;
        let mut fields = fields::of_message(outgoing, &lists, Purpose::Draft)?;
        fields.extend(draft::encode(extra_fields)?);
        Self::build(outgoing, &lists, fields, boundary_seed)
    }

    fn build(
        outgoing: &OutgoingMessage,
        lists: &Lists,
        fields: Fields,
        boundary_seed: &str,
    ) -> Result<Self, ComposeError> {
        let own_fields = fields::block(fields::bcc(lists, outgoing.wire));
        let content = body::content(outgoing, boundary_seed)?;
        let pieces::Written { head, parts, tail } = pieces::write(fields, content);
        let header_bytes = memmem::find(&head, b"\r\n\r\n").unwrap_or(head.len());
        let header = head.get(..header_bytes).unwrap_or(&head);
        let encoded = outgoing
            .attachments
            .iter()
            .map(|attachment| match attachment.is_literal {
                true => attachment.size_bytes,
                false => transfer::encoded_size_bytes(attachment.size_bytes),
            });
        Ok(Self {
            sender: lists.from.address.clone(),
            recipients: recipients(lists),
            own_fields: String::from_utf8(own_fields).unwrap_or_default(),
            has_utf8_fields: !header.is_ascii(),
            head,
            parts,
            tail,
            attachments_bytes: encoded.fold(0, u64::saturating_add),
        })
    }

    /// The envelope's sender.
    pub fn sender(&self) -> &Address {
        &self.sender
    }

    /// The envelope's recipients, including those of `Bcc`, each once.
    pub fn recipients(&self) -> &[Address] {
        &self.recipients
    }

    /// The field that only the Sent copy has: `Bcc`. It precedes the [`head`](Self::head); empty if
    /// there are no such recipients. A draft has the field in its header already.
    pub fn own_fields(&self) -> &str {
        &self.own_fields
    }

    /// The header and the text.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// The attachments in the order in which they are streamed: the images of the HTML come first.
    ///
    /// For each one its index in [`OutgoingMessage::attachments`] and the octets before its own.
    pub fn parts(&self) -> impl ExactSizeIterator<Item = (usize, &[u8])> + Clone {
        self.parts.iter().map(|(index, head)| (*index, &**head))
    }

    /// The octets after the last attachment; empty if there is none.
    pub fn tail(&self) -> &[u8] {
        &self.tail
    }

    /// The exact size of the whole message in bytes, as SIZE and APPEND need it, provided that the
    /// files have the declared sizes.
    pub fn size_bytes(&self) -> u64 {
        let heads = self.parts.iter().map(|(_, head)| head.len()).sum::<usize>();
        let own = heads + self.head.len() + self.tail.len();
        u64::try_from(own)
            .unwrap_or(u64::MAX)
            .saturating_add(self.attachments_bytes)
    }

    /// Whether the message needs a server with 8BITMIME (RFC 6152): some of its octets are not
    /// ASCII. Never with [`Wire::SevenBit`].
    pub fn needs_8bitmime(&self) -> bool {
        let heads = self.parts.iter().map(|(_, head)| head);
        !self.head.is_ascii() || !self.tail.is_ascii() || heads.into_iter().any(|h| !h.is_ascii())
    }

    /// Whether the message needs a server with SMTPUTF8 (RFC 6531 §3.4): a local part of the
    /// envelope or a header field is not ASCII. Only with [`Wire::Utf8`].
    pub fn needs_smtputf8(&self) -> bool {
        let mut envelope = self.recipients.iter().chain([&self.sender]);
        self.has_utf8_fields || envelope.any(|address| !address.as_str().is_ascii())
    }
}

/// Returns the recipients of the envelope. A mailbox that occurs twice would receive a second copy.
fn recipients(lists: &Lists) -> Vec<Address> {
    let mut seen = HashSet::new();
    let all = [&lists.to, &lists.cc, &lists.bcc].into_iter().flatten();
    all.map(|mailbox| &mailbox.address)
        .filter(|address| {
            let domain = address.domain().to_ascii_lowercase();
            seen.insert(format!("{}@{domain}", address.local()))
        })
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests;
