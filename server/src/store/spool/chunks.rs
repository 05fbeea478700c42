//! The sealed chunks of a spool file, and the reader.

use std::io;

use bytes::Bytes;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, BufReader};

use super::{SpoolError, SpoolName};
use crate::store::seal::{Purpose, SealError, Sealer};

pub(super) const MAGIC: [u8; 4] = *b"RSP1";
pub(super) const PREFIX_BYTES: usize = 19;
pub(super) const CHUNK_BYTES: usize = 64 << 10;
pub(super) const TAG_BYTES: usize = 16;
/// Length of the head of a file.
const HEAD_BYTES: usize = MAGIC.len() + KEY_ID_BYTES + PREFIX_BYTES;
const KEY_ID_BYTES: usize = 4;
/// Buffer size of reads and writes. Chunks are larger: they go past the buffer, as a message that is
/// written while its attachment is read would otherwise take 1 MiB for buffers alone.
pub(super) const BUFFER_BYTES: usize = 8 << 10;

/// Seals and opens the chunks of one file in order.
pub(super) struct Chunks {
    cipher: XChaCha20Poly1305,
    prefix: [u8; PREFIX_BYTES],
    index: u32,
    name: SpoolName,
}

impl Chunks {
    /// Starts a new file and returns its head.
    pub(super) fn begin(sealer: &Sealer, name: SpoolName) -> Result<(Self, Vec<u8>), SealError> {
        let (key_id, cipher) = sealer.cipher(Purpose::Spool)?;
        let mut prefix = [0; PREFIX_BYTES];
        getrandom::fill(&mut prefix).map_err(|e| SealError::NoEntropy(e.to_string()))?;
        let head = [MAGIC.as_slice(), &key_id, &prefix].concat();
        let this = Self {
            cipher,
            prefix,
            index: 0,
            name,
        };
        Ok((this, head))
    }

    /// Returns the nonce of the next chunk: prefix, index, and last-chunk flag.
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

    pub(super) fn seal(&mut self, plain: &[u8], is_last: bool) -> Result<Vec<u8>, SealError> {
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

/// The reader of a spool file.
pub struct SpoolReader {
    chunks: Chunks,
    file: BufReader<File>,
    key_id: [u8; KEY_ID_BYTES],
    next: Option<Vec<u8>>,
    /// How many bytes of the first chunk are before the requested position.
    skipped: usize,
    is_done: bool,
}

impl SpoolReader {
    /// Reads the head of a file.
    pub(super) async fn begin(
        file: File,
        name: SpoolName,
        sealer: &Sealer,
    ) -> Result<Self, SpoolError> {
        let mut file = BufReader::with_capacity(BUFFER_BYTES, file);
        let mut magic = [0; MAGIC.len()];
        let mut key_id = [0; KEY_ID_BYTES];
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
        let cipher = sealer.cipher_of(&key_id, Purpose::Spool)?;
        let chunks = Chunks {
            cipher,
            prefix,
            index: 0,
            name,
        };
        Ok(Self {
            chunks,
            file,
            key_id,
            next: None,
            skipped: 0,
            is_done: false,
        })
    }

    /// Returns the id of the key that the file is sealed with.
    pub(super) fn key_id(&self) -> [u8; KEY_ID_BYTES] {
        self.key_id
    }

    /// Continues at a position, which must be less than the size of the content. To be called
    /// before anything is read.
    pub(super) async fn skip_to(&mut self, offset_bytes: u64) -> Result<(), SpoolError> {
        let index = offset_bytes / CHUNK_BYTES as u64;
        let sealed = index.saturating_mul((CHUNK_BYTES + TAG_BYTES) as u64);
        let position = sealed.saturating_add(HEAD_BYTES as u64);
        self.file.seek(io::SeekFrom::Start(position)).await?;
        self.chunks.index = u32::try_from(index).map_err(|_| SealError::TooLarge)?;
        self.skipped = usize::try_from(offset_bytes % CHUNK_BYTES as u64).unwrap_or_default();
        Ok(())
    }

    /// Returns the next bytes, at most 64 KiB; `None` at the end of a complete file.
    ///
    /// # Errors
    /// [`SpoolError::Seal`] if the file was changed or truncated. The error is final: the bytes
    /// returned before must not be used as the file's content.
    pub async fn next(&mut self) -> Result<Option<Bytes>, SpoolError> {
        if self.is_done {
            return Ok(None);
        }
        let sealed = match self.next.take() {
            Some(sealed) => sealed,
            None => self.sealed_chunk().await?,
        };
        let next = self.sealed_chunk().await?;
        let is_last = next.is_empty();
        self.is_done = is_last;
        self.next = Some(next);
        let mut plain = Bytes::from(self.chunks.open(&sealed, is_last)?);
        let skipped = std::mem::take(&mut self.skipped).min(plain.len());
        drop(plain.split_to(skipped));
        Ok((!plain.is_empty()).then_some(plain))
    }

    /// Reads one sealed chunk; shorter at the end of the file.
    async fn sealed_chunk(&mut self) -> Result<Vec<u8>, SpoolError> {
        let mut sealed = Vec::with_capacity(CHUNK_BYTES + TAG_BYTES);
        let chunk = (CHUNK_BYTES + TAG_BYTES) as u64;
        (&mut self.file)
            .take(chunk)
            .read_to_end(&mut sealed)
            .await?;
        Ok(sealed)
    }
}
