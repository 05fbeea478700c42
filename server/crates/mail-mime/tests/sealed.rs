//! Detection of encrypted and signed messages.

use mail_mime::tree::Sealed;
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
