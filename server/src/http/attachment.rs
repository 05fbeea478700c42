//! `GET …/part/{n}`: one part of a message, decoded and streamed.
//!
//! The sender controls type and name of the part. Only four image types are served inline, with a
//! type set by this server; all other parts are downloads of type `application/octet-stream`.

use app::text::url;
use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};

use super::visitor::Visitor;
use super::{Web, headers, page};
use crate::account::uploads::clean_file_name;

const INLINE: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/// The ids in the path of a part: account, folder, message, part.
type PartPath = (String, String, String, String);

pub(super) async fn part(
    State(web): State<Web>,
    Extension(visitor): Extension<Visitor>,
    Path((account, folder, message, part)): Path<PartPath>,
) -> Response {
    let Some(handle) = visitor.account(&account) else {
        return page::not_found_page(&web, &visitor);
    };
    let (folder, message) = (folder.as_str().into(), message.as_str().into());
    match handle.part(folder, message, part.as_str().into()).await {
        Ok(download) => {
            // No Content-Length: the size from the mail server is an estimate. Without it the
            // browser reports an interrupted download as failed.
            let mut response = Body::from_stream(download.stream).into_response();
            let headers = response.headers_mut();
            headers::download(headers);
            let inline = INLINE
                .into_iter()
                .find(|t| download.media_type.eq_ignore_ascii_case(t));
            let media_type = inline.unwrap_or("application/octet-stream");
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
            let kind = if inline.is_some() {
                "inline"
            } else {
                "attachment"
            };
            if let Ok(value) = HeaderValue::from_str(&disposition(kind, &download.name)) {
                headers.insert(CONTENT_DISPOSITION, value);
            }
            response
        }
        Err(error) => page::failed(&web, &visitor, error.to_api(visitor.lang), None),
    }
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
