//! The styles of messages: what newsletters keep, and what reaches neither the page nor a server.

use std::collections::BTreeSet;

mod cleaned;
mod dom;

use cleaned::{assert_cleans, checked, cleaned, cleaned_for};
use mail_mime::clean::{CleanOptions, Images, Scheme, clean_all};

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
fn published_attacks_by_css_are_harmless() {
    for (id, html, gone) in [
        (
            "CVE-2007-6321",
            "<p style='width:expre/**/ssion(alert(1))'>",
            "alert",
        ),
        (
            "CVE-2015-1433",
            "<p style='background:url(\"javascript:alert(1)\")'>",
            "alert",
        ),
        (
            "CVE-2021-26925",
            "<p style='background:url(&#39;x&#39;);-moz-binding:url(//e.example)'>",
            "e.example",
        ),
        (
            "CVE-2021-46144",
            "<style>@media{}</style><p style='x:\\00003cimg src=x onerror=alert(1)>'>",
            "alert",
        ),
        (
            "CVE-2025-68460",
            "<style>p{color:red}/*</style><img src=x onerror=alert(1)>*/",
            "alert",
        ),
        (
            "CVE-2026-26079",
            "<style>a{b:c}\\000a @import '//e.example';</style>",
            "e.example",
        ),
        (
            "CVE-2025-66376",
            "<style>@im\\70ort url(//e.example);@@import '//e.example';</style>",
            "e.example",
        ),
        (
            "CVE-2018-19206",
            "<svg><style><//><img src=x onerror=alert(1)></style></svg>",
            "alert",
        ),
        (
            "Roundcube 1.7.4 (ampersand)",
            "<p style='color:red&amp;#59;background:url(//e.example)'>",
            "e.example",
        ),
        (
            "CVE-2024-42010",
            "<style>p{background:\\75rl(//e.example)}</style>",
            "e.example",
        ),
        (
            "CVE-2026-35542",
            "<body background=//e.example style='background:url(//e.example)'>",
            "e.example",
        ),
        (
            "CVE-2026-48846",
            "<p style='--a:url(//e.example);background:var(--a)'>",
            "e.example",
        ),
        (
            "Roundcube 1.7.3 (unclosed)",
            "<p style='background:url(//e.example'>",
            "e.example",
        ),
        (
            "CVE-2021-32707",
            "<p style='background-image:URL(\"https://e.example\")'>",
            "e.example",
        ),
        (
            "CVE-2021-39220",
            "<p style='background:url(\\\\\\\\e.example/x)'>",
            "e.example",
        ),
        (
            "CVE-2026-35544",
            "<p style='position:fixed!important;inset:0!important'>",
            "fixed",
        ),
        (
            "RUSTSEC-2021-0157",
            "<p style='background:url(\"\\\"x://e.example\")'>",
            "e.example",
        ),
    ] {
        let out = checked(&format!("{html}<p>rest"));
        assert!(!out.contains(gone) && out.contains("rest"), "{id}: {out}");
    }
}
