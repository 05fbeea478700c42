//! BDAT, SMTPUTF8, DSN, LIMITS and other extensions, line by line.

use crate::client::{Client, demo, imap_in_inbox, smtp_signed_in};

/// Sends pipelined lines and checks the start of each reply.
async fn assert_replies(client: &mut Client, lines: &str, replies: &[&str]) {
    client.send(lines).await;
    for reply in replies {
        let line = client.line().await;
        assert!(line.starts_with(reply), "{line} is not {reply}");
    }
}

const ENVELOPE: &str = "MAIL FROM:<demo@restante.test>\r\nRCPT TO:<a@restante.test>\r\n";
const ACCEPTED: [&str; 2] = ["250 2.1.0 ", "250 2.1.5 "];

#[tokio::test]
async fn chunks_form_one_message_without_dot_unstuffing() {
    let demo = demo(Some(0)).await;
    let mut client = smtp_signed_in(&demo).await;
    assert_replies(&mut client, ENVELOPE, &ACCEPTED).await;
    assert_replies(
        &mut client,
        "BDAT 13\r\nSubject: hi\r\nBDAT 6\r\n\r\n.dotBDAT 2 LAST\r\n\r\n",
        &[
            "250 2.0.0 13 octets",
            "250 2.0.0 6 octets",
            "250 2.0.0 delivered",
        ],
    )
    .await;
    // A transaction with a chunk of text and an empty chunk, and one by DATA.
    assert_replies(&mut client, ENVELOPE, &ACCEPTED).await;
    assert_replies(
        &mut client,
        "BDAT 3\r\na\r\nbdat 0 last\r\n",
        &["250 ", "250 2.0.0 delivered"],
    )
    .await;
    assert_replies(&mut client, ENVELOPE, &ACCEPTED).await;
    assert_replies(&mut client, "DATA\r\n", &["354 "]).await;
    assert_replies(&mut client, "b\r\n.\r\n", &["250 2.0.0 "]).await;
    let mut imap = imap_in_inbox(&demo).await;
    let fetched = imap.imap("FETCH 1 BODY.PEEK[]").await;
    assert_eq!(fetched[5..8], ["Subject: hi", "", ".dot"], "{fetched:?}");
    assert_eq!(demo.inbox_len(), 3);
}

#[tokio::test]
async fn refused_chunks_and_those_after_them_are_still_read() {
    let demo = demo(Some(0)).await;
    let mut client = smtp_signed_in(&demo).await;
    assert_replies(
        &mut client,
        "BDAT 5 LAST\r\nQUIT\nNOOP\r\n",
        &["503 5.5.1 ", "250 2.0.0 still"],
    )
    .await;
    let nobody = "MAIL FROM:<>\r\nRCPT TO:<nobody@restante.test>\r\nBDAT 3\r\na\r\nBDAT 4 LAST\r\nb\r\n\nRSET\r\n";
    let replies = [
        "250 ",
        "550 5.1.1 ",
        "554 5.5.1 ",
        "503 5.5.1 ",
        "250 2.0.0 forgotten",
    ];
    assert_replies(&mut client, nobody, &replies).await;
    for malformed in [
        "BDAT",
        "BDAT x",
        "BDAT 1 FIRST",
        "BDAT -1",
        "BDAT 99999999999999999999",
    ] {
        assert_replies(&mut client, ENVELOPE, &ACCEPTED).await;
        assert_replies(&mut client, &format!("{malformed}\r\n"), &["501 5.5.4 "]).await;
    }
    assert_eq!(demo.inbox_len(), 0);
}

#[tokio::test]
async fn a_chunk_over_the_size_limit_is_refused_and_discarded() {
    let demo = demo(Some(0)).await;
    let mut client = smtp_signed_in(&demo).await;
    assert_replies(&mut client, ENVELOPE, &ACCEPTED).await;
    assert_replies(&mut client, "BDAT 4\r\na\r\n\n", &["250 2.0.0 "]).await;
    let size = mail_demo::MAX_MESSAGE_BYTES - 3;
    assert_replies(&mut client, &format!("BDAT {size} LAST\r\n"), &[]).await;
    let block = vec![b'a'; 1 << 20];
    let mut remaining = size;
    while remaining > 0 {
        let len = remaining.min(block.len());
        client.send_octets(&block[..len]).await;
        remaining -= len;
    }
    assert!(client.line().await.starts_with("552 5.3.4 "));
    assert!(client.exchange("NOOP").await.starts_with("250 "));
    assert_eq!(demo.inbox_len(), 0);
}

