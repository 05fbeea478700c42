//! What a line-based client says and hands out, in order. POP3 and SMTP share it.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::vec::Vec;
use core::mem;

use bytes::Bytes;

use crate::Step;
use crate::sasl::{self, Authentication, ChallengeResponse};
use crate::transcript::Transcript;

/// Commands, events and the transcript of both.
#[derive(Debug)]
pub(crate) struct SendBuffer<E> {
    /// Commands that leave in the next write.
    pending: Vec<u8>,
    steps: VecDeque<Step<E>>,
    pub(crate) transcript: Transcript,
}

impl<E> SendBuffer<E> {
    pub(crate) const fn new() -> Self {
        Self {
            pending: Vec::new(),
            steps: VecDeque::new(),
            transcript: Transcript::new(),
        }
    }

    /// Puts a command into the next write.
    pub(crate) fn send_line(&mut self, line: &str) {
        self.transcript.sent(line.as_bytes());
        self.pending.extend_from_slice(line.as_bytes());
        self.pending.extend_from_slice(b"\r\n");
    }

    /// Sends a line whose rest is secret, in a write of its own that is zeroed when it is dropped.
    pub(crate) fn send_secret_line(&mut self, visible: &str, secret: &[u8]) {
        self.transcript.sent_secret(visible);
        let space = if visible.is_empty() { "" } else { " " };
        let line = sasl::secret_line(&format!("{visible}{space}"), secret);
        self.push(Step::Write(line));
    }

    /// The end of the next write, for bytes of a body.
    pub(crate) const fn body(&mut self) -> &mut Vec<u8> {
        &mut self.pending
    }

    /// Says `AUTH` with its mechanism and why that was taken. The first message leaves with it unless
    /// the line, its end included, would be longer than this: then it waits for the challenge.
    ///
    /// ```abnf
    /// auth-command     = "AUTH" SP sasl-mech [SP initial-response]
    ///                    *(CRLF [base64]) [CRLF cancel-response] CRLF
    /// initial-response = base64 / "="
    /// ```
    /// RFC 4954 §8, RFC 5034 §5. The first line.
    pub(crate) fn say_auth(&mut self, authentication: &mut Authentication, max_line_bytes: usize) {
        self.transcript.note(&authentication.explanation());
        let command = format!("AUTH {}", authentication.mechanism());
        let initial = authentication.initial().filter(|initial| {
            let line_bytes = command.len().saturating_add(initial.len());
            line_bytes.saturating_add(" \r\n".len()) <= max_line_bytes
        });
        match initial {
            Some(initial) => {
                authentication.initial_left();
                self.send_secret_line(&command, &initial);
            }
            None => self.send_line(&command),
        }
    }

    /// Does what a challenge is to be answered with.
    ///
    /// ```abnf
    /// auth-command    = "AUTH" SP sasl-mech [SP initial-response]
    ///                   *(CRLF [base64]) [CRLF cancel-response] CRLF
    /// cancel-response = "*"
    /// ```
    /// RFC 4954 §8, RFC 5034 §5. A line behind the first.
    pub(crate) fn say_answer(&mut self, answer: ChallengeResponse) {
        match answer {
            ChallengeResponse::Send(message) => self.send_secret_line("", &message),
            ChallengeResponse::DeriveKey(work) => self.push(Step::DeriveKey(work)),
            ChallengeResponse::Cancel => self.send_line("*"),
        }
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
        if !self.pending.is_empty() {
            let bytes = mem::take(&mut self.pending);
            self.steps.push_back(Step::Write(Bytes::from(bytes)));
        }
    }

    /// Takes the next step.
    pub(crate) fn next(&mut self) -> Option<Step<E>> {
        self.flush();
        self.steps.pop_front()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pending.is_empty() && self.steps.is_empty()
    }

    /// Forgets what was not said yet: the peer is not listened to any more.
    pub(crate) fn forget_unsaid(&mut self) {
        self.pending.clear();
    }
}
