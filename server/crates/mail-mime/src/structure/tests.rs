use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::params::Params;
use crate::transfer::TransferEncoding;
use crate::tree::LeafFields;

fn leaf(section: &str, media_type: &str) -> Part {
    Part::leaf(LeafFields {
        section,
        media_type,
        size_bytes: 7,
        ..LeafFields::default()
    })
}

fn multipart(section: &str, boundary: &str, children: Vec<Part>) -> Part {
    let params = Params::decode([("boundary", boundary)]);
    Part::multipart(section, "mixed", params, children)
}

fn compared(described: &Part, headers: &[(&str, &str)]) -> Compared {
    let headers: BTreeMap<&str, &str> = headers.iter().copied().collect();
    compare(described, &|section| {
        headers.get(section).map(|header| header.as_bytes())
    })
}

const MIXED: &str = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";

#[test]
fn names_and_types_are_those_of_the_headers() {
    let described = multipart("", "b", vec![leaf("1", "text/plain"), leaf("2", "a/b")]);
    let file = "Content-Type: application/pdf; name=offer of may.pdf\r\n\
        Content-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    let Compared {
        root,
        is_contradicted,
    } = compared(&described, &[("", MIXED), ("1", "\r\n"), ("2", file)]);
    assert!(!is_contradicted);
    let found = root.find("2").unwrap();
    assert_eq!(found.name.as_deref(), Some("offer of may.pdf"));
    assert_eq!(found.media_type, "application/pdf");
    assert_eq!(found.encoding, TransferEncoding::Base64);
    assert_eq!(found.size_bytes, 7);
    assert_eq!(root.find("1").unwrap().media_type, "text/plain");
}

#[test]
fn the_only_part_of_a_message_has_the_header_of_the_message() {
    let header = "Content-Type: text/html; charset=koi8-r\r\n\r\n";
    let compared = compared(&leaf("1", "text/plain"), &[("", header)]);
    assert!(!compared.is_contradicted);
    assert_eq!(compared.root.section, "1");
    assert_eq!(compared.root.media_type, "text/html");
    assert_eq!(compared.root.charset(), Some("koi8-r"));
}

#[test]
fn raw_names_are_read_in_the_charset_of_the_text() {
    let described = multipart("", "b", vec![leaf("1", "text/plain"), leaf("2", "a/b")]);
    let header = |section: &str| match section {
        "" => Some(MIXED.as_bytes()),
        "1" => Some(&b"Content-Type: text/plain; charset=shift_jis\r\n\r\n"[..]),
        _ => Some(&b"Content-Type: a/b; name=\"\x95\x5c.pdf\"\r\n\r\n"[..]),
    };
    let compared = compare(&described, &header);
    let name = compared.root.children[1].name.as_deref();
    assert_eq!((name, compared.is_contradicted), (Some("表.pdf"), false));
}

#[test]
fn parts_of_a_digest_are_messages() {
    let header = "Content-Type: multipart/digest; boundary=b\r\n\r\n";
    let described = multipart("", "b", vec![leaf("1", "message/rfc822")]);
    let compared = compared(&described, &[("", header), ("1", "\r\n")]);
    assert_eq!(compared.root.children[0].media_type, "message/rfc822");
}

