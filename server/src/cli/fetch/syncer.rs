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
pub(super) struct FileSyncer {
    workers: Vec<Worker>,
    next_worker: usize,
    results: Receiver<SyncResult>,
    /// Number of outstanding results.
    outstanding: usize,
}

struct Worker {
    jobs: SyncSender<Job>,
    thread: JoinHandle<()>,
}

struct Job {
    index: usize,
    draft: Draft,
    path: PathBuf,
}

/// The result for one file.
pub(super) struct SyncResult {
    /// The index of the message in the report.
    pub(super) index: usize,
    pub(super) path: PathBuf,
    pub(super) result: Result<(), CliError>,
}

impl FileSyncer {
    pub(super) fn new() -> Result<Self, CliError> {
        let (sender, results) = channel();
        let mut workers = Vec::with_capacity(WORKERS);
        for _ in 0..WORKERS {
            let (jobs, queue) = sync_channel::<Job>(1);
            let sender = sender.clone();
            let work = move || {
                for Job { index, draft, path } in queue {
                    let result = draft.persist(&path);
                    // The receiver is dropped when the command is stopped.
                    let _ = sender.send(SyncResult {
                        index,
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
            next_worker: 0,
            results,
            outstanding: 0,
        })
    }

    /// Queues a complete file. Blocks while the worker's queue is full.
    pub(super) fn queue(&mut self, index: usize, draft: Draft, path: PathBuf) {
        let current = self.next_worker % self.workers.len().max(1);
        self.next_worker = current + 1;
        if let Some(worker) = self.workers.get(current)
            && worker.jobs.send(Job { index, draft, path }).is_ok()
        {
            self.outstanding += 1;
        }
    }

    /// Returns the results available now.
    pub(super) fn finished(&mut self) -> Vec<SyncResult> {
        let results: Vec<SyncResult> = self.results.try_iter().take(self.outstanding).collect();
        self.outstanding -= results.len();
        results
    }

    /// Waits for all results.
    pub(super) fn wait_for_all(&mut self) -> Vec<SyncResult> {
        let results = self.results.iter().take(self.outstanding).collect();
        self.outstanding = 0;
        results
    }
}

impl Drop for FileSyncer {
    fn drop(&mut self) {
        for Worker { jobs, thread } in self.workers.drain(..) {
            drop(jobs);
            // Waits for the worker; a file that it could not name is removed by its `Drop`.
            let _ = thread.join();
        }
    }
}
