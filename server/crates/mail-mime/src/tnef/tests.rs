//! Tests with files that a small writer makes.

use proptest::prelude::*;

use super::*;

mod rtf;
mod writer;

use writer::{File, Properties as List};

fn parsed(file: &[u8]) -> Tnef {
    parse(file, &TnefLimits::DEFAULT).unwrap()
}

/// Returns name and octets of each attachment.
fn files<'a>(tnef: &Tnef, input: &'a [u8]) -> Vec<(String, &'a [u8])> {
    tnef.attachments
        .iter()
        .map(|file| (file.name.clone().unwrap_or_default(), file.bytes(input)))
        .collect()
}

/// A message as Outlook writes it: strings in the code page of the system, the body as RTF.
fn outlook_message() -> Vec<u8> {
    let gbk = |text: &str| encoding_rs::GBK.encode(text).0.into_owned();
    File::new()
        .code_page(936)
        .message_attribute(0x0007_8008, b"IPM.Note\0")
        .message_attribute(0x0001_8004, &[gbk("会议纪要"), vec![0]].concat())
        .message_attribute(0x0002_800c, &[gbk("请查收。\r\n"), vec![0]].concat())
        .message_properties(
            List::new()
                .named_by_number(0x8005, 0x851d, 3, &7_u32.to_le_bytes())
                .binary(0x1009, b"LZFu-and-more"),
        )
        .attachment(
            &[gbk("报价 2026.xlsx"), vec![0]].concat(),
            b"PK\x03\x04 the sheet",
            List::new().string(0x3704, b"BAOJIA~1.XLS"),
        )
        .done()
}

/// A message as Exchange writes it: Unicode properties, the body as HTML, an image that it shows.
fn exchange_message() -> Vec<u8> {
    File::new()
        .code_page(1252)
        .message_attribute(0x0007_8008, b"IPM.Note\0")
        .message_properties(
            List::new()
                .unicode(0x0037, "Übersicht – 概要")
                .unicode(0x001a, "IPM.Note")
                .named_by_string(0x8001, "Keywords", 0x101f, "Blue")
                .number(0x3fde, 28_592)
                .unicode(0x1000, "Plain text\r\n")
                .binary(0x1013, b"<p>\xb1 <img src=cid:logo@x>"),
        )
        .attachment(
            b"LOGO~1.PNG\0",
            b"\x89PNG",
            List::new()
                .unicode(0x3707, "logo groß.png")
                .unicode(0x370e, "image/PNG; x=y")
                .unicode(0x3712, "<logo@x>"),
        )
        .done()
}

/// A message with another message attached, which has a file.
fn embedded(inner: &[u8], display_name: &str) -> Vec<u8> {
    File::new()
        .code_page(65_001)
        .attachment(
            b"Untitled Attachment\0",
            b"",
            List::new()
                .unicode(0x3001, display_name)
                .object(0x3701, &MESSAGE_INTERFACE, inner),
        )
        .attachment(b"after.txt\0", b"last", List::new())
        .done()
}

#[test]
fn a_message_of_outlook_has_its_texts_and_files() {
    let file = outlook_message();
    let tnef = parsed(&file);
    assert_eq!(tnef.subject.as_deref(), Some("会议纪要"));
    assert_eq!(tnef.message_class.as_deref(), Some("IPM.Note"));
    assert_eq!(tnef.text.as_deref(), Some("请查收。\r\n"));
    assert_eq!(tnef.html, None);
    let rtf = tnef.rtf_compressed.clone().unwrap();
    assert_eq!(&file[rtf], b"LZFu-and-more");
    assert_eq!(
        files(&tnef, &file),
        [(
            "报价 2026.xlsx".to_owned(),
            b"PK\x03\x04 the sheet".as_slice()
        )]
    );
    assert!(!tnef.is_damaged && !tnef.is_over_limit);
}

