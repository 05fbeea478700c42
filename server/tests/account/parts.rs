//! The roles of a [`Peer`](super::peer::Peer): a small mailbox by IMAP and POP3, and an SMTP server
//! that accepts mail.

use std::fmt::Write as _;

use tokio::sync::watch;

use super::peer::Seen;

/// The subjects in the mailbox, oldest first.
pub(crate) const SUBJECTS: [&str; 3] = ["one", "two", "three"];

/// The protocol of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Imap,
    Pop3,
    Smtp,
}

/// The server's next response and what it does after it.
#[derive(Debug, Default)]
pub(crate) struct Response {
    pub(crate) text: String,
    pub(crate) starts_tls: bool,
    pub(crate) is_last: bool,
}

/// The server's side of one connection.
pub(crate) struct ServerSession {
    protocol: Protocol,
    is_encrypted: bool,
    /// The capabilities that an IMAP server announces after the sign-in.
    capabilities: &'static str,
    idle_tag: Option<String>,
    /// The message that SMTP is receiving.
    mail: Option<String>,
}

impl ServerSession {
    pub(crate) fn new(
        protocol: Protocol,
        is_encrypted: bool,
        capabilities: Option<&'static str>,
    ) -> Self {
        Self {
            protocol,
            is_encrypted,
            capabilities: capabilities.unwrap_or("IMAP4rev1 IDLE UIDPLUS MOVE"),
            idle_tag: None,
            mail: None,
        }
    }

    pub(crate) fn set_encrypted(&mut self) {
        self.is_encrypted = true;
    }

    /// Splits a line into tag and command.
    pub(crate) fn split(&self, line: &str) -> (String, String) {
        match line.split_once(' ') {
            Some((tag, command)) if self.protocol == Protocol::Imap => {
                (tag.to_owned(), command.to_owned())
            }
            _ => (String::new(), line.to_owned()),
        }
    }

    /// Returns the length of the literal that follows a command.
    pub(crate) fn literal(&self, command: &str) -> Option<usize> {
        let is_append = self.protocol == Protocol::Imap && command.starts_with("APPEND");
        let (_, length) = command.strip_suffix('}')?.rsplit_once('{')?;
        length.parse().ok().filter(|_| is_append)
    }

    /// Whether the refusal of this command ends the transfer of a message; drops the message if so.
    pub(crate) fn refuse(&mut self, command: &str) -> bool {
        let is_mail = self.protocol == Protocol::Smtp && matches!(command, "DATA" | ".");
        if is_mail {
            self.mail = None;
        }
        is_mail
    }

    /// Returns the valid response to a command; "" stands for a new connection.
    pub(crate) fn respond(
        &mut self,
        tag: &str,
        command: &str,
        seen: &watch::Sender<Seen>,
    ) -> Response {
        match self.protocol {
            Protocol::Imap => self.imap(tag, command, &seen.borrow()),
            Protocol::Pop3 => self.pop3(command),
            Protocol::Smtp => self.smtp(command, seen),
        }
    }

