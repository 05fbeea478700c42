//! The pages of the settings that have forms for every account: plain HTML, shown again with what was
//! typed if a form is refused.

use app::api::backend::{BackendFuture, MailBackend};
use app::api::error::ApiError;
use app::routes::plain_page::AccountsPage;
use app::text::url;
use axum::response::Response;
use http::StatusCode;

use super::forms::Posted;
use super::visitor::Visitor;
use super::{Web, error, page};

const SAVED: &str = "saved";

/// A page: what it lists of each account, and what a refused form holds.
pub(super) struct SettingsPage<T, E> {
    /// Returns its URL.
    pub(super) address: fn(&str) -> String,
    pub(super) list: for<'b> fn(&'b dyn MailBackend) -> BackendFuture<'b, Vec<T>>,
    pub(super) render: fn(AccountsPage<T, E>) -> String,
}

impl<T, E> SettingsPage<T, E> {
    /// Shows the page; the query `saved` says that a form was saved.
    pub(super) async fn show(&self, web: &Web, visitor: &Visitor, query: Option<&str>) -> Response {
        self.rendered(web, visitor, None, query == Some(SAVED))
            .await
    }

    /// Answers a posted form: leads to the page, or shows the refused form as it was typed.
    pub(super) async fn answer(
        &self,
        posted: &Posted,
        done: Result<(), ApiError>,
        typed: E,
    ) -> Response {
        let (web, visitor) = (&posted.web, &posted.visitor);
        match done {
            Ok(()) => {
                let address = (self.address)(web.base());
                page::see_other(&format!("{address}?{SAVED}"))
            }
            Err(error) => {
                let refused = Some((typed, error));
                self.rendered(web, visitor, refused, false).await
            }
        }
    }

    async fn rendered(
        &self,
        web: &Web,
        visitor: &Visitor,
        refused: Option<(E, ApiError)>,
        is_saved: bool,
    ) -> Response {
        let accounts = match visitor.backend(web) {
            Some(backend) => (self.list)(&*backend).await,
            None => return page::see_other(&url::login(web.base())),
        };
        let accounts = match accounts {
            Ok(accounts) => accounts,
            Err(error) => return page::failed(web, visitor, error, None),
        };
        let status = match &refused {
            Some((_, error)) => error::status(error.kind),
            None => StatusCode::OK,
        };
        let document = (self.render)(AccountsPage {
            context: visitor.page_context(web),
            accounts,
            refused,
            is_saved,
        });
        page::plain(status, document)
    }
}
