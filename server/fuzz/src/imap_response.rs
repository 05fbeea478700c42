//! Fuzz target: IMAP server data, at any time and in any form.

use bytes::{Bytes, BytesMut};
use mail_proto::imap::{
    Append, Client, Command, Config, Credentials, Error, Event, FetchItem, List, Mailbox,
    SearchKey, SequenceSet, Tls,
};
use mail_proto::{BodyChunk, Limits, Machine as _, Secret};

use super::talk::{PASSWORD, Peer, USER, every_cut};

/// Plays the bytes after the first, which selects when TLS begins: `S`, `P`, or at once.
pub(crate) fn run(data: &[u8]) {
    let (first, server) = data.split_first().unwrap_or((&b'I', &[]));
    every_cut(server, || Owner::new(*first));
}

pub(super) struct Owner(Client);

impl Owner {
    pub(super) fn new(first: u8) -> Self {
        // Small limits, so that short inputs reach them.
        let mut limits = Limits::default();
        limits.imap_line_bytes = 1000;
        limits.imap_inline_literal_bytes = 20;
        limits.imap_nesting = 8;
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
        let client = &mut self.0;
        let credentials = Credentials::new(USER, Secret::new(PASSWORD)).expect("fit to be sent");
        let command = match letter {
            b'n' => Command::Noop,
            b'c' => Command::Capability,
            b's' => Command::Select(Mailbox::inbox()),
            b'u' => Command::Unselect,
            b'l' => Command::List(List::everything()),
            b'f' => Command::Fetch {
                set: SequenceSet::all(),
                uid: false,
                items: vec![FetchItem::Flags],
            },
            b'h' => Command::Search {
                uid: true,
                criteria: vec![SearchKey::Unseen],
            },
            b'a' => Command::Append(Append {
                mailbox: Mailbox::inbox(),
                flags: Vec::new(),
                internal_date: None,
                size_bytes: 5000,
            }),
            b'i' => Command::Idle,
            b'd' => Command::Done,
            b'o' => Command::Logout,
            b'p' => Command::SignIn(credentials.into()),
            b'b' => return client.body(BodyChunk::Data(Bytes::from_static(&[b'x'; 2500]))),
            b'e' => return client.body(BodyChunk::End),
            b'x' => return client.body(BodyChunk::Abort),
            _ => return,
        };
        client.enqueue(command);
    }

    /// The boundaries of a literal's chunks depend on where the input is cut.
    fn join(before: &mut Event, next: Event) -> Option<Event> {
        match (before, next) {
            (
                Event::LiteralChunk { id, bytes },
                Event::LiteralChunk {
                    id: next,
                    bytes: more,
                },
            ) => {
                assert_eq!(*id, next, "chunks of two literals in turn");
                assert!(!more.is_empty(), "an empty chunk");
                let mut all = BytesMut::from(&bytes[..]);
                all.extend_from_slice(&more);
                *bytes = all.freeze();
                None
            }
            (_, next) => Some(next),
        }
    }

    fn is_out_of_turn(_error: &Error) -> bool {
        false
    }
}
