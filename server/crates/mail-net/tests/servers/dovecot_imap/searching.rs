//! SEARCH, SORT and THREAD, and their extensions.

use std::num::NonZeroU32;

use mail_proto::imap::{
    Capability, Command, Date, Event, Flag, Keyword, Mailbox, PartialRange, Search, SearchData,
    SearchKey, SearchReturn, SequenceSet, Sort, SortCriterion, SortKey, Thread, ThreadAlgorithm,
};

use super::super::imap_session::{Imap, Responses, text, uids};
use super::super::machine::{Authority, Dovecot};
use super::everything;

/// Four messages: 2 replies to 1, 3 is separate, 4 replies to 2.
const MESSAGES: [&str; 4] = [
    "From: Zoe <anne@a.test>\r\nTo: x@servers.test\r\nSubject: plan\r\nMessage-ID: <1@t>\r\n\
     Date: Mon, 02 Nov 2026 10:00:00 +0000\r\n\r\nthe word is Zitrone\r\n",
    "From: Yan <bert@b.test>\r\nTo: x@servers.test\r\nSubject: Re: plan\r\nMessage-ID: <2@t>\r\n\
     In-Reply-To: <1@t>\r\nReferences: <1@t>\r\nDate: Tue, 03 Nov 2026 10:00:00 +0000\r\n\r\n\
     a longer body, that makes this one the largest of all messages here\r\n",
    "From: Xaver <carl@c.test>\r\nTo: y@servers.test\r\n\
     Subject: =?utf-8?q?=C3=84pfel?=\r\nMessage-ID: <3@t>\r\n\
     Date: Sun, 01 Nov 2026 10:00:00 +0000\r\n\r\nshort\r\n",
    "From: Will <dora@d.test>\r\nTo: x@servers.test\r\nSubject: Re: plan\r\nMessage-ID: <4@t>\r\n\
     In-Reply-To: <2@t>\r\nReferences: <1@t> <2@t>\r\nDate: Wed, 04 Nov 2026 10:00:00 +0000\r\n\r\n\
     last\r\n",
];

async fn with_four_messages(authority: &Authority, dovecot: &Dovecot) -> Imap {
    let mut imap = Imap::signed_in(authority, dovecot.imaps).await;
    for message in MESSAGES {
        imap.append(&Mailbox::inbox(), message.as_bytes()).await;
    }
    imap.ok(Command::Select(Mailbox::inbox())).await;
    imap
}

fn found(responses: &Responses) -> SearchData {
    responses.find(|event| match event {
        Event::Search(data) => Some(data.clone()),
        _ => None,
    })
}

