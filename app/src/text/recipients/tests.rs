use proptest::prelude::*;

use super::*;

fn texts(field: &str) -> Vec<&str> {
    entries(field).map(|entry| entry.text).collect()
}

#[test]
fn a_field_is_split_at_separators_outside_quotes() {
    for (field, expected) in [
        ("", &[][..]),
        (" ,; \n、", &[]),
        ("a@b.example", &["a@b.example"]),
        (
            "a@b.example, Bob <c@d.example>;e",
            &["a@b.example", "Bob <c@d.example>", "e"],
        ),
        ("a，b；c、d\r\ne", &["a", "b", "c", "d", "e"]),
        (
            "\"Doe, Ann\" <a@b.example>, c",
            &["\"Doe, Ann\" <a@b.example>", "c"],
        ),
        (
            "\"a\\\", b\" <a@b.example>, c",
            &["\"a\\\", b\" <a@b.example>", "c"],
        ),
        ("<\"a,b\"@c.example>, d", &["<\"a,b\"@c.example>", "d"]),
        // A quote within a name does not begin a quoted string; nor does a comment.
        (
            "Ann \"A, B\" <a@b.example>",
            &["Ann \"A", "B\" <a@b.example>"],
        ),
        ("Ann (a, b) <c@d.example>", &["Ann (a", "b) <c@d.example>"]),
        (
            "\"Ann, b@c.example\nd@e.example",
            &["\"Ann, b@c.example", "d@e.example"],
        ),
    ] {
        assert_eq!(texts(field), expected, "{field}");
    }
}

#[test]
fn only_complete_entries_are_taken_while_one_types() {
    for (typed, is_final, taken, rest) in [
        ("ann@a.exam", false, &[][..], "ann@a.exam"),
        ("ann@a.example", true, &["ann@a.example"], ""),
        ("ann@a.example,", false, &["ann@a.example"], ""),
        ("Ann, ben@b", false, &["Ann"], "ben@b"),
        ("a@b.example; ben@b ", false, &["a@b.example"], "ben@b "),
        // A comma in an open quote, and a group, stay text.
        ("\"Doe, An", true, &[], "\"Doe, An"),
        (
            "a@b.example, \"Doe, An",
            true,
            &["a@b.example"],
            "\"Doe, An",
        ),
        (
            "Team: a@b.example, c@d.example;",
            true,
            &[],
            "Team: a@b.example, c@d.example;",
        ),
        (
            "undisclosed-recipients:;",
            true,
            &[],
            "undisclosed-recipients:;",
        ),
        ("mailto:a@b.example,", false, &["mailto:a@b.example"], ""),
        ("a@[IPv6:::1],", false, &["a@[IPv6:::1]"], ""),
    ] {
        assert_eq!(take(typed, is_final), (taken.to_vec(), rest), "{typed}");
    }
}

#[test]
fn a_recipient_has_an_address_and_may_have_a_name() {
    for (entry, name, address) in [
        ("ann@a.example", "", "ann@a.example"),
        ("<ann@a.example>", "", "ann@a.example"),
        (
            "Ann (Sales) <ann@a.example>",
            "Ann (Sales)",
            "ann@a.example",
        ),
        (
            "\"Doe, \\\"Ann\\\"\" <ann@a.example>",
            "Doe, \"Ann\"",
            "ann@a.example",
        ),
        ("张三 <z@例子.测试>", "张三", "z@例子.测试"),
        ("张三@例子.测试", "", "张三@例子.测试"),
        ("\"é\"@a.example", "", "\"é\"@a.example"),
        ("\"a@b\"@c.example", "", "\"a@b\"@c.example"),
        ("root@localhost", "", "root@localhost"),
        ("MailTo:ann@a.example", "", "ann@a.example"),
    ] {
        let person = recipient(entry).unwrap_or_else(|| panic!("{entry}"));
        assert_eq!(
            (person.name.as_str(), person.address.as_str()),
            (name, address)
        );
    }
    for entry in [
        "Ann",
        "ann@",
        "@a.example",
        "a@b@c.example",
        "ann@a.example ben@b.example",
        "ann@a.example <ben@b.example>",
        "Ann <a@b.example> x",
        "\"Ann <a@b.example>",
        "Ann \"A\" <a@b.example>",
        "ann@192.0.2.1",
        "ann＠a.example",
        "ann@a。example",
        "ann@a..example",
        "ann@a\u{200b}.example",
        "ann@a.example (Ann)",
    ] {
        assert_eq!(recipient(entry), None, "{entry}");
    }
}

#[test]
fn a_pasted_table_or_list_becomes_entries() {
    for (pasted, expected) in [
        (
            "a@b.example\r\nBob <c@d.example>\n",
            "a@b.example, Bob <c@d.example>",
        ),
        (
            "Doe, Ann\ta@b.example\nc@d.example\tBob",
            "\"Doe, Ann\" <a@b.example>, \"Bob\" <c@d.example>",
        ),
        (
            "a@b.example\tc@d.example\te@f.example",
            "a@b.example, c@d.example, e@f.example",
        ),
        ("Ann\tDoe <a@b.example>", "Ann\tDoe <a@b.example>"),
        ("1\tAnn\ta@b.example", "1, Ann, a@b.example"),
        (" a@b.example ", "a@b.example"),
    ] {
        assert_eq!(of_clipboard(pasted), expected, "{pasted}");
    }
}

proptest! {
    /// The chips written as one text are the same chips again: nothing typed changes its meaning.
    #[test]
    fn taken_entries_and_the_rest_split_into_the_same_again(
        typed in "([a-c@.,;:<>\"\\\\ ()\n，]|mailto:|a@b\\.c){0,24}",
        is_final: bool,
    ) {
        let (taken, rest) = take(&typed, is_final);
        let mut joined = taken.join(SEPARATOR);
        prop_assert_eq!(&texts(&joined), &taken);
        if !rest.is_empty() {
            joined = [&joined, SEPARATOR, rest].concat();
        }
        prop_assert_eq!(texts(&joined), texts(&typed));
    }

    #[test]
    fn no_character_but_separators_and_space_around_entries_is_lost(
        typed in "([a-c@<>\"\\\\ ,;\n，]|a@b\\.c){0,24}",
    ) {
        let kept = |text: &str| -> String {
            text.chars().filter(|c| !is_separator(*c) && !c.is_whitespace()).collect()
        };
        let (taken, rest) = take(&typed, true);
        let joined = [taken.concat(), rest.to_owned()].concat();
        prop_assert_eq!(kept(&joined), kept(&typed));
    }

    #[test]
    fn an_entry_of_any_person_is_one_entry_of_that_person(
        name in "[a-z,;:@<>\"\\\\ ]{0,12}",
        address in "[a-z]{1,5}@[a-z]{1,5}\\.example",
    ) {
        let person = Person { name: name.trim().to_owned(), address };
        let entry = entry_of(&person);
        prop_assert_eq!(texts(&entry), vec![entry.as_str()]);
        prop_assert_eq!(recipient(&entry), Some(person));
    }
}
