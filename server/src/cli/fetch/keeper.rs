//! Syncs files to disk in parallel: each sync waits for the disk, and a disk handles many at once.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

use super::save::Draft;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;

/// Number of files that are synced at the same time.
const WORKERS: usize = 16;

/// Syncs and names files in its own threads. Dropping it waits for the files in progress.
pub(super) struct Keeper {
    workers: Vec<Worker>,
    turn: usize,
    results: Receiver<Kept>,
    /// Number of outstanding results.
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

/// The result for one file.
pub(super) struct Kept {
    /// The index of the message in the report.
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
                    // The receiver is dropped when the command is stopped.
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

    /// Queues a complete file. Blocks while the worker's queue is full.
    pub(super) fn keep(&mut self, place: usize, draft: Draft, path: PathBuf) {
        let turn = self.turn % self.workers.len().max(1);
        self.turn = turn + 1;
        if let Some(worker) = self.workers.get(turn)
            && worker.jobs.send(Job { place, draft, path }).is_ok()
        {
            self.awaited += 1;
        }
    }

    /// Returns the results available now.
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
            // Waits for the worker; a file that it could not name is removed by its `Drop`.
            let _ = thread.join();
        }
    }
}
