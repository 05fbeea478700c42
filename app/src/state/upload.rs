//! Uploads attachments while the message is still being written.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use crate::api::error::{ApiError, ErrorKind};
use crate::api::json::decode;
use crate::api::types::{Lang, UploadId, UploadView};
use crate::page::PageContext;
use crate::state::editor::Editor;
use crate::text::size::{encoded_size, size};
use crate::text::url;

/// The upload state of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// The upload is running.
    Sending {
        /// The number of bytes sent, out of [`Attached::size_bytes`].
        sent_bytes: u64,
    },
    /// It is in the spool.
    Done(UploadView),
    /// The upload failed.
    Failed(ApiError),
}

/// One file of a message that is being written.
#[derive(Debug, Clone, Copy)]
pub struct Attached {
    /// Its unique key on the page.
    pub key: u32,
    /// Its name.
    pub name: StoredValue<String>,
    /// Its size.
    pub size_bytes: u64,
    /// The upload state.
    pub progress: RwSignal<Progress>,
    /// Whether it was inserted into the formatted text: it is sent as long as the text shows it.
    pub is_picture: bool,
    /// The running request. In the browser only: the server may drop a page on another thread than
    /// the one that created it.
    request: Option<StoredValue<Option<web_sys::XmlHttpRequest>, LocalStorage>>,
    /// The file, if it was chosen on this page, for a retry.
    file: Option<StoredValue<Option<web_sys::File>, LocalStorage>>,
}

impl Attached {
    /// Whether it can be retried without choosing it again.
    pub fn can_retry(self) -> bool {
        self.file
            .is_some_and(|file| file.with_value(Option::is_some))
    }
}

/// The files of a message, and their size limits.
#[derive(Debug, Clone, Copy)]
pub struct Attachments {
    /// In the order they were added.
    pub files: RwSignal<Vec<Attached>>,
    /// Whether the message is being sent: files cannot be added or removed meanwhile.
    pub is_locked: RwSignal<bool>,
    next_key: StoredValue<u32>,
    editor: Editor,
    /// Maximum size of all uploads of the form, in bytes.
    pub upload_max_bytes: u64,
    /// Maximum message size of the outgoing server, in bytes, if it announced one.
    pub server_max_bytes: Option<u64>,
    page: StoredValue<PageContext>,
}

impl Attachments {
    /// Creates the list from files that are already in the spool, and names of missing ones.
    pub fn new(
        uploads: Vec<UploadView>,
        missing: &[String],
        upload_max_bytes: u64,
        server_max_bytes: Option<u64>,
        editor: Editor,
    ) -> Self {
        let attachments = Self {
            files: RwSignal::new(Vec::new()),
            is_locked: RwSignal::new(false),
            next_key: StoredValue::new(0),
            editor,
            upload_max_bytes,
            server_max_bytes,
            page: StoredValue::new(PageContext::expect()),
        };
        for upload in uploads {
            let is_picture = editor.shows(&upload.id.0);
            attachments.push(
                upload.name.clone(),
                upload.size_bytes,
                Progress::Done(upload),
                is_picture,
            );
        }
        for name in missing {
            let lang = attachments.page.with_value(|page| page.lang);
            let progress = Progress::Failed(missing_file(lang));
            attachments.push(name.clone(), 0, progress, false);
        }
        attachments
    }

    fn push(self, name: String, size_bytes: u64, progress: Progress, is_picture: bool) -> Attached {
        let key = self.next_key.get_value();
        self.next_key.set_value(key.wrapping_add(1));
        let attached = Attached {
            key,
            name: StoredValue::new(name),
            size_bytes,
            progress: RwSignal::new(progress),
            is_picture,
            request: cfg!(feature = "hydrate").then(|| StoredValue::new_local(None)),
            file: cfg!(feature = "hydrate").then(|| StoredValue::new_local(None)),
        };
        self.files.update(|files| files.push(attached));
        attached
    }

