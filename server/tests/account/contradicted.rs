//! IMAP servers that describe a message in another way than its headers say: the names are those of
//! the headers, and a message whose structure they contradict is read as a whole.

use app::api::types::{BodyView, MessageId, MessageView};
use app::api::{ApiError, ErrorKind};
use futures_util::StreamExt as _;

use super::scripted_imap::{Mail, ScriptedImap};
use super::test_server::TestServer;

const MIXED: &str = "From: Ann <ann@sender.example>\r\nSubject: offer\r\nContent-Type: \
    multipart/mixed; boundary=bb\r\n\r\n";
const PARTS: &str = "--bb\r\nContent-Type: text/plain\r\n\r\nThe offer.\r\n--bb\r\nContent-Type: \
    application/pdf; name=offer of may.pdf\r\nContent-Disposition: attachment\r\n\r\n%PDF\r\n--bb--\r\n";

/// A multipart whose server cuts the name of its file at a space.
fn cut_name() -> Mail {
    Mail {
        structure: "((\"text\" \"plain\" NIL NIL NIL \"7bit\" 10 1 NIL NIL NIL NIL)(\"application\" \
            \"pdf\" (\"name\" \"offer\") NIL NIL \"7bit\" 4 NIL (\"attachment\" NIL) NIL NIL) \"mixed\" \
            (\"boundary\" \"bb\") NIL NIL NIL)"
            .to_owned(),
        ..Mail::of(&format!("{MIXED}{PARTS}"), "offer")
    }
}

/// A multipart that its server describes as one text, because its boundary is in pieces.
fn boundary_in_pieces() -> Mail {
    let header = MIXED.replace("boundary=bb", "boundary*0=b; boundary*1=b");
    Mail::of(&format!("{header}{PARTS}"), "offer")
}

fn id(uid: u32) -> MessageId {
    MessageId(format!("7.{uid}"))
}

async fn open(server: &ScriptedImap, uid: u32) -> Result<MessageView, ApiError> {
    let page = &server.page;
    page.open(page.in_inbox(id(uid).as_str())).await
}

async fn list(server: &ScriptedImap) {
    server.page.rows(&server.page.inbox()).await;
}

fn text(view: &MessageView) -> String {
    match &view.body {
        BodyView::Text { blocks, .. } => format!("{blocks:?}"),
        other => panic!("no text: {other:?}"),
    }
}

fn names(view: &MessageView) -> Vec<&str> {
    view.attachments.iter().map(|a| a.name.as_str()).collect()
}

/// Returns name and octets of the first attachment.
async fn download(server: &ScriptedImap, view: &MessageView) -> (String, Vec<u8>) {
    let page = &server.page;
    let part = view.attachments[0].part.clone();
    let download = page.handle.part(page.inbox(), id(101), part).await.unwrap();
    let windows: Vec<_> = download.stream.collect().await;
    let windows = windows.into_iter().map(|window| window.unwrap());
    (download.name, windows.flatten().collect())
}

#[tokio::test]
async fn file_name_that_the_server_cuts_is_that_of_the_header_in_the_same_round_trip() {
    let server = ScriptedImap::start(vec![cut_name()], |_| None).await;
    list(&server).await;
    let before = server.count("FETCH");
    let opened = open(&server, 101).await.unwrap();
    assert_eq!(names(&opened), ["offer of may.pdf"]);
    assert!(text(&opened).contains("The offer."), "{opened:?}");
    assert_eq!(server.count("FETCH") - before, 1);
    let (name, octets) = download(&server, &opened).await;
    assert_eq!(
        (name.as_str(), &octets[..]),
        ("offer of may.pdf", &b"%PDF"[..])
    );
    // The names are known from the first time.
    open(&server, 101).await.unwrap();
    assert_eq!(server.count(".MIME"), 1);
    assert_eq!(server.count("BODY.PEEK[]"), 0);
}

#[tokio::test]
async fn file_is_saved_under_the_name_of_its_header_if_the_message_was_not_opened_before() {
    let server = ScriptedImap::start(vec![cut_name()], |_| None).await;
    list(&server).await;
    let page = &server.page;
    let download = page.handle.part(page.inbox(), id(101), "2".into()).await;
    assert_eq!(download.unwrap().name, "offer of may.pdf");
}

#[tokio::test]
async fn message_that_is_opened_without_its_list_takes_two_round_trips() {
    let server = ScriptedImap::start(vec![cut_name(), Mail::plain("other")], |_| None).await;
    for (uid, name) in [(101, &["offer of may.pdf"][..]), (102, &[])] {
        let before = server.count("FETCH");
        let opened = open(&server, uid).await.unwrap();
        assert_eq!(names(&opened), name);
        assert!(server.count("FETCH") - before <= 2, "{uid}");
    }
}

#[tokio::test]
async fn message_whose_header_contradicts_its_structure_is_read_as_a_whole() {
    let server = ScriptedImap::start(vec![boundary_in_pieces()], |_| None).await;
    list(&server).await;
    for _ in 0..2 {
        let opened = open(&server, 101).await.unwrap();
        let shown = text(&opened);
        assert!(
            shown.contains("The offer.") && !shown.contains("--bb"),
            "{shown}"
        );
        assert_eq!(names(&opened), ["offer of may.pdf"]);
        let (name, octets) = download(&server, &opened).await;
        assert_eq!(
            (name.as_str(), &octets[..]),
            ("offer of may.pdf", &b"%PDF"[..])
        );
    }
    assert_eq!(server.count("BODY.PEEK[]"), 1, "read once for all");
}

