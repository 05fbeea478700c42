//! The lexical syntax of commands: atoms, strings, literals, numbers, dates (RFC 3501 §9).

use bytes::Bytes;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};

use super::folder_name;
use super::sequence_set::SequenceSet;
use crate::store::INBOX;

/// Why a command is invalid; the text is sent in the `BAD` response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bad(pub(crate) &'static str);

pub(crate) type Parsed<T> = Result<T, Bad>;

/// Parser over one command: its lines with their literals in place, without the final CRLF.
#[derive(Debug, Clone)]
pub(crate) struct Cursor {
    rest: Bytes,
}

impl Cursor {
    pub(crate) fn new(command: Bytes) -> Self {
        Self { rest: command }
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn end(&self) -> Parsed<()> {
        if self.is_at_end() {
            Ok(())
        } else {
            Err(Bad("unexpected text after the command"))
        }
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Consumes an octet if it comes next.
    pub(crate) fn take(&mut self, octet: u8) -> bool {
        let is_next = self.peek() == Some(octet);
        if is_next {
            self.advance(1);
        }
        is_next
    }

    pub(crate) fn expect(&mut self, octet: u8, error: &'static str) -> Parsed<()> {
        if self.take(octet) {
            Ok(())
        } else {
            Err(Bad(error))
        }
    }

    pub(crate) fn space(&mut self) -> Parsed<()> {
        self.expect(b' ', "a space is missing")
    }

    /// Consumes a word, case-insensitively, if it comes next and ends there.
    pub(crate) fn take_word(&mut self, word: &str) -> bool {
        let mut ahead = self.clone();
        let is_word = ahead
            .atom()
            .is_ok_and(|atom| atom.eq_ignore_ascii_case(word));
        if is_word {
            *self = ahead;
        }
        is_word
    }

    /// Consumes the longest run of octets for which `belongs` is true, at least one.
    pub(crate) fn run(&mut self, belongs: fn(u8) -> bool, error: &'static str) -> Parsed<String> {
        let len = self
            .rest
            .iter()
            .take_while(|octet| belongs(**octet))
            .count();
        let run = self.rest.split_to(len);
        match String::from_utf8(run.into()) {
            Ok(text) if !text.is_empty() => Ok(text),
            _ => Err(Bad(error)),
        }
    }

    pub(crate) fn atom(&mut self) -> Parsed<String> {
        self.run(is_atom_char, "an atom is missing")
    }

    /// `flag = "\" atom / atom`
    pub(crate) fn flag(&mut self) -> Parsed<String> {
        let backslash = if self.take(b'\\') { "\\" } else { "" };
        let name = self.run(is_atom_char, "a flag is missing")?;
        Ok(format!("{backslash}{name}"))
    }

    /// `flag-list = "(" [flag *(SP flag)] ")"`
    pub(crate) fn flag_list(&mut self) -> Parsed<Vec<String>> {
        self.list(Self::flag)
    }

    /// Parses `"(" [item *(SP item)] ")"`.
    pub(crate) fn list<T>(&mut self, item: fn(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        self.expect(b'(', "a list is missing")?;
        let mut items = Vec::new();
        if self.take(b')') {
            return Ok(items);
        }
        loop {
            items.push(item(self)?);
            if self.take(b')') {
                return Ok(items);
            }
            self.space()?;
        }
    }

    /// `astring = 1*ASTRING-CHAR / string`; an unquoted astring may contain `]`.
    pub(crate) fn astring(&mut self) -> Parsed<Bytes> {
        match self.peek() {
            Some(b'"' | b'{') => self.string(),
            _ => {
                let octets = self.run(
                    |octet| is_atom_char(octet) || octet == b']',
                    "a string is missing",
                );
                octets.map(Bytes::from)
            }
        }
    }

    /// `nstring`, or `None` for `NIL`.
    pub(crate) fn nstring(&mut self) -> Parsed<Option<Bytes>> {
        if self.take_word("NIL") {
            Ok(None)
        } else {
            self.string().map(Some)
        }
    }

    /// `string = quoted / literal`
    pub(crate) fn string(&mut self) -> Parsed<Bytes> {
        match self.peek() {
            Some(b'"') => self.quoted(),
            Some(b'{') => self.literal(),
            _ => Err(Bad("a string is missing")),
        }
    }

    /// Parses a literal; the connection's reader has placed its octets here.
    pub(crate) fn literal(&mut self) -> Parsed<Bytes> {
        const BROKEN: Bad = Bad("a literal is broken");
        self.expect(b'{', "a literal is missing")?;
        let len = self.number()?;
        self.take(b'+');
        self.expect(b'}', BROKEN.0)?;
        self.expect(b'\r', BROKEN.0)?;
        self.expect(b'\n', BROKEN.0)?;
        let len = usize::try_from(len).map_err(|_| BROKEN)?;
        if self.rest.len() < len {
            return Err(BROKEN);
        }
        let octets = self.rest.split_to(len);
        if octets.contains(&0) {
            // CHAR8 = %x01-ff
            return Err(Bad("a literal may not hold NUL"));
        }
        Ok(octets)
    }

    /// `number`, up to 32 bits.
    pub(crate) fn number(&mut self) -> Parsed<u32> {
        let digits = self.run(|octet| octet.is_ascii_digit(), "a number is missing")?;
        digits.parse().map_err(|_| Bad("a number is out of range"))
    }

    /// `mod-sequence-valzer` (RFC 7162 §7): 63 bits.
    pub(crate) fn mod_seq(&mut self) -> Parsed<u64> {
        let digits = self.run(|octet| octet.is_ascii_digit(), "a number is missing")?;
        digits
            .parse()
            .ok()
            .filter(|number| *number < 1 << 63)
            .ok_or(Bad("a modification sequence is out of range"))
    }

    pub(crate) fn sequence_set(&mut self) -> Parsed<SequenceSet> {
        let belongs = |octet: u8| octet.is_ascii_digit() || matches!(octet, b':' | b',' | b'*');
        let text = self.run(belongs, "a sequence set is missing")?;
        SequenceSet::parse(&text).ok_or(Bad("a sequence set is malformed"))
    }

    /// Parses a folder name and decodes it; INBOX in any case becomes `INBOX`.
    pub(crate) fn folder_name(&mut self) -> Parsed<String> {
        let wire = self.astring()?;
        let name =
            folder_name::decode(&wire).ok_or(Bad("a mailbox name is not in modified UTF-7"))?;
        Ok(if name.eq_ignore_ascii_case(INBOX) {
            INBOX.to_owned()
        } else {
            name
        })
    }

    /// `date = date-text / DQUOTE date-text DQUOTE`, such as `1-Feb-1994`.
    pub(crate) fn date(&mut self) -> Parsed<Date> {
        let is_quoted = self.take(b'"');
        let text = self.run(
            |octet| octet.is_ascii_alphanumeric() || octet == b'-',
            "a date is missing",
        )?;
        if is_quoted {
            self.expect(b'"', "a date is not closed")?;
        }
        date(&text)
    }

    /// `date-time`, such as `" 1-Feb-1994 21:52:25 -0800"`, as Unix milliseconds.
    pub(crate) fn date_time(&mut self) -> Parsed<i64> {
        const BROKEN: Bad = Bad("a date-time is malformed");
        let quoted = self.quoted()?;
        let text = std::str::from_utf8(&quoted).map_err(|_| BROKEN)?;
        let mut parts = text.trim_start().split(' ');
        let (Some(day), Some(time), Some(zone), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(BROKEN);
        };
        let time = Time::strptime("%H:%M:%S", time).map_err(|_| BROKEN)?;
        let hours_minutes: i32 = zone.parse().map_err(|_| BROKEN)?;
        if zone.len() != 5 || !zone.starts_with(['+', '-']) {
            return Err(BROKEN);
        }
        let offset_secs = hours_minutes / 100 * 3_600 + hours_minutes % 100 * 60;
        let offset = Offset::from_seconds(offset_secs).map_err(|_| BROKEN)?;
        let moment = DateTime::from_parts(date(day)?, time).to_zoned(TimeZone::fixed(offset));
        Ok(moment.map_err(|_| BROKEN)?.timestamp().as_millisecond())
    }

    fn quoted(&mut self) -> Parsed<Bytes> {
        const UNCLOSED: Bad = Bad("a quoted string is not closed");
        self.expect(b'"', "a quoted string is missing")?;
        let mut text = Vec::new();
        loop {
            let octet = self.peek().ok_or(UNCLOSED)?;
            self.advance(1);
            match octet {
                b'"' => return Ok(Bytes::from(text)),
                b'\\' => {
                    let escaped = self.peek().filter(|octet| matches!(octet, b'"' | b'\\'));
                    text.push(escaped.ok_or(Bad("only a quote and a backslash may be escaped"))?);
                    self.advance(1);
                }
                // Without UTF8=ACCEPT a quoted string is ASCII (RFC 3501 §9, TEXT-CHAR).
                0 | b'\r' | b'\n' | 0x80.. => {
                    return Err(Bad("a quoted string holds what only a literal may"));
                }
                other => text.push(other),
            }
        }
    }

    fn advance(&mut self, len: usize) {
        drop(self.rest.split_to(len.min(self.rest.len())));
    }
}

/// `ATOM-CHAR = <any CHAR except atom-specials>`
pub(crate) fn is_atom_char(octet: u8) -> bool {
    octet.is_ascii_graphic()
        && !matches!(
            octet,
            b'(' | b')' | b'{' | b'%' | b'*' | b'"' | b'\\' | b']'
        )
}

fn date(text: &str) -> Parsed<Date> {
    let is_date = matches!(text.len(), 10 | 11);
    Date::strptime("%d-%b-%Y", text)
        .ok()
        .filter(|_| is_date)
        .ok_or(Bad("a date is malformed"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cursor(text: &'static str) -> Cursor {
        Cursor::new(Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn strings_come_in_three_forms() {
        let mut line = cursor("atom] \"q \\\"\\\\\" {5}\r\nab\r\nc");
        assert_eq!(line.astring().unwrap(), "atom]");
        line.space().unwrap();
        assert_eq!(line.astring().unwrap(), "q \"\\");
        line.space().unwrap();
        assert_eq!(line.astring().unwrap(), "ab\r\nc");
        line.end().unwrap();
    }

    #[test]
    fn eight_bit_in_a_quoted_string_is_refused() {
        assert!(cursor("\"ü\"").string().is_err());
        assert_eq!(cursor("{2}\r\nü").string().unwrap(), "ü");
    }

    #[test]
    fn dates_are_read_with_and_without_quotes() {
        let date = Date::constant(1994, 2, 1);
        assert_eq!(cursor("1-Feb-1994").date(), Ok(date));
        assert_eq!(cursor("\"01-feb-1994\"").date(), Ok(date));
        assert!(cursor("30-Feb-1994").date().is_err());
        assert_eq!(
            cursor("\" 1-Feb-1994 21:52:25 -0800\"").date_time(),
            Ok(760_168_345_000)
        );
        assert_eq!(
            cursor("\"17-Jul-1996 02:44:25 -0730\"").date_time(),
            Ok(837_598_465_000)
        );
        assert!(cursor("\"17-Jul-1996 02:44:25\"").date_time().is_err());
    }

    proptest! {
        #[test]
        fn no_input_panics_the_parser(text in "[ -~\r\n]{0,60}") {
            for read in [
                |line: &mut Cursor| drop(line.astring()),
                |line: &mut Cursor| drop(line.nstring()),
                |line: &mut Cursor| drop(line.flag_list()),
                |line: &mut Cursor| drop(line.date_time().map(|unix_ms| unix_ms.to_string())),
                |line: &mut Cursor| drop(line.sequence_set()),
                |line: &mut Cursor| drop(line.folder_name()),
            ] {
                read(&mut Cursor::new(Bytes::from(text.clone())));
            }
        }
    }
}
