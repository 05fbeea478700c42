//! One signed-in POP3 connection: listings, headers, messages, deletes and QUIT.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use mail_mime::charset::decode_from_host;
use mail_net::{Connection, ConnectionEvent, Dialer, Endpoint, Error, Phase};
use mail_proto::pop3::{
    self, Client, Command, CommandId, Event, MessageNumber, Response, ResponseCode, UniqueId,
};
use mail_proto::sasl::Credentials;
use mail_proto::{Limits, Machine, OverLimit};

use super::{Access, ClientError, LinkError, dial};
use crate::domain::{Protocol, ServerReply};

/// Maximum size of a message that is read. It has to fit into memory: received mail must not be
/// written to disk, and a session cannot stop in the middle of a response.
pub(crate) const MESSAGE_MAX_BYTES: u64 = 48 << 20;
/// Maximum number of messages in a listing.
const MESSAGES_MAX: usize = 200_000;
/// Maximum size of the responses to LIST and UIDL: twice what that number of messages takes.
const LISTING_MAX_BYTES: u64 = 40 << 20;
/// Maximum number of header bytes that are held: the MIME limit.
const HEADER_MAX_BYTES: usize = 256 << 10;
/// Maximum size of a response to TOP.
const TOP_MAX_BYTES: u64 = 16 << 20;

/// Number of TOP commands to a server that does not announce TOP before TOP counts as missing. More
/// than 1, because one message may be damaged.
const TOP_TRIES: usize = 2;

/// A signed-in connection.
pub(crate) struct Pop3Connection {
    connection: Connection<Client>,
    endpoint: Endpoint,
    top: Top,
    /// A response is in progress. A connection that was left in this state cannot be used again.
    is_in_command: bool,
}

/// The server's support of `TOP`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Top {
    Offered,
    /// Not announced. Some servers support it all the same, and whole messages cost much more.
    Untried,
    Missing,
}

/// An event of a message that is being read.
pub(crate) enum Retrieved {
    /// The next bytes.
    Bytes(Bytes),
    /// The message is complete.
    End,
    /// The server refused the message.
    Refused(ServerReply),
}

/// A message of the server's listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) number: MessageNumber,
    /// The size that the server reports.
    pub(crate) size_bytes: u64,
    pub(crate) unique_id: Option<UniqueId>,
}

impl Pop3Connection {
    /// Connects and signs in, in a single attempt.
    pub(crate) async fn open(
        dialer: &Dialer,
        access: &Access,
        client: Option<IpAddr>,
        phase: Phase,
    ) -> Result<Self, ClientError> {
        let endpoint = access.endpoint.clone();
        let transport = dial(dialer, Protocol::Pop3, &endpoint, client).await?;
        let machine = Client::new(pop3::Config {
            tls: endpoint.tls,
            allow_plaintext_login: endpoint.tls == mail_proto::Tls::Plain,
            limits: Limits::default(),
        });
        let config = dialer.tls_config(&endpoint);
        let connection = Connection::new(machine, transport, config, endpoint.host.clone(), phase)
            .recorded_by(access.transcript.clone())
            .reading_text_by(decode_from_host)
            .redacting(&access.known_secrets());
        let mut this = Self {
            connection,
            endpoint,
            top: Top::Untried,
            is_in_command: true,
        };
        this.log_in(access).await?;
        this.refresh_capabilities().await?;
        if this.connection.machine().capabilities().top {
            this.top = Top::Offered;
        }
        this.is_in_command = false;
        Ok(this)
    }

    /// Sends CAPA after the sign-in, if the capabilities before it were incomplete (RFC 2449 §5:
    /// the capabilities of the two states may differ).
    async fn refresh_capabilities(&mut self) -> Result<(), ClientError> {
        let known = self.connection.machine().capabilities();
        let is_delay_per_user = known.login_delay.is_some_and(|delay| delay.is_per_user);
        if !known.capa || (known.top && known.uidl && !is_delay_per_user) {
            return Ok(());
        }
        let capa = self.enqueue(Command::Capa);
        loop {
            match self.next().await? {
                Event::Capabilities { id, .. } | Event::Rejected { id, .. } if id == capa => {
                    return Ok(());
                }
                _ => {}
            }
        }
    }

