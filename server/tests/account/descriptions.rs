//! IMAP servers that cannot describe a message, or only in a malformed form: the message has a row,
//! it opens, and the page reports nothing false about it.

use std::sync::atomic::{AtomicU32, Ordering};

use app::api::types::{BodyView, MessageId, MessageRow, MessageView};
use app::api::{ApiError, ErrorKind};
use futures_util::StreamExt as _;

use super::scripted_imap::{Mail, ScriptedImap, envelope};

fn cases(count: u32) -> Vec<Mail> {
    (1..=count)
        .map(|nth| Mail::plain(&format!("case {nth}")))
        .collect()
}

fn id(uid: u32) -> MessageId {
    MessageId(format!("7.{uid}"))
}

async fn rows(server: &ScriptedImap) -> Vec<MessageRow> {
    server.page.rows(&server.page.inbox()).await
}

async fn subjects(server: &ScriptedImap) -> Vec<String> {
    let rows = rows(server).await;
    let positions: Vec<u32> = rows.iter().map(|row| row.position).collect();
    let count = u32::try_from(rows.len()).unwrap();
    assert_eq!(positions, (0..count).collect::<Vec<_>>());
    rows.into_iter().map(|row| row.subject).collect()
}

async fn open(server: &ScriptedImap, uid: u32) -> Result<MessageView, ApiError> {
    let page = &server.page;
    let opened = page.open(page.in_inbox(id(uid).as_str()));
    opened.await
}

fn text(view: &MessageView) -> String {
    match &view.body {
        BodyView::Text { blocks, .. } => format!("{blocks:?}"),
        other => panic!("no text: {other:?}"),
    }
}

const UNDESCRIBED: &str = "[The mail server did not describe this message]";

#[tokio::test]
async fn message_whose_description_is_refused_is_listed_among_the_others() {
    // The server stops at the message and gives the reason; it still returns its header octets.
    let script = |command: &str| {
        let response = "* 1 FETCH (UID 101 FLAGS () RFC822.SIZE 250 ENVELOPE (NIL \"case 1\" NIL NIL NIL \
            NIL NIL NIL NIL NIL))\r\n* 3 FETCH (UID 103 FLAGS () RFC822.SIZE 250 ENVELOPE (NIL \"case \
            3\" NIL NIL NIL NIL NIL NIL NIL NIL))\r\n{tag} NO [UNAVAILABLE] FETCH Server error while \
            fetching messages\r\n";
        let is_requested = command.contains("FETCH") && command.contains("ENVELOPE");
        is_requested.then(|| response.to_owned())
    };
    let server = ScriptedImap::start(cases(3), script).await;
    assert_eq!(subjects(&server).await, ["case 3", "case 2", "case 1"]);
    let fetches = server.count("FETCH");
    assert_eq!(subjects(&server).await, ["case 3", "case 2", "case 1"]);
    assert_eq!(server.count("FETCH"), fetches, "nothing is asked twice");
    assert!(fetches < 8, "{fetches}");
    assert!(text(&open(&server, 102).await.unwrap()).contains("This is case 2."));
}

#[tokio::test]
async fn row_of_an_undescribed_message_shows_the_servers_reply() {
    let script = |command: &str| {
        let (_, rest) = command.split_once("FETCH ")?;
        let set = rest.split(' ').next()?;
        let holds_two = ["2", "1:3", "2:3", "1:2", "102"].contains(&set);
        holds_two.then(|| "{tag} NO [SERVERBUG] disk\r\n".to_owned())
    };
    let server = ScriptedImap::start(cases(3), script).await;
    let subject = "[The mail server did not describe this message. It said: NO [SERVERBUG] disk]";
    for _ in 0..2 {
        assert_eq!(subjects(&server).await, ["case 3", subject, "case 1"]);
    }
    assert!(server.count("FETCH") < 16, "{}", server.count("FETCH"));
    assert_eq!(rows(&server).await[1].id.message, id(102));
    let error = open(&server, 102).await.unwrap_err();
    assert_eq!(error.reply.as_deref(), Some("NO [SERVERBUG] disk"));
    assert!(text(&open(&server, 103).await.unwrap()).contains("case 3"));
}

