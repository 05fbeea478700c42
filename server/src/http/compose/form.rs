//! Reads a posted compose form: text into fields, files into the spool.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use app::api::error::ApiError;
use app::api::types::{
    AccountId, ComposeKind, ComposeSource, Draft, FormKey, IdentityId, Lang, OutboxId, PartId,
    Priority, SavedDraft, SendOptions, UploadId, UploadView,
};
use axum::body::{Body, BodyDataStream};
use futures_util::stream;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use tokio::time::{Instant, timeout_at};

use crate::account::uploads::{clean_file_name, clean_media_type};
use crate::http::WebState;
use crate::http::body::{self, Drain, Fields, field};
use crate::http::connection::Exchange;
use crate::http::multipart::{Multipart, MultipartError, PartHead};
use crate::http::request_error::RequestError;
use crate::http::upload::{self, Sizes};
use crate::session::LiveSession;

/// Maximum total size of the text fields of one form.
const TEXT_MAX_BYTES: usize = 2 << 20;
/// Maximum size of the fields that identify the form, before its key is checked.
const UNCHECKED_MAX_BYTES: usize = 1 << 10;
/// Maximum time to read and drop the rest of a part or of a form without a session.
const DROP_WITHIN: Duration = Duration::from_secs(60);

/// Who posts a form.
pub(super) enum Poster<'a> {
    /// A live session: the files are stored with it.
    Session(&'a LiveSession),
    /// A browser whose session has ended: the files cannot be stored. Only the fields that identify
    /// the form are read until its key is verified.
    SignedOut(Option<Arc<Exchange>>),
}

/// The contents of a form as far as they were read.
#[derive(Debug, Default)]
pub(super) struct ParsedForm {
    pub(super) fields: Fields,
    /// Files uploaded with this request.
    pub(super) files: Vec<UploadView>,
    /// Names of files that were selected but are not stored here.
    pub(super) missing: Vec<String>,
    /// Why the message cannot be sent.
    pub(super) request_error: Option<RequestError>,
    /// The body was not read to its end, so the connection has to be closed.
    pub(super) is_cut: bool,
}

impl ParsedForm {
    /// Returns why the message cannot be sent, with the names of the files concerned.
    pub(super) fn error(&self, lang: Lang) -> Option<ApiError> {
        let cause = self.request_error.as_ref()?;
        let mut error = cause.to_api(lang);
        if !self.missing.is_empty() && !matches!(cause, RequestError::FilesMissing(_)) {
            error.cause = format!("{}: {}", self.missing.join(", "), error.cause);
            error.field = Some("attachment".to_owned());
        }
        Some(error)
    }

    /// Returns the key of the form.
    pub(super) fn form(&self) -> Option<FormKey> {
        let key = field(&self.fields, "form")?;
        (!key.is_empty()).then(|| FormKey(key.to_owned()))
    }

    /// Returns the account that the form names.
    pub(super) fn account(&self) -> Option<AccountId> {
        field(&self.fields, "account").map(AccountId::from)
    }

    /// Returns the name that the page showed for a file or part (`named`: its id, a space, its
    /// name).
    pub(super) fn name_of(&self, id: &str) -> Option<String> {
        let named = self.fields.iter().filter(|(key, _)| key == "named");
        let mut names = named.filter_map(|(_, value)| value.split_once(' '));
        let (_, name) = names.find(|(of, _)| *of == id)?;
        Some(clean_file_name(name))
    }

