//! One SMTP connection of the scripted server.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::peer::Peer;
use super::plan::{Action, Fault, Plan, Step};
use super::record::Received;

/// Maximum time until a process that is to be killed is dead.
const KILL_TIMEOUT: Duration = Duration::from_secs(30);

/// The reply to a step.
enum Verdict {
    Accept,
    Refuse(&'static str),
}

/// The present transaction.
#[derive(Default)]
struct Transaction {
    has_sender: bool,
    /// The message, once a recipient names it.
    nth: Option<usize>,
    recipients: Vec<usize>,
    named_recipients: usize,
    size_bytes: usize,
    body: Vec<u8>,
    has_chunk: bool,
    is_refused: bool,
    fault: Option<Fault>,
}

/// One connection.
pub(super) struct Session {
    peer: Arc<Peer>,
    account: usize,
    generation: u64,
    stream: TcpStream,
    input: Vec<u8>,
    fault: Option<Fault>,
    transaction: Transaction,
    /// The message that a recipient named last.
    named: Option<usize>,
    /// A fault after the reply to the last message.
    late_fault: Option<Fault>,
    is_pipelined: bool,
}

impl Session {
    pub(super) fn new(peer: Arc<Peer>, account: usize, stream: TcpStream) -> Self {
        let fault = match peer.is_calm.is_cancelled() {
            true => None,
            false => peer.take_connection_fault(account),
        };
        let _ = stream.set_nodelay(true);
        Self {
            generation: peer.generation(account),
            peer,
            account,
            stream,
            input: Vec::new(),
            fault,
            transaction: Transaction::default(),
            named: None,
            late_fault: None,
            is_pipelined: false,
        }
    }

    /// Records what the end of the connection left undone.
    pub(super) fn finish(&self) {
        if self.transaction.nth.is_some() {
            self.peer.record().aborted += 1;
        }
    }

    /// Serves until the connection ends.
    pub(super) async fn serve(&mut self) -> Option<()> {
        match self.at_connection(Step::Greeting).await? {
            Verdict::Accept => self.write("220 peer ESMTP\r\n").await?,
            Verdict::Refuse(reply) => return self.write(reply).await,
        }
        loop {
            let line = self.line().await?;
            let (name, rest) = line.split_once([' ', ':']).unwrap_or((&line, ""));
            match name {
                "EHLO" => self.ehlo().await?,
                "AUTH" => match self.at_connection(Step::Auth).await? {
                    Verdict::Accept => self.write("235 2.7.0 in\r\n").await?,
                    Verdict::Refuse(reply) => self.write(reply).await?,
                },
                "MAIL" => self.mail(rest).await?,
                "RCPT" => self.rcpt(rest).await?,
                "DATA" => self.data().await?,
                "BDAT" => self.chunk(rest).await?,
                "RSET" => {
                    self.transaction = Transaction::default();
                    self.write("250 2.0.0 reset\r\n").await?;
                }
                "QUIT" => {
                    self.after_reply().await?;
                    return self.write("221 2.0.0 bye\r\n").await;
                }
                _ => self.write("500 5.5.2 what\r\n").await?,
            }
        }
    }

    async fn ehlo(&mut self) -> Option<()> {
        if let Verdict::Refuse(reply) = self.at_connection(Step::Ehlo).await? {
            return self.write(reply).await;
        }
        let current = self.peer.current(self.account);
        let (_, is_pipelined, is_chunking) = current.unwrap_or_default();
        let mut reply = "250-peer\r\n250-SIZE 20000000\r\n250-8BITMIME\r\n".to_owned();
        if is_pipelined {
            reply.push_str("250-PIPELINING\r\n");
        }
        if is_chunking {
            reply.push_str("250-CHUNKING\r\n");
        }
        reply.push_str("250-ENHANCEDSTATUSCODES\r\n250 AUTH PLAIN\r\n");
        self.is_pipelined = is_pipelined;
        self.write(&reply).await
    }

