//! The compose page: `/compose?account=&kind=&folder=&message=` and `/compose?again=ENTRY`.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use leptos_router::location::{BrowserUrl, LocationProvider};
use leptos_router::params::ParamsMap;
use serde::{Deserialize, Serialize};

use crate::api::compose::{compose_again, compose_start, draft_open, text_convert};
use crate::api::error::{ApiError, ErrorKind};
use crate::api::types::{
    AccountId, ComposeForm, ComposeKind, ComposeSource, Conversion, Converted, Draft, FolderId,
    FolderRef, FormKey, Identity, MessageId, MessageRef, OutboxId, SessionView, TemplateId,
};
use crate::mail::composer::Composer;
use crate::mail::frame::PhoneBar;
use crate::page::PageContext;
use crate::routes::mail::FailedPane;
use crate::state::api_resource::{api_resource, serialized_context};
use crate::state::session::Session;
use crate::state::tab::Tab;
use crate::state::unsent::Unsent;
use crate::status::set_response_status;
use crate::text::plain::as_html;
use crate::text::url;
use crate::ui::dynamic::{effect, later};

/// A compose form that was posted and refused; the page shows it again with its content.
///
/// The server provides it by context when it responds to `POST {base}/compose` with the compose
/// page and the error's status. `form.draft` holds the typed fields, `form.uploads` the files that
/// are already in the spool (rendered as checked check boxes `name="upload"` with the id as value,
/// which the next post sends again), `form.forwarded` the parts that may be attached
/// (`name="keep"`, `form.draft.keep_parts` are checked). `error.field` names the field at fault:
/// `to`, `cc`, `bcc`, `subject`, `body` or `attachment`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComposeRetry {
    /// The posted content.
    pub form: ComposeForm,
    /// The reason for the refusal.
    pub error: ApiError,
}

/// The form that a URL requests.
#[derive(Debug, Clone, PartialEq, Eq)]
enum RequestedForm {
    /// A message from an account: new, a reply or a forward; the last may be of more messages.
    Start(Option<AccountId>, Option<ComposeSource>, Vec<MessageRef>),
    /// A new message from an account that begins with a template.
    Template(AccountId, TemplateId),
    /// A correction of an outbox entry.
    Correct(OutboxId),
    /// A draft that is continued, or a message that a new one begins as a copy of.
    Continue(MessageRef, bool),
}

fn requested_form(query: &ParamsMap) -> RequestedForm {
    if let Some(outbox) = query.get("again") {
        return RequestedForm::Correct(OutboxId(outbox));
    }
    if let (Some(account), Some(template)) = (query.get("account"), query.get("template")) {
        return RequestedForm::Template(AccountId(account), TemplateId(template));
    }
    let kind = query.get("kind").unwrap_or_default();
    if (kind == url::COMPOSE_DRAFT || kind == url::COMPOSE_COPY)
        && let (Some(account), Some(folder), Some(message)) = (
            query.get("account"),
            query.get("folder"),
            query.get("message"),
        )
    {
        let folder = FolderRef {
            account: AccountId(account),
            folder: FolderId(folder),
        };
        let is_copy = kind == url::COMPOSE_COPY;
        return RequestedForm::Continue(folder.message(MessageId(message)), is_copy);
    }
    let kind = ComposeKind::from_word(&kind);
    let source = kind.zip(query.get("folder")).zip(query.get("message"));
    let source = source.map(|((kind, folder), message)| ComposeSource {
        kind,
        folder: FolderId(folder),
        message: MessageId(message),
    });
    let source = source.filter(|source| source.kind != ComposeKind::New);
    let more = query.get_all("more").unwrap_or_default();
    let more = more.into_iter().map(MessageRef::from).collect();
    RequestedForm::Start(query.get("account").map(AccountId), source, more)
}

/// The compose page.
#[component]
pub fn ComposePage() -> impl IntoView {
    let lang = PageContext::expect().lang;
    let query = use_query_map();
    let requested = Memo::new(move |_| query.with(requested_form));
    let tab = Tab::expect();
    // A form beside the page ends: there is one form at a time.
    effect(move || tab.close_dock());
    view! {
        <main class="pane pane-main" aria-label=lang.compose()>
            <PhoneBar title=lang.compose() />
            <div class="pane-scroll compose-scroll">
                <RequestedComposer
                    requested=requested
                    form_key=query.with_untracked(|query| query.get("form"))
                    is_docked=false
                    is_ready=RwSignal::new(true)
                />
            </div>
        </main>
    }
    .into_any()
}

/// The form of a URL, beside the page. `is_ready` is set when it is prepared.
#[component]
pub fn DockedComposer(form_url: String, is_ready: RwSignal<bool>) -> impl IntoView {
    let form_url = BrowserUrl::parse(&form_url).ok()?;
    let requested = Memo::new(move |_| requested_form(form_url.search_params()));
    Some(
        view! {
            <RequestedComposer
                requested=requested
                form_key=None
                is_docked=true
                is_ready=is_ready
            />
        }
        .into_any(),
    )
}

