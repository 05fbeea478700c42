//! Table of the accepted input of a recipient field: each row is checked in the sent header, in the
//! envelope, and through two parsers. `docs/addresses.md` documents the same for users.

use mail_mime::address::{
    Address, EmailAddress, InvalidAddress, RECIPIENTS_MAX, entries, format_typed, parse_received,
    parse_typed,
};
use mail_mime::compose::{Composer, OutgoingMessage};
use mail_mime::date::Date;
use mail_mime::header::Headers;
use mail_mime::quote::reply_recipients;
use proptest::prelude::*;

/// The typed text, the `To` field as sent, and the addresses of RCPT TO.
type Accepted = (&'static str, &'static str, &'static [&'static str]);

const ANN: &[&str] = &["ann@a.example"];
const BOTH: &[&str] = &["ann@a.example", "ben@b.example"];
const BOTH_WRITTEN: &str = "<ann@a.example>, <ben@b.example>";

#[test]
fn local_part_beyond_ascii_is_kept_as_typed() {
    for (typed, address) in [
        ("张三@例子.测试", "张三@xn--fsqu00a.xn--0zwm56d"),
        ("José <josé@b.example>", "josé@b.example"),
        ("<\"é\"@b.example>", "\"é\"@b.example"),
        // Not composed: it would be another address.
        ("jose\u{301}@b.example", "jose\u{301}@b.example"),
    ] {
        let mailboxes = parse_typed(typed).unwrap();
        let envelope = mailboxes[0].envelope().unwrap();
        assert_eq!(envelope.as_str(), address);
        assert!(envelope.needs_smtputf8());
        assert_eq!(parse_typed(&format_typed(&mailboxes)), Ok(mailboxes));
    }
}

