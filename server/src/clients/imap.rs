//! One signed-in IMAP connection: runs commands, collects responses, tracks the selected mailbox.

mod errors;
mod idle;
mod mailbox;
mod remembered;
mod responses;

use std::net::IpAddr;
use std::time::Duration;

use mail_mime::charset::decode_from_host;
use mail_net::{Connection, ConnectionEvent, Dialer, Endpoint, Phase};
use mail_proto::imap::selected::Change;
use mail_proto::imap::{
    self, Capability, Client, Command, Event, Mailbox, SequenceSet, Status, Tag, Uid,
};
use mail_proto::sasl::Credentials;
use mail_proto::{BodyChunk, Limits};

use tokio::time::Instant;

use self::responses::ResponseError;
use super::budget::Budget;
use super::{Access, ClientError, MessageBody, dial};
use crate::domain::{Protocol, ServerReply};

pub(crate) use self::mailbox::{Examined, MailboxState};
pub(crate) use self::responses::{Completion, ResponseLimits, Responses};

/// Maximum number of body bytes that one FETCH asks for.
pub(crate) const WINDOW_BYTES: u32 = 1 << 20;
/// Maximum number of unsolicited bytes while no command runs, until the next command or IDLE.
const UNSOLICITED_MAX_BYTES: u64 = 16 << 20;
/// Maximum size of the response to LIST: 10,000 folders with long names, and their counts.
const LISTING_MAX_BYTES: u64 = 4 << 20;
/// Maximum time to wait for the response to a cancelled command.
const DRAINED_WITHIN: Duration = Duration::from_secs(3);
/// Maximum number of bytes of the response to a cancelled command that are read and dropped.
const DRAINED_MAX_BYTES: u64 = 2 << 20;

/// A signed-in connection. `M` holds the state of the selected mailbox.
pub(crate) struct ImapConnection<M> {
    connection: Connection<Client>,
    endpoint: Endpoint,
    selected: Option<M>,
    /// The IDLE command that runs or is queued, and its start time.
    idle: Option<(Tag, Instant)>,
    /// The server announces IDLE and refused it.
    is_idle_refused: bool,
    /// The time of the last tagged response.
    talked_at: Instant,
    /// The connection is over: the server sent BYE, an error occurred, or a listing was cut.
    is_over: bool,
    limits: ResponseLimits,
    budget: Budget,
    /// Commands without a tagged response yet.
    pending_tags: Vec<Tag>,
    /// SELECT is in progress: the selected mailbox is unknown until it completes.
    is_selecting: bool,
}

impl<M: MailboxState> ImapConnection<M> {
    /// Connects and signs in, in a single attempt.
    pub(crate) async fn open(
        dialer: &Dialer,
        access: &Access,
        client: Option<IpAddr>,
        first_phase: Phase,
        budget: Budget,
    ) -> Result<Self, ClientError> {
        let endpoint = access.endpoint.clone();
        let transport = dial(dialer, Protocol::Imap, &endpoint, client).await?;
        let mut machine = Client::new(imap::Config {
            tls: endpoint.tls,
            allow_plaintext_login: endpoint.tls == mail_proto::Tls::Plain,
            limits: Limits::default(),
        });
        if let Some(capabilities) = remembered::capabilities_of(&endpoint) {
            machine.remember(capabilities);
        }
        let config = dialer.tls_config(&endpoint);
        let connection = Connection::new(
            machine,
            transport,
            config,
            endpoint.host.clone(),
            first_phase,
        )
        .recorded_by(access.transcript.clone())
        .reading_text_by(decode_from_host)
        .redacting(&access.known_secrets());
        let mut this = Self {
            connection,
            endpoint,
            selected: None,
            idle: None,
            is_idle_refused: false,
            talked_at: Instant::now(),
            is_over: false,
            limits: ResponseLimits::SESSION,
            budget,
            pending_tags: Vec::new(),
            is_selecting: false,
        };
        let ready = this.ready(first_phase).await;
        ready.map_err(ClientError::before_sign_in)?;
        this.log_in(access, first_phase).await?;
        remembered::put(&this.endpoint, this.capabilities());
        this.send_id();
        Ok(this)
    }

    async fn ready(&mut self, phase: Phase) -> Result<(), ClientError> {
        self.connection.begin(phase);
        loop {
            match self.next().await? {
                ConnectionEvent::Event(Event::Ready { .. }) => return Ok(()),
                ConnectionEvent::Event(Event::Bye { code, text }) => {
                    return Err(self.refused(code.as_ref(), &text));
                }
                ConnectionEvent::Event(_) => {}
                ConnectionEvent::NeedBody { .. } | ConnectionEvent::Done => {
                    return Err(self.closed());
                }
            }
        }
    }

