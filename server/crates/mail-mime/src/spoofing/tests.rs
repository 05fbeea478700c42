use super::*;
use crate::address::parse_received;
use Sign::{
    EncodedAddress, HiddenCharacters, InvalidAddress, LookAlikeAt, LookAlikeDomain,
    LookAlikeLocalPart, MixedScripts, NameHoldsAddress,
};
use proptest::prelude::*;

#[test]
fn what_a_reader_cannot_see_is_marked() {
    for (name, address, shown, expected) in [
        ("Ann", "ann@a.example", "ann@a.example", vec![]),
        ("Ann", "ann@A.Example", "ann@a.example", vec![]),
        ("张三", "zhang@例子.example", "zhang@例子.example", vec![]),
        ("Ann", "ann@xn--fsqu00a.example", "ann@例子.example", vec![]),
        ("", "ann@[192.0.2.1]", "ann@[192.0.2.1]", vec![]),
        ("Only a name", "", "", vec![]),
        // Mailsploit.
        (
            "boss@bank.example",
            "x@evil.example",
            "x@evil.example",
            vec![NameHoldsAddress],
        ),
        (
            "boss@bank.example\0",
            "x@evil.example",
            "x@evil.example",
            vec![NameHoldsAddress, HiddenCharacters],
        ),
        (
            "",
            "=?utf-8?Q?boss=40bank.example=00?=@evil.example",
            "=?utf-8?Q?boss=40bank.example=00?=@evil.example",
            vec![EncodedAddress],
        ),
        (
            "",
            "=?utf-8?b?Ym9zcw==?= <x@evil.example",
            "=?utf-8?b?Ym9zcw==?= <x@evil.example",
            vec![EncodedAddress, InvalidAddress],
        ),
        (
            "",
            "boss@bank.example\0(a)@evil.example",
            "boss@bank.example\u{fffd}(a)@evil.example",
            vec![HiddenCharacters, InvalidAddress],
        ),
        (
            "",
            "boss＠bank.example@evil.example",
            "boss＠bank.example@evil.example",
            vec![LookAlikeAt, LookAlikeLocalPart, InvalidAddress],
        ),
        // Hidden characters.
        (
            "e\u{202e}lpmaxe.knab",
            "x@a.example",
            "x@a.example",
            vec![HiddenCharacters],
        ),
        (
            "pay\u{200b}pal",
            "x@a.example",
            "x@a.example",
            vec![HiddenCharacters],
        ),
        ("דנה\u{200f}", "x@a.example", "x@a.example", vec![]),
        ("Ann\tB.\r\n", "x@a.example", "x@a.example", vec![]),
        (
            "",
            "ann@ba\u{200b}nk.example",
            "ann@ba\u{fffd}nk.example",
            vec![HiddenCharacters, InvalidAddress],
        ),
        // Scripts.
        (
            "",
            "ann@аррӏе.com",
            "ann@xn--80ak6aa92e.com",
            vec![LookAlikeDomain],
        ),
        (
            "",
            "ann@xn--80ak6aa92e.com",
            "ann@xn--80ak6aa92e.com",
            vec![LookAlikeDomain],
        ),
        (
            "",
            "ann@pаypal.example",
            "ann@xn--pypal-4ve.example",
            vec![MixedScripts, LookAlikeDomain],
        ),
        (
            "",
            "ann@ｂank.example",
            "ann@bank.example",
            vec![LookAlikeDomain, InvalidAddress],
        ),
        (
            "",
            "pаul@a.example",
            "pаul@a.example",
            vec![LookAlikeLocalPart],
        ),
        ("", "张@a.example", "张@a.example", vec![]),
    ] {
        let mailbox = EmailAddress::new(name, address);
        assert_eq!(signs(&mailbox), expected, "{name:?} {address:?}");
        assert_eq!(shown_address(&mailbox), shown, "{name:?} {address:?}");
    }
}

#[test]
fn mailsploit_fields_show_the_address_that_a_reply_goes_to() {
    for (field, expected) in [
        (
            "=?utf-8?b?cG90dXNAd2hpdGVob3VzZS5nb3Y=?= =?utf-8?Q?=00?= =?utf-8?b?cG90dXNAd2hpdGVob3VzZS5nb3Y=?= <demo@mailsploit.example>",
            "demo@mailsploit.example",
        ),
        (
            "=?utf-8?Q?=70=6F=74=75=73=40=77=68=69=74=65=68=6F=75=73=65=2E=67=6F=76=0A=00?=@mailsploit.example",
            "=?utf-8?Q?=70=6F=74=75=73=40=77=68=69=74=65=68=6F=75=73=65=2E=67=6F=76=0A=00?=@mailsploit.example",
        ),
        (
            "\"potus@whitehouse.example\" <demo@mailsploit.example>",
            "demo@mailsploit.example",
        ),
    ] {
        let mailboxes = parse_received(field);
        assert_eq!(mailboxes.len(), 1, "{field}");
        assert_eq!(shown_address(&mailboxes[0]), expected, "{field}");
        assert!(!signs(&mailboxes[0]).is_empty(), "{field}");
    }
}

#[test]
fn labels_of_one_script_are_shown_in_unicode() {
    for domain in [
        "müller.example",
        "straße.example",
        "ørsted.example",
        "đức.example",
        "бюро-1.example",
        "пример.рф",
        "сор.рф",
        "παράδειγμα.example",
        "例子.example",
        "東京タワー.example",
        "例え-test.example",
        "google中.example",
        "한국1.example",
        "דוגמה.example",
        "مثال.example",
        "a_b.example",
    ] {
        assert_eq!(shown_domain(domain), domain);
        let expected = domain::CheckedDomain::default();
        assert_eq!(domain::check(domain), expected, "{domain}");
        let ascii = idna::domain_to_ascii(domain).unwrap();
        assert_eq!(shown_domain(&ascii), domain);
    }
}