#[rustfmt::skip]
const ACCEPTED: &[Accepted] = &[
    // An address alone: no byte changes.
    ("ann@a.example", "<ann@a.example>", ANN),
    ("Ann@A.Example", "<Ann@A.Example>", &["Ann@A.Example"]),
    ("  ann@a.example\t", "<ann@a.example>", ANN),
    ("<ann@a.example>", "<ann@a.example>", ANN),
    ("< ann@a.example >", "<ann@a.example>", ANN),
    ("mailto:ann@a.example", "<ann@a.example>", ANN),
    ("MailTo:ann@a.example", "<ann@a.example>", ANN),
    ("<mailto:ann@a.example>", "<ann@a.example>", ANN),
    // Names.
    ("Ann <ann@a.example>", "\"Ann\" <ann@a.example>", ANN),
    ("Ann<ann@a.example>", "\"Ann\" <ann@a.example>", ANN),
    ("\"Ann\" <ann@a.example>", "\"Ann\" <ann@a.example>", ANN),
    ("\"Ann\"<ann@a.example>", "\"Ann\" <ann@a.example>", ANN),
    ("\"\" <ann@a.example>", "<ann@a.example>", ANN),
    ("\"Doe, Ann\" <ann@a.example>", "\"Doe, Ann\" <ann@a.example>", ANN),
    ("\"Ann \\\"A\\\" \\\\ Doe\" <ann@a.example>", "\"Ann \\\"A\\\" \\\\ Doe\" <ann@a.example>", ANN),
    ("Dr. Ann Q. Doe <ann@a.example>", "\"Dr. Ann Q. Doe\" <ann@a.example>", ANN),
    ("Ann (Sales) <ann@a.example>", "\"Ann (Sales)\" <ann@a.example>", ANN),
    ("[Team] Ann <ann@a.example>", "\"[Team] Ann\" <ann@a.example>", ANN),
    ("CORP\\ann <ann@a.example>", "\"CORP\\\\ann\" <ann@a.example>", ANN),
    ("O'Neil <o'neil+tag@a.example>", "\"O'Neil\" <o'neil+tag@a.example>", &["o'neil+tag@a.example"]),
    ("\"ben@bank.example\" <ann@a.example>", "\"ben@bank.example\" <ann@a.example>", ANN),
    ("\"Re: <x>\" <ann@a.example>", "\"Re: <x>\" <ann@a.example>", ANN),
    ("Ann\tDoe <ann@a.example>", "\"Ann Doe\" <ann@a.example>", ANN),
    ("张三 <ann@a.example>", "=?utf-8?B?5byg5LiJ?= <ann@a.example>", ANN),
    ("山田　太郎 <ann@a.example>", "=?utf-8?B?5bGx55Sw44CA5aSq6YOO?= <ann@a.example>", ANN),
    ("👩\u{200d}👧 F <ann@a.example>", "=?utf-8?B?8J+RqeKAjfCfkacgRg==?= <ann@a.example>", ANN),
    ("می\u{200c}خواهم <ann@a.example>", "=?utf-8?B?2YXbjOKAjNiu2YjYp9mH2YU=?= <ann@a.example>", ANN),
    // A typed encoded word stays as typed.
    ("=?utf-8?B?5byg5LiJ?= <ann@a.example>", "=?UTF-8?B?PT91dGYtOD9CPzVieWc1TGlKPz0=?= <ann@a.example>", ANN),
    // Separators.
    ("ann@a.example,ben@b.example", BOTH_WRITTEN, BOTH),
    ("ann@a.example; ben@b.example", BOTH_WRITTEN, BOTH),
    ("ann@a.example，ben@b.example", BOTH_WRITTEN, BOTH),
    ("ann@a.example；ben@b.example", BOTH_WRITTEN, BOTH),
    ("ann@a.example、ben@b.example", BOTH_WRITTEN, BOTH),
    ("ann@a.example\nben@b.example\n", BOTH_WRITTEN, BOTH),
    ("ann@a.example\r\nben@b.example", BOTH_WRITTEN, BOTH),
    (",, ann@a.example ,;\n, ben@b.example;,", BOTH_WRITTEN, BOTH),
    ("mailto:ann@a.example,ben@b.example", BOTH_WRITTEN, BOTH),
    ("Ann <ann@a.example>, \"B, C\" <ben@b.example>", "\"Ann\" <ann@a.example>, \"B, C\" <ben@b.example>", BOTH),
    // Once in the envelope; in the field as often as typed.
    ("ann@a.example, Ann <ann@a.example>", "<ann@a.example>, \"Ann\" <ann@a.example>", ANN),
    ("ann@a.example, ann@A.EXAMPLE", "<ann@a.example>, <ann@A.EXAMPLE>", ANN),
    ("ann@a.example, Ann@a.example", "<ann@a.example>, <Ann@a.example>", &["ann@a.example", "Ann@a.example"]),
    // Local parts.
    ("!#$%&'*+-/=?^_`{|}~@a.example", "<!#$%&'*+-/=?^_`{|}~@a.example>", &["!#$%&'*+-/=?^_`{|}~@a.example"]),
    ("\"a.b\"@a.example", "<\"a.b\"@a.example>", &["\"a.b\"@a.example"]),
    ("\"a@b\"@a.example", "<\"a@b\"@a.example>", &["\"a@b\"@a.example"]),
    ("\"a,b;c\"@a.example", "<\"a,b;c\"@a.example>", &["\"a,b;c\"@a.example"]),
    ("\"a\\\"b\"@a.example", "<\"a\\\"b\"@a.example>", &["\"a\\\"b\"@a.example"]),
    ("\"a\\\\b\"@a.example", "<\"a\\\\b\"@a.example>", &["\"a\\\\b\"@a.example"]),
    ("<\"a,b\"@a.example>", "<\"a,b\"@a.example>", &["\"a,b\"@a.example"]),
    ("Ann <\"a(b\"@a.example>", "\"Ann\" <\"a(b\"@a.example>", &["\"a(b\"@a.example"]),
    ("a..b@a.example", "<a..b@a.example>", &["a..b@a.example"]),
    (".a@a.example", "<.a@a.example>", &[".a@a.example"]),
    ("a.@a.example", "<a.@a.example>", &["a.@a.example"]),
    // Domains.
    ("root@localhost", "<root@localhost>", &["root@localhost"]),
    ("a@1a-b.example", "<a@1a-b.example>", &["a@1a-b.example"]),
    ("a@[192.0.2.1]", "<a@[192.0.2.1]>", &["a@[192.0.2.1]"]),
    ("a@[IPv6:2001:db8::1]", "<a@[IPv6:2001:db8::1]>", &["a@[IPv6:2001:db8::1]"]),
    ("a@[ipv6:::1]", "<a@[ipv6:::1]>", &["a@[ipv6:::1]"]),
    ("a@xn--fsqu00a.xn--0zwm56d", "<a@xn--fsqu00a.xn--0zwm56d>", &["a@xn--fsqu00a.xn--0zwm56d"]),
    ("a@例子.测试", "<a@xn--fsqu00a.xn--0zwm56d>", &["a@xn--fsqu00a.xn--0zwm56d"]),
    ("a@例子.XN--0zwm56d", "<a@xn--fsqu00a.xn--0zwm56d>", &["a@xn--fsqu00a.xn--0zwm56d"]),
    ("张 <a@例子.测试>", "=?utf-8?B?5byg?= <a@xn--fsqu00a.xn--0zwm56d>", &["a@xn--fsqu00a.xn--0zwm56d"]),
    ("a@BÜCHER.example", "<a@xn--bcher-kva.example>", &["a@xn--bcher-kva.example"]),
    ("a@faß.example", "<a@xn--fa-hia.example>", &["a@xn--fa-hia.example"]),
];

