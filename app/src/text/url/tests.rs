use super::*;

#[test]
fn urls_contain_the_base_once() {
    let of = MessageRef::from("acc/SU5CT1g/7.42");
    for base in ["", "/webmail"] {
        assert_eq!(
            folder(base, &of.folder, 1),
            format!("{base}/mail/acc/SU5CT1g")
        );
        assert_eq!(
            folder(base, &of.folder, 3),
            format!("{base}/mail/acc/SU5CT1g?page=3")
        );
        assert_eq!(
            body(
                base,
                &of,
                Shown {
                    images: true,
                    light: true
                }
            ),
            format!("{base}/mail/acc/SU5CT1g/7.42/body?images=once&scheme=light")
        );
        assert_eq!(
            compose_source(base, ComposeKind::ReplyAll, &of),
            format!("{base}/compose?account=acc&kind=reply_all&folder=SU5CT1g&message=7.42")
        );
        assert_eq!(act(base), format!("{base}/act"));
    }
}

#[test]
fn mail_path_round_trips() {
    let of = FolderRef {
        account: AccountId("a b".into()),
        folder: FolderId("ü/%".into()),
    }
    .message(MessageId("1.2".into()));
    for base in ["", "/webmail"] {
        let path = message(base, &of);
        let read = mail_path(base, &path).expect("a mail path");
        assert_eq!(read.folder, of.folder);
        assert_eq!(read.open().as_ref(), Some(&of));
    }
    assert_eq!(mail_path("", "/mail/a"), None);
    assert_eq!(mail_path("", "/outbox"), None);
    assert_eq!(mail_path("/webmail", "/mail/a/b"), None);
    assert_eq!(mail_path("", "/mail/a/b/c/d"), None);
}

#[test]
fn malicious_id_stays_within_its_path_segment() {
    let of = FolderRef {
        account: "a".into(),
        folder: "b".into(),
    }
    .message("../../x?y#z".into());
    let path = part("", &of, &"1".into());
    assert_eq!(path, "/mail/a/b/..%2F..%2Fx%3Fy%23z/part/1");
}

#[test]
fn the_list_of_a_page_is_its_folder_or_the_search_that_it_was_opened_in() {
    let list_at = |path: &str, query: &[(&str, &str)]| {
        let value = |name: &str| {
            let found = query.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        list_source("/x", path, value).map(|source| list("/x", &source, 1))
    };
    let at = |path, query: &[_]| list_at(path, query).unwrap_or_default();
    assert_eq!(at("/x/mail/a/b/7.1", &[("page", "3")]), "/x/mail/a/b");
    assert_eq!(at("/x/mail/a/b", &[]), "/x/mail/a/b");
    let search = [("q", "c d"), ("in", "a/b")];
    let results = "/x/search?q=c%20d&in=a%2Fb";
    assert_eq!(at("/x/search", &search), results);
    assert_eq!(at("/x/mail/a/b/7.1", &search), results);
    assert_eq!(at("/x/search", &[]), "/x/search?q=");
    assert_eq!(list_at("/x/outbox", &search), None);
}

#[test]
fn malformed_escapes_are_not_decoded() {
    assert_eq!(decode("100%"), "100%");
    assert_eq!(decode("%zz%4"), "%zz%4");
    assert_eq!(decode("%E9%82%AE"), "邮");
    assert_eq!(decode(&encode("a&b=c/é")), "a&b=c/é");
}
