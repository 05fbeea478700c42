//! The tree of MIME parts, as octet ranges of the message (RFC 2045, RFC 2046).

use std::ops::Range;

use memchr::memmem;

use super::field::{Parameters, find_field};

/// Maximum nesting; a deeper part is treated as one text.
const MAX_DEPTH: u32 = 50;
/// Maximum number of parts; further parts are not split.
const MAX_PARTS: usize = 1_000;

/// A message or one part of it.
#[derive(Debug)]
pub(crate) struct Part {
    /// The header with the empty line that ends it.
    pub(crate) header: Range<usize>,
    pub(crate) body: Range<usize>,
    /// Lower-case type and subtype.
    pub(crate) media_type: (String, String),
    pub(crate) content_type: Parameters,
    pub(crate) children: Children,
}

/// The children of a part.
#[derive(Debug)]
pub(crate) enum Children {
    None,
    /// At least one part.
    Multipart(Vec<Part>),
    /// The message of a `message/rfc822`.
    Message(Box<Part>),
}

impl Part {
    /// Parses a whole message.
    pub(crate) fn parse(message: &[u8]) -> Self {
        let mut reader = Reader {
            message,
            parts_left: MAX_PARTS,
        };
        reader.part(0..message.len(), ("text", "plain"), 0)
    }

    pub(crate) fn header_of<'a>(&self, message: &'a [u8]) -> &'a [u8] {
        message.get(self.header.clone()).unwrap_or_default()
    }

    pub(crate) fn body_of<'a>(&self, message: &'a [u8]) -> &'a [u8] {
        message.get(self.body.clone()).unwrap_or_default()
    }
}

struct Reader<'a> {
    message: &'a [u8],
    parts_left: usize,
}

impl Reader<'_> {
    fn part(&mut self, octets: Range<usize>, default_type: (&str, &str), depth: u32) -> Part {
        let text = self.message.get(octets.clone()).unwrap_or_default();
        let split = octets.start + header_len(text);
        let (header, body) = (octets.start..split, split..octets.end);
        let header_text = self.message.get(header.clone()).unwrap_or_default();

        let written =
            find_field(header_text, "Content-Type").map(|value| Parameters::parse(&value));
        let mut content_type = written.unwrap_or_default();
        let mut media_type = split_type(&content_type.value).unwrap_or_else(|| {
            content_type = Parameters::default();
            (default_type.0.to_owned(), default_type.1.to_owned())
        });
        let children = self.children(&media_type, &content_type, body.clone(), depth);
        if media_type.0 == "multipart" && matches!(children, Children::None) {
            // Without a boundary or a part, BODYSTRUCTURE can only describe it as text.
            media_type = ("text".to_owned(), "plain".to_owned());
        }
        Part {
            header,
            body,
            media_type,
            content_type,
            children,
        }
    }

    fn children(
        &mut self,
        media_type: &(String, String),
        content_type: &Parameters,
        body: Range<usize>,
        depth: u32,
    ) -> Children {
        if depth >= MAX_DEPTH {
            return Children::None;
        }
        match (media_type.0.as_str(), media_type.1.as_str()) {
            ("message", "rfc822" | "global") => {
                Children::Message(Box::new(self.part(body, ("text", "plain"), depth + 1)))
            }
            ("multipart", subtype) => {
                let Some(boundary) = content_type
                    .find("boundary")
                    .map(<[u8]>::trim_ascii_end)
                    .filter(|text| !text.is_empty())
                else {
                    return Children::None;
                };
                let default_type = if subtype == "digest" {
                    ("message", "rfc822")
                } else {
                    ("text", "plain")
                };
                let mut parts = Vec::new();
                for octets in self.between_delimiters(boundary, body) {
                    if self.parts_left == 0 {
                        break;
                    }
                    self.parts_left -= 1;
                    parts.push(self.part(octets, default_type, depth + 1));
                }
                if parts.is_empty() {
                    Children::None
                } else {
                    Children::Multipart(parts)
                }
            }
            _ => Children::None,
        }
    }

    /// Returns the parts of a multipart body. The CRLF before a delimiter belongs to the delimiter
    /// (RFC 2046 §5.1.1). Without a close delimiter, the last part ends with the body.
    fn between_delimiters(&self, boundary: &[u8], body: Range<usize>) -> Vec<Range<usize>> {
        let text = self.message.get(body.clone()).unwrap_or_default();
        let delimiter = [b"--", boundary].concat();
        let mut parts = Vec::new();
        let mut part_start: Option<usize> = None;
        for at in memmem::find_iter(text, &delimiter) {
            let before = text.get(..at).unwrap_or_default();
            if !before.is_empty() && !before.ends_with(b"\n") {
                continue;
            }
            let after = text.get(at + delimiter.len()..).unwrap_or_default();
            let line_end = memchr::memchr(b'\n', after).map_or(after.len(), |end| end + 1);
            let padding = after.get(..line_end).unwrap_or_default().trim_ascii();
            let is_close = padding == b"--";
            if !is_close && !padding.is_empty() {
                // A longer boundary with this one as its prefix.
                continue;
            }
            if let Some(start) = part_start {
                let end = before
                    .strip_suffix(b"\n")
                    .map_or(before, |rest| rest.strip_suffix(b"\r").unwrap_or(rest));
                parts.push(body.start + start..body.start + end.len().max(start));
            }
            part_start = (!is_close).then_some(at + delimiter.len() + line_end);
            if is_close || parts.len() >= MAX_PARTS {
                return parts;
            }
        }
        if let Some(start) = part_start {
            parts.push((body.start + start).min(body.end)..body.end);
        }
        parts
    }
}

