//! Offers unsent texts on every page until the user continues or discards them.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::page::PageContext;
use crate::state::snack::Snack;
use crate::state::tab::Tab;
use crate::state::unsent::leaving::{before_replacing, discarding};
use crate::state::unsent::text::Offer;
use crate::state::unsent::{Unsent, moment};
use crate::ui::Icon;
use crate::ui::dynamic::{dynamic, effect};
use crate::ui::navigator::navigator;
use crate::ui::question::Asked;

/// The newest unsent text, with a link to its form.
#[component]
pub fn UnsentOffer() -> impl IntoView {
    let unsent = Unsent::expect();
    let navigate = navigator();
    effect(move || {
        // The form takes the text over.
        if let Some(address) = unsent.wanted_elsewhere() {
            navigate(&address);
        }
    });
    dynamic(move || {
        let newest = unsent.newest();
        newest.map(|(offer, count)| shown(&offer, count, unsent).into_any())
    })
}

fn shown(offer: &Offer, count: usize, unsent: Unsent) -> impl IntoView + use<> {
    let lang = PageContext::expect().lang;
    let tab = Tab::expect();
    let asked: Asked = expect_context();
    let words = lang.unsent_offer(moment(offer.at_ms, lang.tag()), offer.text.draft.to.clone());
    let id = offer.id.clone();
    let claimed = offer.id.clone();
    let go_on = move |_| {
        let id = claimed.clone();
        let go_on = move || {
            let id = id.clone();
            spawn_local(async move {
                if !unsent.claim(&id).await {
                    tab.say(Snack::Note(lang.unsent_elsewhere().into_owned()));
                }
            });
        };
        before_replacing(unsent, asked, lang, Arc::new(go_on));
    };
    let discard = move |_| {
        let id = id.clone();
        let forget = Arc::new(move || unsent.forget(&id));
        asked.ask(discarding(lang, lang.unsent_keep(), forget));
    };
    view! {
        <div class="banner info">
            <Icon name="draft" />
            <span class="grow">
                <b dir="auto">{words}</b>
                {(count > 1)
                    .then(|| {
                        view! { <span class="sub">{lang.unsent_more(count as u64 - 1)}</span> }
                            .into_any()
                    })}
            </span>
            <span class="acts">
                <button class="btn btn-line btn-sm" type="button" on:click=go_on>
                    {lang.unsent_continue()}
                </button>
                <button class="btn btn-sm" type="button" on:click=discard>
                    {lang.discard_text()}
                </button>
            </span>
        </div>
    }
    .into_any()
}
