use super::*;
use proptest::prelude::*;

fn recipient_of(fields: &str) -> Recipient {
    let report = parse_delivery_status(format!("Reporting-MTA: dns; a\n\n{fields}").as_bytes());
    assert_eq!(report.recipients.len(), 1, "{fields}");
    report.recipients.into_iter().next().unwrap()
}

fn addresses(report: &DeliveryReport) -> Vec<&str> {
    let recipients = report.recipients.iter();
    recipients
        .map(|recipient| recipient.address().map_or("-", |one| one.address.as_str()))
        .collect()
}

#[test]
fn a_report_of_postfix_is_read() {
    let part = "Reporting-MTA: dns; mail.a.example\r\nX-Postfix-Queue-ID: 4F2\r\n\
        Arrival-Date: Sat, 21 Nov 2026 09:07:45 +0800 (CST)\r\n\r\n\
        Final-Recipient: rfc822; bob@b.example\r\nOriginal-Recipient: rfc822;bob@c.example\r\n\
        Action: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; mx.b.example\r\n\
        Diagnostic-Code: smtp; 550 5.1.1 <bob@b.example>: Recipient address\r\n    rejected: User\r\n\
        \tunknown; see rfc822\r\n\r\n\
        Final-Recipient: rfc822; eve@b.example\r\nAction: delayed\r\nStatus: 4.4.1\r\n\
        Diagnostic-Code: X-Postfix; connect to mx.b.example[192.0.2.1]:25: timed out\r\n\
        Will-Retry-Until: Thu, 26 Nov 2026 09:07:45 +0800 (CST)\r\n";
    let report = parse_delivery_status(part.as_bytes());
    assert_eq!(report.reporting_mta.as_deref(), Some("mail.a.example"));
    assert!(!report.is_guessed);
    let [bob, eve] = report.recipients.as_slice() else {
        panic!("{report:?}");
    };
    assert_eq!(bob.address().unwrap().address, "bob@c.example");
    assert_eq!(
        bob.final_recipient.as_ref().unwrap().address,
        "bob@b.example"
    );
    assert_eq!(bob.action, Some(Action::Failed));
    assert_eq!(bob.status.unwrap().to_string(), "5.1.1");
    assert_eq!(bob.remote_mta.as_deref(), Some("mx.b.example"));
    let diagnostic = bob.diagnostic.as_ref().unwrap();
    assert_eq!(diagnostic.kind, "smtp");
    assert_eq!(
        diagnostic.text,
        "550 5.1.1 <bob@b.example>: Recipient address rejected: User unknown; see rfc822"
    );
    assert_eq!(eve.action, Some(Action::Delayed));
    assert_eq!(eve.diagnostic.as_ref().unwrap().kind, "x-postfix");
    let until = eve.will_retry_until.unwrap();
    assert_eq!(until.to_string(), "Thu, 26 Nov 2026 09:07:45 +0800");
}

#[test]
fn a_report_of_exchange_is_read() {
    let part = "Reporting-MTA: dns;AM0PR01.eurprd01.prod.exchangelabs.example\n\
        Received-From-MTA: dns;mail.a.example\nArrival-Date: Sat, 21 Nov 2026 01:07:45 +0000\n\n\
        Final-Recipient: rfc822;bob@b.example\nAction: failed\nStatus: 5.7.1\n\
        Diagnostic-Code: smtp;550 5.7.1 RESOLVER.RST.AuthRequired; authentication required\n\
        Remote-MTA: dns;mx.b.example\nX-Display-Name: Bob\n\n";
    let report = parse_delivery_status(part.as_bytes());
    assert_eq!(addresses(&report), ["bob@b.example"]);
    let recipient = &report.recipients[0];
    assert_eq!(recipient.status, StatusCode::parse("5.7.1"));
    assert_eq!(
        recipient.diagnostic.as_ref().unwrap().text,
        "550 5.7.1 RESOLVER.RST.AuthRequired; authentication required"
    );
}

#[test]
fn groups_are_found_where_empty_lines_are_missing_or_too_many() {
    let group = |address: &str| {
        format!("Original-Recipient: rfc822;{address}\nFinal-Recipient: rfc822;{address}\n")
    };
    let end = "Action: failed\nStatus: 5.0.0\n";
    let (one, two) = (group("a@x.example"), group("b@x.example"));
    for part in [
        format!("Reporting-MTA: dns; h\n\n{one}{end}\n{two}{end}"),
        format!("Reporting-MTA: dns; h\n{one}{end}{two}{end}"),
        format!("\n\n\nReporting-MTA: dns; h\n\n\n{one}\n{end}\n\n{two}\n{end}\n"),
        format!("Reporting-MTA: dns; h\n{one}{two}{end}"),
        format!("{one}\n{two}\nReporting-MTA: dns; h\n"),
        format!("junk\nReporting-MTA: dns; h\n\n{one}junk\n{end}\n{two}{end}"),
    ] {
        for part in [part.clone(), part.replace('\n', "\r\n")] {
            let report = parse_delivery_status(part.as_bytes());
            assert_eq!(
                addresses(&report),
                ["a@x.example", "b@x.example"],
                "{part:?}"
            );
            assert_eq!(report.reporting_mta.as_deref(), Some("h"), "{part:?}");
        }
    }
}

