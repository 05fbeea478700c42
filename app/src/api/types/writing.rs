//! Views of composing and sending: the compose form and the ledger.

use serde::{Deserialize, Serialize};

use super::{
    AccountId, AttachmentView, DateText, DraftId, FolderId, FolderRef, FormKey, Identity,
    IdentityId, MessageId, MessageRef, OutboxId, PartId, TemplateId, UploadId,
};

/// The kind of message that a compose form is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComposeKind {
    /// A new message.
    #[default]
    New,
    /// A reply to the sender.
    Reply,
    /// A reply to the sender and all recipients.
    ReplyAll,
    /// A forward of the message.
    Forward,
    /// A forward of whole messages, as files.
    ForwardAttached,
    /// The message itself, passed on to others as it is.
    Redirect,
    /// The message that leaves the mailing list of this one. It is a new message, not a reply.
    Unsubscribe,
}

impl ComposeKind {
    /// Whether it answers a message.
    pub fn is_reply(self) -> bool {
        matches!(self, Self::Reply | Self::ReplyAll)
    }

    /// Whether it forwards a message.
    pub fn is_forward(self) -> bool {
        matches!(self, Self::Forward | Self::ForwardAttached)
    }
}

/// The message that a compose form replies to or forwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComposeSource {
    /// Reply or forward.
    pub kind: ComposeKind,
    /// Its folder.
    pub folder: FolderId,
    /// The message.
    pub message: MessageId,
}

impl ComposeSource {
    /// Returns the message reference, for the account of the form.
    pub fn of(&self, account: &AccountId) -> MessageRef {
        FolderRef {
            account: account.clone(),
            folder: self.folder.clone(),
        }
        .message(self.message.clone())
    }
}

/// A file in the spool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadView {
    /// Its id.
    pub id: UploadId,
    /// Its name, sanitized.
    pub name: String,
    /// Its size in bytes.
    pub size_bytes: u64,
}

/// The initial content of a compose form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComposeForm {
    /// The sending account.
    pub account: AccountId,
    /// The names and addresses that it can be sent as, at least one; [`Draft::identity`] is the
    /// chosen one.
    pub identities: Vec<Identity>,
    /// The content of the fields.
    pub draft: Draft,
    /// The forwarded message's attachments, offered as check boxes ([`Draft::keep_parts`]).
    pub forwarded: Vec<AttachmentView>,
    /// Files in the spool ([`Draft::uploads`]).
    pub uploads: Vec<UploadView>,
    /// Names of chosen files that are not in the spool. The server refuses the message while a post
    /// names one (`name="missing"`), unless the post contains a file of that name.
    pub missing: Vec<String>,
    /// Maximum size of all uploads of the form, in bytes.
    pub upload_max_bytes: u64,
    /// Maximum message size of the outgoing server, in bytes, if it announced one.
    pub server_max_bytes: Option<u64>,
    /// Options that the outgoing server does not support, as far as it is known.
    pub lacking: Vec<SendLimitation>,
    /// Where the writer begins in [`Draft::body`], in UTF-16 units; in formatted text a number over
    /// 0 is after the quotation.
    pub cursor: u32,
    /// Whether to ask before a text is sent that speaks of a file and has none.
    pub warns_missing_file: bool,
    /// Whether the message that is answered is archived once the answer is handed over: the page
    /// goes to the list then.
    #[serde(default)]
    pub archives_source: bool,
    /// The account's templates, by name.
    #[serde(default)]
    pub templates: Vec<TemplateName>,
}

impl ComposeForm {
    /// Returns a form without content, of an account of whose server nothing is known.
    pub fn empty(account: AccountId, identities: Vec<Identity>, upload_max_bytes: u64) -> Self {
        Self {
            account,
            identities,
            draft: Draft::default(),
            forwarded: Vec::new(),
            uploads: Vec::new(),
            missing: Vec::new(),
            upload_max_bytes,
            server_max_bytes: None,
            lacking: Vec::new(),
            cursor: 0,
            warns_missing_file: true,
            archives_source: false,
            templates: Vec::new(),
        }
    }
}

/// A template as a form offers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateName {
    /// Its id.
    pub id: TemplateId,
    /// Its name.
    pub name: String,
}

/// An option of sending that an outgoing server does not support.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SendLimitation {
    /// Reports of the delivery (RFC 3461).
    Notices,
    /// TLS on every hop (RFC 8689).
    RequiredTls,
}

