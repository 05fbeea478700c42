//! Postfix by SMTP: its extensions, its refusals, and that messages arrive unchanged.

use std::time::Duration;

use mail_net::TlsMode;
use mail_proto::imap::{
    BodyValue, Command as Imap4, Event, FetchItem, FetchedItem, Mailbox, Section,
};
use mail_proto::smtp::{
    Address, Argument, Cause, Command, Envelope, EnvelopeId, Notify, Outcome, Parameter, Recipient,
    RecipientResult, Return, Stage,
};

use super::credentials;
use super::imap_session::{Imap, uids};
use super::machine::{ADDRESS, Authority, Dovecot, OTHER_ADDRESS, Postfix, SIZE_LIMIT_BYTES};
use super::message;
use super::smtp_session::Smtp;

struct RealServer {
    authority: Authority,
    dovecot: Dovecot,
    postfix: Postfix,
}

impl RealServer {
    fn new() -> Self {
        Self::without("")
    }

    /// Starts a Postfix that does not offer these extensions.
    fn without(keywords: &str) -> Self {
        let authority = Authority::new();
        let dovecot = Dovecot::start(&authority);
        let settings = format!("smtpd_discard_ehlo_keywords = {keywords}\n");
        let postfix = Postfix::start_with(&authority, &dovecot, &settings);
        Self {
            authority,
            dovecot,
            postfix,
        }
    }

    async fn smtp(&self) -> Smtp {
        Smtp::signed_in(&self.authority, self.postfix.smtps).await
    }

    /// Signs in with a client that does not use BDAT.
    async fn smtp_by_data(&self) -> Smtp {
        let (port, tls) = (self.postfix.smtps, TlsMode::Implicit);
        let mut smtp = Smtp::connect(&self.authority, port, tls, true).await;
        assert_eq!(smtp.sign_in(credentials()).await, None);
        smtp
    }

    /// Waits until INBOX holds this many messages; returns them as stored.
    async fn inbox(&self, count: u32) -> Vec<Vec<u8>> {
        let mut imap = Imap::signed_in(&self.authority, self.dovecot.imaps).await;
        let opened = imap.ok(Imap4::Select(Mailbox::inbox())).await.events;
        let are_there = |event: &Event| matches!(event, Event::Exists(n) if *n == count);
        if !opened.iter().any(are_there) {
            let idle = imap.enqueue(Imap4::Idle);
            let arrived = imap.until("the messages", are_there);
            if tokio::time::timeout(Duration::from_secs(20), arrived)
                .await
                .is_err()
            {
                panic!(
                    "not {count} messages:\n{}{}",
                    self.postfix.log(),
                    self.dovecot.log()
                );
            }
            imap.enqueue(Imap4::Done);
            imap.responses_to(idle, &[]).await;
        }
        let mut messages = Vec::new();
        for uid in 1..=count {
            let items = vec![FetchItem::BodyPeek {
                section: Section::message(),
                partial: None,
            }];
            let responses = imap.fetch(uids(&[uid]), items).await;
            let data = responses.messages();
            messages.push(match &data[0].items[..] {
                [
                    ..,
                    FetchedItem::Body {
                        value: BodyValue::Inline(bytes),
                        ..
                    },
                ] => bytes.to_vec(),
                [
                    ..,
                    FetchedItem::Body {
                        value: BodyValue::Streamed { .. },
                        ..
                    },
                ] => responses.literals[0].clone(),
                other => panic!("{other:?}"),
            });
        }
        messages
    }
}

fn address(text: &str) -> Address {
    Address::new_utf8(text).expect("an address")
}

fn to_anna() -> Envelope {
    Envelope::new(address(ADDRESS), [address(ADDRESS)])
}

fn is_accepted(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Accepted { .. })
}

/// A message with lines of dots, the longest allowed line, octets above 127, and no line end at its
/// end.
fn awkward() -> Vec<u8> {
    let mut message = message("awkward");
    message.extend_from_slice(b".\r\n..\r\n.a\r\n\r\n...\r\n");
    message.extend_from_slice(&[b"x".repeat(998), b"\r\n".to_vec()].concat());
    message.extend_from_slice("Grüße, 日本語\r\n".as_bytes());
    for n in 0..60_000 {
        message.extend_from_slice(format!("{}{n}\r\n", ".".repeat(n % 3)).as_bytes());
    }
    message.extend_from_slice(b".\r\nlast line");
    message
}

