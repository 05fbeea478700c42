//! One mail transaction: sender, recipients, and the message by `DATA` or `BDAT`.

use bytes::Bytes;

use super::super::notice;
use super::super::parameters::{MailParameters, RecipientParameters};
use super::super::path::{Address, PathArgument};
use super::super::replies::{BAD_SEQUENCE, MALFORMED, TOO_BIG};
use super::super::transaction::{MAX_RECIPIENTS, Recipient, Transaction};
use super::{IDLE_LIMIT, Reply, Session};
use crate::wire::WireError;
use crate::{DOMAIN, MAX_MESSAGE_BYTES, clock, message};

/// RFC 5321 §4.5.3.1.6: 1000 octets with CRLF; the stuffed dot is not counted.
const MAX_TEXT_LINE_BYTES: usize = 999;
/// Maximum number of octets of a chunk per read.
const READ_BYTES: u64 = 64 << 10;

const NEEDS_TLS: &str = "530 5.7.0 STARTTLS comes first";
const NO_ADDRESS: &str = "501 5.1.7 the address is not understood";
const NOT_ASCII: &str = "553 5.6.7 SMTPUTF8 was not asked for";
const NO_RECIPIENT: &str = "554 5.5.1 no recipient was accepted";
const NOT_TEXT: &str = "554 5.6.0 the message holds a lone CR or LF, a NUL, or a line without end";

