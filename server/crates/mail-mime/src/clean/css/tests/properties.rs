//! Properties for any CSS.

use cssparser::{ToCss as _, Token};
use proptest::prelude::*;

use super::*;

/// Checks every token of written CSS.
fn assert_allowed(text: &str) {
    fn walk(input: &mut Parser<'_>, text: &str) {
        while let Ok(token) = input.next() {
            let is_block = match token {
                Token::Function(name) => {
                    let allowed = [
                        "rgba",
                        "calc",
                        "url",
                        "linear-gradient",
                        "radial-gradient",
                        "repeating-linear-gradient",
                        "repeating-radial-gradient",
                        "light-dark",
                        "nth-child",
                        "nth-last-child",
                        "nth-of-type",
                        "nth-last-of-type",
                    ];
                    assert!(allowed.contains(&&**name), "{name}() in {text}");
                    true
                }
                Token::AtKeyword(name) => {
                    assert!(
                        ["media", "supports"].contains(&&**name),
                        "@{name} in {text}"
                    );
                    false
                }
                Token::ParenthesisBlock | Token::CurlyBracketBlock => true,
                Token::QuotedString(value) => {
                    assert!(!value.contains(['/', '\\', '<', '&']) || value.starts_with("cid:"));
                    false
                }
                Token::Dimension { value, .. } => {
                    assert!(value.abs() <= SIZE_MAX, "{value} in {text}");
                    false
                }
                Token::SquareBracketBlock
                | Token::UnquotedUrl(_)
                | Token::BadUrl(_)
                | Token::BadString(_)
                | Token::CDO
                | Token::CDC
                | Token::CloseCurlyBracket
                | Token::CloseParenthesis
                | Token::CloseSquareBracket => panic!("{} in {text}", token.to_css_string()),
                _ => false,
            };
            if is_block {
                let _ = input.parse_nested_block::<_, _, ()>(|input| {
                    walk(input, text);
                    Ok(())
                });
            }
        }
    }
    assert!(!text.contains(['<', '\\', '"']), "{text}");
    walk(&mut Parser::new(text), text);
}

fn soup() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "p",
        "td",
        ".a",
        "#b",
        "*",
        " ",
        ",",
        ">",
        "+",
        "~",
        ":first-child",
        ":hover",
        "::after",
        "[x]",
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        ";",
        ":",
        "@media",
        "@supports",
        "@import",
        "screen",
        "and",
        "not",
        "only",
        "(max-width:600px)",
        "(prefers-color-scheme:dark)",
        "html",
        "body",
        ":root",
        ".m0",
        "article",
        ".m0>article",
        "color:red",
        "color:#fff",
        "background:",
        "url(",
        "url(cid:a)",
        "url('cid:a')",
        "url(//e)",
        "rgb(1,2,3)",
        "rgba(1 2 3/.5)",
        "hsl(9deg 9% 9%)",
        "hsl(",
        "calc(",
        "1px",
        "-1px",
        "50%",
        "1e9px",
        "0",
        "!important",
        "'",
        "\"",
        "\\",
        "\\72",
        "/*",
        "*/",
        "<!--",
        "-->",
        "</style>",
        "<",
        "&",
        "\n",
        "\0",
        "é",
        "width:",
        "font-family:",
        "'Arial'",
        "linear-gradient(",
        "to",
        "margin:",
        "display:none",
        "none",
        ":nth-child(",
        "2n+1",
        "n",
        "-n-3",
        "odd",
        "font:",
        "/",
        "border:1px solid #ccc",
        "light-dark(",
        "var(--x)",
        "expression(",
        "-",
        "_",
        "7",
        ".5",
        "e3",
        "%",
    ];
    prop::collection::vec(prop::sample::select(PIECES), 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_css_is_allowed_and_cleaning_is_idempotent(text in prop_oneof![soup(), "\\PC{0,200}"]) {
        for scheme in [Scheme::Light, Scheme::Dark, Scheme::System] {
            let once = sheet_in(&text, scheme).text;
            assert_allowed(&once);
            prop_assert_eq!(&sheet_in(&once, scheme).text, &once);
            let once = clean_attribute(&text, &css(scheme)).text;
            assert_allowed(&once);
            prop_assert_eq!(&clean_attribute(&once, &css(scheme)).text, &once);
        }
    }

    #[test]
    fn any_rule_is_scoped(text in soup()) {
        let out = sheet(&format!("{text}{{color:red}}"));
        for rule in out.split_inclusive('{') {
            let prelude = rule.rsplit(['}', '{']).find(|part| !part.is_empty());
            let prelude = prelude.unwrap_or_default();
            if rule.ends_with('{') && !prelude.starts_with('@') {
                for selector in prelude.split(',') {
                    let is_scoped = selector.starts_with(".m0 ") || selector.starts_with(".m0>article");
                    prop_assert!(is_scoped, "{}", out);
                }
            }
        }
    }
}
