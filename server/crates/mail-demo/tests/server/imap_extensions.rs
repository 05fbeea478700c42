//! IMAP extensions: ESEARCH, CONDSTORE, OBJECTID.

use crate::client::{Client, demo, imap_in_inbox, imap_signed_in};

/// Returns the number after a word, as in `HIGHESTMODSEQ 7` or `MODSEQ (7)`.
#[track_caller]
fn number_after(name: &str, lines: &[String]) -> u64 {
    let all = lines.join("\n");
    let (_, rest) = all.split_once(&format!("{name} ")).expect(&all);
    let digits = rest.trim_start_matches('(');
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    digits[..end].parse().expect(&all)
}

async fn highest(client: &mut Client) -> u64 {
    let lines = client.imap("STATUS INBOX (HIGHESTMODSEQ)").await;
    number_after("HIGHESTMODSEQ", &lines)
}

#[tokio::test]
async fn search_return_options_give_an_esearch_response() {
    let demo = demo(Some(4)).await;
    let mut client = imap_in_inbox(&demo).await;
    client.imap("STORE 1:4 FLAGS.SILENT ()").await;
    client.imap("STORE 2:4 +FLAGS.SILENT (\\Flagged)").await;
    assert_eq!(
        client
            .imap("UID SEARCH RETURN (MIN MAX COUNT ALL) FLAGGED")
            .await,
        [
            "* ESEARCH (TAG \"t\") UID MIN 2 MAX 4 ALL 2:4 COUNT 3",
            "t OK SEARCH done"
        ]
    );
    assert_eq!(
        client.imap("SEARCH RETURN () DRAFT").await[0],
        "* ESEARCH (TAG \"t\")"
    );
    assert_eq!(client.imap("SEARCH FLAGGED").await[0], "* SEARCH 2 3 4");
    assert!(client.imap("SEARCH RETURN (SAVE) ALL").await[0].starts_with("t BAD"));
}

#[tokio::test]
async fn changedsince_returns_changed_messages_only() {
    let demo = demo(Some(3)).await;
    let mut client = imap_signed_in(&demo).await;
    let selected = client.imap("SELECT INBOX (CONDSTORE)").await;
    let before = number_after("HIGHESTMODSEQ", &selected);
    let stored = client.imap("UID STORE 2 +FLAGS (\\Flagged $Work)").await;
    let after = number_after("MODSEQ", &stored);
    assert!(after > before);
    let changed = client
        .imap(&format!("UID FETCH 1:* (FLAGS) (CHANGEDSINCE {before})"))
        .await;
    assert_eq!(changed.len(), 2, "{changed:?}");
    assert!(changed[0].starts_with("* 2 FETCH (UID 2 FLAGS (") && changed[0].contains("\\Flagged"));
    assert_eq!(number_after("MODSEQ", &changed), after);
    let none = client
        .imap(&format!("UID FETCH 1:* (FLAGS) (CHANGEDSINCE {after})"))
        .await;
    assert_eq!(none, ["t OK FETCH done"]);
    assert_eq!(
        client.imap(&format!("UID SEARCH MODSEQ {after}")).await[0],
        format!("* SEARCH 2 (MODSEQ {after})")
    );
    assert_eq!(highest(&mut client).await, after);
}

#[tokio::test]
async fn arrivals_and_removals_count_as_changes() {
    let demo = demo(Some(1)).await;
    let mut client = imap_in_inbox(&demo).await;
    let before = highest(&mut client).await;
    demo.deliver("Subject: new\r\n\r\n");
    let arrived = highest(&mut client).await;
    assert!(arrived > before);
    let changed = client
        .imap(&format!("FETCH 1:* (UID) (CHANGEDSINCE {before})"))
        .await;
    assert!(
        changed[0].contains(&format!("(UID 2 MODSEQ ({arrived}))")),
        "{changed:?}"
    );
    client.imap("UID STORE 2 +FLAGS.SILENT (\\Deleted)").await;
    let marked = highest(&mut client).await;
    client.imap("EXPUNGE").await;
    assert!(highest(&mut client).await > marked);
}

