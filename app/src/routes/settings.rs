//! The settings page: appearance. A plain form; the response is in the chosen language and theme.

use leptos::prelude::*;

use crate::api::message::image_senders;
use crate::api::types::{ImageSender, Lang, Theme};
use crate::mail::form::Hidden;
use crate::mail::frame::PhoneBar;
use crate::page::PageContext;
use crate::state::api_resource::api_resource;
use crate::state::tab::Tab;
use crate::text::url;
use crate::ui::Icon;
use crate::ui::dynamic::later;

/// `/settings/appearance`
#[component]
pub fn AppearancePage() -> impl IntoView {
    let page = PageContext::expect();
    let lang = page.lang;
    Tab::expect()
        .title
        .set(lang.settings_appearance().into_owned());
    let path = url::settings_appearance(&page.base);
    let senders = api_resource(|| (), |()| async { image_senders().await });
    let theme = |value: Theme, form_value: &'static str, label: std::borrow::Cow<'static, str>| {
        view! {
            <label>
                <input type="radio" name="theme" value=form_value checked=page.theme == value />
                {label}
            </label>
        }
        .into_any()
    };
    let language = |value: Lang, label: &'static str| {
        view! {
            <option value=value.tag() lang=value.tag() selected=lang == value>
                {label}
            </option>
        }
        .into_any()
    };
    view! {
        <main class="pane pane-main" aria-label=lang.settings_appearance()>
            <PhoneBar title=lang.settings_appearance() />
            <div class="set-main pane-scroll">
                <form class="set-page" method="post" action=path>
                    <Hidden name="return" value=path.clone() />
                    <h1>{lang.settings_appearance()}</h1>
                    <section class="set-group">
                        <h2 id="set-theme">{lang.theme()}</h2>
                        <div class="set-row stack">
                            <div class="seg" role="radiogroup" aria-labelledby="set-theme">
                                {theme(Theme::System, "system", lang.theme_system())}
                                {theme(Theme::Light, "light", lang.theme_light())}
                                {theme(Theme::Dark, "dark", lang.theme_dark())}
                            </div>
                        </div>
                    </section>
                    <section class="set-group">
                        <h2>{lang.language()}</h2>
                        <div class="set-row stack">
                            <select class="select input-sm" name="lang" aria-label=lang.language()>
                                {language(Lang::En, "English")}
                                {language(Lang::ZhCn, "简体中文")}
                            </select>
                        </div>
                    </section>
                    <div>
                        <button class="btn btn-primary">{lang.save()}</button>
                    </div>
                </form>
                <section class="set-page">
                    <a class="btn btn-line" rel="external" href=url::settings_identities(&page.base)>
                        <Icon name="pencil" class="i-s" />
                        {lang.settings_identities()}
                    </a>
                    <a class="btn btn-line" rel="external" href=url::settings_composing(&page.base)>
                        <Icon name="send" class="i-s i-dir" />
                        {lang.settings_composing()}
                    </a>
                    <a class="btn btn-line" rel="external" href=url::settings_templates(&page.base)>
                        <Icon name="file" class="i-s" />
                        {lang.settings_templates()}
                    </a>
                    <a class="btn btn-line" rel="external" href=url::settings_contacts(&page.base)>
                        <Icon name="user" class="i-s" />
                        {lang.settings_contacts()}
                    </a>
                </section>
                <Suspense fallback=|| ()>
                    {later(move || async move {
                        senders.await.ok().map(image_list).into_any()
                    })}
                </Suspense>
            </div>
        </main>
    }
}

/// The senders whose remote images are always shown, each with a button that ends this.
fn image_list(senders: Vec<ImageSender>) -> Option<AnyView> {
    let page = PageContext::expect();
    let (lang, action) = (page.lang, url::images(&page.base));
    let back = url::settings_appearance(&page.base);
    let rows = senders
        .iter()
        .map(|sender| {
            view! {
                <form class="set-row" method="post" action=action.clone()>
                    <Hidden name="account" value=sender.account.to_string() />
                    <Hidden name="address" value=sender.address.clone() />
                    <Hidden name="shown" value="false".to_owned() />
                    <Hidden name="return" value=back.clone() />
                    <span class="grow" dir="auto">
                        {sender.address.clone()}
                    </span>
                    <button class="btn btn-line btn-sm">{lang.images_stop()}</button>
                </form>
            }
            .into_any()
        })
        .collect_view();
    let list = || {
        view! {
            <section class="set-page">
                <h2>{lang.images_of()}</h2>
                <div>{rows}</div>
            </section>
        }
        .into_any()
    };
    (!senders.is_empty()).then(list)
}
