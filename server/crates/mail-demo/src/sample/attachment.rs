//! Small but valid files as attachments: PNG, PDF, ZIP, iCalendar, CSV.

use bytes::BufMut;

use super::hash::fnv1a;
use crate::clock;

/// An attached file.
#[derive(Debug, Clone)]
pub(super) struct Attachment {
    pub(super) name: String,
    pub(super) media_type: &'static str,
    pub(super) octets: Vec<u8>,
}

impl Attachment {
    /// Generates a file of a kind named in the scripts. A file with text contains `about`.
    pub(super) fn of_kind(kind: &str, name: &str, about: &str, unix_ms: i64) -> Self {
        let (media_type, octets) = match kind {
            "png" => ("image/png", png(240, 160, fnv1a(name))),
            "pdf" => ("application/pdf", pdf(about)),
            "zip" => (
                "application/zip",
                zip("README.txt", format!("{about}\r\n").as_bytes()),
            ),
            "ics" => (
                "text/calendar; charset=utf-8; method=REQUEST",
                ics(about, unix_ms).into_bytes(),
            ),
            "csv" => ("text/csv; charset=utf-8", csv(about).into_bytes()),
            _ => (
                "text/plain; charset=utf-8",
                format!("{about}\r\n").into_bytes(),
            ),
        };
        Self {
            name: name.to_owned(),
            media_type,
            octets,
        }
    }

    /// Attaches a message as `message/rfc822`.
    pub(super) fn message(name: &str, rfc822: &[u8]) -> Self {
        Self {
            name: name.to_owned(),
            media_type: "message/rfc822",
            octets: rfc822.to_vec(),
        }
    }

    /// Returns the `Content-ID` of an inline part, without angle brackets.
    pub(super) fn content_id(&self) -> String {
        format!("{:016x}@inline.restante.test", fnv1a(&self.name))
    }
}

