use super::super::Images;
use super::super::styles::Look;
use super::balance as balance_with;
use super::*;
use proptest::prelude::*;

fn balance(html: &str) -> Balanced {
    let sources = Sources {
        part_url: &|_| Some(String::new()),
        images: Images::Allowed,
    };
    balance_with(html, &sources, &mut Styles::new(Look::NONE, &sources))
}

fn html(text: &str) -> String {
    balance(text).html
}

#[test]
fn tags_are_closed_where_parsers_close_them() {
    for (text, expected) in [
        ("<p>a<p>b", "<p>a</p><p>b</p>"),
        (
            "<ul><li>a<li>b<ul><li>c</ul></ul>",
            "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>",
        ),
        ("<b>a<i>b</b>c</i>d", "<b>a<i>b</i></b><i>c</i>d"),
        ("<p><b>a<p>b", "<p><b>a</b></p><b><p>b</p></b>"),
        (
            "<table><tr><td>a<td>b<tr><td>c</table>d",
            "<table><tbody><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></tbody></table>d",
        ),
        (
            "<table><tr><td></div></b></td></tr></table>",
            "<table><tbody><tr><td></td></tr></tbody></table>",
        ),
        ("<td>a</td><tr>b", "ab"),
        (
            "<a href=tel:1>1<a href=tel:2>2</a>",
            "<a target=\"_blank\" rel=\"noopener noreferrer nofollow\" href=\"tel:1\">1</a>\
             <a target=\"_blank\" rel=\"noopener noreferrer nofollow\" href=\"tel:2\">2</a>",
        ),
        ("</p></br>x</x>", "x"),
        ("<h1>a<h2>b</h3>c", "<h1>a</h1><h2>b</h2>c"),
        (
            "<dl><dt>a<dd>b<dt>c</dl>",
            "<dl><dt>a</dt><dd>b</dd><dt>c</dt></dl>",
        ),
        ("<pre>\n&#10;\n a", "<pre> a</pre>"),
        ("a < b & c<br/>d", "a &#60; b &#38; c<br>d"),
        ("<textarea>&<b></textarea>", "&#38;&#60;b>"),
    ] {
        assert_eq!(html(text), expected, "{text}");
    }
}

#[test]
fn elements_that_hide_their_content_are_removed_with_it() {
    for (text, expected) in [
        ("a<svg><text>x</text><a href=y>z</a></svg>b", "ab"),
        ("a<svg><p>b", "a<p>b</p>"),
        ("a<math><mi>x</math>b", "ab"),
        ("a<select><option>x</select>b", "ab"),
        ("a<template><p>x</template>b", "ab"),
        (
            "a<div style='DISPLAY : none !important'>preview<br><b>x</div>b",
            "ab",
        ),
        (
            "<table><tr><td style=display:none>x<td>y</table>",
            "<table><tbody><tr><td>y</td></tr></tbody></table>",
        ),
        ("<span hidden>x</span>y", "y"),
        ("<noscript><p>x</noscript>", "<p>x</p>"),
    ] {
        assert_eq!(html(text), expected, "{text}");
    }
}

#[test]
fn depth_is_limited_and_the_text_is_retained() {
    let deep = format!("{}x{}y", "<div>".repeat(20_000), "</div>".repeat(20_000));
    let out = html(&deep);
    assert_eq!(out.matches("<div>").count(), DEPTH_MAX);
    assert_eq!(out.matches("</div>").count(), DEPTH_MAX);
    assert!(out.ends_with("</div>y"));
}

#[test]
fn many_deep_tags_lower_the_depth_limit() {
    let deep = "<div>".repeat(DEPTH_MAX - 1);
    let late = |inner: usize| {
        let closed = "</div>".repeat(DEPTH_MAX - 1);
        let out = html(&format!("{deep}{}{closed}{deep}", "<hr>".repeat(inner)));
        out.matches("<div>").count()
    };
    assert_eq!(late(10_000), 2 * (DEPTH_MAX - 1));
    assert_eq!(late(50_000), 2 * (DEPTH_MAX - 1));
    let flat = html(&format!("{deep}{}", "<ul><li>".repeat(40_000)));
    assert!(flat.matches("<ul>").count() < 40_000);
}

#[test]
fn elements_beyond_the_bound_are_cut_off() {
    let out = balance(&"<i>x</i>".repeat(ELEMENTS_MAX + 1));
    assert!(out.is_cut && out.html.matches("<i>").count() == ELEMENTS_MAX);
    assert_eq!(html(&out.html), out.html);
    assert!(!balance(&"<br>".repeat(ELEMENTS_MAX - 1)).is_cut);
}

#[test]
fn formatting_does_not_multiply() {
    let fonts: String = (0..500).map(|n| format!("<font size={n}>")).collect();
    let out = html(&format!("<p>{fonts}{}", "<p>x".repeat(200_000)));
    assert!(out.len() < 8 << 20, "{} bytes", out.len());
    let leaking = html(&format!(
        "<table><tr><td></font></table>{}",
        "<p><b>x".repeat(200_000)
    ));
    assert!(leaking.len() < 8 << 20, "{} bytes", leaking.len());
}

#[test]
fn long_texts_of_characters_that_are_escaped_are_cut() {
    for costly in ["&", "\u{a0}", "°"] {
        let out = html(&costly.repeat(100_000));
        let longest = out.split("<wbr>").map(|run| run.chars().count()).max();
        assert!(longest <= Some(5 * RUN_BYTES), "{longest:?}");
        assert_eq!(html(&out), out);
    }
    assert!(!html(&"word 词 ".repeat(50_000)).contains("<wbr>"));
}

#[test]
fn images_elsewhere_than_in_src_are_counted() {
    let out = balance(concat!(
        "<div background='//x.example/a'><img lowsrc=http://x.example/b>",
        "<img srcset='https://x.example/c 2x'><video poster=https://x.example/d></video>",
        "<input type=IMAGE src=https://x.example/e><svg><image href='https://x.example/f'/></svg>",
        "<img src=https://x.example/g srcset='https://x.example/h 2x'>",
        "<img src='cid:a%40b' alt=x><p background=local.png>",
    ));
    assert_eq!(out.dropped_images, 6);
    assert_eq!(out.content_ids, ["a@b"]);
}

proptest! {
    #[test]
    fn the_output_is_well_nested(text in "(<(/?)(p|b|i|a|div|td|tr|table|li|ul|svg|font|h1|pre|select)( hidden| href=x)?>|x|\n| ){0,60}") {
        let mut open = Vec::new();
        for token in Scanner::new(&html(&text)) {
            match token {
                Token::Start(tag) => {
                    let (_, kind, _) = policy::element(&tag.name).expect("allowed");
                    if kind != Kind::Void { open.push(tag.name); }
                }
                Token::End(name) => prop_assert_eq!(open.pop(), Some(name)),
                _ => {}
            }
        }
        prop_assert!(open.is_empty());
    }

    #[test]
    fn any_input_is_balanced_and_balancing_is_idempotent(text in "\\PC{0,200}|(&|amp;|lt|#10;|<pre>|x){0,40}") {
        let once = html(&text);
        prop_assert_eq!(html(&once), once);
    }
}
