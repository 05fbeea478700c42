//! The tokens of a response, gathered into a tree of values as its lines arrive.

use alloc::vec::Vec;

use bytes::{Buf as _, Bytes};

use super::value::Value;
use crate::limits::OverLimit;

/// The most values of one response, a list counted twice for the room that it takes. A line of the
/// longest length could hold half a million, which is fifty times its own size; a SEARCH of that
/// length names 155,000 messages.
const MAX_VALUES: usize = 250_000;

/// A value tree under construction. A response is one line or, with literals, several.
#[derive(Debug)]
pub(crate) struct Tokens {
    /// The lists that are open; the first is the response itself.
    open: Vec<Vec<Value>>,
    unbalanced: bool,
    max_nesting: usize,
    /// How many values there are so far.
    values: usize,
}

impl Tokens {
    pub(crate) fn new(max_nesting: usize) -> Self {
        Self {
            open: Vec::new(),
            unbalanced: false,
            max_nesting,
            values: 0,
        }
    }

    /// Reads one line, without its end. Returns the size of the literal that it announces.
    pub(crate) fn line(&mut self, line: &Bytes) -> Result<Option<u64>, OverLimit> {
        let mut rest = line.clone();
        while let Some(first) = rest.first() {
            if self.values > MAX_VALUES {
                return Err(OverLimit {
                    what: "values of a response",
                    max: MAX_VALUES as u64,
                });
            }
            match first {
                b' ' => rest.advance(1),
                b'(' => {
                    rest.advance(1);
                    self.open_list()?;
                }
                b')' => {
                    rest.advance(1);
                    self.close_list();
                }
                b'"' => {
                    let quoted = take_quoted(&mut rest);
                    self.push(Value::Quoted(quoted));
                }
                _ => {
                    if let Some(size_bytes) = announced_literal(&rest) {
                        return Ok(Some(size_bytes));
                    }
                    let len = atom_len(&rest).max(1).min(rest.len());
                    let atom = rest.split_to(len);
                    self.push(Value::Atom(atom));
                }
            }
        }
        Ok(None)
    }

    /// Adds a value to the innermost list.
    pub(crate) fn push(&mut self, value: Value) {
        self.values += 1;
        match self.open.last_mut() {
            Some(list) => list.push(value),
            None => self.open.push([value].into()),
        }
    }

    /// The lists that are open, outermost first.
    pub(crate) fn open_lists(&self) -> &[Vec<Value>] {
        &self.open
    }

    /// Ends the response. `false` if its parentheses do not match: then they are closed here.
    pub(crate) fn finish(&mut self) -> (Vec<Value>, bool) {
        let balanced = !self.unbalanced && self.open.len() <= 1;
        while self.open.len() > 1 {
            self.close_list();
        }
        self.unbalanced = false;
        self.values = 0;
        (self.open.pop().unwrap_or_default(), balanced)
    }

    fn open_list(&mut self) -> Result<(), OverLimit> {
        if self.open.is_empty() {
            self.open.push(Vec::new());
        }
        if self.open.len() > self.max_nesting {
            return Err(OverLimit {
                what: "list nesting",
                max: self.max_nesting as u64,
            });
        }
        self.open.push(Vec::new());
        self.values += 1;
        Ok(())
    }

    fn close_list(&mut self) {
        if self.open.len() < 2 {
            self.unbalanced = true;
            return;
        }
        if let Some(list) = self.open.pop() {
            self.push(Value::List(list));
        }
    }
}

/// Reads the values of a text that holds no literal, such as the arguments of a response code.
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

/// Takes a quoted string; one without its end is taken to the end of the line.
fn take_quoted(rest: &mut Bytes) -> Bytes {
    rest.advance(1);
    let Some(special) = memchr::memchr2(b'"', b'\\', rest) else {
        return rest.split_off(0);
    };
    if rest.get(special) == Some(&b'"') {
        let quoted = rest.split_to(special);
        rest.advance(1);
        return quoted;
    }
    let mut text = Vec::new();
    while let Some(byte) = pop(rest) {
        match byte {
            b'"' => break,
            b'\\' => text.extend(pop(rest)),
            _ => text.push(byte),
        }
    }
    text.into()
}

fn pop(rest: &mut Bytes) -> Option<u8> {
    let byte = *rest.first()?;
    rest.advance(1);
    Some(byte)
}

/// Reads `{n}`, `{n+}` or `~{n}` at the very end of a line.
fn announced_literal(rest: &[u8]) -> Option<u64> {
    let rest = rest.strip_prefix(b"~").unwrap_or(rest);
    let digits = rest.strip_prefix(b"{")?.strip_suffix(b"}")?;
    super::number::parse_u64(digits.strip_suffix(b"+").unwrap_or(digits))
}

/// Returns how many bytes the atom at the front has.
///
/// Brackets belong to an atom (flags hold them). Only behind BODY and BINARY they enclose a
/// section, with its spaces and lists.
fn atom_len(rest: &[u8]) -> usize {
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

/// Returns the length of `[…]`, or nothing if the bracket does not close on this line.
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
    fn parentheses_that_do_not_match_are_told() {
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
}
