//! Fuzz target: POP3 server data: status lines, listings, messages.

use bytes::Bytes;
use mail_proto::pop3::{
    Client, Command, Config, Credentials, Error, Event, MessageNumber, Stage, Tls,
};
use mail_proto::{Limits, Secret};

use super::talk::{PASSWORD, Peer, USER, every_cut};

/// Plays the bytes after the first, which selects when TLS begins: `S`, `P`, or at once.
pub(crate) fn run(data: &[u8]) {
    let (first, server) = data.split_first().unwrap_or((&b'I', &[]));
    let (_, result) = every_cut(server, || Owner::new(*first));
    let mut body_bytes = 0;
    for event in &result.events {
        match event {
            Event::BodyChunk { bytes, .. } => body_bytes += bytes.len() as u64,
            Event::BodyEnd { size_bytes, .. } => {
                assert_eq!(*size_bytes, body_bytes, "the chunks are another message");
                body_bytes = 0;
            }
            _ => {}
        }
    }
}

pub(super) struct Owner(Client);

impl Owner {
    pub(super) fn new(first: u8) -> Self {
        // A small limit, so that short inputs reach it.
        let mut limits = Limits::default();
        limits.pop3_line_bytes = 200;
        Self(Client::new(Config {
            tls: match first {
                b'S' => Tls::StartTls,
                b'P' => Tls::Plain,
                _ => Tls::Implicit,
            },
            allow_plaintext_login: first == b'P',
            limits,
        }))
    }
}

impl Peer for Owner {
    type Machine = Client;

    fn machine(&mut self) -> &mut Client {
        &mut self.0
    }

    fn act(&mut self, letter: u8) {
        let number = MessageNumber::new(u32::from(letter)).unwrap_or_else(first_message);
        self.0.enqueue(match letter {
            b'p' => Command::Login(
                Credentials::new(USER, Secret::new(PASSWORD))
                    .expect("fit to be sent")
                    .into(),
            ),
            b's' => Command::Stat,
            b'l' => Command::List,
            b'u' => Command::Uidl,
            b't' => Command::Top { number, lines: 0 },
            b'r' => Command::Retr { number },
            b'd' => Command::Dele { number },
            b'z' => Command::Rset,
            b'n' => Command::Noop,
            b'q' => Command::Quit,
            _ => return,
        });
    }

    /// The chunk boundaries of messages and listings depend on where the input is cut.
    fn join(before: &mut Event, next: Event) -> Option<Event> {
        match (before, next) {
            (
                Event::BodyChunk { id, bytes },
                Event::BodyChunk {
                    id: next,
                    bytes: more,
                },
            ) if *id == next => {
                assert!(!more.is_empty(), "an empty chunk");
                *bytes = Bytes::from([bytes.as_ref(), &more].concat());
                None
            }
            (
                Event::Listing { id, rows },
                Event::Listing {
                    id: next,
                    rows: more,
                },
            ) if *id == next => {
                rows.extend(more);
                None
            }
            (
                Event::UniqueIds { id, rows },
                Event::UniqueIds {
                    id: next,
                    rows: more,
                },
            ) if *id == next => {
                rows.extend(more);
                None
            }
            (_, next) => Some(next),
        }
    }

    /// Server data without a pending command ends the session with one error, and with a pending
    /// command with another; the same bytes may cause either.
    fn is_out_of_turn(error: &Error) -> bool {
        match error {
            Error::PeerMisbehaved(_) | Error::Limit(_) => true,
            Error::Rejected { stage, .. } | Error::Closed { stage } => *stage == Stage::Idle,
            _ => false,
        }
    }
}

fn first_message() -> MessageNumber {
    MessageNumber::new(1).expect("not zero")
}
