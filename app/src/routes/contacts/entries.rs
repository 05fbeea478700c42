//! The forms of a contact and of a group.

use leptos::prelude::*;

use super::super::entry_form::{EntryForm, invalid};
use super::{Refused, RefusedForm};
use crate::api::error::ApiError;
use crate::api::types::{Contact, ContactGroup, ContactQuery};
use crate::page::PageContext;
use crate::text::url;
use crate::ui::text_area::TextArea;

/// The form of one contact; of a new one, folded, if it has no id.
pub(super) fn contact_form(query: &ContactQuery, known: Contact, refused: Refused) -> AnyView {
    let lang = PageContext::expect().lang;
    let typed = refused.with_value(|refused| match refused {
        Some((RefusedForm::Contact(typed), error)) if typed.id == known.id => {
            Some((typed.clone(), error.clone()))
        }
        _ => None,
    });
    let is_new = known.id.as_str().is_empty();
    let title = match is_new {
        true => lang.contact_add().into_owned(),
        false => known.label().to_owned(),
    };
    let second = known.addresses.iter().filter(|address| **address != title);
    let second = second.map(String::as_str).collect::<Vec<_>>().join(", ");
    let (contact, error) = match typed {
        Some((typed, error)) => (typed, Some(error)),
        None => (known, None),
    };
    let label = format!("c-name-{}", contact.id);
    let fields = view! {
        <div class="field">
            <label for=label.clone()>{lang.identity_name()}</label>
            <input
                class="input"
                id=label
                name="name"
                value=contact.name.clone()
                dir="auto"
                autocomplete="off"
                aria-invalid=invalid(error.as_ref(), "name")
            />
        </div>
        <div class="field">
            <span class="lbl">{lang.contact_addresses()}</span>
            <TextArea
                name="addresses"
                label=lang.contact_addresses()
                text=contact.addresses.join("\n")
                class="input"
                node_ref=NodeRef::new()
            />
        </div>
        <div class="field">
            <span class="lbl">{lang.contact_note()}</span>
            <TextArea
                name="note"
                label=lang.contact_note()
                text=contact.note.clone()
                class="input"
                node_ref=NodeRef::new()
            />
        </div>
    }
    .into_any();
    let id = contact.id.to_string();
    entry(query, (title, second), ("contact", id), error, fields)
}

/// The form of one group; of a new one, folded, if it has no id.
pub(super) fn group_form(query: &ContactQuery, known: ContactGroup, refused: Refused) -> AnyView {
    let lang = PageContext::expect().lang;
    let typed = refused.with_value(|refused| match refused {
        Some((RefusedForm::Group(typed), error)) if typed.id == known.id => {
            Some((typed.clone(), error.clone()))
        }
        _ => None,
    });
    let (title, second) = match known.id.as_str() {
        "" => (lang.contact_group_add().into_owned(), String::new()),
        _ => {
            let count = lang.contact_members_count(known.members.len() as u64);
            (known.name.clone(), count.into_owned())
        }
    };
    let (group, error) = match typed {
        Some((typed, error)) => (typed, Some(error)),
        None => (known, None),
    };
    let label = format!("g-name-{}", group.id);
    let fields = view! {
        <div class="field">
            <label for=label.clone()>{lang.contact_group_name()}</label>
            <input
                class="input"
                id=label
                name="name"
                value=group.name.clone()
                dir="auto"
                autocomplete="off"
                required
                aria-invalid=invalid(error.as_ref(), "group_name")
            />
        </div>
        <div class="field">
            <span class="lbl">{lang.contact_members()}</span>
            <TextArea
                name="addresses"
                label=lang.contact_members()
                text=group.members.join("\n")
                class="input"
                node_ref=NodeRef::new()
            />
        </div>
    }
    .into_any();
    let id = group.id.to_string();
    entry(query, (title, second), ("group", id), error, fields)
}

/// The form of an entry. `title` has a second text beside it, `kind` the id of the entry.
fn entry(
    query: &ContactQuery,
    (title, second): (String, String),
    (kind, id): (&'static str, String),
    error: Option<ApiError>,
    fields: AnyView,
) -> AnyView {
    EntryForm {
        action: url::settings_contacts(&PageContext::expect().base),
        summary: view! { <bdi>{title}</bdi> " " <small class="muted"><bdi>{second}</bdi></small> }
            .into_any(),
        can_delete: !id.is_empty(),
        hidden: vec![
            ("account", query.account.to_string()),
            ("q", query.text.clone()),
            ("offset", query.offset.to_string()),
            ("kind", kind.to_owned()),
            ("entry", id),
        ],
        error,
        fields,
    }
    .into_view()
}
