//! One SMTP connection: greeting, sign-in, envelope, message data.

mod deliver;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::replies::{BAD_SEQUENCE, MALFORMED};
use super::transaction::{MAX_RECIPIENTS, Transaction};
use crate::login;
use crate::wire::{Wire, WireError};
use crate::{DOMAIN, MAX_MESSAGE_BYTES, Service};

const MAX_LINE_BYTES: usize = 16 * 1024;
pub(super) const IDLE_LIMIT: Duration = Duration::from_secs(300);
const MAX_REFUSALS: u32 = 5;

/// Serves one client until it disconnects, breaks a limit, or the demo stops.
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
    let final_line = match &ended {
        Ok(()) | Err(WireError::Closed | WireError::Io(_)) => String::new(),
        Err(reason @ WireError::Idle) => format!("421 4.4.2 {reason}\r\n"),
        Err(reason @ WireError::Shutdown) => format!("421 4.3.2 {reason}\r\n"),
        Err(reason) => format!("500 5.5.2 {reason}\r\n"),
    };
    session.wire.close(&final_line).await;
    ended
}

pub(super) struct Session {
    pub(super) service: Arc<Service>,
    pub(super) wire: Wire,
    /// The client's name from EHLO or HELO; `None` before it.
    pub(super) hello: Option<String>,
    pub(super) is_authenticated: bool,
    pub(super) transaction: Option<Transaction>,
    refusals: u32,
}

pub(super) enum Reply {
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
                    // The server discards what it learned in plaintext (RFC 3207 §4.2).
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
            "VRFY" | "EXPN" if argument.is_empty() => Reply::Line(MALFORMED),
            "VRFY" => Reply::Line("252 2.1.5 send it and see"),
            "EXPN" => Reply::Line("550 5.1.1 there are no lists here"),
            "HELP" => Reply::Line("214 2.0.0 the manual is RFC 5321"),
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
            "BDAT" => self.chunk(argument).await?,
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
             250-ENHANCEDSTATUSCODES\r\n250-CHUNKING\r\n250-SMTPUTF8\r\n250-DSN\r\n\
             250-LIMITS RCPTMAX={MAX_RECIPIENTS}\r\n250-VRFY\r\n250-HELP\r\n250 {sign_in}\r\n"
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
                // The prompts of the mechanism's draft: `Username:` and `Password:`.
                let user = self.response(initial, "VXNlcm5hbWU6").await?;
                match login::from_base64(&user) {
                    None => login::Outcome::Malformed,
                    Some(user) => {
                        match login::from_base64(&self.response(None, "UGFzc3dvcmQ6").await?) {
                            None => login::Outcome::Malformed,
                            Some(password) if login::is_valid(&user, &password) => {
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
}
