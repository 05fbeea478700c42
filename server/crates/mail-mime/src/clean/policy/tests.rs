use super::*;

#[test]
fn the_allow_list_is_sorted_and_contains_nothing_forbidden() {
    assert!(ELEMENTS.is_sorted_by_key(|(name, ..)| name));
    for forbidden in [
        "style",
        "script",
        "svg",
        "math",
        "template",
        "form",
        "input",
        "button",
        "textarea",
        "select",
        "iframe",
        "object",
        "embed",
        "base",
        "meta",
        "link",
        "title",
        "noscript",
        "frame",
        "frameset",
        "video",
        "audio",
        "source",
        "xmp",
        "plaintext",
        "noembed",
        "noframes",
        "marquee",
        "dialog",
        "map",
        "area",
        "body",
        "html",
    ] {
        assert!(element(forbidden).is_none(), "{forbidden}");
    }
    for (name, _, own) in ELEMENTS {
        for attribute in attributes(own) {
            assert!(
                !attribute.starts_with("on")
                    && !["name", "srcset", "target", "ping"].contains(&attribute),
                "{name} {attribute}"
            );
            let is_table = ["table", "td", "th", "tr"].contains(name);
            assert!(attribute != "background" || is_table, "{name} {attribute}");
        }
    }
}

#[test]
fn image_sources() {
    let remote = |value| matches!(source(value), Source::Remote { .. });
    assert!(remote("http://x.example/a.png"));
    assert!(remote(" HTTPS://x.example/a.png"));
    assert!(remote("//x.example/a.png"));
    assert!(remote("\\\\x.example/a.png"));
    assert!(remote("ht\ntp://x.example"));
    assert_eq!(source("CID:a%40b"), Source::Part("a@b".to_owned()));
    for foreign in [
        "a.png",
        "/a.png",
        "",
        "javascript:alert(1)",
        "data:image/svg+xml;base64,AA",
        "data:image/png,AA",
        "data:image/png;base64,A A",
        "data:image/s\tvg+xml;base64,AA",
        "data:text/html;base64,AA",
        "blob:x",
        "file:///etc/passwd",
    ] {
        assert_eq!(source(foreign), Source::Foreign, "{foreign}");
    }
    let png = "data:image/png;base64,iVBORw0KGgo=";
    assert_eq!(source(png), Source::Embedded(png));
    assert_eq!(
        source("http://x.example/a.png"),
        Source::Remote { loadable: None },
        "plain http is not loaded even with consent"
    );
}

#[test]
fn links() {
    for (value, expected) in [
        (
            "https://例子.测试/路",
            Some("https://xn--fsqu00a.xn--0zwm56d/%E8%B7%AF"),
        ),
        (
            "http://bank.example@evil.example/",
            Some("http://evil.example/"),
        ),
        (
            " mailto:a@b.example?subject=x ",
            Some("mailto:a@b.example?subject=x"),
        ),
        ("TEL:+49123", Some("TEL:+49123")),
        ("https:evil.example", None),
        ("http://", None),
        ("//x.example", None),
        ("#top", None),
        ("/mail/1", None),
        ("javascript:alert(1)", None),
        ("java\nscript:alert(1)", None),
        ("data:text/html,x", None),
        ("ftp://x.example", None),
    ] {
        assert_eq!(link(value).as_deref(), expected, "{value}");
    }
    assert_eq!(
        link(&format!("https://x.example/{}", "a".repeat(9_000))),
        None
    );
}
