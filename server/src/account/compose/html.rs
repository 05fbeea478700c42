//! The formatted text of a message that is written here: cleaned, and its pictures as files.
//!
//! In a form, a picture is `cid:` and the id of its file in the spool. In the message its content id
//! is that id and [`CONTENT_ID_END`], which programs expect to contain an `@` (RFC 2392 §2).

use std::collections::{BTreeSet, HashMap, HashSet};

use app::api::types::{Draft, FolderId, MessageId, PartId, UploadId};
use mail_mime::body::Body;
use mail_mime::clean::{Fragment, fragment};
use mail_mime::{document, text};

use super::files::fetch_parts;
use crate::account::error::{AccountError, InvalidField};
use crate::account::handle::AccountHandle;
use crate::account::off_thread::off_thread;
use crate::account::typed;
use crate::account::uploads::{Upload, Uploads};
use crate::domain::Opened;

/// Maximum size of formatted text, in bytes: a large newsletter can be quoted.
pub(super) const HTML_MAX_BYTES: usize = 1 << 20;
/// The end of the content id of a picture.
const CONTENT_ID_END: &str = "@inline";

/// The formatted text of an outgoing message.
pub(super) struct FormattedText {
    /// A complete document.
    pub(super) html: String,
    /// The same without formatting.
    pub(super) text: String,
    /// The files that it shows.
    pictures: BTreeSet<String>,
}

impl FormattedText {
    /// Returns the content id of a file that the text shows.
    pub(super) fn content_id(&self, file: &UploadId) -> Option<String> {
        let is_shown = self.pictures.contains(&file.0);
        is_shown.then(|| format!("{file}{CONTENT_ID_END}"))
    }
}

/// Returns the formatted text of a draft, cleaned; `None` for a draft in plain text.
///
/// # Errors
/// [`AccountError::Invalid`] if it is too long or too deep to be sent whole.
pub(super) async fn formatted_text(draft: &Draft) -> Result<Option<FormattedText>, AccountError> {
    let Some(html) = draft.html.clone() else {
        return Ok(None);
    };
    typed::length("body", &html, HTML_MAX_BYTES)?;
    let files: HashSet<String> = draft.uploads.iter().map(|file| file.0.clone()).collect();
    let (cleaned, text) = off_thread(move || {
        let address = |id: &str| {
            files
                .contains(id)
                .then(|| format!("cid:{id}{CONTENT_ID_END}"))
        };
        let cleaned = fragment(&html, &address);
        let text = text::from_html(&cleaned.html);
        (cleaned, text)
    })
    .await?;
    if cleaned.is_cut {
        return Err(AccountError::Invalid {
            field: "body",
            problem: InvalidField::TextTooLong {
                max_bytes: HTML_MAX_BYTES,
            },
        });
    }
    Ok(Some(FormattedText {
        html: document::written(&cleaned.html),
        text,
        pictures: cleaned.content_ids,
    }))
}

/// Cleans HTML from the clipboard. Pictures of other programs are not in it; those in `data:`
/// addresses are.
///
/// # Errors
/// [`AccountError::Invalid`] if it is too long.
pub(crate) async fn clean_pasted(html: String) -> Result<String, AccountError> {
    typed::length("body", &html, HTML_MAX_BYTES)?;
    off_thread(move || fragment(&html, &|_| None).html).await
}

/// Returns the text of formatted text.
///
/// # Errors
/// [`AccountError::Invalid`] if it is too long.
pub(crate) async fn text_of(html: String) -> Result<String, AccountError> {
    typed::length("body", &html, HTML_MAX_BYTES)?;
    off_thread(move || text::from_html(&html)).await
}

/// The HTML of a message, for a form.
#[derive(Debug, Default)]
pub(crate) struct EditableHtml {
    /// Cleaned, with the files as pictures.
    pub(crate) html: String,
    /// The pictures, as files of the session.
    pub(crate) pictures: Vec<Upload>,
    /// The parts that they were copied from.
    pub(crate) parts: Vec<PartId>,
    /// Whether the message has more than this.
    pub(crate) is_cut: bool,
}

/// Returns the HTML of a message for a form, with its pictures copied into the spool as uploads of
/// the session; `None` if the message has no HTML.
///
/// # Errors
/// [`AccountError::Invalid`] if the pictures are over `max_bytes`; otherwise the error of the
/// request.
pub(crate) async fn editable_html(
    handle: &AccountHandle,
    (folder, message): (&FolderId, &MessageId),
    opened: &Opened,
    uploads: &Uploads,
    max_bytes: u64,
) -> Result<Option<EditableHtml>, AccountError> {
    let Body::Html { documents, .. } = &opened.body else {
        return Ok(None);
    };
    let readable = opened.root.readable();
    let candidates = readable.inline.iter().chain(&readable.attachments);
    let sections: HashMap<String, PartId> = candidates
        .filter_map(|part| Some((part.content_id.clone()?, PartId(part.section.clone()))))
        .collect();
    let known: HashMap<String, String> = sections
        .keys()
        .map(|id| (id.clone(), String::new()))
        .collect();
    let cleaned = fragments(documents.clone(), known).await?;
    let (shown, parts): (Vec<String>, Vec<PartId>) = sections
        .into_iter()
        .filter(|(id, _)| cleaned.content_ids.contains(id))
        .unzip();
    if parts.is_empty() {
        return Ok(Some(EditableHtml {
            html: cleaned.html,
            is_cut: cleaned.is_cut,
            ..EditableHtml::default()
        }));
    }
    let place = (folder, message);
    let pictures = fetch_parts(handle, place, &parts, opened, uploads, max_bytes).await?;
    let addresses = pictures.iter().map(|file| format!("cid:{}", file.id()));
    let addresses = shown.into_iter().zip(addresses).collect();
    let html = fragments(documents.clone(), addresses).await?.html;
    Ok(Some(EditableHtml {
        html,
        pictures,
        parts,
        is_cut: cleaned.is_cut,
    }))
}

/// Returns the HTML of a message for a form, without the pictures of its parts.
pub(crate) async fn html_without_pictures(opened: &Opened) -> Result<String, AccountError> {
    match &opened.body {
        Body::Html { documents, .. } => {
            let cleaned = fragments(documents.clone(), HashMap::new()).await?;
            Ok(cleaned.html)
        }
        _ => Ok(String::new()),
    }
}

/// Cleans the documents of a message, one below the other.
async fn fragments(
    documents: Vec<String>,
    addresses: HashMap<String, String>,
) -> Result<Fragment, AccountError> {
    let cleaned = off_thread(move || {
        let address = |id: &str| addresses.get(id).cloned();
        let mut all = Fragment::default();
        for document in &documents {
            let one = fragment(document, &address);
            all.html.push_str(&one.html);
            all.content_ids.extend(one.content_ids);
            all.is_cut |= one.is_cut;
        }
        all
    });
    cleaned
        .await
        .map_err(|_| AccountError::Unreadable("HTML".to_owned()))
}
