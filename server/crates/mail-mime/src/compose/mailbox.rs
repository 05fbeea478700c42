//! The checked mailboxes of a message, and their form in address fields.

use mail_builder::headers::HeaderType;
use mail_builder::headers::address::Address as Written;

use super::folding::{folded, is_printable, raw};
use super::{ComposeError, OutgoingMessage, Wire};
use crate::address::{Address, EmailAddress};
use crate::{display, encoded_word};

/// Length in bytes above which a quoted name in UTF-8 is encoded: it cannot be folded safely.
const QUOTED_NAME_BYTES: usize = 60;

/// A mailbox with an address that mail can be sent to.
#[derive(Debug, Clone)]
pub(super) struct Mailbox {
    /// The name on one line, without hidden characters; may be empty.
    name: String,
    pub(super) address: Address,
}

impl Mailbox {
    pub(super) fn of(
        field: &'static str,
        mailbox: &EmailAddress,
        wire: Wire,
    ) -> Result<Self, ComposeError> {
        let address = match wire {
            Wire::Utf8 => mailbox.envelope(),
            Wire::SevenBit | Wire::EightBit => Address::parse(&mailbox.address),
        };
        let address = address.map_err(|why| ComposeError::Address {
            field,
            text: mailbox.address.clone(),
            why,
        })?;
        Ok(Self {
            name: display::line(&mailbox.name).trim().to_owned(),
            address,
        })
    }

    /// Whether mail-builder may write the mailbox. It leaves two kinds of ASCII names as they are
    /// that readers would change: one that looks like an encoded word is decoded by most of them,
    /// also in quotes (RFC 2047 §5 forbids it), and a run of spaces at a fold (RFC 5322 §2.2.3)
    /// becomes one.
    fn is_plain(&self, wire: Wire) -> bool {
        match self.name.is_ascii() {
            true => !self.name.contains("=?") && !self.name.contains("  "),
            // mail-builder knows no UTF-8 in fields (RFC 6532 §3.2).
            false => wire != Wire::Utf8,
        }
    }

    /// Returns the words of the mailbox (RFC 5322 §3.4).
    fn words(&self, wire: Wire) -> Vec<String> {
        let name = self.name.as_str();
        let is_literal = wire == Wire::Utf8 || is_printable(name);
        let mut words = if name.is_empty() {
            Vec::new()
        } else if is_literal
            && !name.contains("=?")
            && !name.contains("  ")
            && name.len() <= QUOTED_NAME_BYTES
        {
            let escaped = name.replace('\\', "\\\\").replace('"', "\\\"");
            vec![format!("\"{escaped}\"")]
        } else {
            encoded_word::encode(name)
        };
        words.push(format!("<{}>", self.address));
        words
    }
}

/// What happens to a mailbox without a valid address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strictness {
    RefuseInvalid,
    LeaveOutInvalid,
}

/// The mailboxes of a message.
#[derive(Debug)]
pub(super) struct Lists {
    pub(super) from: Mailbox,
    pub(super) reply_to: Vec<Mailbox>,
    pub(super) to: Vec<Mailbox>,
    pub(super) cc: Vec<Mailbox>,
    pub(super) bcc: Vec<Mailbox>,
}

impl Lists {
    pub(super) fn of(
        outgoing: &OutgoingMessage,
        strictness: Strictness,
    ) -> Result<Self, ComposeError> {
        let wire = outgoing.wire;
        let list = |field, list: &[EmailAddress]| -> Result<Vec<Mailbox>, ComposeError> {
            let mut mailboxes = Vec::with_capacity(list.len());
            for mailbox in list {
                match Mailbox::of(field, mailbox, wire) {
                    Err(error) if strictness == Strictness::RefuseInvalid => return Err(error),
                    checked => mailboxes.extend(checked.ok()),
                }
            }
            Ok(mailboxes)
        };
        Ok(Self {
            from: Mailbox::of("From", &outgoing.from, wire)?,
            reply_to: list("Reply-To", &outgoing.reply_to)?,
            to: list("To", &outgoing.to)?,
            cc: list("Cc", &outgoing.cc)?,
            bcc: list("Bcc", &outgoing.bcc)?,
        })
    }
}

/// Returns the value of an address field; `None` without mailboxes.
pub(super) fn value(
    name: &'static str,
    list: &[Mailbox],
    wire: Wire,
) -> Option<HeaderType<'static>> {
    if list.is_empty() {
        return None;
    }
    if list.iter().all(|mailbox| mailbox.is_plain(wire)) {
        let mailboxes = list.iter().map(|mailbox| {
            let name = Some(mailbox.name.clone()).filter(|name| !name.is_empty());
            Written::new_address(name, mailbox.address.as_str().to_owned())
        });
        return Some(Written::new_list(mailboxes.collect()).into());
    }
    let mut words = Vec::new();
    for (index, mailbox) in list.iter().enumerate() {
        words.extend(mailbox.words(wire));
        if let Some(address) = words.last_mut().filter(|_| index + 1 < list.len()) {
            address.push(',');
        }
    }
    Some(raw(folded(name, words)))
}
