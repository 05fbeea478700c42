//! Sending: queued commands are sent as early as the state of the connection allows.

use core::mem;

use bytes::Bytes;

use super::{Client, InFlight, Phase, Purpose, Queued, Sending, Waits};
use crate::imap::command::Command;
use crate::imap::encode::{self, AfterChunk, Chunk, Encoded, TranscriptEntry};
use crate::imap::error::Error;
use crate::imap::schedule::{self, Kind};

impl Client {
    pub(super) fn send_pending(&mut self) -> Result<(), Error> {
        if self.is_bye_received || self.phase == Phase::Over {
            return Ok(());
        }
        self.send_done();
        loop {
            if let Some(sending) = &mut self.sending {
                if sending.waits != Waits::No {
                    return Ok(());
                }
                match sending.chunks.pop_front() {
                    Some(chunk) => {
                        sending.waits = match chunk.after {
                            AfterChunk::Continue => Waits::No,
                            AfterChunk::AwaitContinuation => Waits::ForContinuation,
                            AfterChunk::Body { size_bytes } => Waits::ForBody {
                                announced_bytes: size_bytes,
                                remaining_bytes: size_bytes,
                            },
                        };
                        self.write_chunk(chunk);
                    }
                    None => {
                        let completed = sending.completed.take();
                        self.sending = None;
                        self.events.extend(completed);
                    }
                }
            } else if self.can_send_next()
                && let Some(queued) = self.queue.pop_front()
            {
                self.begin(queued)?;
            } else {
                return Ok(());
            }
        }
    }

    fn can_send_next(&self) -> bool {
        self.phase == Phase::Ready
            && self.queue.front().is_some_and(|queued| {
                let kinds = self.in_flight.iter().map(|one| one.purpose.kind());
                schedule::can_send(&queued.command, self.is_mailbox_open, kinds)
            })
    }

    fn begin(&mut self, queued: Queued) -> Result<(), Error> {
        let Queued {
            tag,
            command,
            is_done_requested,
        } = queued;
        let command = match command {
            Command::SignIn(sign_in) => return self.begin_sign_in(tag, sign_in),
            command => command,
        };
        let Encoded { chunks, relies_on } = encode::encode(tag, &command, &self.capabilities);
        let kind = Kind::of(&command);
        let purpose = match command {
            Command::Logout => Purpose::Logout,
            Command::Compress => Purpose::Compress,
            Command::Unselect | Command::Close => Purpose::Deselect,
            Command::Select(_) | Command::Examine(_) | Command::SelectWith(_) => {
                self.is_mailbox_open = true;
                Purpose::Plain(kind)
            }
            Command::Idle => Purpose::Idle {
                is_running: false,
                is_done_requested,
                is_done_sent: false,
            },
            _ => Purpose::Plain(kind),
        };
        self.in_flight.push(InFlight {
            tag,
            purpose,
            relies_on,
        });
        self.sending = Some(Sending {
            tag,
            chunks,
            waits: Waits::No,
            completed: None,
        });
        Ok(())
    }

    /// Sends a command that the client issues by itself.
    ///
    /// ```abnf
    /// command = tag SP (command-any / command-auth /
    ///           command-nonauth / command-select) CRLF ; CAPABILITY or STARTTLS
    /// ```
    /// RFC 9051 §9.
    pub(super) fn send_own(&mut self, word: &'static str, purpose: Purpose) {
        let tag = self.next_tag();
        self.in_flight.push(InFlight {
            tag,
            purpose,
            relies_on: None,
        });
        self.write_line(alloc::format!("{tag} {word}\r\n").as_bytes());
    }

    /// Sends DONE if IDLE is running and DONE was queued.
    ///
    /// ```abnf
    /// idle = "IDLE" CRLF "DONE" ; the second line
    /// ```
    /// RFC 9051 §9, RFC 2177 §4.
    fn send_done(&mut self) {
        let mut must_send_done = false;
        for one in &mut self.in_flight {
            if let Purpose::Idle {
                is_running: true,
                is_done_requested: true,
                is_done_sent,
            } = &mut one.purpose
            {
                must_send_done |= !mem::replace(is_done_sent, true);
            }
        }
        if must_send_done {
            self.write_line(b"DONE\r\n");
        }
    }

    fn write_chunk(&mut self, chunk: Chunk) {
        match chunk.transcript {
            TranscriptEntry::Line(text) => {
                self.transcript.sent(text.as_bytes());
                self.line.extend_from_slice(&chunk.bytes);
            }
            TranscriptEntry::Nothing => self.line.extend_from_slice(&chunk.bytes),
            // Not copied: these bytes are zeroed when they are dropped.
            TranscriptEntry::Secret(visible) => {
                self.transcript.sent_secret(visible.trim_end());
                self.write_bytes(chunk.bytes);
            }
        }
    }

    pub(super) fn write_bytes(&mut self, bytes: Bytes) {
        if !self.line.is_empty() {
            self.writes.push_back(self.line.split().freeze());
        }
        self.writes.push_back(bytes);
    }

    pub(super) fn take_write(&mut self) -> Option<Bytes> {
        if let Some(bytes) = self.writes.pop_front() {
            return Some(bytes);
        }
        (!self.line.is_empty()).then(|| mem::take(&mut self.line).freeze())
    }

    pub(super) const fn remaining_body_bytes(&self) -> Option<u64> {
        match &self.sending {
            Some(Sending {
                waits: Waits::ForBody {
                    remaining_bytes, ..
                },
                ..
            }) if !self.is_bye_received => Some(*remaining_bytes),
            _ => None,
        }
    }
}
