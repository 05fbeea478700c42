//! The sign-in page: plain HTML with one optional script.

use std::borrow::Cow;

use leptos::prelude::*;

use crate::api::error::ApiError;
use crate::api::types::IncomingKind;
use crate::document::{self, Inline};
use crate::mail::form::Hidden;
use crate::page::PageContext;
use crate::text::url;
use crate::ui::Icon;

/// The encryption of a connection, as the form names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TlsChoice {
    /// TLS from the first byte: `implicit`.
    #[default]
    Implicit,
    /// TLS after STARTTLS or STLS: `starttls`.
    StartTls,
    /// None: `plain`. Offered only where the operator allows it.
    Plain,
}

impl TlsChoice {
    /// Returns the value of the form field.
    pub fn value(self) -> &'static str {
        match self {
            Self::Implicit => "implicit",
            Self::StartTls => "starttls",
            Self::Plain => "plain",
        }
    }

    /// Parses the value of the form field.
    pub fn from_value(value: &str) -> Option<Self> {
        [Self::Implicit, Self::StartTls, Self::Plain]
            .into_iter()
            .find(|choice| choice.value() == value)
    }
}

/// The typed fields without the password, which is never sent back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginForm {
    /// `email`
    pub email: String,
    /// `user`: empty if it equals the address.
    pub user: String,
    /// `incoming`
    pub incoming: IncomingKind,
    /// `incoming_host`
    pub incoming_host: String,
    /// `incoming_port`, as typed.
    pub incoming_port: String,
    /// `incoming_tls`
    pub incoming_tls: TlsChoice,
    /// `outgoing_host`
    pub outgoing_host: String,
    /// `outgoing_port`, as typed.
    pub outgoing_port: String,
    /// `outgoing_tls`
    pub outgoing_tls: TlsChoice,
}

impl Default for LoginForm {
    fn default() -> Self {
        Self {
            email: String::new(),
            user: String::new(),
            incoming: IncomingKind::Imap,
            incoming_host: String::new(),
            incoming_port: String::new(),
            incoming_tls: TlsChoice::Implicit,
            outgoing_host: String::new(),
            outgoing_port: String::new(),
            outgoing_tls: TlsChoice::Implicit,
        }
    }
}

/// The reason why the user was led to the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginNotice {
    /// The reason that the URL names.
    End(LoginEnd),
    /// The session ended.
    SessionEnded,
    /// The session ended because a newer session of the same account replaced it.
    SessionReplaced,
    /// The servers of the address are unknown: the fields hold a guess, and no connection was
    /// attempted.
    Guessed {
        /// The domain of the address.
        domain: String,
    },
}

/// The reason in the URL of the page (`end`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginEnd {
    /// The user signed out.
    SignedOut,
    /// The request was not performed because its session had ended.
    NotDone,
    /// The same, and the text that the user wrote is stored.
    TextKept,
}

impl LoginEnd {
    /// Returns the value in the URL.
    pub fn word(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::NotDone => "not_done",
            Self::TextKept => "text_kept",
        }
    }

    /// Parses the value in the URL.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::SignedOut, Self::NotDone, Self::TextKept]
            .into_iter()
            .find(|end| end.word() == word)
    }
}

/// The public mailbox of the demo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoMailbox {
    /// Its address.
    pub address: String,
    /// Its password, which is public.
    pub password: String,
}

/// The form field that reports that script runs: the server may then respond with the mailbox page
/// directly.
pub const SCRIPT_FIELD: &str = "script";

/// The page's only script, allowed by its hash. It sends the time zone to the server before the
/// first list is rendered, as `state::prefs` does for the pages of the app, and reports that script
/// runs. It waits for the first frame: determining the zone takes 60 ms on a phone.
pub const SCRIPT: &str = "(d=>requestAnimationFrame(()=>setTimeout(()=>{let z=Intl.DateTimeFormat().resolvedOptions().timeZone;\
if(z)d.cookie='restante_zone='+encodeURIComponent(z)+';path='+(d.documentElement.dataset.base||'/')\
+';max-age=31536000;samesite=lax';\
for(let f of d.querySelectorAll('[name=script]'))f.disabled=false})))(document)";

