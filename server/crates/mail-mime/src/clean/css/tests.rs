use super::*;

mod properties;

/// Loads the parts of the message, and nothing else.
fn resolve(address: &str) -> Option<String> {
    address.starts_with("cid:").then(|| address.to_owned())
}

fn css(scheme: Scheme) -> Css<'static> {
    Css {
        scope: "m0",
        scheme,
        is_adapted: scheme != Scheme::Light,
        resolve: &resolve,
    }
}

fn style(text: &str) -> String {
    clean_attribute(text, &css(Scheme::Light)).text
}

fn sheet_in(text: &str, scheme: Scheme) -> Sheet {
    let mut sheet = Sheet::default();
    clean_sheet(text, "", &css(scheme), &mut sheet);
    sheet
}

fn sheet(text: &str) -> String {
    sheet_in(text, Scheme::Light).text
}

#[track_caller]
fn assert_styles(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(style(text), *expected, "{text}");
        assert_eq!(style(expected), *expected, "again: {text}");
    }
}

#[track_caller]
fn assert_sheets(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(sheet(text), *expected, "{text}");
        assert_eq!(sheet(expected), *expected, "again: {text}");
    }
}

#[test]
fn declarations_of_newsletters_are_kept() {
    assert_styles(&[
        (
            "COLOR: Red; background : #FFFFFF ;padding:0 .5em 10.0px",
            "color:red;background:#fff;padding:0 0.5em 10px",
        ),
        (
            "font: italic bold 12px/1.5 \"Segoe UI\", Arial, sans-serif",
            "font:italic bold 12px/1.5 'Segoe UI',Arial,sans-serif",
        ),
        (
            "font-family:微软雅黑,'Helvetica Neue'",
            "font-family:微软雅黑,'Helvetica Neue'",
        ),
        (
            "width:100% !important;max-width:calc( 100% - 2*(20px + 1em) )",
            "width:100%!important;max-width:calc(100% - 2 * (20px + 1em))",
        ),
        (
            "color:rgba(255, 0, 0, .5);color:rgb(0 128 255 / 50%);color:hsl(120,100%,50%)",
            "color:rgba(255,0,0,0.5);color:rgba(0,128,255,0.5);color:#0f0",
        ),
        (
            "background:linear-gradient(to right, #fff 0%, rgb(1,2,3) 50px), #eee",
            "background:linear-gradient(to right,#fff 0%,#010203 50px),#eee",
        ),
        (
            "border:1px solid #ccc;border-radius:4px;box-shadow:0 1px 2px rgba(0,0,0,.2)",
            "border:1px solid #ccc;border-radius:4px;box-shadow:0 1px 2px rgba(0,0,0,0.2)",
        ),
        (
            "display:none;mso-hide:all;max-height:0;overflow:hidden;float:left",
            "display:none;max-height:0;overflow:hidden;float:left",
        ),
        (
            "margin:0 auto;letter-spacing:-1px",
            "margin:0 auto;letter-spacing:-1px",
        ),
        (
            "background-position:-20px 50%",
            "background-position:-20px 50%",
        ),
        ("color:windowtext", "color:windowtext"),
    ]);
}

#[test]
fn nothing_leaves_its_place_or_covers_others() {
    // CVE-2026-35544 and the overlays of security reports on other webmails.
    assert_styles(&[
        ("position:fixed!important;top:0;left:0;z-index:9999", ""),
        ("position:absolute;inset:0;pointer-events:none", ""),
        ("transform:scale(99);translate:-9px;filter:blur(9px)", ""),
        (
            "margin-top:-500px;margin:0 -5px;margin:calc(0px - 99px)",
            "",
        ),
        ("text-indent:-9999px", ""),
        ("width:99999px;height:1e9px;padding:5001px", ""),
        ("width:400em;width:1e39px;width:-1px", ""),
        ("box-shadow:0 0 0 9999px red;outline:9999px solid red", ""),
        ("border:200px solid;letter-spacing:-9999px", ""),
        ("height:100vh;min-height:50vmin;width:10svh", ""),
        ("animation:x 1s;transition:all 1s;clip-path:inset(0)", ""),
        ("width:calc(9px * 9999)", ""),
    ]);
}

