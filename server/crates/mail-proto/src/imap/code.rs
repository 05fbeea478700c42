//! Response codes: the machine-readable part of a status response (RFC 9051 §7.1, RFC 5530 and those
//! of the extensions).

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

/// What stands in brackets in front of a server's words.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Code {
    /// ALERT: a person has to be shown the text.
    Alert,
    /// ALREADYEXISTS: there is a mailbox of this name.
    AlreadyExists,
    /// APPENDUID: where the message went.
    AppendUid {
        /// The generation of the UIDs there.
        uid_validity: UidValidity,
        /// The UIDs of the messages, mostly one.
        uids: SequenceSet,
    },
    /// AUTHENTICATIONFAILED: wrong name or password.
    AuthenticationFailed,
    /// AUTHORIZATIONFAILED: right password, but not allowed.
    AuthorizationFailed,
    /// BADCHARSET: the charsets that are known instead, if they are told.
    BadCharset(Vec<Bytes>),
    /// BADEVENT (RFC 5465): the events that NOTIFY may ask for.
    BadEvent(Vec<Bytes>),
    /// CANNOT: will never work.
    Cannot,
    /// CAPABILITY
    Capability(Capabilities),
    /// CLIENTBUG
    ClientBug,
    /// CLOSED: what follows is about the mailbox that is selected next.
    Closed,
    /// COMPRESSIONACTIVE (RFC 4978): the connection is compressed already.
    CompressionActive,
    /// CONTACTADMIN
    ContactAdmin,
    /// COPYUID: where the messages went. The n-th of `source` became the n-th of `destination`.
    CopyUid {
        /// The generation of the UIDs there.
        uid_validity: UidValidity,
        /// The UIDs here.
        source: SequenceSet,
        /// The UIDs there.
        destination: SequenceSet,
    },
    /// CORRUPTION
    Corruption,
    /// EXPIRED: the password is no longer valid.
    Expired,
    /// EXPUNGEISSUED: messages are gone that have not been reported yet.
    ExpungeIssued,
    /// HASCHILDREN: a mailbox with children is not deleted.
    HasChildren,
    /// HIGHESTMODSEQ
    HighestModSeq(u64),
    /// INUSE: somebody else holds what is needed.
    InUse,
    /// LIMIT: too many of something.
    Limit,
    /// MAILBOXID (RFC 8474): the id of the mailbox that was made or selected.
    MailboxId(ObjectId),
    /// MODIFIED (RFC 7162): what a conditional STORE left alone, UIDs or sequence numbers as asked.
    Modified(SequenceSet),
    /// NONEXISTENT: there is no such mailbox.
    NonExistent,
    /// NOMODSEQ: this mailbox has no modification sequences.
    NoModSeq,
    /// NOPERM
    NoPerm,
    /// NOTIFICATIONOVERFLOW (RFC 5465): changes are no longer told, as if by NOTIFY NONE.
    NotificationOverflow,
    /// NOTSAVED (RFC 5182): the result was not kept; the saved result is empty now.
    NotSaved,
    /// OVERQUOTA
    OverQuota,
    /// PARSE: a message could not be understood.
    Parse,
    /// PERMANENTFLAGS: the flags that can be changed for good.
    PermanentFlags(Vec<Flag>),
    /// PRIVACYREQUIRED: only with TLS.
    PrivacyRequired,
    /// READ-ONLY
    ReadOnly,
    /// READ-WRITE
    ReadWrite,
    /// REFERRAL (RFC 2221, RFC 2193): another server has it. The URL is never followed by itself.
    Referral(String),
    /// SERVERBUG
    ServerBug,
    /// TOOBIG (RFC 4469): the message is too large.
    TooBig,
    /// TRYCREATE: the mailbox is not there but can be made.
    TryCreate,
    /// UIDNEXT
    UidNext(Uid),
    /// UIDNOTSTICKY: UIDs do not outlive the session.
    UidNotSticky,
    /// UIDVALIDITY
    UidValidity(UidValidity),
    /// UNAVAILABLE: a part of the server is down; may work later.
    Unavailable,
    /// UNKNOWN-CTE: a part's transfer encoding cannot be undone (RFC 3516).
    UnknownCte,
    /// UNSEEN: the sequence number of the first unread message.
    Unseen(u32),
    /// USEATTR (RFC 6154): no mailbox can be made for this special use.
    UseAttr,
    /// A code that is not known here, or whose arguments could not be read.
    Unknown {
        /// Its name, in upper case.
        name: String,
        /// What follows the name, up to the bracket.
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