#[tokio::test]
async fn ehlo_keywords_are_known() {
    let server = RealServer::new();
    let smtp = server.smtp().await;
    let offers = smtp.extensions();
    assert!(
        offers.pipelining && offers.chunking && offers.dsn && offers.smtputf8,
        "{offers:?}"
    );
    assert!(
        offers.eight_bit_mime && offers.enhanced_status_codes,
        "{offers:?}"
    );
    assert!(offers.vrfy && offers.etrn && !offers.starttls, "{offers:?}");
    assert_eq!(offers.size_max_bytes, Some(SIZE_LIMIT_BYTES));
    assert_eq!(offers.auth, ["PLAIN", "LOGIN"]);
    assert_eq!(offers.others, [""; 0]);
    smtp.quit().await;
}

#[tokio::test]
async fn starttls_hides_auth_until_tls_is_up() {
    let server = RealServer::new();
    let (port, tls) = (server.postfix.submission, TlsMode::StartTls);
    let mut smtp = Smtp::connect(&server.authority, port, tls, false).await;
    let transcript = smtp.transcript();
    let (before, behind) = transcript.split_once("> STARTTLS").expect("STARTTLS");
    assert!(
        !before.contains("AUTH") && behind.contains("AUTH PLAIN"),
        "{transcript}"
    );
    assert_eq!(smtp.sign_in(credentials()).await, None);
    assert!(is_accepted(
        &smtp.send(to_anna(), &message("upgraded")).await
    ));
    server.inbox(1).await;
}

// docs/protocols.md, SMTP: a server nobody here wrote
#[tokio::test]
async fn message_sent_by_bdat_arrives_unchanged() {
    let server = RealServer::new();
    let mut smtp = server.smtp().await;
    let mut envelope = to_anna();
    envelope.body_8bit = true;
    envelope.size_bytes = Some(awkward().len() as u64 + 2);
    let outcome = smtp.send(envelope, &awkward()).await;
    assert!(is_accepted(&outcome), "{outcome:?}");
    assert!(
        smtp.has_sent("BDAT") && !smtp.has_sent("DATA"),
        "{}",
        smtp.transcript()
    );
    let pieces = smtp.transcript().matches("> BDAT").count();
    assert!(pieces > 1, "{}", smtp.transcript());
    let mail = smtp.sent("MAIL").expect("MAIL");
    assert!(
        mail.contains(" SIZE=") && mail.contains(" BODY=8BITMIME"),
        "{mail}"
    );
    let arrived = server.inbox(1).await.remove(0);
    let sent = [awkward(), b"\r\n".to_vec()].concat();
    assert!(arrived.ends_with(&sent), "not what was sent");
}

// docs/protocols.md, SMTP: a server nobody here wrote
#[tokio::test]
async fn message_sent_by_data_arrives_unchanged() {
    let server = RealServer::new();
    let mut smtp = server.smtp_by_data().await;
    let mut envelope = to_anna();
    envelope.body_8bit = true;
    let outcome = smtp.send(envelope, &awkward()).await;
    assert!(is_accepted(&outcome), "{outcome:?}");
    assert!(
        smtp.has_sent("DATA") && !smtp.has_sent("BDAT"),
        "{}",
        smtp.transcript()
    );
    let arrived = server.inbox(1).await.remove(0);
    let sent = [awkward(), b"\r\n".to_vec()].concat();
    assert!(arrived.ends_with(&sent), "not what was sent");
}

#[tokio::test]
async fn bare_line_feeds_arrive_as_line_ends_and_smuggle_nothing() {
    let server = RealServer::new();
    let mut smtp = server.smtp_by_data().await;
    let smuggled = b"Subject: one\n\nbody\n.\nMAIL FROM:<ben@servers.test>\r.\r\nrest\n";
    let outcome = smtp.send(to_anna(), smuggled).await;
    assert!(is_accepted(&outcome), "{outcome:?}");
    let arrived = server.inbox(1).await.remove(0);
    let body = b"\r\n\r\nbody\r\n.\r\nMAIL FROM:<ben@servers.test>\r\n.\r\nrest\r\n";
    assert!(arrived.ends_with(body), "{}", arrived.escape_ascii());
}

