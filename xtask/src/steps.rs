//! Progress output of the commands.

use std::time::Instant;

use anyhow::Result;

/// A numbered list of steps, each timed.
pub(crate) struct Steps {
    total: usize,
    done: usize,
}

impl Steps {
    /// Begins a list of `total` steps.
    pub(crate) fn new(total: usize) -> Self {
        Self { total, done: 0 }
    }

    /// Prints a step's title, runs it and prints its result with the seconds it took.
    pub(crate) fn step<T>(
        &mut self,
        title: &str,
        work: impl FnOnce() -> Result<(T, String)>,
    ) -> Result<T> {
        self.done += 1;
        println!("[{}/{}] {title}", self.done, self.total);
        let start = Instant::now();
        let (value, result) = work()?;
        println!("      {result} ({:.1} s)", start.elapsed().as_secs_f64());
        Ok(value)
    }
}
