//! The table of messages of `mail-mime` in Dovecot.

use app::api::types::IncomingKind;
use mail_net::TlsMode;

use super::{ADDRESS, Authority, Dovecot, PASSWORD};
use crate::account::test_server::{TestAccounts, sign_in};
use crate::reading::{Corpus, Gap};

/// How many messages are delivered at a time.
const DELIVERIES: usize = 4;

/// What Dovecot tells of these by IMAP is not what their octets say.
const GAPS: [Gap; 1] = [gap(
    "null octet × subject",
    // A literal cannot hold it (RFC 9051 §9), and BINARY returns no header (RFC 3516 §4.2).
    "Dovecot sends the octet 0x80 for a null octet",
)];

const fn gap(cell: &'static str, reason: &'static str) -> Gap {
    Gap { cell, reason }
}

#[tokio::test]
async fn dovecot_shows_each_message_of_the_table_alike_by_imap_and_pop3() {
    let corpus = Corpus::new();
    let authority = Authority::new();
    let dovecot = Dovecot::start(&authority);
    let messages: Vec<&[u8]> = corpus.messages().collect();
    let (first, others) = messages.split_first().expect("a message");
    // It creates the mailbox.
    dovecot.deliver(ADDRESS, first);
    std::thread::scope(|scope| {
        for share in others.chunks(others.len().div_ceil(DELIVERIES)) {
            let dovecot = &dovecot;
            scope.spawn(move || {
                share
                    .iter()
                    .for_each(|message| dovecot.deliver(ADDRESS, message))
            });
        }
    });
    let ports = vec![dovecot.imaps, dovecot.pop3s];
    let accounts = TestAccounts::new(authority.ca_pem(), ports).await;
    let open = async |kind, port| {
        let sign_in = sign_in(ADDRESS, PASSWORD, (kind, port), port, TlsMode::Implicit);
        accounts
            .open(sign_in)
            .await
            .unwrap_or_else(|error| panic!("{error}\n{}", dovecot.log()))
    };
    let imap = open(IncomingKind::Imap, dovecot.imaps).await;
    let pop3 = open(IncomingKind::Pop3, dovecot.pop3s).await;
    corpus.assert_shown_alike(&imap, &pop3, &GAPS).await;
    imap.handle.close().await;
    pop3.handle.close().await;
}
