//! Work whose size the other side chooses: folders, parts, documents.

use std::fmt::Write as _;

use crate::mailserver::{Heard, MailServer, Say};
use crate::product::Product;
use crate::watch::{Watch, Witness};

/// A server that is honest but for its answer to LIST.
async fn listing(lists: String) -> MailServer {
    let script = move |protocol: &str, heard: &Heard<'_>| {
        let is_list = protocol == "imap" && heard.command.starts_with("LIST ");
        is_list.then(|| Say::text(format!("{lists}{} OK done\r\n", heard.tag)))
    };
    MailServer::start(Vec::new(), Box::new(script)).await
}

/// LIST responses for these names, INBOX in the middle and Trash at the end.
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
async fn a_folder_tree_of_any_shape_costs_what_is_shown_of_it() {
    let shapes = [
        (
            "deep",
            lists((0..300).map(|n| format!("f{n:03}{}", "/x".repeat(400)))),
        ),
        (
            "bushy",
            lists((0..3_000).map(|n| format!("f{n}{}", "/x".repeat(31)))),
        ),
        ("wide", lists((0..20_000).map(|n| format!("folder-{n}")))),
        (
            "long",
            lists((0..3_000).map(|n| format!("{n}{}", "y".repeat(1_000)))),
        ),
    ];
    for (name, lists) in shapes {
        let honest = MailServer::honest().await;
        let sent = lists.len();
        let server = listing(lists).await;
        let product = Product::start(&[&honest, &server]);
        let witness = Witness::new(&product, &honest).await;
        let watch = Watch::begin("folders", &product, witness);
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
