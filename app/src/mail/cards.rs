//! The cards of an open message: who confirmed its author, what may deceive, reports, invitations.

use leptos::prelude::*;

use super::form::Hidden;
use crate::api::types::{Card, CardAction, CardKind, MessageRef};
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
    /// The message that it is about.
    of: MessageRef,
) -> impl IntoView {
    let page = PageContext::expect();
    let label = card.title.clone();
    let is_invitation = card.kind == CardKind::Invitation;
    let entry = card.outbox.map(|outbox| {
        let label = match is_invitation {
            true => page.lang.open_entry(),
            false => page.lang.sent_message(),
        };
        view! {
            <a class="btn btn-sm" href=url::outbox_entry(&page.base, &outbox)>
                {label}
            </a>
        }
        .into_any()
    });
    if is_invitation {
        let form = (!card.actions.is_empty()).then(|| {
            let actions = card.actions.into_iter().map(action).collect_view();
            view! {
                <form class="acts" method="post">
                    <Hidden name="message" value=of.to_string() />
                    <Hidden name="return" value=url::message(&page.base, &of) />
                    {actions}
                    {entry}
                </form>
            }
            .into_any()
        });
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
                {form}
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
            {entry}
        </div>
    }
    .into_any()
}

/// A button of an invitation. A plain one: what it posts leads back to the message.
fn action(action: CardAction) -> AnyView {
    let (class, check) = match action.is_primary {
        true => (
            "btn btn-sm btn-primary",
            Some(view! { <Icon name="check" class="i-s" /> }.into_any()),
        ),
        false => ("btn btn-sm btn-line", None),
    };
    view! {
        <button class=class name="answer" value=action.answer formaction=action.url>
            {check}
            {action.label}
        </button>
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
