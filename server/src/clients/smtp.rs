//! SMTP submission: one connection per batch, one message after another.

use std::net::IpAddr;
use std::sync::Arc;

use mail_mime::charset::decode_from_host;
use mail_net::drive::Transport;
use mail_net::{Connection, ConnectionEvent, Dialer, Endpoint, Error, Phase, Recorder};
use mail_proto::smtp::{
    self, Address, Cause, Client, Credentials, EhloName, Envelope, Event, Outcome, Reply, Stage,
};
use mail_proto::{BodyChunk, KnownSecrets, Machine, Secret};
use tokio::net::TcpStream;

use super::{Access, ClientError, LinkError, MessageBody, dial};
use crate::domain::{Protocol, ServerReply};

/// The result of sending one message.
#[derive(Debug)]
pub(crate) enum Delivery<E> {
    /// The server replied, or the connection failed: the outcome says which.
    Outcome(Outcome),
    /// The message was not sent, because its body could not be read or the connection failed before
    /// the final dot.
    NotSent(E),
    /// `commit` returned `false` before the final dot: another process owns the message.
    TakenOver,
}

/// The server of a connection, and the names to use.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    /// The server's address and TLS mode.
    pub(crate) endpoint: Endpoint,
    /// The name that the server's certificate must have.
    pub(crate) tls_name: String,
    /// The client's EHLO name; `None` uses the local address of the connection.
    pub(crate) ehlo_name: Option<EhloName>,
    /// Records the protocol transcript.
    pub(crate) transcript: Recorder,
    /// The secrets to redact from the server's replies, if they are known before the sign-in.
    pub(crate) secrets: Option<Arc<KnownSecrets>>,
}

impl Route {
    /// Returns the route to a submission server.
    pub(crate) fn submission(endpoint: Endpoint) -> Self {
        Self {
            transcript: Recorder::new(0),
            secrets: None,
            tls_name: endpoint.host.clone(),
            endpoint,
            // Not the machine's host name: it is of no use to the provider and is disclosed to
            // others.
            ehlo_name: Some(EhloName::LOCALHOST),
        }
    }
}

/// What an outgoing server can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SubmissionServer {
    /// Maximum size of a message in bytes, if it announces one.
    pub(crate) size_max_bytes: Option<u64>,
    /// Reports of the delivery (RFC 3461).
    pub(crate) has_notices: bool,
    /// TLS on every hop (RFC 8689).
    pub(crate) has_required_tls: bool,
    /// Addresses and header fields in UTF-8 (RFC 6531), with texts of 8 bits (RFC 6152).
    pub(crate) has_utf8: bool,
}

/// An SMTP connection after EHLO, ready for a sign-in or a message.
pub(crate) struct SmtpConnection {
    connection: Connection<Client>,
    endpoint: Endpoint,
}

impl SmtpConnection {
    /// Connects and signs in, in a single attempt. `transcript` records the lines of the
    /// connection.
    pub(crate) async fn open(
        dialer: &Dialer,
        access: &Access,
        transcript: Recorder,
    ) -> Result<Self, ClientError> {
        let route = Route {
            transcript,
            secrets: Some(access.known_secrets()),
            ..Route::submission(access.endpoint.clone())
        };
        let mut this = Self::connect(dialer, route).await?;
        this.log_in(&access.user, &access.password).await?;
        Ok(this)
    }

    /// Connects, including TLS and EHLO. The server was counted when it was named.
    pub(crate) async fn connect(dialer: &Dialer, route: Route) -> Result<Self, ClientError> {
        let Route {
            endpoint,
            tls_name,
            ehlo_name,
            transcript,
            secrets,
        } = route;
        let transport = dial(dialer, Protocol::Smtp, &endpoint, None).await?;
        let ehlo_name = ehlo_name
            .or_else(|| local_address(&transport).map(EhloName::address_literal))
            .unwrap_or(EhloName::LOCALHOST);
        let mut config = smtp::Config::new(endpoint.tls, ehlo_name);
        config.allow_plaintext_login = endpoint.tls == mail_proto::Tls::Plain;
        let machine = Client::new(config);
        let config = dialer.tls_config(&endpoint);
        let mut connection =
            Connection::new(machine, transport, config, tls_name, Phase::SmtpGreeting)
                .recorded_by(transcript)
                .reading_text_by(decode_from_host);
        if let Some(secrets) = &secrets {
            connection = connection.redacting(secrets);
        }
        let mut this = Self {
            connection,
            endpoint,
        };
        loop {
            match this.next().await.map_err(ClientError::before_sign_in)? {
                ConnectionEvent::Event(Event::Ready { .. }) => return Ok(this),
                ConnectionEvent::Event(_) => {}
                ConnectionEvent::NeedBody { .. } | ConnectionEvent::Done => {
                    return Err(this.link(LinkError::ClosedEarly));
                }
            }
        }
    }

