//! Assembles replies from their lines (RFC 5321 §4.2).

use alloc::string::String;
use alloc::vec::Vec;

use super::error::{Error, Misbehaviour};
use super::reply::{EnhancedCode, Reply, number};
use crate::limits::{Limits, OverLimit};
use crate::raw_text;

/// Assembles a reply from its lines.
#[derive(Debug, Default)]
pub(super) struct ReplyReader {
    code: u16,
    lines: Vec<String>,
}

impl ReplyReader {
    /// Returns the size of the lines of an unfinished reply in bytes.
    pub(super) fn held_bytes(&self) -> usize {
        self.lines.iter().map(String::len).sum()
    }

    /// Adds one line, without its line end; returns the reply if the line is its last.
    ///
    /// ```abnf
    /// Reply-line = *( Reply-code "-" [ textstring ] CRLF )
    ///              Reply-code [ SP textstring ] CRLF
    /// Reply-code = %x32-35 %x30-35 %x30-39
    /// textstring = 1*(%d09 / %d32-126) ; HT, SP, Printable US-ASCII
    /// ```
    /// RFC 5321 §4.2. Any octets are accepted as text, and 0 to 9 as the second digit.
    pub(super) fn line(&mut self, line: &[u8], limits: &Limits) -> Result<Option<Reply>, Error> {
        let malformed = Error::PeerMisbehaved(Misbehaviour::MalformedReply);
        let Some((digits, rest)) = line.split_at_checked(3) else {
            return Err(malformed);
        };
        let code = core::str::from_utf8(digits)
            .ok()
            .and_then(|digits| number(digits, 3));
        let Some(code) = code.filter(|code| matches!(code, 200..=599)) else {
            return Err(malformed);
        };
        // A code without text is a complete reply (RFC 5321 §4.2).
        let (is_last, text) = match rest.split_first() {
            None => (true, rest),
            Some((b' ', text)) => (true, text),
            Some((b'-', text)) => (false, text),
            Some(_) => return Err(malformed),
        };
        if self.lines.is_empty() {
            self.code = code;
        } else if code != self.code {
            return Err(Error::PeerMisbehaved(Misbehaviour::MixedCodes {
                first: self.code,
                second: code,
            }));
        }
        if self.lines.len() >= limits.smtp_reply_lines {
            return Err(Error::Limit(OverLimit {
                what: "lines of a reply",
                max: u64::try_from(limits.smtp_reply_lines).unwrap_or(u64::MAX),
            }));
        }
        self.lines.push(raw_text::carry(text));
        if !is_last {
            return Ok(None);
        }
        let lines = core::mem::take(&mut self.lines);
        let enhanced = lines
            .first()
            .and_then(|line| EnhancedCode::parse(code, line));
        Ok(Some(Reply {
            code,
            enhanced,
            lines,
        }))
    }

    /// Returns whether a reply is unfinished.
    pub(super) const fn is_inside(&self) -> bool {
        !self.lines.is_empty()
    }

