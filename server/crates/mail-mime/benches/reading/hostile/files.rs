//! Hostile part contents: transfer encodings, charsets, calendars, and files in texts and in
//! winmail.dat.

use mail_mime::limits::SHOWN_BYTES;
use mail_mime::tnef::{self, TnefLimits};
use mail_mime::transfer::{self, TransferEncoding};
use mail_mime::{calendar, charset, report, uuencode};

use super::{Times, filled};

pub(super) fn run(times: &mut Times<'_>) {
    encodings(times);
    calendars(times);
    uuencoded(times);
    reports(times);
    winmail(times);
}

fn encodings(times: &mut Times<'_>) {
    for piece in ["=", "=\r\n", "QQ==", "=41", " \r\n", "Q", " "] {
        let text = filled("", SHOWN_BYTES, |_| piece.to_owned());
        for encoding in [TransferEncoding::Base64, TransferEncoding::QuotedPrintable] {
            let name = format!("{encoding:?}: {piece:?}");
            times.measure("transfer encoding", &name, text.len(), || {
                transfer::decode(text.as_bytes(), encoding)
            });
        }
    }
    for (name, octets) in [
        ("ISO 2022 shifts", &b"\x1b$B\x1b(B"[..]),
        ("8-bit octets", b"\xff\xfe\xe9"),
        ("halves of characters", b"\xe4\xbc"),
        ("UTF-16 halves", b"\xd8\0"),
    ] {
        let bytes = octets.repeat(SHOWN_BYTES / octets.len());
        for label in [None, Some("utf-8"), Some("iso-2022-jp"), Some("utf-16")] {
            let name = format!("{}: {name}", label.unwrap_or("undeclared"));
            times.measure("charset", &name, bytes.len(), || {
                charset::decode(&bytes, label)
            });
        }
    }
}

fn calendars(times: &mut Times<'_>) {
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
        ",",
    ] {
        let head = "BEGIN:VCALENDAR\nBEGIN:VEVENT\n";
        let text = filled(head, calendar::INPUT_BYTES, |_| piece.to_owned());
        times.measure("calendar", &format!("{piece:?}"), text.len(), || {
            calendar::parse(&text, None)
        });
    }
}

fn uuencoded(times: &mut Times<'_>) {
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
        let text = filled("", SHOWN_BYTES, |_| piece.to_owned());
        times.measure("files in a text", &format!("{piece:?}"), text.len(), || {
            let found = uuencode::extract(&text);
            let decoded = found.files.iter().map(|file| file.decode(&text));
            decoded.collect::<Vec<_>>()
        });
    }
}

fn reports(times: &mut Times<'_>) {
    for piece in [
        "\n\n",
        "a: b\n\n",
        " a\n",
        "Final-Recipient: rfc822; a@b\n\n",
        "  a@b\n",
    ] {
        let text = filled("", SHOWN_BYTES, |_| piece.to_owned());
        times.measure("report", &format!("{piece:?}"), text.len(), || {
            (
                report::parse_delivery_status(text.as_bytes()),
                report::parse_disposition(text.as_bytes()),
                report::parse_text_bounce(&format!("Hi. This is the x\n{text}")),
            )
        });
    }
}

fn winmail(times: &mut Times<'_>) {
    let limits = TnefLimits::DEFAULT;
    let attributes: [(&str, &[u8]); 4] = [
        ("message properties", b"\x01\x03\x90\x06\0\0\0\0\0\0\0"),
        ("attachments", b"\x02\x02\x90\x06\0\0\0\0\0\0\0"),
        ("attachment data", b"\x02\x0f\x80\x06\0\x01\0\0\0x\0\0"),
        ("bodies", b"\x01\x0c\x80\x02\0\x01\0\0\0x\0\0"),
    ];
    for (name, attribute) in attributes {
        let count = limits.input_bytes / attribute.len();
        let file = [SIGNATURE, &attribute.repeat(count)].concat();
        times.measure("winmail.dat", name, file.len(), || {
            tnef::parse(&file, &limits)
        });
    }
    let bodies = [
        ("RTF groups", "{"),
        ("RTF control words", "\\a1"),
        ("RTF octets", "\\'e9"),
        ("RTF code points", "\\u233?"),
        ("RTF tags", "{\\*\\htmltag <p>}"),
        ("RTF fonts", "{\\fonttbl{\\f1\\fcharset1 a}}"),
        ("RTF charsets", "\\f1\\'e9\\f2\\'e9"),
    ];
    for (name, piece) in bodies {
        let rtf = filled("{\\rtf1\\ansi\\fromhtml1 ", SHOWN_BYTES, |_| {
            piece.to_owned()
        });
        let file = with_rtf(*b"MELA", rtf.len(), rtf.as_bytes());
        times.measure("winmail.dat", name, file.len(), || {
            tnef::parse(&file, &limits)
        });
    }
    let (compressed, raw_bytes) = compressed_rtf(SHOWN_BYTES);
    let file = with_rtf(*b"LZFu", raw_bytes, &compressed);
    times.measure("winmail.dat", "compressed RTF", file.len(), || {
        tnef::parse(&file, &limits)
    });
}

/// The signature of a file and its key.
const SIGNATURE: &[u8] = b"\x78\x9f\x3e\x22\x01\0";

/// Returns a file whose message has one property, its RTF body (MS-OXRTFCP §2.1.3.1.1).
fn with_rtf(kind: [u8; 4], raw_bytes: usize, content: &[u8]) -> Vec<u8> {
    let size = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes();
    let mut body = Vec::new();
    body.extend(size(content.len() + 12));
    body.extend(size(raw_bytes));
    body.extend(kind);
    body.extend([0; 4]);
    body.extend(content);
    // One property: PidTagRtfCompressed, of octets.
    let mut properties = b"\x01\0\0\0\x02\x01\x09\x10\x01\0\0\0".to_vec();
    properties.extend(size(body.len()));
    properties.extend(&body);
    properties.resize(properties.len().next_multiple_of(4), 0);
    let sum = properties
        .iter()
        .fold(0_u16, |sum, octet| sum.wrapping_add(u16::from(*octet)));
    let mut file = [SIGNATURE, b"\x01\x03\x90\x06\0"].concat();
    file.extend(size(properties.len()));
    file.extend(properties);
    file.extend(sum.to_le_bytes());
    file
}

/// Returns references to the beginning of the dictionary, `{\rtf1\ansi\mac\d`, and the size of what
/// they stand for.
fn compressed_rtf(size_bytes: usize) -> (Vec<u8>, usize) {
    const REFERENCE_BYTES: usize = 17;
    let mut out = Vec::new();
    let mut raw_bytes = 0;
    while out.len() < size_bytes {
        out.push(0xff);
        for _ in 0..8 {
            let write_at = (207 + raw_bytes) % 4096;
            // A reference to the place that is written ends the text.
            let read_at: u16 = if write_at == 0 { 1 } else { 0 };
            out.extend((read_at << 4 | 0xf).to_be_bytes());
            raw_bytes += REFERENCE_BYTES;
        }
    }
    (out, raw_bytes)
}
