//! Commands about messages: FETCH, STORE, APPEND.

use alloc::vec::Vec;

use super::{Encoder, SHORT_LITERAL_BYTES, Then};
use crate::imap::capability::Capability;
use crate::imap::command::{Append, FetchItem, FetchModifiers, Store, StoreMode};
use crate::imap::fetch::{PartNumber, Section, SectionText};
use crate::imap::flag::Flag;
use crate::imap::sequence_set::SequenceSet;

impl Encoder<'_> {
    pub(super) fn fetch(&mut self, set: &SequenceSet, uid: bool, items: &[FetchItem]) {
        self.numbered("FETCH ", uid, set);
        self.raw(" ");
        self.fetch_items(items);
    }

    // RFC 7162 §3.1.4.1 and §3.2.6, RFC 9394 §3.3.
    pub(super) fn fetch_modifiers(&mut self, uid: bool, modifiers: FetchModifiers) {
        let since = modifiers.changed_since.filter(|_| self.has_mod_seq());
        if since.is_none() && modifiers.partial.is_none() {
            return;
        }
        self.raw(" (");
        if let Some(page) = modifiers.partial {
            self.raw("PARTIAL ");
            self.display(page);
        }
        if let Some(mod_seq) = since {
            if modifiers.partial.is_some() {
                self.raw(" ");
            }
            self.raw("CHANGEDSINCE ");
            self.display(mod_seq);
            if modifiers.vanished && uid && self.has(Capability::QResync) {
                self.raw(" VANISHED");
            }
        }
        self.raw(")");
    }

    pub(super) fn fetch_items(&mut self, items: &[FetchItem]) {
        let offered: Vec<&FetchItem> = items.iter().filter(|item| self.is_offered(item)).collect();
        if offered.is_empty() {
            // An empty list is no list.
            return self.raw("(UID)");
        }
        self.group(&offered, |encoder, item| encoder.fetch_item(item));
    }

    fn is_offered(&self, item: &FetchItem) -> bool {
        match item {
            FetchItem::ModSeq => self.has_mod_seq(),
            FetchItem::EmailId | FetchItem::ThreadId => self.has(Capability::ObjectId),
            FetchItem::Preview { .. } => self.has(Capability::Preview),
            FetchItem::SaveDate => self.has(Capability::SaveDate),
            FetchItem::GmailMessageId | FetchItem::GmailThreadId | FetchItem::GmailLabels => {
                self.has(Capability::Gmail)
            }
            FetchItem::Uid
            | FetchItem::Flags
            | FetchItem::InternalDate
            | FetchItem::Rfc822Size
            | FetchItem::Envelope
            | FetchItem::BodyStructure
            | FetchItem::BodyPeek { .. }
            | FetchItem::BinaryPeek { .. }
            | FetchItem::BinarySize(_) => true,
        }
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
                self.partial(*partial);
            }
            FetchItem::BinaryPeek { part, partial } => {
                self.binary("BINARY.PEEK[", part);
                self.partial(*partial);
            }
            FetchItem::BinarySize(part) => self.binary("BINARY.SIZE[", part),
            FetchItem::ModSeq => self.raw("MODSEQ"),
            FetchItem::EmailId => self.raw("EMAILID"),
            FetchItem::ThreadId => self.raw("THREADID"),
            FetchItem::Preview { lazy: false } => self.raw("PREVIEW"),
            FetchItem::Preview { lazy: true } => self.raw("PREVIEW (LAZY)"),
            FetchItem::SaveDate => self.raw("SAVEDATE"),
            FetchItem::GmailMessageId => self.raw("X-GM-MSGID"),
            FetchItem::GmailThreadId => self.raw("X-GM-THRID"),
            FetchItem::GmailLabels => self.raw("X-GM-LABELS"),
        }
    }

    fn binary(&mut self, before: &str, part: &PartNumber) {
        self.raw(before);
        self.display(part);
        self.raw("]");
    }

    fn partial(&mut self, partial: Option<(u64, u32)>) {
        if let Some((offset, length)) = partial {
            self.raw("<");
            self.display(offset);
            self.raw(".");
            self.display(length);
            self.raw(">");
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

    pub(super) fn store(&mut self, store: &Store, unchanged_since: Option<u64>) {
        self.numbered("STORE ", store.uid, &store.set);
        if let Some(mod_seq) = unchanged_since {
            self.relies_on(Capability::CondStore);
            self.raw(" (UNCHANGEDSINCE ");
            self.display(mod_seq);
            self.raw(")");
        }
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

    pub(super) fn append(&mut self, append: &Append) {
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
}
