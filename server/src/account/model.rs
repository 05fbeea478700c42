//! What an account is made of, whatever protocol it speaks: the words between actor and backend.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use app::api::types::{
    AccountId, Destination, FolderId, FolderRole, IncomingKind, Mark, MessageId, PartId, UndoId,
    Window,
};
use bytes::Bytes;
use mail_mime::address::Mailbox;
use mail_mime::header::Headers;
use mail_mime::text::Format;
use mail_mime::tree::Part;
use mail_net::{Endpoint, Recorder, TlsMode};
use mail_proto::{KnownSecrets, Secret};
use tokio::sync::oneshot;

use super::error::AccountError;

/// A server that mail comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// IMAP or POP3.
    pub kind: IncomingKind,
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: TlsMode,
}

/// A server that mail leaves by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: TlsMode,
}

impl Outgoing {
    /// Where it is.
    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint {
            host: self.host.clone(),
            port: self.port,
            tls: self.tls,
        }
    }
}

/// What a person signs in with.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// The e-mail address.
    pub address: String,
    /// The login name, where it is not the address.
    pub user: Option<String>,
    /// The password.
    pub password: Secret,
    /// Where mail comes from.
    pub incoming: Incoming,
    /// Where mail leaves.
    pub outgoing: Outgoing,
    /// The newest lines of the session's connections, for whoever asks why something failed.
    pub transcript: Recorder,
}

impl SignIn {
    /// How much of a session's transcript is kept: about 150 lines.
    pub const TRANSCRIPT_MAX_BYTES: usize = 16 << 10;

    /// What has to be kept out of the servers' replies.
    pub(crate) fn known_secrets(&self) -> Arc<KnownSecrets> {
        Arc::new(KnownSecrets::new(self.login(), &self.password))
    }

    /// The login name.
    pub fn login(&self) -> &str {
        self.user.as_deref().unwrap_or(&self.address)
    }
}

/// One folder of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Folder {
    /// Its id in addresses.
    pub(crate) id: FolderId,
    /// Its own name, decoded, without its parents'.
    pub(crate) name: String,
    /// How deep it stands.
    pub(crate) depth: u32,
    /// What it is for.
    pub(crate) role: Option<FolderRole>,
    /// Whether it can be opened.
    pub(crate) is_selectable: bool,
    /// Unread messages, where known.
    pub(crate) unread: Option<u32>,
    /// All messages, where known.
    pub(crate) total: Option<u32>,
}

/// The folders of an account, in showing order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct FolderList {
    pub(crate) folders: Vec<Folder>,
    /// How many more the server listed than are kept.
    pub(crate) left_out: u32,
}

/// Marks of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Marks {
    pub(crate) is_seen: bool,
    pub(crate) is_starred: bool,
    pub(crate) is_answered: bool,
    pub(crate) is_forwarded: bool,
}

impl Marks {
    /// Tells whether a mark is as [`Mark`] would make it.
    pub(crate) fn has(self, mark: Mark) -> bool {
        match mark {
            Mark::Seen => self.is_seen,
            Mark::Unseen => !self.is_seen,
            Mark::Starred => self.is_starred,
            Mark::Unstarred => !self.is_starred,
        }
    }

    /// Sets a mark.
    pub(crate) fn set(&mut self, mark: Mark) {
        match mark {
            Mark::Seen => self.is_seen = true,
            Mark::Unseen => self.is_seen = false,
            Mark::Starred => self.is_starred = true,
            Mark::Unstarred => self.is_starred = false,
        }
    }
}

/// The mark that takes a mark back.
pub(crate) fn opposite(mark: Mark) -> Mark {
    match mark {
        Mark::Seen => Mark::Unseen,
        Mark::Unseen => Mark::Seen,
        Mark::Starred => Mark::Unstarred,
        Mark::Unstarred => Mark::Starred,
    }
}

/// What a list shows of a message.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) id: MessageId,
    /// How many newer messages the folder holds.
    pub(crate) position: u32,
    pub(crate) from: Vec<Mailbox>,
    pub(crate) to: Vec<Mailbox>,
    pub(crate) subject: String,
    /// When it arrived, where the server knows, else when it was written; `None` where nobody tells.
    pub(crate) date_unix_ms: Option<i64>,
    pub(crate) size_bytes: u64,
    pub(crate) marks: Marks,
    pub(crate) has_attachment: bool,
    /// The server did not tell who wrote and what about, or not in a form that can be read.
    pub(crate) is_unreadable: bool,
    /// The server's words, where it refused to tell; else empty.
    pub(crate) refusal: String,
}

/// A window of a folder.
#[derive(Debug, Clone)]
pub(crate) struct Listing {
    pub(crate) name: String,
    pub(crate) role: Option<FolderRole>,
    pub(crate) total: u32,
    pub(crate) unread: Option<u32>,
    pub(crate) offset: u32,
    pub(crate) rows: Vec<Row>,
}

/// An open message: its headers, its structure and the text part that is shown.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    pub(crate) id: MessageId,
    pub(crate) headers: Headers,
    pub(crate) root: Part,
    pub(crate) body: OpenedBody,
    pub(crate) marks: Marks,
    pub(crate) size_bytes: u64,
    /// When it arrived, where the server knows.
    pub(crate) arrived_unix_ms: Option<i64>,
    pub(crate) position: u32,
    pub(crate) total: u32,
    pub(crate) newer: Option<MessageId>,
    pub(crate) older: Option<MessageId>,
}

