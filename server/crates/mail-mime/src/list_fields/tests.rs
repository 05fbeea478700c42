use super::*;
use proptest::prelude::*;

fn fields(header: &str) -> ListFields {
    ListFields::of(&Headers::parse(header.as_bytes()).unwrap())
}

fn unsubscribe(value: &str) -> Option<Unsubscribe> {
    fields(&format!("List-Unsubscribe: {value}\r\n")).unsubscribe
}

fn mailto(to: &str, subject: &str, body: &str) -> Mailto {
    Mailto {
        to: Address::parse(to).unwrap(),
        subject: subject.to_owned(),
        body: body.to_owned(),
    }
}

#[test]
fn a_newsletter_can_be_left_with_one_click() {
    let found = fields(
        "List-Unsubscribe: <mailto:leave@a.example?subject=leave%20a>,\r\n \
         <https://A.example/leave?id=1>\r\n\
         List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\
         List-Id: \"Ann's News, daily\" <News.A.example>\r\n\
         List-Post: NO (posting not allowed)\r\nPrecedence: Bulk\r\n\
         Auto-Submitted: auto-generated; owner-email=\"a@a.example\"\r\n",
    );
    let unsubscribe = found.unsubscribe.clone().unwrap();
    let url = Some("https://a.example/leave?id=1".to_owned());
    assert_eq!(unsubscribe.web, url);
    let one_click = unsubscribe.one_click.unwrap();
    assert_eq!(
        (&*one_click.host, &*one_click.target),
        ("a.example", "/leave?id=1")
    );
    assert_eq!(
        unsubscribe.mail,
        Some(mailto("leave@a.example", "leave a", ""))
    );
    let id = found.id.clone().unwrap();
    assert_eq!(
        (id.name.as_str(), id.id.as_str()),
        ("Ann's News, daily", "news.a.example")
    );
    assert_eq!(found.post, Some(ListPost::NotAllowed));
    assert_eq!(found.precedence, Some(Precedence::Bulk));
    assert_eq!(found.auto_submitted, Some(AutoSubmitted::Generated));
    assert!(found.is_automatic());
}

#[test]
fn one_click_is_offered_only_for_https_and_the_exact_form() {
    for (post, url, expected) in [
        ("List-Unsubscribe=One-Click", "<https://a.example/>", true),
        ("list-unsubscribe=one-click ", "<https://a.example/>", true),
        ("List-Unsubscribe=One-Click", "<http://a.example/>", false),
        (
            "List-Unsubscribe=One-Click&a=b",
            "<https://a.example/>",
            false,
        ),
        ("yes", "<https://a.example/>", false),
    ] {
        let header = format!("List-Unsubscribe: {url}\r\nList-Unsubscribe-Post: {post}\r\n");
        let unsubscribe = fields(&header).unsubscribe.unwrap();
        assert_eq!(unsubscribe.one_click.is_some(), expected, "{post} {url}");
        assert!(unsubscribe.web.is_some());
    }
    let unsubscribe = unsubscribe("<https://a.example/>").unwrap();
    assert_eq!(unsubscribe.one_click, None);
}

#[test]
fn web_addresses_are_checked_and_canonical() {
    let long = format!("<https://a.example/{}>", "a".repeat(2_048));
    for (value, expected) in [
        ("<https://a.example>", Some("https://a.example/")),
        ("<HTTP://a.example/\r\n  b c>", Some("http://a.example/bc")),
        (
            "https://a.example/b, mailto:x@a.example",
            Some("https://a.example/b"),
        ),
        ("(a <b>) <https://a.example/>", Some("https://a.example/")),
        (
            "<ftp://a.example/>, <https://b.example/>",
            Some("https://b.example/"),
        ),
        (
            "=?us-ascii?Q?=3Chttps=3A=2F=2Fa.example=2F=3E?=",
            Some("https://a.example/"),
        ),
        (
            "<https://ехаmple.example/>",
            Some("https://xn--mple-43d3a6i.example/"),
        ),
        ("<https://bank.example@a.example/>", None),
        ("<https://u:p@a.example/>", None),
        ("<javascript:alert(1)>", None),
        ("<https:a.example>", None),
        ("<https:///>", None),
        ("<https://a.example", None),
        (&long, None),
        ("<>", None),
        ("", None),
    ] {
        let web = unsubscribe(value).and_then(|found| found.web);
        assert_eq!(web.as_deref(), expected, "{value}");
    }
}

