//! Style sheets and `style` attributes: the sanitizer writes allowed CSS only, and cleaning that
//! again changes nothing.

use cssparser::{ParseError, Parser, Token};
use mail_mime::clean::{CleanOptions, Cleaned, Images, Scheme, clean};

/// The functions that the sanitizer writes.
const FUNCTIONS: [&str; 13] = [
    "rgba",
    "calc",
    "light-dark",
    "url",
    "linear-gradient",
    "radial-gradient",
    "repeating-linear-gradient",
    "repeating-radial-gradient",
    "nth-child",
    "nth-last-child",
    "nth-of-type",
    "nth-last-of-type",
    // Written for colours of attributes, in front of the rules of the message.
    "where",
];

/// Cleans the bytes as a style sheet and as a `style`, for each scheme.
pub(crate) fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let attribute = text.replace('&', "&amp;").replace('"', "&quot;");
    let html = format!("<style>{text}</style><p class=\"a\" style=\"{attribute}\">x</p>");
    for scheme in [Scheme::Light, Scheme::Dark, Scheme::System] {
        let once = cleaned(&html, Images::Blocked, scheme);
        check_document(&once.html, Images::Blocked);
        let twice = cleaned(&once.html, Images::Blocked, scheme);
        assert_eq!(twice.html, once.html, "cleaning again changes it");
        assert_eq!(twice.blocked_images, 0, "something is left to block");
    }
}

/// Cleans with every content id as a part whose URL is the content id again.
pub(crate) fn cleaned(html: &str, images: Images, scheme: Scheme) -> Cleaned {
    let options = CleanOptions {
        part_url: &|content_id| Some(format!("cid:{content_id}")),
        images,
        scheme,
    };
    clean(html, &options)
}

/// Asserts that the styles of a sanitized document are allowed, where its HTML is.
pub(crate) fn check_document(html: &str, images: Images) {
    if let Some((sheet, _)) = html
        .strip_prefix("<style>")
        .and_then(|rest| rest.split_once("</style>"))
    {
        check_css(sheet, images);
        let sheet = without_strings(sheet);
        for rule in sheet.split_inclusive('{') {
            let prelude = rule.trim_end_matches('{');
            let prelude = prelude.rsplit(['{', '}']).next().unwrap_or_default();
            let is_selectors = rule.ends_with('{') && !prelude.starts_with('@');
            let is_scoped = |selector: &str| {
                [".m0 ", ".m0>article", ":where(.m0 "]
                    .iter()
                    .any(|scope| selector.starts_with(scope))
            };
            assert!(
                !is_selectors || prelude.split(',').all(is_scoped),
                "a rule outside of the document: {prelude}"
            );
        }
    }
}

/// Asserts that a sheet or a list of declarations holds allowed tokens only.
pub(crate) fn check_css(css: &str, images: Images) {
    assert!(!css.contains(['<', '\\', '"']), "{css}");
    let bare = without_strings(css);
    for forbidden in [
        "position",
        "z-index",
        "content",
        "transform",
        "behavior",
        "animation",
    ] {
        let declarations = bare
            .split(['{', ';'])
            .filter_map(|part| part.split_once(':'));
        let mut names = declarations.map(|(name, _)| name);
        assert!(!names.any(|name| name == forbidden), "{forbidden} in {css}");
    }
    walk(&mut Parser::new(css), css, images);
}

/// Removes the content of strings, which hold no escapes.
fn without_strings(css: &str) -> String {
    css.split('\'').step_by(2).collect()
}

fn walk(input: &mut Parser<'_>, css: &str, images: Images) {
    while let Ok(token) = input.next() {
        match token {
            Token::Function(name) if **name == *"url" => {
                let address = input.parse_nested_block(|input| {
                    let address = input.expect_string_cloned()?;
                    Ok::<_, ParseError<()>>(address)
                });
                let address = address.expect("a quoted address");
                assert!(may_load(&address, images), "{address} in {css}");
                continue;
            }
            Token::Function(name) => {
                assert!(FUNCTIONS.contains(&&**name), "{name}() in {css}");
            }
            Token::AtKeyword(name) => {
                assert!(["media", "supports"].contains(&&**name), "@{name} in {css}");
                continue;
            }
            Token::ParenthesisBlock | Token::CurlyBracketBlock => {}
            // Only in the rules for colours of attributes.
            Token::SquareBracketBlock => assert!(css.contains(":where("), "{css}"),
            token if token.is_parse_error() => panic!("{token:?} in {css}"),
            Token::UnquotedUrl(_) | Token::CDO | Token::CDC => panic!("{token:?} in {css}"),
            _ => continue,
        }
        let _ = input.parse_nested_block::<_, _, ()>(|input| {
            walk(input, css, images);
            Ok(())
        });
    }
}

/// Whether the address of an image may be loaded.
pub(crate) fn may_load(address: &str, images: Images) -> bool {
    let is_raster = address.starts_with("data:image/") && !address.contains("svg");
    let is_allowed = images == Images::Allowed && address.starts_with("https://");
    address.starts_with("cid:") || is_raster || is_allowed
}
