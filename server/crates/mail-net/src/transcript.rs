//! The transcript of one session's connections, for a person to read.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use mail_proto::transcript::Line;

/// Memory per entry beside its text, in bytes.
const ENTRY_BYTES: usize = 64;

/// One line, with its time and its server.
#[derive(Debug, Clone)]
pub struct Entry {
    /// When the line was sent or received.
    pub at: SystemTime,
    /// The host of the connection.
    pub host: Arc<str>,
    /// The line. Secrets were masked where the line was produced.
    pub line: Line,
}

type Listener = dyn Fn(&Entry) + Send + Sync;

/// Stores the newest lines of one session's connections. Clones share them.
#[derive(Clone)]
pub struct Recorder {
    ring: Arc<Mutex<Ring>>,
    listener: Option<Arc<Listener>>,
}

struct Ring {
    entries: VecDeque<Entry>,
    size_bytes: usize,
    max_bytes: usize,
    /// Whether entries were dropped since the last call of [`Recorder::take`].
    is_cut: bool,
}

/// The entries that [`Recorder::take`] removed.
#[derive(Debug, Clone, Default)]
pub struct Taken {
    /// The entries, oldest first.
    pub entries: Vec<Entry>,
    /// Whether earlier entries were dropped, because they were over the recorder's limit.
    pub is_cut: bool,
}

impl Recorder {
    /// Creates a recorder that stores at most `max_bytes` and drops the oldest lines.
    pub fn new(max_bytes: usize) -> Self {
        Self {
            ring: Arc::new(Mutex::new(Ring {
                entries: VecDeque::new(),
                size_bytes: 0,
                max_bytes,
                is_cut: false,
            })),
            listener: None,
        }
    }

    /// Creates a recorder that stores at most `max_bytes` of its own lines, and that records each
    /// of them in `other` too.
    pub fn forwarding(max_bytes: usize, other: Self) -> Self {
        Self {
            listener: Some(Arc::new(move |entry: &Entry| other.push(entry.clone()))),
            ..Self::new(max_bytes)
        }
    }

    /// Creates a recorder that stores nothing and passes each entry to `listener`.
    pub fn listening(listener: impl Fn(&Entry) + Send + Sync + 'static) -> Self {
        Self {
            listener: Some(Arc::new(listener)),
            ..Self::new(0)
        }
    }

    /// Returns the stored entries, oldest first.
    pub fn entries(&self) -> Vec<Entry> {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.entries.iter().cloned().collect()
    }

    /// Removes and returns the stored entries.
    pub fn take(&self) -> Taken {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.size_bytes = 0;
        Taken {
            entries: std::mem::take(&mut ring.entries).into(),
            is_cut: std::mem::take(&mut ring.is_cut),
        }
    }

    /// Returns whether recorded lines are stored or passed to a listener.
    pub(crate) fn is_on(&self) -> bool {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        self.listener.is_some() || ring.max_bytes > 0
    }

    pub(crate) fn record(&self, host: &Arc<str>, line: Line) {
        let entry = Entry {
            at: SystemTime::now(),
            host: Arc::clone(host),
            line,
        };
        self.push(entry);
    }

    fn push(&self, entry: Entry) {
        if let Some(listener) = &self.listener {
            listener(&entry);
        }
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.push(entry);
    }
}

impl Ring {
    fn push(&mut self, entry: Entry) {
        self.size_bytes += cost(&entry);
        self.entries.push_back(entry);
        while self.size_bytes > self.max_bytes
            && let Some(oldest) = self.entries.pop_front()
        {
            self.size_bytes -= cost(&oldest);
            self.is_cut = true;
        }
    }
}

fn cost(entry: &Entry) -> usize {
    entry.line.text.len() + ENTRY_BYTES
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail_proto::transcript::Direction;

    fn line(text: &str) -> Line {
        Line {
            direction: Direction::Sent,
            text: text.to_owned(),
        }
    }

    // docs/protocols.md, Signing in, TLS and the transcript: transcript
    #[test]
    fn recorder_stores_the_newest_lines_within_its_limit() {
        let recorder = Recorder::new(10 * (ENTRY_BYTES + 8));
        let host = Arc::from("imap.example.org");
        for n in 0..1000 {
            recorder
                .clone()
                .record(&host, line(&format!("NOOP {n:03}")));
        }
        let entries = recorder.entries();
        assert_eq!(entries.len(), 10);
        assert_eq!(entries.last().unwrap().line.text, "NOOP 999");
    }

    #[test]
    fn taken_lines_are_removed_and_say_whether_earlier_ones_were_dropped() {
        let session = Recorder::new(1 << 10);
        let recorder = Recorder::forwarding(2 * (ENTRY_BYTES + 8), session.clone());
        let host = Arc::from("smtp.example.org");
        for n in 0..3 {
            recorder.record(&host, line(&format!("NOOP {n:03}")));
        }
        let taken = recorder.take();
        assert!(taken.is_cut);
        let texts: Vec<_> = taken.entries.iter().map(|e| e.line.text.as_str()).collect();
        assert_eq!(texts, ["NOOP 001", "NOOP 002"]);
        assert_eq!(session.entries().len(), 3);

        recorder.record(&host, line("QUIT"));
        let taken = recorder.take();
        assert!(!taken.is_cut);
        assert_eq!(taken.entries.len(), 1);
        assert!(recorder.take().entries.is_empty());
    }

    #[test]
    fn listener_receives_each_line_and_nothing_is_stored() {
        let received = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&received);
        let recorder = Recorder::listening(move |entry| {
            sink.lock().unwrap().push(entry.line.text.clone());
        });
        recorder.record(&Arc::from("h"), line("EHLO x"));
        assert_eq!(*received.lock().unwrap(), ["EHLO x"]);
        assert!(recorder.entries().is_empty());
    }
}
