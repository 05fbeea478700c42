//! Texts as they stand in the file. They are decoded when all of it was read, because their code
//! pages may be written after them.

use std::ops::Range;

use super::properties::{Property, ValueKind};
use crate::{charset, display};

/// Maximum length of a name, a type or a subject that is decoded, in octets.
const NAME_BYTES: usize = 2_048;

/// What the attributes and properties of a message give.
#[derive(Debug, Default)]
pub(super) struct RawMessage {
    pub(super) oem_code_page: Option<u32>,
    pub(super) internet_code_page: Option<u32>,
    pub(super) message_code_page: Option<u32>,
    pub(super) subject_attribute: Option<RawText>,
    pub(super) subject: Option<RawText>,
    pub(super) class_attribute: Option<RawText>,
    pub(super) class: Option<RawText>,
    pub(super) body_attribute: Option<RawText>,
    pub(super) body: Option<RawText>,
    pub(super) html: Option<RawText>,
    pub(super) rtf_compressed: Option<Range<usize>>,
}

impl RawMessage {
    /// The code page of strings.
    pub(super) fn code_page(&self) -> Option<u32> {
        self.oem_code_page
            .or(self.message_code_page)
            .or(self.internet_code_page)
    }

    pub(super) fn subject(&self, input: &[u8]) -> Option<String> {
        [&self.subject, &self.subject_attribute]
            .into_iter()
            .flatten()
            .find_map(|text| text.line(input, self.code_page()))
    }

    pub(super) fn class(&self, input: &[u8]) -> Option<String> {
        [&self.class, &self.class_attribute]
            .into_iter()
            .flatten()
            .find_map(|text| text.line(input, self.code_page()))
    }

    /// Returns the body as text, and whether it was cut.
    pub(super) fn text(&self, input: &[u8], max_bytes: usize) -> Option<(String, bool)> {
        [&self.body, &self.body_attribute]
            .into_iter()
            .flatten()
            .find_map(|text| text.body(input, self.code_page(), max_bytes))
    }

    /// Returns the body as HTML, and whether it was cut.
    pub(super) fn html(&self, input: &[u8], max_bytes: usize) -> Option<(String, bool)> {
        let code_page = self.internet_code_page.or_else(|| self.code_page());
        self.html.as_ref()?.body(input, code_page, max_bytes)
    }
}

/// What the attributes and properties of an attachment give.
#[derive(Debug, Default)]
pub(super) struct RawAttachment {
    pub(super) title: Option<RawText>,
    pub(super) long_file_name: Option<RawText>,
    pub(super) file_name: Option<RawText>,
    pub(super) display_name: Option<RawText>,
    pub(super) media_type: Option<RawText>,
    pub(super) content_id: Option<RawText>,
    pub(super) data: Option<Range<usize>>,
    pub(super) object: Option<Range<usize>>,
}

/// The position of a text, and how it is encoded.
#[derive(Debug, Clone)]
pub(super) struct RawText {
    range: Range<usize>,
    is_utf_16: bool,
}

impl RawText {
    pub(super) fn in_code_page(range: Range<usize>) -> Self {
        Self {
            range,
            is_utf_16: false,
        }
    }

    /// Returns the text of a property; `None` if its type is not text.
    pub(super) fn of(property: &Property) -> Option<Self> {
        let is_utf_16 = match property.kind {
            ValueKind::CodePage => false,
            ValueKind::Utf16 => true,
            ValueKind::Number | ValueKind::Binary | ValueKind::Object => return None,
        };
        Some(Self {
            range: property.value.clone(),
            is_utf_16,
        })
    }

    /// The same where octets are text in a code page.
    pub(super) fn of_octets(property: &Property) -> Option<Self> {
        match property.kind {
            ValueKind::Binary => Some(Self::in_code_page(property.value.clone())),
            _ => Self::of(property),
        }
    }

    /// Decodes the first `max_bytes` octets.
    fn decode(&self, input: &[u8], code_page: Option<u32>, max_bytes: usize) -> String {
        let octets = input.get(self.range.clone()).unwrap_or_default();
        // A character of UTF-16 is not cut in its middle.
        let octets = octets.get(..(max_bytes & !1)).unwrap_or(octets);
        if self.is_utf_16 {
            let (text, _) = encoding_rs::UTF_16LE.decode_with_bom_removal(octets);
            return text.into_owned();
        }
        charset::decode(octets, code_page.and_then(charset_of).as_deref())
    }

    /// Decodes a line up to its NUL, safe to show; `None` if nothing is left.
    pub(super) fn line(&self, input: &[u8], code_page: Option<u32>) -> Option<String> {
        let text = self.decode(input, code_page, NAME_BYTES);
        let text = text.split('\0').next().unwrap_or_default();
        let line = display::line(text).trim().to_owned();
        (!line.is_empty()).then_some(line)
    }

    /// Decodes a body and returns whether it was cut; `None` if it is empty.
    fn body(
        &self,
        input: &[u8],
        code_page: Option<u32>,
        max_bytes: usize,
    ) -> Option<(String, bool)> {
        let mut text = self.decode(input, code_page, max_bytes);
        text.truncate(text.trim_end_matches('\0').len());
        (!text.is_empty()).then_some((text, self.range.len() > max_bytes))
    }
}

/// Returns the charset label of a Windows code page; `None` if the charset must be guessed.
pub(super) fn charset_of(code_page: u32) -> Option<String> {
    let label = match code_page {
        866 => "ibm866",
        874 => "windows-874",
        932 => "shift_jis",
        936 | 51_936 | 54_936 => "gb18030",
        949 | 51_949 => "euc-kr",
        950 => "big5",
        1200 => "utf-16le",
        1201 => "utf-16be",
        1250..=1258 => return Some(format!("windows-{code_page}")),
        10_000 => "macintosh",
        20_866 => "koi8-r",
        20_932 | 51_932 => "euc-jp",
        21_866 => "koi8-u",
        28_591..=28_606 => return Some(format!("iso-8859-{}", code_page - 28_590)),
        50_220..=50_222 => "iso-2022-jp",
        65_001 => "utf-8",
        _ => return None,
    };
    Some(label.to_owned())
}
