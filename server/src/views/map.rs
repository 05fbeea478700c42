//! Conversion of domain types to page types.

use std::collections::BTreeSet;

use app::api::types::{
    AccountId, AccountView, AttachmentView, BodyView, Card, ChangeDone, Contact, ContactGroup,
    Failed, FolderId, FolderRef, FolderRole, FolderView, HeaderField, Identity, MessageRef,
    MessageRow, MessageRows, MessageView, PartId, Person, SealingKeys, SearchProgress, Template,
    TemplateName, TextBlock, TextSpan, UndoRef, Unsubscribe, UploadId, UploadView,
};
use mail_mime::address::EmailAddress;
use mail_mime::body::Body;
use mail_mime::list_fields::ListFields;
use mail_mime::packed::Packed;
use mail_mime::tree::Part;
use mail_mime::uuencode::{self, FileEncoding};
use mail_mime::{spoofing, text};

use super::locale::Locale;
use super::wording;
use crate::account::AccountHandle;
use crate::account::lists::List;
use crate::account::lists::search::{SearchList, SearchState};
use crate::account::model::now_unix_ms;
use crate::account::uploads::Upload;
use crate::domain::{Changed, Folder, FolderList, INBOX_ID, Opened, Row, Viewer};
use crate::store::seal::BrowserKeys;

/// Converts an account to its page type.
pub(crate) fn account_view(handle: &AccountHandle) -> AccountView {
    let sign_in = handle.sign_in();
    AccountView {
        id: handle.id(),
        address: sign_in.address.clone(),
        incoming: sign_in.incoming.kind,
        incoming_host: sign_in.incoming.host.clone(),
        outgoing_host: sign_in.outgoing.host.clone(),
        inbox: FolderId(INBOX_ID.to_owned()),
        limitations: handle.limitations().to_vec(),
    }
}

/// Converts an uploaded file to its page type.
pub(crate) fn upload_view(upload: &Upload) -> UploadView {
    UploadView {
        id: UploadId(upload.file.name.as_str().to_owned()),
        name: upload.name.clone(),
        size_bytes: upload.file.size_bytes,
    }
}

/// Converts an identity to its page type.
pub(super) fn identity(identity: crate::domain::Identity) -> Identity {
    Identity {
        id: identity.id,
        name: identity.name,
        address: identity.address,
        reply_to: identity.reply_to,
        signature: identity.signature,
        is_copied: identity.is_copied,
        is_default: identity.is_default,
    }
}

/// Converts a template to its page type.
pub(super) fn template(template: crate::domain::Template) -> Template {
    Template {
        id: template.id,
        name: template.name,
        subject: template.subject,
        text: template.text,
    }
}

/// Converts templates to what a form offers.
pub(super) fn template_names(templates: Vec<crate::domain::Template>) -> Vec<TemplateName> {
    let templates = templates.into_iter();
    templates
        .map(|template| TemplateName {
            id: template.id,
            name: template.name,
        })
        .collect()
}

/// Converts a contact to its page type, with its domains in Unicode.
pub(super) fn contact(contact: crate::domain::Contact) -> Contact {
    Contact {
        id: contact.id,
        name: contact.name,
        addresses: contact.addresses.iter().map(|a| shown_address(a)).collect(),
        note: contact.note,
    }
}

/// Converts a group to its page type, with the domains of its members in Unicode.
pub(super) fn contact_group(group: crate::domain::ContactGroup) -> ContactGroup {
    ContactGroup {
        id: group.id,
        name: group.name,
        members: group.members.iter().map(|a| shown_address(a)).collect(),
    }
}

fn shown_address(address: &str) -> String {
    spoofing::shown_address(&EmailAddress::new("", address))
}

/// Returns the keys that seal unsent drafts in a browser, the current key first.
pub(super) fn unsent_keys(keys: &BrowserKeys) -> SealingKeys {
    let all = std::iter::once(&keys.current).chain(&keys.previous);
    SealingKeys(all.map(|key| key.as_str().to_owned()).collect())
}

pub(super) fn person(mailbox: &EmailAddress) -> Person {
    Person {
        name: mailbox.name.clone(),
        address: spoofing::shown_address(mailbox),
    }
}

fn people(mailboxes: &[EmailAddress]) -> Vec<Person> {
    mailboxes.iter().map(person).collect()
}

pub(super) fn folder_view(folder: Folder) -> FolderView {
    FolderView {
        id: folder.id,
        name: folder.name,
        depth: folder.depth,
        role: folder.role,
        is_selectable: folder.is_selectable,
        is_pinned: folder.is_pinned,
        unread: folder.unread,
        total: folder.total,
    }
}

pub(super) fn folder_list(list: FolderList) -> app::api::types::FoldersView {
    app::api::types::FoldersView {
        folders: pinned_first(list.folders).map(folder_view).collect(),
        left_out: list.left_out,
    }
}

