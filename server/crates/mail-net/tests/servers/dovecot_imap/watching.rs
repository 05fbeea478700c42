//! Change notifications: IDLE and NOTIFY.

use mail_proto::imap::selected::Selected;
use mail_proto::imap::{
    Capability, Command, Event, FetchItem, Flag, Mailbox, Notify, NotifyEvents, NotifyGroup,
    NotifyMailboxes, NotifySelected,
};

use super::super::imap_session::{Imap, mailbox, uids};
use super::super::machine::{ADDRESS, Authority};
use super::super::message;
use super::everything;

#[tokio::test]
async fn idle_reports_a_delivery_a_flag_and_an_expunge_and_ends_by_done() {
    let authority = Authority::new();
    let dovecot = everything(&authority);
    let mut imap = Imap::signed_in(&authority, dovecot.imaps).await;
    imap.append(&Mailbox::inbox(), &message("one")).await;
    let mut selected = Selected::new(None);
    for event in imap.ok(Command::Select(Mailbox::inbox())).await.events {
        selected.apply(&event);
    }
    let idle = imap.enqueue(Command::Idle);
    imap.until(
        "IDLE",
        |event| matches!(event, Event::Idling { tag } if *tag == idle),
    )
    .await;

    dovecot.deliver(ADDRESS, &message("delivered"));
    imap.until("EXISTS", |event| matches!(event, Event::Exists(2)))
        .await;
    let mut other = Imap::in_inbox(&authority, dovecot.imaps).await;
    other.flag(uids(&[1]), vec![Flag::Flagged]).await;
    let is_flagged = |event: &Event| match event {
        Event::Fetch(data) => data
            .flags()
            .is_some_and(|flags| flags.contains(&Flag::Flagged)),
        _ => false,
    };
    imap.until("FETCH", is_flagged).await;
    other.flag(uids(&[1]), vec![Flag::Deleted]).await;
    other.ok(Command::Expunge).await;
    imap.until(
        "EXPUNGE",
        |event| matches!(event, Event::Expunge { seq } if seq.get() == 1),
    )
    .await;
    imap.enqueue(Command::Done);
    let done = imap.responses_to(idle, &[]).await;
    assert_eq!(
        done.status,
        mail_proto::imap::Status::Ok,
        "{}",
        imap.transcript()
    );
    imap.log_out().await;
}

#[tokio::test]
async fn command_queued_after_done_is_sent_with_it_and_completes() {
    let authority = Authority::new();
    let dovecot = everything(&authority);
    let mut imap = Imap::in_inbox(&authority, dovecot.imaps).await;
    let idle = imap.enqueue(Command::Idle);
    imap.until("IDLE", |event| matches!(event, Event::Idling { .. }))
        .await;
    imap.enqueue(Command::Done);
    let noop = imap.enqueue(Command::Noop);
    imap.responses_to(idle, &[]).await;
    let responses = imap.responses_to(noop, &[]).await;
    assert_eq!(
        responses.status,
        mail_proto::imap::Status::Ok,
        "{}",
        imap.transcript()
    );
}

// docs/protocols.md, IMAP: NOTIFY
// docs/protocols.md, IMAP: servers nobody here wrote
#[tokio::test]
async fn notify_reports_an_unselected_mailbox_and_new_mailbox_names() {
    let authority = Authority::new();
    let dovecot = everything(&authority);
    let mut imap = Imap::in_inbox(&authority, dovecot.imaps).await;
    assert!(imap.has(Capability::Notify));
    imap.ok(Command::Notify(Notify::Set {
        status: false,
        selected: NotifySelected {
            new_message_items: vec![FetchItem::Uid, FetchItem::Envelope],
            flag_changes: true,
        },
        groups: vec![NotifyGroup {
            mailboxes: NotifyMailboxes::Personal,
            events: NotifyEvents {
                messages: true,
                flag_changes: true,
                names: true,
                subscriptions: true,
            },
        }],
    }))
    .await;
    let idle = imap.enqueue(Command::Idle);
    imap.until("IDLE", |event| matches!(event, Event::Idling { .. }))
        .await;

    let mut other = Imap::signed_in(&authority, dovecot.imaps).await;
    other.append(&mailbox("Sent"), &message("sent")).await;
    let is_status = |event: &Event| match event {
        Event::Status(data) => data.mailbox == mailbox("Sent") && data.messages == Some(1),
        _ => false,
    };
    imap.until("STATUS of Sent", is_status).await;
    let create = Command::Create {
        mailbox: mailbox("Neu"),
        special_use: None,
    };
    other.ok(create).await;
    let is_listed =
        |event: &Event| matches!(event, Event::List(data) if data.mailbox == mailbox("Neu"));
    imap.until("LIST of Neu", is_listed).await;
    dovecot.deliver(ADDRESS, &message("arrived"));
    let is_arrived = |event: &Event| match event {
        Event::Fetch(data) => data
            .envelope()
            .is_some_and(|envelope| envelope.subject() == Some(b"arrived")),
        _ => false,
    };
    imap.until("FETCH of the new message", is_arrived).await;
    imap.enqueue(Command::Done);
    imap.responses_to(idle, &[]).await;
    imap.ok(Command::Notify(Notify::Nothing)).await;
}
