//! Response codes: the machine-readable part of a status response (RFC 9051 §7.1, RFC 5530 and the
//! extensions).

mod parse;

use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use super::capability::Capabilities;
use super::flag::Flag;
use super::number::{Uid, UidValidity};
use super::object_id::ObjectId;
use super::sequence_set::SequenceSet;

pub(crate) use parse::split;

/// A response code: the part in brackets before the text of a status response.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Code {
    /// ALERT: the text must be shown to the user.
    Alert,
    /// ALREADYEXISTS: a mailbox with this name exists.
    AlreadyExists,
    /// APPENDUID: the UID of the appended message.
    AppendUid {
        /// The UIDVALIDITY of the destination mailbox.
        uid_validity: UidValidity,
        /// The UIDs of the messages, usually one.
        uids: SequenceSet,
    },
    /// AUTHENTICATIONFAILED: wrong user name or password.
    AuthenticationFailed,
    /// AUTHORIZATIONFAILED: authentication succeeded, but access is not allowed.
    AuthorizationFailed,
    /// BADCHARSET: the charsets that the server supports, if it lists them.
    BadCharset(Vec<Bytes>),
    /// BADEVENT (RFC 5465): the events that the server supports in NOTIFY.
    BadEvent(Vec<Bytes>),
    /// CANNOT: the operation can never succeed.
    Cannot,
    /// CAPABILITY
    Capability(Capabilities),
    /// CLIENTBUG
    ClientBug,
    /// CLOSED: the following responses belong to the mailbox that is being selected.
    Closed,
    /// COMPRESSIONACTIVE (RFC 4978): the connection is compressed already.
    CompressionActive,
    /// CONTACTADMIN
    ContactAdmin,
    /// COPYUID: the UIDs of copied messages. The n-th of `source` became the n-th of `destination`.
    CopyUid {
        /// The UIDVALIDITY of the destination mailbox.
        uid_validity: UidValidity,
        /// The UIDs in the source mailbox.
        source: SequenceSet,
        /// The UIDs in the destination mailbox.
        destination: SequenceSet,
    },
    /// CORRUPTION
    Corruption,
    /// EXPIRED: the password is no longer valid.
    Expired,
    /// EXPUNGEISSUED: messages were expunged and the server has not reported them yet.
    ExpungeIssued,
    /// HASCHILDREN: the server does not delete a mailbox that has children.
    HasChildren,
    /// HIGHESTMODSEQ
    HighestModSeq(u64),
    /// INUSE: another session uses the resource.
    InUse,
    /// LIMIT: a limit of the server is exceeded.
    Limit,
    /// MAILBOXID (RFC 8474): the id of the mailbox that was created or selected.
    MailboxId(ObjectId),
    /// MODIFIED (RFC 7162): the messages that a conditional STORE did not change, as UIDs or
    /// sequence numbers like the command.
    Modified(SequenceSet),
    /// NONEXISTENT: the mailbox does not exist.
    NonExistent,
    /// NOMODSEQ: this mailbox has no modification sequences.
    NoModSeq,
    /// NOPERM
    NoPerm,
    /// NOTIFICATIONOVERFLOW (RFC 5465): the server stops reporting changes, as after NOTIFY NONE.
    NotificationOverflow,
    /// NOTSAVED (RFC 5182): the result was not saved; the saved result is now empty.
    NotSaved,
    /// OVERQUOTA
    OverQuota,
    /// PARSE: the server could not parse a message.
    Parse,
    /// PERMANENTFLAGS: the flags that can be changed permanently.
    PermanentFlags(Vec<Flag>),
    /// PRIVACYREQUIRED: the operation requires TLS.
    PrivacyRequired,
    /// READ-ONLY
    ReadOnly,
    /// READ-WRITE
    ReadWrite,
    /// REFERRAL (RFC 2221, RFC 2193): the URL of another server. The client does not follow it.
    Referral(String),
    /// SERVERBUG
    ServerBug,
    /// TOOBIG (RFC 4469): the message is too large.
    TooBig,
    /// TRYCREATE: the mailbox does not exist but can be created.
    TryCreate,
    /// UIDNEXT
    UidNext(Uid),
    /// UIDNOTSTICKY: UIDs are not valid beyond the session.
    UidNotSticky,
    /// UIDVALIDITY
    UidValidity(UidValidity),
    /// UNAVAILABLE: a part of the server is down; a retry may succeed.
    Unavailable,
    /// UNKNOWN-CTE: the server cannot decode the transfer encoding of a part (RFC 3516).
    UnknownCte,
    /// UNSEEN: the sequence number of the first unread message.
    Unseen(u32),
    /// USEATTR (RFC 6154): the server cannot create a mailbox with this special use.
    UseAttr,
    /// A code unknown to this client, or one whose arguments could not be parsed.
    Unknown {
        /// The name of the code, in upper case.
        name: String,
        /// The text between the name and the closing bracket.
        text: String,
    },
}

