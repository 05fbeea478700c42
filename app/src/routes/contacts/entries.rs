//! The forms of a contact and of a group.

use leptos::prelude::*;

use super::{Refused, RefusedForm};
use crate::api::error::ApiError;
use crate::api::types::{Contact, ContactGroup, ContactQuery};
use crate::mail::form::Hidden;
use crate::page::PageContext;
use crate::text::url;
use crate::ui::error_banner::ErrorText;
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
                aria-invalid=invalid(&error, "name")
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
                aria-invalid=invalid(&error, "group_name")
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

fn invalid(error: &Option<ApiError>, field: &str) -> Option<&'static str> {
    let fault = error.as_ref().and_then(|error| error.field.as_deref());
    (fault == Some(field)).then_some("true")
}

/// The form of an entry, folded unless it was refused. `title` has a second text beside it, `kind` the
/// id of the entry.
fn entry(
    query: &ContactQuery,
    (title, second): (String, String),
    (kind, id): (&'static str, String),
    error: Option<ApiError>,
    fields: AnyView,
) -> AnyView {
    let page = PageContext::expect();
    let lang = page.lang;
    let is_open = error.is_some();
    let error = error.map(|error| {
        view! { <div class="banner bad" role="alert"><ErrorText error=error /></div> }
    });
    let delete = (!id.is_empty()).then(|| {
        view! {
            // A group with an empty name is deleted too.
            <button class="btn btn-line btn-sm" name="action" value="delete" formnovalidate>
                {lang.delete()}
            </button>
        }
    });
    view! {
        <details class="set-row stack" open=is_open>
            <summary>
                <bdi>{title}</bdi> " " <small class="muted"><bdi>{second}</bdi></small>
            </summary>
            <form method="post" action=url::settings_contacts(&page.base) class="stack">
                {error}
                <Hidden name="account" value=query.account.to_string() />
                <Hidden name="q" value=query.text.clone() />
                <Hidden name="offset" value=query.offset.to_string() />
                <Hidden name="kind" value=kind />
                <Hidden name="id" value=id />
                {fields}
                <div class="row-btns">
                    <button class="btn btn-primary btn-sm" name="action" value="save">
                        {lang.save()}
                    </button>
                    {delete}
                </div>
            </form>
        </details>
    }
    .into_any()
}
