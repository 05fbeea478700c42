//! Whole messages as received, parsed completely, each in LF and in CRLF form.

use std::collections::BTreeSet;

use mail_mime::text::{Format, Span, blocks};
use mail_mime::{Limits, Message, Part};
use proptest::prelude::*;

fn corpus(name: &str) -> [Vec<u8>; 2] {
    let path = format!("{}/tests/corpus/{name}", env!("CARGO_MANIFEST_DIR"));
    let lf = std::fs::read(&path).expect(&path);
    let crlf = lf
        .iter()
        .flat_map(|b| {
            if *b == b'\n' {
                vec![b'\r', b'\n']
            } else {
                vec![*b]
            }
        })
        .collect();
    [lf, crlf]
}

fn parse(raw: &[u8]) -> Message<'_> {
    Message::parse(raw, &Limits::DEFAULT).expect("within limits")
}

fn text(message: &Message<'_>, part: &Part) -> String {
    message.part_text(part, 1 << 20).replace("\r\n", "\n")
}

fn tree(part: &Part) -> String {
    let children: Vec<_> = part.children.iter().map(tree).collect();
    let inner = if children.is_empty() {
        String::new()
    } else {
        format!("({})", children.join(" "))
    };
    format!("{}:{}{inner}", part.section, part.media_type)
}

#[test]
fn charsets_of_the_world_are_read() {
    for (file, from, subject, words) in [
        (
            "gb18030-base64.eml",
            "张三",
            "会议纪要",
            "你好，\n\n附件是本周的会议纪要，请查收。镕\n",
        ),
        (
            "big5-quoted-printable.eml",
            "李四",
            "會議紀錄",
            "您好，\n\n附件是本週的會議紀錄，請查收。\n",
        ),
        (
            "shift-jis-8bit.eml",
            "山田",
            "会議の資料",
            "会議の資料をお送りします。\n",
        ),
        (
            "iso-2022-jp-7bit.eml",
            "山田",
            "会議の資料",
            "会議の資料をお送りします。\n",
        ),
        (
            "euc-kr-8bit.eml",
            "김철수",
            "회의 자료",
            "회의 자료를 보내드립니다.\n",
        ),
        (
            "koi8-r-8bit.eml",
            "Иван",
            "Протокол встречи",
            "высылаю протокол встречи.\n",
        ),
        (
            "undeclared-gb18030.eml",
            "张三",
            "关于本周会议的通知",
            "附件是本周的会议纪要，请查收。\n",
        ),
        (
            "undeclared-latin-1.eml",
            "Zoë",
            "Être prêt à l'été",
            "où l'on fête Noël très tôt.\n",
        ),
        (
            "broken-encoded-words.eml",
            "张三",
            "会议纪要[会] a_b =?utf-8?Q?cut",
            "body\n",
        ),
    ] {
        for raw in corpus(file) {
            let message = parse(&raw);
            let headers = message.headers();
            assert_eq!(headers.subject(), subject, "{file}");
            assert_eq!(headers.from()[0].name, from, "{file}");
            assert_eq!(
                headers.date_or_received().unwrap().unix_ms,
                1_795_223_265_000,
                "{file}"
            );
            let found = message.root().readable();
            let body = text(&message, found.texts[0]);
            assert!(body.contains(words), "{file}: {body}");
            assert_eq!(message.root().section, "1");
        }
    }
}

#[test]
fn a_newsletter_shows_its_html_and_lists_what_is_attached() {
    for raw in corpus("newsletter.eml") {
        let message = parse(&raw);
        assert_eq!(
            tree(message.root()),
            ":multipart/mixed(1:multipart/alternative(1.1:text/plain 1.2:multipart/related(\
             1.2.1:text/html 1.2.2:image/png 1.2.3:image/png) 1.3:text/x-amp-html) \
             2:application/pdf 3:message/rfc822 4:text/plain)"
        );
        let found = message.root().readable();
        let plain = message.root().find("1.1").unwrap();
        let shown = blocks(&text(&message, plain), Format::of(&plain.params));
        assert_eq!(shown[0].spans, [Span::Text("Autumn is here.".to_owned())]);
        let [html] = found.texts[..] else {
            panic!("{:?}", found.texts)
        };
        assert!(text(&message, html).contains("src=\"cid:logo@shop.example\""));
        let sections =
            |parts: &[&Part]| parts.iter().map(|p| p.section.clone()).collect::<Vec<_>>();
        assert_eq!(sections(&found.inline), ["1.2.2", "1.2.3"]);
        assert_eq!(sections(&found.attachments), ["2", "3", "4"]);
        // A part that the HTML does not refer to is an attachment.
        let used = ["logo@shop.example".to_owned()].into();
        assert_eq!(
            sections(&found.attachments_except(&used)),
            ["1.2.3", "2", "3", "4"]
        );
        let names: Vec<_> = found
            .attachments
            .iter()
            .map(|p| p.name.as_deref())
            .collect();
        assert_eq!(names, [Some("报价.pdf"), None, Some("notes.txt")]);
        let pdf = message.part_bytes("2").unwrap();
        let pdf = mail_mime::transfer::decode(pdf, found.attachments[0].encoding);
        assert_eq!(pdf, b"%PDF-1.4\n");
        assert!(
            message
                .part_bytes("3")
                .unwrap()
                .starts_with(b"Subject: inner")
        );
        assert_eq!(message.part_bytes("4"), Some(b"notes".as_slice()));
        assert_eq!(message.part_bytes("9"), None);
        assert_eq!(found.by_content_id()["logo@shop.example"].section, "1.2.2");
    }
}

