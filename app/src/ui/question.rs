//! A question that has to be answered before something is done: a dialog with its answers.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;

use super::dynamic::{dynamic, effect};

/// What an answer does.
pub type Act = Arc<dyn Fn() + Send + Sync>;

/// One way to answer.
#[derive(Clone)]
pub struct Answer {
    /// What its button says.
    pub label: Cow<'static, str>,
    /// The class of its button.
    pub class: &'static str,
    /// What it does.
    pub act: Act,
}

/// A question. Escape and the first button leave everything as it is.
#[derive(Clone)]
pub struct Question {
    /// Its heading.
    pub title: Cow<'static, str>,
    /// What it is about; may be empty.
    pub text: Cow<'static, str>,
    /// What the button says that leaves everything as it is.
    pub stay: Cow<'static, str>,
    /// What happens once it is left as it is, beside the focus going back to where it was.
    pub stayed: Option<Act>,
    /// The other answers.
    pub answers: Vec<Answer>,
}

thread_local! {
    /// The question on the page. Not in a signal, which is code for every type that it holds.
    static QUESTION: RefCell<Option<Question>> = const { RefCell::new(None) };
}

/// Counts the changes of the question on the page.
#[derive(Clone, Copy)]
pub struct Asked(pub RwSignal<u32>);

impl Asked {
    /// Puts a question. One that is there already stays: it stands over what asks.
    pub fn ask(self, question: Question) {
        if QUESTION.with_borrow(Option::is_none) {
            QUESTION.set(Some(question));
            self.tell();
        }
    }

    fn tell(self) {
        self.0.update(|n| *n = n.wrapping_add(1));
    }
}

/// Shows the question, where there is one.
#[component]
pub fn Questions() -> impl IntoView {
    let asked: Asked = expect_context();
    dynamic(move || {
        asked.0.track();
        QUESTION
            .with_borrow(Clone::clone)
            .map(|question| view! { <Shown asked=asked question=question /> }.into_any())
    })
}

#[component]
fn Shown(asked: Asked, question: Question) -> impl IntoView {
    let element = NodeRef::<html::Dialog>::new();
    effect(move || {
        if let Some(dialog) = element.get() {
            // It is in the document and not yet open, the only cases that throw.
            drop(dialog.show_modal());
        }
    });
    let chosen = StoredValue::new(question.stayed.clone());
    let close = move |act: Option<Act>| {
        chosen.set_value(act);
        if let Some(dialog) = element.get_untracked() {
            // The focus goes back to where it was.
            dialog.close();
        }
    };
    let closed = move |_| {
        let act = chosen.get_value();
        QUESTION.set(None);
        asked.tell();
        if let Some(act) = act {
            act();
        }
    };
    let stayed = question.stayed;
    let answers = question
        .answers
        .into_iter()
        .map(|Answer { label, class, act }| {
            view! {
                <button
                    class=format!("btn {class}")
                    type="button"
                    on:click=move |_| close(Some(Arc::clone(&act)))
                >
                    {label}
                </button>
            }
            .into_any()
        })
        .collect_view();
    view! {
        <dialog
            class="dialog"
            role="alertdialog"
            aria-labelledby="q-title"
            aria-describedby="q-text"
            node_ref=element
            on:close=closed
        >
            <h2 id="q-title">{question.title}</h2>
            <p id="q-text">{question.text}</p>
            <div class="acts">
                <button
                    class="btn btn-line"
                    type="button"
                    autofocus
                    on:click=move |_| close(stayed.clone())
                >
                    {question.stay}
                </button>
                {answers}
            </div>
        </dialog>
    }
    .into_any()
}