#[tokio::test]
async fn only_the_refused_message_of_a_window_lacks_its_description() {
    let script = |command: &str| {
        let (_, rest) = command.split_once("FETCH ")?;
        let (set, items) = rest.split_once(' ')?;
        let holds = |range: &str| match range.split_once(':') {
            Some((first, last)) => {
                (first.parse().unwrap_or(0)..=last.parse().unwrap_or(0)).contains(&17_u32)
            }
            None => range == "17",
        };
        let is_refused = set.split(',').any(holds) && items.contains("ENVELOPE");
        is_refused.then(|| "{tag} BAD internal error\r\n".to_owned())
    };
    let server = ScriptedImap::start(cases(50), script).await;
    let all: Vec<String> = (1..=50).rev().map(|nth| format!("case {nth}")).collect();
    assert_eq!(subjects(&server).await, all);
    assert!(server.count("FETCH") <= 16, "{}", server.count("FETCH"));
}

#[tokio::test]
async fn messages_that_arrive_while_a_list_is_fetched_are_described() {
    // One arrives with the response to each FETCH.
    let exists = AtomicU32::new(2);
    let script = move |command: &str| {
        let (_, rest) = command.split_once("FETCH ")?;
        let (set, items) = rest.split_once(' ')?;
        let (first, last) = set.split_once(':').unwrap_or((set, set));
        let mut response = String::new();
        for seq in first.parse::<u32>().ok()?..=last.parse().ok()? {
            response += &format!("* {seq} FETCH (UID {} FLAGS () RFC822.SIZE 250", 100 + seq);
            if items.contains("ENVELOPE") {
                response += &format!(" ENVELOPE {}", envelope(&format!("case {seq}"), "NIL"));
            }
            response += ")\r\n";
        }
        if exists.load(Ordering::Relaxed) < 6 {
            let exists = exists.fetch_add(1, Ordering::Relaxed) + 1;
            response += &format!("* {exists} EXISTS\r\n");
        }
        Some(response + "{tag} OK done\r\n")
    };
    let server = ScriptedImap::start(cases(2), script).await;
    let all: Vec<String> = (1..=6).rev().map(|nth| format!("case {nth}")).collect();
    assert_eq!(subjects(&server).await, all);
}

#[tokio::test]
async fn refused_fetch_is_retried_with_fewer_items() {
    let script = |command: &str| {
        let is_refused = command.contains("FETCH") && command.contains("BODYSTRUCTURE");
        is_refused.then(|| "{tag} BAD what\r\n".to_owned())
    };
    let server = ScriptedImap::start(cases(50), script).await;
    let all: Vec<String> = (1..=50).rev().map(|nth| format!("case {nth}")).collect();
    assert_eq!(subjects(&server).await, all);
    assert!(server.count("FETCH") <= 4, "{}", server.count("FETCH"));
    assert!(text(&open(&server, 117).await.unwrap()).contains("This is case 17."));
}

#[tokio::test]
async fn folder_without_any_description_is_an_error_with_the_servers_reply() {
    let script = |command: &str| {
        let is_refused = command.contains("FETCH");
        is_refused.then(|| "{tag} NO [UNAVAILABLE] disk\r\n".to_owned())
    };
    let server = ScriptedImap::start(cases(3), script).await;
    let page = &server.page;
    let window = app::api::types::Window {
        offset: 0,
        limit: 50,
    };
    let list = page.list(page.inbox(), window);
    let error = list.await.unwrap_err();
    assert_eq!(error.reply.as_deref(), Some("NO [UNAVAILABLE] disk"));
    assert!(server.count("FETCH") < 30);
}

