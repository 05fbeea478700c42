//! Version 1 of the records. This format is frozen.
//!
//! JSON; enums as codes in snake case. Texts are UTF-8; times are in columns, not in records.

use app::api::types::{
    AccountId, ComposeKind, ComposeSource, FolderId, FolderRole, FormKey, MessageId, OutboxId,
    PartId, SendOptions, UploadId,
};
use serde::{Deserialize, Serialize};

use crate::domain;

/// The version in every record.
const VERSION: u32 = 1;

/// Defines enums of codes with the same variants as an enum of `domain`.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $domain:ty {
        $($variant:ident $({ $($field:ident: $type:ty),+ })?),+ $(,)?
    })+) => { $(
        $(#[$doc])*
        #[derive(Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(in crate::store::records) enum $name {
            $($variant $({ $($field: $type),+ })?),+
        }

        impl From<$domain> for $name {
            fn from(value: $domain) -> Self {
                type Value = $domain;
                match value {
                    $(Value::$variant $({ $($field),+ })? => Self::$variant $({ $($field),+ })?),+
                }
            }
        }

        impl From<$name> for $domain {
            fn from(code: $name) -> Self {
                match code {
                    $($name::$variant $({ $($field),+ })? => Self::$variant $({ $($field),+ })?),+
                }
            }
        }
    )+ };
}
pub(super) use codes;

codes! {
    RecipientState = app::api::types::RecipientState {
        Waiting, HandedOver, Delayed, Refused, NotSent, Unknown, Stopped,
    }
    Kind = ComposeKind { New, Reply, ReplyAll, Forward, ForwardAttached, Redirect, Unsubscribe }
    Role = FolderRole { Inbox, Starred, Drafts, Sent, Archive, Junk, Trash, All }
    Protocol = domain::Protocol { Imap, Pop3, Smtp }
    Encryption = domain::Tls { Implicit, StartTls, Plain }
    Dial = domain::DialCause {
        NameNotFound, Refused, TimedOut { secs: u64 }, Unreachable, HostNotListed, PortNotAllowed,
        TooManyHosts, CertificateExpired { ended_on: Option<String> }, CertificateNotYetValid,
        WrongName { presented: Vec<String> }, Untrusted, CertificateInvalid, NotTls, TlsTooOld,
        ClosedInHandshake, SilentInHandshake, TlsFailed,
    }
    Link = domain::LinkCause {
        Closed, ClosedEarly, Silent, NoGreeting, Misbehaved, PlaintextInjected, ServerUnproven,
        OverLimit, StartTlsNotOffered, LoginNotOffered, LoginNeedsTls,
        NoCommonMechanism { offered: Vec<String> }, Incompatible,
    }
    NotSent = domain::NotSentCause {
        ConnectionLost, Smtputf8Missing, EightBitMimeMissing, TooLarge { max_bytes: u64 },
        NoRecipients, Unreadable,
    }
    Unsupported = domain::Unsupported { Folders, SameFolder, UndoIsOver, UnsafeExpunge }
}

/// The message of a row.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct Message {
    version: u32,
    from: String,
    subject: String,
    host: String,
    message_id: String,
    recipients: Vec<Recipient>,
    trouble: Option<ErrorCause>,
    copy: Copy,
    attachments: Vec<File>,
    source: Option<Source>,
    own_fields: String,
}

#[derive(Serialize, Deserialize)]
struct Recipient {
    address: String,
    state: RecipientState,
    reply: Option<Reply>,
}

/// A server's reply.
#[derive(Serialize, Deserialize)]
struct Reply {
    code: Option<u16>,
    enhanced: Option<String>,
    response_code: Option<String>,
    text: String,
}