#[rustfmt::skip]
const REFUSED: &[(&str, InvalidAddress)] = &[
    // Two addresses, or a name without brackets: neither is taken as the name of the other.
    ("ann@a.example ben@b.example", InvalidAddress::Space),
    ("Wang Wei wang@a.example", InvalidAddress::Space),
    ("\"Wang Wei\" wang@a.example", InvalidAddress::Space),
    ("Ann ann@a.example>", InvalidAddress::Space),
    ("ann @a.example", InvalidAddress::Space),
    ("ann@ a.example", InvalidAddress::Space),
    ("ann@a .example", InvalidAddress::Space),
    ("ann@a\u{a0}.example", InvalidAddress::Space),
    ("ann　@a.example", InvalidAddress::Space),
    ("<ann ben@a.example>", InvalidAddress::Space),
    ("Ann <ann@a.example ben@b.example>", InvalidAddress::Space),
    ("\"john smith\"@b.example", InvalidAddress::Space),
    ("\"john\\ smith\"@b.example", InvalidAddress::Space),
    ("Ann <\"john smith\"@b.example>", InvalidAddress::Space),
    ("ann@a.example <ben@b.example>", InvalidAddress::AtInName),
    ("ann＠a.example <ben@b.example>", InvalidAddress::AtInName),
    ("ann@a.example> SIZE=1", InvalidAddress::Space),
    ("<a@b.example><c@d.example>", InvalidAddress::TextAfterBracket),
    ("Ann <a@b.example> <c@d.example>", InvalidAddress::TextAfterBracket),
    ("<a@b.example> c@d.example", InvalidAddress::TextAfterBracket),
    ("<<a@b.example>>", InvalidAddress::TextAfterBracket),
    ("a@b@c.example", InvalidAddress::SeveralAts),
    ("ann@@a.example", InvalidAddress::SeveralAts),
    ("<@relay.example:ann@a.example>", InvalidAddress::SeveralAts),
    // No address.
    ("Ann", InvalidAddress::NoAt),
    ("Only A Name", InvalidAddress::NoAt),
    ("\"Ann\"", InvalidAddress::NoAt),
    ("Ann <ann>", InvalidAddress::NoAt),
    ("Doe, Ann <ann@a.example>", InvalidAddress::NoAt),
    ("ann,ben@b.example", InvalidAddress::NoAt),
    ("<>", InvalidAddress::Empty),
    ("\"Ann\" < >", InvalidAddress::Empty),
    ("mailto:", InvalidAddress::NoAt),
    ("@a.example", InvalidAddress::LocalPart),
    ("@", InvalidAddress::LocalPart),
    ("ann@", InvalidAddress::Domain),
    // Groups, comments, links.
    ("Team: ann@a.example, ben@b.example;", InvalidAddress::Group),
    ("Team: Ann <ann@a.example>;", InvalidAddress::Group),
    ("undisclosed-recipients:;", InvalidAddress::Group),
    ("ann@a.example\r\nRCPT TO:<x@y.example>", InvalidAddress::Group),
    ("ann@a.example (Ann)", InvalidAddress::Comment),
    ("ann(her account)@a.example", InvalidAddress::Comment),
    ("<ann@a.example> (Ann)", InvalidAddress::TextAfterBracket),
    ("<ann(x)@a.example>", InvalidAddress::LocalPart),
    ("mailto:ann%40x@a.example", InvalidAddress::MailtoLink),
    ("mailto:ann@a.example?subject=x", InvalidAddress::MailtoLink),
    ("<mailto:ann@a.example?cc=ben@b.example>", InvalidAddress::MailtoLink),
    // Quotes and brackets.
    ("\"Ann <ann@a.example>", InvalidAddress::UnclosedQuote),
    ("\"Ann\n\" <ann@a.example>", InvalidAddress::UnclosedQuote),
    ("\"Ann\\\" <ann@a.example>", InvalidAddress::UnclosedQuote),
    ("<\"ann@a.example>", InvalidAddress::UnclosedQuote),
    ("Un \"closed <a@b.example>", InvalidAddress::QuoteInName),
    ("Ann \"A\" Doe <ann@a.example>", InvalidAddress::QuoteInName),
    ("Ann <ann@a.example", InvalidAddress::UnclosedBracket),
    ("Ann <ann@a.example, ben@b.example>", InvalidAddress::UnclosedBracket),
    ("Ann> <ann@a.example>", InvalidAddress::UnclosedBracket),
    ("ann@a.example>", InvalidAddress::Domain),
    // Local parts.
    ("张三\u{3000}李四@b.example", InvalidAddress::Space),
    ("张三＠b.example@c.example", InvalidAddress::WideAt),
    ("\"\"@a.example", InvalidAddress::LocalPart),
    ("\"a\"b@a.example", InvalidAddress::LocalPart),
    ("a\"b\"@a.example", InvalidAddress::LocalPart),
    ("\"a>\"@a.example", InvalidAddress::LocalPart),
    ("\"a<b\"@a.example", InvalidAddress::LocalPart),
    ("a\\b@a.example", InvalidAddress::LocalPart),
    // Domains.
    ("a@b..example", InvalidAddress::Domain),
    ("a@.example", InvalidAddress::Domain),
    ("a@b.example.", InvalidAddress::Domain),
    ("a@b_c.example", InvalidAddress::Domain),
    ("a@b/c.example", InvalidAddress::Domain),
    ("a@xn--a.example", InvalidAddress::Domain),
    ("a@192.0.2.1", InvalidAddress::Domain),
    ("a@[999.1.1.1]", InvalidAddress::Domain),
    ("a@[::1]", InvalidAddress::Domain),
    ("a@[IPv6:1.2.3.4]", InvalidAddress::Domain),
    ("a@[192.0.2.1", InvalidAddress::Domain),
    // Look-alike characters.
    ("ann＠a.example", InvalidAddress::WideAt),
    ("ann﹫a.example", InvalidAddress::WideAt),
    ("Ann <ann＠a.example>", InvalidAddress::WideAt),
    ("a＠b@c.example", InvalidAddress::WideAt),
    ("ann@例子。测试", InvalidAddress::DomainLookAlike),
    ("ann@ａ.example", InvalidAddress::DomainLookAlike),
    ("ann@ｘn--fsqu00a.测试", InvalidAddress::DomainLookAlike),
    ("ann@例子。xn--0zwm56d", InvalidAddress::DomainLookAlike),
    ("ann@ﬁsh.example", InvalidAddress::DomainLookAlike),
    ("ann@\u{212a}ey.example", InvalidAddress::DomainLookAlike),
    ("ann@exa\u{200b}mple.org", InvalidAddress::HiddenCharacter('\u{200b}')),
    ("ann@exa\u{ad}mple.org", InvalidAddress::HiddenCharacter('\u{ad}')),
    ("an\u{200d}n@a.example", InvalidAddress::HiddenCharacter('\u{200d}')),
    ("\u{feff}ann@a.example", InvalidAddress::HiddenCharacter('\u{feff}')),
    ("\u{202a}ann@a.example\u{202c}", InvalidAddress::HiddenCharacter('\u{202a}')),
    ("Ann\u{202e}x <ann@a.example>", InvalidAddress::HiddenCharacter('\u{202e}')),
    ("\"Ann\u{200b}\" <ann@a.example>", InvalidAddress::HiddenCharacter('\u{200b}')),
    ("ann\0@a.example", InvalidAddress::HiddenCharacter('\0')),
    ("ann@a\u{7f}.example", InvalidAddress::HiddenCharacter('\u{7f}')),
    ("ann@a.example\u{2028}ben@b.example", InvalidAddress::HiddenCharacter('\u{2028}')),
    ("ann\u{85}@a.example", InvalidAddress::HiddenCharacter('\u{85}')),
];

