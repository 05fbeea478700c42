//! Content-Transfer-Encoding, streamed: decoders that keep their state across any chunk boundary,
//! and the base64 encoder for attachments. The crate base64 converts whole quanta and lines.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, NO_PAD, STANDARD};
use memchr::memchr3;

/// Decodes quanta without padding, also with bits that should be zero.
const UNPADDED: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const LENIENT: GeneralPurposeConfig = NO_PAD.with_decode_allow_trailing_bits(true);

/// The encoding of a part's octets (RFC 2045 §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TransferEncoding {
    /// Short lines of ASCII; the default.
    #[default]
    SevenBit,
    /// Short lines of octets.
    EightBit,
    /// Any octets.
    Binary,
    /// `=XX` for octets that are not printable ASCII.
    QuotedPrintable,
    /// Base64.
    Base64,
    /// An unknown name; the octets are passed through and are not text (RFC 2045 §6.4).
    Unknown,
}

impl TransferEncoding {
    /// Returns the encoding of a field's value, in any case, ignoring comments or junk after it.
    pub fn from_label(label: &str) -> Self {
        let token = label
            .trim()
            .split(|c: char| c.is_whitespace() || matches!(c, ';' | '(' | ','))
            .next()
            .unwrap_or_default()
            .trim_matches('"');
        match token.to_ascii_lowercase().as_str() {
            "" | "7bit" | "7-bit" => Self::SevenBit,
            "8bit" | "8-bit" => Self::EightBit,
            "binary" => Self::Binary,
            "quoted-printable" => Self::QuotedPrintable,
            "base64" => Self::Base64,
            _ => Self::Unknown,
        }
    }
}

/// Maximum length of white space at a line's end that is buffered; RFC 2045 §6.7 drops it.
const PENDING_WHITESPACE_MAX: usize = 1024;

/// Decodes one part as its octets arrive.
///
/// The output does not depend on how the input is cut into chunks. Damage is skipped and is never
/// an error: the readable rest is decoded, and [`Decoder::is_damaged`] reports the damage.
#[derive(Debug)]
pub struct Decoder {
    state: State,
    is_damaged: bool,
}

#[derive(Debug)]
enum State {
    Identity,
    /// The characters that do not yet fill a quantum.
    Base64 {
        open: Vec<u8>,
    },
    QuotedPrintable {
        pending: Vec<u8>,
        escape: Escape,
    },
}

/// State of an escape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Escape {
    None,
    Equals,
    Digit(u8),
    /// `=` and then white space: a soft break if the line ends here.
    Blank,
    /// `=` CR: a soft break; its LF is skipped.
    CarriageReturn,
}

impl Decoder {
    /// Creates a decoder for one part.
    pub fn new(encoding: TransferEncoding) -> Self {
        let state = match encoding {
            TransferEncoding::SevenBit
            | TransferEncoding::EightBit
            | TransferEncoding::Binary
            | TransferEncoding::Unknown => State::Identity,
            TransferEncoding::Base64 => State::Base64 { open: Vec::new() },
            TransferEncoding::QuotedPrintable => State::QuotedPrintable {
                pending: Vec::new(),
                escape: Escape::None,
            },
        };
        Self {
            state,
            is_damaged: false,
        }
    }

    /// Decodes the next octets and appends the result to `out`.
    pub fn push(&mut self, input: &[u8], out: &mut Vec<u8>) {
        match &mut self.state {
            State::Identity => out.extend_from_slice(input),
            State::Base64 { open } => {
                open.reserve(input.len());
                let is_digit = |octet: &u8| matches!(octet, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/');
                for line in input.split_inclusive(|octet| !is_digit(octet)) {
                    let (digits, other) = match line.split_last() {
                        Some((last, digits)) if !is_digit(last) => (digits, Some(*last)),
                        _ => (line, None),
                    };
                    open.extend_from_slice(digits);
                    match other {
                        None | Some(b' ' | b'\t' | b'\r' | b'\n') => {}
                        // Padding ends a quantum; concatenated base64 texts are common.
                        Some(b'=') => self.is_damaged |= flush_base64(open, out),
                        Some(_) => self.is_damaged = true,
                    }
                }
                let rest = open.split_off(open.len() - open.len() % 4);
                flush_base64(open, out);
                *open = rest;
            }
            State::QuotedPrintable { pending, escape } => {
                out.reserve(input.len());
                let mut rest = input;
                while let Some((&octet, tail)) = rest.split_first() {
                    if *escape == Escape::None
                        && let Some(after) = quoted_printable_run(rest, pending, out)
                    {
                        rest = after;
                        continue;
                    }
                    self.is_damaged |= quoted_printable(octet, pending, escape, out);
                    rest = tail;
                }
            }
        }
    }

    /// Ends the part: appends the pending octets.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Finished {
        match &mut self.state {
            State::Identity => {}
            State::Base64 { open } => {
                self.is_damaged |= !open.is_empty();
                flush_base64(open, out);
            }
            State::QuotedPrintable { pending, escape } => match *escape {
                Escape::None => out.append(pending),
                Escape::Equals | Escape::Blank | Escape::CarriageReturn => {}
                Escape::Digit(digit) => {
                    out.extend_from_slice(&[b'=', digit]);
                    self.is_damaged = true;
                }
            },
        }
        Finished {
            is_damaged: self.is_damaged,
        }
    }

