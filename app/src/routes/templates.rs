//! The page of the texts that an account writes again and again. Plain HTML without the app: forms
//! do all of it.

use leptos::prelude::*;

use super::entry_form::{EntryForm, invalid};
use super::plain_page::{PlainPage, saved};
use crate::api::error::ApiError;
use crate::api::types::{AccountId, AccountTemplates, Lang, Template};
use crate::page::PageContext;
use crate::text::url;
use crate::ui::text_area::TextArea;

/// What the page shows.
#[derive(Debug, Clone)]
pub struct TemplatesPage {
    /// The context of the request.
    pub context: PageContext,
    /// The templates of each account.
    pub accounts: Vec<AccountTemplates>,
    /// A form that was refused, as it was typed, and why.
    pub refused: Option<(AccountId, Template, ApiError)>,
    /// Whether the last form was saved.
    pub is_saved: bool,
}

/// Renders the document.
pub fn render(page: TemplatesPage) -> String {
    Owner::new().with(|| {
        provide_context(page.context.clone());
        let lang = page.context.lang;
        let head = PlainPage::of_settings(&page.context, lang.settings_templates());
        let refused = StoredValue::new(page.refused);
        let accounts = page.accounts.into_iter().map(|account| {
            let forms = account
                .templates
                .into_iter()
                .chain([Template::default()])
                .map(|template| template_form(lang, &account.account, template, refused))
                .collect_view();
            view! {
                <section class="set-group">
                    <h2 dir="auto">{account.address}</h2>
                    {forms}
                </section>
            }
            .into_any()
        });
        head.into_document(view! {
            <p class="muted">{lang.templates_lead()}</p>
            {saved(page.is_saved, lang)}
            {accounts.collect_view()}
        })
    })
}

type Refused = StoredValue<Option<(AccountId, Template, ApiError)>>;

/// The form of one template; of a new one, if it has no id.
fn template_form(lang: Lang, account: &AccountId, known: Template, refused: Refused) -> AnyView {
    let base = PageContext::expect().base;
    let typed = refused.with_value(|refused| {
        let (of, typed, error) = refused.as_ref()?;
        (of == account && typed.id == known.id).then(|| (typed.clone(), error.clone()))
    });
    let is_new = known.id.as_str().is_empty();
    let title = match is_new {
        true => lang.template_add().into_owned(),
        false => known.name.clone(),
    };
    let (template, error) = match typed {
        Some((typed, error)) => (typed, Some(error)),
        None => (known, None),
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
