//! The sanitizer under test, and the checks of what it returns.

use std::collections::BTreeSet;

use mail_mime::clean::{CleanOptions, Cleaned, Images, Scheme, clean};

use super::dom;

/// Sanitizes with every content id as a part whose URL is the content id again, so that the results
/// of one and two passes can be compared.
pub(crate) fn cleaned(html: &str, images: Images) -> Cleaned {
    cleaned_for(html, images, Scheme::Light)
}

pub(crate) fn cleaned_for(html: &str, images: Images, scheme: Scheme) -> Cleaned {
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
pub(crate) fn content(html: &str) -> &str {
    let inner = html.strip_prefix("<div class=\"m0 fluid\"><article>");
    let inner = inner.and_then(|inner| inner.strip_suffix("</article></div>"));
    inner.unwrap_or(html)
}

fn blocked(html: &str) -> String {
    content(&cleaned(html, Images::Blocked).html).to_owned()
}

const ELEMENTS: &str = " a abbr acronym address article aside b bdi bdo big blockquote br caption \
    center cite code col colgroup dd del details dfn div dl dt em figcaption figure font footer h1 h2 h3 \
    h4 h5 h6 header hr i img ins kbd li main mark nav ol p picture pre q rp rt ruby s samp section small \
    span strike strong sub summary sup table tbody td tfoot th thead tr tt u ul var wbr ";
const ATTRIBUTES: &str = " align alt background bgcolor border cellpadding cellspacing class clear \
    color colspan dir face height href hspace id lang nowrap noshade open rel reversed rowspan size span \
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
pub(crate) fn checked(html: &str) -> String {
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

pub(crate) fn assert_cleans(cases: &[(&str, &str)]) {
    for (html, expected) in cases {
        assert_eq!(checked(html), *expected, "{html}");
    }
}