#[tokio::test]
async fn message_with_an_unreadable_description_is_listed_and_opens() {
    let mut broken = cases(3);
    broken[1].raw = "From: Ann <ann@sender.example>\r\nSubject: case 2\r\nDate: Mon, 01 Jan 2024 \
        10:00:00 +0000\r\nContent-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\n\r\nThe offer.\r\n--bb\
        \r\nContent-Type: application/pdf; name=\"offer.pdf\"\r\nContent-Transfer-Encoding: \
        base64\r\n\r\nJVBERg==\r\n--bb--\r\n"
        .to_owned();
    broken[1].structure =
        "((\"text\" \"plain\" (\"charset\" \"utf-8\") NIL NIL \"7bit\" 40 1 NIL NIL NIL \
        NIL)(\"APPLICATION\" \"PDF\n    NAME=\"offer.pdf\"\" NIL NIL NIL \"base64\" 20 NIL \
        (\"attachment\" (\"filename\" \"offer.pdf\")) NIL) \"mixed\" (\"boundary\" \"bb\") NIL NIL)"
            .to_owned();
    let server = ScriptedImap::start(broken, |_| None).await;
    let all = rows(&server).await;
    assert_eq!(all[1].subject, "case 2");
    assert_eq!(all[1].people[0].address, "ann@sender.example");
    assert!(
        all[1].date.iso.starts_with("2024-02-02"),
        "{:?}",
        all[1].date
    );
    assert_eq!(server.count("FETCH"), 1);
    let opened = open(&server, 102).await.unwrap();
    assert!(text(&opened).contains("The offer."));
    assert_eq!(opened.attachments[0].name, "offer.pdf");
    // The sections are those of the product's own parser, whatever the server would count.
    let page = &server.page;
    let part = opened.attachments[0].part.clone();
    let mut part = page.handle.part(page.inbox(), id(102), part).await.unwrap();
    assert_eq!(part.name, "offer.pdf");
    assert_eq!(part.stream.next().await.unwrap().unwrap(), "%PDF");
    assert_eq!(server.count("BODY.PEEK[]"), 1, "read once for both");
}

#[tokio::test]
async fn header_is_used_if_the_envelope_is_unreadable() {
    let backslash = envelope("case 2", "((\"Ann\" NIL \"ann\" \"sender.example\\\"))");
    let own_parentheses = |inner: &str| format!("({inner})");
    for broken in [
        backslash,
        own_parentheses(&envelope(
            "case 2",
            "((\"Ann\" NIL \"ann\" \"sender.example\"))",
        )),
        "NIL".to_owned(),
        "\"\"".to_owned(),
        "(\"open".to_owned(),
        "(NIL (\"case 2\") NIL NIL NIL NIL NIL NIL NIL NIL)".to_owned(),
        "({5}\r\ntoo short \"case 2\" NIL NIL NIL NIL NIL NIL NIL NIL)".to_owned(),
    ] {
        let mut mails = cases(3);
        mails[1].envelope = broken.clone();
        let server = ScriptedImap::start(mails, |_| None).await;
        let all = rows(&server).await;
        assert_eq!(
            subjects(&server).await,
            ["case 3", "case 2", "case 1"],
            "{broken}"
        );
        assert_eq!(all[1].people[0].address, "ann@sender.example", "{broken}");
        assert!(server.count("FETCH") <= 3, "{broken}");
        assert!(text(&open(&server, 102).await.unwrap()).contains("This is case 2."));
    }
}

#[tokio::test]
async fn missing_item_or_uid_removes_no_row() {
    let respond_without = |items: &'static str| {
        move |command: &str| {
            let is_list = command.starts_with("FETCH") && command.contains("ENVELOPE");
            is_list.then(|| {
                let first_items = "UID 101 FLAGS () RFC822.SIZE 9 ENVELOPE (NIL \"case 1\")";
                let last = "UID 103 FLAGS () RFC822.SIZE 9 ENVELOPE (NIL \"case 3\")";
                format!(
                    "* 1 FETCH ({first_items})\r\n{items}* 3 FETCH ({last})\r\n* 3 FETCH ({last})\r\n{{tag}} OK \
                     done\r\n"
                )
            })
        }
    };
    for items in [
        "",
        "* 2 FETCH (FLAGS () RFC822.SIZE 9 ENVELOPE (NIL \"case 2\"))\r\n",
        "* 2 FETCH (UID 102)\r\n",
        "* 2 FETCH (UID 102 RFC822.SIZE 9)\r\n",
        "* 2 FETCH (UID 102 FLAGS RFC822.SIZE 9 ENVELOPE BODYSTRUCTURE)\r\n",
        "* 2 FETCH (UID 102 (ENVELOPE (NIL \"case 2\")))\r\n",
        "* 2 FETCH NIL\r\n",
        "* 2 FETCH (\r\n",
        "* 7 FETCH (UID 102 ENVELOPE (NIL \"case 2\"))\r\n",
        "* 1 FETCH (UID 102 ENVELOPE (NIL \"case 2\"))\r\n",
        "* 2 FETCH (UID 101 ENVELOPE (NIL \"case 2\"))\r\n",
    ] {
        let server = ScriptedImap::start(cases(3), respond_without(items)).await;
        assert_eq!(
            subjects(&server).await,
            ["case 3", "case 2", "case 1"],
            "{items}"
        );
        assert!(server.count("FETCH") <= 4, "{items}");
        assert_eq!(rows(&server).await[1].id.message, id(102), "{items}");
    }
}

