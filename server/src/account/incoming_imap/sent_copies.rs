//! Which side files the copies of sent messages, and the copy that was filed last.

use mail_proto::imap::{Uid, UidValidity};

use crate::domain::CopyId;

/// The domains of Microsoft's mailbox servers, which file the messages that are sent through them.
const MICROSOFT_DOMAINS: [&str; 3] = ["office365.com", "outlook.com", "office365.us"];

/// Which side files the copies of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum SentCopies {
    #[default]
    Unknown,
    ByServer,
    ByUs,
}

/// The last filed copy: it is removed if the server files one as well.
#[derive(Debug, Clone)]
pub(super) struct LastCopy {
    pub(super) id: CopyId,
    pub(super) uid_validity: UidValidity,
    pub(super) uid: Uid,
    pub(super) written_unix_secs: i64,
}

/// Whether a server is known to file the messages that are sent by the account's outgoing server.
pub(super) fn files_copies(is_gmail: bool, outgoing_host: &str) -> bool {
    let host = outgoing_host.trim_end_matches('.').to_ascii_lowercase();
    let is_in = |domain: &&str| {
        let rest = host.strip_suffix(*domain);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    is_gmail || MICROSOFT_DOMAINS.iter().any(is_in)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_that_file_copies_are_known_by_extension_and_name() {
        assert!(files_copies(true, "smtp.gmail.com"));
        for host in ["smtp.office365.com", "SMTP-MAIL.outlook.com."] {
            assert!(files_copies(false, host), "{host}");
        }
        for host in [
            "smtp.notoutlook.com",
            "mail.example.org",
            "office365.com.test",
        ] {
            assert!(!files_copies(false, host), "{host}");
        }
    }
}
