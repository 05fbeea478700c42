//! Mailboxes: listing, creation and deletion.

use mail_proto::imap::{
    Command, Event, List, ListData, ListSelection, Mailbox, MailboxAttribute, Status, StatusData,
    StatusItem,
};

use super::super::imap_session::{Imap, Responses, mailbox, text};
use super::super::machine::Authority;
use super::super::message;
use super::everything;

/// Returns the mailboxes of a listing by their decoded names.
fn listed(responses: &Responses) -> Vec<(String, ListData)> {
    let mut rows: Vec<_> = responses
        .events
        .iter()
        .filter_map(|event| match event {
            Event::List(data) | Event::Lsub(data) => {
                Some((data.mailbox.decode(false)?, data.clone()))
            }
            _ => None,
        })
        .collect();
    rows.sort_by(|(one, _), (other, _)| one.cmp(other));
    rows
}

fn create(name: &str) -> Command {
    Command::Create {
        mailbox: mailbox(name),
        special_use: None,
    }
}

fn names(responses: &Responses) -> Vec<String> {
    listed(responses)
        .into_iter()
        .map(|(name, _)| name)
        .collect()
}

// docs/protocols.md, IMAP: LIST, LSUB, NAMESPACE
#[tokio::test]
async fn list_extended_returns_special_use_and_subscriptions() {
    let authority = Authority::new();
    let dovecot = everything(&authority);
    let mut imap = Imap::signed_in(&authority, dovecot.imaps).await;
    let rows = listed(&imap.ok(Command::List(List::everything())).await);
    for (name, attribute) in [
        ("Archive", MailboxAttribute::Archive),
        ("Drafts", MailboxAttribute::Drafts),
        ("Junk", MailboxAttribute::Junk),
        ("Sent", MailboxAttribute::Sent),
        ("Trash", MailboxAttribute::Trash),
    ] {
        let (_, row) = rows.iter().find(|(one, _)| one == name).expect(name);
        assert!(row.has(&attribute), "{row:?}");
        assert!(row.has(&MailboxAttribute::Subscribed), "{row:?}");
        assert!(row.has(&MailboxAttribute::HasNoChildren), "{row:?}");
        assert_eq!(row.delimiter, Some(b'/'));
    }
    assert!(rows.iter().any(|(_, row)| row.mailbox.is_inbox()));
}

#[tokio::test]
async fn list_can_be_narrowed_to_subscriptions_and_to_special_use() {
    let authority = Authority::new();
    let dovecot = everything(&authority);
    let mut imap = Imap::signed_in(&authority, dovecot.imaps).await;
    for name in ["Gone", "Quiet"] {
        imap.ok(create(name)).await;
    }
    imap.ok(Command::Subscribe(mailbox("Gone"))).await;
    imap.ok(Command::Delete(mailbox("Gone"))).await;
    let list = |selection| {
        let everything = List::everything();
        Command::List(List {
            selection,
            ..everything
        })
    };
    let subscribed = ListSelection {
        subscribed: true,
        ..ListSelection::default()
    };
    let rows = listed(&imap.ok(list(subscribed)).await);
    let deleted = rows.iter().find(|(name, _)| name == "Gone").expect("Gone");
    assert!(deleted.1.has(&MailboxAttribute::NonExistent), "{deleted:?}");
    assert!(!rows.iter().any(|(name, _)| name == "Quiet"), "{rows:?}");

    let special_use = ListSelection {
        special_use: true,
        ..ListSelection::default()
    };
    let found = names(&imap.ok(list(special_use)).await);
    assert_eq!(found, ["Archive", "Drafts", "Junk", "Sent", "Trash"]);
}