    /// Discards an unfinished reply.
    pub(super) fn clear(&mut self) {
        self.lines.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Option<Reply>, Error> {
        let mut reader = ReplyReader::default();
        let mut reply = Ok(None);
        for line in text.lines() {
            reply = reader.line(line.as_bytes(), &Limits::default());
            if reply.is_err() {
                break;
            }
        }
        reply
    }

    fn code(text: &str) -> Option<EnhancedCode> {
        read(text).unwrap().unwrap().enhanced
    }

    // docs/protocols.md, SMTP: replies
    #[test]
    fn rfc5321_4_2_1_multi_line_example() {
        let reply = read("250-First line\n250-Second line\n250-234 Text beginning with numbers\n250 The last line")
            .unwrap()
            .unwrap();
        assert_eq!(reply.code, 250);
        assert_eq!(
            reply.lines,
            [
                "First line",
                "Second line",
                "234 Text beginning with numbers",
                "The last line"
            ]
        );
        assert!(reply.is_positive());
    }

    // docs/protocols.md, SMTP: ENHANCEDSTATUSCODES
    #[test]
    fn rfc2034_5_enhanced_codes_are_read_and_left_in_the_text() {
        let reply = read("550 5.1.1 Mailbox \"nosuchuser\" does not exist")
            .unwrap()
            .unwrap();
        assert_eq!(
            reply.enhanced,
            Some(EnhancedCode {
                class: 5,
                subject: 1,
                detail: 1
            })
        );
        assert_eq!(
            reply.to_string(),
            "550 5.1.1 Mailbox \"nosuchuser\" does not exist"
        );
    }

    #[test]
    fn numbers_that_are_no_enhanced_code_are_text() {
        assert_eq!(code("550 5.1 x"), None);
        assert_eq!(code("550 4.1.1 another class"), None);
        assert_eq!(code("250 1.2.3.4 is an address"), None);
        assert_eq!(code("550 5.1234.1 x"), None);
        assert_eq!(
            code("550 5.7.606"),
            Some(EnhancedCode {
                class: 5,
                subject: 7,
                detail: 606
            })
        );
    }

    // docs/protocols.md, SMTP: replies
    #[test]
    fn a_bare_code_is_a_whole_reply() {
        let reply = read("354").unwrap().unwrap();
        assert_eq!(
            (reply.code, reply.lines.as_slice()),
            (354, &[String::new()][..])
        );
        assert_eq!(read("354 ").unwrap().unwrap().lines, [""]);
    }

    // docs/protocols.md, SMTP: replies
    #[test]
    fn mixed_codes_are_an_error() {
        let error = read("250-ok\n550 no").unwrap_err();
        let mixed = Misbehaviour::MixedCodes {
            first: 250,
            second: 550,
        };
        assert_eq!(error, Error::PeerMisbehaved(mixed));
    }

    #[test]
    fn malformed_replies_are_errors() {
        for text in [
            "", "25", "hello", "2500 x", "150 x", "600 x", "25a x", "+OK", "٢٥٠ x", "250_x",
        ] {
            let error = ReplyReader::default()
                .line(text.as_bytes(), &Limits::default())
                .unwrap_err();
            assert_eq!(
                error,
                Error::PeerMisbehaved(Misbehaviour::MalformedReply),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_reply_without_end_stops_at_the_limit() {
        let limits = Limits::default();
        let mut reader = ReplyReader::default();
        for _ in 0..limits.smtp_reply_lines {
            assert_eq!(reader.line(b"250-more", &limits), Ok(None));
        }
        let over = reader.line(b"250-more", &limits).unwrap_err();
        assert_eq!(
            over,
            Error::Limit(OverLimit {
                what: "lines of a reply",
                max: 100
            })
        );
    }

    #[test]
    fn a_shortened_reply_keeps_its_code_and_its_beginning() {
        let long = read("550-5.1.1 no\n550-ééé\n550-\n550 more")
            .unwrap()
            .unwrap();
        assert_eq!(long.clone().shortened(1000), long);
        let short = long.clone().shortened(11);
        assert_eq!((short.code, short.enhanced), (550, long.enhanced));
        assert_eq!(short.lines, ["5.1.1 no", "é"]);
    }

    #[test]
    fn text_that_is_not_utf8_is_carried_until_its_charset_is_known() {
        let reply = ReplyReader::default().line(b"550 \xd3\xca ok", &Limits::default());
        let lines = reply.unwrap().unwrap().lines;
        assert_eq!(raw_text::octets(&lines[0]).unwrap(), b"\xd3\xca ok");
    }

    proptest! {
        #[test]
        fn any_line_is_a_reply_or_an_error(line in proptest::collection::vec(any::<u8>(), 0..80)) {
            let reply = ReplyReader::default().line(&line, &Limits::default());
            if let Ok(Some(reply)) = reply {
                prop_assert!((200..600).contains(&reply.code));
                prop_assert_eq!(reply.lines.len(), 1);
            }
        }

        #[test]
        fn a_shown_reply_reads_as_itself(
            code in 200u16..600,
            lines in proptest::collection::vec("[ -~]{0,30}", 1..5),
        ) {
            let enhanced = EnhancedCode::parse(code, &lines[0]);
            let reply = Reply { code, enhanced, lines };
            prop_assert_eq!(read(&reply.to_string()).unwrap().unwrap(), reply);
        }
    }
}
