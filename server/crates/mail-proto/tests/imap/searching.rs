//! SEARCH and SORT: commands and responses.

use std::num::NonZeroU32;

use mail_proto::imap::{
    Command, Date, Event, Flag, Keyword, ObjectId, PartialRange, Search, SearchData, SearchKey,
    SearchReturn, SequenceSet, Sort, SortCriterion, SortKey,
};

use crate::commands::{is_written, mailbox, set, text};
use crate::mailboxes::events_from;
use crate::talk::{every_cut, implicit_tls, ready};

fn number(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}

fn search(returns: &[SearchReturn], criteria: &[SearchKey]) -> Command {
    Command::SearchWith(Search {
        uid: true,
        returns: returns.to_vec(),
        criteria: criteria.to_vec(),
    })
}

#[track_caller]
fn found(response: &str) -> SearchData {
    match &events_from(&format!("{response}\r\n"))[..] {
        [Event::Search(data)] => data.clone(),
        events => panic!("{events:?}"),
    }
}

fn written(set: Option<&SequenceSet>) -> Option<String> {
    set.map(ToString::to_string)
}

// docs/protocols.md, IMAP: SEARCH (ESEARCH, SEARCHRES, PARTIAL)
#[test]
fn every_key_of_rfc_9051_6_4_4_is_written() {
    let day = Date::new(1994, 2, 1).unwrap();
    let junk = || Keyword::new("$Junk").unwrap();
    let id = |id| ObjectId::new(id).unwrap();
    for (key, line) in [
        (SearchKey::All, "ALL"),
        (SearchKey::Answered, "ANSWERED"),
        (SearchKey::Unanswered, "UNANSWERED"),
        (SearchKey::Seen, "SEEN"),
        (SearchKey::Unseen, "UNSEEN"),
        (SearchKey::Flagged, "FLAGGED"),
        (SearchKey::Unflagged, "UNFLAGGED"),
        (SearchKey::Deleted, "DELETED"),
        (SearchKey::Undeleted, "UNDELETED"),
        (SearchKey::Draft, "DRAFT"),
        (SearchKey::Undraft, "UNDRAFT"),
        (SearchKey::Keyword(junk()), "KEYWORD $Junk"),
        (SearchKey::Unkeyword(junk()), "UNKEYWORD $Junk"),
        (SearchKey::Sequence(set("1:5,9:*")), "1:5,9:*"),
        (SearchKey::Sequence(SequenceSet::saved_result()), "$"),
        (SearchKey::Uid(SequenceSet::saved_result()), "UID $"),
        (SearchKey::From(text("Smith")), "FROM \"Smith\""),
        (SearchKey::To(text("a b")), "TO \"a b\""),
        (SearchKey::Cc(text("c")), "CC \"c\""),
        (SearchKey::Bcc(text("b")), "BCC \"b\""),
        (SearchKey::Subject(text("")), "SUBJECT \"\""),
        (SearchKey::Body(text("x")), "BODY \"x\""),
        (SearchKey::Text(text("y")), "TEXT \"y\""),
        (SearchKey::Since(day), "SINCE 1-Feb-1994"),
        (SearchKey::Before(day), "BEFORE 1-Feb-1994"),
        (SearchKey::On(day), "ON 1-Feb-1994"),
        (SearchKey::SentSince(day), "SENTSINCE 1-Feb-1994"),
        (SearchKey::SentBefore(day), "SENTBEFORE 1-Feb-1994"),
        (SearchKey::SentOn(day), "SENTON 1-Feb-1994"),
        (SearchKey::LargerBytes(5_000_000_000), "LARGER 5000000000"),
        (SearchKey::SmallerBytes(0), "SMALLER 0"),
        // RFC 5032, 7162, 8474 and 8514, and Gmail's extensions.
        (SearchKey::OlderSecs(number(86_400)), "OLDER 86400"),
        (SearchKey::YoungerSecs(number(60)), "YOUNGER 60"),
        (SearchKey::ModSeq(620_162_338), "MODSEQ 620162338"),
        (
            SearchKey::EmailId(id("M6d99ac3275bb4e")),
            "EMAILID M6d99ac3275bb4e",
        ),
        (
            SearchKey::ThreadId(id("T64b478a75b7ea9")),
            "THREADID T64b478a75b7ea9",
        ),
        (SearchKey::SavedSince(day), "SAVEDSINCE 1-Feb-1994"),
        (SearchKey::SavedBefore(day), "SAVEDBEFORE 1-Feb-1994"),
        (SearchKey::SavedOn(day), "SAVEDON 1-Feb-1994"),
        (SearchKey::SaveDateSupported, "SAVEDATESUPPORTED"),
        (
            SearchKey::GmailRaw(text("has:attachment in:unread")),
            "X-GM-RAW \"has:attachment in:unread\"",
        ),
        (
            SearchKey::GmailMessageId(u64::MAX),
            "X-GM-MSGID 18446744073709551615",
        ),
        (SearchKey::GmailThreadId(7), "X-GM-THRID 7"),
        (SearchKey::GmailLabel(text("a b")), "X-GM-LABELS \"a b\""),
        (
            SearchKey::Or(
                SearchKey::Not(SearchKey::Seen.into()).into(),
                SearchKey::And(vec![SearchKey::Draft, SearchKey::Flagged]).into(),
            ),
            "OR NOT SEEN (DRAFT FLAGGED)",
        ),
        (SearchKey::And(vec![]), "ALL"),
    ] {
        is_written("", search(&[], &[key]), &format!("UID SEARCH {line}"));
    }
}