    async fn mail(&mut self, rest: &str) -> Option<()> {
        self.after_reply().await?;
        self.transaction = Transaction::default();
        if let Verdict::Refuse(reply) = self.at_connection(Step::Mail).await? {
            return self.write(reply).await;
        }
        let size = rest.split("SIZE=").nth(1).unwrap_or_default();
        let size = size.split(' ').next().unwrap_or_default();
        self.transaction.size_bytes = size.parse().unwrap_or_default();
        self.transaction.has_sender = true;
        self.write("250 2.1.0 sender\r\n").await
    }

    async fn rcpt(&mut self, rest: &str) -> Option<()> {
        if !self.transaction.has_sender {
            return self.write("503 5.5.1 MAIL first\r\n").await;
        }
        let address = rest.split(['<', '>']).nth(1).unwrap_or_default();
        let name = address.strip_prefix('m').and_then(|rest| {
            let (nth, recipient) = rest.split('@').next()?.split_once('.')?;
            Some((nth.parse().ok()?, recipient.parse().ok()?))
        });
        let Some((nth, recipient)) = name else {
            return self.write("550 5.1.1 nobody of ours\r\n").await;
        };
        if self.transaction.nth.replace(nth).is_none() && !self.peer.is_calm.is_cancelled() {
            self.transaction.fault = self.peer.take_message_fault(self.account, nth);
        }
        self.named = Some(nth);
        let index = self.transaction.named_recipients;
        self.transaction.named_recipients += 1;
        // A refusal is for all recipients, or for one of the first two.
        let concerned = match self.transaction.fault.map(|fault| fault.part % 4) {
            Some(0) => self.transaction.fault,
            Some(part) if index == part % 2 => self.transaction.fault,
            _ => None,
        };
        if let Some(fault) = concerned.filter(|fault| fault.step == Step::Rcpt)
            && let Verdict::Refuse(reply) = self.act(fault).await?
        {
            return self.write(reply).await;
        }
        self.transaction.recipients.push(recipient);
        self.write("250 2.1.5 recipient\r\n").await
    }

    async fn data(&mut self) -> Option<()> {
        let is_lone = self.transaction.recipients.is_empty();
        if is_lone && !self.is_pipelined {
            return self.write("554 5.5.1 no valid recipients\r\n").await;
        }
        if let Verdict::Refuse(reply) = self.at_message(Step::Data).await? {
            return self.write(reply).await;
        }
        self.write("354 go on\r\n").await?;
        let mut fault = self.take_fault(Step::Body);
        let mut searched = 0;
        let end = loop {
            let from = searched.max(2) - 2;
            let found = self.input[from..]
                .windows(5)
                .position(|w| w == b"\r\n.\r\n");
            // An empty message is a lone dot.
            if searched < 3 && self.input.starts_with(b".\r\n") {
                break 0;
            }
            if let Some(index) = found {
                break from + index + 2;
            }
            searched = self.input.len().saturating_sub(4);
            if let Some(inside) = fault
                && self.input.len() * 1000 >= self.transaction.size_bytes * inside.part
            {
                fault = None;
                if let Verdict::Refuse(reply) = self.act(inside).await? {
                    self.write(reply).await?;
                    return self.close().await;
                }
            }
            self.fill().await?;
        };
        let body: Vec<u8> = self.input.drain(..end + 3).take(end).collect();
        self.transaction.body = unstuffed(&body);
        let mode = if self.is_pipelined {
            "DATA, pipelined"
        } else {
            "DATA"
        };
        self.complete(mode).await
    }