#[tokio::test]
async fn data_and_bdat_do_not_mix_and_recipients_come_first() {
    let demo = demo(Some(0)).await;
    let mut client = smtp_signed_in(&demo).await;
    assert_replies(&mut client, ENVELOPE, &ACCEPTED).await;
    let mixed = "BDAT 0\r\nDATA\r\nRCPT TO:<b@restante.test>\r\nRSET\r\n";
    assert_replies(
        &mut client,
        mixed,
        &["250 ", "503 5.5.1 ", "503 5.5.1 ", "250 "],
    )
    .await;
    assert!(
        client
            .exchange("RCPT TO:<b@restante.test>")
            .await
            .starts_with("503 ")
    );
}

#[tokio::test]
async fn invalid_line_ends_are_refused_at_the_last_chunk() {
    let demo = demo(Some(0)).await;
    let mut client = smtp_signed_in(&demo).await;
    let long = format!("{}\r\n", "a".repeat(1_000));
    for text in [
        "a\nb\r\n", "a\rb\r\n", "a\0\r\n", "no end", "a\r\n.\n", &long,
    ] {
        assert_replies(&mut client, ENVELOPE, &ACCEPTED).await;
        let piece = format!("BDAT {} LAST\r\n{text}", text.len());
        assert_replies(&mut client, &piece, &["554 5.6.0 "]).await;
    }
    assert_eq!(demo.inbox_len(), 0);
}

#[tokio::test]
async fn an_international_address_needs_smtputf8() {
    let demo = demo(Some(0)).await;
    let mut client = smtp_signed_in(&demo).await;
    assert_replies(&mut client, "MAIL FROM:<ü@例子.cn>\r\n", &["553 5.6.7 "]).await;
    assert_replies(
        &mut client,
        "MAIL FROM:<a@b.cn>\r\nRCPT TO:<ü@restante.test>\r\n",
        &["250 ", "553 5.6.7 "],
    )
    .await;
    assert_replies(
        &mut client,
        "RSET\r\nMAIL FROM:<ü@例子.cn> SMTPUTF8=1\r\n",
        &["250 ", "501 "],
    )
    .await;
    assert_replies(
        &mut client,
        "MAIL FROM:<ü@例子.cn> SMTPUTF8\r\nRCPT TO:<用户@restante.test>\r\nDATA\r\n",
        &["250 2.1.0 ", "250 2.1.5 ", "354 "],
    )
    .await;
    assert!(
        client
            .exchange("Subject: 你好\r\n\r\n.")
            .await
            .starts_with("250 ")
    );
    client
        .send_octets(b"MAIL FROM:<\xff@b.cn> SMTPUTF8\r\n")
        .await;
    assert!(client.line().await.starts_with("501 5.1.7 "));
    let mut imap = imap_in_inbox(&demo).await;
    let fetched = imap.imap("FETCH 1 BODY.PEEK[]").await;
    assert_eq!(fetched[1], "Return-Path: <ü@例子.cn>");
    assert!(fetched[3].contains(" with UTF8SMTPSA id "), "{fetched:?}");
}

