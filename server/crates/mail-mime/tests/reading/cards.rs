//! What messages say beside their text: invitations, reports, receipts, winmail.dat, sealed content,
//! mailing lists, the checks of the receiving server.

use super::{Mail, Table, fact, files, multipart, part, text};

pub(super) fn add(table: &mut Table) {
    table.group = "cards";
    add_invitations(table);
    add_reports(table);
    add_winmail(table);
    add_sealed(table);
    add_lists(table);
    add_checks(table);
}

fn plain(body: &str) -> Vec<u8> {
    part("Content-Type: text/plain; charset=utf-8\n", body)
}

fn event(method: &str, more: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\nVERSION:2.0\n{method}BEGIN:VEVENT\nUID:1@a.example\n\
         DTSTART:20261201T090000Z\nDTEND:20261201T100000Z\nSUMMARY:Sitzung 会议\n\
         ORGANIZER;CN=Ann:mailto:ann@sender.example\n{more}END:VEVENT\nEND:VCALENDAR\n"
    )
}

fn add_invitations(table: &mut Table) {
    let seen = "invitation: Request, Sitzung 会议, 2026-12-01T09:00:00Z, Ann <ann@sender.example>";
    let request = event("METHOD:REQUEST\n", "");
    let calendar = part(
        "Content-Type: text/calendar; charset=utf-8; method=REQUEST\n",
        &request,
    );
    let both = Mail::new().parts(
        "alternative",
        &[plain("You are invited."), calendar.clone()],
    );
    table.cell(
        "invitation",
        "alternative part",
        both,
        &[text("You are invited."), fact(seen)],
    );
    let alone = Mail::new()
        .with("Content-Type", "text/calendar; method=REQUEST")
        .body(&request);
    table.cell("invitation", "alone", alone, &[fact(seen)]);
    let encoded = part(
        "Content-Type: text/calendar; charset=utf-8\nContent-Transfer-Encoding: base64\n",
        super::base64(request.as_bytes()),
    );
    let both = Mail::new().parts("mixed", &[plain("You are invited."), encoded]);
    table.cell("invitation", "in base64", both, &[fact(seen)]);
    let file = part(
        "Content-Type: application/ics; name=invite.ics\nContent-Disposition: attachment\n",
        &request,
    );
    let both = Mail::new().parts("mixed", &[plain("You are invited."), file]);
    table.cell(
        "invitation",
        "attached file",
        both,
        &[fact(seen), files(&["invite.ics"])],
    );
    for (place, method, line) in [
        (
            "cancelled",
            "METHOD:CANCEL\n",
            "invitation: Cancel, Sitzung 会议, 2026-12-01T09:00:00Z, Ann <ann@sender.example>",
        ),
        (
            "reply",
            "METHOD:REPLY\n",
            "invitation: Reply, Sitzung 会议, 2026-12-01T09:00:00Z, Ann <ann@sender.example>",
        ),
        (
            "without a method",
            "",
            "invitation: Publish, Sitzung 会议, 2026-12-01T09:00:00Z, Ann <ann@sender.example>",
        ),
    ] {
        let calendar = part(
            "Content-Type: text/calendar; charset=utf-8\n",
            event(method, ""),
        );
        let both = Mail::new().parts("alternative", &[plain("words"), calendar]);
        table.cell("invitation", place, both, &[fact(line)]);
    }
    let folded =
        event("METHOD:REQUEST\n", "").replace("SUMMARY:Sitzung 会议", "SUMMARY:Sit\n zung 会\n 议");
    let calendar = part("Content-Type: text/calendar; charset=utf-8\n", folded);
    table.cell(
        "invitation",
        "folded lines",
        Mail::new().parts("mixed", &[plain("words"), calendar]),
        &[fact(seen)],
    );
    let cut = part(
        "Content-Type: text/calendar; charset=utf-8\n",
        request.replace("END:VEVENT\nEND:VCALENDAR\n", ""),
    );
    table.cell(
        "invitation",
        "cut",
        Mail::new().parts("mixed", &[plain("words"), cut]),
        &[fact(seen)],
    );
    let junk = part("Content-Type: text/calendar\n", "no calendar at all");
    table.cell(
        "invitation",
        "no calendar",
        Mail::new().parts("mixed", &[plain("words"), junk]),
        &[text("words")],
    );
}

