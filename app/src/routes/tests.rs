//! Tests of the pages as rendered for a browser without script, with a fake backend.

mod fake;
mod markup;

use std::sync::{Arc, LazyLock};

use axum::body::Body;
use axum::http::{Request, Response};
use http::StatusCode;
use http_body_util::BodyExt as _;
use leptos::prelude::*;
use leptos_axum::{
    AxumRouteListing, generate_route_list_with_exclusions_and_ssg_and_context,
    handle_response_inner,
};

use self::fake::FakeBackend;
use crate::api::backend::MailBackend;
use crate::api::error::ErrorKind;
use crate::api::types::{
    Change, ChangeDone, ComposeForm, Draft, FolderRole, Identity, Lang, Theme,
};
use crate::document;
use crate::flash::{Flash, FlashAgain};
use crate::page::PageContext;
use crate::routes::compose::ComposeRetry;

fn context(base: &str, lang: Lang) -> PageContext {
    PageContext {
        base: base.to_owned(),
        lang,
        theme: Theme::System,
        build: "b1".into(),
        css: "main.1.css".into(),
        icons: "icons.1.svg".into(),
        live: "12345678".into(),
        seen: "99-7".into(),
    }
}

/// The contexts that the server provides to a page besides the backend.
#[derive(Clone, Default)]
struct PageInputs {
    flash: Option<Flash>,
    retry: Option<ComposeRetry>,
    is_pop3: bool,
    left_out: u32,
    lang: Lang,
    base: &'static str,
}

/// The routes, listed as at the server's start, which also prepares the executor.
///
/// Initialized once, before any page: while routes are listed, no page of the process loads its
/// data (`SuppressResourceLoad`), and a page rendered meanwhile waits forever.
static ROUTES: LazyLock<Vec<AxumRouteListing>> = LazyLock::new(|| {
    let context = || provide_context(context("", Lang::En));
    generate_route_list_with_exclusions_and_ssg_and_context(crate::App, None, context).0
});

async fn page_of(path: &str, inputs: PageInputs) -> (StatusCode, String) {
    LazyLock::force(&ROUTES);
    let path = format!("{}{path}", inputs.base);
    let options = LeptosOptions::builder()
        .output_name("restante")
        .site_pkg_dir("a/b1")
        .build();
    let context = move || {
        provide_context(context(inputs.base, inputs.lang));
        let fake = FakeBackend {
            is_pop3: inputs.is_pop3,
            left_out: inputs.left_out,
            ..FakeBackend::default()
        };
        provide_context::<Arc<dyn MailBackend>>(Arc::new(fake));
        if let Some(flash) = inputs.flash.clone() {
            provide_context(flash);
        }
        if let Some(retry) = inputs.retry.clone() {
            provide_context(retry);
        }
    };
    let request = Request::get(path).body(Body::empty()).expect("a request");
    let shell = move || document::shell(options);
    let response: Response<Body> =
        handle_response_inner(context, shell, request, document::in_order).await;
    let status = response.status();
    let bytes = response
        .into_body()
        .collect()
        .await
        .expect("a body")
        .to_bytes();
    (status, String::from_utf8(bytes.to_vec()).expect("text"))
}

async fn page(path: &str) -> (StatusCode, String) {
    page_of(path, PageInputs::default()).await
}

fn assert_no_inline_style(html: &str) {
    assert!(!html.contains(" style="), "a style attribute: {html}");
}

#[tokio::test]
async fn every_route_is_rendered_in_order() {
    let mut paths: Vec<_> = ROUTES.iter().map(|route| route.path().to_owned()).collect();
    paths.sort();
    assert_eq!(
        paths,
        [
            "/compose",
            "/mail/{account}/{folder}",
            "/mail/{account}/{folder}/{message}",
            "/outbox",
            "/search",
            "/settings/appearance",
        ]
    );
    for route in ROUTES.iter() {
        assert_eq!(
            route.mode(),
            &leptos_router::SsrMode::InOrder,
            "{}",
            route.path()
        );
    }
}

#[tokio::test]
async fn folder_page_has_links_and_a_form() {
    let (status, html) = page("/mail/acc/SU5CT1g").await;
    assert_eq!(status, StatusCode::OK);
    assert_no_inline_style(&html);
    assert!(
        html.contains("<title>(428) Inbox · Restante</title>"),
        "{html}"
    );
    assert_eq!(html.matches("name=\"message\"").count(), 50);
    assert!(html.contains("href=\"/mail/acc/SU5CT1g/7.1284\""), "{html}");
    assert!(html.contains("action=\"/act\""), "{html}");
    assert!(html.contains("href=\"/mail/acc/SU5CT1g?page=2\""), "{html}");
    assert!(
        html.contains("Message 0 &amp; &lt;b&gt;more&lt;/b&gt;"),
        "{html}"
    );
    assert!(!html.contains("<b>more</b>"), "{html}");
    assert!(html.contains("428 unread, 1,284 in all"), "{html}");
    assert!(html.contains("data-view=\"list\""), "{html}");
}