#[tokio::test]
async fn list_status_returns_counts_and_sizes_of_all_mailboxes() {
    let authority = Authority::new();
    let dovecot = everything(&authority);
    let mut imap = Imap::signed_in(&authority, dovecot.imaps).await;
    let sent = message("one");
    imap.append(&mailbox("Sent"), &sent).await;
    imap.append(&mailbox("Sent"), &sent).await;
    let responses = imap
        .ok(Command::List(List {
            return_status: vec![
                StatusItem::Messages,
                StatusItem::Unseen,
                StatusItem::UidNext,
                StatusItem::UidValidity,
                StatusItem::HighestModSeq,
                StatusItem::Size,
            ],
            ..List::everything()
        }))
        .await;
    let statuses: Vec<&StatusData> = responses
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Status(data) => Some(data),
            _ => None,
        })
        .collect();
    assert_eq!(statuses.len(), listed(&responses).len());
    let status = statuses
        .into_iter()
        .find(|data| data.mailbox == mailbox("Sent"))
        .expect("a STATUS of Sent");
    assert_eq!((status.messages, status.unseen), (Some(2), Some(0)));
    assert_eq!(status.uid_next.map(|uid| uid.get()), Some(3));
    assert_eq!(status.size_bytes, Some(2 * sent.len() as u64));
    assert!(
        status.uid_validity.is_some() && status.highest_mod_seq.is_some(),
        "{status:?}"
    );
    assert!(status.others.is_empty(), "{status:?}");
}

// docs/protocols.md, IMAP: LIST, LSUB, NAMESPACE
#[tokio::test]
async fn non_ascii_mailboxes_are_created_listed_renamed_and_deleted() {
    let authority = Authority::new();
    let dovecot = everything(&authority);
    let mut imap = Imap::signed_in(&authority, dovecot.imaps).await;
    let made = ["Entwürfe & Co/日本語", "Говорит \"Москва\" \\ 50%", "☃ 𝄞/*"];
    for name in made {
        imap.ok(create(name)).await;
        imap.append(&mailbox(name), &message("inside")).await;
    }
    let found = names(&imap.ok(Command::List(List::everything())).await);
    for name in made {
        assert!(found.iter().any(|one| one == name), "{name}: {found:?}");
        assert_eq!(imap.status_of(&mailbox(name)).await.messages, Some(1));
    }
    let again = imap.run(create("Entwürfe & Co/日本語")).await;
    assert_eq!(again.status, Status::No);
    assert_eq!(
        again.code,
        Some(mail_proto::imap::Code::AlreadyExists),
        "{again:?}"
    );

    let (from, to) = (mailbox("Entwürfe & Co"), mailbox("Ablage №1"));
    imap.ok(Command::Rename { from, to }).await;
    assert_eq!(
        imap.status_of(&mailbox("Ablage №1/日本語")).await.messages,
        Some(1)
    );
    imap.ok(Command::Delete(mailbox("☃ 𝄞/*"))).await;
    let found = names(&imap.ok(Command::List(List::everything())).await);
    assert!(
        !found
            .iter()
            .any(|name| name.contains('*') || name.contains("Entw")),
        "{found:?}"
    );
    let missing = imap.run(Command::Select(mailbox("☃ 𝄞/*"))).await;
    assert_eq!(missing.status, Status::No, "{missing:?}");
    assert!(missing.text.contains('☃'), "{missing:?}");
}

#[tokio::test]
async fn lsub_lists_subscribed_mailboxes() {
    let authority = Authority::new();
    let dovecot = everything(&authority);
    let mut imap = Imap::signed_in(&authority, dovecot.imaps).await;
    for name in ["Loud", "Quiet"] {
        imap.ok(create(name)).await;
        imap.ok(Command::Subscribe(mailbox(name))).await;
    }
    imap.ok(Command::Unsubscribe(mailbox("Quiet"))).await;
    let lsub = Command::Lsub {
        reference: Mailbox::from_wire(""),
        pattern: text("*"),
    };
    let found = names(&imap.ok(lsub).await);
    assert_eq!(
        found,
        ["Archive", "Drafts", "Junk", "Loud", "Sent", "Trash"]
    );
}
