//! Encoding of a message for `DATA` or `BDAT` (RFC 5321 §4.5.2, §2.3.8, RFC 3030 §2).

use alloc::vec::Vec;

use memchr::memchr3;

/// Encodes a message for sending: line ends become CRLF, then, for `DATA`, lines that begin with a
/// dot get another one.
///
/// No bare CR or LF is sent, whatever the input is: a server that takes `LF . LF` for the end of a
/// message would otherwise accept a second message inside the first (SMTP smuggling such as
/// CVE-2023-51764). Lines are not folded: the composer limits them to 998 octets.
#[derive(Debug, Clone, Copy)]
pub struct BodyEncoder {
    stuffs_dots: bool,
    is_line_start: bool,
    /// The last octet was a CR, which is not written yet: its LF may be in the next piece.
    has_open_cr: bool,
}

/// The message contains a NUL, which servers may refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message holds a NUL")]
pub struct NulInBody;

/// Creates the encoder for `DATA`.
impl Default for BodyEncoder {
    fn default() -> Self {
        Self {
            stuffs_dots: true,
            is_line_start: true,
            has_open_cr: false,
        }
    }
}

impl BodyEncoder {
    /// Creates the encoder for `BDAT`, which counts octets and needs no dot-stuffing.
    pub fn for_bdat() -> Self {
        Self {
            stuffs_dots: false,
            ..Self::default()
        }
    }

    /// Encodes the next piece of the message, split anywhere, and appends it to `out`.
    ///
    /// # Errors
    /// The piece contains a NUL; the caller must not send the content of `out`.
    pub fn encode(&mut self, mut piece: &[u8], out: &mut Vec<u8>) -> Result<(), NulInBody> {
        out.reserve(piece.len().saturating_add(64));
        while let Some((&first, rest)) = piece.split_first() {
            if self.has_open_cr {
                self.end_line(out);
                piece = if first == b'\n' { rest } else { piece };
                continue;
            }
            if self.stuffs_dots && self.is_line_start && first == b'.' {
                out.push(b'.');
            }
            let (run, behind) = piece
                .split_at_checked(self.run_len(piece)?)
                .unwrap_or((piece, &[]));
            piece = match (run, first) {
                ([], b'\n') => {
                    self.end_line(out);
                    rest
                }
                ([], _) => {
                    self.has_open_cr = true;
                    rest
                }
                (run, _) => {
                    out.extend_from_slice(run);
                    self.is_line_start = run.ends_with(b"\r\n");
                    behind
                }
            };
        }
        Ok(())
    }

    /// Returns the number of octets that are sent unchanged: up to a line end that is not CRLF, or
    /// a line that begins with a dot. Most messages have neither.
    fn run_len(&self, piece: &[u8]) -> Result<usize, NulInBody> {
        let mut len: usize = 0;
        loop {
            let rest = piece.get(len..).unwrap_or_default();
            let Some(at) = memchr3(b'\r', b'\n', 0, rest) else {
                return Ok(piece.len());
            };
            len = len.saturating_add(at);
            let behind = match rest.get(at..) {
                Some([b'\r', b'\n', behind @ ..]) => behind,
                Some([0, ..]) => return Err(NulInBody),
                _ => return Ok(len),
            };
            len = len.saturating_add(2);
            if self.stuffs_dots && behind.first() == Some(&b'.') {
                return Ok(len);
            }
        }
    }

