//! Tokenizer: builds the value tree of a response as its lines arrive.

use alloc::vec::Vec;

use bytes::Bytes;

use super::number::SequenceNumber;
use super::value::Value;
use crate::limits::OverLimit;

/// Maximum number of values of a response; a list counts twice because of its size. A line of the
/// maximum length could hold 500,000 values, which take 50 times its own size; a SEARCH response of
/// that length lists 155,000 messages.
const MAX_VALUES: usize = 250_000;
/// Maximum number of values of a FETCH response. The structure of 1,000 parts has 30,000 values.
const MAX_FETCH_VALUES: usize = 50_000;

/// A value tree under construction. A response is one line or, with literals, several.
#[derive(Debug)]
pub(crate) struct Tokens {
    /// The values of the response and of its open lists, those of an inner list after those of the
    /// enclosing one. So a list is allocated once, when it closes, at its final size.
    open: Vec<Value>,
    /// The start index in `open` of each open list.
    starts: Vec<usize>,
    unbalanced: bool,
    /// Whether the last value is an unterminated quoted string.
    is_unended: bool,
    max_nesting: usize,
    /// The number of values so far.
    values: usize,
    /// The number of open lists that are left out: the outermost one and those in it.
    skipped_depth: usize,
    /// The names of incomplete FETCH items; an empty name if no item had started.
    cut: Vec<Bytes>,
}

/// Maximum number of names in `cut`: a FETCH requests about 12 items.
const MAX_CUT: usize = 32;

/// The result of reading a token.
enum Token<'l> {
    /// A token within the line; the field is the rest after it.
    Before(&'l [u8]),
    /// The announcement of a literal, at the end of the line.
    Literal { size_bytes: u64 },
}

impl Tokens {
    pub(crate) fn new(max_nesting: usize) -> Self {
        Self {
            open: Vec::new(),
            starts: Vec::new(),
            unbalanced: false,
            is_unended: false,
            max_nesting,
            values: 0,
            skipped_depth: 0,
            cut: Vec::new(),
        }
    }

    /// Reads one line, without its line end. Returns the size of the literal that it announces.
    ///
    /// In a FETCH response, data beyond a limit is left out and its item is recorded in `cut`: a
    /// hostile message must not make the others inaccessible. In any other response, exceeding a
    /// limit is an error.
    pub(crate) fn line(&mut self, line: &Bytes) -> Result<Option<u64>, OverLimit> {
        let mut rest: &[u8] = line;
        while !rest.is_empty() {
            match self.token(line, rest)? {
                Token::Before(behind) => rest = behind,
                Token::Literal { size_bytes } => return Ok(Some(size_bytes)),
            }
        }
        Ok(None)
    }

