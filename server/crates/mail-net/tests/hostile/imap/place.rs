//! The places where a server can be hostile: each of its replies.

use mail_net::Phase;
use mail_proto::imap::command::{
    Notify, NotifyEvents, NotifyGroup, NotifyMailboxes, NotifySelected, QResync, Select,
    SelectParameter, SortCriterion, SortKey, ThreadAlgorithm,
};
use mail_proto::imap::{
    Append, Command, Enable, FetchItem, Flag, List, Mailbox, Section, SequenceSet, Sort,
    StatusItem, Store, StoreMode, Thread, UidValidity,
};

use super::{APPEND_BYTES, UID_VALIDITY, uid};
use crate::case;

/// Each reply of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Position {
    Greeting,
    Capability,
    /// CAPABILITY before STARTTLS.
    PlainCapability,
    StartTls,
    /// The handshake after STARTTLS.
    Handshake,
    /// CAPABILITY after STARTTLS.
    CapabilityInTls,
    /// The handshake of implicit TLS.
    ImplicitHandshake,
    /// The challenge of AUTHENTICATE PLAIN.
    Challenge,
    /// Nonce, salt and iteration count of AUTHENTICATE SCRAM-SHA-256.
    ScramFirst,
    /// The server's proof.
    ScramProof,
    /// The challenge of AUTHENTICATE CRAM-MD5.
    CramMd5,
    /// The tagged response of AUTHENTICATE OAUTHBEARER.
    Token,
    /// The tagged response of AUTHENTICATE.
    Authenticate,
    Login,
    /// CAPABILITY after a sign-in whose response held no capabilities.
    CapabilityAfterSignIn,
    Namespace,
    List,
    Status,
    Select,
    Fetch,
    /// FETCH of a streamed body.
    FetchBody,
    Search,
    Store,
    Copy,
    Move,
    Expunge,
    /// The `+` of APPEND.
    AppendReady,
    Append,
    /// The `+` of IDLE.
    Idle,
    /// During IDLE.
    Idling,
    /// The tagged response of IDLE.
    Done,
    Id,
    Enable,
    /// SELECT of a mailbox of an earlier visit, with QRESYNC.
    Resync,
    Notify,
    Create,
    Delete,
    Rename,
    Subscribe,
    Quota,
    Sort,
    Thread,
    Unselect,
    Noop,
    Compress,
    /// NOOP on a compressed connection.
    Compressed,
    Logout,
}

impl case::Position for Position {
    const ALL: &'static [Self] = &[
        Self::Greeting,
        Self::Capability,
        Self::PlainCapability,
        Self::StartTls,
        Self::Handshake,
        Self::CapabilityInTls,
        Self::ImplicitHandshake,
        Self::Challenge,
        Self::ScramFirst,
        Self::ScramProof,
        Self::CramMd5,
        Self::Token,
        Self::Authenticate,
        Self::Login,
        Self::CapabilityAfterSignIn,
        Self::Namespace,
        Self::List,
        Self::Status,
        Self::Select,
        Self::Fetch,
        Self::FetchBody,
        Self::Search,
        Self::Store,
        Self::Copy,
        Self::Move,
        Self::Expunge,
        Self::AppendReady,
        Self::Append,
        Self::Idle,
        Self::Idling,
        Self::Done,
        Self::Id,
        Self::Enable,
        Self::Resync,
        Self::Notify,
        Self::Create,
        Self::Delete,
        Self::Rename,
        Self::Subscribe,
        Self::Quota,
        Self::Sort,
        Self::Thread,
        Self::Unselect,
        Self::Noop,
        Self::Compress,
        Self::Compressed,
        Self::Logout,
    ];
    const HANDSHAKES: &'static [Self] = &[Self::Handshake, Self::ImplicitHandshake];
    const BEFORE_TLS: &'static [Self] = &[Self::PlainCapability, Self::StartTls];
    const AFTER_STARTTLS: &'static [Self] = &[Self::Handshake, Self::CapabilityInTls];
}

