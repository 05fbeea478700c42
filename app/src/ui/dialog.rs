//! A modal dialog: the browser's `<dialog>` traps the focus and closes it on Escape.

use leptos::html;
use leptos::prelude::*;

use super::Icon;
use super::dynamic::{effect, handler, when};
use crate::page::PageContext;

/// Shows `children` in a modal dialog while `is_open`.
#[component]
pub fn Dialog(
    /// Whether it is shown; set to `false` when it closes.
    is_open: RwSignal<bool>,
    /// Its heading.
    #[prop(into)]
    title: String,
    /// Its content.
    children: ChildrenFn,
) -> impl IntoView {
    let lang = PageContext::expect().lang;
    let element = NodeRef::<html::Dialog>::new();
    effect(move || {
        let Some(dialog) = element.get() else { return };
        if is_open.get() {
            // Throws only if the dialog is not in the document or is open already.
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
            on:close=handler(move |_| is_open.set(false))
        >
            <div class="dlg-head">
                <h2 class="grow">{title.clone()}</h2>
                <button
                    class="btn btn-icon"
                    type="button"
                    aria-label=lang.close()
                    on:click=handler(move |_| is_open.set(false))
                >
                    <Icon name="close" />
                </button>
            </div>
            // Rendered when opened, so that it is not part of the page.
            {when(move || is_open.get(), move || view! { {children()} }.into_any())}
        </dialog>
    }
}
