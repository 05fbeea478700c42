//! `POST {base}/compose`: the compose form without script. Text fields are read, attachments are
//! streamed to the spool; what cannot be taken is shown again as it was typed.

use std::fmt;
use std::pin::pin;
use std::time::Duration;

use app::api::backend::MailBackend;
use app::api::error::ApiError;
use app::api::types::{
    AccountId, ComposeForm, ComposeKind, ComposeSource, Draft, OutboxId, PartId, Person, UploadId,
};
use app::routes::compose::ComposeRetry;
use app::text::url;
use axum::Extension;
use axum::body::{Body, BodyDataStream};
use axum::extract::{Request, State};
use axum::response::Response;
use futures_util::stream;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use tokio::time::{Instant, timeout_at};

use super::body::{self, Drain, Fields, field};
use super::multipart::{FormFault, Multipart, PartHead};
use super::upload::Sizes;
use super::visitor::Visitor;
use super::words::Fault;
use super::{Web, error, page, upload};
use crate::session::LiveSession;
use crate::session::uploads::{clean_file_name, clean_media_type};

/// All text fields of one form together.
const TEXT_MAX_BYTES: usize = 2 << 20;
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
    // Files of this session, and those of the row that is corrected.
    let of_row = std::mem::take(&mut form.uploads);
    form.uploads = draft
        .uploads
        .iter()
        .filter_map(|id| {
            let upload = session.uploads.find(id).map(|upload| upload.view());
            upload.or_else(|| of_row.iter().find(|file| file.id == *id).cloned())
        })
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
    let mut response = page::render(
        web,
        visitor,
        request,
        page::Told {
            retry,
            ..page::Told::default()
        },
    )
    .await;
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
    let form_max_bytes = max_bytes.saturating_mul(2).max(256 << 20);
    let form = Multipart::new(body.into_data_stream(), content_type, form_max_bytes);
    let mut reader = FormReader {
        web,
        session,
        typed: Typed::default(),
        text_bytes: 0,
        file_bytes: 0,
    };
    let mut form = form.map_err(|fault| reader.fault(fault))?;
    let reading = async {
        while let Some(part) = form
            .next_part()
            .await
            .map_err(|fault| reader.fault(fault))?
        {
            match &part.file_name {
                Some(_) => reader.file(&mut form, part).await?,
                None => reader.text(&mut form, part).await?,
            }
        }
        Ok(reader.typed)
    };
    timeout_at(body::upload_deadline(), reading)
        .await
        .map_err(|_| Fault::BrokenUpload)?
}

type Form = Multipart<BodyDataStream>;

struct FormReader<'a> {
    web: &'a Web,
    session: &'a LiveSession,
    typed: Typed,
    text_bytes: usize,
    file_bytes: u64,
}

impl FormReader<'_> {
    /// What is wrong with a form.
    fn fault(&self, fault: FormFault) -> Fault {
        match fault {
            FormFault::Broken => Fault::BrokenUpload,
            FormFault::Malformed => Fault::Malformed,
            FormFault::TooLarge => Fault::TooLarge {
                max_bytes: self.web.config.upload_max_bytes,
            },
        }
    }

    async fn text(&mut self, form: &mut Form, part: PartHead) -> Result<(), Fault> {
        let mut value = Vec::new();
        while let Some(bytes) = form.chunk().await.map_err(|fault| self.fault(fault))? {
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
            .push((part.name, String::from_utf8_lossy(&value).into_owned()));
        Ok(())
    }

    async fn file(&mut self, form: &mut Form, part: PartHead) -> Result<(), Fault> {
        let file_name = part.file_name.unwrap_or_default();
        // A file field that was left empty, or a file behind one that was refused.
        if file_name.is_empty() || part.name != "attachment" || self.typed.fault.is_some() {
            return self.drop_rest(form).await;
        }
        let name = clean_file_name(&file_name);
        let media_type = clean_media_type(&part.media_type);
        let max_bytes = self.web.config.upload_max_bytes;
        let sizes = Sizes {
            expected_bytes: 0,
            max_bytes: max_bytes.saturating_sub(self.file_bytes),
        };
        let stored = {
            let mut bytes = pin!(stream::try_unfold(&mut *form, |form| async move {
                Ok::<_, PartFault>(form.chunk().await.map_err(PartFault)?.map(|b| (b, form)))
            }));
            upload::to_spool(
                self.web,
                self.session,
                &mut bytes,
                (name, media_type),
                sizes,
            )
            .await
        };
        match stored {
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
                self.drop_rest(form).await
            }
        }
    }

    /// Reads and drops the rest of a part: the form as a whole is bounded.
    async fn drop_rest(&self, form: &mut Form) -> Result<(), Fault> {
        let dropping = async {
            while form.chunk().await?.is_some() {}
            Ok(())
        };
        match timeout_at(Instant::now() + DROP_WITHIN, dropping).await {
            Ok(dropped) => dropped.map_err(|fault| self.fault(fault)),
            Err(_) => Err(Fault::BrokenUpload),
        }
    }
}

/// A fault of the form within a file.
struct PartFault(FormFault);

impl fmt::Display for PartFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}
