//! Messages: append, fetch, flags, copy, move and expunge.

use bytes::Bytes;
use mail_proto::imap::{
    BodyStructure, Capability, Code, Command, FetchItem, FetchedItem, Flag, Keyword, Mailbox,
    PartNumber, SearchKey, Section, SequenceSet, Status, Store, StoreMode,
};

use super::super::imap_session::{Imap, mailbox, uids, whole};
use super::super::machine::Authority;
use super::super::message;
use super::everything;

const MULTIPART: &[u8] = b"From: ben@servers.test\r\nSubject: parts\r\nMIME-Version: 1.0\r\n\
    Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
    Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
    Gr=C3=BC=C3=9Fe\r\n--b\r\n\
    Content-Type: application/octet-stream; name=\"a b.bin\"\r\n\
    Content-Disposition: attachment; filename=\"a b.bin\"\r\n\
    Content-Transfer-Encoding: base64\r\n\r\nAAEC/w0KAA==\r\n--b--\r\n";

#[tokio::test]
async fn five_megabytes_are_appended_and_fetched_as_streams_byte_for_byte() {
    let authority = Authority::new();
    let dovecot = everything(&authority);
    let mut imap = Imap::signed_in(&authority, dovecot.imaps).await;
    let lines = (0_u32..).map(|n| format!("{n:010} {}\r\n", n.wrapping_mul(2_654_435_761)));
    let mut big = message("big");
    for line in lines {
        if big.len() + line.len() > 5 << 20 {
            break;
        }
        big.extend_from_slice(line.as_bytes());
    }
    let appended = imap.append(&Mailbox::inbox(), &big).await;
    let Some(Code::AppendUid { uids, .. }) = appended.code else {
        panic!("{appended:?}")
    };
    imap.ok(Command::Select(Mailbox::inbox())).await;
    let responses = imap.fetch(uids.clone(), whole()).await;
    assert!(responses.bodies() == [big.clone()], "not what was stored");
    let piece = FetchItem::BodyPeek {
        section: Section::message(),
        partial: Some((3 << 20, 100_000)),
    };
    let responses = imap.fetch(uids, vec![piece]).await;
    assert!(
        responses.bodies() == [big[3 << 20..][..100_000].to_vec()],
        "not the piece"
    );
    imap.log_out().await;
}

#[tokio::test]
async fn with_literal_plus_a_small_message_is_sent_without_a_continuation() {
    let authority = Authority::new();
    let dovecot = everything(&authority);
    let mut imap = Imap::signed_in(&authority, dovecot.imaps).await;
    imap.append(&Mailbox::inbox(), &message("one")).await;
    let transcript = imap.transcript();
    assert!(transcript.contains("+}"), "{transcript}");
    assert!(!transcript.contains("< + "), "{transcript}");
    assert_eq!(imap.status_of(&Mailbox::inbox()).await.messages, Some(1));
}

