//! The page of the texts that an account writes again and again. Plain HTML without the app: forms
//! do all of it.

use leptos::prelude::*;

use super::entry_form::{EntriesPage, EntryForm, invalid};
use super::plain_page::AccountsPage;
use crate::api::error::ApiError;
use crate::api::types::{AccountId, AccountTemplates, Lang, Template};
use crate::page::PageContext;
use crate::text::url;
use crate::ui::text_area::TextArea;

/// What the page shows.
pub type TemplatesPage = AccountsPage<AccountTemplates, (AccountId, Template)>;

/// Renders the document.
pub fn render(page: TemplatesPage) -> String {
    EntriesPage {
        title: Lang::settings_templates,
        lead: Lang::templates_lead,
        entries: |of: AccountTemplates| (of.account, of.address, of.templates),
        is_same: |one, other| one.id == other.id,
        form: template_form,
    }
    .render(page)
}

/// The form of one template; of a new one, if it has no id.
fn template_form(
    lang: Lang,
    account: &AccountId,
    known: Template,
    template: Template,
    error: Option<ApiError>,
) -> AnyView {
    let base = PageContext::expect().base;
    let is_new = known.id.as_str().is_empty();
    let title = match is_new {
        true => lang.template_add().into_owned(),
        false => known.name.clone(),
    };
    let id = format!("{account}-{}", template.id);
    let (name, subject) = (format!("t-name-{id}"), format!("t-subject-{id}"));
    let write = (!is_new).then(|| {
        let address = url::compose_template(&base, account, &template.id);
        view! {
            <div>
                <a class="btn btn-line btn-sm" rel="external" href=address>
                    {lang.template_write()}
                </a>
            </div>
        }
    });
    let fields = view! {
        <div class="field">
            <label for=name.clone()>{lang.template_name()}</label>
            <input
                class="input"
                id=name
                name="name"
                value=template.name.clone()
                dir="auto"
                required
                aria-invalid=invalid(error.as_ref(), "name")
            />
        </div>
        <div class="field">
            <label for=subject.clone()>{lang.subject()}</label>
            <input
                class="input"
                id=subject
                name="subject"
                value=template.subject.clone()
                dir="auto"
                aria-invalid=invalid(error.as_ref(), "subject")
            />
        </div>
        <div class="field">
            <span class="lbl">{lang.message_text()}</span>
            <TextArea
                name="text"
                label=lang.message_text()
                text=template.text.clone()
                class="input"
                node_ref=NodeRef::new()
            />
        </div>
        {write}
    };
    EntryForm {
        action: url::settings_templates(&base),
        summary: view! { <bdi>{title}</bdi> }.into_any(),
        hidden: vec![
            ("account", account.to_string()),
            ("template", template.id.to_string()),
        ],
        error,
        fields: fields.into_any(),
        can_delete: !is_new,
    }
    .into_view()
}
