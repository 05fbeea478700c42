//! Serves a message list at another address, without a redirect and its extra round trip.
//!
//! The page is the one at the list's own address, and a script replaces the address in the address
//! bar before any other script runs. Without script the address of the request stays: `/` can be
//! reloaded, and the response to a posted form is a redirect instead.

use app::text::url;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;

use super::page::{self, PageData};
use super::visitor::Visitor;
use super::{Web, WebState};
use crate::views;

/// Answers the sign-in form after a successful sign-in with script: renders the list that
/// `return_to` names, or the inbox if it is `None`. Other pages are redirected to, because a
/// message page marks its message as read only on its own request.
pub(super) async fn signed_in(web: &Web, visitor: &Visitor, return_to: Option<String>) -> Response {
    let home = url::home(web.base());
    let target = return_to.filter(|path| *path != home);
    let path = match target {
        None => inbox(web, visitor),
        Some(path) => {
            let plain = path.split_once('?').map_or(path.as_str(), |(path, _)| path);
            let is_list = url::mail_path(web.base(), plain).is_some_and(|p| p.message.is_none());
            if !is_list {
                return page::see_other(&path);
            }
            Some(path)
        }
    };
    match path {
        Some(path) => list_at(web, visitor, path).await,
        None => page::see_other(&home),
    }
}

/// Returns the address of the first account's inbox.
pub(super) fn inbox(web: &WebState, visitor: &Visitor) -> Option<String> {
    let account = views::account_view(visitor.session.as_ref()?.accounts().first()?);
    Some(url::folder(web.base(), &account.inbox_ref(), 1))
}

/// Renders the page at `path`, a path of this server.
pub(super) async fn list_at(web: &Web, visitor: &Visitor, path: String) -> Response {
    let Ok(request) = Request::builder().uri(&path).body(Body::empty()) else {
        return page::see_other(&url::home(web.base()));
    };
    let data = PageData {
        flash: page::flash_of(web, visitor).await,
        address: Some(path),
        ..PageData::default()
    };
    page::render(web, visitor, request, data).await
}