    /// Parses the value of a FETCH item from the rest of a line, and returns it with the bytes
    /// after it. `None` if the value is missing, does not end, exceeds a limit or is a literal.
    pub(crate) fn value<'l>(
        &mut self,
        line: &Bytes,
        mut rest: &'l [u8],
    ) -> Option<(Value, &'l [u8])> {
        // The list that contains the item.
        self.starts.push(self.open.len());
        while self.open.is_empty() || self.starts.len() > 1 {
            match rest.first()? {
                // The list must not end before the value.
                b' ' | b')' if self.open.is_empty() && self.starts.len() == 1 => return None,
                _ => {}
            }
            match self.token(line, rest).ok()? {
                Token::Before(behind) => rest = behind,
                Token::Literal { .. } => return None,
            }
        }
        self.starts.clear();
        Some((self.open.pop()?, rest))
    }

    /// Reads the next token from `rest`, the non-empty rest of a line.
    ///
    /// ```abnf
    /// quoted = DQUOTE *QUOTED-CHAR DQUOTE
    /// atom   = 1*ATOM-CHAR ; or "(", ")", SP, or the front of a literal
    /// ```
    /// RFC 9051 §9.
    fn token<'l>(&mut self, line: &Bytes, rest: &'l [u8]) -> Result<Token<'l>, OverLimit> {
        if self.is_full() {
            self.omit_item(OverLimit {
                what: "values of a response",
                max: MAX_VALUES as u64,
            })?;
        }
        let (first, behind) = rest.split_first().unwrap_or((&b' ', &[]));
        Ok(Token::Before(match first {
            b' ' => behind,
            b'(' => {
                self.open_list()?;
                behind
            }
            b')' => {
                self.close_list();
                behind
            }
            b'"' => {
                let (text, behind) = match take_quoted(behind) {
                    Some((Quoted::Plain(text), behind)) => (line.slice_ref(text), behind),
                    Some((Quoted::Unescaped(text), behind)) => (text.into(), behind),
                    None => {
                        self.is_unended = true;
                        (take_unended(behind), &[][..])
                    }
                };
                self.push(Value::Quoted(text));
                behind
            }
            _ => {
                if let Some(size_bytes) = announced_literal(rest) {
                    return Ok(Token::Literal { size_bytes });
                }
                let (atom, behind) = rest
                    .split_at_checked(atom_len(rest).max(1))
                    .unwrap_or((rest, &[]));
                self.push(Value::Atom(
                    common_atom(atom).unwrap_or_else(|| line.slice_ref(atom)),
                ));
                behind
            }
        }))
    }

    /// Adds a value to the innermost list, unless that list is left out.
    pub(crate) fn push(&mut self, value: Value) {
        if self.skipped_depth == 0 && !self.is_full() {
            self.values += 1;
            self.open.push(value);
        }
    }

    /// Returns the sequence number if the response is a FETCH response whose list has started.
    pub(crate) fn fetch_seq(&self) -> Option<SequenceNumber> {
        match (self.starts.first(), self.open.as_slice()) {
            (Some(2), [seq, word, ..]) if word.is_atom("FETCH") => {
                SequenceNumber::new(seq.number32()?)
            }
            _ => None,
        }
    }

    /// Returns the names of the FETCH items that were left incomplete since the last call.
    pub(crate) fn take_cut(&mut self) -> Vec<Bytes> {
        core::mem::take(&mut self.cut)
    }

    /// Returns the values of the response so far and those of its open list, if exactly one list is
    /// open.
    pub(crate) fn open_list_values(&self) -> Option<(&[Value], &[Value])> {
        let [start] = self.starts[..] else {
            return None;
        };
        self.open.split_at_checked(start)
    }

    /// Returns the maximum nesting depth of lists.
    pub(crate) const fn max_nesting(&self) -> usize {
        self.max_nesting
    }

    /// Discards the present response.
    pub(crate) fn clear(&mut self) {
        self.open.clear();
        self.starts.clear();
        self.unbalanced = false;
        self.is_unended = false;
        self.values = 0;
        self.skipped_depth = 0;
        self.cut.clear();
    }

    /// Ends the response. Returns `false` if its parentheses do not match: open lists are then
    /// closed here, and a FETCH response loses the unbalanced value.
    pub(crate) fn finish(&mut self) -> (Vec<Value>, bool) {
        let balanced = !self.unbalanced && self.starts.is_empty() && self.skipped_depth == 0;
        if !balanced && self.fetch_seq().is_some() {
            self.drop_open_value();
        }
        self.skipped_depth = 0;
        while !self.starts.is_empty() {
            self.close_list();
        }
        // `open` keeps its capacity for the next response.
        let mut values = Vec::with_capacity(self.open.len());
        values.append(&mut self.open);
        self.clear();
        (values, balanced)
    }

    /// Frees the buffers if no response is in progress.
    pub(crate) fn shrink(&mut self) {
        if self.open.is_empty() && self.starts.is_empty() {
            self.open = Vec::new();
            self.starts = Vec::new();
        }
    }

    /// Drops the unfinished value of a FETCH item; the name of the item remains without a value.
    fn drop_open_value(&mut self) {
        if let Some(&start) = self.starts.get(1) {
            self.open.truncate(start);
            self.starts.truncate(1);
        } else if self.is_unended {
            self.open.pop();
        }
    }

    fn open_list(&mut self) -> Result<(), OverLimit> {
        if self.skipped_depth > 0 {
            self.skipped_depth += 1;
            return Ok(());
        }
        if self.starts.len() >= self.max_nesting {
            self.omit_item(OverLimit {
                what: "list nesting",
                max: self.max_nesting as u64,
            })?;
            self.skipped_depth = 1;
            return Ok(());
        }
        if self.is_full() {
            self.skipped_depth = 1;
            return Ok(());
        }
        self.starts.push(self.open.len());
        self.values += 1;
        Ok(())
    }

    fn close_list(&mut self) {
        if self.skipped_depth > 0 {
            self.skipped_depth -= 1;
            return;
        }
        let Some(start) = self.starts.pop() else {
            self.unbalanced = true;
            return;
        };
        let list = self.open.split_off(start.min(self.open.len()));
        // Not by `push`: an open list must close regardless of the number of values.
        self.values += 1;
        self.open.push(Value::List(list));
    }

    /// Returns whether the number of values exceeds its limit.
    fn is_full(&self) -> bool {
        self.values > MAX_VALUES || self.values > MAX_FETCH_VALUES && self.fetch_seq().is_some()
    }

    /// Records that the present FETCH item is incomplete; in any other response returns the error.
    fn omit_item(&mut self, limit: OverLimit) -> Result<(), OverLimit> {
        if self.fetch_seq().is_none() {
            return Err(limit);
        }
        let name = match self.starts.get(1) {
            Some(behind_name) => match self.open.get(behind_name.saturating_sub(1)) {
                Some(Value::Atom(name)) => name.clone(),
                _ => Bytes::new(),
            },
            None => Bytes::new(),
        };
        if self.cut.len() < MAX_CUT && !self.cut.contains(&name) {
            self.cut.push(name);
        }
        Ok(())
    }
}

