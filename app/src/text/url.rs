//! Builds and parses the URLs of the product.
//!
//! `base` is [`PageContext::base`](crate::page::PageContext::base): `""` or `"/x"`. The server
//! issues ids that are valid in a path; they are encoded all the same, so that a wrong id leads to
//! a 404 and never to another page.

mod list;
pub mod page;

use crate::api::types::{
    AccountId, ComposeKind, ContactQuery, EntryChange, FolderId, FolderRef, FormKey, Lang,
    MessageId, MessageRef, OutboxId, PartId, Priority, TemplateId, Window,
};

pub use list::*;

/// The value of `view` that shows the folder tree on a phone.
pub const VIEW_FOLDERS: &str = "folders";

/// The value of `kind` in the URL of a form that continues a draft.
pub const COMPOSE_DRAFT: &str = "draft";
/// The value of `kind` of a form that begins as a copy of a message.
pub const COMPOSE_COPY: &str = "copy";

/// The field of the query that asks to show a part instead of saving it.
pub const VIEW: &str = "view";

/// The start page: the server redirects to the first account's inbox.
pub fn home(base: &str) -> String {
    format!("{base}/")
}

/// The sign-in page. Not a route of the app: links have `rel="external"`.
pub fn login(base: &str) -> String {
    format!("{base}/login")
}

/// The sign-in page for a further account of the session.
pub fn login_add(base: &str) -> String {
    format!("{base}/login?add=1")
}

/// The sign-in page, followed by `return_to`, a path of this product.
pub fn login_return(base: &str, return_to: &str) -> String {
    format!("{base}/login?return={}", encode(return_to))
}

/// The sign-in page with the reason for showing it.
pub fn login_end(base: &str, end: &str, return_to: Option<&str>) -> String {
    match return_to {
        Some(path) => format!("{}&end={end}", login_return(base, path)),
        None => format!("{}?end={end}", login(base)),
    }
}

/// Sign-out (POST).
pub fn logout(base: &str) -> String {
    format!("{base}/logout")
}

/// An account: the server redirects to its inbox.
pub fn mail(base: &str, account: &AccountId) -> String {
    format!("{base}/mail/{}", encode(account.as_str()))
}

/// A page of a folder, counted from 1.
pub fn folder(base: &str, of: &FolderRef, page: u32) -> String {
    let path = format!("{}/{}", mail(base, &of.account), encode(of.folder.as_str()));
    if page > 1 {
        format!("{path}?page={page}")
    } else {
        path
    }
}

/// A message.
pub fn message(base: &str, of: &MessageRef) -> String {
    format!(
        "{}/{}",
        folder(base, &of.folder, 1),
        encode(of.message.as_str())
    )
}

/// A message, with the page of its folder; `position` is the number of newer messages.
pub fn message_at(base: &str, of: &MessageRef, position: u32) -> String {
    let path = message(base, of);
    match position / Window::PAGE + 1 {
        1 => path,
        page => format!("{path}?page={page}"),
    }
}

/// How the HTML of a message is shown, beside its defaults: for one view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shown {
    /// With its remote images.
    pub images: bool,
    /// In the sender's colours on white, also where the page is dark.
    pub light: bool,
}

impl Shown {
    /// Reads the query of a message or of its document, through a lookup of its values.
    pub fn of_query(value: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            images: value("images").as_deref() == Some("once"),
            light: value("scheme").as_deref() == Some("light"),
        }
    }

    fn query(self) -> &'static str {
        match (self.images, self.light) {
            (false, false) => "",
            (true, false) => "?images=once",
            (false, true) => "?scheme=light",
            (true, true) => "?images=once&scheme=light",
        }
    }
}

/// A message that is shown otherwise than by default.
pub fn message_shown(base: &str, of: &MessageRef, shown: Shown) -> String {
    format!("{}{}", message(base, of), shown.query())
}

/// The route that leaves a mailing list by one click.
pub fn unsubscribe(base: &str) -> String {
    format!("{base}/unsubscribe")
}

