//! Leaving a form with unsent text: the page's own questions, and the browser's prompt.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Event, HtmlElement, HtmlFormElement, MouseEvent};

use super::{Unsent, own, with};
use crate::api::types::Lang;
use crate::page::PageContext;
use crate::state::session::Session;
use crate::text::url;
use crate::ui::question::{Act, Answer, Asked, Question};

/// Maximum delay of a link that waits for a text to be stored; after it the link is followed, and
/// the browser prompts.
const STORED_WITHIN: Duration = Duration::from_secs(1);

thread_local! {
    /// The link or form that waits for an answer.
    static WAITING: RefCell<Option<HtmlElement>> = const { RefCell::new(None) };
    /// Whether a click comes from the answer to a question.
    static IS_ANSWERED: RefCell<bool> = const { RefCell::new(false) };
}

/// Watches links, sign-out and page unload until the tab is closed.
pub fn watch(unsent: Unsent, asked: Asked, session: Session, page: PageContext) {
    let lang = page.lang;
    let compose = url::compose_form(&page.base);
    listen("click", move |event| {
        if let Some(event) = event.dyn_ref::<MouseEvent>() {
            clicked(unsent, asked, event, &compose, lang);
        }
    });
    let logout = url::logout(&page.base);
    listen("submit", move |event| {
        let form = event
            .target()
            .and_then(|t| t.dyn_into::<HtmlFormElement>().ok());
        let form = form.filter(|form| form.get_attribute("action").as_ref() == Some(&logout));
        if let Some(form) = form {
            signing_out(unsent, asked, session, event, form, lang);
        }
    });
    listen("visibilitychange", move |_| {
        if !document().hidden() {
            spawn_local(unsent.look(session));
        }
    });
    window_event_listener(ev::storage, move |event| {
        // An event without a key means that the storage was cleared.
        let is_ours = |name: String| with(|state| name.starts_with(&state.prefix));
        // A hidden page loads the texts when it becomes visible.
        if event.key().is_none_or(is_ours) && !document().hidden() {
            spawn_local(unsent.look(session));
        }
    });
    window_event_listener(ev::beforeunload, move |event| {
        if unsent.is_at_risk() {
            unsent.store_soon();
            event.prevent_default();
            // Older browsers require a return value.
            event.set_return_value("unsent");
        }
    });
}

/// Listens on the document, so that it runs before the router, which listens on the window.
fn listen(name: &str, act: impl FnMut(Event) + 'static) {
    let act = Closure::<dyn FnMut(Event)>::new(act);
    // The document lives as long as the tab.
    drop(document().add_event_listener_with_callback(name, act.as_ref().unchecked_ref()));
    act.forget();
}

fn clicked(unsent: Unsent, asked: Asked, event: &MouseEvent, compose: &str, lang: Lang) {
    let is_plain = event.button() == 0
        && !event.default_prevented()
        && !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key());
    if !is_plain || !unsent.is_written() || IS_ANSWERED.with_borrow(|is| *is) {
        return;
    }
    let element = event
        .target()
        .and_then(|t| t.dyn_into::<web_sys::Element>().ok());
    let link = element.and_then(|e| e.closest("a[href]:not([target]):not([download])").ok()?);
    let Some(link) = link.and_then(|link| link.dyn_into::<HtmlElement>().ok()) else {
        return;
    };
    let to = link.get_attribute("href").unwrap_or_default();
    let question = if link.has_attribute("data-discard") {
        let discard = move || {
            unsent.discard();
            follow();
        };
        discarding(lang, lang.go_on_writing(), Arc::new(discard))
    } else if to.starts_with(compose) {
        replacing(unsent, lang, Arc::new(follow))
    } else if with(|state| state.is_uploading) {
        Question {
            title: lang.unsent_uploading(),
            text: lang.unsent_uploading_fix(),
            stay: lang.go_on_writing(),
            stayed: None,
            answers: vec![Answer {
                label: lang.leave(),
                class: "btn-primary",
                act: Arc::new(follow),
            }],
        }
    } else {
        if link.get_attribute("rel").as_deref() == Some("external") && unsent.is_unstored() {
            // A full page load would lose the last change, so it is stored first.
            event.prevent_default();
            WAITING.set(Some(link));
            set_timeout(follow, STORED_WITHIN);
            spawn_local(async move {
                unsent.store_now().await;
                follow();
            });
        }
        return;
    };
    event.prevent_default();
    WAITING.set(Some(link));
    asked.ask(question);
}

/// Follows the link that was clicked.
fn follow() {
    if let Some(link) = WAITING.take() {
        IS_ANSWERED.set(true);
        link.click();
        IS_ANSWERED.set(false);
    }
}

/// Returns the question before a text is discarded; `stay` is the label that cancels, `act`
/// discards the text.
pub fn discarding(lang: Lang, stay: Cow<'static, str>, act: Act) -> Question {
    Question {
        title: lang.unsent_discard(),
        text: "".into(),
        stay,
        stayed: None,
        answers: vec![Answer {
            label: lang.discard_text(),
            class: "btn-danger btn-solid",
            act,
        }],
    }
}

/// Returns the question before another form replaces one with unsent text.
fn replacing(unsent: Unsent, lang: Lang, then: Act) -> Question {
    let kept = Arc::clone(&then);
    Question {
        title: lang.unsent_replace(),
        text: lang.unsent_replace_fix(),
        stay: lang.go_on_writing(),
        stayed: None,
        answers: vec![
            Answer {
                label: lang.discard_text(),
                class: "btn-danger",
                act: Arc::new(move || {
                    unsent.discard();
                    then();
                }),
            },
            Answer {
                label: lang.unsent_keep(),
                class: "btn-primary",
                act: kept,
            },
        ],
    }
}

/// Performs an action that puts another text into the form, after a question if the form has unsent
/// text.
pub fn before_replacing(unsent: Unsent, asked: Asked, lang: Lang, act: Act) {
    if unsent.is_written() {
        asked.ask(replacing(unsent, lang, act));
    } else {
        act();
    }
}

/// Asks before signing out, which deletes unsent texts.
fn signing_out(
    unsent: Unsent,
    asked: Asked,
    session: Session,
    event: Event,
    form: HtmlFormElement,
    lang: Lang,
) {
    event.prevent_default();
    WAITING.set(Some(form.into()));
    spawn_local(async move {
        let mut ids: Vec<String> = own(session).await.into_iter().map(|o| o.id).collect();
        with(|state| {
            let here = state.offers.iter().chain(&state.now);
            ids.extend(here.map(|offer| offer.id.clone()));
        });
        let is_any = !ids.is_empty();
        let leave = move || {
            for id in &ids {
                unsent.forget(id);
            }
            unsent.discard();
            let form = WAITING
                .take()
                .and_then(|form| form.dyn_into::<HtmlFormElement>().ok());
            if let Some(form) = form {
                // Throws only if the form is not in the document.
                drop(form.submit());
            }
        };
        if is_any {
            asked.ask(Question {
                title: lang.unsent_signing_out(),
                text: lang.unsent_signing_out_fix(),
                stay: lang.stay(),
                stayed: None,
                answers: vec![Answer {
                    label: lang.sign_out_and_delete(),
                    class: "btn-danger btn-solid",
                    act: Arc::new(leave),
                }],
            });
        } else {
            leave();
        }
    });
}
