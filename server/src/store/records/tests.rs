use app::api::types::{
    ComposeKind, ComposeSource, FolderId, FolderRole, MessageId, OutboxId, PartId, RecipientState,
    UploadId,
};
use serde_json::Value;

use super::*;
use crate::domain::{
    AttachedFile, DialCause, ErrorCause, LinkCause, NotSentCause, Protocol, RecipientResult,
    SentCopy, Server, ServerReply, Tls, Unsupported,
};

/// Messages of version 1, one per line. Lines are added and never changed.
const MESSAGES_V1: &str = include_str!("golden/messages.v1.jsonl");
const TYPED_V1: &str = include_str!("golden/typed.v1.json");
const POSTED_V0: &str = include_str!("golden/posted.v0.json");
const POSTED_V1: &str = include_str!("golden/posted.v1.json");
const MESSAGE_V0: &str = include_str!("golden/message.v0.json");
const TYPED_V0: &str = include_str!("golden/typed.v0.json");

fn server() -> Server {
    Server {
        protocol: Protocol::Smtp,
        host: "smtp.peer.test".to_owned(),
        port: 465,
        tls: Tls::Implicit,
    }
}

fn reply(text: &str) -> ServerReply {
    ServerReply {
        code: Some(550),
        enhanced: Some("5.1.1".to_owned()),
        response_code: None,
        text: text.to_owned(),
    }
}

fn message(trouble: Option<ErrorCause>, copy: SentCopy) -> OutboxMessage {
    OutboxMessage {
        from: "ann@peer.test".to_owned(),
        subject: "Grüße 你好".to_owned(),
        host: "smtp.peer.test".to_owned(),
        message_id: "1.x@peer.test".to_owned(),
        recipients: vec![RecipientResult {
            address: "bob@peer.test".to_owned(),
            state: RecipientState::Refused,
            reply: Some(reply("550 5.1.1 no")),
        }],
        trouble,
        copy,
        attachments: vec![AttachedFile {
            spool: "BBBBBBBBBBBBBBBBBBBBBB".to_owned(),
            name: "a.txt".to_owned(),
            media_type: "text/plain".to_owned(),
            size_bytes: 3,
        }],
        source: Some(ComposeSource {
            kind: ComposeKind::ReplyAll,
            folder: FolderId::from("INBOX"),
            message: MessageId::from("7"),
        }),
        own_fields: "Bcc: dan@peer.test\r\n".to_owned(),
    }
}

fn typed() -> Typed {
    Typed {
        to: "bob@peer.test".to_owned(),
        cc: String::new(),
        bcc: "dan@peer.test".to_owned(),
        subject: "old".to_owned(),
        body: "typed\nin two lines".to_owned(),
        source: Some(ComposeSource {
            kind: ComposeKind::Forward,
            folder: FolderId::from("INBOX"),
            message: MessageId::from("7"),
        }),
        replaces: Some(OutboxId::from("x1")),
        uploads: vec![UploadId::from("BBBBBBBBBBBBBBBBBBBBBB")],
        keep_parts: vec![PartId::from("1.2")],
    }
}

/// Returns one message for each code of version 1.
fn messages() -> Vec<OutboxMessage> {
    let unsent = [
        NotSentCause::ConnectionLost,
        NotSentCause::Smtputf8Missing,
        NotSentCause::EightBitMimeMissing,
        NotSentCause::TooLarge { max_bytes: 10 },
        NotSentCause::NoRecipients,
        NotSentCause::Unreadable,
    ];
    let unsupported = [
        Unsupported::Folders,
        Unsupported::SameFolder,
        Unsupported::UndoIsOver,
        Unsupported::UnsafeExpunge,
    ];
    let mut troubles = Vec::new();
    let dials = DialCause::every().into_iter();
    troubles.extend(dials.map(|cause| ErrorCause::Dial(server(), cause)));
    let links = LinkCause::every().into_iter();
    troubles.extend(links.map(|cause| ErrorCause::Link(server(), cause)));
    troubles.extend(unsent.map(|cause| ErrorCause::NotSent {
        cause,
        words: Some("421 busy".to_owned()),
    }));
    troubles.extend(unsupported.map(ErrorCause::Unsupported));
    troubles.extend([
        ErrorCause::LoginRefused(server(), reply("535 5.7.8 no")),
        ErrorCause::Refused(Protocol::Imap, reply("NO [OVERQUOTA] full")),
        ErrorCause::Refused(Protocol::Pop3, reply("-ERR no")),
        ErrorCause::NotFound,
        ErrorCause::MissingFolder(FolderRole::Sent),
        ErrorCause::Withheld,
        ErrorCause::Overloaded,
        ErrorCause::SignedOut,
        ErrorCause::FileLost,
        ErrorCause::Internal,
        ErrorCause::Earlier { words: None },
    ]);
    let copies = [
        SentCopy::Pending,
        SentCopy::Filed(FolderId::from("Sent")),
        SentCopy::NotKept,
        SentCopy::Failed(ErrorCause::NotFound),
    ];
    let mut messages: Vec<_> = troubles
        .into_iter()
        .map(|trouble| message(Some(trouble), SentCopy::Pending))
        .collect();
    messages.extend(copies.map(|copy| message(None, copy)));
    messages
}

