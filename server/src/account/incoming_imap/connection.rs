//! One signed-in IMAP connection: commands in, collected answers out, the selected mailbox kept.

use std::collections::HashMap;
use std::net::IpAddr;

use bytes::{Bytes, BytesMut};
use mail_net::{Connection, Dialer, Endpoint, Error, Happening, Phase};
use mail_proto::imap::{
    self, Capability, Client, Code, Command, Event, FetchData, ListData, LiteralId, Mailbox,
    SequenceSet, Status, StatusData, Tag, Uid,
};
use mail_proto::sasl::Credentials;
use mail_proto::{BodyChunk, Limits, Machine};

use tokio::time::Instant;

use crate::account::error::{AccountError, LinkError, ServerReply, Side};
use crate::account::model::SignIn;
use crate::account::outgoing::{MessageBody as _, SpooledBody};

use super::selected::SelectedMailbox;

/// A window of a body, in bytes: what one FETCH asks for at most.
pub(super) const WINDOW_BYTES: u32 = 1 << 20;
/// Streamed literals of one answer are kept up to this sum: two windows and a header.
const LITERALS_MAX_BYTES: usize = 3 << 20;

/// A connection past its login.
pub(crate) struct ImapConnection {
    connection: Connection<Client>,
    endpoint: Endpoint,
    selected: Option<SelectedMailbox>,
    /// IDLE that is on or about to be, and since when.
    idle: Option<(Tag, Instant)>,
    /// The server offers IDLE and refuses it all the same.
    is_idle_refused: bool,
    /// When the server last answered a command.
    talked_at: Instant,
    /// The server said BYE.
    is_over: bool,
}

/// What the server answered to a run of commands.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// One per command, in their order.
    pub(crate) completions: Vec<Completion>,
    pub(crate) fetched: Vec<FetchData>,
    pub(super) lists: Vec<ListData>,
    pub(super) statuses: Vec<StatusData>,
    pub(crate) found: Option<SequenceSet>,
    /// COPYUID may stand in an untagged OK (RFC 6851 §4.3).
    pub(super) untagged_codes: Vec<Code>,
    literals: HashMap<LiteralId, BytesMut>,
    literal_bytes: usize,
}

/// How one command went.
#[derive(Debug, Clone)]
pub(crate) struct Completion {
    tag: Tag,
    pub(super) status: Option<Status>,
    pub(super) code: Option<Code>,
    pub(super) text: String,
}

impl Answer {
    /// An answer that is still to come, to commands of these tags.
    fn of(tags: impl IntoIterator<Item = Tag>) -> Self {
        let awaited = |tag| Completion {
            tag,
            status: None,
            code: None,
            text: String::new(),
        };
        Self {
            completions: tags.into_iter().map(awaited).collect(),
            ..Self::default()
        }
    }

    fn is_complete(&self) -> bool {
        self.completions.iter().all(|c| c.status.is_some())
    }

    /// The bytes of a fetched section, wherever they were kept.
    pub(crate) fn body(&self, value: &imap::BodyValue) -> Option<Bytes> {
        match value {
            imap::BodyValue::Nil => None,
            imap::BodyValue::Inline(bytes) => Some(bytes.clone()),
            imap::BodyValue::Streamed { id, .. } => self
                .literals
                .get(id)
                .map(|bytes| Bytes::copy_from_slice(bytes)),
        }
    }
}

impl ImapConnection {
    /// Connects and signs in: one try, whatever comes of it.
    pub(crate) async fn open(
        dialer: &Dialer,
        sign_in: &SignIn,
        client: Option<IpAddr>,
        first_phase: Phase,
    ) -> Result<Self, AccountError> {
        let endpoint = Endpoint {
            host: sign_in.incoming.host.clone(),
            port: sign_in.incoming.port,
            tls: sign_in.incoming.tls,
        };
        let transport =
            dialer
                .open(&endpoint, client)
                .await
                .map_err(|error| AccountError::Dial {
                    side: Side::Incoming,
                    endpoint: endpoint.clone(),
                    error,
                })?;
        let machine = Client::new(imap::Config {
            tls: endpoint.tls,
            allow_plaintext_login: endpoint.tls == mail_proto::Tls::Plain,
            limits: Limits::default(),
        });
        let config = dialer.tls_config(&endpoint);
        let connection = Connection::new(
            machine,
            transport,
            config,
            endpoint.host.clone(),
            first_phase,
        )
        .recorded_by(sign_in.transcript.clone());
        let mut this = Self {
            connection,
            endpoint,
            selected: None,
            idle: None,
            is_idle_refused: false,
            talked_at: Instant::now(),
            is_over: false,
        };
        this.ready(first_phase).await?;
        this.log_in(sign_in, first_phase).await?;
        this.tell_name();
        Ok(this)
    }

