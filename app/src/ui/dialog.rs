//! A dialog over the page: focus is held and Escape closes it, by the browser's own `<dialog>`.

use leptos::html;
use leptos::prelude::*;

use super::Icon;
use super::dynamic::{effect, when};
use crate::page::PageContext;

/// Shows `children` in a modal dialog while `is_open`.
#[component]
pub fn Dialog(
    /// Whether it is shown; closing it writes `false`.
    is_open: RwSignal<bool>,
    /// Its heading.
    #[prop(into)]
    title: String,
    /// What it says.
    children: ChildrenFn,
) -> impl IntoView {
    let lang = PageContext::expect().lang;
    let element = NodeRef::<html::Dialog>::new();
    effect(move || {
        let Some(dialog) = element.get() else { return };
        if is_open.get() {
            // It is in the document and not yet open, the only cases that throw.
            drop(dialog.show_modal());
        } else {
            dialog.close();
        }
    });
    view! {
        <dialog
            class="dialog wide"
            aria-label=title
            node_ref=element
            on:close=move |_| is_open.set(false)
        >
            <div class="dlg-head">
                <h2 class="grow">{title.clone()}</h2>
                <button
                    class="btn btn-icon"
                    type="button"
                    aria-label=lang.close()
                    on:click=move |_| is_open.set(false)
                >
                    <Icon name="close" />
                </button>
            </div>
            // Built on first use only: nothing of it travels with the page.
            {when(move || is_open.get(), move || view! { {children()} }.into_any())}
        </dialog>
    }
}
