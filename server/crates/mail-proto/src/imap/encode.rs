//! Encoder: commands to bytes (RFC 9051 §6 and §9).
//!
//! A string of up to 1024 bytes of printable ASCII without `"` and `\` is sent as a quoted string;
//! any other string is sent as a literal with its length in bytes. So no argument can end its line
//! or begin another command.

mod mailboxes;
mod messages;
mod search;

use alloc::collections::VecDeque;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt::Display;

use bytes::Bytes;
use zeroize::Zeroizing;

use super::capability::{Capabilities, Capability};
use super::command::Command;
use super::sequence_set::SequenceSet;
use super::tag::Tag;
use crate::sasl::Credentials;

/// Maximum size of a non-synchronizing literal with LITERAL- (RFC 7888 §5). Message bodies above
/// this size always wait for `+`, so that a server can refuse them before they are sent.
const SHORT_LITERAL_BYTES: u64 = 4096;

/// A run of bytes that can be sent at once, and the condition for sending the next chunk.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) bytes: Bytes,
    pub(crate) transcript: TranscriptEntry,
    pub(crate) after: AfterChunk,
}

/// The form of a chunk in the transcript.
#[derive(Debug)]
pub(crate) enum TranscriptEntry {
    Line(String),
    /// This text, followed by a redacted secret.
    Secret(String),
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AfterChunk {
    Continue,
    /// The server must send `+` first.
    AwaitContinuation,
    /// A body of this size follows.
    Body {
        size_bytes: u64,
    },
}

/// An encoded command.
#[derive(Debug)]
pub(crate) struct Encoded {
    pub(crate) chunks: VecDeque<Chunk>,
    /// The extension that this form of the command depends on: a BAD response means that the server
    /// does not implement it.
    pub(crate) relies_on: Option<Capability>,
}

/// Encodes a command for a server with these capabilities.
///
/// ```abnf
/// command = tag SP (command-any / command-auth /
///           command-nonauth / command-select) CRLF
/// ```
/// RFC 9051 §9.
pub(crate) fn encode(tag: Tag, command: &Command, capabilities: &Capabilities) -> Encoded {
    let mut encoder = Encoder::new(capabilities);
    encoder.display(tag);
    encoder.raw(" ");
    encoder.command(command);
    encoder.finish()
}

/// Encodes LOGIN.
///
/// ```abnf
/// command = tag SP (command-any / command-auth /
///           command-nonauth / command-select) CRLF ; LOGIN
/// ```
/// RFC 9051 §9.
pub(crate) fn encode_login(
    tag: Tag,
    credentials: &Credentials,
    capabilities: &Capabilities,
) -> VecDeque<Chunk> {
    let mut encoder = Encoder::new(capabilities);
    encoder.display(tag);
    encoder.raw(" ");
    encoder.login(credentials);
    encoder.finish().chunks
}

struct Encoder<'a> {
    capabilities: &'a Capabilities,
    chunks: VecDeque<Chunk>,
    line: Zeroizing<Vec<u8>>,
    visible: String,
    is_secret: bool,
    relies_on: Option<Capability>,
}

impl<'a> Encoder<'a> {
    fn new(capabilities: &'a Capabilities) -> Self {
        Self {
            capabilities,
            chunks: VecDeque::new(),
            line: Zeroizing::new(Vec::with_capacity(256)),
            visible: String::new(),
            is_secret: false,
            relies_on: None,
        }
    }