    /// Returns the message as typed.
    pub(super) fn draft(&self) -> Draft {
        let fields = &self.fields;
        let text = |name| field(fields, name).unwrap_or_default().to_owned();
        let all = |name: &str| -> Vec<String> {
            fields
                .iter()
                .filter(|(key, _)| key == name)
                .map(|(_, value)| value.clone())
                .collect()
        };
        let filled = |name| field(fields, name).filter(|value| !value.is_empty());
        let source = filled("folder")
            .zip(filled("message"))
            .and_then(|(folder, message)| {
                let kind = filled("kind").and_then(ComposeKind::from_word)?;
                let source = ComposeSource {
                    kind,
                    folder: folder.into(),
                    message: message.into(),
                };
                (kind != ComposeKind::New).then_some(source)
            });
        let mut uploads: Vec<UploadId> = all("upload").into_iter().map(UploadId).collect();
        uploads.extend(self.files.iter().map(|file| file.id.clone()));
        Draft {
            to: text("to"),
            cc: text("cc"),
            bcc: text("bcc"),
            subject: text("subject"),
            // Browsers send line breaks as CRLF.
            body: text("body").replace("\r\n", "\n"),
            html: None,
            identity: filled("identity").map(IdentityId::from),
            source,
            replaces: filled("again").map(OutboxId::from),
            uploads,
            keep_parts: all("keep").into_iter().map(PartId).collect(),
            form: self.form(),
            files: None,
            options: SendOptions {
                send_at: text("send_at"),
                priority: filled("priority")
                    .and_then(Priority::from_word)
                    .unwrap_or_default(),
                wants_receipt: filled("receipt").is_some(),
                wants_notice: filled("notice").is_some(),
                requires_tls: filled("require_tls").is_some(),
            },
            thread: all("thread"),
            saved: filled("draft_id")
                .zip(filled("draft_folder"))
                .zip(filled("draft_message"))
                .map(|((id, folder), message)| SavedDraft {
                    id: id.into(),
                    folder: folder.into(),
                    message: message.into(),
                }),
        }
    }

    /// Adds files that earlier requests were missing and that this one does not bring either.
    fn add_missing_files(&mut self) {
        let named = self.fields.iter().filter(|(key, _)| key == "missing");
        for (_, name) in named {
            let name = clean_file_name(name);
            let is_uploaded = self.files.iter().any(|file| file.name == name);
            if !is_uploaded && !self.missing.contains(&name) {
                self.missing.push(name);
            }
        }
        if self.request_error.is_none() && !self.missing.is_empty() {
            self.request_error = Some(RequestError::FilesMissing(self.missing.join(", ")));
        }
    }
}

/// Reads as much of a form as possible. Returns an error together with the text, so that the page
/// can show the text again.
pub(super) async fn read(
    web: &WebState,
    poster: Poster<'_>,
    headers: &HeaderMap,
    body: Body,
) -> ParsedForm {
    let (session, exchange, is_verified) = match poster {
        Poster::Session(session) => (Some(session), None, true),
        Poster::SignedOut(exchange) => (None, exchange, false),
    };
    let mut reader = FormReader {
        web,
        session,
        exchange,
        is_verified,
        parsed: ParsedForm::default(),
        text_bytes: 0,
        file_bytes: 0,
    };
    if let Err(error) = reader.read_form(headers, body).await {
        reader.parsed.request_error.get_or_insert(error);
        reader.parsed.is_cut = true;
    }
    reader.parsed.add_missing_files();
    reader.parsed
}

type Form = Multipart<BodyDataStream>;

struct FormReader<'a> {
    web: &'a WebState,
    session: Option<&'a LiveSession>,
    exchange: Option<Arc<Exchange>>,
    /// Whether the form key was verified.
    is_verified: bool,
    parsed: ParsedForm,
    text_bytes: usize,
    file_bytes: u64,
}

