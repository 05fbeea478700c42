//! Charsets that are not declared, or declared wrongly.

use super::{Mail, Table, base64, encoded, files, from, part, percent, q_word, subject, text};

pub(super) fn add(table: &mut Table) {
    table.group = "undeclared";
    add_undeclared(table);
    add_short(table);
    table.group = "labels";
    add_utf_16(table);
    add_wrong_labels(table);
}

/// Sentences long enough to guess their charset.
const UNDECLARED: [(&str, &str, &str); 11] = [
    (
        "gb18030",
        "gb18030",
        "你好，附件是本周的会议纪要，请查收。谢谢！",
    ),
    ("big5", "big5", "您好，附件是本週的會議紀錄，請查收。謝謝！"),
    (
        "shift-jis",
        "shift_jis",
        "お世話になっております。会議の資料をお送りします。",
    ),
    (
        "iso-2022-jp",
        "iso-2022-jp",
        "お世話になっております。会議の資料をお送りします。",
    ),
    (
        "euc-jp",
        "euc-jp",
        "お世話になっております。会議の資料をお送りします。",
    ),
    (
        "euc-kr",
        "euc-kr",
        "안녕하세요. 회의 자료를 보내드립니다. 감사합니다.",
    ),
    (
        "koi8-r",
        "koi8-r",
        "Здравствуйте, высылаю протокол встречи.",
    ),
    (
        "windows-1251",
        "windows-1251",
        "Здравствуйте, высылаю протокол встречи.",
    ),
    (
        "windows-1252",
        "windows-1252",
        "Être prêt à l'été, déjà vu où l'on fête Noël",
    ),
    (
        "windows-1253",
        "windows-1253",
        "Καλημέρα, σας στέλνω τα πρακτικά της συνάντησης",
    ),
    ("utf-8", "utf-8", "Grüße aus 北京 und 你好 🎉"),
];

fn add_undeclared(table: &mut Table) {
    for (name, encoding, sentence) in UNDECLARED {
        let class = format!("undeclared {name}");
        let octets = encoded(sentence, encoding);
        let mut cell = |place, message, sees| table.cell(&class, place, message, &[sees]);
        cell(
            "subject",
            Mail::new().with("Subject", &octets).body("body\n"),
            subject(sentence),
        );
        // A comma or a full stop would end a name.
        let spoken: String = sentence.replace([',', '.', '!'], "");
        let author = [
            b"\"",
            &encoded(&spoken, encoding)[..],
            b"\" <zhang@sender.example>",
        ]
        .concat();
        let seen = format!("{spoken} <zhang@sender.example>");
        cell(
            "From name",
            Mail::new().with("From", author).body("body\n"),
            from(&seen),
        );
        let disposition = [
            b"Content-Type: application/pdf\nContent-Disposition: attachment; filename=\"",
            &encoded(&spoken, encoding)[..],
            b".pdf\"\n",
        ]
        .concat();
        let message = Mail::new().parts("mixed", &[part("", "body"), part(disposition, "x")]);
        cell("filename", message, files(&[&format!("{spoken}.pdf")]));
        cell("text/plain", Mail::new().body(&octets), text(sentence));
        let html = [
            b"<html><head><meta charset=x></head><p>",
            &octets[..],
            b"</p>",
        ]
        .concat();
        let typed = |kind: &str| Mail::new().with("Content-Type", kind);
        cell("text/html", typed("text/html").body(html), text(sentence));
        cell(
            "text/plain, us-ascii",
            typed("text/plain; charset=us-ascii").body(&octets),
            text(sentence),
        );
        cell(
            "text/plain, unknown label",
            typed("text/plain; charset=x-unknown").body(&octets),
            text(sentence),
        );
    }
}

/// Fields too short to guess their charset, in messages whose text declares it.
fn add_short(table: &mut Table) {
    for (class, label, short) in [
        ("short gb18030, declared for the text", "gb2312", "张三"),
        ("short big5, declared for the text", "big5", "會議"),
        ("short shift-jis, declared for the text", "shift_jis", "表"),
        ("short euc-kr, declared for the text", "euc-kr", "회의"),
        ("short koi8-r, declared for the text", "koi8-r", "Иван"),
        (
            "short windows-1251, declared for the text",
            "windows-1251",
            "Иван",
        ),
    ] {
        let octets = encoded(short, label);
        let kind = format!("text/plain; charset={label}");
        let mail = || Mail::new().with("Content-Type", &kind);
        let author = [&octets[..], b" <zhang@sender.example>"].concat();
        let seen = from(&format!("{short} <zhang@sender.example>"));
        let title = mail().with("Subject", &octets).body(&octets);
        table.cell(class, "subject", title, &[subject(short)]);
        let author = mail().with("From", author).body(&octets);
        table.cell(class, "From name", author, &[seen]);
        let words = part(format!("Content-Type: {kind}\n"), &octets);
        let disposition = [
            b"Content-Type: application/pdf\nContent-Disposition: attachment; filename=\"",
            &octets[..],
            b".pdf\"\n",
        ]
        .concat();
        let mixed = Mail::new().with("Subject", &octets);
        let mixed = mixed.parts("mixed", &[words, part(disposition, "x")]);
        let seen = [subject(short), files(&[&format!("{short}.pdf")])];
        table.cell(class, "subject and filename", mixed, &seen);
    }
    // Programs that declare ISO 8859-1 for whatever they write.
    for (class, encoding, words) in [
        (
            "gb18030 beside a text in iso-8859-1",
            "gb18030",
            "关于本周会议的通知",
        ),
        (
            "windows-1251 beside a text in iso-8859-1",
            "windows-1251",
            "Счёт на оплату",
        ),
    ] {
        let mail = Mail::new().with("Content-Type", "text/plain; charset=iso-8859-1");
        let mail = mail.with("Subject", encoded(words, encoding));
        table.cell(class, "subject", mail.body("body\n"), &[subject(words)]);
    }
}

