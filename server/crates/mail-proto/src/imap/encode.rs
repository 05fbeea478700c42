//! Commands into bytes (RFC 9051 §6 and §9).
//!
//! A string leaves as a quoted string only if it is plain printable ASCII; anything else is a
//! literal by its length in bytes. So no argument can end its line or begin another command.

use alloc::collections::VecDeque;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt::Display;

use bytes::Bytes;
use zeroize::Zeroizing;

use super::capability::{Capabilities, Capability};
use super::command::{Append, Command, FetchItem, List, Store, StoreMode, Tag};
use super::fetch::{Section, SectionText};
use super::flag::Flag;
use super::list::StatusItem;
use super::search::SearchKey;
use super::sequence_set::SequenceSet;
use crate::sasl::Credentials;

/// The longest literal that LITERAL- lets leave at once (RFC 7888 §5). Bodies up to this size do
/// not wait either: longer ones do, so that a server can refuse them before they are sent.
const SHORT_LITERAL_BYTES: u64 = 4096;

/// A run of bytes that may leave at once, and what has to happen behind it.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) bytes: Bytes,
    pub(crate) said: Said,
    pub(crate) then: Then,
}

/// How the transcript tells a chunk.
#[derive(Debug)]
pub(crate) enum Said {
    Line(String),
    /// This, and then something secret.
    Secret(String),
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    Go,
    /// The server has to say `+` first.
    AwaitContinuation,
    /// A body of this size comes next.
    Body {
        size_bytes: u64,
    },
}

/// Encodes a command for a server with these capabilities.
pub(crate) fn encode(tag: Tag, command: &Command, capabilities: &Capabilities) -> VecDeque<Chunk> {
    let mut encoder = Encoder::new(capabilities);
    encoder.display(tag);
    encoder.raw(" ");
    encoder.command(command);
    encoder.finish()
}

/// Encodes LOGIN.
pub(crate) fn encode_login(
    tag: Tag,
    credentials: &Credentials,
    capabilities: &Capabilities,
) -> VecDeque<Chunk> {
    let mut encoder = Encoder::new(capabilities);
    encoder.display(tag);
    encoder.raw(" ");
    encoder.login(credentials);
    encoder.finish()
}

struct Encoder<'a> {
    capabilities: &'a Capabilities,
    chunks: VecDeque<Chunk>,
    line: Zeroizing<Vec<u8>>,
    said: String,
    secret: bool,
}

impl<'a> Encoder<'a> {
    fn new(capabilities: &'a Capabilities) -> Self {
        Self {
            capabilities,
            chunks: VecDeque::new(),
            line: Zeroizing::new(Vec::with_capacity(256)),
            said: String::new(),
            secret: false,
        }
    }

    fn command(&mut self, command: &Command) {
        match command {
            Command::Capability => self.raw("CAPABILITY"),
            Command::Noop => self.raw("NOOP"),
            Command::Logout => self.raw("LOGOUT"),
            Command::Namespace => self.raw("NAMESPACE"),
            Command::Unselect => self.raw("UNSELECT"),
            Command::Close => self.raw("CLOSE"),
            Command::Expunge => self.raw("EXPUNGE"),
            Command::Idle => self.raw("IDLE"),
            // These leave from the machine itself: more than one line, or none of its own.
            Command::SignIn(_) | Command::Done => {}
            Command::Id(fields) => {
                self.id(fields.iter().map(|(a, b)| (a.as_bytes(), b.as_bytes())))
            }
            Command::List(list) => self.list(list),
            Command::Status { mailbox, items } => {
                self.raw("STATUS ");
                self.string(mailbox.as_wire());
                self.raw(" ");
                self.status_items(items);
            }
            Command::Select(mailbox) => self.named("SELECT ", mailbox.as_wire()),
            Command::Examine(mailbox) => self.named("EXAMINE ", mailbox.as_wire()),
            Command::Subscribe(mailbox) => self.named("SUBSCRIBE ", mailbox.as_wire()),
            Command::Create {
                mailbox,
                special_use,
            } => {
                self.named("CREATE ", mailbox.as_wire());
                if self.has(Capability::CreateSpecialUse)
                    && let Some(word) = special_use.as_ref().and_then(|kind| kind.word())
                {
                    self.raw(" (USE (");
                    self.raw(word);
                    self.raw("))");
                }
            }
            Command::Fetch { set, uid, items } => {
                self.numbered("FETCH ", *uid, set);
                self.raw(" ");
                self.group(items, Self::fetch_item);
            }
            Command::Store(store) => self.store(store),
            Command::Copy { set, uid, mailbox } => {
                self.numbered("COPY ", *uid, set);
                self.named(" ", mailbox.as_wire());
            }
            Command::Move { set, uid, mailbox } => {
                self.numbered("MOVE ", *uid, set);
                self.named(" ", mailbox.as_wire());
            }
            Command::UidExpunge(set) => self.numbered("EXPUNGE ", true, set),
            Command::Search { uid, criteria } => self.search(*uid, criteria),
            Command::Append(append) => self.append(append),
        }
    }

