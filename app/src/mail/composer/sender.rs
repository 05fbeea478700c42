//! The sender of a message: its name and address, and the signature that goes with them.

use leptos::ev;
use leptos::prelude::*;

use super::fields::Fields;
use crate::api::types::{Identity, IdentityId};
use crate::mail::form::Hidden;
use crate::page::PageContext;
use crate::ui::dynamic::handler;

/// The line of the sender: a choice if the account has several.
#[component]
pub fn Sender(
    /// The identities of the account.
    identities: Vec<Identity>,
    fields: Fields,
    /// The text that the form began with.
    initial: String,
    /// Reports a change of the form.
    report: Callback<()>,
) -> impl IntoView {
    let lang = PageContext::expect().lang;
    let chosen = fields.identity.get_untracked();
    let is_chosen = |identity: &&Identity| Some(&identity.id) == chosen.as_ref();
    let sender = identities.iter().find(is_chosen).or(identities.first());
    let sender = sender.cloned().unwrap_or_default();
    let field = if identities.len() < 2 {
        view! {
            <input id="c-from" name="from" value=sender.mailbox() readonly dir="auto" />
            <Hidden name="identity" value=sender.id.0 />
        }
        .into_any()
    } else {
        let options = identities
            .iter()
            .map(|identity| {
                let is_selected = identity.id == sender.id;
                view! {
                    <option value=identity.id.to_string() selected=is_selected>
                        {identity.mailbox()}
                    </option>
                }
                .into_any()
            })
            .collect_view();
        let known = StoredValue::new((identities, initial));
        let on_change = move |event: ev::Event| {
            let id = IdentityId(event_target_value(&event));
            let before = fields.identity.get_untracked();
            known.with_value(|(identities, initial)| {
                let block = |id: Option<&IdentityId>| {
                    let found = identities.iter().find(|identity| Some(&identity.id) == id);
                    found.map(Identity::signature_block).unwrap_or_default()
                };
                let (old, new) = (block(before.as_ref()), block(Some(&id)));
                fields.sign(&old, &new, initial);
            });
            fields.identity.set(Some(id));
            report.run(());
        };
        view! {
            <select
                id="c-from"
                name="identity"
                dir="auto"
                prop:value=move || {
                    fields.identity.get().map(|identity| identity.0).unwrap_or_default()
                }
                on:change=handler(on_change)
            >
                {options}
            </select>
        }
        .into_any()
    };
    view! {
        <div class="c-line">
            <label for="c-from">{lang.from()}</label>
            {field}
        </div>
    }
}
