//! The display of an error: cause, fix, the server's reply, and the id of its log line.

use leptos::prelude::*;

use super::Icon;
use crate::api::error::ApiError;
use crate::page::PageContext;

/// A banner with an error. `children` are buttons, such as retry, sign in, or create the folder.
#[component]
pub fn ErrorBanner(
    /// The error.
    error: ApiError,
    /// The buttons.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="banner bad" role="alert">
            <Icon name="alert" />
            <span class="grow">
                <ErrorText error=error />
            </span>
            {children.map(|children| view! { <span class="acts">{children()}</span> }.into_any())}
        </div>
    }
}

/// The text of an error.
#[component]
pub fn ErrorText(
    /// The error.
    error: ApiError,
) -> impl IntoView {
    let lang = PageContext::expect().lang;
    let ApiError {
        cause,
        fix,
        reply,
        ref_id,
        ..
    } = error;
    view! {
        <b>{cause}</b>
        {(!fix.is_empty()).then(|| view! { <span class="sub">{fix}</span> }.into_any())}
        {server_reply(reply)}
        {(!ref_id.is_empty())
            .then(|| {
                view! { <small class="muted">{lang.error_reference(ref_id)}</small> }.into_any()
            })}
    }
}

/// The reply of a server, if it gave one.
pub fn server_reply(reply: Option<String>) -> Option<AnyView> {
    let reply = reply?;
    Some(view! { <code class="reply" dir="ltr">{reply}</code> }.into_any())
}