const STATUS: &str = "Reporting-MTA: dns; mx.example.org\n\nFinal-Recipient: rfc822; ben@b.example\n\
    Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user\n";

fn report(kind: &str, parts: &[Vec<u8>]) -> Vec<u8> {
    Mail::new()
        .with(
            "From",
            "Mail Delivery System <mailer-daemon@mx.example.org>",
        )
        .parts(&format!("report; report-type={kind}"), parts)
}

fn add_reports(table: &mut Table) {
    let failed = "delivery: ben@b.example, Failed, 5.1.1, 550 5.1.1 no such user";
    let status = |body: &str| part("Content-Type: message/delivery-status\n", body);
    let returned = "Content-Type: message/rfc822\n";
    let original = "Message-ID: <original@restante.test>\nSubject: original\n\nwords\n";
    let words = || plain("It was not delivered.");
    let whole = [words(), status(STATUS), part(returned, original)];
    let about = fact("about: original@restante.test");
    let seen = text("It was not delivered.");
    table.cell(
        "bounce",
        "report",
        report("delivery-status", &whole),
        &[seen, fact(failed), about.clone()],
    );
    let header = part(
        "Content-Type: text/rfc822-headers\n",
        "Message-ID: <original@restante.test>\nSubject: original\n",
    );
    let parts = [words(), status(STATUS), header];
    table.cell(
        "bounce",
        "header of the message",
        report("delivery-status", &parts),
        &[fact(failed), about.clone()],
    );
    let encoded = part(
        "Content-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n",
        super::base64(STATUS.as_bytes()),
    );
    table.cell(
        "bounce",
        "in base64",
        report("delivery-status", &[words(), encoded]),
        &[fact(failed)],
    );
    for (place, action, line) in [
        (
            "delayed",
            "delayed",
            "delivery: ben@b.example, Delayed, 5.1.1, 550 5.1.1 no such user",
        ),
        (
            "delivered",
            "delivered",
            "delivery: ben@b.example, Delivered, 5.1.1, 550 5.1.1 no such user",
        ),
    ] {
        let body = STATUS.replace("failed", action);
        table.cell(
            "bounce",
            place,
            report("delivery-status", &[words(), status(&body)]),
            &[fact(line)],
        );
    }
    let two =
        format!("{STATUS}\nFinal-Recipient: rfc822; cy@c.example\nAction: failed\nStatus: 4.2.2\n");
    let lines = [fact(failed), fact("delivery: cy@c.example, Failed, 4.2.2")];
    table.cell(
        "bounce",
        "two recipients",
        report("delivery-status", &[words(), status(&two)]),
        &lines,
    );
    let qmail = "Hi. This is the qmail-send program at mx.example.org.\n\
        I'm afraid I wasn't able to deliver your message to the following addresses.\n\n\
        <ben@b.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n\
        --- Below this line is a copy of the message.\n\nMessage-ID: <original@restante.test>\n\nwords\n";
    let text_bounce = Mail::new()
        .with("From", "MAILER-DAEMON@mx.example.org")
        .body(qmail);
    table.cell(
        "bounce",
        "text of qmail",
        text_bounce,
        std::slice::from_ref(&about),
    );

    let receipt = "Reporting-UA: x\nFinal-Recipient: rfc822; ben@b.example\n\
        Original-Message-ID: <original@restante.test>\n\
        Disposition: manual-action/MDN-sent-manually; displayed\n";
    let disposition = part("Content-Type: message/disposition-notification\n", receipt);
    let parts = [plain("It was read."), disposition];
    let seen = [
        text("It was read."),
        fact("receipt: Displayed, ben@b.example"),
        about,
    ];
    table.cell(
        "receipt",
        "report",
        report("disposition-notification", &parts),
        &seen,
    );
    let deleted = receipt.replace(
        "manual-action/MDN-sent-manually; displayed",
        "automatic-action/MDN-sent-automatically; deleted",
    );
    let parts = [
        plain("words"),
        part("Content-Type: message/disposition-notification\n", deleted),
    ];
    table.cell(
        "receipt",
        "deleted",
        report("disposition-notification", &parts),
        &[fact("receipt: Deleted, ben@b.example")],
    );
}

