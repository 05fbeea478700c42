//! COMPRESS (RFC 4978).

use mail_proto::imap::{Code, Command, Event, Status};

use crate::talk::{completed, compress, every_cut, implicit_tls, ready};

// docs/protocols.md, IMAP: COMPRESS
#[test]
fn bytes_after_the_tagged_response_to_compress_are_compressed() {
    let data = [
        &b"r1 OK DEFLATE active\r\n"[..],
        &compress(b"* 7 EXISTS\r\n* LIST () \"/\" {3}\r\nabc\r\n"),
    ]
    .concat();
    let events = every_cut(implicit_tls(), |talk| {
        ready(talk, "COMPRESS=DEFLATE");
        let tag = talk.enqueue(Command::Compress);
        talk.enqueue(Command::Noop);
        talk.client("r1 COMPRESS DEFLATE\r\n");
        assert!(!talk.is_compressed);
        talk.server(&data);
        assert!(talk.is_compressed);
        assert_eq!(completed(&talk.events, tag), Status::Ok);
        // The client sent it after compression began.
        talk.client("r2 NOOP\r\n");
        talk.server(compress(b"r2 OK done\r\n"));
    });
    assert_eq!(events[2], Event::Exists(7));
    assert!(matches!(events[3], Event::List(_)));
    assert!(matches!(events[4], Event::Completed { .. }));
}

#[test]
fn compress_waits_for_commands_in_progress_and_blocks_later_ones() {
    every_cut(implicit_tls(), |talk| {
        ready(talk, "COMPRESS=DEFLATE IDLE");
        talk.enqueue(Command::Noop);
        talk.enqueue(Command::Compress);
        talk.enqueue(Command::Namespace);
        talk.client("r1 NOOP\r\n");
        talk.server("r1 OK done\r\n");
        talk.client("r2 COMPRESS DEFLATE\r\n");
        talk.server("* OK still here\r\n");
        talk.expect_no_output();
        talk.server("r2 OK active\r\n");
        talk.client("r3 NAMESPACE\r\n");
    });
}

#[test]
fn a_refusal_to_compress_leaves_the_connection_as_it_was() {
    for (reply, code) in [
        (
            "r1 NO [COMPRESSIONACTIVE] DEFLATE active via TLS\r\n",
            Some(Code::CompressionActive),
        ),
        ("r1 BAD unknown command\r\n", None),
    ] {
        let events = every_cut(implicit_tls(), |talk| {
            ready(talk, "COMPRESS=DEFLATE");
            talk.enqueue(Command::Compress);
            talk.enqueue(Command::Noop);
            talk.client("r1 COMPRESS DEFLATE\r\n");
            talk.server(reply);
            assert!(!talk.is_compressed);
            talk.client("r2 NOOP\r\n");
            talk.server("r2 OK done\r\n");
        });
        assert!(
            matches!(&events[1], Event::Completed { code: found, .. } if *found == code),
            "{reply}"
        );
    }
}

#[test]
fn nothing_is_compressed_behind_bye() {
    every_cut(implicit_tls(), |talk| {
        ready(talk, "COMPRESS=DEFLATE");
        talk.enqueue(Command::Compress);
        talk.client("r1 COMPRESS DEFLATE\r\n");
        talk.server("* BYE shutting down\r\nr1 OK active\r\n");
        assert!(!talk.is_compressed);
        talk.expect_done();
    });
}
