//! Windows of a list. A message that the server cannot describe, or describes beyond a limit, still
//! gets a row: for that message alone, less and less is requested.

use app::api::types::{FolderId, Window};
use mail_net::Phase;
use mail_proto::imap::{Command, SearchKey, SequenceNumber, SequenceSet, Status};

use super::super::row::Detail;
use super::super::selected::ImapConnection;
use super::ImapWorker;
use crate::account::error::AccountError;
use crate::clients::imap::{Completion, Responses};
use crate::domain::{Listing, Row};

impl ImapWorker {
    /// Returns a window of a folder. Needs no round trip while IDLE keeps the rows current.
    ///
    /// If the response as a whole is over the limit, the connection is dropped and less is
    /// requested over another one.
    pub(super) async fn list(
        &mut self,
        folder: &FolderId,
        window: Window,
    ) -> Result<Listing, AccountError> {
        let mut detail = Detail::Full;
        loop {
            let result = self.try_list(folder, window, detail).await;
            match (result, detail.reduced()) {
                (Err(error), Some(reduced)) if error.is_over_limit() => {
                    tracing::info!(%error, "a list was too large: less is asked of its messages");
                    self.forget_connection();
                    detail = reduced;
                }
                (result, _) => return result,
            }
        }
    }

    async fn try_list(
        &mut self,
        folder: &FolderId,
        window: Window,
        detail: Detail,
    ) -> Result<Listing, AccountError> {
        let mailbox = self.mailbox_of(folder).await?;
        self.select(&mailbox).await?;
        self.refresh_if_stale().await?;
        self.arrange().await?;
        let limit = window.limit.clamp(1, Window::MAX_LIMIT);
        let connection = self.connection().await?;
        let rows = fetch_rows(connection, window.offset, limit, detail).await?;
        let total = connection.selected().map_or(0, |s| s.exists());
        let (name, role, unread) = self.shared.folder_of(&mailbox);
        Ok(Listing {
            name,
            role,
            total,
            unread: unread.map(|unread| unread.min(total)),
            offset: window.offset.min(total),
            rows,
        })
    }
}

/// Maximum response size for each message of a window, on average, in bytes. A message with a few
/// hundred recipients and parts is well below.
const MESSAGE_MAX_BYTES: u64 = 64 << 10;
/// Maximum number of restarts because messages were expunged while a window was fetched.
const RESTARTS_MAX: u32 = 3;
/// Minimum of the response limit, in bytes.
const WINDOW_MIN_BYTES: u64 = 1 << 20;

/// Maximum number of commands for the rows of one window …
const COMMANDS_MAX: usize = 100;
/// … and in how many round trips.
const ROUNDS_MAX: usize = 16;

/// Returns the rows of a window of the selected mailbox; requests only unknown ones. Every message
/// that the server counts has one.
///
/// # Errors
/// The server's refusal, if it described none of the messages; and errors of the connection.
pub(super) async fn fetch_rows(
    connection: &mut ImapConnection,
    offset: u32,
    limit: u32,
    detail: Detail,
) -> Result<Vec<Row>, AccountError> {
    let (rows, _) = fetch_rows_before(connection, offset, limit, detail, Vec::new()).await?;
    Ok(rows)
}

/// Like [`fetch_rows`], with commands that are pipelined after the first FETCH. If no FETCH is
/// needed, they are not sent.
pub(super) async fn fetch_rows_before(
    connection: &mut ImapConnection,
    offset: u32,
    limit: u32,
    detail: Detail,
    pipelined: Vec<Command>,
) -> Result<(Vec<Row>, Option<Responses>), AccountError> {
    let mut window_fetch = WindowFetch {
        offset,
        limit,
        commands_remaining: COMMANDS_MAX,
        rounds_remaining: ROUNDS_MAX,
        restarts_remaining: RESTARTS_MAX,
        pipelined,
        pipelined_responses: None,
        refusal: None,
        began: (0, 0),
    };
    let result = window_fetch.run(connection, detail).await;
    if let Some(selected) = connection.selected_mut() {
        selected.set_list_detail(None);
    }
    result?;
    let (first, last) = ranks(connection, offset, limit);
    if last == 0 {
        return Ok((Vec::new(), window_fetch.pipelined_responses));
    }
    find_uids(connection, first, last).await?;
    let requested = window_fetch.requested(connection);
    let refusal = window_fetch.refusal;
    let refusal_text = refusal.as_ref().map(|done| done.reply().text);
    let refusal_text = refusal_text.unwrap_or_default();
    let (first, last) = ranks(connection, offset, limit);
    let Some(selected) = connection.selected_mut() else {
        return Ok((Vec::new(), window_fetch.pipelined_responses));
    };
    let is_described = selected.settle(first, last, requested, &refusal_text);
    let rows = selected.rows_between(first, last, &refusal_text);
    match refusal {
        Some(refused) if !is_described => {
            // The next request asks the server again.
            selected.clear_rows();
            Err(connection.refusal(&refused).into())
        }
        _ => Ok((rows, window_fetch.pipelined_responses)),
    }
}

