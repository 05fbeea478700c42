//! Splits a whole message into its parts without decoding them.
//!
//! The parts are ranges of the message's own octets; a part is decoded on request. POP3 needs this,
//! because the server sends no structure.

use std::ops::Range;

use memchr::memchr;

use crate::charset;
use crate::header::Headers;
use crate::limits::{Limits, OverLimit};
use crate::params::Params;
use crate::part_header::{self, Kind, default_type_in};
use crate::transfer;
use crate::tree::Part;

/// A message: its header, its parts, and their positions.
#[derive(Debug, Clone)]
pub struct Message<'a> {
    raw: &'a [u8],
    headers: Headers,
    root: Part,
    bodies: Vec<(String, Range<usize>)>,
}

impl<'a> Message<'a> {
    /// Splits a message.
    ///
    /// Any octets are a message, and broken ones are parsed as far as possible: a multipart without
    /// boundary or without parts is text, one without its end extends to the end. A part that nests too deep, or has
    /// a header over the limits, is one part of unknown type; after the maximum number of parts the
    /// rest is one part.
    ///
    /// # Errors
    /// The message's own header is over the limits; only the raw source can be offered then.
    pub fn parse(raw: &'a [u8], limits: &Limits) -> Result<Self, OverLimit> {
        let (mut message, has_raw_names) = Splitter::split(raw, limits, None)?;
        if let Some(charset) = message.root.text_charset().map(str::to_owned) {
            match has_raw_names {
                true => (message, _) = Splitter::split(raw, limits, Some(&charset))?,
                false => message.headers.assume_charset(&charset),
            }
        }
        Ok(message)
    }

    /// The fields of the message's header, raw 8-bit ones read in the charset of the text.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The tree of its parts.
    pub fn root(&self) -> &Part {
        &self.root
    }

    /// The octets of a part as encoded, without its header; `None` for an unknown section.
    pub fn part_bytes(&self, section: &str) -> Option<&'a [u8]> {
        let (_, range) = self.bodies.iter().find(|(other, _)| other == section)?;
        self.raw.get(range.clone())
    }

    /// Returns a text part of this message, decoded: at most the first `max_bytes` of its octets.
    pub fn part_text(&self, part: &Part, max_bytes: usize) -> String {
        let octets = self.part_bytes(&part.section).unwrap_or_default();
        let mut decoded = transfer::decode(octets, part.encoding);
        decoded.truncate(max_bytes);
        charset::decode(&decoded, part.charset())
    }
}

struct Splitter<'a, 'l> {
    raw: &'a [u8],
    limits: &'l Limits,
    /// The charset that raw 8-bit fields are read in, if known.
    text_charset: Option<&'l str>,
    /// Whether such fields have parameters, such as the names of files.
    has_raw_names: bool,
    lines: usize,
    parts: usize,
    bodies: Vec<(String, Range<usize>)>,
}

impl<'a, 'l> Splitter<'a, 'l> {
    /// Splits a message. Returns also whether it has raw 8-bit names.
    fn split(
        raw: &'a [u8],
        limits: &'l Limits,
        text_charset: Option<&'l str>,
    ) -> Result<(Message<'a>, bool), OverLimit> {
        let mut splitter = Self {
            raw,
            limits,
            text_charset,
            has_raw_names: false,
            lines: 0,
            parts: 0,
            bodies: Vec::new(),
        };
        let (headers, body) = splitter.headers(raw)?;
        let root = splitter.part("", &headers, body..raw.len(), 0, "text/plain")?;
        let message = Message {
            raw,
            headers,
            root,
            bodies: splitter.bodies,
        };
        Ok((message, splitter.has_raw_names))
    }

    /// Reads a header, and returns where the body begins.
    fn headers(&mut self, octets: &[u8]) -> Result<(Headers, usize), OverLimit> {
        let (mut headers, body) = Headers::read(octets, self.limits, &mut self.lines)?;
        self.has_raw_names |= part_header::has_raw_names(&headers);
        if let Some(charset) = self.text_charset {
            headers.assume_charset(charset);
        }
        Ok((headers, body))
    }

    /// Parses the part whose header is `headers` and whose body is `range`. `section` is that of
    /// the part; it is empty for the root of the message.
    fn part(
        &mut self,
        section: &str,
        headers: &Headers,
        range: Range<usize>,
        depth: usize,
        default_type: &str,
    ) -> Result<Part, OverLimit> {
        self.parts += 1;
        let (subtype, params, boundary) = match Kind::of(headers, default_type) {
            Kind::Multipart {
                subtype,
                params,
                boundary,
            } => (subtype, params, boundary),
            Kind::Leaf { media_type, params } => {
                return Ok(self.leaf(section, &media_type, params, headers, range));
            }
        };
        if depth >= self.limits.depth || self.parts >= self.limits.parts {
            return Ok(self.opaque(section, range));
        }
        let part = self.multipart(section, &subtype, params, &boundary, range.clone(), depth)?;
        if part.children.is_empty() {
            let range = self.around_delimiter(boundary.as_bytes(), range);
            return Ok(self.leaf(section, "text/plain", Params::default(), headers, range));
        }
        self.bodies.push((section.to_owned(), range));
        Ok(part)
    }

    fn multipart(
        &mut self,
        section: &str,
        subtype: &str,
        params: Params,
        boundary: &str,
        range: Range<usize>,
        depth: usize,
    ) -> Result<Part, OverLimit> {
        let bodies = self.bodies_between(boundary.as_bytes(), range);
        let children =
            self.children(section, &bodies, boundary, depth, default_type_in(subtype))?;
        Ok(Part::multipart(section, subtype, params, children))
    }

