//! The interface that all three protocol machines implement.
//!
//! A machine takes bytes and returns steps. It does no I/O and reads no clock: the driver
//! (`mail-net`) owns the socket, TLS and the deadlines.

use bytes::Bytes;

use crate::sasl::{DerivedKey, KeyDerivation};

/// The next action of the driver.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a step that is dropped loses bytes or an event"]
pub enum Step<E> {
    /// Nothing to do until more bytes arrive ([`Machine::feed`]) or a command is queued.
    NeedInput,
    /// Send these bytes. The driver may split them anywhere.
    Write(Bytes),
    /// The machine waits for the next piece of an outgoing body ([`Machine::body`]), at most
    /// `max` bytes long. The driver may read and feed input first; the machine then repeats
    /// this step, or ends the body by itself (a refused transaction).
    NeedBody {
        /// The longest chunk that may be given, in bytes.
        max: usize,
    },
    /// Flush all earlier writes, start TLS on this connection, then call [`Machine::upgraded`].
    StartTls,
    /// Flush all earlier writes, compress both directions with raw DEFLATE (RFC 4978), then call
    /// [`Machine::upgraded`].
    StartDeflate {
        /// Bytes that were fed after the tagged OK to `COMPRESS`; they are already compressed.
        fed: Bytes,
    },
    /// Run this computation where it does not block other work, then call
    /// [`Machine::key_derived`].
    DeriveKey(KeyDerivation),
    /// An event for the owner of the connection.
    Event(E),
    /// The session is over. Final: every later step is `Done` again.
    Done,
}

/// One chunk of an outgoing body: the response to [`Step::NeedBody`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyChunk {
    /// The next bytes, never empty, at most `max` of [`Step::NeedBody`].
    Data(Bytes),
    /// The body is complete.
    End,
    /// The body cannot be completed. The machine prevents the peer from accepting the part that
    /// was sent as a whole message, if necessary by ending the connection.
    Abort,
}

/// A sans-I/O protocol machine.
///
/// After an `Err` the machine is poisoned: every later [`step`](Machine::step) returns the same
/// error, and the connection has to be dropped.
pub trait Machine {
    /// The events that the machine reports.
    type Event;
    /// The reason why the machine stopped.
    type Error: Clone;

    /// Passes bytes that the peer sent to the machine; never empty. They may be split anywhere.
    fn feed(&mut self, input: &[u8]);
    /// Reports that the peer closed its side of the connection.
    fn end_of_input(&mut self);
    /// Passes the chunk that [`Step::NeedBody`] requested.
    fn body(&mut self, chunk: BodyChunk);
    /// Reports that TLS is established, after [`Step::StartTls`], or that compression is active,
    /// after [`Step::StartDeflate`].
    fn upgraded(&mut self);
    /// Returns the number of received bytes in the machine that are not a complete response yet.
    fn held_bytes(&self) -> usize {
        0
    }
    /// Passes the result of [`Step::DeriveKey`]. The driver must not call `step` before it.
    fn key_derived(&mut self, result: DerivedKey);
    /// Returns the next step. The driver calls it until it returns [`Step::NeedInput`].
    ///
    /// # Errors
    /// The peer violated the protocol, lacks a capability, or exceeded a limit. Final.
    fn step(&mut self) -> Result<Step<Self::Event>, Self::Error>;
}
