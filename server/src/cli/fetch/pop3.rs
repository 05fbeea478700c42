//! Fetching by POP3: one session lists, saves and, if requested, deletes.
//!
//! A message is saved as `{unique id}.{size}.eml`, because some servers reuse an id for another
//! message or give one id to several. The size is the one from `LIST`.

use std::collections::HashMap;

use mail_net::Phase;
use mail_proto::pop3::MessageNumber;

use super::Task;
use super::keeper::Keeper;
use super::report::{Deletion, FetchOutcome, FetchProgress, MessageReport};
use super::save::{Draft, OutDir, escaped, header_length};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::clients::pop3::{Listed, Pop3Connection, Retrieved};

/// A message to fetch.
struct Wanted {
    number: MessageNumber,
    size_bytes: u64,
    /// Its file name; `None` if the server has no unique ids, and the content determines the name.
    name: Option<String>,
    /// Its index in the report.
    place: usize,
}

pub(super) async fn fetch(task: &Task<'_>, work: &mut FetchProgress) -> Result<(), CliError> {
    let mut connection =
        Pop3Connection::open(&task.dialer, &task.access, None, Phase::Command).await?;
    let listed = connection.list().await?;
    let wanted = choose(task, listed, work);
    let Some(out) = &task.out else {
        connection.quit().await;
        return Ok(());
    };
    if task.args.delete {
        work.deletion = Deletion::Nothing;
    }
    let mut out = out.clone();
    let mut fetcher = Fetcher {
        out: &mut out,
        work,
        keeper: Keeper::new()?,
        draft: None,
    };
    let (there, missing): (Vec<&Wanted>, Vec<&Wanted>) =
        wanted.iter().partition(|message| fetcher.is_saved(message));
    fetcher.save(&mut connection, &missing).await?;
    if !task.args.delete {
        fetcher.out.sync()?;
        connection.quit().await;
        return Ok(());
    }
    fetcher.make_sure(&mut connection, &there).await?;
    fetcher.out.sync()?;
    drop(fetcher);
    delete(connection, &wanted, work).await
}

/// Selects the requested messages, and starts the report.
fn choose(task: &Task<'_>, listed: Vec<Listed>, work: &mut FetchProgress) -> Vec<Wanted> {
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
    let asked = &task.args.uid;
    let mut twins: HashMap<String, u32> = HashMap::new();
    let mut wanted = Vec::new();
    for (nth, message) in listed.into_iter().enumerate() {
        let name = message.unique_id.as_ref().map(|id| {
            let name = format!("{}.{}", escaped(id.as_str()), message.size_bytes);
            let twin = twins.entry(name.clone()).or_default();
            *twin += 1;
            match *twin {
                1 => format!("{name}.eml"),
                twin => format!("{name}.{twin}.eml"),
            }
        });
        let id = match &message.unique_id {
            Some(id) => id.as_str().to_owned(),
            None => message.number.to_string(),
        };
        let is_asked = match asked.is_empty() {
            true => nth >= skipped,
            false => asked.contains(&id),
        };
        if is_asked {
            wanted.push(Wanted {
                number: message.number,
                size_bytes: message.size_bytes,
                name,
                place: work.messages.len(),
            });
            let report = MessageReport::new(id, message.size_bytes, outcome);
            work.messages.push(report);
        }
    }
    for id in asked {
        if !work.messages.iter().any(|message| message.id == *id) {
            work.messages
                .push(MessageReport::new(id, 0, FetchOutcome::Missing));
        }
    }
    wanted
}

/// Saves messages one after the other.
struct Fetcher<'a> {
    out: &'a mut OutDir,
    work: &'a mut FetchProgress,
    keeper: Keeper,
    draft: Option<Draft>,
}

impl Drop for Fetcher<'_> {
    fn drop(&mut self) {
        // Also after an interrupt: complete files are kept and reported.
        let _ = self.work.note(self.keeper.all_kept());
    }
}

