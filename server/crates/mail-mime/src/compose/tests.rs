use super::*;
use crate::header::Headers;
use crate::limits::Limits;
use crate::parse::Message;
use crate::transfer::{Encoder, SevenBitScan};
use proptest::prelude::*;

mod injection;
mod options;
mod properties;
mod redirected;

fn note() -> OutgoingMessage {
    OutgoingMessage {
        to: vec![
            EmailAddress::new("Doe, \"Jane\"", "jane@x.example"),
            EmailAddress::new("", "bob@x.example"),
        ],
        cc: vec![EmailAddress::new("Cat C", "cat@x.example")],
        bcc: vec![
            EmailAddress::new("Secret", "secret@x.example"),
            EmailAddress::new("", "bob@x.example"),
        ],
        subject: "会议纪要 and minutes of the meeting that took rather long on Friday".to_owned(),
        body: "Hello\n\n> quoted\n.\nbye".to_owned(),
        in_reply_to: Some("0@x.example".to_owned()),
        references: vec!["a@x.example".to_owned(), "0@x.example".to_owned()],
        ..OutgoingMessage::new(
            EmailAddress::new("张三", "zhang@例子.测试"),
            "1.2@x.example".to_owned(),
            Date {
                unix_ms: 1_795_223_265_000,
                offset_minutes: 480,
            },
        )
    }
}

fn attachment(name: &str, media_type: &str, octets: &[u8]) -> AttachmentMeta {
    AttachmentMeta {
        name: name.to_owned(),
        media_type: media_type.to_owned(),
        size_bytes: octets.len() as u64,
        content_id: None,
        is_literal: false,
    }
}

fn built(outgoing: &OutgoingMessage, files: &[&[u8]]) -> Vec<u8> {
    let composer = Composer::new(outgoing, "Seed0123456789").unwrap();
    streamed(&composer, files)
}

fn streamed(composer: &Composer, files: &[&[u8]]) -> Vec<u8> {
    streamed_with(composer, files, &[])
}

/// Writes a message, with the files at these indexes as they are.
fn streamed_with(composer: &Composer, files: &[&[u8]], literal: &[usize]) -> Vec<u8> {
    let mut out = composer.head().to_vec();
    for (index, head) in composer.parts() {
        out.extend_from_slice(head);
        if literal.contains(&index) {
            out.extend_from_slice(files[index]);
            continue;
        }
        let mut encoder = Encoder::new();
        encoder.push(files[index], &mut out);
        encoder.finish(&mut out);
    }
    assert_eq!(composer.parts().len(), files.len());
    out.extend_from_slice(composer.tail());
    assert_eq!(out.len() as u64, composer.size_bytes());
    out
}

/// Asserts the form that every server accepts: CRLF only, no line over 998, ASCII, no NUL.
fn assert_is_mail(message: &[u8]) {
    let text = std::str::from_utf8(message).expect("ASCII");
    assert!(text.is_ascii() && !text.contains('\0'));
    assert!(text.ends_with("\r\n"));
    for line in text.split_terminator("\r\n") {
        assert!(!line.contains(['\r', '\n']), "{line:?}");
        assert!(line.len() <= 998, "{} octets", line.len());
    }
}

#[test]
fn a_simple_message_has_exactly_these_octets() {
    let expected = concat!(
        "Date: Sat, 21 Nov 2026 09:07:45 +0800\r\n",
        "From: =?utf-8?B?5byg5LiJ?= <zhang@xn--fsqu00a.xn--0zwm56d>\r\n",
        "To: \"Doe, \\\"Jane\\\"\" <jane@x.example>, <bob@x.example>\r\n",
        "Cc: \"Cat C\" <cat@x.example>\r\n",
        "Subject: =?utf-8?Q?=E4=BC=9A=E8=AE=AE=E7=BA=AA=E8=A6=81_and_minutes_of_the?=\r\n",
        " =?utf-8?Q?_meeting_that_took_rather_long_on_Friday?=\r\n",
        "Message-ID: <1.2@x.example>\r\n",
        "In-Reply-To: <0@x.example>\r\n",
        "References: <a@x.example> <0@x.example>\r\n",
        "MIME-Version: 1.0\r\n",
        "Content-Type: text/plain; charset=\"utf-8\"\r\n",
        "Content-Transfer-Encoding: 7bit\r\n",
        "\r\n",
        "Hello\r\n\r\n> quoted\r\n.\r\nbye\r\n",
    );
    assert_eq!(String::from_utf8(built(&note(), &[])).unwrap(), expected);
}