fn written(message: &OutboxMessage) -> String {
    serde_json::to_string(&v1::Message::from(message.clone())).unwrap()
}

#[test]
fn every_message_of_version_1_opens_and_is_written_as_ever() {
    let golden: Vec<&str> = MESSAGES_V1.lines().collect();
    let messages = messages();
    assert_eq!(golden.len(), messages.len());
    for (line, message) in golden.into_iter().zip(messages) {
        assert_eq!(
            read_message(line.as_bytes()).as_ref(),
            Ok(&message),
            "{line}"
        );
        assert_eq!(line, written(&message));
    }
}

#[test]
fn what_was_typed_opens_in_both_versions() {
    assert_eq!(read_typed(TYPED_V0.as_bytes()), Ok(typed()));
    assert_eq!(read_typed(TYPED_V1.as_bytes()), Ok(typed()));
    let json = serde_json::to_string(&v1::Typed::from(typed())).unwrap();
    assert_eq!(json, TYPED_V1.trim_end());
}

#[test]
fn a_posted_form_opens_in_both_versions() {
    let posted = PostedForm {
        account: "ann".into(),
        typed: typed(),
        form: Some("key".into()),
        files: Some(2),
        missing: vec!["lost.txt".to_owned()],
        named: vec![("1.2".to_owned(), "part.txt".to_owned())],
    };
    assert_eq!(read_posted_form(POSTED_V0.as_bytes()).as_ref(), Ok(&posted));
    assert_eq!(read_posted_form(POSTED_V1.as_bytes()).as_ref(), Ok(&posted));
    let json = serde_json::to_string(&v1::PostedForm::from(posted)).unwrap();
    assert_eq!(json, POSTED_V1.trim_end());
}

#[test]
fn a_message_of_the_first_programs_opens_without_their_sentences() {
    let read = read_message(MESSAGE_V0.as_bytes()).unwrap();
    assert_eq!(read.subject, "old");
    assert_eq!(read.recipients[0].reply, Some(reply("550 5.1.1 no")));
    assert_eq!(read.recipients[1].state, RecipientState::HandedOver);
    let words = Some("554 5.7.1 spam".to_owned());
    assert_eq!(read.trouble, Some(ErrorCause::Earlier { words }));
    let failed = SentCopy::Failed(ErrorCause::Earlier { words: None });
    assert_eq!(read.copy, failed);
    assert_eq!(read.attachments[0].name, "a.txt");
    assert_eq!(read.own_fields, "Bcc: dan@peer.test\r\n");
    assert!(!written(&read).contains("refused the message"));
    let typed = read_typed_within(MESSAGE_V0.as_bytes()).unwrap();
    assert_eq!(typed.body, "typed");
}

#[test]
fn a_record_of_a_later_program_is_told_from_a_damaged_one() {
    let first = MESSAGES_V1.lines().next().unwrap();
    let mut later: Value = serde_json::from_str(first).unwrap();
    later["version"] = 2.into();
    let later = serde_json::to_vec(&later).unwrap();
    assert_eq!(read_message(&later), Err(Unreadable::LaterProgram));
    assert_eq!(read_typed(&later), Err(Unreadable::LaterProgram));
    assert_eq!(read_message(b"{}"), Err(Unreadable::Bytes));
    for length in 0..first.len() {
        let cut = &first.as_bytes()[..length];
        assert_eq!(read_message(cut), Err(Unreadable::Bytes), "{length}");
    }
}
