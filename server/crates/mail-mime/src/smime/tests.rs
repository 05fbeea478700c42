use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use proptest::prelude::*;

use super::*;

const ENTITY: &[u8] = b"Content-Type: text/plain\r\n\r\nSigned words.\r\n";

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const OID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const EXPLICIT_0: u8 = 0xa0;
const PIECES: u8 = 0x24;

/// How lengths of constructed values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lengths {
    Definite,
    Indefinite,
}

use Lengths::{Definite, Indefinite};

fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = u32::try_from(content.len()).unwrap().to_be_bytes();
    let head = match content.len() {
        0..128 => vec![tag, len[3]],
        128..256 => vec![tag, 0x81, len[3]],
        _ => [&[tag, 0x84], &len[..]].concat(),
    };
    [&head, content].concat()
}

impl Lengths {
    fn value(self, tag: u8, values: &[Vec<u8>]) -> Vec<u8> {
        let content = values.concat();
        match self {
            Definite => value(tag, &content),
            Indefinite => [&[tag, 0x80], &content[..], &[0, 0]].concat(),
        }
    }

    fn content_info(self, content_type: &[u8], content: Vec<u8>) -> Vec<u8> {
        let content = self.value(EXPLICIT_0, &[content]);
        self.value(SEQUENCE, &[value(OID, content_type), content])
    }

    fn encapsulated(self, content_type: &[u8], content: Option<Vec<u8>>) -> Vec<u8> {
        let mut values = vec![value(OID, content_type)];
        values.extend(content.map(|content| self.value(EXPLICIT_0, &[content])));
        self.value(SEQUENCE, &values)
    }

    /// `SignedData` with an encapContentInfo and signers.
    fn signed(self, encapsulated: Vec<u8>, signers: &[Vec<u8>]) -> Vec<u8> {
        let algorithms = self.value(SET, &[self.value(SEQUENCE, &[value(OID, b"\x60\x01")])]);
        let certificates = self.value(EXPLICIT_0, &[self.value(SEQUENCE, &[])]);
        let values = [
            value(INTEGER, &[1]),
            algorithms,
            encapsulated,
            certificates,
            self.value(SET, signers),
        ];
        self.content_info(SIGNED_DATA, self.value(SEQUENCE, &values))
    }

    /// The entity inside a signature.
    fn opaque(self, octet_string: Vec<u8>) -> Vec<u8> {
        let signer = self.value(SEQUENCE, &[value(INTEGER, &[1])]);
        self.signed(self.encapsulated(DATA, Some(octet_string)), &[signer])
    }

    fn compressed(self, zlib: &[u8]) -> Vec<u8> {
        let algorithm = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x03\x08";
        let values = [
            value(INTEGER, &[0]),
            self.value(SEQUENCE, &[value(OID, algorithm)]),
            self.encapsulated(DATA, Some(value(OCTETS, zlib))),
        ];
        self.content_info(COMPRESSED_DATA, self.value(SEQUENCE, &values))
    }
}

/// An octet string in pieces of `len` octets, as OpenSSL writes a stream.
fn pieces(octets: &[u8], len: usize) -> Vec<u8> {
    let pieces: Vec<_> = octets
        .chunks(len)
        .map(|piece| value(OCTETS, piece))
        .collect();
    Indefinite.value(PIECES, &pieces)
}

fn zlib(octets: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(octets).unwrap();
    encoder.finish().unwrap()
}

fn opened(octets: &[u8]) -> Smime {
    open(octets, &SmimeLimits::DEFAULT)
}

fn signed_entity() -> Smime {
    Smime::Signed(ENTITY.to_vec())
}

#[test]
fn content_of_a_signature_is_returned_however_lengths_are_written() {
    for lengths in [Definite, Indefinite] {
        let whole = lengths.opaque(value(OCTETS, ENTITY));
        assert_eq!(opened(&whole), signed_entity(), "{lengths:?}");
        for len in [1, 7, 1000] {
            let whole = lengths.opaque(pieces(ENTITY, len));
            assert_eq!(opened(&whole), signed_entity(), "{lengths:?}, {len}");
        }
        let definite_pieces = value(PIECES, &value(OCTETS, ENTITY));
        assert_eq!(opened(&lengths.opaque(definite_pieces)), signed_entity());
        let nested = Indefinite.value(PIECES, &[pieces(ENTITY, 20), value(OCTETS, b"")]);
        assert_eq!(opened(&lengths.opaque(nested)), signed_entity());
    }
    let empty = Definite.opaque(value(OCTETS, b""));
    assert_eq!(opened(&empty), Smime::Signed(Vec::new()));
}

