//! SMTP submission, line by line.

use crate::client::{Client, demo, imap_in_inbox, smtp_signed_in};

async fn send(client: &mut Client, to: &str, message: &str) -> String {
    assert!(
        client
            .exchange("MAIL FROM:<demo@restante.test> BODY=8BITMIME")
            .await
            .starts_with("250 ")
    );
    assert!(
        client
            .exchange(&format!("RCPT TO:<{to}>"))
            .await
            .starts_with("250 ")
    );
    assert!(client.exchange("DATA").await.starts_with("354 "));
    client.send(message).await;
    client.exchange(".").await
}

#[tokio::test]
async fn a_password_in_plaintext_is_refused_until_starttls() {
    let demo = demo(Some(0)).await;
    let mut client = Client::plain(&demo, demo.ports().submission).await;
    client.line().await;
    assert!(
        client
            .exchange("AUTH PLAIN")
            .await
            .starts_with("538 5.7.11 ")
    );
    let offered = client.smtp("EHLO client.example").await;
    assert!(
        offered.contains(&"250 STARTTLS".to_owned())
            && !offered.iter().any(|line| line.contains("AUTH"))
    );
    assert!(
        client
            .exchange("MAIL FROM:<a@b.example>")
            .await
            .starts_with("530 5.7.0 STARTTLS")
    );
    assert!(client.exchange("STARTTLS").await.starts_with("220 "));
    let mut client = client.upgraded("localhost").await;
    assert!(
        client
            .exchange("AUTH PLAIN AGRlbW8AZGVtbw==")
            .await
            .starts_with("503 "),
        "EHLO is forgotten by STARTTLS"
    );
    let offered = client.smtp("EHLO client.example").await;
    for line in [
        "250-PIPELINING",
        "250-SIZE 67108864",
        "250-8BITMIME",
        "250-ENHANCEDSTATUSCODES",
        "250-CHUNKING",
        "250-SMTPUTF8",
        "250-DSN",
        "250-LIMITS RCPTMAX=100",
        "250-VRFY",
        "250-HELP",
        "250 AUTH PLAIN LOGIN",
    ] {
        assert!(offered.contains(&line.to_owned()), "{line}");
    }
    assert!(
        client
            .exchange("MAIL FROM:<a@b.example>")
            .await
            .starts_with("530 5.7.0 sign in")
    );
    assert!(client.exchange("STARTTLS").await.starts_with("503 "));
}