#[test]
fn a_keyword_that_is_no_atom_cannot_break_out_of_its_key() {
    let Flag::Keyword(evil) = Flag::parse(b"x\r\nr9 LOGOUT") else {
        panic!()
    };
    is_written(
        "",
        search(
            &[],
            &[SearchKey::Keyword(evil.clone()), SearchKey::Unkeyword(evil)],
        ),
        "UID SEARCH NOT ALL ALL",
    );
}

#[test]
fn a_charset_is_named_for_text_anywhere_in_the_criteria() {
    let nested = SearchKey::Or(
        SearchKey::Seen.into(),
        SearchKey::And(vec![SearchKey::Not(SearchKey::Body(text("ü")).into())]).into(),
    );
    is_written(
        "LITERAL+",
        search(&[], &[nested]),
        "UID SEARCH CHARSET UTF-8 OR SEEN (NOT BODY {2+}\r\nü)",
    );
    is_written(
        "ESEARCH",
        search(&[SearchReturn::Count], &[SearchKey::Subject(text("u"))]),
        "UID SEARCH RETURN (COUNT) SUBJECT \"u\"",
    );
}

#[test]
fn a_search_text_that_has_to_be_a_literal_waits_for_the_server() {
    every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        talk.enqueue(search(
            &[],
            &[SearchKey::From(text("é")), SearchKey::To(text("\"q\""))],
        ));
        talk.client("r1 UID SEARCH CHARSET UTF-8 FROM {2}\r\n");
        talk.server("+ \r\n");
        talk.client("é TO {3}\r\n");
        talk.server("+ \r\n");
        talk.client("\"q\"\r\n");
    });
}

// docs/protocols.md, IMAP: without ESEARCH
#[test]
fn return_asks_for_no_more_than_is_offered() {
    use SearchReturn::{All, Count, Max, Min, Partial, Save};
    let newest = Partial(PartialRange::from_end(number(1), number(100)));
    let first = Partial(PartialRange::from_start(number(1), number(500)));
    for (capabilities, returns, line) in [
        ("", &[Min, Max][..], ""),
        ("SEARCHRES", &[Save], ""),
        ("ESEARCH", &[], " RETURN (ALL)"),
        (
            "ESEARCH",
            &[Min, Max, Count, All],
            " RETURN (MIN MAX COUNT ALL)",
        ),
        ("ESEARCH", &[Save], " RETURN (ALL)"),
        ("ESEARCH SEARCHRES", &[Save], " RETURN (SAVE)"),
        ("ESEARCH SEARCHRES", &[Save, Count], " RETURN (SAVE COUNT)"),
        ("ESEARCH", &[Count, newest], " RETURN (COUNT ALL)"),
        ("ESEARCH", &[All, first], " RETURN (ALL)"),
        ("ESEARCH PARTIAL", &[newest], " RETURN (PARTIAL -1:-100)"),
        (
            "ESEARCH CONTEXT=SEARCH",
            &[first],
            " RETURN (PARTIAL 1:500)",
        ),
        ("ESEARCH CONTEXT=SEARCH", &[newest], " RETURN (ALL)"),
    ] {
        is_written(
            capabilities,
            search(returns, &[SearchKey::Undeleted]),
            &format!("UID SEARCH{line} UNDELETED"),
        );
    }
}

