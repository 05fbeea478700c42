//! The cards of an open message: who confirmed its author, what may deceive, reports, invitations.

use leptos::prelude::*;

use crate::api::types::{Card, CardKind};
use crate::page::PageContext;
use crate::text::url;
use crate::ui::Icon;

/// The badge beside the author's name that opens to what the receiving server found out.
#[component]
pub fn Trust(
    /// The card.
    card: Card,
) -> impl IntoView {
    let (class, icon) = match card.kind {
        CardKind::Verified => ("badge ok", "shield"),
        CardKind::Forged => ("badge bad", "shieldno"),
        _ => ("badge", "shieldno"),
    };
    view! {
        <details class="trust">
            <summary>
                <span class=class>
                    <Icon name=icon />
                    {card.title}
                </span>
            </summary>
            <div class="trust-card">{lines(card.lines)}</div>
        </details>
    }
}

/// A card above the body.
#[component]
pub fn BodyCard(
    /// The card.
    card: Card,
) -> impl IntoView {
    let page = PageContext::expect();
    let label = card.title.clone();
    if card.kind == CardKind::Invitation {
        return view! {
            <section class="invite" aria-label=label>
                <div class="cal" aria-hidden="true">
                    <small>{card.month}</small>
                    <b>{card.day}</b>
                </div>
                <div>
                    <b dir="auto">{card.title}</b>
                    <div class="small muted">{lines(card.lines)}</div>
                </div>
            </section>
        }
        .into_any();
    }
    let (class, icon) = match card.kind {
        CardKind::Warning => ("banner inset warn", "alert"),
        _ => ("banner inset info", "info"),
    };
    view! {
        <div class=class role="region" aria-label=label>
            <Icon name=icon />
            <div class="grow">
                <b dir="auto">{card.title}</b>
                {lines(card.lines)}
            </div>
            {card
                .outbox
                .map(|outbox| {
                    view! {
                        <a class="btn btn-sm" href=url::outbox_entry(&page.base, &outbox)>
                            {page.lang.sent_message()}
                        </a>
                    }
                        .into_any()
                })}
        </div>
    }
    .into_any()
}

fn lines(lines: Vec<String>) -> impl IntoView {
    lines
        .into_iter()
        .map(|line| view! { <div dir="auto">{line}</div> }.into_any())
        .collect_view()
}

/// Whether a card is the badge beside the author's name.
pub fn is_trust(card: &Card) -> bool {
    matches!(
        card.kind,
        CardKind::Verified | CardKind::Unverified | CardKind::Forged
    )
}