#[test]
fn nothing_runs_or_is_taken_from_elsewhere() {
    // CVE-2007-6321, CVE-2015-1433, CVE-2021-26925, CVE-2021-46144, CVE-2026-48846 (`var()`).
    assert_styles(&[
        ("width:expression(alert(1));behavior:url(x.htc)", ""),
        ("-moz-binding:url(//e.example/x#y)", ""),
        (
            "--x:url(//e.example);color:var(--x);background:var(--x)",
            "",
        ),
        ("width:attr(data-x);width:env(x);color:element(#x)", ""),
        ("content:'x';quotes:'a';counter-reset:x", ""),
        (
            "background:paint(x);background:image-set('//e.example' 1x)",
            "",
        ),
        (
            "background:cross-fade(url(//e.example),url(//e.example))",
            "",
        ),
        (
            "background:src('//e.example');background:-webkit-image-set(url(x))",
            "",
        ),
        ("cursor:url(//e.example),auto", ""),
        (
            "color:light-dark(red,blue);color:color-mix(in srgb,red,blue)",
            "",
        ),
        ("font-family:'a\\27;}<'", ""),
        ("color:red}</style><script>", ""),
        ("filter:progid:DXImageTransform.Microsoft.x(src='//e')", ""),
    ]);
}

#[test]
fn addresses_in_any_spelling_are_decided_by_the_policy() {
    // CVE-2026-35542, Roundcube 1.7.3 (unclosed `url(`), 1.7.4 (escapes), CVE-2021-32707.
    let loaded = "background:url('cid:a')";
    for text in [
        "background:url(cid:a)",
        "background:URL( 'cid:a' )",
        "background:u\\72l(cid:a)",
        "background:\\75 \\72 \\6c (\"cid:a\")",
        "background:url(/**/cid:a",
        "b\\61 ckground:url('cid:\\61')",
        "background:/*x*/url('cid:a'",
        "background:url('cid:a",
    ] {
        let refused = text.replace("cid:", "https://e.example/");
        assert!(
            ["background:none", ""].contains(&style(&refused).as_str()),
            "{refused}"
        );
        if !text.contains("/**/") {
            assert_eq!(style(text), loaded, "{text}");
        }
    }
    assert_styles(&[
        (
            "background:#fff url(//e.example/a) no-repeat, url(cid:a) top",
            "background:#fff none no-repeat,url('cid:a') top",
        ),
        (
            "list-style-image:url(http://e.example)",
            "list-style-image:none",
        ),
        ("background-image:url(cid:a'b\"c\\)d)", ""),
        (
            "background-image:url('cid:a\\'b\\3c c')",
            "background-image:url('cid:a%27b%3Cc')",
        ),
        ("color:url(cid:a);border-image:url(cid:a)", ""),
    ]);
}

#[test]
fn rules_stay_inside_their_document() {
    assert_sheets(&[
        ("td{color:red}", ".m0 td{color:red}"),
        (
            "html,body,:root,html body , html > body{margin:0}",
            ".m0>article,.m0>article,.m0>article,.m0>article,.m0>article{margin:0}",
        ),
        (
            "body.dark > table td.x#y:first-child+td{color:red}",
            ".m0>article.m-dark>table td.m-x#m-y:first-child+td{color:red}",
        ),
        ("*{color:red}", ".m0 *{color:red}"),
        ("* .a + P{color:red}", ".m0 * .m-a+p{color:red}"),
        (
            "tr:NTH-child( 2n + 1 ),td:nth-of-type(odd){color:red}",
            ".m0 tr:nth-child(2n+1),.m0 td:nth-of-type(2n+1){color:red}",
        ),
        (".m0 *{color:red}", ".m0 *{color:red}"),
    ]);
    for refused in [
        "body+div",
        "body~*",
        "html.x",
        "* html",
        ".a body",
        ".m0",
        ".m0+div",
        ".m0~*",
        ".m0.a",
        "div>",
        ">div",
        "+p",
        "a b c d e f#",
        "",
        "html.x body",
        ".a .m0",
    ] {
        assert_eq!(sheet(&format!("{refused}{{color:red}}")), "", "{refused}");
    }
}

