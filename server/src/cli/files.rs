//! The input and output of commands that use no server.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use super::error::CliError;
use super::exit::Exit;

/// Maximum size of an input, in bytes.
const INPUT_MAX_BYTES: u64 = 64 << 20;

/// Reads a file, or standard input if the file is `-`.
///
/// # Errors
/// [`Exit::NoInput`] if it does not exist or is larger than 64 MiB, [`Exit::InputOutput`] if it
/// cannot be read.
pub(super) fn read(file: &Path) -> Result<Vec<u8>, CliError> {
    let name = match file.as_os_str() == "-" {
        true => "standard input".to_owned(),
        false => file.display().to_string(),
    };
    let unreadable = |error: io::Error| {
        let exit = match error.kind() {
            io::ErrorKind::NotFound => Exit::NoInput,
            _ => Exit::InputOutput,
        };
        CliError::new(exit, format!("{name} cannot be read: {error}."), "")
    };
    let mut bytes = Vec::new();
    match file.as_os_str() == "-" {
        true => io::stdin()
            .lock()
            .take(INPUT_MAX_BYTES + 1)
            .read_to_end(&mut bytes),
        false => File::open(file)
            .map_err(unreadable)?
            .take(INPUT_MAX_BYTES + 1)
            .read_to_end(&mut bytes),
    }
    .map_err(unreadable)?;
    if bytes.len() as u64 > INPUT_MAX_BYTES {
        let cause = format!("{name} is larger than 64 MiB.");
        return Err(CliError::new(Exit::NoInput, cause, ""));
    }
    Ok(bytes)
}

/// Writes the result to standard output.
///
/// # Errors
/// [`Exit::InputOutput`] if it cannot be written.
pub(super) fn write(bytes: &[u8]) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)
        .and_then(|()| out.flush())
        .map_err(|error| CliError::output(&error))
}
