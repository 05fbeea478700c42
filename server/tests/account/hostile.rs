//! Servers that violate the protocol, at the level of the account: the reported error, the state of
//! the connection, and that everything else continues.

mod imap;
mod pop3;
mod restart;
mod smtp;

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use app::api::types::{IncomingKind, Lang};
use app::api::{ApiError, ErrorKind};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_net::TlsMode;
use server::account::SignIn;
use tracing::subscriber::DefaultGuard;

use super::parts::{Protocol, SUBJECTS};
use super::peer::{Act, Fault, Peer, advance_clock};
use super::test_server::{Page, TestAccounts, sign_in};

const ADDRESS: &str = "ann@peer.test";
const PASSWORD: &str = "Sesame-offne-dich-7731";
/// Longer than any deadline of a session except that of SMTP's final reply.
const LONG: Duration = Duration::from_secs(301);

/// An incoming and an outgoing server, accounts that may reach them, and the whole log.
struct Fixture {
    incoming: Peer,
    outgoing: Peer,
    accounts: TestAccounts,
    kind: IncomingKind,
    tls: TlsMode,
    log: Log,
    _logging: DefaultGuard,
}

impl Fixture {
    async fn new(kind: IncomingKind, tls: TlsMode) -> Self {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || writer.clone())
            .finish();
        let logging = tracing::subscriber::set_default(subscriber);
        let is_implicit = tls == TlsMode::Implicit;
        let protocol = match kind {
            IncomingKind::Imap => Protocol::Imap,
            IncomingKind::Pop3 => Protocol::Pop3,
        };
        let incoming = Peer::start(protocol, is_implicit, None).await;
        let outgoing = Peer::start(Protocol::Smtp, is_implicit, None).await;
        let accounts = TestAccounts::new(Peer::ca_pem(), vec![incoming.port, outgoing.port]).await;
        Self {
            incoming,
            outgoing,
            accounts,
            kind,
            tls,
            log,
            _logging: logging,
        }
    }

    fn sign_in(&self) -> SignIn {
        sign_in(
            ADDRESS,
            PASSWORD,
            (self.kind, self.incoming.port),
            self.outgoing.port,
            self.tls,
        )
    }

    /// Signs in and lists the inbox.
    async fn open(&self) -> Page {
        let page = self.accounts.open(self.sign_in()).await.unwrap();
        assert_eq!(subjects(&page).await, NEWEST_FIRST);
        page
    }

    /// Asserts that the log, protocol lines included, holds no password in any encoding in which it
    /// was sent.
    fn assert_no_password_in_the_log(&self, name: &str) {
        let log = String::from_utf8(self.log.0.lock().unwrap().clone()).unwrap();
        assert!(log.contains("wire"), "{name}: the wire is not in the log");
        let plain = STANDARD.encode(format!("\0{ADDRESS}\0{PASSWORD}"));
        for secret in [PASSWORD, &STANDARD.encode(PASSWORD), &plain] {
            assert!(!log.contains(secret), "{name}: {log}");
        }
    }
}

const NEWEST_FIRST: [&str; 3] = [SUBJECTS[2], SUBJECTS[1], SUBJECTS[0]];

async fn subjects(page: &Page) -> Vec<String> {
    let rows = page.rows(&page.inbox()).await;
    rows.into_iter().map(|row| row.subject).collect()
}

/// The error that the page must report.
#[derive(Debug)]
struct ExpectedError {
    kind: ErrorKind,
    /// Part of the cause.
    cause: &'static str,
}

impl ExpectedError {
    fn assert(&self, name: &str, error: &ApiError) {
        assert_eq!(error.kind, self.kind, "{name}: {error:?}");
        assert!(error.cause.contains(self.cause), "{name}: {error:?}");
        assert!(!error.fix.is_empty(), "{name}: {error:?}");
        assert!(!format!("{error:?}").contains(PASSWORD), "{name}");
    }
}

/// A server that fails during a sign-in.
struct SignInCase {
    name: &'static str,
    tls: TlsMode,
    at: &'static str,
    act: Act,
    expected: ExpectedError,
    /// Whether the password must not have been sent.
    is_password_withheld: bool,
}

impl SignInCase {
    const fn case(
        name: &'static str,
        tls: TlsMode,
        at: &'static str,
        act: Act,
        kind: ErrorKind,
        cause: &'static str,
        is_password_withheld: bool,
    ) -> Self {
        Self {
            name,
            tls,
            at,
            act,
            expected: ExpectedError { kind, cause },
            is_password_withheld,
        }
    }
}

/// A part of endless text, 64 octets long.
const XS: &str = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

/// Runs every case, with one server for each kind of TLS.
async fn all_fail_at_sign_in(kind: IncomingKind, cases: Vec<SignInCase>) {
    let is_implicit = |case: &SignInCase| case.tls == TlsMode::Implicit;
    let (implicit, starttls): (Vec<_>, Vec<_>) = cases.into_iter().partition(is_implicit);
    for (tls, cases) in [(TlsMode::Implicit, implicit), (TlsMode::StartTls, starttls)] {
        let fixture = Fixture::new(kind, tls).await;
        for case in cases {
            fails_at_sign_in(&fixture, case).await;
        }
    }
}

/// Signs in to a server that fails once, and then to the same one without a fault.
async fn fails_at_sign_in(fixture: &Fixture, case: SignInCase) {
    let name = case.name;
    let nth = fixture.incoming.connections();
    let passwords = fixture.incoming.passwords();
    let is_stall = matches!(case.act, Act::Stall(_));
    fixture.incoming.fail(Fault {
        at: case.at,
        act: case.act,
        times: 1,
    });
    let time_passes = async {
        if is_stall {
            fixture.incoming.until_failed(1).await;
            advance_clock(LONG).await;
        }
    };
    let (opened, ()) = tokio::join!(fixture.accounts.open(fixture.sign_in()), time_passes);
    let error = opened.err().unwrap_or_else(|| panic!("{name}: signed in"));
    case.expected.assert(name, &error.to_api(Lang::En));
    assert_ne!(
        error.to_api(Lang::ZhCn).cause,
        error.to_api(Lang::En).cause,
        "{name}"
    );
    fixture.incoming.until_closed(nth).await;
    assert_eq!(fixture.incoming.connections(), nth + 1, "{name}: one try");
    let sent = fixture.incoming.passwords() - passwords;
    assert_eq!(sent, usize::from(!case.is_password_withheld), "{name}");
    // The failure leaves no state: the same account signs in.
    fixture.open().await.handle.close().await;
    fixture.incoming.until_open(0).await;
    fixture.assert_no_password_in_the_log(name);
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
