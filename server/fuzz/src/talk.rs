//! A session built from a fuzzer's bytes, and the properties that hold for any of them.
//!
//! The bytes are the server data, cut into parts by [`PART`]. The byte after a cut is a letter for
//! the action of the connection's owner at that point: queue a command, supply a piece of a body.
//! The very first byte selects the configuration of the client.

use std::fmt::Debug;
use std::sync::Mutex;

use mail_proto::sasl::{DerivedKey, KeyDerivation};
use mail_proto::{Machine, Step, Transcribed};

/// Separates the parts of the server data; a letter for the owner follows.
pub(crate) const PART: u8 = 0x1e;

/// The user of every session.
pub(crate) const USER: &str = "ann";
/// The password of every session.
pub(crate) const PASSWORD: &str = "hunter2-correct-horse";
/// Texts that no transcript may hold: the password, and its encodings in LOGIN and PLAIN.
const SECRETS: [&str; 3] = [
    PASSWORD,
    "aHVudGVyMi1jb3JyZWN0LWhvcnNl",
    "AGFubgBodW50ZXIyLWNvcnJlY3QtaG9yc2U=",
];

/// A protocol client and its owner.
pub(crate) trait Peer {
    /// The protocol client.
    type Machine: Machine<Event: Debug + PartialEq, Error: Debug + PartialEq> + Transcribed;

    /// Returns the protocol client.
    fn machine(&mut self) -> &mut Self::Machine;
    /// Performs the action of a letter.
    fn act(&mut self, letter: u8);
    /// Joins an event to the one before it if only a cut separated them; else returns it.
    fn join(before: &mut EventOf<Self>, next: EventOf<Self>) -> Option<EventOf<Self>>;
    /// Whether the server sent data before its turn. Whether the client detects that depends on the
    /// bytes that had arrived when it sent its command, so other cuts may give another session.
    fn is_out_of_turn(error: &ErrorOf<Self>) -> bool;
}

type EventOf<P> = <<P as Peer>::Machine as Machine>::Event;
type ErrorOf<P> = <<P as Peer>::Machine as Machine>::Error;

/// The result of a session.
#[derive(Debug)]
pub(crate) struct SessionResult<E, F> {
    pub(crate) events: Vec<E>,
    pub(crate) failure: Option<F>,
    pub(crate) is_done: bool,
    written: Vec<u8>,
    transcript: Vec<String>,
}

impl<E, F> SessionResult<E, F> {
    /// Returns the sent lines, without their ends.
    pub(crate) fn sent(&self) -> impl Iterator<Item = &str> {
        let lines = self.written.split(|byte| *byte == b'\n');
        lines.filter_map(|line| str::from_utf8(line).ok().map(str::trim_end))
    }

    /// Returns the lines of the transcript in one direction.
    pub(crate) fn lines(&self, direction: char) -> Vec<&String> {
        let lines = self.transcript.iter();
        lines.filter(|line| line.starts_with(direction)).collect()
    }
}