/// The content of the sign-in page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginPage {
    /// Base, language, theme and assets.
    pub context: PageContext,
    /// The path of the script that the next page loads, for prefetching (`{base}/a/…/restante.js`).
    pub js: String,
    /// The path of the WebAssembly that the next page loads, for prefetching.
    pub wasm: String,
    /// The page's own style sheet; if `None`, the app's is linked.
    pub style: Option<String>,
    /// The typed fields.
    pub form: LoginForm,
    /// Whether the section with the servers is expanded.
    pub is_manual_open: bool,
    /// The error of the attempt. `field` names one of the form's fields, `reply` is the server's
    /// reply.
    pub error: Option<ApiError>,
    /// The notice about why the page is shown.
    pub notice: Option<LoginNotice>,
    /// The demo's mailbox, if there is one.
    pub demo: Option<DemoMailbox>,
    /// Whether unencrypted connections may be chosen.
    pub is_plain_allowed: bool,
    /// The path after sign-in (`return`), already checked to be one of this product.
    pub return_to: Option<String>,
    /// Whether the account joins those of the session (`add`).
    pub is_added: bool,
}

/// Renders the document.
pub fn render(page: LoginPage) -> String {
    Owner::new().with(|| {
        provide_context(page.context.clone());
        let lang = page.context.lang;
        let (js, wasm) = (page.js.clone(), page.wasm.clone());
        let css = url::asset(&page.context.base, &page.context.css);
        document::plain(
            &lang.login_title(),
            Inline {
                style: page.style.clone(),
                script: Some(SCRIPT),
            },
            move || {
                view! {
                    <link rel="prefetch" href=css r#as="style" />
                    <link rel="modulepreload" href=js />
                    <link
                        rel="prefetch"
                        href=wasm
                        r#as="fetch"
                        r#type="application/wasm"
                        crossorigin="anonymous"
                    />
                }
            },
            view! { <SignIn page=page /> },
        )
    })
}

#[component]
fn SignIn(page: LoginPage) -> impl IntoView {
    let lang = page.context.lang;
    let action = url::login(&page.context.base);
    let invalid_field = page.error.as_ref().and_then(|error| error.field.clone());
    let invalid = |field: &str| (invalid_field.as_deref() == Some(field)).then_some("true");
    let return_to = page.return_to.clone();
    let is_added = page.is_added;
    let kept_fields = move || {
        view! {
            {return_to.clone().map(|path| view! { <Hidden name="return" value=path /> })}
            {is_added.then(|| view! { <Hidden name="add" value="1" /> })}
        }
    };
    let (title, lead) = match is_added {
        true => (lang.add_account(), lang.add_account_lead()),
        false => (lang.login_title(), lang.login_lead()),
    };
    let lang_url = move |tag: &str| match is_added {
        true => format!("?add=1&lang={tag}"),
        false => format!("?lang={tag}"),
    };
    let home = url::home(&page.context.base);
    view! {
        <main class="login">
            <div class="login-card">
                <form class="login-form" action=action.clone() method="post">
                    <span class="brand">
                        <Icon name="logo" />
                        <span>"Restante"</span>
                    </span>
                    <h1>{title}</h1>
                    <p class="lead">{lead}</p>
                    {page.notice.clone().map(|notice| view! { <Note notice=notice /> })}
                    {page.error.clone().map(|error| view! { <SignInError error=error /> })}
                    {kept_fields()}
                    <ScriptRuns />
                    <div class="field">
                        <label for="email">{lang.login_email()}</label>
                        <input
                            class="input"
                            id="email"
                            name="email"
                            type="email"
                            autocomplete="username"
                            inputmode="email"
                            enterkeyhint="next"
                            required
                            value=page.form.email.clone()
                            aria-invalid=invalid("email")
                        />
                    </div>
                    <div class="field">
                        <label for="password">{lang.login_password()}</label>
                        <input
                            class="input"
                            id="password"
                            name="password"
                            type="password"
                            autocomplete="current-password"
                            enterkeyhint="go"
                            required
                            aria-invalid=invalid("password")
                        />
                    </div>
                    <Servers
                        form=page.form.clone()
                        is_open=page.is_manual_open
                        is_plain_allowed=page.is_plain_allowed
                        invalid_field=invalid_field.clone()
                    />
                    <button class="btn btn-primary btn-wide">{lang.login_submit()}</button>
                    {is_added
                        .then(|| {
                            view! {
                                <a class="btn btn-wide" href=home>
                                    {lang.back_to_mail()}
                                </a>
                            }
                        })}
                </form>
                {page
                    .demo
                    .clone()
                    .map(|demo| {
                        view! {
                            <form class="login-demo" action=action method="post">
                                <div class="or">{lang.login_or()}</div>
                                <Hidden name="email" value=demo.address.clone() />
                                <Hidden name="password" value=demo.password />
                                {kept_fields()}
                                <ScriptRuns />
                                <button class="btn btn-line btn-wide">{lang.login_demo()}</button>
                                <p class="hint">{demo.address}</p>
                            </form>
                        }
                    })}
            </div>
            <footer class="login-foot">
                <a href=lang_url("en") lang="en">
                    "English"
                </a>
                <a href=lang_url("zh-CN") lang="zh-CN">
                    "简体中文"
                </a>
            </footer>
        </main>
    }
    .into_any()
}