    async fn chunk(&mut self, rest: &str) -> Option<()> {
        let (size, is_last) = match rest.split_once(' ') {
            Some((size, mark)) => (size, mark == "LAST"),
            None => (rest, false),
        };
        let size: usize = size.parse().ok()?;
        let mut refusal = None;
        if self.transaction.recipients.is_empty() || self.transaction.is_refused {
            refusal = Some("554 5.5.1 no transaction\r\n");
        } else if !std::mem::replace(&mut self.transaction.has_chunk, true)
            && let Verdict::Refuse(reply) = self.at_message(Step::Data).await?
        {
            refusal = Some(reply);
        }
        let fault = match refusal {
            None if !is_last => self.take_fault(Step::Body),
            _ => None,
        };
        if let Some(fault) = fault {
            while self.input.len() * 1000 < size * fault.part {
                self.fill().await?;
            }
            if let Verdict::Refuse(reply) = self.act(fault).await? {
                refusal = Some(reply);
            }
        }
        while self.input.len() < size {
            self.fill().await?;
        }
        let octets: Vec<u8> = self.input.drain(..size).collect();
        if let Some(reply) = refusal {
            self.transaction.is_refused = true;
            return self.write(reply).await;
        }
        self.transaction.body.extend_from_slice(&octets);
        if !is_last {
            return self.write("250 2.0.0 chunk\r\n").await;
        }
        let mode = if self.is_pipelined {
            "BDAT, pipelined"
        } else {
            "BDAT"
        };
        self.complete(mode).await
    }

    /// The message was received with its end: records it and replies.
    async fn complete(&mut self, mode: &'static str) -> Option<()> {
        let transaction = std::mem::take(&mut self.transaction);
        let nth = transaction
            .nth
            .filter(|_| !transaction.recipients.is_empty());
        let Some(nth) = nth else {
            return self.write("554 5.5.1 no valid recipients\r\n").await;
        };
        let fault = transaction.fault;
        let at = |step| fault.filter(|fault| fault.step == step);
        let refusal = [Step::Dot, Step::Reply]
            .into_iter()
            .filter_map(at)
            .find(|fault| fault.action == Action::Refuse);
        let index = {
            let mut record = self.peer.record();
            *record.modes.entry(mode).or_default() += 1;
            let message = record.message(nth);
            let text = String::from_utf8_lossy(&transaction.body);
            let id = text
                .lines()
                .find_map(|line| line.strip_prefix("Message-ID:"));
            message
                .message_ids
                .insert(id.unwrap_or_default().trim().to_owned());
            message.is_truncated |= !text.trim_end().ends_with(&Plan::last_line(nth));
            message.received.push(Received {
                recipients: transaction.recipients,
                is_accepted: refusal.is_none(),
                written: None,
            });
            message.received.len() - 1
        };
        if let Some(fault) = at(Step::Dot) {
            self.act(fault).await?;
        }
        let mut reply = match refusal {
            Some(fault) => refusal_of(Step::Dot, fault).to_owned(),
            None => format!("250 2.0.0 queued as {nth}\r\n"),
        };
        if fault.is_some_and(|fault| fault.part % 4 == 1) {
            reply = format!("{}-{}", &reply[..3], &reply[4..]) + &reply;
        }
        if let Some(fault) = at(Step::Reply) {
            let length = 1 + fault.part % (reply.len() - 1);
            let rest = reply.split_off(length);
            self.write(&reply).await?;
            if fault.action == Action::Refuse {
                sleep(Duration::from_millis(fault.delay_ms)).await;
            }
            self.act(fault).await?;
            reply = rest;
        }
        // Recorded before the client can read it, and withdrawn if it could not be written.
        let write = |written| self.peer.record().message(nth).received[index].written = written;
        write(Some(refusal.is_none()));
        if self.write(&reply).await.is_none() {
            self.peer.record().message(nth).received[index].written = None;
            return None;
        }
        match at(Step::Quit) {
            Some(fault) if fault.action == Action::Kill => self.act(fault).await.map(drop),
            late => {
                self.late_fault = late;
                Some(())
            }
        }
    }

    /// Does what the fault after the last reply says, at the next command.
    async fn after_reply(&mut self) -> Option<()> {
        if let Some(fault) = self.late_fault.take()
            && let Verdict::Refuse(reply) = self.act(fault).await?
        {
            self.write(reply).await?;
            return self.close().await;
        }
        Some(())
    }

    async fn at_connection(&mut self, step: Step) -> Option<Verdict> {
        match self.fault.take_if(|fault| fault.step == step) {
            Some(fault) => self.act(fault).await,
            None => Some(Verdict::Accept),
        }
    }

