//! The record of an answer to an invitation.

use std::borrow::Cow;

use app::api::types::InvitationAnswer;
use serde::{Deserialize, Serialize};

use super::{Unreadable, read, version};
use crate::domain::SentAnswer;

const VERSION: u32 = 1;

/// Version 1.
#[derive(Serialize, Deserialize)]
struct V1<'a> {
    version: u32,
    invitation: Cow<'a, str>,
    answer: Cow<'a, str>,
    calendar: Cow<'a, str>,
}

/// Writes an answer.
pub(in crate::store) fn write_sent_answer(sent: &SentAnswer) -> Vec<u8> {
    let record = V1 {
        version: VERSION,
        invitation: sent.invitation.as_str().into(),
        answer: sent.answer.word().into(),
        calendar: sent.calendar.as_str().into(),
    };
    // Strings and numbers are always JSON.
    serde_json::to_vec(&record).unwrap_or_default()
}

/// Reads an answer.
pub(in crate::store) fn read_sent_answer(json: &[u8]) -> Result<SentAnswer, Unreadable> {
    match version(json)? {
        VERSION => {
            let record: V1<'_> = read(json)?;
            Ok(SentAnswer {
                invitation: record.invitation.into_owned(),
                answer: InvitationAnswer::from_word(&record.answer).ok_or(Unreadable::Bytes)?,
                calendar: record.calendar.into_owned(),
            })
        }
        0 => Err(Unreadable::Bytes),
        _ => Err(Unreadable::LaterProgram),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER_V1: &str = include_str!("golden/sent-answer.v1.json");

    #[test]
    fn an_answer_of_version_1_round_trips() {
        let sent = SentAnswer {
            invitation: "7@x.example\u{0}2\u{0}".to_owned(),
            answer: InvitationAnswer::Tentative,
            calendar: "BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nEND:VCALENDAR\r\n".to_owned(),
        };
        let golden = ANSWER_V1.trim_end().as_bytes();
        assert_eq!(read_sent_answer(golden).as_ref(), Ok(&sent));
        assert_eq!(write_sent_answer(&sent), golden);
    }

    #[test]
    fn an_answer_of_a_later_version_is_distinguished_from_a_damaged_one() {
        let later = ANSWER_V1.replace("\"version\":1", "\"version\":2");
        let read = read_sent_answer(later.as_bytes());
        assert_eq!(read, Err(Unreadable::LaterProgram));
        let odd = ANSWER_V1.replace("tentative", "perhaps");
        assert_eq!(read_sent_answer(odd.as_bytes()), Err(Unreadable::Bytes));
        let whole = ANSWER_V1.trim_end().as_bytes();
        for length in 0..whole.len() {
            let read = read_sent_answer(&whole[..length]);
            assert_eq!(read, Err(Unreadable::Bytes), "{length}");
        }
    }
}
