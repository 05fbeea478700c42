//! Signing in and out: plain HTML forms, and one script that is optional.

use std::sync::LazyLock;

use app::api::error::ApiError;
use app::api::types::{AccountId, IncomingKind, Lang};
use app::routes::login::{
    LoginEnd, LoginForm, LoginNotice, LoginPage, SCRIPT, SCRIPT_FIELD, TlsChoice, render,
};
use app::text::url;
use axum::Extension;
use axum::extract::{RawQuery, Request, State};
use axum::response::Response;
use http::header::SET_COOKIE;
use http::{HeaderValue, StatusCode};
use mail_mime::address::Address;
use mail_net::dial::Endpoint;
use mail_net::{Recorder, TlsMode};
use mail_proto::Secret;
use tower_sessions::Session;

use super::body::{self, BodyError, Drain, Fields, field};
use super::request_error::RequestError;
use super::visitor::{LANG_COOKIE, Visitor};
use super::{Web, WebState, assets, error, headers, list_page, origin, page};
use crate::account::{AccountHandle, Incoming, Outgoing, SignIn};
use crate::config::{Config, Preset};
use crate::limits;
use crate::session::{LiveSession, row_key};
use crate::views;

/// The field in the form that adds an account to a session and keeps the others.
const ADD_FIELD: &str = "add";
/// Maximum size of the form, which has a dozen short fields.
const FORM_MAX_BYTES: usize = 64 << 10;
/// Maximum length of an address: 64 bytes before the `@` and 255 after it (RFC 5321 §4.5.3.1).
const ADDRESS_MAX_BYTES: usize = 320;
/// Maximum length of a login name.
const USER_MAX_BYTES: usize = 320;
/// Maximum length of a host name (RFC 1035 §2.3.4).
const HOST_MAX_BYTES: usize = 253;
/// Maximum length of a password.
const PASSWORD_MAX_BYTES: usize = 1024;

/// `GET {base}/login`: `?return=` is the next page, `?lang=` the language, `?end` the reason, and with
/// `?add=1` the account joins the session.
pub(super) async fn show(
    State(web): State<Web>,
    Extension(mut visitor): Extension<Visitor>,
    session: Session,
    RawQuery(query): RawQuery,
) -> Response {
    let query = body::parse_form(query.unwrap_or_default().as_bytes());
    let return_to = field(&query, "return").and_then(|path| origin::own_path(web.base(), path));
    let chosen = field(&query, "lang").and_then(Lang::from_tag);
    let is_added = field(&query, ADD_FIELD).is_some() && visitor.session.is_some();
    if let Some(lang) = chosen {
        visitor.lang = lang;
    } else if visitor.session.is_some() && !is_added {
        let location = return_to.unwrap_or_else(|| url::home(web.base()));
        return page::see_other(&location);
    }
    let notice = match field(&query, "end").and_then(LoginEnd::from_word) {
        Some(end) => Some(LoginNotice::End(end)),
        _ if visitor.session.is_none()
            && session
                .id()
                .is_some_and(|id| web.registry.was_replaced(&row_key(id))) =>
        {
            Some(LoginNotice::SessionReplaced)
        }
        _ if visitor.has_session_cookie && visitor.session.is_none() => {
            Some(LoginNotice::SessionEnded)
        }
        _ => None,
    };
    let mut login_page = empty_page(&web, &visitor, return_to);
    login_page.notice = notice;
    login_page.is_added = is_added;
    let mut response = document(&web, StatusCode::OK, login_page);
    if let Some(lang) = chosen {
        set_cookie(
            &mut response,
            &web.cookie.preference(LANG_COOKIE, lang.tag()),
        );
    }
    response
}

