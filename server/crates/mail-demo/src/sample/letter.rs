//! A message writer: header fields, charsets, transfer encodings, multiparts.
//!
//! It uses no library because the sample needs old charsets, malformed fields, and boundaries that
//! are the same on every run.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use encoding_rs::{Encoding, UTF_8};

use super::attachment::Attachment;
use super::hash::fnv1a;
use crate::clock;

/// The content of a message before encoding.
#[derive(Debug, Clone, Default)]
pub(super) struct Letter {
    /// `Name <address>`
    pub(super) from: String,
    pub(super) to: String,
    pub(super) cc: String,
    pub(super) subject: String,
    pub(super) date_unix_ms: i64,
    /// Without angle brackets.
    pub(super) message_id: String,
    /// Without angle brackets, oldest first; the last one is the message replied to.
    pub(super) references: Vec<String>,
    pub(super) extra_fields: Vec<(String, String)>,
    /// The label of the charset of text and header; empty for UTF-8.
    pub(super) charset: String,
    /// Whether the subject is written as raw octets instead of encoded words.
    pub(super) has_raw_subject: bool,
    /// Whether the text is written without a transfer encoding.
    pub(super) is_8bit: bool,
    pub(super) text: String,
    pub(super) html: Option<String>,
    pub(super) inline: Vec<Attachment>,
    pub(super) attachments: Vec<Attachment>,
}

/// An encoded part: its header fields and its body.
struct Part {
    fields: String,
    body: Vec<u8>,
}

impl Letter {
    /// Encodes the message, with CRLF line endings.
    pub(super) fn rfc822(&self) -> Bytes {
        let mut header = Vec::new();
        let mut field = |name: &str, value: &str| {
            if !value.is_empty() {
                header.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
            }
        };
        field("Message-ID", &format!("<{}>", self.message_id));
        field("Date", &clock::rfc5322(self.date_unix_ms));
        field("From", &self.address_list(&self.from));
        field("To", &self.address_list(&self.to));
        field("Cc", &self.address_list(&self.cc));
        if !self.has_raw_subject {
            field("Subject", &self.encoded(&self.subject));
        }
        if let Some(parent) = self.references.last() {
            field("In-Reply-To", &format!("<{parent}>"));
            let references: Vec<_> = self.references.iter().map(|id| format!("<{id}>")).collect();
            field("References", &references.join("\r\n "));
        }
        for (name, value) in &self.extra_fields {
            field(name, value);
        }
        field("MIME-Version", "1.0");
        if self.has_raw_subject {
            header.extend_from_slice(b"Subject: ");
            header.extend_from_slice(&self.charset().encode(&self.subject).0);
            header.extend_from_slice(b"\r\n");
        }
        let body = self.body();
        header.extend_from_slice(body.fields.as_bytes());
        header.extend_from_slice(b"\r\n");
        header.extend_from_slice(&body.body);
        Bytes::from(header)
    }

    fn body(&self) -> Part {
        let text = self.text_part("plain", &self.text);
        let readable = match &self.html {
            None => text,
            Some(html) => {
                let html = self.text_part("html", html);
                let shown = if self.inline.is_empty() {
                    html
                } else {
                    let inline = self
                        .inline
                        .iter()
                        .map(|image| self.attachment_part(image, true));
                    self.multipart("related", std::iter::once(html).chain(inline).collect())
                };
                self.multipart("alternative", vec![text, shown])
            }
        };
        if self.attachments.is_empty() {
            return readable;
        }
        let attached = self
            .attachments
            .iter()
            .map(|attachment| self.attachment_part(attachment, false));
        self.multipart("mixed", std::iter::once(readable).chain(attached).collect())
    }

    fn text_part(&self, subtype: &str, text: &str) -> Part {
        let (label, octets) = self.in_charset(&text.replace('\n', "\r\n"));
        let beyond_ascii = octets.iter().filter(|octet| !octet.is_ascii()).count();
        let has_long_line = octets
            .split(|octet| *octet == b'\n')
            .any(|line| line.len() > 900);
        let (encoding, body) = if beyond_ascii == 0 && !has_long_line {
            ("7bit", octets)
        } else if self.is_8bit && !has_long_line {
            ("8bit", octets)
        } else if beyond_ascii * 4 > octets.len() {
            ("base64", wrapped_base64(&octets))
        } else {
            ("quoted-printable", quoted_printable(&octets))
        };
        // Flowed text would need space-stuffing for lines that begin with a space (RFC 3676 §4.4).
        let may_flow = subtype == "plain" && encoding == "7bit" && !text.contains("\n ");
        let flowed = if may_flow { "; format=flowed" } else { "" };
        Part {
            fields: format!(
                "Content-Type: text/{subtype}; charset={label}{flowed}\r\nContent-Transfer-Encoding: {encoding}\r\n"
            ),
            body,
        }
    }

