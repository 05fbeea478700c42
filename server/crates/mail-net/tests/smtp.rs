//! 1,000 recipients over a socket buffer of 4 KiB: the number of round trips, and no deadlock.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mail_net::drive::Transport;
use mail_net::{Connection, ConnectionEvent, Phase, Trust};
use mail_proto::smtp::{
    Address, Client, Config, EhloName, Envelope, Event, Outcome, RecipientResult,
};
use mail_proto::{BodyChunk, Tls};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::timeout;

const SOCKET_BYTES: usize = 4096;
/// Silence after which the client is waiting for the server: the paused clock advances only if all
/// tasks wait.
const SILENCE: Duration = Duration::from_millis(1);

/// When the server replies.
#[derive(Clone, Copy)]
enum ReplyTiming {
    /// To each line before it reads the next: it reads nothing while a reply does not fit in the
    /// buffer.
    Immediate,
    /// To everything at once when the client waits. Each time is a round trip.
    WhenClientWaits,
}

/// What a server observed of one connection.
#[derive(Debug, Default)]
struct Seen {
    recipients: usize,
    body: Vec<u8>,
    /// Round trips since `MAIL`.
    round_trips: usize,
}

struct Server {
    stream: DuplexStream,
    reply_timing: ReplyTiming,
    extensions: &'static str,
    unread: Vec<u8>,
    pending_replies: String,
    is_data: bool,
    /// Remaining octets of a chunk, and whether it is the last.
    chunk: Option<(usize, bool)>,
    seen: Seen,
}

impl Server {
    async fn serve(mut self) -> Seen {
        self.stream.write_all(b"220 ready\r\n").await.unwrap();
        let mut bytes = [0; 100];
        loop {
            let read = match self.reply_timing {
                ReplyTiming::Immediate => Ok(self.stream.read(&mut bytes).await),
                ReplyTiming::WhenClientWaits => {
                    timeout(SILENCE, self.stream.read(&mut bytes)).await
                }
            };
            match read {
                Ok(Ok(0) | Err(_)) => return self.seen,
                Ok(Ok(length)) => self.unread.extend_from_slice(&bytes[..length]),
                Err(_) if self.pending_replies.is_empty() => {}
                Err(_) => {
                    self.seen.round_trips += 1;
                    self.flush().await;
                }
            }
            while self.consume_one() {
                if matches!(self.reply_timing, ReplyTiming::Immediate) {
                    self.flush().await;
                }
            }
        }
    }

    async fn flush(&mut self) {
        let replies = std::mem::take(&mut self.pending_replies);
        // The client may have disconnected after QUIT.
        let _ = self.stream.write_all(replies.as_bytes()).await;
    }

    fn queue_reply(&mut self, line: &str) {
        self.pending_replies.push_str(line);
        self.pending_replies.push_str("\r\n");
    }

    /// Consumes one line or chunk; returns `false` if none is complete.
    fn consume_one(&mut self) -> bool {
        if let Some((length, is_last)) = self.chunk {
            if self.unread.len() < length {
                return false;
            }
            self.seen.body.extend(self.unread.drain(..length));
            self.chunk = None;
            self.queue_reply(if is_last { "250 done" } else { "250 taken" });
            return true;
        }
        let Some(end) = self.unread.windows(2).position(|pair| pair == b"\r\n") else {
            return false;
        };
        let line: Vec<u8> = self.unread.drain(..end + 2).collect();
        if self.is_data {
            if line == b".\r\n" {
                self.is_data = false;
                self.queue_reply("250 done");
            } else {
                self.seen.body.extend_from_slice(&line);
            }
            return true;
        }
        let line = String::from_utf8(line).unwrap();
        let mut tokens = line.split_whitespace();
        match tokens.next().unwrap() {
            "EHLO" => self.queue_reply(&format!("250-here\r\n{}", self.extensions)),
            "MAIL" => {
                self.queue_reply("250 2.1.0 sender ok");
                self.seen.round_trips = 0;
            }
            "RCPT" => {
                self.seen.recipients += 1;
                self.queue_reply("250 2.1.5 recipient ok");
            }
            "DATA" => {
                self.is_data = true;
                self.queue_reply("354 go on");
            }
            "BDAT" => {
                let length = tokens.next().unwrap().parse().unwrap();
                self.chunk = Some((length, tokens.next() == Some("LAST")));
            }
            "QUIT" => self.queue_reply("221 bye"),
            other => panic!("{other}"),
        }
        true
    }
}

