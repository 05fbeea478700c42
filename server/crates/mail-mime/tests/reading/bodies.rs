//! Texts: damaged transfer encodings, format=flowed, files written into the text, HTML.

use super::{Mail, Table, base64, files, multipart, part, text};

pub(super) fn add(table: &mut Table) {
    table.group = "encodings";
    add_encodings(table);
    table.group = "flowed";
    add_flowed(table);
    table.group = "uuencode";
    add_uuencoded(table);
    table.group = "html";
    add_html(table);
}

/// Damaged transfer encodings: the class, the encoding, the octets, and the text that is seen.
const DAMAGED: [(&str, &str, &str, &str); 17] = [
    ("base64 without padding", "base64", "5L2g5aW9IQ", "你好!"),
    (
        "base64 in lines of odd length",
        "base64",
        "5L2\ng5\naW9\nIQ==\n",
        "你好!",
    ),
    (
        "base64 with spaces and junk",
        "base64",
        "5L2g *5aW9- IQ==",
        "你好!",
    ),
    (
        "base64 cut in a character",
        "base64",
        "5L2g5aW9IeS9",
        "你好!\u{fffd}",
    ),
    (
        "base64 with text after its end",
        "base64",
        "5L2g5aW9IQ==\n\n",
        "你好!",
    ),
    (
        "base64 of two texts",
        "base64",
        "5L2g5aW9IQ==\n5L2g5aW9IQ==\n",
        "你好!你好!",
    ),
    (
        "base64 with upper-case label",
        "BASE64",
        "5L2g5aW9IQ==",
        "你好!",
    ),
    (
        "base64 label with a comment",
        "base64 (by hand)",
        "5L2g5aW9IQ==",
        "你好!",
    ),
    (
        "quoted-printable with a soft break in a character",
        "quoted-printable",
        "=E4=BD=\n=A0=E5=A5=BD",
        "你好",
    ),
    (
        "quoted-printable in lower case",
        "quoted-printable",
        "=e4=bd=a0",
        "你",
    ),
    (
        "quoted-printable with a bare equals sign",
        "quoted-printable",
        "1 = 1, =E4=BD=A0 =XY",
        "1 = 1, 你 =XY",
    ),
    (
        "quoted-printable with spaces at line ends",
        "quoted-printable",
        "one=20\ntwo   \nthree= \nfour",
        "one \ntwo\nthreefour",
    ),
    (
        "quoted-printable cut in an escape",
        "quoted-printable",
        "=E4=BD=A0=E",
        "你=E",
    ),
    (
        "quoted-printable with 8-bit octets",
        "quoted-printable",
        "你=E5=A5=BD",
        "你好",
    ),
    ("8bit label as `8-bit`", "8-bit", "你好", "你好"),
    ("7bit label over 8-bit octets", "7bit", "你好", "你好"),
    ("empty label", "", "你好", "你好"),
];

fn add_encodings(table: &mut Table) {
    for (class, label, octets, seen) in DAMAGED {
        let encode = |mail: Mail| mail.with("Content-Transfer-Encoding", label);
        let plain = Mail::new().with("Content-Type", "text/plain; charset=utf-8");
        table.cell(
            class,
            "text/plain",
            encode(plain).body(octets),
            &[text(seen)],
        );
        let header = format!(
            "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: {label}\n"
        );
        let nested = multipart("inner", &[part(&header, octets)]);
        let nested = part("Content-Type: multipart/mixed; boundary=inner\n", nested);
        let message = Mail::new().parts("mixed", &[nested]);
        table.cell(class, "nested part", message, &[text(seen)]);
    }
    let unknown = Mail::new().with("Content-Transfer-Encoding", "x-unknown");
    table.cell(
        "unknown transfer encoding",
        "text/plain",
        unknown.body("octets"),
        &[files(&[""]), text("")],
    );
    let html = Mail::new()
        .with("Content-Type", "text/html; charset=utf-8")
        .with("Content-Transfer-Encoding", "base64");
    let damaged = format!("{}=", base64("<p>你好!</p>".as_bytes()));
    table.cell(
        "base64 with too much padding",
        "text/html",
        html.body(damaged),
        &[text("你好!")],
    );
    // RFC 2045 §6.4 forbids it; what the parts say counts.
    let inside = Mail::new()
        .with("Content-Transfer-Encoding", "base64")
        .parts("mixed", &[part("", "words")]);
    table.cell(
        "base64 label of a multipart",
        "multipart",
        inside,
        &[text("words")],
    );
}

