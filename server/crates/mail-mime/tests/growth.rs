//! Linear time: input of 4 times the size takes about 4 times as long, whatever it holds. Quadratic
//! work would take 16 times as long.
//!
//! Long because each reader of untrusted input has a row here, with the input that is worst for it.

#![cfg(target_os = "linux")]

use std::hint::black_box;
use std::time::Duration;

use mail_mime::auth_results::{AuthResults, Provider, verdict};
use mail_mime::clean::{CleanOptions, Images, Scheme, clean};
use mail_mime::compose::{AttachmentMeta, Composer, OutgoingMessage};
use mail_mime::header::{Headers, message_ids};
use mail_mime::list_fields::ListFields;
use mail_mime::params::Params;
use mail_mime::smime::{self, SmimeLimits};
use mail_mime::spoofing::{self, author_signs};
use mail_mime::text::{Format, blocks, flow, from_html, preview};
use mail_mime::tnef::{self, TnefLimits};
use mail_mime::tree::{LeafFields, Part};
use mail_mime::unstructured::decode_unstructured;
use mail_mime::{
    Date, EmailAddress, Limits, Message, address, calendar, quote, report, transfer, uuencode,
};

/// Maximum ratio of the times for 4 times the input; the margin above 4 covers noise of the
/// machine.
const RATIO_MAX: u32 = 9;

/// Returns the CPU time of this thread: load of other processes does not count.
fn cpu_time() -> Duration {
    // The kernel updates the figure when the thread yields.
    std::thread::yield_now();
    let figures = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanos = figures.split(' ').next().unwrap();
    Duration::from_nanos(nanos.parse().unwrap())
}

/// Returns the shortest of several runs.
fn best(work: &dyn Fn()) -> Duration {
    let runs = (0..3).map(|_| {
        let before = cpu_time();
        work();
        cpu_time() - before
    });
    runs.min().unwrap_or_default()
}

/// Runs `work` on `n` and `4 * n` pieces, up to 5 times, until the ratio of the times is linear.
fn assert_linear<T>(name: &str, n: usize, input: impl Fn(usize) -> T, work: impl Fn(&T)) {
    let (small, large) = (input(n), input(4 * n));
    let mut measurements = Vec::new();
    for _ in 0..5 {
        let once = best(&|| work(&small));
        let four_times = best(&|| work(&large));
        measurements.push((once, four_times));
        if four_times < once.max(Duration::from_micros(200)) * RATIO_MAX {
            return;
        }
    }
    panic!("{name}: n and 4 n took {measurements:?}");
}

fn cleaned(html: &str) {
    let options = CleanOptions {
        part_url: &|id| Some(format!("/part/{}", id.len())),
        images: Images::Blocked,
        scheme: Scheme::Light,
    };
    black_box(clean(html, &options));
}

