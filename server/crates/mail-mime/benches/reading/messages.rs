//! Ordinary messages, no two alike, with the header fields that mail servers add on the way.

use std::fmt::Write as _;

use mail_mime::transfer::Encoder;

use crate::newsletters;

/// Messages of one kind.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) messages: Vec<Vec<u8>>,
}

const ATTACHMENT_BYTES: usize = 1_000_000;
const HTML_BYTES: usize = 30 << 10;

/// Returns the messages: 420 in 5 kinds.
pub(crate) fn all() -> Vec<Kind> {
    let kind = |name, count, message: fn(usize) -> String| Kind {
        name,
        messages: (0..count).map(|n| message(n).into_bytes()).collect(),
    };
    vec![
        kind("plain text, 2-20 KB", 100, plain),
        kind("base64, UTF-8", 100, base64),
        kind("quoted-printable", 100, quoted_printable),
        kind("alternative, 30 KB of HTML", 100, alternative),
        kind("with an attachment of 1 MB", 20, attachment),
    ]
}

fn plain(n: usize) -> String {
    let sentences = [
        "Thanks for the figures; I have put them into the table and sent it on to the others.\r\n",
        "The hall is free on Thursday from six, see https://hall.example/plan?week=31 for the rest.\r\n",
        "> Could you ask Ann (ann@example.org) whether she can take the minutes this time?\r\n",
        "\r\n",
    ];
    let text = text(n, &sentences);
    format!(
        "{}Content-Type: text/plain; charset=us-ascii; format=flowed\r\nContent-Transfer-Encoding: 7bit\r\n\r\n{text}",
        header(n)
    )
}

fn base64(n: usize) -> String {
    let body = in_base64(text(n, &UTF8_SENTENCES).as_bytes());
    format!(
        "{}Content-Type: text/plain; charset=\"UTF-8\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}",
        header(n)
    )
}

fn quoted_printable(n: usize) -> String {
    format!("{}{}", header(n), quoted_part(n))
}

fn alternative(n: usize) -> String {
    let html = newsletters::article_page(n, HTML_BYTES);
    format!(
        "{}Content-Type: multipart/alternative; boundary=\"=_{n:08x}\"\r\n\r\n\
         --=_{n:08x}\r\n{}\r\n--=_{n:08x}\r\nContent-Type: text/html; charset=utf-8\r\n\
         Content-Transfer-Encoding: quoted-printable\r\n\r\n{}\r\n--=_{n:08x}--\r\n",
        header(n),
        quoted_part(n),
        in_quoted_printable(&html),
    )
}

fn attachment(n: usize) -> String {
    let octets: Vec<u8> = (0..ATTACHMENT_BYTES)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 11) as u8)
        .collect();
    format!(
        "{}Content-Type: multipart/mixed; boundary=\"----=_Part_{n}\"\r\n\r\n\
         ------=_Part_{n}\r\n{}\r\n------=_Part_{n}\r\nContent-Type: application/pdf; name=\"plan {n}.pdf\"\r\n\
         Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"plan {n}.pdf\"\r\n\r\n\
         {}\r\n------=_Part_{n}--\r\n",
        header(n),
        quoted_part(n),
        in_base64(&octets),
    )
}

const UTF8_SENTENCES: [&str; 4] = [
    "Grüße aus der Stadt – die Pläne für den Saal hängen an, bitte bis Freitag prüfen.\r\n",
    "会议改到星期四下午六点，地点不变，请带上上个季度的数据。\r\n",
    "Ann wrote that the café is closed; we meet at https://hall.example/ instead.\r\n",
    "\r\n",
];

fn quoted_part(n: usize) -> String {
    let body = in_quoted_printable(&text(n, &[UTF8_SENTENCES[0], UTF8_SENTENCES[2], "\r\n"]));
    format!(
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{body}"
    )
}

