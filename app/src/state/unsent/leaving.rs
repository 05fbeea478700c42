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

use super::{Unsent, load_stored, with};
use crate::api::types::{FolderRole, Lang};
use crate::page::PageContext;
use crate::state::act::MessageAction;
use crate::state::session::Session;
use crate::state::tab::Tab;
use crate::state::tab::dock::DockSize;
use crate::text::url;
use crate::ui::question::{ActionFn, Answer, Question, QuestionHandle};

/// Maximum delay of a link that waits for a text to be stored; after it the link is followed, and
/// the browser prompts.
const STORE_TIMEOUT: Duration = Duration::from_secs(1);

thread_local! {
    /// The link or form that waits for an answer.
    static WAITING: RefCell<Option<HtmlElement>> = const { RefCell::new(None) };
    /// The tab, which shows what becomes of a draft.
    static TAB: RefCell<Option<Tab>> = const { RefCell::new(None) };
    /// Whether a click comes from the answer to a question.
    static IS_CONFIRMED_CLICK: RefCell<bool> = const { RefCell::new(false) };
}

/// Watches links, sign-out and page unload until the tab is closed.
pub fn watch(
    unsent: Unsent,
    questions: QuestionHandle,
    session: Session,
    tab: Tab,
    page: PageContext,
) {
    TAB.set(Some(tab));
    let lang = page.lang;
    let compose = url::compose_form(&page.base);
    listen("click", move |event| {
        clicked(tab, unsent, questions, &event, &compose, lang);
    });
    let logout = url::logout(&page.base);
    listen("submit", move |event| {
        let form = event
            .target()
            .and_then(|t| t.dyn_into::<HtmlFormElement>().ok());
        let form = form.filter(|form| form.get_attribute("action").as_ref() == Some(&logout));
        if let Some(form) = form {
            confirm_sign_out(unsent, questions, session, event, form, lang);
        }
    });
    listen("visibilitychange", move |_| {
        if !document().hidden() {
            spawn_local(unsent.reload(session));
        }
    });
    window_event_listener(ev::storage, move |event| {
        // An event without a key means that the storage was cleared.
        let is_ours = |name: String| with(|state| name.starts_with(&state.prefix));
        // A hidden page loads the texts when it becomes visible.
        if event.key().is_none_or(is_ours) && !document().hidden() {
            spawn_local(unsent.reload(session));
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
pub fn listen(name: &str, action: impl FnMut(Event) + 'static) {
    let action = Closure::<dyn FnMut(Event)>::new(action);
    // The document lives as long as the tab.
    drop(document().add_event_listener_with_callback(name, action.as_ref().unchecked_ref()));
    action.forget();
}

/// Returns the link that a click follows in this tab, unless something has handled the click.
pub fn followed_link(event: &Event) -> Option<HtmlElement> {
    let click = event.dyn_ref::<MouseEvent>()?;
    let is_plain = click.button() == 0
        && !click.default_prevented()
        && !(click.ctrl_key() || click.meta_key() || click.shift_key() || click.alt_key());
    let clicked = click.target().filter(|_| is_plain)?;
    let element = clicked.dyn_into::<web_sys::Element>().ok()?;
    let link = element.closest("a[href]:not([target]):not([download])");
    link.ok()??.dyn_into().ok()
}

fn clicked(
    tab: Tab,
    unsent: Unsent,
    questions: QuestionHandle,
    event: &Event,
    compose: &str,
    lang: Lang,
) {
    if !unsent.is_written() || IS_CONFIRMED_CLICK.with_borrow(|is| *is) {
        return;
    }
    let Some(link) = followed_link(event) else {
        return;
    };
    let to = link.get_attribute("href").unwrap_or_default();
    let is_external = link.get_attribute("rel").as_deref() == Some("external");
    if tab.is_docked() && !is_external && !to.starts_with(compose) {
        // The form stays where it is.
        return;
    }
    if tab.is_docked() && unsent.is_form_at(&to) {
        // A link to the text that is being written, as from its row among the drafts.
        tab.dock_size.set(DockSize::Corner);
        event.prevent_default();
        return;
    }
    let question = if link.has_attribute("data-discard") {
        let discard = move || {
            discard(unsent);
            follow_link();
        };
        discard_question(lang, lang.go_on_writing(), Arc::new(discard))
    } else if to.starts_with(compose) {
        replace_question(unsent, lang, Arc::new(follow_link))
    } else if with(|state| state.is_uploading) {
        Question {
            title: lang.unsent_uploading(),
            text: lang.unsent_uploading_fix(),
            cancel_label: lang.go_on_writing(),
            on_cancel: None,
            answers: vec![Answer {
                label: lang.leave(),
                class: "btn-primary",
                action: Arc::new(follow_link),
            }],
        }
    } else {
        if is_external && unsent.is_unstored() {
            // A full page load would lose the last change, so it is stored first.
            event.prevent_default();
            WAITING.set(Some(link));
            set_timeout(follow_link, STORE_TIMEOUT);
            spawn_local(async move {
                unsent.store_now().await;
                follow_link();
            });
        }
        return;
    };
    event.prevent_default();
    WAITING.set(Some(link));
    questions.ask(question);
}

/// Discards the text in the form. Its copy among the drafts is moved to Trash, which can be undone.
fn discard(unsent: Unsent) {
    if let Some(copy) = unsent.discard() {
        let to_trash = MessageAction::move_to(FolderRole::Trash);
        TAB.with_borrow(|tab| {
            if let Some(tab) = tab {
                tab.act(vec![copy], to_trash);
            }
        });
    }
}

/// Follows the link that was clicked.
fn follow_link() {
    if let Some(link) = WAITING.take() {
        IS_CONFIRMED_CLICK.set(true);
        link.click();
        IS_CONFIRMED_CLICK.set(false);
    }
}

/// Returns the question before a text is discarded; `cancel_label` is the label that cancels,
/// `action` discards the text.
pub fn discard_question(lang: Lang, cancel_label: Cow<'static, str>, action: ActionFn) -> Question {
    Question {
        title: lang.unsent_discard(),
        text: "".into(),
        cancel_label,
        on_cancel: None,
        answers: vec![Answer {
            label: lang.discard_text(),
            class: "btn-danger btn-solid",
            action,
        }],
    }
}

/// Returns the question before another form replaces one with unsent text.
fn replace_question(unsent: Unsent, lang: Lang, proceed: ActionFn) -> Question {
    let keep_action = Arc::clone(&proceed);
    Question {
        title: lang.unsent_replace(),
        text: lang.unsent_replace_fix(),
        cancel_label: lang.go_on_writing(),
        on_cancel: None,
        answers: vec![
            Answer {
                label: lang.discard_text(),
                class: "btn-danger",
                action: Arc::new(move || {
                    discard(unsent);
                    proceed();
                }),
            },
            Answer {
                label: lang.unsent_keep(),
                class: "btn-primary",
                action: keep_action,
            },
        ],
    }
}

/// Performs an action that puts another text into the form, after a question if the form has unsent
/// text.
pub fn confirm_replace(unsent: Unsent, questions: QuestionHandle, lang: Lang, action: ActionFn) {
    if unsent.is_written() {
        questions.ask(replace_question(unsent, lang, action));
    } else {
        action();
    }
}

/// Asks before signing out, which deletes unsent texts.
fn confirm_sign_out(
    unsent: Unsent,
    questions: QuestionHandle,
    session: Session,
    event: Event,
    form: HtmlFormElement,
    lang: Lang,
) {
    event.prevent_default();
    WAITING.set(Some(form.into()));
    spawn_local(async move {
        let mut ids: Vec<String> = load_stored(session)
            .await
            .into_iter()
            .map(|o| o.id)
            .collect();
        with(|state| {
            let in_memory = state.offers.iter().chain(&state.current);
            ids.extend(in_memory.map(|offer| offer.id.clone()));
        });
        let is_any = !ids.is_empty();
        let sign_out = move || {
            for id in &ids {
                unsent.delete(id);
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
            questions.ask(Question {
                title: lang.unsent_signing_out(),
                text: lang.unsent_signing_out_fix(),
                cancel_label: lang.stay(),
                on_cancel: None,
                answers: vec![Answer {
                    label: lang.sign_out_and_delete(),
                    class: "btn-danger btn-solid",
                    action: Arc::new(sign_out),
                }],
            });
        } else {
            sign_out();
        }
    });
}
