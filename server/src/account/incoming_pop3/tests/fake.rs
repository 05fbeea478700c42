//! A minimal POP3 server with the quirks of real ones.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// How a server deviates.
#[derive(Debug, Clone, Default)]
pub(super) struct Quirks {
    pub(super) has_no_uidl: bool,
    pub(super) has_no_top: bool,
    /// When CAPA lists TOP and UIDL.
    pub(super) lists: CapaListing,
    /// The text after the `+OK` of the greeting.
    pub(super) greeting: &'static str,
    /// The reply to PASS, as a whole line.
    pub(super) pass_reply: Option<&'static str>,
    /// Refuses a sign-in within this many seconds of the last one.
    pub(super) login_delay_secs: Option<u64>,
    /// Whether another program has locked the maildrop.
    pub(super) is_locked: bool,
    /// How many messages are cut off in the middle.
    pub(super) cut_bodies: u32,
    /// How many times QUIT is not answered, and nothing is deleted.
    pub(super) lost_quits: u32,
    pub(super) refuses_dele: bool,
    /// The size that LIST reports for every message, instead of the real one.
    pub(super) listed_bytes: Option<u64>,
}

/// When CAPA lists TOP and UIDL.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum CapaListing {
    #[default]
    Always,
    SignedIn,
    Never,
}

#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) unique_id: String,
    pub(super) raw: String,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) quirks: Quirks,
    pub(super) password: String,
    pub(super) messages: Vec<Stored>,
    /// Every command and, for sign-ins, their result.
    pub(super) log: Vec<String>,
    is_in_use: bool,
    last_login: Option<Instant>,
}

/// The server; it ends with the test's runtime.
#[derive(Debug, Clone)]
pub(super) struct FakeServer {
    pub(super) port: u16,
    state: Arc<Mutex<State>>,
}

impl FakeServer {
    pub(super) async fn start(quirks: Quirks, subjects: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = State {
            quirks,
            password: "right".to_owned(),
            ..State::default()
        };
        let server = Self {
            port,
            state: Arc::new(Mutex::new(state)),
        };
        for subject in subjects {
            server.deliver(&format!("uid-{subject}"), subject);
        }
        let accepting = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(accepting.clone().serve(stream));
            }
        });
        server
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(super) fn deliver(&self, unique_id: &str, subject: &str) {
        let raw = format!(
            "From: Wei <wei@restante.test>\r\nTo: demo@restante.test\r\nSubject: {subject}\r\n\
             Date: Mon, 1 Jan 2024 10:00:00 +0000\r\n\r\nThis is {subject}.\r\n.\r\n"
        );
        self.deliver_raw(unique_id, &raw);
    }

    pub(super) fn deliver_raw(&self, unique_id: &str, raw: &str) {
        self.state().messages.push(Stored {
            unique_id: unique_id.to_owned(),
            raw: raw.to_owned(),
        });
    }

    pub(super) fn subjects(&self) -> Vec<String> {
        let subject = |message: &Stored| {
            let line = message
                .raw
                .lines()
                .find_map(|line| line.strip_prefix("Subject: "));
            line.unwrap_or_default().to_owned()
        };
        self.state().messages.iter().map(subject).collect()
    }

    /// Returns how often a command was received.
    pub(super) fn count(&self, verb: &str) -> usize {
        self.state()
            .log
            .iter()
            .filter(|line| line.starts_with(verb))
            .count()
    }

    async fn serve(self, stream: TcpStream) {
        let mut session = Session {
            server: self,
            snapshot: None,
            deleted: BTreeSet::new(),
        };
        let mut stream = BufReader::new(stream);
        let greeting = session.server.state().quirks.greeting;
        let greeting = format!("+OK {greeting}\r\n");
        let _ = stream.write_all(greeting.as_bytes()).await;
        let mut line = String::new();
        while stream
            .read_line(&mut line)
            .await
            .is_ok_and(|length| length > 0)
        {
            let reply = session.reply(line.trim_end());
            let (Reply::Continue(text) | Reply::Close(text)) = &reply;
            if stream.write_all(text.as_bytes()).await.is_err() || matches!(reply, Reply::Close(_))
            {
                break;
            }
            line.clear();
        }
        if session.snapshot.is_some() {
            session.server.state().is_in_use = false;
        }
    }
}

enum Reply {
    Continue(String),
    Close(String),
}

struct Session {
    server: FakeServer,
    /// The messages at sign-in.
    snapshot: Option<Vec<Stored>>,
    deleted: BTreeSet<usize>,
}

