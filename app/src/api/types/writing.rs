//! Writing and sending: the compose form and the ledger.

use serde::{Deserialize, Serialize};

use super::{
    AccountId, AttachmentView, DateText, FolderId, FolderRef, FormKey, MessageId, MessageRef,
    OutboxId, PartId, Person, UploadId,
};

/// Why a compose form is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComposeKind {
    /// A new message.
    #[default]
    New,
    /// An answer to the writer.
    Reply,
    /// An answer to everybody.
    ReplyAll,
    /// The message, sent on to somebody else.
    Forward,
}

/// The message that is answered or forwarded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComposeSource {
    /// Answer or forward.
    pub kind: ComposeKind,
    /// The folder it lies in.
    pub folder: FolderId,
    /// The message.
    pub message: MessageId,
}

impl ComposeSource {
    /// The message, of the account that the form is for.
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
    /// Its name, cleaned.
    pub name: String,
    /// Its size in bytes.
    pub size_bytes: u64,
}

/// What a compose form begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComposeForm {
    /// The account it leaves from.
    pub account: AccountId,
    /// The sender.
    pub from: Person,
    /// What the fields hold.
    pub draft: Draft,
    /// The forwarded message's attachments, to be ticked ([`Draft::keep_parts`]).
    pub forwarded: Vec<AttachmentView>,
    /// Files that are uploaded already ([`Draft::uploads`]).
    pub uploads: Vec<UploadView>,
    /// Names of files that were chosen and are not here: the message does not leave while one is
    /// named (`name="missing"`), unless a file of that name comes.
    pub missing: Vec<String>,
    /// The most that the form may carry, in bytes.
    pub upload_max_bytes: u64,
    /// The largest message that the outgoing server takes, in bytes, where it said so.
    pub server_max_bytes: Option<u64>,
}

/// A message as it is typed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Draft {
    /// Recipients, as typed: addresses with or without names, comma or semicolon between.
    pub to: String,
    /// The same for copies.
    pub cc: String,
    /// The same for blind copies.
    pub bcc: String,
    /// The subject.
    pub subject: String,
    /// The text, with LF line ends.
    pub body: String,
    /// What is answered or forwarded.
    pub source: Option<ComposeSource>,
    /// The outbox entry that this one corrects and replaces.
    pub replaces: Option<OutboxId>,
    /// Uploaded files to attach, in this order.
    pub uploads: Vec<UploadId>,
    /// Parts of the forwarded message to attach.
    pub keep_parts: Vec<PartId>,
    /// The form that it is typed into. Never stored.
    pub form: Option<FormKey>,
    /// How many files the form shows, in whatever state; as many have to be in `uploads`. Never
    /// stored.
    pub files: Option<u32>,
}

/// The keys with which the browser seals texts of an account that are not sent yet, each 32 bytes in
/// base64url. The first one seals; the others only open what was sealed before.
///
/// Only a live session of the account gets them, so nobody else who uses the browser can read the
/// texts. They never stand in a page.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealingKeys(pub Vec<String>);

impl std::fmt::Debug for SealingKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealingKeys(***)")
    }
}

/// Where a sent message stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutboxState {
    /// In the outbox; will leave by itself.
    Waiting,
    /// In the outbox; the session that wrote it is over. Leaves after the next sign-in.
    WaitingForSignIn,
    /// Not taken for now; tried again by itself.
    WaitingToRetry {
        /// The next try.
        at: DateText,
    },
    /// On its way to the server.
    Sending,
    /// The server took it, for every recipient.
    HandedOver,
    /// The server took it for some recipients only.
    PartlyRefused,
    /// The server refused it.
    Refused,
    /// It was not sent and will not be tried again by itself.
    NotSent,
    /// The link died after the message was sent: it may have gone out.
    Unknown,
    /// Its writer stopped it. Whoever has it by then has it.
    Stopped,
    /// What is kept of it cannot be opened: nothing can be done with it.
    Damaged {
        /// Why.
        why: Damage,
    },
}

/// Why what is kept of a message cannot be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Damage {
    /// It is sealed with a key that the server does not have.
    KeyLost,
    /// A later program wrote it.
    LaterProgram,
    /// Its bytes are not what was written.
    Bytes,
}

/// What a person does to an entry of the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryChange {
    /// Sends it again, to those recipients that did not get it.
    Retry,
    /// Tries it no more; it stays, to be corrected or sent.
    Stop,
    /// Takes it out of the list, for some days.
    Remove,
    /// Puts it back into the list.
    PutBack,
    /// Deletes one that was removed.
    Delete,
}

/// Where a message stands for one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecipientState {
    /// Nothing is known yet.
    Waiting,
    /// The server took it.
    HandedOver,
    /// The server does not take it for now.
    Delayed,
    /// The server refused it.
    Refused,
    /// It was not sent.
    NotSent,
    /// It may have gone out.
    Unknown,
    /// The writer stopped it before this recipient got it.
    Stopped,
}

/// The result for one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecipientView {
    /// The address.
    pub address: String,
    /// Where it stands.
    pub state: RecipientState,
    /// What that means, as a sentence; may be empty.
    pub meaning: String,
    /// The server's own words.
    pub reply: Option<String>,
}

/// What became of the copy in Sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SentCopy {
    /// Not tried yet.
    Pending,
    /// It lies in this folder.
    Filed {
        /// The folder's id.
        folder: FolderId,
    },
    /// POP3: there is no Sent; this ledger is the record.
    NotKept,
    /// It could not be filed.
    Failed {
        /// Why, as a sentence.
        cause: String,
    },
}

/// One message in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxEntry {
    /// Its id.
    pub id: OutboxId,
    /// The account it leaves from.
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
    /// Where it stands.
    pub state: OutboxState,
    /// What went wrong for the whole message: cause and fix.
    pub trouble: Option<ApiErrorText>,
    /// Every recipient.
    pub recipients: Vec<RecipientView>,
    /// The copy in Sent.
    pub copy: SentCopy,
}

/// A page of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxRows {
    /// Its entries, newest first.
    pub entries: Vec<OutboxEntry>,
    /// Where the next page begins, if there are older entries.
    pub older: Option<String>,
    /// With the newest page: entries that were removed and can be put back.
    pub removed: Vec<OutboxEntry>,
}

/// A message that was put into the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentView {
    /// The id of its entry.
    pub outbox: OutboxId,
    /// Its entry, where it could be read.
    pub entry: Option<OutboxEntry>,
}

/// Cause, fix and the server's words, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiErrorText {
    /// What happened.
    pub cause: String,
    /// What to do.
    pub fix: String,
    /// The server's own words.
    pub reply: Option<String>,
}
