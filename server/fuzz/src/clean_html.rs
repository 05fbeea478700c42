//! Sanitized HTML, parsed as a browser does: allowed elements and attributes only, nothing that
//! loads without consent, and cleaning it again changes nothing.

use mail_mime::clean::{Images, Scheme};

use super::clean_css::{check_css, check_document, cleaned, may_load};
use super::dom;

/// Elements that no message may have, and those that only the frame has.
const FORBIDDEN: [&str; 30] = [
    "applet",
    "audio",
    "base",
    "button",
    "canvas",
    "dialog",
    "embed",
    "form",
    "frame",
    "frameset",
    "iframe",
    "input",
    "link",
    "map",
    "math",
    "meta",
    "noembed",
    "noscript",
    "object",
    "option",
    "plaintext",
    "script",
    "select",
    "source",
    "svg",
    "template",
    "textarea",
    "title",
    "video",
    "xmp",
];

/// Cleans the bytes without their first, which selects the options.
pub(crate) fn run(data: &[u8]) {
    let Some((choice, data)) = data.split_first() else {
        return;
    };
    let images = match choice & 1 {
        0 => Images::Blocked,
        _ => Images::Allowed,
    };
    let scheme = match (choice >> 1) % 3 {
        0 => Scheme::Light,
        1 => Scheme::Dark,
        _ => Scheme::System,
    };
    let once = cleaned(&String::from_utf8_lossy(data), images, scheme);
    check_document(&once.html, images);
    let document = format!(
        "<!doctype html><html><head></head><body>{}</body></html>",
        once.html
    );
    for element in dom::elements(&document) {
        check(&element, images);
    }
    let twice = cleaned(&once.html, images, scheme);
    assert_eq!(twice.html, once.html, "cleaning again changes it");
    assert_eq!(twice.blocked_images, 0, "something is left to block");
}

fn check(element: &dom::Element, images: Images) {
    let dom::Element {
        depth,
        name,
        is_html,
        attributes,
    } = element;
    assert!(*is_html && *depth < 264, "{name} at {depth}");
    assert!(!FORBIDDEN.contains(&name.as_str()), "{name}");
    // The document's own, and the sheet before its wrapper.
    let is_frame = ["html", "head", "body", "style"].contains(&name.as_str());
    assert!(
        !is_frame || (attributes.is_empty() && *depth <= 3),
        "{name}"
    );
    for (attribute, value) in attributes {
        match attribute.as_str() {
            "src" | "background" => assert!(may_load(value, images), "{value}"),
            "style" => check_css(value, images),
            "href" => {
                let lower = value.to_ascii_lowercase();
                let mut schemes = ["http://", "https://", "mailto:", "tel:"].iter();
                assert!(name == "a" && schemes.any(|scheme| lower.starts_with(scheme)));
            }
            "class" if *depth == 3 && name == "div" && value.starts_with("m0") => {}
            "class" | "id" => assert!(value.split(' ').all(|name| name.starts_with("m-"))),
            "target" => assert_eq!(value, "_blank"),
            "rel" => assert_eq!(value, "noopener noreferrer nofollow"),
            other => {
                let is_handler = other.starts_with("on");
                let is_forbidden = ["name", "srcset", "ping", "action", "srcdoc"].contains(&other);
                assert!(!is_handler && !is_forbidden, "{other}");
            }
        }
    }
}