    /// Whether a file is shown as an attachment: a picture is in the text, as long as that is
    /// formatted; one that is not in the spool any more is listed, to be removed.
    pub fn is_listed(self, file: &Attached) -> bool {
        let is_lost = || matches!(*file.progress.read(), Progress::Failed(_));
        !file.is_picture || self.editor.html.with(|html| html.is_none()) || is_lost()
    }

    /// Whether a file is part of the message: a picture that was removed from the text is not.
    fn is_part(self, file: &Attached) -> bool {
        let is_shown = || match &*file.progress.read_untracked() {
            Progress::Done(upload) => self.editor.shows(&upload.id.0),
            Progress::Sending { .. } | Progress::Failed(_) => true,
        };
        !file.is_picture || !self.editor.is_formatted() || is_shown()
    }

    /// Adds a picture of the formatted text that is in the spool already.
    pub fn add_uploaded_picture(self, upload: UploadView) {
        let (name, size_bytes) = (upload.name.clone(), upload.size_bytes);
        self.push(name, size_bytes, Progress::Done(upload), true);
    }

    /// Uploads a picture of the formatted text.
    pub fn add_picture(self, file: web_sys::File) -> Attached {
        self.begin(file, true)
    }

    /// Returns the size of all files, except failed ones, in bytes.
    pub fn sum_bytes(self) -> u64 {
        self.files.with(|files| {
            files
                .iter()
                .filter(|file| !matches!(*file.progress.read(), Progress::Failed(_)))
                .map(|file| file.size_bytes)
                .fold(0, u64::saturating_add)
        })
    }

    /// Returns the maximum size of all files before encoding, in bytes.
    pub fn room_bytes(self) -> u64 {
        let server = self.server_max_bytes.map(|max| max / 78 * 57);
        server.map_or(self.upload_max_bytes, |server| {
            server.min(self.upload_max_bytes)
        })
    }

    /// Returns the files to send with the message.
    ///
    /// # Errors
    /// If a chosen file is not in the spool: the message is not sent without it.
    pub fn ready(self) -> Result<Vec<UploadView>, ApiError> {
        let lang = self.page.with_value(|page| page.lang);
        let mut ready = Vec::new();
        let mut failed = Vec::new();
        let mut is_any_sending = false;
        let files = self.files.get_untracked().into_iter();
        for file in files.filter(|file| self.is_part(file)) {
            match file.progress.get_untracked() {
                Progress::Done(upload) => ready.push(upload),
                Progress::Sending { .. } => is_any_sending = true,
                Progress::Failed(_) => failed.push(file.name.get_value()),
            }
        }
        if !failed.is_empty() {
            let cause = lang.files_missing(failed.join(", ")).into_owned();
            let fix = lang.files_missing_fix().into_owned();
            return Err(failure(ErrorKind::Invalid, cause, fix));
        }
        if is_any_sending {
            let (cause, fix) = (lang.still_uploading(), lang.still_uploading_fix());
            return Err(failure(
                ErrorKind::Invalid,
                cause.into_owned(),
                fix.into_owned(),
            ));
        }
        Ok(ready)
    }