#[derive(Serialize, Deserialize)]
struct Server {
    protocol: Protocol,
    host: String,
    port: u16,
    tls: Encryption,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ErrorCause {
    Dial {
        server: Server,
        cause: Dial,
    },
    Link {
        server: Server,
        cause: Link,
    },
    LoginRefused {
        server: Server,
        reply: Reply,
    },
    Refused {
        protocol: Protocol,
        reply: Reply,
    },
    NotSent {
        cause: NotSent,
        words: Option<String>,
    },
    NotFound,
    MissingFolder {
        role: Role,
    },
    Unsupported {
        what: Unsupported,
    },
    Withheld,
    Overloaded,
    SignedOut,
    FileLost,
    Internal,
    Earlier {
        words: Option<String>,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Copy {
    Pending,
    Filed { folder: FolderId },
    NotKept,
    Failed { trouble: ErrorCause },
}

/// A file in the spool.
#[derive(Serialize, Deserialize)]
pub(super) struct File {
    spool: String,
    name: String,
    media_type: String,
    size_bytes: u64,
}

/// The message that is answered or forwarded.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct Source {
    kind: Kind,
    folder: FolderId,
    message: MessageId,
}

/// A draft. The records before version 1 have the same fields.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct Draft {
    #[serde(default)]
    version: u32,
    to: String,
    cc: String,
    bcc: String,
    subject: String,
    body: String,
    source: Option<Source>,
    replaces: Option<OutboxId>,
    uploads: Vec<UploadId>,
    keep_parts: Vec<PartId>,
}

/// A compose form that is stored for a sign-in. The records before version 1 have the same fields.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct PostedForm {
    #[serde(default)]
    version: u32,
    account: AccountId,
    draft: PostedDraft,
    missing: Vec<String>,
    named: Vec<(String, String)>,
}

#[derive(Serialize, Deserialize)]
struct PostedDraft {
    #[serde(flatten)]
    typed: Draft,
    form: Option<FormKey>,
    files: Option<u32>,
}

impl From<domain::OutboxMessage> for Message {
    fn from(message: domain::OutboxMessage) -> Self {
        let recipients = message.recipients.into_iter();
        Self {
            version: VERSION,
            from: message.from,
            subject: message.subject,
            host: message.host,
            message_id: message.message_id,
            recipients: recipients
                .map(|recipient| Recipient {
                    address: recipient.address,
                    state: recipient.state.into(),
                    reply: recipient.reply.map(Reply::from),
                })
                .collect(),
            trouble: message.error_cause.map(ErrorCause::from),
            copy: match message.copy {
                domain::SentCopy::Pending => Copy::Pending,
                domain::SentCopy::Filed(folder) => Copy::Filed { folder },
                domain::SentCopy::NotKept => Copy::NotKept,
                domain::SentCopy::Failed(cause) => Copy::Failed {
                    trouble: cause.into(),
                },
            },
            attachments: message.attachments.into_iter().map(File::from).collect(),
            source: message.source.map(Source::from),
            own_fields: message.own_fields,
        }
    }
}

impl From<Message> for domain::OutboxMessage {
    fn from(message: Message) -> Self {
        let recipients = message.recipients.into_iter();
        Self {
            from: message.from,
            subject: message.subject,
            host: message.host,
            message_id: message.message_id,
            recipients: recipients
                .map(|recipient| domain::RecipientResult {
                    address: recipient.address,
                    state: recipient.state.into(),
                    reply: recipient.reply.map(Into::into),
                })
                .collect(),
            error_cause: message.trouble.map(Into::into),
            copy: match message.copy {
                Copy::Pending => domain::SentCopy::Pending,
                Copy::Filed { folder } => domain::SentCopy::Filed(folder),
                Copy::NotKept => domain::SentCopy::NotKept,
                Copy::Failed { trouble } => domain::SentCopy::Failed(trouble.into()),
            },
            attachments: message.attachments.into_iter().map(Into::into).collect(),
            source: message.source.map(Into::into),
            own_fields: message.own_fields,
            transport: domain::TransportOptions::default(),
            search: None,
            draft: None,
            redirected: None,
        }
    }
}

impl From<domain::ErrorCause> for ErrorCause {
    fn from(cause: domain::ErrorCause) -> Self {
        use domain::ErrorCause as Of;
        match cause {
            Of::Dial(server, cause) => Self::Dial {
                server: server.into(),
                cause: cause.into(),
            },
            Of::Link(server, cause) => Self::Link {
                server: server.into(),
                cause: cause.into(),
            },
            Of::LoginRefused(server, reply) => Self::LoginRefused {
                server: server.into(),
                reply: reply.into(),
            },
            Of::Refused(protocol, reply) => Self::Refused {
                protocol: protocol.into(),
                reply: reply.into(),
            },
            Of::NotSent { cause, words } => Self::NotSent {
                cause: cause.into(),
                words,
            },
            Of::NotFound => Self::NotFound,
            Of::MissingFolder(role) => Self::MissingFolder { role: role.into() },
            Of::Unsupported(what) => Self::Unsupported { what: what.into() },
            Of::Withheld => Self::Withheld,
            Of::Overloaded => Self::Overloaded,
            Of::SignedOut => Self::SignedOut,
            Of::FileLost => Self::FileLost,
            // Version 3 records it beside this record.
            Of::Internal | Of::NoRoom(_) => Self::Internal,
            Of::Earlier { words } => Self::Earlier { words },
        }
    }
}

