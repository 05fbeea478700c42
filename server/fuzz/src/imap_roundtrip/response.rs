//! The data of a message, in the forms that a server may use.

use arbitrary::{Result, Unstructured};
use bytes::{Bytes, BytesMut};
use mail_proto::imap::{
    Address, BodyValue, Client, Config, Envelope, Event, FetchedItem, Flag, Section,
    SequenceNumber, Tls, Uid,
};
use mail_proto::{Limits, Machine as _, Step};

use super::text;

/// Size in bytes above which literals are streamed; the strings of an envelope stay below it.
const INLINE_BYTES: usize = 64;

pub(super) fn run(u: &mut Unstructured<'_>) -> Result<()> {
    let mut wire = Vec::new();
    let seq = u.int_in_range(1..=u32::MAX)?;
    wire.extend_from_slice(format!("* {seq} FETCH (").as_bytes());
    let mut expected = Vec::new();
    let mut literal = None;
    for index in 0..u.int_in_range(1..=4)? {
        if index > 0 {
            wire.push(b' ');
        }
        expected.push(item(u, &mut wire, &mut literal)?);
    }
    wire.extend_from_slice(b")\r\n");

    let (events, streamed) = receive(&wire);
    let [Event::Fetch(data)] = &events[..] else {
        panic!("{:?} became {events:?}", wire.escape_ascii().to_string());
    };
    assert_eq!(SequenceNumber::new(seq), Some(data.seq));
    let received: Vec<_> = data.items.iter().cloned().map(without_id).collect();
    assert_eq!(received, expected, "{}", wire.escape_ascii());
    assert_eq!(streamed.as_deref(), literal.as_deref());
    Ok(())
}

/// Returns the events without the chunks of the last literal, which are returned joined.
fn receive(wire: &[u8]) -> (Vec<Event>, Option<Bytes>) {
    let mut limits = Limits::default();
    limits.imap_inline_literal_bytes = INLINE_BYTES;
    let mut client = Client::new(Config {
        tls: Tls::Implicit,
        allow_plaintext_login: false,
        limits,
    });
    client.feed(b"* OK [CAPABILITY IMAP4rev1] ready\r\n");
    client.feed(wire);
    let mut events = Vec::new();
    let mut streamed: Option<BytesMut> = None;
    loop {
        match client.step().expect("what the grammar allows") {
            Step::NeedInput => break,
            Step::Event(Event::LiteralStart { .. }) => streamed = Some(BytesMut::new()),
            Step::Event(Event::LiteralChunk { bytes, .. }) => {
                let streamed = streamed.as_mut().expect("a start before a chunk");
                streamed.extend_from_slice(&bytes);
            }
            Step::Event(Event::Ready { .. } | Event::LiteralEnd { .. }) => {}
            Step::Event(event) => events.push(event),
            _ => panic!("an unexpected step"),
        }
    }
    (events, streamed.map(BytesMut::freeze))
}

/// Removes the number of a streamed literal, which is not known in advance.
fn without_id(item: FetchedItem) -> Item {
    match item {
        FetchedItem::Body {
            section,
            origin,
            value: BodyValue::Streamed { size_bytes, .. },
        } => Item::Streamed(section, origin, size_bytes),
        FetchedItem::Envelope(envelope) => Item::Envelope(EnvelopeFields::of(&envelope).into()),
        item => Item::Whole(item),
    }
}

#[derive(Debug, PartialEq)]
enum Item {
    Whole(FetchedItem),
    Streamed(Section, Option<u64>, u64),
    Envelope(Box<EnvelopeFields>),
}

/// The content of an envelope.
#[derive(Debug, PartialEq)]
struct EnvelopeFields {
    /// Date, Subject, In-Reply-To and Message-ID.
    texts: [Option<Bytes>; 4],
    /// From, Sender, Reply-To, To, Cc and Bcc: of each address its name, mailbox and host.
    lists: [Vec<[Option<Bytes>; 3]>; 6],
}

impl EnvelopeFields {
    fn of(envelope: &Envelope) -> Self {
        let texts = [
            envelope.date(),
            envelope.subject(),
            envelope.in_reply_to(),
            envelope.message_id(),
        ];
        Self {
            texts: texts.map(|text| text.map(Bytes::copy_from_slice)),
            lists: [
                envelope.from().map(strings).collect(),
                envelope.sender().map(strings).collect(),
                envelope.reply_to().map(strings).collect(),
                envelope.to().map(strings).collect(),
                envelope.cc().map(strings).collect(),
                envelope.bcc().map(strings).collect(),
            ],
        }
    }
}

fn strings(address: Address<'_>) -> [Option<Bytes>; 3] {
    let strings = match address {
        Address::Mailbox {
            name,
            local_part,
            domain,
        } => [name, Some(local_part), Some(domain)],
        Address::GroupStart { name } => [None, Some(name), None],
        Address::GroupEnd => [None; 3],
    };
    strings.map(|string| string.map(Bytes::copy_from_slice))
}