#[test]
fn blind_copies_are_in_the_envelope_only() {
    let composer = Composer::new(&note(), "x").unwrap();
    let recipients: Vec<_> = composer.recipients().iter().map(Address::as_str).collect();
    assert_eq!(
        recipients,
        [
            "jane@x.example",
            "bob@x.example",
            "cat@x.example",
            "secret@x.example"
        ]
    );
    assert_eq!(composer.sender().as_str(), "zhang@xn--fsqu00a.xn--0zwm56d");
    assert!(
        !String::from_utf8_lossy(composer.head())
            .to_lowercase()
            .contains("secret")
    );

    let mut blind = note();
    (blind.to, blind.cc) = (Vec::new(), Vec::new());
    let message = built(&blind, &[]);
    assert!(String::from_utf8_lossy(&message).contains("To: undisclosed-recipients:;\r\n"));
}

#[test]
fn a_message_of_plain_lines_is_attached_as_a_message() {
    let inner = b"From: a@x.example\r\nSubject: inner\r\n\r\nFirst line\r\nSecond line\r\n";
    let file = b"\x00\xff";
    let mut outgoing = note();
    outgoing.attachments = vec![
        attachment("photo.bin", "application/octet-stream", file),
        AttachmentMeta {
            is_literal: true,
            ..attachment("inner.eml", "message/rfc822", inner)
        },
    ];
    let composer = Composer::new(&outgoing, "Seed0123456789").unwrap();
    let message = streamed_with(&composer, &[file, inner], &[1]);
    assert_is_mail(&message);
    let text = String::from_utf8(message.clone()).unwrap();
    assert!(text.contains("Content-Type: message/rfc822;"), "{text}");
    let parsed = Message::parse(&message, &Limits::DEFAULT).unwrap();
    let nested = parsed.root().readable();
    let nested = nested
        .attachments
        .iter()
        .find(|part| part.media_type == "message/rfc822")
        .expect("a nested message");
    assert_eq!(nested.name.as_deref(), Some("inner.eml"));
    assert!(text.contains(std::str::from_utf8(inner).unwrap()));
}

#[test]
fn only_plain_lines_are_sent_as_they_are() {
    let is_plain = |octets: &[u8]| {
        let whole = {
            let mut scan = SevenBitScan::default();
            scan.push(octets);
            scan.finish()
        };
        let mut scan = SevenBitScan::default();
        octets.iter().for_each(|octet| scan.push(&[*octet]));
        assert_eq!(scan.finish(), whole);
        whole
    };
    let longest = "x".repeat(998) + "\r\n";
    for plain in ["", "a\r\nb", "\r\n\r\n", &longest] {
        assert!(is_plain(plain.as_bytes()), "{plain:?}");
    }
    let too_long = "x".repeat(999) + "\r\n";
    for other in ["a\nb", "a\rb", "a\r", "\n", "a\0b", "caf\u{e9}", &too_long] {
        assert!(!is_plain(other.as_bytes()), "{other:?}");
    }
}

#[test]
fn attachments_round_trip_with_name_type_and_octets() {
    let files: [&[u8]; 4] = [&[0, 1, 2, 255], b"", &[7; 10_000], b"From: x"];
    let mut outgoing = note();
    let long = format!("{}.xlsx", "季度报价单".repeat(8));
    outgoing.attachments = vec![
        attachment("报价.pdf", "application/pdf", files[0]),
        attachment("empty file.txt", "text/plain", files[1]),
        attachment(&long, "not a type\r\nX-Evil: 1", files[2]),
        attachment("mail.eml", "message/rfc822", files[3]),
    ];
    let message = built(&outgoing, &files);
    assert_is_mail(&message);
    let parsed = Message::parse(&message, &Limits::DEFAULT).unwrap();
    assert_eq!(parsed.root().media_type, "multipart/mixed");
    let found = parsed.root().readable();
    assert_eq!(
        parsed.part_text(found.texts[0], 1 << 20).trim_end(),
        "Hello\r\n\r\n> quoted\r\n.\r\nbye"
    );
    let names: Vec<_> = found
        .attachments
        .iter()
        .map(|part| part.name.as_deref().unwrap())
        .collect();
    assert_eq!(
        names,
        ["报价.pdf", "empty file.txt", long.as_str(), "mail.eml"]
    );
    let types: Vec<_> = found
        .attachments
        .iter()
        .map(|part| part.media_type.as_str())
        .collect();
    let plain = "application/octet-stream";
    assert_eq!(types, ["application/pdf", "text/plain", plain, plain]);
    for (part, file) in found.attachments.iter().zip(files) {
        let octets = parsed.part_bytes(&part.section).unwrap();
        assert_eq!(transfer::decode(octets, part.encoding), file);
    }
    // mail-parser parses the same content.
    let second = mail_parser::MessageParser::default()
        .parse(&message)
        .unwrap();
    assert_eq!(second.attachment_count(), 4);
    assert_eq!(second.subject().unwrap(), outgoing.subject);
}

