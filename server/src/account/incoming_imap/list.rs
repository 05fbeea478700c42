//! Windows of a list. A message that the server cannot describe, or describes beyond a limit, gets
//! its row all the same: less and less is asked of it, and of it alone.

use app::api::types::{FolderId, Window};
use mail_net::Phase;
use mail_proto::imap::{Command, SearchKey, SequenceNumber, SequenceSet, Status};

use super::super::error::AccountError;
use super::imap_worker::ImapWorker;
use super::row::Detail;
use super::selected::ImapConnection;
use crate::clients::imap::{Completion, Responses};
use crate::domain::{Listing, Row};

impl ImapWorker {
    /// A window of a folder. Costs no round trip while IDLE keeps the rows right.
    ///
    /// Where the answer as a whole is larger than what is taken, the connection is lost and another
    /// one is asked for less.
    pub(super) async fn list(
        &mut self,
        folder: &FolderId,
        window: Window,
    ) -> Result<Listing, AccountError> {
        let mut detail = Detail::Full;
        loop {
            let result = self.try_list(folder, window, detail).await;
            match (result, detail.less()) {
                (Err(error), Some(less)) if error.is_over_limit() => {
                    tracing::info!(%error, "a list was too large: less is asked of its messages");
                    self.forget_connection();
                    detail = less;
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
        let mailbox = self.shared.wire_name(folder)?;
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

/// What a server may send for each message of a window, on average. One with a few hundred
/// recipients and parts is well below.
const MESSAGE_MAX_BYTES: u64 = 64 << 10;
/// Messages that leave while a window is asked for let it be asked for again, so often.
const MOVES_MAX: u32 = 3;
/// What it may send in any case.
const WINDOW_MIN_BYTES: u64 = 1 << 20;

/// How many commands ask for the rows of one window, at most …
const COMMANDS_MAX: usize = 100;
/// … and in how many round trips.
const ROUNDS_MAX: usize = 16;

/// The rows of a window of the selected mailbox; asks only for those that are not known. Every
/// message that the server counts has one.
///
/// # Errors
/// Where the server refused and told nothing of any of them, in its words; and whatever the link
/// says.
pub(super) async fn fetch_rows(
    connection: &mut ImapConnection,
    offset: u32,
    limit: u32,
    detail: Detail,
) -> Result<Vec<Row>, AccountError> {
    let (rows, _) = fetch_rows_before(connection, offset, limit, detail, Vec::new()).await?;
    Ok(rows)
}

/// The same, with commands that leave in one flight with the first FETCH and behind it. Where rows
/// are known without any, they are not run.
pub(super) async fn fetch_rows_before(
    connection: &mut ImapConnection,
    offset: u32,
    limit: u32,
    detail: Detail,
    behind: Vec<Command>,
) -> Result<(Vec<Row>, Option<Responses>), AccountError> {
    let mut asking = Asking {
        offset,
        limit,
        commands_left: COMMANDS_MAX,
        rounds_left: ROUNDS_MAX,
        moves_left: MOVES_MAX,
        behind,
        behind_answer: None,
        refusal: None,
    };
    let asked = asking.run(connection, detail).await;
    if let Some(selected) = connection.selected_mut() {
        selected.expect(None);
    }
    asked?;
    let (first, last) = ranks(connection, offset, limit);
    if last == 0 {
        return Ok((Vec::new(), asking.behind_answer));
    }
    find_uids(connection, first, last).await?;
    let refusal = asking.refusal;
    let words = refusal.as_ref().map(|done| connection.words_of(done));
    let words = words.unwrap_or_default();
    let (first, last) = ranks(connection, offset, limit);
    let Some(selected) = connection.selected_mut() else {
        return Ok((Vec::new(), asking.behind_answer));
    };
    let is_told = selected.settle(first, last, &words);
    let rows = selected.rows_between(first, last, &words);
    match refusal {
        Some(refused) if !is_told => {
            // The next one who asks for them asks the server.
            selected.forget_rows();
            Err(connection.refusal(&refused).into())
        }
        _ => Ok((rows, asking.behind_answer)),
    }
}

fn departures(connection: &ImapConnection) -> u32 {
    connection.selected().map_or(0, |s| s.departures())
}

fn exists(connection: &ImapConnection) -> u32 {
    connection.selected().map_or(0, |s| s.exists())
}

/// The first and the last rank of a window; the last is 0 where there is none.
fn ranks(connection: &ImapConnection, offset: u32, limit: u32) -> (u32, u32) {
    let last = exists(connection).saturating_sub(offset);
    let first = last.saturating_sub(limit).saturating_add(1).max(1);
    (first, last)
}

/// The asking for the rows of one window.
struct Asking {
    offset: u32,
    limit: u32,
    commands_left: usize,
    rounds_left: usize,
    /// How often it begins anew because messages left.
    moves_left: u32,
    /// Commands that are still to leave behind the first FETCH, and what was answered to them.
    behind: Vec<Command>,
    behind_answer: Option<Responses>,
    /// The last command that the server refused.
    refusal: Option<Completion>,
}

impl Asking {
    /// Asks for the rows that are not known: for all of them, and where the server refuses, in
    /// smaller parts, until what it does not describe is alone; of that less and less is asked.
    async fn run(
        &mut self,
        connection: &mut ImapConnection,
        detail: Detail,
    ) -> Result<(), AccountError> {
        let mut step = Some(detail);
        while let Some(detail) = step {
            let mut sets = vec![self.wanting(connection)];
            let mut is_first = true;
            sets.retain(|set| !set.is_empty());
            while !sets.is_empty() && self.commands_left > 0 && self.rounds_left > 0 {
                let departures = departures(connection);
                let (is_any_told, smaller) = self.round(connection, sets, detail).await?;
                if self::departures(connection) != departures && self.moves_left > 0 {
                    // Messages left while they were asked for, so the places asked for were those
                    // of others.
                    self.moves_left -= 1;
                    sets = vec![self.wanting(connection)];
                } else if is_any_told || is_first {
                    sets = smaller;
                    is_first = false;
                } else {
                    // Where it refuses all of the smaller parts as well, it is the question.
                    sets = Vec::new();
                }
                sets.retain(|set| !set.is_empty());
            }
            step = detail.less();
        }
        Ok(())
    }

    /// Asks for some sets in one flight. Returns whether any row was told, and what to ask for next.
    async fn round(
        &mut self,
        connection: &mut ImapConnection,
        mut sets: Vec<Vec<SequenceNumber>>,
        detail: Detail,
    ) -> Result<(bool, Vec<Vec<SequenceNumber>>), AccountError> {
        sets.truncate(self.commands_left);
        self.commands_left -= sets.len();
        self.rounds_left -= 1;
        let asked: usize = sets.iter().map(Vec::len).sum();
        let max_bytes = WINDOW_MIN_BYTES + MESSAGE_MAX_BYTES * asked as u64;
        let mut commands: Vec<Command> = sets.iter().filter_map(|set| fetch(set, detail)).collect();
        let fetches = commands.len();
        commands.append(&mut self.behind);
        let has_more = commands.len() > fetches;
        if let Some(selected) = connection.selected_mut() {
            selected.expect(Some(detail));
        }
        let mut answer = connection.run_remembered(commands, max_bytes).await?;
        let others = answer.completions.split_off(fetches);
        let completions = std::mem::replace(&mut answer.completions, others);
        if has_more {
            self.behind_answer = Some(answer);
        }
        let mut is_any_told = false;
        let mut smaller = Vec::new();
        for (set, done) in sets.into_iter().zip(completions) {
            let len = set.len();
            let left = still_wanting(connection, set);
            is_any_told |= left.len() < len;
            if done.status == Some(Status::Ok) {
                continue;
            }
            self.refusal = Some(done);
            if len > 1 {
                smaller.extend(parts_of(left, len));
            }
        }
        Ok((is_any_told, smaller))
    }

    /// The places whose rows are not known as far as the server may tell them.
    fn wanting(&self, connection: &mut ImapConnection) -> Vec<SequenceNumber> {
        let (first, last) = ranks(connection, self.offset, self.limit);
        let seqs = seqs_at(connection, first, last);
        still_wanting(connection, seqs)
    }
}

/// What to ask for after a command for `len` messages was refused and these are left.
fn parts_of(mut left: Vec<SequenceNumber>, len: usize) -> [Vec<SequenceNumber>; 2] {
    // Where some were told, the server stopped at the first that is missing.
    let at = if left.len() < len { 1 } else { len / 2 };
    let rest = left.split_off(at.min(left.len()));
    [left, rest]
}

/// Where the server has the messages of the ranks from `first` to `last`, sorted.
fn seqs_at(connection: &ImapConnection, first: u32, last: u32) -> Vec<SequenceNumber> {
    let Some(selected) = connection.selected() else {
        return Vec::new();
    };
    let seqs = selected.shown.seqs_at(first..=last);
    let mut seqs: Vec<SequenceNumber> = seqs.filter_map(SequenceNumber::new).collect();
    seqs.sort_unstable();
    seqs
}

fn still_wanting(
    connection: &mut ImapConnection,
    mut places: Vec<SequenceNumber>,
) -> Vec<SequenceNumber> {
    let Some(selected) = connection.selected_mut() else {
        return Vec::new();
    };
    let exists = selected.exists();
    places.retain(|seq| seq.get() <= exists && selected.is_wanting(seq.get()));
    places
}

/// Asks which messages these are, where FETCH did not tell the UID of one.
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
        // Those that came back are known where others beside them are not.
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
    let answer = connection.run_raw(vec![search], Phase::Command).await?;
    let Some(found) = answer.found.filter(|found| found.len() == count) else {
        return Ok(());
    };
    if let Some(selected) = connection.selected_mut().filter(|s| s.exists() == exists) {
        selected.locate(low, found.uids());
    }
    Ok(())
}

fn fetch(places: &[SequenceNumber], detail: Detail) -> Option<Command> {
    let set = match (places, detail) {
        // A range, however many of it are known: it asks for one window of new rows. Those that came
        // back from elsewhere lie far from it.
        ([low, .., high], Detail::Full) if high.get() - low.get() < Window::MAX_LIMIT => {
            SequenceSet::range(*low, *high)
        }
        _ => SequenceSet::from_numbers(places.iter().copied())?,
    };
    Some(Command::Fetch {
        set,
        uid: false,
        items: detail.items(),
    })
}
