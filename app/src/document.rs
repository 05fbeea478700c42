//! The document around the page, as the server writes it.

use std::future::Future;
use std::pin::Pin;

use futures_util::stream::{self, Stream, StreamExt as _};
use leptos::nonce::use_nonce;
use leptos::prelude::*;

use crate::App;
use crate::api::types::Theme;
use crate::page::{self, PageContext};
use crate::state::title::PageName;
use crate::text::{markup, url};

/// Where the title will be written. Before it the document holds nothing but our own attributes.
const NO_TITLE: &str = "<title></title>";

/// Parts of a document, one after the other.
pub type Parts = Pin<Box<dyn Stream<Item = String> + Send>>;

/// The path of the page in a [`shell`], where it answers a request for another one: by context.
#[derive(Debug, Clone)]
pub struct OwnAddress(pub String);

/// Puts the page's own address into the address bar, before the app reads it there. Loading the
/// page again then asks for that address, and sends no form again.
const TAKE_OWN_ADDRESS: &str = "history.replaceState(null,'',document.documentElement.dataset.at)";

/// Takes the page over. The program compiles while the document is still being read, and runs
/// behind the first frame: to read a list nobody waits for it. A tab that cannot be seen has no
/// frames.
const TAKE_OVER: &str = "(async()=>{\
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

/// The document around [`App`].
///
/// Needs [`PageContext`] in context and a nonce where the policy asks for one. `options` name the
/// front-end build: `output_name` "restante", `site_pkg_dir` "a/HASH", `hash_files` false. Its
/// title is written by [`in_order`].
pub fn shell(options: LeptosOptions) -> impl IntoView {
    provide_context(PageName::default());
    let page = PageContext::expect();
    let code = format!(
        "{}/{}/{}",
        page.base, options.site_pkg_dir, options.output_name
    );
    let own_address = use_context::<OwnAddress>().map(|own| own.0);
    let take_address = own_address.is_some().then(|| {
        view! { <script nonce=use_nonce()>{TAKE_OWN_ADDRESS}</script> }
    });
    let take_over = view! { <script type="module" async nonce=use_nonce()>{TAKE_OVER}</script> };
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
                {take_address}
                <title></title>
                <meta name="viewport" content=page::VIEWPORT />
                <meta name="color-scheme" content="light dark" />
                {take_over}
                <link rel="modulepreload" href=format!("{code}.js") />
                <link
                    rel="preload"
                    href=format!("{code}_bg.wasm")
                    r#as="fetch"
                    r#type="application/wasm"
                    crossorigin="anonymous"
                />
                <link rel="stylesheet" href=url::asset(&page.base, &page.css) />
                <link rel="icon" type="image/svg+xml" href=page::ICON />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// Renders a [`shell`] in order: a stream builder of `leptos_axum::handle_response_inner`.
///
/// The document leaves in one part. All that a page asks for decides its status, so nothing could
/// leave earlier; and only a whole page has its name. `data` follows it: the answers that the
/// browser finds in the page.
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

/// What a document without the app carries inside: constants of the program, named by their hashes
/// in its policy.
#[derive(Debug, Clone, Default)]
pub struct Inline {
    /// A sheet, in place of the app's.
    pub style: Option<String>,
    /// A script that runs when the document is whole.
    pub script: Option<&'static str>,
}

/// A document without the app, whole. Needs [`PageContext`] in context.
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

/// A document with a few words in place of a message's, for the message frame: its policy allows
/// no style sheet.
pub fn frame_note(words: &str) -> String {
    let words = words.to_owned();
    Owner::new().with(|| {
        let html = view! {
            <!DOCTYPE html>
            <html>
                <head>
                    <meta charset="utf-8" />
                    <title></title>
                </head>
                <body>
                    <p dir="auto">{words}</p>
                </body>
            </html>
        };
        html.to_html()
    })
}
