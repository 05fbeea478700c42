//! Reads `winmail.dat`, the container that Outlook and Exchange write instead of MIME parts
//! (application/ms-tnef; MS-OXTNEF, MS-OXPROPS).
//!
//! Attachments are ranges of the input; only names and bodies are copied. Checksums are not
//! checked: programs write wrong ones, and a mail program gains nothing from refusing the file. A
//! file that is cut or damaged gives what stands before the damage, and a flag.

use std::ops::Range;

use crate::display;
use crate::limits::SHOWN_BYTES;

mod lzfu;
mod properties;
mod raw;
mod reader;
mod rtf;

use properties::{Properties, Property, ValueKind};
use raw::{RawAttachment, RawMessage, RawText};
use reader::Reader;

/// The limits of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TnefLimits {
    /// Maximum number of octets that are read of the file.
    pub input_bytes: usize,
    /// Maximum number of attachments, those of embedded messages counted.
    pub attachments: usize,
    /// Maximum number of properties, those of embedded messages counted.
    pub properties: usize,
    /// Maximum nesting depth of messages. A message below it is an attachment whose own attachments
    /// are not listed.
    pub depth: usize,
    /// Maximum number of octets of each body.
    pub body_bytes: usize,
}

impl TnefLimits {
    /// The default limits of the product.
    pub const DEFAULT: Self = Self {
        input_bytes: 64 << 20,
        attachments: 200,
        properties: 10_000,
        depth: 3,
        body_bytes: SHOWN_BYTES,
    };
}

impl Default for TnefLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The contents of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Tnef {
    /// The subject, one line safe to show.
    pub subject: Option<String>,
    /// The class, such as `IPM.Note`, one line safe to show.
    pub message_class: Option<String>,
    /// The body as plain text, untrusted: it is shown through [`crate::text::blocks`].
    pub text: Option<String>,
    /// The body as HTML, untrusted: it is shown through [`crate::clean::clean`].
    pub html: Option<String>,
    /// The position of the body in compressed RTF (MS-OXRTFCP). If the file has no HTML, the HTML
    /// or else the text in it is the body above.
    pub rtf_compressed: Option<Range<usize>>,
    /// The attachments, an embedded message before its own attachments.
    pub attachments: Vec<Attachment>,
    /// Whether the file ends early or is damaged: the last attachment or body may be incomplete.
    pub is_damaged: bool,
    /// Whether something was left out because of the limits.
    pub is_over_limit: bool,
}

/// A file or a message attached to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attachment {
    /// The name for saving, as of [`display::file_name`].
    pub name: Option<String>,
    /// The media type in lower case, without parameters, as the sender declares it.
    pub media_type: Option<String>,
    /// The identifier without angle brackets by which HTML refers to it (`cid:`).
    pub content_id: Option<String>,
    /// The position of its octets in the input.
    pub data: Range<usize>,
    /// What its octets are.
    pub kind: AttachmentKind,
    /// The index of the attached message that this attachment belongs to.
    pub parent: Option<usize>,
}

impl Attachment {
    /// Returns the octets of the attachment in the input that it was read from.
    pub fn bytes<'a>(&self, input: &'a [u8]) -> &'a [u8] {
        input.get(self.data.clone()).unwrap_or_default()
    }
}

/// What the octets of an attachment are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttachmentKind {
    /// A file.
    File,
    /// A message as a file of this format: [`parse`] reads it.
    Message,
    /// An object of a program, such as a compound file of OLE.
    Object,
}

/// First octets of a file, little endian.
const SIGNATURE: u32 = 0x223e_9f78;
/// Length of the signature and the key after it.
const PREAMBLE_BYTES: usize = 6;
/// Maximum length of decompressed RTF for each octet of a body.
const RTF_BYTES_PER_BODY_BYTE: usize = 4;
/// Identifier of the interface of a message, `00020307-0000-0000-C000-000000000046`.
const MESSAGE_INTERFACE: [u8; 16] = [
    0x07, 0x03, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0xc0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46,
];