/// The field that [`SCRIPT`] enables; browsers do not send a disabled field.
#[component]
fn ScriptRuns() -> impl IntoView {
    view! { <input type="hidden" name=SCRIPT_FIELD value="1" disabled /> }
}

/// The notice about why the page is shown.
#[component]
fn Note(notice: LoginNotice) -> impl IntoView {
    let lang = PageContext::expect().lang;
    let (title, text) = match notice {
        LoginNotice::End(LoginEnd::SignedOut) => (lang.login_signed_out(), "".into()),
        LoginNotice::End(LoginEnd::NotDone) => (lang.error_signed_out(), lang.login_not_done()),
        LoginNotice::End(LoginEnd::TextKept) => (lang.error_signed_out(), lang.login_text_kept()),
        LoginNotice::SessionEnded => (lang.error_signed_out(), lang.error_signed_out_fix()),
        LoginNotice::SessionReplaced => (lang.error_signed_out(), lang.login_session_replaced()),
        LoginNotice::Guessed { domain } => (lang.login_guessed(domain), lang.login_guessed_fix()),
    };
    view! {
        <div class="callout info" role="status">
            <Icon name="info" />
            <b>{title}</b>
            <p>{text}</p>
        </div>
    }
    .into_any()
}

/// The error: cause, fix, the server's reply.
#[component]
fn SignInError(error: ApiError) -> impl IntoView {
    let lang = PageContext::expect().lang;
    // Shown only if the server was contacted.
    let was_server_contacted = error.reply.is_some();
    view! {
        <div class="callout bad" role="alert">
            <Icon name="alert" />
            <b>{error.cause}</b>
            {(!error.fix.is_empty()).then(|| view! { <p>{error.fix}</p> })}
            {error.reply.map(|reply| view! { <pre dir="ltr">{reply}</pre> })}
            {was_server_contacted.then(|| view! { <p class="muted">{lang.login_one_try()}</p> })}
            {(!error.ref_id.is_empty())
                .then(|| view! { <p class="muted">{lang.error_reference(error.ref_id)}</p> })}
        </div>
    }
    .into_any()
}

