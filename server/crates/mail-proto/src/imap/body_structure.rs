//! BODYSTRUCTURE: the MIME tree of a message (RFC 9051 §7.5.2).

use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::Bytes;

use super::envelope::Envelope;
use super::section::PartNumber;
use super::value::Value;
use crate::limits::OverLimit;

/// Maximum number of parts of a message.
const MAX_PARTS: usize = 1000;

/// Number of parts that the tree may still add.
struct PartBudget(usize);

impl PartBudget {
    fn take(&mut self) -> Result<(), OverLimit> {
        self.0 = self.0.checked_sub(1).ok_or(OverLimit {
            what: "parts of a message",
            max: MAX_PARTS as u64,
        })?;
        Ok(())
    }
}

/// A node of the MIME tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyStructure {
    /// A part with a body of its own: not a multipart.
    Single(SinglePart),
    /// A `multipart` part.
    Multipart(Multipart),
}

/// A part with a body of its own: not a multipart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SinglePart {
    /// The media type, such as `text`, in lower case.
    pub media_type: Bytes,
    /// The subtype, such as `plain`, in lower case.
    pub media_subtype: Bytes,
    /// Parameters of `Content-Type`: names in lower case, raw values.
    pub parameters: Vec<(Bytes, Bytes)>,
    /// `Content-ID`, usually in angle brackets.
    pub id: Option<Bytes>,
    /// `Content-Description`
    pub description: Option<Bytes>,
    /// `Content-Transfer-Encoding`, in lower case; empty if the server sent none.
    pub encoding: Bytes,
    /// The size of the encoded body in bytes. A hint only: some servers report a wrong size.
    pub size_bytes: u64,
    /// The number of lines, of `text` and `message/rfc822` parts.
    pub lines: Option<u64>,
    /// The message in a `message/rfc822` part.
    pub message: Option<Box<EmbeddedMessage>>,
    /// `Content-MD5`
    pub md5: Option<Bytes>,
    /// `Content-Disposition`
    pub disposition: Option<Disposition>,
    /// `Content-Language`
    pub language: Vec<Bytes>,
    /// `Content-Location`
    pub location: Option<Bytes>,
}

/// The content of a `message/rfc822` part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddedMessage {
    /// The main header fields of the embedded message.
    pub envelope: Envelope,
    /// The MIME tree of the embedded message.
    pub body: BodyStructure,
}

/// A `multipart` part: a part that contains other parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Multipart {
    /// The subtype, such as `alternative`, in lower case.
    pub media_subtype: Bytes,
    /// The parts, in order.
    pub parts: Vec<BodyStructure>,
    /// Parameters of `Content-Type`: names in lower case, raw values.
    pub parameters: Vec<(Bytes, Bytes)>,
    /// `Content-Disposition`
    pub disposition: Option<Disposition>,
    /// `Content-Language`
    pub language: Vec<Bytes>,
    /// `Content-Location`
    pub location: Option<Bytes>,
}

/// `Content-Disposition` of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disposition {
    /// `inline`, `attachment` or another word, in lower case.
    pub kind: Bytes,
    /// Parameters such as `filename`: names in lower case, raw values.
    pub parameters: Vec<(Bytes, Bytes)>,
}

impl BodyStructure {
    /// Returns all parts that are not multiparts, in order, each with its part number for FETCH.
    ///
    /// The parts of an embedded message follow the `message/rfc822` part that contains it.
    pub fn parts(&self) -> Vec<(PartNumber, &SinglePart)> {
        let mut parts = Vec::new();
        self.collect(&PartNumber::message(), &mut parts);
        parts
    }

    // RFC 9051 §6.4.5.1: a message that is not multipart has exactly one part, number 1; the same
    // holds for an embedded message. The nesting limit of the framer bounds the recursion depth.
    fn collect<'a>(&'a self, holder: &PartNumber, parts: &mut Vec<(PartNumber, &'a SinglePart)>) {
        match self {
            Self::Single(single) => single.collect(holder.child(1), parts),
            Self::Multipart(multipart) => {
                for (number, part) in (1..).zip(&multipart.parts) {
                    match part {
                        Self::Single(single) => single.collect(holder.child(number), parts),
                        Self::Multipart(_) => part.collect(&holder.child(number), parts),
                    }
                }
            }
        }
    }
}

