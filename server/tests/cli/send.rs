//! `restante send` through a submission server.

use mail_demo::{ADDRESS, Demo, PASSWORD as DEMO_PASSWORD};
use serde_json::Value;

use super::{PASSWORD, Run, TestDir, demo, restante, signal, text, wait_for_output};
use crate::account::parts::Protocol;
use crate::account::peer::{Act, Fault, Peer};

const FIVE_RECIPIENTS: [&str; 10] = [
    "--to",
    "one@restante.test",
    "--to",
    "nobody1@elsewhere.example",
    "--cc",
    "two@restante.test",
    "--bcc",
    "three@restante.test",
    "--bcc",
    "nobody2@elsewhere.example",
];

fn smtps(demo: &Demo) -> String {
    let user = ADDRESS.replace('@', "%40");
    format!("smtps://{user}@localhost:{}", demo.ports().smtps)
}

/// Prepares a run that sends through a server of the test.
fn send(url: &str, dir: &TestDir) -> Run {
    restante(&["send", "--server", url, "--from", "Ann <ann@peer.test>"]).args(dir.trust())
}

/// Starts a scripted server: implicit TLS, and a fault at one command.
async fn peer(at: &'static str, act: Act) -> (Peer, TestDir, String) {
    let fault = Fault { at, act, times: 1 };
    let peer = Peer::start(Protocol::Smtp, true, Some(fault)).await;
    let url = format!("smtps://ann%40peer.test@localhost:{}", peer.port);
    (peer, TestDir::new(Peer::ca_pem()), url)
}

fn recipients(report: &Value) -> Vec<(&str, &str)> {
    let recipients = report["recipients"].as_array().unwrap().iter();
    recipients
        .map(|r| {
            (
                r["address"].as_str().unwrap(),
                r["outcome"].as_str().unwrap(),
            )
        })
        .collect()
}

#[tokio::test]
async fn five_recipients_two_refused_is_exit_1_with_each_result() {
    let demo = demo(Some(0)).await;
    let dir = TestDir::new(demo.ca_pem());
    let output = restante(&[
        "send",
        "--server",
        &smtps(&demo),
        "--from",
        ADDRESS,
        "--json",
    ])
    .args(dir.trust())
    .args(FIVE_RECIPIENTS)
    .args(["--subject", "Minutes", "--text", "-"])
    .password(DEMO_PASSWORD)
    .input("Hello.\n.\n")
    .end()
    .await;
    assert_eq!(output.code, 1, "{output:?}");
    let report = output.json();
    assert_eq!(report["exit_code"], 1);
    assert_eq!(report["outcome"], "partly_accepted");
    assert_eq!(
        recipients(&report),
        [
            ("one@restante.test", "accepted"),
            ("nobody1@elsewhere.example", "refused"),
            ("two@restante.test", "accepted"),
            ("three@restante.test", "accepted"),
            ("nobody2@elsewhere.example", "refused"),
        ]
    );
    let refused = &report["recipients"][1];
    assert_eq!(refused["stage"], "RCPT");
    assert_eq!(refused["code"], 550);
    assert!(refused["enhanced_code"].as_str().unwrap().starts_with("5."));
    assert!(refused["reply"].as_str().unwrap().starts_with("550 "));
    assert!(refused["cause"].as_str().unwrap().ends_with('.'));
    let accepted = &report["recipients"][0];
    assert_eq!(accepted["stage"], "end of message");
    assert!(
        accepted["server"]
            .as_str()
            .unwrap()
            .starts_with("localhost:")
    );
    // Two header fields name recipients; none names those of --bcc.
    assert_eq!(demo.inbox_len(), 1, "one message arrived");
    demo.stop().await;
}

#[tokio::test]
async fn connection_cut_after_the_final_dot_is_exit_4_unknown() {
    let (peer, dir, url) = peer(".", Act::Close("")).await;
    let output = send(&url, &dir)
        .args(FIVE_RECIPIENTS)
        .args(["--json"])
        .end()
        .await;
    assert_eq!(output.code, 4, "{output:?}");
    let report = output.json();
    assert_eq!(
        (&report["outcome"], &report["exit_code"]),
        (&"unknown".into(), &4.into())
    );
    assert_eq!(
        recipients(&report),
        [
            ("one@restante.test", "unknown"),
            ("nobody1@elsewhere.example", "refused"),
            ("two@restante.test", "unknown"),
            ("three@restante.test", "unknown"),
            ("nobody2@elsewhere.example", "refused"),
        ]
    );
    assert_eq!(report["recipients"][1]["enhanced_code"], "5.1.1");
    assert_eq!(peer.connections(), 1, "nothing is sent again by itself");
}

