//! ENVELOPE: the main header fields of a message, as raw bytes (RFC 9051 §7.5.2).

use alloc::vec::Vec;

use bytes::Bytes;

use super::value::Value;

/// The main header fields. Encoded words and 8-bit bytes are left as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Envelope {
    /// `Date`, as text.
    pub date: Option<Bytes>,
    /// `Subject`
    pub subject: Option<Bytes>,
    /// `From`
    pub from: Vec<Address>,
    /// `Sender`; servers repeat `From` here when the field is missing.
    pub sender: Vec<Address>,
    /// `Reply-To`; servers repeat `From` here when the field is missing.
    pub reply_to: Vec<Address>,
    /// `To`
    pub to: Vec<Address>,
    /// `Cc`
    pub cc: Vec<Address>,
    /// `Bcc`
    pub bcc: Vec<Address>,
    /// `In-Reply-To`
    pub in_reply_to: Option<Bytes>,
    /// `Message-ID`
    pub message_id: Option<Bytes>,
}

/// An entry of an address list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A mailbox.
    Mailbox {
        /// The display name.
        name: Option<Bytes>,
        /// What is before the `@`.
        local_part: Bytes,
        /// What is behind it.
        domain: Bytes,
    },
    /// A group begins: the mailboxes up to its end belong to it.
    GroupStart {
        /// The name of the group.
        name: Bytes,
    },
    /// The group ends.
    GroupEnd,
}

impl Envelope {
    /// Reads an envelope; fields that are missing or not what they should be are empty.
    pub(crate) fn from_fields(fields: Vec<Value>) -> Self {
        let mut fields = fields.into_iter();
        let mut next = || fields.next().unwrap_or(Value::NIL);
        Self {
            date: next().into_nstring(),
            subject: next().into_nstring(),
            from: addresses(next()),
            sender: addresses(next()),
            reply_to: addresses(next()),
            to: addresses(next()),
            cc: addresses(next()),
            bcc: addresses(next()),
            in_reply_to: next().into_nstring(),
            message_id: next().into_nstring(),
        }
    }
}

fn addresses(value: Value) -> Vec<Address> {
    match value {
        Value::List(list) => {
            // Of its size: an iterator that filters would make room for four.
            let mut addresses = Vec::with_capacity(list.len());
            addresses.extend(list.into_iter().filter_map(address));
            addresses
        }
        _ => Vec::new(),
    }
}

// Name, source route, mailbox, host. RFC 9051 §7.5.2: a NIL host begins or ends a group.
fn address(value: Value) -> Option<Address> {
    let Value::List(mut fields) = value else {
        return None;
    };
    fields.resize(4, Value::NIL);
    let [name, _, mailbox, host] = <[Value; 4]>::try_from(fields).ok()?;
    let (name, mailbox, host) = (
        name.into_nstring(),
        mailbox.into_nstring(),
        host.into_nstring(),
    );
    Some(match (mailbox, host) {
        (None, None) => Address::GroupEnd,
        (Some(name), None) => Address::GroupStart { name },
        (local_part, Some(domain)) => Address::Mailbox {
            name,
            local_part: local_part.unwrap_or_default(),
            domain,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::tokens::values_of;

    fn envelope(text: &'static str) -> Envelope {
        let values = values_of(&Bytes::from_static(text.as_bytes()), 100).unwrap();
        Envelope::from_fields(values.first().unwrap().list().unwrap().to_vec())
    }

    fn mailbox(name: Option<&'static str>, local: &'static str, domain: &'static str) -> Address {
        Address::Mailbox {
            name: name.map(Bytes::from),
            local_part: local.into(),
            domain: domain.into(),
        }
    }

    #[test]
    fn the_envelope_of_rfc_9051_7_5_2_is_read() {
        let envelope = envelope(
            "(\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" \"IMAP4rev2 WG mtg summary and minutes\" \
             ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) \
             ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) \
             ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) \
             ((NIL NIL \"imap\" \"cac.washington.edu\")) \
             ((NIL NIL \"minutes\" \"CNRI.Reston.VA.US\")(\"John Klensin\" NIL \"KLENSIN\" \"MIT.EDU\")) \
             NIL NIL \"<B27397-0100000@cac.washington.ed>\")",
        );
        assert_eq!(
            envelope.subject.as_deref(),
            Some(&b"IMAP4rev2 WG mtg summary and minutes"[..])
        );
        assert_eq!(
            envelope.from,
            [mailbox(Some("Terry Gray"), "gray", "cac.washington.edu")]
        );
        assert_eq!(envelope.to, [mailbox(None, "imap", "cac.washington.edu")]);
        assert_eq!(
            envelope.cc,
            [
                mailbox(None, "minutes", "CNRI.Reston.VA.US"),
                mailbox(Some("John Klensin"), "KLENSIN", "MIT.EDU")
            ]
        );
        assert_eq!(envelope.bcc, []);
        assert_eq!(envelope.in_reply_to, None);
        assert_eq!(
            envelope.message_id.as_deref(),
            Some(&b"<B27397-0100000@cac.washington.ed>"[..])
        );
    }

    #[test]
    fn groups_have_a_start_and_an_end() {
        let envelope = envelope(
            "(NIL NIL NIL NIL NIL ((NIL NIL \"friends\" NIL)(NIL NIL \"a\" \"b.example\")(NIL NIL NIL NIL)))",
        );
        assert_eq!(
            envelope.to,
            [
                Address::GroupStart {
                    name: "friends".into()
                },
                mailbox(None, "a", "b.example"),
                Address::GroupEnd
            ]
        );
        assert_eq!(envelope.message_id, None);
    }
}
