//! Version 2 of the records: version 1, and how a message is sent.
//!
//! JSON; enums as codes in snake case. A record holds one of version 1, except for what differs.

use std::borrow::Cow;

use app::api::types::{
    AccountId, ComposeKind, ComposeSource, DraftId, FolderId, FormKey, IdentityId, IncomingKind,
    MessageId, Priority, SavedDraft, SendOptions,
};
use serde::{Deserialize, Serialize};

use super::v1::{self, codes, fields};
use crate::domain;

/// The version in every record.
const VERSION: u32 = 2;

codes! {
    Kind = ComposeKind { New, Reply, ReplyAll, Forward, ForwardAttached, Redirect, Unsubscribe }
    Urgency = Priority { Normal, High, Low }
    Protocol = IncomingKind { Imap, Pop3 }
    Encryption = domain::Tls { Implicit, StartTls, Plain }
}

/// The message of a row.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct Message {
    version: u32,
    /// Without the source.
    message: v1::Message,
    source: Option<Source>,
    transport: Transport,
    search: Option<Search>,
    draft: Option<DraftId>,
}

/// The message that is answered or forwarded.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct Source {
    kind: Kind,
    folder: FolderId,
    message: MessageId,
}

#[derive(Serialize, Deserialize)]
struct Transport {
    wants_notice: bool,
    requires_tls: bool,
    scheduled_unix_ms: Option<i64>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Search {
    InFolder { folder: FolderId },
    Nowhere,
    Unsupported,
}

/// A draft.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct Draft {
    version: u32,
    /// Without the source.
    draft: v1::Draft,
    source: Option<Source>,
    options: Options,
    saved: Option<Saved>,
    thread: Vec<String>,
    /// Absent in the first rows of this version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    html: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    identity: Option<IdentityId>,
}

/// The copy of a text among the account's drafts.
#[derive(Serialize, Deserialize)]
struct Saved {
    id: DraftId,
    folder: FolderId,
    message: MessageId,
}

#[derive(Serialize, Deserialize)]
struct Options {
    send_at: String,
    priority: Urgency,
    wants_receipt: bool,
    wants_notice: bool,
    requires_tls: bool,
}

/// A compose form that is stored for a sign-in.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct PostedForm {
    version: u32,
    account: AccountId,
    draft: Draft,
    form: Option<FormKey>,
    files: Option<u32>,
    missing: Vec<String>,
    named: Vec<(String, String)>,
}

/// The sign-in of an account whose messages leave after its session ended.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct SignIn<'a> {
    version: u32,
    address: String,
    user: Option<String>,
    /// Borrowed when it is written: no copy of it stays in memory.
    password: Cow<'a, str>,
    kind: Protocol,
    incoming: Server,
    outgoing: Server,
}

#[derive(Serialize, Deserialize)]
struct Server {
    host: String,
    port: u16,
    tls: Encryption,
}

fields! {
    Source = ComposeSource { kind, folder, message }
    Transport = domain::TransportOptions { wants_notice, requires_tls, scheduled_unix_ms }
    Options = SendOptions { send_at, priority, wants_receipt, wants_notice, requires_tls }
    Saved = SavedDraft { id, folder, message }
    Server = domain::StoredServer { host, port, tls }
}

impl From<domain::OutboxMessage> for Message {
    fn from(mut message: domain::OutboxMessage) -> Self {
        Self {
            version: VERSION,
            source: message.source.take().map(Source::from),
            transport: message.transport.into(),
            draft: message.draft.take(),
            search: message.search.take().map(|search| match search {
                domain::CopySearch::InFolder(folder) => Search::InFolder { folder },
                domain::CopySearch::Nowhere => Search::Nowhere,
                domain::CopySearch::Unsupported => Search::Unsupported,
            }),
            message: message.into(),
        }
    }
}

impl From<Message> for domain::OutboxMessage {
    fn from(record: Message) -> Self {
        Self {
            source: record.source.map(Into::into),
            transport: record.transport.into(),
            draft: record.draft,
            search: record.search.map(|search| match search {
                Search::InFolder { folder } => domain::CopySearch::InFolder(folder),
                Search::Nowhere => domain::CopySearch::Nowhere,
                Search::Unsupported => domain::CopySearch::Unsupported,
            }),
            ..record.message.into()
        }
    }
}

impl From<domain::StoredDraft> for Draft {
    fn from(mut draft: domain::StoredDraft) -> Self {
        Self {
            version: VERSION,
            source: draft.source.take().map(Source::from),
            options: std::mem::take(&mut draft.options).into(),
            saved: draft.saved.take().map(Saved::from),
            thread: std::mem::take(&mut draft.thread),
            html: draft.html.take(),
            identity: draft.identity.take(),
            draft: draft.into(),
        }
    }
}

impl From<Draft> for domain::StoredDraft {
    fn from(record: Draft) -> Self {
        Self {
            source: record.source.map(Into::into),
            options: record.options.into(),
            saved: record.saved.map(Into::into),
            thread: record.thread,
            html: record.html,
            identity: record.identity,
            ..record.draft.into()
        }
    }
}

impl From<domain::PostedForm> for PostedForm {
    fn from(posted: domain::PostedForm) -> Self {
        Self {
            version: VERSION,
            account: posted.account,
            draft: posted.draft.into(),
            form: posted.form,
            files: posted.files,
            missing: posted.missing,
            named: posted.named,
        }
    }
}

impl From<PostedForm> for domain::PostedForm {
    fn from(record: PostedForm) -> Self {
        Self {
            account: record.account,
            draft: record.draft.into(),
            form: record.form,
            files: record.files,
            missing: record.missing,
            named: record.named,
        }
    }
}

impl<'a> From<&'a domain::StoredSignIn> for SignIn<'a> {
    fn from(sign_in: &'a domain::StoredSignIn) -> Self {
        Self {
            version: VERSION,
            address: sign_in.address.clone(),
            user: sign_in.user.clone(),
            password: sign_in.password.expose().into(),
            kind: sign_in.incoming_kind.into(),
            incoming: sign_in.incoming.clone().into(),
            outgoing: sign_in.outgoing.clone().into(),
        }
    }
}

impl From<SignIn<'_>> for domain::StoredSignIn {
    fn from(record: SignIn<'_>) -> Self {
        Self {
            address: record.address,
            user: record.user,
            password: domain::Secret::new(record.password),
            incoming_kind: record.kind.into(),
            incoming: record.incoming.into(),
            outgoing: record.outgoing.into(),
        }
    }
}
