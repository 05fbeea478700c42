//! POP3: its places, its honest session, and what the owner of a connection observes.

mod link;
mod place;
mod words;

use std::time::Duration;

use mail_net::{Connection, ConnectionEvent, Error, Phase};
use mail_proto::Limits;
use mail_proto::pop3::{self, Client, Command, CommandId, Deletions, Event, MessageNumber};
use tokio::time::timeout;

pub(crate) use self::place::Position;
use self::place::Position as P;
use crate::case::{self, Action, Expected, Input, Mode, Protocol, Table, Turn, send};
use crate::certificates::Certificate;
use crate::link::Socket;
use crate::peer::ServerLog;
use crate::scram::Scram;
use crate::secrets;

pub(crate) struct Pop3;

/// The message that is fetched.
const BODY: &str = "Subject: a message\r\n\r\n..with a dot, and an end\r\n";
/// Time of silence after which the owner ends the session.
const REST: Duration = Duration::from_secs(9 * 60);

/// What the owner of the connection observed.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    is_ready: bool,
    /// Whether the sign-in succeeded.
    is_signed_in: Option<bool>,
    /// Whether the commands of the place succeeded.
    is_done: Option<bool>,
    rows: usize,
    body_bytes: u64,
    is_body_whole: bool,
    deletions: Option<Deletions>,
}

impl Seen {
    fn record(&mut self, event: &Event) {
        match event {
            Event::Listing { rows, .. } => self.rows += rows.len(),
            Event::UniqueIds { rows, .. } => self.rows += rows.len(),
            Event::BodyChunk { bytes, .. } => self.body_bytes += bytes.len() as u64,
            Event::BodyEnd { .. } => self.is_body_whole = true,
            _ => {}
        }
    }
}

type ClientConnection = Connection<Client, Socket>;
type Outcome<T> = Result<T, Error<pop3::Error>>;

impl Protocol for Pop3 {
    type Position = Position;
    type Error = pop3::Error;
    type Machine = Client;
    type Seen = Seen;

    const NAME: &'static str = "pop3";
    const HAS_TAGS: bool = false;
    const FIRST_PHASE: Phase = Phase::SignIn;

    fn machine(mode: Mode) -> Client {
        Client::new(pop3::Config {
            tls: mode.tls(),
            allow_plaintext_login: false,
            limits: Limits::default(),
        })
    }

    fn turns(position: Position, mode: Mode) -> Vec<Turn<Position>> {
        let mut turns = opening(position, mode);
        turns.extend(signing_in(position));
        turns.extend(turns_at(position));
        turns.push(Turn::with_actions(
            P::Quit,
            Input::Line("QUIT"),
            vec![Action::Commit, send("+OK bye\r\n")],
        ));
        turns
    }

    async fn run_client(
        connection: &mut ClientConnection,
        position: Position,
        seen: &mut Seen,
    ) -> Outcome<()> {
        let result = run_commands(connection, position, seen).await;
        seen.deletions = Some(connection.machine().deletions());
        result
    }

    fn sends_password_before(position: Position) -> bool {
        !matches!(
            position,
            P::Greeting
                | P::Capa
                | P::PlainCapa
                | P::Stls
                | P::Handshake
                | P::CapaInTls
                | P::ImplicitHandshake
                | P::ScramFirst
                | P::ScramProof
                | P::AuthScram
                | P::CramMd5
                | P::AuthCram
                | P::User
                | P::Apop
        )
    }

    fn check_consistency(seen: &Seen, server_log: &ServerLog) {
        let has_marked = server_log
            .received
            .windows(4)
            .any(|window| window == b"DELE");
        assert!(
            seen.is_body_whole || !has_marked,
            "a message that was not read whole was marked as deleted"
        );
        match seen.deletions {
            Some(Deletions::Done { .. }) => {
                assert_eq!(server_log.commits, 1, "nothing was deleted")
            }
            // With this result the owner fetches the message again.
            Some(Deletions::Lost { .. }) => assert_eq!(server_log.commits, 0, "it was deleted"),
            _ => {}
        }
    }
}

