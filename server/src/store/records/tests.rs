use app::api::types::{
    ComposeKind, ComposeSource, FolderId, FolderRole, IncomingKind, MessageId, OutboxId, PartId,
    Priority, RecipientState, SavedDraft, SendOptions, UploadId,
};
use serde_json::Value;

use super::*;
use crate::domain::{
    AttachedFile, CopySearch, DialCause, ErrorCause, FullSpace, LinkCause, NotSentCause, Protocol,
    RecipientResult, Redirected, SentCopy, Server, ServerReply, StoredServer, Tls,
    TransportOptions, Unsupported,
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
        transport: TransportOptions::default(),
        search: None,
        draft: None,
        redirected: None,
    }
}

fn draft() -> StoredDraft {
    StoredDraft {
        to: "bob@peer.test".to_owned(),
        cc: String::new(),
        bcc: "dan@peer.test".to_owned(),
        subject: "old".to_owned(),
        body: "typed\nin two lines".to_owned(),
        html: None,
        source: Some(ComposeSource {
            kind: ComposeKind::Forward,
            folder: FolderId::from("INBOX"),
            message: MessageId::from("7"),
        }),
        replaces: Some(OutboxId::from("x1")),
        uploads: vec![UploadId::from("BBBBBBBBBBBBBBBBBBBBBB")],
        keep_parts: vec![PartId::from("1.2")],
        options: SendOptions::default(),
        identity: None,
        saved: None,
        thread: Vec::new(),
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

/// Returns one message for each code that version 2 adds.
fn messages_v2() -> Vec<OutboxMessage> {
    let kinds = [
        ComposeKind::New,
        ComposeKind::Reply,
        ComposeKind::ReplyAll,
        ComposeKind::Forward,
        ComposeKind::Unsubscribe,
    ];
    let mut messages: Vec<_> = kinds
        .into_iter()
        .map(|kind| {
            let mut message = message(None, SentCopy::Pending);
            message.source = message
                .source
                .map(|source| ComposeSource { kind, ..source });
            message
        })
        .collect();
    let searches = [
        CopySearch::InFolder(FolderId::from("Sent")),
        CopySearch::Nowhere,
        CopySearch::Unsupported,
    ];
    messages.extend(searches.map(|search| OutboxMessage {
        search: Some(search),
        draft: Some("1.x@peer.test".into()),
        transport: TransportOptions {
            wants_notice: true,
            requires_tls: true,
            scheduled_unix_ms: Some(1_798_131_600_000),
        },
        ..message(None, SentCopy::NotKept)
    }));
    messages
}

/// Returns one message for each code that version 3 adds, and one without any.
fn messages_v3() -> Vec<OutboxMessage> {
    let copies = [
        SentCopy::NotKept,
        SentCopy::Failed(ErrorCause::NoRoom(FullSpace::Sent)),
        SentCopy::Failed(ErrorCause::NoRoom(FullSpace::Server)),
    ];
    let mut messages: Vec<_> = copies.map(|copy| message(None, copy)).into();
    let mut forward = message(None, SentCopy::Pending);
    let attached = ComposeKind::ForwardAttached;
    forward.source = forward.source.map(|source| ComposeSource {
        kind: attached,
        ..source
    });
    messages.push(forward);
    messages.push(OutboxMessage {
        redirected: Some(Redirected { has_8bit: true }),
        source: None,
        ..message(None, SentCopy::Pending)
    });
    messages
}

fn options(priority: Priority) -> SendOptions {
    SendOptions {
        send_at: "2026-12-24T18:00".to_owned(),
        priority,
        wants_receipt: true,
        wants_notice: true,
        requires_tls: true,
    }
}

fn posted_v2(priority: Priority) -> PostedForm {
    PostedForm {
        account: "ann".into(),
        draft: StoredDraft {
            options: options(priority),
            saved: Some(SavedDraft {
                id: "1.x@peer.test".into(),
                folder: "Drafts".into(),
                message: "1.2".into(),
            }),
            thread: vec!["1.y@peer.test".to_owned()],
            ..draft()
        },
        form: Some("key".into()),
        files: Some(2),
        missing: vec!["lost.txt".to_owned()],
        named: vec![("1.2".to_owned(), "part.txt".to_owned())],
    }
}

fn sign_in(kind: IncomingKind, tls: Tls) -> StoredSignIn {
    let server = |host: &str, port| StoredServer {
        host: host.to_owned(),
        port,
        tls,
    };
    StoredSignIn {
        address: "ann@peer.test".to_owned(),
        user: (kind == IncomingKind::Pop3).then(|| "ann".to_owned()),
        password: mail_proto::Secret::new("密码 \"quoted\""),
        incoming_kind: kind,
        incoming: server("mail.peer.test", 993),
        outgoing: server("smtp.peer.test", 465),
    }
}

/// Compares with golden rows, one per line. Lines are added and never changed.
fn assert_golden(written: Vec<String>, golden: &str) {
    assert_eq!(written, golden.lines().collect::<Vec<_>>());
}

#[test]
fn every_record_of_version_2_round_trips() {
    let messages = messages_v2();
    let written = messages.iter().map(|message| {
        let json = serde_json::to_string(&v2::Message::from(message.clone())).unwrap();
        assert_eq!(read_message(json.as_bytes()).as_ref(), Ok(message));
        json
    });
    assert_golden(written.collect(), include_str!("golden/messages.v2.jsonl"));

    let posted = [Priority::Normal, Priority::High, Priority::Low].map(posted_v2);
    let written = posted.iter().map(|posted| {
        let json = serde_json::to_string(&v2::PostedForm::from(posted.clone())).unwrap();
        assert_eq!(read_posted_form(json.as_bytes()).as_ref(), Ok(posted));
        json
    });
    assert_golden(written.collect(), include_str!("golden/posted.v2.jsonl"));

    let formatted = StoredDraft {
        html: Some("<div><b>typed</b></div>".to_owned()),
        identity: Some("own".into()),
        ..draft()
    };
    let drafts = posted.iter().map(|posted| posted.draft.clone());
    let drafts = drafts.chain([formatted]).map(|draft| {
        let json = serde_json::to_string(&v2::Draft::from(draft.clone())).unwrap();
        assert_eq!(read_draft(json.as_bytes()), Ok(draft));
        json
    });
    assert_golden(drafts.collect(), include_str!("golden/typed.v2.jsonl"));

    let sign_ins = [
        sign_in(IncomingKind::Imap, Tls::Implicit),
        sign_in(IncomingKind::Imap, Tls::StartTls),
        sign_in(IncomingKind::Pop3, Tls::Plain),
    ];
    let written = sign_ins.iter().map(|sign_in| {
        let json = serde_json::to_string(&v2::SignIn::from(sign_in)).unwrap();
        let read = read_sign_in(json.as_bytes()).unwrap();
        assert_eq!(read.password.expose(), sign_in.password.expose());
        assert_eq!(format!("{read:?}"), format!("{sign_in:?}"));
        json
    });
    assert_golden(written.collect(), include_str!("golden/sign-in.v2.jsonl"));
}

#[test]
fn every_message_of_version_3_round_trips() {
    let messages = messages_v3();
    let written = messages.iter().map(|message| {
        let json = serde_json::to_string(&v3::Message::from(message.clone())).unwrap();
        assert_eq!(read_message(json.as_bytes()).as_ref(), Ok(message));
        json
    });
    assert_golden(written.collect(), include_str!("golden/messages.v3.jsonl"));
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
    later["version"] = 4.into();
    let later = serde_json::to_vec(&later).unwrap();
    assert_eq!(read_message(&later), Err(Unreadable::LaterProgram));
    assert_eq!(read_draft(&later), Err(Unreadable::LaterProgram));
    assert_eq!(read_message(b"{}"), Err(Unreadable::Bytes));
    for length in 0..first.len() {
        let cut = &first.as_bytes()[..length];
        assert_eq!(read_message(cut), Err(Unreadable::Bytes), "{length}");
    }
}
