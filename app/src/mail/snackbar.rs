//! The snackbar: the last change, with Undo, or the last failure, with its cause.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::form::Hidden;
use super::words::change_words;
use crate::api::types::{ChangeDone, UndoRef};
use crate::flash::Flash;
use crate::page::PageContext;
use crate::state::act::Act;
use crate::state::answer::carried;
use crate::state::snack::{Again, Snack};
use crate::state::tab::Tab;
use crate::text::url;
use crate::ui::Icon;
use crate::ui::dynamic::{dynamic, effect, when};
use crate::ui::trouble::TroubleText;

/// Shows the tab's snack; initially the result of the last form post.
#[component]
pub fn Snackbar() -> impl IntoView {
    let tab = Tab::expect();
    // Serialized into the page, so that hydration finds the same snack.
    let flash = carried::<Flash>();
    if let Some(snack) = flash.and_then(Snack::of_flash) {
        tab.snack.set(Some(snack));
    }
    effect(move || {
        if let Some(snack) = tab.snack.get_untracked() {
            tab.say(snack);
        }
    });
    view! {
        <div class="snacks" role="status" aria-live="polite">
            {dynamic(move || {
                tab.snack.get().map(|snack| view! { <Line snack=snack /> }.into_any())
            })}
        </div>
    }
}

#[component]
fn Line(snack: Snack) -> impl IntoView {
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
                        on:click=move |_| tab.snack.set(None)
                    >
                        <Icon name="close" />
                    </button>
                }
                    .into_any()
            },
        )}
    };
    let words = |done: &[ChangeDone]| {
        let words: Vec<_> = done.iter().map(|done| change_words(done, lang)).collect();
        words.join(" ")
    };
    let is_left = matches!(snack, Snack::Done { is_left: true, .. });
    let undo = undo_form(&page.base, snack.undo(), is_left);
    let (words, action) = match snack {
        Snack::Done { done, .. } => (words(&done).into_any(), undo),
        Snack::Outbox { outbox, change } => {
            let undo = change.undo().map(|undo| {
                let back = url::outbox(&page.base);
                view! {
                    <form
                        method="post"
                        action=url::outbox_change(&page.base, &outbox, undo)
                        on:submit={
                            let outbox = outbox.clone();
                            move |event| {
                                event.prevent_default();
                                tab.outbox_change(outbox.clone(), undo);
                            }
                        }
                    >
                        <Hidden name="return" value=back />
                        <button class="btn">{lang.undo()}</button>
                    </form>
                }
                .into_any()
            });
            (change.done(lang).into_any(), undo)
        }
        Snack::Note(text) => (text.into_any(), None),
        Snack::Failed { done, error, again } => (
            view! {
                <TroubleText error=error />
                {words(&done)}
            }
            .into_any(),
            Some(
                view! {
                    {again.map(|again| view! { <CreateAndRepeat again=again /> }.into_any())}
                    {undo}
                }
                .into_any(),
            ),
        ),
    };
    view! {
        <div class="snack">
            <span class="grow">{words}</span>
            {action}
            {dismiss}
        </div>
    }
}

/// The form that undoes changes; `None` if none of them can be undone.
fn undo_form(base: &str, undo: Vec<UndoRef>, is_left: bool) -> Option<AnyView> {
    if undo.is_empty() {
        return None;
    }
    let lang = PageContext::expect().lang;
    let tab = Tab::expect();
    let here = use_location().pathname.get_untracked();
    let fields = undo
        .iter()
        .map(|undo| view! { <Hidden name="undo" value=undo.to_string() /> }.into_any())
        .collect_view();
    let form = view! {
        <form
            method="post"
            action=url::undo(base)
            on:submit=move |event| {
                event.prevent_default();
                tab.undo(undo.clone(), is_left);
            }
        >
            {fields}
            <Hidden name="return" value=here />
            <button class="btn">{lang.undo()}</button>
        </form>
    };
    Some(form.into_any())
}

/// Offers to create the missing folder and to repeat the change.
#[component]
fn CreateAndRepeat(again: Again) -> impl IntoView {
    let page = PageContext::expect();
    let lang = page.lang;
    let tab = Tab::expect();
    let here = use_location().pathname.get_untracked();
    let messages = again
        .messages
        .iter()
        .map(|id| view! { <Hidden name="message" value=id.to_string() /> }.into_any())
        .collect_view();
    // Without script, only moves to a role fail like this, and they are repeated by role.
    debug_assert!(matches!(again.act, Act::Move(_)));
    view! {
        <form
            method="post"
            action=url::act(&page.base)
            on:submit={
                let again = again.clone();
                move |event| {
                    event.prevent_default();
                    tab.create_and_repeat(again.clone());
                }
            }
        >
            {messages}
            <Hidden name="return" value=here />
            <button class="btn" name="action" value=format!("create:{}", again.role.word())>
                {lang.create_folder(again.role.name(lang))}
            </button>
        </form>
    }
}
