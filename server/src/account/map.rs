//! Domain types to page types, and wire types to domain types: the only file that sees them all.

use app::api::types::{
    AttachmentView, BodyView, Change, ChangeDone, FolderView, HeaderField, MessageRow, MessageRows,
    MessageView, PartId, Person, SealingKeys, TextBlock, TextSpan,
};
use mail_mime::address::Mailbox;
use mail_mime::date::Date;
use mail_mime::header;
use mail_mime::params::Params;
use mail_mime::text;
use mail_mime::tree::{LeafFields, Part};
use mail_proto::imap;
use mail_proto::imap::body_structure::{BodyStructure, Multipart, SinglePart};

use super::locale::Locale;
use super::model::now_unix_ms;
use super::wording;
use crate::domain::{Changed, ChangedWhat, Folder, FolderList, Listing, Opened, OpenedBody, Row};
use crate::store::seal::BrowserKeys;

/// The keys for what a browser keeps, the one that seals first.
pub(super) fn unsent_keys(keys: &BrowserKeys) -> SealingKeys {
    let all = std::iter::once(&keys.current).chain(&keys.previous);
    SealingKeys(all.map(|key| key.as_str().to_owned()).collect())
}

/// The tree of a BODYSTRUCTURE.
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

/// The mailboxes of an ENVELOPE address list; groups are flattened.
pub(super) fn people_of<'e>(addresses: impl Iterator<Item = imap::Address<'e>>) -> Vec<Mailbox> {
    addresses
        .filter_map(|address| match address {
            imap::Address::Mailbox {
                name,
                local_part,
                domain,
            } => Some(Mailbox::from_envelope(
                name.unwrap_or_default(),
                local_part,
                domain,
            )),
            imap::Address::GroupStart { .. } | imap::Address::GroupEnd => None,
        })
        .collect()
}

/// An ENVELOPE string for people.
pub(super) fn text_of(raw: Option<&[u8]>) -> String {
    raw.map(header::decode_unstructured).unwrap_or_default()
}

/// The date of an ENVELOPE, where it can be read.
pub(super) fn date_of(raw: &[u8]) -> Option<i64> {
    Date::of_message(raw).map(|date| date.unix_ms)
}

pub(super) fn person(mailbox: &Mailbox) -> Person {
    Person {
        name: mailbox.name.clone(),
        address: mailbox.address.clone(),
    }
}

fn people(mailboxes: &[Mailbox]) -> Vec<Person> {
    mailboxes.iter().map(person).collect()
}

pub(super) fn folder_view(folder: Folder) -> FolderView {
    FolderView {
        id: folder.id,
        name: folder.name,
        depth: folder.depth,
        role: folder.role,
        is_selectable: folder.is_selectable,
        unread: folder.unread,
        total: folder.total,
    }
}

pub(super) fn folder_list(list: FolderList) -> app::api::types::FoldersView {
    app::api::types::FoldersView {
        folders: list.folders.into_iter().map(folder_view).collect(),
        left_out: list.left_out,
    }
}

pub(super) fn message_rows(
    folder: app::api::types::FolderId,
    listing: Listing,
    locale: &Locale,
) -> MessageRows {
    use app::api::types::FolderRole;
    let is_own_mail = matches!(listing.role, Some(FolderRole::Sent | FolderRole::Drafts));
    let now = now_unix_ms();
    MessageRows {
        folder,
        name: listing.name,
        role: listing.role,
        total: listing.total,
        unread: listing.unread,
        offset: listing.offset,
        rows: listing
            .rows
            .into_iter()
            .map(|row| message_row(row, is_own_mail, locale, now))
            .collect(),
    }
}

fn message_row(row: Row, is_own_mail: bool, locale: &Locale, now_unix_ms: i64) -> MessageRow {
    let shown = if is_own_mail { &row.to } else { &row.from };
    MessageRow {
        people: people(shown),
        id: row.id,
        position: row.position,
        subject: match row.is_unreadable {
            true => wording::message::unreadable_row(&row.refusal, locale.lang),
            false => row.subject,
        },
        date: locale.date(row.date_unix_ms, now_unix_ms),
        size_bytes: row.size_bytes,
        is_seen: row.marks.is_seen,
        is_starred: row.marks.is_starred,
        is_answered: row.marks.is_answered,
        is_forwarded: row.marks.is_forwarded,
        has_attachment: row.has_attachment,
    }
}

/// A message for the page. `attachments` and `body` are decided by whoever cleaned the HTML.
pub(super) fn message_view(
    opened: &Opened,
    body: BodyView,
    attachments: Vec<AttachmentView>,
    locale: &Locale,
) -> MessageView {
    let headers = &opened.headers;
    let reply_to = headers.reply_to();
    let from = headers.from();
    let written = headers.date_or_received().map(|date| date.unix_ms);
    let date = written.or(opened.arrived_unix_ms);
    MessageView {
        id: opened.id.clone(),
        subject: headers.subject(),
        reply_to: if reply_to == from {
            Vec::new()
        } else {
            people(&reply_to)
        },
        from: people(&from),
        to: people(&headers.to()),
        cc: people(&headers.cc()),
        bcc: people(&headers.bcc()),
        date: locale.date(date, now_unix_ms()),
        size_bytes: opened.size_bytes,
        is_seen: opened.marks.is_seen,
        is_starred: opened.marks.is_starred,
        body,
        attachments,
        headers: headers
            .fields()
            .iter()
            .map(|field| HeaderField {
                name: field.name().to_owned(),
                value: field.text(),
            })
            .collect(),
        position: opened.position,
        total: opened.total,
        newer: opened.newer.clone(),
        older: opened.older.clone(),
    }
}

pub(super) fn attachment_view(part: &Part) -> AttachmentView {
    AttachmentView {
        part: PartId(part.section.clone()),
        name: part.name.clone().unwrap_or_default(),
        media_type: part.media_type.clone(),
        size_bytes: part.decoded_size_bytes(),
    }
}

/// Text in blocks of equal quoting.
pub(super) fn text_blocks(opened: &OpenedBody) -> Vec<TextBlock> {
    let OpenedBody::Text { text, format, .. } = opened else {
        return Vec::new();
    };
    text::blocks(text, *format)
        .into_iter()
        .map(|block| TextBlock {
            quote_depth: block.quote_depth,
            spans: block
                .spans
                .into_iter()
                .map(|span| match span {
                    text::Span::Text(text) => TextSpan::Text(text),
                    text::Span::Link { href, text } => TextSpan::Link { href, text },
                })
                .collect(),
        })
        .collect()
}

pub(super) fn change_done(changed: Changed) -> ChangeDone {
    ChangeDone {
        change: match changed.what {
            ChangedWhat::Marked(mark) => Change::Marked(mark),
            ChangedWhat::Moved { role, name } => Change::Moved { role, name },
            ChangedWhat::DeletePending { in_secs } => Change::DeletePending { in_secs },
            ChangedWhat::Undone => Change::Undone,
        },
        count: changed.count,
        gone: changed.gone,
        messages: changed.messages,
        undo: changed.undo,
    }
}