    /// Parses the parts in `bodies`.
    ///
    /// If a part is a multipart of the same boundary, which RFC 2046 §5.1.2 forbids, the delimiters
    /// cannot tell which multipart the parts after it belong to: they become its own parts.
    fn children(
        &mut self,
        section: &str,
        bodies: &[Range<usize>],
        boundary: &str,
        depth: usize,
        default_type: &str,
    ) -> Result<Vec<Part>, OverLimit> {
        let mut children = Vec::with_capacity(bodies.len());
        let mut rest = bodies;
        while let Some((body, following)) = rest.split_first() {
            rest = following;
            let section = match section {
                "" => format!("{}", children.len() + 1),
                parent => format!("{parent}.{}", children.len() + 1),
            };
            let octets = self.raw.get(body.clone()).unwrap_or_default();
            let Ok((headers, offset)) = self.headers(octets) else {
                self.parts += 1;
                children.push(self.opaque(&section, body.clone()));
                continue;
            };
            let range = body.start + offset..body.end;
            if let Some(last) = following.last()
                && depth + 1 < self.limits.depth
                && self.parts + 1 < self.limits.parts
                && let Some((subtype, params)) = same_boundary(&headers, boundary)
            {
                self.parts += 1;
                let nested =
                    self.children(&section, following, boundary, depth + 1, "text/plain")?;
                self.bodies.push((section.clone(), range.start..last.end));
                children.push(Part::multipart(&section, &subtype, params, nested));
                break;
            }
            children.push(self.part(&section, &headers, range, depth + 1, default_type)?);
        }
        Ok(children)
    }

    /// Returns the ranges between the delimiter lines of a multipart (RFC 2046 §5.1.1), headers
    /// included.
    fn bodies_between(&self, boundary: &[u8], range: Range<usize>) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut open: Option<usize> = None;
        let mut at = range.start;
        while let Some(rest) = self.raw.get(at..range.end).filter(|rest| !rest.is_empty()) {
            let length = memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
            let line = rest.get(..length).unwrap_or(rest);
            if let Some(delimiter) = delimiter(line, boundary) {
                // The limit is checked here, before a header is parsed for each part.
                let is_last = self.parts + found.len() + 1 >= self.limits.parts;
                if open.is_some() && is_last && matches!(delimiter, Delimiter::Next) {
                    break;
                }
                if let Some(start) = open.take() {
                    // The line end before a delimiter belongs to the delimiter.
                    found.push(start..without_line_end(self.raw, start, at));
                }
                match delimiter {
                    Delimiter::Next => open = Some(at + length),
                    Delimiter::Last => return found,
                }
            }
            at += length;
        }
        if let Some(start) = open {
            found.push(start..range.end);
        }
        found
    }

    /// Returns the text of a multipart that has no parts, without the delimiter that ends it: what
    /// is before it or behind it. If there is text on both sides, or no delimiter, this is the
    /// whole range.
    fn around_delimiter(&self, boundary: &[u8], range: Range<usize>) -> Range<usize> {
        let is_blank = |range: &Range<usize>| {
            let octets = self.raw.get(range.clone()).unwrap_or_default();
            octets.trim_ascii().is_empty()
        };
        let mut at = range.start;
        while let Some(rest) = self.raw.get(at..range.end).filter(|rest| !rest.is_empty()) {
            let length = memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
            let line = rest.get(..length).unwrap_or(rest);
            if delimiter(line, boundary).is_some() {
                let (before, behind) = (range.start..at, at + length..range.end);
                return match (is_blank(&before), is_blank(&behind)) {
                    (_, true) => before,
                    (true, false) => behind,
                    (false, false) => range,
                };
            }
            at += length;
        }
        range
    }

    /// Adds a part that is not parsed.
    fn opaque(&mut self, section: &str, range: Range<usize>) -> Part {
        let (kind, none) = ("application/octet-stream", Headers::default());
        self.leaf(section, kind, Params::default(), &none, range)
    }

    fn leaf(
        &mut self,
        section: &str,
        media_type: &str,
        params: Params,
        headers: &Headers,
        range: Range<usize>,
    ) -> Part {
        let section = if section.is_empty() { "1" } else { section };
        let size_bytes = u64::try_from(range.len()).unwrap_or(u64::MAX);
        let part = part_header::leaf(section, media_type, params, headers, size_bytes);
        self.bodies.push((section.to_owned(), range));
        part
    }
}

/// Returns subtype and parameters of a multipart that has this boundary.
fn same_boundary(headers: &Headers, boundary: &str) -> Option<(String, Params)> {
    match Kind::of(headers, "text/plain") {
        Kind::Multipart {
            subtype,
            params,
            boundary: other,
        } if other == boundary => Some((subtype, params)),
        _ => None,
    }
}

enum Delimiter {
    Next,
    Last,
}

fn delimiter(line: &[u8], boundary: &[u8]) -> Option<Delimiter> {
    let rest = line.strip_prefix(b"--")?.strip_prefix(boundary)?;
    match rest.trim_ascii_end() {
        b"" => Some(Delimiter::Next),
        b"--" => Some(Delimiter::Last),
        _ => None,
    }
}

fn without_line_end(raw: &[u8], start: usize, end: usize) -> usize {
    let body = raw.get(start..end).unwrap_or_default();
    let body = body.strip_suffix(b"\n").unwrap_or(body);
    let body = body.strip_suffix(b"\r").unwrap_or(body);
    start + body.len()
}
