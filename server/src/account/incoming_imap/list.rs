//! Windows of a list. A message that the server cannot describe, or describes beyond a limit, gets
//! its row all the same: less and less is asked of it, and of it alone.

use app::api::types::{FolderId, Window};
use mail_proto::imap::{Command, SequenceNumber, SequenceSet, Status};

use super::super::error::AccountError;
use super::super::model::{Listing, Row};
use super::connection::{Answer, Completion, ImapConnection};
use super::link::Link;
use super::row::Detail;

impl Link {
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
                    self.drop_connection();
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

/// The rows of a window of the selected mailbox; asks only for those that are not known.
///
/// # Errors
/// Where the server gave none of the rows, in its words; and whatever the link says.
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
    mut behind: Vec<Command>,
) -> Result<(Vec<Row>, Option<Answer>), AccountError> {
    let mut refusal = None;
    let mut behind_answer = None;
    let mut step = Some(detail);
    let mut is_first = true;
    let mut moves = 0;
    while let Some(detail) = step {
        let (first, last) = places(connection, offset, limit);
        let unknown = unknown_between(connection, first, last);
        if unknown.is_empty() {
            break;
        }
        let departures = departures(connection);
        let max_bytes = WINDOW_MIN_BYTES + MESSAGE_MAX_BYTES * unknown.len() as u64;
        let mut commands = match (is_first, unknown.as_slice()) {
            // A range, however many of it are known: it asks for one window of new rows.
            (true, [low, .., high]) => vec![fetch(SequenceSet::range(*low, *high), detail)],
            // What one command did not bring is asked for message by message.
            _ => unknown
                .iter()
                .map(|seq| fetch(SequenceSet::single(*seq), detail))
                .collect(),
        };
        let fetches = commands.len();
        commands.append(&mut behind);
        let has_more = commands.len() > fetches;
        if let Some(selected) = connection.selected_mut() {
            selected.expect(detail);
        }
        let answer = connection.run_remembered(commands, max_bytes).await;
        if let Some(selected) = connection.selected_mut() {
            selected.expect(Detail::Full);
        }
        let mut answer = answer?;
        let others = answer.completions.split_off(fetches);
        let mut done = std::mem::replace(&mut answer.completions, others).into_iter();
        let refused = done.find(|done: &Completion| done.status != Some(Status::Ok));
        refusal = refused.or(refusal);
        if has_more {
            behind_answer = Some(answer);
        }
        // Messages left while they were asked for, so the places asked for were those of others.
        let has_moved = self::departures(connection) != departures;
        is_first = is_first && has_moved;
        step = if has_moved && moves < MOVES_MAX {
            moves += 1;
            Some(detail)
        } else {
            detail.less()
        };
    }
    let (first, last) = places(connection, offset, limit);
    let rows = match connection.selected_mut() {
        Some(selected) if last > 0 => selected.rows_between(first, last),
        _ => Vec::new(),
    };
    match refusal {
        Some(refused) if rows.is_empty() => Err(connection.refusal(&refused)),
        _ => Ok((rows, behind_answer)),
    }
}

fn departures(connection: &ImapConnection) -> u32 {
    connection.selected().map_or(0, |s| s.departures())
}

fn exists(connection: &ImapConnection) -> u32 {
    connection.selected().map_or(0, |s| s.exists())
}

/// The first and the last place of a window; the last is 0 where there is none.
fn places(connection: &ImapConnection, offset: u32, limit: u32) -> (u32, u32) {
    let last = exists(connection).saturating_sub(offset);
    let first = last.saturating_sub(limit).saturating_add(1).max(1);
    (first, last)
}

/// The places from `first` to `last` whose rows are not known.
fn unknown_between(connection: &mut ImapConnection, first: u32, last: u32) -> Vec<SequenceNumber> {
    let Some(selected) = connection.selected_mut() else {
        return Vec::new();
    };
    let last = last.min(selected.exists());
    (first..=last)
        .filter(|seq| !selected.is_known(*seq))
        .filter_map(SequenceNumber::new)
        .collect()
}

fn fetch(set: SequenceSet, detail: Detail) -> Command {
    Command::Fetch {
        set,
        uid: false,
        items: detail.items(),
    }
}
