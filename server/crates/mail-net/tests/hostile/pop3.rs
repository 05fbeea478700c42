//! POP3: its places, its honest session, and what the owner of a connection observes.

mod link;
mod place;
mod words;

use std::time::Duration;

use mail_net::{Connection, ConnectionEvent, Error, Phase};
use mail_proto::Limits;
use mail_proto::pop3::{self, Client, Command, CommandId, Deletions, Event, MessageNumber};
use tokio::time::timeout;

pub(crate) use self::place::Place;
use self::place::Place as P;
use crate::case::{self, Do, Expected, Hears, Mode, Protocol, Table, Turn, say};
use crate::certificates::Certificate;
use crate::link::Socket;
use crate::peer::Heard;
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
    fn take(&mut self, event: &Event) {
        match event {
            Event::Listing { rows, .. } => self.rows += rows.len(),
            Event::UniqueIds { rows, .. } => self.rows += rows.len(),
            Event::BodyChunk { bytes, .. } => self.body_bytes += bytes.len() as u64,
            Event::BodyEnd { .. } => self.is_body_whole = true,
            _ => {}
        }
    }
}

type Link = Connection<Client, Socket>;
type Outcome<T> = Result<T, Error<pop3::Error>>;

impl Protocol for Pop3 {
    type Place = Place;
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

    fn turns(place: Place, mode: Mode) -> Vec<Turn<Place>> {
        let mut turns = opening(place, mode);
        turns.extend(signing_in(place));
        turns.extend(of_place(place));
        turns.push(Turn::doing(
            P::Quit,
            Hears::Line("QUIT"),
            vec![Do::Commit, say("+OK bye\r\n")],
        ));
        turns
    }

    async fn converse(link: &mut Link, place: Place, seen: &mut Seen) -> Outcome<()> {
        let result = talk(link, place, seen).await;
        seen.deletions = Some(link.machine().deletions());
        result
    }