/// Parses the values of a text without literals, such as the arguments of a response code.
pub(crate) fn values_of(text: &Bytes, max_nesting: usize) -> Option<Vec<Value>> {
    let mut tokens = Tokens::new(max_nesting);
    match tokens.line(text) {
        Ok(None) => {
            let (values, balanced) = tokens.finish();
            balanced.then_some(values)
        }
        Ok(Some(_)) | Err(_) => None,
    }
}

/// Returns a static copy of a common word: comparing costs less than counting a reference to the
/// line.
fn common_atom(atom: &[u8]) -> Option<Bytes> {
    Some(Bytes::from_static(match atom {
        b"NIL" => b"NIL",
        b"FETCH" => b"FETCH",
        b"UID" => b"UID",
        b"FLAGS" => b"FLAGS",
        b"ENVELOPE" => b"ENVELOPE",
        b"BODYSTRUCTURE" => b"BODYSTRUCTURE",
        b"INTERNALDATE" => b"INTERNALDATE",
        b"RFC822.SIZE" => b"RFC822.SIZE",
        b"MODSEQ" => b"MODSEQ",
        b"\\Seen" => b"\\Seen",
        _ => return None,
    }))
}

/// The content of a quoted string.
pub(crate) enum Quoted<'l> {
    /// A string without backslashes.
    Plain(&'l [u8]),
    /// A string with its backslashes removed.
    Unescaped(Vec<u8>),
}

/// Parses a quoted string; `rest` starts after its first quote. Returns its content and the bytes
/// after it; `None` if the string does not end.
///
/// ```abnf
/// quoted      = DQUOTE *QUOTED-CHAR DQUOTE
/// QUOTED-CHAR = <any TEXT-CHAR except quoted-specials> /
///               "\" quoted-specials / UTF8-2 / UTF8-3 / UTF8-4
/// ```
/// RFC 9051 §9. A backslash may precede any byte.
// Strings are short, so the call would cost as much as the work.
#[inline]
pub(crate) fn take_quoted(rest: &[u8]) -> Option<(Quoted<'_>, &[u8])> {
    let special = memchr::memchr2(b'"', b'\\', rest)?;
    let (plain, behind) = rest.split_at_checked(special)?;
    if let Some(behind) = behind.strip_prefix(b"\"") {
        return Some((Quoted::Plain(plain), behind));
    }
    let (text, behind) = unescape(plain, behind)?;
    Some((Quoted::Unescaped(text), behind))
}

