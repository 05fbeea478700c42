//! What a line-based client says and hands out, in order. POP3 and SMTP share it.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::vec::Vec;
use core::mem;

use bytes::Bytes;

use crate::Step;
use crate::sasl;
use crate::transcript::Transcript;

/// Commands, events and the transcript of both.
#[derive(Debug)]
pub(crate) struct Outgoing<E> {
    /// Commands that leave in the next write.
    unsaid: Vec<u8>,
    steps: VecDeque<Step<E>>,
    pub(crate) transcript: Transcript,
}

impl<E> Outgoing<E> {
    pub(crate) const fn new() -> Self {
        Self {
            unsaid: Vec::new(),
            steps: VecDeque::new(),
            transcript: Transcript::new(),
        }
    }

    /// Puts a command into the next write.
    pub(crate) fn say(&mut self, line: &str) {
        self.transcript.sent(line.as_bytes());
        self.unsaid.extend_from_slice(line.as_bytes());
        self.unsaid.extend_from_slice(b"\r\n");
    }

    /// Sends a line whose rest is secret, in a write of its own that is zeroed when it is dropped.
    pub(crate) fn say_secret(&mut self, visible: &str, secret: &[u8]) {
        self.transcript.sent_secret(visible);
        let space = if visible.is_empty() { "" } else { " " };
        let line = sasl::secret_line(&format!("{visible}{space}"), secret);
        self.push(Step::Write(line));
    }

    /// The end of the next write, for bytes of a body.
    pub(crate) const fn body(&mut self) -> &mut Vec<u8> {
        &mut self.unsaid
    }

    pub(crate) fn report(&mut self, event: E) {
        self.push(Step::Event(event));
    }

    /// Hands out a step behind all that was said before.
    pub(crate) fn push(&mut self, step: Step<E>) {
        self.flush();
        self.steps.push_back(step);
    }

    /// Ends the present write: what is said next leaves in another.
    pub(crate) fn flush(&mut self) {
        if !self.unsaid.is_empty() {
            let bytes = mem::take(&mut self.unsaid);
            self.steps.push_back(Step::Write(Bytes::from(bytes)));
        }
    }

    /// Takes the next step.
    pub(crate) fn next(&mut self) -> Option<Step<E>> {
        self.flush();
        self.steps.pop_front()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.unsaid.is_empty() && self.steps.is_empty()
    }

    /// Forgets what was not said yet: the peer is not listened to any more.
    pub(crate) fn forget_unsaid(&mut self) {
        self.unsaid.clear();
    }
}
