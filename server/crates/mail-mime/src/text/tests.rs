use super::*;
use proptest::prelude::*;

fn shown(text: &str, format: Format) -> Vec<(u32, String)> {
    blocks(text, format)
        .into_iter()
        .map(|block| {
            let words = block.spans.into_iter().map(|span| match span {
                Span::Text(text) => text,
                Span::Link { href, text } => format!("[{text}]({href})"),
            });
            (block.quote_depth, words.collect())
        })
        .collect()
}

fn fixed(text: &str) -> Vec<(u32, String)> {
    shown(text, Format::Fixed)
}

fn own(blocks: &[(u32, &str)]) -> Vec<(u32, String)> {
    blocks
        .iter()
        .map(|(depth, text)| (*depth, (*text).to_owned()))
        .collect()
}

#[test]
fn quotation_levels() {
    assert_eq!(
        fixed("hi\r\n\r\n> one\r\n> two\r\n>> three\r\n> > four\r\n>\r\nbye"),
        own(&[
            (0, "hi\n"),
            (1, "one\ntwo"),
            (2, "three\nfour"),
            (1, ""),
            (0, "bye")
        ])
    );
    assert_eq!(fixed(""), []);
    assert_eq!(fixed("  indented"), own(&[(0, "  indented")]));
}

#[test]
fn links_by_scheme_and_what_is_none() {
    assert_eq!(
        fixed("see HTTPS://x.example/a_(b)?c=d. and www.x.example, mail a@x.example"),
        own(&[(
            0,
            "see [HTTPS://x.example/a_(b)?c=d](https://x.example/a_(b)?c=d). and \
                   [www.x.example](https://www.x.example), mail [a@x.example](mailto:a@x.example)"
        )])
    );
    for text in [
        "file:///etc/passwd",
        "javascript:alert(1)",
        "readme.md",
        "data:text/html,x",
    ] {
        assert_eq!(fixed(text), own(&[(0, text)]));
    }
    assert_eq!(
        fixed("请访问https://x.example/a谢谢，或 <https://x.example/b>。"),
        own(&[(
            0,
            "请访问[https://x.example/a](https://x.example/a)谢谢，或 \
                   <[https://x.example/b](https://x.example/b)>。"
        )])
    );
}

#[test]
fn flowed_lines_are_joined() {
    let text = "one \ntwo\n> a \n> b\n>> c \n> d\n From here\n-- \nname";
    assert_eq!(
        shown(text, Format::Flowed { del_sp: false }),
        own(&[
            (0, "one two"),
            (1, "a b"),
            (2, "c "),
            (1, "d"),
            (0, "From here\n-- \nname")
        ])
    );
    assert_eq!(
        shown("你 \n好", Format::Flowed { del_sp: true }),
        own(&[(0, "你好")])
    );
    let params = Params::decode([("format", "Flowed"), ("delsp", "YES")]);
    assert_eq!(Format::of(&params), Format::Flowed { del_sp: true });
}

#[test]
fn flowed_paragraphs_keep_links_chinese_and_their_gaps_whole() {
    let no_del_sp = Format::Flowed { del_sp: false };
    let del_sp = Format::Flowed { del_sp: true };
    for (text, format, expected) in [
        (
            "A paragraph that was \nwrapped. \n\nNext.\n\n-- \nCat",
            no_del_sp,
            "A paragraph that was wrapped. \n\nNext.\n\n-- \nCat",
        ),
        (
            "会议推迟到 \n星期五，请 \nreply",
            no_del_sp,
            "会议推迟到星期五，请 reply",
        ),
        ("회의는 \n금요일", no_del_sp, "회의는 금요일"),
        ("a  \nb", del_sp, "a b"),
        ("会议 \n推迟", del_sp, "会议推迟"),
    ] {
        assert_eq!(shown(text, format), own(&[(0, expected)]), "{text:?}");
    }
    assert_eq!(
        shown("see https://x.example/a- \nlong/way and", del_sp),
        own(&[(
            0,
            "see [https://x.example/a-long/way](https://x.example/a-long/way) and"
        )])
    );
    let words = "word ".repeat(2_000);
    let long = words.replace("word word word ", "word word word \n") + "https://x.example/end";
    let [(0, paragraph)] = &shown(&long, no_del_sp)[..] else {
        panic!("one paragraph")
    };
    assert!(paragraph.ends_with("[https://x.example/end](https://x.example/end)"));
}

#[test]
fn an_unwrapped_text_is_quoted_by_its_paragraphs() {
    let flowed = Format::Flowed { del_sp: false };
    let text = "I think \r\nso.\r\n >no quote\r\n> you \r\n> said\r\n>> first\r\n>\r\n-- \r\nCat";
    assert_eq!(
        unwrapped(text, flowed),
        "I think so.\n >no quote\n> you said\n>> first\n>\n-- \nCat"
    );
    assert_eq!(unwrapped("a \r\nb", Format::Fixed), "a \nb");
    assert_eq!(unwrapped("", flowed), "");
}

#[test]
fn markup_is_text_and_hidden_characters_are_removed() {
    assert_eq!(
        fixed("<script>\u{202e}x\u{0}</script>"),
        own(&[(0, "<script>x</script>")])
    );
}

#[test]
fn hostile_texts_are_bounded() {
    let alternating = ">\n\n".repeat(100_000);
    let all = blocks(&alternating, Format::Fixed);
    assert_eq!(all.len(), BLOCKS_MAX);
    let links = "http://x.example\n".repeat(20_000);
    let spans: usize = blocks(&links, Format::Fixed)
        .iter()
        .map(|b| b.spans.len())
        .sum();
    assert!(spans <= 2 * LINKS_MAX + 1);
    let deep = fixed(&">".repeat(1_000_000));
    assert_eq!(deep, own(&[(QUOTE_DEPTH_MAX, "")]));
    let flowed = blocks(&"a \n".repeat(300_000), Format::Flowed { del_sp: false });
    assert_eq!(flowed.len(), 1);
}

#[test]
fn previews_are_one_short_line() {
    assert_eq!(
        preview("Dear  all,\r\n\r\nsee\tbelow \u{202e}x", 100),
        "Dear all, see below x"
    );
    assert_eq!(preview("会议纪要", 7), "会议");
}

proptest! {
    #[test]
    fn links_lead_where_they_may(text in "\\PC{0,120}|(http://|https://|www\\.|@|a|\\.|>| |\n|javascript:|/){0,60}") {
        for format in [Format::Fixed, Format::Flowed { del_sp: true }] {
            for block in blocks(&text, format) {
                for span in block.spans {
                    if let Span::Link { href, .. } = span {
                        let is_safe = ["http://", "https://", "mailto:"].iter().any(|s| href.starts_with(s));
                        prop_assert!(is_safe, "{}", href);
                    }
                }
            }
        }
    }

    #[test]
    fn fixed_text_keeps_its_words(text in "[a-z \n]{0,200}") {
        let words: String = fixed(&text).into_iter().map(|(_, text)| text + "\n").collect();
        prop_assert_eq!(words.trim_end(), text.trim_end());
    }
}

#[test]
fn an_address_with_an_unusual_space_is_text() {
    for space in ['\u{202f}', '\u{2009}', '\u{3000}', '\u{a0}'] {
        let found = blocks(&format!("write to a{space}b@x.example soon"), Format::Fixed);
        let spans = found.iter().flat_map(|block| &block.spans);
        for span in spans {
            if let Span::Link { href, .. } = span {
                assert!(!href.contains(char::is_whitespace), "{href:?}");
            }
        }
    }
}
