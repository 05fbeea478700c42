//! Attempts to add a field or a part through every text that enters a message.

use super::*;

/// Texts that would add a field, a part or an end of the header if they were written as they are.
const PAYLOADS: [&str; 16] = [
    "\r\nX-Evil: 1",
    "\nX-Evil: 1",
    "\rX-Evil: 1",
    "\r\n X-Evil: 1\r\nX-Evil: 2",
    "\r\n\r\nbody",
    "\r\n--=_m_Seed\r\nX-Evil: 1\r\n\r\nbody",
    "\r\n--=_a_Seed--\r\n",
    "\0\r\nX-Evil: 1",
    "\0",
    "\u{85}X-Evil: 1",
    "\u{2028}X-Evil: 1\u{2029}Bcc: e@evil.example",
    "\u{b}\u{c}X-Evil: 1",
    "=?utf-8?Q?=0D=0AX-Evil:_1?=",
    "=?utf-8?B?DQpYLUV2aWw6IDE=?=",
    "%0D%0AX-Evil: 1",
    "\";\r\n name=\"x\"\r\nX-Evil: 1",
];

/// One place of a message that a text enters.
type Place = (&'static str, fn(&mut OutgoingMessage, String));

const PLACES: [Place; 20] = [
    ("author's name", |o, text| o.from.name = text),
    ("author's address", |o, text| o.from.address = text),
    ("recipient's name", |o, text| o.to[0].name = text),
    ("recipient's address", |o, text| o.to[0].address = text),
    ("name of a copy", |o, text| o.cc[0].name = text),
    ("name of a blind copy", |o, text| o.bcc[0].name = text),
    ("address of a blind copy", |o, text| o.bcc[0].address = text),
    ("name for answers", |o, text| o.reply_to[0].name = text),
    ("address for answers", |o, text| {
        o.reply_to[0].address = text
    }),
    ("subject", |o, text| o.subject = text),
    ("message id", |o, text| o.message_id = text),
    ("answered id", |o, text| o.in_reply_to = Some(text)),
    ("references", |o, text| o.references = vec![text]),
    ("text", |o, text| o.body = text),
    ("HTML", |o, text| o.html = Some(text)),
    ("method", |o, text| {
        o.calendar.as_mut().unwrap().method = text;
    }),
    ("calendar", |o, text| {
        o.calendar.as_mut().unwrap().text = text
    }),
    ("file name", |o, text| o.attachments[0].name = text),
    ("media type", |o, text| o.attachments[0].media_type = text),
    ("content id", |o, text| {
        o.attachments[0].content_id = Some(text);
    }),
];

fn harmless() -> OutgoingMessage {
    let mut outgoing = note();
    outgoing.reply_to = vec![EmailAddress::new("R", "r@x.example")];
    outgoing.html = Some("<p>x</p>".to_owned());
    outgoing.calendar = Some(CalendarPart {
        method: "REPLY".to_owned(),
        text: "BEGIN:VCALENDAR".to_owned(),
    });
    let mut file = attachment("a.pdf", "application/pdf", b"x");
    file.content_id = Some("1@x.example".to_owned());
    outgoing.attachments = vec![file];
    outgoing
}

/// The names of the fields of a message and of its parts, and the number of parts, by both readers.
#[derive(Debug, PartialEq)]
struct Shape {
    fields: Vec<String>,
    parts: Vec<String>,
    other_fields: Vec<Vec<String>>,
}

fn shape(message: &[u8]) -> Shape {
    fn types(part: &crate::Part, out: &mut Vec<String>) {
        out.push(part.media_type.clone());
        part.children.iter().for_each(|child| types(child, out));
    }
    let parsed = Message::parse(message, &Limits::DEFAULT).unwrap();
    let fields = parsed.headers().fields().iter();
    let mut parts = Vec::new();
    types(parsed.root(), &mut parts);
    let other = mail_parser::MessageParser::default()
        .parse(message)
        .unwrap();
    let names = |part: &mail_parser::MessagePart<'_>| -> Vec<String> {
        let headers = part.headers.iter();
        headers.map(|header| header.name().to_owned()).collect()
    };
    Shape {
        fields: fields.map(|field| field.name().to_owned()).collect(),
        parts,
        other_fields: other.parts.iter().map(names).collect(),
    }
}

