//! The spool: outgoing files, sealed in chunks, written and read as streams.
//!
//! A file consists of a head (magic, key id, nonce prefix) and chunks of 64 KiB. Each chunk is
//! sealed with its index and a last-chunk flag, so that a truncated file, or one with moved chunks,
//! does not open. The random file name is authenticated too: files cannot be exchanged.
//!
//! # Invariants
//! - A file has a row in the table `spool_file` from before its creation until its removal.
//! - A file has one owner: the process, through a [`SpoolFile`] or [`SpoolWriter`] that removes it
//!   on drop, or a row of the outbox or of a local folder, which takes it in the transaction that
//!   inserts the row.
//! - Files of local folders do not count towards these quotas: their folders have their own.
//! - Bytes are reserved in the account's quota and in the server's before they are written.

mod chunks;
mod table;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncWriteExt as _, BufWriter};

use self::chunks::{BUFFER_BYTES, CHUNK_BYTES, Chunks};
use super::private::private_dir;
use super::seal::{SealError, Sealer};
use super::{Store, StoreError};
use crate::domain::AccountKey;

pub use self::chunks::SpoolReader;
pub(super) use self::table::{DISCARDED, LOCAL};

const UNFINISHED: &str = "part";
/// Step in which the reservation of a file of unknown size grows.
const STEP_BYTES: u64 = 2 << 20;

/// An error of writing or reading a spool file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpoolError {
    /// An error of the file system.
    #[error("spool: {0}")]
    Io(io::Error),
    /// An error of the table of files.
    #[error("spool: {0}")]
    Store(#[from] StoreError),
    /// The file is damaged, truncated or exchanged.
    #[error("spool: {0}")]
    Seal(#[from] SealError),
    /// More bytes than the file may hold.
    #[error("spool: over the limit of {max_bytes} bytes")]
    TooLarge {
        /// The limit of the file, in bytes.
        max_bytes: u64,
    },
    /// The account's quota is used up.
    #[error("spool: the account's quota of {max_bytes} bytes is used up")]
    AccountFull {
        /// The account's quota, in bytes.
        max_bytes: u64,
    },
    /// The quota of all accounts is used up, or the disk is full.
    #[error("spool: no room: {0}")]
    ServerFull(String),
}

impl From<io::Error> for SpoolError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Self::ServerFull(error.to_string()),
            _ => Self::Io(error),
        }
    }
}

/// Disk quotas of the spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpoolLimits {
    /// Maximum size of the files of one account, in bytes.
    pub account_max_bytes: u64,
    /// Maximum size of the files of all accounts, in bytes.
    pub max_bytes: u64,
}

/// The random name of a file in the spool.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SpoolName(String);

impl SpoolName {
    /// Returns the name as stored in a row.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Parses a name from a row or a request; `None` if its form is invalid. A valid name contains
    /// no path.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        (text.len() == 22 && text.bytes().all(plain)).then(|| Self(text.to_owned()))
    }

    fn random() -> Result<Self, SealError> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|e| SealError::NoEntropy(e.to_string()))?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }
}

/// A complete and durable file. It is removed on drop, unless a row of the outbox took it.
#[derive(Debug)]
pub struct SpoolFile {
    /// Its name.
    pub name: SpoolName,
    /// The size of its content, in bytes.
    pub size_bytes: u64,
    _guard: FileGuard,
}

/// The folder of the spool and its table.
#[derive(Debug, Clone)]
pub struct Spool {
    dir: PathBuf,
    sealer: Arc<Sealer>,
    store: Store,
    limits: SpoolLimits,
}

impl Spool {
    /// Opens `state_dir/spool`; creates it if it is missing.
    ///
    /// # Errors
    /// If the folder cannot be created.
    pub fn open(
        state_dir: &Path,
        store: Store,
        sealer: Arc<Sealer>,
        limits: SpoolLimits,
    ) -> Result<Self, StoreError> {
        let dir = state_dir.join("spool");
        private_dir(&dir)?;
        Ok(Self {
            dir,
            sealer,
            store,
            limits,
        })
    }

