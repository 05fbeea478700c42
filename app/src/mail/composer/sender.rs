//! The sender of a message: its name and address, and the signature that goes with them.

use leptos::ev;
use leptos::prelude::*;

use super::fields::Fields;
use crate::api::types::{Identity, IdentityId};
use crate::mail::form::Hidden;
use crate::page::PageContext;

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
                on:change=on_change
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

/// Returns a text with another signature: in place of the old one, or before the quotation that
/// `initial`, the text of the form at its beginning, ends with. A signature that was edited stays.
pub(super) fn resigned(text: &str, old: &str, new: &str, initial: &str) -> String {
    if old == new {
        return text.to_owned();
    }
    if !old.is_empty() {
        let Some(at) = text.find(old) else {
            return text.to_owned();
        };
        let (before, rest) = text.split_at(at);
        let after = rest.get(old.len()..).unwrap_or_default();
        return match new {
            "" => format!("{}{after}", before.trim_end_matches('\n')),
            new => format!("{before}{new}{after}"),
        };
    }
    let quotation = initial.trim_start();
    match text.strip_suffix(quotation) {
        Some(own) if !quotation.is_empty() => {
            format!("{}\n\n{new}\n\n{quotation}", own.trim_end_matches('\n'))
        }
        _ => format!("{}\n\n{new}", text.trim_end_matches('\n')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_sender_brings_its_signature_in_place_of_the_old_one() {
        let text = "Hi\n\n-- \nAnn\n\nOn Monday:\n> x";
        let signed = resigned(text, "-- \nAnn", "-- \nSales", "\n\nOn Monday:\n> x");
        assert_eq!(signed, "Hi\n\n-- \nSales\n\nOn Monday:\n> x");
        assert_eq!(resigned(text, "-- \nBen", "-- \nSales", ""), text);
    }

    #[test]
    fn a_first_signature_stands_before_the_quotation() {
        let initial = "\n\nOn Monday:\n> x\n";
        let signed = resigned("Hi\n\nOn Monday:\n> x\n", "", "-- \nAnn", initial);
        assert_eq!(signed, "Hi\n\n-- \nAnn\n\nOn Monday:\n> x\n");
        assert_eq!(resigned("Hi", "", "-- \nAnn", ""), "Hi\n\n-- \nAnn");
    }

    #[test]
    fn a_sender_without_signature_takes_it_away() {
        assert_eq!(resigned("Hi\n\n-- \nAnn", "-- \nAnn", "", ""), "Hi");
    }
}
