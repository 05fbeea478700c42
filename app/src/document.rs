//! The HTML document around the page, as rendered by the server.

pub mod editor;

use std::future::Future;
use std::pin::Pin;

use futures_util::stream::{self, Stream, StreamExt as _};
use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_router::location::RequestUrl;

use crate::App;
use crate::api::types::Theme;
use crate::page::{self, PageContext};
use crate::state::title::PageName;
use crate::text::url::page::Page;
use crate::text::{markup, url};

/// The placeholder of the title. Everything before it in the document consists of our own
/// attributes.
const NO_TITLE: &str = "<title></title>";

/// The parts of a document, in order.
pub type Parts = Pin<Box<dyn Stream<Item = String> + Send>>;

/// The path of the page in a [`shell`] that responds to a request for another path; provided by
/// context.
#[derive(Debug, Clone)]
pub struct OwnAddress(pub String);

/// Puts the page's own URL into the address bar before the app reads it. A reload then requests
/// that URL instead of posting the form again.
const OWN_ADDRESS_SCRIPT: &str =
    "history.replaceState(null,'',document.documentElement.dataset.at)";

/// The hydration script. WebAssembly compiles while the document is still being parsed, and runs
/// after the first frame, so that it does not delay reading. A hidden tab has no frames, so there
/// it runs at once.
const HYDRATION_SCRIPT: &str = "(async()=>{\
    const at=document.documentElement.dataset.code,path=at+'_bg.wasm';\
    const compiled=WebAssembly.compileStreaming?\
        WebAssembly.compileStreaming(fetch(path)).catch(()=>path):path;\
    const whole=new Promise(go=>document.readyState==='loading'?\
        document.addEventListener('DOMContentLoaded',go):go());\
    const shown=whole.then(()=>new Promise(go=>document.hidden?go():\
        requestAnimationFrame(()=>setTimeout(go))));\
    const [program,module_or_path]=await Promise.all([import(at+'.js'),compiled,shown]);\
    await program.default({module_or_path});\
    program.hydrate()\
    })()";

/// The file of the second WebAssembly module, beside the first one: the module's name is in
/// [`crate::routes::lazy`].
const LAZY_MODULE: &str = "split_lazy.wasm";

/// The document around [`App`].
///
/// Needs [`PageContext`] in context, and a nonce if the policy requires one. `options` name the
/// front-end build: `output_name` "restante", `site_pkg_dir` "a/HASH", `hash_files` false.
/// [`in_order`] writes the title.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    provide_context(PageName::default());
    let page = PageContext::expect();
    let code = format!(
        "{}/{}/{}",
        page.base, options.site_pkg_dir, options.output_name
    );
    let own_address = use_context::<OwnAddress>().map(|own| own.0);
    let request_url = use_context::<RequestUrl>().unwrap_or_default();
    let path = own_address.as_deref().unwrap_or(request_url.as_ref());
    let path = path.split('?').next().unwrap_or_default();
    let lazy_module = Page::at(&page.base, path).is_lazy().then(|| {
        preload_module(format!(
            "{}/{}/{LAZY_MODULE}",
            page.base, options.site_pkg_dir
        ))
    });
    let address_script = own_address.is_some().then(|| {
        view! { <script nonce=use_nonce()>{OWN_ADDRESS_SCRIPT}</script> }
    });
    let hydration_script = view! {
        <script type="module" async nonce=use_nonce()>{HYDRATION_SCRIPT}</script>
    };
    let theme = match page.theme {
        Theme::System => None,
        Theme::Light => Some("light"),
        Theme::Dark => Some("dark"),
    };
    view! {
        <!DOCTYPE html>
        <html
            lang=page.lang.tag()
            data-at=own_address
            data-base=page.base.clone()
            data-build=page.build.clone()
            data-code=code.clone()
            data-css=page.css.clone()
            data-icons=page.icons.clone()
            data-live=page.live.clone()
            data-seen=page.seen.clone()
            data-theme=theme
        >
            <head>
                <meta charset="utf-8" />
                {address_script}
                <title></title>
                <meta name="viewport" content=page::VIEWPORT />
                <meta name="color-scheme" content="light dark" />
                {hydration_script}
                <link rel="modulepreload" href=format!("{code}.js") />
                {preload_module(format!("{code}_bg.wasm"))}
                {lazy_module}
                <link rel="stylesheet" href=url::asset(&page.base, &page.css) />
                <link rel="icon" type="image/svg+xml" href=page::ICON />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// The element that loads a WebAssembly module early.
fn preload_module(href: String) -> impl IntoView {
    view! {
        <link
            rel="preload"
            href=href
            r#as="fetch"
            r#type="application/wasm"
            crossorigin="anonymous"
        />
    }
}

/// Renders a [`shell`] in order: a stream builder of `leptos_axum::handle_response_inner`.
///
/// The document is sent in one part: every resource of the page may decide its status, so nothing
/// can be sent earlier, and the title is known only after the whole page is rendered. `data`
/// follows it: the serialized resources for the browser.
pub fn in_order<V: IntoView + 'static>(
    shell: V,
    data: Box<dyn FnOnce() -> Parts + Send>,
    _: bool,
) -> Pin<Box<dyn Future<Output = Parts> + Send>> {
    let name = use_context::<PageName>().unwrap_or_default();
    let parts = shell.to_html_stream_in_order();
    Box::pin(async move {
        let document = async move {
            let html = parts.collect::<String>().await;
            with_title(html, &name.get())
        };
        Box::pin(stream::once(document).chain(data())) as Parts
    })
}

