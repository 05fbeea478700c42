//! The tree of parts for mail-builder: the forms of the text, the images of the HTML, attachments.

use std::collections::HashSet;

use encodify::qp;
use mail_builder::headers::HeaderType;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::message_id::MessageId;
use mail_builder::mime::MimePart;
use percent_encoding::percent_decode_str;

use super::fields::is_message_id;
use super::folding::{is_printable, raw};
use super::{AttachmentMeta, CalendarPart, ComposeError, OutgoingMessage, Wire};
use crate::{display, encoded_word, text, transfer};

/// Maximum length of a line (RFC 5321 §4.5.3.1.6), without its end.
const LINE_BYTES: usize = 998;
/// Number of letters and digits of the seed in a boundary; RFC 2046 §5.1.1 allows 70 in all.
const SEED_CHARACTERS: usize = 48;
/// Begins every delimiter. It can stand neither in base64 nor in quoted-printable.
pub(super) const DELIMITER_PREFIX: &str = "--=_";
/// Begins a line before which programs with mbox files write a `>` (RFC 4155).
const MBOX_FROM: &str = "From ";
/// Maximum length in bytes of a line of ASCII that is not broken as quoted-printable, whatever stands
/// at its end.
const SHORT_LINE_BYTES: usize = 72;
/// Maximum length of a file name in one parameter: a longer one would be folded in its quotes.
const PLAIN_NAME_BYTES: usize = 60;

/// The content of a part that is streamed beside mail-builder, which writes it at once. No field
/// and no text holds a NUL, so nothing else that is written equals it.
pub(super) const CUT: &[u8] = &[0];

/// The content of a message.
pub(super) struct Content<'x> {
    pub(super) root: MimePart<'x>,
    /// The indexes of the attachments in the order of the tree.
    pub(super) order: Vec<usize>,
}

/// Builds the tree of a message: `mixed(alternative(text, related(html, images), calendar),
/// attachments)`, each multipart only where it has more than one part. The better form of the text
/// comes last (RFC 2046 §5.1.4).
pub(super) fn content(
    outgoing: &OutgoingMessage,
    boundary_seed: &str,
) -> Result<Content<'static>, ComposeError> {
    let seed: String = boundary_seed
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(SEED_CHARACTERS)
        .collect();
    // The letters differ and the seed holds no `_`, so no delimiter begins with another.
    let boundary = |letter| format!("=_{letter}_{seed}");
    let (images, files) = images_and_files(outgoing);

    let mut forms = vec![text_part(outgoing)];
    if let Some(html) = &outgoing.html {
        let mut parts = vec![encoded(
            ContentType::new("text/html"),
            html,
            outgoing.wire,
            Spaces::Typed,
        )];
        parts.extend(attachments(outgoing, &images, "inline"));
        // RFC 2387 §3.1 requires the type of the first part.
        let related = ContentType::new("multipart/related").attribute("type", "text/html");
        forms.push(multipart(related, boundary('r'), parts));
    }
    if let Some(calendar) = &outgoing.calendar {
        forms.push(calendar_part(calendar, outgoing.wire)?);
    }
    let alternative = ContentType::new("multipart/alternative");
    let mut parts = vec![multipart(alternative, boundary('a'), forms)];
    parts.extend(attachments(outgoing, &files, "attachment"));
    let mixed = ContentType::new("multipart/mixed");
    Ok(Content {
        root: multipart(mixed, boundary('m'), parts),
        order: [images, files].concat(),
    })
}

/// Returns a multipart, or its only part.
fn multipart(
    content_type: ContentType<'static>,
    boundary: String,
    mut parts: Vec<MimePart<'static>>,
) -> MimePart<'static> {
    match (parts.pop(), parts.is_empty()) {
        (Some(only), true) => only,
        (last, _) => {
            parts.extend(last);
            MimePart::new(content_type.attribute("boundary", boundary), parts)
        }
    }
}

