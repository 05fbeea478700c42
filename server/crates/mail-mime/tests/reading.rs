//! The table of messages of [`cases`], read as the product reads them, in LF and CRLF.
//!
//! Each cell states what a reader must see. `reading/golden` holds the whole view of each message;
//! `UPDATE_GOLDEN=1 cargo test -p mail-mime --test reading` writes it again, for review.

#[path = "reading/cases.rs"]
mod cases;
#[path = "reading/facts.rs"]
mod facts;
#[path = "reading/view.rs"]
mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cases::{Case, cases};
use proptest::prelude::*;
use view::{View, view};

/// Minimum number of cells.
const CELLS_MIN: usize = 900;

#[test]
fn a_reader_sees_what_each_cell_says() {
    let cases = cases();
    assert!(cases.len() >= CELLS_MIN, "{} cells", cases.len());
    let mut names = BTreeSet::new();
    let mut wrong = Vec::new();
    for case in &cases {
        assert!(names.insert(case.name()), "{} is there twice", case.name());
        assert!(!case.sees.is_empty(), "{} is empty", case.name());
        for raw in case.forms() {
            let view = view(&raw).expect("a message within the limits");
            let missed: Vec<_> = case.sees.iter().filter(|sees| !view.shows(sees)).collect();
            if !missed.is_empty() {
                wrong.push(format!(
                    "{}\n  must show {missed:?}\n  shows {view:?}",
                    case.name()
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} cells:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn messages_are_different() {
    let cases = cases();
    let messages: BTreeSet<&[u8]> = cases.iter().map(|case| case.message.as_slice()).collect();
    assert_eq!(messages.len(), cases.len());
}

#[test]
fn line_ends_make_no_difference_and_views_are_those_of_the_golden_files() {
    let mut files: BTreeMap<&str, String> = BTreeMap::new();
    for case in cases() {
        let [lf, crlf] = case
            .forms()
            .map(|raw| view(&raw).expect("a message within the limits"));
        assert_eq!(lf, crlf, "{}", case.name());
        let file = files.entry(case.group).or_default();
        file.push_str(&format!("=== {}\n", case.name()));
        file.push_str(&lf.golden());
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reading/golden");
    let is_update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut stale = Vec::new();
    for (group, views) in files {
        let path = folder.join(format!("{group}.txt"));
        if is_update {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, views).unwrap();
            continue;
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        let changed = golden
            .lines()
            .zip(views.lines())
            .find(|(golden, view)| golden != view);
        if let Some((golden, view)) = changed {
            stale.push(format!("{group}: golden {golden:?}, now {view:?}"));
        } else if golden != views {
            stale.push(format!("{group}: other length"));
        }
    }
    assert!(stale.is_empty(), "{}", stale.join("\n"));
}

/// A change of a message.
#[derive(Debug, Clone)]
enum Mutation {
    Flip(usize, u8),
    Cut(usize, usize),
    Truncate(usize),
    Duplicate(usize, usize, usize),
    SwapLines(usize, usize),
    Insert(usize, Vec<u8>),
}

impl Mutation {
    fn any() -> impl Strategy<Value = Self> {
        let at = any::<usize>;
        let token = prop_oneof![
            Just(b"\n".to_vec()),
            Just(b"\n\n".to_vec()),
            Just(b"=?utf-8?B?".to_vec()),
            Just(b"--outer\n".to_vec()),
            Just(b"\xff\xfe\x80".to_vec()),
            Just(b"Content-Type: multipart/mixed; boundary=outer\n".to_vec()),
            proptest::collection::vec(any::<u8>(), 1..8),
        ];
        prop_oneof![
            (at(), 1_u8..).prop_map(|(at, bits)| Self::Flip(at, bits)),
            (at(), 1_usize..60).prop_map(|(at, length)| Self::Cut(at, length)),
            at().prop_map(Self::Truncate),
            (at(), 1_usize..200, 1_usize..20)
                .prop_map(|(at, length, times)| Self::Duplicate(at, length, times)),
            (at(), at()).prop_map(|(one, other)| Self::SwapLines(one, other)),
            (at(), token).prop_map(|(at, token)| Self::Insert(at, token)),
        ]
    }

    fn apply(&self, raw: &mut Vec<u8>) {
        if raw.is_empty() {
            return;
        }
        let length = raw.len();
        match self {
            Self::Flip(at, bits) => raw[at % length] ^= bits,
            Self::Cut(at, count) => {
                let at = at % length;
                raw.drain(at..(at + count).min(length));
            }
            Self::Truncate(at) => raw.truncate(at % length),
            Self::Duplicate(at, count, times) => {
                let at = at % length;
                let range = raw[at..(at + count).min(length)].repeat(*times);
                raw.splice(at..at, range);
            }
            Self::SwapLines(one, other) => {
                let mut lines: Vec<&[u8]> = raw.split_inclusive(|octet| *octet == b'\n').collect();
                let count = lines.len();
                lines.swap(one % count, other % count);
                *raw = lines.concat();
            }
            Self::Insert(at, token) => {
                let at = at % length;
                raw.splice(at..at, token.iter().copied());
            }
        }
    }
}

/// Asserts that a view holds no more than a message of this size can say.
fn assert_within_limits(view: &View, raw: &[u8]) {
    // A quoted line has a mark for each of at most 32 levels, and an undecodable octet is U+FFFD.
    let max = 64 * raw.len() + 64;
    assert!(
        view.text.len() <= max,
        "{} of {}",
        view.text.len(),
        raw.len()
    );
    let fields = [&view.subject, &view.from, &view.to];
    assert!(fields.iter().all(|field| field.len() <= 8 * raw.len() + 64));
    assert!(
        fields
            .iter()
            .all(|field| !field.contains(['\n', '\r', '\0', '\u{202e}']))
    );
    assert!(view.files.len() <= 1_000 + 100);
    for (name, media_type) in &view.files {
        assert!(
            name.len() <= 200 && !name.contains(['/', '\\', '\n', '\0']),
            "{name}"
        );
        assert!(!media_type.contains(['\n', '\r']));
    }
    assert!(view.facts.len() <= 1_000);
}

fn table() -> &'static [Case] {
    static TABLE: std::sync::LazyLock<Vec<Case>> = std::sync::LazyLock::new(cases);
    &TABLE
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]
    #[test]
    fn any_change_of_a_message_is_read_within_the_limits(
        index in any::<prop::sample::Index>(),
        is_crlf: bool,
        mutations in proptest::collection::vec(Mutation::any(), 1..6),
    ) {
        let [lf, crlf] = index.get(table()).forms();
        let mut raw = if is_crlf { crlf } else { lf };
        for mutation in &mutations {
            mutation.apply(&mut raw);
        }
        if let Some(view) = view(&raw) {
            assert_within_limits(&view, &raw);
        }
    }
}
