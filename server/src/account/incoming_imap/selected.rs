//! The selected mailbox: which message is where, and the rows that were seen of it.

use std::collections::{HashMap, VecDeque};

use app::api::types::MessageId;
use mail_proto::imap::mailbox::{Change, Selected};
use mail_proto::imap::{Event, FetchData, Mailbox, SequenceNumber, Uid};

use super::order::Order;
use super::row::{Detail, SeenRow, marks_of};
use crate::clients::budget::Share;
use crate::clients::imap::{self, MailboxState};
use crate::domain::Row;

/// How many rows are kept: some screens of a list that is scrolled.
const ROWS_MAX: usize = 600;
/// What they take in memory together, in bytes. The largest window has room in it.
const ROWS_MAX_BYTES: usize = 2 << 20;
/// The most rows whose UID is not known: those of the largest window.
const UNNAMED_MAX: usize = 200;
/// In place of a UID, before the place of a message whose UID the server does not tell.
const NAMELESS: char = 'n';
/// The share of the process's memory grows in steps.
const STEP_BYTES: usize = 32 << 10;

/// A connection whose mailbox has rows.
pub(super) type ImapConnection = imap::ImapConnection<SelectedMailbox>;

/// What is known of the mailbox that is selected.
#[derive(Debug)]
pub(crate) struct SelectedMailbox {
    mailbox: Mailbox,
    state: Selected,
    rows: HashMap<Uid, SeenRow>,
    /// Oldest first.
    order: VecDeque<Uid>,
    rows_bytes: usize,
    share: Share,
    /// How much the FETCH asks for that is under way; `None` where none for the list is.
    asked: Option<Detail>,
    /// Rows by place, whose UID the server left out.
    unnamed: HashMap<u32, SeenRow>,
    news: PendingChanges,
    /// The order in which the messages are shown.
    pub(super) shown: Order,
    /// How often messages left.
    departures: u32,
}

/// What changed since somebody last asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct PendingChanges {
    /// New messages at the end.
    pub(super) arrived: u32,
    /// Rows whose marks changed, or that are gone.
    pub(super) has_changes: bool,
    /// Unread messages more or less, as far as the rows tell.
    pub(super) unread_delta: i64,
    /// The rows no longer tell how many are unread.
    pub(super) is_unread_lost: bool,
}

impl PendingChanges {
    pub(super) fn is_any(self) -> bool {
        self.arrived > 0 || self.has_changes
    }
}

/// A UID of one generation as the page knows it.
pub(super) fn message_id(uid_validity: u32, uid: Uid) -> MessageId {
    MessageId(format!("{uid_validity}.{}", uid.get()))
}

impl SelectedMailbox {
    pub(crate) fn exists(&self) -> u32 {
        self.state.exists()
    }

    pub(crate) fn uid_validity(&self) -> u32 {
        self.state.uid_validity().map_or(0, |v| v.get())
    }

    /// How often messages left so far: with each, places became those of other messages.
    pub(super) fn departures(&self) -> u32 {
        self.departures
    }

    /// The row of a UID, where it was seen.
    pub(super) fn row(&self, uid: Uid) -> Option<&SeenRow> {
        self.rows.get(&uid)
    }

    /// Says how much the next FETCH for the list asks for; `None` once it is over.
    pub(super) fn expect(&mut self, asked: Option<Detail>) {
        self.asked = asked;
    }

    /// Whether any row is kept.
    pub(super) fn has_rows(&self) -> bool {
        !self.rows.is_empty()
    }

    /// Lets go of the rows: nobody has asked for them for a while.
    pub(super) fn forget_rows(&mut self) {
        self.rows = HashMap::new();
        self.order = VecDeque::new();
        self.rows_bytes = 0;
        self.share.shrink_to(0);
    }

    /// The UID at a place, where it was seen.
    pub(super) fn uid_at(&mut self, seq: u32) -> Option<Uid> {
        self.state.uid_at(SequenceNumber::new(seq)?)
    }

    /// The place of a UID, where it was seen.
    pub(super) fn seq_of(&mut self, uid: Uid) -> Option<u32> {
        self.state.seq_of(uid).map(SequenceNumber::get)
    }

    /// The rank of a UID, where it was seen.
    pub(super) fn rank_of(&mut self, uid: Uid) -> Option<u32> {
        let seq = self.seq_of(uid)?;
        Some(self.shown.rank_of(seq))
    }

    /// The UID that is shown at a rank, where it was seen; `None` beyond the ends.
    pub(super) fn uid_shown_at(&mut self, rank: u32) -> Option<Uid> {
        let is_inside = (1..=self.exists()).contains(&rank);
        is_inside
            .then(|| self.shown.seq_at(rank))
            .and_then(|seq| self.uid_at(seq))
    }

