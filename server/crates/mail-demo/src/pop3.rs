//! The POP3 server (RFC 1939, RFC 2449, RFC 2595): INBOX as a maildrop.
//!
//! Limits: 16 KiB per line, 10 minutes of silence (RFC 1939 §3), 5 refused sign-ins. One session at
//! a time holds the maildrop lock; another one receives `[IN-USE]` (RFC 2449 §8.1.1).

use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};

use crate::Service;
use crate::login;
use crate::store::{Flags, INBOX, MaildropLock, Source, Uid, UidValidity};
use crate::wire::{Wire, WireError};

const MAX_LINE_BYTES: usize = 16 * 1024;
const IDLE_LIMIT: Duration = Duration::from_secs(600);
const MAX_REFUSALS: u32 = 5;
/// Number of generated messages that are measured before the task yields.
const MEASURED_PER_YIELD: usize = 1_000;

/// Serves one client until it disconnects, breaks a limit, or the demo stops.
pub(crate) async fn serve(service: Arc<Service>, wire: Wire) -> Result<(), WireError> {
    let mut session = Session {
        service,
        wire,
        user: None,
        maildrop: None,
        refusals: 0,
    };
    session.wire.push("+OK Restante demo POP3 server\r\n");
    let ended = session.run().await;
    let final_line = match &ended {
        Ok(()) | Err(WireError::Closed | WireError::Io(_)) => String::new(),
        Err(reason) => format!("-ERR {reason}\r\n"),
    };
    session.wire.close(&final_line).await;
    ended
}

struct Session {
    service: Arc<Service>,
    wire: Wire,
    user: Option<Bytes>,
    /// `Some` in the TRANSACTION state.
    maildrop: Option<Maildrop>,
    refusals: u32,
}

/// A snapshot of INBOX at the start of the session; message numbers are positions in it.
struct Maildrop {
    id: UidValidity,
    messages: Vec<MaildropMessage>,
    _lock: MaildropLock,
}

struct MaildropMessage {
    uid: Uid,
    source: Source,
    size_bytes: Option<usize>,
    is_deleted: bool,
}

impl MaildropMessage {
    fn size_bytes(&mut self) -> usize {
        *self
            .size_bytes
            .get_or_insert_with(|| self.source.rfc822().len())
    }
}

