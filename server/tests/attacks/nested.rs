//! One small malicious message: its row is shown, it opens as far as possible, and other messages
//! are not affected.

use crate::mailserver::{Mail, MailServer};
use crate::product::Product;
use crate::watch::{Probe, Watch};

/// Builds a message of nested multiparts, and the server's description of it.
fn nested(levels: usize) -> Mail {
    let mut raw = "From: Ann <ann@peer.test>\r\nSubject: deep\r\nMIME-Version: 1.0\r\n".to_owned();
    for level in 0..levels {
        raw.push_str(&format!(
            "Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n\
             Content-Type: text/plain\r\n\r\nlevel {level}\r\n--b{level}\r\n"
        ));
    }
    raw.push_str("Content-Type: text/plain\r\n\r\nThe bottom.\r\n");
    let text = "(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 8 1 NIL NIL NIL NIL)";
    let structure = format!(
        "{}{text}{}",
        format!("({text}").repeat(levels),
        "\"MIXED\" NIL NIL NIL NIL)".repeat(levels)
    );
    Mail {
        subject: "deep".to_owned(),
        structure,
        raw,
    }
}

fn wide(parts: usize) -> Mail {
    let mut raw = "From: Ann <ann@peer.test>\r\nSubject: wide\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        .to_owned();
    raw.push_str(&"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n".repeat(parts));
    raw.push_str("--b--\r\n");
    let text = "(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 1 1)";
    Mail {
        subject: "wide".to_owned(),
        structure: format!("({} \"MIXED\")", text.repeat(parts)),
        raw,
    }
}

fn long_header() -> Mail {
    let fields = "X-Filler: abc\r\n".repeat(20_000);
    let raw = format!("From: Ann <ann@peer.test>\r\nSubject: header\r\n{fields}\r\nHello.\r\n");
    Mail {
        subject: "header".to_owned(),
        raw,
        ..Mail::plain("header")
    }
}

fn crowd() -> Mail {
    let addresses = "(NIL NIL \"a\" \"b.example\")".repeat(20_000);
    Mail {
        structure: format!(
            "(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 9 (NIL NIL NIL NIL NIL ({addresses})) \
             (\"TEXT\" \"PLAIN\") 3)"
        ),
        ..Mail::plain("crowd")
    }
}

/// Returns malicious messages.
pub(crate) fn annoying() -> Vec<Mail> {
    vec![
        nested(98),
        nested(3_000),
        wide(5_000),
        long_header(),
        crowd(),
    ]
}

async fn shown_beside_its_neighbours(name: &'static str, by_pop3: bool) {
    let valid = MailServer::valid().await;
    let mut mails = vec![Mail::plain("before")];
    mails.extend(annoying());
    mails.push(Mail::plain("after"));
    let count = mails.len();
    let server = MailServer::start(mails, Box::new(|_, _| None)).await;
    let product = Product::start(&[&valid, &server]);
    let probe = Probe::new(&product, &valid).await;
    let watch = Watch::begin(name, &product, probe);
    let mut client = match by_pop3 {
        true => product.signed_in_by_pop3(&server).await,
        false => product.signed_in(&server).await,
    };
    let mail = client.get("/mail").await;
    let list = client.get(mail.header("location").unwrap()).await;
    let text = list.text();
    assert_eq!(list.status, 200, "{text}");
    for subject in ["before", "deep", "wide", "header", "crowd", "after"] {
        assert!(text.contains(subject), "{subject}: {text}");
    }
    // Every row leads to a page that opens.
    let inbox = mail.header("location").unwrap();
    let links: Vec<String> = text
        .split("href=\"")
        .filter_map(|rest| rest.split('"').next())
        .filter(|href| href.starts_with(inbox) && href.len() > inbox.len() + 1)
        .filter(|href| !href.contains('?'))
        .map(str::to_owned)
        .collect();
    let mut opened = 0;
    for message in &links {
        let page = client.get(message).await;
        assert_eq!(page.status, 200, "{message}: {}", page.text());
        let has_text = ["Hello.", "level 0", "cannot be shown safely", "x"]
            .iter()
            .any(|words| page.text().contains(words));
        assert!(has_text, "{message}: {}", page.text());
        let source = client.get(&format!("{message}/source")).await;
        assert_eq!(source.status, 200, "{message}");
        opened += 1;
    }
    assert!(opened >= count, "{links:?}");
    watch.end(&format!("{count} messages, all opened")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_imap() {
    shown_beside_its_neighbours("annoying mail by IMAP", false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_pop3() {
    shown_beside_its_neighbours("annoying mail by POP3", true).await;
}
