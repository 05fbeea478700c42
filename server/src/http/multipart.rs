//! Parses `multipart/form-data` (RFC 7578) as a stream with limits.
//!
//! Holds at most one chunk of the body and one part head in memory. Heads, names and the number of
//! parts are limited here; the caller limits the contents of a part.

use std::fmt::Display;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};

/// Maximum size of a part head, and of the preamble, in bytes.
const HEAD_MAX_BYTES: usize = 8 << 10;
/// Maximum length of a field name, in bytes.
const NAME_MAX_BYTES: usize = 64;
/// Maximum number of parts in one form.
const PARTS_MAX: usize = 512;
/// Maximum length of a boundary, in bytes (RFC 2046 §5.1.1).
const BOUNDARY_MAX_BYTES: usize = 70;

/// Why a form could not be read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MultipartError {
    /// The body ended early.
    Incomplete,
    /// The body is not a form, or has parts that no page of this server sends.
    Malformed,
    /// More bytes or parts than a form may have.
    TooLarge,
}

/// The head of a part.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct PartHead {
    /// The name of the field.
    pub(super) name: String,
    /// The name of the file as sent, possibly empty; `None` if the part is not a file.
    pub(super) file_name: Option<String>,
    /// The media type as sent; empty if there is none.
    pub(super) media_type: String,
}

/// A parser for one form.
pub(super) struct Multipart<S> {
    stream: S,
    /// CRLF, two hyphens, boundary.
    delimiter: Vec<u8>,
    buffer: BytesMut,
    state: State,
    parts: usize,
    remaining_bytes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first delimiter.
    Preamble,
    /// In the body of a part.
    Body,
    /// After a delimiter.
    Head,
    /// After the last delimiter.
    End,
}

impl<S, E> Multipart<S>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: Display,
{
    /// Creates a parser. `content_type` is the header of the request; `max_bytes` limits the whole
    /// form.
    pub(super) fn new(
        stream: S,
        content_type: &str,
        max_bytes: u64,
    ) -> Result<Self, MultipartError> {
        let boundary = boundary(content_type).ok_or(MultipartError::Malformed)?;
        Ok(Self {
            stream,
            delimiter: [b"\r\n--", boundary.as_bytes()].concat(),
            // A virtual line break, so that the first delimiter also starts after CRLF.
            buffer: BytesMut::from(b"\r\n".as_slice()),
            state: State::Preamble,
            parts: 0,
            remaining_bytes: max_bytes,
        })
    }

    /// Returns the head of the next part and drops the rest of the current one; `None` at the end.
    pub(super) async fn next_part(&mut self) -> Result<Option<PartHead>, MultipartError> {
        if self.state == State::Preamble {
            self.preamble().await?;
        }
        while self.state == State::Body {
            self.chunk().await?;
        }
        if self.state == State::End {
            return Ok(None);
        }
        // Two hyphens end the form; otherwise a line end follows, possibly after white space.
        self.fill_to(2).await?;
        if self.buffer.starts_with(b"--") {
            self.state = State::End;
            return Ok(None);
        }
        self.parts = self.parts.saturating_add(1);
        if self.parts > PARTS_MAX {
            return Err(MultipartError::TooLarge);
        }
        let end = loop {
            let seen = self.buffer.get(..HEAD_MAX_BYTES).unwrap_or(&self.buffer);
            if let Some(end) = find(seen, b"\r\n\r\n") {
                break end;
            }
            if self.buffer.len() >= HEAD_MAX_BYTES {
                return Err(MultipartError::TooLarge);
            }
            self.fill().await?;
        };
        let head = self.buffer.split_to(end);
        let _ = self.buffer.split_to(4);
        self.state = State::Body;
        part_head(&String::from_utf8_lossy(&head)).map(Some)
    }