/// The fields for entering the servers.
#[component]
fn Servers(
    form: LoginForm,
    is_open: bool,
    is_plain_allowed: bool,
    invalid_field: Option<String>,
) -> impl IntoView {
    let lang = PageContext::expect().lang;
    let kind = |value: IncomingKind, form_value: &'static str, label: &'static str| {
        view! {
            <label>
                <input
                    type="radio"
                    name="incoming"
                    value=form_value
                    checked=form.incoming == value
                />
                {label}
            </label>
        }
    };
    let invalid = |field: &str| (invalid_field.as_deref() == Some(field)).then_some("true");
    view! {
        <details class="fold" open=is_open>
            <summary>
                <Icon name="right" class="i-dir" />
                {lang.login_by_hand()}
            </summary>
            <div class="fold-in">
                <div class="seg" role="radiogroup" aria-label=lang.login_protocol()>
                    {kind(IncomingKind::Imap, "imap", "IMAP")}
                    {kind(IncomingKind::Pop3, "pop3", "POP3")}
                </div>
                <div class="field">
                    <span class="lbl">{lang.login_incoming()}</span>
                    <div class="grid-3">
                        <Host
                            name="incoming_host"
                            label=lang.login_incoming_host()
                            value=form.incoming_host.clone()
                            invalid=invalid("incoming_host")
                        />
                        <Port
                            name="incoming_port"
                            label=lang.login_incoming_port()
                            value=form.incoming_port.clone()
                            invalid=invalid("incoming_port")
                        />
                        <Tls
                            name="incoming_tls"
                            label=lang.login_incoming_tls()
                            chosen=form.incoming_tls
                            is_plain_allowed=is_plain_allowed
                        />
                    </div>
                </div>
                <div class="field">
                    <span class="lbl">{lang.login_outgoing()}</span>
                    <div class="grid-3">
                        <Host
                            name="outgoing_host"
                            label=lang.login_outgoing_host()
                            value=form.outgoing_host.clone()
                            invalid=invalid("outgoing_host")
                        />
                        <Port
                            name="outgoing_port"
                            label=lang.login_outgoing_port()
                            value=form.outgoing_port.clone()
                            invalid=invalid("outgoing_port")
                        />
                        <Tls
                            name="outgoing_tls"
                            label=lang.login_outgoing_tls()
                            chosen=form.outgoing_tls
                            is_plain_allowed=is_plain_allowed
                        />
                    </div>
                </div>
                <div class="field">
                    <label for="user">{lang.login_user()}</label>
                    <input
                        class="input"
                        id="user"
                        name="user"
                        autocomplete="off"
                        autocapitalize="none"
                        spellcheck="false"
                        value=form.user.clone()
                        aria-invalid=invalid("user")
                    />
                </div>
            </div>
        </details>
    }
    .into_any()
}

#[component]
fn Host(
    name: &'static str,
    label: Cow<'static, str>,
    value: String,
    invalid: Option<&'static str>,
) -> impl IntoView {
    view! {
        <input
            class="input"
            name=name
            aria-label=label
            autocomplete="off"
            autocapitalize="none"
            spellcheck="false"
            value=value
            aria-invalid=invalid
        />
    }
    .into_any()
}

#[component]
fn Port(
    name: &'static str,
    label: Cow<'static, str>,
    value: String,
    invalid: Option<&'static str>,
) -> impl IntoView {
    view! {
        <input
            class="input num"
            name=name
            aria-label=label
            inputmode="numeric"
            autocomplete="off"
            value=value
            aria-invalid=invalid
        />
    }
    .into_any()
}

#[component]
fn Tls(
    name: &'static str,
    label: Cow<'static, str>,
    chosen: TlsChoice,
    is_plain_allowed: bool,
) -> impl IntoView {
    let lang = PageContext::expect().lang;
    let option = |choice: TlsChoice, label: Cow<'static, str>| {
        view! {
            <option value=choice.value() selected=choice == chosen>
                {label}
            </option>
        }
    };
    view! {
        <select class="select" name=name aria-label=label>
            {option(TlsChoice::Implicit, "TLS".into())}
            {option(TlsChoice::StartTls, "STARTTLS".into())}
            {is_plain_allowed.then(|| option(TlsChoice::Plain, lang.login_tls_none()))}
        </select>
    }
    .into_any()
}

#[cfg(test)]
mod tests;
