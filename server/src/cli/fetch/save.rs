//! Message files: each is written under a temporary name, synced, and then renamed. No file is ever
//! overwritten.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use crate::cli::error::CliError;
use crate::cli::exit::Exit;

/// Maximum size of a header that is read from a file.
const HEADER_MAX_BYTES: u64 = 1 << 20;

/// The folder that messages are saved in.
#[derive(Clone)]
pub(super) struct OutDir {
    path: PathBuf,
    /// The names in the folder, compared exactly: some file systems ignore case.
    names: HashSet<OsString>,
}

impl OutDir {
    /// Opens the folder; creates it if it does not exist.
    pub(super) fn open(path: &Path) -> Result<Self, CliError> {
        let to_cli_error = |error: io::Error| {
            let cause = format!("{} cannot be used: {error}.", path.display());
            CliError::new(Exit::CannotCreate, cause, "")
        };
        std::fs::create_dir_all(path).map_err(to_cli_error)?;
        let mut names = HashSet::new();
        for entry in std::fs::read_dir(path).map_err(to_cli_error)? {
            names.insert(entry.map_err(to_cli_error)?.file_name());
        }
        Ok(Self {
            path: path.to_owned(),
            names,
        })
    }

    /// Returns whether a message is saved under this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains(std::ffi::OsStr::new(name))
    }

    /// Starts a file.
    pub(super) fn begin(&self) -> Result<Draft, CliError> {
        let file = tempfile::Builder::new()
            .prefix(".restante-")
            .suffix(".part")
            .tempfile_in(&self.path);
        let file = file.map_err(|error| {
            let cause = format!("No file can be made in {}: {error}.", self.path.display());
            CliError::new(Exit::CannotCreate, cause, "")
        })?;
        Ok(Draft {
            file,
            digest: Sha256::new(),
        })
    }

    /// Reserves a name, and returns its path.
    pub(super) fn claim(&mut self, name: &str) -> PathBuf {
        self.names.insert(name.into());
        self.path.join(name)
    }

    /// Syncs the folder, which makes the names of saved files durable.
    pub(super) fn sync(&self) -> Result<(), CliError> {
        // Outside Unix a folder cannot be synced; names become durable with their files.
        if cfg!(not(unix)) {
            return Ok(());
        }
        let synced = File::open(&self.path).and_then(|folder| folder.sync_all());
        synced.map_err(|error| {
            let cause = format!("{} cannot be made durable: {error}.", self.path.display());
            CliError::new(Exit::InputOutput, cause, "")
        })
    }

    /// Returns the header of a saved message, including the empty line after it.
    pub(super) fn header_of(&self, name: &str) -> io::Result<Vec<u8>> {
        let mut read = Vec::new();
        let file = File::open(self.path.join(name))?;
        file.take(HEADER_MAX_BYTES).read_to_end(&mut read)?;
        read.truncate(header_length(&read));
        Ok(read)
    }

    /// Returns whether a file has the content of `draft`.
    pub(super) fn is_same(&self, name: &str, draft: &Draft) -> io::Result<bool> {
        let mut digest = Sha256::new();
        let mut file = File::open(self.path.join(name))?;
        let mut buffer = vec![0; 64 << 10];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(digest.finalize() == draft.digest.clone().finalize()),
                count => digest.update(buffer.get(..count).unwrap_or_default()),
            }
        }
    }
}

/// Returns the length of the header of a message, including the empty line after it.
pub(super) fn header_length(message: &[u8]) -> usize {
    let mut length = 0;
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        length += line.len();
        if line.trim_ascii().is_empty() {
            break;
        }
    }
    length
}

/// A file being written. Dropping it removes it.
pub(super) struct Draft {
    file: NamedTempFile,
    digest: Sha256,
}

impl Draft {
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), CliError> {
        self.digest.update(bytes);
        self.file.write_all(bytes).map_err(|error| {
            let cause = format!("{} cannot be written: {error}.", self.file.path().display());
            CliError::new(Exit::InputOutput, cause, "")
        })
    }

    /// Syncs the file and renames it, unless a file with that name exists.
    pub(super) fn persist(self, path: &Path) -> Result<(), CliError> {
        let to_cli_error = |error: &io::Error| {
            let cause = format!("{} cannot be written: {error}.", path.display());
            CliError::new(Exit::CannotCreate, cause, "")
        };
        self.file
            .as_file()
            .sync_all()
            .map_err(|e| to_cli_error(&e))?;
        let persisted = self.file.persist_noclobber(path);
        persisted
            .map(drop)
            .map_err(|refused| to_cli_error(&refused.error))
    }

    /// Returns a name derived from the content: 128 bits in hexadecimal.
    pub(super) fn digest(&self) -> String {
        let digest = self.digest.clone().finalize();
        let octets = digest.iter().take(16);
        octets.map(|octet| format!("{octet:02x}")).collect()
    }
}

/// Encodes a server's name for a message or folder for use in a file name: letters, digits, `-` and
/// `_` are unchanged, all else becomes `%XX`. The encoding is unique for each name.
pub(super) fn escaped(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for octet in name.bytes() {
        if octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_') {
            escaped.push(char::from(octet));
        } else {
            escaped.push_str(&format!("%{octet:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escaped_name_stays_in_the_folder() {
        for name in [
            "../../etc/passwd",
            "/x",
            "..",
            ".",
            "a\\b",
            "a:b",
            "NUL\0",
            "~",
        ] {
            let escaped = escaped(name);
            assert!(
                !escaped.contains(['.', '/', '\\', ':', '\0', '~']),
                "{escaped}"
            );
        }
        assert_eq!(escaped("QhdPYR:00WBw1Ph7x7"), "QhdPYR%3A00WBw1Ph7x7");
    }

    #[test]
    fn a_file_is_complete_or_absent_and_never_overwritten() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("new/folder");
        let mut out = OutDir::open(&path).unwrap();
        let mut dropped = out.begin().unwrap();
        dropped.write(b"half").unwrap();
        drop(dropped);
        for (contents, is_saved) in [("first", true), ("second", false)] {
            let mut draft = out.begin().unwrap();
            draft.write(contents.as_bytes()).unwrap();
            assert_eq!(draft.persist(&out.claim("1.eml")).is_ok(), is_saved);
        }
        out.sync().unwrap();
        let names: Vec<_> = std::fs::read_dir(&path).unwrap().collect();
        assert_eq!(names.len(), 1, "{names:?}");
        assert_eq!(std::fs::read(path.join("1.eml")).unwrap(), b"first");
        assert!(OutDir::open(&path).unwrap().has("1.eml"));
    }

    #[test]
    fn the_header_ends_with_the_empty_line() {
        assert_eq!(header_length(b"A: b\r\nC: d\r\n\r\nbody\r\n"), 14);
        assert_eq!(header_length(b"A: b\n\nbody"), 6);
        assert_eq!(header_length(b"A: b"), 4);
    }
}
