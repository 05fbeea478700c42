//! The page of the names, addresses and signatures that an account sends with. Plain HTML without
//! the app: forms do all of it.

use leptos::prelude::*;

use super::entry_form::{EntriesPage, EntryForm, invalid};
use super::plain_page::AccountsPage;
use crate::api::error::ApiError;
use crate::api::types::{AccountId, AccountIdentities, Identity, Lang};
use crate::page::PageContext;
use crate::text::url;
use crate::ui::text_area::TextArea;

/// What the page shows.
pub type IdentitiesPage = AccountsPage<AccountIdentities, (AccountId, Identity)>;

/// Renders the document.
pub fn render(page: IdentitiesPage) -> String {
    EntriesPage {
        title: Lang::settings_identities,
        lead: Lang::identities_lead,
        entries: |of: AccountIdentities| (of.account, of.address, of.identities),
        is_same: |one, other| one.id == other.id,
        form: identity_form,
    }
    .render(page)
}

/// The form of one identity; of a new one, folded, if it has no id.
fn identity_form(
    lang: Lang,
    account: &AccountId,
    known: Identity,
    identity: Identity,
    error: Option<ApiError>,
) -> AnyView {
    let is_new = known.id.as_str().is_empty();
    let is_own = known.is_own();
    let title = match is_new {
        true => lang.identity_add().into_owned(),
        false => known.mailbox(),
    };
    let badge = (known.is_default && !is_new).then(|| {
        view! { <span class="badge">{lang.identity_is_default()}</span> }
    });
    let id = format!("{account}-{}", identity.id);
    let label = |name: &str| format!("i-{name}-{id}");
    let (name, address) = (label("name"), label("address"));
    let reply_to = label("reply");
    let fields = view! {
        <div class="field">
            <label for=name.clone()>{lang.identity_name()}</label>
            <input
                class="input"
                id=name
                name="name"
                value=identity.name.clone()
                dir="auto"
                autocomplete="name"
                aria-invalid=invalid(error.as_ref(), "name")
            />
        </div>
        <div class="field">
            <label for=address.clone()>{lang.identity_address()}</label>
            <input
                class="input"
                id=address
                name="address"
                type="email"
                value=identity.address.clone()
                readonly=is_own
                required
                aria-invalid=invalid(error.as_ref(), "address")
            />
        </div>
        <div class="field">
            <label for=reply_to.clone()>{lang.identity_reply_to()}</label>
            <input
                class="input"
                id=reply_to
                name="reply_to"
                value=identity.reply_to.clone()
                aria-invalid=invalid(error.as_ref(), "reply_to")
            />
        </div>
        <div class="field">
            <span class="lbl">{lang.identity_signature()}</span>
            <TextArea
                name="signature"
                label=lang.identity_signature()
                text=identity.signature.clone()
                class="input"
                node_ref=NodeRef::new()
            />
        </div>
        <label class="check">
            <input type="checkbox" name="copied" checked=identity.is_copied />
            <span>{lang.identity_copied()}</span>
        </label>
        <label class="check">
            <input type="checkbox" name="default" checked=identity.is_default />
            <span>{lang.identity_default()}</span>
        </label>
    };
    EntryForm {
        action: url::settings_identities(&PageContext::expect().base),
        summary: view! { <bdi>{title}</bdi> " " {badge} }.into_any(),
        hidden: vec![
            ("account", account.to_string()),
            ("identity", identity.id.to_string()),
        ],
        error,
        fields: fields.into_any(),
        can_delete: !is_new && !is_own,
    }
    .into_view()
}
