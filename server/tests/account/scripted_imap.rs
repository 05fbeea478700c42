//! An IMAP server with a few messages that behaves normally except where a script overrides it.

use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex};

use app::api::types::IncomingKind;
use mail_net::TlsMode;
use server::account::SignIn;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::test_server::{Page, TestAccounts, sign_in};

/// The UID of the first message, less 1.
const UIDS_BEGIN: u32 = 100;

/// A message, and the description that the server sends of it.
#[derive(Debug, Clone)]
pub(crate) struct Mail {
    pub(crate) raw: String,
    pub(crate) envelope: String,
    pub(crate) structure: String,
    pub(crate) arrived: &'static str,
}

impl Mail {
    /// Creates a small plain text message.
    pub(crate) fn plain(subject: &str) -> Self {
        let raw = format!(
            "From: Ann <ann@sender.example>\r\nTo: user@example.test\r\nSubject: {subject}\r\nDate: Mon, \
             01 Jan 2024 10:00:00 +0000\r\n\r\nThis is {subject}.\r\n"
        );
        Self::of(&raw, subject)
    }

    /// Creates a message that the server describes as one plain text of this subject.
    pub(crate) fn of(raw: &str, subject: &str) -> Self {
        Self {
            raw: raw.to_owned(),
            envelope: envelope(subject, "((\"Ann\" NIL \"ann\" \"sender.example\"))"),
            structure:
                "(\"text\" \"plain\" (\"charset\" \"utf-8\") NIL NIL \"7bit\" 20 1 NIL NIL NIL \
                NIL)"
                    .to_owned(),
            arrived: "02-Feb-2024 10:00:00 +0000",
        }
    }

    fn header(&self) -> &str {
        let end = self
            .raw
            .find("\r\n\r\n")
            .map_or(self.raw.len(), |at| at + 4);
        &self.raw[..end]
    }

    fn text(&self) -> &str {
        &self.raw[self.header().len()..]
    }

    /// Returns the header and the body of a part, by its number, if the message is a multipart with
    /// the delimiter `--bb`.
    fn part(&self, number: &str) -> Option<(&str, &str)> {
        let part = self.text().split("--bb").nth(number.parse().ok()?)?;
        let part = part.strip_prefix("\r\n")?.strip_suffix("\r\n")?;
        let end = match part.starts_with("\r\n") {
            true => 2,
            false => part.find("\r\n\r\n")? + 4,
        };
        Some(part.split_at(end))
    }
}

/// Formats an envelope with this list of senders.
pub(crate) fn envelope(subject: &str, from: &str) -> String {
    format!(
        "(\"Mon, 01 Jan 2024 10:00:00 +0000\" \"{subject}\" {from} {from} {from} ((NIL NIL \"user\" \
         \"example.test\")) NIL NIL NIL \"<{subject}@sender.example>\")"
    )
}

type Script = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

struct Shared {
    mails: Vec<Mail>,
    script: Script,
    commands: Mutex<Vec<String>>,
    /// Commands that contain this text are not answered for now.
    held: watch::Sender<Option<&'static str>>,
}

/// A running server, and a signed-in account.
pub(crate) struct ScriptedImap {
    shared: Arc<Shared>,
    pub(crate) page: Page,
    _accounts: TestAccounts,
    _ends: DropGuard,
}

impl ScriptedImap {
    /// Starts a server with these messages. The script receives each command without its tag and
    /// may respond in place of the server; `{tag}` in its response is the tag, `{0x80}` that octet.
    pub(crate) async fn start(
        mails: Vec<Mail>,
        script: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        Self::start_beside(mails, script, Vec::new()).await
    }

    /// The same, with accounts that may reach further ports of localhost.
    pub(crate) async fn start_beside(
        mails: Vec<Mail>,
        script: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
        mut ports: Vec<u16>,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            mails,
            script: Box::new(script),
            commands: Mutex::default(),
            held: watch::Sender::new(None),
        });
        let ends = CancellationToken::new();
        let (accepting, ending) = (Arc::clone(&shared), ends.clone());
        tokio::spawn(async move {
            while let Some(Ok((stream, _))) = ending.run_until_cancelled(listener.accept()).await {
                let (shared, ending) = (Arc::clone(&accepting), ending.clone());
                tokio::spawn(async move {
                    ending.run_until_cancelled(serve(&shared, stream)).await;
                });
            }
        });
        ports.push(port);
        let accounts = TestAccounts::new(super::peer::Peer::ca_pem(), ports).await;
        let page = accounts.open(plain_sign_in(port)).await.unwrap();
        Self {
            shared,
            page,
            _accounts: accounts,
            _ends: ends.drop_guard(),
        }
    }

    /// Delays the responses to commands that contain `part`; `None` releases all of them.
    pub(crate) fn hold(&self, part: Option<&'static str>) {
        self.shared.held.send_replace(part);
    }

    /// Returns how many commands so far contain `part`.
    pub(crate) fn count(&self, part: &str) -> usize {
        let commands = self.shared.commands.lock().unwrap();
        commands
            .iter()
            .filter(|command| command.contains(part))
            .count()
    }
}

