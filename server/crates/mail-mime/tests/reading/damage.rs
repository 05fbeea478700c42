//! Damaged structure: headers without their end, types that are none, and delimiters that are missing
//! or ambiguous.

use super::{Mail, Table, files, subject, text};

pub(super) fn add(table: &mut Table) {
    table.group = "damage";
    add_headers(table);
    add_boundaries(table);
}

/// Returns a message whose head and body are written out.
fn raw(fields: &str, body: &str) -> Vec<u8> {
    [
        Mail::new().head(),
        fields.as_bytes().to_vec(),
        body.as_bytes().to_vec(),
    ]
    .concat()
}

fn add_headers(table: &mut Table) {
    let seen = &[text("Seen words.")];
    table.cell(
        "no blank line behind the header",
        "text",
        raw("", "Seen words.\n"),
        seen,
    );
    table.cell(
        "no blank line behind the header",
        "typed text",
        raw("Content-Type: text/plain\n", "Seen words.\n"),
        seen,
    );
    let body = "Content-Type: multipart/mixed; boundary=b\n--b\nContent-Type: text/plain\n\nSeen words.\n--b--\n";
    table.cell(
        "no blank line behind the header",
        "multipart",
        raw(body, ""),
        seen,
    );
    let body = "--b\nContent-Type: text/plain\nSeen words.\n--b--\n";
    let mixed = "Content-Type: multipart/mixed; boundary=b\n\n";
    table.cell(
        "no blank line behind the header",
        "part",
        raw(mixed, body),
        seen,
    );
    table.cell(
        "no header of a part",
        "part",
        raw(mixed, "--b\n\nSeen words.\n--b--\n"),
        seen,
    );
    table.cell(
        "missing final boundary",
        "one part",
        raw(mixed, "--b\n\nSeen words.\n"),
        seen,
    );
    let body = "--b\n\nSeen words.\n--b\nContent-Type: image/png\n\nx\n";
    table.cell(
        "missing final boundary",
        "two parts",
        raw(mixed, body),
        &[text("Seen words."), files(&[""])],
    );
    let body = "--b\nContent-Type: multipart/alternative; boundary=i\n\n--i\nContent-Type: text/html\n\nSeen words.\n--b\n\nafter\n--b--\n";
    table.cell(
        "missing final boundary",
        "nested",
        raw(mixed, body),
        &[text("Seen words.\n\nafter")],
    );
    table.cell(
        "cut",
        "in the header of a part",
        raw(mixed, "--b\n\nSeen words.\n--b\nContent-Ty"),
        &[text("Seen words.\n\nContent-Ty")],
    );
    table.cell(
        "cut",
        "behind a delimiter",
        raw(mixed, "--b\n\nSeen words.\n--b"),
        seen,
    );
    table.cell("empty", "body", raw("", "\n"), &[text("")]);
    table.cell("empty", "multipart", raw(mixed, "--b--\n"), &[text("")]);
    table.cell(
        "header only",
        "message",
        raw("", ""),
        &[subject("plain subject"), text("")],
    );
    let junk = "X-Junk: a\nno field here\nX-More: b\n\nSeen words.\n";
    table.cell("line without a colon", "header", raw("", junk), seen);
    table.cell(
        "mbox line",
        "header",
        [
            b"From ann Sat Nov 21 09:07:45 2026\n".to_vec(),
            raw("", "\nSeen words.\n"),
        ]
        .concat(),
        seen,
    );
    table.cell(
        "escaped mbox line",
        "text",
        raw("", "\nSeen words.\n>From here\n"),
        &[text("Seen words.\n> From here")],
    );
    table.cell(
        "space before the colon",
        "header",
        raw("X-Spaced : yes\n", "\nSeen words.\n"),
        seen,
    );
    table.cell("null octets", "text", raw("", "\nSeen\0 words.\n"), seen);
    table.cell(
        "control characters",
        "text",
        raw("", "\nSeen\x07 wo\x1b[31mrds.\n"),
        &[text("Seen wo[31mrds.")],
    );
    table.cell(
        "lone carriage returns",
        "text",
        raw("", "\none\rtwo\n"),
        &[text("one\ntwo")],
    );
    let long = "word ".repeat(4_000);
    table.cell(
        "very long line",
        "text",
        raw("", &format!("\n{long}\n")),
        &[text(long.trim())],
    );
    let typed = |value: &str| format!("Content-Type: {value}\n\n");
    for (class, value) in [
        ("obsolete type", "text"),
        ("type with a trailing semicolon", "text/plain;"),
        ("type without a subtype", "text/"),
        ("type in upper case", "TEXT/PLAIN; CHARSET=UTF-8"),
        (
            "type with a comment",
            "text/plain (as typed); charset=utf-8",
        ),
        ("type that is no type", "words and more"),
        ("type of plain text with a name", "text/plain; name=a.txt"),
        ("type of Markdown", "text/markdown"),
        ("charset in quotes", "text/plain; charset=\"utf-8\""),
        ("charset in single quotes", "text/plain; charset='utf-8'"),
        (
            "parameter without a value",
            "text/plain; charset; format=fixed",
        ),
        ("parameters without semicolons", "text/plain charset=utf-8"),
    ] {
        table.cell(
            class,
            "Content-Type",
            raw(&typed(value), "Seen words.\n"),
            seen,
        );
    }
    let twice = "Content-Type: text/plain\nContent-Type: text/html\n\n";
    table.cell(
        "type twice",
        "Content-Type",
        raw(twice, "Seen words.\n"),
        seen,
    );
    table.cell(
        "unknown disposition",
        "only part",
        raw("Content-Disposition: x-unknown\n\n", "Seen words.\n"),
        seen,
    );
    table.cell(
        "text as attachment",
        "only part",
        raw("Content-Disposition: attachment\n\n", "Seen words.\n"),
        seen,
    );
    let named = raw(
        "Content-Disposition: attachment; filename=a.txt\n\n",
        "Seen words.\n",
    );
    table.cell(
        "named text as attachment",
        "only part",
        named,
        &[text("Seen words."), files(&["a.txt"])],
    );
    let pdf = raw(
        "Content-Type: application/pdf; name=a.pdf\n\n",
        "%PDF-1.4\n",
    );
    table.cell(
        "only a file",
        "only part",
        pdf,
        &[text(""), files(&["a.pdf"])],
    );
}