    fn imap(&mut self, tag: &str, command: &str, seen: &Seen) -> Response {
        let capabilities = match self.is_encrypted {
            true => "IMAP4rev1 AUTH=PLAIN SASL-IR",
            false => "IMAP4rev1 STARTTLS LOGINDISABLED",
        };
        if command.is_empty() {
            return Response::with_text(format!("* OK [CAPABILITY {capabilities}] ready\r\n"));
        }
        let (name, rest) = command.split_once(' ').unwrap_or((command, ""));
        let mut text = match name {
            "CAPABILITY" => format!("* CAPABILITY {capabilities}\r\n"),
            "AUTHENTICATE" => {
                let capabilities = self.capabilities;
                return Response::with_text(format!("{tag} OK [CAPABILITY {capabilities}] in\r\n"));
            }
            "LIST" => "* LIST (\\HasNoChildren) \"/\" INBOX\r\n\
                * LIST (\\HasNoChildren \\Sent) \"/\" Sent\r\n\
                * LIST (\\HasNoChildren \\Trash) \"/\" Trash\r\n"
                .to_owned(),
            "STATUS" => {
                let folder = rest.split(' ').next().unwrap_or_default();
                format!("* STATUS {folder} (MESSAGES 3 UNSEEN 3 UIDNEXT 4 UIDVALIDITY 9)\r\n")
            }
            "SELECT" => {
                let validity = if rest.trim_matches('"') == "INBOX" {
                    7
                } else {
                    9
                };
                format!(
                    "* FLAGS (\\Seen \\Flagged)\r\n* 3 EXISTS\r\n\
                     * OK [UIDVALIDITY {validity}] .\r\n* OK [UIDNEXT 4] .\r\n"
                )
            }
            "FETCH" => rows(),
            "UID" if rest.starts_with("FETCH") => fetched(rest),
            // No message ever leaves this mailbox.
            "UID" if rest.starts_with("SEARCH UID ") => {
                let set = rest.rsplit(' ').next().unwrap_or_default();
                format!("* SEARCH {}\r\n", numbers(set))
            }
            "UID" if rest.starts_with("MOVE") || rest.starts_with("COPY") => {
                let set = rest.split(' ').nth(1).unwrap_or_default();
                format!("* OK [COPYUID 9 {set} {set}] moved\r\n")
            }
            // A received copy exists, whether or not the APPEND was answered.
            "UID" if rest.starts_with("SEARCH") => found(rest, seen),
            "APPEND" => {
                let uid = seen.filed.len() + 3;
                return Response::with_text(format!("{tag} OK [APPENDUID 9 {uid}] filed\r\n"));
            }
            "IDLE" => {
                self.idle_tag = Some(tag.to_owned());
                return Response::with_text("+ idling\r\n".to_owned());
            }
            "LOGOUT" => "* BYE then\r\n".to_owned(),
            _ => String::new(),
        };
        // DONE has no tag; IDLE's is used.
        let done = self.idle_tag.take();
        let tag = done.as_deref().unwrap_or(tag);
        let _ = write!(text, "{tag} OK done\r\n");
        Response {
            text,
            starts_tls: name == "STARTTLS",
            is_last: name == "LOGOUT",
        }
    }

    fn pop3(&mut self, command: &str) -> Response {
        let (name, rest) = command.split_once(' ').unwrap_or((command, ""));
        let mail = |number: &str| {
            let nth = number.parse::<usize>().unwrap_or(1);
            format!("{}\r\n", mail(SUBJECTS[nth - 1]))
        };
        let text = match name {
            "CAPA" if self.is_encrypted => {
                "+OK\r\nTOP\r\nUIDL\r\nUSER\r\nSASL PLAIN\r\nPIPELINING\r\n.\r\n".to_owned()
            }
            "CAPA" => "+OK\r\nSTLS\r\nTOP\r\nUIDL\r\n.\r\n".to_owned(),
            "LIST" => {
                let sizes = (1..)
                    .zip(SUBJECTS)
                    .map(|(n, s)| format!("{n} {}\r\n", mail_bytes(s)));
                format!("+OK\r\n{}.\r\n", sizes.collect::<String>())
            }
            "UIDL" => "+OK\r\n1 a\r\n2 b\r\n3 c\r\n.\r\n".to_owned(),
            "TOP" => {
                let message = mail(rest.split(' ').next().unwrap_or_default());
                let (header, _) = message.split_once("\r\n\r\n").unwrap_or_default();
                format!("+OK\r\n{header}\r\n\r\n.\r\n")
            }
            "RETR" => format!("+OK\r\n{}.\r\n", mail(rest)),
            _ => "+OK\r\n".to_owned(),
        };
        Response {
            text,
            starts_tls: name == "STLS",
            is_last: name == "QUIT",
        }
    }