#[test]
fn a_message_of_exchange_has_html_in_its_own_code_page_and_inline_images() {
    let file = exchange_message();
    let tnef = parsed(&file);
    assert_eq!(tnef.subject.as_deref(), Some("Übersicht – 概要"));
    assert_eq!(tnef.text.as_deref(), Some("Plain text\r\n"));
    assert_eq!(tnef.html.as_deref(), Some("<p>ą <img src=cid:logo@x>"));
    let image = &tnef.attachments[0];
    assert_eq!(image.name.as_deref(), Some("logo groß.png"));
    assert_eq!(image.media_type.as_deref(), Some("image/png"));
    assert_eq!(image.content_id.as_deref(), Some("logo@x"));
    assert_eq!(image.bytes(&file), b"\x89PNG");
    assert_eq!(image.kind, AttachmentKind::File);
    assert!(!tnef.is_damaged && !tnef.is_over_limit);
}

#[test]
fn html_is_read_as_unicode_and_in_the_code_page_of_the_message() {
    let unicode = File::new().message_properties(List::new().unicode(0x1013, "<b>Ж"));
    assert_eq!(parsed(&unicode.done()).html.as_deref(), Some("<b>Ж"));
    let string = File::new()
        .message_properties(List::new().string(0x1013, b"<b>\xc6"))
        .code_page(1251);
    assert_eq!(parsed(&string.done()).html.as_deref(), Some("<b>Ж"));
}

#[test]
fn the_code_page_may_be_written_after_the_texts() {
    let file = File::new()
        .message_attribute(0x0001_8004, b"\xcf\xf0\xe8\xe2\xe5\xf2\0")
        .code_page(1251)
        .done();
    assert_eq!(parsed(&file).subject.as_deref(), Some("Привет"));
}

#[test]
fn text_without_a_known_code_page_is_guessed() {
    let text = "Здравствуйте, высылаю протокол встречи.";
    let octets = encoding_rs::KOI8_R.encode(text).0.into_owned();
    let file = File::new()
        .code_page(4_711)
        .message_attribute(0x0002_800c, &octets)
        .done();
    assert_eq!(parsed(&file).text.as_deref(), Some(text));
}

#[test]
fn names_are_the_long_one_then_the_title_then_the_short_one() {
    let long = List::new()
        .string(0x3704, b"SHORT~1.TXT")
        .unicode(0x3707, "long.txt");
    let short = || List::new().string(0x3704, b"SHORT~1.TXT");
    let file = File::new()
        .attachment(b"title.txt\0", b"1", long)
        .attachment(b"title.txt\0", b"2", short())
        .attachment(b"\0", b"3", short())
        .attachment(b"", b"4", List::new())
        .done();
    let tnef = parsed(&file);
    let names = tnef.attachments.iter().map(|file| file.name.as_deref());
    assert_eq!(
        names.collect::<Vec<_>>(),
        [
            Some("long.txt"),
            Some("title.txt"),
            Some("SHORT~1.TXT"),
            None
        ]
    );
}

#[test]
fn names_and_types_cannot_leave_their_place() {
    let file = File::new()
        .code_page(65_001)
        .message_properties(List::new().unicode(0x0037, "a\r\nBcc: \u{202e}x\0hidden"))
        .attachment(
            b"x\0",
            b"",
            List::new()
                .unicode(0x3707, "..\\..\\a\u{202e}fdp.exe\0.txt")
                .unicode(0x370e, "text/html\r\nX: y")
                .unicode(0x3712, "<>"),
        )
        .done();
    let tnef = parsed(&file);
    assert_eq!(tnef.subject.as_deref(), Some("a  Bcc: x"));
    let attachment = &tnef.attachments[0];
    assert_eq!(attachment.name.as_deref(), Some("afdp.exe"));
    assert_eq!(attachment.media_type, None);
    assert_eq!(attachment.content_id, None);
}

