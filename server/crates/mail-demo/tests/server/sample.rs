//! The sample mailbox as a client sees it.

use std::collections::HashSet;

use mail_demo::{Demo, Options};

use crate::client::{NOW_UNIX_MS, demo, imap_signed_in, pop3_signed_in};

#[tokio::test]
async fn the_sample_is_about_three_hundred_messages_in_eleven_folders() {
    let demo = demo(None).await;
    let mut client = imap_signed_in(&demo).await;
    let lines = client
        .imap("LIST \"\" * RETURN (STATUS (MESSAGES UNSEEN))")
        .await;
    let counts = lines.iter().filter_map(|line| {
        let (name, rest) = line.strip_prefix("* STATUS ")?.rsplit_once(" (MESSAGES ")?;
        let (messages, unseen) = rest.trim_end_matches(')').split_once(" UNSEEN ")?;
        Some((
            name.to_owned(),
            messages.parse::<u32>().unwrap(),
            unseen.parse::<u32>().unwrap(),
        ))
    });
    let counts: Vec<_> = counts.collect();
    assert_eq!(counts.len(), 11);
    let all: u32 = counts.iter().map(|(_, messages, _)| messages).sum();
    assert!((280..=360).contains(&all), "{all}: {counts:?}");
    let (_, inbox, unseen) = counts.iter().find(|(name, ..)| name == "INBOX").unwrap();
    assert!((160..=200).contains(inbox), "{inbox}");
    assert!((8..=30).contains(unseen), "{unseen}");
    assert!(
        counts.iter().all(|(_, messages, _)| *messages > 0),
        "{counts:?}"
    );
}

#[tokio::test]
async fn every_message_can_be_fetched_and_none_is_of_the_future() {
    let demo = demo(None).await;
    let mut client = imap_signed_in(&demo).await;
    for folder in [
        "INBOX",
        "Sent",
        "Lists",
        "Junk",
        "&W7ZerQ-",
        "Projects/&bXeeJZh5du4-",
    ] {
        client.imap(&format!("SELECT {folder}")).await;
        let lines = client
            .imap("FETCH 1:* (UID FLAGS INTERNALDATE ENVELOPE BODYSTRUCTURE)")
            .await;
        assert_eq!(lines.last().unwrap(), "t OK FETCH done", "{folder}");
        assert_eq!(
            client.imap("SEARCH SINCE 22-Nov-2026").await[0],
            "* SEARCH",
            "{folder}"
        );
        assert_eq!(
            client.imap("SEARCH SENTSINCE 22-Nov-2026").await[0],
            "* SEARCH",
            "{folder}"
        );
    }
}

#[tokio::test]
async fn no_mail_is_newer_than_now_at_any_hour() {
    const HOUR_MS: i64 = 3_600_000;
    for hour in (0..24).step_by(3) {
        let now_unix_ms = NOW_UNIX_MS + hour * HOUR_MS;
        let demo = Demo::start(Options {
            now_unix_ms,
            ..Options::default()
        })
        .await
        .unwrap();
        let mut client = imap_signed_in(&demo).await;
        client.imap("SELECT INBOX").await;
        let newest = client.imap("FETCH * INTERNALDATE").await;
        // The zone of the sample is UTC+8; 17:00 was the first of the eight moments.
        let today = if (17 + hour) % 24 >= 10 {
            21 + (17 + hour) / 24
        } else {
            20 + (17 + hour) / 24
        };
        assert!(
            newest[0].contains(&format!("\"{today}-Nov-2026 09:42")),
            "{hour}: {newest:?}"
        );
    }
}

#[tokio::test]
async fn the_sample_is_the_same_on_every_start() {
    let (first, second) = (demo(None).await, demo(None).await);
    let mut lists = Vec::new();
    for demo in [&first, &second] {
        let mut client = pop3_signed_in(demo).await;
        lists.push((
            client.pop3_list("LIST").await,
            client.pop3_list("UIDL").await,
            client.pop3_list("RETR 100").await,
        ));
    }
    assert!(lists[0] == lists[1]);
}

#[tokio::test]
async fn the_charsets_and_attachments_of_the_world_are_in_it() {
    let demo = demo(None).await;
    let mut client = imap_signed_in(&demo).await;
    let mut structures = String::new();
    for folder in [
        "INBOX",
        "Archive",
        "&W7ZerQ-",
        "Projects/&bXeeJZh5du4-",
        "Receipts",
    ] {
        client.imap(&format!("SELECT {folder}")).await;
        structures.push_str(
            &client
                .imap("FETCH 1:* BODYSTRUCTURE")
                .await
                .join("\n")
                .to_ascii_lowercase(),
        );
    }
    for kind in [
        "\"gb18030\"",
        "\"big5\"",
        "\"iso-2022-jp\"",
        "\"text\" \"html\"",
        "\"related\"",
        "\"image\" \"png\"",
        "\"application\" \"pdf\"",
        "\"application\" \"zip\"",
        "\"text\" \"calendar\"",
        "\"message\" \"rfc822\"",
        "\"quoted-printable\"",
        "\"8bit\"",
        "\"inline\"",
    ] {
        assert!(structures.contains(kind), "{kind}");
    }
}

#[tokio::test]
async fn conversations_hang_together_by_references() {
    let demo = demo(None).await;
    let mut client = imap_signed_in(&demo).await;
    let mut lines = Vec::new();
    for folder in [
        "INBOX",
        "Sent",
        "Lists",
        "Archive",
        "&W7ZerQ-",
        "Projects/&bXeeJZh5du4-",
        "\"Projects/Relay rewrite\"",
    ] {
        client.imap(&format!("SELECT {folder}")).await;
        lines.extend(
            client
                .imap("FETCH 1:* BODY.PEEK[HEADER.FIELDS (MESSAGE-ID IN-REPLY-TO)]")
                .await,
        );
    }
    let ids: HashSet<_> = lines
        .iter()
        .filter_map(|line| line.strip_prefix("Message-ID: "))
        .collect();
    let parents: Vec<_> = lines
        .iter()
        .filter_map(|line| line.strip_prefix("In-Reply-To: "))
        .collect();
    assert!(parents.len() > 60, "{} replies", parents.len());
    assert!(parents.iter().all(|parent| ids.contains(*parent)));
    let messages = lines
        .iter()
        .filter(|line| line.starts_with("* ") && line.contains(" FETCH ("))
        .count();
    assert_eq!(ids.len(), messages, "Message-IDs are unique");
}