/// Returns documents of about `n` tags, each built to make some step slow.
fn documents(n: usize) -> Vec<(&'static str, String)> {
    // The maximum depth of elements.
    let deep = |piece: &str| piece.repeat(252 / piece.matches('<').count());
    vec![
        (
            "list items in a deep list",
            deep("<ul><li>") + &"<li>x".repeat(n),
        ),
        (
            "end tags in a deep list",
            deep("<ul><li>") + &"<b></b>".repeat(n),
        ),
        (
            "blocks in deep blocks",
            deep("<div>") + &"<div></div>".repeat(n),
        ),
        (
            "paragraphs outside a table",
            format!(
                "<p><table><tr><td>{}{}",
                deep("<span>"),
                "<div></div>".repeat(n)
            ),
        ),
        (
            "links around a table",
            format!(
                "<a href='http://x'><table><tr><td>{}{}",
                deep("<i>"),
                "<a href='http://y'>z".repeat(n)
            ),
        ),
        (
            "end tags without a start",
            deep("<span>") + &"</p></td></li></a>".repeat(n / 4),
        ),
        ("deeper and deeper", "<ul><li>".repeat(n)),
        ("unclosed formatting", "<font color=red><p>".repeat(n)),
        (
            "many colours",
            (0..n).map(|n| format!("<font color=c{n}>x")).collect(),
        ),
        ("crossing formatting", "<b><i></b></i>".repeat(n / 4)),
        (
            "empty cells",
            format!("<table><tr><td>x{}", "<td>".repeat(n)),
        ),
        (
            "blank cells",
            format!(
                "<table><tr><td>{}x{}",
                "&nbsp;".repeat(n),
                "<td>&nbsp;".repeat(n)
            ),
        ),
        ("tables in tables", "<table><tr><td>".repeat(n)),
        ("rows", format!("<table>{}", "<tr><td>x".repeat(n))),
        ("headings", "<h1>x<h2>".repeat(n)),
        ("foreign content", "<svg><p><math>".repeat(n)),
        (
            "content ids",
            (0..n).map(|n| format!("<img src=cid:{n}@x>")).collect(),
        ),
        ("one content id", "<img src=cid:a@x>".repeat(n)),
        ("comments", "<!-->--<!--x--!>".repeat(n)),
        ("a comment without end", "<!--".repeat(n)),
        ("tags without end", "<a ".repeat(n)),
        (
            "attributes",
            (0..n)
                .map(|n| format!("<p{}>", " align=a".repeat(n % 9)))
                .collect(),
        ),
        ("references", "&amp&notit;&#x41&".repeat(n)),
        ("styles", "<style>x</styl</style>".repeat(n)),
        ("quotes", "<blockquote>x".repeat(n)),
        (
            "line breaks in a link",
            format!("<a href='http://x'>{}", "x<br>".repeat(n)),
        ),
        ("preformatted", format!("<pre>{}", "\n x".repeat(n))),
        ("ruby", "<ruby><rt>x<rp>".repeat(n)),
        (
            "style attributes",
            (0..n)
                .map(|n| format!("<p class='a b' style='width:{n}px;color:red'>x"))
                .collect(),
        ),
        (
            "one style attribute",
            "<p style='font:1px a;background:url(cid:a)'>x".repeat(n),
        ),
        (
            "formatting with styles",
            format!(
                "<b style='font-family:{}'>{}",
                "abcdefgh,".repeat(500),
                "<p>x".repeat(n)
            ),
        ),
        ("rules", format!("<style>{}", "p{color:red}".repeat(n))),
        ("selectors", format!("<style>{}{{", "p a,".repeat(n))),
        ("compounds", format!("<style>{}{{", "p>".repeat(n))),
        ("classes", format!("<style>{}{{", ".a".repeat(n))),
        (
            "declarations",
            format!("<p style='{}'>", "color:red;x".repeat(n)),
        ),
        ("values", format!("<p style='font:{}'>", "1px ".repeat(n))),
        (
            "media queries",
            format!("<style>@media {}", "(width:1px),".repeat(n)),
        ),
        (
            "media rules",
            format!("<style>{}", "@media all{p{color:red}".repeat(n)),
        ),
        ("blocks", format!("<style>{}", "a{{([".repeat(n))),
        (
            "functions",
            format!("<p style='width:{}'>", "calc(".repeat(n)),
        ),
        ("strings", format!("<style>{}", "'\n\"".repeat(n))),
        (
            "addresses",
            format!("<style>{}", "p{background:url(cid:a)}".repeat(n)),
        ),
        (
            "an unclosed address",
            format!("<style>{}", "url(".repeat(n)),
        ),
        ("style elements", "<style>p{color:red}</style>".repeat(n)),
    ]
}

#[test]
fn cleaning_is_linear() {
    for (index, (name, _)) in documents(1).into_iter().enumerate() {
        assert_linear(
            name,
            500,
            |n| documents(n).swap_remove(index).1,
            |html| cleaned(html),
        );
    }
}

#[test]
fn html_as_text_is_linear() {
    for (index, (name, _)) in documents(1).into_iter().enumerate() {
        let work = |html: &String| drop(black_box(from_html(html)));
        assert_linear(name, 1_500, |n| documents(n).swap_remove(index).1, work);
    }
}

#[test]
fn plain_text_is_linear() {
    let texts: [(&str, &str); 12] = [
        ("flowed", "a \n"),
        ("quoted", "> a \n"),
        ("levels", ">\n>>\n"),
        ("addresses", "http://x.example/a?b "),
        ("mail addresses", "a@x.example "),
        ("at signs", "a@"),
        ("dots", "a."),
        ("colons", "a:"),
        ("slashes", "://"),
        ("brackets", "http://x.example/(("),
        ("words", "www."),
        ("line ends", "\r\r\n"),
    ];
    for (name, piece) in texts {
        for format in [
            Format::Fixed,
            Format::Flowed { del_sp: true },
            Format::Flowed { del_sp: false },
        ] {
            let work = |text: &String| drop(black_box(blocks(text, format)));
            assert_linear(name, 4_000, |n| piece.repeat(n), work);
        }
        assert_linear(
            name,
            4_000,
            |n| piece.repeat(n),
            |text| drop(black_box(quote::quote(text))),
        );
        assert_linear(
            name,
            4_000,
            |n| piece.repeat(n),
            |text| drop(black_box(preview(text, 100))),
        );
    }
    let del_sp = Format::Flowed { del_sp: true };
    let work = |text: &String| drop(black_box(blocks(text, del_sp)));
    assert_linear("one paragraph", 30_000, |n| "a \n".repeat(n), work);
}