/// `POST {base}/login`
pub(super) async fn submit(
    State(web): State<Web>,
    Extension(mut visitor): Extension<Visitor>,
    session: Session,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let drain = Drain::of(visitor.session.is_some());
    let fields = match body::read_to_end(&head.headers, body, FORM_MAX_BYTES, drain).await {
        Ok(bytes) => body::parse_form(&bytes),
        Err(error) => {
            let error = match error {
                BodyError::TooLarge => RequestError::RequestTooLarge {
                    max_bytes: 64 << 10,
                },
                BodyError::Incomplete => RequestError::BrokenUpload,
            };
            let mut response = page::failed(&web, &visitor, error.to_api(visitor.lang), None);
            body::close(response.headers_mut());
            return response;
        }
    };
    let return_to = field(&fields, "return").and_then(|path| origin::own_path(web.base(), path));
    let mut login_page = empty_page(&web, &visitor, return_to.clone());
    login_page.form = form_from_fields(&fields);
    login_page.is_manual_open =
        !login_page.form.incoming_host.is_empty() || !login_page.form.outgoing_host.is_empty();
    let password = Secret::new(field(&fields, "password").unwrap_or_default());
    // The account is added to the session instead of replacing its accounts.
    let is_added = field(&fields, ADD_FIELD).is_some();
    login_page.is_added = is_added && visitor.session.is_some();

    let sign_in = match prepare(&web.config, &mut login_page, password) {
        Ok(Some(sign_in)) => sign_in,
        // The servers are guessed: the form shows them, and connects once it is sent again.
        Ok(None) => return document(&web, StatusCode::OK, login_page),
        Err(error) => return refused(&web, login_page, error.to_api(visitor.lang)),
    };
    match open(&web, &visitor, sign_in).await {
        Ok(account) => {
            let inbox = views::account_view(&account);
            let inbox = url::folder(web.base(), &inbox.inbox_ref(), 1);
            match begin_session(&web, &visitor, &session, account, is_added).await {
                // Without script the address of the form would stay, and a reload would send the
                // password again.
                Ok(()) if is_added => page::see_other(&return_to.unwrap_or(inbox)),
                Ok(()) if field(&fields, SCRIPT_FIELD).is_none() => {
                    page::see_other(&return_to.unwrap_or_else(|| url::home(web.base())))
                }
                Ok(()) => {
                    visitor.session = session.id().and_then(|id| web.registry.find(&row_key(id)));
                    list_page::signed_in(&web, &visitor, return_to).await
                }
                Err(error) => refused(&web, login_page, error.to_api(visitor.lang)),
            }
        }
        Err(error) => {
            // Shows the fields that can be corrected: the servers, unless only the password is
            // wrong.
            login_page.is_manual_open |= error.kind != app::api::ErrorKind::Password
                && web
                    .config
                    .preset(domain_of(&login_page.form.email))
                    .is_none();
            refused(&web, login_page, error)
        }
    }
}

/// `POST {base}/logout`: with `account`, signs that account out and keeps the session with the
/// others; without it, or if it is the only account, ends the session.
pub(super) async fn sign_out(
    State(web): State<Web>,
    Extension(visitor): Extension<Visitor>,
    session: Session,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let drain = Drain::of(visitor.session.is_some());
    // Signing out is never refused, even if the form cannot be read.
    let fields = body::read_to_end(&head.headers, body, FORM_MAX_BYTES, drain).await;
    let fields = fields.map_or_else(|_| Fields::default(), |bytes| body::parse_form(&bytes));
    if let Some(live) = &visitor.session {
        let _sign_in = live.lock_sign_in().await;
        let named = field(&fields, "account").map(AccountId::from);
        if let Some(account) = &named
            && web.registry.leave(live, account).await
        {
            delete_posted_forms(&web, account).await;
            // A sign-in that ended meanwhile has given the session a new id, which is not known
            // here: its record lists the account until the next sign-in.
            let is_current = session.id().map(row_key).as_ref() == Some(&live.key());
            let stored = async {
                store_accounts(&session, keys_of(live)).await?;
                session.save().await
            };
            if is_current && let Err(error) = stored.await {
                tracing::error!(%error, "a session could not be stored");
            }
            tracing::info!("an account was signed out");
            return page::see_other(&url::home(web.base()));
        }
        // An unknown or already removed account ends nothing.
        if named.is_some_and(|account| live.account(&account).is_none()) {
            return page::see_other(&url::home(web.base()));
        }
        for account in live.accounts().iter() {
            delete_posted_forms(&web, &account.id()).await;
        }
        web.registry.end_found(live).await;
        tracing::info!("signed out");
    }
    let mut response = page::see_other(&url::login_end(
        web.base(),
        LoginEnd::SignedOut.word(),
        None,
    ));
    set_cookie(&mut response, &web.cookie.removal());
    response
}

