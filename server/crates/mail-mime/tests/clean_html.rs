//! Hostile HTML by the classes of attacks that affected other webmails, and properties for any
//! input.

use std::collections::BTreeSet;

mod cleaned;
mod dom;

use cleaned::{assert_cleans, checked, cleaned, content};
use mail_mime::clean::{CleanOptions, Images, Scheme, clean};
use proptest::prelude::*;

#[test]
fn script_in_tags_attributes_and_addresses() {
    assert_cleans(&[
        ("a<script>alert(1)</script>b", "ab"),
        ("<img src=x onerror=alert(1)>", "<img>"),
        ("<IMG/SRC=x/ONERROR=alert(1)>", "<img>"),
        ("<svg/onload=alert(1)>", ""),
        (
            "<body onload=alert(1)><p onclick=alert(1) style=x>a",
            "<p>a</p>",
        ),
        (
            "<a href=javascript:alert(1)>a</a>",
            "<a target=\"_blank\" rel=\"noopener noreferrer nofollow\">a</a>",
        ),
        (
            "<a href='jav&#x0A;ascript:alert(1)'>a</a>",
            "<a target=\"_blank\" rel=\"noopener noreferrer nofollow\">a</a>",
        ),
        (
            "<a href=' &#14; javascript:alert(1)'>a</a>",
            "<a target=\"_blank\" rel=\"noopener noreferrer nofollow\">a</a>",
        ),
        ("<iframe srcdoc='<script>alert(1)</script>'></iframe>b", "b"),
        (
            "<object data=x><embed src=x></object><applet code=x>y</applet>b",
            "b",
        ),
        (
            "<base href=//evil.example><meta http-equiv=refresh content='0;url=//evil.example'>b",
            "b",
        ),
        ("<link rel=stylesheet href=//evil.example>b", "b"),
        (
            "<details open ontoggle=alert(1)>a</details>",
            "<details open=\"\">a</details>",
        ),
        ("<math href=javascript:alert(1)>x</math>b", "b"),
    ]);
}

#[test]
fn svg_use_and_animation() {
    // CVE-2023-5631, CVE-2024-37383, CVE-2025-68461, CVE-2026-48848, RUSTSEC-2026-0213.
    assert_cleans(&[
        (
            "<svg><use href=\"data:image/s\tvg+xml;base64,AA#x\"/></svg>b",
            "b",
        ),
        (
            "<svg><animate attributeName=href values=javascript:alert(1) /><a><text>x</text></a></svg>b",
            "b",
        ),
        (
            "<svg><set attributeName=style to='background:url(//e.example)'/>",
            "",
        ),
        (
            "<svg><foreignObject><iframe onload=alert(1)></foreignObject></svg>b",
            "",
        ),
        ("<img src='data:image/svg+xml;base64,PHN2Zz4='>", "<img>"),
        ("<img src='data:image/s\tvg+xml;base64,PHN2Zz4='>", "<img>"),
    ]);
}