// docs/protocols.md, IMAP: BINARY, PREVIEW, SAVEDATE, OBJECTID, X-GM-EXT-1
#[tokio::test]
async fn envelope_structure_dates_and_sizes_of_a_message_are_read() {
    let authority = Authority::new();
    let dovecot = everything(&authority);
    let mut imap = Imap::signed_in(&authority, dovecot.imaps).await;
    imap.append(&Mailbox::inbox(), MULTIPART).await;
    imap.ok(Command::Select(Mailbox::inbox())).await;
    let items = vec![
        FetchItem::Uid,
        FetchItem::Flags,
        FetchItem::InternalDate,
        FetchItem::Rfc822Size,
        FetchItem::Envelope,
        FetchItem::BodyStructure,
        FetchItem::ModSeq,
        FetchItem::Preview { lazy: false },
        FetchItem::SaveDate,
        FetchItem::BodyPeek {
            section: Section::header_fields(&["Subject"]),
            partial: None,
        },
    ];
    let responses = imap.fetch(SequenceSet::all(), items).await;
    let messages = responses.messages();
    let [data] = messages[..] else {
        panic!("{responses:?}")
    };
    assert!(data.flags().expect("flags").contains(&Flag::Seen));
    assert!(data.mod_seq().is_some(), "{data:?}");
    let envelope = data.envelope().expect("an envelope");
    assert_eq!(envelope.subject(), Some(&b"parts"[..]));
    let Some(BodyStructure::Multipart(multipart)) = data.body_structure() else {
        panic!("{data:?}")
    };
    assert_eq!(multipart.media_subtype, "mixed");
    let parts = data.body_structure().expect("a structure").parts();
    assert_eq!(parts[0].1.encoding, "quoted-printable");
    let attachment = parts[1].1.disposition.as_ref().expect("a disposition");
    assert_eq!(attachment.kind, "attachment");
    assert!(
        data.items
            .contains(&FetchedItem::Rfc822Size(MULTIPART.len() as u64))
    );
    assert!(
        data.items
            .contains(&FetchedItem::Preview(Some(Bytes::from("Grüße")))),
        "{data:?}"
    );
    let has_save_date = |item: &FetchedItem| matches!(item, FetchedItem::SaveDate(Some(_)));
    assert!(data.items.iter().any(has_save_date), "{data:?}");
    let is_unknown = |item: &FetchedItem| matches!(item, FetchedItem::Unknown { .. });
    assert!(!data.items.iter().any(is_unknown), "{data:?}");
    assert_eq!(responses.bodies(), ["Subject: parts\r\n\r\n"]);
}

// docs/protocols.md, IMAP: BINARY, PREVIEW, SAVEDATE, OBJECTID, X-GM-EXT-1
#[tokio::test]
async fn binary_returns_decoded_parts() {
    let authority = Authority::new();
    let dovecot = everything(&authority);
    let mut imap = Imap::signed_in(&authority, dovecot.imaps).await;
    assert!(imap.has(Capability::Binary));
    imap.append(&Mailbox::inbox(), MULTIPART).await;
    imap.ok(Command::Select(Mailbox::inbox())).await;
    let part = |number| PartNumber::new(&[number]).expect("a part");
    let items = vec![
        FetchItem::BinaryPeek {
            part: part(1),
            partial: None,
        },
        FetchItem::BinaryPeek {
            part: part(2),
            partial: None,
        },
        FetchItem::BinarySize(part(2)),
    ];
    let responses = imap.fetch(SequenceSet::all(), items).await;
    assert_eq!(
        responses.bodies(),
        [&b"Gr\xC3\xBC\xC3\x9Fe"[..], b"\0\x01\x02\xFF\r\n\0"]
    );
    let size = FetchedItem::BinarySize {
        part: part(2),
        size_bytes: 7,
    };
    assert!(
        responses.messages()[0].items.contains(&size),
        "{responses:?}"
    );
}

#[tokio::test]
async fn flags_and_keywords_are_set_and_removed() {
    let authority = Authority::new();
    let dovecot = everything(&authority);
    let mut imap = Imap::signed_in(&authority, dovecot.imaps).await;
    imap.append(&Mailbox::inbox(), &message("one")).await;
    imap.ok(Command::Select(Mailbox::inbox())).await;
    let keyword = Flag::Keyword(Keyword::new("$Forwarded").expect("a keyword"));
    let flags = vec![Flag::Flagged, keyword.clone()];
    let responses = imap.flag(uids(&[1]), flags).await;
    let reported = responses.messages()[0].flags().expect("flags").to_vec();
    for flag in [&Flag::Seen, &Flag::Flagged, &keyword] {
        assert!(reported.contains(flag), "{reported:?}");
    }
    let store = |mode, silent| {
        Command::Store(Store {
            set: uids(&[1]),
            uid: true,
            mode,
            flags: vec![Flag::Flagged],
            silent,
        })
    };
    let silent = imap.ok(store(StoreMode::Remove, true)).await;
    assert!(silent.messages().is_empty(), "{silent:?}");
    assert_eq!(imap.search(SearchKey::Flagged).await, [0; 0]);
    imap.ok(store(StoreMode::Replace, false)).await;
    assert_eq!(imap.search(SearchKey::Unseen).await, [1]);
}

