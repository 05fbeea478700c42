//! Files inside of texts: the rest is text as written, sizes are right, and an encoded file is decoded.

use mail_mime::display;
use mail_mime::uuencode::{FILES_MAX, FileEncoding, extract};

/// Takes the files out of the bytes as a text, and out of a text with a file that holds the bytes.
pub(crate) fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    check(&text);
    check(&format!("begin 644 name\n{text}"));

    let file = format!("begin 644 name\n{}`\nend\nafter", encoded(data));
    let found = extract(&file);
    let [only] = &found.files[..] else {
        panic!("one file");
    };
    assert_eq!(only.decode(&file).as_deref(), Some(data));
    assert!(only.is_complete && found.text == "after");
}

fn check(text: &str) {
    let found = extract(text);
    assert!(found.files.len() <= FILES_MAX);
    let mut written = text.chars();
    let is_from_text = found.text.chars().all(|c| written.any(|other| other == c));
    assert!(is_from_text, "text from nowhere");
    let mut at = 0;
    for file in &found.files {
        assert!(at <= file.data.start && file.data.start <= file.data.end);
        at = file.data.end;
        match file.decode(text) {
            Some(octets) => assert_eq!(octets.len(), file.size_bytes),
            None => assert_eq!(file.encoding, FileEncoding::YEnc),
        }
        if let Some(name) = &file.name {
            assert_eq!(display::file_name(name).as_ref(), Some(name));
        }
    }
    if found.files.is_empty() {
        assert_eq!(found.text, text);
    }
}

/// Encodes as the programs do.
fn encoded(data: &[u8]) -> String {
    let character = |value: u8| char::from(if value == 0 { b'`' } else { b' ' + value });
    let mut out = String::new();
    for line in data.chunks(45) {
        out.extend(u8::try_from(line.len()).map(character));
        for group in line.chunks(3) {
            let octet = |index| group.get(index).copied().unwrap_or_default();
            let bits = u32::from_be_bytes([0, octet(0), octet(1), octet(2)]);
            let sextets = [18, 12, 6, 0].map(|shift| bits >> shift & 0x3f);
            out.extend(sextets.map(|sextet| character(sextet as u8)));
        }
        out.push('\n');
    }
    out
}
