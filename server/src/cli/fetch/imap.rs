//! Fetching by IMAP: opens the folder read-only (`EXAMINE`), so no message is marked as read.
//!
//! A message is saved as `{folder}.{UIDVALIDITY}.{UID}.eml`, a name that identifies it permanently.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use mail_net::Phase;
use mail_proto::imap::{
    Command, FetchData, FetchItem, FetchedItem, Mailbox, Section, SequenceNumber, SequenceSet, Uid,
};

use super::Task;
use super::report::{FetchOutcome, FetchProgress, MessageReport};
use super::save::{Draft, OutDir, escaped};
use super::syncer::FileSyncer;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::clients::budget::Budget;
use crate::clients::imap::{Examined, ImapConnection, ResponseLimits, Responses};

/// Maximum number of messages in one command.
const BATCH: usize = 16;
/// Number of bytes requested first of each message; a whole batch is held in memory.
const FIRST_WINDOW_BYTES: u32 = 128 << 10;
/// Number of bytes requested at a time of the rest of a larger message.
const WINDOW_BYTES: u32 = 1 << 20;

pub(super) async fn fetch(task: &Task<'_>, progress: &mut FetchProgress) -> Result<(), CliError> {
    let folder = task.url.folder.as_deref().unwrap_or("INBOX");
    let mailbox = Mailbox::encode(folder, false).map_err(|_| {
        CliError::usage("The folder's name holds a character that no folder can have.")
    })?;
    let mut connection = ImapConnection::<Examined>::open(
        &task.dialer,
        &task.access,
        None,
        Phase::Command,
        Budget::UNLIMITED,
    )
    .await?;
    connection.set_limits(ResponseLimits::COMMAND_LINE);
    connection.begin_select(&mailbox);
    connection
        .run(vec![Command::Examine(mailbox)], Phase::Command)
        .await?;
    let (exists, uid_validity) = match connection.selected() {
        Some(selected) => (selected.exists(), selected.uid_validity()),
        None => (0, 0),
    };
    let uids = list(task, &mut connection, exists, progress).await?;
    if let Some(out) = &task.out {
        let mut saver = Saver {
            out: out.clone(),
            prefix: format!("{}.{uid_validity}", escaped(folder)),
            connection: &mut connection,
            progress,
            syncer: FileSyncer::new()?,
        };
        let saved = saver.save(&uids).await;
        saver.progress.record_saved(saver.syncer.wait_for_all())?;
        saved?;
        saver.out.sync()?;
    }
    connection.log_out().await;
    Ok(())
}

/// Lists the requested messages, and starts the report: one row for each UID returned.
async fn list(
    task: &Task<'_>,
    connection: &mut ImapConnection<Examined>,
    exists: u32,
    progress: &mut FetchProgress,
) -> Result<Vec<Uid>, CliError> {
    let mut requested = Vec::new();
    for text in &task.args.uid {
        let uid = Uid::parse(text.as_bytes());
        requested.push(uid.ok_or_else(|| CliError::usage(format!("--uid {text} is no UID.")))?);
    }
    let set = match (
        SequenceSet::from_numbers(requested.clone()),
        task.args.newest,
    ) {
        (Some(uids), _) => Some((uids, true)),
        (None, _) if exists == 0 => None,
        (None, Some(newest)) => {
            let first = exists.saturating_sub(newest.saturating_sub(1)).max(1);
            SequenceNumber::new(first).map(|first| (SequenceSet::from_first(first), false))
        }
        (None, None) => Some((SequenceSet::all(), true)),
    };
    let mut found = BTreeMap::new();
    if let Some((set, uid)) = set {
        let items = vec![
            FetchItem::Uid,
            FetchItem::Rfc822Size,
            FetchItem::InternalDate,
        ];
        let command = Command::Fetch { set, uid, items };
        let responses = connection.run(vec![command], Phase::Command).await?;
        for data in responses.fetched {
            // Without a size it is an unsolicited FETCH with flags, not part of the response.
            if let (Some(uid), Some(size_bytes)) = (data.uid(), size_of(&data)) {
                found.insert(uid, (size_bytes, date_of(&data)));
            }
        }
    }
    let outcome = match task.out {
        Some(_) => FetchOutcome::NotFetched,
        None => FetchOutcome::Listed,
    };
    for (uid, (size_bytes, date)) in &found {
        let mut report = MessageReport::new(uid.to_string(), *size_bytes, outcome);
        report.date = date.clone();
        progress.messages.push(report);
    }
    for uid in requested.iter().filter(|uid| !found.contains_key(uid)) {
        let report = MessageReport::new(uid.to_string(), 0, FetchOutcome::Missing);
        progress.messages.push(report);
    }
    Ok(found.into_keys().collect())
}

