//! More recipients or messages than a server accepts at a time (RFC 5321 §4.5.3.1, RFC 9422).

use alloc::format;
use alloc::string::String;

use super::transaction::{COMMIT, GREETING, PIPELINING};
use super::*;
use crate::{Machine as _, Step};
use Move::{Body, Client as Sends, Do, Server, ServerBytes, Upgrade};

const THREE: Move<Client> = Do(|c| {
    c.send(envelope(&[
        "jones@foo.example",
        "green@foo.example",
        "brown@bar.example",
    ]));
});

fn results(outcome: &Outcome) -> Vec<&RecipientResult> {
    let (Outcome::Accepted { recipients, .. }
    | Outcome::Rejected { recipients, .. }
    | Outcome::NotSent { recipients, .. }
    | Outcome::Unknown { recipients, .. }) = outcome;
    recipients.iter().map(|(_, result)| result).collect()
}

/// 103 recipients, and as many replies to them.
fn crowd(refusal: &str) -> [Move<Client>; 5] {
    let replies = format!(
        "250 ok\r\n{}{refusal}\r\n354 go\r\n",
        "250 ok\r\n".repeat(102)
    );
    [
        GREETING,
        PIPELINING,
        Do(|c| {
            let names: Vec<String> = (0..103).map(|n| format!("u{n}@foo.example")).collect();
            let recipients = names.iter().map(|name| address(name));
            c.send(Envelope::new(address("smith@bar.example"), recipients));
        }),
        ServerBytes(replies.into_bytes()),
        Body(&["a"]),
    ]
}

// docs/protocols.md, SMTP: LIMITS
#[test]
fn rfc9422_recipients_beyond_rcptmax_are_deferred_and_not_sent() {
    let played = talk(&[
        GREETING,
        Sends("EHLO client.example\r\n"),
        Server("250-x\r\n250-PIPELINING\r\n250 LIMITS RCPTMAX=2\r\n"),
        THREE,
        Sends(
            "MAIL FROM:<smith@bar.example>\r\nRCPT TO:<jones@foo.example>\r\n\
             RCPT TO:<green@foo.example>\r\nDATA\r\n",
        ),
        Server("250 ok\r\n250 ok\r\n550 no\r\n354 go\r\n"),
        Body(&["a"]),
        COMMIT,
        Server("250 done\r\n"),
    ]);
    let (ok, no) = (accepted(250, "ok"), refused(550, "no"));
    let third = RecipientResult::Deferred(None);
    assert_eq!(results(outcome(&played)), [&ok, &no, &third]);
}

#[test]
fn deferred_recipients_stay_deferred_if_all_sent_ones_are_refused() {
    let played = talk(&[
        GREETING,
        Server("250-x\r\n250-CHUNKING\r\n250 LIMITS RCPTMAX=1\r\n"),
        THREE,
        Server("250 ok\r\n"),
        Server("550 5.1.1 no\r\n"),
    ]);
    let Outcome::Rejected {
        stage: Stage::Rcpt, ..
    } = outcome(&played)
    else {
        panic!("{played:?}");
    };
    let later = RecipientResult::Deferred(None);
    let no = refused(550, "5.1.1 no");
    assert_eq!(results(outcome(&played)), [&no, &later, &later]);
}

// docs/protocols.md, SMTP: LIMITS
#[test]
fn rfc9422_rcptdomainmax_counts_the_domains_of_the_session() {
    let played = talk(&[
        GREETING,
        Server("250-x\r\n250-PIPELINING\r\n250 LIMITS RCPTDOMAINMAX=1\r\n"),
        THREE,
        Server("250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n"),
        Body(&["a"]),
        COMMIT,
        Server("250 done\r\n"),
        Do(|c| assert!(c.is_limit_reached())),
        // A recipient of the same domain fits, one of another domain does not.
        Do(|c| c.send(envelope(&["White@FOO.example"]))),
        Server("250 ok\r\n250 ok\r\n354 go\r\n"),
        Body(&["a"]),
        COMMIT,
        Server("250 done\r\n"),
        Do(|c| c.send(envelope(&["brown@bar.example"]))),
    ]);
    let outcomes: Vec<&Outcome> = outcomes(&played);
    let ok = accepted(250, "ok");
    assert_eq!(
        results(outcomes[0]),
        [&ok, &ok, &RecipientResult::Deferred(None)]
    );
    assert_eq!(results(outcomes[1]), [&ok]);
    let Outcome::NotSent {
        cause: Cause::SessionLimitReached,
        ..
    } = outcomes[2]
    else {
        panic!("{played:?}");
    };
    assert!(!played.sent.contains("brown@bar.example"));
}

