//! A compose form posted after its session ended: its text is stored, sealed with a cookie of the
//! browser, and returns to the form once the same account has signed in.

use app::api::types::{AccountId, FormKey};
use app::routes::compose::ComposeRetry;
use app::routes::login::LoginEnd;
use app::text::url;
use axum::extract::Request;
use axum::response::Response;
use http::HeaderMap;

use super::form::{self, Poster};
use super::{PageStart, Text, address, not_sent_yet, restored_form, text_of};
use crate::domain::PostedForm;
use crate::http::body::{self, Drain};
use crate::http::connection::Exchange;
use crate::http::login::set_cookie;
use crate::http::request_error::RequestError;
use crate::http::visitor::{Visitor, cookie};
use crate::http::{Web, WebState, error, page};
use crate::session::LiveSession;
use crate::store::posted::RETENTION_MS;
use crate::store::{form_hash, now_unix_ms};

/// Maximum length of the return address in a sign-in address.
const RETURN_MAX_BYTES: usize = 1500;

/// Stores a form posted without a session, and redirects to the sign-in page, which leads back to
/// the form.
pub(in crate::http) async fn store_for_sign_in(
    web: &Web,
    visitor: &Visitor,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let exchange = head.extensions.get::<std::sync::Arc<Exchange>>().cloned();
    let poster = Poster::SignedOut(exchange);
    let parsed = form::read(web, poster, &head.headers, body).await;
    let mut response = match (parsed.account(), parsed.form()) {
        (Some(account), Some(form)) if web.sealer.is_own_form_key(&form, &account) => {
            let text = text_of(&parsed);
            let return_to = address(web.base(), &account, &text.draft);
            let posted = text.into_posted(account);
            let cookie = web.sealer.form_cookie(&form);
            let account = posted.account.clone();
            match store(web, posted, &form, &cookie).await {
                Ok(()) => to_sign_in(web, &account, return_to, &form, &cookie),
                Err(error) => page::failed(web, visitor, error.to_api(visitor.lang), None),
            }
        }
        _ if !Drain::ANONYMOUS.allows(&head.headers) => {
            let error = RequestError::RequestTooLarge {
                max_bytes: 16 << 20,
            };
            page::failed(web, visitor, error.to_api(visitor.lang), None)
        }
        _ => page::see_other(&url::login(web.base())),
    };
    if parsed.is_cut {
        body::close(response.headers_mut());
    }
    response
}

fn to_sign_in(
    web: &Web,
    account: &AccountId,
    return_to: String,
    form: &FormKey,
    cookie: &str,
) -> Response {
    let return_to = match return_to.len() > RETURN_MAX_BYTES {
        true => url::with_form(&url::compose(web.base(), account), form),
        false => return_to,
    };
    let mut response = page::see_other(&url::login_end(
        web.base(),
        LoginEnd::TextKept.word(),
        Some(&return_to),
    ));
    let rules = &web.cookie;
    let cookie = rules.posted_form(
        &cookie_name(form),
        cookie,
        &url::compose_form(web.base()),
        RETENTION_MS / 1000,
    );
    set_cookie(&mut response, &cookie);
    response
}

async fn store(
    web: &WebState,
    posted: PostedForm,
    form: &FormKey,
    cookie: &str,
) -> Result<(), RequestError> {
    let put = web
        .store
        .posted_form_put(&web.sealer, cookie, form, posted, now_unix_ms());
    match put.await {
        Ok(true) => Ok(()),
        Ok(false) => Err(RequestError::TextNotKept),
        Err(cause) => Err(error::internal("a posted form could not be kept", &cause)),
    }
}

/// Finds the text that this browser posted with this form, for the account that wrote it.
pub(super) async fn find(
    web: &Web,
    visitor: &Visitor,
    session: &LiveSession,
    headers: &HeaderMap,
    form: &FormKey,
) -> PageStart {
    let Some(posted) = open(web, headers, form).await else {
        return PageStart::Form;
    };
    if session.account(&posted.account).is_none() {
        return PageStart::OtherAccount(RequestError::OtherAccount.to_api(visitor.lang));
    }
    let (account, text) = Text::of_posted(posted);
    let form = restored_form(web, visitor, session, account, text).await;
    PageStart::Posted(Box::new(ComposeRetry {
        form,
        error: not_sent_yet(visitor),
    }))
}

async fn open(web: &WebState, headers: &HeaderMap, form: &FormKey) -> Option<PostedForm> {
    let cookie = cookie(headers, &cookie_name(form))?;
    let found = web
        .store
        .posted_form_find(&web.sealer, cookie, form, now_unix_ms());
    found.await.unwrap_or_else(|error| {
        tracing::error!(%error, "a posted form could not be read");
        None
    })
}

/// Returns a cookie name for each form, so that the forms of two tabs do not replace each other.
fn cookie_name(form: &FormKey) -> String {
    let hash = form_hash(form);
    format!("restante_form_{}", hash.get(..8).unwrap_or(&hash))
}
