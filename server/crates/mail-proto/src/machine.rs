//! The contract that all three protocol machines share.
//!
//! A machine eats bytes and yields steps. It does no I/O and reads no clock: whoever drives it
//! (`mail-net`) owns the socket, TLS and the deadlines.

use bytes::Bytes;

use crate::sasl::{DerivedKey, KeyDerivation};

/// What the driver has to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a step that is dropped loses bytes or an event"]
pub enum Step<E> {
    /// Nothing to do until more bytes arrive ([`Machine::feed`]) or a command is queued.
    NeedInput,
    /// Send these bytes. They may be cut at any place.
    Write(Bytes),
    /// The machine waits for the next piece of an outgoing body ([`Machine::body`]), at most
    /// `max` bytes long. The driver may go on reading and feeding first; the machine then repeats
    /// this step, or ends the body by itself (a refused transaction).
    NeedBody {
        /// The longest chunk that may be given, in bytes.
        max: usize,
    },
    /// All earlier writes are to be flushed, then TLS starts on this very connection, then
    /// [`Machine::upgraded`] is called.
    StartTls,
    /// All earlier writes are to be flushed, then both directions are compressed by raw DEFLATE
    /// (RFC 4978), then [`Machine::upgraded`] is called.
    StartDeflate {
        /// What was fed already but came behind the answer to `COMPRESS`: it is compressed.
        fed: Bytes,
    },
    /// This is to be computed where it keeps nobody waiting, then [`Machine::key_derived`] is called.
    DeriveKey(KeyDerivation),
    /// Something happened that the owner of the connection has to know.
    Event(E),
    /// The conversation is over. Final: every later step is `Done` again.
    Done,
}

/// One piece of an outgoing body: the answer to [`Step::NeedBody`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyChunk {
    /// The next bytes, never empty, at most as many as were asked for.
    Data(Bytes),
    /// The body is complete.
    End,
    /// The body cannot be completed. The machine makes sure that the peer does not take the part
    /// that was sent for the whole, if need be by ending the connection.
    Abort,
}

/// A sans-I/O protocol machine.
///
/// After an `Err` the machine is poisoned: every later [`step`](Machine::step) returns the same
/// error, and the connection has to be dropped.
pub trait Machine {
    /// What the machine reports.
    type Event;
    /// Why the machine stopped.
    type Error: Clone;

    /// Gives the machine bytes that the peer sent; never empty. They may be cut at any place.
    fn feed(&mut self, input: &[u8]);
    /// Tells the machine that the peer closed its side.
    fn end_of_input(&mut self);
    /// Answers [`Step::NeedBody`].
    fn body(&mut self, chunk: BodyChunk);
    /// Tells the machine that TLS is up, after [`Step::StartTls`], or compression, after
    /// [`Step::StartDeflate`].
    fn upgraded(&mut self);
    /// How many bytes of the peer's the machine holds that are no whole response yet.
    fn held_bytes(&self) -> usize {
        0
    }
    /// Answers [`Step::DeriveKey`]. Until then the machine is not stepped.
    fn key_derived(&mut self, result: DerivedKey);
    /// Returns the next step. To be called until it says [`Step::NeedInput`].
    ///
    /// # Errors
    /// What the peer did wrong, what it lacks, or which limit it went over. Final.
    fn step(&mut self) -> Result<Step<Self::Event>, Self::Error>;
}