fn opening(position: Position, mode: Mode) -> Vec<Turn<Position>> {
    let handshake = || vec![Action::Handshake(Certificate::Good)];
    let greeting = Turn::new(
        P::Greeting,
        Input::Nothing,
        "+OK ready <1896.697170952@peer.test>\r\n",
    );
    let capa = |at| Turn::new(at, Input::Line("CAPA"), capabilities(position));
    match mode {
        Mode::Bare => vec![greeting, capa(P::Capa)],
        Mode::Implicit => vec![
            Turn::with_actions(P::ImplicitHandshake, Input::Nothing, handshake()),
            greeting,
            capa(P::Capa),
        ],
        Mode::StartTls => vec![
            greeting,
            Turn::new(
                P::PlainCapa,
                Input::Line("CAPA"),
                "+OK\r\nSTLS\r\nSASL LOGIN\r\n.\r\n",
            ),
            Turn::new(P::Stls, Input::Line("STLS"), "+OK go\r\n"),
            Turn::with_actions(P::Handshake, Input::Nothing, handshake()),
            capa(P::CapaInTls),
        ],
    }
}

fn capabilities(position: Position) -> String {
    let further = match position {
        P::User | P::Pass => "USER\r\n",
        P::Apop => "",
        P::ScramFirst | P::ScramProof | P::AuthScram => "SASL SCRAM-SHA-256\r\n",
        P::CramMd5 | P::AuthCram => "SASL CRAM-MD5\r\n",
        P::Token => "SASL OAUTHBEARER\r\n",
        P::PipelinedUidl => "SASL PLAIN\r\nPIPELINING\r\n",
        _ => "SASL PLAIN\r\n",
    };
    format!("+OK these\r\nTOP\r\nUIDL\r\nRESP-CODES\r\n{further}.\r\n")
}

fn signing_in(position: Position) -> Vec<Turn<Position>> {
    let done = "+OK signed in\r\n";
    match position {
        P::User | P::Pass => vec![
            Turn::new(P::User, Input::Line("USER"), "+OK and?\r\n"),
            Turn::new(P::Pass, Input::Line("PASS"), done),
        ],
        P::ScramFirst | P::ScramProof | P::AuthScram => vec![
            Turn::with_actions(
                P::ScramFirst,
                Input::Line("AUTH SCRAM-SHA-256"),
                vec![Action::Scram("+ ", Scram::First)],
            ),
            Turn::with_actions(
                P::ScramProof,
                Input::Bare(""),
                vec![Action::Scram("+ ", Scram::Proof)],
            ),
            Turn::new(P::AuthScram, Input::Bare(""), done),
        ],
        P::CramMd5 | P::AuthCram => vec![
            Turn::new(
                P::CramMd5,
                Input::Line("AUTH CRAM-MD5"),
                "+ PDE4OTYuNjk3MTcwOTUyQHBlZXIudGVzdD4=\r\n",
            ),
            Turn::new(P::AuthCram, Input::Bare("YW5uQHBlZXIudGVzd"), done),
        ],
        P::Token => vec![Turn::new(position, Input::Line("AUTH OAUTHBEARER"), done)],
        P::Apop => vec![Turn::new(P::Apop, Input::Line("APOP"), done)],
        _ => vec![Turn::new(P::Auth, Input::Line("AUTH PLAIN"), done)],
    }
}

/// Returns the turns of one place.
fn turns_at(position: Position) -> Vec<Turn<Position>> {
    let one = |command, reply: &str| vec![Turn::new(position, Input::Line(command), reply)];
    let list = "+OK 2 messages\r\n1 120\r\n2 200\r\n.\r\n";
    let uidl = "+OK unique\r\n1 whqtswO00WBw418f9t5JxYwZ\r\n2 QhdPYR:00WBw1Ph7x7\r\n.\r\n";
    match position {
        P::Rest => vec![Turn::with_actions(P::Rest, Input::Nothing, Vec::new())],
        P::CapaAgain => one("CAPA", &capabilities(position)),
        P::Lang => one("LANG", "+OK these\r\nen English\r\nde Deutsch\r\n.\r\n"),
        P::Stat => one("STAT", "+OK 2 320\r\n"),
        P::List => one("LIST", list),
        P::ListOne => one("LIST 1", "+OK 1 120\r\n"),
        P::Uidl => one("UIDL", uidl),
        P::UidlOne => one("UIDL 1", "+OK 1 whqtswO00WBw418f9t5JxYwZ\r\n"),
        P::PipelinedUidl => vec![
            Turn::new(P::List, Input::Line("LIST"), list),
            Turn::new(P::PipelinedUidl, Input::Line("UIDL"), uidl),
        ],
        P::Top => one("TOP 1 0", "+OK\r\nSubject: a message\r\n\r\n.\r\n"),
        position if Position::MOVING.contains(&position) => vec![
            Turn::new(P::Retr, Input::Line("RETR 1"), "+OK 46 octets\r\n"),
            Turn::new(P::RetrBody, Input::Nothing, format!("{BODY}.\r\n")),
            Turn::new(P::Dele, Input::Line("DELE 1"), "+OK marked\r\n"),
        ],
        P::Rset => one("RSET", "+OK\r\n"),
        P::Noop => one("NOOP", "+OK\r\n"),
        _ => Vec::new(),
    }
}