impl SinglePart {
    fn collect<'a>(&'a self, number: PartNumber, parts: &mut Vec<(PartNumber, &'a Self)>) {
        parts.push((number.clone(), self));
        if let Some(message) = &self.message {
            message.body.collect(&number, parts);
        }
    }
}

impl BodyStructure {
    /// Parses a MIME tree; `None` if `value` is not a tree. Servers omit, truncate and extend the
    /// extension data: missing fields are empty.
    ///
    /// ```abnf
    /// body = "(" (body-type-1part / body-type-mpart) ")"
    /// ```
    /// RFC 9051 §9.
    pub(crate) fn parse(value: &Value) -> Option<Result<Self, OverLimit>> {
        Self::node(value, &mut PartBudget(MAX_PARTS)).transpose()
    }

    /// Parses one node of the tree and the nodes below it.
    ///
    /// ```abnf
    /// body            = "(" (body-type-1part / body-type-mpart) ")"
    /// body-type-1part = (body-type-basic / body-type-msg / body-type-text)
    ///                   [SP body-ext-1part]
    /// body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart]
    /// ```
    /// RFC 9051 §9.
    fn node(value: &Value, budget: &mut PartBudget) -> Result<Option<Self>, OverLimit> {
        let Some(fields @ [first, ..]) = value.list() else {
            return Ok(None);
        };
        budget.take()?;
        Ok(Some(match first {
            Value::List(_) => Self::Multipart(Multipart::parse(fields, budget)?),
            // Some servers write a multipart without parts as `("MIXED" …)` or `(NIL "MIXED" …)`.
            _ => Self::Single(SinglePart::parse(fields, budget)?),
        }))
    }
}

impl Multipart {
    /// Parses a `multipart` part.
    ///
    /// ```abnf
    /// body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart]
    /// body-ext-mpart  = body-fld-param [SP body-fld-dsp [SP body-fld-lang
    ///                   [SP body-fld-loc *(SP body-extension)]]]
    /// ```
    /// RFC 9051 §9.
    fn parse(fields: &[Value], budget: &mut PartBudget) -> Result<Self, OverLimit> {
        let parts_len = fields
            .iter()
            .take_while(|field| field.list().is_some())
            .count();
        let (parts, rest) = fields.split_at_checked(parts_len).unwrap_or((fields, &[]));
        let mut rest = rest.iter();
        let parts = parts
            .iter()
            .filter_map(|part| BodyStructure::node(part, budget).transpose());
        Ok(Self {
            parts: parts.collect::<Result<_, _>>()?,
            media_subtype: lower(rest.next()),
            parameters: parameters(rest.next()),
            disposition: Disposition::parse(rest.next()),
            language: languages(rest.next()),
            location: text(rest.next()),
        })
    }
}

impl SinglePart {
    /// Parses a part that is not a multipart.
    ///
    /// ```abnf
    /// body-type-basic = media-basic SP body-fields
    /// body-type-msg   = media-message SP body-fields SP envelope
    ///                   SP body SP body-fld-lines
    /// body-type-text  = media-text SP body-fields SP body-fld-lines
    /// body-fields     = body-fld-param SP body-fld-id SP body-fld-desc
    ///                   SP body-fld-enc SP body-fld-octets
    /// body-ext-1part  = body-fld-md5 [SP body-fld-dsp [SP body-fld-lang
    ///                   [SP body-fld-loc *(SP body-extension)]]]
    /// ```
    /// RFC 9051 §9. Any `message` part with an envelope and a body is parsed as an embedded
    /// message.
    fn parse(fields: &[Value], budget: &mut PartBudget) -> Result<Self, OverLimit> {
        let mut rest = fields.iter();
        let mut part = Self {
            media_type: lower(rest.next()),
            media_subtype: lower(rest.next()),
            parameters: parameters(rest.next()),
            id: text(rest.next()),
            description: text(rest.next()),
            encoding: lower(rest.next()),
            size_bytes: rest.next().and_then(Value::number).unwrap_or_default(),
            ..Self::default()
        };
        let mut ahead = rest.clone();
        if part.media_type == b"message"[..]
            && let Some(Value::List(envelope)) = ahead.next()
            && let Some(body) = ahead.next()
            && let Some(body) = BodyStructure::node(body, budget)?
        {
            let envelope = Envelope::from_fields(envelope);
            part.message = Some(EmbeddedMessage { envelope, body }.into());
            part.lines = ahead.next().and_then(Value::number);
            rest = ahead;
        } else if part.media_type == b"text"[..] {
            part.lines = rest.next().and_then(Value::number);
        }
        part.md5 = text(rest.next());
        part.disposition = Disposition::parse(rest.next());
        part.language = languages(rest.next());
        part.location = text(rest.next());
        Ok(part)
    }
}

