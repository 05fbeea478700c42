//! Strict parser of the client's side of RFC 9051 §9: it panics on anything that is not allowed.

/// A word of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    /// An atom, a number, a set or a flag.
    Atom(Vec<u8>),
    /// A quoted string or a literal.
    Text(Vec<u8>),
    Open,
    Close,
}

impl Word {
    pub(super) fn atom(text: impl AsRef<[u8]>) -> Self {
        Self::Atom(text.as_ref().to_vec())
    }

    pub(super) fn text(text: impl AsRef<[u8]>) -> Self {
        Self::Text(text.as_ref().to_vec())
    }
}

/// The server's result for the bytes received so far.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ParseResult {
    /// A complete command, up to its last byte.
    Command(Vec<Word>),
    /// An announced literal that waits for `+`.
    NeedsContinuation,
}

/// Parses one command. `allowed_bytes` is the maximum length of a literal that may be sent without
/// waiting.
pub(super) fn read(bytes: &[u8], allowed_bytes: u64) -> ParseResult {
    let mut reader = Reader { rest: bytes };
    let mut words = Vec::new();
    loop {
        match reader.peek() {
            b'\r' => {
                reader.expect(b"\r\n");
                assert!(reader.rest.is_empty(), "more than one line");
                return ParseResult::Command(words);
            }
            b' ' => {
                reader.expect(b" ");
                assert!(!words.is_empty(), "a space in front");
                let next = reader.peek();
                assert!(!matches!(next, b' ' | b'\r' | b')'), "a space too many");
            }
            b'(' => {
                reader.expect(b"(");
                words.push(Word::Open);
            }
            b')' => {
                reader.expect(b")");
                words.push(Word::Close);
            }
            b'"' => words.push(reader.quoted()),
            b'{' => match reader.literal(allowed_bytes) {
                Some(word) => words.push(word),
                None => return ParseResult::NeedsContinuation,
            },
            _ => words.push(reader.atom()),
        }
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn peek(&self) -> u8 {
        *self.rest.first().expect("the command ends in CRLF")
    }

    fn take(&mut self) -> u8 {
        let byte = self.peek();
        self.rest = &self.rest[1..];
        byte
    }

    fn expect(&mut self, text: &[u8]) {
        self.rest = self.rest.strip_prefix(text).expect("what has to follow");
    }

    fn quoted(&mut self) -> Word {
        self.expect(b"\"");
        let mut text = Vec::new();
        loop {
            match self.take() {
                b'"' => return Word::Text(text),
                b'\\' => {
                    let escaped = self.take();
                    assert!(
                        matches!(escaped, b'"' | b'\\'),
                        "a backslash before {escaped}"
                    );
                    text.push(escaped);
                }
                byte => {
                    assert!(byte.is_ascii() && !matches!(byte, b'\r' | b'\n' | 0));
                    text.push(byte);
                }
            }
        }
    }

    fn literal(&mut self, allowed_bytes: u64) -> Option<Word> {
        self.expect(b"{");
        let mut size_bytes = 0_u64;
        let mut digits = 0;
        while self.peek().is_ascii_digit() {
            size_bytes = size_bytes * 10 + u64::from(self.take() - b'0');
            digits += 1;
        }
        assert!(digits > 0, "a literal without its size");
        let is_non_synchronizing = self.peek() == b'+';
        if is_non_synchronizing {
            self.expect(b"+");
            assert!(
                size_bytes <= allowed_bytes,
                "{size_bytes} bytes without waiting"
            );
        }
        self.expect(b"}\r\n");
        if !is_non_synchronizing && self.rest.is_empty() {
            return None;
        }
        let len = usize::try_from(size_bytes).expect("a size");
        assert!(self.rest.len() >= len, "a literal shorter than its size");
        let (text, rest) = self.rest.split_at(len);
        self.rest = rest;
        Some(Word::text(text))
    }

    /// Parses an atom, a flag with its backslash, or a set with its star.
    fn atom(&mut self) -> Word {
        let mut text = Vec::new();
        while !matches!(self.peek(), b' ' | b'(' | b')' | b'\r') {
            let byte = self.take();
            let is_allowed = byte.is_ascii_graphic() && !matches!(byte, b'"' | b'{' | b'%');
            assert!(is_allowed, "byte {byte} in an atom");
            assert!(
                byte != b'\\' || text.is_empty(),
                "a backslash inside an atom"
            );
            text.push(byte);
        }
        assert!(!text.is_empty(), "an empty atom");
        Word::Atom(text)
    }
}
