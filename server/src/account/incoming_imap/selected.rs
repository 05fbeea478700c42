//! The selected mailbox: which message is where, and the rows that were seen of it.

use std::collections::{HashMap, VecDeque};

use app::api::types::MessageId;
use mail_mime::address::Mailbox as Person;
use mail_mime::tree::Part;
use mail_proto::imap::mailbox::{Change, Selected};
use mail_proto::imap::{Event, FetchData, FetchedItem, Flag, Mailbox, SequenceNumber, Uid};

use super::super::map;
use super::super::model::{Marks, Row};

/// How many rows are kept: some screens of a list that is scrolled.
const ROWS_MAX: usize = 600;

/// What is known of the mailbox that is selected.
#[derive(Debug)]
pub(crate) struct SelectedMailbox {
    mailbox: Mailbox,
    state: Selected,
    rows: HashMap<Uid, SeenRow>,
    /// Oldest first.
    order: VecDeque<Uid>,
    news: News,
}

/// A row as it was fetched.
#[derive(Debug, Clone)]
pub(super) struct SeenRow {
    pub(super) from: Vec<Person>,
    pub(super) to: Vec<Person>,
    pub(super) subject: String,
    pub(super) date_unix_ms: i64,
    pub(super) size_bytes: u64,
    pub(super) marks: Marks,
    pub(super) structure: Part,
}

/// What changed since somebody last asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct News {
    /// New messages at the end.
    pub(super) arrived: u32,
    /// Rows whose marks changed, or that are gone.
    pub(super) has_changes: bool,
    /// Unread messages more or less, as far as the rows tell.
    pub(super) unread_delta: i64,
    /// The rows no longer tell how many are unread.
    pub(super) is_unread_lost: bool,
}

impl News {
    pub(super) fn is_any(self) -> bool {
        self.arrived > 0 || self.has_changes
    }
}

impl SelectedMailbox {
    pub(super) fn new(mailbox: Mailbox) -> Self {
        Self {
            mailbox,
            state: Selected::new(None),
            rows: HashMap::new(),
            order: VecDeque::new(),
            news: News::default(),
        }
    }

    pub(super) fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    pub(crate) fn exists(&self) -> u32 {
        self.state.exists()
    }

    pub(crate) fn uid_validity(&self) -> u32 {
        self.state.uid_validity().map_or(0, |v| v.get())
    }

    /// The row of a UID, where it was seen.
    pub(super) fn row(&self, uid: Uid) -> Option<&SeenRow> {
        self.rows.get(&uid)
    }

    /// The UID at a place, where it was seen.
    pub(super) fn uid_at(&mut self, seq: u32) -> Option<Uid> {
        self.state.uid_at(SequenceNumber::new(seq)?)
    }

    /// The place of a UID, where it was seen.
    pub(super) fn seq_of(&mut self, uid: Uid) -> Option<u32> {
        self.state.seq_of(uid).map(SequenceNumber::get)
    }

    /// Whether a place's row can be shown without asking.
    pub(super) fn is_known(&mut self, seq: u32) -> bool {
        self.uid_at(seq)
            .is_some_and(|uid| self.rows.contains_key(&uid))
    }

    /// The rows from `first` to `last`, newest first, as far as they are known.
    pub(super) fn rows_between(&mut self, first: u32, last: u32) -> Vec<Row> {
        let exists = self.exists();
        let mut rows = Vec::new();
        for seq in (first.max(1)..=last.min(exists)).rev() {
            let Some(uid) = self.uid_at(seq) else {
                continue;
            };
            let id = self.message_id(uid);
            if let Some(row) = self.rows.get(&uid) {
                rows.push(row.to_row(id, exists - seq));
            }
        }
        rows
    }

    /// A UID as the page knows it.
    pub(super) fn message_id(&self, uid: Uid) -> MessageId {
        MessageId(format!("{}.{}", self.uid_validity(), uid.get()))
    }

    /// The UID of an id; `None` where it is of another generation or no id at all.
    pub(super) fn uid_of(&self, id: &MessageId) -> Option<Uid> {
        let (validity, uid) = id.as_str().split_once('.')?;
        (validity.parse::<u32>().ok()? == self.uid_validity())
            .then(|| Uid::parse(uid.as_bytes()))
            .flatten()
    }

    /// Takes what changed, for those who watch.
    pub(super) fn take_news(&mut self) -> News {
        std::mem::take(&mut self.news)
    }

    /// Whether something changed.
    pub(super) fn has_news(&self) -> bool {
        self.news.is_any()
    }