/// Draws hills over a lake under a sun, in 16 colours; `seed` varies the shapes.
fn png(width: u32, height: u32, seed: u64) -> Vec<u8> {
    const PALETTE: [[u8; 3]; 6] = [
        [252, 229, 205],
        [249, 203, 156],
        [255, 244, 214],
        [118, 165, 175],
        [69, 129, 142],
        [208, 224, 227],
    ];
    let part =
        |shift: u32, of: u32| u32::try_from((seed >> shift) % u64::from(of.max(1))).unwrap_or(0);
    let horizon = height * 2 / 3;
    let (sun_x, sun_y, sun_radius) = (
        part(0, width),
        height / 5 + part(8, height / 6),
        height / 10,
    );
    let hill = |x: u32, period: u32, top: u32, offset: u32| {
        let at = (x + offset) % period;
        let half = period / 2;
        let rise = if at < half { at } else { period - at };
        top + (half - rise) * (horizon - top) / half.max(1)
    };
    let near: Vec<u32> = (0..width)
        .map(|x| hill(x, width / 2, height / 2, part(16, width)))
        .collect();
    let far: Vec<u32> = (0..width)
        .map(|x| hill(x, width * 2 / 3, height * 2 / 5, part(24, width)))
        .collect();
    let mut rows = Vec::new();
    for y in 0..height {
        // Each row begins with its filter type: none.
        rows.push(0);
        let mut left: Option<u8> = None;
        for ((x, near), far) in (0..width).zip(&near).zip(&far) {
            let colour = if y >= horizon {
                if (x / 6 + y) % 5 == 0 { 2 } else { 5 }
            } else if y >= *near {
                4
            } else if y >= *far {
                3
            } else if x.abs_diff(sun_x).pow(2) + y.abs_diff(sun_y).pow(2) < sun_radius.pow(2) {
                2
            } else {
                u8::from(y > height / 4)
            };
            match left.take() {
                Some(left) => rows.push(left << 4 | colour),
                None => left = Some(colour),
            }
        }
        rows.extend(left.map(|left| left << 4));
    }
    let mut header = Vec::new();
    header.put_u32(width);
    header.put_u32(height);
    // 4 bits per pixel, palette, no interlace.
    header.put_slice(&[4, 3, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    png_chunk(b"IHDR", &header, &mut file);
    png_chunk(b"PLTE", PALETTE.as_flattened(), &mut file);
    png_chunk(b"IDAT", &stored_zlib(&rows), &mut file);
    png_chunk(b"IEND", &[], &mut file);
    file
}

fn png_chunk(name: &[u8; 4], data: &[u8], file: &mut Vec<u8>) {
    file.put_u32(u32::try_from(data.len()).unwrap_or(u32::MAX));
    file.put_slice(name);
    file.put_slice(data);
    file.put_u32(crc32(&[name, data]));
}

/// Wraps octets as zlib data without compressing them (RFC 1950, RFC 1951 §3.2.4).
fn stored_zlib(octets: &[u8]) -> Vec<u8> {
    let mut data = vec![0x78, 0x01];
    let mut chunks = octets.chunks(usize::from(u16::MAX)).peekable();
    while let Some(chunk) = chunks.next() {
        let len = u16::try_from(chunk.len()).unwrap_or(u16::MAX);
        data.put_u8(u8::from(chunks.peek().is_none()));
        data.put_u16_le(len);
        data.put_u16_le(!len);
        data.put_slice(chunk);
    }
    let (mut a, mut b) = (1_u32, 0_u32);
    // 5000 octets cannot overflow the sums.
    for block in octets.chunks(5_000) {
        for octet in block {
            a += u32::from(*octet);
            b += a;
        }
        a %= 65_521;
        b %= 65_521;
    }
    data.put_u32(b << 16 | a);
    data
}

fn crc32(pieces: &[&[u8]]) -> u32 {
    let mut table = [0_u32; 256];
    for (octet, entry) in (0_u32..).zip(&mut table) {
        *entry = (0..8).fold(octet, |crc, _| {
            crc >> 1 ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        });
    }
    let mut crc = u32::MAX;
    for piece in pieces {
        for octet in *piece {
            let [low, ..] = crc.to_le_bytes();
            crc = crc >> 8
                ^ table
                    .get(usize::from(low ^ octet))
                    .copied()
                    .unwrap_or_default();
        }
    }
    !crc
}

/// Generates one page with a line of text, without the characters that Helvetica lacks.
fn pdf(about: &str) -> Vec<u8> {
    let is_supported =
        |character: &char| matches!(character, ' '..='~') && !matches!(character, '(' | ')' | '\\');
    let line: String = about.chars().filter(is_supported).collect();
    let content = format!(
        "BT /F1 18 Tf 72 760 Td ({}) Tj 0 -28 Td /F1 11 Tf (A sample document of the Restante demo.) Tj ET",
        line.trim()
    );
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>".to_owned(),
        format!("<</Length {}>>\nstream\n{content}\nendstream", content.len()),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned(),
    ];
    let mut file = "%PDF-1.4\n".to_owned();
    let mut offsets = Vec::new();
    for (number, object) in (1..).zip(&objects) {
        offsets.push(file.len());
        file.push_str(&format!("{number} 0 obj\n{object}\nendobj\n"));
    }
    let table = file.len();
    file.push_str(&format!(
        "xref\n0 {}\n0000000000 65535 f \n",
        objects.len() + 1
    ));
    for offset in offsets {
        file.push_str(&format!("{offset:010} 00000 n \n"));
    }
    file.push_str(&format!(
        "trailer\n<</Size {}/Root 1 0 R>>\nstartxref\n{table}\n%%EOF\n",
        objects.len() + 1
    ));
    file.into_bytes()
}

/// Generates an archive of one stored file.
fn zip(name: &str, octets: &[u8]) -> Vec<u8> {
    let len = u32::try_from(octets.len()).unwrap_or(u32::MAX);
    let name_len = u16::try_from(name.len()).unwrap_or(u16::MAX);
    // Version, flags, method (stored), time, date (1 January 2026), checksum, sizes, name length.
    let mut entry = Vec::new();
    entry.put_slice(&[20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0x5c]);
    entry.put_u32_le(crc32(&[octets]));
    entry.put_u32_le(len);
    entry.put_u32_le(len);
    entry.put_u16_le(name_len);
    entry.put_u16_le(0);
    let mut file = b"PK\x03\x04".to_vec();
    file.put_slice(&entry);
    file.put_slice(name.as_bytes());
    file.put_slice(octets);
    let directory = u32::try_from(file.len()).unwrap_or(u32::MAX);
    file.put_slice(b"PK\x01\x02\x14\x00");
    file.put_slice(&entry);
    // Comment length, disk, attributes (2 + 4), offset of the entry.
    file.put_slice(&[0; 14]);
    file.put_slice(name.as_bytes());
    let directory_len = u32::try_from(file.len()).unwrap_or(u32::MAX) - directory;
    file.put_slice(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    file.put_u32_le(directory_len);
    file.put_u32_le(directory);
    file.put_u16_le(0);
    file
}

/// Generates an invitation to an event one week after the message.
fn ics(about: &str, unix_ms: i64) -> String {
    const WEEK_MS: i64 = 7 * 24 * 3_600_000;
    let moment = |unix_ms: i64| clock::local(unix_ms).strftime("%Y%m%dT%H%M%S").to_string();
    let start = unix_ms + WEEK_MS;
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Restante//demo//EN\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\n\
         UID:{:016x}@calendar.example\r\nDTSTAMP:{}Z\r\nDTSTART;TZID=Asia/Shanghai:{}\r\n\
         DTEND;TZID=Asia/Shanghai:{}\r\nSUMMARY:{about}\r\nLOCATION:杭州市上城区龙翔桥\r\n\
         ORGANIZER;CN=杭州 Rust 社区:mailto:hello@rustmeetup.example\r\n\
         ATTENDEE;RSVP=TRUE:mailto:demo@restante.test\r\n\
         END:VEVENT\r\nEND:VCALENDAR\r\n",
        fnv1a(about),
        moment(unix_ms),
        moment(start),
        moment(start + 4 * 3_600_000),
    )
}

fn csv(about: &str) -> String {
    let rows = (1..=24).map(|row| {
        format!(
            "{row},{about},{}.{:02}\r\n",
            row * 37 % 900 + 12,
            row * 7 % 100
        )
    });
    format!("no,item,amount\r\n{}", rows.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_standards() {
        assert_eq!(crc32(&[b"1234", b"56789"]), 0xcbf4_3926);
        assert_eq!(
            stored_zlib(b"a"),
            [0x78, 0x01, 1, 1, 0, 0xfe, 0xff, b'a', 0, 0x62, 0, 0x62]
        );
    }

    #[test]
    fn pdf_offsets_point_at_their_objects() {
        let file = String::from_utf8(pdf("Budget (draft) 预算")).unwrap();
        let table = file.split("xref\n0 6\n").nth(1).unwrap();
        for (number, line) in (1..=5).zip(table.lines().skip(1)) {
            let offset: usize = line.get(..10).unwrap().parse().unwrap();
            assert!(
                file.get(offset..)
                    .unwrap()
                    .starts_with(&format!("{number} 0 obj")),
                "{line}"
            );
        }
        assert!(file.contains("(Budget draft)"));
    }

    #[test]
    fn a_zip_points_at_its_directory() {
        let file = zip("a.txt", b"hello");
        let end = file.len() - 22;
        assert_eq!(&file[end..end + 4], b"PK\x05\x06");
        let directory = u32::from_le_bytes(file[end + 16..end + 20].try_into().unwrap()) as usize;
        assert_eq!(&file[directory..directory + 4], b"PK\x01\x02");
    }
}
