//! SEARCH, SORT and THREAD of the IMAP machine, tried on Dovecot.

use std::num::NonZeroU32;

use mail_proto::imap::{
    Command, Date, Event, FetchItem, Flag, Keyword, PartialRange, SearchKey, SearchReturn,
    SequenceSet, Sort, SortCriterion, SortKey, Thread, ThreadAlgorithm, Uid,
};

use super::imap_engine::{EVERYTHING, fetched, fill, searched, select, set, store, text};
use super::imap_talk::ImapTalk;
use super::{Authority, Dovecot};

fn number(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}

fn found(talk: &mut ImapTalk, key: SearchKey) -> String {
    let data = searched(talk, &[SearchReturn::All, SearchReturn::Count], key);
    let found = data
        .found
        .map_or_else(String::new, |found| found.to_string());
    assert_eq!(data.count.unwrap() == 0, found.is_empty());
    found
}

#[test]
fn dovecot_knows_every_search_key() {
    let authority = Authority::new();
    let dovecot = Dovecot::start_with(&authority, EVERYTHING);
    let mut talk = ImapTalk::signed_in(&dovecot);
    fill(&mut talk);
    select(&mut talk);
    talk.run(Command::Store(store("2", Flag::Flagged)));
    let day = Date::new(2024, 11, 3).unwrap();
    let junk = || Keyword::new("$Junk").unwrap();
    for (key, uids) in [
        (SearchKey::All, "1:6"),
        (SearchKey::Answered, ""),
        (SearchKey::Unanswered, "1:6"),
        (SearchKey::Seen, ""),
        (SearchKey::Unseen, "1:6"),
        (SearchKey::Flagged, "2"),
        (SearchKey::Unflagged, "1,3:6"),
        (SearchKey::Deleted, ""),
        (SearchKey::Undeleted, "1:6"),
        (SearchKey::Draft, ""),
        (SearchKey::Undraft, "1:6"),
        (SearchKey::Keyword(junk()), ""),
        (SearchKey::Unkeyword(junk()), "1:6"),
        (SearchKey::Sequence(set("2:3")), "2:3"),
        (SearchKey::Uid(set("5:*")), "5:6"),
        (
            SearchKey::Header {
                field: text("Message-ID"),
                text: text("<m3@x.test>"),
            },
            "3",
        ),
        (SearchKey::From(text("Zoë 4")), "4"),
        (SearchKey::To(text("b@x")), "1:6"),
        (SearchKey::Cc(text("b@x")), ""),
        (SearchKey::Bcc(text("b@x")), ""),
        (SearchKey::Subject(text("topic 1")), "1,3,5"),
        (SearchKey::Body(text("über")), "1:6"),
        (SearchKey::Text(text("<m6@")), "6"),
        (SearchKey::Since(day), "1:6"),
        (SearchKey::Before(day), ""),
        (SearchKey::On(day), ""),
        (SearchKey::SentSince(day), "3:6"),
        (SearchKey::SentBefore(day), "1:2"),
        (SearchKey::SentOn(day), "3"),
        (SearchKey::SavedSince(day), "1:6"),
        (SearchKey::SavedBefore(day), ""),
        (SearchKey::SavedOn(day), ""),
        (SearchKey::SaveDateSupported, "1:6"),
        (SearchKey::OlderSecs(number(86_400)), ""),
        (SearchKey::YoungerSecs(number(86_400)), "1:6"),
        (SearchKey::LargerBytes(10), "1:6"),
        (SearchKey::SmallerBytes(10), ""),
        (SearchKey::ModSeq(1), "1:6"),
        (
            SearchKey::Or(
                SearchKey::Flagged.into(),
                SearchKey::And(vec![
                    SearchKey::Subject(text("Re: topic 0")),
                    SearchKey::Not(SearchKey::Uid(set("4")).into()),
                ])
                .into(),
            ),
            "2,6",
        ),
    ] {
        assert_eq!(found(&mut talk, key.clone()), uids, "{key:?}");
    }
}

#[test]
fn dovecot_keeps_results_and_tells_pages_orders_and_threads() {
    let authority = Authority::new();
    let dovecot = Dovecot::start_with(&authority, EVERYTHING);
    let mut talk = ImapTalk::signed_in(&dovecot);
    fill(&mut talk);
    select(&mut talk);
    let topic = || SearchKey::Subject(text("topic 1"));
    let all = [SearchReturn::Min, SearchReturn::Max, SearchReturn::Count];
    let told = searched(&mut talk, &all, topic());
    assert_eq!(
        (told.min, told.max, told.count),
        (Some(number(1)), Some(number(5)), Some(3))
    );
    searched(
        &mut talk,
        &[SearchReturn::Save, SearchReturn::Count],
        topic(),
    );
    let saved = SearchKey::Uid(SequenceSet::saved_result());
    assert_eq!(found(&mut talk, saved), "1,3,5");
    let events = talk.run(Command::Fetch {
        set: SequenceSet::saved_result(),
        uid: false,
        items: vec![FetchItem::Uid],
    });
    assert_eq!(fetched(&events).len(), 3);
    let page = PartialRange::from_start(number(2), number(3));
    let paged = searched(&mut talk, &[SearchReturn::Partial(page)], SearchKey::All);
    let page = paged.partial.and_then(|page| page.found).expect("a page");
    assert_eq!(page.to_string(), "2:3");

    let sort = |returns, criteria: &[SortCriterion]| {
        let key = |criterion: &SortCriterion| SortKey {
            reverse: true,
            criterion: *criterion,
        };
        Command::Sort(Sort {
            uid: true,
            returns,
            keys: criteria.iter().map(key).collect(),
            criteria: vec![],
        })
    };
    let events = talk.run(sort(vec![], &[SortCriterion::Date]));
    let descending: Vec<NonZeroU32> = (1..=6).rev().map(number).collect();
    assert!(
        matches!(&events[0], Event::Sort(data) if data.numbers == descending),
        "{events:?}"
    );
    let every = [
        SortCriterion::Subject,
        SortCriterion::Size,
        SortCriterion::Cc,
        SortCriterion::To,
        SortCriterion::DisplayTo,
        SortCriterion::DisplayFrom,
        SortCriterion::From,
        SortCriterion::Arrival,
        SortCriterion::Date,
    ];
    let events = talk.run(sort(vec![SearchReturn::All], &every));
    let Event::Search(data) = &events[0] else {
        panic!("{events:?}")
    };
    let order: Vec<Uid> = data.found.as_ref().unwrap().uids().collect();
    // By subject, then by name.
    assert_eq!(
        order.iter().map(|uid| uid.get()).collect::<Vec<_>>(),
        [5, 3, 1, 6, 4, 2]
    );

    for (algorithm, shape) in [
        (ThreadAlgorithm::References, 0),
        (ThreadAlgorithm::OrderedSubject, 2),
    ] {
        let events = talk.run(Command::Thread(Thread {
            uid: true,
            algorithm,
            criteria: vec![],
        }));
        let Event::Thread(threads) = &events[0] else {
            panic!("{events:?}")
        };
        let members: Vec<Vec<u32>> = threads
            .iter()
            .map(|thread| thread.numbers().map(NonZeroU32::get).collect())
            .collect();
        assert_eq!(members, [[1, 3, 5], [2, 4, 6]]);
        assert_eq!(threads[0].branches.len(), shape);
    }
}