/// Parses a file. Returns `None` if it does not begin with the signature of the format.
pub fn parse(input: &[u8], limits: &TnefLimits) -> Option<Tnef> {
    let mut parser = Parser {
        input: input.get(..limits.input_bytes).unwrap_or(input),
        limits,
        properties: 0,
        attachments: Vec::new(),
        is_damaged: false,
        is_over_limit: input.len() > limits.input_bytes,
    };
    let whole = 0..parser.input.len();
    let message = parser.message(whole, 0, None)?;
    let (mut text, is_text_cut) = message.text(parser.input, limits.body_bytes).unzip();
    let (mut html, is_html_cut) = message.html(parser.input, limits.body_bytes).unzip();
    parser.is_over_limit |= is_text_cut == Some(true) || is_html_cut == Some(true);
    if html.is_none()
        && let Some(range) = &message.rtf_compressed
    {
        match parser.rtf_body(range.clone()) {
            Some(rtf::Body::Html(found)) => html = Some(found),
            Some(rtf::Body::Text(found)) if text.is_none() => text = Some(found),
            _ => {}
        }
    }
    Some(Tnef {
        subject: message.subject(parser.input),
        message_class: message.class(parser.input),
        text,
        html,
        rtf_compressed: message.rtf_compressed,
        attachments: parser.attachments,
        is_damaged: parser.is_damaged,
        is_over_limit: parser.is_over_limit,
    })
}

struct Parser<'a> {
    input: &'a [u8],
    limits: &'a TnefLimits,
    /// Number of properties that were read.
    properties: usize,
    attachments: Vec<Attachment>,
    is_damaged: bool,
    is_over_limit: bool,
}

/// Level of an attribute of the message (MS-OXTNEF §2.1.3.1).
const LEVEL_MESSAGE: u8 = 1;
/// Level of an attribute of the attachment that the last [`RENDERING`] began.
const LEVEL_ATTACHMENT: u8 = 2;

// Identifiers of attributes (MS-OXTNEF §2.1.3.3), without their types: readers do not need them, and
// programs do not agree on them.
const SUBJECT: u16 = 0x8004;
const MESSAGE_CLASS: u16 = 0x8008;
const BODY: u16 = 0x800c;
const ATTACH_DATA: u16 = 0x800f;
const ATTACH_TITLE: u16 = 0x8010;
const RENDERING: u16 = 0x9002;
const MESSAGE_PROPERTIES: u16 = 0x9003;
const ATTACH_PROPERTIES: u16 = 0x9005;
const OEM_CODE_PAGE: u16 = 0x9007;

// Identifiers of properties (MS-OXPROPS).
const PID_MESSAGE_CLASS: u16 = 0x001a;
const PID_SUBJECT: u16 = 0x0037;
const PID_BODY: u16 = 0x1000;
const PID_RTF_COMPRESSED: u16 = 0x1009;
const PID_HTML: u16 = 0x1013;
const PID_DISPLAY_NAME: u16 = 0x3001;
const PID_ATTACH_DATA: u16 = 0x3701;
const PID_ATTACH_FILE_NAME: u16 = 0x3704;
const PID_ATTACH_LONG_FILE_NAME: u16 = 0x3707;
const PID_ATTACH_MIME_TAG: u16 = 0x370e;
const PID_ATTACH_CONTENT_ID: u16 = 0x3712;
const PID_INTERNET_CODE_PAGE: u16 = 0x3fde;
const PID_MESSAGE_CODE_PAGE: u16 = 0x3ffd;

impl<'a> Parser<'a> {
    /// Reads the message in a range and adds its attachments; `None` if it has no signature.
    fn message(
        &mut self,
        range: Range<usize>,
        depth: usize,
        parent: Option<usize>,
    ) -> Option<RawMessage> {
        let mut reader = Reader::new(self.input, range);
        if reader.u32() != Some(SIGNATURE) {
            return None;
        }
        reader.u16();
        let mut message = RawMessage::default();
        let mut open: Option<RawAttachment> = None;
        let mut closed = Vec::new();
        while let Some((level, id)) = self.attribute_head(&mut reader) {
            let Some(len) = reader.len() else {
                self.is_damaged = true;
                break;
            };
            let data = reader.up_to(len);
            self.is_damaged |= data.len() < len;
            // The checksum.
            reader.up_to(2);
            if level == LEVEL_MESSAGE {
                self.message_attribute(id, data, &mut message);
                continue;
            }
            if id == RENDERING || open.is_none() {
                closed.extend(open.take());
                if closed.len() + self.attachments.len() >= self.limits.attachments {
                    self.is_over_limit = true;
                    break;
                }
            }
            self.attachment_attribute(id, data, open.get_or_insert_default());
        }
        closed.extend(open);
        for attachment in closed {
            self.add(&attachment, &message, depth, parent);
        }
        Some(message)
    }

