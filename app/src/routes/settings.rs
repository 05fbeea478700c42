//! The settings page: appearance. A plain form; the response is in the chosen language and theme.

use leptos::prelude::*;

use crate::api::types::{Lang, Theme};
use crate::mail::form::Hidden;
use crate::mail::frame::PhoneBar;
use crate::page::PageContext;
use crate::state::tab::Tab;
use crate::text::url;

/// `/settings/appearance`
#[component]
pub fn AppearancePage() -> impl IntoView {
    let page = PageContext::expect();
    let lang = page.lang;
    Tab::expect()
        .title
        .set(lang.settings_appearance().into_owned());
    let path = url::settings_appearance(&page.base);
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
            <form class="set-main pane-scroll" method="post" action=path>
                <Hidden name="return" value=path.clone() />
                <div class="set-page">
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
                </div>
            </form>
        </main>
    }
}
