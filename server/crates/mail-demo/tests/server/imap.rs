//! IMAP sessions, line by line.

use crate::client::{Client, PLAIN, demo, imap_in_inbox, imap_signed_in};

fn letter(subject: &str) -> String {
    format!("From: a@b.example\r\nSubject: {subject}\r\n\r\nHello.\r\n")
}

#[tokio::test]
async fn a_password_in_plaintext_is_refused() {
    let demo = demo(Some(0)).await;
    let mut client = Client::plain(&demo, demo.ports().imap).await;
    let greeting = client.line().await;
    assert!(
        greeting.contains(" STARTTLS LOGINDISABLED]") && !greeting.contains("AUTH="),
        "{greeting}"
    );
    assert!(client.imap("LOGIN demo demo").await[0].starts_with("t NO [PRIVACYREQUIRED]"));
    assert!(
        client.imap(&format!("AUTHENTICATE PLAIN {PLAIN}")).await[0]
            .starts_with("t NO [PRIVACYREQUIRED]")
    );
    assert!(client.imap("SELECT INBOX").await[0].starts_with("t BAD"));
}

#[tokio::test]
async fn starttls_leads_to_sign_in() {
    let demo = demo(Some(0)).await;
    let mut client = Client::plain(&demo, demo.ports().imap).await;
    client.line().await;
    assert_eq!(client.imap("STARTTLS").await, ["t OK begin TLS now"]);
    let mut client = client.upgraded("localhost").await;
    let capabilities = client.imap("CAPABILITY").await;
    assert_eq!(
        capabilities[0],
        "* CAPABILITY IMAP4rev1 LITERAL+ ID SASL-IR AUTH=PLAIN"
    );
    assert!(client.imap("STARTTLS").await[0].starts_with("t BAD"));
    assert!(
        client.imap(&format!("AUTHENTICATE PLAIN {PLAIN}")).await[0]
            .starts_with("t OK [CAPABILITY ")
    );
}