// docs/protocols.md, IMAP: SEARCH (ESEARCH, SEARCHRES, PARTIAL)
#[test]
fn the_esearch_responses_of_rfc_9051_6_4_4_and_rfc_4731_are_read() {
    let data = found("* ESEARCH (TAG \"r2\") MIN 2 COUNT 3");
    assert_eq!(
        (data.min, data.max, data.count),
        (Some(number(2)), None, Some(3))
    );
    assert_eq!(data.tag.map(|tag| tag.to_string()).as_deref(), Some("r2"));
    assert!(!data.uid);
    let data = found("* ESEARCH (TAG \"r2\") ALL 2,10:11");
    assert_eq!(written(data.found.as_ref()).as_deref(), Some("2,10:11"));
    let data = found("* ESEARCH (TAG \"r2\")");
    assert_eq!((&data.found, data.min, data.count), (&None, None, None));
    let data = found("* ESEARCH (TAG \"r2\") UID MIN 7 MAX 3800 COUNT 15");
    assert!(data.uid);
    assert_eq!(
        (data.min, data.max, data.count),
        (Some(number(7)), Some(number(3800)), Some(15))
    );
    let data = found("* ESEARCH (TAG \"r2\") UID COUNT 17 ALL 4:18,21,28 MODSEQ 917162500");
    assert_eq!((data.count, data.mod_seq), (Some(17), Some(917_162_500)));
    let data = found("* ESEARCH UID COUNT 0 ADDTO (0 1:3) X-NEW (a)");
    assert_eq!(
        (data.tag, data.count, data.others.len()),
        (None, Some(0), 4)
    );
}

// docs/protocols.md, IMAP: SEARCH (ESEARCH, SEARCHRES, PARTIAL)
#[test]
fn the_pages_of_rfc_5267_4_4_and_rfc_9394_are_read() {
    let page = |response: &str| {
        let data = found(response);
        let page = data.partial.unwrap();
        (page.range.to_string(), written(page.found.as_ref()))
    };
    assert_eq!(
        page("* ESEARCH (TAG \"A01\") UID PARTIAL (-1:-100 200:250,252:300)"),
        ("-1:-100".into(), Some("200:250,252:300".into()))
    );
    assert_eq!(
        page("* ESEARCH (TAG \"A04\") UID PARTIAL (24000:24500 NIL)"),
        ("24000:24500".into(), None)
    );
}

#[test]
fn impossible_esearch_numbers_are_reported_as_unknown_data() {
    for response in [
        "ALL 0",
        "MIN 0",
        "MAX x",
        "COUNT -1",
        "MODSEQ 18446744073709551616",
        "PARTIAL (1:2)",
        "PARTIAL (1:* 3)",
        "ALL (1 2)",
    ] {
        let events = events_from(&format!("* ESEARCH {response}\r\n"));
        assert!(matches!(events[..], [Event::Unknown(_)]), "{response}");
    }
}

// docs/protocols.md, IMAP: without ESEARCH
#[test]
fn a_search_response_gives_the_same_data_as_esearch() {
    let data = found("* SEARCH 104 101 102 103 900");
    assert_eq!(written(data.found.as_ref()).as_deref(), Some("101:104,900"));
    assert_eq!(
        (data.min, data.max, data.count),
        (Some(number(101)), Some(number(900)), Some(5))
    );
    // RFC 7162 §3.1.5.
    let data = found("* SEARCH 2 5 6 7 11 12 18 19 20 23 (MODSEQ 917162500)");
    assert_eq!((data.count, data.mod_seq), (Some(10), Some(917_162_500)));
    let data = found("* SEARCH");
    assert_eq!((data.min, data.max, data.count), (None, None, Some(0)));
}

#[test]
fn a_result_range_of_2_to_the_32_costs_nothing() {
    let data = found("* ESEARCH (TAG \"r1\") UID ALL 1:4294967295");
    let found = data.found.unwrap();
    assert_eq!(found.len(), u64::from(u32::MAX));
}

// docs/protocols.md, IMAP: SEARCH (ESEARCH, SEARCHRES, PARTIAL)
#[test]
fn commands_with_the_saved_result_follow_their_search_at_once() {
    // RFC 5182 §2.1, example 2.
    every_cut(implicit_tls(), |talk| {
        ready(talk, "ESEARCH SEARCHRES");
        talk.enqueue(search(
            &[SearchReturn::Save],
            &[SearchKey::Keyword(Keyword::new("$Junk").unwrap())],
        ));
        talk.enqueue(Command::Copy {
            set: SequenceSet::saved_result(),
            uid: false,
            mailbox: mailbox("Junk"),
        });
        talk.enqueue(Command::Fetch {
            set: SequenceSet::saved_result(),
            uid: false,
            items: vec![mail_proto::imap::FetchItem::Uid],
        });
        talk.client_in_one_write(
            "r1 UID SEARCH RETURN (SAVE) KEYWORD $Junk\r\nr2 COPY $ \"Junk\"\r\nr3 FETCH $ (UID)\r\n",
        );
    });
}

