//! One SMTP connection: greeting, sign-in, envelope, data.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::path::{Address, PathArgument, Refused};
use crate::clock;
use crate::login;
use crate::message;
use crate::wire::{Wire, WireError};
use crate::{DOMAIN, MAX_MESSAGE_BYTES, Service};

const MAX_LINE_BYTES: usize = 16 * 1024;
/// RFC 5321 §4.5.3.1.6: 1000 octets with CRLF, and the dot that stuffing adds is not counted.
const MAX_TEXT_LINE_BYTES: usize = 999;
const MAX_RECIPIENTS: usize = 100;
const IDLE_LIMIT: Duration = Duration::from_secs(300);
const MAX_REFUSALS: u32 = 5;

const BAD_SEQUENCE: &str = "503 5.5.1 not at this point";
const MALFORMED: &str = "501 5.5.4 the arguments are not understood";
const NEEDS_TLS: &str = "530 5.7.0 STARTTLS comes first";
const TOO_BIG: &str = "552 5.3.4 the message is too big";

/// Serves one client until it leaves, misbehaves, or the demo stops.
pub(crate) async fn serve(service: Arc<Service>, wire: Wire) -> Result<(), WireError> {
    let mut session = Session {
        service,
        wire,
        hello: None,
        is_authenticated: false,
        transaction: None,
        refusals: 0,
    };
    session
        .wire
        .push(format!("220 {DOMAIN} ESMTP Restante demo\r\n"));
    let ended = session.run().await;
    let last_word = match &ended {
        Ok(()) | Err(WireError::Closed | WireError::Io(_)) => String::new(),
        Err(reason @ WireError::Idle) => format!("421 4.4.2 {reason}\r\n"),
        Err(reason @ WireError::Shutdown) => format!("421 4.3.2 {reason}\r\n"),
        Err(reason) => format!("500 5.5.2 {reason}\r\n"),
    };
    session.wire.close(&last_word).await;
    ended
}

struct Session {
    service: Arc<Service>,
    wire: Wire,
    /// The name the client gave itself, once it said hello.
    hello: Option<String>,
    is_authenticated: bool,
    transaction: Option<Transaction>,
    refusals: u32,
}

struct Transaction {
    /// Empty for the null sender.
    sender: String,
    recipients: usize,
}

enum Reply {
    Line(&'static str),
    Text(String),
    StartTls,
    Quit,
}

impl Session {
    async fn run(&mut self) -> Result<(), WireError> {
        while self.refusals < MAX_REFUSALS {
            let line = self.wire.line(MAX_LINE_BYTES, IDLE_LIMIT).await?;
            self.service.count_command();
            match self.execute(&line).await? {
                Reply::Line(text) => self.wire.push(format!("{text}\r\n")),
                Reply::Text(text) => self.wire.push(text),
                Reply::StartTls => {
                    if self.wire.has_input() {
                        return Err(WireError::InputBeforeTls);
                    }
                    self.wire.push("220 2.0.0 begin TLS now\r\n");
                    self.wire.start_tls(&self.service.tls).await?;
                    // What was learnt in plaintext is forgotten (RFC 3207 §4.2).
                    self.hello = None;
                    self.transaction = None;
                }
                Reply::Quit => {
                    self.wire.push("221 2.0.0 until next time\r\n");
                    return Ok(());
                }
            }
        }
        self.wire.push("421 4.7.0 too many refused commands\r\n");
        Ok(())
    }

    async fn execute(&mut self, line: &Bytes) -> Result<Reply, WireError> {
        let line = String::from_utf8_lossy(line);
        let (name, argument) = line.split_once(' ').unwrap_or((&line, ""));
        let argument = argument.trim_end();
        Ok(match name.to_ascii_uppercase().as_str() {
            "EHLO" => self.hello(argument, true),
            "HELO" => self.hello(argument, false),
            "QUIT" => Reply::Quit,
            "NOOP" => Reply::Line("250 2.0.0 still here"),
            "RSET" => {
                self.transaction = None;
                Reply::Line("250 2.0.0 forgotten")
            }
            "VRFY" => Reply::Line("252 2.1.5 send it and see"),
            "STARTTLS" if self.wire.is_encrypted() => {
                Reply::Line("503 5.5.1 TLS is active already")
            }
            "STARTTLS" if !argument.is_empty() => Reply::Line(MALFORMED),
            "STARTTLS" => Reply::StartTls,
            "AUTH" => self.authenticate(argument).await?,
            "MAIL" => Reply::Line(self.mail(argument)),
            "RCPT" => Reply::Line(self.recipient(argument)),
            "DATA" if !argument.is_empty() => Reply::Line(MALFORMED),
            "DATA" => self.data().await?,
            _ => {
                self.refusals += 1;
                Reply::Line("500 5.5.1 unknown command")
            }
        })
    }

