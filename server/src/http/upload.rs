//! `GET {base}/upload/{file}`: the bytes of a picture in a text that is being written.
//!
//! `POST {base}/upload`: stores one file, sent as a raw body, in the spool.
//!
//! `X-File-Name` holds its name, percent-encoded; `Content-Type` its type. The response is an
//! `UploadView` whose id goes into the draft.

use std::fmt::Display;
use std::sync::Arc;

use app::api::types::{OutboxId, UploadId, UploadView};
use app::text::url;
use axum::body::Body;
use axum::extract::{Path, RawQuery, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use tokio::time::timeout_at;

use super::body::{self, Drain, field, parse_form};
use super::request_error::RequestError;
use super::visitor::Visitor;
use super::{Web, WebState, error, headers, page};
use crate::account::uploads::{Upload, clean_file_name, clean_media_type};
use crate::session::LiveSession;
use crate::store::spool::SpoolError;
use crate::views;

pub(super) async fn upload(
    State(web): State<Web>,
    Extension(visitor): Extension<Visitor>,
    request: Request,
) -> Response {
    let Some(session) = &visitor.session else {
        return error::json(RequestError::SignedOut.to_api(visitor.lang));
    };
    let (head, body) = request.into_parts();
    let drain = Drain::SIGNED_IN;
    let text = |name: &str| {
        head.headers
            .get(name)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default()
    };
    let name = clean_file_name(&url::decode(text("x-file-name")));
    let media_type = clean_media_type(text(CONTENT_TYPE.as_str()));
    let max_bytes = web.config.upload_max_bytes;
    let too_large = || error::json(RequestError::TooLarge { max_bytes }.to_api(visitor.lang));

    if !drain.allows(&head.headers) {
        let mut response = too_large();
        body::close(response.headers_mut());
        return response;
    }
    let mut stream = body.into_data_stream();
    let announced = body::content_length(&head.headers);
    if announced.is_some_and(|size| size > max_bytes) {
        drain.discard(&mut stream).await;
        let mut response = too_large();
        body::close(response.headers_mut());
        return response;
    }
    let sizes = Sizes {
        expected_bytes: announced.unwrap_or(0),
        max_bytes,
    };
    match to_spool(&web, session, &mut stream, (name, media_type), sizes).await {
        Ok(view) => {
            let mut response = Json(view).into_response();
            headers::private(response.headers_mut());
            response
        }
        Err(error) => {
            if !matches!(error, RequestError::BrokenUpload) {
                drain.discard(&mut stream).await;
            }
            let mut response = error::json(error.to_api(visitor.lang));
            body::close(response.headers_mut());
            response
        }
    }
}

/// Streams a picture of a text that is being written: a file of the session, or one of the entry
/// `?again=` that the text corrects.
pub(super) async fn picture(
    State(web): State<Web>,
    Extension(visitor): Extension<Visitor>,
    Path(file): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = parse_form(query.unwrap_or_default().as_bytes());
    let again = field(&query, "again").map(OutboxId::from);
    let found = match visitor.backend(&web) {
        Some(backend) => backend.picture(&UploadId(file), again.as_ref()).await,
        None => None,
    };
    let reader = match &found {
        Some((_, name)) => web.spool.read(name).await.ok(),
        None => None,
    };
    let Some(((media_type, _), reader)) = found.zip(reader) else {
        return page::not_found_page(&web, &visitor);
    };
    let bytes = stream::try_unfold(reader, |mut reader| async move {
        let bytes = reader.next().await?;
        Ok::<_, SpoolError>(bytes.map(|bytes| (bytes, reader)))
    });
    let mut response = Body::from_stream(bytes).into_response();
    let headers = response.headers_mut();
    headers::download(headers);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// The announced and the maximum size of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    /// The announced size; 0 if none was announced.
    pub(super) expected_bytes: u64,
    pub(super) max_bytes: u64,
}

/// Streams a file into the spool and adds it to the session. A refused file is removed.
pub(super) async fn to_spool<E: Display>(
    web: &WebState,
    session: &LiveSession,
    stream: &mut (impl Stream<Item = Result<Bytes, E>> + Unpin + Send),
    (name, media_type): (String, String),
    sizes: Sizes,
) -> Result<UploadView, RequestError> {
    let accounts = session.accounts();
    let account = accounts.first().ok_or(RequestError::SignedOut)?.key();
    if !session.uploads.has_room() {
        return Err(RequestError::TooManyFiles);
    }
    let deadline = body::upload_deadline();
    let writer = web
        .spool
        .create(account, sizes.expected_bytes, sizes.max_bytes);
    let mut writer = writer.await.map_err(to_request_error)?;
    while let Some(bytes) = timeout_at(deadline, stream.next())
        .await
        .map_err(|_| RequestError::BrokenUpload)?
    {
        let bytes = bytes.map_err(|_| RequestError::BrokenUpload)?;
        writer.write(&bytes).await.map_err(to_request_error)?;
    }
    let file = writer.finish().await.map_err(to_request_error)?;
    if session.over().is_cancelled() {
        return Err(RequestError::SignedOut);
    }
    let upload = Upload {
        file: Arc::new(file),
        name,
        media_type,
    };
    let view = views::upload_view(&upload);
    session.uploads.add(upload);
    Ok(view)
}

/// Converts a spool error.
fn to_request_error(error: SpoolError) -> RequestError {
    match error {
        SpoolError::TooLarge { max_bytes } => RequestError::TooLarge { max_bytes },
        SpoolError::AccountFull { max_bytes } => RequestError::AccountFull { max_bytes },
        SpoolError::ServerFull(cause) => {
            tracing::error!(cause, "an upload was refused: there is no room");
            RequestError::ServerFull
        }
        error => error::internal("an upload could not be written", &error),
    }
}