impl Session {
    pub(super) fn mail(&mut self, argument: &str) -> &'static str {
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
        let Some(path) = PathArgument::parse(argument, "FROM:") else {
            return NO_ADDRESS;
        };
        let parameters = match MailParameters::parse(&path.parameters) {
            Ok(parameters) => parameters,
            Err(refused) => return refused,
        };
        if path
            .address
            .as_ref()
            .is_some_and(|address| !address.is_ascii())
            && !parameters.is_utf8
        {
            return NOT_ASCII;
        }
        self.transaction = Some(Transaction {
            sender: path
                .address
                .map(|sender| sender.to_string())
                .unwrap_or_default(),
            parameters,
            recipients: Vec::new(),
            chunks: None,
        });
        "250 2.1.0 sender ok"
    }

    pub(super) fn recipient(&mut self, argument: &str) -> &'static str {
        let Some(transaction) = self.transaction.as_mut().filter(|t| t.chunks.is_none()) else {
            return BAD_SEQUENCE;
        };
        let Some(path) = PathArgument::parse(argument, "TO:") else {
            return NO_ADDRESS;
        };
        let parameters = match RecipientParameters::parse(&path.parameters) {
            Ok(parameters) => parameters,
            Err(refused) => return refused,
        };
        let Some(address) = path.address else {
            return "553 5.1.3 a recipient has an address";
        };
        if !address.is_ascii() && !transaction.parameters.is_utf8 {
            return NOT_ASCII;
        }
        if transaction.recipients.len() >= MAX_RECIPIENTS {
            return "452 4.5.3 too many recipients";
        }
        let reply = reply_to_recipient(&address);
        if reply.starts_with("250") {
            let address = address.to_string();
            transaction.recipients.push(Recipient {
                address,
                parameters,
            });
        }
        reply
    }

    pub(super) async fn data(&mut self) -> Result<Reply, WireError> {
        match &self.transaction {
            Some(Transaction {
                chunks: None,
                recipients,
                ..
            }) if recipients.is_empty() => {
                return Ok(Reply::Line(NO_RECIPIENT));
            }
            Some(Transaction { chunks: None, .. }) => {}
            _ => return Ok(Reply::Line(BAD_SEQUENCE)),
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
                refused = refused.or(Some(NOT_TEXT));
            }
            if refused.is_none() {
                text.extend_from_slice(line);
                text.extend_from_slice(b"\r\n");
            }
        }
        let transaction = self.transaction.take();
        Ok(match (refused, transaction) {
            (Some(refused), _) => Reply::Line(refused),
            (None, Some(transaction)) => self.accept(&transaction, &text),
            (None, None) => Reply::Line(BAD_SEQUENCE),
        })
    }

    /// Receives one chunk of the message (RFC 3030 §2). A refused chunk ends the transaction, but
    /// its octets are still read, because pipelined chunks may follow.
    pub(super) async fn chunk(&mut self, argument: &str) -> Result<Reply, WireError> {
        let Some((length, is_last)) = parse_chunk_argument(argument) else {
            // The end of the chunk is unknown.
            self.transaction = None;
            return Ok(Reply::Line(MALFORMED));
        };
        let has_recipient = self.transaction.as_ref().map(|t| !t.recipients.is_empty());
        let chunks = self.transaction.as_ref().and_then(|t| t.chunks.as_ref());
        let received_bytes = chunks.map_or(0, Vec::len) as u64;
        let refused = match has_recipient {
            None => Some(BAD_SEQUENCE),
            Some(false) => Some(NO_RECIPIENT),
            Some(true) if received_bytes.saturating_add(length) > MAX_MESSAGE_BYTES as u64 => {
                Some(TOO_BIG)
            }
            Some(true) => None,
        };
        if let Some(refused) = refused {
            self.transaction = None;
            self.wire.skip(length, IDLE_LIMIT).await?;
            return Ok(Reply::Line(refused));
        }
        let mut remaining = length;
        while remaining > 0 {
            let read_bytes = remaining.min(READ_BYTES);
            let octets = self
                .wire
                .exactly(usize::try_from(read_bytes).unwrap_or_default(), IDLE_LIMIT)
                .await?;
            if let Some(transaction) = &mut self.transaction {
                let chunks = transaction.chunks.get_or_insert_default();
                chunks.extend_from_slice(&octets);
            }
            remaining -= read_bytes;
        }
        if !is_last {
            if let Some(transaction) = &mut self.transaction {
                transaction.chunks.get_or_insert_default();
            }
            return Ok(Reply::Text(format!("250 2.0.0 {length} octets taken\r\n")));
        }
        let Some(mut transaction) = self.transaction.take() else {
            return Ok(Reply::Line(BAD_SEQUENCE));
        };
        let text = transaction.chunks.take().unwrap_or_default();
        Ok(if is_text(&text) {
            self.accept(&transaction, &text)
        } else {
            Reply::Line(NOT_TEXT)
        })
    }

    /// Adds the trace fields of final delivery (RFC 5321 §4.4) and delivers the message.
    fn accept(&self, transaction: &Transaction, text: &[u8]) -> Reply {
        let now_unix_ms = self.service.clock.now_unix_ms();
        let id = format!("{now_unix_ms:x}");
        // RFC 3848, RFC 6531 §4.3.
        let protocol = if transaction.parameters.is_utf8 {
            "UTF8SMTPSA"
        } else {
            "ESMTPSA"
        };
        let header = format!(
            "Return-Path: <{}>\r\nReceived: from {} (localhost [127.0.0.1])\r\n\tby {DOMAIN} (Restante demo) with {protocol} id {id};\r\n\t{}\r\n",
            transaction.sender,
            self.hello.as_deref().unwrap_or("localhost"),
            clock::rfc5322(now_unix_ms),
        );
        self.service.deliver(message::with_header(&header, text));
        if let Some(notice) = notice::of_delivery(transaction, text, now_unix_ms) {
            self.service.deliver(Bytes::from(notice));
        }
        Reply::Text(format!("250 2.0.0 delivered as {id}\r\n"))
    }
}

/// `size` or `size LAST`.
fn parse_chunk_argument(argument: &str) -> Option<(u64, bool)> {
    let (digits, mark) = match argument.split_once(' ') {
        Some((digits, mark)) => (digits, Some(mark)),
        None => (argument, None),
    };
    if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let is_last = match mark {
        None => false,
        Some(mark) if mark.eq_ignore_ascii_case("LAST") => true,
        Some(_) => return None,
    };
    Some((digits.parse().ok()?, is_last))
}

/// Returns whether all lines end with CRLF, none is too long, and there is no NUL.
fn is_text(text: &[u8]) -> bool {
    let mut rest = text;
    while !rest.is_empty() {
        let Some(at) = memchr::memchr(b'\n', rest) else {
            return false;
        };
        let (line, after) = rest.split_at(at + 1);
        let Some(line) = line.strip_suffix(b"\r\n") else {
            return false;
        };
        if line.len() > MAX_TEXT_LINE_BYTES || memchr::memchr2(b'\r', 0, line).is_some() {
            return false;
        }
        rest = after;
    }
    true
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