/// Texts of format=flowed: the class, further parameters, the text, and what is seen.
const FLOWED: [(&str, &str, &str, &str); 12] = [
    (
        "soft breaks",
        "format=flowed",
        "a paragraph \nof two lines\n",
        "a paragraph of two lines",
    ),
    (
        "soft breaks, DelSp",
        "format=flowed; delsp=yes",
        "你好， \n附件\n",
        "你好，附件",
    ),
    (
        "soft breaks in Chinese without DelSp",
        "format=flowed",
        "你好 \n附件\n",
        "你好附件",
    ),
    (
        "soft breaks, upper case",
        "FORMAT=Flowed; DelSp=No",
        "a \nb\n",
        "a b",
    ),
    (
        "soft breaks without the parameter",
        "x=y",
        "a \nb\n",
        "a \nb",
    ),
    (
        "space-stuffed lines",
        "format=flowed",
        " From here\n >no quote\n",
        "From here\n>no quote",
    ),
    (
        "signature",
        "format=flowed",
        "words \n-- \nAnn\n",
        "words \n-- \nAnn",
    ),
    (
        "quoted paragraphs",
        "format=flowed",
        "> a \n> b\nc\n",
        "> a b\nc",
    ),
    (
        "quotes of two levels",
        "format=flowed",
        ">> old \n>> words\n> less\n",
        ">> old words\n> less",
    ),
    (
        "soft break before another level",
        "format=flowed",
        "> a \nb\n",
        "> a \nb",
    ),
    (
        "soft break before an empty line",
        "format=flowed",
        "a \n\nb\n",
        "a \n\nb",
    ),
    ("soft break at the end", "format=flowed", "a \nb ", "a b"),
];

fn add_flowed(table: &mut Table) {
    for (class, parameters, body, seen) in FLOWED {
        let kind = format!("text/plain; charset=utf-8; {parameters}");
        let message = Mail::new().with("Content-Type", &kind).body(body);
        table.cell(class, "text/plain", message, &[text(seen)]);
        let header = format!("Content-Type: {kind}\nContent-Transfer-Encoding: quoted-printable\n");
        let encoded = body.replace(" \n", "=20\n");
        let encoded: String = encoded
            .chars()
            .map(|c| match c.is_ascii() {
                true => c.to_string(),
                false => super::quoted(c.to_string().as_bytes()),
            })
            .collect();
        let message = Mail::new().parts("mixed", &[part(header, encoded)]);
        // The line end before a delimiter belongs to the delimiter; the sense is the same.
        table.cell(class, "quoted-printable part", message, &[text(seen)]);
    }
    let first = part("Content-Type: text/plain; format=flowed\n", "a \nb");
    let second = part("Content-Type: text/plain\n", "c \nd");
    let message = Mail::new().parts("mixed", &[first, second]);
    table.cell(
        "flowed beside fixed",
        "two parts",
        message,
        &[text("a b\n\nc \nd")],
    );
}

const UUENCODED: &str = "begin 644 hello.txt\n%2&5L;&\\`\n`\nend\n";

fn add_uuencoded(table: &mut Table) {
    let plain = |body: &str| Mail::new().body(body);
    let words = format!("Words before.\n\n{UUENCODED}\nWords after.\n");
    let seen = text("Words before.\n\n\nWords after.");
    table.cell(
        "uuencode",
        "between words",
        plain(&words),
        &[seen, files(&["hello.txt"])],
    );
    table.cell(
        "uuencode",
        "alone",
        plain(UUENCODED),
        &[text(""), files(&["hello.txt"])],
    );
    let two = format!("{UUENCODED}{}", UUENCODED.replace("hello", "second"));
    table.cell(
        "uuencode",
        "two files",
        plain(&two),
        &[files(&["hello.txt", "second.txt"])],
    );
    let cut = UUENCODED.replace("`\nend\n", "");
    table.cell(
        "uuencode without its end",
        "alone",
        plain(&cut),
        &[files(&["hello.txt"])],
    );
    let name = UUENCODED.replace("hello.txt", "../a b.txt");
    table.cell(
        "uuencode with a path",
        "alone",
        plain(&name),
        &[files(&["a b.txt"])],
    );
    let base = "Hi\nbegin-base64 644 a.bin\nSGVsbG8=\n====\n";
    table.cell(
        "uuencode of base64",
        "after words",
        plain(base),
        &[text("Hi"), files(&["a.bin"])],
    );
    let sentence = "begin 100 words later\nthe sentence goes on\n";
    table.cell(
        "a sentence that begins with begin",
        "text/plain",
        plain(sentence),
        &[text(sentence.trim()), files(&[])],
    );
    let yenc = "=ybegin line=128 size=5 name=a.bin\nxxxxx\n=yend size=5\n";
    table.cell(
        "yEnc",
        "alone",
        plain(yenc),
        &[text(yenc.trim()), files(&[])],
    );
    let quoted = "> begin 644 a.txt\n> %2&5L;&\\`\n> `\n> end\n";
    table.cell(
        "uuencode",
        "in a quote",
        plain(quoted),
        &[text(quoted.trim()), files(&[])],
    );
    let encoded = Mail::new()
        .with("Content-Transfer-Encoding", "base64")
        .body(base64(UUENCODED.as_bytes()));
    table.cell("uuencode", "in base64", encoded, &[files(&["hello.txt"])]);
}