/// Unescapes the rest of a string after its `plain` prefix, up to the closing quote.
///
/// ```abnf
/// QUOTED-CHAR = <any TEXT-CHAR except quoted-specials> / "\" quoted-specials
/// ```
fn unescape<'l>(plain: &[u8], behind: &'l [u8]) -> Option<(Vec<u8>, &'l [u8])> {
    let mut text = plain.to_vec();
    let mut bytes = behind.iter();
    loop {
        match bytes.next()? {
            b'"' => return Some((text, bytes.as_slice())),
            b'\\' => text.push(*bytes.next()?),
            byte => text.push(*byte),
        }
    }
}

/// Returns the content of a string without a closing quote: the rest of the line, unescaped.
fn take_unended(rest: &[u8]) -> Bytes {
    let mut text = Vec::new();
    let mut bytes = rest.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => text.extend(bytes.next()),
            _ => text.push(*byte),
        }
    }
    text.into()
}

/// Parses `{n}`, `{n+}` or `~{n}` at the end of a line.
///
/// ```abnf
/// literal  = "{" number64 ["+"] "}" CRLF *CHAR8
/// literal8 = "~{" number64 "}" CRLF *OCTET
/// ```
/// RFC 9051 §9.
pub(crate) fn announced_literal(rest: &[u8]) -> Option<u64> {
    let rest = rest.strip_prefix(b"~").unwrap_or(rest);
    let digits = rest.strip_prefix(b"{")?.strip_suffix(b"}")?;
    super::number::parse_u64(digits.strip_suffix(b"+").unwrap_or(digits))
}

/// Returns the length of the atom at the start of `rest`.
///
/// ```abnf
/// atom         = 1*ATOM-CHAR
/// ASTRING-CHAR = ATOM-CHAR / resp-specials
/// ```
/// RFC 9051 §9. Of the specials only SP, `(`, `)`, `"` and a literal end an atom.
///
/// Brackets belong to an atom, because flags contain them. Only after BODY and BINARY do they
/// enclose a section, with its spaces and lists.
pub(crate) fn atom_len(rest: &[u8]) -> usize {
    let mut at = 0;
    while let Some(byte) = rest.get(at) {
        match byte {
            b' ' | b'(' | b')' | b'"' => break,
            b'{' if announced_literal(rest.get(at..).unwrap_or_default()).is_some() => break,
            b'[' if is_section_name(rest.get(..at).unwrap_or_default()) => {
                at += section_len(rest.get(at..).unwrap_or_default()).unwrap_or(1);
            }
            _ => at += 1,
        }
    }
    at
}