/// Returns pinned folders first, each with its subfolders.
fn pinned_first(folders: Vec<Folder>) -> impl Iterator<Item = Folder> {
    let mut pinned = Vec::new();
    let mut others = Vec::new();
    // The depth of the pinned folder that contains the current one.
    let mut above = None;
    for mut folder in folders {
        above = above.filter(|depth| folder.depth > *depth);
        if above.is_none() && folder.is_pinned {
            above = Some(folder.depth);
        }
        match above {
            Some(depth) => {
                folder.depth -= depth;
                pinned.push(folder);
            }
            None => others.push(folder),
        }
    }
    pinned.into_iter().chain(others)
}

pub(super) fn message_rows(list: List, handles: &[AccountHandle], locale: &Locale) -> MessageRows {
    match list {
        List::Search(list) => search_rows(list, handles, locale),
        List::Folder(folder, listing) => {
            let rows = listing.rows.into_iter().map(|row| (folder.clone(), row));
            MessageRows {
                rows: rows_of(rows, listing.role, locale),
                folder: Some(folder),
                name: listing.name,
                role: listing.role,
                total: listing.total,
                unread: listing.unread,
                offset: listing.offset,
                next: None,
                pending: Vec::new(),
                view: None,
                failed: Vec::new(),
                search: None,
            }
        }
        List::Merged(list) => MessageRows {
            folder: None,
            name: String::new(),
            role: Some(list.role),
            total: list.total,
            unread: list.unread,
            offset: 0,
            rows: rows_of(list.rows.into_iter(), Some(list.role), locale),
            next: list.next,
            pending: list.pending,
            view: list.view,
            failed: list
                .failed
                .into_iter()
                .map(|(account, error)| Failed {
                    account,
                    messages: Vec::new(),
                    error: error.to_api(locale.lang),
                })
                .collect(),
            search: None,
        },
    }
}

fn search_rows(list: SearchList, handles: &[AccountHandle], locale: &Locale) -> MessageRows {
    let lang = locale.lang;
    let now = now_unix_ms();
    let progress = SearchProgress {
        text: wording::search::progress(&list, lang),
        is_running: list.state == SearchState::Running,
        notes: wording::search::notes(&list.problems, handles, lang),
    };
    let rows = list.rows.into_iter().map(|(folder, row)| MessageRow {
        place: wording::search::place(&folder, handles, lang),
        ..message_row(folder.folder, row, is_own_mail(folder.role), locale, now)
    });
    MessageRows {
        folder: None,
        name: lang.results().into_owned(),
        role: None,
        total: list.total,
        unread: None,
        offset: list.offset,
        rows: rows.collect(),
        next: None,
        pending: Vec::new(),
        view: Some(list.view),
        failed: Vec::new(),
        search: Some(progress),
    }
}

/// Whether rows of a folder show their recipients: it has the user's own mail.
fn is_own_mail(role: Option<FolderRole>) -> bool {
    matches!(role, Some(FolderRole::Sent | FolderRole::Drafts))
}

fn rows_of(
    rows: impl Iterator<Item = (FolderRef, Row)>,
    role: Option<FolderRole>,
    locale: &Locale,
) -> Vec<MessageRow> {
    let is_own_mail = is_own_mail(role);
    let now = now_unix_ms();
    rows.map(|(folder, row)| message_row(folder, row, is_own_mail, locale, now))
        .collect()
}

fn message_row(
    folder: FolderRef,
    row: Row,
    is_own_mail: bool,
    locale: &Locale,
    now_unix_ms: i64,
) -> MessageRow {
    let shown = if is_own_mail { &row.to } else { &row.from };
    MessageRow {
        people: people(shown),
        id: MessageRef {
            folder,
            message: row.id,
        },
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
        place: String::new(),
    }
}

/// Converts an open message to its page type. `attachments` and `body` depend on the sanitized
/// HTML, and what is loaded in it on the `cards`, so the caller passes them.
pub(super) fn message_view(
    folder: &FolderRef,
    opened: &Opened,
    body: BodyView,
    attachments: Vec<AttachmentView>,
    cards: Vec<Card>,
    unsubscribe: Option<Unsubscribe>,
    locale: &Locale,
) -> MessageView {
    let headers = &opened.headers;
    let reply_to = headers.reply_to();
    let from = headers.from();
    let written = headers.date_or_received().map(|date| date.unix_ms);
    let date = written.or(opened.arrived_unix_ms);
    MessageView {
        id: folder.message(opened.id.clone()),
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
        cards,
        unsubscribe,
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
        newer: opened.newer.clone().map(|id| folder.message(id)),
        older: opened.older.clone().map(|id| folder.message(id)),
    }
}

/// Returns how a mailing list can be left.
pub(super) fn unsubscribe(handle: &AccountHandle, opened: &Opened) -> Option<Unsubscribe> {
    if let Some(one_click) = handle.one_click(&opened.headers) {
        let host = one_click.host;
        return Some(Unsubscribe::OneClick { host });
    }
    let ways = ListFields::of(&opened.headers).unsubscribe?;
    let page = ways.web.map(|url| Unsubscribe::Page { url });
    page.or(ways.mail.map(|_| Unsubscribe::Mail))
}