    /// Returns the unread rest of the body.
    pub(super) fn stream(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Returns the next bytes of the part; `None` at its end.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, MultipartError> {
        while self.state == State::Body {
            if let Some(end) = find(&self.buffer, &self.delimiter) {
                let bytes = self.buffer.split_to(end).freeze();
                let _ = self.buffer.split_to(self.delimiter.len());
                self.state = State::Head;
                return Ok(Some(bytes).filter(|bytes| !bytes.is_empty()));
            }
            // The last bytes may be the start of a delimiter.
            let safe_bytes = self.buffer.len().saturating_sub(self.delimiter.len());
            if safe_bytes > 0 {
                return Ok(Some(self.buffer.split_to(safe_bytes).freeze()));
            }
            self.fill().await?;
        }
        Ok(None)
    }

    async fn preamble(&mut self) -> Result<(), MultipartError> {
        loop {
            let seen = self.buffer.get(..HEAD_MAX_BYTES).unwrap_or(&self.buffer);
            if let Some(position) = find(seen, &self.delimiter) {
                let _ = self
                    .buffer
                    .split_to(position.saturating_add(self.delimiter.len()));
                self.state = State::Head;
                return Ok(());
            }
            if self.buffer.len() >= HEAD_MAX_BYTES {
                return Err(MultipartError::Malformed);
            }
            self.fill().await?;
        }
    }

    async fn fill_to(&mut self, bytes: usize) -> Result<(), MultipartError> {
        while self.buffer.len() < bytes {
            self.fill().await?;
        }
        Ok(())
    }

    async fn fill(&mut self) -> Result<(), MultipartError> {
        let next = self.stream.next().await.ok_or(MultipartError::Incomplete)?;
        let bytes = next.map_err(|_| MultipartError::Incomplete)?;
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.remaining_bytes = self
            .remaining_bytes
            .checked_sub(length)
            .ok_or(MultipartError::TooLarge)?;
        self.buffer.extend_from_slice(&bytes);
        Ok(())
    }
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, needle)
}

/// Returns the boundary of a `multipart/form-data` type.
fn boundary(content_type: &str) -> Option<String> {
    let (essence, params) = content_type.split_once(';')?;
    if !essence.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let (_, boundary) = parameters(params).find(|(name, _)| name == "boundary")?;
    (1..=BOUNDARY_MAX_BYTES)
        .contains(&boundary.len())
        .then_some(boundary)
}

fn part_head(head: &str) -> Result<PartHead, MultipartError> {
    let mut part = PartHead::default();
    let mut is_form_data = false;
    for line in head.split("\r\n") {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        if name.eq_ignore_ascii_case("content-type") {
            value.trim().clone_into(&mut part.media_type);
        } else if name.eq_ignore_ascii_case("content-disposition") {
            let (kind, params) = value.split_once(';').unwrap_or((value, ""));
            is_form_data = kind.trim().eq_ignore_ascii_case("form-data");
            for (name, value) in parameters(params) {
                match name.as_str() {
                    "name" => part.name = value,
                    "filename" => part.file_name = Some(value),
                    _ => {}
                }
            }
        }
    }
    match is_form_data && part.name.len() <= NAME_MAX_BYTES {
        true => Ok(part),
        false => Err(MultipartError::Malformed),
    }
}

/// Parses the parameters of a header value, with names in lower case. Browsers write a quote within
/// a value as `%22`, other clients as `\"`.
fn parameters(text: &str) -> impl Iterator<Item = (String, String)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([';', ' ', '\t']);
        let (name, after) = rest.split_once('=')?;
        let value = match after.strip_prefix('"') {
            Some(quoted) => {
                let end = closing_quote(quoted);
                let (value, after) = quoted.split_at_checked(end).unwrap_or((quoted, ""));
                rest = after.strip_prefix('"').unwrap_or(after);
                let value = value.replace("\\\"", "\"").replace("%22", "\"");
                value.replace("%0D", "\r").replace("%0A", "\n")
            }
            None => {
                let end = after.find(';').unwrap_or(after.len());
                let (value, after) = after.split_at_checked(end).unwrap_or((after, ""));
                rest = after;
                value.trim().to_owned()
            }
        };
        Some((name.trim().to_ascii_lowercase(), value))
    })
}