/// Signs in, runs the commands of the place, and quits, as the account does.
async fn run_commands(
    connection: &mut ClientConnection,
    position: Position,
    seen: &mut Seen,
) -> Outcome<()> {
    while !seen.is_ready {
        match connection.next().await? {
            ConnectionEvent::Event(Event::Ready { .. }) => seen.is_ready = true,
            other => panic!("before it was ready: {other:?}"),
        }
    }
    let sign_in = connection.sign_in(match position {
        P::Token => secrets::token(),
        _ => secrets::credentials(),
    });
    let login = connection.machine_mut().enqueue(Command::Login(sign_in));
    seen.is_signed_in = Some(wait_for(connection, login, seen).await?);
    if seen.is_signed_in == Some(true) {
        if Position::MOVING.contains(&position) {
            seen.is_done = Some(fetch_and_delete(connection, seen).await?);
        } else if position == P::Rest {
            wait_idle(connection).await?;
        } else {
            connection.begin(position.phase());
            let commands = position.commands().into_iter();
            let ids: Vec<_> = commands
                .map(|command| connection.machine_mut().enqueue(command))
                .collect();
            let mut is_done = true;
            for id in ids {
                is_done &= wait_for(connection, id, seen).await?;
            }
            seen.is_done = Some(is_done);
        }
    }
    connection.begin(P::Quit.phase());
    connection.machine_mut().enqueue(Command::Quit);
    while let ConnectionEvent::Event(event) = connection.next().await? {
        seen.record(&event);
    }
    Ok(())
}

/// Fetches a message, and marks it as deleted if it is complete.
async fn fetch_and_delete(connection: &mut ClientConnection, seen: &mut Seen) -> Outcome<bool> {
    let number = MessageNumber::new(1).unwrap();
    connection.begin(Phase::Body);
    let retr = connection.machine_mut().enqueue(Command::Retr { number });
    if !wait_for(connection, retr, seen).await? || !seen.is_body_whole {
        return Ok(false);
    }
    connection.begin(Phase::Command);
    let dele = connection.machine_mut().enqueue(Command::Dele { number });
    wait_for(connection, dele, seen).await
}

/// Waits until a command completes; returns whether it succeeded.
async fn wait_for(
    connection: &mut ClientConnection,
    id: CommandId,
    seen: &mut Seen,
) -> Outcome<bool> {
    loop {
        let ConnectionEvent::Event(event) = connection.next().await? else {
            panic!("over before its time");
        };
        seen.record(&event);
        match event {
            Event::Completed { id: done, .. }
            | Event::Stat { id: done, .. }
            | Event::Capabilities { id: done, .. }
            | Event::BodyEnd { id: done, .. }
                if done == id =>
            {
                return Ok(true);
            }
            Event::Rejected { id: done, .. } if done == id => return Ok(false),
            Event::NotAllowedInState { .. } => panic!("out of turn"),
            _ => {}
        }
    }
}

/// Waits for data that the server sends without a pending command.
async fn wait_idle(connection: &mut ClientConnection) -> Outcome<()> {
    connection.begin(Phase::Idle);
    match timeout(REST, connection.next()).await {
        Ok(result) => match result? {
            ConnectionEvent::Event(event) => panic!("{event:?}"),
            other => panic!("{other:?}"),
        },
        Err(_) => Ok(()),
    }
}

fn completes(check: impl Fn(&Seen) + Send + Sync + 'static) -> Expected<Pop3> {
    case::completes(check)
}

fn fails(error: pop3::Error) -> Expected<Pop3> {
    case::fails(error)
}

fn hits_silence_deadline(phase: Phase) -> Expected<Pop3> {
    case::hits_silence_deadline(phase)
}

pub(crate) fn table() -> Table<Pop3> {
    let mut table = Table::new();
    link::fill(&mut table);
    words::fill(&mut table);
    table
}
