//! `SEARCH` keys: parsing and evaluation (RFC 3501 §6.4.4).

use bytes::Bytes;
use jiff::civil::Date;
use jiff::fmt::rfc2822::DateTimeParser;

use super::sequence_set::SequenceSet;
use super::syntax::{Bad, Cursor, Parsed};
use crate::clock;
use crate::message::{Part, decoded_header, decoded_text, fields, unfolded};
use crate::store::{EmailId, Flags, Source, Uid};

/// Maximum nesting of `NOT`, `OR` and parentheses.
const MAX_DEPTH: u32 = 50;

/// A search condition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum SearchKey {
    And(Vec<Self>),
    Or(Box<(Self, Self)>),
    Not(Box<Self>),
    All,
    Numbers(SequenceSet),
    Uids(SequenceSet),
    /// A system flag is set.
    Has(Flags),
    Keyword(String),
    Recent,
    /// Compares the day of the internal date.
    Internal(Days, Date),
    /// Compares the day of the `Date` field.
    Sent(Days, Date),
    Larger(u32),
    Smaller(u32),
    /// A field with this name contains the text; an empty text matches if the field exists.
    Header(String, Needle),
    Body(Needle),
    Text(Needle),
    /// The modification sequence is at least this one.
    ModSeq(u64),
    EmailId(String),
    /// Matches nothing: no message has a thread ID.
    ThreadId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Days {
    Before,
    On,
    Since,
}

/// A text to search for, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Needle(String);

/// The properties of a message that are known without reading it.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) number: u32,
    pub(crate) uid: Uid,
    pub(crate) flags: Flags,
    pub(crate) is_recent: bool,
    pub(crate) internal_unix_ms: i64,
    pub(crate) mod_seq: u64,
    pub(crate) email_id: EmailId,
    pub(crate) source: Source,
}

impl SearchKey {
    /// Parses `search-key *(SP search-key)`; all keys must match.
    pub(crate) fn parse_program(line: &mut Cursor) -> Parsed<Self> {
        Self::parse_all(line, 0)
    }

    fn parse_all(line: &mut Cursor, depth: u32) -> Parsed<Self> {
        let mut keys = vec![Self::parse(line, depth)?];
        while line.take(b' ') {
            keys.push(Self::parse(line, depth)?);
        }
        Ok(Self::And(keys))
    }

    fn parse(line: &mut Cursor, depth: u32) -> Parsed<Self> {
        if depth > MAX_DEPTH {
            return Err(Bad("search keys are nested too deep"));
        }
        if line.take(b'(') {
            let keys = Self::parse_all(line, depth + 1)?;
            line.expect(b')', "a search key is not closed")?;
            return Ok(keys);
        }
        if line
            .peek()
            .is_some_and(|octet| octet.is_ascii_digit() || octet == b'*')
        {
            return line.sequence_set().map(Self::Numbers);
        }
        let name = line.atom()?.to_ascii_uppercase();
        if let Some(key) = Self::without_argument(&name) {
            return Ok(key);
        }
        line.space()?;
        let header = |name: &str, line: &mut Cursor| {
            Needle::parse(line).map(|text| Self::Header(name.to_owned(), text))
        };
        Ok(match name.as_str() {
            "BCC" | "CC" | "FROM" | "SUBJECT" | "TO" => header(&name, line)?,
            "HEADER" => {
                let name = line.astring()?;
                line.space()?;
                header(&String::from_utf8_lossy(&name), line)?
            }
            "BODY" => Self::Body(Needle::parse(line)?),
            "TEXT" => Self::Text(Needle::parse(line)?),
            "BEFORE" => Self::Internal(Days::Before, line.date()?),
            "ON" => Self::Internal(Days::On, line.date()?),
            "SINCE" => Self::Internal(Days::Since, line.date()?),
            "SENTBEFORE" => Self::Sent(Days::Before, line.date()?),
            "SENTON" => Self::Sent(Days::On, line.date()?),
            "SENTSINCE" => Self::Sent(Days::Since, line.date()?),
            "KEYWORD" => Self::Keyword(line.atom()?),
            "UNKEYWORD" => Self::Keyword(line.atom()?).negated(),
            "LARGER" => Self::Larger(line.number()?),
            "SMALLER" => Self::Smaller(line.number()?),
            "UID" => Self::Uids(line.sequence_set()?),
            "MODSEQ" => Self::parse_mod_seq(line)?,
            "EMAILID" => Self::EmailId(line.atom()?),
            "THREADID" => {
                line.atom()?;
                Self::ThreadId
            }
            "NOT" => Self::parse(line, depth + 1)?.negated(),
            "OR" => {
                let first = Self::parse(line, depth + 1)?;
                line.space()?;
                Self::Or(Box::new((first, Self::parse(line, depth + 1)?)))
            }
            _ => return Err(Bad("unknown search key")),
        })
    }

