//! S/MIME that needs no key: what is inside a signature is read like the parts of the message.

use super::{Mail, Table, base64, crlf, fact, files, multipart, part, text};

const SIGNED: &str = "application/pkcs7-mime; smime-type=signed-data; name=smime.p7m";

pub(super) fn add(table: &mut Table) {
    table.group = "smime";
    add_texts(table);
    add_places(table);
    add_layers(table);
    add_unopened(table);
}

/// A value of BER with an indefinite length, as OpenSSL writes a stream.
fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, 0x80], content, &[0, 0]].concat()
}

fn short(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = u8::try_from(content.len()).expect("a short value");
    assert!(len < 128);
    [&[tag, len], content].concat()
}

/// The last octet of an identifier of PKCS #7: 1 data, 2 signed, 3 enveloped.
fn pkcs7(last: u8) -> Vec<u8> {
    let id = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, last];
    short(0x06, &id)
}

fn content_info(last: u8, content: &[u8]) -> Vec<u8> {
    value(0x30, &[pkcs7(last), value(0xa0, content)].concat())
}

/// `SignedData` (RFC 5652 §5.1) around an entity, which is cut into pieces; certificates alone
/// without one.
fn signed_data(entity: Option<&[u8]>) -> Vec<u8> {
    let content = entity.map(|entity| {
        let pieces: Vec<_> = entity.chunks(100).map(|piece| short(0x04, piece)).collect();
        value(0xa0, &value(0x24, &pieces.concat()))
    });
    let signers = match entity {
        Some(_) => value(0x30, &short(0x02, &[1])),
        None => Vec::new(),
    };
    let values = [
        short(0x02, &[1]),
        value(0x31, &[]),
        value(0x30, &[pkcs7(1), content.unwrap_or_default()].concat()),
        value(0x31, &signers),
    ];
    content_info(2, &value(0x30, &values.concat()))
}

/// The canonical form of an entity inside a signature.
fn signed(entity: &[u8]) -> Vec<u8> {
    signed_data(Some(&crlf(entity)))
}

fn mail(content_type: &str, octets: &[u8]) -> Vec<u8> {
    Mail::new()
        .with("Content-Type", content_type)
        .with("Content-Transfer-Encoding", "base64")
        .body(base64(octets))
}

fn smime_part(content_type: &str, octets: &[u8]) -> Vec<u8> {
    let header = format!("Content-Type: {content_type}\nContent-Transfer-Encoding: base64\n");
    part(header, base64(octets))
}

fn plain(body: &str) -> Vec<u8> {
    part("Content-Type: text/plain; charset=utf-8\n", body)
}

fn entity<P: AsRef<[u8]>>(subtype: &str, boundary: &str, parts: &[P]) -> Vec<u8> {
    let header = format!("Content-Type: multipart/{subtype}; boundary={boundary}\n");
    part(header, multipart(boundary, parts))
}

fn attachment() -> Vec<u8> {
    part(
        "Content-Type: application/pdf\nContent-Disposition: attachment; filename=plan.pdf\n",
        "%PDF",
    )
}

fn add_texts(table: &mut Table) {
    let mut cell = |place, entity: &[u8], seen: &[super::Sees]| {
        let mut seen = seen.to_vec();
        seen.push(fact("signature: Smime"));
        table.cell(
            "signed content",
            place,
            mail(SIGNED, &signed(entity)),
            &seen,
        );
    };
    cell("text", &plain("Grüße"), &[text("Grüße"), files(&[])]);
    let html = part("Content-Type: text/html; charset=utf-8\n", "<p>rich");
    let forms = entity("alternative", "forms", &[plain("simple"), html]);
    cell("two forms", &forms, &[text("rich"), files(&[])]);
    let both = entity("mixed", "both", &[forms, attachment()]);
    cell(
        "forms and a file",
        &both,
        &[text("rich"), files(&["plan.pdf"])],
    );
    let html = part(
        "Content-Type: text/html\n",
        "<p>picture: <img src=\"cid:dot@a.example\" alt=\"a dot\">",
    );
    let image = |id: &str| {
        part(
            format!(
                "Content-Type: image/png; name={id}.png\nContent-ID: <{id}@a.example>\n\
                 Content-Transfer-Encoding: base64\n"
            ),
            "iVBORw0KGgo=",
        )
    };
    let related = entity("related", "rel", &[html, image("dot"), image("unused")]);
    cell("embedded images", &related, &[files(&["unused.png"])]);
    let flowed = part(
        "Content-Type: text/plain; charset=utf-8; format=flowed\n",
        "one \nline",
    );
    cell("flowed text", &flowed, &[text("one line")]);
    cell("no MIME header", b"Just words.\n", &[text("Just words.")]);
    let calendar = part(
        "Content-Type: text/calendar; charset=utf-8; method=REQUEST\n",
        "BEGIN:VCALENDAR\nVERSION:2.0\nMETHOD:REQUEST\nBEGIN:VEVENT\nUID:1@a.example\n\
         DTSTART:20261201T090000Z\nDTEND:20261201T100000Z\nSUMMARY:Sitzung\n\
         ORGANIZER;CN=Ann:mailto:ann@sender.example\nEND:VEVENT\nEND:VCALENDAR\n",
    );
    let forms = entity(
        "alternative",
        "forms",
        &[plain("You are invited."), calendar],
    );
    let seen = "invitation: Request, Sitzung, 2026-12-01T09:00:00Z, Ann <ann@sender.example>";
    cell(
        "invitation",
        &forms,
        &[text("You are invited."), fact(seen)],
    );
}

