//! The structure of messages: which parts are shown, and which are files.

use super::{Mail, Table, files, multipart, part, text};

pub(super) fn add(table: &mut Table) {
    table.group = "structure";
    add_several(table);
    add_alternatives(table);
    add_nested(table);
}

fn plain(body: &str) -> Vec<u8> {
    part("Content-Type: text/plain; charset=utf-8\n", body)
}

fn html(body: &str) -> Vec<u8> {
    part("Content-Type: text/html; charset=utf-8\n", body)
}

fn image(name: &str, more: &str) -> Vec<u8> {
    let header =
        format!("Content-Type: image/png; name={name}\nContent-Transfer-Encoding: base64\n{more}");
    part(header, "iVBORw0KGgo=")
}

fn add_several(table: &mut Table) {
    let cell =
        |table: &mut Table, place, subtype: &str, parts: &[Vec<u8>], sees: &[super::Sees]| {
            table.cell(
                "several inline parts",
                place,
                Mail::new().parts(subtype, parts),
                sees,
            );
        };
    let inline = "Content-Disposition: inline\n";
    cell(
        table,
        "two texts",
        "mixed",
        &[plain("one"), plain("two")],
        &[text("one\n\ntwo"), files(&[])],
    );
    cell(
        table,
        "text, picture, text",
        "mixed",
        &[plain("one"), image("a.png", inline), plain("two")],
        &[text("one\n\ntwo"), files(&["a.png"])],
    );
    cell(
        table,
        "text and HTML",
        "mixed",
        &[plain("one"), html("<p>two</p>")],
        &[text("one\n\ntwo")],
    );
    cell(
        table,
        "HTML and footer",
        "mixed",
        &[html("<p>one</p>"), plain("two")],
        &[text("one\n\ntwo")],
    );
    cell(
        table,
        "empty text and text",
        "mixed",
        &[plain(""), plain("two")],
        &[text("two")],
    );
    cell(
        table,
        "text and text file",
        "mixed",
        &[
            plain("one"),
            part(
                "Content-Type: text/plain; name=notes.txt\nContent-Disposition: attachment\n",
                "two",
            ),
        ],
        &[text("one"), files(&["notes.txt"])],
    );
    cell(
        table,
        "text and inline text file",
        "mixed",
        &[
            plain("one"),
            part(
                "Content-Type: text/plain; name=notes.txt\nContent-Disposition: inline\n",
                "two",
            ),
        ],
        &[text("one\n\ntwo"), files(&["notes.txt"])],
    );
    cell(
        table,
        "text and HTML file",
        "mixed",
        &[
            plain("one"),
            part("Content-Type: text/html; name=page.html\n", "<p>two"),
        ],
        &[text("one"), files(&["page.html"])],
    );
    let id = "Content-ID: <a@x>\n";
    cell(
        table,
        "HTML with its picture",
        "related",
        &[html("<p>Hi <img src=cid:a@x alt=A>"), image("a.png", id)],
        &[text("Hi A"), files(&[])],
    );
    cell(
        table,
        "HTML without its picture",
        "related",
        &[html("<p>Hi"), image("a.png", id)],
        &[text("Hi"), files(&["a.png"])],
    );
    cell(
        table,
        "picture of mixed",
        "mixed",
        &[
            html("<p>Hi <img src=cid:a@x>"),
            image("a.png", id),
            image("b.png", ""),
        ],
        &[text("Hi"), files(&["b.png"])],
    );
    cell(
        table,
        "start of related",
        "related; start=\"<root@x>\"",
        &[
            image("a.png", id),
            part("Content-Type: text/html\nContent-ID: <root@x>\n", "<p>Hi"),
        ],
        &[text("Hi"), files(&["a.png"])],
    );
    cell(
        table,
        "two pictures only",
        "mixed",
        &[image("a.png", ""), image("b.png", "")],
        &[text(""), files(&["a.png", "b.png"])],
    );
    cell(
        table,
        "unknown multipart",
        "x-unknown",
        &[plain("one"), plain("two")],
        &[text("one\n\ntwo")],
    );
    cell(
        table,
        "parallel",
        "parallel",
        &[plain("one"), plain("two")],
        &[text("one\n\ntwo")],
    );
}