impl Disposition {
    /// Parses a `Content-Disposition`.
    ///
    /// ```abnf
    /// body-fld-dsp = "(" string SP body-fld-param ")" / nil
    /// ```
    /// RFC 9051 §9.
    fn parse(value: Option<&Value>) -> Option<Self> {
        let fields = value?.list()?;
        Some(Self {
            kind: lower(fields.first()),
            parameters: parameters(fields.get(1)),
        })
    }
}

/// Parses a string that may be NIL.
///
/// ```abnf
/// nstring = string / nil
/// ```
/// RFC 9051 §9.
fn text(value: Option<&Value>) -> Option<Bytes> {
    value.and_then(Value::nstring).cloned()
}

fn lower(value: Option<&Value>) -> Bytes {
    text(value)
        .map(|text| text.to_ascii_lowercase().into())
        .unwrap_or_default()
}

/// Parses the parameters of a part or of its disposition.
///
/// ```abnf
/// body-fld-param = "(" string SP string *(SP string SP string) ")" / nil
/// ```
/// RFC 9051 §9. A pair whose name is empty or NIL is skipped.
fn parameters(value: Option<&Value>) -> Vec<(Bytes, Bytes)> {
    let list = value.and_then(Value::list).unwrap_or_default();
    let pairs = list.as_chunks::<2>().0.iter();
    pairs
        .filter_map(|[name, value]| {
            Some((
                lower(Some(name)),
                value.nstring().cloned().unwrap_or_default(),
            ))
            .filter(|(name, _)| !name.is_empty())
        })
        .collect()
}

