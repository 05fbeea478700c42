//! Replies (RFC 5321 §4.2) and their enhanced status codes (RFC 2034, RFC 3463).

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::error::{Error, Misbehaviour};
use crate::limits::{Limits, OverLimit};
use crate::raw_text;

/// A reply of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The three digits, 200 to 599.
    pub code: u16,
    /// The enhanced code, if the first line begins with one of the same class.
    pub enhanced: Option<EnhancedCode>,
    /// The text of each line after the code, including the enhanced code. Bytes that are not UTF-8
    /// are carried as by [`raw_text::carry`]. Never empty.
    pub lines: Vec<String>,
}

impl Reply {
    /// Returns whether the reply is positive (2yz).
    pub const fn is_positive(&self) -> bool {
        matches!(self.code, 200..=299)
    }

    /// Returns whether the reply is a transient refusal: a retry may succeed (4yz).
    pub const fn is_transient(&self) -> bool {
        matches!(self.code, 400..=499)
    }

    /// Returns whether the reply is a permanent refusal (5yz).
    pub const fn is_permanent(&self) -> bool {
        matches!(self.code, 500..=599)
    }

    /// Returns whether the reply is a transient or permanent refusal.
    pub const fn is_refusal(&self) -> bool {
        self.is_transient() || self.is_permanent()
    }

    /// Truncates the text to `max_bytes`, which must not be 0.
    pub(super) fn shortened(mut self, max_bytes: usize) -> Self {
        let mut room = max_bytes;
        self.lines.retain_mut(|line| {
            let has_room = room > 0;
            if line.len() > room {
                line.truncate(line.floor_char_boundary(room));
                line.shrink_to_fit();
                room = 0;
            }
            room = room.saturating_sub(line.len().max(1));
            has_room
        });
        self.lines.shrink_to_fit();
        self
    }
}

/// Writes the reply as the server sent it, with lines separated by a line feed.
impl fmt::Display for Reply {
    /// Writes the lines of the reply.
    ///
    /// ```abnf
    /// Reply-line = *( Reply-code "-" [ textstring ] CRLF )
    ///              Reply-code [ SP textstring ] CRLF
    /// ```
    /// RFC 5321 §4.2.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.lines.len().saturating_sub(1);
        for (n, line) in self.lines.iter().enumerate() {
            let mark = if n == last { ' ' } else { '-' };
            let end = if n == last { "" } else { "\n" };
            write!(f, "{}{mark}{line}{end}", self.code)?;
        }
        Ok(())
    }
}

/// An enhanced status code such as 5.1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EnhancedCode {
    /// 2, 4 or 5.
    pub class: u8,
    /// The subject: 1 address, 2 mailbox, 3 system, 4 network, 5 protocol, 6 content, 7 security or
    /// policy.
    pub subject: u16,
    /// The detail within the subject.
    pub detail: u16,
}

impl EnhancedCode {
    /// Parses `class "." subject "." detail` at the start of a text, followed by a space or the
    /// end. `class` has to be the first digit of `code` (RFC 2034 §4).
    ///
    /// ```abnf
    /// status-code = class "." subject "." detail
    /// class       = "2"/"4"/"5"
    /// subject     = 1*3digit
    /// detail      = 1*3digit
    /// ```
    /// RFC 3463 §2.
    pub fn parse(code: u16, text: &str) -> Option<Self> {
        let word = text.split(' ').next()?;
        let mut parts = word.split('.');
        let class = number(parts.next()?, 1)?;
        let subject = number(parts.next()?, 3)?;
        let detail = number(parts.next()?, 3)?;
        if parts.next().is_some() || code.checked_div(100) != Some(class) {
            return None;
        }
        let class = u8::try_from(class)
            .ok()
            .filter(|class| matches!(class, 2 | 4 | 5))?;
        Some(Self {
            class,
            subject,
            detail,
        })
    }
}

impl fmt::Display for EnhancedCode {
    /// Writes the code as in a reply.
    ///
    /// ```abnf
    /// status-code = class "." subject "." detail
    /// ```
    /// RFC 3463 §2.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

fn number(digits: &str, max_digits: usize) -> Option<u16> {
    let is_number =
        (1..=max_digits).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if is_number { digits.parse().ok() } else { None }
}

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
    fn what_is_no_reply_is_an_error() {
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
