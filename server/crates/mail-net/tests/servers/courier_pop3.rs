//! Courier by POP3.

use mail_net::TlsMode;
use mail_proto::pop3::{Command, Deletions};

use super::courier::Courier;
use super::machine::Authority;
use super::pop3_session::{Pop3, number};
use super::{credentials, message, wrong_credentials};

fn with_three_messages(authority: &Authority) -> Courier {
    let courier = Courier::start(authority);
    for subject in ["one", "two", "three"] {
        courier.deliver(&message(subject));
    }
    courier
}

#[tokio::test]
async fn stls_and_implicit_tls_both_sign_in_and_a_wrong_password_is_refused() {
    let authority = Authority::new();
    let courier = Courier::start(&authority);
    for (port, tls) in [
        (courier.pop3s, TlsMode::Implicit),
        (courier.pop3, TlsMode::StartTls),
    ] {
        let mut pop3 = Pop3::connect(&authority, port, tls).await;
        assert!(pop3.sign_in(wrong_credentials()).await.refused.is_some());
        let mut pop3 = Pop3::connect(&authority, port, tls).await;
        let accepted = pop3.sign_in(credentials()).await;
        assert!(
            accepted.accepted.is_some(),
            "{}{}",
            pop3.transcript(),
            courier.log()
        );
        pop3.quit().await;
    }
}

#[tokio::test]
async fn without_tls_cram_md5_signs_in_without_sending_the_password() {
    let authority = Authority::new();
    let courier = Courier::start(&authority);
    let mut pop3 = Pop3::connect(&authority, courier.pop3, TlsMode::Plain).await;
    let accepted = pop3.sign_in(credentials()).await;
    assert!(
        accepted.accepted.is_some(),
        "{}{}",
        pop3.transcript(),
        courier.log()
    );
    assert!(pop3.has_sent("AUTH CRAM-MD5"), "{}", pop3.transcript());
}

#[tokio::test]
async fn capa_lists_the_capabilities_of_courier() {
    let authority = Authority::new();
    let courier = Courier::start(&authority);
    let pop3 = Pop3::signed_in(&authority, courier.pop3s).await;
    let offers = pop3.capabilities();
    assert!(
        offers.top && offers.uidl && offers.pipelining && offers.user,
        "{offers:?}"
    );
    assert!(
        offers.utf8 && offers.utf8_user && !offers.resp_codes,
        "{offers:?}"
    );
    assert_eq!(offers.login_delay.map(|delay| delay.secs), Some(10));
    assert_eq!(
        offers.implementation.as_deref(),
        Some("Courier Mail Server")
    );
    assert_eq!(offers.others, [""; 0]);
}

// docs/protocols.md, POP3: a server nobody here wrote
#[tokio::test]
async fn messages_are_listed_identified_read_and_deleted() {
    let authority = Authority::new();
    let courier = with_three_messages(&authority);
    let mut pop3 = Pop3::signed_in(&authority, courier.pop3s).await;
    assert_eq!(pop3.count().await, 3);
    let sizes = pop3.list().await;
    let ids = pop3.uidl().await;
    assert!(ids.iter().all(|row| row.unique_id.is_some()), "{ids:?}");
    for ((n, subject), row) in (1..).zip(["one", "two", "three"]).zip(&sizes) {
        let whole = pop3.ok(Command::Retr { number: number(n) }).await.message;
        assert_eq!(whole, message(subject), "{subject}");
        assert_eq!(whole.len() as u64, row.size_bytes);
        let top = Command::Top {
            number: number(n),
            lines: 0,
        };
        let header = pop3.ok(top).await.message;
        assert!(whole.starts_with(&header), "{}", header.escape_ascii());
    }
    pop3.ok(Command::Dele { number: number(2) }).await;
    assert_eq!(pop3.quit().await, Deletions::Done { count: 1 });
    let mut again = Pop3::signed_in(&authority, courier.pop3s).await;
    let remaining = again.uidl().await;
    let names = |rows: &[mail_proto::pop3::UniqueIdListing]| -> Vec<_> {
        rows.iter()
            .filter_map(|row| row.unique_id.clone())
            .collect()
    };
    assert_eq!(
        names(&remaining),
        [names(&ids)[0].clone(), names(&ids)[2].clone()]
    );
}

#[tokio::test]
async fn connection_that_drops_before_quit_deletes_nothing() {
    let authority = Authority::new();
    let courier = with_three_messages(&authority);
    let mut pop3 = Pop3::signed_in(&authority, courier.pop3s).await;
    for n in 1..=3 {
        pop3.ok(Command::Dele { number: number(n) }).await;
    }
    assert_eq!(pop3.deletions(), Deletions::Lost { count: 3 });
    drop(pop3);
    let mut again = Pop3::signed_in(&authority, courier.pop3s).await;
    assert_eq!(again.count().await, 3);
}

#[tokio::test]
async fn many_commands_are_pipelined_and_completed_in_order() {
    let authority = Authority::new();
    let courier = with_three_messages(&authority);
    let mut pop3 = Pop3::signed_in(&authority, courier.pop3s).await;
    let ids: Vec<_> = (0..30)
        .map(|n| {
            pop3.enqueue(Command::Retr {
                number: number(n % 3 + 1),
            })
        })
        .collect();
    for (n, id) in ids.into_iter().enumerate() {
        let whole = pop3.responses_to(id).await.message;
        assert_eq!(whole, message(["one", "two", "three"][n % 3]), "{n}");
    }
}
