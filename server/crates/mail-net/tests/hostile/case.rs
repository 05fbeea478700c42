//! A case: a class of hostile behaviour, a place in a session, a script, and the expected result.

use std::fmt::Debug;
use std::time::Duration;

use mail_net::{Connection, Error, Phase, TlsError, deadlines};
use mail_proto::{Machine, Tls, Transcribed};

use crate::certificates::Certificate;
use crate::link::Socket;
use crate::peer::ServerLog;
use crate::scram::Scram;

/// The classes of hostile behaviour. Not every class occurs in every protocol or at every place:
/// the matrix in `coverage` gives the reason for each cell that has no case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// A response with a tag that was never used.
    WrongTag,
    /// A response with a tag that the client will use later.
    FutureTag,
    /// The same response twice.
    DoubleTag,
    /// A response that no command asked for.
    Unasked,
    /// A line without an end.
    EndlessLine,
    /// A false size.
    LyingSize,
    /// The connection ends inside a literal.
    CutLiteral,
    /// The connection ends inside a line.
    CutLine,
    /// Deeply nested lists.
    Nesting,
    /// An excessive number of lines; 50,000 in a listing.
    Flood,
    /// Messages are expunged while others are being listed.
    ExpungeMeanwhile,
    /// UIDVALIDITY changes.
    UidValidity,
    /// The server announces that it closes, and closes: BYE, 421, -ERR.
    Bye,
    /// The server closes the connection.
    Fin,
    /// The connection is reset.
    Rst,
    /// The server closes only its own direction.
    HalfClose,
    /// The server sends nothing more.
    Stall,
    /// The server sends one byte every 200 ms.
    Trickle,
    /// Plaintext after the response to STARTTLS or STLS.
    BehindStartTls,
    /// STARTTLS or STLS is not offered, or is refused.
    Stripped,
    /// PREAUTH.
    Preauth,
    /// Bytes below TLS that are not TLS.
    TlsGarbage,
    /// A certificate that is expired, not yet valid, for another name, or of an unknown CA.
    BadCertificate,
    /// Data that is not the protocol.
    Garbage,
    /// One reply with two codes.
    MixedCodes,
    /// Temporary refusal: 4yz, NO, -ERR.
    RefusedForNow,
    /// Permanent refusal: 5yz, BAD.
    RefusedForGood,
    /// Acceptance of data before it was sent.
    Early,
    /// A completed command, after which the connection ends, announced or not.
    DoneThenGone,
    /// A sign-in in which the server proves nothing, or requests data that it must not get.
    Unproven,
    /// A compressed stream that is invalid, ends early, or decompresses to unlimited data.
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