#[test]
fn addresses_of_recipients_lose_type_and_encoding() {
    for (written, expected) in [
        ("rfc822; ann@a.example", Some("ann@a.example")),
        ("RFC822;<ann@a.example>", Some("ann@a.example")),
        ("ann@a.example", Some("ann@a.example")),
        ("rfc822;ann+2Bwork@a.example", Some("ann+work@a.example")),
        ("rfc822;a+2Bb+3Dc@a.example", Some("a+b=c@a.example")),
        // A tag that is not encoded.
        ("rfc822;ann+2024@a.example", Some("ann+2024@a.example")),
        ("rfc822;ann+0D+0A@a.example", Some("ann+0D+0A@a.example")),
        ("rfc822;ann+@a.example", Some("ann+@a.example")),
        ("utf-8;\\x{5F20}@a.example", Some("张@a.example")),
        (
            "utf-8;\\x{D800}\\x{0}a@a.example",
            Some("\\x{D800}\u{fffd}a@a.example"),
        ),
        (
            "rfc822;=?utf-8?Q?ann=40a.example?=",
            Some("=?utf-8?Q?ann=40a.example?="),
        ),
        ("rfc822;", None),
    ] {
        let recipient = recipient_of(&format!("Final-Recipient: {written}\nAction: failed\n"));
        let address = recipient.address().map(|one| one.address.as_str());
        assert_eq!(address, expected, "{written}");
    }
    let long = format!("Final-Recipient: rfc822;{}@a.example\n", "a".repeat(1_000));
    assert_eq!(recipient_of(&long).address(), None);
}

#[test]
fn comments_and_odd_values_are_tolerated() {
    let recipient = recipient_of(
        "Final-Recipient: rfc822; a@x.example\nAction: FAILED (bad mailbox)\n\
         Status: 5.1.1 (bad destination mailbox address)\nDiagnostic-Code: 550 no; not here\n",
    );
    assert_eq!(recipient.action, Some(Action::Failed));
    assert_eq!(recipient.status.unwrap().to_string(), "5.1.1");
    let expected = Diagnostic {
        kind: String::new(),
        text: "550 no; not here".to_owned(),
    };
    assert_eq!(recipient.diagnostic, Some(expected));

    let recipient = recipient_of(
        "Final-Recipient: rfc822; a@x.example\nAction: exploded\nStatus: 9.1.1\n\
         Diagnostic-Code:\nWill-Retry-Until: soon\n",
    );
    let expected = Recipient {
        final_recipient: Some(EmailAddress::new("", "a@x.example")),
        ..Recipient::default()
    };
    assert_eq!(recipient, expected);
}

#[test]
fn status_codes_have_three_numbers() {
    for text in [
        "", "5", "5.1", "5.1.1.1", "3.1.1", "5.1.1000", "5.-1.1", "5.1.",
    ] {
        assert_eq!(StatusCode::parse(text), None, "{text}");
    }
    assert_eq!(
        StatusCode::parse("4.100.999").unwrap().to_string(),
        "4.100.999"
    );
}

#[test]
fn recipients_and_texts_are_bounded() {
    let groups = "Final-Recipient: rfc822; a@x.example\nAction: failed\n".repeat(5_000);
    assert_eq!(
        parse_delivery_status(groups.as_bytes()).recipients.len(),
        RECIPIENTS_MAX
    );
    let long = format!(
        "Final-Recipient: rfc822; a@x.example\nDiagnostic-Code: smtp; {}\n",
        "é ".repeat(50_000)
    );
    let text = recipient_of(&long).diagnostic.unwrap().text;
    assert!((1_900..=2_000).contains(&text.len()), "{}", text.len());
    let lines = "<a@x.example>: no\n\n".repeat(5_000);
    let bounce = parse_text_bounce(&format!("Hi. This is the qmail-send program\n\n{lines}"));
    assert_eq!(bounce.unwrap().report.recipients.len(), RECIPIENTS_MAX);
}

