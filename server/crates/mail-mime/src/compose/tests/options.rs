//! The optional parts of a message: images, flowed text, calendars, drafts, redirects, encodings.

use super::*;

fn parse(message: &[u8]) -> Message<'_> {
    Message::parse(message, &Limits::DEFAULT).unwrap()
}

fn types(part: &crate::Part) -> String {
    let children: Vec<_> = part.children.iter().map(types).collect();
    match children.is_empty() {
        true => part.media_type.clone(),
        false => format!("{}({})", part.media_type, children.join(", ")),
    }
}

fn field(message: &[u8], name: &str) -> Option<String> {
    let headers = Headers::parse(message).unwrap();
    headers.first(name).map(|field| field.text())
}

fn image(id: &str, octets: &[u8]) -> AttachmentMeta {
    AttachmentMeta {
        content_id: Some(id.to_owned()),
        ..attachment("logo.png", "image/png", octets)
    }
}

#[test]
fn images_of_the_html_are_related_to_it_and_streamed_first() {
    let files: [&[u8]; 4] = [b"pdf", b"one", b"unused", b"two"];
    let mut outgoing = note();
    outgoing.html = Some("<img src=\"cid:1@x.example\"><img src='cid:a%2Bb@x.example'>".to_owned());
    outgoing.attachments = vec![
        attachment("a.pdf", "application/pdf", files[0]),
        image("1@x.example", files[1]),
        image("2@x.example", files[2]),
        image("a+b@x.example", files[3]),
    ];
    outgoing.calendar = Some(CalendarPart {
        method: "REPLY".to_owned(),
        text: "BEGIN:VCALENDAR\nEND:VCALENDAR\n".to_owned(),
    });
    let composer = Composer::new(&outgoing, "Seed").unwrap();
    let order: Vec<_> = composer.parts().map(|(index, _)| index).collect();
    assert_eq!(order, [1, 3, 0, 2]);
    let message = streamed(&composer, &files);
    assert_is_mail(&message);
    let parsed = parse(&message);
    assert_eq!(
        types(parsed.root()),
        "multipart/mixed(multipart/alternative(text/plain, \
         multipart/related(text/html, image/png, image/png), text/calendar), \
         application/pdf, image/png)"
    );
    let related = &parsed.root().children[0].children[1];
    assert_eq!(related.params.value("type"), Some("text/html"));
    let shown = &related.children[1..];
    let ids: Vec<_> = shown
        .iter()
        .map(|part| part.content_id.as_deref().unwrap())
        .collect();
    assert_eq!(ids, ["1@x.example", "a+b@x.example"]);
    for (part, file) in shown.iter().zip([files[1], files[3]]) {
        assert_eq!(part.disposition, crate::tree::Disposition::Inline);
        let octets = parsed.part_bytes(&part.section).unwrap();
        assert_eq!(transfer::decode(octets, part.encoding), file);
    }
    let names: Vec<_> = parsed.root().children[1..]
        .iter()
        .map(|part| part.content_id.as_deref())
        .collect();
    assert_eq!(names, [None, Some("2@x.example")]);
}

#[test]
fn without_html_an_image_is_a_file() {
    let mut outgoing = note();
    outgoing.attachments = vec![image("1@x.example", b"x"), image("bad id\r\nX: y", b"y")];
    let message = built(&outgoing, &[b"x", b"y"]);
    let parsed = parse(&message);
    assert_eq!(
        types(parsed.root()),
        "multipart/mixed(text/plain, image/png, image/png)"
    );
    let ids: Vec<_> = parsed.root().children[1..]
        .iter()
        .map(|part| part.content_id.as_deref())
        .collect();
    assert_eq!(ids, [Some("1@x.example"), None]);
    assert_eq!(parsed.root().readable().attachments.len(), 2);
}

#[test]
fn an_answer_to_an_invitation_is_the_last_form_of_the_text() {
    let text = "BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nSUMMARY:会议\r\nEND:VCALENDAR\r\n";
    let mut outgoing = note();
    outgoing.calendar = Some(CalendarPart {
        method: "REPLY".to_owned(),
        text: text.to_owned(),
    });
    let message = built(&outgoing, &[]);
    assert_is_mail(&message);
    let parsed = parse(&message);
    assert_eq!(
        types(parsed.root()),
        "multipart/alternative(text/plain, text/calendar)"
    );
    let part = &parsed.root().children[1];
    assert_eq!(part.params.value("method"), Some("REPLY"));
    assert_eq!(parsed.part_text(part, 1 << 20), text);

    for method in ["", "REPLY\r\nBcc: x@y.example", "a b", "\u{ff32}", "x;y=z"] {
        outgoing.calendar = Some(CalendarPart {
            method: method.to_owned(),
            text: String::new(),
        });
        assert_eq!(
            Composer::new(&outgoing, "x").unwrap_err(),
            ComposeError::CalendarMethod,
            "{method:?}"
        );
    }
}