    /// Writes a command without its tag.
    ///
    /// ```abnf
    /// command-any     = "CAPABILITY" / "LOGOUT" / "NOOP"
    /// command-auth    = append / create / delete / enable / examine / list /
    ///                   namespace-command / rename / select / status /
    ///                   subscribe / unsubscribe / idle
    /// command-select  = "CLOSE" / "UNSELECT" / "EXPUNGE" / copy /
    ///                   move / fetch / store / search / uid
    /// delete          = "DELETE" SP mailbox
    /// rename          = "RENAME" SP mailbox SP mailbox
    /// subscribe       = "SUBSCRIBE" SP mailbox
    /// unsubscribe     = "UNSUBSCRIBE" SP mailbox
    /// select          = "SELECT" SP mailbox [select-params]
    /// examine         = "EXAMINE" SP mailbox [select-params]
    /// copy            = "COPY" SP sequence-set SP mailbox
    /// move            = "MOVE" SP sequence-set SP mailbox
    /// uid             = "UID" SP (copy / move / fetch / search / store / uid-expunge)
    /// uid-expunge     = "EXPUNGE" SP sequence-set
    /// lsub            = "LSUB" SP mailbox SP list-mailbox       ; RFC 3501 §9
    /// command-select =/ "CHECK"                                 ; RFC 3501 §9
    /// compress        = "COMPRESS" SP algorithm                 ; RFC 4978
    /// getquota        = "GETQUOTA" SP quota-root-name           ; RFC 9208 §7
    /// getquotaroot    = "GETQUOTAROOT" SP mailbox               ; RFC 9208 §7
    /// ```
    /// RFC 9051 §9. The methods named after the other commands write their arguments.
    fn command(&mut self, command: &Command) {
        match command {
            Command::Capability => self.raw("CAPABILITY"),
            Command::Noop => self.raw("NOOP"),
            Command::Logout => self.raw("LOGOUT"),
            Command::Close => self.raw("CLOSE"),
            Command::Check => self.raw("CHECK"),
            Command::Expunge => self.raw("EXPUNGE"),
            Command::Namespace => self.extension("NAMESPACE", Capability::Namespace),
            Command::Unselect => self.extension("UNSELECT", Capability::Unselect),
            Command::Idle => self.extension("IDLE", Capability::Idle),
            // The client writes these itself: they have more than one line, or no tagged line.
            Command::SignIn(_) | Command::Done => {}
            Command::Id(fields) => {
                self.id(fields.iter().map(|(a, b)| (a.as_bytes(), b.as_bytes())))
            }
            Command::Compress => {
                self.extension("COMPRESS DEFLATE", Capability::CompressDeflate);
            }
            Command::Enable(extensions) => self.enable(extensions),
            Command::List(list) => self.list(list),
            Command::Lsub { reference, pattern } => {
                self.named("LSUB ", reference.as_wire());
                self.named(" ", pattern.as_bytes());
            }
            Command::Status { mailbox, items } => self.status(mailbox, items),
            Command::Select(mailbox) => self.named("SELECT ", mailbox.as_wire()),
            Command::Examine(mailbox) => self.named("EXAMINE ", mailbox.as_wire()),
            Command::SelectWith(select) => self.select(select),
            Command::Create {
                mailbox,
                special_use,
            } => self.create(mailbox, special_use.as_ref()),
            Command::Delete(mailbox) => self.named("DELETE ", mailbox.as_wire()),
            Command::Rename { from, to } => {
                self.named("RENAME ", from.as_wire());
                self.named(" ", to.as_wire());
            }
            Command::Subscribe(mailbox) => self.named("SUBSCRIBE ", mailbox.as_wire()),
            Command::Unsubscribe(mailbox) => self.named("UNSUBSCRIBE ", mailbox.as_wire()),
            Command::Fetch { set, uid, items } => self.fetch(set, *uid, items),
            Command::FetchWith {
                set,
                uid,
                items,
                modifiers,
            } => {
                self.fetch(set, *uid, items);
                self.fetch_modifiers(*uid, *modifiers);
            }
            Command::Store(store) => self.store(store, None),
            Command::StoreUnchangedSince { store, mod_seq } => self.store(store, Some(*mod_seq)),
            Command::Copy { set, uid, mailbox } => {
                self.numbered("COPY ", *uid, set);
                self.named(" ", mailbox.as_wire());
            }
            Command::Move { set, uid, mailbox } => {
                self.relies_on(Capability::Move);
                self.numbered("MOVE ", *uid, set);
                self.named(" ", mailbox.as_wire());
            }
            Command::UidExpunge(set) => {
                self.relies_on(Capability::UidPlus);
                self.numbered("EXPUNGE ", true, set);
            }
            Command::Search { uid, criteria } => self.search(*uid, criteria),
            Command::SearchWith(search) => self.search_with(search),
            Command::Sort(sort) => self.sort(sort),
            Command::Thread(thread) => self.thread(thread),
            Command::GetQuota { root } => {
                self.relies_on(Capability::Quota);
                self.named("GETQUOTA ", root.as_bytes());
            }
            Command::GetQuotaRoot(mailbox) => {
                self.relies_on(Capability::Quota);
                self.named("GETQUOTAROOT ", mailbox.as_wire());
            }
            Command::Notify(notify) => self.notify(notify),
            Command::Append(append) => self.append(append),
        }
    }

    /// Writes a word of a command that an extension defines.
    fn extension(&mut self, word: &str, capability: Capability) {
        self.relies_on(capability);
        self.raw(word);
    }

