//! What a case is: a class of hostility, a place in a conversation, a script, and what has to
//! come of it.

use std::fmt::Debug;
use std::time::Duration;

use mail_net::{Connection, Error, Phase, TlsError, deadlines};
use mail_proto::{Machine, Tls, Transcribed};

use crate::certificates::Certificate;
use crate::link::Socket;
use crate::peer::Heard;
use crate::scram::Scram;

/// How a peer is hostile. Not every class occurs in every protocol or at every place: the matrix in
/// `coverage` names the reason for each cell that has no case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// An answer with a tag that was never given.
    WrongTag,
    /// An answer with a tag that is still to come.
    FutureTag,
    /// The same answer twice.
    DoubleTag,
    /// A reply to nothing.
    Unasked,
    /// A line that does not end.
    EndlessLine,
    /// A size that is not the size.
    LyingSize,
    /// The link ends inside a literal.
    CutLiteral,
    /// The link ends inside a line.
    CutLine,
    /// Lists in lists in lists.
    Nesting,
    /// More lines than anybody needs, 50,000 where it is a listing.
    Flood,
    /// Messages go while others are being told of.
    ExpungeMeanwhile,
    /// The UIDs become those of another generation.
    UidValidity,
    /// The peer says that it goes, and does: BYE, 421, -ERR.
    Bye,
    /// The peer closes.
    Fin,
    /// The connection is reset.
    Rst,
    /// The peer closes its own direction only.
    HalfClose,
    /// The peer says nothing more.
    Stall,
    /// The peer says one byte each 200 ms.
    Trickle,
    /// Plaintext behind the answer to STARTTLS or STLS.
    BehindStartTls,
    /// STARTTLS or STLS is not offered, or is refused.
    Stripped,
    /// PREAUTH.
    Preauth,
    /// Bytes below TLS that are no TLS.
    TlsGarbage,
    /// A certificate that is expired, not yet valid, for another name, or of nobody known.
    BadCertificate,
    /// What is said is not the protocol.
    Garbage,
    /// One reply with two codes.
    MixedCodes,
    /// Refused for now: 4yz, NO, -ERR.
    RefusedForNow,
    /// Refused for good: 5yz, BAD.
    RefusedForGood,
    /// Accepted before it was there.
    Early,
    /// Done, and then the link is gone, said or not.
    DoneThenGone,
    /// A sign-in in which the server proves nothing, or asks for what it must not get.
    Unproven,
    /// A compressed stream that is none, ends, or unfolds without measure.
    BrokenCompression,
}

impl Class {
    pub(crate) const ALL: &'static [Self] = &[
        Self::WrongTag,
        Self::FutureTag,
        Self::DoubleTag,
        Self::Unasked,
        Self::EndlessLine,
        Self::LyingSize,
        Self::CutLiteral,
        Self::CutLine,
        Self::Nesting,
        Self::Flood,
        Self::ExpungeMeanwhile,
        Self::UidValidity,
        Self::Bye,
        Self::Fin,
        Self::Rst,
        Self::HalfClose,
        Self::Stall,
        Self::Trickle,
        Self::BehindStartTls,
        Self::Stripped,
        Self::Preauth,
        Self::TlsGarbage,
        Self::BadCertificate,
        Self::Garbage,
        Self::MixedCodes,
        Self::RefusedForNow,
        Self::RefusedForGood,
        Self::Early,
        Self::DoneThenGone,
        Self::Unproven,
        Self::BrokenCompression,
    ];
}