fn expunge_count(connection: &ImapConnection) -> u32 {
    connection.selected().map_or(0, |s| s.expunge_count())
}

fn exists(connection: &ImapConnection) -> u32 {
    connection.selected().map_or(0, |s| s.exists())
}

/// Returns the first and the last rank of a window; the last is 0 if the window is empty.
fn ranks(connection: &ImapConnection, offset: u32, limit: u32) -> (u32, u32) {
    let last = exists(connection).saturating_sub(offset);
    let first = last.saturating_sub(limit).saturating_add(1).max(1);
    (first, last)
}

/// The state of fetching the rows of one window.
struct WindowFetch {
    offset: u32,
    limit: u32,
    commands_remaining: usize,
    rounds_remaining: usize,
    /// Restarts left for expunged messages.
    restarts_remaining: u32,
    /// Commands to be pipelined after the first FETCH, and their responses.
    pipelined: Vec<Command>,
    pipelined_responses: Option<Responses>,
    /// The last command that the server refused.
    refusal: Option<Completion>,
    /// The numbers of messages and of expunged ones when the rows were first requested.
    began: (u32, u32),
}

impl WindowFetch {
    /// Requests the unknown rows, and those of messages that arrive meanwhile.
    async fn run(
        &mut self,
        connection: &mut ImapConnection,
        detail: Detail,
    ) -> Result<(), AccountError> {
        loop {
            self.began = (exists(connection), expunge_count(connection));
            self.request(connection, detail).await?;
            let has_arrived = exists(connection) > self.requested(connection);
            if !has_arrived || self.commands_remaining == 0 || self.rounds_remaining == 0 {
                return Ok(());
            }
        }
    }

    /// Returns the highest sequence number of the messages that were there at first.
    fn requested(&self, connection: &ImapConnection) -> u32 {
        let (exists, expunged) = self.began;
        exists.saturating_sub(expunge_count(connection).saturating_sub(expunged))
    }

    /// Requests the unknown rows: all at once, and after a refusal in smaller parts, until a
    /// message that the server does not describe is alone; then repeats this with less detail.
    async fn request(
        &mut self,
        connection: &mut ImapConnection,
        detail: Detail,
    ) -> Result<(), AccountError> {
        let mut step = Some(detail);
        while let Some(detail) = step {
            let mut sets = vec![self.missing_rows(connection)];
            let mut is_first = true;
            sets.retain(|set| !set.is_empty());
            while !sets.is_empty() && self.commands_remaining > 0 && self.rounds_remaining > 0 {
                let expunge_count = expunge_count(connection);
                let (is_any_received, smaller) = self.fetch_sets(connection, sets, detail).await?;
                if self::expunge_count(connection) != expunge_count && self.restarts_remaining > 0 {
                    // Messages were expunged meanwhile, so the requested sequence numbers meant
                    // other messages.
                    self.restarts_remaining -= 1;
                    sets = vec![self.missing_rows(connection)];
                } else if is_any_received || is_first {
                    sets = smaller;
                    is_first = false;
                } else {
                    // If the server refuses all smaller parts as well, it refuses the command
                    // itself.
                    sets = Vec::new();
                }
                sets.retain(|set| !set.is_empty());
            }
            step = detail.reduced();
        }
        Ok(())
    }

    /// Sends one FETCH for each set in one flight. Returns whether any row was received, and the
    /// sets to request next.
    async fn fetch_sets(
        &mut self,
        connection: &mut ImapConnection,
        mut sets: Vec<Vec<SequenceNumber>>,
        detail: Detail,
    ) -> Result<(bool, Vec<Vec<SequenceNumber>>), AccountError> {
        sets.truncate(self.commands_remaining);
        self.commands_remaining -= sets.len();
        self.rounds_remaining -= 1;
        let message_count: usize = sets.iter().map(Vec::len).sum();
        let max_bytes = rows_max_bytes(message_count);
        let mut commands: Vec<Command> = sets.iter().filter_map(|set| fetch(set, detail)).collect();
        let fetches = commands.len();
        commands.append(&mut self.pipelined);
        let has_pipelined = commands.len() > fetches;
        if let Some(selected) = connection.selected_mut() {
            selected.set_list_detail(Some(detail));
        }
        let mut responses = connection.run_fetch(commands, max_bytes).await?;
        let others = responses.completions.split_off(fetches);
        let completions = std::mem::replace(&mut responses.completions, others);
        if has_pipelined {
            self.pipelined_responses = Some(responses);
        }
        let mut is_any_received = false;
        let mut smaller = Vec::new();
        for (set, done) in sets.into_iter().zip(completions) {
            let len = set.len();
            let missing = retain_missing(connection, set);
            is_any_received |= missing.len() < len;
            if done.status == Some(Status::Ok) {
                continue;
            }
            self.refusal = Some(done);
            if len > 1 {
                smaller.extend(split_missing(missing, len));
            }
        }
        Ok((is_any_received, smaller))
    }