#[test]
fn the_data_of_an_attachment_may_be_a_property() {
    let file = File::new()
        .attachment_without_data(b"a.bin\0", List::new().binary(0x3701, b"octets"))
        .attachment_without_data(
            b"drawing\0",
            List::new().object(0x3701, &[0x0b; 16], b"\xd0\xcf\x11\xe0"),
        )
        .done();
    let tnef = parsed(&file);
    assert_eq!(tnef.attachments[0].bytes(&file), b"octets");
    assert_eq!(tnef.attachments[1].bytes(&file), b"\xd0\xcf\x11\xe0");
    assert_eq!(tnef.attachments[1].kind, AttachmentKind::Object);
}

#[test]
fn an_attached_message_is_listed_before_its_files() {
    let inner = exchange_message();
    let file = embedded(&inner, "Re: a/b");
    let tnef = parsed(&file);
    let listed: Vec<_> = tnef
        .attachments
        .iter()
        .map(|file| (file.name.as_deref().unwrap(), file.kind, file.parent))
        .collect();
    assert_eq!(
        listed,
        [
            ("Re_ a_b.tnef", AttachmentKind::Message, None),
            ("logo groß.png", AttachmentKind::File, Some(0)),
            ("after.txt", AttachmentKind::File, None),
        ]
    );
    let octets = tnef.attachments[0].bytes(&file);
    assert_eq!(octets, inner);
    assert_eq!(parsed(octets).html, parsed(&inner).html);
    assert_eq!(tnef.attachments[1].bytes(&file), b"\x89PNG");
}

#[test]
fn an_attached_message_without_a_name_is_named_by_its_subject() {
    let file = embedded(&outlook_message(), "");
    let tnef = parsed(&file);
    assert_eq!(tnef.attachments[0].name.as_deref(), Some("会议纪要.tnef"));
}

#[test]
fn messages_in_messages_are_listed_down_to_the_limit() {
    let mut file = outlook_message();
    for depth in 0..10 {
        file = embedded(&file, &format!("level {depth}"));
    }
    let tnef = parsed(&file);
    let messages = tnef
        .attachments
        .iter()
        .filter(|file| file.kind == AttachmentKind::Message);
    assert_eq!(messages.count(), TnefLimits::DEFAULT.depth + 1);
    assert!(tnef.is_over_limit && !tnef.is_damaged);
    let deepest = tnef
        .attachments
        .iter()
        .rfind(|file| file.kind == AttachmentKind::Message)
        .unwrap();
    assert!(!parsed(deepest.bytes(&file)).attachments.is_empty());
}

#[test]
fn wrong_checksums_and_appended_line_ends_are_accepted() {
    let mut file = outlook_message();
    let len = file.len();
    file[len - 2..].copy_from_slice(b"\xff\xff");
    file.extend_from_slice(b"\r\n\0\0");
    let tnef = parsed(&file);
    assert_eq!(tnef.attachments.len(), 1);
    assert!(!tnef.is_damaged);
}

#[test]
fn other_files_are_not_read() {
    for file in [b"".as_slice(), b"\x78\x9f\x3e", b"PK\x03\x04", b"LZFu    "] {
        assert_eq!(parse(file, &TnefLimits::DEFAULT), None, "{file:?}");
        assert!(!is_tnef(file));
    }
    assert!(is_tnef(&outlook_message()));
}

#[test]
fn a_file_that_was_cut_gives_what_is_there() {
    let file = File::new()
        .message_attribute(0x0001_8004, b"Subject\0")
        .attachment(b"one.txt\0", b"first file", List::new())
        .attachment_data_first(b"second file", b"two.txt\0")
        .done();
    let cut = file.len() - b"\x10\x80\x01\0\x08\0\0\0two.txt\0\0\0".len();
    let tnef = parsed(&file[..cut - 4]);
    assert!(tnef.is_damaged);
    assert_eq!(tnef.subject.as_deref(), Some("Subject"));
    assert_eq!(
        files(&tnef, &file),
        [
            ("one.txt".to_owned(), b"first file".as_slice()),
            (String::new(), b"second fil".as_slice()),
        ]
    );
}