impl Position {
    /// Places before a mailbox is selected, except handshakes and places before TLS.
    pub(super) const UNSELECTED: &'static [Self] = &[
        Self::Greeting,
        Self::Capability,
        Self::CapabilityInTls,
        Self::Challenge,
        Self::ScramFirst,
        Self::ScramProof,
        Self::CramMd5,
        Self::Token,
        Self::Authenticate,
        Self::Login,
        Self::CapabilityAfterSignIn,
        Self::Namespace,
        Self::List,
        Self::Status,
    ];
    /// Places after the sign-in.
    pub(super) const SIGNED_IN: &'static [Self] = <Self as case::Position>::ALL
        .split_at(Self::Namespace as usize)
        .1;

    /// Whether a mailbox is selected before this place.
    pub(super) const fn is_in_mailbox(self) -> bool {
        matches!(
            self,
            Self::Fetch
                | Self::FetchBody
                | Self::Search
                | Self::Store
                | Self::Copy
                | Self::Move
                | Self::Expunge
                | Self::Idle
                | Self::Idling
                | Self::Done
                | Self::Noop
                | Self::Notify
                | Self::Sort
                | Self::Thread
                | Self::Unselect
        )
    }

    /// Returns the phase in which the account waits for this reply.
    pub(super) const fn phase(self) -> Phase {
        match self {
            Self::Sort | Self::Thread => Phase::LongCommand,
            Self::List | Self::Status | Self::Search | Self::Copy | Self::Move | Self::Expunge => {
                Phase::LongCommand
            }
            Self::AppendReady | Self::Append => Phase::LongCommand,
            Self::Compress | Self::Compressed => Phase::Command,
            Self::Resync | Self::Notify => Phase::Command,
            Self::Id | Self::Enable | Self::Quota | Self::Unselect => Phase::Command,
            Self::Create | Self::Delete | Self::Rename | Self::Subscribe => Phase::Command,
            Self::FetchBody => Phase::Body,
            Self::Namespace
            | Self::Select
            | Self::Fetch
            | Self::Store
            | Self::Noop
            | Self::Done
            | Self::Idling => Phase::Command,
            Self::Idle => Phase::Idle,
            Self::Logout => Phase::Farewell,
            _ => Phase::SignIn,
        }
    }

    /// Returns the command that this reply belongs to.
    pub(super) fn command(self) -> Option<Command> {
        let uids = || SequenceSet::from_first(uid(1));
        let mailbox = || Mailbox::from_wire("Archive");
        Some(match self {
            Self::Namespace => Command::Namespace,
            Self::List => Command::List(List::everything()),
            Self::Status => Command::Status {
                mailbox: mailbox(),
                items: vec![StatusItem::Messages],
            },
            Self::Fetch => Command::Fetch {
                set: uids(),
                uid: true,
                items: vec![FetchItem::Uid, FetchItem::Flags],
            },
            Self::FetchBody => Command::Fetch {
                set: SequenceSet::single(uid(2)),
                uid: true,
                items: vec![FetchItem::BodyPeek {
                    section: Section::message(),
                    partial: None,
                }],
            },
            Self::Search => Command::Search {
                uid: true,
                criteria: Vec::new(),
            },
            Self::Store => Command::Store(Store {
                set: uids(),
                uid: true,
                mode: StoreMode::Add,
                flags: vec![Flag::parse(b"\\Seen")],
                silent: true,
            }),
            Self::Copy => Command::Copy {
                set: uids(),
                uid: true,
                mailbox: mailbox(),
            },
            Self::Move => Command::Move {
                set: uids(),
                uid: true,
                mailbox: mailbox(),
            },
            Self::Expunge => Command::UidExpunge(uids()),
            Self::AppendReady | Self::Append => Command::Append(Append {
                mailbox: mailbox(),
                flags: Vec::new(),
                internal_date: None,
                size_bytes: APPEND_BYTES as u64,
            }),
            Self::Id => Command::Id(Vec::new()),
            Self::Enable => Command::Enable(vec![Enable::CondStore]),
            Self::Resync => Command::SelectWith(Select {
                mailbox: Mailbox::inbox(),
                read_only: false,
                parameter: SelectParameter::QResync(QResync {
                    uid_validity: UidValidity::new(UID_VALIDITY)?,
                    mod_seq: 90,
                    known_uids: None,
                    sequence_match: None,
                }),
            }),
            Self::Notify => Command::Notify(Notify::Set {
                status: true,
                selected: NotifySelected::default(),
                groups: vec![NotifyGroup {
                    mailboxes: NotifyMailboxes::Personal,
                    events: NotifyEvents {
                        messages: true,
                        ..NotifyEvents::default()
                    },
                }],
            }),
            Self::Create => Command::Create {
                mailbox: mailbox(),
                special_use: None,
            },
            Self::Delete => Command::Delete(mailbox()),
            Self::Rename => Command::Rename {
                from: mailbox(),
                to: Mailbox::from_wire("Attic"),
            },
            Self::Subscribe => Command::Subscribe(mailbox()),
            Self::Quota => Command::GetQuotaRoot(Mailbox::inbox()),
            Self::Sort => Command::Sort(Sort {
                uid: true,
                returns: Vec::new(),
                keys: vec![SortKey {
                    reverse: true,
                    criterion: SortCriterion::Arrival,
                }],
                criteria: Vec::new(),
            }),
            Self::Thread => Command::Thread(Thread {
                uid: true,
                algorithm: ThreadAlgorithm::References,
                criteria: Vec::new(),
            }),
            Self::Unselect => Command::Unselect,
            Self::Noop | Self::Compressed => Command::Noop,
            Self::Compress => Command::Compress,
            _ => return None,
        })
    }
}