#[test]
fn a_mailto_link_cannot_inject() {
    for (url, expected) in [
        ("mailto:a@b.example", Some(("a@b.example", "", ""))),
        (
            "MAILTO:a%2Bc@b.example?SUBJECT=a+b",
            Some(("a+c@b.example", "a+b", "")),
        ),
        (
            "mailto:a@b.example?subject=x%0D%0ABcc:%20c@d.example&amp;body=1%0D%0A2%00%E2%80%AE3",
            Some(("a@b.example", "x  Bcc: c@d.example", "1\n23")),
        ),
        (
            "mailto:a@b.example?cc=c@d.example&bcc=c@d.example&to=c@d.example&subject=%ff",
            Some(("a@b.example", "\u{fffd}", "")),
        ),
        (
            "mailto:a@b.example?subject=1&subject=2",
            Some(("a@b.example", "1", "")),
        ),
        ("mailto:a@b.example,c@d.example", None),
        ("mailto:a@b.example%0D%0ARCPT%20TO:c@d.example", None),
        ("mailto:a@b.example%3Ec@d.example", None),
        ("mailto:?to=a@b.example", None),
        ("mailto:", None),
        ("mail", None),
        ("https://a@b.example", None),
    ] {
        let expected = expected.map(|(to, subject, body)| mailto(to, subject, body));
        assert_eq!(Mailto::parse(url), expected, "{url}");
    }
    let long = format!(
        "mailto:a@b.example?subject={}&body={}",
        "é".repeat(400),
        "b".repeat(1_100)
    );
    let found = Mailto::parse(&long).unwrap();
    assert_eq!((found.subject.len(), found.body.len()), (500, 1_000));
    assert_eq!(Mailto::parse(&format!("{long}{long}")), None);
}

#[test]
fn list_ids_as_programs_write_them() {
    for (value, expected) in [
        ("<a.b.example>", Some(("", "a.b.example"))),
        ("a.b.example", Some(("", "a.b.example"))),
        ("A list <a.b.example>", Some(("A list", "a.b.example"))),
        (
            "=?utf-8?B?5byg5LiJ?= <a.b.example>",
            Some(("张三", "a.b.example")),
        ),
        ("x < y <a.b.example>", Some(("x < y", "a.b.example"))),
        ("<a.b.example", Some(("", "a.b.example"))),
        ("A list", None),
        ("<a b>", None),
        ("<>", None),
        ("", None),
    ] {
        let found = fields(&format!("List-Id: {value}\r\n")).id;
        let found = found.as_ref().map(|id| (id.name.as_str(), id.id.as_str()));
        assert_eq!(found, expected, "{value}");
    }
    let long = format!(
        "List-Id: {} <a.b>\r\nList-Post: <mailto:l@a.b>\r\n",
        "é".repeat(500)
    );
    let found = fields(&long);
    assert_eq!(found.id.unwrap().name.len(), 200);
    assert_eq!(found.post, Some(ListPost::Mail(mailto("l@a.b", "", ""))));
}

#[test]
fn automatic_mail_is_recognized() {
    for (header, expected) in [
        ("Subject: x\r\n", false),
        ("Auto-Submitted: no\r\n", false),
        ("Auto-Submitted: (x) auto-replied (absence)\r\n", true),
        ("Auto-Submitted: auto-notified; owner\r\n", true),
        ("Auto-Submitted:\r\n", false),
        ("Precedence: list\r\n", true),
        ("Precedence: first-class\r\n", false),
        ("List-Id: <a.b>\r\n", true),
        ("List-Unsubscribe: <mailto:a@b.example>\r\n", true),
    ] {
        assert_eq!(fields(header).is_automatic(), expected, "{header}");
    }
}

proptest! {
    #[test]
    fn anything_parses(
        name in "List-Unsubscribe|List-Id|List-Post|Precedence|Auto-Submitted",
        octets: Vec<u8>,
        text in "(<|>|,|\"|\\(|\\)|mailto:|https://|a@b\\.example|\\?subject=|&body=|%0D%0A|%00|=\\?utf-8\\?Q\\?|\\?=|é| |\u{202e}){0,40}",
    ) {
        for value in [octets.as_slice(), text.as_bytes()] {
            let header = [name.as_bytes(), b": ", value, b"\r\n"].concat();
            let Ok(headers) = Headers::parse(&header) else { continue };
            let found = ListFields::of(&headers);
            let mail = found.unsubscribe.and_then(|unsubscribe| unsubscribe.mail);
            if let Some(mail) = mail {
                prop_assert!(!mail.subject.contains(char::is_control), "{:?}", mail);
                prop_assert!(!mail.body.contains('\r'), "{:?}", mail);
            }
        }
    }
}
