//! `GET {base}/outbox/{id}/transcript`: the page of an entry's transcript, and
//! `GET {base}/outbox/{id}/transcript.txt`: the same as text.

use app::api::types::{OutboxEntry, OutboxId};
use app::routes::transcript::{Transcript, TranscriptPage, render, text};
use app::text::url;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;

use super::visitor::Visitor;
use super::{Web, headers, page};

/// The page. An entry without a transcript says so.
pub(super) async fn show(
    State(web): State<Web>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
) -> Response {
    match found(&web, &visitor, id).await {
        Ok((entry, transcript)) => {
            let document = render(TranscriptPage {
                context: visitor.page_context(&web),
                entry,
                transcript,
            });
            page::plain(StatusCode::OK, document)
        }
        Err(response) => response,
    }
}

/// The text; 404 if there is no transcript.
pub(super) async fn download(
    State(web): State<Web>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
) -> Response {
    match found(&web, &visitor, id).await {
        Ok((_, Some(transcript))) => {
            let mut response = text(&transcript).into_response();
            let headers = response.headers_mut();
            headers::download(headers);
            headers::set(headers, CONTENT_TYPE, "text/plain; charset=utf-8");
            response
        }
        Ok((_, None)) => page::not_found_page(&web, &visitor),
        Err(response) => response,
    }
}

/// Returns an entry and its transcript, or the response that says why it cannot be shown.
async fn found(
    web: &Web,
    visitor: &Visitor,
    id: String,
) -> Result<(OutboxEntry, Option<Transcript>), Response> {
    let Some(backend) = visitor.backend(web) else {
        return Err(page::see_other(&url::login(web.base())));
    };
    let found = backend.outbox_transcript(&OutboxId(id)).await;
    found.map_err(|error| {
        let back = Some(url::outbox(web.base()));
        page::failed(web, visitor, error.to_api(visitor.lang), back)
    })
}