/// Plays a session whole, byte by byte and at pseudo-random cuts, and checks the properties of any
/// session. Returns the peer and the result of the uncut session.
pub(crate) fn every_cut<P: Peer>(
    data: &[u8],
    new_peer: impl Fn() -> P,
) -> (P, SessionResult<EventOf<P>, ErrorOf<P>>) {
    let seed = data.iter().fold(0xcbf2_9ce4_8422_2325, |seed: u64, byte| {
        (seed ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    });
    let (peer, whole) = Session::play(new_peer(), data, Cut::Whole);
    let is_out_of_turn =
        |result: &SessionResult<_, _>| result.failure.as_ref().is_some_and(P::is_out_of_turn);
    for cut in [Cut::Bytes, Cut::Random(seed | 1)] {
        let (_, result) = Session::play(new_peer(), data, cut);
        if is_out_of_turn(&whole) || is_out_of_turn(&result) {
            continue;
        }
        assert_eq!(result.events, whole.events, "{cut:?}");
        assert_eq!(result.failure, whole.failure, "{cut:?}");
        assert_eq!(result.is_done, whole.is_done, "{cut:?}");
        // A failed session may have received or sent a few more lines.
        let is_same = |a: usize, b: usize| a == b || whole.failure.is_some();
        // The order of directions may differ if the server does not wait for the client.
        for direction in ['<', '>', '#'] {
            let (one, other) = (result.lines(direction), whole.lines(direction));
            assert!(
                is_same(one.len(), other.len()),
                "{cut:?}: {one:?} {other:?}"
            );
            let both = one.len().min(other.len());
            assert_eq!(one[..both], other[..both], "{cut:?}");
        }
        let (one, other) = (&result.written, &whole.written);
        assert!(is_same(one.len(), other.len()), "{cut:?}");
        let both = one.len().min(other.len());
        assert_eq!(one[..both], other[..both], "{cut:?}");
    }
    for secret in SECRETS {
        // The server may send anything, and notes quote it.
        let sent = whole.lines('>');
        let is_leaked = sent.iter().any(|line| line.contains(secret));
        assert!(!is_leaked, "a secret is told: {sent:?}");
    }
    (peer, whole)
}

/// How the server data is cut into pieces.
#[derive(Debug, Clone, Copy)]
enum Cut {
    Whole,
    Bytes,
    Random(u64),
}

impl Cut {
    fn next_len(&mut self, remaining: usize) -> usize {
        match self {
            Self::Whole => remaining,
            Self::Bytes => 1,
            Self::Random(state) => {
                *state ^= *state << 13;
                *state ^= *state >> 7;
                *state ^= *state << 17;
                usize::try_from(*state % 23).unwrap_or(0) % remaining + 1
            }
        }
    }
}

struct Session<P: Peer> {
    peer: P,
    is_tls_pending: bool,
    steps: usize,
    result: SessionResult<EventOf<P>, ErrorOf<P>>,
}

impl<P: Peer> Session<P> {
    fn play(peer: P, data: &[u8], mut cut: Cut) -> (P, SessionResult<EventOf<P>, ErrorOf<P>>) {
        let mut session = Self {
            peer,
            is_tls_pending: false,
            steps: 0,
            result: SessionResult {
                events: Vec::new(),
                failure: None,
                is_done: false,
                written: Vec::new(),
                transcript: Vec::new(),
            },
        };
        session.run();
        for (index, part) in data.split(|byte| *byte == PART).enumerate() {
            let part = match part.split_first() {
                Some((letter, rest)) if index > 0 => {
                    session.act(*letter);
                    rest
                }
                _ => part,
            };
            session.feed(part, &mut cut);
        }
        session.end(data.len());
        (session.peer, session.result)
    }

    fn is_over(&self) -> bool {
        self.result.is_done || self.result.failure.is_some()
    }

    fn act(&mut self, letter: u8) {
        if self.is_over() {
            // After the end of the session there is no connection for further commands.
            return;
        }
        if self.is_tls_pending {
            self.is_tls_pending = false;
            self.peer.machine().upgraded();
        } else {
            self.peer.act(letter);
        }
        self.run();
    }

    fn feed(&mut self, mut bytes: &[u8], cut: &mut Cut) {
        while !bytes.is_empty() && !self.is_over() {
            let (piece, rest) = bytes.split_at(cut.next_len(bytes.len()));
            self.peer.machine().feed(piece);
            self.run();
            bytes = rest;
        }
    }

    fn end(&mut self, data_len: usize) {
        if self.is_tls_pending {
            // Plaintext after STARTTLS must be detected here at the latest.
            self.act(b't');
        }
        self.peer.machine().end_of_input();
        self.run();
        assert!(self.is_over(), "it waits for a peer that has left");
        // The result is final, whatever arrives later.
        self.peer.machine().feed(b"* 1 EXISTS\r\n250 x\r\n+OK\r\n");
        self.peer.act(b'n');
        self.run();
        // The number of steps per byte is bounded, so input cannot keep a driver busy.
        let max = 200 + 8 * data_len;
        assert!(self.steps <= max, "{} steps", self.steps);
    }

    fn run(&mut self) {
        while !self.is_tls_pending {
            self.steps += 1;
            assert!(self.steps < 1_000_000, "it does not come to rest");
            let was_over = self.is_over();
            let machine = self.peer.machine();
            let step = machine.step();
            let lines = machine.take_transcript();
            if was_over {
                match step {
                    Ok(Step::Done) => assert!(self.result.is_done, "done after an error"),
                    Ok(step) => panic!("a step after the end: {}", name(&step)),
                    Err(error) => {
                        assert_eq!(self.result.failure.as_ref(), Some(&error), "another error");
                    }
                }
                return;
            }
            let result = &mut self.result;
            result
                .transcript
                .extend(lines.iter().map(ToString::to_string));
            match step {
                Ok(Step::NeedInput | Step::NeedBody { .. }) => return,
                Ok(Step::Write(bytes)) => result.written.extend_from_slice(&bytes),
                Ok(Step::StartTls) => self.is_tls_pending = true,
                // Compression is the driver's task: here the bytes stay as they are.
                Ok(Step::StartDeflate { fed }) => {
                    machine.upgraded();
                    if !fed.is_empty() {
                        machine.feed(&fed);
                    }
                }
                Ok(Step::DeriveKey(work)) => machine.key_derived(key_derived(work)),
                Ok(Step::Event(event)) => {
                    let separate = match result.events.last_mut() {
                        Some(before) => P::join(before, event),
                        None => Some(event),
                    };
                    result.events.extend(separate);
                }
                Ok(Step::Done) => {
                    result.is_done = true;
                    return;
                }
                Err(error) => {
                    result.failure = Some(error);
                    return;
                }
            }
        }
    }
}

/// Derives a key, with a cache: most inputs request the same few.
fn key_derived(work: KeyDerivation) -> DerivedKey {
    static CACHE: Mutex<Vec<(KeyDerivation, DerivedKey)>> = Mutex::new(Vec::new());
    let mut cache = CACHE.lock().expect("nobody panicked in here");
    if let Some((_, result)) = cache.iter().find(|(before, _)| *before == work) {
        return result.clone();
    }
    let result = work.run();
    if cache.len() == 64 {
        cache.remove(0);
    }
    cache.push((work, result.clone()));
    result
}

fn name<E>(step: &Step<E>) -> &'static str {
    match step {
        Step::Event(_) => "an event",
        Step::Write(_) => "a write",
        _ => "another",
    }
}
