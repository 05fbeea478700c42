//! Offers unsent texts on every page until the user continues or discards them.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::page::PageContext;
use crate::state::compose_links::form_opener;
use crate::state::snack::Snack;
use crate::state::tab::Tab;
use crate::state::unsent::leaving::{confirm_replace, discard_question};
use crate::state::unsent::text::Offer;
use crate::state::unsent::{Unsent, format_time};
use crate::ui::Icon;
use crate::ui::dynamic::{dynamic, effect, handler};
use crate::ui::question::QuestionHandle;

/// The newest unsent text, with a link to its form.
#[component]
pub fn UnsentOffer() -> impl IntoView {
    let unsent = Unsent::expect();
    let tab = Tab::expect();
    let open_form = form_opener(tab);
    effect(move || {
        // The form takes the text over.
        if let Some(url) = unsent.claimed_form_url() {
            open_form(&url);
        }
    });
    dynamic(move || {
        let newest = unsent.newest();
        newest.map(|(offer, count)| offer_banner(&offer, count, unsent).into_any())
    })
}

fn offer_banner(offer: &Offer, count: usize, unsent: Unsent) -> impl IntoView + use<> {
    let lang = PageContext::expect().lang;
    let tab = Tab::expect();
    let questions: QuestionHandle = expect_context();
    let text = lang.unsent_offer(
        format_time(offer.at_ms, lang.tag()),
        offer.text.draft.to.clone(),
    );
    let id = offer.id.clone();
    let claimed = offer.id.clone();
    let resume = move |_| {
        let id = claimed.clone();
        let resume = move || {
            let id = id.clone();
            spawn_local(async move {
                if !unsent.claim(&id).await {
                    tab.show_snack(Snack::Note(lang.unsent_elsewhere().into_owned()));
                }
            });
        };
        confirm_replace(unsent, questions, lang, Arc::new(resume));
    };
    let discard = move |_| {
        let id = id.clone();
        let delete = Arc::new(move || unsent.delete(&id));
        questions.ask(discard_question(lang, lang.unsent_keep(), delete));
    };
    view! {
        <div class="banner info">
            <Icon name="draft" />
            <span class="grow">
                <b dir="auto">{text}</b>
                {(count > 1)
                    .then(|| {
                        view! { <span class="sub">{lang.unsent_more(count as u64 - 1)}</span> }
                            .into_any()
                    })}
            </span>
            <span class="acts">
                <button class="btn btn-line btn-sm" type="button" on:click=handler(resume)>
                    {lang.unsent_continue()}
                </button>
                <button class="btn btn-sm" type="button" on:click=handler(discard)>
                    {lang.discard_text()}
                </button>
            </span>
        </div>
    }
    .into_any()
}
