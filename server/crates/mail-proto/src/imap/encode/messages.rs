//! Encoder of the message commands: FETCH, STORE, APPEND.

use alloc::vec::Vec;

use super::{AfterChunk, Encoder, SHORT_LITERAL_BYTES};
use crate::imap::capability::Capability;
use crate::imap::command::{Append, FetchItem, FetchModifiers, Store, StoreMode};
use crate::imap::flag::Flag;
use crate::imap::section::{PartNumber, Section, SectionText};
use crate::imap::sequence_set::SequenceSet;

impl Encoder<'_> {
    /// Writes FETCH or UID FETCH.
    ///
    /// ```abnf
    /// fetch = "FETCH" SP sequence-set SP (
    ///         "ALL" / "FULL" / "FAST" /
    ///         fetch-att / "(" fetch-att *(SP fetch-att) ")") ; the last
    /// ```
    /// RFC 9051 §9.
    pub(super) fn fetch(&mut self, set: &SequenceSet, uid: bool, items: &[FetchItem]) {
        self.numbered("FETCH ", uid, set);
        self.raw(" ");
        self.fetch_items(items);
    }

    /// Writes the FETCH modifiers that the server offers, and PARTIAL in any case.
    ///
    /// ```abnf
    /// fetch-modifiers     = SP "(" fetch-modifier *(SP fetch-modifier) ")" ; RFC 4466 §3
    /// fetch-modifier     =/ chgsince-fetch-mod
    /// fetch-modifier     =/ rexpunges-fetch-mod
    /// chgsince-fetch-mod  = "CHANGEDSINCE" SP mod-sequence-value
    /// rexpunges-fetch-mod = "VANISHED"
    /// fetch-modifier     =/ modifier-partial                    ; RFC 9394 §4
    /// modifier-partial    = "PARTIAL" SP partial-range
    /// ```
    /// RFC 7162 §3.1.4.1, §3.2.6 and §7, RFC 9394 §3.3.
    pub(super) fn fetch_modifiers(&mut self, uid: bool, modifiers: FetchModifiers) {
        // 0 is no mod-sequence-value: every message has changed since.
        let since = modifiers.changed_since.filter(|since| *since > 0);
        let since = since.filter(|_| self.has_mod_seq());
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

    /// Writes the FETCH items that the server offers.
    ///
    /// ```abnf
    /// fetch = "FETCH" SP sequence-set SP "(" fetch-att *(SP fetch-att) ")" ; the list
    /// ```
    /// RFC 9051 §9.
    pub(super) fn fetch_items(&mut self, items: &[FetchItem]) {
        let offered: Vec<&FetchItem> = items.iter().filter(|item| self.is_offered(item)).collect();
        if offered.is_empty() {
            // The grammar requires at least one item.
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

    /// Writes one item of FETCH.
    ///
    /// ```abnf
    /// fetch-att  = "ENVELOPE" / "FLAGS" / "INTERNALDATE" /
    ///              "RFC822.SIZE" / "BODY" ["STRUCTURE"] / "UID" /
    ///              "BODY.PEEK" section [partial] /
    ///              "BINARY" [".PEEK"] section-binary [partial] /
    ///              "BINARY.SIZE" section-binary
    /// fetch-att =/ fetch-mod-sequence
    /// fetch-mod-sequence = "MODSEQ"                             ; RFC 7162 §7
    /// fetch-att =/ "EMAILID" / "THREADID"                       ; RFC 8474 §7
    /// fetch-att =/ "PREVIEW" [SP "(" preview-mod *(SP preview-mod) ")"]
    /// preview-mod = "LAZY"                                      ; RFC 8970
    /// fetch-att =/ "SAVEDATE"                                   ; RFC 8514
    /// ```
    /// RFC 9051 §9. The items that begin with X-GM- belong to X-GM-EXT-1.
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

    /// Writes a BINARY item; `before` is the text before its part number.
    ///
    /// ```abnf
    /// section-binary = "[" [section-part] "]"
    /// ```
    /// RFC 9051 §9.
    fn binary(&mut self, before: &str, part: &PartNumber) {
        self.raw(before);
        self.display(part);
        self.raw("]");
    }

    /// Writes the offset and the number of bytes of a partial FETCH.
    ///
    /// ```abnf
    /// partial = "<" number64 "." nz-number64 ">"
    /// ```
    /// RFC 9051 §9.
    fn partial(&mut self, partial: Option<(u64, u32)>) {
        if let Some((offset, length)) = partial {
            self.raw("<");
            self.display(offset);
            self.raw(".");
            self.display(length);
            self.raw(">");
        }
    }

    /// Writes the section between the brackets of BODY.PEEK.
    ///
    /// ```abnf
    /// section-spec    = section-msgtext / (section-part ["." section-text])
    /// section-msgtext = "HEADER" / "HEADER.FIELDS" [".NOT"] SP header-list / "TEXT"
    /// section-text    = section-msgtext / "MIME"
    /// header-list     = "(" header-fld-name *(SP header-fld-name) ")"
    /// ```
    /// RFC 9051 §9.
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

    /// Writes STORE or UID STORE.
    ///
    /// ```abnf
    /// store           = "STORE" SP sequence-set SP store-att-flags
    /// store-att-flags = (["+" / "-"] "FLAGS" [".SILENT"]) SP
    ///                   (flag-list / (flag *(SP flag))) ; flag-list
    /// store-modifier =/ "UNCHANGEDSINCE" SP mod-sequence-valzer ; RFC 7162 §7
    /// ```
    /// RFC 9051 §9; the modifier follows the set (RFC 4466 §3).
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

    /// Writes the flags that a client may set.
    ///
    /// ```abnf
    /// flag-list = "(" [flag *(SP flag)] ")"
    /// ```
    /// RFC 9051 §9.
    fn flags(&mut self, flags: &[Flag]) {
        let flags: Vec<&Flag> = flags.iter().filter(|flag| flag.can_be_set()).collect();
        self.group(&flags, |encoder, flag| encoder.raw(flag.as_str()));
    }

    /// Writes APPEND up to its body.
    ///
    /// ```abnf
    /// append = "APPEND" SP mailbox [SP flag-list] [SP date-time]
    ///          SP (literal / literal8) ; literal
    /// ```
    /// RFC 9051 §9.
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
        let waits = size_bytes > SHORT_LITERAL_BYTES || !self.can_send_at_once(size_bytes);
        self.literal_head(size_bytes, waits);
        if waits {
            self.cut(AfterChunk::AwaitContinuation);
        }
        self.cut(AfterChunk::Body { size_bytes });
    }
}