/// One action of a server.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    /// Sends this text; `%` stands for the tag of the command.
    Send(String),
    /// Sends this text so many times; `#` stands for the number of the repetition.
    Repeat(&'static str, usize),
    /// Sends this text as long as the client reads.
    Endless(&'static str),
    /// Sends this text as long as the client reads, one byte every 200 ms.
    Trickle(&'static str),
    /// Sends this text, a SCRAM message, and a line end.
    Scram(&'static str, Scram),
    /// Does what an honest server does here.
    Valid,
    /// Sends what an honest server sends here, one byte every 200 ms.
    ValidSlowly,
    /// Sends the first half of what an honest server sends here.
    HalfOfValid,
    /// Waits for this.
    Await(Input),
    /// Skips the turns of an honest server that belong to the same command.
    EndCommand,
    /// Skips the turns of an honest server before this command.
    ResumeAt(&'static str),
    /// Commits the message: it is accepted, appended or deleted.
    Commit,
    /// Does the TLS handshake with this certificate.
    Handshake(Certificate),
    /// Compresses what it sends from now on, and decompresses what it receives.
    StartDeflate,
    /// Sends these bytes below the compression.
    BelowDeflate(&'static [u8]),
    /// Ends the compressed stream.
    EndDeflate,
    /// Sends these bytes below TLS.
    BelowTls(&'static [u8]),
    /// Reads one byte every 200 ms.
    ReadSlowly,
    /// Closes the connection.
    Fin,
    /// Resets the connection.
    Rst,
    /// Closes its own direction and goes on reading.
    HalfClose,
    /// Goes on reading and sends nothing more.
    Stall,
    /// Stops reading as well.
    Hang,
}

pub(crate) fn send(text: impl Into<String>) -> Action {
    Action::Send(text.into())
}

/// The input that a server waits for before it sends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Input {
    Nothing,
    /// A command that begins with this, after its tag if the protocol has tags.
    Line(&'static str),
    /// A line without a tag that begins with this.
    Bare(&'static str),
    /// This many bytes.
    Bytes(usize),
    /// Lines up to a line with a single dot.
    Dot,
    /// A command that names a number of bytes, and as many bytes.
    Chunk,
}

/// One exchange of a session.
#[derive(Debug, Clone)]
pub(crate) struct Turn<P> {
    pub(crate) position: P,
    pub(crate) input: Input,
    /// The actions of an honest server.
    pub(crate) actions: Vec<Action>,
}

impl<P> Turn<P> {
    pub(crate) fn new(position: P, input: Input, reply: impl Into<String>) -> Self {
        Self {
            position,
            input,
            actions: vec![send(reply)],
        }
    }

    pub(crate) fn with_actions(position: P, input: Input, actions: Vec<Action>) -> Self {
        Self {
            position,
            input,
            actions,
        }
    }
}

/// The point at which TLS begins in a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The client is configured as if TLS were up, and the connection carries its bytes in clear:
    /// the case does not depend on TLS.
    Bare,
    /// TLS begins by STARTTLS or STLS.
    StartTls,
    /// TLS begins immediately.
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

/// The places in a session where a server can be hostile: a reply of a protocol, or a handshake.
pub(crate) trait Position: Copy + PartialEq + Debug + Send + Sync + 'static {
    /// All places, in the order of a session.
    const ALL: &'static [Self];
    /// The TLS handshakes.
    const HANDSHAKES: &'static [Self];
    /// The replies in plaintext before TLS.
    const BEFORE_TLS: &'static [Self];
    /// The handshake after STARTTLS or STLS, and the replies that are requested again after it.
    const AFTER_STARTTLS: &'static [Self];

    fn is_handshake(self) -> bool {
        Self::HANDSHAKES.contains(&self)
    }

    fn mode(self) -> Mode {
        if Self::BEFORE_TLS.contains(&self) || Self::AFTER_STARTTLS.contains(&self) {
            Mode::StartTls
        } else if self.is_handshake() {
            Mode::Implicit
        } else {
            Mode::Bare
        }
    }

    fn all_but(others: &[Self]) -> Vec<Self> {
        let all = Self::ALL.iter().copied();
        all.filter(|position| !others.contains(position)).collect()
    }

    /// All places except the handshakes.
    fn replies() -> Vec<Self> {
        Self::all_but(Self::HANDSHAKES)
    }
}

/// The parts of a protocol that the table of cases needs.
pub(crate) trait Protocol: Sized + 'static {
    type Position: Position;
    type Error: Clone + PartialEq + Debug + std::fmt::Display + Send + Sync + 'static;
    type Machine: Machine<Error = Self::Error> + Transcribed;
    /// What the owner of the connection observed.
    type Seen: Default + Debug;

    const NAME: &'static str;
    const HAS_TAGS: bool;
    const FIRST_PHASE: Phase;

    fn machine(mode: Mode) -> Self::Machine;
    /// Returns the turns of a session that reaches `position`, as an honest server holds it.
    fn turns(position: Self::Position, mode: Mode) -> Vec<Turn<Self::Position>>;
    /// The same session as the owner of the connection holds it, with the phases of the product.
    async fn run_client(
        connection: &mut Connection<Self::Machine, Socket>,
        position: Self::Position,
        seen: &mut Self::Seen,
    ) -> Result<(), Error<Self::Error>>;
    /// Whether the password may be sent before the server becomes hostile at `position`.
    fn sends_password_before(position: Self::Position) -> bool;
    /// Panics if the owner's observations contradict the server's actions.
    fn check_consistency(seen: &Self::Seen, server_log: &ServerLog);
}

/// The expected result of a case.
pub(crate) struct Expected<P: Protocol> {
    /// The exact error that ends the session; `None` if the session completes.
    pub(crate) error: Option<Error<P::Error>>,
    /// The duration; `None` if it depends on the length of an honest reply.
    pub(crate) elapsed: Option<Duration>,
    pub(crate) check: Check<P>,
}

/// Checks what the owner observed.
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

/// The session ends immediately with this error of the protocol.
pub(crate) fn fails<P: Protocol>(error: P::Error) -> Expected<P> {
    ends(Error::Protocol(error))
}

/// The TLS handshake fails.
pub(crate) fn fails_tls<P: Protocol>(error: TlsError) -> Expected<P> {
    ends(Error::Tls(error))
}

/// The session ends immediately with this error.
pub(crate) fn ends<P: Protocol>(error: Error<P::Error>) -> Expected<P> {
    Expected {
        error: Some(error),
        elapsed: Some(Duration::ZERO),
        check: Box::new(|_| ()),
    }
}

/// The session ends at the silence deadline, or at the total deadline if that is earlier.
pub(crate) fn hits_silence_deadline<P: Protocol>(phase: Phase) -> Expected<P> {
    let deadlines = phase.deadlines();
    let until = match (deadlines.silence, deadlines.total) {
        (Some(silence), Some(total)) => silence.min(total),
        (silence, total) => silence.or(total).expect("a phase with an end"),
    };
    ends(Error::Deadline { phase }).after(until)
}

/// The session ends at the total deadline of the phase.
pub(crate) fn hits_total_deadline<P: Protocol>(phase: Phase) -> Expected<P> {
    let total = phase.deadlines().total.expect("a phase with an end");
    ends(Error::Deadline { phase }).after(total)
}

/// The TLS handshake exceeds its deadline.
pub(crate) fn hits_tls_deadline<P: Protocol>() -> Expected<P> {
    fails_tls(TlsError::TimedOut).after(deadlines::TLS)
}

/// The session completes.
pub(crate) fn completes<P: Protocol>(
    check: impl Fn(&P::Seen) + Send + Sync + 'static,
) -> Expected<P> {
    Expected {
        error: None,
        elapsed: Some(Duration::ZERO),
        check: Box::new(check),
    }
}

/// One hostile server.
pub(crate) struct Case<P: Protocol> {
    pub(crate) class: Class,
    pub(crate) position: P::Position,
    /// Distinguishes cases of the same cell; mostly empty.
    pub(crate) variant: &'static str,
    pub(crate) mode: Mode,
    pub(crate) script: Vec<Action>,
    pub(crate) expected: Expected<P>,
}

impl<P: Protocol> Case<P> {
    /// Returns the name, such as `imap::bye::fetch`.
    pub(crate) fn name(&self) -> String {
        let (class, position) = (snake(&self.class), snake(&self.position));
        let variant = if self.variant.is_empty() {
            String::new()
        } else {
            format!("_{}", self.variant)
        };
        format!("{}::{class}::{position}{variant}", P::NAME)
    }
}

/// Returns a name in lower case with underscores.
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

/// The cases of a protocol, and the cells that cannot have a case.
pub(crate) struct Table<P: Protocol> {
    pub(crate) cases: Vec<Case<P>>,
    pub(crate) impossible: Vec<(Class, P::Position, &'static str)>,
}

impl<P: Protocol> Table<P> {
    pub(crate) fn new() -> Self {
        Self {
            cases: Vec::new(),
            impossible: Vec::new(),
        }
    }

    /// Adds a case.
    pub(crate) fn case(
        &mut self,
        class: Class,
        position: P::Position,
        script: Vec<Action>,
        expected: Expected<P>,
    ) {
        self.variant(class, position, "", script, expected);
    }

    /// Adds another case to a cell, under its own name.
    pub(crate) fn variant(
        &mut self,
        class: Class,
        position: P::Position,
        variant: &'static str,
        script: Vec<Action>,
        expected: Expected<P>,
    ) {
        let mode = position.mode();
        self.in_mode(mode, class, position, variant, script, expected);
    }

    /// Adds a case in a given TLS mode.
    pub(crate) fn in_mode(
        &mut self,
        mode: Mode,
        class: Class,
        position: P::Position,
        variant: &'static str,
        script: Vec<Action>,
        expected: Expected<P>,
    ) {
        self.cases.push(Case {
            class,
            position,
            variant,
            mode,
            script,
            expected,
        });
    }

    /// Adds one case for each of these places, with the same script.
    pub(crate) fn each(
        &mut self,
        class: Class,
        positions: &[P::Position],
        script: &[Action],
        expected: impl Fn(P::Position) -> Expected<P>,
    ) {
        for position in positions {
            self.case(class, *position, script.to_vec(), expected(*position));
        }
    }

    /// Declares that these places can have no case, with the reason.
    pub(crate) fn exclude(
        &mut self,
        class: Class,
        positions: &[P::Position],
        reason: &'static str,
    ) {
        self.impossible
            .extend(positions.iter().map(|position| (class, *position, reason)));
    }
}
