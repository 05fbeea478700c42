//! The text parts, and the delimiters and fields around attachments.

use super::{AttachmentMeta, OutgoingMessage};
use crate::transfer::Encoder;
use crate::{display, encoded_word};

/// Maximum length of a line (RFC 5321 §4.5.3.1.6), without its end.
const LINE_BYTES: usize = 998;
/// Maximum length of a quoted-printable line (RFC 2045 §6.7).
const QP_COLUMNS: usize = 76;
/// Number of letters and digits of the seed in a boundary; RFC 2046 §5.1.1 allows 70 in all.
const SEED_CHARACTERS: usize = 48;

/// The delimiter between parts. `=_` can stand neither in base64 nor in quoted-printable.
pub(super) fn boundary(seed: &str) -> String {
    let seed = seed.chars().filter(char::is_ascii_alphanumeric);
    format!("=_{}", seed.take(SEED_CHARACTERS).collect::<String>())
}

/// The delimiter between the two forms of the text. The seed holds no `_`, so neither delimiter
/// begins with the other.
fn inner_boundary(seed: &str) -> String {
    boundary(seed).replacen("=_", "=_a_", 1)
}

/// The content that is shown: the text, or the text and the same as HTML.
pub(super) struct Content {
    text: Text,
    html: Option<(Text, String)>,
}

impl Content {
    /// Encodes the text. `boundary` is the delimiter of the parts around it.
    pub(super) fn of(outgoing: &OutgoingMessage, seed: &str, boundary: &str) -> Self {
        let inner = inner_boundary(seed);
        let delimiters = [boundary, inner.as_str()];
        Self {
            text: Text::of("text/plain", &outgoing.body, &delimiters),
            html: outgoing
                .html
                .as_deref()
                .map(|html| (Text::of("text/html", html, &delimiters), inner.clone())),
        }
    }

    /// Writes the fields, the empty line and the content. The better form comes last (RFC 2046
    /// §5.1.4).
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let Some((html, boundary)) = &self.html else {
            return self.text.write(out);
        };
        let fields =
            format!("Content-Type: multipart/alternative;\r\n boundary=\"{boundary}\"\r\n\r\n");
        out.extend_from_slice(fields.as_bytes());
        for text in [&self.text, html] {
            out.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
            text.write(out);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    }
}

/// One text part, encoded.
struct Text {
    media_type: &'static str,
    encoding: &'static str,
    octets: Vec<u8>,
}

impl Text {
    /// Chooses the plainest encoding that holds the text. Never 8-bit, which needs a server with
    /// 8BITMIME.
    fn of(media_type: &'static str, body: &str, delimiters: &[&str]) -> Self {
        let text = normalised(body);
        let non_ascii = text.bytes().filter(|b| !b.is_ascii()).count();
        let is_plain = text
            .bytes()
            .all(|b| b.is_ascii_graphic() || matches!(b, b' ' | b'\t' | b'\n'))
            && text
                .lines()
                .all(|line| line.len() <= LINE_BYTES && !line.starts_with("From "))
            && !delimiters.iter().any(|delimiter| text.contains(delimiter));
        if is_plain {
            Self {
                media_type,
                encoding: "7bit",
                octets: text.replace('\n', "\r\n").into_bytes(),
            }
        } else if non_ascii * 6 > text.len() {
            // Base64 takes 4 octets for 3: shorter than quoted-printable, for example for Chinese.
            let mut octets = Vec::new();
            let mut encoder = Encoder::new();
            encoder.push(text.replace('\n', "\r\n").as_bytes(), &mut octets);
            encoder.finish(&mut octets);
            Self {
                media_type,
                encoding: "base64",
                octets,
            }
        } else {
            Self {
                media_type,
                encoding: "quoted-printable",
                octets: quoted_printable(&text),
            }
        }
    }

    /// Writes the fields, the empty line and the text.
    fn write(&self, out: &mut Vec<u8>) {
        let fields = format!(
            "Content-Type: {}; charset=utf-8\r\nContent-Transfer-Encoding: {}\r\n\r\n",
            self.media_type, self.encoding
        );
        out.extend_from_slice(fields.as_bytes());
        out.extend_from_slice(&self.octets);
    }
}