#[tokio::test]
async fn row_without_a_uid_says_so_and_its_message_is_not_reported_as_gone() {
    let script = |command: &str| {
        let is_requested = command.starts_with("FETCH") || command.contains("SEARCH");
        let response = "* 1 FETCH (UID 101 ENVELOPE (NIL \"case 1\"))\r\n{tag} OK done\r\n";
        is_requested.then(|| response.to_owned())
    };
    let server = ScriptedImap::start(cases(2), script).await;
    assert_eq!(subjects(&server).await, [UNDESCRIBED, "case 1"]);
    let nameless = rows(&server).await[0].id.clone();
    let page = &server.page;
    let opened = page.open(nameless);
    assert_eq!(opened.await.unwrap_err().kind, ErrorKind::Misbehaved);
}

#[tokio::test]
async fn message_that_cannot_be_fetched_is_not_reported_as_gone() {
    let script = |command: &str| {
        let is_requested = command.starts_with("UID FETCH 102") && command.contains("BODY");
        is_requested.then(|| "{tag} OK FETCH completed.\r\n".to_owned())
    };
    // The server returns the message by its sequence number.
    let server = ScriptedImap::start(cases(3), script).await;
    assert!(text(&open(&server, 102).await.unwrap()).contains("This is case 2."));
    // The server does not return the message at all.
    let server = ScriptedImap::start(cases(3), move |command| {
        let by_place = command.starts_with("FETCH 2 ") && command.contains("BODY.PEEK");
        script(&command.replace(
            "FETCH 2 ",
            if by_place {
                "UID FETCH 102 "
            } else {
                "FETCH 2 "
            },
        ))
    })
    .await;
    let error = open(&server, 102).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Misbehaved, "{error:?}");
    assert!(!error.cause.contains("not there"), "{error:?}");
    let page = &server.page;
    let source = page.handle.source(page.inbox(), id(102)).await;
    assert!(source.is_err(), "no empty file");
    assert_eq!(subjects(&server).await, ["case 3", "case 2", "case 1"]);
    assert!(text(&open(&server, 103).await.unwrap()).contains("This is case 3."));
}

#[tokio::test]
async fn message_is_reported_as_gone_once_a_search_does_not_find_it() {
    let server = ScriptedImap::start(cases(3), |_| None).await;
    let error = open(&server, 104).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert_eq!(server.count("SEARCH UID 104"), 1);
    // A search that is refused, or completes without a result, proves nothing.
    for response in ["{tag} NO later\r\n", "{tag} OK done\r\n"] {
        let script =
            move |command: &str| command.starts_with("SEARCH").then(|| response.to_owned());
        let server = ScriptedImap::start(cases(3), script).await;
        let error = open(&server, 104).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Misbehaved, "{response}: {error:?}");
    }
}

#[tokio::test]
async fn literal_with_a_too_small_size_does_not_show_the_header_as_text() {
    let script = |command: &str| {
        let is_requested = command.starts_with("UID FETCH 102") && command.contains("BODY");
        let response = "* 2 FETCH (UID 102 FLAGS () INTERNALDATE \"01-Jan-2024 10:00:00 +0000\" RFC822.SIZE \
            250 BODY[HEADER]<0> {18}\r\nSubject: case 2\r\n\r\nBODY[1]<0> {10}\r\nshort text\r\n)\r\n{tag} \
            OK done\r\n";
        is_requested.then(|| response.to_owned())
    };
    let server = ScriptedImap::start(cases(3), script).await;
    let opened = open(&server, 102).await.unwrap();
    assert!(text(&opened).contains("This is case 2."), "{opened:?}");
}

#[tokio::test]
async fn refused_part_is_extracted_from_the_whole_message() {
    let script = |command: &str| {
        let is_requested = command.starts_with("UID FETCH 102") && command.contains("BODY.PEEK[1]");
        is_requested.then(|| "{tag} NO [SERVERBUG] cannot parse\r\n".to_owned())
    };
    let server = ScriptedImap::start(cases(3), script).await;
    rows(&server).await;
    let opened = open(&server, 102).await.unwrap();
    assert_eq!(opened.subject, "case 2");
    assert!(text(&opened).contains("This is case 2."), "{opened:?}");
}