impl From<ErrorCause> for domain::ErrorCause {
    fn from(cause: ErrorCause) -> Self {
        match cause {
            ErrorCause::Dial { server, cause } => Self::Dial(server.into(), cause.into()),
            ErrorCause::Link { server, cause } => Self::Link(server.into(), cause.into()),
            ErrorCause::LoginRefused { server, reply } => {
                Self::LoginRefused(server.into(), reply.into())
            }
            ErrorCause::Refused { protocol, reply } => Self::Refused(protocol.into(), reply.into()),
            ErrorCause::NotSent { cause, words } => Self::NotSent {
                cause: cause.into(),
                words,
            },
            ErrorCause::NotFound => Self::NotFound,
            ErrorCause::MissingFolder { role } => Self::MissingFolder(role.into()),
            ErrorCause::Unsupported { what } => Self::Unsupported(what.into()),
            ErrorCause::Withheld => Self::Withheld,
            ErrorCause::Overloaded => Self::Overloaded,
            ErrorCause::SignedOut => Self::SignedOut,
            ErrorCause::FileLost => Self::FileLost,
            ErrorCause::Internal => Self::Internal,
            ErrorCause::Earlier { words } => Self::Earlier { words },
        }
    }
}

/// Converts records with the same fields as a type of `domain`, both ways.
macro_rules! fields {
    ($($name:ident = $domain:ty { $($field:ident),+ })+) => { $(
        impl From<$domain> for $name {
            fn from(value: $domain) -> Self {
                Self { $($field: value.$field.into()),+ }
            }
        }

        impl From<$name> for $domain {
            fn from(record: $name) -> Self {
                Self { $($field: record.$field.into()),+ }
            }
        }
    )+ };
}
pub(super) use fields;

fields! {
    Server = domain::Server { protocol, host, port, tls }
    Reply = domain::ServerReply { code, enhanced, response_code, text }
    File = domain::AttachedFile { spool, name, media_type, size_bytes }
    Source = ComposeSource { kind, folder, message }
}

impl From<domain::StoredDraft> for Draft {
    fn from(draft: domain::StoredDraft) -> Self {
        Self {
            version: VERSION,
            to: draft.to,
            cc: draft.cc,
            bcc: draft.bcc,
            subject: draft.subject,
            body: draft.body,
            source: draft.source.map(Source::from),
            replaces: draft.replaces,
            uploads: draft.uploads,
            keep_parts: draft.keep_parts,
        }
    }
}

impl From<Draft> for domain::StoredDraft {
    fn from(draft: Draft) -> Self {
        Self {
            to: draft.to,
            cc: draft.cc,
            bcc: draft.bcc,
            subject: draft.subject,
            body: draft.body,
            html: None,
            source: draft.source.map(ComposeSource::from),
            replaces: draft.replaces,
            uploads: draft.uploads,
            keep_parts: draft.keep_parts,
            options: SendOptions::default(),
            identity: None,
            saved: None,
            thread: Vec::new(),
        }
    }
}

impl From<domain::PostedForm> for PostedForm {
    fn from(posted: domain::PostedForm) -> Self {
        Self {
            version: VERSION,
            account: posted.account,
            draft: PostedDraft {
                typed: posted.draft.into(),
                form: posted.form,
                files: posted.files,
            },
            missing: posted.missing,
            named: posted.named,
        }
    }
}

impl From<PostedForm> for domain::PostedForm {
    fn from(posted: PostedForm) -> Self {
        Self {
            account: posted.account,
            draft: posted.draft.typed.into(),
            form: posted.draft.form,
            files: posted.draft.files,
            missing: posted.missing,
            named: posted.named,
        }
    }
}