fn outgoing(to: Vec<EmailAddress>) -> OutgoingMessage {
    let date = Date {
        unix_ms: 0,
        offset_minutes: 0,
    };
    let from = EmailAddress::new("", "me@x.example");
    OutgoingMessage {
        to,
        ..OutgoingMessage::new(from, "1@x.example".to_owned(), date)
    }
}

#[test]
fn every_row_of_the_table_is_sent_as_it_was_typed() {
    assert!(ACCEPTED.len() + REFUSED.len() >= 140);
    for (typed, field, rcpt) in ACCEPTED {
        let mailboxes = parse_typed(typed).unwrap_or_else(|e| panic!("{typed:?}: {e}"));
        let composer = Composer::new(&outgoing(mailboxes.clone()), "x").unwrap();
        let envelope: Vec<_> = composer.recipients().iter().map(Address::as_str).collect();
        assert_eq!(envelope, *rcpt, "{typed:?}");
        let head = String::from_utf8(composer.head().to_vec()).unwrap();
        let unfolded = head.replace("\r\n ", " ");
        let to = unfolded.lines().find_map(|line| line.strip_prefix("To: "));
        assert_eq!(to, Some(*field), "{typed:?}");

        // The recipient sees the names and addresses that were typed, except for A-labels.
        let read = Headers::parse(head.as_bytes()).unwrap().to();
        let sent: Vec<_> = mailboxes
            .iter()
            .map(|mailbox| EmailAddress::new(&mailbox.name, mailbox.envelope().unwrap().as_str()))
            .collect();
        assert_eq!(read, sent, "{typed:?}");
        let other = mail_parser::MessageParser::default()
            .parse(head.as_bytes())
            .unwrap();
        let other = other.to().expect("a To field").clone().into_list();
        assert_eq!(other.len(), mailboxes.len(), "{typed:?}");
        // Parsing the formatted text returns the same mailboxes.
        assert_eq!(parse_typed(&format_typed(&mailboxes)).unwrap(), mailboxes);
    }
}

