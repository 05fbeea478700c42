//! Finds files that are written into a plain text, and decodes them: uuencode (POSIX `uuencode`),
//! also in its base64 form. yEnc is found but not decoded: the octets of such a file do not survive
//! as text.
//!
//! Senders of this form are old programs and command lines, so damage is common: spaces at the ends
//! of lines were cut, the end is missing, line lengths are wrong. A sentence that begins with
//! "begin" is not a file.

use std::borrow::Cow;
use std::ops::Range;

use crate::display;
use crate::transfer::{self, TransferEncoding};

/// Maximum number of files of a text; later ones stay in the text.
pub const FILES_MAX: usize = 100;

/// A text and the files that were written into it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Extracted<'a> {
    /// The text without the files.
    pub text: Cow<'a, str>,
    /// The files, in the order of the text.
    pub files: Vec<EncodedFile>,
    /// Whether the text has more files than [`FILES_MAX`].
    pub is_over_limit: bool,
}

/// A file written into a text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EncodedFile {
    /// The name for saving, as of [`display::file_name`].
    pub name: Option<String>,
    /// How it is encoded.
    pub encoding: FileEncoding,
    /// The position of its encoded lines in the text.
    pub data: Range<usize>,
    /// About how many octets it has.
    pub size_bytes: usize,
    /// Whether its end was found.
    pub is_complete: bool,
}

/// The encoding of a file written into a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileEncoding {
    /// `begin 644 name`.
    Uuencode,
    /// `begin-base64 644 name`.
    Base64,
    /// `=ybegin`; not supported.
    YEnc,
}

impl EncodedFile {
    /// Decodes the file from the text that it was found in. Returns `None` if the encoding is not
    /// supported.
    pub fn decode(&self, text: &str) -> Option<Vec<u8>> {
        let data = text.get(self.data.clone()).unwrap_or_default();
        match self.encoding {
            FileEncoding::Uuencode => {
                let mut octets = Vec::new();
                for line in Lines::new(data) {
                    decode_line(line.content, &mut octets);
                }
                Some(octets)
            }
            FileEncoding::Base64 => {
                Some(transfer::decode(data.as_bytes(), TransferEncoding::Base64))
            }
            FileEncoding::YEnc => None,
        }
    }
}

/// Finds the files in a text.
///
/// A file needs a line with a mode and a name, and after it a line of data or the end. The time is
/// linear: lines that turn out to be no file are read at most once more, because a line that begins
/// a file is never a line of data.
pub fn extract(text: &str) -> Extracted<'_> {
    let last_yenc_end = text.rfind("\n=yend");
    let mut out = String::new();
    let mut copied = 0;
    let mut files = Vec::new();
    let mut is_over_limit = false;
    let mut lines = Lines::new(text);
    while let Some(line) = lines.next() {
        let Some(begin) = BeginLine::parse(line.content) else {
            continue;
        };
        let block = match begin.encoding {
            FileEncoding::Uuencode => uuencoded(lines.clone()),
            FileEncoding::Base64 => base64(lines.clone()),
            FileEncoding::YEnc if last_yenc_end.is_some_and(|end| end + 1 >= lines.at) => {
                yenc(lines.clone())
            }
            FileEncoding::YEnc => None,
        };
        let Some(block) = block else {
            continue;
        };
        if files.len() == FILES_MAX {
            is_over_limit = true;
            break;
        }
        files.push(EncodedFile {
            name: display::file_name(begin.name),
            encoding: begin.encoding,
            data: lines.at..block.data_end,
            size_bytes: block.size_bytes,
            is_complete: block.is_complete,
        });
        out.push_str(text.get(copied..line.start).unwrap_or_default());
        copied = block.end;
        lines.at = block.end;
    }
    let text = if files.is_empty() {
        Cow::Borrowed(text)
    } else {
        out.push_str(text.get(copied..).unwrap_or_default());
        Cow::Owned(out)
    };
    Extracted {
        text,
        files,
        is_over_limit,
    }
}

/// The line that begins a file.
struct BeginLine<'a> {
    encoding: FileEncoding,
    name: &'a str,
}

impl<'a> BeginLine<'a> {
    /// Parses a line.
    ///
    /// ```abnf
    /// begin-line = ("begin" / "begin-base64") SP mode SP name / "=ybegin" SP parameters SP "name=" name
    /// mode = 3*4("0" / "1" / "2" / "3" / "4" / "5" / "6" / "7")
    /// ```
    fn parse(line: &'a str) -> Option<Self> {
        if let Some(parameters) = line.strip_prefix("=ybegin ") {
            let (parameters, name) = parameters.split_once(" name=")?;
            return parameters.contains("size=").then_some(Self {
                encoding: FileEncoding::YEnc,
                name,
            });
        }
        let (encoding, rest) = match line.strip_prefix("begin-base64 ") {
            Some(rest) => (FileEncoding::Base64, rest),
            None => (FileEncoding::Uuencode, line.strip_prefix("begin ")?),
        };
        let (mode, name) = rest.split_once(' ')?;
        let is_mode =
            (3..=4).contains(&mode.len()) && mode.bytes().all(|b| b.is_ascii_digit() && b < b'8');
        let name = name.trim();
        (is_mode && !name.is_empty()).then_some(Self { encoding, name })
    }
}

/// The lines after the first line of a file.
struct Block {
    /// Where the data ends.
    data_end: usize,
    /// Where the text goes on.
    end: usize,
    size_bytes: usize,
    is_complete: bool,
}

