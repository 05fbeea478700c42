//! Types that the store, the accounts and the views share.
//!
//! They hold values only: no I/O, no database and no connection (checked by `cargo xtask
//! check-layers`). From `app` they use ids and enums without text.

mod account;
pub(crate) mod bounds;
mod change;
mod composing;
mod contact;
mod draft;
mod error_cause;
mod folder;
mod identity;
mod invitation;
mod local_mail;
mod marks;
mod message;
mod outbox;
mod person;
mod search;
mod stored_sign_in;
mod template;
mod transcript;
mod viewer;

pub use account::AccountKey;
pub(crate) use change::{Changed, Filed, Filing};
pub(crate) use composing::ComposingChoices;
pub(crate) use contact::{Contact, ContactBook, ContactGroup};
pub(crate) use draft::{DraftCopy, DraftSaved};
pub use error_cause::{
    DialCause, ErrorCause, FullSpace, LinkCause, NotSentCause, Protocol, Server, ServerReply, Tls,
    Unsupported,
};
pub(crate) use folder::{Folder, FolderList, INBOX_ID};
pub(crate) use identity::Identity;
pub(crate) use invitation::SentAnswer;
pub use local_mail::LocalLimit;
pub(crate) use local_mail::{LocalCounts, LocalFolder, LocalMessage, LocalSummary, NamedAddress};
pub(crate) use marks::{Marks, SourceMark, opposite};
pub(crate) use message::{Listing, Opened, Row, Section};
pub(crate) use outbox::{
    AttachedFile, CopyId, CopySearch, OutboxMessage, OutboxRow, Outcome, PostedForm,
    RecipientResult, Redirected, RowState, SentCopy, StoredDraft, TransportOptions,
};
pub(crate) use person::KnownPerson;
pub(crate) use search::{FolderSearch, Found, SearchGap, SearchTerm};
pub(crate) use stored_sign_in::{Secret, StoredServer, StoredSignIn};
pub(crate) use template::Template;
pub(crate) use transcript::{AttemptTranscript, Speaker, TranscriptLine};
pub(crate) use viewer::Viewer;
