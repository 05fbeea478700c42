//! ENVELOPE: the main header fields of a message, as raw bytes (RFC 9051 §7.5.2).

use alloc::vec::Vec;

use bytes::Bytes;

use super::tokens::take_quoted;
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
    /// Reads ` (` and an envelope from what is left of a line, its strings straight from there, and
    /// returns what is behind it. Lists of messages consist of little else, and the values between
    /// would cost more than the envelopes.
    ///
    /// Nothing, where one string is a literal or anything is not as RFC 9051 §9 has it: then
    /// [`from_fields`](Self::from_fields) reads what the values tell.
    pub(crate) fn read<'l>(line: &Bytes, rest: &'l [u8]) -> Option<(Self, &'l [u8])> {
        let mut reader = Reader { line, rest };
        reader.expect(b" (")?;
        let envelope = Self {
            date: reader.nstring()?,
            subject: reader.next_nstring()?,
            from: reader.next_addresses()?,
            sender: reader.next_addresses()?,
            reply_to: reader.next_addresses()?,
            to: reader.next_addresses()?,
            cc: reader.next_addresses()?,
            bcc: reader.next_addresses()?,
            in_reply_to: reader.next_nstring()?,
            message_id: reader.next_nstring()?,
        };
        reader.expect(b")")?;
        Some((envelope, reader.rest))
    }

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

/// Reads name, source route, mailbox and host.
fn address(value: Value) -> Option<Address> {
    let Value::List(mut fields) = value else {
        return None;
    };
    fields.resize(4, Value::NIL);
    let [name, _, mailbox, host] = <[Value; 4]>::try_from(fields).ok()?;
    Some(Address::new(
        name.into_nstring(),
        mailbox.into_nstring(),
        host.into_nstring(),
    ))
}

impl Address {
    // RFC 9051 §7.5.2: a NIL host begins or ends a group.
    fn new(name: Option<Bytes>, mailbox: Option<Bytes>, host: Option<Bytes>) -> Self {
        match (mailbox, host) {
            (None, None) => Self::GroupEnd,
            (Some(name), None) => Self::GroupStart { name },
            (local_part, Some(domain)) => Self::Mailbox {
                name,
                local_part: local_part.unwrap_or_default(),
                domain,
            },
        }
    }
}

/// Reads what is left of a line by the grammar alone: nothing, where it does not fit.
struct Reader<'b, 'l> {
    line: &'b Bytes,
    rest: &'l [u8],
}

impl Reader<'_, '_> {
    fn expect(&mut self, text: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(text)?;
        Some(())
    }

    fn next_nstring(&mut self) -> Option<Option<Bytes>> {
        self.expect(b" ")?;
        self.nstring()
    }

    fn nstring(&mut self) -> Option<Option<Bytes>> {
        if self.nil().is_some() {
            return Some(None);
        }
        self.expect(b"\"")?;
        let (quoted, rest) = take_quoted(self.line, self.rest)?;
        self.rest = rest;
        Some(Some(quoted))
    }

    fn nil(&mut self) -> Option<()> {
        let rest = self.rest.strip_prefix(b"NIL")?;
        self.rest = rest
            .first()
            .is_some_and(|next| matches!(next, b' ' | b')'))
            .then_some(rest)?;
        Some(())
    }

    fn next_addresses(&mut self) -> Option<Vec<Address>> {
        self.expect(b" ")?;
        let mut addresses = Vec::new();
        if self.nil().is_some() {
            return Some(addresses);
        }
        self.expect(b"(")?;
        while self.expect(b")").is_none() {
            // Most lists have one.
            addresses.reserve_exact(usize::from(addresses.is_empty()));
            addresses.push(self.address()?);
        }
        Some(addresses)
    }

    fn address(&mut self) -> Option<Address> {
        self.expect(b"(")?;
        let name = self.nstring()?;
        let _source_route = self.next_nstring()?;
        let address = Address::new(name, self.next_nstring()?, self.next_nstring()?);
        self.expect(b")")?;
        Some(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::String;
    use proptest::prelude::*;

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

    /// What is read straight from a line, which has to be what its values tell.
    fn read(text: &str) -> Option<Envelope> {
        let line = Bytes::from(format!(" ({text}) UID 7)"));
        let (read, behind) = Envelope::read(&line, &line)?;
        assert_eq!(behind, b" UID 7)");
        let values = values_of(&Bytes::from(format!("({text})")), 100).unwrap();
        let told = Envelope::from_fields(values[0].list().unwrap().to_vec());
        assert_eq!(read, told, "{text}");
        Some(read)
    }

    #[test]
    fn an_envelope_in_its_plain_form_is_read_straight_from_the_line() {
        let one = "((NIL NIL \"ann\" \"example.org\"))";
        let text = format!("\"date\" \"a \\\"b\\\\\" {one} {one} {one} {one} NIL NIL NIL \"<id>\"");
        let envelope = read(&text).unwrap();
        assert_eq!(envelope.subject.as_deref(), Some(&b"a \"b\\"[..]));
        assert_eq!(envelope.to, [mailbox(None, "ann", "example.org")]);
    }

    #[test]
    fn an_envelope_in_any_other_form_is_left_to_its_values() {
        let seven = "NIL NIL NIL NIL NIL NIL NIL";
        let rest = format!("NIL {seven}");
        for text in [
            format!("nil NIL {rest}"),
            format!("5 NIL {rest}"),
            format!("\"open NIL {rest}"),
            format!("NIL  NIL {rest}"),
            format!("NIL {rest}"),
            format!("NIL NIL NIL {rest}"),
            format!("NIL NILS {rest}"),
            format!("NIL NIL ((NIL NIL \"a\")) {seven}"),
            String::new(),
        ] {
            assert_eq!(read(&text), None, "{text}");
        }
    }

    const TEXTS: &[&str] = &["NIL", "\"a\"", "\"\"", "\"a\\\"b\"", "\"(\"", "nil", "5"];
    const LISTS: &[&str] = &[
        "NIL",
        "((NIL NIL \"a\" \"b\"))",
        "((\"n\" \"route\" \"a\" \"b\")(NIL NIL NIL \"d\"))",
        "((NIL NIL \"group\" NIL)(NIL NIL NIL NIL))",
        "()",
        SPACED,
    ];
    const SPACED: &str = "((NIL NIL \"a\" \"b\") (NIL NIL NIL NIL))";

    proptest! {
        #[test]
        fn reading_straight_and_by_values_tell_the_same(
            texts in proptest::collection::vec(proptest::sample::select(TEXTS), 4),
            lists in proptest::collection::vec(proptest::sample::select(LISTS), 6),
        ) {
            let (before, behind) = texts.split_at(2);
            let text = [before, &lists, behind].concat().join(" ");
            let is_odd = |field: &&str| matches!(*field, "nil" | "5") || *field == SPACED;
            let is_plain = !texts.iter().chain(&lists).any(is_odd);
            prop_assert_eq!(read(&text).is_some(), is_plain);
        }
    }
}