#[test]
fn names_are_written_for_programs_that_know_only_one_form() {
    let mut outgoing = note();
    outgoing.attachments = vec![attachment("报价.pdf", "application/pdf", b"")];
    let message = String::from_utf8(built(&outgoing, &[b""])).unwrap();
    assert!(message.contains(" name=\"=?UTF-8?B?5oql5Lu3LnBkZg==?=\"\r\n"));
    assert!(message.contains(" filename*=UTF-8''%E6%8A%A5%E4%BB%B7.pdf\r\n"));
}

#[test]
fn the_text_has_the_simplest_sufficient_encoding() {
    let encoding = |body: &str| {
        let mut outgoing = note();
        outgoing.body = body.to_owned();
        let message = built(&outgoing, &[]);
        assert_is_mail(&message);
        let parsed = Message::parse(&message, &Limits::DEFAULT).unwrap();
        let text = parsed.part_text(parsed.root(), 1 << 20);
        let plain = body
            .replace("\r\n", "\n")
            .replace('\r', "\n")
            .replace('\0', "");
        assert_eq!(
            text.replace("\r\n", "\n").trim_end_matches('\n'),
            plain.trim_end_matches('\n')
        );
        parsed.root().encoding
    };
    use transfer::TransferEncoding::{Base64, QuotedPrintable, SevenBit};
    assert_eq!(encoding("plain\r\nwith\rall\nends"), SevenBit);
    assert_eq!(encoding(""), SevenBit);
    assert_eq!(
        encoding("a café somewhere in a long English text"),
        QuotedPrintable
    );
    assert_eq!(encoding("你好，附件是本周的会议纪要。"), Base64);
    assert_eq!(encoding(&"x".repeat(5_000)), QuotedPrintable);
    assert_eq!(
        encoding("a\nFrom here on\n.\n--\n=20 \t\nb\0c\u{7}"),
        QuotedPrintable
    );
}

#[test]
fn a_text_that_contains_the_boundary_cannot_end_the_part() {
    let mut outgoing = note();
    outgoing.body = "--=_m_Seed0123456789--\nstill text".to_owned();
    outgoing.attachments = vec![attachment("a", "a/b", b"x")];
    let message = built(&outgoing, &[b"x"]);
    let parsed = Message::parse(&message, &Limits::DEFAULT).unwrap();
    let found = parsed.root().readable();
    assert!(
        parsed
            .part_text(found.texts[0], 1 << 20)
            .contains("still text")
    );
    assert_eq!(found.attachments.len(), 1);
}

#[test]
fn text_and_html_are_two_forms_of_one_message() {
    let html = "<p>caf\u{e9}</p>\r\n--=_a_Seed0123456789--\r\n--=_m_Seed0123456789--\r\n<p>end</p>";
    let mut outgoing = note();
    outgoing.html = Some(html.to_owned());
    for files in [&[][..], &[b"octets".as_slice()][..]] {
        outgoing.attachments = files
            .iter()
            .map(|file| attachment("a.bin", "a/b", file))
            .collect();
        let message = built(&outgoing, files);
        assert_is_mail(&message);
        let parsed = Message::parse(&message, &Limits::DEFAULT).unwrap();
        let root = parsed.root();
        let forms = match files.len() {
            0 => root,
            _ => &root.children[0],
        };
        assert_eq!(forms.media_type, "multipart/alternative");
        let types: Vec<_> = forms.children.iter().map(|part| &part.media_type).collect();
        assert_eq!(types, ["text/plain", "text/html"]);
        let texts = [&outgoing.body, html];
        for (part, text) in forms.children.iter().zip(texts) {
            let read = parsed.part_text(part, 1 << 20).replace("\r\n", "\n");
            assert_eq!(read.trim_end(), text.replace("\r\n", "\n"));
        }
        assert_eq!(root.readable().attachments.len(), files.len());
    }
}