#[test]
fn fields_are_linear() {
    let pieces = [
        "a@x.example, ",
        "\"",
        "\\\"",
        "\"a",
        "(",
        "(a)",
        "<",
        "<a@b",
        "a:",
        ";",
        "@",
        "a@b ",
        " ",
        "=?",
        "=?a?q?",
        "=?utf-8?q?=41?= ",
        "=?utf-8?b?QQ==?=",
        "=?utf-8?b?Q?= ",
        "<a@b> ",
        "a*1=b;",
        "\t ",
        "mailto:",
        "x :",
    ];
    for piece in pieces {
        let text = |n: usize| piece.repeat(n);
        let field =
            |name: &'static str| move |n: usize| format!("{name}: x{}\r\n\r\n", piece.repeat(n));
        assert_linear(piece, 3_000, text, |text| {
            drop(black_box(decode_unstructured(text.as_bytes())))
        });
        assert_linear(piece, 3_000, text, |text| {
            drop(black_box(message_ids(text.as_bytes())))
        });
        assert_linear(piece, 3_000, text, |text| {
            drop(black_box(address::parse_typed(text)))
        });
        let spaced = |n: usize| format!("{}{}", " ".repeat(n), piece.repeat(n));
        assert_linear(piece, 3_000, spaced, |text| {
            drop(black_box(address::parse_typed(text)))
        });
        assert_linear(piece, 3_000, field("To"), |text| {
            let headers = Headers::parse(text.as_bytes()).unwrap();
            black_box((
                headers.to(),
                headers
                    .fields()
                    .iter()
                    .map(|f| f.text())
                    .collect::<Vec<_>>(),
            ));
        });
        assert_linear(piece, 3_000, field("Subject"), |text| {
            let headers = Headers::parse(text.as_bytes()).unwrap();
            black_box((
                quote::reply_subject(&headers.subject()),
                headers.date_or_received(),
            ));
        });
    }
    let continued = |n: usize| -> Vec<(String, String)> {
        (0..n)
            .map(|n| (format!("a*{n}*"), "%41".repeat(9)))
            .collect()
    };
    assert_linear("RFC 2231", 3_000, continued, |pairs| {
        drop(black_box(Params::decode(pairs.iter().map(|(n, v)| (n, v)))))
    });
}

#[test]
fn replies_are_linear_in_the_recipients() {
    let header = |n: usize| -> String {
        let list: String = (0..n).map(|n| format!("a{n}@x.example, ")).collect();
        format!("From: b@x.example\r\nTo: {list}\r\n\r\n")
    };
    assert_linear("answer to all", 1_000, header, |text| {
        let headers = Headers::parse(text.as_bytes()).unwrap();
        black_box(quote::reply_recipients(&headers, &[], true));
    });
    let date = Date {
        unix_ms: 0,
        offset_minutes: 0,
    };
    let from = EmailAddress::new("", "b@x.example");
    let outgoing = |n: usize| OutgoingMessage {
        to: (0..n)
            .map(|n| EmailAddress::new("", &format!("a{n}@x.example")))
            .collect(),
        subject: "x".repeat(n),
        body: "x\n".repeat(n),
        ..OutgoingMessage::new(from.clone(), "1@x.example".to_owned(), date)
    };
    assert_linear("a message to many", 1_000, outgoing, |outgoing| {
        black_box(Composer::new(outgoing, "seed").unwrap());
    });
}

#[test]
fn drafts_and_images_are_linear_in_what_is_typed() {
    let date = Date {
        unix_ms: 0,
        offset_minutes: 0,
    };
    let from = EmailAddress::new("", "b@x.example");
    let outgoing = |n: usize| OutgoingMessage {
        body: "cid:From --=_ ".repeat(n),
        is_flowed: true,
        html: Some("<img src=cid:1@x.example>cid:".repeat(n)),
        attachments: (0..n / 10)
            .map(|n| AttachmentMeta {
                content_id: Some(format!("{n}@x.example")),
                ..AttachmentMeta::default()
            })
            .collect(),
        ..OutgoingMessage::new(from.clone(), "1@x.example".to_owned(), date)
    };
    assert_linear("a draft", 2_000, outgoing, |outgoing| {
        let extra = [("X-Draft", outgoing.body.clone())];
        black_box(Composer::draft(outgoing, &extra, "seed").unwrap());
    });
    for piece in [
        "word ", "x", "> ", ">", "-- ", " ", "好 ", "\u{200b}", "\n", "> a\n",
    ] {
        let typed = |n: usize| piece.repeat(n);
        assert_linear(piece, 10_000, typed, |typed| {
            black_box(flow(typed));
        });
    }
}