    async fn at_message(&mut self, step: Step) -> Option<Verdict> {
        match self.take_fault(step) {
            Some(fault) => self.act(fault).await,
            None => Some(Verdict::Accept),
        }
    }

    fn take_fault(&mut self, step: Step) -> Option<Fault> {
        self.transaction.fault.take_if(|fault| fault.step == step)
    }

    /// Does what a fault says; `None` ends the connection.
    async fn act(&mut self, fault: Fault) -> Option<Verdict> {
        if self.peer.is_calm.is_cancelled() {
            return Some(Verdict::Accept);
        }
        let fired = (fault.step, fault.action);
        *self.peer.record().fired.entry(fired).or_default() += 1;
        let silence = Duration::from_millis(fault.delay_ms);
        match fault.action {
            Action::Cut => self.close().await.map(|()| Verdict::Accept),
            Action::Reset => {
                let _ = self.stream.set_zero_linger();
                None
            }
            Action::Stall => {
                sleep(silence).await;
                self.close().await.map(|()| Verdict::Accept)
            }
            Action::Late => {
                sleep(silence).await;
                Some(Verdict::Accept)
            }
            Action::Refuse => Some(Verdict::Refuse(refusal_of(fault.step, fault))),
            Action::Kill => {
                let current = self.peer.current(self.account).map(|(nth, ..)| nth);
                self.peer.record().killed.extend(self.named.or(current));
                self.peer.kill(self.account, self.generation);
                // Nothing is answered before the process is dead.
                let dead = async { while self.fill().await.is_some() {} };
                let _ = timeout(KILL_TIMEOUT, dead).await;
                None
            }
            Action::Hold => {
                self.peer.held.send_modify(|held| *held += 1);
                self.peer.released.cancelled().await;
                Some(Verdict::Accept)
            }
        }
    }

    /// Closes the connection; always `None`.
    async fn close(&mut self) -> Option<()> {
        let _ = self.stream.shutdown().await;
        None
    }

    async fn write(&mut self, reply: &str) -> Option<()> {
        self.stream.write_all(reply.as_bytes()).await.ok()
    }

    /// Reads a line without its end.
    async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.input.windows(2).position(|w| w == b"\r\n") {
                let line: Vec<u8> = self.input.drain(..end + 2).take(end).collect();
                return Some(String::from_utf8_lossy(&line).into_owned());
            }
            self.fill().await?;
        }
    }

    /// Reads more input; `None` at its end.
    async fn fill(&mut self) -> Option<()> {
        match self.stream.read_buf(&mut self.input).await {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(()),
        }
    }
}

/// Removes the dot that the client puts before a line that begins with one.
fn unstuffed(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    for line in body.split_inclusive(|octet| *octet == b'\n') {
        out.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
    }
    out
}

fn refusal_of(step: Step, fault: Fault) -> &'static str {
    let (later, never) = match step {
        Step::Greeting | Step::Ehlo => ("421 4.3.2 later\r\n", "554 5.3.2 no\r\n"),
        Step::Auth => ("454 4.7.0 later\r\n", "535 5.7.8 no\r\n"),
        Step::Mail => ("451 4.3.0 later\r\n", "550 5.7.1 no\r\n"),
        Step::Rcpt if fault.part.is_multiple_of(3) => {
            ("452 4.5.3 too many\r\n", "550 5.1.1 no\r\n")
        }
        Step::Rcpt => ("450 4.2.1 later\r\n", "550 5.1.1 no\r\n"),
        Step::Data => ("451 4.3.0 later\r\n", "554 5.7.1 no\r\n"),
        Step::Body => ("452 4.3.1 later\r\n", "552 5.3.4 no\r\n"),
        Step::Dot | Step::Reply => ("451 4.3.0 later\r\n", "554 5.6.0 no\r\n"),
        Step::Quit => ("421 4.3.2 later\r\n", "554 5.3.2 no\r\n"),
    };
    if fault.is_permanent { never } else { later }
}
