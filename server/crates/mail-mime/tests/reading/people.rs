//! Authors and recipients: how addresses are written, and signs of spoofing.

use super::{Mail, Table, fact, from, subject, text, to};

pub(super) fn add(table: &mut Table) {
    table.group = "people";
    add_addresses(table);
    add_spoofed(table);
    add_hidden(table);
}

/// Addresses as they are written, and as they are seen.
const ADDRESSES: [(&str, &str, &str); 22] = [
    ("address alone", "ann@a.example", "ann@a.example"),
    (
        "brackets without a name",
        "<ann@a.example>",
        "ann@a.example",
    ),
    (
        "name in quotes",
        "\"Doe, Ann\" <ann@a.example>",
        "Doe, Ann <ann@a.example>",
    ),
    (
        "escaped quotes",
        "\"Ann \\\"A\\\" Doe\" <ann@a.example>",
        "Ann \"A\" Doe <ann@a.example>",
    ),
    (
        "name with a full stop",
        "Ann D. Doe <ann@a.example>",
        "Ann D. Doe <ann@a.example>",
    ),
    (
        "comment after the address",
        "ann@a.example (Ann Doe)",
        "Ann Doe <ann@a.example>",
    ),
    (
        "comment beside a name",
        "Ann (the boss) <ann@a.example>",
        "Ann (the boss) <ann@a.example>",
    ),
    (
        "comment in a comment",
        "ann@a.example (Ann (the boss))",
        "Ann (the boss) <ann@a.example>",
    ),
    (
        "no space before the bracket",
        "Ann<ann@a.example>",
        "Ann <ann@a.example>",
    ),
    (
        "space inside the brackets",
        "Ann < ann@a.example >",
        "Ann <ann@a.example>",
    ),
    (
        "missing closing bracket",
        "Ann <ann@a.example",
        "Ann <ann@a.example>",
    ),
    (
        "name without brackets",
        "Ann Doe ann@a.example",
        "Ann Doe <ann@a.example>",
    ),
    (
        "source route",
        "Ann <@relay.example:ann@a.example>",
        "Ann <ann@a.example>",
    ),
    (
        "two addresses",
        "Ann <ann@a.example>, ben@b.example",
        "Ann <ann@a.example>, ben@b.example",
    ),
    (
        "semicolon between addresses",
        "Ann <ann@a.example>; Ben <ben@b.example>",
        "Ann <ann@a.example>, Ben <ben@b.example>",
    ),
    (
        "empty places in the list",
        ", Ann <ann@a.example>,, Ben <ben@b.example>,",
        "Ann <ann@a.example>, Ben <ben@b.example>",
    ),
    (
        "folded list",
        "Ann <ann@a.example>,\n Ben <ben@b.example>",
        "Ann <ann@a.example>, Ben <ben@b.example>",
    ),
    (
        "group",
        "Team: Ann <ann@a.example>, ben@b.example;",
        "Ann <ann@a.example>, ben@b.example",
    ),
    ("empty group", "undisclosed-recipients:;", ""),
    (
        "quoted local part",
        "Ann <\"ann doe\"@a.example>",
        "Ann <\"ann doe\"@a.example>",
    ),
    (
        "international domain",
        "Ann <ann@例子.example>",
        "Ann <ann@例子.example>",
    ),
    (
        "address literal",
        "Ann <ann@[192.0.2.1]>",
        "Ann <ann@[192.0.2.1]>",
    ),
];

fn add_addresses(table: &mut Table) {
    for (class, written, seen) in ADDRESSES {
        let message = Mail::new().with("From", written).body("body\n");
        table.cell(class, "From", message, &[from(seen)]);
        let message = Mail::new().with("To", written).body("body\n");
        table.cell(class, "To", message, &[to(seen)]);
    }
    let twice = Mail::new().and("To", "Ben <ben@b.example>").body("body\n");
    table.cell(
        "field twice",
        "To",
        twice,
        &[to("demo@restante.test, Ben <ben@b.example>")],
    );
}

