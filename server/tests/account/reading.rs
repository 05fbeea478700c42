//! The table of messages of `mail-mime` in the demo server.

use super::test_server::TestServer;
use crate::reading::{Corpus, crlf};

#[tokio::test]
async fn the_demo_server_shows_each_message_of_the_table_alike_by_imap_and_pop3() {
    let corpus = Corpus::new();
    let server = TestServer::new(Some(0)).await;
    for message in corpus.messages() {
        server.demo.deliver(crlf(message));
    }
    let imap = server.open(server.imap()).await.unwrap();
    let pop3 = server.open(server.pop3()).await.unwrap();
    corpus.assert_shown_alike(&imap, &pop3, &[]).await;
    imap.handle.close().await;
    pop3.handle.close().await;
}
