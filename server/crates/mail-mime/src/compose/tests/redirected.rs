//! Messages that are redirected, octet by octet.

use super::*;

/// Passes a message on in pieces of a length.
fn passed_on(message: &[u8], piece: usize) -> (Vec<u8>, RedirectedFacts) {
    let mut redirected = RedirectedMessage::default();
    let mut out = Vec::new();
    for octets in message.chunks(piece) {
        redirected.push(octets, &mut out);
    }
    let facts = redirected.finish(&mut out);
    (out, facts)
}

#[track_caller]
fn assert_passed_on(message: &str, expected: &str) {
    for piece in [1, 3, message.len().max(1)] {
        let (out, _) = passed_on(message.as_bytes(), piece);
        assert_eq!(
            String::from_utf8_lossy(&out),
            expected,
            "in pieces of {piece}"
        );
    }
}

#[test]
fn message_is_passed_on_as_it_is() {
    let message = built(&note(), &[]);
    let (out, facts) = passed_on(&message, 7);
    assert_eq!(out, message);
    assert_eq!(facts, RedirectedFacts::default());
}

#[test]
fn blind_copies_and_the_last_delivery_are_left_out_with_their_folded_lines() {
    assert_passed_on(
        "Return-Path: <a@x.example>\r\nReceived: by x\r\nbcc : b@x.example,\r\n\tc@x.example\r\n\
         Resent-Bcc: d@x.example\r\nBcc-Note: stays\r\n folded\r\n\r\nBcc: text\r\n",
        "Received: by x\r\nBcc-Note: stays\r\n folded\r\n\r\nBcc: text\r\n",
    );
}

#[test]
fn what_a_program_wrote_for_itself_is_left_out() {
    let mut out = Vec::new();
    let mut redirected = RedirectedMessage::without("X-Own");
    redirected.push(
        b"x-own: a\r\n b\r\nX-Owner: c\r\n\r\nX-Own: d\r\n",
        &mut out,
    );
    redirected.finish(&mut out);
    assert_eq!(out, b"X-Owner: c\r\n\r\nX-Own: d\r\n");
}

#[test]
fn line_of_an_mbox_file_is_no_field_and_an_author_is() {
    let header = "Subject: x\r\n\r\nFrom here on\r\n";
    for line in ["From a@x.example Sat Jan  3 01:05:34 1996", ">From a 1996"] {
        assert_passed_on(&format!("{line}\r\n{header}"), header);
    }
    for author in ["From: a@x.example", "From : a@x.example"] {
        let message = format!("{author}\r\n{header}");
        assert_passed_on(&message, &message);
    }
}

#[test]
fn every_line_ends_with_crlf() {
    assert_passed_on(
        "A: 1\n B\rC: 2\r\n\nx\ry\n\r\nz",
        "A: 1\r\n B\r\nC: 2\r\n\r\nx\r\ny\r\n\r\nz\r\n",
    );
    assert_passed_on("A: 1", "A: 1\r\n");
    assert_passed_on("A", "A\r\n");
    assert_passed_on("\nbody", "\r\nbody\r\n");
    assert_passed_on("", "");
}

#[test]
fn octets_that_a_server_has_to_take_are_told() {
    let facts = |message: &[u8]| passed_on(message, 2).1;
    assert!(facts("Subject: 你好\r\n\r\nx\r\n".as_bytes()).has_8bit);
    assert!(facts("A: b\r\n\r\n你好\r\n".as_bytes()).has_8bit);
    // What is left out needs nothing.
    assert!(!facts("Bcc: 你好\r\n\r\nx\r\n".as_bytes()).has_8bit);
    assert!(facts(b"A: b\r\n\r\n\0\r\n").has_nul);
}

proptest! {
    #[test]
    fn pieces_make_no_difference_and_no_line_ends_otherwise(
        message in proptest::collection::vec(
            proptest::sample::select(vec![
                "\r", "\n", "\r\n", "Bcc:", "From ", " ", "x", ":", "é", "Subject: y",
            ]),
            0..60,
        ),
        piece in 1_usize..9,
    ) {
        let message = message.concat().into_bytes();
        let (whole, facts) = passed_on(&message, message.len().max(1));
        prop_assert_eq!(passed_on(&message, piece), (whole.clone(), facts));
        let lines: Vec<&[u8]> = whole.split(|octet| *octet == b'\n').collect();
        let (last, ended) = lines.split_last().unwrap();
        prop_assert!(last.is_empty());
        for line in ended {
            prop_assert_eq!(line.iter().position(|octet| *octet == b'\r'), Some(line.len() - 1));
        }
    }
}
