//! The recording of a connection's protocol lines, for the transcript of each attempt over it.

use std::time::{SystemTime, UNIX_EPOCH};

use mail_net::transcript::Entry;
use mail_net::{Endpoint, Recorder};
use mail_proto::transcript::Direction;

use crate::domain::{AttemptTranscript, Speaker, TranscriptLine};

/// The lines of a connection that no attempt has taken yet.
pub(super) struct Recording {
    recorder: Recorder,
    /// The host and port, until an attempt takes the beginning of the connection.
    server: Option<String>,
}

impl Recording {
    /// Creates the recording of a new connection; the session's transcript gets its lines too.
    pub(super) fn new(endpoint: &Endpoint, session: Recorder) -> Self {
        Self {
            recorder: Recorder::forwarding(AttemptTranscript::MAX_BYTES, session),
            server: Some(format!("{}:{}", endpoint.host, endpoint.port)),
        }
    }

    /// Returns what records the lines of the connection.
    pub(super) fn recorder(&self) -> Recorder {
        self.recorder.clone()
    }

    /// Moves the lines since the last call to the transcript of an attempt.
    pub(super) fn move_to(&mut self, transcript: &mut AttemptTranscript) {
        let taken = self.recorder.take();
        let mut lines: Vec<_> = taken.entries.into_iter().map(line).collect();
        let Some(first) = lines.first() else { return };
        if let Some(server) = self.server.take() {
            let connection = TranscriptLine {
                at_unix_ms: first.at_unix_ms,
                speaker: Speaker::Connection,
                text: server,
            };
            lines.insert(0, connection);
        }
        transcript.add(lines, taken.is_cut);
    }
}

fn line(entry: Entry) -> TranscriptLine {
    TranscriptLine {
        at_unix_ms: unix_ms(entry.at),
        speaker: match entry.line.direction {
            Direction::Sent => Speaker::Client,
            Direction::Received => Speaker::Server,
            Direction::Note => Speaker::Note,
        },
        text: entry.line.text,
    }
}

fn unix_ms(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