/// Opens the account: one attempt at the mail server, counted as failed unless it succeeds.
async fn open(
    web: &WebState,
    visitor: &Visitor,
    sign_in: SignIn,
) -> Result<AccountHandle, ApiError> {
    let login = sign_in.user.as_deref().unwrap_or(&sign_in.address);
    let account = format!("{login} {}", sign_in.incoming.host);
    let attempt = web
        .sign_ins
        .begin(&account, visitor.ip)
        .map_err(|wait| RequestError::TooManyTries(wait).to_api(visitor.lang))?;
    match web.accounts.open(sign_in, Some(visitor.ip)).await {
        Ok(account) => {
            attempt.succeeded();
            Ok(account)
        }
        Err(error) => Err(error.to_api(visitor.lang)),
    }
}

/// Starts a session with a new id: the id that the browser sent is invalid from now on.
async fn begin_session(
    web: &WebState,
    visitor: &Visitor,
    session: &Session,
    account: AccountHandle,
    is_added: bool,
) -> Result<(), RequestError> {
    let _sign_in = match &visitor.session {
        Some(live) => Some(live.lock_sign_in().await),
        None => None,
    };
    // A repeated sign-in to an account of the session, or an added account, continues the session,
    // unless it has ended meanwhile.
    let joined = visitor
        .session
        .as_ref()
        .filter(|live| web.registry.find(&live.key()).is_some())
        .filter(|live| is_added || live.account(&account.id()).is_some());
    if let Some(live) = joined
        && live.accounts().len() >= limits::SESSION_ACCOUNTS
        && live.account(&account.id()).is_none()
    {
        account.close().await;
        return Err(RequestError::TooManyAccounts);
    }
    if let Some(earlier) = visitor.session.as_ref().filter(|_| joined.is_none()) {
        web.registry.end_found(earlier).await;
    }
    let mut keys = joined.map(|live| keys_of(live)).unwrap_or_default();
    if !keys.contains(&account.key().0) {
        keys.push(account.key().0.clone());
    }
    let stored = async {
        session.cycle_id().await?;
        store_accounts(session, keys).await?;
        session.save().await
    };
    let outcome = stored.await.map_err(|e| e.to_string());
    match outcome.and_then(|()| session.id().ok_or_else(|| "no id after saving".to_owned())) {
        Ok(id) => {
            let key = row_key(id);
            let registry = &web.registry;
            let admitted = match joined {
                Some(live) => registry.join(live, key.clone(), account.clone()).await,
                None => {
                    let admitted = registry.admit(key.clone(), vec![account.clone()]);
                    admitted.await.map(drop)
                }
            };
            if admitted.is_err() {
                account.close().await;
                // A session that could not take one more account continues.
                if registry.find(&key).is_none() {
                    registry.end(&key).await;
                }
                return Err(RequestError::TooManyRequests);
            }
            tracing::info!("signed in");
            Ok(())
        }
        Err(cause) => {
            account.close().await;
            Err(error::internal("a session could not be stored", &cause))
        }
    }
}

/// Returns the keys of a session's accounts.
fn keys_of(live: &LiveSession) -> Vec<String> {
    let accounts = live.accounts();
    accounts.iter().map(|own| own.key().0.clone()).collect()
}

/// Stores a session's accounts in its record: only the keys of their rows, no credentials.
async fn store_accounts(
    session: &Session,
    keys: Vec<String>,
) -> Result<(), tower_sessions::session::Error> {
    session.insert("accounts", keys).await?;
    session.insert("kind", "browser").await
}

async fn delete_posted_forms(web: &Web, account: &AccountId) {
    if let Err(error) = web.store.posted_form_delete(account).await {
        tracing::error!(%error, "posted forms could not be deleted");
    }
}