    fn password_leaves_before(place: Place) -> bool {
        !matches!(
            place,
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

    fn reconcile(seen: &Seen, heard: &Heard) {
        let marks = heard.received.windows(4).any(|word| word == b"DELE");
        assert!(
            seen.is_body_whole || !marks,
            "a message that was not read whole was marked as deleted"
        );
        match seen.deletions {
            Some(Deletions::Done { .. }) => assert_eq!(heard.commits, 1, "nothing was deleted"),
            // With this result the owner fetches the message again.
            Some(Deletions::Lost { .. }) => assert_eq!(heard.commits, 0, "it was deleted"),
            _ => {}
        }
    }
}

fn opening(place: Place, mode: Mode) -> Vec<Turn<Place>> {
    let handshake = || vec![Do::Handshake(Certificate::Good)];
    let greeting = Turn::new(
        P::Greeting,
        Hears::Nothing,
        "+OK ready <1896.697170952@peer.test>\r\n",
    );
    let capa = |at| Turn::new(at, Hears::Line("CAPA"), capabilities(place));
    match mode {
        Mode::Bare => vec![greeting, capa(P::Capa)],
        Mode::Implicit => vec![
            Turn::doing(P::ImplicitHandshake, Hears::Nothing, handshake()),
            greeting,
            capa(P::Capa),
        ],
        Mode::StartTls => vec![
            greeting,
            Turn::new(
                P::PlainCapa,
                Hears::Line("CAPA"),
                "+OK\r\nSTLS\r\nSASL LOGIN\r\n.\r\n",
            ),
            Turn::new(P::Stls, Hears::Line("STLS"), "+OK go\r\n"),
            Turn::doing(P::Handshake, Hears::Nothing, handshake()),
            capa(P::CapaInTls),
        ],
    }
}

fn capabilities(place: Place) -> String {
    let further = match place {
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

fn signing_in(place: Place) -> Vec<Turn<Place>> {
    let done = "+OK signed in\r\n";
    match place {
        P::User | P::Pass => vec![
            Turn::new(P::User, Hears::Line("USER"), "+OK and?\r\n"),
            Turn::new(P::Pass, Hears::Line("PASS"), done),
        ],
        P::ScramFirst | P::ScramProof | P::AuthScram => vec![
            Turn::doing(
                P::ScramFirst,
                Hears::Line("AUTH SCRAM-SHA-256"),
                vec![Do::Scram("+ ", Scram::First)],
            ),
            Turn::doing(
                P::ScramProof,
                Hears::Bare(""),
                vec![Do::Scram("+ ", Scram::Proof)],
            ),
            Turn::new(P::AuthScram, Hears::Bare(""), done),
        ],
        P::CramMd5 | P::AuthCram => vec![
            Turn::new(
                P::CramMd5,
                Hears::Line("AUTH CRAM-MD5"),
                "+ PDE4OTYuNjk3MTcwOTUyQHBlZXIudGVzdD4=\r\n",
            ),
            Turn::new(P::AuthCram, Hears::Bare("YW5uQHBlZXIudGVzd"), done),
        ],
        P::Token => vec![Turn::new(place, Hears::Line("AUTH OAUTHBEARER"), done)],
        P::Apop => vec![Turn::new(P::Apop, Hears::Line("APOP"), done)],
        _ => vec![Turn::new(P::Auth, Hears::Line("AUTH PLAIN"), done)],
    }
}

/// Returns the turns of one place.
fn of_place(place: Place) -> Vec<Turn<Place>> {
    let one = |hears, says: &str| vec![Turn::new(place, Hears::Line(hears), says)];
    let list = "+OK 2 messages\r\n1 120\r\n2 200\r\n.\r\n";
    let uidl = "+OK unique\r\n1 whqtswO00WBw418f9t5JxYwZ\r\n2 QhdPYR:00WBw1Ph7x7\r\n.\r\n";
    match place {
        P::Rest => vec![Turn::doing(P::Rest, Hears::Nothing, Vec::new())],
        P::CapaAgain => one("CAPA", &capabilities(place)),
        P::Lang => one("LANG", "+OK these\r\nen English\r\nde Deutsch\r\n.\r\n"),
        P::Stat => one("STAT", "+OK 2 320\r\n"),
        P::List => one("LIST", list),
        P::ListOne => one("LIST 1", "+OK 1 120\r\n"),
        P::Uidl => one("UIDL", uidl),
        P::UidlOne => one("UIDL 1", "+OK 1 whqtswO00WBw418f9t5JxYwZ\r\n"),
        P::PipelinedUidl => vec![
            Turn::new(P::List, Hears::Line("LIST"), list),
            Turn::new(P::PipelinedUidl, Hears::Line("UIDL"), uidl),
        ],
        P::Top => one("TOP 1 0", "+OK\r\nSubject: a message\r\n\r\n.\r\n"),
        place if Place::MOVING.contains(&place) => vec![
            Turn::new(P::Retr, Hears::Line("RETR 1"), "+OK 46 octets\r\n"),
            Turn::new(P::RetrBody, Hears::Nothing, format!("{BODY}.\r\n")),
            Turn::new(P::Dele, Hears::Line("DELE 1"), "+OK marked\r\n"),
        ],
        P::Rset => one("RSET", "+OK\r\n"),
        P::Noop => one("NOOP", "+OK\r\n"),
        _ => Vec::new(),
    }
}

/// Signs in, runs the commands of the place, and quits, as the account does.
async fn talk(link: &mut Link, place: Place, seen: &mut Seen) -> Outcome<()> {
    while !seen.is_ready {
        match link.next().await? {
            ConnectionEvent::Event(Event::Ready { .. }) => seen.is_ready = true,
            other => panic!("before it was ready: {other:?}"),
        }
    }
    let sign_in = link.sign_in(match place {
        P::Token => secrets::token(),
        _ => secrets::credentials(),
    });
    let login = link.machine_mut().enqueue(Command::Login(sign_in));
    seen.is_signed_in = Some(until(link, login, seen).await?);
    if seen.is_signed_in == Some(true) {
        if Place::MOVING.contains(&place) {
            seen.is_done = Some(moves(link, seen).await?);
        } else if place == P::Rest {
            rest(link).await?;
        } else {
            link.begin(place.phase());
            let commands = place.commands().into_iter();
            let ids: Vec<_> = commands
                .map(|command| link.machine_mut().enqueue(command))
                .collect();
            let mut is_done = true;
            for id in ids {
                is_done &= until(link, id, seen).await?;
            }
            seen.is_done = Some(is_done);
        }
    }
    link.begin(P::Quit.phase());
    link.machine_mut().enqueue(Command::Quit);
    while let ConnectionEvent::Event(event) = link.next().await? {
        seen.take(&event);
    }
    Ok(())
}

/// Fetches a message, and marks it as deleted if it is complete.
async fn moves(link: &mut Link, seen: &mut Seen) -> Outcome<bool> {
    let number = MessageNumber::new(1).unwrap();
    link.begin(Phase::Body);
    let retr = link.machine_mut().enqueue(Command::Retr { number });
    if !until(link, retr, seen).await? || !seen.is_body_whole {
        return Ok(false);
    }
    link.begin(Phase::Command);
    let dele = link.machine_mut().enqueue(Command::Dele { number });
    until(link, dele, seen).await
}

/// Waits until a command completes; returns whether it succeeded.
async fn until(link: &mut Link, id: CommandId, seen: &mut Seen) -> Outcome<bool> {
    loop {
        let ConnectionEvent::Event(event) = link.next().await? else {
            panic!("over before its time");
        };
        seen.take(&event);
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
            Event::Misplaced { .. } => panic!("out of turn"),
            _ => {}
        }
    }
}

/// Waits for data that the server sends without a pending command.
async fn rest(link: &mut Link) -> Outcome<()> {
    link.begin(Phase::Idle);
    match timeout(REST, link.next()).await {
        Ok(happening) => match happening? {
            ConnectionEvent::Event(event) => panic!("{event:?}"),
            other => panic!("{other:?}"),
        },
        Err(_) => Ok(()),
    }
}

fn goes_on(check: impl Fn(&Seen) + Send + Sync + 'static) -> Expected<Pop3> {
    case::goes_on(check)
}

fn fails(error: pop3::Error) -> Expected<Pop3> {
    case::fails(error)
}

fn falls_silent(phase: Phase) -> Expected<Pop3> {
    case::falls_silent(phase)
}

pub(crate) fn table() -> Table<Pop3> {
    let mut table = Table::new();
    link::fill(&mut table);
    words::fill(&mut table);
    table
}
