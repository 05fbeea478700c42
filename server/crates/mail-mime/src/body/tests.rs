use super::*;
use crate::params::Params;
use crate::tree::LeafFields;

fn body(parts: &[(&str, &str, &str)]) -> Body {
    let mut texts = Texts::default();
    for (media_type, params, octets) in parts {
        texts.begin(&Part::leaf(LeafFields {
            section: "1",
            media_type,
            params: Params::decode([("format", params)]),
            ..LeafFields::default()
        }));
        texts.push(octets.as_bytes());
    }
    texts.finish()
}

#[test]
fn empty_text_does_not_hide_the_others() {
    for empty in ["", "\r\n", " \r\n\r\n"] {
        let shown = body(&[("text/plain", "", empty), ("text/plain", "", "words")]);
        assert!(matches!(shown, Body::Text { text, .. } if text == "words"));
    }
    assert!(matches!(body(&[("text/html", "", "\r\n")]), Body::Empty));
    assert!(matches!(body(&[]), Body::Empty));
}

#[test]
fn plain_text_footer_of_html_is_escaped() {
    let shown = body(&[
        ("text/html", "", "<p>author"),
        ("text/plain", "", "<b>&\r\n"),
    ]);
    let Body::Html { documents, is_cut } = shown else {
        panic!("no HTML")
    };
    assert!(!is_cut);
    assert_eq!(documents, ["<p>author", "<pre>\n&lt;b&gt;&amp;</pre>"]);
}

#[test]
fn texts_of_different_formats_are_joined_unwrapped() {
    let shown = body(&[
        ("text/plain", "flowed", "a \r\nb\r\n> c"),
        ("text/plain", "", "d \r\ne"),
    ]);
    let Body::Text { text, format, .. } = shown else {
        panic!("no text")
    };
    assert_eq!(format, Format::Fixed);
    assert_eq!(text, "a b\n> c\n\nd \ne");
}

#[test]
fn text_over_the_limit_is_cut_and_marked_as_cut() {
    let long = "x".repeat(SHOWN_BYTES - 1);
    let shown = body(&[("text/plain", "", &long), ("text/plain", "", "abc")]);
    let Body::Text { text, is_cut, .. } = shown else {
        panic!("no text")
    };
    assert!(is_cut);
    assert_eq!(text.len(), SHOWN_BYTES + 2);
}

#[test]
fn body_below_another_is_joined_like_texts_of_one_message() {
    let plain = |content: &str| body(&[("text/plain", "", content)]);
    let html = |content: &str| body(&[("text/html", "", content)]);
    assert_eq!(Body::Empty.followed_by(plain("a")), plain("a"));
    assert_eq!(html("<p>a").followed_by(Body::Empty), html("<p>a"));
    let both = [("text/plain", "", "a"), ("text/plain", "", "b")];
    assert_eq!(plain("a").followed_by(plain("b")), body(&both));
    let both = [("text/html", "", "<p>a"), ("text/plain", "", "<b>")];
    assert_eq!(html("<p>a").followed_by(plain("<b>")), body(&both));
    let cut = Body::Html {
        documents: vec!["<p>a".to_owned()],
        is_cut: true,
    };
    assert!(cut.clone().followed_by(plain("b")).is_cut());
    assert!(plain("b").followed_by(cut).is_cut());
}