#[test]
fn the_returned_message_is_identified() {
    for part in [
        "Subject: x\r\nMessage-ID: <1@a.example>\r\n\r\nbody",
        "\r\nmessage-id:\r\n <1@a.example>\r\n",
        "Received: by a\nMessage-Id: <1@a.example>",
        "Resent-Message-ID: <1@a.example>\r\nResent-Message-ID: <2@a.example>\r\nMessage-ID: <3@a.example>",
    ] {
        let id = returned_message_id(part.as_bytes());
        assert_eq!(id.as_deref(), Some("1@a.example"), "{part:?}");
    }
    for part in [
        "",
        "\r\n\r\n",
        "Subject: x\r\n\r\nMessage-ID: <1@a.example>\r\n",
    ] {
        assert_eq!(returned_message_id(part.as_bytes()), None, "{part:?}");
    }
}

#[test]
fn the_kind_of_a_report_is_a_parameter() {
    for (value, expected) in [
        ("delivery-status", Some(ReportKind::DeliveryStatus)),
        (
            "Disposition-Notification",
            Some(ReportKind::DispositionNotification),
        ),
        ("feedback-report", Some(ReportKind::Feedback)),
        ("tlsrpt", None),
    ] {
        let params = Params::decode([("report-type", value)]);
        assert_eq!(ReportKind::of(&params), expected, "{value}");
    }
}

#[test]
fn a_read_receipt_is_read() {
    let part = "Reporting-UA: pc.a.example; Mail 1.0\r\nOriginal-Recipient: rfc822;team@a.example\r\n\
        Final-Recipient: rfc822;ann@a.example\r\nOriginal-Message-ID: <1@b.example>\r\n\
        Disposition: manual-action/MDN-sent-manually; displayed/Error, expired\r\n\r\n";
    let report = parse_disposition(part.as_bytes());
    assert_eq!(report.original_message_id.as_deref(), Some("1@b.example"));
    assert_eq!(report.final_recipient.unwrap().address, "ann@a.example");
    assert_eq!(report.original_recipient.unwrap().address, "team@a.example");
    let disposition = report.disposition.unwrap();
    assert_eq!(disposition.kind, DispositionKind::Displayed);
    assert!(!disposition.is_automatic_action && !disposition.is_sent_automatically);
    assert_eq!(disposition.modifiers, ["error", "expired"]);
}

#[test]
fn dispositions_as_programs_write_them() {
    let parse = |value: &str| {
        let part = format!("\nDisposition: {value}\n");
        let disposition = parse_disposition(part.as_bytes()).disposition?;
        Some((
            disposition.kind,
            disposition.is_automatic_action,
            disposition.is_sent_automatically,
        ))
    };
    for (value, expected) in [
        (
            "automatic-action/MDN-sent-automatically;deleted",
            Some((DispositionKind::Deleted, true, true)),
        ),
        (
            "processed",
            Some((DispositionKind::Processed, false, false)),
        ),
        (
            "manual-action / MDN-sent-manually ; DISPATCHED",
            Some((DispositionKind::Dispatched, false, false)),
        ),
        (
            "manual-action/MDN-sent-manually; denied",
            Some((DispositionKind::Other("denied".to_owned()), false, false)),
        ),
        ("manual-action/MDN-sent-manually;", None),
        ("", None),
    ] {
        assert_eq!(parse(value), expected, "{value}");
    }
}

#[test]
fn a_bounce_of_qmail_is_recognized() {
    let text = "Hi. This is the qmail-send program at mail.a.example.\n\
        I'm afraid I wasn't able to deliver your message to the following addresses.\n\
        This is a permanent error; I've given up. Sorry it didn't work out.\n\n\
        <bob@b.example>:\n192.0.2.1 does not like recipient.\n\
        Remote host said: 550 5.1.1\n<bob@b.example>: Recipient address rejected\n\
        Giving up on 192.0.2.1.\n\n<eve@a.example>:\n\
        Sorry, no mailbox here by that name. (#5.1.2)\n\n\
        --- Below this line is a copy of the message.\n\n\
        Return-Path: <ann@a.example>\nMessage-ID: <1@a.example>\n\n<not@x.example>:\nText\n";
    for text in [text.to_owned(), text.replace('\n', "\r\n")] {
        let bounce = parse_text_bounce(&text).unwrap();
        assert_eq!(bounce.program, BounceProgram::Qmail);
        assert_eq!(bounce.returned_message_id.as_deref(), Some("1@a.example"));
        let report = bounce.report;
        assert!(report.is_guessed);
        assert_eq!(report.reporting_mta.as_deref(), Some("mail.a.example"));
        assert_eq!(addresses(&report), ["bob@b.example", "eve@a.example"]);
        assert_eq!(report.recipients[0].status, StatusCode::parse("5.1.1"));
        assert_eq!(report.recipients[1].status, StatusCode::parse("5.1.2"));
        assert_eq!(report.recipients[1].action, Some(Action::Failed));
        assert_eq!(
            report.recipients[1].diagnostic.as_ref().unwrap().text,
            "Sorry, no mailbox here by that name. (#5.1.2)"
        );
    }
}

