//! `GET …/body`: the sanitized HTML of a message, a separate document for a sandboxed frame.

use app::api::types::{AccountId, FolderId, FolderRef, MessageId, PartId};
use app::document::frame_note;
use app::text::url::{self, Shown};
use axum::Extension;
use axum::extract::{Path, RawQuery, State};
use axum::response::{Html, IntoResponse as _, Response};
use http::{HeaderMap, StatusCode};

use super::body::{field, parse_form};
use super::visitor::Visitor;
use super::{Web, error, headers, origin};

/// The ids in the path of a message: account, folder, message.
pub(super) type MessagePath = (String, String, String);

/// `?images=once` allows remote images for this request, `?scheme=light` asks for the sender's
/// colours.
pub(super) async fn message_body(
    State(web): State<Web>,
    Extension(visitor): Extension<Visitor>,
    Path((account, folder, message)): Path<MessagePath>,
    RawQuery(query): RawQuery,
    request: HeaderMap,
) -> Response {
    let query = parse_form(query.unwrap_or_default().as_bytes());
    let shown = Shown::of_query(|name| field(&query, name).map(str::to_owned));
    let message = FolderRef {
        account: AccountId(account),
        folder: FolderId(folder),
    }
    .message(MessageId(message));
    let origin = origin::own_origin(&request, &web.config).unwrap_or_default();
    let none = PartId(String::new());
    let parts = format!("{origin}{}", url::part(web.base(), &message, &none));
    let policy = headers::frame_csp(&parts, shown.images);

    let Some(backend) = visitor.backend(&web) else {
        return document(StatusCode::UNAUTHORIZED, String::new(), &policy);
    };
    match backend.body_document(&message, shown).await {
        Ok(html) => document(StatusCode::OK, html, &policy),
        Err(error) => {
            let error = error.to_api(visitor.lang);
            let status = error::status(error.kind);
            document(status, frame_note(&error.to_string()), &policy)
        }
    }
}

fn document(status: StatusCode, html: String, policy: &str) -> Response {
    let mut response = (status, Html(html)).into_response();
    headers::frame(response.headers_mut(), policy);
    response
}