    /// `MODSEQ [entry-name SP entry-type] n` (RFC 7162 §3.1.5); the entry is ignored.
    fn parse_mod_seq(line: &mut Cursor) -> Parsed<Self> {
        if line.peek() == Some(b'"') {
            line.string()?;
            line.space()?;
            line.atom()?;
            line.space()?;
        }
        line.mod_seq().map(Self::ModSeq)
    }

    fn without_argument(name: &str) -> Option<Self> {
        Some(match name {
            "ALL" => Self::All,
            "ANSWERED" => Self::Has(Flags::ANSWERED),
            "DELETED" => Self::Has(Flags::DELETED),
            "DRAFT" => Self::Has(Flags::DRAFT),
            "FLAGGED" => Self::Has(Flags::FLAGGED),
            "SEEN" => Self::Has(Flags::SEEN),
            "UNANSWERED" => Self::Has(Flags::ANSWERED).negated(),
            "UNDELETED" => Self::Has(Flags::DELETED).negated(),
            "UNDRAFT" => Self::Has(Flags::DRAFT).negated(),
            "UNFLAGGED" => Self::Has(Flags::FLAGGED).negated(),
            "UNSEEN" => Self::Has(Flags::SEEN).negated(),
            "RECENT" => Self::Recent,
            "OLD" => Self::Recent.negated(),
            "NEW" => Self::And(vec![Self::Recent, Self::Has(Flags::SEEN).negated()]),
            _ => return None,
        })
    }

    fn negated(self) -> Self {
        Self::Not(Box::new(self))
    }

    /// Returns whether the key or any key in it satisfies `predicate`.
    fn any(&self, predicate: fn(&Self) -> bool) -> bool {
        match self {
            Self::And(keys) => keys.iter().any(|key| key.any(predicate)),
            Self::Or(keys) => keys.0.any(predicate) || keys.1.any(predicate),
            Self::Not(key) => key.any(predicate),
            key => predicate(key),
        }
    }

    /// Returns whether messages must be read or measured.
    pub(crate) fn needs_messages(&self) -> bool {
        self.any(|key| {
            matches!(
                key,
                Self::Header(..) | Self::Body(_) | Self::Text(_) | Self::Sent(..)
            ) || matches!(key, Self::Larger(_) | Self::Smaller(_))
        })
    }

    /// Returns whether the response includes a modification sequence.
    pub(crate) fn requests_mod_seq(&self) -> bool {
        self.any(|key| matches!(key, Self::ModSeq(_)))
    }

    /// Resolves names and numbers to what [`Search::matches`] compares.
    pub(crate) fn resolved(
        self,
        largest: Largest,
        keyword: impl Fn(&str) -> Option<Flags>,
    ) -> Search {
        Search {
            key: self.with_keywords(&keyword),
            largest,
        }
    }

    /// Resolves keywords; an unknown keyword matches no message.
    fn with_keywords(self, keyword: &impl Fn(&str) -> Option<Flags>) -> Self {
        match self {
            Self::And(keys) => Self::And(
                keys.into_iter()
                    .map(|key| key.with_keywords(keyword))
                    .collect(),
            ),
            Self::Or(keys) => Self::Or(Box::new((
                keys.0.with_keywords(keyword),
                keys.1.with_keywords(keyword),
            ))),
            Self::Not(key) => key.with_keywords(keyword).negated(),
            Self::Keyword(name) => keyword(&name).map_or_else(|| Self::All.negated(), Self::Has),
            key => key,
        }
    }
}

/// The values of `*`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Largest {
    pub(crate) number: u32,
    pub(crate) uid: Uid,
}