#[test]
fn selectors_that_disclose_or_generate_are_dropped_alone() {
    for refused in [
        "a:visited",
        "a:hover",
        "p:target",
        "p:has(a)",
        "input",
        "script",
        "[title^=a]",
        "a[href*='x']",
        "p::before",
        "p:before",
        "p::first-letter",
        "p:is(a)",
        "p:not(a)",
        ".a\\:b",
        ".\\31 a:active",
        "u|a",
        "p||a",
        "p~a",
        "&",
        "#1a",
        "p:nth-child(2 of a)",
        "@x",
    ] {
        let list = format!("td,{refused},th{{color:red}}");
        assert_eq!(sheet(&list), ".m0 td,.m0 th{color:red}", "{list}");
    }
}

#[test]
fn only_known_at_rules_are_kept() {
    // CVE-2025-66376 (`@import`).
    assert_sheets(&[
        (
            "@import url(//e.example);@import '//e.example';td{color:red}",
            ".m0 td{color:red}",
        ),
        (
            "@charset 'x';@namespace x url(//e.example);td{color:red}",
            ".m0 td{color:red}",
        ),
        (
            "@font-face{font-family:x;src:url(//e.example)}td{color:red}",
            ".m0 td{color:red}",
        ),
        (
            "@keyframes x{from{top:0}}@page{margin:0}@layer a{p{color:red}}",
            "",
        ),
        (
            "@container (width>1px){p{color:red}}@scope (a){p{color:red}}",
            "",
        ),
        (
            "@property --x{syntax:'*'}@counter-style x{}@\\69mport '//e.example';",
            "",
        ),
        ("<!-- td{color:red} -->", ".m0 td{color:red}"),
        (
            "@media only screen and (max-width:600px){.a{width:100%!important}}",
            "@media only screen and (max-width:600px){.m0 .m-a{width:100%!important}}",
        ),
        (
            "@MEDIA Screen, print and (orientation : landscape), (height:9px), tv{p{color:red}}",
            "@media screen,print and (orientation:landscape){.m0 p{color:red}}",
        ),
        (
            "@media (min-width:100px) and (max-width:9em){@import 'x';}",
            "",
        ),
        ("@media{p{color:red}}", "@media all{.m0 p{color:red}}"),
        ("@media (max-width:url(//e.example)){p{color:red}}", ""),
        (
            "@supports (display:flex){p{color:red}}",
            "@supports (display:flex){.m0 p{color:red}}",
        ),
        ("@supports (behavior:x) or (color:red){p{color:red}}", ""),
        ("@supports selector(a){p{color:red}}", ""),
    ]);
}

#[test]
fn broken_sheets_keep_their_good_rules() {
    assert_sheets(&[
        ("td{color:red", ".m0 td{color:red}"),
        ("}td{color:red}", ""),
        (
            "a{}p{color:}td{color:red;;color;x:y;width:1px}",
            ".m0 td{color:red;width:1px}",
        ),
        (
            "a{color:red;p{color:blue}width:1px}td{color:red}",
            ".m0 a{color:red}.m0 td{color:red}",
        ),
        (
            "@media print{td{color:red}",
            "@media print{.m0 td{color:red}}",
        ),
        ("td{font-family:'a\n;color:red}", ".m0 td{color:red}"),
        ("td{*zoom:1;_height:1px;color:red}", ".m0 td{color:red}"),
    ]);
}

#[test]
fn what_is_written_cannot_end_the_style_element() {
    for text in [
        "p{font-family:'</style><img src=x>'}",
        "p{color:\\3c/style\\3e}",
        ".\\3c\\2fstyle\\3e{color:red}",
        "@media \\3c/style\\3e{p{color:red}}",
        "p{background:url('cid:</style>')}",
        "</style>{color:red}",
    ] {
        let out = sheet(text);
        assert!(!out.contains(['<', '\\', '"', '&']), "{text}: {out}");
    }
}

