//! Runs one case, and checks the properties of all cases.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use libtest_mimic::{Failed, Trial};
use mail_net::drive::Transport;
use mail_net::{Connection, Error, tls};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use crate::case::{Case, Mode, Protocol};
use crate::certificates::{HOST, client_config};
use crate::link::{Socket, socket_pair};
use crate::peer::{Peer, ServerLog};
use crate::secrets::{self, Transcript};

/// Maximum memory of both ends of a connection, whatever the server does.
const MEMORY_MAX_BYTES: u64 = 32 << 20;
/// Maximum duration of a session, by the paused clock.
const HANGS_AFTER: Duration = Duration::from_secs(24 * 3600);

/// Builds a test from a case.
pub(crate) fn trial<P: Protocol>(case: Case<P>) -> Trial
where
    Case<P>: Send,
{
    Trial::test(case.name(), move || {
        run(&case);
        Ok::<(), Failed>(())
    })
}

fn run<P: Protocol>(case: &Case<P>) {
    client_config();
    let slot = RefCell::new(None);
    // Counts the allocations of this thread; the whole case runs on it.
    let memory = allocation_counter::measure(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        // A panic that escaped from here would leave the counter enabled.
        let result = catch_unwind(AssertUnwindSafe(|| runtime.block_on(run_both_ends(case))));
        *slot.borrow_mut() = Some(result);
    });
    match slot.into_inner().expect("a case was played") {
        Ok(result) => result.check(case),
        Err(panic) => resume_unwind(panic),
    }
    assert!(
        memory.bytes_max < MEMORY_MAX_BYTES,
        "{} bytes were held at once",
        memory.bytes_max
    );
}

/// The result of a case.
struct CaseResult<P: Protocol> {
    result: Result<(), Error<P::Error>>,
    elapsed: Duration,
    seen: P::Seen,
    server_log: ServerLog,
    transcript: Transcript,
    /// Whether the turns before the hostile one contain the password.
    may_have_password: bool,
}

async fn run_both_ends<P: Protocol>(case: &Case<P>) -> CaseResult<P> {
    let transcript = Transcript::new();
    let (socket, theirs, reset) = socket_pair();
    let (client_guard, client_closed) = oneshot::channel();
    let turns = P::turns(case.position, case.mode);
    let peer = Peer::new(
        (theirs, reset),
        P::HAS_TAGS,
        case.mode != Mode::Bare,
        client_closed,
    );
    let started = Instant::now();
    let mut seen = P::Seen::default();
    let client = async {
        let result = timeout(
            HANGS_AFTER,
            connect_and_run(case, socket, &transcript, &mut seen),
        )
        .await;
        let elapsed = started.elapsed();
        drop(client_guard);
        (result.expect("the client hangs"), elapsed)
    };
    let peer = peer.serve(&turns, case.position, &case.script);
    let ((result, elapsed), server_log) = tokio::join!(client, peer);
    CaseResult {
        result,
        elapsed,
        seen,
        server_log,
        transcript,
        may_have_password: P::sends_password_before(case.position),
    }
}

/// Runs the owner's side of the session.
async fn connect_and_run<P: Protocol>(
    case: &Case<P>,
    socket: Socket,
    transcript: &Transcript,
    seen: &mut P::Seen,
) -> Result<(), Error<P::Error>> {
    let config = client_config();
    let transport = if case.mode == Mode::Implicit {
        // As the dialer does after the egress check.
        let stream = tls::start(&config, HOST, socket)
            .await
            .map_err(Error::Tls)?;
        Transport::Tls(Box::new(stream))
    } else {
        Transport::Plain(socket)
    };
    let machine = P::machine(case.mode);
    let mut connection = Connection::new(machine, transport, config, HOST, P::FIRST_PHASE)
        .recorded_by(transcript.recorder());
    let result = P::run_client(&mut connection, case.position, seen).await;
    if let Err(error) = &result {
        let again = connection.next().await.map(|_| ());
        assert_eq!(again, Err(error.clone()), "the error is not final");
    }
    result
}

impl<P: Protocol> CaseResult<P> {
    fn check(&self, case: &Case<P>) {
        let (expected, seen) = (&case.expected, &self.seen);
        assert_eq!(
            self.server_log.unexpected_command, None,
            "a command out of turn"
        );
        let error = self.result.as_ref().err();
        assert_eq!(error, expected.error.as_ref(), "the error; seen: {seen:?}");
        assert!(self.server_log.was_hostile, "it never came to the place");
        if let Some(expected) = expected.elapsed {
            // The clock of the runtime has a resolution of 1 ms.
            let tenths = |time: Duration| time.as_millis() / 100;
            assert_eq!(
                tenths(self.elapsed),
                tenths(expected),
                "it took {:?}",
                self.elapsed
            );
        }
        (expected.check)(seen);
        P::check_consistency(seen, &self.server_log);
        self.check_secrets();
    }

    fn check_secrets(&self) {
        let server_log = &self.server_log;
        assert!(
            !secrets::are_in(&server_log.in_clear),
            "the password left in clear"
        );
        if self.result.is_err() && !self.may_have_password {
            assert!(
                !secrets::are_in(&server_log.received),
                "the password left before the place"
            );
        }
        assert!(
            !self.transcript.has_secret(),
            "the password is in the transcript"
        );
        for response in &server_log.sasl_responses {
            // With a challenge and its response the password could be guessed offline.
            assert!(
                response.len() < 4 || !self.transcript.contains(response),
                "an answer of the sign-in is in the transcript: {response}"
            );
        }
        if let Err(error) = &self.result {
            assert!(
                !secrets::are_shown_by(error),
                "the password is in the error"
            );
            let is_tls_error = matches!(error, Error::Tls(_));
            assert!(
                is_tls_error || self.transcript.lines() > 0 || server_log.received.is_empty(),
                "there is no transcript"
            );
        }
    }
}
