//! The spool: files on their way out, sealed in chunks, written and read as streams.
//!
//! A file is a head (magic, key id, nonce prefix) and chunks of 64 KiB, each sealed with its index
//! and whether it is the last one, so that a file that was cut, or whose chunks were moved, does
//! not open. Its random name is bound in as well: files cannot be exchanged.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader};

use super::seal::{Purpose, SealError, Sealer};
use super::{StoreError, private_dir};

const MAGIC: [u8; 4] = *b"RSP1";
const PREFIX_BYTES: usize = 19;
const CHUNK_BYTES: usize = 64 << 10;
const TAG_BYTES: usize = 16;
const UNFINISHED: &str = "part";

/// Why a file of the spool could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpoolError {
    /// The file system.
    #[error("spool: {0}")]
    Io(#[from] io::Error),
    /// The file is damaged, was cut, or is another one.
    #[error("spool: {0}")]
    Seal(#[from] SealError),
    /// More bytes than the file may hold.
    #[error("spool: over the limit of {max_bytes} bytes")]
    TooLarge {
        /// The most it may hold.
        max_bytes: u64,
    },
}

/// The random name of a file in the spool.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SpoolName(String);

impl SpoolName {
    /// The name as it stands in a row.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A name read back from a row or a request; `None` where it cannot be one of ours. Never
    /// holds a path.
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

/// A file that is complete and durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpoolFile {
    /// Its name.
    pub name: SpoolName,
    /// What was written into it, in bytes.
    pub size_bytes: u64,
}

/// The folder of the spool.
#[derive(Debug, Clone)]
pub struct Spool {
    dir: PathBuf,
    sealer: Arc<Sealer>,
}

impl Spool {
    /// Opens `state_dir/spool`, and makes it where it is missing.
    ///
    /// # Errors
    /// Where the folder cannot be made.
    pub fn open(state_dir: &Path, sealer: Arc<Sealer>) -> Result<Self, StoreError> {
        let dir = state_dir.join("spool");
        private_dir(&dir)?;
        Ok(Self { dir, sealer })
    }

    /// Begins a file that may hold up to `max_bytes`.
    ///
    /// # Errors
    /// [`SpoolError::Io`] where it cannot be made.
    pub async fn create(&self, max_bytes: u64) -> Result<SpoolWriter, SpoolError> {
        let name = SpoolName::random()?;
        let (key_id, cipher) = self.sealer.cipher(Purpose::Spool)?;
        let mut prefix = [0; PREFIX_BYTES];
        getrandom::fill(&mut prefix).map_err(|e| SealError::NoEntropy(e.to_string()))?;
        let path = self.dir.join(&name.0).with_extension(UNFINISHED);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        options.mode(0o600);
        let mut file = options.open(&path).await?;
        let unfinished = Unfinished(Some(path));
        file.write_all(&[MAGIC.as_slice(), &key_id, &prefix].concat())
            .await?;
        Ok(SpoolWriter {
            chunks: Chunks {
                cipher,
                prefix,
                index: 0,
                name,
            },
            dir: self.dir.clone(),
            file,
            unfinished,
            pending: Vec::with_capacity(CHUNK_BYTES),
            size_bytes: 0,
            max_bytes,
        })
    }

    /// Opens a file for reading.
    ///
    /// # Errors
    /// [`SpoolError::Io`] where there is none, [`SpoolError::Seal`] where its head is damaged.
    pub async fn read(&self, name: &SpoolName) -> Result<SpoolReader, SpoolError> {
        let file = File::open(self.dir.join(&name.0)).await?;
        let mut file = BufReader::with_capacity(CHUNK_BYTES + TAG_BYTES, file);
        let mut magic = [0; MAGIC.len()];
        let mut key_id = [0; 4];
        let mut prefix = [0; PREFIX_BYTES];
        let head = async {
            file.read_exact(&mut magic).await?;
            file.read_exact(&mut key_id).await?;
            file.read_exact(&mut prefix).await
        };
        if let Err(e) = head.await {
            return Err(match e.kind() {
                io::ErrorKind::UnexpectedEof => SealError::Unopenable.into(),
                _ => e.into(),
            });
        }
        if magic != MAGIC {
            return Err(SealError::Unopenable.into());
        }
        let cipher = self.sealer.cipher_of(&key_id, Purpose::Spool)?;
        let chunks = Chunks {
            cipher,
            prefix,
            index: 0,
            name: name.clone(),
        };
        Ok(SpoolReader {
            chunks,
            file,
            next: None,
            is_done: false,
        })
    }

    /// Removes a file; one that is gone already is no error.
    ///
    /// # Errors
    /// [`SpoolError::Io`] where the file system refuses.
    pub async fn delete(&self, name: &SpoolName) -> Result<(), SpoolError> {
        match tokio::fs::remove_file(self.dir.join(&name.0)).await {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e.into()),
            _ => Ok(()),
        }
    }

    /// Removes every file that is not in `keep`, and those that were never finished. To be called
    /// at the start, before anything is written.
    ///
    /// # Errors
    /// [`SpoolError::Io`] where the folder cannot be read.
    pub async fn sweep(&self, keep: &HashSet<SpoolName>) -> Result<u64, SpoolError> {
        let mut removed = 0_u64;
        let mut entries = tokio::fs::read_dir(&self.dir).await?;
        while let Some(entry) = entries.next_entry().await? {
            let name = entry.file_name();
            let kept = name
                .to_str()
                .and_then(SpoolName::parse)
                .is_some_and(|n| keep.contains(&n));
            if !kept && tokio::fs::remove_file(entry.path()).await.is_ok() {
                removed = removed.saturating_add(1);
            }
        }
        Ok(removed)
    }
}

