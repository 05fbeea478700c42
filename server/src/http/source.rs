//! `GET …/source`: streams the raw message as text.

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::header::CONTENT_TYPE;

use super::message_body::MessagePath;
use super::visitor::Visitor;
use super::{Web, headers, page};

pub(super) async fn source(
    State(web): State<Web>,
    Extension(visitor): Extension<Visitor>,
    Path((account, folder, message)): Path<MessagePath>,
) -> Response {
    let Some(handle) = visitor.account(&account) else {
        return page::not_found_page(&web, &visitor);
    };
    match handle
        .source(folder.as_str().into(), message.as_str().into())
        .await
    {
        Ok(stream) => {
            let mut response = Body::from_stream(stream).into_response();
            let headers = response.headers_mut();
            headers::download(headers);
            headers::set(headers, CONTENT_TYPE, "text/plain; charset=utf-8");
            response
        }
        Err(error) => page::failed(&web, &visitor, error.to_api(visitor.lang), None),
    }
}