    async fn log_in(&mut self, access: &Access) -> Result<(), ClientError> {
        let refused = |endpoint: &Endpoint, reply| ClientError::LoginRefused {
            protocol: Protocol::Pop3,
            endpoint: endpoint.clone(),
            reply,
        };
        let credentials = Credentials::new(access.user.as_str(), access.password.clone())
            .map_err(|_| refused(&self.endpoint, ServerReply::default()))?;
        // The sign-in is created after STLS, because it is bound to the TLS session.
        let next = async |this: &mut Self| this.next().await.map_err(ClientError::before_sign_in);
        while !matches!(next(self).await?, Event::Ready { .. }) {}
        let login = Command::Login(self.connection.sign_in(credentials));
        let login = self.connection.machine_mut().enqueue(login);
        loop {
            match self.next().await? {
                Event::Completed { id, .. } if id == login => return Ok(()),
                Event::Rejected { id, response } if id == login => {
                    return Err(refused(&self.endpoint, reply_of(&response)));
                }
                _ => {}
            }
        }
    }

    /// Returns the minimum interval between two sign-ins that the server announces; else zero.
    pub(crate) fn login_delay(&self) -> Duration {
        let delay = self.connection.machine().capabilities().login_delay;
        delay.map_or(Duration::ZERO, |delay| {
            Duration::from_secs(u64::from(delay.secs))
        })
    }

    /// Returns whether a response is incomplete.
    pub(crate) fn is_in_command(&self) -> bool {
        self.is_in_command
    }

    /// Lists all messages in the order of their numbers, with their unique ids if the server
    /// supports UIDL.
    pub(crate) async fn list(&mut self) -> Result<Vec<Listed>, ClientError> {
        self.begin(Phase::Command);
        let list = self.enqueue(Command::List);
        // Sent even if it is not announced: without UIDL, every message has to be read to identify
        // it.
        let mut uidl = Some(self.enqueue(Command::Uidl));
        let mut is_listed = false;
        let mut messages = BTreeMap::new();
        let mut unique_ids = Vec::new();
        while !is_listed || uidl.is_some() {
            match self.next().await? {
                Event::Listing { rows, .. } => {
                    messages.extend(
                        rows.into_iter()
                            .map(|row| (row.number, (row.size_bytes, None))),
                    );
                }
                Event::UniqueIds { rows, .. } => unique_ids.extend(rows),
                Event::Completed { id, .. } => {
                    is_listed |= id == list;
                    uidl = uidl.filter(|uidl| *uidl != id);
                }
                Event::Rejected { id, .. } if uidl == Some(id) => uidl = None,
                Event::Rejected { response, .. } => return Err(self.refused(&response)),
                _ => {}
            }
            if messages.len().max(unique_ids.len()) > MESSAGES_MAX {
                return Err(self.over_limit("messages", MESSAGES_MAX as u64));
            }
            if self.connection.received_bytes() > LISTING_MAX_BYTES {
                return Err(self.over_limit("listing", LISTING_MAX_BYTES));
            }
        }
        for row in unique_ids {
            if let Some((_, unique_id)) = messages.get_mut(&row.number) {
                *unique_id = row.unique_id;
            }
        }
        self.enter_idle();
        let listed = messages.into_iter();
        Ok(listed
            .map(|(number, (size_bytes, unique_id))| Listed {
                number,
                size_bytes,
                unique_id,
            })
            .collect())
    }

    /// Reads headers in order and passes each to `on_header` with its index in `messages`.
    /// `on_header` is not called for a message that the server refuses.
    ///
    /// Uses TOP; if TOP is missing or refused, reads the message and drops all but its header.
    pub(crate) async fn headers(
        &mut self,
        messages: &[(MessageNumber, u64)],
        mut on_header: impl FnMut(usize, &[u8]),
    ) -> Result<(), ClientError> {
        let mut remaining = Vec::new();
        let mut index = 0;
        while index < messages.len() && self.top != Top::Missing {
            let end = match self.top {
                Top::Untried => messages.len().min(index + TOP_TRIES),
                _ => messages.len(),
            };
            let batch = messages.get(index..end).unwrap_or_default();
            let tops = batch.iter().map(|(number, _)| Command::Top {
                number: *number,
                lines: 0,
            });
            let on_header = |nth: usize, header: &[u8]| on_header(index + nth, header);
            let refused = self
                .read_headers(tops.collect(), TOP_MAX_BYTES, on_header)
                .await?;
            self.top = match self.top {
                Top::Untried if refused.len() < batch.len() => Top::Offered,
                Top::Untried if batch.len() == TOP_TRIES => Top::Missing,
                top => top,
            };
            remaining.extend(refused.into_iter().map(|nth| index + nth));
            index = end;
        }
        remaining.extend(index..messages.len());
        // A message over the size limit is not read for its header either.
        remaining.retain(|index| {
            messages
                .get(*index)
                .is_some_and(|(_, size)| *size <= MESSAGE_MAX_BYTES)
        });
        let indexes = remaining.clone();
        let retrs = remaining.iter().filter_map(|index| messages.get(*index));
        let retrs: Vec<_> = retrs
            .map(|(number, _)| Command::Retr { number: *number })
            .collect();
        let on_header = |nth: usize, header: &[u8]| {
            if let Some(index) = indexes.get(nth) {
                on_header(*index, header);
            }
        };
        self.read_headers(retrs, MESSAGE_MAX_BYTES, on_header)
            .await
            .map(drop)
    }

