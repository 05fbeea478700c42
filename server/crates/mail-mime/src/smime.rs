//! Opens S/MIME content that needs no key: what is inside a signature, and what is compressed
//! (application/pkcs7-mime; RFC 8551 §3, RFC 5652, RFC 3274).
//!
//! Nothing is verified: signatures and certificates are not read. The content precedes both, so
//! damage behind it does not matter. Programs write BER with indefinite lengths and octet strings
//! in pieces, which the crate bcder reads.

use std::convert::Infallible;
use std::io::Read as _;

use bcder::decode::{Constructed, Content, DecodeError, SliceSource};
use bcder::{Mode, Oid, Tag};
use flate2::read::ZlibDecoder;

/// The limits of one part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SmimeLimits {
    /// Maximum number of octets of the part. A larger part is not opened.
    pub input_bytes: usize,
    /// Maximum number of octets of decompressed content. Larger content is not returned.
    pub inflated_bytes: usize,
}

impl SmimeLimits {
    /// The default limits of the product.
    pub const DEFAULT: Self = Self {
        input_bytes: 12 << 20,
        inflated_bytes: 12 << 20,
    };
}

impl Default for SmimeLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What a part holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Smime {
    /// The MIME entity inside a signature, which is not verified (RFC 8551 §3.5.2).
    Signed(Vec<u8>),
    /// The MIME entity that was compressed (RFC 8551 §3.6).
    Compressed(Vec<u8>),
    /// A signature of content that is elsewhere (RFC 5652 §5.2).
    Detached,
    /// Certificates or revocation lists without content or signature (RFC 8551 §3.8).
    Certificates,
    /// Encrypted content (RFC 8551 §3.3, §3.4).
    Encrypted,
    /// The part, or its decompressed content, is over the limits.
    OverLimit,
    /// Damaged, of another type, or not S/MIME.
    Unreadable,
}

/// Maximum nesting depth of an octet string in pieces. Programs write 1.
const PIECES_DEPTH_MAX: usize = 8;
/// Maximum nesting depth of a value that is not read, such as a certificate.
const SKIPPED_DEPTH_MAX: usize = 100;

// Contents of object identifiers: 1.2.840.113549.1.7.x (RFC 5652, PKCS #7) and
// 1.2.840.113549.1.9.16.1.x.
const DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
const SIGNED_DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
const ENVELOPED_DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03";
const SIGNED_AND_ENVELOPED_DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x04";
const ENCRYPTED_DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06";
const COMPRESSED_DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x09";
const AUTH_ENVELOPED_DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17";

/// Opens a part, given its decoded octets.
pub fn open(octets: &[u8], limits: &SmimeLimits) -> Smime {
    if octets.len() > limits.input_bytes {
        return Smime::OverLimit;
    }
    let mut found = Found::default();
    // What was found before an error counts: see `signed_data`.
    let _ = Mode::Ber.decode(octets, |cons| found.content_info(cons));
    match (found.kind, found.content) {
        (Some(Kind::Encrypted), _) => Smime::Encrypted,
        (Some(Kind::Signed), Some(content)) => Smime::Signed(content),
        (Some(Kind::Signed), None) => match found.has_signers {
            Some(true) => Smime::Detached,
            Some(false) => Smime::Certificates,
            None => Smime::Unreadable,
        },
        (Some(Kind::Compressed), Some(content)) => inflate(&content, limits.inflated_bytes),
        (Some(Kind::Compressed) | None, _) => Smime::Unreadable,
    }
}

fn inflate(zlib: &[u8], max_bytes: usize) -> Smime {
    let mut out = Vec::new();
    let max = u64::try_from(max_bytes).unwrap_or(u64::MAX);
    let mut decoder = ZlibDecoder::new(zlib).take(max.saturating_add(1));
    match decoder.read_to_end(&mut out) {
        Ok(_) if out.len() > max_bytes => Smime::OverLimit,
        Ok(_) => Smime::Compressed(out),
        Err(_) => Smime::Unreadable,
    }
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Signed,
    Compressed,
    Encrypted,
}

type Values<'a, 's> = Constructed<'a, SliceSource<'s>>;
type Result<T> = std::result::Result<T, DecodeError<Infallible>>;

/// What was read so far.
#[derive(Debug, Default)]
struct Found {
    kind: Option<Kind>,
    content: Option<Vec<u8>>,
    has_signers: Option<bool>,
}