/// Returns the sign-in that the form requests; `None` if the servers were guessed and put into
/// `login_page`.
fn prepare(
    config: &Config,
    login_page: &mut LoginPage,
    password: Secret,
) -> Result<Option<SignIn>, RequestError> {
    let form = &mut login_page.form;
    check_lengths(form, &password)?;
    let domain = domain_of(&form.email).to_ascii_lowercase();
    // An address with a local part that is not ASCII can read mail, and can send it if its outgoing
    // server has SMTPUTF8.
    if Address::parse_utf8(&form.email).is_err() {
        return Err(RequestError::Address);
    }
    if password.is_empty() {
        return Err(RequestError::Missing("password"));
    }
    if form.incoming_host.is_empty() || form.outgoing_host.is_empty() {
        let preset = config.preset(&domain);
        let is_known = preset
            .as_ref()
            .is_some_and(|p| has_servers_for(p, form.incoming));
        fill(form, &preset.unwrap_or_default(), &domain);
        if !is_known {
            login_page.is_manual_open = true;
            login_page.notice = Some(LoginNotice::Guessed { domain });
            return Ok(None);
        }
    }
    let incoming = Incoming {
        kind: form.incoming,
        host: form.incoming_host.clone(),
        port: port(&form.incoming_port, "incoming_port")?,
        tls: mode(
            config,
            &form.incoming_host,
            form.incoming_tls,
            "incoming_tls",
        )?,
    };
    let outgoing = Outgoing {
        host: form.outgoing_host.clone(),
        port: port(&form.outgoing_port, "outgoing_port")?,
        tls: mode(
            config,
            &form.outgoing_host,
            form.outgoing_tls,
            "outgoing_tls",
        )?,
    };
    let user = (!form.user.is_empty()).then(|| form.user.clone());
    Ok(Some(SignIn {
        address: form.email.clone(),
        user,
        password,
        incoming,
        outgoing,
        transcript: Recorder::new(SignIn::TRANSCRIPT_MAX_BYTES),
    }))
}

/// Rejects fields longer than any server accepts. Fields are measured after trimming.
fn check_lengths(form: &LoginForm, password: &Secret) -> Result<(), RequestError> {
    let fields = [
        ("email", form.email.len(), ADDRESS_MAX_BYTES),
        ("user", form.user.len(), USER_MAX_BYTES),
        ("password", password.expose().len(), PASSWORD_MAX_BYTES),
        ("incoming_host", form.incoming_host.len(), HOST_MAX_BYTES),
        ("outgoing_host", form.outgoing_host.len(), HOST_MAX_BYTES),
    ];
    match fields.into_iter().find(|(_, length, max)| length > max) {
        Some((field, _, max_bytes)) => Err(RequestError::TooLong { field, max_bytes }),
        None => Ok(()),
    }
}

/// Returns whether the operator's preset for a domain is sufficient for this protocol.
fn has_servers_for(preset: &Preset, kind: IncomingKind) -> bool {
    let incoming = match kind {
        IncomingKind::Imap => &preset.imap,
        IncomingKind::Pop3 => &preset.pop3,
    };
    incoming.is_some() && preset.smtp.is_some()
}

/// Fills empty fields from the preset, else with the usual names and ports.
fn fill(form: &mut LoginForm, preset: &Preset, domain: &str) {
    let (known, name, usual_port) = match form.incoming {
        IncomingKind::Imap => (&preset.imap, "imap", 993),
        IncomingKind::Pop3 => (&preset.pop3, "pop", 995),
    };
    let usual = |name: &str, port| Endpoint {
        host: format!("{name}.{domain}"),
        port,
        tls: TlsMode::Implicit,
    };
    if form.incoming_host.is_empty() {
        let endpoint = known.clone().unwrap_or_else(|| usual(name, usual_port));
        (form.incoming_host, form.incoming_port) = (endpoint.host, endpoint.port.to_string());
        form.incoming_tls = choice(endpoint.tls);
    }
    if form.outgoing_host.is_empty() {
        let endpoint = preset.smtp.clone().unwrap_or_else(|| usual("smtp", 465));
        (form.outgoing_host, form.outgoing_port) = (endpoint.host, endpoint.port.to_string());
        form.outgoing_tls = choice(endpoint.tls);
    }
}

