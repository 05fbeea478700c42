//! Connections that end, and TLS handshakes that fail: the same in every protocol.

use mail_net::TlsError;

use crate::case::{Class, Do, Expected, Hears, Mode, Place as _, Protocol, Table, fails_tls};
use crate::certificates::bad_certificates;

/// Delays a script at a handshake until the client's hello has begun; an earlier byte would count
/// as plaintext after STARTTLS.
pub(crate) fn at<P: Protocol>(place: P::Place, mut script: Vec<Do>) -> Vec<Do> {
    if place.is_handshake() {
        script.insert(0, Do::Hear(Hears::Bytes(5)));
    }
    script
}

/// Adds the cases of the three ways in which a server ends a connection.
pub(crate) fn ends<P: Protocol>(table: &mut Table<P>, lost: impl Fn(P::Place) -> Expected<P>) {
    for place in P::Place::ALL {
        for (class, end) in [
            (Class::Fin, Do::Fin),
            (Class::Rst, Do::Rst),
            (Class::HalfClose, Do::HalfClose),
        ] {
            let script = at::<P>(*place, vec![end]);
            table.case(class, *place, script, lost(*place));
        }
    }
}

/// Adds the cases of certificates that must be refused.
pub(crate) fn certificates<P: Protocol>(
    table: &mut Table<P>,
    fails: impl Fn(TlsError) -> Expected<P>,
) {
    let class = Class::BadCertificate;
    for place in P::Place::HANDSHAKES {
        for (variant, certificate, error) in bad_certificates() {
            let script = vec![Do::Handshake(certificate)];
            table.variant(class, *place, variant, script, fails(error));
        }
    }
    let others = P::Place::spoken();
    table.never(
        class,
        &others,
        "a certificate is shown in the handshake alone",
    );
}

/// Adds cases with `words` below TLS, at every place with TLS.
pub(crate) fn garbage<P: Protocol>(
    table: &mut Table<P>,
    words: &'static [u8],
    lost: impl Fn(P::Place) -> Expected<P>,
) {
    let class = Class::TlsGarbage;
    for place in P::Place::all_but(P::Place::BEFORE_TLS) {
        let script = at::<P>(place, vec![Do::BelowTls(words), Do::Stall]);
        let expected = if place.is_handshake() {
            fails_tls(TlsError::NotTls)
        } else {
            lost(place)
        };
        let mode = match place.mode() {
            Mode::Bare => Mode::Implicit,
            mode => mode,
        };
        table.in_mode(mode, class, place, "", script, expected);
    }
    table.never(class, P::Place::BEFORE_TLS, "TLS has not begun");
}
