//! Plays a scripted session with a machine, for tests: whole, byte by byte and at random
//! cuts, with equal events.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Debug;

use bytes::Bytes;

use crate::transcript::Transcribed;
use crate::{BodyChunk, Machine, Step};

/// One move of a session.
pub(crate) enum Move<M> {
    /// The peer sends this text.
    Server(&'static str),
    /// The peer sends these bytes, which are not UTF-8 or are generated.
    ServerBytes(Vec<u8>),
    /// The machine has sent exactly this since the last `Client`.
    Client(&'static str),
    /// The machine requests TLS, and the driver establishes it.
    Upgrade,
    /// The owner calls the machine.
    Do(fn(&mut M)),
    /// The owner supplies the body, in these pieces.
    Body(&'static [&'static str]),
    /// The owner supplies a piece of the body, and not its end.
    Piece(&'static str),
    /// The peer closes the connection.
    Eof,
}

/// The result of a session.
#[derive(Debug, PartialEq)]
pub(crate) struct Played<E, F> {
    pub(crate) events: Vec<E>,
    pub(crate) failure: Option<F>,
    pub(crate) is_done: bool,
    /// Everything the machine sent.
    pub(crate) sent: String,
    /// The masked transcript, one line each.
    pub(crate) transcript: Vec<String>,
}

/// The way in which the peer's data is split.
#[derive(Debug, Clone, Copy)]
enum Cut {
    Whole,
    Bytes,
    Random(u64),
}

impl Cut {
    fn next_length(&mut self, remaining: usize) -> usize {
        match self {
            Self::Whole => remaining,
            Self::Bytes => 1,
            Self::Random(seed) => {
                // xorshift64: any distribution suffices.
                *seed ^= *seed << 13;
                *seed ^= *seed >> 7;
                *seed ^= *seed << 17;
                usize::try_from(*seed % 17).unwrap() % remaining + 1
            }
        }
    }
}

/// Plays a session whole, byte by byte and at 64 random cuts. Asserts that the events, after
/// `merge` has joined those that may be split, are the same each time, and returns them.
pub(crate) fn play<M, E, F>(
    make: impl Fn() -> M,
    moves: &[Move<M>],
    merge: fn(Vec<E>) -> Vec<E>,
) -> Played<E, F>
where
    M: Machine<Event = E, Error = F> + Transcribed,
    E: Debug + PartialEq,
    F: Debug + PartialEq + Clone,
{
    let whole = play_cut(make(), moves, merge, Cut::Whole);
    let cuts = (1..=64).map(|n| Cut::Random(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(n)));
    for cut in cuts.chain([Cut::Bytes]) {
        assert_eq!(play_cut(make(), moves, merge, cut), whole, "cut {cut:?}");
    }
    whole
}

fn play_cut<M, E, F>(
    machine: M,
    moves: &[Move<M>],
    merge: fn(Vec<E>) -> Vec<E>,
    mut cut: Cut,
) -> Played<E, F>
where
    M: Machine<Event = E, Error = F> + Transcribed,
    E: Debug + PartialEq,
    F: Debug + PartialEq + Clone,
{
    let mut driver = Driver {
        machine,
        body: VecDeque::new(),
        fresh: Vec::new(),
        is_tls_requested: false,
        played: Played {
            events: Vec::new(),
            failure: None,
            is_done: false,
            sent: String::new(),
            transcript: Vec::new(),
        },
    };
    driver.run();
    for next in moves {
        match next {
            Move::Server(text) => driver.receive(text.as_bytes(), &mut cut),
            Move::ServerBytes(bytes) => driver.receive(bytes, &mut cut),
            Move::Client(text) => {
                let sent = String::from_utf8(core::mem::take(&mut driver.fresh)).unwrap();
                assert_eq!(sent, *text);
            }
            Move::Upgrade => {
                assert!(
                    core::mem::take(&mut driver.is_tls_requested),
                    "TLS was not asked for"
                );
                driver.machine.upgraded();
            }
            Move::Do(act) => act(&mut driver.machine),
            Move::Body(pieces) => {
                let piece =
                    |piece: &&'static str| BodyChunk::Data(Bytes::from_static(piece.as_bytes()));
                driver.body.extend(pieces.iter().map(piece));
                driver.body.push_back(BodyChunk::End);
            }
            Move::Piece(piece) => {
                let piece = Bytes::from_static(piece.as_bytes());
                driver.body.push_back(BodyChunk::Data(piece));
            }
            Move::Eof => driver.machine.end_of_input(),
        }
        driver.run();
    }
    driver.played.events = merge(driver.played.events);
    driver.played
}

struct Driver<M: Machine> {
    machine: M,
    body: VecDeque<BodyChunk>,
    fresh: Vec<u8>,
    is_tls_requested: bool,
    played: Played<M::Event, M::Error>,
}

impl<M> Driver<M>
where
    M: Machine + Transcribed,
    M::Event: Debug + PartialEq,
    M::Error: Debug + PartialEq,
{
    fn receive(&mut self, mut bytes: &[u8], cut: &mut Cut) {
        while !bytes.is_empty() {
            let (piece, rest) = bytes.split_at(cut.next_length(bytes.len()).min(bytes.len()));
            self.machine.feed(piece);
            self.run();
            bytes = rest;
        }
    }

    fn run(&mut self) {
        while !self.is_tls_requested {
            let step = self.machine.step();
            let lines = self.machine.take_transcript();
            self.played
                .transcript
                .extend(lines.iter().map(|line| alloc::format!("{line}")));
            match step {
                Ok(Step::NeedInput) => break,
                Ok(Step::Write(bytes)) => {
                    self.played.sent.push_str(&String::from_utf8_lossy(&bytes));
                    self.fresh.extend_from_slice(&bytes);
                }
                Ok(Step::NeedBody { max }) => match self.body.pop_front() {
                    Some(chunk) => {
                        assert!(!matches!(&chunk, BodyChunk::Data(data) if data.len() > max));
                        self.machine.body(chunk);
                    }
                    None => break,
                },
                Ok(Step::StartTls) => self.is_tls_requested = true,
                Ok(Step::DeriveKey(work)) => self.machine.key_derived(work.run()),
                Ok(Step::StartDeflate { fed }) => panic!("compression is not asked for: {fed:?}"),
                Ok(Step::Event(event)) => self.played.events.push(event),
                Ok(Step::Done) => {
                    self.played.is_done = true;
                    break;
                }
                Err(error) => {
                    if let Some(first) = &self.played.failure {
                        assert_eq!(*first, error, "a poisoned machine changed its mind");
                    }
                    self.played.failure = Some(error);
                    break;
                }
            }
        }
    }
}