#[tokio::test]
async fn plaintext_behind_starttls_closes_the_connection() {
    let demo = demo(Some(0)).await;
    let mut client = Client::plain(&demo, demo.ports().imap).await;
    client.line().await;
    client.send("t STARTTLS\r\nx LOGIN demo demo\r\n").await;
    assert_eq!(client.line().await, "* BYE input before the TLS handshake");
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn five_wrong_passwords_close_the_connection() {
    let demo = demo(Some(0)).await;
    let mut client = Client::tls(&demo, demo.ports().imaps).await;
    client.line().await;
    for _ in 0..5 {
        assert!(
            client.imap("LOGIN demo wrong").await[0].starts_with("t NO [AUTHENTICATIONFAILED]")
        );
    }
    assert_eq!(client.line().await, "* BYE too many refused commands");
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn authenticate_without_initial_response_can_be_cancelled() {
    let demo = demo(Some(0)).await;
    let mut client = Client::tls(&demo, demo.ports().imaps).await;
    client.line().await;
    assert_eq!(client.exchange("t AUTHENTICATE PLAIN").await, "+ ");
    assert!(client.exchange("*").await.starts_with("t BAD"));
    assert_eq!(client.exchange("t AUTHENTICATE PLAIN").await, "+ ");
    assert!(client.exchange(PLAIN).await.starts_with("t OK"));
}

#[tokio::test]
async fn select_returns_the_state_of_the_folder() {
    let demo = demo(Some(0)).await;
    demo.deliver(letter("one"));
    demo.deliver(letter("two"));
    let mut client = imap_signed_in(&demo).await;
    let lines = client.imap("SELECT inbox").await;
    assert!(
        lines[0].starts_with("* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft"),
        "{lines:?}"
    );
    assert!(lines[1].starts_with("* OK [PERMANENTFLAGS (") && lines[1].contains(" \\*)]"));
    assert_eq!(
        lines[2..5],
        [
            "* 2 EXISTS",
            "* 2 RECENT",
            "* OK [UNSEEN 1] first unread message"
        ]
    );
    assert!(lines[5].starts_with("* OK [UIDVALIDITY "));
    assert!(lines[6].starts_with("* OK [UIDNEXT 3]"));
    let examined = client.imap("EXAMINE INBOX").await;
    assert!(examined.contains(&"* 0 RECENT".to_owned()));
    assert_eq!(examined.last().unwrap(), "t OK [READ-ONLY] EXAMINE done");
    assert!(client.imap("STORE 1 +FLAGS (\\Seen)").await[0].starts_with("t NO [READ-ONLY]"));
    assert!(client.imap("SELECT nowhere").await[0].starts_with("t NO [NONEXISTENT]"));
    assert!(
        client.imap("FETCH 1 FLAGS").await[0].starts_with("t BAD"),
        "a failed SELECT leaves nothing selected"
    );
}

#[tokio::test]
async fn reading_a_body_marks_it_as_read_unless_it_is_a_peek() {
    let demo = demo(Some(0)).await;
    demo.deliver(letter("one"));
    let mut client = imap_in_inbox(&demo).await;
    assert_eq!(
        client.imap("FETCH 1 (UID BODY.PEEK[TEXT]<0.5>)").await,
        [
            "* 1 FETCH (UID 1 BODY[TEXT]<0> {5}",
            "Hello)",
            "t OK FETCH done"
        ]
    );
    assert_eq!(
        client.imap("UID FETCH 1 BODY[TEXT]").await,
        [
            "* 1 FETCH (UID 1 BODY[TEXT] {8}",
            "Hello.",
            " FLAGS (\\Seen \\Recent))",
            "t OK FETCH done"
        ]
    );
    assert_eq!(
        client.imap("FETCH 1 (FLAGS RFC822.SIZE)").await[0],
        "* 1 FETCH (FLAGS (\\Seen \\Recent) RFC822.SIZE 43)"
    );
}

#[tokio::test]
async fn idle_reports_a_delivery() {
    let demo = demo(Some(3)).await;
    let mut client = imap_in_inbox(&demo).await;
    assert_eq!(client.exchange("t IDLE").await, "+ idling");
    demo.deliver(letter("new"));
    assert_eq!(client.line().await, "* 4 EXISTS");
    assert_eq!(client.line().await, "* 1 RECENT");
    assert_eq!(client.exchange("DONE").await, "t OK IDLE done");
}

#[tokio::test]
async fn nothing_is_sent_between_commands() {
    let demo = demo(Some(1)).await;
    let mut client = imap_in_inbox(&demo).await;
    demo.deliver(letter("new"));
    assert!(client.is_silent().await);
    assert_eq!(client.imap("NOOP").await[0], "* 2 EXISTS");
}

#[tokio::test]
async fn done_and_the_next_command_may_come_in_one_write() {
    let demo = demo(Some(1)).await;
    let mut client = imap_in_inbox(&demo).await;
    assert_eq!(client.exchange("t IDLE").await, "+ idling");
    client.send("DONE\r\nu NOOP\r\n").await;
    assert_eq!(client.line().await, "t OK IDLE done");
    assert_eq!(client.line().await, "u OK NOOP done");
}

#[tokio::test]
async fn flag_changes_and_expunges_are_reported_to_other_sessions() {
    let demo = demo(Some(3)).await;
    let mut first = imap_in_inbox(&demo).await;
    let mut second = imap_in_inbox(&demo).await;
    assert_eq!(second.exchange("t IDLE").await, "+ idling");
    assert!(
        first.imap("STORE 2 +FLAGS.SILENT (\\Deleted $Later)").await[0].starts_with("* FLAGS (")
    );
    assert!(second.line().await.starts_with("* FLAGS ("));
    let update = second.line().await;
    assert!(
        update.starts_with("* 2 FETCH (UID 2 FLAGS (")
            && update.contains("\\Deleted")
            && update.contains("$Later"),
        "{update}"
    );
    assert_eq!(
        first.imap("EXPUNGE").await,
        ["* 2 EXPUNGE", "t OK EXPUNGE done"]
    );
    assert_eq!(second.line().await, "* 2 EXPUNGE");
}

#[tokio::test]
async fn no_expunge_is_sent_while_sequence_numbers_are_in_use() {
    let demo = demo(Some(3)).await;
    let mut first = imap_in_inbox(&demo).await;
    let mut second = imap_in_inbox(&demo).await;
    first.imap("STORE 1 +FLAGS.SILENT (\\Deleted)").await;
    first.imap("EXPUNGE").await;
    // The second session still counts three messages; the first of them is expunged.
    let fetched = second.imap("FETCH 1:3 UID").await;
    assert_eq!(fetched[..2], ["* 2 FETCH (UID 2)", "* 3 FETCH (UID 3)"]);
    assert!(
        fetched.last().unwrap().starts_with("t NO [EXPUNGEISSUED]"),
        "{fetched:?}"
    );
    assert!(
        second
            .imap("SEARCH ALL")
            .await
            .contains(&"* SEARCH 2 3".to_owned())
    );
    second.imap("STORE 3 +FLAGS (\\Flagged)").await;
    assert_eq!(second.imap("NOOP").await, ["* 1 EXPUNGE", "t OK NOOP done"]);
    assert_eq!(
        second.imap("FETCH 1:2 UID").await[..2],
        ["* 1 FETCH (UID 2)", "* 2 FETCH (UID 3)"]
    );
}

#[tokio::test]
async fn a_session_receives_its_own_changes_once() {
    let demo = demo(Some(2)).await;
    let mut client = imap_in_inbox(&demo).await;
    assert_eq!(
        client.imap("UID STORE 1 FLAGS (\\Seen)").await,
        ["* 1 FETCH (UID 1 FLAGS (\\Seen))", "t OK STORE done"]
    );
    assert_eq!(
        client.imap("STORE 1 -FLAGS.SILENT (\\Seen)").await,
        ["t OK STORE done"]
    );
    assert_eq!(client.imap("NOOP").await, ["t OK NOOP done"]);
    assert_eq!(
        client.imap("FETCH 1 FLAGS").await[0],
        "* 1 FETCH (FLAGS ())"
    );
}

#[tokio::test]
async fn a_new_keyword_is_announced_before_it_is_used() {
    let demo = demo(Some(1)).await;
    let mut client = imap_in_inbox(&demo).await;
    let lines = client.imap("STORE 1 +FLAGS ($Later)").await;
    assert!(
        lines[0].starts_with("* FLAGS (") && lines[0].ends_with("$Later)"),
        "{lines:?}"
    );
    assert!(
        lines[1].starts_with("* 1 FETCH (FLAGS (") && lines[1].contains("$Later"),
        "{lines:?}"
    );
    assert_eq!(lines.len(), 3);
    assert!(client.imap("STORE 1 +FLAGS (\\Recent)").await[0].starts_with("t NO"));
}

#[tokio::test]
async fn append_with_either_kind_of_literal_returns_the_uid() {
    let demo = demo(Some(1)).await;
    let mut client = imap_in_inbox(&demo).await;
    let message = letter("appended");
    client
        .send(&format!(
            "t APPEND INBOX (\\Seen $Mine) \"17-Jul-1996 02:44:25 -0700\" {{{}}}\r\n",
            message.len()
        ))
        .await;
    assert_eq!(client.line().await, "+ go on");
    client.send(&format!("{message}\r\n")).await;
    let lines = client.lines_until(|line| line.starts_with("t ")).await;
    assert_eq!(lines[..2], ["* 2 EXISTS", "* 1 RECENT"]);
    assert!(
        lines.last().unwrap().starts_with("t OK [APPENDUID ")
            && lines.last().unwrap().contains(" 2]"),
        "{lines:?}"
    );
    assert_eq!(
        client.imap("FETCH 2 (FLAGS INTERNALDATE)").await[0],
        "* 2 FETCH (FLAGS (\\Seen $Mine \\Recent) INTERNALDATE \"17-Jul-1996 17:44:25 +0800\")"
    );
    client
        .send(&format!(
            "t APPEND Drafts {{{}+}}\r\n{message}\r\n",
            message.len()
        ))
        .await;
    assert!(client.line().await.starts_with("t OK [APPENDUID "));
    client
        .send(&format!(
            "t APPEND nowhere {{{}+}}\r\n{message}\r\n",
            message.len()
        ))
        .await;
    assert!(client.line().await.starts_with("t NO [TRYCREATE]"));
    client.send("t APPEND INBOX {6+}\r\na: b\n\n\r\n").await;
    assert!(
        client.line().await.starts_with("t NO [CANNOT]"),
        "a lone LF is no line end"
    );
}

#[tokio::test]
async fn literals_over_the_limit_are_refused_and_the_session_continues() {
    let demo = demo(Some(1)).await;
    let mut client = imap_signed_in(&demo).await;
    assert!(
        client
            .exchange("t APPEND INBOX {99999999999}")
            .await
            .starts_with("t NO [TOOBIG]")
    );
    assert!(
        client
            .exchange("t LOGIN {70000}")
            .await
            .starts_with("t NO [TOOBIG]")
    );
    client.send("t SELECT {70000+}\r\n").await;
    client.send(&format!("{}\r\n", "x".repeat(70_000))).await;
    assert!(client.line().await.starts_with("t NO [TOOBIG]"));
    assert_eq!(client.imap("NOOP").await, ["t OK NOOP done"]);
    client.send("t SELECT {99999999999+}\r\n").await;
    assert!(client.line().await.starts_with("* BYE line over"));
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn an_endless_line_and_a_lone_lf_end_the_session() {
    let demo = demo(Some(0)).await;
    let mut client = imap_signed_in(&demo).await;
    client.send(&"x".repeat(70_000)).await;
    assert!(
        client
            .line()
            .await
            .starts_with("* BYE line over 65536 octets")
    );
    let mut client = imap_signed_in(&demo).await;
    client.send("t NOOP\n").await;
    assert_eq!(client.line().await, "* BYE line ends with a lone LF");
}

#[tokio::test]
async fn copy_and_move_return_the_uids() {
    let demo = demo(Some(3)).await;
    let mut client = imap_in_inbox(&demo).await;
    let copied = client.imap("COPY 1:2 Trash").await;
    assert!(
        copied[0].starts_with("t OK [COPYUID ") && copied[0].contains(" 1:2 "),
        "{copied:?}"
    );
    let moved = client.imap("UID MOVE 1,3 Archive").await;
    assert!(
        moved[0].starts_with("* OK [COPYUID ") && moved[0].contains(" 1,3 "),
        "{moved:?}"
    );
    assert_eq!(moved[1..], ["* 1 EXPUNGE", "* 2 EXPUNGE", "t OK MOVE done"]);
    assert_eq!(demo.inbox_len(), 1);
    assert!(client.imap("MOVE 1 nowhere").await[0].starts_with("t NO [TRYCREATE]"));
    assert!(client.imap("COPY 2 Trash").await[0].starts_with("t BAD"));
    assert_eq!(
        client.imap("UID COPY 77 Trash").await,
        ["t OK COPY done, of nothing"]
    );
}

#[tokio::test]
async fn uid_expunge_leaves_other_deleted_messages_alone() {
    let demo = demo(Some(3)).await;
    let mut client = imap_in_inbox(&demo).await;
    client.imap("STORE 1:2 +FLAGS.SILENT (\\Deleted)").await;
    assert_eq!(
        client.imap("UID EXPUNGE 2:3").await,
        ["* 2 EXPUNGE", "t OK EXPUNGE done"]
    );
    assert_eq!(client.imap("CLOSE").await, ["t OK CLOSE done"]);
    assert_eq!(demo.inbox_len(), 1, "CLOSE removes the other one");
}

#[tokio::test]
async fn search_finds_decoded_text() {
    let demo = demo(Some(0)).await;
    demo.deliver(
        "From: =?utf-8?b?6ZmI5oCd6L+c?= <c@x.example>\r\nSubject: plan\r\n\r\nnothing\r\n",
    );
    demo.deliver(
        "From: d@x.example\r\nSubject: =?gb18030?B?uqPFuA==?=\r\n\r\nsee the attached\r\n",
    );
    let mut client = imap_in_inbox(&demo).await;
    client
        .send("t SEARCH CHARSET UTF-8 OR FROM {9+}\r\n陈思远 SUBJECT {6+}\r\n海鸥\r\n")
        .await;
    assert_eq!(client.line().await, "* SEARCH 1 2");
    assert_eq!(client.line().await, "t OK SEARCH done");
    assert_eq!(
        client.imap("UID SEARCH UNSEEN BODY attached").await[0],
        "* SEARCH 2"
    );
    assert_eq!(client.imap("SEARCH 3:* SEEN").await[0], "* SEARCH");
    assert!(client.imap("SEARCH CHARSET KOI8-R ALL").await[0].starts_with("t NO [BADCHARSET "));
}

#[tokio::test]
async fn folders_can_be_created_renamed_and_deleted() {
    let demo = demo(Some(0)).await;
    let mut client = imap_signed_in(&demo).await;
    let created = client.imap("CREATE &U,BTFw-/x").await;
    assert!(created[0].starts_with("t OK [MAILBOXID (F"), "{created:?}");
    assert!(client.imap("CREATE &U,BTFw-/x").await[0].starts_with("t NO [ALREADYEXISTS]"));
    assert_eq!(
        client.imap("RENAME &U,BTFw- Taipei").await,
        ["t OK RENAME done"]
    );
    assert_eq!(
        client.imap("LIST \"\" Taipei*").await[..2],
        [
            "* LIST (\\Noselect \\HasChildren) \"/\" Taipei",
            "* LIST (\\HasNoChildren) \"/\" Taipei/x"
        ]
    );
    assert_eq!(
        client.imap("SUBSCRIBE Taipei/x").await,
        ["t OK SUBSCRIBE done"]
    );
    assert_eq!(
        client.imap("LSUB \"\" Taipei/*").await[0],
        "* LSUB () \"/\" Taipei/x"
    );
    assert_eq!(client.imap("DELETE Taipei/x").await, ["t OK DELETE done"]);
    assert!(client.imap("DELETE Taipei/x").await[0].starts_with("t NO [NONEXISTENT]"));
    assert!(client.imap("DELETE INBOX").await[0].starts_with("t NO [CANNOT]"));
    assert!(client.imap("SELECT \"&broken\"").await[0].starts_with("t BAD"));
}

#[tokio::test]
async fn deleting_the_selected_folder_ends_the_sessions_in_it() {
    let demo = demo(Some(0)).await;
    let mut first = imap_signed_in(&demo).await;
    let mut second = imap_signed_in(&demo).await;
    first.imap("CREATE work").await;
    second.imap("SELECT work").await;
    assert_eq!(second.exchange("t IDLE").await, "+ idling");
    first.imap("DELETE work").await;
    assert_eq!(
        second.line().await,
        "* BYE the selected mailbox was deleted"
    );
}

#[tokio::test]
async fn list_status_returns_the_counts_of_all_folders() {
    let demo = demo(Some(2)).await;
    let mut client = imap_signed_in(&demo).await;
    let lines = client
        .imap("LIST \"\" \"*\" RETURN (SPECIAL-USE STATUS (MESSAGES UNSEEN))")
        .await;
    assert!(
        lines.contains(&"* LIST (\\Trash \\HasNoChildren) \"/\" Trash".to_owned()),
        "{lines:?}"
    );
    assert!(
        lines.contains(&"* LIST (\\HasNoChildren) \"/\" Projects/&bXeeJZh5du4-".to_owned()),
        "{lines:?}"
    );
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("* STATUS INBOX (MESSAGES 2 UNSEEN "))
    );
    assert!(
        !lines
            .iter()
            .any(|line| line.starts_with("* STATUS Projects (")),
        "nothing can be counted in a \\Noselect"
    );
}

#[tokio::test]
async fn pipelined_commands_are_answered_in_order() {
    let demo = demo(Some(2)).await;
    let mut client = imap_signed_in(&demo).await;
    client.send("a SELECT INBOX\r\nb UID FETCH 1:* (UID)\r\nc STATUS Sent (MESSAGES)\r\nd ID NIL\r\ne NAMESPACE\r\nf LOGOUT\r\n").await;
    let lines = client.lines_until(|line| line.starts_with("f ")).await;
    let tags: Vec<_> = lines
        .iter()
        .filter(|line| !line.starts_with('*'))
        .map(|line| &line[..4])
        .collect();
    assert_eq!(tags, ["a OK", "b OK", "c OK", "d OK", "e OK", "f OK"]);
    assert!(lines.contains(&"* NAMESPACE ((\"\" \"/\")) NIL NIL".to_owned()));
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn malformed_commands_are_bad_and_too_many_of_them_close_the_connection() {
    let demo = demo(Some(1)).await;
    let mut client = imap_in_inbox(&demo).await;
    assert!(client.exchange("").await.starts_with("* BAD"));
    for line in [
        "t FROB",
        "t FETCH 1 (BODY[",
        "t FETCH 99 FLAGS",
        "t UID",
        "t STORE 1 FLAGS",
    ] {
        assert!(client.exchange(line).await.starts_with("t BAD"), "{line}");
    }
    assert_eq!(client.line().await, "* BYE too many refused commands");
}

#[tokio::test]
async fn a_session_is_the_same_when_sent_octet_by_octet() {
    const SESSION: &str = "a LOGIN {4}\r\ndemo {4+}\r\ndemo\r\nb SELECT INBOX\r\nc UID FETCH 1:* (UID RFC822.SIZE)\r\n\
        d APPEND Drafts (\\Draft) {9+}\r\na: b\r\n\r\nc\r\ne IDLE\r\nDONE\r\nf LOGOUT\r\n";
    let mut transcripts = Vec::new();
    for octets_at_once in [SESSION.len(), 1, 7] {
        let demo = demo(Some(3)).await;
        let mut client = Client::tls(&demo, demo.ports().imaps).await;
        for piece in SESSION.as_bytes().chunks(octets_at_once) {
            client.send_octets(piece).await;
        }
        transcripts.push(client.lines_until(|line| line.starts_with("f ")).await);
    }
    assert_eq!(transcripts[0].last().unwrap(), "f OK LOGOUT done");
    assert!(
        transcripts[0]
            .iter()
            .any(|line| line.starts_with("d OK [APPENDUID ")),
        "{transcripts:?}"
    );
    assert_eq!(transcripts[0], transcripts[1]);
    assert_eq!(transcripts[0], transcripts[2]);
}