fn add_utf_16(table: &mut Table) {
    let words = "Grüße, 你好 und mehr";
    let le: Vec<u8> = words.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let be: Vec<u8> = words.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let marked = [b"\xff\xfe", &le[..]].concat();
    for (place, label, octets) in [
        ("little endian", "utf-16le", &le),
        ("big endian", "utf-16be", &be),
        ("byte order mark", "utf-16", &marked),
        ("no byte order mark", "utf-16", &le),
        ("wrong byte order", "utf-16be", &le),
    ] {
        for (class, encoding) in [("utf-16, binary", "binary"), ("utf-16, base64", "base64")] {
            let mail = Mail::new()
                .with("Content-Type", format!("text/plain; charset={label}"))
                .with("Content-Transfer-Encoding", encoding);
            let message = match encoding {
                "base64" => mail.body(base64(octets)),
                _ => mail.body(octets),
            };
            table.cell(class, place, message, &[text(words)]);
        }
    }
}

/// Octets of one charset under the label of another.
fn add_wrong_labels(table: &mut Table) {
    const GB: &str = "你好，附件是本周的会议纪要，请查收。";
    const LATIN: &str = "Être prêt à l'été, déjà vu";
    const RUSSIAN: &str = "Здравствуйте, высылаю протокол встречи.";
    for (class, encoding, label, words) in [
        ("utf-8 as us-ascii", "utf-8", "us-ascii", GB),
        ("utf-8 as iso-8859-1", "utf-8", "iso-8859-1", LATIN),
        ("utf-8 as windows-1252", "utf-8", "windows-1252", GB),
        ("utf-8 as gb2312", "utf-8", "gb2312", "会议纪要请查收"),
        (
            "utf-8 as gb18030, no impossible octets",
            "utf-8",
            "gb18030",
            "会议纪要",
        ),
        ("utf-8 as big5", "utf-8", "big5", "會議紀錄請查收"),
        (
            "utf-8 as shift-jis",
            "utf-8",
            "shift_jis",
            "会議の資料をお送りします",
        ),
        (
            "utf-8 as euc-kr",
            "utf-8",
            "euc-kr",
            "회의 자료를 보내드립니다",
        ),
        ("utf-8 as windows-1251", "utf-8", "windows-1251", RUSSIAN),
        ("utf-8 as koi8-r", "utf-8", "koi8-r", RUSSIAN),
        ("utf-8 as utf-16", "utf-8", "utf-16", LATIN),
        ("utf-8 as utf-7", "utf-8", "utf-7", GB),
        (
            "utf-8 as iso-2022-jp",
            "utf-8",
            "iso-2022-jp",
            "会議の資料をお送りします",
        ),
        ("gb18030 as utf-8", "gb18030", "utf-8", GB),
        (
            "big5 as utf-8",
            "big5",
            "utf-8",
            "您好，附件是本週的會議紀錄，請查收。謝謝！",
        ),
        ("koi8-r as utf-8", "koi8-r", "utf-8", RUSSIAN),
        ("windows-1252 as utf-8", "windows-1252", "utf-8", LATIN),
        (
            "euc-kr as utf-8",
            "euc-kr",
            "utf-8",
            "안녕하세요. 회의 자료를 보내드립니다.",
        ),
        ("gb18030 as us-ascii", "gb18030", "us-ascii", GB),
    ] {
        let octets = encoded(words, encoding);
        let plain = Mail::new().with("Content-Type", format!("text/plain; charset=\"{label}\""));
        table.cell(class, "text/plain", plain.body(&octets), &[text(words)]);
        let title = Mail::new().with("Subject", q_word(label, &octets));
        table.cell(class, "subject", title.body("body\n"), &[subject(words)]);
        let disposition = format!("attachment; filename*={label}''{}.pdf", percent(&octets));
        let file = part(format!("Content-Disposition: {disposition}\n"), "x");
        let message = Mail::new().parts("mixed", &[part("", "body"), file]);
        let name = format!("{words}.pdf");
        table.cell(class, "filename", message, &[files(&[&name])]);
    }
    let marked = [b"\xef\xbb\xbf", GB.as_bytes()].concat();
    let latin = Mail::new().with("Content-Type", "text/plain; charset=iso-8859-1");
    table.cell(
        "utf-8 byte order mark",
        "text/plain",
        latin.body(marked),
        &[text(GB)],
    );
    // Neither becomes markup.
    let hidden = Mail::new().with("Content-Type", "text/html; charset=utf-7");
    let written = "+ADw-script+AD4-alert(1)";
    table.cell("utf-7", "text/html", hidden.body(written), &[text(written)]);
}