    /// Returns what the server can do.
    pub(crate) fn server(&self) -> SubmissionServer {
        let extensions = self.connection.machine().extensions();
        SubmissionServer {
            size_max_bytes: extensions.size_max_bytes,
            has_notices: extensions.dsn,
            has_required_tls: extensions.require_tls,
            has_utf8: extensions.smtputf8 && extensions.eight_bit_mime,
        }
    }

    /// Returns whether the server accepts no more messages on this connection.
    pub(crate) fn is_limit_reached(&self) -> bool {
        self.connection.machine().is_limit_reached()
    }

    /// Returns whether the connection is over.
    pub(crate) fn is_over(&self) -> bool {
        self.connection.machine().is_over()
    }

    /// Returns the current stage of the protocol.
    pub(crate) fn stage(&self) -> Stage {
        self.connection.machine().stage()
    }

    /// Signs in.
    pub(crate) async fn log_in(
        &mut self,
        user: &str,
        password: &Secret,
    ) -> Result<(), ClientError> {
        let refused = |endpoint: &Endpoint, reply| ClientError::LoginRefused {
            protocol: Protocol::Smtp,
            endpoint: endpoint.clone(),
            reply,
        };
        let credentials = Credentials::new(user, password.clone())
            .map_err(|_| refused(&self.endpoint, ServerReply::default()))?;
        self.connection.begin(Phase::SmtpHello);
        let sign_in = self.connection.sign_in(credentials);
        self.connection.machine_mut().authenticate(sign_in);
        loop {
            match self.next().await? {
                ConnectionEvent::Event(Event::Authenticated) => return Ok(()),
                ConnectionEvent::Event(Event::AuthenticationRefused { reply }) => {
                    return Err(refused(&self.endpoint, reply_of(&reply)));
                }
                ConnectionEvent::Event(_) => {}
                ConnectionEvent::NeedBody { .. } | ConnectionEvent::Done => {
                    return Err(self.link(LinkError::Closed));
                }
            }
        }
    }

    /// Sends one message. `commit` is called before the final dot: the dot is sent only if it
    /// returns `true`, and every later failure is an unknown outcome.
    pub(crate) async fn deliver<B: MessageBody, F>(
        &mut self,
        envelope: Envelope,
        body: &mut B,
        commit: impl FnOnce() -> F,
    ) -> Delivery<B::Error>
    where
        F: Future<Output = bool>,
    {
        let unanswered: Vec<_> = envelope
            .recipients
            .iter()
            .map(|to| (to.address.clone(), smtp::RecipientResult::Unanswered))
            .collect();
        self.connection.begin(Phase::SmtpEnvelope);
        self.connection.machine_mut().send(envelope);
        let mut commit = Some(commit);
        loop {
            match self.connection.next().await {
                Ok(ConnectionEvent::NeedBody { max }) => {
                    // Replies to the envelope have a longer deadline, even if the message is being
                    // sent already.
                    if self.stage() == Stage::Body {
                        self.connection.begin(Phase::SmtpBlock);
                    }
                    match body.next(max).await {
                        Ok(Some(bytes)) => self.connection.body(BodyChunk::Data(bytes)),
                        Ok(None) => self.connection.body(BodyChunk::End),
                        Err(error) => return Delivery::NotSent(error),
                    }
                }
                Ok(ConnectionEvent::Event(Event::ReadyToCommit)) => {
                    // A failure detected before the dot is no unknown outcome.
                    if let Err(error) = self.connection.flushed().await {
                        return Delivery::NotSent(self.link_error(error).into());
                    }
                    let is_owner = match commit.take() {
                        Some(commit) => commit().await,
                        None => false,
                    };
                    if !is_owner {
                        // The caller drops the connection: the server discards an incomplete
                        // message.
                        return Delivery::TakenOver;
                    }
                    self.connection.begin(Phase::SmtpFinalReply);
                    self.connection.machine_mut().commit();
                }
                Ok(ConnectionEvent::Event(Event::Outcome(outcome))) => {
                    return Delivery::Outcome(outcome);
                }
                Ok(ConnectionEvent::Event(_)) => {}
                Ok(ConnectionEvent::Done) | Err(_) if commit.is_none() => {
                    // The dot may have been sent.
                    return Delivery::Outcome(Outcome::Unknown {
                        cause: Cause::ConnectionClosed,
                        recipients: unanswered,
                    });
                }
                Ok(ConnectionEvent::Done) => {
                    return Delivery::NotSent(self.link(LinkError::Closed).into());
                }
                Err(error) => return Delivery::NotSent(self.link_error(error).into()),
            }
        }
    }