    /// Ends the message and adds a missing CRLF to its last line. The final dot is not written.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if self.has_open_cr || !self.is_line_start {
            self.end_line(out);
        }
    }

    fn end_line(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\r\n");
        self.is_line_start = true;
        self.has_open_cr = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use proptest::prelude::*;

    fn encode(pieces: &[&[u8]]) -> Result<Vec<u8>, NulInBody> {
        let mut encoder = BodyEncoder::default();
        let mut out = Vec::new();
        for piece in pieces {
            encoder.encode(piece, &mut out)?;
        }
        encoder.finish(&mut out);
        Ok(out)
    }

    fn encoded(text: &str) -> String {
        String::from_utf8(encode(&[text.as_bytes()]).unwrap()).unwrap()
    }

    /// Returns a message with CRLF line ends, computed independently of the encoder.
    fn normalised(text: &str) -> String {
        let text = text
            .replace("\r\n", "\n")
            .replace('\r', "\n")
            .replace('\n', "\r\n");
        if text.is_empty() || text.ends_with("\r\n") {
            text
        } else {
            text + "\r\n"
        }
    }

    /// Removes the dot-stuffing as a server does.
    fn destuffed(wire: &str) -> String {
        wire.split_inclusive("\r\n")
            .map(|line| line.strip_prefix('.').unwrap_or(line))
            .collect()
    }

    #[test]
    fn rfc5321_4_5_2_lines_that_begin_with_a_dot_get_another() {
        assert_eq!(
            encoded("a\r\n.b\r\n.\r\n..c\r\n"),
            "a\r\n..b\r\n..\r\n...c\r\n"
        );
        assert_eq!(encoded(".first"), "..first\r\n");
        assert_eq!(encoded("a.b\r\n c.\r\n"), "a.b\r\n c.\r\n");
    }

    #[test]
    fn the_last_line_ends_once() {
        assert_eq!(encoded(""), "");
        assert_eq!(encoded("a"), "a\r\n");
        assert_eq!(encoded("a\n"), "a\r\n");
        assert_eq!(encoded("a\r"), "a\r\n");
        assert_eq!(encoded("a\r\n"), "a\r\n");
        assert_eq!(encoded("a\r\n\r\n"), "a\r\n\r\n");
    }

    // docs/protocols.md, SMTP: MAIL, RCPT, DATA
    #[test]
    fn no_smuggled_end_of_message_survives() {
        for inner in [
            "\n.\n",
            "\n.\r\n",
            "\r.\r",
            "\r\n.\r",
            "\r\n.\n",
            "\r.\r\n",
            "\r\r\n.\r\r\n",
            "\r\n\r\n.\r\n",
        ] {
            let wire = encoded(&alloc::format!("a{inner}MAIL FROM:<evil@example>"));
            assert!(!wire.contains("\r\n.\r\n"), "{inner:?} became {wire:?}");
            assert!(wire.contains("\r\n..\r\n"), "{inner:?} became {wire:?}");
            assert!(
                !wire.replace("\r\n", "").contains(['\r', '\n']),
                "{inner:?} became {wire:?}"
            );
        }
    }

    #[test]
    fn a_nul_is_refused_at_every_position() {
        assert_eq!(encode(&[b"a\r\nb\0c"]), Err(NulInBody));
        assert_eq!(encode(&[b"a", b"\0"]), Err(NulInBody));
    }

    #[test]
    fn rfc3030_2_bdat_gets_the_same_lines_without_more_dots() {
        let mut encoder = BodyEncoder::for_bdat();
        let mut out = Vec::new();
        encoder.encode(b".a\n..\r.\r\n", &mut out).unwrap();
        encoder.encode(b".b", &mut out).unwrap();
        encoder.finish(&mut out);
        assert_eq!(out, b".a\r\n..\r\n.\r\n.b\r\n");
        assert_eq!(encoder.encode(b"\0", &mut out), Err(NulInBody));
    }

    #[test]
    fn octets_above_127_pass() {
        assert_eq!(encode(&[b"\xb0\xa1\xff"]).unwrap(), b"\xb0\xa1\xff\r\n");
    }

    proptest! {
        #[test]
        fn a_server_gets_the_normalised_message(text in "[.a\\r\\n]{0,60}") {
            let wire = encoded(&text);
            prop_assert_eq!(destuffed(&wire), normalised(&text));
            let whole = alloc::format!("\r\n{wire}");
            prop_assert!(!whole.contains("\r\n.\r\n"), "an end inside {:?}", wire);
        }

        #[test]
        fn cuts_change_nothing(text in "[.a\\r\\n]{0,40}", at in 0usize..40, then in 0usize..40) {
            let text = text.as_bytes();
            let first = at.min(text.len());
            let second = (first + then).min(text.len());
            let pieces = [&text[..first], &text[first..second], &text[second..]];
            prop_assert_eq!(encode(&pieces), encode(&[text]));
        }

        #[test]
        fn no_bare_line_end_ever_leaves(body in proptest::collection::vec(1u8.., 0..200)) {
            let wire = encode(&[&body]).unwrap();
            for (n, byte) in wire.iter().enumerate() {
                match byte {
                    b'\r' => prop_assert_eq!(wire.get(n + 1), Some(&b'\n')),
                    b'\n' => prop_assert!(n > 0 && wire[n - 1] == b'\r'),
                    _ => {}
                }
            }
        }
    }
}
