//! How a message is encrypted or signed, as its structure declares it.

use super::{DEPTH_MAX, Part, order};

/// Maximum size of a text that has no content but line ends, in bytes.
const EMPTY_TEXT_BYTES: u64 = 4;

/// How the content of a message is encrypted or signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sealed {
    /// Encrypted by S/MIME (RFC 8551 §3.3).
    SmimeEncrypted,
    /// Signed by S/MIME, the content inside the signature (RFC 8551 §3.5.2).
    SmimeSigned,
    /// S/MIME certificates without content (RFC 8551 §3.8).
    SmimeCertificates,
    /// Encrypted, signed or compressed by S/MIME; which of these is unknown.
    Smime,
    /// Encrypted by `OpenPGP` (RFC 3156 §4).
    OpenPgp,
    /// Encrypted by another protocol (RFC 1847 §2.2).
    Other,
}

/// The protocol of a signature beside the content that it signs (RFC 1847 §2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureKind {
    /// S/MIME (RFC 8551 §3.5.3).
    Smime,
    /// `OpenPGP` (RFC 3156 §5).
    OpenPgp,
    /// Another protocol.
    Other,
}

impl Part {
    /// Returns how the content of the message is encrypted or signed, if the message has no other
    /// content.
    pub fn sealed(&self) -> Option<Sealed> {
        self.sealed_part().map(|(_, sealed)| sealed)
    }

    /// Returns the S/MIME part that stands in place of the text, if it may be readable without a
    /// key. A part below a text is a file, such as a message that was saved and attached.
    pub(crate) fn smime_text(&self) -> Option<&Self> {
        let (part, sealed) = self.sealed_part()?;
        if !matches!(sealed, Sealed::SmimeSigned | Sealed::Smime) {
            return None;
        }
        let texts = self.readable().texts.into_iter();
        let is_first = texts
            .filter(|text| text.size_bytes > EMPTY_TEXT_BYTES)
            .all(|text| order(&part.section) < order(&text.section));
        is_first.then_some(part)
    }

    /// Returns what this part declares itself to be; `None` if it is not S/MIME.
    pub(crate) fn smime(&self) -> Option<Sealed> {
        match self.media_type.as_str() {
            "application/pkcs7-mime" | "application/x-pkcs7-mime" => {
                let kind = self.params.value("smime-type").unwrap_or_default();
                Some(match kind.trim().to_ascii_lowercase().as_str() {
                    "enveloped-data" | "authenveloped-data" => Sealed::SmimeEncrypted,
                    "signed-data" => Sealed::SmimeSigned,
                    "certs-only" => Sealed::SmimeCertificates,
                    _ => Sealed::Smime,
                })
            }
            // Microsoft's programs sometimes send S/MIME under this type.
            "application/octet-stream" => {
                let name = self.name.as_deref().unwrap_or_default();
                let is_smime = name.to_ascii_lowercase().ends_with(".p7m");
                is_smime.then_some(Sealed::Smime)
            }
            _ => None,
        }
    }

    /// Returns the protocol by which the message is signed, its signature beside the content. The
    /// signature is not verified.
    pub fn signature(&self) -> Option<SignatureKind> {
        let mut part = self;
        for _ in 0..DEPTH_MAX {
            if part.media_type == "multipart/signed" {
                let protocol = part.params.value("protocol").unwrap_or_default();
                return Some(match protocol.trim().to_ascii_lowercase().as_str() {
                    "application/pkcs7-signature" | "application/x-pkcs7-signature" => {
                        SignatureKind::Smime
                    }
                    "application/pgp-signature" => SignatureKind::OpenPgp,
                    _ => SignatureKind::Other,
                });
            }
            // Mailing lists add parts below it.
            part = part.children.first()?;
        }
        None
    }

    fn sealed_part(&self) -> Option<(&Self, Sealed)> {
        let mut part = self;
        // Mailing lists and gateways wrap it in a multipart, beside the parts they add.
        for _ in 0..DEPTH_MAX {
            if part.media_type == "multipart/encrypted" {
                let protocol = part.params.value("protocol").unwrap_or_default();
                let sealed = match protocol.trim().to_ascii_lowercase().as_str() {
                    "application/pgp-encrypted" => Sealed::OpenPgp,
                    _ => Sealed::Other,
                };
                return Some((part, sealed));
            }
            if let Some(sealed) = part.smime() {
                return Some((part, sealed));
            }
            part = part.children.iter().find(|child| child.may_be_sealed())?;
        }
        None
    }

    fn may_be_sealed(&self) -> bool {
        self.is_multipart() || self.media_type.starts_with("application/")
    }
}
