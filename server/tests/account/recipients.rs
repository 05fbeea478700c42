//! Recipients from the form to the server: the server receives the typed addresses, or nothing is
//! sent.

use app::api::ErrorKind;
use app::api::backend::MailBackend as _;
use app::api::types::{
    ComposeKind, ComposeSource, Draft, IncomingKind, Lang, OutboxState, RecipientState,
};
use mail_net::TlsMode;

use super::parts::Protocol;
use super::peer::Peer;
use super::test_server::{Page, TestAccounts, TestServer, sign_in};

/// One account at two scripted servers.
struct Fixture {
    page: Page,
    smtp: Peer,
    accounts: TestAccounts,
    _imap: Peer,
}

impl Fixture {
    async fn new() -> Self {
        let imap = Peer::start(Protocol::Imap, true, None).await;
        let smtp = Peer::start(Protocol::Smtp, true, None).await;
        let accounts = TestAccounts::new(Peer::ca_pem(), vec![imap.port, smtp.port]).await;
        let sign_in = sign_in(
            "me@peer.test",
            "secret",
            (IncomingKind::Imap, imap.port),
            smtp.port,
            TlsMode::Implicit,
        );
        Self {
            page: accounts.open(sign_in).await.unwrap(),
            smtp,
            accounts,
            _imap: imap,
        }
    }

    fn accepted_count(&self) -> usize {
        self.smtp.accepted().len()
    }
}

fn draft(to: &str) -> Draft {
    Draft {
        to: to.to_owned(),
        subject: "s".to_owned(),
        body: "b".to_owned(),
        ..Draft::default()
    }
}

#[tokio::test]
async fn typed_addresses_reach_the_server_and_the_header() {
    let fixture = Fixture::new().await;
    let page = &fixture.page;
    for (input, rcpt, to) in [
        ("Ann@A.Example", &["Ann@A.Example"][..], "<Ann@A.Example>"),
        (
            "\"Doe, Ann\" <ann@a.example>；ben@b.example",
            &["ann@a.example", "ben@b.example"],
            "\"Doe, Ann\" <ann@a.example>, <ben@b.example>",
        ),
        (
            "\"a@b\"@c.example, <\"x,y\"@c.example>",
            &["\"a@b\"@c.example", "\"x,y\"@c.example"],
            "<\"a@b\"@c.example>, <\"x,y\"@c.example>",
        ),
        (
            "张三 <zhang@例子.测试>",
            &["zhang@xn--fsqu00a.xn--0zwm56d"],
            "=?utf-8?B?5byg5LiJ?= <zhang@xn--fsqu00a.xn--0zwm56d>",
        ),
        (
            "\"ben@bank.example\" <ann@a.example>",
            &["ann@a.example"],
            "\"ben@bank.example\" <ann@a.example>",
        ),
        ("a..b@[IPv6:::1]", &["a..b@[IPv6:::1]"], "<a..b@[IPv6:::1]>"),
    ] {
        let before = fixture.smtp.commands("RCPT TO:").len();
        let sent = page
            .backend
            .message_send(page.account.clone(), draft(input));
        let id = sent.await.unwrap_or_else(|e| panic!("{input}: {e}"));
        let entry = page.settled(&id).await;
        assert_eq!(entry.state, OutboxState::HandedOver, "{entry:?}");
        let row: Vec<_> = entry
            .recipients
            .iter()
            .map(|r| r.address.as_str())
            .collect();
        assert_eq!(row, rcpt, "the row of {input}");
        let commands = fixture.smtp.commands("RCPT TO:").split_off(before);
        let expected: Vec<_> = rcpt.iter().map(|a| format!("RCPT TO:<{a}>")).collect();
        assert_eq!(commands, expected, "{input}");
        let mails = fixture.smtp.accepted();
        let field = mails.last().unwrap().replace("\n ", " ");
        let field = field.lines().find_map(|line| line.strip_prefix("To: "));
        assert_eq!(field, Some(to), "{input}");
    }
}