#[test]
fn a_header_that_contradicts_the_structure_is_found() {
    let text = || leaf("1", "text/plain");
    let two = |boundary| multipart("", boundary, vec![text(), leaf("2", "text/plain")]);
    let nested = multipart("", "b", vec![multipart("1", "c", vec![leaf("1.1", "a/b")])]);
    let plain = "Content-Type: text/plain\r\n\r\n";
    for (why, described, headers) in [
        ("a boundary in pieces", text(), vec![("", MIXED)]),
        (
            "a boundary in pieces below",
            two("b"),
            vec![("", MIXED), ("2", MIXED)],
        ),
        ("another boundary", two("x"), vec![("", MIXED)]),
        (
            "no boundary",
            two("b"),
            vec![("", "Content-Type: multipart/mixed\r\n\r\n")],
        ),
        ("a text", two("b"), vec![("", plain)]),
        ("a text below", nested, vec![("", MIXED), ("1", plain)]),
        (
            "a multipart without parts",
            multipart("", "b", Vec::new()),
            vec![("", MIXED)],
        ),
        (
            "a delimiter in the header",
            text(),
            vec![("", "Subject: a\r\n--b\r\nContent-Type: text/plain\r\n\r\n")],
        ),
        (
            "text in the header",
            two("b"),
            vec![("", MIXED), ("2", "Content-Ty")],
        ),
    ] {
        let compared = compared(&described, &headers);
        assert!(compared.is_contradicted, "{why}");
        let sections = |root: &Part| {
            let sections = sections(root);
            sections.into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(sections(&compared.root), sections(&described), "{why}");
    }
}

#[test]
fn a_structure_without_headers_or_boundary_stays_as_described() {
    let described = multipart("", "b", vec![leaf("1", "text/plain"), leaf("2", "a/b")]);
    let nothing = compared(&described, &[]);
    assert_eq!((nothing.root, nothing.is_contradicted), (described, false));
    let children = vec![leaf("1", "text/plain")];
    let bare = Part::multipart("", "mixed", Params::default(), children);
    assert!(!compared(&bare, &[("", MIXED)]).is_contradicted);
    let long = format!("{}\r\n", "A: b\r\n".repeat(10_001));
    let over_limit = compared(&bare, &[("", MIXED), ("1", &long)]);
    assert!(!over_limit.is_contradicted);
    assert_eq!(over_limit.root.children, bare.children);
}

#[test]
fn headers_of_at_most_32_parts_are_fetched_in_order() {
    let leaves = |parent: &str, count: usize| -> Vec<Part> {
        (1..=count)
            .map(|number| leaf(&format!("{parent}{number}"), "text/plain"))
            .collect()
    };
    let mut children = vec![multipart("1", "c", leaves("1.", 2))];
    children.extend(leaves("", 60).into_iter().skip(1));
    let root = multipart("", "b", children);
    let sections = sections(&root);
    assert_eq!(sections.len(), HEADERS_MAX);
    assert_eq!(sections[..5], ["1", "1.1", "1.2", "2", "3"]);
    assert!(super::sections(&leaf("1", "text/plain")).is_empty());
}

proptest! {
    #[test]
    fn any_headers_compare(
        octets: Vec<u8>,
        text in "(Content-Type: |multipart/mixed|; boundary=b|text/plain|\r\n|--b| |a){0,40}",
    ) {
        let described = multipart("", "b", vec![leaf("1", "text/plain"), leaf("2", "a/b")]);
        for header in [octets.as_slice(), text.as_bytes()] {
            let compared = compare(&described, &|_| Some(header));
            prop_assert_eq!(sections(&compared.root), ["1", "2"]);
        }
    }

    /// What the product describes itself, it does not contradict.
    #[test]
    fn a_message_agrees_with_its_own_headers(
        name in "[a-z ]{1,20}",
        text in "[a-z\n]{0,40}",
        is_nested: bool,
    ) {
        let inner = match is_nested {
            true => "Content-Type: multipart/alternative; boundary=c\n\n--c\n\n{}\n--c\nContent-Type: text/html\n\n<p>\n--c--\n",
            false => "Content-Type: text/plain; charset=utf-8\n\n{}\n",
        };
        let inner = inner.replace("{}", &text);
        let (mixed, inner_type) = (MIXED.replace("\r\n", "\n"), "Content-Type: multipart/alternative; boundary=c\n\n");
        let file = format!("Content-Type: application/pdf; name=\"{name}\"\n\n");
        let raw = format!("{mixed}--b\n{inner}--b\n{file}x\n--b--\n");
        let message = crate::Message::parse(raw.as_bytes(), &Limits::DEFAULT).unwrap();
        let plain = "Content-Type: text/plain; charset=utf-8\n\n";
        let headers = [
            ("", mixed.as_str()),
            ("1", if is_nested { inner_type } else { plain }),
            ("1.1", "\n"),
            ("1.2", "Content-Type: text/html\n\n"),
            ("2", &file),
        ];
        let compared = compared(message.root(), &headers);
        prop_assert!(!compared.is_contradicted);
        prop_assert_eq!(&compared.root, message.root());
    }
}