fn is_section_name(name: &[u8]) -> bool {
    [&b"BODY"[..], b"BINARY", b"BINARY.SIZE"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
}

/// Returns the length of `[…]`; `None` if the bracket does not close on this line.
///
/// ```abnf
/// section = "[" [section-spec] "]"
/// ```
/// RFC 9051 §9.
fn section_len(rest: &[u8]) -> Option<usize> {
    let mut quoted = false;
    let mut escaped = false;
    for (at, byte) in rest.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b']' if !quoted => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn atom(text: &'static str) -> Value {
        Value::Atom(Bytes::from_static(text.as_bytes()))
    }

    fn values(text: &'static str) -> Option<Vec<Value>> {
        values_of(&Bytes::from_static(text.as_bytes()), 100)
    }

    #[test]
    fn a_section_is_one_atom_and_brackets_in_flags_are_nothing_special() {
        assert_eq!(
            values("BODY[HEADER.FIELDS (FROM \"a]b\")]<0> x").unwrap(),
            [atom("BODY[HEADER.FIELDS (FROM \"a]b\")]<0>"), atom("x")]
        );
        assert_eq!(
            values("([a b] \\Seen x[)y").unwrap(),
            [
                Value::List(vec![atom("[a"), atom("b]"), atom("\\Seen"), atom("x[")]),
                atom("y")
            ]
        );
        assert_eq!(values("BODY[ x").unwrap(), [atom("BODY["), atom("x")]);
    }

    #[test]
    fn quoted_strings_lose_their_backslashes() {
        assert_eq!(
            values(r#""a\"b\\c" "" "open"#).unwrap(),
            ["a\"b\\c", "", "open"].map(|text| Value::Quoted(Bytes::from_static(text.as_bytes())))
        );
    }

    #[test]
    fn literals_are_announced_at_the_end_of_a_line_only() {
        let announced =
            |text: &'static str| Tokens::new(9).line(&Bytes::from_static(text.as_bytes()));
        assert_eq!(announced("x {12}"), Ok(Some(12)));
        assert_eq!(announced("BODY[]{12}"), Ok(Some(12)));
        assert_eq!(announced("x ~{12}"), Ok(Some(12)));
        assert_eq!(announced("x {12+}"), Ok(Some(12)));
        assert_eq!(announced("x {12} y"), Ok(None));
        assert_eq!(announced("x \"{12}"), Ok(None));
        assert_eq!(announced("{18446744073709551616}"), Ok(None));
    }

    #[test]
    fn unbalanced_parentheses_are_reported() {
        assert_eq!(values("(a"), None);
        assert_eq!(values("a)"), None);
        assert_eq!(values("(a)(b)").unwrap().len(), 2);
    }

    #[test]
    fn a_nesting_bomb_is_stopped_at_the_limit() {
        let mut tokens = Tokens::new(100);
        assert_eq!(tokens.line(&Bytes::from(vec![b'('; 100])), Ok(None));
        let over = tokens.line(&Bytes::from_static(b"("));
        assert_eq!(
            over,
            Err(OverLimit {
                what: "list nesting",
                max: 100
            })
        );
    }

    /// Returns the values of a FETCH response, whether it is balanced, and its incomplete items.
    fn fetched(line: &str, max_nesting: usize) -> (Vec<Value>, bool, Vec<Bytes>) {
        let mut tokens = Tokens::new(max_nesting);
        assert_eq!(
            tokens.line(&Bytes::copy_from_slice(line.as_bytes())),
            Ok(None)
        );
        let cut = tokens.take_cut();
        let (values, balanced) = tokens.finish();
        (values, balanced, cut)
    }

    #[test]
    fn what_nests_too_deep_in_an_item_is_left_out_and_the_items_around_it_stay() {
        let deep = alloc::format!(
            "1 FETCH (UID 7 BODYSTRUCTURE (a ((((b (c) {}{} d)))) e) RFC822.SIZE 9)",
            "(".repeat(100_000),
            ")".repeat(100_000)
        );
        let (values, balanced, cut) = fetched(&deep, 4);
        assert!(balanced);
        assert_eq!(cut, ["BODYSTRUCTURE"]);
        let Some(Value::List(items)) = values.last() else {
            panic!("{values:?}")
        };
        assert_eq!(items.len(), 6);
        assert_eq!(items[1], atom("7"));
        assert_eq!(items[5], atom("9"));
        // The next response is parsed as usual.
        assert_eq!(fetched("1 FETCH (UID 7)", 4).2, [""; 0]);
    }

    #[test]
    fn values_beyond_the_limit_are_left_out_of_their_message_alone() {
        let many = alloc::format!("1 FETCH (UID 7 X-A ({}) UID 9)", "a (b) ".repeat(200_000));
        let (values, balanced, cut) = fetched(&many, 100);
        assert!(balanced);
        // The values after the list exceed the limit as well.
        assert_eq!(cut, ["X-A", ""]);
        let Some(Value::List(items)) = values.last() else {
            panic!("{values:?}")
        };
        assert_eq!(items[..2], [atom("UID"), atom("7")]);
        let mut tokens = Tokens::new(100);
        let elsewhere = Bytes::from("a ".repeat(300_000));
        assert!(tokens.line(&elsewhere).is_err());
    }

    #[test]
    fn a_list_that_is_left_out_and_never_ends_is_unbalanced() {
        let (_, balanced, cut) = fetched("1 FETCH (BODYSTRUCTURE ((((((", 4);
        assert!(!balanced);
        assert_eq!(cut, ["BODYSTRUCTURE"]);
    }
}