#[tokio::test]
async fn contradicted_message_that_is_too_large_is_shown_as_described() {
    let script = |command: &str| {
        let header = MIXED.replace("boundary=bb", "boundary*0=b; boundary*1=b");
        let is_requested = command.starts_with("UID FETCH 101");
        is_requested.then(|| {
            format!(
                "* 1 FETCH (UID 101 FLAGS () RFC822.SIZE 8388609 BODY[HEADER]<0> {{{}}}\r\n{header} \
                 BODY[1]<0> {{11}}\r\nfirst words)\r\n{{tag}} OK done\r\n",
                header.len()
            )
        })
    };
    let server = ScriptedImap::start(vec![boundary_in_pieces()], script).await;
    list(&server).await;
    let opened = open(&server, 101).await.unwrap();
    assert!(text(&opened).contains("first words"), "{opened:?}");
    assert_eq!(server.count("BODY.PEEK[]"), 0);
}

#[tokio::test]
async fn contradicted_message_that_the_server_does_not_return_whole_is_shown_as_described() {
    for response in [
        "{tag} NO [SERVERBUG] disk\r\n",
        "{tag} OK done\r\n",
        "* 1 FETCH (UID 101 BODY[]<0> NIL)\r\n{tag} OK done\r\n",
    ] {
        let script = move |command: &str| {
            let is_whole = command.contains("BODY.PEEK[]");
            is_whole.then(|| response.to_owned())
        };
        let server = ScriptedImap::start(vec![boundary_in_pieces()], script).await;
        list(&server).await;
        let opened = open(&server, 101).await.unwrap();
        assert!(
            text(&opened).contains("The offer."),
            "{response}: {opened:?}"
        );
        assert!(server.count("BODY.PEEK[]") > 0);
    }
}

#[tokio::test]
async fn contradicted_message_that_vanishes_before_it_is_read_whole_is_not_found() {
    let script = |command: &str| match command {
        _ if command.contains("BODY.PEEK[]") => Some("{tag} OK done\r\n".to_owned()),
        _ if command.starts_with("SEARCH") => Some("* SEARCH\r\n{tag} OK done\r\n".to_owned()),
        _ => None,
    };
    let server = ScriptedImap::start(vec![boundary_in_pieces()], script).await;
    list(&server).await;
    let error = open(&server, 101).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound, "{error:?}");
}

#[tokio::test]
async fn server_that_refuses_the_headers_of_parts_is_not_asked_for_them_again() {
    let script = |command: &str| {
        let is_refused = command.contains(".MIME");
        is_refused.then(|| "{tag} BAD unknown section\r\n".to_owned())
    };
    let server = ScriptedImap::start(vec![cut_name(), cut_name()], script).await;
    list(&server).await;
    for uid in [101, 102, 101] {
        let opened = open(&server, uid).await.unwrap();
        assert!(text(&opened).contains("The offer."), "{opened:?}");
        assert_eq!(names(&opened), ["offer"]);
    }
    assert_eq!(server.count(".MIME"), 1);
    assert_eq!(server.count("BODY.PEEK[]"), 0);
}

#[tokio::test]
async fn message_is_shown_as_described_if_the_headers_of_its_parts_are_not_returned() {
    let script = |command: &str| {
        let is_open = command.starts_with("UID FETCH 101");
        is_open.then(|| {
            format!(
                "* 1 FETCH (UID 101 FLAGS () RFC822.SIZE 300 BODY[HEADER]<0> {{{}}}\r\n{MIXED} \
                 BODY[1]<0> {{10}}\r\nThe offer. BODY[1.MIME]<0> NIL BODY[2.MIME]<0> \"\")\r\n{{tag}} \
                 OK done\r\n",
                MIXED.len()
            )
        })
    };
    let server = ScriptedImap::start(vec![cut_name()], script).await;
    list(&server).await;
    let opened = open(&server, 101).await.unwrap();
    assert!(text(&opened).contains("The offer."), "{opened:?}");
    assert_eq!(names(&opened), ["offer"]);
    assert_eq!(server.count("BODY.PEEK[]"), 0);
}

#[tokio::test]
async fn short_raw_subject_is_read_in_the_charset_of_the_text_in_the_list_as_well() {
    let server = TestServer::new(Some(0)).await;
    let (subject, _, _) = encoding_rs::BIG5.encode("會議");
    let raw = [
        b"From: \"",
        &subject[..],
        b"\" <ann@sender.example>\r\nSubject: ",
        &subject[..],
        b"\r\nContent-Type: text/plain; charset=big5\r\n\r\nwords\r\n",
    ]
    .concat();
    server.demo.deliver(raw);
    for sign_in in [server.imap(), server.pop3()] {
        let page = server.open(sign_in).await.unwrap();
        let row = page.rows(&page.inbox()).await.remove(0);
        assert_eq!(row.subject, "會議");
        assert_eq!(row.people[0].name, "會議");
        let opened = page.open(row.id).await.unwrap();
        assert_eq!(
            (opened.subject.as_str(), opened.from[0].name.as_str()),
            ("會議", "會議")
        );
        page.handle.close().await;
    }
}
