//! Formatted text: what the recipient gets, what a form gets back, and what is cleaned.

use app::api::backend::MailBackend as _;
use app::api::error::ErrorKind;
use app::api::types::{
    ComposeKind, ComposeSource, Conversion, Draft, DraftResult, SavedDraft, UploadId,
};
use mail_demo::ADDRESS;

use super::test_server::{Page, TestServer};

/// The bytes of a picture; nothing here decodes them.
const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\npicture";

async fn picture(server: &TestServer, page: &Page) -> UploadId {
    let file = ("drawing.png", "image/png");
    server.test_accounts.upload(page, file, PICTURE).await
}

fn letter(subject: &str, html: &str, uploads: Vec<UploadId>) -> Draft {
    Draft {
        to: ADDRESS.to_owned(),
        subject: subject.to_owned(),
        body: "as the browser sees it".to_owned(),
        html: Some(html.to_owned()),
        uploads,
        ..Draft::default()
    }
}

async fn converted(page: &Page, conversion: Conversion) -> app::api::types::Converted {
    let converted = page.backend.text_convert(page.account.clone(), conversion);
    converted.await.unwrap()
}

#[tokio::test]
async fn recipient_gets_cleaned_html_its_text_and_the_picture_as_a_part() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    let file = picture(&server, &page).await;
    let html = format!(
        "<div onclick=\"x()\">Dear <b>Wenjie</b></div><script>alert(1)</script>\
         <div><img src=\"cid:{file}\" alt=\"drawing\"></div><img src=\"cid:other\">"
    );
    let sent = letter("Offer", &html, vec![file.clone()]);
    let source = page.source(&page.delivered(sent).await).await;
    for expected in [
        "Content-Type: multipart/alternative",
        "Content-Type: multipart/related",
        "Content-Type: text/html",
        &format!("Content-ID: <{file}@inline>"),
        "Content-Disposition: inline",
        "Dear <b>Wenjie</b>",
        "Dear Wenjie",
    ] {
        assert!(source.contains(expected), "{expected}: {source}");
    }
    let joined = source.replace("=\r\n", "").replace("=3D", "=");
    assert!(
        joined.contains(&format!("src=\"cid:{file}@inline\"")),
        "{joined}"
    );
    for unwanted in [
        "<script",
        "onclick",
        "alert(1)",
        "cid:other",
        "as the browser sees it",
    ] {
        assert!(!joined.contains(unwanted), "{unwanted}: {joined}");
    }
    assert!(!source.contains("multipart/mixed"), "{source}");
}

#[tokio::test]
async fn formatted_draft_comes_back_with_its_picture() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    let file = picture(&server, &page).await;
    let typed = letter(
        "Half a letter",
        &format!("<div><b>Loud</b></div><img src=\"cid:{file}\">"),
        vec![file.clone()],
    );
    let saved = page
        .backend
        .draft_save(page.account.clone(), typed, false)
        .await
        .unwrap();
    let DraftResult::Saved(SavedDraft {
        folder, message, ..
    }) = saved
    else {
        panic!("{saved:?}");
    };

    // Another session has no upload of the first one.
    let other = server.open(server.imap()).await.unwrap();
    let copy = other.folder_ref(folder).message(message);
    let form = other.backend.draft_open(copy, false).await.unwrap();
    let [upload] = &form.uploads[..] else {
        panic!("{:?}", form.uploads);
    };
    assert_eq!(upload.size_bytes, PICTURE.len() as u64);
    let html = form.draft.html.unwrap();
    assert!(html.contains("<b>Loud</b>"), "{html}");
    assert!(html.contains(&format!("cid:{}", upload.id)), "{html}");
    assert!(form.draft.saved.is_some());
}

#[tokio::test]
async fn answer_quotes_the_message_as_it_was_formatted() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    let file = picture(&server, &page).await;
    let html = format!("<div>The <i>new</i> price</div><img src=\"cid:{file}\">");
    let message = page.delivered(letter("Price", &html, vec![file])).await;
    for kind in [ComposeKind::Reply, ComposeKind::Forward] {
        let source = ComposeSource {
            kind,
            folder: message.folder.folder.clone(),
            message: message.message.clone(),
        };
        let form = page
            .backend
            .compose_start(page.account.clone(), Some(source), Vec::new())
            .await
            .unwrap();
        let mut draft = form.draft;
        draft.body.insert_str(0, "Agreed.");
        let rich = converted(&page, Conversion::ToHtml(Box::new(draft.clone()))).await;
        assert!(rich.text.starts_with("<div>Agreed.</div>"), "{}", rich.text);
        assert!(rich.text.contains("<i>new</i>"), "{}", rich.text);
        assert_eq!(rich.uploads.len(), 1, "{kind:?}");
        let shown = format!("cid:{}", rich.uploads[0].id);
        assert!(rich.text.contains(&shown), "{}", rich.text);
        if kind == ComposeKind::Forward {
            // The picture is in the text: it need not be attached as well.
            assert_eq!(rich.parts, draft.keep_parts);
        }

        // A quotation that was edited is the user's text.
        draft.body = draft.body.replace("price", "PRICE");
        let edited = converted(&page, Conversion::ToHtml(Box::new(draft))).await;
        assert!(edited.text.contains("PRICE") && edited.uploads.is_empty());
    }
}

#[tokio::test]
async fn pasted_html_is_cleaned_and_a_text_over_the_limit_is_refused() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    let html = "<p class=MsoNormal>Hi<o:p></o:p><img src=x onerror=alert(1)></p>".to_owned();
    let pasted = converted(&page, Conversion::Pasted(html)).await;
    assert_eq!(pasted.text, "<p>Hi</p>");

    let long = "x".repeat((1 << 20) + 1);
    for conversion in [
        Conversion::Pasted(long.clone()),
        Conversion::ToText(long.clone()),
    ] {
        let refused = page.backend.text_convert(page.account.clone(), conversion);
        assert_eq!(refused.await.unwrap_err().kind, ErrorKind::TooLarge);
    }
    let draft = letter("Long", &long, Vec::new());
    let refused = page.backend.message_send(page.account.clone(), draft).await;
    let error = refused.unwrap_err();
    assert_eq!(error.field.as_deref(), Some("body"));
}