#[test]
fn a_bounce_of_exim_is_recognized() {
    let text = "This message was created automatically by mail delivery software.\n\n\
        A message that you sent could not be delivered to one or more of its\n\
        recipients. This is a permanent error. The following address(es) failed:\n\n\
        \x20 bob@b.example\n    (ultimately generated from team@a.example)\n\
        \x20   host mx.b.example [192.0.2.1]\n\
        \x20   SMTP error from remote mail server after RCPT TO:<bob@b.example>:\n\
        \x20   550 5.1.1 User unknown\n  eve@a.example\n    Unrouteable address\n\n\
        ------ This is a copy of the message, including all the headers. ------\n\n\
        Message-ID: <1@a.example>\n\n  not@x.example\n";
    let bounce = parse_text_bounce(text).unwrap();
    assert_eq!(bounce.program, BounceProgram::Exim);
    assert_eq!(bounce.returned_message_id.as_deref(), Some("1@a.example"));
    let report = bounce.report;
    assert_eq!(addresses(&report), ["bob@b.example", "eve@a.example"]);
    assert_eq!(report.recipients[0].status, StatusCode::parse("5.1.1"));
    assert_eq!(
        report.recipients[1].diagnostic.as_ref().unwrap().text,
        "Unrouteable address"
    );

    let text = "This message was created automatically by mail delivery software.\n\
        A message that you sent has not yet been delivered to one or more of its\n\
        recipients after more than 24 hours on the queue on mail.a.example.\n\n\
        The address to which the message has not yet been delivered is:\n\n  bob@b.example\n\n\
        No action is required on your part.\n";
    let report = parse_text_bounce(text).unwrap().report;
    assert_eq!(report.recipients[0].action, Some(Action::Delayed));
    assert_eq!(report.recipients[0].diagnostic, None);
}

#[test]
fn a_bounce_of_postfix_is_recognized() {
    let text = "This is the mail system at host mail.a.example.\n\n\
        I'm sorry to have to inform you that your message could not\n\
        be delivered to one or more recipients. It's attached below.\n\n\
        \x20                  The mail system\n\n\
        <bob@b.example> (expanded from <team@a.example>): host mx.b.example[192.0.2.1]\n\
        \x20   said: 550 5.1.1 <bob@b.example>: Recipient address rejected (in reply to\n\
        \x20   RCPT TO command)\n";
    let bounce = parse_text_bounce(text).unwrap();
    assert_eq!(bounce.program, BounceProgram::Postfix);
    assert_eq!(bounce.returned_message_id, None);
    let report = bounce.report;
    assert_eq!(report.reporting_mta.as_deref(), Some("mail.a.example"));
    assert_eq!(addresses(&report), ["bob@b.example"]);
    assert_eq!(report.recipients[0].status, StatusCode::parse("5.1.1"));
    let warning = text.replace("I'm sorry", "# THIS IS A WARNING ONLY. #\nI'm sorry");
    let report = parse_text_bounce(&warning).unwrap().report;
    assert_eq!(report.recipients[0].action, Some(Action::Delayed));
}

#[test]
fn other_texts_are_no_bounces() {
    for text in [
        "",
        "Hi. This is the qmail-send program at mail.a.example.",
        "Hi. This is the qmail-send program at mail.a.example.\nNothing else.\n",
        "Hi Bob,\n\n<bob@b.example>:\nis this your address?\n",
        "Look:\nThis is the mail system at host mail.a.example.\n\n<bob@b.example>: no\n",
    ] {
        assert_eq!(parse_text_bounce(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn anything_parses(
        octets: Vec<u8>,
        text in "(Final-Recipient: |Original-Recipient: |Action: |Status: |Diagnostic-Code: |Disposition: |rfc822;|utf-8;|\\\\x\\{|\\+2B|a@b|failed|5\\.1\\.1|;|/|\r\n|\n\n| |\u{202e}){0,60}",
        opening in "Hi. This is the |This is the mail system at host |This message was created automatically by mail delivery software",
        lines in "(<a@b>: |  a@b\n|    reason|---|copy|\n|\r\n| ){0,40}",
    ) {
        for octets in [octets.as_slice(), text.as_bytes()] {
            let report = parse_delivery_status(octets);
            parse_disposition(octets);
            returned_message_id(octets);
            for diagnostic in report.recipients.iter().filter_map(|one| one.diagnostic.as_ref()) {
                let is_clean = !diagnostic.text.contains(['\r', '\n', '\u{202e}']);
                prop_assert!(is_clean, "{:?}", diagnostic.text);
            }
        }
        if let Some(bounce) = parse_text_bounce(&format!("{opening}{lines}")) {
            prop_assert!(bounce.report.is_guessed);
            prop_assert!(bounce.report.recipients.iter().all(|one| one.address().is_some()));
        }
    }
}
