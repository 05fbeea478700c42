//! The snackbar: the last change, with Undo, or the last failure, with its cause.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::form::Hidden;
use super::labels::change_text;
use super::sent_snack::{SentActions, SentText};
use crate::api::types::{ChangeDone, UndoRef};
use crate::flash::Flash;
use crate::page::PageContext;
use crate::state::act::MessageAction;
use crate::state::api_resource::serialized_context;
use crate::state::snack::{MissingFolderRetry, Snack};
use crate::state::tab::Tab;
use crate::text::url;
use crate::ui::Icon;
use crate::ui::dynamic::{dynamic, effect, handler, when};
use crate::ui::error_banner::ErrorText;

/// Shows the tab's snack; initially the result of the last form post.
#[component]
pub fn Snackbar() -> impl IntoView {
    let tab = Tab::expect();
    // Serialized into the page, so that hydration finds the same snack.
    let flash = serialized_context::<Flash>();
    if let Some(snack) = flash.and_then(Snack::of_flash) {
        tab.snack.set(Some(snack));
    }
    effect(move || {
        if let Some(snack) = tab.snack.get_untracked() {
            tab.show_snack(snack);
        }
    });
    view! {
        <div class="snacks" role="status" aria-live="polite">
            {dynamic(move || {
                tab.snack.get().map(|snack| view! { <SnackLine snack=snack /> }.into_any())
            })}
        </div>
    }
}

#[component]
fn SnackLine(snack: Snack) -> impl IntoView {
    let page = PageContext::expect();
    let lang = page.lang;
    let tab = Tab::expect();
    let dismiss = view! {
        {when(
            move || tab.is_started.get(),
            move || {
                view! {
                    <button
                        class="btn btn-icon"
                        type="button"
                        aria-label=lang.dismiss()
                        on:click=handler(move |_| tab.snack.set(None))
                    >
                        <Icon name="close" />
                    </button>
                }
                    .into_any()
            },
        )}
    };
    let changes_text = |done: &[ChangeDone]| {
        let texts: Vec<_> = done.iter().map(|done| change_text(done, lang)).collect();
        texts.join(" ")
    };
    let has_left_message = matches!(
        snack,
        Snack::Done {
            has_left_message: true,
            ..
        }
    );
    let undo = undo_form(&page.base, snack.undo(), has_left_message);
    let (text, action) = match snack {
        Snack::Done { done, .. } => (changes_text(&done).into_any(), undo),
        Snack::Outbox { outbox, change } => {
            let undo = change.undo().map(|undo| {
                let return_to = url::outbox(&page.base);
                view! {
                    <form
                        method="post"
                        action=url::outbox_change(&page.base, &outbox, undo)
                        on:submit=handler({
                            let outbox = outbox.clone();
                            move |event: SubmitEvent| {
                                event.prevent_default();
                                tab.outbox_change(outbox.clone(), undo);
                            }
                        })
                    >
                        <Hidden name="return" value=return_to />
                        <button class="btn">{lang.undo()}</button>
                    </form>
                }
                .into_any()
            });
            (change.done(lang).into_any(), undo)
        }
        Snack::Note(text) => (text.into_any(), None),
        Snack::Sent => (
            view! { <SentText /> }.into_any(),
            Some(view! { <SentActions /> }.into_any()),
        ),
        Snack::Failed { done, error, retry } => (
            view! {
                <ErrorText error=error />
                {changes_text(&done)}
            }
            .into_any(),
            Some(
                view! {
                    {retry.map(|retry| view! { <CreateAndRepeat retry=retry /> }.into_any())}
                    {undo}
                }
                .into_any(),
            ),
        ),
    };
    view! {
        <div class="snack">
            <span class="grow">{text}</span>
            {action}
            {dismiss}
        </div>
    }
}

/// The form that undoes changes; `None` if none of them can be undone.
fn undo_form(base: &str, undo: Vec<UndoRef>, has_left_message: bool) -> Option<AnyView> {
    if undo.is_empty() {
        return None;
    }
    let lang = PageContext::expect().lang;
    let tab = Tab::expect();
    let return_to = use_location().pathname.get_untracked();
    let fields = undo
        .iter()
        .map(|undo| view! { <Hidden name="undo" value=undo.to_string() /> }.into_any())
        .collect_view();
    let form = view! {
        <form
            method="post"
            action=url::undo(base)
            on:submit=handler(move |event: SubmitEvent| {
                event.prevent_default();
                tab.undo(undo.clone(), has_left_message);
            })
        >
            {fields}
            <Hidden name="return" value=return_to />
            <button class="btn">{lang.undo()}</button>
        </form>
    };
    Some(form.into_any())
}

/// Offers to create the missing folder and to repeat the change.
#[component]
fn CreateAndRepeat(retry: MissingFolderRetry) -> impl IntoView {
    let page = PageContext::expect();
    let lang = page.lang;
    let tab = Tab::expect();
    let return_to = use_location().pathname.get_untracked();
    let messages = retry
        .messages
        .iter()
        .map(|id| view! { <Hidden name="message" value=id.to_string() /> }.into_any())
        .collect_view();
    // Without script, only moves to a role fail like this, and they are repeated by role.
    debug_assert!(matches!(retry.act, MessageAction::Move(_)));
    view! {
        <form
            method="post"
            action=url::act(&page.base)
            on:submit=handler({
                let retry = retry.clone();
                move |event: SubmitEvent| {
                    event.prevent_default();
                    tab.create_and_repeat(retry.clone());
                }
            })
        >
            {messages}
            <Hidden name="return" value=return_to />
            <button class="btn" name="action" value=format!("create:{}", retry.role.word())>
                {lang.create_folder(retry.role.name(lang))}
            </button>
        </form>
    }
}
