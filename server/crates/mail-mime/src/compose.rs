//! Builds an outgoing message so that its attachments are streamed.
//!
//! The caller writes [`Composer::head`], then for each attachment [`Composer::attachment_head`] and
//! its octets through [`crate::transfer::Encoder`], then [`Composer::tail`]. The size of the whole
//! message is known in advance from the sizes of the files.
//!
//! The output is 7-bit: ASCII, CRLF line ends only, no line over 998 octets. `Bcc` is in no field
//! of it, only in [`Composer::own_fields`]. Text from the user or from another message cannot add a
//! field: it is flattened, encoded or refused.

mod body;
mod fields;

use std::collections::HashSet;

use crate::address::{Address, EmailAddress, InvalidAddress};
use crate::date::Date;
use crate::transfer;

/// The metadata of an attachment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachmentMeta {
    /// The file name, in any script; the composer cleans it.
    pub name: String,
    /// The media type; a malformed one becomes `application/octet-stream`.
    pub media_type: String,
    /// The exact size in bytes; [`Composer::size_bytes`] relies on it.
    pub size_bytes: u64,
}

/// A message to be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingMessage {
    /// The author, for `From`.
    pub from: EmailAddress,
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
    /// The same text as HTML, if there is one; the recipient's program chooses.
    pub html: Option<String>,
    /// The id of the message that this one replies to, without brackets.
    pub in_reply_to: Option<String>,
    /// The message ids of the conversation, without brackets, oldest first.
    pub references: Vec<String>,
    /// The id of this message without brackets, made by the caller.
    pub message_id: String,
    /// The time of writing.
    pub date: Date,
    /// The attachments.
    pub attachments: Vec<AttachmentMeta>,
}

/// The reason why a message cannot be built. The user or the caller can correct each of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ComposeError {
    /// A mailbox has no address that mail can be sent to or from.
    #[error("{field}: {why}")]
    Address {
        /// The field of the mailbox: "From", "To", "Cc" or "Bcc".
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
}

/// A message that is ready to be streamed.
#[derive(Debug, Clone)]
pub struct Composer {
    sender: Address,
    recipients: Vec<Address>,
    head: Vec<u8>,
    own_fields: String,
    attachment_heads: Vec<Vec<u8>>,
    tail: Vec<u8>,
    attachments_bytes: u64,
}

impl Composer {
    /// Builds everything except the octets of the attachments.
    ///
    /// `boundary_seed` is random text of the caller: its letters and digits make the delimiter
    /// between the parts.
    pub fn new(outgoing: &OutgoingMessage, boundary_seed: &str) -> Result<Self, ComposeError> {
        let sender = checked("From", &outgoing.from)?;
        let mut recipients: Vec<Address> = Vec::new();
        let mut seen = HashSet::new();
        for (field, mailboxes) in [
            ("To", &outgoing.to),
            ("Cc", &outgoing.cc),
            ("Bcc", &outgoing.bcc),
        ] {
            for mailbox in mailboxes {
                let address = checked(field, mailbox)?;
                // A mailbox that occurs twice would receive a second copy.
                let key = format!(
                    "{}@{}",
                    address.local(),
                    address.domain().to_ascii_lowercase()
                );
                if seen.insert(key) {
                    recipients.push(address);
                }
            }
        }
        if recipients.is_empty() {
            return Err(ComposeError::NoRecipient);
        }
        let mut head = fields::write(outgoing)?;
        let own_fields = fields::own(outgoing)?;
        let boundary = body::boundary(boundary_seed);
        let content = body::Content::of(outgoing, boundary_seed, &boundary);
        let (mut attachment_heads, mut tail) = (Vec::new(), Vec::new());
        if outgoing.attachments.is_empty() {
            content.write(&mut head);
        } else {
            let content_type =
                format!("Content-Type: multipart/mixed;\r\n boundary=\"{boundary}\"\r\n\r\n");
            head.extend_from_slice(content_type.as_bytes());
            head.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
            content.write(&mut head);
            for attachment in &outgoing.attachments {
                attachment_heads.push(body::attachment_head(attachment, &boundary));
            }
            tail = format!("\r\n--{boundary}--\r\n").into_bytes();
        }
        let encoded = outgoing
            .attachments
            .iter()
            .map(|attachment| transfer::encoded_size_bytes(attachment.size_bytes));
        Ok(Self {
            sender,
            recipients,
            head,
            own_fields,
            attachment_heads,
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
    /// there are no such recipients.
    pub fn own_fields(&self) -> &str {
        &self.own_fields
    }

    /// The header and the text.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// The octets before the attachment at `index`, in the given order; `None` beyond the last.
    pub fn attachment_head(&self, index: usize) -> Option<&[u8]> {
        self.attachment_heads.get(index).map(Vec::as_slice)
    }

    /// The octets after the last attachment; empty if there is none.
    pub fn tail(&self) -> &[u8] {
        &self.tail
    }

    /// The exact size of the whole message in bytes, as SIZE and APPEND need it, provided that the
    /// files have the declared sizes.
    pub fn size_bytes(&self) -> u64 {
        let own = self.attachment_heads.iter().map(Vec::len).sum::<usize>()
            + self.head.len()
            + self.tail.len();
        u64::try_from(own)
            .unwrap_or(u64::MAX)
            .saturating_add(self.attachments_bytes)
    }
}

fn checked(field: &'static str, mailbox: &EmailAddress) -> Result<Address, ComposeError> {
    mailbox.envelope().map_err(|why| ComposeError::Address {
        field,
        text: mailbox.address.clone(),
        why,
    })
}

#[cfg(test)]
mod tests;