/// Returns the length of a header with its empty line.
fn header_len(text: &[u8]) -> usize {
    if text.starts_with(b"\r\n") {
        return 2;
    }
    memmem::find(text, b"\r\n\r\n").map_or(text.len(), |at| at + 4)
}

fn split_type(value: &[u8]) -> Option<(String, String)> {
    let text = std::str::from_utf8(value).ok()?.to_ascii_lowercase();
    let (kind, subtype) = text.split_once('/')?;
    let (kind, subtype) = (kind.trim(), subtype.trim());
    let is_token =
        |text: &str| !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_graphic());
    (is_token(kind) && is_token(subtype)).then(|| (kind.to_owned(), subtype.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NESTED: &[u8] = b"Content-Type: multipart/mixed; boundary=aa\r\n\r\npreamble\r\n--aa\r\n\r\nfirst\r\n\
        --aa \r\nContent-Type: multipart/alternative; boundary=\"aab\"\r\n\r\n--aab\r\nContent-Type: text/html\r\n\r\n<p>\r\n\r\n--aab--\r\n\
        --aa\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\ninner\r\n--aa--\r\nepilogue\r\n";

    #[test]
    fn a_nested_tree_is_cut_at_its_own_delimiters() {
        let root = Part::parse(NESTED);
        let Children::Multipart(parts) = &root.children else {
            panic!("not a multipart: {root:?}")
        };
        assert_eq!(parts.len(), 3);
        assert_eq!(parts[0].body_of(NESTED), b"first");
        let Children::Multipart(inner) = &parts[1].children else {
            panic!("{:?}", parts[1])
        };
        assert_eq!(inner[0].body_of(NESTED), b"<p>\r\n");
        let Children::Message(message) = &parts[2].children else {
            panic!("{:?}", parts[2])
        };
        assert_eq!(message.header_of(NESTED), b"Subject: in\r\n\r\n");
        assert_eq!(message.body_of(NESTED), b"inner");
    }

    #[test]
    fn a_multipart_without_parts_is_a_text() {
        let root =
            Part::parse(b"Content-Type: multipart/mixed; boundary=x\r\n\r\nnothing here\r\n");
        assert_eq!(root.media_type, ("text".to_owned(), "plain".to_owned()));
    }

    #[test]
    fn a_message_nested_without_end_stops_at_the_depth_limit() {
        let message = b"Content-Type: message/rfc822\r\n\r\n".repeat(10_000);
        let mut part = &Part::parse(&message);
        let mut depth = 0;
        while let Children::Message(inner) = &part.children {
            part = inner;
            depth += 1;
        }
        assert_eq!(depth, MAX_DEPTH);
    }

    proptest! {
        #[test]
        fn parts_of_any_message_lie_within_their_parent(
            lines in proptest::collection::vec("(--a|--a--|--ab|Content-Type: multipart/x; boundary=a|Content-Type: message/rfc822||text)", 0..40)
        ) {
            let message = lines.join("\r\n");
            fn check(part: &Part) {
                assert_eq!(part.header.end, part.body.start);
                assert!(part.body.start <= part.body.end);
                let children: &[Part] = match &part.children {
                    Children::None => &[],
                    Children::Multipart(parts) => parts,
                    Children::Message(inner) => std::slice::from_ref(inner),
                };
                for child in children {
                    assert!(part.body.start <= child.header.start && child.body.end <= part.body.end);
                    check(child);
                }
            }
            check(&Part::parse(message.as_bytes()));
        }
    }
}