/// A resolved search.
#[derive(Debug)]
pub(crate) struct Search {
    key: SearchKey,
    largest: Largest,
}

impl Search {
    pub(crate) fn matches(&self, candidate: &Candidate) -> bool {
        self.evaluate(&self.key, candidate, &mut Content::default())
    }

    fn evaluate(&self, key: &SearchKey, candidate: &Candidate, content: &mut Content) -> bool {
        match key {
            SearchKey::And(keys) => keys
                .iter()
                .all(|key| self.evaluate(key, candidate, content)),
            SearchKey::Or(keys) => {
                self.evaluate(&keys.0, candidate, content)
                    || self.evaluate(&keys.1, candidate, content)
            }
            SearchKey::Not(key) => !self.evaluate(key, candidate, content),
            SearchKey::All => true,
            SearchKey::Numbers(set) => contains(set, self.largest.number, candidate.number),
            SearchKey::Uids(set) => contains(set, self.largest.uid.0, candidate.uid.0),
            SearchKey::Has(flags) => candidate.flags.has(*flags),
            SearchKey::Keyword(_) | SearchKey::ThreadId => false,
            SearchKey::ModSeq(mod_seq) => candidate.mod_seq >= *mod_seq,
            SearchKey::EmailId(id) => candidate.email_id.to_string() == *id,
            SearchKey::Recent => candidate.is_recent,
            SearchKey::Internal(days, day) => {
                days.matches(clock::local_day(candidate.internal_unix_ms), *day)
            }
            SearchKey::Sent(days, day) => content
                .of(candidate)
                .sent
                .is_some_and(|sent| days.matches(sent, *day)),
            SearchKey::Larger(size) => size_bytes(candidate) > *size,
            SearchKey::Smaller(size) => size_bytes(candidate) < *size,
            SearchKey::Header(name, needle) => {
                content.of(candidate).header.iter().any(|(field, value)| {
                    field.eq_ignore_ascii_case(name) && value.contains(&needle.0)
                })
            }
            SearchKey::Body(needle) => content.of(candidate).body.contains(&needle.0),
            SearchKey::Text(needle) => {
                let read = content.of(candidate);
                read.body.contains(&needle.0)
                    || read
                        .header
                        .iter()
                        .any(|(field, value)| format!("{field}: {value}").contains(&needle.0))
            }
        }
    }
}

impl Days {
    fn matches(self, day: Date, bound: Date) -> bool {
        match self {
            Self::Before => day < bound,
            Self::On => day == bound,
            Self::Since => day >= bound,
        }
    }
}

impl Needle {
    fn parse(line: &mut Cursor) -> Parsed<Self> {
        let text: Bytes = line.astring()?;
        Ok(Self(String::from_utf8_lossy(&text).to_lowercase()))
    }
}

fn contains(set: &SequenceSet, largest: u32, number: u32) -> bool {
    set.ranges(largest)
        .iter()
        .any(|(first, last)| (*first..=*last).contains(&number))
}

/// The message as lower-case text, read once and only if a key needs it.
#[derive(Default)]
struct Content(Option<ReadContent>);

struct ReadContent {
    /// Names in lower case, values unfolded and decoded.
    header: Vec<(String, String)>,
    body: String,
    sent: Option<Date>,
}

impl Content {
    fn of(&mut self, candidate: &Candidate) -> &ReadContent {
        self.0.get_or_insert_with(|| {
            let message = candidate.source.rfc822();
            let root = Part::parse(&message);
            let header = fields(root.header_of(&message)).map(|field| {
                let name = String::from_utf8_lossy(field.name).to_lowercase();
                (name, decoded_header(&unfolded(field.value)))
            });
            let header: Vec<_> = header.collect();
            let date = header.iter().find(|(name, _)| name == "date");
            // The time zone is ignored: the day is compared as written (RFC 3501 §6.4.4).
            let sent = date.and_then(|(_, value)| DateTimeParser::new().parse_zoned(value).ok());
            ReadContent {
                sent: sent.map(|zoned| zoned.date()),
                header: header
                    .into_iter()
                    .map(|(name, value)| (name, value.to_lowercase()))
                    .collect(),
                body: decoded_text(&message, &root).to_lowercase(),
            }
        })
    }
}

