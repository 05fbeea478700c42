//! `view` and `clean`: a message file as the webmail shows it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::{TestDir, restante};

/// An HTML message with an embedded picture, a remote one, a tracker and a file.
const NEWSLETTER: &str = "From: =?gb18030?B?1cXI/Q==?= <zhang@haiou.example>\r\n\
To: \"Wen, Jie\" <wen@restante.test>, mia@restante.test\r\n\
Subject: =?utf-8?Q?Autumn_=E7=A7=8B?=\r\n\
Date: Sat, 21 Nov 2026 09:07:45 +0800\r\n\
Message-ID: <a1@haiou.example>\r\n\
References: <a0@haiou.example>\r\n\
MIME-Version: 1.0\r\n\
Content-Type: multipart/mixed; boundary=b\r\n\r\n\
--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\
<p>Hello <b>Wen</b></p><script>alert(1)</script><img src=\"cid:logo\">\
<img src=\"https://cdn.example/a.png\" width=300 height=200>\
<img src=\"https://t.example/o.gif\" width=1 height=1>\r\n\
--b\r\nContent-Type: image/png\r\nContent-ID: <logo>\r\nContent-Transfer-Encoding: base64\r\n\r\n\
iVBORw0KGgo=\r\n\
--b\r\nContent-Type: text/csv\r\nContent-Transfer-Encoding: base64\r\n\
Content-Disposition: attachment; filename*=UTF-8''%E6%8A%A5%E4%BB%B7.csv\r\n\r\n\
YSxiCjEsMgo=\r\n--b--\r\n";

#[tokio::test]
async fn json_has_fields_text_and_attachments_of_a_message() {
    let out = restante(&["view", "-", "--json"])
        .input(NEWSLETTER)
        .end()
        .await;
    assert_eq!(out.code, 0, "{out:?}");
    let message = out.json();
    assert_eq!(message["subject"], "Autumn 秋");
    assert_eq!(
        message["from"],
        json!([{"name": "张三", "address": "zhang@haiou.example", "has_suspicious_name": false}])
    );
    assert_eq!(message["to"][0]["name"], "Wen, Jie");
    assert_eq!(message["to"][1]["address"], "mia@restante.test");
    assert_eq!(message["date"], "2026-11-21T09:07:45+08:00");
    assert_eq!(message["message_id"], "a1@haiou.example");
    assert_eq!(message["references"], json!(["a0@haiou.example"]));
    assert_eq!(
        message["body"],
        json!({"kind": "html", "blocked_images": 1, "tracking_pixels": 1, "is_cut": false})
    );
    assert_eq!(message["text"], "Hello Wen");
    // The picture that the text shows is no attachment.
    assert_eq!(
        message["attachments"],
        json!([{"part": "3", "name": "报价.csv", "type": "text/csv", "size_bytes": 9, "cid": null}])
    );
}

#[tokio::test]
async fn html_is_the_document_of_the_message_frame() {
    let out = restante(&["view", "--html", "-"])
        .input(NEWSLETTER)
        .end()
        .await;
    assert_eq!(out.code, 0, "{out:?}");
    assert!(out.stdout.starts_with("<!doctype html>"), "{out:?}");
    assert!(out.stdout.contains("Hello <b>Wen</b>"));
    assert!(out.stdout.contains("src=\"part/2\""));
    assert!(!out.stdout.contains("alert") && !out.stdout.contains("https://"));
}

#[tokio::test]
async fn text_and_parts_of_a_file_are_written() {
    let dir = TestDir::new("");
    let file = dir.file("newsletter.eml", NEWSLETTER);
    let text = restante(&["view"]).args([&file]).end().await;
    assert_eq!((text.code, text.stdout.as_str()), (0, "Hello Wen\n"));
    let part = restante(&["view", "--part", "3"]).args([&file]).end().await;
    assert_eq!((part.code, part.stdout.as_str()), (0, "a,b\n1,2\n"));
    let missing = restante(&["view", "--part", "9"]).args([&file]).end().await;
    assert_eq!((missing.code, missing.stdout.as_str()), (66, ""));
    assert!(missing.stderr.contains("no part 9"), "{missing:?}");
}

#[tokio::test]
async fn control_characters_of_a_message_do_not_reach_the_terminal() {
    let text = STANDARD.encode("plain \u{1b}[31mred\u{9b}1m \u{202e}gpj");
    let message = format!(
        "Subject: =?utf-8?Q?=1B[2Jx=E2=80=AEy?=\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{text}\r\n"
    );
    for form in ["--text", "--json", "--html"] {
        let out = restante(&["view", form, "-"]).input(&message).end().await;
        assert_eq!(out.code, 0, "{out:?}");
        assert!(out.stdout.contains("red"), "{out:?}");
        let is_obeyed = |c: char| c.is_control() && c != '\n';
        assert!(!out.stdout.contains(is_obeyed), "{form}: {out:?}");
        // In a document the order of the text is its author's.
        let has_mark = out.stdout.contains('\u{202e}');
        assert!(!has_mark || form == "--html", "{form}: {out:?}");
    }
    let html = restante(&["clean"])
        .input("<p>a\u{1b}[2J&#27;[2J\u{9b}b")
        .end()
        .await;
    assert_eq!(html.code, 0, "{html:?}");
    assert!(!html.stdout.contains(|c: char| c.is_control()), "{html:?}");
}

