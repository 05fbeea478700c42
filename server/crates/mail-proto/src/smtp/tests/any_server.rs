//! Properties that hold for any replies of a server.

use alloc::string::String;

use proptest::prelude::*;

use super::*;
use crate::{BodyChunk, Machine as _, Step};

const OFFERS: [&str; 4] = [
    "250 x\r\n",
    "250-x\r\n250-PIPELINING\r\n250-SIZE\r\n250 DSN\r\n",
    "250-x\r\n250-CHUNKING\r\n250-DSN\r\n250 LIMITS RCPTMAX=1\r\n",
    "250-x\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 LIMITS MAILMAX=2\r\n",
];

/// Generates mostly valid replies, so that sessions reach late stages.
fn replies() -> impl Strategy<Value = String> {
    prop_oneof![
        40 => Just("250 ok\r\n".into()),
        10 => Just("354 go\r\n".into()),
        2 => "(4|5)(21|50|52|55|99) (4\\.5\\.3|5\\.5\\.4|no)\r\n",
        1 => "[2-5][0-9][0-9][ -][a-z]{0,3}\r\n",
        1 => "[ -~]{0,5}\r\n",
    ]
}

/// Generates mostly one reply.
fn some_replies() -> impl Strategy<Value = String> {
    prop_oneof![
        20 => replies(),
        1 => proptest::collection::vec(replies(), 2..5).prop_map(|replies| replies.concat()),
    ]
}

fn dsn_envelope(is_size_exact: bool, is_plain: bool) -> Envelope {
    let mut envelope = envelope(&["a@b.example", "c@d.example"]);
    envelope.returns = Some(Return::Full);
    // The encoded size of two lines.
    envelope.size_bytes = Some(14);
    envelope.is_size_exact = is_size_exact;
    envelope.is_plain = is_plain;
    for to in &mut envelope.recipients {
        to.notify = Some(Notify::NEVER);
    }
    envelope
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    // docs/protocols.md, SMTP: result of a send
    #[test]
    fn no_message_is_taken_without_a_commit_and_each_has_one_outcome(
        offer in 0..OFFERS.len(),
        server_replies in proptest::collection::vec(some_replies(), 0..40),
        ends in any::<bool>(),
        is_size_exact in any::<bool>(),
        is_plain in proptest::bool::weighted(0.2),
    ) {
        const MESSAGES: usize = 3;
        let mut client = client(Tls::Implicit);
        for _ in 0..MESSAGES {
            client.send(dsn_envelope(is_size_exact, is_plain));
            client.command(Command::Noop);
        }
        client.quit();
        let mut server_replies = ["220 x\r\n", OFFERS[offer]].into_iter().map(String::from)
            .chain(server_replies);
        let (mut outcomes, mut body_chunks, mut has_ended) = (0, 0, false);
        let mut is_committed = false;
        for _ in 0..1_000 {
            match client.step() {
                Ok(Step::NeedInput) => match server_replies.next() {
                    Some(text) => client.feed(text.as_bytes()),
                    None if ends && !has_ended => {
                        has_ended = true;
                        client.end_of_input();
                    }
                    None => break,
                },
                Ok(Step::Write(bytes)) => {
                    let bytes = String::from_utf8_lossy(&bytes);
                    prop_assert!(is_committed || !bytes.contains("LAST"));
                }
                Ok(Step::NeedBody { .. }) if body_chunks < 2 => {
                    body_chunks += 1;
                    client.body(BodyChunk::Data(bytes::Bytes::from_static(b".line\n")));
                }
                Ok(Step::NeedBody { .. }) => client.body(BodyChunk::End),
                Ok(Step::Event(Event::ReadyToCommit)) => {
                    prop_assert!(!is_committed, "asked twice");
                    client.commit();
                    is_committed = client.is_committed();
                }
                Ok(Step::Event(Event::Outcome(outcome))) => {
                    outcomes += 1;
                    match outcome {
                        Outcome::Accepted { reply, recipients, .. } => {
                            prop_assert!(is_committed && reply.is_positive());
                            let is_accepted =
                                |(_, result): &_| matches!(result, RecipientResult::Accepted(_));
                            prop_assert!(recipients.iter().any(is_accepted));
                        }
                        Outcome::Unknown { .. } => prop_assert!(is_committed),
                        Outcome::NotSent { .. } => prop_assert!(!is_committed),
                        Outcome::Rejected { reply, .. } => prop_assert!(reply.is_refusal()),
                    }
                    is_committed = false;
                    body_chunks = 0;
                }
                Ok(Step::Done) | Err(_) => {
                    prop_assert_eq!(outcomes, MESSAGES);
                    break;
                }
                Ok(_) => {}
            }
        }
        prop_assert!(outcomes <= MESSAGES);
    }
}
