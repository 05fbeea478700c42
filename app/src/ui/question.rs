//! A question that the user must answer before an action: a dialog with answers.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;

use super::dynamic::{dynamic, effect, handler};

/// The action of an answer.
pub type ActionFn = Arc<dyn Fn() + Send + Sync>;

/// An answer.
#[derive(Clone)]
pub struct Answer {
    /// The label of its button.
    pub label: Cow<'static, str>,
    /// The class of its button.
    pub class: &'static str,
    /// Its action.
    pub action: ActionFn,
}

/// A question. Escape and the first button cancel it.
#[derive(Clone)]
pub struct Question {
    /// Its heading.
    pub title: Cow<'static, str>,
    /// The explanation; may be empty.
    pub text: Cow<'static, str>,
    /// The label of the cancel button.
    pub cancel_label: Cow<'static, str>,
    /// The action after cancelling; the focus returns to its previous element in any case.
    pub on_cancel: Option<ActionFn>,
    /// The other answers.
    pub answers: Vec<Answer>,
}

thread_local! {
    /// The question on the page. Not in a signal, because signals compile code per type.
    static QUESTION: RefCell<Option<Question>> = const { RefCell::new(None) };
}

/// A counter of the changes of the question on the page.
#[derive(Clone, Copy)]
pub struct QuestionHandle(pub RwSignal<u32>);

impl QuestionHandle {
    /// Shows a question. If one is shown already, it stays: it covers the element that asks.
    pub fn ask(self, question: Question) {
        if QUESTION.with_borrow(Option::is_none) {
            QUESTION.set(Some(question));
            self.notify_changed();
        }
    }

    fn notify_changed(self) {
        self.0.update(|n| *n = n.wrapping_add(1));
    }
}

/// Shows the current question, if any.
#[component]
pub fn Questions() -> impl IntoView {
    let questions: QuestionHandle = expect_context();
    dynamic(move || {
        questions.0.track();
        QUESTION.with_borrow(Clone::clone).map(|question| {
            view! { <QuestionDialog questions=questions question=question /> }.into_any()
        })
    })
}

#[component]
fn QuestionDialog(questions: QuestionHandle, question: Question) -> impl IntoView {
    let element = NodeRef::<html::Dialog>::new();
    effect(move || {
        if let Some(dialog) = element.get() {
            // Throws only if the dialog is not in the document or is open already.
            drop(dialog.show_modal());
        }
    });
    let chosen = StoredValue::new(question.on_cancel.clone());
    let close = move |action: Option<ActionFn>| {
        chosen.set_value(action);
        if let Some(dialog) = element.get_untracked() {
            // Closing returns the focus to its previous element.
            dialog.close();
        }
    };
    let closed = move |_| {
        let action = chosen.get_value();
        QUESTION.set(None);
        questions.notify_changed();
        if let Some(action) = action {
            action();
        }
    };
    let on_cancel = question.on_cancel;
    let answers = question
        .answers
        .into_iter()
        .map(
            |Answer {
                 label,
                 class,
                 action,
             }| {
                view! {
                    <button
                        class=format!("btn {class}")
                        type="button"
                        on:click=handler(move |_| close(Some(Arc::clone(&action))))
                    >
                        {label}
                    </button>
                }
                .into_any()
            },
        )
        .collect_view();
    view! {
        <dialog
            class="dialog"
            role="alertdialog"
            aria-labelledby="q-title"
            aria-describedby="q-text"
            node_ref=element
            on:close=handler(closed)
        >
            <h2 id="q-title">{question.title}</h2>
            <p id="q-text">{question.text}</p>
            <div class="acts">
                <button
                    class="btn btn-line"
                    type="button"
                    autofocus
                    on:click=handler(move |_| close(on_cancel.clone()))
                >
                    {question.cancel_label}
                </button>
                {answers}
            </div>
        </dialog>
    }
    .into_any()
}