/// The response to a command.
enum Reply {
    Ok(String),
    Err(&'static str),
    /// The response is already in the output.
    Written,
    StartTls,
    Quit,
}

impl Reply {
    fn ok(text: &str) -> Self {
        Self::Ok(text.to_owned())
    }
}

const NO_SUCH_MESSAGE: Reply = Reply::Err("there is no such message");
const MALFORMED: Reply = Reply::Err("the arguments are not understood");
const WRONG_STATE: Reply = Reply::Err("not in this state");
const NEEDS_TLS: Reply = Reply::Err("sign in over TLS: STLS comes first");

impl Session {
    async fn run(&mut self) -> Result<(), WireError> {
        while self.refusals < MAX_REFUSALS {
            let line = self.wire.line(MAX_LINE_BYTES, IDLE_LIMIT).await?;
            self.service.count_command();
            match self.execute(&line).await? {
                Reply::Ok(text) => self.wire.push(format!("+OK {text}\r\n")),
                Reply::Err(text) => self.wire.push(format!("-ERR {text}\r\n")),
                Reply::Written => {}
                Reply::StartTls => {
                    if self.wire.has_input() {
                        return Err(WireError::InputBeforeTls);
                    }
                    self.wire.push("+OK begin TLS now\r\n");
                    self.wire.start_tls(&self.service.tls).await?;
                    // The server discards what it learned in plaintext (RFC 2595 §4).
                    self.user = None;
                }
                Reply::Quit => {
                    self.update();
                    self.wire.push("+OK until next time\r\n");
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    async fn execute(&mut self, line: &Bytes) -> Result<Reply, WireError> {
        let (name, argument) = match memchr::memchr(b' ', line) {
            Some(at) => (line.slice(..at), Some(line.slice(at + 1..))),
            None => (line.clone(), None),
        };
        let name = String::from_utf8_lossy(&name).to_ascii_uppercase();
        let numbers = argument.as_deref().map(numbers);
        Ok(match (name.as_str(), &mut self.maildrop) {
            ("QUIT", _) => Reply::Quit,
            ("CAPA", _) => self.capabilities(),
            ("STLS", None) if !self.wire.is_encrypted() => Reply::StartTls,
            ("USER" | "PASS" | "AUTH", None) => return self.sign_in(&name, argument).await,
            ("NOOP", Some(_)) => Reply::ok("still here"),
            ("RSET", Some(maildrop)) => {
                maildrop
                    .messages
                    .iter_mut()
                    .for_each(|message| message.is_deleted = false);
                Reply::ok("nothing will be deleted")
            }
            ("STAT", Some(maildrop)) => maildrop.stat().await,
            ("LIST" | "UIDL", Some(_)) => match numbers {
                None => return self.list_all(&name).await,
                Some(Some((number, None))) => self.list_one(&name, number),
                Some(_) => MALFORMED,
            },
            ("DELE", Some(maildrop)) => match numbers {
                Some(Some((number, None))) => match maildrop.find(number) {
                    Some(message) => {
                        message.is_deleted = true;
                        Reply::ok("will be deleted at QUIT")
                    }
                    None => NO_SUCH_MESSAGE,
                },
                _ => MALFORMED,
            },
            ("RETR", Some(_)) => match numbers {
                Some(Some((number, None))) => self.retrieve(number, None),
                _ => MALFORMED,
            },
            ("TOP", Some(_)) => match numbers {
                Some(Some((number, Some(lines)))) => self.retrieve(number, Some(lines)),
                _ => MALFORMED,
            },
            (
                "STLS" | "USER" | "PASS" | "AUTH" | "NOOP" | "RSET" | "STAT" | "LIST" | "UIDL"
                | "DELE" | "RETR" | "TOP",
                _,
            ) => WRONG_STATE,
            _ => {
                self.refusals += 1;
                Reply::Err("unknown command")
            }
        })
    }

    fn capabilities(&mut self) -> Reply {
        let sign_in = if self.wire.is_encrypted() {
            "USER\r\nSASL PLAIN"
        } else {
            "STLS"
        };
        self.wire.push(format!(
            "+OK capabilities follow\r\n{sign_in}\r\nTOP\r\nUIDL\r\nPIPELINING\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\n\
             EXPIRE NEVER\r\nIMPLEMENTATION Restante-demo\r\n.\r\n"
        ));
        Reply::Written
    }

    async fn sign_in(&mut self, name: &str, argument: Option<Bytes>) -> Result<Reply, WireError> {
        if !self.wire.is_encrypted() {
            return Ok(NEEDS_TLS);
        }
        Ok(match (name, argument) {
            ("USER", Some(user)) => {
                self.user = Some(user);
                Reply::ok("and the password")
            }
            ("PASS", Some(password)) => match self.user.take() {
                Some(user) => self.complete_sign_in(login::is_valid(&user, &password)),
                None => Reply::Err("USER comes first"),
            },
            ("AUTH", Some(argument)) => {
                let mut parts = argument.splitn(2, |octet| *octet == b' ');
                if !parts
                    .next()
                    .unwrap_or_default()
                    .eq_ignore_ascii_case(b"PLAIN")
                {
                    return Ok(Reply::Err("this mechanism is not offered"));
                }
                let response = match parts.next() {
                    Some(initial) => Bytes::copy_from_slice(initial),
                    None => {
                        self.wire.push("+ \r\n");
                        self.wire.line(MAX_LINE_BYTES, IDLE_LIMIT).await?
                    }
                };
                match login::plain(&response) {
                    login::Outcome::Malformed => {
                        Reply::Err("the response is malformed or AUTH was cancelled")
                    }
                    outcome => self.complete_sign_in(outcome == login::Outcome::Accepted),
                }
            }
            _ => MALFORMED,
        })
    }

    fn complete_sign_in(&mut self, is_valid: bool) -> Reply {
        if !is_valid {
            self.refusals += 1;
            return Reply::Err("[AUTH] wrong user name or password");
        }
        let Some(lock) = self.service.store.lock_maildrop() else {
            return Reply::Err("[IN-USE] another session has this mailbox open");
        };
        let folders = self.service.store.folders();
        let Some(inbox) = folders.find(INBOX) else {
            return Reply::Err("[SYS/TEMP] there is no INBOX");
        };
        let messages = inbox.messages().iter().map(|message| MaildropMessage {
            uid: message.uid,
            source: message.source.clone(),
            size_bytes: None,
            is_deleted: false,
        });
        let maildrop = Maildrop {
            id: inbox.uid_validity,
            messages: messages.collect(),
            _lock: lock,
        };
        let count = maildrop.messages.len();
        self.maildrop = Some(maildrop);
        Reply::Ok(format!("maildrop has {count} messages"))
    }

    async fn list_all(&mut self, name: &str) -> Result<Reply, WireError> {
        let Some(maildrop) = &mut self.maildrop else {
            return Ok(WRONG_STATE);
        };
        self.wire.push("+OK the list follows\r\n");
        let id = maildrop.id;
        for (at, message) in maildrop.messages.iter_mut().enumerate() {
            if !message.is_deleted {
                self.wire
                    .push(format!("{}\r\n", listing_line(name, at + 1, id, message)));
            }
            self.wire.flush_if_large().await?;
            if at % MEASURED_PER_YIELD == 0 {
                tokio::task::yield_now().await;
            }
        }
        self.wire.push(".\r\n");
        Ok(Reply::Written)
    }

    fn list_one(&mut self, name: &str, number: u64) -> Reply {
        let Some(maildrop) = &mut self.maildrop else {
            return WRONG_STATE;
        };
        let id = maildrop.id;
        match (maildrop.find(number), usize::try_from(number)) {
            (Some(message), Ok(number)) => Reply::Ok(listing_line(name, number, id, message)),
            _ => NO_SUCH_MESSAGE,
        }
    }

    /// Sends a message, or its header and the first lines of its body (RFC 1939 §7, TOP).
    fn retrieve(&mut self, number: u64, body_lines: Option<u64>) -> Reply {
        let Some(maildrop) = &mut self.maildrop else {
            return WRONG_STATE;
        };
        let id = maildrop.id;
        let Some(message) = maildrop.find(number) else {
            return NO_SUCH_MESSAGE;
        };
        let rfc822 = message.source.rfc822();
        let mut out = BytesMut::with_capacity(rfc822.len() + 64);
        out.put_slice(format!("+OK {} octets\r\n", rfc822.len()).as_bytes());
        dot_stuffed(&rfc822, body_lines, &mut out);
        self.wire.push(out);
        if body_lines.is_none()
            && let Some(inbox) = self.service.store.folders().selected_mut(id)
        {
            inbox.set_flags(&[message.uid], |flags| flags | Flags::SEEN);
        }
        Reply::Written
    }

    /// Enters the UPDATE state: deletes the marked messages and releases the maildrop.
    fn update(&mut self) {
        let Some(maildrop) = self.maildrop.take() else {
            return;
        };
        let deleted = maildrop
            .messages
            .iter()
            .filter(|message| message.is_deleted);
        let uids: Vec<_> = deleted.map(|message| message.uid).collect();
        if let Some(inbox) = self.service.store.folders().selected_mut(maildrop.id) {
            inbox.expunge(&uids);
        }
    }
}

impl Maildrop {
    /// Finds a message by its number from 1, unless it is marked as deleted.
    fn find(&mut self, number: u64) -> Option<&mut MaildropMessage> {
        let at = usize::try_from(number).ok()?.checked_sub(1)?;
        self.messages
            .get_mut(at)
            .filter(|message| !message.is_deleted)
    }

    async fn stat(&mut self) -> Reply {
        let (mut count, mut octets) = (0_u64, 0_u64);
        for (at, message) in self.messages.iter_mut().enumerate() {
            if !message.is_deleted {
                count += 1;
                octets += message.size_bytes() as u64;
            }
            if at % MEASURED_PER_YIELD == 0 {
                tokio::task::yield_now().await;
            }
        }
        Reply::Ok(format!("{count} {octets}"))
    }
}

fn listing_line(
    name: &str,
    number: usize,
    id: UidValidity,
    message: &mut MaildropMessage,
) -> String {
    if name == "UIDL" {
        format!("{number} {:08x}.{:08x}", id.0, message.uid.0)
    } else {
        format!("{number} {}", message.size_bytes())
    }
}

/// Parses one or two numbers.
fn numbers(argument: &[u8]) -> Option<(u64, Option<u64>)> {
    let text = std::str::from_utf8(argument).ok()?;
    if !text
        .bytes()
        .all(|octet| octet.is_ascii_digit() || octet == b' ')
    {
        return None;
    }
    match text.split_once(' ') {
        Some((first, second)) => Some((first.parse().ok()?, Some(second.parse().ok()?))),
        None => Some((text.parse().ok()?, None)),
    }
}

/// Writes a multi-line response: dot-stuffed lines and the final dot (RFC 1939 §3).
fn dot_stuffed(message: &[u8], body_lines: Option<u64>, out: &mut BytesMut) {
    let mut remaining_lines: Option<u64> = None;
    for line in message.split_inclusive(|octet| *octet == b'\n') {
        match &mut remaining_lines {
            Some(0) => break,
            Some(remaining) => *remaining -= 1,
            // The empty line after the header is not a body line.
            None if line == b"\r\n" => remaining_lines = body_lines,
            None => {}
        }
        if line.first() == Some(&b'.') {
            out.put_u8(b'.');
        }
        out.put_slice(line);
        if !line.ends_with(b"\n") {
            out.put_slice(b"\r\n");
        }
    }
    out.put_slice(b".\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stuffed(message: &str, body_lines: Option<u64>) -> String {
        let mut out = BytesMut::new();
        dot_stuffed(message.as_bytes(), body_lines, &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn dots_are_stuffed_and_the_end_is_on_its_own_line() {
        assert_eq!(
            stuffed("a: b\r\n\r\n.\r\n..x\r\nend", None),
            "a: b\r\n\r\n..\r\n...x\r\nend\r\n.\r\n"
        );
    }

    #[test]
    fn top_counts_lines_of_the_body_only() {
        let message = "a: b\r\n\r\n1\r\n\r\n3\r\n";
        assert_eq!(stuffed(message, Some(0)), "a: b\r\n\r\n.\r\n");
        assert_eq!(stuffed(message, Some(2)), "a: b\r\n\r\n1\r\n\r\n.\r\n");
        assert_eq!(stuffed(message, Some(9)), "a: b\r\n\r\n1\r\n\r\n3\r\n.\r\n");
    }
}
