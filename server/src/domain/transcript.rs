//! The protocol transcript of an attempt to send a message.

/// Memory per line beside its text, in bytes.
const LINE_BYTES: usize = 64;

/// The origin of a transcript line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaker {
    /// A new connection; the text of the line is its host and port.
    Connection,
    /// This program sent the line.
    Client,
    /// The server sent the line.
    Server,
    /// A remark of this program's protocol client: the reason for the lines that follow.
    Note,
}

/// One line of a transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TranscriptLine {
    /// When it was sent or received.
    pub(crate) at_unix_ms: i64,
    pub(crate) speaker: Speaker,
    /// The line, displayable: secrets are masked, and a message is its number of octets only.
    pub(crate) text: String,
}

/// The transcript of one attempt to send a message, over one connection or more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AttemptTranscript {
    /// The number of the attempt, from 1.
    pub(crate) attempt: u32,
    /// Whether earlier lines were left out.
    pub(crate) is_cut: bool,
    /// The lines, in order. If the first is no [`Speaker::Connection`] and nothing was left out,
    /// the connection had been opened for an earlier message.
    pub(crate) lines: Vec<TranscriptLine>,
}

impl AttemptTranscript {
    /// Maximum size in bytes, where each line counts 64 bytes beside its text.
    pub(crate) const MAX_BYTES: usize = 64 << 10;

    /// Creates an empty transcript.
    pub(crate) fn new(attempt: u32) -> Self {
        Self {
            attempt,
            is_cut: false,
            lines: Vec::new(),
        }
    }

    /// Adds the lines of a connection, and leaves out the oldest ones beyond
    /// [`MAX_BYTES`](Self::MAX_BYTES).
    pub(crate) fn add(&mut self, lines: Vec<TranscriptLine>, is_cut: bool) {
        if is_cut {
            self.lines.clear();
            self.is_cut = true;
        }
        self.lines.extend(lines);
        let cost = |line: &TranscriptLine| line.text.len().saturating_add(LINE_BYTES);
        let mut total_bytes: usize = self.lines.iter().map(cost).sum();
        let mut left_out = 0_usize;
        for line in &self.lines {
            if total_bytes <= Self::MAX_BYTES {
                break;
            }
            total_bytes = total_bytes.saturating_sub(cost(line));
            left_out = left_out.saturating_add(1);
        }
        self.is_cut |= left_out > 0;
        self.lines.drain(..left_out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(count: usize) -> Vec<TranscriptLine> {
        let line = |n| TranscriptLine {
            at_unix_ms: 0,
            speaker: Speaker::Client,
            text: format!("{n:936}"),
        };
        (0..count).map(line).collect()
    }

    #[test]
    fn the_oldest_lines_over_the_limit_are_left_out() {
        let mut transcript = AttemptTranscript::new(1);
        transcript.add(lines(60), false);
        assert!(!transcript.is_cut && transcript.lines.len() == 60);
        transcript.add(lines(60), false);
        assert!(transcript.is_cut);
        assert_eq!(transcript.lines.len(), 65);
        assert_eq!(transcript.lines[0].text.trim(), "55");
        assert_eq!(transcript.lines[64].text.trim(), "59");
    }

    #[test]
    fn lines_before_a_gap_are_left_out() {
        let mut transcript = AttemptTranscript::new(1);
        transcript.add(lines(3), false);
        transcript.add(lines(2), true);
        assert!(transcript.is_cut);
        assert_eq!(transcript.lines.len(), 2);
    }
}
