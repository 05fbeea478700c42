//! `GET …/part/{n}`: one part of a message, decoded and streamed.
//!
//! The sender controls type and name of the part. Only four image types are served inline, with a
//! type set by this server; all other parts are downloads of type `application/octet-stream`. With
//! `?view` documents for the browser's viewer and texts are inline too, as what [`Viewer`] says,
//! and in a sandbox: they run nothing and have no origin.

use app::text::url;
use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream;
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};

use super::body::{field, parse_form};
use super::visitor::Visitor;
use super::{Web, headers, page};
use crate::account::error::AccountError;
use crate::account::handle::PartDownload;
use crate::account::off_thread::off_thread;
use crate::account::uploads::clean_file_name;
use crate::domain::Viewer;

/// The ids in the path of a part: account, folder, message, part.
type PartPath = (String, String, String, String);

pub(super) async fn part(
    State(web): State<Web>,
    Extension(visitor): Extension<Visitor>,
    Path((account, folder, message, part)): Path<PartPath>,
    RawQuery(query): RawQuery,
) -> Response {
    let Some(handle) = visitor.account(&account) else {
        return page::not_found_page(&web, &visitor);
    };
    let (folder, message) = (folder.as_str().into(), message.as_str().into());
    let query = parse_form(query.unwrap_or_default().as_bytes());
    let is_view = field(&query, url::VIEW).is_some();
    let download = async {
        let download = handle.part(folder, message, part.as_str().into()).await?;
        match Viewer::of(&download.name, &download.media_type) {
            Some(Viewer::Picture(media_type)) => Ok(inline(media_type, download)),
            Some(Viewer::Pdf) if is_view => Ok(inline("application/pdf", download)),
            Some(Viewer::Text) if is_view => text(download).await,
            _ => Ok(saved(download)),
        }
    };
    match download.await {
        Ok(response) => response,
        Err(error) => page::failed(
            &web,
            &visitor,
            AccountError::to_api(&error, visitor.lang),
            None,
        ),
    }
}

fn inline(media_type: &'static str, download: PartDownload) -> Response {
    response(media_type, "inline", download)
}

fn saved(download: PartDownload) -> Response {
    response("application/octet-stream", "attachment", download)
}

/// Returns a text in UTF-8; a text that is too long is saved.
async fn text(mut download: PartDownload) -> Result<Response, AccountError> {
    let max_bytes = usize::try_from(Viewer::TEXT_MAX_BYTES).unwrap_or(usize::MAX);
    let mut octets = Vec::new();
    while let Some(window) = download.stream.next().await {
        octets.extend_from_slice(&window?);
        if octets.len() > max_bytes {
            let start = stream::iter([Ok(Bytes::from(octets))]);
            download.stream = start.chain(download.stream).boxed();
            return Ok(saved(download));
        }
    }
    let charset = download.charset.take();
    let text = off_thread(move || mail_mime::charset::decode(&octets, charset.as_deref())).await?;
    download.stream = stream::iter([Ok(Bytes::from(text))]).boxed();
    Ok(inline("text/plain; charset=utf-8", download))
}

fn response(media_type: &'static str, kind: &str, download: PartDownload) -> Response {
    // No Content-Length: the size from the mail server is an estimate. Without it the browser
    // reports an interrupted download as failed.
    let mut response = Body::from_stream(download.stream).into_response();
    let headers = response.headers_mut();
    headers::download(headers);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    if let Ok(value) = HeaderValue::from_str(&disposition(kind, &download.name)) {
        headers.insert(CONTENT_DISPOSITION, value);
    }
    response
}

/// Returns `Content-Disposition` with the name in both forms (RFC 6266 §4.1, appendix D).
pub(super) fn disposition(kind: &str, name: &str) -> String {
    let name = clean_file_name(name);
    let plain = |c: char| {
        if c.is_ascii_graphic() && !"\"\\%".contains(c) || c == ' ' {
            c
        } else {
            '_'
        }
    };
    let ascii: String = name.chars().map(plain).collect();
    format!(
        "{kind}; filename=\"{ascii}\"; filename*=UTF-8''{}",
        url::encode(&name)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_told_in_both_forms() {
        assert_eq!(
            disposition("attachment", "报价 1.pdf"),
            "attachment; filename=\"__ 1.pdf\"; filename*=UTF-8''%E6%8A%A5%E4%BB%B7%201.pdf"
        );
    }

    #[test]
    fn a_name_cannot_leave_its_quotes_or_its_header() {
        for name in ["a\".html\"; x=\"", "a\r\nSet-Cookie: x=y", "a\\\"b", "%22"] {
            let value = disposition("attachment", name);
            assert!(HeaderValue::from_str(&value).is_ok(), "{value:?}");
            assert_eq!(value.matches('"').count(), 2, "{value}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_name_makes_one_valid_header(name in ".{0,40}") {
            let value = disposition("attachment", &name);
            proptest::prop_assert!(HeaderValue::from_str(&value).is_ok());
            proptest::prop_assert_eq!(value.matches('"').count(), 2);
        }
    }
}
