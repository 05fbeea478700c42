//! The forms that bring an address book as a file, and save it as one.

use leptos::prelude::*;

use super::super::entry_form::refusal;
use super::{Refused, RefusedForm};
use crate::api::types::ContactQuery;
use crate::mail::form::Hidden;
use crate::page::PageContext;
use crate::text::url;
use crate::ui::Icon;

/// Import and export.
pub(super) fn file_forms(query: &ContactQuery, refused: Refused) -> AnyView {
    let page = PageContext::expect();
    let lang = page.lang;
    let error = refused.with_value(|refused| match refused {
        Some((RefusedForm::File, error)) => Some(error.clone()),
        _ => None,
    });
    let error = error.map(refusal);
    let export = |format: &'static str, label: std::borrow::Cow<'static, str>| {
        let href = url::contacts_export(&page.base, &query.account, format);
        view! {
            <a class="btn btn-line btn-sm" href=href download>
                <Icon name="download" class="i-s" />
                {label}
            </a>
        }
        .into_any()
    };
    view! {
        <section class="set-group">
            <h2>{lang.contacts_import()}</h2>
            <form
                class="stack"
                method="post"
                action=url::contacts_import(&page.base)
                enctype="multipart/form-data"
            >
                {error}
                <p class="small muted">{lang.contacts_import_lead()}</p>
                <Hidden name="account" value=query.account.to_string() />
                <input
                    class="input"
                    type="file"
                    name="file"
                    aria-label=lang.contacts_file()
                    accept=".vcf,.vcard,.csv,.txt,text/vcard,text/csv"
                    required
                />
                <div class="row-btns">
                    <button class="btn btn-primary btn-sm">{lang.contacts_import()}</button>
                </div>
            </form>
        </section>
        <section class="set-group">
            <h2>{lang.contacts_export()}</h2>
            <div class="set-row row-btns">
                {export("vcard", lang.contacts_export_vcard())}
                {export("csv", lang.contacts_export_csv())}
            </div>
        </section>
    }
    .into_any()
}