    /// Whether the input held octets that the encoding does not allow.
    pub fn is_damaged(&self) -> bool {
        self.is_damaged
    }
}

/// The result of a finished part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finished {
    /// Whether the input held octets that the encoding does not allow, or the end was missing.
    pub is_damaged: bool,
}

/// Decodes a whole part.
pub fn decode(input: &[u8], encoding: TransferEncoding) -> Vec<u8> {
    let mut out = Vec::new();
    let mut decoder = Decoder::new(encoding);
    decoder.push(input, &mut out);
    decoder.finish(&mut out);
    out
}

/// Writes the octets of the open characters. Returns whether one was left that makes no octet.
fn flush_base64(open: &mut Vec<u8>, out: &mut Vec<u8>) -> bool {
    let is_damaged = open.len() % 4 == 1;
    if is_damaged {
        open.pop();
    }
    let is_decoded = UNPADDED.decode_vec(&open, out).is_ok();
    open.clear();
    is_damaged || !is_decoded
}

/// Decodes what stands at the beginning of `input` if it is a whole escape, or octets of one line
/// that stand for themselves; the white space at their end is left. Returns the rest; `None` if it
/// begins with something else. [`quoted_printable`] would decode the same, octet by octet.
fn quoted_printable_run<'i>(
    input: &'i [u8],
    pending: &mut Vec<u8>,
    out: &mut Vec<u8>,
) -> Option<&'i [u8]> {
    if let [b'=', high, low, rest @ ..] = input {
        let octet = hex(*high)? << 4 | hex(*low)?;
        out.append(pending);
        out.push(octet);
        return Some(rest);
    }
    let is_blank = |octet: &u8| matches!(octet, b' ' | b'\t');
    // White space is decoded octet by octet: looking for its end at each would be quadratic.
    if input.first().is_some_and(is_blank) {
        return None;
    }
    let length = memchr3(b'=', b'\r', b'\n', input).unwrap_or(input.len());
    let (line, _) = input.split_at_checked(length)?;
    let length = line.iter().rposition(|octet| !is_blank(octet))? + 1;
    let (run, rest) = input.split_at_checked(length)?;
    out.append(pending);
    out.extend_from_slice(run);
    Some(rest)
}

/// Decodes one octet of quoted-printable (RFC 2045 §6.7). Returns whether it was invalid there.
fn quoted_printable(
    octet: u8,
    pending: &mut Vec<u8>,
    escape: &mut Escape,
    out: &mut Vec<u8>,
) -> bool {
    match *escape {
        Escape::Equals => {
            match octet {
                b'0'..=b'9' | b'A'..=b'F' | b'a'..=b'f' => *escape = Escape::Digit(octet),
                b'\n' => *escape = Escape::None,
                b'\r' => *escape = Escape::CarriageReturn,
                b' ' | b'\t' => *escape = Escape::Blank,
                _ => {
                    out.push(b'=');
                    *escape = Escape::None;
                    quoted_printable(octet, pending, escape, out);
                    return true;
                }
            }
            false
        }
        Escape::Digit(first) => {
            *escape = Escape::None;
            match (hex(first), hex(octet)) {
                (Some(high), Some(low)) => {
                    out.push(high << 4 | low);
                    false
                }
                _ => {
                    out.extend_from_slice(&[b'=', first]);
                    quoted_printable(octet, pending, escape, out);
                    true
                }
            }
        }
        Escape::Blank => match octet {
            b' ' | b'\t' => false,
            b'\n' => {
                *escape = Escape::None;
                false
            }
            b'\r' => {
                *escape = Escape::CarriageReturn;
                false
            }
            _ => {
                out.extend_from_slice(b"= ");
                *escape = Escape::None;
                quoted_printable(octet, pending, escape, out);
                true
            }
        },
        Escape::CarriageReturn => {
            *escape = Escape::None;
            if octet == b'\n' {
                return false;
            }
            quoted_printable(octet, pending, escape, out)
        }
        Escape::None => {
            match octet {
                b' ' | b'\t' => {
                    if pending.len() == PENDING_WHITESPACE_MAX {
                        out.append(pending);
                    }
                    pending.push(octet);
                }
                b'\r' | b'\n' => {
                    pending.clear();
                    out.push(octet);
                }
                b'=' => {
                    out.append(pending);
                    *escape = Escape::Equals;
                }
                _ => {
                    out.append(pending);
                    out.push(octet);
                }
            }
            false
        }
    }
}