#[test]
fn namespace_confusion_and_mutation() {
    // CVE-2024-45800, RUSTSEC-2021-0074, RUSTSEC-2025-0071, CVE-2026-63430, CVE-2018-19206,
    // CVE-2020-12625.
    for html in [
        "<svg><style><//><img src=x onerror=alert(1)></style></svg>",
        "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
        "<svg></p><style><a id=\"</style><img src=1 onerror=alert(1)>\">",
        "<math><annotation-xml encoding='text/html'><style><img src=x onerror=alert(1)></style></annotation-xml></math>",
        "<![CDATA[<img src=x onerror=alert(1)>]]>",
        "<svg><![CDATA[</svg><img src=x onerror=alert(1)>]]>",
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\"></noscript>",
        "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
        "<p title='</xmp><img src=x onerror=alert(1)>'><xmp><p title='</xmp><img src=x onerror=alert(1)>'>",
        "<textarea></textarea><img src=x onerror=alert(1)>",
        "<title><a title='</title><img src=x onerror=alert(1)>'>",
        "<table><a href=x><td><a href=y></table><svg><p><style><img src=x>",
        "<select><svg><style><img src=x onerror=alert(1)></select>",
        "<template><img src=x onerror=alert(1)></template>",
        "<plaintext><img src=x onerror=alert(1)>",
        "<a <b <c =\"><img src=x onerror=alert(1)>\">",
        "</<img src=x onerror=alert(1)>",
        "<!--><img src=x onerror=alert(1)>-->",
        "<!--x--!><img src=x onerror=alert(1)>-->",
        "<scr<!-- -->ipt>alert(1)</scr<!-- -->ipt>",
        "<<script>alert(1)//<</script>",
        "<img src=\"x` `<script>alert(1)</script>\"` `>",
        "\0<img\0src=x\0onerror=alert(1)>",
        "<p/id=1/><table><p><table><p><b></table></b>",
        "<b><a href=http://x.example/><i><table><td></b></a>",
    ] {
        let out = checked(html);
        assert!(
            !out.contains("onerror=") || !out.contains("<img src"),
            "{out}"
        );
    }
}

#[test]
fn remote_images_are_removed_and_counted() {
    let all = concat!(
        "<img src=http://x.example/a.gif width=1 height=1><img src=//x.example/b>",
        "<img src='&#104;ttps://x.example/c'><img srcset='https://x.example/d 2x'>",
        "<td background=https://x.example/e><body background=https://x.example/f>",
        "<input type=image src=https://x.example/g><video poster=https://x.example/h></video>",
        "<svg><image xlink:href=https://x.example/i /></svg><img src='\\\\x.example\\j'>",
        "<picture><source srcset=https://x.example/k1><img src=https://x.example/k></picture>",
    );
    let out = cleaned(all, Images::Blocked);
    // The first is one pixel; a cell outside of a table is none.
    assert_eq!((out.blocked_images, out.tracking_pixels), (9, 1));
    assert!(!out.html.contains("x.example"), "{}", out.html);
    checked(all);

    let out = cleaned(
        "<img src='https://x.example/a b'><img src=http://x.example/b>",
        Images::Allowed,
    );
    assert_eq!(
        content(&out.html),
        "<img src=\"https://x.example/a%20b\"><img>"
    );
    assert_eq!(
        out.blocked_images, 1,
        "plain http stays out even with consent"
    );
}

#[test]
fn message_parts_are_loaded_from_the_servers_own_address() {
    let options = CleanOptions {
        part_url: &|content_id| {
            (content_id == "logo@x").then(|| "/mail/a/f/1.2/part/1.2".to_owned())
        },
        images: Images::Blocked,
        scheme: Scheme::Light,
    };
    let out = clean(
        "<img src='cid:logo%40x' alt=Logo><img src=cid:other><img src=/mail/a/f/1.2/part/9><img src=part/9>",
        &options,
    );
    assert_eq!(
        content(&out.html),
        "<img alt=\"Logo\" src=\"/mail/a/f/1.2/part/1.2\"><img><img><img>"
    );
    assert_eq!(out.content_ids, BTreeSet::from(["logo@x".to_owned()]));
    assert_eq!(out.blocked_images, 0);
    let png = "<img src=\"data:image/png;base64,iVBORw0KGgo=\">";
    assert_eq!(checked(png), png);
}