/// The route that answers an invitation.
pub fn invitation(base: &str) -> String {
    format!("{base}/invitation")
}

/// The route that allows the remote images of a sender, or stops it.
pub fn images(base: &str) -> String {
    format!("{base}/images")
}

/// The document for the message frame. Not a route of the app.
pub fn body(base: &str, of: &MessageRef, shown: Shown) -> String {
    format!("{}/body{}", message(base, of), shown.query())
}

/// The source of the message, as text. Not a route of the app.
pub fn source(base: &str, of: &MessageRef) -> String {
    format!("{}/source", message(base, of))
}

/// All attachments of a message in one archive. Not a route of the app.
pub fn files(base: &str, of: &MessageRef) -> String {
    format!("{}/files.zip", message(base, of))
}

/// One part of a message, decoded. Not a route of the app.
pub fn part(base: &str, of: &MessageRef, part: &PartId) -> String {
    format!("{}/part/{}", message(base, of), encode(part.as_str()))
}

/// A part of a message, shown by the browser in a document of its own.
pub fn part_view(base: &str, of: &MessageRef, part_id: &PartId) -> String {
    format!("{}?{VIEW}", part(base, of, part_id))
}

/// Changes to messages (POST): `message`, `action`, `to`, `star`, `unstar`, `return`.
pub fn act(base: &str) -> String {
    format!("{base}/act")
}

/// Pinning a folder to the top (POST): `account`, `folder`, `pinned`, `return`.
pub fn pin(base: &str) -> String {
    format!("{base}/pin")
}

/// Undo (POST): `undo`, `return`.
pub fn undo(base: &str) -> String {
    format!("{base}/undo")
}

/// The URL of the compose form without its query; the form is posted to it too.
pub fn compose_form(base: &str) -> String {
    format!("{base}/compose")
}

/// A new message.
pub fn compose(base: &str, account: &AccountId) -> String {
    format!("{base}/compose?account={}", encode(account.as_str()))
}

/// A reply to a message, or a forward of it.
pub fn compose_source(base: &str, kind: ComposeKind, of: &MessageRef) -> String {
    compose_kind(base, kind.word(), of)
}

/// The form that continues a draft.
pub fn compose_draft(base: &str, of: &MessageRef) -> String {
    compose_kind(base, COMPOSE_DRAFT, of)
}

/// The form that begins as a copy of a message.
pub fn compose_copy(base: &str, of: &MessageRef) -> String {
    compose_kind(base, COMPOSE_COPY, of)
}

/// A forward of a message, as a file.
pub fn forward_attached(base: &str, of: &MessageRef) -> String {
    compose_source(base, ComposeKind::ForwardAttached, of)
}

/// A message that is passed on as it is.
pub fn redirect(base: &str, of: &MessageRef) -> String {
    compose_source(base, ComposeKind::Redirect, of)
}

/// A forward of messages of one account, as files; empty without a message.
pub fn compose_attached(base: &str, messages: &[MessageRef]) -> String {
    let mut all = messages.iter();
    let Some(first) = all.next() else {
        return String::new();
    };
    let mut url = compose_source(base, ComposeKind::ForwardAttached, first);
    for other in all {
        url = url + "&more=" + &encode(&other.to_string());
    }
    url
}

fn compose_kind(base: &str, kind: &str, of: &MessageRef) -> String {
    format!(
        "{}&kind={kind}&folder={}&message={}",
        compose(base, &of.folder.account),
        encode(of.folder.folder.as_str()),
        encode(of.message.as_str())
    )
}

/// The form that corrects an outbox entry.
pub fn compose_again(base: &str, outbox: &OutboxId) -> String {
    format!("{base}/compose?again={}", encode(outbox.as_str()))
}

/// The URL of a compose form with its form key.
pub fn with_form(url: &str, form: &FormKey) -> String {
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}form={}", encode(form.as_str()))
}

/// The ledger.
pub fn outbox(base: &str) -> String {
    format!("{base}/outbox")
}