/// Returns the indexes of the attachments that the HTML shows, and those of the others.
fn images_and_files(outgoing: &OutgoingMessage) -> (Vec<usize>, Vec<usize>) {
    let html = outgoing.html.as_deref().unwrap_or_default();
    // RFC 2392 §2: the id in a link is percent-encoded.
    let shown: HashSet<String> = html
        .split("cid:")
        .skip(1)
        .filter_map(|rest| {
            rest.split(|c: char| c.is_whitespace() || "\"'<>()".contains(c))
                .next()
        })
        .map(|id| percent_decode_str(id).decode_utf8_lossy().into_owned())
        .collect();
    (0..outgoing.attachments.len()).partition(|index| {
        let attachment = outgoing.attachments.get(*index);
        let id = attachment.and_then(|attachment| attachment.content_id.as_deref());
        id.is_some_and(|id| is_message_id(id) && shown.contains(id))
    })
}

fn attachments<'o>(
    outgoing: &'o OutgoingMessage,
    indexes: &'o [usize],
    disposition: &'static str,
) -> impl Iterator<Item = MimePart<'static>> + 'o {
    let chosen = indexes.iter();
    chosen
        .filter_map(|index| outgoing.attachments.get(*index))
        .map(move |attachment| streamed(attachment, disposition))
}

fn text_part(outgoing: &OutgoingMessage) -> MimePart<'static> {
    let content_type = ContentType::new("text/plain");
    if outgoing.is_flowed {
        let content_type = content_type.attribute("format", "flowed");
        let text = text::flow(&outgoing.body);
        return encoded(content_type, &text, outgoing.wire, Spaces::Flowed);
    }
    encoded(content_type, &outgoing.body, outgoing.wire, Spaces::Typed)
}

/// Returns an answer to an invitation. `method` is required (RFC 6047 §2.4).
fn calendar_part(calendar: &CalendarPart, wire: Wire) -> Result<MimePart<'static>, ComposeError> {
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    if !(1..=40).contains(&calendar.method.len()) || !calendar.method.bytes().all(is_allowed) {
        return Err(ComposeError::CalendarMethod);
    }
    let method = calendar.method.clone();
    let content_type = ContentType::new("text/calendar").attribute("method", method);
    Ok(encoded(content_type, &calendar.text, wire, Spaces::Typed))
}

/// What the spaces at the line ends of a text are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spaces {
    Typed,
    Flowed,
}

/// Returns a text part in the plainest encoding that holds it.
fn encoded(
    content_type: ContentType<'static>,
    text: &str,
    wire: Wire,
    spaces: Spaces,
) -> MimePart<'static> {
    let text = normalised(text);
    let content_type = content_type.attribute("charset", "utf-8");
    let is_literal = match spaces {
        // RFC 3676 §4.2: quoted-printable only where it is needed. mail-builder would choose it
        // because of the spaces at the line ends.
        Spaces::Flowed => true,
        // mail-builder writes no 8-bit text.
        Spaces::Typed => !text.is_ascii() && !lines(&text).any(|line| line.ends_with([' ', '\t'])),
    };
    if let Some(encoding) = literal_encoding(&text, wire).filter(|_| is_literal) {
        return literal(content_type, encoding, text);
    }
    // mail-builder would leave special lines as they are, and a soft break may begin one.
    let is_encoded = || lines(&text).any(|line| line.len() > SHORT_LINE_BYTES || !line.is_ascii());
    if lines(&text).any(is_special) || (text.contains(MBOX_FROM) && is_encoded()) {
        return guarded(content_type, &text);
    }
    // 7-bit up to 75 columns; else the shorter one of quoted-printable and base64.
    MimePart::new(content_type, text)
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split("\r\n")
}

/// Whether a line has a meaning of its own: for programs with mbox files, or as a delimiter.
fn is_special(line: &str) -> bool {
    line.starts_with(MBOX_FROM) || line.contains(DELIMITER_PREFIX)
}

