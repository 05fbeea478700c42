//! `POST {base}/compose`: the compose form without script. Reads the text fields and streams the
//! attachments to the spool. A form that cannot be accepted is shown again with the text as typed.

mod form;
mod posted;

use std::time::Duration;

use app::api::backend::MailBackend;
use app::api::error::ApiError;
use app::api::types::{
    AccountId, AttachmentView, ComposeForm, ComposeKind, Draft, DraftResult, FormKey, Identity,
    PartId, UploadId,
};
use app::routes::compose::ComposeRetry;
use app::text::url;
use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::Method;
use http::request::Parts;

use self::form::{ParsedForm, Poster};
use super::body::{self, field, parse_form};
use super::request_error::RequestError;
use super::visitor::Visitor;
use super::{Web, error, page};
use crate::domain::PostedForm;
use crate::session::LiveSession;
use crate::views;

pub(super) use self::posted::store_for_sign_in;

/// How long the response waits for the first delivery attempt. Without script the next page does
/// not update itself.
const FIRST_ATTEMPT_WAIT: Duration = Duration::from_secs(2);

pub(super) async fn submit(
    State(web): State<Web>,
    Extension(visitor): Extension<Visitor>,
    request: Request,
) -> Response {
    let (Some(session), Some(backend)) = (&visitor.session, visitor.backend(&web)) else {
        return page::see_other(&url::login(web.base()));
    };
    let (head, body) = request.into_parts();
    let parsed = form::read(&web, Poster::Session(session), &head.headers, body).await;
    let error = parsed.error(visitor.lang);
    let account = own_account(session, parsed.account());
    let mut response = match error {
        Some(error) if parsed.fields.is_empty() => page::failed(&web, &visitor, error, None),
        Some(error) => {
            render_retry(&web, &visitor, session, account, text_of(&parsed), error).await
        }
        None if field(&parsed.fields, "action") == Some("save") => {
            match backend
                .draft_save(account.clone(), parsed.draft(), false)
                .await
            {
                Ok(DraftResult::Saved(saved)) => {
                    let draft = url::compose_draft(web.base(), &saved.of(&account));
                    page::see_other(&draft)
                }
                Ok(DraftResult::ChangedElsewhere(_) | DraftResult::Gone) => {
                    // The next save makes a draft of its own.
                    let mut text = text_of(&parsed);
                    text.draft.saved = None;
                    let error = RequestError::DraftChanged.to_api(visitor.lang);
                    render_retry(&web, &visitor, session, account, text, error).await
                }
                Err(error) => {
                    render_retry(&web, &visitor, session, account, text_of(&parsed), error).await
                }
            }
        }
        None => match backend.message_send(account.clone(), parsed.draft()).await {
            Ok(outbox) => {
                backend
                    .wait_for_first_attempt(&account, &outbox, FIRST_ATTEMPT_WAIT)
                    .await;
                page::see_other(&url::outbox_entry(web.base(), &outbox))
            }
            Err(error) => {
                render_retry(&web, &visitor, session, account, text_of(&parsed), error).await
            }
        },
    };
    if parsed.is_cut {
        body::close(response.headers_mut());
    }
    response
}

/// The text as typed, with the names of its files.
#[derive(Debug, Clone)]
struct Text {
    draft: Draft,
    /// Names of files that were selected but are not stored here.
    missing: Vec<String>,
    /// Files and parts that the form refers to: id and the name that it showed.
    named: Vec<(String, String)>,
}

impl Text {
    /// Converts the text into the form that is stored until its author has signed in again.
    fn into_posted(self, account: AccountId) -> PostedForm {
        PostedForm {
            account,
            draft: views::stored_draft(&self.draft),
            form: self.draft.form,
            files: self.draft.files,
            missing: self.missing,
            named: self.named,
        }
    }

    fn of_posted(posted: PostedForm) -> (AccountId, Self) {
        let PostedForm {
            account,
            draft: stored,
            form,
            files,
            missing,
            named,
        } = posted;
        let draft = Draft {
            form,
            files,
            ..views::draft(stored)
        };
        (
            account,
            Self {
                draft,
                missing,
                named,
            },
        )
    }
}

fn text_of(parsed: &ParsedForm) -> Text {
    let draft = parsed.draft();
    let ids = draft.uploads.iter().map(UploadId::as_str);
    let ids = ids.chain(draft.keep_parts.iter().map(PartId::as_str));
    let named = ids.filter_map(|id| Some((id.to_owned(), parsed.name_of(id)?)));
    Text {
        named: named.collect(),
        missing: parsed.missing.clone(),
        draft,
    }
}

/// Renders the compose page with the text as typed and the error.
async fn render_retry(
    web: &Web,
    visitor: &Visitor,
    session: &LiveSession,
    account: AccountId,
    mut text: Text,
    error: ApiError,
) -> Response {
    if error.field.as_deref() == Some("form") || text.draft.form.is_none() {
        // The form was already sent, or has no key: with a new key the text is another message.
        text.draft.form = web.sealer.form_key(&account).ok();
    }
    let address = address(web.base(), &account, &text.draft);
    let form = restored_form(web, visitor, session, account, text).await;
    let status = error::status(error.kind);
    let Ok(request) = Request::builder().uri(address).body(Body::empty()) else {
        return page::failed(web, visitor, error, None);
    };
    let retry = Some(ComposeRetry { form, error });
    let mut response = page::render(
        web,
        visitor,
        request,
        page::PageData {
            retry,
            ..page::PageData::default()
        },
    )
    .await;
    *response.status_mut() = status;
    response
}