/// Seals and opens the chunks of one file in their order.
struct Chunks {
    cipher: XChaCha20Poly1305,
    prefix: [u8; PREFIX_BYTES],
    index: u32,
    name: SpoolName,
}

impl Chunks {
    /// The nonce of the next chunk: prefix, index, and whether it is the last one.
    fn nonce(&mut self, is_last: bool) -> Result<XNonce, SealError> {
        let mut nonce = [0; 24];
        let parts = self
            .prefix
            .iter()
            .copied()
            .chain(self.index.to_be_bytes())
            .chain([u8::from(is_last)]);
        for (to, from) in nonce.iter_mut().zip(parts) {
            *to = from;
        }
        self.index = self.index.checked_add(1).ok_or(SealError::TooLarge)?;
        Ok(XNonce::from(nonce))
    }

    fn seal(&mut self, plain: &[u8], is_last: bool) -> Result<Vec<u8>, SealError> {
        let nonce = self.nonce(is_last)?;
        let payload = Payload {
            msg: plain,
            aad: self.name.0.as_bytes(),
        };
        self.cipher
            .encrypt(&nonce, payload)
            .map_err(|_| SealError::TooLarge)
    }

    fn open(&mut self, sealed: &[u8], is_last: bool) -> Result<Vec<u8>, SealError> {
        let nonce = self.nonce(is_last)?;
        let payload = Payload {
            msg: sealed,
            aad: self.name.0.as_bytes(),
        };
        self.cipher
            .decrypt(&nonce, payload)
            .map_err(|_| SealError::Unopenable)
    }
}