    async fn log_in(&mut self, access: &Access, phase: Phase) -> Result<(), ClientError> {
        let credentials =
            Credentials::new(access.user.as_str(), access.password.clone()).map_err(|_| {
                ClientError::LoginRefused {
                    protocol: Protocol::Imap,
                    endpoint: self.endpoint.clone(),
                    reply: ServerReply::default(),
                }
            })?;
        let sign_in = self.connection.sign_in(credentials);
        let tag = self.connection.machine_mut().sign_in(sign_in);
        let mut responses = Responses::to(&[], self.limits, self.budget.share(), false);
        responses.completions.push(Completion::awaited(tag));
        self.complete(&mut responses, phase).await?;
        match responses.completions.into_iter().next() {
            Some(Completion {
                status: Some(Status::Ok),
                ..
            }) => Ok(()),
            Some(completion) => Err(ClientError::LoginRefused {
                protocol: Protocol::Imap,
                endpoint: self.endpoint.clone(),
                reply: completion.reply(),
            }),
            None => Err(self.closed()),
        }
    }

    /// Sends ID, for providers that open no folder for a client without a name. The command is sent
    /// in one write with the next command, and its response is not awaited.
    fn send_id(&mut self) {
        if !self.capabilities().has(Capability::Id) {
            return;
        }
        let fields = [("name", "Restante"), ("version", env!("CARGO_PKG_VERSION"))];
        let fields = fields.iter().filter_map(|(name, value)| {
            Some((imap::Text::new(*name).ok()?, imap::Text::new(*value).ok()?))
        });
        let id = Command::Id(fields.collect());
        self.connection.machine_mut().enqueue(id);
    }

    /// Returns the server's capabilities.
    pub(crate) fn capabilities(&self) -> &imap::Capabilities {
        self.connection.machine().capabilities()
    }

    /// Returns the secrets to redact from names that are shown.
    pub(crate) fn known_secrets(&self) -> Option<&mail_proto::KnownSecrets> {
        self.connection.known_secrets()
    }

    /// Returns the selected mailbox.
    pub(crate) fn selected(&self) -> Option<&M> {
        self.selected.as_ref()
    }

    /// Returns the selected mailbox, mutable.
    pub(crate) fn selected_mut(&mut self) -> Option<&mut M> {
        self.selected.as_mut()
    }

    /// Returns whether the connection is over.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Sets the limits of the responses to later commands.
    pub(crate) fn set_limits(&mut self, limits: ResponseLimits) {
        self.limits = limits;
    }

    /// Reads and drops the responses to commands that were cancelled. Returns `false` if that takes
    /// too long or too many bytes: the caller should drop the connection then.
    pub(crate) async fn drain(&mut self) -> bool {
        if self.is_selecting {
            self.forget_selected();
        }
        if self.pending_tags.is_empty() {
            return true;
        }
        let mut responses = Responses::to(&[], self.limits, self.budget.share(), false);
        responses.completions = self
            .pending_tags
            .iter()
            .map(|tag| Completion::awaited(*tag))
            .collect();
        let max_received_bytes = self.connection.received_bytes() + DRAINED_MAX_BYTES;
        let draining = async {
            while !responses.is_complete() {
                let Ok(ConnectionEvent::Event(event)) = self.next().await else {
                    return false;
                };
                if self.collect(event, &mut responses).is_err()
                    || self.connection.received_bytes() > max_received_bytes
                {
                    return false;
                }
            }
            true
        };
        tokio::time::timeout(DRAINED_WITHIN, draining)
            .await
            .unwrap_or(false)
    }

    /// Runs commands, pipelined. Returns an error if the server refuses one.
    pub(crate) async fn run(
        &mut self,
        commands: Vec<Command>,
        phase: Phase,
    ) -> Result<Responses, ClientError> {
        let responses = self.run_raw(commands, phase).await?;
        match responses
            .completions
            .iter()
            .find(|c| c.status != Some(Status::Ok))
        {
            Some(refused) => Err(self.refusal(refused)),
            None => Ok(responses),
        }
    }

    /// Runs commands, pipelined. The caller checks the status of each.
    pub(crate) async fn run_raw(
        &mut self,
        commands: Vec<Command>,
        phase: Phase,
    ) -> Result<Responses, ClientError> {
        let mut responses = self.enqueue(commands, self.limits, false);
        self.complete(&mut responses, phase).await?;
        Ok(responses)
    }