#[test]
fn sequence_numbers_in_the_criteria_wait_for_what_may_move_them() {
    for (criterion, key, leaves) in [
        (SearchKey::Sequence(set("1:5")), "1:5", false),
        (
            SearchKey::Not(SearchKey::Sequence(set("7")).into()),
            "NOT 7",
            false,
        ),
        (SearchKey::Sequence(SequenceSet::saved_result()), "$", true),
        (SearchKey::Uid(set("1:5")), "UID 1:5", true),
    ] {
        let (first, second) = ("r1 NOOP\r\n", format!("r2 UID SEARCH {key}\r\n"));
        every_cut(implicit_tls(), |talk| {
            ready(talk, "");
            talk.enqueue(Command::Noop);
            talk.enqueue(search(&[], std::slice::from_ref(&criterion)));
            if leaves {
                talk.client_in_one_write(format!("{first}{second}"));
            } else {
                talk.client(first);
                talk.server("r1 OK done\r\n");
                talk.client(&second);
            }
        });
    }
}

fn sort(uid: bool, returns: &[SearchReturn], keys: &[(bool, SortCriterion)]) -> Command {
    let key = |(reverse, criterion): &(bool, SortCriterion)| SortKey {
        reverse: *reverse,
        criterion: *criterion,
    };
    Command::Sort(Sort {
        uid,
        returns: returns.to_vec(),
        keys: keys.iter().map(key).collect(),
        criteria: vec![],
    })
}

// docs/protocols.md, IMAP: SORT (DISPLAY), THREAD
#[test]
fn sort_is_written_as_in_rfc_5256_and_rfc_5957() {
    use SortCriterion::{Arrival, Cc, Date, DisplayFrom, DisplayTo, From, Size, Subject, To};
    is_written(
        "SORT",
        sort(false, &[], &[(false, Subject), (true, Date)]),
        "SORT (SUBJECT REVERSE DATE) UTF-8 ALL",
    );
    let all = [
        Arrival,
        Cc,
        Date,
        From,
        Size,
        Subject,
        To,
        DisplayFrom,
        DisplayTo,
    ]
    .map(|criterion| (false, criterion));
    is_written(
        "SORT",
        sort(true, &[SearchReturn::Count], &all),
        "UID SORT (ARRIVAL CC DATE FROM SIZE SUBJECT TO FROM TO) UTF-8 ALL",
    );
    is_written(
        "SORT SORT=DISPLAY",
        sort(true, &[], &all[7..]),
        "UID SORT (DISPLAYFROM DISPLAYTO) UTF-8 ALL",
    );
    is_written("SORT", sort(true, &[], &[]), "UID SORT (ARRIVAL) UTF-8 ALL");
    let page = SearchReturn::Partial(PartialRange::from_start(number(1), number(50)));
    is_written(
        "SORT ESORT CONTEXT=SORT",
        sort(true, &[page, SearchReturn::Count], &[(true, Date)]),
        "UID SORT RETURN (PARTIAL 1:50 COUNT) (REVERSE DATE) UTF-8 ALL",
    );
    is_written(
        "SORT ESORT",
        sort(true, &[page], &[(true, Date)]),
        "UID SORT RETURN (ALL) (REVERSE DATE) UTF-8 ALL",
    );
}

// docs/protocols.md, IMAP: SORT (DISPLAY), THREAD
#[test]
fn the_sort_responses_of_rfc_5256_section_4_keep_their_order() {
    let events = events_from(
        "* SORT 5 3 4 1 2\r\n* SORT\r\n* SORT 2 84 882 (MODSEQ 7)\r\n* ESEARCH (TAG \"r1\") UID ALL 23765,23764,23763\r\n",
    );
    let [
        Event::Sort(sorted),
        Event::Sort(none),
        Event::Sort(numbered),
        Event::Search(extended),
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(sorted.numbers, [5, 3, 4, 1, 2].map(number));
    assert!(none.numbers.is_empty());
    assert_eq!((numbered.numbers.len(), numbered.mod_seq), (3, Some(7)));
    let order: Vec<u32> = extended
        .found
        .as_ref()
        .unwrap()
        .numbers()
        .map(NonZeroU32::get)
        .collect();
    assert_eq!(order, [23765, 23764, 23763]);
}

#[test]
fn a_sort_by_sequence_numbers_waits_and_makes_others_wait() {
    // RFC 9051 §5.5 names only FETCH, STORE and SEARCH.
    every_cut(implicit_tls(), |talk| {
        ready(talk, "SORT");
        talk.enqueue(sort(false, &[], &[]));
        talk.enqueue(sort(false, &[], &[]));
        talk.enqueue(sort(true, &[], &[]));
        talk.client("r1 SORT (ARRIVAL) UTF-8 ALL\r\n");
        talk.server("* SORT 1\r\nr1 OK done\r\n");
        talk.client("r2 SORT (ARRIVAL) UTF-8 ALL\r\nr3 UID SORT (ARRIVAL) UTF-8 ALL\r\n");
    });
}