impl Fetcher<'_> {
    /// Returns whether an earlier run saved the message, and reports it as already saved.
    fn is_saved(&mut self, message: &Wanted) -> bool {
        let name = message.name.as_ref().filter(|name| self.out.has(name));
        if let Some(name) = name {
            self.tell(
                message.place,
                FetchOutcome::AlreadySaved,
                Some(name.clone()),
            );
        }
        name.is_some()
    }

    fn tell(&mut self, place: usize, outcome: FetchOutcome, file: Option<String>) {
        if let Some(report) = self.work.messages.get_mut(place) {
            report.outcome = outcome;
            report.file = file;
        }
    }

    async fn save(
        &mut self,
        connection: &mut Pop3Connection,
        messages: &[&Wanted],
    ) -> Result<(), CliError> {
        let numbers: Vec<_> = messages.iter().map(|message| message.number).collect();
        let take = |nth: usize, retrieved| match messages.get(nth) {
            Some(message) => self.take(message, retrieved),
            None => Ok(()),
        };
        let retrieved = connection.retrieve_all(&numbers, take).await;
        self.work.note(self.keeper.all_kept())?;
        retrieved
    }

    fn take(&mut self, message: &Wanted, retrieved: Retrieved) -> Result<(), CliError> {
        match retrieved {
            Retrieved::Bytes(bytes) => self.draft()?.write(&bytes),
            Retrieved::End => {
                self.draft()?;
                match self.draft.take() {
                    Some(draft) => self.keep(message, draft),
                    None => Ok(()),
                }
            }
            Retrieved::Refused(reply) => {
                if let Some(report) = self.work.messages.get_mut(message.place) {
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
    fn keep(&mut self, message: &Wanted, draft: Draft) -> Result<(), CliError> {
        // File names made from unique ids never contain `=`.
        let by_contents = || format!("sha256={}.{}.eml", draft.digest(), message.size_bytes);
        let name = match &message.name {
            None => by_contents(),
            Some(name) if !self.out.has(name) => name.clone(),
            // It was fetched again because the header in the file differs.
            Some(name) if self.out.is_same(name, &draft).unwrap_or_default() => name.clone(),
            Some(_) => by_contents(),
        };
        if self.out.has(&name) {
            self.tell(message.place, FetchOutcome::AlreadySaved, Some(name));
        } else {
            let path = self.out.claim(&name);
            self.keeper.keep(message.place, draft, path);
        }
        self.work.note(self.keeper.kept())
    }

    /// Verifies that messages saved by earlier runs are those that the server would delete:
    /// compares the headers, and fetches a message again if they differ.
    async fn make_sure(
        &mut self,
        connection: &mut Pop3Connection,
        messages: &[&Wanted],
    ) -> Result<(), CliError> {
        let asked: Vec<_> = messages.iter().map(|m| (m.number, m.size_bytes)).collect();
        let mut is_same = vec![false; messages.len()];
        connection
            .headers(&asked, |nth, header| {
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
        let others = messages.iter().zip(is_same).filter(|(_, is_same)| !is_same);
        let others: Vec<&Wanted> = others.map(|(message, _)| *message).collect();
        self.save(connection, &others).await
    }
}

/// Deletes saved messages. Only the reply to QUIT confirms the deletion.
async fn delete(
    mut connection: Pop3Connection,
    wanted: &[Wanted],
    work: &mut FetchProgress,
) -> Result<(), CliError> {
    let is_safe = |message: &&Wanted| {
        let report = work.messages.get(message.place);
        report
            .is_some_and(|r| matches!(r.outcome, FetchOutcome::Saved | FetchOutcome::AlreadySaved))
    };
    let safe: Vec<&Wanted> = wanted.iter().filter(is_safe).collect();
    let numbers: Vec<_> = safe.iter().map(|message| message.number).collect();
    let answers = connection.delete(&numbers).await?;
    // From here on the server may delete, even if its reply does not arrive.
    work.deletion = Deletion::Unknown;
    connection.commit().await.map_err(|error| {
        let mut trouble = CliError::from(error);
        trouble.exit = Exit::Unknown;
        trouble
    })?;
    work.deletion = Deletion::Done;
    for (message, answer) in safe.into_iter().zip(answers) {
        if let Some(report) = work.messages.get_mut(message.place) {
            match answer {
                Ok(()) => report.is_deleted = true,
                Err(reply) => report.reply = Some(reply.text),
            }
        }
    }
    Ok(())
}