/// Returns 2 to 20 KB of sentences.
fn text(n: usize, sentences: &[&str]) -> String {
    let mut text = String::new();
    let mut next = n;
    while text.len() < 2_000 + n * 1_800 % 18_000 {
        text.push_str(sentences[next % sentences.len()]);
        next += 1;
    }
    text
}

/// The fields of a message that came over three servers, without those of its content.
fn header(n: usize) -> String {
    let subject = match n % 3 {
        0 => format!("Re: The plan for the hall {n}"),
        1 => format!("=?UTF-8?Q?Gr=C3=BC=C3=9Fe_aus_der_Stadt_{n}?="),
        _ => format!("=?utf-8?B?5Lya6K6u5pS55Yiw5pif5pyf5Zub?= {n}"),
    };
    let mut header = String::from("Return-Path: <ann@example.org>\r\n");
    for hop in 0..3 {
        let _ = write!(
            header,
            "Received: from mx{hop}.example.org (mx{hop}.example.org [192.0.2.{}])\r\n\
             \tby mx{}.example.net (Postfix) with ESMTPS id {n:08X}{hop}\r\n\
             \t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))\r\n\
             \tfor <bob@example.net>; Sat, 28 Nov 2026 10:{:02}:0{hop} +0100 (CET)\r\n",
            n % 250,
            hop + 1,
            n % 60,
        );
    }
    let _ = write!(
        header,
        "Authentication-Results: mx3.example.net; dkim=pass header.d=example.org header.s=s1;\r\n\
         \tspf=pass smtp.mailfrom=ann@example.org; dmarc=pass header.from=example.org\r\n\
         DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=s1; t=1795860{n:03};\r\n\
         \th=from:to:cc:subject:date:message-id:mime-version:content-type:in-reply-to:references;\r\n\
         \tbh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;\r\n\
         \tb=dzdVyOfAKCdLXdJOc9G2q8LoXSlEniSbav+yuU4zGeeruD00lszZVoG4ZHRNiYzRPgYxQmTqVw0Nq6kQx9qz\r\n\
         \t QcKZ0eGvAXy4wFJWrmLhqU7oZ3CwYdGmCkqsDPuMn1vFkZKzqT7mcIVR0aFZz1Gx2pXy8hJtqVn4sG0wEno=\r\n\
         Message-ID: <B27397-{n}@mail.example.org>\r\n\
         In-Reply-To: <B27396-{n}@mail.example.net>\r\n\
         References: <B27394-{n}@mail.example.org> <B27395-{n}@mail.example.net>\r\n\
         \t<B27396-{n}@mail.example.net>\r\n\
         Date: Sat, 28 Nov 2026 10:{:02}:00 +0100\r\n\
         From: =?UTF-8?Q?Ann_M=C3=BCller?= <ann@example.org>\r\n\
         To: Bob Example <bob@example.net>, \"Readers, all\" <readers@lists.example.org>\r\n\
         Cc: eve@example.com, Dan <dan{n}@example.com>\r\n\
         Reply-To: Ann <ann@example.org>\r\n\
         Subject: {subject}\r\n\
         User-Agent: Mozilla Thunderbird\r\nContent-Language: en-US\r\nX-Spam-Status: No, score=-2.1\r\n\
         MIME-Version: 1.0\r\n",
        n % 60,
    );
    header
}

fn in_base64(octets: &[u8]) -> String {
    let mut out = Vec::new();
    let mut encoder = Encoder::new();
    encoder.push(octets, &mut out);
    encoder.finish(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// Encodes a text with CRLF or LF line ends; lines have 76 characters at most.
fn in_quoted_printable(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let mut column = 0;
        for byte in line.bytes() {
            if column > 72 {
                out.push_str("=\r\n");
                column = 0;
            }
            if matches!(byte, b' '..=b'~') && byte != b'=' {
                out.push(char::from(byte));
                column += 1;
            } else {
                let _ = write!(out, "={byte:02X}");
                column += 3;
            }
        }
        out.push_str("\r\n");
    }
    out
}
