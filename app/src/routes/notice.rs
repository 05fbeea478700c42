//! The notice page, for responses that no route of the app renders. It has no script.

use leptos::prelude::*;

use crate::api::error::ApiError;
use crate::document::{self, Inline};
use crate::page::PageContext;
use crate::text::size::size;
use crate::text::url;
use crate::ui::Icon;
use crate::ui::error_banner::ErrorText;

/// The subject of a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// No such page, folder, message or part (404).
    NotFound,
    /// The request was larger than `max_bytes` (413).
    TooLarge {
        /// The size limit, in bytes.
        max_bytes: u64,
    },
    /// The request came from another site according to its headers (403).
    OtherSite,
    /// Any other failure.
    Failed(ApiError),
}

/// Renders the document. `back` is the path of the link back; `None` for the start page.
pub fn render_notice(context: PageContext, notice: Notice, back: Option<String>) -> String {
    Owner::new().with(|| {
        provide_context(context.clone());
        let lang = context.lang;
        let back = back.unwrap_or_else(|| url::home(&context.base));
        let (title, text) = match notice {
            Notice::NotFound => (
                lang.notice_not_found(),
                lang.notice_not_found_text().into_any(),
            ),
            Notice::TooLarge { max_bytes } => (
                lang.notice_too_large(size(max_bytes)),
                lang.notice_too_large_text().into_any(),
            ),
            Notice::OtherSite => (
                lang.notice_other_site(),
                lang.notice_other_site_text().into_any(),
            ),
            Notice::Failed(error) => (
                lang.notice_failed(),
                view! { <ErrorText error=error /> }.into_any(),
            ),
        };
        let heading = title.clone();
        let body = view! {
            <main class="login">
                <div class="login-card">
                    <div class="login-form">
                        <span class="brand">
                            <Icon name="logo" />
                            <span>"Restante"</span>
                        </span>
                        <h1>{heading}</h1>
                        <div class="lead">{text}</div>
                        <a class="btn btn-primary btn-wide" href=back>
                            {lang.back_to_mail()}
                        </a>
                    </div>
                </div>
            </main>
        };
        document::plain(&title, Inline::default(), || (), body)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::types::{Lang, Theme};

    fn context() -> PageContext {
        PageContext {
            base: "/webmail".into(),
            lang: Lang::En,
            theme: Theme::System,
            build: "b".into(),
            css: "main.1.css".into(),
            icons: "icons.1.svg".into(),
            live: String::new(),
            seen: String::new(),
        }
    }

    #[test]
    fn notice_has_its_text_and_a_link_back_but_no_script() {
        let html = render_notice(
            context(),
            Notice::TooLarge {
                max_bytes: 25_000_000,
            },
            None,
        );
        assert!(html.contains("at most 25 MB"), "{html}");
        assert!(html.contains("href=\"/webmail/\""), "{html}");
        assert!(
            !html.contains("<script") && !html.contains("data-theme"),
            "{html}"
        );
    }

    #[test]
    fn back_link_is_escaped() {
        let back = Some("/webmail/mail/a?x=\"><script>".to_owned());
        let html = render_notice(context(), Notice::NotFound, back);
        assert!(!html.contains("<script"), "{html}");
    }
}
