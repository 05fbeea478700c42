//! Folders and files that only their owner can access, independent of the umask.

use std::io;
use std::path::Path;

use super::StoreError;

/// Creates a folder with mode 0700. If an existing folder is accessible to other users and belongs
/// to this program alone (empty, or with our key or database in it), its mode is set to 0700, with
/// a warning.
///
/// # Errors
/// If the folder cannot be created, or others can access it and it has foreign content.
pub(crate) fn private_dir(path: &Path) -> Result<(), StoreError> {
    let failed = |cause| StoreError::File {
        path: path.into(),
        cause,
    };
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(failed)?;
    #[cfg(unix)]
    if let Some(mode) = exposed_mode(path).map_err(failed)? {
        if !is_ours(path).map_err(failed)? {
            return Err(StoreError::Exposed(path.display().to_string()));
        }
        restrict(path, 0o700).map_err(failed)?;
        tracing::warn!(
            path = %path.display(),
            "other users could reach the folder (mode {mode:o}): it is closed to them now"
        );
    }
    Ok(())
}

/// Creates a file with mode 0600 if it is missing, and removes other users' access to an existing
/// one.
///
/// # Errors
/// If the file cannot be created or changed.
pub(crate) fn private_file(path: &Path) -> Result<(), StoreError> {
    let failed = |cause| StoreError::File {
        path: path.into(),
        cause,
    };
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(failed)?;
    close_file(path).map_err(failed)
}

/// Removes other users' access to a file, if it exists.
pub(crate) fn close_file(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    match exposed_mode(path) {
        Ok(Some(mode)) => {
            restrict(path, 0o600)?;
            tracing::warn!(
                path = %path.display(),
                "other users could read the file (mode {mode:o}): it is closed to them now"
            );
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(None) | Err(_) => {}
    }
    Ok(())
}

/// Returns the mode of a path that other users can access; `None` if they cannot.
///
/// # Errors
/// If the metadata of the path cannot be read.
#[cfg(unix)]
pub(crate) fn exposed_mode(path: &Path) -> io::Result<Option<u32>> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path)?.permissions().mode() & 0o7777;
    Ok((mode & 0o077 != 0).then_some(mode))
}

#[cfg(unix)]
fn restrict(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

/// Returns whether a folder is empty, is the spool, or holds our key or database. The mode of a
/// shared folder such as `/tmp` must not be changed.
#[cfg(unix)]
fn is_ours(path: &Path) -> io::Result<bool> {
    let is_spool = path.file_name().is_some_and(|name| name == "spool");
    let has = |name: &str| path.join(name).exists();
    Ok(is_spool || has("key") || has("restante.db") || std::fs::read_dir(path)?.next().is_none())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::store::{SCHEMA, Store, TestDir};

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn own_folder_is_made_private_and_a_shared_one_refused() {
        let dir = TestDir::new();
        restrict(dir.path(), 0o755).unwrap();
        private_dir(dir.path()).unwrap();
        assert_eq!(mode(dir.path()), 0o700);

        restrict(dir.path(), 0o755).unwrap();
        std::fs::write(dir.path().join("other"), "").unwrap();
        let refused = private_dir(dir.path()).unwrap_err().to_string();
        assert!(refused.contains("chmod 700"), "{refused}");
        assert_eq!(mode(dir.path()), 0o755, "not ours to change");

        std::fs::write(dir.path().join("restante.db"), "").unwrap();
        private_dir(dir.path()).unwrap();
        assert_eq!(mode(dir.path()), 0o700);
    }

    #[tokio::test]
    async fn the_database_and_its_journal_are_private() {
        let dir = TestDir::new();
        let path = dir.path().join("restante.db");
        std::fs::write(&path, "").unwrap();
        restrict(&path, 0o644).unwrap();
        let store = Store::open(dir.path(), SCHEMA).await.unwrap();
        store.lease_renew(0).await.unwrap();
        for name in ["restante.db", "restante.db-wal", "restante.db-shm"] {
            assert_eq!(mode(&dir.path().join(name)), 0o600, "{name}");
        }
    }
}
