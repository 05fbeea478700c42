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
const DRAFT_V1: &str = include_str!("golden/typed.v1.json");
const POSTED_V0: &str = include_str!("golden/posted.v0.json");
const POSTED_V1: &str = include_str!("golden/posted.v1.json");
const MESSAGE_V0: &str = include_str!("golden/message.v0.json");
const DRAFT_V0: &str = include_str!("golden/typed.v0.json");

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

fn message(cause: Option<ErrorCause>, copy: SentCopy) -> OutboxMessage {
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
        error_cause: cause,
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

fn draft() -> StoredDraft {
    StoredDraft {
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
    let mut causes = Vec::new();
    let dials = DialCause::every().into_iter();
    causes.extend(dials.map(|cause| ErrorCause::Dial(server(), cause)));
    let links = LinkCause::every().into_iter();
    causes.extend(links.map(|cause| ErrorCause::Link(server(), cause)));
    causes.extend(unsent.map(|cause| ErrorCause::NotSent {
        cause,
        words: Some("421 busy".to_owned()),
    }));
    causes.extend(unsupported.map(ErrorCause::Unsupported));
    causes.extend([
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
    let mut messages: Vec<_> = causes
        .into_iter()
        .map(|cause| message(Some(cause), SentCopy::Pending))
        .collect();
    messages.extend(copies.map(|copy| message(None, copy)));
    messages
}

fn to_json(message: &OutboxMessage) -> String {
    serde_json::to_string(&v1::Message::from(message.clone())).unwrap()
}

#[test]
fn every_message_of_version_1_round_trips() {
    let golden: Vec<&str> = MESSAGES_V1.lines().collect();
    let messages = messages();
    assert_eq!(golden.len(), messages.len());
    for (line, message) in golden.into_iter().zip(messages) {
        assert_eq!(
            read_message(line.as_bytes()).as_ref(),
            Ok(&message),
            "{line}"
        );
        assert_eq!(line, to_json(&message));
    }
}

#[test]
fn draft_opens_in_both_versions() {
    assert_eq!(read_draft(DRAFT_V0.as_bytes()), Ok(draft()));
    assert_eq!(read_draft(DRAFT_V1.as_bytes()), Ok(draft()));
    let json = serde_json::to_string(&v1::Draft::from(draft())).unwrap();
    assert_eq!(json, DRAFT_V1.trim_end());
}

#[test]
fn a_posted_form_opens_in_both_versions() {
    let posted = PostedForm {
        account: "ann".into(),
        draft: draft(),
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
fn message_without_a_version_opens_without_its_sentences() {
    let read = read_message(MESSAGE_V0.as_bytes()).unwrap();
    assert_eq!(read.subject, "old");
    assert_eq!(read.recipients[0].reply, Some(reply("550 5.1.1 no")));
    assert_eq!(read.recipients[1].state, RecipientState::HandedOver);
    let reply = Some("554 5.7.1 spam".to_owned());
    assert_eq!(read.error_cause, Some(ErrorCause::Earlier { words: reply }));
    let failed = SentCopy::Failed(ErrorCause::Earlier { words: None });
    assert_eq!(read.copy, failed);
    assert_eq!(read.attachments[0].name, "a.txt");
    assert_eq!(read.own_fields, "Bcc: dan@peer.test\r\n");
    assert!(!to_json(&read).contains("refused the message"));
    let draft = read_embedded_draft(MESSAGE_V0.as_bytes()).unwrap();
    assert_eq!(draft.body, "typed");
}

#[test]
fn record_of_a_later_version_is_distinguished_from_a_damaged_one() {
    let first = MESSAGES_V1.lines().next().unwrap();
    let mut later: Value = serde_json::from_str(first).unwrap();
    later["version"] = 2.into();
    let later = serde_json::to_vec(&later).unwrap();
    assert_eq!(read_message(&later), Err(Unreadable::LaterProgram));
    assert_eq!(read_draft(&later), Err(Unreadable::LaterProgram));
    assert_eq!(read_message(b"{}"), Err(Unreadable::Bytes));
    for length in 0..first.len() {
        let cut = &first.as_bytes()[..length];
        assert_eq!(read_message(cut), Err(Unreadable::Bytes), "{length}");
    }
}
