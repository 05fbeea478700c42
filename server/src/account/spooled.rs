//! A message in the spool, as the body of an SMTP transaction or an APPEND.

use bytes::Bytes;

use super::error::AccountError;
use crate::clients::MessageBody;
use crate::store::spool::{Spool, SpoolName, SpoolReader};

/// A message in the spool, ready to be sent.
#[derive(Debug, Clone)]
pub(crate) struct SpooledMessage {
    pub(crate) spool: Spool,
    pub(crate) name: SpoolName,
    /// Its size with CRLF line endings, as it is announced.
    pub(crate) size_bytes: u64,
    /// When it was written.
    pub(crate) written_unix_ms: i64,
    /// Header fields that only the sender's copy has, before the others.
    pub(crate) own_fields: Bytes,
}

impl SpooledMessage {
    /// Returns its size with the header fields that only the sender's copy has.
    pub(crate) fn filed_bytes(&self) -> u64 {
        let own = u64::try_from(self.own_fields.len()).unwrap_or(u64::MAX);
        self.size_bytes.saturating_add(own)
    }

    /// Opens the message for reading from its beginning.
    pub(crate) async fn open(&self) -> Result<SpooledBody, AccountError> {
        let reader = self.spool.read(&self.name).await;
        reader
            .map(|reader| SpooledBody {
                reader,
                rest: self.own_fields.clone(),
            })
            .map_err(AccountError::spool_file)
    }
}

/// A message that is being read.
pub(crate) struct SpooledBody {
    reader: SpoolReader,
    rest: Bytes,
}

impl MessageBody for SpooledBody {
    type Error = AccountError;

    async fn next(&mut self, max: usize) -> Result<Option<Bytes>, AccountError> {
        if self.rest.is_empty() {
            let next = self.reader.next().await;
            match next.map_err(AccountError::spool_file)? {
                Some(bytes) => self.rest = bytes,
                None => return Ok(None),
            }
        }
        let length = self.rest.len().min(max);
        Ok(Some(self.rest.split_to(length)))
    }
}