#[test]
fn reports_digests_and_lone_attachments() {
    for raw in corpus("bounce.eml") {
        let message = parse(&raw);
        let found = message.root().readable();
        assert_eq!(
            text(&message, found.texts[0]),
            "The message could not be delivered."
        );
        assert_eq!(found.attachments.len(), 2);
    }
    for raw in corpus("digest.eml") {
        let message = parse(&raw);
        assert_eq!(
            tree(message.root()),
            ":multipart/digest(1:message/rfc822 2:message/rfc822)"
        );
        assert_eq!(message.root().readable().attachments.len(), 2);
    }
    for raw in corpus("only-an-attachment.eml") {
        let message = parse(&raw);
        let found = message.root().readable();
        assert!(found.texts.is_empty());
        assert_eq!(found.attachments[0].name.as_deref(), Some("scan.pdf"));
        assert!(message.root().has_attachment());
    }
}

#[test]
fn broken_trees_stay_readable() {
    for raw in corpus("no-final-boundary.eml") {
        let message = parse(&raw);
        let found = message.root().readable();
        assert_eq!(text(&message, found.texts[0]), "<p>first");
        let rest = found.attachments[0];
        let octets = message.part_bytes(&rest.section).unwrap();
        assert_eq!(mail_mime::transfer::decode(octets, rest.encoding), b"hello");
    }
    for raw in corpus("multipart-without-boundary.eml") {
        let message = parse(&raw);
        let found = message.root().readable();
        assert!(text(&message, found.texts[0]).contains("still readable"));
    }
}

#[test]
fn mail_parser_reads_the_same_trees() {
    for file in [
        "newsletter.eml",
        "bounce.eml",
        "digest.eml",
        "gb18030-base64.eml",
    ] {
        for raw in corpus(file) {
            let ours = parse(&raw);
            let theirs = mail_parser::MessageParser::default().parse(&raw).unwrap();
            assert_eq!(
                theirs.subject(),
                Some(ours.headers().subject().as_str()),
                "{file}"
            );
            let mut open = vec![ours.root()];
            let mut count = 0;
            while let Some(part) = open.pop() {
                count += 1;
                open.extend(&part.children);
            }
            assert_eq!(theirs.parts.len(), count, "{file}");
        }
    }
}

fn nested(depth: usize) -> Vec<u8> {
    let mut out = String::from("Subject: deep\n");
    for level in 0..depth {
        out.push_str(&format!(
            "Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n"
        ));
    }
    out.push_str("\nbottom\n");
    out.into_bytes()
}

/// Returns the number of parts, the maximum depth, and the media type and octets of the last part.
fn shape(raw: &[u8]) -> (usize, usize, String, usize) {
    let message = Message::parse(raw, &Limits::DEFAULT).expect("a header within the limits");
    let (mut count, mut deepest) = (0, 0);
    let mut open = vec![(message.root(), 1)];
    while let Some((part, level)) = open.pop() {
        count += 1;
        deepest = deepest.max(level);
        open.extend(part.children.iter().map(|child| (child, level + 1)));
    }
    let mut last = message.root();
    while let Some(child) = last.children.last() {
        last = child;
    }
    let octets = message.part_bytes(&last.section).map_or(0, <[u8]>::len);
    (count, deepest, last.media_type.clone(), octets)
}

