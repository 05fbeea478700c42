//! Hostile HTML by the classes of attacks that affected other webmails, and properties for any
//! input.

use std::collections::BTreeSet;

mod dom;

use mail_mime::clean::{CleanOptions, Cleaned, Images, Scheme, clean, clean_all};
use proptest::prelude::*;

/// Sanitizes with every content id as a part whose URL is the content id again, so that the results
/// of one and two passes can be compared.
fn cleaned(html: &str, images: Images) -> Cleaned {
    cleaned_for(html, images, Scheme::Light)
}

fn cleaned_for(html: &str, images: Images, scheme: Scheme) -> Cleaned {
    clean(
        html,
        &CleanOptions {
            part_url: &|content_id| Some(format!("cid:{content_id}")),
            images,
            scheme,
        },
    )
}

/// Returns the HTML inside the wrapper and the root of a document, if those have no styles.
fn content(html: &str) -> &str {
    let inner = html.strip_prefix("<div class=\"m0 fluid\"><article>");
    let inner = inner.and_then(|inner| inner.strip_suffix("</article></div>"));
    inner.unwrap_or(html)
}

fn blocked(html: &str) -> String {
    content(&cleaned(html, Images::Blocked).html).to_owned()
}

const ELEMENTS: &str = " a abbr acronym address article aside b bdi bdo big blockquote br caption \
    center cite code col colgroup dd del dfn div dl dt em figcaption figure font footer h1 h2 h3 \
    h4 h5 h6 header hr i img ins kbd li main mark nav ol p picture pre q rp rt ruby s samp section small \
    span strike strong sub sup table tbody td tfoot th thead tr tt u ul var wbr ";
const ATTRIBUTES: &str = " align alt background bgcolor border cellpadding cellspacing class clear \
    color colspan dir face height href hspace id lang nowrap noshade rel reversed rowspan size span \
    src start style target title type valign value vspace width ";

/// Whether the address of an image may be loaded.
fn may_load(address: &str, images: Images) -> bool {
    let is_raster = address.starts_with("data:image/") && !address.contains("svg");
    let is_allowed = images == Images::Allowed && address.starts_with("https://");
    address.starts_with("cid:") || is_raster || is_allowed
}

/// Checks styles by their text: the grammar is checked in `clean/css/tests.rs`.
fn assert_harmless_css(css: &str, images: Images) {
    let lower = css.to_ascii_lowercase();
    for forbidden in [
        "<",
        "\\",
        "position:",
        "expression",
        "@import",
        "@font",
        "z-index",
        "content:",
        "javascript",
        "behavior",
        "binding",
        "var(",
        "attr(",
        "image-set",
        "transform:",
        "animation",
    ] {
        assert!(!lower.contains(forbidden), "{forbidden} in {css}");
    }
    for address in lower.split("url(").skip(1) {
        let address = address.trim_start_matches('\'');
        assert!(may_load(address, images), "{address} in {css}");
    }
}

/// Checks a sanitized document node by node, as a browser would parse it.
fn assert_harmless(html: &str, images: Images) {
    let sheet = html
        .strip_prefix("<style>")
        .and_then(|html| html.split_once("</style>"));
    assert_harmless_css(sheet.map_or("", |(sheet, _)| sheet), images);
    let document = format!("<!doctype html><html><head></head><body>{html}</body></html>");
    let mut styles = 0;
    for element in dom::elements(&document) {
        let dom::Element {
            depth,
            name,
            is_html,
            attributes,
        } = element;
        assert!(is_html, "{name} of another namespace in {html}");
        // 256 levels, and those of the document itself.
        assert!(depth < 264, "nested {depth} deep");
        if matches!(name.as_str(), "html" | "head" | "body") {
            assert!(attributes.is_empty(), "{name} {attributes:?}");
            continue;
        }
        if name == "style" {
            // Its content is checked in `clean/css/tests.rs`.
            assert!(
                html.starts_with("<style>") && attributes.is_empty(),
                "{html}"
            );
            styles += 1;
            assert_eq!(styles, 1, "{html}");
            continue;
        }
        assert!(
            ELEMENTS.contains(&format!(" {name} ")),
            "element {name} in {html}"
        );
        for (attribute, value) in &attributes {
            assert!(
                ATTRIBUTES.contains(&format!(" {attribute} ")),
                "{attribute} in {html}"
            );
            match attribute.as_str() {
                "src" => assert!(name == "img" && may_load(value, images), "{value}"),
                "background" => assert!(may_load(value, images), "{value}"),
                "style" => assert_harmless_css(value, images),
                "class" if value == "m0" || value == "m0 fluid" => {
                    assert_eq!((name.as_str(), depth), ("div", 3), "{html}");
                }
                "class" | "id" => {
                    assert!(
                        value.split(' ').all(|name| name.starts_with("m-")),
                        "{html}"
                    );
                }
                "href" => {
                    let schemes = ["http://", "https://", "mailto:", "tel:"];
                    let lower = value.to_ascii_lowercase();
                    assert!(
                        name == "a" && schemes.iter().any(|s| lower.starts_with(s)),
                        "{value}"
                    );
                }
                "target" => assert_eq!((name.as_str(), value.as_str()), ("a", "_blank")),
                "rel" => assert_eq!(value, "noopener noreferrer nofollow"),
                _ => {}
            }
        }
        if name == "a" {
            let names: BTreeSet<_> = attributes.iter().map(|(name, _)| name.as_str()).collect();
            assert!(names.contains("rel") && names.contains("target"), "{html}");
        }
    }
}

