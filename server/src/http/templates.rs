//! `{base}/settings/templates`: the page of the texts that an account writes again and again, and the
//! form of each.

use app::api::types::{AccountId, AccountTemplates, Template, TemplateId};
use app::routes::templates::render;
use app::text::url;
use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::Web;
use super::body::field;
use super::forms::Posted;
use super::settings_page::SettingsPage;
use super::visitor::Visitor;

const PAGE: SettingsPage<AccountTemplates, (AccountId, Template)> = SettingsPage {
    address: url::settings_templates,
    list: |backend| backend.template_list(),
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

/// `POST`: `account`, `template` (empty for a new one), `name`, `subject`, `text`, `action` (`save` or
/// `delete`). A refused form is shown again as typed.
pub(super) async fn submit(posted: Posted) -> Response {
    let text = |name| field(&posted.fields, name).unwrap_or_default().to_owned();
    let account = AccountId(text("account"));
    let template = Template {
        id: TemplateId(text("template")),
        name: text("name"),
        subject: text("subject"),
        text: text("text"),
    };
    let backend = &posted.backend;
    let done = match text("action").as_str() {
        "delete" => backend.template_delete(account.clone(), template.id.clone()),
        _ => backend.template_save(account.clone(), template.clone()),
    };
    let done = done.await;
    PAGE.answer(&posted, done, (account, template)).await
}