/// The form that is requested, once the server has prepared it; `is_ready` is set then.
#[component]
fn RequestedComposer(
    requested: Memo<RequestedForm>,
    form_key: Option<String>,
    is_docked: bool,
    is_ready: RwSignal<bool>,
) -> impl IntoView {
    let lang = PageContext::expect().lang;
    let Session(session) = expect_context();
    let unsent = Unsent::expect();
    let form_key = StoredValue::new(form_key.map(FormKey));
    // Serialized into the page, so that hydration finds the same content.
    let retry = serialized_context::<ComposeRetry>();
    let retry = StoredValue::new(retry);
    let retries = RwSignal::new(0);
    let form = api_resource(
        move || (requested.get(), retries.get()),
        move |(requested, _)| async move {
            if let Some(posted) = retry.get_value() {
                if cfg!(feature = "ssr") {
                    return Ok(posted.form);
                }
                // In the browser the URL requests another form now.
                retry.set_value(None);
            }
            let form = match requested {
                RequestedForm::Correct(entry) => compose_again(entry).await,
                RequestedForm::Continue(draft, is_copy) => draft_open(draft, is_copy).await,
                RequestedForm::Template(account, template) => {
                    let form = compose_start(account.clone(), None, Vec::new()).await;
                    let begun = text_convert(account, Conversion::Template(template)).await;
                    form.and_then(|form| Ok(beginning_with(form, begun?)))
                }
                RequestedForm::Start(Some(account), source, more) => {
                    compose_start(account, source, more).await
                }
                RequestedForm::Start(None, source, more) => {
                    let first = session.await?.accounts.into_iter().next();
                    let signed_out = || ApiError::signed_out(lang);
                    compose_start(first.ok_or_else(signed_out)?.id, source, more).await
                }
            };
            let mut form = set_response_status(form)?;
            if cfg!(feature = "ssr")
                && let Some(form_key) = form_key.get_value()
            {
                form.draft.form = Some(form_key);
            }
            Ok(form)
        },
    );
    view! {
                <Suspense fallback=|| {
                    view! { <div class="sk box" aria-busy="true"></div> }
                }>
                    {later(move || async move {
                        let form = form.await;
                        is_ready.try_set(true);
                        match form {
                            Ok(form) => {
                                let error = retry
                                    .with_value(|r| r.as_ref().map(|r| r.error.clone()));
                                view! { <Composer form=form error=error is_docked=is_docked /> }.into_any()
                            }
                            Err(error) => match unsent_form(unsent, session.await, &error) {
                                Some(form) => {
                                    view! { <Composer form=form error=Some(error) is_docked=is_docked /> }.into_any()
                                }
                                None => {
                                    view! { <FailedPane error=error retries=retries /> }.into_any()
                                }
                            },
                        }
                    })}
                </Suspense>
    }
    .into_any()
}

/// Puts a template before the signature of a new message.
fn beginning_with(mut form: ComposeForm, template: Converted) -> ComposeForm {
    let draft = &mut form.draft;
    draft.subject = template.subject;
    draft.html = draft
        .html
        .as_ref()
        .map(|html| as_html(&template.text) + html);
    draft.body = template.text + &draft.body;
    form
}

/// Returns a form for an unsent text whose own form cannot be created: the message that it answers,
/// or the entry that it corrects, no longer exists or is unreachable.
fn unsent_form(
    unsent: Unsent,
    session: Result<SessionView, ApiError>,
    error: &ApiError,
) -> Option<ComposeForm> {
    let offer = unsent.claimed()?;
    if error.kind == ErrorKind::NotFound {
        // There is nothing to answer or correct: the text becomes a new message.
        unsent.detach_claimed();
        return None;
    }
    let session = session.ok()?;
    let account = session.accounts.iter().find(|a| a.id == offer.account)?;
    let identity = Identity {
        id: offer.text.draft.identity.clone().unwrap_or_default(),
        address: account.address.clone(),
        ..Identity::default()
    };
    let draft = Draft {
        source: offer.text.draft.source.clone(),
        replaces: offer.text.draft.replaces.clone(),
        saved: offer.text.draft.saved.clone(),
        ..Draft::default()
    };
    let (account, max_bytes) = (offer.account.clone(), session.upload_max_bytes);
    Some(ComposeForm {
        draft,
        ..ComposeForm::empty(account, vec![identity], max_bytes)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(pairs: &[(&'static str, &str)]) -> ParamsMap {
        pairs
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect()
    }

    #[test]
    fn url_names_the_message_to_reply_to() {
        let reply = query(&[
            ("account", "a"),
            ("kind", "reply_all"),
            ("folder", "f"),
            ("message", "1.2"),
        ]);
        let RequestedForm::Start(account, Some(source), _) = requested_form(&reply) else {
            panic!("an answer")
        };
        assert_eq!(account, Some("a".into()));
        assert_eq!(source.kind, ComposeKind::ReplyAll);
        assert_eq!(source.message, "1.2".into());
    }

    #[test]
    fn url_names_the_messages_to_forward_and_the_one_to_copy() {
        let of = |kind: &str| {
            let mut query = query(&[("account", "a"), ("folder", "f"), ("message", "1.2")]);
            query.insert("kind", kind.to_owned());
            query
        };
        let mut forward = of("attach");
        for more in ["a/f/1.3", "a/f/1.4"] {
            forward.insert("more", more.to_owned());
        }
        let RequestedForm::Start(_, Some(source), more) = requested_form(&forward) else {
            panic!("a forward")
        };
        assert_eq!(source.kind, ComposeKind::ForwardAttached);
        assert_eq!(more, ["a/f/1.3", "a/f/1.4"].map(MessageRef::from));
        for (kind, is_copy) in [("copy", true), ("draft", false)] {
            let RequestedForm::Continue(_, found) = requested_form(&of(kind)) else {
                panic!("{kind}")
            };
            assert_eq!(found, is_copy);
        }
    }

    #[test]
    fn incomplete_reply_url_starts_a_new_message() {
        for pairs in [
            &[("kind", "reply"), ("folder", "f")][..],
            &[("kind", "nonsense")],
            &[],
        ] {
            assert_eq!(
                requested_form(&query(pairs)),
                RequestedForm::Start(None, None, Vec::new())
            );
        }
        assert_eq!(
            requested_form(&query(&[("again", "x")])),
            RequestedForm::Correct("x".into())
        );
    }
}