#[tokio::test]
async fn nothing_is_sent_while_one_recipient_is_ambiguous() {
    let fixture = Fixture::new().await;
    let page = &fixture.page;
    let chinese = fixture.accounts.page(page.handle.clone(), Lang::ZhCn);
    for (input, shown, english, chinese_phrase) in [
        (
            "ok@a.example, ann@a.example ben@b.example",
            "“ann@a.example ben@b.example”",
            "space",
            "空格",
        ),
        (
            "\"john smith\"@b.example",
            "“\"john smith\"@b.example”",
            "space",
            "空格",
        ),
        ("ann＠a.example", "“ann＠a.example”", "wide", "全角"),
        (
            "ann@exa\u{200b}mple.org",
            "“ann@example.org”",
            "U+200B",
            "U+200B",
        ),
    ] {
        for field in ["to", "cc", "bcc"] {
            let mut mail = draft("fine@a.example");
            *match field {
                "to" => &mut mail.to,
                "cc" => &mut mail.cc,
                _ => &mut mail.bcc,
            } = input.to_owned();
            for (page, phrase) in [(page, english), (&chinese, chinese_phrase)] {
                let sent = page
                    .backend
                    .message_send(page.account.clone(), mail.clone());
                let error = sent.await.unwrap_err();
                assert_eq!(error.kind, ErrorKind::Invalid);
                assert_eq!(error.field.as_deref(), Some(field));
                assert!(error.cause.contains(shown), "{error}");
                assert!(error.cause.contains(phrase), "{error}");
                assert!(!error.fix.is_empty());
            }
        }
    }
    assert!(
        page.backend
            .outbox_list(None)
            .await
            .unwrap()
            .entries
            .is_empty()
    );
    assert_eq!(fixture.accepted_count(), 0);
}

#[tokio::test]
async fn correction_lists_the_typed_recipients_except_those_handed_over() {
    let fixture = Fixture::new().await;
    let page = &fixture.page;
    let input = "\"Doe, \\\"J\\\"\" <ok@A.example>, Nobody <nobody@a.example>;Ann <fine@b.example>";
    let id = page
        .backend
        .message_send(page.account.clone(), draft(input))
        .await
        .unwrap();
    let entry = page.settled(&id).await;
    assert_eq!(entry.recipients[1].state, RecipientState::Refused);
    let form = page.backend.compose_again(id).await.unwrap();
    assert_eq!(form.draft.to, "Nobody <nobody@a.example>");
}

#[tokio::test]
async fn reply_is_addressed_as_the_reader_shows() {
    let server = TestServer::new(Some(1)).await;
    for (nth, (reply_to, input)) in [
        (
            "\"ann@bank.example\" <x@evil.example>, ann@a ben@b",
            "x@evil.example",
        ),
        (
            "\"Doe, \\\"J\\\\\" <j@y.example>",
            "\"Doe, \\\"J\\\\\" <j@y.example>",
        ),
        ("\"john smith\"@y.example", ""),
        ("ann@a.example ben@b.example", ""),
    ]
    .into_iter()
    .enumerate()
    {
        let subject = format!("Reply {nth}");
        server.demo.deliver(format!(
            "From: F <f@restante.test>\r\nReply-To: {reply_to}\r\nSubject: {subject}\r\n\r\nHello\r\n"
        ));
        let page = server.open(server.imap()).await.unwrap();
        let rows = page.rows(&page.inbox()).await;
        let row = rows.iter().find(|row| row.subject == subject).unwrap();
        let source = ComposeSource {
            kind: ComposeKind::Reply,
            folder: page.inbox(),
            message: row.id.message.clone(),
        };
        let form = page
            .backend
            .compose_start(page.account.clone(), Some(source), Vec::new())
            .await
            .unwrap();
        assert_eq!(form.draft.to, input, "{reply_to}");
        page.handle.close().await;
    }
}