// docs/protocols.md, IMAP: SEARCH (ESEARCH, SEARCHRES, PARTIAL)
#[tokio::test]
async fn every_search_key_finds_the_matching_messages() {
    let authority = Authority::new();
    let dovecot = everything(&authority);
    let mut imap = with_four_messages(&authority, &dovecot).await;
    imap.flag(uids(&[2]), vec![Flag::Flagged]).await;
    let day = |day| Date::new(2026, 11, day).expect("a day");
    let not = |key| SearchKey::Not(Box::new(key));
    let or = |one, other| SearchKey::Or(Box::new(one), Box::new(other));
    let header = |field: &str, value: &str| SearchKey::Header {
        field: text(field),
        text: text(value),
    };
    let hour = NonZeroU32::new(3600).expect("an hour");
    let junk = || Keyword::new("$Junk").expect("a keyword");
    // A date long before they were appended.
    let past = Date::new(2024, 11, 3).expect("a day");
    let (all, none): (&[u32], &[u32]) = (&[1, 2, 3, 4], &[]);
    let cases = [
        (SearchKey::All, all),
        (SearchKey::Answered, none),
        (SearchKey::Unanswered, all),
        (SearchKey::Seen, all),
        (SearchKey::Unseen, none),
        (SearchKey::Flagged, &[2]),
        (SearchKey::Unflagged, &[1, 3, 4]),
        (not(SearchKey::Flagged), &[1, 3, 4]),
        (SearchKey::Deleted, none),
        (SearchKey::Undeleted, all),
        (SearchKey::Draft, none),
        (SearchKey::Undraft, all),
        (SearchKey::Keyword(junk()), none),
        (SearchKey::Unkeyword(junk()), all),
        (SearchKey::Sequence(uids(&[2, 3])), &[2, 3]),
        (SearchKey::Uid(uids(&[3, 4])), &[3, 4]),
        (SearchKey::From(text("anne")), &[1]),
        (SearchKey::To(text("y@")), &[3]),
        (SearchKey::Cc(text("x@")), none),
        (SearchKey::Bcc(text("x@")), none),
        (SearchKey::Subject(text("plan")), &[1, 2, 4]),
        (SearchKey::Subject(text("äpfel")), &[3]),
        (SearchKey::Body(text("zitrone")), &[1]),
        (SearchKey::Text(text("carl")), &[3]),
        (header("References", ""), &[2, 4]),
        (header("Message-ID", "<3@t>"), &[3]),
        (SearchKey::Since(past), all),
        (SearchKey::Before(past), none),
        (SearchKey::On(past), none),
        (SearchKey::SentSince(day(3)), &[2, 4]),
        (SearchKey::SentBefore(day(2)), &[3]),
        (SearchKey::SentOn(day(2)), &[1]),
        (SearchKey::SavedSince(past), all),
        (SearchKey::SavedBefore(past), none),
        (SearchKey::SavedOn(past), none),
        (SearchKey::SaveDateSupported, all),
        (SearchKey::OlderSecs(hour), none),
        (SearchKey::YoungerSecs(hour), all),
        (SearchKey::LargerBytes(10), all),
        (SearchKey::LargerBytes(100_000), none),
        (SearchKey::SmallerBytes(10), none),
        (SearchKey::ModSeq(1), all),
        (
            or(SearchKey::Uid(uids(&[1])), SearchKey::To(text("y@"))),
            &[1, 3],
        ),
        (
            SearchKey::And(vec![SearchKey::Subject(text("plan")), SearchKey::Unflagged]),
            &[1, 4],
        ),
    ];
    for (key, expected) in cases {
        let what = format!("{key:?}");
        assert_eq!(imap.search(key).await, expected, "{what}");
    }
}

#[tokio::test]
async fn esearch_returns_min_max_and_count() {
    let authority = Authority::new();
    let dovecot = everything(&authority);
    let mut imap = with_four_messages(&authority, &dovecot).await;
    let search = |returns: &[SearchReturn], key| {
        Command::SearchWith(Search {
            uid: true,
            returns: returns.to_vec(),
            criteria: vec![key],
        })
    };
    let three = [SearchReturn::Min, SearchReturn::Max, SearchReturn::Count];
    let data = found(
        &imap
            .ok(search(&three, SearchKey::Subject(text("plan"))))
            .await,
    );
    let numbers = (data.min.map(NonZeroU32::get), data.max.map(NonZeroU32::get));
    assert_eq!((numbers, data.count), ((Some(1), Some(4)), Some(3)));
    assert_eq!(data.found, None);
    let nothing = found(&imap.ok(search(&three, SearchKey::Deleted)).await);
    assert_eq!((nothing.min, nothing.count), (None, Some(0)));
    assert!(
        imap.has_sent("UID SEARCH RETURN (MIN MAX COUNT)"),
        "{}",
        imap.transcript()
    );
}