#[tokio::test]
async fn invalid_date_is_not_shown_as_1970() {
    let dates = [
        "00-Jan-0000 00:00:00 +0000",
        "01-Jan-1970 00:00:00 +0000",
        "31-Dec-1969 23:59:59 -0100",
        "",
    ];
    let mut mails = Vec::new();
    for date in dates {
        mails.push(Mail {
            arrived: date,
            ..Mail::plain("dated")
        });
    }
    for (header, date) in [
        ("Date: soon\r\n", "NIL"),
        (
            "Received: by mx; Tue, 02 Jan 2024 10:00:00 +0000\r\nDate: soon\r\n",
            "\"soon\"",
        ),
    ] {
        let raw = format!("From: a@x.example\r\nSubject: undated\r\n{header}\r\nText.\r\n");
        let mut mail = Mail {
            arrived: dates[0],
            ..Mail::of(&raw, "undated")
        };
        mail.envelope = mail
            .envelope
            .replacen("\"Mon, 01 Jan 2024 10:00:00 +0000\"", date, 1);
        mails.push(mail);
    }
    let server = ScriptedImap::start(mails, |_| None).await;
    let mut all = rows(&server).await;
    all.reverse();
    for row in &all[..4] {
        assert!(row.date.iso.starts_with("2024-01-01T10:00"), "{row:?}");
    }
    assert_eq!(
        (all[4].date.short.as_str(), all[4].date.iso.as_str()),
        ("No date", "")
    );
    assert!(
        all[5].date.iso.starts_with("2024-01-02T10:00"),
        "{:?}",
        all[5]
    );
    let fetches = server.count("FETCH");
    rows(&server).await;
    assert_eq!(
        server.count("FETCH"),
        fetches,
        "what has no date is not asked for again"
    );
    let undated = open(&server, 105).await.unwrap();
    assert_eq!(
        (undated.date.long.as_str(), undated.date.iso.as_str()),
        ("No date", "")
    );
    assert!(
        open(&server, 106)
            .await
            .unwrap()
            .date
            .iso
            .starts_with("2024-01-02")
    );
}

/// Responds as a server that replaces null octets in BODY, and to BINARY with `binary`.
fn replaces_null_octets(binary: &'static str) -> impl Fn(&str) -> Option<String> {
    move |command| {
        let response = match command {
            _ if command.starts_with("AUTHENTICATE") => {
                "{tag} OK [CAPABILITY IMAP4rev1 BINARY] in\r\n"
            }
            _ if command.contains("BINARY.PEEK[1]") => binary,
            _ if command.contains("BODY.PEEK[1]") => {
                "* 1 FETCH (UID 101 FLAGS () RFC822.SIZE 250 BODY[HEADER]<0> {2}\r\n\r\n BODY[1]<0> \
                 {11}\r\nSeen{0x80} words)\r\n{tag} OK done\r\n"
            }
            _ => return None,
        };
        Some(response.to_owned())
    }
}

#[tokio::test]
async fn text_whose_null_octets_the_server_replaces_is_fetched_again() {
    let binary = "* 1 FETCH (UID 101 BINARY[1]<0> ~{11}\r\nSeen\0 words)\r\n{tag} OK done\r\n";
    let server = ScriptedImap::start(cases(1), replaces_null_octets(binary)).await;
    rows(&server).await;
    let opened = open(&server, 101).await.unwrap();
    assert!(text(&opened).contains("\"Seen words\""), "{opened:?}");
    assert_eq!(server.count("BINARY.PEEK[1]"), 1);
}

#[tokio::test]
async fn text_is_shown_with_replaced_null_octets_if_the_server_refuses_the_others() {
    for refusal in [
        "{tag} NO [UNKNOWN-CTE] cannot decode\r\n",
        "{tag} BAD what\r\n",
        "{tag} OK done\r\n",
    ] {
        let server = ScriptedImap::start(cases(1), replaces_null_octets(refusal)).await;
        rows(&server).await;
        let opened = open(&server, 101).await.unwrap();
        let shown = text(&opened);
        assert!(
            shown.contains("Seen") && shown.contains(" words"),
            "{shown}"
        );
        assert_eq!(server.count("BODY.PEEK[]"), 0, "{refusal}");
    }
}
