use mail_proto::imap::{MailboxAttribute, Namespace};

use super::*;

fn list(wire: &'static [u8], attributes: Vec<MailboxAttribute>) -> ListData {
    ListData {
        mailbox: Mailbox::from_wire(wire),
        delimiter: Some(b'/'),
        attributes,
        extended: Default::default(),
    }
}

fn names(table: &FolderTable) -> Vec<(u32, String)> {
    table
        .folders()
        .folders
        .into_iter()
        .map(|f| (f.depth, f.name))
        .collect()
}

#[test]
fn folders_with_roles_come_first_and_children_follow_their_parents() {
    let table = FolderTable::new(
        &[
            list(b"Zoo", vec![]),
            list(b"Trash", vec![MailboxAttribute::Trash]),
            list(b"Projects/&ZTZ7sQ-", vec![]),
            list(b"INBOX", vec![]),
            list(b"Projects", vec![]),
            list(b"Sent", vec![MailboxAttribute::Sent]),
        ],
        None,
        false,
    );
    assert_eq!(
        names(&table),
        [
            (0, "INBOX".into()),
            (0, "Sent".into()),
            (0, "Trash".into()),
            (0, "Projects".into()),
            (1, "收箱".into()),
            (0, "Zoo".into())
        ]
    );
}

#[test]
fn parent_missing_from_list_is_shown_as_not_selectable() {
    let table = FolderTable::new(
        &[list(b"INBOX", vec![]), list(b"a/b/c", vec![])],
        None,
        false,
    );
    let shown: Vec<_> = table
        .folders()
        .folders
        .into_iter()
        .map(|f| (f.depth, f.name, f.is_selectable))
        .collect();
    assert_eq!(
        shown,
        [
            (0, "INBOX".into(), true),
            (0, "a".into(), false),
            (1, "b".into(), false),
            (2, "c".into(), true)
        ]
    );
}

#[test]
fn common_prefix_of_all_folders_is_not_shown() {
    let mut lists = vec![
        list(b"INBOX", vec![]),
        list(b"INBOX.Sent", vec![]),
        list(b"INBOX.a.b", vec![]),
    ];
    for list in &mut lists {
        list.delimiter = Some(b'.');
    }
    let table = FolderTable::new(&lists, None, false);
    let sent = table.by_role(FolderRole::Sent).unwrap();
    assert_eq!((sent.folder.name.as_str(), sent.folder.depth), ("Sent", 0));
    assert_eq!(sent.wire.as_wire(), b"INBOX.Sent");
    assert_eq!(
        table.wire_name("Archive").unwrap().as_wire(),
        b"INBOX.Archive"
    );
}

#[test]
fn role_by_name_is_not_assigned_below_another_folder() {
    let table = FolderTable::new(
        &[
            list(b"INBOX", vec![]),
            list(b"x/Trash", vec![]),
            list(b"&V,NXPpm8-", vec![]),
        ],
        None,
        false,
    );
    assert!(
        table.by_role(FolderRole::Trash).is_none(),
        "not below another folder"
    );
    assert!(table.by_role(FolderRole::Sent).is_none());
}

#[test]
fn folder_ids_map_back_to_wire_names_that_cannot_be_decoded() {
    let broken = Mailbox::from_wire(&b"&&&broken"[..]);
    let table = FolderTable::new(
        &[
            list(b"INBOX", vec![]),
            list(b"&&&broken", vec![]),
            list(b"&ZTZ7sQ-", vec![]),
        ],
        None,
        false,
    );
    for wire in [broken, Mailbox::from_wire(&b"&ZTZ7sQ-"[..])] {
        let id = folder_id(&wire, false);
        assert_eq!(table.by_id(&id).unwrap().wire, wire);
    }
    assert_eq!(folder_id(&Mailbox::inbox(), false).as_str(), "SU5CT1g");
}

#[test]
fn name_listed_twice_or_in_another_case_is_one_folder() {
    let table = FolderTable::new(
        &[
            list(b"a/b", vec![]),
            list(b"Inbox/sub", vec![]),
            list(b"INBOX", vec![]),
            list(b"a", vec![]),
            list(b"a/b", vec![MailboxAttribute::NoSelect]),
        ],
        None,
        false,
    );
    let shown: Vec<_> = table
        .folders()
        .folders
        .into_iter()
        .map(|f| (f.depth, f.name, f.is_selectable))
        .collect();
    assert_eq!(
        shown,
        [
            (0, "INBOX".into(), true),
            (1, "sub".into(), true),
            (0, "a".into(), true),
            (1, "b".into(), true)
        ]
    );
}

#[test]
fn inbox_exists_without_being_listed() {
    let table = FolderTable::new(&[list(b"a", vec![])], None, false);
    assert_eq!(names(&table), [(0, "INBOX".into()), (0, "a".into())]);
    assert!(table.by_role(FolderRole::Inbox).is_some());
}