/// Returns the text with LF line ends, one after the last line, and without NUL.
fn normalised(body: &str) -> String {
    let mut text = body
        .replace("\r\n", "\n")
        .replace('\r', "\n")
        .replace('\0', "");
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// Encodes a text with LF line ends as quoted-printable (RFC 2045 §6.7).
fn quoted_printable(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 4);
    for line in text.lines() {
        let mut column = 0;
        let last = line.len().saturating_sub(1);
        for (index, octet) in line.bytes().enumerate() {
            // Relays may remove spaces at a line end. A lone dot, `From ` and `--` at a line start
            // have their own meanings in SMTP, in mbox files and between parts.
            let is_literal = match octet {
                b' ' | b'\t' => index != last,
                b'.' | b'F' | b'-' => column > 0,
                b'=' => false,
                other => other.is_ascii_graphic(),
            };
            let width = if is_literal { 1 } else { 3 };
            if column + width >= QP_COLUMNS {
                out.extend_from_slice(b"=\r\n");
                column = 0;
            }
            if is_literal {
                out.push(octet);
            } else {
                out.extend_from_slice(format!("={octet:02X}").as_bytes());
            }
            column += width;
        }
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// Formats the delimiter and the fields before an attachment's base64.
pub(super) fn attachment_head(attachment: &AttachmentMeta, boundary: &str) -> Vec<u8> {
    let name = display::file_name(&attachment.name).unwrap_or_else(|| "attachment".to_owned());
    let media_type = media_type(&attachment.media_type);
    let (name_param, file_name_params) = if is_plain(&name) {
        (format!("\"{name}\""), format!(";\r\n filename=\"{name}\""))
    } else {
        // RFC 2047 §5 forbids encoded words in quotes, but many programs know no other form;
        // programs that know RFC 2231 read `filename*`.
        let words = encoded_word::encode(&name).join("\r\n  ");
        (format!("\"{words}\""), extended(&name))
    };
    format!(
        "\r\n--{boundary}\r\n\
         Content-Type: {media_type};\r\n name={name_param}\r\n\
         Content-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment{file_name_params}\r\n\r\n"
    )
    .into_bytes()
}

fn is_plain(name: &str) -> bool {
    name.bytes()
        .all(|b| (b.is_ascii_graphic() || b == b' ') && !matches!(b, b'"' | b'\\'))
        && !name.contains("=?")
}

/// Formats `filename*0*=utf-8''…` in pieces that fit a line (RFC 2231 §3 and §4).
fn extended(name: &str) -> String {
    let mut pieces = vec![String::from("utf-8''")];
    for octet in name.bytes() {
        let is_literal = octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_');
        let written = match is_literal {
            true => char::from(octet).to_string(),
            false => format!("%{octet:02X}"),
        };
        match pieces.last_mut() {
            Some(piece) if piece.len() + written.len() <= 58 => piece.push_str(&written),
            _ => pieces.push(written),
        }
    }
    if let [whole] = pieces.as_slice() {
        return format!(";\r\n filename*={whole}");
    }
    let numbered = pieces.iter().enumerate();
    numbered
        .map(|(number, piece)| format!(";\r\n filename*{number}*={piece}"))
        .collect()
}

/// Returns a media type that may be written. Messages and multiparts may not be in base64 (RFC 2046
/// §5.2.1 and §5.1), so they are sent as plain files.
fn media_type(written: &str) -> &str {
    let is_token = |word: &str| {
        (1..=100).contains(&word.len())
            && word
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b))
    };
    match written.split_once('/') {
        Some((kind, subtype))
            if is_token(kind)
                && is_token(subtype)
                && !kind.eq_ignore_ascii_case("message")
                && !kind.eq_ignore_ascii_case("multipart") =>
        {
            written
        }
        _ => "application/octet-stream",
    }
}