#[tokio::test]
async fn several_messages_are_sent_over_one_connection() {
    let server = RealServer::new();
    let mut smtp = server.smtp().await;
    for subject in ["first", "second", "third"] {
        let outcome = smtp.send(to_anna(), &message(subject)).await;
        assert!(is_accepted(&outcome), "{outcome:?}");
    }
    smtp.quit().await;
    server.inbox(3).await;
}

// docs/protocols.md, SMTP: a server nobody here wrote
#[tokio::test]
async fn refused_recipients_do_not_stop_delivery_to_the_others() {
    let server = RealServer::new();
    let mut smtp = server.smtp().await;
    let recipients = [
        address("nobody@servers.test"),
        address(OTHER_ADDRESS),
        address("someone@elsewhere.test"),
        address(ADDRESS),
    ];
    let envelope = Envelope::new(address(ADDRESS), recipients.clone());
    let outcome = smtp.send(envelope, &message("some")).await;
    let Outcome::Accepted {
        recipients: results,
        ..
    } = outcome
    else {
        panic!("{outcome:?}\n{}", smtp.transcript())
    };
    let reported: Vec<&Address> = results.iter().map(|(address, _)| address).collect();
    assert_eq!(reported, recipients.iter().collect::<Vec<_>>());
    let RecipientResult::Refused(reply) = &results[0].1 else {
        panic!("{results:?}")
    };
    assert_eq!(
        (
            reply.code,
            reply.enhanced.map(|code| code.to_string()).as_deref()
        ),
        (550, Some("5.1.1"))
    );
    assert!(
        matches!(results[1].1, RecipientResult::Accepted(_)),
        "{results:?}"
    );
    assert!(
        matches!(results[2].1, RecipientResult::Refused(_)),
        "{results:?}"
    );
    assert!(
        matches!(results[3].1, RecipientResult::Accepted(_)),
        "{results:?}"
    );
    server.inbox(1).await;
    // The envelope was sent in one write: no reply was read in between.
    let transcript = smtp.transcript();
    let pipelined = transcript
        .lines()
        .skip_while(|line| !line.starts_with("> MAIL"))
        .take_while(|line| line.starts_with('>'))
        .count();
    assert!(pipelined >= 5, "{transcript}");
}

#[tokio::test]
async fn message_with_every_recipient_refused_is_not_sent_and_the_next_one_is() {
    let server = RealServer::new();
    for mut smtp in [server.smtp().await, server.smtp_by_data().await] {
        let nobody = Envelope::new(address(ADDRESS), [address("nobody@servers.test")]);
        let outcome = smtp.send(nobody, &message("none")).await;
        let Outcome::Rejected { stage, reply, .. } = outcome else {
            panic!("{outcome:?}\n{}", smtp.transcript())
        };
        assert_eq!(
            (stage, reply.code),
            (Stage::Rcpt, 550),
            "{}",
            smtp.transcript()
        );
        let outcome = smtp.send(to_anna(), &message("some")).await;
        assert!(is_accepted(&outcome), "{outcome:?}");
    }
    server.inbox(2).await;
}

#[tokio::test]
async fn message_over_the_announced_size_is_not_sent() {
    let server = RealServer::new();
    let mut smtp = server.smtp().await;
    let mut envelope = to_anna();
    envelope.size_bytes = Some(SIZE_LIMIT_BYTES + 1);
    let outcome = smtp.send(envelope, &message("never")).await;
    assert!(matches!(outcome, Outcome::NotSent { .. }), "{outcome:?}");
    assert!(!smtp.has_sent("MAIL"), "{}", smtp.transcript());
}

