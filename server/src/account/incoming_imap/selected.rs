//! The selected mailbox: the mapping of UIDs to sequence numbers, and the cached rows.

use std::collections::{HashMap, VecDeque};

use app::api::types::MessageId;
use mail_mime::tree::Part;
use mail_proto::imap::selected::{Change, Selected};
use mail_proto::imap::{Event, FetchData, Mailbox, SequenceNumber, Uid};

use super::order::Order;
use super::row::{Detail, FetchedRow, marks_of};
use crate::account::error::AccountError;
use crate::clients::budget::Share;
use crate::clients::imap::{self, MailboxState};
use crate::domain::Row;

/// Maximum number of cached rows: a few screens of a scrolled list.
const ROWS_MAX: usize = 600;
/// Maximum memory size of the cached rows, in bytes. The largest window fits.
const ROWS_MAX_BYTES: usize = 2 << 20;
/// Maximum number of rows with an unknown UID: those of the largest window.
const ROWS_WITHOUT_UID_MAX: usize = 200;
/// Prefix of the sequence number that replaces the UID in an id if the server does not return the
/// UID.
const SEQ_PREFIX: char = 'n';
/// Step, in bytes, by which the share of the process's memory budget grows.
const STEP_BYTES: usize = 32 << 10;

/// A connection that caches the rows of its mailbox.
pub(super) type ImapConnection = imap::ImapConnection<SelectedMailbox>;

/// The state of the selected mailbox.
#[derive(Debug)]
pub(crate) struct SelectedMailbox {
    mailbox: Mailbox,
    state: Selected,
    rows: HashMap<Uid, FetchedRow>,
    /// Oldest first.
    order: VecDeque<Uid>,
    rows_bytes: usize,
    share: Share,
    /// The detail of the list FETCH in progress; `None` if there is none.
    list_detail: Option<Detail>,
    /// Rows by sequence number, for which the server omitted the UID.
    rows_without_uid: HashMap<u32, FetchedRow>,
    pending_changes: PendingChanges,
    /// The order in which the messages are shown.
    pub(super) shown: Order,
    /// How often messages were expunged.
    expunge_count: u32,
}

/// Changes since they were last taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct PendingChanges {
    /// How many messages are new at the end.
    pub(super) arrived: u32,
    /// Whether marks of rows changed, or rows were expunged.
    pub(super) has_changes: bool,
    /// The change of the unread count, as far as the rows show it.
    pub(super) unread_delta: i64,
    /// Whether the unread count can no longer be computed from the rows.
    pub(super) is_unread_unknown: bool,
}

impl PendingChanges {
    pub(super) fn is_any(self) -> bool {
        self.arrived > 0 || self.has_changes
    }
}

/// Returns the UID of a page's message id, in the selected mailbox.
///
/// # Errors
/// [`AccountError::Withheld`] if the server returned no UID, [`AccountError::NotFound`] if the id
/// is invalid or has an earlier UIDVALIDITY.
pub(super) fn uid_of(
    connection: &ImapConnection,
    message: &MessageId,
) -> Result<Uid, AccountError> {
    let selected = connection.selected().ok_or(AccountError::NotFound)?;
    match selected.uid_of(message) {
        Some(uid) => Ok(uid),
        None if selected.is_seq_id(message) => Err(AccountError::Withheld),
        None => Err(AccountError::NotFound),
    }
}