    /// Reads the level and the identifier of the next attribute; `None` at the end of the file.
    fn attribute_head(&mut self, reader: &mut Reader<'a>) -> Option<(u8, u16)> {
        // A transport may append line ends or zeros.
        if reader.rest().len() < 9 && !reader.rest().iter().any(|octet| *octet > b' ') {
            return None;
        }
        let head = reader.u8().zip(reader.u16()).zip(reader.u16());
        match head {
            Some(((level @ (LEVEL_MESSAGE | LEVEL_ATTACHMENT), id), _type)) => Some((level, id)),
            _ => {
                self.is_damaged = true;
                None
            }
        }
    }

    fn message_attribute(&mut self, id: u16, data: Range<usize>, message: &mut RawMessage) {
        let text = Some(RawText::in_code_page(data.clone()));
        match id {
            SUBJECT => message.subject_attribute = text,
            MESSAGE_CLASS => message.class_attribute = text,
            BODY => message.body_attribute = text,
            OEM_CODE_PAGE => message.oem_code_page = Reader::new(self.input, data).u32(),
            MESSAGE_PROPERTIES => self.each_property(data, |input, property| {
                let text = RawText::of(&property);
                match property.id {
                    PID_SUBJECT => message.subject = text,
                    PID_MESSAGE_CLASS => message.class = text,
                    PID_BODY => message.body = text,
                    PID_HTML => message.html = RawText::of_octets(&property),
                    PID_RTF_COMPRESSED => message.rtf_compressed = Some(property.value),
                    PID_INTERNET_CODE_PAGE => {
                        message.internet_code_page = Reader::new(input, property.value).u32();
                    }
                    PID_MESSAGE_CODE_PAGE => {
                        message.message_code_page = Reader::new(input, property.value).u32();
                    }
                    _ => {}
                }
            }),
            _ => {}
        }
    }

    fn attachment_attribute(
        &mut self,
        id: u16,
        data: Range<usize>,
        attachment: &mut RawAttachment,
    ) {
        match id {
            ATTACH_TITLE => attachment.title = Some(RawText::in_code_page(data)),
            ATTACH_DATA => attachment.data = Some(data),
            ATTACH_PROPERTIES => self.each_property(data, |_, property| {
                let text = RawText::of(&property);
                match (property.id, property.kind) {
                    (PID_ATTACH_LONG_FILE_NAME, _) => attachment.long_file_name = text,
                    (PID_ATTACH_FILE_NAME, _) => attachment.file_name = text,
                    (PID_DISPLAY_NAME, _) => attachment.display_name = text,
                    (PID_ATTACH_MIME_TAG, _) => attachment.media_type = text,
                    (PID_ATTACH_CONTENT_ID, _) => attachment.content_id = text,
                    (PID_ATTACH_DATA, ValueKind::Object) => {
                        attachment.object = Some(property.value);
                    }
                    (PID_ATTACH_DATA, ValueKind::Binary) => {
                        attachment.data.get_or_insert(property.value);
                    }
                    _ => {}
                }
            }),
            _ => {}
        }
    }