#[test]
fn flowed_text_is_sent_without_quoted_printable_if_it_is_ascii() {
    let mut outgoing = note();
    outgoing.is_flowed = true;
    outgoing.body = format!("> {}\n-- \nAnn", "word ".repeat(30));
    let message = built(&outgoing, &[]);
    assert_is_mail(&message);
    let parsed = parse(&message);
    let root = parsed.root();
    assert_eq!(root.encoding, transfer::TransferEncoding::SevenBit);
    let format = crate::text::Format::of(&root.params);
    assert_eq!(format, crate::text::Format::Flowed { del_sp: false });
    let read = crate::text::unwrapped(&parsed.part_text(root, 1 << 20), format);
    let words = "word ".repeat(30);
    assert_eq!(read.trim_end(), format!("> {}\n-- \nAnn", words.trim_end()));

    outgoing.body = format!("{}会议", "word ".repeat(30));
    let message = built(&outgoing, &[]);
    assert_is_mail(&message);
    let parsed = parse(&message);
    let text = parsed.part_text(parsed.root(), 1 << 20);
    assert!(text.contains("word \r\nword"), "{text}");
    assert_eq!(
        crate::text::unwrapped(&text, format).trim_end(),
        outgoing.body
    );
}

#[test]
fn priority_receipt_and_automatic_messages_have_their_fields() {
    let mut outgoing = note();
    let plain = built(&outgoing, &[]);
    for name in [
        "X-Priority",
        "Importance",
        "Disposition-Notification-To",
        "Auto-Submitted",
        "Reply-To",
    ] {
        assert_eq!(field(&plain, name), None, "{name}");
    }
    outgoing.priority = Priority::High;
    outgoing.wants_receipt = true;
    outgoing.auto_submitted = Some(AutoSubmitted::Replied);
    outgoing.reply_to = vec![EmailAddress::new("客服", "help@x.example")];
    let message = built(&outgoing, &[]);
    assert_is_mail(&message);
    for (name, value) in [
        ("X-Priority", "1"),
        ("Importance", "high"),
        ("Auto-Submitted", "auto-replied"),
        ("Reply-To", "客服 <help@x.example>"),
    ] {
        assert_eq!(field(&message, name).as_deref(), Some(value), "{name}");
    }
    let receipt = field(&message, "Disposition-Notification-To").unwrap();
    assert!(
        receipt.contains("zhang@xn--fsqu00a.xn--0zwm56d"),
        "{receipt}"
    );
    outgoing.priority = Priority::Low;
    outgoing.auto_submitted = Some(AutoSubmitted::Generated);
    let message = built(&outgoing, &[]);
    assert_eq!(field(&message, "X-Priority").as_deref(), Some("5"));
    assert_eq!(field(&message, "Importance").as_deref(), Some("low"));
    assert_eq!(
        field(&message, "Auto-Submitted").as_deref(),
        Some("auto-generated")
    );
}

#[test]
fn a_redirect_precedes_the_header_of_the_message() {
    let message = built(&note(), &[]);
    let redirect = |id: &str, to: &[EmailAddress]| {
        Redirect::new(&OutgoingMessage {
            to: to.to_vec(),
            cc: to.to_vec(),
            bcc: vec![EmailAddress::new("", "secret@x.example")],
            ..OutgoingMessage::new(
                EmailAddress::new("李四", "li@x.example"),
                id.to_owned(),
                note().date,
            )
        })
    };
    let to = [EmailAddress::new("", "new@x.example")];
    let redirected = redirect("9@x.example", &to).unwrap();
    assert_eq!(redirected.sender().as_str(), "li@x.example");
    let recipients: Vec<_> = redirected
        .recipients()
        .iter()
        .map(Address::as_str)
        .collect();
    assert_eq!(recipients, ["new@x.example", "secret@x.example"]);
    assert_eq!(
        redirected.own_fields(),
        "Resent-Bcc: <secret@x.example>\r\n"
    );
    let whole = [redirected.fields(), &message].concat();
    assert_is_mail(&whole);
    let headers = Headers::parse(&whole).unwrap();
    let names: Vec<_> = headers.fields().iter().map(|field| field.name()).collect();
    assert_eq!(
        names[..6],
        [
            "Resent-Date",
            "Resent-From",
            "Resent-To",
            "Resent-Cc",
            "Resent-Message-ID",
            "Date"
        ]
    );
    assert_eq!(field(&whole, "Resent-From").unwrap(), "李四 <li@x.example>");
    assert_eq!(headers.message_id().as_deref(), Some("1.2@x.example"));

    let none = Redirect::new(&OutgoingMessage {
        to: Vec::new(),
        cc: Vec::new(),
        bcc: Vec::new(),
        ..note()
    });
    assert_eq!(none.unwrap_err(), ComposeError::NoRecipient);
    let refused = redirect("9@x>\r\nX: y", &to).unwrap_err();
    assert_eq!(refused, ComposeError::MessageId);
    let bad = [EmailAddress::new("", "a@b\r\nX: y")];
    let error = redirect("9@x.example", &bad).unwrap_err();
    assert!(matches!(error, ComposeError::Address { field: "To", .. }));
}

