//! `{base}/settings/templates`: the page of the texts that an account writes again and again, and the
//! form of each.

use app::api::backend::MailBackend as _;
use app::api::error::ApiError;
use app::api::types::{AccountId, Template, TemplateId};
use app::routes::templates::{TemplatesPage, render};
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
    match done.await {
        Ok(()) => {
            let address = url::settings_templates(posted.web.base());
            page::see_other(&format!("{address}?{SAVED}"))
        }
        Err(error) => {
            let refused = Some((account, template, error));
            rendered(&posted.web, &posted.visitor, refused, false).await
        }
    }
}

async fn rendered(
    web: &Web,
    visitor: &Visitor,
    refused: Option<(AccountId, Template, ApiError)>,
    is_saved: bool,
) -> Response {
    let accounts = match visitor.backend(web) {
        Some(backend) => backend.template_list().await,
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
    let document = render(TemplatesPage {
        context: visitor.page_context(web),
        accounts,
        refused,
        is_saved,
    });
    page::plain(status, document)
}