#[test]
fn every_cut_file_is_read_up_to_the_cut() {
    for file in [
        outlook_message(),
        exchange_message(),
        embedded(&outlook_message(), "inner"),
    ] {
        let whole = parsed(&file);
        for end in PREAMBLE_BYTES..file.len() {
            let tnef = parsed(&file[..end]);
            assert!(tnef.attachments.len() <= whole.attachments.len());
            for attachment in &tnef.attachments {
                assert!(attachment.data.end <= end);
            }
        }
    }
}

#[test]
fn announced_sizes_and_counts_are_not_believed() {
    let huge = u32::MAX.to_le_bytes();
    let lists: [Vec<u8>; 8] = [
        huge.to_vec(),
        [huge, [0x1e, 0, 0x37, 0], huge, huge].concat(),
        [huge, [0x1f, 0, 0x37, 0], [1, 0, 0, 0], huge].concat(),
        // A multi-value property without octets for its values.
        [huge, [0x1f, 0x10, 0x37, 0], huge].concat(),
        [huge, [0x14, 0x10, 0x37, 0], huge].concat(),
        [huge, [0x48, 0x10, 0x37, 0], [0, 0, 0, 0x10]].concat(),
        // A named property whose name has no end.
        [
            &huge[..],
            &[0x1f, 0, 0, 0x80],
            &[7; 16],
            &1_u32.to_le_bytes(),
            &huge,
        ]
        .concat(),
        // A type of no known size.
        [huge, [0x99, 0, 0x37, 0], huge, huge].concat(),
    ];
    for list in lists {
        let file = File::new()
            .raw_message_properties(&list)
            .attachment(b"a.txt\0", b"kept", List::new())
            .done();
        let tnef = parsed(&file);
        assert!(tnef.is_damaged, "{list:?}");
        assert_eq!(tnef.subject, None, "{list:?}");
        assert_eq!(tnef.attachments[0].bytes(&file), b"kept", "{list:?}");
    }
    let mut file = File::new().done();
    file.extend_from_slice(b"\x02\x0f\x80\x06\0\xff\xff\xff\xffdata");
    let tnef = parsed(&file);
    assert_eq!(tnef.attachments[0].bytes(&file), b"data");
    assert!(tnef.is_damaged);
}

#[test]
fn values_without_octets_do_not_loop() {
    // 2^32 - 1 properties of no size are announced, and a few are there.
    let list = [
        &u32::MAX.to_le_bytes()[..],
        &[1, 0, 0x37, 0].repeat(50),
        &[0, 0x10, 0x37, 0, 0xff, 0xff, 0xff, 0xff].repeat(50),
    ]
    .concat();
    let file = File::new().raw_message_properties(&list).done();
    assert!(parsed(&file).is_damaged);
}

#[test]
fn attachments_properties_and_octets_have_limits() {
    let mut many = File::new();
    for number in 0..210 {
        let name = format!("{number}.txt\0");
        many = many.attachment(name.as_bytes(), b"x", List::new());
    }
    let file = many.done();
    let tnef = parsed(&file);
    assert_eq!(tnef.attachments.len(), 200);
    assert!(tnef.is_over_limit && !tnef.is_damaged);

    let mut list = List::new();
    for _ in 0..100 {
        list = list.number(0x0017, 1);
    }
    let file = File::new()
        .message_properties(list.unicode(0x0037, "late"))
        .done();
    let few = TnefLimits {
        properties: 100,
        ..TnefLimits::DEFAULT
    };
    let tnef = parse(&file, &few).unwrap();
    assert_eq!((tnef.subject, tnef.is_over_limit), (None, true));
    assert_eq!(parsed(&file).subject.as_deref(), Some("late"));

    let file = outlook_message();
    let small = TnefLimits {
        input_bytes: file.len() - 1,
        body_bytes: 4,
        ..TnefLimits::DEFAULT
    };
    let tnef = parse(&file, &small).unwrap();
    assert!(tnef.is_over_limit);
    assert_eq!(tnef.text.as_deref(), Some("请查"));
    assert!(!parsed(&file).is_over_limit);
}