fn item(
    u: &mut Unstructured<'_>,
    wire: &mut Vec<u8>,
    literal: &mut Option<Vec<u8>>,
) -> Result<Item> {
    Ok(Item::Whole(match u.int_in_range(0..=4)? {
        0 => {
            let uid = u.int_in_range(1..=u32::MAX)?;
            wire.extend_from_slice(format!("UID {uid}").as_bytes());
            FetchedItem::Uid(Uid::new(uid).expect("not zero"))
        }
        1 => {
            let size_bytes: u64 = u.arbitrary()?;
            wire.extend_from_slice(format!("RFC822.SIZE {size_bytes}").as_bytes());
            FetchedItem::Rfc822Size(size_bytes)
        }
        2 => {
            wire.extend_from_slice(b"FLAGS (");
            let mut flags = Vec::new();
            for index in 0..u.int_in_range(0..=4)? {
                if index > 0 {
                    wire.push(b' ');
                }
                let flag = flag(u)?;
                wire.extend_from_slice(&flag);
                flags.push(Flag::parse(&flag));
            }
            wire.push(b')');
            FetchedItem::Flags(flags)
        }
        3 => {
            wire.extend_from_slice(b"ENVELOPE ");
            return Ok(Item::Envelope(envelope(u, wire)?.into()));
        }
        _ if literal.is_some() => {
            wire.extend_from_slice(b"BODY[HEADER] NIL");
            FetchedItem::Body {
                section: Section::header(),
                origin: None,
                value: BodyValue::Nil,
            }
        }
        _ => {
            let origin: Option<u32> = u.arbitrary()?;
            let origin = origin.map(u64::from);
            let name = match origin {
                Some(origin) => format!("BODY[]<{origin}> "),
                None => "BODY[] ".to_owned(),
            };
            wire.extend_from_slice(name.as_bytes());
            let body = text(u, 200)?;
            write_literal(wire, &body);
            let section = Section::message();
            if body.len() > INLINE_BYTES {
                let size_bytes = body.len() as u64;
                *literal = Some(body);
                return Ok(Item::Streamed(section, origin, size_bytes));
            }
            FetchedItem::Body {
                section,
                origin,
                value: BodyValue::Inline(body.into()),
            }
        }
    }))
}

fn flag(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    const LETTERS: &[u8] = b"abSEen$[]-_.+:;,/&0123}";
    let mut flag = Vec::new();
    if u.arbitrary()? {
        flag.push(b'\\');
    }
    for _ in 0..u.int_in_range(1..=8)? {
        flag.push(*u.choose(LETTERS)?);
    }
    Ok(flag)
}

fn envelope(u: &mut Unstructured<'_>, wire: &mut Vec<u8>) -> Result<EnvelopeFields> {
    wire.push(b'(');
    let date = nstring(u, wire)?;
    wire.push(b' ');
    let subject = nstring(u, wire)?;
    let mut lists = [const { Vec::new() }; 6];
    for list in &mut lists {
        wire.push(b' ');
        *list = addresses(u, wire)?;
    }
    wire.push(b' ');
    let in_reply_to = nstring(u, wire)?;
    wire.push(b' ');
    let message_id = nstring(u, wire)?;
    wire.push(b')');
    Ok(EnvelopeFields {
        texts: [date, subject, in_reply_to, message_id],
        lists,
    })
}

fn addresses(u: &mut Unstructured<'_>, wire: &mut Vec<u8>) -> Result<Vec<[Option<Bytes>; 3]>> {
    let mut addresses = Vec::new();
    let count = u.int_in_range(0..=2)?;
    if count == 0 {
        wire.extend_from_slice(b"NIL");
        return Ok(addresses);
    }
    wire.push(b'(');
    for _ in 0..count {
        wire.push(b'(');
        let name = nstring(u, wire)?;
        wire.extend_from_slice(b" NIL ");
        let local_part = nstring(u, wire)?;
        wire.push(b' ');
        let domain = nstring(u, wire)?;
        wire.push(b')');
        addresses.push(match (local_part, domain) {
            // A group has no display name besides its own name.
            (None, None) => [None, None, None],
            (Some(group), None) => [None, Some(group), None],
            (local_part, Some(domain)) => {
                [name, Some(local_part.unwrap_or_default()), Some(domain)]
            }
        });
    }
    wire.push(b')');
    Ok(addresses)
}

/// Draws NIL, or a string in one of its forms.
fn nstring(u: &mut Unstructured<'_>, wire: &mut Vec<u8>) -> Result<Option<Bytes>> {
    if u.ratio(1, 4)? {
        wire.extend_from_slice(b"NIL");
        return Ok(None);
    }
    let text = text(u, 24)?;
    let can_be_quoted = !text.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0));
    if can_be_quoted && u.ratio(3, 4)? {
        wire.push(b'"');
        for byte in &text {
            if matches!(byte, b'"' | b'\\') {
                wire.push(b'\\');
            }
            wire.push(*byte);
        }
        wire.push(b'"');
    } else {
        write_literal(wire, &text);
    }
    Ok(Some(text.into()))
}

fn write_literal(wire: &mut Vec<u8>, text: &[u8]) {
    wire.extend_from_slice(format!("{{{}}}\r\n", text.len()).as_bytes());
    wire.extend_from_slice(text);
}
