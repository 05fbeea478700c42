use super::*;
use proptest::prelude::*;

fn pairs(mailboxes: &[EmailAddress]) -> Vec<(&str, &str)> {
    mailboxes
        .iter()
        .map(|mailbox| (mailbox.name.as_str(), mailbox.address.as_str()))
        .collect()
}

fn field(text: &str) -> Vec<(String, String)> {
    let own = |(name, address): (&str, &str)| (name.to_owned(), address.to_owned());
    pairs(&parse_received(text)).into_iter().map(own).collect()
}

#[test]
fn address_forms_of_rfc5322() {
    for (text, expected) in [
        ("a@b.c", vec![("", "a@b.c")]),
        (
            "John Doe <jdoe@machine.example>",
            vec![("John Doe", "jdoe@machine.example")],
        ),
        (
            "\"Joe Q. Public\" <john.q@x.example>",
            vec![("Joe Q. Public", "john.q@x.example")],
        ),
        (
            "\"Giant; \\\"Big\\\" Box\" <s@x.example>",
            vec![("Giant; \"Big\" Box", "s@x.example")],
        ),
        (
            "pete(his account)@silly.test (Pete)",
            vec![("his account Pete", "pete@silly.test")],
        ),
        (
            "A Group:Ed <ed@x.example>,joe@y.example;",
            vec![("Ed", "ed@x.example"), ("", "joe@y.example")],
        ),
        ("undisclosed-recipients:;", vec![]),
        ("a@[IPv6:::1]", vec![("", "a@[IPv6:::1]")]),
        ("ann@a.example: b@c", vec![("ann@a.example: b@c", "")]),
        (
            "<@relay.example,@b.example:jdoe@x.example>",
            vec![("", "jdoe@x.example")],
        ),
        (
            "=?utf-8?B?5byg5LiJ?= <zhang@x.example>",
            vec![("张三", "zhang@x.example")],
        ),
        (
            "\"=?utf-8?B?5byg5LiJ?=\" <zhang@x.example>",
            vec![("张三", "zhang@x.example")],
        ),
        (
            "=?utf-8?Q?Doe,_Ann:_(a;b)?= <ann@a.example>, =? <b@c>",
            vec![("Doe, Ann: (a;b)", "ann@a.example"), ("=?", "b@c")],
        ),
        ("\"a b\"@x.example", vec![("", "\"a b\"@x.example")]),
        ("<john . doe @ x.example>", vec![("", "john.doe@x.example")]),
        ("<john doe@x.example>", vec![("", "john doe@x.example")]),
        (
            "Wang Wei wang@x.example",
            vec![("Wang Wei", "wang@x.example")],
        ),
        (
            "ann@a.example ben@b.example",
            vec![("ann@a.example ben@b.example", "")],
        ),
        (
            "\"ann@bank.example\" <x@evil.example>, ann@a ben@b",
            vec![("ann@bank.example", "x@evil.example"), ("ann@a ben@b", "")],
        ),
        (
            "ann@ba\u{200b}nk.example",
            vec![("", "ann@ba\u{fffd}nk.example")],
        ),
        ("Only A Name", vec![("Only A Name", "")]),
        (
            "Un \"closed <a@b.c>, d@e.f",
            vec![("Un \"closed", "a@b.c"), ("", "d@e.f")],
        ),
        ("John <a@b.c", vec![("John", "a@b.c")]),
        (", ,", vec![]),
    ] {
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(n, a)| (n.to_owned(), a.to_owned()))
            .collect();
        assert_eq!(field(text), expected, "{text}");
    }
}

#[test]
fn an_encoded_address_is_not_decoded() {
    // Mailsploit: the address that looks decoded is not the one that a reply goes to.
    let shown = field("=?utf-8?Q?boss=40bank.example?=@evil.example");
    assert_eq!(
        shown,
        [(
            String::new(),
            "=?utf-8?Q?boss=40bank.example?=@evil.example".to_owned()
        )]
    );
    let nul = field("=?utf-8?Q?=00?= <a@b.c>");
    assert_eq!(nul, [(String::new(), "a@b.c".to_owned())]);
}

#[test]
fn a_name_that_imitates_another_address_is_marked() {
    for (name, address, is_suspicious) in [
        ("boss@bank.example", "x@evil.example", true),
        ("\"boss＠bank.example\"", "x@evil.example", true),
        ("Boss <boss@bank.example>", "x@evil.example", true),
        ("A@b.c", "a@b.c", false),
        ("Alice @ Work", "a@b.c", false),
        ("Alice", "a@b.c", false),
    ] {
        assert_eq!(
            EmailAddress::new(name, address).has_suspicious_name,
            is_suspicious,
            "{name}"
        );
    }
}

