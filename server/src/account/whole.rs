//! A message that was read whole, split into its parts: for POP3, for local folders, and for
//! messages whose structure an IMAP server describes beyond the limits.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;
use mail_mime::body::Body;
use mail_mime::body::Texts;
use mail_mime::header::Headers;
use mail_mime::limits::Limits;
use mail_mime::parse::Message;
use mail_mime::supplement::{self, Supplements};
use mail_mime::transfer;
use mail_mime::tree::{LeafFields, Part};
use tokio::task::spawn_blocking;

use super::error::AccountError;
use super::off_thread::off_thread;

/// Step size of decoding, in bytes: only the beginning of a long text is shown.
const DECODE_STEP_BYTES: usize = 64 << 10;
/// How much of a header over the limits is parsed, in bytes: its first fields.
const HEADER_BEGIN_BYTES: usize = 64 << 10;

/// Returns at most `max_bytes` octets from `offset`; none beyond the end.
pub(super) fn byte_range(octets: &Bytes, offset: u64, max_bytes: u32) -> Bytes {
    let start = usize::try_from(offset)
        .unwrap_or(usize::MAX)
        .min(octets.len());
    let end = start.saturating_add(max_bytes as usize).min(octets.len());
    octets.slice(start..end)
}

/// A message in its parts.
#[derive(Debug)]
pub(crate) struct Split {
    pub(crate) headers: Headers,
    pub(crate) root: Part,
    /// The octets of each part as encoded, by its section.
    parts: Vec<(String, Bytes)>,
    /// Whether the message is over the limits: only its source can be offered.
    is_unreadable: bool,
}

impl Split {
    /// Splits a message, off the async threads. One over the limits has a single part.
    ///
    /// # Errors
    /// [`AccountError::Internal`] if the process accepts no more work.
    pub(crate) async fn of(raw: Bytes) -> Result<Self, AccountError> {
        let split = spawn_blocking(move || {
            catch_unwind(AssertUnwindSafe(|| Self::parse(&raw)))
                .unwrap_or_else(|_| Self::opaque(&raw))
        });
        split
            .await
            .map_err(|error| AccountError::Internal(error.to_string()))
    }

    fn parse(raw: &Bytes) -> Self {
        let Ok(message) = Message::parse(raw, &Limits::DEFAULT) else {
            return Self::opaque(raw);
        };
        let mut parts = Vec::new();
        let mut open = vec![message.root()];
        while let Some(part) = open.pop() {
            open.extend(&part.children);
            if let Some(octets) = message.part_bytes(&part.section) {
                parts.push((part.section.clone(), raw.slice_ref(octets)));
            }
        }
        Self {
            headers: message.headers().clone(),
            root: message.root().clone(),
            parts,
            is_unreadable: false,
        }
    }

    fn opaque(raw: &Bytes) -> Self {
        Self {
            headers: read_headers(raw),
            root: opaque_root(raw.len() as u64),
            parts: Vec::new(),
            is_unreadable: true,
        }
    }

    /// Returns the octets of a part as encoded.
    pub(crate) fn part(&self, section: &str) -> Option<&Bytes> {
        self.parts
            .iter()
            .find(|(known, _)| known == section)
            .map(|(_, octets)| octets)
    }

    /// Returns where each part is in `raw`, from which this was split.
    pub(crate) fn ranges<'a>(
        &'a self,
        raw: &'a Bytes,
    ) -> impl Iterator<Item = (&'a str, Range<usize>)> {
        let begin = raw.as_ptr().addr();
        self.parts.iter().filter_map(move |(section, octets)| {
            // An empty slice need not point into the message.
            let start = match octets.is_empty() {
                true => 0,
                false => octets.as_ptr().addr().checked_sub(begin)?,
            };
            Some((section.as_str(), start..start.checked_add(octets.len())?))
        })
    }

    /// Returns the shown text, decoded off the async threads.
    pub(crate) async fn body(self: &Arc<Self>) -> Result<Body, AccountError> {
        let this = Arc::clone(self);
        let body = spawn_blocking(move || this.decode_body()).await;
        body.map_err(|error| AccountError::Internal(error.to_string()))
    }

    /// Reads what the other parts say, and adds what is packed into one of them to the body. A part
    /// that is not readable adds nothing.
    pub(crate) async fn supplement(
        self: &Arc<Self>,
        texts: Body,
    ) -> Result<(Body, Supplements), AccountError> {
        let this = Arc::clone(self);
        off_thread(move || {
            let mut supplements = Supplements::default();
            for (purpose, part) in supplement::wanted(&this.root) {
                if let Some(encoded) = this.part(&part.section) {
                    let mut octets = transfer::decode(encoded, part.encoding);
                    octets.truncate(purpose.max_bytes());
                    supplements.add(purpose, part, &octets);
                }
            }
            let body = supplements.complete(&this.headers, texts);
            (body, supplements)
        })
        .await
    }

    fn decode_body(&self) -> Body {
        if self.is_unreadable {
            return Body::OverLimits;
        }
        let mut texts = Texts::default();
        for part in self.root.readable().texts {
            let octets = self.part(&part.section);
            let mut steps = octets
                .map(Bytes::as_ref)
                .unwrap_or_default()
                .chunks(DECODE_STEP_BYTES);
            texts.begin(part);
            // One step beyond the shown size reveals that there is more.
            while !texts.is_full()
                && let Some(step) = steps.next()
            {
                texts.push(step);
            }
        }
        texts.finish()
    }
}

/// Parses the fields of a header; of one over the limits, its beginning or nothing. Raw 8-bit fields
/// are read in the charset that the header declares for the text.
pub(super) fn read_headers(header: &[u8]) -> Headers {
    let mut headers = Headers::parse(header).unwrap_or_else(|_| {
        let begin = header.get(..HEADER_BEGIN_BYTES).unwrap_or(header);
        let end = last_line_end(begin);
        Headers::parse(begin.get(..end).unwrap_or_default()).unwrap_or_default()
    });
    if let Some(charset) = headers.text_charset() {
        headers.assume_charset(&charset);
    }
    headers
}

/// Returns where the last whole line ends.
fn last_line_end(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1)
}

/// Returns the single part of a message that is not parsed: it has no name and no text.
pub(super) fn opaque_root(size_bytes: u64) -> Part {
    Part::leaf(LeafFields {
        section: "1",
        media_type: "application/octet-stream",
        size_bytes,
        ..LeafFields::default()
    })
}