#[tokio::test]
async fn message_over_the_size_without_a_declared_size_is_refused_with_552() {
    let server = RealServer::new();
    let big = [message("big"), b"a line of it\r\n".repeat(1 << 18)].concat();
    assert!(big.len() as u64 > SIZE_LIMIT_BYTES);
    for mut smtp in [server.smtp().await, server.smtp_by_data().await] {
        let outcome = smtp.send(to_anna(), &big).await;
        let Outcome::Rejected { reply, .. } = outcome else {
            panic!("{outcome:?}\n{}", smtp.transcript())
        };
        assert_eq!(reply.code, 552, "{}", smtp.transcript());
        assert!(
            !matches!(reply.enhanced, Some(code) if code.class == 4),
            "{reply}"
        );
    }
}

// docs/protocols.md, SMTP: a server nobody here wrote
#[tokio::test]
async fn dsn_parameters_are_accepted() {
    let server = RealServer::new();
    let mut smtp = server.smtp().await;
    let mut envelope = to_anna();
    envelope.returns = Some(Return::Headers);
    envelope.envelope_id = Some(EnvelopeId::new("id+with=signs 1").expect("an id"));
    envelope.recipients = vec![
        Recipient {
            address: address(ADDRESS),
            notify: Some(Notify {
                failure: true,
                delay: true,
                success: false,
            }),
        },
        Recipient {
            address: address(OTHER_ADDRESS),
            notify: Some(Notify::NEVER),
        },
    ];
    let outcome = smtp.send(envelope, &message("noted")).await;
    let Outcome::Accepted { left_out, .. } = outcome else {
        panic!("{outcome:?}\n{}", smtp.transcript())
    };
    assert_eq!(left_out, []);
    let mail = smtp.sent("MAIL").expect("MAIL");
    assert!(
        mail.contains(" RET=HDRS ENVID=id+2Bwith+3Dsigns+201"),
        "{mail}"
    );
    let rcpt = smtp.sent("RCPT").expect("RCPT");
    assert!(
        rcpt.contains(" NOTIFY=FAILURE,DELAY ORCPT=rfc822;"),
        "{rcpt}"
    );
    server.inbox(1).await;
}

#[tokio::test]
async fn success_notification_returns_with_the_envelope_id() {
    let server = RealServer::new();
    let mut smtp = server.smtp().await;
    let mut envelope = Envelope::new(address(ADDRESS), [address(OTHER_ADDRESS)]);
    envelope.envelope_id = Some(EnvelopeId::new("voyage-7").expect("an id"));
    envelope.recipients[0].notify = Some(Notify {
        success: true,
        ..Notify::default()
    });
    assert!(is_accepted(&smtp.send(envelope, &message("noted")).await));
    let notice = server.inbox(1).await.remove(0);
    let notice = String::from_utf8_lossy(&notice);
    assert!(
        notice.contains("Original-Envelope-Id: voyage-7"),
        "{notice}"
    );
    assert!(notice.contains("report-type=delivery-status"), "{notice}");
}

#[tokio::test]
async fn an_international_address_is_sent_by_smtputf8() {
    let server = RealServer::new();
    let mut smtp = server.smtp().await;
    let envelope = Envelope::new(address(ADDRESS), [address("änna@servers.test")]);
    let outcome = smtp
        .send(envelope, "Subject: Grüße\r\n\r\nhallo\r\n".as_bytes())
        .await;
    assert!(is_accepted(&outcome), "{outcome:?}");
    assert!(
        smtp.sent("MAIL").expect("MAIL").ends_with(" SMTPUTF8"),
        "{}",
        smtp.transcript()
    );
}

// docs/protocols.md, SMTP: a server nobody here wrote
#[tokio::test]
async fn without_chunking_and_pipelining_data_is_used_one_command_at_a_time() {
    let server = RealServer::without("chunking, pipelining");
    let mut smtp = server.smtp().await;
    let outcome = smtp.send(to_anna(), &awkward()).await;
    assert!(is_accepted(&outcome), "{outcome:?}");
    let transcript = smtp.transcript();
    let lines: Vec<&str> = transcript.lines().collect();
    for verb in ["> MAIL", "> RCPT", "> DATA"] {
        let at = lines.iter().position(|line| line.starts_with(verb));
        let next = lines[at.expect(verb) + 1];
        assert!(next.starts_with("< "), "{next} behind {verb}: {transcript}");
    }
    assert!(!smtp.has_sent("BDAT"), "{transcript}");
    let arrived = server.inbox(1).await.remove(0);
    assert!(arrived.ends_with(&[awkward(), b"\r\n".to_vec()].concat()));
}