    /// Whether the row of a place is not known, or not all of it that the server may tell.
    pub(super) fn is_wanting(&mut self, seq: u32) -> bool {
        let row = match self.uid_at(seq) {
            Some(uid) => self.rows.get(&uid),
            None => self.unnamed.get(&seq),
        };
        row.is_none_or(SeenRow::is_wanting)
    }

    /// Notes the UIDs from a place on, as the server found them.
    pub(super) fn locate(&mut self, first: SequenceNumber, uids: impl IntoIterator<Item = Uid>) {
        self.state.locate(first, uids);
    }

    /// Ends the asking for the rows of the ranks from `first` to `last`: every place has one from
    /// now on. With the server's words, if it refused. `false` where it told nothing of any of them.
    pub(super) fn settle(&mut self, first: u32, last: u32, refusal: &str) -> bool {
        let mut is_told = false;
        for rank in first.max(1)..=last.min(self.exists()) {
            let seq = self.shown.seq_at(rank);
            let Some(uid) = self.uid_at(seq) else {
                is_told |= self.unnamed.get(&seq).is_some_and(|row| !row.is_bare());
                continue;
            };
            if let Some(row) = self.rows.get_mut(&uid) {
                let before = row.weight_bytes();
                if row.is_wanting() {
                    row.settle(refusal);
                }
                let after = row.weight_bytes();
                self.rows_bytes = self.rows_bytes.saturating_sub(before).saturating_add(after);
                is_told |= !row.is_bare();
                continue;
            }
            let mut row = self.unnamed.remove(&seq).unwrap_or_default();
            is_told |= !row.is_bare();
            if row.is_wanting() {
                row.settle(refusal);
            }
            self.remember(uid, row);
        }
        is_told
    }

    /// The rows of the ranks from `first` to `last`, newest first. A place whose UID is not known has a row that
    /// says that much.
    pub(super) fn rows_between(&mut self, first: u32, last: u32, refusal: &str) -> Vec<Row> {
        let exists = self.exists();
        let mut rows = Vec::new();
        for rank in (first.max(1)..=last.min(exists)).rev() {
            let seq = self.shown.seq_at(rank);
            let uid = self.uid_at(seq);
            let id = match uid {
                Some(uid) => self.message_id(uid),
                None => self.nameless_id(seq),
            };
            let row = match uid {
                Some(uid) => self.rows.get(&uid),
                None => self.unnamed.get(&seq),
            };
            let mut bare = SeenRow::default();
            bare.settle(refusal);
            rows.push(row.unwrap_or(&bare).to_row(id, exists - rank));
        }
        self.unnamed.clear();
        rows
    }

    /// The id of a message whose UID the server does not tell: good for a row, and for nothing else.
    fn nameless_id(&self, seq: u32) -> MessageId {
        MessageId(format!("{}.{NAMELESS}{seq}", self.uid_validity()))
    }

    /// A UID as the page knows it.
    pub(super) fn message_id(&self, uid: Uid) -> MessageId {
        message_id(self.uid_validity(), uid)
    }

    /// The UID of an id; `None` where it is of another generation or no id at all.
    pub(super) fn uid_of(&self, id: &MessageId) -> Option<Uid> {
        let (validity, uid) = id.as_str().split_once('.')?;
        (validity.parse::<u32>().ok()? == self.uid_validity())
            .then(|| Uid::parse(uid.as_bytes()))
            .flatten()
    }

    /// Whether an id is that of a row whose UID the server did not tell.
    pub(super) fn is_nameless(&self, id: &MessageId) -> bool {
        let parts = id.as_str().split_once('.');
        parts.is_some_and(|(validity, rest)| {
            validity.parse() == Ok(self.uid_validity()) && rest.starts_with(NAMELESS)
        })
    }

    /// Takes what changed, for those who watch.
    pub(super) fn take_pending_changes(&mut self) -> PendingChanges {
        std::mem::take(&mut self.news)
    }

    /// Whether something changed.
    pub(super) fn has_pending_changes(&self) -> bool {
        self.news.is_any()
    }

    /// How many messages arrived since the news were last taken.
    pub(super) fn arrived(&self) -> u32 {
        self.news.arrived
    }

