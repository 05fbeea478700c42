//! The transcript of a connection to a mail server, without secrets and mail.
//!
//! A machine writes its own transcript, because only the machine knows which of the bytes it
//! sends are secret and which belong to a message. Secrets are therefore omitted where they are
//! produced, not searched for afterwards, and a body is recorded as its size.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::Machine;

/// Maximum number of lines stored until the driver takes them.
const MAX_LINES: usize = 512;
/// Maximum number of bytes stored of one line.
const MAX_LINE_BYTES: usize = 1024;
/// The replacement for a secret.
pub const MASK: &str = "***";

/// The origin of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The client sent the line.
    Sent,
    /// The peer sent the line.
    Received,
    /// A comment of the machine: the reason for the lines that follow.
    Note,
}

/// One line of a transcript, without its line end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The origin of the line.
    pub direction: Direction,
    /// The text of the line. Control characters and bytes that are not UTF-8 are escaped, secrets
    /// are [`MASK`], bodies and literals are a note such as `[1024 bytes]`, and a line over 1 KiB
    /// is truncated and ends in `…`.
    pub text: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.direction {
            Direction::Sent => "> ",
            Direction::Received => "< ",
            Direction::Note => "# ",
        };
        f.write_str(mark)?;
        f.write_str(&self.text)
    }
}

/// A machine that records a transcript. All machines of this crate implement it.
pub trait Transcribed: Machine {
    /// Removes and returns the lines recorded since the last call, in order.
    ///
    /// Call it after each [`step`](crate::Machine::step). If the driver does not take the lines,
    /// only the newest 512 are stored.
    fn take_transcript(&mut self) -> Vec<Line>;

    /// Turns recording on or off; it is on initially. A driver without a reader turns it off,
    /// because recording costs more than parsing the lines.
    fn keep_transcript(&mut self, is_on: bool);

    /// Calls `redact` with each text in an event that comes from a server's reply. Mail, mailbox
    /// names and lists of capabilities are excluded.
    fn reply_texts(event: &mut Self::Event, redact: &mut dyn FnMut(&mut String));

    /// Calls `redact` with each text in an error that came from the server.
    fn error_texts(error: &mut Self::Error, redact: &mut dyn FnMut(&mut String));
}

/// The recorded lines that the driver has not taken yet.
#[derive(Debug, Default)]
pub struct Transcript {
    lines: VecDeque<Line>,
    is_off: bool,
}

impl Transcript {
    /// Creates an empty transcript.
    pub const fn new() -> Self {
        Self {
            lines: VecDeque::new(),
            is_off: false,
        }
    }

    /// Turns recording on or off.
    pub const fn keep(&mut self, is_on: bool) {
        self.is_off = !is_on;
    }

    /// Records a line that the client sends, without its line end.
    pub fn sent(&mut self, line: &[u8]) {
        self.push(Direction::Sent, || escape(line));
    }

    /// Records a line that the client sends and whose rest is secret: `visible`, then [`MASK`].
    pub fn sent_secret(&mut self, visible: &str) {
        let space = if visible.is_empty() { "" } else { " " };
        self.push(Direction::Sent, || format!("{visible}{space}{MASK}"));
    }

    /// Records that a body or literal of this size was sent.
    pub fn sent_body(&mut self, size_bytes: u64) {
        self.push(Direction::Sent, || format!("[{size_bytes} bytes]"));
    }

    /// Records a line that the peer sent, without its line end.
    pub fn received(&mut self, line: &[u8]) {
        self.push(Direction::Received, || escape(line));
    }

    /// Records a line that the peer sent and whose rest is hidden: `visible`, then [`MASK`].
    pub fn received_secret(&mut self, visible: &str) {
        self.push(Direction::Received, || format!("{visible} {MASK}"));
    }

    /// Records the reason for the lines that follow.
    pub fn note(&mut self, reason: &str) {
        self.push(Direction::Note, || escape(reason.as_bytes()));
    }

    /// Records that a body or literal of this size was received.
    pub fn received_body(&mut self, size_bytes: u64) {
        self.push(Direction::Received, || format!("[{size_bytes} bytes]"));
    }

    /// Removes and returns all recorded lines.
    pub fn take(&mut self) -> Vec<Line> {
        self.lines.drain(..).collect()
    }

    fn push(&mut self, direction: Direction, text: impl FnOnce() -> String) {
        if self.is_off {
            return;
        }
        let text = text();
        if self.lines.len() >= MAX_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(Line { direction, text });
    }
}

/// Makes a wire line displayable: escaped, without its line end, cut to [`MAX_LINE_BYTES`].
fn escape(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let shown = line.get(..MAX_LINE_BYTES).unwrap_or(line);
    let mut text = String::with_capacity(shown.len());
    for chunk in shown.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control() || is_bidi_control(c) {
                text.extend(c.escape_unicode());
            } else {
                text.push(c);
            }
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    if shown.len() < line.len() {
        text.push('…');
    }
    text
}

/// Returns whether a character could reorder the text around it on the page.
const fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::vec;

    #[test]
    fn lines_keep_their_order_and_direction() {
        let mut transcript = Transcript::new();
        transcript.sent(b"NOOP\r\n");
        transcript.received(b"250 fine\r\n");
        let shown: Vec<_> = transcript.take().iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["> NOOP", "< 250 fine"]);
        assert_eq!(transcript.take(), vec![]);
    }

    #[test]
    fn a_disabled_transcript_stores_no_lines() {
        let mut transcript = Transcript::new();
        transcript.keep(false);
        transcript.sent(b"NOOP\r\n");
        transcript.keep(true);
        transcript.received(b"250 fine\r\n");
        assert_eq!(transcript.take().len(), 1);
    }

    // docs/protocols.md, Signing in, TLS and the transcript: transcript
    #[test]
    fn a_secret_line_shows_its_verb_only() {
        let mut transcript = Transcript::new();
        transcript.sent_secret("PASS");
        transcript.sent_secret("");
        let shown: Vec<_> = transcript
            .take()
            .into_iter()
            .map(|line| line.text)
            .collect();
        assert_eq!(shown, ["PASS ***", "***"]);
    }

    #[test]
    fn control_bidi_and_broken_bytes_are_escaped() {
        let mut transcript = Transcript::new();
        transcript.received(b"250 a\x1b[31m\x00\xff\xe2\x80\xaeok \xe4\xbd\xa0\r\n");
        let line = transcript.take().pop().unwrap();
        assert_eq!(line.text, "250 a\\u{1b}[31m\\u{0}\\xff\\u{202e}ok 你");
    }

    #[test]
    fn a_long_line_is_cut_and_an_endless_talk_keeps_its_end() {
        let mut transcript = Transcript::new();
        transcript.received(&vec![b'x'; 5000]);
        let text = transcript.take().pop().unwrap().text;
        assert_eq!(text.chars().count(), MAX_LINE_BYTES + 1);
        for n in 0..2000 {
            transcript.sent(format!("NOOP {n}").as_bytes());
        }
        let lines = transcript.take();
        assert_eq!(lines.len(), MAX_LINES);
        assert_eq!(lines.last().unwrap().text, "NOOP 1999");
    }
}