/// Removes what was not finished.
struct Unfinished(Option<PathBuf>);

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(path) = self.0.take() {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// A file that is being written. Dropped before [`SpoolWriter::finish`] it leaves nothing behind.
pub struct SpoolWriter {
    chunks: Chunks,
    dir: PathBuf,
    file: File,
    unfinished: Unfinished,
    pending: Vec<u8>,
    size_bytes: u64,
    max_bytes: u64,
}

impl SpoolWriter {
    /// Adds bytes.
    ///
    /// # Errors
    /// [`SpoolError::TooLarge`] beyond the limit, [`SpoolError::Io`] where the disk is full.
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<(), SpoolError> {
        let more = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.size_bytes = self.size_bytes.saturating_add(more);
        if self.size_bytes > self.max_bytes {
            return Err(SpoolError::TooLarge {
                max_bytes: self.max_bytes,
            });
        }
        while !bytes.is_empty() {
            // A full chunk is written once it is known not to be the last one.
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

    /// How many bytes were added.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Makes the file complete and durable.
    ///
    /// # Errors
    /// [`SpoolError::Io`]: nothing is left behind then.
    pub async fn finish(mut self) -> Result<SpoolFile, SpoolError> {
        let sealed = self.chunks.seal(&self.pending, true)?;
        self.file.write_all(&sealed).await?;
        self.file.sync_all().await?;
        let name = self.chunks.name.clone();
        let path = self.dir.join(&name.0);
        tokio::fs::rename(path.with_extension(UNFINISHED), &path).await?;
        self.unfinished.0 = None;
        // The new name is durable with its folder.
        File::open(&self.dir).await?.sync_all().await?;
        Ok(SpoolFile {
            name,
            size_bytes: self.size_bytes,
        })
    }
}

/// A file that is being read.
pub struct SpoolReader {
    chunks: Chunks,
    file: BufReader<File>,
    next: Option<Vec<u8>>,
    is_done: bool,
}

impl SpoolReader {
    /// The next bytes, at most 64 KiB; `None` at the end of a file that is whole.
    ///
    /// # Errors
    /// [`SpoolError::Seal`] where the file was changed or cut. Final: what came before is not to
    /// be taken for the file.
    pub async fn next(&mut self) -> Result<Option<Bytes>, SpoolError> {
        if self.is_done {
            return Ok(None);
        }
        let sealed = match self.next.take() {
            Some(sealed) => sealed,
            None => self.sealed_chunk().await?,
        };
        let following = self.sealed_chunk().await?;
        let is_last = following.is_empty();
        self.is_done = is_last;
        self.next = Some(following);
        let plain = self.chunks.open(&sealed, is_last)?;
        Ok((!plain.is_empty()).then(|| Bytes::from(plain)))
    }

    /// Up to one chunk as it lies in the file; shorter at its end.
    async fn sealed_chunk(&mut self) -> Result<Vec<u8>, SpoolError> {
        let mut sealed = Vec::new();
        let chunk = (CHUNK_BYTES + TAG_BYTES) as u64;
        (&mut self.file)
            .take(chunk)
            .read_to_end(&mut sealed)
            .await?;
        Ok(sealed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::TestDir;

    fn spool() -> (TestDir, Spool) {
        let dir = TestDir::new();
        let sealer = Arc::new(Sealer::open(dir.path()).unwrap());
        let spool = Spool::open(dir.path(), sealer).unwrap();
        (dir, spool)
    }

    async fn written(spool: &Spool, content: &[u8], piece: usize) -> SpoolFile {
        let mut writer = spool.create(u64::MAX).await.unwrap();
        for part in content.chunks(piece) {
            writer.write(part).await.unwrap();
        }
        writer.finish().await.unwrap()
    }

    async fn read(spool: &Spool, name: &SpoolName) -> Result<Vec<u8>, SpoolError> {
        let mut reader = spool.read(name).await?;
        let mut content = Vec::new();
        while let Some(bytes) = reader.next().await? {
            content.extend_from_slice(&bytes);
        }
        Ok(content)
    }

    #[tokio::test]
    async fn files_of_every_length_around_a_chunk_come_back_whole() {
        let (_dir, spool) = spool();
        for size in [
            0,
            1,
            CHUNK_BYTES - 1,
            CHUNK_BYTES,
            CHUNK_BYTES + 1,
            3 * CHUNK_BYTES,
        ] {
            let content: Vec<u8> = (0..size).map(|i| u8::try_from(i % 251).unwrap()).collect();
            let file = written(&spool, &content, 10_007).await;
            assert_eq!(file.size_bytes, size as u64);
            assert!(
                read(&spool, &file.name).await.unwrap() == content,
                "{size} bytes"
            );
        }
    }

    #[tokio::test]
    async fn a_file_cut_anywhere_is_not_taken_for_whole() {
        let (dir, spool) = spool();
        let content = vec![7; 2 * CHUNK_BYTES + 100];
        let file = written(&spool, &content, 4096).await;
        let path = dir.path().join("spool").join(file.name.as_str());
        let sealed = std::fs::read(&path).unwrap();
        let head = MAGIC.len() + 4 + PREFIX_BYTES;
        let chunk = CHUNK_BYTES + TAG_BYTES;
        for len in [
            0,
            10,
            head,
            head + 5,
            head + chunk,
            head + 2 * chunk,
            sealed.len() - 1,
        ] {
            std::fs::write(&path, &sealed[..len]).unwrap();
            assert!(
                read(&spool, &file.name).await.is_err(),
                "cut to {len} bytes"
            );
        }
    }

    #[tokio::test]
    async fn chunks_that_change_places_or_files_do_not_open() {
        let (dir, spool) = spool();
        let file = written(&spool, &vec![1; 3 * CHUNK_BYTES], CHUNK_BYTES).await;
        let path = dir.path().join("spool").join(file.name.as_str());
        let sealed = std::fs::read(&path).unwrap();
        let head = MAGIC.len() + 4 + PREFIX_BYTES;
        let chunk = CHUNK_BYTES + TAG_BYTES;
        let mut swapped = sealed.clone();
        swapped[head..head + chunk].copy_from_slice(&sealed[head + chunk..head + 2 * chunk]);
        std::fs::write(&path, &swapped).unwrap();
        assert!(read(&spool, &file.name).await.is_err());

        let other = SpoolName::parse("AAAAAAAAAAAAAAAAAAAAAA").unwrap();
        std::fs::write(dir.path().join("spool").join(other.as_str()), &sealed).unwrap();
        assert!(read(&spool, &other).await.is_err());
    }

    #[tokio::test]
    async fn more_than_the_limit_is_refused_and_leaves_nothing() {
        let (dir, spool) = spool();
        let mut writer = spool.create(10).await.unwrap();
        writer.write(b"0123456789").await.unwrap();
        let refused = writer.write(b"x").await;
        assert!(matches!(
            refused,
            Err(SpoolError::TooLarge { max_bytes: 10 })
        ));
        drop(writer);
        assert_eq!(
            std::fs::read_dir(dir.path().join("spool")).unwrap().count(),
            0
        );
    }

    #[tokio::test]
    async fn a_sweep_keeps_what_is_named_only() {
        let (dir, spool) = spool();
        let kept = written(&spool, b"kept", 4).await;
        let orphan = written(&spool, b"orphan", 4).await;
        std::fs::write(dir.path().join("spool/BBBB.part"), b"cut off").unwrap();
        assert_eq!(
            spool
                .sweep(&HashSet::from([kept.name.clone()]))
                .await
                .unwrap(),
            2
        );
        assert_eq!(read(&spool, &kept.name).await.unwrap(), b"kept");
        assert!(read(&spool, &orphan.name).await.is_err());
    }

    #[test]
    fn a_name_never_holds_a_path() {
        for text in [
            "",
            "../../etc/passwd",
            "a/b",
            "AAAAAAAAAAAAAAAAAAAAA.",
            "AAAAAAAAAAAAAAAAAAAAAAA",
        ] {
            assert!(SpoolName::parse(text).is_none(), "{text}");
        }
    }
}
