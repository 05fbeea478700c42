//! Sending: queued commands are sent as early as the state of the connection allows.

use core::mem;

use bytes::Bytes;

use super::{Client, Phase, Purpose, Queued, Sending, UnderWay, Waits};
use crate::imap::command::Command;
use crate::imap::encode::{self, Chunk, Encoded, Said, Then};
use crate::imap::error::Error;
use crate::imap::schedule::{self, Kind};

impl Client {
    pub(super) fn send_what_may_leave(&mut self) -> Result<(), Error> {
        if self.bye || self.phase == Phase::Over {
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
                        sending.waits = match chunk.then {
                            Then::Go => Waits::No,
                            Then::AwaitContinuation => Waits::ForContinuation,
                            Then::Body { size_bytes } => Waits::ForBody {
                                announced_bytes: size_bytes,
                                left_bytes: size_bytes,
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
            } else if self.next_may_leave()
                && let Some(queued) = self.queue.pop_front()
            {
                self.begin(queued)?;
            } else {
                return Ok(());
            }
        }
    }

    fn next_may_leave(&self) -> bool {
        self.phase == Phase::Ready
            && self.queue.front().is_some_and(|queued| {
                let kinds = self.under_way.iter().map(|one| one.purpose.kind());
                schedule::may_leave(&queued.command, self.mailbox_open, kinds)
            })
    }

    fn begin(&mut self, queued: Queued) -> Result<(), Error> {
        let Queued { tag, command, done } = queued;
        let command = match command {
            Command::SignIn(sign_in) => return self.begin_sign_in(tag, sign_in),
            command => command,
        };
        let Encoded { chunks, relies_on } = encode::encode(tag, &command, &self.capabilities);
        let kind = Kind::of(&command);
        let purpose = match command {
            Command::Logout => Purpose::Logout,
            Command::Compress => Purpose::Compress,
            Command::Unselect | Command::Close => Purpose::Leave,
            Command::Select(_) | Command::Examine(_) | Command::SelectWith(_) => {
                self.mailbox_open = true;
                Purpose::Plain(kind)
            }
            Command::Idle => Purpose::Idle {
                running: false,
                done_asked: done,
                done_sent: false,
            },
            _ => Purpose::Plain(kind),
        };
        self.under_way.push(UnderWay {
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
        self.under_way.push(UnderWay {
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
        let mut leaves = false;
        for one in &mut self.under_way {
            if let Purpose::Idle {
                running: true,
                done_asked: true,
                done_sent,
            } = &mut one.purpose
            {
                leaves |= !mem::replace(done_sent, true);
            }
        }
        if leaves {
            self.write_line(b"DONE\r\n");
        }
    }

    pub(super) fn write_line(&mut self, line: &[u8]) {
        self.said.sent(line);
        self.line.extend_from_slice(line);
    }

    fn write_chunk(&mut self, chunk: Chunk) {
        match chunk.said {
            Said::Line(text) => {
                self.said.sent(text.as_bytes());
                self.line.extend_from_slice(&chunk.bytes);
            }
            Said::Nothing => self.line.extend_from_slice(&chunk.bytes),
            // Not copied: these bytes are zeroed when they are dropped.
            Said::Secret(visible) => {
                self.said.sent_secret(visible.trim_end());
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

    pub(super) const fn body_left(&self) -> Option<u64> {
        match &self.sending {
            Some(Sending {
                waits: Waits::ForBody { left_bytes, .. },
                ..
            }) if !self.bye => Some(*left_bytes),
            _ => None,
        }
    }
}