impl FormReader<'_> {
    async fn read_form(&mut self, headers: &HeaderMap, body: Body) -> Result<(), RequestError> {
        let max_bytes = self.web.config.upload_max_bytes;
        if !Drain::SIGNED_IN.allows(headers) {
            return Err(RequestError::TooLarge { max_bytes });
        }
        let content_type = headers
            .get(CONTENT_TYPE)
            .and_then(|t| t.to_str().ok())
            .unwrap_or_default();
        let form_max_bytes = max_bytes.saturating_mul(2).max(256 << 20);
        let form = Multipart::new(body.into_data_stream(), content_type, form_max_bytes);
        let mut form = form.map_err(|error| self.to_request_error(error))?;
        let read = self.read_parts(&mut form).await;
        if read.is_err() && !self.is_verified {
            Drain::ANONYMOUS.discard(form.stream()).await;
        }
        read
    }

    async fn read_parts(&mut self, form: &mut Form) -> Result<(), RequestError> {
        let deadline = match self.session {
            Some(_) => body::upload_deadline(),
            None => Instant::now() + DROP_WITHIN,
        };
        let reading = async {
            while let Some(part) = form
                .next_part()
                .await
                .map_err(|error| self.to_request_error(error))?
            {
                match &part.file_name {
                    Some(_) => self.read_file(form, part).await?,
                    None => self.read_text(form, part).await?,
                }
            }
            Ok(())
        };
        timeout_at(deadline, reading)
            .await
            .map_err(|_| RequestError::BrokenUpload)?
    }

    /// Converts a parser error.
    fn to_request_error(&self, error: MultipartError) -> RequestError {
        match error {
            MultipartError::Incomplete => RequestError::BrokenUpload,
            MultipartError::Malformed => RequestError::Malformed,
            MultipartError::TooLarge => RequestError::TooLarge {
                max_bytes: self.web.config.upload_max_bytes,
            },
        }
    }

    async fn read_text(&mut self, form: &mut Form, part: PartHead) -> Result<(), RequestError> {
        let max_bytes = match self.is_verified {
            true => TEXT_MAX_BYTES,
            false => UNCHECKED_MAX_BYTES,
        };
        let mut value = Vec::new();
        while let Some(bytes) = form
            .chunk()
            .await
            .map_err(|error| self.to_request_error(error))?
        {
            self.text_bytes = self.text_bytes.saturating_add(bytes.len());
            if self.text_bytes > max_bytes {
                return Err(match self.is_verified {
                    true => RequestError::TooLarge {
                        max_bytes: TEXT_MAX_BYTES as u64,
                    },
                    false => RequestError::SignedOut,
                });
            }
            value.extend_from_slice(&bytes);
        }
        let value = String::from_utf8_lossy(&value).into_owned();
        self.parsed.fields.push((part.name, value));
        if !self.is_verified {
            self.check_key()?;
        }
        Ok(())
    }

    /// Checks the key as soon as account and key, the first two fields of the form, are read.
    fn check_key(&mut self) -> Result<(), RequestError> {
        match (self.parsed.account(), self.parsed.form()) {
            (Some(account), Some(form)) => {
                if !self.web.sealer.is_own_form_key(&form, &account) {
                    return Err(RequestError::SignedOut);
                }
                self.is_verified = true;
                if let Some(exchange) = &self.exchange {
                    exchange.activity().signed_in();
                }
                Ok(())
            }
            _ if self.parsed.fields.len() < 2 => Ok(()),
            _ => Err(RequestError::SignedOut),
        }
    }

    async fn read_file(&mut self, form: &mut Form, part: PartHead) -> Result<(), RequestError> {
        if !self.is_verified {
            return Err(RequestError::SignedOut);
        }
        let file_name = part.file_name.unwrap_or_default();
        // An empty file field has no file name.
        if file_name.is_empty() || part.name != "attachment" {
            return self.drop_rest(form).await;
        }
        let name = clean_file_name(&file_name);
        let Some(session) = self.session else {
            self.parsed.missing.push(name);
            return self.drop_rest(form).await;
        };
        let media_type = clean_media_type(&part.media_type);
        let max_bytes = self.web.config.upload_max_bytes;
        let sizes = Sizes {
            expected_bytes: 0,
            max_bytes: max_bytes.saturating_sub(self.file_bytes),
        };
        let stored = {
            let mut bytes = pin!(stream::try_unfold(&mut *form, |form| async move {
                Ok::<_, PartError>(form.chunk().await.map_err(PartError)?.map(|b| (b, form)))
            }));
            let metadata = (name.clone(), media_type);
            upload::to_spool(self.web, session, &mut bytes, metadata, sizes).await
        };
        match stored {
            Ok(view) => {
                self.file_bytes = self.file_bytes.saturating_add(view.size_bytes);
                self.parsed.files.push(view);
                Ok(())
            }
            Err(error) => {
                self.parsed.missing.push(name);
                if error == RequestError::BrokenUpload {
                    return Err(error);
                }
                self.parsed.request_error.get_or_insert(match error {
                    RequestError::TooLarge { .. } => RequestError::TooLarge { max_bytes },
                    error => error,
                });
                self.drop_rest(form).await
            }
        }
    }

    /// Reads and drops the rest of a part; the size of the whole form is limited.
    async fn drop_rest(&self, form: &mut Form) -> Result<(), RequestError> {
        let dropping = async {
            while form.chunk().await?.is_some() {}
            Ok(())
        };
        match timeout_at(Instant::now() + DROP_WITHIN, dropping).await {
            Ok(dropped) => dropped.map_err(|error| self.to_request_error(error)),
            Err(_) => Err(RequestError::BrokenUpload),
        }
    }
}

/// A parser error inside a file.
struct PartError(MultipartError);

impl fmt::Display for PartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}
