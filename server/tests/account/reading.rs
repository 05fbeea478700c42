//! The table of messages of `mail-mime` in the demo server.

use super::test_server::TestServer;
use crate::reading::{Corpus, Gap, crlf};

/// The demo server describes these in another way than they are written.
const GAPS: [Gap; 5] = [
    gap(
        "no blank line behind the header × multipart",
        "the server takes the delimiters for fields, and the product shows its description",
    ),
    gap(
        "cut × in the header of a part",
        "the server takes the rest of a cut field for a header, and shows no text",
    ),
    gap("boundary × in pieces", CONTINUED),
    gap("boundary × extended", CONTINUED),
    gap(
        "one boundary for two × multipart",
        "the server describes both forms of the text as parts of the outer multipart",
    ),
];

const CONTINUED: &str = "the server does not read RFC 2231, and describes the multipart as a text";

const fn gap(cell: &'static str, reason: &'static str) -> Gap {
    Gap { cell, reason }
}

#[tokio::test]
async fn the_demo_server_shows_each_message_of_the_table_alike_by_imap_and_pop3() {
    let corpus = Corpus::new();
    let server = TestServer::new(Some(0)).await;
    for message in corpus.messages() {
        server.demo.deliver(crlf(message));
    }
    let imap = server.open(server.imap()).await.unwrap();
    let pop3 = server.open(server.pop3()).await.unwrap();
    corpus.assert_shown_alike(&imap, &pop3, &GAPS).await;
    imap.handle.close().await;
    pop3.handle.close().await;
}
