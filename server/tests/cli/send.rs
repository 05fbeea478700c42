//! `restante send` through a submission server.

use mail_demo::{ADDRESS, Demo, PASSWORD as DEMO_PASSWORD};
use serde_json::Value;

use super::{PASSWORD, Run, TestAccounts, demo, ended, restante, signal, text};
use crate::account::parts::Protocol;
use crate::account::peer::{Act, Fault, Peer};

const FIVE: [&str; 10] = [
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
fn send(url: &str, desk: &TestAccounts) -> Run {
    restante(&["send", "--server", url, "--from", "Ann <ann@peer.test>"]).args(desk.trust())
}

/// Starts a scripted server: implicit TLS, and a fault at one command.
async fn peer(at: &'static str, act: Act) -> (Peer, TestAccounts, String) {
    let fault = Fault { at, act, times: 1 };
    let peer = Peer::start(Protocol::Smtp, true, Some(fault)).await;
    let url = format!("smtps://ann%40peer.test@localhost:{}", peer.port);
    (peer, TestAccounts::new(Peer::ca_pem()), url)
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
    let desk = TestAccounts::new(demo.ca_pem());
    let ended = restante(&[
        "send",
        "--server",
        &smtps(&demo),
        "--from",
        ADDRESS,
        "--json",
    ])
    .args(desk.trust())
    .args(FIVE)
    .args(["--subject", "Minutes", "--text", "-"])
    .password(DEMO_PASSWORD)
    .input("Hello.\n.\n")
    .end()
    .await;
    assert_eq!(ended.code, 1, "{ended:?}");
    let report = ended.json();
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
async fn the_link_cut_after_the_final_dot_is_exit_4_unknown() {
    let (peer, desk, url) = peer(".", Act::Close("")).await;
    let ended = send(&url, &desk).args(FIVE).args(["--json"]).end().await;
    assert_eq!(ended.code, 4, "{ended:?}");
    let report = ended.json();
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
async fn the_link_cut_before_the_final_dot_is_exit_3_and_nothing_is_taken() {
    for at in ["MAIL", "DATA", "RCPT TO:<two"] {
        let (peer, desk, url) = peer(at, Act::Close("")).await;
        let ended = send(&url, &desk).args(FIVE).args(["--json"]).end().await;
        assert_eq!(ended.code, 3, "{at}: {ended:?}");
        assert_eq!(ended.json()["outcome"], "not_sent", "{at}");
        assert!(peer.taken().is_empty());
    }
}

#[tokio::test]
async fn a_message_refused_for_now_is_exit_3_and_one_refused_for_good_exit_2() {
    for (words, code, outcome) in [
        ("452 4.3.1 no room\r\n", 3, "deferred"),
        ("554 5.7.1 looks like junk\r\n", 2, "refused"),
    ] {
        let (_peer, desk, url) = peer(".", Act::Say(words)).await;
        let ended = send(&url, &desk)
            .args(["--to", "one@restante.test", "--json"])
            .end()
            .await;
        assert_eq!(ended.code, code, "{ended:?}");
        let report = ended.json();
        assert_eq!(recipients(&report), [("one@restante.test", outcome)]);
        assert_eq!(report["recipients"][0]["stage"], "end of message");
    }
    let (_peer, desk, url) = peer("nothing", Act::Say("")).await;
    let ended = send(&url, &desk)
        .args(["--to", "nobody@x.example", "--to", "nobody@y.example"])
        .end()
        .await;
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.out.contains("550 5.1.1 no such mailbox"), "{ended:?}");
    assert!(ended.out.contains("Check the spelling."), "{ended:?}");
}

#[tokio::test]
async fn a_recipient_refused_for_now_is_told_apart_from_one_refused_for_good() {
    let (_peer, desk, url) = peer("nothing", Act::Say("")).await;
    let all = ["--to", "later@x.example", "--to", "b@x.example"];
    for (to, code, outcome) in [(&all[..2], 3, "not_sent"), (&all[..], 1, "partly_accepted")] {
        let ended = send(&url, &desk).args(to).args(["--json"]).end().await;
        assert_eq!(ended.code, code, "{ended:?}");
        let report = ended.json();
        assert_eq!(report["outcome"], outcome);
        assert_eq!(recipients(&report)[0], ("later@x.example", "deferred"));
        assert_eq!(report["recipients"][0]["enhanced_code"], "4.2.1");
    }
}

#[tokio::test]
async fn a_refused_sign_in_is_exit_77_with_the_servers_words() {
    let demo = demo(Some(0)).await;
    let desk = TestAccounts::new(demo.ca_pem());
    let ended = restante(&["send", "--server", &smtps(&demo), "--from", ADDRESS])
        .args(desk.trust())
        .args(["--to", ADDRESS])
        .end()
        .await;
    assert_eq!(ended.code, 77, "{ended:?}");
    assert!(ended.out.contains("535 "), "{ended:?}");
    ended.assert_no_password(ADDRESS, PASSWORD);
    assert_eq!(demo.inbox_len(), 0);
}

#[tokio::test]
async fn an_untrusted_certificate_is_exit_76_before_the_password_leaves() {
    for (scheme, is_implicit) in [("smtps", true), ("smtp", false)] {
        let peer = Peer::start(Protocol::Smtp, is_implicit, None).await;
        let url = format!("{scheme}://ann@localhost:{}", peer.port);
        let ended = restante(&["send", "--server", &url, "--from", "a@x.example"])
            .args(["--to", "b@x.example", "--json"])
            .end()
            .await;
        assert_eq!(ended.code, 76, "{ended:?}");
        let report = ended.json();
        let cause = report["recipients"][0]["cause"].as_str().unwrap();
        assert!(cause.contains("certificate"), "{cause}");
        assert_eq!(peer.passwords(), 0);
    }
}

#[tokio::test]
async fn starttls_that_is_not_offered_is_exit_69_unless_plain_is_asked_for() {
    let hello = Act::Say("250-peer\r\n250 AUTH PLAIN\r\n");
    for (scheme, code) in [("smtp", 69), ("smtp+plain", 0)] {
        let fault = Fault {
            at: "EHLO",
            act: hello.clone(),
            times: 1,
        };
        let peer = Peer::start(Protocol::Smtp, false, Some(fault)).await;
        let url = format!("{scheme}://ann@127.0.0.1:{}", peer.port);
        let ended = restante(&["send", "--server", &url, "--from", "a@x.example"])
            .args(["--to", "b@x.example"])
            .end()
            .await;
        assert_eq!(ended.code, code, "{ended:?}");
        assert_eq!(peer.taken().len(), usize::from(code == 0));
    }
}

#[tokio::test]
async fn without_a_user_nobody_signs_in() {
    let peer = Peer::start(Protocol::Smtp, true, None).await;
    let desk = TestAccounts::new(Peer::ca_pem());
    let url = format!("smtps://localhost:{}", peer.port);
    let ended = send(&url, &desk).args(["--to", "b@x.example"]).end().await;
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!((peer.passwords(), peer.taken().len()), (0, 1));
}

#[tokio::test]
async fn nobody_there_and_no_such_host_have_codes_of_their_own() {
    // No name server is queried for an invalid name.
    let no_name = format!("smtps://{}.invalid", "x".repeat(64));
    for (url, code) in [("smtps://localhost:1", 3), (no_name.as_str(), 68)] {
        let ended = restante(&["send", "--server", url, "--from", "a@x.example"])
            .args(["--to", "b@x.example"])
            .end()
            .await;
        assert_eq!(ended.code, code, "{ended:?}");
    }
}

#[tokio::test]
async fn the_transcript_shows_both_sides_and_no_secret() {
    let (peer, desk, url) = peer("nothing", Act::Say("")).await;
    let ended = send(&url, &desk)
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
    assert_eq!(ended.code, 0, "{ended:?}");
    for line in [
        "< 220 peer ESMTP",
        "> EHLO [127.0.0.1]",
        "***",
        "> RCPT TO:<b@x.example>",
        "> QUIT",
    ] {
        assert!(ended.told.contains(line), "{line}: {ended:?}");
    }
    assert!(
        !ended.told.contains("Quietly"),
        "the message is told by its size: {ended:?}"
    );
    ended.assert_no_password("ann@peer.test", PASSWORD);
    let first = ended.told.lines().next().unwrap();
    assert_eq!(
        first.find(" localhost "),
        Some("HH:MM:SS.mmm".len()),
        "{first}"
    );
    assert_eq!(peer.passwords(), 1);
}

#[tokio::test]
async fn a_dry_run_shows_message_and_envelope_and_connects_to_nobody() {
    let peer = Peer::start(Protocol::Smtp, true, None).await;
    let desk = TestAccounts::new(Peer::ca_pem());
    let octets: Vec<u8> = (0..=255).cycle().take(200_000).collect();
    let file = desk.file("报价.pdf", &octets);
    let page = desk.file("page.html", "<p>Hello <b>there</b></p>");
    let url = format!("smtps://localhost:{}", peer.port);
    let ended = send(&url, &desk)
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
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(
        ended.told,
        "MAIL FROM:<ann@peer.test>\nRCPT TO:<b@x.example>\nRCPT TO:<secret@x.example>\n"
    );
    assert!(!ended.out.contains("secret@"));
    let limits = mail_mime::limits::Limits::DEFAULT;
    let message = mail_mime::parse::Message::parse(ended.out.as_bytes(), &limits).unwrap();
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
    assert!(ended.out.contains("multipart/alternative"));
    assert_eq!(peer.connections(), 0);
}

#[tokio::test]
async fn what_leaves_is_what_the_dry_run_shows() {
    let (peer, desk, url) = peer("nothing", Act::Say("")).await;
    let file = desk.file("data.bin", vec![7; 300_000]);
    let words = |run: Run| {
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
    let sent = words(send(&url, &desk)).args(["--json"]).end().await;
    assert_eq!(sent.code, 0, "{sent:?}");
    let shown = words(send(&url, &desk)).args(["--dry-run"]).end().await;
    let sent_bytes = sent.json()["size_bytes"].as_u64().unwrap();
    assert_eq!(shown.out.len() as u64, sent_bytes);
    // The peer stores lines as received: dots stuffed, line feeds only.
    let taken = peer
        .taken()
        .remove(0)
        .replace("\n..", "\n.")
        .replace('\n', "\r\n");
    assert_eq!(taken.len() as u64, sent_bytes);
    let body = |message: &str| {
        message
            .split_once("Content-Transfer-Encoding")
            .unwrap()
            .1
            .len()
    };
    assert_eq!(body(&taken), body(&shown.out));
}

#[tokio::test]
async fn a_signal_before_the_final_dot_keeps_the_message_from_going_out() {
    let (peer, desk, url) = peer("DATA", Act::Stall("")).await;
    let child = send(&url, &desk)
        .args(["--to", "b@x.example", "--json"])
        .spawn();
    peer.played(1).await;
    signal(&child, "INT");
    let ended = ended(child).await;
    assert_eq!(ended.code, 3, "{ended:?}");
    assert_eq!(recipients(&ended.json()), [("b@x.example", "not_sent")]);
    assert!(peer.taken().is_empty());
}

#[tokio::test]
async fn a_signal_after_the_final_dot_says_unknown() {
    let (peer, desk, url) = peer(".", Act::Stall("")).await;
    let child = send(&url, &desk)
        .args(["--to", "b@x.example", "--json"])
        .spawn();
    peer.played(1).await;
    signal(&child, "TERM");
    let ended = ended(child).await;
    assert_eq!(ended.code, 4, "{ended:?}");
    assert_eq!(recipients(&ended.json()), [("b@x.example", "unknown")]);
}

#[tokio::test]
async fn notices_are_asked_for_where_they_are_offered_and_told_where_not() {
    let dsn = [
        "--to",
        "b@x.example",
        "--json",
        "--dsn",
        "success,delay,headers",
    ];
    let hello = Act::Say("250-peer\r\n250-DSN\r\n250 AUTH PLAIN\r\n");
    let (peer, desk, url) = peer("EHLO", hello).await;
    let ended = send(&url, &desk).args(dsn).end().await;
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(
        peer.count("RCPT TO:<b@x.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;"),
        1
    );
    assert_eq!(peer.count("MAIL FROM:<ann@peer.test> RET=HDRS ENVID="), 1);
    let report = ended.json();
    assert_eq!(
        report["recipients"][0]["left_out"],
        Value::Array(Vec::new())
    );

    // The peer has no fault from now on, and does not offer DSN.
    let ended = send(&url, &desk).args(dsn).end().await;
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ended.json()["recipients"][0]["left_out"][0], "DSN");
    let ended = send(&url, &desk).args(["--to", "b@x.example", "--dsn", "never,delay"]);
    assert_eq!(ended.end().await.code, 64);
}

#[tokio::test]
async fn a_server_that_takes_two_recipients_at_a_time_is_asked_until_all_are_told() {
    let hello = "250-peer\r\n250-PIPELINING\r\n250-LIMITS RCPTMAX=2\r\n250 AUTH PLAIN\r\n";
    let fault = Fault {
        at: "EHLO",
        act: Act::Say(hello),
        times: 9,
    };
    let peer = Peer::start(Protocol::Smtp, true, Some(fault)).await;
    let desk = TestAccounts::new(Peer::ca_pem());
    let url = format!("smtps://localhost:{}", peer.port);
    let ended = send(&url, &desk).args(FIVE).args(["--json"]).end().await;
    assert_eq!(ended.code, 1, "{ended:?}");
    let report = ended.json();
    let outcomes: Vec<_> = recipients(&report)
        .into_iter()
        .map(|(_, what)| what)
        .collect();
    assert_eq!(
        outcomes,
        ["accepted", "refused", "accepted", "accepted", "refused"]
    );
    // If the only recipient is refused, the client sends a single dot.
    let taken = peer.taken();
    let messages = taken.iter().filter(|message| !message.is_empty());
    assert_eq!(messages.count(), 2, "{taken:?}");
    for address in ["one@", "two@", "three@", "nobody1@", "nobody2@"] {
        assert_eq!(peer.count(&format!("RCPT TO:<{address}")), 1, "{address}");
    }
}