    /// Runs commands, pipelined, and returns the responses, even if the connection ended before all
    /// of them arrived.
    pub(crate) async fn run_partial(
        &mut self,
        commands: Vec<Command>,
        phase: Phase,
    ) -> (Responses, Result<(), ClientError>) {
        let mut responses = self.enqueue(commands, self.limits, false);
        let result = self.complete(&mut responses, phase).await;
        self.is_over |= result.is_err();
        (responses, result)
    }

    /// Runs FETCH, with message data applied to the mailbox state and not collected. The server may
    /// send `max_bytes`, plus the limit of a listing if the commands contain LIST.
    pub(crate) async fn run_fetch(
        &mut self,
        commands: Vec<Command>,
        max_bytes: u64,
    ) -> Result<Responses, ClientError> {
        let has_list = commands
            .iter()
            .any(|command| matches!(command, Command::List(_)));
        let (phase, max_bytes) = match has_list {
            true => (Phase::LongCommand, max_bytes + LISTING_MAX_BYTES),
            false => (Phase::Command, max_bytes),
        };
        let mut responses = self.enqueue(commands, self.limits.receiving(max_bytes), true);
        self.complete(&mut responses, phase).await?;
        Ok(responses)
    }

    /// Runs LIST, and NAMESPACE with it. A listing over the limit is cut: the result is its
    /// beginning, and the connection is over.
    pub(crate) async fn run_list(
        &mut self,
        commands: Vec<Command>,
    ) -> Result<Responses, ClientError> {
        let limits = self.limits.receiving(LISTING_MAX_BYTES);
        let mut responses = self.enqueue(commands, limits, false);
        match self.complete(&mut responses, Phase::LongCommand).await {
            Err(error) if error.is_over_limit() && !responses.lists.is_empty() => {
                tracing::info!(%error, "the list of folders is cut");
                self.is_over = true;
                Ok(responses)
            }
            result => result.map(|()| responses),
        }
    }

    /// Returns whether LIST is sent in its extended form (RFC 5258, RFC 5819).
    pub(crate) fn lists_extended(&self) -> bool {
        let capabilities = self.capabilities();
        capabilities.has(Capability::ListExtended) || capabilities.has(Capability::ListStatus)
    }

    /// Sends LIST in its basic form from now on: the server fails at the extension that it
    /// announces.
    pub(crate) fn disable_extended_list(&mut self) {
        let machine = self.connection.machine_mut();
        machine.switch_off(Capability::ListExtended);
        machine.switch_off(Capability::ListStatus);
    }

    /// Waits for the tagged responses to all commands of `responses`.
    async fn complete(
        &mut self,
        responses: &mut Responses,
        phase: Phase,
    ) -> Result<(), ClientError> {
        self.connection.begin(phase);
        while !responses.is_complete() {
            match self.next().await? {
                ConnectionEvent::Event(event) => self.collect(event, responses)?,
                ConnectionEvent::NeedBody { .. } | ConnectionEvent::Done => {
                    return Err(self.closed());
                }
            }
            self.check_received(responses.received_max_bytes())?;
        }
        Ok(())
    }

    /// Runs APPEND and streams the message from `body`.
    pub(crate) async fn append<B: MessageBody>(
        &mut self,
        append: imap::Append,
        mut body: B,
    ) -> Result<Completion, B::Error> {
        let mut responses = self.enqueue(vec![Command::Append(append)], self.limits, false);
        self.connection.begin(Phase::LongCommand);
        while !responses.is_complete() {
            match self.next().await? {
                ConnectionEvent::Event(event) => self.collect(event, &mut responses)?,
                ConnectionEvent::NeedBody { max } => match body.next(max).await {
                    Ok(Some(bytes)) => self.connection.body(BodyChunk::Data(bytes)),
                    Ok(None) => self.connection.body(BodyChunk::End),
                    Err(error) => {
                        self.connection.body(BodyChunk::Abort);
                        self.is_over = true;
                        return Err(error);
                    }
                },
                ConnectionEvent::Done => return Err(self.closed().into()),
            }
        }
        match responses.completions.pop() {
            Some(completion) if completion.status == Some(Status::Ok) => Ok(completion),
            Some(completion) => Err(self.refusal(&completion).into()),
            None => Err(self.closed().into()),
        }
    }

