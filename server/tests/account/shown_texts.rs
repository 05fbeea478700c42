//! The shown text of a message, by IMAP and POP3.

use app::api::types::{BodyView, Lang, MessageView};
use app::text::url::Shown;

use super::test_server::{Page, TestServer};

/// Opens accounts by both protocols at a server with this message.
async fn pages(raw: &str) -> (TestServer, [Page; 2]) {
    let server = TestServer::new(Some(0)).await;
    server.demo.deliver(raw.to_owned());
    let imap = server.open(server.imap()).await.unwrap();
    let pop3 = server.open(server.pop3()).await.unwrap();
    (server, [imap, pop3])
}

async fn newest(page: &Page) -> MessageView {
    let row = page.rows(&page.inbox()).await.remove(0);
    let opened = page.open(row.id);
    opened.await.unwrap()
}

fn mixed(parts: &[&str]) -> String {
    let mut raw = String::from(
        "From: a@x.example\r\nSubject: texts\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; \
         boundary=b\r\n",
    );
    for part in parts {
        raw.push_str("\r\n--b\r\n");
        raw.push_str(part);
    }
    raw + "\r\n--b--\r\n"
}

#[tokio::test]
async fn mailing_list_footer_is_shown_below_the_html_and_is_no_attachment() {
    let raw = mixed(&[
        "Content-Type: text/html; charset=utf-8\r\n\r\n<p>author's words<div>",
        "Content-Type: text/plain\r\nContent-Disposition: inline\r\n\r\n____\r\n<how> to leave",
    ]);
    let (_server, pages) = pages(&raw).await;
    for page in pages {
        let opened = newest(&page).await;
        assert!(matches!(opened.body, BodyView::Html { .. }), "{opened:?}");
        assert!(opened.attachments.is_empty(), "{opened:?}");
        let document = page.backend.body_document(&opened.id, Shown::default());
        let document = document.await.unwrap();
        let html = document.find("author's words").unwrap();
        let footer = document.find("____\n&lt;how&gt; to leave").unwrap();
        assert!(html < footer, "{document}");
    }
}

#[tokio::test]
async fn empty_first_text_hides_no_other_text_and_all_are_shown_in_order() {
    let plain = |text: &str| format!("Content-Type: text/plain; charset=utf-8\r\n\r\n{text}");
    let raw = mixed(&[&plain(""), &plain("the first"), &plain("the second")]);
    let (_server, pages) = pages(&raw).await;
    for page in pages {
        let opened = newest(&page).await;
        let shown = format!("{:?}", opened.body);
        assert!(
            shown.find("the first").unwrap() < shown.find("the second").unwrap(),
            "{shown}"
        );
        assert!(opened.attachments.is_empty(), "{opened:?}");
    }
}

#[tokio::test]
async fn only_text_is_shown_although_it_is_marked_as_an_attachment() {
    let raw = "From: a@x.example\r\nSubject: s\r\nMIME-Version: 1.0\r\nContent-Type: \
        text/plain\r\nContent-Disposition: attachment\r\n\r\nthe text that must be seen\r\n";
    let (_server, pages) = pages(raw).await;
    for page in pages {
        let shown = format!("{:?}", newest(&page).await.body);
        assert!(shown.contains("the text that must be seen"), "{shown}");
    }
}

#[tokio::test]
async fn encrypted_message_names_its_format_and_offers_its_file() {
    let smime = "From: a@x.example\r\nSubject: s\r\nMIME-Version: 1.0\r\nContent-Type: \
        application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\r\nContent-Transfer-Encoding: \
        base64\r\nContent-Disposition: attachment; filename=smime.p7m\r\n\r\nMIAG\r\n";
    let pgp = "From: a@x.example\r\nSubject: s\r\nMIME-Version: 1.0\r\nContent-Type: \
        multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\r\n\r\n--b\r\nContent-Type: \
        application/pgp-encrypted\r\n\r\nVersion: 1\r\n--b\r\nContent-Type: application/octet-stream; \
        name=encrypted.asc\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n--b--\r\n";
    for (raw, what, file) in [
        (smime, "S/MIME", "smime.p7m"),
        (pgp, "OpenPGP", "encrypted.asc"),
    ] {
        let (server, pages) = pages(raw).await;
        for page in pages {
            let opened = newest(&page).await;
            let BodyView::Empty { why } = &opened.body else {
                panic!("{opened:?}")
            };
            assert!(
                why.contains(what) && why.contains("cannot open it"),
                "{why}"
            );
            let names: Vec<&str> = opened.attachments.iter().map(|a| a.name.as_str()).collect();
            assert!(names.contains(&file), "{names:?}");
            let chinese = server.page(page.handle.clone(), Lang::ZhCn);
            let BodyView::Empty { why } = newest(&chinese).await.body else {
                panic!("a text")
            };
            assert!(why.contains(what) && why.contains("无法打开"), "{why}");
        }
    }
}
