//! Which texts of a message are shown, for structures that programs send although standards forbid
//! them.

use mail_mime::tree::LeafFields;
use mail_mime::{Limits, Message, Part};

/// Returns the media types and contents of the shown texts, and the sections of the attachments.
fn read(raw: &[u8]) -> (Vec<(String, String)>, Vec<String>) {
    let message = Message::parse(raw, &Limits::DEFAULT).expect("within limits");
    let found = message.root().readable();
    let text = |part: &Part| {
        message
            .part_text(part, 1 << 20)
            .trim()
            .replace("\r\n", "\n")
    };
    let texts = found.texts.iter();
    let texts = texts.map(|part| (part.media_type.clone(), text(part)));
    let attachments = found.attachments.iter().map(|part| part.section.clone());
    (texts.collect(), attachments.collect())
}

/// Checks the shown texts and the attachments, with both kinds of line end.
fn check(raw: &str, texts: &[(&str, &str)], attachments: &[&str]) {
    for raw in [raw.to_owned(), raw.replace('\n', "\r\n")] {
        let (shown, attached) = read(raw.as_bytes());
        let shown: Vec<_> = shown
            .iter()
            .map(|(t, w)| (t.as_str(), w.as_str()))
            .collect();
        assert_eq!(shown, texts, "{raw}");
        assert_eq!(attached, attachments, "{raw}");
    }
}

const PLAIN: &str = "text/plain";
const HTML: &str = "text/html";

#[test]
fn a_boundary_in_the_pieces_of_rfc_2231_delimits_parts() {
    check(
        "Subject: s\nContent-Type: multipart/alternative; boundary*0*=us-ascii''%3D_ab12%3Dcd34;\n \
         boundary*1*=-ef56_%3D\n\n--=_ab12=cd34-ef56_=\nContent-Type: text/plain; charset=utf-8\n\n\
         the text\n--=_ab12=cd34-ef56_=--\n",
        &[(PLAIN, "the text")],
        &[],
    );
}

#[test]
fn a_multipart_without_parts_is_the_text_around_its_delimiter() {
    let typed = "Content-Type: multipart/mixed; boundary=b\n\n";
    for (body, text) in [
        ("--b--\n", ""),
        ("--b--", ""),
        ("\n\n--b--\n\n", ""),
        ("the text\n--b--\n", "the text"),
        ("--b--\nthe text\n", "the text"),
        ("\n--b--\nthe text\n--b--\n", "the text\n--b--"),
        ("one\n--b--\ntwo\n", "one\n--b--\ntwo"),
        ("no delimiter", "no delimiter"),
    ] {
        check(&format!("{typed}{body}"), &[(PLAIN, text)], &[]);
    }
    let nested = format!("{typed}--b\nContent-Type: multipart/mixed; boundary=c\n\n--c--\n--b--\n");
    check(&nested, &[(PLAIN, "")], &[]);
}

#[test]
fn a_parameter_without_a_value_hides_no_other() {
    check(
        "Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; protected;\n\t\
         boundary=\"sgn\"\n\n--sgn\nContent-Type: text/plain\n\nthe text\n--sgn\n\
         Content-Type: application/pgp-signature; name=\"signature.asc\"\n\nx\n--sgn--\n",
        &[(PLAIN, "the text")],
        &["2"],
    );
}

#[test]
fn a_nested_multipart_with_the_boundary_of_its_parent_has_the_parts_behind_it() {
    check(
        "Content-Type: multipart/mixed; boundary=\"same\"\n\n--same\n\
         Content-Type: multipart/alternative; boundary=\"same\"\n\n\n--same\n\
         Content-Type: text/plain\n\nthe text\n--same\nContent-Type: text/html\n\n<p>the text\n\
         --same--\n",
        &[(HTML, "<p>the text")],
        &[],
    );
}

#[test]
fn an_empty_first_text_hides_no_other() {
    check(
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n\n--b\n\
         Content-Type: text/plain\n\nthe text\n--b--\n",
        &[(PLAIN, ""), (PLAIN, "the text")],
        &[],
    );
    check(
        "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\n\
         the text\n--b\nContent-Type: text/html\n\n--b--\n",
        &[(PLAIN, "the text")],
        &[],
    );
}

