//! The addresses without a folder: they lead to the first account's inbox.

use app::text::url;
use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use tower_sessions::Session;

use super::list_page::{inbox, list_at};
use super::visitor::Visitor;
use super::{Web, login, page};

/// `GET {base}/`: the first account's inbox, or the sign-in page.
pub(super) async fn root(
    State(web): State<Web>,
    Extension(visitor): Extension<Visitor>,
    session: Session,
    query: RawQuery,
) -> Response {
    match inbox(&web, &visitor) {
        Some(path) => list_at(&web, &visitor, path).await,
        None => login::show(State(web), Extension(visitor), session, query).await,
    }
}

/// `GET {base}/mail`: the first account's inbox.
pub(super) async fn mail(
    State(web): State<Web>,
    Extension(visitor): Extension<Visitor>,
) -> Response {
    match inbox(&web, &visitor) {
        Some(path) => page::see_other(&path),
        None => page::see_other(&url::login(web.base())),
    }
}
