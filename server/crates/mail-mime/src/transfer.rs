//! Content-Transfer-Encoding, streamed: decoders that keep their state across any chunk boundary,
//! and the base64 encoder for attachments.

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
    Base64 { bits: u32, sextets: u8 },
    QuotedPrintable { pending: Vec<u8>, escape: Escape },
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
            TransferEncoding::Base64 => State::Base64 {
                bits: 0,
                sextets: 0,
            },
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
            State::Base64 { bits, sextets } => {
                out.reserve(input.len() / 4 * 3 + 3);
                for &octet in input {
                    match sextet(octet) {
                        Sextet::Value(value) => {
                            *bits = (*bits << 6) | u32::from(value);
                            *sextets += 1;
                            if *sextets == 4 {
                                let [_, a, b, c] = bits.to_be_bytes();
                                out.extend_from_slice(&[a, b, c]);
                                (*bits, *sextets) = (0, 0);
                            }
                        }
                        // Padding ends a quantum; concatenated base64 texts are common.
                        Sextet::Padding => {
                            self.is_damaged |= flush_base64(bits, sextets, out);
                        }
                        Sextet::Blank => {}
                        Sextet::Foreign => self.is_damaged = true,
                    }
                }
            }
            State::QuotedPrintable { pending, escape } => {
                out.reserve(input.len());
                for &octet in input {
                    self.is_damaged |= quoted_printable(octet, pending, escape, out);
                }
            }
        }
    }

    /// Ends the part: appends the pending octets.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Finished {
        match &mut self.state {
            State::Identity => {}
            State::Base64 { bits, sextets } => {
                self.is_damaged |= *sextets != 0;
                flush_base64(bits, sextets, out);
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

enum Sextet {
    Value(u8),
    Padding,
    Blank,
    Foreign,
}

fn sextet(octet: u8) -> Sextet {
    match octet {
        b'A'..=b'Z' => Sextet::Value(octet - b'A'),
        b'a'..=b'z' => Sextet::Value(octet - b'a' + 26),
        b'0'..=b'9' => Sextet::Value(octet - b'0' + 52),
        b'+' => Sextet::Value(62),
        b'/' => Sextet::Value(63),
        b'=' => Sextet::Padding,
        b' ' | b'\t' | b'\r' | b'\n' => Sextet::Blank,
        _ => Sextet::Foreign,
    }
}

/// Writes the whole octets of an incomplete quantum. Returns whether invalid bits were left.
fn flush_base64(bits: &mut u32, sextets: &mut u8, out: &mut Vec<u8>) -> bool {
    let is_damaged = *sextets == 1;
    match *sextets {
        2 => {
            let [.., a, _] = (*bits << 4).to_be_bytes();
            out.push(a);
        }
        3 => {
            let [.., a, b, _] = (*bits << 6).to_be_bytes();
            out.extend_from_slice(&[a, b]);
        }
        _ => {}
    }
    (*bits, *sextets) = (0, 0);
    is_damaged
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

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Number of octets that fill one line of 76 characters.
const LINE_OCTETS: u64 = 57;
const LINE_COLUMNS: u8 = 76;

/// Encodes an attachment as base64 lines of 76 characters with CRLF, as its octets arrive.
#[derive(Debug, Default)]
pub struct Encoder {
    open: Vec<u8>,
    column: u8,
}

impl Encoder {
    /// Creates an encoder for one attachment.
    pub fn new() -> Self {
        Self::default()
    }

    /// Encodes the next octets and appends whole quanta to `out`.
    pub fn push(&mut self, input: &[u8], out: &mut Vec<u8>) {
        out.reserve(input.len() / 3 * 4 + input.len() / 28 + 8);
        for &octet in input {
            self.open.push(octet);
            if let [a, b, c] = *self.open {
                self.quantum([a, b, c], 4, out);
                self.open.clear();
            }
        }
    }

    /// Ends the attachment: writes the padding and the last CRLF.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        match *self.open {
            [a] => self.quantum([a, 0, 0], 2, out),
            [a, b] => self.quantum([a, b, 0], 3, out),
            _ => {}
        }
        if self.column > 0 {
            out.extend_from_slice(b"\r\n");
        }
    }

    fn quantum(&mut self, [a, b, c]: [u8; 3], characters: usize, out: &mut Vec<u8>) {
        let sextets = [
            a >> 2,
            (a & 3) << 4 | b >> 4,
            (b & 15) << 2 | c >> 6,
            c & 63,
        ];
        for (index, sextet) in sextets.into_iter().enumerate() {
            let character = if index < characters {
                ALPHABET.get(usize::from(sextet)).copied()
            } else {
                None
            };
            out.push(character.unwrap_or(b'='));
        }
        self.column += 4;
        if self.column == LINE_COLUMNS {
            out.extend_from_slice(b"\r\n");
            self.column = 0;
        }
    }
}

/// Returns the number of octets that [`Encoder`] writes for `raw_bytes`, line ends included.
pub fn encoded_size_bytes(raw_bytes: u64) -> u64 {
    let characters = raw_bytes.div_ceil(3).saturating_mul(4);
    characters.saturating_add(raw_bytes.div_ceil(LINE_OCTETS).saturating_mul(2))
}

/// Returns about how many octets a part of `encoded_bytes` holds once decoded.
pub(crate) fn decoded_size_bytes(encoded_bytes: u64, encoding: TransferEncoding) -> u64 {
    match encoding {
        TransferEncoding::Base64 => {
            // 57 octets become 76 characters and CRLF.
            let lines = encoded_bytes / 78;
            let rest = encoded_bytes % 78;
            lines.saturating_mul(LINE_OCTETS) + rest.saturating_mul(3) / 4
        }
        _ => encoded_bytes,
    }
}

#[cfg(test)]
mod tests;