/// Returns the address of a compose form.
fn address(base: &str, account: &AccountId, draft: &Draft) -> String {
    let address = match (&draft.replaces, &draft.source) {
        _ if draft.saved.is_some() => draft.saved.as_ref().map_or_else(String::new, |saved| {
            url::compose_draft(base, &saved.of(account))
        }),
        (Some(outbox), _) => url::compose_again(base, outbox),
        (None, Some(source)) => url::compose_source(base, source.kind, &source.of(account)),
        (None, None) => url::compose(base, account),
    };
    match &draft.form {
        Some(form) => url::with_form(&address, form),
        None => address,
    }
}

/// Builds a form with the text as typed, even if the message that it replies to cannot be loaded.
async fn restored_form(
    web: &Web,
    visitor: &Visitor,
    session: &LiveSession,
    account: AccountId,
    text: Text,
) -> ComposeForm {
    let Text {
        draft,
        mut missing,
        named,
    } = text;
    let initial = match (visitor.backend(web), &draft.replaces) {
        (Some(backend), Some(outbox)) => backend.compose_again(outbox.clone()).await.ok(),
        (Some(backend), None) => {
            // The messages that are forwarded as files are in the spool already.
            let source = draft.source.clone();
            let source = source.filter(|source| source.kind != ComposeKind::ForwardAttached);
            let initial = backend.compose_start(account.clone(), source, Vec::new());
            initial.await.ok()
        }
        (None, _) => None,
    };
    let name_of = |id: &str| {
        let mut named = named.iter();
        let found = named.find(|(of, _)| of == id);
        found.map_or_else(|| "file".to_owned(), |(_, name)| name.clone())
    };
    let mut form = initial.unwrap_or_else(|| {
        let address = session.account(&account).map(|a| a.address().to_owned());
        let identity = Identity {
            id: draft.identity.clone().unwrap_or_default(),
            address: address.unwrap_or_default(),
            ..Identity::default()
        };
        ComposeForm::empty(account, vec![identity], web.config.upload_max_bytes)
    });
    // Parts to forward stay in the form: the message is not sent without them.
    for part in &draft.keep_parts {
        if !form.forwarded.iter().any(|known| known.part == *part) {
            form.forwarded.push(AttachmentView {
                part: part.clone(),
                name: name_of(part.as_str()),
                media_type: String::new(),
                size_bytes: 0,
                can_view: false,
            });
        }
    }
    // Files of this session, and those of the outbox row that is edited.
    let row_files = std::mem::take(&mut form.uploads);
    for id in &draft.uploads {
        let upload = session
            .uploads
            .find(id)
            .map(|upload| views::upload_view(&upload));
        match upload.or_else(|| row_files.iter().find(|file| file.id == *id).cloned()) {
            Some(upload) => form.uploads.push(upload),
            None => missing.push(name_of(id.as_str())),
        }
    }
    form.draft = draft;
    form.cursor = 0;
    form.missing = missing;
    form
}

/// Returns the account named in the form if it belongs to the session, else the session's first.
fn own_account(session: &LiveSession, named: Option<AccountId>) -> AccountId {
    let named = named.filter(|id| session.account(id).is_some());
    named
        .or_else(|| session.accounts().first().map(|a| a.id()))
        .unwrap_or_else(|| "".into())
}

/// How a compose page starts.
pub(super) enum PageStart {
    /// With an ordinary form.
    Form,
    /// With a redirect to this address, which holds the form key: going back in the browser's
    /// history leads to the same form.
    Redirect(String),
    /// With a text that was stored until its author signed in.
    Posted(Box<ComposeRetry>),
    /// With an error: the stored text belongs to another account.
    OtherAccount(ApiError),
}

/// Returns how the requested page starts, if it is a compose page.
pub(super) async fn page_start(web: &Web, visitor: &Visitor, request: &Parts) -> PageStart {
    let uri = &request.uri;
    let is_page = request.method == Method::GET && uri.path() == url::compose_form(web.base());
    let Some(session) = visitor.session.as_ref().filter(|_| is_page) else {
        return PageStart::Form;
    };
    let query = parse_form(uri.query().unwrap_or_default().as_bytes());
    match field(&query, "form") {
        Some(form) => {
            let form = FormKey(form.to_owned());
            posted::find(web, visitor, session, &request.headers, &form).await
        }
        None => {
            let named = field(&query, "account").map(AccountId::from);
            let account = own_account(session, named);
            match (web.sealer.form_key(&account), uri.path_and_query()) {
                (Ok(form), Some(address)) => {
                    PageStart::Redirect(url::with_form(address.as_str(), &form))
                }
                _ => PageStart::Form,
            }
        }
    }
}

/// Returns the error shown beside a text that was stored until the sign-in.
fn not_sent_yet(visitor: &Visitor) -> ApiError {
    RequestError::NotSentYet.to_api(visitor.lang)
}
