//! Damage of encoded words and of parameters.

use super::{Mail, Table, files, from, part, subject, to};

pub(super) fn add(table: &mut Table) {
    table.group = "words";
    add_words(table);
    table.group = "parameters";
    add_parameters(table);
}

/// Encoded words that programs write wrongly, with what they mean.
const WORDS: [(&str, &str, &str); 21] = [
    (
        "word split inside a character",
        "=?utf-8?B?5Lya6K6u57o=?= =?utf-8?B?quimgQ==?=",
        "会议纪要",
    ),
    (
        "Q word split inside a character",
        "=?utf-8?Q?=E4=BC=9A=E8?= =?utf-8?Q?=AE=AE?=",
        "会议",
    ),
    (
        "base64 split inside a quantum",
        "=?utf-8?B?5Lya6K?= =?utf-8?B?6u?=",
        "会议",
    ),
    (
        "double-byte character split",
        "=?gb2312?B?u+HS?= =?gb2312?B?6bzN0qo=?=",
        "会议纪要",
    ),
    (
        "words on two lines",
        "=?utf-8?B?5Lya6K6u?=\n =?utf-8?B?57qq6KaB?=",
        "会议纪要",
    ),
    (
        "words without space between",
        "=?utf-8?B?5Lya6K6u?==?utf-8?B?57qq6KaB?=",
        "会议纪要",
    ),
    (
        "words of two charsets",
        "=?gb2312?B?u+HS6Q==?= =?big5?B?rPa//Q==?=",
        "会议紀錄",
    ),
    (
        "missing end",
        "=?utf-8?Q?unfinished",
        "=?utf-8?Q?unfinished",
    ),
    ("missing padding", "=?utf-8?B?5L2g5aW9IQ?=", "你好!"),
    (
        "spaces inside",
        "=?utf-8?Q?two words and more?=",
        "two words and more",
    ),
    ("underscores", "=?utf-8?q?a_b=5Fc?=", "a b_c"),
    ("no space around", "Re:=?utf-8?B?5Lya6K6u?=ok", "Re:会议ok"),
    ("language tag", "=?utf-8*zh-CN?B?5Lya6K6u?=", "会议"),
    ("unknown charset", "=?x-unknown?B?5Lya6K6u?=", "会议"),
    ("unknown encoding", "=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
    ("lower-case hexadecimal", "=?UTF-8?Q?=e4=bc=9a?=", "会"),
    ("comma inside", "=?utf-8?Q?Doe,_Ann?=", "Doe, Ann"),
    ("colon inside", "=?utf-8?Q?Project:_x?=", "Project: x"),
    ("parentheses inside", "=?utf-8?Q?Ann_(A)?=", "Ann (A)"),
    (
        "line break hidden inside",
        "=?utf-8?Q?one=0D=0ABcc:_x?=",
        "one  Bcc: x",
    ),
    (
        "direction override hidden inside",
        "=?utf-8?Q?a=E2=80=AEfdp?=",
        "afdp",
    ),
];

fn add_words(table: &mut Table) {
    for (class, written, seen) in WORDS {
        let titled = Mail::new().with("Subject", written).body("body\n");
        table.cell(class, "subject", titled, &[subject(seen)]);
        let author = format!("{written} <zhang@sender.example>");
        let message = Mail::new().with("From", author).body("body\n");
        // A colon outside of quotes would begin a group.
        if !written.starts_with("Re:") {
            let shown = format!("{} <zhang@sender.example>", seen.replace("  ", " "));
            let shown = match class {
                "line break hidden inside" => format!("{seen} <zhang@sender.example>"),
                _ => shown,
            };
            table.cell(class, "From name", message, &[from(&shown)]);
        }
        let quoted = format!("\"{written}\" <ben@b.example>, Cy <cy@c.example>");
        let message = Mail::new().with("To", quoted).body("body\n");
        let shown = format!("{seen} <ben@b.example>, Cy <cy@c.example>");
        table.cell(class, "To name, quoted", message, &[to(&shown)]);
        let disposition = format!("Content-Disposition: attachment; filename=\"{written}.txt\"\n");
        let message = Mail::new().parts("mixed", &[part("", "body"), part(disposition, "x")]);
        // File systems refuse `?`, `:` and more.
        let name: String = seen.replace(['?', ':'], "_");
        table.cell(
            class,
            "filename",
            message,
            &[files(&[&format!("{name}.txt")])],
        );
    }
    let spaced = [
        (
            "plain text between words",
            "=?utf-8?Q?a?= b =?utf-8?Q?c?=",
            "a b c",
        ),
        (
            "question mark in a Q word",
            "=?utf-8?Q?why??= now",
            "=?utf-8?Q?why??= now",
        ),
        ("an equals sign and a question mark", "100 =? 5", "100 =? 5"),
        ("an empty word", "a =?utf-8?Q??= b", "a  b"),
        ("tab as folding", "one\n\ttwo", "one two"),
        ("a line of spaces inside", "one\n \n two", "one  two"),
        ("null octet", "one\0two", "onetwo"),
        ("very long word", "", ""),
    ];
    for (class, written, seen) in spaced {
        if class == "very long word" {
            let long = "会".repeat(2_000);
            let word = super::b_word("utf-8", long.as_bytes());
            let message = Mail::new().with("Subject", word).body("body\n");
            table.cell(class, "subject", message, &[subject(&long)]);
            continue;
        }
        let message = Mail::new().with("Subject", written).body("body\n");
        table.cell(class, "subject", message, &[subject(seen)]);
    }
    let bare = Mail::new().without("Subject").body("body\n");
    table.cell("no field", "subject", bare, &[subject("")]);
}

/// Parameters of a file name: the class, the parameters, and the name that is seen. `NAME` stands
/// for the name of the parameter.
const PARAMETERS: [(&str, &str, &str); 23] = [
    (
        "continuations",
        "NAME*0=\"a long \"; NAME*1=\"name.pdf\"",
        "a long name.pdf",
    ),
    (
        "continuations with charset",
        "NAME*0*=utf-8''%E6%8A%A5; NAME*1*=%E4%BB%B7.pdf",
        "报价.pdf",
    ),
    (
        "continuations out of order",
        "NAME*1*=%E4%BB%B7.pdf; NAME*0*=utf-8''%E6%8A%A5",
        "报价.pdf",
    ),
    (
        "character split by continuations",
        "NAME*0*=utf-8''%E6%8A; NAME*1*=%A5.pdf",
        "报.pdf",
    ),
    (
        "plain continuation after an encoded one",
        "NAME*0*=utf-8''%E6%8A%A5; NAME*1=\" 2.pdf\"",
        "报 2.pdf",
    ),
    ("missing continuation", "NAME*0=a; NAME*2=c", "a"),
    (
        "continuations with encoded words",
        "NAME*0=\"=?utf-8?B?5oql?=\"; NAME*1=\".pdf\"",
        "报.pdf",
    ),
    (
        "extended beside plain",
        "NAME=\"x.pdf\"; NAME*=utf-8''%E6%8A%A5.pdf",
        "报.pdf",
    ),
    (
        "extended in quotes",
        "NAME*=\"utf-8''%E6%8A%A5.pdf\"",
        "报.pdf",
    ),
    ("extended without charset", "NAME*=%E6%8A%A5.pdf", "报.pdf"),
    (
        "extended without quotes of the language",
        "NAME*=utf-8'%E6%8A%A5.pdf",
        "utf-8'报.pdf",
    ),
    ("language", "NAME*=utf-8'zh-CN'%E6%8A%A5.pdf", "报.pdf"),
    (
        "percent signs in a plain name",
        "NAME=\"100%25.pdf\"",
        "100%25.pdf",
    ),
    (
        "no quotes around spaces",
        "NAME=a long name.pdf",
        "a long name.pdf",
    ),
    ("quote that never ends", "NAME=\"a name.pdf", "a name.pdf"),
    (
        "escaped quotes",
        "NAME=\"the \\\"x\\\" file.pdf\"",
        "the _x_ file.pdf",
    ),
    ("semicolon in quotes", "NAME=\"a;b.pdf\"", "a;b.pdf"),
    ("single quotes", "NAME='a.pdf'", "'a.pdf'"),
    (
        "folded inside of the value",
        "NAME=\"a\n b.pdf\"",
        "a b.pdf",
    ),
    ("twice", "NAME=\"a.pdf\"; NAME=\"b.pdf\"", "a.pdf"),
    ("path", "NAME=\"../../etc/passwd.pdf\"", "passwd.pdf"),
    (
        "Windows path",
        "NAME=\"C:\\\\Users\\\\x\\\\a.pdf\"",
        "a.pdf",
    ),
    (
        "direction override",
        "NAME*=utf-8''invoice%E2%80%AEfdp.exe",
        "invoicefdp.exe",
    ),
];

fn add_parameters(table: &mut Table) {
    for (class, parameters, seen) in PARAMETERS {
        for (place, name, header) in [
            (
                "Content-Disposition filename",
                "filename",
                "Content-Type: application/pdf\nContent-Disposition: attachment; ",
            ),
            (
                "Content-Type name",
                "name",
                "Content-Disposition: attachment\nContent-Type: application/pdf; ",
            ),
        ] {
            let written = parameters.replace("NAME", name);
            let file = part(format!("{header}{written}\n"), "%PDF");
            let message = Mail::new().parts("mixed", &[part("", "body"), file]);
            table.cell(class, place, message, &[files(&[seen])]);
        }
    }
    let both = "Content-Type: application/pdf; name=\"one.pdf\"\nContent-Disposition: attachment; filename=\"two.pdf\"\n";
    let message = Mail::new().parts("mixed", &[part("", "body"), part(both, "%PDF")]);
    table.cell("two names", "both fields", message, &[files(&["two.pdf"])]);
    let none = "Content-Type: application/pdf\nContent-Disposition: attachment\n";
    let message = Mail::new().parts("mixed", &[part("", "body"), part(none, "%PDF")]);
    table.cell("no name", "both fields", message, &[files(&[""])]);
}
