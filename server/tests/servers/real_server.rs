//! Dovecot and Postfix together, and accounts of the product that may reach them.

use std::time::Duration;

use app::api::types::{FolderId, IncomingKind, MessageRow};
use mail_net::TlsMode;
use server::account::SignIn;

use super::{ADDRESS, Authority, Dovecot, OTHER_ADDRESS, PASSWORD, Postfix};
use crate::account::test_server::{Page, TestAccounts, sign_in};

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