#[tokio::test]
async fn connection_cut_before_the_final_dot_is_exit_3_and_nothing_is_accepted() {
    for at in ["MAIL", "DATA", "RCPT TO:<two"] {
        let (peer, dir, url) = peer(at, Act::Close("")).await;
        let output = send(&url, &dir)
            .args(FIVE_RECIPIENTS)
            .args(["--json"])
            .end()
            .await;
        assert_eq!(output.code, 3, "{at}: {output:?}");
        assert_eq!(output.json()["outcome"], "not_sent", "{at}");
        assert!(peer.accepted().is_empty());
    }
}

#[tokio::test]
async fn temporary_refusal_of_a_message_is_exit_3_and_a_permanent_one_exit_2() {
    for (reply, code, outcome) in [
        ("452 4.3.1 no room\r\n", 3, "deferred"),
        ("554 5.7.1 looks like junk\r\n", 2, "refused"),
    ] {
        let (_peer, dir, url) = peer(".", Act::Reply(reply)).await;
        let output = send(&url, &dir)
            .args(["--to", "one@restante.test", "--json"])
            .end()
            .await;
        assert_eq!(output.code, code, "{output:?}");
        let report = output.json();
        assert_eq!(recipients(&report), [("one@restante.test", outcome)]);
        assert_eq!(report["recipients"][0]["stage"], "end of message");
    }
    let (_peer, dir, url) = peer("nothing", Act::Reply("")).await;
    let output = send(&url, &dir)
        .args(["--to", "nobody@x.example", "--to", "nobody@y.example"])
        .end()
        .await;
    assert_eq!(output.code, 2, "{output:?}");
    assert!(
        output.stdout.contains("550 5.1.1 no such mailbox"),
        "{output:?}"
    );
    assert!(output.stdout.contains("Check the spelling."), "{output:?}");
}

#[tokio::test]
async fn temporary_and_permanent_refusals_of_recipients_are_distinguished() {
    let (_peer, dir, url) = peer("nothing", Act::Reply("")).await;
    let all = ["--to", "later@x.example", "--to", "b@x.example"];
    for (to, code, outcome) in [(&all[..2], 3, "not_sent"), (&all[..], 1, "partly_accepted")] {
        let output = send(&url, &dir).args(to).args(["--json"]).end().await;
        assert_eq!(output.code, code, "{output:?}");
        let report = output.json();
        assert_eq!(report["outcome"], outcome);
        assert_eq!(recipients(&report)[0], ("later@x.example", "deferred"));
        assert_eq!(report["recipients"][0]["enhanced_code"], "4.2.1");
    }
}

#[tokio::test]
async fn refused_sign_in_is_exit_77_with_the_servers_reply() {
    let demo = demo(Some(0)).await;
    let dir = TestDir::new(demo.ca_pem());
    let output = restante(&["send", "--server", &smtps(&demo), "--from", ADDRESS])
        .args(dir.trust())
        .args(["--to", ADDRESS])
        .end()
        .await;
    assert_eq!(output.code, 77, "{output:?}");
    assert!(output.stdout.contains("535 "), "{output:?}");
    output.assert_no_password(ADDRESS, PASSWORD);
    assert_eq!(demo.inbox_len(), 0);
}

#[tokio::test]
async fn untrusted_certificate_is_exit_76_before_the_password_is_sent() {
    for (scheme, is_implicit) in [("smtps", true), ("smtp", false)] {
        let peer = Peer::start(Protocol::Smtp, is_implicit, None).await;
        let url = format!("{scheme}://ann@localhost:{}", peer.port);
        let output = restante(&["send", "--server", &url, "--from", "a@x.example"])
            .args(["--to", "b@x.example", "--json"])
            .end()
            .await;
        assert_eq!(output.code, 76, "{output:?}");
        let report = output.json();
        let cause = report["recipients"][0]["cause"].as_str().unwrap();
        assert!(cause.contains("certificate"), "{cause}");
        assert_eq!(peer.passwords(), 0);
    }
}

#[tokio::test]
async fn starttls_that_is_not_offered_is_exit_69_unless_plain_is_requested() {
    let hello = Act::Reply("250-peer\r\n250 AUTH PLAIN\r\n");
    for (scheme, code) in [("smtp", 69), ("smtp+plain", 0)] {
        let fault = Fault {
            at: "EHLO",
            act: hello.clone(),
            times: 1,
        };
        let peer = Peer::start(Protocol::Smtp, false, Some(fault)).await;
        let url = format!("{scheme}://ann@127.0.0.1:{}", peer.port);
        let output = restante(&["send", "--server", &url, "--from", "a@x.example"])
            .args(["--to", "b@x.example"])
            .end()
            .await;
        assert_eq!(output.code, code, "{output:?}");
        assert_eq!(peer.accepted().len(), usize::from(code == 0));
    }
}

