//! Connections that end, and TLS handshakes that fail: the same in every protocol.

use mail_net::TlsError;

use crate::case::{
    Action, Class, Expected, Input, Mode, Position as _, Protocol, Table, fails_tls,
};
use crate::certificates::bad_certificates;

/// Delays a script at a handshake until the client's hello has begun; an earlier byte would count
/// as plaintext after STARTTLS.
pub(crate) fn after_client_hello<P: Protocol>(
    position: P::Position,
    mut script: Vec<Action>,
) -> Vec<Action> {
    if position.is_handshake() {
        script.insert(0, Action::Await(Input::Bytes(5)));
    }
    script
}

/// Adds the cases of the three ways in which a server ends a connection.
pub(crate) fn ends<P: Protocol>(table: &mut Table<P>, lost: impl Fn(P::Position) -> Expected<P>) {
    for position in P::Position::ALL {
        for (class, end) in [
            (Class::Fin, Action::Fin),
            (Class::Rst, Action::Rst),
            (Class::HalfClose, Action::HalfClose),
        ] {
            let script = after_client_hello::<P>(*position, vec![end]);
            table.case(class, *position, script, lost(*position));
        }
    }
}

/// Adds the cases of certificates that must be refused.
pub(crate) fn certificates<P: Protocol>(
    table: &mut Table<P>,
    fails: impl Fn(TlsError) -> Expected<P>,
) {
    let class = Class::BadCertificate;
    for position in P::Position::HANDSHAKES {
        for (variant, certificate, error) in bad_certificates() {
            let script = vec![Action::Handshake(certificate)];
            table.variant(class, *position, variant, script, fails(error));
        }
    }
    let others = P::Position::replies();
    table.exclude(
        class,
        &others,
        "a certificate is shown in the handshake alone",
    );
}

/// Adds cases with `bytes` below TLS, at every place with TLS.
pub(crate) fn garbage<P: Protocol>(
    table: &mut Table<P>,
    bytes: &'static [u8],
    lost: impl Fn(P::Position) -> Expected<P>,
) {
    let class = Class::TlsGarbage;
    for position in P::Position::all_but(P::Position::BEFORE_TLS) {
        let script =
            after_client_hello::<P>(position, vec![Action::BelowTls(bytes), Action::Stall]);
        let expected = if position.is_handshake() {
            fails_tls(TlsError::NotTls)
        } else {
            lost(position)
        };
        let mode = match position.mode() {
            Mode::Bare => Mode::Implicit,
            mode => mode,
        };
        table.in_mode(mode, class, position, "", script, expected);
    }
    table.exclude(class, P::Position::BEFORE_TLS, "TLS has not begun");
}