    fn smtp(&mut self, command: &str, seen: &watch::Sender<Seen>) -> Response {
        if let Some(mail) = &mut self.mail {
            if command != "." {
                mail.push_str(command);
                mail.push('\n');
                return Response::default();
            }
            let mail = self.mail.take().unwrap_or_default();
            seen.send_modify(|seen| seen.accepted.push(mail));
            return Response::with_text("250 2.0.0 queued\r\n".to_owned());
        }
        let name = command.split([' ', ':']).next().unwrap_or_default();
        let text = match name {
            "" => "220 peer ESMTP\r\n",
            "EHLO" if self.is_encrypted => {
                "250-peer\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250 AUTH PLAIN\r\n"
            }
            "EHLO" => "250-peer\r\n250 STARTTLS\r\n",
            "STARTTLS" => "220 2.0.0 begin\r\n",
            "AUTH" => "235 2.7.0 in\r\n",
            "RCPT" if command.contains("<nobody") => "550 5.1.1 no such mailbox\r\n",
            "RCPT" if command.contains("<later") => "450 4.2.1 not now\r\n",
            "DATA" => {
                self.mail = Some(String::new());
                "354 go on\r\n"
            }
            "QUIT" => "221 2.0.0 bye\r\n",
            _ => "250 2.1.0 good\r\n",
        };
        Response {
            text: text.to_owned(),
            starts_tls: name == "STARTTLS",
            is_last: name == "QUIT",
        }
    }
}

impl Response {
    fn with_text(text: String) -> Self {
        Self {
            text,
            ..Self::default()
        }
    }
}

fn mail(subject: &str) -> String {
    format!("From: Ann <ann@peer.test>\r\nSubject: {subject}\r\n\r\nHello.")
}

fn mail_bytes(subject: &str) -> usize {
    mail(subject).len() + 2
}

/// Returns the numbers of a set, one by one.
fn numbers(set: &str) -> String {
    let ranges = set.split(',').filter_map(|range| {
        let (first, last) = range.split_once(':').unwrap_or((range, range));
        Some(first.parse::<u32>().ok()?..=last.parse().ok()?)
    });
    let numbers: Vec<_> = ranges.flatten().map(|n| n.to_string()).collect();
    numbers.join(" ")
}

/// Returns the first number in a command's arguments.
fn number(rest: &str) -> usize {
    let digits = rest.split(|c: char| !c.is_ascii_digit());
    let mut numbers = digits.filter_map(|digits| digits.parse().ok());
    numbers.next().unwrap_or(1)
}

/// Returns the copies in Sent with the Message-ID of the search.
fn found(rest: &str, seen: &Seen) -> String {
    let id = rest.rsplit(' ').next().unwrap_or_default();
    let id = id.trim_matches('"');
    let mut text = "* SEARCH".to_owned();
    for (uid, copy) in (4..).zip(&seen.filed) {
        if copy.contains(id) {
            let _ = write!(text, " {uid}");
        }
    }
    text + "\r\n"
}

const STRUCTURE: &str = "(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 8 1 NIL NIL NIL NIL)";

fn rows() -> String {
    let mut rows = String::new();
    for (n, subject) in (1..).zip(SUBJECTS) {
        let size = mail_bytes(subject);
        let _ = write!(
            rows,
            "* {n} FETCH (UID {n} FLAGS () INTERNALDATE \"01-Feb-2026 10:00:00 +0000\" \
             RFC822.SIZE {size} ENVELOPE (NIL \"{subject}\" ((NIL NIL \"ann\" \"peer.test\")) NIL \
             NIL NIL NIL NIL NIL NIL) BODYSTRUCTURE {STRUCTURE})\r\n"
        );
    }
    rows
}

/// Returns the requested data of one message.
fn fetched(rest: &str) -> String {
    let uid = number(rest);
    let subject = SUBJECTS[uid - 1];
    let header = format!("From: Ann <ann@peer.test>\r\nSubject: {subject}\r\n\r\n");
    let mut text = format!(
        "* {uid} FETCH (UID {uid} FLAGS () INTERNALDATE \"01-Feb-2026 10:00:00 +0000\" \
         RFC822.SIZE {}",
        mail_bytes(subject)
    );
    if rest.contains("BODYSTRUCTURE") {
        let _ = write!(text, " BODYSTRUCTURE {STRUCTURE}");
    }
    if rest.contains("HEADER") {
        let _ = write!(text, " BODY[HEADER]<0> {{{}}}\r\n{header}", header.len());
    }
    if rest.contains("[1]") {
        text.push_str(" BODY[1]<0> {8}\r\nHello.\r\n");
    }
    if rest.contains("[]") {
        let _ = write!(
            text,
            " BODY[]<0> {{{}}}\r\n{header}Hello.\r\n",
            header.len() + 8
        );
    }
    text + ")\r\n"
}
