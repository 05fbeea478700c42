//! `winmail.dat`: attachments are ranges of the input, names are safe, limits hold, and a message
//! inside of the file reads the same by itself.

use mail_mime::display;
use mail_mime::tnef::{AttachmentKind, Tnef, TnefLimits, is_tnef, parse};

/// Parses the bytes as a file, as the attributes of a file, and as a body in RTF.
pub(crate) fn run(data: &[u8]) {
    check(data);
    let file = [b"\x78\x9f\x3e\x22\x01\0", data].concat();
    check(&file);
    let file = file_with_rtf(data);
    let tnef = parse(&file, &TnefLimits::DEFAULT).expect("a file");
    assert!(tnef.rtf_compressed.is_some() && !tnef.is_damaged);
    check(&file);
}

/// A file whose one property is the bytes as RTF, which is not compressed.
fn file_with_rtf(data: &[u8]) -> Vec<u8> {
    let len = |octets: &[u8]| {
        u32::try_from(octets.len())
            .expect("a short file")
            .to_le_bytes()
    };
    let rtf = [&[0; 8], &b"MELA"[..], &[0; 4], b"{\\rtf1\\fromhtml1 ", data].concat();
    let one = 1_u32.to_le_bytes();
    let list = [&one[..], b"\x02\x01\x09\x10", &one, &len(&rtf), &rtf].concat();
    let head = b"\x78\x9f\x3e\x22\x01\0\x01\x03\x90\x06\0";
    [&head[..], &len(&list), &list, &[0; 2]].concat()
}

fn check(data: &[u8]) {
    let limits = TnefLimits::DEFAULT;
    let Some(tnef) = parse(data, &limits) else {
        assert!(!is_tnef(data));
        return;
    };
    assert!(tnef.attachments.len() <= limits.attachments);
    assert!(text_bytes(&tnef) <= 3 * limits.body_bytes);
    for (index, attachment) in tnef.attachments.iter().enumerate() {
        assert_eq!(attachment.bytes(data).len(), attachment.data.len());
        if let Some(parent) = attachment.parent {
            let parent = &tnef.attachments[..index][parent];
            assert_eq!(parent.kind, AttachmentKind::Message);
            let data = &attachment.data;
            let is_inside = parent.data.start <= data.start && data.end <= parent.data.end;
            assert!(
                is_inside || data.is_empty(),
                "an attachment of another message"
            );
        }
        if let Some(name) = &attachment.name {
            assert_eq!(display::file_name(name).as_ref(), Some(name));
        }
        if let Some(media_type) = &attachment.media_type {
            assert!(media_type.bytes().all(|byte| byte.is_ascii_graphic()));
        }
        if attachment.kind == AttachmentKind::Message {
            assert!(parse(attachment.bytes(data), &limits).is_some());
        }
    }
    for line in [&tnef.subject, &tnef.message_class].into_iter().flatten() {
        assert_eq!(&display::line(line), line);
    }
}

fn text_bytes(tnef: &Tnef) -> usize {
    let texts = [&tnef.subject, &tnef.text, &tnef.html];
    texts
        .into_iter()
        .flatten()
        .map(String::len)
        .max()
        .unwrap_or_default()
}
