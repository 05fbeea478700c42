use std::collections::BTreeSet;

use super::*;
use crate::supplement::{Purpose, Referenced, Supplements, wanted};
use crate::tree::LeafFields;

fn short(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x84], &len[..], content].concat()
}

/// `SignedData` around an entity, without certificates and signatures, which are not read.
fn signed(entity: &[u8]) -> Vec<u8> {
    let data = short(0x06, b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01");
    let signed_data = short(0x06, b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02");
    let content = short(0xa0, &short(0x04, entity));
    let encapsulated = short(0x30, &[data, content].concat());
    let values = [short(0x02, &[1]), short(0x31, b""), encapsulated].concat();
    let explicit = short(0xa0, &short(0x30, &values));
    short(0x30, &[signed_data, explicit].concat())
}

/// A winmail.dat with a body in HTML, an image that the body refers to, and a file.
fn winmail() -> Vec<u8> {
    let len = |octets: &[u8]| u32::try_from(octets.len()).unwrap().to_le_bytes();
    let attribute = |level: u8, id: u32, data: &[u8]| {
        [&[level], &id.to_le_bytes()[..], &len(data), data, &[0; 2]].concat()
    };
    let property = |id: u16, kind: u16, text: &str| {
        let mut value = text.as_bytes().to_vec();
        value.push(0);
        let padding = vec![0; value.len().wrapping_neg() % 4];
        let head = [kind.to_le_bytes(), id.to_le_bytes()].concat();
        [
            &head,
            &1_u32.to_le_bytes()[..],
            &len(&value),
            &value,
            &padding,
        ]
        .concat()
    };
    let list = |properties: &[Vec<u8>]| {
        let count = u32::try_from(properties.len()).unwrap().to_le_bytes();
        [&count[..], &properties.concat()].concat()
    };
    let html = property(0x1013, 0x1e, "<p><img src=\"cid:dot@a.example\">");
    let image = [
        property(0x3712, 0x1e, "<dot@a.example>"),
        property(0x370e, 0x1e, "image/png"),
        property(0x3707, 0x1e, "dot.png"),
    ];
    [
        b"\x78\x9f\x3e\x22\x01\0".to_vec(),
        attribute(1, 0x0006_9003, &list(&[html])),
        attribute(2, 0x0006_9002, &[0; 14]),
        attribute(2, 0x0006_800f, b"PNG"),
        attribute(2, 0x0006_9005, &list(&image)),
        attribute(2, 0x0006_9002, &[0; 14]),
        attribute(2, 0x0001_8010, b"plan.pdf\0"),
        attribute(2, 0x0006_800f, b"%PDF"),
    ]
    .concat()
}

const RELATED: &[u8] = b"Content-Type: multipart/mixed; boundary=m\r\n\r\n\
    --m\r\nContent-Type: multipart/related; boundary=r\r\n\r\n\
    --r\r\nContent-Type: text/html\r\n\r\n<img src=\"cid:dot@a.example\">\r\n\
    --r\r\nContent-Type: image/png; name=dot.png\r\nContent-ID: <dot@a.example>\r\n\
    Content-Transfer-Encoding: base64\r\n\r\nUE5H\r\n--r--\r\n\
    --m\r\nContent-Type: application/pdf; name=plan.pdf\r\n\r\n%PDF\r\n--m--\r\n";

fn leaf(media_type: &str) -> Part {
    Part::leaf(LeafFields {
        section: "2",
        media_type,
        size_bytes: 1_000,
        ..LeafFields::default()
    })
}

fn containers() -> [(Part, Vec<u8>, Purpose); 2] {
    [
        (leaf("application/ms-tnef"), winmail(), Purpose::Tnef),
        (
            leaf("application/pkcs7-mime"),
            signed(RELATED),
            Purpose::Smime,
        ),
    ]
}

fn read(part: &Part, octets: &[u8], purpose: Purpose) -> Supplements {
    assert_eq!(wanted(part), [(purpose, part)]);
    let mut supplements = Supplements::default();
    supplements.add(purpose, part, octets);
    supplements
}

#[test]
fn files_are_taken_out_by_the_index_under_which_they_are_listed() {
    for (part, octets, purpose) in containers() {
        let supplements = read(&part, &octets, purpose);
        let packed = supplements.packed.unwrap();
        assert_eq!(packed.section, "2");
        let files = &packed.content.files;
        let names: Vec<_> = files.iter().map(|file| file.name.as_deref()).collect();
        assert_eq!(names, [Some("dot.png"), Some("plan.pdf")], "{purpose:?}");
        for (index, (file, expected)) in files.iter().zip([&b"PNG"[..], b"%PDF"]).enumerate() {
            let taken = take_file(&part, &octets, index).unwrap();
            assert_eq!(taken.file, *file);
            assert_eq!(*taken.octets, *expected);
        }
        assert_eq!(take_file(&part, &octets, 2), None);
    }
}

#[test]
fn only_embedded_files_that_the_body_uses_are_not_listed() {
    for (part, octets, purpose) in containers() {
        let packed = read(&part, &octets, purpose).packed.unwrap();
        let listed = |used: &[&str]| {
            let used: BTreeSet<String> = used.iter().map(|id| (*id).to_owned()).collect();
            let files = packed.content.files_except(&used);
            files.map(|(index, _)| index).collect::<Vec<_>>()
        };
        assert_eq!(listed(&[]), [0, 1]);
        assert_eq!(listed(&["other@a.example"]), [0, 1]);
        assert_eq!(listed(&["dot@a.example"]), [1]);
    }
}

#[test]
fn html_refers_to_packed_files_by_content_id() {
    let outer = Part::leaf(LeafFields {
        section: "3",
        media_type: "image/png",
        content_id: Some("<dot@a.example>"),
        ..LeafFields::default()
    });
    for (part, octets, purpose) in containers() {
        let supplements = read(&part, &octets, purpose);
        let file = Referenced::Packed {
            section: "2",
            index: 0,
        };
        let alone = part.readable();
        let found = supplements.by_content_id(&alone);
        assert_eq!(found.get("dot@a.example"), Some(&file));
        let children = vec![part.clone(), outer.clone()];
        let both = Part::multipart("", "mixed", Default::default(), children);
        let readable = both.readable();
        let found = supplements.by_content_id(&readable);
        let expected = match purpose {
            Purpose::Smime => file,
            _ => Referenced::Part(&outer),
        };
        assert_eq!(found.get("dot@a.example"), Some(&expected));
    }
}

#[test]
fn body_of_smime_stands_above_the_texts_and_that_of_winmail_in_their_place() {
    let text = |text: &str| Body::Text {
        text: text.to_owned(),
        format: Format::Fixed,
        is_cut: false,
    };
    for (part, octets, purpose) in containers() {
        let supplements = read(&part, &octets, purpose);
        let Body::Html { documents, is_cut } = supplements.body(Body::Empty) else {
            panic!("no HTML")
        };
        assert!(!is_cut && documents.len() == 1 && documents[0].contains("cid:dot"));
        match (purpose, supplements.body(text("outer"))) {
            (Purpose::Smime, Body::Html { documents, .. }) => {
                assert_eq!(documents.len(), 2);
                assert_eq!(documents[1], "<pre>\nouter</pre>");
            }
            (_, body) => assert_eq!(body, text("outer")),
        }
    }
    let nothing = Supplements::default();
    assert_eq!(nothing.body(text("outer")), text("outer"));
}

#[test]
fn long_text_inside_a_signature_is_cut() {
    let long = "x".repeat(crate::limits::SHOWN_BYTES + 1);
    let entity = format!("Content-Type: text/plain\r\n\r\n{long}");
    let part = leaf("application/pkcs7-mime");
    let supplements = read(&part, &signed(entity.as_bytes()), Purpose::Smime);
    let body = supplements.body(Body::Empty);
    assert!(body.is_cut());
    let Body::Text { text, .. } = body else {
        panic!("no text")
    };
    assert_eq!(text.len(), crate::limits::SHOWN_BYTES);
}

#[test]
fn large_encrypted_and_certificate_parts_are_not_read() {
    let smime = |params: &str, size_bytes| {
        let params = crate::params::Params::decode([("smime-type", params)]);
        let part = Part::leaf(LeafFields {
            section: "1",
            media_type: "application/pkcs7-mime",
            params,
            size_bytes,
            ..LeafFields::default()
        });
        !wanted(&part).is_empty()
    };
    for (declared, is_read) in [
        ("signed-data", true),
        ("", true),
        ("compressed-data", true),
        ("enveloped-data", false),
        ("authEnveloped-data", false),
        ("certs-only", false),
    ] {
        assert_eq!(smime(declared, 12 << 20), is_read, "{declared}");
        assert!(!smime(declared, (12 << 20) + 1));
    }
}

#[test]
fn octets_of_other_types_have_no_files() {
    for octets in [&b""[..], b"PK\x03\x04", &signed(RELATED)] {
        assert_eq!(take_file(&leaf("application/pdf"), octets, 0), None);
    }
    let part = leaf("application/pkcs7-mime");
    assert_eq!(take_file(&part, b"no S/MIME", 0), None);
    assert_eq!(take_file(&part, &signed(b""), 0), None);
}