#[tokio::test]
async fn without_a_user_there_is_no_sign_in() {
    let peer = Peer::start(Protocol::Smtp, true, None).await;
    let dir = TestDir::new(Peer::ca_pem());
    let url = format!("smtps://localhost:{}", peer.port);
    let output = send(&url, &dir).args(["--to", "b@x.example"]).end().await;
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!((peer.passwords(), peer.accepted().len()), (0, 1));
}

#[tokio::test]
async fn closed_port_and_unknown_host_have_separate_exit_codes() {
    // No name server is queried for an invalid name.
    let no_name = format!("smtps://{}.invalid", "x".repeat(64));
    for (url, code) in [("smtps://localhost:1", 3), (no_name.as_str(), 68)] {
        let output = restante(&["send", "--server", url, "--from", "a@x.example"])
            .args(["--to", "b@x.example"])
            .end()
            .await;
        assert_eq!(output.code, code, "{output:?}");
    }
}

#[tokio::test]
async fn the_transcript_shows_both_sides_and_no_secret() {
    let (peer, dir, url) = peer("nothing", Act::Reply("")).await;
    let output = send(&url, &dir)
        .args([
            "--to",
            "b@x.example",
            "--transcript",
            "--json",
            "--subject",
            "Quietly",
        ])
        .end()
        .await;
    assert_eq!(output.code, 0, "{output:?}");
    for line in [
        "< 220 peer ESMTP",
        "> EHLO [127.0.0.1]",
        "***",
        "> RCPT TO:<b@x.example>",
        "> QUIT",
    ] {
        assert!(output.stderr.contains(line), "{line}: {output:?}");
    }
    assert!(
        !output.stderr.contains("Quietly"),
        "the message is told by its size: {output:?}"
    );
    output.assert_no_password("ann@peer.test", PASSWORD);
    let first = output.stderr.lines().next().unwrap();
    assert_eq!(
        first.find(" localhost "),
        Some("HH:MM:SS.mmm".len()),
        "{first}"
    );
    assert_eq!(peer.passwords(), 1);
}

#[tokio::test]
async fn dry_run_shows_message_and_envelope_and_opens_no_connection() {
    let peer = Peer::start(Protocol::Smtp, true, None).await;
    let dir = TestDir::new(Peer::ca_pem());
    let octets: Vec<u8> = (0..=255).cycle().take(200_000).collect();
    let file = dir.file("报价.pdf", &octets);
    let page = dir.file("page.html", "<p>Hello <b>there</b></p>");
    let url = format!("smtps://localhost:{}", peer.port);
    let output = send(&url, &dir)
        .args([
            "--to",
            "Bob <b@x.example>",
            "--bcc",
            "secret@x.example",
            "--dry-run",
        ])
        .args([
            "--html",
            text(&page),
            "--attach",
            text(&file),
            "--subject",
            "会议",
        ])
        .end()
        .await;
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(
        output.stderr,
        "MAIL FROM:<ann@peer.test>\nRCPT TO:<b@x.example>\nRCPT TO:<secret@x.example>\n"
    );
    assert!(!output.stdout.contains("secret@"));
    let limits = mail_mime::limits::Limits::DEFAULT;
    let message = mail_mime::parse::Message::parse(output.stdout.as_bytes(), &limits).unwrap();
    let headers = message.headers();
    assert_eq!(headers.subject(), "会议");
    assert!(headers.message_id().unwrap().ends_with("@peer.test"));
    let date = headers.first("Date").unwrap();
    assert!(mail_mime::date::Date::of_message(date.raw()).is_some());
    let readable = message.root().readable();
    assert_eq!(readable.attachments.len(), 1);
    let part = readable.attachments[0];
    assert_eq!(part.name.as_deref(), Some("报价.pdf"));
    assert_eq!(part.media_type, "application/pdf");
    let found = message.part_bytes(&part.section).unwrap();
    assert!(mail_mime::transfer::decode(found, part.encoding) == octets);
    assert!(output.stdout.contains("multipart/alternative"));
    assert_eq!(peer.connections(), 0);
}