    async fn ready(&mut self, phase: Phase) -> Result<(), AccountError> {
        self.connection.begin(phase);
        loop {
            match self.next().await? {
                Happening::Event(Event::Ready { .. }) => return Ok(()),
                Happening::Event(Event::Bye { code, text }) => {
                    return Err(self.refused(code.as_ref(), &text));
                }
                Happening::Event(_) => {}
                Happening::NeedBody { .. } | Happening::Done => return Err(self.closed()),
            }
        }
    }

    async fn log_in(&mut self, sign_in: &SignIn, phase: Phase) -> Result<(), AccountError> {
        let credentials =
            Credentials::new(sign_in.login(), sign_in.password.clone()).map_err(|_| {
                AccountError::LoginRefused {
                    side: Side::Incoming,
                    endpoint: self.endpoint.clone(),
                    reply: ServerReply::default(),
                }
            })?;
        let sign_in = self.connection.sign_in(credentials);
        let tag = self.connection.machine_mut().sign_in(sign_in);
        let answer = self.complete(Answer::of([tag]), phase).await?;
        match answer.completions.into_iter().next() {
            Some(Completion {
                status: Some(Status::Ok),
                ..
            }) => Ok(()),
            Some(done) => Err(AccountError::LoginRefused {
                side: Side::Incoming,
                endpoint: self.endpoint.clone(),
                reply: reply_of(done.code.as_ref(), done.status, &done.text),
            }),
            None => Err(self.closed()),
        }
    }

    /// Says who we are, for providers that open no folder for a program without a name. It leaves
    /// in one write with the next command, and nobody waits for its answer.
    fn tell_name(&mut self) {
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

    /// What the server can do.
    pub(super) fn capabilities(&self) -> &imap::Capabilities {
        self.connection.machine().capabilities()
    }

    /// The mailbox that is selected.
    pub(crate) fn selected(&self) -> Option<&SelectedMailbox> {
        self.selected.as_ref()
    }

    /// The mailbox that is selected, to change what is known of it.
    pub(super) fn selected_mut(&mut self) -> Option<&mut SelectedMailbox> {
        self.selected.as_mut()
    }

    /// Whether the server said goodbye.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Nothing is asked for now: the server may be silent for as long as it likes.
    pub(super) fn rest(&mut self) {
        if self.idle.is_none() {
            self.connection.begin(Phase::Idle);
        }
    }

    /// What the server said when it refused a command.
    pub(super) fn refusal(&self, done: &Completion) -> AccountError {
        self.refused_by(done)
    }

    /// Whether IDLE is on, or about to be.
    pub(super) fn is_idling(&self) -> bool {
        self.idle.is_some()
    }

    /// Whether the server can tell of changes by itself.
    pub(super) fn can_idle(&self) -> bool {
        !self.is_idle_refused && self.capabilities().has(Capability::Idle)
    }

    /// Since when IDLE is on.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        self.idle.map(|(_, since)| since)
    }

    /// When the server last answered a command.
    pub(super) fn talked_at(&self) -> Instant {
        self.talked_at
    }

    /// Queues IDLE; [`wait`](Self::wait) sends it.
    pub(super) fn enter_idle(&mut self) {
        if self.idle.is_none() {
            let tag = self.connection.machine_mut().enqueue(Command::Idle);
            // Silence is allowed once the server has said that it idles.
            self.connection.begin(Phase::Command);
            self.idle = Some((tag, Instant::now()));
        }
    }

    /// Ends IDLE and enters it again: some networks drop links that are silent for long.
    pub(super) fn renew_idle(&mut self) {
        self.leave_idle();
        self.enter_idle();
    }

    fn leave_idle(&mut self) {
        if self.idle.take().is_some() {
            self.connection.machine_mut().enqueue(Command::Done);
        }
    }