fn add_boundaries(table: &mut Table) {
    let seen = &[text("Seen words.")];
    let with = |parameters: &str, delimiter: &str| {
        let body = format!("{delimiter}\nContent-Type: text/plain\n\nSeen words.\n{delimiter}--\n");
        raw(
            &format!("Content-Type: multipart/mixed; {parameters}\n\n"),
            &body,
        )
    };
    for (place, parameters, delimiter) in [
        ("in quotes", "boundary=\"a b:c\"", "--a b:c"),
        ("spaces at its end", "boundary=\"ab  \"", "--ab"),
        ("in pieces", "boundary*0=ab; boundary*1=cd", "--abcd"),
        ("extended", "boundary*=us-ascii''a%3Db", "--a=b"),
        (
            "after a parameter without a value",
            "protected; boundary=ab",
            "--ab",
        ),
        (
            "after a parameter in 8 bits",
            "x=\"你好\"; boundary=ab",
            "--ab",
        ),
        (
            "special characters without quotes",
            "boundary=----=_Part_1",
            "------=_Part_1",
        ),
        ("spaces around the equals sign", "boundary = \"ab\"", "--ab"),
        ("twice", "boundary=ab; boundary=cd", "--ab"),
        ("spaces behind the delimiter", "boundary=ab", "--ab  "),
    ] {
        let message = match place {
            "spaces behind the delimiter" => raw(
                "Content-Type: multipart/mixed; boundary=ab\n\n",
                "--ab  \n\nSeen words.\n--ab--\t\n",
            ),
            _ => with(parameters, delimiter),
        };
        table.cell("boundary", place, message, seen);
    }
    let inside =
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nSeen words.\n--bc\n-- b\n--b--\n";
    table.cell(
        "boundary",
        "prefix of a line",
        raw(inside, ""),
        &[text("Seen words.\n--bc\n-- b")],
    );
    let around = "Content-Type: multipart/mixed; boundary=b\n\npreamble\n--b\n\nSeen words.\n--b--\nepilogue\n";
    table.cell("preamble and epilogue", "multipart", raw(around, ""), seen);
    let none = "Content-Type: multipart/mixed\n\n--b\n\nSeen words.\n--b--\n";
    table.cell(
        "no boundary",
        "multipart",
        raw(none, ""),
        &[text("--b\n\nSeen words.\n--b--")],
    );
    let other = "Content-Type: multipart/mixed; boundary=x\n\n--b\n\nSeen words.\n--b--\n";
    table.cell(
        "boundary that never comes",
        "multipart",
        raw(other, ""),
        &[text("--b\n\nSeen words.\n--b--")],
    );
    let same = "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nSeen words.\n--b\nContent-Type: text/html\n\n<p>Seen words.</p>\n--b--\n";
    table.cell("one boundary for two", "multipart", raw(same, ""), seen);
    let prefix = "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=bb\n\n--bb\n\nSeen words.\n--bb--\n--b--\n";
    table.cell(
        "boundary that begins another",
        "multipart",
        raw(prefix, ""),
        seen,
    );
    let end = "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nSeen words.\n--b--\n--b\n\nafter the end\n--b--\n";
    table.cell("parts after the end", "multipart", raw(end, ""), seen);
}