// docs/protocols.md, SMTP: LIMITS
#[test]
fn rfc9422_mailmax_uses_up_the_connection() {
    let played = talk(&[
        GREETING,
        Server("250-x\r\n250-PIPELINING\r\n250-SIZE\r\n250 LIMITS MAILMAX=2\r\n"),
        Do(|c| assert!(!c.is_limit_reached())),
        Do(|c| c.send(envelope(&["jones@foo.example"]))),
        // MAIL is sent twice, once without SIZE.
        Server("555 no\r\n503 no\r\n503 no\r\n"),
        Server("250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n"),
        Body(&["a"]),
        COMMIT,
        Server("250 done\r\n"),
        Do(|c| assert!(c.is_limit_reached())),
        Do(|c| c.send(envelope(&["jones@foo.example"]))),
        Do(Client::quit),
        Server("221 bye\r\n"),
    ]);
    let outcomes = outcomes(&played);
    assert!(matches!(outcomes[0], Outcome::Accepted { .. }));
    let Outcome::NotSent {
        cause: Cause::SessionLimitReached,
        ..
    } = outcomes[1]
    else {
        panic!("{played:?}");
    };
    assert_eq!(played.sent.matches("MAIL FROM").count(), 2);
    assert!(played.is_done);
}

// docs/protocols.md, SMTP: STARTTLS
#[test]
fn limits_offered_before_tls_are_discarded() {
    let played = talk_starttls(&[
        Server("220 x\r\n"),
        Server("250-x\r\n250-LIMITS RCPTMAX=1\r\n250 STARTTLS\r\n"),
        Server("220 go\r\n"),
        Upgrade,
        Server("250-x\r\n250 PIPELINING\r\n"),
        THREE,
    ]);
    assert_eq!(played.sent.matches("RCPT TO").count(), 3);
}

// docs/protocols.md, SMTP: several recipients
#[test]
fn rfc5321_4_5_3_1_10_too_many_recipients_are_deferred() {
    let refusal = "452 4.5.3 too many recipients";
    let played = talk(&[
        GREETING,
        PIPELINING,
        THREE,
        Server("250 ok\r\n250 ok\r\n452 4.5.3 too many recipients\r\n452 4.2.2 full\r\n354 go\r\n"),
        Body(&["a"]),
        COMMIT,
        Server("250 done\r\n"),
    ]);
    let second = RecipientResult::Deferred(Some(reply(452, refusal.get(4..).unwrap())));
    let (ok, full) = (accepted(250, "ok"), refused(452, "4.2.2 full"));
    assert_eq!(results(outcome(&played)), [&ok, &second, &full]);
}

#[test]
fn rfc5321_4_5_3_1_10_after_a_hundred_a_bare_552_is_no_refusal_of_the_last() {
    for (refusal, is_deferred) in [
        ("552 too many", true),
        ("452 too many", true),
        ("550 no", false),
        ("552 5.2.2 full", false),
    ] {
        let moves = crowd(refusal)
            .into_iter()
            .chain([COMMIT, Server("250 done\r\n")]);
        let played = talk(&moves.collect::<Vec<_>>());
        let results = results(outcome(&played));
        assert_eq!(
            matches!(results[102], RecipientResult::Deferred(Some(_))),
            is_deferred,
            "{refusal}"
        );
        assert!(matches!(results[101], RecipientResult::Accepted(_)));
    }
}

#[test]
fn too_many_recipients_before_the_first_is_a_refusal() {
    // An immediate retry would have the same result.
    let played = talk(&[
        GREETING,
        PIPELINING,
        THREE,
        Server("250 ok\r\n452 4.5.3 a\r\n452 4.5.3 b\r\n452 4.5.3 c\r\n503 no\r\n"),
    ]);
    let Outcome::Rejected {
        stage: Stage::Rcpt,
        reply,
        ..
    } = outcome(&played)
    else {
        panic!("{played:?}");
    };
    assert!(reply.is_transient());
    let refused = |result: &&RecipientResult| matches!(result, RecipientResult::Refused(_));
    assert!(results(outcome(&played)).iter().all(refused));
}

#[test]
fn an_endless_reply_to_each_recipient_is_stored_shortened() {
    let line = format!("550-{}\r\n", "x".repeat(60_000));
    let refusal = format!("{}550 5.1.1 no\r\n", line.repeat(20));
    let replies = format!("250 ok\r\n{refusal}250 ok\r\n{refusal}354 go\r\n");
    let mut client = client(Tls::Implicit);
    client.send(envelope(&["a@x.example", "b@x.example", "c@x.example"]));
    let mut results = None;
    for text in [
        "220 x\r\n",
        "250-x\r\n250 PIPELINING\r\n",
        &replies,
        "451 no\r\n",
    ] {
        client.feed(text.as_bytes());
        while let Ok(step) = client.step() {
            match step {
                Step::Event(Event::Outcome(Outcome::Rejected { recipients, .. })) => {
                    results = Some(recipients);
                }
                Step::NeedInput | Step::NeedBody { .. } => break,
                _ => {}
            }
        }
    }
    for (address, result) in results.unwrap() {
        let (RecipientResult::Accepted(reply) | RecipientResult::Refused(reply)) = result else {
            panic!("{address}: {result:?}");
        };
        let stored_bytes: usize = reply.lines.iter().map(String::len).sum();
        assert!(
            (1..=4096).contains(&stored_bytes),
            "{address}: {stored_bytes}"
        );
    }
}
