//! Detection of encrypted and signed messages.

use mail_mime::tree::{Sealed, SignatureKind};
use mail_mime::{Limits, Message};

#[test]
fn the_kind_of_a_sealed_message_is_recognized() {
    let sealed = |header: &str| {
        let raw = format!(
            "Content-Type: {header}\r\n\r\n--b\r\nContent-Type: application/pkcs7-mime\r\n\r\nx\r\n--b--\r\n"
        );
        let message = Message::parse(raw.as_bytes(), &Limits::DEFAULT).unwrap();
        message.root().sealed()
    };
    for (header, expected) in [
        (
            "application/pkcs7-mime; smime-type=enveloped-data",
            Some(Sealed::SmimeEncrypted),
        ),
        (
            "application/x-pkcs7-mime; smime-type=signed-data",
            Some(Sealed::SmimeSigned),
        ),
        (
            "application/pkcs7-mime; smime-type=authEnveloped-data",
            Some(Sealed::SmimeEncrypted),
        ),
        (
            "application/pkcs7-mime; smime-type=certs-only; name=smime.p7c",
            Some(Sealed::SmimeCertificates),
        ),
        ("application/pkcs7-mime", Some(Sealed::Smime)),
        (
            "application/octet-stream; name=smime.p7m",
            Some(Sealed::Smime),
        ),
        (
            "multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b",
            Some(Sealed::OpenPgp),
        ),
        ("multipart/encrypted; boundary=b", Some(Sealed::Other)),
        ("multipart/mixed; boundary=b", Some(Sealed::Smime)),
        ("application/pdf", None),
        ("text/plain", None),
    ] {
        assert_eq!(sealed(header), expected, "{header}");
    }
}

#[test]
fn the_protocol_of_a_signature_beside_the_content_is_recognized() {
    let signature = |header: &str| {
        let inner =
            "Content-Type: multipart/signed; boundary=c; protocol=\"application/pgp-signature\"";
        let raw = format!(
            "Content-Type: {header}; boundary=b\r\n\r\n--b\r\n{inner}\r\n\r\n--c\r\n\r\nx\r\n--c--\r\n--b\r\n\r\nfooter\r\n--b--\r\n"
        );
        let message = Message::parse(raw.as_bytes(), &Limits::DEFAULT).unwrap();
        message.root().signature()
    };
    for (header, expected) in [
        (
            "multipart/signed; protocol=\"application/pkcs7-signature\"",
            Some(SignatureKind::Smime),
        ),
        (
            "multipart/signed; protocol=\"Application/X-PKCS7-Signature\"",
            Some(SignatureKind::Smime),
        ),
        (
            "multipart/signed; protocol=\"application/pgp-signature\"",
            Some(SignatureKind::OpenPgp),
        ),
        ("multipart/signed", Some(SignatureKind::Other)),
        ("multipart/mixed", Some(SignatureKind::OpenPgp)),
        ("text/plain", None),
    ] {
        assert_eq!(signature(header), expected, "{header}");
    }
}
