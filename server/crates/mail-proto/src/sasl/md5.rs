//! The MD5 digests: CRAM-MD5 (RFC 2195) and APOP (RFC 1939 §7).

use alloc::format;
use alloc::string::String;
use core::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::{Digest as _, Md5};
use zeroize::Zeroizing;

use super::credentials::Credentials;
use super::{Message, join};

/// Returns the response to a CRAM-MD5 challenge: the user name and the challenge's keyed digest.
pub(super) fn cram_md5(credentials: &Credentials, challenge: &[u8]) -> Option<Message> {
    let password = credentials.password()?;
    let mut mac = Hmac::<Md5>::new_from_slice(password.expose().as_bytes()).ok()?;
    mac.update(challenge);
    let digest = hex(&mac.finalize().into_bytes());
    Some(join(&[
        credentials.user().as_bytes(),
        b" ",
        digest.as_bytes(),
    ]))
}

/// The timestamp of a POP3 greeting, which APOP requires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Timestamp(String);

impl Timestamp {
    /// Finds the `msg-id` in the text of a greeting.
    ///
    /// ```abnf
    /// timestamp     = "<" *VCHAR ">"             ; RFC 2449 §3
    /// msg-id        = [CFWS] "<" id-left "@" id-right ">" [CFWS]
    /// id-left       = dot-atom-text / obs-id-left
    /// id-right      = dot-atom-text / no-fold-literal / obs-id-right
    /// dot-atom-text = 1*atext *("." 1*atext)
    /// ```
    /// RFC 1939 §7, RFC 5322 §3.6.4. The sides are `dot-atom-text`, their dots at any place.
    ///
    /// A timestamp without the form `<a@b>` of RFC 5322 is ignored: an attacker who can choose its
    /// octets freely can recover the password from the MD5 digests (CVE-2007-1558).
    pub(crate) fn find(greeting: &str) -> Option<Self> {
        greeting.split('<').skip(1).find_map(|after| {
            let (inside, _) = after.split_once('>')?;
            let (left, right) = inside.split_once('@')?;
            let is_atom = |text: &str| {
                let fit = |byte: u8| byte.is_ascii_graphic() && !br#"<>@()[]\,;:""#.contains(&byte);
                !text.is_empty() && text.bytes().all(fit)
            };
            (is_atom(left) && is_atom(right)).then(|| Self(format!("<{inside}>")))
        })
    }
}

/// The digest that `APOP` sends: MD5 of timestamp and password, in hex.
pub(crate) fn apop_digest(
    credentials: &Credentials,
    timestamp: &Timestamp,
) -> Option<Zeroizing<String>> {
    let password = credentials.password()?;
    let mut md5 = Md5::new();
    md5.update(timestamp.0.as_bytes());
    md5.update(password.expose().as_bytes());
    Some(Zeroizing::new(hex(&md5.finalize())))
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    fn credentials(user: &str, password: &str) -> Credentials {
        Credentials::new(user, Secret::new(password)).unwrap()
    }

    // docs/protocols.md, Signing in, TLS and the transcript: SASLprep, OAuth, CRAM-MD5
    #[test]
    fn rfc2195_2_example() {
        let response = cram_md5(
            &credentials("tim", "tanstaaftanstaaf"),
            b"<1896.697170952@postoffice.reston.mci.net>",
        );
        assert_eq!(
            *response.unwrap(),
            b"tim b913a602c7eda7a495b4e6e7334d3890".to_vec()
        );
    }

    // docs/protocols.md, POP3: APOP
    #[test]
    fn rfc1939_7_apop_example() {
        let greeting = "POP3 server ready <1896.697170952@dbc.mtview.ca.us>";
        let timestamp = Timestamp::find(greeting).unwrap();
        let digest = apop_digest(&credentials("mrose", "tanstaaf"), &timestamp).unwrap();
        assert_eq!(digest.as_str(), "c4c9334bac560ecc979e58001b3e22fb");
    }

    // docs/protocols.md, POP3: APOP
    #[test]
    fn the_timestamp_may_follow_other_angle_brackets() {
        for greeting in [
            "<host> ready <1@host>",
            "<a <1@host>",
            "<a@> <1@host> <2@host>",
        ] {
            let timestamp = Timestamp::find(greeting).expect(greeting);
            assert_eq!(timestamp.0, "<1@host>", "{greeting}");
        }
    }

    // docs/protocols.md, POP3: APOP
    #[test]
    fn a_timestamp_that_is_no_message_id_is_none() {
        for greeting in [
            "ready",
            "<>",
            "<a>",
            "<@>",
            "<a@>",
            "<a@b",
            "<a b@c>",
            "<a@b@c>",
            "<\u{1}@b>",
            "<ä@b>",
            "<a\"@b>",
        ] {
            assert_eq!(Timestamp::find(greeting), None, "{greeting:?}");
        }
    }
}