/// Writes the title of a page into its document.
fn with_title(mut html: String, name: &str) -> String {
    if let Some(start) = html.find(NO_TITLE) {
        let title = markup::title_element(&markup::title(name));
        html.replace_range(start..start + NO_TITLE.len(), &title);
    }
    html
}

/// The style sheet and script that a document without the app has inline: constants of the program,
/// listed by their hashes in its policy.
#[derive(Debug, Clone, Default)]
pub struct Inline {
    /// A style sheet that replaces the app's.
    pub style: Option<String>,
    /// A script that runs after the document is parsed.
    pub script: Option<&'static str>,
}

/// Renders a complete document without the app. Needs [`PageContext`] in context.
pub fn plain<Head: IntoView>(
    name: &str,
    inline: Inline,
    head: impl FnOnce() -> Head,
    body: impl IntoView,
) -> String {
    let page = PageContext::expect();
    let theme = match page.theme {
        Theme::System => None,
        Theme::Light => Some("light"),
        Theme::Dark => Some("dark"),
    };
    let sheet = match inline.style {
        Some(style) => view! { <style>{style}</style> }.into_any(),
        None => {
            view! { <link rel="stylesheet" href=url::asset(&page.base, &page.css) /> }.into_any()
        }
    };
    let html = view! {
        <!DOCTYPE html>
        <html lang=page.lang.tag() data-base=page.base.clone() data-theme=theme>
            <head>
                <meta charset="utf-8" />
                <title></title>
                <meta name="viewport" content=page::VIEWPORT />
                <meta name="color-scheme" content="light dark" />
                {sheet}
                <link rel="icon" type="image/svg+xml" href=page::ICON />
                {head()}
            </head>
            <body>
                {body} {inline.script.map(|script| view! { <script>{script}</script> })}
            </body>
        </html>
    }
    .to_html();
    with_title(html, name)
}

/// Renders a notice for the message frame, in place of a message. It has no style sheet because the
/// policy allows none.
pub fn frame_note(text: &str) -> String {
    let text = text.to_owned();
    Owner::new().with(|| {
        let html = view! {
            <!DOCTYPE html>
            <html>
                <head>
                    <meta charset="utf-8" />
                    <title></title>
                </head>
                <body>
                    <p dir="auto">{text}</p>
                </body>
            </html>
        };
        html.to_html()
    })
}