/// Reads the lines of a uuencoded file; `None` if they are not such lines.
fn uuencoded(mut lines: Lines<'_>) -> Option<Block> {
    let mut data_end = lines.at;
    let mut size_bytes = 0;
    // The state after the last line of the right length. If there is no end, shorter lines after it
    // are taken for text.
    let mut reliable: Option<(usize, usize)> = None;
    let mut is_first = true;
    while let Some(line) = lines.next() {
        let word = line.content.trim_end();
        let is_empty = matches!(word, "" | "`");
        if word == "end" || (word == "`" && !is_first && !lines.is_at_end_line()) {
            return Some(Block {
                data_end,
                end: lines.at,
                size_bytes,
                is_complete: true,
            });
        }
        // A line of length 0 precedes the end.
        if is_empty && lines.is_at_end_line() {
            continue;
        }
        let Some(data) = DataLine::parse(line.content) else {
            break;
        };
        data_end = lines.at;
        size_bytes += data.len;
        if data.is_exact && (is_first || reliable.is_some()) {
            reliable = Some((data_end, size_bytes));
        }
        is_first = false;
    }
    let (end, size_bytes) = reliable?;
    Some(Block {
        data_end: end,
        end,
        size_bytes,
        is_complete: false,
    })
}

/// Reads the lines of a file in base64; `None` if they are not such lines.
fn base64(mut lines: Lines<'_>) -> Option<Block> {
    let start = lines.at;
    let mut data_end = start;
    let mut characters = 0;
    let mut is_padded = false;
    let mut end_of_file = None;
    while let Some(line) = lines.next() {
        let content = line.content.trim_end();
        if content == "====" {
            end_of_file = Some(lines.at);
            break;
        }
        let digits = content.trim_end_matches('=');
        let is_data = !is_padded
            && !digits.is_empty()
            && content.len().is_multiple_of(4)
            && content.len() - digits.len() <= 2
            && digits
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/');
        if !is_data {
            break;
        }
        is_padded = digits.len() < content.len();
        characters += digits.len();
        data_end = lines.at;
    }
    if data_end == start && end_of_file.is_none() {
        return None;
    }
    Some(Block {
        data_end,
        end: end_of_file.unwrap_or(data_end),
        size_bytes: characters / 4 * 3 + (characters % 4).saturating_sub(1),
        is_complete: end_of_file.is_some(),
    })
}

/// Reads the lines of a yEnc file up to its end; `None` if there is none.
fn yenc(mut lines: Lines<'_>) -> Option<Block> {
    let start = lines.at;
    loop {
        let line = lines.next()?;
        if line.content.starts_with("=yend") {
            return Some(Block {
                data_end: line.start,
                end: lines.at,
                size_bytes: line.start - start,
                is_complete: true,
            });
        }
    }
}

/// Maximum length of a line of data: a length, 84 characters for 63 octets, and 1 more that some
/// programs append.
const DATA_LINE_BYTES: usize = 86;

/// A line of uuencoded data.
struct DataLine {
    /// Number of octets, 1 to 63.
    len: usize,
    /// Whether the line has the characters that this number takes. Less are there if spaces at its
    /// end were cut, more if the line is damaged.
    is_exact: bool,
}

impl DataLine {
    fn parse(line: &str) -> Option<Self> {
        let is_valid = |b: u8| (b' '..=b'`').contains(&b);
        if line.len() > DATA_LINE_BYTES || !line.bytes().all(is_valid) {
            return None;
        }
        let len = usize::from(sextet(*line.as_bytes().first()?));
        let whole = 1 + len.div_ceil(3) * 4;
        // Some programs leave out the characters of an incomplete last group.
        let least = whole - (3 - len % 3) % 3;
        (len > 0).then_some(Self {
            len,
            is_exact: (least..=whole + 1).contains(&line.len()),
        })
    }
}

/// Decodes a line of data. Characters that are missing at its end are spaces.
fn decode_line(line: &str, octets: &mut Vec<u8>) {
    let Some(data) = DataLine::parse(line) else {
        return;
    };
    let end = octets.len() + data.len;
    let mut characters = line.bytes().skip(1).chain(std::iter::repeat(b' '));
    while octets.len() < end {
        let group = (0..4).fold(0_u32, |bits, _| {
            let character = characters.next().unwrap_or(b' ');
            (bits << 6) | u32::from(sextet(character))
        });
        let [_, first, second, third] = group.to_be_bytes();
        octets.extend_from_slice(&[first, second, third]);
    }
    octets.truncate(end);
}

/// The 6 bits of a character; a space and a back-quote are both 0.
fn sextet(character: u8) -> u8 {
    character.wrapping_sub(b' ') & 0x3f
}

/// The lines of a text that were not read.
#[derive(Debug, Clone)]
struct Lines<'a> {
    text: &'a str,
    at: usize,
}

/// A line.
struct Line<'a> {
    /// Where it begins.
    start: usize,
    /// Its characters without its end, LF or CRLF.
    content: &'a str,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Whether the next line ends a uuencoded file.
    fn is_at_end_line(&self) -> bool {
        let next = self.clone().next();
        next.is_some_and(|line| line.content.trim_end() == "end")
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        let start = self.at;
        let rest = self.text.get(start..).filter(|rest| !rest.is_empty())?;
        let (content, len) = match memchr::memchr(b'\n', rest.as_bytes()) {
            Some(end) => (rest.get(..end)?, end + 1),
            None => (rest, rest.len()),
        };
        self.at = start + len;
        Some(Line {
            start,
            content: content.strip_suffix('\r').unwrap_or(content),
        })
    }
}

#[cfg(test)]
mod tests;