    /// Runs TOP or RETR commands and returns the indexes of the refused ones.
    async fn read_headers(
        &mut self,
        commands: Vec<Command>,
        max_bytes: u64,
        mut on_header: impl FnMut(usize, &[u8]),
    ) -> Result<Vec<usize>, ClientError> {
        self.begin(Phase::Body);
        let ids: Vec<CommandId> = commands
            .into_iter()
            .map(|command| self.enqueue(command))
            .collect();
        let (mut refused, mut header, mut size_bytes) = (Vec::new(), Vec::new(), 0_u64);
        let mut index = 0;
        while index < ids.len() {
            match self.next().await? {
                Event::BodyChunk { bytes, .. } => {
                    size_bytes = size_bytes.saturating_add(bytes.len() as u64);
                    if size_bytes > max_bytes {
                        return Err(self.over_limit("message", max_bytes));
                    }
                    let room = HEADER_MAX_BYTES.saturating_sub(header.len());
                    header.extend_from_slice(bytes.get(..room).unwrap_or(&bytes));
                }
                // Responses arrive in command order.
                Event::BodyEnd { .. } => {
                    on_header(index, &header);
                    header.clear();
                    size_bytes = 0;
                    index += 1;
                    // The deadline applies to each message, not to all together.
                    self.connection.begin(Phase::Body);
                }
                Event::Rejected { .. } => {
                    refused.push(index);
                    index += 1;
                }
                _ => {}
            }
        }
        self.enter_idle();
        Ok(refused)
    }

    /// Reads a message and passes it in chunks to `on_chunk`. The message is complete only if
    /// this returns `Ok`. If `on_chunk` fails, the connection cannot be used again.
    pub(crate) async fn retrieve<E: From<ClientError>>(
        &mut self,
        number: MessageNumber,
        mut on_chunk: impl FnMut(Bytes) -> Result<(), E>,
    ) -> Result<(), E> {
        self.begin(Phase::Body);
        self.enqueue(Command::Retr { number });
        loop {
            match self.next().await? {
                Event::BodyChunk { bytes, .. } => on_chunk(bytes)?,
                Event::BodyEnd { .. } => {
                    self.enter_idle();
                    return Ok(());
                }
                Event::Rejected { response, .. } => {
                    self.enter_idle();
                    return Err(self.refused(&response).into());
                }
                _ => {}
            }
        }
    }

    /// Reads messages, pipelined, and passes chunks to `on_retrieved` with the index in `numbers`.
    /// If `on_retrieved` fails, the connection cannot be used again.
    pub(crate) async fn retrieve_all<E: From<ClientError>>(
        &mut self,
        numbers: &[MessageNumber],
        mut on_retrieved: impl FnMut(usize, Retrieved) -> Result<(), E>,
    ) -> Result<(), E> {
        self.begin(Phase::Body);
        for number in numbers {
            self.enqueue(Command::Retr { number: *number });
        }
        // Responses arrive in command order.
        let mut index = 0;
        while index < numbers.len() {
            match self.next().await? {
                Event::BodyChunk { bytes, .. } => on_retrieved(index, Retrieved::Bytes(bytes))?,
                Event::BodyEnd { .. } => {
                    on_retrieved(index, Retrieved::End)?;
                    index += 1;
                    // The deadline applies to each message, not to all together.
                    self.connection.begin(Phase::Body);
                }
                Event::Rejected { response, .. } => {
                    on_retrieved(index, Retrieved::Refused(reply_of(&response)))?;
                    index += 1;
                }
                _ => {}
            }
        }
        self.enter_idle();
        Ok(())
    }

    /// Marks messages as deleted. Returns for each the server's reply if it refused.
    ///
    /// Nothing is deleted before [`commit`](Self::commit) returns `Ok`.
    pub(crate) async fn delete(
        &mut self,
        numbers: &[MessageNumber],
    ) -> Result<Vec<Result<(), ServerReply>>, ClientError> {
        self.begin(Phase::Command);
        for number in numbers {
            self.enqueue(Command::Dele { number: *number });
        }
        let mut results = Vec::with_capacity(numbers.len());
        while results.len() < numbers.len() {
            match self.next().await? {
                Event::Completed { .. } => results.push(Ok(())),
                Event::Rejected { response, .. } => results.push(Err(reply_of(&response))),
                _ => {}
            }
        }
        self.enter_idle();
        Ok(results)
    }

