//! `POST {base}/compose`: the compose form without script. Text fields are read, attachments are
//! streamed to the spool; what cannot be taken is shown again as it was typed.

use std::time::Duration;

use app::api::backend::MailBackend;
use app::api::error::ApiError;
use app::api::types::{
    AccountId, ComposeForm, ComposeKind, ComposeSource, Draft, OutboxId, PartId, Person, UploadId,
};
use app::routes::compose::ComposeRetry;
use app::text::url;
use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use multer::{Field, Multipart};
use tokio::time::{Instant, timeout_at};

use super::body::{self, Drain, Fields, field};
use super::visitor::Visitor;
use super::words::Fault;
use super::{Web, error, page, upload};
use crate::session::LiveSession;
use crate::session::uploads::{clean_file_name, clean_media_type};

/// All text fields of one form together.
const TEXT_MAX_BYTES: usize = 4 << 20;
/// How long the rest of a form that is too large is read and dropped.
const DROP_WITHIN: Duration = Duration::from_secs(60);

/// A form that was read to its end.
#[derive(Default)]
struct Typed {
    fields: Fields,
    /// Files that this very post brought.
    files: Vec<UploadId>,
    fault: Option<Fault>,
}

pub(super) async fn submit(
    State(web): State<Web>,
    Extension(visitor): Extension<Visitor>,
    request: Request,
) -> Response {
    let (Some(session), Some(backend)) = (&visitor.session, visitor.backend(&web)) else {
        return page::see_other(&url::login(web.base()));
    };
    let (head, body) = request.into_parts();
    let typed = match read(&web, session, &head.headers, body).await {
        Ok(typed) => typed,
        Err(fault) => {
            let mut response = page::failed(&web, &visitor, fault.to_api(visitor.lang), None);
            body::close(response.headers_mut());
            return response;
        }
    };
    let account = own_account(session, field(&typed.fields, "account"));
    let draft = draft(&typed);
    let error = match &typed.fault {
        Some(fault) => fault.to_api(visitor.lang),
        None => match backend.message_send(account.clone(), draft.clone()).await {
            Ok(outbox) => return page::see_other(&url::outbox_entry(web.base(), &outbox)),
            Err(error) => error,
        },
    };
    show_again(
        &web,
        &visitor,
        session,
        backend.as_ref(),
        (account, draft),
        error,
    )
    .await
}

/// The compose page as it was typed, with the reason.
async fn show_again(
    web: &Web,
    visitor: &Visitor,
    session: &LiveSession,
    backend: &dyn MailBackend,
    (account, draft): (AccountId, Draft),
    error: ApiError,
) -> Response {
    let begun = match &draft.replaces {
        Some(outbox) => backend.compose_again(outbox.clone()).await,
        None => {
            backend
                .compose_start(account.clone(), draft.source.clone())
                .await
        }
    };
    // What was typed is shown even if the message that it answers cannot be reached.
    let mut form = begun.unwrap_or_else(|_| ComposeForm {
        account: account.clone(),
        from: Person {
            name: String::new(),
            address: session
                .account(&account)
                .map(|a| a.view().address)
                .unwrap_or_default(),
        },
        draft: Draft::default(),
        forwarded: Vec::new(),
        uploads: Vec::new(),
        upload_max_bytes: web.config.upload_max_bytes,
        server_max_bytes: None,
    });
    form.uploads = draft
        .uploads
        .iter()
        .filter_map(|id| session.uploads.find(id))
        .map(|u| u.view())
        .collect();
    let address = match &draft.source {
        Some(source) => url::compose_source(
            web.base(),
            &account,
            source.kind,
            &source.folder,
            &source.message,
        ),
        None => url::compose(web.base(), &account),
    };
    form.draft = draft;
    let status = error::status(error.kind);
    let Ok(request) = Request::builder().uri(address).body(Body::empty()) else {
        return page::failed(web, visitor, error, None);
    };
    let retry = Some(ComposeRetry { form, error });
    let mut response = page::render(web, visitor, request, page::Told { flash: None, retry }).await;
    *response.status_mut() = status;
    response
}

/// The account named in the form if it is one of the session's, else its first.
fn own_account(session: &LiveSession, named: Option<&str>) -> AccountId {
    let named = named
        .map(AccountId::from)
        .filter(|id| session.account(id).is_some());
    named
        .or_else(|| session.accounts.first().map(|a| a.id()))
        .unwrap_or_else(|| "".into())
}