impl Session {
    fn reply(&mut self, line: &str) -> Reply {
        let mut words = line.split(' ');
        let verb = words.next().unwrap_or_default();
        let number: usize = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
        let state = Arc::clone(&self.server.state);
        let mut state = state.lock().unwrap();
        if verb != "PASS" {
            state.log.push(line.to_owned());
        }
        let ok = |text: &str| Reply::Continue(format!("+OK {text}\r\n"));
        let err = |text: &str| Reply::Continue(format!("-ERR {text}\r\n"));
        match verb {
            "CAPA" => Reply::Continue(capabilities(&state.quirks, self.snapshot.is_some())),
            "APOP" => err("unknown command"),
            "PASS" if state.quirks.pass_reply.is_some() => {
                Reply::Continue(state.quirks.pass_reply.unwrap_or_default().to_owned())
            }
            "USER" => ok(""),
            "PASS" => match self.sign_in(&mut state, line) {
                Ok(()) => ok("signed in"),
                Err(text) => err(text),
            },
            _ if self.snapshot.is_none() => err("sign in first"),
            "LIST" => Reply::Continue(self.list(|message| {
                state
                    .quirks
                    .listed_bytes
                    .unwrap_or(message.raw.len() as u64)
                    .to_string()
            })),
            "UIDL" if !state.quirks.has_no_uidl => {
                Reply::Continue(self.list(|message| message.unique_id.clone()))
            }
            "TOP" if !state.quirks.has_no_top => self.send(number, |raw| {
                raw.split_inclusive("\r\n\r\n").next().unwrap_or_default()
            }),
            "RETR" if state.quirks.cut_bodies > 0 => {
                state.quirks.cut_bodies -= 1;
                Reply::Close("+OK\r\nFrom: Wei <wei@restante.test>\r\nSubj".to_owned())
            }
            "RETR" => self.send(number, |raw| raw),
            "DELE" if state.quirks.refuses_dele => err("read-only"),
            "DELE" => {
                self.deleted.insert(number);
                ok("")
            }
            "QUIT" if state.quirks.lost_quits > 0 => {
                state.quirks.lost_quits -= 1;
                Reply::Close(String::new())
            }
            "QUIT" => {
                let snapshot = self.snapshot.as_deref().unwrap_or_default();
                let removed: Vec<&Stored> = self
                    .deleted
                    .iter()
                    .filter_map(|number| snapshot.get(number - 1))
                    .collect();
                state.messages.retain(|message| {
                    !removed.iter().any(|removed| {
                        (&removed.unique_id, &removed.raw) == (&message.unique_id, &message.raw)
                    })
                });
                Reply::Close("+OK\r\n".to_owned())
            }
            _ => err("unknown command"),
        }
    }

    fn sign_in(&mut self, state: &mut State, line: &str) -> Result<(), &'static str> {
        let delay = state.quirks.login_delay_secs.map(Duration::from_secs);
        let is_too_soon = delay
            .zip(state.last_login)
            .is_some_and(|(delay, at)| at.elapsed() < delay);
        let result = if line != format!("PASS {}", state.password) {
            Err("[AUTH] wrong password")
        } else if state.is_in_use || state.quirks.is_locked {
            Err("[IN-USE] maildrop already locked")
        } else if is_too_soon {
            Err("[LOGIN-DELAY] too soon")
        } else {
            Ok(())
        };
        state
            .log
            .push(format!("PASS {}", result.err().unwrap_or("accepted")));
        result?;
        state.is_in_use = true;
        state.last_login = Some(Instant::now());
        self.snapshot = Some(state.messages.clone());
        Ok(())
    }

    fn list(&self, of: impl Fn(&Stored) -> String) -> String {
        let mut text = "+OK\r\n".to_owned();
        for (number, message) in (1..).zip(self.snapshot.as_deref().unwrap_or_default()) {
            let _ = write!(text, "{number} {}\r\n", of(message));
        }
        text.push_str(".\r\n");
        text
    }

    fn send(&self, number: usize, part: impl Fn(&str) -> &str) -> Reply {
        let message = number
            .checked_sub(1)
            .and_then(|index| self.snapshot.as_ref()?.get(index));
        Reply::Continue(match message {
            Some(message) => {
                let stuffed = part(&message.raw).replace("\r\n.", "\r\n..");
                format!("+OK\r\n{stuffed}.\r\n")
            }
            None => "-ERR no such message\r\n".to_owned(),
        })
    }
}

fn capabilities(quirks: &Quirks, is_signed_in: bool) -> String {
    let is_listed = match quirks.lists {
        CapaListing::Always => true,
        CapaListing::SignedIn => is_signed_in,
        CapaListing::Never => false,
    };
    let mut text = "+OK\r\nUSER\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\n".to_owned();
    if is_listed && !quirks.has_no_uidl {
        text.push_str("UIDL\r\n");
    }
    if is_listed && !quirks.has_no_top {
        text.push_str("TOP\r\n");
    }
    if let Some(secs) = quirks.login_delay_secs {
        let _ = write!(text, "LOGIN-DELAY {secs}\r\n");
    }
    text.push_str(".\r\n");
    text
}
