//! Fetching by POP3: one session lists, saves and, if requested, deletes.
//!
//! A message is saved as `{unique id}.{size}.eml`, because some servers reuse an id for another
//! message or give one id to several. The size is the one from `LIST`.

use std::collections::HashMap;

use mail_net::Phase;
use mail_proto::pop3::MessageNumber;

use super::Task;
use super::report::{Deletion, FetchOutcome, FetchProgress, MessageReport};
use super::save::{Draft, OutDir, escaped, header_length};
use super::syncer::FileSyncer;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::clients::pop3::{Listed, Pop3Connection, Retrieved};

/// A message to fetch.
struct RequestedMessage {
    number: MessageNumber,
    size_bytes: u64,
    /// Its file name; `None` if the server has no unique ids, and the content determines the name.
    name: Option<String>,
    /// Its index in the report.
    index: usize,
}

pub(super) async fn fetch(task: &Task<'_>, progress: &mut FetchProgress) -> Result<(), CliError> {
    let mut connection =
        Pop3Connection::open(&task.dialer, &task.access, None, Phase::Command).await?;
    let listed = connection.list().await?;
    let requested = select_messages(task, listed, progress);
    let Some(out) = &task.out else {
        connection.quit().await;
        return Ok(());
    };
    if task.args.delete {
        progress.deletion = Deletion::Nothing;
    }
    let mut out = out.clone();
    let mut fetcher = Fetcher {
        out: &mut out,
        progress,
        syncer: FileSyncer::new()?,
        draft: None,
    };
    let (saved, unsaved): (Vec<&RequestedMessage>, Vec<&RequestedMessage>) = requested
        .iter()
        .partition(|message| fetcher.is_saved(message));
    fetcher.save(&mut connection, &unsaved).await?;
    if !task.args.delete {
        fetcher.out.sync()?;
        connection.quit().await;
        return Ok(());
    }
    fetcher.verify_saved(&mut connection, &saved).await?;
    fetcher.out.sync()?;
    drop(fetcher);
    delete(connection, &requested, progress).await
}

/// Selects the requested messages, and starts the report.
fn select_messages(
    task: &Task<'_>,
    listed: Vec<Listed>,
    progress: &mut FetchProgress,
) -> Vec<RequestedMessage> {
    let skipped = match task.args.newest {
        Some(newest) => listed
            .len()
            .saturating_sub(usize::try_from(newest).unwrap_or(usize::MAX)),
        None => 0,
    };
    let outcome = match task.out {
        Some(_) => FetchOutcome::NotFetched,
        None => FetchOutcome::Listed,
    };
    let requested_ids = &task.args.uid;
    let mut name_counts: HashMap<String, u32> = HashMap::new();
    let mut requested = Vec::new();
    for (nth, message) in listed.into_iter().enumerate() {
        let name = message.unique_id.as_ref().map(|id| {
            let name = format!("{}.{}", escaped(id.as_str()), message.size_bytes);
            let count = name_counts.entry(name.clone()).or_default();
            *count += 1;
            match *count {
                1 => format!("{name}.eml"),
                count => format!("{name}.{count}.eml"),
            }
        });
        let id = match &message.unique_id {
            Some(id) => id.as_str().to_owned(),
            None => message.number.to_string(),
        };
        let is_requested = match requested_ids.is_empty() {
            true => nth >= skipped,
            false => requested_ids.contains(&id),
        };
        if is_requested {
            requested.push(RequestedMessage {
                number: message.number,
                size_bytes: message.size_bytes,
                name,
                index: progress.messages.len(),
            });
            let report = MessageReport::new(id, message.size_bytes, outcome);
            progress.messages.push(report);
        }
    }
    for id in requested_ids {
        if !progress.messages.iter().any(|message| message.id == *id) {
            progress
                .messages
                .push(MessageReport::new(id, 0, FetchOutcome::Missing));
        }
    }
    requested
}

/// Saves messages one after the other.
struct Fetcher<'a> {
    out: &'a mut OutDir,
    progress: &'a mut FetchProgress,
    syncer: FileSyncer,
    draft: Option<Draft>,
}

impl Drop for Fetcher<'_> {
    fn drop(&mut self) {
        // Also after an interrupt: complete files are kept and reported.
        let _ = self.progress.record_saved(self.syncer.wait_for_all());
    }
}

