//! Files that were uploaded for a message that is still being written.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use app::api::types::{UploadId, UploadView};

use super::error::AccountError;
use super::model::random_id;
use crate::store::spool::{Spool, SpoolFile};

/// The uploaded files of one session. They go with it.
#[derive(Debug)]
pub struct Uploads {
    spool: Arc<Spool>,
    files: Mutex<HashMap<UploadId, Upload>>,
}

/// One uploaded file.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Its name, cleaned.
    pub name: String,
    /// Its media type, as the browser said.
    pub media_type: String,
    /// Where it lies.
    pub file: SpoolFile,
}

impl Uploads {
    /// Begins with no files.
    pub fn new(spool: Arc<Spool>) -> Self {
        Self { spool, files: Mutex::default() }
    }

    /// The spool in which the files lie.
    pub fn spool(&self) -> &Arc<Spool> {
        &self.spool
    }

    fn files(&self) -> MutexGuard<'_, HashMap<UploadId, Upload>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a file that was written to the spool.
    ///
    /// # Errors
    /// [`AccountError::Internal`] where the machine gives no randomness.
    pub fn add(
        &self,
        name: &str,
        media_type: &str,
        file: SpoolFile,
    ) -> Result<UploadView, AccountError> {
        let id = UploadId(random_id()?);
        let name = mail_mime::display::file_name(name).unwrap_or_default();
        let size_bytes = file.size_bytes;
        let media_type = media_type.to_ascii_lowercase();
        let upload = Upload { name: name.clone(), media_type, file };
        self.files().insert(id.clone(), upload);
        Ok(UploadView { id, name, size_bytes })
    }

    /// A file of this session.
    pub fn show(&self, id: &UploadId) -> Option<Upload> {
        self.files().get(id).cloned()
    }

    /// What all files of this session take, in bytes.
    pub fn total_bytes(&self) -> u64 {
        self.files().values().map(|upload| upload.file.size_bytes).sum()
    }

    /// Removes files, those of a message that has left.
    pub async fn remove(&self, ids: &[UploadId]) {
        let gone: Vec<Upload> = {
            let mut files = self.files();
            ids.iter().filter_map(|id| files.remove(id)).collect()
        };
        for upload in gone {
            self.delete(&upload).await;
        }
    }

    /// Removes every file: the session is over.
    pub async fn clear(&self) {
        let all: Vec<Upload> = self.files().drain().map(|(_, upload)| upload).collect();
        for upload in all {
            self.delete(&upload).await;
        }
    }

    async fn delete(&self, upload: &Upload) {
        if let Err(error) = self.spool.delete(&upload.file.name).await {
            // The sweep at the next start takes it.
            tracing::warn!(%error, "an uploaded file could not be removed");
        }
    }
}