#[test]
fn a_draft_keeps_blind_copies_and_leaves_out_what_is_no_address() {
    let mut outgoing = note();
    outgoing.to = vec![
        EmailAddress::new("", "half an addr"),
        EmailAddress::new("", "bob@x.example"),
    ];
    let typed = "half an addr, bob@x.example\r\nX-Evil: 1".to_owned();
    let extra = [("X-Restante-Draft", typed.clone())];
    let composer = Composer::draft(&outgoing, &extra, "Seed").unwrap();
    let message = streamed(&composer, &[]);
    assert_is_mail(&message);
    let headers = Headers::parse(&message).unwrap();
    let addresses = |list: Vec<EmailAddress>| -> Vec<String> {
        list.into_iter().map(|mailbox| mailbox.address).collect()
    };
    assert_eq!(addresses(headers.to()), ["bob@x.example"]);
    assert_eq!(
        addresses(headers.bcc()),
        ["secret@x.example", "bob@x.example"]
    );
    assert_eq!(extra_field(&headers, "x-restante-draft"), Some(typed));
    assert_eq!(extra_field(&headers, "X-Other"), None);
    assert!(headers.first("X-Evil").is_none());

    (outgoing.to, outgoing.cc, outgoing.bcc) = (Vec::new(), Vec::new(), Vec::new());
    let composer = Composer::draft(&outgoing, &[], "Seed").unwrap();
    assert!(composer.recipients().is_empty());
    let headers = Headers::parse(composer.head()).unwrap();
    assert!(headers.first("To").is_none());
}

#[test]
fn extra_fields_are_limited_in_size_and_name() {
    let outgoing = note();
    let draft = |name, text: String| Composer::draft(&outgoing, &[(name, text)], "Seed");
    let longest = "é\u{0}\r\n".repeat(EXTRA_FIELDS_BYTES / 5);
    let composer = draft("X-Restante-Draft", longest.clone()).unwrap();
    let message = streamed(&composer, &[]);
    assert_is_mail(&message);
    let headers = Headers::parse(&message).unwrap();
    assert_eq!(
        extra_field(&headers, "X-Restante-Draft"),
        Some(longest.clone())
    );
    for (name, text) in [
        ("X-Draft", format!("{longest}{longest}")),
        ("Bcc", "x@y.example".to_owned()),
        ("X-A: b\r\nX-C", String::new()),
        ("", String::new()),
    ] {
        assert_eq!(
            draft(name, text).unwrap_err(),
            ComposeError::ExtraField(name)
        );
    }
    let headers = Headers::parse(b"X-Draft: not base64!\r\n\r\n").unwrap();
    assert_eq!(extra_field(&headers, "X-Draft"), None);
}

#[test]
fn eight_bit_texts_need_a_server_that_takes_them() {
    let mut outgoing = note();
    outgoing.body = "你好，附件是本周的会议纪要。".to_owned();
    outgoing.html = Some(format!("<p>{}</p>", "é".repeat(600)));
    let composer = Composer::new(&outgoing, "Seed").unwrap();
    assert!(!composer.needs_8bitmime() && !composer.needs_smtputf8());

    outgoing.wire = Wire::EightBit;
    let composer = Composer::new(&outgoing, "Seed").unwrap();
    assert!(composer.needs_8bitmime() && !composer.needs_smtputf8());
    let message = streamed(&composer, &[]);
    let parsed = parse(&message);
    let encodings: Vec<_> = parsed.root().children.iter().map(|p| p.encoding).collect();
    use transfer::TransferEncoding::{Base64, EightBit};
    // A line of the HTML is longer than 998 octets.
    assert_eq!(encodings, [EightBit, Base64]);
    let text = parsed.part_text(&parsed.root().children[0], 1 << 20);
    assert_eq!(text.trim_end(), outgoing.body);

    outgoing.body = "ASCII".to_owned();
    outgoing.html = None;
    assert!(!Composer::new(&outgoing, "Seed").unwrap().needs_8bitmime());
}