/// Returns the value of a hexadecimal digit.
pub(crate) fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Number of octets that fill one line of 76 characters.
const LINE_OCTETS: usize = 57;
/// Maximum length of a line in a message (RFC 5322 §2.1.1), without its end.
const LINE_MAX_OCTETS: usize = 998;

/// Encodes an attachment as base64 lines of 76 characters with CRLF, as its octets arrive.
#[derive(Debug, Default)]
pub struct Encoder {
    /// The octets that do not yet fill a line.
    open: Vec<u8>,
}

impl Encoder {
    /// Creates an encoder for one attachment.
    pub fn new() -> Self {
        Self::default()
    }

    /// Encodes the next octets and appends whole lines to `out`.
    pub fn push(&mut self, input: &[u8], out: &mut Vec<u8>) {
        self.open.extend_from_slice(input);
        let lines = self.open.chunks_exact(LINE_OCTETS);
        let rest = lines.remainder().to_vec();
        lines.for_each(|line| write_line(line, out));
        self.open = rest;
    }

    /// Ends the attachment: writes the last line with its padding.
    pub fn finish(self, out: &mut Vec<u8>) {
        if !self.open.is_empty() {
            write_line(&self.open, out);
        }
    }
}

fn write_line(octets: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(STANDARD.encode(octets).as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Finds out whether octets can be sent as they are, with the encoding `7bit` (RFC 2045 §2.7): ASCII
/// without NUL, in lines of at most 998 octets that end in CRLF.
#[derive(Debug, Clone, Default)]
pub struct SevenBitScan {
    line_octets: usize,
    is_after_cr: bool,
    is_violated: bool,
}

impl SevenBitScan {
    /// Reads the next octets.
    pub fn push(&mut self, octets: &[u8]) {
        for octet in octets {
            let is_line_end = *octet == b'\n';
            if is_line_end != self.is_after_cr || *octet == 0 || !octet.is_ascii() {
                self.is_violated = true;
                return;
            }
            self.is_after_cr = *octet == b'\r';
            if is_line_end {
                self.line_octets = 0;
            } else if !self.is_after_cr {
                self.line_octets += 1;
                self.is_violated |= self.line_octets > LINE_MAX_OCTETS;
            }
        }
    }

    /// Ends the octets, and returns whether they can be sent as they are.
    pub fn finish(self) -> bool {
        !self.is_violated && !self.is_after_cr
    }
}

/// Returns the number of octets that [`Encoder`] writes for `raw_bytes`, line ends included.
pub fn encoded_size_bytes(raw_bytes: u64) -> u64 {
    let characters = raw_bytes.div_ceil(3).saturating_mul(4);
    characters.saturating_add(raw_bytes.div_ceil(LINE_OCTETS as u64).saturating_mul(2))
}

/// Returns about how many octets a part of `encoded_bytes` holds once decoded.
pub(crate) fn decoded_size_bytes(encoded_bytes: u64, encoding: TransferEncoding) -> u64 {
    match encoding {
        TransferEncoding::Base64 => {
            // 57 octets become 76 characters and CRLF.
            let lines = encoded_bytes / 78;
            let rest = encoded_bytes % 78;
            lines.saturating_mul(LINE_OCTETS as u64) + rest.saturating_mul(3) / 4
        }
        _ => encoded_bytes,
    }
}

#[cfg(test)]
mod tests;