/// Returns the position of the closing quote: the first one without a backslash before it.
fn closing_quote(quoted: &str) -> usize {
    let mut previous = None;
    for (position, c) in quoted.char_indices() {
        if c == '"' && previous != Some('\\') {
            return position;
        }
        previous = Some(c);
    }
    quoted.len()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream;

    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=\"b=1\"";

    /// Parses a form that arrives in chunks of `piece` bytes.
    async fn read(form: &[u8], piece: usize) -> Result<Vec<(PartHead, Vec<u8>)>, MultipartError> {
        let pieces: Vec<_> = form
            .chunks(piece.max(1))
            .map(|piece| Ok::<_, Infallible>(Bytes::copy_from_slice(piece)))
            .collect();
        let mut form = Multipart::new(stream::iter(pieces), TYPE, 1 << 20)?;
        let mut parts = Vec::new();
        while let Some(head) = form.next_part().await? {
            let mut body = Vec::new();
            while let Some(bytes) = form.chunk().await? {
                body.extend_from_slice(&bytes);
            }
            parts.push((head, body));
        }
        Ok(parts)
    }

    fn part(head: &str, body: &str) -> String {
        format!("--b=1\r\nContent-Disposition: form-data; {head}\r\n\r\n{body}\r\n")
    }

    #[tokio::test]
    async fn parts_are_complete_for_every_chunk_size() {
        let form = [
            part("name=\"to\"", "ann@peer.test"),
            part("name=\"empty\"", ""),
            part("name=\"body\"", "--b=\r\n--b\r\n\r\n--b=2"),
            part(
                "name=\"attachment\"; filename=\"a %22b\\\"; c.txt\"\r\nContent-Type: text/plain",
                "\r\n",
            ),
            "--b=1--\r\n".to_owned(),
        ]
        .concat();
        for piece in 1..=form.len() {
            let parts = read(form.as_bytes(), piece).await.unwrap();
            let bodies: Vec<_> = parts
                .iter()
                .map(|(head, body)| (head.name.as_str(), String::from_utf8_lossy(body)))
                .collect();
            assert_eq!(
                bodies,
                [
                    ("to", "ann@peer.test".into()),
                    ("empty", "".into()),
                    ("body", "--b=\r\n--b\r\n\r\n--b=2".into()),
                    ("attachment", "\r\n".into()),
                ],
                "in pieces of {piece}"
            );
            let file = &parts.last().unwrap().0;
            assert_eq!(file.file_name.as_deref(), Some("a \"b\"; c.txt"));
            assert_eq!(file.media_type, "text/plain");
        }
    }

    #[tokio::test]
    async fn oversized_and_malformed_forms_are_refused() {
        let long = "n".repeat(HEAD_MAX_BYTES);
        let many = part("name=\"x\"", "").repeat(PARTS_MAX + 1);
        let large = part("name=\"x\"", &"x".repeat(1 << 20));
        for (form, error) in [
            (
                part(&format!("name=\"{long}\""), ""),
                MultipartError::TooLarge,
            ),
            (
                part(&format!("name=\"{}\"", "n".repeat(65)), ""),
                MultipartError::Malformed,
            ),
            (many, MultipartError::TooLarge),
            (large, MultipartError::TooLarge),
            (long, MultipartError::Malformed),
            ("--b=1\r\nX: y\r\n".to_owned(), MultipartError::Incomplete),
            (
                "--b=1\r\nX: y\r\n\r\nz\r\n--b=1--".to_owned(),
                MultipartError::Malformed,
            ),
            (part("name=\"x\"", "cut"), MultipartError::Incomplete),
            (String::new(), MultipartError::Incomplete),
        ] {
            assert_eq!(read(form.as_bytes(), 1000).await, Err(error));
        }
    }

    #[test]
    fn only_a_form_has_a_boundary() {
        for bad in [
            "",
            "multipart/form-data",
            "multipart/mixed; boundary=b",
            "multipart/form-data; boundary=",
        ] {
            assert_eq!(boundary(bad), None, "{bad}");
        }
        let long = format!("multipart/form-data; boundary={}", "b".repeat(71));
        assert_eq!(boundary(&long), None);
        assert_eq!(
            boundary("Multipart/Form-Data; charset=utf-8; boundary=--x").as_deref(),
            Some("--x")
        );
    }

    proptest::proptest! {
        #[test]
        fn parsing_of_arbitrary_bytes_terminates(noise: Vec<u8>, piece in 1_usize..50) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let form = [b"--b=1\r\n".as_slice(), &noise].concat();
            let _ = runtime.block_on(read(&form, piece));
        }
    }
}