    /// Creates a file of an account that may hold up to `max_bytes`. Reserves `expected_bytes` at
    /// once, and more as data arrives.
    ///
    /// # Errors
    /// [`SpoolError::AccountFull`] and [`SpoolError::ServerFull`] if a quota is used up,
    /// [`SpoolError::Io`] if the file cannot be created.
    pub async fn create(
        &self,
        account: &AccountKey,
        expected_bytes: u64,
        max_bytes: u64,
    ) -> Result<SpoolWriter, SpoolError> {
        if expected_bytes > max_bytes {
            return Err(SpoolError::TooLarge { max_bytes });
        }
        let name = SpoolName::random()?;
        let guard = FileGuard(Some((self.clone(), name.clone())));
        let (spool, key, reserved_name) = (self.clone(), account.clone(), name.clone());
        // A separate task: if the caller is cancelled meanwhile, the hold is dropped after the row
        // is inserted.
        let reserving = tokio::spawn(async move {
            let cost = table::cost(expected_bytes);
            let reserved = spool
                .store
                .spool_reserve(&reserved_name, &key, cost, spool.limits);
            reserved.await.map(|()| guard)
        });
        let guard = reserving.await.map_err(io::Error::other)??;
        let (chunks, head) = Chunks::begin(&self.sealer, name.clone())?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        options.mode(0o600);
        let file = options.open(self.unfinished(&name)).await?;
        let mut file = BufWriter::with_capacity(BUFFER_BYTES, file);
        file.write_all(&head).await?;
        Ok(SpoolWriter {
            spool: self.clone(),
            account: account.clone(),
            name,
            guard,
            chunks,
            file,
            pending: Vec::with_capacity(CHUNK_BYTES),
            size_bytes: 0,
            reserved_bytes: expected_bytes,
            max_bytes,
        })
    }

    /// Opens a file for reading.
    ///
    /// # Errors
    /// [`SpoolError::Io`] if the file does not exist, [`SpoolError::Seal`] if its head is damaged.
    pub async fn read(&self, name: &SpoolName) -> Result<SpoolReader, SpoolError> {
        let file = File::open(self.dir.join(&name.0)).await?;
        SpoolReader::begin(file, name.clone(), &self.sealer).await
    }

    /// Opens a file for reading from `offset_bytes`, which must be less than its size. What is
    /// before it is neither read nor checked.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub async fn read_from(
        &self,
        name: &SpoolName,
        offset_bytes: u64,
    ) -> Result<SpoolReader, SpoolError> {
        let mut reader = self.read(name).await?;
        reader.skip_to(offset_bytes).await?;
        Ok(reader)
    }

    /// Returns whether a file is sealed with a key that is not the current one.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub async fn is_sealed_before_rotation(&self, name: &SpoolName) -> Result<bool, SpoolError> {
        let [current, _] = self.sealer.key_ids();
        Ok(self.read(name).await?.key_id() != current)
    }

    /// Returns the quotas.
    pub fn limits(&self) -> SpoolLimits {
        self.limits
    }

    /// Returns the same spool for files whose account has another quota.
    pub(crate) fn without_account_quota(&self) -> Self {
        let mut spool = self.clone();
        spool.limits.account_max_bytes = u64::MAX;
        spool
    }

    /// Removes the discarded files.
    ///
    /// # Errors
    /// [`SpoolError::Store`] if the table cannot be read or written.
    pub async fn remove_discarded(&self) -> Result<u64, SpoolError> {
        let mut removed = 0_u64;
        loop {
            let before = removed;
            for name in self.store.spool_discarded().await? {
                match self.remove(&name).await {
                    Ok(()) => {
                        self.store.spool_delete(&name).await?;
                        removed = removed.saturating_add(1);
                    }
                    // The file still counts towards the quota, and the next sweep tries again.
                    Err(error) => tracing::warn!(%error, "a file of the spool stays"),
                }
            }
            if removed == before {
                return Ok(removed);
            }
        }
    }

    /// Removes files without an owner: those of processes without a lease, of deleted rows, and
    /// files that are not in the table. Other processes may run at the same time.
    ///
    /// # Errors
    /// [`SpoolError::Io`] if the folder cannot be read.
    pub async fn sweep(&self, now_unix_ms: i64) -> Result<u64, SpoolError> {
        // Only a process with a lease may decide that others have none.
        self.store.lease_renew(now_unix_ms).await?;
        self.store.spool_discard_orphans(now_unix_ms).await?;
        let mut removed = self.remove_discarded().await?;
        let mut entries = tokio::fs::read_dir(&self.dir).await?;
        while let Some(entry) = entries.next_entry().await? {
            let path = PathBuf::from(entry.file_name());
            let name = path.file_stem().and_then(|stem| stem.to_str());
            let is_known = match name.and_then(SpoolName::parse) {
                // A file is in the table before it is created in the folder.
                Some(name) => self.store.spool_contains(&name).await?,
                None => false,
            };
            if !is_known && tokio::fs::remove_file(entry.path()).await.is_ok() {
                removed = removed.saturating_add(1);
            }
        }
        Ok(removed)
    }

    /// Returns the path of a file until it is finished.
    fn unfinished(&self, name: &SpoolName) -> PathBuf {
        self.dir.join(&name.0).with_extension(UNFINISHED)
    }

    /// Removes a file, finished or not. A missing file is no error.
    async fn remove(&self, name: &SpoolName) -> io::Result<()> {
        for path in [self.dir.join(&name.0), self.unfinished(name)] {
            match tokio::fs::remove_file(path).await {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
                _ => {}
            }
        }
        Ok(())
    }

    /// Discards and removes a file of this process, unless a row took it.
    async fn drop_file(self, name: SpoolName) -> Result<(), SpoolError> {
        if self.store.spool_discard(&name).await? {
            self.remove(&name).await?;
            self.store.spool_delete(&name).await?;
        }
        Ok(())
    }
}