#[test]
fn every_ambiguous_row_is_refused_with_its_reason() {
    for (typed, why) in REFUSED {
        let error = parse_typed(typed).expect_err(typed);
        assert_eq!(error.why, *why, "{typed:?}");
        assert!(!error.text.is_empty() && !error.text.contains(['\r', '\n', '\0']));
        assert!(entries(typed).any(|entry| entry.mailbox == Err(*why)));
    }
}

#[test]
fn an_invalid_entry_is_named_by_its_index() {
    let error = parse_typed("ann@a.example, Ben, cat@c.example").unwrap_err();
    assert_eq!((error.index, error.text.as_str()), (1, "Ben"));
    assert_eq!(parse_typed(" ,;\n ").unwrap(), []);
    let long = "x".repeat(10_000);
    assert!(parse_typed(&long).unwrap_err().text.len() < 130);
}

#[test]
fn lengths_are_limited_as_in_smtp() {
    let refused = |typed: String| parse_typed(&typed).map_err(|error| error.why);
    let local = "l".repeat(64);
    let label = "d".repeat(63);
    let longest = format!("{local}@{label}.{label}.{}", "d".repeat(61));
    assert_eq!(longest.len(), 254);
    assert_eq!(parse_typed(&longest).unwrap()[0].address, longest);
    assert_eq!(refused(format!("{longest}d")), Err(InvalidAddress::TooLong));
    assert_eq!(
        refused(format!("l{local}@a.example")),
        Err(InvalidAddress::LocalPartTooLong)
    );
    for domain in [
        format!("d{label}.example"),
        format!("{}example", "d.".repeat(130)),
    ] {
        assert_eq!(refused(format!("a@{domain}")), Err(InvalidAddress::Domain));
    }
    let name = "名".repeat(166);
    assert_eq!(
        parse_typed(&format!("{name} <ann@a.example>")).unwrap()[0].name,
        name
    );
    assert_eq!(
        refused(format!("{name}xyz <ann@a.example>")),
        Err(InvalidAddress::NameTooLong)
    );
}