/// HTML texts, and what is read of them.
const HTML: [(&str, &str, &str); 16] = [
    ("fragment", "<b>Hi</b> there", "Hi there"),
    (
        "whole document",
        "<!doctype html><html><head><title>t</title></head><body><p>Hi</p></body></html>",
        "Hi",
    ),
    (
        "unclosed tags",
        "<p>one<p>two<b><i>three",
        "one\n\ntwothree",
    ),
    ("script", "<script>alert(1)</script><p>Hi", "Hi"),
    ("style", "<style>p{color:red}</style><p>Hi", "Hi"),
    ("comment", "<!-- hidden --><p>Hi", "Hi"),
    (
        "conditional comment",
        "<!--[if mso]><p>Outlook</p><![endif]--><p>Hi",
        "Hi",
    ),
    (
        "text hidden by style",
        "<p>Hi</p><p style='display:none'>preheader</p>",
        "Hi",
    ),
    (
        "character references",
        "<p>&lt;b&gt; &amp; &#20320;&#x597d;",
        "<b> & 你好",
    ),
    (
        "text after the document",
        "<html><body><p>Hi</p></body></html>\n<p>footer",
        "Hi\n\nfooter",
    ),
    (
        "table of layout",
        "<table><tr><td>a</td><td>b</td></tr></table>",
        "a\tb",
    ),
    ("line breaks", "one<br>two<br/>three", "one\ntwo\nthree"),
    (
        "unknown elements",
        "<o:p>Hi</o:p><x-y>there</x-y>",
        "Hithere",
    ),
    (
        "frames",
        "<iframe src=https://x.example>inside</iframe><p>Hi",
        "Hi",
    ),
    (
        "form",
        "<form action=https://x.example><input value=v><button>Go</button></form><p>Hi",
        "Go\n\nHi",
    ),
    (
        "text without markup",
        "only words, 1 < 2",
        "only words, 1 < 2",
    ),
];

fn add_html(table: &mut Table) {
    for (class, html, seen) in HTML {
        let message = Mail::new()
            .with("Content-Type", "text/html; charset=utf-8")
            .body(html);
        table.cell(class, "text/html", message, &[text(seen)]);
        let plain = part("Content-Type: text/plain\n", "the plain form");
        let other = part("Content-Type: text/html; charset=utf-8\n", html);
        let message = Mail::new().parts("alternative", &[plain, other]);
        table.cell(class, "alternative part", message, &[text(seen)]);
    }
    let declared = "<meta charset=gb2312><p>";
    let octets = [
        declared.as_bytes(),
        &super::encoded("你好，附件是本周的会议纪要，请查收。", "gb18030"),
    ]
    .concat();
    let message = Mail::new().with("Content-Type", "text/html").body(octets);
    table.cell(
        "charset in the document",
        "text/html",
        message,
        &[text("你好，附件是本周的会议纪要，请查收。")],
    );
    let octets = [
        b"<meta charset=koi8-r><p>".as_slice(),
        &super::encoded("Да", "koi8-r"),
    ]
    .concat();
    let message = Mail::new().with("Content-Type", "text/html").body(octets);
    table.cell(
        "charset in a short document",
        "text/html",
        message,
        &[text("Да")],
    );
    let xhtml = Mail::new().with("Content-Type", "application/xhtml+xml; charset=utf-8");
    table.cell(
        "XHTML",
        "application/xhtml+xml",
        xhtml.body("<html><body><p>Hi</p></body></html>"),
        &[text("Hi")],
    );
}