    /// Waits until the connection is over. Cancel-safe.
    pub(crate) async fn ended(&mut self) {
        self.connection.begin(Phase::Idle);
        while let Ok(ConnectionEvent::Event(_)) = self.connection.next().await {}
    }

    /// Sends QUIT and waits for the reply within the deadline of `Phase::Farewell`.
    pub(crate) async fn quit(mut self) {
        self.connection.begin(Phase::Farewell);
        self.connection.machine_mut().quit();
        while let Ok(ConnectionEvent::Event(_)) = self.connection.next().await {}
    }

    async fn next(&mut self) -> Result<ConnectionEvent<Event>, ClientError> {
        let next = self.connection.next().await;
        next.map_err(|error| self.link_error(error))
    }

    fn link_error(&self, error: Error<<Client as Machine>::Error>) -> ClientError {
        self.link(match error {
            Error::Protocol(smtp::Error::Rejected { stage, reply }) => {
                return self.rejected(stage, &reply);
            }
            Error::Protocol(smtp::Error::Closed { .. }) | Error::Closed => LinkError::Closed,
            Error::Protocol(error) => LinkError::Smtp(error),
            Error::Tls(error) => LinkError::Tls(error),
            Error::Deadline { phase } => LinkError::Deadline(phase),
            Error::Overloaded => LinkError::Overloaded,
            _ => LinkError::Closed,
        })
    }

    fn rejected(&self, stage: Stage, reply: &Reply) -> ClientError {
        let (protocol, endpoint, reply) = (Protocol::Smtp, self.endpoint.clone(), reply_of(reply));
        match stage {
            Stage::Auth => ClientError::LoginRefused {
                protocol,
                endpoint,
                reply,
            },
            _ => ClientError::Refused {
                protocol,
                endpoint,
                reply,
            },
        }
    }

    fn link(&self, error: LinkError) -> ClientError {
        ClientError::Link {
            protocol: Protocol::Smtp,
            endpoint: self.endpoint.clone(),
            error,
        }
    }
}

/// Returns the local address of a connection that is not encrypted yet.
fn local_address(transport: &Transport<TcpStream>) -> Option<IpAddr> {
    match transport {
        Transport::Plain(stream) => stream.local_addr().ok().map(|address| address.ip()),
        _ => None,
    }
}

/// Converts an SMTP reply to the fields that decide its meaning.
pub(crate) fn reply_of(reply: &Reply) -> ServerReply {
    ServerReply {
        code: Some(reply.code),
        enhanced: reply.enhanced.map(|code| code.to_string()),
        response_code: None,
        text: reply.to_string(),
    }
}

/// Creates the envelope of a message; `size_bytes` is its exact size with CRLF line ends, and
/// `is_utf8` says that it is written for a server with SMTPUTF8 (RFC 6531), whichever of its
/// recipients are in this envelope.
pub(crate) fn envelope(
    from: &str,
    recipients: impl Iterator<Item = impl AsRef<str>>,
    size_bytes: u64,
    is_utf8: bool,
) -> Result<Envelope, smtp::InvalidAddress> {
    let address = match is_utf8 {
        true => Address::new_utf8,
        false => Address::new,
    };
    let recipients: Result<Vec<Address>, _> =
        recipients.map(|text| address(text.as_ref())).collect();
    let mut envelope = Envelope::new(address(from)?, recipients?);
    envelope.smtputf8 = is_utf8;
    envelope.body_8bit = is_utf8;
    envelope.size_bytes = Some(size_bytes);
    envelope.is_size_exact = true;
    Ok(envelope)
}