    /// Waits for what the server says unasked. Cancel-safe. Returns once something changed.
    pub(super) async fn wait(&mut self) -> Result<(), AccountError> {
        match self.next().await? {
            Happening::Event(Event::Bye { code, text }) => {
                self.is_over = true;
                Err(self.refused(code.as_ref(), &text))
            }
            Happening::Event(event) => {
                if matches!(event, Event::Idling { .. }) {
                    self.connection.begin(Phase::Idle);
                }
                if let Event::Completed { tag, status, .. } = &event
                    && self.idle.is_some_and(|(idle, _)| idle == *tag)
                {
                    // Ended by the server: entered again later. Refused: not asked for again.
                    self.idle = None;
                    self.talked_at = Instant::now();
                    self.is_idle_refused = *status != Status::Ok;
                }
                self.apply(&event);
                Ok(())
            }
            Happening::NeedBody { .. } | Happening::Done => Err(self.closed()),
        }
    }

    /// Runs commands, pipelined. Every one has to be accepted.
    pub(crate) async fn run(
        &mut self,
        commands: Vec<Command>,
        phase: Phase,
    ) -> Result<Answer, AccountError> {
        let answer = self.run_raw(commands, phase).await?;
        match answer
            .completions
            .iter()
            .find(|c| c.status != Some(Status::Ok))
        {
            Some(refused) => Err(self.refused_by(refused)),
            None => Ok(answer),
        }
    }

    /// Runs commands, pipelined, and lets the caller look at how each went.
    pub(super) async fn run_raw(
        &mut self,
        commands: Vec<Command>,
        phase: Phase,
    ) -> Result<Answer, AccountError> {
        let answer = self.enqueue(commands);
        self.complete(answer, phase).await
    }

    /// Waits until every command of an answer is over.
    async fn complete(&mut self, mut answer: Answer, phase: Phase) -> Result<Answer, AccountError> {
        self.connection.begin(phase);
        while !answer.is_complete() {
            match self.next().await? {
                Happening::Event(event) => self.take(event, &mut answer)?,
                Happening::NeedBody { .. } | Happening::Done => return Err(self.closed()),
            }
        }
        Ok(answer)
    }

    /// Runs APPEND with its body from the spool.
    pub(super) async fn append(
        &mut self,
        append: imap::Append,
        mut body: SpooledBody,
    ) -> Result<Completion, AccountError> {
        let mut answer = self.enqueue(vec![Command::Append(append)]);
        self.connection.begin(Phase::LongCommand);
        while !answer.is_complete() {
            match self.next().await? {
                Happening::Event(event) => self.take(event, &mut answer)?,
                Happening::NeedBody { max } => match body.next(max).await {
                    Ok(Some(bytes)) => self.connection.body(BodyChunk::Data(bytes)),
                    Ok(None) => self.connection.body(BodyChunk::End),
                    Err(error) => {
                        self.connection.body(BodyChunk::Abort);
                        return Err(AccountError::Internal(error.to_string()));
                    }
                },
                Happening::Done => return Err(self.closed()),
            }
        }
        match answer.completions.pop() {
            Some(done) if done.status == Some(Status::Ok) => Ok(done),
            Some(done) => Err(self.refused_by(&done)),
            None => Err(self.closed()),
        }
    }