#[tokio::test]
async fn a_requested_delivery_notification_is_sent() {
    let demo = demo(Some(0)).await;
    let mut client = smtp_signed_in(&demo).await;
    assert_replies(
        &mut client,
        "MAIL FROM:<demo@restante.test> RET=HDRS ENVID=QQ+2B1\r\n\
         RCPT TO:<a@restante.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;a+2Bx@restante.test\r\n\
         RCPT TO:<b@restante.test> NOTIFY=NEVER\r\nRCPT TO:<c@restante.test>\r\nDATA\r\n",
        &["250 ", "250 ", "250 ", "250 ", "354 "],
    )
    .await;
    assert!(
        client
            .exchange("Subject: hi\r\n\r\ntext\r\n.")
            .await
            .starts_with("250 ")
    );
    assert_eq!(demo.inbox_len(), 2);
    let mut imap = imap_in_inbox(&demo).await;
    let fetched = imap.imap("FETCH 2 BODY.PEEK[]").await.join("\n");
    for part in [
        "Content-Type: multipart/report; report-type=delivery-status;",
        "Original-Envelope-Id: QQ+1\nReporting-MTA: dns; restante.test\n",
        "Original-Recipient: rfc822; a+x@restante.test\nFinal-Recipient: rfc822; a@restante.test\n\
         Action: delivered\nStatus: 2.1.5\n",
        "Content-Type: text/rfc822-headers\n\nSubject: hi\n",
    ] {
        assert!(fetched.contains(part), "{part:?} is not in {fetched}");
    }
    // Not `b@restante.test` alone: the notification's own ID may end in `b`.
    assert!(fetched.contains("Your message was delivered to a@restante.test.\n"));
    assert_eq!(fetched.matches("Final-Recipient:").count(), 1);
    assert!(!fetched.contains("text\n--"));
}

#[tokio::test]
async fn empty_and_foreign_senders_get_no_delivery_notification() {
    let demo = demo(Some(0)).await;
    let mut client = smtp_signed_in(&demo).await;
    for sender in ["", "a@elsewhere.example"] {
        let envelope =
            format!("MAIL FROM:<{sender}>\r\nRCPT TO:<a@restante.test> NOTIFY=SUCCESS\r\n");
        assert_replies(&mut client, &envelope, &ACCEPTED).await;
        assert_replies(&mut client, "BDAT 3 LAST\r\na\r\n", &["250 "]).await;
    }
    assert_eq!(demo.inbox_len(), 2);
}

#[tokio::test]
async fn a_hundred_recipients_are_accepted_and_the_next_is_refused() {
    let demo = demo(Some(0)).await;
    let mut client = smtp_signed_in(&demo).await;
    client.exchange("MAIL FROM:<>").await;
    for n in 0..100 {
        let reply = client
            .exchange(&format!("RCPT TO:<u{n}@restante.test>"))
            .await;
        assert!(reply.starts_with("250 "), "{n}: {reply}");
    }
    assert!(
        client
            .exchange("RCPT TO:<more@restante.test>")
            .await
            .starts_with("452 4.5.3 ")
    );
    assert_replies(&mut client, "BDAT 3 LAST\r\na\r\n", &["250 "]).await;
}

#[tokio::test]
async fn every_reply_but_those_to_hello_carries_an_enhanced_code() {
    let demo = demo(Some(0)).await;
    let mut client = smtp_signed_in(&demo).await;
    let lines = [
        "NOOP",
        "RSET",
        "VRFY demo",
        "VRFY",
        "EXPN list",
        "HELP",
        "AUTH PLAIN",
        "STARTTLS",
        "WHAT",
        "DATA",
        "DATA x",
        "BDAT x",
        "RCPT TO:<a@b>",
        "MAIL FROM:x",
        "MAIL FROM:<> X=1",
        "MAIL FROM:<>",
        "RCPT TO:<>",
        "RCPT TO:<a@b.example>",
        "RCPT TO:<busy@restante.test>",
        "RCPT TO:<full@restante.test>",
        "RCPT TO:<a@restante.test> NOTIFY=X",
        "DATA",
        "QUIT",
    ];
    for line in lines {
        let reply = client.exchange(line).await;
        let code = reply.as_bytes()[0];
        let mut enhanced = reply[4..].splitn(3, ['.', ' ']);
        let class = enhanced.next().unwrap().as_bytes();
        assert_eq!(class, [code], "{line}: {reply}");
        assert!(
            enhanced.next().unwrap().parse::<u8>().is_ok(),
            "{line}: {reply}"
        );
    }
}