#[test]
fn a_mailbox_tells_that_hidden_characters_were_taken_out() {
    for (name, address, expected) in [
        ("Ann\0", "ann@x.example", true),
        ("\u{202e}nnA", "ann@x.example", true),
        ("A\u{200d}nn", "ann@x.example", true),
        ("Ann", "an\u{200b}n@x.example", true),
        ("👩\u{200d}👧 Ann\r\n B", "ann@x.example", false),
        ("\u{200f}דנה\u{200e}", "ann@x.example", false),
        ("Ann", "ann b@x.example", false),
    ] {
        let mailbox = EmailAddress::new(name, address);
        assert_eq!(
            mailbox.had_hidden_characters, expected,
            "{name:?} {address:?}"
        );
    }
}

#[test]
fn an_address_cannot_break_out() {
    for text in [
        "a@b.example\r\nRCPT TO:<x@y.example>",
        "a\n@b.example",
        "a b@c.example",
        "<a@b.example>",
        "a@b.example> SIZE=1",
        "\"a\r\nb\"@c.example",
        "\"a>\"@c.example",
        "\"a\\\"@c.example",
        "a@[1.2.3.4\r\n]",
        "a@[999.1.1.1]",
        "a@b_c.example",
        "a\0@b.example",
        "@b.example",
    ] {
        assert!(Address::parse(text).is_err(), "{text:?}");
    }
    for text in [
        "a@[1.2.3.4]",
        "a@[IPv6:::1]",
        "\"a\\\"b\"@c.example",
        "root@localhost",
        "a..b@c.example",
    ] {
        assert_eq!(Address::parse(text).unwrap().as_str(), text);
    }
    assert_eq!(
        Address::parse(&format!("{}@b.example", "a".repeat(65))),
        Err(InvalidAddress::LocalPartTooLong)
    );
    assert!(Address::parse(&format!("a@{}example", "b.".repeat(130))).is_err());
}

#[test]
fn an_envelope_of_imap_gets_its_quotes_back() {
    for (mailbox, address) in [
        ("ann", "ann@x.example"),
        ("john smith", "\"john smith\"@x.example"),
        ("ann@bank.example", "\"ann@bank.example\"@x.example"),
        ("a@b>, <c", "\"a@b>, <c\"@x.example"),
        ("\"a@b\"", "\"a@b\"@x.example"),
    ] {
        let shown = EmailAddress::from_envelope(b"", mailbox.as_bytes(), b"x.example");
        assert_eq!(shown.address, address);
    }
}

proptest! {
    #[test]
    fn whatever_is_an_address_is_safe(text in "\\PC{0,40}|[a-c@.\"\\\\<>\r\n \\[\\]:]{0,20}") {
        if let Ok(address) = Address::parse(&text) {
            prop_assert!(address.as_str().bytes().all(|b| b.is_ascii_graphic()));
            prop_assert!(!address.as_str().contains(['<', '>']));
            prop_assert_eq!(Address::parse(address.as_str()), Ok(address));
        }
    }

    #[test]
    fn a_received_address_occurs_in_its_field(text in "\\PC{0,80}|[a-c@.\"\\\\<>(),;: \r\n]{0,80}") {
        for mailbox in parse_received(&text) {
            prop_assert!(!mailbox.address.contains(display::is_hidden));
            if mailbox.envelope().is_ok() {
                let mut rest = text.chars();
                prop_assert!(
                    mailbox.address.chars().all(|c| rest.any(|other| other == c)),
                    "{:?} of {:?}", mailbox.address, text
                );
            }
        }
    }
}

#[test]
fn rfc6531_local_parts_are_taken_only_where_they_are_asked_for() {
    for (text, written) in [
        ("josé@x.example", "josé@x.example"),
        ("\"é,x\"@x.example", "\"é,x\"@x.example"),
        ("用户@例子.测试", "用户@xn--fsqu00a.xn--0zwm56d"),
        ("ann@x.example", "ann@x.example"),
    ] {
        assert_eq!(Address::parse_utf8(text).unwrap().as_str(), written);
        assert_eq!(
            Address::parse(text).is_ok(),
            text.starts_with("ann"),
            "{text}"
        );
    }
    for (text, why) in [
        ("jo\u{3000}sé@x.example", InvalidAddress::Space),
        ("jo\u{a0}sé@x.example", InvalidAddress::Space),
        (
            "jo\u{200b}sé@x.example",
            InvalidAddress::HiddenCharacter('\u{200b}'),
        ),
        ("é＠x.example", InvalidAddress::WideAt),
        ("é<@x.example", InvalidAddress::LocalPart),
        ("é\r\n@x.example", InvalidAddress::HiddenCharacter('\r')),
    ] {
        assert_eq!(Address::parse_utf8(text), Err(why), "{text:?}");
    }
    let long = format!("{}@x.example", "é".repeat(33));
    assert_eq!(
        Address::parse_utf8(&long),
        Err(InvalidAddress::LocalPartTooLong)
    );
}