impl Fetcher<'_> {
    /// Returns whether an earlier run saved the message, and reports it as already saved.
    fn is_saved(&mut self, message: &RequestedMessage) -> bool {
        let name = message.name.as_ref().filter(|name| self.out.has(name));
        if let Some(name) = name {
            self.set_outcome(
                message.index,
                FetchOutcome::AlreadySaved,
                Some(name.clone()),
            );
        }
        name.is_some()
    }

    fn set_outcome(&mut self, index: usize, outcome: FetchOutcome, file: Option<String>) {
        if let Some(report) = self.progress.messages.get_mut(index) {
            report.outcome = outcome;
            report.file = file;
        }
    }

    async fn save(
        &mut self,
        connection: &mut Pop3Connection,
        messages: &[&RequestedMessage],
    ) -> Result<(), CliError> {
        let numbers: Vec<_> = messages.iter().map(|message| message.number).collect();
        let on_retrieved = |nth: usize, retrieved| match messages.get(nth) {
            Some(message) => self.on_retrieved(message, retrieved),
            None => Ok(()),
        };
        let retrieved = connection.retrieve_all(&numbers, on_retrieved).await;
        self.progress.record_saved(self.syncer.wait_for_all())?;
        retrieved
    }

    fn on_retrieved(
        &mut self,
        message: &RequestedMessage,
        retrieved: Retrieved,
    ) -> Result<(), CliError> {
        match retrieved {
            Retrieved::Bytes(bytes) => self.draft()?.write(&bytes),
            Retrieved::End => {
                self.draft()?;
                match self.draft.take() {
                    Some(draft) => self.finish(message, draft),
                    None => Ok(()),
                }
            }
            Retrieved::Refused(reply) => {
                if let Some(report) = self.progress.messages.get_mut(message.index) {
                    report.outcome = FetchOutcome::Refused;
                    report.reply = Some(reply.text);
                }
                Ok(())
            }
        }
    }

    fn draft(&mut self) -> Result<&mut Draft, CliError> {
        match self.draft {
            Some(ref mut draft) => Ok(draft),
            None => Ok(self.draft.insert(self.out.begin()?)),
        }
    }

    /// Gives a complete message its name. An existing file with the same content stays.
    fn finish(&mut self, message: &RequestedMessage, draft: Draft) -> Result<(), CliError> {
        // File names made from unique ids never contain `=`.
        let content_name = || format!("sha256={}.{}.eml", draft.digest(), message.size_bytes);
        let name = match &message.name {
            None => content_name(),
            Some(name) if !self.out.has(name) => name.clone(),
            // It was fetched again because the header in the file differs.
            Some(name) if self.out.is_same(name, &draft).unwrap_or_default() => name.clone(),
            Some(_) => content_name(),
        };
        if self.out.has(&name) {
            self.set_outcome(message.index, FetchOutcome::AlreadySaved, Some(name));
        } else {
            let path = self.out.claim(&name);
            self.syncer.queue(message.index, draft, path);
        }
        self.progress.record_saved(self.syncer.finished())
    }

    /// Verifies that messages saved by earlier runs are those that the server would delete:
    /// compares the headers, and fetches a message again if they differ.
    async fn verify_saved(
        &mut self,
        connection: &mut Pop3Connection,
        messages: &[&RequestedMessage],
    ) -> Result<(), CliError> {
        let candidates: Vec<_> = messages.iter().map(|m| (m.number, m.size_bytes)).collect();
        let mut is_same = vec![false; messages.len()];
        connection
            .headers(&candidates, |nth, header| {
                let header = header.get(..header_length(header)).unwrap_or(header);
                let name = messages
                    .get(nth)
                    .and_then(|message| message.name.as_deref());
                let saved = name.map(|name| self.out.header_of(name));
                if let (Some(Ok(saved)), Some(is_same)) = (saved, is_same.get_mut(nth)) {
                    *is_same = saved == header;
                }
            })
            .await?;
        let changed = messages.iter().zip(is_same).filter(|(_, is_same)| !is_same);
        let changed: Vec<&RequestedMessage> = changed.map(|(message, _)| *message).collect();
        self.save(connection, &changed).await
    }
}

/// Deletes saved messages. Only the reply to QUIT confirms the deletion.
async fn delete(
    mut connection: Pop3Connection,
    requested: &[RequestedMessage],
    progress: &mut FetchProgress,
) -> Result<(), CliError> {
    let is_safe = |message: &&RequestedMessage| {
        let report = progress.messages.get(message.index);
        report
            .is_some_and(|r| matches!(r.outcome, FetchOutcome::Saved | FetchOutcome::AlreadySaved))
    };
    let safe: Vec<&RequestedMessage> = requested.iter().filter(is_safe).collect();
    let numbers: Vec<_> = safe.iter().map(|message| message.number).collect();
    let results = connection.delete(&numbers).await?;
    // From here on the server may delete, even if its reply does not arrive.
    progress.deletion = Deletion::Unknown;
    connection.commit().await.map_err(|error| {
        let mut cli_error = CliError::from(error);
        cli_error.exit = Exit::Unknown;
        cli_error
    })?;
    progress.deletion = Deletion::Done;
    for (message, result) in safe.into_iter().zip(results) {
        if let Some(report) = progress.messages.get_mut(message.index) {
            match result {
                Ok(()) => report.is_deleted = true,
                Err(reply) => report.reply = Some(reply.text),
            }
        }
    }
    Ok(())
}
