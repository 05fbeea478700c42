//! Charsets that are declared, in every place.

use super::{
    Mail, Table, b_word, base64, encoded, files, from, multipart, part, percent, q_word, quoted,
    subject, text, to,
};

/// A charset as messages use it.
struct Script {
    class: &'static str,
    /// The label that messages write.
    label: &'static str,
    /// The encoding that the octets have.
    encoding: &'static str,
    /// A name or title.
    short: &'static str,
    /// A sentence.
    long: &'static str,
}

const SCRIPTS: [Script; 19] = [
    Script {
        class: "gb18030",
        label: "gb18030",
        encoding: "gb18030",
        short: "报价㐂",
        long: "你好，附件是本周的会议纪要，请查收。",
    },
    Script {
        class: "gb18030 as gb2312",
        label: "gb2312",
        encoding: "gb18030",
        short: "朱镕基",
        long: "朱镕基和陶喆的会议纪要，请查收。",
    },
    Script {
        class: "gbk",
        label: "GBK",
        encoding: "gb18030",
        short: "會議纪要",
        long: "您好，會議紀錄在附件中，请查收。",
    },
    Script {
        class: "big5",
        label: "Big5",
        encoding: "big5",
        short: "會議紀錄",
        long: "您好，附件是本週的會議紀錄，請查收。",
    },
    Script {
        class: "shift-jis",
        label: "Shift_JIS",
        encoding: "shift_jis",
        short: "表示予定",
        long: "お世話になっております。表の資料をお送りします。",
    },
    Script {
        class: "iso-2022-jp",
        label: "ISO-2022-JP",
        encoding: "iso-2022-jp",
        short: "会議の資料",
        long: "お世話になっております。会議の資料をお送りします。",
    },
    Script {
        class: "euc-jp",
        label: "EUC-JP",
        encoding: "euc-jp",
        short: "会議の資料",
        long: "お世話になっております。会議の資料をお送りします。",
    },
    Script {
        class: "euc-kr",
        label: "euc-kr",
        encoding: "euc-kr",
        short: "회의 자료",
        long: "안녕하세요. 회의 자료를 보내드립니다.",
    },
    Script {
        class: "uhc as ks_c_5601-1987",
        label: "ks_c_5601-1987",
        encoding: "euc-kr",
        short: "펲시맨 똠방",
        long: "똠방각하 펲시콜라 회의 자료를 보내드립니다.",
    },
    Script {
        class: "koi8-r",
        label: "KOI8-R",
        encoding: "koi8-r",
        short: "Протокол встречи",
        long: "Здравствуйте, высылаю протокол встречи.",
    },
    Script {
        class: "windows-1251",
        label: "windows-1251",
        encoding: "windows-1251",
        short: "Её протокол № 7",
        long: "Здравствуйте, её протокол — во вложении.",
    },
    Script {
        class: "windows-1252 as iso-8859-1",
        label: "iso-8859-1",
        encoding: "windows-1252",
        short: "Café – 10 €",
        long: "Être prêt à l’été coûte 10 € – déjà vu.",
    },
    Script {
        class: "iso-8859-2",
        label: "iso-8859-2",
        encoding: "iso-8859-2",
        short: "Žluťoučký kůň",
        long: "Příliš žluťoučký kůň úpěl ďábelské ódy.",
    },
    Script {
        class: "iso-8859-15",
        label: "iso-8859-15",
        encoding: "iso-8859-15",
        short: "Œuvre à 5 €",
        long: "L'œuvre coûte 5 € à l'entrée.",
    },
    Script {
        class: "windows-1253",
        label: "windows-1253",
        encoding: "windows-1253",
        short: "Πρακτικά",
        long: "Καλημέρα, σας στέλνω τα πρακτικά.",
    },
    Script {
        class: "windows-1255",
        label: "windows-1255",
        encoding: "windows-1255",
        short: "פרוטוקול",
        long: "שלום, מצורף פרוטוקול הפגישה.",
    },
    Script {
        class: "windows-1256",
        label: "windows-1256",
        encoding: "windows-1256",
        short: "محضر",
        long: "مرحبا، مرفق محضر الاجتماع.",
    },
    Script {
        class: "tis-620",
        label: "tis-620",
        encoding: "windows-874",
        short: "รายงาน",
        long: "สวัสดีครับ ส่งรายงานการประชุม",
    },
    Script {
        class: "utf-8",
        label: "utf-8",
        encoding: "utf-8",
        short: "Grüße, 你好 👩\u{200d}👧",
        long: "Grüße aus 北京 🎉 und ½ Ευχή.",
    },
];