#[test]
fn invalid_messages_are_refused() {
    let error = |change: fn(&mut OutgoingMessage)| {
        let mut outgoing = note();
        change(&mut outgoing);
        Composer::new(&outgoing, "x").unwrap_err()
    };
    assert_eq!(
        error(|o| (o.to, o.cc, o.bcc) = (vec![], vec![], vec![])),
        ComposeError::NoRecipient
    );
    for id in ["a@b\r\nBcc: x@y.example", "a b@c", "<a@b>", "", "no-at"] {
        let mut outgoing = note();
        outgoing.message_id = id.to_owned();
        assert_eq!(
            Composer::new(&outgoing, "x").unwrap_err(),
            ComposeError::MessageId,
            "{id}"
        );
    }
    assert_eq!(
        error(|o| o.bcc = vec![EmailAddress::new("", "nobody")]),
        ComposeError::Address {
            field: "Bcc",
            text: "nobody".to_owned(),
            why: InvalidAddress::NoAt
        }
    );
}

#[test]
fn foreign_message_ids_cannot_add_a_field() {
    let mut outgoing = note();
    outgoing.in_reply_to = Some("x\r\nBcc: y@z.example".to_owned());
    outgoing.references = vec!["a>\r\nX: <b".to_owned(), "ok@x".to_owned()];
    outgoing
        .references
        .extend((0..300).map(|n| format!("{n}@x.example")));
    let message = built(&outgoing, &[]);
    assert_is_mail(&message);
    let headers = Headers::parse(&message).unwrap();
    assert_eq!(headers.in_reply_to(), Vec::<String>::new());
    let references = headers.references();
    assert_eq!(references.len(), 100);
    assert_eq!(
        (&*references[0], &*references[99]),
        ("ok@x", "299@x.example")
    );
    assert!(headers.first("X").is_none() && headers.first("Bcc").is_none());
}

#[test]
fn a_subject_keeps_its_direction_marks_and_adds_no_field() {
    for (typed, sent) in [
        ("שלום\u{200f} (ABC)", "שלום\u{200f} (ABC)"),
        (
            "می\u{200c}خواهم 👩\u{200d}👧",
            "می\u{200c}خواهم 👩\u{200d}👧",
        ),
        ("\u{200f}marks", "\u{200f}marks"),
        ("  one\r\nBcc: x@y.example\0\t", "one  Bcc: x@y.example"),
    ] {
        let mut outgoing = note();
        outgoing.subject = typed.to_owned();
        let message = built(&outgoing, &[]);
        assert_is_mail(&message);
        let read = mail_parser::MessageParser::default()
            .parse(&message)
            .unwrap();
        assert_eq!(read.subject(), Some(sent));
        assert!(read.bcc().is_none());
    }
}

const FIELDS: [&str; 11] = [
    "Date",
    "From",
    "To",
    "Cc",
    "Subject",
    "Message-ID",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
];

proptest! {
    #[test]
    fn any_typed_text_round_trips_and_adds_no_field(
        name in "\\PC{0,80}|[a-z\"\\\\<>,:;@=?\r\n ]{0,80}",
        subject in "\\PC{0,200}|[A-Z: =?\r\n\t]{0,200}|[a-z]{0,1200}",
        body in "\\PC{0,200}|[a-zF.=\r\n \t-]{0,400}",
        file in "\\PC{0,80}",
        octets in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut outgoing = note();
        outgoing.from.name = name.clone();
        outgoing.subject = subject.clone();
        outgoing.body = body.clone();
        outgoing.attachments = vec![attachment(&file, "application/pdf", &octets)];
        let message = built(&outgoing, &[&octets]);
        assert_is_mail(&message);
        let parsed = Message::parse(&message, &Limits::DEFAULT).unwrap();
        let names: Vec<_> = parsed.headers().fields().iter().map(|field| field.name()).collect();
        prop_assert_eq!(&names[..], &FIELDS[..10]);
        let shown = crate::display::line(&subject);
        prop_assert_eq!(parsed.headers().subject(), shown.trim());
        let from = parsed.headers().from();
        prop_assert_eq!(from.len(), 1);
        prop_assert_eq!(from[0].address.as_str(), "zhang@xn--fsqu00a.xn--0zwm56d");
        let shown = crate::display::line(&name);
        prop_assert_eq!(from[0].name.as_str(), shown.trim());
        let found = parsed.root().readable();
        prop_assert_eq!(found.attachments.len(), 1);
        let part = found.attachments[0];
        let file = crate::display::file_name(&file).unwrap_or_else(|| "attachment".to_owned());
        prop_assert_eq!(part.name.as_deref(), Some(file.as_str()));
        let sent = parsed.part_bytes(&part.section).unwrap();
        prop_assert_eq!(transfer::decode(sent, part.encoding), octets);
        let text = parsed.part_text(found.texts[0], 1 << 20).replace("\r\n", "\n");
        let plain = body.replace("\r\n", "\n").replace('\r', "\n");
        prop_assert_eq!(text.trim_end_matches('\n'), plain.trim_end_matches('\n'));
    }
}