    /// How many messages arrived since the news were last taken.
    pub(super) fn arrived(&self) -> u32 {
        self.news.arrived
    }

    /// Counts new messages that nobody has read.
    pub(super) fn add_unread(&mut self, unread: i64) {
        self.news.unread_delta = self.news.unread_delta.saturating_add(unread);
    }

    /// Follows an event of the server.
    pub(super) fn apply(&mut self, event: &Event) {
        if let Event::Fetch(data) = event {
            self.state.apply(event);
            self.apply_fetch(data);
            return;
        }
        match self.state.apply(event) {
            Some(Change::Exists { before, now }) => {
                self.news.arrived = self.news.arrived.saturating_add(now.saturating_sub(before));
            }
            Some(Change::Expunged { uid, .. }) => {
                self.news.has_changes = true;
                match uid.and_then(|uid| self.forget(uid)) {
                    Some(row) if !row.marks.is_seen => self.news.unread_delta -= 1,
                    Some(_) => {}
                    None => self.news.is_unread_lost = true,
                }
            }
            Some(Change::Vanished(set)) => {
                self.news.has_changes = true;
                self.news.is_unread_lost = true;
                let gone: Vec<Uid> = self
                    .rows
                    .keys()
                    .copied()
                    .filter(|uid| set.contains(*uid))
                    .collect();
                for uid in gone {
                    self.forget(uid);
                }
            }
            Some(Change::UidValidity { .. }) => {
                self.news.has_changes = true;
                self.news.is_unread_lost = true;
                self.rows.clear();
                self.order.clear();
            }
            _ => {}
        }
    }

    /// The first SELECT tells what there is: no news to anybody.
    pub(super) fn begin(&mut self) {
        self.news = News::default();
    }

    fn forget(&mut self, uid: Uid) -> Option<SeenRow> {
        self.order.retain(|known| *known != uid);
        self.rows.remove(&uid)
    }

    fn apply_fetch(&mut self, data: &FetchData) {
        let Some(uid) = data.uid().or_else(|| self.state.uid_at(data.seq)) else {
            return;
        };
        if let Some(row) = self.rows.get_mut(&uid) {
            if let Some(flags) = data.flags() {
                let marks = marks_of(flags);
                if marks != row.marks {
                    self.news.has_changes = true;
                    self.news.unread_delta +=
                        i64::from(row.marks.is_seen) - i64::from(marks.is_seen);
                    row.marks = marks;
                }
            }
            return;
        }
        if let Some(row) = SeenRow::of(data) {
            self.rows.insert(uid, row);
            self.order.push_back(uid);
            if self.order.len() > ROWS_MAX
                && let Some(oldest) = self.order.pop_front()
            {
                self.rows.remove(&oldest);
            }
        }
    }
}

impl SeenRow {
    /// A row of a FETCH that asked for all of it.
    fn of(data: &FetchData) -> Option<Self> {
        let envelope = data.envelope()?;
        let structure = map::part_of(data.body_structure()?);
        let (mut arrived, mut size_bytes) = (None, 0);
        for item in &data.items {
            match item {
                FetchedItem::InternalDate(date) => {
                    arrived = Some(date.unix_secs().saturating_mul(1000));
                }
                FetchedItem::Rfc822Size(size) => size_bytes = *size,
                _ => {}
            }
        }
        Some(Self {
            from: map::people_of(envelope.from()),
            to: map::people_of(envelope.to()),
            subject: map::text_of(envelope.subject()),
            date_unix_ms: arrived.unwrap_or_default(),
            size_bytes,
            marks: marks_of(data.flags().unwrap_or_default()),
            structure,
        })
    }

    fn to_row(&self, id: MessageId, position: u32) -> Row {
        Row {
            id,
            position,
            from: self.from.clone(),
            to: self.to.clone(),
            subject: self.subject.clone(),
            date_unix_ms: self.date_unix_ms,
            size_bytes: self.size_bytes,
            marks: self.marks,
            has_attachment: self.structure.has_attachment(),
        }
    }
}

/// The marks that the page knows, of the flags of a message.
pub(super) fn marks_of(flags: &[Flag]) -> Marks {
    let mut marks = Marks::default();
    for flag in flags {
        match flag {
            Flag::Seen => marks.is_seen = true,
            Flag::Flagged => marks.is_starred = true,
            Flag::Answered => marks.is_answered = true,
            Flag::Keyword(word) if word.as_str().eq_ignore_ascii_case("$Forwarded") => {
                marks.is_forwarded = true;
            }
            _ => {}
        }
    }
    marks
}
