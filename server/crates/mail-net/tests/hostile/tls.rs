//! Links that end, and TLS that does not come about: the same in every protocol.

use mail_net::TlsError;

use crate::case::{Class, Do, Expected, Hears, Mode, Place as _, Protocol, Table, fails_tls};
use crate::certificates::bad_certificates;

/// A handshake has begun when the client's hello did; before, a byte is one behind STARTTLS.
pub(crate) fn at<P: Protocol>(place: P::Place, mut script: Vec<Do>) -> Vec<Do> {
    if place.is_handshake() {
        script.insert(0, Do::Hear(Hears::Bytes(5)));
    }
    script
}

/// The three ways in which a link ends that nobody cut.
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

/// What a server shows that nobody may take.
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

/// `words` below TLS, in every place where there is TLS.
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