    /// Locks the list while the message is being sent. Returns the number of files.
    pub fn lock(self) -> u32 {
        self.is_locked.set(true);
        self.files
            .update(|files| files.retain(|file| self.is_part(file)));
        let count = self.files.with_untracked(Vec::len);
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// Unlocks the list after the message was not sent.
    pub fn unlock(self) {
        self.is_locked.try_set(false);
    }

    /// Returns an error that names the files chosen after the first `file_count`: the message does
    /// not include them.
    pub fn chosen_since(self, file_count: u32) -> Option<ApiError> {
        let files = self.files.try_get_untracked()?;
        let added = files.iter().skip(usize::try_from(file_count).ok()?);
        let names: Vec<String> = added.map(|file| file.name.get_value()).collect();
        let lang = self.page.with_value(|page| page.lang);
        let cause = || lang.files_late(names.join(", ")).into_owned();
        (!names.is_empty()).then(|| {
            let fix = lang.files_late_fix().into_owned();
            failure(ErrorKind::Invalid, cause(), fix)
        })
    }

    /// Returns the files for an unsent text: with an empty id if they are not in the spool.
    pub fn listing(self) -> Vec<UploadView> {
        let listed = |file: &Attached| match file.progress.get_untracked() {
            Progress::Done(upload) => upload,
            Progress::Sending { .. } | Progress::Failed(_) => UploadView {
                id: UploadId(String::new()),
                name: file.name.get_value(),
                size_bytes: file.size_bytes,
            },
        };
        self.files.with_untracked(|files| {
            files
                .iter()
                .filter(|file| self.is_part(file))
                .map(listed)
                .collect()
        })
    }

    /// Whether an upload is running.
    pub fn is_uploading(self) -> bool {
        let is_sending =
            |file: &Attached| matches!(file.progress.get_untracked(), Progress::Sending { .. });
        self.files
            .with_untracked(|files| files.iter().any(is_sending))
    }

    /// Replaces the files by those of an unsent text. If that is from another session, its files
    /// are no longer in the spool.
    pub fn restore(self, listing: Vec<UploadView>, is_same_session: bool) {
        for file in self.files.get_untracked() {
            self.remove(file);
        }
        let lang = self.page.with_value(|page| page.lang);
        for upload in listing {
            let (name, size_bytes) = (upload.name.clone(), upload.size_bytes);
            let is_picture = self.editor.shows(&upload.id.0);
            let progress = if is_same_session && !upload.id.0.is_empty() {
                Progress::Done(upload)
            } else {
                let cause = lang.file_not_kept().into_owned();
                Progress::Failed(failure(ErrorKind::Invalid, cause, String::new()))
            };
            self.push(name, size_bytes, progress, is_picture);
        }
    }

    /// Removes a file and aborts its upload.
    pub fn remove(self, attached: Attached) {
        if let Some(request) = attached.request.and_then(|request| request.get_value()) {
            // Does not fail in any state of the request.
            drop(request.abort());
        }
        self.files
            .update(|files| files.retain(|file| file.key != attached.key));
    }

    /// Adds chosen, dropped or pasted files. Returns their number.
    pub fn add_all(self, files: Option<web_sys::FileList>) -> u32 {
        let Some(files) = files else { return 0 };
        for file in (0..files.length()).filter_map(|index| files.get(index)) {
            self.add(file);
        }
        files.length()
    }

    /// Uploads a file to the spool, unless it is too large. It replaces a failed file of the same
    /// name.
    pub fn add(self, file: web_sys::File) {
        let name = file.name();
        let is_failed =
            |file: &Attached| matches!(*file.progress.read_untracked(), Progress::Failed(_));
        self.files.update(|files| {
            files.retain(|old| old.name.with_value(|old| *old != name) || !is_failed(old));
        });
        self.begin(file, false);
    }

    fn begin(self, file: web_sys::File, is_picture: bool) -> Attached {
        // A size in JavaScript is a float; the size of a real file fits.
        let attached = self.push(
            file.name(),
            whole(file.size()),
            Progress::Sending { sent_bytes: 0 },
            is_picture,
        );
        if let Some(local_file) = attached.file {
            local_file.set_value(Some(file));
        }
        self.upload(attached);
        attached
    }

    /// Retries the upload of a file.
    pub fn retry(self, attached: Attached) {
        attached.progress.set(Progress::Sending { sent_bytes: 0 });
        self.upload(attached);
    }

    fn upload(self, attached: Attached) {
        let Some(file) = attached.file.and_then(|file| file.get_value()) else {
            return;
        };
        let lang = self.page.with_value(|page| page.lang);
        let all = self.sum_bytes();
        let failed = if all > self.room_bytes() {
            Some(too_large(lang, all, self.room_bytes()))
        } else {
            let path = self.page.with_value(|page| url::upload(&page.base));
            match send(&path, &file, attached, lang) {
                Some(()) => None,
                None => Some(transport_error(lang)),
            }
        };
        if let Some(error) = failed {
            attached.progress.set(Progress::Failed(error));
        }
    }
}

/// Posts the raw file. Uses `XMLHttpRequest` because `fetch` does not report upload progress.
fn send(path: &str, file: &web_sys::File, attached: Attached, lang: Lang) -> Option<()> {
    let request = web_sys::XmlHttpRequest::new().ok()?;
    request.open_with_async("POST", path, true).ok()?;
    request
        .set_request_header("X-File-Name", &url::encode(&file.name()))
        .ok()?;
    request
        .set_request_header("Content-Type", &media_type(file))
        .ok()?;

    let on_progress =
        Closure::<dyn FnMut(web_sys::ProgressEvent)>::new(move |event: web_sys::ProgressEvent| {
            let sent_bytes = whole(event.loaded());
            attached.progress.try_update(|progress| {
                if matches!(progress, Progress::Sending { .. }) {
                    *progress = Progress::Sending { sent_bytes };
                }
            });
        });
    request
        .upload()
        .ok()?
        .set_onprogress(Some(on_progress.as_ref().unchecked_ref()));

    let finished = request.clone();
    let on_end = Closure::once_into_js(move || {
        drop(on_progress);
        let status = finished.status().unwrap_or(0);
        let text = finished.response_text().ok().flatten().unwrap_or_default();
        let progress = match (status, decode(&text)) {
            (200..=299, Ok(upload)) => Progress::Done(upload),
            (200..=299, Err(_)) => Progress::Failed(transport_error(lang)),
            _ => Progress::Failed(decode(&text).unwrap_or_else(|_| transport_error(lang))),
        };
        attached.progress.try_set(progress);
        if let Some(request) = attached.request {
            request.try_set_value(None);
        }
    });
    // `loadend` fires exactly once, in every case; an aborted upload is no longer shown.
    request.set_onloadend(Some(on_end.unchecked_ref()));
    request.send_with_opt_blob(Some(file)).ok()?;
    if let Some(running) = attached.request {
        running.set_value(Some(request));
    }
    Some(())
}

/// Returns the type that the browser takes a file for.
fn media_type(file: &web_sys::File) -> String {
    match file.type_() {
        unknown if unknown.is_empty() => "application/octet-stream".to_owned(),
        known => known,
    }
}

fn failure(kind: ErrorKind, cause: String, fix: String) -> ApiError {
    ApiError {
        kind,
        cause,
        fix,
        retry_after_secs: None,
        reply: None,
        field: Some("attachment".to_owned()),
        ref_id: String::new(),
    }
}

fn transport_error(lang: Lang) -> ApiError {
    let (cause, fix) = (lang.upload_broken(), lang.upload_broken_fix());
    failure(ErrorKind::Transport, cause.into_owned(), fix.into_owned())
}

/// Returns the error of a file that was chosen on an earlier page and is not in the spool.
fn missing_file(lang: Lang) -> ApiError {
    let (cause, fix) = (lang.file_gone(), lang.file_gone_fix());
    failure(ErrorKind::Invalid, cause.into_owned(), fix.into_owned())
}

/// Returns the error of files that exceed the limit.
pub fn too_large(lang: Lang, bytes: u64, room_bytes: u64) -> ApiError {
    let over = encoded_size(bytes.saturating_sub(room_bytes));
    let cause = lang.size_over(size(over)).into_owned();
    failure(
        ErrorKind::TooLarge,
        cause,
        lang.size_over_fix().into_owned(),
    )
}

/// Converts a whole JavaScript number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float cast saturates, and sizes are whole numbers"
)]
pub fn whole(number: f64) -> u64 {
    number as u64
}