    /// Selects a mailbox, unless it is selected already.
    pub(super) async fn select(&mut self, mailbox: &Mailbox) -> Result<(), AccountError> {
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
            Ok(_) => self.forget_news(),
            Err(_) => self.forget_selected(),
        }
        result.map(drop)
    }

    /// Forgets the old mailbox: data that comes from now on is about `mailbox`.
    pub(crate) fn begin_select(&mut self, mailbox: &Mailbox) {
        self.selected = Some(SelectedMailbox::new(mailbox.clone()));
    }

    /// It is not known which mailbox is selected: the next one who needs it selects it.
    pub(super) fn forget_selected(&mut self) {
        self.selected = None;
    }

    /// What SELECT told is how things are, no news to anybody.
    pub(super) fn forget_news(&mut self) {
        if let Some(selected) = &mut self.selected {
            selected.begin();
        }
    }

    /// Says LOGOUT and waits a little for the answer.
    pub(crate) async fn log_out(mut self) {
        self.leave_idle();
        self.connection.machine_mut().enqueue(Command::Logout);
        self.connection.begin(Phase::Farewell);
        while let Ok(Happening::Event(_)) = self.connection.next().await {}
    }

    fn enqueue(&mut self, commands: Vec<Command>) -> Answer {
        self.leave_idle();
        let machine = self.connection.machine_mut();
        Answer::of(commands.into_iter().map(|command| machine.enqueue(command)))
    }

    async fn next(&mut self) -> Result<Happening<Event>, AccountError> {
        let next = self.connection.next().await;
        next.map_err(|error| self.link_error(error))
    }

    fn take(&mut self, event: Event, answer: &mut Answer) -> Result<(), AccountError> {
        self.apply(&event);
        match event {
            Event::Completed {
                tag,
                status,
                code,
                text,
            } => {
                self.talked_at = Instant::now();
                if let Some(done) = answer.completions.iter_mut().find(|c| c.tag == tag) {
                    done.status = Some(status);
                    done.code = code;
                    done.text = text;
                }
            }
            Event::Fetch(data) => answer.fetched.push(data),
            Event::List(data) => answer.lists.push(data),
            Event::Status(data) => answer.statuses.push(data),
            Event::Search(data) => answer.found = data.found,
            Event::Untagged {
                code: Some(code), ..
            } => answer.untagged_codes.push(code),
            Event::LiteralStart { id, .. } => {
                answer.literals.insert(id, BytesMut::new());
            }
            Event::LiteralChunk { id, bytes } => {
                answer.literal_bytes = answer.literal_bytes.saturating_add(bytes.len());
                if answer.literal_bytes > LITERALS_MAX_BYTES {
                    return Err(self.link(LinkError::Imap(imap::Error::Limit(
                        mail_proto::OverLimit {
                            what: "literal",
                            max: LITERALS_MAX_BYTES as u64,
                        },
                    ))));
                }
                if let Some(literal) = answer.literals.get_mut(&id) {
                    literal.extend_from_slice(&bytes);
                }
            }
            Event::Bye { code, text } => {
                self.is_over = true;
                return Err(self.refused(code.as_ref(), &text));
            }
            _ => {}
        }
        Ok(())
    }

    fn apply(&mut self, event: &Event) {
        if let Some(selected) = &mut self.selected {
            selected.apply(event);
        }
    }

    fn link_error(&self, error: Error<<Client as Machine>::Error>) -> AccountError {
        self.link(match error {
            Error::Protocol(imap::Error::Rejected { reply, .. }) => {
                return self.refused(reply.code.as_ref(), &reply.text);
            }
            Error::Protocol(imap::Error::Closed) | Error::Closed => LinkError::Closed,
            Error::Protocol(error) => LinkError::Imap(error),
            Error::Tls(error) => LinkError::Tls(error),
            Error::Deadline { phase } => LinkError::Deadline(phase),
            _ => LinkError::Closed,
        })
    }

    fn link(&self, error: LinkError) -> AccountError {
        AccountError::Link {
            side: Side::Incoming,
            endpoint: self.endpoint.clone(),
            error,
        }
    }

    fn closed(&self) -> AccountError {
        self.link(LinkError::Closed)
    }

    fn refused(&self, code: Option<&Code>, text: &str) -> AccountError {
        AccountError::Refused {
            side: Side::Incoming,
            endpoint: self.endpoint.clone(),
            reply: reply_of(code, None, text),
        }
    }

    fn refused_by(&self, done: &Completion) -> AccountError {
        AccountError::Refused {
            side: Side::Incoming,
            endpoint: self.endpoint.clone(),
            reply: reply_of(done.code.as_ref(), done.status, &done.text),
        }
    }
}

fn reply_of(code: Option<&Code>, status: Option<Status>, text: &str) -> ServerReply {
    let word = match status {
        Some(Status::Ok) => "OK ",
        Some(Status::No) => "NO ",
        Some(Status::Bad) => "BAD ",
        None => "BYE ",
    };
    let response_code = code.map(|code| code.name().to_owned());
    let bracket = response_code
        .as_ref()
        .map_or_else(String::new, |name| format!("[{name}] "));
    ServerReply {
        code: None,
        enhanced: None,
        text: format!("{word}{bracket}{text}"),
        response_code,
    }
}

/// The set of some UIDs, ranges where they follow each other.
pub(super) fn uid_set(uids: &[Uid]) -> Option<SequenceSet> {
    let mut sorted = uids.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    SequenceSet::from_numbers(sorted)
}