    /// Sends QUIT. The marked messages are deleted if and only if this returns `Ok`.
    pub(crate) async fn commit(mut self) -> Result<(), ClientError> {
        // Some servers rewrite the whole maildrop file now.
        self.begin(Phase::LongCommand);
        self.enqueue(Command::Quit);
        loop {
            match self.next().await? {
                Event::Quit { .. } => return Ok(()),
                Event::Rejected { response, .. } => return Err(self.refused(&response)),
                _ => {}
            }
        }
    }

    /// Sends QUIT and waits for the response within the deadline of `Phase::Farewell`, so that the
    /// server unlocks the maildrop.
    pub(crate) async fn quit(mut self) {
        if self.is_in_command {
            return;
        }
        self.begin(Phase::Farewell);
        self.enqueue(Command::Quit);
        while let Ok(ConnectionEvent::Event(_)) = self.connection.next().await {}
    }

    /// Waits until the server ends the connection. Cancel-safe.
    pub(crate) async fn closed(&mut self) -> ClientError {
        loop {
            if let Err(error) = self.next().await {
                return error;
            }
        }
    }

    fn begin(&mut self, phase: Phase) {
        self.is_in_command = true;
        self.connection.begin(phase);
    }

    /// Enters the idle phase, without a deadline: no command runs.
    fn enter_idle(&mut self) {
        self.is_in_command = false;
        self.connection.begin(Phase::Idle);
    }

    fn enqueue(&mut self, command: Command) -> CommandId {
        self.connection.machine_mut().enqueue(command)
    }

    async fn next(&mut self) -> Result<Event, ClientError> {
        // Yields to other tasks, even if the server never stops sending.
        tokio::task::consume_budget().await;
        match self.connection.next().await {
            Ok(ConnectionEvent::Event(event)) => Ok(event),
            Ok(ConnectionEvent::NeedBody { .. } | ConnectionEvent::Done) => {
                Err(self.link(LinkError::Closed))
            }
            Err(error) => Err(self.link_error(error)),
        }
    }

    fn link_error(&self, error: Error<<Client as Machine>::Error>) -> ClientError {
        self.link(match error {
            // An unsolicited -ERR in the idle phase: the server closes the connection for
            // inactivity.
            Error::Protocol(pop3::Error::Rejected {
                stage: pop3::Stage::Idle,
                ..
            }) => LinkError::Closed,
            Error::Protocol(pop3::Error::Rejected { response, .. }) => {
                return self.refused(&response);
            }
            Error::Protocol(pop3::Error::Closed { .. }) | Error::Closed => LinkError::Closed,
            Error::Protocol(error) => LinkError::Pop3(error),
            Error::Tls(error) => LinkError::Tls(error),
            Error::Deadline { phase } => LinkError::Deadline(phase),
            Error::Overloaded => LinkError::Overloaded,
            _ => LinkError::Closed,
        })
    }

    fn link(&self, error: LinkError) -> ClientError {
        ClientError::Link {
            protocol: Protocol::Pop3,
            endpoint: self.endpoint.clone(),
            error,
        }
    }

    fn over_limit(&self, what: &'static str, max: u64) -> ClientError {
        self.link(LinkError::Pop3(pop3::Error::Limit(OverLimit { what, max })))
    }

    fn refused(&self, response: &Response) -> ClientError {
        ClientError::Refused {
            protocol: Protocol::Pop3,
            endpoint: self.endpoint.clone(),
            reply: reply_of(response),
        }
    }
}

fn reply_of(response: &Response) -> ServerReply {
    ServerReply {
        code: None,
        enhanced: None,
        response_code: response.code.as_ref().map(|code| match code {
            ResponseCode::InUse => "IN-USE".to_owned(),
            ResponseCode::LoginDelay => "LOGIN-DELAY".to_owned(),
            ResponseCode::Auth => "AUTH".to_owned(),
            ResponseCode::SysTemp => "SYS/TEMP".to_owned(),
            ResponseCode::SysPerm => "SYS/PERM".to_owned(),
            ResponseCode::Other(code) => code.to_ascii_uppercase(),
            _ => response
                .text
                .split([']', '['])
                .nth(1)
                .unwrap_or_default()
                .to_ascii_uppercase(),
        }),
        text: format!("-ERR {}", response.text),
    }
}