fn add_alternatives(table: &mut Table) {
    let cell = |table: &mut Table, place, parts: &[Vec<u8>], sees: &[super::Sees]| {
        table.cell(
            "alternatives",
            place,
            Mail::new().parts("alternative", parts),
            sees,
        );
    };
    let calendar = part(
        "Content-Type: text/calendar\n",
        "BEGIN:VCALENDAR\nEND:VCALENDAR\n",
    );
    cell(
        table,
        "plain and HTML",
        &[plain("plain"), html("<p>rich")],
        &[text("rich"), files(&[])],
    );
    cell(
        table,
        "HTML and plain",
        &[html("<p>rich"), plain("plain")],
        &[text("rich"), files(&[])],
    );
    cell(
        table,
        "empty HTML",
        &[plain("plain"), html("")],
        &[text("plain"), files(&[])],
    );
    cell(
        table,
        "empty plain text",
        &[plain(""), html("<p>rich")],
        &[text("rich"), files(&[])],
    );
    cell(
        table,
        "both empty",
        &[plain(""), html("")],
        &[text(""), files(&[])],
    );
    cell(
        table,
        "one form",
        &[plain("plain")],
        &[text("plain"), files(&[])],
    );
    cell(
        table,
        "AMP",
        &[
            plain("plain"),
            part("Content-Type: text/x-amp-html\n", "<html amp4email>"),
        ],
        &[text("plain"), files(&[])],
    );
    cell(
        table,
        "unknown form",
        &[
            plain("plain"),
            part("Content-Type: application/x-unknown\n", "x"),
        ],
        &[text("plain"), files(&[""])],
    );
    cell(
        table,
        "calendar",
        &[plain("plain"), calendar],
        &[text("plain"), files(&[""])],
    );
    let related = multipart(
        "inner",
        &[
            html("<p>rich <img src=cid:a@x>"),
            image("a.png", "Content-ID: <a@x>\n"),
        ],
    );
    let related = part("Content-Type: multipart/related; boundary=inner\n", related);
    cell(
        table,
        "related form",
        &[plain("plain"), related],
        &[text("rich"), files(&[])],
    );
    let mixed = multipart(
        "inner",
        &[
            html("<p>rich"),
            image("a.png", "Content-Disposition: attachment\n"),
        ],
    );
    let mixed = part("Content-Type: multipart/mixed; boundary=inner\n", mixed);
    cell(
        table,
        "form with a file",
        &[plain("plain"), mixed],
        &[text("rich"), files(&["a.png"])],
    );
}

fn add_nested(table: &mut Table) {
    let inner =
        "Subject: inner\nFrom: Ben <ben@b.example>\nContent-Type: text/plain\n\nInner words.\n";
    let message = part("Content-Type: message/rfc822\n", inner);
    let forwarded = Mail::new().parts("mixed", &[plain("Outer words."), message.clone()]);
    table.cell(
        "nested message",
        "beside a text",
        forwarded,
        &[text("Outer words."), files(&[""])],
    );
    let alone = Mail::new()
        .with("Content-Type", "message/rfc822")
        .body(inner);
    table.cell("nested message", "alone", alone, &[files(&[""])]);
    let named = part(
        "Content-Type: message/rfc822; name=\"a.eml\"\nContent-Disposition: attachment\n",
        inner,
    );
    let forwarded = Mail::new().parts("mixed", &[plain("Outer words."), named]);
    table.cell(
        "nested message",
        "with a name",
        forwarded,
        &[text("Outer words."), files(&["a.eml"])],
    );
    let encoded = part(
        "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n",
        super::base64(inner.as_bytes()),
    );
    let forwarded = Mail::new().parts("mixed", &[plain("Outer words."), encoded]);
    table.cell(
        "nested message",
        "in base64",
        forwarded,
        &[text("Outer words."), files(&[""])],
    );
    let digest = Mail::new().parts("digest", &[part("", inner), part("", inner)]);
    table.cell("nested message", "digest", digest, &[files(&["", ""])]);
    for (place, levels) in [("10 levels", 10), ("40 levels", 40)] {
        let mut body = part("Content-Type: text/plain\n", "The bottom.");
        for level in (0..levels).rev() {
            let boundary = format!("b{level}");
            let inside = multipart(&boundary, &[body]);
            body = part(
                format!("Content-Type: multipart/mixed; boundary={boundary}\n"),
                inside,
            );
        }
        let message = [Mail::new().head(), body].concat();
        table.cell("nested multiparts", place, message, &[text("The bottom.")]);
    }
    let many: Vec<Vec<u8>> = (0..60).map(|n| plain(&format!("text {n}"))).collect();
    let message = Mail::new().parts("mixed", &many);
    // The limit of texts that are shown one below the other.
    table.cell("60 texts", "multipart", message, &[files(&[""; 10])]);
}