/// Authors that deceive: how they are written and seen, and the sign.
const SPOOFED: [(&str, &str, &str, &str); 8] = [
    (
        "name holds an address",
        "\"boss@bank.example\" <x@evil.example>",
        "boss@bank.example <x@evil.example>",
        "sign: NameHoldsAddress",
    ),
    (
        "look-alike domain",
        "Bank <info@аррӏе.example>",
        "Bank <info@xn--80ak6aa92e.example>",
        "sign: LookAlikeDomain",
    ),
    (
        "mixed scripts",
        "Bank <info@bаnk.example>",
        "Bank <info@xn--bnk-6cd.example>",
        "sign: MixedScripts",
    ),
    (
        "look-alike local part",
        "Bank <аdmin@bank.example>",
        "Bank <аdmin@bank.example>",
        "sign: LookAlikeLocalPart",
    ),
    (
        "invisible characters in the name",
        "\"Bo\u{200b}ss\" <x@evil.example>",
        "Boss <x@evil.example>",
        "sign: HiddenCharacters",
    ),
    (
        "direction override in the name",
        "\"Bo\u{202e}ss\" <x@evil.example>",
        "Boss <x@evil.example>",
        "sign: HiddenCharacters",
    ),
    (
        "full-width at-sign",
        "Bank <info＠bank.example>",
        "Bank <info＠bank.example>",
        "sign: LookAlikeAt",
    ),
    (
        "name without an address",
        "The Boss",
        "The Boss",
        "author: NoAddress",
    ),
];

fn add_spoofed(table: &mut Table) {
    for (class, written, seen, sign) in SPOOFED {
        let message = Mail::new().with("From", written).body("body\n");
        table.cell(class, "From", message, &[from(seen), fact(sign)]);
    }
    let two = Mail::new()
        .and("From", "Ben <ben@b.example>")
        .body("body\n");
    let seen = from("Ann <ann@sender.example>, Ben <ben@b.example>");
    table.cell(
        "several From fields",
        "From",
        two,
        &[seen, fact("author: SeveralFromFields")],
    );
    let authors = "Ann <ann@a.example>, Ben <ben@b.example>";
    let two = Mail::new().with("From", authors).body("body\n");
    table.cell(
        "several authors",
        "From",
        two,
        &[from(authors), fact("author: SeveralAuthorsWithoutSender")],
    );
    let none = Mail::new().without("From").body("body\n");
    table.cell(
        "no From field",
        "From",
        none,
        &[from(""), fact("author: NoAuthor")],
    );
    let empty = Mail::new().with("From", "").body("body\n");
    table.cell(
        "empty From field",
        "From",
        empty,
        &[from(""), fact("author: NoAuthor")],
    );
    let word = "Ann <=?utf-8?Q?ceo=40bank.example?=@evil.example>";
    let encoded = Mail::new().with("From", word).body("body\n");
    table.cell(
        "encoded word in the address",
        "From",
        encoded,
        &[fact("sign: EncodedAddress")],
    );
}

/// Characters that a reader does not see but that change what is seen.
const HIDDEN: [(&str, &str, &str); 9] = [
    ("zero-width space", "pay\u{200b}pal", "paypal"),
    (
        "zero-width joiner between letters",
        "pay\u{200d}pal",
        "paypal",
    ),
    ("joiner of an emoji", "👩\u{200d}👧", "👩\u{200d}👧"),
    (
        "non-joiner of Persian",
        "می\u{200c}خواهم",
        "می\u{200c}خواهم",
    ),
    ("direction override", "a\u{202e}fdp", "afdp"),
    ("direction isolate", "a\u{2066}b\u{2069}", "ab"),
    ("soft hyphen", "pass\u{ad}word", "password"),
    ("tag characters", "a\u{e0041}b", "ab"),
    ("byte order mark inside", "a\u{feff}b", "ab"),
];

fn add_hidden(table: &mut Table) {
    for (class, written, seen) in HIDDEN {
        let titled = Mail::new().with("Subject", written).body("body\n");
        table.cell(class, "subject", titled, &[subject(seen)]);
        let named = Mail::new()
            .with("To", format!("{written} <ben@b.example>"))
            .body("body\n");
        table.cell(
            class,
            "To name",
            named,
            &[to(&format!("{seen} <ben@b.example>"))],
        );
        let plain = Mail::new().with("Content-Type", "text/plain; charset=utf-8");
        table.cell(class, "text/plain", plain.body(written), &[text(seen)]);
    }
}