    fn id<'t>(&mut self, mut fields: impl Iterator<Item = (&'t [u8], &'t [u8])>) {
        self.raw("ID ");
        let Some((field, value)) = fields.next() else {
            return self.raw("NIL");
        };
        self.raw("(");
        self.string(field);
        self.named(" ", value);
        for (field, value) in fields {
            self.named(" ", field);
            self.named(" ", value);
        }
        self.raw(")");
    }

    fn login(&mut self, credentials: &Credentials) {
        let password = credentials
            .password()
            .map_or("", |password| password.expose());
        self.raw("LOGIN");
        self.secret = true;
        self.named(" ", credentials.user().as_bytes());
        self.named(" ", password.as_bytes());
    }

    // RFC 5258: an option of RETURN is sent only to servers that know it.
    fn list(&mut self, list: &List) {
        self.named("LIST ", list.reference.as_wire());
        self.named(" ", list.pattern.as_bytes());
        let extended = self.has(Capability::ListExtended);
        let mut options = Vec::new();
        if list.return_subscribed && extended {
            options.push("SUBSCRIBED");
        }
        // Servers tell of children by themselves, unless RETURN lists what they are to tell.
        if extended {
            options.push("CHILDREN");
        }
        if list.return_special_use && extended && self.has(Capability::SpecialUse) {
            options.push("SPECIAL-USE");
        }
        let status = !list.return_status.is_empty() && self.has(Capability::ListStatus);
        if options.is_empty() && !status {
            return;
        }
        self.raw(" RETURN (");
        self.raw(&options.join(" "));
        if status {
            self.raw(if options.is_empty() {
                "STATUS "
            } else {
                " STATUS "
            });
            self.status_items(&list.return_status);
        }
        self.raw(")");
    }

    fn status_items(&mut self, items: &[StatusItem]) {
        self.group(items, |encoder, item| encoder.raw(item.word()));
    }

    fn fetch_item(&mut self, item: &FetchItem) {
        match item {
            FetchItem::Uid => self.raw("UID"),
            FetchItem::Flags => self.raw("FLAGS"),
            FetchItem::InternalDate => self.raw("INTERNALDATE"),
            FetchItem::Rfc822Size => self.raw("RFC822.SIZE"),
            FetchItem::Envelope => self.raw("ENVELOPE"),
            FetchItem::BodyStructure => self.raw("BODYSTRUCTURE"),
            FetchItem::BodyPeek { section, partial } => {
                self.raw("BODY.PEEK[");
                self.section(section);
                self.raw("]");
                if let Some((offset, length)) = partial {
                    self.raw("<");
                    self.display(offset);
                    self.raw(".");
                    self.display(length);
                    self.raw(">");
                }
            }
        }
    }

    fn section(&mut self, section: &Section) {
        self.display(&section.part);
        let Some(text) = &section.text else { return };
        if !section.part.path().is_empty() {
            self.raw(".");
        }
        let (word, names) = match text {
            SectionText::Header => ("HEADER", None),
            SectionText::HeaderFields(names) => ("HEADER.FIELDS", Some(names)),
            SectionText::HeaderFieldsNot(names) => ("HEADER.FIELDS.NOT", Some(names)),
            SectionText::Text => ("TEXT", None),
            SectionText::Mime => ("MIME", None),
        };
        self.raw(word);
        if let Some(names) = names {
            self.raw(" ");
            self.group(names, |encoder, name| {
                if name
                    .iter()
                    .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
                    && let Ok(name) = core::str::from_utf8(name)
                    && !name.is_empty()
                {
                    encoder.raw(name);
                } else {
                    encoder.string(name);
                }
            });
        }
    }

    fn store(&mut self, store: &Store) {
        self.numbered("STORE ", store.uid, &store.set);
        self.raw(match store.mode {
            StoreMode::Add => " +FLAGS",
            StoreMode::Remove => " -FLAGS",
            StoreMode::Replace => " FLAGS",
        });
        self.raw(if store.silent { ".SILENT " } else { " " });
        self.flags(&store.flags);
    }

    fn flags(&mut self, flags: &[Flag]) {
        let flags: Vec<&Flag> = flags.iter().filter(|flag| flag.can_be_set()).collect();
        self.group(&flags, |encoder, flag| encoder.raw(flag.as_str()));
    }

    fn search(&mut self, uid: bool, criteria: &[SearchKey]) {
        self.raw(if uid { "UID SEARCH" } else { "SEARCH" });
        if self.has(Capability::ESearch) {
            self.raw(" RETURN (ALL)");
        }
        if criteria.iter().any(SearchKey::needs_utf8) {
            self.raw(" CHARSET UTF-8");
        }
        if criteria.is_empty() {
            self.raw(" ALL");
        }
        for key in criteria {
            self.raw(" ");
            self.search_key(key);
        }
    }

    fn search_key(&mut self, key: &SearchKey) {
        match key {
            SearchKey::All => self.raw("ALL"),
            SearchKey::Seen => self.raw("SEEN"),
            SearchKey::Unseen => self.raw("UNSEEN"),
            SearchKey::Flagged => self.raw("FLAGGED"),
            SearchKey::Deleted => self.raw("DELETED"),
            SearchKey::Uid(set) => {
                self.raw("UID ");
                self.display(set);
            }
            SearchKey::Header { field, text } => {
                self.named("HEADER ", field.as_bytes());
                self.named(" ", text.as_bytes());
            }
            SearchKey::Since(date) => {
                self.raw("SINCE ");
                self.display(date);
            }
            SearchKey::Before(date) => {
                self.raw("BEFORE ");
                self.display(date);
            }
            SearchKey::Not(key) => {
                self.raw("NOT ");
                self.search_key(key);
            }
        }
    }

    fn append(&mut self, append: &Append) {
        self.named("APPEND ", append.mailbox.as_wire());
        self.raw(" ");
        if !append.flags.is_empty() {
            self.flags(&append.flags);
            self.raw(" ");
        }
        if let Some(date) = append.internal_date {
            self.raw("\"");
            self.display(date);
            self.raw("\" ");
        }
        let size_bytes = append.size_bytes;
        let waits = size_bytes > SHORT_LITERAL_BYTES || !self.may_leave_at_once(size_bytes);
        self.literal_head(size_bytes, waits);
        if waits {
            self.cut(Then::AwaitContinuation);
        }
        self.cut(Then::Body { size_bytes });
    }

    /// Writes the verb of a command that has a UID form, and its set.
    fn numbered(&mut self, verb: &str, uid: bool, set: &SequenceSet) {
        if uid {
            self.raw("UID ");
        }
        self.raw(verb);
        self.display(set);
    }

    fn named(&mut self, before: &str, text: &[u8]) {
        self.raw(before);
        self.string(text);
    }

    fn group<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.raw("(");
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.raw(" ");
            }
            write(self, item);
        }
        self.raw(")");
    }

    /// Writes a string as the plainest form that is safe.
    fn string(&mut self, text: &[u8]) {
        let plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
        if text.len() <= 1024 && text.iter().all(plain) {
            self.bytes(b"\"");
            self.bytes(text);
            self.bytes(b"\"");
            return;
        }
        let size_bytes = text.len() as u64;
        let waits = !self.may_leave_at_once(size_bytes);
        self.literal_head(size_bytes, waits);
        if waits {
            self.cut(Then::AwaitContinuation);
        }
        self.bytes(text);
    }

    fn may_leave_at_once(&self, size_bytes: u64) -> bool {
        self.has(Capability::LiteralPlus)
            || (self.has(Capability::LiteralMinus) && size_bytes <= SHORT_LITERAL_BYTES)
    }

    fn literal_head(&mut self, size_bytes: u64, waits: bool) {
        self.raw("{");
        self.display(size_bytes);
        self.raw(if waits { "}" } else { "+}" });
        // The transcript shows one line, not the line ends of literals.
        self.line.extend_from_slice(b"\r\n");
    }

    fn display(&mut self, value: impl Display) {
        self.raw(&value.to_string());
    }

    fn raw(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.line.extend_from_slice(bytes);
        if !self.secret {
            self.said.push_str(&String::from_utf8_lossy(bytes));
        }
    }

    fn has(&self, capability: Capability) -> bool {
        self.capabilities.has(capability)
    }

    fn cut(&mut self, then: Then) {
        let line = core::mem::take(&mut self.line);
        let text = core::mem::take(&mut self.said);
        let said = match (self.secret, line.is_empty()) {
            (_, true) => Said::Nothing,
            (true, false) => Said::Secret(text),
            (false, false) => Said::Line(text),
        };
        // Zeroed when the last handle is dropped, for it may be a password.
        self.chunks.push_back(Chunk {
            bytes: Bytes::from_owner(line),
            said,
            then,
        });
    }

    fn finish(mut self) -> VecDeque<Chunk> {
        self.line.extend_from_slice(b"\r\n");
        let body = self
            .chunks
            .back()
            .is_some_and(|last| matches!(last.then, Then::Body { .. }));
        self.cut(Then::Go);
        if body && let Some(last) = self.chunks.back_mut() {
            // Only the line end behind a body.
            last.said = Said::Nothing;
        }
        self.chunks
    }
}