#[tokio::test]
async fn plaintext_behind_starttls_closes_the_connection() {
    let demo = demo(Some(0)).await;
    let mut client = Client::plain(&demo, demo.ports().submission).await;
    client.line().await;
    client.send("STARTTLS\r\nEHLO x\r\n").await;
    assert_eq!(
        client.line().await,
        "500 5.5.2 input before the TLS handshake"
    );
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn auth_login_prompts_for_user_name_and_password() {
    let demo = demo(Some(0)).await;
    let mut client = Client::tls(&demo, demo.ports().smtps).await;
    client.line().await;
    client.smtp("EHLO client.example").await;
    assert_eq!(client.exchange("AUTH LOGIN").await, "334 VXNlcm5hbWU6");
    assert_eq!(client.exchange("ZGVtbw==").await, "334 UGFzc3dvcmQ6");
    assert!(client.exchange("d3Jvbmc=").await.starts_with("535 5.7.8 "));
    assert_eq!(
        client.exchange("AUTH LOGIN ZGVtbw==").await,
        "334 UGFzc3dvcmQ6"
    );
    assert!(client.exchange("*").await.starts_with("501 "));
    assert!(client.exchange("AUTH CRAM-MD5").await.starts_with("504 "));
    assert_eq!(
        client.exchange("AUTH LOGIN ZGVtbw==").await,
        "334 UGFzc3dvcmQ6"
    );
    assert!(client.exchange("ZGVtbw==").await.starts_with("235 "));
}

#[tokio::test]
async fn what_is_sent_arrives_in_the_inbox() {
    let demo = demo(Some(2)).await;
    let mut imap = imap_in_inbox(&demo).await;
    assert_eq!(imap.exchange("t IDLE").await, "+ idling");
    let mut client = smtp_signed_in(&demo).await;
    let reply = send(
        &mut client,
        "anyone@Restante.Test",
        "Subject: hi\r\n\r\n..dot\r\ngr\u{fc}n\r\n",
    )
    .await;
    assert!(reply.starts_with("250 2.0.0 "), "{reply}");
    assert_eq!(imap.line().await, "* 3 EXISTS");
    imap.line().await;
    imap.send("DONE\r\n").await;
    imap.line().await;
    let fetched = imap.imap("FETCH 3 BODY.PEEK[]").await;
    assert_eq!(fetched[1], "Return-Path: <demo@restante.test>");
    assert!(fetched[2].starts_with("Received: from client.example "));
    assert_eq!(
        fetched[5..9],
        ["Subject: hi", "", ".dot", "gr\u{fc}n"],
        "{fetched:?}"
    );
    assert!(client.exchange("QUIT").await.starts_with("221 "));
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn rfc2920_3_2_each_command_of_a_group_has_its_own_reply() {
    let demo = demo(Some(0)).await;
    let mut client = smtp_signed_in(&demo).await;
    client
        .send(
            "MAIL FROM:<demo@restante.test>\r\nRCPT TO:<busy@restante.test>\r\nRCPT TO:<nobody@restante.test>\r\n\
             RCPT TO:<full@restante.test>\r\nRCPT TO:<someone@elsewhere.example>\r\nRCPT TO:<>\r\n\
             RCPT TO:<ok@restante.test>\r\nDATA\r\n",
        )
        .await;
    for reply in [
        "250 2.1.0 ",
        "450 4.2.1 ",
        "550 5.1.1 ",
        "552 5.2.2 ",
        "550 5.7.1 ",
        "553 5.1.3 ",
        "250 2.1.5 ",
        "354 ",
    ] {
        let line = client.line().await;
        assert!(line.starts_with(reply), "{line} is not {reply}");
    }
    assert!(
        client
            .exchange("Subject: x\r\n\r\n.")
            .await
            .starts_with("250 ")
    );
    assert_eq!(demo.inbox_len(), 1);
}

#[tokio::test]
async fn data_without_an_accepted_recipient_is_refused() {
    let demo = demo(Some(0)).await;
    let mut client = smtp_signed_in(&demo).await;
    assert!(client.exchange("DATA").await.starts_with("503 "));
    client.exchange("MAIL FROM:<>").await;
    client.exchange("RCPT TO:<nobody@restante.test>").await;
    assert!(client.exchange("DATA").await.starts_with("554 5.5.1 "));
    assert!(client.exchange("RSET").await.starts_with("250 "));
    assert!(
        client
            .exchange("RCPT TO:<a@restante.test>")
            .await
            .starts_with("503 ")
    );
    assert_eq!(demo.inbox_len(), 0);
}

#[tokio::test]
async fn parameters_are_checked() {
    let demo = demo(Some(0)).await;
    let mut client = smtp_signed_in(&demo).await;
    assert!(
        client
            .exchange("MAIL FROM:<a@b.example> SIZE=67108865")
            .await
            .starts_with("552 5.3.4 ")
    );
    assert!(
        client
            .exchange("MAIL FROM:<a@b.example> HOLDFOR=60")
            .await
            .starts_with("555 5.5.4 ")
    );
    assert!(
        client
            .exchange("MAIL FROM:<a@b.example> SIZE=x")
            .await
            .starts_with("501 ")
    );
    assert!(
        client
            .exchange("MAIL FROM:a@b.example")
            .await
            .starts_with("501 5.1.7 ")
    );
    assert!(
        client
            .exchange("MAIL FROM:<\u{fc}@b.example>")
            .await
            .starts_with("553 5.6.7 ")
    );
    assert!(
        client
            .exchange("MAIL FROM:<a@b.example> SIZE=10 BODY=8bitmime AUTH=<>")
            .await
            .starts_with("250 ")
    );
    assert!(
        client
            .exchange("MAIL FROM:<a@b.example>")
            .await
            .starts_with("503 ")
    );
    assert!(
        client
            .exchange("RCPT TO:<a@restante.test> RET=FULL")
            .await
            .starts_with("555 5.5.4 ")
    );
    assert!(client.exchange("VRFY demo").await.starts_with("252 "));
    assert!(client.exchange("EHLO").await.starts_with("501 "));
}

#[tokio::test]
async fn line_ends_that_are_not_crlf_do_not_get_through() {
    let demo = demo(Some(0)).await;
    let mut client = smtp_signed_in(&demo).await;
    let reply = send(&mut client, "a@restante.test", "Subject: x\r\n\r\na\rb\r\n").await;
    assert!(reply.starts_with("554 5.6.0 "), "{reply}");
    // SMTP smuggling: `LF.CRLF` must not end the data.
    client.exchange("MAIL FROM:<demo@restante.test>").await;
    client.exchange("RCPT TO:<a@restante.test>").await;
    client.exchange("DATA").await;
    client
        .send("Subject: x\r\n\r\nend\n.\r\nMAIL FROM:<b@c.example>\r\n")
        .await;
    assert_eq!(client.line().await, "500 5.5.2 line ends with a lone LF");
    assert!(client.is_closed().await);
    assert_eq!(demo.inbox_len(), 0);
}

#[tokio::test]
async fn a_line_of_text_over_the_limit_ends_the_session() {
    let demo = demo(Some(0)).await;
    let mut client = smtp_signed_in(&demo).await;
    let reply = send(
        &mut client,
        "a@restante.test",
        &format!("Subject: x\r\n\r\n{}\r\n", "a".repeat(998)),
    )
    .await;
    assert!(reply.starts_with("250 "), "{reply}");
    client.exchange("MAIL FROM:<demo@restante.test>").await;
    client.exchange("RCPT TO:<a@restante.test>").await;
    client.exchange("DATA").await;
    client.send(&format!("{}\r\n", "a".repeat(1_001))).await;
    assert_eq!(client.line().await, "500 5.5.2 line over 999 octets");
}

#[tokio::test]
async fn a_lost_connection_delivers_nothing() {
    let demo = demo(Some(0)).await;
    let mut client = smtp_signed_in(&demo).await;
    client.exchange("MAIL FROM:<demo@restante.test>").await;
    client.exchange("RCPT TO:<a@restante.test>").await;
    client.exchange("DATA").await;
    client.send("Subject: half\r\n\r\nnot all of it\r\n").await;
    drop(client);
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert_eq!(demo.inbox_len(), 0);
}