/// A page of the ledger after the newest one.
pub fn outbox_before(base: &str, before: &str) -> String {
    format!("{base}/outbox?before={}", encode(before))
}

/// The ledger at one entry.
pub fn outbox_entry(base: &str, outbox: &OutboxId) -> String {
    format!("{base}/outbox?entry={}", encode(outbox.as_str()))
}

/// Changes to a ledger entry (POST).
pub fn outbox_change(base: &str, outbox: &OutboxId, change: EntryChange) -> String {
    format!(
        "{base}/outbox/{}/{}",
        encode(outbox.as_str()),
        change.word()
    )
}

/// The protocol transcript of the last attempt to send an entry.
pub fn outbox_transcript(base: &str, outbox: &OutboxId) -> String {
    format!("{base}/outbox/{}/transcript", encode(outbox.as_str()))
}

/// The same as a text file.
#[cfg(feature = "ssr")]
pub fn outbox_transcript_text(base: &str, outbox: &OutboxId) -> String {
    format!("{}.txt", outbox_transcript(base, outbox))
}

/// The appearance settings; the form is posted to the same URL: `lang`, `theme`, `return`.
pub fn settings_appearance(base: &str) -> String {
    format!("{base}/settings/appearance")
}

/// A file of the front-end build: `file` is a name from [`crate::page::PageContext`].
pub fn asset(base: &str, file: &str) -> String {
    format!("{base}/a/{file}")
}

/// One symbol of the icon sheet.
pub fn icon(base: &str, icons: &str, name: &str) -> String {
    format!("{base}/a/{icons}#i-{name}")
}

/// How messages are written and sent. Not a route of the app.
pub fn settings_composing(base: &str) -> String {
    format!("{base}/settings/composing")
}

/// The page of the names and addresses that an account sends as (GET, POST).
pub fn settings_identities(base: &str) -> String {
    format!("{base}/settings/identities")
}

/// The page of the texts that an account writes again and again (GET, POST).
pub fn settings_templates(base: &str) -> String {
    format!("{base}/settings/templates")
}

/// A new message that begins with a template.
pub fn compose_template(base: &str, account: &AccountId, template: &TemplateId) -> String {
    format!(
        "{}&template={}",
        compose(base, account),
        encode(template.as_str())
    )
}

/// The page of the first account's address book (GET), and the form of a contact or a group (POST).
pub fn settings_contacts(base: &str) -> String {
    format!("{base}/settings/contacts")
}

/// A page of an address book: `account`, `q`, `offset`.
pub fn contacts(base: &str, query: &ContactQuery) -> String {
    let mut url = format!(
        "{}?account={}",
        settings_contacts(base),
        encode(query.account.as_str())
    );
    if !query.text.trim().is_empty() {
        url.push_str("&q=");
        url.push_str(&encode(query.text.trim()));
    }
    if query.offset > 0 {
        url.push_str(&format!("&offset={}", query.offset));
    }
    url
}

/// The import of a file into an address book (POST): `account`, `file`.
pub fn contacts_import(base: &str) -> String {
    format!("{}/import", settings_contacts(base))
}

/// An address book as a file. `format` is `vcard` or `csv`.
pub fn contacts_export(base: &str, account: &AccountId, format: &str) -> String {
    let account = encode(account.as_str());
    format!(
        "{}/export?account={account}&format={format}",
        settings_contacts(base)
    )
}

/// The upload of one file (POST, raw body, `X-File-Name` percent-encoded).
pub fn upload(base: &str) -> String {
    format!("{base}/upload")
}

/// The editor's document, for a frame. `build` and `lang` are those of the page.
pub fn editor(base: &str, build: &str, lang: Lang) -> String {
    format!("{base}/editor?build={build}&lang={}", lang.tag())
}

/// The bytes of a picture in the text of a message that is being written; a correction of the entry
/// `again` may use the files of that.
pub fn picture(base: &str, file: &str, again: Option<&OutboxId>) -> String {
    let again = again.map_or_else(String::new, |entry| format!("?again={}", encode(&entry.0)));
    format!("{base}/upload/{}{again}", encode(file))
}

