//! Commands of RFC 3501 and of the extensions that imap-codec knows.

use mail_proto::imap::{
    Command, Date, FetchItem, Flag, Keyword, Mailbox, SearchKey, SequenceSet, Sort, SortCriterion,
    SortKey, StatusItem, Store, StoreMode, Text,
};
use proptest::prelude::*;

fn name() -> impl Strategy<Value = Mailbox> {
    prop_oneof![
        "[ -~]{1,12}".prop_map(|name| Mailbox::encode(&name, false).unwrap()),
        "\\PC{1,8}".prop_map(|name| Mailbox::encode(&name, true).unwrap()),
    ]
}

fn search_text() -> impl Strategy<Value = Text> {
    prop_oneof!["[ -~]{0,12}", "\\PC{0,8}"].prop_map(|text| Text::new(text).unwrap())
}

fn search_key() -> impl Strategy<Value = SearchKey> {
    let leaf = prop_oneof![
        proptest::sample::select(vec![
            SearchKey::All,
            SearchKey::Answered,
            SearchKey::Unanswered,
            SearchKey::Seen,
            SearchKey::Unflagged,
            SearchKey::Undeleted,
            SearchKey::Undraft,
            SearchKey::Keyword(Keyword::new("$Junk").unwrap()),
            SearchKey::Since(Date::new(2026, 2, 1).unwrap()),
            SearchKey::SentBefore(Date::new(1999, 12, 31).unwrap()),
            SearchKey::LargerBytes(7),
            SearchKey::Sequence(SequenceSet::parse(b"1:5,9:*").unwrap()),
            SearchKey::Uid(SequenceSet::parse(b"3,7").unwrap()),
        ]),
        search_text().prop_map(SearchKey::From),
        search_text().prop_map(SearchKey::Subject),
        search_text().prop_map(SearchKey::Text),
        search_text().prop_map(SearchKey::Body),
        (search_text(), search_text()).prop_map(|(field, text)| SearchKey::Header { field, text }),
    ];
    leaf.prop_recursive(3, 12, 3, |key| {
        prop_oneof![
            key.clone().prop_map(|key| SearchKey::Not(key.into())),
            (key.clone(), key.clone()).prop_map(|(a, b)| SearchKey::Or(a.into(), b.into())),
            proptest::collection::vec(key, 1..3).prop_map(SearchKey::And),
        ]
    })
}

pub(super) fn command() -> impl Strategy<Value = Command> {
    let set = || SequenceSet::parse(b"2,4:7,9:*").unwrap();
    let criteria = || proptest::collection::vec(search_key(), 1..4);
    prop_oneof![
        proptest::sample::select(vec![
            Command::Noop,
            Command::Capability,
            Command::Check,
            Command::Close,
            Command::Unselect,
            Command::Expunge,
            Command::UidExpunge(set()),
            Command::Idle,
            Command::Logout,
            Command::Compress,
            Command::Fetch {
                set: set(),
                uid: true,
                items: vec![
                    FetchItem::Uid,
                    FetchItem::Flags,
                    FetchItem::InternalDate,
                    FetchItem::Rfc822Size,
                    FetchItem::Envelope,
                    FetchItem::BodyStructure,
                ],
            },
            Command::Store(Store {
                set: set(),
                uid: false,
                mode: StoreMode::Add,
                flags: vec![Flag::Seen, Flag::Deleted],
                silent: true,
            }),
        ]),
        name().prop_map(Command::Select),
        name().prop_map(Command::Examine),
        name().prop_map(Command::Delete),
        name().prop_map(Command::Subscribe),
        name().prop_map(Command::Unsubscribe),
        (name(), name()).prop_map(|(from, to)| Command::Rename { from, to }),
        name().prop_map(|mailbox| Command::Create {
            mailbox,
            special_use: None
        }),
        name().prop_map(|mailbox| Command::Status {
            mailbox,
            items: vec![StatusItem::Messages, StatusItem::UidNext],
        }),
        name().prop_map(move |mailbox| Command::Copy {
            set: set(),
            uid: true,
            mailbox,
        }),
        name().prop_map(move |mailbox| Command::Move {
            set: set(),
            uid: false,
            mailbox,
        }),
        (criteria(), any::<bool>()).prop_map(|(criteria, uid)| Command::Search { uid, criteria }),
        criteria().prop_map(|criteria| Command::Sort(Sort {
            uid: true,
            returns: vec![],
            keys: vec![SortKey {
                reverse: true,
                criterion: SortCriterion::Date,
            }],
            criteria,
        })),
    ]
}