/// Returns a text part without lines that [`is_special`]: in base64, which has none, or in
/// quoted-printable, whichever is shorter.
fn guarded(content_type: ContentType<'static>, text: &str) -> MimePart<'static> {
    let octets = format!("\r\n{}", qp::BODY.encode(text));
    // The soft break keeps the line within 76 columns (RFC 2045 §6.7).
    let octets = octets.replace("\r\nFrom ", "\r\n=46=\r\nrom ");
    let octets = octets.strip_prefix("\r\n").unwrap_or(&octets);
    let mut base64 = Vec::new();
    let mut encoder = transfer::Encoder::new();
    encoder.push(text.as_bytes(), &mut base64);
    encoder.finish(&mut base64);
    match octets.len() <= base64.len() {
        true => literal(content_type, "quoted-printable", octets),
        false => literal(content_type, "base64", base64),
    }
}

/// Returns the encoding of a text that may be written as it is.
fn literal_encoding(text: &str, wire: Wire) -> Option<&'static str> {
    if lines(text).any(|line| line.len() > LINE_BYTES || is_special(line)) {
        return None;
    }
    match (text.is_ascii(), wire) {
        (true, _) => Some("7bit"),
        (false, Wire::EightBit | Wire::Utf8) => Some("8bit"),
        (false, Wire::SevenBit) => None,
    }
}

/// Returns a part whose octets mail-builder writes as they are.
fn literal(
    content_type: ContentType<'static>,
    encoding: &'static str,
    octets: impl Into<Vec<u8>>,
) -> MimePart<'static> {
    MimePart::new(content_type, octets.into()).transfer_encoding(encoding)
}

/// Returns the text with CRLF line ends, one after the last line, and without NUL. mail-builder
/// puts line ends into base64 as they are, where they have to be CRLF (RFC 2045 §6.8).
fn normalised(text: &str) -> String {
    let mut text = text
        .replace("\r\n", "\n")
        .replace('\r', "\n")
        .replace('\0', "");
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.replace('\n', "\r\n")
}

/// Returns the part of an attachment, with [`CUT`] in place of its octets.
fn streamed(attachment: &AttachmentMeta, disposition: &'static str) -> MimePart<'static> {
    let name = display::file_name(&attachment.name).unwrap_or_else(|| "attachment".to_owned());
    let is_message =
        attachment.is_literal && attachment.media_type.eq_ignore_ascii_case("message/rfc822");
    let media_type = match is_message {
        true => "message/rfc822".to_owned(),
        false => media_type(&attachment.media_type).to_owned(),
    };
    let part = if is_printable(&name) && name.len() <= PLAIN_NAME_BYTES {
        MimePart::new(
            ContentType::new(media_type).attribute("name", name.clone()),
            CUT,
        )
    } else {
        // RFC 2047 §5 forbids encoded words in quotes, but many programs know no other form;
        // programs that know RFC 2231 read `filename*`, which mail-builder writes.
        let words = encoded_word::encode(&name).join("\r\n ");
        let value = format!("{media_type};\r\n name=\"{words}\"");
        MimePart::raw(CUT).header("Content-Type", raw(value))
    };
    let id = attachment.content_id.as_deref();
    let part = part.transfer_encoding(match attachment.is_literal {
        true => "7bit",
        false => "base64",
    });
    let part = match id.filter(|id| is_message_id(id)) {
        Some(id) => part.header("Content-ID", MessageId::new(id.to_owned())),
        None => part,
    };
    part.header("Content-Disposition", disposition_of(disposition, name))
}

/// Returns the value of Content-Disposition (RFC 2183).
fn disposition_of(disposition: &'static str, name: String) -> HeaderType<'static> {
    // mail-builder folds a name of this length in its quotes, where a run of spaces becomes one
    // for some readers. Longer ones it writes in pieces (RFC 2231 §3), as is done here.
    let is_folded = is_printable(&name) && (PLAIN_NAME_BYTES + 1..=78).contains(&name.len());
    match name.split_at_checked(PLAIN_NAME_BYTES) {
        Some((first, second)) if is_folded && name.contains("  ") => raw(format!(
            "{disposition};\r\n filename*0=\"{first}\";\r\n filename*1=\"{second}\""
        )),
        _ => ContentType::new(disposition)
            .attribute("filename", name)
            .into(),
    }
}

/// Returns a media type that may be written: mail-builder writes it as it is given. Messages and
/// multiparts may not be in base64 (RFC 2046 §5.2.1 and §5.1), so they are sent as plain files.
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
