use super::*;
use proptest::prelude::*;

const ALL: [TransferEncoding; 4] = [
    TransferEncoding::EightBit,
    TransferEncoding::QuotedPrintable,
    TransferEncoding::Base64,
    TransferEncoding::Unknown,
];

fn in_pieces(input: &[u8], encoding: TransferEncoding, cuts: &[usize]) -> (Vec<u8>, bool) {
    let mut out = Vec::new();
    let mut decoder = Decoder::new(encoding);
    let mut rest = input;
    for cut in cuts {
        let (head, tail) = rest.split_at((*cut).min(rest.len()));
        decoder.push(head, &mut out);
        rest = tail;
    }
    decoder.push(rest, &mut out);
    let finished = decoder.finish(&mut out);
    (out, finished.is_damaged)
}

fn base64(text: &str) -> (String, bool) {
    let (out, is_damaged) = in_pieces(text.as_bytes(), TransferEncoding::Base64, &[]);
    (String::from_utf8_lossy(&out).into_owned(), is_damaged)
}

fn qp(text: &str) -> (String, bool) {
    let (out, damaged) = in_pieces(text.as_bytes(), TransferEncoding::QuotedPrintable, &[]);
    (String::from_utf8_lossy(&out).into_owned(), damaged)
}

#[test]
fn labels_are_known_in_any_case_with_junk_after_them() {
    for (label, encoding) in [
        ("BASE64", TransferEncoding::Base64),
        (
            " quoted-printable (really)",
            TransferEncoding::QuotedPrintable,
        ),
        ("\"8bit\";", TransferEncoding::EightBit),
        ("", TransferEncoding::SevenBit),
        ("x-uuencode", TransferEncoding::Unknown),
    ] {
        assert_eq!(TransferEncoding::from_label(label), encoding, "{label}");
    }
}

#[test]
fn base64_with_damage_gives_what_can_be_read() {
    assert_eq!(base64("aGVsbG8="), ("hello".to_owned(), false));
    assert_eq!(base64("aGVs\r\nbG8=\r\n"), ("hello".to_owned(), false));
    assert_eq!(base64("aGVs*bG8"), ("hello".to_owned(), true));
    assert_eq!(base64("aGVsbG8=aGVsbG8="), ("hellohello".to_owned(), false));
    assert_eq!(base64("aGVsb"), ("hel".to_owned(), true));
    assert_eq!(base64("===="), (String::new(), false));
}

#[test]
fn quoted_printable_breaks_and_broken_escapes() {
    assert_eq!(qp("a=\r\nb=\nc= \t\r\nd"), ("abcd".to_owned(), false));
    assert_eq!(qp("caf=C3=a9 \t\r\nx"), ("café\r\nx".to_owned(), false));
    assert_eq!(qp("1=2, 3=ZZ, 4=4G"), ("1=2, 3=ZZ, 4=4G".to_owned(), true));
    assert_eq!(qp("end="), ("end".to_owned(), false));
    assert_eq!(qp("=\r=41"), ("A".to_owned(), false));
}

#[test]
fn pending_whitespace_is_limited() {
    let mut out = Vec::new();
    let mut decoder = Decoder::new(TransferEncoding::QuotedPrintable);
    decoder.push(&vec![b' '; 10_000], &mut out);
    assert!(out.len() >= 8_000);
}

#[test]
fn base64_lines_are_76_characters() {
    let mut out = Vec::new();
    let mut encoder = Encoder::new();
    encoder.push(&[0; 115], &mut out);
    encoder.finish(&mut out);
    let text = String::from_utf8(out).unwrap();
    let lengths: Vec<_> = text.split("\r\n").map(str::len).collect();
    assert_eq!(lengths, [76, 76, 4, 0]);
}

proptest! {
    #[test]
    fn runs_decode_as_their_octets_do(text in "(=[0-9a-fA-F]{2}|=|=\r\n| {1,3}|\t|\r\n|\n|\r|[a-z]{1,5}|é){0,40}") {
        let (mut out, mut pending, mut escape) = (Vec::new(), Vec::new(), Escape::None);
        let mut is_damaged = false;
        for &octet in text.as_bytes() {
            is_damaged |= quoted_printable(octet, &mut pending, &mut escape, &mut out);
        }
        let mut decoder = Decoder::new(TransferEncoding::QuotedPrintable);
        let mut decoded = Vec::new();
        decoder.push(text.as_bytes(), &mut decoded);
        prop_assert_eq!((decoded, decoder.is_damaged()), (out, is_damaged));
    }

    #[test]
    fn any_cut_decodes_as_the_whole(
        input in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..400),
            "[=A-F0-9a \t\r\n+/]{0,400}".prop_map(String::into_bytes),
        ],
        cuts in proptest::collection::vec(0usize..9, 0..60),
    ) {
        for encoding in ALL {
            let whole = in_pieces(&input, encoding, &[]);
            prop_assert_eq!(&in_pieces(&input, encoding, &cuts), &whole);
            prop_assert_eq!(&in_pieces(&input, encoding, &vec![1; input.len()]), &whole);
        }
    }

    #[test]
    fn base64_round_trips_and_its_size_is_known_in_advance(
        input in proptest::collection::vec(any::<u8>(), 0..600),
        cut in 0usize..600,
    ) {
        let mut out = Vec::new();
        let mut encoder = Encoder::new();
        let (head, tail) = input.split_at(cut.min(input.len()));
        encoder.push(head, &mut out);
        encoder.push(tail, &mut out);
        encoder.finish(&mut out);
        prop_assert_eq!(out.len() as u64, encoded_size_bytes(input.len() as u64));
        prop_assert!(out.is_empty() || out.ends_with(b"\r\n"));
        prop_assert_eq!(decode(&out, TransferEncoding::Base64), input);
    }
}
