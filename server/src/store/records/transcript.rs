//! The record of the transcript of an attempt.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Unreadable, read, version};
use crate::domain::{AttemptTranscript, Speaker, TranscriptLine};

const VERSION: u32 = 1;

/// Version 1.
#[derive(Serialize, Deserialize)]
struct V1<'a> {
    version: u32,
    attempt: u32,
    is_cut: bool,
    lines: Vec<V1Line<'a>>,
}

#[derive(Serialize, Deserialize)]
struct V1Line<'a> {
    at_unix_ms: i64,
    by: V1Speaker,
    text: Cow<'a, str>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum V1Speaker {
    Connection,
    Client,
    Server,
    Note,
}

impl From<Speaker> for V1Speaker {
    fn from(speaker: Speaker) -> Self {
        match speaker {
            Speaker::Connection => Self::Connection,
            Speaker::Client => Self::Client,
            Speaker::Server => Self::Server,
            Speaker::Note => Self::Note,
        }
    }
}

impl From<V1Speaker> for Speaker {
    fn from(speaker: V1Speaker) -> Self {
        match speaker {
            V1Speaker::Connection => Self::Connection,
            V1Speaker::Client => Self::Client,
            V1Speaker::Server => Self::Server,
            V1Speaker::Note => Self::Note,
        }
    }
}

/// Writes a transcript.
pub(in crate::store) fn write_transcript(transcript: &AttemptTranscript) -> Vec<u8> {
    let line = |line: &'_ TranscriptLine| V1Line {
        at_unix_ms: line.at_unix_ms,
        by: line.speaker.into(),
        text: line.text.clone().into(),
    };
    let record = V1 {
        version: VERSION,
        attempt: transcript.attempt,
        is_cut: transcript.is_cut,
        lines: transcript.lines.iter().map(line).collect(),
    };
    // Strings, numbers and lists of them are always JSON.
    serde_json::to_vec(&record).unwrap_or_default()
}

/// Reads a transcript.
pub(in crate::store) fn read_transcript(json: &[u8]) -> Result<AttemptTranscript, Unreadable> {
    match version(json)? {
        VERSION => {
            let record: V1<'_> = read(json)?;
            let line = |line: V1Line<'_>| TranscriptLine {
                at_unix_ms: line.at_unix_ms,
                speaker: line.by.into(),
                text: line.text.into_owned(),
            };
            Ok(AttemptTranscript {
                attempt: record.attempt,
                is_cut: record.is_cut,
                lines: record.lines.into_iter().map(line).collect(),
            })
        }
        0 => Err(Unreadable::Bytes),
        _ => Err(Unreadable::LaterProgram),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRANSCRIPT_V1: &str = include_str!("golden/transcript.v1.json");

    fn transcript() -> AttemptTranscript {
        let lines = [
            (0, Speaker::Connection, "smtp.peer.test:465"),
            (20, Speaker::Server, "220 peer.test ESMTP \"你好\""),
            (21, Speaker::Client, "EHLO [127.0.0.1]"),
            (45, Speaker::Note, "sent one command at a time"),
        ];
        let line = |(after_ms, speaker, text): (i64, Speaker, &str)| TranscriptLine {
            at_unix_ms: 1_798_131_600_000 + after_ms,
            speaker,
            text: text.to_owned(),
        };
        AttemptTranscript {
            attempt: 2,
            is_cut: true,
            lines: lines.map(line).into(),
        }
    }

    #[test]
    fn a_transcript_of_version_1_round_trips() {
        let read = read_transcript(TRANSCRIPT_V1.as_bytes());
        assert_eq!(read.as_ref(), Ok(&transcript()));
        let written = String::from_utf8(write_transcript(&transcript())).unwrap();
        assert_eq!(written, TRANSCRIPT_V1.trim_end());
    }

    #[test]
    fn a_transcript_of_a_later_version_is_distinguished_from_a_damaged_one() {
        let later = TRANSCRIPT_V1.replace("\"version\":1", "\"version\":2");
        let read = read_transcript(later.as_bytes());
        assert_eq!(read, Err(Unreadable::LaterProgram));
        assert_eq!(read_transcript(b"{}"), Err(Unreadable::Bytes));
        let whole = TRANSCRIPT_V1.trim_end();
        for length in 0..whole.len() {
            let cut = &whole.as_bytes()[..length];
            assert_eq!(read_transcript(cut), Err(Unreadable::Bytes), "{length}");
        }
    }
}