impl Code {
    /// The codes without arguments.
    const PLAIN: &'static [(&'static str, Self)] = &[
        ("ALERT", Self::Alert),
        ("ALREADYEXISTS", Self::AlreadyExists),
        ("AUTHENTICATIONFAILED", Self::AuthenticationFailed),
        ("AUTHORIZATIONFAILED", Self::AuthorizationFailed),
        ("CANNOT", Self::Cannot),
        ("CLIENTBUG", Self::ClientBug),
        ("CLOSED", Self::Closed),
        ("COMPRESSIONACTIVE", Self::CompressionActive),
        ("CONTACTADMIN", Self::ContactAdmin),
        ("CORRUPTION", Self::Corruption),
        ("EXPIRED", Self::Expired),
        ("EXPUNGEISSUED", Self::ExpungeIssued),
        ("HASCHILDREN", Self::HasChildren),
        ("INUSE", Self::InUse),
        ("LIMIT", Self::Limit),
        ("NOMODSEQ", Self::NoModSeq),
        ("NONEXISTENT", Self::NonExistent),
        ("NOPERM", Self::NoPerm),
        ("NOTIFICATIONOVERFLOW", Self::NotificationOverflow),
        ("NOTSAVED", Self::NotSaved),
        ("OVERQUOTA", Self::OverQuota),
        ("PARSE", Self::Parse),
        ("PRIVACYREQUIRED", Self::PrivacyRequired),
        ("READ-ONLY", Self::ReadOnly),
        ("READ-WRITE", Self::ReadWrite),
        ("SERVERBUG", Self::ServerBug),
        ("TOOBIG", Self::TooBig),
        ("TRYCREATE", Self::TryCreate),
        ("UIDNOTSTICKY", Self::UidNotSticky),
        ("UNAVAILABLE", Self::Unavailable),
        ("UNKNOWN-CTE", Self::UnknownCte),
        ("USEATTR", Self::UseAttr),
    ];

    /// Returns the name of the code, in upper case.
    pub fn name(&self) -> &str {
        match self {
            Self::AppendUid { .. } => "APPENDUID",
            Self::BadCharset(_) => "BADCHARSET",
            Self::BadEvent(_) => "BADEVENT",
            Self::Capability(_) => "CAPABILITY",
            Self::CopyUid { .. } => "COPYUID",
            Self::HighestModSeq(_) => "HIGHESTMODSEQ",
            Self::MailboxId(_) => "MAILBOXID",
            Self::Modified(_) => "MODIFIED",
            Self::PermanentFlags(_) => "PERMANENTFLAGS",
            Self::Referral(_) => "REFERRAL",
            Self::UidNext(_) => "UIDNEXT",
            Self::UidValidity(_) => "UIDVALIDITY",
            Self::Unseen(_) => "UNSEEN",
            Self::Unknown { name, .. } => name,
            plain => Self::PLAIN
                .iter()
                .find(|(_, code)| code == plain)
                .map_or("", |(name, _)| name),
        }
    }
}
