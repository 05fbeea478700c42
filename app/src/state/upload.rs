//! Uploading attachments while the message is still being written.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use crate::api::error::{ApiError, ErrorKind};
use crate::api::json::decode;
use crate::api::types::{Lang, UploadView};
use crate::page::PageContext;
use crate::text::size::{encoded_size, size};
use crate::text::url;

/// Where one file stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// So many bytes of it have left.
    Sending {
        /// Of [`Attached::size_bytes`].
        sent_bytes: u64,
    },
    /// It is in the spool.
    Done(UploadView),
    /// It is not.
    Failed(ApiError),
}

/// One file of a message that is being written.
#[derive(Debug, Clone, Copy)]
pub struct Attached {
    /// Tells it from the others on the page.
    pub key: u32,
    /// Its name.
    pub name: StoredValue<String>,
    /// Its size.
    pub size_bytes: u64,
    /// Where it stands.
    pub progress: RwSignal<Progress>,
    /// The request while it runs. Only in the browser: the server may drop a page on another
    /// thread than it was made on.
    request: Option<StoredValue<Option<web_sys::XmlHttpRequest>, LocalStorage>>,
}

/// The files of a message, and how much they may be.
#[derive(Debug, Clone, Copy)]
pub struct Attachments {
    /// In the order they were added.
    pub files: RwSignal<Vec<Attached>>,
    next_key: StoredValue<u32>,
    /// The most that the form takes, in bytes.
    pub upload_max_bytes: u64,
    /// The largest message that the outgoing server takes, in bytes, where it said so.
    pub server_max_bytes: Option<u64>,
    page: StoredValue<PageContext>,
}

impl Attachments {
    /// Begins with files that are in the spool already.
    pub fn new(
        uploads: Vec<UploadView>,
        upload_max_bytes: u64,
        server_max_bytes: Option<u64>,
    ) -> Self {
        let own = Self {
            files: RwSignal::new(Vec::new()),
            next_key: StoredValue::new(0),
            upload_max_bytes,
            server_max_bytes,
            page: StoredValue::new(PageContext::expect()),
        };
        for upload in uploads {
            own.push(
                upload.name.clone(),
                upload.size_bytes,
                Progress::Done(upload),
            );
        }
        own
    }

    fn push(self, name: String, size_bytes: u64, progress: Progress) -> Attached {
        let key = self.next_key.get_value();
        self.next_key.set_value(key.wrapping_add(1));
        let attached = Attached {
            key,
            name: StoredValue::new(name),
            size_bytes,
            progress: RwSignal::new(progress),
            request: cfg!(feature = "hydrate").then(|| StoredValue::new_local(None)),
        };
        self.files.update(|files| files.push(attached));
        attached
    }

    /// The size of all files that are or will be sent.
    pub fn sum_bytes(self) -> u64 {
        self.files.with(|files| {
            files
                .iter()
                .filter(|file| !matches!(*file.progress.read(), Progress::Failed(_)))
                .map(|file| file.size_bytes)
                .fold(0, u64::saturating_add)
        })
    }

    /// The most that all files may be, before encoding.
    pub fn room_bytes(self) -> u64 {
        let server = self.server_max_bytes.map(|max| max / 78 * 57);
        server.map_or(self.upload_max_bytes, |server| {
            server.min(self.upload_max_bytes)
        })
    }

    /// What is ready to go with the message; `None` while a file is still on its way.
    pub fn ready(self) -> Option<Vec<UploadView>> {
        self.files.with_untracked(|files| {
            let files = files
                .iter()
                .filter_map(|file| match file.progress.get_untracked() {
                    Progress::Done(upload) => Some(Some(upload)),
                    Progress::Sending { .. } => Some(None),
                    Progress::Failed(_) => None,
                });
            files.collect()
        })
    }

    /// Takes a file out; one that is on its way is stopped.
    pub fn remove(self, attached: Attached) {
        if let Some(request) = attached.request.and_then(|request| request.get_value()) {
            // Fails for no state that a request can be in.
            drop(request.abort());
        }
        self.files
            .update(|files| files.retain(|file| file.key != attached.key));
    }

    /// Sends a file to the spool, unless it is too large.
    pub fn add(self, file: &web_sys::File) {
        let lang = self.page.with_value(|page| page.lang);
        // A size in JavaScript is a float; what a browser can hold fits.
        let size_bytes = whole(file.size());
        let after = self.sum_bytes().saturating_add(size_bytes);
        if after > self.room_bytes() {
            let error = too_large(lang, after, self.room_bytes());
            self.push(file.name(), size_bytes, Progress::Failed(error));
            return;
        }
        let attached = self.push(file.name(), size_bytes, Progress::Sending { sent_bytes: 0 });
        let path = self.page.with_value(|page| url::upload(&page.base));
        if send(&path, file, attached, lang).is_none() {
            attached.progress.set(Progress::Failed(broken(lang)));
        }
    }
}

/// Posts the file as it is. `XMLHttpRequest`, since `fetch` cannot tell how far it is.
fn send(path: &str, file: &web_sys::File, attached: Attached, lang: Lang) -> Option<()> {
    let request = web_sys::XmlHttpRequest::new().ok()?;
    request.open_with_async("POST", path, true).ok()?;
    request
        .set_request_header("X-File-Name", &url::encode(&file.name()))
        .ok()?;
    request
        .set_request_header("Content-Type", "application/octet-stream")
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

    let ended = request.clone();
    let on_end = Closure::once_into_js(move || {
        drop(on_progress);
        let status = ended.status().unwrap_or(0);
        let text = ended.response_text().ok().flatten().unwrap_or_default();
        let progress = match (status, decode(&text)) {
            (200..=299, Ok(upload)) => Progress::Done(upload),
            (200..=299, Err(_)) => Progress::Failed(broken(lang)),
            _ => Progress::Failed(decode(&text).unwrap_or_else(|_| broken(lang))),
        };
        attached.progress.try_set(progress);
        if let Some(request) = attached.request {
            request.try_set_value(None);
        }
    });
    // `loadend` comes once, whatever happened; one that is stopped is no longer shown.
    request.set_onloadend(Some(on_end.unchecked_ref()));
    request.send_with_opt_blob(Some(file)).ok()?;
    if let Some(running) = attached.request {
        running.set_value(Some(request));
    }
    Some(())
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

fn broken(lang: Lang) -> ApiError {
    let (cause, fix) = (lang.upload_broken(), lang.upload_broken_fix());
    failure(ErrorKind::Transport, cause.into_owned(), fix.into_owned())
}

/// The error of files that are more than fits.
pub fn too_large(lang: Lang, bytes: u64, room_bytes: u64) -> ApiError {
    let over = encoded_size(bytes.saturating_sub(room_bytes));
    let cause = lang.size_over(size(over)).into_owned();
    failure(
        ErrorKind::TooLarge,
        cause,
        lang.size_over_fix().into_owned(),
    )
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float cast saturates, and sizes are whole numbers"
)]
fn whole(number: f64) -> u64 {
    number as u64
}