    /// Selects a mailbox, if it is not selected already.
    pub(crate) async fn select(&mut self, mailbox: &Mailbox) -> Result<(), ClientError> {
        if self
            .selected
            .as_ref()
            .is_some_and(|s| s.mailbox() == mailbox)
        {
            return Ok(());
        }
        self.begin_select(mailbox);
        let result = self
            .run(vec![Command::Select(mailbox.clone())], Phase::Command)
            .await;
        match result {
            Ok(_) => self.clear_pending_changes(),
            Err(_) => self.forget_selected(),
        }
        result.map(drop)
    }

    /// Resets the mailbox state: responses from now on are about `mailbox`.
    pub(crate) fn begin_select(&mut self, mailbox: &Mailbox) {
        self.is_selecting = true;
        self.selected = Some(M::new(mailbox.clone(), self.budget.share()));
    }

    /// Clears the selected mailbox: the next command that needs one selects it again.
    pub(crate) fn forget_selected(&mut self) {
        self.is_selecting = false;
        self.selected = None;
    }

    /// Ends SELECT: the data that it reported is the initial state, not a change.
    pub(crate) fn clear_pending_changes(&mut self) {
        self.is_selecting = false;
        if let Some(selected) = &mut self.selected {
            selected.begin();
        }
    }

    /// Sends LOGOUT and waits for the response within the deadline of `Phase::Farewell`.
    pub(crate) async fn log_out(mut self) {
        self.leave_idle();
        self.connection.machine_mut().enqueue(Command::Logout);
        self.connection.begin(Phase::Farewell);
        while let Ok(ConnectionEvent::Event(_)) = self.connection.next().await {}
    }

    fn enqueue(
        &mut self,
        commands: Vec<Command>,
        limits: ResponseLimits,
        is_fetch_data_skipped: bool,
    ) -> Responses {
        self.leave_idle();
        let mut responses = Responses::to(
            &commands,
            limits,
            self.budget.share(),
            is_fetch_data_skipped,
        );
        let machine = self.connection.machine_mut();
        for command in commands {
            let tag = machine.enqueue(command);
            self.pending_tags.push(tag);
            responses.completions.push(Completion::awaited(tag));
        }
        responses
    }

    async fn next(&mut self) -> Result<ConnectionEvent<Event>, ClientError> {
        // Yields to other tasks, even if the server never stops sending.
        tokio::task::consume_budget().await;
        let next = self.connection.next().await;
        next.map_err(|error| {
            self.is_over = true;
            self.link_error(error)
        })
    }

    fn collect(&mut self, event: Event, responses: &mut Responses) -> Result<(), ClientError> {
        match self.apply(&event) {
            Some(Change::Expunged { uid: Some(uid), .. }) => responses.collect_expunged(uid),
            Some(Change::Vanished(uids)) => responses.collect_vanished(&uids),
            _ => {}
        }
        let response_bytes = self.connection.machine().response_bytes() as u64;
        let collected = match event {
            Event::Completed {
                tag,
                status,
                code,
                text,
            } => {
                self.talked_at = Instant::now();
                self.pending_tags.retain(|pending| *pending != tag);
                if let Some(completion) = responses.completions.iter_mut().find(|c| c.tag == tag) {
                    completion.status = Some(status);
                    completion.code = code;
                    completion.text = text;
                }
                Ok(())
            }
            Event::Fetch(data) => responses.collect_fetched(data, response_bytes),
            Event::List(data) => responses.collect_list(data),
            Event::Namespace(data) => responses.collect_namespaces(data, response_bytes),
            Event::Status(data) => responses.collect_status(data),
            Event::Search(data) => responses.collect_search(data.found, response_bytes),
            Event::Untagged {
                code: Some(code), ..
            } => responses.collect_code(code, response_bytes),
            Event::LiteralStart { id, item, .. } => {
                responses.begin_literal(id, item.as_ref());
                Ok(())
            }
            Event::LiteralChunk { id, bytes } => responses.collect_literal(id, &bytes),
            Event::Bye { code, text } => {
                self.is_over = true;
                return Err(self.refused(code.as_ref(), &text));
            }
            _ => Ok(()),
        };
        collected.map_err(|error| match error {
            ResponseError::Limit(limit) => self.over_limit(limit),
            ResponseError::Overloaded(error) => error.into(),
        })
    }

    fn apply(&mut self, event: &Event) -> Option<Change> {
        if let Event::CapabilitiesChanged = event {
            remembered::put(&self.endpoint, self.capabilities());
        }
        self.selected.as_mut()?.apply(event)
    }
}

/// Returns UIDs as a sequence set, with ranges for consecutive ones.
pub(crate) fn uid_set(uids: &[Uid]) -> Option<SequenceSet> {
    let mut sorted = uids.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    SequenceSet::from_numbers(sorted)
}