    fn hello(&mut self, argument: &str, is_extended: bool) -> Reply {
        let is_name = !argument.is_empty()
            && argument.len() <= 255
            && argument
                .bytes()
                .all(|octet| octet.is_ascii_graphic() && !b"()<>\\\"".contains(&octet));
        if !is_name {
            return Reply::Line(MALFORMED);
        }
        self.hello = Some(argument.to_owned());
        self.transaction = None;
        if !is_extended {
            return Reply::Text(format!("250 {DOMAIN}\r\n"));
        }
        let sign_in = if self.wire.is_encrypted() {
            "AUTH PLAIN LOGIN"
        } else {
            "STARTTLS"
        };
        Reply::Text(format!(
            "250-{DOMAIN} greets you\r\n250-PIPELINING\r\n250-SIZE {MAX_MESSAGE_BYTES}\r\n250-8BITMIME\r\n\
             250-ENHANCEDSTATUSCODES\r\n250 {sign_in}\r\n"
        ))
    }

    async fn authenticate(&mut self, argument: &str) -> Result<Reply, WireError> {
        if !self.wire.is_encrypted() {
            return Ok(Reply::Line("538 5.7.11 encryption is required to sign in"));
        }
        if self.hello.is_none() || self.is_authenticated || self.transaction.is_some() {
            return Ok(Reply::Line(BAD_SEQUENCE));
        }
        let (mechanism, initial) = match argument.split_once(' ') {
            Some((mechanism, initial)) => {
                (mechanism, Some(Bytes::copy_from_slice(initial.as_bytes())))
            }
            None => (argument, None),
        };
        let outcome = match mechanism.to_ascii_uppercase().as_str() {
            "PLAIN" => {
                let response = self.response(initial, "").await?;
                login::plain(&response)
            }
            "LOGIN" => {
                // The prompts are those of the mechanism's draft: `Username:` and `Password:`.
                let user = self.response(initial, "VXNlcm5hbWU6").await?;
                match login::from_base64(&user) {
                    None => login::Outcome::Malformed,
                    Some(user) => {
                        match login::from_base64(&self.response(None, "UGFzc3dvcmQ6").await?) {
                            None => login::Outcome::Malformed,
                            Some(password) if login::is_right(&user, &password) => {
                                login::Outcome::Accepted
                            }
                            Some(_) => login::Outcome::WrongCredentials,
                        }
                    }
                }
            }
            _ => return Ok(Reply::Line("504 5.5.4 this mechanism is not offered")),
        };
        Ok(Reply::Line(match outcome {
            login::Outcome::Accepted => {
                self.is_authenticated = true;
                "235 2.7.0 signed in"
            }
            login::Outcome::WrongCredentials => {
                self.refusals += 1;
                "535 5.7.8 wrong user name or password"
            }
            login::Outcome::Malformed => {
                "501 5.5.2 the response is malformed or AUTH was cancelled"
            }
        }))
    }

    async fn response(&mut self, initial: Option<Bytes>, prompt: &str) -> Result<Bytes, WireError> {
        match initial {
            Some(response) => Ok(response),
            None => {
                self.wire.push(format!("334 {prompt}\r\n"));
                self.wire.line(MAX_LINE_BYTES, IDLE_LIMIT).await
            }
        }
    }

    fn mail(&mut self, argument: &str) -> &'static str {
        if self.hello.is_none() || self.transaction.is_some() {
            return BAD_SEQUENCE;
        }
        if !self.is_authenticated {
            return if self.wire.is_encrypted() {
                "530 5.7.0 sign in first"
            } else {
                NEEDS_TLS
            };
        }
        let path = match PathArgument::parse(argument, "FROM:") {
            Ok(path) => path,
            Err(refused) => return path_refused(refused),
        };
        for (keyword, value) in &path.parameters {
            match (keyword.as_str(), value.as_deref()) {
                ("SIZE", Some(size)) => match size.parse::<u64>() {
                    Ok(size) if size > MAX_MESSAGE_BYTES as u64 => return TOO_BIG,
                    Ok(_) => {}
                    Err(_) => return MALFORMED,
                },
                ("BODY", Some(body))
                    if ["7BIT", "8BITMIME"]
                        .iter()
                        .any(|known| body.eq_ignore_ascii_case(known)) => {}
                ("AUTH", Some(_)) => {}
                ("SIZE" | "BODY" | "AUTH", _) => return MALFORMED,
                _ => return "555 5.5.4 this parameter is not offered",
            }
        }
        let sender = path
            .address
            .map(|address| format!("{}@{}", address.local_part, address.domain));
        self.transaction = Some(Transaction {
            sender: sender.unwrap_or_default(),
            recipients: 0,
        });
        "250 2.1.0 sender ok"
    }

