//! Envelope parsers: directly from a line, or from the values of a response.

use alloc::vec::Vec;

use bytes::Bytes;

use super::{Entry, Envelope, Span};
use crate::imap::tokens::{self, Quoted};
use crate::imap::value::Value;

impl Envelope {
    /// Parses ` (` and an envelope from `rest`, the rest of `line`, and returns it with the bytes
    /// after it. Works on the bytes directly, without building values.
    ///
    /// ```abnf
    /// envelope = "(" env-date SP env-subject SP env-from SP env-sender SP
    ///            env-reply-to SP env-to SP env-cc SP env-bcc SP
    ///            env-in-reply-to SP env-message-id ")"
    /// ```
    /// RFC 9051 §9.
    ///
    /// Returns `None` if a string is a literal or the text differs from the grammar of RFC 9051 §9;
    /// [`from_fields`](Self::from_fields) then parses the values of the response.
    pub(crate) fn read<'l>(line: &Bytes, rest: &'l [u8]) -> Option<(Self, &'l [u8])> {
        let mut reader = Reader {
            whole: rest,
            rest,
            own: None,
            entries: Vec::new(),
            last_list: (&[], Span::NIL),
        };
        reader.expect(b" (")?;
        let mut envelope = Self {
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
            ..Self::default()
        };
        reader.expect(b")")?;
        envelope.entries = reader.entries;
        envelope.text = match reader.own {
            Some(own) => own.into(),
            None => {
                let read = rest.len().saturating_sub(reader.rest.len());
                line.slice_ref(rest.get(..read)?)
            }
        };
        Some((envelope, reader.rest))
    }

    /// Parses the envelope of a message, with or without an extra pair of parentheses. `None` if
    /// the value cannot be an envelope: a stray quotation mark turns all later strings into atoms
    /// and the text between them into strings.
    ///
    /// ```abnf
    /// envelope = "(" env-date SP env-subject SP env-from SP env-sender SP
    ///            env-reply-to SP env-to SP env-cc SP env-bcc SP
    ///            env-in-reply-to SP env-message-id ")"
    /// ```
    /// RFC 9051 §9. Fields may be missing at the end.
    pub(crate) fn parse(value: &Value) -> Option<Self> {
        let mut fields = value.list()?;
        if let [Value::List(inner)] = fields {
            fields = inner;
        }
        let is_valid = fields.len() <= FIELDS
            && fields.iter().enumerate().all(|(at, field)| match at {
                2..8 => may_be_addresses(field),
                _ => field.list().is_none(),
            });
        is_valid.then(|| Self::from_fields(fields))
    }

    /// Parses an envelope; missing and invalid fields are empty.
    ///
    /// ```abnf
    /// env-date        = nstring
    /// env-subject     = nstring
    /// env-from        = "(" 1*address ")" / nil ; and so the five lists behind it
    /// env-in-reply-to = nstring
    /// env-message-id  = nstring
    /// ```
    /// RFC 9051 §9.
    pub(crate) fn from_fields(fields: &[Value]) -> Self {
        let mut fields = fields.iter();
        let mut builder = EnvelopeText::default();
        let mut envelope = Self {
            date: builder.nstring(fields.next()),
            subject: builder.nstring(fields.next()),
            from: builder.addresses(fields.next()),
            sender: builder.addresses(fields.next()),
            reply_to: builder.addresses(fields.next()),
            to: builder.addresses(fields.next()),
            cc: builder.addresses(fields.next()),
            bcc: builder.addresses(fields.next()),
            in_reply_to: builder.nstring(fields.next()),
            message_id: builder.nstring(fields.next()),
            ..Self::default()
        };
        envelope.text = builder.text.into();
        envelope.entries = builder.entries;
        envelope
    }
}

/// The number of fields of an envelope.
const FIELDS: usize = 10;

/// Returns whether a value can be a list of addresses: each has a name, a route, a mailbox and a
/// host.
///
/// ```abnf
/// env-from = "(" 1*address ")" / nil
/// address  = "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")"
/// ```
/// RFC 9051 §9. An empty string is accepted for a NIL list, and NIL for an address.
fn may_be_addresses(value: &Value) -> bool {
    let is_address = |entry: &Value| match entry.list() {
        Some(fields) => fields.len() <= 4 && fields.iter().all(|field| field.list().is_none()),
        None => entry.nstring().is_none(),
    };
    match value.list() {
        Some(entries) => entries.iter().all(is_address),
        None => value.nstring().is_none_or(|text| text.is_empty()),
    }
}

