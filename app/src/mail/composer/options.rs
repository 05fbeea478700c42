//! How a message is sent: when, with which priority, and what its servers are asked for.

use leptos::prelude::*;

use crate::api::error::ApiError;
use crate::api::types::{Lang, Priority, SendLimitation, SendOptions};
use crate::page::PageContext;
use crate::ui::dynamic::{derived, handler};

/// The options of a message, folded unless one is chosen.
#[component]
pub fn Options(
    /// The options, as they are chosen.
    options: RwSignal<SendOptions>,
    /// What the outgoing server does not support.
    lacking: Vec<SendLimitation>,
    /// The error of the form.
    error: RwSignal<Option<ApiError>>,
) -> impl IntoView {
    let lang = PageContext::expect().lang;
    let initial = options.get_untracked();
    let is_invalid = move || {
        error.with(|error| {
            let field = error.as_ref().and_then(|error| error.field.as_deref());
            field == Some("send_at")
        })
    };
    let is_open = initial != SendOptions::default();
    let check = |name: &'static str,
                 label: std::borrow::Cow<'static, str>,
                 limitation: Option<SendLimitation>,
                 of: fn(&mut SendOptions) -> &mut bool| {
        let is_lacking = limitation.is_some_and(|limitation| lacking.contains(&limitation));
        let reason = is_lacking.then(|| {
            view! { <span class="muted small">{lang.option_unsupported()}</span> }.into_any()
        });
        let is_checked = move || options.with(|now| *of(&mut now.clone()));
        let is_initially_checked = *of(&mut initial.clone());
        view! {
            <label class="check">
                <input
                    type="checkbox"
                    name=name
                    disabled=is_lacking
                    checked=is_initially_checked
                    prop:checked=is_checked
                    on:change=handler(move |event| {
                        let is_chosen = event_target_checked(&event);
                        options.update(|now| *of(now) = is_chosen);
                    })
                />
                <span>{label}</span>
                {reason}
            </label>
        }
        .into_any()
    };
    let priorities = Priority::ALL
        .into_iter()
        .map(|priority| {
            view! {
                <option
                    value=priority.word()
                    selected=initial.priority == priority
                    prop:selected=move || options.with(|now| now.priority == priority)
                >
                    {priority_name(priority, lang)}
                </option>
            }
            .into_any()
        })
        .collect_view();
    view! {
        <details class="c-more c-options" open=is_open>
            <summary>{lang.send_options()}</summary>
            <div class="c-line" class:bad-line=is_invalid>
                <label for="c-send-at">{lang.send_at()}</label>
                <input
                    id="c-send-at"
                    type="datetime-local"
                    name="send_at"
                    value=initial.send_at.clone()
                    prop:value=move || options.with(|now| now.send_at.clone())
                    aria-invalid=derived(move || is_invalid().then_some("true"))
                    on:input=handler(move |event| {
                        let chosen = event_target_value(&event);
                        options.update(|now| now.send_at = chosen);
                    })
                />
            </div>
            <div class="c-line">
                <label for="c-priority">{lang.priority()}</label>
                <select
                    id="c-priority"
                    class="select input-sm"
                    name="priority"
                    on:change=handler(move |event| {
                        let chosen = Priority::from_word(&event_target_value(&event));
                        options.update(|now| now.priority = chosen.unwrap_or_default());
                    })
                >
                    {priorities}
                </select>
            </div>
            {check("receipt", lang.wants_receipt(), None, |options| &mut options.wants_receipt)}
            {check(
                "notice",
                lang.wants_notice(),
                Some(SendLimitation::Notices),
                |options| &mut options.wants_notice,
            )}
            {check(
                "require_tls",
                lang.requires_tls(),
                Some(SendLimitation::RequiredTls),
                |options| &mut options.requires_tls,
            )}
        </details>
    }
    .into_any()
}

fn priority_name(priority: Priority, lang: Lang) -> std::borrow::Cow<'static, str> {
    match priority {
        Priority::Normal => lang.priority_normal(),
        Priority::High => lang.priority_high(),
        Priority::Low => lang.priority_low(),
    }
}