    /// Calls `each` for the properties in a range, up to the limit of the file.
    fn each_property(&mut self, range: Range<usize>, mut each: impl FnMut(&'a [u8], Property)) {
        let mut properties = Properties::new(Reader::new(self.input, range));
        loop {
            if self.properties >= self.limits.properties {
                self.is_over_limit = true;
                return;
            }
            let Some(property) = properties.next() else {
                break;
            };
            self.properties += 1;
            each(self.input, property);
        }
        self.is_damaged |= properties.is_damaged();
    }

    /// Decompresses a body in RTF; `None` if it is empty.
    fn rtf_body(&mut self, range: Range<usize>) -> Option<rtf::Body> {
        let data = self.input.get(range)?;
        let max_bytes = self.limits.body_bytes;
        // The control words around a body in HTML are about as long as the body.
        let rtf_max_bytes = max_bytes.saturating_mul(RTF_BYTES_PER_BODY_BYTE);
        let rtf = lzfu::decompress(data, rtf_max_bytes)?;
        let mut body = rtf::body(&rtf, max_bytes)?;
        let (rtf::Body::Html(text) | rtf::Body::Text(text)) = &mut body;
        let whole_bytes = text.len();
        text.truncate(display::prefix(text, max_bytes).len());
        self.is_over_limit |= rtf.len() == rtf_max_bytes || whole_bytes >= max_bytes;
        (!text.trim().is_empty()).then_some(body)
    }

    /// Adds an attachment to the result, and the attachments of the message that it is.
    fn add(
        &mut self,
        raw: &RawAttachment,
        message: &RawMessage,
        depth: usize,
        parent: Option<usize>,
    ) {
        if self.attachments.len() >= self.limits.attachments {
            self.is_over_limit = true;
            return;
        }
        let code_page = message.code_page();
        let line = |text: &Option<RawText>| text.as_ref()?.line(self.input, code_page);
        let (data, kind) = self.content(raw);
        let name = [&raw.long_file_name, &raw.title, &raw.file_name]
            .into_iter()
            .find_map(|text| display::file_name(&line(text)?));
        let attachment = Attachment {
            name,
            media_type: line(&raw.media_type).and_then(|written| media_type(&written)),
            content_id: line(&raw.content_id).and_then(|written| content_id(&written)),
            data: data.clone(),
            kind,
            parent,
        };
        if attachment.name.is_none() && data.is_empty() {
            return;
        }
        let index = self.attachments.len();
        let display_name = line(&raw.display_name);
        self.attachments.push(attachment);
        if kind != AttachmentKind::Message {
            return;
        }
        let mut subject = None;
        if depth < self.limits.depth {
            // The signature was checked, so the message is there.
            let embedded = self.message(data, depth + 1, Some(index));
            subject = embedded.and_then(|message| message.subject(self.input));
        } else {
            self.is_over_limit = true;
        }
        // The file name of an embedded message is "Untitled Attachment" or similar.
        let title = display_name.or(subject);
        if let Some(attachment) = self.attachments.get_mut(index) {
            let name = title.and_then(|title| message_file_name(&title));
            attachment.name = name.or_else(|| message_file_name(attachment.name.as_deref()?));
        }
    }

    /// Returns the position of an attachment's octets, and what they are.
    fn content(&self, raw: &RawAttachment) -> (Range<usize>, AttachmentKind) {
        if let Some(object) = &raw.object {
            let mut reader = Reader::new(self.input, object.clone());
            let is_message = reader.rest().first_chunk() == Some(&MESSAGE_INTERFACE);
            reader.up_to(MESSAGE_INTERFACE.len());
            let content = reader.up_to(usize::MAX);
            if is_message && is_tnef(self.input.get(content.clone()).unwrap_or_default()) {
                return (content, AttachmentKind::Message);
            }
            if raw.data.is_none() {
                return (content, AttachmentKind::Object);
            }
        }
        (raw.data.clone().unwrap_or_default(), AttachmentKind::File)
    }
}

/// Whether octets begin as a file of this format does.
pub fn is_tnef(bytes: &[u8]) -> bool {
    bytes.len() >= PREAMBLE_BYTES && bytes.starts_with(&SIGNATURE.to_le_bytes())
}

/// Returns a media type without parameters; `None` if it is none (RFC 2045 §5.1).
fn media_type(written: &str) -> Option<String> {
    let bare = written.split(';').next()?.trim().to_ascii_lowercase();
    let is_token = |token: &str| {
        let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b);
        (1..=127).contains(&token.len()) && token.bytes().all(is_allowed)
    };
    let (kind, subtype) = bare.split_once('/')?;
    (is_token(kind) && is_token(subtype)).then_some(bare)
}

fn content_id(written: &str) -> Option<String> {
    let id = written.trim_start_matches('<').trim_end_matches('>').trim();
    (!id.is_empty()).then(|| id.to_owned())
}

/// Returns the name under which an embedded message is saved.
fn message_file_name(title: &str) -> Option<String> {
    // A subject is not a path.
    let title = title.replace(['/', '\\'], "_");
    let name = display::file_name(&title)?;
    display::file_name(&format!("{name}.tnef"))
}

#[cfg(test)]
mod tests;
