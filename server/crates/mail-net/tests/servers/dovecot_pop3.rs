//! Dovecot by POP3.

use mail_net::TlsMode;
use mail_proto::pop3::{
    Command, Deletions, Event, LanguageTag, ResponseCode, State, UniqueIdListing,
};

use super::machine::{ADDRESS, Authority, Dovecot};
use super::pop3_session::{Pop3, number};
use super::{credentials, message};

/// Starts a Dovecot with this many messages.
fn with_messages(authority: &Authority, count: u32) -> Dovecot {
    // Without this setting a dropped session may hold the maildrop for a while.
    let dovecot = Dovecot::start_with(authority, "protocol pop3 {\n  pop3_lock_session = yes\n}");
    for n in 1..=count {
        dovecot.deliver(ADDRESS, &message(&format!("m{n}")));
    }
    dovecot
}

#[tokio::test]
async fn capa_lists_the_capabilities_of_dovecot_and_each_is_known() {
    let authority = Authority::new();
    let dovecot = with_messages(&authority, 0);
    let pop3 = Pop3::signed_in(&authority, dovecot.pop3s).await;
    let offers = pop3.capabilities();
    assert!(
        offers.capa && offers.top && offers.uidl && offers.pipelining,
        "{offers:?}"
    );
    assert!(
        offers.resp_codes && offers.auth_resp_code && offers.user,
        "{offers:?}"
    );
    assert!(!offers.utf8 && !offers.lang, "{offers:?}");
    // Dovecot lists "CAPA" in the response to CAPA.
    assert_eq!(offers.others, ["CAPA"], "{offers:?}");
    assert!(offers.has_mechanism("PLAIN"), "{offers:?}");
}

#[tokio::test]
async fn messages_are_counted_listed_identified_and_read() {
    let authority = Authority::new();
    let dovecot = with_messages(&authority, 3);
    let mut pop3 = Pop3::signed_in(&authority, dovecot.pop3s).await;
    assert_eq!(pop3.count().await, 3);
    let sizes = pop3.list().await;
    let ids = pop3.uidl().await;
    assert_eq!((sizes.len(), ids.len()), (3, 3));
    for (n, row) in (1..).zip(&sizes) {
        assert_eq!(row.number, number(n));
        let whole = pop3.ok(Command::Retr { number: number(n) }).await.message;
        assert_eq!(whole.len() as u64, row.size_bytes);
        // Dovecot's delivery adds fields before the header.
        assert!(
            whole.ends_with(&message(&format!("m{n}"))[..]),
            "{}",
            whole.escape_ascii()
        );
        let top = Command::Top {
            number: number(n),
            lines: 0,
        };
        let header = pop3.ok(top).await.message;
        assert!(whole.starts_with(&header) && header.ends_with(b"\r\n\r\n"));
    }
    let unique_id = |row: &UniqueIdListing| row.unique_id.clone();
    let mut unique: Vec<_> = ids.iter().filter_map(unique_id).collect();
    unique.dedup();
    assert_eq!(unique.len(), 3, "{ids:?}");
    pop3.quit().await;
    let mut again = Pop3::signed_in(&authority, dovecot.pop3s).await;
    assert_eq!(again.uidl().await, ids, "ids outlive the session");
}

// docs/protocols.md, POP3: a server nobody here wrote
#[tokio::test]
async fn twenty_five_commands_are_pipelined_and_completed_in_order() {
    let authority = Authority::new();
    let dovecot = with_messages(&authority, 25);
    let mut pop3 = Pop3::signed_in(&authority, dovecot.pop3s).await;
    let ids: Vec<_> = (1..=25)
        .map(|n| {
            pop3.enqueue(Command::Top {
                number: number(n),
                lines: 1,
            })
        })
        .collect();
    for (n, id) in (1..).zip(ids) {
        let header = pop3.responses_to(id).await.message;
        let subject = format!("\r\nSubject: m{n}\r\n");
        assert!(String::from_utf8_lossy(&header).contains(&subject), "{n}");
    }
    // All commands of the window were sent before the first response arrived.
    let transcript = pop3.transcript();
    let ahead = transcript
        .lines()
        .skip_while(|line| !line.starts_with("> TOP 1 "))
        .take_while(|line| line.starts_with("> TOP"))
        .count();
    assert_eq!(ahead, 20, "{transcript}");
}

#[tokio::test]
async fn large_message_with_leading_dots_is_received_unchanged() {
    let authority = Authority::new();
    let dovecot = with_messages(&authority, 0);
    let mut stored = message("dots");
    for n in 0..200_000 {
        stored.extend_from_slice(format!("{}{n} dots\r\n", ".".repeat(n % 4)).as_bytes());
    }
    stored.extend_from_slice(b".\r\n..\r\n");
    dovecot.deliver(ADDRESS, &stored);
    let mut pop3 = Pop3::signed_in(&authority, dovecot.pop3s).await;
    let received = pop3.ok(Command::Retr { number: number(1) }).await.message;
    assert!(received.ends_with(&stored), "not what was stored");
}