#[test]
fn limits_drop_the_rest() {
    let many = "p{color:red}".repeat(SHEET_SELECTORS_MAX + 9);
    assert_eq!(sheet(&many).matches('{').count(), SHEET_SELECTORS_MAX);
    let long = format!(
        "p{{{}}}",
        "font-family:'aaaaaaaaaaaaaaaaaaaaaaaaaaaaa';".repeat(150)
    );
    let out = sheet(&format!("@media print{{{}}}", long.repeat(200)));
    assert!(
        out.len() <= SHEET_BYTES && out.len() > SHEET_BYTES - 10_000,
        "{}",
        out.len()
    );
    assert_eq!(sheet(&out), out);
    let declarations = style(&"color:red;".repeat(1_000));
    assert_eq!(declarations.matches(':').count(), DECLARATIONS_MAX);
    let selectors = sheet(&format!("{}{{color:red}}", vec!["p"; 500].join(",")));
    assert_eq!(selectors.matches("m0").count(), SELECTORS_MAX);
    let deep = format!("{}p{{color:red}}", "@media print{".repeat(50));
    assert_eq!(sheet(&deep), "");
    assert_eq!(sheet(&format!("{}{{color:red}}", "p ".repeat(50))), "");
    assert_eq!(style(&format!("width:{}", "calc(".repeat(5_000))), "");
    assert_eq!(style(&format!("width:calc({}", "(".repeat(5_000))), "");
    assert_eq!(
        style(&format!("color:red;{}", " ".repeat(ATTRIBUTE_BYTES))),
        ""
    );
}

#[test]
fn colours_follow_the_scheme_and_rules_for_the_dark_one_apply_there() {
    let text = "p{color:#000;background:#fff url(cid:a)}\
        @media (prefers-color-scheme:dark){p{color:red}}\
        @media screen and (prefers-color-scheme:light){p{width:1px}}";
    for (scheme, expected) in [
        (
            Scheme::Light,
            ".m0 p{color:#000;background:#fff url('cid:a')}@media screen{.m0 p{width:1px}}",
        ),
        (
            Scheme::Dark,
            ".m0 p{color:#ececec;background:#1a1a1a url('cid:a')}\
             @media all,(prefers-color-scheme:dark){.m0 p{color:#ffadad}}",
        ),
        (
            Scheme::System,
            ".m0 p{color:#000;color:light-dark(#000,#ececec);\
             background:#fff url('cid:a');background:light-dark(#fff,#1a1a1a) url('cid:a')}\
             @media (prefers-color-scheme:dark){.m0 p{color:red;color:light-dark(red,#ffadad)}}\
             @media screen and (prefers-color-scheme:light){.m0 p{width:1px}}",
        ),
    ] {
        let out = sheet_in(text, scheme);
        assert_eq!(out.has_dark_rules, scheme != Scheme::Light);
        assert_eq!(out.text, expected);
        assert_eq!(sheet_in(&out.text, scheme).text, out.text);
    }
}

#[test]
fn the_effects_of_a_style_on_visibility_are_known() {
    let effects = |text| clean_attribute(text, &css(Scheme::Light)).effects;
    assert!(effects("DISPLAY:\\6eone").hides);
    assert!(effects("visibility:hidden").hides);
    assert!(effects("opacity:0.0").is_transparent);
    assert!(!effects("display:block;opacity:.5").hides);
    let small = effects("width:1.0px;max-width:20px;height:0em");
    assert_eq!((small.width_px, small.height_px), (Some(1), Some(0)));
    let shown = "@media print{.a .b.c,#d{display:block!important}}.e{display:block}";
    let mut revealed: Vec<_> = sheet_in(shown, Scheme::Light)
        .revealed
        .into_iter()
        .collect();
    revealed.sort();
    assert_eq!(revealed, ["m-b", "m-c", "m-d"]);
}