#[test]
fn what_nests_deeper_than_the_limit_is_one_part_that_can_be_saved() {
    let (count, deepest, kind, octets) = shape(&nested(50));
    assert_eq!((count, deepest, kind.as_str()), (51, 51, "text/plain"));
    assert!(octets > 0);
    let (count, deepest, kind, octets) = shape(&nested(5_000));
    assert_eq!((count, deepest), (51, 51));
    assert_eq!(kind, "application/octet-stream");
    assert!(octets > 100_000, "the rest of the message: {octets}");
}

#[test]
fn beyond_the_maximum_number_of_parts_the_rest_is_one_part() {
    let wide = |count: usize| {
        let head = "Content-Type: multipart/mixed; boundary=b\n\n";
        format!("{head}{}--b--\n", "--b\n\nx\n".repeat(count))
    };
    assert_eq!(shape(wide(999).as_bytes()).0, 1_000);
    let (count, _, _, octets) = shape(wide(50_000).as_bytes());
    assert!((999..=1_000).contains(&count), "{count}");
    assert!(octets > 300_000, "the rest of the message: {octets}");
}

#[test]
fn a_header_over_the_limits_affects_its_own_part_only() {
    let head = "Subject: s\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nfirst\n--b\n";
    let lines = format!("{head}{}\n--b--\n", "A: b\n".repeat(20_000));
    let message = Message::parse(lines.as_bytes(), &Limits::DEFAULT).unwrap();
    let readable = message.root().readable();
    assert_eq!(readable.texts[0].section, "1");
    assert_eq!(
        readable.attachments[0].media_type,
        "application/octet-stream"
    );
    let own = "A: b\n".repeat(20_000);
    let error = Message::parse(own.as_bytes(), &Limits::DEFAULT).unwrap_err();
    assert_eq!(error.what, "header lines");
}

/// Asserts that the shown part is in the tree, and that every part's octets are those of the
/// message.
fn assert_consistent(raw: &[u8]) {
    let Ok(message) = Message::parse(raw, &Limits::DEFAULT) else {
        return;
    };
    let mut open = vec![message.root()];
    let mut leaves = 0;
    while let Some(part) = open.pop() {
        let bytes = message
            .part_bytes(&part.section)
            .expect("every part has octets");
        assert!(bytes.len() <= raw.len());
        assert_eq!(message.root().find(&part.section), Some(part));
        message.part_text(part, 1 << 16);
        leaves += usize::from(part.children.is_empty());
        open.extend(&part.children);
    }
    let found = message.root().readable();
    let listed = found.attachments.iter().chain(&found.inline);
    let listed: Vec<_> = listed.map(|part| &part.section).collect();
    let shown: Vec<_> = found.texts.iter().map(|part| &part.section).collect();
    let all: BTreeSet<_> = listed.iter().chain(&shown).collect();
    assert!(!all.is_empty() && all.len() <= leaves);
    assert!(BTreeSet::from_iter(&listed).len() == listed.len());
    assert!(BTreeSet::from_iter(&shown).len() == shown.len());
    let is_in_order = found.texts.is_sorted_by_key(|part| {
        let numbers = part.section.split('.');
        numbers
            .map(|n| n.parse::<u32>().unwrap())
            .collect::<Vec<_>>()
    });
    assert!(is_in_order, "{shown:?}");
}

proptest! {
    #[test]
    fn any_octets_are_a_message(raw: Vec<u8>) {
        assert_consistent(&raw);
    }

    #[test]
    fn any_lines_are_a_message(lines in proptest::collection::vec(prop_oneof![
        Just("Content-Type: multipart/mixed; boundary=a"),
        Just("Content-Type: multipart/alternative; boundary=\"b\""),
        Just("Content-Type: multipart/related; boundary=a; start=\"<x>\""),
        Just("Content-Type: text/html; charset=gb2312"),
        Just("Content-Type: multipart/mixed; x; boundary*0*=us-ascii''%61; boundary*1=b"),
        Just("Content-Type: text/plain; charset=utf-16; name=a.txt"),
        Just("Content-Disposition: inline"), Just("--ab"), Just("Note: text"), Just("Subject: s"),
        Just("Content-Type: message/rfc822"),
        Just("Content-Disposition: attachment; filename*0*=utf-8''%"),
        Just("Content-Transfer-Encoding: base64"),
        Just("Content-ID: <x>"),
        Just("--a"), Just("--b"), Just("--a--"), Just("--b--"), Just(""), Just("text"), Just(" fold"),
    ], 0..60), crlf: bool) {
        assert_consistent(lines.join(if crlf { "\r\n" } else { "\n" }).as_bytes());
    }
}
