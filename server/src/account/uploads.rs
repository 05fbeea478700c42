//! Uploaded files of a session that wait in the spool for their message. They are removed with the
//! session.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use app::api::types::UploadId;

use crate::store::spool::SpoolFile;

/// Maximum number of waiting files.
const WAITING_MAX: usize = 200;

/// A file in the spool with the name and the type that the sender gave.
#[derive(Debug, Clone)]
pub struct Upload {
    /// The file; removed with the last of its clones, unless a message took it.
    pub file: Arc<SpoolFile>,
    /// Its name, cleaned.
    pub name: String,
    /// Its media type, lower case; `application/octet-stream` if there is no valid one.
    pub media_type: String,
}

impl Upload {
    /// Its id in forms.
    pub fn id(&self) -> UploadId {
        UploadId(self.file.name.as_str().to_owned())
    }
}

/// The waiting files of one session. An id is valid only in its own session.
#[derive(Debug, Default)]
pub struct Uploads {
    waiting: Mutex<HashMap<UploadId, Upload>>,
}

impl Uploads {
    /// Whether one more file may wait.
    pub fn has_room(&self) -> bool {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.len() < WAITING_MAX
    }

    /// Stores a file, and returns its id.
    pub fn add(&self, upload: Upload) -> UploadId {
        let id = upload.id();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.insert(id.clone(), upload);
        id
    }

    /// Returns a file without removing it.
    pub fn find(&self, id: &UploadId) -> Option<Upload> {
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(id)
            .cloned()
    }

    /// Removes and returns a file.
    pub fn take(&self, id: &UploadId) -> Option<Upload> {
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(id)
    }

    /// Drops every file, at the end of the session.
    pub fn clear(&self) {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Cleans a file name with the rule of the message composer, so that the name on the page is the
/// name that is sent.
pub fn clean_file_name(name: &str) -> String {
    mail_mime::display::file_name(name).unwrap_or_else(|| "file".to_owned())
}

/// Cleans a media type sent by a browser, without parameters.
pub fn clean_media_type(media_type: &str) -> String {
    let essence = media_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let is_token = |t: &str| {
        !t.is_empty()
            && t.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    match essence.split_once('/') {
        // A multipart or message type would need a structure that a file does not promise.
        Some(("multipart" | "message", _)) => "application/octet-stream".to_owned(),
        Some((kind, subtype)) if is_token(kind) && is_token(subtype) => essence,
        _ => "application/octet-stream".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_lose_paths_and_direction_marks() {
        assert_eq!(clean_file_name("C:\\Users\\a\\offer.pdf"), "offer.pdf");
        assert_eq!(clean_file_name("../../etc/passwd"), "passwd");
        assert_eq!(clean_file_name("photo\u{202e}gpj.exe\r\n"), "photogpj.exe");
        assert_eq!(clean_file_name("报价单.xlsx"), "报价单.xlsx");
        assert_eq!(clean_file_name(".."), "file");
        assert_eq!(clean_file_name("2026: plan?.txt"), "2026_ plan_.txt");
        let long = clean_file_name(&format!("{}.pdf", "x".repeat(500)));
        assert!(long.len() <= 200 && long.ends_with(".pdf"), "{long}");
        assert_eq!(clean_file_name(&long), long);
    }

    #[test]
    fn media_types_are_plain_or_unknown() {
        assert_eq!(clean_media_type("Image/PNG; x=y"), "image/png");
        for bad in [
            "",
            "text",
            "text/",
            "te xt/plain",
            "multipart/mixed",
            "message/rfc822",
            "a/b\r\nX: y",
        ] {
            assert_eq!(clean_media_type(bad), "application/octet-stream", "{bad:?}");
        }
    }
}