    /// Returns the sequence numbers whose rows are unknown, as far as the server may describe them.
    fn missing_rows(&self, connection: &mut ImapConnection) -> Vec<SequenceNumber> {
        let (first, last) = ranks(connection, self.offset, self.limit);
        let mut seqs = seqs_at(connection, first, last);
        // A message that arrived since is requested in full, not with the detail of this step.
        let requested = self.requested(connection);
        seqs.retain(|seq| seq.get() <= requested);
        retain_missing(connection, seqs)
    }
}

/// Returns the limit of the response with the rows of this many messages, in bytes.
pub(super) fn rows_max_bytes(message_count: usize) -> u64 {
    WINDOW_MIN_BYTES + MESSAGE_MAX_BYTES * message_count as u64
}

/// Returns the two sets to request after a command for `len` messages was refused and `missing` remain
/// unknown.
fn split_missing(mut missing: Vec<SequenceNumber>, len: usize) -> [Vec<SequenceNumber>; 2] {
    // If some rows were received, the server stopped at the first missing one.
    let at = if missing.len() < len { 1 } else { len / 2 };
    let rest = missing.split_off(at.min(missing.len()));
    [missing, rest]
}

/// Returns the sequence numbers of the ranks from `first` to `last`, sorted.
fn seqs_at(connection: &ImapConnection, first: u32, last: u32) -> Vec<SequenceNumber> {
    let Some(selected) = connection.selected() else {
        return Vec::new();
    };
    let seqs = selected.shown.seqs_at(first..=last);
    let mut seqs: Vec<SequenceNumber> = seqs.filter_map(SequenceNumber::new).collect();
    seqs.sort_unstable();
    seqs
}

fn retain_missing(
    connection: &mut ImapConnection,
    mut seqs: Vec<SequenceNumber>,
) -> Vec<SequenceNumber> {
    let Some(selected) = connection.selected_mut() else {
        return Vec::new();
    };
    let exists = selected.exists();
    seqs.retain(|seq| seq.get() <= exists && selected.needs_detail(seq.get()));
    seqs
}

/// Searches for the UIDs that FETCH did not return.
async fn find_uids(
    connection: &mut ImapConnection,
    first: u32,
    last: u32,
) -> Result<(), AccountError> {
    let Some(selected) = connection.selected_mut() else {
        return Ok(());
    };
    let exists = selected.exists();
    let mut seqs = seqs_at(connection, first, last.min(exists));
    if let Some(selected) = connection.selected_mut() {
        // The UIDs of returned messages are known even if those beside them are not.
        let is_unknown = |seq: &SequenceNumber| selected.uid_at(seq.get()).is_none();
        seqs.retain(is_unknown);
    }
    let (Some(low), Some(high)) = (seqs.first().copied(), seqs.last().copied()) else {
        return Ok(());
    };
    let count = u64::from(high.get() - low.get()) + 1;
    if count > u64::from(Window::MAX_LIMIT) {
        return Ok(());
    }
    let search = Command::Search {
        uid: true,
        criteria: vec![SearchKey::Sequence(SequenceSet::range(low, high))],
    };
    let responses = connection.run_raw(vec![search], Phase::Command).await?;
    let Some(found) = responses.found.filter(|found| found.len() == count) else {
        return Ok(());
    };
    if let Some(selected) = connection.selected_mut().filter(|s| s.exists() == exists) {
        selected.locate(low, found.uids());
    }
    Ok(())
}

fn fetch(seqs: &[SequenceNumber], detail: Detail) -> Option<Command> {
    let set = match (seqs, detail) {
        // A range, even if some of it is known: a window of new rows is one range. Returned
        // messages lie far from it.
        ([low, .., high], Detail::Full) if high.get() - low.get() < Window::MAX_LIMIT => {
            SequenceSet::range(*low, *high)
        }
        _ => SequenceSet::from_numbers(seqs.iter().copied())?,
    };
    Some(Command::Fetch {
        set,
        uid: false,
        items: detail.items(),
    })
}