/// A strict parser of the rest of a line: its methods return `None` if the text does not match the
/// grammar.
struct Reader<'l> {
    /// The input. Spans refer to it as long as `own` is `None`.
    whole: &'l [u8],
    rest: &'l [u8],
    /// The unescaped text, once a string with backslashes was parsed: the input before that string,
    /// then the strings without backslashes. Never longer than the parsed input.
    own: Option<Vec<u8>>,
    entries: Vec<Entry>,
    /// The last address list, as bytes of the line, and its entries.
    last_list: (&'l [u8], Span),
}

impl Reader<'_> {
    fn expect(&mut self, text: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(text)?;
        Some(())
    }

    const fn at(&self) -> usize {
        self.whole.len().saturating_sub(self.rest.len())
    }

    fn next_nstring(&mut self) -> Option<Span> {
        self.expect(b" ")?;
        self.nstring()
    }

    /// Parses a quoted string or NIL.
    ///
    /// ```abnf
    /// nstring = string / nil
    /// string  = quoted / literal ; quoted
    /// ```
    /// RFC 9051 §9.
    fn nstring(&mut self) -> Option<Span> {
        if self.nil().is_some() {
            return Some(Span::NIL);
        }
        self.expect(b"\"")?;
        let at = self.at();
        let (quoted, rest) = tokens::take_quoted(self.rest)?;
        self.rest = rest;
        Some(match (quoted, &mut self.own) {
            (Quoted::Plain(plain), None) => Span::new(at, at + plain.len()),
            (Quoted::Plain(plain), Some(own)) => append(own, plain),
            (Quoted::Unescaped(text), Some(own)) => append(own, &text),
            (Quoted::Unescaped(text), own @ None) => {
                let before = self.whole.get(..at).unwrap_or_default();
                append(own.insert(before.to_vec()), &text)
            }
        })
    }

    /// Consumes NIL, in upper case, if it is next.
    ///
    /// ```abnf
    /// nil = "NIL"
    /// ```
    /// RFC 9051 §9.
    fn nil(&mut self) -> Option<()> {
        let rest = self.rest.strip_prefix(b"NIL")?;
        self.rest = rest
            .first()
            .is_some_and(|next| matches!(next, b' ' | b')'))
            .then_some(rest)?;
        Some(())
    }

    /// Parses a space and a list of addresses.
    ///
    /// ```abnf
    /// env-from = "(" 1*address ")" / nil
    /// ```
    /// RFC 9051 §9. The list may be empty.
    fn next_addresses(&mut self) -> Option<Span> {
        self.expect(b" ")?;
        if self.nil().is_some() {
            return Some(Span::NIL);
        }
        // Sender and Reply-To usually repeat From.
        let (last, same) = self.last_list;
        if !last.is_empty()
            && let Some(rest) = self.rest.strip_prefix(last)
        {
            self.rest = rest;
            return Some(same);
        }
        let begin = self.rest;
        let first = self.entries.len();
        self.expect(b"(")?;
        while self.expect(b")").is_none() {
            let entry = self.entry()?;
            self.entries.push(entry);
        }
        let span = Span::new(first, self.entries.len());
        let read = begin.len().saturating_sub(self.rest.len());
        self.last_list = (begin.get(..read).unwrap_or_default(), span);
        Some(span)
    }

    /// Parses one address.
    ///
    /// ```abnf
    /// address      = "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")"
    /// addr-name    = nstring
    /// addr-adl     = nstring
    /// addr-mailbox = nstring
    /// addr-host    = nstring
    /// ```
    /// RFC 9051 §9.
    fn entry(&mut self) -> Option<Entry> {
        self.expect(b"(")?;
        let name = self.nstring()?;
        let _source_route = self.next_nstring()?;
        let entry = Entry {
            name,
            mailbox: self.next_nstring()?,
            host: self.next_nstring()?,
        };
        self.expect(b")")?;
        Some(entry)
    }
}

/// Collects the strings of values into one text.
#[derive(Default)]
struct EnvelopeText {
    text: Vec<u8>,
    entries: Vec<Entry>,
}

impl EnvelopeText {
    /// Appends the string of a value; NIL if it has none.
    ///
    /// ```abnf
    /// nstring = string / nil
    /// ```
    /// RFC 9051 §9.
    fn nstring(&mut self, value: Option<&Value>) -> Span {
        match value.and_then(Value::nstring) {
            Some(text) => append(&mut self.text, text),
            None => Span::NIL,
        }
    }