#[test]
fn links_open_a_new_window_without_opener_or_referrer() {
    let rel = "target=\"_blank\" rel=\"noopener noreferrer nofollow\"";
    for (html, href) in [
        (
            "<a href='https://x.example/?a=1&amp;b=2' rel=opener target=app ping=//e.example>x</a>",
            " href=\"https://x.example/?a=1&amp;b=2\"",
        ),
        (
            "<a href=mailto:a@x.example?subject=hi>x</a>",
            " href=\"mailto:a@x.example?subject=hi\"",
        ),
        ("<a href=tel:+49123>x</a>", " href=\"tel:+49123\""),
        ("<a href=#top>x</a>", ""),
        ("<a href=/mail/delete>x</a>", ""),
        ("<a href=//x.example>x</a>", ""),
        ("<a href=data:text/html,x>x</a>", ""),
        ("<a href=cid:x>x</a>", ""),
        (
            "<a href='http://bank.example@evil.example/'>x</a>",
            " href=\"http://evil.example/\"",
        ),
    ] {
        assert_eq!(checked(html), format!("<a {rel}{href}>x</a>"), "{html}");
    }
    assert_eq!(checked("<map><area href=https://x.example></map>x"), "x");
    assert_eq!(
        checked("<form action=https://x.example><button>x</button></form>"),
        "x"
    );
}

#[test]
fn a_plain_newsletter_keeps_its_layout() {
    let html = "<html><head><title>News</title><style>td{color:red}</style></head><body bgcolor=#eee>\
        <center><table width=600 cellpadding=0 cellspacing=0 align=center bgcolor='#ffffff'><tr>\
        <td align=center valign=top><h1>Autumn</h1><p>New &amp; warm.<br><a href='https://shop.example/'>See</a>\
        </td></tr></table></center></body></html>";
    assert_eq!(
        checked(html),
        "<style>.m0>article{background-color:#eee}.m0 td{color:red}</style>\
         <div class=\"m0 fluid\"><article><center><table align=\"center\" bgcolor=\"#ffffff\" cellpadding=\"0\" cellspacing=\"0\" width=\"600\">\
         <tbody><tr><td align=\"center\" valign=\"top\"><h1>Autumn</h1><p>New &amp; warm.<br>\
         <a target=\"_blank\" rel=\"noopener noreferrer nofollow\" href=\"https://shop.example/\">See</a></p>\
         </td></tr></tbody></table></center></article></div>"
    );
}

#[test]
fn deep_wide_and_endless_documents_are_bounded() {
    let deep = checked(&format!("{}x", "<div>".repeat(20_000)));
    assert_eq!(deep.matches("<div>").count(), 256);
    let tables = checked(&"<table><tr><td>".repeat(20_000));
    assert!(tables.len() < 2 * 20_000 * "<table><tr><td>".len());
    let attributes: String = (0..200_000).map(|n| format!(" a{n}")).collect();
    assert_eq!(checked(&format!("<p{attributes} align=left>x")), "<p>x</p>");
    let fonts: String = (0..500).map(|n| format!("<font size={n}>")).collect();
    let grown = cleaned(
        &format!("{fonts}{}", "<p>x".repeat(50_000)),
        Images::Blocked,
    );
    assert!(grown.html.len() < 4 << 20, "{} bytes", grown.html.len());
    let long = cleaned(&"语".repeat(1 << 20), Images::Blocked);
    assert!(long.is_cut && content(&long.html).len() <= 2 << 20);
    assert!(!cleaned("short", Images::Blocked).is_cut);
}