#[test]
fn the_footer_of_a_mailing_list_follows_the_letter() {
    check(
        "Content-Type: multipart/mixed; boundary=lf\n\n--lf\nContent-Type: text/html\n\n\
         <p>author's words</p>\n--lf\nContent-Type: text/plain; charset=us-ascii\n\
         Content-Disposition: inline\n\n____\nhow to leave this list\n--lf--\n",
        &[
            (HTML, "<p>author's words</p>"),
            (PLAIN, "____\nhow to leave this list"),
        ],
        &[],
    );
}

#[test]
fn texts_between_images_are_shown_in_order_and_files_stay_files() {
    check(
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\n\
         Content-Type: image/png; name=a.png\nContent-Disposition: inline\n\nx\n--b\n\
         Content-Type: multipart/alternative; boundary=c\n\n--c\n\ntwo\n--c\n\
         Content-Type: text/html\n\n<b>two\n--c--\n--b\n\
         Content-Type: text/plain; name=notes.txt\n\nnotes\n--b\n\
         Content-Type: text/plain\nContent-Disposition: inline; filename=0001.patch\n\npatch\n--b\n\
         Content-Type: text/html\nContent-Disposition: inline; filename=page.html\n\n<i>page\n--b\n\
         Content-Type: text/plain\nContent-Disposition: attachment\n\nkept away\n--b\n\nthree\n--b--\n",
        &[
            (PLAIN, "one"),
            (HTML, "<b>two"),
            (PLAIN, "patch"),
            (PLAIN, "three"),
        ],
        &["2", "4", "5", "6", "7"],
    );
}

#[test]
fn text_that_is_marked_as_an_attachment_is_shown_where_there_is_no_other() {
    check(
        "Content-Type: text/plain\nContent-Disposition: attachment\n\nthe text\n",
        &[(PLAIN, "the text")],
        &[],
    );
    check(
        "Content-Type: text/plain\nContent-Disposition: attachment; filename=a.txt\n\nthe text\n",
        &[(PLAIN, "the text")],
        &["1"],
    );
    check(
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Disposition: attachment\n\n\
         the text\n--b\nContent-Disposition: attachment; filename=a.txt\n\nfile\n--b--\n",
        &[(PLAIN, "the text")],
        &["2"],
    );
}

#[test]
fn a_message_without_an_empty_line_behind_its_header_has_its_text() {
    check(
        "From: a@x.example\nSubject: s\nContent-Type: text/plain\nDear Bob,\n\nthe text\n",
        &[(PLAIN, "Dear Bob,\n\nthe text")],
        &[],
    );
    check(
        "Subject: s\nContent-Type: multipart/mixed; boundary=b\n--b\nContent-Type: text/html\n\
         <p>the text</p>\n--b--\n",
        &[(HTML, "<p>the text</p>")],
        &[],
    );
    check("no header at all\n", &[(PLAIN, "no header at all")], &[]);
}

#[test]
fn utf_16_that_was_sent_as_binary_is_read() {
    for encoding in ["binary", "8bit", ""] {
        for (head, tail) in [
            (String::new(), String::new()),
            (
                "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n".to_owned(),
                "\r\n--b--\r\n".to_owned(),
            ),
        ] {
            let fields = format!(
                "{head}Content-Type: text/plain; charset=utf-16\r\n\
                 Content-Transfer-Encoding: {encoding}\r\n\r\n"
            );
            let words = "the text, 正文\r\n\r\nend".encode_utf16();
            let words: Vec<u8> = words.flat_map(u16::to_le_bytes).collect();
            let raw = [fields.as_bytes(), &words, tail.as_bytes()].concat();
            let (texts, _) = read(&raw);
            let expected = (PLAIN.to_owned(), "the text, 正文\n\nend".to_owned());
            assert_eq!(texts, [expected], "{encoding}");
        }
    }
}

#[test]
fn after_fifty_texts_the_others_are_attachments() {
    let leaf = |n: usize| {
        Part::leaf(LeafFields {
            section: &n.to_string(),
            media_type: "text/plain",
            size_bytes: 1,
            ..LeafFields::default()
        })
    };
    let children = (1..=70).map(leaf).collect();
    let root = Part::multipart("", "mixed", mail_mime::params::Params::default(), children);
    let found = root.readable();
    assert_eq!((found.texts.len(), found.attachments.len()), (50, 20));
}