#[test]
fn many_attached_messages_share_the_limits() {
    let mut inner = File::new();
    for _ in 0..50 {
        inner = inner.attachment(b"x\0", b"x", List::new());
    }
    let inner = inner.done();
    let mut outer = File::new();
    for _ in 0..50 {
        let object = List::new().object(0x3701, &MESSAGE_INTERFACE, &inner);
        outer = outer.attachment_without_data(b"m\0", object);
    }
    let tnef = parsed(&outer.done());
    assert_eq!(tnef.attachments.len(), 200);
    assert!(tnef.is_over_limit);
}

/// Asserts what holds for any input.
fn check(input: &[u8], limits: &TnefLimits) {
    let Some(tnef) = parse(input, limits) else {
        assert!(!input.starts_with(b"\x78\x9f\x3e\x22") || limits.input_bytes < 4);
        return;
    };
    assert!(tnef.attachments.len() <= limits.attachments);
    for (index, attachment) in tnef.attachments.iter().enumerate() {
        assert!(attachment.data.end <= input.len().min(limits.input_bytes));
        assert!(attachment.data.start <= attachment.data.end);
        assert!(attachment.parent.is_none_or(|parent| parent < index));
        if let Some(name) = &attachment.name {
            assert_eq!(display::file_name(name).as_ref(), Some(name));
        }
    }
    if let Some(subject) = &tnef.subject {
        assert_eq!(&display::line(subject), subject);
    }
}

proptest! {
    #[test]
    fn a_written_file_is_read_again(
        subject in "[a-zA-Zà-ÿ一-龥]{1,40}",
        text in "[a-zA-Zà-ÿ一-龥\r\n]{1,200}",
        attached in prop::collection::vec(("[a-z一-龥]{1,20}\\.[a-z]{3}", any::<Vec<u8>>()), 0..6),
    ) {
        let list = List::new().unicode(0x0037, &subject).unicode(0x1000, &text);
        let mut file = File::new().code_page(1252).message_properties(list);
        for (name, octets) in &attached {
            file = file.attachment(b"X\0", octets, List::new().unicode(0x3707, name));
        }
        let file = file.done();
        let tnef = parsed(&file);
        prop_assert_eq!(tnef.subject, Some(subject));
        prop_assert_eq!(tnef.text, Some(text));
        prop_assert!(!tnef.is_damaged);
        let read: Vec<_> = tnef.attachments.iter()
            .map(|file_of| (file_of.name.clone().unwrap(), file_of.bytes(&file).to_vec()))
            .collect();
        prop_assert_eq!(read, attached);
    }

    #[test]
    fn any_octets_are_read_without_harm(
        rest: Vec<u8>, attributes in prop::collection::vec((1_u8..3, 0x8000_u16..0x9010, any::<Vec<u8>>()), 0..20),
    ) {
        let limits = TnefLimits { attachments: 5, properties: 20, input_bytes: 2_000, ..TnefLimits::DEFAULT };
        check(&rest, &limits);
        let mut file = File::new();
        for (level, id, data) in attributes {
            file = file.attribute(level, u32::from(id), &data);
        }
        let mut file = file.done();
        file.extend_from_slice(&rest);
        check(&file, &limits);
        check(&file, &TnefLimits::DEFAULT);
    }

    #[test]
    fn a_damaged_file_is_read_without_harm(
        which in 0_usize..3, damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let mut file = match which {
            0 => outlook_message(),
            1 => exchange_message(),
            _ => embedded(&embedded(&exchange_message(), "b"), "a"),
        };
        for (index, octet) in damage {
            let at = index.index(file.len());
            file[at] = octet;
        }
        check(&file, &TnefLimits::DEFAULT);
    }
}