/// The part of a message that is read, transfer-decoded and as text.
#[derive(Debug, Clone)]
pub(crate) enum OpenedBody {
    /// Plain text.
    Text {
        text: String,
        /// How its lines are to be read.
        format: Format,
        is_cut: bool,
    },
    /// HTML, as it came: never shown before it is cleaned.
    Html {
        /// The texts of the message, one behind the other, each a document of its own.
        documents: Vec<String>,
        is_cut: bool,
    },
    /// Nothing that can be read.
    Empty,
    /// The message is over the limits of what is read: its source is offered.
    OverLimits,
}

/// What a change did.
#[derive(Debug, Clone)]
pub(crate) struct Changed {
    pub(crate) what: ChangedWhat,
    /// Messages that the server confirmed.
    pub(crate) count: u32,
    /// Messages that are no longer in the folder.
    pub(crate) gone: u32,
    /// The messages of an undone change, by the ids that they have now.
    pub(crate) messages: Vec<MessageId>,
    pub(crate) undo: Option<UndoId>,
}

/// See [`app::api::types::Change`].
#[derive(Debug, Clone)]
pub(crate) enum ChangedWhat {
    Marked(Mark),
    Moved {
        role: Option<FolderRole>,
        name: String,
    },
    DeletePending {
        in_secs: u32,
    },
    Undone,
}

/// Which bytes of a message are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Section {
    /// All of it, as it lies on the server.
    Whole,
    /// One part, as encoded.
    Part(PartId),
}

/// A flag that sending sets on the message that was answered or forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SourceMark {
    /// `\Answered`.
    Answered,
    /// `$Forwarded`.
    Forwarded,
}

/// When a copy is filed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filing {
    /// The message was handed over a moment ago.
    AtOnce,
    /// A server that files copies itself had the time to.
    AfterWaiting,
    /// An earlier session may have ended between filing the copy and writing that down.
    LeftOver,
}

/// What became of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Filed {
    /// It lies in this folder.
    In {
        folder: Option<FolderId>,
        /// Whether the server files one as well is not known: [`Request::KeepOneCopy`] finds out.
        is_unproven: bool,
    },
    /// This account has no place for copies.
    NotKept,
    /// The server files it itself, and has not yet.
    Awaited,
}

/// Where the answer to a request goes.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, AccountError>>;

/// What an account can be asked for. Every protocol answers all of them, if only by saying that it
/// cannot ([`AccountError::Unsupported`]).
#[derive(Debug)]
pub(crate) enum Request {
    /// The folder tree.
    Folders { reply: Reply<FolderList> },
    /// Makes the folder for a role.
    CreateFolder {
        role: FolderRole,
        name: String,
        reply: Reply<Folder>,
    },
    /// A window of a folder.
    List {
        folder: FolderId,
        window: Window,
        reply: Reply<Listing>,
    },
    /// A message with its text.
    Open {
        folder: FolderId,
        message: MessageId,
        reply: Reply<Box<Opened>>,
    },
    /// Up to `max_bytes` of a section from `offset`; fewer at its end.
    Read {
        folder: FolderId,
        message: MessageId,
        section: Section,
        offset: u64,
        max_bytes: u32,
        reply: Reply<Bytes>,
    },
    /// One part's type, encoding and name.
    Structure {
        folder: FolderId,
        message: MessageId,
        part: PartId,
        reply: Reply<Part>,
    },
    /// Sets a mark.
    Mark {
        folder: FolderId,
        messages: Vec<MessageId>,
        mark: Mark,
        reply: Reply<Changed>,
    },
    /// Moves messages.
    Move {
        folder: FolderId,
        messages: Vec<MessageId>,
        to: Destination,
        reply: Reply<Changed>,
    },
    /// Takes a change back.
    Undo { undo: UndoId, reply: Reply<Changed> },
    /// Marks the message that was answered or forwarded.
    MarkSource {
        folder: FolderId,
        message: MessageId,
        mark: SourceMark,
        reply: Reply<()>,
    },
    /// Files a copy in Sent.
    FileSent {
        copy: super::outgoing::SpooledMessage,
        /// Its message id, without angle brackets: where Sent has it already, nothing is added.
        message_id: String,
        filing: Filing,
        reply: Reply<Filed>,
    },
    /// Looks once more, a while after a copy was filed: where the server filed one too, ours goes.
    KeepOneCopy { message_id: String },
}

/// The time now, in milliseconds since 1970.
pub(crate) fn now_unix_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
        .as_millis()
        .try_into()
        .unwrap_or(i64::MAX)
}

/// A random id of 16 base64url characters.
///
/// # Errors
/// [`AccountError::Internal`] where the machine gives no randomness.
pub(crate) fn random_id() -> Result<String, AccountError> {
    use base64::Engine as _;
    let mut bytes = [0_u8; 12];
    getrandom::fill(&mut bytes).map_err(|e| AccountError::Internal(e.to_string()))?;
    Ok(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes))
}

/// An account's key: who may see rows that outlive a session.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AccountKey(pub String);

impl AccountKey {
    /// The account's id in addresses: the key's first 16 characters.
    pub fn id(&self) -> AccountId {
        AccountId(self.0.chars().take(16).collect())
    }
}