    /// Writes ID.
    ///
    /// ```abnf
    /// id             ::= "ID" SPACE id_params_list
    /// id_params_list ::= "(" #(string SPACE nstring) ")" / nil
    /// ```
    /// RFC 2971 §4.
    fn id<'t>(&mut self, mut fields: impl Iterator<Item = (&'t [u8], &'t [u8])>) {
        self.extension("ID ", Capability::Id);
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

    /// Writes LOGIN.
    ///
    /// ```abnf
    /// login    = "LOGIN" SP userid SP password
    /// userid   = astring
    /// password = astring
    /// ```
    /// RFC 9051 §9.
    fn login(&mut self, credentials: &Credentials) {
        let password = credentials
            .password()
            .map_or("", |password| password.expose());
        self.raw("LOGIN");
        self.is_secret = true;
        self.named(" ", credentials.user().as_bytes());
        self.named(" ", password.as_bytes());
    }

    /// Writes the name and the set of a command that has a UID form.
    ///
    /// ```abnf
    /// uid = "UID" SP (copy / move / fetch / search / store / uid-expunge) ; verb and set
    /// ```
    /// RFC 9051 §9.
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

    /// Writes a string: quoted if that is safe, otherwise as a literal.
    ///
    /// ```abnf
    /// string = quoted / literal
    /// quoted = DQUOTE *QUOTED-CHAR DQUOTE
    /// ```
    /// RFC 9051 §9. Never an atom: both forms are valid where an `astring` is expected.
    fn string(&mut self, text: &[u8]) {
        let plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
        if text.len() <= 1024 && text.iter().all(plain) {
            self.bytes(b"\"");
            self.bytes(text);
            self.bytes(b"\"");
            return;
        }
        let size_bytes = text.len() as u64;
        let waits = !self.can_send_at_once(size_bytes);
        self.literal_head(size_bytes, waits);
        if waits {
            self.cut(AfterChunk::AwaitContinuation);
        }
        self.bytes(text);
    }

    fn can_send_at_once(&self, size_bytes: u64) -> bool {
        self.has(Capability::LiteralPlus)
            || (self.has(Capability::LiteralMinus) && size_bytes <= SHORT_LITERAL_BYTES)
    }

    /// Writes the length prefix of a literal; without `+` if the literal waits for the server.
    ///
    /// ```abnf
    /// literal = "{" number64 ["+"] "}" CRLF *CHAR8 ; up to CRLF
    /// ```
    /// RFC 9051 §9, RFC 7888.
    fn literal_head(&mut self, size_bytes: u64, waits: bool) {
        self.raw("{");
        self.display(size_bytes);
        self.raw(if waits { "}" } else { "+}" });
        // The transcript shows the command as one line, without the line ends of literals.
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
        if !self.is_secret {
            self.visible.push_str(&String::from_utf8_lossy(bytes));
        }
    }

    fn has(&self, capability: Capability) -> bool {
        self.capabilities.has(capability)
    }

    /// Returns whether the server has modification sequences: QRESYNC includes CONDSTORE (RFC 7162
    /// §3.2.3).
    fn has_mod_seq(&self) -> bool {
        self.has(Capability::CondStore) || self.has(Capability::QResync)
    }

    /// Records an extension that the command uses. The last one recorded is the most likely cause
    /// of BAD.
    const fn relies_on(&mut self, capability: Capability) {
        self.relies_on = Some(capability);
    }

    fn cut(&mut self, after: AfterChunk) {
        let line = core::mem::take(&mut self.line);
        let text = core::mem::take(&mut self.visible);
        let transcript = match (self.is_secret, line.is_empty()) {
            (_, true) => TranscriptEntry::Nothing,
            (true, false) => TranscriptEntry::Secret(text),
            (false, false) => TranscriptEntry::Line(text),
        };
        // The buffer may hold a password: it is zeroed when the last handle is dropped.
        self.chunks.push_back(Chunk {
            bytes: Bytes::from_owner(line),
            transcript,
            after,
        });
    }

    fn finish(mut self) -> Encoded {
        self.line.extend_from_slice(b"\r\n");
        let body = self
            .chunks
            .back()
            .is_some_and(|last| matches!(last.after, AfterChunk::Body { .. }));
        self.cut(AfterChunk::Continue);
        if body && let Some(last) = self.chunks.back_mut() {
            // This chunk is only the line end after a body.
            last.transcript = TranscriptEntry::Nothing;
        }
        Encoded {
            chunks: self.chunks,
            relies_on: self.relies_on,
        }
    }
}
