//! Compares the structure that an IMAP server describes with the headers of the message.
//!
//! A server reads damaged fields in its own way: it cuts a file name at a space, takes a multipart
//! for a text because its boundary is in pieces, or takes the end of a text for a header. The
//! octets of the headers show this without the message itself.

use crate::header::Headers;
use crate::limits::Limits;
use crate::part_header::{self, Kind, default_type_in};
use crate::tree::{DEPTH_MAX, Part};

/// Maximum number of parts whose headers are compared.
pub const HEADERS_MAX: usize = 32;

/// A described structure after it was compared with the headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// The parts: their numbers and sizes as described, and the rest as their headers say. A part
    /// whose header is unknown, over the limits or contradicts the structure is as described.
    pub root: Part,
    /// Whether a header contradicts the structure: the parts that the server numbers are not those
    /// that [`crate::Message`] finds in the octets.
    pub is_contradicted: bool,
}

/// Returns the sections of the parts whose headers are to be fetched (`BODY[section.MIME]`), in
/// order: of all parts but the root, at most [`HEADERS_MAX`]. The root's header is that of the
/// message.
pub fn sections(root: &Part) -> Vec<&str> {
    let mut sections = Vec::new();
    let mut open: Vec<&Part> = root.children.iter().rev().collect();
    while let Some(part) = open.pop() {
        if sections.len() >= HEADERS_MAX {
            break;
        }
        sections.push(part.section.as_str());
        open.extend(part.children.iter().rev());
    }
    sections
}

/// Compares a described structure with the headers of its parts.
///
/// `header` returns the octets of the header of a section as the server returned them, with the
/// empty line if there is one; that of the message for "". `None` stands for an unknown header.
///
/// A header contradicts the structure if it ends before the octets that the server takes for it, if
/// only one of the two is a multipart with a boundary, or if the boundaries differ.
pub fn compare<'h>(described: &Part, header: &dyn Fn(&str) -> Option<&'h [u8]>) -> Compared {
    let compared = |text_charset: Option<&str>| {
        let mut comparison = Comparison::new(header, text_charset);
        let root = comparison.part(described, "", "text/plain", 0);
        let is_contradicted = comparison.is_contradicted;
        let compared = Compared {
            root,
            is_contradicted,
        };
        (compared, comparison.has_raw_names)
    };
    let (first, has_raw_names) = compared(None);
    match first.root.text_charset() {
        Some(charset) if has_raw_names => compared(Some(charset)).0,
        _ => first,
    }
}

struct Comparison<'c, 'h> {
    header: &'c dyn Fn(&str) -> Option<&'h [u8]>,
    /// The charset that raw 8-bit fields are read in, if known.
    text_charset: Option<&'c str>,
    /// Whether such fields have parameters, such as the names of files.
    has_raw_names: bool,
    /// The number of lines of the headers so far.
    lines: usize,
    is_contradicted: bool,
}

impl<'c, 'h> Comparison<'c, 'h> {
    fn new(header: &'c dyn Fn(&str) -> Option<&'h [u8]>, text_charset: Option<&'c str>) -> Self {
        Self {
            header,
            text_charset,
            has_raw_names: false,
            lines: 0,
            is_contradicted: false,
        }
    }

    /// Compares a part whose header is that of `section`: the root's is not that of part 1.
    fn part(&mut self, described: &Part, section: &str, default_type: &str, depth: usize) -> Part {
        let header = (self.header)(section).filter(|_| depth < DEPTH_MAX);
        let Some(header) = header else {
            return self.as_described(described, depth);
        };
        let read = Headers::read(header, &Limits::DEFAULT, &mut self.lines);
        let Ok((mut headers, body_at)) = read else {
            return self.as_described(described, depth);
        };
        self.has_raw_names |= part_header::has_raw_names(&headers);
        if let Some(charset) = self.text_charset {
            headers.assume_charset(charset);
        }
        let has_text = body_at < header.len();
        match Kind::of(&headers, default_type) {
            Kind::Multipart {
                subtype,
                params,
                boundary,
            } if !has_text && is_delimited_by(described, &boundary) => {
                let children = self.children(described, &subtype, depth);
                Part::multipart(&described.section, &subtype, params, children)
            }
            Kind::Leaf { media_type, params } if !has_text && !described.is_multipart() => {
                part_header::leaf(
                    &described.section,
                    &media_type,
                    params,
                    &headers,
                    described.size_bytes,
                )
            }
            _ => {
                self.is_contradicted = true;
                described.clone()
            }
        }
    }

    fn as_described(&mut self, described: &Part, depth: usize) -> Part {
        let mut part = described.clone();
        if part.is_multipart() && depth < DEPTH_MAX {
            let subtype = part.media_type.strip_prefix("multipart/");
            let subtype = subtype.unwrap_or_default().to_owned();
            part.children = self.children(described, &subtype, depth);
        }
        part
    }

    fn children(&mut self, described: &Part, subtype: &str, depth: usize) -> Vec<Part> {
        let default_type = default_type_in(subtype);
        let children = described.children.iter();
        children
            .map(|child| self.part(child, &child.section, default_type, depth + 1))
            .collect()
    }
}

/// Whether a part is described as a multipart of this boundary. Some servers omit the boundary.
fn is_delimited_by(described: &Part, boundary: &str) -> bool {
    let other = described.params.value("boundary");
    described.is_multipart()
        && !described.children.is_empty()
        && other.is_none_or(|other| other.trim_end() == boundary)
}

#[cfg(test)]
mod tests;
