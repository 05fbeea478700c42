//! What a person may read of a conversation with a mail server.
//!
//! A machine writes its own transcript, because only the machine knows which of the bytes it
//! sends are secret and which are somebody's mail. Secrets are therefore left out where they are
//! produced, not searched for afterwards, and bodies are told by their size.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::Machine;

/// The most lines kept until the driver takes them.
const MAX_LINES: usize = 512;
/// The most bytes of one line that are kept.
const MAX_LINE_BYTES: usize = 1024;
/// What stands for a secret.
pub const MASK: &str = "***";

/// Who said a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// We sent it.
    Sent,
    /// The peer sent it.
    Received,
    /// Nobody said it: it tells why what follows was said.
    Note,
}

/// One line of a conversation, without its line end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Who said it.
    pub direction: Direction,
    /// What was said. Control characters and bytes that are not UTF-8 are escaped, secrets are
    /// [`MASK`], bodies and literals are a note such as `[1024 bytes]`, and what is over 1 KiB
    /// ends in `…`.
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

/// A machine that keeps a transcript. All machines of this crate do.
pub trait Transcribed: Machine {
    /// Takes the lines said since the last call, in the order in which they were said.
    ///
    /// Meant to be called after each [`step`](crate::Machine::step). Of lines that nobody takes
    /// only the newest 512 are kept.
    fn take_transcript(&mut self) -> Vec<Line>;

    /// Says whether a transcript is kept, as it is at first. Where nobody reads it, writing it down
    /// costs more than reading the lines.
    fn keep_transcript(&mut self, keeps: bool);

    /// Shows each text in an event that is a server's reply, to be redacted. Mail, names of folders
    /// and lists of abilities are none.
    fn reply_texts(event: &mut Self::Event, redact: &mut dyn FnMut(&mut String));

    /// Shows each text in an error that came from the server, to be redacted.
    fn error_texts(error: &mut Self::Error, redact: &mut dyn FnMut(&mut String));
}

/// The lines that a machine has to tell and its driver has not taken yet.
#[derive(Debug, Default)]
pub struct Transcript {
    lines: VecDeque<Line>,
    is_off: bool,
}

impl Transcript {
    /// Makes an empty transcript.
    pub const fn new() -> Self {
        Self {
            lines: VecDeque::new(),
            is_off: false,
        }
    }

    /// Says whether lines are noted from now on.
    pub const fn keep(&mut self, keeps: bool) {
        self.is_off = !keeps;
    }

    /// Notes a line that we send. A line end at its end is left out.
    pub fn sent(&mut self, line: &[u8]) {
        self.push(Direction::Sent, || escape(line));
    }

    /// Notes a line that we send whose rest is secret: `visible`, then [`MASK`].
    pub fn sent_secret(&mut self, visible: &str) {
        let space = if visible.is_empty() { "" } else { " " };
        self.push(Direction::Sent, || format!("{visible}{space}{MASK}"));
    }

    /// Notes that a body or literal of this size was sent.
    pub fn sent_body(&mut self, size_bytes: u64) {
        self.push(Direction::Sent, || format!("[{size_bytes} bytes]"));
    }

    /// Notes a line that the peer sent. A line end at its end is left out.
    pub fn received(&mut self, line: &[u8]) {
        self.push(Direction::Received, || escape(line));
    }

    /// Notes a line of the peer whose rest is not to be shown: `visible`, then [`MASK`].
    pub fn received_secret(&mut self, visible: &str) {
        self.push(Direction::Received, || format!("{visible} {MASK}"));
    }

    /// Notes why what follows is said.
    pub fn note(&mut self, reason: &str) {
        self.push(Direction::Note, || escape(reason.as_bytes()));
    }

    /// Notes that a body or literal of this size was received.
    pub fn received_body(&mut self, size_bytes: u64) {
        self.push(Direction::Received, || format!("[{size_bytes} bytes]"));
    }

    /// Takes all lines noted so far.
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

/// Makes a wire line fit to be shown: escaped, without its line end, cut to [`MAX_LINE_BYTES`].
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

/// Tells whether a character could reorder the text around it on the page.
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
    fn where_nobody_reads_nothing_is_written_down() {
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
