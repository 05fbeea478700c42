//! Searches in Dovecot: words of many scripts, attachments, and texts that might become protocol.

use app::api::backend::MailBackend as _;
use app::api::types::{IncomingKind, SearchScope};
use mail_net::TlsMode;

use super::{ADDRESS, Authority, Dovecot, PASSWORD};
use crate::account::searching::{hostile_texts, progress, query, search, subjects};
use crate::account::test_server::{Page, TestAccounts, sign_in};

/// The file of a message with an attachment, whose name is not ASCII.
const WITH_FILE: &str = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
    --b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n\
    6K+35Zyo5ZGo5LqU5YmN56Gu6K6k\r\n--b\r\nContent-Type: application/pdf\r\nContent-Disposition: \
    attachment; filename*=utf-8''%E9%A2%84%E7%AE%97.pdf\r\n\r\nxx\r\n--b--\r\n";

fn message(subject: &str, rest: &str) -> String {
    format!(
        "From: =?utf-8?q?=C3=89mile?= <emile@restante.test>\r\nTo: {ADDRESS}\r\nSubject: \
         {subject}\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\n{rest}"
    )
}

async fn open(authority: &Authority, dovecot: &Dovecot) -> (TestAccounts, Page) {
    let accounts = TestAccounts::new(authority.ca_pem(), vec![dovecot.imaps]).await;
    let port = (IncomingKind::Imap, dovecot.imaps);
    let sign_in = sign_in(ADDRESS, PASSWORD, port, dovecot.imaps, TlsMode::Implicit);
    let page = accounts.open(sign_in).await;
    let page = page.unwrap_or_else(|error| panic!("{error}\n{}", dovecot.log()));
    (accounts, page)
}

#[tokio::test]
async fn dovecot_finds_words_of_every_script_and_files_by_their_names() {
    let authority = Authority::new();
    let dovecot = Dovecot::start(&authority);
    for raw in [
        message("Plain one", "\r\nThe harbour at night.\r\n"),
        message("=?utf-8?b?56ys5Zub5a2j5bqm6aKE566X?=", WITH_FILE),
        message(
            "Latin",
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\
             Content-Transfer-Encoding: quoted-printable\r\n\r\nCaf=E9 au lait\r\n",
        ),
        message(
            "Plain two",
            "\r\nThe harbour by day, and \"quoted\" words.\r\n",
        ),
    ] {
        dovecot.deliver(ADDRESS, raw.as_bytes());
    }
    let (_accounts, page) = open(&authority, &dovecot).await;
    for (typed, expected) in [
        ("harbour", vec!["Plain two", "Plain one"]),
        ("harbour -subject:two", vec!["Plain one"]),
        ("body:\"harbour at\"", vec!["Plain one"]),
        ("body:café", vec!["Latin"]),
        ("季度", vec!["第四季度预算"]),
        ("请在周五前", vec!["第四季度预算"]),
        ("has:attachment", vec!["第四季度预算"]),
        ("filename:预算", vec!["第四季度预算"]),
        (
            "-has:attachment subject:plain",
            vec!["Plain two", "Plain one"],
        ),
        ("from:émile subject:latin", vec!["Latin"]),
        ("is:starred", vec![]),
        ("harbour larger:1M", vec![]),
        (
            "harbour smaller:1M after:1d",
            vec!["Plain two", "Plain one"],
        ),
    ] {
        let found = search(&page.backend, typed).await;
        assert_eq!(subjects(&found), expected, "{typed}");
        assert_eq!(progress(&found).notes, Vec::<String>::new(), "{typed}");
    }
    page.handle.close().await;
}

#[tokio::test]
async fn nothing_typed_becomes_protocol_in_dovecot() {
    let authority = Authority::new();
    let dovecot = Dovecot::start(&authority);
    dovecot.deliver(ADDRESS, message("Stays", "\r\nHere.\r\n").as_bytes());
    let (_accounts, page) = open(&authority, &dovecot).await;
    for operator in ["", "from:", "subject:", "body:"] {
        for text in hostile_texts() {
            let typed = format!("subject:nothing-has-this {operator}\"{text}");
            let found = page
                .backend
                .message_list(query(&typed, SearchScope::All, 0));
            if let Ok(found) = found.await {
                assert_eq!(found.total, 0, "{typed:?}");
                assert_eq!(progress(&found).notes, Vec::<String>::new(), "{typed:?}");
            }
        }
    }
    assert_eq!(subjects(&search(&page.backend, "here").await), ["Stays"]);
    page.handle.close().await;
}