/// Sanitizes, checks the invariants, and returns the result.
fn checked(html: &str) -> String {
    for (images, scheme) in [
        (Images::Blocked, Scheme::Light),
        (Images::Allowed, Scheme::Light),
        (Images::Blocked, Scheme::Dark),
        (Images::Allowed, Scheme::System),
    ] {
        let once = cleaned_for(html, images, scheme);
        assert_harmless(&once.html, images);
        let twice = cleaned_for(&once.html, images, scheme);
        let source: String = html.chars().take(400).collect();
        assert!(
            twice.html == once.html,
            "cleaning again changes it: {source}"
        );
        assert_eq!(
            twice.blocked_images, 0,
            "nothing is left to block: {source}"
        );
    }
    blocked(html)
}

fn assert_cleans(cases: &[(&str, &str)]) {
    for (html, expected) in cases {
        assert_eq!(checked(html), *expected, "{html}");
    }
}

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
        ("<details open ontoggle=alert(1)>a</details>", "a"),
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
fn styles_load_nothing_and_stay_inside_the_document() {
    // CVE-2021-46144, CVE-2025-66376, CVE-2026-35544, CVE-2026-48846 and similar ones.
    let styled = |sheet: &str| format!("<style>{sheet}</style><div class=\"m0 fluid\"><article>");
    let end = "</article></div>";
    assert_eq!(
        checked("<style>@import '//e.example';p{background:url(//e.example)}</style>a"),
        format!("{}a{end}", styled(".m0 p{background:none}"))
    );
    assert_eq!(
        checked("<style>body,a:visited{color:red}</style><style media=print>p{color:red}"),
        "<style>.m0>article{color:red}@media print{.m0 p{color:red}}</style>\
         <div class=\"m0\"><article></article></div>"
    );
    // CVE-2018-19206 and Roundcube 1.7.4, "declaration smuggling via un-encoded ampersand".
    assert_eq!(
        checked("<p style='color:red&#59;position:fixed&quot;&gt;<b>'>a"),
        "<p style=\"color:red\">a</p>"
    );
    assert_cleans(&[
        ("<svg><style>p{color:red}</style></svg>a", "a"),
        (
            "<style>p{color:red}</style",
            "<style>.m0 p{color:red}</style><div class=\"m0 fluid\"><article></article></div>",
        ),
        ("<style type=text/x>p{color:red}</style>a", "a"),
        (
            "<p style='position:fixed;top:0;background:url(//e.example/x)'>a</p>",
            "<p style=\"background:none\">a</p>",
        ),
        (
            "<p style='width:expression(alert(1))' class='x m-y' id=y name=z>a</p>",
            "<p class=\"m-x m-y\" id=\"m-y\">a</p>",
        ),
        (
            "<p style=7 class='a\"b m0' id='a b'>a",
            "<p class=\"m-m0\">a</p>",
        ),
        (
            "<font color='red;background:url(x)' size='+2' face=Arial>a</font>",
            "<font face=\"Arial\" size=\"+2\">a</font>",
        ),
        (
            "<table width=99999 height=100% bgcolor=#fff border=1px><tr><td width='1;x'>a",
            "<table bgcolor=\"#fff\" border=\"1px\" height=\"100%\"><tbody><tr><td>a</td></tr></tbody></table>",
        ),
    ]);
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
fn a_newsletter_keeps_its_columns_colours_and_fonts() {
    let html = "<html><head><meta charset=utf-8><style type='text/css'><!--
        body, td { font-family: Georgia, 'Times New Roman', serif; }
        .col { width: 50% !important; } a:link, a:visited { color: #c00 }
        .ExternalClass * { line-height: 100% } #outlook a { padding: 0 }
        @media only screen and (max-width: 480px) { .col { width: 100% !important } }
        --></style></head>
        <body class=paper bgcolor='#F4F4F4' text=#333333 link=navy background=cid:bg
         style='margin:0;padding:0;-webkit-text-size-adjust:100%' onload=x>
        <div style='display:none;font-size:1px;max-height:0'>preview</div>\
        <table width=600 bgcolor=white><tr><td class=col valign=top style=\"padding:10px 20px;\
        font:bold 14px/20px 'Segoe UI',Arial\">One</td><td class=col background='cid:two'>Two</td></tr></table>";
    assert_eq!(
        checked(html).replace("\n        ", ""),
        "<style>.m0>article{background-color:#f4f4f4;color:#333;background-image:url('cid:bg')}\
         .m0 a{color:#000080}\
         .m0>article,.m0 td{font-family:Georgia,'Times New Roman',serif}\
         .m0 .m-col{width:50%!important}.m0 a:link{color:#c00}\
         .m0 .m-ExternalClass *{line-height:100%}.m0 #m-outlook a{padding:0}\
         @media only screen and (max-width:480px){.m0 .m-col{width:100%!important}}</style>\
         <div class=\"m0\"><article class=\"m-paper\" \
         style=\"margin:0;padding:0;-webkit-text-size-adjust:100%\">\
         <table bgcolor=\"white\" width=\"600\"><tbody><tr><td class=\"m-col\" valign=\"top\" \
         style=\"padding:10px 20px;font:bold 14px/20px 'Segoe UI',Arial\">One</td>\
         <td class=\"m-col\" background=\"cid:two\">Two</td></tr></tbody></table></article></div>"
    );
}

#[test]
fn the_direction_and_language_of_a_document_are_kept() {
    for (html, root) in [
        ("<html lang=ja dir=rtl><p>a", " dir=\"rtl\" lang=\"ja\""),
        (
            "<html lang=ja><html lang=zh><body lang=ko><body lang=en><p>a",
            " lang=\"ko\"",
        ),
        ("<html lang='\"><b'><body dir=auto><p>a", " dir=\"auto\""),
    ] {
        let expected = format!("<div class=\"m0 fluid\"><article{root}><p>a</p></article></div>");
        assert_eq!(checked(html), expected, "{html}");
    }
}

#[test]
fn the_variant_of_a_layout_for_phones_is_kept_for_them() {
    let sheet = "<style>@media (max-width:480px){.phone{display:block!important}}</style>";
    let html = "<div class=phone style='display:none'><img src=https://x.example/a>a</div>";
    let out = cleaned(&format!("{sheet}{html}"), Images::Blocked);
    assert!(
        out.html
            .contains("<div class=\"m-phone\" style=\"display:none\"><img>a</div>"),
        "{}",
        out.html
    );
    assert_eq!((out.blocked_images, out.tracking_pixels), (1, 0));
    assert_eq!(checked(html), "", "without the rule it is never shown");
}

#[test]
fn images_of_styles_are_decided_like_other_images() {
    let html = "<style>.a{background:url(https://x.example/a)}</style>\
        <p style='background-image:url(https://x.example/b)'>x</p>\
        <p style='background-image:url(https://x.example/b)'>x</p>\
        <table background=https://x.example/c><td background=http://x.example/d>x</table>\
        <div style='width:1px;height:1px;background:url(https://x.example/e)'></div>\
        <p style='background:url(https://x.example/track/open?u=1)'>x</p>\
        <p style='background:url(cid:f);list-style:url(part/9)'>x</p>";
    let out = cleaned(html, Images::Blocked);
    assert_eq!((out.blocked_images, out.tracking_pixels), (5, 2));
    assert!(!out.html.contains("x.example"), "{}", out.html);
    assert_eq!(out.content_ids, BTreeSet::from(["f".to_owned()]));
    let out = cleaned(html, Images::Allowed);
    assert_eq!((out.blocked_images, out.tracking_pixels), (1, 2));
    for loaded in [
        "{background:url('https://x.example/a')}",
        "background-image:url('https://x.example/b')\">",
        "<table background=\"https://x.example/c\">",
        "background:url('cid:f');list-style:none\">",
    ] {
        assert!(out.html.contains(loaded), "{loaded} in {}", out.html);
    }
    checked(html);
}

#[test]
fn the_styles_of_one_document_do_not_reach_another() {
    let options = CleanOptions {
        part_url: &|_| None,
        images: Images::Blocked,
        scheme: Scheme::Light,
    };
    let documents = [
        "<style>p{color:red}.m1 p{color:blue}</style><p>a</div></article>".to_owned(),
        "<style>@media print{body{color:red}}</style><p class=m0>b".to_owned(),
    ];
    assert_eq!(
        clean_all(&documents, &options).html,
        "<style>.m0 p{color:red}.m0 .m-m1 p{color:blue}</style>\
         <div class=\"m0 fluid\"><article><p>a</p></article></div>\
         <style>@media print{.m1>article{color:red}}</style>\
         <div class=\"m1\"><article><p class=\"m-m0\">b</p></article></div>"
    );
}

#[test]
fn colours_are_adapted_to_the_scheme() {
    let html = "<body bgcolor=#ffffff text=black><table bgcolor=#FFF><td style='color:#000'>\
        <font color=#000000>a</font></table><img src=cid:a>";
    let dark = cleaned_for(html, Images::Blocked, Scheme::Dark).html;
    assert_eq!(
        dark,
        "<style>.m0>article{background-color:#1a1a1a;color:#ececec}</style>\
         <div class=\"m0 fluid\"><article><table bgcolor=\"#1a1a1a\"><tbody><tr>\
         <td style=\"color:#ececec\"><font color=\"#ececec\">a</font></td></tr></tbody></table>\
         <img src=\"cid:a\"></article></div>"
    );
    let both = cleaned_for(html, Images::Blocked, Scheme::System).html;
    assert_eq!(
        both,
        "<style>:where(.m0 [bgcolor='#FFF']){background-color:light-dark(#fff,#1a1a1a)}\
         :where(.m0 [color='#000000']){color:light-dark(#000,#ececec)}\
         .m0>article{background-color:#fff;background-color:light-dark(#fff,#1a1a1a);\
         color:#000;color:light-dark(#000,#ececec)}</style>\
         <div class=\"m0 fluid\"><article><table bgcolor=\"#FFF\"><tbody><tr>\
         <td style=\"color:#000;color:light-dark(#000,#ececec)\"><font color=\"#000000\">a</font>\
         </td></tr></tbody></table><img src=\"cid:a\"></article></div>"
    );
    checked(html);
}

#[test]
fn a_message_with_rules_for_the_dark_scheme_is_not_adapted() {
    let rule = "@media (prefers-color-scheme:dark){p{color:white}}";
    for html in [
        format!("<style>p{{color:#000}}{rule}</style><p bgcolor=white>a"),
        format!("<style>p{{color:#000}}</style><p bgcolor=white>a<style>{rule}</style>"),
        "<style>p{color:#000}@media (prefers-c\\6flor-scheme:dark){p{color:white}}</style>\
         <p bgcolor=white>a"
            .to_owned(),
    ] {
        checked(&html);
        let light = cleaned(&html, Images::Blocked).html;
        assert!(!light.contains("white}"), "{light}");
        for (scheme, media) in [
            (
                Scheme::Dark,
                "@media all,(prefers-color-scheme:dark){.m0 p{color:white}}",
            ),
            (
                Scheme::System,
                "@media (prefers-color-scheme:dark){.m0 p{color:white}}",
            ),
        ] {
            let out = cleaned_for(&html, Images::Blocked, scheme).html;
            assert!(
                out.contains(".m0 p{color:#000}") && out.contains(media),
                "{out}"
            );
            assert!(out.contains("bgcolor=\"white\""), "{out}");
        }
    }
    let mentioned = "<p style='color:#000'>prefers-color-scheme";
    let out = cleaned_for(mentioned, Images::Blocked, Scheme::Dark).html;
    assert!(out.contains("color:#ececec"), "{out}");
}

#[test]
fn styles_do_not_multiply() {
    let styles: String = (0..100)
        .map(|n| {
            format!(
                "<font style='width:{n}px;background:url(cid:{})'>",
                "a".repeat(2_000)
            )
        })
        .collect();
    let grown = cleaned(
        &format!("{styles}{}", "<p>x".repeat(20_000)),
        Images::Blocked,
    );
    assert!(grown.html.len() < 2 << 20, "{} bytes", grown.html.len());
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
        "<picture>Our &lt;offer&gt;</picture>\
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