#[tokio::test]
async fn unchangedsince_skips_messages_changed_by_another_session() {
    let demo = demo(Some(3)).await;
    let mut one = imap_in_inbox(&demo).await;
    let mut other = imap_in_inbox(&demo).await;
    one.imap("STORE 1:3 FLAGS.SILENT ()").await;
    let known = highest(&mut one).await;
    other.imap("STORE 2 +FLAGS (\\Flagged)").await;
    let stored = one
        .imap(&format!(
            "STORE 1:3 (UNCHANGEDSINCE {known}) +FLAGS.SILENT (\\Deleted)"
        ))
        .await;
    assert_eq!(stored.last().unwrap(), "t OK [MODIFIED 2] STORE done");
    assert_eq!(one.imap("SEARCH DELETED").await[0], "* SEARCH 1 3");
    // The response to a UID command contains UIDs.
    let stored = one
        .imap("UID STORE 1,3 (UNCHANGEDSINCE 1) -FLAGS (\\Deleted)")
        .await;
    assert_eq!(stored, ["t OK [MODIFIED 1,3] STORE done"]);
}

#[tokio::test]
async fn modseq_is_reported_only_after_condstore_is_enabled() {
    let demo = demo(Some(2)).await;
    let mut plain = imap_in_inbox(&demo).await;
    let mut numbered = imap_signed_in(&demo).await;
    assert_eq!(
        numbered.imap("ENABLE CONDSTORE X-NEW").await,
        ["* ENABLED CONDSTORE", "t OK ENABLE done"]
    );
    numbered.imap("SELECT INBOX").await;
    let silent = numbered.imap("STORE 1 FLAGS.SILENT (\\Answered)").await;
    assert!(silent[0].starts_with("* 1 FETCH (MODSEQ ("), "{silent:?}");
    plain.imap("STORE 2 FLAGS (\\Answered)").await;
    let updates = numbered.imap("NOOP").await;
    assert!(
        updates[0].contains("FLAGS (\\Answered") && updates[0].contains(" MODSEQ ("),
        "{updates:?}"
    );
    let fetched = numbered.imap("FETCH 1 BODY[HEADER.FIELDS (X)]").await;
    assert!(
        fetched
            .iter()
            .any(|line| line.contains("\\Seen") && line.contains(" MODSEQ (")),
        "{fetched:?}"
    );
    numbered.imap("STORE 1 FLAGS (\\Draft)").await;
    let updates = plain.imap("NOOP").await;
    assert!(updates.iter().any(|line| line.contains("\\Draft")));
    assert!(
        updates.iter().all(|line| !line.contains("MODSEQ")),
        "{updates:?}"
    );
    assert_eq!(
        plain.imap("ENABLE QRESYNC").await,
        ["* ENABLED", "t OK ENABLE done"]
    );
}

#[tokio::test]
async fn an_email_id_survives_copy_and_move() {
    let demo = demo(Some(2)).await;
    let mut client = imap_in_inbox(&demo).await;
    let id = |lines: &[String]| {
        let (_, rest) = lines[0].split_once("EMAILID (").unwrap();
        rest.split_once(')').unwrap().0.to_owned()
    };
    let first = client.imap("UID FETCH 1 (EMAILID THREADID)").await;
    assert!(first[0].ends_with("THREADID NIL)"), "{first:?}");
    let second = client.imap("UID FETCH 2 (EMAILID)").await;
    assert_ne!(id(&first), id(&second));
    client.imap("UID COPY 1 Trash").await;
    client.imap("UID MOVE 2 Trash").await;
    client.imap("SELECT Trash").await;
    for source in [&first, &second] {
        let found = client
            .imap(&format!("UID SEARCH EMAILID {}", id(source)))
            .await;
        let uid = found[0].strip_prefix("* SEARCH ").unwrap();
        let copy = client.imap(&format!("UID FETCH {uid} (EMAILID)")).await;
        assert_eq!(id(&copy), id(source));
    }
}

#[tokio::test]
async fn a_mailbox_id_survives_a_rename() {
    let demo = demo(Some(0)).await;
    let mut client = imap_signed_in(&demo).await;
    let id = |lines: &[String]| {
        let all = lines.join("\n");
        let (_, rest) = all.split_once("MAILBOXID (").expect(&all);
        rest.split_once(')').unwrap().0.to_owned()
    };
    let created = client.imap("CREATE old").await;
    client.imap("RENAME old new").await;
    assert_eq!(
        id(&client.imap("STATUS new (MAILBOXID)").await),
        id(&created)
    );
    assert_eq!(id(&client.imap("SELECT new").await), id(&created));
    // RFC 8474 §4.1: INBOX keeps its ID, and the new mailbox gets a new one.
    let inbox = id(&client.imap("STATUS INBOX (MAILBOXID)").await);
    client.imap("RENAME INBOX moved").await;
    assert_eq!(id(&client.imap("STATUS INBOX (MAILBOXID)").await), inbox);
    assert_ne!(id(&client.imap("STATUS moved (MAILBOXID)").await), inbox);
}