/// Whether every name of a list is in the other list, in the same order.
fn is_subset(names: &[String], of: &[String]) -> bool {
    let mut of = of.iter();
    names.iter().all(|name| of.any(|other| other == name))
}

fn assert_adds_nothing(what: &str, message: &[u8], expected: &Shape) {
    assert_is_mail(message);
    let shape = shape(message);
    assert!(
        is_subset(&shape.fields, &expected.fields),
        "{what}: {shape:?}"
    );
    assert_eq!(shape.parts.len(), expected.parts.len(), "{what}: {shape:?}");
    assert_eq!(
        shape.other_fields.len(),
        expected.other_fields.len(),
        "{what}: {shape:?}"
    );
    for (names, of) in shape.other_fields.iter().zip(&expected.other_fields) {
        assert!(is_subset(names, of), "{what}: {shape:?}");
    }
}

#[test]
fn no_text_adds_a_field_or_a_part() {
    let expected = shape(&built_with_seed(&harmless()).unwrap());
    assert_eq!(expected.parts.len(), 6);
    let (mut built, mut refused) = (0, 0);
    for payload in PAYLOADS {
        for (place, set) in PLACES {
            for text in [payload.to_owned(), format!("a@x.example{payload}")] {
                let mut outgoing = harmless();
                set(&mut outgoing, text.clone());
                match built_with_seed(&outgoing) {
                    Ok(message) => {
                        built += 1;
                        assert_adds_nothing(&format!("{place} {text:?}"), &message, &expected);
                    }
                    Err(_) => refused += 1,
                }
            }
        }
    }
    assert_eq!(built + refused, 640);
    // Addresses, the own id and the method are refused; all else is sent.
    assert!(
        refused < 200 && built > 400,
        "{built} built, {refused} refused"
    );
}

#[test]
fn no_text_of_a_draft_adds_a_field() {
    let outgoing = harmless();
    let build = |text: &str| {
        let extra = [("X-Draft", text.to_owned()), ("X-Other", text.to_owned())];
        streamed(
            &Composer::draft(&outgoing, &extra, "Seed").unwrap(),
            &[b"x"],
        )
    };
    let expected = shape(&build("x"));
    for payload in PAYLOADS {
        assert_adds_nothing(payload, &build(payload), &expected);
    }
}

#[test]
fn no_text_of_a_redirect_adds_a_field() {
    let block = |name: &str, address: &str, id: &str| {
        let from = EmailAddress::new("", "f@x.example");
        let mut to = EmailAddress::new("", address);
        name.clone_into(&mut to.name);
        to.address = address.to_owned();
        Redirect::new(&OutgoingMessage {
            to: vec![to],
            ..OutgoingMessage::new(from, id.to_owned(), note().date)
        })
    };
    for payload in PAYLOADS {
        let fields = block(payload, "a@x.example", "1@x.example").unwrap();
        let headers = Headers::parse(fields.fields()).unwrap();
        assert_eq!(headers.fields().len(), 4, "{payload:?}");
        let address = format!("a@x.example{payload}");
        let is_text = !payload.contains(['\r', '\n', '\0', '\u{85}', '\u{2028}', '\u{b}']);
        assert!(block("", &address, "1@x.example").is_err(), "{payload:?}");
        assert!(is_text || block("", "a@x.example", &address).is_err());
    }
}

fn built_with_seed(outgoing: &OutgoingMessage) -> Result<Vec<u8>, ComposeError> {
    let composer = Composer::new(outgoing, "Seed")?;
    Ok(streamed(&composer, &[b"x"]))
}
