//! Configures the C library's heap to return free memory to the system.
//!
//! glibc raises its trim threshold each time a larger block is freed: after one message of tens of
//! MiB, the process keeps that much memory. A fixed threshold prevents that. glibc reads it once,
//! before `main`, so the program re-executes itself with it (docs/decisions/011-heap.md).

use std::env;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

/// The variable for `M_TRIM_THRESHOLD` of mallopt(3); if set, glibc never raises it.
const THRESHOLD: &str = "MALLOC_TRIM_THRESHOLD_";
/// glibc's initial value.
const THRESHOLD_BYTES: &str = "131072";

/// Set in the re-executed program, so that it does not re-execute itself again.
const STARTED: &str = "RESTANTE_HEAP";

/// Re-executes the program, in this process and with the same arguments, unless the threshold is
/// set. If that fails, the program continues with a heap that retains more memory.
pub fn hold_threshold() {
    if env::var_os(THRESHOLD).is_some() || env::var_os(STARTED).is_some() {
        return;
    }
    // Excludes the dynamic loader, if that was started with the program as its argument.
    let is_program = |path: &PathBuf| !path.to_string_lossy().contains(".so");
    let Some(program) = env::current_exe().ok().filter(is_program) else {
        return;
    };
    let mut arguments = env::args_os();
    let mut command = Command::new(program);
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    // Returns only on failure.
    let _ = command
        .args(arguments)
        .env(THRESHOLD, THRESHOLD_BYTES)
        .env(STARTED, "1")
        .exec();
}
