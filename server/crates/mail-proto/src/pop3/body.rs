//! Decoding of a message from `RETR` or `TOP` (RFC 1939 §3).

use alloc::vec::Vec;

use memchr::memmem;

/// Removes the dot-stuffing of a message and finds its end.
///
/// Only CRLF, a dot, CRLF ends a message: a lone dot between bare line feeds is a line of the
/// message. Bare CR and LF are left unchanged.
#[derive(Debug, Clone, Copy)]
pub struct BodyDecoder {
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// After a CRLF, or at the start of the message.
    LineStart,
    /// After a dot at the start of a line; the dot is not written.
    Dot,
    /// After a CR that follows such a dot; the CR is not written yet.
    DotCr,
    /// After a CR inside a line.
    Cr,
    Inside,
}

impl Default for BodyDecoder {
    fn default() -> Self {
        Self {
            state: State::LineStart,
        }
    }
}

impl BodyDecoder {
    /// Decodes the next input and appends it to `out`. Returns the number of consumed octets, which
    /// is less than all if the message ended, and whether it ended.
    ///
    /// ```abnf
    /// multi-line  = single-line *dot-stuffed "." CRLF ; behind single-line
    /// dot-stuffed = *CHAR CRLF ;must be dot-stuffed
    /// ```
    /// RFC 2449 §3.
    pub fn decode(&mut self, input: &[u8], out: &mut Vec<u8>) -> (usize, bool) {
        out.reserve(input.len());
        let dotted = memmem::Finder::new(b"\r\n.");
        let mut rest = input;
        while let Some((&first, behind)) = rest.split_first() {
            match (self.state, first) {
                (State::LineStart, b'.') => self.state = State::Dot,
                (State::Dot, b'\r') => self.state = State::DotCr,
                (State::DotCr, b'\n') => {
                    self.state = State::LineStart;
                    return (input.len().saturating_sub(behind.len()), true);
                }
                // The CR after the dot did not end the message: it belongs to the line.
                (State::DotCr, _) => {
                    out.push(b'\r');
                    self.state = State::Cr;
                    continue;
                }
                (State::Cr, b'\n') => {
                    out.push(b'\n');
                    self.state = State::LineStart;
                }
                (_, b'\r') => {
                    out.push(b'\r');
                    self.state = State::Cr;
                }
                (_, _) => {
                    // Copy up to the next line that begins with a dot; few lines do.
                    let line_start = dotted.find(rest).map(|at| at.saturating_add(2));
                    let end = line_start.unwrap_or(rest.len());
                    let (run, after) = rest.split_at_checked(end).unwrap_or((rest, &[]));
                    out.extend_from_slice(run);
                    self.state = match run {
                        [.., b'\r', b'\n'] => State::LineStart,
                        [.., b'\r'] => State::Cr,
                        _ => State::Inside,
                    };
                    rest = after;
                    continue;
                }
            }
            rest = behind;
        }
        (input.len(), false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use proptest::prelude::*;

    use crate::smtp::BodyEncoder;

    fn decode(input: &str) -> (String, usize, bool) {
        let mut out = Vec::new();
        let (used, is_over) = BodyDecoder::default().decode(input.as_bytes(), &mut out);
        (String::from_utf8(out).unwrap(), used, is_over)
    }

    // docs/protocols.md, POP3: RETR, TOP
    #[test]
    fn one_dot_is_taken_off_and_the_end_is_left_out() {
        assert_eq!(
            decode("a\r\n..b\r\n...\r\n.\r\n+OK"),
            ("a\r\n.b\r\n..\r\n".into(), 16, true)
        );
    }

    #[test]
    fn an_empty_message_is_its_end_alone() {
        assert_eq!(decode(".\r\n"), (String::new(), 3, true));
    }

    // docs/protocols.md, POP3: RETR, TOP
    #[test]
    fn only_crlf_dot_crlf_ends_a_message() {
        for input in [
            "a\n.\n",
            "a\n.\r\n",
            "a\r.\r",
            "a\r\n.\n",
            "a\r\n.\r",
            "a\r\n.",
            "a.\r\n",
            "a\r\n. \r\n",
        ] {
            assert!(!decode(input).2, "{input:?}");
        }
        assert!(decode("a\r\r\n.\r\n").2);
    }

    #[test]
    fn a_dot_that_does_not_end_the_message_is_removed() {
        assert_eq!(decode("a\r\n.\rb\r\n"), ("a\r\n\rb\r\n".into(), 8, false));
        assert_eq!(decode(".\r\r\n.\r\n"), ("\r\r\n".into(), 7, true));
    }

    proptest! {
        #[test]
        fn cuts_change_nothing(
            input in "[.a\r\n]{0,30}",
            cuts in proptest::collection::vec(0usize..30, 0..6),
        ) {
            let whole = decode(&input);
            let mut decoder = BodyDecoder::default();
            let (mut out, mut used, mut is_over, mut from) = (Vec::new(), 0, false, 0);
            let mut ends: Vec<usize> = cuts.into_iter().filter(|cut| *cut < input.len()).collect();
            ends.push(input.len());
            ends.sort_unstable();
            for end in ends {
                if !is_over {
                    let (n, over) = decoder.decode(&input.as_bytes()[from..end], &mut out);
                    used += n;
                    is_over = over;
                    from = end;
                }
            }
            prop_assert_eq!((String::from_utf8(out).unwrap(), used, is_over), whole);
        }

        #[test]
        fn a_body_encoded_by_smtp_round_trips(input in "[.a\r\n]{0,40}") {
            let mut encoder = BodyEncoder::default();
            let mut wire = Vec::new();
            encoder.encode(input.as_bytes(), &mut wire).unwrap();
            encoder.finish(&mut wire);
            wire.extend_from_slice(b".\r\n");
            let mut out = Vec::new();
            let (used, is_over) = BodyDecoder::default().decode(&wire, &mut out);
            prop_assert!(is_over);
            prop_assert_eq!(used, wire.len());
            let text = String::from_utf8(out).unwrap();
            prop_assert!(text.is_empty() || text.ends_with("\r\n"));
            prop_assert_eq!(text.replace("\r\n", "").contains(['\r', '\n']), false);
            let dots = |text: &str| text.matches('.').count();
            prop_assert_eq!(dots(&text), dots(&input));
        }
    }
}