#[test]
fn messages_are_linear_in_their_parts() {
    let parts = |n: usize| -> String {
        let part = "--b\r\nContent-Type: text/plain; name=x\r\nContent-ID: <a@x>\r\n\r\nx\r\n";
        format!(
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n{}--b--\r\n",
            part.repeat(n)
        )
    };
    let limits = Limits::DEFAULT;
    assert_linear("parts", 200, parts, |raw| {
        let message = Message::parse(raw.as_bytes(), &limits).unwrap();
        black_box(message.root().readable());
    });
    for piece in ["--b", "\r\n", "--b\r", "\n--", "Content-Type: x\r\n"] {
        let raw = |n: usize| {
            format!(
                "Content-Type: multipart/mixed; boundary=b\r\n\r\n{}",
                piece.repeat(n)
            )
        };
        assert_linear(piece, 2_000, raw, |raw| {
            drop(black_box(Message::parse(raw.as_bytes(), &limits)))
        });
    }
    let tree = |n: usize| {
        let leaf = |n: usize| {
            Part::leaf(LeafFields {
                section: &format!("1.{n}"),
                media_type: if n == 0 { "text/html" } else { "image/png" },
                content_id: Some(&format!("<{n}@x>")),
                ..LeafFields::default()
            })
        };
        Part::multipart("", "related", Params::default(), (0..n).map(leaf).collect())
    };
    assert_linear("content ids", 1_000, tree, |root| {
        let readable = root.readable();
        black_box((
            readable.by_content_id(),
            readable.attachments_except(&Default::default()),
        ));
    });
}

#[test]
fn transfer_encodings_are_linear() {
    use transfer::TransferEncoding::{Base64, QuotedPrintable};
    for piece in ["=", "=\r\n", "QQ==", "=41", " \r\n", "Q"] {
        for encoding in [Base64, QuotedPrintable] {
            let work = |text: &String| drop(black_box(transfer::decode(text.as_bytes(), encoding)));
            assert_linear(piece, 10_000, |n| piece.repeat(n), work);
        }
    }
}

#[test]
fn what_the_reader_is_told_is_linear_in_the_header() {
    let own = "Received: by mx.example.org; x\r\n";
    for piece in [
        "Authentication-Results: mx.example.org; x=y\r\n",
        "Received: from a (a [192.0.2.1]) by mx.example.org with SMTP; x\r\n",
        "Received: by mx.lan\r\nAuthentication-Results: b.example.org; x\r\n",
        "List-Unsubscribe: <https://x.example/>\r\n",
    ] {
        let header = |n: usize| Headers::parse((own.to_owned() + &piece.repeat(n)).as_bytes());
        assert_linear(piece, 1_000, header, |headers| {
            let headers = headers.as_ref().unwrap();
            let provider = Provider::of(headers, "imap.example.net");
            black_box(verdict(headers, &|id| provider.is_own(id)));
            black_box((ListFields::of(headers), author_signs(headers)));
        });
    }
    for piece in [
        "; spf=pass",
        "; a.b=",
        "(",
        "\"",
        "=",
        " a",
        ". ",
        "<",
        "<a>,",
        "\\",
    ] {
        let header = |n: usize| {
            let value = piece.repeat(n);
            let fields =
                format!("List-Unsubscribe: {value}\r\nAuthentication-Results: {value}\r\n");
            Headers::parse(format!("Received: {value}\r\n{fields}").as_bytes())
        };
        assert_linear(piece, 5_000, header, |headers| {
            let headers = headers.as_ref().unwrap();
            black_box(verdict(headers, &|_| true));
            black_box(AuthResults::parse(headers.fields()[2].raw()));
            black_box(ListFields::of(headers));
        });
    }
}

#[test]
fn reports_are_linear() {
    for piece in [
        "\n\n",
        "\r\n",
        "a: b\n",
        "a: b\n\n",
        " a\n",
        "Final-Recipient: rfc822; a@b\n",
        "Diagnostic-Code: smtp; a\n",
        "<a@b>: c\n",
        "  a@b\n",
        "    c\n",
    ] {
        assert_linear(
            piece,
            1_000,
            |n| piece.repeat(n),
            |part| {
                black_box(report::parse_delivery_status(part.as_bytes()));
                black_box(report::parse_disposition(part.as_bytes()));
                for opening in [
                    "Hi. This is the x",
                    "This message was created automatically by mail delivery software",
                ] {
                    black_box(report::parse_text_bounce(&format!("{opening}\n{part}")));
                }
            },
        );
    }
}