    fn recipient(&mut self, argument: &str) -> &'static str {
        let Some(transaction) = &mut self.transaction else {
            return BAD_SEQUENCE;
        };
        let path = match PathArgument::parse(argument, "TO:") {
            Ok(path) => path,
            Err(refused) => return path_refused(refused),
        };
        if !path.parameters.is_empty() {
            return "555 5.5.4 this parameter is not offered";
        }
        let Some(address) = path.address else {
            return "553 5.1.3 a recipient has an address";
        };
        if transaction.recipients >= MAX_RECIPIENTS {
            return "452 4.5.3 too many recipients";
        }
        let reply = reply_to_recipient(&address);
        if reply.starts_with("250") {
            transaction.recipients += 1;
        }
        reply
    }

    async fn data(&mut self) -> Result<Reply, WireError> {
        let Some(transaction) = &self.transaction else {
            return Ok(Reply::Line(BAD_SEQUENCE));
        };
        if transaction.recipients == 0 {
            return Ok(Reply::Line("554 5.5.1 no recipient was accepted"));
        }
        self.wire.push("354 go on, end with a dot\r\n");
        let mut text = Vec::new();
        let mut refused = None;
        loop {
            let line = self.wire.line(MAX_TEXT_LINE_BYTES, IDLE_LIMIT).await?;
            if &*line == b"." {
                break;
            }
            // RFC 5321 §4.5.2: one leading dot is removed.
            let line = line.strip_prefix(b".").unwrap_or(&line);
            if text.len() + line.len() + 2 > MAX_MESSAGE_BYTES {
                refused = Some(TOO_BIG);
                text = Vec::new();
            } else if memchr::memchr2(b'\r', 0, line).is_some() {
                refused = refused.or(Some("554 5.6.0 the message holds a lone CR or a NUL"));
            }
            if refused.is_none() {
                text.extend_from_slice(line);
                text.extend_from_slice(b"\r\n");
            }
        }
        let Some(transaction) = self.transaction.take() else {
            return Ok(Reply::Line(BAD_SEQUENCE));
        };
        Ok(match refused {
            Some(refused) => Reply::Line(refused),
            None => self.accept(&transaction, &text),
        })
    }

    /// Adds the trace fields of a final delivery (RFC 5321 §4.4) and delivers.
    fn accept(&self, transaction: &Transaction, text: &[u8]) -> Reply {
        let now_unix_ms = self.service.clock.now_unix_ms();
        let id = format!("{now_unix_ms:x}");
        let header = format!(
            "Return-Path: <{}>\r\nReceived: from {} (localhost [127.0.0.1])\r\n\tby {DOMAIN} (Restante demo) with ESMTPSA id {id};\r\n\t{}\r\n",
            transaction.sender,
            self.hello.as_deref().unwrap_or("localhost"),
            clock::rfc5322(now_unix_ms),
        );
        self.service.deliver(message::with_header(&header, text));
        Reply::Text(format!("250 2.0.0 delivered as {id}\r\n"))
    }
}

fn reply_to_recipient(address: &Address) -> &'static str {
    if !address.domain.eq_ignore_ascii_case(DOMAIN) {
        return "550 5.7.1 relaying denied";
    }
    match address.local_part.to_ascii_lowercase().as_str() {
        "busy" => "450 4.2.1 this mailbox is busy, try again later",
        "nobody" => "550 5.1.1 there is no such mailbox here",
        "full" => "552 5.2.2 this mailbox is full",
        _ => "250 2.1.5 recipient ok",
    }
}

fn path_refused(refused: Refused) -> &'static str {
    match refused {
        Refused::Syntax => "501 5.1.7 the address is not understood",
        Refused::NotAscii => "553 5.6.7 SMTPUTF8 is not offered",
    }
}
