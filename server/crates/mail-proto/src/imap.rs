//! The IMAP client state machine (RFC 9051 and RFC 3501) and the types of the protocol.
//!
//! [`Client`] takes [`Command`]s and bytes, and yields [`Event`]s. It implements command pipelining
//! (RFC 9051 §5.5), the literal forms, STARTTLS and IDLE; it holds no mailbox state.
//! [`selected::Selected`] tracks the state of the selected mailbox from the same events.
//!
//! Responses are parsed leniently: unsolicited data and unknown items, codes and flags are reported
//! as events and values, never as errors. An error means that the state of the connection is
//! unknown.
//!
//! ```text
//! bytes ─ framer ─ values ─ response ─ Event        Command ─ encode ─ client ─ bytes
//!                              │
//!       code, fetch, envelope, body_structure, list, status, search, quota
//! ```

pub mod body_structure;
pub mod capability;
mod client;
pub mod code;
pub mod command;
pub mod date;
mod encode;
pub mod envelope;
mod error;
mod event;
pub mod fetch;
pub mod flag;
mod framer;
pub mod list;
pub mod mailbox;
mod number;
pub mod object_id;
pub mod quota;
mod response;
mod schedule;
pub mod search;
mod section;
pub mod selected;
mod sequence_set;
pub mod status;
mod tag;
mod text;
mod texts;
mod tokens;
pub mod utf7;
mod value;

pub use crate::sasl::Credentials;
pub use crate::tls::Tls;
pub use body_structure::BodyStructure;
pub use capability::{Capabilities, Capability};
pub use client::{Client, Config};
pub use code::Code;
pub use command::{
    Append, Command, Enable, FetchItem, FetchModifiers, List, ListSelection, Notify, NotifyEvents,
    NotifyGroup, NotifyMailboxes, NotifySelected, QResync, Search, SearchReturn, Select,
    SelectParameter, SequenceMatch, Sort, SortCriterion, SortKey, Store, StoreMode, Thread,
    ThreadAlgorithm,
};
pub use date::{Date, InternalDate};
pub use envelope::{Address, Envelope};
pub use error::{Error, Incompatibility, Misbehaviour, Reply};
pub use event::{Event, Status};
pub use fetch::{BodyValue, FetchData, FetchedItem, LiteralItem};
pub use flag::{Flag, Keyword};
pub use list::{ListData, ListExtended, MailboxAttribute, Namespace, NamespaceData};
pub use mailbox::Mailbox;
pub use number::{SequenceNumber, Uid, UidValidity};
pub use object_id::ObjectId;
pub use quota::{QuotaData, QuotaResource, QuotaRootData};
pub use search::{PartialRange, PartialResult, SearchData, SearchKey, SortData, ThreadTree};
pub use section::{PartNumber, Section, SectionText};
pub use sequence_set::{Bound, SequenceSet};
pub use status::{AppendLimit, StatusData, StatusItem};
pub use tag::Tag;
pub use text::{ForbiddenByte, Text};
pub use value::{LiteralId, Value};
