//! The C library's heap, told to give back what is free.
//!
//! glibc raises the size from which it gives memory back each time a larger block is freed: after
//! one message of tens of MiB, as much stays with the process, whoever sent it. With a fixed
//! threshold it does not. The library reads it once, before `main`, so the program starts itself
//! anew with it (docs/decisions/011-heap.md).

use std::env;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

/// What mallopt(3) calls `M_TRIM_THRESHOLD`; set, it is never raised.
const THRESHOLD: &str = "MALLOC_TRIM_THRESHOLD_";
/// glibc's own value before it is raised.
const THRESHOLD_BYTES: &str = "131072";

/// Set in the program that was started anew: whatever became of the threshold, it is enough.
const STARTED: &str = "RESTANTE_HEAP";

/// Starts the program anew, in this process and with these arguments, unless the threshold is set.
/// Where that fails, the program goes on with a heap that keeps more.
pub fn hold_threshold() {
    if env::var_os(THRESHOLD).is_some() || env::var_os(STARTED).is_some() {
        return;
    }
    // Not the loader, where that was started with the program as its argument.
    let is_program = |path: &PathBuf| !path.to_string_lossy().contains(".so");
    let Some(program) = env::current_exe().ok().filter(is_program) else {
        return;
    };
    let mut arguments = env::args_os();
    let mut again = Command::new(program);
    if let Some(name) = arguments.next() {
        again.arg0(name);
    }
    // Returns only where it failed.
    let _ = again
        .args(arguments)
        .env(THRESHOLD, THRESHOLD_BYTES)
        .env(STARTED, "1")
        .exec();
}