    /// Takes those out of the new messages that came back to their places. Returns where the server
    /// has them.
    pub(super) fn take_returned(&mut self) -> Vec<u32> {
        let first = self
            .exists()
            .saturating_sub(self.news.arrived)
            .saturating_add(1);
        let returned = self.shown.returned_from(first);
        let count = u32::try_from(returned.len()).unwrap_or(u32::MAX);
        self.news.arrived = self.news.arrived.saturating_sub(count);
        self.news.has_changes |= count > 0;
        returned
    }

    /// Counts new messages that nobody has read.
    pub(super) fn add_unread(&mut self, unread: i64) {
        self.news.unread_delta = self.news.unread_delta.saturating_add(unread);
    }

    fn forget(&mut self, uid: Uid) -> Option<SeenRow> {
        let row = self.rows.remove(&uid)?;
        self.order.retain(|known| *known != uid);
        self.rows_bytes = self.rows_bytes.saturating_sub(row.weight_bytes());
        Some(row)
    }

    fn apply_fetch(&mut self, data: &FetchData) {
        let told = SeenRow::of(data, self.asked.unwrap_or_default());
        let Some(uid) = data.uid().or_else(|| self.state.uid_at(data.seq)) else {
            self.take_unnamed(data.seq.get(), told);
            return;
        };
        let Some(row) = self.rows.get_mut(&uid) else {
            if let Some(row) = told {
                self.remember(uid, row);
            }
            return;
        };
        if let Some(flags) = data.flags() {
            let marks = marks_of(flags);
            if marks != row.marks {
                self.news.has_changes = true;
                self.news.unread_delta += i64::from(row.marks.is_seen) - i64::from(marks.is_seen);
                row.marks = marks;
            }
        }
        if let Some(told) = told
            && row.is_wanting()
        {
            let before = row.weight_bytes();
            row.complete(told);
            let after = row.weight_bytes();
            self.rows_bytes = self.rows_bytes.saturating_sub(before).saturating_add(after);
        }
    }

    /// Keeps the row of a place for as long as it is asked for: its UID may still be told.
    fn take_unnamed(&mut self, seq: u32, told: Option<SeenRow>) {
        let Some(told) = told.filter(|_| self.asked.is_some()) else {
            return;
        };
        if let Some(row) = self.unnamed.get_mut(&seq) {
            row.complete(told);
        } else if self.unnamed.len() < UNNAMED_MAX {
            self.unnamed.insert(seq, told);
        }
    }

    /// Keeps a row; the oldest ones go when there are too many or they take too much.
    fn remember(&mut self, uid: Uid, row: SeenRow) {
        self.rows_bytes += row.weight_bytes();
        self.rows.insert(uid, row);
        self.order.push_back(uid);
        while self.order.len() > ROWS_MAX || self.rows_bytes > ROWS_MAX_BYTES {
            self.forget_oldest();
        }
        let step = |bytes: usize| bytes.next_multiple_of(STEP_BYTES) as u64;
        // Where the process has no memory left, the rows of others are not ours to take: one's own
        // older ones go, but for a screen of them.
        while self.share.grow_to(step(self.rows_bytes)).is_err() && self.order.len() > 50 {
            self.forget_oldest();
        }
        self.share.shrink_to(step(self.rows_bytes));
    }

    fn forget_oldest(&mut self) {
        if let Some(oldest) = self.order.pop_front()
            && let Some(row) = self.rows.remove(&oldest)
        {
            self.rows_bytes = self.rows_bytes.saturating_sub(row.weight_bytes());
        }
    }
}

impl MailboxState for SelectedMailbox {
    fn new(mailbox: Mailbox, share: Share) -> Self {
        Self {
            mailbox,
            state: Selected::new(None),
            rows: HashMap::new(),
            order: VecDeque::new(),
            rows_bytes: 0,
            share,
            asked: None,
            unnamed: HashMap::new(),
            news: PendingChanges::default(),
            shown: Order::default(),
            departures: 0,
        }
    }

    fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    fn apply(&mut self, event: &Event) -> Option<Change> {
        if let Event::Fetch(data) = event {
            self.state.apply(event);
            self.apply_fetch(data);
            return None;
        }
        let change = self.state.apply(event);
        self.shown.follow(change.as_ref());
        if change.is_some() {
            // Places are not what they were.
            self.unnamed.clear();
        }
        if let Some(Change::Expunged { .. } | Change::Vanished(_)) = &change {
            self.departures = self.departures.wrapping_add(1);
        }
        match &change {
            Some(Change::Exists { before, now }) => {
                self.news.arrived = self
                    .news
                    .arrived
                    .saturating_add(now.saturating_sub(*before));
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
                self.forget_rows();
            }
            _ => {}
        }
        change
    }

    fn begin(&mut self) {
        self.news = PendingChanges::default();
    }
}