/// The event stream; it begins after the event `after`.
pub fn events(base: &str, after: Option<&str>) -> String {
    match after {
        Some(id) => format!("{base}/events?after={}", encode(id)),
        None => format!("{base}/events"),
    }
}

/// The health check.
pub fn health(base: &str) -> String {
    format!("{base}/healthz")
}

/// The folder and message in a path of the mail page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailPath {
    /// The folder.
    pub folder: FolderRef,
    /// The open message, if any.
    pub message: Option<MessageId>,
}

impl MailPath {
    /// Returns the open message.
    pub fn open(&self) -> Option<MessageRef> {
        Some(self.folder.message(self.message.clone()?))
    }
}

/// Parses a path of the mail page; `None` for every other page.
pub fn mail_path(base: &str, path: &str) -> Option<MailPath> {
    let rest = path.strip_prefix(base)?.strip_prefix("/mail/")?;
    let mut parts = rest.split('/').filter(|part| !part.is_empty()).map(decode);
    let path = MailPath {
        folder: FolderRef {
            account: AccountId(parts.next()?),
            folder: FolderId(parts.next()?),
        },
        message: parts.next().map(MessageId),
    };
    parts.next().is_none().then_some(path)
}

/// Percent-encodes all but the unreserved characters (RFC 3986 §2.3): valid in a path segment and
/// in a query value.
pub fn encode(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for nibble in [byte >> 4, byte & 15] {
                out.push(
                    HEX.get(usize::from(nibble))
                        .copied()
                        .map_or('0', char::from),
                );
            }
        }
    }
    out
}

/// Decodes percent-encoding; malformed sequences stay as they are.
pub fn decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let pair = bytes.clone().next().zip(bytes.clone().nth(1));
        match pair.and_then(|(high, low)| Some((nibble(high)?, nibble(low)?))) {
            Some((high, low)) if byte == b'%' => {
                out.push(high << 4 | low);
                bytes.nth(1);
            }
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

impl Priority {
    /// Every priority, in the order of a menu.
    pub const ALL: [Self; 3] = [Self::High, Self::Normal, Self::Low];

    /// Its value in form fields.
    pub fn word(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::High => "high",
            Self::Low => "low",
        }
    }

    /// The priority with this value in a form field.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|priority| priority.word() == word)
    }
}

impl EntryChange {
    /// Returns the value of this change in URLs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Stop => "stop",
            Self::Remove => "remove",
            Self::PutBack => "put_back",
            Self::Delete => "delete",
        }
    }

    /// Parses the value of a change.
    pub fn from_word(word: &str) -> Option<Self> {
        [
            Self::Retry,
            Self::Stop,
            Self::Remove,
            Self::PutBack,
            Self::Delete,
        ]
        .into_iter()
        .find(|change| change.word() == word)
    }

    /// Returns the change that undoes this one.
    pub fn undo(self) -> Option<Self> {
        match self {
            Self::Stop => Some(Self::Retry),
            Self::Remove => Some(Self::PutBack),
            Self::Retry | Self::PutBack | Self::Delete => None,
        }
    }
}

impl ComposeKind {
    /// Returns the value of this kind in URLs and form fields.
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Reply => "reply",
            Self::ReplyAll => "reply_all",
            Self::Forward => "forward",
            Self::ForwardAttached => "attach",
            Self::Redirect => "redirect",
            Self::Unsubscribe => "unsubscribe",
        }
    }

    /// Parses the value of a kind.
    pub fn from_word(word: &str) -> Option<Self> {
        [
            Self::New,
            Self::Reply,
            Self::ReplyAll,
            Self::Forward,
            Self::ForwardAttached,
            Self::Redirect,
            Self::Unsubscribe,
        ]
        .into_iter()
        .find(|kind| kind.word() == word)
    }
}

#[cfg(test)]
mod tests;