#[test]
fn utf8_fields_are_written_only_if_asked_for() {
    let mut outgoing = note();
    outgoing.to = vec![EmailAddress::new("José", "josé@例子.测试")];
    for wire in [Wire::SevenBit, Wire::EightBit] {
        outgoing.wire = wire;
        assert_eq!(
            Composer::new(&outgoing, "x").unwrap_err(),
            ComposeError::Address {
                field: "To",
                text: "josé@例子.测试".to_owned(),
                why: InvalidAddress::LocalPartNotAscii,
            }
        );
    }
    outgoing.wire = Wire::Utf8;
    let composer = Composer::new(&outgoing, "Seed").unwrap();
    assert!(composer.needs_smtputf8() && composer.needs_8bitmime());
    let envelope = composer.recipients().first().map(Address::as_str);
    assert_eq!(envelope, Some("josé@xn--fsqu00a.xn--0zwm56d"));
    let message = String::from_utf8(streamed(&composer, &[])).unwrap();
    assert!(message.contains("To: \"José\" <josé@xn--fsqu00a.xn--0zwm56d>\r\n"));
    assert!(message.contains("Subject: 会议纪要 and minutes"));
    let parsed = parse(message.as_bytes());
    assert_eq!(parsed.headers().subject(), outgoing.subject);
    assert_eq!(parsed.headers().from()[0].name, "张三");

    let from = EmailAddress::new("Ann", "ann@x.example");
    let ascii = OutgoingMessage {
        to: vec![from.clone()],
        subject: "Plain".to_owned(),
        wire: Wire::Utf8,
        ..OutgoingMessage::new(from, "1@x.example".to_owned(), note().date)
    };
    assert!(!Composer::new(&ascii, "Seed").unwrap().needs_smtputf8());
}

#[test]
fn lines_that_programs_change_are_quoted_printable() {
    let mut outgoing = note();
    outgoing.body = format!("Hi\nFrom here\nFrom From {}\n", "x".repeat(67));
    let message = String::from_utf8(built(&outgoing, &[])).unwrap();
    assert!(message.contains("quoted-printable\r\n\r\nHi\r\n=46=\r\nrom here\r\n"));
    let (_, body) = message.split_once("\r\n\r\n").unwrap();
    assert!(
        body.lines()
            .all(|l| l.len() <= 76 && !l.starts_with("From ")),
        "{body}"
    );
    let parsed = parse(message.as_bytes());
    let read = parsed.part_text(parsed.root(), 1 << 20);
    assert_eq!(read.replace("\r\n", "\n"), outgoing.body);

    // Nor does a soft break make such a line.
    for start in 0..8 {
        outgoing.body = format!("{}{}\n", "x".repeat(start), " From here on".repeat(20));
        let message = String::from_utf8(built(&outgoing, &[])).unwrap();
        assert!(!message.contains("\r\nFrom "), "{message}");
        let parsed = parse(message.as_bytes());
        let read = parsed.part_text(parsed.root(), 1 << 20);
        assert_eq!(read.replace("\r\n", "\n"), outgoing.body);
    }
}

#[test]
fn a_file_name_is_not_folded_at_a_run_of_spaces() {
    for name in [
        "Minutes  of  the  meeting  of  the  committee,  final  version  2026.pdf",
        "Minutes of the  meeting of the committee, final version, with all notes of 2026.pdf",
    ] {
        let mut outgoing = note();
        outgoing.attachments = vec![attachment(name, "application/pdf", b"")];
        let message = built(&outgoing, &[b""]);
        let parsed = parse(&message);
        assert_eq!(parsed.root().children[1].name.as_deref(), Some(name));
        let text = String::from_utf8_lossy(&message);
        assert!(text.lines().all(|line| !line.starts_with("  ")), "{text}");
    }
}

#[test]
fn equal_input_makes_equal_octets() {
    let mut outgoing = note();
    outgoing.html = Some("<img src=\"cid:1@x.example\">".to_owned());
    outgoing.attachments = vec![image("1@x.example", b"x"), attachment("b", "a/b", b"y")];
    let first = built(&outgoing, &[b"x", b"y"]);
    std::thread::spawn(move || assert_eq!(built(&outgoing, &[b"x", b"y"]), first))
        .join()
        .unwrap();
}
