//! Dovecot and Postfix together, and accounts of the product that may reach them.

use std::time::{Duration, Instant};

use app::api::types::{FolderId, IncomingKind, MessageRow};
use mail_net::TlsMode;
use server::account::SignIn;

use super::{ADDRESS, Authority, Dovecot, OTHER_ADDRESS, PASSWORD, Postfix};
use crate::account::test_server::{Page, TestAccounts, sign_in};

/// The longest that a message takes after it is due: the store is asked every 30 s for messages of
/// ended sessions.
const ARRIVAL_TIMEOUT: Duration = Duration::from_secs(60);

/// Both servers, and accounts that may reach them.
pub(super) struct RealServer {
    /// Its folder holds the certificate that both servers read.
    pub(super) authority: Authority,
    pub(super) dovecot: Dovecot,
    pub(super) postfix: Postfix,
    pub(super) accounts: TestAccounts,
}

impl RealServer {
    pub(super) async fn new() -> Self {
        Self::with("").await
    }

    /// Starts both, Postfix with these settings after its own.
    pub(super) async fn with(postfix_settings: &str) -> Self {
        let authority = Authority::new();
        let dovecot = Dovecot::start(&authority);
        let postfix = Postfix::start_with(&authority, &dovecot, postfix_settings);
        let ports = vec![
            dovecot.imaps,
            dovecot.imap,
            dovecot.pop3s,
            dovecot.pop3,
            postfix.smtps,
            postfix.submission,
        ];
        let accounts = TestAccounts::new(authority.ca_pem(), ports).await;
        Self {
            authority,
            dovecot,
            postfix,
            accounts,
        }
    }

    pub(super) fn sign_in(&self, kind: IncomingKind, tls: TlsMode) -> SignIn {
        let incoming = match (kind, tls) {
            (IncomingKind::Imap, TlsMode::Implicit) => self.dovecot.imaps,
            (IncomingKind::Imap, _) => self.dovecot.imap,
            (IncomingKind::Pop3, TlsMode::Implicit) => self.dovecot.pop3s,
            (IncomingKind::Pop3, _) => self.dovecot.pop3,
        };
        let outgoing = match tls {
            TlsMode::Implicit => self.postfix.smtps,
            _ => self.postfix.submission,
        };
        sign_in(ADDRESS, PASSWORD, (kind, incoming), outgoing, tls)
    }

    pub(super) fn deliver(&self, subject: &str) {
        let mail = format!(
            "From: Ben <{OTHER_ADDRESS}>\r\nTo: {ADDRESS}\r\nSubject: {subject}\r\n\
             Message-ID: <{subject}@servers.test>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
             Grüße, 你好.\r\n"
        );
        self.dovecot.deliver(ADDRESS, mail.as_bytes());
    }

    /// Returns how many messages with a subject a folder of an address has; "" is the inbox.
    pub(super) fn arrived(&self, (address, folder): (&str, &str), subject: &str) -> usize {
        let messages = self.dovecot.messages(address, folder);
        let subject = format!("Subject: {subject}");
        let has_subject =
            |message: &&String| message.lines().any(|line| line.trim_end() == subject);
        messages.iter().filter(has_subject).count()
    }

    /// Waits until a folder has messages with a subject, and not more.
    pub(super) async fn until_arrived(&self, folder: (&str, &str), subject: &str, count: usize) {
        let deadline = Instant::now() + ARRIVAL_TIMEOUT;
        while self.arrived(folder, subject) < count {
            assert!(
                Instant::now() < deadline,
                "{subject}\n{}\n{}",
                self.postfix.log(),
                self.dovecot.log()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(self.arrived(folder, subject), count, "{subject}");
    }
}

/// Waits until the inbox has a message with a subject.
pub(super) async fn wait_for(page: &Page, subject: &str) -> MessageRow {
    wait_for_in(page, &page.inbox(), subject).await
}

/// The same with a folder.
pub(super) async fn wait_for_in(page: &Page, folder: &FolderId, subject: &str) -> MessageRow {
    for _ in 0..200 {
        let rows = page.rows(folder).await;
        if let Some(row) = rows.into_iter().find(|row| row.subject == subject) {
            return row;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{subject} did not arrive");
}