fn plain_sign_in(port: u16) -> SignIn {
    sign_in(
        "user@example.test",
        "secret",
        (IncomingKind::Imap, port),
        port,
        TlsMode::Plain,
    )
}

async fn serve(shared: &Shared, stream: TcpStream) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let greeting = "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] ready\r\n";
    stream.write_all(greeting.as_bytes()).await.ok()?;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok().filter(|n| *n > 0)?;
        let (tag, command) = line.trim_end().split_once(' ')?;
        shared.commands.lock().unwrap().push(command.to_owned());
        let mut held = shared.held.subscribe();
        let is_free = |held: &Option<&str>| held.is_none_or(|part| !command.contains(part));
        held.wait_for(is_free).await.ok()?;
        let response = match (shared.script)(command) {
            Some(response) => response.replace("{tag}", tag),
            None => format!("{}{tag} OK done\r\n", shared.respond(command)),
        };
        let pieces = response.split("{0x80}").map(str::as_bytes);
        let octets = pieces.collect::<Vec<_>>().join(&[0x80][..]);
        stream.write_all(&octets).await.ok()?;
        if command == "LOGOUT" {
            return None;
        }
    }
}

impl Shared {
    fn respond(&self, command: &str) -> String {
        let by_uid = command.starts_with("UID ");
        let command = command.trim_start_matches("UID ");
        let (name, rest) = command.split_once(' ').unwrap_or((command, ""));
        let len = self.mails.len();
        match name {
            "CAPABILITY" => "* CAPABILITY IMAP4rev1\r\n".to_owned(),
            "LIST" => "* LIST (\\HasNoChildren) \"/\" INBOX\r\n".to_owned(),
            "STATUS" => format!("* STATUS INBOX (MESSAGES {len} UNSEEN {len})\r\n"),
            "SELECT" => format!("* FLAGS (\\Seen)\r\n* {len} EXISTS\r\n* OK [UIDVALIDITY 7] .\r\n"),
            "FETCH" => {
                let (set, items) = rest.split_once(' ').unwrap_or((rest, ""));
                let numbers = self.numbers(set, by_uid);
                numbers.map(|seq| self.fetched(seq, items)).collect()
            }
            "SEARCH" => {
                let (set, in_uids) = match rest.strip_prefix("UID ") {
                    Some(set) => (set, true),
                    None => (rest, false),
                };
                let found = self.numbers(set, in_uids).map(|seq| match by_uid {
                    true => format!(" {}", seq + UIDS_BEGIN),
                    false => format!(" {seq}"),
                });
                format!("* SEARCH{}\r\n", found.collect::<String>())
            }
            "LOGOUT" => "* BYE then\r\n".to_owned(),
            _ => String::new(),
        }
    }

    /// Returns the positions in a set.
    fn numbers(&self, set: &str, in_uids: bool) -> impl Iterator<Item = u32> + use<> {
        let begin = if in_uids { UIDS_BEGIN } else { 0 };
        let bound = |text: &str| text.parse::<u32>().unwrap_or(0);
        let ranges: Vec<RangeInclusive<u32>> = set
            .split(',')
            .map(|range| match range.split_once(':') {
                Some((first, last)) => bound(first)..=bound(last),
                None => bound(range)..=bound(range),
            })
            .collect();
        let len = u32::try_from(self.mails.len()).unwrap();
        (1..=len).filter(move |seq| ranges.iter().any(|range| range.contains(&(seq + begin))))
    }

    fn fetched(&self, seq: u32, items: &str) -> String {
        let mail = &self.mails[seq as usize - 1];
        let mut response = format!("* {seq} FETCH (UID {}", seq + UIDS_BEGIN);
        if items.contains("FLAGS") {
            response.push_str(" FLAGS ()");
        }
        if items.contains("INTERNALDATE") {
            let _ = write!(response, " INTERNALDATE \"{}\"", mail.arrived);
        }
        if items.contains("RFC822.SIZE") {
            let _ = write!(response, " RFC822.SIZE {}", mail.raw.len());
        }
        if items.contains("ENVELOPE") {
            let _ = write!(response, " ENVELOPE {}", mail.envelope);
        }
        if items.contains("BODYSTRUCTURE") {
            let _ = write!(response, " BODYSTRUCTURE {}", mail.structure);
        }
        for item in items.split("BODY.PEEK[").skip(1) {
            let section = item.split(']').next().unwrap_or_default();
            let octets = match section {
                "" => &mail.raw,
                _ if section.starts_with("HEADER") => mail.header(),
                _ => match section.strip_suffix(".MIME") {
                    Some(number) => mail.part(number).map_or("\r\n", |(header, _)| header),
                    None => mail.part(section).map_or(mail.text(), |(_, body)| body),
                },
            };
            let _ = write!(
                response,
                " BODY[{section}]<0> {{{}}}\r\n{octets}",
                octets.len()
            );
        }
        response + ")\r\n"
    }
}
