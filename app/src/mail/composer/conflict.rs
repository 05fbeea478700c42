//! The banner of a draft whose copy was changed elsewhere.

use leptos::prelude::*;

use crate::api::types::AccountId;
use crate::page::PageContext;
use crate::state::drafts::{DraftState, Drafts};
use crate::text::url;
use crate::ui::Icon;
use crate::ui::dynamic::{dynamic, handler};

/// Asks which text is kept, once the copy among the drafts was changed elsewhere.
#[component]
pub fn DraftConflict(account: AccountId, drafts: Drafts) -> impl IntoView {
    let page = PageContext::expect();
    let (lang, base) = (page.lang, page.base);
    dynamic(move || {
        let (text, other) = match drafts.state.get() {
            DraftState::ChangedElsewhere(other) => {
                let href = url::compose_draft(&base, &other.of(&account));
                (lang.draft_changed_elsewhere(), Some(href))
            }
            DraftState::Gone => (lang.draft_gone(), None),
            _ => return None,
        };
        let other = other.map(|href| {
            view! {
                <a class="btn btn-line btn-sm" href=href rel="external">
                    {lang.draft_open_other()}
                </a>
            }
            .into_any()
        });
        Some(
            view! {
                <div class="banner warn" role="alert">
                    <Icon name="alert" />
                    <span class="grow">{text}</span>
                    <span class="acts">
                        {other}
                        <button
                            class="btn btn-line btn-sm"
                            type="button"
                            on:click=handler(move |_| drafts.keep_this())
                        >
                            {lang.draft_keep_this()}
                        </button>
                    </span>
                </div>
            }
            .into_any(),
        )
    })
}