#[test]
fn addresses_are_marked_in_linear_time() {
    for piece in ["a", "а", "例.", ".", "xn--a.", "@", "\u{200d}", "=?", "vv"] {
        let mailbox =
            |n: usize| EmailAddress::new(&piece.repeat(n), &format!("a@{}", piece.repeat(n)));
        assert_linear(piece, 5_000, mailbox, |mailbox| {
            black_box((spoofing::signs(mailbox), spoofing::shown_address(mailbox)));
            black_box(spoofing::looks_like(&mailbox.address, &mailbox.name));
        });
    }
}

#[test]
fn files_inside_of_texts_are_linear() {
    for piece in [
        "begin 644 a\n",
        "begin 644 a\n#0V%T\n",
        "begin 644 a\nM\n\nHELLO\n",
        "begin 644 a\n`\nend\n",
        "begin-base64 644 a\nQ2F0\n",
        "=ybegin line=1 size=1 name=a\n",
        "=ybegin line=1 size=1 name=a\n=yend\n",
        "`\n",
        "\n=yend",
    ] {
        let work = |text: &String| {
            let found = uuencode::extract(text);
            let decoded = found.files.iter().map(|file| file.decode(text));
            black_box(decoded.collect::<Vec<_>>());
        };
        assert_linear(piece, 5_000, |n| piece.repeat(n), work);
    }
}

#[test]
fn winmail_files_are_linear() {
    let attributes: [(&str, &[u8]); 4] = [
        ("message properties", b"\x01\x03\x90\x06\0\0\0\0\0\0\0"),
        ("attachments", b"\x02\x02\x90\x06\0\0\0\0\0\0\0"),
        ("attachment data", b"\x02\x0f\x80\x06\0\x01\0\0\0x\0\0"),
        ("bodies", b"\x01\x0c\x80\x02\0\x01\0\0\0x\0\0"),
    ];
    for (name, attribute) in attributes {
        let input = |n: usize| [b"\x78\x9f\x3e\x22\x01\0", &attribute.repeat(n)[..]].concat();
        assert_linear(name, 10_000, input, |file| {
            black_box(tnef::parse(file, &TnefLimits::DEFAULT).unwrap());
        });
    }
}

#[test]
fn smime_parts_are_linear() {
    let head = b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80\x30\x80\
        \x02\x01\x01\x31\x80";
    let after_algorithms = b"\0\0\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
    let string = [&head[..], after_algorithms, b"\xa0\x80\x24\x80"].concat();
    let signers = [&head[..], after_algorithms, b"\0\0\x31\x80"].concat();
    for (name, head, piece) in [
        ("pieces", &string[..], &b"\x04\x01x"[..]),
        ("empty pieces", &string, b"\x04\x00"),
        ("pieces of pieces", &string, b"\x24\x80\x04\x01x\0\0"),
        ("strings without end", &string, b"\x24\x80"),
        ("algorithms", head, b"\x30\x80\0\0"),
        ("nested algorithms", head, b"\x30\x80"),
        ("signers", &signers, b"\x30\x80\x30\x00\0\0"),
    ] {
        let input = |n: usize| [head, &piece.repeat(n)[..], &[0; 16]].concat();
        assert_linear(name, 50_000, input, |part| {
            black_box(smime::open(part, &SmimeLimits::DEFAULT));
        });
    }
}

#[test]
fn calendars_are_linear() {
    for piece in [
        "BEGIN:VEVENT\n",
        "BEGIN:VCALENDAR\nEND:VCALENDAR\n",
        "BEGIN:VEVENT\nDTSTART;TZID=a:20260706T100000\nEND:VEVENT\n",
        "BEGIN:VTIMEZONE\nTZID:a\nBEGIN:STANDARD\nEND:STANDARD\nEND:VTIMEZONE\n",
        "ATTENDEE;CN=a:mailto:a@x.example\n",
        "EXDATE:20260706,20260707\n",
        "RRULE:FREQ=DAILY;BYDAY=MO,TU\n",
        "SUMMARY:a\\n\n b\n",
        "DESCRIPTION;A=\";B:",
        "X-ALT-DESC:a\n b\n",
    ] {
        let input = |n: usize| format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\n{}", piece.repeat(n));
        assert_linear(piece, 1_000, input, |text| {
            black_box(calendar::parse(text, None));
        });
    }
}