#[tokio::test]
async fn long_text_is_cut_and_said_to_be() {
    let text = "long words ".repeat(300_000);
    let message = format!("Subject: long\r\n\r\n{text}");
    for args in [&["view", "-"][..], &["view", "--html", "-"], &["clean"]] {
        let input = if args[0] == "clean" { &text } else { &message };
        let out = restante(args).input(input).end().await;
        assert_eq!(out.code, 1, "{args:?} {}", out.stderr);
        assert!(out.stderr.contains("its end is missing"), "{}", out.stderr);
        assert!(out.stdout.len() > 2_000_000, "{args:?}");
    }
}

#[tokio::test]
async fn charset_of_html_can_be_given() {
    let dir = TestDir::new("");
    let file = dir.file("gbk.html", b"<p>\xc4\xe3\xba\xc3</p>");
    let out = restante(&["clean", "--charset", "gbk"])
        .args([&file])
        .end()
        .await;
    assert_eq!(out.code, 0, "{}", out.stderr);
    assert!(out.stdout.contains("<p>你好</p>"), "{}", out.stdout);
}

#[tokio::test]
async fn any_bytes_are_a_message() {
    let endless_header = format!("X: y\r\n{}", " z\r\n".repeat(300_000));
    for (name, message, kind) in [
        ("nothing", "", "empty"),
        ("octets", "\0\u{ff}--", "text"),
        ("an endless header", &endless_header, "over_limits"),
    ] {
        let out = restante(&["view", "--json", "-"])
            .input(message)
            .end()
            .await;
        assert_eq!((out.code, out.stderr.as_str()), (0, ""), "{name}");
        assert_eq!(out.json()["body"]["kind"], kind, "{name}");
    }
    for form in [
        &["view", "-"][..],
        &["view", "--html", "-"],
        &["view", "--part", "1", "-"],
    ] {
        let out = restante(form).input(&endless_header).end().await;
        assert_eq!((out.code, out.stdout.as_str()), (2, ""), "{form:?}");
    }
}

#[tokio::test]
async fn clean_removes_scripts_and_remote_images_and_changes_its_result_no_more() {
    let html = "<p onclick=x>Hi<script>alert(1)</script> \
                <img src=https://cdn.example/a.png width=90 height=90><a href=javascript:x>l</a>";
    let out = restante(&["clean"]).input(html).end().await;
    assert_eq!(out.code, 0, "{out:?}");
    assert!(out.stdout.contains("Hi"));
    for gone in ["script", "onclick", "https://cdn.example"] {
        assert!(!out.stdout.contains(gone), "{gone}: {out:?}");
    }
    let again = restante(&["clean"]).input(&out.stdout).end().await;
    assert_eq!(again.stdout, out.stdout);
    let with_images = restante(&["clean", "--images"]).input(html).end().await;
    assert!(with_images.stdout.contains("https://cdn.example/a.png"));
}

#[tokio::test]
async fn missing_file_is_exit_66() {
    let out = restante(&["view", "/nowhere/x.eml"]).end().await;
    assert_eq!((out.code, out.stdout.as_str()), (66, ""));
    assert!(out.stderr.contains("/nowhere/x.eml"), "{out:?}");
}

#[tokio::test]
async fn a_bounce_has_the_card_that_the_page_shows() {
    let bounce = "From: MAILER-DAEMON@mx.example\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n\
        --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n\
        Final-Recipient: rfc822; nobody@shop.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n";
    let out = restante(&["view", "-", "--json"]).input(bounce).end().await;
    assert_eq!(out.code, 0, "{out:?}");
    let cards = &out.json()["cards"];
    assert_eq!(cards[0]["kind"], "report");
    assert_eq!(cards[0]["title"], "A message of yours was not delivered");
    let line = cards[0]["lines"][0].as_str().unwrap();
    assert!(line.starts_with("nobody@shop.example: "), "{line}");
}

#[tokio::test]
async fn files_of_a_signed_part_are_listed_and_written_by_their_number() {
    let inner = "Content-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\nContent-Type: text/plain\r\n\r\n\
        The offer.\r\n--i\r\nContent-Type: text/csv; name=offer.csv\r\n\
        Content-Disposition: attachment\r\n\r\na,b\r\n--i--\r\n";
    // ContentInfo of SignedData, with the content and without signatures (RFC 5652 §5.1).
    let data = der(0x04, inner.as_bytes());
    let content = [der(0x06, &DATA), der(0xa0, &data)].concat();
    let signed = [
        der(0x02, &[1]),
        der(0x31, &[]),
        der(0x30, &content),
        der(0x31, &[]),
    ]
    .concat();
    let info = [der(0x06, &SIGNED_DATA), der(0xa0, &der(0x30, &signed))].concat();
    let message = format!(
        "From: ann@x.example\r\nSubject: Offer\r\nMIME-Version: 1.0\r\n\
         Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}\r\n",
        STANDARD.encode(der(0x30, &info))
    );
    let out = restante(&["view", "-", "--json"])
        .input(&message)
        .end()
        .await;
    let json = out.json();
    assert_eq!(json["text"], "The offer.", "{out:?}");
    assert_eq!(json["attachments"][0]["name"], "offer.csv");
    assert_eq!(json["cards"][0]["title"], "Signed with S/MIME, not checked");
    let part = json["attachments"][0]["part"].as_str().unwrap();
    let out = restante(&["view", "-", "--part", part])
        .input(&message)
        .end()
        .await;
    assert_eq!((out.code, &*out.stdout), (0, "a,b"));
    let out = restante(&["view", "-", "--part", "1!9"])
        .input(&message)
        .end()
        .await;
    assert_ne!(out.code, 0, "{out:?}");
}

/// The object identifiers 1.2.840.113549.1.7.1 and .2.
const DATA: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
const SIGNED_DATA: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];

/// Encodes a value of less than 64 KiB in DER.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x82], &length[..], content].concat()
}