/// The content of a compose form.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Draft {
    /// The `To` field as typed: addresses with or without names, separated by commas or semicolons.
    pub to: String,
    /// The `Cc` field, in the same format.
    pub cc: String,
    /// The `Bcc` field, in the same format.
    pub bcc: String,
    /// The subject.
    pub subject: String,
    /// The text, with LF line ends. With `html` it is what the text of that is.
    pub body: String,
    /// The text with formatting, as the editor wrote it: a fragment of HTML. A picture in it is
    /// `cid:` and the id of one of the `uploads`. `None`: the message is plain text.
    #[serde(default)]
    pub html: Option<String>,
    /// The message that this one replies to or forwards.
    pub source: Option<ComposeSource>,
    /// The outbox entry that this message corrects and replaces.
    pub replaces: Option<OutboxId>,
    /// Uploaded files to attach, in this order.
    pub uploads: Vec<UploadId>,
    /// Parts of the forwarded message to attach.
    pub keep_parts: Vec<PartId>,
    /// The key of the form; for a draft that a page saves, one for each of its texts. Never stored.
    pub form: Option<FormKey>,
    /// The number of files that the form shows, in any state; `uploads` must have as many. Never
    /// stored.
    pub files: Option<u32>,
    /// Whose name and address it is sent with; `None`: the default one.
    #[serde(default)]
    pub identity: Option<IdentityId>,
    /// How it is sent.
    #[serde(default)]
    pub options: SendOptions,
    /// Its copy among the account's drafts, which goes when the message is sent.
    #[serde(default)]
    pub saved: Option<SavedDraft>,
    /// The Message-IDs of the conversation that a draft of another program belongs to, without
    /// brackets; the last one is that of the message that it answers. Unused if there is a source.
    #[serde(default)]
    pub thread: Vec<String>,
}

/// What the editor asks to be converted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conversion {
    /// HTML from the clipboard, to be cleaned.
    Pasted(String),
    /// HTML of the editor, to become text.
    ToText(String),
    /// The text of a draft, to become HTML. If it ends with the unchanged quotation of its source,
    /// that becomes the source as it was formatted.
    ToHtml(Box<Draft>),
    /// A template of the account, to be put into the text.
    Template(TemplateId),
}

/// The result of a [`Conversion`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Converted {
    /// The text, or cleaned HTML for the editor.
    pub text: String,
    /// The subject of a template; otherwise empty.
    #[serde(default)]
    pub subject: String,
    /// The pictures of the HTML, which are files in the spool now.
    pub uploads: Vec<UploadView>,
    /// The parts of the source that these pictures are.
    pub parts: Vec<PartId>,
}

impl Draft {
    /// Whether it passes a message on: it has recipients, and nothing else of its own.
    pub fn is_redirect(&self) -> bool {
        let kind = self.source.as_ref().map(|source| source.kind);
        kind == Some(ComposeKind::Redirect)
    }
}

/// The copy of a text among the account's drafts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedDraft {
    /// The id of the draft, which stays the same from copy to copy.
    pub id: DraftId,
    /// The folder of the copy.
    pub folder: FolderId,
    /// The copy.
    pub message: MessageId,
}

impl SavedDraft {
    /// Returns the message reference of the copy, for the account of the form.
    pub fn of(&self, account: &AccountId) -> MessageRef {
        FolderRef {
            account: account.clone(),
            folder: self.folder.clone(),
        }
        .message(self.message.clone())
    }
}

/// The result of saving a draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DraftResult {
    /// This is its only copy now.
    Saved(SavedDraft),
    /// Nothing was saved: another tab or another program saved this draft.
    ChangedElsewhere(SavedDraft),
    /// Nothing was saved: the draft was sent or deleted elsewhere.
    Gone,
}

/// How a message is sent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SendOptions {
    /// When it is sent: a date and a time as `2026-11-30T08:05`, in the time zone of the request;
    /// empty: at once.
    pub send_at: String,
    /// Its priority, for the recipients' programs.
    pub priority: Priority,
    /// Whether the recipients are asked to confirm that they read it (RFC 8098).
    pub wants_receipt: bool,
    /// Whether the servers are asked to report its delivery (RFC 3461).
    pub wants_notice: bool,
    /// Whether every server on its way must use TLS (RFC 8689).
    pub requires_tls: bool,
}

/// The priority of a message, for the recipients' programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// None is named.
    #[default]
    Normal,
    /// Important.
    High,
    /// Unimportant.
    Low,
}

/// The keys that encrypt an account's unsent texts in the browser: 32 bytes each, in base64url. The
/// first key encrypts; the others only decrypt older texts.
///
/// Only a live session of the account receives them, so that other users of the browser cannot read
/// the texts. They are never part of a page.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealingKeys(pub Vec<String>);

impl std::fmt::Debug for SealingKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealingKeys(***)")
    }
}