/// Returns a winmail.dat with a text and a file.
fn winmail(body: &[u8], name: &[u8], data: &[u8]) -> Vec<u8> {
    let mut out = 0x223e_9f78_u32.to_le_bytes().to_vec();
    out.extend_from_slice(&1_u16.to_le_bytes());
    let mut attribute = |level: u8, id: u32, data: &[u8]| {
        out.push(level);
        out.extend_from_slice(&id.to_le_bytes());
        out.extend_from_slice(
            &u32::try_from(data.len())
                .expect("a small attribute")
                .to_le_bytes(),
        );
        out.extend_from_slice(data);
        let sum = data
            .iter()
            .fold(0_u16, |sum, octet| sum.wrapping_add(u16::from(*octet)));
        out.extend_from_slice(&sum.to_le_bytes());
    };
    attribute(
        1,
        0x0006_9007,
        &[936_u32.to_le_bytes(), 0_u32.to_le_bytes()].concat(),
    );
    attribute(1, 0x0002_800c, &[body, b"\0"].concat());
    attribute(2, 0x0006_9002, &[0; 14]);
    attribute(2, 0x0001_8010, &[name, b"\0"].concat());
    attribute(2, 0x0006_800f, data);
    out
}

fn add_winmail(table: &mut Table) {
    let file = winmail(
        &super::encoded("请查收。", "gb18030"),
        &super::encoded("报价.xlsx", "gb18030"),
        b"PK the sheet",
    );
    let packed = |header: &str, octets: &[u8]| {
        part(
            format!("{header}Content-Transfer-Encoding: base64\n"),
            super::base64(octets),
        )
    };
    let tnef = "Content-Type: application/ms-tnef; name=winmail.dat\n";
    let beside = Mail::new().parts("mixed", &[plain("Outer words."), packed(tnef, &file)]);
    table.cell(
        "winmail.dat",
        "beside a text",
        beside,
        &[text("Outer words."), files(&["报价.xlsx"])],
    );
    let alone = Mail::new().parts("mixed", &[packed(tnef, &file)]);
    table.cell(
        "winmail.dat",
        "alone",
        alone,
        &[text("请查收。"), files(&["报价.xlsx"])],
    );
    let octets = "Content-Type: application/octet-stream; name=WINMAIL.DAT\n";
    let beside = Mail::new().parts("mixed", &[plain("Outer words."), packed(octets, &file)]);
    table.cell(
        "winmail.dat",
        "by its name",
        beside,
        &[files(&["报价.xlsx"])],
    );
    let damaged = Mail::new().parts(
        "mixed",
        &[plain("Outer words."), packed(tnef, b"no such file")],
    );
    table.cell(
        "winmail.dat",
        "damaged",
        damaged,
        &[text("Outer words."), files(&["winmail.dat"])],
    );
}

fn add_sealed(table: &mut Table) {
    let signature = part(
        "Content-Type: application/pgp-signature; name=signature.asc\n",
        "-----BEGIN PGP SIGNATURE-----",
    );
    let signed = Mail::new().parts(
        "signed; micalg=pgp-sha256; protocol=\"application/pgp-signature\"",
        &[plain("Signed words."), signature],
    );
    table.cell(
        "signed",
        "OpenPGP",
        signed,
        &[
            text("Signed words."),
            files(&["signature.asc"]),
            fact("signature: OpenPgp"),
        ],
    );
    let signature = part(
        "Content-Type: application/pkcs7-signature; name=smime.p7s\nContent-Transfer-Encoding: base64\n",
        "MIIB",
    );
    let signed = Mail::new().parts(
        "signed; protocol=\"application/pkcs7-signature\"; micalg=sha-256",
        &[html_and_plain(), signature],
    );
    table.cell(
        "signed",
        "S/MIME",
        signed,
        &[
            text("rich"),
            files(&["smime.p7s"]),
            fact("signature: Smime"),
        ],
    );
    let parts = [
        part("Content-Type: application/pgp-encrypted\n", "Version: 1\n"),
        part(
            "Content-Type: application/octet-stream; name=encrypted.asc\n",
            "-----BEGIN PGP MESSAGE-----",
        ),
    ];
    let encrypted = Mail::new().parts("encrypted; protocol=\"application/pgp-encrypted\"", &parts);
    table.cell(
        "encrypted",
        "OpenPGP",
        encrypted,
        &[text(""), fact("sealed: OpenPgp")],
    );
    for (place, kind, seen) in [
        (
            "S/MIME",
            "application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m",
            "sealed: SmimeEncrypted",
        ),
        (
            "S/MIME, old type",
            "application/x-pkcs7-mime; name=smime.p7m",
            "sealed: Smime",
        ),
        (
            "S/MIME, opaque signature",
            "application/pkcs7-mime; smime-type=signed-data; name=smime.p7m",
            "sealed: SmimeSigned",
        ),
        (
            "S/MIME, by its name",
            "application/octet-stream; name=smime.p7m",
            "sealed: Smime",
        ),
    ] {
        let mail = Mail::new()
            .with("Content-Type", kind)
            .with("Content-Transfer-Encoding", "base64");
        table.cell(
            "encrypted",
            place,
            mail.body("MIIB"),
            &[text(""), files(&["smime.p7m"]), fact(seen)],
        );
    }
    let armor = "-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----";
    table.cell(
        "encrypted",
        "armored text",
        Mail::new().body(armor),
        &[text(armor)],
    );
}