#[test]
fn stream_of_openssl_is_read() {
    // openssl cms -sign -binary -nodetach -stream -nocerts -noattr -outform DER
    let file = "\
        MIAGCSqGSIb3DQEHAqCAMIACAQExDTALBglghkgBZQMEAgEwgAYJKoZIhvcNAQcBoIAkgARHQ29udGVudC1U\
        eXBlOiB0ZXh0L3BsYWluOyBjaGFyc2V0PXV0Zi04DQoNClNpZ25lZCB3b3Jkcywgbm90IGNoZWNrZWQuDQoA\
        AAAAAAAxgZAwgY0CAQEwJjAOMQwwCgYDVQQDDANBbm4CFBqmrvbCSkQH/9Ag+OObHt2+T6daMAsGCWCGSAFl\
        AwQCATAKBggqhkjOPQQDAgRHMEUCIB2cz4N6HmrQt3ZW4Zd/Uykj+owvGoC6ER+Ib8R+jqZUAiEAhF/iZHdt\
        ALFCjJScsKmn4kQuQ70Ru3wB9xEeTAAqLcAAAAAAAAA=";
    let entity =
        b"Content-Type: text/plain; charset=utf-8\r\n\r\nSigned words, not checked.\r\n".to_vec();
    assert_eq!(
        opened(&STANDARD.decode(file).unwrap()),
        Smime::Signed(entity)
    );
}

#[test]
fn part_without_content_is_a_signature_or_certificates() {
    for lengths in [Definite, Indefinite] {
        let nothing = || lengths.encapsulated(DATA, None);
        let signer = lengths.value(SEQUENCE, &[value(INTEGER, &[1])]);
        let detached = lengths.signed(nothing(), &[signer]);
        assert_eq!(opened(&detached), Smime::Detached, "{lengths:?}");
        let certificates = lengths.signed(nothing(), &[]);
        assert_eq!(opened(&certificates), Smime::Certificates, "{lengths:?}");
    }
}

#[test]
fn encrypted_content_is_recognized_by_its_first_octets() {
    for content_type in [
        ENVELOPED_DATA,
        AUTH_ENVELOPED_DATA,
        ENCRYPTED_DATA,
        SIGNED_AND_ENVELOPED_DATA,
    ] {
        for lengths in [Definite, Indefinite] {
            let whole = lengths.content_info(content_type, lengths.value(SEQUENCE, &[]));
            assert_eq!(opened(&whole), Smime::Encrypted);
        }
    }
    let whole = Indefinite.content_info(ENVELOPED_DATA, vec![0x30, 0x80]);
    assert_eq!(opened(&whole[..20]), Smime::Encrypted);
}

#[test]
fn compressed_content_is_inflated_up_to_the_limit() {
    for lengths in [Definite, Indefinite] {
        let whole = lengths.compressed(&zlib(ENTITY));
        assert_eq!(opened(&whole), Smime::Compressed(ENTITY.to_vec()));
    }
    let limits = SmimeLimits {
        inflated_bytes: 1000,
        ..SmimeLimits::DEFAULT
    };
    for (len, is_over) in [(1000, false), (1001, true), (1 << 20, true)] {
        let whole = Definite.compressed(&zlib(&vec![b'x'; len]));
        let opened = open(&whole, &limits);
        assert_eq!(opened == Smime::OverLimit, is_over, "{len}");
    }
    let stream = zlib(ENTITY);
    for damaged in [&stream[..stream.len() - 1], b"no zlib", b""] {
        assert_eq!(opened(&Definite.compressed(damaged)), Smime::Unreadable);
    }
}

#[test]
fn other_content_is_unreadable() {
    let receipt = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x01";
    let inner = Definite.encapsulated(receipt, Some(value(OCTETS, ENTITY)));
    let digested = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x05";
    for octets in [
        Definite.signed(inner, &[]),
        Definite.content_info(digested, value(SEQUENCE, &[])),
        // PKCS #7 allows other values than octet strings.
        Definite.opaque(value(SEQUENCE, ENTITY)),
        b"-----BEGIN PKCS7-----".to_vec(),
        Vec::new(),
    ] {
        assert_eq!(opened(&octets), Smime::Unreadable);
    }
}