#[tokio::test]
async fn without_dsn_the_message_is_sent_and_the_omitted_parameters_are_reported() {
    let server = RealServer::without("dsn");
    let mut smtp = server.smtp().await;
    let mut envelope = to_anna();
    envelope.returns = Some(Return::Full);
    envelope.recipients[0].notify = Some(Notify::NEVER);
    let outcome = smtp.send(envelope, &message("plain")).await;
    let Outcome::Accepted { left_out, .. } = outcome else {
        panic!("{outcome:?}\n{}", smtp.transcript())
    };
    assert_eq!(left_out, [Parameter::Dsn]);
    for parameter in ["RET=", "NOTIFY="] {
        assert!(!smtp.transcript().contains(parameter), "{parameter}");
    }
    server.inbox(1).await;
}

#[tokio::test]
async fn without_smtputf8_a_message_to_an_international_address_is_not_sent() {
    let server = RealServer::without("smtputf8");
    let mut smtp = server.smtp().await;
    let envelope = Envelope::new(address(ADDRESS), [address("änna@servers.test")]);
    let outcome = smtp.send(envelope, &message("never")).await;
    let Outcome::NotSent { cause, .. } = outcome else {
        panic!("{outcome:?}\n{}", smtp.transcript())
    };
    assert_eq!(cause, Cause::Smtputf8NotOffered);
    assert!(!smtp.has_sent("MAIL"), "{}", smtp.transcript());
}

#[tokio::test]
async fn without_8bitmime_octets_above_127_are_not_sent_and_ascii_is() {
    let server = RealServer::without("8bitmime");
    let mut smtp = server.smtp().await;
    let mut envelope = to_anna();
    envelope.body_8bit = true;
    let outcome = smtp.send(envelope, &awkward()).await;
    let Outcome::NotSent { cause, .. } = outcome else {
        panic!("{outcome:?}\n{}", smtp.transcript())
    };
    assert_eq!(cause, Cause::EightBitMimeNotOffered);
    assert!(is_accepted(&smtp.send(to_anna(), &message("ascii")).await));
    server.inbox(1).await;
}

#[tokio::test]
async fn without_size_a_message_over_the_limit_is_refused_once_it_was_sent() {
    let server = RealServer::without("size");
    let mut smtp = server.smtp().await;
    assert_eq!(smtp.extensions().size_max_bytes, None);
    let big = [message("big"), b"a line of it\r\n".repeat(1 << 18)].concat();
    let mut envelope = to_anna();
    envelope.size_bytes = Some(big.len() as u64);
    let outcome = smtp.send(envelope, &big).await;
    let Outcome::Rejected { reply, .. } = outcome else {
        panic!("{outcome:?}\n{}", smtp.transcript())
    };
    assert_eq!(reply.code, 552, "{}", smtp.transcript());
    let mail = smtp.sent("MAIL").expect("MAIL");
    assert!(!mail.contains("SIZE="), "{mail}");
}

#[tokio::test]
async fn commands_outside_a_transaction_receive_replies() {
    let server = RealServer::new();
    let mut smtp = server.smtp().await;
    let argument = |text: &str| Argument::new(text).expect("an argument");
    assert_eq!(smtp.command(Command::Noop).await.code, 250);
    assert_eq!(smtp.command(Command::Rset).await.code, 250);
    let vrfy = smtp.command(Command::Vrfy(argument(ADDRESS))).await;
    assert!([250, 252].contains(&vrfy.code), "{vrfy}");
    let unknown = smtp
        .command(Command::Vrfy(argument("nobody@servers.test")))
        .await;
    assert!(unknown.is_refusal(), "{unknown}");
    let expn = smtp.command(Command::Expn(argument("list"))).await;
    assert!(expn.is_refusal(), "{expn}");
    let help = smtp.command(Command::Help(None)).await;
    assert!([214, 500, 502].contains(&help.code), "{help}");
    assert!(is_accepted(&smtp.send(to_anna(), &message("after")).await));
}
