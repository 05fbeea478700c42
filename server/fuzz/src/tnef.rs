//! `winmail.dat`: attachments are ranges of the input, names are safe, limits hold, and a message
//! inside of the file reads the same by itself.

use mail_mime::display;
use mail_mime::tnef::{AttachmentKind, Tnef, TnefLimits, is_tnef, parse};

/// Parses the bytes as a file, and as the attributes of a file.
pub(crate) fn run(data: &[u8]) {
    check(data);
    let file = [b"\x78\x9f\x3e\x22\x01\0", data].concat();
    check(&file);
}

fn check(data: &[u8]) {
    let limits = TnefLimits::DEFAULT;
    let Some(tnef) = parse(data, &limits) else {
        assert!(!is_tnef(data));
        return;
    };
    assert!(tnef.attachments.len() <= limits.attachments);
    assert!(text_bytes(&tnef) <= 4 * data.len(), "text from nowhere");
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
