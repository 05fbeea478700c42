//! A scripted mail server, valid except where a script overrides it: IMAP, POP3 and SMTP on three
//! ports.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

/// A command of a client.
#[derive(Debug)]
pub(crate) struct ClientCommand<'a> {
    /// The IMAP tag; empty for other protocols.
    pub(crate) tag: &'a str,
    /// The command without its tag; empty for a new connection.
    pub(crate) command: &'a str,
}

/// The output of a script in place of the valid response.
pub(crate) enum Reply {
    /// This text.
    Text(Vec<u8>),
    /// The first text, and then the function's output for 0, 1, 2, … as long as the client reads.
    Endless(Vec<u8>, Box<dyn FnMut(u64) -> Vec<u8> + Send>),
    /// No response.
    Silence,
}

impl Reply {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into().into_bytes())
    }
}

/// Returns the output in place of the valid response, if any. The first argument is the protocol:
/// `"imap"`, `"pop3"` or `"smtp"`.
pub(crate) type Script = Box<dyn Fn(&str, &ClientCommand<'_>) -> Option<Reply> + Send + Sync>;

/// A message in the mailbox.
#[derive(Debug, Clone)]
pub(crate) struct Mail {
    pub(crate) subject: String,
    /// The BODYSTRUCTURE that the server sends.
    pub(crate) structure: String,
    /// The whole message, with CRLF.
    pub(crate) raw: String,
}

impl Mail {
    /// Creates a small plain text message.
    pub(crate) fn plain(subject: &str) -> Self {
        Self {
            subject: subject.to_owned(),
            structure: "(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 8 1 NIL NIL NIL NIL)".to_owned(),
            raw: format!(
                "From: Ann <ann@peer.test>\r\nSubject: {subject}\r\nDate: Sun, 01 Feb 2026 10:00:00 \
                 +0000\r\nMessage-ID: <{subject}@peer.test>\r\n\r\nHello.\r\n"
            ),
        }
    }

    fn header(&self) -> &str {
        self.raw
            .split_once("\r\n\r\n")
            .map_or("", |(header, _)| header)
    }

    fn text(&self) -> &str {
        self.raw.split_once("\r\n\r\n").map_or("", |(_, text)| text)
    }
}

/// A running server.
pub(crate) struct MailServer {
    pub(crate) imap: u16,
    pub(crate) pop3: u16,
    pub(crate) smtp: u16,
    shared: Arc<Shared>,
    _ends: DropGuard,
}

struct Shared {
    mails: Vec<Mail>,
    script: Script,
    open: AtomicUsize,
    sent_bytes: AtomicU64,
    /// Connections on which endless data is being sent.
    flooding: AtomicUsize,
}

impl MailServer {
    /// Starts a valid server with three plain messages.
    pub(crate) async fn valid() -> Self {
        let mails = ["one", "two", "three"].map(Mail::plain).to_vec();
        Self::start(mails, Box::new(|_, _| None)).await
    }

    /// Starts a server with these messages and a script.
    pub(crate) async fn start(mails: Vec<Mail>, script: Script) -> Self {
        let shared = Arc::new(Shared {
            mails,
            script,
            open: AtomicUsize::new(0),
            sent_bytes: AtomicU64::new(0),
            flooding: AtomicUsize::new(0),
        });
        let ends = CancellationToken::new();
        let mut ports = Vec::new();
        for protocol in ["imap", "pop3", "smtp"] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            ports.push(listener.local_addr().unwrap().port());
            let (shared, ends) = (Arc::clone(&shared), ends.clone());
            tokio::spawn(async move {
                while let Some(Ok((stream, _))) = ends.run_until_cancelled(listener.accept()).await
                {
                    let (shared, ends) = (Arc::clone(&shared), ends.clone());
                    tokio::spawn(async move {
                        shared.open.fetch_add(1, Ordering::Relaxed);
                        let serving = serve(&shared, protocol, stream);
                        ends.run_until_cancelled(serving).await;
                        shared.open.fetch_sub(1, Ordering::Relaxed);
                    });
                }
            });
        }
        let &[imap, pop3, smtp] = ports.as_slice() else {
            panic!("three ports")
        };
        Self {
            imap,
            pop3,
            smtp,
            shared,
            _ends: ends.drop_guard(),
        }
    }

    /// Returns the number of open connections.
    pub(crate) fn open(&self) -> usize {
        self.shared.open.load(Ordering::Relaxed)
    }

    /// Waits until this many bytes were sent, and no connection is being flooded.
    pub(crate) async fn until_sent(&self, bytes: u64) {
        let patience = std::time::Duration::from_secs(60);
        let waiting = async {
            while self.sent_bytes() < bytes || self.shared.flooding.load(Ordering::Relaxed) > 0 {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        let sent = tokio::time::timeout(patience, waiting).await;
        assert!(sent.is_ok(), "{} bytes sent", self.sent_bytes());
    }

    /// Waits until the product has closed all but this many connections.
    pub(crate) async fn until_open_at_most(&self, connections: usize) {
        let waiting = async {
            while self.open() > connections {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        let closed = tokio::time::timeout(std::time::Duration::from_secs(60), waiting).await;
        assert!(closed.is_ok(), "{} connections are open", self.open());
    }

    /// Returns the number of bytes sent so far.
    pub(crate) fn sent_bytes(&self) -> u64 {
        self.shared.sent_bytes.load(Ordering::Relaxed)
    }
}

async fn serve(shared: &Shared, protocol: &str, stream: TcpStream) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let (input, mut output) = stream.into_split();
    let mut input = BufReader::new(input);
    let mut line = String::new();
    let (mut idle_tag, mut takes_mail) = (None::<String>, false);
    loop {
        let (tag, command) = match line.trim_end().split_once(' ') {
            Some((tag, command)) if protocol == "imap" => (tag, command),
            _ => ("", line.trim_end()),
        };
        let tag = match idle_tag.take() {
            Some(idle) if line.trim_end() == "DONE" => idle,
            _ => tag.to_owned(),
        };
        let received = ClientCommand { tag: &tag, command };
        let reply = match takes_mail && command != "." {
            true => Reply::Text(Vec::new()),
            false => (shared.script)(protocol, &received).unwrap_or_else(|| {
                Reply::text(match protocol {
                    "imap" => imap(shared, &received),
                    "pop3" => pop3(shared, command),
                    _ => smtp(command),
                })
            }),
        };
        if protocol == "imap" && command == "IDLE" {
            idle_tag = Some(tag);
        }
        takes_mail = protocol == "smtp" && (command == "DATA" || takes_mail && command != ".");
        let mut send = async |bytes: &[u8]| {
            shared
                .sent_bytes
                .fetch_add(bytes.len() as u64, Ordering::Relaxed);
            output.write_all(bytes).await.ok()
        };
        match reply {
            Reply::Text(text) => send(&text).await?,
            Reply::Silence => {}
            Reply::Endless(head, mut next) => {
                shared.flooding.fetch_add(1, Ordering::Relaxed);
                let mut is_open = send(&head).await.is_some();
                let mut nth = 0;
                while is_open {
                    is_open = send(&next(nth)).await.is_some();
                    nth += 1;
                }
                shared.flooding.fetch_sub(1, Ordering::Relaxed);
                return None;
            }
        }
        let is_over = matches!(command, "LOGOUT" | "QUIT");
        line.clear();
        if is_over || input.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        // The literal of APPEND is discarded.
        let literal = line.trim_end().strip_suffix('}');
        if protocol == "imap"
            && let Some((_, size)) = literal.and_then(|line| line.rsplit_once('{'))
        {
            let size: u64 = size.trim_end_matches('+').parse().ok()?;
            output.write_all(b"+ go on\r\n").await.ok()?;
            let mut literal = (&mut input).take(size + 2);
            tokio::io::copy(&mut literal, &mut tokio::io::sink())
                .await
                .ok()?;
        }
    }
}

/// Returns the valid response of IMAP.
fn imap(shared: &Shared, received: &ClientCommand<'_>) -> String {
    let ClientCommand { tag, command } = received;
    const CAPABILITIES: &str = "IMAP4rev1 IDLE UIDPLUS MOVE AUTH=PLAIN SASL-IR";
    if command.is_empty() && tag.is_empty() {
        return format!("* OK [CAPABILITY {CAPABILITIES}] ready\r\n");
    }
    let (name, rest) = command.split_once(' ').unwrap_or((command, ""));
    let count = shared.mails.len();
    let untagged = match name {
        "CAPABILITY" => format!("* CAPABILITY {CAPABILITIES}\r\n"),
        "AUTHENTICATE" | "LOGIN" => {
            return format!("{tag} OK [CAPABILITY {CAPABILITIES}] in\r\n");
        }
        "LIST" => "* LIST (\\HasNoChildren) \"/\" INBOX\r\n\
            * LIST (\\HasNoChildren \\Sent) \"/\" Sent\r\n\
            * LIST (\\HasNoChildren \\Trash) \"/\" Trash\r\n"
            .to_owned(),
        "STATUS" => {
            let folder = rest.split(" (").next().unwrap_or_default();
            format!("* STATUS {folder} (MESSAGES {count} UNSEEN {count})\r\n")
        }
        "SELECT" | "EXAMINE" => format!(
            "* FLAGS (\\Seen \\Flagged)\r\n* {count} EXISTS\r\n* OK [UIDVALIDITY 7] .\r\n\
             * OK [UIDNEXT {}] .\r\n",
            count + 1
        ),
        "FETCH" => fetched(shared, rest),
        "UID" if rest.starts_with("FETCH ") => fetched(shared, &rest["FETCH ".len()..]),
        "UID" if rest.starts_with("SEARCH") => "* SEARCH\r\n".to_owned(),
        "IDLE" => return "+ idling\r\n".to_owned(),
        "LOGOUT" => "* BYE then\r\n".to_owned(),
        _ => String::new(),
    };
    format!("{untagged}{tag} OK done\r\n")
}

/// Returns the messages that FETCH requests (numbers and UIDs are equal here).
pub(crate) fn fetch_set(rest: &str, count: usize) -> std::ops::RangeInclusive<usize> {
    let set = rest.split(' ').next().unwrap_or_default();
    let (first, last) = set.split_once(':').unwrap_or((set, set));
    let number = |text: &str| text.parse().unwrap_or(count).clamp(1, count.max(1));
    number(first)..=number(last).min(count)
}

fn fetched(shared: &Shared, rest: &str) -> String {
    let mut rows = String::new();
    for seq in fetch_set(rest, shared.mails.len()) {
        let Some(mail) = shared.mails.get(seq - 1) else {
            continue;
        };
        rows.push_str(&row(seq, mail, rest));
    }
    rows
}

/// Returns the items of one message that a FETCH requests.
pub(crate) fn row(seq: usize, mail: &Mail, items: &str) -> String {
    let mut row = format!(
        "* {seq} FETCH (UID {seq} FLAGS () INTERNALDATE \"01-Feb-2026 10:00:00 +0000\" RFC822.SIZE {}",
        mail.raw.len()
    );
    if items.contains("ENVELOPE") {
        let subject = mail.subject.replace('\\', "\\\\").replace('"', "\\\"");
        let _ = write!(
            row,
            " ENVELOPE (NIL \"{subject}\" ((NIL NIL \"ann\" \"peer.test\")) NIL NIL NIL NIL NIL NIL NIL)"
        );
    }
    if items.contains("BODYSTRUCTURE") {
        let _ = write!(row, " BODYSTRUCTURE {}", mail.structure);
    }
    let header = format!("{}\r\n\r\n", mail.header());
    let fields = items.split_once("BODY.PEEK[HEADER.FIELDS ");
    if let Some((fields, _)) = fields.and_then(|(_, rest)| rest.split_once("]<")) {
        // The whole header: a server may send more than was requested.
        let octets = header.len();
        let _ = write!(
            row,
            " BODY[HEADER.FIELDS {fields}]<0> {{{octets}}}\r\n{header}"
        );
    }
    let parts = [
        ("[HEADER]", header.as_str()),
        ("[1]", mail.text()),
        ("[]", mail.raw.as_str()),
    ];
    for (section, bytes) in parts {
        if let Some((_, rest)) = items.split_once(&format!("BODY.PEEK{section}<")) {
            let window = rest.split('>').next().unwrap_or_default();
            let (offset, max) = window.split_once('.').unwrap_or(("0", "0"));
            let offset: usize = offset.parse().unwrap_or(0);
            let max: usize = max.parse().unwrap_or(0);
            let bytes = bytes.as_bytes();
            let window = &bytes[offset.min(bytes.len())..(offset + max).min(bytes.len())];
            let _ = write!(
                row,
                " BODY{section}<{offset}> {{{}}}\r\n{}",
                window.len(),
                String::from_utf8_lossy(window)
            );
        }
    }
    row.push_str(")\r\n");
    row
}

fn pop3(shared: &Shared, command: &str) -> String {
    let (name, rest) = command.split_once(' ').unwrap_or((command, ""));
    let nth = |rest: &str| {
        let number = rest.split(' ').next().unwrap_or_default();
        let index = number.parse::<usize>().unwrap_or(1).saturating_sub(1);
        shared.mails.get(index)
    };
    match name {
        "CAPA" => "+OK\r\nTOP\r\nUIDL\r\nUSER\r\nSASL PLAIN\r\nPIPELINING\r\n.\r\n".to_owned(),
        "LIST" | "UIDL" => {
            let mut listing = "+OK\r\n".to_owned();
            for (number, mail) in (1..).zip(&shared.mails) {
                let _ = match name {
                    "LIST" => write!(listing, "{number} {}\r\n", mail.raw.len()),
                    _ => write!(listing, "{number} uid{number}\r\n"),
                };
            }
            listing + ".\r\n"
        }
        "TOP" => match nth(rest) {
            Some(mail) => format!("+OK\r\n{}\r\n\r\n.\r\n", dot_stuff(mail.header())),
            None => "-ERR no such message\r\n".to_owned(),
        },
        "RETR" => match nth(rest) {
            Some(mail) => format!("+OK\r\n{}\r\n.\r\n", dot_stuff(&mail.raw)),
            None => "-ERR no such message\r\n".to_owned(),
        },
        "STAT" => format!("+OK {} 100\r\n", shared.mails.len()),
        _ => "+OK\r\n".to_owned(),
    }
}

fn dot_stuff(text: &str) -> String {
    let lines: Vec<String> = text
        .split("\r\n")
        .map(|line| match line.starts_with('.') {
            true => format!(".{line}"),
            false => line.to_owned(),
        })
        .collect();
    lines.join("\r\n")
}

fn smtp(command: &str) -> String {
    let name = command.split([' ', ':']).next().unwrap_or_default();
    let reply = match name {
        "" => "220 peer ESMTP\r\n",
        // With every option of the compose page: its markup is the same before and after the server
        // is known.
        "EHLO" => {
            "250-peer\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250-DSN\r\n\
             250-REQUIRETLS\r\n250 AUTH PLAIN\r\n"
        }
        "AUTH" => "235 2.7.0 in\r\n",
        "DATA" => "354 go on\r\n",
        "QUIT" => "221 2.0.0 bye\r\n",
        _ => "250 2.1.0 good\r\n",
    };
    reply.to_owned()
}