#[test]
fn labels_that_deceive_are_shown_as_a_labels() {
    for (domain, mixes_scripts, looks_ascii) in [
        ("аррӏе.com", false, true),
        ("хор.example", false, true),
        ("хор.中国", false, true),
        ("lınkedın.example", false, true),
        ("раураl.example", true, true),
        ("ɑpple.example", false, true),
        ("ραypal.example", true, true),
        ("пример中.example", true, false),
        ("i❤.example", false, false),
    ] {
        let shown = shown_domain(domain);
        assert!(shown.starts_with("xn--"), "{domain}: {shown}");
        let expected = domain::CheckedDomain {
            mixes_scripts,
            looks_ascii,
        };
        assert_eq!(domain::check(domain), expected, "{domain}");
    }
}

#[test]
fn only_the_deceiving_label_is_an_a_label() {
    assert_eq!(shown_domain("хор.例子.example"), "xn--n1aen.例子.example");
    assert_eq!(shown_domain("XN--A.example"), "xn--a.example");
    let long = format!("{}.example", "例".repeat(500));
    assert_eq!(shown_domain(&long), long);
}

#[test]
fn domains_that_look_alike_are_found() {
    for (domain, known, expected) in [
        ("paypa1.com", "paypal.com", true),
        ("PAYPAI.com", "paypal.com", true),
        ("mail.paypa1.com", "www.paypal.com", true),
        ("g00gle.com", "google.com", true),
        ("rnicrosoft.com", "microsoft.com", true),
        ("vvikipedia.org", "wikipedia.org", true),
        ("аррӏе.com", "apple.com", true),
        ("xn--80ak6aa92e.com", "apple.com", true),
        ("páypal.com", "paypal.com", true),
        ("paypal.c0m", "paypal.com", true),
        ("muller.de", "müller.de", true),
        ("paypal.com", "paypal.com", false),
        ("PayPal.com.", "paypal.com", false),
        ("mail.paypal.com", "paypal.com", false),
        ("xn--mller-kva.de", "müller.de", false),
        ("paypal.com", "paypal.org", false),
        ("paypals.com", "paypal.com", false),
        ("paypal.com.evil.example", "paypal.com", false),
        ("com", "corn", false),
        ("", "", false),
        ("xn--a", "a", false),
    ] {
        assert_eq!(looks_like(domain, known), expected, "{domain} {known}");
        assert_eq!(looks_like(known, domain), expected, "{known} {domain}");
    }
}

#[test]
fn a_header_without_one_author_is_marked() {
    use AuthorSign::{NoAddress, NoAuthor, SeveralAuthorsWithoutSender, SeveralFromFields};
    for (header, expected) in [
        ("From: a@x.example\n", vec![]),
        (
            "From: a@x.example, b@x.example\nSender: a@x.example\n",
            vec![],
        ),
        (
            "From: a@x.example, b@x.example\n",
            vec![SeveralAuthorsWithoutSender],
        ),
        (
            "From: a@x.example\nfrom: a@x.example\nSender: a@x.example\n",
            vec![SeveralFromFields],
        ),
        (
            "From: a@x.example\nFrom: b@x.example\n",
            vec![SeveralFromFields, SeveralAuthorsWithoutSender],
        ),
        ("From: The Bank\n", vec![NoAddress]),
        ("From: The Bank <>\n", vec![NoAddress]),
        ("From:\n", vec![NoAuthor]),
        ("Subject: x\n", vec![NoAuthor]),
    ] {
        let headers = Headers::parse(header.as_bytes()).unwrap();
        assert_eq!(author_signs(&headers), expected, "{header}");
    }
}

#[test]
fn invalid_domain_on_which_an_assertion_of_a_library_failed_is_shown() {
    let shown = shown_domain(" .\u{1ee24}.\u{119a0}");
    assert_eq!(shown, " .xn--jhb.xn--i02d");
}

proptest! {
    #[test]
    fn anything_is_shown_and_compared(
        name in "\\PC{0,20}",
        local in "[a-zа-я\u{200b}=?\"@]{0,10}",
        domain in "(xn--|[a-z0-9]|[а-я]|[α-ω]|例|ｂ|\\.|\u{200d}|-|_|\u{fffd}){0,30}|\\PC{0,40}",
        other in "(xn--|[a-z0-9]|[а-я]|\\.){0,10}",
    ) {
        let mailbox = EmailAddress::new(&name, &format!("{local}@{domain}"));
        let found = signs(&mailbox);
        prop_assert!(found.is_sorted());
        let shown = shown_address(&mailbox);
        prop_assert!(!shown.contains(char::is_control), "{:?}", shown);
        let shown_once = shown_domain(&domain);
        if !shown_once.contains('\u{fffd}') {
            prop_assert_eq!(shown_domain(&shown_once), shown_once);
        }
        prop_assert!(!looks_like(&domain, &domain));
        prop_assert_eq!(looks_like(&domain, &other), looks_like(&other, &domain));
        if let Ok(address) = mailbox.envelope() {
            // Whatever is shown leads to the same address.
            let again = EmailAddress::new("", &shown).envelope();
            let is_same = again.is_ok_and(|again| {
                let ascii = |one: &str| idna::domain_to_ascii(one).unwrap();
                ascii(again.domain()) == ascii(address.domain())
            });
            prop_assert!(is_same, "{} is shown as {}", address, shown);
        }
    }
}
