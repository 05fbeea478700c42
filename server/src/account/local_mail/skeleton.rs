//! A message without the inner lines of its long base64 content: enough to read its structure and
//! its text.
//!
//! A line of base64 is neither a header field nor a boundary (RFC 2046 §5.1.1: a boundary begins
//! with "--"), so the structure is that of the whole message. The first and the last line of such
//! content stay, so that every omission is inside one part.

/// Size of the base64 content that stays, in bytes: the text of a message comes first.
const BASE64_MAX_BYTES: usize = 4 << 20;
/// Maximum length of a line of base64, in bytes (RFC 5322 §2.1.1).
const LINE_MAX_BYTES: usize = 1000;

/// Octets that are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Omission {
    /// Where they are left out, in the skeleton.
    at: usize,
    /// How many octets are left out here and before.
    total_bytes: u64,
}

/// Removes the inner lines of base64 content from a message that arrives in pieces.
#[derive(Debug, Default)]
pub(super) struct Skeleton {
    octets: Vec<u8>,
    omissions: Vec<Omission>,
    /// The beginning of the present line.
    line: Vec<u8>,
    /// Whether the present line is too long to be one of base64.
    is_long: bool,
    /// Whether the last line was one of base64.
    is_in_base64: bool,
    /// A line of base64 after another; left out if one more follows.
    inner: Vec<u8>,
    base64_bytes: usize,
}

impl Skeleton {
    /// Adds the next octets.
    pub(super) fn push(&mut self, octets: &[u8]) {
        for piece in octets.split_inclusive(|octet| *octet == b'\n') {
            self.line.extend_from_slice(piece);
            if self.line.ends_with(b"\n") {
                self.end_line();
            } else if self.line.len() > LINE_MAX_BYTES {
                self.is_long = true;
                self.emit_line();
            }
        }
    }

    /// Returns the size of the skeleton so far, in bytes.
    pub(super) fn size_bytes(&self) -> usize {
        self.octets.len()
    }

    /// Returns the skeleton, and where octets are left out.
    pub(super) fn finish(mut self) -> (Vec<u8>, Omissions) {
        self.emit_line();
        (self.octets, Omissions(self.omissions))
    }

    fn end_line(&mut self) {
        let is_base64 = !std::mem::take(&mut self.is_long) && is_base64(&self.line);
        if !is_base64 {
            self.emit_line();
        } else if self.is_in_base64 {
            self.end_inner();
            std::mem::swap(&mut self.inner, &mut self.line);
        } else {
            self.emit_line();
            self.is_in_base64 = true;
        }
    }

    /// Adds the pending lines as they are.
    fn emit_line(&mut self) {
        self.octets.append(&mut self.inner);
        self.octets.append(&mut self.line);
        self.is_in_base64 = false;
    }

    /// Adds or leaves out a line between two others of the same content.
    fn end_inner(&mut self) {
        self.base64_bytes = self.base64_bytes.saturating_add(self.inner.len());
        if self.base64_bytes <= BASE64_MAX_BYTES {
            self.octets.append(&mut self.inner);
            return;
        }
        let (at, length) = (self.octets.len(), self.inner.len() as u64);
        let total_bytes = self.omissions.last().map_or(0, |last| last.total_bytes);
        let total_bytes = total_bytes.saturating_add(length);
        self.inner.clear();
        match self.omissions.last_mut() {
            Some(last) if last.at == at => last.total_bytes = total_bytes,
            _ => self.omissions.push(Omission { at, total_bytes }),
        }
    }
}

/// Where octets of a message are left out of its skeleton.
#[derive(Debug)]
pub(super) struct Omissions(Vec<Omission>);

impl Omissions {
    /// Returns the position in the message of one in the skeleton that is not at an omission.
    pub(super) fn position(&self, in_skeleton: usize) -> u64 {
        let before = self.0.partition_point(|omission| omission.at < in_skeleton);
        let last = before.checked_sub(1).and_then(|last| self.0.get(last));
        let omitted_bytes = last.map_or(0, |omission| omission.total_bytes);
        omitted_bytes.saturating_add(in_skeleton as u64)
    }
}

fn is_base64(line: &[u8]) -> bool {
    let Some(content) = line.strip_suffix(b"\r\n") else {
        return false;
    };
    let is_letter = |octet: &u8| octet.is_ascii_alphanumeric() || b"+/=".contains(octet);
    !content.is_empty() && line.len() <= LINE_MAX_BYTES && content.iter().all(is_letter)
}
