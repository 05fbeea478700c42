//! Fuzz target: SMTP server data; the reported delivery state of a message must be correct.

use bytes::Bytes;
use mail_proto::smtp::{
    Address, Client, Config, Credentials, EhloName, Envelope, Error, Event, Outcome, Tls,
};
use mail_proto::{BodyChunk, Limits, Machine as _, Secret};

use super::talk::{PASSWORD, Peer, USER, every_cut};

/// Plays the bytes after the first, which selects when TLS begins: `S`, `P`, or at once.
pub(crate) fn run(data: &[u8]) {
    let (first, server) = data.split_first().unwrap_or((&b'I', &[]));
    let (owner, result) = every_cut(server, || Owner::new(*first));
    let outcomes = result.events.iter().filter_map(|event| match event {
        Event::Outcome(outcome) => Some(outcome),
        _ => None,
    });
    let (mut reported, mut accepted, mut unknown) = (0, 0, 0);
    for outcome in outcomes {
        reported += 1;
        let recipients = match outcome {
            Outcome::Accepted {
                recipients, reply, ..
            } => {
                accepted += 1;
                assert!(reply.is_positive(), "accepted by {reply}");
                recipients
            }
            Outcome::Unknown { recipients, .. } => {
                unknown += 1;
                recipients
            }
            Outcome::Rejected { recipients, .. } | Outcome::NotSent { recipients, .. } => {
                recipients
            }
        };
        assert_eq!(recipients.len(), 2, "each recipient once, in its order");
    }
    assert!(
        reported <= owner.sends,
        "an outcome of a message nobody sent"
    );
    if result.failure.is_some() {
        assert_eq!(reported, owner.sends, "a message was forgotten");
    }
    let possibly_delivered = accepted + unknown;
    assert!(
        possibly_delivered <= owner.commits,
        "sent without the owner's word"
    );
    assert!(unknown <= 1, "two messages on one lost connection");
}

pub(super) struct Owner {
    client: Client,
    sends: usize,
    commits: usize,
}

impl Owner {
    pub(super) fn new(first: u8) -> Self {
        // Small limits, so that short inputs reach them.
        let mut limits = Limits::default();
        limits.smtp_line_bytes = 200;
        limits.smtp_reply_lines = 12;
        let tls = match first {
            b'S' => Tls::StartTls,
            b'P' => Tls::Plain,
            _ => Tls::Implicit,
        };
        let name = EhloName::domain("client.example").expect("a name");
        let mut config = Config::new(tls, name);
        config.allow_plaintext_login = first == b'P';
        config.limits = limits;
        let client = Client::new(config);
        Self {
            client,
            sends: 0,
            commits: 0,
        }
    }
}

impl Peer for Owner {
    type Machine = Client;

    fn machine(&mut self) -> &mut Client {
        &mut self.client
    }

    fn act(&mut self, letter: u8) {
        let client = &mut self.client;
        match letter {
            b'p' => client.authenticate(
                Credentials::new(USER, Secret::new(PASSWORD)).expect("fit to be sent"),
            ),
            b's' => {
                let address = |text| Address::new(text).expect("an address");
                let from = address("ann@example.org");
                let to = [address("bob@example.org"), address("eve@example.net")];
                let mut envelope = Envelope::new(from, to);
                envelope.size_bytes = Some(12);
                client.send(envelope);
                self.sends += 1;
            }
            b'b' => client.body(BodyChunk::Data(Bytes::from_static(b"Subject: x\r\n"))),
            b'd' => client.body(BodyChunk::Data(Bytes::from_static(b"\n.\r.\r\n..\n"))),
            b'0' => client.body(BodyChunk::Data(Bytes::from_static(b"a\0b"))),
            b'e' => client.body(BodyChunk::End),
            b'x' => client.body(BodyChunk::Abort),
            b'c' => {
                client.commit();
                self.commits += usize::from(client.is_committed());
            }
            b'k' => client.abort(),
            b'q' => client.quit(),
            _ => {}
        }
    }

    fn join(_before: &mut Event, next: Event) -> Option<Event> {
        Some(next)
    }

    /// Server data without a pending command ends the session with one error, and with a pending
    /// command with another; the same bytes may cause either.
    fn is_out_of_turn(error: &Error) -> bool {
        match error {
            Error::PeerMisbehaved(_) | Error::Limit(_) => true,
            Error::Rejected { reply, .. } => reply.code == 421,
            _ => false,
        }
    }
}