#[test]
fn an_inbox_below_the_common_prefix_is_another_folder() {
    let mut lists = vec![list(b"INBOX.INBOX", vec![]), list(b"INBOX", vec![])];
    for list in &mut lists {
        list.delimiter = Some(b'.');
    }
    let table = FolderTable::new(&lists, None, false);
    assert_eq!(table.folders().folders.len(), 2);
    assert_eq!(
        table.by_role(FolderRole::Inbox).unwrap().wire,
        Mailbox::inbox()
    );
}

#[test]
fn children_stay_under_their_parent_if_parents_differ_only_in_case() {
    let names_in = [&b"a/1"[..], b"A/2", b"a/3", b"A/4", b"INBOX", b"a", b"A"];
    let lists: Vec<_> = names_in.map(|name| list(name, vec![])).into();
    let table = FolderTable::new(&lists, None, false);
    let shown: String = names(&table).into_iter().map(|(_, name)| name).collect();
    assert_eq!(shown, "INBOXA24a13");
}

fn listed(name: String) -> ListData {
    ListData {
        mailbox: Mailbox::from_wire(name.into_bytes()),
        delimiter: Some(b'/'),
        attributes: vec![],
        extended: Default::default(),
    }
}

#[test]
fn folders_beyond_a_bound_are_counted_but_inbox_and_roles_stay() {
    for (name, length) in [("wide", 3), ("bushy", 31), ("deep", 400), ("long", 900)] {
        let mut lists: Vec<_> = (0..3_000)
            .map(|n| match name {
                "long" => listed(format!("{n}{}", "y".repeat(length))),
                _ => listed(format!("f{n}{}", "/x".repeat(length))),
            })
            .collect();
        lists.push(list(b"INBOX", vec![]));
        lists.push(list(b"x/Rubbish", vec![MailboxAttribute::Trash]));
        lists.push(list(b"sent items", vec![]));
        let table = FolderTable::new(&lists, None, false);
        for role in [FolderRole::Inbox, FolderRole::Trash, FolderRole::Sent] {
            assert!(table.by_role(role).is_some(), "{name}: {role:?}");
        }
        let FolderList { folders, left_out } = table.folders();
        let bytes: usize = table.entries.iter().map(|e| e.wire.as_wire().len()).sum();
        assert!(
            folders.len() <= FOLDERS_MAX && bytes <= NAMES_MAX_BYTES,
            "{name}"
        );
        assert!(
            folders.iter().all(|f| (f.depth as usize) < LEVELS_MAX),
            "{name}"
        );
        let listed = folders.iter().filter(|f| f.is_selectable).count();
        assert_eq!(listed + left_out as usize, lists.len(), "{name}");
    }
}

#[test]
fn status_counts_are_stored_for_their_folder() {
    let lists: Vec<_> = (0..100).map(|n| listed(format!("f{n}"))).collect();
    let mut table = FolderTable::new(&lists, None, false);
    let status = |n: u32| StatusData {
        mailbox: Mailbox::from_wire(format!("f{n}").into_bytes()),
        messages: Some(n),
        unseen: None,
        uid_next: None,
        uid_validity: None,
        highest_mod_seq: None,
        size_bytes: None,
        deleted: None,
        deleted_storage: None,
        mailbox_id: None,
        append_limit: None,
        others: Vec::new(),
    };
    table.set_counts(&[status(7), status(99), status(100)]);
    let counted: Vec<_> = table
        .folders()
        .folders
        .into_iter()
        .filter_map(|folder| Some((folder.name, folder.total?)))
        .collect();
    assert_eq!(counted, [("f7".to_owned(), 7), ("f99".to_owned(), 99)]);
}

/// Returns the CPU time of this thread: other load on the machine does not count.
#[cfg(target_os = "linux")]
fn cpu_time() -> std::time::Duration {
    // The kernel updates the figure when the thread yields.
    std::thread::yield_now();
    let figures = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanos = figures.split(' ').next().unwrap();
    std::time::Duration::from_nanos(nanos.parse().unwrap())
}

#[cfg(target_os = "linux")]
#[test]
fn building_the_tree_takes_linear_time() {
    let time_of = |folders: usize| {
        let lists: Vec<_> = (0..folders)
            .map(|n| listed(format!("f{n}{}", "/x".repeat(LEVELS_MAX - 1))))
            .collect();
        let best = (0..5).map(|_| {
            let before = cpu_time();
            std::hint::black_box(FolderTable::new(&lists, None, false));
            cpu_time() - before
        });
        best.min().unwrap_or_default()
    };
    let (once, four_times) = (time_of(2_000), time_of(8_000));
    assert!(four_times < once * 9, "{once:?}, {four_times:?}");
}