/// This process's ownership of a file, which removes the file on drop.
#[derive(Debug)]
struct FileGuard(Option<(Spool, SpoolName)>);

impl Drop for FileGuard {
    fn drop(&mut self) {
        let Some((spool, name)) = self.0.take() else {
            return;
        };
        // Without a runtime the process ends, and its lease expires.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Err(error) = spool.drop_file(name).await {
                    tracing::warn!(%error, "a file of the spool could not be removed");
                }
            });
        }
    }
}

/// A file that is being written. It is removed if it is dropped before [`SpoolWriter::finish`].
pub struct SpoolWriter {
    spool: Spool,
    account: AccountKey,
    name: SpoolName,
    guard: FileGuard,
    chunks: Chunks,
    file: BufWriter<File>,
    pending: Vec<u8>,
    size_bytes: u64,
    reserved_bytes: u64,
    max_bytes: u64,
}

impl SpoolWriter {
    /// Appends bytes.
    ///
    /// # Errors
    /// [`SpoolError::TooLarge`] beyond the file's limit, [`SpoolError::AccountFull`] and
    /// [`SpoolError::ServerFull`] if a quota is used up.
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<(), SpoolError> {
        let more = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.size_bytes = self.size_bytes.saturating_add(more);
        if self.size_bytes > self.max_bytes {
            return Err(SpoolError::TooLarge {
                max_bytes: self.max_bytes,
            });
        }
        if self.size_bytes > self.reserved_bytes {
            let reservation = self.size_bytes.saturating_add(STEP_BYTES);
            let reservation = reservation.min(self.max_bytes);
            let cost = table::cost(reservation);
            let (store, limits) = (&self.spool.store, self.spool.limits);
            store
                .spool_grow(&self.name, &self.account, cost, limits)
                .await?;
            self.reserved_bytes = reservation;
        }
        while !bytes.is_empty() {
            // A full chunk is written only when more data follows, since the last chunk is sealed
            // with a flag.
            if self.pending.len() == CHUNK_BYTES {
                let sealed = self.chunks.seal(&self.pending, false)?;
                self.file.write_all(&sealed).await?;
                self.pending.clear();
            }
            let room = CHUNK_BYTES
                .saturating_sub(self.pending.len())
                .min(bytes.len());
            let (now, later) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
            self.pending.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    /// Returns the number of appended bytes.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Makes the file complete and durable.
    ///
    /// # Errors
    /// [`SpoolError::Io`] and [`SpoolError::ServerFull`]: the file is removed then.
    pub async fn finish(mut self) -> Result<SpoolFile, SpoolError> {
        let sealed = self.chunks.seal(&self.pending, true)?;
        self.file.write_all(&sealed).await?;
        // Reports an error of the last write, which `sync_all` does not.
        self.file.flush().await?;
        self.file.get_ref().sync_all().await?;
        if self.reserved_bytes != self.size_bytes {
            let cost = table::cost(self.size_bytes);
            self.spool.store.spool_record_size(&self.name, cost).await?;
        }
        let path = self.spool.dir.join(&self.name.0);
        tokio::fs::rename(self.spool.unfinished(&self.name), &path).await?;
        // The rename is durable after the folder is synced.
        File::open(&self.spool.dir).await?.sync_all().await?;
        Ok(SpoolFile {
            name: self.name,
            size_bytes: self.size_bytes,
            _guard: self.guard,
        })
    }
}

impl SpoolLimits {
    /// No limits.
    pub const NONE: Self = Self {
        account_max_bytes: u64::MAX,
        max_bytes: u64::MAX,
    };
}

#[cfg(test)]
mod tests;
