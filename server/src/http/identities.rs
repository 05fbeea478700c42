//! `{base}/settings/identities`: the page of the names and addresses that an account sends as, and
//! the form of each.

use app::api::types::{AccountId, AccountIdentities, Identity, IdentityId};
use app::routes::identities::render;
use app::text::url;
use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::Web;
use super::body::field;
use super::forms::Posted;
use super::settings_page::SettingsPage;
use super::visitor::Visitor;

const PAGE: SettingsPage<AccountIdentities, (AccountId, Identity)> = SettingsPage {
    address: url::settings_identities,
    list: |backend| backend.identity_list(),
    render,
};

/// `?saved` says that a form was saved.
pub(super) async fn show(
    State(web): State<Web>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Response {
    PAGE.show(&web, &visitor, query.as_deref()).await
}

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
    let done = done.await;
    PAGE.answer(&posted, done, (account, identity)).await
}