fn html_and_plain() -> Vec<u8> {
    let html = part("Content-Type: text/html; charset=utf-8\n", "<p>rich");
    let both = multipart("forms", &[plain("plain"), html]);
    part(
        "Content-Type: multipart/alternative; boundary=forms\n",
        both,
    )
}

fn add_lists(table: &mut Table) {
    let list = || {
        Mail::new()
            .with("List-Id", "The announcements <announce.lists.example>")
            .with(
                "List-Unsubscribe",
                "<https://lists.example/leave>, <mailto:leave@lists.example>",
            )
    };
    let seen = [
        fact("list: The announcements <announce.lists.example>"),
        fact("unsubscribe: https://lists.example/leave"),
    ];
    table.cell("mailing list", "header", list().body("words\n"), &seen);
    let footer = list().parts(
        "mixed",
        &[
            html_and_plain(),
            plain("_____\nLeave: https://lists.example/leave"),
        ],
    );
    let seen = text("rich\n\n_____\nLeave: https://lists.example/leave");
    table.cell("mailing list", "footer of another part", footer, &[seen]);
    let footer = list().body("words\n\n-- \nLeave: https://lists.example/leave\n");
    table.cell(
        "mailing list",
        "footer of the text",
        footer,
        &[text("words\n\n-- \nLeave: https://lists.example/leave")],
    );
    let folded = Mail::new().with(
        "List-Unsubscribe",
        "\n <https://lists.example/a?b=c\n &d=e>",
    );
    table.cell(
        "mailing list",
        "folded address",
        folded.body("words\n"),
        &[fact("unsubscribe: https://lists.example/a?b=c&d=e")],
    );
    let script = Mail::new().with("List-Unsubscribe", "<javascript:alert(1)>");
    table.cell(
        "mailing list",
        "address of a script",
        script.body("words\n"),
        &[text("words")],
    );
}

fn add_checks(table: &mut Table) {
    let checked = |results: &str| {
        Mail::new()
            .with("Authentication-Results", results)
            .and(
                "Received",
                "from x.example by mx.restante.test; Sat, 21 Nov 2026 09:07:46 +0800",
            )
            .body("words\n")
    };
    for (place, results, seen) in [
        (
            "passed",
            "mx.restante.test; dmarc=pass header.from=sender.example; dkim=pass header.d=sender.example",
            "checked: dmarc Pass, aligned",
        ),
        (
            "failed",
            "mx.restante.test; dmarc=fail header.from=sender.example; spf=fail smtp.mailfrom=evil.example",
            "checked: dmarc Fail, not aligned",
        ),
    ] {
        table.cell(
            "authentication results",
            place,
            checked(results),
            &[fact(seen)],
        );
    }
    let foreign = checked("mx.evil.example; dmarc=pass header.from=sender.example");
    table.cell(
        "authentication results",
        "of another server",
        foreign,
        &[text("words")],
    );
}