/// Sends one message to this many recipients and returns what the server observed.
async fn send(recipients: usize, extensions: &'static str, reply_timing: ReplyTiming) -> Seen {
    let (ours, theirs) = duplex(SOCKET_BYTES);
    let server = Server {
        stream: theirs,
        reply_timing,
        extensions,
        unread: Vec::new(),
        pending_replies: String::new(),
        is_data: false,
        chunk: None,
        seen: Seen::default(),
    };
    let server = tokio::spawn(server.serve());
    let client = Client::new(Config::new(Tls::Plain, EhloName::LOCALHOST));
    let config = Trust::default().client_config().unwrap();
    let transport = Transport::Plain(ours);
    let phase = Phase::SmtpEnvelope;
    let mut connection = Connection::new(client, transport, Arc::clone(&config), "here", phase);
    let mut body = vec![Bytes::from_static(b"Subject: hi\r\n\r\n.dot\r\n")].into_iter();
    let are_all_accepted = loop {
        match connection.next().await.unwrap() {
            ConnectionEvent::Event(Event::Ready { .. }) => {
                let name = |n| Address::new(&format!("user{n}@example.org")).unwrap();
                let to = (0..recipients).map(name);
                let from = Address::new("a@example.org").unwrap();
                connection.machine_mut().send(Envelope::new(from, to));
            }
            ConnectionEvent::NeedBody { .. } => {
                connection.body(body.next().map_or(BodyChunk::End, BodyChunk::Data));
            }
            ConnectionEvent::Event(Event::ReadyToCommit) => connection.machine_mut().commit(),
            ConnectionEvent::Event(Event::Outcome(Outcome::Accepted {
                recipients: each, ..
            })) => {
                let is_accepted = |result: &_| matches!(result, RecipientResult::Accepted(_));
                break each.len() == recipients && each.iter().all(|(_, r)| is_accepted(r));
            }
            other => panic!("{other:?}"),
        }
    };
    assert!(are_all_accepted, "a recipient was lost");
    drop(connection);
    let seen = server.await.unwrap();
    assert_eq!(seen.recipients, recipients);
    seen
}

// docs/protocols.md, SMTP: several recipients
#[tokio::test(start_paused = true)]
async fn a_thousand_recipients_take_two_round_trips() {
    let seen = send(1000, "250 PIPELINING", ReplyTiming::WhenClientWaits).await;
    assert_eq!(seen.round_trips, 2);
    assert_eq!(seen.body, b"Subject: hi\r\n\r\n..dot\r\n");
}

#[tokio::test(start_paused = true)]
async fn bdat_takes_a_third_round_trip_before_the_commit() {
    let extensions = "250-CHUNKING\r\n250 PIPELINING";
    let seen = send(1000, extensions, ReplyTiming::WhenClientWaits).await;
    assert_eq!(seen.round_trips, 3);
    assert_eq!(seen.body, b"Subject: hi\r\n\r\n.dot\r\n");
}

#[tokio::test(start_paused = true)]
async fn without_pipelining_each_recipient_takes_a_round_trip() {
    let seen = send(10, "250 HELP", ReplyTiming::WhenClientWaits).await;
    // MAIL, ten RCPT, DATA, the message.
    assert_eq!(seen.round_trips, 13);
}

// docs/protocols.md, SMTP: several recipients
#[tokio::test(start_paused = true)]
async fn a_thousand_recipients_do_not_deadlock_with_a_server_that_replies_as_it_reads() {
    for extensions in ["250 PIPELINING", "250-CHUNKING\r\n250 PIPELINING"] {
        // The paused clock would run into the deadline of the phase at once if there was a
        // deadlock.
        let seen = send(1000, extensions, ReplyTiming::Immediate).await;
        assert!(seen.body.ends_with(b"dot\r\n"));
    }
}
