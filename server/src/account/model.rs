//! What an account is made of, whatever protocol it speaks: the words between actor and backend.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use app::api::types::{
    Destination, FolderId, FolderRole, IncomingKind, Mark, MessageId, PartId, UndoId, Window,
};
use bytes::Bytes;
use mail_mime::tree::Part;
use mail_net::{Endpoint, Recorder, TlsMode};
use mail_proto::{KnownSecrets, Secret};
use tokio::sync::oneshot;

use super::error::AccountError;
use crate::domain::{
    Changed, Filed, Filing, Folder, FolderList, Listing, Opened, Section, SourceMark,
};

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