    fn attachment_part(&self, attachment: &Attachment, is_inline: bool) -> Part {
        let name = &attachment.name;
        let mut fields = format!("Content-Type: {}", attachment.media_type);
        if name.is_ascii() {
            fields.push_str(&format!(";\r\n name=\"{name}\"\r\n"));
        } else {
            fields.push_str(&format!(";\r\n name=\"{}\"\r\n", self.encoded(name)));
        }
        let disposition = if is_inline { "inline" } else { "attachment" };
        let filename = if name.is_ascii() {
            format!("filename=\"{name}\"")
        } else {
            format!("filename*=UTF-8''{}", percent_encoded(name))
        };
        fields.push_str(&format!(
            "Content-Disposition: {disposition};\r\n {filename}\r\n"
        ));
        if is_inline {
            fields.push_str(&format!("Content-ID: <{}>\r\n", attachment.content_id()));
        }
        // A nested message must not be encoded (RFC 2046 §5.2.1).
        if attachment.media_type == "message/rfc822" {
            fields.push_str("Content-Transfer-Encoding: 8bit\r\n");
            return Part {
                fields,
                body: attachment.octets.clone(),
            };
        }
        fields.push_str("Content-Transfer-Encoding: base64\r\n");
        Part {
            fields,
            body: wrapped_base64(&attachment.octets),
        }
    }

    fn multipart(&self, subtype: &str, parts: Vec<Part>) -> Part {
        let boundary = format!("={subtype}_{:016x}", fnv1a(&self.message_id));
        let mut body = Vec::new();
        for part in parts {
            body.extend_from_slice(format!("--{boundary}\r\n{}\r\n", part.fields).as_bytes());
            body.extend_from_slice(&part.body);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        Part {
            fields: format!("Content-Type: multipart/{subtype};\r\n boundary=\"{boundary}\"\r\n"),
            body,
        }
    }

    fn charset(&self) -> &'static Encoding {
        Encoding::for_label(self.charset.as_bytes()).unwrap_or(UTF_8)
    }

    /// Encodes the names of `Name <address>, …` as words or encoded words.
    fn address_list(&self, list: &str) -> String {
        let address = |written: &str| match written.trim().split_once('<') {
            Some((name, address)) if !name.trim().is_empty() => {
                let name = name.trim();
                let is_plain = name
                    .bytes()
                    .all(|octet| octet.is_ascii_alphanumeric() || b" -'".contains(&octet));
                let name = match (is_plain, name.is_ascii()) {
                    (true, _) => name.to_owned(),
                    (false, true) => format!("\"{name}\""),
                    (false, false) => self.encoded(name),
                };
                format!("{name} <{address}")
            }
            _ => written.trim().to_owned(),
        };
        list.split(", ")
            .map(address)
            .collect::<Vec<_>>()
            .join(",\r\n ")
    }

    /// Encodes text in the message's charset, or in UTF-8 if the charset lacks a character.
    fn in_charset(&self, text: &str) -> (&str, Vec<u8>) {
        match self.charset().encode(text) {
            (octets, _, false) if !self.charset.is_empty() => (&self.charset, octets.into_owned()),
            _ => ("utf-8", text.as_bytes().to_vec()),
        }
    }

    /// Encodes header text: ASCII unchanged, other text as encoded words (RFC 2047 §2) of at most
    /// 75 octets that split no character.
    fn encoded(&self, text: &str) -> String {
        if text.is_ascii() {
            return text.to_owned();
        }
        const OCTETS_IN_A_WORD: usize = 39;
        let word = |chunk: &str| {
            let (label, octets) = self.in_charset(chunk);
            format!("=?{label}?B?{}?=", STANDARD.encode(octets))
        };
        let mut words = Vec::new();
        let mut chunk = String::new();
        for character in text.chars() {
            chunk.push(character);
            if self.in_charset(&chunk).1.len() > OCTETS_IN_A_WORD {
                chunk.pop();
                words.push(word(&chunk));
                chunk = character.to_string();
            }
        }
        words.push(word(&chunk));
        words.join("\r\n ")
    }
}

