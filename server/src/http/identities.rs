//! `{base}/settings/identities`: the page of the names and addresses that an account sends as, and
//! the form of each.

use app::api::backend::MailBackend as _;
use app::api::error::ApiError;
use app::api::types::{AccountId, Identity, IdentityId};
use app::routes::identities::{IdentitiesPage, render};
use app::text::url;
use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::StatusCode;

use super::body::field;
use super::forms::Posted;
use super::visitor::Visitor;
use super::{Web, error, page};

/// `?saved` says that a form was saved.
pub(super) async fn show(
    State(web): State<Web>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Response {
    let is_saved = query.as_deref() == Some(SAVED);
    rendered(&web, &visitor, None, is_saved).await
}

const SAVED: &str = "saved";

/// `POST`: `account`, `identity` (empty for a new one), `name`, `address`, `reply_to`, `signature`,
/// `copied`, `default`, `action` (`save` or `delete`). A refused form is shown again as typed.
pub(super) async fn submit(posted: Posted) -> Response {
    let text = |name| field(&posted.fields, name).unwrap_or_default().to_owned();
    let account = AccountId(text("account"));
    let identity = Identity {
        id: IdentityId(text("identity")),
        name: text("name"),
        address: text("address"),
        reply_to: text("reply_to"),
        signature: text("signature"),
        is_copied: field(&posted.fields, "copied").is_some(),
        is_default: field(&posted.fields, "default").is_some(),
    };
    let backend = &posted.backend;
    let done = match text("action").as_str() {
        "delete" => backend.identity_delete(account.clone(), identity.id.clone()),
        _ => backend.identity_save(account.clone(), identity.clone()),
    };
    match done.await {
        Ok(()) => {
            let address = url::settings_identities(posted.web.base());
            page::see_other(&format!("{address}?{SAVED}"))
        }
        Err(error) => {
            let refused = Some((account, identity, error));
            rendered(&posted.web, &posted.visitor, refused, false).await
        }
    }
}

async fn rendered(
    web: &Web,
    visitor: &Visitor,
    refused: Option<(AccountId, Identity, ApiError)>,
    is_saved: bool,
) -> Response {
    let accounts = match visitor.backend(web) {
        Some(backend) => backend.identity_list().await,
        None => return page::see_other(&url::login(web.base())),
    };
    let accounts = match accounts {
        Ok(accounts) => accounts,
        Err(error) => return page::failed(web, visitor, error, None),
    };
    let status = match &refused {
        Some((_, _, error)) => error::status(error.kind),
        None => StatusCode::OK,
    };
    let document = render(IdentitiesPage {
        context: visitor.page_context(web),
        accounts,
        refused,
        is_saved,
    });
    page::plain(status, document)
}