/// Returns the page's message id for a UIDVALIDITY and a UID.
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

    /// How often messages were expunged so far: after each time, sequence numbers mean other
    /// messages.
    pub(super) fn expunge_count(&self) -> u32 {
        self.expunge_count
    }

    /// Returns the row of a UID, if cached.
    pub(super) fn row(&self, uid: Uid) -> Option<&FetchedRow> {
        self.rows.get(&uid)
    }

    /// Replaces the structure in the row of a UID by one that was compared with the headers of the
    /// parts.
    pub(super) fn set_structure(&mut self, uid: Uid, root: &Part) {
        if let Some(row) = self.rows.get_mut(&uid) {
            let before = row.weight_bytes();
            row.set_structure(root);
            let after = row.weight_bytes();
            self.rows_bytes = self.rows_bytes.saturating_sub(before).saturating_add(after);
        }
    }

    /// Sets whether the message of a UID has attachments, by the parts that were found in it.
    pub(super) fn set_has_attachment(&mut self, uid: Uid, root: &Part) {
        if let Some(row) = self.rows.get_mut(&uid) {
            row.set_has_attachment(root.has_attachment());
        }
    }

    /// Sets the detail of the next FETCH for the list; `None` once it is complete.
    pub(super) fn set_list_detail(&mut self, list_detail: Option<Detail>) {
        self.list_detail = list_detail;
    }

    /// Whether any row is cached.
    pub(super) fn has_rows(&self) -> bool {
        !self.rows.is_empty()
    }

    /// Drops the cached rows.
    pub(super) fn clear_rows(&mut self) {
        self.rows = HashMap::new();
        self.order = VecDeque::new();
        self.rows_bytes = 0;
        self.share.shrink_to(0);
    }

    /// Returns the UID of a sequence number, if known.
    pub(super) fn uid_at(&mut self, seq: u32) -> Option<Uid> {
        self.state.uid_at(SequenceNumber::new(seq)?)
    }

    /// Returns the sequence number of a UID, if known.
    pub(super) fn seq_of(&mut self, uid: Uid) -> Option<u32> {
        self.state.seq_of(uid).map(SequenceNumber::get)
    }

    /// Returns the rank of a UID, if known.
    pub(super) fn rank_of(&mut self, uid: Uid) -> Option<u32> {
        let seq = self.seq_of(uid)?;
        Some(self.shown.rank_of(seq))
    }

    /// Returns the UID at a rank, if known; `None` beyond the ends.
    pub(super) fn uid_shown_at(&mut self, rank: u32) -> Option<Uid> {
        let is_inside = (1..=self.exists()).contains(&rank);
        is_inside
            .then(|| self.shown.seq_at(rank))
            .and_then(|seq| self.uid_at(seq))
    }

    /// Whether the row of a sequence number is unknown, or lacks detail that the server may return.
    pub(super) fn needs_detail(&mut self, seq: u32) -> bool {
        let row = match self.uid_at(seq) {
            Some(uid) => self.rows.get(&uid),
            None => self.rows_without_uid.get(&seq),
        };
        row.is_none_or(FetchedRow::needs_detail)
    }

    /// Stores the UIDs from a sequence number on, as the server found them.
    pub(super) fn locate(&mut self, first: SequenceNumber, uids: impl IntoIterator<Item = Uid>) {
        self.state.locate(first, uids);
    }

    /// Ends the requests for the rows of the ranks from `first` to `last`: every rank has a row
    /// from now on, with the server's reply if it refused. Messages with sequence numbers above
    /// `requested` arrived too late to be requested. Returns `false` if the server described none
    /// of them.
    pub(super) fn settle(&mut self, first: u32, last: u32, requested: u32, refusal: &str) -> bool {
        let mut is_described = false;
        for rank in first.max(1)..=last.min(self.exists()) {
            let seq = self.shown.seq_at(rank);
            if seq > requested {
                continue;
            }
            let Some(uid) = self.uid_at(seq) else {
                is_described |= self
                    .rows_without_uid
                    .get(&seq)
                    .is_some_and(|row| !row.is_bare());
                continue;
            };
            if let Some(row) = self.rows.get_mut(&uid) {
                let before = row.weight_bytes();
                if row.needs_detail() {
                    row.settle(refusal);
                }
                let after = row.weight_bytes();
                self.rows_bytes = self.rows_bytes.saturating_sub(before).saturating_add(after);
                is_described |= !row.is_bare();
                continue;
            }
            let mut row = self.rows_without_uid.remove(&seq).unwrap_or_default();
            is_described |= !row.is_bare();
            if row.needs_detail() {
                row.settle(refusal);
            }
            self.cache_row(uid, row);
        }
        is_described
    }

    /// Returns the rows of the ranks from `first` to `last`, newest first. A message with an
    /// unknown UID has a placeholder row.
    pub(super) fn rows_between(&mut self, first: u32, last: u32, refusal: &str) -> Vec<Row> {
        let exists = self.exists();
        let mut rows = Vec::new();
        for rank in (first.max(1)..=last.min(exists)).rev() {
            let seq = self.shown.seq_at(rank);
            let uid = self.uid_at(seq);
            let id = match uid {
                Some(uid) => self.message_id(uid),
                None => self.seq_id(seq),
            };
            let row = match uid {
                Some(uid) => self.rows.get(&uid),
                None => self.rows_without_uid.get(&seq),
            };
            let mut bare = FetchedRow::default();
            bare.settle(refusal);
            rows.push(row.unwrap_or(&bare).to_row(id, exists - rank));
        }
        self.rows_without_uid.clear();
        rows
    }

    /// Returns the id of a message whose UID the server does not return: usable for a row only.
    fn seq_id(&self, seq: u32) -> MessageId {
        MessageId(format!("{}.{SEQ_PREFIX}{seq}", self.uid_validity()))
    }

    /// Returns the page's message id for a UID.
    pub(super) fn message_id(&self, uid: Uid) -> MessageId {
        message_id(self.uid_validity(), uid)
    }

    /// Returns the UID of an id; `None` if the id is invalid or has another UIDVALIDITY.
    pub(super) fn uid_of(&self, id: &MessageId) -> Option<Uid> {
        let (validity, uid) = id.as_str().split_once('.')?;
        (validity.parse::<u32>().ok()? == self.uid_validity())
            .then(|| Uid::parse(uid.as_bytes()))
            .flatten()
    }

    /// Whether an id is that of a row without a UID.
    pub(super) fn is_seq_id(&self, id: &MessageId) -> bool {
        let parts = id.as_str().split_once('.');
        parts.is_some_and(|(validity, rest)| {
            validity.parse() == Ok(self.uid_validity()) && rest.starts_with(SEQ_PREFIX)
        })
    }

    /// Takes the pending changes, for the watching pages.
    pub(super) fn take_pending_changes(&mut self) -> PendingChanges {
        std::mem::take(&mut self.pending_changes)
    }

    /// Whether changes are pending.
    pub(super) fn has_pending_changes(&self) -> bool {
        self.pending_changes.is_any()
    }

    /// Returns how many messages arrived since the pending changes were last taken.
    pub(super) fn arrived(&self) -> u32 {
        self.pending_changes.arrived
    }

    /// Removes returned messages from the count of new ones. Returns their sequence numbers.
    pub(super) fn take_returned(&mut self) -> Vec<u32> {
        let first = self
            .exists()
            .saturating_sub(self.pending_changes.arrived)
            .saturating_add(1);
        let returned = self.shown.returned_from(first);
        let count = u32::try_from(returned.len()).unwrap_or(u32::MAX);
        self.pending_changes.arrived = self.pending_changes.arrived.saturating_sub(count);
        self.pending_changes.has_changes |= count > 0;
        returned
    }

    /// Adds new unread messages to the count.
    pub(super) fn add_unread(&mut self, unread: i64) {
        self.pending_changes.unread_delta =
            self.pending_changes.unread_delta.saturating_add(unread);
    }

    fn remove_row(&mut self, uid: Uid) -> Option<FetchedRow> {
        let row = self.rows.remove(&uid)?;
        self.order.retain(|known| *known != uid);
        self.rows_bytes = self.rows_bytes.saturating_sub(row.weight_bytes());
        Some(row)
    }

    fn apply_fetch(&mut self, data: &FetchData) {
        let fetched = FetchedRow::of(data, self.list_detail.unwrap_or_default());
        let Some(uid) = data.uid().or_else(|| self.state.uid_at(data.seq)) else {
            self.cache_row_without_uid(data.seq.get(), fetched);
            return;
        };
        let Some(row) = self.rows.get_mut(&uid) else {
            if let Some(row) = fetched {
                self.cache_row(uid, row);
            }
            return;
        };
        if let Some(flags) = data.flags() {
            let marks = marks_of(flags);
            if marks != row.marks {
                self.pending_changes.has_changes = true;
                self.pending_changes.unread_delta +=
                    i64::from(row.marks.is_seen) - i64::from(marks.is_seen);
                row.marks = marks;
            }
        }
        if let Some(fetched) = fetched
            && row.needs_detail()
        {
            let before = row.weight_bytes();
            row.complete(fetched);
            let after = row.weight_bytes();
            self.rows_bytes = self.rows_bytes.saturating_sub(before).saturating_add(after);
        }
    }

    /// Caches the row of a sequence number during the list FETCH: its UID may still be returned.
    fn cache_row_without_uid(&mut self, seq: u32, fetched: Option<FetchedRow>) {
        let Some(fetched) = fetched.filter(|_| self.list_detail.is_some()) else {
            return;
        };
        if let Some(row) = self.rows_without_uid.get_mut(&seq) {
            row.complete(fetched);
        } else if self.rows_without_uid.len() < ROWS_WITHOUT_UID_MAX {
            self.rows_without_uid.insert(seq, fetched);
        }
    }

    /// Caches a row; the oldest rows are dropped beyond the limits of count and memory.
    fn cache_row(&mut self, uid: Uid, row: FetchedRow) {
        self.rows_bytes += row.weight_bytes();
        self.rows.insert(uid, row);
        self.order.push_back(uid);
        while self.order.len() > ROWS_MAX || self.rows_bytes > ROWS_MAX_BYTES {
            self.remove_oldest();
        }
        let step = |bytes: usize| bytes.next_multiple_of(STEP_BYTES) as u64;
        // If the process's memory budget is used up, only this mailbox's older rows are dropped,
        // except the last 50.
        while self.share.grow_to(step(self.rows_bytes)).is_err() && self.order.len() > 50 {
            self.remove_oldest();
        }
        self.share.shrink_to(step(self.rows_bytes));
    }

    fn remove_oldest(&mut self) {
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
            list_detail: None,
            rows_without_uid: HashMap::new(),
            pending_changes: PendingChanges::default(),
            shown: Order::default(),
            expunge_count: 0,
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
        self.shown.apply_change(change.as_ref());
        if change.is_some() {
            // Sequence numbers have changed.
            self.rows_without_uid.clear();
        }
        if let Some(Change::Expunged { .. } | Change::Vanished(_)) = &change {
            self.expunge_count = self.expunge_count.wrapping_add(1);
        }
        match &change {
            Some(Change::Exists { before, now }) => {
                self.pending_changes.arrived = self
                    .pending_changes
                    .arrived
                    .saturating_add(now.saturating_sub(*before));
            }
            Some(Change::Expunged { uid, .. }) => {
                self.pending_changes.has_changes = true;
                match uid.and_then(|uid| self.remove_row(uid)) {
                    Some(row) if !row.marks.is_seen => self.pending_changes.unread_delta -= 1,
                    Some(_) => {}
                    None => self.pending_changes.is_unread_unknown = true,
                }
            }
            Some(Change::Vanished(set)) => {
                self.pending_changes.has_changes = true;
                self.pending_changes.is_unread_unknown = true;
                let vanished: Vec<Uid> = self
                    .rows
                    .keys()
                    .copied()
                    .filter(|uid| set.contains(*uid))
                    .collect();
                for uid in vanished {
                    self.remove_row(uid);
                }
            }
            Some(Change::UidValidity { .. }) => {
                self.pending_changes.has_changes = true;
                self.pending_changes.is_unread_unknown = true;
                self.clear_rows();
            }
            _ => {}
        }
        change
    }

    fn begin(&mut self) {
        self.pending_changes = PendingChanges::default();
    }
}