#[test]
fn a_thousand_recipients_are_read_and_no_more() {
    let typed = "ann@a.example,\n".repeat(RECIPIENTS_MAX);
    assert_eq!(parse_typed(&typed).unwrap().len(), RECIPIENTS_MAX);
    let error = parse_typed(&format!("{typed}ben@b.example")).unwrap_err();
    assert_eq!((error.index, error.why), (1000, InvalidAddress::TooMany));
}

/// If one of these took more than linear time, the test would time out.
#[test]
fn a_megabyte_of_anything_is_read_in_linear_time() {
    for piece in [
        ",",
        ";",
        "\"",
        "\\\"",
        "\"\\\"",
        "\"a",
        "<",
        ">",
        "<\"",
        "(",
        "((",
        ")",
        ":",
        "@",
        "a@",
        ".",
        "a@b.c,",
        "a@b.c ",
        "\"a\" <a@b.c>,",
        "=?utf-8?Q?",
        "＠",
        "\u{200b}",
        "\n",
        "\"\n",
        "\\",
    ] {
        for (first, bytes) in [("", 1 << 20), ("\"", 1 << 18), ("<", 1 << 18)] {
            let text = format!("{first}{}", piece.repeat(bytes / piece.len()));
            let _ = parse_typed(&text);
            assert!(entries(&text).map(|entry| entry.text.len()).sum::<usize>() <= text.len());
            parse_received(&text);
        }
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,60}",
        "[a-c@.\"\\\\<>(),;: \r\n＠。\u{200b}-]{0,40}",
        "(ann@a\\.example|\"[a-c\\\\\"@, ]{0,5}\"|<|>| |,|;|mailto:|例子|[A-C]{1,3}|\\(x\\)|@b\\.c){0,12}",
    ]
}

proptest! {
    #[test]
    fn no_address_is_invented(typed in text()) {
        if let Ok(mailboxes) = parse_typed(&typed) {
            for mailbox in &mailboxes {
                prop_assert!(typed.contains(&mailbox.address), "{:?} of {:?}", mailbox, typed);
                let sent = mailbox.envelope().unwrap();
                let ends_a_command = |c: char| c.is_control() || c.is_whitespace();
                prop_assert!(!sent.as_str().contains(ends_a_command));
                prop_assert!(sent.domain().bytes().all(|b| b.is_ascii_graphic()));
                prop_assert!(!sent.as_str().contains(['<', '>']));
                if mailbox.address.is_ascii() {
                    prop_assert_eq!(sent.as_str(), mailbox.address.as_str());
                }
            }
            prop_assert_eq!(parse_typed(&format_typed(&mailboxes)), Ok(mailboxes));
        }
    }

    #[test]
    fn no_at_sign_is_lost_outside_quotes(typed in "([ab]@[ab]|[ab ,;<>()@:\r\n]){0,20}") {
        if let Ok(mailboxes) = parse_typed(&typed) {
            prop_assert_eq!(mailboxes.len(), typed.matches('@').count(), "{:?}", typed);
        }
    }

    #[test]
    fn any_name_round_trips(name in "\\PC{0,80}|[a-c@.\"\\\\<>(),;: ]{0,40}") {
        let mut mailbox = EmailAddress::new(&name, "ann@a.example");
        let typed = format_typed([&mailbox]);
        // The name that is typed again has no hidden characters.
        mailbox.had_hidden_characters = false;
        prop_assert_eq!(parse_typed(&typed), Ok(vec![mailbox]));
    }

    #[test]
    fn a_reply_goes_to_the_displayed_addresses(field in text()) {
        let field = field.replace(['\r', '\n'], " ");
        let header = format!("From: f@x.example\r\nReply-To: {field}\r\n");
        let headers = Headers::parse(header.as_bytes()).unwrap();
        let shown: Vec<String> = headers.reply_to().into_iter().map(|m| m.address).collect();
        let reply = reply_recipients(&headers, &[], true);
        for mailbox in parse_typed(&format_typed(&reply.to)).unwrap() {
            prop_assert!(
                shown.contains(&mailbox.address) || mailbox.address == "f@x.example",
                "{:?} of {:?}", mailbox, shown
            );
        }
    }
}