impl Found {
    /// ```text
    /// ContentInfo ::= SEQUENCE { contentType ContentType, content [0] EXPLICIT ANY }
    /// ```
    fn content_info(&mut self, cons: &mut Values<'_, '_>) -> Result<()> {
        cons.take_sequence(|cons| {
            let content_type = Oid::take_from(cons)?;
            let kind = match content_type.as_ref() {
                SIGNED_DATA => Kind::Signed,
                COMPRESSED_DATA => Kind::Compressed,
                ENVELOPED_DATA
                | AUTH_ENVELOPED_DATA
                | ENCRYPTED_DATA
                | SIGNED_AND_ENVELOPED_DATA => Kind::Encrypted,
                _ => return Err(cons.content_err("another content type")),
            };
            self.kind = Some(kind);
            cons.take_constructed_if(Tag::CTX_0, |cons| match kind {
                Kind::Signed => cons.take_sequence(|cons| self.signed_data(cons)),
                Kind::Compressed => cons.take_sequence(|cons| self.compressed_data(cons)),
                Kind::Encrypted => Ok(()),
            })
        })
    }

    /// ```text
    /// SignedData ::= SEQUENCE {
    ///   version CMSVersion,
    ///   digestAlgorithms SET OF DigestAlgorithmIdentifier,
    ///   encapContentInfo EncapsulatedContentInfo,
    ///   certificates [0] IMPLICIT CertificateSet OPTIONAL,
    ///   crls [1] IMPLICIT RevocationInfoChoices OPTIONAL,
    ///   signerInfos SET OF SignerInfo }
    /// ```
    fn signed_data(&mut self, cons: &mut Values<'_, '_>) -> Result<()> {
        cons.take_primitive_if(Tag::INTEGER, |version| version.skip_all())?;
        cons.take_constructed_if(Tag::SET, skip_all)?;
        cons.take_sequence(|cons| self.encapsulated(cons))?;
        if self.content.is_some() {
            // The rest is not read. The decoder reports that, and the caller expects it.
            return Ok(());
        }
        cons.take_opt_constructed_if(Tag::CTX_0, skip_all)?;
        cons.take_opt_constructed_if(Tag::CTX_1, skip_all)?;
        cons.take_constructed_if(Tag::SET, |signers| {
            self.has_signers = Some(skip(signers)?);
            skip_all(signers)
        })
    }

    /// ```text
    /// CompressedData ::= SEQUENCE {
    ///   version CMSVersion,
    ///   compressionAlgorithm CompressionAlgorithmIdentifier,
    ///   encapContentInfo EncapsulatedContentInfo }
    /// ```
    ///
    /// The only algorithm is zlib, which has a header of its own.
    fn compressed_data(&mut self, cons: &mut Values<'_, '_>) -> Result<()> {
        cons.take_primitive_if(Tag::INTEGER, |version| version.skip_all())?;
        cons.take_sequence(skip_all)?;
        cons.take_sequence(|cons| self.encapsulated(cons))
    }

    /// ```text
    /// EncapsulatedContentInfo ::= SEQUENCE {
    ///   eContentType ContentType,
    ///   eContent [0] EXPLICIT OCTET STRING OPTIONAL }
    /// ```
    ///
    /// A MIME entity has the type of data; other types are receipts, time stamps and code.
    fn encapsulated(&mut self, cons: &mut Values<'_, '_>) -> Result<()> {
        let content_type = Oid::take_from(cons)?;
        if content_type.as_ref() != DATA {
            return Err(cons.content_err("not a MIME entity"));
        }
        cons.take_opt_constructed_if(Tag::CTX_0, |cons| {
            let mut content = Vec::new();
            cons.take_value_if(Tag::OCTET_STRING, |value| append(value, 0, &mut content))?;
            self.content = Some(content);
            Ok(())
        })?;
        Ok(())
    }
}

/// Appends the octets of a string, which may be in pieces (X.690 §8.7).
fn append(value: &mut Content<'_, SliceSource<'_>>, depth: usize, out: &mut Vec<u8>) -> Result<()> {
    match value {
        Content::Primitive(piece) => piece.with_slice_all(|octets| {
            out.extend_from_slice(octets);
            Ok::<_, &'static str>(())
        }),
        Content::Constructed(cons) if depth < PIECES_DEPTH_MAX => {
            let mut next =
                || cons.take_opt_value_if(Tag::OCTET_STRING, |value| append(value, depth + 1, out));
            while next()?.is_some() {}
            Ok(())
        }
        Content::Constructed(cons) => Err(cons.content_err("pieces of pieces")),
    }
}

/// Skips the next value, and returns whether there was one. The decoder keeps a record for each
/// level of nesting.
fn skip(cons: &mut Values<'_, '_>) -> Result<bool> {
    let skipped = cons.skip_opt(|_, _, depth| match depth < SKIPPED_DEPTH_MAX {
        true => Ok(()),
        false => Err("nested too deep".into()),
    });
    Ok(skipped?.is_some())
}

/// Skips all values. [`Constructed::skip_all`] does not accept the end of an indefinite length.
fn skip_all(cons: &mut Values<'_, '_>) -> Result<()> {
    while skip(cons)? {}
    Ok(())
}

#[cfg(test)]
mod tests;