#[tokio::test]
async fn copy_and_move_return_copyuid() {
    let authority = Authority::new();
    let dovecot = everything(&authority);
    let mut imap = Imap::with_three_messages(&authority, dovecot.imaps).await;
    let copy = Command::Copy {
        set: uids(&[1, 3]),
        uid: true,
        mailbox: mailbox("Archive"),
    };
    let copied = imap.ok(copy).await;
    let Some(Code::CopyUid {
        source,
        destination,
        ..
    }) = copied.code
    else {
        panic!("{copied:?}")
    };
    assert_eq!(
        (source.to_string(), destination.to_string()),
        ("1,3".into(), "1:2".into())
    );
    let r#move = Command::Move {
        set: uids(&[2]),
        uid: true,
        mailbox: mailbox("Trash"),
    };
    let moved = imap.ok(r#move).await;
    let codes = moved.events.iter().filter_map(|event| match event {
        mail_proto::imap::Event::Untagged { code, .. } => code.clone(),
        _ => None,
    });
    let mut codes = codes.chain(moved.code.clone());
    assert!(
        codes.any(|code| matches!(code, Code::CopyUid { .. })),
        "{moved:?}"
    );
    assert_eq!(imap.search(SearchKey::All).await, [1, 3]);
    assert_eq!(imap.status_of(&mailbox("Trash")).await.messages, Some(1));
    assert_eq!(imap.status_of(&mailbox("Archive")).await.messages, Some(2));
    let nowhere = imap
        .run(Command::Copy {
            set: uids(&[1]),
            uid: true,
            mailbox: mailbox("Nowhere"),
        })
        .await;
    assert_eq!(
        (nowhere.status, nowhere.code),
        (Status::No, Some(Code::TryCreate))
    );
}

#[tokio::test]
async fn uid_expunge_leaves_other_deleted_messages() {
    let authority = Authority::new();
    let dovecot = everything(&authority);
    let mut imap = Imap::with_three_messages(&authority, dovecot.imaps).await;
    imap.flag(uids(&[1, 3]), vec![Flag::Deleted]).await;
    imap.ok(Command::UidExpunge(uids(&[3]))).await;
    assert_eq!(imap.search(SearchKey::All).await, [1, 2]);
    imap.ok(Command::Expunge).await;
    assert_eq!(imap.search(SearchKey::All).await, [2]);
}

#[tokio::test]
async fn unselect_expunges_nothing_and_close_does() {
    let authority = Authority::new();
    let dovecot = everything(&authority);
    let mut imap = Imap::signed_in(&authority, dovecot.imaps).await;
    imap.append(&Mailbox::inbox(), &message("one")).await;
    imap.ok(Command::Select(Mailbox::inbox())).await;
    imap.flag(uids(&[1]), vec![Flag::Deleted]).await;
    imap.ok(Command::Unselect).await;
    assert_eq!(imap.status_of(&Mailbox::inbox()).await.messages, Some(1));
    imap.ok(Command::Select(Mailbox::inbox())).await;
    imap.ok(Command::Close).await;
    assert_eq!(imap.status_of(&Mailbox::inbox()).await.messages, Some(0));
}

#[tokio::test]
async fn examine_reports_read_only_and_changes_nothing() {
    let authority = Authority::new();
    let dovecot = everything(&authority);
    let mut imap = Imap::signed_in(&authority, dovecot.imaps).await;
    imap.append(&Mailbox::inbox(), &message("one")).await;
    let examined = imap.ok(Command::Examine(Mailbox::inbox())).await;
    assert_eq!(examined.code, Some(Code::ReadOnly), "{examined:?}");
    // Dovecot answers OK, "Store ignored with read-only mailbox".
    imap.run(Command::Store(Store {
        set: uids(&[1]),
        uid: true,
        mode: StoreMode::Add,
        flags: vec![Flag::Flagged],
        silent: false,
    }))
    .await;
    assert_eq!(imap.search(SearchKey::Flagged).await, [0; 0]);
}