#[tokio::test]
async fn last_page_links_to_the_previous_page_only() {
    let (_, html) = page("/mail/acc/SU5CT1g?page=26").await;
    assert_eq!(html.matches("name=\"message\"").count(), 34);
    assert!(
        html.contains("href=\"/mail/acc/SU5CT1g?page=25\""),
        "{html}"
    );
    assert!(!html.contains("page=27"), "{html}");
    // The URL of a message contains the page of the list that it was opened from.
    assert!(
        html.contains("href=\"/mail/acc/SU5CT1g/7.1?page=26\""),
        "{html}"
    );
}

#[tokio::test]
async fn results_of_a_search_keep_it_in_every_link_and_tell_their_place() {
    let (status, html) = page("/search?q=a%20%26b&in=acc").await;
    assert_eq!(status, StatusCode::OK);
    for part in [
        "Searched 1 of 3 folders",
        "Sent: it did not answer.",
        "Archive",
        "href=\"/search?q=a%20%26b&amp;in=acc&amp;page=2\"",
        "/7.1284?q=a%20%26b&amp;in=acc\"",
        "value=\"a &amp;b\"",
        "value=\"acc\" selected",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    let (_, message) = page("/mail/acc/SU5CT1g/7.1284?q=a%20%26b&in=acc").await;
    assert!(message.contains("Archive"), "the results are beside it");
    let back = "href=\"/search?q=a%20%26b&amp;in=acc\" aria-label=\"Back to the list\"";
    assert!(message.contains(back), "{message}");
    let (_, folder) = page("/mail/acc/SU5CT1g").await;
    for scope in ["all", "anywhere", "acc", "acc/SU5CT1g"] {
        let option = format!("<option value=\"{scope}\"");
        assert!(folder.contains(&option), "{scope}");
    }
}

#[tokio::test]
async fn a_search_that_is_refused_keeps_what_was_typed() {
    let (status, html) = page("/search?q=").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(html.contains("There is nothing to search for."), "{html}");
    assert!(html.contains("role=\"search\""), "{html}");
    let (status, _) = page("/search").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn missing_date_and_body_are_stated() {
    let (_, list) = page("/mail/acc/SU5CT1g?page=26").await;
    let (_, reader) = page("/mail/acc/SU5CT1g/7.1").await;
    for html in [&list, &reader] {
        assert!(html.contains("No date"), "{html}");
        assert!(
            !html.contains("datetime=\"\"") && !html.contains("1970"),
            "{html}"
        );
    }
    assert!(reader.contains("sealed, save the file"), "{reader}");
}

#[tokio::test]
async fn every_url_starts_with_the_base() {
    let inputs = PageInputs {
        base: "/webmail",
        ..PageInputs::default()
    };
    let (status, html) = page_of("/mail/acc/SU5CT1g/7.1283", inputs).await;
    assert_eq!(status, StatusCode::OK);
    for attribute in ["href=\"/", "action=\"/", "src=\"/"] {
        for (at, _) in html.match_indices(attribute) {
            let value = html.get(at + attribute.len() - 1..).unwrap_or_default();
            assert!(
                value.starts_with("/webmail/"),
                "{}",
                value.get(..60).unwrap_or(value)
            );
            assert!(
                !value.starts_with("/webmail/webmail"),
                "{}",
                value.get(..60).unwrap_or(value)
            );
        }
    }
    assert!(html.contains("data-base=\"/webmail\""), "{html}");
    assert!(html.contains("data-view=\"reader\""), "{html}");
}

#[tokio::test]
async fn html_message_is_sandboxed_and_blocked_images_are_counted() {
    let (_, html) = page("/mail/acc/SU5CT1g/7.1283").await;
    assert!(
        html.contains("sandbox=\"allow-same-origin allow-popups allow-popups-to-escape-sandbox\""),
        "{html}"
    );
    assert!(
        html.contains("src=\"/mail/acc/SU5CT1g/7.1283/body\""),
        "{html}"
    );
    assert!(html.contains("4 remote images not loaded"), "{html}");
    assert!(html.contains("2 tracking pixels stay blocked."), "{html}");
    assert!(
        html.contains("href=\"/mail/acc/SU5CT1g/7.1283?images=once\""),
        "{html}"
    );
    let (_, html) = page("/mail/acc/SU5CT1g/7.1283?images=once").await;
    assert!(
        html.contains("src=\"/mail/acc/SU5CT1g/7.1283/body?images=once\""),
        "{html}"
    );
    assert!(!html.contains("remote images not loaded"), "{html}");
    assert!(html.contains("2 tracking pixels stay blocked."), "{html}");
}

#[tokio::test]
async fn text_message_is_escaped_and_its_quotes_are_collapsed() {
    let (_, html) = page("/mail/acc/SU5CT1g/7.1284").await;
    assert_no_inline_style(&html);
    let title = "<title>(428) Message 0 &amp; &lt;b&gt;more&lt;/b&gt; · Restante</title>";
    assert!(html.contains(title), "{html}");
    assert!(html.contains("Hello &lt;script&gt;"), "{html}");
    assert!(html.contains("<details class=\"quote\">"), "{html}");
    assert!(html.contains("href=\"https://example.org/\""), "{html}");
    assert!(!html.contains("href=\"javascript:"), "{html}");
    assert!(
        html.contains("href=\"/mail/acc/SU5CT1g/7.1284/part/2\""),
        "{html}"
    );
    assert!(
        html.contains("kind=reply_all&amp;folder=SU5CT1g&amp;message=7.1284"),
        "{html}"
    );
    assert!(html.contains("1 of 1,284"), "{html}");
}

#[tokio::test]
async fn unknown_folder_or_message_is_404_with_the_cause() {
    for (path, cause) in [
        ("/mail/acc/unknown", "There is no such folder."),
        ("/mail/acc/SU5CT1g/9.9", "There is no such message."),
    ] {
        let (status, html) = page(path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert!(html.contains(cause), "{html}");
        assert!(html.contains("NO &lt;not&gt; markup"), "{html}");
        assert!(html.contains("ref-7"), "{html}");
    }
}

#[tokio::test]
async fn account_of_another_session_is_not_shown() {
    let (_, html) = page("/mail/other/SU5CT1g").await;
    assert!(!html.contains("name=\"message\""), "{html}");
}

#[tokio::test]
async fn pop3_page_states_its_limitations() {
    let inputs = PageInputs {
        is_pop3: true,
        ..PageInputs::default()
    };
    let (_, html) = page_of("/mail/acc/SU5CT1g/7.1284", inputs).await;
    assert!(html.contains("This is a POP3 mailbox"), "{html}");
    assert!(
        html.contains("Archive: a POP3 server has one folder"),
        "{html}"
    );
    assert!(!html.contains("<option value=\"archive\">"), "{html}");
    assert!(!html.contains("name=\"to\""), "{html}");
}

#[tokio::test]
async fn number_of_unlisted_folders_is_shown() {
    let (_, html) = page("/mail/acc/SU5CT1g").await;
    assert!(!html.contains("leaves out"), "{html}");
    let inputs = PageInputs {
        left_out: 1_200,
        ..PageInputs::default()
    };
    let (_, html) = page_of("/mail/acc/SU5CT1g", inputs).await;
    let text = "The server has 1,200 folders more, which this page leaves out.";
    assert!(html.contains(text), "{html}");
}

#[tokio::test]
async fn last_change_is_shown_with_its_undo_form() {
    let flash = Flash {
        done: vec![ChangeDone {
            change: Change::Moved {
                role: Some(FolderRole::Trash),
                name: "Trash".into(),
            },
            count: 1,
            gone: 0,
            messages: vec!["acc/SU5CT1g/7.1".into()],
            undo: vec!["acc/undo-9".into()],
        }],
        ..Flash::default()
    };
    let inputs = PageInputs {
        flash: Some(flash),
        ..PageInputs::default()
    };
    let (_, html) = page_of("/mail/acc/SU5CT1g", inputs).await;
    assert!(html.contains("Moved 1 message to Trash"), "{html}");
    assert!(html.contains("action=\"/undo\""), "{html}");
    assert!(html.contains("value=\"acc/undo-9\""), "{html}");
}

#[tokio::test]
async fn missing_folder_can_be_created_without_script() {
    let flash = Flash {
        error: Some(fake::error(
            ErrorKind::MissingFolder(FolderRole::Archive),
            "No Archive here.",
        )),
        again: Some(FlashAgain {
            messages: vec!["acc/SU5CT1g/7.5".into(), "acc/SU5CT1g/7.6".into()],
            role: FolderRole::Archive,
        }),
        ..Flash::default()
    };
    let inputs = PageInputs {
        flash: Some(flash),
        ..PageInputs::default()
    };
    let (_, html) = page_of("/outbox", inputs).await;
    assert!(html.contains("No Archive here."), "{html}");
    assert!(html.contains("value=\"create:archive\""), "{html}");
    assert!(html.contains("value=\"acc/SU5CT1g/7.6\""), "{html}");
}

#[tokio::test]
async fn quoted_text_in_a_reply_is_escaped() {
    let path = "/compose?account=acc&kind=reply&folder=SU5CT1g&message=7.1284";
    let (status, html) = page(path).await;
    assert_eq!(status, StatusCode::OK);
    assert_no_inline_style(&html);
    assert!(
        html.contains("&gt; &lt;/textarea&gt;&lt;script&gt;alert(1)&lt;/script&gt;"),
        "{html}"
    );
    assert_eq!(html.matches("<textarea").count(), 1);
    for field in [
        "from",
        "to",
        "cc",
        "bcc",
        "subject",
        "body",
        "attachment",
        "account",
        "kind",
    ] {
        assert!(html.contains(&format!("name=\"{field}\"")), "{field}");
    }
    assert!(html.contains("enctype=\"multipart/form-data\""), "{html}");
    assert!(html.contains("At most 25 MB of files."), "{html}");
}

#[tokio::test]
async fn refused_form_keeps_its_fields_and_shows_the_error() {
    let mut error = fake::error(ErrorKind::Invalid, "This is no address.");
    error.field = Some("cc".into());
    let form = ComposeForm {
        draft: Draft {
            to: "a@b".into(),
            cc: "not an \"address\"".into(),
            body: "typed".into(),
            ..Draft::default()
        },
        uploads: vec![crate::api::types::UploadView {
            id: "up-1".into(),
            name: "a.pdf".into(),
            size_bytes: 10,
        }],
        missing: vec!["b.pdf".into()],
        ..ComposeForm::empty("acc".into(), vec![Identity::default()], 1_000)
    };
    let inputs = PageInputs {
        retry: Some(ComposeRetry { form, error }),
        ..PageInputs::default()
    };
    let (_, html) = page_of("/compose", inputs).await;
    assert!(html.contains("This is no address."), "{html}");
    assert!(
        html.contains("value=\"not an &quot;address&quot;\""),
        "{html}"
    );
    assert!(html.contains("aria-invalid=\"true\""), "{html}");
    assert!(html.contains(">\ntyped</textarea>"), "{html}");
    assert!(
        html.contains("name=\"upload\" value=\"up-1\" checked"),
        "{html}"
    );
}

#[tokio::test]
async fn ledger_shows_the_server_reply_of_each_recipient() {
    let (_, html) = page("/outbox?entry=e3").await;
    assert_no_inline_style(&html);
    assert!(html.contains("550 5.1.1 User unknown"), "{html}");
    assert!(html.contains("href=\"/compose?again=e1\""), "{html}");
    assert!(html.contains("action=\"/outbox/e2/retry\""), "{html}");
    assert!(html.contains("It is not in Sent, send again"), "{html}");
    let (first, second) = (html.find("Entry e3"), html.find("Entry e1"));
    assert!(first < second, "the entry of the address comes first");
}

#[tokio::test]
async fn entries_that_need_nothing_show_their_heading_line_only() {
    let (_, html) = page("/outbox").await;
    assert!(html.contains("3 need a look"), "{html}");
    assert!(html.contains("deleted 90 days after"), "{html}");
    let is_folded = |id: &str| {
        let heading = format!("<details><summary><h2 dir=\"auto\">Entry {id}<");
        html.contains(&heading)
    };
    assert!(is_folded("e4"), "{html}");
    // The list of removed entries (e6) is folded as a whole.
    for id in ["e1", "e2", "e3", "e6", "e7", "e8"] {
        assert!(!is_folded(id), "{id}: {html}");
    }
    // After sending, the address names the entry.
    let (_, html) = page("/outbox?entry=e4").await;
    let open = "<details open><summary><h2 dir=\"auto\">Entry e4<";
    assert!(html.contains(open), "{html}");
}

#[tokio::test]
async fn page_is_in_the_requested_language() {
    let inputs = PageInputs {
        lang: Lang::ZhCn,
        ..PageInputs::default()
    };
    let (_, html) = page_of("/mail/acc/SU5CT1g", inputs).await;
    assert!(html.contains("<html lang=\"zh-CN\""), "{html}");
    assert!(html.contains("收件箱") && html.contains("写邮件"), "{html}");
}

#[tokio::test]
async fn appearance_page_is_a_plain_form() {
    let (_, html) = page("/settings/appearance").await;
    assert!(
        html.contains("method=\"post\" action=\"/settings/appearance\""),
        "{html}"
    );
    assert!(
        html.contains("name=\"theme\" value=\"system\" checked"),
        "{html}"
    );
    assert!(html.contains("value=\"zh-CN\" lang=\"zh-CN\""), "{html}");
}