fn draft(typed: &Typed) -> Draft {
    let fields = &typed.fields;
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
    uploads.extend(typed.files.iter().cloned());
    Draft {
        to: text("to"),
        cc: text("cc"),
        bcc: text("bcc"),
        subject: text("subject"),
        // Forms send CRLF.
        body: text("body").replace("\r\n", "\n"),
        source,
        replaces: filled("again").map(OutboxId::from),
        uploads,
        keep_parts: all("keep").into_iter().map(PartId).collect(),
    }
}

/// Reads the whole form. A fault within it is kept beside the fields, so that they can be shown
/// again; an error is a body that could not be read to its end.
async fn read(
    web: &Web,
    session: &LiveSession,
    request: &HeaderMap,
    body: Body,
) -> Result<Typed, Fault> {
    let max_bytes = web.config.upload_max_bytes;
    if !Drain::SIGNED_IN.takes(request) {
        return Err(Fault::TooLarge { max_bytes });
    }
    let content_type = request
        .get(CONTENT_TYPE)
        .and_then(|t| t.to_str().ok())
        .unwrap_or_default();
    let boundary = multer::parse_boundary(content_type).map_err(|_| Fault::Malformed)?;
    let mut form = Multipart::new(body.into_data_stream(), boundary);
    let until = body::upload_deadline();
    let mut reader = FormReader {
        web,
        session,
        typed: Typed::default(),
        text_bytes: 0,
        file_bytes: 0,
    };
    loop {
        let next = timeout_at(until, form.next_field())
            .await
            .map_err(|_| Fault::BrokenUpload)?;
        let Some(part) = next.map_err(|_| Fault::BrokenUpload)? else {
            break;
        };
        if part.file_name().is_some() {
            reader.file(part).await?;
        } else {
            reader.text(part).await?;
        }
    }
    Ok(reader.typed)
}

struct FormReader<'a> {
    web: &'a Web,
    session: &'a LiveSession,
    typed: Typed,
    text_bytes: usize,
    file_bytes: u64,
}

impl FormReader<'_> {
    async fn text(&mut self, mut part: Field<'static>) -> Result<(), Fault> {
        let name = part.name().unwrap_or_default().to_owned();
        let mut value = Vec::new();
        let until = body::upload_deadline();
        while let Some(bytes) = chunk(&mut part, until).await? {
            self.text_bytes = self.text_bytes.saturating_add(bytes.len());
            if self.text_bytes > TEXT_MAX_BYTES {
                return Err(Fault::TooLarge {
                    max_bytes: TEXT_MAX_BYTES as u64,
                });
            }
            value.extend_from_slice(&bytes);
        }
        self.typed
            .fields
            .push((name, String::from_utf8_lossy(&value).into_owned()));
        Ok(())
    }

    async fn file(&mut self, mut part: Field<'static>) -> Result<(), Fault> {
        let file_name = part.file_name().unwrap_or_default().to_owned();
        // A file field that was left empty.
        if file_name.is_empty() || part.name() != Some("attachment") {
            return drop_rest(&mut part).await;
        }
        if self.typed.fault.is_some() {
            return drop_rest(&mut part).await;
        }
        let name = clean_file_name(&file_name);
        let media_type = clean_media_type(part.content_type().map_or("", |t| t.essence_str()));
        let max_bytes = self.web.config.upload_max_bytes;
        let left = max_bytes
            .saturating_sub(self.file_bytes)
            .min(self.session.uploads.room_bytes(max_bytes));
        match upload::to_spool(self.web, self.session, &mut part, name, media_type, left).await {
            Ok(view) => {
                self.file_bytes = self.file_bytes.saturating_add(view.size_bytes);
                self.typed.files.push(view.id);
                Ok(())
            }
            Err(Fault::BrokenUpload) => Err(Fault::BrokenUpload),
            Err(fault) => {
                self.typed.fault = Some(match fault {
                    Fault::TooLarge { .. } => Fault::TooLarge { max_bytes },
                    fault => fault,
                });
                drop_rest(&mut part).await
            }
        }
    }
}

/// Reads and drops the rest of a part, within bounds.
async fn drop_rest(part: &mut Field<'static>) -> Result<(), Fault> {
    let until = Instant::now() + DROP_WITHIN;
    let mut left = 256_usize << 20;
    while let Some(bytes) = chunk(part, until).await? {
        left = left.checked_sub(bytes.len()).ok_or(Fault::TooLarge {
            max_bytes: 256 << 20,
        })?;
    }
    Ok(())
}

async fn chunk(part: &mut Field<'static>, until: Instant) -> Result<Option<Bytes>, Fault> {
    let chunk = timeout_at(until, part.chunk())
        .await
        .map_err(|_| Fault::BrokenUpload)?;
    chunk.map_err(|_| Fault::BrokenUpload)
}