#[tokio::test]
async fn searchres_saves_a_result_for_the_next_command() {
    let authority = Authority::new();
    let dovecot = everything(&authority);
    let mut imap = with_four_messages(&authority, &dovecot).await;
    assert!(imap.has(Capability::SearchRes));
    imap.ok(Command::SearchWith(Search {
        uid: true,
        returns: vec![SearchReturn::Save],
        criteria: vec![SearchKey::Subject(text("plan"))],
    }))
    .await;
    imap.flag(SequenceSet::saved_result(), vec![Flag::Flagged])
        .await;
    assert_eq!(imap.search(SearchKey::Flagged).await, [1, 2, 4]);
    let saved = SearchKey::Sequence(SequenceSet::saved_result());
    let key = SearchKey::And(vec![saved, SearchKey::From(text("dora"))]);
    assert_eq!(imap.search(key).await, [4]);
}

#[tokio::test]
async fn partial_result_is_requested_by_context_search() {
    let authority = Authority::new();
    let dovecot = everything(&authority);
    let mut imap = with_four_messages(&authority, &dovecot).await;
    assert!(imap.has(Capability::ContextSearch) && !imap.has(Capability::Partial));
    let position = |number| NonZeroU32::new(number).expect("a place");
    let page = PartialRange::from_start(position(2), position(3));
    let responses = imap
        .ok(Command::SearchWith(Search {
            uid: true,
            returns: vec![SearchReturn::Partial(page)],
            criteria: vec![],
        }))
        .await;
    let partial = found(&responses).partial.expect("a page");
    assert_eq!(partial.range, page);
    assert_eq!(
        partial.found.map(|set| set.to_string()).as_deref(),
        Some("2:3")
    );
}

// docs/protocols.md, IMAP: SORT (DISPLAY), THREAD
#[tokio::test]
async fn sort_orders_by_each_criterion_and_its_reverse() {
    let authority = Authority::new();
    let dovecot = everything(&authority);
    let mut imap = with_four_messages(&authority, &dovecot).await;
    assert!(imap.has(Capability::SortDisplay));
    for (criterion, reverse, expected) in [
        (SortCriterion::Date, false, [3, 1, 2, 4]),
        (SortCriterion::Date, true, [4, 2, 1, 3]),
        (SortCriterion::From, false, [1, 2, 3, 4]),
        (SortCriterion::DisplayFrom, false, [4, 3, 2, 1]),
        (SortCriterion::Subject, false, [3, 1, 2, 4]),
        (SortCriterion::Arrival, true, [4, 3, 2, 1]),
    ] {
        let keys = vec![SortKey { reverse, criterion }];
        let sort = Command::Sort(Sort {
            uid: true,
            returns: vec![],
            keys,
            criteria: vec![],
        });
        let responses = imap.ok(sort).await;
        let sorted = responses.find(|event| match event {
            Event::Sort(data) => Some(data.numbers.clone()),
            _ => None,
        });
        // Messages that arrived in the same second keep their order, also in reverse.
        if criterion != SortCriterion::Arrival {
            let sorted: Vec<u32> = sorted.iter().map(|number| number.get()).collect();
            assert_eq!(sorted, expected, "{criterion:?}");
        }
    }
}

// docs/protocols.md, IMAP: SORT (DISPLAY), THREAD
#[tokio::test]
async fn thread_orders_replies_after_their_parents() {
    let authority = Authority::new();
    let dovecot = everything(&authority);
    let mut imap = with_four_messages(&authority, &dovecot).await;
    for algorithm in [ThreadAlgorithm::References, ThreadAlgorithm::OrderedSubject] {
        let responses = imap
            .ok(Command::Thread(Thread {
                uid: true,
                algorithm,
                criteria: vec![],
            }))
            .await;
        let threads = responses.find(|event| match event {
            Event::Thread(threads) => Some(threads.clone()),
            _ => None,
        });
        let mut threads: Vec<Vec<u32>> = threads
            .iter()
            .map(|thread| thread.numbers().map(NonZeroU32::get).collect())
            .collect();
        threads.sort();
        assert_eq!(threads, [vec![1, 2, 4], vec![3]], "{algorithm:?}");
    }
}