fn space(prefix: &'static [u8]) -> Namespace {
    Namespace {
        prefix: prefix.into(),
        delimiter: Some(b'.'),
        others: Vec::new(),
    }
}

fn namespaces(
    personal: &[&'static [u8]],
    other_users: &[&'static [u8]],
    shared: &[&'static [u8]],
) -> NamespaceData {
    let spaces = |all: &[&'static [u8]]| all.iter().map(|prefix| space(prefix)).collect();
    NamespaceData {
        personal: spaces(personal),
        other_users: spaces(other_users),
        shared: spaces(shared),
    }
}

fn dotted(names: &[&'static [u8]]) -> Vec<ListData> {
    let mut lists: Vec<_> = names.iter().map(|name| list(name, vec![])).collect();
    for list in &mut lists {
        list.delimiter = Some(b'.');
    }
    lists
}

fn wire_of(table: &FolderTable, role: FolderRole) -> Option<String> {
    let entry = table.by_role(role)?;
    Some(String::from_utf8_lossy(entry.wire.as_wire()).into_owned())
}

#[test]
fn shared_folder_does_not_take_the_role_of_a_personal_folder() {
    let courier = namespaces(&[b"INBOX."], &[b"user."], &[b"shared."]);
    // Cyrus has shared folders at the top level.
    let cyrus = namespaces(&[b"INBOX."], &[b"user."], &[b""]);
    for data in [courier, cyrus] {
        let lists = dotted(&[
            b"shared.Trash",
            b"user.ann.Drafts",
            b"INBOX",
            b"INBOX.Sent",
            b"INBOX.Trash",
            b"INBOX.Drafts",
            b"INBOX.shared",
        ]);
        let table = FolderTable::new(&lists, Some(&data), false);
        for (role, wire) in [
            (FolderRole::Sent, "INBOX.Sent"),
            (FolderRole::Trash, "INBOX.Trash"),
            (FolderRole::Drafts, "INBOX.Drafts"),
        ] {
            assert_eq!(wire_of(&table, role).as_deref(), Some(wire));
        }
        let new = table.wire_name("Archive").unwrap();
        assert_eq!(new.as_wire(), b"INBOX.Archive");
        // Personal folders first, and a foreign folder beside a personal one of the same name.
        assert_eq!(
            names(&table),
            [
                (0, "INBOX".into()),
                (0, "Drafts".into()),
                (0, "Sent".into()),
                (0, "Trash".into()),
                (0, "shared".into()),
                (0, "shared".into()),
                (1, "Trash".into()),
                (0, "user".into()),
                (1, "ann".into()),
                (2, "Drafts".into()),
            ]
        );
    }
}

#[test]
fn special_use_of_a_foreign_folder_is_ignored() {
    let mut lists = dotted(&[b"INBOX", b"shared.Bin", b"user.ann.Sent"]);
    lists[1].attributes.push(MailboxAttribute::Trash);
    lists[2].attributes.push(MailboxAttribute::Sent);
    let data = namespaces(&[b""], &[b"user."], &[b"shared."]);
    let table = FolderTable::new(&lists, Some(&data), false);
    assert!(table.by_role(FolderRole::Trash).is_none());
    assert!(table.by_role(FolderRole::Sent).is_none());
    assert_eq!(table.wire_name("Trash").unwrap().as_wire(), b"Trash");
}

#[test]
fn folders_below_inbox_get_roles_that_no_top_level_folder_has() {
    let lists = dotted(&[
        b"INBOX",
        b"INBOX.Sent",
        b"Trash",
        b"INBOX.Trash",
        b"INBOX.a.Junk",
    ]);
    let data = namespaces(&[b""], &[], &[]);
    let table = FolderTable::new(&lists, Some(&data), false);
    assert_eq!(
        wire_of(&table, FolderRole::Sent).as_deref(),
        Some("INBOX.Sent")
    );
    assert_eq!(wire_of(&table, FolderRole::Trash).as_deref(), Some("Trash"));
    assert!(table.by_role(FolderRole::Junk).is_none());
}

#[test]
fn namespace_prefix_matches_without_delimiter_and_in_another_case() {
    let lists = dotted(&[b"Inbox.Sent", b"INBOX.Trash", b"INBOX"]);
    let data = namespaces(&[b"INBOX"], &[], &[]);
    let table = FolderTable::new(&lists, Some(&data), false);
    assert_eq!(
        wire_of(&table, FolderRole::Sent).as_deref(),
        Some("Inbox.Sent")
    );
    assert_eq!(
        table.wire_name("Archive").unwrap().as_wire(),
        b"INBOX.Archive"
    );
    let shown: Vec<_> = names(&table).into_iter().map(|(depth, _)| depth).collect();
    assert_eq!(shown, [0, 0, 0]);
}
