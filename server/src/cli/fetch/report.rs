//! The result for each message, as text and as JSON for scripts.

use std::io::{self, Write as _};

use serde::Serialize;

use super::Task;
use super::syncer::SyncResult;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::plain::Plain;

/// The result for one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FetchOutcome {
    /// Listed only, as requested.
    Listed,
    /// Not fetched: the command ended before.
    NotFetched,
    /// Saved completely in a file.
    Saved,
    /// Already saved by an earlier run.
    AlreadySaved,
    /// The server refused to return it.
    Refused,
    /// The server has no such message.
    Missing,
}

/// The result of deleting messages on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Deletion {
    /// Deletion was not requested.
    #[default]
    NotAsked,
    /// Nothing was deleted.
    Nothing,
    /// The deletion was sent, and the server did not reply.
    Unknown,
    /// The server confirmed the deletion.
    Done,
}

/// The report of one message.
#[derive(Debug, Clone, Serialize)]
pub(super) struct MessageReport {
    /// IMAP: the UID. POP3: the unique id, or the message number if the server has no unique ids.
    pub(super) id: String,
    /// The size as the server reports it.
    pub(super) size_bytes: u64,
    /// IMAP: the internal date.
    pub(super) date: Option<String>,
    pub(super) outcome: FetchOutcome,
    /// The file's name in the output folder.
    pub(super) file: Option<String>,
    /// The server's reply, if it refused.
    pub(super) reply: Option<String>,
    pub(super) is_deleted: bool,
}

impl MessageReport {
    pub(super) fn new(id: impl Into<String>, size_bytes: u64, outcome: FetchOutcome) -> Self {
        Self {
            id: id.into(),
            size_bytes,
            date: None,
            outcome,
            file: None,
            reply: None,
            is_deleted: false,
        }
    }
}

/// The progress so far; complete at any time, so that it can be reported after any failure.
#[derive(Debug, Default)]
pub(super) struct FetchProgress {
    pub(super) messages: Vec<MessageReport>,
    pub(super) deletion: Deletion,
}

#[derive(Serialize)]
struct FetchReport<'a> {
    exit_code: u8,
    server: String,
    folder: Option<&'a str>,
    saved: usize,
    already_saved: usize,
    not_fetched: usize,
    deletion: Deletion,
    deleted: usize,
    /// Why the command ended early.
    trouble: Option<&'a CliError>,
    messages: &'a [MessageReport],
}

impl FetchProgress {
    /// Prints the results, and returns the exit code.
    pub(super) fn report(&self, task: &Task<'_>, error: Option<CliError>) -> Exit {
        let exit = self.exit(error.as_ref());
        let written = match task.args.json {
            true => self.write_json(task, exit, error.as_ref()),
            false => self.write_text(task),
        };
        if !task.args.json
            && let Some(error) = &error
        {
            error.print();
        }
        match written {
            Ok(()) => exit,
            Err(write_error) => {
                CliError::output(&write_error).print();
                match exit {
                    Exit::Done => Exit::InputOutput,
                    exit => exit,
                }
            }
        }
    }

    /// Records the files that were saved.
    ///
    /// # Errors
    /// The first file that could not be saved.
    pub(super) fn record_saved(&mut self, results: Vec<SyncResult>) -> Result<(), CliError> {
        let mut first = Ok(());
        for SyncResult {
            index,
            path,
            result,
        } in results
        {
            match (result, self.messages.get_mut(index)) {
                (Ok(()), Some(message)) => {
                    message.outcome = FetchOutcome::Saved;
                    let name = path.file_name().unwrap_or_default();
                    message.file = Some(name.to_string_lossy().into_owned());
                }
                (Ok(()), None) => {}
                (Err(error), _) => first = first.and(Err(error)),
            }
        }
        first
    }

    fn exit(&self, error: Option<&CliError>) -> Exit {
        match (self.deletion, error) {
            (Deletion::Unknown, _) => return Exit::Unknown,
            (_, Some(error)) => return error.exit,
            (_, None) => {}
        }
        match self.count(FetchOutcome::Refused) + self.count(FetchOutcome::Missing) {
            0 => Exit::Done,
            all if all == self.messages.len() => Exit::Refused,
            _ => Exit::SomeRefused,
        }
    }

    fn count(&self, outcome: FetchOutcome) -> usize {
        let messages = self.messages.iter();
        messages
            .filter(|message| message.outcome == outcome)
            .count()
    }

    fn deleted(&self) -> usize {
        let messages = self.messages.iter();
        messages.filter(|message| message.is_deleted).count()
    }

    fn write_json(&self, task: &Task<'_>, exit: Exit, error: Option<&CliError>) -> io::Result<()> {
        let report = FetchReport {
            exit_code: exit.code(),
            server: task.url.to_string(),
            folder: task.url.folder.as_deref(),
            saved: self.count(FetchOutcome::Saved),
            already_saved: self.count(FetchOutcome::AlreadySaved),
            not_fetched: self.count(FetchOutcome::NotFetched),
            deletion: self.deletion,
            deleted: self.deleted(),
            trouble: error,
            messages: &self.messages,
        };
        let mut out = Plain(io::BufWriter::new(io::stdout().lock()));
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
        out.flush()
    }

    fn write_text(&self, task: &Task<'_>) -> io::Result<()> {
        let mut out = Plain(io::BufWriter::new(io::stdout().lock()));
        for message in &self.messages {
            let size_bytes = message.size_bytes;
            // A server's id for a message may contain terminal control characters.
            let id = mail_mime::display::line(&message.id);
            match message.outcome {
                FetchOutcome::Listed => {
                    let date = message.date.as_deref().unwrap_or_default();
                    writeln!(out, "{}", format!("{id}\t{size_bytes}\t{date}").trim_end())?;
                }
                FetchOutcome::Refused | FetchOutcome::Missing => {
                    let reply = message.reply.as_deref().unwrap_or("no such message");
                    let reply = mail_mime::display::line(reply);
                    writeln!(out, "{id}: not given by the server: {reply}")?;
                }
                _ => {}
            }
        }
        if task.out.is_some() {
            let (saved, already) = (
                self.count(FetchOutcome::Saved),
                self.count(FetchOutcome::AlreadySaved),
            );
            writeln!(out, "saved: {saved}, there already: {already}")?;
            let not_fetched = self.count(FetchOutcome::NotFetched);
            if not_fetched > 0 {
                writeln!(
                    out,
                    "not fetched: {not_fetched}; the same command goes on from here"
                )?;
            }
        }
        match self.deletion {
            Deletion::NotAsked => {}
            Deletion::Nothing => writeln!(out, "deleted on the server: nothing")?,
            Deletion::Done => writeln!(out, "deleted on the server: {}", self.deleted())?,
            Deletion::Unknown => writeln!(
                out,
                "deleted on the server: unknown, it gave no answer; everything that may be gone \
                 is saved"
            )?,
        }
        out.flush()
    }
}