/// Parses `Content-Language`: one language or a list.
///
/// ```abnf
/// body-fld-lang = nstring / "(" string *(SP string) ")"
/// ```
/// RFC 9051 §9.
fn languages(value: Option<&Value>) -> Vec<Bytes> {
    match value {
        Some(Value::List(list)) => list.iter().filter_map(Value::nstring).cloned().collect(),
        other => text(other).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::tokens::values_of;
    use alloc::format;
    use alloc::string::{String, ToString};

    fn tree(text: &str) -> BodyStructure {
        let values = values_of(&Bytes::copy_from_slice(text.as_bytes()), 100).unwrap();
        BodyStructure::parse(values.first().unwrap())
            .unwrap()
            .unwrap()
    }

    #[test]
    fn a_message_of_too_many_parts_is_over_the_limit() {
        let parts = |count: usize| {
            let text = format!("({} \"MIXED\")", "(\"TEXT\" \"PLAIN\")".repeat(count));
            let values = values_of(&Bytes::from(text), 100).unwrap();
            BodyStructure::parse(values.first().unwrap()).unwrap()
        };
        assert!(parts(MAX_PARTS - 1).is_ok());
        assert_eq!(parts(MAX_PARTS).unwrap_err().what, "parts of a message");
    }

    fn numbers(tree: &BodyStructure) -> Vec<String> {
        let parts = tree.parts().into_iter();
        parts
            .map(|(number, part)| {
                let kind = [&part.media_type[..], b"/", &part.media_subtype].concat();
                format!("{number} {}", String::from_utf8(kind).unwrap())
            })
            .collect()
    }

    #[test]
    fn a_simple_text_is_part_one() {
        // RFC 9051 §7.5.2.
        let tree = tree(r#"("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 2279 48)"#);
        assert_eq!(numbers(&tree), ["1 text/plain"]);
        let BodyStructure::Single(part) = tree else {
            panic!("not a single part")
        };
        assert_eq!((part.size_bytes, part.lines), (2279, Some(48)));
        assert_eq!(part.parameters, [("charset".into(), "US-ASCII".into())]);
        assert_eq!(part.encoding, "7bit");
    }

    // docs/protocols.md, IMAP: FETCH
    #[test]
    fn the_two_part_example_of_rfc_9051_7_5_2_is_read() {
        let tree = tree(
            r#"(("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 1152 23)("TEXT" "PLAIN" ("CHARSET" "US-ASCII" "NAME" "cc.diff") "<960723163407.20117h@cac.washington.edu>" "Compiler diff" "BASE64" 4554 73) "MIXED")"#,
        );
        assert_eq!(numbers(&tree), ["1 text/plain", "2 text/plain"]);
        let parts = tree.parts();
        assert_eq!(
            parts[1].1.description.as_deref(),
            Some(&b"Compiler diff"[..])
        );
        assert_eq!(parts[1].1.encoding, "base64");
    }

    #[test]
    fn parts_are_numbered_as_in_rfc_9051_6_4_5_1() {
        let text = r#"("TEXT" "PLAIN" NIL NIL NIL "7BIT" 1 1)"#;
        let octets = r#"("APPLICATION" "OCTET-STREAM" NIL NIL NIL "BASE64" 1)"#;
        let mixed = format!(r#"({text}{octets} "MIXED")"#);
        let message =
            |body: &str| format!(r#"("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 9 (NIL NIL) {body} 3)"#);
        let related = format!(r#"({text}({text}{text} "ALTERNATIVE") "MIXED")"#);
        let all = format!(
            r#"({text}{octets}{}("IMAGE" "GIF" NIL NIL NIL "BASE64" 1){}{related} "MIXED")"#,
            message(&mixed),
            message(text),
        );
        assert_eq!(
            numbers(&tree(&all)),
            [
                "1 text/plain",
                "2 application/octet-stream",
                "3 message/rfc822",
                "3.1 text/plain",
                "3.2 application/octet-stream",
                "4 image/gif",
                "5 message/rfc822",
                "5.1 text/plain",
                "6.1 text/plain",
                "6.2.1 text/plain",
                "6.2.2 text/plain",
            ]
        );
        let BodyStructure::Multipart(top) = tree(&all) else {
            panic!("not a multipart")
        };
        assert_eq!(
            (top.parts.len(), &top.media_subtype[..]),
            (6, &b"mixed"[..])
        );
    }

    #[test]
    fn extension_data_is_read_and_what_is_behind_it_is_ignored() {
        let tree = tree(
            r#"(("IMAGE" "PNG" ("NAME" "a.png") "<c@d>" NIL "BASE64" 70 "md5==" ("INLINE" ("FILENAME" "a.png")) ("de" "en") "loc" ("future" 1)) "RELATED" ("BOUNDARY" "b" "TYPE" "text/html") NIL "de" NIL)"#,
        );
        let parts = tree.parts();
        let disposition = parts[0].1.disposition.as_ref().unwrap();
        assert_eq!(disposition.kind, "inline");
        assert_eq!(
            disposition.parameters,
            [("filename".into(), "a.png".into())]
        );
        assert_eq!(parts[0].1.md5.as_deref(), Some(&b"md5=="[..]));
        assert_eq!(parts[0].1.language, ["de", "en"]);
        assert_eq!(parts[0].1.location.as_deref(), Some(&b"loc"[..]));
        let BodyStructure::Multipart(top) = &tree else {
            panic!("not a multipart")
        };
        assert_eq!(top.language, ["de"]);
        assert_eq!(top.parameters[1], ("type".into(), "text/html".into()));
    }

    #[test]
    fn truncated_and_irregular_trees_are_read_as_far_as_possible() {
        // No extension data, a message part without its message (some servers send this when the
        // message nests too deep), numbers in quotes, NIL for a word, an empty multipart.
        assert_eq!(numbers(&tree(r#"("TEXT" "HTML")"#)), ["1 text/html"]);
        let odd = tree(r#"("MESSAGE" "RFC822" NIL NIL NIL "7BIT" "12" NIL ("attachment" NIL))"#);
        let BodyStructure::Single(part) = odd else {
            panic!("not a single part")
        };
        assert_eq!((part.size_bytes, part.message.is_none()), (12, true));
        assert_eq!(part.disposition.unwrap().kind, "attachment");
        assert_eq!(numbers(&tree("(NIL NIL)")), ["1 /"]);
        assert_eq!(tree("((NIL) \"MIXED\")").parts()[0].0.to_string(), "1");
    }
}
