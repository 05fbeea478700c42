//! QUOTA (RFC 9208).

use mail_proto::imap::{Command, Event};

use crate::commands::{is_written, mailbox, text};
use crate::mailboxes::events_from;

// docs/protocols.md, IMAP: QUOTA
#[test]
fn quota_is_asked_for_by_root_and_by_mailbox() {
    is_written(
        "QUOTA",
        Command::GetQuota {
            root: text("!partition/sda4"),
        },
        "GETQUOTA \"!partition/sda4\"",
    );
    is_written(
        "QUOTA",
        Command::GetQuotaRoot(mailbox("INBOX")),
        "GETQUOTAROOT \"INBOX\"",
    );
}

// docs/protocols.md, IMAP: QUOTA
#[test]
fn the_responses_of_rfc_9208_4_2_are_read() {
    let events = events_from(
        "* QUOTAROOT INBOX \"#user/alice\" \"#user/bob\"\r\n* QUOTAROOT comp.mail.mime\r\n\
         * QUOTA \"#user/alice\" (STORAGE 54 111 MESSAGE 42 1000)\r\n* QUOTA {0}\r\n ()\r\n\
         * QUOTA \"\" (storage 99999999999999999 18446744073709551615)\r\n",
    );
    let [
        Event::QuotaRoot(inbox),
        Event::QuotaRoot(news),
        Event::Quota(alice),
        Event::Quota(none),
        Event::Quota(huge),
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert!(inbox.mailbox.is_inbox());
    assert_eq!(inbox.roots, ["#user/alice", "#user/bob"]);
    assert!(news.roots.is_empty());
    assert_eq!(alice.storage_bytes(), Some((54 * 1024, 111 * 1024)));
    let message = &alice.resources[1];
    assert_eq!(
        (&message.name[..], message.usage, message.limit),
        (&b"MESSAGE"[..], 42, 1000)
    );
    assert_eq!((&none.root[..], none.storage_bytes()), (&b""[..], None));
    assert_eq!(huge.storage_bytes(), Some((u64::MAX, u64::MAX)));
}

#[test]
fn impossible_quotas_are_reported_as_unknown_data() {
    let events = events_from(
        "* QUOTA \"\" (STORAGE 10)\r\n* QUOTA \"\" (STORAGE -1 10)\r\n* QUOTA x\r\n* QUOTA\r\n\
         * QUOTAROOT\r\n* QUOTAROOT (a) b\r\n",
    );
    assert_eq!(events.len(), 6);
    assert!(
        events
            .iter()
            .all(|event| matches!(event, Event::Unknown(_)))
    );
}
