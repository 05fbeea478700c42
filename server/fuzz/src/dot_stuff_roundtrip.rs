//! Round trip of a message: POP3's decoder reads what SMTP's DATA encoder writes.

use mail_proto::pop3::BodyDecoder;
use mail_proto::smtp::BodyEncoder;

/// Encodes the bytes after the first, whole and in pieces whose length comes from the first.
pub(crate) fn run(data: &[u8]) {
    let (first, message) = data.split_first().unwrap_or((&0, &[]));
    let piece_len = usize::from(*first % 16) + 1;
    let whole = encoded([message]);
    let pieces = encoded(message.chunks(piece_len));
    if message.contains(&0) {
        assert!(whole.is_none() && pieces.is_none(), "a NUL passed");
        return;
    }
    let (Some(wire), Some(pieces)) = (whole, pieces) else {
        panic!("a message without NUL was refused");
    };
    assert_eq!(wire, pieces, "a cut changed the message");
    check_wire(&wire);

    let sent = [&wire[..], b".\r\nNEXT"].concat();
    let (text, used) = decoded([&sent[..]]);
    assert_eq!(used, wire.len() + 3, "the end was seen elsewhere");
    assert_eq!(text, normalised(message));
    assert_eq!(decoded(sent.chunks(piece_len)), (text, used));

    // A server may send anything; the decoder never returns more than its input.
    let (text, used) = decoded([message]);
    assert!(used <= message.len() && text.len() <= used);
    assert_eq!(decoded(message.chunks(piece_len)), (text, used));
}

fn encoded<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Option<Vec<u8>> {
    let mut encoder = BodyEncoder::default();
    let mut wire = Vec::new();
    for piece in pieces {
        encoder.encode(piece, &mut wire).ok()?;
    }
    encoder.finish(&mut wire);
    Some(wire)
}

/// Returns the message, and the number of octets that it and its end took.
fn decoded<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<u8>, usize) {
    let mut decoder = BodyDecoder::default();
    let mut text = Vec::new();
    let mut all = 0;
    for piece in pieces {
        let (used, is_over) = decoder.decode(piece, &mut text);
        all += used;
        if is_over {
            break;
        }
        assert_eq!(
            used,
            piece.len(),
            "octets were left though the message goes on"
        );
    }
    (text, all)
}

/// Asserts that there is no bare line end and no line of a single dot, which a server could take
/// for the end.
fn check_wire(wire: &[u8]) {
    let mut before = b'\n';
    for (at, byte) in wire.iter().enumerate() {
        match byte {
            b'\n' => assert_eq!(before, b'\r', "a bare LF at {at}"),
            _ => assert!(at == 0 || before != b'\r', "a bare CR before {at}"),
        }
        before = *byte;
    }
    assert!(wire.is_empty() || wire.ends_with(b"\r\n"));
    assert!(wire.split(|byte| *byte == b'\n').all(|line| line != b".\r"));
}

/// The expected message, computed independently: each line end is CRLF, and the last line has one.
fn normalised(message: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut bytes = message.iter().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' => {
                bytes.next_if(|next| **next == b'\n');
                text.extend_from_slice(b"\r\n");
            }
            b'\n' => text.extend_from_slice(b"\r\n"),
            byte => text.push(*byte),
        }
    }
    if !text.is_empty() && !text.ends_with(b"\r\n") {
        text.extend_from_slice(b"\r\n");
    }
    text
}
