//! THREAD (RFC 5256).

use std::num::NonZeroU32;

use mail_proto::imap::{Command, Event, SearchKey, Thread, ThreadAlgorithm, ThreadTree};

use crate::commands::{is_written, text};
use crate::mailboxes::events_from;

fn numbers(tree: &ThreadTree) -> Vec<u32> {
    tree.numbers().map(NonZeroU32::get).collect()
}

fn chain(tree: &ThreadTree) -> Vec<u32> {
    tree.chain.iter().map(|number| number.get()).collect()
}

#[track_caller]
fn threads(response: &str) -> Vec<ThreadTree> {
    match &events_from(response)[..] {
        [Event::Thread(threads)] => threads.clone(),
        events => panic!("{events:?}"),
    }
}

#[test]
fn thread_names_its_algorithm_and_its_charset() {
    let thread = |uid, algorithm, criteria| {
        Command::Thread(Thread {
            uid,
            algorithm,
            criteria,
        })
    };
    is_written(
        "THREAD=REFERENCES",
        thread(true, ThreadAlgorithm::References, vec![]),
        "UID THREAD REFERENCES UTF-8 ALL",
    );
    is_written(
        "THREAD=ORDEREDSUBJECT",
        thread(
            false,
            ThreadAlgorithm::OrderedSubject,
            vec![SearchKey::Text(text("gewp"))],
        ),
        "THREAD ORDEREDSUBJECT UTF-8 TEXT \"gewp\"",
    );
}

// docs/protocols.md, IMAP: SORT (DISPLAY), THREAD
#[test]
fn the_examples_of_rfc_5256_section_4_are_read() {
    let found = threads("* THREAD (2)(3 6 (4 23)(44 7 96))\r\n");
    let [two, three] = &found[..] else { panic!() };
    assert_eq!((chain(two), two.branches.len()), (vec![2], 0));
    assert_eq!(chain(three), [3, 6]);
    assert_eq!(
        three.branches.iter().map(chain).collect::<Vec<_>>(),
        [vec![4, 23], vec![44, 7, 96]]
    );
    assert_eq!(numbers(three), [3, 6, 4, 23, 44, 7, 96]);
    // Their common parent does not exist.
    let orphans = threads("* THREAD ((3)(5))\r\n");
    assert_eq!(
        (chain(&orphans[0]), numbers(&orphans[0])),
        (vec![], vec![3, 5])
    );
    assert!(threads("* THREAD\r\n").is_empty());
}

#[test]
fn a_long_chain_is_no_deep_tree() {
    let chain: Vec<String> = (1..=150_000).map(|number| number.to_string()).collect();
    let found = threads(&format!("* THREAD ({})\r\n", chain.join(" ")));
    assert_eq!(found[0].chain.len(), 150_000);
    assert!(found[0].branches.is_empty());
}

#[test]
fn malformed_threads_are_reported_as_unknown_data() {
    for response in ["(2 x)", "2", "(0)", "(1 (2) 3)", "(1 (4294967296))"] {
        let events = events_from(&format!("* THREAD {response}\r\n"));
        assert!(matches!(events[..], [Event::Unknown(_)]), "{response}");
    }
}
