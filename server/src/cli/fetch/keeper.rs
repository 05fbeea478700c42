//! Makes files durable, several at a time: each waits for the disk, and a disk serves many at once.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

use super::save::Draft;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;

/// How many files wait for the disk at a time.
const WORKERS: usize = 16;

/// Gives files their names, in threads of its own. Dropped, it ends what was begun.
pub(super) struct Keeper {
    workers: Vec<Worker>,
    turn: usize,
    results: Receiver<Kept>,
    /// How many results are still to come.
    awaited: usize,
}

struct Worker {
    jobs: SyncSender<Job>,
    thread: JoinHandle<()>,
}

struct Job {
    place: usize,
    draft: Draft,
    path: PathBuf,
}

/// What became of a file.
pub(super) struct Kept {
    /// The message's place in the report.
    pub(super) place: usize,
    pub(super) path: PathBuf,
    pub(super) result: Result<(), CliError>,
}

impl Keeper {
    pub(super) fn new() -> Result<Self, CliError> {
        let (told, results) = channel();
        let mut workers = Vec::with_capacity(WORKERS);
        for _ in 0..WORKERS {
            let (jobs, waiting) = sync_channel::<Job>(1);
            let told = told.clone();
            let work = move || {
                for Job { place, draft, path } in waiting {
                    let result = draft.keep(&path);
                    // Nobody listens any more once the command is stopped.
                    let _ = told.send(Kept {
                        place,
                        path,
                        result,
                    });
                }
            };
            let thread = thread::Builder::new().name("keeper".to_owned()).spawn(work);
            let thread = thread.map_err(|error| {
                CliError::new(Exit::Software, format!("No thread: {error}."), "")
            })?;
            workers.push(Worker { jobs, thread });
        }
        Ok(Self {
            workers,
            turn: 0,
            results,
            awaited: 0,
        })
    }

    /// Takes a whole file. Waits while the disk is behind.
    pub(super) fn keep(&mut self, place: usize, draft: Draft, path: PathBuf) {
        let turn = self.turn % self.workers.len().max(1);
        self.turn = turn + 1;
        if let Some(worker) = self.workers.get(turn)
            && worker.jobs.send(Job { place, draft, path }).is_ok()
        {
            self.awaited += 1;
        }
    }

    /// The results that are there.
    pub(super) fn kept(&mut self) -> Vec<Kept> {
        let kept: Vec<Kept> = self.results.try_iter().take(self.awaited).collect();
        self.awaited -= kept.len();
        kept
    }

    /// Waits for all results.
    pub(super) fn all_kept(&mut self) -> Vec<Kept> {
        let kept = self.results.iter().take(self.awaited).collect();
        self.awaited = 0;
        kept
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        for Worker { jobs, thread } in self.workers.drain(..) {
            drop(jobs);
            // A file that was not whole in time is removed by its own end.
            let _ = thread.join();
        }
    }
}