/// Generates the fragments of hostile documents.
fn soup() -> impl Strategy<Value = String> {
    const NAMES: &[&str] = &[
        "a",
        "b",
        "p",
        "div",
        "table",
        "tr",
        "td",
        "th",
        "tbody",
        "caption",
        "col",
        "colgroup",
        "li",
        "ul",
        "ol",
        "dl",
        "dd",
        "dt",
        "h1",
        "h2",
        "pre",
        "font",
        "i",
        "span",
        "center",
        "svg",
        "math",
        "mtext",
        "mglyph",
        "annotation-xml",
        "foreignObject",
        "style",
        "script",
        "title",
        "textarea",
        "select",
        "option",
        "template",
        "noscript",
        "iframe",
        "xmp",
        "form",
        "button",
        "input",
        "img",
        "br",
        "hr",
        "body",
        "html",
        "head",
        "frameset",
        "rt",
        "rp",
        "ruby",
        "nobr",
        "object",
        "desc",
        "image",
        "video",
        "blockquote",
        "plaintext",
    ];
    const PAIRS: &[&str] = &[
        "",
        " href=http://x.example",
        " href='javascript:x'",
        " src=https://x.example/a",
        " src=cid:a",
        " background=//x.example",
        " style=display:none",
        " title='</title><img>'",
        " align=left",
        " hidden",
        " size=3",
        " onerror=x",
        " style='color:#000;background:url(//x.example/a) #fff'",
        " style=\"position:fixed;font:1px 'a',b\"",
        " class='a m0 m-b'",
        " class=m0",
        " id=a",
        " bgcolor=#ffffff",
        " background=cid:a",
        " color=red",
        " text=black link=blue",
        " dir=rtl",
        " lang=ja",
        " \"",
        " '",
        "/",
    ];
    const OTHER: &[&str] = &[
        "x",
        " ",
        "\n",
        "<",
        ">",
        "&lt;",
        "&amp;",
        "&",
        "\"",
        "'",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "\0",
        "é",
        "<!",
        "<style>.a,p>td{color:#000}@media (prefers-color-scheme:dark){p{color:red}}</style>",
        "<style>@media print{.a{display:block!important}}body{background:#fff}",
        "<div class='m0 fluid'>",
        "<article class=a>",
        "</",
        "<?",
    ];
    let piece = prop_oneof![
        6 => (prop::sample::select(NAMES), prop::sample::select(PAIRS))
            .prop_map(|(name, attribute)| format!("<{name}{attribute}>")),
        3 => prop::sample::select(NAMES).prop_map(|name| format!("</{name}>")),
        3 => prop::sample::select(OTHER).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn any_markup_is_harmless_and_sanitizing_is_idempotent(html in soup()) {
        checked(&html);
    }

    #[test]
    fn any_text_is_harmless(html in "\\PC{0,300}") {
        checked(&html);
    }
}

#[test]
fn an_image_that_is_not_loaded_is_its_alternative_text() {
    let html = "<img src=https://x.example/a alt='Our &lt;offer&gt;' width=600 height=80>\
        <a href=https://x.example/b><img src=cid:gone alt=Logo></a><img src=rel.png alt='Mark'>\
        <img alt=None><img src=https://x.example/c alt=' ' width=9><img src=http://x.example/d alt=Plain>";
    assert_eq!(
        checked(html),
        "<picture style=\"width:600px;aspect-ratio:600/80\">Our &lt;offer&gt;</picture>\
         <a target=\"_blank\" rel=\"noopener noreferrer nofollow\" href=\"https://x.example/b\">\
         <img alt=\"Logo\" src=\"cid:gone\"></a><picture>Mark</picture><picture>None</picture>\
         <img alt=\" \" width=\"9\"><picture>Plain</picture>"
    );
    assert_eq!(cleaned(html, Images::Blocked).blocked_images, 3);
    let shown = cleaned(html, Images::Allowed);
    let html = content(&shown.html);
    assert!(html.starts_with("<img alt=\"Our"), "{html}");
    assert_eq!(shown.blocked_images, 1);
    assert!(html.ends_with("<picture>Plain</picture>"), "{html}");
}

#[test]
fn tracking_pixels_are_always_removed_and_counted_separately() {
    let html = "<img src=https://x.example/a.png alt=Offer>\
        <img src=https://x.example/p.gif width=1 height=1 alt=''>\
        <img src=https://x.example/q.gif style='display:none' alt='not seen'>\
        <img src=https://x.example/track/open.php?u=7 alt=open>";
    for images in [Images::Blocked, Images::Allowed] {
        let out = cleaned(html, images);
        assert_eq!(out.tracking_pixels, 3);
        let is_shown = images == Images::Allowed;
        assert_eq!(out.blocked_images, u32::from(!is_shown));
        let expected = match is_shown {
            true => "<img alt=\"Offer\" src=\"https://x.example/a.png\">",
            false => "<picture>Offer</picture>",
        };
        assert_eq!(content(&out.html), expected);
    }
}
