//! The ordered output of a line-based client: commands and steps. POP3 and SMTP share it.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::vec::Vec;
use core::mem;

use bytes::Bytes;

use crate::Step;
use crate::sasl::{self, Authentication, ChallengeResponse};
use crate::transcript::Transcript;

/// A queue of commands and steps, and the transcript.
#[derive(Debug)]
pub(crate) struct SendBuffer<E> {
    /// Bytes of the next write.
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

    /// Appends a command to the next write.
    pub(crate) fn send_line(&mut self, line: &str) {
        self.transcript.sent(line.as_bytes());
        self.pending.extend_from_slice(line.as_bytes());
        self.pending.extend_from_slice(b"\r\n");
    }

    /// Sends a line whose rest is secret, in a separate write that is zeroed when it is dropped.
    pub(crate) fn send_secret_line(&mut self, visible: &str, secret: &[u8]) {
        self.transcript.sent_secret(visible);
        let space = if visible.is_empty() { "" } else { " " };
        let line = sasl::secret_line(&format!("{visible}{space}"), secret);
        self.push(Step::Write(line));
    }

    /// Returns the buffer of the next write, to append bytes of a body.
    pub(crate) const fn body(&mut self) -> &mut Vec<u8> {
        &mut self.pending
    }

    /// Sends `AUTH` with its mechanism and records why it was chosen. The initial response is part
    /// of the line, unless the line with its end would exceed `max_line_bytes`: then the client
    /// sends the initial response after the challenge.
    ///
    /// ```abnf
    /// auth-command     = "AUTH" SP sasl-mech [SP initial-response]
    ///                    *(CRLF [base64]) [CRLF cancel-response] CRLF
    /// initial-response = base64 / "="
    /// ```
    /// RFC 4954 §8, RFC 5034 §5. The first line.
    pub(crate) fn send_auth(&mut self, authentication: &mut Authentication, max_line_bytes: usize) {
        self.transcript.note(&authentication.explanation());
        let command = format!("AUTH {}", authentication.mechanism());
        let initial = authentication.initial().filter(|initial| {
            let line_bytes = command.len().saturating_add(initial.len());
            line_bytes.saturating_add(" \r\n".len()) <= max_line_bytes
        });
        match initial {
            Some(initial) => {
                authentication.initial_sent();
                self.send_secret_line(&command, &initial);
            }
            None => self.send_line(&command),
        }
    }

    /// Queues the response to a challenge.
    ///
    /// ```abnf
    /// auth-command    = "AUTH" SP sasl-mech [SP initial-response]
    ///                   *(CRLF [base64]) [CRLF cancel-response] CRLF
    /// cancel-response = "*"
    /// ```
    /// RFC 4954 §8, RFC 5034 §5. A line after the first.
    pub(crate) fn send_challenge_response(&mut self, response: ChallengeResponse) {
        match response {
            ChallengeResponse::Send(message) => self.send_secret_line("", &message),
            ChallengeResponse::DeriveKey(work) => self.push(Step::DeriveKey(work)),
            ChallengeResponse::Cancel => self.send_line("*"),
        }
    }

    pub(crate) fn report(&mut self, event: E) {
        self.push(Step::Event(event));
    }

    /// Appends a step after all pending bytes.
    pub(crate) fn push(&mut self, step: Step<E>) {
        self.flush();
        self.steps.push_back(step);
    }

    /// Ends the current write: later lines start a new one.
    pub(crate) fn flush(&mut self) {
        if !self.pending.is_empty() {
            let bytes = mem::take(&mut self.pending);
            self.steps.push_back(Step::Write(Bytes::from(bytes)));
        }
    }

    /// Removes and returns the next step.
    pub(crate) fn next(&mut self) -> Option<Step<E>> {
        self.flush();
        self.steps.pop_front()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pending.is_empty() && self.steps.is_empty()
    }

    /// Discards the bytes that are not sent yet, because the connection failed.
    pub(crate) fn discard_pending(&mut self) {
        self.pending.clear();
    }
}