#[tokio::test]
async fn sent_message_equals_the_dry_run() {
    let (peer, dir, url) = peer("nothing", Act::Reply("")).await;
    let file = dir.file("data.bin", vec![7; 300_000]);
    let with_message = |run: Run| {
        run.args([
            "--to",
            "b@x.example",
            "--attach",
            text(&file),
            "--text",
            "-",
        ])
        .input("One\n.\nTwo\n")
    };
    let sent = with_message(send(&url, &dir)).args(["--json"]).end().await;
    assert_eq!(sent.code, 0, "{sent:?}");
    let shown = with_message(send(&url, &dir))
        .args(["--dry-run"])
        .end()
        .await;
    let sent_bytes = sent.json()["size_bytes"].as_u64().unwrap();
    assert_eq!(shown.stdout.len() as u64, sent_bytes);
    // The peer stores lines as received: dots stuffed, line feeds only.
    let accepted = peer
        .accepted()
        .remove(0)
        .replace("\n..", "\n.")
        .replace('\n', "\r\n");
    assert_eq!(accepted.len() as u64, sent_bytes);
    let body = |message: &str| {
        message
            .split_once("Content-Transfer-Encoding")
            .unwrap()
            .1
            .len()
    };
    assert_eq!(body(&accepted), body(&shown.stdout));
}

#[tokio::test]
async fn signal_before_the_final_dot_prevents_sending() {
    let (peer, dir, url) = peer("DATA", Act::Stall("")).await;
    let child = send(&url, &dir)
        .args(["--to", "b@x.example", "--json"])
        .spawn();
    peer.until_failed(1).await;
    signal(&child, "INT");
    let output = wait_for_output(child).await;
    assert_eq!(output.code, 3, "{output:?}");
    assert_eq!(recipients(&output.json()), [("b@x.example", "not_sent")]);
    assert!(peer.accepted().is_empty());
}

#[tokio::test]
async fn signal_after_the_final_dot_is_reported_as_unknown() {
    let (peer, dir, url) = peer(".", Act::Stall("")).await;
    let child = send(&url, &dir)
        .args(["--to", "b@x.example", "--json"])
        .spawn();
    peer.until_failed(1).await;
    signal(&child, "TERM");
    let output = wait_for_output(child).await;
    assert_eq!(output.code, 4, "{output:?}");
    assert_eq!(recipients(&output.json()), [("b@x.example", "unknown")]);
}

#[tokio::test]
async fn dsn_is_requested_if_offered_and_its_absence_is_reported() {
    let dsn = [
        "--to",
        "b@x.example",
        "--json",
        "--dsn",
        "success,delay,headers",
    ];
    let hello = Act::Reply("250-peer\r\n250-DSN\r\n250 AUTH PLAIN\r\n");
    let (peer, dir, url) = peer("EHLO", hello).await;
    let output = send(&url, &dir).args(dsn).end().await;
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(
        peer.count("RCPT TO:<b@x.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;"),
        1
    );
    assert_eq!(peer.count("MAIL FROM:<ann@peer.test> RET=HDRS ENVID="), 1);
    let report = output.json();
    assert_eq!(
        report["recipients"][0]["left_out"],
        Value::Array(Vec::new())
    );

    // The peer has no fault from now on, and does not offer DSN.
    let output = send(&url, &dir).args(dsn).end().await;
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(output.json()["recipients"][0]["left_out"][0], "DSN");
    let output = send(&url, &dir).args(["--to", "b@x.example", "--dsn", "never,delay"]);
    assert_eq!(output.end().await.code, 64);
}

#[tokio::test]
async fn server_with_a_limit_of_two_recipients_gets_all_in_several_transactions() {
    let hello = "250-peer\r\n250-PIPELINING\r\n250-LIMITS RCPTMAX=2\r\n250 AUTH PLAIN\r\n";
    let fault = Fault {
        at: "EHLO",
        act: Act::Reply(hello),
        times: 9,
    };
    let peer = Peer::start(Protocol::Smtp, true, Some(fault)).await;
    let dir = TestDir::new(Peer::ca_pem());
    let url = format!("smtps://localhost:{}", peer.port);
    let output = send(&url, &dir)
        .args(FIVE_RECIPIENTS)
        .args(["--json"])
        .end()
        .await;
    assert_eq!(output.code, 1, "{output:?}");
    let report = output.json();
    let outcomes: Vec<_> = recipients(&report)
        .into_iter()
        .map(|(_, what)| what)
        .collect();
    assert_eq!(
        outcomes,
        ["accepted", "refused", "accepted", "accepted", "refused"]
    );
    // If the only recipient is refused, the client sends a single dot.
    let accepted = peer.accepted();
    let messages = accepted.iter().filter(|message| !message.is_empty());
    assert_eq!(messages.count(), 2, "{accepted:?}");
    for address in ["one@", "two@", "three@", "nobody1@", "nobody2@"] {
        assert_eq!(peer.count(&format!("RCPT TO:<{address}")), 1, "{address}");
    }
}