fn add_places(table: &mut Table) {
    let octets = signed(&plain("Signed words."));
    for (place, content_type) in [
        ("type undeclared", "application/pkcs7-mime; name=smime.p7m"),
        (
            "old type",
            "application/x-pkcs7-mime; smime-type=signed-data",
        ),
        (
            "by its name",
            "application/octet-stream; name=\"smime.p7m\"",
        ),
    ] {
        let seen = [text("Signed words."), files(&[]), fact("signature: Smime")];
        table.cell("signed content", place, mail(content_type, &octets), &seen);
    }
    let smime = smime_part(SIGNED, &octets);
    table.cell(
        "signed content",
        "above the text of a mailing list",
        Mail::new().parts("mixed", &[smime.clone(), plain("-- \nthe list")]),
        &[text("Signed words.\n\n-- \nthe list"), files(&[])],
    );
    table.cell(
        "signed content",
        "below an empty text",
        Mail::new().parts("mixed", &[plain("\n"), smime.clone()]),
        &[text("Signed words."), files(&[])],
    );
    table.cell(
        "signed content",
        "below a text",
        Mail::new().parts("mixed", &[plain("See the saved message."), smime]),
        &[text("See the saved message."), files(&["smime.p7m"])],
    );
}

fn add_layers(table: &mut Table) {
    let layers = |count: usize| {
        (1..count).fold(signed(&plain("Innermost.")), |octets, _| {
            signed(&smime_part(SIGNED, &octets))
        })
    };
    table.cell(
        "signed content",
        "three layers",
        mail(SIGNED, &layers(3)),
        &[text("Innermost."), files(&[])],
    );
    table.cell(
        "signed content",
        "four layers",
        mail(SIGNED, &layers(4)),
        &[text(""), files(&["smime.p7m"]), fact("signature: Smime")],
    );
    let inner = part(
        "Subject: inner\nContent-Type: text/plain\n",
        "Wrapped words.",
    );
    let wrapped = |more: &str| part(format!("Content-Type: message/rfc822{more}\n"), &inner);
    table.cell(
        "signed content",
        "message whose header is signed",
        mail(SIGNED, &signed(&wrapped("; forwarded=no"))),
        &[text("Wrapped words."), files(&[])],
    );
    table.cell(
        "signed content",
        "forwarded message",
        mail(SIGNED, &signed(&wrapped(""))),
        &[text(""), files(&[""])],
    );
    let encrypted = content_info(3, &value(0x30, &short(0x02, &[0])));
    let around = signed(&smime_part(
        "application/pkcs7-mime; name=smime.p7m",
        &encrypted,
    ));
    table.cell(
        "signed content",
        "encrypted content",
        mail(SIGNED, &around),
        &[
            text(""),
            files(&["smime.p7m"]),
            fact("sealed: SmimeEncrypted"),
        ],
    );
}

fn add_unopened(table: &mut Table) {
    let undeclared = "application/pkcs7-mime; name=smime.p7m";
    let whole = signed(&plain("Signed words."));
    for (place, octets, seen) in [
        (
            "encrypted, undeclared",
            content_info(3, &value(0x30, &short(0x02, &[0]))),
            "sealed: SmimeEncrypted",
        ),
        (
            "certificates",
            signed_data(None),
            "sealed: SmimeCertificates",
        ),
        ("cut", whole[..40].to_vec(), "sealed: Smime"),
        ("empty", signed_data(Some(b"")), "sealed: Smime"),
    ] {
        table.cell(
            "S/MIME",
            place,
            mail(undeclared, &octets),
            &[text(""), files(&["smime.p7m"]), fact(seen)],
        );
    }
}
