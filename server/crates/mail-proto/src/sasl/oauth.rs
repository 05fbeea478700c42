//! The initial responses of OAUTHBEARER (RFC 7628 §3.1) and of XOAUTH2.

use super::credentials::Credentials;
use super::{Message, join};
use alloc::string::String;

/// Returns `n,a=user,^Aauth=Bearer token^A^A`. Host and port are optional and ignored by servers.
///
/// ```abnf
/// client-resp = (gs2-header kvsep *kvpair kvsep) / kvsep
/// kvpair      = key "=" value kvsep
/// kvsep       = %x01
/// gs2-header  = [gs2-nonstd-flag ","] gs2-cb-flag "," [gs2-authzid] "," ; RFC 5801 §4
/// ```
/// RFC 7628 §3.1.
pub(super) fn oauthbearer(credentials: &Credentials) -> Message {
    let user = escape(credentials.user());
    let token = credentials.token().map_or("", |token| token.expose());
    join(&[
        b"n,a=",
        user.as_bytes(),
        b",\x01auth=Bearer ",
        token.as_bytes(),
        b"\x01\x01",
    ])
}

/// Returns `user=user^Aauth=Bearer token^A^A`.
pub(super) fn xoauth2(credentials: &Credentials) -> Message {
    let user = credentials.user().as_bytes();
    let token = credentials.token().map_or("", |token| token.expose());
    join(&[
        b"user=",
        user,
        b"\x01auth=Bearer ",
        token.as_bytes(),
        b"\x01\x01",
    ])
}

/// Escapes a name for a GS2 header or a SCRAM message, where `,` and `=` separate fields
/// (RFC 5801 §4).
///
/// ```abnf
/// saslname = 1*(UTF8-char-safe / "=2C" / "=3D")
/// ```
pub(super) fn escape(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;
    use alloc::string::ToString as _;

    fn token(user: &str) -> Credentials {
        Credentials::with_token(
            user,
            Secret::new("vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="),
        )
        .unwrap()
    }

    // docs/protocols.md, Signing in, TLS and the transcript: SASLprep, OAuth, CRAM-MD5
    #[test]
    fn rfc7628_4_1_example_without_host_and_port() {
        assert_eq!(
            oauthbearer(&token("user@example.com"))
                .escape_ascii()
                .to_string(),
            r"n,a=user@example.com,\x01auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01"
        );
    }

    #[test]
    fn xoauth2_message_matches_the_documentation() {
        assert_eq!(
            xoauth2(&token("someuser@example.com"))
                .escape_ascii()
                .to_string(),
            r"user=someuser@example.com\x01auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01"
        );
    }

    #[test]
    fn a_name_cannot_add_a_field() {
        assert_eq!(escape("a,b=c"), "a=2Cb=3Dc");
    }
}