fn wrapped_base64(octets: &[u8]) -> Vec<u8> {
    const OCTETS_IN_A_LINE: usize = 57;
    let mut text = String::with_capacity(octets.len() / 2 * 3);
    for line in octets.chunks(OCTETS_IN_A_LINE) {
        STANDARD.encode_string(line, &mut text);
        text.push_str("\r\n");
    }
    text.into_bytes()
}

/// Encodes text with CRLF line endings as quoted-printable (RFC 2045 §6.7).
fn quoted_printable(octets: &[u8]) -> Vec<u8> {
    const LINE_BYTES: usize = 75;
    let mut encoded = Vec::with_capacity(octets.len() * 5 / 4);
    for (at, line) in octets.split(|octet| *octet == b'\n').enumerate() {
        if at > 0 {
            encoded.extend_from_slice(b"\r\n");
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut line_len = 0;
        for (at, &octet) in line.iter().enumerate() {
            let is_last = at + 1 == line.len();
            let is_literal =
                matches!(octet, b'!'..=b'<' | b'>'..=b'~') || (octet == b' ' && !is_last);
            let unit = if is_literal {
                vec![octet]
            } else {
                format!("={octet:02X}").into_bytes()
            };
            if line_len + unit.len() > LINE_BYTES {
                encoded.extend_from_slice(b"=\r\n");
                line_len = 0;
            }
            line_len += unit.len();
            encoded.extend_from_slice(&unit);
        }
    }
    encoded
}

fn percent_encoded(name: &str) -> String {
    let encoded = |octet: u8| match octet {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
            char::from(octet).to_string()
        }
        _ => format!("%{octet:02X}"),
    };
    name.bytes().map(encoded).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{
        Children, Part as ReadPart, decoded_header, decoded_text, find_field, has_only_crlf,
    };

    fn letter() -> Letter {
        Letter {
            from: "陈思远 <a@b.example>".to_owned(),
            to: "demo@restante.test, O'Neil-X, Y. <c@d.example>".to_owned(),
            subject: "海鸥项目第四季度预算表，请在周五前确认".to_owned(),
            message_id: "x@b.example".to_owned(),
            text: "文杰，\n\n.点\n".to_owned(),
            ..Letter::default()
        }
    }

    #[test]
    fn every_charset_reads_back() {
        for charset in ["", "gb18030", "big5", "iso-2022-jp", "utf-8"] {
            let text = if charset == "big5" {
                "臺北"
            } else if charset == "iso-2022-jp" {
                "日本語"
            } else {
                "中文"
            };
            let letter = Letter {
                charset: charset.to_owned(),
                subject: text.to_owned(),
                text: text.to_owned(),
                ..letter()
            };
            let message = letter.rfc822();
            let root = ReadPart::parse(&message);
            assert_eq!(decoded_text(&message, &root).trim(), text, "{charset}");
            let subject = find_field(root.header_of(&message), "Subject").unwrap();
            assert_eq!(decoded_header(&subject), text, "{charset}");
        }
    }

    #[test]
    fn text_outside_the_charset_is_encoded_as_utf_8() {
        let subject = "回复：打ち合わせ".to_owned();
        let letter = Letter {
            charset: "iso-2022-jp".to_owned(),
            subject: subject.clone(),
            ..letter()
        };
        let message = letter.rfc822();
        let root = ReadPart::parse(&message);
        let read = find_field(root.header_of(&message), "Subject").unwrap();
        assert_eq!(decoded_header(&read), subject);
    }

    #[test]
    fn lines_are_short_and_end_with_crlf() {
        let mut letter = letter();
        letter.html = Some("<p>".repeat(1_000) + "é");
        let message = letter.rfc822();
        assert!(has_only_crlf(&message));
        assert!(
            message
                .split(|octet| *octet == b'\n')
                .all(|line| line.len() <= 79)
        );
        let root = ReadPart::parse(&message);
        assert!(matches!(&root.children, Children::Multipart(parts) if parts.len() == 2));
        assert!(decoded_text(&message, &root).contains("<p>é"));
    }
}