/// Returns the attachments for these parts; in place of winmail.dat and opened S/MIME, the files in
/// it. `used` are the content ids that the HTML uses.
pub(super) fn attachment_views(
    opened: &Opened,
    parts: Vec<&Part>,
    used: &BTreeSet<String>,
) -> Vec<AttachmentView> {
    let packed = opened.supplements.packed.as_ref();
    let files_of = |part: &Part| packed.filter(|packed| packed.section == part.section);
    let views = parts.into_iter().flat_map(|part| match files_of(part) {
        Some(packed) => packed_views(packed, used),
        None => vec![attachment_view(part)],
    });
    views.collect()
}

fn packed_views(packed: &Packed, used: &BTreeSet<String>) -> Vec<AttachmentView> {
    let files = packed.content.files_except(used);
    let views = files.map(|(index, file)| {
        let part = PartId::packed(&packed.section, index);
        let name = file.name.as_deref().unwrap_or_default();
        let media_type = file.media_type.as_deref().unwrap_or(FILE);
        file_view(part, name, media_type, file.size_bytes)
    });
    views.collect()
}

/// Takes the files out of a plain text that holds some (uuencode). They belong to the part of the
/// text, which has to be the only one.
pub(super) fn take_files(body: &mut Body, root: &Part) -> Vec<AttachmentView> {
    let readable = root.readable();
    let (Body::Text { text, .. }, [part]) = (body, readable.texts.as_slice()) else {
        return Vec::new();
    };
    let extracted = uuencode::extract(text);
    // What cannot be decoded stays in the text.
    let is_encoded = |file: &uuencode::EncodedFile| file.encoding != FileEncoding::YEnc;
    if extracted.files.is_empty() || !extracted.files.iter().all(is_encoded) {
        return Vec::new();
    }
    let files = extracted.files.iter().enumerate();
    let views = files.map(|(index, file)| {
        let part = PartId::packed(&part.section, index);
        let name = file.name.as_deref().unwrap_or_default();
        file_view(part, name, FILE, file.size_bytes as u64)
    });
    let views = views.collect();
    let shown = extracted.text.into_owned();
    *text = shown;
    views
}

/// The media type of a file that names none.
const FILE: &str = "application/octet-stream";

pub(super) fn attachment_view(part: &Part) -> AttachmentView {
    let id = PartId(part.section.clone());
    let name = part.name.as_deref().unwrap_or_default();
    file_view(id, name, &part.media_type, part.decoded_size_bytes())
}

fn file_view(part: PartId, name: &str, media_type: &str, size_bytes: u64) -> AttachmentView {
    AttachmentView {
        part,
        name: name.to_owned(),
        media_type: media_type.to_owned(),
        size_bytes,
        can_view: Viewer::shows(name, media_type, size_bytes),
    }
}

/// Splits a text into blocks of equal quote depth.
pub(super) fn text_blocks(opened: &Body) -> Vec<TextBlock> {
    let Body::Text { text, format, .. } = opened else {
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

/// Converts a change in one folder. An undone change names the folder that now holds its messages.
pub(super) fn change_done(account: &AccountId, changed: Changed) -> ChangeDone {
    let undo = changed.undo.map(|undo| UndoRef {
        account: account.clone(),
        undo,
    });
    let messages = changed.back.map(|(folder, messages)| {
        let folder = FolderRef {
            account: account.clone(),
            folder,
        };
        let messages = messages.into_iter();
        messages.map(|message| folder.message(message)).collect()
    });
    ChangeDone {
        change: changed.what,
        count: changed.count,
        gone: changed.gone,
        messages: messages.unwrap_or_default(),
        undo: undo.into_iter().collect(),
    }
}

/// Adds a change to the list, merged with an earlier one of the same kind.
pub(super) fn add_done(all: &mut Vec<ChangeDone>, done: ChangeDone) {
    match all.iter_mut().find(|known| known.change == done.change) {
        Some(known) => {
            known.count = known.count.saturating_add(done.count);
            known.gone = known.gone.saturating_add(done.gone);
            known.messages.extend(done.messages);
            known.undo.extend(done.undo);
        }
        None => all.push(done),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pinned_folders_and_their_subfolders_come_first() {
        let folder = |name: &str, depth: u32, is_pinned: bool| Folder {
            id: name.into(),
            name: name.to_owned(),
            depth,
            role: None,
            is_selectable: true,
            is_pinned,
            unread: None,
            total: None,
        };
        let folders = vec![
            folder("Inbox", 0, false),
            folder("Work", 0, false),
            folder("Work/2026", 1, true),
            folder("Work/2026/May", 2, true),
            folder("Work/Old", 1, false),
            folder("Play", 0, true),
        ];
        let shown: Vec<_> = pinned_first(folders)
            .map(|folder| (folder.name, folder.depth))
            .collect();
        let expected = [
            ("Work/2026", 0),
            ("Work/2026/May", 1),
            ("Play", 0),
            ("Inbox", 0),
            ("Work", 0),
            ("Work/Old", 1),
        ];
        assert_eq!(
            shown,
            expected.map(|(name, depth)| (name.to_owned(), depth))
        );
    }
}