/// The delivery state of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutboxState {
    /// Queued; will be sent automatically.
    Waiting,
    /// Sent after some seconds, in which it can be stopped.
    Held {
        /// The remaining time in seconds, at least 1.
        secs: u32,
    },
    /// Sent at the time that its sender chose.
    Scheduled {
        /// The time.
        at: DateText,
    },
    /// Queued, but the session that wrote it ended. Sent after the next sign-in.
    WaitingForSignIn,
    /// Temporarily refused; retried automatically.
    WaitingToRetry {
        /// The time of the next attempt.
        at: DateText,
        /// The time after which no further attempt is made.
        until: DateText,
    },
    /// Being sent to the server.
    Sending,
    /// The server accepted it for all recipients.
    HandedOver,
    /// The server accepted it for some recipients only.
    PartlyRefused,
    /// The server refused it.
    Refused,
    /// Not sent; not retried automatically.
    NotSent,
    /// The connection was lost after the message was sent: it may have been delivered.
    Unknown,
    /// Stopped by the user. Recipients that received it before keep it.
    Stopped,
    /// The stored record cannot be read; no change to it is possible.
    Damaged {
        /// The cause.
        why: Damage,
    },
}

/// Why the stored record of a message cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Damage {
    /// It is encrypted with a key that the server does not have.
    KeyLost,
    /// A later version of the program wrote it.
    LaterProgram,
    /// It is corrupted.
    Bytes,
}

/// A change that a user makes to an outbox entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryChange {
    /// Sends it again, to the recipients that did not receive it.
    Retry,
    /// Stops retrying; the entry remains and can be corrected or sent.
    Stop,
    /// Removes it from the list; it can be restored for some days.
    Remove,
    /// Restores it to the list.
    PutBack,
    /// Deletes a removed entry.
    Delete,
}

/// The delivery state for one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecipientState {
    /// No result yet.
    Waiting,
    /// The server accepted it.
    HandedOver,
    /// The server refused it temporarily.
    Delayed,
    /// The server refused it.
    Refused,
    /// It was not sent.
    NotSent,
    /// It may have been delivered.
    Unknown,
    /// The user stopped it before this recipient received it.
    Stopped,
}

/// The result for one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecipientView {
    /// The address.
    pub address: String,
    /// The delivery state.
    pub state: RecipientState,
    /// An explanation, as a sentence; may be empty.
    pub meaning: String,
    /// The server's reply, verbatim.
    pub reply: Option<String>,
}

/// The state of the copy in Sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SentCopy {
    /// Not attempted yet.
    Pending,
    /// Stored in this folder.
    Filed {
        /// The folder's id.
        folder: FolderId,
    },
    /// POP3: there is no Sent folder; the ledger is the record.
    NotKept,
    /// Storing it failed.
    Failed {
        /// The cause, as a sentence.
        cause: String,
    },
}

/// What the search for a message that may have been sent found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CopyFound {
    /// A copy that the server filed itself is in this folder: the server has the message.
    In {
        /// The folder's id.
        folder: FolderId,
    },
    /// There is none; not every server files one.
    Nowhere,
}

/// A message in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxEntry {
    /// Its id.
    pub id: OutboxId,
    /// The sending account.
    pub account: AccountId,
    /// Its subject.
    pub subject: String,
    /// When it was written.
    pub created: DateText,
    /// When its state last changed.
    pub changed: DateText,
    /// The outgoing server.
    pub host: String,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// The delivery state.
    pub state: OutboxState,
    /// The error of the whole message: cause and fix.
    pub trouble: Option<ApiErrorText>,
    /// All recipients.
    pub recipients: Vec<RecipientView>,
    /// The copy in Sent.
    pub copy: SentCopy,
    /// What the search for a message in state [`OutboxState::Unknown`] found, once it has ended.
    pub found: Option<CopyFound>,
    /// Whether the transcript of its last attempt is stored.
    pub has_transcript: bool,
}

/// A page of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxRows {
    /// Its entries, newest first.
    pub entries: Vec<OutboxEntry>,
    /// The cursor of the next page, if there are older entries.
    pub older: Option<String>,
    /// Removed entries that can be restored; on the newest page only.
    pub removed: Vec<OutboxEntry>,
    /// The number of entries, of all pages, that need a decision: refused for some or all
    /// recipients, not sent, unknown, unreadable, or waiting for a sign-in.
    pub needs_look: u32,
    /// The number of days after its last change until an entry is deleted.
    pub keep_days: u32,
}

/// A message that was queued in the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentView {
    /// The id of its entry.
    pub outbox: OutboxId,
    /// Its entry, if it could be read.
    pub entry: Option<OutboxEntry>,
}

/// Cause, fix and server reply, ready for display.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiErrorText {
    /// What happened.
    pub cause: String,
    /// What to do.
    pub fix: String,
    /// The server's reply, verbatim.
    pub reply: Option<String>,
}
