//! Bodies in RTF.

use proptest::prelude::*;

use super::super::lzfu::decompress;
use super::super::rtf::{Body, body};
use super::writer::{File, Properties as List, compressed};
use super::{TnefLimits, parse, parsed};

/// The example of MS-OXRTFCP §4.1.1.
const HELLO: [u8; 49] = [
    0x2d, 0, 0, 0, 0x2b, 0, 0, 0, 0x4c, 0x5a, 0x46, 0x75, 0xf1, 0xc5, 0xc7, 0xa7, 0x03, 0x00, 0x0a,
    0x00, 0x72, 0x63, 0x70, 0x67, 0x31, 0x32, 0x35, 0x42, 0x32, 0x0a, 0xf3, 0x20, 0x68, 0x65, 0x6c,
    0x09, 0x00, 0x20, 0x62, 0x77, 0x05, 0xb0, 0x6c, 0x64, 0x7d, 0x0a, 0x80, 0x0f, 0xa0,
];

/// HTML in RTF as Outlook writes it.
const HTML: &str = r"{\rtf1\ansi\ansicpg1252\fromhtml1 \deff0
{\fonttbl{\f0\fswiss\fcharset0 Arial;}{\f1\fnil\fcharset134 SimSun;}}
{\colortbl;\red0\green0\blue0;}
{\*\generator Microsoft Exchange Server;}
\uc1\pard\plain\deftab360 \f0\fs24
{\*\htmltag19 <html>}
{\*\htmltag34 <head>}{\*\htmltag241 <style>p \{ color: red; \}</style>}
{\*\htmltag50 <body>}\htmlrtf \lang1033 \htmlrtf0
{\*\htmltag64 <p class=\'22a\'22>}\htmlrtf {\htmlrtf0 caf\'e9 {\*\htmltag84 &lt;}\htmlrtf <\htmlrtf0
 \u8364 ? \u-10179 ?\u-8704 ?{\f1 \'bb\'e1\'d2\'e9}\htmlrtf\par}\htmlrtf0
{\*\mhtmltag64 <p>}{\*\htmltag72 </p>}
{\*\htmltag84 <img src=\'22cid:a@x\'22>}\par
{\*\htmltag27 </html>}}";

fn html_of(rtf: &str) -> String {
    match body(rtf.as_bytes(), 10_000) {
        Some(Body::Html(html)) => html,
        other => panic!("{other:?}"),
    }
}

fn text_of(rtf: &str) -> String {
    match body(rtf.as_bytes(), 10_000) {
        Some(Body::Text(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_example_of_the_specification_is_decompressed() {
    let rtf = decompress(&HELLO, 1_000).unwrap();
    assert_eq!(
        String::from_utf8(rtf).unwrap(),
        "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    );
    assert_eq!(decompress(&HELLO, 5).unwrap(), b"{\\rtf");
}

#[test]
fn overlapping_references_repeat_octets() {
    // "ab", then 17 octets from the position of "a" on, which are written while they are read.
    let content = [&[0b100, b'a', b'b'][..], &[0x0c, 0xff]].concat();
    let data = [&[0; 8], &b"LZFu"[..], &[0; 4], &content].concat();
    assert_eq!(decompress(&data, 100).unwrap(), b"abababababababababa");
}

#[test]
fn text_that_is_not_compressed_and_other_data() {
    let data = [&[0xff; 8], &b"MELA"[..], &[0; 4], b"{\\rtf1 x}"].concat();
    assert_eq!(decompress(&data, 100).unwrap(), b"{\\rtf1 x}");
    for data in [&b""[..], b"LZFu", &[0; 40]] {
        assert_eq!(decompress(data, 100), None);
    }
    assert_eq!(body(b"hello", 100), None);
}

#[test]
fn html_in_rtf_is_taken_out() {
    assert_eq!(
        html_of(HTML),
        "<html><head><style>p { color: red; }</style><body><p class=\"a\">café &lt; € 😀会议</p>\
         <img src=\"cid:a@x\">\n</html>"
    );
}

#[test]
fn text_in_rtf_is_taken_out() {
    assert_eq!(
        text_of(
            r"{\rtf1\ansi\ansicpg936\fromtext{\fonttbl{\f0\fcharset0 A;}}{\info{\title T}}
\uc1\pard \'c4\'e3\'ba\'c3\par \{a\}\tab\ldblquote b\rdblquote\line c{\pict 0102}\~d\par}"
        ),
        "你好\n{a}\t“b”\nc\u{a0}d\n"
    );
    assert_eq!(
        text_of(r"{\rtf1 a{\*\unknown b}\bin3 }}}c\u12345 ?\uc0\u233 d}"),
        "ac\u{3039}éd"
    );
}

#[test]
fn broken_rtf_gives_what_is_there() {
    for (rtf, expected) in [
        (r"{\rtf1 a}}}b", "ab"),
        (r"{\rtf1 a\", "a"),
        (r"{\rtf1 a\'", "a?"),
        (r"{\rtf1 a\u", "a"),
        (r"{\rtf1 a\u-10179 ?b", "a\u{fffd}b"),
        (r"{\rtf1 a\bin99999999 b", "a"),
        (r"{\rtf1 a\u99999999999 ?b", "a?b"),
    ] {
        assert_eq!(text_of(rtf), expected, "{rtf}");
    }
    let deep = format!("{{\\rtf1 {}a{}b", "{".repeat(50_000), "}".repeat(50_000));
    assert_eq!(text_of(&deep), "ab");
}

#[test]
fn a_message_with_rtf_alone_has_a_body() {
    let file = |rtf: &str| {
        let list = List::new().binary(0x1009, &compressed(rtf.as_bytes()));
        File::new().message_properties(list).done()
    };
    let tnef = parsed(&file(HTML));
    assert!(tnef.html.unwrap().contains("<p class=\"a\">café"));
    assert_eq!(tnef.text, None);
    let tnef = parsed(&file(r"{\rtf1\fromtext hello}"));
    assert_eq!((tnef.text.as_deref(), tnef.html), (Some("hello"), None));
    assert!(!tnef.is_over_limit);

    let limits = TnefLimits {
        body_bytes: 8,
        ..TnefLimits::DEFAULT
    };
    let tnef = parse(&file(r"{\rtf1 hello world}"), &limits).unwrap();
    assert_eq!(tnef.text.as_deref(), Some("hello wo"));
    assert!(tnef.is_over_limit);
}

#[test]
fn text_and_html_of_the_file_go_before_rtf() {
    let list = |list: List| list.binary(0x1009, &compressed(br"{\rtf1 from rtf}"));
    let file = File::new().message_properties(list(List::new().unicode(0x1000, "text")));
    assert_eq!(parsed(&file.done()).text.as_deref(), Some("text"));
    let file = File::new().message_properties(list(List::new().unicode(0x1013, "<p>")));
    let tnef = parsed(&file.done());
    assert_eq!((tnef.text, tnef.html.as_deref()), (None, Some("<p>")));
}

proptest! {
    #[test]
    fn compressed_octets_are_decompressed(octets: Vec<u8>) {
        prop_assert_eq!(decompress(&compressed(&octets), 10_000), Some(octets));
    }

    #[test]
    fn any_octets_are_decompressed_up_to_the_limit(octets: Vec<u8>, max_bytes in 0_usize..500) {
        let data = [&[0; 8], &b"LZFu"[..], &[0; 4], &octets].concat();
        prop_assert!(decompress(&data, max_bytes).unwrap().len() <= max_bytes);
        decompress(&octets, max_bytes);
    }

    #[test]
    fn any_rtf_is_read_without_harm(
        rest in "[ -~]{0,200}|(\\\\[a-z*'{}]{1,3}-?[0-9]{0,6}|[{}]|\\\\\\*\\\\htmltag|\\\\u[0-9]{5}|é){0,40}",
    ) {
        for kind in ["", "\\fromhtml1 ", "\\fromtext "] {
            let rtf = format!("{{\\rtf1{kind}{rest}");
            prop_assert!(body(rtf.as_bytes(), 100_000).is_some());
        }
    }

    #[test]
    fn written_text_is_read_again(text in "[a-z{}\\\\ é-ÿ一-龥😀]{0,60}") {
        let mut rtf = "{\\rtf1\\ansi\\uc1 ".to_owned();
        for c in text.chars() {
            match c {
                '{' | '}' | '\\' => rtf.extend(['\\', c]),
                _ if c.is_ascii() => rtf.push(c),
                _ => {
                    let mut units = [0; 2];
                    for unit in c.encode_utf16(&mut units) {
                        rtf.push_str(&format!("\\u{} ?", *unit as i16));
                    }
                }
            }
        }
        prop_assert_eq!(text_of(&(rtf + "}")), text);
    }
}
