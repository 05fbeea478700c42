//! Hostile headers and structures of messages.

use std::iter;

use mail_mime::auth_results::{Provider, verdict};
use mail_mime::limits::SHOWN_BYTES;
use mail_mime::list_fields::ListFields;
use mail_mime::{Headers, Limits, Message, quote, spoofing};

use super::{FIELD_BYTES, Times, filled};

/// Number of such fields that the limit of a header allows.
const FIELDS: usize = 4;
/// Size of one field of lines with 3 bytes each, of which a header may have 10,000.
const FOLDED_BYTES: usize = 7 << 10;

pub(super) fn run(times: &mut Times<'_>) {
    long_fields(times);
    many_fields(times);
    structures(times);
}

/// Four fields of 250 KiB.
fn long_fields(times: &mut Times<'_>) {
    let names = [
        "From",
        "To",
        "Subject",
        "Date",
        "Received",
        "References",
        "Authentication-Results",
        "List-Unsubscribe",
        "Content-Type",
    ];
    let pieces = [
        "a@x.example, ",
        "а@xn--a.example, ",
        "\"",
        "\\\"",
        "(",
        "(a)",
        "<",
        "<a@b>, ",
        "a:",
        ";",
        "@",
        " ",
        "=?",
        "=?utf-8?q?=41?= ",
        "=?utf-8?b?QQ==?=",
        "=?gb2312?b?1cU=?= ",
        "; spf=pass",
        "; a*1=b",
        "a=\"",
        "\u{e9}",
        "a",
        ".",
        "\r\n ",
    ];
    for name in names {
        for piece in pieces {
            let fields = |size_bytes| -> String {
                let value = filled(": x", size_bytes, |_| piece.to_owned());
                iter::repeat_n(format!("{name}{value}\r\n"), FIELDS).collect()
            };
            let mut header = fields(FIELD_BYTES);
            if Headers::parse(header.as_bytes()).is_err() {
                // It has more lines than a header may have.
                header = fields(FOLDED_BYTES);
            }
            let label = format!("{name}: {piece:?} repeated");
            times.measure("long fields", &label, header.len(), || read(&header));
        }
    }
}

/// As many fields as a header may have.
fn many_fields(times: &mut Times<'_>) {
    let own = "Received: by mx.example.org; x\r\n";
    for piece in [
        "From: a@x.example\r\n",
        "To: =?utf-8?q?a?= <a@x.example>\r\n",
        "Authentication-Results: mx.example.org; dkim=pass header.d=x.example\r\n",
        "Received: from a (a [192.0.2.1]) by mx.example.org with SMTP; x\r\n",
        "List-Unsubscribe: <https://x.example/>\r\n",
        "Subject: =?utf-8?b?5Lya?=\r\n",
        "X: y\r\n",
        "x\r\n",
    ] {
        let lines = (1 << 20) / piece.len();
        let header = own.to_owned() + &piece.repeat(lines.min(9_990));
        times.measure("many fields", &format!("{piece:?}"), header.len(), || {
            read(&header)
        });
    }
}

/// Everything that is read of a header when a message is opened or answered.
fn read(header: &str) -> impl Sized {
    let headers = Headers::parse(header.as_bytes()).unwrap_or_default();
    let from = headers.from();
    let signs: Vec<_> = from.iter().flat_map(spoofing::signs).collect();
    let provider = Provider::of(&headers, "imap.example.org");
    let texts: Vec<String> = headers.fields().iter().map(|field| field.text()).collect();
    let message = Message::parse(header.as_bytes(), &Limits::DEFAULT).map(|m| m.root().clone());
    (
        (headers.subject(), headers.to(), headers.date_or_received()),
        (
            headers.references(),
            signs,
            spoofing::author_signs(&headers),
        ),
        verdict(&headers, &|id| provider.is_own(id)),
        (ListFields::of(&headers), texts, message.is_ok()),
        quote::reply_recipients(&headers, &[], true),
    )
}

/// Multiparts of 2 MiB.
fn structures(times: &mut Times<'_>) {
    let head = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
    let nested: String = (0..50)
        .map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n"))
        .collect();
    for (name, head, piece) in [
        (
            "parts",
            head,
            "--b\r\nContent-Type: text/plain; name=x\r\n\r\nx\r\n",
        ),
        ("parts without end", head, "--b\r\n"),
        ("hyphens", head, "--b\r"),
        ("line ends", head, "\n"),
        ("almost delimiters", head, "--bb\n"),
        (
            "fields",
            head,
            "--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n",
        ),
        ("50 deep, then lines", nested.as_str(), "--\n"),
        ("50 deep, then delimiters", nested.as_str(), "--b49\n"),
    ] {
        let raw = filled(head, SHOWN_BYTES, |_| piece.to_owned());
        times.measure("structure", name, raw.len(), || {
            let message = Message::parse(raw.as_bytes(), &Limits::DEFAULT).ok()?;
            let readable = message.root().readable();
            let texts: Vec<String> = readable
                .texts
                .iter()
                .map(|part| message.part_text(part, SHOWN_BYTES))
                .collect();
            Some((texts, readable.attachments.len()))
        });
    }
}
