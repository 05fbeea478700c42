//! Converts IMAP's description of a message to the types of `mail_mime`.

use std::borrow::Cow;

use mail_mime::address::EmailAddress;
use mail_mime::charset;
use mail_mime::date::Date;
use mail_mime::params::Params;
use mail_mime::tree::{LeafFields, Part};
use mail_mime::unstructured;
use mail_proto::imap;
use mail_proto::imap::body_structure::{BodyStructure, Multipart, SinglePart};

/// Converts a BODYSTRUCTURE to a tree of parts.
pub(super) fn part_of(structure: &BodyStructure) -> Part {
    match structure {
        // RFC 9051 §6.4.5.1: the only part of a message is part 1.
        BodyStructure::Single(single) => leaf(single, "1"),
        BodyStructure::Multipart(multipart) => multipart_of(multipart, ""),
    }
}

fn multipart_of(multipart: &Multipart, section: &str) -> Part {
    let children = multipart
        .parts
        .iter()
        .zip(1_u32..)
        .map(|(child, number)| {
            let section = match section {
                "" => number.to_string(),
                parent => format!("{parent}.{number}"),
            };
            match child {
                BodyStructure::Single(single) => leaf(single, &section),
                BodyStructure::Multipart(inner) => multipart_of(inner, &section),
            }
        })
        .collect();
    let subtype = String::from_utf8_lossy(&multipart.media_subtype);
    Part::multipart(
        section,
        &subtype,
        Params::decode(multipart.parameters.iter().cloned()),
        children,
    )
}

fn leaf(single: &SinglePart, section: &str) -> Part {
    let media_type = format!(
        "{}/{}",
        String::from_utf8_lossy(&single.media_type),
        String::from_utf8_lossy(&single.media_subtype)
    );
    let disposition = single.disposition.as_ref();
    let kind = disposition.map(|d| String::from_utf8_lossy(&d.kind));
    let encoding = String::from_utf8_lossy(&single.encoding);
    let content_id = single.id.as_ref().map(|id| String::from_utf8_lossy(id));
    let disposition_params = disposition
        .map(|d| d.parameters.clone())
        .unwrap_or_default();
    Part::leaf(LeafFields {
        section,
        media_type: &media_type,
        params: Params::decode(single.parameters.iter().cloned()),
        disposition: kind.as_deref(),
        disposition_params: Params::decode(disposition_params),
        encoding: Some(&encoding),
        size_bytes: single.size_bytes,
        content_id: content_id.as_deref(),
    })
}

/// Returns the addresses of an ENVELOPE address list; groups are flattened. `text_charset` is the
/// charset that the message declares for its text, if known.
pub(super) fn addresses_of<'e>(
    addresses: impl Iterator<Item = imap::Address<'e>>,
    text_charset: Option<&str>,
) -> Vec<EmailAddress> {
    addresses
        .filter_map(|address| match address {
            imap::Address::Mailbox {
                name,
                local_part,
                domain,
            } => Some(EmailAddress::from_envelope(
                &as_utf_8(name.unwrap_or_default(), text_charset),
                local_part,
                domain,
            )),
            imap::Address::GroupStart { .. } | imap::Address::GroupEnd => None,
        })
        .collect()
}

/// Decodes an ENVELOPE string for display. `text_charset` is the charset that the message declares
/// for its text, if known.
pub(super) fn text_of(raw: Option<&[u8]>, text_charset: Option<&str>) -> String {
    let raw = as_utf_8(raw.unwrap_or_default(), text_charset);
    unstructured::decode_unstructured(&raw)
}

fn as_utf_8<'r>(raw: &'r [u8], text_charset: Option<&str>) -> Cow<'r, [u8]> {
    text_charset.map_or(Cow::Borrowed(raw), |label| {
        charset::field_as_utf_8(raw, label)
    })
}

/// Returns the date of an ENVELOPE, if it can be parsed.
pub(super) fn date_of(raw: &[u8]) -> Option<i64> {
    Date::of_message(raw).map(|date| date.unix_ms)
}
