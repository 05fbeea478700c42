//! Work whose size the other side controls: folders, parts, documents.

use std::fmt::Write as _;

use crate::mailserver::{ClientCommand, Mail, MailServer, Reply};
use crate::product::Product;
use crate::watch::{Probe, Watch};

/// Starts a server that is valid except for its response to LIST.
async fn listing(lists: String) -> MailServer {
    let script = move |protocol: &str, received: &ClientCommand<'_>| {
        let is_list = protocol == "imap" && received.command.starts_with("LIST ");
        is_list.then(|| Reply::text(format!("{lists}{} OK done\r\n", received.tag)))
    };
    MailServer::start(Vec::new(), Box::new(script)).await
}

/// Formats LIST responses for these names, INBOX in the middle and Trash at the end.
fn lists(names: impl Iterator<Item = String>) -> String {
    let names: Vec<String> = names.collect();
    let (before, after) = names.split_at(names.len() / 2);
    let mut text = String::new();
    for name in before {
        let _ = write!(text, "* LIST () \"/\" {name}\r\n");
    }
    text.push_str("* LIST () \"/\" INBOX\r\n");
    for name in after {
        let _ = write!(text, "* LIST () \"/\" {name}\r\n");
    }
    text.push_str("* LIST (\\Trash) \"/\" Rubbish\r\n");
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn folder_tree_of_any_shape_costs_only_what_is_shown() {
    let shapes = [
        (
            "deep",
            lists((0..300).map(|n| format!("f{n:03}{}", "/x".repeat(400)))),
        ),
        (
            "bushy",
            lists((0..3_000).map(|n| format!("f{n}{}", "/x".repeat(31)))),
        ),
        ("wide", lists((0..9_000).map(|n| format!("folder-{n}")))),
        (
            "long",
            lists((0..3_000).map(|n| format!("{n}{}", "y".repeat(1_000)))),
        ),
    ];
    for (name, lists) in shapes {
        let valid = MailServer::valid().await;
        let sent = lists.len();
        let server = listing(lists).await;
        let product = Product::start(&[&valid, &server]);
        let probe = Probe::new(&product, &valid).await;
        let watch = Watch::begin("folders", &product, probe);
        let mut client = product.signed_in(&server).await;
        let mail = client.get("/mail").await;
        let page = client.get(mail.header("location").unwrap()).await;
        let text = page.text();
        let shown = text.matches("class=\"tree-item").count();
        watch
            .end(&format!(
                "{name}: LIST of {sent} bytes, {shown} folders, page of {} bytes",
                text.len()
            ))
            .await;
        assert!(
            text.contains("more, which this page leaves out"),
            "{name}: {text}"
        );
        assert!(
            text.contains("SU5CT1g") && text.contains("UnViYmlzaA"),
            "{name}: {text}"
        );
    }
}

/// Creates a message of one HTML part.
fn html_mail(subject: &str, html: &str) -> Mail {
    let size = html.len();
    Mail {
        structure: format!("(\"TEXT\" \"HTML\" NIL NIL NIL \"8BIT\" {size} 1 NIL NIL NIL NIL)"),
        raw: format!(
            "From: ann@peer.test\r\nSubject: {subject}\r\nContent-Type: text/html\r\n\
             Content-Transfer-Encoding: 8bit\r\n\r\n{html}"
        ),
        ..Mail::plain(subject)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn document_of_any_shape_is_shown_without_blocking_other_users() {
    let documents = [
        ("lists", "<ul><li>".repeat(100) + &"<li>x".repeat(90_000)),
        (
            "cells",
            format!("<table><tr><td>x{}", "<td>".repeat(110_000)),
        ),
        ("images", "<img src=cid:a@b>".repeat(30_000)),
        (
            "letters",
            format!("<p>{}", "words and words ".repeat(100_000)),
        ),
    ];
    let mails = documents
        .iter()
        .map(|(name, html)| html_mail(name, html))
        .collect();
    let valid = MailServer::valid().await;
    let server = MailServer::start(mails, Box::new(|_, _| None)).await;
    let product = Product::start(&[&valid, &server]);
    let mut client = product.signed_in(&server).await;
    let mail = client.get("/mail").await;
    let folder = mail.header("location").unwrap().to_owned();
    client.get(&folder).await;
    let probe = Probe::new(&product, &valid).await;
    let watch = Watch::begin("documents", &product, probe);
    let mut sizes = Vec::new();
    for (nth, (name, _)) in (1..).zip(&documents) {
        let page = client.get(&format!("{folder}/7.{nth}")).await;
        assert_eq!(page.status, 200, "{name}: {}", page.text());
        let before = server.sent_bytes();
        let body = client.get(&format!("{folder}/7.{nth}/body")).await;
        assert_eq!(body.status, 200, "{name}");
        // IDLE may begin meanwhile; the message itself is 500 kB and more.
        let more_bytes = server.sent_bytes() - before;
        assert!(more_bytes < 10_000, "{name} was fetched a second time");
        sizes.push(body.text().len());
    }
    watch
        .end(&format!(
            "{} documents, frames of {sizes:?} bytes",
            sizes.len()
        ))
        .await;
}
