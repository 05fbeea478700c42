//! `GET {base}/editor`: the document of the editor of formatted text, for a frame without an origin.
//!
//! It is the same for everyone who reads the same language, so it needs no session and browsers may
//! keep it: its address names the build.

use std::sync::LazyLock;

use app::api::types::Lang;
use app::document::editor;
use axum::extract::RawQuery;
use axum::response::{Html, IntoResponse as _, Response};
use http::header::CACHE_CONTROL;

use super::body::{field, parse_form};
use super::{assets, headers};

/// The policy, with the hash of the only script.
static POLICY: LazyLock<String> =
    LazyLock::new(|| headers::editor_csp(&assets::csp_source(&editor::SCRIPT)));
/// The document in each language.
static DOCUMENTS: LazyLock<[(Lang, String); 2]> =
    LazyLock::new(|| [Lang::En, Lang::ZhCn].map(|lang| (lang, editor::document(lang))));

pub(super) async fn editor(RawQuery(query): RawQuery) -> Response {
    let query = parse_form(query.unwrap_or_default().as_bytes());
    let lang = field(&query, "lang").and_then(Lang::from_tag);
    let lang = lang.unwrap_or_default();
    let document = DOCUMENTS.iter().find(|(of, _)| *of == lang);
    let document = document.map_or("", |(_, document)| document.as_str());
    let mut response = Html(document).into_response();
    headers::frame(response.headers_mut(), &POLICY);
    headers::set(
        response.headers_mut(),
        CACHE_CONTROL,
        "private, max-age=86400",
    );
    response
}