pub(super) fn add(table: &mut Table) {
    table.group = "charsets";
    for script in &SCRIPTS {
        add_declared(table, script);
    }
}

fn add_declared(table: &mut Table, script: &Script) {
    let Script { class, label, .. } = script;
    let short = encoded(script.short, script.encoding);
    let long = encoded(script.long, script.encoding);
    let (b, q) = (b_word(label, &short), q_word(label, &short));
    let mut cell = |place, message, sees| table.cell(class, place, message, &[sees]);

    let titled = |value: String| Mail::new().with("Subject", value).body("body\n");
    cell("subject, B word", titled(b.clone()), subject(script.short));
    cell(
        "subject, Q word",
        titled(format!("Re: {q} [2]")),
        subject(&format!("Re: {} [2]", script.short)),
    );
    let author = |value: String| Mail::new().with("From", value).body("body\n");
    let seen_author = format!("{} <zhang@sender.example>", script.short);
    cell(
        "From name, B word",
        author(format!("{b} <zhang@sender.example>")),
        from(&seen_author),
    );
    cell(
        "From name, quoted Q word",
        author(format!("\"{q}\" <zhang@sender.example>")),
        from(&seen_author),
    );
    cell(
        "From name, comment",
        author(format!("zhang@sender.example ({b})")),
        from(&seen_author),
    );
    let group = format!("{b}: Ann <ann@a.example>, {q} <ben@b.example>;");
    let addressed = Mail::new().with("To", group).body("body\n");
    cell(
        "To, group",
        addressed,
        to(&format!(
            "Ann <ann@a.example>, {} <ben@b.example>",
            script.short
        )),
    );

    let attached = |header: String| {
        let file = part(
            format!("{header}\nContent-Transfer-Encoding: base64\n"),
            "JVBERg==",
        );
        Mail::new().parts("mixed", &[part("", "body"), file])
    };
    let name = format!("{}.pdf", script.short);
    let octets = [&short[..], b".pdf"].concat();
    let pdf = "Content-Type: application/pdf";
    cell(
        "filename, RFC 2231",
        attached(format!(
            "{pdf}\nContent-Disposition: attachment; filename*={label}''{}",
            percent(&octets)
        )),
        files(&[&name]),
    );
    cell(
        "filename, encoded word",
        attached(format!(
            "{pdf}\nContent-Disposition: attachment; filename=\"{}\"",
            b_word(label, &octets)
        )),
        files(&[&name]),
    );
    cell(
        "Content-Type name, encoded word",
        attached(format!(
            "{pdf}; name=\"{q}.pdf\"\nContent-Disposition: attachment"
        )),
        files(&[&name]),
    );

    let typed = |kind: &str| Mail::new().with("Content-Type", format!("{kind}; charset={label}"));
    let seen = text(script.long);
    let html = [b"<p>".as_slice(), &long, b"</p>"].concat();
    cell(
        "text/plain, 8bit",
        typed("text/plain").body(&long),
        seen.clone(),
    );
    let body = typed("text/plain").with("Content-Transfer-Encoding", "base64");
    cell("text/plain, base64", body.body(base64(&long)), seen.clone());
    let body = typed("text/plain").with("Content-Transfer-Encoding", "quoted-printable");
    cell(
        "text/plain, quoted-printable",
        body.body(quoted(&long)),
        seen.clone(),
    );
    cell(
        "text/html, 8bit",
        typed("text/html").body(&html),
        seen.clone(),
    );
    let body = typed("text/html").with("Content-Transfer-Encoding", "quoted-printable");
    cell(
        "text/html, quoted-printable",
        body.body(quoted(&html)),
        seen.clone(),
    );
    let plain = part(
        format!("Content-Type: text/plain; charset={label}\n"),
        &long,
    );
    let other = part("Content-Type: text/html\n", "");
    let both = Mail::new().parts("alternative", &[plain.clone(), other]);
    cell("alternative part", both, seen.clone());
    let inner = multipart("inner", &[plain]);
    let nested = part("Content-Type: multipart/related; boundary=inner\n", inner);
    cell("nested part", Mail::new().parts("mixed", &[nested]), seen);
}