/// One thing that a peer does.
#[derive(Debug, Clone)]
pub(crate) enum Do {
    /// Says this; `%` stands for the tag of the command.
    Say(String),
    /// Says this many times; `#` stands for the number of the time.
    Repeat(&'static str, usize),
    /// Says this for as long as the client listens.
    Endless(&'static str),
    /// Says this for as long as the client listens, a byte each 200 ms.
    Trickle(&'static str),
    /// Says this, a message of SCRAM, and a line end.
    Scram(&'static str, Scram),
    /// Does what an honest peer does here.
    Honest,
    /// Says a byte each 200 ms of what an honest peer says here.
    HonestSlowly,
    /// Says the first half of what an honest peer says here.
    HalfOfHonest,
    /// Waits for this.
    Hear(Hears),
    /// Leaves out what an honest peer would hear and say of the same command.
    EndCommand,
    /// Leaves out what an honest peer would hear and say before this command.
    ResumeAt(&'static str),
    /// Makes the message final: it is accepted, appended, deleted.
    Commit,
    /// Does the handshake of TLS with this certificate.
    Handshake(Certificate),
    /// Compresses what it says from now on, and unfolds what it hears.
    StartDeflate,
    /// Puts these bytes below the compression.
    BelowDeflate(&'static [u8]),
    /// Ends the compressed stream.
    EndDeflate,
    /// Puts these bytes below TLS.
    BelowTls(&'static [u8]),
    /// Reads a byte each 200 ms.
    HearSlowly,
    /// Closes.
    Fin,
    /// Resets the connection.
    Rst,
    /// Closes its own direction, and goes on reading.
    HalfClose,
    /// Reads on and says nothing more.
    Stall,
    /// Does not even read.
    Hang,
}

pub(crate) fn say(text: impl Into<String>) -> Do {
    Do::Say(text.into())
}

/// What a peer waits for before it speaks.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Hears {
    Nothing,
    /// A command that begins so, behind its tag where the protocol has tags.
    Line(&'static str),
    /// A line without a tag that begins so.
    Bare(&'static str),
    /// This many bytes.
    Bytes(usize),
    /// Lines up to a lone dot.
    Dot,
    /// A command that names a number of bytes, and so many.
    Chunk,
}

/// One exchange of a conversation.
#[derive(Debug, Clone)]
pub(crate) struct Turn<P> {
    pub(crate) place: P,
    pub(crate) hears: Hears,
    /// What an honest peer does.
    pub(crate) says: Vec<Do>,
}

impl<P> Turn<P> {
    pub(crate) fn new(place: P, hears: Hears, says: impl Into<String>) -> Self {
        Self {
            place,
            hears,
            says: vec![say(says)],
        }
    }

    pub(crate) fn doing(place: P, hears: Hears, says: Vec<Do>) -> Self {
        Self { place, hears, says }
    }
}

/// When TLS begins in a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The machine is told that TLS is up, and the link carries its bytes as they are: what is
    /// tested has nothing to do with TLS.
    Bare,
    /// TLS begins by STARTTLS or STLS.
    StartTls,
    /// TLS begins at once.
    Implicit,
}

impl Mode {
    pub(crate) const fn tls(self) -> Tls {
        match self {
            Self::Bare | Self::Implicit => Tls::Implicit,
            Self::StartTls => Tls::StartTls,
        }
    }
}

/// Where in a conversation a peer can be hostile: a reply of a protocol, or a handshake.
pub(crate) trait Place: Copy + PartialEq + Debug + Send + Sync + 'static {
    /// Every one, in the order of a conversation.
    const ALL: &'static [Self];
    /// Those of TLS.
    const HANDSHAKES: &'static [Self];
    /// Those of a server that speaks in plaintext before it has to speak TLS.
    const BEFORE_TLS: &'static [Self];
    /// The handshake that STARTTLS or STLS asked for, and what is asked anew behind it.
    const BEHIND_STARTTLS: &'static [Self];

    fn is_handshake(self) -> bool {
        Self::HANDSHAKES.contains(&self)
    }

    fn mode(self) -> Mode {
        if Self::BEFORE_TLS.contains(&self) || Self::BEHIND_STARTTLS.contains(&self) {
            Mode::StartTls
        } else if self.is_handshake() {
            Mode::Implicit
        } else {
            Mode::Bare
        }
    }

    fn all_but(others: &[Self]) -> Vec<Self> {
        let all = Self::ALL.iter().copied();
        all.filter(|place| !others.contains(place)).collect()
    }

    /// Every one but the handshakes.
    fn spoken() -> Vec<Self> {
        Self::all_but(Self::HANDSHAKES)
    }
}

/// A protocol, as this table sees it.
pub(crate) trait Protocol: Sized + 'static {
    type Place: Place;
    type Error: Clone + PartialEq + Debug + std::fmt::Display + Send + Sync + 'static;
    type Machine: Machine<Error = Self::Error> + Transcribed;
    /// What the owner of the connection saw.
    type Seen: Default + Debug;

    const NAME: &'static str;
    const HAS_TAGS: bool;
    const FIRST_PHASE: Phase;

    fn machine(mode: Mode) -> Self::Machine;
    /// The conversation that comes to `place`, as an honest peer holds it.
    fn turns(place: Self::Place, mode: Mode) -> Vec<Turn<Self::Place>>;
    /// The same conversation as the owner of the connection holds it, phases as in the product.
    async fn converse(
        connection: &mut Connection<Self::Machine, Socket>,
        place: Self::Place,
        seen: &mut Self::Seen,
    ) -> Result<(), Error<Self::Error>>;
    /// Whether the password may have left when a peer becomes hostile at `place`.
    fn password_leaves_before(place: Self::Place) -> bool;
    /// Panics if what the owner saw and what the peer did cannot both be true.
    fn reconcile(seen: &Self::Seen, heard: &Heard);
}

/// What has to come of a case.
pub(crate) struct Expected<P: Protocol> {
    /// The error that ends the conversation, exactly; nothing where it goes on to its end.
    pub(crate) error: Option<Error<P::Error>>,
    /// How long it takes; nothing where it depends on how long an honest answer is.
    pub(crate) elapsed: Option<Duration>,
    pub(crate) check: Check<P>,
}

/// Looks at what the owner saw.
type Check<P> = Box<dyn Fn(&<P as Protocol>::Seen) + Send + Sync>;

impl<P: Protocol> Expected<P> {
    pub(crate) fn and(mut self, check: impl Fn(&P::Seen) + Send + Sync + 'static) -> Self {
        self.check = Box::new(check);
        self
    }

    pub(crate) fn after(mut self, elapsed: Duration) -> Self {
        self.elapsed = Some(elapsed);
        self
    }

    pub(crate) fn in_any_time(mut self) -> Self {
        self.elapsed = None;
        self
    }
}

/// The conversation ends with this error, at once.
pub(crate) fn fails<P: Protocol>(error: P::Error) -> Expected<P> {
    ends(Error::Protocol(error))
}

/// TLS does not come about.
pub(crate) fn fails_tls<P: Protocol>(error: TlsError) -> Expected<P> {
    ends(Error::Tls(error))
}

/// The conversation ends with this error, at once.
pub(crate) fn ends<P: Protocol>(error: Error<P::Error>) -> Expected<P> {
    Expected {
        error: Some(error),
        elapsed: Some(Duration::ZERO),
        check: Box::new(|_| ()),
    }
}

/// The conversation ends at the deadline of silence, or the one of the whole where that is first.
pub(crate) fn falls_silent<P: Protocol>(phase: Phase) -> Expected<P> {
    let deadlines = phase.deadlines();
    let until = match (deadlines.silence, deadlines.total) {
        (Some(silence), Some(total)) => silence.min(total),
        (silence, total) => silence.or(total).expect("a phase with an end"),
    };
    ends(Error::Deadline { phase }).after(until)
}

/// The conversation ends when the phase as a whole has taken too long.
pub(crate) fn takes_too_long<P: Protocol>(phase: Phase) -> Expected<P> {
    let total = phase.deadlines().total.expect("a phase with an end");
    ends(Error::Deadline { phase }).after(total)
}

/// TLS does not come about in time.
pub(crate) fn tls_takes_too_long<P: Protocol>() -> Expected<P> {
    fails_tls(TlsError::TimedOut).after(deadlines::TLS)
}

/// The conversation goes on to its end.
pub(crate) fn goes_on<P: Protocol>(
    check: impl Fn(&P::Seen) + Send + Sync + 'static,
) -> Expected<P> {
    Expected {
        error: None,
        elapsed: Some(Duration::ZERO),
        check: Box::new(check),
    }
}

/// One hostile peer.
pub(crate) struct Case<P: Protocol> {
    pub(crate) class: Class,
    pub(crate) place: P::Place,
    /// Tells cases of the same cell apart; mostly empty.
    pub(crate) variant: &'static str,
    pub(crate) mode: Mode,
    pub(crate) script: Vec<Do>,
    pub(crate) expected: Expected<P>,
}

impl<P: Protocol> Case<P> {
    /// `imap::bye::fetch`.
    pub(crate) fn name(&self) -> String {
        let (class, place) = (snake(&self.class), snake(&self.place));
        let variant = if self.variant.is_empty() {
            String::new()
        } else {
            format!("_{}", self.variant)
        };
        format!("{}::{class}::{place}{variant}", P::NAME)
    }
}

/// A name in lower case with underscores.
pub(crate) fn snake(name: &impl Debug) -> String {
    let mut snake = String::new();
    for c in format!("{name:?}").chars() {
        if c.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

/// The cases of a protocol, and the cells that cannot have any.
pub(crate) struct Table<P: Protocol> {
    pub(crate) cases: Vec<Case<P>>,
    pub(crate) impossible: Vec<(Class, P::Place, &'static str)>,
}

impl<P: Protocol> Table<P> {
    pub(crate) fn new() -> Self {
        Self {
            cases: Vec::new(),
            impossible: Vec::new(),
        }
    }

    /// A case.
    pub(crate) fn case(
        &mut self,
        class: Class,
        place: P::Place,
        script: Vec<Do>,
        expected: Expected<P>,
    ) {
        self.variant(class, place, "", script, expected);
    }

    /// A further case of a cell, under a name of its own.
    pub(crate) fn variant(
        &mut self,
        class: Class,
        place: P::Place,
        variant: &'static str,
        script: Vec<Do>,
        expected: Expected<P>,
    ) {
        let mode = place.mode();
        self.in_mode(mode, class, place, variant, script, expected);
    }

    /// A case with TLS of its own.
    pub(crate) fn in_mode(
        &mut self,
        mode: Mode,
        class: Class,
        place: P::Place,
        variant: &'static str,
        script: Vec<Do>,
        expected: Expected<P>,
    ) {
        self.cases.push(Case {
            class,
            place,
            variant,
            mode,
            script,
            expected,
        });
    }

    /// One case for each of these places, with the same script.
    pub(crate) fn each(
        &mut self,
        class: Class,
        places: &[P::Place],
        script: &[Do],
        expected: impl Fn(P::Place) -> Expected<P>,
    ) {
        for place in places {
            self.case(class, *place, script.to_vec(), expected(*place));
        }
    }

    /// There can be no case at these places, because.
    pub(crate) fn never(&mut self, class: Class, places: &[P::Place], reason: &'static str) {
        self.impossible
            .extend(places.iter().map(|place| (class, *place, reason)));
    }
}