#[test]
fn damage_behind_the_content_does_not_hide_it() {
    for lengths in [Definite, Indefinite] {
        for string in [value(OCTETS, ENTITY), pieces(ENTITY, 9)] {
            let whole = lengths.opaque(string);
            let content_at = whole.iter().rposition(|octet| *octet == b'\n').unwrap();
            let mut seen = Vec::new();
            for len in 0..whole.len() {
                let opened = opened(&whole[..len]);
                assert!(opened == Smime::Unreadable || opened == signed_entity());
                seen.push(opened == signed_entity());
            }
            // The end of a string in pieces is 2 octets behind its content.
            assert!(!seen[..=content_at].contains(&true));
            assert!(!seen[content_at + 3..].contains(&false));
        }
    }
}

#[test]
fn part_over_the_limit_is_not_opened() {
    let whole = Definite.opaque(value(OCTETS, ENTITY));
    let limits = |input_bytes| SmimeLimits {
        input_bytes,
        ..SmimeLimits::DEFAULT
    };
    assert_eq!(open(&whole, &limits(whole.len())), signed_entity());
    assert_eq!(open(&whole, &limits(whole.len() - 1)), Smime::OverLimit);
    let large = vec![b'x'; (12 << 20) - 200];
    let whole = Indefinite.opaque(pieces(&large, 1 << 20));
    assert!(whole.len() <= SmimeLimits::DEFAULT.input_bytes);
    assert_eq!(opened(&whole), Smime::Signed(large));
}

#[test]
fn deep_nesting_is_bounded() {
    let nested = |tag: u8, depth: usize| [tag, 0x80].repeat(depth);
    for depth in [PIECES_DEPTH_MAX + 1, 1_000_000] {
        let signed = Indefinite.opaque(nested(PIECES, depth));
        assert_eq!(opened(&signed), Smime::Unreadable, "{depth}");
        assert_eq!(opened(&nested(SEQUENCE, depth)), Smime::Unreadable);
    }
    for depth in [1, PIECES_DEPTH_MAX, PIECES_DEPTH_MAX + 1] {
        let string = (0..depth).fold(value(OCTETS, ENTITY), |string, _| {
            Indefinite.value(PIECES, &[string])
        });
        let is_read = opened(&Definite.opaque(string)) == signed_entity();
        assert_eq!(is_read, depth <= PIECES_DEPTH_MAX, "{depth}");
    }
    for depth in [1, SKIPPED_DEPTH_MAX, SKIPPED_DEPTH_MAX + 1, 1_000_000] {
        let ends = [0, 0].repeat(depth);
        let signer = [nested(SEQUENCE, depth), ends].concat();
        let detached = Indefinite.signed(Definite.encapsulated(DATA, None), &[signer]);
        let is_read = opened(&detached) == Smime::Detached;
        assert_eq!(is_read, depth <= SKIPPED_DEPTH_MAX, "{depth}");
    }
}

#[test]
fn announced_lengths_are_not_believed() {
    for len in [
        &b"\x7f"[..],
        b"\x84\x7f\xff\xff\xff",
        b"\x84\xff\xff\xff\xff",
    ] {
        let string = [&[OCTETS], len, ENTITY].concat();
        assert_eq!(opened(&Indefinite.opaque(string)), Smime::Unreadable);
    }
}

proptest! {
    #[test]
    fn any_content_in_pieces_is_returned(
        octets in proptest::collection::vec(any::<u8>(), 0..2_000),
        len in 1_usize..300,
    ) {
        for lengths in [Definite, Indefinite] {
            let whole = lengths.opaque(pieces(&octets, len));
            prop_assert_eq!(opened(&whole), Smime::Signed(octets.clone()));
        }
    }

    #[test]
    fn changed_octets_never_give_more_content_than_there_is(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        is_definite in any::<bool>(),
        is_compressed in any::<bool>(),
    ) {
        let lengths = if is_definite { Definite } else { Indefinite };
        let mut whole = match is_compressed {
            true => lengths.compressed(&zlib(ENTITY)),
            false => lengths.opaque(pieces(ENTITY, 11)),
        };
        for (at, octet) in changes {
            let at = at.index(whole.len());
            whole[at] = octet;
        }
        if let Smime::Signed(content) = opened(&whole) {
            prop_assert!(content.len() < whole.len());
        }
    }

    #[test]
    fn any_octets_are_accepted(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
        opened(&octets);
        opened(&Indefinite.content_info(SIGNED_DATA, octets));
    }
}