#[tokio::test]
async fn marked_messages_are_deleted_by_quit_and_rset_unmarks_them() {
    let authority = Authority::new();
    let dovecot = with_messages(&authority, 4);
    let mut pop3 = Pop3::signed_in(&authority, dovecot.pop3s).await;
    pop3.ok(Command::Dele { number: number(1) }).await;
    pop3.ok(Command::Rset).await;
    pop3.ok(Command::Dele { number: number(2) }).await;
    pop3.ok(Command::Dele { number: number(4) }).await;
    let refused = pop3.run(Command::Retr { number: number(2) }).await;
    assert!(refused.refused.is_some(), "{}", pop3.transcript());
    assert_eq!(pop3.count().await, 2);
    assert_eq!(pop3.quit().await, Deletions::Done { count: 2 });
    let mut again = Pop3::signed_in(&authority, dovecot.pop3s).await;
    assert_eq!(again.count().await, 2);
}

// docs/protocols.md, POP3: a server nobody here wrote
#[tokio::test]
async fn connection_that_drops_before_quit_deletes_nothing() {
    let authority = Authority::new();
    let dovecot = with_messages(&authority, 3);
    let mut pop3 = Pop3::signed_in(&authority, dovecot.pop3s).await;
    for n in 1..=3 {
        pop3.ok(Command::Dele { number: number(n) }).await;
    }
    assert_eq!(pop3.deletions(), Deletions::Lost { count: 3 });
    drop(pop3);
    let mut again = signed_in_once_free(&authority, &dovecot).await;
    assert_eq!(again.count().await, 3);
}

/// Signs in as soon as the earlier session has released the maildrop.
async fn signed_in_once_free(authority: &Authority, dovecot: &Dovecot) -> Pop3 {
    for _ in 0..100 {
        let mut pop3 = Pop3::connect(authority, dovecot.pop3s, TlsMode::Implicit).await;
        match pop3.sign_in(credentials()).await.refused {
            None => return pop3,
            Some(refused) => assert_eq!(refused.code, Some(ResponseCode::InUse), "{refused}"),
        }
    }
    panic!("the maildrop stays locked:\n{}", dovecot.log());
}

// docs/protocols.md, POP3: a server nobody here wrote
#[tokio::test]
async fn maildrop_locked_by_another_session_is_reported_as_in_use() {
    let authority = Authority::new();
    // Time for which Dovecot waits for the lock before it refuses.
    let dovecot = Dovecot::start_with(
        &authority,
        "protocol pop3 {\n  pop3_lock_session = yes\n  mail_max_lock_timeout = 1s\n}",
    );
    dovecot.deliver(ADDRESS, &message("one"));
    let mut first = Pop3::signed_in(&authority, dovecot.pop3s).await;
    assert_eq!(first.count().await, 1);
    let mut second = Pop3::connect(&authority, dovecot.pop3s, TlsMode::Implicit).await;
    let refused = second
        .sign_in(credentials())
        .await
        .refused
        .expect("a refusal");
    assert_eq!(
        refused.code,
        Some(ResponseCode::InUse),
        "{}",
        second.transcript()
    );
    first.quit().await;
    let mut third = signed_in_once_free(&authority, &dovecot).await;
    assert_eq!(third.count().await, 1);
}

#[tokio::test]
async fn utf8_and_lang_are_refused_and_the_session_continues() {
    let authority = Authority::new();
    let dovecot = with_messages(&authority, 1);
    let mut pop3 = Pop3::connect(&authority, dovecot.pop3s, TlsMode::Implicit).await;
    let refused = pop3.run(Command::Utf8).await;
    assert!(refused.refused.is_some(), "{}", pop3.transcript());
    let lang = Command::Lang(LanguageTag::new("de"));
    let refused = pop3.run(lang).await;
    assert!(refused.refused.is_some(), "{}", pop3.transcript());
    assert!(pop3.sign_in(credentials()).await.accepted.is_some());
    assert_eq!(pop3.count().await, 1);
    pop3.ok(Command::Noop).await;
    assert_eq!(pop3.quit().await, Deletions::None);
}

#[tokio::test]
async fn command_not_allowed_in_the_current_state_is_not_sent() {
    let authority = Authority::new();
    let dovecot = with_messages(&authority, 1);
    let mut pop3 = Pop3::connect(&authority, dovecot.pop3, TlsMode::StartTls).await;
    pop3.enqueue(Command::Stat);
    let event = pop3.next().await;
    assert!(
        matches!(
            event,
            Event::NotAllowedInState {
                state: State::Authorization,
                ..
            }
        ),
        "{event:?}"
    );
    assert!(!pop3.has_sent("STAT"), "{}", pop3.transcript());
}