/// Saves messages into a folder.
struct Saver<'a> {
    out: OutDir,
    prefix: String,
    connection: &'a mut ImapConnection<Examined>,
    progress: &'a mut FetchProgress,
    syncer: FileSyncer,
}

impl Drop for Saver<'_> {
    fn drop(&mut self) {
        // Also after an interrupt: complete files are kept and reported.
        let _ = self.progress.record_saved(self.syncer.wait_for_all());
    }
}

impl Saver<'_> {
    async fn save(&mut self, uids: &[Uid]) -> Result<(), CliError> {
        let mut remaining = Vec::new();
        for (index, uid) in uids.iter().enumerate() {
            match self.out.has(&self.name(*uid)) {
                true => self.set_outcome(index, *uid, FetchOutcome::AlreadySaved),
                false => remaining.push((index, *uid)),
            }
        }
        for batch in remaining.chunks(BATCH) {
            let batch_uids = batch.iter().map(|(_, uid)| *uid);
            let Some(set) = SequenceSet::from_numbers(batch_uids) else {
                continue;
            };
            let mut responses = self.window(set, 0, FIRST_WINDOW_BYTES).await?;
            for (index, uid) in batch {
                match body_of(&mut responses, *uid) {
                    None => self.set_outcome(*index, *uid, FetchOutcome::Missing),
                    Some((first, is_whole)) => {
                        self.save_one(*index, *uid, first, is_whole).await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Saves a message whose first bytes were fetched.
    async fn save_one(
        &mut self,
        index: usize,
        uid: Uid,
        mut bytes: Bytes,
        mut is_whole: bool,
    ) -> Result<(), CliError> {
        let mut draft: Draft = self.out.begin()?;
        let mut offset = 0_u64;
        let mut window_bytes = FIRST_WINDOW_BYTES;
        loop {
            draft.write(&bytes)?;
            let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            offset = offset.saturating_add(length);
            // A short window marks the end; the size that the server reported is not reliable.
            if is_whole || length < u64::from(window_bytes) {
                let path = self.out.claim(&self.name(uid));
                self.syncer.queue(index, draft, path);
                return self.progress.record_saved(self.syncer.finished());
            }
            window_bytes = WINDOW_BYTES;
            let set = SequenceSet::single(uid);
            let mut responses = self.window(set, offset, window_bytes).await?;
            (bytes, is_whole) = body_of(&mut responses, uid).ok_or_else(|| {
                let cause = "A message vanished from the server while it was fetched.";
                CliError::new(Exit::Temporary, cause, "Run the same command again.")
            })?;
        }
    }

    async fn window(
        &mut self,
        set: SequenceSet,
        offset: u64,
        max_bytes: u32,
    ) -> Result<Responses, CliError> {
        let body = FetchItem::BodyPeek {
            section: Section::message(),
            partial: Some((offset, max_bytes)),
        };
        let command = Command::Fetch {
            set,
            uid: true,
            items: vec![FetchItem::Uid, body],
        };
        Ok(self.connection.run(vec![command], Phase::Body).await?)
    }

    fn name(&self, uid: Uid) -> String {
        format!("{}.{uid}.eml", self.prefix)
    }

    fn set_outcome(&mut self, index: usize, uid: Uid, outcome: FetchOutcome) {
        let file = (outcome == FetchOutcome::AlreadySaved).then(|| self.name(uid));
        if let Some(report) = self.progress.messages.get_mut(index) {
            report.outcome = outcome;
            report.file = file;
        }
    }
}

/// Returns the bytes received for a message, and whether the server sent the whole message although
/// a part was requested, as some servers do.
fn body_of(responses: &mut Responses, uid: Uid) -> Option<(Bytes, bool)> {
    let mut fetched = responses
        .fetched
        .iter()
        .filter(|data| data.uid() == Some(uid));
    fetched.find_map(|data| {
        data.items.iter().find_map(|item| match item {
            FetchedItem::Body { origin, value, .. } => {
                // NIL: there are no bytes at this offset.
                let bytes = responses.body(value).unwrap_or_default();
                Some((bytes, origin.is_none()))
            }
            _ => None,
        })
    })
}

fn size_of(data: &FetchData) -> Option<u64> {
    data.items.iter().find_map(|item| match item {
        FetchedItem::Rfc822Size(size) => Some(*size),
        _ => None,
    })
}

fn date_of(data: &FetchData) -> Option<String> {
    data.items.iter().find_map(|item| match item {
        FetchedItem::InternalDate(date) => {
            let at = Timestamp::from_second(date.unix_secs()).ok()?;
            Some(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
        }
        _ => None,
    })
}
