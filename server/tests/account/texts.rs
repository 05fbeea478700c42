//! The shown text of messages that programs send in violation of the standards.

use app::api::backend::MailBackend as _;
use app::api::types::{BodyView, ComposeKind, ComposeSource, MessageView, TextSpan};
use app::text::url::Shown;

use super::test_server::{Page, TestServer};

/// Delivers messages to an empty inbox and opens it by POP3.
async fn pop3(messages: &[&str]) -> (TestServer, Page) {
    let server = TestServer::new(Some(0)).await;
    for message in messages {
        server.demo.deliver(message.replace('\n', "\r\n"));
    }
    let page = server.open(server.pop3()).await.unwrap();
    (server, page)
}

/// Opens the message of a subject.
async fn open(page: &Page, subject: &str) -> MessageView {
    let rows = page.rows(&page.inbox()).await;
    let row = rows.iter().find(|row| row.subject == subject);
    let id = row.expect(subject).id.clone();
    let opened = page.open(id);
    opened.await.unwrap()
}

/// Returns the shown content of a message: its text, or the document of its frame.
async fn shown(page: &Page, subject: &str) -> String {
    let view = open(page, subject).await;
    match view.body {
        BodyView::Text { blocks, .. } => {
            let spans = blocks.into_iter().flat_map(|block| block.spans);
            let texts = spans.map(|span| match span {
                TextSpan::Text(text) | TextSpan::Link { text, .. } => text,
            });
            texts.collect()
        }
        BodyView::Html { .. } => {
            let document = page.backend.body_document(&view.id, Shown::default());
            document.await.unwrap()
        }
        BodyView::Empty { .. } => String::new(),
    }
}

const HEAD: &str = "From: Ann <ann@restante.test>\nTo: demo@restante.test\n";
const THE_TEXT: &str = "the text that must be seen";

#[tokio::test]
async fn text_behind_broken_structure_is_shown() {
    let cases = [
        (
            "boundary by RFC 2231",
            "Content-Type: multipart/alternative; boundary*0*=us-ascii''%3D_ab12%3Dcd34;\n \
             boundary*1*=-ef56_%3D\n\n--=_ab12=cd34-ef56_=\nContent-Type: text/plain\n\n\
             {text}\n--=_ab12=cd34-ef56_=--\n",
        ),
        (
            "parameter without value",
            "Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; protected;\n\t\
             boundary=\"sgn\"\n\n--sgn\n\n{text}\n--sgn\n\
             Content-Type: application/pgp-signature; name=\"signature.asc\"\n\nx\n--sgn--\n",
        ),
        (
            "one boundary for two",
            "Content-Type: multipart/mixed; boundary=same\n\n--same\n\
             Content-Type: multipart/alternative; boundary=same\n\n\n--same\n\
             Content-Type: text/plain\n\n{text}\n--same\nContent-Type: text/html\n\n\
             <p>{text}</p>\n--same--\n",
        ),
        (
            "nothing before something",
            "Content-Type: multipart/mixed; boundary=fte\n\n--fte\nContent-Type: text/plain\n\n\n\
             --fte\nContent-Type: text/plain\n\n{text}\n--fte--\n",
        ),
        (
            "only part marked as attachment",
            "Content-Type: text/plain; charset=utf-8\nContent-Disposition: attachment\n\n{text}\n",
        ),
        ("no empty line", "Content-Type: text/plain\n{text}\nmore\n"),
    ];
    let messages: Vec<String> = cases
        .iter()
        .map(|(name, rest)| {
            format!(
                "{HEAD}Subject: {name}\n{}",
                rest.replace("{text}", THE_TEXT)
            )
        })
        .collect();
    let messages: Vec<&str> = messages.iter().map(String::as_str).collect();
    let (_server, page) = pop3(&messages).await;
    for (name, _) in cases {
        let text = shown(&page, name).await;
        assert_eq!(text.matches(THE_TEXT).count(), 1, "{name}: {text}");
    }
}

#[tokio::test]
async fn a_quote_of_a_flowed_text_has_whole_paragraphs_and_leaves_out_an_unknown_date() {
    let text = "A paragraph that was wrapped softly by the program that sent it, so that \n\
        every reader may wrap it.\n\n>> oldest \n>> words\n> see https://x.example/a\n\n-- \nAnn\n";
    let flowed = format!(
        "{HEAD}Subject: flowed\nContent-Type: text/plain; charset=utf-8; format=flowed\n\n{text}"
    );
    let (_server, page) = pop3(&[&flowed]).await;
    let paragraph = "A paragraph that was wrapped softly by the program that sent it, so that \
        every reader may wrap it.";
    assert!(shown(&page, "flowed").await.starts_with(paragraph));
    let source = ComposeSource {
        kind: ComposeKind::Reply,
        folder: page.inbox(),
        message: open(&page, "flowed").await.id.message,
    };
    let form = page
        .backend
        .compose_start(page.account.clone(), Some(source), Vec::new());
    assert_eq!(
        form.await.unwrap().draft.body,
        format!(
            "\n\nAnn wrote:\n> {paragraph}\n>\n>>> oldest words\n>> see https://x.example/a\n>\n\
             > --\n> Ann\n"
        )
    );
}

#[tokio::test]
async fn allowed_images_include_no_tracking_pixels() {
    let html = format!(
        "{HEAD}Subject: offer\nContent-Type: text/html\n\n\
         <img src=https://shop.example/banner.png alt=\"Autumn offer\" width=600>\n\
         <img src=https://shop.example/see.gif width=1 height=1>\n\
         <img src=https://mail.example/wf/open?upn=7 alt=open>\n"
    );
    let server = TestServer::new(Some(0)).await;
    server.demo.deliver(html.replace('\n', "\r\n"));
    for sign_in in [server.pop3(), server.imap()] {
        let page = server.open(sign_in).await.unwrap();
        let view = open(&page, "offer").await;
        let BodyView::Html {
            blocked_images,
            tracking_pixels,
            ..
        } = view.body
        else {
            panic!("{:?}", view.body)
        };
        assert_eq!((blocked_images, tracking_pixels), (1, 2));
        let document = async |images| {
            let id = view.id.clone();
            let document = page.backend.body_document(&id, images);
            document.await.unwrap()
        };
        let blocked = document(Shown::default()).await;
        assert!(blocked.contains(">Autumn offer</picture>"));
        assert!(!blocked.contains("example/"), "{blocked}");
        let with_images = Shown {
            images: true,
            ..Shown::default()
        };
        let allowed = document(with_images).await;
        assert!(allowed.contains("src=\"https://shop.example/banner.png\""));
        assert_eq!(allowed.matches("example/").count(), 1, "{allowed}");
        page.handle.close().await;
    }
}