    /// Appends the addresses of a value.
    ///
    /// ```abnf
    /// env-from = "(" 1*address ")" / nil
    /// address  = "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")"
    /// ```
    /// RFC 9051 §9. Elements that are not lists are skipped.
    fn addresses(&mut self, value: Option<&Value>) -> Span {
        let first = self.entries.len();
        let list = value.and_then(Value::list).unwrap_or_default();
        for fields in list.iter().filter_map(Value::list) {
            let entry = Entry {
                name: self.nstring(fields.first()),
                // Field 1 is the source route.
                mailbox: self.nstring(fields.get(2)),
                host: self.nstring(fields.get(3)),
            };
            self.entries.push(entry);
        }
        Span::new(first, self.entries.len())
    }
}

fn append(text: &mut Vec<u8>, more: &[u8]) -> Span {
    let start = text.len();
    text.extend_from_slice(more);
    Span::new(start, text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::String;
    use proptest::prelude::*;

    use crate::imap::envelope::Address;
    use crate::imap::tokens::values_of;

    fn envelope(text: &'static str) -> Envelope {
        let values = values_of(&Bytes::from_static(text.as_bytes()), 100).unwrap();
        Envelope::from_fields(values.first().unwrap().list().unwrap())
    }

    fn mailbox<'e>(name: Option<&'e str>, local: &'e str, domain: &'e str) -> Address<'e> {
        Address::Mailbox {
            name: name.map(str::as_bytes),
            local_part: local.as_bytes(),
            domain: domain.as_bytes(),
        }
    }

    fn all<'e>(addresses: impl Iterator<Item = Address<'e>>) -> Vec<Address<'e>> {
        addresses.collect()
    }

    // docs/protocols.md, IMAP: FETCH
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
            envelope.subject(),
            Some(&b"IMAP4rev2 WG mtg summary and minutes"[..])
        );
        assert_eq!(
            all(envelope.from()),
            [mailbox(Some("Terry Gray"), "gray", "cac.washington.edu")]
        );
        assert_eq!(
            all(envelope.to()),
            [mailbox(None, "imap", "cac.washington.edu")]
        );
        assert_eq!(
            all(envelope.cc()),
            [
                mailbox(None, "minutes", "CNRI.Reston.VA.US"),
                mailbox(Some("John Klensin"), "KLENSIN", "MIT.EDU")
            ]
        );
        assert_eq!(all(envelope.bcc()), []);
        assert_eq!(envelope.in_reply_to(), None);
        assert_eq!(
            envelope.message_id(),
            Some(&b"<B27397-0100000@cac.washington.ed>"[..])
        );
    }

    #[test]
    fn groups_have_a_start_and_an_end() {
        let envelope = envelope(
            "(NIL NIL NIL NIL NIL ((NIL NIL \"friends\" NIL)(NIL NIL \"a\" \"b.example\")(NIL NIL NIL NIL)))",
        );
        assert_eq!(
            all(envelope.to()),
            [
                Address::GroupStart { name: b"friends" },
                mailbox(None, "a", "b.example"),
                Address::GroupEnd
            ]
        );
        assert_eq!(envelope.message_id(), None);
    }

    /// Parses an envelope directly from a line and asserts that its values give the same result.
    fn read(text: &str) -> Option<Envelope> {
        let line = Bytes::from(format!(" ({text}) UID 7)"));
        let (read, behind) = Envelope::read(&line, &line)?;
        assert_eq!(behind, b" UID 7)");
        let values = values_of(&Bytes::from(format!("({text})")), 100).unwrap();
        let expected = Envelope::from_fields(values[0].list().unwrap());
        assert_eq!(read, expected, "{text}");
        Some(read)
    }

    #[test]
    fn an_envelope_in_its_plain_form_is_read_straight_from_the_line() {
        let one = "((NIL NIL \"ann\" \"example.org\"))";
        let text = format!("\"date\" \"a \\\"b\\\\\" {one} {one} {one} {one} NIL NIL NIL \"<id>\"");
        let envelope = read(&text).unwrap();
        assert_eq!(envelope.subject(), Some(&b"a \"b\\"[..]));
        assert_eq!(all(envelope.to()), [mailbox(None, "ann", "example.org")]);
    }

    #[test]
    fn an_envelope_in_any_other_form_is_not_parsed_directly() {
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
        fn direct_and_value_parsing_give_the_same_envelope(
            texts in proptest::collection::vec(proptest::sample::select(TEXTS), 4),
            lists in proptest::collection::vec(proptest::sample::select(LISTS), 6),
        ) {
            let (before, behind) = texts.split_at(2);
            let text = [before, &lists, behind].concat().join(" ");
            let is_irregular = |field: &&str| matches!(*field, "nil" | "5") || *field == SPACED;
            let is_plain = !texts.iter().chain(&lists).any(is_irregular);
            prop_assert_eq!(read(&text).is_some(), is_plain);
        }
    }
}
