//! Reads whole commands from the wire: lines with their literals (RFC 3501 §4.3, RFC 7888).

use std::time::Duration;

use bytes::{Bytes, BytesMut};

use crate::MAX_MESSAGE_BYTES;
use crate::wire::{Wire, WireError};

/// Maximum length of a command in bytes, without its literals.
pub(crate) const MAX_LINE_BYTES: usize = 64 * 1024;
/// Maximum size of all literals of a command together, except for `APPEND`.
const MAX_LITERALS_BYTES: usize = 64 * 1024;
/// Maximum size of a non-synchronising literal that is skipped.
const MAX_SKIPPED_BYTES: u64 = 1 << 30;
const MAX_LITERALS: usize = 100;

/// The input received from the client.
#[derive(Debug)]
pub(crate) enum Received {
    /// A command with its literals in place, without the last CRLF.
    Command(Bytes),
    /// A literal exceeded the limit; the first line names the command.
    TooBig { first_line: Bytes },
}

/// Reads one command; requests synchronising literals within the limit.
pub(crate) async fn command(
    wire: &mut Wire,
    may_append: bool,
    idle: Duration,
) -> Result<Received, WireError> {
    let first_line = wire.line(MAX_LINE_BYTES, idle).await?;
    let Some(mut literal) = Literal::at_end_of(&first_line) else {
        return Ok(Received::Command(first_line));
    };
    let max_bytes = if may_append && is_append(&first_line) {
        MAX_MESSAGE_BYTES
    } else {
        MAX_LITERALS_BYTES
    };
    let mut remaining_bytes = max_bytes;
    let mut too_big = false;
    let mut command = BytesMut::from(&*first_line);
    for _ in 0..MAX_LITERALS {
        match usize::try_from(literal.len)
            .ok()
            .filter(|len| !too_big && *len <= remaining_bytes)
        {
            Some(len) => {
                if literal.is_synchronising {
                    wire.push("+ go on\r\n");
                }
                let octets = wire.exactly(len, idle).await?;
                remaining_bytes -= len;
                command.extend_from_slice(b"\r\n");
                command.extend_from_slice(&octets);
            }
            None if literal.is_synchronising => return Ok(Received::TooBig { first_line }),
            None if literal.len > MAX_SKIPPED_BYTES => {
                return Err(WireError::LineTooLong(max_bytes));
            }
            None => {
                // The client sends it without waiting, so it is read to find the next command.
                wire.skip(literal.len, idle).await?;
                too_big = true;
            }
        }
        let line = wire.line(MAX_LINE_BYTES, idle).await?;
        if !too_big {
            command.extend_from_slice(&line);
        }
        match Literal::at_end_of(&line) {
            Some(next) => literal = next,
            None if too_big => return Ok(Received::TooBig { first_line }),
            None => return Ok(Received::Command(command.freeze())),
        }
    }
    Err(WireError::LineTooLong(MAX_LINE_BYTES))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Literal {
    len: u64,
    is_synchronising: bool,
}

impl Literal {
    /// Parses `{len}` or `{len+}` at the end of a line.
    fn at_end_of(line: &[u8]) -> Option<Self> {
        let inside = line.strip_suffix(b"}")?;
        let at = memchr::memrchr(b'{', inside)?;
        let digits = inside.get(at + 1..)?;
        let (digits, is_synchronising) = match digits.strip_suffix(b"+") {
            Some(digits) => (digits, false),
            None => (digits, true),
        };
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let len = std::str::from_utf8(digits)
            .ok()?
            .parse()
            .unwrap_or(u64::MAX);
        Some(Self {
            len,
            is_synchronising,
        })
    }
}

fn is_append(line: &[u8]) -> bool {
    let command = line.split(|octet| *octet == b' ').nth(1);
    command.is_some_and(|name| name.eq_ignore_ascii_case(b"APPEND"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_is_recognised_at_the_end_of_a_line_only() {
        let found = |line: &str| {
            Literal::at_end_of(line.as_bytes())
                .map(|literal| (literal.len, literal.is_synchronising))
        };
        assert_eq!(found("a LOGIN {4}"), Some((4, true)));
        assert_eq!(found("a LOGIN {4+}"), Some((4, false)));
        assert_eq!(
            found("a LOGIN {99999999999999999999999}"),
            Some((u64::MAX, true))
        );
        for line in [
            "a LOGIN {4} x",
            "a LOGIN {}",
            "a LOGIN {+}",
            "a LOGIN {-1}",
            "a LOGIN 4}",
            "a SEARCH \"{4}\"",
        ] {
            assert_eq!(found(line), None, "{line}");
        }
    }
}