fn port(text: &str, name: &'static str) -> Result<u16, RequestError> {
    match text.parse() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(RequestError::Port(name)),
    }
}

/// Returns the TLS mode; plain only for hosts that the operator allows.
fn mode(
    config: &Config,
    host: &str,
    choice: TlsChoice,
    name: &'static str,
) -> Result<TlsMode, RequestError> {
    match choice {
        TlsChoice::Implicit => Ok(TlsMode::Implicit),
        TlsChoice::StartTls => Ok(TlsMode::StartTls),
        TlsChoice::Plain => match config.listed(host).and_then(|u| u.tls) {
            Some(TlsMode::Plain) => Ok(TlsMode::Plain),
            _ => Err(RequestError::TlsMode(name)),
        },
    }
}

fn choice(mode: TlsMode) -> TlsChoice {
    match mode {
        TlsMode::Implicit => TlsChoice::Implicit,
        TlsMode::StartTls => TlsChoice::StartTls,
        TlsMode::Plain => TlsChoice::Plain,
    }
}

fn domain_of(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// Reads the fields as typed. A missing field counts as empty.
fn form_from_fields(fields: &Fields) -> LoginForm {
    let text = |name| field(fields, name).unwrap_or_default().trim().to_owned();
    let host = |name| text(name).trim_end_matches('.').to_ascii_lowercase();
    let tls = |name| {
        field(fields, name)
            .and_then(TlsChoice::from_value)
            .unwrap_or_default()
    };
    LoginForm {
        email: text("email"),
        user: text("user"),
        incoming: match field(fields, "incoming") {
            Some("pop3") => IncomingKind::Pop3,
            _ => IncomingKind::Imap,
        },
        incoming_host: host("incoming_host"),
        incoming_port: text("incoming_port"),
        incoming_tls: tls("incoming_tls"),
        outgoing_host: host("outgoing_host"),
        outgoing_port: text("outgoing_port"),
        outgoing_tls: tls("outgoing_tls"),
    }
}

fn empty_page(web: &WebState, visitor: &Visitor, return_to: Option<String>) -> LoginPage {
    let file = |name: &str| format!("{}/{}/{name}", web.base(), web.site.pkg_dir());
    LoginPage {
        context: visitor.page_context(web),
        js: file(&format!("{}.js", assets::OUTPUT_NAME)),
        wasm: file(&format!("{}_bg.wasm", assets::OUTPUT_NAME)),
        style: web.site.sign_in_style().map(|style| style.css.clone()),
        form: LoginForm::default(),
        is_manual_open: false,
        error: None,
        notice: None,
        demo: web.demo.clone(),
        is_plain_allowed: web
            .config
            .upstream
            .iter()
            .any(|u| u.tls == Some(TlsMode::Plain)),
        return_to,
        is_added: false,
    }
}

fn refused(web: &WebState, mut login_page: LoginPage, error: ApiError) -> Response {
    let status = match error.kind {
        app::api::ErrorKind::Busy if error.retry_after_secs.is_some() => {
            StatusCode::TOO_MANY_REQUESTS
        }
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    login_page.is_manual_open |= error
        .field
        .as_deref()
        .is_some_and(|f| !matches!(f, "email" | "password"));
    let retry_after = error.retry_after_secs;
    login_page.error = Some(error);
    let mut response = document(web, status, login_page);
    if let Some(secs) = retry_after {
        response
            .headers_mut()
            .insert(http::header::RETRY_AFTER, HeaderValue::from(secs));
    }
    response
}

fn document(web: &WebState, status: StatusCode, login_page: LoginPage) -> Response {
    static SCRIPT_SOURCE: LazyLock<String> = LazyLock::new(|| assets::csp_source(SCRIPT));
    let style = web.site.sign_in_style();
    let policy = headers::sign_in_csp(&SCRIPT_SOURCE, style.map(|style| &*style.csp_source));
    let mut response = page::plain(status, render(login_page));
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        let headers = response.headers_mut();
        headers.insert(http::header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Adds a `Set-Cookie` header.
pub(super) fn set_cookie(response: &mut Response, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}

#[cfg(test)]
mod tests;
