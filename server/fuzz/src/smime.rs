//! S/MIME: content is never longer than its limits, what was put into a signature comes out of it,
//! and every listed file can be taken out.

use mail_mime::display;
use mail_mime::packed::take_file;
use mail_mime::smime::{Smime, SmimeLimits, open};
use mail_mime::supplement::{Purpose, Supplements};
use mail_mime::tree::LeafFields;
use mail_mime::{Part, body::Body};

/// Opens the bytes as a part, and as an entity inside a signature.
pub(crate) fn run(data: &[u8]) {
    let limits = SmimeLimits::DEFAULT;
    match open(data, &limits) {
        Smime::Signed(content) => assert!(content.len() < data.len()),
        Smime::Compressed(content) => assert!(content.len() <= limits.inflated_bytes),
        _ => {}
    }
    packed(data);
    let whole = signed(data);
    assert_eq!(open(&whole, &limits), Smime::Signed(data.to_vec()));
    packed(&whole);
}

/// The bytes inside a signature, in pieces whose length the first byte decides.
fn signed(data: &[u8]) -> Vec<u8> {
    let piece_len = usize::from(data.first().copied().unwrap_or_default() % 100) + 1;
    let head = b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80\x30\x80\
        \x02\x01\x01\x31\x00\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\xa0\x80\x24\x80";
    let mut out = head.to_vec();
    for piece in data.chunks(piece_len) {
        out.extend([0x04, u8::try_from(piece.len()).expect("a short piece")]);
        out.extend_from_slice(piece);
    }
    out.extend_from_slice(&[0; 6]);
    out.extend_from_slice(b"\x31\x00\0\0\0\0\0\0");
    out
}

fn packed(octets: &[u8]) {
    let part = Part::leaf(LeafFields {
        section: "1",
        media_type: "application/pkcs7-mime",
        ..LeafFields::default()
    });
    let mut supplements = Supplements::default();
    supplements.add(Purpose::Smime, &part, octets);
    let Some(packed) = &supplements.packed else {
        assert_eq!(supplements.body(Body::Empty), Body::Empty);
        return;
    };
    let files = &packed.content.files;
    assert!(!files.is_empty() || packed.content.body != Body::Empty);
    for (index, file) in files.iter().enumerate() {
        let taken = take_file(&part, octets, index).expect("a listed file");
        assert_eq!(taken.file, *file);
        if let Some(name) = &file.name {
            assert_eq!(display::file_name(name).as_ref(), Some(name));
        }
    }
    assert!(take_file(&part, octets, files.len()).is_none());
    for index in packed.content.by_content_id().values() {
        assert!(*index < files.len());
    }
}