fn size_bytes(candidate: &Candidate) -> u32 {
    u32::try_from(candidate.source.rfc822().len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Folder, UidValidity};
    use proptest::prelude::*;

    const NOON_UTC_1_FEB_2026: i64 = 1_769_947_200_000;

    fn found(key: &str, flags: Flags) -> bool {
        let message = "From: =?utf-8?q?J=C3=B6rg?= <j@x.y>\r\nDate: Sat, 31 Jan 2026 23:59:00 -0800\r\n\
            Subject: Tea\r\n time\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n\
            5LiL5Y2I6Iy2IEVhcmwgR3JleQ==\r\n";
        let mut folder = Folder::empty(UidValidity(5), None);
        folder.append(Source::Stored(Bytes::new()), Flags::NONE, 0);
        let candidate = Candidate {
            number: 4,
            uid: Uid(40),
            flags,
            is_recent: false,
            internal_unix_ms: NOON_UTC_1_FEB_2026,
            mod_seq: 7,
            email_id: folder.messages()[0].email_id,
            source: Source::Stored(Bytes::from_static(message.as_bytes())),
        };
        let mut line = Cursor::new(Bytes::from(key.to_owned()));
        let key = SearchKey::parse_program(&mut line).unwrap();
        line.end().unwrap();
        let largest = Largest {
            number: 9,
            uid: Uid(90),
        };
        key.resolved(largest, |name| (name == "work").then_some(Flags::DRAFT))
            .matches(&candidate)
    }

    #[test]
    fn keys_match_decoded_text_in_any_case() {
        for key in [
            "ALL",
            "4",
            "2:*",
            "UID 40",
            "FROM jörg",
            "SUBJECT \"tea time\"",
            "BODY 下午茶",
            "TEXT grey",
            "TEXT JÖRG",
            "HEADER Date 2026",
            "HEADER Subject \"\"",
            "SINCE 1-Feb-2026",
            "ON 1-Feb-2026",
            "BEFORE 2-Feb-2026",
            "SENTON 31-Jan-2026",
            "UNSEEN",
            "UNKEYWORD work",
            "LARGER 10",
            "NOT (SEEN ALL)",
            "OR SEEN 4",
            "UNKEYWORD nobody-has-it",
            "MODSEQ 7",
            "MODSEQ \"/flags/\\\\draft\" all 6",
            "EMAILID M5-1",
            "NOT THREADID T1",
        ] {
            let key = key
                .replace("jörg", "{5}\r\njörg")
                .replace("JÖRG", "{5}\r\nJÖRG")
                .replace("下午茶", "{9}\r\n下午茶");
            assert!(found(&key, Flags::NONE), "{key}");
        }
        for key in [
            "SEEN",
            "5",
            "UID 4",
            "FROM jorg",
            "BODY tea",
            "HEADER Cc \"\"",
            "SINCE 2-Feb-2026",
            "BEFORE 1-Feb-2026",
            "SENTON 1-Feb-2026",
            "KEYWORD work",
            "SMALLER 10",
            "NOT ALL",
            "KEYWORD nobody-has-it",
            "FLAGGED ALL",
            "MODSEQ 8",
            "EMAILID M5-2",
            "THREADID T1",
        ] {
            assert!(!found(key, Flags::NONE), "{key}");
        }
        assert!(found("KEYWORD work DRAFT UNSEEN", Flags::DRAFT));
    }

    #[test]
    fn keys_nested_without_end_are_refused() {
        for line in [
            format!("{}ALL", "NOT ".repeat(100_000)),
            "(".repeat(100_000),
        ] {
            let parsed = SearchKey::parse_program(&mut Cursor::new(Bytes::from(line)));
            assert_eq!(parsed, Err(Bad("search keys are nested too deep")));
        }
    }

    proptest! {
        #[test]
        fn not_inverts_every_key(
            words in proptest::collection::vec("(ALL|SEEN|OR|NOT|\\(|\\)|4|UID 40:\\*|FROM j|NEW|OLD)", 1..8)
        ) {
            let key = words.join(" ");
            if SearchKey::parse_program(&mut Cursor::new(Bytes::from(format!("({key})")))).is_ok() {
                prop_assert_ne!(found(&format!("({key})"), Flags::NONE), found(&format!("NOT ({key})"), Flags::NONE));
            }
        }
    }
}
